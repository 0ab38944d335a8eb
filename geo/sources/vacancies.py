"""Vacant houses and shops: internal data, in the municipality's own columns.

Owners and their contacts are never read. What a row does not say about consent is no consent.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import geopandas as gpd

from geo import errors, schemas
from geo.sources import _mapping, _points, _tables, geocode
from geo.sources._reading import Hints, Layout, Note, Reading, digest

ALIASES: dict[str, tuple[str, ...]] = {
    "key": ("property_id", "管理番号", "物件番号", "整理番号", "番号", "no", "no.", "id", "登録番号", "物件no"),
    "kind": ("種別", "kind", "種類", "区分", "用途", "物件種別", "建物種別", "物件種目"),
    "latitude": ("緯度", "lat", "latitude", "緯度(10進)"),
    "longitude": ("経度", "lon", "lng", "long", "longitude", "経度(10進)"),
    "address": ("住所", "所在地", "address", "物件所在地", "所在"),
    "municipality": ("市区町村名", "市区町村", "所在地_市区町村"),
    "town": ("町丁", "町丁目", "町名", "町字"),
    "area": ("延床面積", "floor_area_m2", "床面積", "延べ床面積", "延床面積(m2)", "面積", "建物面積", "専有面積"),
    "site": ("site_area_m2", "敷地面積", "土地面積"),
    "built": ("建築年", "built_year", "築年", "建築年月", "建築時期", "築年月", "建築年次"),
    "structure": ("構造", "structure", "建物構造"),
    "floors": ("floors", "階数", "階建"),
    "consent": ("所有者同意", "owner_consent", "同意", "同意状況", "所有者の同意"),
    "rent": ("家賃", "rent_yen_per_month", "賃料", "月額賃料", "希望賃料"),
    "price": ("price_yen", "価格", "売買価格", "希望価格", "販売価格", "希望売却価格"),
    "condition": ("condition", "状態", "老朽度", "建物の状態"),
    "inspection": ("inspection_certificate", "検査済証"),
    "step_free": ("段差なし", "step_free", "バリアフリー", "段差解消"),
    "quake": ("耐震", "quake_proof", "耐震性", "耐震基準"),
    "flood": ("洪水ランク", "flood_rank", "浸水ランク", "浸水深ランク", "浸水想定"),
    "landslide": ("土砂", "landslide", "土砂災害", "土砂災害警戒区域"),
    "stage": ("進捗", "stage", "段階", "活用段階"),
}  # fmt: skip
"""Column names that mean the same; the first that is there is read."""

FIELDS = tuple(ALIASES)
"""What a column of such a list can be told to be."""
_PATTERNS = (
    ("latitude", r"緯度|^lat"),
    ("longitude", r"経度|^(lon|lng)"),
    ("address", r"住所|所在"),
    ("area", r"延べ?床|延べ面積|建物(の)?面積|専有面積|床面積"),
    ("site", r"(敷地|土地).*面積|^地積"),
    ("built", r"建築(年|時期)|築年(?!数)|竣工"),
    ("structure", r"構造"),
    ("floors", r"階(数|建)"),
    ("rent", r"家賃|賃料"),
    ("price", r"価格|売値|売却額|金額"),
    ("kind", r"種別|種目|用途"),
    ("consent", r"同意"),
    ("quake", r"耐震"),
    ("flood", r"浸水|洪水"),
    ("landslide", r"土砂"),
)
# An 空き家バンク calls its rows 物件, or says for how much they are; lists of public buildings do neither.
_PROPERTY = re.compile(r"物件|家賃|賃料|価格|売値|売却|金額|希望額|空き?(家|店)|成約|賃貸|売買")
_BUILDING = tuple(
    re.compile(words)
    for words in (
        r"構造",
        r"築年|築(\(|$)|建築(年|時期)|竣工",
        r"面積|平米|m2|坪",
        r"間取|階(数|建)",
        r"家賃|賃料|価格|金額",
    )
)
_OPENS = re.compile(r"(開催|利用可能|活動|開館|開所|営業|実施)(日|曜|時)|開始時間|対象|定員|参加")
_NO_BUILDING = re.compile(r"土地|宅地|更地|駐車|農地|山林")
_KINDS = (("shop", "店|shop|商|事務所"), ("house", "家|house|住|戸建|マンション|アパート|長屋"))
_CONSENT = (
    ("none", "未接触|未同意|不同意|拒否|なし|無し?$|不可|none"),
    ("agreed_internal", "内部|庁内|非公開|agreed_internal"),
    ("asked", "打診|確認中|交渉|照会|依頼|保留|asked"),
    ("agreed_public", "公開|agreed_public"),
)
_STEPS = (("no", "^段差あり|^no$|未対応|無|なし$|不可|×"), ("yes", "^段差なし|^yes$|有|あり|対応|可|○"))
_QUAKE = (("no", "旧耐震|未改修|不適合|^no$"), ("yes", "新耐震|改修済|適合|^yes$"))
_LANDSLIDE = (
    ("red", "特別|レッド|red"),
    ("yellow", "警戒|イエロー|yellow"),
    ("none", "区域外|該当なし|^外$|none"),
)
_STAGE = (
    ("opened", "開所|開設|opened"),
    ("renovated", "改修|renovated"),
    ("surveyed", "調査|surveyed"),
    ("consented", "同意|consented"),
    ("candidate", "候補|candidate"),
)


def table_of(sheet: _tables.Sheet) -> _tables.Table | None:
    """The sheet as a list of vacancies; None when it is none.

    It has a column of consent, kinds that are vacant houses and shops, or the columns of an 空き家バンク: rows that are
    called properties or have a price (or a file that is named so), and at least two facts of a building.
    """
    known = {name for names in ALIASES.values() for name in names}
    table = _tables.with_header(sheet, known.__contains__, at_least=2) or _mapping.header_of(sheet)
    if table is None:
        return None
    if table.column(ALIASES["consent"]) is not None or "property_id" in table.header:
        return table
    kind = table.column(ALIASES["kind"])
    words = [
        _tables.plain(r.cells[kind]) for r in table.rows[:50] if kind is not None and kind < len(r.cells)
    ]
    is_told = any(re.search("空き?(家|店)", word) for word in words)
    return table if is_told or _is_bank(table, sheet.path.stem) else None


def _is_bank(table: _tables.Table, stem: str) -> bool:
    if any(_OPENS.search(name) for name in table.header):
        return False
    is_property = any(_PROPERTY.search(name) for name in (*table.header, _tables.plain(stem)))
    facts = sum(any(fact.search(name) for name in table.header) for fact in _BUILDING)
    return is_property and facts >= 2


def of_sheet(sheet: _tables.Sheet, *, municipality_code: str, hints: Hints = Hints()) -> Reading:
    """Vacant houses and shops of a table.

    Parameters
    ----------
    sheet : Sheet
    municipality_code : str
        Kept for the sake of one interface: such a list is the municipality's own.
    hints : Hints
        What the project knows: columns told or saved, addresses for rows without coordinates.

    Returns
    -------
    reading : Reading
        ``Vacancies``. Rows without a place in Japan, or that are neither house nor shop, are refused one by
        one; consent that is not clearly given is ``none``.
    """
    del municipality_code
    table, columns, layout, notes = _understood(sheet, hints)
    found = [(row.number, _record(table, columns, row)) for row in table.rows]
    # Spreadsheets are padded with numbered rows that hold nothing else.
    rows = [(n, r) for n, r in found if any(value for field, value in r.items() if field != "key")]
    records = [record for _, record in rows]
    placed, how = geocode.placed(
        [_points.position(r["latitude"], r["longitude"]) for r in records],
        [(r["address"] or r["town"], r["municipality"]) for r in records],
        names=[r["key"] or str(n) for n, r in rows],
        hints=hints,
    )
    places = _points.without_lost(placed)
    _points.need_some(sheet.path, places)
    houses = "空" in sheet.path.stem and "家" in sheet.path.stem
    kinds = [_kind(record["kind"], houses=houses or "kind" not in columns) for record in records]
    good = [i for i, place in enumerate(places) if place.fault is None and kinds[i]]
    dataset_id = f"vacancies:{sheet.path.stem}"
    frame = _table([(*rows[i], places[i], str(kinds[i])) for i in good], sheet.path.stem, dataset_id)
    told = (*notes, *how, *_refused(rows, places, kinds), *_unknown_words(records))
    return Reading(
        kind="vacancies",
        dataset_id=dataset_id,
        schema=schemas.Vacancies,
        table=schemas.conform(schemas.Vacancies, frame),
        file=table.file,
        sha256=digest([sheet.path]),
        rows=len(rows),
        encoding=sheet.encoding,
        crs="EPSG:4326",
        notes=told,
        layout=layout,
    )


def _understood(
    sheet: _tables.Sheet, hints: Hints
) -> tuple[_tables.Table, dict[str, str], Layout | None, list[Note]]:
    """The table, its columns by field, and how they were understood when their usual names did not tell."""
    table = table_of(sheet) or _mapping.header_of(sheet)
    if table is None:
        raise _no_vacancies(sheet, ("kind", "address"))
    fingerprint = _mapping.fingerprint(table.header)
    saved = {f: n for f, n in hints.layouts.get(fingerprint, {}).items() if f in FIELDS}
    mapping = _mapping.told(table, {**saved, **hints.mapping}, FIELDS)
    usual = {f: next((n for n in names if n in table.header), None) for f, names in ALIASES.items()}
    known = {f: n for f, n in usual.items() if n is not None and n not in mapping.values()} | mapping
    found = _mapping.guess(table, known, patterns=_PATTERNS)
    columns = dict(found.columns)
    if not _is_placed(columns):
        unclear = [f for f in ("latitude", "longitude", "address") if f in found.doubtful]
        raise (
            _mapping.doubt(table, found, unclear)
            if unclear
            else _no_vacancies(sheet, ("latitude", "address"))
        )
    guessed = {f: n for f, n in columns.items() if f not in known}
    layout = Layout(fingerprint, {**mapping, **guessed}) if mapping or guessed else None
    return table, columns, layout, _mapping.notes(mapping, guessed)


def _is_placed(columns: Mapping[str, str]) -> bool:
    return {"latitude", "longitude"} <= columns.keys() or not {"address", "town"}.isdisjoint(columns)


def _no_vacancies(sheet: _tables.Sheet, missing: Sequence[str]) -> errors.DataError:
    return errors.DataError(
        "vacancies_columns",
        "{file} is no list of vacant houses and shops: it lacks the columns {missing} (first row: {first}). "
        "Name them so, or say which they are: --map address=COLUMN --map kind=COLUMN.",
        file=sheet.path.name,
        missing=_tables.listed(ALIASES[field][0] for field in missing),
        first=_tables.listed(sheet.rows[0].cells, most=8) if sheet.rows else "-",
    )


def _table(
    rows: Sequence[tuple[int, Mapping[str, str], _points.Position, str]], stem: str, dataset_id: str
) -> gpd.GeoDataFrame:
    numbers, records = [n for n, *_ in rows], [r for _, r, *_ in rows]

    def words(field: str) -> list[str | None]:
        return [r[field] or None for r in records]

    return gpd.GeoDataFrame(
        {
            "property_id": _points.ids(stem, [r["key"] for r in records], numbers),
            "kind": [kind for *_, kind in rows],
            "floor_area_m2": [_area(r["area"]) for r in records],
            "built_year": [_points.year(r["built"]) for r in records],
            "structure": words("structure"),
            "owner_consent": [_word(_CONSENT, r["consent"]) or "none" for r in records],
            "address": [r["address"] or r["town"] or None for r in records],
            "precision": [place.precision for _, _, place, _ in rows],
            "floors": [_points.one_number(re.sub(r"地[上下]", "", r["floors"])) for r in records],
            "site_area_m2": [_area(r["site"]) for r in records],
            "price_yen": [_yen(r["price"]) for r in records],
            "condition": words("condition"),
            "inspection": words("inspection"),
            "step_free": [_word(_STEPS, r["step_free"]) for r in records],
            "quake_proof": [_word(_QUAKE, r["quake"]) for r in records],
            "flood_rank": [_points.one_number(r["flood"]) for r in records],
            "landslide": [_word(_LANDSLIDE, r["landslide"]) for r in records],
            "rent_yen_per_month": [_yen(r["rent"]) for r in records],
            "stage": [_word(_STAGE, r["stage"]) for r in records],
            "source_row": numbers,
            "dataset_id": dataset_id,
        },
        geometry=_points.geometry([place for _, _, place, _ in rows]),
        crs=schemas.STORED_CRS,
    )


def _kind(text: str, *, houses: bool) -> str | None:
    """House or shop; where the list itself is one of houses, also what says something else (売買, 賃貸)."""
    if _NO_BUILDING.search(text) and not re.search("戸建|家|住宅(?!地)|付", text):
        return None
    of_sale = re.fullmatch(r"(売買?|賃貸|貸|売却|売家)([・/、].*)?", text)
    return _word(_KINDS, text) or ("house" if houses or of_sale else None)


def _yen(text: str) -> float:
    """Yen of a cell: 50000, 3.5万円, 1,200,000円.

    Examples
    --------
    >>> _yen("3.5万円"), _yen("50,000"), _yen("応相談"), _yen("1億2000万円")
    (35000.0, 50000.0, nan, nan)
    """
    factor = 10_000 if "万" in text else 1
    return math.nan if "億" in text else round(_points.one_number(text) * factor, 6)


def _record(table: _tables.Table, columns: Mapping[str, str], row: _tables.Row) -> dict[str, str]:
    places = {field: table.header.index(name) for field, name in columns.items()}
    record = dict.fromkeys(ALIASES, "")
    return record | {
        f: _tables.plain(row.cells[at]) if at < len(row.cells) else "" for f, at in places.items()
    }


def _word(words: Sequence[tuple[str, str]], text: str) -> str | None:
    return next((value for value, pattern in words if re.search(pattern, text, re.IGNORECASE)), None)


def _area(text: str) -> float:
    # 「85.5㎡」 becomes 85.5m2, whose 2 is no second number.
    return _points.one_number(re.sub(r"m2|平米|平方メートル", "", text)) if "坪" not in text else math.nan


def _refused(
    rows: Sequence[tuple[int, Mapping[str, str]]],
    places: Sequence[_points.Position],
    kinds: Sequence[str | None],
) -> list[Note]:
    notes = []
    for (number, record), place, kind in zip(rows, places, kinds, strict=True):
        if place.fault:
            notes.append(_points.refusal(number, record["key"] or "-", place))
        elif kind is None:
            notes.append(
                Note(
                    "refused",
                    "vacancy_kind_unknown",
                    "{name} (row {row}) is neither a vacant house nor a vacant shop ({kind}) and was left out.",
                    number,
                    {"row": number, "name": record["key"] or "-", "kind": record["kind"] or "-"},
                )
            )
    return notes


def _unknown_words(records: Sequence[Mapping[str, str]]) -> list[Note]:
    words = Counter(r["consent"] for r in records if r["consent"] and _word(_CONSENT, r["consent"]) is None)
    if not words:
        return []
    return [
        Note(
            "unknown",
            "vacancies_consent_unknown",
            "{n} rows say of the owner's consent what is not known here ({words}); they count as none.",
            values={"n": words.total(), "words": _tables.listed(sorted(words), most=5)},
        )
    ]
