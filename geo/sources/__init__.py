"""The only code that reads foreign files: each reader gives back a table and everything done on the way.

The map of the readers::

    detect, read     what a file is, by its content; and the reader for it
    boundaries       N03 municipalities; school zones A32 and A27; the municipality's own zones
    census           small areas with their people; the small-area tables; households at points
    places           cafeterias (49 columns), the council's own list, facility lists, points
    vacancies        vacant houses and shops, with the owner's consent
    streets          OpenStreetMap extracts, OSMnx graphs, line layers

    _archive         one dataset out of a zip
    _tables          bytes -> rows: encodings, delimiters, headers, codes and numbers in cells
    _vectors         GeoJSON, shapefile, GeoPackage -> features in JGD2011, repaired
    _opening         opening words -> days a week
    _points          cells -> positions, dates, years; why a row has no place
    _reading         what a reader gives back

Nothing is stored here and nothing is changed. A file that cannot be understood raises a sentence that names
the file, the row or column, and the way out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from geo import errors
from geo.sources import _archive, _tables, _vectors, boundaries, census, places, streets, vacancies
from geo.sources._reading import Kind, Note, Reading, digest

__all__ = ["KINDS", "Kind", "Note", "Reading", "detect", "read"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""Every kind of file that can be read."""

Opened = _vectors.Layer | _tables.Sheet | list[Any] | str
"""A file before its kind is known: features, rows, a JSON list, or the text of a script."""

_STREET_MAGIC = (b"\x1f\x8b", b"<", b"\x00\x00\x00")
_LAYER_KINDS = ("municipalities", "zones", "small-areas")


def detect(path: Path) -> Kind:
    """What kind of file this is, by its content.

    Parameters
    ----------
    path : Path
        A file, any part of a shapefile, or a zip with one dataset in it.

    Returns
    -------
    kind : Kind
        One of :data:`KINDS`.

    Raises
    ------
    DataError
        No reader knows the content; the sentence says what was seen.
    SourceError
        The file is missing, empty, cut off or in an unknown encoding.
    """
    with _archive.unpacked(_existing(path)) as file:
        return "streets" if _is_streets(file) else _kind(file, _open(file))


def read(
    path: Path,
    *,
    municipality_code: str,
    kind: Kind | None = None,
    system: str | None = None,
    tier: str | None = None,
) -> Reading:
    """A file as understood, for one municipality.

    Parameters
    ----------
    path : Path
        A file, any part of a shapefile, or a zip with one dataset in it.
    municipality_code : str
        Five digits. Rows of other municipalities are left out where the file tells them apart.
    kind : Kind, optional
        What the file is; by its content unless told.
    system, tier : str, optional
        For zones: what the system is called, and its tier.

    Returns
    -------
    reading : Reading
        The table, how it was read, and a note for everything repaired, refused or left unknown.

    Raises
    ------
    AtlasError
        A sentence that names the file, the row or column, and the way out.
    """
    with _archive.unpacked(_existing(path)) as file:
        if kind == "streets" or (kind is None and _is_streets(file)):
            found = streets.read(file)
        else:
            opened = _open(file)
            found = _read(file, opened, kind or _kind(file, opened), municipality_code, system, tier)
        if file != path:
            found = dataclasses.replace(found, file=path.name, sha256=digest([path]))
    return found


def _existing(path: Path) -> Path:
    # Any part of a shapefile may be named; the others are found beside it.
    _tables.raw(path)
    return path


def _is_streets(path: Path) -> bool:
    """Whether the street reader is to be asked: its own formats begin unlike any table or layer."""
    with path.open("rb") as stream:
        head = stream.read(64)
    if head.startswith(_vectors.SHP_MAGIC) or not head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(
        _STREET_MAGIC
    ):
        return False
    return path.suffix.lower() not in (".shx", ".dbf", ".prj", ".cpg") and streets.looks_like(path)


def _open(path: Path) -> Opened:
    if path.suffix.lower() == ".js":
        return _tables.decode(_tables.raw(path), file=path.name)[0]
    if _vectors.looks_like(path):
        content = b"" if path.suffix.lower() in _vectors.SUFFIXES else _tables.raw(path)
        if b'"singleHousehold"' in content[:10_000]:
            return content.decode("utf-8", "replace")
        return _vectors.read(path)
    content = _tables.raw(path)
    if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"["):
        data, _ = _vectors.parse_json(content, file=path.name)
        return list(data)
    if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        raise errors.SourceError(
            "xml_not_read",
            "{file} is XML (GML or metadata), which is not read. Import the GeoJSON or shapefile of the same layer.",
            file=path.name,
        )
    if census.is_households(content[:10_000].decode("utf-8", "replace")):
        return content.decode("utf-8", "replace")
    return _tables.read(path)


def _kind(path: Path, opened: Opened) -> Kind:
    if isinstance(opened, _vectors.Layer):
        found = _layer_kind(opened)
    elif isinstance(opened, _tables.Sheet):
        found = _sheet_kind(opened)
    elif isinstance(opened, str):
        found = "households" if census.is_households(opened) else None
    else:
        found = "places" if places.is_facilities(opened) else None
    if found is None:
        raise errors.DataError(
            "kind_unknown",
            "{file} is nothing that is known here: it holds {seen}. If you know what it is, say so with --as "
            "KIND ({kinds}).",
            file=path.name,
            seen=_seen(opened),
            kinds=", ".join(KINDS),
        )
    return found


def _layer_kind(layer: _vectors.Layer) -> Kind | None:
    if layer.shape == "line":
        return "streets"
    if layer.shape == "point":
        return "places" if places.is_points(layer) else None
    if census.is_small_areas(layer):
        return "small-areas"
    if boundaries.is_municipalities(layer):
        return "municipalities"
    return "zones" if boundaries.is_zones(layer) else None


def _sheet_kind(sheet: _tables.Sheet) -> Kind | None:
    if census.table_of(sheet):
        return "census-table"
    if vacancies.table_of(sheet):
        return "vacancies"
    return "places" if places.table_of(sheet) else None


def _seen(opened: Opened) -> str:
    """What a file holds, in words that need no translation."""
    if isinstance(opened, _vectors.Layer):
        return f"{opened.shape.title()}: {_tables.listed(opened.columns)}"
    if isinstance(opened, _tables.Sheet):
        return _tables.listed(opened.rows[0].cells)
    if isinstance(opened, str):
        return " ".join(opened[:60].split())
    first = opened[0] if opened else None
    return f"JSON: {_tables.listed(first) if isinstance(first, Mapping) else type(first).__name__}"


def _read(
    path: Path, opened: Opened, kind: Kind, municipality_code: str, system: str | None, tier: str | None
) -> Reading:
    if kind == "streets":
        return streets.read(path)
    if kind == "households":
        return census.households(path)
    if kind in _LAYER_KINDS:
        layer = _expect(path, opened, _vectors.Layer, kind)
        if kind == "municipalities":
            return boundaries.municipalities(layer, municipality_code=municipality_code)
        if kind == "small-areas":
            return census.small_areas(layer, municipality_code=municipality_code)
        return boundaries.zones(layer, municipality_code=municipality_code, system=system, tier=tier)
    if kind == "places" and isinstance(opened, _vectors.Layer):
        return places.of_points(opened)
    if kind == "places" and isinstance(opened, list):
        return places.of_facilities(path, opened)
    sheet = _expect(path, opened, _tables.Sheet, kind)
    reader = {"census-table": census.statistics, "places": places.of_sheet, "vacancies": vacancies.of_sheet}[
        kind
    ]
    return reader(sheet, municipality_code=municipality_code)


def _expect(path: Path, opened: Opened, wanted: type[Any], kind: Kind) -> Any:
    if isinstance(opened, wanted):
        return opened
    raise errors.DataError(
        "kind_wrong",
        "{file} cannot be read as {kind}: it holds {seen}. Leave out --as, or choose another kind.",
        file=path.name,
        kind=kind,
        seen=_seen(opened),
    )
