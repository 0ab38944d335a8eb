"""One engine at one task, as a process of its own: prepare, then run when told, then hand over the result.

    python benchmarks/engines.py ENGINE TASK INPUT.npz

It reads words from stdin (``run``, ``result PATH``) and answers each with a line of JSON, so that the bench can let
the engines take turns while each one's memory is its own. Peers are imported here only, where they are asked for.
Each function prepares and returns what is to be timed; costs are whole decimetres, :data:`FAR` is not reached.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

FAR = 2**31 - 1
PAIRS_DM = 10_000
SUM_DM = 8_000
FARTHEST_M = 5_000
"""pandana wants to know how far it may look; nobody is farther from a place in these cities."""
FLOAT_DM = 0.05
"""pandana gives metres as floats of 32 bits."""

Result = dict[str, Any]
Run = Callable[[], Result]


def arcs(city: SimpleNamespace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each pair of neighbours once with the cheapest piece between them, as several peers want it."""
    low, high = np.minimum(city.u, city.v).astype(np.int64), np.maximum(city.u, city.v)
    order = np.lexsort((city.cost, high, low))
    key = (low * len(city.x) + high)[order]
    first = order[np.concatenate([[True], key[1:] != key[:-1]])]
    first = first[city.u[first] != city.v[first]]
    return city.u[first], city.v[first], city.cost[first]


def whole(distance: np.ndarray) -> np.ndarray:
    """Decimetres of a peer that counts in floats."""
    return np.where(np.isfinite(distance), np.rint(distance), FAR).astype(np.int32)


def with_source(city: SimpleNamespace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The arcs, and one more node that leads to every place for nothing: for peers that know no second source."""
    u, v, cost = arcs(city)
    extra = np.full(len(city.place), len(city.x), np.int32)
    zero = np.zeros(len(extra), np.int32)
    return np.concatenate([u, extra]), np.concatenate([v, city.place]), np.concatenate([cost, zero])


# --- the peers --------------------------------------------------------------------------------------------


def scipy_graph(city: SimpleNamespace) -> object:
    from scipy.sparse import coo_array

    u, v, cost = (
        np.concatenate(two) for two in zip(*(arcs(city), np.array(arcs(city))[[1, 0, 2]]), strict=True)
    )
    return coo_array((cost.astype(float), (u, v)), shape=(len(city.x),) * 2).tocsr()


def scipy_nearest(city: SimpleNamespace) -> Run:
    from scipy.sparse.csgraph import dijkstra

    graph = scipy_graph(city)
    return lambda: {"distance": whole(dijkstra(graph, indices=city.place, min_only=True))}


def scipy_pairs(city: SimpleNamespace) -> Run:
    """On tiles of 2 km: SciPy fills a dense row for each source, so the graph must be small."""
    from scipy.sparse.csgraph import dijkstra

    graph, tile = scipy_graph(city), 2000.0
    reach = PAIRS_DM / 10 + 20  # rounded to decimetres, many short pieces are a little shorter than they look
    order = np.argsort(city.x, kind="stable")
    xs, is_demand = city.x[order], np.zeros(len(city.x), bool)
    is_demand[city.demand] = True
    number = np.full(len(city.x), -1)
    number[city.demand] = np.arange(len(city.demand))
    home = np.column_stack([city.x[city.place] // tile, city.y[city.place] // tile]).astype(int)
    tiles = [(key, np.flatnonzero((home == key).all(axis=1))) for key in np.unique(home, axis=0)]

    def run() -> Result:
        found = []
        for (i, j), places in tiles:
            strip = order[slice(*np.searchsorted(xs, [i * tile - reach, (i + 1) * tile + reach]))]
            y = city.y[strip]
            nodes = strip[(y >= j * tile - reach) & (y <= (j + 1) * tile + reach)]
            inner = np.empty(0, int) if not len(nodes) else np.sort(nodes)
            small = graph[inner][:, inner]
            rows = dijkstra(small, indices=np.searchsorted(inner, city.place[places]), limit=PAIRS_DM)
            wanted = np.flatnonzero(is_demand[inner])
            p, o = np.nonzero(np.isfinite(rows[:, wanted]))
            found.append((number[inner[wanted[o]]], places[p], rows[p, wanted[o]]))
        return pairs(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    return run


def scipy_move(city: SimpleNamespace) -> Run:
    """A new search, for it knows nothing of the old one."""
    moved = SimpleNamespace(**{**vars(city), "place": np.append(city.place[1:], city.target)})
    return scipy_nearest(moved)


def igraph_nearest(city: SimpleNamespace) -> Run:
    import igraph

    u, v, cost = with_source(city)
    graph = igraph.Graph(len(city.x) + 1, np.column_stack([u, v]))
    weights = cost.astype(float).tolist()
    return lambda: {"distance": whole(np.array(graph.distances(len(city.x), weights=weights)[0][:-1]))}


def networkit_nearest(city: SimpleNamespace) -> Run:
    import networkit

    u, v, cost = with_source(city)
    ends = u.astype(np.uint64), v.astype(np.uint64)
    graph = networkit.GraphFromCoo(
        (cost.astype(float), ends), n=len(city.x) + 1, weighted=True, directed=False
    )

    def run() -> Result:
        search = networkit.distance.Dijkstra(graph, len(city.x), False, False)
        search.run()
        distance = np.array(search.getDistances(asarray=True))[:-1]
        return {"distance": whole(np.where(distance > 1e300, np.inf, distance))}

    return run


def rustworkx_nearest(city: SimpleNamespace) -> Run:
    import rustworkx

    u, v, cost = with_source(city)
    graph = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from([None] * (len(city.x) + 1))
    graph.add_edges_from(list(zip(u.tolist(), v.tolist(), cost.astype(float).tolist(), strict=True)))

    def run() -> Result:
        found = rustworkx.dijkstra_shortest_path_lengths(graph, len(city.x), float)
        distance = np.full(len(city.x), np.inf)
        distance[np.fromiter(found.keys(), int, len(found))] = np.fromiter(found.values(), float, len(found))
        return {"distance": whole(distance)}

    return run


def networkx_graph(city: SimpleNamespace) -> object:
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(range(len(city.x)))
    graph.add_weighted_edges_from(zip(*(part.tolist() for part in arcs(city)), strict=True))
    return graph


def networkx_nearest(city: SimpleNamespace) -> Run:
    import networkx

    graph = networkx_graph(city)

    def run() -> Result:
        found = networkx.multi_source_dijkstra_path_length(graph, set(city.place.tolist()))
        distance = np.full(len(city.x), np.inf)
        distance[np.fromiter(found.keys(), int, len(found))] = np.fromiter(found.values(), float, len(found))
        return {"distance": whole(distance)}

    return run


def networkx_pairs(city: SimpleNamespace) -> Run:
    import networkx

    graph = networkx_graph(city)
    number = np.full(len(city.x), -1)
    number[city.demand] = np.arange(len(city.demand))

    def run() -> Result:
        found = []
        for place, node in enumerate(city.place.tolist()):
            reached = networkx.single_source_dijkstra_path_length(graph, node, cutoff=PAIRS_DM)
            at, dm = np.fromiter(reached.keys(), int), np.fromiter(reached.values(), float)
            is_demand = number[at] >= 0
            found.append((number[at[is_demand]], np.full(is_demand.sum(), place), dm[is_demand]))
        return pairs(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    return run


def pandana_graph(city: SimpleNamespace) -> object:
    import pandana
    import pandas as pd

    u, v, cost = arcs(city)
    return pandana.Network(
        pd.Series(city.x), pd.Series(city.y), pd.Series(u), pd.Series(v), pd.DataFrame({"m": cost / 10})
    )


def pandana_nearest(city: SimpleNamespace, k: int = 1) -> Run:
    import pandas as pd

    net = pandana_graph(city)
    net.set_pois("p", FARTHEST_M, k, pd.Series(city.x[city.place]), pd.Series(city.y[city.place]))

    def run() -> Result:
        metres = net.nearest_pois(FARTHEST_M, "p", num_pois=k, include_poi_ids=k > 1).to_numpy()
        distance = metres[:, :k].astype(float) * 10
        return {"distance": distance if k > 1 else distance[:, 0]}

    return run


def pandana_k_nearest(city: SimpleNamespace) -> Run:
    return pandana_nearest(city, k=3)


def pandana_pairs(city: SimpleNamespace) -> Run:
    import pandas as pd

    net = pandana_graph(city)
    origin = pd.Series(np.arange(len(city.demand)), index=city.demand)
    place = pd.Series(np.arange(len(city.place)), index=city.place)

    def run() -> Result:
        found = net.nodes_in_range(city.place.tolist(), PAIRS_DM / 10)
        found = found[found["destination"].isin(origin.index)]
        at = [origin[found["destination"]].to_numpy(), place[found["source"]].to_numpy()]
        return pairs(*at, found.iloc[:, 2].to_numpy() * 10, exact=False)

    return run


def pandana_sum(city: SimpleNamespace) -> Run:
    import pandas as pd

    net = pandana_graph(city)
    net.set(pd.Series(city.demand), variable=pd.Series(city.people.astype(float)), name="people")
    return lambda: {"sum": net.aggregate(SUM_DM / 10, type="sum", decay="flat", name="people").to_numpy()}


def shapely_snap(city: SimpleNamespace) -> Run:
    import shapely

    ends = np.stack([np.column_stack([city.x[at], city.y[at]]) for at in (city.u, city.v)], axis=1)
    lines = shapely.linestrings(ends)
    tree, points = shapely.STRtree(lines), shapely.points(city.at)

    def run() -> Result:
        found = tree.nearest(points)
        return {"off": np.rint(shapely.distance(lines[found], points) * 10)}

    return run


def pairs(origin: np.ndarray, place: np.ndarray, distance: np.ndarray, *, exact: bool = True) -> Result:
    """The table in one order, to be compared."""
    order = np.lexsort((place, origin))
    distance = np.rint(distance).astype(np.int32) if exact else distance
    return {
        "origin": origin[order].astype(np.int32),
        "place": place[order].astype(np.int32),
        "dm": distance[order],
    }


# --- the floor --------------------------------------------------------------------------------------------


def floor_nearest(city: SimpleNamespace) -> Run:
    """One breadth-first sweep over all nodes in our order: what memory alone allows who looks at each."""
    import numba
    import ours

    @numba.njit
    def sweep(indptr, heads, seeds):  # type: ignore[no-untyped-def]
        hops = np.full(len(indptr) - 1, -1, np.int32)
        queue = np.empty(len(indptr) - 1, np.int32)
        end = 0
        for s in seeds:
            if hops[s] < 0:
                hops[s], queue[end] = 0, s
                end += 1
        at = 0
        while at < end:
            x = queue[at]
            at += 1
            for a in range(indptr[x], indptr[x + 1]):
                y = heads[a]
                if hops[y] < 0:
                    hops[y], queue[end] = hops[x] + 1, y
                    end += 1
        return hops

    indptr, heads, seeds = ours.graph(city)
    return lambda: {"hops": sweep(indptr, heads, seeds)}


# --- which engine can do which task -----------------------------------------------------------------------


PEERS: dict[tuple[str, str], Callable[[SimpleNamespace], Run]] = {
    ("one BFS sweep", "nearest"): floor_nearest,
    ("scipy", "nearest"): scipy_nearest,
    ("igraph", "nearest"): igraph_nearest,
    ("networkit", "nearest"): networkit_nearest,
    ("rustworkx", "nearest"): rustworkx_nearest,
    ("networkx", "nearest"): networkx_nearest,
    ("pandana", "nearest"): pandana_nearest,
    ("scipy, one nearest only", "k_nearest"): scipy_nearest,
    ("pandana", "k_nearest"): pandana_k_nearest,
    ("scipy on tiles", "pairs"): scipy_pairs,
    ("networkx", "pairs"): networkx_pairs,
    ("pandana", "pairs"): pandana_pairs,
    ("pandana", "sum"): pandana_sum,
    ("shapely STRtree", "snap"): shapely_snap,
    ("scipy", "raw"): scipy_nearest,
    ("scipy, a new search", "move"): scipy_move,
}
OURS = {
    ("ours, not contracted", "raw"): "uncontracted",
    ("ours, a new search", "move"): "searched_again",
}


def find(engine: str, task: str) -> Callable[[SimpleNamespace], Run]:
    """What prepares this task with this engine."""
    if (engine, task) in PEERS:
        return PEERS[engine, task]
    import ours

    made: Callable[[SimpleNamespace], Run] = getattr(ours, OURS.get((engine, task), task))
    return made


# --- the process ------------------------------------------------------------------------------------------


def memory(which: str) -> int:
    """KiB of this process; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(which)), 0)


def forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def words(stream: object) -> Iterator[list[str]]:
    for line in iter(stream.readline, ""):  # type: ignore[attr-defined]
        yield line.strip().split(" ", 1)


def main(engine: str, task: str, path: str) -> None:
    # Libraries print as they like; what the bench reads goes through a line of its own.
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with np.load(path) as held:
        city = SimpleNamespace(**{name: held[name] for name in held.files})
    bare, start = memory("VmRSS"), time.perf_counter()
    run = find(engine, task)(city)
    ready = {"prepare_s": time.perf_counter() - start, "held_kib": memory("VmRSS") - bare}
    print(json.dumps(ready), file=told, flush=True)
    result: Result = {}
    for word in words(sys.stdin):
        if word[0] == "run":
            forget_peak()
            before, start = memory("VmRSS"), time.perf_counter()
            result = run()
            seconds = time.perf_counter() - start
            print(json.dumps({"s": seconds, "peak_kib": memory("VmHWM") - before}), file=told, flush=True)
        else:
            # What only brings results into one order is not timed.
            np.savez(
                word[1], **{name: value() if callable(value) else value for name, value in result.items()}
            )
            print("{}", file=told, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
