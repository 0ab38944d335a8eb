"""The searches against brute force and SciPy: parallel and free edges, ties, limits met exactly."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from geo import kernels

FAR = kernels.FAR
Edges = list[tuple[int, int, int]]

quiet = settings(deadline=None, max_examples=150)  # the first example compiles


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, Edges]:
    """Small graphs with loops, parallel edges, edges that cost nothing, and parts that do not hang together."""
    n = draw(st.integers(1, 9))
    node = st.integers(0, n - 1)
    return n, draw(st.lists(st.tuples(node, node, st.integers(0, 12)), max_size=16))


def compiled(n: int, edges: Edges) -> tuple[Any, Any, Any]:
    u, v, cost = (np.array([e[i] for e in edges], dtype=np.int32) for i in range(3))
    return kernels.csr(n, u, v, cost)[:3]


def everywhere(n: int, edges: Edges) -> np.ndarray[Any, Any]:
    """Distances between all nodes by the oldest way (Floyd and Warshall), in exact integers."""
    far = 10**12
    d = np.full((n, n), far, dtype=np.int64)
    np.fill_diagonal(d, 0)
    for u, v, cost in edges:
        d[u, v] = d[v, u] = min(d[u, v], cost)
    for k in range(n):
        d = np.minimum(d, d[:, [k]] + d[[k], :])
    return np.where(d >= far, FAR, d)


def ranked(n: int, edges: Edges, seeds: Edges, x: int) -> list[tuple[int, int]]:
    """(distance, label) of node ``x``, best first, each label once."""
    d = everywhere(n, edges)
    best: dict[int, int] = {}
    for node, cost, label in seeds:
        if d[node, x] < FAR:
            best[label] = min(best.get(label, FAR), int(d[node, x]) + cost)
    return sorted((far, label) for label, far in best.items())


def seeds_on(n: int) -> st.SearchStrategy[Edges]:
    return st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, 40), st.integers(0, 5)), max_size=12)


# --- the graph


def test_arcs_go_both_ways_and_parallel_ones_are_the_cheapest() -> None:
    indptr, heads, cost, edge = kernels.csr(4, [0, 1, 0, 2, 2], [1, 0, 1, 2, 1], [7, 5, 5, 1, 3])
    assert indptr.tolist() == [0, 1, 3, 4, 4]
    assert list(zip(heads.tolist(), cost.tolist(), edge.tolist(), strict=True)) == [
        (1, 5, 1),  # of two edges that cost 5 the first one
        (0, 5, 1),
        (2, 3, 4),
        (1, 3, 4),
    ]


def test_a_graph_without_edges() -> None:
    indptr, heads, cost, edge = kernels.csr(2, [], [], [])
    assert (indptr.tolist(), len(heads), len(cost), len(edge)) == ([0, 0, 0], 0, 0, 0)
    distance, label = kernels.nearest(indptr, heads, cost, [1], [4], [9])
    assert (distance.tolist(), label.tolist()) == ([FAR, 4], [-1, 9])


@quiet
@given(graphs())
def test_arcs_are_those_of_the_cheapest_edges(graph: tuple[int, Edges]) -> None:
    n, edges = graph
    indptr, heads, cost = compiled(n, edges)
    tails = np.repeat(np.arange(n), np.diff(indptr))
    arcs = {(int(t), int(h)): int(c) for t, h, c in zip(tails, heads, cost, strict=True)}
    assert len(arcs) == len(heads)
    wanted: dict[tuple[int, int], int] = {}
    for u, v, c in edges:
        for pair in ((u, v), (v, u)):
            if u != v:
                wanted[pair] = min(wanted.get(pair, FAR), c)
    assert arcs == wanted


@quiet
@given(graphs())
def test_components_are_those_of_scipy(graph: tuple[int, Edges]) -> None:
    n, edges = graph
    indptr, heads, _ = compiled(n, edges)
    matrix = csr_matrix((np.ones(len(heads)), heads, indptr), shape=(n, n))
    theirs = connected_components(matrix, directed=False)[1]
    ours = kernels.components(indptr, heads)
    assert len(set(ours.tolist())) == ours.max() + 1
    assert len(set(zip(ours.tolist(), theirs.tolist(), strict=True))) == ours.max() + 1 == theirs.max() + 1


# --- the nearest


@quiet
@given(st.data())
def test_the_nearest_label_is_the_best_pair(data: st.DataObject) -> None:
    n, edges = data.draw(graphs())
    seeds = data.draw(seeds_on(n))
    distance, label = kernels.nearest(*compiled(n, edges), *(_columns(seeds)))
    for x in range(n):
        best = ranked(n, edges, seeds, x)
        assert (distance[x], label[x]) == (best[0] if best else (FAR, -1))


@quiet
@given(st.data(), st.integers(1, kernels.MAX_K))
def test_the_k_nearest_labels_are_the_best_pairs(data: st.DataObject, k: int) -> None:
    n, edges = data.draw(graphs())
    seeds = data.draw(seeds_on(n))
    distance, label = kernels.k_nearest(*compiled(n, edges), *(_columns(seeds)), k)
    for x in range(n):
        best = ranked(n, edges, seeds, x)[:k]
        found = list(zip(distance[x].tolist(), label[x].tolist(), strict=True))
        assert found == best + [(FAR, -1)] * (k - len(best))


def test_a_smaller_label_crosses_an_edge_that_costs_nothing() -> None:
    # Label 5 settles both nodes of the free edge before label 1 comes to one of them at the same distance.
    graph = compiled(4, [(0, 1, 0), (0, 2, 10), (1, 3, 10)])
    for seeds in ([(2, 0, 5), (3, 0, 1)], [(3, 0, 1), (2, 0, 5)]):
        distance, label = kernels.nearest(*graph, *_columns(seeds))
        assert distance.tolist() == [10, 10, 0, 0]
        assert label.tolist() == [1, 1, 5, 1]


def test_more_entries_wait_than_there_are_nodes() -> None:
    leaves = 40
    graph = compiled(leaves + 1, [(0, i, 1) for i in range(1, leaves + 1)])
    seeds = [(i, i, i) for i in range(1, leaves + 1)]
    distance, label = kernels.k_nearest(*graph, *_columns(seeds), 8)
    assert label[0].tolist() == list(range(1, 9))
    assert distance[0].tolist() == [i + 1 for i in range(1, 9)]
    assert label[leaves].tolist() == list(range(1, 9))


@pytest.mark.parametrize("k", [0, 9])
def test_other_k_are_refused(k: int) -> None:
    with pytest.raises(ValueError, match="give 1 to 8"):
        kernels.k_nearest(*compiled(1, []), [0], [0], [0], k)


def test_a_city_equals_scipy() -> None:
    rng = np.random.default_rng(7)
    n = 3000
    at = rng.uniform(0, 20_000, (n, 2))
    order = np.argsort(at[:, 0])
    u = np.repeat(order, 3)[: 3 * (n - 9)]
    v = order[(np.arange(n - 9)[:, None] + rng.integers(1, 9, (n - 9, 3))).ravel()]
    cost = np.rint(np.hypot(*(at[u] - at[v]).T)).astype(np.int32)
    indptr, heads, costs, _ = kernels.csr(n, u, v, cost)
    sources = rng.choice(n, 50, replace=False)
    matrix = csr_matrix((costs.astype(float), heads, indptr), shape=(n, n))
    theirs = dijkstra(matrix, indices=sources)
    assert np.isinf(theirs).any()  # some nodes are cut off
    ours, label = kernels.nearest(indptr, heads, costs, sources, np.zeros(50), np.arange(50))
    reached = np.isfinite(theirs.min(axis=0))
    assert (ours[reached] == theirs.min(axis=0)[reached]).all()
    assert (label[reached] == theirs.argmin(axis=0)[reached]).all()  # argmin: the first of equals
    assert (ours[~reached] == FAR).all()
    three, names = kernels.k_nearest(indptr, heads, costs, sources, np.zeros(50), np.arange(50), 3)
    order_of = np.lexsort((np.broadcast_to(np.arange(50)[:, None], theirs.shape), theirs), axis=0)[:3]
    assert (names[reached] == order_of.T[reached]).all()
    assert (three[reached] == np.take_along_axis(theirs, order_of, axis=0).T[reached]).all()


# --- all pairs within a limit


def points_on(n: int) -> st.SearchStrategy[Edges]:
    """Points that hang on one or two nodes: (first node, second node, way to both); -1: on none."""
    return st.lists(st.tuples(st.integers(-1, n - 1), st.integers(0, n - 1), st.integers(0, 9)), max_size=6)


@quiet
@given(st.data(), st.integers(0, 40))
def test_pairs_within_the_limit_are_those_of_brute_force(data: st.DataObject, limit: int) -> None:
    n, edges = data.draw(graphs())
    sources, targets = data.draw(points_on(n)), data.draw(points_on(n))
    direct = {(i, j): 3 for i in range(len(sources)) for j in range(len(targets)) if (i + j) % 3 == 0}
    d = everywhere(n, edges)
    wanted = {}
    for i, (a, b, here) in enumerate(sources):
        for j, (p, q, there) in enumerate(targets):
            ways = [
                int(d[x, y]) + here + there for x in (a, b) for y in (p, q) if a >= 0 <= p and d[x, y] < FAR
            ]
            best = min([*ways, direct.get((i, j), FAR)])
            if best <= limit:
                wanted[i, j] = best
    ptr, target, distance = kernels.within(
        *compiled(n, edges), *_ends(sources), *_ends(targets), *_rows(direct, len(sources)), limit
    )
    source = np.repeat(np.arange(len(sources)), np.diff(ptr))
    found = list(zip(source.tolist(), target.tolist(), strict=True))
    assert found == sorted(wanted)
    assert dict(zip(found, distance.tolist(), strict=True)) == wanted


def test_a_block_of_sources_gives_the_rows_of_all_of_them() -> None:
    graph = compiled(6, [(i, i + 1, 10) for i in range(5)])
    ends = np.array([[i, i] for i in range(6)])
    zero = np.zeros((6, 2))
    nobody = np.zeros(7, dtype=int), [], []
    ptr, target, distance = kernels.within(*graph, ends, zero, ends, zero, *nobody, 20)
    assert np.diff(ptr).tolist() == [3, 4, 5, 5, 4, 3]  # a limit of 20 holds those at exactly 20
    half = kernels.within(*graph, ends[3:], zero[3:], ends, zero, nobody[0][3:], [], [], 20)
    assert half[0].tolist() == (ptr[3:] - ptr[3]).tolist()
    assert half[1].tolist() == target[ptr[3] :].tolist()
    assert half[2].tolist() == distance[ptr[3] :].tolist()


def test_the_way_along_one_edge_meets_the_limit_exactly_too() -> None:
    graph = compiled(2, [(0, 1, 100)])
    points = [[0, 1]], [[40, 60]], [[0, 1]], [[70, 30]]
    for limit, found in ((29, 0), (30, 1)):
        assert len(kernels.within(*graph, *points, [0, 1], [0], [30], limit)[1]) == found


def test_a_loop_on_the_only_node() -> None:
    graph = compiled(1, [(0, 0, 30)])
    ptr, target, distance = kernels.within(
        *graph, [[0, 0]], [[20, 10]], [[0, 0]], [[4, 26]], [0, 1], [0], [16], 100
    )
    assert (ptr.tolist(), target.tolist(), distance.tolist()) == ([0, 1], [0], [14])


def test_many_pairs_outgrow_the_first_table() -> None:
    graph = compiled(1, [])
    ends, zero = np.zeros((60, 2), int), np.zeros((60, 2), int)
    ptr, target, _ = kernels.within(*graph, ends, zero, ends, zero, np.zeros(61, int), [], [], 0)
    assert ptr[-1] == len(target) == 3600
    assert target.reshape(60, 60).tolist() == [list(range(60))] * 60


# --- where compiled code is kept


def test_compiled_code_goes_to_the_users_cache_when_the_library_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "set back after the test")
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kernels._keep_compiled_code(tmp_path / "not there")
    assert Path(os.environ["NUMBA_CACHE_DIR"]).is_dir()
    assert tmp_path in Path(os.environ["NUMBA_CACHE_DIR"]).parents


def test_compiled_code_stays_beside_a_library_that_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert kernels._keep_compiled_code(tmp_path)
    assert "NUMBA_CACHE_DIR" not in os.environ


def test_without_any_folder_code_is_compiled_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    blocked = tmp_path / "a file"
    blocked.write_text("no folder")
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(blocked))
    assert not kernels._keep_compiled_code(tmp_path / "not there")


# --- helpers


def _columns(rows: Edges) -> tuple[list[int], ...]:
    return tuple([row[i] for row in rows] for i in range(3))


def _ends(points: Edges) -> tuple[Any, Any]:
    ends = np.array([[a, b] if a >= 0 else [-1, -1] for a, b, _ in points], dtype=np.int32).reshape(-1, 2)
    return ends, np.array([[w, w] for *_, w in points], dtype=np.int32).reshape(-1, 2)


def _rows(direct: dict[tuple[int, int], int], n: int) -> tuple[Any, Any, Any]:
    pairs = sorted(direct)
    counts = np.bincount([i for i, _ in pairs], minlength=n) if pairs else np.zeros(n, dtype=int)
    return np.concatenate([[0], np.cumsum(counts)]), [j for _, j in pairs], [direct[p] for p in pairs]


# --- where a point meets the lines

LINES = st.lists(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=2, max_size=4),
    min_size=1,
    max_size=8,
)
SPOTS = st.lists(st.tuples(st.integers(-20, 40), st.integers(-20, 40)), min_size=1, max_size=8)


@quiet
@given(LINES, SPOTS, st.sampled_from([0.5, 7.0, 1000.0]), st.sampled_from([1.0, 37.25]))
def test_feet_are_those_of_a_tree_of_lines_ties_too(
    lines: list[list[tuple[int, int]]], spots: list[tuple[int, int]], reach: float, scale: float
) -> None:
    xy = [np.array(line, float) * scale for line in lines]
    ptr = np.concatenate([[0], np.cumsum([len(line) for line in xy])])
    points = np.array(spots, float) * scale
    piece, off, share = kernels.foot(kernels.grid(ptr, np.concatenate(xy)), points, reach * scale)
    shapes = shapely.linestrings(np.concatenate(xy), indices=np.repeat(np.arange(len(xy)), np.diff(ptr)))
    for at, found, metres, part in zip(shapely.points(points), piece, off, share, strict=True):
        away = shapely.distance(shapes, at)
        if away.min() > reach * scale:
            assert (found, np.isnan(metres)) == (-1, True)
            continue
        assert (found, metres) == (away.argmin(), away.min())  # of equally near ones the first
        foot = shapely.line_interpolate_point(shapes[found], part, normalized=True)
        assert shapely.distance(foot, at) == pytest.approx(metres, abs=1e-9 * scale)


# --- threads


def grid_city(side: int) -> tuple[Any, Any, Any]:
    """Crossings in rows and columns, with blocks of different length."""
    rng = np.random.default_rng(11)
    node = np.arange(side * side).reshape(side, side)
    u = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    v = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    return kernels.csr(side * side, u, v, rng.integers(0, 900, len(u)))[:3]


@pytest.mark.parametrize("threads", ["2", "3", "7"])
def test_any_number_of_threads_gives_the_same_bytes(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, rng = grid_city(60), np.random.default_rng(3)
    ends, way = rng.integers(0, 3600, (1500, 2)), rng.integers(0, 300, (1500, 2))
    other, further = rng.integers(0, 3600, (900, 2)), rng.integers(0, 300, (900, 2))
    nobody = np.zeros(1501, int), [], []
    start, end, ptr, edge, _, _ = kernels.chains(3600, graph[1][:50], graph[1][50:100])
    there, length = kernels.along_chains(ptr, edge, np.zeros(50, bool), np.full(50, 9), np.full(50, 9))
    rows = kernels.Chains(ptr, start, end, length, length, there[edge], there[edge])

    def run() -> list[bytes]:
        chain = np.zeros(1500, int)
        found = (
            *kernels.within(*graph, ends, way, other, further, *nobody, 2500),
            *kernels.reached(*graph, ends, way, 2000),
            *kernels.sums_within(*graph, rows, ends, way, chain, (chain, chain, chain), way[:, 0] / 7, 2000),
        )
        return [array.tobytes() for array in found]

    monkeypatch.setenv("IBASHO_THREADS", "1")
    alone = run()
    monkeypatch.setenv("IBASHO_THREADS", threads)
    assert kernels.threads() == int(threads)
    assert run() == alone


@pytest.mark.parametrize("told", ["", "0", "-1", "many"])
def test_a_number_of_threads_that_cannot_be_is_that_of_the_machine(
    told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IBASHO_THREADS", told)
    assert kernels.threads() >= 1


# --- what is reached, and one way


@quiet
@given(st.data(), st.integers(0, 40))
def test_what_is_reached_are_the_nodes_within_the_limit(data: st.DataObject, limit: int) -> None:
    n, edges = data.draw(graphs())
    sources = data.draw(points_on(n))
    d = everywhere(n, edges)
    ptr, node, distance = kernels.reached(*compiled(n, edges), *_ends(sources), limit)
    for i, (a, b, here) in enumerate(sources):
        found = dict(
            zip(node[ptr[i] : ptr[i + 1]].tolist(), distance[ptr[i] : ptr[i + 1]].tolist(), strict=True)
        )
        best = {x: min(int(d[a, x]), int(d[b, x])) + here for x in range(n)} if a >= 0 else {}
        assert found == {x: c for x, c in best.items() if c <= limit}
        assert len(found) == ptr[i + 1] - ptr[i]


@quiet
@given(st.data())
def test_a_way_costs_what_it_must_and_leads_there(data: st.DataObject) -> None:
    n, edges = data.draw(graphs())
    (a, b, here), (p, q, there) = data.draw(
        st.tuples(*[st.tuples(*[st.integers(0, n - 1)] * 2, st.integers(0, 9))] * 2)
    )
    graph, d = compiled(n, edges), everywhere(n, edges)
    cost, nodes = kernels.way(*graph, ([a, b], [here, here]), ([p, q], [there, there]))
    shortest = min(int(d[x, y]) for x in (a, b) for y in (p, q))
    if shortest == FAR:
        assert (cost, len(nodes)) == (FAR, 0)
        return
    assert cost == shortest + here + there
    arcs = {
        (u, v): c
        for u, v, c in sorted(((x, y, c) for u, v, c in edges for x, y in ((u, v), (v, u))), reverse=True)
    }
    walked = sum(arcs[int(x), int(y)] for x, y in itertools.pairwise(nodes))
    assert walked == shortest
    assert nodes[0] in (a, b)
    assert nodes[-1] in (p, q)


# --- a place more, less or elsewhere


@quiet
@given(st.data())
def test_mending_a_search_gives_what_a_new_one_finds(data: st.DataObject) -> None:
    n, edges = data.draw(graphs())
    graph = compiled(n, edges)
    seeds = data.draw(seeds_on(n))
    labels = sorted({label for *_, label in seeds})
    goes = set(data.draw(st.lists(st.sampled_from(labels), unique=True))) if labels else set()
    added = [(x, c, 6 + label) for x, c, label in data.draw(seeds_on(n))]
    now = [*(seed for seed in seeds if seed[2] not in goes), *added]
    found = kernels.nearest(*graph, *_columns(seeds))
    renamed = np.array([-1 if label in goes else label for label in range(6)], np.int32)
    ours = kernels.repaired(*graph, graph[2], found, renamed, *_columns(now))
    assert [a.tolist() for a in ours] == [a.tolist() for a in kernels.nearest(*graph, *_columns(now))]
