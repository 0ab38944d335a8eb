"""Digests tell contents apart, and nothing but contents."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import manifest

sound = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)


@pytest.fixture
def table():
    return pd.DataFrame({"key": ["a", "b"], "value": [1.5, np.nan], "n": [1, 2], "yes": [True, False]})


def test_equal_contents_have_equal_digests(table):
    assert manifest.digest(table) == manifest.digest(table.copy())
    assert manifest.digest(table) == manifest.digest(table.set_index(pd.Index([7, 8])))
    assert manifest.digest(table) == manifest.digest(table[["yes", "n", "value", "key"]])


@pytest.mark.parametrize(
    "change",
    [
        {"value": [1.5, 0.0]},
        {"value": [np.nan, 1.5]},
        {"key": ["a", "c"]},
        {"key": ["a", None]},
        {"key": ["ab", ""]},
        {"n": [1, 3]},
        {"yes": [True, True]},
        {"more": [1, 1]},
    ],
    ids=str,
)
def test_any_change_of_content_is_seen(table, change):
    assert manifest.digest(table) != manifest.digest(table.assign(**change))


def test_unknown_text_is_not_empty_text():
    assert manifest.digest(pd.DataFrame({"a": ["x", None]})) != manifest.digest(
        pd.DataFrame({"a": ["x", ""]})
    )


def test_content_does_not_slip_from_one_cell_or_column_to_the_next():
    cells = pd.DataFrame({"a": ["x\0y", "z"]}), pd.DataFrame({"a": ["x", "y\0z"]})
    assert manifest.digest(cells[0]) != manifest.digest(cells[1])
    columns = pd.DataFrame({"a": ["bx"]}), pd.DataFrame({"ab": ["x"]})
    assert manifest.digest(columns[0]) != manifest.digest(columns[1])


def test_the_order_of_rows_matters(table):
    assert manifest.digest(table) != manifest.digest(table.iloc[::-1])


def test_float_noise_is_not_content():
    one = pd.DataFrame({"a": [0.1 + 0.2, 123456.789, 0.0]})
    noisy = pd.DataFrame({"a": [0.3, 123456.789 * (1 + 1e-13), -0.0]})
    assert manifest.digest(one) == manifest.digest(noisy)
    assert manifest.digest(one) != manifest.digest(one * (1 + 1e-6))


@given(values=st.lists(sound, min_size=1, max_size=5), place=st.integers(0, 4))
def test_nan_is_never_any_number(values, place):
    table = pd.DataFrame({"a": values})
    hole = table.copy()
    hole.loc[place % len(values), "a"] = np.nan
    assert manifest.digest(table) != manifest.digest(hole)


def _shapes(*shapes):
    return gpd.GeoDataFrame({"k": range(len(shapes))}, geometry=list(shapes), crs="EPSG:6677")


def test_a_polygon_is_the_same_from_whichever_corner_and_way_it_is_drawn():
    one = _shapes(shapely.Polygon([(0, 0), (0, 9), (9, 9), (9, 0)]))
    assert manifest.digest(one) == manifest.digest(_shapes(shapely.Polygon([(9, 9), (9, 0), (0, 0), (0, 9)])))
    assert manifest.digest(one) == manifest.digest(_shapes(shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)])))
    assert manifest.digest(one) != manifest.digest(_shapes(shapely.Polygon([(0, 0), (0, 9), (9, 9), (9, 1)])))


def test_coordinate_noise_is_not_content_and_missing_geometry_is():
    one, noisy = _shapes(shapely.Point(100 / 3, 0.0)), _shapes(shapely.Point(100 / 3 + 1e-12, -0.0))
    assert manifest.digest(one) == manifest.digest(noisy)
    assert manifest.digest(one) != manifest.digest(_shapes(shapely.Point(100 / 3 + 1e-3, 0)))
    assert manifest.digest(one) != manifest.digest(_shapes(None))


def test_a_table_without_rows_is_told_from_one_with_unknowns():
    assert manifest.digest(pd.DataFrame({"a": []})) != manifest.digest(pd.DataFrame({"a": [None]}))


def test_fingerprint_depends_on_values_not_on_the_order_of_names():
    assert manifest.fingerprint({"a": 1, "b": [1, 2]}) == manifest.fingerprint({"b": [1, 2], "a": 1})
    assert manifest.fingerprint({"b": [1, 2]}) != manifest.fingerprint({"b": [2, 1]})
    assert manifest.fingerprint("a", "b") != manifest.fingerprint("ab")


def test_versions_name_the_library_and_what_computes():
    assert {"ibasho-atlas", "python", *manifest.LIBRARIES} == set(manifest.versions())


def test_differences_name_both_the_changed_and_the_missing():
    assert manifest.differences({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 9, "d": 4}) == ["b", "c", "d"]
    assert manifest.differences({"a": 1}, {"a": 1}) == []
