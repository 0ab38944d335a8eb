"""Streets of OpenStreetMap around one municipality: asked of an Overpass API, or cut out of a regional extract.

Both ways end in the same small PBF: the ways with a ``highway`` that touch the area, whole, with their nodes, sorted
by id. What may be walked on is decided when it is read (:mod:`geo.sources.streets`), not here.

This file is also a program (``python -m geo.sources._osm``): osmnx asks Overpass in a process of its own, because it
waits for a busy server without end and pins host names for the whole process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import osmium
import pyproj
import shapely

from geo import errors
from geo.sources import _http

SIMPLIFIED_M = 50
"""Corners of the area that matter less than this are left out; the area only grows by it."""
_TIMESTAMP = "osmosis_replication_timestamp"
_UNKNOWN = 2**31 - 1  # what the reader gives for a node that is not in the file
_E7 = 1e7

Way = tuple[int, list[int], dict[str, str]]
Nodes = dict[int, tuple[int, int]]


def area(boundary: Any, *, halo_m: float) -> Any:
    """The surroundings of a municipality as far as anybody there may walk.

    Parameters
    ----------
    boundary : shapely geometry
        The municipality in longitude, latitude.
    halo_m : float
        How far beyond its border, metres.

    Returns
    -------
    area : Polygon or MultiPolygon
        Longitude, latitude; contains everything within ``halo_m``, without holes, with few corners.

    Examples
    --------
    >>> town = shapely.box(139.7, 35.6, 139.8, 35.7)
    >>> bool(shapely.contains(area(town, halo_m=1000), shapely.box(139.69, 35.6, 139.8, 35.7)))
    True
    """
    west, south, east, north = shapely.bounds(boundary)
    # Equal distances around the middle of the municipality; over its width the error is far below a metre.
    plane = pyproj.CRS.from_dict({"proj": "aeqd", "lat_0": (south + north) / 2, "lon_0": (west + east) / 2})
    there = pyproj.Transformer.from_crs("EPSG:6668", plane, always_xy=True)
    grown = shapely.buffer(_moved(boundary, there.transform), halo_m + SIMPLIFIED_M)
    filled = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(grown)])
    lean = shapely.simplify(filled, SIMPLIFIED_M)
    back = pyproj.Transformer.from_crs(plane, "EPSG:6668", always_xy=True)
    return shapely.set_precision(_moved(lean, back.transform), 1e-6)


def _moved(shape: Any, transform: Any) -> Any:
    return shapely.transform(shape, lambda xy: np.column_stack(transform(xy[:, 0], xy[:, 1])))


# --- out of a regional extract ----------------------------------------------------------------------------


def extract(source: Path, target: Path, *, shape: Any) -> None:
    """Cut the streets of an area out of a PBF.

    Parameters
    ----------
    source, target : Path
        ``target`` appears whole or not at all.
    shape : shapely geometry
        The area, longitude and latitude.

    Raises
    ------
    SourceError
        ``source`` is cut off or no OpenStreetMap data, or has no street in the area.
    """
    file = osmium.io.File(str(source.resolve()), "pbf")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="ibasho-", dir=target.parent) as folder:
            # The places of all nodes of a region need gigabytes: they wait on the disk, not in memory.
            index = f"sparse_file_array,{Path(folder) / 'nodes'}"
            edition = _edition(file)
            nodes, ways = _touching(_ways(file, index), shape)
    except (RuntimeError, ValueError) as problem:
        raise errors.SourceError(
            "fetch_extract_broken",
            "{file} cannot be read as OpenStreetMap data ({problem}). Fetch it again with --refresh.",
            file=str(source),
            problem=str(problem),
        ) from None
    _write(target, nodes, ways, edition, source=source.name)


def _edition(file: Any) -> str | None:
    with osmium.io.Reader(file, osmium.osm.NOTHING) as reader:
        return reader.header().get(_TIMESTAMP) or None


def _ways(file: Any, index: str) -> Iterable[tuple[Way, list[tuple[int, int]]]]:
    streets = osmium.FileProcessor(file, osmium.osm.NODE | osmium.osm.WAY).with_locations(index)
    chosen = osmium.filter.EntityFilter(osmium.osm.WAY)
    for way in streets.with_filter(chosen).with_filter(osmium.filter.KeyFilter("highway")):
        if isinstance(way, osmium.osm.Way):
            nodes = [(node.ref, node.x, node.y) for node in way.nodes]
            yield (way.id, [ref for ref, _, _ in nodes], dict(way.tags)), [(x, y) for _, x, y in nodes]


def _touching(ways: Iterable[tuple[Way, list[tuple[int, int]]]], shape: Any) -> tuple[Nodes, list[Way]]:
    """The ways that touch the area, and the places of their nodes."""
    shapely.prepare(shape)
    west, south, east, north = (round(edge * _E7) for edge in shapely.bounds(shape))
    nodes: Nodes = {}
    kept: dict[int, Way] = {}
    for way, places in ways:
        known = [(x, y) for x, y in places if x != _UNKNOWN]
        xs, ys = [x for x, _ in known], [y for _, y in known]
        if len(known) < 2 or max(xs) < west or min(xs) > east or max(ys) < south or min(ys) > north:
            continue
        if shapely.intersects(shape, shapely.LineString(np.array(known) / _E7)):
            kept[way[0]] = way
            nodes |= {ref: xy for ref, xy in zip(way[1], places, strict=True) if xy[0] != _UNKNOWN}
    return nodes, [kept[key] for key in sorted(kept)]


def _write(target: Path, nodes: Nodes, ways: list[Way], edition: str | None, *, source: str) -> None:
    if not ways:
        raise errors.SourceError(
            "fetch_no_streets",
            "{source} has no street in this municipality. Is the code of the project right?",
            source=source,
        )
    header = osmium.io.Header()
    if edition:
        header.set(_TIMESTAMP, edition)
    beside = target.with_name(target.name + ".new")
    target.parent.mkdir(parents=True, exist_ok=True)
    with osmium.SimpleWriter(osmium.io.File(str(beside), "pbf"), header=header, overwrite=True) as writer:
        for key in sorted(nodes):
            x, y = nodes[key]
            writer.add_node(osmium.osm.mutable.Node(id=key, location=(x / _E7, y / _E7)))
        for key, refs, tags in ways:
            writer.add_way(osmium.osm.mutable.Way(id=key, nodes=refs, tags=tags))
    beside.replace(target)


# --- out of an Overpass API -------------------------------------------------------------------------------


def overpass(target: Path, *, shape: Any, settings: _http.Settings, max_bytes: int) -> None:
    """Ask an Overpass API for the streets of an area.

    Parameters
    ----------
    target : Path
        Appears whole or not at all.
    shape : shapely geometry
        The area, longitude and latitude.
    settings : Settings
        Names the API, and the time that all waiting may take.
    max_bytes : int
        The most that an answer may weigh.

    Raises
    ------
    SourceError
        ``fetch_offline`` without a route; ``fetch_overpass_slow`` when the time is up; ``fetch_overpass`` with
        what the server said.
    """
    host = urlsplit(settings.overpass).hostname
    target.parent.mkdir(parents=True, exist_ok=True)
    # A folder for this question alone: osmnx keeps its answers in files that a kill would leave half written.
    with tempfile.TemporaryDirectory(prefix="ibasho-", dir=target.parent) as folder:
        order = {
            "endpoint": settings.overpass,
            "folder": folder,
            "polygons": [polygon.wkt for polygon in shapely.get_parts(shape)],
            "max_bytes": max_bytes,
            "timeout_s": settings.timeout_s,
        }
        _raise(_in_a_process(order, host, settings.overpass_wall_s), host)
        answers = [json.loads(answer.read_bytes()) for answer in sorted(Path(folder).glob("*.json"))]
    edition = max((a.get("osm3s", {}).get("timestamp_osm_base", "") for a in answers), default="")
    nodes, ways = _touching(_elements(answers), shape)
    _write(target, nodes, ways, edition or None, source=str(host))


def _raise(told: Mapping[str, Any], host: str | None) -> None:
    if told["offline"]:
        raise errors.SourceError(
            "fetch_offline", "{host} cannot be reached ({problem}).", host=host, problem=told["problem"]
        )
    if told["problem"]:
        raise errors.SourceError(
            "fetch_overpass",
            "{host} did not give the streets ({problem}). Try again later, name another Overpass API in "
            "IBASHO_OVERPASS, or fetch osm-geofabrik.",
            host=host,
            problem=told["problem"],
        )


def _in_a_process(order: Mapping[str, object], host: str | None, wall_s: float) -> dict[str, Any]:
    environment = dict(os.environ)
    if _http.is_loopback(str(order["endpoint"])):
        environment |= {"NO_PROXY": "*", "no_proxy": "*"}
    command = [sys.executable, "-m", "geo.sources._osm"]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(order).encode(),
            capture_output=True,
            env=environment,
            timeout=wall_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise errors.SourceError(
            "fetch_overpass_slow",
            "{host} did not answer within {seconds} s; it is busy. Try again later, name another Overpass API in "
            "IBASHO_OVERPASS, or fetch osm-geofabrik.",
            host=host,
            seconds=round(wall_s),
        ) from None
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit {done.returncode}"]
        return {"problem": last[0], "offline": False}


def _elements(answers: list[dict[str, Any]]) -> Iterable[tuple[Way, list[tuple[int, int]]]]:
    elements = [element for answer in answers for element in answer.get("elements", [])]
    places = {
        e["id"]: (round(e["lon"] * _E7), round(e["lat"] * _E7)) for e in elements if e["type"] == "node"
    }
    for e in elements:
        if e["type"] == "way" and "highway" in e.get("tags", {}):
            refs = [int(ref) for ref in e["nodes"]]
            yield (
                (int(e["id"]), refs, dict(e["tags"])),
                [places.get(ref, (_UNKNOWN, _UNKNOWN)) for ref in refs],
            )


class _AnswerError(Exception):
    """The server answered, but not with streets."""


def _ask(order: Mapping[str, Any]) -> None:
    """Put the answers of the API into the folder: osmnx asks, divides large areas and respects the server's slots."""
    import osmnx
    from osmnx import settings

    _reach(order["endpoint"], order["timeout_s"])
    settings.overpass_url = order["endpoint"]
    settings.cache_folder = order["folder"]
    settings.use_cache = settings.cache_only_mode = True
    settings.doh_url_template = None  # never ask a third party where a host is
    settings.http_user_agent = settings.http_referer = _http.user_agent()
    settings.requests_timeout = max(order["timeout_s"], 180 if order["timeout_s"] >= 30 else 1)
    limit = int(order["max_bytes"])
    settings.requests_kwargs = {
        "allow_redirects": False,
        "stream": True,
        "hooks": {"response": lambda answer, **_: _inspected(answer, limit)},
    }
    for polygon in map(shapely.from_wkt, order["polygons"]):
        try:
            osmnx.graph_from_polygon(polygon, custom_filter='["highway"]', simplify=False, retain_all=True)
        except osmnx._errors.CacheOnlyInterruptError:
            continue  # this is how it says that the answers are in the folder


class _OfflineError(Exception):
    """There is no route to the server."""


def _reach(endpoint: str, timeout_s: float) -> None:
    """Knock first: osmnx would wait a minute for a server that is not there."""
    request = urllib.request.Request(  # noqa: S310  (the address was checked with the settings)
        f"{endpoint}/status", headers={"User-Agent": _http.user_agent()}
    )
    try:
        _http.opener(endpoint).open(request, timeout=timeout_s).close()
    except urllib.error.HTTPError as answer:
        answer.close()  # whoever refuses is there
    except OSError as problem:
        raise _OfflineError(str(getattr(problem, "reason", problem))) from None


def _inspected(answer: Any, limit: int) -> Any:
    """Refuse what is no answer to the question before osmnx takes it for one."""
    if answer.request.method != "POST" or answer.status_code in (429, 504):
        return answer
    body = b""
    for chunk in answer.iter_content(1 << 16):
        body += chunk
        if len(body) > limit:
            raise _AnswerError(f"more than {limit // 1_000_000} MB")
    answer._content = body
    if answer.status_code != 200:
        raise _AnswerError(f"status {answer.status_code}")
    try:
        remark = json.loads(body).get("remark")
    except (ValueError, AttributeError):
        raise _AnswerError(f"no JSON: {body[:60]!r}") from None
    if remark:
        raise _AnswerError(str(remark)[:200])
    return answer


def main() -> None:
    """Ask as the order on stdin says; tell on stdout what went wrong."""
    told: dict[str, object] = {"problem": None, "offline": False}
    try:
        _ask(json.load(sys.stdin))
    except _AnswerError as problem:
        told["problem"] = str(problem)
    except _OfflineError as problem:
        told |= {"problem": str(problem), "offline": True}
    except OSError as problem:  # a line that broke, a disk that is full
        told["problem"] = f"{type(problem).__name__}: {problem}"[:200]
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
