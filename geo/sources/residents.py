"""Residents by town and age as a municipality publishes them (地域・年齢別人口): the 住民基本台帳, newer than a census.

The list names its towns and knows no KEY_CODE, so it is joined by name to the small areas that a project has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import pandas as pd

from geo import errors, schemas
from geo.sources import _areas, _points, _tables
from geo.sources._reading import Note, Reading, digest

_PLAIN = {
    "people": ("総人口", "人口総数", "人口"),
    "people_male": ("男性", "男", "男性人口"),
    "people_female": ("女性", "女", "女性人口"),
    "households": ("世帯数",),
}
_NAME = ("地域名", "町丁名", "町丁目名", "町名")
_DAY = ("調査年月日", "調査日", "基準日")
_CODE = ("都道府県コード又は市区町村コード", "全国地方公共団体コード", "市区町村コード")
_AGE = re.compile(r"(\d{1,3})(?:[-~〜ー―–](\d{1,3})歳|歳以上)の?(男性|女性|男|女)")
_WHOLE = ("総数", "合計", "総計", "計", "全域", "全市", "全区", "市計", "区計", "町計", "村計")
_SUMS = {
    **{f"people_age_{low:02d}_{low + 4:02d}": (low, low + 5) for low in range(0, 75, 5)},
    "people_under_15": (0, 15),
    "people_15_64": (15, 65),
    "people_65_plus": (65, 1000),
    "people_75_plus": (75, 1000),
}
"""Ages from, and below, which the classes of both sexes are added."""
_NO_PARTS: tuple[str, ...] = ()
_HIDDEN = ("X", "*", "秘匿")


@dataclass(frozen=True)
class _Row:
    """One town: its key, the areas that share its count (none: it is one itself), and its counts."""

    key: str
    parts: tuple[str, ...]
    counts: Mapping[str, float]
    """NaN: suppressed."""


def table_of(sheet: _tables.Sheet) -> _tables.Table | None:
    """The sheet as a list of residents by town and age; None when it is none."""
    known = {*_NAME, *_DAY, *_CODE, *(name for names in _PLAIN.values() for name in names)}
    table = _tables.with_header(sheet, lambda n: n in known or bool(_AGE.fullmatch(n)), at_least=5)
    if table is None or table.column(_NAME) is None or table.column(_DAY) is None:
        return None
    return table if _classes(table) else None


def of_sheet(
    sheet: _tables.Sheet, *, municipality_code: str, areas: gpd.GeoDataFrame | None, municipality: str = ""
) -> Reading:
    """Residents of each small area by age, in the variables of the census tables.

    Parameters
    ----------
    sheet : Sheet
        地域・年齢別人口. Of several days the latest counts.
    municipality_code : str
        Rows of other municipalities are left out.
    areas : schemas.SmallAreas, optional
        Of the project. A town of several of them, which the list counts as one, is a disclosure group.
    municipality : str
        Its name, which may stand before that of a town.

    Returns
    -------
    reading : Reading
        ``Statistics``, edition the day of the count. A blank cell is no row; ``X`` and ``*`` are NaN and
        ``suppressed``; ``-`` is zero, as in the census. Towns without an area are refused by row; inhabited areas
        that the list leaves out are NaN, since census counts beside newer ones would count people twice.

    Raises
    ------
    MissingTableError
        The project has no small areas yet.
    DataError
        Not such a list, another municipality, a town twice, or a cell that is no count.
    """
    if areas is None or areas.empty:
        raise errors.MissingTableError(
            "residents_no_areas",
            "{file} counts residents by the names of towns, but the project has no small areas to find them by. "
            "Import the boundary file of the census first.",
            file=sheet.path.name,
        )
    whole = _need_table(sheet)
    table, day, notes = _latest(_here(whole, municipality_code))
    rows, refused = _towns(table, _areas.index(areas, municipality), municipality_code, municipality)
    left = _left(areas, rows)
    long = _long([*rows, *_unknown(left, rows)])
    return Reading(
        kind="residents",
        dataset_id="residents",
        schema=schemas.Statistics,
        table=schemas.conform(schemas.Statistics, long.assign(dataset_id="residents")),
        file=table.file,
        sha256=digest([sheet.path]),
        rows=len(whole.rows),
        edition=day,
        encoding=sheet.encoding,
        notes=(*notes, *refused, *_sums_differ(rows), *_missing(left)),
        kept=len(rows),
    )


def _need_table(sheet: _tables.Sheet) -> _tables.Table:
    table = table_of(sheet)
    if table is None:
        raise errors.DataError(
            "residents_columns",
            "{file} is no list of residents by town and age: it needs the columns {needed} and those of the age "
            "classes (first row: {first}).",
            file=sheet.path.name,
            needed=_tables.listed([_NAME[0], _DAY[0], _PLAIN["people"][0]]),
            first=_tables.listed(sheet.rows[0].cells, most=6) if sheet.rows else "-",
        )
    return table


def _here(table: _tables.Table, municipality_code: str) -> _tables.Table:
    at = table.column(_CODE)
    if at is None:
        return table
    codes = [_tables.municipality_code(_cell(row, at)) for row in table.rows]
    # A prefecture's code alone, or none that is right, tells nothing about the municipality.
    told = {code for code in codes if code and not code.endswith("000")}
    rows = tuple(r for r, c in zip(table.rows, codes, strict=True) if c == municipality_code or c not in told)
    if not rows:
        raise errors.DataError(
            "residents_not_here",
            "{file} has no residents of municipality {municipality}; its rows belong to {codes}. Import the list "
            "of {municipality}.",
            file=table.file,
            municipality=municipality_code,
            codes=_tables.listed(sorted(told)),
        )
    return replace(table, rows=rows)


def _latest(table: _tables.Table) -> tuple[_tables.Table, str, list[Note]]:
    """The rows of the latest day. A day that cannot be read would make old counts look new."""
    at = table.column(_DAY)
    days = [_points.iso_date(_cell(row, at)) for row in table.rows]
    for row, day in zip(table.rows, days, strict=True):
        if day is None:
            raise errors.DataError(
                "residents_day",
                "Row {row} of {file} holds {value!r} where the day of the count must stand, like 2024-04-01.",
                file=table.file,
                row=row.number,
                value=_cell(row, at),
            )
    told = [day for day in days if day]
    latest = max(told)
    rows = tuple(row for row, day in zip(table.rows, told, strict=True) if day == latest)
    if len(rows) == len(table.rows):
        return table, latest, []
    note = Note(
        "info",
        "residents_earlier",
        "{n} rows of earlier days were left out; those of {day} count.",
        values={"n": len(table.rows) - len(rows), "day": latest},
    )
    return replace(table, rows=rows), latest, [note]


def _cell(row: _tables.Row, at: int | None) -> str:
    return _tables.plain(row.cells[at]) if at is not None and at < len(row.cells) else ""


# -- towns --------------------------------------------------------------------------------------------------


def _towns(
    table: _tables.Table, known: _areas.Index, municipality_code: str, municipality: str
) -> tuple[list[_Row], list[Note]]:
    at, columns, classes = table.column(_NAME), _columns(table), _classes(table)
    names = [_cell(row, at) for row in table.rows]
    meant = [_areas.found(name, known) if name else ((), False) for name in names]
    own = {found[0] for found, is_parent in meant if len(found) == 1 and not is_parent}
    rows: dict[str, _Row] = {}
    notes: list[Note] = []
    for row, name, (found, is_parent) in zip(table.rows, names, meant, strict=True):
        if name in (*_WHOLE, municipality) and not found:
            key, parts = municipality_code, _NO_PARTS
        elif fault := _fault(row.number, name, found, is_parent, own):
            notes.append(fault)
            continue
        else:
            key = found[0][:9] if is_parent else found[0]
            parts = found if is_parent and not own & set(found) else _NO_PARTS
        if key in rows:
            raise errors.DataError(
                "residents_twice",
                "Row {row} of {file} counts {area} a second time. Leave one row for each town and day.",
                file=table.file,
                row=row.number,
                area=name,
            )
        rows[key] = _Row(key, parts, _counts(table, row, columns, classes))
    if not set(rows) - {municipality_code}:
        raise errors.DataError(
            "residents_no_town",
            "None of the towns of {file} is a small area of the project ({names}). Import the list of the "
            "municipality, with its towns named as in the census.",
            file=table.file,
            names=_tables.listed(names, most=5),
        )
    return list(rows.values()), notes


def _fault(row: int, name: str, found: Sequence[str], is_parent: bool, own: set[str]) -> Note | None:
    values = {"row": row, "area": name}
    if not found:
        return Note(
            "refused",
            "residents_unknown",
            "Row {row}: {area} is no small area of the project; its residents are not counted.",
            row,
            values,
        )
    one_town = is_parent and len({key[:9] for key in found}) == 1
    # A town beside some of its 丁目 may hold those or only the others.
    if (len(found) > 1 and not one_town) or (is_parent and 0 < len(own & set(found)) < len(found)):
        return Note(
            "refused",
            "residents_ambiguous",
            "Row {row}: {area} may be several small areas; its residents are not counted.",
            row,
            values,
        )
    return None


# -- counts -------------------------------------------------------------------------------------------------


def _columns(table: _tables.Table) -> dict[str, int]:
    found = {variable: table.column(names) for variable, names in _PLAIN.items()}
    return {variable: at for variable, at in found.items() if at is not None}


def _classes(table: _tables.Table) -> dict[tuple[int, int], list[int]]:
    """Age classes (from, below) that have a column for each sex."""
    classes: dict[tuple[int, int], dict[str, int]] = {}
    for at, name in enumerate(table.header):
        if match := _AGE.fullmatch(name):
            ages = (int(match[1]), int(match[2]) + 1 if match[2] else 1000)
            classes.setdefault(ages, {})[match[3][0]] = at
    return {ages: sorted(sexes.values()) for ages, sexes in classes.items() if len(sexes) == 2}


def _counts(
    table: _tables.Table,
    row: _tables.Row,
    columns: Mapping[str, int],
    classes: Mapping[tuple[int, int], list[int]],
) -> dict[str, float]:
    counts = {variable: _count(table, row, at) for variable, at in columns.items()}
    for variable, (low, below) in _SUMS.items():
        inside = sorted(ages for ages in classes if low <= ages[0] and ages[1] <= below)
        if _is_whole(inside, low, below):
            cells = [_count(table, row, at) for ages in inside for at in classes[ages]]
            # What is suppressed or blank in one class is so in the sum.
            counts[variable] = None if None in cells else float(sum(c for c in cells if c is not None))
    return {variable: count for variable, count in counts.items() if count is not None}


def _is_whole(inside: Sequence[tuple[int, int]], low: int, below: int) -> bool:
    """Whether classes follow one another without a gap or an overlap from one age to the other."""
    ends = [low, *(ages[1] for ages in inside)]
    return ends[-1] == below and all(a[0] == end for a, end in zip(inside, ends[:-1], strict=True))


def _count(table: _tables.Table, row: _tables.Row, at: int) -> float | None:
    """None: blank; NaN: suppressed."""
    text = _cell(row, at)
    if not text or text.upper() in _HIDDEN:
        return float("nan") if text else None
    value = 0.0 if text in ("-", "‐") else _tables.number(text)
    if value is None or value < 0:
        raise errors.DataError(
            "census_table_cell",
            "Row {row} of {file} holds {value!r} where a count, -, X or * must stand. Correct the cell, or "
            "download the table again.",
            file=table.file,
            row=row.number,
            value=text,
        )
    return value


def _long(rows: Sequence[_Row]) -> pd.DataFrame:
    told: list[tuple[str, str, float, str, str | None]] = []
    for row in rows:
        group = row.key if row.parts else None
        for variable, count in row.counts.items():
            hidden = pd.isna(count)
            status = "suppressed" if hidden else "includes" if row.parts else "known"
            told.append((row.key, variable, count, status, group))
            told += [(part, variable, float("nan"), "suppressed", group) for part in row.parts]
    names = ["small_area_id", "variable", "value", "status", "disclosure_group"]
    long = pd.DataFrame(told, columns=names)
    return long.assign(disclosure_group=pd.array(long["disclosure_group"].tolist(), dtype=object))


# -- what must be told --------------------------------------------------------------------------------------


def _sums_differ(rows: Sequence[_Row]) -> list[Note]:
    ages = ("people_under_15", "people_15_64", "people_65_plus")
    full = [row for row in rows if all(name in row.counts for name in (*ages, "people"))]
    # NaN differs from itself and says nothing here.
    wrong = [row for row in full if abs(sum(row.counts[a] for a in ages) - row.counts["people"]) > 0]
    if not wrong:
        return []
    return [
        Note(
            "info",
            "residents_sum",
            "In {n} towns the age classes do not add up to all residents ({areas}).",
            values={"n": len(wrong), "areas": _tables.listed((row.key for row in wrong), most=5)},
        )
    ]


def _left(areas: Any, rows: Sequence[_Row]) -> Any:
    counted = {key for row in rows for key in (row.key, *row.parts)}
    return areas[~areas["small_area_id"].isin(counted) & (areas["people"] > 0)]


def _unknown(left: Any, rows: Sequence[_Row]) -> list[_Row]:
    """Inhabited areas that the list leaves out: a census count beside newer ones would count some people twice.

    Where an area was suppressed in the census, its people are those of another area, of which the list knows more.
    """
    variables = sorted({variable for row in rows for variable in row.counts})
    return [_Row(key, _NO_PARTS, dict.fromkeys(variables, float("nan"))) for key in left["small_area_id"]]


def _missing(left: Any) -> list[Note]:
    if left.empty:
        return []
    return [
        Note(
            "unknown",
            "residents_missing",
            "{n} inhabited small areas are not in the list; their counts stay unknown ({areas}).",
            values={"n": len(left), "areas": _tables.listed(left["name"], most=5)},
        )
    ]
