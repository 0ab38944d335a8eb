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
def _move(queue, dist, x, d):  # type: ignore[no-untyped-def]
    """Node ``x`` costs ``d`` now and waits in that bucket; how many more nodes wait (0: it only moved)."""
    bucket, after, before = queue
    more = 1
    if before[x] != -2:
        _take(queue, dist, x)
        more = 0
    b = d & (len(bucket) - 1)
    first = bucket[b]
    after[x], before[x] = first, -1
    if first >= 0:
        before[first] = x
    bucket[b] = x
    dist[x] = d
    return more


@_loop
def _take(queue, dist, x):  # type: ignore[no-untyped-def]
    """Node ``x`` waits no longer. (A bucket is a doubly linked list through the nodes; -2: not in any.)"""
    bucket, after, before = queue
    if before[x] >= 0:
        after[before[x]] = after[x]
    else:
        bucket[dist[x] & (len(bucket) - 1)] = after[x]
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
    queue = (bucket, np.empty(n, np.int32), np.full(n, -2, np.int32))
    waiting = now = 0
    for s in range(len(seed_node)):
        x, d, name = seed_node[s], seed_cost[s], seed_label[s]
        if d < dist[x] or (d == dist[x] and name < label[x]):
            waiting += _move(queue, dist, x, d)
            label[x] = name
    while waiting:
        x = bucket[now & (ring - 1)]
        if x < 0:
            now += 1
            continue
        _take(queue, dist, x)
        waiting -= 1
        name = label[x]
        for a in range(indptr[x], indptr[x + 1]):
            y, d = heads[a], now + cost[a]
            if d < dist[y] or (d == dist[y] and name < label[y]):
                waiting += _move(queue, dist, y, d)
                label[y] = name
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
def _holds(dist, label, x, d, name):  # type: ignore[no-untyped-def]
    """Whether (d, name) still stands in the row of ``x``: it may have been improved or pushed out."""
    for i in range(dist.shape[1]):
        if label[x, i] == name:
            return dist[x, i] == d
    return False


_USED, _FREE, _WAITING = 0, 1, 2


@_loop
def _wait(pool, state, bucket, x, d, name):  # type: ignore[no-untyped-def]
    """Let (x, name) wait in bucket ``d``: in an entry that is free again, or a new one."""
    entry = state[_FREE]
    if entry >= 0:
        state[_FREE] = pool[entry, 2]
    else:
        entry = state[_USED]
        state[_USED] += 1
        if entry == len(pool):
            pool = np.concatenate((pool, np.empty_like(pool)))
    b = d & (len(bucket) - 1)
    pool[entry, 0], pool[entry, 1], pool[entry, 2] = x, name, bucket[b]
    bucket[b] = entry
    state[_WAITING] += 1
    return pool


@_loop
def _k_nearest(indptr, heads, cost, seed_node, seed_cost, seed_label, k, ring):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    dist = np.full((n, k), FAR, np.int32)
    label = np.full((n, k), -1, np.int32)
    bucket = np.full(ring, -1, np.int32)
    pool = np.empty((n + 1, 3), np.int32)  # node, label, next entry of the bucket (or next free one)
    state = np.array([0, -1, 0])
    now = 0
    for s in range(len(seed_node)):
        x, d, name = seed_node[s], seed_cost[s], seed_label[s]
        if _enter(dist, label, x, d, name):
            pool = _wait(pool, state, bucket, x, d, name)
    while state[_WAITING]:
        entry = bucket[now & (ring - 1)]
        if entry < 0:
            now += 1
            continue
        x, name = pool[entry, 0], pool[entry, 1]
        bucket[now & (ring - 1)] = pool[entry, 2]
        pool[entry, 2], state[_FREE] = state[_FREE], entry
        state[_WAITING] -= 1
        if not _holds(dist, label, x, now, name):
            continue
        for a in range(indptr[x], indptr[x + 1]):
            y, d = heads[a], now + cost[a]
            if _enter(dist, label, y, d, name):
                pool = _wait(pool, state, bucket, y, d, name)
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
    the list of touched nodes. Rows do not depend on one another: a block of sources gives the same rows as
    all of them, so threads may share the work (the loops release the interpreter). Choose the smaller side
    as sources.

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
    ptr, target, distance = _within(graph, sources, len(target_ends), at_node, direct, limit, ring)
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
def _meet(best, met, n_met, t, d):  # type: ignore[no-untyped-def]
    """Target ``t`` is met after ``d``; how many targets were met so far."""
    if best[t] == FAR:
        met[n_met] = t
        n_met += 1
    best[t] = min(best[t], d)
    return n_met


@_loop
def _seed(queue, dist, touched, ends, to_ends, limit):  # type: ignore[no-untyped-def]
    """Both ends of the source's edge wait; how many nodes (twice: all of them were touched)."""
    waiting = 0
    for side in range(2):
        x, d = ends[side], to_ends[side]
        if x >= 0 and d <= limit and d < dist[x]:
            touched[waiting] = x
            waiting += _move(queue, dist, x, d)
    return waiting


@_loop
def _search(graph, at_node, limit, queue, dist, touched, waiting, best, met, n_met):  # type: ignore[no-untyped-def]
    """One search as far as the limit; how many targets were met. Leaves ``dist`` as it was before."""
    indptr, heads, cost = graph
    at_ptr, at_target, at_extra = at_node
    bucket = queue[0]
    n_touched, now = waiting, 0
    while waiting:
        x = bucket[now & (len(bucket) - 1)]
        if x < 0:
            now += 1
            continue
        _take(queue, dist, x)
        waiting -= 1
        for a in range(at_ptr[x], at_ptr[x + 1]):
            if now + at_extra[a] <= limit:
                n_met = _meet(best, met, n_met, at_target[a], now + at_extra[a])
        for a in range(indptr[x], indptr[x + 1]):
            y, d = heads[a], now + cost[a]
            if d <= limit and d < dist[y]:
                if dist[y] == FAR:
                    touched[n_touched] = y
                    n_touched += 1
                waiting += _move(queue, dist, y, d)
    for i in range(n_touched):
        dist[touched[i]] = FAR
    return n_met


@_loop
def _within(graph, sources, n_targets, at_node, direct, limit, ring):  # type: ignore[no-untyped-def]
    ends, to_ends = sources
    direct_ptr, direct_target, direct_cost = direct
    n = len(graph[0]) - 1
    queue = (np.full(ring, -1, np.int32), np.empty(n, np.int32), np.full(n, -2, np.int32))
    dist = np.full(n, FAR, np.int32)
    touched = np.empty(n + 1, np.int32)  # one more: both ends of a loop are one node
    best = np.full(n_targets, FAR, np.int32)
    met = np.empty(n_targets, np.int32)
    out_ptr = np.zeros(len(ends) + 1, np.int64)
    out = np.empty((1024, 2), np.int32)
    size = 0
    for s in range(len(ends)):
        n_met = 0
        for a in range(direct_ptr[s], direct_ptr[s + 1]):
            if direct_cost[a] <= limit:
                n_met = _meet(best, met, n_met, direct_target[a], direct_cost[a])
        waiting = _seed(queue, dist, touched, ends[s], to_ends[s], limit)
        n_met = _search(graph, at_node, limit, queue, dist, touched, waiting, best, met, n_met)
        while size + n_met > len(out):
            out = np.concatenate((out, np.empty_like(out)))
        met[:n_met].sort()
        for i in range(n_met):
            out[size, 0], out[size, 1] = met[i], best[met[i]]
            best[met[i]] = FAR
            size += 1
        out_ptr[s + 1] = size
    return out_ptr, out[:size, 0].copy(), out[:size, 1].copy()


# --- small helpers --------------------------------------------------------------------------------------


def _ints(values: object) -> Ints:
    return np.ascontiguousarray(values, dtype=np.int32)


def _longs(values: object) -> Longs:
    return np.ascontiguousarray(values, dtype=np.int64)


def _largest(values: Ints) -> int:
    return int(values.max()) if values.size else 0
