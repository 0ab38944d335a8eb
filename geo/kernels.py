"""Compiled loops: arrays in, arrays out. The only module that knows the compiler.

Everything here is exact: costs are int32 **decimetres**, sums of them never round, and ties are broken by the
smallest label, so that results depend on no order of nodes, arcs or threads.

A graph is three arrays (*compressed sparse rows*): the arcs out of node ``i`` are the positions
``indptr[i]:indptr[i+1]`` of ``heads`` (where the arc leads) and ``cost``. Undirected streets are two arcs.
A search starts from *seeds* (node, cost so far, label), because a place stands somewhere along a street: it
enters the graph at both ends of that street, with the metres to each.

The queue is a ring of buckets, one a decimetre (Dial 1969): no comparisons, no heap, and exactly the order
that Dijkstra (1959) needs. The ring holds more buckets than the dearest arc costs, so a bucket never mixes
two costs.

Compiled code is kept beside this file, or in the user's cache folder where that one is not writable
(``NUMBA_CACHE_DIR`` overrules both), so only the first run on a machine compiles.

References
----------
.. [1] E. W. Dijkstra (1959), "A note on two problems in connexion with graphs", Numer. Math. 1, 269-271.
.. [2] R. B. Dial (1969), "Algorithm 360: shortest-path forest with topological ordering", CACM 12(11),
   632-633.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import platformdirs
from numpy.typing import NDArray

FAR = 2**31 - 1
"""The cost of what is not reached."""
MAX_K = 8
"""Most nearest labels a search keeps a node."""

_HAIR = 1e-6
"""Metres by which a stretch is taken to be wider than it is, so that rounding never hides it."""

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
_Result = TypeVar("_Result")


Floats = NDArray[np.float64]


def _keep_compiled_code(here: Path) -> bool:
    """Find a folder for compiled code before the compiler reads its settings; False: compile each time."""
    if "NUMBA_CACHE_DIR" in os.environ:
        return True
    kept = here / "__pycache__"
    if os.access(kept if kept.is_dir() else here, os.W_OK):
        return True
    folder = Path(platformdirs.user_cache_dir("ibasho-atlas")) / "numba"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    if not os.access(folder, os.W_OK):
        return False
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return True


_KEPT = _keep_compiled_code(Path(__file__).resolve().parent)

import numba  # noqa: E402  (reads NUMBA_CACHE_DIR when it is imported)

_loop = numba.njit(cache=_KEPT, nogil=True)


# --- the graph ------------------------------------------------------------------------------------------


def csr(n: int, u: Ints, v: Ints, cost: Ints, back: Ints | None = None) -> tuple[Ints, Ints, Ints, Ints]:
    """Arcs of a graph by node, from edges that are walked both ways.

    Parameters
    ----------
    n : int
        Nodes.
    u, v : (e,) int32
        Ends of each edge.
    cost : (e,) int32
        Decimetres from u to v, not negative.
    back : (e,) int32, optional
        From v to u; without it the same.

    Returns
    -------
    indptr : (n + 1,) int32
    heads, cost, edge : (arcs,) int32
        ``edge`` is the position in ``u``. Of parallel edges the cheapest in that direction is kept (the first
        of equals); loops are left out, for no shortest walk takes them.

    Notes
    -----
    Counting sort, O(n + e). Arc (a, b) stands there with arc (b, a): :func:`mirror` tells where.

    Examples
    --------
    >>> indptr, heads, cost, edge = csr(3, [0, 1, 0], [1, 2, 1], [50, 70, 40])
    >>> indptr.tolist(), heads.tolist(), cost.tolist(), edge.tolist()
    ([0, 1, 3, 4], [1, 0, 2, 1], [40, 40, 70, 70], [2, 2, 1, 1])
    """
    there = _ints(cost)
    indptr, heads, costs, edge = _csr(n, _ints(u), _ints(v), there, there if back is None else _ints(back))
    return indptr, heads, costs, edge


@_loop
def _incidence(n, u, v, loops):  # type: ignore[no-untyped-def]
    """Which edges end in each node, ascending; a loop ends there twice, or is left out."""
    ptr = np.zeros(n + 1, np.int64)
    for e in range(len(u)):
        if loops or u[e] != v[e]:
            ptr[u[e] + 1] += 1
            ptr[v[e] + 1] += 1
    for i in range(n):
        ptr[i + 1] += ptr[i]
    edge = np.empty(ptr[n], np.int32)
    cursor = ptr[:-1].copy()
    for e in range(len(u)):
        if loops or u[e] != v[e]:
            edge[cursor[u[e]]] = e
            cursor[u[e]] += 1
            edge[cursor[v[e]]] = e
            cursor[v[e]] += 1
    return ptr, edge


@_loop
def _csr(n, u, v, cost, back):  # type: ignore[no-untyped-def]
    start, edge = _incidence(n, u, v, False)
    heads = np.empty(len(edge), np.int32)
    costs = np.empty(len(edge), np.int32)
    # Squeeze parallel arcs in place: ``at`` remembers where this node's arc to a head was written.
    indptr = np.zeros(n + 1, np.int32)
    at = np.full(n, -1, np.int64)
    out = 0
    for i in range(n):
        first = out
        for a in range(start[i], start[i + 1]):
            e = edge[a]
            forth = u[e] == i
            h, c = (v[e], cost[e]) if forth else (u[e], back[e])
            if at[h] < first:
                at[h] = out
                heads[out], edge[out], costs[out] = h, e, c
                out += 1
            elif c < costs[at[h]]:
                edge[at[h]], costs[at[h]] = e, c
        indptr[i + 1] = out
    return indptr, heads[:out].copy(), costs[:out].copy(), edge[:out].copy()


def mirror(indptr: Ints, heads: Ints) -> Ints:
    """Where the arc back of each arc stands; -1: it is missing.

    Examples
    --------
    >>> mirror(np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1])).tolist()
    [1, 0, 3, 2]
    """
    found: Ints = _mirror(_ints(indptr), _ints(heads))
    return found


@_loop
def _mirror(indptr, heads):  # type: ignore[no-untyped-def]
    back = np.full(len(heads), -1, np.int32)
    for i in range(len(indptr) - 1):
        for a in range(indptr[i], indptr[i + 1]):
            y = heads[a]
            for b in range(indptr[y], indptr[y + 1]):
                if heads[b] == i:
                    back[a] = b
                    break
    return back


def along_curve(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.uint32]:
    """How far along the space-filling curve of Hilbert each point lies.

    Points that are near one another on the curve are near one another on the ground. Nodes numbered in this
    order share cache lines with their neighbours: searches are two to four times as fast.

    Parameters
    ----------
    x, y : (n,) float64
        Finite.

    Returns
    -------
    position : (n,) uint32
        In a square of 65 536 × 65 536 cells around all points.

    References
    ----------
    .. [1] D. Hilbert (1891), "Ueber die stetige Abbildung einer Linie auf ein Flächenstück", Math. Ann. 38,
       459-460.

    Examples
    --------
    >>> np.argsort(along_curve(np.array([0.0, 9, 9, 0]), np.array([0.0, 0, 9, 9]))).tolist()
    [0, 3, 2, 1]
    """
    if not len(x):
        return np.empty(0, np.uint32)
    side = max(float(np.ptp(x)), float(np.ptp(y)), 1e-9)
    position: NDArray[np.uint32] = _along_curve(
        ((x - x.min()) / side * 65535).astype(np.int64), ((y - y.min()) / side * 65535).astype(np.int64)
    )
    return position


@_loop
def _along_curve(column, row):  # type: ignore[no-untyped-def]
    out = np.empty(len(column), np.uint32)
    for i in range(len(column)):
        x, y, d = column[i], row[i], 0
        s = 32768
        while s > 0:
            right, up = int((x & s) > 0), int((y & s) > 0)
            d += s * s * ((3 * right) ^ up)
            if up == 0:
                if right == 1:
                    x, y = 65535 - x, 65535 - y
                x, y = y, x
            s >>= 1
        out[i] = d
    return out


def chains(n: int, u: Ints, v: Ints) -> tuple[Ints, Ints, Longs, Ints, Ints, NDArray[np.bool_]]:
    """Edges that follow one another without a choice, as one chain each.

    Where exactly two edges meet nobody can turn off: only the other nodes, the *junctions*, need be searched.

    Parameters
    ----------
    n : int
        Nodes.
    u, v : (e,) int32
        Ends of each edge.

    Returns
    -------
    start, end : (c,) int32
        The junctions at both ends of each chain. A ring without any junction starts at its first node.
    ptr : (c + 1,) int64
    edge : (e,) int32
        The edges of chain ``i`` from start to end are ``edge[ptr[i]:ptr[i + 1]]``; each edge is in one chain.
    chain : (e,) int32
        The chain of each edge.
    turned : (e,) bool
        Whether the chain goes through the edge from v to u.

    Notes
    -----
    O(n + e). Chains are numbered in the order of their first junction, then of their first edge.

    Examples
    --------
    >>> start, end, ptr, edge, chain, turned = chains(4, [0, 2, 2], [1, 1, 3])
    >>> start.tolist(), end.tolist(), edge.tolist(), turned.tolist()
    ([0], [3], [0, 1, 2], [False, True, False])
    """
    start, end, ptr, edge, chain, turned = _chains(n, _ints(u), _ints(v))
    return start, end, ptr, edge, chain, turned


@_loop
def _chains(n, u, v):  # type: ignore[no-untyped-def]
    at_ptr, at_edge = _incidence(n, u, v, True)
    chain = np.full(len(u), -1, np.int32)
    turned = np.zeros(len(u), np.bool_)
    order = np.empty(len(u), np.int32)
    ptr = np.zeros(len(u) + 1, np.int64)
    start, end = np.empty(len(u), np.int32), np.empty(len(u), np.int32)
    placed = count = 0
    for rings in (False, True):  # first from all junctions; what is left then are rings
        for i in range(n):
            if at_ptr[i + 1] - at_ptr[i] == 2 and not rings:
                continue
            for a in range(at_ptr[i], at_ptr[i + 1]):
                e, x = at_edge[a], i
                if chain[e] >= 0:
                    continue
                while True:
                    chain[e], order[placed], turned[e] = count, e, u[e] != x
                    placed += 1
                    x = u[e] if turned[e] else v[e]
                    if at_ptr[x + 1] - at_ptr[x] != 2 or x == i:
                        break
                    first = at_edge[at_ptr[x]]
                    e = first if first != e else at_edge[at_ptr[x] + 1]
                start[count], end[count], ptr[count + 1] = i, x, placed
                count += 1
    return start[:count].copy(), end[:count].copy(), ptr[: count + 1].copy(), order, chain, turned


def along_chains(
    ptr: Longs, edge: Ints, turned: NDArray[np.bool_], there: Ints, back: Ints
) -> tuple[Ints, Ints]:
    """How far the first end of each edge is from the start of its chain.

    Parameters
    ----------
    ptr, edge, turned
        Of :func:`chains`.
    there, back : (e,) int32
        Decimetres from u to v, and from v to u.

    Returns
    -------
    before : (e,) int32
        From the start of the chain to the end of the edge that comes first on it.
    length : (c,) int32
        Of the whole chain, from start to end.

    Examples
    --------
    >>> start, end, ptr, edge, chain, turned = chains(4, [0, 2, 2], [1, 1, 3])
    >>> [a.tolist() for a in along_chains(ptr, edge, turned, [1, 2, 4], [1, 3, 4])]
    [[0, 1, 4], [8]]
    """
    before, length = _along_chains(_longs(ptr), _ints(edge), turned, _ints(there), _ints(back))
    return before, length


@_loop
def _along_chains(ptr, edge, turned, there, back):  # type: ignore[no-untyped-def]
    before = np.empty(len(edge), np.int32)
    length = np.empty(len(ptr) - 1, np.int32)
    for c in range(len(ptr) - 1):
        walked = 0
        for i in range(ptr[c], ptr[c + 1]):
            e = edge[i]
            before[e] = walked
            walked += back[e] if turned[e] else there[e]
        length[c] = walked
    return before, length


def components(indptr: Ints, heads: Ints) -> Ints:
    """Which nodes hang together: a number a node, counted from 0 in the order of their first nodes.

    Breadth-first, O(nodes + arcs); needs symmetric arcs.

    Examples
    --------
    >>> components(np.array([0, 1, 1, 2]), np.array([2, 0])).tolist()
    [0, 1, 0]
    """
    found: Ints = _components(_ints(indptr), _ints(heads))
    return found


@_loop
def _components(indptr, heads):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    label = np.full(n, -1, np.int32)
    queue = np.empty(n, np.int32)
    count = 0
    for root in range(n):
        if label[root] >= 0:
            continue
        label[root] = count
        queue[0] = root
        done, waiting = 0, 1
        while done < waiting:
            x = queue[done]
            done += 1
            for a in range(indptr[x], indptr[x + 1]):
                y = heads[a]
                if label[y] < 0:
                    label[y] = count
                    queue[waiting] = y
                    waiting += 1
        count += 1
    return label


# --- where a point meets the lines ----------------------------------------------------------------------


class Grid(NamedTuple):
    """Squares of equal size over lines, each with the stretches (between two vertices) that touch it.

    ``entry_ptr[cell]:entry_ptr[cell + 1]`` are the entries of a square; an entry is its stretch's first vertex
    and the places of both ends, kept together because they are read together.
    """

    west: float
    south: float
    side: float
    columns: int
    rows: int
    entry_ptr: Ints
    vertex: Ints
    ends: Floats
    piece: Ints
    before: Floats
    whole: Floats


def grid(line_ptr: Longs, line_xy: Floats) -> Grid:
    """An index of lines for :func:`foot`.

    Parameters
    ----------
    line_ptr : (pieces + 1,) int64
    line_xy : (vertices, 2) float64
        The line of piece ``i`` is ``line_xy[line_ptr[i]:line_ptr[i + 1]]``, two vertices at least.

    Notes
    -----
    As many squares as stretches, so that a square holds about two of them; O(stretches + squares crossed).
    """
    ptr, xy = _longs(line_ptr), _still(np.ascontiguousarray(line_xy, dtype=np.float64))
    west, south = xy.min(axis=0).tolist()
    wide, high = np.ptp(xy, axis=0).tolist()
    side = max(math.sqrt(max(wide, 1.0) * max(high, 1.0) / max(len(xy), 1)), max(wide, high) / 30_000, 1.0)
    columns, rows = int(wide / side) + 1, int(high / side) + 1
    return Grid(west, south, side, columns, rows, *_grid(ptr, xy, west, south, side, columns, rows))


@_loop
def _span(x0, y0, x1, y1, west, south, side, row):  # type: ignore[no-untyped-def]
    """First and last column in which a stretch crosses a row, with a hair's breadth to spare."""
    low, high = south + row * side - _HAIR, south + (row + 1) * side + _HAIR
    first, last = x0, x1
    if y0 != y1:
        a, b = (low - y0) / (y1 - y0), (high - y0) / (y1 - y0)
        a, b = max(0.0, min(a, b)), min(1.0, max(a, b))
        first, last = x0 + a * (x1 - x0), x0 + b * (x1 - x0)
    first, last = min(first, last) - _HAIR, max(first, last) + _HAIR
    return math.floor((first - west) / side), math.floor((last - west) / side)


@_loop
def _grid(ptr, xy, west, south, side, columns, rows):  # type: ignore[no-untyped-def]
    pieces = len(ptr) - 1
    piece = np.empty(len(xy), np.int32)
    before = np.zeros(len(xy), np.float64)
    whole = np.zeros(pieces, np.float64)
    for i in range(pieces):
        for p in range(ptr[i], ptr[i + 1]):
            piece[p], before[p] = i, whole[i]
            if p + 1 < ptr[i + 1]:
                whole[i] += math.hypot(xy[p + 1, 0] - xy[p, 0], xy[p + 1, 1] - xy[p, 1])
    entry_ptr = np.zeros(columns * rows + 1, np.int32)
    vertex = np.empty(0, np.int32)
    ends = np.empty((0, 4), np.float64)
    for filling in (False, True):  # first count, then place
        for i in range(pieces):
            for p in range(ptr[i], ptr[i + 1] - 1):
                x0, y0, x1, y1 = xy[p, 0], xy[p, 1], xy[p + 1, 0], xy[p + 1, 1]
                lowest = max(math.floor((min(y0, y1) - _HAIR - south) / side), 0)
                highest = min(math.floor((max(y0, y1) + _HAIR - south) / side), rows - 1)
                for row in range(lowest, highest + 1):
                    first, last = _span(x0, y0, x1, y1, west, south, side, row)
                    for column in range(max(first, 0), min(last, columns - 1) + 1):
                        cell = row * columns + column
                        if filling:
                            entry_ptr[cell] -= 1  # from the end of the square's entries to their start
                            at = entry_ptr[cell]
                            vertex[at] = p
                            ends[at, 0], ends[at, 1], ends[at, 2], ends[at, 3] = x0, y0, x1, y1
                        else:
                            entry_ptr[cell] += 1
        if not filling:
            for cell in range(columns * rows):
                entry_ptr[cell + 1] += entry_ptr[cell]
            vertex = np.empty(entry_ptr[-1], np.int32)
            ends = np.empty((entry_ptr[-1], 4), np.float64)
    return entry_ptr, vertex, ends, piece, before, whole


def foot(index: Grid, xy: Floats, reach: float) -> tuple[Ints, Floats, Floats]:
    """The nearest line of each point, and the foot of the perpendicular on it.

    Parameters
    ----------
    index : Grid
    xy : (p, 2) float64
    reach : float
        Lines farther than this are not looked for, in the unit of the coordinates.

    Returns
    -------
    piece : (p,) int32
        -1: no line within reach. Of equally near ones the first.
    off : (p,) float64
        How far it is, NaN where there is none.
    share : (p,) float64
        Of the line's length lies before the foot, 0 to 1; of several nearest places the first.

    Notes
    -----
    Squares are looked at ring by ring around the point, until no other one can hold anything as near. The
    arithmetic of the distance is that of GEOS (``Distance::pointToSegment``), so ties are the same.
    """
    piece, off, share = _foot(*index, _still(np.ascontiguousarray(xy, dtype=np.float64)), reach)
    return piece, off, share


@_loop
def _foot(west, south, side, columns, rows, entry_ptr, vertex, ends, piece, before, whole, points, reach):  # type: ignore[no-untyped-def]
    found = np.full(len(points), -1, np.int32)
    off = np.full(len(points), np.nan)
    share = np.zeros(len(points))
    for i in range(len(points)):
        px, py = points[i, 0], points[i, 1]
        column, row = math.floor((px - west) / side), math.floor((py - south) / side)
        # A point beside the grid starts with the first ring that touches it.
        ring = int(max(0, -column, column - columns + 1, -row, row - rows + 1))
        column, row = int(column), int(row)
        best, best_vertex, best_along = np.inf, -1, 0.0
        while True:
            clear = np.inf  # nothing that is not looked at yet is nearer than this
            if column - ring >= 0:
                clear = min(clear, px - (west + (column - ring) * side))
            if column + ring < columns:
                clear = min(clear, west + (column + ring + 1) * side - px)
            if row - ring >= 0:
                clear = min(clear, py - (south + (row - ring) * side))
            if row + ring < rows:
                clear = min(clear, south + (row + ring + 1) * side - py)
            for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
                step = 1 if abs(r - row) == ring else max(2 * ring, 1)
                for c in range(column - ring, column + ring + 1, step):
                    if c < 0 or c >= columns:
                        continue
                    for entry in range(entry_ptr[r * columns + c], entry_ptr[r * columns + c + 1]):
                        ax, ay = ends[entry, 0], ends[entry, 1]
                        dx, dy = ends[entry, 2] - ax, ends[entry, 3] - ay
                        long2 = dx * dx + dy * dy
                        t = 0.0 if long2 == 0 else ((px - ax) * dx + (py - ay) * dy) / long2
                        if t <= 0:
                            t = 0.0
                            d = math.sqrt((px - ax) * (px - ax) + (py - ay) * (py - ay))
                        elif t >= 1:
                            t = 1.0
                            bx, by = ends[entry, 2], ends[entry, 3]
                            d = math.sqrt((px - bx) * (px - bx) + (py - by) * (py - by))
                        else:
                            d = abs(((ay - py) * dx - (ax - px) * dy) / long2) * math.sqrt(long2)
                        if d < best or (d == best and vertex[entry] < best_vertex):
                            best, best_vertex, best_along = d, vertex[entry], t * math.sqrt(long2)
            if clear > best or clear > reach or clear == np.inf:
                break
            ring += 1
        if best <= reach:
            k = piece[best_vertex]
            found[i], off[i] = k, best
            if whole[k] > 0:
                share[i] = min((before[best_vertex] + best_along) / whole[k], 1.0)
    return found, off, share


# --- the queue ------------------------------------------------------------------------------------------


def _ring(*largest: int) -> int:
    """Buckets for steps up to the largest one: a power of two, so that the place in the ring is a mask."""
    return 1 << max(1, max(largest, default=0) + 1).bit_length()


@_loop
def _doubled(pool, used):  # type: ignore[no-untyped-def]
    """The same entries with room for twice as many."""
    larger = np.empty((2 * len(pool) + 1, pool.shape[1]), pool.dtype)
    larger[:used] = pool[:used]
    return larger


# --- the nearest ----------------------------------------------------------------------------------------


def nearest(
    indptr: Ints, heads: Ints, cost: Ints, seed_node: Ints, seed_cost: Ints, seed_label: Ints
) -> tuple[Ints, Ints]:
    """The nearest label of every node, by one sweep from all seeds.

    Parameters
    ----------
    indptr, heads, cost
        The graph; for directed arcs, of the way *towards* the seeds turned round.
    seed_node, seed_cost, seed_label : (s,) int32
        Where the search starts, with how many decimetres behind it, and as whom.

    Returns
    -------
    distance, label : (n,) int32
        Lexicographically smallest pair of a node; (:data:`FAR`, -1) where nothing is reached.

    Notes
    -----
    O(n + arcs + longest distance in decimetres); memory about 16 bytes a node. A node that became nearer leaves
    its earlier entry behind, which is passed over when its turn comes: cheaper than taking it out. A node that
    gets a smaller label at the same distance over an arc of cost 0 waits again, so ties are exact.

    Examples
    --------
    >>> indptr, heads, cost, _ = csr(3, [0, 1], [1, 2], [50, 70])
    >>> [a.tolist() for a in nearest(indptr, heads, cost, [0, 2], [10, 0], [0, 1])]
    [[10, 60, 0], [0, 0, 1]]
    """
    seeds = _ints(seed_node), _ints(seed_cost), _ints(seed_label)
    ring = _ring(_largest(cost), _largest(seeds[1]))
    distance, label = _nearest(_ints(indptr), _ints(heads), _ints(cost), *seeds, ring)
    return distance, label


@_loop
def _nearest(indptr, heads, cost, seed_node, seed_cost, seed_label, ring):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    dist = np.full(n, FAR, np.int32)
    label = np.full(n, -1, np.int32)
    bucket = np.full(ring, -1, np.int32)
    pool = np.empty((n + len(seed_node), 2), np.int32)  # node, next entry of the bucket (or next free one)
    used, free, waiting, now = 0, -1, 0, 0
    for s in range(len(seed_node)):
        x, d, name = seed_node[s], seed_cost[s], seed_label[s]
        if d < dist[x] or (d == dist[x] and name < label[x]):
            dist[x], label[x] = d, name
            b = d & (ring - 1)
            pool[used, 0], pool[used, 1] = x, bucket[b]
            bucket[b] = used
            used += 1
            waiting += 1
    while waiting:
        entry = bucket[now & (ring - 1)]
        if entry < 0:
            now += 1
            continue
        x = pool[entry, 0]
        bucket[now & (ring - 1)] = pool[entry, 1]
        pool[entry, 1] = free
        free = entry
        waiting -= 1
        if dist[x] != now:  # it came to wait earlier, too
            continue
        name = label[x]
        for a in range(indptr[x], indptr[x + 1]):
            y, d = heads[a], np.int32(now + cost[a])
            if d < dist[y] or (d == dist[y] and name < label[y]):
                dist[y], label[y] = d, name
                if free >= 0:
                    entry = free
                    free = pool[entry, 1]
                else:
                    if used == len(pool):
                        pool = _doubled(pool, used)
                    entry = used
                    used += 1
                b = d & (ring - 1)
                pool[entry, 0], pool[entry, 1] = y, bucket[b]
                bucket[b] = entry
                waiting += 1
    return dist, label


def k_nearest(
    indptr: Ints, heads: Ints, cost: Ints, seed_node: Ints, seed_cost: Ints, seed_label: Ints, k: int
) -> tuple[Ints, Ints]:
    """The ``k`` nearest *distinct* labels of every node.

    Parameters
    ----------
    indptr, heads, cost, seed_node, seed_cost, seed_label
        As for :func:`nearest`; a label may have several seeds.
    k : int
        1 to :data:`MAX_K`.

    Returns
    -------
    distance, label : (n, k) int32
        The ``k`` lexicographically smallest (distance, label) pairs with different labels, in order; rows are
        filled up with (:data:`FAR`, -1).

    Notes
    -----
    If a label is among the ``k`` best of a node, it is among the ``k`` best of every node on its way there,
    so only those are passed on. O(k² (n + arcs)); memory 8 k bytes a node and 12 a waiting entry.

    Examples
    --------
    >>> indptr, heads, cost, _ = csr(3, [0, 1], [1, 2], [50, 70])
    >>> [a.tolist() for a in k_nearest(indptr, heads, cost, [0, 2], [10, 0], [0, 1], 2)]
    [[[10, 120], [60, 70], [0, 130]], [[0, 1], [0, 1], [1, 0]]]
    """
    if not 1 <= k <= MAX_K:
        raise ValueError(f"k = {k}: give 1 to {MAX_K}")
    seeds = _ints(seed_node), _ints(seed_cost), _ints(seed_label)
    ring = _ring(_largest(cost), _largest(seeds[1]))
    distance, label = _k_nearest(_ints(indptr), _ints(heads), _ints(cost), *seeds, k, ring)
    return distance, label


@_loop
def _enter(row, d, name):  # type: ignore[no-untyped-def]
    """Put (d, name) into a sorted row of (distance, label) pairs if it belongs there."""
    p = len(row) - 1
    if row[p, 0] < d:
        return False
    for i in range(len(row)):
        if row[i, 1] == name:
            if row[i, 0] <= d:
                return False
            p = i
            break
    else:
        if row[p, 0] == d and row[p, 1] < name:
            return False
    while p > 0 and (row[p - 1, 0] > d or (row[p - 1, 0] == d and row[p - 1, 1] > name)):
        row[p, 0], row[p, 1] = row[p - 1, 0], row[p - 1, 1]
        p -= 1
    row[p, 0], row[p, 1] = d, name
    return True


@_loop
def _no_rows(n, k):  # type: ignore[no-untyped-def]
    rows = np.empty((n, k, 2), np.int32)
    rows[:, :, 0] = FAR
    rows[:, :, 1] = -1
    return rows


@_loop
def _k_nearest(indptr, heads, cost, seed_node, seed_cost, seed_label, k, ring):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    rows = _no_rows(n, k)
    bucket = np.full(ring, -1, np.int32)
    pool = np.empty(
        (n + len(seed_node), 3), np.int32
    )  # node, label, next entry of the bucket (or next free one)
    used, free, waiting, now = 0, -1, 0, 0
    for s in range(len(seed_node)):
        x, d, name = seed_node[s], seed_cost[s], seed_label[s]
        if _enter(rows[x], d, name):
            b = d & (ring - 1)
            pool[used, 0], pool[used, 1], pool[used, 2] = x, name, bucket[b]
            bucket[b] = used
            used += 1
            waiting += 1
    while waiting:
        entry = bucket[now & (ring - 1)]
        if entry < 0:
            now += 1
            continue
        x, name = pool[entry, 0], pool[entry, 1]
        bucket[now & (ring - 1)] = pool[entry, 2]
        pool[entry, 2] = free
        free = entry
        waiting -= 1
        holds = False  # it may have been improved or pushed out since
        for i in range(k):
            if rows[x, i, 1] == name:
                holds = rows[x, i, 0] == now
                break
        if not holds:
            continue
        for a in range(indptr[x], indptr[x + 1]):
            y, d = heads[a], np.int32(now + cost[a])
            if _enter(rows[y], d, name):
                if free >= 0:
                    entry = free
                    free = pool[entry, 2]
                else:
                    if used == len(pool):
                        pool = _doubled(pool, used)
                    entry = used
                    used += 1
                b = d & (ring - 1)
                pool[entry, 0], pool[entry, 1], pool[entry, 2] = y, name, bucket[b]
                bucket[b] = entry
                waiting += 1
    return rows[:, :, 0].copy(), rows[:, :, 1].copy()


def k_at_points(
    distance: Ints,
    label: Ints,
    ends: Ints,
    to_ends: Ints,
    direct_ptr: Longs,
    direct_label: Ints,
    direct_cost: Ints,
) -> tuple[Ints, Ints]:
    """The ``k`` nearest labels of points along edges, from those of the nodes.

    Parameters
    ----------
    distance, label : (n, k) int32
        Of :func:`k_nearest`.
    ends, to_ends : (p, 2) int32
        The two ends of each point's edge and the decimetres to them; end -1: the point is not on the network.
    direct_ptr, direct_label, direct_cost
        Labels that stand on the same edge as the point, with the way along that edge: those of point ``i`` at
        ``direct_ptr[i]:direct_ptr[i+1]``.

    Returns
    -------
    distance, label : (p, k) int32

    Notes
    -----
    Exact by the same argument as :func:`k_nearest`; O(p k²) and the direct ones.
    """
    direct = _longs(direct_ptr), _ints(direct_label), _ints(direct_cost)
    found, names = _k_at_points(distance, label, _ints(ends), _ints(to_ends), *direct)
    return found, names


@_loop
def _k_at_points(distance, label, ends, to_ends, direct_ptr, direct_label, direct_cost):  # type: ignore[no-untyped-def]
    k = distance.shape[1]
    rows = _no_rows(len(ends), k)
    for p in range(len(ends)):
        for side in range(2):
            x = ends[p, side]
            if x < 0:
                continue
            for i in range(k):
                if label[x, i] < 0 or rows[p, k - 1, 0] < distance[x, i] + to_ends[p, side]:
                    break  # those behind it are not nearer
                _enter(rows[p], np.int32(distance[x, i] + to_ends[p, side]), label[x, i])
        for a in range(direct_ptr[p], direct_ptr[p + 1]):
            _enter(rows[p], direct_cost[a], direct_label[a])
    return rows[:, :, 0].copy(), rows[:, :, 1].copy()


# --- all pairs within a limit ---------------------------------------------------------------------------


def within(
    indptr: Ints,
    heads: Ints,
    cost: Ints,
    source_ends: Ints,
    source_to_ends: Ints,
    target_ends: Ints,
    target_to_ends: Ints,
    direct_ptr: Longs,
    direct_target: Ints,
    direct_cost: Ints,
    limit: int,
) -> tuple[Longs, Ints, Ints]:
    """All (source, target) pairs at most ``limit`` apart, by one short search a source.

    Parameters
    ----------
    indptr, heads, cost
        The graph.
    source_ends, source_to_ends : (s, 2) int32
        The ends of each source's edge and the decimetres to them; end -1: not on the network.
    target_ends, target_to_ends : (t, 2) int32
        The same for targets.
    direct_ptr, direct_target, direct_cost
        Targets on the same edge as the source and the way along it, those of source ``i`` at
        ``direct_ptr[i]:direct_ptr[i+1]``.
    limit : int
        Decimetres, inclusive.

    Returns
    -------
    indptr : (s + 1,) int64
    target, distance : (pairs,) int32
        Compressed rows by source, targets ascending.

    Notes
    -----
    A source costs what lies within the limit, not the size of the network: the work arrays are reset through
    the list of touched nodes. Rows do not depend on one another: a block of sources gives the same rows as
    all of them, so :func:`threads` share the work (the loops release the interpreter). Choose the smaller side
    as sources. Each thread needs 8 bytes a node and 8 a target.

    Examples
    --------
    >>> indptr, heads, cost, _ = csr(3, [0, 1], [1, 2], [50, 70])
    >>> none = np.zeros(3, int), [], []
    >>> ptr, target, distance = within(indptr, heads, cost, [[0, 1], [2, 2]], [[10, 40], [0, 0]],
    ...                                [[1, 1], [2, 2]], [[0, 0], [5, 5]], *none, 75)
    >>> ptr.tolist(), target.tolist(), distance.tolist()
    ([0, 1, 3], [0, 0, 1], [40, 70, 5])
    """
    graph = _ints(indptr), _ints(heads), _ints(cost)
    ends, to_ends = _ints(source_ends).reshape(-1, 2), _ints(source_to_ends).reshape(-1, 2)
    targets = _ints(target_ends).reshape(-1, 2), _ints(target_to_ends).reshape(-1, 2)
    at_node = tuple(_still(array) for array in _by_node(len(graph[0]) - 1, *targets))
    direct = _longs(direct_ptr), _ints(direct_target), _ints(direct_cost)
    ring, size = _short_ring(limit, cost, to_ends), len(targets[0])
    return _in_blocks(
        ends, lambda chosen: _within(graph, (ends, to_ends), chosen, size, at_node, direct, limit, ring)
    )


@_loop
def _by_node(n, ends, to_ends):  # type: ignore[no-untyped-def]
    """Which points hang on a node, and how far from it."""
    ptr = np.zeros(n + 1, np.int64)
    for p in range(len(ends)):
        for side in range(2):
            if ends[p, side] >= 0:
                ptr[ends[p, side] + 1] += 1
    for i in range(n):
        ptr[i + 1] += ptr[i]
    cursor = ptr[:-1].copy()
    point = np.empty(ptr[n], np.int32)
    extra = np.empty(ptr[n], np.int32)
    for p in range(len(ends)):
        for side in range(2):
            x = ends[p, side]
            if x >= 0:
                point[cursor[x]], extra[cursor[x]] = p, to_ends[p, side]
                cursor[x] += 1
    return ptr, point, extra


_BUCKET = 6
"""Short searches put 2**6 decimetres into a bucket: scanning empty buckets would cost more than the search, and
of the nodes within 6.4 m few are looked at twice."""


@_loop
def _spread(graph, ends, to_ends, limit, ring, work):  # type: ignore[no-untyped-def]
    """A search from the ends of one point as far as the limit.

    How many nodes were touched; their names and costs are left in ``work``, where all else must be as it was
    made, and is. Within a bucket nodes come in any order and again when they became nearer: exact all the same.
    """
    indptr, heads, cost = graph
    dist, touched, bucket, pool = work
    mask = ring - 1
    n_touched = used = waiting = now = 0
    for side in range(2):
        x, d = ends[side], to_ends[side]
        if x >= 0 and d <= limit and d < dist[x]:
            if dist[x] == FAR:
                touched[n_touched] = x
                n_touched += 1
            dist[x] = d
            b = (d >> _BUCKET) & mask
            pool[used, 0], pool[used, 1] = x, bucket[b]
            bucket[b] = used
            used += 1
            waiting += 1
    while waiting:
        entry = bucket[now & mask]
        if entry < 0:
            now += 1
            continue
        x = pool[entry, 0]
        bucket[now & mask] = pool[entry, 1]
        waiting -= 1
        here = dist[x]
        if here >> _BUCKET != now:
            continue
        for a in range(indptr[x], indptr[x + 1]):
            y, d = heads[a], np.int32(here + cost[a])
            if d <= limit and d < dist[y]:
                if dist[y] == FAR:
                    touched[n_touched] = y
                    n_touched += 1
                dist[y] = d
                if used == len(pool):
                    pool = _doubled(pool, used)
                b = (d >> _BUCKET) & mask
                pool[used, 0], pool[used, 1] = y, bucket[b]
                bucket[b] = used
                used += 1
                waiting += 1
    return n_touched, (dist, touched, bucket, pool)


@_loop
def _work(n, ring):  # type: ignore[no-untyped-def]
    """What a search needs: costs of nodes, a list of touched ones, buckets, and entries that wait in them."""
    return (
        np.full(n, FAR, np.int32),
        np.empty(n + 1, np.int32),
        np.full(ring, -1, np.int32),
        np.empty((4096, 2), np.int32),
    )


@_loop
def _longer(column, size, more):  # type: ignore[no-untyped-def]
    """The same column with room for more behind ``size``."""
    if size + more <= len(column):
        return column
    larger = np.empty(max(2 * len(column), size + more), column.dtype)
    larger[:size] = column[:size]
    return larger


@_loop
def _within(graph, sources, chosen, n_targets, at_node, direct, limit, ring):  # type: ignore[no-untyped-def]
    ends, to_ends = sources
    direct_ptr, direct_target, direct_cost = direct
    at_ptr, at_target, at_extra = at_node
    work = _work(len(graph[0]) - 1, ring)
    best = np.full(n_targets, FAR, np.int32)
    met = np.empty(n_targets, np.int32)
    count = np.zeros(len(chosen), np.int64)
    target, distance = np.empty(1024, np.int32), np.empty(1024, np.int32)
    size = 0
    for i in range(len(chosen)):
        s, n_met = chosen[i], 0
        for a in range(direct_ptr[s], direct_ptr[s + 1]):
            t, d = direct_target[a], direct_cost[a]
            if d <= limit and d < best[t]:
                if best[t] == FAR:
                    met[n_met] = t
                    n_met += 1
                best[t] = d
        n_touched, work = _spread(graph, ends[s], to_ends[s], limit, ring, work)
        dist, touched = work[0], work[1]
        for j in range(n_touched):
            x = touched[j]
            for a in range(at_ptr[x], at_ptr[x + 1]):
                t, d = at_target[a], np.int32(dist[x] + at_extra[a])
                if d <= limit and d < best[t]:
                    if best[t] == FAR:
                        met[n_met] = t
                        n_met += 1
                    best[t] = d
            dist[x] = FAR
        target, distance = _longer(target, size, n_met), _longer(distance, size, n_met)
        met[:n_met].sort()
        for j in range(n_met):
            t = met[j]
            target[size], distance[size], best[t] = t, best[t], FAR
            size += 1
        count[i] = n_met
    return count, target[:size].copy(), distance[:size].copy()


def reached(
    indptr: Ints, heads: Ints, cost: Ints, source_ends: Ints, source_to_ends: Ints, limit: int
) -> tuple[Longs, Ints, Ints]:
    """All nodes at most ``limit`` from each source: what a catchment is drawn from.

    Parameters
    ----------
    indptr, heads, cost, source_ends, source_to_ends, limit
        As for :func:`within`.

    Returns
    -------
    ptr : (s + 1,) int64
    node, distance : (pairs,) int32
        Compressed rows by source; nodes in the order in which the search met them.

    Notes
    -----
    Cost and threads as for :func:`within`.

    Examples
    --------
    >>> indptr, heads, cost, _ = csr(3, [0, 1], [1, 2], [50, 70])
    >>> [a.tolist() for a in reached(indptr, heads, cost, [[0, 1]], [[10, 40]], 40)]
    [[0, 2], [0, 1], [10, 40]]
    """
    graph = _ints(indptr), _ints(heads), _ints(cost)
    ends, to_ends = _ints(source_ends).reshape(-1, 2), _ints(source_to_ends).reshape(-1, 2)
    ring = _short_ring(limit, cost, to_ends)
    return _in_blocks(ends, lambda chosen: _reached(graph, ends, to_ends, chosen, limit, ring))


@_loop
def _reached(graph, ends, to_ends, chosen, limit, ring):  # type: ignore[no-untyped-def]
    work = _work(len(graph[0]) - 1, ring)
    count = np.zeros(len(chosen), np.int64)
    node, distance = np.empty(1024, np.int32), np.empty(1024, np.int32)
    size = 0
    for i in range(len(chosen)):
        s = chosen[i]
        n_touched, work = _spread(graph, ends[s], to_ends[s], limit, ring, work)
        dist, touched = work[0], work[1]
        node, distance = _longer(node, size, n_touched), _longer(distance, size, n_touched)
        for j in range(n_touched):
            x = touched[j]
            node[size], distance[size], dist[x] = x, dist[x], FAR
            size += 1
        count[i] = n_touched
    return count, node[:size].copy(), distance[:size].copy()


# --- sums within a limit --------------------------------------------------------------------------------


class Chains(NamedTuple):
    """Nodes along the chains of a junction graph, for searches that must tell of each one.

    The *slots* of chain ``i`` are ``ptr[i]:ptr[i + 1]``: first that of its start, which counts for nothing, then
    one for each node inside, in order.
    """

    ptr: Longs
    start: Ints
    end: Ints
    length: Ints
    back: Ints
    there: Ints
    """Decimetres from the start of the chain to each slot's node."""
    home: Ints
    """And from there to the start."""


def sums_within(
    indptr: Ints,
    heads: Ints,
    cost: Ints,
    chains_: Chains,
    ends: Ints,
    to_ends: Ints,
    chain: Ints,
    at: tuple[Ints, Ints, Ints],
    weight: Floats,
    limit: int,
) -> tuple[Floats, Floats]:
    """The weights of all points within the limit, for every node: by one short search a *point*.

    Parameters
    ----------
    indptr, heads, cost
        The junction graph.
    chains_ : Chains
    ends, to_ends : (p, 2) int32
        The ends of each point's chain and the decimetres to them; end -1: not on the network.
    chain : (p,) int32
    at : three (p,) int32
        Decimetres from the start of the chain to the point, from there to the start, and off the street.
    weight : (p,) float64
        Not negative.
    limit : int
        Decimetres, inclusive.

    Returns
    -------
    junction, slot : float64
        By junction and by slot of the chains.

    Notes
    -----
    A chain between two touched junctions costs one step, however many nodes it holds: the weight is added where
    the reached part begins and taken away where it ends, and one pass at the end adds up. Sums are of whole
    numbers (weights times a power of two that leaves 60 bits for their total), so they are exact to the last of
    those bits and the same for any number of threads.
    """
    # A power of two, so that whole weights stay whole: 2**60 holds the sum of all.
    total = float(np.sum(weight))
    scale = 2.0 ** (60 - max(math.frexp(total)[1], 0)) if total > 0 else 1.0
    whole = np.rint(np.asarray(weight, np.float64) * scale).astype(np.int64)
    graph = _ints(indptr), _ints(heads), _ints(cost)
    n = len(graph[0]) - 1
    points = _ints(ends).reshape(-1, 2), _ints(to_ends).reshape(-1, 2), _ints(chain)
    feet = _ints(at[0]), _ints(at[1]), _ints(at[2])
    ring = _short_ring(limit, cost, points[1])
    hung = tuple(_still(array) for array in _chains_at(n, *chains_[:3]))
    along = Chains(*(_still(array) for array in chains_))
    blocks = _blocks(points[0])
    shares = np.array_split(np.arange(len(blocks)), min(threads(), len(blocks)))

    def run(share: Ints) -> tuple[Longs, Longs]:
        sums = np.zeros(n, np.int64), np.zeros(len(along.there) + 1, np.int64)
        for block in share:
            _sums_within(graph, hung, along, points, blocks[block], feet, _still(whole), limit, ring, *sums)
        return sums

    parts = _all_blocks([_ints(share) for share in shares], run)
    junction, steps = (np.sum([part[i] for part in parts], axis=0) for i in range(2))
    return junction / scale, np.cumsum(steps[:-1]) / scale


@_loop
def _chains_at(n, ptr, start, end):  # type: ignore[no-untyped-def]
    """The chains that end in each junction and have nodes inside; a ring twice, one behind the other."""
    at = np.zeros(n + 1, np.int32)
    for c in range(len(start)):
        if ptr[c + 1] - ptr[c] > 1:
            at[start[c] + 1] += 1
            at[end[c] + 1] += 1
    for i in range(n):
        at[i + 1] += at[i]
    cursor = at[:-1].copy()
    chain = np.empty(at[n], np.int32)
    for c in range(len(start)):
        if ptr[c + 1] - ptr[c] > 1:
            chain[cursor[start[c]]] = c
            cursor[start[c]] += 1
            chain[cursor[end[c]]] = c
            cursor[end[c]] += 1
    return at, chain


@_loop
def _from_start(along, c, left):  # type: ignore[no-untyped-def]
    """The first slot of a chain that is not reached from its start with so many decimetres left."""
    low, high = along.ptr[c] + 1, along.ptr[c + 1]
    while low < high:
        middle = (low + high) // 2
        if along.there[middle] <= left:
            low = middle + 1
        else:
            high = middle
    return low


@_loop
def _from_end(along, c, left):  # type: ignore[no-untyped-def]
    """The first slot of a chain that is reached from its end."""
    low, high = along.ptr[c] + 1, along.ptr[c + 1]
    while low < high:
        middle = (low + high) // 2
        if along.back[c] - along.home[middle] <= left:
            high = middle
        else:
            low = middle + 1
    return low


@_loop
def _sums_within(graph, hung, along, points, chosen, feet, weight, limit, ring, sums, steps):  # type: ignore[no-untyped-def]
    ends, to_ends, chain = points
    foot_there, foot_home, foot_off = feet
    hung_ptr, hung_chain = hung
    work = _work(len(graph[0]) - 1, ring)
    for i in range(len(chosen)):
        p = chosen[i]
        own, w = chain[p], weight[p]
        if own < 0 or w == 0:
            continue
        n_touched, work = _spread(graph, ends[p], to_ends[p], limit, ring, work)
        dist, touched = work[0], work[1]
        for j in range(n_touched):
            x = touched[j]
            sums[x] += w
            for a in range(hung_ptr[x], hung_ptr[x + 1]):
                c = hung_chain[a]
                u, v = along.start[c], along.end[c]
                # Once a chain: at its start if that was touched, a ring at the first of its two entries.
                if c == own or (x == v and u != v and dist[u] < FAR):
                    continue
                if u == v and a > hung_ptr[x] and hung_chain[a - 1] == c:
                    continue
                first, last = along.ptr[c] + 1, along.ptr[c + 1]
                a_end = _from_start(along, c, limit - dist[u]) if dist[u] < FAR else first
                b_start = max(_from_end(along, c, limit - dist[v]), a_end) if dist[v] < FAR else last
                steps[first] += w
                steps[a_end] -= w
                steps[b_start] += w
                steps[last] -= w
        # Its own chain: what lies to both sides, and what is reached round over the ends.
        first, last = along.ptr[own] + 1, along.ptr[own + 1]
        u, v, left = along.start[own], along.end[own], limit - foot_off[p]
        a_end = _from_start(along, own, limit - dist[u]) if dist[u] < FAR else first
        b_start = _from_end(along, own, limit - dist[v]) if dist[v] < FAR else last
        for q in range(first, last):
            onward, homeward = along.there[q] - foot_there[p], foot_home[p] - along.home[q]
            ahead = onward > 0 or (onward == 0 and homeward <= 0)
            if q < a_end or q >= b_start or (onward if ahead else homeward) <= left:
                steps[q] += w
                steps[q + 1] -= w
        for j in range(n_touched):
            dist[touched[j]] = FAR


# --- one place more, less or elsewhere ------------------------------------------------------------------


def repaired(
    indptr: Ints,
    heads: Ints,
    cost: Ints,
    back: Ints,
    found: tuple[Ints, Ints],
    renamed: Ints,
    seed_node: Ints,
    seed_cost: Ints,
    seed_label: Ints,
) -> tuple[Ints, Ints]:
    """What :func:`nearest` would find after a few seeds changed, by looking only where they matter.

    Parameters
    ----------
    indptr, heads, cost
        As for :func:`nearest`.
    back : (arcs,) int32
        The cost of the arc back of each arc; ``cost`` itself where both are equal.
    found : distance and label, (n,) int32
        Of :func:`nearest` for the seeds before.
    renamed : (labels before,) int32
        What each label is called now, in the same order of size; -1: its seeds are gone.
    seed_node, seed_cost, seed_label
        All seeds now. A label that was there before and is not gone has the same seeds as before.

    Returns
    -------
    distance, label : (n,) int32
        Equal to those of a search from all seeds.

    Notes
    -----
    Nodes of a label that is gone are emptied and filled again from their neighbours; new seeds spread as far as
    they win. One pass over the labels, then a queue (a 4-ary heap) over the nodes that change.
    """
    distance, label = _repaired(
        _ints(indptr),
        _ints(heads),
        _ints(cost),
        _ints(back),
        _ints(found[0]),
        _ints(found[1]),
        _ints(renamed),
        _ints(seed_node),
        _ints(seed_cost),
        _ints(seed_label),
    )
    return distance, label


@_loop
def _push(heap, size, key):  # type: ignore[no-untyped-def]
    if size == len(heap):
        larger = np.empty(2 * len(heap), np.int64)
        larger[:size] = heap
        heap = larger
    i = size
    while i > 0:
        parent = (i - 1) >> 2
        if heap[parent] <= key:
            break
        heap[i] = heap[parent]
        i = parent
    heap[i] = key
    return heap


@_loop
def _pop(heap, size):  # type: ignore[no-untyped-def]
    """The smallest of ``size`` keys; the others are in order again behind it."""
    top, last, i = heap[0], heap[size - 1], 0
    size -= 1
    while True:
        child = 4 * i + 1
        if child >= size:
            break
        least = child
        for other in range(child + 1, min(child + 4, size)):
            if heap[other] < heap[least]:
                least = other
        if heap[least] >= last:
            break
        heap[i] = heap[least]
        i = least
    heap[i] = last
    return top


@_loop
def _repaired(indptr, heads, cost, back, old_dist, old_label, renamed, seed_node, seed_cost, seed_label):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    dist, label = np.empty(n, np.int32), np.empty(n, np.int32)
    emptied, n_emptied = np.empty(n, np.int32), 0
    for x in range(n):
        name = renamed[old_label[x]] if old_label[x] >= 0 else -1
        label[x], dist[x] = name, old_dist[x]
        if name < 0:
            dist[x] = FAR
            if old_label[x] >= 0:
                emptied[n_emptied] = x
                n_emptied += 1
    heap, size = np.empty(1024, np.int64), 0
    for i in range(n_emptied):
        x = emptied[i]
        for a in range(indptr[x], indptr[x + 1]):
            y = heads[a]
            if old_label[y] >= 0 and renamed[old_label[y]] >= 0:
                # The neighbour stayed; what it offers may itself be improved later, then it is offered again.
                d, name = np.int32(old_dist[y] + back[a]), renamed[old_label[y]]
                if d < dist[x] or (d == dist[x] and name < label[x]):
                    dist[x], label[x] = d, name
                    heap = _push(heap, size, (np.int64(d) << 32) | x)
                    size += 1
    for s in range(len(seed_node)):
        x, d, name = seed_node[s], seed_cost[s], seed_label[s]
        if d < dist[x] or (d == dist[x] and name < label[x]):
            dist[x], label[x] = d, name
            heap = _push(heap, size, (np.int64(d) << 32) | x)
            size += 1
    while size:
        key = _pop(heap, size)
        size -= 1
        x, now = key & 0xFFFFFFFF, np.int32(key >> 32)
        if dist[x] != now:
            continue
        name = label[x]
        for a in range(indptr[x], indptr[x + 1]):
            y, d = heads[a], np.int32(now + cost[a])
            if d < dist[y] or (d == dist[y] and name < label[y]):
                dist[y], label[y] = d, name
                heap = _push(heap, size, (np.int64(d) << 32) | y)
                size += 1
    return dist, label


def nearest_along(
    chains_: Chains,
    found: tuple[Ints, Ints],
    nodes: tuple[Ints, Ints],
    chain: Ints,
    there: Ints,
    home: Ints,
    off: Ints,
) -> tuple[Ints, Ints]:
    """The nearest label of all nodes, from those of the junctions.

    Parameters
    ----------
    chains_ : Chains
    found : distance and label, (j,) int32
        Of :func:`nearest` for the junctions.
    nodes : (j,) and (slots,) int32
        The node of each junction and of each slot.
    chain, there, home, off : (labels,) int32
        Where each label stands along which chain, as for :func:`sums_within`; chain -1: nowhere.

    Returns
    -------
    distance, label : (n,) int32
        By node.

    Notes
    -----
    O(nodes, and for each label those of its own chain).
    """
    distance, label = _nearest_along(
        Chains(*(_still(array) for array in chains_)),
        _ints(found[0]),
        _ints(found[1]),
        _ints(nodes[0]),
        _ints(nodes[1]),
        _ints(chain),
        _ints(there),
        _ints(home),
        _ints(off),
    )
    return distance, label


@_loop
def _nearest_along(along, dist, label, junction_node, slot_node, chain, there, home, off):  # type: ignore[no-untyped-def]
    n = len(dist) + len(along.there) - len(along.start)  # a slot a chain is that of the junction at its start
    found, names = np.empty(n, np.int32), np.empty(n, np.int32)
    for j in range(len(dist)):
        found[junction_node[j]], names[junction_node[j]] = dist[j], label[j]
    for c in range(len(along.start)):
        first, last = along.ptr[c] + 1, along.ptr[c + 1]
        if first == last:
            continue
        u, v = along.start[c], along.end[c]
        for q in range(first, last):
            # Both ends or none: whoever reaches one end can walk to the other.
            d, name = np.int32(FAR), label[u]
            if name >= 0:
                d = np.int32(dist[u] + along.home[q])
                e = np.int32(dist[v] + along.length[c] - along.there[q])
                if e < d or (e == d and label[v] < name):
                    d, name = e, label[v]
            found[slot_node[q]], names[slot_node[q]] = d, name
    for p in range(len(chain)):
        c = chain[p]
        if c < 0:
            continue
        for q in range(along.ptr[c] + 1, along.ptr[c + 1]):
            onward, homeward = there[p] - along.there[q], along.home[q] - home[p]
            ahead = onward > 0 or (onward == 0 and homeward <= 0)
            d, x = np.int32((onward if ahead else homeward) + off[p]), slot_node[q]
            if d < found[x] or (d == found[x] and p < names[x]):
                found[x], names[x] = d, p
    return found, names


# --- one way --------------------------------------------------------------------------------------------


def way(
    indptr: Ints, heads: Ints, cost: Ints, from_: tuple[Ints, Ints], to: tuple[Ints, Ints]
) -> tuple[int, Ints]:
    """The shortest way between two points: its cost, and the arcs that it takes.

    Parameters
    ----------
    indptr, heads, cost
        The graph.
    from_, to : two (2,) int32
        The nodes where a point enters or leaves the graph, and the decimetres from or to there.

    Returns
    -------
    cost : int
        :data:`FAR`: there is no way.
    nodes : (steps,) int32
        From the first node to the last; empty without a way.

    Notes
    -----
    Looks no farther than the way is long. Of equally short ways the one found first, always the same one.

    Examples
    --------
    >>> indptr, heads, cost, _ = csr(3, [0, 1], [1, 2], [50, 70])
    >>> d, nodes = way(indptr, heads, cost, ([0, 0], [5, 5]), ([2, 1], [0, 90]))
    >>> d, nodes.tolist()
    (125, [0, 1, 2])
    """
    ends = _ints(from_[0]), _ints(from_[1]), _ints(to[0]), _ints(to[1])
    total, nodes = _way(_ints(indptr), _ints(heads), _ints(cost), *ends)
    return int(total), nodes


@_loop
def _way(indptr, heads, cost, from_node, from_cost, to_node, to_cost):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    dist, before = np.full(n, FAR, np.int32), np.full(n, -1, np.int32)
    heap, size = np.empty(1024, np.int64), 0
    for i in range(len(from_node)):
        x, d = from_node[i], from_cost[i]
        if x >= 0 and d < dist[x]:
            dist[x] = d
            heap = _push(heap, size, (np.int64(d) << 32) | x)
            size += 1
    total, last = np.int32(FAR), np.int32(-1)
    while size:
        key = _pop(heap, size)
        size -= 1
        x, now = np.int32(key & 0xFFFFFFFF), np.int32(key >> 32)
        if now >= total:
            break
        if dist[x] != now:
            continue
        for i in range(len(to_node)):
            if to_node[i] == x and now + to_cost[i] < total:
                total, last = np.int32(now + to_cost[i]), x
        for a in range(indptr[x], indptr[x + 1]):
            y, d = heads[a], np.int32(now + cost[a])
            if d < dist[y]:
                dist[y], before[y] = d, x
                heap = _push(heap, size, (np.int64(d) << 32) | y)
                size += 1
    steps, x = 0, last
    while x >= 0:
        steps += 1
        x = before[x]
    nodes, x = np.empty(steps, np.int32), last
    for i in range(steps - 1, -1, -1):
        nodes[i] = x
        x = before[x]
    return total, nodes


# --- sharing the work -----------------------------------------------------------------------------------

_BLOCK = 256
"""Sources that are worth a thread."""

Rows = tuple[Longs, Ints, Ints]


def threads() -> int:
    """How many threads may work: ``IBASHO_THREADS``, else as many as this process has processors.

    It never changes a result: blocks of sources know nothing of one another.
    """
    told = os.environ.get("IBASHO_THREADS", "")
    if told.isdecimal() and int(told):
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _short_ring(limit: int, cost: Ints, to_ends: Ints) -> int:
    """Buckets for a short search: no cost above the limit ever waits."""
    step = min(limit, max(_largest(_ints(cost)), _largest(to_ends)))
    return _ring(max(step, 0) >> _BUCKET)


def _blocks(ends: Ints) -> list[Ints]:
    """Sources in blocks of neighbours: searches that follow one another find their streets in the cache."""
    order = np.argsort(ends[:, 0], kind="stable").astype(np.int32)
    parts = max(1, min(4 * threads(), len(order) // _BLOCK))
    return [_ints(block) for block in np.array_split(order, parts)]


def _all_blocks(blocks: list[Ints], run: Callable[[Ints], _Result]) -> list[_Result]:
    if len(blocks) == 1 or threads() == 1:
        return [run(block) for block in blocks]
    with ThreadPoolExecutor(threads()) as pool:
        return list(pool.map(run, blocks))


def _in_blocks(ends: Ints, run: Callable[[Ints], Rows]) -> Rows:
    """Compressed rows of all sources from those of blocks, in the order of the sources."""
    blocks = _blocks(ends)
    parts = _all_blocks(blocks, run)
    if len(blocks) == 1 and (np.diff(blocks[0]) == 1).all():
        count, column, value = parts[0]
        return np.concatenate([[0], np.cumsum(count)]).astype(np.int64), column, value
    count = np.empty(len(ends), np.int64)
    for block, part in zip(blocks, parts, strict=True):
        count[block] = part[0]
    ptr = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    column, value = np.empty(ptr[-1], np.int32), np.empty(ptr[-1], np.int32)
    for block, part in zip(blocks, parts, strict=True):
        held, columns, values = part
        _place(_longs(ptr), block, _still(held), _still(columns), _still(values), column, value)
    return ptr, column, value


@_loop
def _place(ptr, chosen, count, column, value, out_column, out_value):  # type: ignore[no-untyped-def]
    at = 0
    for i in range(len(chosen)):
        for j in range(count[i]):
            out_column[ptr[chosen[i]] + j] = column[at]
            out_value[ptr[chosen[i]] + j] = value[at]
            at += 1


def transposed(ptr: Longs, column: Ints, value: Ints, columns: int) -> tuple[Longs, Ints, Ints]:
    """Compressed rows turned into compressed columns, each ascending.

    Examples
    --------
    >>> ptr, row, value = transposed([0, 2, 3], [0, 1, 1], [7, 8, 9], 2)
    >>> ptr.tolist(), row.tolist(), value.tolist()
    ([0, 1, 3], [0, 0, 1], [7, 8, 9])
    """
    turned, row, values = _transposed(_longs(ptr), _ints(column), _ints(value), columns)
    return turned, row, values


@_loop
def _transposed(ptr, column, value, columns):  # type: ignore[no-untyped-def]
    start = np.zeros(columns + 1, np.int64)
    for i in range(len(column)):
        start[column[i] + 1] += 1
    for c in range(columns):
        start[c + 1] += start[c]
    cursor = start[:-1].copy()
    row = np.empty(len(column), np.int32)
    values = np.empty(len(column), np.int32)
    for r in range(len(ptr) - 1):
        for i in range(ptr[r], ptr[r + 1]):
            at = cursor[column[i]]
            row[at], values[at] = r, value[i]
            cursor[column[i]] += 1
    return start, row, values


# --- choosing sites -------------------------------------------------------------------------------------
#
# All of these maximise sum_i max_{j chosen} gain_ij, of which covering (gain = people within the limit) and the
# p-median (gain = metres saved) are cases. Gains are given twice, by option (``ptr, rows, gain``) and by row
# (``row_ptr, cols, row_gain``). Random numbers are Marsaglia's xorshift, so that no library changes a result.


def choose(
    by_option: tuple[Longs, Ints, Floats],
    by_row: tuple[Longs, Ints, Floats],
    clashes: tuple[Longs, Ints],
    *,
    cost: Floats,
    fixed: NDArray[np.bool_],
    number: int,
    budget: float,
    kicks: int,
    seed: int,
) -> tuple[NDArray[np.bool_], float]:
    """A good choice of options: greedy, then swaps, then kicks and swaps again; keeps every rule, proves nothing.

    Parameters
    ----------
    by_option : tuple
        For each option the rows that it serves and its gain there.
    by_row : tuple
        The same by row.
    clashes : tuple
        For each option those that may not be chosen with it, both ways round.
    cost : array of float
        Of each option.
    fixed : array of bool
        Options that must be chosen.
    number, budget : int, float
        At most so many, and at most so dear, the fixed ones included.
    kicks, seed : int
        How often a random swap is tried as a new start; where the random numbers begin.

    Returns
    -------
    chosen : array of bool
    total : float

    References
    ----------
    .. [1] M. G. C. Resende, R. F. Werneck (2007), "A fast swap-based local search procedure for location
       problems", Ann. Oper. Res. 150, 205-230.
    """
    best = np.zeros(len(cost), dtype=np.bool_), -1.0
    for by_price in (False, True) if np.isfinite(budget) else (False,):
        found = _choose(by_option, by_row, clashes, cost, fixed, number, budget, kicks, seed, by_price)
        if found[1] > best[1]:
            best = found[0], float(found[1])
    return best


@_loop
def _serve(rows, gain, lo, hi, name, first, second, who):  # type: ignore[no-untyped-def]
    for at in range(lo, hi):
        i, g = rows[at], gain[at]
        if g > first[i]:
            second[i], first[i], who[i] = first[i], g, name
        elif g > second[i]:
            second[i] = g


@_loop
def _leave(by_option, by_row, chosen, name, first, second, who):  # type: ignore[no-untyped-def]
    ptr, rows, gain = by_option
    row_ptr, cols, row_gain = by_row
    for at in range(ptr[name], ptr[name + 1]):
        i = rows[at]
        if gain[at] < second[i]:
            continue
        first[i], second[i], who[i] = 0.0, 0.0, -1
        for b in range(row_ptr[i], row_ptr[i + 1]):
            if chosen[cols[b]]:
                g = row_gain[b]
                if g > first[i]:
                    second[i], first[i], who[i] = first[i], g, cols[b]
                elif g > second[i]:
                    second[i] = g


@_loop
def _random(state, n):  # type: ignore[no-untyped-def]
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return np.int64(x >> np.uint64(11)) % n


@_loop
def _choose(by_option, by_row, clashes, cost, fixed, number, budget, kicks, seed, by_price):  # type: ignore[no-untyped-def]
    ptr, rows, gain = by_option
    clash_ptr, clash = clashes
    m, n = len(cost), len(by_row[0]) - 1
    state = np.array([np.uint64(seed) * np.uint64(2654435761) + np.uint64(88172645463325252)], np.uint64)
    chosen = np.zeros(m, np.bool_)
    hit = np.zeros(m, np.int64)  # chosen options that clash with this one
    first, second = np.zeros(n), np.zeros(n)
    who = np.full(n, -1, np.int64)
    count, spent = 0, 0.0
    for j in range(m):
        if fixed[j]:
            chosen[j] = True
            count += 1
            spent += cost[j]
            _serve(rows, gain, ptr[j], ptr[j + 1], j, first, second, who)
            for c in range(clash_ptr[j], clash_ptr[j + 1]):
                hit[clash[c]] += 1
    # Greedy with old gains as upper bounds: a gain only falls while options are added (Minoux 1978).
    stale = np.full(m, np.inf)
    fresh = np.full(m, -1, np.int64)
    while count < number:
        best, top = -1, 0.0
        while True:
            best, top = -1, 0.0
            for j in range(m):
                if not chosen[j] and hit[j] == 0 and spent + cost[j] <= budget and stale[j] > top:
                    best, top = j, stale[j]
            if best < 0 or fresh[best] == count:
                break
            total = 0.0
            for at in range(ptr[best], ptr[best + 1]):
                more = gain[at] - first[rows[at]]
                if more > 0:
                    total += more
            stale[best] = total / max(cost[best], 1e-9) if by_price else total
            fresh[best] = count
        if best < 0:
            break
        chosen[best] = True
        count += 1
        spent += cost[best]
        _serve(rows, gain, ptr[best], ptr[best + 1], best, first, second, who)
        for c in range(clash_ptr[best], clash_ptr[best + 1]):
            hit[clash[c]] += 1
    record, kept = -1.0, chosen.copy()
    loss, extra = np.zeros(m), np.zeros(m)
    for kick in range(kicks + 1):
        if kick > 0:
            members = np.flatnonzero(chosen & ~fixed)
            if len(members) == 0 or len(members) == m:
                break
            for _ in range(1 + _random(state, 3)):
                out = members[_random(state, len(members))]
                new = _random(state, m)
                if not chosen[out] or chosen[new] or spent - cost[out] + cost[new] > budget:
                    continue
                touched = 0
                for c in range(clash_ptr[new], clash_ptr[new + 1]):
                    if clash[c] == out:
                        touched = 1
                if hit[new] > touched:
                    continue
                chosen[out] = False
                _leave(by_option, by_row, chosen, out, first, second, who)
                chosen[new] = True
                _serve(rows, gain, ptr[new], ptr[new + 1], new, first, second, who)
                spent += cost[new] - cost[out]
                for c in range(clash_ptr[out], clash_ptr[out + 1]):
                    hit[clash[c]] -= 1
                for c in range(clash_ptr[new], clash_ptr[new + 1]):
                    hit[clash[c]] += 1
        for j in range(m):
            loss[j] = 0.0
        for i in range(n):
            if who[i] >= 0:
                loss[who[i]] += first[i] - second[i]
        quiet, f = 0, _random(state, m)
        while quiet < m:
            f = f + 1 if f + 1 < m else 0
            quiet += 1
            if chosen[f] or hit[f] > 1:
                continue
            more = 0.0
            for at in range(ptr[f], ptr[f + 1]):
                i, g = rows[at], gain[at]
                if g > first[i]:
                    more += g - first[i]
                    if who[i] >= 0:
                        extra[who[i]] += first[i] - second[i]
                elif g > second[i] and who[i] >= 0:
                    extra[who[i]] += g - second[i]
            tiny = 1e-9 * (1.0 + more)
            if more <= tiny:
                for at in range(ptr[f], ptr[f + 1]):
                    if who[rows[at]] >= 0:
                        extra[who[rows[at]]] = 0.0
                continue
            out, profit = -1, tiny
            add = count < number and hit[f] == 0 and spent + cost[f] <= budget
            if add:
                profit = more
            else:
                for r in range(m):
                    if chosen[r] and not fixed[r] and spent - cost[r] + cost[f] <= budget:
                        gained = more - loss[r] + extra[r]
                        if gained > profit:
                            free = hit[f] == 0
                            if not free:
                                for c in range(clash_ptr[f], clash_ptr[f + 1]):
                                    if clash[c] == r:
                                        free = True
                            if free:
                                out, profit = r, gained
            for at in range(ptr[f], ptr[f + 1]):
                if who[rows[at]] >= 0:
                    extra[who[rows[at]]] = 0.0
            if out < 0 and not add:
                continue
            if out >= 0:
                chosen[out] = False
                _leave(by_option, by_row, chosen, out, first, second, who)
                spent -= cost[out]
                for c in range(clash_ptr[out], clash_ptr[out + 1]):
                    hit[clash[c]] -= 1
            else:
                count += 1
            chosen[f] = True
            _serve(rows, gain, ptr[f], ptr[f + 1], f, first, second, who)
            spent += cost[f]
            for c in range(clash_ptr[f], clash_ptr[f + 1]):
                hit[clash[c]] += 1
            for j in range(m):
                loss[j] = 0.0
            for i in range(n):
                if who[i] >= 0:
                    loss[who[i]] += first[i] - second[i]
            quiet = 0
        total = first.sum()
        if total > record * (1.0 + 1e-12):
            record, kept = total, chosen.copy()
        elif total < record:  # back to the best
            for j in range(m):
                hit[j] = 0
            first[:], second[:], who[:] = 0.0, 0.0, -1
            chosen = kept.copy()
            count, spent = 0, 0.0
            for j in range(m):
                if chosen[j]:
                    count += 1
                    spent += cost[j]
                    _serve(rows, gain, ptr[j], ptr[j + 1], j, first, second, who)
                    for c in range(clash_ptr[j], clash_ptr[j + 1]):
                        hit[clash[c]] += 1
    return kept, record


def lagrangean(
    by_option: tuple[Longs, Ints, Floats],
    n_rows: int,
    *,
    cost: Floats,
    fixed: NDArray[np.bool_],
    number: int,
    budget: float,
    reached: float,
    start: Floats,
    rounds: int,
) -> tuple[float, NDArray[np.int8]]:
    """An upper bound of what any choice can gain, and options that no better choice has or lacks.

    Each row may be served by several options at a price (the multiplier); the dual is lowered by subgradients.
    Clashes are not asked for: the bound holds with them too.

    Parameters
    ----------
    by_option, cost, fixed, number, budget
        As for :func:`choose`. Of number and budget the one that binds more is priced.
    n_rows : int
    reached : float
        What a known choice gains.
    start : array of float
        First prices of the rows.
    rounds : int

    Returns
    -------
    bound : float
    settled : array of int8
        1: in every choice that gains more than ``reached``; -1: in none; 0: open.

    References
    ----------
    .. [1] G. Cornuejols, M. L. Fisher, G. L. Nemhauser (1977), "Location of bank accounts to optimize float",
       Management Science 23, 789-810.
    """
    bound, settled = _lagrangean(by_option, n_rows, cost, fixed, number, budget, reached, start, rounds)
    return float(bound), settled


@_loop
def _lagrangean(by_option, n, cost, fixed, number, budget, reached, start, rounds):  # type: ignore[no-untyped-def]
    ptr, rows, gain = by_option
    m = len(cost)
    price = start.copy()
    settled = np.zeros(m, np.int8)
    worth, spare, slope, before = np.zeros(m), np.zeros(m), np.zeros(n), np.zeros(n)
    best, best_price, theta, stuck = np.inf, price.copy(), 1.0, 0
    by_budget = number >= m
    chosen = np.zeros(m, np.bool_)
    for turn in range(rounds):
        for j in range(m):
            total = 0.0
            for at in range(ptr[j], ptr[j + 1]):
                more = gain[at] - price[rows[at]]
                if more > 0:
                    total += more
            worth[j] = total
        bound = price.sum()
        # The relaxed choice: what is fixed, then the best by worth, or by worth for money.
        room, money = number, budget
        for j in range(m):
            chosen[j] = fixed[j]
            if fixed[j]:
                bound += worth[j]
                room -= 1
                money -= cost[j]
        key = worth / np.maximum(cost, 1e-9) if by_budget else worth
        order = np.argsort(-key, kind="mergesort")
        edge_in, edge_out = np.inf, 0.0  # keys of the last taken and the first left
        for j in order:
            if fixed[j]:
                continue
            if by_budget:
                if cost[j] <= money:
                    chosen[j] = True
                    money -= cost[j]
                    bound += worth[j]
                else:
                    edge_in = edge_out = key[j]
                    bound += key[j] * max(money, 0.0)
                    break
            else:
                if room > 0:
                    chosen[j] = True
                    room -= 1
                    bound += worth[j]
                    edge_in = key[j]
                else:
                    edge_out = key[j]
                    break
        if not by_budget and room > 0:
            edge_in, edge_out = 0.0, 0.0
        elif by_budget and edge_in == np.inf:
            edge_in = edge_out = 0.0
        for j in range(m):
            if by_budget:
                spare[j] = worth[j] - edge_out * cost[j]
            else:
                spare[j] = worth[j] - (edge_out if chosen[j] else edge_in)
            if settled[j] == 0 and not fixed[j]:
                if not chosen[j] and bound + min(spare[j], 0.0) <= reached:
                    settled[j] = -1
                elif chosen[j] and bound - max(spare[j], 0.0) <= reached:
                    settled[j] = 1
        if turn == 0 or bound < best - 1e-9 * abs(best):
            best, best_price, stuck = bound, price.copy(), 0
        else:
            stuck += 1
            if stuck >= 20:
                theta, stuck, price = theta * 0.5, 0, best_price.copy()
                before[:] = 0.0
                if theta < 1e-3:
                    break
        if best <= reached:
            break
        slope[:] = 1.0
        for j in range(m):
            if chosen[j]:
                for at in range(ptr[j], ptr[j + 1]):
                    if gain[at] > price[rows[at]]:
                        slope[rows[at]] -= 1.0
        norm = 0.0
        for i in range(n):
            if slope[i] > 0 and price[i] <= 0.0:
                slope[i] = 0.0  # a price is never negative
            slope[i] = 0.7 * slope[i] + 0.3 * before[i]
            before[i] = slope[i]
            norm += slope[i] * slope[i]
        if norm <= 0.0:
            break
        step = theta * (bound - reached) / norm
        for i in range(n):
            price[i] = max(0.0, price[i] - step * slope[i])
    return best, settled


def cover_all(
    by_option: tuple[Longs, Ints],
    by_row: tuple[Longs, Ints],
    *,
    fixed: NDArray[np.bool_],
    steps: int,
    enough: int,
    seed: int,
) -> NDArray[np.bool_]:
    """Few options that serve every row, by local search with weights that grow where rows stay unserved.

    Every row must be served by at least one option. The search ends after so many steps, or when so few options do as
    are enough.

    References
    ----------
    .. [1] C. Gao, X. Yao, T. Weise, J. Li (2015), "An efficient local search heuristic with row weighting for
       the unicost set covering problem", Eur. J. Oper. Res. 246, 750-761.
    """
    chosen = np.zeros(len(fixed), dtype=np.bool_)
    chosen[_cover_all(by_option, by_row, fixed, steps, enough, seed)] = True
    return chosen


@_loop
def _enlist(members, place, size, j):  # type: ignore[no-untyped-def]
    members[size] = j
    place[j] = size
    return size + 1


@_loop
def _strike(members, place, size, j):  # type: ignore[no-untyped-def]
    last = members[size - 1]
    members[place[j]] = last
    place[last] = place[j]
    return size - 1


@_loop
def _toggle(j, put, by_option, by_row, state, alone, n_alone):  # type: ignore[no-untyped-def]
    """Put an option in or take it out; how many rows nothing serves then.

    ``score`` is what a toggle of each option would win or lose; ``alone`` lists the rows that nothing serves. Of a
    row served once the sum of the names of those who serve it is the one name.
    """
    ptr, rows = by_option
    row_ptr, cols = by_row
    times, names, weight, score, may_enter = state
    sign = 1 if put else -1
    score[j] = -score[j]
    for at in range(ptr[j], ptr[j + 1]):
        i = rows[at]
        times[i] += sign
        names[i] += sign * j
        others = times[i] - 1 if put else times[i]
        if others == 0:  # what the others would win here
            row, place = alone
            n_alone = _strike(row, place, n_alone, i) if put else _enlist(row, place, n_alone, i)
            for b in range(row_ptr[i], row_ptr[i + 1]):
                if cols[b] != j:
                    score[cols[b]] -= sign * weight[i]
        elif others == 1:  # what the other one would lose here
            score[names[i] - j if put else names[i]] += sign * weight[i]
        for b in range(row_ptr[i], row_ptr[i + 1]):
            if cols[b] != j:
                may_enter[cols[b]] = True
    return n_alone


@_loop
def _best(names, begin, end, allowed, score, moved):  # type: ignore[no-untyped-def]
    """Of those that are allowed the one with the best score, of equal ones the one moved longest ago; -1: none."""
    best = -1
    for at in range(begin, end):
        j = names[at]
        if not allowed[j]:
            continue
        if best < 0 or score[j] > score[best] or (score[j] == score[best] and moved[j] < moved[best]):
            best = j
    return best


@_loop
def _cover_all(by_option, by_row, fixed, steps, enough, seed):  # type: ignore[no-untyped-def]
    ptr, _ = by_option
    row_ptr, cols = by_row
    m, n = len(ptr) - 1, len(row_ptr) - 1
    random = np.array([np.uint64(seed) * np.uint64(2654435761) + np.uint64(88172645463325252)], np.uint64)
    weight, score = np.ones(n, np.int64), np.zeros(m, np.int64)
    moved, may_enter, may_leave = np.zeros(m, np.int64), np.ones(m, np.bool_), ~fixed
    state = (np.zeros(n, np.int64), np.zeros(n, np.int64), weight, score, may_enter)
    alone, chosen = (np.arange(n), np.arange(n)), (np.zeros(m, np.int64), np.full(m, -1))
    left, size = n, 0
    for j in range(m):
        score[j] = ptr[j + 1] - ptr[j]
    for j in range(m):
        if fixed[j]:
            left = _toggle(j, True, by_option, by_row, state, alone, left)
            size = _enlist(chosen[0], chosen[1], size, j)
    while left > 0:
        best = np.argmax(score)  # what is chosen wins nothing
        left = _toggle(best, True, by_option, by_row, state, alone, left)
        size = _enlist(chosen[0], chosen[1], size, best)
    kept = chosen[0][:size].copy()
    latest, step = -1, 0
    while len(kept) > enough and step < steps:
        out = _best(chosen[0], 0, size, may_leave, score, moved)
        if out < 0:
            break
        whole = left == 0
        left = _toggle(out, False, by_option, by_row, state, alone, left)
        size = _strike(chosen[0], chosen[1], size, out)
        moved[out] = step
        may_enter[out] = False
        if whole:
            if left == 0:  # one fewer does as well
                kept = chosen[0][:size].copy()
            continue
        step += 1
        i = alone[0][_random(random, left)]
        best = _best(cols, row_ptr[i], row_ptr[i + 1], may_enter, score, moved)
        best = cols[row_ptr[i]] if best < 0 else best
        left = _toggle(best, True, by_option, by_row, state, alone, left)
        size = _enlist(chosen[0], chosen[1], size, best)
        moved[best] = step
        if latest >= 0:
            may_leave[latest] = True
        may_leave[best], latest = False, best  # not at once again
        for k in range(left):
            i = alone[0][k]
            weight[i] += 1
            for b in range(row_ptr[i], row_ptr[i + 1]):
                score[cols[b]] += 1
        if left == 0:
            kept = chosen[0][:size].copy()
    return kept


def dominated(sets: NDArray[np.uint64], size: Longs, cost: Floats) -> NDArray[np.bool_]:
    """Sets that lie within another one that costs no more; of equal ones the first stays.

    Parameters
    ----------
    sets : array of uint64, (m, words)
        Bits of the members.
    size : array of int
        How many members.
    cost : array of float

    Examples
    --------
    >>> bits = np.array([[0b011], [0b111], [0b011], [0b100]], np.uint64)
    >>> dominated(bits, np.array([2, 3, 2, 1]), np.array([1.0, 1.0, 1.0, 0.5])).tolist()
    [True, False, True, False]
    """
    out: NDArray[np.bool_] = _dominated(
        np.ascontiguousarray(sets), _longs(size), np.asarray(cost, np.float64)
    )
    return out


@_loop
def _dominated(sets, size, cost):  # type: ignore[no-untyped-def]
    m, words = sets.shape
    out = np.zeros(m, np.bool_)
    start = np.zeros(m, np.int64)  # a word in which the set has members: most pairs differ there
    for j in range(m):
        while start[j] < words - 1 and sets[j, start[j]] == 0:
            start[j] += 1
    for j in range(m):
        for k in range(m):
            if k == j or out[k] or size[k] < size[j] or cost[k] > cost[j]:
                continue
            if size[k] == size[j] and cost[k] == cost[j] and k > j:
                continue
            inside = True
            for w in range(start[j], words):
                if sets[j, w] & ~sets[k, w] != 0:
                    inside = False
                    break
            if inside:
                out[j] = True
                break
    return out


# --- small helpers --------------------------------------------------------------------------------------


def _ints(values: object) -> Ints:
    return _still(np.ascontiguousarray(values, dtype=np.int32))


def _longs(values: object) -> Longs:
    return _still(np.ascontiguousarray(values, dtype=np.int64))


def _still(array: NDArray[Any]) -> NDArray[Any]:
    """A view that cannot be written: the compiler makes one version of a loop, not one for each kind of array."""
    view = array.view()
    view.flags.writeable = False
    return view


def _largest(values: Ints) -> int:
    return int(values.max()) if values.size else 0
