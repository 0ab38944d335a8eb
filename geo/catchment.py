"""Catchments: the ground from which a place can be walked to, drawn along the streets.

A catchment holds every stretch of street from which the walk is within the limit, cut where the walk ends, as
wide as the street itself; and the ground beside these streets as far as the rest of the walk allows, at most
``width_m``, for the way from the door to the street is walked too. What lies beside a reached street, but belongs
to another one that is not reached (the far bank of a river, the other side of a railway), is no part of it.

It is drawn as a field of distances on a raster of 10 m, of which the contour is taken: in a millisecond or so where
uniting the buffers of streets takes a hundred.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import contourpy
import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo import access, kernels, network, rasters, schemas

SIDE_M = 10.0
"""Between the points of the raster: half the width of the narrowest thing drawn, see :data:`KERB_M`."""
KERB_M = 10.0
"""The street itself, to each side of its middle line."""
APART = 2
"""A street so many widths beyond the limit lies on the other side of something; it keeps the ground beside it."""
_BLOCK_M = 10_000.0
"""Places are drawn in blocks, so that memory does not grow with the municipality."""
_AT_ONCE = 256
_SLACK_M = 5.0


def areas(
    metric: access.Metric,
    places: gpd.GeoDataFrame,
    *,
    limits_m: Sequence[int],
    width_m: float = 30,
    max_snap_m: float = 200,
) -> gpd.GeoDataFrame:
    """The catchment of each place within each limit; the larger ones hold the smaller ones.

    Parameters
    ----------
    metric : Network or StraightLine
        On straight lines a catchment is a circle of the limit divided by the detour factor.
    places : GeoDataFrame
        ``place_id`` and points in the metric's plane zone.
    limits_m : sequence of int
        Metres.
    width_m : float
        How far from a street the ground beside it is drawn at most, metres; at least 20.
    max_snap_m : float
        Places farther from any street have none.

    Returns
    -------
    catchments : GeoDataFrame
        ``place_id``, ``limit_m``, ``geometry`` (Polygon or MultiPolygon, in the system of the places), sorted. A
        place that joins no street, or is farther off it than a limit, has no row there. Keeps
        ``schemas.Catchments``.

    Raises
    ------
    CrsError, DataError
        As for :func:`access.distances`.

    Notes
    -----
    With *d* the walk from a point of a street to the place, catchment = {points at most ``KERB_M`` from a street
    with *d* ≤ limit} ∪ {points at most ``width_m`` from a street with *d* ≤ limit − ``width_m``}, the second
    without points whose own nearest street is ``APART`` widths beyond the limit or never reached. Equal inputs give
    equal bytes: the raster stands at whole multiples of its side.

    Examples
    --------
    >>> place = gpd.GeoDataFrame({"place_id": ["p"]}, geometry=gpd.points_from_xy([0], [0]), crs="EPSG:6677")
    >>> found = areas(access.StraightLine(1.25), place, limits_m=(300, 500))
    >>> found["limit_m"].tolist(), [round(r) for r in found.geometry.bounds["maxx"]]
    ([300, 500], [240, 400])
    """
    limits = sorted(set(limits_m))
    ordered = places.sort_values("place_id", kind="stable").reset_index(drop=True)
    if isinstance(metric, access.StraightLine):
        return _circles(metric, ordered, limits)
    network.demand_points(ordered.geometry, crs=metric.crs)
    drawn = _Shapes([], [], [])
    for number, k, outlines in _drawn(metric, ordered.geometry, limits, width_m, max_snap_m):
        drawn.add(number, k, outlines)
    place, limit, shapes = drawn.made()
    table = gpd.GeoDataFrame(
        {"place_id": ordered["place_id"].to_numpy()[place], "limit_m": np.array(limits, int)[limit]},
        geometry=gpd.GeoSeries(shapes, crs=places.crs),
    )
    return schemas.conform(schemas.Catchments, table)


def bands(catchments: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """What each limit adds to the next smaller one: areas that do not overlap.

    Parameters
    ----------
    catchments : GeoDataFrame
        Of :func:`areas` or :func:`by_kind`.

    Returns
    -------
    bands : GeoDataFrame
        The same rows and columns, without those to which a limit adds nothing.
    """
    owner = catchments.columns[0]
    shapes = catchments.geometry.to_numpy()
    again = (catchments[owner] == catchments[owner].shift()).to_numpy()
    at = np.flatnonzero(again)
    cut = shapes.copy()
    cut[at] = shapely.difference(shapes[at], shapes[at - 1])
    cut = _polygons_only(cut)
    table = catchments.set_geometry(gpd.GeoSeries(cut, index=catchments.index, crs=catchments.crs))
    return gpd.GeoDataFrame(table[~table.geometry.is_empty].reset_index(drop=True))


def by_kind(catchments: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The catchments of all places of a kind as one.

    Parameters
    ----------
    catchments : GeoDataFrame
        Of :func:`areas`.
    places : GeoDataFrame
        ``place_id`` and ``kind``.

    Returns
    -------
    merged : GeoDataFrame
        ``kind``, ``limit_m``, ``geometry``; sorted. Keeps ``schemas.KindCatchments``.
    """
    kind = catchments["place_id"].map(places.set_index("place_id")["kind"]).rename("kind")
    united = catchments.geometry.groupby([kind, catchments["limit_m"]], sort=True).agg(
        lambda shapes: shapely.union_all(shapes.to_numpy())
    )
    table = gpd.GeoDataFrame(
        united.index.to_frame(index=False), geometry=gpd.GeoSeries(united.to_numpy(), crs=catchments.crs)
    )
    return schemas.conform(schemas.KindCatchments, table)


def _polygons_only(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Without the lines and points that a difference may leave where borders touch."""
    mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    for i in np.flatnonzero(mixed):
        parts = shapely.get_parts(shapes[i])
        shapes[i] = shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])
    return shapes


def _circles(
    metric: access.StraightLine, places: gpd.GeoDataFrame, limits: Sequence[int]
) -> gpd.GeoDataFrame:
    network.demand_points(places.geometry, crs=None)
    place, limit = (a.ravel() for a in np.meshgrid(np.arange(len(places)), limits, indexing="ij"))
    radius = limit / metric.detour_factor
    table = gpd.GeoDataFrame(
        {"place_id": places["place_id"].to_numpy()[place], "limit_m": limit},
        geometry=gpd.GeoSeries(shapely.buffer(places.geometry.to_numpy()[place], radius), crs=places.crs),
    )
    return schemas.conform(schemas.Catchments, table)


# --- along the streets --------------------------------------------------------------------------------------

Outlines = tuple[list[NDArray[np.float64]], list[NDArray[np.uint32]]]
"""Polygons as contours give them: points, and where the rings of each begin."""


@dataclass(frozen=True)
class _Place:
    """Where a place stands, and where it joins the streets."""

    number: int
    edge: int
    share: float
    off: int
    chain: int
    there: int
    x: float
    y: float
    foot_x: float
    foot_y: float


def _drawn(
    net: network.Network, points: gpd.GeoSeries, limits: Sequence[int], width_m: float, max_snap_m: float
) -> Iterator[tuple[int, int, Outlines]]:
    """The outlines of each place (by number) and limit (by number)."""
    joined = network.join(net, points, max_snap_m=max_snap_m)
    brush = _Brush.of(net, limits, width_m)
    for block in _blocks(_places(net, points, joined, max_snap_m)):
        around = _window(block, brush.reach_m)
        near = _touching(brush.bounds, around, brush.margin_m)
        street, share = rasters.nearest_street(
            net.line_ptr, net.line_xy, near, around, side=SIDE_M, reach=width_m + SIDE_M
        )
        for some in (block[i : i + _AT_ONCE] for i in range(0, len(block), _AT_ONCE)):
            ptr, junction, dm = _junctions_within(net, joined, some, brush.search_dm)
            for i, place in enumerate(some):
                reached = junction[ptr[i] : ptr[i + 1]], dm[ptr[i] : ptr[i + 1]]
                field, window = brush.field(place, *reached, (street, share, around))
                for k in range(len(limits)):
                    yield place.number, k, _outlines(field[k], window)


@dataclass(frozen=True)
class _Brush:
    """What draws one place after the other."""

    streets: rasters.Streets
    room: rasters.Work
    bounds: NDArray[np.float64]
    limits_dm: NDArray[np.int32]
    width_m: float

    @staticmethod
    def of(net: network.Network, limits: Sequence[int], width_m: float) -> _Brush:
        room = rasters.work(len(net.graph.junction), len(net.graph.chain_u), len(net.edge_id))
        return _Brush(_streets(net), room, _bounds(net), np.array(limits, np.int32) * np.int32(10), width_m)

    @property
    def apart_dm(self) -> int:
        """A street farther beyond the limit than this lies on the other side of something."""
        return round(self.width_m * APART * 10)

    @property
    def search_dm(self) -> int:
        return int(self.limits_dm[-1]) + self.apart_dm

    @property
    def margin_m(self) -> float:
        """Ground that is looked at on both sides of a street."""
        return self.width_m + 2 * SIDE_M

    @property
    def reach_m(self) -> float:
        """Ground that is looked at around a place."""
        return float(self.limits_dm[-1]) / 10 + self.margin_m + _SLACK_M

    def field(
        self,
        place: _Place,
        junction: NDArray[np.int32],
        dm: NDArray[np.int32],
        nearest: tuple[NDArray[np.int32], NDArray[np.float32], rasters.Window],
    ) -> tuple[NDArray[np.float64], rasters.Window]:
        pieces = rasters.reach(self.streets, self.room, junction, dm, (place.chain, place.there, place.off))
        window = self._around(place, pieces)
        field = rasters.field(
            self.streets,
            self.room,
            pieces,
            (place.edge, place.share, place.off, place.x, place.y, place.foot_x, place.foot_y),
            nearest,
            window,
            limits=self.limits_dm,
            side=SIDE_M,
            width=self.width_m,
            kerb=KERB_M,
            apart=self.apart_dm,
        )
        rasters.forget(self.streets, self.room, junction, pieces, place.chain)
        return field, window

    def _around(self, place: _Place, pieces: NDArray[np.int32]) -> rasters.Window:
        """What may be drawn around the streets that were reached, no farther than anybody walks."""
        margin, far = self.margin_m, _window([place], self.reach_m)
        west, south = np.minimum(self.bounds[pieces, :2].min(axis=0), [place.x, place.y]) - margin
        east, north = np.maximum(self.bounds[pieces, 2:].max(axis=0), [place.x, place.y]) + margin
        near = _points_in(west, south, east, north)
        column, row = max(far.column, near.column), max(far.row, near.row)
        return rasters.Window(
            column,
            row,
            min(far.column + far.columns, near.column + near.columns) - column,
            min(far.row + far.rows, near.row + near.rows) - row,
        )


def _places(
    net: network.Network, points: gpd.GeoSeries, joined: network.Joined, max_snap_m: float
) -> list[_Place]:
    """The places that join the network."""
    on = np.flatnonzero(joined.edge >= 0)
    edge = joined.edge[on]
    to_u = network.snap(net, points.iloc[on], max_snap_m=max_snap_m)["to_u_dm"].to_numpy()
    share = to_u / np.maximum(net.edge_cost[edge], 1)
    vertices = [net.line_xy[net.line_ptr[e] : net.line_ptr[e + 1]] for e in edge]
    lines = np.array([shapely.LineString(xy) for xy in vertices], dtype=object)
    at = shapely.get_coordinates(points.to_numpy()[on])
    feet = shapely.get_coordinates(shapely.line_interpolate_point(lines, share, normalized=True))
    columns = (on, edge, share, joined.off[on], joined.chain[on], joined.there[on], *at.T, *feet.T)
    return [_Place(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _streets(net: network.Network) -> rasters.Streets:
    graph = net.graph
    ptr, chain = rasters.incidence(len(graph.junction), graph.chain_u, graph.chain_v)
    return rasters.Streets(
        line_ptr=net.line_ptr,
        line_xy=net.line_xy,
        edge_cost=net.edge_cost,
        chain_ptr=graph.chain_ptr,
        chain_edge=graph.chain_edge,
        chain_u=graph.chain_u,
        chain_v=graph.chain_v,
        chain_cost=graph.chain_cost,
        chain_back=graph.chain_back,
        edge_there=graph.edge_there,
        edge_return=graph.edge_return,
        edge_turned=graph.edge_turned,
        at_ptr=ptr,
        at_chain=chain,
    )


def _bounds(net: network.Network) -> NDArray[np.float64]:
    """West, south, east, north of each line."""
    start = net.line_ptr[:-1]
    low, high = np.minimum.reduceat(net.line_xy, start), np.maximum.reduceat(net.line_xy, start)
    return np.hstack([low, high])


def _blocks(places: list[_Place]) -> list[list[_Place]]:
    blocks: dict[tuple[int, int], list[_Place]] = {}
    for place in places:
        blocks.setdefault((math.floor(place.y / _BLOCK_M), math.floor(place.x / _BLOCK_M)), []).append(place)
    return [blocks[key] for key in sorted(blocks)]


def _window(places: list[_Place], reach_m: float) -> rasters.Window:
    """Everything so far from one of the places."""
    xs, ys = (
        [p.x for p in places] + [p.foot_x for p in places],
        [p.y for p in places] + [p.foot_y for p in places],
    )
    return _points_in(min(xs) - reach_m, min(ys) - reach_m, max(xs) + reach_m, max(ys) + reach_m)


def _points_in(west: float, south: float, east: float, north: float) -> rasters.Window:
    column, row = math.floor(west / SIDE_M), math.floor(south / SIDE_M)
    return rasters.Window(
        column, row, math.ceil(east / SIDE_M) - column + 1, math.ceil(north / SIDE_M) - row + 1
    )


def _touching(bounds: NDArray[np.float64], window: rasters.Window, margin_m: float) -> NDArray[np.int32]:
    west, south = window.column * SIDE_M - margin_m, window.row * SIDE_M - margin_m
    east = (window.column + window.columns) * SIDE_M + margin_m
    north = (window.row + window.rows) * SIDE_M + margin_m
    touches = (
        (bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    )
    return np.flatnonzero(touches).astype(np.int32)


def _junctions_within(
    net: network.Network, joined: network.Joined, places: list[_Place], limit_dm: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Junctions from which a place is within a walk, compressed rows by place."""
    graph, chosen = net.graph, [place.number for place in places]
    ends, arrive = joined.ends[chosen], joined.arrive[chosen]
    return kernels.reached(graph.indptr, graph.heads, graph.back, ends, arrive, limit_dm)


def _outlines(field: NDArray[np.float64], window: rasters.Window) -> Outlines:
    """The contour at zero, in metres."""
    inside = field < 0
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return [], []
    top, left = max(rows[0] - 1, 0), max(columns[0] - 1, 0)
    part = field[top : rows[-1] + 2, left : columns[-1] + 2]
    # Metres of the ground, not of the window: a border is the same number wherever the window begins.
    y, x = (
        (first + np.arange(n)) * SIDE_M
        for first, n in zip((window.row + top, window.column + left), part.shape, strict=True)
    )
    across, up = np.meshgrid(x, y)
    generator: Any = (
        contourpy.SerialContourGenerator
    )  # without the checks of its front door, which take longer
    lines = generator(
        across,
        up,
        part,
        None,
        corner_mask=False,
        line_type=contourpy.LineType.Separate,
        fill_type=contourpy.FillType.OuterOffset,
        quad_as_tri=False,
        z_interp=contourpy.ZInterp.Linear,
        x_chunk_size=0,
        y_chunk_size=0,
    )
    points, offsets = lines.filled(-1e9, 0.0)
    # To the millimetre: where two limits have the same border it is the same number.
    return [np.round(outline, 3) for outline in points], offsets


@dataclass(frozen=True)
class _Shapes:
    """Outlines of many catchments, made into geometries at once."""

    key: list[tuple[int, int]]
    points: list[NDArray[np.float64]]
    rings: list[list[NDArray[np.int64]]]

    def add(self, place: int, limit: int, outlines: Outlines) -> None:
        points, offsets = outlines
        if points:
            self.key.append((place, limit))
            self.points.extend(points)
            self.rings.append([own[1:].astype(np.int64) - own[:-1].astype(np.int64) for own in offsets])

    def made(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.object_]]:
        if not self.key:
            none = np.empty(0, np.int64)
            return none, none, np.empty(0, dtype=object)
        vertices = np.concatenate([ring for polygons in self.rings for ring in polygons])
        rings = np.array([len(polygon) for polygons in self.rings for polygon in polygons])
        polygons = np.array([len(polygons) for polygons in self.rings])
        offsets = tuple(np.concatenate([[0], np.cumsum(counts)]) for counts in (vertices, rings, polygons))
        shapes = shapely.from_ragged_array(
            shapely.GeometryType.MULTIPOLYGON, np.concatenate(self.points), offsets
        )
        place, limit = np.array(self.key).T
        return place, limit, shapes
