"""Addresses to positions, offline: as far as the block (街区) where the list of addresses has them, else the town.

A gazetteer is a table of :class:`geo.schemas.Addresses`: 位置参照情報 (blocks, or towns), a town-level JSON list, or
the small areas of the census themselves. An address is read from the left: prefecture, municipality, the longest
town that fits, the block. What does not fit is not guessed: 本町田 is not 本町. Where the border of its municipality
is known, an address whose town is in no list still is in that municipality, and is put no nearer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import errors, schemas
from geo.sources import _jageocoder, _points, _tables
from geo.sources._reading import Hints, Note, Reading, digest

PREFECTURES = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県", "群馬県", "埼玉県",
    "千葉県", "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県",
    "愛知県", "三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県", "岡山県",
    "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県", "佐賀県", "長崎県", "熊本県", "大分県",
    "宮崎県", "鹿児島県", "沖縄県",
)  # fmt: skip
"""In the order of their codes, from 01."""

_VARIANTS = str.maketrans(
    {
        "髙": "高", "﨑": "崎", "嵜": "崎", "澤": "沢", "濱": "浜", "邊": "辺", "邉": "辺", "齋": "斎", "齊": "斉",
        "瀨": "瀬", "瀧": "滝", "龍": "竜", "嶽": "岳", "檜": "桧", "曾": "曽", "廣": "広", "國": "国", "惠": "恵",
        "櫻": "桜", "德": "徳", "鷄": "鶏", "龜": "亀", "條": "条", "彌": "弥", "驛": "駅", "舊": "旧", "圓": "円",
        "豐": "豊", "鄕": "郷", "眞": "真", "壽": "寿", "藏": "蔵", "榮": "栄", "淺": "浅", "螢": "蛍", "萬": "万",
        "礒": "磯", "ヶ": "ケ", "ヵ": "ケ", "カ": "ケ", "が": "ケ", "ガ": "ケ", "ノ": "の", "之": "の",
        "乃": "の", "ッ": "ツ",
    }
)  # fmt: skip
"""Letters that addresses and lists of addresses write differently; they only meet here, nobody sees them."""

_DIGIT = {c: i for i, c in enumerate("〇一二三四五六七八九")}
_NUMERAL = "[〇一二三四五六七八九十百]+"
_DASH = re.compile(r"(?<=\d)[‐-―−ー─ｰ~〜－](?=\d)|[‐-―−－]")
_BLOCK = re.compile(r"-?(\d+)(?!\d)")
# What may stand behind the name of a town that has no 丁目; any other letter makes it the name of another town.
_BEHIND = re.compile(r"$|[\d(\[、,・/A-Za-z-]|番|地|周辺|付近|近辺|内|先|字|大字|[甲乙丙丁]\d")
_COUNTY = re.compile(r"^[^市区町村]{1,5}?郡(?=.+[町村])")
# Words that begin with the name of a municipality, as far as one can tell without knowing them all.
_ELSEWHERE = re.compile(r"^[^\d市区郡]{1,6}(市(?!場|民|役)|区(?!民|役|立)|郡)")


@dataclass(frozen=True)
class Found:
    """Where an address is, and how well that is known; ``precision`` None: nowhere in the gazetteer."""

    x: float = float("nan")
    y: float = float("nan")
    precision: str | None = None
    matched: str = ""
    """The part of the address that was found, as the gazetteer writes it."""


def normal(address: object) -> str:
    """An address as it can be compared: widths, numerals, dashes and variant letters made one.

    Examples
    --------
    >>> normal("千代田区飯田橋三丁目５番６号"), normal("一番町"), normal("３番町"), normal("大字大久野1660番地1")
    ('千代田区飯田橋3-5-6', '一番町', '三番町', '大久野1660-1')
    """
    words = re.sub(r"\s+", "", _tables.plain(address))
    words = re.sub(rf"({_NUMERAL})(?=丁目|番地|番\d|番$|番[^町]|号)", lambda m: str(_value(m[1])), words)
    words = re.sub(r"(?<!\d)([1-9])番町", lambda m: "〇一二三四五六七八九"[int(m[1])] + "番町", words)
    words = re.sub(r"丁目の?|番地の?|(?<=\d)番(?![町所])", "-", words)
    words = re.sub(r"(?<=\d)号(?![室棟館])", "", words)
    words = _DASH.sub("-", words).translate(_VARIANTS)
    words = re.sub(r"大字|(?<=[^文十赤太])字(?=[^\d-])", "", words)
    words = re.sub(r"(?<=\d)の(?=\d)", "-", words)
    # 阿佐ヶ谷 and 阿佐谷, 霞が関 and 霞関 are one.
    words = re.sub(r"(?<=[一-龥])ケ(?=[一-龥])", "", words)
    return re.sub(r"-+", "-", words).rstrip("-")


def _value(numeral: str) -> int:
    """A kanji numeral up to 999: 二十三, 二三, 百五."""
    if not set(numeral) & set("十百"):
        return int("".join(str(_DIGIT[c]) for c in numeral))
    total, digit = 0, None
    for c in numeral:
        if c in "十百":
            total += (1 if digit is None else digit) * (10 if c == "十" else 100)
            digit = None
        else:
            digit = _DIGIT[c]
    return total + (digit or 0)


class Gazetteer:
    """A table of addresses, made ready to be asked.

    Parameters
    ----------
    addresses : schemas.Addresses
        In degrees. Where several rows name one town or block, the middle of them is taken.
    """

    def __init__(self, addresses: gpd.GeoDataFrame) -> None:
        frame = pd.DataFrame(addresses.drop(columns="geometry")).assign(
            x=addresses.geometry.x.to_numpy(), y=addresses.geometry.y.to_numpy()
        )
        frame["municipality"] = frame["municipality"].map(normal)
        self._prefecture = _only(frame, "municipality", "prefecture")
        self._whole = _middles(frame[frame["town"] == ""], ["municipality"])
        frame = frame[frame["town"] != ""]
        blocks = frame[frame["block"].notna()]
        self._blocks = _middles(blocks, ["municipality", "town", "block"])
        towns = frame[frame["block"].isna()]
        # Towns of which only the blocks are listed lie in the middle of these.
        self._towns = {
            **_middles(blocks, ["municipality", "town"]),
            **_middles(towns, ["municipality", "town"]),
        }
        self._districts = self._of_several()
        self._names = _spellings(sorted({m for m, _ in self._towns} | set(self._whole)))

    def _of_several(self) -> dict[tuple[str, str], tuple[float, float]]:
        """The 大字 whose 丁目 are towns of their own, in the middle of these."""
        parts: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for (municipality, town), place in self._towns.items():
            base = re.sub(r"\d+$", "", town)
            if base and base != town and (municipality, base) not in self._towns:
                parts.setdefault((municipality, base), []).append(place)
        return {name: _mean(places) for name, places in parts.items()}

    def find(self, address: object, *, municipality: str = "", own: str = "") -> Found:
        """Where an address is.

        Parameters
        ----------
        address : object
            As people write it; prefecture and municipality may be missing, and all of it where the municipality
            is told.
        municipality : str
            The municipality that the list gives in another column.
        own : str
            The municipality whose list this is: of an address that names none.
        """
        words = normal(address)
        prefecture = next((p for p in PREFECTURES if words.startswith(p)), None)
        rest = words.removeprefix(prefecture or "")
        names = [
            (name, left)
            for name, left in self._municipalities(rest, normal(municipality), normal(own))
            if not prefecture or self._prefecture.get(name, prefecture) == prefecture
        ]
        for name, left in names:
            found = self._town(name, left)
            if found.precision:
                return found
        whole = next((name for name, _ in names if name in self._whole), None)
        return Found(*self._whole[whole], "municipality", whole) if whole else Found()

    def _municipalities(self, rest: str, told: str, own: str) -> list[tuple[str, str]]:
        """Municipalities that the address may be of, and what is left of it behind their names."""
        is_elsewhere = bool(_ELSEWHERE.match(rest))
        rest = rest if any(rest.startswith(s) for s, _ in self._names) else _COUNTY.sub("", rest)
        within = [(name, rest[len(s) :].removeprefix(s)) for s, name in self._names if rest.startswith(s)]
        if within:
            return within
        if not told and not is_elsewhere:
            told = own
        told = told.removeprefix(next((p for p in PREFECTURES if told.startswith(p)), ""))
        # An address that names no municipality: that of the other column, or a list that names none either.
        return [*((name, rest) for s, name in self._names if told and s == told), ("", rest)]

    def _town(self, municipality: str, rest: str) -> Found:
        for end in range(len(rest), 0, -1):
            town, behind = rest[:end], rest[end:]
            if not _may_end(town, behind):
                continue
            key = (municipality, town)
            if key in self._towns:
                return self._block(key, behind)
            if key in self._districts:
                return Found(*self._districts[key], "district", municipality + town)
        return Found()

    def _block(self, key: tuple[str, str], behind: str) -> Found:
        number = _BLOCK.match(behind)
        block = (*key, number.group(1) if number else "")
        if block in self._blocks:
            return Found(*self._blocks[block], "block", f"{key[0]}{key[1]}-{block[2]}")
        return Found(*self._towns[key], "town", "".join(key))


def _may_end(town: str, behind: str) -> bool:
    """Whether a name may end here: not within a number, nor within the name of another town."""
    if town[-1].isdigit():
        return not behind[:1].isdigit()
    return bool(_BEHIND.match(behind))


def _only(frame: pd.DataFrame, key: str, column: str) -> dict[str, str]:
    single = (
        frame.dropna(subset=column)
        .groupby(key)[column]
        .agg(lambda s: s.iloc[0] if s.nunique() == 1 else None)
    )
    return {str(k): str(v) for k, v in single.dropna().items()}


def _middles(frame: pd.DataFrame, keys: list[str]) -> dict[Any, tuple[float, float]]:
    middle = frame.groupby(keys, sort=True)[["x", "y"]].mean()
    return dict(zip(middle.index, map(tuple, middle.to_numpy().tolist()), strict=True))


def _mean(places: Sequence[tuple[float, float]]) -> tuple[float, float]:
    x, y = np.mean(places, axis=0)
    return float(x), float(y)


def _spellings(names: Iterable[str]) -> list[tuple[str, str]]:
    """How a municipality may begin an address, longest first: with its county or without, the ward alone."""
    spelt: dict[str, set[str]] = {}
    for name in names:
        if name:
            ward = re.sub(r"^.+?市(?=.+区$)", "", name)
            for spelling in {name, _COUNTY.sub("", name), ward}:
                spelt.setdefault(spelling, set()).add(name)
    # A ward that two cities have is no name of either.
    sure = [(s, own.pop()) for s, own in spelt.items() if len(own) == 1]
    return sorted(sure, key=lambda pair: (-len(pair[0]), pair))


# -- gazetteers ---------------------------------------------------------------------------------------------

_BLOCK_COLUMNS = ("都道府県名", "市区町村名", "大字・丁目名", "街区符号・地番", "緯度", "経度")
_TOWN_COLUMNS = ("市区町村コード", "市区町村名", "大字町丁目名", "緯度", "経度")


def table_of(sheet: _tables.Sheet) -> _tables.Table | None:
    """The sheet as 位置参照情報, of blocks or of towns; None when it is neither."""
    known = {*_BLOCK_COLUMNS, *_TOWN_COLUMNS}
    table = _tables.with_header(sheet, known.__contains__, at_least=4)
    if table is None:
        return None
    kinds = (_BLOCK_COLUMNS, _TOWN_COLUMNS)
    return table if any(all(name in table.header for name in names) for names in kinds) else None


def is_towns(data: Sequence[Any]) -> bool:
    """A JSON list of towns with their positions."""
    return bool(data) and all(
        isinstance(t, Mapping) and {"town", "lat", "lng"} <= t.keys() for t in data[:50]
    )


def of_sheet(sheet: _tables.Sheet, *, municipality: str = "") -> Reading:
    """Addresses of 位置参照情報, at the level of blocks or of towns.

    Parameters
    ----------
    sheet : Sheet
    municipality : str
        The municipality whose addresses are kept, where the list holds them; all of them without a name.

    Returns
    -------
    reading : Reading
        ``Addresses``. Rows that were removed (更新後履歴フラグ 3) are left out.
    """
    table = table_of(sheet)
    if table is None:
        raise errors.DataError(
            "addresses_columns",
            "{file} is no list of addresses: it lacks columns of 位置参照情報 (first row: {first}). Download the "
            "list of blocks or of towns from the site of 国土数値情報.",
            file=sheet.path.name,
            first=_tables.listed(sheet.rows[0].cells, most=8) if sheet.rows else "-",
        )
    column = {name: i for i, name in enumerate(table.header)}
    blocks = "街区符号・地番" in column
    town = "大字・丁目名" if blocks else "大字町丁目名"
    rows: list[dict[str, Any]] = []
    notes: list[Note] = []
    for row in table.rows:
        cells = {name: row.cells[i] if i < len(row.cells) else "" for name, i in column.items()}
        if _tables.plain(cells.get("更新後履歴フラグ")) == "3":
            continue
        place = _points.position(cells["緯度"], cells["経度"])
        small = cells.get("小字・通称名", "")
        if place.fault:
            notes.append(_points.refusal(row.number, cells[town] + small, place))
            continue
        first = {"prefecture": _tables.plain(cells.get("都道府県名")) or None, "x": place.x, "y": place.y}
        name = {"municipality": _tables.plain(cells["市区町村名"]), "town": normal(cells[town] + small)}
        rows.append({**first, **name, "block": normal(cells["街区符号・地番"]) if blocks else None})
    own = [row for row in rows if row["municipality"] == municipality]
    return _reading(sheet.path, own or rows, len(table.rows), sheet.encoding, notes)


def of_towns(path: Path, data: Sequence[Any]) -> Reading:
    """Addresses of a JSON list of towns (``town``, ``koaza``, ``lat``, ``lng``), the municipality in its file name."""
    if not is_towns(data):
        raise errors.DataError(
            "addresses_shape",
            "{file} is a JSON list, but not one of towns with town, lat and lng. Use a town list as it was published.",
            file=path.name,
        )
    rows, notes = [], []
    name = _tables.plain(path.stem)
    name = name if re.search("[市区町村]$", name) else ""
    for number, entry in enumerate(data, 1):
        place = _points.position(entry["lat"], entry["lng"])
        town = _tables.plain(entry["town"])
        if place.fault:
            notes.append(_points.refusal(number, town, place))
            continue
        if town and not entry.get("koaza"):
            rows.append(
                {
                    "prefecture": None,
                    "municipality": name,
                    "town": normal(town),
                    "block": None,
                    "x": place.x,
                    "y": place.y,
                }
            )
    return _reading(path, rows, len(data), "utf-8", notes)


def _reading(
    path: Path, rows: list[dict[str, Any]], total: int, encoding: str | None, notes: list[Note]
) -> Reading:
    if not rows:
        raise errors.DataError(
            "rows_none", "{file} has a header but no rows. Export the list again.", file=path.name
        )
    dataset_id = f"addresses:{path.stem}"
    frame = pd.DataFrame(rows)
    names = ["municipality", "town", "block"]
    # Several rows of one block are one address, in their middle.
    frame = frame.groupby([*names, "prefecture"], dropna=False, sort=True, as_index=False)[["x", "y"]].mean()
    frame = frame.astype(dict.fromkeys([*names, "prefecture"], object))
    frame = frame.where(frame.notna(), None)
    keys = frame[["prefecture", *names]].map(lambda v: v or "").agg("/".join, axis=1)
    table = gpd.GeoDataFrame(
        frame.drop(columns=["x", "y"]).assign(address_id=dataset_id + ":" + keys, dataset_id=dataset_id),
        geometry=gpd.points_from_xy(
            frame["x"].astype(float), frame["y"].astype(float), crs="EPSG:4326"
        ).to_crs(schemas.STORED_CRS),
        crs=schemas.STORED_CRS,
    )
    return Reading(
        kind="addresses",
        dataset_id=dataset_id,
        schema=schemas.Addresses,
        table=schemas.conform(schemas.Addresses, table),
        file=path.name,
        sha256=digest([path]),
        rows=total,
        encoding=encoding,
        crs="EPSG:4326",
        notes=tuple(notes),
    )


def of_small_areas(areas: gpd.GeoDataFrame, municipalities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The small areas of a census as addresses: a point within each, with the name of its town.

    Parameters
    ----------
    areas : schemas.SmallAreas
    municipalities : schemas.Municipalities
        Gives the municipality its name; without it only addresses that name no municipality are found.

    Returns
    -------
    addresses : schemas.Addresses
    """
    land = areas[~areas["is_water"]]
    if land.empty:
        return schemas.empty(schemas.Addresses)
    codes = land["municipality_code"]
    names = municipalities.set_index("municipality_code")["qualified_name"]
    own = codes.map(names).map(lambda name: _without_prefecture(name) if isinstance(name, str) else "")
    table = gpd.GeoDataFrame(
        {
            "address_id": "small-area:" + land["small_area_id"],
            "prefecture": codes.map(_prefecture_of),
            "municipality": own,
            "town": land["name"].map(normal),
            "block": None,
            "dataset_id": land["dataset_id"],
        },
        geometry=land.geometry.representative_point(),
        crs=areas.crs,
    )
    return schemas.conform(schemas.Addresses, table[table["town"] != ""])


def of_municipalities(municipalities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Municipalities as addresses: a point within each, for an address whose town is in no other list.

    Parameters
    ----------
    municipalities : schemas.Municipalities

    Returns
    -------
    addresses : schemas.Addresses
        With a blank ``town``.
    """
    if municipalities.empty:
        return gpd.GeoDataFrame(schemas.empty(schemas.Addresses))
    table = gpd.GeoDataFrame(
        {
            "address_id": "municipality:" + municipalities["municipality_code"],
            "prefecture": municipalities["municipality_code"].map(_prefecture_of),
            "municipality": municipalities["qualified_name"].map(_without_prefecture),
            "town": "",
            "block": None,
            "dataset_id": municipalities["dataset_id"],
        },
        geometry=municipalities.geometry.representative_point(),
        crs=municipalities.crs,
    )
    return gpd.GeoDataFrame(schemas.conform(schemas.Addresses, table))


def _prefecture_of(code: str) -> str | None:
    number = int(code[:2])
    return PREFECTURES[number - 1] if number <= len(PREFECTURES) else None


def _without_prefecture(name: str) -> str:
    return name.removeprefix(next((p for p in PREFECTURES if name.startswith(p)), ""))


def locate(table: pd.DataFrame, addresses: gpd.GeoDataFrame, *, own: str = "") -> pd.DataFrame:
    """Positions of a table's addresses.

    Parameters
    ----------
    table : DataFrame
        ``address``, and ``municipality`` where the list has a column of it.
    addresses : schemas.Addresses
    own : str
        The municipality whose list this is.

    Returns
    -------
    found : DataFrame
        ``x, y`` (degrees), ``precision`` (block, town, district, municipality; None: not found) and ``matched``,
        on the index of ``table``.
    """
    gazetteer = Gazetteer(addresses)
    told = table["municipality"] if "municipality" in table else pd.Series("", index=table.index)
    found = [gazetteer.find(a, municipality=m, own=own) for a, m in zip(table["address"], told, strict=True)]
    columns = ["x", "y", "precision", "matched"]
    return pd.DataFrame(
        [(f.x, f.y, f.precision, f.matched) for f in found], columns=columns, index=table.index
    )


def placed(
    places: Sequence[_points.Position],
    asked: Sequence[tuple[str, str]],
    *,
    names: Sequence[str],
    hints: Hints,
) -> tuple[list[_points.Position], list[Note]]:
    """The positions of a list's rows, those without coordinates looked up by their address.

    Parameters
    ----------
    places : sequence of Position
    asked : sequence of (str, str)
        Address and municipality of each row; blank where the list does not tell.
    names : sequence of str
        For the notes.
    hints : Hints
        The addresses, and the municipality whose list this is.

    Returns
    -------
    placed : list of Position
        With the fault ``unfound`` where an address is nowhere in the gazetteer.
    notes : list of Note
    """
    known = hints.addresses is not None and len(hints.addresses) > 0
    known = known or _jageocoder.dictionary() is not None
    lost = [
        i
        for i, (place, words) in enumerate(zip(places, asked, strict=True))
        if place.fault == "missing" and (any(words) or hints.municipality)
    ]
    if not lost or not known:
        return list(places), []
    table = pd.DataFrame([asked[i] for i in lost], index=lost, columns=["address", "municipality"])
    addresses = schemas.empty(schemas.Addresses) if hints.addresses is None else hints.addresses
    found, finer = _refined(table, locate(table, addresses, own=hints.municipality), hints.municipality)
    result = list(places)
    for i, x, y, level in zip(lost, found["x"], found["y"], found["precision"], strict=True):
        seen = asked[i][0] or "-"
        good = isinstance(level, str)
        fault = _points.Position(fault="unfound" if asked[i][0] else "missing", seen=seen)
        result[i] = _points.Position(x, y, seen=seen, precision=level) if good else fault
    return result, [*_placed_notes(found["precision"], [names[i] for i in lost]), *_finer_notes(finer)]


def _refined(table: pd.DataFrame, found: pd.DataFrame, own: str) -> tuple[pd.DataFrame, int]:
    """Addresses that the project's own lists know no better than their town, by jageocoder where it knows better.

    The project's lists come first, since all who have them get the same; what jageocoder finds must be in the
    municipality that is asked for, and end where a name of a town may end.
    """
    if _jageocoder.dictionary() is None:
        return found, 0
    better = {}
    rows = zip(table.index, table["address"], table["municipality"], found["precision"], strict=True)
    for i, address, told, level in rows:
        if not address or level in ("point", "block"):
            continue
        asked = _in_full(str(address), str(told) or own)
        match = _jageocoder.find(asked)
        if match is None or not _is_meant(asked, match) or _rank(match.precision) >= _rank(level):
            continue
        better[i] = match
    if not better:
        return found, 0
    finer = found.astype({"precision": object, "matched": object})
    for i, match in better.items():
        finer.loc[i, ["x", "y", "precision", "matched"]] = [match.x, match.y, match.precision, match.matched]
    return finer, len(better)


def _in_full(address: str, municipality: str) -> str:
    """An address with its municipality, where it names none itself."""
    words = _tables.plain(address).replace(" ", "")
    rest = words.removeprefix(next((p for p in PREFECTURES if words.startswith(p)), ""))
    ward = re.sub(r"^.+?市(?=.+区$)", "", municipality)
    names_one = rest != words or rest.startswith((municipality, ward)) or _ELSEWHERE.match(rest)
    return words if names_one else municipality + words


def _is_meant(asked: str, match: _jageocoder.Match) -> bool:
    """Whether what was left of an address is no part of the name of another town: 本町田 is not 本町."""
    behind = normal(asked[len(match.read) :]) if asked.startswith(match.read) else ""
    return match.precision in ("point", "block") or _may_end(normal(match.read) or "-", behind)


def _rank(precision: object) -> int:
    return schemas.PRECISIONS.index(precision) if precision in schemas.PRECISIONS else len(schemas.PRECISIONS)


def _finer_notes(n: int) -> list[Note]:
    if not n:
        return []
    return [
        Note(
            "info",
            "places_by_jageocoder",
            "{n} of these were found better by the dictionary of jageocoder on this machine (edition {edition}) than "
            "in the project's own lists of addresses.",
            values={"n": n, "edition": _jageocoder.edition()},
        )
    ]


def _placed_notes(precision: pd.Series, names: Sequence[str]) -> list[Note]:
    counts = precision.value_counts().sort_index()
    if counts.empty:
        return []
    levels = ", ".join(f"{level} {n}" for level, n in counts.items())
    notes = [
        Note(
            "info",
            "places_by_address",
            "{n} places without coordinates were put where their address is ({levels}).",
            values={"n": int(counts.sum()), "levels": levels},
        )
    ]
    vague = [name for name, level in zip(names, precision, strict=True) if level == "municipality"]
    if vague:
        notes.append(
            Note(
                "unknown",
                "places_somewhere",
                "Of {n} places no more is known than the municipality ({names}). They are kept and counted, but "
                "count for no walk. Add their latitude and longitude, or import the list of addresses "
                "(位置参照情報) before this file.",
                values={"n": len(vague), "names": _tables.listed(vague, most=5)},
            )
        )
    return notes
