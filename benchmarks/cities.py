"""The cities that the bench walks through: synthetic ones of any size, and real files.

A synthetic city is a jittered grid, joined by its minimum spanning tree and some of the short edges that a
Delaunay triangulation offers: connected, and with the mean degree of real walking networks. Nodes are numbered as
OpenStreetMap's are: neighbours often follow one another, in runs that follow nothing.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RUN = 64
"""Nodes that follow one another in space and in number."""
_EDITION = 1  # of what is made here: a change makes kept cities anew


@dataclass(frozen=True)
class City:
    """A walking network as every engine gets it: straight pieces, whole decimetres."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    u: NDArray[np.int32]
    v: NDArray[np.int32]
    cost: NDArray[np.int32]

    @property
    def size(self) -> int:
        """Nodes."""
        return len(self.x)

    def facts(self) -> dict[str, float]:
        """What makes it comparable with real networks."""
        degree = np.bincount(np.concatenate([self.u, self.v]), minlength=self.size)
        share = np.bincount(np.minimum(degree, 4), minlength=5) / self.size
        return {
            "nodes": self.size,
            "edges": len(self.u),
            "mean degree": 2 * len(self.u) / self.size,
            "mean edge, m": float(self.cost.mean()) / 10,
            **{f"degree {d}": float(share[d]) for d in (1, 2, 3)},
        }


def synthetic(nodes: int, *, spacing_m: float = 25, degree: float = 2.79, seed: int = 1) -> City:
    """A city of ``nodes`` nodes, the same for the same arguments."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree
    from scipy.spatial import Delaunay

    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(nodes)))
    spot = np.arange(side * side)[:nodes]
    xy = np.column_stack([spot % side, spot // side]) + rng.uniform(-0.42, 0.42, (nodes, 2))
    xy = xy[_openstreetmap_order(xy, rng)] * spacing_m
    corners = Delaunay(xy).simplices
    sides = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1)
    sides = np.unique(sides[:, 0].astype(np.int64) * nodes + sides[:, 1])
    u, v = sides // nodes, sides % nodes
    metres = np.hypot(*(xy[u] - xy[v]).T)
    tree = minimum_spanning_tree(coo_array((metres, (u, v)), shape=(nodes, nodes)).tocsr()).tocoo()
    in_tree = np.isin(
        sides, np.minimum(tree.row, tree.col).astype(np.int64) * nodes + np.maximum(tree.row, tree.col)
    )
    # Of the others the short ones, drawn by lot, until the mean degree is reached.
    lot = metres * rng.uniform(0.3, 1.7, len(metres))
    lot[in_tree] = -1
    kept = np.sort(np.argpartition(lot, round(nodes * degree / 2))[: round(nodes * degree / 2)])
    return _city(xy, u[kept], v[kept])


def with_chains(city: City, *, per_edge: float, seed: int = 2) -> City:
    """The same city as OpenStreetMap draws it: with nodes of degree two along every street."""
    rng = np.random.default_rng(seed)
    inner = rng.poisson(per_edge, len(city.u))
    first = np.repeat(np.arange(len(city.u)), inner)
    step = np.arange(inner.sum()) - np.repeat(np.cumsum(inner) - inner, inner) + 1
    part = (step / (inner[first] + 1))[:, None]
    xy = np.column_stack([city.x, city.y])
    points = xy[city.u[first]] * (1 - part) + xy[city.v[first]] * part
    number = city.size + np.arange(len(points))
    edge = np.concatenate([np.repeat(np.arange(len(city.u)), inner + 1)])
    begin = np.concatenate([[0], np.cumsum(inner + 1)])[:-1]
    tail, head = np.empty(len(edge), np.int64), np.empty(len(edge), np.int64)
    is_first = np.zeros(len(edge), bool)
    is_first[begin] = True
    is_last = np.roll(is_first, -1)
    tail[is_first], head[is_last] = city.u, city.v
    tail[~is_first], head[~is_last] = number, number
    return _city(np.concatenate([xy, points]), tail, head)


def write_pbf(city: City, junctions: int, path: Path) -> None:
    """A city of :func:`with_chains` as an extract: a way for each street, nodes below ``junctions`` at its ends."""
    import osmium
    import pyproj

    plane = pyproj.Transformer.from_crs("EPSG:6677", "EPSG:4326", always_xy=True)
    lon, lat = plane.transform(city.x + 100_000, city.y - 110_000)
    first = np.append(np.flatnonzero(city.u < junctions), len(city.u))
    with osmium.SimpleWriter(str(path)) as writer:
        for node, spot in enumerate(zip(lon.tolist(), lat.tolist(), strict=True), 1):
            writer.add_node(osmium.osm.mutable.Node(id=node, location=spot))
        for way, (a, b) in enumerate(zip(first[:-1].tolist(), first[1:].tolist(), strict=True), 1):
            nodes = [int(city.u[a]) + 1, *(city.v[a:b] + 1).tolist()]
            writer.add_way(osmium.osm.mutable.Way(id=way, nodes=nodes, tags={"highway": "residential"}))


def of_file(path: Path) -> City:
    """The connected walking network of a street file, cut at every node of its ways."""
    from geo import kernels, network
    from geo.sources import streets

    table = streets.read(path).table
    west, south, east, north = table.total_bounds
    try:
        crs = network.plane_crs("13000", longitude=(west + east) / 2, latitude=(south + north) / 2)
    except ValueError:
        crs = table.estimate_utm_crs().to_string()
    ends = np.concatenate([table["u"].to_numpy(), table["v"].to_numpy()])
    _, first, number = np.unique(ends, return_index=True, return_inverse=True)
    u, v = np.split(number.astype(np.int32), 2)
    plane = table.geometry.to_crs(crs)
    xy = np.concatenate([plane.get_coordinates().groupby(level=0).nth(at).to_numpy() for at in (0, -1)])[
        first
    ]
    xy -= xy.mean(axis=0)
    cost = np.rint(table["length_m"].to_numpy() * 10).astype(np.int32)
    indptr, heads, _, _ = kernels.csr(len(first), u, v, cost)
    part = kernels.components(indptr, heads)
    main = part == np.bincount(part).argmax()
    renumber = np.cumsum(main) - 1
    kept = main[u] & (u != v)
    return City(
        xy[main, 0],
        xy[main, 1],
        renumber[u[kept]].astype(np.int32),
        renumber[v[kept]].astype(np.int32),
        cost[kept],
    )


def save(city: City, path: Path, **more: NDArray[np.generic]) -> None:
    """Write a city as ``.npz``."""
    beside = path.with_suffix(".part.npz")
    np.savez(beside, **{f.name: getattr(city, f.name) for f in fields(city)}, **more)
    beside.replace(path)


def load(path: Path) -> City:
    """Read a city that :func:`save` wrote."""
    with np.load(path) as held:
        return City(**{f.name: held[f.name] for f in fields(City)})


def kept(name: str, folder: Path, realdata: Path) -> Path:
    """The file of a city by its name (``50k``, ``1M``, ``raw4M``, ``helsinki``), made when it is not there."""
    path = folder / f"{name}-{_EDITION}.npz"
    if path.exists() and zipfile.is_zipfile(path):
        return path
    folder.mkdir(parents=True, exist_ok=True)
    if name in REAL:
        save(of_file(realdata / REAL[name]), path)
    elif name == "raw4M":
        save(with_chains(synthetic(700_000, spacing_m=62), per_edge=3.4), path)
    else:
        save(synthetic(SIZES[name]), path)
    return path


SIZES = {"50k": 50_000, "250k": 250_000, "1M": 1_000_000, "2M": 2_000_000}
REAL = {
    "tachikawa": "network/tachikawa_tokyo/tachikawa.graphml",
    "helsinki": "network/pbf/Helsinki.osm.pbf",
    "monaco": "network/pbf/monaco.osm.gz",
}


def _city(xy: NDArray[np.float64], u: NDArray[np.int64], v: NDArray[np.int64]) -> City:
    metres = np.hypot(*(xy[u] - xy[v]).T)
    cost = np.maximum(np.rint(metres * 10), 1).astype(np.int32)
    return City(xy[:, 0].copy(), xy[:, 1].copy(), u.astype(np.int32), v.astype(np.int32), cost)


def _openstreetmap_order(xy: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    along = np.argsort(_morton(xy), kind="stable")
    runs = np.array_split(along, max(1, len(along) // RUN))
    order: NDArray[np.int64] = np.concatenate([runs[i] for i in rng.permutation(len(runs))])
    return order


def _morton(xy: NDArray[np.float64]) -> NDArray[np.uint64]:
    code = np.zeros(len(xy), np.uint64)
    for axis in (0, 1):
        value = (xy[:, axis] - xy[:, axis].min()).astype(np.uint64)
        for bit in range(16):
            code |= ((value >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + axis)
    return code
