"""Layers of features in any format to one table in JGD2011, and what was mended.

GDAL sees nothing but the ``.shp`` (and ``.shx``) of a shapefile, copied under a name of our own after their
first bytes were looked at: its other drivers open whatever path the content of a file names. Attributes,
GeoJSON, TopoJSON, GML, KML and GeoPackage are read by own code, which also lets encodings be strict.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import shutil
import sqlite3
import struct
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from geo import errors, schemas
from geo.sources import _gml, _tables
from geo.sources._reading import Note, digest

DRIVERS = frozenset({"ESRI Shapefile", "GPKG", "GeoJSON", "FlatGeobuf", "MEM", "Memory"})
JAPAN = (122.0, 20.0, 154.0, 46.0)
"""West, south, east, north of all of Japan's land, degrees."""

SHP_MAGIC = b"\x00\x00\x27\x0a"
SQLITE_MAGIC = b"SQLite format 3\0"
SUFFIXES = (".shp", ".shx", ".dbf", ".prj", ".cpg")
"""The parts of a shapefile that are looked at."""
_DATUMS = {4326, 4301, 4612, 6668}
_LDID = {0x13: "cp932", 0x7B: "cp932"}
_CODECS = {
    "utf8": "utf-8",
    "65001": "utf-8",
    "932": "cp932",
    "sjis": "cp932",
    "shiftjis": "cp932",
    "ms932": "cp932",
}
Array = np.ndarray[Any, Any]
MAX_FEATURES = 1_000_000
MAX_TEXT = 100_000
_SQLITE_STEPS = 500_000_000
_SQLITE_BYTES = 100_000_000
_EQUAL_AREA = "EPSG:6933"


@dataclass(frozen=True)
class Layer:
    """Features as understood: texts of attributes, repaired geometry in JGD2011.

    Parameters
    ----------
    path : Path
        The user's file.
    frame : GeoDataFrame
        One row a kept feature; the index is the number of the feature in the file, from 1.
    rows : int
        Features in the file.
    """

    path: Path
    frame: gpd.GeoDataFrame
    rows: int
    sha256: str
    encoding: str | None
    crs: str | None
    notes: tuple[Note, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the attributes."""
        return [str(c) for c in self.frame.columns if c != "geometry"]

    @property
    def shape(self) -> str:
        """What most features are: polygon, line, point."""
        kinds = self.frame.geom_type.str.replace("Multi", "", regex=False)
        top = str(kinds.mode().iloc[0]).lower()
        return {"linestring": "line", "linearring": "line"}.get(top, top)


@dataclass(frozen=True)
class _Raw:
    """Attributes and geometry as they stand in the file."""

    attributes: pd.DataFrame
    geometry: Array
    crs: pyproj.CRS | None
    encoding: str
    parts: tuple[Path, ...]
    notes: tuple[Note, ...] = ()


def looks_like(path: Path) -> bool:
    """Whether the first bytes are those of a layer: shapefile part, GeoPackage, a JSON object, GML or KML."""
    if path.suffix.lower() in SUFFIXES:
        return True
    with path.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith((SHP_MAGIC, SQLITE_MAGIC)):
        return True
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") or _gml.looks_like(head)


def read(path: Path, *, swap_xy: bool = False) -> Layer:
    """A layer from a GeoJSON, TopoJSON, GML, KML, shapefile (any of its parts) or GeoPackage.

    ``swap_xy``: its coordinates are exchanged first, because the user says that latitude stands before longitude.

    Raises
    ------
    SourceError
        Truncated, not what its name says, or not safe to read.
    CrsError
        Coordinates without a declared system that are no degrees, or of an unknown datum.
    DataError
        No features, or coordinates that are not in Japan.
    """
    is_part = path.suffix.lower() in SUFFIXES
    found = _shapefile(path) if is_part else _by_content(path, _tables.raw(path))
    return _layer(path, _exchanged(found) if swap_xy else found)


def _exchanged(found: _Raw) -> _Raw:
    present = ~shapely.is_missing(found.geometry)
    geometry = found.geometry.copy()
    geometry[present] = shapely.transform(shapely.force_2d(geometry[present]), lambda xy: xy[:, ::-1])
    note = Note("repaired", "layer_exchanged", "Latitude and longitude were exchanged, as you said.")
    return replace(found, geometry=geometry, notes=(*found.notes, note))


def _by_content(path: Path, content: bytes) -> _Raw:
    if content.startswith(SQLITE_MAGIC):
        return _geopackage(path)
    return _xml(path, content) if _gml.looks_like(content[:4096]) else _geojson(path, content)


def of_json(path: Path, data: Mapping[str, Any], encoding: str) -> Layer:
    """A layer from GeoJSON that is parsed already."""
    return _layer(path, _features(path, data, encoding))


# -- from raw to layer --------------------------------------------------------------------------------------


def _layer(path: Path, found: _Raw) -> Layer:
    if not len(found.geometry):
        raise errors.DataError(
            "layer_no_features", "{file} has no features. Export the layer again.", file=path.name
        )
    _check_size(path, found)
    present = ~(shapely.is_missing(found.geometry) | shapely.is_empty(found.geometry))
    if not present.any():
        raise errors.DataError(
            "layer_no_geometry",
            "None of the {n} features of {file} has a position. Export the layer again, with its geometry.",
            file=path.name,
            n=len(found.geometry),
        )
    numbers = np.arange(1, len(found.geometry) + 1)
    notes = list(found.notes)
    notes += [_no_geometry(int(n)) for n in numbers[~present]]
    flat = shapely.force_2d(found.geometry[present])
    points, moved, crs = _placed(path, flat, numbers[present], found.crs)
    repaired, mended = _repaired(points, numbers[present])
    frame = gpd.GeoDataFrame(
        found.attributes.loc[present].set_axis(numbers[present]), geometry=repaired, crs=schemas.STORED_CRS
    )
    frame = frame[~frame.geometry.is_empty]
    return Layer(
        path, frame, len(numbers), digest(list(found.parts)), found.encoding, crs, (*notes, *moved, *mended)
    )


def _check_size(path: Path, found: _Raw) -> None:
    long = [
        number
        for column in found.attributes
        for number, value in enumerate(found.attributes[column], 1)
        if isinstance(value, str) and len(value) > MAX_TEXT
    ]
    if long or len(found.geometry) > MAX_FEATURES:
        raise errors.DataError(
            "layer_too_large",
            "{file} has more than {features} features, or a text of more than {chars} characters (feature "
            "{feature}). Cut the layer to the municipality, and take that text out.",
            file=path.name,
            features=MAX_FEATURES,
            chars=MAX_TEXT,
            feature=min(long, default=MAX_FEATURES + 1),
        )


def _no_geometry(number: int) -> Note:
    values = {"feature": number}
    return Note("refused", "feature_no_geometry", "Feature {feature} has no position.", number, values)


def _placed(
    path: Path, geometry: Array, numbers: Array, crs: pyproj.CRS | None
) -> tuple[Array, list[Note], str]:
    """Geometry in JGD2011, what was assumed for it, and the name of the system it came in."""
    bounds = shapely.bounds(geometry)
    if not np.isfinite(bounds).all():
        _refuse_position(path, int(numbers[~np.isfinite(bounds).all(axis=1)][0]), "not a number")
    notes: list[Note] = []
    if crs is None:
        source = _assumed(path, bounds)
        notes.append(
            Note(
                "unknown",
                "crs_assumed",
                "No coordinate system is declared; the degrees were taken as JGD2011. Were they of the old "
                "Tokyo datum, everything would lie some 450 m off.",
            )
        )
    else:
        source = _known(path, crs, bounds)
    moved = gpd.GeoSeries(geometry, crs=source).to_crs(schemas.STORED_CRS)
    _check_japan(path, moved.bounds.to_numpy(), numbers)
    name = source.name if source.to_epsg() is None else f"EPSG:{source.to_epsg()}"
    return np.asarray(moved.array), notes, name


def _assumed(path: Path, bounds: Array) -> pyproj.CRS:
    west, south, east, north = _extent(bounds)
    if _inside(west, south, east, north):
        return pyproj.CRS.from_epsg(6668)
    if _inside(south, west, north, east):
        raise _swapped(path)
    raise errors.CrsError(
        "crs_missing",
        "{file} declares no coordinate system, and its coordinates (x {west:.6g} to {east:.6g}, y "
        "{south:.6g} to {north:.6g}) are no degrees in Japan. Add its .prj file, or export it in EPSG:6668.",
        file=path.name,
        west=west,
        east=east,
        south=south,
        north=north,
    )


def _known(path: Path, crs: pyproj.CRS, bounds: Array) -> pyproj.CRS:
    """The declared system as one of the registry, when the coordinates can be of it."""
    epsg = crs.to_epsg(min_confidence=20)
    found = pyproj.CRS.from_epsg(epsg) if epsg else crs
    base = found.geodetic_crs
    if base is None or base.to_2d().to_epsg(min_confidence=20) not in _DATUMS:
        raise errors.CrsError(
            "crs_unknown",
            "{file} is in {crs}, which is none of JGD2011, JGD2000, WGS 84 or the Tokyo datum. "
            "Export it in EPSG:6668.",
            file=path.name,
            crs=found.name,
        )
    largest = float(np.abs(bounds).max())
    if found.is_geographic != (largest <= 360):
        raise errors.CrsError(
            "crs_contradicted",
            "{file} declares {crs}, but its coordinates reach {largest:.6g}: {unit} were expected. "
            "Correct the declared system, or export the layer in EPSG:6668.",
            file=path.name,
            crs=found.name,
            largest=largest,
            unit="degrees" if found.is_geographic else "metres",
        )
    return found


def _extent(bounds: Array) -> tuple[float, float, float, float]:
    low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _inside(west: float, south: float, east: float, north: float) -> bool:
    return west >= JAPAN[0] and south >= JAPAN[1] and east <= JAPAN[2] and north <= JAPAN[3]


def _check_japan(path: Path, bounds: Array, numbers: Array) -> None:
    west, south, east, north = _extent(bounds)
    if math.isfinite(west + south + east + north) and _inside(west, south, east, north):
        return
    if _inside(south, west, north, east):
        raise _swapped(path)
    inside = (bounds[:, :2] >= JAPAN[:2]).all(axis=1) & (bounds[:, 2:] <= JAPAN[2:]).all(axis=1)
    first = int(np.flatnonzero(~inside)[0])
    _refuse_position(path, int(numbers[first]), ", ".join(f"{v:.4f}" for v in bounds[first]))


def _refuse_position(path: Path, number: int, where: str) -> None:
    raise errors.DataError(
        "layer_outside_japan",
        "Feature {feature} of {file} lies outside Japan ({where}). Check the coordinate system of the layer, "
        "or take the feature out.",
        file=path.name,
        feature=number,
        where=where,
    )


def _swapped(path: Path) -> errors.DataError:
    return errors.DataError(
        "layer_swapped",
        "{file} gives latitude before longitude: its coordinates are swapped. Export it as longitude, "
        "latitude, or import it with --swap-xy.",
        file=path.name,
    )


def _repaired(geometry: Array, numbers: Array) -> tuple[Array, list[Note]]:
    broken = np.flatnonzero(~shapely.is_valid(geometry))
    if not len(broken):
        return geometry, []
    mended = geometry.copy()
    # By structure: of two parts that overlap the union is kept. The other method would cut the overlap out,
    # and with it a whole town of a zone that official data draw over two towns.
    valid = shapely.make_valid(geometry[broken], method="structure", keep_collapsed=False)
    mended[broken] = [_same_kind(old, new) for old, new in zip(geometry[broken], valid, strict=True)]
    before, after = _areas(geometry[broken]), _areas(mended[broken])
    return mended, [
        Note(
            "repaired",
            "geometry_repaired",
            "Feature {feature} crossed itself and was repaired: {before:.0f} m² became {after:.0f} m².",
            int(numbers[i]),
            {"feature": int(numbers[i]), "before": float(b), "after": float(a)},
        )
        for i, b, a in zip(broken, before, after, strict=True)
    ]


def _same_kind(before: Any, after: Any) -> Any:
    """The polygon parts of a repaired polygon: slivers that became lines hold no people."""
    if "Polygon" not in before.geom_type or after.geom_type in ("Polygon", "MultiPolygon"):
        return after
    parts = [g for g in shapely.get_parts(after, return_index=False) if "Polygon" in g.geom_type]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def _areas(geometry: Array) -> Array:
    return np.asarray(gpd.GeoSeries(geometry, crs=schemas.STORED_CRS).to_crs(_EQUAL_AREA).area)


# -- GeoJSON ------------------------------------------------------------------------------------------------


def parse_json(content: bytes, *, file: str) -> tuple[Any, str]:
    """A JSON document and its encoding."""
    text, encoding = _tables.decode(content, file=file)
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once), encoding
    except _RepeatedKeyError as problem:
        raise errors.DataError(
            "json_repeated_key",
            "{file} gives {key} twice in one object, with different values: which of them is meant cannot be told. "
            "Export it again with each name once.",
            file=file,
            key=str(problem),
        ) from None
    except json.JSONDecodeError as problem:
        raise errors.SourceError(
            "json_broken",
            "{file} is not complete JSON: {problem} in line {line}, of {size} bytes in all. "
            "It was probably cut off; download or export it again.",
            file=file,
            problem=problem.msg,
            line=problem.lineno,
            size=len(content),
        ) from None
    except (RecursionError, ValueError) as problem:
        raise errors.SourceError(
            "json_unsafe",
            "{file} holds JSON that cannot be read safely ({problem}). Export the layer again.",
            file=file,
            problem=type(problem).__name__,
        ) from None


class _RepeatedKeyError(ValueError):
    """A name that stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names stand once each, or again with the same value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for name, value in pairs:
            if found[name] != value:
                raise _RepeatedKeyError(name)
    return found


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _geojson(path: Path, content: bytes) -> _Raw:
    data, encoding = parse_json(content, file=path.name)
    if isinstance(data, Mapping) and data.get("type") == "Topology":
        data = _untangled(path, data)
    if isinstance(data, Mapping) and data.get("type") == "Feature":
        data = {**data, "features": [data]}
    if isinstance(data, Mapping) and "features" not in data:
        data = _placed_records(data) or data
    return _features(path, data, encoding)


def records_of(data: Any) -> list[Mapping[str, Any]]:
    """The one list of objects that a JSON object holds beside facts about itself; nothing when it is not so."""
    lists = [v for v in data.values() if isinstance(v, list)] if isinstance(data, Mapping) else []
    whole = len(lists) == 1 and lists[0] and all(isinstance(one, Mapping) for one in lists[0])
    return list(lists[0]) if whole else []


def _placed_records(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Objects with a geometry each, as features: some registries publish these and not GeoJSON."""
    records = records_of(data)
    if not records or not all(isinstance(one.get("geometry"), Mapping) for one in records):
        return None
    features = [{"type": "Feature", "geometry": one["geometry"], "properties": _flat(one)} for one in records]
    return {"type": "FeatureCollection", "features": features}


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an object, those of an object within it by both names: ``lifecycleStatus``."""
    inner = {
        f"{key}{name[:1].upper()}{name[1:]}": value
        for key, part in record.items()
        if isinstance(part, Mapping) and key != "geometry"
        for name, value in part.items()
    }
    return {**inner, **{k: v for k, v in record.items() if k != "geometry" and not isinstance(v, Mapping)}}


def _features(path: Path, data: Any, encoding: str) -> _Raw:
    features = data.get("features") if isinstance(data, Mapping) else None
    if not isinstance(features, list) or not all(isinstance(f, Mapping) for f in features):
        raise errors.SourceError(
            "json_no_layer",
            "{file} is JSON, but no GeoJSON FeatureCollection (it says {what}). Export the layer as GeoJSON.",
            file=path.name,
            what=_tables.listed(data, most=5) if isinstance(data, Mapping) else type(data).__name__,
        )
    attributes = pd.DataFrame([_properties(f) for f in features], dtype=object)
    geometry = np.array([_shape(path, i, f.get("geometry")) for i, f in enumerate(features, 1)], dtype=object)
    return _Raw(attributes, geometry, _json_crs(path, data, geometry), encoding, (path,))


def _properties(feature: Mapping[str, Any]) -> dict[str, Any]:
    properties = feature.get("properties")
    values = properties if isinstance(properties, Mapping) else {}
    return {str(key): value for key, value in values.items() if key != "geometry"}


def _shape(path: Path, number: int, geometry: Any) -> Any:
    if geometry is None:
        return None
    try:
        return shapely.geometry.shape(geometry)
    except (ValueError, TypeError, LookupError, AttributeError, shapely.errors.ShapelyError) as problem:
        raise errors.SourceError(
            "geometry_broken",
            "The geometry of feature {feature} of {file} cannot be read ({problem}). Export the layer again.",
            file=path.name,
            feature=number,
            problem=str(problem)[:120],
        ) from None


def _json_crs(path: Path, data: Mapping[str, Any], geometry: Array) -> pyproj.CRS | None:
    """The old ``crs`` member where there is one; without it RFC 7946 says WGS 84, if these are degrees."""
    member = data.get("crs")
    if member is None and not len(geometry):
        return None  # a layer without features is refused for that
    if member is None:
        bounds = shapely.total_bounds(geometry)
        degrees = np.isfinite(bounds).all() and float(np.abs(bounds).max()) <= 360
        return pyproj.CRS.from_epsg(4326) if degrees else None
    properties = member.get("properties") if isinstance(member, Mapping) else None
    name = str(properties.get("name", "")) if isinstance(properties, Mapping) else str(member)
    if re.search(r"CRS:?84$", name):
        return pyproj.CRS.from_epsg(4326)
    code = re.search(r"EPSG:{1,2}(?:[\d.]*:)?(\d{4,5})$", name)
    try:
        return pyproj.CRS.from_epsg(int(code.group(1)) if code else 0)
    except pyproj.exceptions.CRSError:
        raise _undeclared(path, name) from None


def _undeclared(path: Path, name: str) -> errors.CrsError:
    return errors.CrsError(
        "crs_unreadable",
        "The coordinate system that {file} declares ({crs}) cannot be understood. Export it in EPSG:6668.",
        file=path.name,
        crs=name[:120],
    )


# -- TopoJSON -----------------------------------------------------------------------------------------------


def _untangled(path: Path, data: Mapping[str, Any]) -> dict[str, Any]:
    """The one layer of a TopoJSON as GeoJSON (topojson-specification, Bostock 2013)."""
    objects = data.get("objects")
    layers = (
        {str(k): v for k, v in objects.items() if isinstance(v, Mapping)}
        if isinstance(objects, Mapping)
        else {}
    )
    if len(layers) != 1:
        raise _not_one_layer(path, list(layers))
    (layer,) = layers.values()
    members = layer.get("geometries", []) if layer.get("type") == "GeometryCollection" else [layer]
    try:
        arcs = _arcs(data)
        features = [
            {"properties": _properties(member), "geometry": _woven(member, arcs, data.get("transform"))}
            for member in members
        ]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as problem:
        raise errors.SourceError(
            "topojson_broken",
            "{file} is no complete TopoJSON ({problem}). Export the layer again, best as GeoJSON.",
            file=path.name,
            problem=f"{type(problem).__name__}: {problem}"[:120],
        ) from None
    return {
        "type": "FeatureCollection",
        "features": features,
        **({"crs": data["crs"]} if "crs" in data else {}),
    }


def _arcs(data: Mapping[str, Any]) -> list[Array]:
    """The lines that borders are woven of: with a transform each point is a whole step from the one before."""
    transform = data.get("transform")
    arcs = [np.array([point[:2] for point in arc], dtype=float).reshape(-1, 2) for arc in data["arcs"]]
    if not transform:
        return arcs
    scale, move = (np.array(transform[key][:2], dtype=float) for key in ("scale", "translate"))
    return [np.cumsum(arc, axis=0) * scale + move for arc in arcs]


def _woven(member: Mapping[str, Any], arcs: Sequence[Array], transform: Any) -> dict[str, Any] | None:
    kind = member.get("type")
    if kind in (None, "null"):
        return None
    if kind == "GeometryCollection":
        parts = [_woven(part, arcs, transform) for part in member["geometries"]]
        return {"type": kind, "geometries": [part for part in parts if part is not None]}
    if kind in ("Point", "MultiPoint"):
        points = np.array(member["coordinates"], dtype=float)[..., :2]
        if transform:
            points = points * np.array(transform["scale"][:2]) + np.array(transform["translate"][:2])
        return {"type": kind, "coordinates": points.tolist()}
    depth = {"LineString": 0, "MultiLineString": 1, "Polygon": 1, "MultiPolygon": 2}[str(kind)]
    return {"type": kind, "coordinates": _stitched(member["arcs"], arcs, depth)}


def _stitched(indices: Any, arcs: Sequence[Array], depth: int) -> list[Any]:
    if depth:
        return [_stitched(part, arcs, depth - 1) for part in indices]
    # A negative number means the arc backwards: ~0 is the first one.
    runs = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
    joined: list[Any] = np.concatenate([runs[0], *(run[1:] for run in runs[1:])]).tolist()
    return joined


# -- GML and KML --------------------------------------------------------------------------------------------


def _xml(path: Path, content: bytes) -> _Raw:
    found = _gml.read(content, file=path.name)
    geometry = np.array(found.geometry, dtype=object)
    crs = pyproj.CRS.from_epsg(4326) if found.is_kml else _gml_crs(path, found.crs)
    if len(geometry) and not found.is_kml and crs is not None:
        geometry = _east_first(geometry, crs, str(found.crs))
    attributes = pd.DataFrame(found.attributes, index=range(len(geometry)), dtype=object)
    return _Raw(attributes, geometry, crs, found.encoding, (path,), found.notes)


def _gml_crs(path: Path, name: str | None) -> pyproj.CRS | None:
    if name is None:
        return None
    code = re.search(r"EPSG(?:/0/|:{1,2}[\d.]*:?|\.xml#)(\d{4,5})$", name, re.IGNORECASE)
    # The files of the Japanese standard before EPSG codes: "JGD2000 / (B, L)".
    old = {"JGD2011": 6668, "JGD2000": 4612, "TD": 4301}.get(name.split("/")[0].strip().upper())
    try:
        return pyproj.CRS.from_epsg(int(code.group(1)) if code else old or 0)
    except pyproj.exceptions.CRSError:
        raise _undeclared(path, name) from None


def _east_first(geometry: Array, crs: pyproj.CRS, name: str) -> Array:
    """Coordinates with the easting first, whichever way the file gives them.

    A ``urn`` means the order of the registry, which is north first here; the older ways to name a system mean
    nothing certain. In Japan no latitude can be a longitude, so degrees tell their order themselves.
    """
    if crs.is_geographic:
        west, south, east, north = shapely.total_bounds(geometry)
        swapped = bool(_inside(south, west, north, east))
    else:
        swapped = name.lower().startswith("urn") and crs.axis_info[0].direction == "north"
    if not swapped:
        return geometry
    return np.asarray(shapely.transform(geometry, lambda xy: xy[:, ::-1]))


# -- lines that close ---------------------------------------------------------------------------------------


def is_closed(layer: Layer) -> bool:
    """Whether a layer of lines is one of borders: every line comes back to where it began."""
    shapes = layer.frame.geometry.to_numpy()
    return layer.shape == "line" and all(not shapely.is_empty(_closed(shape)) for shape in shapes)


def polygonised(layer: Layer) -> Layer:
    """A layer of border lines as the areas within them; lines that do not close are left out, by number.

    Raises
    ------
    DataError
        Not one line closes.
    """
    shapes = np.array([_closed(shape) for shape in layer.frame.geometry], dtype=object)
    empty = shapely.is_empty(shapes)
    if empty.all():
        raise errors.DataError(
            "lines_open",
            "{file} is a layer of lines, and none of its {n} lines closes, so they are no borders of areas. Close "
            "the lines, or export the layer as polygons.",
            file=layer.path.name,
            n=len(shapes),
        )
    frame = layer.frame.set_geometry(gpd.GeoSeries(shapes, index=layer.frame.index, crs=layer.frame.crs))
    numbers = [int(n) for n in layer.frame.index[empty]]
    closed = Note(
        "repaired",
        "lines_closed",
        "{n} lines that close were taken as the borders of areas.",
        values={"n": int((~empty).sum())},
    )
    return replace(layer, frame=frame[~empty], notes=(*layer.notes, closed, *map(_open_line, numbers)))


def _closed(shape: Any) -> Any:
    """The area within the lines of a feature; empty when they do not close, or when some are left over."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    if shape.geom_type not in ("LineString", "LinearRing", "MultiLineString"):
        return shapely.Polygon()
    areas, cuts, dangles, crossed = shapely.polygonize_full(list(shapely.get_parts(shapely.node(shape))))
    if not (shapely.is_empty(cuts) and shapely.is_empty(dangles) and shapely.is_empty(crossed)):
        return shapely.Polygon()
    return shapely.build_area(shape) if len(areas.geoms) else shapely.Polygon()


def _open_line(number: int) -> Note:
    values = {"feature": number}
    return Note(
        "refused",
        "line_open",
        "The line of feature {feature} does not close and was left out.",
        number,
        values,
    )


# -- shapefile ----------------------------------------------------------------------------------------------


def _shapefile(path: Path) -> _Raw:
    parts = _parts(path)
    shp = _tables.raw(parts[".shp"])
    _check_shp(parts[".shp"], shp)
    attributes, encoding, notes = _attributes(parts)
    geometry, restored = _geometry(parts, shp)
    if len(geometry) != len(attributes):
        raise errors.SourceError(
            "shapefile_parts_differ",
            "{file} has {shapes} shapes, but {dbf} has {records} records: they do not belong together. "
            "Copy all parts again.",
            file=parts[".shp"].name,
            shapes=len(geometry),
            dbf=parts[".dbf"].name,
            records=len(attributes),
        )
    deleted = attributes.pop("\0deleted").to_numpy(dtype=bool)
    crs = _prj(parts[".prj"]) if ".prj" in parts else None
    kept = attributes.loc[~deleted].reset_index(drop=True)
    return _Raw(kept, geometry[~deleted], crs, encoding, tuple(parts.values()), (*notes, *restored))


def _parts(path: Path) -> dict[str, Path]:
    if not path.is_file():
        _tables.raw(path)
    siblings = (p for p in sorted(path.parent.iterdir()) if p.stem == path.stem and p.is_file())
    parts = {p.suffix.lower(): p for p in siblings if p.suffix.lower() in SUFFIXES}
    for needed in (".shp", ".dbf"):
        if needed not in parts:
            raise errors.SourceError(
                "shapefile_part_missing",
                "{file} lacks its {suffix} part. Put {stem}{suffix} into the same folder and import again.",
                file=path.name,
                suffix=needed,
                stem=path.stem,
            )
    return parts


def _check_shp(path: Path, content: bytes) -> None:
    if not content.startswith(SHP_MAGIC) or len(content) < 100:
        raise errors.SourceError(
            "shapefile_wrong_magic",
            "{file} is no shapefile: its first bytes are {head}. Copy the file again from where it came.",
            file=path.name,
            head=content[:8].hex(" "),
        )
    told = int(struct.unpack(">i", content[24:28])[0]) * 2
    if told > len(content):
        raise _truncated(path, told, len(content))


def _truncated(path: Path, told: int, size: int) -> errors.SourceError:
    return errors.SourceError(
        "shapefile_truncated",
        "{file} is cut off: it says that it has {told} bytes, but only {size} are there. Copy it again.",
        file=path.name,
        told=told,
        size=size,
    )


def _geometry(parts: Mapping[str, Path], shp: bytes) -> tuple[Array, list[Note]]:
    """Shapes by GDAL, from copies that hold nothing but them."""
    _check_drivers()
    notes: list[Note] = []
    with tempfile.TemporaryDirectory(prefix="ibasho-") as folder:
        copy = Path(folder) / "layer.shp"
        copy.write_bytes(shp)
        if ".shx" in parts and _whole_shx(parts[".shx"]):
            shutil.copyfile(parts[".shx"], copy.with_suffix(".shx"))
        else:
            notes.append(
                Note("repaired", "shapefile_index", "The .shx part was missing or broken and was made anew.")
            )
        try:
            pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": "YES"})
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                wkb = pyogrio.raw.read(copy, columns=[])[2]
            return shapely.from_wkb(wkb), [*notes, *_told_by_gdal(told)]
        except (pyogrio.errors.DataSourceError, shapely.errors.ShapelyError, ValueError) as problem:
            raise errors.SourceError(
                "shapefile_broken",
                "The shapes of {file} cannot be read ({problem}). Copy the file again from where it came.",
                file=parts[".shp"].name,
                problem=str(problem).replace(folder, "")[:160],
            ) from None
        finally:
            pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": None})


def _told_by_gdal(told: Sequence[warnings.WarningMessage]) -> list[Note]:
    texts = sorted({str(warning.message).split(". ")[0] for warning in told})
    return [
        Note(
            "unknown",
            "shapefile_doubtful",
            "The shapes may be damaged: {problem}. Compare the map with the original.",
            values={"problem": text},
        )
        for text in texts
    ]


def _check_drivers() -> None:
    surplus = set(pyogrio.list_drivers()) - DRIVERS
    if surplus:
        raise errors.SourceError(
            "gdal_drivers",
            "GDAL was loaded with drivers that open foreign addresses ({drivers}). Import geo before "
            "pyogrio, and use the locked version of pyogrio.",
            drivers=_tables.listed(sorted(surplus), most=5),
        )


def _whole_shx(path: Path) -> bool:
    content = path.read_bytes()
    told = int(struct.unpack(">i", content[24:28])[0]) * 2 if len(content) >= 100 else -1
    return content.startswith(SHP_MAGIC) and told == len(content)


def _prj(path: Path) -> pyproj.CRS:
    text = path.read_bytes().decode("utf-8", "replace").strip()
    if not re.match(r"(GEOG|PROJ|COMPD|BOUND)[A-Z]*\[", text):
        raise _undeclared(path, text)
    try:
        return pyproj.CRS.from_wkt(text)
    except pyproj.exceptions.CRSError:
        raise _undeclared(path, text) from None


# -- dBase: the attributes of a shapefile -------------------------------------------------------------------


@dataclass(frozen=True)
class _Field:
    name: bytes
    kind: str
    width: int


def _attributes(parts: Mapping[str, Path]) -> tuple[pd.DataFrame, str, list[Note]]:
    path = parts[".dbf"]
    content = _tables.raw(path)
    fields, records = _dbf(path, content)
    declared = _declared(parts, content)
    notes: list[Note] = []
    texts: dict[str, Any] = {}
    likely = ["utf-8"] if _is_utf8(records) else []
    for encoding in dict.fromkeys([*likely, *declared, "utf-8", "cp932"]):
        try:
            texts, cut = _decoded(fields, records, encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise errors.SourceError(
            "dbf_encoding",
            "The texts of {file} are neither UTF-8 nor CP932 (Shift_JIS). Export the layer again in UTF-8.",
            file=path.name,
        )
    if declared and encoding != declared[0]:
        notes.append(
            Note(
                "repaired",
                "dbf_encoding_other",
                "Declared as {declared}, but written in {encoding}.",
                values={"declared": declared[0], "encoding": encoding},
            )
        )
    if cut:
        notes.append(
            Note(
                "repaired",
                "dbf_text_cut",
                "{n} texts end within a letter, which was left out.",
                values={"n": cut},
            )
        )
    frame = pd.DataFrame(texts, dtype=object)
    frame["\0deleted"] = records["\0deleted"] == b"*"
    return frame, encoding, notes


def _dbf(path: Path, content: bytes) -> tuple[list[_Field], Array]:
    """Fields and records; numpy lays the fixed widths over the bytes."""
    count, start, width = struct.unpack("<IHH", content[4:12]) if len(content) > 32 else (0, 0, 0)
    fields = _dbf_fields(content, start)
    if not fields or sum(f.width for f in fields) + 1 != width:
        raise errors.SourceError(
            "dbf_broken", "{file} is no dBase table. Copy the file again from where it came.", file=path.name
        )
    if start + count * width > len(content):
        raise _truncated(path, start + count * width, len(content))
    layout = np.dtype([("\0deleted", "S1"), *((f"f{i}", f"S{f.width}") for i, f in enumerate(fields))])
    return fields, np.frombuffer(content, layout, count, start)


def _dbf_fields(content: bytes, start: int) -> list[_Field]:
    fields = []
    for at in range(32, min(start, len(content)) - 31, 32):
        part = content[at : at + 32]
        if part[0] == 0x0D or not part[16]:
            break
        fields.append(_Field(part[:11].split(b"\0")[0], chr(part[11]), part[16]))
    return fields


def _declared(parts: Mapping[str, Path], dbf: bytes) -> list[str]:
    if ".cpg" in parts:
        name = parts[".cpg"].read_bytes()[:40].decode("ascii", "replace").lower()
        codec = _CODECS.get(re.sub(r"[^a-z0-9]|^(cp|ansi|windows)[ -]?", "", name.strip()))
        if codec:
            return [codec]
    return [_LDID[dbf[29]]] if dbf[29] in _LDID else []


def _is_utf8(records: Array) -> bool:
    """Whether the bytes can hardly be anything else: most UTF-8 can be read as CP932 too, as nonsense."""
    try:
        return max(records.tobytes().decode("utf-8"), default="") > "\u07ff"
    except UnicodeDecodeError:
        return False


def _decoded(fields: Sequence[_Field], records: Array, encoding: str) -> tuple[dict[str, Any], int]:
    columns: dict[str, Any] = {}
    total = 0
    for i, field in enumerate(fields):
        values, inverse = np.unique(records[f"f{i}"], return_inverse=True)
        texts = [_text(bytes(value), field, encoding) for value in values]
        columns[field.name.decode(encoding)] = np.array([t for t, _ in texts], dtype=object)[inverse]
        total += int(np.array([cut for _, cut in texts])[inverse].sum()) if texts else 0
    return columns, total


def _text(value: bytes, field: _Field, encoding: str) -> tuple[str | None, bool]:
    """The text of a cell, None for a blank one, and whether its last letter had no room."""
    cell = value.split(b"\0")[0]
    try:
        text, cut = cell.decode(encoding), False
    except UnicodeDecodeError as problem:
        if len(cell) < field.width or problem.start < len(cell) - 3:
            raise
        text, cut = cell[: problem.start].decode(encoding), True
    text = text.strip()
    # In a field of numbers stars are a number that had no room; in one of texts they are what stands there.
    is_full = field.kind in "NF" and set(text) <= {"*"}
    return (text if text and not is_full else None), cut


# -- GeoPackage ---------------------------------------------------------------------------------------------


def _geopackage(path: Path) -> _Raw:
    waiting = path.with_name(f"{path.name}-wal")
    if waiting.is_file() and waiting.stat().st_size:
        raise errors.SourceError(
            "gpkg_in_use",
            "{file} is open in another program, and its newest changes are not in it yet ({wal}). Close it there "
            "(QGIS, for example) and import it again.",
            file=path.name,
            wal=waiting.name,
        )
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
            # A file may hold a table that never ends; a layer of a municipality takes far fewer steps.
            db.set_progress_handler(lambda: 1, _SQLITE_STEPS)
            db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _SQLITE_BYTES)
            return _gpkg_layer(path, db)
    except (sqlite3.Error, UnicodeDecodeError, struct.error, shapely.errors.ShapelyError) as problem:
        raise errors.SourceError(
            "gpkg_broken",
            "{file} cannot be read as a GeoPackage ({problem}). Copy or export it again.",
            file=path.name,
            problem=str(problem)[:120],
        ) from None


def _gpkg_layer(path: Path, db: sqlite3.Connection) -> _Raw:
    _check_gpkg(path, db)
    layers = db.execute(
        "SELECT c.table_name, g.column_name, g.srs_id FROM gpkg_contents c JOIN gpkg_geometry_columns g "
        "ON g.table_name = c.table_name WHERE c.data_type = 'features' ORDER BY 1"
    ).fetchall()
    if len(layers) != 1:
        raise _not_one_layer(path, [name for name, _, _ in layers])
    table, column, srs = layers[0]
    _check_plain_table(path, db, table)
    cursor = db.execute(f"SELECT * FROM {_quoted(table)} ORDER BY rowid")  # noqa: S608
    names = [d[0] for d in cursor.description]
    frame = pd.DataFrame(cursor.fetchmany(MAX_FEATURES + 1), columns=names, dtype=object)
    geometry = np.array([_gpkg_shape(blob) for blob in frame.pop(column)], dtype=object)
    texts = frame.drop(columns=[c for c in frame if frame[c].map(lambda v: isinstance(v, bytes)).any()])
    return _Raw(texts, geometry, _gpkg_crs(path, db, srs), "utf-8", (path,))


def _not_one_layer(path: Path, names: Sequence[str]) -> errors.DataError:
    return errors.DataError(
        "gpkg_not_one_layer",
        "{file} has {n} layers ({names}); one is needed. Export the one that you mean.",
        file=path.name,
        n=len(names),
        names=_tables.listed(names),
    )


def _check_plain_table(path: Path, db: sqlite3.Connection, table: str) -> None:
    found = db.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    if found is None or re.search(r"\bVIRTUAL\b|\bGENERATED\b|\bAS\s*\(", str(found[0]), re.IGNORECASE):
        raise _unsafe(path, [table])


def _check_gpkg(path: Path, db: sqlite3.Connection) -> None:
    application = db.execute("PRAGMA application_id").fetchone()[0]
    foreign = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'view' OR (type = 'trigger' AND name NOT LIKE 'rtree_%' "
        "AND name NOT LIKE 'gpkg_%' AND name NOT LIKE 'trigger_%_feature_count_%')"
    ).fetchall()
    if application not in (0x47504B47, 0x47503130, 0x47503131) or foreign:
        raise _unsafe(path, [name for (name,) in foreign])


def _unsafe(path: Path, names: Sequence[str]) -> errors.SourceError:
    return errors.SourceError(
        "gpkg_unsafe",
        "{file} is no plain GeoPackage: it is another SQLite file, or holds views or triggers ({names}) "
        "that are not run here. Export the layer into a new GeoPackage.",
        file=path.name,
        names=_tables.listed(names),
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _gpkg_shape(blob: bytes | None) -> Any:
    """The WKB behind a GeoPackage header (OGC 12-128r19, 2.1.3)."""
    if blob is None:
        return None
    if blob[:2] != b"GP":
        raise sqlite3.DataError("a geometry is no GeoPackage binary")
    envelope = (0, 32, 48, 48, 64)[min((blob[3] >> 1) & 7, 4)]
    return shapely.from_wkb(blob[8 + envelope :])


def _gpkg_crs(path: Path, db: sqlite3.Connection, srs: int) -> pyproj.CRS | None:
    row = db.execute(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys "
        "WHERE srs_id = ?",
        (srs,),
    ).fetchone()
    if row is None or srs in (0, -1):
        return None
    try:
        if str(row[0]).upper() == "EPSG":
            return pyproj.CRS.from_epsg(row[1])
        return pyproj.CRS.from_wkt(str(row[2]))
    except pyproj.exceptions.CRSError:
        raise _undeclared(path, str(row[2])) from None
