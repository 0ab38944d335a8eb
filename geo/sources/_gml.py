"""GML of the 国土数値情報 and KML: features out of XML; nothing that they link to is followed.

GML comes in two shapes there: the newer files carry features with their geometry inside, the older ones a heap of
curves and surfaces to which the features point by name within the same file.

References
----------
.. [1] ISO 19136 (GML 3.2); JPGIS (国土地理院) for the shape of the older files.
.. [2] OGC 12-007r2 (KML 2.3).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geo import errors
from geo.sources import _xml
from geo.sources._reading import Note

_HEAD = 4096
_MEMBERS = ("featureMember", "featureMembers", "member")
_ROOTS = ("FeatureCollection", "Dataset", "kml")
_OFFICIAL = {
    "AdministrativeBoundary": {
        "prefectureName": "N03_001",
        "subPrefectureName": "N03_002",
        "countyName": "N03_003",
        "cityName": "N03_004",
        "administrativeAreaCode": "N03_007",
    }
}
"""Names in the GML of an older layer, and the columns of its shapefile twin."""
_MAX_LINKS = 50
"""How far references to references are followed."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Features:
    """What stands in the file: attributes, shapes, and the words for the coordinate system."""

    attributes: list[dict[str, Any]]
    geometry: list[Any]
    crs: str | None
    encoding: str
    is_kml: bool
    notes: tuple[Note, ...] = ()


def looks_like(head: bytes) -> bool:
    """Whether the first bytes are those of a GML or KML document."""
    text = head[:_HEAD].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")
    if not text.startswith(b"<"):
        return False
    root = re.search(rb"<(?:\w+:)?(\w+)[\s>/]", re.sub(rb"<[?!][^>]*>", b"", text))
    return root is not None and root.group(1).decode() in _ROOTS


def read(content: bytes, *, file: str) -> Features:
    """The features of a GML or KML document.

    Raises
    ------
    SourceError
        Broken or unsafe XML, or a geometry that cannot be read.
    """
    root, encoding = _xml.tree(content, file=file)
    if root.tag == "kml":
        return _kml(root, encoding, file)
    heap = {e.attrib["id"]: e for e in root.iter() if "id" in e.attrib}
    attributes, geometry = [], []
    for number, feature in enumerate(_features(root), 1):
        values, shape = _feature(feature, heap, file, number)
        attributes.append(values)
        geometry.append(shape)
    crs = next((e.attrib["srsName"] for e in root.iter() if "srsName" in e.attrib), None)
    return Features(attributes, geometry, crs, encoding, is_kml=False)


def _features(root: ET.Element) -> Iterator[ET.Element]:
    for child in root:
        if child.tag in _MEMBERS:
            yield from child
        elif (
            root.tag == "Dataset"
            and child.tag not in _SHAPES
            and child.tag not in ("boundedBy", "description")
        ):
            yield child


def _feature(
    feature: ET.Element, heap: Mapping[str, ET.Element], file: str, number: int
) -> tuple[dict[str, Any], Any]:
    values: dict[str, Any] = {}
    shape = None
    columns = _OFFICIAL.get(feature.tag, {})
    for child in feature:
        if child.tag == "boundedBy":
            continue
        found = _pointed(child, heap)
        if found is not None and found.tag in _SHAPES:
            shape = shape or _shape(found, heap, file, number)
        elif text := " ".join("".join(child.itertext()).split()):
            values[columns.get(child.tag, child.tag)] = text
    return values, shape


def _pointed(element: ET.Element, heap: Mapping[str, ET.Element]) -> ET.Element | None:
    """The geometry in an element, or the one of this file that it names."""
    for _ in range(_MAX_LINKS):
        if len(element):
            return next((child for child in element if child.tag in _SHAPES), None)
        target = heap.get(element.attrib.get("href", "").removeprefix("#"))
        if target is None or target.tag in _SHAPES:
            return target
        element = target
    return None


# -- KML ----------------------------------------------------------------------------------------------------


def _kml(root: ET.Element, encoding: str, file: str) -> Features:
    attributes, geometry = [], []
    for number, placemark in enumerate(root.iter("Placemark"), 1):
        values = {e.tag: e.text.strip() for e in placemark if e.tag in ("name", "address") and e.text}
        values |= {e.attrib.get("name", ""): _value(e) for e in placemark.iter("Data")}
        values |= {e.attrib.get("name", ""): (e.text or "").strip() for e in placemark.iter("SimpleData")}
        found = [_shape(e, {}, file, number) for e in placemark if e.tag in _SHAPES]
        attributes.append(values)
        geometry.append(found[0] if found else None)
    links = sum(1 for _ in root.iter("NetworkLink"))
    notes = (_links(links),) if links else ()
    return Features(attributes, geometry, None, encoding, is_kml=True, notes=notes)


def _value(data: ET.Element) -> str:
    return (data.findtext("value") or "").strip()


def _links(n: int) -> Note:
    return Note(
        "unknown",
        "kml_links",
        "The file names {n} other files or addresses, which were not opened.",
        values={"n": n},
    )


# -- shapes -------------------------------------------------------------------------------------------------


def _shape(element: ET.Element, heap: Mapping[str, ET.Element], file: str, number: int) -> Any:
    try:
        return _SHAPES[element.tag](element, heap)
    except (
        ValueError,
        IndexError,
        KeyError,
        TypeError,
        RecursionError,
        shapely.errors.ShapelyError,
    ) as problem:
        raise errors.SourceError(
            "geometry_broken",
            "The geometry of feature {feature} of {file} cannot be read ({problem}). Export the layer again.",
            file=file,
            feature=number,
            problem=str(problem)[:120],
        ) from None


def _coordinates(element: ET.Element) -> Array:
    """Pairs as they stand, from any of the ways to write them."""
    written = [e for e in element if e.tag in ("posList", "pos", "coordinates")]
    if any(e.tag == "coordinates" for e in written):
        tuples = [part.split(",")[:2] for e in written for part in (e.text or "").split()]
        return np.array(tuples, dtype=float).reshape(-1, 2)
    wide = int(
        next((e.attrib[k] for e in (*written, element) for k in ("srsDimension",) if k in e.attrib), 2)
    )
    numbers = np.array([n for e in written for n in (e.text or "").split()], dtype=float)
    return numbers.reshape(-1, wide)[:, :2]


def _members(element: ET.Element, heap: Mapping[str, ET.Element], *names: str) -> list[ET.Element]:
    """The geometries that stand in, or are named by, the members of an element."""
    found = []
    for child in element:
        if child.tag not in names:
            continue
        inside = [e for e in child if e.tag in _SHAPES]
        one = None if inside else _pointed(child, heap)
        found += inside or ([one] if one is not None else [])
    return found


def _point(element: ET.Element, _: Mapping[str, ET.Element]) -> Any:
    return shapely.Point(_coordinates(element)[0])


def _line(element: ET.Element, heap: Mapping[str, ET.Element]) -> Any:
    return shapely.LineString(_path(element, heap))


def _path(element: ET.Element, heap: Mapping[str, ET.Element]) -> Array:
    """The vertices of a line, a curve of segments, or a ring of curves."""
    if element.tag == "Curve":
        parts = [_coordinates(e) for e in element.iter("LineStringSegment")]
    elif element.tag == "Ring":
        parts = [_path(e, heap) for e in _members(element, heap, "curveMember")]
    elif element.tag == "OrientableCurve":
        parts = [_path(e, heap) for e in _members(element, heap, "baseCurve")]
        parts = [p[::-1] for p in parts] if element.attrib.get("orientation") == "-" else parts
    else:
        return _coordinates(element)
    joined = np.concatenate(parts) if parts else np.empty((0, 2))
    if not len(joined):
        raise ValueError("a curve without points")
    repeated = (joined[1:] == joined[:-1]).all(axis=1)
    return np.asarray(joined[np.concatenate([[True], ~repeated])])


def _polygon(element: ET.Element, heap: Mapping[str, ET.Element]) -> Any:
    rings: dict[bool, list[Array]] = {True: [], False: []}
    for child in element:
        if child.tag in ("exterior", "outerBoundaryIs", "interior", "innerBoundaryIs"):
            rings[child.tag in ("exterior", "outerBoundaryIs")] += [_path(ring, heap) for ring in child]
    return shapely.Polygon(rings[True][0], rings[False])


def _surface(element: ET.Element, heap: Mapping[str, ET.Element]) -> Any:
    patches = [_polygon(e, heap) for e in element.iter("PolygonPatch")]
    return patches[0] if len(patches) == 1 else shapely.MultiPolygon(patches)


def _many(element: ET.Element, heap: Mapping[str, ET.Element]) -> Any:
    members = _members(
        element, heap, "surfaceMember", "surfaceMembers", "polygonMember", "curveMember", "curveMembers",
        "lineStringMember", "pointMember", "pointMembers", "geometryMember", "geometryMembers",
    )  # fmt: skip
    members += [e for e in element if e.tag in _SHAPES]
    return _gathered([_SHAPES[e.tag](e, heap) for e in members])


def _gathered(shapes: list[Any]) -> Any:
    parts = list(shapely.get_parts(np.array(shapes, dtype=object)))
    kinds = {part.geom_type for part in parts}
    gather = {
        "Polygon": shapely.MultiPolygon,
        "LineString": shapely.MultiLineString,
        "Point": shapely.MultiPoint,
    }
    if len(kinds) == 1 and (kind := kinds.pop()) in gather:
        return gather[kind](parts)
    return shapely.GeometryCollection(parts)


_SHAPES: Mapping[str, Any] = {
    "Point": _point,
    "LineString": _line,
    "LinearRing": _line,
    "Curve": _line,
    "OrientableCurve": _line,
    "Polygon": _polygon,
    "Surface": _surface,
    "MultiPoint": _many,
    "MultiCurve": _many,
    "MultiLineString": _many,
    "MultiSurface": _many,
    "MultiPolygon": _many,
    "CompositeSurface": _many,
    "MultiGeometry": _many,
}
