"""The census: nobody is lost or counted twice, and what is suppressed is never zero."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import errors, sources
from geo.sources import _vectors, census

CODE = "99101"


def cell(column: int) -> Any:
    return shapely.box(140.9 + column * 0.01, 35.0, 140.91 + column * 0.01, 35.01)


def layer(*parts: tuple[str, Any, Any], hcode: Any = 8101) -> _vectors.Layer:
    frame = gpd.GeoDataFrame(
        {
            "KEY_CODE": [key for key, _, _ in parts],
            "S_NAME": [f"町{str(key)[5:]}" for key, _, _ in parts],
            "HCODE": hcode,
            "JINKO": [people for _, people, _ in parts],
            "SETAI": [households for _, _, households in parts],
            "R2KAxx": 1,
        },
        geometry=[cell(i) for i in range(len(parts))],
        crs="EPSG:6668",
        index=range(1, len(parts) + 1),
    )
    return _vectors.Layer(Path("r2ka.shp"), frame, len(parts), "0", "cp932", "EPSG:6668")


def areas(*parts: tuple[str, Any, Any], **options: Any) -> sources.Reading:
    return census.small_areas(layer(*parts, **options), municipality_code=CODE)


# -- small areas --------------------------------------------------------------------------------------------


def test_the_people_of_an_area_stand_on_one_of_its_parts() -> None:
    found = areas(
        ("99101001001", 0, 0), ("99101001001", "173", "80"), ("99101001001", 0, 0), ("991010020", 5, 2)
    )
    assert found.table[["small_area_id", "people", "households"]].to_numpy().tolist() == [
        ["99101001001", 173.0, 80.0],
        ["991010020", 5.0, 2.0],
    ]
    assert found.table.geometry.iloc[0].area == pytest.approx(3 * cell(0).area)
    assert [n.code for n in found.notes] == ["small_areas_joined"]
    assert (found.edition, found.rows) == ("2020", 4)


def test_people_repeated_on_every_part_count_once() -> None:
    found = areas(("991010010", 173, 80), ("991010010", 173, 80), ("991010010", 0, 0))
    assert found.table[["people", "households"]].to_numpy().tolist() == [[173.0, 80.0]]
    assert [n.code for n in found.notes] == ["small_areas_joined", "small_areas_repeated"]


def test_parts_with_counts_of_their_own_are_summed() -> None:
    found = areas(("991010010", 100, 50), ("991010010", 73, 50))
    assert found.table[["people", "households"]].to_numpy().tolist() == [[173.0, 100.0]]


@pytest.mark.parametrize("hcode", [8154, "8154", 8154.0])
def test_water_is_kept_marked_and_its_people_told(hcode: Any) -> None:
    found = areas(("991010010", 5, 2), hcode=hcode)
    assert found.table["is_water"].tolist() == [True]
    assert found.notes[-1] == sources.Note(
        "info",
        "small_areas_water",
        "{n} areas are water; {people} people are counted there.",
        values={"n": 1, "people": 5},
    )


@pytest.mark.parametrize("key", [991010010, 991010010.0, "９９１０１００１０"])
def test_a_key_is_the_same_however_it_is_written(key: Any) -> None:
    assert areas((key, 7, 3)).table["small_area_id"].tolist() == ["991010010"]


def test_areas_without_people_stay() -> None:
    found = areas(("991010010", 0, 0), ("991010020", 7, 3))
    assert found.table["people"].tolist() == [0.0, 7.0]
    assert found.table["is_water"].tolist() == [False, False]


@pytest.mark.parametrize("wrong", [None, "", "X", -1])
def test_an_area_without_a_count_is_told_by_its_key(wrong: Any) -> None:
    with pytest.raises(errors.DataError, match=r"feature 2 \(991010020\)") as caught:
        areas(("991010010", 7, 3), ("991010020", wrong, 3))
    assert caught.value.code == "small_areas_counts"


def test_areas_of_another_municipality_are_left_out_or_told() -> None:
    found = areas(("991010010", 7, 3), ("131050010", 9, 3))
    assert found.table["small_area_id"].tolist() == ["991010010"]
    with pytest.raises(errors.DataError, match="belong to 13105") as caught:
        areas(("131050010", 9, 3))
    assert caught.value.code == "census_not_here"


COUNTS = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 3000), st.integers(0, 1500)), min_size=1, max_size=8
)


@settings(max_examples=40)
@given(COUNTS, st.randoms())
def test_nobody_is_lost_and_order_changes_nothing(counts: list[tuple[int, int, int]], random: Any) -> None:
    # As published: the count on one part of each area, zero on the others, in any order.
    parts = []
    for i, (n, people, households) in enumerate(counts):
        parts += [
            (f"9910100{i:02d}", *((people, households) if k == 0 else (0, 0)), 3 * i + k) for k in range(n)
        ]
    straight = areas(*((key, p, h) for key, p, h, _ in parts))
    assert straight.table["people"].sum() == sum(p for _, p, _ in counts)
    assert straight.table["households"].sum() == sum(h for _, _, h in counts)
    random.shuffle(parts)
    shuffled = areas(*((key, p, h) for key, p, h, _ in parts))
    pd.testing.assert_frame_equal(
        pd.DataFrame(straight.table.drop(columns="geometry")),
        pd.DataFrame(shuffled.table.drop(columns="geometry")),
    )


# -- the layouts of the censuses ------------------------------------------------------------------------------

_KEYS = ["KIHON1", "DUMMY1", "KIHON2", "KEYCODE1", "KEYCODE2", "AREA_MAX_F", "KIGO_D", "N_KEN", "N_CITY"]
LAYOUTS = {
    "2020": [
        "KEY_CODE", "PREF", "CITY", "S_AREA", "PREF_NAME", "CITY_NAME", "S_NAME", "KIGO_E", "HCODE", "AREA",
        "PERIMETER", "R2KAxx", "R2KAxx_ID", *_KEYS, "KIGO_I", "KBSUM", "JINKO", "SETAI", "X_CODE", "Y_CODE", "KCODE1",
    ],
    "2015": [
        "AREA", "PERIMETER", "H27KA99_", "H27KA99_ID", "KEN", "CITY", "KEN_NAME", "SITYO_NAME", "GST_NAME", "CSS_NAME",
        "HCODE", *_KEYS, "KIGO_E", "KIGO_I", "MOJI", "KBSUM", "JINKO", "SETAI", "X_CODE", "Y_CODE", "KCODE1",
        "KEY_CODE",
    ],
    "2010": [
        "AREA", "PERIMETER", "H22KA99_", "H22KA99_ID", "KEN", "CITY", "KEN_NAME", "SITYO_NAME", "GST_NAME", "CSS_NAME",
        "HCODE", *_KEYS, "N_C1", "KIGO_E", "KIGO_I", "TATE", "DIR", "HIGHT", "JIKAKU", "NMOJI", "MOJI", "SEQ_NO2",
        "KSUM", "CSUM", "JINKO", "SETAI", "X_CODE", "Y_CODE", "KCODE1", "KEY_CODE",
    ],
}  # fmt: skip
"""The columns of the boundary files in their order."""


@pytest.mark.parametrize("year", LAYOUTS)
def test_the_boundary_file_of_every_census(tmp_path: Path, year: str) -> None:
    # Two parts of an area, its people on the smaller; a town without 丁目; water on which people are counted.
    told = [
        {
            "KEY_CODE": "99101001001",
            "S_NAME": "浜田１丁目",
            "KIGO_E": "E2",
            "AREA_MAX_F": "M",
            "JINKO": 0,
            "SETAI": 0,
        },
        {"KEY_CODE": "99101001001", "S_NAME": "浜田１丁目", "KIGO_E": "E1", "JINKO": 173, "SETAI": 80},
        {"KEY_CODE": "991010020", "S_NAME": "髙松", "AREA_MAX_F": "M", "JINKO": 50, "SETAI": 20},
        {"KEY_CODE": "991010390", "S_NAME": "水面調査区", "HCODE": 8154, "JINKO": 5, "SETAI": 5},
    ]
    columns = LAYOUTS[year]
    rows = [{"HCODE": 8101, **row, "MOJI": row["S_NAME"]} for row in told]
    frame = gpd.GeoDataFrame(
        [{column: row.get(column) for column in columns} for row in rows],
        geometry=[cell(i) for i in range(4)],
        crs="EPSG:6668" if year == "2020" else "EPSG:4612",
    )
    stem = {"2020": "r2ka99101", "2015": "h27ka99101", "2010": "h22ka99101"}[year]
    blank = [column for column in columns if frame[column].isna().all()]
    frame.assign(**dict.fromkeys(blank, "")).to_file(tmp_path / f"{stem}.shp", encoding="cp932")
    found = sources.read(tmp_path / f"{stem}.shp", municipality_code=CODE)
    assert (found.kind, found.edition, found.encoding, found.rows) == ("small-areas", year, "cp932", 4)
    assert found.table[["small_area_id", "name", "people", "households", "is_water"]].to_numpy().tolist() == [
        ["99101001001", "浜田1丁目", 173, 80, False],
        ["991010020", "髙松", 50, 20, False],
        ["991010390", "水面調査区", 5, 5, True],
    ]


# -- tables -------------------------------------------------------------------------------------------------

HEADER = ["KEY_CODE", "HYOSYO", "CITYNAME", "NAME", "HTKSYORI", "HTKSAKI", "GASSAN"]
TENURE = ["T001085001", "T001085002", "T001085003"]
ROWS = [
    [CODE, "1", "区", "", "0", "", "", "100", "60", "30"],
    ["991010010", "3", "区", "甲", "1", "", "001001;001002", "40", "30", "10"],
    [CODE + "001001", "4", "区", "甲一丁目", "2", "0010", "", "X", "X", "5"],
    [CODE + "001002", "4", "区", "甲二丁目", "2", "0010", "", "x", "*", "5"],
    ["991010020", "2", "区", "乙", "1", "", "003001", "50", "30", "20"],
    ["99101003001", "4", "区", "丙", "2", "0020", "", "X", "X", "X"],
    ["991010040", "2", "区", "丁", "0", "", "", "1,010", "-", ""],
    ["13105", "1", "文京区", "", "0", "", "", "9", "9", "9"],
]


def table(path: Path, rows: list[list[str]], columns: list[str] = TENURE, encoding: str = "cp932") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([HEADER + columns, [""] * 7 + [f"見出し{c[-3:]}" for c in columns], *rows])
    return path


def values(found: sources.Reading, variable: str) -> dict[str, tuple[Any, str, Any]]:
    rows = found.table[found.table["variable"] == variable]
    return {
        key: (None if math.isnan(v) else v, status, group if isinstance(group, str) else None)
        for key, v, status, group in rows[
            ["small_area_id", "value", "status", "disclosure_group"]
        ].itertuples(index=False)
    }


def test_suppressed_is_unknown_and_names_the_area_that_holds_it(tmp_path: Path) -> None:
    found = sources.read(table(tmp_path / "t.csv", ROWS), municipality_code=CODE)
    assert (found.kind, found.dataset_id, found.edition) == ("census-table", "census-table:T001085", "2020")
    assert values(found, "households_in_dwellings") == {
        CODE: (100, "known", None),
        "991010010": (40, "includes", "991010010"),
        CODE + "001001": (None, "suppressed", "991010010"),
        CODE + "001002": (None, "suppressed", "991010010"),
        "991010020": (50, "includes", "991010020"),
        "99101003001": (None, "suppressed", "991010020"),
        "991010040": (1010, "known", None),
    }


def test_a_holder_includes_others_only_where_they_are_suppressed(tmp_path: Path) -> None:
    rented = values(
        sources.read(table(tmp_path / "t.csv", ROWS), municipality_code=CODE), "households_private_rented"
    )
    assert rented["991010010"] == (10, "known", None)
    assert rented[CODE + "001001"] == (5, "known", None)
    assert rented["991010020"] == (20, "includes", "991010020")


def test_a_dash_is_zero_and_a_blank_is_no_row(tmp_path: Path) -> None:
    found = sources.read(table(tmp_path / "t.csv", ROWS), municipality_code=CODE)
    assert values(found, "households_owned")["991010040"] == (0, "known", None)
    assert "991010040" not in values(found, "households_private_rented")


def test_the_twins_of_earlier_censuses_mean_the_same(tmp_path: Path) -> None:
    columns = [c.replace("T001085", "T000852") for c in TENURE]
    found = sources.read(table(tmp_path / "t.txt", ROWS, columns), municipality_code=CODE)
    assert (found.dataset_id, found.edition) == ("census-table:T000852", "2015")
    assert set(found.table["variable"]) == {
        "households_in_dwellings", "households_owned", "households_private_rented",
    }  # fmt: skip


COLUMNS = {"population": 4, "age": 60, "household_size": 8, "family": 9, "tenure": 3, "building": 9}
"""How many columns of counts the tables of each topic have."""
MEANT = {
    "population": {1: "people", 2: "people_male", 3: "people_female", 4: "households"},
    "age": {
        1: "people", 2: "people_age_00_04", 9: "people_age_35_39", 16: "people_age_70_74", 17: "people_under_15",
        18: "people_15_64", 19: "people_65_plus", 20: "people_75_plus", 21: "people_male", 41: "people_female",
    },
    "household_size": {1: "households_private", 2: "households_one_person"},
    "family": {
        1: "households_private", 2: "households_relatives_only", 3: "households_nuclear", 4: "households_couple_only",
        5: "households_couple_children", 6: "households_other_than_nuclear", 7: "households_with_under_6",
        8: "households_with_under_18", 9: "households_with_65_plus",
    },
    "tenure": {1: "households_in_dwellings", 2: "households_owned", 3: "households_private_rented"},
    "building": {
        1: "dwellings", 2: "dwellings_detached", 3: "dwellings_row", 4: "dwellings_apartment",
        5: "dwellings_apartment_1_2_floors", 8: "dwellings_apartment_11_floors_up", 9: "dwellings_other",
    },
}  # fmt: skip
"""What the columns count by their number, from the labels of the official tables."""
YEARS = {
    "2020": [f"T001{n:03d}" for n in range(81, 87)],
    "2015": [f"T000{n}" for n in range(848, 854)],
    "2010": [f"T000{n}" for n in range(572, 578)],
}


@pytest.mark.parametrize(
    ("table_id", "topic", "year"),
    [(t, topic, year) for year, ids in YEARS.items() for t, topic in zip(ids, COLUMNS, strict=True)],
)
def test_every_table_of_every_census_in_its_whole_layout(
    tmp_path: Path, table_id: str, topic: str, year: str
) -> None:
    numbers = range(1, COLUMNS[topic] + 1)
    whole = [CODE, "1", "区", "", "0", "", "", *(str(10 * n) for n in numbers)]
    holder = ["991010010", "2", "区", "甲", "1", "", "002000", *(str(n) for n in numbers)]
    hidden = [
        "991010020",
        "2",
        "区",
        "乙",
        "2",
        "0010",
        "",
        *("X" if year == "2020" else "*" for _ in numbers),
    ]
    path = table(
        tmp_path / f"tbl{table_id}C99.txt", [whole, holder, hidden], [f"{table_id}{n:03d}" for n in numbers]
    )
    found = sources.read(path, municipality_code=CODE)
    assert (found.kind, found.dataset_id, found.edition) == ("census-table", f"census-table:{table_id}", year)
    assert (found.rows, found.dataset()["kept"]) == (3, 3)
    for number, variable in MEANT[topic].items():
        assert values(found, variable) == {
            CODE: (10 * number, "known", None),
            "991010010": (number, "includes", "991010010"),
            "991010020": (None, "suppressed", "991010010"),
        }


def test_every_table_is_of_a_known_topic_and_year() -> None:
    assert len(census.TABLES) == 18
    for topic, year in census.TABLES.values():
        assert topic in census.VARIABLES
        assert year in ("2010", "2015", "2020")
    age = census.VARIABLES["age"]
    assert (age["002"], age["016"], age["019"], age["020"]) == (
        "people_age_00_04", "people_age_70_74", "people_65_plus", "people_75_plus",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (
            lambda rows, cols: ([[*r[:-1], "12a"] if r[0] == "991010040" else r for r in rows], cols),
            "census_table_cell",
        ),
        (lambda rows, cols: (rows, [c.replace("T001085", "T001103") for c in cols]), "census_table_other"),
        (lambda rows, cols: ([r[:-1] for r in rows], cols[:-1]), "census_table_lacks"),
        (lambda rows, cols: ([*rows[:6], rows[6][:8]], cols), "census_table_short"),
        (lambda rows, cols: (rows[-1:], cols), "census_not_here"),
    ],
)
def test_tables_that_cannot_be_trusted_are_refused(tmp_path: Path, change: Any, code: str) -> None:
    rows, columns = change(ROWS, TENURE)
    with pytest.raises(errors.DataError, match=r"t\.csv") as caught:
        sources.read(table(tmp_path / "t.csv", rows, columns), municipality_code=CODE)
    assert caught.value.code == code


def test_a_wrong_cell_is_told_with_the_row_of_the_file(tmp_path: Path) -> None:
    rows = [*ROWS[:2], [*ROWS[2][:-1], "五"]]
    with pytest.raises(errors.DataError, match="Row 5 of") as caught:
        sources.read(table(tmp_path / "t.csv", rows), municipality_code=CODE)
    assert caught.value.context["value"] == "五"


# -- households ---------------------------------------------------------------------------------------------

LIST = """export const list = {
  甲: { address: "甲", geometry: [139.74, 35.68], singleHousehold: 281, },
  乙: { "address": '乙町', "geometry": [139.75, 35.67], "singleHousehold": 0 },
  丙: { address: "丙", geometry: [35.68, 139.74], singleHousehold: 7 },
  丁: { address: "丁", geometry: [139.74, 35.68] },
};
"""


def test_a_script_is_searched_and_never_run(tmp_path: Path) -> None:
    path = tmp_path / "list.js"
    path.write_text(LIST, encoding="utf-8")
    found = sources.read(path, municipality_code="13101")
    assert (found.kind, found.dataset_id, found.rows) == ("households", "households:list", 4)
    assert found.table[["point_id", "name", "value"]].to_numpy().tolist() == [
        ["乙町", "乙町", 0.0],
        ["甲", "甲", 281.0],
    ]
    assert [(n.code, n.row) for n in found.notes] == [("households_entry", 4), ("households_entry", 5)]


def test_the_same_name_twice_is_two_points(tmp_path: Path) -> None:
    path = tmp_path / "list.js"
    path.write_text(LIST.replace("乙町", "甲"), encoding="utf-8")
    assert sources.read(path, municipality_code="13101").table["point_id"].tolist() == ["甲", "甲#2"]


# -- real files ---------------------------------------------------------------------------------------------

PEOPLE = {
    "13101": 66_680,
    "13102": 169_179,
    "13103": 260_486,
    "13104": 349_385,
    "13105": 240_069,
    "13106": 211_444,
}


@pytest.mark.realdata
@pytest.mark.parametrize("code", PEOPLE)
def test_real_wards_keep_everybody(realdata: Path, code: str) -> None:
    found = sources.read(
        realdata / "census" / "estat_r2ka_tokyo_6wards" / f"r2ka{code}.shp", municipality_code=code
    )
    assert found.table["people"].sum() == PEOPLE[code]
    assert found.table["small_area_id"].is_unique
    assert (found.encoding, found.edition) == ("cp932", "2020")
    if code == "13105":
        assert len(found.table) == 68


@pytest.mark.realdata
def test_kita_ku_joins_its_table_on_every_area(realdata: Path) -> None:
    folder = realdata / "census" / "estat_r2ka_osaka_city"
    areas_, counts = (
        sources.read(folder / name, municipality_code="27127")
        for name in ("大阪市北区.shp", "tblT001082C27.csv")
    )
    assert (len(areas_.table), areas_.table["people"].sum()) == (123, 123_667)
    assert (areas_.encoding, areas_.edition, areas_.crs) == ("utf-8", "2015", "EPSG:2448")
    assert (counts.encoding, counts.edition, counts.rows) == ("cp932", "2020", 10_617)
    assert set(areas_.table["small_area_id"]) <= set(counts.table["small_area_id"])
    wide = counts.table.pivot(index="small_area_id", columns="variable", values="value")
    assert wide.loc["27127", ["people", "people_65_plus"]].tolist() == [139_376, 23_734]
    # Suppressed areas are held by others: known areas of the lowest level add up to the ward.
    lowest = [k for k in wide.index if len(k) > 5 and not any(j != k and j.startswith(k) for j in wide.index)]
    held_by_parent = wide.loc["271270160", "people"]
    assert wide.loc[lowest, "people"].sum() + held_by_parent == 139_376
    older = counts.table[counts.table["variable"] == "people_65_plus"].set_index("small_area_id")
    assert older.loc["27127003001", "status"] == "suppressed"
    assert math.isnan(older.loc["27127003001", "value"])
    assert older.loc[["27127016001", "27127016002"], "disclosure_group"].tolist() == ["271270160"] * 2
    assert older.loc["271270160", ["value", "status"]].tolist() == [186, "includes"]
    assert older.loc["271270150", "disclosure_group"] == "27127019002"
    assert [str(n)[:30] for n in counts.notes] == ["10 areas have suppressed count"]


@pytest.mark.realdata
def test_real_one_person_households(realdata: Path) -> None:
    found = sources.read(
        realdata / "census" / "tokyo_single_households" / "tokyoList.js", municipality_code="13101"
    )
    assert (len(found.table), found.table["value"].sum()) == (5_148, 3_617_277)
    chiyoda = found.table[found.table["name"].str.startswith("千代田区")]
    assert (len(chiyoda), chiyoda["value"].sum()) == (98, 20_866)
    assert found.notes == ()
