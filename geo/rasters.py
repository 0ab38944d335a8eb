"""Compiled loops over a raster: how far each square is from the streets that are reached.

Arrays in, arrays out, like :mod:`geo.kernels`, which tells the compiler where it keeps its code. A raster has its
points every ``side`` metres at whole multiples of it, so that the same streets give the same field whatever else
is asked; a *window* is a rectangle of such points, given by its first column and row.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo import kernels

import numba  # isort: skip  (kernels told it first where to keep compiled code)

FAR = kernels.FAR
_STRETCH_M = 40.0
"""Longer stretches are divided: what lies beside a long oblique one is mostly far from it."""
_LEAST_M = 0.05
"""No point lies nearer to the border than this, so that no ring of the contour is too small to be one."""

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]

_loop = numba.njit(cache=kernels._KEPT, nogil=True)


class Window(NamedTuple):
    """A rectangle of points: those of row ``i``, column ``j`` lie at ``((column + j) side, (row + i) side)``."""

    column: int
    row: int
    columns: int
    rows: int


class Streets(NamedTuple):
    """What is drawn: pieces of street with their lines, and the chains that they make (see ``network.Graph``)."""

    line_ptr: Longs
    line_xy: Floats
    edge_cost: Ints
    chain_ptr: Longs
    chain_edge: Ints
    chain_u: Ints
    chain_v: Ints
    chain_cost: Ints
    chain_back: Ints
    edge_there: Ints
    edge_return: Ints
    edge_turned: NDArray[np.bool_]
    at_ptr: Longs
    at_chain: Ints
    """The chains at each junction: ``at_chain[at_ptr[j]:at_ptr[j + 1]]``."""


class Work(NamedTuple):
    """Arrays as large as the network, made once and left as they were by each search."""

    distance: Ints
    seen: NDArray[np.bool_]
    piece_u: Ints
    piece_v: Ints


def incidence(junctions: int, u: Ints, v: Ints) -> tuple[Longs, Ints]:
    """The chains at each junction.

    Examples
    --------
    >>> ptr, chain = incidence(3, np.array([0, 1], np.int32), np.array([1, 2], np.int32))
    >>> ptr.tolist(), chain.tolist()
    ([0, 1, 3, 4], [0, 1, 0, 1])
    """
    ends = np.concatenate([u, v])
    order = np.argsort(ends, kind="stable")
    chains = np.tile(np.arange(len(u), dtype=np.int32), 2)[order]
    counts = np.bincount(ends, minlength=junctions)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), chains


def work(junctions: int, chains: int, pieces: int) -> Work:
    """Room for :func:`reach`."""
    return Work(
        np.full(junctions, FAR, np.int32),
        np.zeros(chains, np.bool_),
        np.full(pieces, FAR, np.int32),
        np.full(pieces, FAR, np.int32),
    )


# --- the nearest street of each point -----------------------------------------------------------------------


def nearest_street(
    line_ptr: Longs, line_xy: Floats, pieces: Ints, window: Window, *, side: float, reach: float
) -> tuple[Ints, NDArray[np.float32]]:
    """Which line each point of a window is nearest to, and where along it.

    Parameters
    ----------
    line_ptr, line_xy
        The lines, as in ``network.Network``.
    pieces : (p,) int32
        Those that may lie near the window.
    window : Window
    side, reach : float
        Metres; lines farther than ``reach`` are not looked for.

    Returns
    -------
    piece : (rows, columns) int32
        -1: none within reach. Of equally near ones the first of ``pieces``.
    share : (rows, columns) float32
        Of the line's length that lies before the foot.
    """
    piece, share = _nearest_street(line_ptr, line_xy, pieces, window, float(side), float(reach))
    return piece, share


@_loop
def _nearest_street(ptr, xy, pieces, window, side, reach):  # type: ignore[no-untyped-def]
    column, row, columns, rows = window
    best = np.full((rows, columns), np.float32(reach * reach), np.float32)
    found = np.full((rows, columns), -1, np.int32)
    share = np.zeros((rows, columns), np.float32)
    for i in pieces:
        whole = _length(ptr, xy, i)
        before = 0.0
        for p in range(ptr[i], ptr[i + 1] - 1):
            x0, y0, dx, dy = xy[p, 0], xy[p, 1], xy[p + 1, 0] - xy[p, 0], xy[p + 1, 1] - xy[p, 1]
            long = math.hypot(dx, dy)
            scale = 1.0 / (dx * dx + dy * dy) if long > 0 else 0.0
            parts = max(1, math.ceil(long / _STRETCH_M))
            for k in range(parts):
                a, b = k / parts, (k + 1) / parts
                box = _box(x0 + a * dx, y0 + a * dy, x0 + b * dx, y0 + b * dy, reach, side, window)
                for r in range(box[2], box[3]):
                    py = (row + r) * side - y0
                    for c in range(box[0], box[1]):
                        px = (column + c) * side - x0
                        t = min(max((px * dx + py * dy) * scale, 0.0), 1.0)
                        off = np.float32((px - t * dx) ** 2 + (py - t * dy) ** 2)
                        if off < best[r, c]:
                            best[r, c], found[r, c] = off, i
                            share[r, c] = (before + t * long) / whole if whole > 0 else 0.0
            before += long
    return found, share


@_loop
def _length(ptr, xy, i):  # type: ignore[no-untyped-def]
    whole = 0.0
    for p in range(ptr[i], ptr[i + 1] - 1):
        whole += math.hypot(xy[p + 1, 0] - xy[p, 0], xy[p + 1, 1] - xy[p, 1])
    return whole


@_loop
def _box(x0, y0, x1, y1, reach, side, window):  # type: ignore[no-untyped-def]
    """First and last (exclusive) columns and rows of a window within reach of a stretch."""
    column, row, columns, rows = window
    return (
        max(0, math.ceil((min(x0, x1) - reach) / side) - column),
        min(columns, math.floor((max(x0, x1) + reach) / side) + 1 - column),
        max(0, math.ceil((min(y0, y1) - reach) / side) - row),
        min(rows, math.floor((max(y0, y1) + reach) / side) + 1 - row),
    )


# --- what is reached ----------------------------------------------------------------------------------------


def reach(streets: Streets, room: Work, junctions: Ints, distance: Ints, at: tuple[int, int, int]) -> Ints:
    """The pieces of street around a place; what both their ends are away from it stands in ``room`` after this.

    Parameters
    ----------
    streets : Streets
    room : Work
        Of :func:`work`; to be given back to :func:`forget`.
    junctions, distance : (r,) int32
        The junctions that were reached, and decimetres.
    at : chain, decimetres from its start, decimetres off the street
        Where the place stands.

    Returns
    -------
    pieces : (p,) int32
    """
    pieces: Ints = _reach(streets, room, junctions, distance, at)
    return pieces


@_loop
def _reach(streets, room, junctions, distance, at):  # type: ignore[no-untyped-def]
    own, there_own, off = at
    for i in range(len(junctions)):
        room.distance[junctions[i]] = distance[i]
    pieces = np.empty(256, np.int32)
    size = 0
    for i in range(len(junctions) + 1):
        first, last = 0, 1
        if i < len(junctions):
            first, last = streets.at_ptr[junctions[i]], streets.at_ptr[junctions[i] + 1]
        for a in range(first, last):
            chain = streets.at_chain[a] if i < len(junctions) else own
            if room.seen[chain]:
                continue
            room.seen[chain] = True
            begin, end = streets.chain_ptr[chain], streets.chain_ptr[chain + 1]
            while size + end - begin > len(pieces):
                pieces = np.concatenate((pieces, np.empty_like(pieces)))
            from_u = room.distance[streets.chain_u[chain]]
            from_v = room.distance[streets.chain_v[chain]]
            for p in range(begin, end):
                e = streets.chain_edge[p]
                pieces[size] = e
                size += 1
                there, home = streets.edge_there[e], streets.edge_return[e]
                there_end, home_end = streets.chain_cost[chain], streets.chain_back[chain]
                if p + 1 < end:
                    after = streets.chain_edge[p + 1]
                    there_end, home_end = streets.edge_there[after], streets.edge_return[after]
                cost = streets.chain_cost[chain]
                start = min(_plus(from_u, home), _plus(from_v, cost - there))
                stop = min(_plus(from_u, home_end), _plus(from_v, cost - there_end))
                if chain == own:
                    start = min(start, abs(there - there_own) + off)
                    stop = min(stop, abs(there_end - there_own) + off)
                turned = streets.edge_turned[e]
                room.piece_u[e] = stop if turned else start
                room.piece_v[e] = start if turned else stop
    return pieces[:size].copy()


@_loop
def _plus(distance, more):  # type: ignore[no-untyped-def]
    return FAR if distance == FAR else distance + more


def forget(streets: Streets, room: Work, junctions: Ints, pieces: Ints, chain: int) -> None:
    """Leave the room as it was before :func:`reach`."""
    _forget(streets, room, junctions, pieces, chain)


@_loop
def _forget(streets, room, junctions, pieces, chain):  # type: ignore[no-untyped-def]
    for j in junctions:
        room.distance[j] = FAR
        for a in range(streets.at_ptr[j], streets.at_ptr[j + 1]):
            room.seen[streets.at_chain[a]] = False
    room.seen[chain] = False
    for e in pieces:
        room.piece_u[e] = room.piece_v[e] = FAR


# --- the field ----------------------------------------------------------------------------------------------


def field(
    streets: Streets,
    room: Work,
    pieces: Ints,
    place: tuple[int, float, float, float, float, float, float],
    nearest: tuple[Ints, NDArray[np.float32], Window],
    window: Window,
    *,
    limits: Ints,
    side: float,
    width: float,
    kerb: float,
    apart: int,
) -> Floats:
    """How far each point lies outside the area that can be walked to, metres: negative inside.

    Parameters
    ----------
    streets, room, pieces
        After :func:`reach`.
    place : piece, share, off, x, y, foot x, foot y
        Where the place stands and joins its street; ``off`` in decimetres.
    nearest : piece, share, window
        Of :func:`nearest_street`, a window that holds this one.
    window : Window
    limits : (l,) int32
        Ascending, decimetres.
    side, width, kerb : float
        Metres: between points; off the street, at most; of the street itself, to each side.
    apart : int
        Decimetres: a point whose own street is that much beyond the limit lies on the other side of something.

    Returns
    -------
    field : (l, rows, columns) float64
        Exact as far as one and a half ``side`` outside, that much beyond.
    """
    values: Floats = _field(streets, room, pieces, place, nearest, window, limits, side, width, kerb, apart)
    return values


@_loop
def _field(streets, room, pieces, place, nearest, window, limits, side, width, kerb, apart):  # type: ignore[no-untyped-def]
    column, row, columns, rows = window
    street, along, outer = nearest
    own, share, off, x, y, foot_x, foot_y = place
    margin = 1.5 * side
    wide = np.full((rows, columns), (width + margin) ** 2)
    narrow = np.full((rows, columns), (kerb + margin) ** 2)
    field = np.empty((len(limits), rows, columns))
    outline = np.array([[x, y], [foot_x, foot_y]])
    ends = np.array([0, 2])
    for k in range(len(limits)):
        inner, reached = limits[k] - np.int32(math.ceil(width * 10)), limits[k]
        before = limits[k - 1] if k else -1
        for i in range(len(pieces)):
            e = pieces[i]
            a, b, cost = room.piece_u[e], room.piece_v[e], streets.edge_cost[e]
            here = off if e == own else FAR
            nearer = min(a, b, here)
            if nearer > reached:
                continue
            if max(a, b) + cost <= before - width * 10 and k:
                continue  # drawn whole already, in both widths
            line = (streets.line_ptr, streets.line_xy, e)
            if nearer <= inner:
                _stretches(wide, line, a, b, cost, share, here, inner, window, side, width + margin)
            _stretches(narrow, line, a, b, cost, share, here, reached, window, side, kerb + margin)
        if off <= reached:
            _stretch(narrow, (ends, outline, 0), 0.0, 1.0, window, side, kerb + margin)
        for r in range(rows):
            for c in range(columns):
                value = margin
                if wide[r, c] < (width + margin) ** 2:
                    value = math.sqrt(wide[r, c]) - width
                if value < margin:
                    s = street[r + row - outer[1], c + column - outer[0]]
                    if s >= 0 and s != own:
                        walk = FAR
                        if s < len(streets.edge_cost):
                            t = along[r + row - outer[1], c + column - outer[0]] * streets.edge_cost[s]
                            a, b = room.piece_u[s], room.piece_v[s]
                            walk = min(a + t, b + streets.edge_cost[s] - t)
                        if walk > reached + apart:
                            value = margin
                if narrow[r, c] < (kerb + margin) ** 2:
                    value = min(value, math.sqrt(narrow[r, c]) - kerb)
                if abs(value) < _LEAST_M:
                    value = -_LEAST_M if value <= 0 else _LEAST_M
                field[k, r, c] = value
    return field


@_loop
def _stretches(best, line, a, b, cost, share, here, limit, window, side, reach):  # type: ignore[no-untyped-def]
    """Draw what of a piece is reached within a limit: from its ends, and to both sides of a place on it."""
    if max(a, b) <= limit and (a + b + cost) // 2 <= limit:
        _stretch(best, line, 0.0, 1.0, window, side, reach)
        return
    if a <= limit:
        _stretch(best, line, 0.0, min(1.0, (limit - a) / max(cost, 1)), window, side, reach)
    if b <= limit:
        _stretch(best, line, max(0.0, 1.0 - (limit - b) / max(cost, 1)), 1.0, window, side, reach)
    if here <= limit:
        rest = (limit - here) / max(cost, 1)
        _stretch(best, line, max(0.0, share - rest), min(1.0, share + rest), window, side, reach)


@_loop
def _stretch(best, line, first, last, window, side, reach):  # type: ignore[no-untyped-def]
    """Squared metres to the part of a line between two shares of its length, where that is nearer."""
    ptr, xy, i = line
    start = stop = 0.0
    if first > 0 or last < 1:
        whole = _length(ptr, xy, i)
        start, stop = first * whole, last * whole
    before = 0.0
    for p in range(ptr[i], ptr[i + 1] - 1):
        x0, y0, dx, dy = xy[p, 0], xy[p, 1], xy[p + 1, 0] - xy[p, 0], xy[p + 1, 1] - xy[p, 1]
        if first > 0 or last < 1:
            long = math.hypot(dx, dy)
            low, high = max(start - before, 0.0), min(stop - before, long)
            before += long
            if low > high:
                continue
            if long > 0:
                x0, y0 = x0 + dx * low / long, y0 + dy * low / long
                dx, dy = dx * (high - low) / long, dy * (high - low) / long
        parts = max(1, math.ceil(math.hypot(dx, dy) / _STRETCH_M))
        dx, dy = dx / parts, dy / parts
        for k in range(parts):
            _draw(best, x0 + k * dx, y0 + k * dy, dx, dy, window, side, reach)


@_loop
def _draw(best, x0, y0, dx, dy, window, side, reach):  # type: ignore[no-untyped-def]
    first, last, low, high = _box(x0, y0, x0 + dx, y0 + dy, reach, side, window)
    square = dx * dx + dy * dy
    scale = 1.0 / square if square > 0 else 0.0
    for r in range(low, high):
        py = (window.row + r) * side - y0
        line = best[
            r, first:last
        ]  # a row by itself: its places are not negative, so the loop goes in strides
        for c in range(len(line)):
            px = (window.column + first + c) * side - x0
            t = min(max((px * dx + py * dy) * scale, 0.0), 1.0)
            ex, ey = px - t * dx, py - t * dy
            off = ex * ex + ey * ey
            line[c] = off if off < line[c] else line[c]
