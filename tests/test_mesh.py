"""Grid squares: their borders by the standard, and nobody in two municipalities."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import demand, errors, mesh, schemas

CODES = st.builds(
    lambda parts, quarters: "53" + "39" + "".join(map(str, parts)) + quarters,
    st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(0, 9), st.integers(0, 9)),
    st.text("1234", max_size=3),
)


def borders(*rows):
    return gpd.GeoDataFrame(
        {
            "municipality_code": [code for code, _ in rows],
            "name": "x",
            "qualified_name": "x",
            "dataset_id": "municipalities",
        },
        geometry=[shape for _, shape in rows],
        crs=schemas.STORED_CRS,
    )


def rows(table, values, variable="people"):
    return pd.DataFrame(
        {
            "small_area_id": [mesh.PREFIX + code for code in values],
            "variable": variable,
            "value": [float(v) for v in values.values()],
            "status": "known",
            "disclosure_group": None,
            "dataset_id": [f"census-mesh:{table}:{code[:4]}" for code in values],
        }
    )


def counted(table, values):
    return schemas.conform(
        schemas.Statistics, pd.concat([rows(table, values), rows(table, values, "households")])
    )


# --- codes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "south", "west"),
    [
        # Tokyo station stands in 533946114 (35.6812 N, 139.7671 E is in 533946113: the next one west).
        ("53394611", 35 + 40.5 / 60, 139 + 45.75 / 60),
        ("533946113", 35 + 40.75 / 60, 139 + 45.75 / 60),
        ("5339461132", 35 + 40.75 / 60, 139 + 45.75 / 60 + 11.25 / 3600),
        ("36225717", 24 + 25.5 / 60, 122 + 57.75 / 60 - 1e-12),
    ],
)
def test_the_south_west_corner_by_hand(code, south, west):
    assert mesh.bounds(code)[:2] == pytest.approx((west, south), abs=1e-9)


@pytest.mark.parametrize(("digits", "height_s", "width_s"), [(8, 30, 45), (9, 15, 22.5), (10, 7.5, 11.25)])
def test_a_square_is_as_large_as_the_standard_says(digits, height_s, width_s):
    west, south, east, north = mesh.bounds("5339461111"[:digits])
    assert (north - south) * 3600 == pytest.approx(height_s)
    assert (east - west) * 3600 == pytest.approx(width_s)


@given(CODES)
def test_quarters_fill_their_square_and_share_their_borders_exactly(code):
    if len(code) == 11:
        return
    sw, se, nw, ne = (mesh.bounds(code + quarter) for quarter in "1234")
    west, south, east, north = mesh.bounds(code)
    assert sw[:2] == (west, south)
    assert ne[2:] == (east, north)
    assert sw[2] == se[0] == nw[2] == ne[0]
    assert sw[3] == nw[1] == se[3] == ne[1]
    assert nw[0] == west
    assert se[3] == sw[3]
    assert se[2] == east


@pytest.mark.parametrize(
    "text", ["", "5339", "533946", "53398611", "533946115", "５３３９４６１１", "53394611 "]
)
def test_other_texts_are_no_codes(text):
    assert not mesh.is_code(text)
    with pytest.raises(errors.DataError) as caught:
        mesh.bounds(text)
    assert caught.value.code == "mesh_code"


# --- whose they are -------------------------------------------------------------------------------------

WEST, SOUTH, EAST, NORTH = mesh.bounds("53394611")
WIDE, HIGH = (EAST - WEST) / 2, (NORTH - SOUTH) / 2
SIX = ["533946111", "533946112", "533946113", "533946114", "533946121", "533946123"]


def test_a_square_belongs_to_the_municipality_that_holds_most_of_it():
    own = shapely.union(
        shapely.box(WEST, SOUTH, EAST + 0.64 * WIDE, SOUTH + HIGH),
        shapely.box(WEST, SOUTH + HIGH, EAST + 0.32 * WIDE, NORTH),
    )
    other = shapely.box(WEST, SOUTH, EAST + 2 * WIDE, NORTH).difference(own)
    both = borders(("13101", own), ("13102", other))
    table = mesh.owners(SIX, both, municipality_code="13101")
    assert table["code"].tolist() == SIX
    assert table["share"].tolist() == pytest.approx([1, 1, 1, 1, 0.64, 0.32])
    assert table["is_own"].tolist() == [True] * 5 + [False]
    beside = mesh.owners(SIX, both, municipality_code="13102")
    assert beside["code"].tolist() == ["533946121", "533946123"]
    assert beside["is_own"].tolist() == [False, True]


def test_what_no_border_shows_counts_as_another_piece():
    third = borders(("13101", shapely.box(WEST, SOUTH, WEST + 0.4 * WIDE, SOUTH + HIGH)))
    assert mesh.owners(SIX, third, municipality_code="13101")["is_own"].tolist() == [False]
    half = borders(("13101", shapely.box(WEST, SOUTH, WEST + 0.5 * WIDE, SOUTH + HIGH)))
    assert mesh.owners(SIX, half, municipality_code="13101")["is_own"].tolist() == [True]


def test_a_tie_goes_to_the_lower_code_whatever_the_order():
    left = shapely.box(WEST, SOUTH, WEST + WIDE / 2, SOUTH + HIGH)
    right = shapely.box(WEST + WIDE / 2, SOUTH, WEST + WIDE, SOUTH + HIGH)
    for pair in ((("13102", left), ("13101", right)), (("13101", right), ("13102", left))):
        first = mesh.owners(["533946111"], borders(*pair), municipality_code="13101")
        second = mesh.owners(["533946111"], borders(*pair), municipality_code="13102")
        assert first["is_own"].tolist() == [True]
        assert second["is_own"].tolist() == [False]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=6, unique=True))
def test_each_square_of_a_divided_land_belongs_to_exactly_one(points):
    land = shapely.box(*mesh.bounds("53394611")[:2], *mesh.bounds("53394622")[2:])
    west, south, east, north = land.bounds
    seeds = shapely.multipoints([(west + x * (east - west), south + y * (north - south)) for x, y in points])
    parts = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=land))
    pieces = [piece for piece in shapely.intersection(parts, land) if piece.area > 1e-12]
    codes = [f"{km}{q}" for km in ("53394611", "53394612", "53394621", "53394622") for q in "1234"]
    table = borders(*((f"13{i:03d}", piece) for i, piece in enumerate(pieces, 101)))
    owned = [
        code
        for name in table["municipality_code"]
        for code in mesh.owners(codes, table, municipality_code=name).query("is_own")["code"]
    ]
    assert sorted(owned) == sorted(codes)


# --- squares as areas -----------------------------------------------------------------------------------


def test_squares_keep_all_their_people_and_are_drawn_within_the_border():
    values = dict(zip(SIX, (10, 20, 30, 40, 50, 60), strict=True))
    edge = borders(("13101", shapely.box(WEST, SOUTH, EAST + WIDE / 2, NORTH)))
    areas = mesh.small_areas(counted("T001141", values), edge, municipality_code="13101")
    assert areas["people"].sum() == areas["households"].sum() == sum(values.values())
    assert areas["name"].tolist()[0] == "533946111 (500 m)"
    assert shapely.area(areas.geometry.array).tolist() == pytest.approx(
        [WIDE * HIGH] * 4 + [WIDE * HIGH / 2] * 2
    )
    whole = mesh.small_areas(counted("T001141", values), edge[:0], municipality_code="13101")
    assert shapely.area(whole.geometry.array).tolist() == pytest.approx([WIDE * HIGH] * 6)


def test_without_a_mesh_table_there_are_no_squares():
    none = mesh.small_areas(schemas.empty(schemas.Statistics), borders(), municipality_code="13101")
    assert none.empty
    assert none.crs == schemas.STORED_CRS


def test_of_several_tables_one_counts_the_people():
    newer, older = counted("T001141", {"533946111": 5}), counted("T000876", {"5339461111": 4})
    coarse = counted("T001140", {"53394611": 7, "53384611": 3})
    both = pd.concat([newer, older])
    assert set(mesh.chosen(both)["dataset_id"]) == {"census-mesh:T001141:5339"}
    # The coarser one covers both primary squares: the finer would leave people out.
    assert mesh.chosen(pd.concat([both, coarse]))["value"].sum() == 2 * (7 + 3)


def test_squares_and_years_to_come_never_join_the_small_areas(town):
    squares = counted("T001141", {"533946111": 1_000_000})
    later = rows("x", {"533946111": 9.5}, "projected_people_2050").assign(dataset_id="future-population:500m")
    survey = rows("x", {"533946111": 9.5}, "housing_vacant").assign(
        small_area_id="99101", dataset_id="housing-survey:2023"
    )
    mixed = pd.concat([town.statistics, squares, later, survey], ignore_index=True)
    present = demand.present(mixed, town.small_areas)
    pd.testing.assert_frame_equal(schemas.conform(schemas.Statistics, present), town.statistics)
    areas = mesh.small_areas(mixed, borders(), municipality_code="99101")
    assert set(demand.present(mixed, areas)["variable"]) == {"people", "households"}
    assert np.isclose(areas["people"].sum(), 1_000_000)
