"""Entries of the registry → tables for those who keep it: lists, one entry whole, its history, two side by side."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from geo import schedule, schemas, text
from geo.present import words
from geo.present.exports import File
from geo.present.tables import Column, Rows

MOST = 200
"""Entries that are listed on a page; a search finds the others."""
LABELS = {
    "kind": "place_kind",
    "status": "place_status",
    "stage": "place_stage",
    "targets": "place_target",
    "precision": "levels",
    "step_free": "step_free",
    "functions": "function",
    "languages": "spoken",
}
"""Fields whose values have words of their own, and the part of the catalogue where they stand."""
LISTS = ("targets", "functions", "languages")
"""Fields that hold several values, joined by ``;``."""
NOT_SET = ("stage", "closed_on", "next_review_on")
"""Fields that may be blank because there is nothing to tell."""
WHOLE = (
    "name",
    "kind",
    "address",
    "precision",
    "targets",
    "opening_text",
    "understood",
    "functions",
    "capacity",
    "fee_yen",
    "fee_child_yen",
    *schemas.ATTENDANCE,
    "step_free",
    "languages",
    "operator",
    "status",
    "stage",
    "opened_on",
    "closed_on",
    "verified_on",
    "next_review_on",
    "do_not_publish",
    "dataset_id",
    "source_row",
    "place_id",
)
"""What one entry tells, in this order."""


def listing(found: gpd.GeoDataFrame, *, language: text.Language) -> Rows:
    """Entries that were found, at most :data:`MOST`.

    Parameters
    ----------
    found : GeoDataFrame
        Of :func:`geo.entries.search`.
    """
    fields = ("name", "kind", "status", "opening_text", "verified_on", "next_review_on", "address")
    rows = []
    for row in found.head(MOST).to_dict("records"):
        cells = {field: value(field, row[field], language) for field in fields}
        if row["is_due"]:
            cells["next_review_on"] = text.say("registry.is_due", language, day=cells["next_review_on"])
        rows.append(tuple(cells.values()))
    caption = text.say("registry.found", language, n=f"{len(found):,}", shown=f"{len(rows):,}")
    return Rows(
        caption, _columns(fields, language), tuple(rows), language, tuple(found["place_id"].head(MOST))
    )


def names(found: gpd.GeoDataFrame, language: text.Language) -> dict[str, str]:
    """What entries are called in a list to choose from, by id: name and address."""
    return {
        str(row["place_id"]): text.say(
            "registry.choice", language, name=row["name"], address=value("address", row["address"], language)
        )
        for row in found.to_dict("records")
    }


def entry(row: Mapping[str, Any], *, language: text.Language) -> Rows:
    """One entry whole, a fact a row.

    Parameters
    ----------
    row : mapping
        Of ``schemas.Places``.
    """
    told = {**row, "understood": understood(row["opening_text"], language)}
    rows = tuple((_label(field, language), value(field, told[field], language)) for field in WHOLE)
    head = tuple(Column(text.say(f"column.{key}", language)) for key in ("item", "content"))
    return Rows(str(row["name"]), head, rows, language)


def pair(one: Mapping[str, Any], other: Mapping[str, Any], *, caption: str, language: text.Language) -> Rows:
    """Two entries side by side; a mark where they differ."""
    rows = []
    for field in WHOLE:
        if field == "understood":
            continue
        left, right = (value(field, row[field], language) for row in (one, other))
        mark = text.say("registry.same" if left == right else "registry.differs", language)
        rows.append((_label(field, language), left, right, mark))
    keys = ("item", "one", "other", "compared")
    head = tuple(Column(text.say(f"column.{key}", language)) for key in keys)
    return Rows(caption, head, tuple(rows), language)


def history(past: pd.DataFrame, place_id: str, *, language: text.Language) -> Rows:
    """What happened to one entry, the newest first: when, who, which field, before and after.

    Parameters
    ----------
    past : schemas.History
    place_id : str
    """
    own = past[(past["table"] == "Places") & (past["row_key"] == json.dumps([place_id], ensure_ascii=False))]
    rows = []
    for row in own.sort_values(["change", "number"], ascending=[False, True]).to_dict("records"):
        field = row["field"] if isinstance(row["field"], str) else ""
        rows.append(
            (
                *_who(row),
                text.say(f"cli.action.{row['action']}", language),
                _label(field, language) if field else "",
                _was(field, row["before"], language),
                _was(field, row["after"], language),
            )
        )
    keys = ("at", "by", "action", "field", "before", "after")
    head = tuple(Column(text.say(f"column.{key}", language)) for key in keys)
    return Rows(text.say("registry.history", language, n=len(rows)), head, tuple(rows), language)


def _who(row: Mapping[str, Any]) -> tuple[str, str]:
    at, by = (words.short(row[name] if isinstance(row[name], str) else None) for name in _WHO)
    return words.moment(at), by


_WHO = ("changed_at", "changed_by")


def _was(field: str, told: Any, language: text.Language) -> str:
    if not field or not isinstance(told, str):
        return ""
    found = json.loads(told)
    return words.short(found) if field == "geometry" else value(field, found, language)


def understood(opening_text: Any, language: text.Language) -> str:
    """Opening words as they are understood, or which part of them is not."""

    def say(key: str, /, **values: object) -> str:
        return text.say(key, language, **values)

    if not isinstance(opening_text, str) or not opening_text:
        return say("unit.unknown")
    reading = schedule.parse(opening_text)
    if reading.unread:
        return say("registry.unread", parts=say("unit.list").join(reading.unread))
    return schedule.describe(reading.schedule, say)


def value(field: str, found: Any, language: text.Language) -> str:
    """A value of an entry in words; unknown is said so."""
    if found is None or found is pd.NA or found != found or found == "":
        return text.say("registry.not_set" if field in NOT_SET else "unit.unknown", language)
    if field == "do_not_publish":
        return text.say("registry.hidden" if found else "registry.public", language)
    if field in LISTS:
        named = (words.label(LABELS[field], one, language) for one in str(found).split(";"))
        return text.say("unit.list", language).join(named)
    if field == "dataset_id":
        return words.dataset(str(found), language)
    if field in LABELS:
        return words.label(LABELS[field], str(found), language)
    if isinstance(found, int | float):
        return f"{found:,.0f}" if float(found).is_integer() else f"{found:,.2f}"
    return str(found)


def change(field: str, found: Any, language: text.Language) -> str:
    """What a field was, or is to be, in a line.

    Examples
    --------
    >>> change("status", "suspended", "en"), change("open_days_per_week", 0.25, "en"), change("stage", None, "en")
    ('Suspended', '0.25', 'None')
    """
    return words.short(found if isinstance(found, dict | list) else value(field, found, language))


def _label(field: str, language: text.Language) -> str:
    return words.label("column", field, language)


def _columns(fields: Sequence[str], language: text.Language) -> tuple[Column, ...]:
    return tuple(Column(_label(field, language)) for field in fields)


def bundle(files: Sequence[File]) -> bytes:
    """Several files as one zip, the same bytes for the same files.

    Examples
    --------
    >>> bundle([File("a.csv", b"x", 1)]) == bundle([File("a.csv", b"x", 1)])
    True
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name, (2000, 1, 1, 0, 0, 0)), file.content)
    return stream.getvalue()
