"""Ours at each task of the bench: the calls of the library, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import access, catchment, kernels, network

Later = Callable[[], np.ndarray]
Run = Callable[[], dict[str, np.ndarray | Later]]
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
    """The network, and the bench's nodes in it."""

    def __init__(self, city: SimpleNamespace) -> None:
        self.net = network.build(streets(city), crs=CRS)
        self.graph = self.net.graph
        self.node = np.empty(len(city.x), np.int32)
        self.node[self.net.node_id.astype(np.int64)] = np.arange(len(city.x), dtype=np.int32)
        self.nodes = network.nodes_joined(self.net)
        self.places = self.joined(city.place)

    def joined(self, nodes: np.ndarray) -> network.Joined:
        """Some of the nodes; not by their places, for two nodes may lie upon one another."""
        at = self.node[nodes]
        return network.Joined(**{f.name: getattr(self.nodes, f.name)[at] for f in fields(network.Joined)})

    def seeds(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        label = np.repeat(np.arange(len(self.places.edge), dtype=np.int32), 2)
        return self.places.ends.ravel(), self.places.arrive.ravel(), label

    def at_all(self, found: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Decimetres of every node, from those of the junctions."""
        nodes, goal = (self.graph.junction, self.net.slot_node), self.places
        return kernels.nearest_along(
            self.graph.slots, found, nodes, goal.chain, goal.there, goal.home, goal.off
        )[0]


def graph(city: SimpleNamespace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All nodes and arcs in the order in which ours keeps them, and the nodes of the places."""
    here = _Net(city)
    net = here.net
    indptr, heads, _, _ = kernels.csr(len(net.node_id), net.edge_u, net.edge_v, net.edge_cost)
    return indptr, heads, here.node[city.place]


def build(city: SimpleNamespace) -> Run:
    """A network from a table of edges."""
    table = streets(city)
    return lambda: {"nodes": np.array(len(network.build(table, crs=CRS).node_id))}


def nearest(city: SimpleNamespace) -> Run:
    here = _Net(city)
    arrays = here.graph.indptr, here.graph.heads, here.graph.back

    def run() -> dict[str, Later]:
        distance = here.at_all(kernels.nearest(*arrays, *here.seeds()))
        return {"distance": lambda: distance[here.node]}

    return run


def k_nearest(city: SimpleNamespace) -> Run:
    here = _Net(city)
    arrays = here.graph.indptr, here.graph.heads, here.graph.back

    def run() -> dict[str, Later]:
        found = kernels.k_nearest(*arrays, *here.seeds(), 3)
        direct = network.on_same_chain(here.nodes, here.places)
        distance, label = kernels.k_at_points(*found, here.nodes.ends, here.nodes.leave, *direct)
        return {"distance": lambda: distance[here.node], "label": lambda: label[here.node]}

    return run


def pairs(city: SimpleNamespace) -> Run:
    here = _Net(city)
    homes = here.joined(city.demand)
    arrays = here.graph.indptr, here.graph.heads, here.graph.back
    ends = here.places.ends, here.places.arrive, homes.ends, homes.leave

    def run() -> dict[str, np.ndarray]:
        direct = kernels.transposed(*network.on_same_chain(homes, here.places), len(city.place))
        found = kernels.within(*arrays, *ends, *direct, 10_000)
        ptr, place, dm = kernels.transposed(*found, len(city.demand))
        return {
            "origin": np.repeat(np.arange(len(ptr) - 1, dtype=np.int32), np.diff(ptr)),
            "place": place,
            "dm": dm,
        }

    return run


def sum(city: SimpleNamespace) -> Run:  # noqa: A001  (the name of the task)
    here = _Net(city)
    homes, weight, graph = here.joined(city.demand), city.people.astype(float), here.graph
    arrays = graph.indptr, graph.heads, graph.cost, graph.slots
    where = homes.ends, homes.leave, homes.chain, (homes.there, homes.home, homes.off)

    def run() -> dict[str, Later]:
        sums = network.at_nodes(here.net, *kernels.sums_within(*arrays, *where, weight, 8_000))
        return {"sum": lambda: sums[here.node]}

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


def moved_places(city: SimpleNamespace) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The places before and after one of them moved."""
    both = city.place, np.append(city.target, city.place[1:])
    names = [f"{i:05d}" for i in range(len(city.place))]
    return tuple(  # type: ignore[return-value]
        gpd.GeoDataFrame({"place_id": names}, geometry=gpd.points_from_xy(city.x[at], city.y[at]), crs=CRS)
        for at in both
    )


def move(city: SimpleNamespace) -> Run:
    """One place moved: what it changes, worked out from the field as it was."""
    here = _Net(city)
    before, after = moved_places(city)
    field = access.field(here.net, before)

    def run() -> dict[str, Later]:
        now = access.changed(field, after)
        return {"distance": lambda: access.at_nodes(now)[0][here.node]}

    return run


def searched_again(city: SimpleNamespace) -> Run:
    """The same, searched anew."""
    here = _Net(city)
    after = moved_places(city)[1]

    def run() -> dict[str, Later]:
        now = access.field(here.net, after)
        return {"distance": lambda: access.at_nodes(now)[0][here.node]}

    return run


def catchments(city: SimpleNamespace) -> Run:
    """Catchments of 300, 500 and 800 m of every place."""
    here = _Net(city)
    places = moved_places(city)[0]

    def run() -> dict[str, Later]:
        found = catchment.areas(here.net, places, limits_m=(300, 500, 800))
        return {"rows": lambda: np.array(len(found))}

    return run
