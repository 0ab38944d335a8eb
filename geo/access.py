"""How far it is to walk: from where people start to the places, on the streets or as the crow flies.

One meaning for both metrics: distances are whole decimetres, a limit counts as met when it is met exactly,
ties go to the first place by ``place_id``, and what cannot be walked is absent with a reason, never 0 or a
large number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.spatial import cKDTree

from geo import errors, kernels, network
from geo.once import once

NO_PLACE = "no_place"


@dataclass(frozen=True)
class StraightLine:
    """Without a street network: straight distance times a factor for the detours of real streets.

    Parameters
    ----------
    detour_factor : float
        Walking over straight distance, at least 1. Every result that used it must say so.
    """

    detour_factor: float

    def __post_init__(self) -> None:
        """Refuse a factor that cannot be."""
        if not (math.isfinite(self.detour_factor) and self.detour_factor >= 1):
            raise errors.StudyError(
                "detour_factor",
                "detour_factor = {value}: a walk is never shorter than the straight line; give 1 or more.",
                value=self.detour_factor,
            )


Metric = network.Network | StraightLine


@dataclass(frozen=True, eq=False)
class Points:
    """Points in the order of their keys, checked, and joined with the streets once however often they are asked."""

    metric: Metric
    key: NDArray[Any]
    geometry: gpd.GeoSeries
    max_snap_m: float

    @once
    def joined(self) -> network.Joined:
        """Where they join the streets."""
        if isinstance(self.metric, StraightLine):
            raise TypeError("there are no streets to join")
        return network.join(self.metric, self.geometry, max_snap_m=self.max_snap_m)

    @once
    def xy(self) -> NDArray[np.float64]:
        """Metres, (p, 2)."""
        xy: NDArray[np.float64] = shapely.get_coordinates(self.geometry.to_numpy())
        return xy


def points(metric: Metric, table: gpd.GeoDataFrame, *, max_snap_m: float = 200) -> Points:
    """Points to be asked about several times: :func:`distances` and :func:`nearest` take them for the table.

    Parameters
    ----------
    metric : Network or StraightLine
    table : GeoDataFrame
        ``origin_id`` or ``place_id``, and points in the metric's plane zone (metres).
    max_snap_m : float
        As for :func:`distances`.

    Returns
    -------
    points : Points

    Raises
    ------
    CrsError, DataError
        As for :func:`distances`.

    Examples
    --------
    >>> spots = gpd.points_from_xy([0, 9], [0, 0])
    >>> homes = gpd.GeoDataFrame({"origin_id": ["b", "a"]}, geometry=spots, crs="EPSG:6677")
    >>> points(StraightLine(1), homes).key.tolist()
    ['a', 'b']
    """
    key = "origin_id" if "origin_id" in table else "place_id"
    return _points(metric, table, max_snap_m=max_snap_m, key=key)


def distances(
    metric: Metric,
    origins: gpd.GeoDataFrame | Points,
    places: gpd.GeoDataFrame,
    *,
    limit_m: float,
    max_snap_m: float = 200,
) -> pd.DataFrame:
    """All places that are at most a walk of ``limit_m`` away.

    Parameters
    ----------
    metric : Network or StraightLine
    origins : GeoDataFrame
        ``origin_id`` and points in the metric's plane zone (metres); or :func:`points` of them, of the same metric and
        ``max_snap_m``.
    places : GeoDataFrame
        ``place_id`` and points in the same zone.
    limit_m : float
        Metres, inclusive.
    max_snap_m : float
        Points farther from any street are refused, metres; of no effect on straight lines. The way from the
        door to the street, at both ends, is part of the distance.

    Returns
    -------
    distances : DataFrame
        ``origin_id``, ``place_id``, ``distance_m`` (whole decimetres), sorted by the two keys; other pairs
        are absent. The ids are categories, since each stands in many pairs. Keeps ``schemas.Distances``.

    Raises
    ------
    CrsError
        Points in different systems, in degrees, or not in that of the network.
    DataError
        Repeated keys or points without position.

    Examples
    --------
    >>> homes = gpd.GeoDataFrame({"origin_id": ["a", "b"]}, geometry=gpd.points_from_xy([0, 390], [0, 0]),
    ...                          crs="EPSG:6677")
    >>> place = gpd.GeoDataFrame({"place_id": ["p"]}, geometry=gpd.points_from_xy([400], [0]),
    ...                          crs="EPSG:6677")
    >>> distances(StraightLine(1.25), homes, place, limit_m=500)
      origin_id place_id  distance_m
    0         a        p       500.0
    1         b        p        12.5
    """
    homes, goals = (
        _points(metric, asked, max_snap_m=max_snap_m, key=key)
        for asked, key in ((origins, "origin_id"), (places, "place_id"))
    )
    limit_dm = _whole_dm(limit_m)
    if isinstance(metric, StraightLine):
        pairs = _straight_within(metric, homes, goals, limit_dm)
    else:
        pairs = _streets_within(metric, homes, goals, limit_dm)
    home, goal, dm = pairs
    order = np.lexsort((goal, home))  # keys ascend: positions sort as they do
    return pd.DataFrame(
        {
            "origin_id": pd.Categorical.from_codes(home[order], homes.key),
            "place_id": pd.Categorical.from_codes(goal[order], goals.key),
            "distance_m": dm[order] / 10,
        }
    )


def nearest(
    metric: Metric,
    origins: gpd.GeoDataFrame | Points,
    places: gpd.GeoDataFrame,
    *,
    k: int = 3,
    max_snap_m: float = 200,
) -> pd.DataFrame:
    """The nearest, second nearest … place of every origin, however far.

    Parameters
    ----------
    metric, origins, places, max_snap_m
        As for :func:`distances`.
    k : int
        How many, 1 to 8.

    Returns
    -------
    nearest : DataFrame
        ``origin_id``, ``rank`` (1 … k), ``place_id``, ``distance_m``, sorted by origin and rank. Rows are
        absent where fewer places can be reached; of equally near places the first by place_id comes first.
        The ids are categories: those of ``origin_id`` are all origins, ascending.

    Raises
    ------
    CrsError, DataError
        As for :func:`distances`.

    Examples
    --------
    >>> home = gpd.GeoDataFrame({"origin_id": ["a"]}, geometry=gpd.points_from_xy([0], [0]), crs="EPSG:6677")
    >>> three = gpd.GeoDataFrame({"place_id": ["p", "q", "r"]},
    ...                          geometry=gpd.points_from_xy([400, 30, 0], [0, 40, 50]), crs="EPSG:6677")
    >>> nearest(StraightLine(1), home, three, k=2)
      origin_id  rank place_id  distance_m
    0         a     1        q        50.0
    1         a     2        r        50.0
    """
    homes, goals = (
        _points(metric, asked, max_snap_m=max_snap_m, key=key)
        for asked, key in ((origins, "origin_id"), (places, "place_id"))
    )
    if isinstance(metric, StraightLine):
        found = _straight_nearest(metric, homes, goals, k)
    else:
        found = _streets_nearest(metric, homes, goals, k)
    dm, goal = found
    home, slot = np.nonzero(goal >= 0)
    return pd.DataFrame(
        {
            "origin_id": pd.Categorical.from_codes(home, homes.key),
            "rank": slot + 1,
            "place_id": pd.Categorical.from_codes(goal[home, slot], goals.key),
            "distance_m": dm[home, slot] / 10,
        }
    )


def refused(metric: Metric, points: gpd.GeoDataFrame, *, max_snap_m: float = 200) -> pd.DataFrame:
    """Origins or places that do not join the street network, to be listed for the user.

    Returns
    -------
    refused : DataFrame
        ``origin_id`` or ``place_id`` (whichever ``points`` has), ``reason`` (``far_from_street``: no street
        within ``max_snap_m``; ``other_component``: the nearest street is not connected with the network),
        ``off_m`` (to the nearest street); sorted by key. Without rows for straight lines.
    """
    key = "origin_id" if "origin_id" in points else "place_id"
    asked = _points(metric, points, max_snap_m=max_snap_m, key=key)
    if isinstance(metric, StraightLine):
        return pd.DataFrame({key: asked.key[:0], "reason": asked.key[:0], "off_m": np.empty(0)})
    snaps = network.snap(metric, asked.geometry, max_snap_m=max_snap_m)
    out = snaps["reason"].notna().to_numpy()
    return pd.DataFrame(
        {
            key: asked.key[out],
            "reason": snaps["reason"].to_numpy()[out],
            "off_m": snaps["off_dm"].to_numpy()[out] / 10,
        }
    )


def unreachable(
    metric: Metric, origins: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, max_snap_m: float = 200
) -> pd.DataFrame:
    """Origins from which no place is reached at any distance, and why.

    Returns
    -------
    unreachable : DataFrame
        ``origin_id``, ``reason``, sorted: that of :func:`refused` for the origin itself; else ``no_place``:
        there is no place, or each one was refused. All other origins reach every place that is not refused.
    """
    homes = _points(metric, origins, max_snap_m=max_snap_m, key="origin_id")
    own = refused(metric, origins, max_snap_m=max_snap_m)[["origin_id", "reason"]]
    if len(places) > len(refused(metric, places, max_snap_m=max_snap_m)):
        return own
    rest = pd.DataFrame({"origin_id": homes.key[~np.isin(homes.key, own["origin_id"])], "reason": NO_PLACE})
    return pd.concat([own, rest]).sort_values("origin_id", kind="stable").reset_index(drop=True)


# --- the nearest place of every spot, kept and mended -----------------------------------------------------


@dataclass(frozen=True, eq=False)
class Field:
    """The nearest place of every spot of a network: what :func:`at` reads, and :func:`changed` mends.

    Parameters
    ----------
    net : Network
    place_id : (p,) str
        Ascending.
    xy : (p, 2) float64
    joined : Joined
        The places on the network.
    distance_dm, place : (junctions,) int32
        Decimetres to the nearest place and its position in ``place_id``; (``kernels.FAR``, -1) where none is
        reached. Of equally near ones the first.
    max_snap_m : float
    """

    net: network.Network
    place_id: NDArray[Any]
    xy: NDArray[np.float64]
    joined: network.Joined
    distance_dm: NDArray[np.int32]
    place: NDArray[np.int32]
    max_snap_m: float

    def __repr__(self) -> str:
        """How many places, on what."""
        lost = int((self.joined.edge < 0).sum())
        return f"Field({len(self.place_id)} places, {lost} of them refused, on {self.net})"


def field(net: network.Network, places: gpd.GeoDataFrame, *, max_snap_m: float = 200) -> Field:
    """The nearest place of every spot of the network, by one sweep from all places at once.

    Parameters
    ----------
    net : Network
    places : GeoDataFrame
        ``place_id`` and points in the network's plane zone.
    max_snap_m : float
        As for :func:`distances`.

    Returns
    -------
    field : Field

    Raises
    ------
    CrsError, DataError
        As for :func:`distances`.
    """
    goals = _points(net, places, max_snap_m=max_snap_m, key="place_id")
    joined = goals.joined
    graph = net.graph
    dm, place = kernels.nearest(graph.indptr, graph.heads, graph.back, *_seeds(joined))
    return Field(net, goals.key, goals.xy, joined, dm, place, max_snap_m)


def changed(before: Field, places: gpd.GeoDataFrame) -> Field:
    """The field of other places, worked out only where the difference matters.

    Add, remove or move places, and hand in the whole table again: what comes out equals ``field(net, places)`` to
    the decimetre, in milliseconds, because a place matters only where it is, or was, the nearest.

    Parameters
    ----------
    before : Field
    places : GeoDataFrame
        All places now, in the network's plane zone. A place with the same ``place_id`` at the same spot stayed.

    Returns
    -------
    field : Field

    Raises
    ------
    CrsError, DataError
        As for :func:`distances`.

    Examples
    --------
    >>> line = shapely.LineString([(0, 0), (1000, 0)])
    >>> street = gpd.GeoDataFrame({"street_id": ["s"], "u": ["a"], "v": ["b"], "length_m": [1000.0]},
    ...                           geometry=[line], crs="EPSG:6677")
    >>> place = gpd.GeoDataFrame({"place_id": ["p"]}, geometry=gpd.points_from_xy([0], [0]), crs="EPSG:6677")
    >>> home = gpd.GeoDataFrame({"origin_id": ["h"]}, geometry=gpd.points_from_xy([900], [0]), crs="EPSG:6677")
    >>> today = field(network.build(street, crs="EPSG:6677"), place)
    >>> at(today, home)["distance_m"].tolist()
    [900.0]
    >>> at(changed(today, place.translate(700).to_frame("geometry").assign(place_id="p")), home)["distance_m"].tolist()
    [200.0]
    """
    net = before.net
    goals = _points(net, places, max_snap_m=before.max_snap_m, key="place_id")
    xy = goals.xy
    was, now = _stayed(before, goals.key, xy)
    fresh = np.setdiff1d(np.arange(len(goals.key)), now)
    added = network.join(net, goals.geometry.iloc[fresh], max_snap_m=before.max_snap_m)
    joined = _mixed(before.joined, was, added, now, fresh)
    renamed = np.full(len(before.place_id), -1, np.int32)
    renamed[was] = now
    graph = net.graph
    dm, place = kernels.repaired(
        graph.indptr,
        graph.heads,
        graph.back,
        graph.cost,
        (before.distance_dm, before.place),
        renamed,
        *_seeds(joined),
    )
    return Field(net, goals.key, xy, joined, dm, place, before.max_snap_m)


def at(asked: Field, origins: gpd.GeoDataFrame) -> pd.DataFrame:
    """The nearest place of each origin.

    Parameters
    ----------
    asked : Field
    origins : GeoDataFrame
        ``origin_id`` and points in the network's plane zone.

    Returns
    -------
    nearest : DataFrame
        ``origin_id``, ``place_id``, ``distance_m``, sorted by origin; absent where no place is reached.

    Raises
    ------
    CrsError, DataError
        As for :func:`distances`.
    """
    homes = _points(asked.net, origins, max_snap_m=asked.max_snap_m, key="origin_id")
    from_ = homes.joined
    direct = network.on_same_chain(from_, asked.joined)
    dm, place = (
        column[:, 0]
        for column in kernels.k_at_points(
            asked.distance_dm[:, None], asked.place[:, None], from_.ends, from_.leave, *direct
        )
    )
    near = place >= 0
    return pd.DataFrame(
        {
            "origin_id": homes.key[near],
            "place_id": asked.place_id[place[near]],
            "distance_m": dm[near] / 10,
        }
    )


def at_nodes(asked: Field) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The nearest place of every street node.

    Returns
    -------
    distance_dm, place : (n,) int32
        In the order of ``net.node_id``: decimetres, and the position in ``place_id``; (``kernels.FAR``, -1) where
        no place is reached.
    """
    net, goal = asked.net, asked.joined
    found, nodes = (asked.distance_dm, asked.place), (net.graph.junction, net.slot_node)
    return kernels.nearest_along(net.graph.slots, found, nodes, goal.chain, goal.there, goal.home, goal.off)


def summed(
    net: network.Network,
    points: gpd.GeoSeries,
    weights: NDArray[np.float64],
    *,
    limit_m: float,
    max_snap_m: float = 200,
) -> NDArray[np.float64]:
    """How much lives within a walk of every street node: the weights of all points that reach it.

    Parameters
    ----------
    net : Network
    points : GeoSeries of Point
        In the network's plane zone: homes, say.
    weights : (p,) float64
        People at each point; finite and not negative.
    limit_m : float
        Metres, inclusive.
    max_snap_m : float
        As for :func:`distances`; refused points count nowhere.

    Returns
    -------
    sums : (n,) float64
        In the order of ``net.node_id``. Whole weights give whole sums, and any weights the same bytes on any
        machine.

    Raises
    ------
    CrsError, DataError
        Points in another system, without position, or with a weight that cannot be.
    """
    weight = np.asarray(weights, dtype=np.float64)
    if weight.shape != (len(points),) or not (np.isfinite(weight) & (weight >= 0)).all():
        raise errors.DataError(
            "weights_broken",
            "{n} points need {n} weights, each a number that is not negative. Leave out points of which nothing "
            "is known.",
            n=len(points),
        )
    from_ = network.join(net, points, max_snap_m=max_snap_m)
    graph = net.graph
    sums = kernels.sums_within(
        graph.indptr,
        graph.heads,
        graph.cost,
        graph.slots,
        from_.ends,
        from_.leave,
        from_.chain,
        (from_.there, from_.home, from_.off),
        weight,
        _whole_dm(limit_m),
    )
    return network.at_nodes(net, *sums)


def route(
    net: network.Network, from_: shapely.Point, to: shapely.Point, *, max_snap_m: float = 200
) -> gpd.GeoDataFrame:
    """The shortest walk from one point to another, as a line to be drawn.

    Parameters
    ----------
    net : Network
    from_, to : Point
        In the network's plane zone.
    max_snap_m : float
        As for :func:`distances`.

    Returns
    -------
    route : GeoDataFrame
        ``distance_m`` and the line from point to point; one row, or none where there is no way. Of equally short
        walks one, always the same.

    Raises
    ------
    DataError
        A point without position.

    Examples
    --------
    >>> line = shapely.LineString([(0, 0), (0, 50), (80, 50)])
    >>> street = gpd.GeoDataFrame({"street_id": ["s"], "u": ["a"], "v": ["b"], "length_m": [130.0]},
    ...                           geometry=[line], crs="EPSG:6677")
    >>> net = network.build(street, crs="EPSG:6677")
    >>> found = route(net, shapely.Point(0, 10), shapely.Point(70, 60))
    >>> found["distance_m"][0], found.geometry[0].wkt
    (np.float64(120.0), 'LINESTRING (0 10, 0 50, 70 50, 70 60)')
    """
    points = gpd.GeoSeries([from_, to], crs=net.crs)
    joined, graph = network.join(net, points, max_snap_m=max_snap_m), net.graph
    if (joined.edge < 0).any():
        return gpd.GeoDataFrame({"distance_m": np.empty(0)}, geometry=[], crs=net.crs)
    round_, nodes = kernels.way(
        graph.indptr,
        graph.heads,
        graph.cost,
        (joined.ends[0], joined.leave[0]),
        (joined.ends[1], joined.arrive[1]),
    )
    start, goal = (network.chosen(joined, [i]) for i in range(2))
    direct = network.on_same_chain(start, goal)[2]
    straight_on = bool(direct.size) and int(direct[0]) <= round_
    street = network.along(net, joined, nodes[:0] if straight_on else nodes)
    whole = np.concatenate([shapely.get_coordinates(part) for part in (from_, street, to)])
    fresh = np.concatenate([[True], (np.diff(whole, axis=0) != 0).any(axis=1)])
    line = shapely.LineString(whole[fresh] if fresh.sum() > 1 else whole[:2])
    distance = (int(direct[0]) if straight_on else round_) / 10
    return gpd.GeoDataFrame({"distance_m": [distance]}, geometry=[line], crs=net.crs)


def _seeds(joined: network.Joined) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Where a sweep from places starts: (junction, decimetres from there to the place, place)."""
    node, cost = joined.ends.ravel(), joined.arrive.ravel()
    label = np.repeat(np.arange(len(joined.edge), dtype=np.int32), 2)
    there = node >= 0
    return node[there], cost[there], label[there]


def _stayed(
    before: Field, key: NDArray[Any], xy: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions, before and now, of places that are where they were."""
    was = pd.Index(before.place_id).get_indexer(key)
    now = np.flatnonzero(was >= 0)
    same = (before.xy[was[now]] == xy[now]).all(axis=1)
    return was[now[same]], now[same]


def _mixed(
    old: network.Joined,
    was: NDArray[np.int64],
    added: network.Joined,
    now: NDArray[np.int64],
    fresh: NDArray[np.int64],
) -> network.Joined:
    """Joined points: at ``now`` those that ``was`` tells of the old ones, at ``fresh`` the added ones."""
    columns = {}
    for column in fields(network.Joined):
        kept, new = getattr(old, column.name)[was], getattr(added, column.name)
        both = np.empty((len(now) + len(fresh), *kept.shape[1:]), kept.dtype)
        both[now], both[fresh] = kept, new
        columns[column.name] = both
    return network.Joined(**columns)


def warm() -> None:
    """Make the compiled searches ready: on one street, so that nobody waits in the middle of a number.

    The first time on a machine this compiles for some seconds; afterwards it loads what was kept, which the first
    search would do anyway.
    """
    xy = [(0.0, 0.0), (60.0, 0.0), (60.0, 80.0)]
    street = {"street_id": ["a", "b"], "u": ["1", "2"], "v": ["2", "3"], "length_m": [60.0, 80.0]}
    lines = [shapely.LineString(xy[:2]), shapely.LineString(xy[1:])]
    net = network.build(gpd.GeoDataFrame(street, geometry=lines, crs="EPSG:6677"), crs="EPSG:6677")
    home = gpd.GeoDataFrame({"origin_id": ["h"]}, geometry=[shapely.Point(xy[0])], crs=net.crs)
    place = home.rename(columns={"origin_id": "place_id"})
    distances(net, home, pd.concat([place, place.assign(place_id="g")]), limit_m=500)
    nearest(net, home, place)


# --- points as asked ------------------------------------------------------------------------------------


def _points(metric: Metric, table: gpd.GeoDataFrame | Points, *, max_snap_m: float, key: str) -> Points:
    if isinstance(table, Points):
        if table.metric is not metric or table.max_snap_m != max_snap_m:
            raise ValueError("these points join other streets, or from another distance: make them anew")
        return table
    keys = pd.Index(table[key], dtype=object)
    ordered = table if keys.is_monotonic_increasing else table.sort_values(key, kind="stable")
    if not keys.is_unique:
        raise errors.DataError(
            "points_repeated",
            "{key} {value} stands there more than once. Keep one row of it.",
            key=key,
            value=table.loc[table[key].duplicated(), key].iloc[0],
        )
    shapes = ordered.geometry.reset_index(drop=True)
    network.demand_points(shapes, crs=None if isinstance(metric, StraightLine) else metric.crs)
    return Points(metric, ordered[key].to_numpy(dtype=object), shapes, max_snap_m)


def _whole_dm(limit_m: float) -> int:
    return math.floor(limit_m * 10 + 1e-6)  # a limit that was added up in floats is not a hair short


def _same_system(homes: Points, goals: Points) -> None:
    if CRS(homes.geometry.crs) != CRS(goals.geometry.crs):
        raise errors.CrsError(
            "access_crs",
            "Origins are in {origins} and places in {places}: bring both to one plane zone.",
            origins=homes.geometry.crs.to_string(),
            places=goals.geometry.crs.to_string(),
        )


# --- on the streets -------------------------------------------------------------------------------------

Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def _streets_within(net: network.Network, homes: Points, goals: Points, limit_dm: int) -> Pairs:
    graph, from_, to = net.graph, homes.joined, goals.joined
    # One short search a source: from the fewer ones, over the arcs back where these are the places.
    turned = len(goals.key) < len(homes.key)
    if turned:
        source, target, cost = (to.ends, to.arrive), (from_.ends, from_.leave), graph.back
        direct = kernels.transposed(*network.on_same_chain(from_, to), len(goals.key))
    else:
        source, target, cost = (from_.ends, from_.leave), (to.ends, to.arrive), graph.cost
        direct = network.on_same_chain(from_, to)
    ptr, found, dm = kernels.within(
        graph.indptr, graph.heads, cost, source[0], source[1], target[0], target[1], *direct, limit_dm
    )
    started = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
    ended = found.astype(np.int64)
    home, goal = (ended, started) if turned else (started, ended)
    return home, goal, dm.astype(np.int64)


def _streets_nearest(
    net: network.Network, homes: Points, goals: Points, k: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    graph, from_, to = net.graph, homes.joined, goals.joined
    dm, names = kernels.k_nearest(graph.indptr, graph.heads, graph.back, *_seeds(to), k)
    return kernels.k_at_points(dm, names, from_.ends, from_.leave, *network.on_same_chain(from_, to))


# --- as the crow flies ----------------------------------------------------------------------------------

_SLACK_M = 0.1
"""Added to search radii: rounding to decimetres may bring a pair within the limit, never one beyond this."""


def _straight_within(metric: StraightLine, homes: Points, goals: Points, limit_dm: int) -> Pairs:
    _same_system(homes, goals)
    reach = np.full(len(homes.key), limit_dm / 10 / metric.detour_factor + _SLACK_M)
    home, goal, dm = _straight_pairs(metric, homes, goals, reach)
    near = dm <= limit_dm
    return home[near], goal[near], dm[near]


def _straight_nearest(
    metric: StraightLine, homes: Points, goals: Points, k: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    if not 1 <= k <= kernels.MAX_K:
        raise ValueError(f"k = {k}: give 1 to {kernels.MAX_K}")
    _same_system(homes, goals)
    dm = np.full((len(homes.key), k), kernels.FAR, np.int32)
    place = np.full((len(homes.key), k), -1, np.int32)
    if not len(homes.key) or not len(goals.key):
        return dm, place
    # The tree's own k would settle ties by its inner order: it gives the radius, all pairs in it the answer.
    kth = min(k, len(goals.key))
    radius = cKDTree(goals.xy).query(homes.xy, k=[kth])[0][:, 0] + _SLACK_M
    home, goal, way = _straight_pairs(metric, homes, goals, radius)
    order = np.lexsort((goal, way, home))
    home, goal, way = home[order], goal[order], way[order]
    slot = np.arange(len(home)) - np.searchsorted(home, home)
    kept = slot < k
    dm[home[kept], slot[kept]], place[home[kept], slot[kept]] = way[kept], goal[kept]
    return dm, place


def _straight_pairs(metric: StraightLine, homes: Points, goals: Points, radius: NDArray[np.float64]) -> Pairs:
    """All pairs within each home's radius, with the decimetres of the walk."""
    none = np.empty(0, np.int64)
    if not len(homes.key) or not len(goals.key):
        return none, none, none
    lists = cKDTree(goals.xy).query_ball_point(homes.xy, radius)
    home = np.repeat(np.arange(len(lists)), [len(found) for found in lists])
    goal = np.concatenate([none, *(np.asarray(found, dtype=np.int64) for found in lists)])
    metres = np.hypot(*(homes.xy[home] - goals.xy[goal]).T)
    return home, goal, np.rint(metres * metric.detour_factor * 10).astype(np.int64)
