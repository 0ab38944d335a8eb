"""What the tests share: the real data beside the repository, the sample ward, and the tiny town."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import settings
from hypothesis import strategies as st

from geo import project as projects
from geo import schemas
from geo import study as studies
from geo.cli import analysis
from geo.store import GeoPackage

if TYPE_CHECKING:
    from geo.project import Project
    from geo.sources import Reading

ROOT = Path(__file__).resolve().parents[1]

# How long an example takes tells of the machine, not of the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Folder of real open data; without it the test is skipped, or fails where it is required."""
    folder = Path(os.environ.get("IBASHO_REALDATA", ROOT.parent / "shared" / "realdata"))
    if folder.is_dir():
        return folder
    reason = f"no real data at {folder} (set IBASHO_REALDATA)"
    if os.environ.get("IBASHO_REQUIRE_REALDATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def sample() -> Path:
    """The fictional ward."""
    return ROOT / "data" / "sample"


BUNKYO = (
    "admin/tokyo23_n03/13105.json",
    "school_zones/tokyo23_a32_2013/MiddleSchool.geojson",
    "census/estat_r2ka_tokyo_6wards/r2ka13105.shp",
    "census/tokyo_single_households/tokyoList.js",
    "places/kodomo_shokudo/kodomo-shokudo.csv",
)


@pytest.fixture(scope="module", params=["sample", pytest.param("bunkyo", marks=pytest.mark.realdata)])
def whole_ward(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, int]:
    """The fictional ward, with streets and all lists, or Bunkyo from its own files; and how many live there."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sample":
        return analysis._demo_project(folder), 101_851
    realdata: Path = request.getfixturevalue("realdata")
    project = projects.create(folder / "ward", municipality="13105")
    readings: list[Reading] = []
    for name in BUNKYO:
        readings += projects.read(project, [realdata / name], before=readings)
    projects.add(project, readings)
    return project, 240_069


# --- the tiny town --------------------------------------------------------------------------------------

PLANE = "EPSG:6677"
CODE = "99101"
A, B, C, W = (f"{CODE}{number:04d}" for number in (10, 20, 30, 40))
TABLE = {
    # variable: (A, B with C); C is suppressed, W stands in no table
    "people": (100, 250),
    "people_under_15": (9, 50),
    "people_65_plus": (18, 25),
    "people_75_plus": (9, 10),
    "households_private": (50, 100),
    "households_one_person": (20, 30),
}


@dataclass(frozen=True)
class Town:
    """A town whose numbers can be worked out on paper; all tables in the plane.

    Main Street (y = 0, residential) has a node every 100 m: ``n00`` at x = 0 to ``n10`` at x = 1000.

    ::

        x     -50   0   100  200  300  400 | 500  600  700  800 | 900  1000  1050
        area        A: 100 people          | B: 200 people      | C: 50        W: 3 people on water (y > 300)
        place       ibasho (Mon-Fri, all)           salon (monthly, older)  suspended place
        zones  P1 = A                      | P2 = B and C
               S1 = S2 = A, S3 from x = 350 to 850; C is in no S zone, W in no zone at all

    A node weighs half the street that ends in it, so the end nodes weigh half: people of A stand 100/9 at
    n00 and 200/9 at n01 to n04; those of B 50 at each of n05 to n08; those of C 100/3 at n09, 50/3 at n10.

    Of C the census tells nothing: it is counted with B. Spread by people (4 : 1): under 15 A 9, B 40, C 10;
    65 and older A 18, B 20, C 5; 75 and older A 9, B 8, C 2. For W no table tells anything.

    To any place nobody on land walks more than 300 m. To the permanent one n00 to n03 walk at most 300 m
    (700/9 people), up to n05 500 m exactly (150), up to n08 800 m exactly (300).

    Risk: 75 and older 9/100 in A, 10/250 in B (with C); one person 20/50 and 30/100: z = +1 in A, -1 in B.

    With ``river`` Back Lane runs beside Main Street at y = 80, nodes ``r00`` to ``r10``, and the only bridge
    is at x = 1000: from r00 it is 80 m to n00 for a bird, 2080 m on foot.
    """

    tables: dict[type[schemas.Table], pd.DataFrame]

    def __getattr__(self, name: str) -> pd.DataFrame:
        """The plane table of a schema by its layer name: ``town.small_areas``."""
        for schema, table in self.tables.items():
            if schema.__name__.lower() == name.replace("_", ""):
                return table
        raise AttributeError(name)

    def stored(self) -> dict[type[schemas.Table], pd.DataFrame]:
        """The tables as a store keeps them, in degrees."""
        return {
            schema: table.to_crs(schemas.STORED_CRS) if isinstance(table, gpd.GeoDataFrame) else table
            for schema, table in self.tables.items()
        }

    def project(self, path: Path, **fields: object) -> Project:
        """A project whose store holds the town."""
        from geo.project import Project  # here, so that tests of single modules load no more than they need

        path.mkdir(parents=True, exist_ok=True)
        study = studies.make(**{"municipality_code": CODE, **fields})
        studies.write(study, path / "study.toml")
        GeoPackage(path / "store.gpkg").commit(self.stored())
        return Project(path, study)


def _frame(schema: type[schemas.Table], rows: list[dict[str, object]], dataset_id: str) -> pd.DataFrame:
    if not rows:
        table = schemas.empty(schema)
        return table.to_crs(PLANE) if isinstance(table, gpd.GeoDataFrame) else table
    full = [{**dict.fromkeys(schemas.columns_of(schema)), "dataset_id": dataset_id, **row} for row in rows]
    frame = pd.DataFrame(full)
    return schemas.conform(schema, gpd.GeoDataFrame(frame, crs=PLANE) if "geometry" in frame else frame)


def _small_areas() -> list[dict[str, object]]:
    boxes = {
        A: (-50, -100, 450, 100),
        B: (450, -100, 850, 100),
        C: (850, -100, 1050, 100),
        W: (0, 300, 500, 400),
    }
    people, households = {A: 100, B: 200, C: 50, W: 3}, {A: 50, B: 80, C: 20, W: 0}
    return [
        {
            "small_area_id": key,
            "name": f"Area {name}",
            "municipality_code": CODE,
            "people": people[key],
            "households": households[key],
            "is_water": key == W,
            "geometry": shapely.box(*box),
        }
        for (key, box), name in zip(boxes.items(), "ABCW", strict=True)
    ]


def _statistics() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {"small_area_id": CODE, "variable": "people", "value": 353, "status": "known"}
    ]
    for variable, (in_a, in_b) in TABLE.items():
        rows += [
            {"small_area_id": A, "variable": variable, "value": in_a, "status": "known"},
            {
                "small_area_id": B,
                "variable": variable,
                "value": in_b,
                "status": "includes",
                "disclosure_group": B,
            },
            {
                "small_area_id": C,
                "variable": variable,
                "value": None,
                "status": "suppressed",
                "disclosure_group": B,
            },
        ]
    return rows


def _street(prefix: str, y: float) -> list[dict[str, object]]:
    return [
        {
            "street_id": f"{prefix}{i:02d}",
            "u": f"{prefix}{i:02d}",
            "v": f"{prefix}{i + 1:02d}",
            "length_m": 100,
            "kind": "residential",
            "stairs": False,
            "geometry": shapely.LineString([(100 * i, y), (100 * i + 100, y)]),
        }
        for i in range(10)
    ]


BRIDGE: dict[str, object] = {
    "street_id": "z",
    "u": "n10",
    "v": "r10",
    "length_m": 80,
    "kind": "footway",
    "stairs": False,
    "geometry": shapely.LineString([(1000, 0), (1000, 80)]),
}


def _places() -> list[dict[str, object]]:
    common = {"kind": "ibasho", "targets": "all", "targets_known": True, "status": "open"}
    return [
        {**common, "place_id": "ibasho", "name": "まちの居場所", "open_days_per_week": 5, "source_row": 2}
        | {"geometry": shapely.Point(0, 0)},
        {**common, "place_id": "salon", "name": "ふれあいサロン", "open_days_per_week": 0.25, "source_row": 3}
        | {"kind": "salon", "targets": "older", "geometry": shapely.Point(700, 0)},
        {**common, "place_id": "suspended", "name": "休止中", "open_days_per_week": 7, "source_row": 4}
        | {"status": "suspended", "geometry": shapely.Point(1000, 0)},
    ]


def _zones() -> list[dict[str, object]]:
    boxes = {"P1": (-50, 450), "P2": (450, 1050), "S1": (-50, 450), "S2": (-50, 450), "S3": (350, 850)}
    return [
        {
            "zone_id": f"{'branch' if name[0] == 'P' else 'school'}:{name}",
            "system": "branch_office" if name[0] == "P" else "middle_school",
            "tier": "middle",
            "name": name,
            "municipality_code": CODE,
            "geometry": shapely.box(west, -100, east, 100),
        }
        for name, (west, east) in boxes.items()
    ]


def _vacancies() -> list[dict[str, object]]:
    at = [200] * 10 + [600] * 3
    return [
        {
            "property_id": f"v{number:02d}",
            "kind": "house",
            "owner_consent": "asked",
            "source_row": number + 2,
            "geometry": shapely.Point(x, 10),
        }
        for number, x in enumerate(at)
    ]


def make_town(*, streets: bool = True, ages: bool = True, river: bool = False) -> Town:
    """The tiny town, or a variant of it."""
    lines = _street("n", 0) + ([*_street("r", 80), BRIDGE] if river else []) if streets else []
    whole = [
        {
            "municipality_code": CODE,
            "name": "Tiny",
            "qualified_name": "Tiny",
            "geometry": shapely.box(-50, -100, 1050, 400),
        }
    ]
    rows: dict[type[schemas.Table], list[dict[str, object]]] = {
        schemas.Municipalities: whole,
        schemas.SmallAreas: _small_areas(),
        schemas.Statistics: _statistics() if ages else [],
        schemas.PointCounts: [],
        schemas.Streets: lines,
        schemas.Places: _places(),
        schemas.Zones: _zones(),
        schemas.Vacancies: _vacancies(),
    }
    tables = {schema: _frame(schema, given, schema.__name__.lower()) for schema, given in rows.items()}
    imported = [
        {
            "dataset_id": schema.__name__.lower(),
            "kind": schema.__name__.lower(),
            "table": schema.__name__,
            "file": "tiny",
            "sha256": f"{number:064x}",
            "rows": len(given),
            "kept": len(given),
        }
        for number, (schema, given) in enumerate(rows.items())
        if given
    ]
    tables[schemas.Datasets] = schemas.conform(
        schemas.Datasets, pd.DataFrame(imported).assign(edition=None, licence=None, encoding=None, crs=None)
    )
    return Town(tables)


@pytest.fixture(scope="session")
def build_town() -> Callable[..., Town]:
    """Makes the tiny town and its variants: ``streets``, ``ages``, ``river``."""
    return make_town


@pytest.fixture
def town() -> Town:
    """The tiny town."""
    return make_town()


# --- random towns ---------------------------------------------------------------------------------------


@st.composite
def _random_towns(draw: st.DrawFn) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """A grid of squares with people, and any pieces of a street grid over it."""
    wide, high = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    people = draw(st.lists(st.integers(0, 3000), min_size=wide * high, max_size=wide * high))
    on_water = draw(st.lists(st.booleans(), min_size=wide * high, max_size=wide * high))
    corners = [(i % wide * 100, i // wide * 100) for i in range(wide * high)]
    areas = _frame(
        schemas.SmallAreas,
        [
            {
                "small_area_id": f"{CODE}{number:04d}",
                "name": "x",
                "municipality_code": CODE,
                "people": count,
                "households": count // 2,
                "is_water": water,
                "geometry": shapely.box(x, y, x + 100, y + 100),
            }
            for number, (count, water, (x, y)) in enumerate(zip(people, on_water, corners, strict=True))
        ],
        "areas",
    )
    nodes = [(x, y) for x in range(2 * wide) for y in range(2 * high)]
    pieces = [(a, b) for a in nodes for b in ((a[0] + 1, a[1]), (a[0], a[1] + 1)) if b in nodes]
    kept = draw(st.lists(st.sampled_from(pieces), unique=True, max_size=12))
    kinds = draw(
        st.lists(
            st.sampled_from(["residential", "footway", "steps", "primary"]),
            min_size=len(kept),
            max_size=len(kept),
        )
    )

    def at(node: tuple[int, int]) -> tuple[int, int]:
        return (10 + 50 * node[0], 10 + 50 * node[1])

    streets = gpd.GeoDataFrame(
        {
            "street_id": [f"s{i}" for i in range(len(kept))],
            "u": [f"{a[0]}-{a[1]}" for a, _ in kept],
            "v": [f"{b[0]}-{b[1]}" for _, b in kept],
            "length_m": 50.0,
            "kind": kinds,
            "stairs": False,
            "dataset_id": "s",
        },
        geometry=[shapely.LineString([at(a), at(b)]) for a, b in kept],
        crs=PLANE,
    )
    return areas, schemas.conform(schemas.Streets, streets)


@pytest.fixture(scope="session")
def random_towns() -> st.SearchStrategy[tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]]:
    """Small areas and streets (lengths 50 m, nodes at 10 + 50 i), to be drawn by hypothesis."""
    return _random_towns()


@pytest.fixture(scope="session", autouse=True)
def geometry_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The app learns the folder of its geometry once, when it is imported."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("IBASHO_CACHE")
    os.environ["IBASHO_CACHE"] = str(folder)
    yield folder / "geometry"
    os.environ.pop("IBASHO_CACHE")
    if before is not None:
        os.environ["IBASHO_CACHE"] = before
