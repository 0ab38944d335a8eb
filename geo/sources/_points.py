"""Rows of a list to points: a position for every row, or the reason why it has none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np

from geo import errors, schemas
from geo.sources import _tables, _vectors
from geo.sources._reading import Note

FAR_M = 30_000
"""A point farther than this from the middle of its list is noted: its position may be a slip."""

_M_PER_DEGREE = 111_200
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_ERAS |= {letter: _ERAS[era] for letter, era in zip("mtshr", list(_ERAS), strict=True)}


@dataclass(frozen=True)
class Position:
    """Longitude and latitude of a row, or why there are none."""

    x: float = float("nan")
    y: float = float("nan")
    fault: str | None = None
    """missing, unreadable, swapped or outside."""
    seen: str = ""


def position(latitude: object, longitude: object) -> Position:
    """Where a row is, from the cells of its coordinates.

    Examples
    --------
    >>> position("35.7", "139.7").fault, position("139.7", "35.7").fault, position("", "").fault
    (None, 'swapped', 'missing')
    """
    texts = _tables.plain(latitude), _tables.plain(longitude)
    seen = f"{texts[0] or '-'}, {texts[1] or '-'}"
    if not all(texts):
        return Position(fault="missing", seen=seen)
    y, x = (_tables.number(text) for text in texts)
    if x is None or y is None:
        return Position(fault="unreadable", seen=seen)
    if inside(x, y):
        return Position(x, y, seen=seen)
    return Position(x, y, "swapped" if inside(y, x) else "outside", seen)


def inside(x: float, y: float) -> bool:
    """Whether a longitude and latitude are in Japan."""
    west, south, east, north = _vectors.JAPAN
    return west <= x <= east and south <= y <= north


def refusal(row: int, name: str, place: Position) -> Note:
    """The note for a row whose position is no use."""
    values = {"row": row, "name": name, "seen": place.seen}
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
            "In {file} latitude and longitude are swapped in all {n} rows ({seen}). Exchange the two columns.",
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
        "the coordinates and import it again.",
        file=path.name,
        n=len(places),
        missing=faults.count("missing"),
    )


def far(rows: Sequence[int], names: Sequence[str], places: Sequence[Position]) -> list[Note]:
    """Notes for points far from the middle of the list."""
    x, y = np.array([p.x for p in places]), np.array([p.y for p in places])
    east = (x - np.median(x)) * np.cos(np.radians(np.median(y)))
    away = np.hypot(east, y - np.median(y)) * _M_PER_DEGREE
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
