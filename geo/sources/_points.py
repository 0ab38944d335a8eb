"""Rows of a list to points: a position for every row, or the reason why it has none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj

from geo import errors, schemas
from geo.sources import _tables, _vectors
from geo.sources._reading import Note

FAR_M = 30_000
"""A point farther than this from the middle of its list is noted: its position may be a slip."""
LOST_M = 100_000
"""A point farther than this from the middle of its list is refused: no list of a municipality is so wide."""

_M_PER_DEGREE = 111_200
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_ERAS |= {letter: _ERAS[era] for letter, era in zip("mtshr", list(_ERAS), strict=True)}


# NFKC has made a double prime two primes, and the ordinal sign that stands for a degree an o.
_DEGREES = re.compile(
    r"(?:北緯|東経|[NE])?\s*(\d{2,3})\s*[度°o.:-]\s*(\d{1,2})\s*[分′'’:.-]\s*(\d{1,2}(?:\.\d+)?)"
    r"\s*(?:秒|′′|''|’’|”|\")?\s*[NE]?",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"(?:北緯|東経|[NE])?\s*(\d+(?:\.\d+)?)\s*[度°]?\s*[NE]?", re.IGNORECASE)


@dataclass(frozen=True)
class Position:
    """Longitude and latitude of a row, or why there are none."""

    x: float = float("nan")
    y: float = float("nan")
    fault: str | None = None
    """missing, unreadable, swapped, outside, unfound (its address is in no gazetteer) or far."""
    seen: str = ""
    precision: str = "point"
    """Of :data:`schemas.PRECISIONS`."""
    km: int = 0
    """From the middle of the list, of a position that is too far."""


def position(latitude: object, longitude: object, *, crs: str = "EPSG:4326") -> Position:
    """Where a row is, from the cells of its coordinates.

    Parameters
    ----------
    latitude, longitude : object
        Decimal degrees, or degrees, minutes and seconds (35度41分22秒, 35°41'22", 35.41.22); metres north and
        east of the origin when ``crs`` is a plane.
    crs : str
        The system that the list is in.

    Examples
    --------
    >>> position("35.7", "139.7").fault, position("139.7", "35.7").fault, position("", "").fault
    (None, 'swapped', 'missing')
    >>> position("北緯35度41分24秒", "139°45'00").y
    35.69
    """
    texts = _tables.plain(latitude), _tables.plain(longitude)
    seen = f"{texts[0] or '-'}, {texts[1] or '-'}"
    if not all(texts) or set("".join(texts)) <= set("0.- "):
        # 0, 0 is how some exports write nothing.
        return Position(fault="missing", seen=seen)
    y, x = (degrees(text) if crs in _GEOGRAPHIC else _tables.number(text) for text in texts)
    if x is None or y is None:
        return Position(fault="unreadable", seen=seen)
    if crs != "EPSG:4326":
        x, y = moved(x, y, crs)
    if inside(x, y):
        return Position(x, y, seen=seen)
    return Position(x, y, "swapped" if inside(y, x) else "outside", seen)


def degrees(text: object) -> float | None:
    """Degrees of a cell: decimal, or degrees, minutes and seconds; None for anything else.

    Examples
    --------
    >>> degrees("139度45分"), degrees("35.41.24"), degrees("35-61-00"), degrees("139.75")
    (None, 35.69, None, 139.75)
    """
    words = _tables.plain(text)
    plain = _tables.number(words)
    if plain is not None:
        return plain
    if decimal := _DECIMAL.fullmatch(words):
        return _tables.number(decimal.group(1))
    found = _DEGREES.fullmatch(words)
    if found is None:
        return None
    whole, minutes, seconds = (float(part) for part in found.groups())
    return whole + minutes / 60 + seconds / 3600 if minutes < 60 and seconds < 60 else None


_GEOGRAPHIC = ("EPSG:4326", "EPSG:4301")


@lru_cache(maxsize=32)
def _mover(crs: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def moved(x: float, y: float, crs: str) -> tuple[float, float]:
    """Longitude and latitude of a point in another system (the Tokyo datum, a plane zone: x east, y north)."""
    found = _mover(crs).transform(x, y)
    return float(found[0]), float(found[1])


def inside(x: float, y: float) -> bool:
    """Whether a longitude and latitude are in Japan."""
    west, south, east, north = _vectors.JAPAN
    return west <= x <= east and south <= y <= north


def refusal(row: int, name: str, place: Position) -> Note:
    """The note for a row whose position is no use."""
    values = {"row": row, "name": name, "seen": place.seen}
    if place.fault == "unfound":
        return Note(
            "refused",
            "row_address_unknown",
            "{name} (row {row}) was left out: it has no coordinates, and its address ({seen}) is in no list of "
            "addresses here. Add its latitude and longitude, or import the addresses of its municipality first "
            "(ibasho fetch DIR isj-towns isj-blocks, or a file of yours with --as addresses).",
            row,
            values,
        )
    if place.fault == "far":
        return Note(
            "refused",
            "row_too_far",
            "{name} (row {row}) was left out: it lies {km} km from the middle of the list ({seen}). Mend its "
            "position.",
            row,
            {**values, "km": place.km},
        )
    if place.fault == "missing":
        return Note(
            "refused",
            "row_no_position",
            "{name} (row {row}) has no coordinates and was left out: add its latitude and longitude.",
            row,
            values,
        )
    if place.fault == "swapped":
        return Note(
            "refused",
            "row_swapped",
            "{name} (row {row}) was left out: latitude and longitude are swapped ({seen}).",
            row,
            values,
        )
    return Note(
        "refused",
        "row_outside_japan",
        "{name} (row {row}) was left out: latitude, longitude {seen} are no place in Japan.",
        row,
        values,
    )


def need_some(path: Path, places: Sequence[Position]) -> None:
    """Raise when not one row has a position, with the reason that they share."""
    if not places:
        raise errors.DataError(
            "rows_none", "{file} has a header but no rows. Export the list again.", file=path.name
        )
    faults = [place.fault for place in places]
    if not all(faults):
        return
    if all(fault == "swapped" for fault in faults):
        raise errors.DataError(
            "rows_swapped",
            "In {file} latitude and longitude are swapped in all {n} rows ({seen}). Exchange the two columns, or "
            "import it with --swap-xy.",
            file=path.name,
            n=len(places),
            seen=places[0].seen,
        )
    metres = [place for place in places if max(abs(place.x), abs(place.y)) > 360]
    if metres:
        raise errors.CrsError(
            "rows_metres",
            "The coordinates of {file} ({seen}) are no degrees, and no row has a place in Japan. Convert them to "
            "latitude and longitude (JGD2011).",
            file=path.name,
            seen=metres[0].seen,
        )
    raise errors.DataError(
        "rows_no_position",
        "None of the {n} rows of {file} has a latitude and longitude in Japan ({missing} have none at all). Add "
        "the coordinates, or first import what tells where its addresses are: a list of addresses (ibasho fetch DIR "
        "isj-towns isj-blocks, or a file of yours with --as addresses), the small areas of the census, or at least "
        "the border of the municipality.",
        file=path.name,
        n=len(places),
        missing=sum(fault in ("missing", "unfound") for fault in faults),
    )


def without_lost(places: Sequence[Position]) -> list[Position]:
    """The positions, those more than :data:`LOST_M` from the middle of their list with the fault ``far``.

    Of fewer than three positions nobody can tell which is the wrong one.
    """
    good = [i for i, place in enumerate(places) if place.fault is None]
    checked = list(places)
    if len(good) < 3:
        return checked
    away = _away([places[i] for i in good])
    for i, metres in zip(good, away.tolist(), strict=True):
        if metres > LOST_M:
            checked[i] = replace(places[i], fault="far", km=round(metres / 1000))
    return checked


def far(rows: Sequence[int], names: Sequence[str], places: Sequence[Position]) -> list[Note]:
    """Notes for points far from the middle of the list."""
    away = _away(places)
    return [
        Note(
            "unknown",
            "row_far",
            "{name} (row {row}) lies {km} km from the middle of the list; it was kept, but check its position.",
            rows[i],
            {"row": rows[i], "name": names[i], "km": round(float(away[i]) / 1000)},
        )
        for i in np.flatnonzero(away > FAR_M).tolist()
    ]


def _away(places: Sequence[Position]) -> np.ndarray[Any, Any]:
    """Metres from the middle (median) of the list."""
    x, y = np.array([p.x for p in places]), np.array([p.y for p in places])
    east = (x - np.median(x)) * np.cos(np.radians(np.median(y)))
    return np.asarray(np.hypot(east, y - np.median(y)) * _M_PER_DEGREE)


def metres_outside(places: Sequence[Position], border: gpd.GeoSeries) -> list[float]:
    """How far each position is from a shape, straight; 0 within it, NaN for those that are nowhere.

    Parameters
    ----------
    places : sequence of Position
    border : GeoSeries
        One shape, in degrees.
    """
    if not places:
        return []
    plane = border.estimate_utm_crs()
    shape = border.to_crs(plane).union_all()
    points = geometry([place for place in places if place.fault is None])
    away = iter(points.to_crs(plane).distance(shape).tolist())
    return [next(away) if place.fault is None else float("nan") for place in places]


def geometry(places: Sequence[Position]) -> gpd.GeoSeries:
    """Points in the stored system, from WGS 84 (JGD2011 within a metre)."""
    points = gpd.points_from_xy([p.x for p in places], [p.y for p in places], crs="EPSG:4326")
    return gpd.GeoSeries(points.to_crs(schemas.STORED_CRS))


def iso_date(text: object) -> str | None:
    """A date as ISO 8601: also 2024/1/22, 令和6年6月8日, R6.6.8 and a spreadsheet's day number.

    Examples
    --------
    >>> iso_date("令和6年6月8日"), iso_date("2024/1/22"), iso_date("46054"), iso_date("last week")
    ('2024-06-08', '2024-01-22', '2026-02-01', None)
    """
    words = _tables.plain(text).lower()
    serial = re.fullmatch(r"([2-7]\d{4})(?:\.\d+)?", words)
    if serial:
        return (date(1899, 12, 30) + timedelta(days=int(serial.group(1)))).isoformat()
    found = re.match(r"([a-z]|\D{2})? ?(\d{1,4}|元)[年./-] ?(\d{1,2})[月./-] ?(\d{1,2})", words)
    if found is None or (found.group(1) and found.group(1) not in _ERAS):
        return None
    year = 1 if found.group(2) == "元" else int(found.group(2))
    try:
        return date(
            year + _ERAS.get(found.group(1) or "", 0), int(found.group(3)), int(found.group(4))
        ).isoformat()
    except ValueError:
        return None


def year(text: object) -> float:
    """A year: 1975, 1975年, 昭和50年, S50; NaN for anything else.

    Examples
    --------
    >>> year("昭和50年"), year("1975"), year("不明")
    (1975.0, 1975.0, nan)
    """
    words = _tables.plain(text).lower()
    western = re.match(r"(1[6-9]\d{2}|2[01]\d{2})(?:\.0)?(?!\d)", words)
    if western:
        return float(western.group(1))
    era = re.match(r"(明治|大正|昭和|平成|令和|[mtshr]) ?\.?(\d{1,2}|元)", words)
    if era is None:
        return float("nan")
    return float(_ERAS[era.group(1)] + (1 if era.group(2) == "元" else int(era.group(2))))


def one_number(text: object) -> float:
    """The one number in a cell like 「約20人」; NaN for none or several.

    Examples
    --------
    >>> one_number("２０名"), one_number("20~30")
    (20.0, nan)
    """
    found = re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d{3})", "", _tables.plain(text)))
    return float(found[0]) if len(found) == 1 else float("nan")


def ids(stem: str, keys: Sequence[str], rows: Sequence[int]) -> list[str]:
    """Stable ids: the list's own numbers where each row has one of its own, else the row numbers."""
    own = all(keys) and len(set(keys)) == len(keys)
    return [f"{stem}:{key}" for key in (keys if own else map(str, rows))]
