"""The door to the readers: what a file is, and that each kind comes through whole."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo import errors, schemas, sources, text

SAMPLE = {
    "N03-20250101_99.geojson": "municipalities",
    "A32-23_99.shp": "zones",
    "A27-23_99.geojson": "zones",
    "branch_offices.geojson": "zones",
    "r2ka99101.shp": "small-areas",
    "tblT001082C99.csv": "census-table",
    "tblT001084C99.csv": "census-table",
    "ibasho_salon.csv": "places",
    "kodomo_shokudo.csv": "places",
    "vacant.csv": "vacancies",
    "streets.osm.pbf": "streets",
}
REAL = {
    "admin/N03-20250101_27_shikyo.geojson": "municipalities",
    "admin/N03-21_13_210101.json": "municipalities",
    "admin/tokyo23_n03/13105.json": "municipalities",
    "school_zones/tokyo23_a32_2013/MiddleSchool.geojson": "zones",
    "school_zones/nara_ksj_2023/A32-23_29_GML/A32-23_29.shp": "zones",
    "census/estat_r2ka_tokyo_6wards/r2ka13105.shp": "small-areas",
    "census/estat_r2ka_osaka_city/大阪市北区.shp": "small-areas",
    "census/estat_r2ka_osaka_city/tblT001082C27.csv": "census-table",
    "census/tokyo_single_households/tokyoList.js": "households",
    "places/kodomo_shokudo/kodomo-shokudo.csv": "places",
    "places/chiyoda/main_facilities_v2.1.0.json": "places",
    "places/chiyoda/places.geojson": "places",
    "network/tachikawa_tokyo/tachikawa.graphml": "streets",
    "network/pbf/Helsinki.osm.pbf": "streets",
    "network/pbf/monaco.osm.gz": "streets",
}


@pytest.mark.parametrize(("name", "kind"), SAMPLE.items())
def test_each_file_of_the_sample_is_known_by_its_content(sample: Path, name: str, kind: str) -> None:
    assert sources.detect(sample / name) == kind


def test_the_sample_has_no_file_that_is_not_tried(sample: Path) -> None:
    parts = {".dbf", ".shx", ".prj", ".cpg"}
    assert {p.name for p in sample.iterdir() if p.suffix not in parts} == set(SAMPLE)


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "kind"), REAL.items())
def test_each_real_file_is_known_by_its_content(realdata: Path, name: str, kind: str) -> None:
    assert sources.detect(realdata / name) == kind


@pytest.mark.parametrize("name", SAMPLE)
def test_a_reading_keeps_its_schema_and_tells_what_it_is(sample: Path, name: str) -> None:
    found = sources.read(sample / name, municipality_code="99101")
    assert found.kind == SAMPLE[name]
    again = schemas.conform(found.schema, found.table)
    pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(found.table))
    if "geometry" in found.table:
        assert found.table.crs == schemas.STORED_CRS
        assert found.table.geometry.is_valid.all()
    schemas.conform(schemas.Datasets, pd.DataFrame([found.dataset()]))
    assert set(found.table["dataset_id"]) == {found.dataset_id}
    assert len(found.sha256) == 64
    assert 0 < found.dataset()["kept"] <= found.rows
    assert found.file == name


@pytest.mark.parametrize("name", SAMPLE)
def test_the_same_file_twice_is_the_same_reading(sample: Path, name: str) -> None:
    one, two = (sources.read(sample / name, municipality_code="99101") for _ in range(2))
    pd.testing.assert_frame_equal(pd.DataFrame(one.table), pd.DataFrame(two.table))
    assert one.dataset() == two.dataset()
    assert one.notes == two.notes


@pytest.mark.parametrize("name", SAMPLE)
def test_every_note_can_be_kept_and_told_in_both_languages(sample: Path, name: str) -> None:
    for note in sources.read(sample / name, municipality_code="99101").notes:
        values = json.loads(json.dumps(dict(note.values)))
        english = text.tell(note.code, note.template, "en", **values)
        assert "{" not in english
        # One thing is said in the singular; the end of a sentence stays.
        assert english == str(note) or str(note).startswith("1 ")
        told = text.tell(note.code, note.template, "ja", **values)
        assert told != str(note)
        assert "{" not in told


def test_the_name_of_a_file_does_not_matter(sample: Path, tmp_path: Path) -> None:
    for name in ("ibasho_salon.csv", "tblT001082C99.csv", "A27-23_99.geojson"):
        copy = tmp_path / "download"
        copy.write_bytes((sample / name).read_bytes())
        assert sources.detect(copy) == SAMPLE[name]


def test_a_zip_is_read_as_what_is_in_it(sample: Path, tmp_path: Path) -> None:
    path = tmp_path / "official.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(sample.glob("r2ka99101.*")):
            archive.write(part, f"folder/{part.name}")
    plain = sources.read(sample / "r2ka99101.shp", municipality_code="99101")
    packed = sources.read(path, municipality_code="99101")
    assert sources.detect(path) == "small-areas"
    pd.testing.assert_frame_equal(pd.DataFrame(packed.table), pd.DataFrame(plain.table))
    assert packed.file == "official.zip"
    assert packed.sha256 == sources.digest([path]) != plain.sha256


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_of_several_datasets_in_a_zip_the_one_that_is_understood_is_read(
    sample: Path, tmp_path: Path
) -> None:
    files = {
        "A32-23_99/A27-23_99.geojson": (sample / "A27-23_99.geojson").read_bytes(),
        "A32-23_99/colours_1.csv": b"colour,taste\nred,sweet\n",
        "A32-23_99/readme.txt": b"see the web page",
    }
    found = sources.read(packed(tmp_path / "a.zip", files), municipality_code="99101")
    plain = sources.read(sample / "A27-23_99.geojson", municipality_code="99101")
    pd.testing.assert_frame_equal(pd.DataFrame(found.table), pd.DataFrame(plain.table))
    (note,) = [note for note in found.notes if note.code == "zip_others"]
    assert str(note).startswith(
        "Of the datasets in the zip A27-23_99.geojson was read; colours_1.csv, readme.txt"
    )


def test_of_several_that_are_understood_none_is_guessed_but_one_may_be_told(
    sample: Path, tmp_path: Path
) -> None:
    names = ("A27-23_99.geojson", "ibasho_salon.csv")
    path = packed(tmp_path / "a.zip", {name: (sample / name).read_bytes() for name in names})
    with pytest.raises(errors.SourceError, match=r"A27-23_99\.geojson, ibasho_salon\.csv") as caught:
        sources.detect(path)
    assert caught.value.code == "zip_not_one"
    assert sources.read(path, municipality_code="99101", kind="zones").kind == "zones"
    assert sources.read(path, municipality_code="99101", kind="places").kind == "places"


def test_the_csv_files_beside_an_old_school_layer_do_not_hide_it(sample: Path, tmp_path: Path) -> None:
    files = {f"A32-13_99_{i:03d}.csv": b"a,b\n1,2\n" for i in range(400)}
    files["A32-13_99.geojson"] = (sample / "A27-23_99.geojson").read_bytes()
    assert sources.detect(packed(tmp_path / "a.zip", files)) == "zones"


def test_a_json_list_is_the_same_table_as_its_csv(sample: Path, tmp_path: Path) -> None:
    plain = sources.read(sample / "ibasho_salon.csv", municipality_code="99101")
    lines = (sample / "ibasho_salon.csv").read_text(encoding="cp932").splitlines()
    header, *rows = csv.reader(lines)
    path = tmp_path / "ibasho_salon.json"
    path.write_text(json.dumps([dict(zip(header, row, strict=False)) for row in rows]), encoding="utf-8")
    found = sources.read(path, municipality_code="99101")
    assert (found.kind, found.rows, found.encoding) == ("places", plain.rows, "utf-8")
    same = [name for name in plain.table if name not in ("source_row", "geometry", "place_id")]
    pd.testing.assert_frame_equal(pd.DataFrame(found.table[same]), pd.DataFrame(plain.table[same]))


@pytest.mark.parametrize("content", ["[1, 2]", "[[1], [2]]", '[{"a": {"b": 1}}]', "[]"])
def test_a_json_list_of_something_else_is_a_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "list.json"
    path.write_text(content)
    with pytest.raises(errors.AtlasError, match=r"list\.json") as caught:
        sources.detect(path)
    assert caught.value.code == "kind_unknown"


def test_borders_drawn_as_lines_are_zones(sample: Path, tmp_path: Path) -> None:
    areas = gpd.read_file(sample / "branch_offices.geojson")
    lines = areas.set_geometry(areas.boundary)
    lines.to_file(tmp_path / "branch_offices.geojson", driver="GeoJSON", engine="pyogrio")
    found = sources.read(tmp_path / "branch_offices.geojson", municipality_code="99101")
    plain = sources.read(sample / "branch_offices.geojson", municipality_code="99101")
    assert found.kind == "zones"
    assert found.table["name"].tolist() == plain.table["name"].tolist()
    apart = shapely.symmetric_difference(found.table.geometry.to_numpy(), plain.table.geometry.to_numpy())
    assert shapely.area(apart).max() < 1e-12
    assert "lines_closed" in [note.code for note in found.notes]


def test_one_line_that_is_open_makes_it_streets_unless_told(sample: Path, tmp_path: Path) -> None:
    areas = gpd.read_file(sample / "branch_offices.geojson")
    lines = areas.set_geometry(areas.boundary)
    cut = shapely.LineString(shapely.get_coordinates(lines.geometry.iloc[0])[:-1])
    lines.loc[lines.index[0], "geometry"] = cut
    path = tmp_path / "branch_offices.geojson"
    lines.to_file(path, driver="GeoJSON", engine="pyogrio")
    assert sources.detect(path) == "streets"
    found = sources.read(path, municipality_code="99101", kind="zones")
    assert len(found.table) == len(areas) - 1
    assert [note.row for note in found.notes if note.code == "line_open"] == [1]


def test_what_is_nothing_known_says_what_was_seen_and_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("colour,taste\nred,sweet\n")
    with pytest.raises(errors.DataError, match=r"list\.csv .* colour, taste.* --as KIND") as caught:
        sources.detect(path)
    assert caught.value.code == "kind_unknown"
    for kind in sources.KINDS:
        assert kind in str(caught.value)


@pytest.mark.parametrize("kind", sources.KINDS)
@pytest.mark.parametrize("name", ["branch_offices.geojson", "ibasho_salon.csv", "streets.osm.pbf"])
def test_a_wrong_kind_is_a_sentence_and_never_a_table(sample: Path, name: str, kind: sources.Kind) -> None:
    if SAMPLE[name] == kind:
        return
    with pytest.raises(errors.AtlasError, match=name.split(".")[0]):
        sources.read(sample / name, municipality_code="99101", kind=kind)
