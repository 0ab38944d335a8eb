"""Entries of the registry as persons work with them: found, due for review, changed, and kept over imports.

A person's change is kept beside what the list says (:class:`geo.schemas.Edits`). A newer edition that still says the
same does not undo it; one that says something new wins, and the change that it makes is shown before it is stored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd

from geo import changes, errors, registry, schedule, schemas

FIELDS = (
    "name",
    "kind",
    "targets",
    "opening_text",
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
)
"""What a person may change; positions and addresses come from the lists."""
CHOICES: Mapping[str, Collection[str]] = {
    "kind": schemas.PLACE_KINDS,
    "status": schemas.PLACE_STATUS,
    "stage": tuple(schemas.STAGES),
}
"""Fields by which entries are found, and their values."""
_WORDS: Mapping[str, Collection[str]] = {**CHOICES, "step_free": ("yes", "no")}
LONGEST = 500
"""Letters of a name or of opening words: a safeguard, far more than any list has."""
NUMBERS = ("capacity", "fee_yen", "fee_child_yen", *schemas.ATTENDANCE)
_DATES = ("opened_on", "closed_on", "verified_on", "next_review_on")
_YEARS = range(1868, 2201)


def search(
    records: gpd.GeoDataFrame,
    *,
    today: date,
    words: str = "",
    kind: str | None = None,
    status: str | None = None,
    stage: str | None = None,
) -> gpd.GeoDataFrame:
    """Entries by their words and state, those that are due for review first.

    Due are those whose day of review has come. They stand first, the longest due one at the top; then those that
    nobody ever confirmed; then the others, the one confirmed longest ago first.

    Parameters
    ----------
    records : schemas.Places
    today : date
    words : str
        All of them must stand in the name, the address or the operator, in any width or case and with any variant
        of a letter; a name is also found by its core (see :func:`geo.registry.core`).
    kind, status, stage : str, optional
        Only these.

    Returns
    -------
    found : GeoDataFrame
        Of ``records``, with ``is_due``.
    """
    keep = pd.Series(True, index=records.index)
    for field, value in (("kind", kind), ("status", status), ("stage", stage)):
        if value:
            keep &= records[field] == value
    if asked := _plain(words).split():
        told = records[["name", "address", "operator"]].fillna("").astype(str).agg(" ".join, axis=1)
        there = [
            all(word in where or registry.core(word) in core for word in asked)
            for where, core in zip(told.map(_plain), records["name"].map(registry.core), strict=True)
        ]
        keep &= pd.Series(there, index=records.index, dtype=bool)
    found = records[keep].assign(is_due=due(records[keep], today=today))
    order = found.assign(
        _late=found["next_review_on"].where(found["is_due"], "9"),
        _seen=found["verified_on"].fillna(""),
    ).sort_values(["_late", "_seen", "name", "place_id"], kind="stable")
    return gpd.GeoDataFrame(found.loc[order.index].reset_index(drop=True))


def due(records: pd.DataFrame, *, today: date) -> pd.Series[bool]:
    """Whether the day of review of an entry has come; one that is closed needs none.

    Parameters
    ----------
    records : schemas.Places
    today : date
    """
    has_come = records["next_review_on"].fillna("9") <= today.isoformat()
    return (has_come & (records["status"] != "closed")).rename("is_due").astype(bool)


def _plain(words: str) -> str:
    return unicodedata.normalize("NFKC", words).casefold()


# -- what a person changes ----------------------------------------------------------------------------------------


def changed(records: gpd.GeoDataFrame, place_id: str, fields: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """The entries with some fields of one of them changed, and what follows from them.

    Opening words bring their days per week with them. Status and stage agree: a new stage brings its status, and a
    new status drops a stage that does not suit it. Targets that a person gives are known.

    Parameters
    ----------
    records : schemas.Places
    place_id : str
    fields : mapping
        Of :data:`FIELDS`; blank is not known.

    Returns
    -------
    records : schemas.Places

    Raises
    ------
    DataError
        There is no such entry, a value is none that the field may have, or the values contradict one another.
    """
    known = records.index[records["place_id"] == place_id]
    if known.empty:
        raise errors.DataError(
            "no_such_place",
            "{place} is no place of this project. Its places and their ids are in what is written by: ibasho "
            "export DIR --format csv",
            place=place_id,
        )
    row = pd.DataFrame(records).loc[known[0]].to_dict()
    given = {field: _value(field, value) for field, value in fields.items()}
    # A list's own spelling (two blanks, another order of targets) is no change.
    new = {field: value for field, value in given.items() if not _same(value, _tidy(field, row[field]))}
    after = {**row, **new, **_following(row, new)}
    _agree(after)
    _count(after)
    frame = pd.DataFrame(records).astype(object)
    for field, value in after.items():
        if field != "geometry":
            frame.loc[known[0], field] = value
    table = gpd.GeoDataFrame(frame, geometry="geometry", crs=records.crs)
    return gpd.GeoDataFrame(schemas.conform(schemas.Places, table))


def _tidy(field: str, value: Any) -> Any:
    try:
        return _value(field, value)
    except errors.DataError:
        return value


def _same(value: Any, other: Any) -> bool:
    return changes.told(value) == changes.told(other)


def _following(row: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What else changes with the new values."""
    more: dict[str, Any] = {}
    if "opening_text" in new:
        more["open_days_per_week"] = schedule.days_per_week(
            schedule.parse(new["opening_text"] or "").schedule
        )
    if "targets" in new:
        more["targets_known"] = True
    stage = new.get("stage", row["stage"])
    suits = schemas.STAGES.get(str(stage))
    if "stage" in new and "status" not in new and suits:
        more["status"] = suits
    if "status" in new and "stage" not in new and suits != new["status"]:
        more["stage"] = None
    return more


def _agree(row: Mapping[str, Any]) -> None:
    stage, opened, closed = (changes.plain(row[field]) for field in ("stage", "opened_on", "closed_on"))
    if stage and schemas.STAGES[stage] != row["status"]:
        raise errors.DataError(
            "entry_stage",
            "The stage ({stage}) belongs to another status than {status}. Change one of them, or clear the stage.",
            stage=stage,
            status=row["status"],
        )
    if opened and closed and closed < opened:
        raise errors.DataError(
            "entry_closed_before",
            "The place would close ({closed}) before it opens ({opened}). Correct one of the dates.",
            opened=opened,
            closed=closed,
        )


def _count(row: Mapping[str, Any]) -> None:
    helpers, old = row["helpers"], row["helpers_75_plus"]
    if old > helpers:  # what is not known compares as false
        raise errors.DataError(
            "entry_helpers",
            "Of {helpers} helpers {old} cannot be 75 and over. Correct one of the two.",
            helpers=f"{helpers:g}",
            old=f"{old:g}",
        )


def _value(field: str, value: Any) -> Any:
    """A value as the table has it; blank is None."""
    if field not in FIELDS:
        raise errors.DataError(
            "entry_field",
            "{field} cannot be changed by hand. Fields: {fields}",
            field=field,
            fields=", ".join(FIELDS),
        )
    if field == "do_not_publish":
        return bool(value)
    if field == "targets":
        return _targets(value)
    if field in ("functions", "languages"):
        return _several(field, value)
    if changes.plain(value) is None or value == "":
        return _blank(field)
    if field in NUMBERS:
        return _number(field, value)
    return _date(field, value) if field in _DATES else _text(field, str(value))


def _blank(field: str) -> Any:
    if field in ("name", "kind", "status"):
        raise errors.DataError("entry_blank", "{field} must not be blank.", field=field)
    return float("nan") if field in NUMBERS else None


def _text(field: str, value: str) -> Any:
    words = " ".join("".join(c if c.isprintable() or c.isspace() else "" for c in value).split())
    if not words:
        return _blank(field)
    if len(words) > LONGEST:
        raise errors.DataError(
            "entry_long",
            "{field} has {n} letters; at most {most} are kept. Shorten it.",
            field=field,
            n=len(words),
            most=LONGEST,
        )
    if field in _WORDS and words not in _WORDS[field]:
        raise _refused(field, words)
    return words


def _targets(value: Any) -> str:
    given = value.split(";") if isinstance(value, str) else list(value)
    if not given or not set(given) <= set(schemas.TARGETS):
        raise _refused("targets", ";".join(map(str, given)) or "-")
    return ";".join(target for target in schemas.TARGETS if target in given)


def _several(field: str, value: Any) -> str | None:
    """Functions or languages; none of them is not known."""
    told = changes.plain(value) if isinstance(value, str | float) else value
    given = told.split(";") if isinstance(told, str) and told else list(told or ())
    if field == "functions":
        fits = set(given) <= set(schemas.FUNCTIONS)
    else:
        fits = all(re.fullmatch("[a-z]{2}", str(one)) for one in given)
    if not fits:
        raise _refused(field, ";".join(map(str, given)))
    order = schemas.FUNCTIONS if field == "functions" else sorted(set(given))
    return ";".join(one for one in order if one in given) or None


def _number(field: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _refused(field, str(value)) from None
    least, most = schemas.HELPERS_AGES if field == "helpers_mean_age" else (0, 1_000_000)
    if not least <= number <= most:
        raise _refused(field, str(value))
    return number


def _date(field: str, value: Any) -> str:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value).strip())
    except ValueError:
        raise _refused(field, str(value)) from None
    if day.year not in _YEARS:
        raise _refused(field, str(value))
    return day.isoformat()


def _refused(field: str, value: str) -> errors.DataError:
    return errors.DataError(
        "entry_value",
        "{value!r} is nothing that {field} can be. Dates are written 2026-12-05; names of kinds and states are those "
        "of the exported registry.",
        field=field,
        value=value,
    )


# -- over imports -----------------------------------------------------------------------------------------------


def noted(edits: pd.DataFrame, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> pd.DataFrame:
    """The edits with those that turn one state of the entries into another.

    Parameters
    ----------
    edits : schemas.Edits
    before, after : schemas.Places
        Of the same entries.

    Returns
    -------
    edits : schemas.Edits
        A field that a person set back to what its list says is no edit any more.
    """
    told = {(row.place_id, row.field): (row.listed, row.edited) for row in edits.itertuples(index=False)}
    found = changes.between(schemas.Places, before, after, dataset_id="")
    for row in found.itertuples(index=False):
        key = (changes.key_of(row.row_key)[0], row.field)
        listed = told.get(key, (row.before, ""))[0]
        told[key] = (listed, row.after)
        if listed == row.after:
            del told[key]
    return _table(told)


def _table(told: Mapping[tuple[str, str], tuple[str, str]]) -> pd.DataFrame:
    rows = [(*key, *values) for key, values in told.items()]
    if not rows:
        return pd.DataFrame(schemas.empty(schemas.Edits))
    frame = pd.DataFrame(rows, columns=schemas.columns_of(schemas.Edits))
    return pd.DataFrame(schemas.conform(schemas.Edits, frame))


def as_listed(records: gpd.GeoDataFrame, edits: pd.DataFrame) -> gpd.GeoDataFrame:
    """The entries as their lists have them, without what persons changed."""
    return _with(records, edits, "listed")


def kept(records: gpd.GeoDataFrame, edits: pd.DataFrame) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """A newer edition of a list with the edits that still hold, and those edits.

    An edit holds while the list says what it said when it was made.

    Parameters
    ----------
    records : schemas.Places
        As the list has them, with the ids that the project knows.
    edits : schemas.Edits
    """
    listed = _values(records, edits)
    same = [now == was for now, was in zip(listed, edits["listed"], strict=True)]
    hold = edits[pd.Series(same, index=edits.index, dtype=bool)].reset_index(drop=True)
    return _with(records, hold, "edited"), hold


def _values(records: pd.DataFrame, edits: pd.DataFrame) -> list[str | None]:
    """What the records say of each edited field; None where the entry is gone."""
    own = pd.DataFrame(records[records["place_id"].isin(edits["place_id"])]).set_index("place_id")
    return [
        changes.told(own.loc[place, field]) if place in own.index else None
        for place, field in zip(edits["place_id"], edits["field"], strict=True)
    ]


def _with(records: gpd.GeoDataFrame, edits: pd.DataFrame, column: str) -> gpd.GeoDataFrame:
    own = edits[edits["place_id"].isin(records["place_id"])]
    if own.empty:
        return records
    frame = pd.DataFrame(records).astype(object)
    row = dict(zip(frame["place_id"], frame.index, strict=True))
    for place, field, value in zip(own["place_id"], own["field"], own[column], strict=True):
        frame.loc[row[place], field] = changes.value_of(value)
    table = gpd.GeoDataFrame(frame, geometry="geometry", crs=records.crs)
    return gpd.GeoDataFrame(schemas.conform(schemas.Places, table))
