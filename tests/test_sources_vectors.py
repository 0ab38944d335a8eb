"""Layers: what GDAL would read must be what is read here, and nothing that a file's content names is opened."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from geo import errors
from geo.sources import _archive, _vectors

SQUARE = shapely.box(139.70, 35.70, 139.71, 35.71)
BOW_TIE = shapely.Polygon([(139.70, 35.70), (139.71, 35.71), (139.71, 35.70), (139.70, 35.71)])


def layer(*shapes: Any, crs: str | None = "EPSG:6668", **columns: list[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        columns or {"name": [f"区{i}" for i in range(len(shapes))]}, geometry=list(shapes), crs=crs
    )


def geojson(path: Path, frame: gpd.GeoDataFrame, crs: str | None = None) -> Path:
    document = json.loads(frame.to_json(drop_id=True))
    document.pop("crs", None)
    if crs:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def shapefile(path: Path, frame: gpd.GeoDataFrame, encoding: str = "utf-8") -> Path:
    frame.to_file(path, driver="ESRI Shapefile", encoding=encoding, engine="pyogrio")
    return path


# -- the same layer in every format -------------------------------------------------------------------------


def test_every_format_gives_the_same_layer(tmp_path: Path) -> None:
    frame = layer(SQUARE, shapely.affinity.translate(SQUARE, 0.02))
    frame.to_file(tmp_path / "a.gpkg", driver="GPKG", engine="pyogrio")
    paths = [
        geojson(tmp_path / "a.geojson", frame, "urn:ogc:def:crs:EPSG::6668"),
        shapefile(tmp_path / "b.shp", frame),
        shapefile(tmp_path / "c.shp", frame, "cp932"),
        tmp_path / "a.gpkg",
    ]
    for path in paths:
        found = _vectors.read(path)
        assert found.frame["name"].tolist() == ["区0", "区1"], path.name
        assert found.frame.index.tolist() == [1, 2]
        assert found.frame.crs == "EPSG:6668"
        assert (found.shape, found.rows, found.crs) == ("polygon", 2, "EPSG:6668")
        assert shapely.equals(found.frame.geometry.to_numpy(), frame.geometry.to_numpy()).all()
        assert found.notes == ()


def test_any_part_of_a_shapefile_may_be_named(tmp_path: Path) -> None:
    whole = _vectors.read(shapefile(tmp_path / "a.shp", layer(SQUARE)))
    for suffix in (".dbf", ".shx", ".prj", ".cpg"):
        part = _vectors.read(tmp_path / f"a{suffix}")
        assert part.sha256 == whole.sha256
        assert part.frame.equals(whole.frame)


def topojson(path: Path, *, scale: bool, **more: Any) -> Path:
    """Two squares that share a border, written by hand: the second has the first's eastern side backwards."""
    west, mid, east, low, high = (
        (0, 10_000, 20_000, 0, 10_000) if scale else (139.70, 139.71, 139.72, 35.70, 35.71)
    )
    lines = [
        [(mid, low), (12_000, 3_000) if scale else (139.712, 35.703), (mid, high)],
        [(mid, high), (west, high), (west, low), (mid, low)],
        [(mid, low), (east, low), (east, high), (mid, high)],
    ]
    if scale:
        lines = [[line[0], *((b[0] - a[0], b[1] - a[1]) for a, b in pairwise(line))] for line in lines]
    document = {
        "type": "Topology",
        "arcs": lines,
        "objects": {
            "zones": {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "Polygon", "arcs": [[0, 1]], "properties": {"name": "区0"}},
                    {"type": "MultiPolygon", "arcs": [[[2, ~0]]], "properties": {"name": "区1"}},
                ],
            },
            **more,
        },
    }
    if scale:
        document["transform"] = {"scale": [1e-6, 1e-6], "translate": [139.70, 35.70]}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.mark.parametrize("scale", [True, False])
def test_topojson_is_untangled(tmp_path: Path, scale: bool) -> None:
    found = _vectors.read(topojson(tmp_path / "a.json", scale=scale))
    assert found.frame["name"].tolist() == ["区0", "区1"]
    one, two = found.frame.geometry
    bend = [(139.71, 35.70), (139.712, 35.703), (139.71, 35.71)]
    west = shapely.Polygon([*bend, (139.70, 35.71), (139.70, 35.70)])
    east = shapely.Polygon([*bend, (139.72, 35.71), (139.72, 35.70)])
    assert one.symmetric_difference(west).area < 1e-12
    assert two.symmetric_difference(east).area < 1e-12
    assert found.notes == ()


def test_of_several_layers_of_a_topojson_none_is_guessed(tmp_path: Path) -> None:
    path = topojson(tmp_path / "a.json", scale=True, wards={"type": "GeometryCollection", "geometries": []})
    with pytest.raises(errors.DataError, match="zones, wards"):
        _vectors.read(path)


@pytest.mark.parametrize(
    "break_", [{"arcs": []}, {"arcs": "x"}, {"transform": {"scale": [1, 1]}}, {"transform": 3}]
)
def test_a_broken_topojson_is_a_sentence(tmp_path: Path, break_: dict[str, Any]) -> None:
    path = topojson(tmp_path / "a.json", scale=True)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | break_), encoding="utf-8")
    with pytest.raises(errors.SourceError) as caught:
        _vectors.read(path)
    assert caught.value.code == "topojson_broken"


def test_one_feature_is_a_layer_too(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    feature = {"type": "Feature", "properties": {"name": "区"}, "geometry": shapely.geometry.mapping(SQUARE)}
    path.write_text(json.dumps(feature), encoding="utf-8")
    assert _vectors.read(path).frame["name"].tolist() == ["区"]


# -- lines that close ---------------------------------------------------------------------------------------

RING = shapely.LineString(SQUARE.exterior.coords)
HALVES = shapely.MultiLineString([RING.coords[:3], RING.coords[2:]])
TAIL = shapely.MultiLineString([RING.coords, [(139.70, 35.70), (139.69, 35.69)]])
OPEN = shapely.LineString(RING.coords[:-1])


def test_lines_that_close_become_areas_and_the_others_are_named(tmp_path: Path) -> None:
    found = _vectors.read(geojson(tmp_path / "a.geojson", layer(RING, HALVES, OPEN, TAIL)))
    assert found.shape == "line"
    assert not _vectors.is_closed(found)
    areas = _vectors.polygonised(found)
    assert areas.shape == "polygon"
    assert areas.frame["name"].tolist() == ["区0", "区1"]
    assert all(shape.equals(SQUARE) for shape in areas.frame.geometry)
    assert [(n.code, n.row) for n in areas.notes] == [
        ("lines_closed", None),
        ("line_open", 3),
        ("line_open", 4),
    ]


def test_a_ring_within_a_ring_is_a_hole(tmp_path: Path) -> None:
    inner = shapely.box(139.702, 35.702, 139.704, 35.704)
    both = shapely.MultiLineString([RING.coords, inner.exterior.coords])
    found = _vectors.read(geojson(tmp_path / "a.geojson", layer(both)))
    assert _vectors.is_closed(found)
    assert _vectors.polygonised(found).frame.geometry.iloc[0].equals(SQUARE.difference(inner))


def test_open_lines_are_no_borders(tmp_path: Path) -> None:
    with pytest.raises(errors.DataError) as caught:
        _vectors.polygonised(_vectors.read(geojson(tmp_path / "a.geojson", layer(OPEN, OPEN))))
    assert caught.value.code == "lines_open"


@pytest.mark.parametrize("cpg", [None, "UTF-8", "CP932", "no such thing"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_the_encoding_is_seen_whatever_is_declared(tmp_path: Path, encoding: str, cpg: str | None) -> None:
    path = shapefile(tmp_path / "a.shp", layer(SQUARE, name=["北区表示ソ"]), encoding)
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    dbf[29] = 0  # no language driver: the next thing that readers guess by
    path.with_suffix(".dbf").write_bytes(dbf)
    path.with_suffix(".cpg").unlink()
    if cpg:
        path.with_suffix(".cpg").write_text(cpg)
    found = _vectors.read(path)
    assert found.encoding == encoding
    assert found.frame["name"].tolist() == ["北区表示ソ"]
    contradicted = cpg in ("UTF-8", "CP932") and (cpg == "CP932") != (encoding == "cp932")
    assert [note.code for note in found.notes] == (["dbf_encoding_other"] if contradicted else [])


def test_a_name_cut_within_a_letter_loses_only_that_letter(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "a.shp", layer(SQUARE, name=["a" * 80]))
    dbf = path.with_suffix(".dbf")
    full = ("a" + "区" * 30).encode()[:80]
    dbf.write_bytes(dbf.read_bytes().replace(b"a" * 80, full))
    found = _vectors.read(path)
    assert found.frame["name"].tolist() == ["a" + "区" * 26]
    assert [note.code for note in found.notes] == ["dbf_text_cut"]


def test_attributes_are_what_gdal_reads(realdata: Path) -> None:
    path = realdata / "census" / "estat_r2ka_tokyo_6wards" / "r2ka13103.shp"
    mine, theirs = _vectors.read(path).frame, pyogrio.read_dataframe(path, encoding="cp932")
    assert mine.columns.tolist() == theirs.columns.tolist()
    for column in ("KEY_CODE", "S_NAME", "KIGO_E", "CITY_NAME"):
        assert mine[column].fillna("").tolist() == theirs[column].fillna("").tolist()
    assert mine["JINKO"].astype(int).tolist() == theirs["JINKO"].tolist()
    assert np.allclose(mine["X_CODE"].astype(float), theirs["X_CODE"])
    assert shapely.equals_exact(mine.geometry.to_numpy(), theirs.geometry.to_numpy(), 1e-12).all()


def test_missing_parts_are_made_up_for_and_noted(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "a.shp", layer(SQUARE))
    for suffix in (".shx", ".prj", ".cpg"):
        path.with_suffix(suffix).unlink()
    found = _vectors.read(path)
    assert sorted(note.code for note in found.notes) == ["crs_assumed", "shapefile_index"]
    assert found.frame.geometry.iloc[0].equals(SQUARE)
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".dbf", ".shp"]


def test_a_deleted_record_stays_deleted(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "a.shp", layer(SQUARE, shapely.affinity.translate(SQUARE, 0.02)))
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    dbf[int.from_bytes(dbf[8:10], "little")] = ord("*")
    path.with_suffix(".dbf").write_bytes(dbf)
    assert _vectors.read(path).frame["name"].tolist() == ["区1"]


# -- where things are ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsg", [4326, 4612, 6677, 2451, 3857, 32654])
def test_declared_systems_are_transformed(tmp_path: Path, epsg: int) -> None:
    path = shapefile(tmp_path / "a.shp", layer(SQUARE).to_crs(epsg))
    found = _vectors.read(path)
    assert found.crs == f"EPSG:{epsg}"
    assert found.frame.geometry.iloc[0].centroid.distance(SQUARE.centroid) < 1e-5


def test_the_old_tokyo_datum_is_moved_and_not_relabelled(tmp_path: Path) -> None:
    found = _vectors.read(geojson(tmp_path / "a.geojson", layer(SQUARE), "urn:ogc:def:crs:EPSG::4301"))
    shift = (
        found.frame.to_crs(6677)
        .geometry.iloc[0]
        .centroid.distance(gpd.GeoSeries([SQUARE], crs=6668).to_crs(6677).iloc[0].centroid)
    )
    assert 400 < shift < 500


@pytest.mark.parametrize(
    ("crs", "move", "code"),
    [
        (None, lambda x, y: (y, x), "layer_swapped"),
        ("urn:ogc:def:crs:EPSG::6668", lambda x, y: (y, x), "layer_swapped"),
        (None, lambda x, y: (x * 1000, y * 1000), "crs_missing"),
        ("urn:ogc:def:crs:EPSG::6668", lambda x, y: (x * 1000, y * 1000), "crs_contradicted"),
        ("urn:ogc:def:crs:EPSG::6677", lambda x, y: (x, y), "crs_contradicted"),
        ("urn:ogc:def:crs:EPSG::6668", lambda x, y: (x - 100, y), "layer_outside_japan"),
        ("urn:ogc:def:crs:EPSG::4267", lambda x, y: (x, y), "crs_unknown"),
        ("urn:ogc:def:crs:EPSG::99999", lambda x, y: (x, y), "crs_unreadable"),
        ("/etc/passwd", lambda x, y: (x, y), "crs_unreadable"),
    ],
)
def test_coordinates_that_cannot_be_placed_are_refused(
    tmp_path: Path, crs: str | None, move: Any, code: str
) -> None:
    moved = shapely.transform(SQUARE, lambda c: np.column_stack(move(c[:, 0], c[:, 1])))
    with pytest.raises(errors.AtlasError, match=r"a\.geojson") as caught:
        _vectors.read(geojson(tmp_path / "a.geojson", layer(moved, crs=None), crs))
    assert caught.value.code == code


# -- what is mended -----------------------------------------------------------------------------------------


def test_a_bow_tie_is_repaired_with_its_areas_told(tmp_path: Path) -> None:
    found = _vectors.read(geojson(tmp_path / "a.geojson", layer(SQUARE, BOW_TIE)))
    assert found.frame.geometry.is_valid.all()
    assert [(n.code, n.row, n.level) for n in found.notes] == [("geometry_repaired", 2, "repaired")]
    assert "Feature 2" in str(found.notes[0])


def test_overlapping_parts_of_a_zone_are_united_and_not_cut_out(tmp_path: Path) -> None:
    inner = shapely.box(139.702, 35.702, 139.704, 35.704)
    found = _vectors.read(geojson(tmp_path / "a.geojson", layer(shapely.MultiPolygon([SQUARE, inner]))))
    assert found.frame.geometry.iloc[0].area == pytest.approx(SQUARE.area)


def test_features_without_a_place_are_left_out_by_number(tmp_path: Path) -> None:
    found = _vectors.read(geojson(tmp_path / "a.geojson", layer(None, SQUARE)))
    assert found.frame.index.tolist() == [2]
    assert [(n.code, n.row) for n in found.notes] == [("feature_no_geometry", 1)]
    assert found.rows == 2


# -- what must not be opened --------------------------------------------------------------------------------

LIST = "name,lat\nsecret,1\n"
VRT = '<OGRVRTDataSource><OGRVRTLayer name="s"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
GDALG = '{{"type":"gdal_streamed_alg","command_line":"gdal vector pipeline ! read {}"}}'


@pytest.mark.parametrize("content", [VRT, GDALG])
@pytest.mark.parametrize("name", ["evil.geojson", "evil.json", "evil.gpkg"])
def test_content_that_names_another_file_is_not_followed(tmp_path: Path, content: str, name: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(LIST)
    path = tmp_path / name
    path.write_text(content.format(secret))
    with pytest.raises(errors.SourceError):
        _vectors.read(path)


def test_a_shp_that_is_something_else_is_refused_before_gdal_sees_it(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "a.shp", layer(SQUARE))
    path.write_text(VRT.format(tmp_path / "a.dbf"))
    with pytest.raises(errors.SourceError) as caught:
        _vectors.read(path)
    assert caught.value.code == "shapefile_wrong_magic"


def test_gdal_has_no_driver_that_opens_other_things() -> None:
    assert set(pyogrio.list_drivers()) <= _vectors.DRIVERS


def test_a_geopackage_with_a_view_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    layer(SQUARE).to_file(path, driver="GPKG", engine="pyogrio")
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE VIEW v AS WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT i FROM r"
        )
    db.close()
    with pytest.raises(errors.SourceError) as caught:
        _vectors.read(path)
    assert caught.value.code == "gpkg_unsafe"
    assert caught.value.context["names"] == "v"


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
        "PRAGMA application_id = 7",
        "CREATE VIRTUAL TABLE v USING fts5(x); UPDATE gpkg_contents SET table_name = 'v'; "
        "UPDATE gpkg_geometry_columns SET table_name = 'v', column_name = 'x'",
    ],
)
def test_a_geopackage_that_is_more_than_tables_is_not_read(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a.gpkg"
    layer(SQUARE).to_file(path, driver="GPKG", engine="pyogrio")
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.executescript(change)
    db.close()
    with pytest.raises(errors.SourceError) as caught:
        _vectors.read(path)
    assert caught.value.code == "gpkg_unsafe"


def test_a_geopackage_that_another_program_has_open_is_not_read_without_its_newest_changes(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.gpkg"
    layer(SQUARE).to_file(path, driver="GPKG", engine="pyogrio")
    assert _vectors.read(path).rows == 1
    path.with_name("a.gpkg-wal").write_bytes(b"x")
    with pytest.raises(errors.SourceError) as caught:
        _vectors.read(path)
    assert caught.value.code == "gpkg_in_use"


def test_another_sqlite_file_is_no_geopackage(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.gpkg") as db:
        db.execute("CREATE TABLE t (a)")
    db.close()
    with pytest.raises(errors.SourceError):
        _vectors.read(tmp_path / "a.gpkg")


def test_of_several_layers_none_is_guessed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        layer(SQUARE).to_file(tmp_path / "a.gpkg", driver="GPKG", layer=name, engine="pyogrio")
    with pytest.raises(errors.DataError, match="one, two"):
        _vectors.read(tmp_path / "a.gpkg")


def test_deeply_nested_json_ends_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "deep.geojson"
    path.write_text('{"features":' + "[" * 200_000)
    with pytest.raises(errors.SourceError) as caught:
        _vectors.read(path)
    assert caught.value.code in ("json_unsafe", "json_broken")


# -- zips ---------------------------------------------------------------------------------------------------


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_zip_as_published_is_read(tmp_path: Path) -> None:
    shapefile(tmp_path / "A32-23_99.shp", layer(SQUARE), "cp932")
    parts = {f"A32-23_99_GML/{p.name}": p.read_bytes() for p in tmp_path.iterdir()}
    twin = geojson(tmp_path / "twin.geojson", layer(SQUARE)).read_bytes()
    parts |= {"A32-23_99_GML/KS-META-A32-23_99.xml": b"<x/>", "A32-23_99_GML/A32-23_99.geojson": twin}
    path = zipped(tmp_path / "a.zip", parts)
    with _archive.unpacked(path) as (file,):
        assert file.path.name == "A32-23_99.geojson"
        assert _vectors.read(file.path).frame["name"].tolist() == ["区0"]
        assert [(n.code, n.values["taken"]) for n in file.notes] == [
            ("zip_twins", "A32-23_99_GML/A32-23_99.geojson")
        ]
        kept = file.path
    assert not kept.exists()


def test_of_a_utf8_and_a_shift_jis_folder_the_first_is_taken(tmp_path: Path) -> None:
    (tmp_path / "sjis").mkdir()
    twins = {"UTF-8": shapefile(tmp_path / "S12-24.shp", layer(SQUARE))}
    twins["Shift-JIS"] = shapefile(tmp_path / "sjis" / "S12-24.shp", layer(SQUARE), "cp932")
    files = {
        f"{folder}/{part.name}": part.read_bytes()
        for folder, main in twins.items()
        for part in main.parent.glob("S12-24.*")
    }
    with _archive.unpacked(zipped(tmp_path / "a.zip", files)) as (file,):
        found = _vectors.read(file.path)
        assert (found.encoding, found.frame["name"].tolist()) == ("utf-8", ["区0"])
        assert file.notes[0].values == {"taken": "UTF-8/S12-24.shp", "others": "Shift-JIS/S12-24.shp"}


def test_names_of_members_in_cp932_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    member = zipfile.ZipInfo("XXXX.geojson")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, geojson(tmp_path / "twin.geojson", layer(SQUARE)).read_bytes())
    # zipfile writes UTF-8 with its flag; Japanese tools write CP932 without one.
    path.write_bytes(path.read_bytes().replace(b"XXXX", "学区".encode("cp932")))
    with _archive.unpacked(path) as (file,):
        assert file.path.name == "学区.geojson"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({f"{i}.geojson": b"{}" for i in range(_archive.MAX_DATASETS + 1)}, "zip_not_one"),
        ({"readme.md": b"x"}, "zip_not_one"),
        ({f"{i}.csv": b"a" for i in range(_archive.MAX_MEMBERS + 1)}, "zip_too_large"),
        ({"a.csv": b"0" * 30_000_000}, "zip_too_large"),
    ],
)
def test_zips_of_too_much_or_of_nothing_are_refused(
    tmp_path: Path, files: dict[str, bytes], code: str
) -> None:
    path = zipped(tmp_path / "a.zip", files)
    with pytest.raises(errors.SourceError) as caught, _archive.unpacked(path):
        pass
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["/evil.csv", "../../evil.csv", "x/.../evil.csv", "C:\\evil.csv"])
def test_a_zip_cannot_write_elsewhere(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "a.zip", {name: b"name,lat\n"})
    try:
        with _archive.unpacked(path) as (file,):
            folder = file.path.parent.parent
            assert folder.name.startswith("ibasho-")
            assert [p for p in folder.rglob("*") if p.is_file()] == [file.path]
    except errors.SourceError as problem:
        assert problem.code == "zip_not_one"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip"]
    assert not Path("/evil.csv").exists()


def test_a_truncated_zip_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.csv": bytes(range(256)) * 50})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(errors.SourceError, match=r"a\.zip") as caught, _archive.unpacked(path):
        pass
    assert caught.value.code == "zip_broken"


def test_reading_leaves_nothing_beside_the_users_file(tmp_path: Path, sample: Path) -> None:
    for part in sample.glob("A32-23_99.*"):
        shutil.copyfile(part, tmp_path / part.name)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    _vectors.read(tmp_path / "A32-23_99.shp")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
