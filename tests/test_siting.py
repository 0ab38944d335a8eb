"""What the planner's aims come to on the tiny town: numbers that can be worked out on paper."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest

from geo import errors, pipeline, siting, text
from geo.decide import questions
from geo.decide.questions import Siting
from geo.present import siting as told

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Town

    from geo.preparation import Prepared

COMMON: dict[str, Any] = {
    "wanted": [{"group": "all"}],
    "gate": {"must": ["size"]},
    "limit_m": 300,
    "number": 1,
    "actions": {"open": {}, "more_days": {}, "permanent": {}, "widen": {}, "enlarge": {}},
}


@pytest.fixture(scope="module")
def prepared(build_town: Any, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    town: Town = build_town()
    folder: Path = tmp_path_factory.mktemp("siting") / "town"
    return pipeline.prepare(town.project(folder, limits_m=(300, 500)))


def answer(prepared: Prepared, **fields: Any) -> siting.Document:
    question = questions.make(Siting, {**COMMON, **fields})
    return siting.answer(prepared, prepared.study, question)


SALON = ["permanent:salon"]
"""At x = 700; v00 to v09 stand at x = 200, v10 to v12 at x = 600."""
EAST = 200 / 9 + 4 * 50 + 100 / 3 + 50 / 3
"""People of n04 to n10: at most 300 m from x = 700. Those of n00 to n03 have the permanent place at x = 0."""


def test_most_people_and_most_people_by_need(prepared: Prepared) -> None:
    found = answer(prepared, wanted=[{"group": "all", "kind": "permanent"}])
    assert found["chosen"] == SALON
    assert found["objective"] == pytest.approx(EAST, abs=1e-3)
    need = answer(prepared, aim="need", wanted=[{"group": "all", "kind": "permanent"}], need_lowest=1)
    assert need["objective"] == pytest.approx(found["objective"], abs=1e-3)
    lower = answer(prepared, aim="need", wanted=[{"group": "all", "kind": "permanent"}], need_lowest=0)
    assert lower["objective"] < need["objective"]
    assert (found["status"], found["gap"], found["unit"]) == ("optimal", 0, "people")


def test_person_hours_of_a_new_place(prepared: Prepared) -> None:
    """No list tells hours here: only new hours are sure, 6 on each of 3 days, for all who reach them."""
    found = answer(prepared, aim="hours", new_hours="Mo-We 10:00-16:00")
    assert found["chosen"] == SALON
    assert found["objective"] == pytest.approx(18 * EAST, rel=1e-6)
    assert found["unit"] == found["plan_unit"] == "person_hours"
    longer = answer(prepared, aim="hours", new_days_per_week=5)
    assert longer["objective"] == pytest.approx(30 * EAST, rel=1e-6)


def test_walks_as_short_as_can_be(prepared: Prepared) -> None:
    wanted = [{"group": "all", "kind": "permanent"}]
    far = answer(prepared, aim="center", wanted=wanted)
    assert (far["chosen"], far["objective"]) == (SALON, 300)
    mean = answer(prepared, aim="median", wanted=wanted)
    people = {0: 100 / 9, **dict.fromkeys((1, 2, 3, 4), 200 / 9), **dict.fromkeys((5, 6, 7, 8), 50.0)}
    people |= {9: 100 / 3, 10: 50 / 3}
    by_hand = sum(n * min(100 * k, abs(700 - 100 * k)) for k, n in people.items()) / 350
    assert mean["objective"] == pytest.approx(by_hand, abs=0.1)
    assert (mean["unit"], mean["status"]) == ("metres", "optimal")


def test_everybody_with_the_fewest_and_why_that_cannot_be(prepared: Prepared) -> None:
    wanted = [{"group": "all", "kind": "permanent"}]
    few = answer(prepared, aim="least", wanted=wanted, limit_m=500, number=None)
    assert (few["objective"], len(few["chosen"])) == (1, 1)
    twice = answer(prepared, aim="backup", wanted=wanted, limit_m=500, number=None)
    assert (twice["objective"], len(twice["chosen"])) == (pytest.approx(twice["bound"], rel=1e-6), 1)
    none = answer(prepared, aim="least", wanted=wanted, limit_m=500, number=0)
    assert (none["status"], none["chosen"]) == ("infeasible", [])
    for language, words in (("en", "at most 0 actions"), ("ja", "0件まで")):
        assert words in told.proof(none, language)  # type: ignore[arg-type]
    short = answer(prepared, aim="least", wanted=wanted, limit_m=100, number=None)
    assert short["not_asked"]["people"] > 0


def test_the_zone_with_the_smallest_share(prepared: Prepared) -> None:
    found = answer(
        prepared, aim="fair", wanted=[{"group": "all", "kind": "permanent"}], fair_over="branch_office"
    )
    # Of P1 all but n04 (200/9 of 100) have one now, of P2 nobody: with x = 700 everybody has one.
    assert (found["objective"], found["unit"], found["chosen"]) == (pytest.approx(1), "share", SALON)
    with pytest.raises(errors.DataError, match="ghost"):
        answer(prepared, aim="fair", fair_over="ghost")


def test_room_counts_nobody_twice(prepared: Prepared) -> None:
    small = answer(prepared, aim="room", new_capacity=10)
    large = answer(prepared, aim="room")
    assert small["objective"] <= large["objective"] <= 350.5


def test_all_five_actions_are_weighed_in_one_question_of_room(prepared: Prepared) -> None:
    """Only v00 to v09 fail the gate here: room is that of a week, and nobody is let in who is not served."""
    places = prepared.places.assign(capacity=2.0)
    small = replace(prepared, places=gpd.GeoDataFrame(places))
    asked = {"aim": "room", "new_capacity": 1, "wanted": [{"group": "all"}, {"group": "under_15"}]}
    alone = {
        action: answer(small, **asked, actions={action: {"once_yen": 100}}, number=1)
        for action in ("open", "more_days", "permanent", "widen", "enlarge")
    }
    before = answer(small, **asked, number=0)["objective"]
    assert before == pytest.approx(2 * 5 + 2 * 12 / 52, abs=0.1)
    for action, found in alone.items():
        assert found["options"][action] > 0
        assert all(name.startswith(action) for name in found["chosen"])
    gains = {action: found["objective"] - before for action, found in alone.items()}
    assert gains["open"] == pytest.approx(5)
    assert gains["more_days"] == gains["permanent"] == pytest.approx(2 * 5 - 2 * 12 / 52, abs=0.1)
    assert gains["enlarge"] == pytest.approx(0.5 * 2 * 5)
    assert gains["widen"] == 0  # older people fill the salon already
    together = answer(small, **asked, number=1)
    assert together["objective"] == pytest.approx(before + max(gains.values()))
    kinds = {row["action"]: row for row in together["actions"]}
    assert {action: row["gain"] or 0 for action, row in kinds.items()} == pytest.approx(gains, abs=1e-4)
    assert all(row["options"] > 0 for row in kinds.values())
    assert together["plan_unit"] == "people"
    assert together["plan"][0]["gain"] == pytest.approx(max(gains.values()))
    seldom = answer(small, **asked, number=1, visits_per_week=2)
    assert seldom["objective"] == pytest.approx(together["objective"] / 2)


def test_the_doubt_is_asked_over_limits_paces_and_groups(prepared: Prepared) -> None:
    """300 and 500 m at 80, 60 and 48 m a minute are 300, 225, 180 and 500, 375, 300; four groups."""
    found = answer(prepared)
    walked = {name.partition(" m")[0] for name in found["robustness_of"]}
    assert walked == {"300", "225", "180", "500", "375"}
    alone = {name.partition(" m")[2].strip() for name in found["robustness_of"]}
    assert alone == {"", "under_15", "age_65_plus", "age_75_plus"}
    assert all(row["of"] == len(found["robustness_of"]) for row in found["robustness"])


@pytest.mark.parametrize("aim", sorted(siting.UNITS))
def test_every_aim_says_bound_gap_order_and_doubt_in_both_languages(prepared: Prepared, aim: str) -> None:
    found = answer(prepared, aim=aim, budget_yen=10, number=2, limit_m=500)
    assert found["status"] == "optimal"
    assert found["objective"] == pytest.approx(found["bound"], rel=1e-6)
    assert len(found["robustness_of"]) >= 1
    assert {row["site_id"] for row in found["plan"]} <= {row["site_id"] for row in found["sites"]}
    for language in text.LANGUAGES:
        names = told.site_names(found, language)
        assert told.proof(found, language)
        for table in (told.plan, told.frontier, told.actions, told.alternatives, told.robustness):
            assert table(found, names, language).language == language
        assert "<" in told.frontier_bars(found, 10, language)


@pytest.mark.parametrize(
    "fields",
    [
        {"new_hours": "Mo-We 10:00-16:00", "new_days_per_week": 5},
        {"new_hours": "sometimes"},
        {"aim": "most"},
    ],
)
def test_a_question_that_contradicts_itself_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(errors.StudyError):
        questions.make(Siting, {**COMMON, **fields})
