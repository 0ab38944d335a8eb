"""Ours at each task of the bench: the calls of the library, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import kernels, network

Run = Callable[[], dict[str, np.ndarray]]
CRS = "EPSG:6677"


def streets(city: SimpleNamespace) -> gpd.GeoDataFrame:
    """The city as a table of streets."""
    ends = np.stack([np.column_stack([city.x[at], city.y[at]]) for at in (city.u, city.v)], axis=1)
    columns = {
        "street_id": [f"{i:09d}" for i in range(len(city.u))],
        "u": [f"{i:09d}" for i in city.u.tolist()],
        "v": [f"{i:09d}" for i in city.v.tolist()],
        "length_m": city.cost / 10,
    }
    return gpd.GeoDataFrame(columns, geometry=shapely.linestrings(ends), crs=CRS)


class _Net:
    """The network, and where the bench's nodes are in it."""

    def __init__(self, city: SimpleNamespace) -> None:
        self.net = network.build(streets(city), crs=CRS)
        self.node = np.empty(len(city.x), np.int32)
        self.node[self.net.node_id.astype(np.int64)] = np.arange(len(city.x), dtype=np.int32)

    def graph(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.net.indptr, self.net.heads, self.net.cost

    def seeds(self, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.node[nodes], np.zeros(len(nodes), np.int32), np.arange(len(nodes), dtype=np.int32)

    def points(self, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ends = np.repeat(self.node[nodes][:, None], 2, axis=1)
        return ends, np.zeros_like(ends)


def graph(city: SimpleNamespace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The arrays that are searched, and the nodes of the places."""
    here = _Net(city)
    return here.net.indptr, here.net.heads, here.node[city.place]


def build(city: SimpleNamespace) -> Run:
    """A network from a table of edges."""
    table = streets(city)
    return lambda: {"nodes": np.array(len(network.build(table, crs=CRS).node_id))}


def nearest(city: SimpleNamespace) -> Run:
    here = _Net(city)
    arrays, seeds = here.graph(), here.seeds(city.place)
    return lambda: {"distance": kernels.nearest(*arrays, *seeds)[0][here.node]}


def k_nearest(city: SimpleNamespace) -> Run:
    here = _Net(city)
    arrays, seeds = here.graph(), here.seeds(city.place)

    def run() -> dict[str, np.ndarray]:
        distance, label = kernels.k_nearest(*arrays, *seeds, 3)
        return {"distance": distance[here.node], "label": label[here.node]}

    return run


def pairs(city: SimpleNamespace) -> Run:
    here = _Net(city)
    arrays = here.graph()
    places, homes = here.points(city.place), here.points(city.demand)
    none = np.zeros(len(city.place) + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)

    def run() -> dict[str, np.ndarray]:
        ptr, origin, dm = kernels.within(*arrays, *places, *homes, *none, 10_000)
        place = np.repeat(np.arange(len(ptr) - 1, dtype=np.int32), np.diff(ptr))
        order = np.lexsort((place, origin))
        return {"origin": origin[order], "place": place[order], "dm": dm[order]}

    return run


def snap(city: SimpleNamespace) -> Run:
    net = network.build(streets(city), crs=CRS)
    points = gpd.GeoSeries(gpd.points_from_xy(*city.at.T), crs=CRS)

    def run() -> dict[str, np.ndarray]:
        found: pd.DataFrame = network.snap(net, points, max_snap_m=10_000)
        return {"off": found["off_dm"].to_numpy()}

    return run


def raw(city: SimpleNamespace) -> Run:
    """A network of which most nodes are bends of a street, searched as the library searches it."""
    return nearest(city)


def uncontracted(city: SimpleNamespace) -> Run:
    """The same search over every node as it stands in the file."""
    n = len(city.x)
    arrays = kernels.csr(n, city.u, city.v, city.cost)[:3]
    seeds = city.place, np.zeros(len(city.place), np.int32), np.arange(len(city.place), dtype=np.int32)
    return lambda: {"distance": kernels.nearest(*arrays, *seeds)[0]}


def searched_again(city: SimpleNamespace) -> Run:
    """One place moved, and everything searched anew."""
    moved = SimpleNamespace(**{**vars(city), "place": np.append(city.place[1:], city.target)})
    return nearest(moved)
