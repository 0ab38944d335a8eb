"""People are conserved from census to origins, and what is suppressed or unknown never becomes zero."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import demand, network, schemas

PLANE = "EPSG:6677"
A, B, C, W = ("991010010", "991010020", "991010030", "991010040")


def attach(town):
    return demand.attach(town.small_areas, town.statistics, town.point_counts)


def origins_of(town):
    net = network.build(town.streets.to_crs(schemas.STORED_CRS), crs=PLANE) if len(town.streets) else None
    return demand.origins(attach(town), town.streets, net)


def statistics(*rows, dataset_id="t"):
    names = ["small_area_id", "variable", "value", "status", "disclosure_group"]
    frame = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    return schemas.conform(schemas.Statistics, frame.assign(dataset_id=dataset_id))


def areas_of(people):
    """Unit squares in a row, with these people."""
    rows = {
        "small_area_id": [f"99101{number:04d}" for number in range(len(people))],
        "name": "x",
        "municipality_code": "99101",
        "people": people,
        "households": people,
        "is_water": False,
        "dataset_id": "d",
    }
    boxes = [shapely.box(i * 100, 0, i * 100 + 100, 100) for i in range(len(people))]
    return schemas.conform(schemas.SmallAreas, gpd.GeoDataFrame(rows, geometry=boxes, crs=PLANE))


def key(number):
    return f"99101{number:04d}"


NO_POINTS = schemas.empty(schemas.PointCounts)
NO_TABLES = schemas.empty(schemas.Statistics)


# --- attach ---------------------------------------------------------------------------------------------


def test_attach_gives_a_column_for_each_variable_and_leaves_the_unknown_unknown(town):
    before = town.small_areas.copy(deep=True)
    areas = attach(town).set_index("small_area_id")
    assert areas["people_65_plus"].tolist()[:2] == [18, 25]
    assert areas["people_65_plus"].isna().tolist() == [False, False, True, True]
    assert areas["people"].tolist() == [100, 200, 50, 3]
    assert areas["table_people"].tolist()[:2] == [100, 250]
    assert areas["disclosure_group"].tolist()[1:3] == [B, B]
    assert areas["disclosure_group"].isna().tolist() == [True, False, False, True]
    pd.testing.assert_frame_equal(town.small_areas, before)


def test_attach_without_any_table_gives_the_areas(build_town):
    areas = attach(build_town(ages=False))
    assert areas["people"].sum() == 353
    assert "people_65_plus" not in areas


def test_of_two_tables_the_newer_one_counts_with_its_own_disclosure_groups():
    areas = areas_of([10, 10, 10])
    old = statistics(
        (key(0), "v", 5, "includes", key(0)),
        (key(1), "v", None, "suppressed", key(0)),
        (key(2), "v", 9, "known", None),
        dataset_id="census-2015",
    )
    new = statistics(
        (key(0), "v", 3, "known", None),
        (key(1), "v", 8, "includes", key(1)),
        (key(2), "v", None, "suppressed", key(1)),
        dataset_id="census-2020",
    )
    both = schemas.conform(schemas.Statistics, pd.concat([new, old]))
    attached = demand.attach(areas, both, NO_POINTS)
    assert attached["v"].tolist()[:2] == [3, 8]
    assert np.isnan(attached["v"].iloc[2])
    assert demand.spread(attached, both, "v").tolist() == [3, 4, 4]


def points(*rows, dataset_id="p"):
    frame = pd.DataFrame(
        [{"point_id": f"p{i}", "name": "x", "variable": "v", "value": v} for i, (v, _) in enumerate(rows)]
    )
    geometry = [shapely.Point(xy) for _, xy in rows]
    return schemas.conform(
        schemas.PointCounts,
        gpd.GeoDataFrame(frame.assign(dataset_id=dataset_id), geometry=geometry, crs=PLANE),
    )


def test_counts_at_points_are_summed_in_their_area_and_absent_elsewhere():
    here = points(
        (3, (50, 50)), (4, (60, 50)), (5, (100, 50)), (9, (5000, 0))
    )  # the third on a border: first area
    attached = demand.attach(areas_of([10, 10]), NO_TABLES, here)
    assert attached["v"].iloc[0] == 12
    assert np.isnan(attached["v"].iloc[1])


def test_points_may_be_in_another_reference_system():
    here = points((3, (50, 50)), (4, (150, 50))).to_crs(schemas.STORED_CRS)
    assert demand.attach(areas_of([10, 10]), NO_TABLES, here)["v"].tolist() == [3, 4]


def test_a_table_wins_over_points_and_newer_points_over_older_ones():
    table = statistics((key(0), "v", 1, "known", None), (key(1), "v", 2, "known", None))
    old, new = (
        points((50, (50, 50)), (60, (150, 50)), dataset_id="2015"),
        points((7, (50, 50)), dataset_id="2020"),
    )
    both = schemas.conform(schemas.PointCounts, pd.concat([new, old]))
    assert demand.attach(areas_of([10, 10]), table, both)["v"].tolist() == [1, 2]
    assert demand.attach(areas_of([10, 10]), NO_TABLES, both)["v"].tolist() == [7, 60]


# --- spread ---------------------------------------------------------------------------------------------


def test_a_group_total_is_spread_by_people_and_conserved(town):
    people = demand.spread(attach(town), town.statistics, "people_65_plus")
    assert people.drop(W).to_dict() == {A: 18, B: 20, C: 5}
    assert np.isnan(people[W])


def test_the_boundary_file_is_never_overwritten_by_a_table(town):
    assert demand.spread(attach(town), town.statistics, "people").tolist() == [100, 200, 50, 3]


def test_a_variable_that_no_table_gives_is_unknown_everywhere(town):
    assert demand.spread(attach(town), town.statistics, "people_left_handed").isna().all()


def test_suppressed_without_a_receiver_stays_unknown():
    table = statistics((key(0), "v", 5, "known", None), (key(1), "v", None, "suppressed", None))
    areas = demand.attach(areas_of([10, 10]), table, NO_POINTS)
    assert demand.spread(areas, table, "v").isna().tolist() == [False, True]


def test_a_receiver_that_is_no_area_itself_is_spread_over_its_members():
    table = statistics(
        ("991010009", "v", 12, "includes", "991010009"),
        (key(0), "v", None, "suppressed", "991010009"),
        (key(1), "v", None, "suppressed", "991010009"),
        (key(2), "v", 7, "known", None),
    )
    areas = demand.attach(areas_of([10, 30, 5]), table, NO_POINTS)
    assert demand.spread(areas, table, "v").tolist() == [3, 9, 7]


def test_members_without_people_share_equally():
    table = statistics((key(0), "v", 4, "includes", key(0)), (key(1), "v", None, "suppressed", key(0)))
    areas = demand.attach(areas_of([0, 0]), table, NO_POINTS)
    assert demand.spread(areas, table, "v").tolist() == [2, 2]


def test_a_group_whose_receiver_is_unknown_stays_unknown():
    table = statistics((key(0), "v", None, "suppressed", key(9)), (key(1), "v", 6, "known", None))
    areas = demand.attach(areas_of([10, 10]), table, NO_POINTS)
    assert demand.spread(areas, table, "v").isna().tolist() == [True, False]


@settings(deadline=None, max_examples=60)
@given(data=st.data(), people=st.lists(st.integers(0, 5000), min_size=2, max_size=8))
def test_spreading_conserves_every_known_count_and_makes_no_zero_of_a_suppressed_one(data, people):
    n = len(people)
    holder = data.draw(st.lists(st.integers(0, n - 1), min_size=n, max_size=n))
    rows = []
    for number in range(n):
        root = holder[number] if holder[holder[number]] == holder[number] else number
        members = [i for i in range(n) if i != number and holder[i] == number and holder[number] == number]
        if root != number:
            rows.append((key(number), "v", None, "suppressed", key(root)))
        elif members:
            rows.append((key(number), "v", data.draw(st.integers(1, 900)), "includes", key(number)))
        else:
            rows.append((key(number), "v", data.draw(st.integers(0, 900)), "known", None))
    table = statistics(*rows)
    areas = demand.attach(areas_of(people), table, NO_POINTS)
    spread = demand.spread(areas, table, "v")
    assert spread.sum() == pytest.approx(table["value"].sum(), abs=1e-6)
    assert spread.notna().all()
    groups = table.groupby("disclosure_group")
    for group, members in groups:
        total = table.set_index("small_area_id")["value"][group]
        assert spread[members["small_area_id"]].sum() == pytest.approx(total)
    suppressed = table.loc[table["status"] == "suppressed", "small_area_id"]
    lived = areas.set_index("small_area_id").loc[suppressed, "people"] > 0
    assert (spread[suppressed][lived] > 0).all()


# --- origins --------------------------------------------------------------------------------------------


def test_origins_of_the_town_are_those_on_paper(town):
    origins = origins_of(town).set_index("origin_id")
    assert len(origins) == 12
    assert origins.loc[W, "weight"] == 1
    expected = {f"{A}:n00": 1 / 9, f"{A}:n04": 2 / 9, f"{B}:n05": 1 / 4, f"{C}:n09": 2 / 3, f"{C}:n10": 1 / 3}
    for name, weight in expected.items():
        assert origins.loc[name, "weight"] == pytest.approx(weight)


def test_without_streets_people_start_at_one_point_in_their_area(build_town):
    town = build_town(streets=False)
    origins = origins_of(town)
    assert origins["origin_id"].tolist() == [A, B, C, W]
    assert (origins["weight"] == 1).all()
    assert town.small_areas.geometry.contains(origins.geometry).all()


def test_footways_and_bridges_carry_nobody_while_there_are_streets_with_houses(build_town):
    origins = origins_of(build_town(river=True)).set_index("origin_id")
    assert origins.loc[f"{C}:n10", "weight"] == pytest.approx(1 / 6)  # 50 of 300 m: the bridge adds nothing


def test_where_only_footways_are_they_carry_the_people(town):
    paths = town.streets.assign(kind="footway")
    net = network.build(paths.to_crs(schemas.STORED_CRS), crs=PLANE)
    origins = demand.origins(attach(town), paths, net).set_index("origin_id")
    assert origins.loc[f"{A}:n00", "weight"] == pytest.approx(1 / 9)


def test_an_area_without_people_has_no_origin_and_one_without_node_has_a_point(town):
    areas = attach(town)
    areas.loc[areas["small_area_id"] == B, "people"] = 0.0
    streets = town.streets.iloc[:3]
    net = network.build(streets.to_crs(schemas.STORED_CRS), crs=PLANE)
    origins = demand.origins(areas, streets, net)
    assert origins["origin_id"].tolist() == [*(f"{A}:n0{i}" for i in range(4)), C, W]


def test_a_node_on_a_border_serves_both_areas(town):
    shifted = town.small_areas.set_geometry(
        [shapely.box(-50, -9, 500, 9), shapely.box(500, -9, 850, 9), *town.small_areas.geometry[2:]],
        crs=PLANE,
    )
    net = network.build(town.streets.to_crs(schemas.STORED_CRS), crs=PLANE)
    there = network.Network(
        **{
            **{f: getattr(net, f) for f in net.__dataclass_fields__},
            "x": np.round(net.x),
            "y": np.round(net.y),
        }
    )
    origins = demand.origins(shifted, town.streets, there)
    assert {f"{A}:n05", f"{B}:n05"} <= set(origins["origin_id"])
    assert origins.groupby("small_area_id")["weight"].sum().tolist() == pytest.approx([1] * 4)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_people_are_conserved_with_and_without_streets(random_towns, data):
    areas, streets = data.draw(random_towns)
    nets = [None] + ([network.build(streets, crs=PLANE)] if len(streets) else [])
    for net in nets:
        origins = demand.origins(areas, streets, net)
        inhabited = areas[areas["people"] > 0]
        assert set(origins["small_area_id"]) == set(inhabited["small_area_id"])
        at_origins = demand.people(origins, areas.set_index("small_area_id")["people"])
        assert at_origins.sum() == pytest.approx(areas["people"].sum())
        by_area = at_origins.groupby(origins["small_area_id"]).sum()
        assert by_area.tolist() == pytest.approx(inhabited["people"].tolist())
        cells = demand.cells(origins, areas)
        assert cells["origin_id"].tolist() == origins["origin_id"].tolist()
        land = areas.set_index("small_area_id").geometry
        for cell, home, area in zip(cells.geometry, origins.geometry, origins["small_area_id"], strict=True):
            assert cell.geom_type in ("Polygon", "MultiPolygon")
            assert cell.distance(home) < 1e-6
            assert cell.difference(land[area].buffer(1e-6)).area < 1e-6
        for _, own in cells.groupby("small_area_id"):
            union = own.union_all().area
            assert own.area.sum() == pytest.approx(union, rel=1e-6)


def test_people_unknown_in_an_area_are_unknown_at_its_origins(town):
    origins = origins_of(town)
    counts = demand.people(origins, demand.spread(attach(town), town.statistics, "people_65_plus"))
    assert counts.index.equals(origins.index)
    assert np.isnan(counts[origins["small_area_id"] == W]).all()
    assert counts.sum() == pytest.approx(43)


# --- cells ----------------------------------------------------------------------------------------------


def test_cells_are_what_is_nearest_and_not_far(town):
    cells = demand.cells(origins_of(town), attach(town)).set_index("origin_id")
    middle = cells.geometry[f"{A}:n02"]
    assert middle.area == pytest.approx(100 * 200, rel=1e-3)  # x 150 to 250, y -100 to 100
    assert cells.geometry[W].equals(town.small_areas.geometry[3])


def test_two_nodes_in_one_place_have_the_same_cell_each(town):
    origins = origins_of(town)
    double = origins[origins["origin_id"] == f"{A}:n01"].assign(origin_id=f"{A}:n01b")
    both = schemas.conform(schemas.Origins, pd.concat([origins, double]))
    cells = demand.cells(both, attach(town)).set_index("origin_id")
    assert cells.geometry[f"{A}:n01"].equals(cells.geometry[f"{A}:n01b"])
    single = demand.cells(origins, attach(town)).set_index("origin_id")
    assert cells.geometry[f"{A}:n01"].equals(single.geometry[f"{A}:n01"])


def test_an_area_whose_nodes_all_stand_in_one_place_is_one_cell(town):
    origins = origins_of(town)
    double = origins[origins["origin_id"] == W].assign(origin_id=f"{W}b")
    cells = demand.cells(schemas.conform(schemas.Origins, pd.concat([origins, double])), attach(town))
    assert cells.set_index("origin_id").geometry[f"{W}b"].equals(town.small_areas.geometry[3])


def test_two_censuses_are_never_mixed_area_by_area() -> None:
    areas = gpd.GeoDataFrame(
        {
            "small_area_id": ["991010010", "991010020"],
            "municipality_code": "99101",
            "people": [50.0, 20.0],
            "is_water": False,
        },
        geometry=gpd.points_from_xy([0, 1], [0, 0]).buffer(0.1),
        crs="EPSG:6677",
    )
    old = {
        "dataset_id": "census-table:T000849",
        "variable": "people_65_plus",
        "disclosure_group": "991010010",
    }
    rows = pd.DataFrame(
        [
            # 2015: the second area's people are counted in the first. 2020 counts the second alone.
            {**old, "small_area_id": "991010010", "value": 30.0, "status": "includes"},
            {**old, "small_area_id": "991010020", "value": np.nan, "status": "suppressed"},
            {
                "dataset_id": "census-table:T001082",
                "variable": "people_65_plus",
                "disclosure_group": None,
                "small_area_id": "991010020",
                "value": 12.0,
                "status": "known",
            },
        ]
    )
    attached = demand.attach(areas, rows, schemas.empty(schemas.PointCounts))
    spread = demand.spread(attached, rows, "people_65_plus")
    assert np.isnan(spread["991010010"])
    assert spread["991010020"] == 12


# --- a group and the people it is a part of -------------------------------------------------------------


def test_a_group_is_a_part_of_the_people_of_its_own_table():
    areas = areas_of([100, 200])
    both = [(key(0), "people", 120.0, "known", None), (key(1), "people", 230.0, "known", None)]
    older = [(key(n), "people_65_plus", 30.0, "known", None) for n in (0, 1)]
    newer = statistics(*both, *older, dataset_id="census-table:T001082")
    attached = demand.attach(areas, newer, NO_POINTS)
    assert demand.counted_people(attached, newer, "people") == 300
    assert demand.counted_people(attached, newer, "people_65_plus") == 350
    # A table that counts the older people alone, newer still: nobody knows of how many.
    alone = statistics(*older, dataset_id="z")
    mixed = pd.concat([newer, alone])
    assert np.isnan(demand.counted_people(attached, mixed, "people_65_plus"))
    assert np.isnan(demand.counted_people(attached, newer, "people_under_15"))


def test_the_row_of_the_municipality_counts_also_who_is_in_no_area():
    areas = areas_of([100, 200])
    rows = [("99101", "people", 400.0, "known", None), ("99101", "people_65_plus", 90.0, "known", None)]
    table = statistics(
        *rows, (key(0), "people", 120.0, "known", None), (key(0), "people_65_plus", 30.0, "known", None)
    )
    assert demand.counted_people(demand.attach(areas, table, NO_POINTS), table, "people_65_plus") == 400


def test_a_holder_that_is_no_area_counts_once():
    areas = areas_of([100, 200])
    table = statistics(
        ("991010009", "people", 300.0, "includes", "991010009"),
        *((key(n), "people", float("nan"), "suppressed", "991010009") for n in (0, 1)),
        *((key(n), "people_65_plus", 1.0, "known", None) for n in (0, 1)),
    )
    assert demand.counted_people(demand.attach(areas, table, NO_POINTS), table, "people_65_plus") == 300
