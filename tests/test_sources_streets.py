"""Street files: what may be walked, what was left out and why, and broken files of every format."""

from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pyproj
import pytest
import shapely

from geo import errors, network, schemas
from geo.sources import _duck, streets
from geo.sources._reading import Reading

Tags = dict[str, str]
Way = tuple[int, list[int], Tags]

NODES = {i: (139.70 + 0.001 * i, 35.70) for i in range(1, 9)}
STREET: Tags = {"highway": "residential"}


def osm(*ways: Way, nodes: dict[int, tuple[float, float]] = NODES) -> str:
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", "<osm version='0.6'>"]
    lines += [f"<node id='{i}' version='1' lon='{x:.7f}' lat='{y:.7f}'/>" for i, (x, y) in nodes.items()]
    for number, refs, tags in ways:
        inside = "".join(f"<nd ref='{ref}'/>" for ref in refs)
        inside += "".join(f"<tag k='{k}' v='{v}'/>" for k, v in tags.items())
        lines.append(f"<way id='{number}' version='1'>{inside}</way>")
    return "\n".join([*lines, "</osm>"])


def saved(folder: Path, content: str | bytes, name: str = "area.osm") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def said(reading: Reading) -> dict[str, str]:
    return {note.code: str(note) for note in reading.notes}


# --- OpenStreetMap


def test_a_way_becomes_one_row_a_piece(tmp_path: Path) -> None:
    path = saved(tmp_path, osm((7, [1, 2, 3], STREET), (8, [3, 4], {"highway": "steps"})))
    reading = streets.read(path)
    table = reading.table
    assert table["street_id"].tolist() == ["w7:0", "w7:1", "w8:0"]
    assert table[["u", "v"]].to_numpy().tolist() == [["1", "2"], ["2", "3"], ["3", "4"]]
    assert table["kind"].tolist() == ["residential", "residential", "steps"]
    assert table["stairs"].tolist() == [False, False, True]
    assert shapely.get_coordinates(table.geometry[0]).tolist() == [[139.701, 35.7], [139.702, 35.7]]
    geod = pyproj.Geod(ellps="GRS80")
    assert table["length_m"][0] == pytest.approx(geod.inv(139.701, 35.7, 139.702, 35.7)[2], abs=1e-6)
    assert 90.4 < table["length_m"][0] < 90.6
    assert table.crs == "EPSG:6668"
    assert (reading.kind, reading.dataset_id, reading.rows, reading.crs) == (
        "streets",
        "streets",
        2,
        "EPSG:4326",
    )
    assert reading.licence is not None
    assert "OpenStreetMap" in reading.licence
    assert reading.notes == ()
    assert schemas.conform(schemas.Streets, table).equals(table)


def test_the_dataset_id_is_the_callers(tmp_path: Path) -> None:
    reading = streets.read(saved(tmp_path, osm((7, [1, 2], STREET))), dataset_id="streets:own")
    assert reading.table["dataset_id"].tolist() == ["streets:own"]
    assert reading.dataset_id == "streets:own"


@pytest.mark.parametrize("packed", ["osm", "gz", "bz2", "pbf"])
def test_the_content_decides_not_the_name(tmp_path: Path, packed: str) -> None:
    plain = saved(tmp_path, osm((7, [1, 2], STREET)))
    path = tmp_path / "streets.dat"
    if packed == "pbf":
        made = tmp_path / "made.osm.pbf"
        with osmium.SimpleWriter(str(made)) as writer:
            for thing in osmium.FileProcessor(str(plain)):
                writer.add(thing)
        path.write_bytes(made.read_bytes())
    else:
        squeeze = {"osm": bytes, "gz": gzip.compress, "bz2": bz2.compress}[packed]
        path.write_bytes(squeeze(plain.read_bytes()))
    assert streets.looks_like(path)
    found, wanted = streets.read(path), streets.read(plain)
    assert found.table.equals(wanted.table)
    assert found.file == "streets.dat"


ROADS = [
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "unclassified",
    "residential",
    "living_street",
    "service",
]
WAYS = ["pedestrian", "track", "road", "footway", "path", "steps", "bridleway"]
WALKED: list[Tags] = [
    *({"highway": value} for value in [*ROADS, *WAYS]),
    {"highway": "cycleway", "foot": "yes"},
    {"highway": "cycleway", "foot": "designated"},
    {"highway": "service", "service": "driveway"},
    {"highway": "service", "access": "private", "foot": "permissive"},
    {"highway": "residential", "access": "destination"},
    {"highway": "residential", "oneway": "yes", "sidewalk": "separate"},
    {"highway": "footway", "tunnel": "yes", "layer": "-1"},
    {"highway": "footway", "tunnel": "building_passage"},
    {"highway": "footway", "indoor": "yes", "foot": "yes"},
    {"highway": "primary", "bridge": "yes"},
]
NOT_WALKED: list[tuple[Tags, str]] = [
    ({"highway": "motorway"}, "not_for_walking"),
    ({"highway": "motorway_link"}, "not_for_walking"),
    ({"highway": "trunk", "motorroad": "yes"}, "not_for_walking"),
    ({"highway": "platform"}, "not_for_walking"),
    ({"highway": "motorway", "foot": "yes"}, "not_for_walking"),
    ({"highway": "construction"}, "not_there"),
    ({"highway": "proposed"}, "not_there"),
    ({"highway": "pedestrian", "area": "yes"}, "area"),
    ({"highway": "residential", "foot": "no"}, "foot_no"),
    ({"highway": "cycleway"}, "cycleway"),
    ({"highway": "service", "access": "private"}, "private"),
    ({"highway": "path", "access": "no"}, "private"),
    ({"highway": "service", "service": "private"}, "private"),
    ({"highway": "corridor"}, "indoor"),
    ({"highway": "footway", "indoor": "yes"}, "indoor"),
    ({"route": "ferry"}, "ferry"),
    ({"route": "ferry", "highway": "path", "foot": "yes"}, "ferry"),
]


def named(tags: Any) -> str:
    return " ".join(f"{k}={v}" for k, v in tags.items()) if isinstance(tags, dict) else str(tags)


@pytest.mark.parametrize("tags", WALKED, ids=named)
def test_people_walk_on(tags: Tags, tmp_path: Path) -> None:
    reading = streets.read(saved(tmp_path, osm((7, [1, 2], STREET), (8, [2, 3], tags))))
    assert reading.table["street_id"].tolist() == ["w7:0", "w8:0"]


@pytest.mark.parametrize(("tags", "reason"), NOT_WALKED, ids=named)
def test_people_do_not_walk_on(tags: Tags, reason: str, tmp_path: Path) -> None:
    reading = streets.read(saved(tmp_path, osm((7, [1, 2], STREET), (8, [2, 3], tags))))
    assert reading.table["street_id"].tolist() == ["w7:0"]
    assert streets.why_not(tags) == reason
    assert [(n.values["n"], n.level) for n in reading.notes if n.code == streets._LEFT_OUT[reason].code] == [
        (1, "info")
    ]


def test_every_reason_of_the_rules_stands_in_the_table_and_has_a_sentence() -> None:
    reasons = [reason for reason, _ in streets._RULES]
    assert streets.__doc__ is not None
    assert [
        line.split()[0] for line in streets.__doc__.splitlines() if line.startswith(tuple(reasons))
    ] == reasons
    assert {*reasons, "no_line"} == set(streets._LEFT_OUT)


def test_railways_are_no_streets(tmp_path: Path) -> None:
    path = saved(tmp_path, osm((7, [1, 2], STREET), (8, [2, 3], {"railway": "rail"}), (9, [3, 4], {})))
    reading = streets.read(path)
    assert (len(reading.table), reading.rows) == (1, 1)
    assert said(reading).keys() == {"streets_for_cars"}


def test_a_clipped_extract_loses_only_what_is_outside(tmp_path: Path) -> None:
    path = saved(tmp_path, osm((7, [1, 2, 99, 3, 4], STREET), (8, [98, 99], STREET)))
    reading = streets.read(path)
    assert reading.table["street_id"].tolist() == ["w7:0", "w7:3"]
    assert said(reading)["streets_clipped"].startswith("3 pieces")
    assert said(reading)["streets_one_node"].startswith("1 ways")


def test_what_makes_no_street_is_left_out_and_counted(tmp_path: Path) -> None:
    nodes = NODES | {20: (179.9999, 35.0), 21: (-179.9999, 35.0)}
    path = saved(
        tmp_path,
        osm(
            (7, [1, 2, 2, 3], STREET),  # a node twice running
            (7, [4, 5], STREET),  # the same way again
            (8, [5], STREET),
            (9, [20, 21], STREET),
            (10, [5, 6, 7, 5], STREET),  # a ring is no loop
            nodes=nodes,
        ),
    )
    reading = streets.read(path)
    assert reading.table["street_id"].tolist() == ["w10:0", "w10:1", "w10:2", "w7:0", "w7:2"]
    assert {code: text.split()[0] for code, text in said(reading).items() if code != "streets_for_cars"} == {
        "streets_loops": "1",
        "streets_repeated": "1",
        "streets_date_line": "1",
        "streets_one_node": "2",
    }
    assert reading.kept == 2


def test_a_network_for_cars_is_told(tmp_path: Path) -> None:
    cars = streets.read(saved(tmp_path, osm((7, [1, 2], STREET))))
    walk = streets.read(saved(tmp_path, osm((7, [1, 2], STREET), (8, [2, 3], {"highway": "path"}))))
    assert "streets_for_cars" not in said(walk)
    assert said(cars)["streets_for_cars"].startswith("There is no footway")


@pytest.mark.parametrize(
    "ways", [[], [(7, [1, 2], {"highway": "motorway"})], [(7, [1], STREET)], [(7, [98, 99], STREET)]]
)
def test_nothing_to_walk_on(ways: list[Way], tmp_path: Path) -> None:
    with pytest.raises(errors.DataError, match=r"area\.osm has no street that may be walked"):
        streets.read(saved(tmp_path, osm(*ways)))


@pytest.mark.parametrize("kind", ["xml", "gz", "pbf", "entities"])
def test_broken_openstreetmap_files_are_named(kind: str, tmp_path: Path) -> None:
    text = osm(*((i, [1, 2, 3, 4], STREET) for i in range(1, 400)))
    whole = saved(tmp_path, text)
    content: bytes = whole.read_bytes()[:-3000]
    if kind == "gz":
        content = gzip.compress(whole.read_bytes())[:-200]
    if kind == "pbf":
        made = tmp_path / "made.osm.pbf"
        with osmium.SimpleWriter(str(made)) as writer:
            for thing in osmium.FileProcessor(str(whole)):
                writer.add(thing)
        content = made.read_bytes()[:-50]
    if kind == "entities":
        content = text.replace("<osm ", "<!DOCTYPE osm [<!ENTITY a 'b'>]>\n<osm ", 1).encode()
    with pytest.raises(errors.SourceError, match=r"broken\.osm cannot be read as OpenStreetMap data"):
        streets.read(saved(tmp_path, content, "broken.osm"))


@pytest.mark.parametrize(
    "content", ["", "name,lat,lon\n", "<html></html>", '{"type": "FeatureCollection"}', "\x1f\x8b"]
)
def test_other_files_are_no_streets(content: str, tmp_path: Path) -> None:
    path = saved(tmp_path, content.encode("latin-1"), "some.csv")
    assert not streets.looks_like(path)
    with pytest.raises(errors.AtlasError, match=r"some\.csv"):
        streets.read(path)


# --- GraphML

Edge = tuple[str, str, dict[str, str]]


def graphml(*edges: Edge, nodes: dict[str, tuple[Any, Any]] | None = None, crs: str = "epsg:4326") -> str:
    places = {str(i): xy for i, xy in NODES.items()} if nodes is None else nodes
    names = sorted({key for *_, data in edges for key in data})
    keys = "".join(f'<key id="d{i}" for="edge" attr.name="{n}"/>' for i, n in enumerate(names))
    keys += '<key id="x" for="node" attr.name="x"/><key id="y" for="node" attr.name="y"/>'
    keys += '<key id="c" for="graph" attr.name="crs"/>'
    body = f'<data key="c">{crs}</data>'
    for name, (x, y) in places.items():
        body += f'<node id="{name}"><data key="y">{y}</data><data key="x">{x}</data></node>'
    for u, v, data in edges:
        inside = "".join(f'<data key="d{names.index(k)}">{value}</data>' for k, value in data.items())
        body += f'<edge source="{u}" target="{v}" id="0">{inside}</edge>'
    return (
        '<?xml version="1.0" encoding="utf-8"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
        f'{keys}<graph edgedefault="directed">{body}</graph></graphml>'
    )


BENT = "LINESTRING (139.701 35.7, 139.7015 35.701, 139.702 35.7)"
BENT_BACK = "LINESTRING (139.702 35.7, 139.7015 35.701, 139.701 35.7)"


def test_both_directions_of_a_graph_are_one_street(tmp_path: Path) -> None:
    path = saved(
        tmp_path,
        graphml(
            ("1", "2", STREET),
            ("2", "1", STREET),
            ("1", "2", STREET | {"geometry": BENT}),  # another street between the same crossings
            ("2", "1", STREET | {"geometry": BENT_BACK}),
            ("3", "2", STREET),
        ),
        "area.graphml",
    )
    reading = streets.read(path)
    table = reading.table
    assert table["street_id"].tolist() == ["e1:2:0", "e1:2:1", "e2:3:0"]
    assert reading.kept == 3
    assert table["length_m"].round().tolist() == [91.0, 240.0, 91.0]
    assert shapely.get_coordinates(table.geometry)[[0, 2, 5]].tolist() == [
        [139.701, 35.7],
        [139.701, 35.7],
        [139.702, 35.7],
    ]
    assert (reading.rows, reading.crs, reading.encoding) == (5, "EPSG:4326", "utf-8")


def test_a_line_drawn_backwards_is_turned(tmp_path: Path) -> None:
    back = "LINESTRING (139.702 35.7, 139.7018 35.7003, 139.7012 35.7001, 139.701 35.7)"
    path = saved(tmp_path, graphml(("1", "2", STREET | {"geometry": back})), "area.graphml")
    line = streets.read(path).table.geometry[0]
    assert shapely.get_coordinates(line)[:, 0].tolist() == [139.701, 139.7012, 139.7018, 139.702]


def test_a_ring_stays_and_a_point_goes(tmp_path: Path) -> None:
    ring = "LINESTRING (139.701 35.7, 139.7015 35.701, 139.702 35.7, 139.701 35.7)"
    path = saved(
        tmp_path,
        graphml(
            ("1", "1", STREET | {"geometry": ring}),
            (
                "1",
                "1",
                STREET
                | {"geometry": "LINESTRING (139.701 35.7, 139.702 35.7, 139.7015 35.701, 139.701 35.7)"},
            ),
            ("2", "2", STREET),
            ("1", "77", STREET),
        ),
        "area.graphml",
    )
    reading = streets.read(path)
    assert reading.table[["u", "v"]].to_numpy().tolist() == [["1", "1"]]
    assert said(reading)["streets_loops"].startswith("1 pieces")
    assert said(reading)["streets_clipped"].startswith("1 pieces")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"highway": "motorway"}, "not_for_walking"),
        ({"highway": "['residential', 'motorway']"}, "not_for_walking"),
        ({"highway": "service", "access": "private"}, "private"),
        ({"highway": "service", "access": "['yes', 'no']"}, "private"),
        ({"highway": "['residential', 'steps']"}, None),
        ({}, None),
        ({"highway": "[not a list"}, None),
    ],
)
def test_an_edge_of_several_ways_is_walked_when_all_are(
    data: Tags, reason: str | None, tmp_path: Path
) -> None:
    path = saved(tmp_path, graphml(("1", "2", {"highway": "path"}), ("2", "3", data)), "area.graphml")
    reading = streets.read(path)
    assert len(reading.table) == (2 if reason is None else 1)
    assert [n.code for n in reading.notes] == ([streets._LEFT_OUT[reason].code] if reason else [])
    if data.get("highway", "").startswith("['residential', 's"):
        assert reading.table["kind"].tolist() == ["path", "residential"]


def test_a_projected_graph_is_brought_back_to_degrees(tmp_path: Path) -> None:
    nodes = {"1": (0.0, 0.0), "2": (100.0, 0.0)}
    path = saved(tmp_path, graphml(("1", "2", STREET), nodes=nodes, crs="epsg:6677"), "area.graphml")
    table = streets.read(path).table
    assert table["length_m"][0] == pytest.approx(100.01, abs=0.005)  # the plane shortens by 1 in 10 000
    assert shapely.get_coordinates(table.geometry)[0] == pytest.approx([139 + 50 / 60, 36.0])


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (graphml(("1", "2", STREET))[:-40], errors.SourceError, "not complete GraphML"),
        (
            graphml(("1", "2", STREET | {"geometry": "LINESTRING (1"})),
            errors.SourceError,
            "not complete GraphML",
        ),
        (
            graphml(("1", "2", STREET | {"geometry": "POINT (1 2)"})),
            errors.SourceError,
            "not complete GraphML",
        ),
        (
            graphml(("1", "2", STREET), nodes={"1": ("", ""), "2": ("a", "nan")}),
            errors.DataError,
            "coordinates",
        ),
        (graphml(("1", "2", STREET), crs="of my own"), errors.CrsError, "cannot be understood"),
        (graphml(), errors.DataError, "no street that may be walked"),
        (graphml(("1", "2", {"highway": "motorway"})), errors.DataError, "no street that may be walked"),
    ],
    ids=["cut", "cut line", "no line", "no coordinates", "no system", "no edge", "motorway"],
)
def test_broken_graphs_are_named(content: str, error: type[Exception], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=rf"{sentence}") as caught:
        streets.read(saved(tmp_path, content, "area.graphml"))
    assert "area.graphml" in str(caught.value)


# --- line layers


def layer(*features: tuple[str, Any, dict[str, Any]]) -> str:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": p, "geometry": {"type": kind, "coordinates": xy}}
                for kind, xy, p in features
            ],
        }
    )


A, B, C, D = (139.700, 35.7), (139.701, 35.7), (139.702, 35.7), (139.701, 35.701)


def test_lines_are_joined_where_one_ends_on_another(tmp_path: Path) -> None:
    path = saved(tmp_path, layer(("LineString", [A, B, C], {}), ("LineString", [B, D], {})), "roads.geojson")
    reading = streets.read(path)
    table = reading.table
    assert table["street_id"].tolist() == ["f1:0", "f1:1", "f2:0"]
    assert reading.kept == 2
    assert table["kind"].tolist() == ["street"] * 3
    assert table["v"][0] == table["u"][1] == table["u"][2] == "139.7010000,35.7000000"
    net = network.build(table, crs="EPSG:6677")
    assert (len(net.node_id), net.left_out.components) == (4, 0)
    assert "streets_joined_at_ends" in said(reading)
    assert "streets_for_cars" not in said(reading)


def test_lines_that_only_cross_are_not_joined(tmp_path: Path) -> None:
    crossing = [(139.701, 35.699), (139.701, 35.7), (139.701, 35.7005)]
    path = saved(
        tmp_path, layer(("LineString", [A, B, C], {}), ("LineString", crossing, {})), "roads.geojson"
    )
    net = network.build(streets.read(path).table, crs="EPSG:6677")
    assert net.left_out.components == 1


def test_ends_are_joined_to_a_ten_millionth_of_a_degree(tmp_path: Path) -> None:
    near, off = (139.70200000004, 35.7), (139.7020002, 35.7)
    for end, joined in ((near, True), (off, False)):
        path = saved(
            tmp_path, layer(("LineString", [A, C], {}), ("LineString", [end, D], {})), "roads.geojson"
        )
        table = streets.read(path).table
        assert (table["v"][0] == table["u"][1]) is joined
    branch = [(139.70100000004, 35.7), D]
    path = saved(tmp_path, layer(("LineString", [A, B, C], {}), ("LineString", branch, {})), "roads.geojson")
    assert streets.read(path).table["street_id"].tolist() == ["f1:0", "f1:1", "f2:0"]


def test_parts_and_tags_of_a_layer(tmp_path: Path) -> None:
    path = saved(
        tmp_path,
        layer(
            ("MultiLineString", [[A, B], [B, C]], {"highway": "footway"}),
            ("LineString", [C, D], {"highway": "motorway"}),
            ("LineString", [C, A], {"highway": None}),
            ("Point", A, {"highway": "crossing"}),
        ),
        "roads.geojson",
    )
    reading = streets.read(path)
    assert reading.table["street_id"].tolist() == ["f1:0", "f1:1", "f3:0"]
    assert reading.table["kind"].tolist() == ["footway", "footway", "street"]
    assert said(reading)["streets_motorway"].startswith("1 ")
    assert said(reading)["streets_no_line"].startswith("1 ")
    assert reading.rows == 4


def test_layers_come_as_geopackage_and_shapefile_in_a_plane_zone(tmp_path: Path) -> None:
    lines = [shapely.LineString([A, B]), shapely.LineString([B, D])]
    frame = gpd.GeoDataFrame({"name": ["x", "y"]}, geometry=lines, crs="EPSG:6668").to_crs("EPSG:6677")
    frame.to_file(tmp_path / "roads.gpkg", driver="GPKG")
    frame.to_file(tmp_path / "roads.shp")
    for name in ("roads.gpkg", "roads.shp"):
        path = tmp_path / name
        assert streets.looks_like(path)
        reading = streets.read(path)
        assert reading.table["length_m"].round(1).tolist() == [90.5, 111.0]
        assert reading.crs == "EPSG:6677"
        assert reading.table["v"][0] == reading.table["u"][1]


def test_a_layer_without_system_or_without_lines(tmp_path: Path) -> None:
    metres = saved(tmp_path, layer(("LineString", [(0, 0), (5000, 0)], {})), "roads.geojson")
    with pytest.raises(errors.CrsError, match=r"roads\.geojson"):
        streets.read(metres)
    zones = saved(tmp_path, layer(("Polygon", [[A, B, D, A]], {})), "zones.geojson")
    assert not streets.looks_like(zones)
    with pytest.raises(errors.DataError, match="no street that may be walked"):
        streets.read(zones)


# --- real files


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "pieces", "rows", "stairs", "edition"),
    [
        ("pbf/Helsinki.osm.pbf", 6817, 2651, 145, None),
        ("pbf/monaco.osm.gz", 5028, 866, 235, None),
        ("tachikawa_tokyo/tachikawa.graphml", 5612, 10515, 0, "2021-12-19"),
    ],
)
def test_real_streets(
    realdata: Path, file: str, pieces: int, rows: int, stairs: int, edition: str | None
) -> None:
    path = realdata / "network" / file
    assert streets.looks_like(path)
    reading = streets.read(path)
    assert (len(reading.table), reading.rows, reading.edition) == (pieces, rows, edition)
    assert reading.table["stairs"].sum() == stairs
    assert reading.table["length_m"].between(0, 3000).all()


@pytest.mark.realdata
def test_a_clipped_real_extract_says_what_is_missing(realdata: Path) -> None:
    notes = said(streets.read(realdata / "network/pbf/Helsinki.osm.pbf"))
    assert notes["streets_clipped"].startswith("718 pieces")
    assert notes["streets_motorway"].startswith("57 ")
    assert notes["streets_ferry"].startswith("1 ")


@pytest.mark.realdata
def test_a_real_extract_that_was_cut_off(realdata: Path, tmp_path: Path) -> None:
    whole = (realdata / "network/pbf/Helsinki.osm.pbf").read_bytes()
    with pytest.raises(errors.SourceError, match=r"cut\.pbf cannot be read"):
        streets.read(saved(tmp_path, whole[:400_000], "cut.pbf"))


def test_the_fictional_ward_walks_by_its_rules(sample: Path) -> None:
    reading = streets.read(sample / "streets.osm.pbf")
    notes = said(reading)
    assert {"streets_ferry", "streets_motorway", "streets_private", "streets_foot_no"} <= set(notes)
    net = network.build(reading.table, crs="EPSG:6677")
    assert 8_000 <= len(net.node_id) <= 12_000
    assert len(net.lines) > len(net.edge_id)  # the island
    assert reading.table["stairs"].sum() > 0
    assert not np.isin(reading.table["kind"], ["motorway"]).any()


def _node(number: int, x: float, y: float) -> Any:
    return osmium.osm.mutable.Node(id=number, location=(x, y))


def _difficult(path: Path, *, repeated: bool) -> Path:
    """Tags of all rules, nodes that are not there, ways without any, a route by land; perhaps a way twice."""
    tags = [
        {"highway": "residential"},
        {"highway": "service", "access": "private"},
        {"highway": "service", "access": "private", "foot": "yes"},
        {"route": "ferry"},
        {"route": "bus"},
        {"building": "yes"},
        {"highway": "steps", "indoor": "yes"},
        {"highway": "pedestrian", "area": "yes"},
        {"highway": "\u9053"},
    ]
    with osmium.SimpleWriter(osmium.io.File(str(path), "pbf"), overwrite=True) as writer:
        for number in range(1, 8):
            writer.add_node(_node(number, 139.7 + number * 0.0012345, 35.7 - number * 0.0007))
        for number, own in enumerate(tags, start=1):
            nodes = [number % 7 + 1, (number + 1) % 7 + 1, 99 if number == 3 else (number + 3) % 7 + 1]
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=nodes, tags=own))
        writer.add_way(osmium.osm.mutable.Way(id=20, nodes=[1], tags=tags[0]))
        if repeated:
            writer.add_way(osmium.osm.mutable.Way(id=20, nodes=[2, 5], tags=tags[0]))
    return path


@pytest.mark.parametrize("repeated", [False, True])
def test_both_readers_of_openstreetmap_tell_the_same(
    repeated: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("duckdb_extension_spatial")
    made = _difficult(tmp_path / "o'difficult.osm.pbf", repeated=repeated)
    assert (
        _duck.ways(made, ["highway"]) is None
    ) == repeated  # what stands there twice is left to the other one
    fast = streets.read(made)
    monkeypatch.setattr(_duck, "_extension", lambda: None)
    slow = streets.read(made)
    assert fast.table.equals(slow.table)
    assert (fast.notes, fast.rows, fast.kept) == (slow.notes, slow.rows, slow.kept)


def test_both_readers_tell_the_same_of_a_real_extract(
    realdata: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("duckdb_extension_spatial")
    path = realdata / "network" / "pbf" / "Helsinki.osm.pbf"
    assert _duck.ways(path, ["highway"]) is not None
    fast = streets.read(path)
    monkeypatch.setattr(_duck, "_extension", lambda: None)
    slow = streets.read(path)
    assert fast.table.equals(slow.table)
    assert (fast.notes, fast.rows, fast.edition) == (slow.notes, slow.rows, slow.edition)
