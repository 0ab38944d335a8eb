"""From the plan to a city: towns, blocks and streets on flat paper, bent at the end like a real city.

Plain arithmetic on snapped coordinates and Python's own random numbers decide everything, so that the
result should not depend on the processor.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import shapely
from pyproj import Transformer
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon
from shapely.geometry import Point as Spot
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize, split
from shapely.strtree import STRtree

from . import plan

if TYPE_CHECKING:
    from .plan import Point, Polyline, Quarter

SNAP_M = 0.05
TRACK_SETBACK_M = 14.0
CRUMB_M2 = 30.0
_TO_DEGREES = Transformer.from_crs(6677, 6668, always_xy=True)

# Lines on the paper, the strongest first: where two fall together the street is of the first kind.
KINDS = ("rail", "road", "chome", "block", "bank", "coast", "border")


# --- bending ----------------------------------------------------------------------------------------------


@cache
def _knot(layer: str, i: int, j: int) -> float:
    return Random(f"{plan.SEED}:{layer}:{i}:{j}").random() * 2 - 1


def _wave(layer: str, x: float, y: float, length: float) -> float:
    """Smooth noise between -1 and 1 (value noise with a cubic step)."""
    i, j = math.floor(x / length), math.floor(y / length)
    a, b = x / length - i, y / length - j
    a, b = a * a * (3 - 2 * a), b * b * (3 - 2 * b)
    low = _knot(layer, i, j) * (1 - a) + _knot(layer, i + 1, j) * a
    high = _knot(layer, i, j + 1) * (1 - a) + _knot(layer, i + 1, j + 1) * a
    return low * (1 - b) + high * b


def _slope(x: float, y: float) -> float:
    """How hilly the paper is here: 0 in the plain, 1 on the north-western heights."""
    east = min(max((1850 - x) / 500, 0), 1)
    north = min(max((y - 2250) / 500, 0), 1)
    return east * north


def bend(x: float, y: float) -> Point:
    """Move a spot from the flat paper to the bent city."""
    hill = _slope(x, y)
    dx = 46 * _wave("bx", x, y, 800) + 9 * _wave("sx", x, y, 260) + 36 * hill * _wave("hx", x, y, 230)
    dy = 46 * _wave("by", x, y, 800) + 9 * _wave("sy", x, y, 260) + 36 * hill * _wave("hy", x, y, 230)
    return x + dx, y + dy


def step_m(quarter: str) -> float:
    """Distance between the shape nodes of a street: the winding ones need more."""
    return 30.0 if quarter == "hill" else 46.0


def bent(line: Iterable[Point], *, step_m: float = 46.0) -> list[Point]:
    """Bend a line with enough points on the way that it curves."""
    points = list(line)
    out = [bend(*points[0])]
    for (x0, y0), (x1, y1) in pairwise(points):
        pieces = max(1, math.ceil(math.dist((x0, y0), (x1, y1)) / step_m))
        out += [bend(x0 + (x1 - x0) * k / pieces, y0 + (y1 - y0) * k / pieces) for k in range(1, pieces + 1)]
    return out


def to_degrees(x: float, y: float) -> Point:
    """Longitude and latitude (JGD2011) of a spot in the bent city, to the centimetre."""
    lon, lat = _TO_DEGREES.transform(plan.EASTING_M + x, plan.NORTHING_M + y)
    return round(lon, 7), round(lat, 7)


def shape_to_degrees(shape: BaseGeometry) -> BaseGeometry:
    """Project a whole shape, to the centimetre."""
    return shapely.transform(shape, lambda xy: [to_degrees(x, y) for x, y in xy.tolist()])


# --- cutting the paper ------------------------------------------------------------------------------------


def _sides(line: Polyline, half_width: float) -> tuple[list[Point], list[Point]]:
    """The two banks of a line."""
    left, right = [], []
    for k, (x, y) in enumerate(line):
        (x0, y0), (x1, y1) = line[max(k - 1, 0)], line[min(k + 1, len(line) - 1)]
        length = math.dist((x0, y0), (x1, y1))
        nx, ny = -(y1 - y0) / length * half_width, (x1 - x0) / length * half_width
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    return left, right


def _rounded(line: Polyline, times: int = 3) -> Polyline:
    """Cut the corners of a line (Chaikin 1974)."""
    points = list(line)
    for _ in range(times):
        inner = [
            ((a[0] * p + b[0] * (1 - p)), (a[1] * p + b[1] * (1 - p)))
            for a, b in pairwise(points)
            for p in (0.75, 0.25)
        ]
        points = [points[0], *inner, points[-1]]
    return tuple(points)


@dataclass
class Line:
    """A line on the flat paper."""

    shape: LineString
    kind: str
    number: int
    quarter: str = ""
    highway: str = ""
    name: str = ""


@dataclass
class Cell:
    """A 丁目 (or a town without 丁目) while the city is drawn."""

    shape: Polygon
    quarter: str
    town: int  # number of the town cell within its quarter
    chome: int


def _extent(shape: Polygon, u: Point) -> tuple[float, float]:
    along = [x * u[0] + y * u[1] for x, y in shape.exterior.coords]
    return min(along), max(along)


def _cut(shape: Polygon, quarter: Quarter, rng: Random) -> tuple[list[Polygon], LineString] | None:
    """Cut a piece of land in two across its longer side."""
    for attempt in range(8):
        wobble = 0.0 if quarter.grid_m else rng.uniform(-1, 1) * quarter.wobble_deg
        turn = math.radians(quarter.angle_deg + wobble)
        u, v = (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))
        (u0, u1), (v0, v1) = _extent(shape, u), _extent(shape, v)
        long_u = (u1 - u0) >= (v1 - v0) * rng.uniform(0.92, 1.08)
        if attempt > 4:
            long_u = not long_u
        low, high = (u0, u1) if long_u else (v0, v1)
        at = low + (high - low) * (0.5 + rng.uniform(-0.13, 0.13))
        if quarter.grid_m is not None:
            pitch = quarter.grid_m[0 if long_u else 1]
            at = round(at / pitch) * pitch
            if not low + 0.3 * pitch < at < high - 0.3 * pitch:
                continue
        (a, b), across = ((u, v), (v0, v1)) if long_u else ((v, u), (u0, u1))
        ends = [(a[0] * at + b[0] * s, a[1] * at + b[1] * s) for s in (across[0] - 5, across[1] + 5)]
        blade = LineString(ends)
        pieces = [p for p in split(shape, blade).geoms if isinstance(p, Polygon)]
        if len(pieces) >= 2 and min(p.area for p in pieces) > 0.2 * shape.area / (len(pieces) - 1):
            return pieces, blade
    return None


def _divide(
    shape: Polygon, target_m2: float, quarter: Quarter, rng: Random
) -> tuple[list[Polygon], list[LineString]]:
    """Cut until every piece is about as large as wanted."""
    todo, done, cuts = [shape], [], []
    while todo:
        piece = todo.pop()
        if piece.area <= target_m2 * rng.uniform(1.05, 1.7):
            done.append(piece)
            continue
        result = _cut(piece, quarter, rng)
        if result is None:
            done.append(piece)
            continue
        pieces, blade = result
        todo += sorted(pieces, key=lambda p: p.bounds)
        inside = blade.intersection(piece)
        cuts += [part for part in getattr(inside, "geoms", [inside]) if isinstance(part, LineString)]
    done.sort(key=lambda p: (round(p.centroid.y / 60), p.centroid.x))
    return done, cuts


@dataclass
class Paper:
    """The flat city."""

    land: dict[str, Polygon]  # mainland (with the river), island
    river: Polygon
    lines: list[Line] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)


def _boundary_lines(paper: Paper) -> None:
    _add(paper, LineString(plan.BORDER), "border")
    _add(paper, LineString(plan.COAST), "coast")
    _add(paper, LineString([*plan.ISLAND, plan.ISLAND[0]]), "coast")


def _add(
    paper: Paper, shape: LineString, kind: str, quarter: str = "", highway: str = "", name: str = ""
) -> None:
    paper.lines.append(Line(shape, kind, len(paper.lines), quarter, highway, name))


def draw() -> Paper:
    """Draw the flat city: land, main lines, towns, 丁目 and blocks."""
    mainland, island = Polygon(plan.MAINLAND), Polygon(plan.ISLAND)
    left, right = _sides(_rounded(plan.RIVER), plan.RIVER_HALF_WIDTH_M)
    river = Polygon(left + right[::-1]).intersection(mainland)
    paper = Paper({"mainland": mainland, "island": island}, river)
    _boundary_lines(paper)
    for side in (left, right):
        _add(paper, LineString(side).intersection(mainland), "bank", highway="path")
    _add(paper, LineString(plan.RAIL).intersection(mainland), "rail")
    for road in plan.ROADS:
        line = LineString(road.line).intersection(mainland)
        _add(paper, line, "road", "", road.highway, road.name)
    main = shapely.unary_union([line.shape for line in paper.lines], grid_size=SNAP_M)
    pieces = [p for p in polygonize(main) if not river.contains(p.representative_point())]
    pieces.sort(key=lambda p: (round(p.centroid.y / 50), p.centroid.x))
    banks = LineString(_rounded(plan.RIVER))
    towns: dict[str, int] = defaultdict(int)
    for piece in pieces:
        spot = piece.representative_point()
        name = plan.quarter_of(
            piece.centroid.x,
            piece.centroid.y,
            west_bank=_is_left(banks, spot),
            north_of_rail=spot.y > _height(plan.RAIL, spot.x),
        )
        _fill(paper, piece, plan.QUARTERS[name], towns)
    return paper


def _is_left(line: LineString, spot: Spot) -> bool:
    """West of the river at the height of the spot."""
    return bool(spot.x < _height(tuple((y, x) for x, y in reversed(list(line.coords))), spot.y))


def _height(line: Polyline, x: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(line):
        if x0 <= x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return line[-1][1] if x > line[-1][0] else line[0][1]


def _fill(paper: Paper, piece: Polygon, quarter: Quarter, towns: dict[str, int]) -> None:
    """Lay out the towns, 丁目 and blocks of one piece of a quarter."""
    rng = Random(f"{plan.SEED}:fill:{quarter.name}:{towns[quarter.name]}:{round(piece.area)}")
    town_cells, cuts = _divide(piece, quarter.town_m2, quarter, rng)
    for town in town_cells:
        towns[quarter.name] += 1
        chomes, more = _divide(town, quarter.chome_m2, quarter, rng)
        cuts += more
        for number, chome in enumerate(chomes, start=1):
            paper.cells.append(Cell(chome, quarter.name, towns[quarter.name], number))
            _blocks, minor = _divide(chome, quarter.block_m2, quarter, rng)
            for line in minor:
                _add(paper, line, "block", quarter.name)
    for line in cuts:
        _add(paper, line, "chome", quarter.name)


# --- from lines to streets --------------------------------------------------------------------------------


@dataclass
class Edge:
    """A straight piece between two crossings on the flat paper."""

    a: Point
    b: Point
    line: Line

    @property
    def length(self) -> float:
        return math.dist(self.a, self.b)


def node_lines(paper: Paper) -> list[Edge]:
    """Cut every line where it meets another; where lines fall together the strongest stays."""
    noded = shapely.unary_union([line.shape for line in paper.lines], grid_size=SNAP_M)
    tree = STRtree([line.shape for line in paper.lines])
    edges = []
    parts = noded.geoms if isinstance(noded, MultiLineString) else [noded]
    for part in parts:
        points = list(part.coords)
        for p, q in pairwise(points):
            a, b = sorted(((round(p[0], 2), round(p[1], 2)), (round(q[0], 2), round(q[1], 2))))
            if a == b:
                continue
            middle = Spot((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
            near = [paper.lines[k] for k in tree.query(middle, predicate="dwithin", distance=0.3)]
            if near:
                edges.append(Edge(a, b, min(near, key=lambda line: (KINDS.index(line.kind), line.number))))
    edges.sort(key=lambda e: (e.line.number, e.a, e.b))
    return edges


@dataclass
class City:
    """The city on bent paper, in metres from its corner."""

    mainland: Polygon
    island: Polygon
    islets: list[Polygon]
    river: BaseGeometry
    areas: list[tuple[Cell, BaseGeometry]]
    edges: list[Edge]


def build() -> City:
    """Draw the city and bend it."""
    paper = draw()
    edges = node_lines(paper)
    curved = [LineString(bent([e.a, e.b], step_m=step_m(e.line.quarter))) for e in edges]
    flat_faces = list(polygonize([LineString([e.a, e.b]) for e in edges]))
    tree = STRtree([cell.shape for cell in paper.cells])
    middles = {face.representative_point().coords[0]: face for face in flat_faces}
    by_cell: dict[int, list[Polygon]] = defaultdict(list)
    water: list[Polygon] = []
    bent_by_edge = {(e.a, e.b): list(c.coords) for e, c in zip(edges, curved, strict=True)}
    for spot, face in sorted(middles.items()):
        shape = _bent_face(face, bent_by_edge)
        hits = tree.query(Spot(spot), predicate="within")
        if paper.river.contains(Spot(spot)):
            water.append(shape)
        elif len(hits):
            by_cell[int(min(hits))].append(shape)
    areas = [(cell, union(by_cell[k])) for k, cell in enumerate(paper.cells) if by_cell[k]]
    river = union(water)
    island = union([shape for cell, shape in areas if cell.quarter == "island"])
    mainland = union([shape for cell, shape in areas if cell.quarter != "island"] + [river])
    islets = [Polygon(bent([*ring, ring[0]])) for ring in plan.ISLETS]
    return City(mainland, island, islets, river, areas, edges)


def _bent_face(face: Polygon, bent_by_edge: dict[tuple[Point, Point], list[Point]]) -> Polygon:
    def ring(points: list[Point]) -> list[Point]:
        out: list[Point] = []
        for p, q in pairwise(points):
            way = bent_by_edge[(p, q)] if p < q else bent_by_edge[(q, p)][::-1]
            out += way[:-1]
        return out

    return Polygon(ring(list(face.exterior.coords)), [ring(list(r.coords)) for r in face.interiors])


def union(shapes: list[Any]) -> BaseGeometry:
    """One shape of many, without the tiny holes that rounding leaves between neighbours."""
    whole = shapely.unary_union(shapes, grid_size=0.01)
    kept = [
        Polygon(part.exterior, [ring for ring in part.interiors if Polygon(ring).area > CRUMB_M2])
        for part in getattr(whole, "geoms", [whole])
    ]
    return kept[0] if len(kept) == 1 else MultiPolygon(kept)
