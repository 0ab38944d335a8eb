"""The registry as files: whole for those who keep it, and as the standards have it for those who publish it.

What leaves the house holds only places that are open, in no home and not asked to be kept out; contact columns stay
blank, and 方書 too, since it says whose home a room is in. What is imported again from any of these files changes
nothing.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

import geopandas as gpd
import pandas as pd
import xlsxwriter

from geo import registry, schedule, schemas, text
from geo.present import tables
from geo.present.words import label

Form = Literal["csv", "xlsx", "cafeteria49", "facilities"]
FORMS: tuple[Form, ...] = get_args(Form)
INTERNAL: tuple[Form, ...] = ("csv", "xlsx")
"""Forms that hold all of the registry, and must stay in the house."""

OWN = (
    *(c for c in schemas.columns_of(schemas.Places) if c not in ("source_row", "dataset_id", "geometry")),
    "latitude",
    "longitude",
    "dataset_id",
)
"""Columns of the registry's own files."""

_CODES = {6.0: "1", 3.5: "2", 1.5: "3", 0.5: "4", 0.25: "5", 0.08: "6"}
_IRREGULAR = "8"
_OFTEN = {words: code for code, words in schedule.FREQUENCY_WORDS.items()}
_BOUND_UP = ("name", "address", "latitude", "longitude", "operator")
_HOURS = re.compile(r"(?:(?P<days>.+) )?(?P<start>\d{1,2}:\d{2})~(?P<end>\d{1,2}:\d{2})")
_EPOCH = datetime(2000, 1, 1)
"""Written as the date of a workbook: the same places make the same bytes."""


@dataclass(frozen=True)
class File:
    """A file that may be written."""

    name: str
    content: bytes
    places: int


@cache
def _standard(form: str) -> dict[str, Any]:
    content = resources.files("geo.present").joinpath("exports.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(content)[form])


def files(
    records: gpd.GeoDataFrame, pairs: pd.DataFrame, *, form: Form, code: str, municipality: str
) -> list[File]:
    """The registry as files, one for each list that was imported.

    Parameters
    ----------
    records : schemas.Places
        Entries of all lists, in degrees.
    pairs : schemas.Duplicates
        Of :func:`geo.registry.duplicates`: an entry that another one leads is not published twice.
    form : str
        One of :data:`FORMS`.
    code, municipality : str
        Six digits, and the name, for the columns of the standards.
    """
    chosen = records if form in INTERNAL else _public(records, pairs, form)
    made: list[File] = []
    for dataset_id, part in pd.DataFrame(chosen).groupby("dataset_id", sort=True):
        rows = part.sort_values(["source_row", "place_id"]).to_dict("records")
        if form in INTERNAL:
            header, cells = OWN, [_own(row) for row in rows]
        else:
            convert = _cafeteria if form == "cafeteria49" else _facility
            filled = [{**convert(row), **_here(form, code, municipality)} for row in rows]
            header = tuple(_standard(form)["columns"]) + (_beyond() if form == "facilities" else ())
            cells = filled
        content = (
            _workbook(header, cells) if form == "xlsx" else _csv(header, cells, is_own=form != "cafeteria49")
        )
        name = _file_name(str(dataset_id), "xlsx" if form == "xlsx" else "csv", [file.name for file in made])
        made.append(File(name, content, len(rows)))
    return made


def public(table: pd.DataFrame, vacancies: gpd.GeoDataFrame) -> list[File]:
    """Results that anybody may see, for a spreadsheet.

    Parameters
    ----------
    table : schemas.Public
    vacancies : GeoDataFrame
        Of :func:`geo.disclosure.listed`, in degrees.
    """
    rows = [{column: _text(value) for column, value in row.items()} for row in table.to_dict("records")]
    made = [File("zones.csv", _csv(list(table.columns), rows, is_own=False), len(rows))]
    columns = ["kind", "floor_area_m2", "built_year"]
    points = [
        {
            **{column: _text(row[column]) for column in columns},
            "latitude": _text(row["geometry"].y),
            "longitude": _text(row["geometry"].x),
        }
        for row in vacancies.to_dict("records")
    ]
    header = [*columns, "latitude", "longitude"]
    return [*made, File("vacancies.csv", _csv(header, points, is_own=False), len(points))]


def _file_name(dataset_id: str, suffix: str, taken: Sequence[str]) -> str:
    """A name that every system can write; lists that differ in a sign or a case only stay two files."""
    stem = re.sub(r"[^\w.+-]", "_", dataset_id.split(":", 1)[-1]).lstrip(".") or "places"
    known = {name.casefold() for name in taken}
    numbered = (f"{stem}{end}.{suffix}" for end in ("", *(f"_{n}" for n in range(2, len(taken) + 3))))
    return next(name for name in numbered if name.casefold() not in known)


def _public(records: gpd.GeoDataFrame, pairs: pd.DataFrame, form: Form) -> gpd.GeoDataFrame:
    leading = registry.places(records, pairs)["place_id"]
    shown = registry.publishable(gpd.GeoDataFrame(records[records["place_id"].isin(leading)]))
    return shown[shown["kind"] == "children_cafeteria"] if form == "cafeteria49" else shown


def _here(form: Form, code: str, municipality: str) -> dict[str, str]:
    names = _standard(form)
    return {names["code"]: code, names["municipality"]: municipality}


def _own(row: Mapping[Any, Any]) -> dict[str, str]:
    point = row["geometry"]
    return {
        **{c: _text(row[c]) for c in OWN if c in row},
        "latitude": _text(point.y),
        "longitude": _text(point.x),
    }


def _beyond() -> tuple[str, ...]:
    """Columns of the registry's own that the list of facilities has no column for, but those of the house."""
    return tuple(column for column in OWN if column not in (*_BOUND_UP, *schemas.ATTENDANCE))


def _facility(row: Mapping[Any, Any]) -> dict[str, str]:
    names, own = _standard("facilities"), _own(row)
    bound = {names[field]: own[field] for field in _BOUND_UP}
    told = {names["id"]: _number(row), names["note"]: own["opening_text"]}
    return {**bound, **told, **{column: own[column] for column in _beyond()}}


def _cafeteria(row: Mapping[Any, Any]) -> dict[str, str]:
    names, own = _standard("cafeteria49"), _own(row)
    opening = _opening(own["opening_text"])
    opening["frequency"] = _frequency(opening, float(row["open_days_per_week"]))
    bound = {names[field]: own[field] for field in (*_BOUND_UP, "capacity")}
    if row["precision"] != "point":
        # The standard cannot say that a position is that of a town: blank, so that nobody takes it for the door.
        bound |= {names["latitude"]: "", names["longitude"]: ""}
    cells = {names[field]: cell for field, cell in opening.items()}
    return {**bound, names["id"]: _number(row), **cells, **_offers(row, own)}


def _offers(row: Mapping[Any, Any], own: Mapping[str, str]) -> dict[str, str]:
    """For whom, for how much and what besides gathering and eating; steps and languages are remarks there."""
    names, between = _standard("cafeteria49"), text.say("unit.list", "ja")
    told = dict.fromkeys(names["fee_child_yen"], own["fee_child_yen"])
    told[names["fee_yen"]] = own["fee_yen"]
    if row["targets_known"]:
        told[names["condition"]] = between.join(names["targets"][one] for one in own["targets"].split(";"))
    if own["functions"]:
        more = [
            names["functions"][one] for one in own["functions"].split(";") if one not in ("gather", "eat")
        ]
        told[names["support"]] = ";".join(more) or names["nothing_more"]
    remarks = [text.say(f"step_free.{own['step_free']}", "ja")] if own["step_free"] else []
    if own["languages"]:
        spoken = (label("spoken", one, "ja") for one in own["languages"].split(";"))
        remarks.append(names["spoken"] + between.join(spoken))
    return {**told, names["remark"]: names["stop"].join(remarks)}


def _number(row: Mapping[Any, Any]) -> str:
    """The list's own number of a place."""
    return str(row["place_id"]).split(":", 1)[-1]


def _opening(words: str) -> dict[str, str]:
    """Opening words in the columns that they came from."""
    often = next((w for w in _OFTEN if words == w or words.startswith(f"{w} ")), "")
    if often:
        rest = _columns(words.removeprefix(often).strip())
        if not rest["date"]:
            return {**rest, "frequency": _OFTEN[often]}
    return {**_columns(words), "frequency": ""}


def _columns(words: str) -> dict[str, str]:
    found = _HOURS.fullmatch(words)
    days = (found["days"] or "") if found else words
    is_weekday = bool(re.fullmatch(_standard("cafeteria49")["weekdays"], days))
    return {
        "weekday": days if is_weekday else "",
        "date": "" if is_weekday else days,
        "from": found["start"] if found else "",
        "until": found["end"] if found else "",
    }


def _frequency(opening: Mapping[str, str], days: float) -> str:
    """The code of how often, where the words alone do not say the same."""
    if days in _CODES:
        return _CODES[days]
    if opening["frequency"]:
        return opening["frequency"]
    hours = {"start": opening["from"], "end": opening["until"]}
    said = schedule.from_fields(days=opening["weekday"], dates=opening["date"], frequency_code="", **hours)
    of_words = schedule.days_per_week(said.schedule)
    if of_words == days or (of_words != of_words and days != days):
        return ""
    return _IRREGULAR if days != days else _CODES[min(_CODES, key=lambda known: abs(known - days))]


def _text(value: Any) -> str:
    """A value as a cell: unknown is blank, numbers are exact."""
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, bool) or str(value) in ("True", "False"):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(float(value))
    return str(value)


def _csv(header: Sequence[str], rows: Sequence[Mapping[str, str]], *, is_own: bool) -> bytes:
    """For a spreadsheet: UTF-8 with BOM, what would be a formula made text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        cells = [row.get(column, "") for column in header]
        writer.writerow([_kept(c) if is_own and c.startswith("'") else tables.neutral(c) for c in cells])
    return stream.getvalue().encode("utf-8-sig")


def _kept(cell: str) -> str:
    """A leading apostrophe doubled: the reader of the registry's own files takes one off."""
    return f"'{cell}" if cell.startswith("'") else cell


def _workbook(header: Sequence[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    """A workbook in which every cell is text: nothing is a formula, and no number is rounded."""
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, options) as book:
        book.set_properties({"created": _EPOCH})
        sheet = book.add_worksheet("places")
        sheet.freeze_panes(1, 0)
        for number, cells in enumerate([list(header), *([row.get(c, "") for c in header] for row in rows)]):
            for column, cell in enumerate(cells):
                if cell:
                    sheet.write_string(number, column, _kept(cell))
    return stream.getvalue()
