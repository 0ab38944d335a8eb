"""Addresses to positions: as far as the list of addresses goes, never to the town next in name."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import errors, schemas, sources
from geo.sources import geocode

BLOCKS = [
    "都道府県名", "市区町村名", "大字・丁目名", "小字・通称名", "街区符号・地番", "座標系番号", "X座標", "Y座標",
    "緯度", "経度", "住居表示フラグ", "代表フラグ", "更新前履歴フラグ", "更新後履歴フラグ",
]  # fmt: skip
TOWNS = [
    "都道府県コード", "都道府県名", "市区町村コード", "市区町村名", "大字町丁目コード", "大字町丁目名", "緯度", "経度",
    "原典資料コード", "大字・字・丁目区分コード",
]  # fmt: skip


def block(town: str, number: str, y: float, x: float, after: str = "0", small: str = "") -> list[object]:
    return ["東京都", "千代田区", town, small, number, "9", "-35000", "-8000", y, x, "1", "1", "0", after]


def written(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    # As published: every cell quoted, CP932.
    with path.open("w", encoding="cp932", newline="") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return path


def addresses(
    *rows: tuple[str, str | None, float, float], municipality: str = "千代田区"
) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(rows, columns=["town", "block", "x", "y"], dtype=object)
    table = frame.drop(columns=["x", "y"]).assign(
        address_id=[f"a{i}" for i in range(len(rows))],
        prefecture="東京都",
        municipality=municipality,
        dataset_id="a",
    )
    points = gpd.points_from_xy(frame["x"].astype(float), frame["y"].astype(float))
    return schemas.conform(
        schemas.Addresses, gpd.GeoDataFrame(table, geometry=points, crs=schemas.STORED_CRS)
    )


GAZETTEER = geocode.Gazetteer(
    addresses(
        ("飯田橋1", None, 139.751, 35.701),
        ("飯田橋2", None, 139.753, 35.703),
        ("飯田橋2", "5", 139.7535, 35.7035),
        ("飯田橋10", None, 139.76, 35.71),
        ("一番町", None, 139.74, 35.68),
        ("本町", None, 139.77, 35.69),
    )
)


@pytest.mark.parametrize(
    ("address", "precision", "matched"),
    [
        ("東京都千代田区飯田橋２丁目５番６号", "block", "千代田区飯田橋2-5"),
        ("千代田区飯田橋二丁目5-6 ビル3階", "block", "千代田区飯田橋2-5"),
        ("東京都 千代田区 飯田橋2－5－6", "block", "千代田区飯田橋2-5"),
        ("東京都千代田区千代田区飯田橋2-5", "block", "千代田区飯田橋2-5"),
        ("千代田区飯田橋2-55-6", "town", "千代田区飯田橋2"),
        ("千代田区飯田橋2丁目", "town", "千代田区飯田橋2"),
        ("千代田区飯田橋１丁目周辺", "town", "千代田区飯田橋1"),
        ("千代田区飯田橋10-2", "town", "千代田区飯田橋10"),
        ("千代田区飯田橋", "district", "千代田区飯田橋"),
        ("千代田区一番町", "town", "千代田区一番町"),
        ("千代田区1番町3", "town", "千代田区一番町"),
        ("千代田区本町 1-2", "town", "千代田区本町"),
        # 9丁目 is not in the list: only the 大字 is sure.
        ("千代田区飯田橋9-1", "district", "千代田区飯田橋"),
        ("千代田区飯田橋12-1", "district", "千代田区飯田橋"),
        # Nobody knows.
        ("千代田区本町田1-2", None, ""),
        ("大阪府千代田区飯田橋2-5", None, ""),
        ("新宿区飯田橋2-5", None, ""),
        ("飯田橋2-5", None, ""),
        ("非公開", None, ""),
        ("", None, ""),
    ],
)
def test_addresses_as_people_write_them(address: str, precision: str | None, matched: str) -> None:
    found = GAZETTEER.find(address)
    assert (found.precision, found.matched) == (precision, matched)
    assert math.isnan(found.x) == (precision is None)


def test_another_column_may_name_the_municipality() -> None:
    assert GAZETTEER.find("飯田橋2-5", municipality="千代田区").precision == "block"
    assert GAZETTEER.find("飯田橋2-5", municipality="東京都千代田区").precision == "block"
    assert GAZETTEER.find("飯田橋2-5", municipality="新宿区").precision is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("霞が関1", "霞ヶ関一丁目"),
        ("阿佐ヶ谷北2", "阿佐谷北2"),
        ("一ノ宮1", "一之宮1丁目"),
        ("髙澤1", "高沢1"),
        ("二十三丁目", "23"),
        ("五番地の2", "5-2"),
        ("1―2", "1‐2"),
        ("大字大久野1", "大久野1"),
    ],
)
def test_two_ways_to_write_one_address(one: str, other: str) -> None:
    assert geocode.normal(one) == geocode.normal(other)


@given(st.text(max_size=30))
def test_normal_is_done_once_and_nothing_breaks_it(text: str) -> None:
    GAZETTEER.find("千代田区" + text)
    assert " " not in geocode.normal(text)


@given(st.integers(1, 199))
def test_numerals_of_both_kinds_are_one(number: int) -> None:
    digits = "〇一二三四五六七八九"
    hundred, ten, unit = number // 100, number // 10 % 10, number % 10
    numeral = ("百" if hundred else "") + (
        ((digits[ten] if ten > 1 else "") + "十" if ten else "") + (digits[unit] if unit else "")
    )
    assert geocode.normal(f"本町{numeral}丁目") == f"本町{number}"


def test_wards_of_two_cities_are_told_apart_by_their_city() -> None:
    table = pd.concat(
        [
            addresses(("本町1", None, 135.5, 34.7), municipality="大阪市北区"),
            addresses(("本町1", None, 141.3, 43.1), municipality="札幌市北区").assign(address_id="s"),
        ]
    ).assign(prefecture=None)
    gazetteer = geocode.Gazetteer(gpd.GeoDataFrame(table, crs=schemas.STORED_CRS))
    assert gazetteer.find("大阪市北区本町1-1").x == 135.5
    assert gazetteer.find("札幌市北区本町1-1").x == 141.3
    assert gazetteer.find("北区本町1-1").precision is None


# -- lists of addresses -------------------------------------------------------------------------------------


def test_the_official_list_of_blocks(tmp_path: Path) -> None:
    rows = [
        block("飯田橋一丁目", "1", 35.70, 139.75),
        block("飯田橋一丁目", "1", 35.72, 139.77),
        block("飯田橋一丁目", "2", 35.80, 139.80, after="3"),
        block("大久野", "1660", 35.75, 139.20, small="字上"),
        block("飯田橋二丁目", "1", 0, 0),
    ]
    path = written(tmp_path / "13_2025.csv", BLOCKS, rows)
    assert sources.detect(path) == "addresses"
    found = sources.read(path, municipality_code="13101")
    assert found.rows == 5
    table = found.table.set_index("town")
    assert sorted(table.index) == ["大久野上", "飯田橋1"]
    # Two rows of one block are one address in their middle; a removed block is none.
    assert (table.loc["飯田橋1"].geometry.x, table.loc["飯田橋1"].geometry.y) == pytest.approx(
        (139.76, 35.71)
    )
    assert (table.loc["飯田橋1", "block"], table.loc["飯田橋1", "municipality"]) == ("1", "千代田区")
    assert [(n.code, n.row) for n in found.notes] == [("row_no_position", 6)]


def test_the_official_list_of_towns(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["13", "東京都", "13101", "千代田区", "131010001001", "飯田橋一丁目", 35.70, 139.75, "1", "3"],
        ["13", "東京都", "13102", "中央区", "131020001001", "銀座一丁目", 35.67, 139.76, "1", "3"],
    ]
    path = written(tmp_path / "13_towns.csv", TOWNS, rows)
    found = sources.read(path, municipality_code="13101")
    assert found.table[["municipality", "town"]].to_numpy().tolist() == [
        ["中央区", "銀座1"],
        ["千代田区", "飯田橋1"],
    ]
    assert found.table["block"].isna().all()
    own = sources.read(path, municipality_code="13101", hints=sources.Hints(municipality="千代田区"))
    assert own.table["town"].tolist() == ["飯田橋1"]


def test_a_town_list_in_json_takes_the_municipality_from_its_name(tmp_path: Path) -> None:
    entries = [
        {"town": "飯田橋一丁目", "koaza": "", "lat": 35.7, "lng": 139.75},
        {"town": "飯田橋一丁目", "koaza": "上", "lat": 35.8, "lng": 139.8},
        {"town": "一番町", "koaza": "", "lat": None, "lng": None},
    ]
    path = tmp_path / "千代田区.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    assert sources.detect(path) == "addresses"
    found = sources.read(path, municipality_code="13101")
    assert found.table[["municipality", "town"]].to_numpy().tolist() == [["千代田区", "飯田橋1"]]
    assert found.table["prefecture"].isna().all()
    assert [n.code for n in found.notes] == ["row_no_position"]


def test_other_lists_are_no_addresses(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("名称,緯度,経度\nあ,35.7,139.7\n", encoding="utf-8")
    with pytest.raises(errors.DataError) as caught:
        sources.read(path, municipality_code="13101", kind="addresses")
    assert caught.value.code == "addresses_columns"
    path = tmp_path / "a.json"
    path.write_text('[{"a": [1]}]', encoding="utf-8")
    with pytest.raises(errors.DataError) as caught:
        sources.read(path, municipality_code="13101", kind="addresses")
    assert caught.value.code == "addresses_shape"


def test_small_areas_are_addresses_too() -> None:
    shapes = [shapely.box(139.75, 35.70, 139.76, 35.71), shapely.box(139.77, 35.70, 139.78, 35.71)]
    areas: Any = gpd.GeoDataFrame(
        {
            "small_area_id": ["13101000101", "13101000201"],
            "name": ["飯田橋１丁目", "水面"],
            "municipality_code": "13101",
            "people": 1.0,
            "households": 1.0,
            "is_water": [False, True],
            "dataset_id": "small-areas",
        },
        geometry=shapes,
        crs=schemas.STORED_CRS,
    )
    borders: Any = gpd.GeoDataFrame(
        {
            "municipality_code": ["13101"],
            "name": "千代田区",
            "qualified_name": "千代田区",
            "dataset_id": "m",
        },
        geometry=[shapely.union_all(shapes)],
        crs=schemas.STORED_CRS,
    )
    table = geocode.of_small_areas(areas, borders)
    assert table[["prefecture", "municipality", "town"]].to_numpy().tolist() == [
        ["東京都", "千代田区", "飯田橋1"]
    ]
    assert shapes[0].contains(table.geometry.iloc[0])
    # Without a border nobody knows its name: only an address without a municipality can be meant.
    unnamed = geocode.Gazetteer(geocode.of_small_areas(areas, borders.iloc[:0]))
    assert unnamed.find("飯田橋1-2-3").precision == "town"
    assert unnamed.find("東京都新宿区飯田橋1-2-3").precision is None


def whole(*rows: tuple[str, str, float, float]) -> gpd.GeoDataFrame:
    """Municipalities as addresses: code, name, longitude and latitude of the middle of a square."""
    shapes = [shapely.box(x - 0.01, y - 0.01, x + 0.01, y + 0.01) for _, _, x, y in rows]
    borders = gpd.GeoDataFrame(
        {
            "municipality_code": [code for code, *_ in rows],
            "name": [name for _, name, *_ in rows],
            "qualified_name": [name for _, name, *_ in rows],
            "dataset_id": "m",
        },
        geometry=shapes,
        crs=schemas.STORED_CRS,
    )
    return geocode.of_municipalities(borders)


def test_an_address_whose_town_is_in_no_list_still_is_in_its_municipality() -> None:
    known = whole(("13101", "千代田区", 139.75, 35.69), ("13305", "日の出町", 139.2, 35.7))
    both = pd.concat([addresses(("飯田橋1", None, 139.751, 35.701)), known], ignore_index=True)
    gazetteer = geocode.Gazetteer(gpd.GeoDataFrame(both, geometry="geometry", crs=schemas.STORED_CRS))

    def found(address: str, **told: str) -> tuple[str | None, str]:
        seen = gazetteer.find(address, **told)
        return seen.precision, seen.matched

    town, municipality = ("town", "千代田区飯田橋1"), ("municipality", "千代田区")
    assert found("東京都千代田区飯田橋1-2") == town
    assert found("千代田区どこか3") == municipality
    assert found("東京都西多摩郡日の出町大字大久野1660") == ("municipality", "日の出町")
    # What names no municipality is in that of the column, else in the one whose list it is.
    assert found("飯田橋1-2", own="千代田区") == town
    assert found("どこか3", own="千代田区") == found("", own="千代田区") == municipality
    assert found("大久野1660", municipality="日の出町", own="千代田区") == ("municipality", "日の出町")
    # What names another one is in none that is known: nothing is guessed.
    for elsewhere in ("文京区湯島1", "大阪府大阪市北区梅田1", "大阪市北区梅田1", "西多摩郡檜原村1"):
        assert found(elsewhere, own="千代田区") == (None, "")
    assert found("湯島1", municipality="文京区", own="千代田区") == (None, "")
    assert found("大阪府どこか1", own="千代田区") == (None, "")
    assert found("どこか3") == (None, "")


def test_locate_is_a_function_of_tables() -> None:
    asked = pd.DataFrame({"address": ["千代田区飯田橋1-1", "どこか"]}, index=[7, 3])
    before = asked.copy()
    found = geocode.locate(asked, addresses(("飯田橋1", None, 139.75, 35.7)))
    assert found.index.tolist() == [7, 3]
    assert found.loc[7].tolist() == [139.75, 35.7, "town", "千代田区飯田橋1"]
    assert found.loc[3, ["x", "precision"]].isna().all()
    pd.testing.assert_frame_equal(asked, before)


@pytest.mark.realdata
def test_real_towns(realdata: Path) -> None:
    folder = realdata / "address" / "geolonia"
    found = sources.read(folder / "千代田区.json", municipality_code="13101")
    assert (found.rows, len(found.table)) == (115, 115)
    gazetteer = geocode.Gazetteer(found.table)
    assert gazetteer.find("東京都千代田区飯田橋３－４－１").matched == "千代田区飯田橋3"
