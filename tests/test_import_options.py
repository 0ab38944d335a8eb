"""What a person may say about a file that the file does not: its sheet, its order of coordinates, its terms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from geo import errors, project
from geo.sources import fetch


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


HEAD = ["名称", "緯度", "経度"]


def made(folder: Path) -> project.Project:
    return project.create(folder / "p", municipality="13105")


def layer(path: Path, *xy: tuple[float, float]) -> Path:
    features = [
        {"type": "Feature", "properties": {"name": f"{i}"}, "geometry": {"type": "Point", "coordinates": p}}
        for i, p in enumerate(xy)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_each_sheet_of_a_workbook_is_a_list_of_its_own(tmp_path: Path) -> None:
    rows = {
        "東部": [HEAD, ["甲", 35.7, 139.75]],
        "西部": [HEAD, ["乙", 35.71, 139.74], ["丙", 35.72, 139.74]],
    }
    book, target = workbook(tmp_path / "salons.xlsx", rows), made(tmp_path)
    for name in rows:
        project.add(target, project.read(target, [book], sheet=name))
    from geo import schemas

    found = target.store.read(schemas.Places)
    assert sorted(found["name"]) == ["丙", "乙", "甲"]
    assert sorted(set(found["dataset_id"])) == ["places:salons-東部", "places:salons-西部"]
    assert set(target.store.read(schemas.Datasets)["file"]) == {"salons.xlsx"}
    assert project.compare(target, project.read(target, [book], sheet="東部")).history.empty


def test_a_sheet_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    book, target = workbook(tmp_path / "a.xlsx", {"東部": [HEAD, ["甲", 35.7, 139.75]]}), made(tmp_path)
    with pytest.raises(errors.DataError, match="東部"):
        project.read(target, [book], sheet="南部")
    with pytest.raises(errors.DataError, match="no workbook"):
        project.read(target, [layer(tmp_path / "a.geojson", (139.7, 35.7))], sheet="南部")


def test_swapped_coordinates_are_exchanged_when_one_says_so(tmp_path: Path) -> None:
    target = made(tmp_path)
    points = layer(tmp_path / "a.geojson", (35.7, 139.75), (35.71, 139.76))
    table = tmp_path / "b.csv"
    table.write_text("名称,緯度,経度\n甲,139.75,35.7\n乙,139.76,35.71\n", encoding="utf-8")
    for path in (points, table):
        with pytest.raises(errors.DataError, match="--swap-xy"):
            project.read(target, [path])
        (reading,) = project.read(target, [path], swap_xy=True)
        assert reading.table.geometry.x.round(2).tolist() == [139.75, 139.76]
        assert "layer_exchanged" in {note.code for note in reading.notes}


def test_terms_are_told_by_the_user_the_file_or_its_official_name(tmp_path: Path) -> None:
    target = made(tmp_path)
    path = layer(tmp_path / "P05-22_13.geojson", (139.75, 35.7), (139.76, 35.71))
    (official,) = project.read(target, [path], kind="places")
    assert official.edition == "2022"
    assert official.licence == fetch.licence_of(fetch.chosen(["p05"])[0])
    (told,) = project.read(target, [path], kind="places", edition="令和4年", licence="CC BY 4.0")
    assert (told.edition, told.licence) == ("令和4年", "CC BY 4.0")
    own = layer(tmp_path / "places.geojson", (139.75, 35.7))
    assert project.read(target, [own])[0].licence is None
    (own_told,) = project.read(target, [own], licence="庁内限り")
    assert own_told.licence == "庁内限り"


@pytest.mark.parametrize(
    ("file", "dataset", "edition"),
    [
        ("N03-20250101_27_shikyo.geojson", "n03", "2025"),
        ("A27-21_13.shp", "a27", "2021"),
        ("A32-23_29_GML.zip", "a32", "2023"),
        ("tblT001082C27.csv", "t001082", "2020"),
        ("A32-23_99.shp", None, None),
        ("A32-23_290.shp", None, None),
        ("zones.shp", None, None),
    ],
)
def test_official_files_are_known_by_their_names(file: str, dataset: str | None, edition: str | None) -> None:
    from geo import schemas
    from geo.sources import Reading

    kind = fetch.chosen([dataset])[0].kind if dataset else "zones"
    reading = Reading(kind or "zones", "a", schemas.Zones, schemas.empty(schemas.Zones), file, "0" * 64, 0)
    found = fetch.recognised(reading)
    assert found.edition == edition
    assert found.licence == (fetch.licence_of(fetch.chosen([dataset])[0]) if dataset else None)


def test_a_column_that_stands_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("名称,緯度,経度,電話,電話,名称\n甲,35.7,139.75,1,1,乙\n", encoding="utf-8")
    (reading,) = project.read(made(tmp_path), [path])
    assert reading.table["name"].tolist() == ["甲"]
    (note,) = [note for note in reading.notes if note.code == "column_twice"]
    assert dict(note.values) == {"column": "名称", "n": 2}
