"""The document of a run says numbers as they are, and what is not known of them."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import access, demand, network, summary
from geo import study as studies

STUDY = studies.make(municipality_code="99101")


@given(value=st.floats(allow_infinity=False), digits=st.integers(0, 4))
def test_numbers_are_json_and_never_nan(value, digits):
    said = summary.number(value, digits)
    assert (said is None) == math.isnan(value)
    json.dumps(said, allow_nan=False)
    if said is not None:
        assert said == pytest.approx(value, abs=0.5 * 10**-digits * (1 + 1e-9), rel=1e-12)


def test_a_whole_number_is_an_integer_and_unknown_is_none():
    assert json.dumps([summary.number(v) for v in (3.0, 2.96, -0.0, float("nan"))]) == "[3, 3, 0, null]"


def test_text_that_is_missing_is_none():
    assert [summary.text(value) for value in (None, float("nan"), "", "x", 2020)] == [
        None,
        None,
        "",
        "x",
        "2020",
    ]


def test_population_is_the_exact_sum_and_unknown_with_a_reason():
    counts = {
        "all": pd.Series([240_068.0, 1.0]),
        "older": pd.Series([float("nan")] * 2),
        "part": pd.Series([5, None]),
    }
    of = {"all": 240_069.0, "older": float("nan"), "part": 250_000.0}
    assert summary.population(counts, of) == {
        "all": 240_069,
        "older": None,
        "part": 5,
        "unknown": {"older": "no_table"},
        "of": {"all": 240_069, "part": 250_000},
    }


def codes(remarks):
    return [remark.code for remark in remarks]


def people_remarks(town, **columns):
    areas = demand.attach(town.small_areas, town.statistics, town.point_counts)
    people = {g.group: demand.spread(areas, town.statistics, g.column) for g in STUDY.groups}
    return list(summary.remarks_on_people(people, areas.assign(**columns), town.statistics))


def test_what_is_not_known_of_the_people(town, build_town):
    assert codes(people_remarks(town)) == ["group_unknown_areas"] * 3 + ["suppressed_areas"]
    said = [remark.document()["text"] for remark in people_remarks(town)]
    assert said[0] == "The group under_15 is not known in 1 of 4 inhabited areas."
    assert codes(people_remarks(build_town(ages=False))) == ["no_group_table"] * 3


def test_totals_of_two_years_are_compared_for_this_municipality_only(town):
    other = town.statistics.iloc[[0]]
    whole = pd.concat(
        [
            town.statistics,
            other.assign(small_area_id="99102", value=9999.0),
            other.assign(small_area_id="99", value=1e6),
        ]
    )
    areas = demand.attach(town.small_areas, whole, town.point_counts)
    assert "totals_differ" not in codes(summary.remarks_on_people({}, areas, whole))
    newer = other.assign(value=360.0, dataset_id="z-newer")
    remarks = list(summary.remarks_on_people({}, areas, pd.concat([whole, newer])))
    assert remarks[-1].code == "totals_differ"
    assert remarks[-1].document()["values"] == {"areas": 353, "table": 360}


def test_without_a_total_row_the_areas_of_the_table_are_added(town):
    rows = town.statistics.iloc[1:]
    areas = demand.attach(town.small_areas, rows, town.point_counts)
    remarks = list(summary.remarks_on_people({}, areas, rows))
    assert remarks[-1].document()["values"] == {"areas": 353, "table": 350}


def test_what_is_not_known_of_the_places(town):
    none = pd.DataFrame({"name": []})
    assert codes(summary.remarks_on_places(town.places, none)) == []
    assert codes(summary.remarks_on_places(town.places.assign(status="closed"), none)) == ["no_open_place"]
    assert codes(summary.remarks_on_places(town.places.iloc[:0], none)) == ["no_places"]
    vague = town.places.assign(open_days_per_week=float("nan"), targets_known=False)
    lost = pd.DataFrame({"name": ["A", "B"]})
    remarks = list(summary.remarks_on_places(vague, lost))
    assert codes(remarks) == ["opening_unknown", "targets_by_kind", "places_far_from_street"]
    assert remarks[0].document()["values"] == {"n": 2, "all": 2}  # the suspended one is not counted
    assert "A, B" in remarks[2].document()["text"]


def test_what_is_not_known_of_hours_and_functions(town):
    told = town.places.assign(opening_text=["火 10～12時", "不定期", None], functions=["eat", None, None])
    remarks = list(summary.remarks_on_offers(told))
    assert codes(remarks) == ["hours_unknown", "functions_by_kind"]
    assert [remark.document()["values"] for remark in remarks] == [{"n": 1, "all": 2}] * 2
    known = told.assign(opening_text="火 10～12時", functions="eat")
    assert list(summary.remarks_on_offers(known)) == []


def test_what_the_method_cannot_say():
    assert codes(summary.remarks_on_method("network", {}, study=STUDY)) == []
    remarks = list(summary.remarks_on_method("straight_line", {"far_from_street": 2.5}, study=STUDY))
    assert codes(remarks) == ["straight_line", "unreachable_far_from_street"]
    assert "1.3" in remarks[0].document()["text"]
    assert remarks[1].document()["values"] == {"n": 2.5}


def test_the_network_is_told_in_numbers(build_town):
    town = build_town(river=True)
    told = summary.streets(network.build(town.streets, crs=town.streets.crs.to_string()))
    # Main Street and Back Lane, ten pieces of 100 m each, and the bridge of 80 m between their eastern ends.
    assert told == {
        "pieces": 21,
        "nodes": 22,
        "junctions": 2,
        "kilometres": 2.1,
        "dead_ends": 2,
        "left_out": {"components": 0, "nodes": 0, "metres": 0.0},
        "islands_m": [],
        "known_rise_share": 0.0,
    }
    assert summary.streets(access.StraightLine(1.3)) is None


def test_what_makes_a_metre_longer_is_said(build_town):
    town = build_town()
    net = network.build(town.streets, crs=town.streets.crs.to_string())
    assert codes(summary.remarks_on_walkers(net)) == []
    assert codes(summary.remarks_on_walkers(access.StraightLine(1.3))) == []
    some = town.streets["street_id"].iloc[-1]
    walker = network.Profile(slope="both", avoid_stairs=True, crossing_m=12, closed=(some,))
    remarks = list(summary.remarks_on_walkers(network.with_profile(net, walker)))
    assert codes(remarks) == ["slope_unknown", "stairs_avoided", "crossings_cost", "streets_closed"]
    assert "100%" in remarks[0].document()["text"]


def test_coverages_come_in_the_order_of_the_study(town):
    table = pd.DataFrame(
        [
            {"origin_id": "o", "group": group.group, "kind": kind, "people": 3.0, "nearest_m": 300.0}
            | {"possible_m": 300.0}
            for group in STUDY.groups
            for kind in ("any", "permanent")
        ]
    )
    entries = summary.coverages(table, study=STUDY)
    assert [e["group"] for e in entries[::6]] == ["all", "under_15", "age_65_plus", "age_75_plus"]
    assert [(e["kind"], e["limit_m"]) for e in entries[:6]] == [
        (kind, limit) for kind in ("any", "permanent") for limit in (300, 500, 800)
    ]
    assert entries[0] == {
        "group": "all",
        "kind": "any",
        "limit_m": 300,
        "people": 3,
        "covered_people": 3,
        "covered_share": 1,
        "covered_people_max": 3,
        "covered_share_max": 1,
        "state": "known",
    }


def test_places_of_which_nobody_knows_whether_a_group_can_use_them_are_counted() -> None:
    silent = {"languages": None, "fee_yen": 0.0, "status": "open"}
    places = pd.DataFrame([{**silent, "step_free": word} for word in ("yes", "no", None, None)])
    everybody = studies.Group(group="all", column="people")
    steps = studies.Group(group="disabled", column="people_disabled", needs_step_free=True)
    study = studies.make(municipality_code="13105", groups=(everybody, steps))
    [remark] = summary.remarks_on_suitability(places, study=study)
    assert remark.code == "suitability_unknown"
    assert remark.document()["values"] == {"n": 2, "all": 4, "group": "disabled"}
