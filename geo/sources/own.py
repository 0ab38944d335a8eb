"""The registry's own files, read back as they were written: nothing is guessed and nothing is rounded."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import geopandas as gpd
import pandas as pd

from geo import errors, schemas
from geo.sources import _points, _tables
from geo.sources._reading import Reading, digest

_MARKS = frozenset(("place_id", "targets_known", "do_not_publish", "dataset_id"))
"""Columns that no other list has."""
_STANDARD = {
    "name": "名称",
    "address": "所在地_連結表記",
    "latitude": "緯度",
    "longitude": "経度",
    "operator": "団体名",
}
"""What these are called where the registry was written as 公共施設一覧."""
_NEEDED = ("name", "kind", "targets", "status", "latitude", "longitude")


def table_of(sheet: _tables.Sheet) -> _tables.Table | None:
    """The sheet as a file of the registry; None when it is another list."""
    table = _tables.with_header(sheet, _MARKS.__contains__, at_least=len(_MARKS))
    return table if table is not None and set(table.header) >= _MARKS else None


def of_sheet(sheet: _tables.Sheet, *, places: pd.DataFrame | None = None) -> Reading:
    """Places of the registry's own file.

    Parameters
    ----------
    sheet : Sheet
    places : schemas.Places, optional
        What the project holds: the file for publication lacks the columns that stay in the house, and taking it in
        again does not blank them.

    Notes
    -----
    A row without ``place_id``, put in by hand, is named by its row; one without ``targets_known``,
    ``do_not_publish`` or ``precision`` says who it is for, may be published, and is where its coordinates are.

    Raises
    ------
    DataError
        A column is missing, or a value is none of the registry's; by row and column.
    """
    table = table_of(sheet)
    if table is None:
        raise _lacking(sheet, sorted(_MARKS))
    at = {c: _where(table, c) for c in (*schemas.columns_of(schemas.Places), "latitude", "longitude")}
    missing = [column for column in _NEEDED if at[column] is None]
    if missing:
        raise _lacking(sheet, missing)
    stem = sheet.path.stem
    named = {_cell(row, at["dataset_id"]) for row in table.rows} - {""}
    dataset_id = named.pop() if len(named) == 1 else f"places:{stem}"
    rows = [_record(table, row, at, dataset_id) for row in table.rows]
    points = gpd.points_from_xy([r.pop("longitude") for r in rows], [r.pop("latitude") for r in rows])
    frame = gpd.GeoDataFrame(rows, columns=_plain_columns(), geometry=points, crs=schemas.STORED_CRS)
    silent = [column for column in schemas.ATTENDANCE if at[column] is None]
    if silent and places is not None:
        frame[silent] = places.set_index("place_id")[silent].reindex(frame["place_id"]).to_numpy()
    return Reading(
        kind="places",
        dataset_id=dataset_id,
        schema=schemas.Places,
        table=schemas.conform(schemas.Places, frame),
        file=sheet.path.name,
        sha256=digest([sheet.path]),
        rows=len(rows),
        encoding=sheet.encoding,
        crs=schemas.STORED_CRS,
    )


def _plain_columns() -> list[str]:
    return [column for column in schemas.columns_of(schemas.Places) if column != "geometry"]


def _lacking(sheet: _tables.Sheet, columns: list[str]) -> errors.DataError:
    return errors.DataError(
        "own_columns",
        "{file} is a file of the registry, but lacks the columns {columns}. Export it again.",
        file=sheet.path.name,
        columns=", ".join(columns),
    )


def _where(table: _tables.Table, column: str) -> int | None:
    return table.column([column, _tables.heading(_STANDARD.get(column, column))])


def _cell(row: _tables.Row, at: int | None) -> str:
    text = row.cells[at] if at is not None and at < len(row.cells) else ""
    # What would be a formula, or begins with an apostrophe itself, was written with one more.
    return text.removeprefix("'")


def _record(
    table: _tables.Table, row: _tables.Row, at: Mapping[str, int | None], dataset_id: str
) -> dict[str, Any]:
    cells = {column: _cell(row, place) for column, place in at.items()}

    def taken(column: str, read: Callable[[str], Any]) -> Any:
        try:
            return read(cells[column])
        except (ValueError, KeyError):
            raise errors.DataError(
                "own_value",
                "{file}, row {row}: {value!r} in column {header} is no value of the registry. Mend it and import it "
                "again.",
                file=table.file,
                row=row.number,
                value=cells[column],
                header=column,
            ) from None

    record: dict[str, Any] = {column: cells[column] or None for column in _plain_columns()}
    record |= {
        column: taken(column, _number)
        for column in ("open_days_per_week", "capacity", "fee_yen", "fee_child_yen", *schemas.ATTENDANCE)
    }
    if record["helpers_75_plus"] > record["helpers"]:
        taken("helpers_75_plus", _outside)
    youngest, oldest = schemas.HELPERS_AGES
    if record["helpers_mean_age"] < youngest or record["helpers_mean_age"] > oldest:
        taken("helpers_mean_age", _outside)
    record |= {column: taken(column, _flag) for column in ("targets_known", "do_not_publish")}
    record |= {column: taken(column, _degrees) for column in ("latitude", "longitude")}
    if not _points.inside(record["longitude"], record["latitude"]):
        taken("latitude", _outside)
    for column, known in _KNOWN.items():
        taken(column, partial(_among, known))
    for column in ("verified_on", "opened_on", "closed_on", "next_review_on"):
        record[column] = taken(column, _day) or None
    taken("stage", lambda text: schemas.STAGES[text] if text else "")
    record["status"] = taken("status", lambda text: _status(text, cells["stage"]))
    record["place_id"] = cells["place_id"] or f"{dataset_id.split(':', 1)[-1]}:{row.number}"
    record["targets_known"] |= cells["targets_known"] == ""
    record["precision"] = cells["precision"] or "point"
    return {**record, "source_row": row.number, "dataset_id": dataset_id}


_KNOWN: Mapping[str, Collection[str]] = {
    "kind": schemas.PLACE_KINDS,
    "targets": schemas.TARGETS,
    "functions": schemas.FUNCTIONS,
    "step_free": ("yes", "no"),
    "precision": schemas.PRECISIONS,
}
"""Columns whose values are names, one or several joined by ``;``."""


def _among(known: Collection[str], text: str) -> str:
    if text and not set(text.split(";")) <= set(known):
        raise ValueError(text)
    return text


def _day(text: str) -> str:
    """A day as ISO 8601; a spreadsheet may have written it anew."""
    if text and _points.iso_date(text) is None:
        raise ValueError(text)
    return _points.iso_date(text) or ""


def _number(text: str) -> float:
    if not text.strip():
        return math.nan
    value = float(text)
    if not 0 <= value < math.inf:
        raise ValueError(text)
    return value


def _degrees(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _outside(text: str) -> float:
    raise ValueError(text)


def _flag(text: str) -> bool:
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}[
        text.strip().lower()
    ]


def _status(text: str, stage: str) -> str:
    """The status, which must be that of the stage where one is given."""
    status = schemas.STAGES[stage] if stage else text
    if status not in schemas.PLACE_STATUS or text not in ("", status):
        raise ValueError(text)
    return status
