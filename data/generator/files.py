"""Writers that give the same bytes on every machine and every day: shapefile, GeoJSON, CSV.

The usual libraries stamp today's date and their version into the files, so the sample writes its own bytes.
"""

from __future__ import annotations

import csv
import io
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

EDITED = (125, 1, 1)  # the date in a dbf header: years since 1900, month, day
JGD2011 = (
    'GEOGCS["GCS_JGD_2011",DATUM["D_JGD_2011",SPHEROID["GRS_1980",6378137.0,298.257222101]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)

Field = tuple[str, str, int, int]  # name, type C or N, width, decimals
Row = Mapping[str, Any]


def polygons(shape: BaseGeometry) -> list[Polygon]:
    """Return the polygons of a shape, from south-west to north-east."""
    if isinstance(shape, Polygon):
        return [shape]
    if isinstance(shape, MultiPolygon):
        return sorted(shape.geoms, key=lambda part: part.bounds)
    raise TypeError(f"{shape.geom_type} is no area")


def _rings(shape: BaseGeometry, sign: float) -> list[list[tuple[float, float]]]:
    """Rings with outer rings in the wanted direction (-1: clockwise, as shapefiles have them)."""
    rings = []
    for part in polygons(shape):
        turned = orient(part, sign)
        rings += [list(ring.coords) for ring in (turned.exterior, *turned.interiors)]
    return rings


def _dbf(fields: Sequence[Field], rows: Iterable[Row], *, encoding: str, ldid: int) -> bytes:
    records = []
    for row in rows:
        cells = [b" "]
        for name, kind, width, decimals in fields:
            value = row[name]
            if value is None:
                text = ""
            elif kind == "N":
                text = f"{value:.{decimals}f}"
            else:
                text = str(value)
            cell = text.encode(encoding)
            if len(cell) > width:
                raise ValueError(f"{name}={value!r} needs {len(cell)} bytes, the field has {width}")
            cells.append(cell.ljust(width))
        records.append(b"".join(cells))
    header_size = 32 + 32 * len(fields) + 1
    record_size = 1 + sum(field[2] for field in fields)
    head = struct.pack("<4BIHH17xB2x", 3, *EDITED, len(records), header_size, record_size, ldid)
    descriptors = b"".join(
        struct.pack("<11sc4xBB14x", name.encode("ascii"), kind.encode("ascii"), width, decimals)
        for name, kind, width, decimals in fields
    )
    return head + descriptors + b"\r" + b"".join(records) + b"\x1a"


def write_shapefile(
    path: Path,
    shapes: Sequence[BaseGeometry],
    fields: Sequence[Field],
    rows: Sequence[Row],
    *,
    encoding: str,
    ldid: int,
    cpg: str | None,
) -> None:
    """Write .shp .shx .dbf .prj, and .cpg when there is to be one."""
    body, index, offset = [], [], 50
    for number, shape in enumerate(shapes, start=1):
        rings = _rings(shape, -1.0)
        starts, total = [], 0
        for ring in rings:
            starts.append(total)
            total += len(ring)
        content = struct.pack("<i4d2i", 5, *shape.bounds, len(rings), total)
        content += struct.pack(f"<{len(starts)}i", *starts)
        content += b"".join(struct.pack("<2d", x, y) for ring in rings for x, y in ring)
        words = len(content) // 2
        body.append(struct.pack(">2i", number, words) + content)
        index.append(struct.pack(">2i", offset, words))
        offset += words + 4
    boxes = [shape.bounds for shape in shapes]
    box = (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )

    def head(words: int) -> bytes:
        return struct.pack(">i20xi", 9994, words) + struct.pack("<2i4d32x", 1000, 5, *box)

    path.with_suffix(".shp").write_bytes(head(offset) + b"".join(body))
    path.with_suffix(".shx").write_bytes(head(50 + 4 * len(index)) + b"".join(index))
    path.with_suffix(".dbf").write_bytes(_dbf(fields, rows, encoding=encoding, ldid=ldid))
    path.with_suffix(".prj").write_text(JGD2011, encoding="ascii")
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg, encoding="ascii")


def write_geojson(path: Path, shapes: Sequence[BaseGeometry], rows: Sequence[Row], *, name: str) -> None:
    """Write GeoJSON as the national land data has it: a crs member, one feature a line."""
    features = []
    for shape, row in zip(shapes, rows, strict=True):
        parts = [
            [[list(point) for point in ring.coords] for ring in (turned.exterior, *turned.interiors)]
            for turned in (orient(part, 1.0) for part in polygons(shape))
        ]
        geometry = (
            {"type": "Polygon", "coordinates": parts[0]}
            if len(parts) == 1
            else {"type": "MultiPolygon", "coordinates": parts}
        )
        feature = {"type": "Feature", "properties": dict(row), "geometry": geometry}
        features.append(json.dumps(feature, ensure_ascii=False))
    crs = '{ "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::6668" } }'
    text = f'{{\n"type": "FeatureCollection",\n"name": "{name}",\n"crs": {crs},\n"features": [\n'
    path.write_bytes((text + ",\n".join(features) + "\n]\n}\n").encode("utf-8"))


def write_csv(path: Path, rows: Iterable[Sequence[object]], *, encoding: str) -> None:
    """Write a CSV with CRLF line ends, as Excel and the statistics office do."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
