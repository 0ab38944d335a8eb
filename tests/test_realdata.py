"""Every file of the real open data imports into a project of its municipality, with the counts that are known.

The numbers are those of the publishers' files as their README and a look with other tools give them, not our output.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from geo import project as projects
from geo import sources

pytestmark = pytest.mark.realdata

SHAPEFILE = (".dbf", ".prj", ".shx", ".cpg", ".qpj")
WARDS = (
    *("千代田", "中央", "港", "新宿", "文京", "台東", "墨田", "江東", "品川", "目黒", "大田", "世田谷"),
    *("渋谷", "中野", "杉並", "豊島", "北", "荒川", "板橋", "練馬", "足立", "葛飾", "江戸川"),
)
"""In the order of their codes, from 13101."""
TOKYO = "admin/N03-21_13_210101.json"


class Known(NamedTuple):
    """What a file must give: rows of the file, and rows kept or people of the whole table."""

    code: str
    kind: str
    rows: int
    kept: int
    total: float | None = None
    """Sum of people, or of values."""
    refused: int = 0
    levels: tuple[tuple[str, int], ...] = ()
    """Places by the precision of their position, where it is not that of the place itself."""
    first: tuple[str, ...] = ()
    """What is imported before it."""


def _census() -> dict[str, Known]:
    folder = "census/estat_r2ka_tokyo_6wards/r2ka"
    # Polygons, keys (parts of one area are dissolved), people.
    counts = {
        "13101": (116, 115, 66680), "13102": (101, 99, 169179), "13103": (140, 118, 260486),
        "13104": (154, 153, 349385), "13105": (68, 68, 240069), "13106": (108, 108, 211444),
    }  # fmt: skip
    wards = {f"{folder}{code}.shp": Known(code, "small-areas", *seen) for code, seen in counts.items()}
    return wards | {
        "census/estat_r2ka_osaka_city/大阪市北区.shp": Known("27127", "small-areas", 123, 123, 123667),
        "census/estat_r2ka_osaka_city/tblT001082C27.csv": Known("27127", "census-table", 10617, 3366),
        "census/tokyo_single_households/tokyoList.js": Known("13101", "households", 5148, 5148, 3617277),
    }


def _admin() -> dict[str, Known]:
    parts = {"13103": 9, "13108": 76, "13109": 5, "13111": 6, "13123": 4}
    own = {
        f"admin/tokyo23_n03/{code}.json": Known(str(code), "municipalities", parts.get(str(code), 1), 1)
        for code in range(13101, 13101 + len(WARDS))
    }
    return own | {
        "admin/tokyo_tama_n03/13202.json": Known("13202", "municipalities", 1, 1),
        # The asked municipality and its neighbours are kept.
        TOKYO: Known("13101", "municipalities", 63, 6),
        "admin/N03-20250101_27_shikyo.geojson": Known("27127", "municipalities", 143, 7),
    }


def _zones() -> dict[str, Known]:
    nara = "school_zones/nara_ksj_2023/A32-23_29_GML/A32-23_29"
    shapes = {f"{nara}.{form}": Known("29201", "zones", 88, 21) for form in ("shp", "geojson", "xml")}
    return shapes | {"school_zones/tokyo23_a32_2013/MiddleSchool.geojson": Known("13101", "zones", 401, 2)}


def _streets() -> dict[str, Known]:
    return {
        "network/pbf/Helsinki.osm.pbf": Known("13101", "streets", 2651, 6817),
        "network/pbf/monaco.osm.gz": Known("13101", "streets", 866, 5028),
        "network/tachikawa_tokyo/tachikawa.graphml": Known("13202", "streets", 10515, 5612),
    }


def _chiyoda() -> dict[str, Known]:
    counts = {
        "key_locations_v2.1.0.json": (191, 191), "main_facilities_v2.1.0.json": (64, 63),
        "places.geojson": (92, 92), "registry.json": (97, 97),
    }  # fmt: skip
    # 万世橋出張所 has its latitude for a longitude.
    return {
        f"places/chiyoda/{name}": Known("13101", "places", rows, kept, refused=rows - kept)
        for name, (rows, kept) in counts.items()
    }


def _cafeterias() -> dict[str, Known]:
    folder = "places/kodomo_shokudo/opendata"
    files = {
        f"{folder}/fukui/sakai/15_182109_kodomoshokudo.csv": Known("18210", "places", 6, 6),
        f"{folder}/okinawa/okinawa/472115_kodomonoibasyo_20221003.csv": Known("47211", "places", 10, 10),
    }
    # Of a ward's addresses the town is known, of those of the Tama area no more than the municipality.
    towns = {
        "131059_bunkyo": 7, "131067_taitoku": 7, "131083_kotoku": 24, "131091_shinagawaku": 38, "131105_meguroku": 11,
        "131113_otaku": 53, "131130_shibuyaku": 52, "131156_suginamiku": 42, "131164_toshimaku": 9,
        "131181_arakawaku": 6, "131199_itabashiku": 53, "131202_nerimaku": 40, "131229_katsushikaku": 12,
    }  # fmt: skip
    nowhere = {
        "132012_hachioji": 49, "132039_musashinoshi": 5, "132063_fuchushi": 11, "132071_akishimashi": 6,
        "132080_chofushi": 25, "132101_koganeishi": 2, "132128_hinoshi": 7, "132136_higashimurayamashi": 13,
        "132217_kiyoseshi": 10, "132233_musashimurayamashi": 7, "132241_tama": 18, "132292_nishitokyoshi": 26,
        "133051_hinodemachi": 1,
    }  # fmt: skip
    exact = {
        "132055_omeshi": 10, "132098_machidashi": 19, "132152_kunitachishi": 12, "132195_komaeshi": 6,
    }  # fmt: skip
    venues = {"131113_otaku": 1, "132071_akishimashi": 2, "132128_hinoshi": 3, "132152_kunitachishi": 2}

    def path(name: str, end: str = "") -> str:
        return f"{folder}/tokyo/{name}_kodomosyokudo{end}.csv"

    for name, rows in towns.items():
        ward = f"address/geolonia/{WARDS[int(name[:5]) - 13101]}区.json"
        files[path(name)] = Known(name[:5], "places", rows, rows, first=(TOKYO, ward))
    for name, rows in nowhere.items():
        levels = (("municipality", rows),)
        files[path(name)] = Known(name[:5], "places", rows, rows, levels=levels, first=(TOKYO,))
    for name, rows in exact.items():
        files[path(name)] = Known(name[:5], "places", rows, rows)
    for name, rows in venues.items():
        first = (TOKYO, path(name))
        files[path(name, "_tsuika")] = Known(name[:5], "places", rows, rows, first=first)
    return files


FILES = {**_census(), **_admin(), **_zones(), **_streets(), **_chiyoda(), **_cafeterias()}

# One of each kind: to store takes longer than to read.
STORED = {known.kind + str(len(known.first)): name for name, known in FILES.items()}.values()

NO_INPUT = {
    "address/geolonia/ja.json": "the names of all municipalities, without positions",
    "census/nyampire_h27/13-tokyo-all.dbf": "attributes of areas without their shapes",
    "places/chiyoda/SOURCES_AND_LICENSES.md": "words",
    "reference/orlib_pmed/": "cases for the solvers",
    "school_zones/nara_ksj_2023/A32-23_29_GML/KS-META-A32-23_29.xml": "metadata",
    "school_zones/tokyo23_a32_2013/Elementary_loc.geojson": "schools: no places, and their zones are at hand",
    "school_zones/tokyo23_a32_2013/MiddleSchool_loc.geojson": "schools: no places, and their zones are at hand",
}
"""Files that no city hall would import as they are, and why."""
ELSEWHERE = {
    "address/geolonia/": "test_every_list_of_towns_is_read_whole",
    "places/kodomo_shokudo/kodomo-shokudo.csv": "test_no_cafeteria_of_the_merged_list_is_lost",
}


def test_every_file_is_accounted_for(realdata: Path) -> None:
    with (realdata / "MANIFEST.tsv").open(encoding="utf-8") as stream:
        names = [row["path"] for row in csv.DictReader(stream, delimiter="\t")]
    stems = {name.rsplit(".", 1)[0] for name in (*FILES, *NO_INPUT)}
    told = (*NO_INPUT, *ELSEWHERE)
    left = [
        name
        for name in names
        if name not in FILES
        and not name.startswith(told)
        and not (name.endswith(SHAPEFILE) and name.rsplit(".", 1)[0] in stems)
    ]
    assert left == []
    assert set(FILES) <= set(names)


@pytest.mark.parametrize("name", FILES)
def test_each_file_imports_with_its_counts(
    realdata: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # Each file would start a process of its own: the sandbox has its own tests.
    monkeypatch.setenv("IBASHO_IN_PROCESS", "1")
    expected = FILES[name]
    target = projects.create(tmp_path / "project", municipality=expected.code)
    files = [realdata / first for first in expected.first]
    *before, found = projects.read(target, [*files, realdata / name])
    assert (found.kind, found.rows, len(found.table)) == (expected.kind, expected.rows, expected.kept)
    assert 0 < found.dataset()["kept"] <= found.rows
    assert sum(note.level == "refused" for note in found.notes) == expected.refused
    if expected.total is not None:
        column = "people" if "people" in found.table else "value"
        assert found.table[column].sum() == expected.total
    if expected.levels:
        assert found.table["precision"].value_counts().to_dict() == dict(expected.levels)
    if name in STORED:
        projects.add(target, [*before, found])
        stored = target.store.read(found.schema)
        assert (stored["dataset_id"] == found.dataset_id).sum() == expected.kept


def test_every_list_of_towns_is_read_whole(realdata: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBASHO_IN_PROCESS", "1")
    paths = sorted((realdata / "address" / "geolonia").glob("*区.json"))
    found = {path.name: sources.read(path, municipality_code="13101") for path in paths}
    assert len(found) == len(WARDS) + 24
    assert len(found["千代田区.json"].table) == 115
    assert all(reading.kind == "addresses" for reading in found.values())
    # Parts of the bay that were named and not yet built on are in the list without a position.
    refused = {note.values["name"] for reading in found.values() for note in reading.notes if note.row}
    assert refused == {"海の森一丁目", "海の森二丁目", "海の森三丁目", "令和島一丁目", "令和島二丁目"}


def test_no_cafeteria_of_the_merged_list_is_lost(
    realdata: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """605 rows, 548 with coordinates: in the projects of their municipalities each is a place."""
    monkeypatch.setenv("IBASHO_IN_PROCESS", "1")
    path = realdata / "places" / "kodomo_shokudo" / "kodomo-shokudo.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 605
    by_code = Counter(row["全国地方公共団体コード"][:5] for row in rows)
    lacking = Counter(row["全国地方公共団体コード"][:5] for row in rows if not row["緯度"].strip())
    assert lacking.total() == 605 - 548
    for code in lacking:
        target = projects.create(tmp_path / code, municipality=code)
        [_, found] = projects.read(target, [realdata / TOKYO, path])
        across = sum(note.values["n"] for note in found.notes if note.code == "places_across")
        rough = (found.table["precision"] == "municipality").sum()
        assert (len(found.table) - across, rough) == (by_code[code], lacking[code])
        assert not [note for note in found.notes if note.level == "refused"]
