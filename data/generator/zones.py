"""Zones of the ward: municipality, school zones, branch-office districts."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from . import city, files, plan

if TYPE_CHECKING:
    from .city import Cell, City

AREA_OF_QUARTER = {
    "old": "centre", "station": "centre", "grid": "west", "danchi": "river", "hill": "hill",
    "northeast": "northeast", "east": "east", "industry": "harbour", "island": "harbour",
}  # fmt: skip
NO_MIDDLE_ZONE = ("industry", 0)  # people live there, but the middle-school layer forgot them
AROUND = ((60, 760), (-900, 820), (-1000, 2400), (-700, 4300), (1500, 4600), (3800, 4500), (5600, 4100),
          (5500, 2000), (5700, 450), (4430, 380), (4200, 900), (300, 1200))  # fmt: skip
RECLAIMED = ((4620, -420), (5100, -380), (5050, 20), (4640, 0))


def write_municipalities(path: Path, town: City) -> None:
    """Write N03 (2024 schema): every island a feature, the next ward, and land that belongs to nobody yet."""
    around = Polygon(city.bent([*AROUND, AROUND[0]])).difference(town.mainland)
    neighbour = max(files.polygons(around), key=lambda part: part.area)
    reclaimed = Polygon(city.bent([*RECLAIMED, RECLAIMED[0]]))
    shapes = [town.mainland, town.island, *town.islets, neighbour, reclaimed]
    own = {"N03_004": plan.CITY, "N03_005": plan.WARD, "N03_007": plan.WARD_CODE}
    rows = [own] * (2 + len(town.islets))
    rows.append({"N03_004": plan.CITY, "N03_005": plan.NEIGHBOUR, "N03_007": plan.NEIGHBOUR_CODE})
    rows.append({"N03_004": "所属未定地", "N03_005": "", "N03_007": plan.UNASSIGNED_CODE})
    full = [
        {"N03_001": plan.PREFECTURE, "N03_002": None, "N03_003": None}
        | {name: value or None for name, value in row.items()}
        for row in rows
    ]
    files.write_geojson(path, [city.shape_to_degrees(s) for s in shapes], full, name=path.stem)


def _elementary(cell: Cell) -> int:
    """Number of the elementary school of a cell: the nearest one of its middle-school area."""
    spot = cell.shape.centroid.x, cell.shape.centroid.y
    fitting = [k for k, s in enumerate(plan.ELEMENTARY_SCHOOLS) if s.feeds == AREA_OF_QUARTER[cell.quarter]]
    return min(fitting, key=lambda k: (math.dist(plan.ELEMENTARY_SCHOOLS[k].at, spot), k))


def elementary_zones(town: City) -> list[BaseGeometry]:
    """Return one shape for each elementary school; together they are all the land."""
    groups: dict[int, list[BaseGeometry]] = defaultdict(list)
    for cell, shape in town.areas:
        groups[_elementary(cell)].append(shape)
    return [city.union(groups[k]) for k in range(len(plan.ELEMENTARY_SCHOOLS))]


def middle_zones(town: City) -> list[BaseGeometry]:
    """Return one shape for each middle school: two the same, two that overlap, one area forgotten."""
    industry = [cell for cell, _ in town.areas if cell.quarter == NO_MIDDLE_ZONE[0]]
    forgotten = industry[len(industry) - 1 - NO_MIDDLE_ZONE[1]]
    groups: dict[str, list[BaseGeometry]] = defaultdict(list)
    for cell, shape in town.areas:
        if cell is forgotten:
            continue
        groups[AREA_OF_QUARTER[cell.quarter]].append(shape)
        if cell.quarter == "danchi" and cell.shape.centroid.x < 1420 and cell.shape.centroid.y > 1250:
            groups["west"].append(shape)  # families may choose either school here
    return [city.union(groups[area]) for _, area in plan.MIDDLE_SCHOOLS]


def _school_row(prefix: str, kind: str, number: int, name: str) -> dict[str, Any]:
    joint = name.endswith("学園")  # elementary and middle school in one
    letter = "C2" if joint else kind
    place = name.removesuffix("学園") if joint else name[: -len("中学校")]
    return {
        f"{prefix}_001": plan.WARD_CODE,
        f"{prefix}_002": plan.CITY,
        f"{prefix}_003": f"{letter}99210000{number:02d}{(number * 7) % 10}",
        f"{prefix}_004": name,
        f"{prefix}_005": f"{plan.CITY}{plan.WARD}{place}{number}-{number % 5 + 1}",
    }


def _features(
    shapes: list[BaseGeometry], rows: list[dict[str, Any]]
) -> tuple[list[BaseGeometry], list[dict[str, Any]]]:
    """One feature for each piece of land, so that a school may have several."""
    pairs = [
        (city.shape_to_degrees(part), row)
        for shape, row in zip(shapes, rows, strict=True)
        for part in files.polygons(shape)
    ]
    return [shape for shape, _ in pairs], [row for _, row in pairs]


def write_middle_schools(path: Path, town: City) -> None:
    """Write A32 (version 3) as a shapefile."""
    names = [name for name, _ in plan.MIDDLE_SCHOOLS]
    rows = [_school_row("A32", "C1", k, name) for k, name in enumerate(names, start=1)]
    shapes, rows = _features(middle_zones(town), rows)
    widths = (5, 254, 15, 254, 254)
    fields: list[files.Field] = [(f"A32_{k:03d}", "C", width, 0) for k, width in enumerate(widths, start=1)]
    files.write_shapefile(path, shapes, fields, rows, encoding="utf-8", ldid=0, cpg="UTF-8")


def write_elementary_schools(path: Path, town: City) -> None:
    """Write A27 (version 3) as GeoJSON."""
    names = [school.name for school in plan.ELEMENTARY_SCHOOLS]
    rows = [_school_row("A27", "B1", k, name) for k, name in enumerate(names, start=1)]
    shapes, rows = _features(elementary_zones(town), rows)
    files.write_geojson(path, shapes, rows, name=path.stem)


def write_branch_offices(path: Path, town: City) -> None:
    """Write the ward's own four districts: they share out the whole ward, river and islets too."""
    groups: dict[str, list[BaseGeometry]] = defaultdict(list)
    for cell, shape in town.areas:
        groups[plan.BRANCH_OFFICES[cell.quarter]].append(shape)
    groups[plan.BRANCH_OFFICES["river"]].append(town.river)
    groups[plan.BRANCH_OFFICES["island"]] += town.islets
    names = sorted(groups, key=list(dict.fromkeys(plan.BRANCH_OFFICES.values())).index)
    shapes = [city.shape_to_degrees(city.union(groups[name])) for name in names]
    rows = [{"番号": k, "出張所名": name} for k, name in enumerate(names, start=1)]
    files.write_geojson(path, shapes, rows, name=path.stem)
