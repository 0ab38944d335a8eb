"""Grid squares (地域メッシュ): the census by square, and the people that are expected to live there.

A table holds all squares of 80 by 80 km, of every municipality there. Only those that belong to the project's are
kept, whole: see :func:`geo.mesh.owners`. People expected in years to come never count as people of today.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import errors, mesh, schemas
from geo.sources import _estat, _tables, _vectors, census
from geo.sources._reading import Note, Reading, digest

_TOTALS = {"001": "people", "002": "people_male", "003": "people_female"}
VARIABLES: dict[str, dict[str, str]] = {
    "2010": {**_TOTALS, "004": "households"},
    "2015": {
        **_TOTALS,
        "004": "people_under_15",
        "010": "people_15_64",
        "016": "people_65_plus",
        "019": "people_75_plus",
        "022": "people_foreign",
        "025": "households",
        "026": "households_private",
        "027": "households_one_person",
        "034": "households_relatives_only",
        "035": "households_nuclear",
        "036": "households_other_than_nuclear",
        "037": "households_with_under_6",
        "038": "households_with_65_plus",
        "040": "households_65_plus_alone",
        "041": "households_65_plus_couple",
    },
    "2020": {
        **_TOTALS,
        "004": "people_under_15",
        "010": "people_15_64",
        "019": "people_65_plus",
        "022": "people_75_plus",
        "025": "people_85_plus",
        "031": "people_foreign",
        "034": "households",
        "035": "households_private",
        "036": "households_one_person",
        "043": "households_relatives_only",
        "044": "households_nuclear",
        "045": "households_other_than_nuclear",
        "046": "households_with_under_6",
        "047": "households_with_65_plus",
        "049": "households_65_plus_alone",
        "050": "households_65_plus_couple",
    },
}
"""What the last three digits of a column's code count, by census. ``households_65_plus_couple``: husband 65 or older
and wife 60 or older, and nobody else."""

TABLES = {
    "T001140": ("2020", 8), "T001141": ("2020", 9), "T001142": ("2020", 10),
    "T001100": ("2020", 8), "T001101": ("2020", 9), "T001102": ("2020", 10),
    "T000846": ("2015", 8), "T000847": ("2015", 9), "T000876": ("2015", 10),
    "T000608": ("2010", 8), "T000609": ("2010", 9),
}  # fmt: skip
"""Census year and digits of the squares of the mesh tables that are read (T00110x: T00114x in JGD2000)."""

_LABELS = {"people_65_plus": "65歳以上人口", "households": "世帯総数", "households_65_plus_alone": "高齢単身"}
"""How the label of a column begins: the columns moved from census to census."""


# -- the census by square -----------------------------------------------------------------------------------


def table_of(sheet: _tables.Sheet) -> _tables.Table | None:
    """The sheet as a mesh table of the census; None when it is none."""
    table = census.table_of(sheet)
    return table if table and _estat.table_id(table) in TABLES else None


def statistics(sheet: _tables.Sheet, *, municipality_code: str, borders: gpd.GeoDataFrame | None) -> Reading:
    """Counts of the census in the squares that belong to the municipality.

    Parameters
    ----------
    sheet : Sheet
        Of 統計GIS: T001140 (1 km), T001141 (500 m), T001142 (250 m), or those of 2015 and 2010.
    municipality_code : str
    borders : schemas.Municipalities, optional
        Of the project: tells which squares belong to it.

    Returns
    -------
    reading : Reading
        ``Statistics`` with keys ``mesh:`` and the code; suppressed counts as in
        :func:`geo.sources.census.statistics`. People and households are never suppressed there.

    Raises
    ------
    MissingTableError
        The project has no border yet.
    DataError
        No such table, a column that is missing or moved, a code that is none, a cell that is no count, or
        no square of the municipality.
    """
    table, table_id = _need_table(sheet)
    year, digits = TABLES[table_id]
    columns = _estat.columns(table, table_id, VARIABLES[year])
    _check_labels(table, columns)
    by_code = _rows(table, digits)
    own, notes = _own(
        sheet.path.name, by_code, columns["people"], _need(borders, sheet.path.name), municipality_code
    )
    rows = [by_code[code] for code in own]
    cells = _estat.cells(table, rows, columns, key_of=mesh.PREFIX.__add__, prefix=mesh.PREFIX)
    long = _estat.long_form(table, cells)
    _check_totals(table, long)
    primaries = sorted({code[:4] for code in own})
    dataset_id = f"{mesh.KIND}:{table_id}:{'-'.join(primaries)}"
    return Reading(
        kind="census-mesh",
        dataset_id=dataset_id,
        schema=schemas.Statistics,
        table=schemas.conform(schemas.Statistics, long.assign(dataset_id=dataset_id)),
        file=table.file,
        sha256=digest([sheet.path]),
        rows=_estat.rows_of(table),
        edition=year,
        encoding=sheet.encoding,
        notes=(*notes, *_estat.suppression_notes(long), *_torn(table, rows, cells)),
        kept=len(rows),
    )


def _need_table(sheet: _tables.Sheet) -> tuple[_tables.Table, str]:
    table = table_of(sheet)
    if table is None:
        raise errors.DataError(
            "mesh_table",
            "{file} is no mesh table of the census (first row: {first}). Tables that are read: {known}, with their "
            "two header rows.",
            file=sheet.path.name,
            first=_tables.listed(sheet.rows[0].cells, most=6) if sheet.rows else "-",
            known=", ".join(sorted(TABLES)),
        )
    return table, str(_estat.table_id(table))


def _check_labels(table: _tables.Table, columns: Mapping[str, int]) -> None:
    """Columns moved between the censuses: where labels are there, they must say what is read."""
    key = table.header.index("key_code")
    labels = next((row.cells for row in table.rows if not row.cells[key].strip()), ())
    for variable, start in _LABELS.items():
        at = columns.get(variable)
        label = _tables.heading(labels[at]) if at is not None and at < len(labels) else ""
        if label and not label.startswith(start):
            raise errors.DataError(
                "mesh_label",
                "In {file} the column {column} is labelled {label!r}, where {expected!r} was expected: its columns "
                "are not those of table {table}. Download it again.",
                file=table.file,
                column=table.header[columns[variable]].upper(),
                label=label,
                expected=start,
                table=table.header[columns[variable]][:7].upper(),
            )


def _rows(table: _tables.Table, digits: int) -> dict[str, _tables.Row]:
    key = table.header.index("key_code")
    rows: dict[str, _tables.Row] = {}
    for row in table.rows:
        code = _tables.plain(row.cells[key]).removesuffix(".0")
        if not code:
            continue
        if not mesh.is_code(code) or len(code) != digits or code in rows:
            raise errors.DataError(
                "mesh_row",
                "Row {row} of {file}: {mesh!r} is no code of a square of {size} m, or stands there twice. Download "
                "the table again.",
                row=row.number,
                file=table.file,
                mesh=code,
                size=mesh.SIZES_M[digits],
            )
        rows[code] = row
    return rows


def _need(borders: gpd.GeoDataFrame | None, file: str) -> gpd.GeoDataFrame:
    if borders is None or borders.empty:
        raise errors.MissingTableError(
            "mesh_no_border",
            "{file} counts people by grid square, but the project has no border to tell which squares belong to "
            "the municipality. Import N03 first (ibasho fetch DIR n03).",
            file=file,
        )
    return borders


def _own(
    file: str,
    by_code: Mapping[str, _tables.Row],
    people: int,
    borders: gpd.GeoDataFrame,
    municipality_code: str,
) -> tuple[list[str], list[Note]]:
    squares = mesh.owners(list(by_code), borders, municipality_code=municipality_code)
    own = squares[squares["is_own"]]
    if own.empty:
        raise _not_here(file, municipality_code, by_code)
    count = {code: _tables.number(by_code[code].cells[people]) or 0 for code in squares["code"]}
    return own["code"].tolist(), _border_notes(squares, count)


def _not_here(file: str, municipality_code: str, codes: Any) -> errors.DataError:
    return errors.DataError(
        "mesh_not_here",
        "{file} has no square of municipality {municipality}; it holds the primary squares {primaries}. Import the "
        "file of the square that the municipality lies in.",
        file=file,
        municipality=municipality_code,
        primaries=_tables.listed(sorted({code[:4] for code in codes})),
    )


def _border_notes(squares: pd.DataFrame, people: Mapping[str, float]) -> list[Note]:
    """Squares that the border cuts: what was taken and what was left, so that the doubt has a size."""
    cut = squares[squares["share"] < 1]
    if cut.empty:
        return []
    counts = cut["code"].map(people).astype(float)
    taken = cut["is_own"]
    return [
        Note(
            "info",
            "mesh_border",
            "The border cuts {n} squares: {taken} of them lie mostly within and were taken whole, with {people} "
            "people; {left} with {others} people lie mostly outside and were left out.",
            values={
                "n": len(cut),
                "taken": int(taken.sum()),
                "people": _whole(counts[taken].sum()),
                "left": int((~taken).sum()),
                "others": _whole(counts[~taken].sum()),
            },
        )
    ]


def _whole(value: float) -> float | int:
    return int(value) if float(value).is_integer() else round(float(value), 1)


def _check_totals(table: _tables.Table, long: pd.DataFrame) -> None:
    """The people and households of a square are never hidden, nor left blank."""
    keys = long["small_area_id"].unique()
    for variable in ("people", "households"):
        told = long[(long["variable"] == variable) & long["value"].notna()]["small_area_id"]
        missing = sorted(set(keys) - set(told))
        if missing:
            raise errors.DataError(
                "mesh_total",
                "{n} squares of {file} have no count of people or households, for example {mesh}. Download it again.",
                n=len(missing),
                file=table.file,
                mesh=missing[0].removeprefix(mesh.PREFIX),
            )


def _torn(table: _tables.Table, rows: Sequence[_tables.Row], cells: _estat.Cells) -> list[Note]:
    """Groups of squares of which the border leaves some out."""
    codes = {key.removeprefix(mesh.PREFIX) for key in cells.keys}
    lost = sum(bool(goal) and goal.removeprefix(mesh.PREFIX) not in codes for goal in cells.target)
    at = table.column(("gassan",))
    held = [_held(row, at) for row in rows]
    foreign = sum(bool(set(sources) - codes) for sources in held)
    if not lost and not foreign:
        return []
    return [
        Note(
            "unknown",
            "mesh_torn",
            "The counts of {lost} squares are held by a square outside and stay unknown; {foreign} squares hold "
            "counts of squares outside, so that their groups are a few people too many.",
            values={"lost": lost, "foreign": foreign},
        )
    ]


def _held(row: _tables.Row, at: int | None) -> list[str]:
    text = _tables.plain(row.cells[at]) if at is not None and at < len(row.cells) else ""
    return [code.strip() for code in text.split(";") if code.strip()]


# -- people expected ----------------------------------------------------------------------------------------

_AGES = {"PTA": "under_15", "PTB": "15_64", "PTC": "65_plus", "PTD": "75_plus", "PTE": "80_plus"}
_YEAR = re.compile(r"PTN_(20\d\d)")
PROJECTED = "projected_"
"""How the variables of years to come begin: ``projected_people_2050``, ``projected_65_plus_2050``."""


def is_projection(layer: _vectors.Layer) -> bool:
    """Squares with people of years to come (将来推計人口メッシュ)."""
    return "MESH_ID" in layer.columns and any(_YEAR.fullmatch(name) for name in layer.columns)


def projection(layer: _vectors.Layer, *, municipality_code: str, borders: gpd.GeoDataFrame | None) -> Reading:
    """People expected in each square of the municipality, by year and age.

    Parameters
    ----------
    layer : Layer
        国土数値情報 将来推計人口メッシュ (250 m, 500 m or 1 km; 2018 or 2024).
    municipality_code : str
        Squares that the file gives to it alone are kept; of those that it shares the ones of which the largest
        piece lies within.
    borders : schemas.Municipalities, optional
        Without it shared squares are left out.

    Returns
    -------
    reading : Reading
        ``Statistics`` with variables ``projected_people_YEAR`` and ``projected_AGE_YEAR``; people with fractions.
        Totals (PTN) are told for every square; ages are suppressed (``*``) in squares of few people and contained
        in those of another square (``@``).
    """
    if not is_projection(layer):
        raise errors.DataError(
            "projection_columns",
            "{file} holds no people expected by grid square: it needs the columns {needed} (columns: {columns}).",
            file=layer.path.name,
            needed="MESH_ID, PTN_2050",
            columns=_tables.listed(layer.columns),
        )
    frame = _here(layer, municipality_code, borders)
    years = sorted(match[1] for name in layer.columns if (match := _YEAR.fullmatch(name)))
    keys = mesh.PREFIX + frame["MESH_ID"]
    parts = [part for year in years for part in _year(layer, frame, keys, year)]
    long = pd.concat(parts, ignore_index=True)
    dataset_id = f"future-population:{mesh.SIZES_M[len(frame['MESH_ID'].iloc[0])]}m"
    return Reading(
        kind="future-population",
        dataset_id=dataset_id,
        schema=schemas.Statistics,
        table=schemas.conform(
            schemas.Statistics, long[long["filled"]].drop(columns="filled").assign(dataset_id=dataset_id)
        ),
        file=layer.path.name,
        sha256=layer.sha256,
        rows=layer.rows,
        edition=_edition(layer),
        encoding=layer.encoding,
        crs=layer.crs,
        notes=(*layer.notes, *_projection_notes(layer, frame, long, municipality_code)),
        kept=len(frame),
    )


def _here(layer: _vectors.Layer, municipality_code: str, borders: gpd.GeoDataFrame | None) -> pd.DataFrame:
    frame = pd.DataFrame(layer.frame.drop(columns="geometry"))
    codes = frame["MESH_ID"].map(lambda cell: _tables.plain(cell).removesuffix(".0"))
    wrong = frame[~codes.map(mesh.is_code) | codes.duplicated()]
    if len(wrong):
        raise errors.DataError(
            "projection_code",
            "Feature {feature} of {file}: {mesh!r} is no code of a grid square, or stands there twice. Download it "
            "again.",
            feature=int(wrong.index[0]),
            file=layer.path.name,
            mesh=str(wrong["MESH_ID"].iloc[0]),
        )
    frame = frame.assign(MESH_ID=codes)
    owners = (
        frame["SHICODE"].map(_municipalities)
        if "SHICODE" in frame
        else pd.Series([()] * len(frame), frame.index)
    )
    mine = owners.map(lambda told: told == (municipality_code,))
    shared = owners.map(lambda told: not told or (len(told) > 1 and municipality_code in told))
    if shared.any() and borders is not None and len(borders):
        squares = mesh.owners(codes[shared].tolist(), borders, municipality_code=municipality_code)
        mine |= codes.isin(squares.loc[squares["is_own"], "code"]) & shared
    if not mine.any():
        raise _not_here(layer.path.name, municipality_code, codes)
    return frame[mine]


def _municipalities(cell: object) -> tuple[str, ...]:
    told = (_tables.municipality_code(part) for part in _tables.plain(cell).split("_"))
    return tuple(sorted({code for code in told if code}))


def _year(layer: _vectors.Layer, frame: pd.DataFrame, keys: pd.Series[Any], year: str) -> list[pd.DataFrame]:
    hidden = _marks(frame, f"HITOKU{year}", f"HITOKU_{year}")
    target = _marks(frame, f"GASSAN{year}", f"GASSAN_{year}")
    parts = [_part(keys, f"{PROJECTED}people_{year}", _numbers(layer, frame, f"PTN_{year}"))]
    for column, age in _AGES.items():
        name = f"{column}_{year}"
        if name not in frame:
            continue
        values = _numbers(layer, frame, name)
        is_hidden, holds = hidden == "*", hidden == "@"
        group = (mesh.PREFIX + target).where(is_hidden & (target != "")).fillna(keys.where(holds))
        part = _part(keys, f"{PROJECTED}{age}_{year}", values.mask(is_hidden))
        parts.append(
            part.assign(
                status=np.select([is_hidden, holds], ["suppressed", "includes"], "known"),
                disclosure_group=group.astype(object).where(group.notna(), None),
                filled=values.notna() | is_hidden,
            )
        )
    return parts


def _part(keys: pd.Series[Any], variable: str, values: pd.Series[Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "small_area_id": keys,
            "variable": variable,
            "value": values,
            "status": "known",
            "disclosure_group": None,
            "filled": values.notna(),
        }
    )


def _marks(frame: pd.DataFrame, *names: str) -> pd.Series[Any]:
    found = next((name for name in names if name in frame), None)
    return frame[found].map(_tables.plain) if found else pd.Series("", frame.index)


def _numbers(layer: _vectors.Layer, frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    values = frame[name].map(_tables.number).astype(float)
    wrong = frame[(frame[name].map(_tables.plain).ne("") & values.isna()) | (values < 0)]
    if len(wrong):
        raise errors.DataError(
            "projection_cell",
            "Feature {feature} of {file}: {column} holds {value!r} where a number of people must stand. Download it "
            "again.",
            feature=int(wrong.index[0]),
            file=layer.path.name,
            column=name,
            value=str(wrong[name].iloc[0]),
        )
    return values


def _edition(layer: _vectors.Layer) -> str | None:
    """2024 (on the census of 2020) or 2018 (on that of 2015)."""
    if "PTN_2070" in layer.columns or "PTN_2065" in layer.columns:
        return "2024"
    return "2018" if "PTN_2015" in layer.columns else None


def _projection_notes(
    layer: _vectors.Layer, frame: pd.DataFrame, long: pd.DataFrame, municipality_code: str
) -> list[Note]:
    notes = []
    if "SHICODE" in layer.columns:
        told = layer.frame["SHICODE"].map(_municipalities)
        shared = told.map(lambda codes: len(codes) > 1 and municipality_code in codes)
        taken = shared & layer.frame.index.isin(frame.index)
        if shared.any():
            notes.append(
                Note(
                    "info",
                    "projection_shared",
                    "{n} squares are shared with other municipalities: {taken} of them were taken whole, "
                    "{left} left out.",
                    values={
                        "n": int(shared.sum()),
                        "taken": int(taken.sum()),
                        "left": int((shared & ~taken).sum()),
                    },
                )
            )
    hidden = long[long["status"] == "suppressed"]
    if len(hidden):
        notes.append(
            Note(
                "unknown",
                "projection_suppressed",
                "The ages of {n} squares with few people are counted with those of other squares.",
                values={"n": int(hidden["small_area_id"].nunique())},
            )
        )
    return notes
