"""The walking network: streets as frozen arrays, and points placed along them.

People do not start at crossings: a point joins the network at the nearest *piece* of street, at the foot of
the perpendicular, with the walk to each end of the piece. The way off the street counts as walking too; a
point too far from any street is refused, never moved over silently.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo import errors, kernels

FAR_FROM_STREET = "far_from_street"
OTHER_COMPONENT = "other_component"
MAX_PIECE_M = 1_000_000
"""A longer piece of street is a mistake in the data."""
SAME_NODE_M = 1.0
"""Pieces that meet in a node must agree where it is."""
_FORMAT = 1


@dataclass(frozen=True)
class LeftOut:
    """What is not connected with the network, and so cannot be walked to."""

    components: int
    nodes: int
    metres: float


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """Walkable streets of one connected area, ready for searches; nothing in it can be changed.

    Parameters
    ----------
    indptr : (n + 1,) int64
        The arcs out of node ``i`` are ``indptr[i]:indptr[i + 1]``.
    heads : (arcs,) int32
        Where each arc leads. Arc (a, b) stands there with arc (b, a).
    cost : (arcs,) int32
        Decimetres.
    arc_edge : (arcs,) int32
        The piece of street under each arc. Of several pieces between two nodes an arc takes the shortest.
    node_id : (n,) str
        Ascending.
    x, y : (n,) float64
        Metres in ``crs``.
    edge_id : (e,) str
        ``street_id`` of each piece, ascending.
    edge_u, edge_v : (e,) int32
        Its ends.
    edge_cost : (e,) int32
        Its length, decimetres.
    line_ptr : (e + islands + 1,) int64
    line_xy : (vertices, 2) float64
        The line of piece ``i`` from u to v is ``line_xy[line_ptr[i]:line_ptr[i + 1]]``. Behind the pieces of
        the network follow those of the islands: unconnected streets where people may stand, but never walk.
    crs : str
        A projected reference system in metres.
    left_out : LeftOut
        What is not connected.

    Raises
    ------
    DataError
        When one of these promises is broken.
    """

    indptr: NDArray[np.int64]
    heads: NDArray[np.int32]
    cost: NDArray[np.int32]
    arc_edge: NDArray[np.int32]
    node_id: NDArray[np.str_]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    edge_id: NDArray[np.str_]
    edge_u: NDArray[np.int32]
    edge_v: NDArray[np.int32]
    edge_cost: NDArray[np.int32]
    line_ptr: NDArray[np.int64]
    line_xy: NDArray[np.float64]
    crs: str
    left_out: LeftOut

    def __post_init__(self) -> None:
        """Freeze the arrays, and refuse a network that breaks a promise."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                frozen = np.ascontiguousarray(value).view()
                frozen.flags.writeable = False
                object.__setattr__(self, field.name, frozen)
        for promise, kept in _promises(self):
            if not kept:
                raise errors.DataError(
                    "network_broken",
                    "The street network is damaged ({promise}). Build it again from the streets.",
                    promise=promise,
                )

    def __repr__(self) -> str:
        """How large it is, and what is not in it."""
        kilometres = self.edge_cost.sum(dtype=np.int64) / 10_000
        out = self.left_out
        return (
            f"Network({len(self.node_id)} nodes, {len(self.edge_id)} pieces, {kilometres:.1f} km, "
            f"{self.crs}; left out: {out.components} components, "
            f"{out.nodes} nodes, {out.metres / 1000:.1f} km)"
        )

    @cached_property
    def lines(self) -> NDArray[np.object_]:
        """The lines of all pieces, those of the islands last."""
        owner = np.repeat(np.arange(len(self.line_ptr) - 1), np.diff(self.line_ptr))
        lines: NDArray[np.object_] = shapely.linestrings(self.line_xy, indices=owner)
        shapely.prepare(lines)
        return lines

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Spatial index over :attr:`lines`."""
        return shapely.STRtree(self.lines)


def _promises(net: Network) -> list[tuple[str, bool]]:
    """Every promise of the class, and whether it is kept; later ones rely on earlier ones."""
    n, arcs, e, pieces = len(net.node_id), len(net.heads), len(net.edge_id), len(net.line_ptr) - 1
    sizes = (
        ("indptr", net.indptr, n + 1),
        ("cost", net.cost, arcs),
        ("arc_edge", net.arc_edge, arcs),
        ("x", net.x, n),
        ("y", net.y, n),
        ("edge_u", net.edge_u, e),
        ("edge_v", net.edge_v, e),
        ("edge_cost", net.edge_cost, e),
    )
    promises = [(f"length of {name}", len(array) == size) for name, array, size in sizes]
    promises += [
        ("one node at least", n > 0),
        ("a line for each piece", pieces >= e),
        ("line_ptr ascending", _is_pointer(net.line_ptr, len(net.line_xy), least=2)),
        ("finite coordinates", all(bool(np.isfinite(a).all()) for a in (net.x, net.y, net.line_xy))),
        ("indptr ascending", _is_pointer(net.indptr, arcs, least=0)),
        ("heads in range", _in_range(net.heads, n)),
        ("arc_edge in range", _in_range(net.arc_edge, e)),
        ("ends in range", _in_range(net.edge_u, n) and _in_range(net.edge_v, n)),
        ("costs not negative", bool((net.cost >= 0).all() and (net.edge_cost >= 0).all())),
    ]
    if all(kept for _, kept in promises):
        promises.append(("arcs there and back", _is_symmetric(net.indptr, net.heads, net.cost)))
    return promises


def _is_pointer(ptr: NDArray[np.int64], end: int, *, least: int) -> bool:
    return bool(len(ptr) and ptr[0] == 0 and ptr[-1] == end and (np.diff(ptr) >= least).all())


def _in_range(index: NDArray[np.int32], size: int) -> bool:
    return not index.size or bool(index.min() >= 0 and index.max() < size)


def _is_symmetric(indptr: NDArray[np.int64], heads: NDArray[np.int32], cost: NDArray[np.int32]) -> bool:
    n = len(indptr) - 1
    tails = np.repeat(np.arange(n, dtype=np.int64), np.diff(indptr))
    there, back = tails * n + heads, heads.astype(np.int64) * n + tails
    first, second = np.argsort(there, kind="stable"), np.argsort(back, kind="stable")
    return bool((there[first] == back[second]).all() and (cost[first] == cost[second]).all())


# --- streets to network ---------------------------------------------------------------------------------


def build(streets: gpd.GeoDataFrame, *, crs: str, island_min_m: float = 1000) -> Network:
    """The connected walking network of a table of streets.

    The component with the most metres of street is kept. Of the others, those with at least ``island_min_m``
    are places of their own (an island, the far side of a river): points nearest to them are reported as
    ``other_component``. Smaller ones are taken for gaps of the drawing (a path in a park that touches
    nothing): points there join the nearest connected street.

    Parameters
    ----------
    streets : GeoDataFrame
        Keeps ``schemas.Streets``.
    crs : str
        Projected reference system in metres, see :func:`plane_crs`.
    island_min_m : float
        Metres of street that make an unconnected component an island (the project's own assumption: in the
        OpenStreetMap extracts that were measured, bits that touch nothing had 150 m at most).

    Returns
    -------
    net : Network

    Raises
    ------
    DataError
        No street; a length or line that cannot be; one node in two places.
    CrsError
        ``crs`` is not in metres, or the streets have none.

    Examples
    --------
    >>> line = shapely.LineString([(139.7, 35.7), (139.701, 35.7)])
    >>> streets = gpd.GeoDataFrame({"street_id": ["s"], "u": ["a"], "v": ["b"], "length_m": [90.5]},
    ...                            geometry=[line], crs="EPSG:6668")
    >>> build(streets, crs="EPSG:6677")
    Network(2 nodes, 1 pieces, 0.1 km, EPSG:6677; left out: 0 components, 0 nodes, 0.0 km)
    """
    _demand_metres(crs)
    _demand_near(streets, crs)
    table = _checked(streets).to_crs(crs).sort_values("street_id", kind="stable")
    edges = len(table)
    ends, names = pd.factorize(pd.concat([table["u"], table["v"]]).astype(str), sort=True)
    u, v = ends[:edges].astype(np.int32), ends[edges:].astype(np.int32)
    cost = np.rint(table["length_m"].to_numpy(float) * 10).astype(np.int32)
    geometry = table.geometry.to_numpy()
    xy = _node_positions(len(names), u, v, geometry, table["street_id"].to_numpy())

    indptr, heads, _, _ = kernels.csr(len(names), u, v, cost)
    component = kernels.components(indptr, heads)
    metres = np.bincount(component[u], weights=cost, minlength=component.max() + 1) / 10
    main = int(metres.argmax())
    kept = component[u] == main
    island = (metres >= island_min_m)[component[u]] & ~kept

    stays = component == main
    number = np.cumsum(stays, dtype=np.int64).astype(np.int32) - np.int32(1)
    edge_u, edge_v, edge_cost = number[u[kept]], number[v[kept]], cost[kept]
    arcs = kernels.csr(int(stays.sum()), edge_u, edge_v, edge_cost)
    line_ptr, line_xy = _line_arrays(np.concatenate([geometry[kept], geometry[island]]))
    return Network(
        indptr=arcs[0],
        heads=arcs[1],
        cost=arcs[2],
        arc_edge=arcs[3],
        node_id=np.asarray(names, dtype=str)[stays],
        x=xy[stays, 0],
        y=xy[stays, 1],
        edge_id=table["street_id"].to_numpy(dtype=str)[kept],
        edge_u=edge_u,
        edge_v=edge_v,
        edge_cost=edge_cost,
        line_ptr=line_ptr,
        line_xy=line_xy,
        crs=crs,
        left_out=LeftOut(
            components=len(metres) - 1,
            nodes=int((~stays).sum()),
            metres=round(float(np.delete(metres, main).sum()), 1),
        ),
    )


def _demand_metres(crs: str) -> None:
    system = CRS.from_user_input(crs)
    if not system.is_projected or {axis.unit_name for axis in system.axis_info[:2]} != {"metre"}:
        raise errors.CrsError(
            "network_crs",
            "{crs} is not in metres: walking distances need a plane zone such as EPSG:6677.",
            crs=crs,
        )


def _demand_near(streets: gpd.GeoDataFrame, crs: str) -> None:
    """Refuse streets of another part of the world, whose plane lengths and positions would be nonsense."""
    use = CRS.from_user_input(crs).area_of_use
    if streets.crs is None or streets.empty or use is None:
        return
    west, south, east, north = (
        gpd.GeoSeries(shapely.box(*streets.total_bounds), crs=streets.crs).to_crs("EPSG:4326").total_bounds
    )
    margin = _WIDEST_DEGREES
    apart = west > use.east + margin or east < use.west - margin
    if apart or south > use.north + margin or north < use.south - margin or not np.isfinite(west):
        raise errors.CrsError(
            "streets_outside",
            "The streets (longitude {west:.2f} to {east:.2f}, latitude {south:.2f} to {north:.2f}) are far from "
            "{crs}. Check that they are streets of this municipality.",
            west=west,
            east=east,
            south=south,
            north=north,
            crs=crs,
        )


def _checked(streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if streets.crs is None:
        raise errors.CrsError("streets_crs", "The streets have no reference system. Import them again.")
    if streets.empty:
        raise errors.DataError(
            "streets_none", "There is no walkable street. Import a street file of the area, or none at all."
        )
    length, line = streets["length_m"].to_numpy(float), streets.geometry
    bad = ~((length >= 0) & (length <= MAX_PIECE_M)) | (line.geom_type != "LineString") | line.is_empty
    bad |= ~np.isfinite(line.bounds.to_numpy()).all(axis=1)
    bad |= streets["street_id"].duplicated().to_numpy()
    if bad.any():
        row = streets[bad].iloc[0]
        raise errors.DataError(
            "streets_broken",
            "{n} streets have no usable line, length or name of their own, for example {street} "
            "(length {length} m). Mend the street file and import it again.",
            n=int(bad.sum()),
            street=row["street_id"],
            length=row["length_m"],
        )
    return streets


def _node_positions(
    n: int, u: NDArray[np.int32], v: NDArray[np.int32], geometry: NDArray[np.object_], names: NDArray[Any]
) -> NDArray[np.float64]:
    """Where the nodes are, from the ends of the lines; an error where lines disagree about it."""
    ends = np.concatenate([u, v])
    points = np.concatenate([shapely.get_point(geometry, 0), shapely.get_point(geometry, -1)])
    at = shapely.get_coordinates(points)
    xy = np.empty((n, 2))
    xy[ends[::-1]] = at[::-1]  # the first line that names a node places it
    apart = np.hypot(*(at - xy[ends]).T)
    worst = int(apart.argmax())
    if apart[worst] > SAME_NODE_M:
        raise errors.DataError(
            "streets_node_moved",
            "Street {street} ends {metres:.0f} m from where other streets have the same node. "
            "Mend the street file and import it again.",
            street=names[worst % len(names)],
            metres=float(apart[worst]),
        )
    return xy


def _line_arrays(lines: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    counts = shapely.get_num_coordinates(lines)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), shapely.get_coordinates(lines)


# --- points on the network ------------------------------------------------------------------------------


def nodes(net: Network) -> gpd.GeoDataFrame:
    """The street nodes as points, for example to let people start there.

    Returns
    -------
    nodes : GeoDataFrame
        ``node_id``, ``geometry`` in the network's system, sorted by node_id.
    """
    points = gpd.points_from_xy(net.x, net.y, crs=net.crs)
    return gpd.GeoDataFrame({"node_id": net.node_id.astype(object)}, geometry=points)


def snap(net: Network, points: gpd.GeoSeries, *, max_snap_m: float) -> pd.DataFrame:
    """Where points join the network: on the nearest piece of street, at the foot of the perpendicular.

    Parameters
    ----------
    net : Network
    points : GeoSeries of Point
        In the network's system.
    max_snap_m : float
        Points farther from a street than this are refused, metres (inclusive, compared in whole decimetres).

    Returns
    -------
    snaps : DataFrame
        One row a point, index of ``points``: ``edge`` (position in ``net.edge_id``), ``u``, ``v`` (nodes at
        its ends; -1: refused), ``to_u_dm``, ``to_v_dm`` (walk along the piece), ``off_dm`` (to the street),
        ``reason`` (None; ``far_from_street``: no street within reach; ``other_component``: the nearest street
        is on an island).

    Raises
    ------
    CrsError
        The points are in another system.
    DataError
        A point without position.

    Notes
    -----
    ``to_u_dm + to_v_dm`` is the cost of the piece exactly. Of equally near pieces the first one by street_id
    is taken; where they meet in a node it makes no difference.
    """
    demand_points(points, crs=net.crs)
    geometry = points.to_numpy()
    piece, off_m = _nearest_piece(net, geometry)
    off = np.rint(off_m * 10).astype(np.int64)
    near, connected = off <= round(max_snap_m * 10), piece < len(net.edge_id)
    joined = near & connected
    edge = np.where(joined, piece, 0)
    along = shapely.line_locate_point(net.lines[edge], geometry, normalized=True)
    cost = net.edge_cost[edge]
    to_u = np.rint(along * cost).astype(np.int32)
    table = pd.DataFrame(
        {
            "edge": np.where(joined, edge, -1).astype(np.int32),
            "u": np.where(joined, net.edge_u[edge], -1).astype(np.int32),
            "v": np.where(joined, net.edge_v[edge], -1).astype(np.int32),
            "to_u_dm": np.where(joined, to_u, 0).astype(np.int32),
            "to_v_dm": np.where(joined, cost - to_u, 0).astype(np.int32),
            "off_dm": np.minimum(off, kernels.FAR).astype(np.int32),
        },
        index=points.index,
    )
    reason = np.full(len(points), None, dtype=object)
    reason[~connected] = OTHER_COMPONENT
    reason[~near] = FAR_FROM_STREET
    table["reason"] = pd.Series(reason, index=points.index, dtype=object)
    return table


def demand_points(points: gpd.GeoSeries, *, crs: str | None) -> None:
    """Refuse points that cannot be measured: without position, in degrees, or in another system.

    Parameters
    ----------
    points : GeoSeries
    crs : str or None
        The system that they must have; None: any in metres.
    """
    if crs is None and points.crs is not None:
        _demand_metres(points.crs.to_string())
    elif points.crs is None or CRS(points.crs) != CRS(crs):
        raise errors.CrsError(
            "points_crs",
            "The points are in {points} and the streets in {streets}: bring both to one plane zone.",
            points=points.crs.to_string() if points.crs else None,
            streets=crs,
        )
    shapes = points.to_numpy()
    wrong = (shapely.get_type_id(shapes) != shapely.GeometryType.POINT) | shapely.is_empty(shapes)
    wrong[~wrong] = ~np.isfinite(shapely.get_coordinates(shapes[~wrong])).all(axis=1)
    if wrong.any():
        raise errors.DataError(
            "points_missing",
            "{n} of {all} points have no position. Give each one, or leave the rows out.",
            n=int(wrong.sum()),
            all=len(points),
        )


def _nearest_piece(
    net: Network, points: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The nearest line of each point, the first one of several, and how far it is."""
    (asked, found), metres = net.tree.query_nearest(points, return_distance=True, all_matches=True)
    order = np.lexsort((found, asked))
    _, first = np.unique(asked[order], return_index=True)
    return found[order][first], metres[order][first]


# --- keeping it -----------------------------------------------------------------------------------------


def save(net: Network, path: Path) -> None:
    """Write a network as ``.npz`` (no pickle): the same network gives the same bytes."""
    arrays = {f.name: getattr(net, f.name) for f in fields(net) if f.name not in ("crs", "left_out")}
    out = net.left_out
    with path.open("wb") as stream:
        np.savez(
            stream,
            format=np.int64(_FORMAT),
            crs=np.str_(net.crs),
            left_out=np.array([out.components, out.nodes, out.metres], dtype=np.float64),
            **arrays,
        )


def load(path: Path) -> Network:
    """The network of a file that :func:`save` wrote.

    Raises
    ------
    DataError
        Not such a file, of another format, or damaged.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        if int(held.pop("format")) != _FORMAT:
            raise ValueError("another format")
        components, n, metres = held.pop("left_out").tolist()
        crs = str(held.pop("crs"))
        return Network(**held, crs=crs, left_out=LeftOut(int(components), int(n), metres))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as problem:
        raise errors.DataError(
            "network_unreadable",
            "{file} is not a street network of this version ({problem}). Build it again from the streets.",
            file=str(path),
            problem=str(problem),
        ) from None


# --- the plane zone -------------------------------------------------------------------------------------

_ORIGINS = {
    # EPSG code of each zone, I to XIX: latitude and longitude of its origin
    6669: (33, 129.5),
    6670: (33, 131),
    6671: (36, 132 + 10 / 60),
    6672: (33, 133.5),
    6673: (36, 134 + 20 / 60),
    6674: (36, 136),
    6675: (36, 137 + 10 / 60),
    6676: (36, 138.5),
    6677: (36, 139 + 50 / 60),
    6678: (40, 140 + 50 / 60),
    6679: (44, 140.25),
    6680: (44, 142.25),
    6681: (44, 144.25),
    6682: (26, 142),
    6683: (26, 127.5),
    6684: (26, 124),
    6685: (26, 131),
    6686: (20, 136),
    6687: (26, 154),
}
_ZONE_OF_PREFECTURES = {
    6669: (42,),
    6670: (40, 41, 43, 44, 45),
    6671: (32, 34, 35),
    6672: (36, 37, 38, 39),
    6673: (28, 31, 33),
    6674: (18, 24, 25, 26, 27, 29, 30),
    6675: (16, 17, 21, 23),
    6676: (15, 19, 20, 22),
    6677: (7, 8, 9, 10, 11, 12, 14),
    6678: (2, 3, 4, 5, 6),
}
_WIDEST_DEGREES = 2.5
"""No part of a zone is farther from its meridian than this; beyond it lengths would be wrong."""


def plane_crs(municipality_code: str, *, longitude: float, latitude: float) -> str:
    """The plane rectangular zone (JGD2011, metres) in which a municipality is measured.

    Parameters
    ----------
    municipality_code : str
        Its first two digits, the prefecture, give the zone; position decides within Hokkaido (the nearest
        meridian, which measures best; on the border between two zones the official list may name the other)
        and for the islands of Tokyo, Kagoshima and Okinawa. For a prefecture that does not exist (fictional
        data) the zone with the nearest origin is taken.
    longitude, latitude : float
        A point of the municipality, degrees.

    Returns
    -------
    crs : str
        EPSG:6669 (zone I) to EPSG:6687 (zone XIX).

    Raises
    ------
    CrsError
        The point is not in Japan, or so far from the zone of its code that the two cannot belong together.

    References
    ----------
    .. [1] Ministry of Land, Infrastructure, Transport and Tourism, notification no. 9 of 2002 (plane
       rectangular coordinate systems).

    Examples
    --------
    >>> plane_crs("13105", longitude=139.75, latitude=35.7)
    'EPSG:6677'
    >>> plane_crs("27127", longitude=135.5, latitude=34.7)
    'EPSG:6674'
    """
    if not (20 <= latitude <= 46 and 122 <= longitude <= 155):
        raise errors.CrsError(
            "plane_outside",
            "Longitude {longitude:.4f}, latitude {latitude:.4f} is not in Japan. Check the reference system "
            "and the order of the coordinates.",
            longitude=longitude,
            latitude=latitude,
        )
    zone = _zone(int(municipality_code[:2]), longitude, latitude)
    if abs(longitude - _ORIGINS[zone][1]) > _WIDEST_DEGREES:
        raise errors.CrsError(
            "plane_far",
            "Municipality {municipality} is measured in EPSG:{zone}, but longitude {longitude:.4f}, latitude "
            "{latitude:.4f} is far from it. Check that code and data belong together.",
            municipality=municipality_code,
            zone=zone,
            longitude=longitude,
            latitude=latitude,
        )
    return f"EPSG:{zone}"


def _zone(prefecture: int, longitude: float, latitude: float) -> int:
    special = {1: _hokkaido, 13: _tokyo, 46: _kagoshima, 47: _okinawa}
    if prefecture in special:
        return special[prefecture](longitude, latitude)
    for zone, prefectures in _ZONE_OF_PREFECTURES.items():
        if prefecture in prefectures:
            return zone
    flat = np.cos(np.radians(latitude))
    return min(
        _ORIGINS, key=lambda z: np.hypot(_ORIGINS[z][0] - latitude, (_ORIGINS[z][1] - longitude) * flat)
    )


def _hokkaido(longitude: float, _: float) -> int:
    return min((6679, 6680, 6681), key=lambda zone: abs(_ORIGINS[zone][1] - longitude))


def _tokyo(longitude: float, latitude: float) -> int:
    if latitude >= 28:
        return 6677
    return 6686 if longitude < 140.5 else 6682 if longitude <= 143 else 6687


def _kagoshima(longitude: float, latitude: float) -> int:
    # The western islands and Amami (to 130 degrees 13 minutes) belong to zone I.
    return 6669 if latitude < 32 and longitude < (130 + 13 / 60 if latitude < 29 else 130) else 6670


def _okinawa(longitude: float, _: float) -> int:
    return 6684 if longitude < 126 else 6683 if longitude <= 130 else 6685
