"""Broken files of every kind: always a sentence that names the file and the cause, never a traceback or a table."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from geo import errors, sources, text

CODE = "99101"
LAYERS = {
    "municipalities": "N03-20250101_99.geojson",
    "zones": "A32-23_99.shp",
    "small-areas": "r2ka99101.shp",
}
TABLES = {"census-table": "tblT001082C99.csv", "places": "ibasho_salon.csv", "vacancies": "vacant.csv"}
OTHERS = {"households": "list.js", "streets": "streets.osm.pbf"}
FILES = {**LAYERS, **TABLES, **OTHERS}
ENTRY = '  {0}: {{ address: "{0}", geometry: [140.95, 35.0], singleHousehold: 28 }},\n'
HOUSEHOLDS = "export const l = {\n" + "".join(ENTRY.format(name) for name in "甲乙丙丁戊己庚") + "};\n"


@pytest.fixture
def copied(sample: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a sample file, with its parts, that may be broken."""

    def copy(name: str) -> Path:
        if name == "list.js":
            (tmp_path / name).write_text(HOUSEHOLDS, encoding="utf-8")
        else:
            for part in sample.glob(f"{Path(name).stem}.*"):
                shutil.copyfile(part, tmp_path / part.name)
        return tmp_path / name

    return copy


def refused(path: Path, kind: sources.Kind | None = None) -> errors.AtlasError:
    """The error, after proof that it is a sentence in both languages that names the file."""
    with pytest.raises(errors.AtlasError) as caught:
        sources.read(path, municipality_code=CODE, kind=kind)
    problem = caught.value
    japanese = text.tell(problem.code, problem.template, "ja", **problem.context)
    for sentence in (str(problem), japanese):
        assert path.stem in sentence
        assert "Traceback" not in sentence
        assert not re.search(r"\{[a-z_]*[}:!]", sentence)
    assert str(problem) != japanese
    return problem


@pytest.mark.parametrize(("kind", "name"), FILES.items())
def test_the_whole_files_are_fine(copied: Callable[[str], Path], kind: sources.Kind, name: str) -> None:
    assert sources.read(copied(name), municipality_code=CODE).kind == kind


@pytest.mark.parametrize(("kind", "name"), FILES.items())
@pytest.mark.parametrize("told", [True, False])
def test_empty(copied: Callable[[str], Path], kind: sources.Kind, name: str, told: bool) -> None:
    path = copied(name)
    path.write_bytes(b"")
    assert refused(path, kind if told else None).code in ("file_empty", "streets_osm_broken")


@pytest.mark.parametrize(("kind", "name"), FILES.items())
def test_missing(tmp_path: Path, kind: sources.Kind, name: str) -> None:
    assert refused(tmp_path / name, kind).code == "file_missing"


TRUNCATED = {
    "municipalities": {"json_broken"},
    "zones": {"shapefile_truncated"},
    "small-areas": {"shapefile_truncated"},
    "census-table": {"census_table_short", "encoding_unknown", "census_not_here"},
    "households": {"households_none"},
    "streets": {"streets_osm_broken"},
}


@pytest.mark.parametrize("kind", TRUNCATED)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_cut_off(copied: Callable[[str], Path], kind: sources.Kind, share: float) -> None:
    path = copied(FILES[kind])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert refused(path).code in TRUNCATED[kind]


@pytest.mark.parametrize("suffix", [".dbf", ".shp"])
@pytest.mark.parametrize("size", [5, 50, 120, 2000])
def test_any_part_of_a_shapefile_cut_off(copied: Callable[[str], Path], suffix: str, size: int) -> None:
    part = copied("r2ka99101.shp").with_suffix(suffix)
    part.write_bytes(part.read_bytes()[:size])
    assert refused(part).code in ("shapefile_truncated", "shapefile_wrong_magic", "dbf_broken")


@pytest.mark.parametrize("suffix", [".dbf", ".shp"])
def test_a_shapefile_without_a_part(copied: Callable[[str], Path], suffix: str) -> None:
    path = copied("r2ka99101.shp")
    path.with_suffix(suffix).unlink()
    problem = refused(path.with_suffix(".shx"))
    assert problem.code == "shapefile_part_missing"
    assert f"r2ka99101{suffix}" in str(problem)


def test_parts_of_two_shapefiles(copied: Callable[[str], Path]) -> None:
    path, other = copied("r2ka99101.shp"), copied("A32-23_99.shp")
    shutil.copyfile(other.with_suffix(".dbf"), path.with_suffix(".dbf"))
    assert refused(path).code == "shapefile_parts_differ"


def test_shapes_that_are_noise(copied: Callable[[str], Path]) -> None:
    path = copied("r2ka99101.shp")
    content = bytearray(path.read_bytes())
    content[100:] = bytes((i * 37) % 251 for i in range(len(content) - 100))
    path.write_bytes(content)
    path.with_suffix(".shx").unlink()
    assert refused(path).code in (
        "shapefile_broken", "shapefile_parts_differ", "layer_outside_japan", "layer_no_geometry", "layer_no_features",
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), TABLES.items())
def test_another_encoding(copied: Callable[[str], Path], kind: sources.Kind, name: str) -> None:
    path = copied(name)
    content = path.read_bytes()
    path.write_bytes(content[:-2] + b"\x82\xff\xfe\x80\r\n")
    problem = refused(path)
    assert problem.code == "encoding_unknown"
    assert problem.context["row"] == content.count(b"\n")
    path.write_bytes(content.decode("cp932").replace("～", "~").encode("euc_jp"))
    assert refused(path, kind).code in ("encoding_euc", "encoding_unknown")


def test_texts_of_a_layer_in_no_known_encoding(copied: Callable[[str], Path]) -> None:
    path = copied("A32-23_99.shp")
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace("学校".encode(), b"\xa0\xff\xfd\xa0\xff\xfd"))
    assert refused(path).code == "dbf_encoding"


MISSING = {
    "vacancies": (("緯度", "経度", "町丁"), "vacancies_columns"),
    "census-table": (("HTKSAKI",), "census_table_columns"),
}


@pytest.mark.parametrize("kind", MISSING)
def test_a_table_without_a_column(copied: Callable[[str], Path], kind: sources.Kind) -> None:
    path = copied(TABLES[kind])
    columns, code = MISSING[kind]
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("cp932"))))
    header = next(row for row in rows if columns[0] in row)
    lost = {header.index(column) for column in columns}
    with path.open("w", encoding="cp932", newline="") as stream:
        csv.writer(stream).writerows([[c for i, c in enumerate(row) if i not in lost] for row in rows])
    problem = refused(path)
    assert problem.code == code


def opened(path: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(path, encoding="cp932" if path.name.startswith("r2ka") else "utf-8")


def without(path: Path, *columns: str) -> Path:
    frame = opened(path)
    for suffix in (".cpg", ".dbf", ".prj", ".shp", ".shx", ".geojson"):
        path.with_suffix(suffix).unlink(missing_ok=True)
    frame.drop(columns=list(columns)).to_file(path.with_suffix(".gpkg"), driver="GPKG")
    return path.with_suffix(".gpkg")


@pytest.mark.parametrize(
    ("kind", "columns", "code"),
    [
        ("municipalities", ["N03_007"], "municipality_code_unknown"),
        ("zones", ["A32_001"], "zones_columns"),
        ("zones", ["A32_004"], "zones_columns"),
        ("small-areas", ["KEY_CODE"], "small_areas_columns"),
        ("small-areas", ["JINKO"], "small_areas_columns"),
    ],
)
def test_a_layer_without_a_column(
    copied: Callable[[str], Path], kind: sources.Kind, columns: list[str], code: str
) -> None:
    assert refused(without(copied(LAYERS[kind]), *columns), kind).code == code


@pytest.mark.parametrize("kind", TABLES)
def test_a_csv_of_another_kind(tmp_path: Path, kind: sources.Kind) -> None:
    path = tmp_path / "shops.csv"
    path.write_text("店名,売上\nあ,1\n", encoding="utf-8")
    assert refused(path).code == "kind_unknown"
    problem = refused(path, kind)
    assert problem.code in ("census_table_columns", "places_columns", "vacancies_columns")
    assert "店名" in str(problem)


# -- coordinates --------------------------------------------------------------------------------------------


def relaid(path: Path, change: Callable[[Any], Any], crs: str | None) -> Path:
    """The layer with its coordinates changed and its system declared anew, as GeoJSON."""
    frame = opened(path)
    shapes = [shapely.transform(g, change) for g in frame.geometry]
    document = json.loads(
        gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=shapes).to_json(drop_id=True)
    )
    document.pop("crs", None)
    if crs:
        document["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{crs}"}}
    out = path.with_name(f"re_{path.stem}.geojson")
    out.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return out


def metres(coordinates: Any) -> Any:
    points = gpd.GeoSeries(gpd.points_from_xy(*coordinates.T), crs=6668).to_crs(6677)
    return shapely.get_coordinates(points.to_numpy())


@pytest.mark.parametrize(("kind", "name"), LAYERS.items())
def test_a_layer_with_swapped_coordinates(
    copied: Callable[[str], Path], kind: sources.Kind, name: str
) -> None:
    for crs in (None, "6668"):
        assert refused(relaid(copied(name), lambda c: c[:, ::-1], crs), kind).code == "layer_swapped"


@pytest.mark.parametrize(("kind", "name"), LAYERS.items())
def test_a_layer_in_a_plane_zone(copied: Callable[[str], Path], kind: sources.Kind, name: str) -> None:
    path = copied(name)
    plain = sources.read(path, municipality_code=CODE).table
    declared = sources.read(relaid(path, metres, "6677"), municipality_code=CODE, kind=kind).table
    assert shapely.hausdorff_distance(declared.union_all(), plain.union_all()) < 1e-8
    problem = refused(relaid(path, metres, None), kind)
    assert problem.code == "crs_missing"
    assert isinstance(problem, errors.CrsError)
    assert refused(relaid(path, metres, "6668"), kind).code == "crs_contradicted"


def with_cells(path: Path, change: Callable[[str, str], tuple[str, str]]) -> Path:
    """The list with latitude and longitude of every row changed."""
    lines = path.read_bytes().decode("cp932").splitlines()
    header = lines[0].split(",")
    y, x = header.index("緯度"), header.index("経度")
    for i, line in enumerate(lines[1:], 1):
        cells = line.split(",")
        if '"' not in line and cells[y]:
            cells[y], cells[x] = change(cells[y], cells[x])
            lines[i] = ",".join(cells)
    path.write_bytes("\r\n".join(line for line in lines if '"' not in line).encode("cp932"))
    return path


@pytest.mark.parametrize("name", ["ibasho_salon.csv", "vacant.csv"])
def test_a_list_with_swapped_coordinates(copied: Callable[[str], Path], name: str) -> None:
    path = with_cells(copied(name), lambda y, x: (max(y, x, key=float), min(y, x, key=float)))
    if name == "ibasho_salon.csv":
        lines = path.read_bytes().decode("cp932").splitlines()
        path.write_bytes("\r\n".join(line for line in lines if ",,," not in line).encode("cp932"))
    problem = refused(path)
    assert problem.code == "rows_swapped"


@pytest.mark.parametrize("name", ["ibasho_salon.csv", "vacant.csv"])
def test_a_list_in_metres(copied: Callable[[str], Path], name: str) -> None:
    problem = refused(
        with_cells(copied(name), lambda y, x: (f"{float(y) * 1000:.1f}", f"{float(x) * 100:.1f}"))
    )
    assert problem.code == "rows_metres"
    assert isinstance(problem, errors.CrsError)


def test_households_with_swapped_coordinates(tmp_path: Path) -> None:
    path = tmp_path / "list.js"
    path.write_text(HOUSEHOLDS.replace("140.95, 35.0", "35.0, 140.95"), encoding="utf-8")
    assert refused(path).code == "households_none"


# -- any damage at all --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), {**LAYERS, **TABLES}.items())
@pytest.mark.parametrize("seed", range(6))
def test_random_damage_is_never_a_traceback(
    copied: Callable[[str], Path], kind: sources.Kind, name: str, seed: int
) -> None:
    path = copied(name)
    for part in sorted(path.parent.glob(f"{path.stem}.*")):
        content = bytearray(part.read_bytes())
        for i in range(1, 8):
            at = (seed * 7919 + i * 104729) % len(content)
            content[at] = (content[at] + 1 + seed * 31 + i) % 256
        part.write_bytes(content)
    try:
        found = sources.read(path, municipality_code=CODE)
    except errors.AtlasError as problem:
        assert path.stem in str(problem) or problem.code.startswith("table_")
    else:
        assert found.kind in sources.KINDS


@pytest.mark.parametrize("kind", [None, "places", "zones"])
def test_a_layer_without_features_is_refused_by_name(tmp_path: Path, kind: sources.Kind | None) -> None:
    path = tmp_path / "nothing.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    assert refused(path, kind).code == "layer_no_features"


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    folder, pipe, empty = (tmp_path / name for name in ("a folder", "pipe", "empty.zip"))
    folder.mkdir()
    os.mkfifo(pipe)
    with zipfile.ZipFile(empty, "w"):
        pass
    found = [refused(path).code for path in (folder, pipe, empty)]
    assert found == ["file_is_folder", "file_special", "zip_empty"]


def test_a_name_with_a_line_break_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "two\nlines.csv"
    path.write_text("name,lat,lon\nA,35.7,139.7\n", encoding="utf-8")
    with pytest.raises(errors.SourceError, match=r"two.nlines"):
        sources.read(path, municipality_code=CODE)


def test_coordinates_without_end_are_told_in_a_few_signs(tmp_path: Path) -> None:
    path = tmp_path / "far.geojson"
    square = [[1e308, 0], [1.1e308, 0], [1.1e308, 1], [1e308, 0]]
    feature = {
        "type": "Feature",
        "properties": {"name": "a"},
        "geometry": {"type": "Polygon", "coordinates": [square]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    problem = refused(path, None)
    assert len(str(problem)) < 400, str(problem)


def test_a_name_that_stands_twice_in_an_object_is_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "twice.geojson"
    shape = '"geometry": {"type": "Point", "coordinates": [139.7, 35.7]}'
    text = '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": %s, ' + shape + "}]}"
    path.write_text(text % '{"name": "A", "name": "B"}', encoding="utf-8")
    assert "name twice" in str(refused(path, None))
    path.write_text(text % '{"name": "A", "name": "A"}', encoding="utf-8")
    assert sources.detect(path) == "places"
