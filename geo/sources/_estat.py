"""Tables of e-Stat's statistical GIS: two header rows, counts, and what was done to hide small ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo import errors
from geo.sources import _tables
from geo.sources._reading import Note

COLUMN = re.compile(r"(t\d{6})(\d{3})")
"""Code of a column: that of its table, and a number."""


@dataclass(frozen=True)
class Cells:
    """The rows that are taken: keys, what was done to them, and the cells as written."""

    keys: list[str]
    treated: list[str]
    """HTKSYORI: 0 nothing, 1 holds others, 2 suppressed."""
    target: list[str]
    """Key of the area that holds a suppressed one, else blank."""
    rows: list[int]
    cells: dict[str, list[str]]


def table_id(table: _tables.Table) -> str | None:
    """The table that all columns belong to; None when they belong to several or none."""
    ids = {match.group(1).upper() for name in table.header if (match := COLUMN.fullmatch(name))}
    return ids.pop() if len(ids) == 1 else None


def columns(table: _tables.Table, table_id: str, variables: Mapping[str, str]) -> dict[str, int]:
    """Where each variable stands, all of them required."""
    position = {name: i for i, name in enumerate(table.header)}
    found = {v: position[c] for s, v in variables.items() if (c := f"{table_id.lower()}{s}") in position}
    lacking = [f"{table_id}{s}" for s, v in variables.items() if v not in found]
    if lacking:
        raise errors.DataError(
            "census_table_lacks",
            "{file} lacks the columns {columns} of its table. Download it again, whole.",
            file=table.file,
            columns=_tables.listed(lacking),
        )
    return found


def cells(
    table: _tables.Table,
    rows: Sequence[_tables.Row],
    columns: Mapping[str, int],
    *,
    key_of: Callable[[str], str],
    prefix: str,
) -> Cells:
    """The cells of some rows; a table without HTKSYORI and HTKSAKI hides nothing.

    Parameters
    ----------
    table : Table
    rows : sequence of Row
        Of the table.
    columns : mapping
        Of :func:`columns`.
    key_of : callable
        The key of an area as our tables have it, from KEY_CODE.
    prefix : str
        What stands before HTKSAKI in the key of the area that holds a suppressed one: for a small area the code
        of its municipality (four digits follow for one without 丁目, six for one with).
    """
    at = [table.header.index(c) if c in table.header else None for c in ("key_code", "htksyori", "htksaki")]
    # Of the whole header, also where the last columns are not read: a row that ends early was cut off somewhere.
    check_width(table, rows, max(i for i, name in enumerate(table.header) if name))
    keys, how, goals = ([_tables.plain(r.cells[i]) if i is not None else "" for r in rows] for i in at)
    return Cells(
        keys=[key_of(key) for key in keys],
        treated=how,
        target=[prefix + goal if t == "2" and goal else "" for t, goal in zip(how, goals, strict=True)],
        rows=[r.number for r in rows],
        cells={v: [_tables.plain(r.cells[i]) for r in rows] for v, i in columns.items()},
    )


def rows_of(table: _tables.Table) -> int:
    """Rows of areas: the second header row, of labels, has no key."""
    key = table.header.index("key_code")
    return sum(row.cells[key].strip() != "" for row in table.rows)


def check_width(table: _tables.Table, rows: Sequence[_tables.Row], last: int) -> None:
    """Raise when a row ends before the last column of the header."""
    short = [r.number for r in rows if len(r.cells) <= last]
    if short:
        raise errors.DataError(
            "census_table_short",
            "{n} rows of {file} end early, the first is row {row}. It was probably cut off; download it again.",
            file=table.file,
            n=len(short),
            row=short[0],
        )


def long_form(table: _tables.Table, cells: Cells) -> pd.DataFrame:
    """``Statistics`` without ``dataset_id``: suppressed is NaN and names the area that holds it; blank is no row."""
    frames = []
    sources: dict[str, list[int]] = {}
    for i, target in enumerate(cells.target):
        if target:
            sources.setdefault(target, []).append(i)
    for variable, texts in cells.cells.items():
        suppressed = [text.upper() in ("X", "*") for text in texts]
        frames.append(
            pd.DataFrame(
                {
                    "small_area_id": cells.keys,
                    "variable": variable,
                    "value": _values(table, cells, texts),
                    "status": [_status(i, cells, suppressed, sources) for i in range(len(texts))],
                    "filled": [text != "" for text in texts],
                    "target": cells.target,
                }
            )
        )
    long = pd.concat(frames, ignore_index=True)
    group = long["small_area_id"].where(long["status"] == "includes")
    target = long["target"].where((long["status"] == "suppressed") & (long["target"] != ""))
    long["disclosure_group"] = group.fillna(target).astype(object).where(lambda s: s.notna(), None)
    return long[long["filled"]].drop(columns=["filled", "target"])


def _status(i: int, cells: Cells, suppressed: list[bool], sources: Mapping[str, list[int]]) -> str:
    """A holder includes others only in the columns in which they are suppressed."""
    if suppressed[i]:
        return "suppressed"
    held = sources.get(cells.keys[i])
    if held is not None:
        return "includes" if any(suppressed[j] for j in held) else "known"
    return "includes" if cells.treated[i] == "1" else "known"


def _values(table: _tables.Table, cells: Cells, texts: list[str]) -> list[float]:
    values = []
    for row, text in zip(cells.rows, texts, strict=True):
        value = 0.0 if text in ("-", "‐", "－") else _tables.number(text)
        if value is None and text.upper() not in ("X", "*", ""):
            raise errors.DataError(
                "census_table_cell",
                "Row {row} of {file} holds {value!r} where a count, -, X or * must stand. Correct the cell, or "
                "download the table again.",
                file=table.file,
                row=row,
                value=text,
            )
        values.append(np.nan if value is None else value)
    return values


def suppression_notes(long: pd.DataFrame) -> list[Note]:
    """How much is hidden, and of what nobody knows where it is counted."""
    hidden = long[long["status"] == "suppressed"]
    if hidden.empty:
        return []
    notes = [
        Note(
            "unknown",
            "census_suppressed",
            "{areas} areas have suppressed counts ({cells} cells); other areas hold them. They stay unknown.",
            values={"areas": int(hidden["small_area_id"].nunique()), "cells": len(hidden)},
        )
    ]
    keys = long["small_area_id"].unique()
    alone = hidden[hidden["disclosure_group"].isna()]["small_area_id"].unique()
    # A parent whose parts are all held elsewhere names no receiver itself: its parts do.
    lost = [key for key in alone if not any(k != key and k.startswith(key) for k in keys)]
    if len(lost):
        notes.append(
            Note(
                "unknown",
                "census_no_receiver",
                "{n} areas are suppressed without saying which area holds them ({keys}).",
                values={"n": len(lost), "keys": _tables.listed(sorted(lost), most=5)},
            )
        )
    return notes
