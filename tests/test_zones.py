"""Zones overlap, coincide and leave people out: by hand, at the borders of each rule."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import equity, schemas, zones
from geo import study as studies

PLANE = "EPSG:6677"
STUDY = studies.make(municipality_code="99101")


def system(*boxes, name="s", codes=None):
    rows = {
        "zone_id": [f"{name}:{i}" for i in range(len(boxes))],
        "system": name,
        "tier": "middle",
        "name": [f"Zone {i}" for i in range(len(boxes))],
        "municipality_code": codes or "99101",
        "dataset_id": "d",
    }
    return schemas.conform(
        schemas.Zones, gpd.GeoDataFrame(rows, geometry=[shapely.box(*box) for box in boxes], crs=PLANE)
    )


def points(*xy, key="origin_id"):
    ids = [f"o{i}" for i in range(len(xy))]
    return gpd.GeoDataFrame({key: ids}, geometry=[shapely.Point(p) for p in xy], crs=PLANE)


def found(*boxes, iou=0.95):
    return zones.overlaps(system(*boxes), coincident_iou=iou)


# --- overlaps -------------------------------------------------------------------------------------------


def test_the_town(town):
    own = zones.overlaps(town.zones[town.zones["system"] == "middle_school"], coincident_iou=0.95)
    assert own.coincident() == [["school:S1", "school:S2"]]
    assert own.overlapping == (("school:S1", "school:S3"), ("school:S2", "school:S3"))
    partition = zones.overlaps(town.zones[town.zones["system"] == "branch_office"], coincident_iou=0.95)
    assert partition.coincident() == []
    assert partition.overlapping == ()


@pytest.mark.parametrize(("east", "coincide"), [(95, True), (94.99, False), (100, True)])
def test_coincident_from_the_threshold_exactly(east, coincide):
    own = found((0, 0, 100, 100), (0, 0, east, 100))
    assert bool(own.coincident()) == coincide
    assert bool(own.overlapping) != coincide


@pytest.mark.parametrize(("shared", "overlap"), [(0, False), (0.5, False), (1, False), (1.01, True)])
def test_slivers_are_no_overlap(shared, overlap):
    assert bool(found((0, 0, 100, 100), (100 - shared, 0, 300, 100)).overlapping) == overlap


def test_a_small_zone_inside_a_large_one_overlaps_it():
    own = found((0, 0, 1000, 1000), (10, 10, 20, 20))
    assert own.overlapping == (("s:0", "s:1"),)


def test_a_chain_of_coincident_zones_is_one_group():
    own = found(
        (0, 0, 100, 100), (3, 0, 103, 100), (6, 0, 106, 100), iou=0.94
    )  # neighbours 97/103, ends 94/106
    assert own.coincident() == [["s:0", "s:1", "s:2"]]
    assert own.group == {"s:0": "s:0", "s:1": "s:0", "s:2": "s:0"}
    assert own.overlapping == ()


def test_zones_that_do_not_touch():
    own = found((0, 0, 1, 1), (5, 5, 6, 6))
    assert own.group == {"s:0": "s:0", "s:1": "s:1"}
    assert own.overlapping == ()


def test_a_single_zone():
    assert found((0, 0, 1, 1)).group == {"s:0": "s:0"}


side = st.integers(1, 30)


@settings(deadline=None, max_examples=50)
@given(
    boxes=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), side, side), min_size=1, max_size=6),
    iou=st.sampled_from([0.6, 0.75, 0.95, 1.0]),
)
def test_overlaps_equal_a_brute_force(boxes, iou):
    full = [(x, y, x + w, y + h) for x, y, w, h in boxes]
    own = found(*full, iou=iou)
    shapes = [shapely.box(*box) for box in full]
    parent = list(range(len(full)))
    for _ in full:
        for i, a in enumerate(shapes):
            for j, b in enumerate(shapes):
                if a.intersection(b).area >= iou * a.union(b).area - 1e-9:
                    parent[i] = parent[j] = min(parent[i], parent[j])
    assert own.group == {f"s:{i}": f"s:{root}" for i, root in enumerate(parent)}
    partly = {
        (f"s:{i}", f"s:{j}")
        for i, a in enumerate(shapes)
        for j, b in enumerate(shapes)
        if i < j and parent[i] != parent[j] and a.intersection(b).area > 0.01 * min(a.area, b.area)
    }
    assert set(own.overlapping) == partly


# --- which zones, and who is in them --------------------------------------------------------------------


def test_zones_of_the_neighbour_count_where_our_people_live():
    both = system(
        (0, 0, 10, 10),
        (10, 0, 20, 10),
        (50, 0, 60, 10),
        (70, 0, 80, 10),
        codes=["99101", "99102", "99102", None],
    )
    kept = zones.relevant(both, points((15, 5)), municipality_code="99101")
    assert kept["zone_id"].tolist() == ["s:0", "s:1", "s:3"]
    assert kept.index.tolist() == [0, 1, 2]


def test_without_zones_none_are_relevant():
    none = schemas.empty(schemas.Zones).to_crs(PLANE)
    assert zones.relevant(none, points((15, 5)), municipality_code="99101").empty
    assert zones.members(none, points((15, 5)), key="origin_id").empty


def test_a_point_on_a_border_is_in_both_zones():
    where = zones.members(
        system((0, 0, 10, 10), (10, 0, 20, 10)), points((10, 5), (5, 5), (30, 5)), key="origin_id"
    )
    assert where.to_dict("split")["data"] == [["s:0", "o0"], ["s:0", "o1"], ["s:1", "o0"]]


# --- one row a zone -------------------------------------------------------------------------------------


def coverage_of(people, nearest, group="all"):
    table = pd.DataFrame(
        {
            "origin_id": [f"o{i}" for i in range(len(people))],
            "group": group,
            "people": people,
            "nearest_m": nearest,
        }
    ).assign(second_m=np.nan, third_m=np.nan, possible_m=nearest, n_within=0, reason=None)
    never = table.assign(kind="permanent", nearest_m=np.nan, possible_m=np.nan)
    return pd.concat([table.assign(kind="any"), never])


def summary_of(all_zones, coverage, origins, places=None, vacancies=None):
    own = zones.overlaps(all_zones, coincident_iou=0.95)
    nothing = points(key="place_id")
    return zones.summarise(
        all_zones,
        schemas.conform(schemas.Coverage, coverage),
        zones.members(all_zones, origins, key="origin_id"),
        zones.members(all_zones, nothing if places is None else places, key="place_id"),
        zones.members(
            all_zones, points(key="property_id") if vacancies is None else vacancies, key="property_id"
        ),
        pd.DataFrame({"group": ["all"], "kind": ["any"], "place_id": ["o0"]}),
        group=own.group,
        study=STUDY,
    )


LINE = points((5, 5), (15, 5), (25, 5))


def test_people_of_a_zone_are_those_of_its_origins():
    rows = summary_of(
        system((0, 0, 20, 10), (20, 0, 30, 10)), coverage_of([10, 20, 40], [500, 500.1, 0]), LINE
    )
    own = rows[rows["kind"] == "any"].set_index("zone_id")
    assert own["people"].to_dict() == {"s:0": 30, "s:1": 40}
    assert own["covered_people"].to_dict() == {"s:0": 10, "s:1": 40}
    assert own["covered_share"].to_dict() == pytest.approx({"s:0": 1 / 3, "s:1": 1})
    assert rows[rows["kind"] == "permanent"]["covered_people"].tolist() == [0, 0]


def test_coincident_zones_are_one_row_and_no_total_is_doubled():
    twice = system((0, 0, 30, 10), (0, 0, 30, 10))
    rows = summary_of(
        twice, coverage_of([10, 20, 40], [0, 0, 900]), LINE, places=points((5, 5), key="place_id")
    )
    own = rows[rows["kind"] == "any"]
    assert own["zone_id"].tolist() == ["s:0"]
    assert own["people"].tolist() == [70]
    assert own["name"].tolist() == ["Zone 0 = Zone 1"]
    assert own["members"].tolist() == ["s:0;s:1"]
    assert own["places"].tolist() == [1]


def test_a_zone_without_people_has_none_and_one_with_unknown_people_is_unknown():
    three = system((0, 0, 10, 10), (10, 0, 20, 10), (100, 0, 110, 10))
    both = pd.concat(
        [coverage_of([10, 20, 40], [0, 0, 0]), coverage_of([3, np.nan, 4], [0, 0, 0], group="older")]
    )
    rows = summary_of(three, both, LINE).set_index(["zone_id", "group", "kind"])["people"]
    assert rows[("s:2", "all", "any")] == 0
    assert rows[("s:2", "older", "any")] == 0
    assert rows[("s:0", "older", "any")] == 3
    assert np.isnan(rows[("s:1", "older", "any")])


def test_a_group_that_nobody_counted_is_unknown_in_every_zone():
    rows = summary_of(system((0, 0, 30, 10), (100, 0, 110, 10)), coverage_of([np.nan] * 3, [0, 0, 0]), LINE)
    assert rows[["people", "covered_people", "covered_share"]].isna().all(axis=None)


@pytest.mark.parametrize(("n", "shown"), [(0, 0), (1, None), (9, None), (10, 10)])
def test_few_vacant_houses_are_masked(n, shown):
    empty = points(*[(5, 5)] * n, key="property_id").assign(property_id=[f"v{i}" for i in range(n)])
    rows = summary_of(system((0, 0, 30, 10)), coverage_of([1, 1, 1], [0, 0, 0]), LINE, vacancies=empty)
    assert rows["vacancies"].isna().all() if shown is None else rows["vacancies"].eq(shown).all()


def test_people_outside_every_zone_are_those_of_everybody():
    two = system((0, 0, 10, 10))
    table = pd.concat(
        [coverage_of([3, 2, np.nan], [0, 0, 0], group="a_few"), coverage_of([10, 20, 40], [0, 0, 0])]
    )
    inside = zones.members(two, LINE, key="origin_id")
    assert zones.outside(schemas.conform(schemas.Coverage, table), inside, study=STUDY) == 60


# --- what zones are to each other -----------------------------------------------------------------------


def members_of(all_zones, origins=LINE):
    return zones.members(all_zones, origins, key="origin_id")


def parts_of(all_zones, origins=LINE):
    return {"s": zones.parts(members_of(all_zones, origins), origins["origin_id"], {})}


def systems_of(*parts):
    return {zone: name for part in parts for zone, name in zip(part["zone_id"], part["system"], strict=True)}


def test_places_for_people_are_those_that_fit():
    two = system((0, 0, 20, 10), (20, 0, 30, 10))
    rows = summary_of(
        two, coverage_of([10, 20, 40], [0, 0, 0]), LINE, places=points((5, 5), (6, 5), key="place_id")
    )
    own = rows[rows["kind"] == "any"].set_index("zone_id")
    assert own["places"].tolist() == [2, 0]
    assert own["fitting_places"].tolist() == [1, 0]
    assert own["places_per_1000"].tolist() == pytest.approx([1000 / 30, 0])


def test_people_in_no_zone_are_a_row():
    one = system((0, 0, 10, 10))
    table = schemas.conform(schemas.Coverage, coverage_of([10, 20, 40], [0, 0, 900]))
    inside = summary_of(one, table, LINE)
    rows = zones.outside_rows(inside, table, zones.nowhere(parts_of(one)), study=STUDY)
    own = rows[rows["kind"] == "any"].set_index("zone_id")
    assert own.loc["s:outside", ["people", "covered_people", "name"]].tolist() == [60, 20, ""]
    assert own["people"].sum() == 70
    whole = system((0, 0, 40, 10))
    full = summary_of(whole, table, LINE)
    same = zones.outside_rows(full, table, zones.nowhere(parts_of(whole)), study=STUDY)
    assert same["zone_id"].unique().tolist() == ["s:0"]


def test_a_system_in_three_ways():
    # Zones overlap in the middle: its people and the place there count once.
    two = system((0, 0, 20, 10), (10, 0, 30, 10), (50, 0, 60, 10))
    table = schemas.conform(schemas.Coverage, coverage_of([10, 20, 40], [0, 0, 900]))
    inside = points((15, 5), key="place_id")
    rows = summary_of(two, table, LINE, places=inside)
    fitting = pd.DataFrame({"group": ["all"], "kind": ["any"], "place_id": ["o0"]})
    located = zones.members(two, inside, key="place_id")
    told = zones.systems_summary(
        rows, table, parts_of(two), located, fitting, systems_of(two), study=STUDY
    ).set_index("kind")
    any_place = told.loc["any"]
    assert any_place[["zones", "zones_with_place", "fitting_places"]].tolist() == [3, 2, 1]
    assert any_place["presence_share"] == pytest.approx(2 / 3)
    assert any_place["people"] == 70
    assert any_place["covered_share"] == pytest.approx(3 / 7)
    assert any_place["places_per_1000"] == pytest.approx(1000 / 70)
    assert told.loc["permanent", "presence_share"] == 0


def test_the_crosswalk_is_by_people():
    one, other = system((0, 0, 20, 10), (20, 0, 30, 10)), system((0, 0, 10, 10), (10, 0, 40, 10), name="t")
    both = schemas.conform(schemas.Zones, pd.concat([one, other]))
    table = schemas.conform(schemas.Coverage, coverage_of([10, 20, 40], [0, 0, 0]))
    rows = zones.crosswalk(table, members_of(both), {}, study=STUDY).set_index(["zone_id", "other_id"])
    assert rows["people"].to_dict() == {
        ("s:0", "t:0"): 10,
        ("s:0", "t:1"): 20,
        ("s:1", "t:1"): 40,
        ("t:0", "s:0"): 10,
        ("t:1", "s:0"): 20,
        ("t:1", "s:1"): 40,
    }
    assert rows["share"].loc[("s:0", "t:1")] == pytest.approx(2 / 3)
    back = rows["share"].groupby("zone_id").sum()
    assert back.tolist() == pytest.approx([1] * 4)  # Both systems hold everybody.


def test_coincident_zones_are_one_in_the_crosswalk_and_in_the_parts():
    same = system((0, 0, 20, 10), (0, 0, 20, 10), (10, 0, 30, 10))
    group = zones.overlaps(same, coincident_iou=0.95).group
    table = schemas.conform(schemas.Coverage, coverage_of([10, 20, 40], [0, 0, 0]))
    rows = zones.crosswalk(table, members_of(same), group, study=STUDY)
    assert rows[["zone_id", "other_id", "people"]].to_numpy().tolist() == [
        ["s:0", "s:2", 20],
        ["s:2", "s:0", 20],
    ]
    parts = zones.parts(members_of(same), LINE["origin_id"], group)
    assert parts.tolist() == ["s:0", "s:0;s:2", "s:2"]
    nowhere = zones.parts(members_of(system((90, 90, 99, 99))), LINE["origin_id"], {})
    assert nowhere.tolist() == ["", "", ""]


ORIGINS = pd.DataFrame(
    {
        "origin_id": ["o0", "o1", "o2"],
        "small_area_id": ["A", "A", "B"],
        "weight": [0.25, 0.75, 1.0],
    }
)


def counts(numerator, denominator):
    return pd.DataFrame(
        {"small_area_id": ["A", "B"], "indicator": "x", "numerator": numerator, "denominator": denominator}
    )


def test_numerator_and_denominator_go_to_zones_by_people():
    # Area A is cut: a quarter of its people are in zone 0, the rest with B in zone 1.
    two = system((0, 0, 10, 10), (10, 0, 30, 10))
    rows = zones.interpolate(counts([40.0, 10.0], [80.0, 100.0]), ORIGINS, members_of(two), {})
    assert rows["numerator"].tolist() == [10, 40]
    assert rows["denominator"].tolist() == [20, 160]
    assert rows["value"].tolist() == [0.5, 0.25]  # The mean of the shares, 0.3, would be wrong.
    assert rows["numerator"].sum() == 50
    assert zones.lost(counts([40.0, 10.0], [80.0, 100.0]), ORIGINS, members_of(two))["lost"].tolist() == [0]


def test_what_is_lost_and_what_is_unknown_is_told():
    one = system((0, 0, 10, 10))
    told = zones.lost(counts([40.0, 10.0], [80.0, 100.0]), ORIGINS, members_of(one))
    assert told[["denominator", "lost"]].to_numpy().tolist() == [[180, 160]]
    whole = system((0, 0, 40, 10))
    rows = zones.interpolate(counts([40.0, np.nan], [80.0, 100.0]), ORIGINS, members_of(whole), {})
    assert rows[["numerator", "denominator", "known_share"]].to_numpy().tolist() == [[40, 80, 0.5]]
    none = zones.interpolate(counts([np.nan] * 2, [80.0, 100.0]), ORIGINS, members_of(whole), {})
    assert none[["numerator", "denominator", "value"]].isna().all(axis=None)


RULES = (
    {"rule": "near", "tier": "middle", "kinds": ("salon",), "within_m": 500, "min_share": 0.5},
    {"rule": "permanent", "tier": "middle", "kinds": ("ibasho",), "permanent": True},
    {"rule": "coordinator", "tier": "middle"},
    {"rule": "desk", "tier": "municipal", "kinds": ("consultation_desk",)},
)


def verdicts(*, days_known=True, without="", **fields):
    study = STUDY.with_(tier_rules=RULES, **fields)
    two = system((0, 0, 20, 10), (20, 0, 30, 10), (90, 0, 99, 10))
    near = pd.DataFrame(
        {"origin_id": ["o0", "o1", "o2"], "people": [10.0, 10.0, 40.0], "near": [500.0, 501.0, np.nan]}
    )
    places = pd.DataFrame({"zone_id": ["s:0", "s:0", "s:1"], "place_id": ["a", "b", "c"]})
    kinds = pd.DataFrame(
        {
            "place_id": ["a", "b", "c"],
            "kind": ["ibasho", "salon", "ibasho"],
            "permanent": [True, True, False],
            "days_known": [True, True, days_known],
        }
    )
    kinds = kinds[kinds["kind"] != without]
    table = zones.scorecard(two, near, places, kinds, members_of(two), study=study)
    return {rule: part["verdict"].tolist() for rule, part in table.groupby("rule")}


def test_zones_against_the_rules_of_their_tier():
    told = verdicts()
    assert told["near"] == [
        "met",
        "not_met",
        "unknown",
    ]  # Half of the people, exactly; nobody lives in the last.
    assert told["permanent"] == ["met", "not_met", "not_met"]
    assert told["coordinator"] == ["unknown"] * 3
    assert "desk" not in told
    assert verdicts(coordinator_zones=("s:1",))["coordinator"] == ["not_met", "met", "not_met"]


def test_what_no_list_tells_of_is_unknown_not_missing():
    assert verdicts(days_known=False)["permanent"] == ["met", "unknown", "not_met"]
    assert verdicts(without="ibasho")["permanent"] == ["unknown"] * 3
    assert verdicts(without="salon")["near"] == ["unknown"] * 3


# --- what happens at borders ----------------------------------------------------------------------------


def test_two_zones_of_one_ward_that_are_the_same_area(realdata):
    """Chiyoda lets children choose their school: its two middle-school zones are one polygon, twice."""
    import geopandas

    path = realdata / "school_zones" / "tokyo23_a32_2013" / "MiddleSchool.geojson"
    own = geopandas.read_file(path)
    code = next(c for c in own.columns if own[c].astype(str).eq("13101").any())
    two = own[own[code].astype(str) == "13101"].to_crs(PLANE).geometry.reset_index(drop=True)
    assert len(two) == 2
    table = system(*[(0, 0, 1, 1)] * 2).set_geometry(two.to_numpy(), crs=PLANE)
    same = zones.overlaps(table, coincident_iou=STUDY.coincident_iou)
    assert same.coincident() == [["s:0", "s:1"]]
    middle = two[0].representative_point()
    homes = points((middle.x, middle.y))
    people = schemas.conform(schemas.Coverage, coverage_of([10], [0]))
    rows = summary_of(table, people, homes)
    assert rows.loc[rows["kind"] == "any", ["zone_id", "people"]].to_numpy().tolist() == [["s:0", 10]]
    assert zones.crosswalk(people, members_of(table, homes), same.group, study=STUDY).empty
    parts = {"s": zones.parts(members_of(table, homes), homes["origin_id"], same.group)}
    split = equity.table(people, pd.Series(dtype=float), parts, study=STUDY)
    assert set(split["theil_between"].dropna()) == {0}


def test_a_zone_across_the_border_of_the_ward_counts_our_people_only():
    # The zone reaches from x = 20 to 60, our people live up to x = 30.
    across = system((0, 0, 20, 10), (20, 0, 60, 10), codes=["99101", "99102"])
    kept = zones.relevant(across, LINE, municipality_code="99101")
    assert kept["zone_id"].tolist() == ["s:0", "s:1"]
    rows = summary_of(kept, coverage_of([10, 20, 40], [0, 0, 0]), LINE)
    own = rows[rows["kind"] == "any"].set_index("zone_id")["people"]
    assert own.to_dict() == {"s:0": 30, "s:1": 40}
    far = zones.relevant(across, points((5, 5)), municipality_code="99101")
    assert far["zone_id"].tolist() == ["s:0"]


def test_an_origin_on_the_boundary_is_in_both_zones_and_once_in_their_system():
    two = system((0, 0, 15, 10), (15, 0, 30, 10))
    table = schemas.conform(schemas.Coverage, coverage_of([10, 20, 40], [0, 0, 0]))
    inside = members_of(two)
    rows = summary_of(two, table, LINE)
    assert rows.loc[rows["kind"] == "any", "people"].tolist() == [30, 60]
    nothing = zones.members(two, points(key="place_id"), key="place_id")
    none = pd.DataFrame({"group": [], "kind": [], "place_id": []})
    told = zones.systems_summary(rows, table, parts_of(two), nothing, none, systems_of(two), study=STUDY)
    assert told["people"].tolist() == [70, 70]
    shared = zones.crosswalk(table, inside, {}, study=STUDY)
    assert shared[["zone_id", "other_id", "people"]].to_numpy().tolist() == [
        ["s:0", "s:1", 20],
        ["s:1", "s:0", 20],
    ]
    assert zones.parts(inside, LINE["origin_id"], {}).tolist() == ["s:0", "s:0;s:1", "s:1"]


def test_a_group_without_data_is_unknown_in_every_table_of_zones():
    two = system((0, 0, 20, 10), (20, 0, 30, 10))
    table = schemas.conform(schemas.Coverage, coverage_of([np.nan] * 3, [0, 0, 0]))
    rows = summary_of(two, table, LINE)
    assert rows[["people", "places_per_1000"]].isna().all(axis=None)
    nothing = zones.members(two, points(key="place_id"), key="place_id")
    none = pd.DataFrame({"group": [], "kind": [], "place_id": []})
    told = zones.systems_summary(rows, table, parts_of(two), nothing, none, systems_of(two), study=STUDY)
    assert told[["people", "covered_share", "places_per_1000"]].isna().all(axis=None)
    assert set(told["state"]) == {"unknown"}
