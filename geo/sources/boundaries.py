"""Borders: municipalities (N03) and zones of any system (school zones A32 and A27, the municipality's own).

Where a zone has no border of its own but a list of its 町丁, it is their small areas, merged.

The editions of the official layers give the same column names different meanings, and files are renamed on
their way; so columns are told by what stands in them, never by the name of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geo import errors, schemas
from geo.sources import _areas, _mapping, _tables, _vectors
from geo.sources._reading import Note, Reading, digest

SCHOOL_SYSTEMS = {"A32": ("middle_school", "middle"), "A27": ("elementary_school", "small")}
"""System and tier of the two official school-zone layers."""

_CODE_IN_NAME = re.compile(r"(?<!\d)(\d{5})(?!\d)")
_SCHOOL_CODE = re.compile(r"[A-Z]\d{12}")
_SCHOOL_NAME = re.compile(r".*(学校|学園|学院|学舎|学府|校|[小中])([(].*[)])?")
_PREFECTURE = re.compile(r"^(東京都|北海道|京都府|大阪府|.{2,3}県)")
_ZONE_NAMES = (
    "name", "名称", "名前", "地区名", "地区", "圏域名", "圏域", "出張所名", "出張所", "区域名", "地域名",
    "町名", "校区名", "学区名", "連合名", "zone", "zone_name", "label", "name_ja",
)  # fmt: skip
_MERGED_NAMES = (
    "圏域の名称", "日常生活圏域", "日常生活圏域名", "中学校区", "小学校区", "中学校区名", "小学校区名", "通学区域",
    "地域社協", "地区社協", "支所", "支所名", "連合町会", "地域包括支援センター", "民生委員区", "担当地区",
)  # fmt: skip
"""Further headings of the zone, in a table that has more columns than two."""
_CODE_NAMES = (
    "municipality_code", "市区町村コード", "行政区域コード", "全国地方公共団体コード", "自治体コード",
    "n03_007", "citycode", "city_code",
)  # fmt: skip
_TOUCH_DEG = 1e-5
"""About one metre: borders of neighbours that were simplified apart still touch."""


def is_municipalities(layer: _vectors.Layer) -> bool:
    """N03, or polygons that have nothing but a name in a file that is named by its code."""
    plain = [c for c in layer.columns if c.lower() not in ("id", "fid")]
    by_file = _CODE_IN_NAME.fullmatch(layer.path.stem) is not None and plain == ["name"]
    return layer.shape == "polygon" and ("N03_007" in layer.columns or by_file)


def is_zones(layer: _vectors.Layer) -> bool:
    """Polygons of a school-zone layer, or polygons with names."""
    return layer.shape == "polygon" and (school_of(layer) is not None or name_column(layer) is not None)


# -- municipalities -----------------------------------------------------------------------------------------


def municipalities(layer: _vectors.Layer, *, municipality_code: str) -> Reading:
    """The border of the municipality, and of those that touch it.

    Parameters
    ----------
    layer : Layer
        N03 of any edition, or polygons with a ``name`` in a file named by its code.
    municipality_code : str
        Five digits.

    Returns
    -------
    reading : Reading
        ``Municipalities``: parts dissolved by code; land that belongs to none (no code, or one that ends in
        000) is left out with a note.

    Raises
    ------
    DataError
        The municipality is not in the file; names the codes that are.
    """
    _need_polygons(layer)
    named = _n03(layer) if "N03_007" in layer.columns else _plain(layer)
    unassigned = named["municipality_code"].isna()
    whole = named[~unassigned].dissolve("municipality_code", as_index=False, sort=True)
    codes = whole["municipality_code"].tolist()
    if municipality_code not in codes:
        raise errors.DataError(
            "municipality_missing",
            "{file} does not hold municipality {municipality}; it holds {codes}. Import the file of "
            "{municipality}, or make the project for one of these.",
            file=layer.path.name,
            municipality=municipality_code,
            codes=_tables.listed(codes),
        )
    asked = whole.loc[whole["municipality_code"] == municipality_code, "geometry"].iloc[0]
    kept = whole[shapely.dwithin(whole.geometry.array, asked, _TOUCH_DEG)]
    notes = list(layer.notes)
    if unassigned.any():
        notes.append(
            Note(
                "info",
                "land_unassigned",
                "{n} pieces of land belong to no municipality yet and were left out.",
                values={"n": int(unassigned.sum())},
            )
        )
    return Reading(
        kind="municipalities",
        dataset_id="municipalities",
        schema=schemas.Municipalities,
        table=schemas.conform(schemas.Municipalities, kept.assign(dataset_id="municipalities")),
        file=layer.path.name,
        sha256=layer.sha256,
        rows=layer.rows,
        edition=_n03_edition(layer.path),
        encoding=layer.encoding,
        crs=layer.crs,
        notes=tuple(notes),
    )


def _n03(layer: _vectors.Layer) -> gpd.GeoDataFrame:
    frame = layer.frame
    codes = frame["N03_007"].map(_tables.municipality_code)
    texts = {name: _texts(frame, name) for name in ("N03_003", "N03_004", "N03_005")}
    names, qualified = [], []
    for county, city, ward in zip(*texts.values(), strict=True):
        # Until 2023 the designated city stands in 003 and its ward in 004; from 2024 in 004 and 005.
        names.append(ward or city)
        qualified.append(city + ward if ward else (county + city if county.endswith("市") else city))
    return gpd.GeoDataFrame(
        {
            "municipality_code": codes.where(~codes.fillna("000").str.endswith("000"), None),
            "name": names,
            "qualified_name": qualified,
        },
        geometry=frame.geometry,
        crs=frame.crs,
    )


def _plain(layer: _vectors.Layer) -> gpd.GeoDataFrame:
    code = _CODE_IN_NAME.findall(layer.path.stem)
    column = name_column(layer)
    names = set(_texts(layer.frame, column)) if column else set()
    if len(code) != 1 or len(names) != 1:
        raise errors.DataError(
            "municipality_code_unknown",
            "{file} has no column N03_007, and is not one municipality in a file named by its five-digit "
            "code (columns: {columns}). Name the file like 13105.geojson, or import the N03 layer.",
            file=layer.path.name,
            columns=_tables.listed(layer.columns),
        )
    full = _PREFECTURE.sub("", names.pop()) or layer.path.stem
    return gpd.GeoDataFrame(
        {"municipality_code": code[0], "name": re.sub(r"^.+市(?=.+区$)", "", full), "qualified_name": full},
        geometry=layer.frame.geometry,
        crs=layer.frame.crs,
        index=layer.frame.index,
    )


def _n03_edition(path: Path) -> str | None:
    name = re.search(r"N03-(\d{4})(\d{2})(\d{2})(?!\d)|N03-.*?_(\d{2})(\d{2})(\d{2})(?!\d)", path.stem)
    if name is None:
        return None
    year, month, day = name.group(1, 2, 3) if name.group(1) else name.group(4, 5, 6)
    return f"{year if len(year) == 4 else '20' + year}-{month}-{day}"


# -- zones --------------------------------------------------------------------------------------------------


def zones(
    layer: _vectors.Layer, *, municipality_code: str, system: str | None = None, tier: str | None = None
) -> Reading:
    """Zones of one system: school zones by their official layer, or the municipality's own polygons.

    Parameters
    ----------
    layer : Layer
        A32, A27 (any edition), or polygons with a column of names.
    municipality_code : str
        Rows of other municipalities are left out. School zones of a designated city follow the city, not its
        wards, so for a ward those of all wards in the prefecture stay.
    system, tier : str, optional
        What the zones are called, and their tier (small, middle, municipal). School layers say so themselves;
        own zones are ``own`` and ``middle`` unless told.

    Returns
    -------
    reading : Reading
        ``Zones``: one row a school or name, parts dissolved; zones may overlap, and are left so.
    """
    _need_polygons(layer)
    school = school_of(layer)
    default = SCHOOL_SYSTEMS[school] if school else ("own", "middle")
    system, tier = system_name(system or default[0]), tier_name(tier or default[1])
    named = school_zones(layer) if school else _own_zones(layer)
    kept, notes = _of_municipality(layer, named, municipality_code)
    kept = kept.assign(zone_id=system + ":" + kept["zone_id"])
    table = kept.dissolve("zone_id", as_index=False, sort=True)
    dataset_id = f"zones:{system}"
    return Reading(
        kind="zones",
        dataset_id=dataset_id,
        schema=schemas.Zones,
        table=schemas.conform(schemas.Zones, table.assign(system=system, tier=tier, dataset_id=dataset_id)),
        file=layer.path.name,
        sha256=layer.sha256,
        rows=layer.rows,
        edition=_school_edition(layer) if school else None,
        encoding=layer.encoding,
        crs=layer.crs,
        notes=(*layer.notes, *notes),
    )


def system_name(name: str) -> str:
    """The name of a zone system, when it can be one."""
    if not re.fullmatch(r"[^\s:;]{1,60}", name):
        raise errors.DataError(
            "system_name",
            "{system!r} cannot be the name of a zone system: use 1 to 60 characters without spaces, colons "
            "or semicolons.",
            system=name,
        )
    return name


def tier_name(name: str) -> str:
    """A tier, when there is one of that name."""
    if name not in schemas.TIERS:
        raise errors.DataError(
            "tier_unknown",
            "{tier!r} is no tier. Use one of: {tiers}.",
            tier=name,
            tiers=", ".join(schemas.TIERS),
        )
    return name


def school_of(layer: _vectors.Layer) -> str | None:
    """A27 or A32, areas or points, when the layer is one of them."""
    found = [p for p in SCHOOL_SYSTEMS if any(re.fullmatch(p + r"_\d{3}", c) for c in layer.columns)]
    return found[0] if found else None


def school_zones(layer: _vectors.Layer) -> gpd.GeoDataFrame:
    """Code, name and key of each feature; what a column holds is seen in its values."""
    texts = {c: _texts(layer.frame, c) for c in sorted(layer.columns) if re.match(r"A(32|27)_\d{3}$", c)}
    code = _best(texts, lambda text: _tables.municipality_code(text) is not None and len(text) >= 4, 0.9)
    key = _best(texts, lambda text: _SCHOOL_CODE.fullmatch(text) is not None, 0.9)
    rest = {c: values for c, values in texts.items() if c not in (code, key)}
    name = _best(rest, lambda text: _SCHOOL_NAME.fullmatch(_tables.plain(text)) is not None, 0.5)
    if code is None or name is None:
        raise errors.DataError(
            "zones_columns",
            "{file} lacks a column of {missing}; it has {columns}. Import the polygon layer of A32 or A27 as "
            "published.",
            file=layer.path.name,
            missing="municipality codes" if code is None else "school names",
            columns=_tables.listed(layer.columns),
        )
    codes = [_tables.municipality_code(text) for text in texts[code]]
    names = [_tables.plain(text) for text in texts[name]]
    keys = texts[key] if key else [""] * len(names)
    ids = [k or f"{c}:{n}" for k, c, n in zip(keys, codes, names, strict=True)]
    return _zone_frame(layer, ids, names, codes)


def _best(texts: dict[str, list[str]], fits: Any, least: float) -> str | None:
    """The column whose filled cells fit most often, the first of equals; None below the least share."""
    shares = {
        column: sum(map(fits, filled)) / len(filled)
        for column, values in texts.items()
        if (filled := [value for value in values if value])
    }
    best = max(shares, key=lambda column: shares[column], default=None)
    return best if best is not None and shares[best] >= least else None


def _own_zones(layer: _vectors.Layer) -> gpd.GeoDataFrame:
    column = name_column(layer)
    if column is None:
        raise errors.DataError(
            "zones_name_missing",
            "{file} has no column that clearly names its zones; it has {columns}. Call that column name.",
            file=layer.path.name,
            columns=_tables.listed(layer.columns),
        )
    names = [_tables.plain(text) for text in _texts(layer.frame, column)]
    code = _code_column(layer.columns)
    codes = (
        [_tables.municipality_code(text) for text in _texts(layer.frame, code)]
        if code
        else [None] * len(names)
    )
    return _zone_frame(layer, names, names, codes)


def _code_column(columns: Iterable[str]) -> str | None:
    return next((c for c in columns if c.lower() in _CODE_NAMES), None)


def code_of(record: Mapping[str, str]) -> str | None:
    """The municipality that a feature names itself."""
    column = _code_column(record)
    return _tables.municipality_code(record[column]) if column else None


def name_column(layer: _vectors.Layer) -> str | None:
    """The column of names: by its own name, else the only one of distinct texts."""
    by_name = {_tables.heading(c): c for c in layer.columns}
    known = next((by_name[n] for n in _ZONE_NAMES if n in by_name), None)
    if known is not None:
        return known
    texts = {c: [t for t in _texts(layer.frame, c) if t] for c in layer.columns}
    likely = [
        c for c, values in texts.items() if values and all(re.search(r"[^\W\d_]", v) for v in values)
        and len(set(values)) == len(layer.frame)
    ]  # fmt: skip
    return likely[0] if len(likely) == 1 else None


def _zone_frame(
    layer: _vectors.Layer, ids: Sequence[str], names: Sequence[str], codes: Sequence[str | None]
) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        # Lists of zones are joined by semicolons.
        {
            "zone_id": [i.replace(";", ",") for i in ids],
            "name": names,
            "municipality_code": pd.array(codes, dtype=object),
        },
        geometry=layer.frame.geometry.to_numpy(),
        crs=layer.frame.crs,
        index=layer.frame.index,
    )


def _of_municipality(
    layer: _vectors.Layer, named: gpd.GeoDataFrame, municipality_code: str
) -> tuple[gpd.GeoDataFrame, list[Note]]:
    blank = named["name"] == ""
    notes = [
        Note("refused", "zone_unnamed", "Feature {feature} has no name.", int(row), {"feature": int(row)})
        for row in named.index[blank]
    ]
    codes = named["municipality_code"]
    here = pd.Series([is_here(code, municipality_code) for code in codes], index=named.index)
    kept = named[~blank & here]
    if kept.empty:
        raise errors.DataError(
            "zones_not_here",
            "{file} has no zone of municipality {municipality}; its zones belong to {codes}. Import the file "
            "of the prefecture of {municipality}.",
            file=layer.path.name,
            municipality=municipality_code,
            codes=_tables.listed(sorted({str(c) for c in codes.dropna()})),
        )
    if len(kept) + int(blank.sum()) < len(named):
        notes.append(
            Note(
                "info",
                "zones_elsewhere",
                "{n} features of other municipalities were left out.",
                values={"n": len(named) - len(kept) - int(blank.sum())},
            )
        )
    return kept, notes


def is_here(code: str | None, municipality_code: str) -> bool:
    """Whether a zone is of the municipality, or of its city: PP1xx are wards of designated cities, not in Tokyo."""
    if code is None or code == municipality_code:
        return True
    ward = municipality_code[2] == "1" and municipality_code[:2] != "13"
    return ward and code.startswith(municipality_code[:3])


def _school_edition(layer: _vectors.Layer) -> str | None:
    """The year in the file's name, else the one edition that had these columns."""
    year = re.search(r"A(?:32|27)P?-(\d{2})(?!\d)", layer.path.stem)
    if year:
        return f"20{year.group(1)}"
    if "A32_006" in layer.columns:
        return "2016" if "A32_008" in layer.columns else "2013"
    return None


# -- zones made of small areas ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Member:
    """One row: the areas that it puts into a zone."""

    zone: str
    areas: tuple[str, ...]
    is_parent: bool


def of_table(
    sheet: _tables.Sheet,
    *,
    municipality_code: str,
    areas: gpd.GeoDataFrame | None,
    municipality: str = "",
    system: str | None = None,
    tier: str | None = None,
) -> Reading:
    """Zones merged from small areas by a table that tells which area is in which zone.

    Parameters
    ----------
    sheet : Sheet
        A column of areas (KEY_CODE, or 町丁 as addresses write them; a town without 丁目 stands for all of its
        丁目 that no row of their own puts elsewhere) and a column of zones.
    municipality_code : str
        Rows with keys of other municipalities are left out.
    areas : schemas.SmallAreas, optional
        Of the project.
    municipality : str
        Its name, which may stand before that of a 町丁.
    system, tier : str, optional
        What the zones are called, and their tier; ``own`` and ``middle`` unless told.

    Returns
    -------
    reading : Reading
        ``Zones``: one row a zone. An area of several zones is in each of them; areas of none are told.

    Raises
    ------
    MissingTableError
        The project has no small areas yet.
    DataError
        No column names areas, or it is not clear which one names the zones.
    """
    system, tier = system_name(system or "own"), tier_name(tier or "middle")
    if areas is None or areas.empty:
        raise errors.MissingTableError(
            "zone_table_no_areas",
            "{file} tells which small areas make up a zone, but the project has no small areas. Import the "
            "boundary file of the census first.",
            file=sheet.path.name,
        )
    known = _areas.index(areas, municipality)
    table, area, zone = _columns(sheet, known, municipality_code)
    members, notes = _members(table, area, zone, known, municipality_code)
    pairs = _pairs(members)
    if not pairs:
        raise _no_area(sheet, municipality_code, [table.header[area]])
    merged = _merged(areas, pairs, system)
    dataset_id = f"zones:{system}"
    told = merged.assign(system=system, tier=tier, municipality_code=municipality_code, dataset_id=dataset_id)
    return Reading(
        kind="zones",
        dataset_id=dataset_id,
        schema=schemas.Zones,
        table=schemas.conform(schemas.Zones, told),
        file=table.file,
        sha256=digest([sheet.path]),
        rows=len(table.rows),
        encoding=sheet.encoding,
        notes=(*notes, *_several(areas, pairs), *_left(areas, pairs)),
    )


def _columns(
    sheet: _tables.Sheet, known: _areas.Index, municipality_code: str
) -> tuple[_tables.Table, int, int]:
    """The table with its columns of areas and zones: areas are seen in the cells, a zone can have any name."""
    seen = _mapping.header_of(sheet)
    # Read again under that header: cells merged over several rows count in each of them.
    table = _tables.with_header(sheet, {n for n in seen.header if n}.__contains__) if seen else None
    if table is None:
        raise _no_area(sheet, municipality_code, sheet.rows[0].cells if sheet.rows else [])
    cells = {i: values for i in range(len(table.header)) if (values := _distinct(table, i))}
    hits = {i: sum(bool(_areas.found(text, known)[0]) for text in values) for i, values in cells.items()}
    here = {i: [t for t in values if not _is_elsewhere(t, municipality_code)] for i, values in cells.items()}
    fitting = [i for i, n in hits.items() if n and n >= 0.5 * len(here[i])]
    if not fitting:
        raise _no_area(sheet, municipality_code, table.header)
    area = max(fitting, key=lambda i: (hits[i], -i))
    others = [i for i in cells if i != area]
    strange = [i for i in others if i not in fitting]
    named = [i for i in strange if table.header[i] in _ZONE_NAMES or table.header[i] in _MERGED_NAMES]
    zone = next((only[0] for only in (others, strange, named) if len(only) == 1), None)
    if zone is None:
        raise errors.DataError(
            "zone_table_zone",
            "{file} names small areas in its column {column}, but it is not clear which of the others names "
            "their zones ({others}). Leave only these two columns in the table.",
            file=table.file,
            column=table.header[area],
            others=_tables.listed(table.header[i] for i in others),
        )
    return table, area, zone


def _no_area(sheet: _tables.Sheet, municipality_code: str, columns: Iterable[str]) -> errors.DataError:
    return errors.DataError(
        "zone_table_areas",
        "{file} has no column that names small areas of municipality {municipality} (columns: {columns}). Zones "
        "are merged by a table of two columns: KEY_CODE or the name of the town as in the census, and the zone.",
        file=sheet.path.name,
        municipality=municipality_code,
        columns=_tables.listed(columns),
    )


def _distinct(table: _tables.Table, column: int) -> list[str]:
    return sorted({text for row in table.rows if (text := _cell(row, column))})


def _cell(row: _tables.Row, column: int) -> str:
    return _tables.plain(row.cells[column]) if column < len(row.cells) else ""


def _is_elsewhere(text: str, municipality_code: str) -> bool:
    key = _areas.key(text)
    return key is not None and not key.startswith(municipality_code)


def _members(
    table: _tables.Table, area: int, zone: int, known: _areas.Index, municipality_code: str
) -> tuple[list[_Member], list[Note]]:
    members: list[_Member] = []
    notes: list[Note] = []
    elsewhere = 0
    for row in table.rows:
        text, name = _cell(row, area), _cell(row, zone)
        found, is_parent = _areas.found(text, known)
        if _is_elsewhere(text, municipality_code):
            elsewhere += 1
        elif fault := _fault(row.number, text, name, found, is_parent):
            notes.append(fault)
        else:
            members.append(_Member(name, found, is_parent))
    if elsewhere:
        notes.append(
            Note(
                "info",
                "zones_elsewhere",
                "{n} features of other municipalities were left out.",
                values={"n": elsewhere},
            )
        )
    return members, notes


def _fault(row: int, text: str, zone: str, found: tuple[str, ...], is_parent: bool) -> Note | None:
    """What is wrong with a row."""
    values = {"row": row, "area": text}
    if not text or not zone:
        return Note(
            "refused", "zone_row_blank", "Row {row} lacks the area or the zone ({area}).", row, values
        )
    if not found:
        return Note(
            "refused",
            "zone_row_unknown",
            "Row {row}: {area} is no small area of the project.",
            row,
            values,
        )
    if len(found) > 1 and not is_parent:
        return Note(
            "refused",
            "zone_row_ambiguous",
            "Row {row}: several small areas are called {area}. Write the KEY_CODE.",
            row,
            values,
        )
    return None


def _pairs(members: Sequence[_Member]) -> list[tuple[str, str]]:
    """Area and zone, each pair once; an area's own row wins over that of its town."""
    own = {key for member in members if not member.is_parent for key in member.areas}
    return sorted(
        {
            (key, member.zone)
            for member in members
            for key in member.areas
            if not (member.is_parent and key in own)
        }
    )


def _merged(areas: gpd.GeoDataFrame, pairs: Sequence[tuple[str, str]], system: str) -> gpd.GeoDataFrame:
    shapes = areas.set_index("small_area_id").geometry
    parts = gpd.GeoDataFrame(
        {"name": [zone for _, zone in pairs]},
        geometry=shapes.loc[[key for key, _ in pairs]].to_numpy(),
        crs=areas.crs,
    )
    merged = parts.dissolve("name", as_index=False, sort=True)
    return merged.assign(zone_id=system + ":" + merged["name"].str.replace(";", ",", regex=False))


def _several(areas: gpd.GeoDataFrame, pairs: Sequence[tuple[str, str]]) -> list[Note]:
    keys = pd.Series([key for key, _ in pairs], dtype=object)
    twice = areas[areas["small_area_id"].isin(keys[keys.duplicated()])]
    if twice.empty:
        return []
    return [
        Note(
            "info",
            "zone_areas_several",
            "{n} small areas are in several zones, which overlap there ({areas}).",
            values={"n": len(twice), "areas": _tables.listed(twice["name"], most=5)},
        )
    ]


def _left(areas: gpd.GeoDataFrame, pairs: Sequence[tuple[str, str]]) -> list[Note]:
    left = areas[~areas["small_area_id"].isin([key for key, _ in pairs]) & ~areas["is_water"]]
    if left.empty:
        return []
    return [
        Note(
            "unknown",
            "zone_areas_left",
            "{n} small areas with {people} people are in no zone ({areas}).",
            values={
                "n": len(left),
                "people": int(left["people"].sum()),
                "areas": _tables.listed(left["name"], most=5),
            },
        )
    ]


def _texts(frame: gpd.GeoDataFrame, column: str | None) -> list[str]:
    if column is None or column not in frame.columns:
        return [""] * len(frame)
    return ["" if pd.isna(value) else str(value).strip() for value in frame[column]]


def _need_polygons(layer: _vectors.Layer) -> None:
    if layer.shape != "polygon":
        raise errors.DataError(
            "layer_not_polygons",
            "{file} holds {shape}s, but areas are needed. Import the polygon layer (of A32 and A27 the one "
            "without P in its name).",
            file=layer.path.name,
            shape=layer.shape,
        )
