"""Streets for walking: OpenStreetMap extracts, OSMnx graphs and line layers.

Which ways may be walked
------------------------
The usual filter of the field for walking networks (that of OSMnx, Boeing 2017, "walk"), in rules of our own. A
way stays out by the first rule that it meets; how many did, and by which rule, is noted with the dataset.

================  ==========================================================================================
reason            tags
================  ==========================================================================================
ferry             ``route=ferry`` (railways are no streets: without ``highway`` they are never looked at)
not_for_walking   ``highway`` is motorway, motorway_link, bus_guideway, busway, raceway, escape, rest_area,
                  services, elevator, platform, emergency_bay or via_ferrata; or ``motorroad=yes``
not_there         ``highway`` is proposed, planned, construction, abandoned, disused, razed, demolished or no
area              ``area=yes``: the outline of a square is no way across it
foot_no           ``foot`` is no, private or customers
cycleway          ``highway=cycleway`` without permission
private           ``access`` is no, private, military or customers without permission; ``service=private``
indoor            ``highway=corridor`` or ``indoor=yes`` without permission: closed at night, doors unknown
================  ==========================================================================================

*Permission* is ``foot`` = yes, designated or permissive. All other values of ``highway`` are walked on: trunk and
primary roads too (Japanese national roads have pavements), ``service`` roads and driveways, paths, tracks. Tunnels,
bridges, underpasses and passages through buildings are ways like others. Streets whose pavement is drawn apart
(``sidewalk=separate``) stay in, which OSMnx leaves out: where the pavements are drawn in part only, leaving them
out would cut streets off. One-way signs mean nothing to people on foot. ``highway=steps`` is ``stairs``.

References
----------
.. [1] G. Boeing (2017), "OSMnx: new methods for acquiring, constructing, analyzing, and visualizing complex street
   networks", Computers, Environment and Urban Systems 65, 126-139.
"""

from __future__ import annotations

import ast
import bz2
import gzip
import re
import xml.etree.ElementTree as ET
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from geo import errors, schemas
from geo.sources import _duck, _tables, _vectors
from geo.sources._reading import Note, Reading, digest

NOT_FOR_WALKING = frozenset(
    (
        "motorway",
        "motorway_link",
        "bus_guideway",
        "busway",
        "raceway",
        "escape",
        "rest_area",
        "services",
        "elevator",
        "platform",
        "emergency_bay",
        "via_ferrata",
    )
)
NOT_THERE = frozenset(
    ("proposed", "planned", "construction", "abandoned", "disused", "razed", "demolished", "no")
)
PERMITTED = frozenset(("yes", "designated", "permissive"))
FORBIDDEN_FOOT = frozenset(("no", "private", "customers"))
FORBIDDEN_ACCESS = frozenset(("no", "private", "military", "customers"))
WALKERS_OWN = frozenset(("footway", "path", "pedestrian", "steps"))
OSM_LICENCE = "ODbL 1.0, © OpenStreetMap contributors"

_GEOD = pyproj.Geod(ellps="GRS80")
_UNKNOWN = 2**31 - 1  # what the reader gives for a node that is not in the file
_E7 = 1e7  # OpenStreetMap keeps ten-millionths of a degree
_HEAD = 4096

Strings = NDArray[np.object_]


def why_not(tags: Mapping[str, str]) -> str | None:
    """Why nobody may walk on a way, a reason of the table above; None: one may.

    Examples
    --------
    >>> why_not({"highway": "residential"})
    >>> why_not({"highway": "service", "access": "private"}), why_not({"highway": "motorway"})
    ('private', 'not_for_walking')
    """
    return next((reason for reason, rule in _RULES if rule(tags)), None)


def _permitted(tags: Mapping[str, str]) -> bool:
    return tags.get("foot") in PERMITTED


_RULES: tuple[tuple[str, Callable[[Mapping[str, str]], bool]], ...] = (
    ("ferry", lambda t: t.get("route") == "ferry"),
    ("not_for_walking", lambda t: t.get("highway") in NOT_FOR_WALKING or t.get("motorroad") == "yes"),
    ("not_there", lambda t: t.get("highway") in NOT_THERE),
    ("area", lambda t: t.get("area") == "yes"),
    ("foot_no", lambda t: t.get("foot") in FORBIDDEN_FOOT),
    ("cycleway", lambda t: t.get("highway") == "cycleway" and not _permitted(t)),
    (
        "private",
        lambda t: (
            (t.get("access") in FORBIDDEN_ACCESS and not _permitted(t)) or t.get("service") == "private"
        ),
    ),
    (
        "indoor",
        lambda t: (t.get("highway") == "corridor" or t.get("indoor") == "yes") and not _permitted(t),
    ),
)


# --- what a file is ---------------------------------------------------------------------------------------


def looks_like(path: Path) -> bool:
    """Whether the content is that of a street file: OSM PBF or XML (also packed), GraphML, or a layer of lines."""
    if _flavour(path) is not None:
        return True
    if not _vectors.looks_like(path):
        return False
    try:
        return _vectors.read(path).shape == "line"
    except errors.AtlasError:
        return False


def read(path: Path, *, dataset_id: str = "streets") -> Reading:
    """The walkable streets of a file, one row a piece between two nodes.

    OpenStreetMap ways are cut at every node, so that people may start at each; edges of an OSMnx graph and lines
    of a layer are pieces as they stand (lines are cut where another line ends on one of their vertices).

    Parameters
    ----------
    path : Path
        ``.osm.pbf``, ``.osm`` (also ``.gz``, ``.bz2``), ``.graphml``, or a line layer (GeoJSON, GeoPackage,
        shapefile). The content decides, not the name.
    dataset_id : str

    Returns
    -------
    reading : Reading
        Table ``schemas.Streets``, lengths on the ellipsoid (GRS80); ``rows`` counts the ways of the file.

    Raises
    ------
    SourceError
        Broken, cut off, or none of these formats.
    DataError
        Nothing in it that may be walked.
    CrsError
        A line layer without a system that can be told.
    """
    flavour = _flavour(path)
    if flavour is None:
        return of_layer(_vectors.read(path), dataset_id=dataset_id)
    if flavour == "graphml":
        return _reading(path, _graphml(path), dataset_id)
    return _reading(path, _osm(path, flavour), dataset_id)


def of_layer(layer: _vectors.Layer, *, dataset_id: str = "streets") -> Reading:
    """The same for a layer of lines that is read already."""
    found = _lines(layer)
    return _reading(layer.path, found, dataset_id, sha256=layer.sha256)


def _flavour(path: Path) -> str | None:
    """``pbf``, ``osm``, ``osm.gz``, ``osm.bz2`` or ``graphml`` by the first bytes; None: none of these."""
    if path.suffix.lower() in (".dbf", ".shx", ".prj", ".cpg") or not path.is_file():
        return None
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if head[6:15] == b"OSMHeader":
        return "pbf"
    packed = ".gz" if head.startswith(b"\x1f\x8b") else ".bz2" if head.startswith(b"BZh") else ""
    text = _unpacked_head(path, packed) if packed else head
    if re.search(rb"<osm[\s>]", text):
        return f"osm{packed}"
    return "graphml" if not packed and re.search(rb"<graphml[\s>]", text) else None


def _unpacked_head(path: Path, packed: str) -> bytes:
    try:
        with (gzip.GzipFile if packed == ".gz" else bz2.BZ2File)(path) as stream:
            return stream.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return b""


# --- what every format becomes ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    """Pieces of street in one format's own terms."""

    street_id: Strings
    u: Strings
    v: Strings
    kind: Strings
    geometry: Strings
    rows: int
    kept: int
    """Ways, edges or features of the file that the pieces are of."""
    left_out: Mapping[str, int]
    """Ways that nobody may walk on, by reason."""
    notes: tuple[Note, ...] = ()
    edition: str | None = None
    licence: str | None = None
    encoding: str | None = None
    crs: str | None = None
    grade: NDArray[np.float64] | None = None
    """Rise by length of each piece, from u to v; NaN: not known."""


def _reading(path: Path, found: _Found, dataset_id: str, *, sha256: str | None = None) -> Reading:
    if not len(found.street_id):
        raise errors.DataError(
            "streets_no_walkable",
            "{file} has no street that may be walked: its {rows} ways were all left out. Is it an extract with "
            "the streets of this area?",
            file=path.name,
            rows=found.rows,
        )
    lines = gpd.GeoSeries(found.geometry, crs=schemas.STORED_CRS)
    length_m = _lengths(found.geometry)
    table = gpd.GeoDataFrame(
        {
            "street_id": found.street_id,
            "u": found.u,
            "v": found.v,
            "length_m": length_m,
            "kind": found.kind,
            "stairs": found.kind == "steps",
            "rise_m": np.nan if found.grade is None else np.round(found.grade * length_m, 2),
            "dataset_id": dataset_id,
        },
        geometry=lines,
    )
    return Reading(
        kind="streets",
        dataset_id=dataset_id,
        schema=schemas.Streets,
        table=schemas.conform(schemas.Streets, table),
        file=path.name,
        sha256=sha256 or digest([path]),
        rows=found.rows,
        edition=found.edition,
        licence=found.licence,
        encoding=found.encoding,
        crs=found.crs,
        notes=(*found.notes, *_left_out(found.left_out), *_for_cars(found.kind)),
        kept=found.kept,
    )


_LEFT_OUT = {
    "ferry": Note("info", "streets_ferry", "{n} ferries were left out."),
    "not_for_walking": Note("info", "streets_motorway", "{n} motorways or the like were left out."),
    "not_there": Note("info", "streets_not_there", "{n} ways that are planned or gone were left out."),
    "area": Note("info", "streets_area", "{n} outlines of squares were left out."),
    "foot_no": Note("info", "streets_foot_no", "{n} ways where walking is forbidden were left out."),
    "cycleway": Note("info", "streets_cycleway", "{n} cycleways without permission to walk were left out."),
    "private": Note("info", "streets_private", "{n} private ways were left out."),
    "indoor": Note("info", "streets_indoor", "{n} ways inside buildings were left out."),
    "no_line": Note("info", "streets_no_line", "{n} features that are no lines were left out."),
}


def _left_out(counts: Mapping[str, int]) -> Iterator[Note]:
    return _if_any(*(replace(_LEFT_OUT[reason], values={"n": n}) for reason, n in sorted(counts.items())))


def _for_cars(kinds: Strings) -> list[Note]:
    if {"street", *WALKERS_OWN} & set(pd.unique(kinds)):
        return []
    return [
        Note(
            "unknown",
            "streets_for_cars",
            "There is no footway, path or stairs in it: it was probably made for cars, and walks come out too "
            "long where people have ways of their own.",
        )
    ]


# How a file may say how steep a street is, and what to divide by. A plain "slope" has no unit that could be told.
_SIGNED = {
    "grade": 1,
    "grade_pct": 100,
    "grade_percent": 100,
    "slope_pct": 100,
    "slope_percent": 100,
    "勾配(%)": 100,
}
_UNSIGNED = {"grade_abs": 1}
_NO_UNIT = ("slope", "勾配", "incline")
_STEEPEST = 1.0
"""Nothing that is walked rises by more than its length: such a value is a slip, or in another unit."""


def _grades(records: Sequence[Mapping[str, Any]]) -> tuple[NDArray[np.float64], list[Note]]:
    """How steep each edge or feature is by its own attributes, in the direction of its line."""
    named = [{_tables.heading(key): value for key, value in record.items()} for record in records]
    signed = np.array([_grade(record, _SIGNED) for record in named], dtype=np.float64)
    unsigned = np.array([_grade(record, _UNSIGNED) for record in named], dtype=np.float64)
    only = np.isnan(signed) & ~np.isnan(unsigned)
    grade = np.where(only, unsigned, signed)
    absurd = np.abs(grade) > _STEEPEST
    unitless = sum(any(record.get(name) not in (None, "") for name in _NO_UNIT) for record in named)
    notes = _if_any(
        Note(
            "unknown",
            "streets_grade_unsigned",
            "{n} streets say how steep they are, but not which end is higher: they were taken as rising in the "
            "direction of their line. A walk there and back takes what it takes; one way alone may not.",
            values={"n": int((only & ~absurd).sum())},
        ),
        Note(
            "unknown",
            "streets_grade_absurd",
            "{n} streets would rise by more than their length: how steep they are is taken as unknown.",
            values={"n": int(absurd.sum())},
        ),
        Note(
            "unknown",
            "streets_grade_unit",
            "{n} streets have a slope without a unit, which was not used. Call the column grade (rise by length), "
            "grade_percent or rise_m (metres from the first to the last point).",
            values={"n": unitless if not np.isfinite(grade).any() else 0},
        ),
    )
    return np.where(absurd, np.nan, grade), list(notes)


def _grade(record: Mapping[str, Any], units: Mapping[str, float]) -> float:
    """The first number of these columns, as rise by length."""
    for name, unit in units.items():
        value = _tables.number(record.get(name))
        if value is not None:
            return value / unit
    return float("nan")


def _if_any(*notes: Note) -> Iterator[Note]:
    """Those notes that count something."""
    return (note for note in notes if note.values["n"])  # noqa: PD011  (no pandas)


def _clipped(n: int) -> Note:
    return Note(
        "info",
        "streets_clipped",
        "{n} pieces of street were left out: one of their nodes is not in the file (it ends there).",
        values={"n": n},
    )


def _loops(n: int) -> Note:
    return Note(
        "repaired",
        "streets_loops",
        "{n} pieces from a node to itself were left out.",
        values={"n": n},
    )


def _lengths(lines: Strings) -> NDArray[np.float64]:
    """Metres on the ellipsoid, summed over the vertices of each line."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    same = owner[1:] == owner[:-1]
    a, b = xy[:-1][same], xy[1:][same]
    metres = _GEOD.inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])[2]
    return np.bincount(owner[1:][same], weights=metres, minlength=len(lines)).astype(np.float64)


# --- OpenStreetMap ----------------------------------------------------------------------------------------


_longs = partial(array, "q")


@dataclass
class _Ways:
    """Walkable ways, and their nodes one behind the other."""

    kind: dict[int, str] = field(default_factory=dict)
    count: Any = field(default_factory=_longs)
    """Nodes of each way."""
    ref: Any = field(default_factory=_longs)
    x: Any = field(default_factory=_longs)
    y: Any = field(default_factory=_longs)
    left_out: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    repeated: int = 0


def _osm(path: Path, flavour: str) -> _Found:
    # The format is told, not guessed from the name, and the path is a file of this machine: the reader would
    # also open addresses.
    file = osmium.io.File(str(path.resolve()), flavour)
    try:
        edition = _timestamp(file)
        fast = _duck.ways(path.resolve(), _TAGS) if flavour == "pbf" else None
        ways = _walkable_ways(file) if fast is None else _chosen_ways(fast)
    except (RuntimeError, ValueError) as problem:
        raise errors.SourceError(
            "streets_osm_broken",
            "{file} cannot be read as OpenStreetMap data ({problem}). It was probably cut off; download it "
            "again.",
            file=path.name,
            problem=str(problem),
        ) from None
    return _pieces(ways, edition)


def _timestamp(file: Any) -> str | None:
    """The day of the data, where the extract tells."""
    with osmium.io.Reader(file, osmium.osm.NOTHING) as reader:
        header = reader.header()
        told = header.get("osmosis_replication_timestamp") or header.get("timestamp")
    return told[:10] or None


def _walkable_ways(file: Any) -> _Ways:
    ways = _Ways()
    streets = osmium.filter.KeyFilter("highway", "route")
    entities = osmium.osm.NODE | osmium.osm.WAY
    for entity in osmium.FileProcessor(file, entities).with_locations().with_filter(streets):
        if isinstance(entity, osmium.osm.Way):
            _add_way(ways, entity)
    return ways


def _chosen_ways(fast: _duck.Ways) -> _Ways:
    """The same from ways that were read all at once; equal tags are judged once."""
    tags = fast.tags[list(_TAGS)]
    judged = tags.drop_duplicates()
    verdicts = [_verdict(row) for row in judged.itertuples(index=False, name=None)]
    reason = tags.merge(judged.assign(verdict=verdicts), how="left", on=list(_TAGS))["verdict"].to_numpy(
        dtype=object
    )
    walked = np.equal(reason, _WALKED)
    nodes = np.repeat(walked, fast.count)
    ids = fast.tags["id"].to_numpy()
    left_out = Counter(reason[~walked & ~np.equal(reason, _NO_STREET)].tolist())
    return _Ways(
        kind=dict(zip(ids[walked].tolist(), tags["highway"].to_numpy()[walked].tolist(), strict=True)),
        count=fast.count[walked],
        ref=fast.ref[nodes],
        x=np.where(fast.known[nodes], fast.x[nodes], _UNKNOWN),
        y=np.where(fast.known[nodes], fast.y[nodes], _UNKNOWN),
        left_out=left_out,
        rows=int((~np.equal(reason, _NO_STREET)).sum()),
    )


_TAGS = ("highway", "route", "motorroad", "area", "foot", "access", "service", "indoor")
"""The tags that the rules ask for."""
_WALKED, _NO_STREET = "", "no_street"


@lru_cache(maxsize=1 << 14)
def _verdict(values: tuple[str | None, ...]) -> str:
    """Why a way with these of the tags is left out; empty: it is walked on; a route by land is no way at all."""
    tags = {tag: value for tag, value in zip(_TAGS, values, strict=True) if value is not None}
    if "highway" not in tags and tags.get("route") != "ferry":
        return _NO_STREET
    return why_not(tags) or _WALKED


def _add_way(ways: _Ways, entity: Any) -> None:
    # Only the tags of the rules are asked for: to take all of them out of the reader takes longer than its reading.
    tag = entity.tags.get
    verdict = _verdict(tuple([tag(name) for name in _TAGS]))
    if verdict == _NO_STREET:
        return
    ways.rows += 1
    if verdict != _WALKED:
        ways.left_out[verdict] += 1
    elif entity.id in ways.kind:
        ways.repeated += 1
    else:
        ways.kind[entity.id] = tag("highway")
        ways.count.append(len(entity.nodes))
        for node in entity.nodes:
            place = node.location
            ways.ref.append(node.ref)
            ways.x.append(place.x)
            ways.y.append(place.y)


def _pieces(ways: _Ways, edition: str | None) -> _Found:
    """One piece between each two nodes that follow one another on a way."""
    count, ref = np.asarray(ways.count, dtype=np.int64), np.asarray(ways.ref, dtype=np.int64)
    way = np.repeat(np.arange(len(count)), count)
    position = np.arange(len(way)) - np.repeat(np.cumsum(count) - count, count)
    xy = np.column_stack([ways.x, ways.y])
    known = (xy != _UNKNOWN).all(axis=1)
    first = np.flatnonzero(way[1:] == way[:-1])
    second = first + 1
    placed = known[first] & known[second]
    loop = placed & (ref[first] == ref[second])
    # A way over the date line would run round the earth in any plane.
    round_earth = placed & ~loop & (np.abs(xy[first, 0] - xy[second, 0]) > 180 * _E7)
    good = placed & ~loop & ~round_earth
    first, second = first[good], second[good]
    # Text columns from the first: a million objects would take several times as much memory.
    place, u, v = (pd.Series(ids).astype("str") for ids in (position[first], ref[first], ref[second]))
    owner = "w" + pd.Series(list(ways.kind), dtype="int64").astype("str") + ":"
    kinds = pd.Series(list(ways.kind.values()), dtype="str")
    ends = xy[np.stack([first, second], axis=1)] / _E7
    kept = int(np.count_nonzero(np.bincount(way[first])))
    notes = _if_any(
        _clipped(int((~placed).sum())),
        _loops(int(loop.sum())),
        Note(
            "refused",
            "streets_date_line",
            "{n} pieces over the date line were left out.",
            values={"n": int(round_earth.sum())},
        ),
        Note(
            "info",
            "streets_one_node",
            "{n} ways have fewer than two nodes in the file and were left out.",
            values={"n": len(count) - kept},
        ),
        Note(
            "repaired",
            "streets_repeated",
            "{n} ways stand in the file again; the first one was kept.",
            values={"n": ways.repeated},
        ),
    )
    return _Found(
        street_id=owner.take(way[first]).reset_index(drop=True) + place,
        u=u,
        v=v,
        kind=kinds.take(way[first]).reset_index(drop=True),
        geometry=shapely.linestrings(ends) if len(ends) else np.empty(0, dtype=object),
        rows=ways.rows,
        kept=kept,
        left_out=ways.left_out,
        notes=tuple(notes),
        edition=edition,
        licence=OSM_LICENCE,
        crs="EPSG:4326",
    )


# --- GraphML of OSMnx -------------------------------------------------------------------------------------


@dataclass
class _Graph:
    """A GraphML file: texts by the names of their attributes."""

    about: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, dict[str, str]] = field(default_factory=dict)
    edges: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


def _graphml(path: Path) -> _Found:
    graph = _parsed(path)
    crs = _graph_crs(path, graph.about.get("crs", "epsg:4326"))
    place = _node_places(path, graph)
    grades, grade_notes = _edge_grades(graph)
    pieces: dict[tuple[str, str, bytes], tuple[str, str, str, Any, float]] = {}
    left_out: Counter[str] = Counter()
    lost = loops = 0
    for (u, v, data), grade in zip(graph.edges, grades.tolist(), strict=True):
        kinds, reason = _edge_rule(data)
        if reason is not None:
            left_out[reason] += 1
            continue
        if u not in place or v not in place:
            lost += 1
            continue
        line = _edge_line(path, data, place[u], place[v])
        if u == v and line.length == 0:
            loops += 1
            continue
        # A street of both directions stands there twice; walking needs it once. The line tells them apart from
        # a second street between the same crossings.
        a, b, line, grade = (u, v, line, grade) if u <= v else (v, u, line.reverse(), -grade)
        pieces.setdefault((a, b, _line_key(line, a == b)), (a, b, kinds[0], line, grade))
    rows = list(pieces.values())
    order = Counter[tuple[str, str]]()
    names = []
    for u, v, *_ in rows:
        names.append(f"e{u}:{v}:{order[u, v]}")
        order[u, v] += 1
    lines = gpd.GeoSeries([row[3] for row in rows], crs=crs).to_crs(schemas.STORED_CRS)
    return _Found(
        street_id=_objects(names),
        u=_objects([u for u, *_ in rows]),
        v=_objects([v for _, v, *_ in rows]),
        kind=_objects([row[2] for row in rows]),
        geometry=lines.to_numpy(),
        rows=len(graph.edges),
        kept=len(rows),
        left_out=left_out,
        notes=(*_if_any(_clipped(lost), _loops(loops)), *grade_notes),
        edition=graph.about.get("created_date", "")[:10] or None,
        licence=OSM_LICENCE,
        encoding="utf-8",
        crs=crs.to_string(),
        grade=np.array([row[4] for row in rows], dtype=np.float64),
    )


def _edge_grades(graph: _Graph) -> tuple[NDArray[np.float64], list[Note]]:
    """How steep the edges are: their own attributes, as osmnx adds them, else the heights of their nodes."""
    grade, notes = _grades([data for _, _, data in graph.edges])
    height = {name: _number(data.get("elevation")) for name, data in graph.nodes.items()}
    unknown = float("nan")
    length = np.array([_number(data.get("length")) for _, _, data in graph.edges])
    rise = np.array([height.get(v, unknown) - height.get(u, unknown) for u, v, _ in graph.edges])
    by_nodes = np.divide(rise, length, out=np.full(len(rise), unknown), where=length > 0)
    return np.where(np.isnan(grade) & (np.abs(by_nodes) <= _STEEPEST), by_nodes, grade), notes


def _objects(values: list[Any]) -> Strings:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _parsed(path: Path) -> _Graph:
    graph, names = _Graph(), dict[str, str]()
    try:
        for tag, element in _elements(path):
            if tag == "key":
                names[element.get("id", "")] = element.get("attr.name", "")
            elif tag == "node":
                graph.nodes[element.get("id", "")] = _data(element, names)
                element.clear()
            elif tag == "edge":
                graph.edges.append(
                    (element.get("source", ""), element.get("target", ""), _data(element, names))
                )
                element.clear()
            elif tag == "graph":
                graph.about.update(_data(element, names))
    except (ET.ParseError, ValueError, LookupError) as problem:
        raise _broken_graphml(path, problem) from None
    return graph


def _broken_graphml(path: Path, problem: Exception) -> errors.SourceError:
    return errors.SourceError(
        "streets_graphml_broken",
        "{file} is not complete GraphML ({problem}). It was probably cut off; save it again.",
        file=path.name,
        problem=str(problem),
    )


def _elements(path: Path) -> Iterator[tuple[str, ET.Element]]:
    # The parser fetches nothing from outside, and its library limits what entities may grow to.
    for _, element in ET.iterparse(path, events=("end",)):  # noqa: S314
        yield element.tag.rpartition("}")[2], element


def _data(element: ET.Element, names: Mapping[str, str]) -> dict[str, str]:
    return {
        names.get(child.get("key", ""), ""): child.text or ""
        for child in element
        if child.tag.rpartition("}")[2] == "data"
    }


def _graph_crs(path: Path, told: str) -> pyproj.CRS:
    try:
        return pyproj.CRS.from_user_input(told)
    except pyproj.exceptions.CRSError:
        raise errors.CrsError(
            "crs_unreadable",
            "The coordinate system that {file} declares ({crs}) cannot be understood. Export it in EPSG:6668.",
            file=path.name,
            crs=told[:120],
        ) from None


def _node_places(path: Path, graph: _Graph) -> dict[str, tuple[float, float]]:
    """Where the nodes are; those without coordinates are absent."""
    place = {}
    for name, data in graph.nodes.items():
        x, y = _number(data.get("x")), _number(data.get("y"))
        if np.isfinite(x) and np.isfinite(y):
            place[name] = (x, y)
    if graph.edges and not place:
        raise errors.DataError(
            "streets_no_coordinates",
            "No node of {file} has coordinates (x, y). Save the graph with OSMnx (save_graphml).",
            file=path.name,
        )
    return place


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _edge_rule(data: Mapping[str, str]) -> tuple[list[str], str | None]:
    """The kinds of an edge, and why nobody may walk on it: one forbidden part closes the whole of it."""
    kinds = _values(data.get("highway", "")) or ["street"]
    others = {
        key: _values(data.get(key, "")) or [""] for key in ("foot", "access", "service", "area", "indoor")
    }
    for key, values in [("highway", kinds), *others.items()]:
        for value in values:
            tags = {"highway": kinds[0], "foot": others["foot"][0], key: value}
            reason = why_not(tags)
            if reason is not None:
                return kinds, reason
    return kinds, None


def _values(text: str) -> list[str]:
    """One value, or those of a list as OSMnx writes it for an edge of several ways."""
    if text.startswith("["):
        try:
            return [str(value) for value in ast.literal_eval(text)]
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return [text]
    return [text] if text else []


def _edge_line(path: Path, data: Mapping[str, str], u: tuple[float, float], v: tuple[float, float]) -> Any:
    """The drawn line from u to v, or the straight one."""
    if not data.get("geometry"):
        return shapely.LineString([u, v])
    try:
        drawn = shapely.from_wkt(data["geometry"])
        xy = shapely.get_coordinates(drawn)
        if drawn.geom_type != "LineString" or not np.isfinite(xy).all():
            raise ValueError(drawn.geom_type)
    except (shapely.errors.ShapelyError, ValueError) as problem:
        raise _broken_graphml(path, problem) from None
    # Drawn the other way round when its first vertex is nearer to v.
    turned = np.hypot(*(xy[0] - v)) < np.hypot(*(xy[0] - u))
    xy = xy[::-1].copy() if turned else xy.copy()
    xy[0], xy[-1] = u, v
    return shapely.LineString(xy)


def _line_key(line: Any, loop: bool) -> bytes:
    """The same for a line and, of a loop, for its way back."""
    xy: NDArray[np.int64] = np.rint(shapely.get_coordinates(line) * _E7).astype(np.int64)
    return min(xy.tobytes(), xy[::-1].tobytes()) if loop else xy.tobytes()


# --- line layers ------------------------------------------------------------------------------------------


def _lines(layer: _vectors.Layer) -> _Found:
    frame = layer.frame
    is_line = frame.geom_type.isin(["LineString", "MultiLineString"])
    left_out: Counter[str] = Counter()
    if (~is_line).any():
        left_out["no_line"] = int((~is_line).sum())
    frame = frame[is_line]
    tagged = "highway" in layer.columns
    reasons = (
        [why_not(_tags(row)) for row in frame.drop(columns="geometry").to_dict("records")] if tagged else []
    )
    if tagged:
        left_out.update(reason for reason in reasons if reason is not None)
        frame = frame[[reason is None for reason in reasons]]
    grade, grade_notes = _feature_grades(frame)
    parts = frame.geometry.explode(index_parts=True)
    kinds = frame["highway"].fillna("street").astype(str) if tagged else None
    pieces, owner, u, v = _noded(parts.to_numpy())
    feature = parts.index.get_level_values(0).to_numpy()[owner]
    number = pd.Series(feature).groupby(feature).cumcount()
    return _Found(
        street_id=("f" + pd.Series(feature).astype(str) + ":" + number.astype(str)).to_numpy(dtype=object),
        u=u,
        v=v,
        kind=kinds.loc[feature].to_numpy(dtype=object)
        if kinds is not None
        else _objects(["street"] * len(owner)),
        geometry=pieces,
        rows=layer.rows,
        kept=len(np.unique(feature)),
        left_out=left_out,
        notes=(
            *layer.notes,
            Note(
                "info",
                "streets_joined_at_ends",
                "Lines were joined where one ends on a vertex of another; lines that only cross were not.",
            ),
            *grade_notes,
        ),
        encoding=layer.encoding,
        crs=layer.crs,
        grade=grade.loc[feature].to_numpy(),
    )


def _feature_grades(frame: gpd.GeoDataFrame) -> tuple[pd.Series, list[Note]]:
    """How steep each feature is, evenly over its line; a rise in metres wins over a grade."""
    records = frame.drop(columns="geometry").to_dict("records")
    rises = [_grade({_tables.heading(k): v for k, v in one.items()}, {"rise_m": 1}) for one in records]
    length = _lengths(frame.geometry.to_numpy())
    by_rise = np.divide(rises, length, out=np.full(len(length), np.nan), where=length > 0)
    grade, notes = _grades(records)
    grade = np.where(np.abs(by_rise) <= _STEEPEST, by_rise, grade)
    return pd.Series(grade, index=frame.index), notes


def _tags(row: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in row.items() if isinstance(value, str)}


def _noded(lines: Strings) -> tuple[Strings, NDArray[np.int64], Strings, Strings]:
    """Lines cut at their vertices on which some line ends: pieces, the line of each, names of their ends."""
    if not len(lines):
        return lines, np.empty(0, np.int64), lines, lines
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    _, vertex = np.unique(np.rint(xy * _E7).astype(np.int64), axis=0, return_inverse=True)
    vertex = vertex.ravel()
    first = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
    last = np.append(first[1:], len(owner)) - 1
    is_node = np.zeros(vertex.max() + 1, dtype=bool)
    is_node[vertex[first]] = is_node[vertex[last]] = True
    cuts = np.flatnonzero(is_node[vertex])
    begin, end = cuts[:-1], cuts[1:]
    same = owner[begin] == owner[end]
    begin, end = begin[same], end[same]
    real = ~((end - begin == 1) & (vertex[begin] == vertex[end]))
    begin, end = begin[real], end[real]
    size = end - begin + 1
    piece = np.repeat(np.arange(len(begin)), size)
    inside = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size) + np.repeat(begin, size)
    pieces = shapely.linestrings(xy[inside], indices=piece)
    names = _objects([f"{x:.7f},{y:.7f}" for x, y in xy[np.unique(vertex, return_index=True)[1]]])
    return pieces, owner[begin], names[vertex[begin]], names[vertex[end]]
