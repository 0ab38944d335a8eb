"""Places where people may drop in: standard tables, the council's own list, any other list, facilities, points.

Columns that point to a person (telephone, mail, the one in charge, 方書 – whose home it is in) are never read.
Whether a place counts for a walk is not decided here: places outside the municipality stay, since people cross
its border.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd

from geo import errors, registry, schedule, schemas
from geo.sources import _attendance, _mapping, _offers, _opening, _points, _tables, _vectors, geocode, own
from geo.sources._reading import Hints, Layout, Note, Reading, digest

ALIASES: dict[str, tuple[str, ...]] = {
    "key": ("place_id", "事業所番号", "no", "no.", "id", "番号", "管理番号", "#property"),
    "code": (
        "所在地_全国地方公共団体コード", "都道府県コード又は市区町村コード", "全国地方公共団体コード",
        "municipality_code", "市区町村コード",
    ),
    "name": (
        "名称", "name", "name:ja", "施設名", "施設名称", "居場所名", "居場所の名称", "サロン名", "名前",
        "介護サービス事業所名称", "場所名称",
    ),
    "kind": ("種別", "kind", "種類", "区分", "分類", "category", "実施サービス"),
    "address": ("住所", "所在地", "address", "所在地_連結表記", "開催場所住所"),
    "prefecture": ("所在地_都道府県", "都道府県名", "都道府県"),
    "municipality": ("所在地_市区町村", "市区町村名", "市区町村"),
    "town": ("所在地_町字", "町字"),
    "block": ("所在地_番地以下", "番地以下"),
    "latitude": ("緯度", "lat", "latitude", "緯度(10進)"),
    "longitude": ("経度", "lon", "lng", "long", "longitude", "経度(10進)"),
    "north": ("x座標(北+)", "x座標(m)", "x座標", "northing"),
    "east": ("y座標(東+)", "y座標(m)", "y座標", "easting"),
    "zone": ("座標系番号", "平面直角座標系", "平面直角座標系番号", "系番号"),
    "datum": ("測地系",),
    "targets": ("対象", "対象者", "target", "targets", "主な対象", "参加対象"),
    "opening": (
        "開催日時", "利用可能曜日", "open_days", "開所日時", "開館日", "開所日", "活動日時", "活動日", "開催曜日・時間",
        "availabledate", "opening_hours",
    ),
    "frequency": ("開催頻度", "frequency_code"),
    "sessions": ("sessions_per_month",),
    "capacity": ("定員", "capacity", "収容定員"),
    "operator": ("運営主体", "運営団体名", "operator", "団体名", "運営団体", "主催", "法人の名称", "主催者"),
    "status": ("状態", "status", "状況", "開設状況"),
    "verified": ("確認日", "verified_on", "最終確認日", "as_of", "更新日"),
    "precision": ("precision",),
    "opened": ("opened_on", "開設日", "開設年月日", "立上げ日", "立ち上げ日"),
    "closed": ("closed_on", "閉所日", "廃止日", "活動終了日"),
    "review": ("next_review_on", "次回確認日", "次回確認予定日"),
    "publish": ("公開", "公開可否", "公開の可否", "掲載可否", "publish", "visibilitystatus"),
    "purpose": ("設置目的",),
    "weekday": ("開催曜日",),
    "date": ("開催日",),
    "from": ("開催開始時間", "開始時間", "open_time", "starttime"),
    "until": ("開催終了時間", "終了時間", "close_time", "endtime"),
    "remark": (
        "利用可能日時特記事項", "利用可能曜日特記事項", "availabledatenote", "開催日時特記事項",
        "利用可能曜日特記事項(留意事項)",
    ),
    "closing": ("定休日", "休館日", "休業日", "休所日", "休園日", "休室日", "休み"),
    "workdays": ("利用可能な時間帯(平日)",),
    "saturdays": ("利用可能な時間帯(土曜)",),
    "sundays": ("利用可能な時間帯(日曜)",),
    "holidays": ("利用可能な時間帯(祝日)",),
    "step_free": (
        "step_free", "accessible", "wheelchair", "段差なし", "段差無し", "段差がない", "段差解消",
        "バリアフリー",
        "バリアフリー情報", "バリアフリー対応", "車いす対応", "車椅子対応", "車いす利用", "車椅子利用",
        "車いす", "車椅子",
    ),
    "steps": ("段差", "段差の有無", "段差有無"),
    "fee": (
        "fee_yen", "fee_adult", "参加費", "参加料", "利用料", "利用料金", "料金", "料金(基本)", "会費", "費用", "fee",
    ),
    "fee_adult": ("参加費_大人", "参加費(大人)", "参加費大人", "大人参加費"),
    "fee_child": ("fee_child_yen", "fee_child", "参加費(子ども)", "参加費_子ども", "参加費(こども)", "参加費子ども"),
    "fee_infant": ("参加費_幼児",),
    "fee_pupil": ("参加費_小学生",),
    "fee_teen": ("参加費_中学生",),
    "fee_note": ("参加費特記事項",),
    "languages": ("languages", "language", "対応言語", "使用言語", "対応可能言語", "言語", "外国語対応", "外国語"),
    "functions": (
        "functions", "multi_functions", "機能", "役割", "活動内容", "実施内容", "支援内容",
        "実施支援の主な区分", "service",
    ),
    **{field: (field,) for field in schemas.ATTENDANCE},
    "condition": ("参加条件",),
    "note": ("備考", "説明"),
    "begin": ("開始日",),
    "end": ("終了日",),
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
    ("youth", "高校生|大学生|若者|若い世代|ユース|青少年|青年"),
    ("carers", "介護者|介護家族|介護をして|ケアラー"),
    ("foreign", "外国"),
    ("newcomers", "転入|引っ?越"),
    ("other", "その他"),
)  # fmt: skip
_BY_KIND = {
    "children_cafeteria": "children",
    "childrearing_salon": "childrearing",
    "salon": "older",
    "meal_service": "older",
}
_BY_CATEGORY = (("児童", "children"), ("高齢|老人", "older"), ("障害|障がい|disab", "disabled"))
FIELDS = (
    "name", "latitude", "longitude", "address", "north", "east", "zone", "kind", "targets", "opening", "frequency",
    "capacity", "operator", "status", "verified", "key", "code", "municipality", "step_free", "fee", "languages",
    "functions", *schemas.ATTENDANCE,
)  # fmt: skip
"""What a column of a table can be told to be."""
_NEEDED = ("name", "latitude", "longitude", "north", "east")


@dataclass(frozen=True)
class _Standard:
    """A table that is known by some of its columns, and what its rows are when they do not say."""

    columns: tuple[str, ...]
    """Alternatives of which each must be there, joined by ``|``."""
    kind: str = "facility"
    targets: str = "all"


_STANDARDS = {
    "cafeterias": _Standard(("開催頻度", "設置目的"), "children_cafeteria", "children"),
    "events": _Standard(("場所名称", "開始日", "イベント名"), "other", "all"),
    "care": _Standard(("介護サービス事業所名称",), "facility", "older"),
    "childcare": _Standard(("受入年齢|一時預かりの有無", "名称"), "facility", "childrearing"),
    "facilities": _Standard(
        ("利用可能曜日", "名称", "poiコード|名称_通称|方書|建物名等(方書)|町字id"), "facility", "all"
    ),
}
"""The tables of the municipal standards (推奨データセット, 自治体標準オープンデータセット) that list places."""
_STATUS = (
    ("suspended", "休止|休業|suspend"), ("closed", "閉鎖|閉所|閉店|終了|廃止|解散|close"),
    ("preparing", "準備|立ち?上げ支援|prepar"), ("planned", "予定|計画|相談中|未開|plan"),
    ("open", "開設|開所|開催|実施|活動|営業|継続|完了|公開|open|active"),
)  # fmt: skip
_STAGES = (
    ("consulting", "相談中|consult"), ("supported", "継続支援|supported"),
    ("established", "立ち?上げ(支援)?完了|established"),
    ("preparing", "準備中|立ち?上げ支援中?$|preparing"), ("suspended", "休止|suspended"), ("closed", "終了|closed"),
)  # fmt: skip
_WHOSE = ("方書", "建物名等(方書)")
_HIDES = "非公開"
_HIDDEN = re.compile(r"不可|しない|否$|非公開|private|×|✕|^no$|^false$|^0$", re.IGNORECASE)


@dataclass(frozen=True)
class _Offers:
    """What a place asks of those who come and what it offers, as far as the list tells."""

    step_free: str | None = None
    fee: _offers.Fee = _offers.UNTOLD
    languages: str | None = None
    functions: str | None = None
    unread: tuple[tuple[str, str], ...] = ()
    """Fields, and their words that were not understood."""


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
    unread: tuple[str, ...] = ()
    """Of the opening words."""
    capacity: float = math.nan
    status: str = "open"
    operator: str = ""
    address: str = ""
    verified: str | None = None
    stage: str | None = None
    opened: str | None = None
    closed: str | None = None
    review: str | None = None
    hidden: bool = False
    offers: _Offers = _Offers()
    figures: _attendance.Figures = _attendance.UNTOLD


# -- tables -------------------------------------------------------------------------------------------------


def table_of(sheet: _tables.Sheet) -> _tables.Table | None:
    """The sheet as a list of places; None when nothing in it seems to say where a place is."""
    table = _usual(sheet)
    if table is not None and "name" in (known := _known(table)) and _is_placed(known):
        return table
    if table is None or not _is_placed(known):
        table = _mapping.header_of(sheet) or table
    if table is None:
        return None
    found = _mapping.guess(table, _known(table))
    named = "name" in found.columns or "name" in found.doubtful
    return table if named and _is_placed({**found.columns, **found.doubtful}) else None


def _usual(sheet: _tables.Sheet) -> _tables.Table | None:
    known = {name for names in ALIASES.values() for name in names}
    is_known = lru_cache(lambda name: name in known or _attendance.is_heading(name))
    table = _tables.with_header(sheet, is_known, at_least=2)
    if table is None:
        return None
    # LinkData writes what the file is in rows that begin with a number sign.
    return replace(table, rows=tuple(row for row in table.rows if not row.cells[0].startswith("#")))


def _known(table: _tables.Table) -> dict[str, str]:
    """The fields whose columns have one of their usual names."""
    counted = _attendance.columns(table)
    first = {f: next((n for n in names if n in table.header), None) for f, names in ALIASES.items()}
    return counted | {field: name for field, name in first.items() if name is not None}


def _is_placed(columns: Mapping[str, object]) -> bool:
    return (
        {"latitude", "longitude"} <= columns.keys()
        or {"north", "east"} <= columns.keys()
        or "address" in columns
    )


def standard_of(table: _tables.Table) -> str | None:
    """Which standard a table follows (cafeterias, events, care, childcare, facilities), by its columns."""
    return next(
        (
            name
            for name, standard in _STANDARDS.items()
            if all(any(c in table.header for c in names.split("|")) for names in standard.columns)
        ),
        None,
    )


def of_sheet(sheet: _tables.Sheet, *, municipality_code: str, hints: Hints = Hints()) -> Reading:
    """Places of a table: a municipal standard, a council's own list, the internal schema, or any other table.

    Parameters
    ----------
    sheet : Sheet
    municipality_code : str
        Rows of other municipalities are left out, but for those that residents may walk to (``hints.border``). Where
        no border is known, a list with one code is taken whole; a list without codes always is.
    hints : Hints
        What the project knows: columns told or saved, addresses for rows without coordinates, the border.

    Returns
    -------
    reading : Reading
        ``Places``. Rows without a place in Japan, and rows more than 100 km from the middle of the list, are
        refused one by one; opening days that the list does not say clearly are NaN.
    """
    if own.table_of(sheet):
        return own.of_sheet(sheet, places=hints.places)
    table, columns, layout, notes = _understood(sheet, hints)
    standard = standard_of(table)
    rows = [(row.number, _record(table, columns, row)) for row in table.rows]
    filled = [(number, record) for number, record in rows if _is_filled(record)]
    kept, others, left = _of_municipality(table.file, filled, municipality_code, hints)
    kept, merged = _venues_of_events(kept) if standard == "events" else (kept, [])
    placed, how = _positions(table, columns, [record for _, record in kept], hints)
    if others:
        placed_there, _ = _positions(table, columns, [record for _, record in others], hints)
        across, told = _across(others, placed_there, hints)
        left += told
        if not kept and not across:
            raise _not_here(table.file, [r["code"] for _, r in others], municipality_code)
        kept, placed = [*kept, *(row for row, _ in across)], [*placed, *(place for _, place in across)]
    entries = [_entry(n, r, p, standard) for (n, r), p in zip(kept, placed, strict=True)]
    entries.sort(key=lambda entry: entry.row)
    notes = [
        *notes,
        *_counted(columns),
        *_blank(sheet, len(rows) - len(filled)),
        *left,
        *merged,
        *how,
        *_word_notes(kept),
    ]
    notes += _outside(entries, hints)
    found = _reading(
        sheet.path,
        entries,
        len(filled),
        sheet.encoding,
        notes,
        digest([sheet.path]),
        licence=_linkdata_licence(sheet),
    )
    return replace(found, layout=layout)


def _understood(
    sheet: _tables.Sheet, hints: Hints
) -> tuple[_tables.Table, dict[str, str], Layout | None, list[Note]]:
    """The table, its columns by field, and how they were understood when their names alone did not tell."""
    told = {_tables.heading(name) for name in hints.mapping.values()}
    table = table_of(sheet) or (_tables.with_header(sheet, told.__contains__, at_least=1) if told else None)
    if table is None:
        raise _no_places(sheet)
    fingerprint = _mapping.fingerprint(table.header)
    saved = {f: n for f, n in hints.layouts.get(fingerprint, {}).items() if f in FIELDS}
    mapping = _mapping.told(table, {**saved, **hints.mapping}, FIELDS)
    known = {f: n for f, n in _known(table).items() if f in mapping or n not in mapping.values()} | mapping
    halves = ("latitude" in known) != ("longitude" in known) or ("north" in known) != ("east" in known)
    if "name" in known and _is_placed(known) and not mapping and not halves:
        return _with_offers(table, known, fingerprint)
    found = _mapping.guess(table, known)
    unclear = [field for field in _NEEDED if field in found.doubtful]
    if unclear and not ("name" in found.columns and _is_placed(found.columns)):
        raise _mapping.doubt(table, found, unclear)
    columns = dict(found.columns)
    if "name" not in columns or not _is_placed(columns):
        raise _no_places(sheet)
    guessed = {f: n for f, n in columns.items() if f not in known}
    layout = Layout(fingerprint, {**mapping, **{f: n for f, n in guessed.items() if f in FIELDS}})
    return table, columns, layout, _mapping.notes(mapping, guessed)


def _with_offers(
    table: _tables.Table, known: dict[str, str], fingerprint: str
) -> tuple[_tables.Table, dict[str, str], Layout | None, list[Note]]:
    """Of a list with the usual names that is no standard: columns of steps, fee, languages, functions as well."""
    if standard_of(table):
        return table, known, None, []
    told = {**known, "fee": known["fee_adult"]} if "fee_adult" in known else dict(known)
    columns = _mapping.guess(table, told, patterns=_mapping.OFFERS).columns
    guessed = {field: name for field, name in columns.items() if field not in told}
    if not guessed:
        return table, known, None, []
    return table, known | guessed, Layout(fingerprint, guessed), _mapping.notes({}, guessed)


def _counted(columns: Mapping[str, str]) -> list[Note]:
    """Which columns were taken as counts of those who come and help."""
    own = {field: columns[field] for field in _attendance.COLUMNS if field in columns}
    if not own:
        return []
    return [
        Note(
            "info",
            "places_attendance",
            "Columns of those who come and help: {columns}. Attendance is read as people at one session; a total of a "
            "year is divided by its sessions. It stays in the house.",
            values={"columns": _mapping.shown(own)},
        )
    ]


def _no_places(sheet: _tables.Sheet) -> errors.DataError:
    return errors.DataError(
        "places_columns",
        "{file} lacks a column of names, or says nowhere where the places are (first row: {first}). Call the "
        "columns 名称, 緯度 and 経度 (or 住所), or say which they are: --map name=COLUMN --map address=COLUMN.",
        file=sheet.path.name,
        first=_tables.listed(sheet.rows[0].cells, most=8) if sheet.rows else "-",
    )


def _blank(sheet: _tables.Sheet, unfilled: int) -> list[Note]:
    blank = sheet.blank + unfilled
    if not blank:
        return []
    return [Note("info", "rows_blank", "{n} blank rows were passed over.", values={"n": blank})]


def _linkdata_licence(sheet: _tables.Sheet) -> str | None:
    rows = (row.cells for row in sheet.rows[:15])
    found = (
        cells[1] for cells in rows if len(cells) > 1 and cells[0].strip().lower() in ("#license", "#licence")
    )
    return next((_tables.plain(cell) for cell in found if cell.strip()), None)


def _record(table: _tables.Table, columns: Mapping[str, str], row: _tables.Row) -> dict[str, str]:
    places = {field: table.header.index(name) for field, name in columns.items() if name in table.header}
    record = dict.fromkeys(ALIASES, "")
    record |= {f: _tables.plain(row.cells[at]) if at < len(row.cells) else "" for f, at in places.items()}
    if _in_home(table, row):
        record["publish"] = _HIDES
    if not record["address"]:
        # The newer standards also give an address in parts.
        parts = [record[part] for part in ("prefecture", "municipality", "town", "block")]
        record["address"] = "".join(parts) if any(parts[2:]) else ""
    return record


def _in_home(table: _tables.Table, row: _tables.Row) -> bool:
    """Whether a place is in somebody's home, by the 方書: asked here, since its words go no further."""
    at = table.column(_WHOSE)
    return at is not None and at < len(row.cells) and registry.is_home(_tables.plain(row.cells[at]))


def _venues_of_events(
    rows: list[tuple[int, dict[str, str]]],
) -> tuple[list[tuple[int, dict[str, str]]], list[Note]]:
    """One row a venue: an event of a day is no place to drop in at, but where events are one could be."""
    venues: dict[tuple[str, ...], list[tuple[int, dict[str, str]]]] = {}
    for number, record in rows:
        key = tuple(record[field] for field in ("name", "address", "latitude", "longitude"))
        venues.setdefault(key, []).append((number, record))
    kept = []
    for same in venues.values():
        days = sorted({day for _, r in same for f in ("begin", "end") if (day := _points.iso_date(r[f]))})
        span = f"{days[0]}~{days[-1]}" if days else ""
        # Not the event's own hours, and not an event's number as that of a place.
        silent = dict.fromkeys(("key", "from", "until", "capacity", "operator", *_attendance.COLUMNS), "")
        kept.append((same[0][0], {**same[0][1], **silent, "opening": span, "status": "planned"}))
    note = Note(
        "info",
        "places_events",
        "{events} events are at {venues} venues; these are kept as planned places, since an event is no place that "
        "is open.",
        values={"events": len(rows), "venues": len(kept)},
    )
    return kept, [note]


# -- where a row is -----------------------------------------------------------------------------------------


def _positions(
    table: _tables.Table, columns: Mapping[str, str], records: Sequence[Mapping[str, str]], hints: Hints
) -> tuple[list[_points.Position], list[Note]]:
    """A position for each row: its coordinates in whatever system, else its address."""
    notes: list[Note] = []
    if {"latitude", "longitude"} <= columns.keys():
        placed = [_points.position(r["latitude"], r["longitude"], crs=_datum(columns, r)) for r in records]
        if any(_datum(columns, r) != "EPSG:4326" for r in records):
            notes.append(_converted("Tokyo Datum (EPSG:4301)"))
    elif {"north", "east"} <= columns.keys():
        placed, notes = _in_plane(table, columns, records, hints)
    else:
        placed = [_points.Position(fault="missing", seen="-, -")] * len(records)
    placed, found = _by_address(placed, records, hints)
    return [_rough(p, r) for p, r in zip(placed, records, strict=True)], [*notes, *found]


def _datum(columns: Mapping[str, str], record: Mapping[str, str]) -> str:
    old = _mapping.is_tokyo(columns["latitude"]) or _mapping.is_tokyo(record["datum"].lower())
    return "EPSG:4301" if old else "EPSG:4326"


def _converted(system: str) -> Note:
    return Note(
        "repaired", "places_converted", "The coordinates were converted from {crs}.", values={"crs": system}
    )


def _in_plane(
    table: _tables.Table, columns: Mapping[str, str], records: Sequence[Mapping[str, str]], hints: Hints
) -> tuple[list[_points.Position], list[Note]]:
    """Positions from metres north (X) and east (Y) of the origin of a plane zone, as surveyors write them."""
    crs = [_plane(_zone(columns, record)) for record in records]
    if not any(crs):
        raise errors.CrsError(
            "plane_zone_missing",
            "{file} has coordinates in metres, but does not say in which plane zone (1 to 19). Import it again with "
            "--map zone=9 (9 for Tokyo, 6 for Osaka).",
            file=table.file,
        )
    straight = [_metres(r["north"], r["east"], c) for r, c in zip(records, crs, strict=True)]
    turned = [_metres(r["east"], r["north"], c) for r, c in zip(records, crs, strict=True)]
    systems = _tables.listed(sorted({c for c in crs if c}))
    if hints.area and _near(turned, hints.area) > _near(straight, hints.area):
        note = Note(
            "repaired",
            "plane_turned",
            "{north} is the coordinate to the east here, for only so the places lie in the municipality.",
            values={"north": columns["north"]},
        )
        return turned, [_converted(systems), note]
    return straight, [_converted(systems)]


def _zone(columns: Mapping[str, str], record: Mapping[str, str]) -> str:
    told = columns.get("zone", "")
    return told if told.isdigit() and not record["zone"] else record["zone"]


def _plane(zone: str) -> str | None:
    number = _points.one_number(zone)
    return f"EPSG:{6668 + int(number)}" if 1 <= number <= 19 else None


def _metres(north: str, east: str, crs: str | None) -> _points.Position:
    if crs is None:
        return _points.Position(fault="unreadable", seen=f"{north or '-'}, {east or '-'}")
    return _points.position(north, east, crs=crs)


def _near(places: Sequence[_points.Position], area: tuple[float, float, float, float]) -> int:
    """How many positions lie within some 10 km of the municipality."""
    west, south, east, north = area
    return sum(west - 0.1 <= p.x <= east + 0.1 and south - 0.1 <= p.y <= north + 0.1 for p in places)


def _outside(entries: Sequence[_Entry], hints: Hints) -> list[Note]:
    """A list of another town is taken whole, since it may name no town: so it is said where it lies."""
    if not hints.area:
        return []
    lost = _points.without_lost([entry.position for entry in entries])
    placed = [e for e, place in zip(entries, lost, strict=True) if e.name and place.fault is None]
    away = [entry.name for entry in placed if not _near([entry.position], hints.area)]
    values = {"n": len(away), "all": len(placed), "names": _tables.listed(away, most=5)}
    if not away:
        return []
    return [
        Note(
            "unknown",
            "places_outside",
            "{n} of {all} places lie more than about 10 km outside the municipality ({names}). They were kept; "
            "see whether this is a list of the municipality.",
            values=values,
        )
    ]


def _by_address(
    placed: Sequence[_points.Position], records: Sequence[Mapping[str, str]], hints: Hints
) -> tuple[list[_points.Position], list[Note]]:
    """The positions, those that are missing looked up by their address where there is a gazetteer."""
    asked = [
        (r["address"], r["municipality"] or hints.names.get(_tables.municipality_code(r["code"]) or "", ""))
        for r in records
    ]
    return geocode.placed(placed, asked, names=[r["name"] for r in records], hints=hints)


def _rough(place: _points.Position, record: Mapping[str, str]) -> _points.Position:
    """The position with the precision that the list itself gives."""
    told = record["precision"]
    worse = told in schemas.PRECISIONS and place.precision == "point" and place.fault is None
    return replace(place, precision=told) if worse else place


# -- further venues of one organisation -----------------------------------------------------------------------


def venues_of(sheet: _tables.Sheet) -> _tables.Table | None:
    """The sheet as the second file of the cafeteria standard (追加情報): more venues of the same IDs, no names."""
    table = _usual(sheet)
    needed = ("id", "住所", "開催頻度", "開催開始時間")
    if table is None or "name" in _known(table) or not all(name in table.header for name in needed):
        return None
    return table


def of_venues(sheet: _tables.Sheet, *, municipality_code: str, hints: Hints = Hints()) -> Reading:
    """Further venues of the cafeterias of another list: places of their own, with the name of the organisation.

    Parameters
    ----------
    sheet : Sheet
    municipality_code : str
        Kept for the sake of one interface: the venues are where their organisations are.
    hints : Hints
        ``places`` hold the organisations; without them nobody knows the names.

    Raises
    ------
    DataError
        None of the IDs is that of a place of the project.
    """
    del municipality_code
    table = venues_of(sheet)
    if table is None:
        raise _no_places(sheet)
    columns = _known(table)
    records = [(row.number, _record(table, columns, row)) for row in table.rows]
    filled = [(number, record) for number, record in records if record["key"] and _is_filled(record)]
    parents = _parents(sheet.path, {record["key"] for _, record in filled}, hints)
    placed, how = _positions(table, columns, [record for _, record in filled], hints)
    entries, count = [], Counter[str]()
    for (number, record), place in zip(filled, placed, strict=True):
        count[record["key"]] += 1
        named = {**record, "name": parents.get(record["key"], ("", ""))[0]}
        named["operator"] = parents.get(record["key"], ("", ""))[1]
        named["key"] = f"{record['key']}+{count[record['key']]}"
        entries.append(_entry(number, named, place, "cafeterias"))
    notes = [*_blank(sheet, len(records) - len(filled)), *how]
    return _reading(sheet.path, entries, len(filled), sheet.encoding, notes, digest([sheet.path]))


def _parents(path: Path, keys: set[str], hints: Hints) -> dict[str, tuple[str, str]]:
    """Name and operator by ID, of the list that this one belongs to."""
    stem = re.sub(r"[_-]?(tsuika|追加情報|追加)$", "", path.stem, flags=re.IGNORECASE)
    known = schemas.empty(schemas.Places) if hints.places is None else hints.places
    cafeterias = known[known["kind"] == "children_cafeteria"]
    own = cafeterias[cafeterias["dataset_id"] == f"places:{stem}"]
    if own.empty and cafeterias["dataset_id"].nunique() == 1:
        own = cafeterias  # the only list that it can belong to
    ids = own["place_id"].str.split(":", n=1).str[-1]
    operators = own["operator"].fillna("")
    found = {k: (n, o) for k, n, o in zip(ids, own["name"], operators, strict=True) if k in keys}
    if keys and not found:
        raise errors.DataError(
            "venues_no_parent",
            "{file} only lists further venues of places in another list, by their IDs ({ids}). Import that list "
            "({stem}) first.",
            file=path.name,
            ids=_tables.listed(sorted(keys), most=5),
            stem=stem,
        )
    return found


# -- rows -----------------------------------------------------------------------------------------------------


def _is_filled(record: Mapping[str, str]) -> bool:
    # Spreadsheets are padded with numbered rows that hold nothing else.
    return any(record[field] for field in ("name", "address", "latitude", "longitude"))


_Row = tuple[int, dict[str, str]]


def _of_municipality(
    file: str, rows: list[_Row], municipality_code: str, hints: Hints
) -> tuple[list[_Row], list[_Row], list[Note]]:
    """The rows of the municipality, those of others as far as they may matter, and what was left out."""
    valid = [_tables.municipality_code(record["code"]) for _, record in rows]
    # A wrong check digit still says more than nothing: such a row belongs where its other digits say.
    codes = [c or r["code"][:5] for c, (_, r) in zip(valid, rows, strict=True)]
    # The code of a prefecture says nothing of the municipality.
    codes = ["" if code.endswith("000") else code for code in codes]
    known = {code for code in valid if code and not code.endswith("000")}
    has_border = hints.border is not None
    if not known or (len(known) == 1 and (known == {municipality_code} or not has_border)):
        return rows, [], []
    if municipality_code not in known and not has_border:
        raise _not_here(file, sorted(known), municipality_code)
    own = [code in (municipality_code, "") for code in codes]
    kept = [row for row, mine in zip(rows, own, strict=True) if mine]
    others = [row for row, mine in zip(rows, own, strict=True) if not mine]
    notes = []
    doubtful = sum(v is None and mine for v, mine in zip(valid, own, strict=True))
    if doubtful:
        notes.append(
            Note(
                "unknown",
                "places_code_unknown",
                "{n} places have no valid municipality code and were kept.",
                values={"n": doubtful},
            )
        )
    if not has_border and others:
        return kept, [], [_elsewhere(len(others)), *notes]
    return kept, others, notes


def _not_here(file: str, codes: Sequence[str], municipality_code: str) -> errors.DataError:
    return errors.DataError(
        "places_not_here",
        "{file} has no place of municipality {municipality}; its places belong to {codes}.",
        file=file,
        municipality=municipality_code,
        codes=_tables.listed(sorted(set(codes))),
    )


def _elsewhere(n: int) -> Note:
    return Note(
        "info", "places_elsewhere", "{n} places of other municipalities were left out.", values={"n": n}
    )


_Placed = TypeVar("_Placed")


def _across(
    others: Sequence[_Placed], placed: Sequence[_points.Position], hints: Hints
) -> tuple[list[tuple[_Placed, _points.Position]], list[Note]]:
    """Of the places of other municipalities those that residents may walk to, and how many are farther away."""
    away = _points.metres_outside(placed, hints.border)
    near = [
        (row, place)
        for row, place, metres in zip(others, placed, away, strict=True)
        if metres <= hints.reach_m and place.precision in ("point", "block", "town")
    ]
    notes = []
    if near:
        notes.append(
            Note(
                "info",
                "places_across",
                "{n} places of other municipalities lie within {metres} m of the border and were kept, since "
                "residents may walk to them.",
                values={"n": len(near), "metres": round(hints.reach_m)},
            )
        )
    if len(near) < len(others):
        notes.append(_elsewhere(len(others) - len(near)))
    return near, notes


def _entry(number: int, record: Mapping[str, str], place: _points.Position, standard: str | None) -> _Entry:
    rule = _STANDARDS.get(standard or "", _Standard((), "other"))
    kind = rule.kind if standard else _kind(record["kind"])
    could_say = standard == "cafeterias" or bool(record["frequency"])
    heard = _opening.heard(record, could_say_how_often=could_say)
    category = _of_category(record["kind"]) if standard in ("facilities", "childcare") else "all"
    return _Entry(
        row=number,
        name=record["name"],
        position=place,
        kind=kind,
        key=record["key"],
        targets=_for(record),
        assumed=(rule.targets if category == "all" else category) if standard else _BY_KIND.get(kind, "all"),
        opening=heard.words,
        days=heard.days,
        unread=heard.unread,
        capacity=_points.one_number(record["capacity"]),
        status=_status(record["status"]),
        operator=record["operator"],
        address=record["address"],
        verified=_points.iso_date(record["verified"]),
        stage=_stage(record["status"]),
        opened=_points.iso_date(record["opened"]),
        closed=_points.iso_date(record["closed"]),
        review=_points.iso_date(record["review"]),
        hidden=bool(_HIDDEN.search(record["publish"])),
        offers=_offers_of(record, is_cafeteria=standard == "cafeterias"),
        figures=_attendance.figures(record),
    )


def _for(record: Mapping[str, str]) -> str | None:
    """Whom a place is for: the column that says so, or conditions (参加条件) that are clear about it."""
    if record["targets"] or not record["condition"]:
        return _targets(record["targets"])
    told = _targets(_offers.condition(record["condition"]) or "")
    # Conditions of another kind (ひとり親家庭) name no group that is known here.
    return None if told == "other" and record["condition"] != "その他" else told


def _offers_of(record: Mapping[str, str], *, is_cafeteria: bool = False) -> _Offers:
    functions = _offers.cafeteria_functions if is_cafeteria else _offers.functions
    entry = _Offers(
        _offers.step_free(record["step_free"]) or _offers.steps(record["steps"]),
        _fee(record),
        _offers.languages(record["languages"]),
        functions(record["functions"]),
    )
    has_steps, spoken = _offers.remarked(record["note"])
    if not (record["step_free"] or record["steps"]):
        entry = replace(entry, step_free=has_steps)
    if not record["languages"]:
        entry = replace(entry, languages=spoken)
    silent = {"step_free": entry.step_free, "languages": entry.languages}
    unread = [(field, record[field]) for field, value in silent.items() if record[field] and value is None]
    if record["fee"] and math.isnan(entry.fee.adult) and math.isnan(entry.fee.child):
        unread.append(("fee", record["fee"]))
    return replace(entry, unread=tuple(unread))


def _fee(record: Mapping[str, str]) -> _offers.Fee:
    """The fee, of a column for all or of columns by age."""
    if record["fee"]:
        told = _offers.fee(record["fee"])
        return (
            _offers.Fee(told.adult, _offers.fee(record["fee_child"]).child) if record["fee_child"] else told
        )
    young = [record[field] for field in ("fee_child", "fee_infant", "fee_pupil", "fee_teen")]
    return _offers.fees(record["fee_adult"], young, record["fee_note"])


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


def _stage(text: str) -> str | None:
    """The stage of a place's life, where the words name one of the council's."""
    found = next((stage for stage, words in _STAGES if re.search(words, text, re.IGNORECASE)), None)
    return found if found and schemas.STAGES[found] == _status(text) else None


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


def of_facilities(path: Path, data: Sequence[Any], *, hints: Hints = Hints()) -> Reading:
    """Facilities of a JSON list of categories; for whom they are is taken from the category.

    Parameters
    ----------
    path : Path
    data : sequence
        What the file holds.
    hints : Hints
        ``addresses`` for facilities without coordinates.
    """
    if not is_facilities(data):
        raise errors.DataError(
            "facilities_shape",
            "{file} is a JSON list, but not one of categories with locations. Export it as GeoJSON or CSV.",
            file=path.name,
        )
    pairs = [(str(c.get("category", "")), place) for c in data for place in c["locations"]]
    found = [_facility(i, category, place) for i, (category, place) in enumerate(pairs, 1)]
    placed, notes = geocode.placed(
        [entry.position for entry in found],
        [(entry.address, "") for entry in found],
        names=[entry.name for entry in found],
        hints=hints,
    )
    entries = [replace(entry, position=place) for entry, place in zip(found, placed, strict=True)]
    licences = {str(p["licence"]) for _, p in pairs if isinstance(p, Mapping) and p.get("licence")}
    licence = "; ".join(sorted(licences)) or None
    return _reading(path, entries, len(entries), "utf-8", notes, digest([path]), licence=licence)


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
        days=_days_of(_first(values, "opening")),
        offers=_offers_of(_told(values)),
    )


def _told(values: Mapping[str, Any]) -> dict[str, str]:
    return {field: _first(values, field) for field in ALIASES}


def _first(values: Mapping[str, Any], field: str) -> str:
    return next((_tables.plain(values[n]) for n in ALIASES[field] if _is_text(values.get(n))), "")


def _days_of(words: str) -> float:
    return schedule.days_per_week(schedule.parse(words).schedule)


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float) and _tables.plain(value) != ""


def _of_category(category: str) -> str:
    return next((target for words, target in _BY_CATEGORY if re.search(words, category)), "all")


def is_points(layer: _vectors.Layer) -> bool:
    """Points with names, or 国土数値情報 P05 or P14; points of schools are no places unless one says so."""
    schools = any(re.fullmatch(r"(A27|A32|P29)_\d{3}", c) for c in layer.columns)
    named = any(_tables.heading(c) in ALIASES["name"] for c in layer.columns)
    return not schools and (named or official_of(layer.columns) is not None)


def of_points(layer: _vectors.Layer, *, municipality_code: str = "", hints: Hints = Hints()) -> Reading:
    """Places of a point layer: named points, or the facilities of 国土数値情報 (P05, P14, P29).

    Parameters
    ----------
    layer : Layer
    municipality_code : str
        Official layers hold a whole prefecture; their other municipalities are left out.
    hints : Hints
        ``municipality`` is the name by which the oldest edition, which has no codes, is cut.
    """
    official = official_of(layer.columns)
    if layer.shape == "point" and official:
        return _of_official(layer, official, municipality_code, hints)
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


@dataclass(frozen=True)
class _Official:
    """Where an edition of a 国土数値情報 layer of facilities keeps what."""

    name: str
    address: str
    kind: str
    """Column of the class."""
    code: str | None = None
    city: str | None = None
    """Column of the municipality's name, where there is no code."""
    precision: str | None = None
    capacity: str | None = None
    state: str | None = None
    manager: str | None = None


OFFICIAL = {
    "P05": _Official("P05_003", "P05_004", "P05_002", code="P05_001"),
    "P14": _Official("P14_008", "P14_004", "P14_005", code="P14_003", precision="P14_010"),
    "P14-2011": _Official("P14_007", "P14_003", "P14_004", city="P14_002", capacity="P14_009"),
    "P29": _Official("P29_004", "P29_005", "P29_003", code="P29_001", state="P29_007", manager="P29_006"),
    "P29-2013": _Official("P29_005", "P29_006", "P29_004", code="P29_001", manager="P29_007"),
}
"""P05 offices and halls (2022), P14 welfare facilities (2021; 2011 and 2015), P29 schools (2021; 2013)."""

_PRECISION_OF_P14 = {"1": "point", "2": "block", "3": "town", "4": "municipality", "5": "prefecture"}
_SCHOOLS = ("16001", "16002", "16003", "16014")
"""Elementary, middle, secondary and compulsory schools: the classes whose buildings neighbourhoods use."""
_PUBLIC = ("2", "3")
_TARGETS_OF_P14 = {"02": "older", "03": "disabled", "04": "disabled", "05": "children", "06": "childrearing"}
_TARGETS_OF_P14_2011 = (("1900[1-4]", "older"), ("19013", "childrearing"), ("19008", "children"))


def official_of(columns: Sequence[str]) -> str | None:
    """Which layer of :data:`OFFICIAL` has these columns; the editions are told apart by what they have more."""
    names = {c.upper() for c in columns}
    if {"P05_001", "P05_003"} <= names:
        return "P05"
    if {"P14_003", "P14_007"} <= names:
        # The oldest edition ends with two columns on its sources, the newer one with the accuracy of the position.
        return "P14-2011" if "P14_011" in names else "P14" if "P14_010" in names else None
    if {"P29_001", "P29_005"} <= names:
        return "P29" if "P29_008" in names or "P29_009" in names else "P29-2013"
    return None


def _of_official(layer: _vectors.Layer, official: str, municipality_code: str, hints: Hints) -> Reading:
    rule = OFFICIAL[official]
    records = [
        {str(k).upper(): _tables.plain(v).removesuffix(".0") for k, v in values.items()}
        for values in layer.frame.drop(columns="geometry").to_dict("records")
    ]
    rows = list(zip(map(int, layer.frame.index), records, layer.frame.geometry, strict=True))
    own = [_is_here(record, rule, municipality_code, hints) for _, record, _ in rows]
    here = [row for row, mine in zip(rows, own, strict=True) if mine]
    others = [row for row, mine in zip(rows, own, strict=True) if not mine]
    notes = list(layer.notes)
    if others and hints.border is not None:
        across, told = _across(others, [_place_of(record, p, rule) for _, record, p in others], hints)
        here = sorted([*here, *(row for row, _ in across)], key=lambda row: row[0])
        notes += told
    elif others:
        notes.append(_elsewhere(len(others)))
    if not here:
        column = rule.code or rule.city or ""
        codes = [record.get(column, "") for _, record, _ in rows]
        raise _not_here(layer.path.name, codes, municipality_code or hints.municipality)
    used = [row for row in here if official[:3] != "P29" or _is_public_school(row[1], rule)]
    notes += _schools_left_out(len(here) - len(used))
    entries = [_facility_of(number, record, point, official) for number, record, point in used]
    return _reading(layer.path, entries, layer.rows, layer.encoding, notes, layer.sha256)


def _is_here(record: Mapping[str, str], rule: _Official, municipality_code: str, hints: Hints) -> bool:
    if rule.code:
        return record.get(rule.code, "").zfill(5)[:5] == municipality_code
    return not hints.municipality or record.get(rule.city or "", "") == hints.municipality


def _is_public_school(record: Mapping[str, str], rule: _Official) -> bool:
    return record.get(rule.kind, "") in _SCHOOLS and record.get(rule.manager or "", "") in _PUBLIC


def _schools_left_out(n: int) -> list[Note]:
    if not n:
        return []
    return [
        Note(
            "info",
            "schools_left_out",
            "{n} schools that are no public elementary, middle, secondary or compulsory schools were left out.",
            values={"n": n},
        )
    ]


def _place_of(record: Mapping[str, str], point: Any, rule: _Official) -> _points.Position:
    middle = point.representative_point()
    level = (
        _PRECISION_OF_P14.get(record.get(rule.precision, "1"), "prefecture") if rule.precision else "point"
    )
    return _points.Position(middle.x, middle.y, precision=level)


def _facility_of(number: int, record: Mapping[str, str], point: Any, official: str) -> _Entry:
    rule = OFFICIAL[official]
    return _Entry(
        row=number,
        name=record.get(rule.name, ""),
        position=_place_of(record, point, rule),
        kind="facility",
        assumed=_for_whom(record, official),
        capacity=_points.one_number(record.get(rule.capacity or "", "")),
        status="suspended" if rule.state and record.get(rule.state) == "2" else "open",
        address=record.get(rule.address, ""),
    )


def _for_whom(record: Mapping[str, str], official: str) -> str:
    kind = record.get(OFFICIAL[official].kind, "")
    if official == "P14":
        # Nurseries are of the class of children, but for those who raise them.
        small = record.get("P14_007", "")
        return "childrearing" if small[:4] == "0504" else _TARGETS_OF_P14.get(kind.zfill(2), "all")
    if official == "P14-2011":
        kinds = f"{kind} {record.get('P14_005', '')} {record.get('P14_006', '')}"
        return next((target for words, target in _TARGETS_OF_P14_2011 if re.search(words, kinds)), "all")
    return "children" if official.startswith("P29") else "all"


def _point(number: int, values: Mapping[Any, Any], point: Any) -> _Entry:
    named = {_tables.heading(key): value for key, value in values.items()}
    record = {**_told(named), **_within(named)}
    heard = _opening.heard(record, could_say_how_often=bool(record["frequency"]))
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
        opening=heard.words,
        days=heard.days,
        unread=heard.unread,
        capacity=_points.one_number(record["capacity"]),
        status=_status(_first(named, "status") or str(named.get("lifecyclestatus", ""))),
        operator=_first(named, "operator"),
        address=_first(named, "address"),
        verified=_points.iso_date(_first(named, "verified")),
        hidden=bool(_HIDDEN.search(_first(named, "publish"))),
        offers=_offers_of(record),
        figures=_attendance.figures(record),
    )


_NESTED = ("opening", "closing", *_opening.KINDS_OF_DAY, "remark", "capacity", "step_free")
"""Fields that are looked for in what a feature tells of its sources (tags of OpenStreetMap, records of WAM NET)."""


def _within(values: Mapping[str, Any]) -> dict[str, str]:
    """Fields that the feature itself is silent on, from records within it, where these all say the same."""
    found: dict[str, set[str]] = {}
    _search([value for value in values.values() if isinstance(value, Mapping | list)], found)
    told = {field: words.pop() for field, words in found.items() if len(words) == 1}
    told = {field: words for field, words in told.items() if not _first(values, field)}
    if "opening" in told or _first(values, "opening"):
        # Hours that are told whole need no closing days of another source beside them.
        return {f: w for f, w in told.items() if f in ("opening", "capacity", "step_free")}
    return told


def _search(parts: Sequence[Any], found: dict[str, set[str]]) -> None:
    for part in parts:
        if isinstance(part, list):
            _search(part, found)
        elif isinstance(part, Mapping):
            named = {_tables.heading(key): value for key, value in part.items()}
            for field in _NESTED:
                if words := _first(named, field):
                    found.setdefault(field, set()).add(words)
            _search([value for value in part.values() if isinstance(value, Mapping | list)], found)


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
    checked = _points.without_lost([entry.position for entry in entries])
    entries = [replace(entry, position=place) for entry, place in zip(entries, checked, strict=True)]
    _points.need_some(path, checked)
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
    unread = Counter(piece for entry in entries for piece in entry.unread)
    if unread:
        notes.append(
            Note(
                "unknown",
                "places_opening_unread",
                "{n} of {all} places have opening words that are not understood, or contradict each other ({words}).",
                values={
                    "n": sum(bool(entry.unread) for entry in entries),
                    "all": len(entries),
                    "words": _tables.listed(sorted(unread), most=5),
                },
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
    return [*notes, *_offers_unread(entries), *_figures_unread(entries)]


def _offers_unread(entries: Sequence[_Entry]) -> list[Note]:
    """What columns of steps, fee and languages say that is not understood: unknown, neither yes nor no."""
    words = [(field, cell) for entry in entries for field, cell in entry.offers.unread]
    return [
        Note(
            "unknown",
            f"places_{field}_unread",
            _OFFERS_UNREAD[field],
            values={
                "n": sum(one == field for one, _ in words),
                "all": len(entries),
                "words": _tables.listed(sorted({cell for one, cell in words if one == field}), most=5),
            },
        )
        for field in _OFFERS_UNREAD
        if any(one == field for one, _ in words)
    ]


def _figures_unread(entries: Sequence[_Entry]) -> list[Note]:
    n = sum(entry.figures.is_unread for entry in entries)
    if not n:
        return []
    return [
        Note(
            "unknown",
            "places_figures_unread",
            "Of {n} of {all} places a count of those who come or help, or an age, is no number that can be: not "
            "known.",
            values={"n": n, "all": len(entries)},
        )
    ]


_OFFERS_UNREAD = {
    "step_free": "Of {n} of {all} places it is not clear whether one gets in without steps ({words}): not known.",
    "fee": "Of {n} of {all} places the fee is no fixed sum ({words}): not known.",
    "languages": "Of {n} of {all} places it is not clear which languages are spoken ({words}): not known.",
}


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
            "stage": [e.stage for e in entries],
            "opened_on": [e.opened for e in entries],
            "closed_on": [e.closed for e in entries],
            "next_review_on": [e.review for e in entries],
            "do_not_publish": [e.hidden for e in entries],
            "functions": [e.offers.functions for e in entries],
            "step_free": [e.offers.step_free for e in entries],
            "fee_yen": [e.offers.fee.adult for e in entries],
            "fee_child_yen": [e.offers.fee.child for e in entries],
            "languages": [e.offers.languages for e in entries],
            **{field: [e.figures.told.get(field, math.nan) for e in entries] for field in schemas.ATTENDANCE},
            "precision": [e.position.precision for e in entries],
            "source_row": [e.row for e in entries],
            "dataset_id": dataset_id,
        },
        geometry=_points.geometry([e.position for e in entries]),
        crs=schemas.STORED_CRS,
    )
