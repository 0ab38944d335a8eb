"""The census: small areas (町丁・字等) with their people, the small-area tables, and counts at points.

Three traps are stepped over here. The people of an area of several polygons stand on one of them only. A table
holds parents beside their children, so its column must never be summed. And a suppressed cell is no zero: its
count is already contained in that of another area.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import errors, schemas
from geo.sources import _estat, _tables, _vectors
from geo.sources._reading import Note, Reading, digest

WATER = "8154"
"""HCODE of a water-surface enumeration district (水面調査区)."""

_AGES = [f"people_age_{low:02d}_{low + 4:02d}" for low in range(0, 75, 5)]
VARIABLES: dict[str, dict[str, str]] = {
    "population": {"001": "people", "002": "people_male", "003": "people_female", "004": "households"},
    "age": {
        "001": "people",
        **{f"{i:03d}": name for i, name in enumerate(_AGES, 2)},
        "017": "people_under_15",
        "018": "people_15_64",
        "019": "people_65_plus",
        "020": "people_75_plus",
        "021": "people_male",
        "041": "people_female",
    },
    "household_size": {"001": "households_private", "002": "households_one_person"},
    "family": {
        "001": "households_private",
        "002": "households_relatives_only",
        "003": "households_nuclear",
        "004": "households_couple_only",
        "005": "households_couple_children",
        "006": "households_other_than_nuclear",
        "007": "households_with_under_6",
        "008": "households_with_under_18",
        "009": "households_with_65_plus",
    },
    "tenure": {
        "001": "households_in_dwellings",
        "002": "households_owned",
        "003": "households_private_rented",
    },
    "building": {
        "001": "dwellings",
        "002": "dwellings_detached",
        "003": "dwellings_row",
        "004": "dwellings_apartment",
        "005": "dwellings_apartment_1_2_floors",
        "006": "dwellings_apartment_3_5_floors",
        "007": "dwellings_apartment_6_10_floors",
        "008": "dwellings_apartment_11_floors_up",
        "009": "dwellings_other",
    },
}
"""What the last three digits of a column's code count, by topic."""

TABLES = {
    "T001081": ("population", "2020"), "T000848": ("population", "2015"), "T000572": ("population", "2010"),
    "T001082": ("age", "2020"), "T000849": ("age", "2015"), "T000573": ("age", "2010"),
    "T001083": ("household_size", "2020"), "T000850": ("household_size", "2015"),
    "T000574": ("household_size", "2010"),
    "T001084": ("family", "2020"), "T000851": ("family", "2015"), "T000575": ("family", "2010"),
    "T001085": ("tenure", "2020"), "T000852": ("tenure", "2015"), "T000576": ("tenure", "2010"),
    "T001086": ("building", "2020"), "T000853": ("building", "2015"), "T000577": ("building", "2010"),
}  # fmt: skip
"""Topic and census year of the e-Stat small-area tables that are read."""

_FIXED = ("key_code", "hyosyo", "htksyori", "htksaki", "gassan")


# -- small areas --------------------------------------------------------------------------------------------


def is_small_areas(layer: _vectors.Layer) -> bool:
    """Polygons with the key and the people of the census boundary file."""
    return "KEY_CODE" in layer.columns and bool({"JINKO", "HCODE", "S_NAME"} & set(layer.columns))


def small_areas(layer: _vectors.Layer, *, municipality_code: str) -> Reading:
    """Areas of the municipality with their people, one row a KEY_CODE.

    Parameters
    ----------
    layer : Layer
        The boundary file of a census (r2ka, h27ka, h22ka). Parts of an area are dissolved and their people
        summed: they stand on the part E1 only. Where a vendor repeats them on every part they count once.

    Returns
    -------
    reading : Reading
        ``SmallAreas``. Water areas are kept and marked, with a note when people live on them.
    """
    _need_columns(layer, ("KEY_CODE", "JINKO", "SETAI"))
    frame = layer.frame
    # Some copies carry the key as a decimal number.
    keys = frame["KEY_CODE"].map(lambda key: _tables.plain(key).removesuffix(".0"))
    here = keys.str.startswith(municipality_code)
    if not here.any():
        raise _not_here(layer.path, municipality_code, keys)
    counts = _counts(layer, frame[here])
    parts = gpd.GeoDataFrame(
        {
            "small_area_id": keys[here],
            "name": _names(frame[here], keys[here]),
            "people": counts["JINKO"],
            "households": counts["SETAI"],
            "is_water": _is_water(frame[here]),
        },
        geometry=frame.geometry[here],
        crs=frame.crs,
    )
    table, notes = _dissolved(parts)
    return Reading(
        kind="small-areas",
        dataset_id="small-areas",
        schema=schemas.SmallAreas,
        table=schemas.conform(
            schemas.SmallAreas, table.assign(municipality_code=municipality_code, dataset_id="small-areas")
        ),
        file=layer.path.name,
        sha256=layer.sha256,
        rows=layer.rows,
        edition=_edition(layer),
        encoding=layer.encoding,
        crs=layer.crs,
        notes=(*layer.notes, *notes),
    )


def _need_columns(layer: _vectors.Layer, needed: tuple[str, ...]) -> None:
    missing = [c for c in needed if c not in layer.columns]
    if missing or layer.shape != "polygon":
        raise errors.DataError(
            "small_areas_columns",
            "{file} is no census boundary file: it holds {shape}s and lacks {missing} (columns: {columns}). "
            "Download the small areas (boundary data) of the census from e-Stat.",
            file=layer.path.name,
            shape=layer.shape,
            missing=_tables.listed(missing),
            columns=_tables.listed(layer.columns),
        )


def _not_here(path: Path, municipality_code: str, keys: pd.Series[Any]) -> errors.DataError:
    return errors.DataError(
        "census_not_here",
        "{file} has no area of municipality {municipality}; its areas belong to {codes}. Import the file that "
        "holds {municipality}.",
        file=path.name,
        municipality=municipality_code,
        codes=_tables.listed(sorted({key[:5] for key in keys if key})),
    )


def _counts(layer: _vectors.Layer, frame: gpd.GeoDataFrame) -> pd.DataFrame:
    counts = pd.DataFrame({c: frame[c].map(_tables.number) for c in ("JINKO", "SETAI")}, dtype=float)
    wrong = counts[(counts.isna() | (counts < 0)).any(axis=1)]
    if len(wrong):
        raise errors.DataError(
            "small_areas_counts",
            "{n} areas of {file} have no count of people or households, for example feature {feature} "
            "({key}). Download the file again.",
            file=layer.path.name,
            n=len(wrong),
            feature=int(wrong.index[0]),
            key=str(frame.loc[wrong.index[0], "KEY_CODE"]),
        )
    return counts


def _names(frame: gpd.GeoDataFrame, keys: pd.Series[Any]) -> list[str]:
    # The files of 2010 and 2015 as they were first published name the areas in MOJI.
    column = next((c for c in ("S_NAME", "MOJI") if c in frame), None)
    named = frame[column].map(_tables.plain) if column else keys
    return [name or key for name, key in zip(named, keys, strict=True)]


def _is_water(frame: gpd.GeoDataFrame) -> Any:
    if "HCODE" not in frame:
        return np.zeros(len(frame), dtype=bool)
    return frame["HCODE"].map(lambda code: _tables.plain(code).removesuffix(".0") == WATER)


def _dissolved(parts: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Note]]:
    grouped = parts.groupby("small_area_id", sort=True)
    sums = {c: grouped[c].sum() for c in ("people", "households")}
    repeated = _repeated(parts)
    for column, single in repeated.items():
        sums[column] = sums[column].where(single.isna(), single)
    shapes = grouped["geometry"].agg(lambda shape: shapely.union_all(shape.to_numpy()))
    table = gpd.GeoDataFrame(
        {"name": grouped["name"].first(), "is_water": grouped["is_water"].all(), **sums},
        geometry=gpd.GeoSeries(shapes, crs=parts.crs),
        crs=parts.crs,
    ).reset_index()
    return table, [*_multipart(grouped), *_repeats(repeated), *_on_water(table)]


def _repeated(parts: gpd.GeoDataFrame) -> dict[str, pd.Series[Any]]:
    """The one count of areas that carry it on several parts; NaN for the others."""
    single = {}
    for column in ("people", "households"):
        filled = parts[parts[column] > 0].groupby("small_area_id")[column]
        same = (filled.size() > 1) & (filled.nunique() == 1)
        single[column] = filled.first().where(same).reindex(parts["small_area_id"].unique())
    # Two parts may truly have as many households; only people repeated too are a vendor's repetition.
    single["households"] = single["households"].where(single["people"].notna())
    return single


def _multipart(grouped: Any) -> list[Note]:
    several = int((grouped.size() > 1).sum())
    if not several:
        return []
    return [
        Note(
            "repaired",
            "small_areas_joined",
            "{n} areas of several polygons were joined, their people summed.",
            values={"n": several},
        )
    ]


def _repeats(repeated: Mapping[str, pd.Series[Any]]) -> list[Note]:
    keys = sorted(repeated["people"].dropna().index)
    if not keys:
        return []
    return [
        Note(
            "repaired",
            "small_areas_repeated",
            "{n} areas carry the same count on each of their polygons; it was taken once ({keys}).",
            values={"n": len(keys), "keys": _tables.listed(keys, most=5)},
        )
    ]


def _on_water(table: gpd.GeoDataFrame) -> list[Note]:
    water = table[table["is_water"]]
    if not len(water):
        return []
    return [
        Note(
            "info",
            "small_areas_water",
            "{n} areas are water; {people} people are counted there.",
            values={"n": len(water), "people": int(water["people"].sum())},
        )
    ]


def _edition(layer: _vectors.Layer) -> str | None:
    marks = {"R7": "2025", "R2": "2020", "H27": "2015", "H22": "2010", "H17": "2005", "H12": "2000"}
    names = [*layer.columns, layer.path.stem]
    found = (re.match(r"(R7|R2|H27|H22|H17|H12)KA", name, re.IGNORECASE) for name in names)
    return next((marks[match.group(1).upper()] for match in found if match), None)


# -- tables -------------------------------------------------------------------------------------------------


def table_of(sheet: _tables.Sheet) -> _tables.Table | None:
    """The sheet as an e-Stat small-area table; None when it is none."""
    found = _tables.with_header(
        sheet, lambda name: name in _FIXED or bool(_estat.COLUMN.fullmatch(name)), at_least=3
    )
    return found if found and "key_code" in found.header and _estat.table_id(found) else None


def statistics(sheet: _tables.Sheet, *, municipality_code: str) -> Reading:
    """Counts of one small-area table for the municipality, in long form.

    Parameters
    ----------
    sheet : Sheet
        A table of 統計GIS (T001081 to T001086, or their twins of 2015 and 2010).

    Returns
    -------
    reading : Reading
        ``Statistics``: ``-`` is zero; ``X`` and ``*`` are NaN and ``suppressed``, with the area that already
        holds them as ``disclosure_group``; that area's own counts are marked ``includes`` where they hold some.
        Rows of every level stay, also the municipality's own (its key is the five-digit code): never sum them.
        A blank cell is no row.

    Raises
    ------
    DataError
        A table of another topic, a missing column, a cell that is no count, or another municipality.
    """
    table, table_id = _need_table(sheet)
    topic, year = TABLES[table_id]
    cells = _cells(table, table_id, VARIABLES[topic], municipality_code)
    long = _estat.long_form(table, cells)
    dataset_id = f"census-table:{table_id}"
    return Reading(
        kind="census-table",
        dataset_id=dataset_id,
        schema=schemas.Statistics,
        table=schemas.conform(schemas.Statistics, long.assign(dataset_id=dataset_id)),
        file=table.file,
        sha256=digest([sheet.path]),
        rows=_estat.rows_of(table),
        edition=year,
        encoding=sheet.encoding,
        notes=tuple(_estat.suppression_notes(long)),
        kept=len(cells.keys),
    )


def _need_table(sheet: _tables.Sheet) -> tuple[_tables.Table, str]:
    table = table_of(sheet)
    table_id = _estat.table_id(table) if table else None
    missing = [c for c in ("key_code", "htksyori", "htksaki") if table is None or c not in table.header]
    if table is None or table_id is None or missing:
        raise errors.DataError(
            "census_table_columns",
            "{file} is no small-area table of e-Stat: it lacks {missing} (first row: {first}). Download a table "
            "like T001082 from the statistical GIS, with its two header rows.",
            file=sheet.path.name,
            missing=_tables.listed([c.upper() for c in missing] or ["T001082001"]),
            first=_tables.listed(sheet.rows[0].cells, most=6) if sheet.rows else "-",
        )
    if table_id not in TABLES:
        raise errors.DataError(
            "census_table_other",
            "{file} is table {table}, which is not used. Tables that are: {known}.",
            file=sheet.path.name,
            table=table_id,
            known=", ".join(sorted(TABLES)),
        )
    return table, table_id


def _cells(
    table: _tables.Table, table_id: str, variables: Mapping[str, str], municipality_code: str
) -> _estat.Cells:
    key = table.header.index("key_code")
    rows = [r for r in table.rows if _is_key(r.cells[key], municipality_code)]
    if not rows:
        raise _not_here(
            table.sheet.path,
            municipality_code,
            pd.Series([r.cells[key] for r in table.rows if r.cells[key].isdigit()]),
        )
    return _estat.cells(
        table, rows, _estat.columns(table, table_id, variables), key_of=str, prefix=municipality_code
    )


def _is_key(cell: str, municipality_code: str) -> bool:
    text = _tables.plain(cell)
    return text.startswith(municipality_code) and text.isdigit() and len(text) in (5, 9, 11)


# -- households at points -----------------------------------------------------------------------------------

_ENTRY = re.compile(r"\{([^{}]*)\}")
_ADDRESS = re.compile(r"""["']?address["']?\s*:\s*(["'])(?P<text>(?:(?!\1)[^\\\n])*)\1""")
_POINT = re.compile(r"""["']?geometry["']?\s*:\s*\[\s*(?P<x>-?[\d.]+)\s*,\s*(?P<y>-?[\d.]+)\s*,?\s*\]""")
_COUNT = re.compile(r"""["']?singleHousehold["']?\s*:\s*(?P<n>\d+(?:\.\d+)?)""")


def is_households(head: str) -> bool:
    """A JavaScript or JSON list of one-person households."""
    return "singleHousehold" in head and "geometry" in head


def households(path: Path) -> Reading:
    """One-person households at the middle of each 町丁目, from a list in JavaScript.

    The list is searched, never run: an entry counts when it has an address, a position and a number.

    Returns
    -------
    reading : Reading
        ``PointCounts`` of every entry in the file; areas take theirs by position later.
    """
    text, encoding = _tables.decode(_tables.raw(path), file=path.name)
    dataset_id = f"households:{path.stem}"
    rows: list[dict[str, Any]] = []
    notes: list[Note] = []
    entries = list(_ENTRY.finditer(text))
    for entry in entries:
        row, fault = _household(entry.group(1))
        if row is None:
            notes.append(_refused(text.count("\n", 0, entry.start()) + 1, fault))
        else:
            rows.append(row)
    if not rows or text.count("{") - text.count("}"):
        raise errors.DataError(
            "households_none",
            "{file} is no complete list of one-person households: {n} entries with address, geometry and "
            "singleHousehold, {faults} without. Export the list again.",
            file=path.name,
            n=len(rows),
            faults=len(entries) - len(rows),
        )
    return Reading(
        kind="households",
        dataset_id=dataset_id,
        schema=schemas.PointCounts,
        table=schemas.conform(schemas.PointCounts, _points(rows, dataset_id)),
        file=path.name,
        sha256=digest([path]),
        rows=len(entries),
        encoding=encoding,
        crs="EPSG:4326",
        notes=tuple(notes),
    )


def _household(body: str) -> tuple[dict[str, Any] | None, str]:
    address, point, count = _ADDRESS.search(body), _POINT.search(body), _COUNT.search(body)
    if not (address and point and count):
        return None, " ".join(body.split())[:60]
    x, y = _tables.number(point["x"]), _tables.number(point["y"])
    west, south, east, north = _vectors.JAPAN
    if x is None or y is None or not (west <= x <= east and south <= y <= north):
        return None, f"{address['text']}: [{point['x']}, {point['y']}]"
    return {"name": address["text"], "value": float(count["n"]), "x": x, "y": y}, ""


def _refused(line: int, fault: str) -> Note:
    return Note(
        "refused",
        "households_entry",
        "Line {line}: no entry, or not a longitude and latitude in Japan ({fault}).",
        line,
        {"line": line, "fault": fault},
    )


def _points(rows: list[dict[str, Any]], dataset_id: str) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(rows)
    again = frame.groupby("name").cumcount()
    return gpd.GeoDataFrame(
        {
            "point_id": frame["name"] + again.map(lambda n: f"#{n + 1}" if n else ""),
            "name": frame["name"],
            "variable": "households_one_person",
            "value": frame["value"],
            "dataset_id": dataset_id,
        },
        geometry=gpd.points_from_xy(frame["x"], frame["y"], crs="EPSG:4326").to_crs(schemas.STORED_CRS),
        crs=schemas.STORED_CRS,
    )
