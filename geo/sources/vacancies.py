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
from geo.sources import _points, _tables
from geo.sources._reading import Note, Reading, digest

ALIASES: dict[str, tuple[str, ...]] = {
    "key": ("property_id", "管理番号", "物件番号", "整理番号", "番号", "no", "no.", "id"),
    "kind": ("種別", "kind", "種類", "区分", "用途"),
    "latitude": ("緯度", "lat", "latitude", "緯度(10進)"),
    "longitude": ("経度", "lon", "lng", "long", "longitude", "経度(10進)"),
    "area": ("延床面積", "floor_area_m2", "床面積", "延べ床面積", "延床面積(m2)", "面積"),
    "built": ("建築年", "built_year", "築年", "建築年月", "建築時期"),
    "structure": ("構造", "structure"),
    "consent": ("所有者同意", "owner_consent", "同意", "同意状況", "所有者の同意"),
    "step_free": ("段差なし", "step_free", "バリアフリー", "段差解消"),
    "quake": ("耐震", "quake_proof", "耐震性", "耐震基準"),
    "flood": ("洪水ランク", "flood_rank", "浸水ランク", "浸水深ランク"),
    "landslide": ("土砂", "landslide", "土砂災害", "土砂災害警戒区域"),
    "rent": ("家賃", "rent_yen_per_month", "賃料", "月額賃料"),
    "stage": ("進捗", "stage", "段階", "活用段階"),
}
"""Column names that mean the same; the first that is there is read."""

_KINDS = (("shop", "店|shop|商"), ("house", "家|house|住"))
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
    """The sheet as a list of vacancies: it has a column of consent, or kinds that are vacant houses and shops."""
    known = {name for names in ALIASES.values() for name in names}
    table = _tables.with_header(sheet, known.__contains__, at_least=2)
    if table is None:
        return None
    if table.column(ALIASES["consent"]) is not None or "property_id" in table.header:
        return table
    kind = table.column(ALIASES["kind"])
    words = [
        _tables.plain(r.cells[kind]) for r in table.rows[:50] if kind is not None and kind < len(r.cells)
    ]
    return table if any(re.search("空き?(家|店)", word) for word in words) else None


def of_sheet(sheet: _tables.Sheet, *, municipality_code: str) -> Reading:
    """Vacant houses and shops of a table.

    Parameters
    ----------
    sheet : Sheet
    municipality_code : str
        Kept for the sake of one interface: such a list is the municipality's own.

    Returns
    -------
    reading : Reading
        ``Vacancies``. Rows without a place in Japan, or that are neither house nor shop, are refused one by
        one; consent that is not clearly given is ``none``.
    """
    del municipality_code
    table = _need_table(sheet)
    rows = [(row.number, _record(table, row)) for row in table.rows]
    places = [_points.position(r["latitude"], r["longitude"]) for _, r in rows]
    _points.need_some(sheet.path, places)
    kinds = [_word(_KINDS, record["kind"]) for _, record in rows]
    good = [i for i, place in enumerate(places) if place.fault is None and kinds[i]]
    numbers = [rows[i][0] for i in good]
    records = [rows[i][1] for i in good]
    dataset_id = f"vacancies:{sheet.path.stem}"
    frame = gpd.GeoDataFrame(
        {
            "property_id": _points.ids(sheet.path.stem, [r["key"] for r in records], numbers),
            "kind": [kinds[i] for i in good],
            "floor_area_m2": [_area(r["area"]) for r in records],
            "built_year": [_points.year(r["built"]) for r in records],
            "structure": [r["structure"] or None for r in records],
            "owner_consent": [_word(_CONSENT, r["consent"]) or "none" for r in records],
            "step_free": [_word(_STEPS, r["step_free"]) for r in records],
            "quake_proof": [_word(_QUAKE, r["quake"]) for r in records],
            "flood_rank": [_points.one_number(r["flood"]) for r in records],
            "landslide": [_word(_LANDSLIDE, r["landslide"]) for r in records],
            "rent_yen_per_month": [_points.one_number(r["rent"].replace(",", "")) for r in records],
            "stage": [_word(_STAGE, r["stage"]) for r in records],
            "source_row": numbers,
            "dataset_id": dataset_id,
        },
        geometry=_points.geometry([places[i] for i in good]),
        crs=schemas.STORED_CRS,
    )
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
        notes=(*_refused(rows, places, kinds), *_unknown_words(records)),
    )


def _need_table(sheet: _tables.Sheet) -> _tables.Table:
    table = table_of(sheet)
    needed = ("kind", "latitude", "longitude")
    missing = [ALIASES[f][0] for f in needed if table is None or table.column(ALIASES[f]) is None]
    if table is None or missing:
        raise errors.DataError(
            "vacancies_columns",
            "{file} is no list of vacant houses and shops: it lacks the columns {missing} (first row: {first}). "
            "Name them so, or in English kind, lat and lon.",
            file=sheet.path.name,
            missing=_tables.listed(missing),
            first=_tables.listed(sheet.rows[0].cells, most=8) if sheet.rows else "-",
        )
    return table


def _record(table: _tables.Table, row: _tables.Row) -> dict[str, str]:
    positions = {field: table.column(names) for field, names in ALIASES.items()}
    return {
        field: _tables.plain(row.cells[at]) if at is not None and at < len(row.cells) else ""
        for field, at in positions.items()
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
