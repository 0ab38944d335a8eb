"""Vacant dwellings of a municipality in the housing and land survey (住宅・土地統計調査, every five years).

It is a sample survey: its numbers are estimates, rounded to tens, and there are none for towns and villages of fewer
than 15 000 people, nor for any part of a municipality. So it is a fact beside the results, and changes none of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from geo import errors, schemas
from geo.sources import _tables
from geo.sources._reading import Note, Reading, digest

CATEGORIES: dict[str, tuple[str, ...]] = {
    "housing_dwellings": ("総数", "住宅総数", "総住宅数", "住宅数総数", "住宅数"),
    "housing_vacant": ("空き家", "空き家総数"),
    "housing_vacant_to_let": ("賃貸用の空き家", "賃貸用の住宅", "賃貸用"),
    "housing_vacant_for_sale": ("売却用の空き家", "売却用の住宅", "売却用"),
    "housing_vacant_second_home": ("二次的住宅",),
    "housing_vacant_other": ("賃貸・売却用及び二次的住宅を除く空き家", "その他の住宅"),
}
"""Variable → what the survey calls it. Until 2018 the last was その他の住宅: houses that are neither offered nor used,
the ones that matter here, though also those of people who are long in hospital or away."""

_YEARS = {
    "2023": "2023",
    "令和5年": "2023",
    "2018": "2018",
    "平成30年": "2018",
    "2013": "2013",
    "平成25年": "2013",
}
_AREA = re.compile(r"(地域|地域区分|全国.*市区町村)(コード)?")
_LEAST = ("housing_dwellings", "housing_vacant")


def table_of(sheet: _tables.Sheet) -> _tables.Table | None:
    """The sheet as a table of the survey by municipality; None when it is none."""
    table = _tables.with_header(
        sheet, lambda name: bool(_AREA.fullmatch(name)) or _category(name) is not None, at_least=3
    )
    return table if table and _values(table) and _area(table) is not None else None


def of_sheet(sheet: _tables.Sheet, *, municipality_code: str) -> Reading:
    """Dwellings and vacant dwellings of the municipality.

    Parameters
    ----------
    sheet : Sheet
        居住世帯の有無別住宅数 by municipality, of e-Stat (CSV with rows of metadata before its header, or a workbook),
        2013, 2018 or 2023.
    municipality_code : str

    Returns
    -------
    reading : Reading
        ``Statistics`` with the code of the municipality as key and the variables of :data:`CATEGORIES`. ``-`` is no
        number: nothing of the kind was in the sample.

    Raises
    ------
    DataError
        No such table, no row of the municipality, several rows that differ, or a cell that is no number.
    """
    table = table_of(sheet)
    if table is None:
        raise errors.DataError(
            "housing_columns",
            "{file} is no table of vacant dwellings by municipality: it needs a column of areas with their codes and "
            "the columns {needed} (first row: {first}).",
            file=sheet.path.name,
            needed=_tables.listed(CATEGORIES[name][0] for name in _LEAST),
            first=_tables.listed(sheet.rows[0].cells, most=6) if sheet.rows else "-",
        )
    year = _year(table)
    row = _row(table, municipality_code)
    counts = {variable: _count(table, row, at) for variable, at in _values(table).items()}
    known = {variable: value for variable, value in counts.items() if value is not None}
    dataset_id = f"housing-survey:{year}" if year else "housing-survey"
    frame = pd.DataFrame(
        {
            "small_area_id": municipality_code,
            "variable": list(known),
            "value": list(known.values()),
            "status": "known",
            "disclosure_group": None,
            "dataset_id": dataset_id,
        }
    )
    return Reading(
        kind="housing-survey",
        dataset_id=dataset_id,
        schema=schemas.Statistics,
        table=schemas.conform(schemas.Statistics, frame),
        file=table.file,
        sha256=digest([sheet.path]),
        rows=len(table.rows),
        edition=year,
        encoding=sheet.encoding,
        notes=tuple(_notes(counts)),
        kept=1,
    )


def _category(text: str) -> str | None:
    """The variable that a heading names: numbers of codes, units and the words above it left out."""
    bare = re.sub(r"[【\[(].*?[】\])]|^\d+_|\s", "", _tables.plain(text))
    parts = [part for part in bare.split("_") if part and not part.isdigit()]
    if not parts:
        return None
    # A sum under a heading is that heading's: 空き家_総数 counts vacant dwellings, not all.
    name = parts[-2] if len(parts) > 1 and parts[-1] == CATEGORIES["housing_dwellings"][0] else parts[-1]
    return next((variable for variable, known in CATEGORIES.items() if name in known), None)


def _values(table: _tables.Table) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, name in enumerate(table.header):
        variable = _category(name)
        if variable is not None:
            found.setdefault(variable, at)
    return found if set(_LEAST) <= set(found) else {}


def _area(table: _tables.Table) -> int | None:
    """The column of areas: the one of their codes, or one whose cells begin with them (13105_文京区)."""
    columns = [at for at, name in enumerate(table.header) if _AREA.fullmatch(name)]
    # In the workbooks the header of the areas stands in another row than the kinds of dwellings.
    columns += [at for at in range(len(table.header)) if any(_is_named_area(row, at) for row in table.rows)]
    return next(
        (
            at
            for at in sorted(columns, key=lambda at: not table.header[at].endswith("コード"))
            if any(_code(row, at) for row in table.rows)
        ),
        None,
    )


def _is_named_area(row: _tables.Row, at: int) -> bool:
    return at < len(row.cells) and bool(re.match(r"\d{5}_\D", _tables.plain(row.cells[at])))


def _code(row: _tables.Row, at: int) -> str | None:
    text = _tables.plain(row.cells[at]) if at < len(row.cells) else ""
    return _tables.municipality_code(text.split("_")[0])


def _row(table: _tables.Table, municipality_code: str) -> _tables.Row:
    at = _area(table)
    rows = [row for row in table.rows if at is not None and _code(row, at) == municipality_code]
    if not rows:
        raise errors.DataError(
            "housing_not_here",
            "{file} has no row of municipality {municipality}. The survey has none for towns and villages of fewer "
            "than 15,000 people.",
            file=table.file,
            municipality=municipality_code,
        )
    values = _values(table)
    first, *others = [{v: _count(table, row, column) for v, column in values.items()} for row in rows]
    if any(other != first for other in others):
        raise errors.DataError(
            "housing_twice",
            "Rows {rows} of {file} are all of municipality {municipality} and differ, as where the table is divided "
            "by something else too. Leave the row of all dwellings.",
            rows=_tables.listed(row.number for row in rows),
            file=table.file,
            municipality=municipality_code,
        )
    return rows[0]


def _count(table: _tables.Table, row: _tables.Row, at: int) -> float | None:
    text = _tables.plain(row.cells[at]) if at < len(row.cells) else ""
    if text in ("", "-", "‐", "…", "...", "X", "x", "***"):
        return None
    value = _tables.number(text)
    if value is None or value < 0:
        raise errors.DataError(
            "housing_cell",
            "Row {row} of {file} holds {value!r} where a number of dwellings must stand. Download it again.",
            row=row.number,
            file=table.file,
            value=text,
        )
    return value


def _year(table: _tables.Table) -> str | None:
    """Of the survey, as the rows before the header, the column of time or the name of the file tell."""
    above = [cell for row in table.sheet.rows if row.number <= table.header_row for cell in row.cells]
    first = table.rows[0].cells if table.rows else ()
    for text in (*above, *first, table.file):
        plain = _tables.plain(text)
        found = (year for mark, year in _YEARS.items() if re.search(rf"(?<!\d){mark}(?!\d)", plain))
        if year := next(found, None):
            return year
    return None


def _notes(counts: Mapping[str, float | None]) -> list[Note]:
    dwellings, vacant = counts["housing_dwellings"], counts["housing_vacant"]
    notes = [
        Note(
            "info",
            "housing_sample",
            "The survey asks a sample: its numbers are estimates, rounded to tens, for the municipality as a whole.",
        )
    ]
    if dwellings and vacant is not None:
        notes.append(
            Note(
                "info",
                "housing_vacant",
                "Of {dwellings} dwellings {vacant} are vacant ({percent} %).",
                values={
                    "dwellings": f"{dwellings:,.0f}",
                    "vacant": f"{vacant:,.0f}",
                    "percent": f"{vacant / dwellings:.1%}".removesuffix("%"),
                },
            )
        )
    other = counts.get("housing_vacant_other")
    if dwellings and other is not None:
        notes.append(
            Note(
                "info",
                "housing_vacant_other",
                "{other} of them ({percent} % of all dwellings) are neither to let nor for sale nor second homes.",
                values={"other": f"{other:,.0f}", "percent": f"{other / dwellings:.1%}".removesuffix("%")},
            )
        )
    missing = [variable for variable in CATEGORIES if counts.get(variable) is None]
    if missing:
        notes.append(
            Note(
                "unknown",
                "housing_unknown",
                "The table does not tell: {names}.",
                values={"names": _tables.listed(CATEGORIES[name][0] for name in missing)},
            )
        )
    return notes
