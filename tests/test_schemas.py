"""The tables refuse what they must not hold, all problems at once, and come back sorted."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import errors, schemas

TABLES = sorted(schemas.Table.__subclasses__(), key=lambda schema: schema.__name__)


@pytest.fixture
def distances():
    return pd.DataFrame({"origin_id": ["b", "a"], "place_id": ["p", "q"], "distance_m": [20, 10]})


@pytest.mark.parametrize("schema", TABLES, ids=lambda schema: schema.__name__)
def test_every_table_has_a_key_and_an_empty_one(schema):
    assert schemas.keys_of(schema), "a table without key cannot be sorted"
    table = schemas.empty(schema)
    assert len(table) == 0
    assert list(table.columns) == schemas.columns_of(schema)
    assert isinstance(table, gpd.GeoDataFrame) == ("geometry" in schemas.columns_of(schema))
    again = schemas.conform(schema, table)
    assert dict(again.dtypes) == dict(table.dtypes)


def test_conform_sorts_orders_columns_and_changes_nothing_in_place(distances):
    before = distances.copy(deep=True)
    table = schemas.conform(schemas.Distances, distances[["distance_m", "place_id", "origin_id"]])
    assert table.columns.tolist() == ["origin_id", "place_id", "distance_m"]
    assert table["origin_id"].tolist() == ["a", "b"]
    assert table.index.tolist() == [0, 1]
    assert table["distance_m"].dtype == np.float64
    pd.testing.assert_frame_equal(distances, before)


def test_conform_keeps_the_reference_system(town):
    assert schemas.conform(schemas.SmallAreas, town.small_areas).crs.to_epsg() == 6677


def test_a_repeated_key_is_refused_with_an_example(distances):
    twice = pd.concat([distances, distances.iloc[[0]]])
    with pytest.raises(
        errors.DataError, match=r"1 rows repeat a key of origin_id, place_id, for example b, p"
    ):
        schemas.conform(schemas.Distances, twice)


@given(names=st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=12))
def test_a_lone_key_sorts_as_text_does_and_stands_once(names):
    # Letters of any script, among them those beyond 16 bits, which some orders of text put elsewhere.
    criteria = pd.DataFrame({"criterion": names, "direction": "more", "source": names})
    if len(set(names)) < len(names):
        with pytest.raises(errors.DataError, match="rows repeat a key of criterion"):
            schemas.conform(schemas.Criteria, criteria)
        return
    sorted_ = schemas.conform(schemas.Criteria, criteria)
    assert sorted_["criterion"].tolist() == sorted_["source"].tolist() == sorted(names)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"distance_m": [-1.0, 10.0]}, "distance_m"),
        ({"distance_m": ["far", 10.0]}, "distance_m"),
        ({"distance_m": [np.nan, 10.0]}, "distance_m"),
        ({"origin_id": [None, "a"]}, "origin_id"),
        ({"surplus": [1, 2]}, "surplus"),
    ],
)
def test_each_broken_rule_is_named(distances, change, said):
    with pytest.raises(errors.DataError, match=said):
        schemas.conform(schemas.Distances, distances.assign(**change))


def test_a_missing_column_is_named(distances):
    with pytest.raises(errors.DataError, match="place_id"):
        schemas.conform(schemas.Distances, distances.drop(columns="place_id"))


def test_all_problems_are_told_at_once(town):
    broken = town.places.assign(kind="disco", status="haunted", open_days_per_week=8.0)
    with pytest.raises(errors.DataError) as caught:
        schemas.conform(schemas.Places, broken)
    said = str(caught.value)
    assert all(
        word in said for word in ("kind", "disco", "status", "haunted", "open_days_per_week", "3 in all")
    )


def test_unknown_text_stays_unknown_and_is_no_word(town):
    places = schemas.conform(schemas.Places, town.places.assign(operator=[None, "", "市"]))
    assert places["operator"].isna().tolist() == [True, False, False]
    assert places["operator"].tolist()[1:] == ["", "市"]


def test_keys_with_leading_zeros_stay_text(town):
    areas = town.small_areas.assign(small_area_id=["011010010", "011010020", "011010030", "011010040"])
    assert schemas.conform(schemas.SmallAreas, areas)["small_area_id"].iloc[0] == "011010010"


@pytest.mark.parametrize("key", ["99101001", "9910100100", "99101001a", "991010010012"])
def test_a_key_code_has_nine_or_eleven_digits(town, key):
    with pytest.raises(errors.DataError, match="small_area_id"):
        schemas.conform(
            schemas.SmallAreas, town.small_areas.assign(small_area_id=[key, "1" * 9, "2" * 9, "3" * 11])
        )


def test_a_place_without_position_is_refused(town):
    lost = town.places.set_geometry([None, shapely.Point(0, 0), shapely.Point(1, 1)], crs=town.places.crs)
    with pytest.raises(errors.DataError, match="geometry"):
        schemas.conform(schemas.Places, lost)
