"""Residents by town and age: joined by name, nobody twice, what is suppressed or blank is never zero."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo import demand, errors, schemas, sources

CODE = "99101"
CLASSES = [(low, low + 4) for low in range(0, 85, 5)]
HEADER = [
    "都道府県コード又は市区町村コード", "地域コード", "都道府県名", "市区町村名", "調査年月日", "地域名",
    "総人口", "男性", "女性",
    *(f"{low}-{high}歳の{sex}" for low, high in CLASSES for sex in ("男性", "女性")),
    "85歳以上の男性", "85歳以上の女性", "世帯数", "備考",
]  # fmt: skip
AREAS = (
    ("99101001001", "汐見一丁目", 300.0),
    ("99101001002", "汐見二丁目", 100.0),
    ("991010020", "大字浜田", 30.0),
    ("991010030", "三ヶ崎", 20.0),
)
EACH = [str(n) for n in range(1, 37)]
"""Residents of each class: 1 man and 2 women of 0-4 years, 3 and 4 of 5-9, … 36 women of 85 and more."""


def areas() -> gpd.GeoDataFrame:
    return schemas.conform(
        schemas.SmallAreas,
        gpd.GeoDataFrame(
            {
                "small_area_id": [key for key, _, _ in AREAS],
                "name": [name for _, name, _ in AREAS],
                "municipality_code": CODE,
                "people": [people for _, _, people in AREAS],
                "households": 1.0,
                "is_water": False,
                "dataset_id": "small-areas",
            },
            geometry=[shapely.box(140 + i, 35, 141 + i, 36) for i in range(len(AREAS))],
            crs=schemas.STORED_CRS,
        ),
    )


def row(
    name: str, *, day: str = "46054", code: str = "991015", ages: list[str] = EACH, total: str = "666"
) -> list[str]:
    return [code, "1", "海原県", "澪ヶ浦市", day, name, total, "324", "342", *ages, "250", ""]


def read(path: Path, *rows: list[str], header: list[str] = HEADER, **options: Any) -> sources.Reading:
    with path.open("w", encoding="cp932", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    hints = sources.Hints(areas=areas(), municipality="澪ヶ浦市")
    return sources.read(path, municipality_code=CODE, **{"hints": hints, **options})


def counts(found: sources.Reading, key: str) -> dict[str, float]:
    own = found.table[found.table["small_area_id"] == key]
    return dict(zip(own["variable"], own["value"], strict=True))


def test_the_classes_of_both_sexes_become_the_variables_of_the_census(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", *(row(name) for _, name, _ in AREAS))
    assert (found.kind, found.dataset_id, found.edition) == ("residents", "residents", "2026-02-01")
    assert (found.rows, found.encoding, found.notes) == (4, "cp932", ())
    assert counts(found, "991010020") == {
        "people": 666, "people_male": 324, "people_female": 342, "households": 250,
        **{f"people_age_{5 * i:02d}_{5 * i + 4:02d}": 4 * i + 3 for i in range(15)},
        "people_under_15": sum(range(1, 7)),
        "people_15_64": sum(range(7, 27)),
        "people_65_plus": sum(range(27, 37)),
        "people_75_plus": sum(range(31, 37)),
    }  # fmt: skip
    assert set(found.table["status"]) == {"known"}


@pytest.mark.parametrize("day", ["46054", "2026-02-01", "2026/2/1", "令和8年2月1日"])
def test_the_day_of_the_count_is_the_edition(tmp_path: Path, day: str) -> None:
    assert read(tmp_path / "a.csv", row("浜田", day=day)).edition == "2026-02-01"


def test_of_several_days_the_latest_counts(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", row("浜田", day="2025-04-01", total="1"), row("浜田", day="46054"))
    assert counts(found, "991010020")["people"] == 666
    assert [(n.code, dict(n.values)) for n in found.notes][:1] == [
        ("residents_earlier", {"n": 1, "day": "2026-02-01"})
    ]
    with pytest.raises(errors.DataError, match="Row 3 of") as caught:
        read(tmp_path / "b.csv", row("浜田"), row("三ヶ崎", day="先月"))
    assert caught.value.code == "residents_day"


def test_a_town_counted_as_one_is_spread_over_its_chome_and_never_counted_twice(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", row("汐見"), row("浜田"), row("三ケ崎"))
    older = found.table[found.table["variable"] == "people_65_plus"].set_index("small_area_id")
    assert older["status"].to_dict() == {
        "991010010": "includes", "99101001001": "suppressed", "99101001002": "suppressed",
        "991010020": "known", "991010030": "known",
    }  # fmt: skip
    assert older["disclosure_group"].dropna().to_dict() == dict.fromkeys(
        ["991010010", "99101001001", "99101001002"], "991010010"
    )
    known = demand.attach(areas(), found.table, schemas.empty(schemas.PointCounts))
    people = demand.spread(known, found.table, "people_65_plus")
    assert people.to_dict() == {
        "99101001001": 315 * 0.75, "99101001002": 315 * 0.25, "991010020": 315, "991010030": 315,
    }  # fmt: skip


def test_a_town_beside_all_its_chome_is_a_level_above_and_beside_some_is_refused(tmp_path: Path) -> None:
    whole = read(tmp_path / "a.csv", row("汐見", total="9"), row("汐見1丁目"), row("汐見２丁目"), row("合計"))
    told = whole.table.dropna(subset="value")
    assert set(told["status"]) == {"known"}
    assert set(told["small_area_id"]) == {"991010010", "99101001001", "99101001002", CODE}
    some = read(tmp_path / "b.csv", row("汐見"), row("汐見一丁目"))
    assert set(some.table.dropna(subset="value")["small_area_id"]) == {"99101001001"}
    assert [(n.code, n.row) for n in some.notes if n.level == "refused"] == [("residents_ambiguous", 2)]


def test_blank_is_no_row_suppressed_is_unknown_and_a_dash_is_zero(tmp_path: Path) -> None:
    blank = read(tmp_path / "a.csv", row("浜田", ages=["", *EACH[1:]]))
    told = counts(blank, "991010020")
    assert not {"people_age_00_04", "people_under_15"} & set(told)
    assert told["people_65_plus"] == 315
    hidden = counts(read(tmp_path / "b.csv", row("浜田", ages=[*EACH[:-1], "X"])), "991010020")
    assert math.isnan(hidden["people_65_plus"])
    assert math.isnan(hidden["people_75_plus"])
    assert hidden["people_under_15"] == 21
    dash = counts(read(tmp_path / "c.csv", row("浜田", ages=["-", *EACH[1:]])), "991010020")
    assert dash["people_age_00_04"] == 2


@pytest.mark.parametrize("listed", ["大字浜田", "三ヶ崎"])
def test_a_census_beside_the_list_counts_nobody_twice(tmp_path: Path, listed: str) -> None:
    # In the census 浜田 was suppressed and stands in 三ヶ崎; the list knows one of them only.
    census = pd.DataFrame(
        {
            "small_area_id": ["991010020", "991010030"],
            "variable": "people_65_plus",
            "value": [float("nan"), 40.0],
            "status": ["suppressed", "includes"],
            "disclosure_group": "991010030",
            "dataset_id": "census-table:T001082",
        }
    )
    found = read(tmp_path / "a.csv", row("汐見"), row(listed))
    both = schemas.conform(schemas.Statistics, pd.concat([census, found.table]))
    known = demand.attach(areas(), both, schemas.empty(schemas.PointCounts))
    people = demand.spread(known, both, "people_65_plus")
    assert people.sum() == 2 * 315
    assert people.isna().sum() == 1


def test_classes_with_a_gap_give_no_sum(tmp_path: Path) -> None:
    at = HEADER.index("70-74歳の女性")
    cut = [name for i, name in enumerate(HEADER) if i != at]
    cells = [cell for i, cell in enumerate(row("浜田")) if i != at]
    told = counts(read(tmp_path / "a.csv", cells, header=cut), "991010020")
    assert not {"people_age_70_74", "people_65_plus"} & set(told)
    assert told["people_75_plus"] == sum(range(31, 37))


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", row("浜田", total="700"), row("海原町"), row("浜田", code="992011"))
    assert [(n.level, n.code, n.row) for n in found.notes] == [
        ("refused", "residents_unknown", 3), ("info", "residents_sum", None),
        ("unknown", "residents_missing", None),
    ]  # fmt: skip
    assert ([dict(n.values)["n"] for n in found.notes[1:]], found.rows) == ([1, 3], 3)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row("浜田"), row("大字浜田")], "residents_twice"),
        ([row("海原町")], "residents_no_town"),
        ([row("浜田", code="132012")], "residents_not_here"),
        ([row("浜田", ages=["五", *EACH[1:]])], "census_table_cell"),
        ([row("浜田", ages=["-3", *EACH[1:]])], "census_table_cell"),
    ],
)
def test_lists_that_cannot_be_trusted_are_refused(tmp_path: Path, rows: list[list[str]], code: str) -> None:
    with pytest.raises(errors.DataError, match=r"a\.csv") as caught:
        read(tmp_path / "a.csv", *rows)
    assert caught.value.code == code


def test_a_list_needs_small_areas_and_its_columns(tmp_path: Path) -> None:
    with pytest.raises(errors.MissingTableError) as caught:
        read(tmp_path / "a.csv", row("浜田"), hints=sources.Hints())
    assert caught.value.code == "residents_no_areas"
    (tmp_path / "b.csv").write_text("名称,緯度\n甲,35\n", encoding="utf-8")
    with pytest.raises(errors.DataError) as wrong:
        hints = sources.Hints(areas=areas())
        sources.read(tmp_path / "b.csv", municipality_code=CODE, kind="residents", hints=hints)
    assert wrong.value.code == "residents_columns"
