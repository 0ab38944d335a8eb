"""Heights above the sea from a terrain model, taken at the nodes of the project's streets.

Two forms are read. A table of longitude, latitude and metres (CSV, or XYZ with spaces, with or without a header):
what every GIS writes. And the terrain models of the Geospatial Information Authority (基盤地図情報 数値標高モデル,
5 m and 10 m), as the XML that is published, or the zip of them.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo import errors, schemas
from geo.sources import _archive, _points, _tables, _vectors
from geo.sources._reading import Note, Reading, digest

NEAR_M = 30
"""A node farther than this from every height of scattered points, or from the edge of a grid, has none (the project's
own assumption: thrice the width of the coarser official model)."""
MAX_HEIGHTS = 20_000_000
LOWEST_M, HIGHEST_M = -100.0, 4000.0
"""No ground of Japan lies lower or higher; -9999 means that there is no height."""

_X = ("longitude", "lon", "lng", "x", "経度")
_Y = ("latitude", "lat", "y", "緯度")
_Z = ("elevation_m", "elevation", "elev", "height", "alt", "z", "標高", "標高(m)", "標高値")
_HEAD = 4096
_M_PER_DEGREE = 111_200

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Grid:
    """Heights at the crossings of even meridians and parallels: rows from south to north."""

    x: Floats
    y: Floats
    z: Floats


def looks_like(path: Path) -> bool:
    """Whether the first bytes are those of an official terrain model, or a header of longitude, latitude, height."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if b"<DEM" in head and b"fgd" in head.lower():
        return True
    first = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    names = [_tables.heading(name) for name in re.split(r"[,\t; ]+", first)]
    return len(names) == 3 and _named(names) is not None


def read(path: Path, *, nodes: pd.DataFrame | None) -> Reading:
    """Heights at the nodes of streets.

    Parameters
    ----------
    path : Path
        A table of longitude, latitude (degrees, JGD2011) and metres, or the official XML, also many in a zip.
    nodes : DataFrame, optional
        ``node, x, y`` of the project's streets, degrees; see :func:`geo.slope.nodes`.

    Returns
    -------
    reading : Reading
        ``Elevations``: one row a node that lies on the model. On a grid the height is bilinear between the four
        heights around the node, elsewhere that of the nearest point within :data:`NEAR_M`.

    Raises
    ------
    MissingTableError
        The project has no streets yet.
    DataError
        No table of heights, or none of them at a street.
    """
    if nodes is None or nodes.empty:
        raise errors.MissingTableError(
            "elevation_no_streets",
            "{file} gives heights, which are taken at the nodes of the streets, but the project has no streets. Import "
            "the streets first.",
            file=path.name,
        )
    rows, height = 0, np.full(len(nodes), np.nan)
    encoding = "utf-8"
    for part in _parts(path):
        rows += part.z.size
        found = _on_grid(part, nodes) if isinstance(part, _Grid) else _nearest(part, nodes)
        height = np.where(np.isnan(height), found, height)
    known = np.isfinite(height)
    if not known.any():
        raise errors.DataError(
            "elevation_elsewhere",
            "None of the {rows} heights of {file} is at a street of the project. Is it the sheet of this municipality, "
            "in longitude and latitude?",
            file=path.name,
            rows=rows,
        )
    table = pd.DataFrame({"node": nodes["node"][known], "elevation_m": np.round(height[known], 2)})
    dataset_id = f"elevation:{path.stem}"
    at = [_points.Position(x, y) for x, y in nodes.loc[known, ["x", "y"]].itertuples(index=False)]
    notes = []
    if not known.all():
        notes.append(
            Note(
                "unknown",
                "elevation_partly",
                "{n} of {all} nodes of the streets lie outside this terrain model: how steep their streets are is not "
                "known from it.",
                values={"n": int((~known).sum()), "all": len(nodes)},
            )
        )
    return Reading(
        kind="elevation",
        dataset_id=dataset_id,
        schema=schemas.Elevations,
        table=schemas.conform(
            schemas.Elevations,
            _points.geometry(at)
            .to_frame("geometry")
            .assign(**table.reset_index(drop=True), dataset_id=dataset_id),
        ),
        file=path.name,
        sha256=digest([path]),
        rows=rows,
        encoding=encoding,
        crs=schemas.STORED_CRS,
        notes=tuple(notes),
    )


# -- what a file holds --------------------------------------------------------------------------------------


def _parts(path: Path) -> Iterator[_Grid | _Scattered]:
    if _archive.is_zip(path) and not _archive.is_document(path):
        yield from _zipped(path)
    else:
        yield _part(path, _tables.raw(path))


def _zipped(path: Path) -> Iterator[_Grid | _Scattered]:
    """The sheets of a zip, one after the other: a ward lies on several."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = _archive.checked(path, archive, max_bytes=_archive.MAX_BYTES)
            sheets = sorted(
                (one for one in members if one.filename.lower().endswith((".xml", ".csv", ".txt", ".xyz"))),
                key=lambda one: one.filename,
            )
            for one in sheets:
                yield _part(path, archive.read(one))
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError) as problem:
        if isinstance(problem, errors.AtlasError):
            raise
        raise _not_read(path, str(problem)) from None
    if not sheets:
        raise _not_read(path, "zip")


def _part(path: Path, content: bytes) -> _Grid | _Scattered:
    return _official(path, content) if b"tupleList" in content[:20_000] else _table(path, content)


def _not_read(path: Path, seen: str) -> errors.DataError:
    return errors.DataError(
        "elevation_not_read",
        "{file} is no terrain model that is read here ({seen}). Give a table with the columns longitude, latitude and "
        "elevation_m (degrees and metres), or the XML of the official model as published.",
        file=path.name,
        seen=seen,
    )


def _official(path: Path, content: bytes) -> _Grid:
    """A sheet as published: its cells run from the north-west to the east, row by row to the south."""
    names = (b"lowerCorner", b"upperCorner", b"low", b"high")
    corners = [pair for name in names if (pair := _pair(content, name)) is not None]
    told = re.search(rb"<gml:tupleList>(.*?)</gml:tupleList>", content, re.DOTALL)
    if len(corners) < len(names) or told is None:
        raise _not_read(path, "gml")
    (south, west), (north, east), low, high = corners
    width, depth = int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1
    if not 0 < width * depth <= MAX_HEIGHTS:
        raise _not_read(path, f"{width} x {depth}")
    start = _pair(content, b"startPoint") or (0.0, 0.0)
    first = int(start[1]) * width + int(start[0])
    values = np.array(re.findall(rb",\s*(-?\d+(?:\.\d+)?)", told.group(1)), dtype=np.float64)
    cells = np.full(width * depth, np.nan)
    # What stands before the first cell, or behind the last that is written, has no height.
    cells[first : first + len(values)] = values[: max(0, len(cells) - first)]
    step_x, step_y = (east - west) / width, (north - south) / depth
    return _Grid(
        np.asarray(west + (np.arange(width) + 0.5) * step_x, dtype=np.float64),
        np.asarray(south + (np.arange(depth) + 0.5) * step_y, dtype=np.float64),
        _believed(cells).reshape(depth, width)[::-1],
    )


def _pair(content: bytes, name: bytes) -> tuple[float, float] | None:
    found = re.search(rb"<gml:" + name + rb">\s*(-?[\d.]+)\s+(-?[\d.]+)\s*<", content)
    return None if found is None else (float(found.group(1)), float(found.group(2)))


def _believed(z: Floats) -> Floats:
    return np.where((z >= LOWEST_M) & (z <= HIGHEST_M), z, np.nan)


@dataclass(frozen=True)
class _Scattered:
    """Heights anywhere."""

    x: Floats
    y: Floats
    z: Floats


def _table(path: Path, content: bytes) -> _Grid | _Scattered:
    """Three columns of numbers; which is which is told by the header, or seen in the values."""
    text = _tables.decode(content, file=path.name)[0].lstrip()
    head, _, rest = text.partition("\n")
    names = [_tables.heading(name) for name in re.split(r"[,\t; ]+", head.strip())]
    order = _named(names)
    try:
        frame = pd.read_csv(
            io.StringIO(text if order is None else rest),
            sep=next((mark for mark in ",\t;" if mark in head), r"\s+"),
            header=None,
            dtype=str,
            nrows=MAX_HEIGHTS,
        )
    except (ValueError, pd.errors.ParserError) as problem:
        raise _not_read(path, str(problem)[:80]) from None
    numbers = [pd.to_numeric(frame[c], errors="coerce").to_numpy(np.float64) for c in frame.columns]
    if order is None:
        order = _seen(numbers)
    if order is None or max(order) >= len(numbers):
        raise _not_read(path, head.strip()[:80])
    x, y, z = (numbers[i] for i in order)
    whole = np.isfinite(x) & np.isfinite(y)
    return _gridded(x[whole], y[whole], _believed(z[whole]))


def _named(names: list[str]) -> tuple[int, int, int] | None:
    found = [names.index(n) for known in (_X, _Y, _Z) for n in known if n in names][:3]
    return (found[0], found[1], found[2]) if len(set(found)) == 3 else None


def _seen(numbers: list[Floats]) -> tuple[int, int, int] | None:
    """Longitude, latitude and height of three columns without names: degrees in Japan tell which is which."""
    if len(numbers) != 3 or not all(np.isfinite(column).any() for column in numbers):
        return None
    middle = [float(np.nanmedian(column)) for column in numbers]
    west, south, east, north = _vectors.JAPAN
    if west <= middle[0] <= east and south <= middle[1] <= north:
        return 0, 1, 2
    return (1, 0, 2) if west <= middle[1] <= east and south <= middle[0] <= north else None


def _gridded(x: Floats, y: Floats, z: Floats) -> _Grid | _Scattered:
    """Points of a full lattice as the grid that they are."""
    columns, column = np.unique(np.round(x, 9), return_inverse=True)
    rows, row = np.unique(np.round(y, 9), return_inverse=True)
    if len(columns) < 2 or len(rows) < 2 or len(columns) * len(rows) > 1.5 * len(z):
        return _Scattered(x, y, z)
    grid = np.full((len(rows), len(columns)), np.nan)
    grid[row, column] = z
    return _Grid(columns, rows, grid)


# -- heights at nodes ---------------------------------------------------------------------------------------


def _on_grid(grid: _Grid, nodes: pd.DataFrame) -> Floats:
    """Bilinear between the four heights around a node; with one of them unknown, that of the nearest."""
    x, y = nodes["x"].to_numpy(), nodes["y"].to_numpy()
    near_y = NEAR_M / _M_PER_DEGREE
    near_x = near_y / np.cos(np.radians(np.mean(grid.y)))
    inside = (grid.x[0] - near_x <= x) & (x <= grid.x[-1] + near_x)
    inside &= (grid.y[0] - near_y <= y) & (y <= grid.y[-1] + near_y)
    column, over = _between(grid.x, x)
    row, up = _between(grid.y, y)
    south = grid.z[row, column] * (1 - over) + grid.z[row, column + 1] * over
    north = grid.z[row + 1, column] * (1 - over) + grid.z[row + 1, column + 1] * over
    smooth = south * (1 - up) + north * up
    nearest = grid.z[row + (up >= 0.5), column + (over >= 0.5)]
    return np.where(inside, np.where(np.isnan(smooth), nearest, smooth), np.nan)


def _between(lines: Floats, at: Any) -> tuple[NDArray[np.int64], Floats]:
    """The line before each position, and how far on the way to the next it is, 0 to 1."""
    before = np.clip(np.searchsorted(lines, at, side="right") - 1, 0, len(lines) - 2)
    share = (at - lines[before]) / (lines[before + 1] - lines[before])
    return before, np.clip(share, 0.0, 1.0)


def _nearest(points: _Scattered, nodes: pd.DataFrame) -> Floats:
    known = np.isfinite(points.z)
    if not known.any():
        return np.full(len(nodes), np.nan)
    shrunk = np.cos(np.radians(nodes["y"].mean()))
    tree = cKDTree(np.column_stack([points.x[known] * shrunk, points.y[known]]) * _M_PER_DEGREE)
    off, at = tree.query(np.column_stack([nodes["x"] * shrunk, nodes["y"]]) * _M_PER_DEGREE)
    return np.where(off <= NEAR_M, points.z[known][np.minimum(at, known.sum() - 1)], np.nan)
