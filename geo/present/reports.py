"""What was read, what would change and what was changed → tables for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from geo import text
from geo.present import entries, tables, words
from geo.present.tables import Column, Rows

FACTS = ("kind", "file", "rows", "kept", "edition", "licence", "encoding", "crs")
LEVELS = ("refused", "unknown", "repaired", "info")
"""Kinds of notes, the gravest first."""
MOST = 200
"""Changes that are listed on a page."""


def _head(keys: str, language: text.Language) -> tuple[Column, ...]:
    return tuple(Column(text.say(f"column.{key}", language)) for key in keys.split())


def dataset(row: Mapping[str, Any], *, language: text.Language) -> Rows:
    """How a file was understood, one fact a row.

    Parameters
    ----------
    row : mapping
        Of ``schemas.Datasets``.
    """
    facts = [(text.say(f"report.{name}", language), _fact(name, row[name], language)) for name in FACTS]
    return Rows(str(row["file"]), _head("item content", language), tuple(facts), language)


def _fact(name: str, value: Any, language: text.Language) -> str:
    if value is None or value != value:
        return text.say("unit.unknown", language)
    if name == "kind":
        return words.label("dataset", str(value), language)
    return f"{value:,}" if name in ("rows", "kept") else str(value)


def notes(table: pd.DataFrame, *, language: text.Language) -> Rows:
    """What was repaired, refused or left unknown, the gravest first; rows as the user's own program counts them.

    Parameters
    ----------
    table : schemas.Notes
    """
    order = {level: i for i, level in enumerate(LEVELS)}
    told = sorted(table.to_dict("records"), key=lambda n: (order[n["level"]], n["number"]))
    rows = [
        (
            text.say(f"cli.level.{note['level']}", language),
            "" if note["row"] is None or note["row"] != note["row"] else f"{note['row']:.0f}",
            text.tell_on_page(note["code"], note["template"], language, **json.loads(note["values"])),
        )
        for note in told
    ]
    return Rows(
        text.say("report.notes", language, n=len(rows)),
        _head("level row told", language),
        tuple(rows),
        language,
    )


def changes(seen: pd.DataFrame, *, language: text.Language) -> Rows:
    """Rows that would come, go or differ, at most :data:`MOST`.

    Parameters
    ----------
    seen : DataFrame
        Of :meth:`geo.project.Changes.of`.
    """
    rows = [_change(row, language) for row in seen.head(MOST).to_dict("records")]
    caption = text.say("report.changes", language, n=len(seen), shown=len(rows))
    return Rows(caption, _head("action row field before after", language), tuple(rows), language)


def _change(row: Mapping[str, Any], language: text.Language) -> tuple[str, ...]:
    before, after = (_value(row[name]) for name in ("before", "after"))
    whole = row["action"] in ("added", "gone")
    if row["table"] == "Places" and not whole:
        before, after = (entries.change(str(row["field"]), told, language) for told in (before, after))
    return (
        text.say(f"cli.action.{row['action']}", language),
        words.short(json.loads(row["row_key"])),
        "" if whole else words.label("column", str(row["field"]), language),
        words.short(before.get("name") if isinstance(before, dict) and "name" in before else before),
        words.short(after.get("name") if isinstance(after, dict) and "name" in after else after),
    )


def _value(told: Any) -> Any:
    return json.loads(told) if isinstance(told, str) and told else None


def history(table: pd.DataFrame, *, language: text.Language) -> Rows:
    """Every change set, the newest first: when (Japan's time), who, what, how many rows.

    Parameters
    ----------
    table : schemas.History
    """
    counted = table[~table["table"].isin(("Datasets", "Notes")) | (table["action"] == "undone")]
    keys = ["change", "changed_at", "changed_by", "dataset_id", "action"]
    sets = counted.fillna({"changed_at": "-", "changed_by": "-"}).groupby(keys, sort=True).size()
    rows = [
        (
            str(change),
            words.moment(at),
            by,
            words.dataset(name, language),
            text.say(f"cli.action.{action}", language),
            "–" if action == "imported" else n,
        )
        for (change, at, by, name, action), n in sets[::-1].items()
    ]
    columns = (
        *_head("change at by dataset_id action", language),
        Column(text.say("column.rows", language), "count"),
    )
    return Rows(text.say("report.history", language), columns, tuple(rows), language)


def editions(table: pd.DataFrame, *, language: text.Language) -> Rows:
    """The datasets that a project holds.

    Parameters
    ----------
    table : schemas.Datasets
    """
    return tables.datasets({"datasets": table.to_dict("records")}, language=language)
