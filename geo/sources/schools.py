"""Schools as points, from which zones are grown where no file draws them (see :func:`geo.zones.grown`).

国土数値情報 P29 of any edition, the point layers of A27 and A32, or any list or layer of named points (also branch
offices, of a system of their own). Only schools of the kind of the system count, and only public ones where the
file tells who runs them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from geo import errors, schemas
from geo.sources import _points, _tables, _vectors, boundaries, places
from geo.sources._reading import Hints, Note, Reading

TIERS = {"middle_school": "middle", "elementary_school": "small"}
_CLASSES = {"middle_school": ("16002", "16014"), "elementary_school": ("16001", "16014")}
"""学校分類 of P29: middle, elementary, and compulsory schools, which are both. Secondary schools (16003) choose their
pupils and have no zone."""
_NAMES = {
    "middle_school": re.compile(r"中学校|義務教育学校|中学部|中$"),
    "elementary_school": re.compile(r"小学校|小中学校|小中一貫校|義務教育学校|小学部|小$"),
}
_OTHER = re.compile(
    r"小学校|中学校|高等学校|高校|大学|幼稚園|保育|こども園|中等教育学校|特別支援|養護学校|専門学校|専修|高専"
)
_NOT_OF_THE_TOWN = re.compile(r"私立|国立|都立|県立|府立|道立|附属|付属|大学")
_RUN_BY = ("設置主体", "設置者", "設置区分", "管理者", "運営主体", "国公私立", "operator")
_OF_THE_TOWN = "3"
"""管理者コード of P29: run by a municipality."""
_SUSPENDED = "2"


@dataclass(frozen=True)
class _School:
    """One point of the file."""

    row: int
    key: str
    name: str
    place: _points.Position
    code: str | None = None
    kind: str = ""
    """学校分類; blank: the name tells."""
    run_by: str = ""
    """管理者コード or words; blank: the file does not tell."""
    suspended: bool = False


def of_layer(
    layer: _vectors.Layer, *, municipality_code: str, system: str | None = None, tier: str | None = None
) -> Reading:
    """The schools of a layer of points, each where its zone will grow.

    Parameters
    ----------
    layer : Layer
    municipality_code : str
        Schools of other municipalities are left out; for a ward of a designated city those of the city stay.
    system, tier : str, optional
        ``middle_school`` unless told or the layer is A27; a system that is of no school takes every point.

    Returns
    -------
    reading : Reading
        ``Zones`` whose geometry is still the point of the school, ``approximate``.
    """
    official = places.official_of(layer.columns)
    if official and official.startswith("P29"):
        found = _of_p29(layer, places.OFFICIAL[official])
    elif boundaries.school_of(layer):
        found = _of_zone_layer(layer)
    else:
        found = _of_points(layer)
    school = boundaries.school_of(layer)
    default = boundaries.SCHOOL_SYSTEMS[school][0] if school else "middle_school"
    year = re.search(r"(?:P29|A27P?|A32P?)-(\d{2})(?!\d)", layer.path.stem)
    return _reading(
        found,
        municipality_code,
        system or default,
        tier,
        file=layer.path.name,
        sha256=layer.sha256,
        rows=layer.rows,
        encoding=layer.encoding,
        crs=layer.crs,
        edition=f"20{year.group(1)}" if year else None,
        notes=layer.notes,
    )


def of_sheet(
    sheet: _tables.Sheet,
    *,
    municipality_code: str,
    system: str | None = None,
    tier: str | None = None,
    hints: Hints = Hints(),
) -> Reading:
    """The same for a list of schools: columns and positions are found as for a list of places."""
    listed = places.of_sheet(sheet, municipality_code=municipality_code, hints=hints)
    found = [
        _School(row, f"{row}", name, _points.Position(x, y), run_by=_tables.plain(operator))
        for row, name, operator, x, y in zip(
            listed.table["source_row"].tolist(),
            listed.table["name"],
            listed.table["operator"],
            listed.table.geometry.x.tolist(),
            listed.table.geometry.y.tolist(),
            strict=True,
        )
    ]
    kept = [note for note in listed.notes if not note.code.startswith("places_")]
    return _reading(
        found,
        municipality_code,
        system or "middle_school",
        tier,
        file=listed.file,
        sha256=listed.sha256,
        rows=listed.rows,
        encoding=listed.encoding,
        crs=listed.crs,
        licence=listed.licence,
        notes=tuple(kept),
        layout=listed.layout,
    )


def _records(layer: _vectors.Layer) -> list[tuple[int, dict[str, str], _points.Position]]:
    points = layer.frame.geometry.representative_point()
    records = layer.frame.drop(columns="geometry").to_dict("records")
    return [
        (
            int(row),
            {str(k): _tables.plain(v).removesuffix(".0") for k, v in one.items()},
            _points.Position(p.x, p.y),
        )
        for row, one, p in zip(layer.frame.index, records, points, strict=True)
    ]


def _of_p29(layer: _vectors.Layer, rule: Any) -> list[_School]:
    schools = []
    for row, record, place in _records(layer):
        told = {name.upper(): value for name, value in record.items()}
        schools.append(
            _School(
                row,
                told.get("P29_002", "") if rule.state else "",
                told.get(rule.name, ""),
                place,
                _tables.municipality_code(told.get(rule.code or "", "")),
                told.get(rule.kind, "") if re.fullmatch(r"16\d{3}", told.get(rule.kind, "")) else "",
                told.get(rule.manager or "", "") if told.get(rule.manager or "", "").isdigit() else "",
                told.get(rule.state or "") == _SUSPENDED,
            )
        )
    return schools


def _of_zone_layer(layer: _vectors.Layer) -> list[_School]:
    """Points of A27 or A32: only public schools are in them."""
    named = boundaries.school_zones(layer)
    points = [place for _, _, place in _records(layer)]
    rows = zip(
        layer.frame.index, named["zone_id"], named["name"], named["municipality_code"], points, strict=True
    )
    return [
        _School(int(row), key, name, place, code, run_by=_OF_THE_TOWN) for row, key, name, code, place in rows
    ]


def _of_points(layer: _vectors.Layer) -> list[_School]:
    column = boundaries.name_column(layer)
    if layer.shape != "point" or column is None:
        raise errors.DataError(
            "schools_columns",
            "{file} holds {shape}s with the columns {columns}, but named points of schools are needed. Call the column "
            "of names name.",
            file=layer.path.name,
            shape=layer.shape,
            columns=_tables.listed(layer.columns),
        )
    return [
        _School(row, "", record.get(column, ""), place, boundaries.code_of(record), run_by=_run_by(record))
        for row, record, place in _records(layer)
    ]


def _run_by(record: Mapping[str, str]) -> str:
    named = {_tables.heading(key): value for key, value in record.items()}
    return next((named[name] for name in _RUN_BY if named.get(name)), "")


# -- which of them have a zone ------------------------------------------------------------------------------


def _reading(
    found: list[_School], municipality_code: str, system: str, tier: str | None, **told: Any
) -> Reading:
    system = boundaries.system_name(system)
    tier = boundaries.tier_name(tier or TIERS.get(system, "middle"))
    here = [one for one in found if boundaries.is_here(one.code, municipality_code)]
    fitting = [one for one in here if one.name and _is_of(one, system)]
    public = [one for one in fitting if _is_public(one, system)]
    used = [one for one in public if not one.suspended]
    if not any(_is_surely_of(one, system) for one in used):
        raise errors.DataError(
            "schools_none",
            "{file} has no point of municipality {municipality} from which a zone of {system} could grow ({seen}). "
            "Give the list of its schools, and the system with --system.",
            file=told["file"],
            municipality=municipality_code,
            system=system,
            seen=_tables.listed((one.name or one.code for one in here or found), most=5),
        )
    ids = [one.key or f"{municipality_code}:{one.name}" for one in used]
    ids = [i if ids.count(i) == 1 else f"{i}:{one.row}" for i, one in zip(ids, used, strict=True)]
    dataset_id = f"zones:{system}"
    table = gpd.GeoDataFrame(
        {
            "zone_id": [f"{system}:{i.replace(';', ',')}" for i in ids],
            "system": system,
            "tier": tier,
            "name": [one.name for one in used],
            "municipality_code": pd.array([one.code or municipality_code for one in used], dtype=object),
            "approximate": True,
            "dataset_id": dataset_id,
        },
        geometry=_points.geometry([one.place for one in used]),
        crs=schemas.STORED_CRS,
    )
    counts = {
        "zones_elsewhere": len(found) - len(here),
        "schools_other_kind": len(here) - len(fitting),
        "schools_not_public": len(fitting) - len(public),
        "schools_suspended": len(public) - len(used),
    }
    silent = sum(not one.run_by for one in used) if system in _NAMES else 0
    notes = [*told.pop("notes"), *_left_out(counts), *_unknown(silent, len(used))]
    return Reading(
        kind="zones",
        dataset_id=dataset_id,
        schema=schemas.Zones,
        table=schemas.conform(schemas.Zones, table),
        notes=tuple(notes),
        **told,
    )


def _is_of(school: _School, system: str) -> bool:
    if system not in _NAMES:
        return True
    if school.kind:
        return school.kind in _CLASSES[system]
    # Of a school with a name of its own (a gakuen) the list alone tells that it belongs here.
    return bool(_NAMES[system].search(school.name)) or not _OTHER.search(school.name)


def _is_surely_of(school: _School, system: str) -> bool:
    """Whether more than the list says so: a list without any such school is a list of something else."""
    return system not in _NAMES or bool(school.kind) or bool(_NAMES[system].search(school.name))


def _is_public(school: _School, system: str) -> bool:
    if system not in _NAMES:
        return True
    if school.run_by.isdigit():
        return school.run_by == _OF_THE_TOWN
    return not _NOT_OF_THE_TOWN.search(f"{school.run_by} {school.name}")


_LEFT = {
    "zones_elsewhere": Note("info", "zones_elsewhere", "{n} features of other municipalities were left out."),
    "schools_other_kind": Note(
        "info", "schools_other_kind", "{n} points that are no schools of this kind were left out."
    ),
    "schools_not_public": Note(
        "info",
        "schools_not_public",
        "{n} schools that the municipality does not run were left out: they have no zone.",
    ),
    "schools_suspended": Note("info", "schools_suspended", "{n} suspended schools were left out."),
}


def _left_out(counts: Mapping[str, int]) -> list[Note]:
    return [
        Note(_LEFT[code].level, code, _LEFT[code].template, values={"n": n})
        for code, n in counts.items()
        if n
    ]


def _unknown(silent: int, all_: int) -> list[Note]:
    if not silent:
        return []
    return [
        Note(
            "unknown",
            "schools_run_by",
            "For {n} of {all} schools the file does not tell who runs them: private schools, which have no zone, may "
            "be among them. Take them out of the file.",
            values={"n": silent, "all": all_},
        )
    ]
