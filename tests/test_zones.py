"""Zones overlap, coincide and leave people out: by hand, at the borders of each rule."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import schemas, zones
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
