"""Dependence, functions, partners and what closes a gap: on the tiny town by hand, and by brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import choice, pipeline, schemas
from geo import study as studies

STUDY = studies.make(municipality_code="99101")


@pytest.fixture(scope="module")
def prepared(build_town, tmp_path_factory):
    town = build_town()
    town.tables[schemas.Places] = town.places.assign(
        opening_text=["火・木 10:00～15:00", "月・水・金 13:00～16:00", None]
    )
    return pipeline.prepare(town.project(tmp_path_factory.mktemp("town")))


@pytest.fixture(scope="module")
def assessed(prepared):
    return pipeline.assess(prepared, prepared.study)


def of(table, group="all", kind="any"):
    return table[(table["group"] == group) & (table["kind"] == kind)].set_index("place_id")


# --- dependence -----------------------------------------------------------------------------------------


def test_who_is_left_out_when_a_place_closes(assessed):
    """Within 500 m: the ibasho has n00 to n05, the salon n02 to n10."""
    own = of(assessed.dependence)
    assert own["people_near"].to_dict() == pytest.approx({"ibasho": 150, "salon": 950 / 3})
    assert own["people_only"].to_dict() == pytest.approx({"ibasho": 300 / 9, "salon": 200})
    assert own["people_nearest"].to_dict() == pytest.approx({"ibasho": 700 / 9, "salon": 350 - 700 / 9})
    assert own.loc["ibasho", "extra_m"] == pytest.approx((100 * 700 + 200 * (500 + 300 + 100)) / 700)


def test_the_only_permanent_place_is_everybodys_only_one(assessed):
    own = of(assessed.dependence, kind="permanent")
    assert own.index.tolist() == ["ibasho"]
    assert own.loc["ibasho", ["people_near", "people_only"]].tolist() == pytest.approx([150, 150])
    assert np.isnan(own.loc["ibasho", "extra_m"])


def test_the_loss_equals_a_new_run_without_the_place(build_town, tmp_path, prepared, assessed):
    town = build_town()
    town.tables[schemas.Places] = town.places.assign(status=["open", "closed", "closed"])
    after = pipeline.assess(pipeline.prepare(town.project(tmp_path / "p")), STUDY)

    def covered(run):
        rows = {(r["group"], r["kind"], r["limit_m"]): r for r in run.summary["coverage"]}
        return {group.group: rows[(group.group, "any", 500)]["covered_people"] for group in STUDY.groups}

    lost = {group: covered(assessed)[group] - covered(after)[group] for group in covered(assessed)}
    table = assessed.dependence
    only = table[(table["place_id"] == "salon") & (table["kind"] == "any")].set_index("group")["people_only"]
    assert {group: lost[group] for group in only.index} == pytest.approx(only.to_dict(), abs=0.11)
    assert lost["under_15"] == 0  # the salon is not for them


def test_people_with_one_place_or_more(assessed):
    said = assessed.summary["choice"]["groups"][0]
    assert said == {"group": "all", "people": 353, "with_none": 3, "with_one": 233.3, "with_more": 116.7}
    assert [row["place_id"] for row in assessed.summary["choice"]["if_closed"]] == ["salon", "ibasho"]


def test_a_group_without_data_depends_on_nothing_known(build_town, tmp_path):
    bare = pipeline.prepare(build_town(ages=False).project(tmp_path / "p"))
    found = pipeline.assess(bare, bare.study)
    assert set(found.dependence["group"]) == {"all"}
    said = next(row for row in found.summary["choice"]["groups"] if row["group"] == "age_65_plus")
    assert [said[name] for name in ("people", "with_none", "with_one", "with_more")] == [None] * 4


# --- functions ------------------------------------------------------------------------------------------


def test_functions_within_the_walk(assessed):
    by = next(row for row in assessed.summary["functions"] if row["group"] == "all")
    shares = {"gather": 350, "consult": 150, "learn": 0, "eat": 0, "watch": 950 / 3, "join": 150}
    assert by["by_function"] == pytest.approx({k: v / 353 for k, v in shares.items()}, abs=1e-6)
    assert by["score"] == pytest.approx(sum(shares.values()) / 353, abs=1e-3)
    table = assessed.functions
    area = table[(table["small_area_id"] == "991010010") & (table["group"] == "all")].set_index("function")
    assert area["covered_people"].to_dict() == pytest.approx(
        {"gather": 100, "consult": 100, "learn": 0, "eat": 0, "watch": 600 / 9, "join": 100}
    )


def test_what_a_list_says_of_functions_wins_over_the_kind(town):
    places = town.places.assign(functions=["learn", None, "eat;join"])
    table = choice.functions(places, study=STUDY)
    assert {place: table.columns[row.to_numpy()].tolist() for place, row in table.iterrows()} == {
        "ibasho": ["learn"],
        "salon": ["gather", "watch"],
        "suspended": ["eat", "join"],
    }


# --- partners -------------------------------------------------------------------------------------------


def test_two_places_complete_a_week(assessed):
    table = assessed.partners
    assert table.to_dict("records") == [
        {"place_id": "ibasho", "other_id": "salon", "days": "1;3", "other_days": "0;2;4"}
        | {"people": pytest.approx(350 / 3)}
    ]
    said = assessed.summary["partners"]
    assert said["top"][0]["days"] == [[1, 3], [0, 2, 4]]


def test_the_days_without_anything_open(assessed):
    """Both places are known: in the week of the 150 near the ibasho, 33 have it alone."""
    days = next(g for g in assessed.summary["opening"]["groups"] if g["group"] == "all")["by_weekday"]
    without = [day["people_without"] for day in days]
    assert without == pytest.approx([36.3, 203, 36.3, 203, 36.3, 353, 353], abs=0.05)


def test_pairs_that_nobody_has_both_of_are_none(prepared):
    near = pipeline.assess(prepared, prepared.study.with_(limit_m=300))
    assert near.summary["partners"] == {"count": 0, "top": []}


@settings(deadline=None, max_examples=40)
@given(days=st.lists(st.sets(st.integers(0, 4)), min_size=1, max_size=6))
def test_completing_pairs_equal_a_brute_force(days):
    table = np.array([[day in own for day in range(5)] for own in days])
    a, b = np.triu_indices(len(days), k=1)
    told = choice._complete(table, a, b)
    found = set(zip(a[told].tolist(), b[told].tolist(), strict=True))
    week = set(range(5))
    brute = {
        (a, b)
        for a in range(len(days))
        for b in range(a + 1, len(days))
        if days[a] | days[b] == week and week not in (days[a], days[b])
    }
    assert found == brute


# --- gaps -----------------------------------------------------------------------------------------------


def test_what_would_close_a_gap(prepared):
    """G001 are the 200 people at n06 to n10 without a permanent place; the salon and three houses are near all."""
    found = pipeline.assess(prepared, prepared.study.with_(gap_kind="permanent"))
    table = found.gap_options
    rows = [(row.option, row.ref_id, round(row.people, 3)) for row in table.itertuples()]
    assert rows == [("longer_opening", "salon", 200)] + [("vacancy", f"v{n}", 200) for n in (10, 11, 12)]
    assert found.gaps["reason"].tolist() == ["only_monthly", "water_area"]
    said = found.summary["gap_options"]
    assert {row["option"]: row["place_id"] for row in said} == {"longer_opening": "salon", "vacancy": None}


def test_a_place_for_others_may_open_to_this_group(prepared):
    found = pipeline.assess(prepared, prepared.study.with_(gap_group="under_15"))
    table = found.gap_options
    own = table[table["option"] == "other_group"]
    assert own[["ref_id", "people"]].to_numpy().tolist() == [["salon", pytest.approx(40)]]
    assert found.gaps["reason"].tolist() == ["not_for_group"]


def test_without_gaps_there_are_no_options():
    nothing = pd.DataFrame({"origin_id": [], "gap_id": []}, dtype=str)
    covered = schemas.empty(schemas.Coverage)
    assert len(choice.closers(covered, nothing, {}, study=STUDY)) == 0
