"""Compiled loops: arrays in, arrays out. The only module that knows the compiler.

Everything here is exact: costs are int32 **decimetres**, sums of them never round, and ties are broken by the
smallest label, so that results depend on no order of nodes, arcs or threads.

A graph is three arrays (*compressed sparse rows*): the arcs out of node ``i`` are the positions
``indptr[i]:indptr[i+1]`` of ``heads`` (where the arc leads) and ``cost``. Undirected streets are two arcs.
A search starts from *seeds* (node, cost so far, label), because a place stands somewhere along a street: it
enters the graph at both ends of that street, with the metres to each.

The queue is a ring of buckets, one a decimetre (Dial 1969): no comparisons, no heap, and exactly the order
that Dijkstra (1959) needs. The ring holds more buckets than the dearest arc costs, so a bucket never mixes two
costs.

Compiled code is kept beside this file, or in the user's cache folder where that one is not writable
(``NUMBA_CACHE_DIR`` overrules both), so only the first run on a machine compiles.

References
----------
.. [1] E. W. Dijkstra (1959), "A note on two problems in connexion with graphs", Numer. Math. 1, 269-271.
.. [2] R. B. Dial (1969), "Algorithm 360: shortest-path forest with topological ordering", CACM 12(11),
   632-633.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

FAR = 2**31 - 1
"""The cost of what is not reached."""
MAX_K = 8
"""Most nearest labels a search keeps a node."""

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


def _compiled_code_is_kept() -> bool:
    """Find a folder for compiled code before the compiler reads its settings; False: compile each time."""
    here = Path(__file__).resolve().parent
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


_KEPT = _compiled_code_is_kept()

import numba  # noqa: E402  (reads NUMBA_CACHE_DIR when it is imported)

_loop = numba.njit(cache=_KEPT, nogil=True)


# --- the graph ------------------------------------------------------------------------------------------


def csr(n: int, u: Ints, v: Ints, cost: Ints) -> tuple[Longs, Ints, Ints, Ints]:
    """Arcs of an undirected graph by node, from its edges.

    Parameters
    ----------
    n : int
        Nodes.
    u, v : (e,) int32
        Ends of each edge.
    cost : (e,) int32
        Decimetres, not negative.

    Returns
    -------
    indptr : (n + 1,) int64
    heads, cost, edge : (arcs,) int32
        ``edge`` is the position in ``u``. Of parallel edges the cheapest is kept (the first of equals); loops
        are left out, for no shortest walk takes them.

    Notes
    -----
    Counting sort, O(n + e); symmetric: arc (a, b) stands there with arc (b, a), same cost and edge.

    Examples
    --------
    >>> indptr, heads, cost, edge = csr(3, [0, 1, 0], [1, 2, 1], [50, 70, 40])
    >>> indptr.tolist(), heads.tolist(), cost.tolist(), edge.tolist()
    ([0, 1, 3, 4], [1, 0, 2, 1], [40, 40, 70, 70], [2, 2, 1, 1])
    """
    indptr, heads, costs, edge = _csr(n, _ints(u), _ints(v), _ints(cost))
    return indptr, heads, costs, edge


@_loop
def _csr(n, u, v, cost):  # type: ignore[no-untyped-def]
    start = np.zeros(n + 1, np.int64)
    for e in range(len(u)):
        if u[e] != v[e]:
            start[u[e] + 1] += 1
            start[v[e] + 1] += 1
    for i in range(n):
        start[i + 1] += start[i]
    heads = np.empty(start[n], np.int32)
    edge = np.empty(start[n], np.int32)
    cursor = start[:-1].copy()
    for e in range(len(u)):
        if u[e] != v[e]:
            heads[cursor[u[e]]], edge[cursor[u[e]]] = v[e], e
            cursor[u[e]] += 1
            heads[cursor[v[e]]], edge[cursor[v[e]]] = u[e], e
            cursor[v[e]] += 1
    # Squeeze parallel arcs in place: ``at`` remembers where this node's arc to a head was written.
    indptr = np.zeros(n + 1, np.int64)
    at = np.full(n, -1, np.int64)
    out = 0
    for i in range(n):
        first = out
        for a in range(start[i], start[i + 1]):
            h, e = heads[a], edge[a]
            if at[h] < first:
                at[h] = out
                heads[out], edge[out] = h, e
                out += 1
            else:
                best = edge[at[h]]
                if (cost[e], e) < (cost[best], best):
                    edge[at[h]] = e
        indptr[i + 1] = out
    edge = edge[:out].copy()
    return indptr, heads[:out].copy(), cost[edge], edge


def components(indptr: Longs, heads: Ints) -> Ints:
    """Which nodes hang together: a number a node, counted from 0 in the order of their first nodes.

    Breadth-first, O(nodes + arcs); needs symmetric arcs.

    Examples
    --------
    >>> components(np.array([0, 1, 1, 2]), np.array([2, 0])).tolist()
    [0, 1, 0]
    """
    found: Ints = _components(_longs(indptr), _ints(heads))
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


# --- the queue ------------------------------------------------------------------------------------------


def _ring(*largest: int) -> int:
    """Buckets for steps up to the largest one: a power of two, so that the place in the ring is a mask."""
    return 1 << max(1, max(largest, default=0)).bit_length()


@_loop
def _put(bucket, after, before, x, b):  # type: ignore[no-untyped-def]
    """Node ``x`` waits in bucket ``b`` (a doubly linked list through the nodes)."""
    first = bucket[b]
    after[x] = first
    before[x] = -1
    if first >= 0:
        before[first] = x
    bucket[b] = x


@_loop
def _take(bucket, after, before, x, b):  # type: ignore[no-untyped-def]
    """Node ``x`` leaves bucket ``b``."""
    if before[x] >= 0:
        after[before[x]] = after[x]
    else:
        bucket[b] = after[x]
    if after[x] >= 0:
        before[after[x]] = before[x]
    before[x] = -2


# --- the nearest ----------------------------------------------------------------------------------------


def nearest(
    indptr: Longs, heads: Ints, cost: Ints, seed_node: Ints, seed_cost: Ints, seed_label: Ints
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
    Each node waits at most once: O(n + arcs + longest distance in decimetres); memory 16 bytes a node. A node
    that gets a smaller label at the same distance over an arc of cost 0 waits again, so ties are exact.

    Examples
    --------
    >>> indptr, heads, cost, _ = csr(3, [0, 1], [1, 2], [50, 70])
    >>> [a.tolist() for a in nearest(indptr, heads, cost, [0, 2], [10, 0], [0, 1])]
    [[10, 60, 0], [0, 0, 1]]
    """
    seeds = _ints(seed_node), _ints(seed_cost), _ints(seed_label)
    ring = _ring(_largest(cost), _largest(seeds[1]))
    distance, label = _nearest(_longs(indptr), _ints(heads), _ints(cost), *seeds, ring)
    return distance, label


@_loop
def _nearest(indptr, heads, cost, seed_node, seed_cost, seed_label, ring):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    dist = np.full(n, FAR, np.int32)
    label = np.full(n, -1, np.int32)
    bucket = np.full(ring, -1, np.int32)
    after = np.empty(n, np.int32)
    before = np.full(n, -2, np.int32)  # -2: not waiting
    mask = ring - 1
    waiting = 0
    for s in range(len(seed_node)):
        x, d, name = seed_node[s], seed_cost[s], seed_label[s]
        if d < dist[x] or (d == dist[x] and name < label[x]):
            if before[x] != -2:
                _take(bucket, after, before, x, dist[x] & mask)
                waiting -= 1
            dist[x], label[x] = d, name
            _put(bucket, after, before, x, d & mask)
            waiting += 1
    now = 0
    while waiting:
        x = bucket[now & mask]
        if x < 0:
            now += 1
            continue
        _take(bucket, after, before, x, now & mask)
        waiting -= 1
        name = label[x]
        for a in range(indptr[x], indptr[x + 1]):
            y = heads[a]
            d = now + cost[a]
            if d < dist[y] or (d == dist[y] and name < label[y]):
                if before[y] != -2:
                    _take(bucket, after, before, y, dist[y] & mask)
                    waiting -= 1
                dist[y], label[y] = d, name
                _put(bucket, after, before, y, d & mask)
                waiting += 1
    return dist, label


def k_nearest(
    indptr: Longs, heads: Ints, cost: Ints, seed_node: Ints, seed_cost: Ints, seed_label: Ints, k: int
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
    distance, label = _k_nearest(_longs(indptr), _ints(heads), _ints(cost), *seeds, k, ring)
    return distance, label


@_loop
def _enter(dist, label, x, d, name):  # type: ignore[no-untyped-def]
    """Put (d, name) into the sorted row of ``x`` if it belongs there."""
    k = dist.shape[1]
    p = k - 1
    for i in range(k):
        if label[x, i] == name:
            if dist[x, i] <= d:
                return False
            p = i
            break
    else:
        if dist[x, p] < d or (dist[x, p] == d and label[x, p] < name):
            return False
    while p > 0 and (dist[x, p - 1] > d or (dist[x, p - 1] == d and label[x, p - 1] > name)):
        dist[x, p], label[x, p] = dist[x, p - 1], label[x, p - 1]
        p -= 1
    dist[x, p], label[x, p] = d, name
    return True


@_loop
def _k_nearest(indptr, heads, cost, seed_node, seed_cost, seed_label, k, ring):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    dist = np.full((n, k), FAR, np.int32)
    label = np.full((n, k), -1, np.int32)
    bucket = np.full(ring, -1, np.int32)
    mask = ring - 1
    # Entries (node, label, next) in a pool that grows; done ones go to the list ``free``.
    room = max(len(seed_node), n) + 1
    e_node, e_label, e_next = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    used, free, waiting, now = 0, -1, 0, -1
    seeding = True
    while seeding or waiting:
        if seeding:
            lo, hi, x, name = 0, len(seed_node), -1, -1
            seeding = False
        else:
            entry = bucket[now & mask]
            if entry < 0:
                now += 1
                continue
            bucket[now & mask] = e_next[entry]
            e_next[entry], free = free, entry
            waiting -= 1
            x, name = e_node[entry], e_label[entry]
            lo = hi = 0
            for i in range(k):
                # An entry that was improved or pushed out since then has nothing to pass on.
                if label[x, i] == name and dist[x, i] == now:
                    lo, hi = indptr[x], indptr[x + 1]
        for a in range(lo, hi):
            if x < 0:
                y, d, who = seed_node[a], seed_cost[a], seed_label[a]
            else:
                y, d, who = heads[a], np.int32(now + cost[a]), name
            if not _enter(dist, label, y, d, who):
                continue
            if free >= 0:
                entry, free = free, e_next[free]
            else:
                if used == len(e_node):
                    e_node = np.concatenate((e_node, np.empty_like(e_node)))
                    e_label = np.concatenate((e_label, np.empty_like(e_label)))
                    e_next = np.concatenate((e_next, np.empty_like(e_next)))
                entry = used
                used += 1
            e_node[entry], e_label[entry], e_next[entry] = y, who, bucket[d & mask]
            bucket[d & mask] = entry
            waiting += 1
        now = max(now, 0)
    return dist, label


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
    found = np.full((len(ends), k), FAR, np.int32)
    names = np.full((len(ends), k), -1, np.int32)
    for p in range(len(ends)):
        for side in range(2):
            x = ends[p, side]
            if x < 0:
                continue
            for i in range(k):
                if label[x, i] >= 0:
                    _enter(found, names, p, np.int32(distance[x, i] + to_ends[p, side]), label[x, i])
        for a in range(direct_ptr[p], direct_ptr[p + 1]):
            _enter(found, names, p, direct_cost[a], direct_label[a])
    return found, names


# --- all pairs within a limit ---------------------------------------------------------------------------


def within(
    indptr: Longs,
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
    the list of touched nodes. Rows do not depend on one another: a block of sources gives the same rows as all
    of them, so threads may share the work (the loops release the interpreter). Choose the smaller side as
    sources.

    Examples
    --------
    >>> indptr, heads, cost, _ = csr(3, [0, 1], [1, 2], [50, 70])
    >>> none = np.zeros(3, int), [], []
    >>> ptr, target, distance = within(indptr, heads, cost, [[0, 1], [2, 2]], [[10, 40], [0, 0]],
    ...                                [[1, 1], [2, 2]], [[0, 0], [5, 5]], *none, 75)
    >>> ptr.tolist(), target.tolist(), distance.tolist()
    ([0, 1, 3], [0, 0, 1], [40, 70, 5])
    """
    graph = _longs(indptr), _ints(heads), _ints(cost)
    sources = _ints(source_ends), _ints(source_to_ends)
    targets = _ints(target_ends), _ints(target_to_ends)
    at_node = _by_node(len(graph[0]) - 1, *targets)
    direct = _longs(direct_ptr), _ints(direct_target), _ints(direct_cost)
    # No cost above the limit ever waits, so the ring need not be larger than that.
    ring = min(_ring(limit), _ring(_largest(graph[2]), _largest(sources[1])))
    ptr, target, distance = _within(*graph, *sources, len(target_ends), *at_node, *direct, limit, ring)
    return ptr, target, distance


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


@_loop
def _within(  # type: ignore[no-untyped-def]
    indptr,
    heads,
    cost,
    ends,
    to_ends,
    n_targets,
    at_ptr,
    at_target,
    at_extra,
    direct_ptr,
    direct_target,
    direct_cost,
    limit,
    ring,
):
    n = len(indptr) - 1
    mask = ring - 1
    bucket = np.full(ring, -1, np.int32)
    dist = np.full(n, FAR, np.int32)
    after = np.empty(n, np.int32)
    before = np.full(n, -2, np.int32)
    touched = np.empty(n, np.int32)
    best = np.full(n_targets, FAR, np.int32)
    met = np.empty(n_targets, np.int32)
    out_ptr = np.zeros(len(ends) + 1, np.int64)
    out_target = np.empty(1024, np.int32)
    out_cost = np.empty(1024, np.int32)
    out = 0
    for s in range(len(ends)):
        n_touched = n_met = waiting = now = 0
        for side in range(2):
            x, d = ends[s, side], to_ends[s, side]
            if x >= 0 and d <= limit and d < dist[x]:
                if dist[x] == FAR:
                    touched[n_touched] = x
                    n_touched += 1
                else:
                    _take(bucket, after, before, x, dist[x] & mask)
                    waiting -= 1
                dist[x] = d
                _put(bucket, after, before, x, d & mask)
                waiting += 1
        for a in range(direct_ptr[s], direct_ptr[s + 1]):
            t = direct_target[a]
            if direct_cost[a] <= limit:
                if best[t] == FAR:
                    met[n_met] = t
                    n_met += 1
                best[t] = min(best[t], direct_cost[a])
        while waiting:
            x = bucket[now & mask]
            if x < 0:
                now += 1
                continue
            _take(bucket, after, before, x, now & mask)
            waiting -= 1
            for a in range(at_ptr[x], at_ptr[x + 1]):
                t, d = at_target[a], now + at_extra[a]
                if d <= limit and d < best[t]:
                    if best[t] == FAR:
                        met[n_met] = t
                        n_met += 1
                    best[t] = d
            for a in range(indptr[x], indptr[x + 1]):
                y, d = heads[a], now + cost[a]
                if d <= limit and d < dist[y]:
                    if dist[y] == FAR:
                        touched[n_touched] = y
                        n_touched += 1
                    else:
                        _take(bucket, after, before, y, dist[y] & mask)
                        waiting -= 1
                    dist[y] = d
                    _put(bucket, after, before, y, d & mask)
                    waiting += 1
        while out + n_met > len(out_target):
            out_target = np.concatenate((out_target, np.empty_like(out_target)))
            out_cost = np.concatenate((out_cost, np.empty_like(out_cost)))
        met[:n_met].sort()
        for i in range(n_met):
            out_target[out], out_cost[out] = met[i], best[met[i]]
            best[met[i]] = FAR
            out += 1
        for i in range(n_touched):
            dist[touched[i]] = FAR
        out_ptr[s + 1] = out
    return out_ptr, out_target[:out].copy(), out_cost[:out].copy()


# --- small helpers --------------------------------------------------------------------------------------


def _ints(values: object) -> Ints:
    return np.ascontiguousarray(values, dtype=np.int32)


def _longs(values: object) -> Longs:
    return np.ascontiguousarray(values, dtype=np.int64)


def _largest(values: Ints) -> int:
    return int(values.max()) if values.size else 0
