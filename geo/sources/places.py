"""Places where people may drop in: cafeteria lists, the council's own list, facility lists, points.

Columns that point to a person (telephone, mail, the one in charge, 方書 – whose home it is in) are never read.
Whether a place counts for a walk is not decided here: places outside the municipality stay, since people cross
its border.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd

from geo import errors, schemas
from geo.sources import _opening, _points, _tables, _vectors
from geo.sources._reading import Note, Reading, digest

FREQUENCY = {"1": 6.0, "2": 3.5, "3": 1.5, "4": 0.5, "5": 0.25, "6": 0.08}
"""Opening days a week of 開催頻度: almost daily, 3-4 a week, 1-2 a week, fortnightly, monthly, every few months.
7 (seasonal) and 8 (irregular) are unknown. Codes: common format of children's cafeterias (むすびえ, 2022)."""

ALIASES: dict[str, tuple[str, ...]] = {
    "key": ("place_id", "no", "no.", "id", "番号", "管理番号"),
    "code": (
        "所在地_全国地方公共団体コード", "都道府県コード又は市区町村コード", "全国地方公共団体コード",
        "municipality_code", "市区町村コード",
    ),
    "name": ("名称", "name", "name:ja", "施設名", "施設名称", "居場所名", "居場所の名称", "サロン名", "名前"),
    "kind": ("種別", "kind", "種類", "区分", "分類", "category"),
    "address": ("住所", "所在地", "address", "所在地_連結表記", "開催場所住所"),
    "latitude": ("緯度", "lat", "latitude", "緯度(10進)"),
    "longitude": ("経度", "lon", "lng", "long", "longitude", "経度(10進)"),
    "targets": ("対象", "対象者", "target", "targets", "主な対象", "参加対象"),
    "opening": (
        "開催日時", "利用可能曜日", "open_days", "開所日時", "開館日", "開所日", "活動日時", "活動日", "開催曜日・時間",
        "availabledate",
    ),
    "frequency": ("開催頻度", "frequency_code"),
    "sessions": ("sessions_per_month",),
    "capacity": ("定員", "capacity", "収容定員"),
    "operator": ("運営主体", "運営団体名", "operator", "団体名", "運営団体", "主催"),
    "status": ("状態", "status", "状況", "開設状況"),
    "verified": ("確認日", "verified_on", "最終確認日", "as_of", "更新日"),
    "purpose": ("設置目的",),
    "weekday": ("開催曜日",),
    "date": ("開催日",),
    "from": ("開催開始時間", "開始時間", "open_time"),
    "until": ("開催終了時間", "終了時間", "close_time"),
}  # fmt: skip
"""Column names that mean the same, as :func:`_tables.heading` writes them; the first that is there is read."""

_KINDS = (
    ("子育て|親子|乳幼児", "childrearing_salon"), ("(子ども|こども|子供|地域)食堂", "children_cafeteria"),
    ("居場所|常設", "ibasho"), ("喫茶|カフェ|茶話|tea", "tea_room"), ("食事|会食|配食|meal", "meal_service"),
    ("相談|consult", "consultation_desk"), ("サロン|通いの場|つどい|集い|salon|tsudoinoba", "salon"),
    ("施設|会館|センター|図書館|児童館|facility", "facility"),
)  # fmt: skip
_TARGETS = (
    ("all", "どなた[でに]?も|だれ[でに]?も|誰[でに]?も|[全多]世代|全年齢|年齢.*問わ|すべて|全て|住民|区民|市民|一般"),
    ("older", "高齢|シニア|お年寄|老人|(60|65|70|75)[歳才]|敬老"),
    ("children", "子ども|こども|子供|児童|小学|中学|小中|高校|生徒|若者|ユース|青少年"),
    ("childrearing", "子育て|親子|乳幼児|乳児|幼児|未就学|未就園|妊"),
    ("disabled", "障害|障がい|障碍"),
)  # fmt: skip
_BY_KIND = {
    "children_cafeteria": "children",
    "childrearing_salon": "childrearing",
    "salon": "older",
    "meal_service": "older",
}
_BY_CATEGORY = (("児童", "children"), ("高齢", "older"), ("障害|障がい|disab", "disabled"))
_STATUS = (
    ("suspended", "休止|休業|suspend"), ("closed", "閉鎖|閉所|閉店|終了|廃止|解散|close"),
    ("preparing", "準備|立ち?上げ支援|prepar"), ("planned", "予定|計画|相談中|未開|plan"),
    ("open", "開設|開所|開催|実施|活動|営業|継続|完了|公開|open|active"),
)  # fmt: skip


@dataclass(frozen=True)
class _Entry:
    """One place of a list, as far as the list tells."""

    row: int
    name: str
    position: _points.Position
    kind: str
    key: str = ""
    targets: str | None = None
    """None: the list does not say; the kind of place is asked."""
    assumed: str = "all"
    opening: str = ""
    days: float = math.nan
    capacity: float = math.nan
    status: str = "open"
    operator: str = ""
    address: str = ""
    verified: str | None = None


# -- tables -------------------------------------------------------------------------------------------------


def table_of(sheet: _tables.Sheet) -> _tables.Table | None:
    """The sheet as a list of places; None when it has no names, or neither coordinates nor addresses."""
    known = {name for names in ALIASES.values() for name in names}
    table = _tables.with_header(sheet, known.__contains__, at_least=2)
    if table is None or table.column(ALIASES["name"]) is None:
        return None
    placed = [table.column(ALIASES[field]) for field in ("latitude", "longitude", "address")]
    return table if any(column is not None for column in placed) else None


def of_sheet(sheet: _tables.Sheet, *, municipality_code: str) -> Reading:
    """Places of a table: the 49-column cafeteria standard, a council's own list, or the internal schema.

    Parameters
    ----------
    sheet : Sheet
    municipality_code : str
        Rows of other municipalities are left out when the list has several codes; a list with one code, or
        with none, is taken whole.

    Returns
    -------
    reading : Reading
        ``Places``. Rows without a place in Japan are refused one by one; opening days that the list does not
        say clearly are NaN.
    """
    table = table_of(sheet)
    if table is None or None in (table.column(ALIASES["latitude"]), table.column(ALIASES["longitude"])):
        raise errors.DataError(
            "places_columns",
            "{file} lacks a column of names, latitudes or longitudes (first row: {first}). Call them 名称, 緯度 and "
            "経度, or name, lat and lon.",
            file=sheet.path.name,
            first=_tables.listed(sheet.rows[0].cells, most=8) if sheet.rows else "-",
        )
    rows = [(row.number, _record(table, row)) for row in table.rows]
    filled = [(number, record) for number, record in rows if _is_filled(record)]
    kept, notes = _of_municipality(table.file, filled, municipality_code)
    cafeteria = "開催頻度" in table.header and "設置目的" in table.header
    entries = [_entry(number, record, cafeteria) for number, record in kept]
    blank = sheet.blank + len(rows) - len(filled)
    if blank:
        notes.append(Note("info", "rows_blank", "{n} blank rows were passed over.", values={"n": blank}))
    notes += _word_notes(kept)
    return _reading(sheet.path, entries, len(filled), sheet.encoding, notes, digest([sheet.path]))


def _record(table: _tables.Table, row: _tables.Row) -> dict[str, str]:
    positions = {field: table.column(names) for field, names in ALIASES.items()}
    return {
        field: _tables.plain(row.cells[at]) if at is not None and at < len(row.cells) else ""
        for field, at in positions.items()
    }


def _is_filled(record: Mapping[str, str]) -> bool:
    # Spreadsheets are padded with numbered rows that hold nothing else.
    return any(record[field] for field in ("name", "address", "latitude", "longitude"))


def _of_municipality(
    file: str, rows: list[tuple[int, dict[str, str]]], municipality_code: str
) -> tuple[list[tuple[int, dict[str, str]]], list[Note]]:
    valid = [_tables.municipality_code(record["code"]) for _, record in rows]
    # A wrong check digit still says more than nothing: such a row belongs where its other digits say.
    codes = [c or r["code"][:5] for c, (_, r) in zip(valid, rows, strict=True)]
    known = {code for code in valid if code}
    if len(known) < 2:
        return rows, []
    if municipality_code not in known:
        raise errors.DataError(
            "places_not_here",
            "{file} has no place of municipality {municipality}; its places belong to {codes}.",
            file=file,
            municipality=municipality_code,
            codes=_tables.listed(sorted(known)),
        )
    kept = [row for row, code in zip(rows, codes, strict=True) if code in (municipality_code, "")]
    notes = [
        Note(
            "info",
            "places_elsewhere",
            "{n} places of other municipalities were left out.",
            values={"n": len(rows) - len(kept)},
        )
    ]
    doubtful = sum(v is None and c in (municipality_code, "") for v, c in zip(valid, codes, strict=True))
    if doubtful:
        notes.append(
            Note(
                "unknown",
                "places_code_unknown",
                "{n} places have no valid municipality code and were kept.",
                values={"n": doubtful},
            )
        )
    return kept, notes


def _entry(number: int, record: Mapping[str, str], cafeteria: bool) -> _Entry:
    kind = "children_cafeteria" if cafeteria else _kind(record["kind"])
    return _Entry(
        row=number,
        name=record["name"],
        position=_points.position(record["latitude"], record["longitude"]),
        kind=kind,
        key=record["key"],
        targets=_targets(record["targets"]),
        assumed=_BY_KIND.get(kind, "all"),
        opening=_opening_text(record),
        days=_days(record, cafeteria),
        capacity=_points.one_number(record["capacity"]),
        status=_status(record["status"]),
        operator=record["operator"],
        address=record["address"],
        verified=_points.iso_date(record["verified"]),
    )


def _kind(text: str) -> str:
    if text in schemas.PLACE_KINDS:
        return text
    return next((kind for words, kind in _KINDS if re.search(words, text, re.IGNORECASE)), "other")


def _targets(text: str) -> str | None:
    if not text:
        return None
    given = [word for word in re.split(r"[;,、・\s]+", text.lower()) if word in schemas.TARGETS]
    found = given or [target for target, words in _TARGETS if re.search(words, text)]
    return ";".join(target for target in schemas.TARGETS if target in found) or "other"


def _status(text: str) -> str:
    if text in schemas.PLACE_STATUS:
        return text
    return next((status for status, words in _STATUS if re.search(words, text, re.IGNORECASE)), "open")


def _opening_text(record: Mapping[str, str]) -> str:
    parts = [record["opening"], record["date"] or record["weekday"]]
    hours = "~".join(part for part in (record["from"], record["until"]) if part)
    return " ".join(part for part in (*parts, hours) if part)


def _days(record: Mapping[str, str], cafeteria: bool) -> float:
    """By the code of frequency where there is one; a bare weekday of a cafeteria does not say how often."""
    if record["frequency"]:
        return FREQUENCY.get(record["frequency"].removesuffix(".0"), math.nan)
    if sessions := _tables.number(record["sessions"]):
        return round(min(7.0, sessions / _opening.WEEKS_PER_MONTH), 2)
    return _opening.days_per_week(record["date"] if cafeteria else record["opening"])


def _word_notes(rows: Sequence[tuple[int, Mapping[str, str]]]) -> list[Note]:
    """What columns said in words that mean nothing here."""
    kinds = Counter(r["kind"] for _, r in rows if r["kind"] and _kind(r["kind"]) == "other" != r["kind"])
    states = Counter(
        r["status"]
        for _, r in rows
        if r["status"] and not any(re.search(w, r["status"], re.IGNORECASE) for _, w in _STATUS)
    )
    notes = []
    if kinds:
        notes.append(
            Note(
                "unknown",
                "places_kind_unknown",
                "{n} places are of a kind that is not known here ({words}); they count as other.",
                values={"n": kinds.total(), "words": _tables.listed(sorted(kinds), most=5)},
            )
        )
    if states:
        notes.append(
            Note(
                "unknown",
                "places_status_unknown",
                "{n} places have a state that is not known here ({words}); they count as open.",
                values={"n": states.total(), "words": _tables.listed(sorted(states), most=5)},
            )
        )
    return notes


# -- facility lists and points ------------------------------------------------------------------------------


def is_facilities(data: Sequence[Any]) -> bool:
    """A JSON list of categories, each with its locations."""
    return bool(data) and all(isinstance(c, Mapping) and isinstance(c.get("locations"), list) for c in data)


def of_facilities(path: Path, data: Sequence[Any]) -> Reading:
    """Facilities of a JSON list of categories; for whom they are is taken from the category."""
    if not is_facilities(data):
        raise errors.DataError(
            "facilities_shape",
            "{file} is a JSON list, but not one of categories with locations. Export it as GeoJSON or CSV.",
            file=path.name,
        )
    pairs = [(str(c.get("category", "")), place) for c in data for place in c["locations"]]
    entries = [_facility(i, category, place) for i, (category, place) in enumerate(pairs, 1)]
    licences = {str(p["licence"]) for _, p in pairs if isinstance(p, Mapping) and p.get("licence")}
    licence = "; ".join(sorted(licences)) or None
    return _reading(path, entries, len(entries), "utf-8", [], digest([path]), licence=licence)


def _facility(number: int, category: str, place: Any) -> _Entry:
    values = {_tables.heading(k): v for k, v in place.items()} if isinstance(place, Mapping) else {}
    name = _tables.plain(values.get("name:ja") or values.get("name"))
    return _Entry(
        row=number,
        name=name,
        position=_points.position(_first(values, "latitude"), _first(values, "longitude")),
        kind="facility",
        assumed=_of_category(category),
        address=_first(values, "address"),
        opening=_first(values, "opening"),
        days=_opening.days_per_week(_first(values, "opening")),
    )


def _first(values: Mapping[str, Any], field: str) -> str:
    return next((_tables.plain(values[n]) for n in ALIASES[field] if _is_text(values.get(n))), "")


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float) and _tables.plain(value) != ""


def _of_category(category: str) -> str:
    return next((target for words, target in _BY_CATEGORY if re.search(words, category)), "all")


def is_points(layer: _vectors.Layer) -> bool:
    """Points with names; points of schools, which belong to zone layers, are none."""
    official = any(re.fullmatch(r"(A27|A32|P29)_\d{3}", c) for c in layer.columns)
    return not official and any(_tables.heading(c) in ALIASES["name"] for c in layer.columns)


def of_points(layer: _vectors.Layer) -> Reading:
    """Places of a point layer with names."""
    if layer.shape != "point" or not is_points(layer):
        raise errors.DataError(
            "points_columns",
            "{file} holds {shape}s with the columns {columns}, but named points are needed. Call the column of "
            "names 名称 or name.",
            file=layer.path.name,
            shape=layer.shape,
            columns=_tables.listed(layer.columns),
        )
    points = layer.frame.geometry.representative_point()
    entries = [
        _point(int(number), values, point)
        for number, values, point in zip(
            layer.frame.index, layer.frame.drop(columns="geometry").to_dict("records"), points, strict=True
        )
    ]
    return _reading(layer.path, entries, layer.rows, layer.encoding, list(layer.notes), layer.sha256)


def _point(number: int, values: Mapping[Any, Any], point: Any) -> _Entry:
    named = {_tables.heading(key): value for key, value in values.items()}
    category = named.get("categoryids", "")
    category = " ".join(map(str, category)) if isinstance(category, list) else str(category)
    kind = _kind(_first(named, "kind")) if _first(named, "kind") else "facility"
    return _Entry(
        row=number,
        name=_first(named, "name"),
        position=_points.Position(point.x, point.y),
        kind=kind,
        key=_first(named, "key"),
        targets=_targets(_first(named, "targets")),
        assumed=_BY_KIND.get(kind, _of_category(category)),
        opening=_first(named, "opening"),
        days=_opening.days_per_week(_first(named, "opening")),
        capacity=_points.one_number(_first(named, "capacity")),
        status=_status(_first(named, "status") or str(named.get("lifecyclestatus", ""))),
        operator=_first(named, "operator"),
        address=_first(named, "address"),
        verified=_points.iso_date(_first(named, "verified")),
    )


# -- entries to a table -------------------------------------------------------------------------------------


def _reading(
    path: Path,
    entries: Sequence[_Entry],
    rows: int,
    encoding: str | None,
    notes: list[Note],
    sha256: str,
    *,
    licence: str | None = None,
) -> Reading:
    _points.need_some(path, [entry.position for entry in entries])
    kept = [entry for entry in entries if entry.name and entry.position.fault is None]
    refused = [_refusal(entry) for entry in entries if not entry.name or entry.position.fault]
    dataset_id = f"places:{path.stem}"
    return Reading(
        kind="places",
        dataset_id=dataset_id,
        schema=schemas.Places,
        table=schemas.conform(schemas.Places, _table(path.stem, kept, dataset_id)),
        file=path.name,
        sha256=sha256,
        rows=rows,
        licence=licence,
        encoding=encoding,
        crs="EPSG:4326",
        notes=(*notes, *refused, *_far(kept), *_unknown(kept)),
    )


def _refusal(entry: _Entry) -> Note:
    if not entry.name:
        return Note(
            "refused",
            "place_unnamed",
            "Row {row} has no name and was left out.",
            entry.row,
            {"row": entry.row},
        )
    return _points.refusal(entry.row, entry.name, entry.position)


def _far(entries: Sequence[_Entry]) -> list[Note]:
    return _points.far([e.row for e in entries], [e.name for e in entries], [e.position for e in entries])


def _unknown(entries: Sequence[_Entry]) -> list[Note]:
    notes = []
    silent = sum(math.isnan(entry.days) for entry in entries)
    if silent:
        notes.append(
            Note(
                "unknown",
                "places_opening_unknown",
                "{n} of {all} places do not clearly say how often they open; they never count as permanent.",
                values={"n": silent, "all": len(entries)},
            )
        )
    assumed = sum(entry.targets is None for entry in entries)
    if assumed:
        notes.append(
            Note(
                "unknown",
                "places_targets_assumed",
                "{n} of {all} places do not say for whom they are; it was taken from the kind of place.",
                values={"n": assumed, "all": len(entries)},
            )
        )
    return notes


def _table(stem: str, entries: Sequence[_Entry], dataset_id: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "place_id": _points.ids(stem, [e.key for e in entries], [e.row for e in entries]),
            "name": [e.name for e in entries],
            "kind": [e.kind for e in entries],
            "targets": [e.targets or e.assumed for e in entries],
            "targets_known": [e.targets is not None for e in entries],
            "opening_text": [e.opening or None for e in entries],
            "open_days_per_week": [e.days for e in entries],
            "capacity": [e.capacity for e in entries],
            "status": [e.status for e in entries],
            "operator": [e.operator or None for e in entries],
            "address": [e.address or None for e in entries],
            "verified_on": [e.verified for e in entries],
            "source_row": [e.row for e in entries],
            "dataset_id": dataset_id,
        },
        geometry=_points.geometry([e.position for e in entries]),
        crs=schemas.STORED_CRS,
    )
