"""From a list of vacant houses to a plan: the gate, what each action brings, order, money, and doubt."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import errors, schemas
from geo import study as studies
from geo.decide import aims, candidates, plans, sites
from geo.decide.candidates import Cost, Gate
from geo.decide.rules import Rules

if TYPE_CHECKING:
    from conftest import Town

STUDY = studies.make(municipality_code="99101")
COSTS = {
    "open": Cost(3_000_000, 600_000, 10_000),
    "more_days": Cost(0, 300_000),
    "permanent": Cost(500_000, 900_000),
    "widen": Cost(100_000, 100_000),
    "enlarge": Cost(800_000, 0),
}


def vacancies_of(rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    common = {"kind": "house", "owner_consent": "agreed_public", "floor_area_m2": 80.0, "built_year": 1990.0}
    blank = dict.fromkeys(schemas.columns_of(schemas.Vacancies))
    full = [
        {**blank, **common, "flood_rank": 0.0, "landslide": "none", "source_row": n, "dataset_id": "v"}
        | {"property_id": f"v{n}", "x": 0.0, "y": 0.0, **row}
        for n, row in enumerate(rows)
    ]
    frame = pd.DataFrame(full)
    frame["geometry"] = gpd.points_from_xy(frame.pop("x"), frame.pop("y"))
    return schemas.conform(schemas.Vacancies, gpd.GeoDataFrame(frame, crs="EPSG:6677"))


@pytest.mark.parametrize(
    ("row", "check", "result"),
    [
        ({"floor_area_m2": 40.0}, "size", "pass"),
        ({"floor_area_m2": 39.9}, "size", "fail"),
        ({"floor_area_m2": None}, "size", "unknown"),
        ({"floor_area_m2": 200.0}, "use_change", "pass"),
        ({"floor_area_m2": 200.1}, "use_change", "fail"),
        ({"built_year": 1980.0}, "quake", "fail"),
        ({"built_year": 1981.0}, "quake", "unknown"),
        ({"built_year": 1982.0}, "quake", "pass"),
        ({"built_year": 1950.0, "quake_proof": "yes"}, "quake", "pass"),
        ({"built_year": 1990.0, "quake_proof": "no"}, "quake", "fail"),
        ({"flood_rank": 2.0}, "flood", "pass"),
        ({"flood_rank": 3.0}, "flood", "fail"),
        ({"flood_rank": None}, "flood", "unknown"),
        ({"landslide": "red"}, "landslide", "fail"),
        ({"landslide": None}, "landslide", "unknown"),
        ({"step_free": "no"}, "step_free", "fail"),
        ({"owner_consent": "none"}, "consent", "fail"),
        ({"owner_consent": "asked"}, "consent", "unknown"),
        ({"owner_consent": "agreed_internal"}, "consent", "pass"),
    ],
)
def test_each_check_at_its_border(row: dict[str, Any], check: str, result: str) -> None:
    found = candidates.check(vacancies_of([row]), Gate(), role="internal").set_index("check")["result"]
    assert found[check] == result
    assert sorted(found.index) == sorted(candidates.CHECKS)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(schemas.CONSENT), min_size=1, max_size=8),
    st.sets(st.sampled_from([c for c in candidates.CHECKS if c != "consent"])),
)
def test_without_consent_nothing_is_proposed_in_public(consents: list[str], must: set[str]) -> None:
    """Whatever the gate asks, and though it be told not to ask for consent."""
    own = vacancies_of([{"owner_consent": consent} for consent in consents])
    nowhere = schemas.empty(schemas.Places).to_crs("EPSG:6677")
    options = candidates.options(
        own, nowhere, costs=COSTS, gate=Gate(must=sorted(must)), role="public", study=STUDY
    )
    agreed = set(own.loc[own["owner_consent"] == "agreed_public", "property_id"])
    assert set(options["site_id"]) == agreed
    demand = pd.DataFrame({"origin_id": ["o"], "people": [5.0]})
    reach = pd.DataFrame({"origin_id": "o", "option_id": options["option_id"], "distance_m": 1.0})
    found = sites.maximal_cover(demand, reach, options, limit_m=500, rules=Rules())
    assert {name.removeprefix("open:") for name in found.chosen} <= agreed
    assert found.objective == (5 if agreed else 0)


def test_a_gate_that_names_no_check_is_refused() -> None:
    with pytest.raises(errors.StudyError, match="colour"):
        candidates.passing(vacancies_of([{}]), Gate(must=["colour"]), role="internal")


def test_the_actions_on_the_tiny_town(town: Town) -> None:
    """The ibasho is permanent and for all; the monthly salon is for older people."""
    places = town.places.copy()
    places["capacity"] = [10.0, np.nan, 5.0]
    options = candidates.options(
        vacancies_of([{"x": 400.0, "rent_yen_per_month": 10_000.0}, {"floor_area_m2": 10.0}]),
        gpd.GeoDataFrame(places),
        costs=COSTS,
        gate=Gate(),
        role="internal",
        study=STUDY,
    )
    assert sorted(options["option_id"]) == [
        "enlarge:ibasho",
        "ibasho",
        "more_days:salon",
        "open:v0",
        "permanent:salon",
        "salon",
        "widen:salon",
    ]
    by_id = options.set_index("option_id")
    assert by_id.loc["open:v0", "cost_yen"] == 3_000_000 + 80 * 10_000
    assert by_id.loc["open:v0", "yearly_yen"] == 600_000 + 12 * 10_000
    # Room of a week: 10 on five days and half as much again; of the salon it is not known, so nothing limits it.
    room = by_id["capacity"].drop(["open:v0", "salon"]).to_dict()
    assert room == {
        "enlarge:ibasho": 25,
        "ibasho": 50,
        "more_days:salon": 0,
        "permanent:salon": 0,
        "widen:salon": 0,
    }
    assert by_id["capacity"][["open:v0", "salon"]].isna().all()
    served = candidates.served_groups(options, places, study=STUDY, new_days_per_week=5)
    kinds = served.groupby("option_id").apply(lambda part: set(zip(part["group"], part["kind"], strict=True)))
    everybody = {group.group for group in STUDY.groups}
    assert kinds["open:v0"] == {(g, k) for g in everybody for k in ("any", "permanent")}
    assert kinds["salon"] == {("all", "any"), ("age_65_plus", "any"), ("age_75_plus", "any")}
    assert kinds["permanent:salon"] == {(g, "permanent") for g in ("all", "age_65_plus", "age_75_plus")}
    assert kinds["widen:salon"] == {("under_15", "any")}
    assert {"more_days:salon", "enlarge:ibasho"}.isdisjoint(kinds.index)
    seldom = candidates.served_groups(options, places, study=STUDY, new_days_per_week=2)
    assert "permanent" not in set(seldom.loc[seldom["option_id"] == "open:v0", "kind"])


def line(people: list[float]) -> tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame]:
    """Origins on a line; option k serves the origins k to k + 2; costs rise."""
    rows = pd.DataFrame({"row_id": [f"r{i}" for i in range(len(people))], "weight": people})
    pairs = [(f"r{i}", f"o{k}") for k in range(len(people) - 2) for i in range(k, k + 3)]
    ids = [f"o{k}" for k in range(len(people) - 2)]
    options = gpd.GeoDataFrame(
        {
            "option_id": ids,
            "site_id": ids,
            "action": "open",
            "standing": "candidate",
            "cost_yen": [100.0 + k for k in range(len(ids))],
            "yearly_yen": 10.0,
            "capacity": np.nan,
            "zone_id": None,
        },
        geometry=gpd.points_from_xy(range(len(ids)), [0] * len(ids)),
        crs="EPSG:6677",
    )
    return rows, pd.DataFrame(pairs, columns=["row_id", "option_id"]), options


def test_the_order_of_a_plan_by_hand() -> None:
    """o0 serves 1 + 2 + 3, o2 3 + 4 + 5, o4 5 + 6 + 7: o4 first, then o2 with 7 left to it, then o0 with 3."""
    rows, serves, options = line([1, 2, 3, 4, 5, 6, 7])
    worth = plans.served(rows, serves, options)
    plan = plans.roll_out(worth, options, ["o0", "o2", "o4"], years=2).sort_values("step")
    assert plan["option_id"].tolist() == ["o4", "o2", "o0"]
    assert plan["gain"].tolist() == [18, 7, 3]
    assert plan["total"].tolist() == [18, 25, 28]
    assert plan.set_index("option_id")["loss"].to_dict() == {"o4": 13, "o2": 4, "o0": 3}
    assert plan["cost_yen"].tolist() == [124, 122, 120]
    assert plans.roll_out(worth, options, [], years=1).empty


def test_more_money_never_serves_fewer_and_what_falls_through_is_replaced() -> None:
    rows, serves, options = line([1, 2, 3, 4, 5, 6, 7, 1, 1])
    ask = aims.served(rows, serves)
    frontier = plans.frontier(ask, options, rules=Rules(years=1), budgets_yen=[0, 120, 240, 360])
    assert frontier["served"].tolist() == [0, 18, 27, 30]
    assert (frontier["status"] == "optimal").all()
    assert frontier["chosen"].tolist()[:2] == ["", "o4"]
    best = ask(options, Rules(number=2))
    other = plans.alternatives(ask, options, best, rules=Rules(number=2))
    assert sorted(other["option_id"]) == sorted(best.chosen)
    assert (other["loss"] >= 0).all()
    assert (other["instead"] != "").all()
    for row in other.itertuples():
        kept = [name for name in best.chosen if name != row.option_id]
        assert row.served == plans.served(rows, serves, options)([*kept, *row.instead.split(";")])


def test_what_stays_chosen_in_any_case() -> None:
    rows, serves, options = line([1, 2, 3, 4, 5, 6, 7])
    doubled = rows.assign(weight=rows["weight"].where(rows["row_id"] != "r0", 90))
    stays, solutions = plans.robustness(
        {"now": aims.served(rows, serves), "first": aims.served(doubled, serves)},
        options,
        rules=Rules(number=2),
    )
    assert stays.set_index("option_id")["chosen_in"].to_dict() == {"o4": 2, "o0": 1, "o1": 1}
    assert stays["option_id"].tolist() == ["o4", "o0", "o1"]
    assert solutions["first"].objective == 113


def test_person_hours_by_hand() -> None:
    """Ten people reach p, open in slots 1 to 3 (existing), and q, open in 3 to 6: q adds slots 4 to 6."""
    demand = pd.DataFrame({"origin_id": ["a", "b"], "people": [10.0, 2.0]})
    near = pd.DataFrame({"origin_id": ["a", "a", "b"], "option_id": ["p", "q", "q"]})
    opens = pd.DataFrame({"option_id": ["p"] * 3 + ["q"] * 4, "slot": [1, 2, 3, 3, 4, 5, 6]})
    rows, serves = candidates.week_rows(demand, near, opens)
    assert rows["weight"].sum() == 10 * 3 + 2 * 2
    _, _, options = line([1, 1, 1, 1])
    options = options.assign(option_id=["p", "q"], site_id=["p", "q"], standing=["existing", "candidate"])
    found = sites.most_served(rows, serves, options, rules=Rules())
    assert found.objective == 10 * 1.5 + 2 * 2
    assert found.chosen == ("q",)


def test_the_funnel_expects_what_its_rates_say() -> None:
    rates = {"candidate": 0.5, "consented": 0.8, "surveyed": 0.5, "renovated": 1.0}
    told = candidates.funnel(pd.Series(["candidate"] * 10 + ["opened"]), rates).set_index("stage")
    assert told["expected_openings"].sum() == pytest.approx(10 * 0.2 + 1)
    assert told.loc["candidate", "needed_for_one"] == 5
    assert told["properties"].sum() == 11


@pytest.mark.parametrize("budget", [30_000, 4_333_333, 12_000_000, 99_999_999])
def test_budgets_of_a_frontier_are_said_in_round_numbers(budget: int) -> None:
    told = plans.steps(budget)
    assert budget in told
    assert len(told) <= 6
    assert max(told) >= 2 * budget
    assert all(one % 10_000 == 0 for one in told if one != budget)
    others = [one for one in told if one != budget]
    assert {(b - a) % others[0] for a, b in pairwise(others)} == {0}


def test_each_person_looks_for_room_once() -> None:
    """30 of everybody, 6 of them children and 8 older; the group of everybody counts the other 16."""
    people = pd.DataFrame({"origin_id": ["o"], "all": [30.0], "under_15": [6.0], "age_65_plus": [8.0]})
    near = pd.DataFrame({"origin_id": ["o", "o"], "option_id": ["p", "widen:p"], "distance_m": 5.0})
    welcome = pd.DataFrame({"option_id": ["p", "p", "widen:p"], "group": ["all", "age_65_plus", "under_15"]})
    groups = [group for group in STUDY.groups if group.group != "age_75_plus"]
    demand, reach = candidates.room_rows(people, near, welcome, groups)
    assert demand.set_index("origin_id")["people"].to_dict() == {
        "o|all": 16,
        "o|under_15": 6,
        "o|age_65_plus": 8,
    }
    assert set(zip(reach["origin_id"], reach["option_id"], strict=True)) == {
        ("o|all", "p"),
        ("o|age_65_plus", "p"),
        ("o|under_15", "widen:p"),
    }
    alone, _ = candidates.room_rows(people, near, welcome, groups[:1])
    assert alone["people"].tolist() == [30]


def test_room_is_never_given_to_somebody_twice() -> None:
    people = pd.DataFrame({"origin_id": ["o"], "all": [10.0], "age_65_plus": [4.0], "age_75_plus": [2.0]})
    near = pd.DataFrame({"origin_id": ["o"], "option_id": ["p"], "distance_m": [1.0]})
    everybody, _, old, oldest = studies.DEFAULT_GROUPS
    welcome = pd.DataFrame({"group": ["all", "age_65_plus", "age_75_plus"], "option_id": "p"})
    demand, _ = candidates.room_rows(people, near, welcome, [everybody, old])
    assert demand["people"].tolist() == [6.0, 4.0]
    # Who is 75 is also 65: six people would ask for room where four live.
    with pytest.raises(errors.StudyError, match="age_65_plus and age_75_plus may be the same people"):
        candidates.room_rows(people, near, welcome, [old, oldest])
