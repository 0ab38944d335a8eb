"""Tables for people → files: CSV and Excel for a spreadsheet, GeoJSON and GeoPackage for a map program.

What stands in a cell is what stands on the screen; no cell becomes a formula, a link or a script.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import geopandas as gpd
import xlsxwriter

from geo import schemas
from geo.present import tables
from geo.present.tables import Kind, Rows, Value

Form = Literal["csv", "xlsx", "geojson", "gpkg"]
SHEETS: tuple[Form, ...] = ("csv", "xlsx")
FORMS: tuple[Form, ...] = ("csv", "xlsx", "geojson", "gpkg")
LABELS: Mapping[Form, str] = {"csv": "CSV", "xlsx": "Excel", "geojson": "GeoJSON", "gpkg": "GeoPackage"}
MIME: Mapping[Form, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
}
EXCEL: Mapping[Kind, str] = {"count": "#,##0", "share": "0.0%", "metres": "#,##0", "score": "0.00"}
WIDEST = 40


def content(rows: Rows, form: Form, shapes: gpd.GeoSeries | None = None) -> bytes:
    """The file of a table.

    Parameters
    ----------
    rows : Rows
    form : {"csv", "xlsx", "geojson", "gpkg"}
    shapes : GeoSeries, optional
        The shape of each row by ``rows.keys``, for the last two.

    Examples
    --------
    >>> rows = Rows("Places", (tables.Column("Name"),), (("A",),), "en", keys=("a",))
    >>> shapes = gpd.GeoSeries.from_xy([139.7], [35.7], index=["a"], crs=4326)
    >>> json.loads(content(rows, "geojson", shapes))["features"][0]["properties"]
    {'Name': 'A'}
    """
    if form == "csv":
        return tables.csv(rows)
    if form == "xlsx":
        return _workbook(rows)
    if shapes is None or not rows.keys:
        raise ValueError("shapes are needed for a map file")
    return _geojson(rows, shapes) if form == "geojson" else _geopackage(rows, shapes)


def _workbook(rows: Rows) -> bytes:
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, options) as book:
        sheet = book.add_worksheet()
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        formats = {kind: book.add_format({"num_format": code}) for kind, code in EXCEL.items()}
        for column, told in enumerate(rows.columns):
            sheet.write_string(0, column, told.label, head)
            words = [len(rows.show(row[column], told.kind)) for row in rows.rows]
            sheet.set_column(column, column, min(WIDEST, max([8, len(told.label), *words]) * 1.6))
        for line, row in enumerate(rows.rows, start=1):
            for column, (value, told) in enumerate(zip(row, rows.columns, strict=True)):
                if isinstance(value, str) or tables.missing(value):
                    sheet.write_string(line, column, rows.show(value, told.kind))
                else:
                    sheet.write_number(line, column, float(value or 0), formats.get(told.kind))
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(len(rows.rows), 1), len(rows.columns) - 1)
    return stream.getvalue()


def _table(rows: Rows, shapes: gpd.GeoSeries) -> gpd.GeoDataFrame:
    """The rows with their shapes; a number that is not known is empty, not words."""

    def plain(value: Value) -> Value:
        return None if tables.missing(value) else value

    columns = {column.label: [plain(row[i]) for row in rows.rows] for i, column in enumerate(rows.columns)}
    return gpd.GeoDataFrame(columns, geometry=shapes.reindex(list(rows.keys)).to_numpy(), crs=shapes.crs)


def _geojson(rows: Rows, shapes: gpd.GeoSeries) -> bytes:
    document = json.loads(_table(rows, shapes.to_crs(4326)).to_json(drop_id=True))
    return json.dumps(document, ensure_ascii=False).encode()


def _geopackage(rows: Rows, shapes: gpd.GeoSeries) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.gpkg"
        _table(rows, shapes.to_crs(schemas.STORED_CRS)).to_file(path, layer="ibasho", driver="GPKG")
        return path.read_bytes()
