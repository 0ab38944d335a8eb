"""Catchments against buffers of the streets that an independent search reaches, and what a river does to them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from geo import access, catchment, network
from geo.sources import streets as street_files

CRS = "EPSG:6677"
LIMITS = (300, 500, 800)


def town(lines: list[list[tuple[float, float]]]) -> network.Network:
    """A network of straight streets; where their corners meet they join."""
    pieces = [pair for line in lines for pair in pairwise(line)]
    shapes = [shapely.LineString(pair) for pair in pieces]
    table = gpd.GeoDataFrame(
        {
            "street_id": [f"s{i:05d}" for i in range(len(pieces))],
            "u": [f"{a[0]:.1f},{a[1]:.1f}" for a, _ in pieces],
            "v": [f"{b[0]:.1f},{b[1]:.1f}" for _, b in pieces],
            "length_m": [line.length for line in shapes],
        },
        geometry=shapes,
        crs=CRS,
    )
    return network.build(table, crs=CRS)


def blocks(columns: int, rows: int, side: float, *, seed: int = 0) -> network.Network:
    """A crooked grid of streets, some of them missing."""
    rng = np.random.default_rng(seed)
    at = {
        (i, j): (
            round(i * side + rng.uniform(-0.3, 0.3) * side, 1),
            round(j * side + rng.uniform(-0.3, 0.3) * side, 1),
        )
        for i in range(columns)
        for j in range(rows)
    }
    lines = [[at[i, j], at[i + 1, j]] for i in range(columns - 1) for j in range(rows) if rng.uniform() < 0.8]
    lines += [
        [at[i, j], at[i, j + 1]] for i in range(columns) for j in range(rows - 1) if rng.uniform() < 0.8
    ]
    return town(lines)


def places(*xy: tuple[float, float]) -> gpd.GeoDataFrame:
    points = gpd.points_from_xy(*zip(*xy, strict=True))
    return gpd.GeoDataFrame(
        {"place_id": [f"p{i}" for i in range(len(xy))], "kind": "ibasho"}, geometry=points, crs=CRS
    )


@dataclass(frozen=True)
class Walks:
    """The walk from every street to a point, by SciPy on all nodes."""

    net: network.Network
    edge: int
    share: float
    off: float
    cost: np.ndarray
    at: np.ndarray

    @staticmethod
    def to(net: network.Network, x: float, y: float) -> Walks:
        point = shapely.Point(x, y)
        edge = int(net.tree.nearest(point))
        share, off = net.lines[edge].project(point, normalized=True), net.lines[edge].distance(point)
        cost, n = net.edge_cost / 10, len(net.node_id)
        graph = coo_array((n, n)).tolil()
        order = np.argsort(-cost, kind="stable")  # of parallel pieces the shortest comes last, and stays
        for tail, head in ((net.edge_u, net.edge_v), (net.edge_v, net.edge_u)):
            graph[tail[order], head[order]] = np.minimum(cost[order], 1e6)
        from_u, from_v = dijkstra(graph.tocsr(), indices=[net.edge_u[edge], net.edge_v[edge]])
        at = off + np.minimum(from_u + share * cost[edge], from_v + (1 - share) * cost[edge])
        return Walks(net, edge, share, off, cost, at)

    def reached(self, limit_m: float) -> np.ndarray:
        """The stretches from which the walk is within a limit."""
        parts = []
        a, b = self.at[self.net.edge_u], self.at[self.net.edge_v]
        for e in np.flatnonzero(np.minimum(a, b) <= limit_m):
            line, rest = self.net.lines[e], (limit_m - np.array([a[e], b[e]])) / self.cost[e]
            if rest[0] >= 0:
                parts.append(substring(line, 0, min(rest[0], 1), normalized=True))
            if rest[1] >= 0:
                parts.append(substring(line, max(1 - rest[1], 0), 1, normalized=True))
        if self.off <= limit_m:
            rest = (limit_m - self.off) / self.cost[self.edge]
            ends = max(self.share - rest, 0), min(self.share + rest, 1)
            parts.append(substring(self.net.lines[self.edge], *ends, normalized=True))
        return np.array(parts, dtype=object)

    def ground(self, limit_m: float) -> shapely.Geometry:
        """Reached streets buffered by what is left of the walk: the street itself at least, 30 m at most."""
        wide = shapely.buffer(self.reached(limit_m - 30), 30, quad_segs=16)
        narrow = shapely.buffer(self.reached(limit_m), catchment.KERB_M, quad_segs=16)
        return shapely.union_all(np.concatenate([wide, narrow]))

    def beyond(self, points: np.ndarray, limit_m: float) -> np.ndarray:
        """Whether points belong to a street that is far beyond a limit: to the other side of something."""
        e = self.net.tree.nearest(points)
        share = shapely.line_locate_point(self.net.lines[e], points, normalized=True) * self.cost[e]
        walk = np.minimum(
            self.at[self.net.edge_u[e]] + share, self.at[self.net.edge_v[e]] + self.cost[e] - share
        )
        return (walk > limit_m + catchment.APART * 30) & (e != self.edge)


def iou_of_points(walks: Walks, shape: shapely.Geometry, limit_m: float) -> float:
    """Intersection over union, by points on and around a catchment."""
    rng = np.random.default_rng(0)
    ground, west, south, east, north = walks.ground(limit_m), *shape.buffer(40).bounds
    points = shapely.points(rng.uniform(west, east, 6000), rng.uniform(south, north, 6000))
    kerb = shapely.union_all(shapely.buffer(walks.reached(limit_m), catchment.KERB_M))
    shapely.prepare([ground, kerb, shape])
    wanted = shapely.contains(ground, points) & (
        ~walks.beyond(points, limit_m) | shapely.contains(kerb, points)
    )
    drawn = shapely.contains(shape, points)
    return float((wanted & drawn).sum() / (wanted | drawn).sum())


def iou(a: shapely.Geometry, b: shapely.Geometry) -> float:
    return a.intersection(b).area / a.union(b).area


def of(found: gpd.GeoDataFrame, place: str, limit_m: int) -> shapely.Geometry:
    return found.set_index(["place_id", "limit_m"]).geometry[place, limit_m]


def test_along_a_straight_street_it_is_a_strip_with_round_corners() -> None:
    net = town([[(0, 0), (1000, 0), (2000, 0)]])
    found = of(catchment.areas(net, places((1000, 20)), limits_m=[300]), "p0", 300)
    # 20 m to the street, then 280 m to each side: full width as far as 250 m, the street itself to the end.
    assert shapely.contains_properly(found, shapely.LineString([(721, 0), (1279, 0)]))
    assert found.bounds == pytest.approx((710, -30, 1290, 30), abs=1.5)
    assert found.contains(shapely.Point(760, 25)) and not found.contains(shapely.Point(728, 25))
    assert found.area == pytest.approx(Walks.to(net, 1000, 20).ground(300).area, rel=0.01)


@pytest.mark.parametrize("seed", [1, 2])
def test_it_is_the_buffer_of_the_streets_that_are_reached(seed: int) -> None:
    net = blocks(18, 18, 80, seed=seed)
    rng = np.random.default_rng(seed)
    at = [tuple(xy) for xy in rng.uniform(350, 1000, (3, 2))]
    found = catchment.areas(net, places(*at), limits_m=LIMITS)
    assert found.geometry.is_valid.all()
    agreement = []
    for i, (x, y) in enumerate(at):
        walks = Walks.to(net, x, y)
        for limit in LIMITS:
            shape = of(found, f"p{i}", limit)
            agreement.append(iou(shape, walks.ground(limit)))
            assert shapely.contains_properly(shape, walks.reached(limit - 0.2)).all()
    assert np.median(agreement) >= 0.98
    assert min(agreement) >= 0.96


def test_who_is_counted_and_what_is_drawn_agree() -> None:
    net = blocks(18, 18, 80, seed=5)
    rng = np.random.default_rng(5)
    place = places((700, 700))
    homes = gpd.GeoDataFrame(
        {"origin_id": [f"h{i:04d}" for i in range(3000)]},
        geometry=gpd.points_from_xy(*rng.uniform(0, 1400, (2, 3000))),
        crs=CRS,
    )
    walk = access.distances(net, homes, place, limit_m=3000).set_index("origin_id")["distance_m"]
    walk = walk.reindex(homes["origin_id"]).fillna(np.inf).to_numpy()
    off = network.snap(net, homes.geometry, max_snap_m=200)["off_dm"].to_numpy() / 10
    found = catchment.areas(net, place, limits_m=LIMITS)
    for limit in LIMITS:
        inside = shapely.contains(of(found, "p0", limit), homes.geometry.to_numpy())
        drawn = off <= 28  # the ground deep inside a block is not drawn, though people there walk out of it
        # The raster is 10 m wide, and the street is drawn to its kerb beyond the very end of the walk.
        assert inside[drawn & (walk <= limit - 15)].mean() > 0.995
        assert not inside[walk > limit + 30 + 2 * 30].any()
        assert np.mean(inside[drawn] == (walk[drawn] <= limit)) > 0.97


def test_a_river_without_a_bridge_shows_though_it_is_narrow() -> None:
    south = [[(float(x), 0.0) for x in range(0, 2001, 50)]]
    north = [[(float(x), 40.0) for x in range(0, 2001, 50)], [(2000.0, 0.0), (2000.0, 40.0)]]
    found = of(catchment.areas(town(south + north), places((600, -5)), limits_m=[500]), "p0", 500)
    # The bank streets are 40 m apart; the bridge is 1.4 km away. The middle of the river is the border.
    assert found.bounds[3] == pytest.approx(20, abs=4)
    bridged = town([*south, *north, [(600.0, 0.0), (600.0, 40.0)]])
    assert of(catchment.areas(bridged, places((600, -5)), limits_m=[500]), "p0", 500).bounds[3] > 65


def test_the_far_bank_of_an_island_stays_out() -> None:
    bank, isle = (
        [[(float(x), 0.0) for x in range(0, 4001, 50)]],
        [[(float(x), 30.0) for x in range(400, 1801, 50)]],
    )
    found = of(catchment.areas(town(bank + isle), places((1000, 0)), limits_m=[300]), "p0", 300)
    assert found.bounds[3] < 20


def test_an_unreached_block_is_a_hole() -> None:
    ring = [[(0.0, 0.0), (300.0, 0.0), (300.0, 300.0), (0.0, 300.0), (0.0, 0.0)]]
    found = of(catchment.areas(town(ring), places((150, 0)), limits_m=[800]), "p0", 800)
    assert len(shapely.get_parts(found)) == 1
    assert [round(shapely.Polygon(hole).area, -3) for hole in shapely.get_parts(found)[0].interiors] == [
        57000.0
    ]


def test_a_place_that_is_refused_or_too_far_off_has_none() -> None:
    net = town([[(0, 0), (1000, 0)]])
    found = catchment.areas(net, places((500, 150), (500, 400)), limits_m=[100, 300])
    assert list(zip(found["place_id"], found["limit_m"], strict=True)) == [("p0", 300)]
    assert of(found, "p0", 300).contains(shapely.Point(500, 149))
    assert catchment.areas(net, places((500, 400)), limits_m=[300]).empty


def test_others_do_not_change_a_catchment_and_larger_limits_hold_smaller_ones() -> None:
    net = blocks(12, 12, 90, seed=8)
    many = places((300, 300), (480, 700), (302, 310))
    together = catchment.areas(net, many, limits_m=LIMITS)
    alone = catchment.areas(net, many.iloc[[1]], limits_m=LIMITS)
    assert of(alone, "p1", 500).wkb == of(together, "p1", 500).wkb
    assert together.equals(catchment.areas(net, many.iloc[::-1], limits_m=LIMITS[::-1]))
    for place in many["place_id"]:
        for small, large in pairwise(LIMITS):
            assert of(together, place, large).covers(of(together, place, small))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(100, 600), st.floats(100, 600))
def test_bands_do_not_overlap_and_together_are_the_largest(seed: int, x: float, y: float) -> None:
    found = catchment.areas(
        blocks(8, 8, 90, seed=seed), places((x, y)), limits_m=(100, 300, 500), max_snap_m=500
    )
    cut = catchment.bands(found)
    assert shapely.union_all(cut.geometry.to_numpy()).area == pytest.approx(cut.geometry.area.sum(), rel=1e-9)
    assert cut.geometry.area.sum() == pytest.approx(found.geometry.iloc[-1].area, rel=1e-9)
    assert set(cut.geom_type) <= {"Polygon", "MultiPolygon"}


def test_places_of_a_kind_are_drawn_as_one() -> None:
    net = blocks(12, 12, 90, seed=3)
    many = places((300, 300), (420, 320), (800, 800)).assign(kind=["ibasho", "ibasho", "salon"])
    found = catchment.areas(net, many, limits_m=LIMITS)
    merged = catchment.by_kind(found, many).set_index(["kind", "limit_m"]).geometry
    assert merged["salon", 500].equals(of(found, "p2", 500))
    assert merged["ibasho", 500].equals(of(found, "p0", 500).union(of(found, "p1", 500)))


def test_without_streets_it_is_a_circle() -> None:
    found = catchment.areas(access.StraightLine(1.25), places((0, 0)), limits_m=LIMITS)
    assert of(found, "p0", 500).area == pytest.approx(np.pi * 400**2, rel=0.01)


def test_on_real_streets(realdata: Path) -> None:
    table = street_files.read(realdata / "network" / "pbf" / "Helsinki.osm.pbf").table
    crs = table.estimate_utm_crs().to_string()
    net = network.build(table.to_crs(crs), crs=crs)
    rng = np.random.default_rng(2)
    at = rng.choice(len(net.node_id), 5, replace=False)
    some = gpd.GeoDataFrame(
        {"place_id": [f"p{i}" for i in range(5)]}, geometry=gpd.points_from_xy(net.x[at], net.y[at]), crs=crs
    )
    found = catchment.areas(net, some, limits_m=[300])
    agreement = []
    for i, node in enumerate(at):
        walks, shape = Walks.to(net, net.x[node], net.y[node]), of(found, f"p{i}", 300)
        assert shapely.covers(shape, walks.reached(299.8)).all()
        agreement.append(iou_of_points(walks, shape, 300))
    assert np.median(agreement) >= 0.98
