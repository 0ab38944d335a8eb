"""The only code that reads foreign files: each reader gives back a table and everything done on the way.

The map of the readers::

    detect, read     what a file is, by its content; and the reader for it
    boundaries       N03 municipalities; school zones A32 and A27; own zones, also merged small areas
    schools          points from which zones are grown where no file draws them
    census           small areas with their people; the small-area tables; households at points
    grids            the census by grid square; people expected in years to come
    housing          vacant dwellings of the municipality in the housing survey
    residents        residents by town and age, joined to small areas by name
    places           cafeterias (49 columns), the council's own list, facility lists, points
    own              the registry's own files, read back as they were written
    vacancies        vacant houses and shops, with the owner's consent
    streets          OpenStreetMap extracts, OSMnx graphs, line layers
    elevation        terrain models -> heights at the nodes of streets

    _sandbox         all of it in a child process with limits
    _archive         the datasets of a zip
    _tables          bytes -> rows: encodings, delimiters, headers, codes and numbers in cells
    _excel           workbooks -> the same rows, as a person sees them
    _vectors         layers of any format -> features in JGD2011, repaired
    _gml, _xml       GML and KML; XML without entities
    geocode          gazetteers; addresses -> positions as far as block or town
    _mapping         which column is which, of a table that follows no standard
    _points          cells -> positions, dates, years; why a row has no place
    _areas           which small areas a cell means
    _reading         what a reader gives back

Nothing is stored here and nothing is changed. A file that cannot be understood raises a sentence that names
the file, the row or column, and the way out.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from geo import errors
from geo.sources import (
    _archive,
    _excel,
    _mapping,
    _sandbox,
    _tables,
    _vectors,
    boundaries,
    census,
    elevation,
    geocode,
    grids,
    housing,
    places,
    residents,
    schools,
    streets,
    vacancies,
)
from geo.sources._mapping import load as layouts
from geo.sources._mapping import save as save_layouts
from geo.sources._reading import Hints, Kind, Note, Reading, digest
from geo.sources.elevation import looks_like as is_elevation
from geo.sources.geocode import of_municipalities as addresses_of_municipalities
from geo.sources.geocode import of_small_areas as addresses_of

__all__ = [
    "KINDS",
    "Hints",
    "Kind",
    "Note",
    "Reading",
    "addresses_of",
    "addresses_of_municipalities",
    "detect",
    "header",
    "is_elevation",
    "layouts",
    "read",
    "save_layouts",
]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""Every kind of file that can be read."""


@dataclasses.dataclass(frozen=True)
class _Streets:
    """A street file, which only its own reader opens."""


Opened = _vectors.Layer | _tables.Sheet | list[Any] | str | _Streets
"""A file before its kind is known: features, rows, a JSON list, or the text of a script."""

_NO_HINTS = Hints()
_STREET_MAGIC = (b"\x1f\x8b", b"<", b"\x00\x00\x00")
_LAYER_KINDS = ("municipalities", "zones", "small-areas", "future-population")


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
    _existing(path)
    return detect_here(path) if _sandbox.is_off() else cast("Kind", _sandbox.detect(path))


def detect_here(path: Path) -> Kind:
    """The same in this process: what the sandbox runs."""
    if elevation.looks_like(_existing(path)):
        return "elevation"
    with _archive.unpacked(path) as files:
        return _one(path, files, None)[0].kind


def header(path: Path) -> tuple[str, ...]:
    """The columns of a table of any layout, for a person to say which is which; none when it is no table."""
    _existing(path)
    return header_here(path) if _sandbox.is_off() else _sandbox.header(path)


def header_here(path: Path) -> tuple[str, ...]:
    """The same in this process: what the sandbox runs."""
    with _archive.unpacked(path) as files:
        opened = next((one for one in (_open(f.path, "places") for f in files) if _is_sheet(one)), None)
        table = _mapping.header_of(cast("_tables.Sheet", opened)) if opened else None
    return tuple(dict.fromkeys(name for name in table.header if name)) if table else ()


def _is_sheet(opened: Opened) -> bool:
    return isinstance(opened, _tables.Sheet)


def read(
    path: Path,
    *,
    municipality_code: str,
    kind: Kind | None = None,
    system: str | None = None,
    tier: str | None = None,
    hints: Hints = _NO_HINTS,
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
    hints : Hints
        What the project knows and the file does not tell: columns, addresses, places.

    Returns
    -------
    reading : Reading
        The table, how it was read, and a note for everything repaired, refused or left unknown.

    Raises
    ------
    AtlasError
        A sentence that names the file, the row or column, and the way out.
    """
    _existing(path)
    if _sandbox.is_off():
        return read_here(
            path, municipality_code=municipality_code, kind=kind, system=system, tier=tier, hints=hints
        )
    arguments = {"municipality_code": municipality_code, "kind": kind, "system": system, "tier": tier}
    return _sandbox.read(path, arguments, hints=hints)


def read_here(
    path: Path,
    *,
    municipality_code: str,
    kind: Kind | None = None,
    system: str | None = None,
    tier: str | None = None,
    hints: Hints = _NO_HINTS,
) -> Reading:
    """The same in this process: what the sandbox runs."""
    if kind == "elevation" or (kind is None and elevation.looks_like(_existing(path))):
        # Its zip holds many sheets of one model, which others would refuse as many datasets.
        return elevation.read(path, nodes=hints.nodes)
    if hints.sheet:
        return _of_sheet(path, municipality_code, kind, system, tier, hints)
    with _archive.unpacked(_existing(path)) as files:
        one, others = _one(path, files, kind, hints)
        found = _read(one, municipality_code=municipality_code, system=system, tier=tier, hints=hints)
        notes = [
            *one.file.notes,
            *others,
            *(one.opened.notes if isinstance(one.opened, _tables.Sheet) else ()),
            *_repeated(one),
        ]
        found = dataclasses.replace(found, notes=(*notes, *found.notes))
        if one.file.path != path:
            found = dataclasses.replace(found, file=path.name, sha256=digest([path]))
    return found


def _of_sheet(
    path: Path, municipality_code: str, kind: Kind | None, system: str | None, tier: str | None, hints: Hints
) -> Reading:
    """One sheet of a workbook, as a list of its own beside those of its other sheets."""
    if not _excel.looks_like(path):
        raise errors.DataError(
            "sheet_no_workbook", "{file} is no workbook: it has no sheets. Leave out --sheet.", file=path.name
        )
    wanted = next((s for s in _excel.read(path) if _tables.plain(s.name) == _tables.plain(hints.sheet)), None)
    if wanted is None:
        raise errors.DataError(
            "sheet_missing",
            "{file} has no sheet {sheet} with anything in it; it has {sheets}. Give one of these.",
            file=path.name,
            sheet=hints.sheet,
            sheets=_tables.listed(s.name for s in _excel.read(path)),
        )
    with tempfile.TemporaryDirectory(prefix="ibasho-") as folder:
        # What is read is named after its file: two sheets must not be one list.
        name = re.sub(r"[^\w.-]", "_", wanted.name)
        alias = Path(folder) / f"{path.stem}-{name}{path.suffix}"
        shutil.copyfile(path, alias)
        sheet = dataclasses.replace(_exchanged(wanted) if hints.swap_xy else wanted, path=alias)
        one = _Understood(_archive.File(alias), kind or _kind(alias, sheet), sheet)
        found = _read(one, municipality_code=municipality_code, system=system, tier=tier, hints=hints)
        return dataclasses.replace(found, file=path.name, notes=(*sheet.notes, *found.notes))


def _exchanged(sheet: _tables.Sheet) -> _tables.Sheet:
    """The sheet with the headings of latitude and longitude exchanged."""
    north, east = places.ALIASES["latitude"], places.ALIASES["longitude"]

    def other(cell: str) -> str:
        name = _tables.heading(cell)
        return east[0] if name in north else north[0] if name in east else cell

    top = [_tables.Row(row.number, tuple(map(other, row.cells))) for row in sheet.rows[:15]]
    note = Note("repaired", "layer_exchanged", "Latitude and longitude were exchanged, as you said.")
    return dataclasses.replace(sheet, rows=(*top, *sheet.rows[15:]), notes=(*sheet.notes, note))


def _repeated(one: _Understood) -> list[Note]:
    """Columns of a list that stand twice with different values: readers take the first."""
    table = None
    if one.kind in ("places", "vacancies", "zones", "schools") and isinstance(one.opened, _tables.Sheet):
        table = _mapping.header_of(one.opened)
    if table is None:
        return []
    where: dict[str, list[int]] = {}
    for position, name in enumerate(table.header):
        where.setdefault(name, []).append(position)

    def differ(columns: list[int]) -> bool:
        cells = [[row.cells[c] if c < len(row.cells) else "" for row in table.rows] for c in columns]
        return any(column != cells[0] for column in cells)

    return [
        Note(
            "unknown",
            "column_twice",
            "The column {column} stands in the table {n} times with different values; the first was read. Rename the "
            "others, or take them out.",
            values={"column": name, "n": len(columns)},
        )
        for name, columns in where.items()
        if name and len(columns) > 1 and differ(columns)
    ]


def _existing(path: Path) -> Path:
    # Any part of a shapefile may be named; the others are found beside it.
    _tables.check(path)
    return path


@dataclasses.dataclass(frozen=True)
class _Understood:
    """A dataset that is opened and known."""

    file: _archive.File
    kind: Kind
    opened: Opened


def _one(
    path: Path, files: Sequence[_archive.File], kind: Kind | None, hints: Hints = _NO_HINTS
) -> tuple[_Understood, list[Note]]:
    """The dataset that is meant; of several in a zip the only one that is understood, or is of the told kind."""
    if len(files) == 1:
        return _understood(files[0], kind, hints), []
    found = []
    for file in files:
        with contextlib.suppress(errors.AtlasError):
            found.append(_understood(file, None, hints))
    fitting = [one for one in found if kind in (None, one.kind)]
    if len(fitting) != 1:
        raise _archive.not_one(path, [file.path.name for file in files])
    taken = fitting[0].file.path.name
    others = _tables.listed((f.path.name for f in files if f.path.name != taken), most=5)
    note = Note(
        "info",
        "zip_others",
        "Of the datasets in the zip {taken} was read; {others} were not. Unpack it to import those too.",
        values={"taken": taken, "others": others},
    )
    return fitting[0], [note]


def _understood(file: _archive.File, kind: Kind | None, hints: Hints) -> _Understood:
    opened = _open(file.path, kind, swap_xy=hints.swap_xy)
    if hints.swap_xy and isinstance(opened, _tables.Sheet):
        opened = _exchanged(opened)
    found = kind or _kind(file.path, opened)
    if isinstance(opened, _vectors.Layer) and opened.shape == "line" and found in _LAYER_KINDS:
        opened = _vectors.polygonised(opened)
    return _Understood(file, found, opened)


def _is_streets(path: Path) -> bool:
    """Whether this is for the street reader alone: its own formats begin unlike any table or layer."""
    with path.open("rb") as stream:
        head = stream.read(64)
    if _vectors.looks_like(path) or not head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(_STREET_MAGIC):
        return False
    return streets.looks_like(path)


def _open(path: Path, kind: Kind | None, *, swap_xy: bool = False) -> Opened:
    if _is_streets(path):
        return _Streets()
    if _excel.looks_like(path):
        return _sheet(_excel.read(path))
    if path.suffix.lower() == ".js":
        return _tables.decode(_tables.raw(path), file=path.name)[0]
    if _vectors.looks_like(path):
        content = b"" if path.suffix.lower() in _vectors.SUFFIXES else _tables.raw(path)
        if b'"singleHousehold"' in content[:10_000]:
            return content.decode("utf-8", "replace")
        if table := _records_in(path, content):
            return table
        layer = _vectors.read(path, swap_xy=swap_xy)
        return _vectors.polygonised(layer) if kind is None and _vectors.is_closed(layer) else layer
    content = _tables.raw(path)
    if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"["):
        data, encoding = _vectors.parse_json(content, file=path.name)
        return _records(path, list(data), encoding)
    if (
        content.lstrip(b"\xef\xbb\xbf \r\n\t")
        .replace(b"\0", b"")
        .startswith((b"<", b"\xff\xfe<", b"\xfe\xff<"))
    ):
        raise errors.SourceError(
            "xml_not_read",
            "{file} is XML, but neither GML nor KML with features (it may be metadata). Import the GeoJSON or "
            "shapefile of the same layer.",
            file=path.name,
        )
    if census.is_households(content[:10_000].decode("utf-8", "replace")):
        return content.decode("utf-8", "replace")
    return _tables.read(path)


def _records_in(path: Path, content: bytes) -> Opened | None:
    """The one list of objects without geometry in a JSON object, which is a table and no layer."""
    if not content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") or b'"features"' in content:
        return None
    data, encoding = _vectors.parse_json(content, file=path.name)
    records = _vectors.records_of(data)
    if not records or any("geometry" in one for one in records):
        return None
    return _records(path, list(records), encoding)


def _records(path: Path, data: list[Any], encoding: str) -> Opened:
    """A JSON list as it is when a reader knows its shape, else as the table that a list of flat objects is."""
    flat = data and all(
        isinstance(one, Mapping) and not any(isinstance(v, list | Mapping) for v in one.values())
        for one in data
    )
    known = geocode.is_towns(data) or places.is_facilities(data)
    return _tables.of_records(path, data, encoding) if flat and not known else data


def _sheet(sheets: Sequence[_tables.Sheet]) -> _tables.Sheet:
    """Of the sheets of a workbook the longest whose header is known, or the longest of all."""
    best = max(sheets, key=lambda sheet: (_sheet_kind(sheet) is not None, len(sheet.rows)))
    others = [sheet.name for sheet in sheets if sheet is not best]
    if not others:
        return best
    note = Note(
        "info",
        "excel_other_sheets",
        "Of the workbook the sheet {sheet} was read; {others} were not. Import those with --sheet NAME.",
        values={"sheet": best.name, "others": _tables.listed(others, most=5)},
    )
    return dataclasses.replace(best, notes=(note, *best.notes))


def _kind(path: Path, opened: Opened) -> Kind:
    if isinstance(opened, _Streets):
        return "streets"
    if isinstance(opened, _vectors.Layer):
        found = _layer_kind(opened)
    elif isinstance(opened, _tables.Sheet):
        found = _sheet_kind(opened)
    elif isinstance(opened, str):
        found = "households" if census.is_households(opened) else None
    elif geocode.is_towns(opened):
        found = "addresses"
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
    if grids.is_projection(layer):
        return "future-population"
    if census.is_small_areas(layer):
        return "small-areas"
    if boundaries.is_municipalities(layer):
        return "municipalities"
    return "zones" if boundaries.is_zones(layer) else None


def _sheet_kind(sheet: _tables.Sheet) -> Kind | None:
    if grids.table_of(sheet):
        return "census-mesh"
    if census.table_of(sheet):
        return "census-table"
    if housing.table_of(sheet):
        return "housing-survey"
    if residents.table_of(sheet):
        return "residents"
    if geocode.table_of(sheet):
        return "addresses"
    if vacancies.table_of(sheet):
        return "vacancies"
    return "places" if places.venues_of(sheet) or places.table_of(sheet) else None


def _seen(opened: Opened) -> str:
    """What a file holds, in words that need no translation."""
    if isinstance(opened, _Streets):
        return "OpenStreetMap / OSMnx"
    if isinstance(opened, _vectors.Layer):
        return f"{opened.shape.title()}: {_tables.listed(opened.columns)}"
    if isinstance(opened, _tables.Sheet):
        return _tables.listed(opened.rows[0].cells)
    if isinstance(opened, str):
        return " ".join(opened[:60].split())
    first = opened[0] if opened else None
    return f"JSON: {_tables.listed(first) if isinstance(first, Mapping) else type(first).__name__}"


def _read(
    one: _Understood, *, municipality_code: str, system: str | None, tier: str | None, hints: Hints
) -> Reading:
    path, kind, opened = one.file.path, one.kind, one.opened
    if kind == "streets":
        return streets.of_layer(opened) if isinstance(opened, _vectors.Layer) else streets.read(path)
    if kind == "households":
        return census.households(path)
    if kind in ("zones", "schools"):
        told = {"municipality_code": municipality_code, "system": system, "tier": tier}
        return _zones(path, kind, opened, hints, **told)
    if kind in _LAYER_KINDS:
        layer = _expect(path, opened, _vectors.Layer, kind)
        return _polygons(layer, kind, municipality_code, hints)
    if kind == "places":
        return _places(path, opened, municipality_code, hints)
    if kind == "addresses":
        if isinstance(opened, list):
            return geocode.of_towns(path, opened)
        return geocode.of_sheet(_expect(path, opened, _tables.Sheet, kind), municipality=hints.municipality)
    return _counts(_expect(path, opened, _tables.Sheet, kind), kind, municipality_code, hints)


def _polygons(layer: _vectors.Layer, kind: Kind, municipality_code: str, hints: Hints) -> Reading:
    if kind == "municipalities":
        return boundaries.municipalities(layer, municipality_code=municipality_code)
    if kind == "future-population":
        return grids.projection(layer, municipality_code=municipality_code, borders=hints.borders)
    return census.small_areas(layer, municipality_code=municipality_code)


def _zones(path: Path, kind: Kind, opened: Opened, hints: Hints, **told: Any) -> Reading:
    """Areas as they are drawn, merged by a table, or the points around which they will grow."""
    if isinstance(opened, _vectors.Layer):
        grow = kind == "schools" or opened.shape == "point"
        return schools.of_layer(opened, **told) if grow else boundaries.zones(opened, **told)
    sheet = _expect(path, opened, _tables.Sheet, kind)
    if kind == "schools":
        return schools.of_sheet(sheet, hints=hints, **told)
    return boundaries.of_table(sheet, areas=hints.areas, municipality=hints.municipality, **told)


def _counts(sheet: _tables.Sheet, kind: Kind, municipality_code: str, hints: Hints) -> Reading:
    if kind == "residents":
        return residents.of_sheet(
            sheet,
            municipality_code=municipality_code,
            areas=hints.areas,
            municipality=hints.municipality,
        )
    if kind == "census-mesh":
        return grids.statistics(sheet, municipality_code=municipality_code, borders=hints.borders)
    if kind == "vacancies":
        if not hints.mapping and _sheet_kind(sheet) == "places":
            raise errors.DataError(
                "vacancies_are_places",
                "{file} is a list of places, not of vacant houses and shops. Leave --as away, or say with --map which "
                "column is which.",
                file=sheet.path.name,
            )
        return vacancies.of_sheet(sheet, municipality_code=municipality_code, hints=hints)
    reader = census.statistics if kind == "census-table" else housing.of_sheet
    return reader(sheet, municipality_code=municipality_code)


def _places(path: Path, opened: Opened, municipality_code: str, hints: Hints) -> Reading:
    if isinstance(opened, _vectors.Layer):
        return places.of_points(opened, municipality_code=municipality_code, hints=hints)
    if isinstance(opened, list):
        return places.of_facilities(path, opened, hints=hints)
    sheet = _expect(path, opened, _tables.Sheet, "places")
    reader = places.of_venues if places.venues_of(sheet) else places.of_sheet
    return reader(sheet, municipality_code=municipality_code, hints=hints)


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
