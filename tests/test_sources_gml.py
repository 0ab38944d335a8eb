"""GML of both official shapes and KML: the same layer as its GeoJSON twin; nothing that is linked to is opened."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from geo import errors, sources
from geo.sources import _gml, _vectors

SQUARE = shapely.box(139.70, 35.70, 139.71, 35.71)
HOLE = shapely.box(139.702, 35.702, 139.704, 35.704)
NEWER = """<?xml version="1.0" encoding="utf-8" ?>
<ogr:FeatureCollection gml:id="c" xmlns:ogr="http://ogr.maptools.org/" xmlns:gml="http://www.opengis.net/gml/3.2"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://ogr.maptools.org/ A32-23_99.xsd">
  <gml:boundedBy><gml:Envelope srsName="{crs}"><gml:lowerCorner>0 0</gml:lowerCorner></gml:Envelope></gml:boundedBy>
  <ogr:featureMember><ogr:A32_23_99 gml:id="f.0">
    <gml:boundedBy><gml:Envelope srsName="{crs}"><gml:lowerCorner>9 9</gml:lowerCorner></gml:Envelope></gml:boundedBy>
    <ogr:geometryProperty>{shape}</ogr:geometryProperty>
    <ogr:A32_001>99101</ogr:A32_001><ogr:A32_004>第一中学校</ogr:A32_004><ogr:A32_005/>
  </ogr:A32_23_99></ogr:featureMember>
</ogr:FeatureCollection>"""
OLDER = """<?xml version="1.0" encoding="{encoding}"?>
<ksj:Dataset gml:id="N03" xmlns:ksj="http://nlftp.mlit.go.jp/ksj/schemas/ksj-app"
  xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink">
  <gml:description>x</gml:description>
  <gml:boundedBy><gml:EnvelopeWithTimePeriod srsName="JGD2011 / (B, L)" frame="GC / JST"/></gml:boundedBy>
  <gml:Curve gml:id="cv1_0"><gml:segments><gml:LineStringSegment><gml:posList>
    {outer}
  </gml:posList></gml:LineStringSegment></gml:segments></gml:Curve>
  <gml:Curve gml:id="cv1_1"><gml:segments><gml:LineStringSegment><gml:posList>
    {inner}
  </gml:posList></gml:LineStringSegment></gml:segments></gml:Curve>
  <gml:Surface gml:id="sf1"><gml:patches><gml:PolygonPatch>
    <gml:exterior><gml:Ring><gml:curveMember xlink:href="#cv1_0"/></gml:Ring></gml:exterior>
    <gml:interior><gml:Ring><gml:curveMember xlink:href="#cv1_1"/></gml:Ring></gml:interior>
  </gml:PolygonPatch></gml:patches></gml:Surface>
  <ksj:AdministrativeBoundary gml:id="gy1">
    <ksj:bounds xlink:href="#sf1"/>
    <ksj:prefectureName>架空県</ksj:prefectureName><ksj:subPrefectureName></ksj:subPrefectureName>
    <ksj:countyName></ksj:countyName><ksj:cityName>架空区</ksj:cityName>
    <ksj:administrativeAreaCode codeSpace="AdministrativeAreaCode.xml">99101</ksj:administrativeAreaCode>
  </ksj:AdministrativeBoundary>
</ksj:Dataset>"""
KML = """<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>x</name><Folder><Placemark>
  <name> 北地区 </name><ExtendedData><Data name="code"><value>7</value></Data>
  <SchemaData><SimpleData name="人口">12</SimpleData></SchemaData></ExtendedData>
  {shape}
</Placemark></Folder></Document></kml>"""


def north_first(ring: Any) -> str:
    return " ".join(f"{y} {x}" for x, y in ring.coords)


def polygon(order: str = "yx") -> str:
    outer = (
        north_first(SQUARE.exterior)
        if order == "yx"
        else " ".join(f"{x} {y}" for x, y in SQUARE.exterior.coords)
    )
    return (
        f"<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>{outer}</gml:posList></gml:LinearRing>"
        "</gml:exterior></gml:Polygon>"
    )


def written(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("crs", "order", "epsg"),
    [
        ("urn:ogc:def:crs:EPSG::6668", "yx", "EPSG:6668"),
        ("urn:ogc:def:crs:EPSG::4612", "yx", "EPSG:4612"),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", "yx", "EPSG:4326"),
        ("EPSG:6668", "xy", "EPSG:6668"),
        ("http://www.opengis.net/gml/srs/epsg.xml#4612", "xy", "EPSG:4612"),
        ("JGD2000 / (B, L)", "yx", "EPSG:4612"),
    ],
)
def test_the_newer_shape_is_read_whichever_way_it_writes_its_coordinates(
    tmp_path: Path, crs: str, order: str, epsg: str
) -> None:
    path = written(tmp_path / "A32-23_99.xml", NEWER.format(crs=crs, shape=polygon(order)))
    found = _vectors.read(path)
    assert found.columns == ["A32_001", "A32_004"]
    assert found.frame["A32_004"].tolist() == ["第一中学校"]
    assert found.frame.geometry.iloc[0].symmetric_difference(SQUARE).area < 1e-12
    assert (found.crs, found.encoding, found.notes) == (epsg, "utf-8", ())
    assert sources.detect(path) == "zones"


def test_metres_of_a_plane_zone_come_north_first(tmp_path: Path) -> None:
    plane = gpd.GeoSeries([SQUARE], crs=6668).to_crs(6677).iloc[0]
    shape = polygon().replace(north_first(SQUARE.exterior), north_first(plane.exterior))
    path = written(tmp_path / "a.gml", NEWER.format(crs="urn:ogc:def:crs:EPSG::6677", shape=shape))
    assert _vectors.read(path).frame.geometry.iloc[0].symmetric_difference(SQUARE).area < 1e-9


@pytest.mark.parametrize("encoding", ["UTF-8", "Shift_JIS"])
def test_the_older_shape_is_followed_from_feature_to_surface_to_curves(tmp_path: Path, encoding: str) -> None:
    content = OLDER.format(
        encoding=encoding, outer=north_first(SQUARE.exterior), inner=north_first(HOLE.exterior)
    )
    path = written(tmp_path / "N03-19_99_190101.xml", content, encoding)
    found = sources.read(path, municipality_code="99101")
    assert (found.kind, found.crs) == ("municipalities", "EPSG:6668")
    assert found.encoding == ("utf-8" if encoding == "UTF-8" else "cp932")
    assert found.table["name"].tolist() == ["架空区"]
    assert found.table.geometry.iloc[0].symmetric_difference(SQUARE.difference(HOLE)).area < 1e-12


def test_references_that_go_in_a_circle_end(tmp_path: Path) -> None:
    content = OLDER.format(encoding="UTF-8", outer="", inner="").replace(
        '<ksj:bounds xlink:href="#sf1"/>', '<ksj:bounds gml:id="a" xlink:href="#a"/>'
    )
    with pytest.raises(errors.DataError) as caught:
        _vectors.read(written(tmp_path / "a.xml", content))
    assert caught.value.code == "layer_no_geometry"


MANY = "<MultiGeometry>{0}{1}</MultiGeometry>"
RINGS = "<Polygon><outerBoundaryIs><LinearRing><coordinates>{}</coordinates></LinearRing></outerBoundaryIs></Polygon>"


def tuples(shape: Any) -> str:
    return "\n".join(f"{x},{y},0" for x, y in shape.exterior.coords)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("<Point><coordinates>139.7,35.7,12.5</coordinates></Point>", shapely.Point(139.7, 35.7)),
        ("<LineString><coordinates>139.7,35.7 139.8,35.8</coordinates></LineString>",
         shapely.LineString([(139.7, 35.7), (139.8, 35.8)])),
        (RINGS.format(tuples(SQUARE)), SQUARE),
        (MANY.format(RINGS.format(tuples(SQUARE)), RINGS.format(tuples(shapely.affinity.translate(SQUARE, 1)))),
         shapely.MultiPolygon([SQUARE, shapely.affinity.translate(SQUARE, 1)])),
    ],
)  # fmt: skip
def test_kml_is_a_layer_in_wgs84(tmp_path: Path, shape: str, expected: Any) -> None:
    found = _vectors.read(written(tmp_path / "a.kml", KML.format(shape=shape)))
    assert found.frame.drop(columns="geometry").to_dict("records") == [
        {"name": "北地区", "code": "7", "人口": "12"}
    ]
    assert found.crs == "EPSG:4326"
    assert found.frame.geometry.iloc[0].equals(expected)


def test_kmz_is_kml_in_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "a.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", KML.format(shape=RINGS.format(tuples(SQUARE))))
        archive.writestr("files/icon.png", b"x")
    found = sources.read(path, municipality_code="99101")
    assert (found.kind, found.file, found.table["name"].tolist()) == ("zones", "a.kmz", ["北地区"])


def test_links_are_counted_and_not_opened(tmp_path: Path) -> None:
    link = "<NetworkLink><Link><href>http://127.0.0.1:9/</href></Link></NetworkLink>"
    shape = RINGS.format(tuples(SQUARE))
    path = written(
        tmp_path / "a.kml", KML.format(shape=shape).replace("</Document>", f"{link}{link}</Document>")
    )
    assert [(n.code, n.values) for n in _vectors.read(path).notes] == [("kml_links", {"n": 2})]


@pytest.mark.parametrize(
    "shape",
    [
        "<gml:Polygon/>",
        "<gml:Point><gml:pos>1</gml:pos></gml:Point>",
        "<gml:LineString><gml:posList>1 2 x 4</gml:posList></gml:LineString>",
        '<gml:LineString srsDimension="7"><gml:posList>1 2 3 4</gml:posList></gml:LineString>',
        "<gml:Curve/>",
    ],
)
def test_a_shape_that_is_none_is_named_by_its_feature(tmp_path: Path, shape: str) -> None:
    with pytest.raises(errors.SourceError, match=r"feature 1 of a\.xml") as caught:
        _vectors.read(written(tmp_path / "a.xml", NEWER.format(crs="EPSG:6668", shape=shape)))
    assert caught.value.code == "geometry_broken"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (NEWER[:600], "xml_broken"),
        ("<kml>" + "<a>" * 200 + "</a>" * 200 + "</kml>", "xml_unsafe"),
        ("<!DOCTYPE kml><kml/>", "xml_unsafe"),
        ("<MD_Metadata><x/></MD_Metadata>", "xml_not_read"),
        ("<kml/>", "layer_no_features"),
        (NEWER.format(crs="urn:ogc:def:crs:EPSG::99999", shape=polygon()), "crs_unreadable"),
    ],
)
def test_xml_that_is_no_layer_is_a_sentence(tmp_path: Path, content: str, code: str) -> None:
    with pytest.raises(errors.AtlasError, match=r"a\.xml") as caught:
        sources.detect(written(tmp_path / "a.xml", content))
    assert caught.value.code == code


def test_what_begins_like_xml_but_is_no_layer_is_left_to_others() -> None:
    assert _gml.looks_like(b'<?xml version="1.0"?><!-- x --><kml:kml xmlns:kml="x">')
    assert _gml.looks_like("<?xml?><gml:FeatureCollection>".encode("utf-16"))
    assert not _gml.looks_like(b"<osm version='0.6'>")
    assert not _gml.looks_like(b"a,b\n1,<kml>")


@pytest.mark.realdata
def test_the_real_gml_is_its_geojson_twin(realdata: Path) -> None:
    folder = realdata / "school_zones" / "nara_ksj_2023" / "A32-23_29_GML"
    gml, twin = (_vectors.read(folder / f"A32-23_29{suffix}") for suffix in (".xml", ".geojson"))
    assert (len(gml.frame), gml.crs, gml.encoding) == (88, "EPSG:6668", "utf-8")
    assert gml.columns == twin.columns
    for column in gml.columns:
        assert gml.frame[column].tolist() == twin.frame[column].astype(str).tolist()
    apart = shapely.symmetric_difference(gml.frame.geometry.to_numpy(), twin.frame.geometry.to_numpy())
    assert shapely.area(apart).max() < 1e-12
    assert [n.row for n in gml.notes] == [n.row for n in twin.notes]
