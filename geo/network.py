"""The walking network: streets as frozen arrays, and points placed along them.

People do not start at crossings: a point joins the network at the nearest *piece* of street, at the foot of
the perpendicular, with the walk to each end of the piece. The way off the street counts as walking too; a
point too far from any street is refused, never moved over silently.
"""

from __future__ import annotations

import itertools
import math
import mmap
import struct
import zipfile
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo import errors, kernels
from geo.once import once

FAR_FROM_STREET = "far_from_street"
OTHER_COMPONENT = "other_component"
MAX_PIECE_M = 1_000_000
"""A longer piece of street is a mistake in the data."""
SAME_NODE_M = 1.0
"""Pieces that meet in a node must agree where it is."""
_FORMAT = 2
_FILLER = 0xD935


@dataclass(frozen=True)
class LeftOut:
    """What is not connected with the network, and so cannot be walked to."""

    components: int
    nodes: int
    metres: float


@dataclass(frozen=True)
class Profile:
    """Who walks: what makes a metre of street longer than a metre.

    Distances are then *metres on the flat*: what the same walker goes on level streets in the same time. The limits
    of a study keep their meaning, and minutes follow from the walker's speed alone (:meth:`minutes`).

    Parameters
    ----------
    slope : {"off", "there", "both"}
        Whether slopes count: not at all; on the way to the place; or on the way there and back, at the mean of
        both. Streets whose rise is not known are taken as level.
    avoid_stairs : bool
        Streets with stairs are not walked on at all (wheelchairs, prams, sticks).
    crossing_m : float
        Metres added for each crossing (a node where three pieces of street or more meet) that is walked over, half
        of them on each side of it: waiting, looking, kerbs.
    closed : tuple of str
        ``street_id`` of pieces that nobody can walk on: of building sites, after a disaster, in a scenario.
    speed_m_min : float
        Metres a minute on the flat.

    References
    ----------
    .. [1] W. Tobler (1993), "Three presentations on geographical analysis and modeling", NCGIA report 93-1: speed
       is proportional to exp(-3.5 |s + 0.05|) at slope s, so a gentle way down is the fastest of all.
    """

    slope: Literal["off", "there", "both"] = "off"
    avoid_stairs: bool = False
    crossing_m: float = 0.0
    closed: tuple[str, ...] = ()
    speed_m_min: float = 80.0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not (0 <= self.crossing_m <= 1000 and 0 < self.speed_m_min <= 1000):
            raise errors.StudyError(
                "profile_broken",
                "A crossing costs {crossing_m} m and the speed is {speed_m_min} m a minute: give 0 to 1000 m, and "
                "more than 0 up to 1000 m a minute.",
                crossing_m=self.crossing_m,
                speed_m_min=self.speed_m_min,
            )

    def minutes(self, distance_m: Any) -> Any:
        """How long a walk of so many metres on the flat takes; numbers, arrays or columns."""
        return distance_m / self.speed_m_min

    def metres(self, minutes: Any) -> Any:
        """How far one comes on the flat in so many minutes."""
        return minutes * self.speed_m_min


_STEEPEST = 1.0
"""Slopes beyond 45 degrees are taken as that: what the formula says of them is no longer walking."""


@dataclass(frozen=True, eq=False)
class Graph:
    """What searches run on: the junctions of the streets, and the chains of streets between them.

    Where just two pieces of street meet nobody can turn off. Such pieces are one *chain*, and only its ends, the
    *junctions* (crossings, dead ends), are searched: in OpenStreetMap's streets every seventh node or so.
    Whatever stands along a chain, a node or a door, is reached over its two ends, to the decimetre.

    Parameters
    ----------
    junction : (j,) int32
        The node of each junction, ascending.
    indptr : (j + 1,) int32
        The arcs out of junction ``i`` are ``indptr[i]:indptr[i + 1]``.
    heads : (arcs,) int32
        The junction to which each arc leads. Arc (a, b) stands there with arc (b, a).
    cost, back : (arcs,) int32
        Decimetres along the arc, and of the arc back; equal (one array) unless the profile knows slopes.
    arc_chain : (arcs,) int32
        The chain under each arc: of several between two junctions the shortest in that direction.
    chain_u, chain_v : (c,) int32
        The junctions at the start and the end of each chain.
    chain_cost, chain_back : (c,) int32
        Decimetres from start to end, and from end to start.
    chain_ptr : (c + 1,) int64
    chain_edge : (e,) int32
        The pieces of chain ``i`` from start to end are ``chain_edge[chain_ptr[i]:chain_ptr[i + 1]]``.
    edge_chain : (e,) int32
        The chain of each piece.
    edge_turned : (e,) bool
        Whether the chain goes through the piece from v to u.
    edge_there, edge_return : (e,) int32
        Decimetres from the start of the chain to the piece, and from there to the start.
    """

    junction: NDArray[np.int32]
    indptr: NDArray[np.int32]
    heads: NDArray[np.int32]
    cost: NDArray[np.int32]
    back: NDArray[np.int32]
    arc_chain: NDArray[np.int32]
    chain_u: NDArray[np.int32]
    chain_v: NDArray[np.int32]
    chain_cost: NDArray[np.int32]
    chain_back: NDArray[np.int32]
    chain_ptr: NDArray[np.int64]
    chain_edge: NDArray[np.int32]
    edge_chain: NDArray[np.int32]
    edge_turned: NDArray[np.bool_]
    edge_there: NDArray[np.int32]
    edge_return: NDArray[np.int32]

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        _freeze(self)

    @once
    def slots(self) -> kernels.Chains:
        """The nodes inside the chains; those of chain ``i`` at ``chain_ptr[i] + 1`` to ``chain_ptr[i + 1]``."""
        return kernels.Chains(
            ptr=self.chain_ptr,
            start=self.chain_u,
            end=self.chain_v,
            length=self.chain_cost,
            back=self.chain_back,
            there=self.edge_there[self.chain_edge],
            home=self.edge_return[self.chain_edge],
        )

    @staticmethod
    def of(
        n: int,
        u: NDArray[np.int32],
        v: NDArray[np.int32],
        cost: NDArray[np.int32],
        back: NDArray[np.int32],
        crossing: int = 0,
    ) -> Graph:
        """The junctions and chains of pieces of street between ``n`` nodes.

        ``crossing`` decimetres are added at each end of a chain where three pieces or more meet.
        """
        start, end, ptr, edge, chain, turned = kernels.chains(n, u, v)
        there, chain_cost = kernels.along_chains(ptr, edge, turned, cost, back)
        home, chain_back = (
            (there, chain_cost) if back is cost else kernels.along_chains(ptr, edge, turned, back, cost)
        )
        junction = np.unique(np.concatenate([start, end]))
        number = np.full(n, -1, np.int32)
        number[junction] = np.arange(len(junction))
        if crossing:
            extra = np.where(np.bincount(np.concatenate([u, v]), minlength=n) > 2, crossing, 0).astype(
                np.int32
            )
            there, home = there + extra[start[chain]], home + extra[start[chain]]
            chain_cost, chain_back = (long + extra[start] + extra[end] for long in (chain_cost, chain_back))
        arcs = kernels.csr(len(junction), number[start], number[end], chain_cost, chain_back)
        against = arcs[2] if back is cost else arcs[2][kernels.mirror(arcs[0], arcs[1])]
        return Graph(
            junction=junction,
            indptr=arcs[0],
            heads=arcs[1],
            cost=arcs[2],
            back=against,
            arc_chain=arcs[3],
            chain_u=number[start],
            chain_v=number[end],
            chain_cost=chain_cost,
            chain_back=chain_back,
            chain_ptr=ptr,
            chain_edge=edge,
            edge_chain=chain,
            edge_turned=turned,
            edge_there=there,
            edge_return=home,
        )


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """Walkable streets of one connected area, ready for searches; nothing in it can be changed.

    Parameters
    ----------
    node_id : (n,) str
        Numbered along a space-filling curve, so that neighbours on the ground are neighbours in memory.
    x, y : (n,) float64
        Metres in ``crs``.
    edge_id : (e,) str
        ``street_id`` of each piece, ascending.
    edge_u, edge_v : (e,) int32
        Its ends.
    edge_length : (e,) int32
        Decimetres.
    edge_rise : (e,) float32
        How much higher v lies than u, metres; NaN where it is not known.
    edge_stairs : (e,) bool
    line_ptr : (e + islands + 1,) int64
    line_xy : (vertices, 2) float64
        The line of piece ``i`` from u to v is ``line_xy[line_ptr[i]:line_ptr[i + 1]]``. Behind the pieces of
        the network follow those of the islands: unconnected streets where people may stand, but never walk.
    crs : str
        A projected reference system in metres.
    left_out : LeftOut
        What is not connected.
    profile : Profile
        Who walks, see :func:`with_profile`.

    Raises
    ------
    DataError
        When one of these promises is broken.
    """

    node_id: NDArray[np.str_]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    edge_id: NDArray[np.str_]
    edge_u: NDArray[np.int32]
    edge_v: NDArray[np.int32]
    edge_length: NDArray[np.int32]
    edge_rise: NDArray[np.float32]
    edge_stairs: NDArray[np.bool_]
    line_ptr: NDArray[np.int64]
    line_xy: NDArray[np.float64]
    crs: str
    left_out: LeftOut
    profile: Profile = Profile()

    def __post_init__(self) -> None:
        """Freeze the arrays, and refuse a network that breaks a promise."""
        _freeze(self)
        for promise, kept in _promises(self):
            if not kept:
                raise errors.DataError(
                    "network_broken",
                    "The street network is damaged ({promise}). Build it again from the streets.",
                    promise=promise,
                )

    def __repr__(self) -> str:
        """How large it is, and what is not in it."""
        kilometres = self.edge_length.sum(dtype=np.int64) / 10_000
        out = self.left_out
        return (
            f"Network({len(self.node_id)} nodes, {len(self.edge_id)} pieces, {kilometres:.1f} km, "
            f"{self.crs}; searched: {len(self.graph.junction)} junctions, {len(self.graph.chain_u)} chains; "
            f"left out: {out.components} components, {out.nodes} nodes, {out.metres / 1000:.1f} km"
            f"{'' if self.profile == Profile() else f'; {self.profile}'})"
        )

    @once
    def edge_cost(self) -> NDArray[np.int32]:
        """Decimetres on the flat from u to v of each piece."""
        if self.profile.slope == "off":
            return self.edge_length
        onward = _tobler(self.edge_length, self.edge_rise)
        if self.profile.slope == "there":
            return _whole_dm(onward)
        return _whole_dm((onward + _tobler(self.edge_length, -self.edge_rise)) / 2)

    @once
    def edge_back(self) -> NDArray[np.int32]:
        """Decimetres on the flat from v to u; the same array as :attr:`edge_cost` where direction does not matter."""
        if self.profile.slope != "there":
            return self.edge_cost
        return _whole_dm(_tobler(self.edge_length, -self.edge_rise))

    @once
    def graph(self) -> Graph:
        """What searches run on. Made of the pieces when first asked for, and so always true to them."""
        half = round(self.profile.crossing_m * 5)
        return Graph.of(len(self.node_id), self.edge_u, self.edge_v, self.edge_cost, self.edge_back, half)

    @once
    def slot_node(self) -> NDArray[np.int32]:
        """The node of each slot of :attr:`Graph.slots`: where the piece there begins, as the chain goes."""
        piece = self.graph.chain_edge
        node = np.where(self.graph.edge_turned[piece], self.edge_v[piece], self.edge_u[piece])
        return node.astype(np.int32)

    @once
    def inside(self) -> NDArray[np.bool_]:
        """Whether the node of each slot is inside its chain, and not the junction at its start."""
        inside = np.ones(len(self.edge_id), dtype=bool)
        inside[self.graph.chain_ptr[:-1]] = False
        return inside

    @once
    def grid(self) -> kernels.Grid:
        """Where the lines are, for points that look for the nearest one."""
        return kernels.grid(self.line_ptr, self.line_xy)

    @once
    def lines(self) -> NDArray[np.object_]:
        """The lines of all pieces, those of the islands last."""
        return _drawn(self.line_ptr, self.line_xy)

    @once
    def tree(self) -> shapely.STRtree:
        """Spatial index over :attr:`lines`."""
        return shapely.STRtree(self.lines)


def _drawn(ptr: NDArray[np.int64], xy: NDArray[np.float64]) -> NDArray[np.object_]:
    """Lines of the points from each position of ``ptr`` to the next."""
    owner = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
    lines: NDArray[np.object_] = shapely.linestrings(xy[ptr[0] : ptr[-1]], indices=owner)
    return lines


def _tobler(length: NDArray[np.int32], rise: NDArray[np.float32]) -> NDArray[np.float64]:
    """Decimetres of level street that take as long (Tobler 1993); what is not known is level."""
    known = np.nan_to_num(rise.astype(np.float64))
    slope = np.clip(known * 10 / np.maximum(length, 1), -_STEEPEST, _STEEPEST)
    decimetres: NDArray[np.float64] = np.exp(3.5 * (np.abs(slope + 0.05) - 0.05)) * length
    return decimetres


def _whole_dm(decimetres: NDArray[np.float64]) -> NDArray[np.int32]:
    whole: NDArray[np.int32] = np.rint(decimetres).astype(np.int32)
    whole.flags.writeable = False
    return whole


def _freeze(value: Any) -> None:
    for field in fields(value):
        array = getattr(value, field.name)
        if isinstance(array, np.ndarray) and (array.flags.writeable or not array.flags.c_contiguous):
            frozen = np.ascontiguousarray(array).view()
            frozen.flags.writeable = False
            object.__setattr__(value, field.name, frozen)


def _promises(net: Network) -> list[tuple[str, bool]]:
    """Every promise of the class, and whether it is kept."""
    n, e, pieces = len(net.node_id), len(net.edge_id), len(net.line_ptr) - 1
    sizes = (
        ("x", net.x, n),
        ("y", net.y, n),
        ("edge_u", net.edge_u, e),
        ("edge_v", net.edge_v, e),
        ("edge_length", net.edge_length, e),
        ("edge_rise", net.edge_rise, e),
        ("edge_stairs", net.edge_stairs, e),
    )
    promises = [(f"length of {name}", len(array) == size) for name, array, size in sizes]
    promises += [
        ("one node at least", n > 0),
        ("a line for each piece", pieces >= e),
        ("line_ptr ascending", _is_pointer(net.line_ptr, len(net.line_xy), least=2)),
        ("finite coordinates", all(bool(np.isfinite(a).all()) for a in (net.x, net.y, net.line_xy))),
        ("names ascending", bool((net.edge_id[:-1] < net.edge_id[1:]).all())),
        ("ends in range", _in_range(net.edge_u, n) and _in_range(net.edge_v, n)),
        ("lengths not negative", bool((net.edge_length >= 0).all())),
    ]
    if all(kept for _, kept in promises):
        met = np.zeros(n, dtype=bool)
        met[net.edge_u] = met[net.edge_v] = True
        promises.append(("a street at each node", bool(met.all())))
    return promises


def _is_pointer(ptr: NDArray[np.int64], end: int, *, least: int) -> bool:
    return bool(len(ptr) and ptr[0] == 0 and ptr[-1] == end and (np.diff(ptr) >= least).all())


def _in_range(index: NDArray[np.int32], size: int) -> bool:
    return not index.size or bool(index.min() >= 0 and index.max() < size)


# --- streets to network ---------------------------------------------------------------------------------


ISLAND_MIN_M = 1000.0
"""See :func:`build`."""


def build(streets: gpd.GeoDataFrame, *, crs: str, island_min_m: float = ISLAND_MIN_M) -> Network:
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
    Network(2 nodes, 1 pieces, 0.1 km, EPSG:6677; searched: 2 junctions, 1 chains;
            left out: 0 components, 0 nodes, 0.0 km)
    """
    _demand_metres(crs)
    _demand_near(streets, crs)
    table = _checked(streets).to_crs(crs).sort_values("street_id", kind="stable")
    edges = len(table)
    ends, names = pd.factorize(pd.concat([table["u"], table["v"]]).astype(str), sort=True)
    u, v = ends[:edges].astype(np.int32), ends[edges:].astype(np.int32)
    geometry = table.geometry.to_numpy()
    line_ptr, line_xy = _line_arrays(geometry)
    tips = np.concatenate([line_xy[line_ptr[:-1]], line_xy[line_ptr[1:] - 1]])
    xy = _node_positions(len(names), ends, tips, table["street_id"])
    order = np.argsort(kernels.along_curve(xy[:, 0], xy[:, 1]), kind="stable")
    u, v = _renumbered(order, u), _renumbered(order, v)
    return _connected(
        _Pieces(
            np.asarray(names, dtype=str)[order],
            xy[order],
            table["street_id"].to_numpy(dtype=str),
            u,
            v,
            np.rint(table["length_m"].to_numpy(float) * 10).astype(np.int32),
            _column(table, "rise_m", np.nan).astype(np.float32),
            _column(table, "stairs", False).astype(bool),
            line_ptr,
            line_xy,
        ),
        crs=crs,
        island_min_m=island_min_m,
    )


def _column(table: pd.DataFrame, name: str, absent: object) -> NDArray[Any]:
    """A column that tables of streets may lack."""
    return table[name].to_numpy() if name in table else np.full(len(table), absent)


def with_profile(net: Network, profile: Profile) -> Network:
    """The same streets for another walker, without building them again.

    Parameters
    ----------
    net : Network
        As it was built, without a profile of its own.
    profile : Profile

    Returns
    -------
    net : Network
        Shares its arrays with ``net``. Where streets are closed (``avoid_stairs``, ``closed``) it is what still
        hangs together: points beside a closed street join the next one, and what is cut off is left out, as in
        :func:`build`.

    Raises
    ------
    DataError
        A street that is to be closed does not exist, or none is left.

    Examples
    --------
    >>> line = shapely.LineString([(0, 0), (1000, 0)])
    >>> street = gpd.GeoDataFrame({"street_id": ["s"], "u": ["low"], "v": ["high"], "length_m": [1000.0],
    ...                            "rise_m": [100.0]}, geometry=[line], crs="EPSG:6677")
    >>> hill = with_profile(build(street, crs="EPSG:6677"), Profile(slope="there"))
    >>> hill.edge_cost.tolist(), hill.edge_back.tolist()
    ([14191], [10000])
    """
    if profile == net.profile == Profile():
        return net
    if net.profile != Profile():
        raise ValueError("give the network as it was built: a profile is not added to another one")
    unknown = np.setdiff1d(np.array(profile.closed, dtype=str), net.edge_id)
    if unknown.size:
        raise errors.DataError(
            "closed_unknown",
            "There is no street {street} in the network: {n} streets cannot be closed. Give the street_id of "
            "walkable streets.",
            street=unknown[0],
            n=len(unknown),
        )
    open_ = ~np.isin(net.edge_id, np.array(profile.closed, dtype=str))
    if profile.avoid_stairs:
        open_ &= ~net.edge_stairs
    if not open_.all():
        net = _without(net, open_)
    return replace(net, profile=profile)


def _without(net: Network, open_: NDArray[np.bool_]) -> Network:
    """What still hangs together when only these pieces are open."""
    if not open_.any():
        raise errors.DataError(
            "streets_all_closed", "With these streets closed there is none left to walk on."
        )
    met = np.zeros(len(net.node_id), dtype=bool)
    met[net.edge_u[open_]] = met[net.edge_v[open_]] = True
    number = np.cumsum(met, dtype=np.int64).astype(np.int32) - np.int32(1)
    islands = np.arange(len(net.edge_id), len(net.line_ptr) - 1)
    every = _Pieces(
        net.node_id[met],
        np.column_stack([net.x, net.y])[met],
        net.edge_id[open_],
        number[net.edge_u[open_]],
        number[net.edge_v[open_]],
        net.edge_length[open_],
        net.edge_rise[open_],
        net.edge_stairs[open_],
        *_chosen_lines(net.line_ptr, net.line_xy, np.flatnonzero(open_)),
    )
    left = _connected(every, crs=net.crs, island_min_m=ISLAND_MIN_M)
    beside = _chosen_lines(net.line_ptr, net.line_xy, islands)
    before, after = net.left_out, left.left_out
    return replace(
        left,
        line_ptr=np.concatenate([left.line_ptr, beside[0][1:] + left.line_ptr[-1]]),
        line_xy=np.concatenate([left.line_xy, beside[1]]),
        left_out=LeftOut(
            before.components + after.components,
            before.nodes + after.nodes,
            round(before.metres + after.metres, 1),
        ),
    )


@dataclass(frozen=True)
class _Pieces:
    """Streets as arrays, not yet known to be connected; see :class:`Network` for what they mean."""

    node_id: NDArray[np.str_]
    xy: NDArray[np.float64]
    edge_id: NDArray[np.str_]
    u: NDArray[np.int32]
    v: NDArray[np.int32]
    length: NDArray[np.int32]
    rise: NDArray[np.float32]
    stairs: NDArray[np.bool_]
    line_ptr: NDArray[np.int64]
    line_xy: NDArray[np.float64]


def _renumbered(order: NDArray[np.int64], ends: NDArray[np.int32]) -> NDArray[np.int32]:
    number = np.empty(len(order), np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return number[ends]


def _connected(all_: _Pieces, *, crs: str, island_min_m: float) -> Network:
    """The component with the most metres as a network, the lines of islands behind its own."""
    n = len(all_.node_id)
    component = kernels.components(*kernels.csr(n, all_.u, all_.v, all_.length)[:2])
    metres = np.bincount(component[all_.u], weights=all_.length, minlength=component.max() + 1) / 10
    main = int(metres.argmax())
    kept = component[all_.u] == main
    island = (metres >= island_min_m)[component[all_.u]] & ~kept
    stays = component == main
    number = np.cumsum(stays, dtype=np.int64).astype(np.int32) - np.int32(1)
    chosen = np.concatenate([np.flatnonzero(kept), np.flatnonzero(island)])
    line_ptr, line_xy = _chosen_lines(all_.line_ptr, all_.line_xy, chosen)
    return Network(
        node_id=all_.node_id[stays],
        x=all_.xy[stays, 0],
        y=all_.xy[stays, 1],
        edge_id=all_.edge_id[kept],
        edge_u=number[all_.u[kept]],
        edge_v=number[all_.v[kept]],
        edge_length=all_.length[kept],
        edge_rise=all_.rise[kept],
        edge_stairs=all_.stairs[kept],
        line_ptr=line_ptr,
        line_xy=line_xy,
        crs=crs,
        left_out=LeftOut(
            components=len(metres) - 1,
            nodes=int((~stays).sum()),
            metres=round(float(np.delete(metres, main).sum()), 1),
        ),
    )


def _chosen_lines(
    line_ptr: NDArray[np.int64], line_xy: NDArray[np.float64], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The lines of the chosen pieces, one behind the other."""
    counts = np.diff(line_ptr)[chosen]
    ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    vertices = np.arange(ptr[-1]) + np.repeat(line_ptr[chosen] - ptr[:-1], counts)
    return ptr, line_xy[vertices]


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
    bad = ~((length >= 0) & (length <= MAX_PIECE_M)) | line.is_empty.to_numpy()
    bad |= shapely.get_type_id(line.to_numpy()) != shapely.GeometryType.LINESTRING
    bounds = line.bounds.to_numpy()
    bad |= ~np.isfinite(bounds).all(axis=1)
    if streets.crs.is_geographic:  # across the date line: drawn the long way round the world
        bad |= bounds[:, 2] - bounds[:, 0] > 180
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
    n: int, ends: NDArray[np.int64], at: NDArray[np.float64], streets: pd.Series
) -> NDArray[np.float64]:
    """Where the nodes are, from the ends of the lines (first all u, then all v); an error where lines disagree."""
    xy = np.empty((n, 2))
    xy[ends[::-1]] = at[::-1]  # the first line that names a node places it
    apart = np.hypot(*(at - xy[ends]).T)
    worst = int(apart.argmax())
    if apart[worst] > SAME_NODE_M:
        raise errors.DataError(
            "streets_node_moved",
            "Street {street} ends {metres:.0f} m from where other streets have the same node. "
            "Mend the street file and import it again.",
            street=streets.iloc[worst % len(streets)],
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
    order = np.argsort(net.node_id, kind="stable")
    points = gpd.points_from_xy(net.x[order], net.y[order], crs=net.crs)
    return gpd.GeoDataFrame({"node_id": net.node_id[order].astype(object)}, geometry=points)


def at_nodes(net: Network, junction: NDArray[Any], slot: NDArray[Any]) -> NDArray[Any]:
    """Values by node, from those of the junctions and of the slots of chains (:attr:`Graph.slots`)."""
    values = np.empty(len(net.node_id), junction.dtype)
    values[net.slot_node[net.inside]] = slot[net.inside]
    values[net.graph.junction] = junction
    return values


REASONS = (None, FAR_FROM_STREET, OTHER_COMPONENT)


@dataclass(frozen=True, eq=False)
class Joined:
    """Points along the chains of a network, as searches want them; the way off the street is in all costs.

    Parameters
    ----------
    edge : (p,) int32
        The piece of street; -1: refused. Costs of refused points mean nothing.
    share : (p,) float64
        Of the piece's length lies between u and the foot of the point.
    chain : (p,) int32
        Its chain; -1: refused.
    ends : (p, 2) int32
        The junctions at the start and the end of the chain; -1: refused.
    leave, arrive : (p, 2) int32
        Decimetres from the point to these junctions, and from them to the point.
    there, home : (p,) int32
        Decimetres along the chain from its start to the foot of the point, and back.
    off : (p,) int32
        Decimetres from the point to the street; that of refused points too.
    reason : (p,) int8
        Position in :data:`REASONS`; 0: joined.
    """

    edge: NDArray[np.int32]
    share: NDArray[np.float64]
    chain: NDArray[np.int32]
    ends: NDArray[np.int32]
    leave: NDArray[np.int32]
    arrive: NDArray[np.int32]
    there: NDArray[np.int32]
    home: NDArray[np.int32]
    off: NDArray[np.int32]
    reason: NDArray[np.int8]

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        _freeze(self)


def known_rise_share(net: Network) -> float:
    """Of how much of the length of all streets the rise is known, 0 to 1."""
    known = net.edge_length[np.isfinite(net.edge_rise)].sum(dtype=np.int64)
    return float(known / max(net.edge_length.sum(dtype=np.int64), 1))


def dead_ends(net: Network) -> gpd.GeoDataFrame:
    """Where a street ends: the places from which there is only the way back.

    Many of them where none should be are a sign of streets that were not joined in the drawing.

    Returns
    -------
    dead_ends : GeoDataFrame
        ``node_id``, ``length_m`` (of the street without a turning that ends there), points; sorted by node_id.
    """
    graph = net.graph
    ends = np.concatenate([graph.chain_u, graph.chain_v])
    chain = np.tile(np.arange(len(graph.chain_u)), 2)
    single = np.bincount(ends, minlength=len(graph.junction))[ends] == 1
    node, chain = graph.junction[ends[single]], chain[single]
    pieces = np.add.reduceat(net.edge_length[graph.chain_edge], graph.chain_ptr[:-1], dtype=np.int64)
    order = np.argsort(net.node_id[node], kind="stable")
    node, chain = node[order], chain[order]
    return gpd.GeoDataFrame(
        {"node_id": net.node_id[node].astype(object), "length_m": pieces[chain] / 10},
        geometry=gpd.points_from_xy(net.x[node], net.y[node]),
        crs=net.crs,
    )


def islands(net: Network) -> gpd.GeoDataFrame:
    """Streets that are not connected with the others, each part in one row: islands, or gaps of the drawing.

    Only those that are long enough to stand on (``island_min_m`` of :func:`build`).

    Returns
    -------
    islands : GeoDataFrame
        ``length_m``, lines; the longest first.
    """
    lines = _drawn(net.line_ptr[len(net.edge_id) :], net.line_xy)
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1)])
    spots, number = np.unique(ends, axis=0, return_inverse=True)
    u, v = number[: len(lines)].astype(np.int32), number[len(lines) :].astype(np.int32)
    part = kernels.components(*kernels.csr(len(spots), u, v, np.zeros(len(lines), np.int32))[:2])
    together = gpd.GeoDataFrame({"part": part[u]}, geometry=lines, crs=net.crs).dissolve("part")
    table = together.assign(length_m=np.round(together.length, 1))[["length_m", "geometry"]]
    return table.sort_values("length_m", ascending=False, kind="stable").reset_index(drop=True)


def chosen(joined: Joined, rows: Any) -> Joined:
    """Some of the points, by position or mask."""
    return Joined(**{field.name: getattr(joined, field.name)[rows] for field in fields(Joined)})


def join(net: Network, points: gpd.GeoSeries, *, max_snap_m: float) -> Joined:
    """Where points join the network: :func:`snap` for searches.

    Parameters
    ----------
    net, points, max_snap_m
        As for :func:`snap`.

    Returns
    -------
    joined : Joined

    Raises
    ------
    CrsError, DataError
        As for :func:`snap`.
    """
    demand_points(points, crs=net.crs)
    return _on_chains(net, *_feet(net, points.to_numpy(), max_snap_m))


def nodes_joined(net: Network) -> Joined:
    """The street nodes as points along the chains, in the order of ``net.node_id``."""
    n, pieces = len(net.node_id), np.arange(len(net.edge_id), dtype=np.int32)
    ends, sides = np.concatenate([net.edge_u, net.edge_v]), np.repeat([0.0, 1.0], len(pieces))
    edge, share = np.empty(n, np.int32), np.empty(n)
    edge[ends[::-1]] = np.tile(pieces, 2)[::-1]  # backwards, so that the first piece of a node stays
    share[ends[::-1]] = sides[::-1]
    return _on_chains(net, edge, share, np.zeros(n, np.int32), np.zeros(n, np.int8))


def _on_chains(
    net: Network,
    edge: NDArray[np.int32],
    share: NDArray[np.float64],
    off: NDArray[np.int32],
    reason: NDArray[np.int8],
) -> Joined:
    """Points at a share of the length of pieces of street."""
    graph, refused = net.graph, edge < 0
    at = np.where(refused, 0, edge)
    chain, turned = graph.edge_chain[at], graph.edge_turned[at]
    forth, back = net.edge_cost[at], net.edge_back[at]
    from_u, to_u = np.rint(share * forth).astype(np.int32), np.rint(share * back).astype(np.int32)
    there = graph.edge_there[at] + np.where(turned, back - to_u, from_u)
    home = graph.edge_return[at] + np.where(turned, forth - from_u, to_u)
    leave = np.column_stack([home, graph.chain_cost[chain] - there]) + off[:, None]
    arrive = np.column_stack([there, graph.chain_back[chain] - home]) + off[:, None]
    ends = np.column_stack([graph.chain_u[chain], graph.chain_v[chain]])
    return Joined(
        edge=edge,
        share=share,
        chain=np.where(refused, -1, chain).astype(np.int32),
        ends=np.where(refused[:, None], -1, ends).astype(np.int32),
        leave=leave.astype(np.int32),
        arrive=arrive.astype(np.int32),
        there=there.astype(np.int32),
        home=home.astype(np.int32),
        off=off,
        reason=reason,
    )


def on_same_chain(
    from_: Joined, to: Joined
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Points on the same chain of streets, and the way along it: walkers need not go over its ends.

    Parameters
    ----------
    from_, to : Joined
        Points of one network.

    Returns
    -------
    ptr : (from + 1,) int64
    other, way : (pairs,) int32
        Of point ``i`` of ``from_``: points ``other[ptr[i]:ptr[i + 1]]`` of ``to`` and the decimetres to them,
        the ways off the street included.
    """
    order = np.argsort(to.chain, kind="stable")
    chains = to.chain[order]
    first = np.searchsorted(chains, from_.chain, "left")
    count = np.where(from_.chain >= 0, np.searchsorted(chains, from_.chain, "right") - first, 0)
    ptr = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    own = np.repeat(np.arange(len(count)), count)
    other = order[np.arange(ptr[-1]) - np.repeat(ptr[:-1] - first, count)]
    onward, homeward = to.there[other] - from_.there[own], from_.home[own] - to.home[other]
    ahead = (onward > 0) | ((onward == 0) & (homeward <= 0))
    way = np.where(ahead, onward, homeward) + from_.off[own] + to.off[other]
    return ptr, other.astype(np.int32), way.astype(np.int32)


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
    ``to_u_dm + to_v_dm`` is the length of the piece exactly. Of equally near pieces the first one by street_id
    is taken; where they meet in a node it makes no difference.
    """
    demand_points(points, crs=net.crs)
    edge, share, off, reason = _feet(net, points.to_numpy(), max_snap_m)
    at, joined = np.where(edge < 0, 0, edge), edge >= 0
    to_u = np.where(joined, np.rint(share * net.edge_length[at]), 0).astype(np.int32)
    table = pd.DataFrame(
        {
            "edge": edge,
            "u": np.where(joined, net.edge_u[at], -1).astype(np.int32),
            "v": np.where(joined, net.edge_v[at], -1).astype(np.int32),
            "to_u_dm": to_u,
            "to_v_dm": np.where(joined, net.edge_length[at] - to_u, 0).astype(np.int32),
            "off_dm": off,
        },
        index=points.index,
    )
    table["reason"] = pd.Series(np.array(REASONS, dtype=object)[reason], index=points.index, dtype=object)
    return table


def _feet(
    net: Network, points: NDArray[np.object_], max_snap_m: float
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32], NDArray[np.int8]]:
    """The piece under each point (-1: refused), the share of it before the foot, decimetres off it, and why not."""
    reach_dm = round(max_snap_m * 10)
    piece, off_m, share = kernels.foot(net.grid, shapely.get_coordinates(points), (reach_dm + 1) / 10)
    far = np.flatnonzero(piece < 0)
    if far.size:  # how far they are is asked too, but there are few of them
        off_m[far] = _far_off(net, points[far])
    off = np.minimum(np.rint(off_m * 10), kernels.FAR).astype(np.int32)
    near = (piece >= 0) & (off <= reach_dm)
    reason = np.where(near, np.where(piece < len(net.edge_id), 0, 2), 1).astype(np.int8)
    return np.where(reason == 0, piece, -1).astype(np.int32), share, off, reason


def _far_off(net: Network, points: NDArray[np.object_]) -> NDArray[np.float64]:
    (asked, _), metres = net.tree.query_nearest(points, return_distance=True, all_matches=False)
    off = np.empty(len(points))
    off[asked] = metres
    return off


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


# --- lines along it -------------------------------------------------------------------------------------

_Spot = tuple[int, float]
"""A spot of a chain: its slot, and the share of the piece there that lies before, as the chain goes."""


def along(net: Network, joined: Joined, nodes: NDArray[np.int32]) -> shapely.LineString:
    """The line of a walk from the first of two points to the second.

    Parameters
    ----------
    net : Network
    joined : Joined
        Two points, both on the network.
    nodes : (steps,) int32
        The junctions on the way, of :func:`kernels.way`; none: along the chain on which both stand.

    Returns
    -------
    line : LineString
        From foot to foot, without the ways off the street.
    """
    graph = net.graph
    spots = [_spot(net, joined, i) for i in range(2)]
    if not len(nodes):
        parts = [_stretch(net, int(joined.chain[0]), spots[0], spots[1])]
    else:
        arcs = [_arc(graph, i, j) for i, j in itertools.pairwise(nodes.tolist())]
        parts = [
            _stretch(net, int(joined.chain[0]), spots[0], _side(joined, 0, nodes[0], joined.leave, graph))
        ]
        for arc, start in zip(arcs, nodes[:-1].tolist(), strict=True):
            chain = int(graph.arc_chain[arc])
            ends = _start(graph, chain), _end(graph, chain)
            parts.append(_stretch(net, chain, *(ends if graph.chain_u[chain] == start else ends[::-1])))
        parts.append(
            _stretch(net, int(joined.chain[1]), _side(joined, 1, nodes[-1], joined.arrive, graph), spots[1])
        )
    xy = np.concatenate(parts)
    fresh = np.concatenate([[True], (np.diff(xy, axis=0) != 0).any(axis=1)])
    xy = xy[fresh]
    return shapely.LineString(xy if len(xy) > 1 else np.repeat(xy, 2, axis=0))


def _spot(net: Network, joined: Joined, i: int) -> _Spot:
    graph, edge = net.graph, int(joined.edge[i])
    first, last = graph.chain_ptr[joined.chain[i]], graph.chain_ptr[joined.chain[i] + 1]
    slot = int(first + np.flatnonzero(graph.chain_edge[first:last] == edge)[0])
    share = float(joined.share[i])
    return slot, 1 - share if graph.edge_turned[edge] else share


def _start(graph: Graph, chain: int) -> _Spot:
    return int(graph.chain_ptr[chain]), 0.0


def _end(graph: Graph, chain: int) -> _Spot:
    return int(graph.chain_ptr[chain + 1]) - 1, 1.0


def _side(joined: Joined, i: int, junction: int, way: NDArray[np.int32], graph: Graph) -> _Spot:
    """The end of the point's chain at a junction; of a ring the nearer one."""
    costs = [int(way[i, side]) if joined.ends[i, side] == junction else kernels.FAR for side in range(2)]
    chain = int(joined.chain[i])
    return _start(graph, chain) if costs[0] <= costs[1] else _end(graph, chain)


def _arc(graph: Graph, i: int, j: int) -> int:
    first, last = graph.indptr[i], graph.indptr[i + 1]
    return int(first + np.flatnonzero(graph.heads[first:last] == j)[0])


def _stretch(net: Network, chain: int, a: _Spot, b: _Spot) -> NDArray[np.float64]:
    """The vertices from one spot of a chain to another."""
    if a > b:
        return _stretch(net, chain, b, a)[::-1]
    parts = []
    for slot in range(a[0], b[0] + 1):
        edge = int(net.graph.chain_edge[slot])
        line = net.line_xy[net.line_ptr[edge] : net.line_ptr[edge + 1]]
        line = line[::-1] if net.graph.edge_turned[edge] else line
        parts.append(_cut(line, a[1] if slot == a[0] else 0.0, b[1] if slot == b[0] else 1.0))
    return np.concatenate(parts)


def _cut(line: NDArray[np.float64], first: float, last: float) -> NDArray[np.float64]:
    """The vertices of a line between two shares of its length."""
    walked = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    here, there = first * walked[-1], last * walked[-1]
    ends = np.column_stack([np.interp([here, there], walked, line[:, axis]) for axis in range(2)])
    inner = line[(walked > here) & (walked < there)]
    return np.concatenate([ends[:1], inner, ends[1:]])


# --- keeping it -----------------------------------------------------------------------------------------


_ARRAYS = tuple(field.name for field in fields(Network) if field.name not in ("crs", "left_out", "profile"))


def save(net: Network, path: Path) -> None:
    """Write a network as ``.npz`` (no pickle, not packed): the same network gives the same bytes.

    The streets are kept as they were built, not who walks on them.
    """
    if net.profile != Profile():
        raise ValueError("keep the network as it was built: profiles are put on when it is used")
    out = net.left_out
    arrays = {
        "format": np.int64(_FORMAT),
        "crs": np.str_(net.crs),
        "left_out": np.array([out.components, out.nodes, out.metres], dtype=np.float64),
        **{name: getattr(net, name) for name in _ARRAYS},
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            # Each array starts on a multiple of 64 bytes, where it can be read in place: an extra field that
            # no reader looks at fills up to there (30 bytes of header, 20 of sizes, 4 of the filler's own head).
            at = archive.fp.tell() + 30 + len(member.filename) + 20 + 4  # type: ignore[union-attr]
            member.extra = struct.pack("<HH", _FILLER, -at % 64) + bytes(-at % 64)
            with archive.open(member, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)


def load(path: Path) -> Network:
    """The network of a file that :func:`save` wrote.

    The arrays stay in the file and are read where they are needed, so the file must not be changed while the
    network is in use (:func:`save` to another name and rename).

    Raises
    ------
    DataError
        Not such a file, of another format, or damaged.
    """
    try:
        held = _in_place(path)
        if int(held.pop("format")) != _FORMAT:
            raise ValueError("another format")
        components, n, metres = held.pop("left_out").tolist()
        crs = str(held.pop("crs"))
        return Network(**held, crs=crs, left_out=LeftOut(int(components), int(n), metres))
    except (OSError, ValueError, KeyError, TypeError, EOFError, struct.error, zipfile.BadZipFile) as problem:
        raise errors.DataError(
            "network_unreadable",
            "{file} is not a street network of this version ({problem}). Build it again from the streets.",
            file=str(path),
            problem=str(problem),
        ) from None


def _in_place(path: Path) -> dict[str, Any]:
    """The arrays of an archive that is not packed, mapped and not copied."""
    with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        return {
            member.filename.removesuffix(".npy"): _mapped(content, member) for member in archive.infolist()
        }


def _mapped(content: mmap.mmap, member: zipfile.ZipInfo) -> NDArray[Any]:
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError("packed")
    name, extra = struct.unpack_from("<HH", content, member.header_offset + 26)
    content.seek(member.header_offset + 30 + name + extra)
    if np.lib.format.read_magic(content) != (1, 0):
        raise ValueError("another format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(content)
    if dtype.hasobject or fortran:
        raise ValueError("another format")
    count = math.prod(shape)
    return np.frombuffer(content, dtype, count, content.tell()).reshape(shape)


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
