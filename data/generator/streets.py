"""Streets of the city as OpenStreetMap ways: which lines are walked, driven, sailed, or were never built."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import osmium
from shapely.geometry import LineString
from shapely.geometry import Point as Spot
from shapely.geometry.base import BaseGeometry

from . import city, plan
from .city import City, Edge

if TYPE_CHECKING:
    from .plan import Point

FIRST_ID = 9_900_000_000  # far above any id of the real map
NEVER = ("border",)  # lines that are only boundaries


@dataclass
class Way:
    """A way on the flat paper."""

    points: list[Point]
    tags: dict[str, str]
    walked: bool = True
    bent: bool = False  # the points are already on bent paper


@dataclass
class Streets:
    """All ways, and the walkable spots of each quarter."""

    ways: list[Way]
    quarter: dict[Point, str] = field(default_factory=dict)  # flat crossing → quarter


def _built(edges: list[Edge]) -> list[Edge]:
    """Leave out streets that were never built, without cutting anybody off."""
    parent: dict[Point, Point] = {}

    def find(p: Point) -> Point:
        while parent.setdefault(p, p) != p:
            parent[p] = parent[parent[p]]
            p = parent[p]
        return p

    keep, maybe = [], []
    for edge in edges:
        rng = Random(f"{plan.SEED}:built:{edge.a}:{edge.b}")
        kind = edge.line.kind
        if kind in NEVER or (kind == "coast" and not _promenade(edge)):
            continue
        share = plan.QUARTERS[edge.line.quarter].drop if edge.line.quarter else 0.0
        if kind == "block" and rng.random() < share:
            maybe.append(edge)
        else:
            keep.append(edge)
            if kind != "rail":
                parent[find(edge.a)] = find(edge.b)
    for edge in maybe:
        if find(edge.a) != find(edge.b):
            parent[find(edge.a)] = find(edge.b)
            keep.append(edge)
    return sorted(keep, key=lambda e: (e.line.number, e.a, e.b))


def _promenade(edge: Edge) -> bool:
    """The western shore and the island's north side may be walked along."""
    middle = (edge.a[0] + edge.b[0]) / 2, (edge.a[1] + edge.b[1]) / 2
    return middle[1] > 480 and middle[0] < 2400


def _before_the_track(edges: list[Edge]) -> list[Edge]:
    """Let streets end before the railway, except at its few crossings."""
    rail = {p for e in edges if e.line.kind == "rail" for p in (e.a, e.b)}
    open_at = {min(rail, key=lambda p: (math.dist(p, spot), p)) for spot in plan.RAIL_CROSSINGS}
    closed = rail - open_at
    out = []
    for edge in edges:
        if edge.line.kind == "rail":
            out.append(edge)
            continue
        a, b = _set_back(edge.a, edge.b, closed), _set_back(edge.b, edge.a, closed)
        hits = (edge.a in closed) + (edge.b in closed)
        if edge.length > _long_enough(hits):
            out.append(Edge(a, b, edge.line))
    return out


def _long_enough(ends: int) -> float:
    """Length that a street must have to be kept when some of its ends are drawn back."""
    return ends * (city.TRACK_SETBACK_M + 6)


def _set_back(end: Point, other: Point, closed: set[Point]) -> Point:
    if end not in closed:
        return end
    share = city.TRACK_SETBACK_M / math.dist(end, other)
    return round(end[0] + (other[0] - end[0]) * share, 2), round(end[1] + (other[1] - end[1]) * share, 2)


def _tags(edge: Edge, on_river: bool) -> dict[str, str]:
    """OSM tags of one piece of street."""
    line, rng = edge.line, Random(f"{plan.SEED}:tags:{edge.line.number}")
    dice, piece = rng.random(), Random(f"{plan.SEED}:piece:{edge.a}:{edge.b}").random()
    if line.kind == "rail":
        return {"railway": "rail", "name": "海原電鉄みなも線"} | (
            {"bridge": "yes", "layer": "1"} if on_river else {}
        )
    if line.kind == "road":
        tags = {"highway": line.highway, "name": line.name, "sidewalk": "both"}
        return tags | ({"bridge": "yes", "layer": "1"} if on_river else {})
    if line.kind == "bank":
        return {"highway": "cycleway", "foot": "yes"} if line.number % 2 else {"highway": "path"}
    if line.kind == "coast":
        return {"highway": "footway", "name": "汐風遊歩道"}
    if line.kind == "chome":
        kind = {"old": "unclassified", "industry": "tertiary"}.get(
            line.quarter, "tertiary" if dice < 0.4 else "unclassified"
        )
        return {"highway": kind} | ({"oneway": "yes"} if dice > 0.85 else {})
    return _minor_tags(line.quarter, dice, piece, edge.length)


def _minor_tags(quarter: str, dice: float, piece: float, length: float) -> dict[str, str]:
    if quarter == "old":
        if dice < 0.18:
            return {"highway": "footway"}
        return {"highway": "living_street" if dice < 0.3 else "residential"} | (
            {"oneway": "yes"} if dice > 0.7 else {}
        )
    if quarter == "hill":
        if piece < 0.2 and length < 90:
            return {"highway": "steps", "step_count": str(max(6, round(length / 1.6)))}
        return {"highway": "path" if dice < 0.08 else "residential"}
    if quarter == "danchi":
        if piece < 0.05:
            return {"highway": "service", "access": "private"}
        return {"highway": "footway" if dice < 0.55 else "service"}
    if quarter == "industry":
        if dice < 0.25:
            return {"highway": "service", "access": "private"}
        if dice < 0.33:
            return {"highway": "service", "foot": "no"}
        return {"highway": "service"}
    return {"highway": "residential"} | ({"oneway": "yes"} if dice > 0.88 else {})


def is_walked(tags: dict[str, str]) -> bool:
    """Whether the plan means people to walk here (the reader has to find this out by itself)."""
    closed = tags.get("access") in {"private", "no"} or tags.get("foot") == "no"
    return "highway" in tags and tags["highway"] not in {"motorway", "motorway_link"} and not closed


def _chains(edges: list[Edge], river: BaseGeometry) -> list[Way]:
    """Join pieces of one line with the same tags to ways of several nodes."""
    runs: list[tuple[int, dict[str, str], list[Point]]] = []
    for number, group in _by_line(edges).items():
        here: list[tuple[int, dict[str, str], list[Point]]] = []
        for edge in _in_order(group):
            middle = Spot((edge.a[0] + edge.b[0]) / 2, (edge.a[1] + edge.b[1]) / 2)
            tags = _tags(edge, river.contains(middle))
            for _, known, points in here:
                if known == tags and edge.a == points[-1]:
                    points.append(edge.b)
                    break
                if known == tags and edge.b == points[-1]:
                    points.append(edge.a)
                    break
            else:
                here.append((number, tags, [edge.a, edge.b]))
        runs += here
    return [Way(points, tags, is_walked(tags)) for _, tags, points in runs]


def _by_line(edges: list[Edge]) -> dict[int, list[Edge]]:
    groups: dict[int, list[Edge]] = defaultdict(list)
    for edge in edges:
        groups[edge.line.number].append(edge)
    return dict(sorted(groups.items()))


def _in_order(edges: list[Edge]) -> list[Edge]:
    """Pieces of one line from its beginning to its end, each looking forward."""
    shape = edges[0].line.shape
    turned = []
    for edge in edges:
        at = [round(shape.project(Spot(p)), 2) for p in (edge.a, edge.b)]
        forward = edge if at[0] <= at[1] else Edge(edge.b, edge.a, edge.line)
        turned.append((min(at), max(at), forward.a, forward))
    return [item[3] for item in sorted(turned, key=lambda item: item[:3])]


def lay(town: City) -> Streets:
    """Turn the noded lines of the city into ways."""
    flat_river = city.draw().river
    edges = _before_the_track(_built(town.edges))
    ways = _chains(edges, flat_river)
    streets = Streets(ways)
    for edge in edges:
        if edge.line.kind == "block" and is_walked(_tags(edge, False)):
            streets.quarter.setdefault(edge.a, edge.line.quarter)
            streets.quarter.setdefault(edge.b, edge.line.quarter)
    walked = sorted({p for way in ways if way.walked for p in way.points})
    ways += _motorway(walked) + _ferry(walked)
    return streets


def _nearest(spot: Point, among: list[Point]) -> Point:
    return min(among, key=lambda p: (math.dist(p, spot), p))


def _motorway(walked: list[Point]) -> list[Way]:
    """A motorway to the island. Its ramps share nodes with streets: only its tags keep people off it."""
    ways = [
        Way(
            list(plan.MOTORWAY),
            {"highway": "motorway", "oneway": "yes", "layer": "2", "bridge": "yes", "name": "海原湾岸道路"},
            False,
        )
    ]
    for start, near in plan.MOTORWAY_RAMPS:
        ways.append(
            Way([start, _nearest(near, walked)], {"highway": "motorway_link", "oneway": "yes"}, False)
        )
    return ways


def _ferry(walked: list[Point]) -> list[Way]:
    """A ferry between two quays that share its nodes."""
    quay, pier = plan.FERRY[0], plan.FERRY[-1]
    return [
        Way([_nearest(quay, walked), quay], {"highway": "footway", "name": "みなも桟橋"}),
        Way([_nearest(pier, walked), pier], {"highway": "footway", "name": "沖見桟橋"}),
        Way(list(plan.FERRY), {"route": "ferry", "foot": "yes", "name": "沖見渡船"}, False),
    ]


def write_pbf(path: Path, streets: Streets) -> None:
    """Write nodes, then ways, both numbered from south-west, without a clock and without compression."""
    numbered: dict[Point, int] = {}
    lines: list[tuple[dict[str, str], list[Point]]] = []
    level = _rail_points(streets)
    marks: dict[Point, dict[str, str]] = {}
    for way in streets.ways:
        nodes: list[Point] = []
        for a, b in pairwise(way.points):
            some = city.bent(
                *(([a, b],) if a < b else ([b, a],)), step_m=city.step_m(_quarter_at(streets, a))
            )
            some = some if a < b else some[::-1]
            here = [city.to_degrees(*p) for p in some]
            nodes += here if not nodes else here[1:]
        lines.append((way.tags, _without_repeats(nodes)))
        if way.walked:
            for p in way.points:
                if p in level:
                    marks[city.to_degrees(*city.bend(*p))] = {"railway": "level_crossing"}
    for name, spot in _stations(streets):
        marks[spot] = {"railway": "station", "name": name}
    for spot in sorted({p for _, nodes in lines for p in nodes}, key=lambda p: (p[1], p[0])):
        numbered[spot] = FIRST_ID + len(numbered)
    header = osmium.io.Header()
    header.set("generator", "ibasho-atlas sample")
    header.add_box(_box(numbered))
    path.unlink(missing_ok=True)
    target = osmium.io.File(str(path), "pbf,pbf_compression=none,add_metadata=false")
    with osmium.SimpleWriter(target, header=header) as out:
        for spot, number in numbered.items():
            out.add_node(osmium.osm.mutable.Node(id=number, location=spot, tags=marks.get(spot, {})))
        for number, (tags, nodes) in enumerate(lines, start=FIRST_ID):
            out.add_way(osmium.osm.mutable.Way(id=number, nodes=[numbered[p] for p in nodes], tags=tags))


def _box(spots: dict[Point, int]) -> osmium.osm.Box:
    lons, lats = [p[0] for p in spots], [p[1] for p in spots]
    return osmium.osm.Box(min(lons), min(lats), max(lons), max(lats))


def _rail_points(streets: Streets) -> set[Point]:
    return {p for way in streets.ways if way.tags.get("railway") == "rail" for p in way.points}


def _stations(streets: Streets) -> list[tuple[str, Point]]:
    """Stations at the points of the track nearest to where the plan has them."""
    track = sorted(_rail_points(streets))
    return [(name, city.to_degrees(*city.bend(*_nearest(at, track)))) for name, at in plan.STATIONS]


def _quarter_at(streets: Streets, p: Point) -> str:
    return streets.quarter.get(p, "")


def _without_repeats(nodes: list[Point]) -> list[Point]:
    return [p for k, p in enumerate(nodes) if k == 0 or p != nodes[k - 1]]


def as_line(way: Way) -> LineString:
    """A way on bent paper."""
    return LineString(city.bent(way.points))
