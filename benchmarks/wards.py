"""Wards of any number with everything that an analysis asks for: a fictional city, written as an analysed project is.

Streets are those of :func:`cities.synthetic`; small areas, zones and wards are rectangles of a grid, since no speed
depends on how crooked a border is drawn; borders are given as many points as real ones have.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cities
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import schemas
from geo import study as studies
from geo.project import Project
from geo.store import GeoPackage

CODE, PLANE = "99101", "EPSG:6677"
CORNER = (100_000.0, -110_000.0)
"""At sea, as the sample ward is."""
BORDER_M = 25
"""A point of a border so often."""
PEOPLE_OF_AN_AREA = 1_000
OPENING = (
    "月~金 10時~16時",
    "毎日 9:00~18:00",
    "火・木 10:00~15:00",
    "第2・4土曜 13:30~15:30",
    "毎週水曜 10時~12時",
    None,
)
SHARES = {"people_under_15": 0.11, "people_65_plus": 0.22, "people_75_plus": 0.12, "people_15_64": 0.67}


@dataclass(frozen=True)
class Size:
    """How large: numbers of street nodes, small areas, zones, wards and places."""

    nodes: int
    areas: int
    zones: int
    wards: int
    places: int
    spacing_m: float = 45
    streets: bool = True
    """Without: walks are straight lines, and every small area has one origin."""


def made(folder: Path, size: Size, *, seed: int = 11) -> Project:
    """The project of a city of that size, in an empty folder."""
    rng = np.random.default_rng(seed)
    city = cities.synthetic(size.nodes, spacing_m=size.spacing_m, seed=seed)
    xy = np.column_stack([city.x, city.y])
    xy += np.array(CORNER) - xy.min(axis=0)
    low, high = xy.min(axis=0) - 5, xy.max(axis=0) + 5
    borders = {n: _boxes(low, high, n) for n in {1, size.areas, size.zones, size.wards}}
    people = rng.poisson(PEOPLE_OF_AN_AREA, size.areas)
    tables: dict[type[schemas.Table], pd.DataFrame] = {
        schemas.Municipalities: _table(
            schemas.Municipalities,
            {"municipality_code": [CODE], "name": ["試算市"], "qualified_name": ["試算市"]},
            borders[1],
        ),
        schemas.Zones: gpd.GeoDataFrame(
            pd.concat([_zones("wards", borders[size.wards]), _zones("zones", borders[size.zones])]),
            crs=PLANE,
        ),
        schemas.SmallAreas: _table(
            schemas.SmallAreas,
            {
                "small_area_id": _ids(size.areas),
                "name": [f"{n + 1}丁目" for n in range(size.areas)],
                "municipality_code": CODE,
                "people": people.astype(float),
                "households": (people // 2).astype(float),
                "is_water": False,
            },
            borders[size.areas],
        ),
        schemas.Statistics: _statistics(people, rng),
        schemas.Places: _places(xy, size.places, rng),
        **({schemas.Streets: _streets(city, xy)} if size.streets else {}),
        schemas.Datasets: _datasets(),
    }
    folder.mkdir(parents=True)
    study = studies.make(municipality_code=CODE)
    studies.write(study, folder / "study.toml")
    stored = {
        schema: table.to_crs(schemas.STORED_CRS) if isinstance(table, gpd.GeoDataFrame) else table
        for schema, table in tables.items()
    }
    GeoPackage(folder / "store.gpkg").commit(
        {schema: schemas.conform(schema, table) for schema, table in stored.items()}
    )
    return Project(folder, study)


def _boxes(low: np.ndarray, high: np.ndarray, n: int) -> np.ndarray:
    """``n`` rectangles that fill the city, in rows."""
    rows = max(1, round(np.sqrt(n)))
    per_row = np.diff(np.round(np.linspace(0, n, rows + 1)).astype(int))
    edges = np.linspace(low[1], high[1], rows + 1)
    found = [
        shapely.box(left, bottom, right, top)
        for bottom, top, count in zip(edges[:-1], edges[1:], per_row, strict=True)
        for left, right in zip(
            np.linspace(low[0], high[0], count + 1)[:-1],
            np.linspace(low[0], high[0], count + 1)[1:],
            strict=True,
        )
    ]
    return np.asarray(shapely.segmentize(np.array(found), BORDER_M))


def _ids(n: int) -> list[str]:
    return [f"{CODE}{number + 1:04d}" for number in range(n)]


def _table(schema: type[schemas.Table], columns: dict[str, object], geometry: np.ndarray) -> gpd.GeoDataFrame:
    """A table with what is not said left unknown."""
    whole = {**dict.fromkeys(schemas.columns_of(schema)), **columns, "dataset_id": schema.__name__.lower()}
    return gpd.GeoDataFrame(pd.DataFrame({**whole, "geometry": geometry}), geometry="geometry", crs=PLANE)


def _zones(system: str, borders: np.ndarray) -> gpd.GeoDataFrame:
    names = [f"{system}-{number + 1:03d}" for number in range(len(borders))]
    columns = {"zone_id": [f"{system}:{name}" for name in names], "name": names, "system": system}
    fixed = {"tier": "middle", "municipality_code": CODE, "approximate": False}
    return _table(schemas.Zones, {**columns, **fixed}, borders)


def _statistics(people: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    households = np.maximum(people // 2, 1)
    told = {"people": people, "households_private": households}
    told |= {name: rng.binomial(people, share) for name, share in SHARES.items()}
    told["households_one_person"] = rng.binomial(households, 0.45)
    told["people_75_plus"] = np.minimum(told["people_75_plus"], told["people_65_plus"])
    frames = [
        pd.DataFrame({"small_area_id": _ids(len(people)), "variable": name, "value": values.astype(float)})
        for name, values in sorted(told.items())
    ]
    known = {"status": "known", "disclosure_group": None, "dataset_id": "statistics"}
    return pd.concat(frames, ignore_index=True).assign(**known)


def _places(xy: np.ndarray, n: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    spot = xy[rng.choice(len(xy), n, replace=False)] + rng.normal(0, 15, (n, 2))
    kinds = rng.choice(["ibasho", "salon", "children_cafeteria"], n, p=[0.2, 0.6, 0.2])
    days = {0: 5.0, 1: 7.0, 2: 2.0, 3: 0.5, 4: 1.0}
    said = rng.integers(0, len(OPENING), n)
    columns = {
        "place_id": [f"place:{number:05d}" for number in range(n)],
        "name": [f"居場所{number + 1}" for number in range(n)],
        "kind": kinds,
        "targets": rng.choice(["all", "older", "children", "childrearing"], n, p=[0.5, 0.3, 0.1, 0.1]),
        "targets_known": True,
        "opening_text": [OPENING[at] for at in said],
        "open_days_per_week": [days.get(int(at), np.nan) for at in said],
        "capacity": rng.integers(8, 40, n).astype(float),
        "status": "open",
        "do_not_publish": False,
        "precision": "point",
        "source_row": np.arange(n) + 2,
    }
    return _table(schemas.Places, columns, shapely.points(np.round(spot, 2)))


def _streets(city: cities.City, xy: np.ndarray) -> gpd.GeoDataFrame:
    lines = shapely.linestrings(np.stack([xy[city.u], xy[city.v]], axis=1))
    ends = np.char.mod("%d", np.arange(city.size))
    columns = {
        "street_id": [f"w{number}" for number in range(len(city.u))],
        "u": ends[city.u],
        "v": ends[city.v],
        "length_m": city.cost / 10,
        "kind": "residential",
        "stairs": False,
        "rise_m": np.nan,
    }
    return _table(schemas.Streets, columns, lines)


def _datasets() -> pd.DataFrame:
    names = ["municipalities", "places", "smallareas", "statistics", "streets", "zones"]
    kinds = ["municipalities", "places", "small-areas", "census-table", "streets", "zones"]
    known = {"dataset_id": names, "kind": kinds, "table": kinds, "file": names, "sha256": "0" * 64}
    return pd.DataFrame(
        {**dict.fromkeys(schemas.columns_of(schemas.Datasets)), **known, "rows": 1, "kept": 1}
    )
