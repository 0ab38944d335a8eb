"""What people save: the same words and numbers as on the screen, in files that other programs open."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo.present import downloads
from geo.present.tables import Column, Rows

ROWS = Rows(
    "Areas",
    (Column("Area"), Column("People", "count"), Column("Share", "share")),
    (('=HYPERLINK("http://x")', 1234.4, 0.25), ("b & <c>", None, float("nan"))),
    "en",
    ("a", "b"),
)
SHAPES = gpd.GeoSeries([shapely.Point(0, 0), shapely.Point(1000, 500)], index=["b", "a"], crs=6677)


def test_a_workbook_holds_numbers_and_never_a_formula() -> None:
    with zipfile.ZipFile(io.BytesIO(downloads.content(ROWS, "xlsx"))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        words = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert "<v>1234.4</v>" in sheet
    assert "<v>0.25</v>" in sheet
    assert "=HYPERLINK" in words
    assert "Not known" in words


def test_geojson_joins_shapes_by_their_keys_in_degrees() -> None:
    document = json.loads(downloads.content(ROWS, "geojson", SHAPES))
    first, second = document["features"]
    assert first["properties"] == {"Area": ROWS.rows[0][0], "People": 1234.4, "Share": 0.25}
    assert second["properties"]["People"] is None
    assert second["geometry"]["coordinates"] == pytest.approx([139.8333333, 36.0], abs=1e-6)
    assert first["geometry"]["coordinates"][0] > second["geometry"]["coordinates"][0]


def test_a_geopackage_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "saved.gpkg"
    path.write_bytes(downloads.content(ROWS, "gpkg", SHAPES))
    table = gpd.read_file(path)
    assert table["Area"].tolist() == [row[0] for row in ROWS.rows]
    assert table["People"].isna().tolist() == [False, True]
    assert table.crs.to_epsg() == 6668


def test_an_empty_table_is_a_file_too() -> None:
    nothing = Rows("Gaps", ROWS.columns, (), "ja")
    assert downloads.content(nothing, "xlsx")[:2] == b"PK"
    assert downloads.content(nothing, "csv").decode("utf-8-sig").startswith("Area")
