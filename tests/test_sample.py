"""The sample ward: the same bytes again, and every trap that it promises, read straight from the files."""

from __future__ import annotations

import csv
import hashlib
import re
import struct
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import combinations, pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree
from shapely.geometry import Polygon

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample"
PLANE = 6677  # Japan plane rectangular zone IX

R2KA_COLUMNS = (
    "KEY_CODE PREF CITY S_AREA PREF_NAME CITY_NAME S_NAME KIGO_E HCODE AREA PERIMETER R2KAxx R2KAxx_ID KIHON1 "
    "DUMMY1 KIHON2 KEYCODE1 KEYCODE2 AREA_MAX_F KIGO_D N_KEN N_CITY KIGO_I KBSUM JINKO SETAI X_CODE Y_CODE KCODE1"
)


def _digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def _rows(name: str, encoding: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def _table(name: str) -> list[dict[str, str]]:
    """Rows of a two-header-row table, by key."""
    return _rows(name, "cp932")[1:]


def _number(cell: str) -> int:
    return 0 if cell == "-" else int(cell)


@pytest.fixture(scope="module")
def areas() -> gpd.GeoDataFrame:
    return gpd.read_file(SAMPLE / "r2ka99101.shp", encoding="cp932")


@pytest.fixture(scope="module")
def ward() -> gpd.GeoDataFrame:
    frame = gpd.read_file(SAMPLE / "N03-20250101_99.geojson")
    return frame[frame["N03_007"] == "99101"]


@pytest.fixture(scope="module")
def middle() -> gpd.GeoDataFrame:
    return gpd.read_file(SAMPLE / "A32-23_99.shp")


# --- the same every time ---------------------------------------------------------------------------


def test_generator_writes_the_committed_bytes(tmp_path: Path) -> None:
    script = ROOT / "data" / "generate_sample.py"
    subprocess.run([sys.executable, str(script), "--out", str(tmp_path)], check=True)
    assert _digests(tmp_path) == _digests(SAMPLE)


def test_sample_is_small() -> None:
    assert sum(p.stat().st_size for p in SAMPLE.iterdir()) < 4_000_000


# --- boundaries ------------------------------------------------------------------------------------


def test_ward_is_fictional_and_at_sea(ward: gpd.GeoDataFrame) -> None:
    west, south, east, north = ward.total_bounds
    assert 140.6 < west < east < 141.2
    assert 34.6 < south < north < 35.2
    assert set(ward["N03_007"]) == {"99101"}
    digits = [int(c) for c in "99101"]
    check = (11 - sum(d * w for d, w in zip(digits, (6, 5, 4, 3, 2), strict=True)) % 11) % 10
    assert {row["全国地方公共団体コード"] for row in _rows("kodomo_shokudo.csv", "utf-8-sig")} == {
        f"99101{check}"
    }


def test_municipalities_are_in_the_schema_of_2024(ward: gpd.GeoDataFrame) -> None:
    frame = gpd.read_file(SAMPLE / "N03-20250101_99.geojson")
    assert list(frame.columns) == [
        "N03_001",
        "N03_002",
        "N03_003",
        "N03_004",
        "N03_005",
        "N03_007",
        "geometry",
    ]
    assert frame.crs.to_epsg() == 6668
    assert set(ward["N03_005"]) == {"みなも区"}
    assert set(ward["N03_004"]) == {"澪ヶ浦市"}
    assert len(ward) == 4  # mainland, harbour island and two islets, a feature each
    assert 12 <= ward.to_crs(PLANE).area.sum() / 1e6 <= 16


def test_next_ward_and_unassigned_land_are_in_the_file_too() -> None:
    frame = gpd.read_file(SAMPLE / "N03-20250101_99.geojson")
    assert frame.loc[frame["N03_007"] == "99102", "N03_005"].tolist() == ["あさなぎ区"]
    unassigned = frame[frame["N03_004"] == "所属未定地"]
    assert unassigned["N03_007"].tolist() == ["99000"]
    assert unassigned["N03_005"].isna().all()


@pytest.mark.parametrize(
    "name",
    [
        "N03-20250101_99.geojson",
        "A32-23_99.shp",
        "A27-23_99.geojson",
        "branch_offices.geojson",
        "r2ka99101.shp",
    ],
)
def test_polygons_are_valid(name: str) -> None:
    frame = gpd.read_file(SAMPLE / name)
    assert frame.geometry.is_valid.all()
    assert frame.crs.to_epsg() == 6668
    parts = frame.to_crs(PLANE).geometry.explode()
    rings = [Polygon(ring) for part in parts for ring in (part.exterior, *part.interiors)]
    assert min(ring.area for ring in rings) > 25  # no crumbs of rounding


# --- zones -----------------------------------------------------------------------------------------


def test_middle_school_layer_has_the_columns_of_version_3(middle: gpd.GeoDataFrame) -> None:
    assert list(middle.columns) == ["A32_001", "A32_002", "A32_003", "A32_004", "A32_005", "geometry"]
    assert (SAMPLE / "A32-23_99.cpg").read_text() == "UTF-8"
    assert middle["A32_003"].str.fullmatch(r"[A-Z]\d{12}").all()
    assert middle["A32_003"].nunique() == middle["A32_004"].nunique() == 8


def test_two_middle_school_zones_coincide_and_two_overlap(middle: gpd.GeoDataFrame) -> None:
    zones = middle.to_crs(PLANE).dissolve("A32_004").geometry
    kinds: Counter[str] = Counter()
    for a, b in combinations(zones, 2):
        share = a.intersection(b).area / a.union(b).area
        kinds["same" if share >= 0.95 else "partly" if share > 0.01 else "apart"] += 1
    assert kinds == {"same": 1, "partly": 1, "apart": 26}


def test_one_school_has_several_features(middle: gpd.GeoDataFrame) -> None:
    assert {name: n for name, n in middle["A32_004"].value_counts().items() if n > 1} == {"浜町学園": 2}


def test_one_inhabited_area_is_in_no_middle_school_zone(
    middle: gpd.GeoDataFrame, areas: gpd.GeoDataFrame
) -> None:
    zones = middle.to_crs(PLANE).union_all()
    lived_in = areas[(areas["JINKO"] > 0) & (areas["HCODE"] == 8101)].to_crs(PLANE)
    outside = lived_in.geometry.map(lambda shape: shape.intersection(zones).area / shape.area) < 0.01
    assert outside.sum() == 1


def test_elementary_zones_are_parts_of_middle_school_areas(
    middle: gpd.GeoDataFrame, ward: gpd.GeoDataFrame
) -> None:
    frame = gpd.read_file(SAMPLE / "A27-23_99.geojson")
    assert list(frame.columns) == ["A27_001", "A27_002", "A27_003", "A27_004", "A27_005", "geometry"]
    assert frame["A27_003"].nunique() == 14
    zones = frame.to_crs(PLANE).dissolve("A27_003").geometry
    shapes = middle.to_crs(PLANE).dissolve("A32_003").geometry
    best = [max(zone.intersection(shape).area for shape in shapes) / zone.area for zone in zones]
    assert sorted(best)[1] > 0.99  # all but the harbour, a part of which the middle schools forgot


def test_branch_offices_share_out_the_ward(ward: gpd.GeoDataFrame) -> None:
    frame = gpd.read_file(SAMPLE / "branch_offices.geojson").to_crs(PLANE)
    assert "出張所名" in frame.columns
    assert len(frame) == frame["出張所名"].nunique() == 4
    whole = ward.to_crs(PLANE).union_all()
    assert frame.area.sum() == pytest.approx(whole.area, abs=20)
    assert frame.union_all().symmetric_difference(whole).area < 20


# --- small areas -----------------------------------------------------------------------------------


def test_small_areas_have_the_layout_of_the_statistics_office(areas: gpd.GeoDataFrame) -> None:
    assert list(areas.columns) == [*R2KA_COLUMNS.split(), "geometry"]
    header = (SAMPLE / "r2ka99101.dbf").read_bytes()[:32]
    assert header[29] == 0x13  # language driver: CP932
    assert header[1:4] == bytes((125, 1, 1))  # a date that does not move
    assert not (SAMPLE / "r2ka99101.cpg").exists()
    assert areas["CITY_NAME"].unique().tolist() == ["澪ヶ浦市みなも区"]
    assert areas["S_NAME"].str.contains("三丁目").any()


def test_shapefile_headers_agree_with_their_length() -> None:
    for name in ("r2ka99101", "A32-23_99"):
        for suffix in (".shp", ".shx"):
            data = (SAMPLE / (name + suffix)).read_bytes()
            assert struct.unpack(">i", data[24:28])[0] * 2 == len(data)


def test_small_areas_are_a_town_of_the_promised_size(areas: gpd.GeoDataFrame) -> None:
    assert 100 <= areas["KEY_CODE"].nunique() <= 125
    assert 60_000 <= areas["JINKO"].sum() <= 110_000
    assert set(areas["KEY_CODE"].str.len()) == {9, 11}


def test_no_short_key_is_the_beginning_of_a_long_one(areas: gpd.GeoDataFrame) -> None:
    keys = set(areas["KEY_CODE"])
    towns = {key[:8] for key in keys if len(key) == 11}
    assert not towns & {key[:8] for key in keys if len(key) == 9}


def test_people_of_a_scattered_town_are_on_its_first_part_only(areas: gpd.GeoDataFrame) -> None:
    parts = areas[areas["KIGO_E"].notna()]
    assert parts["KEY_CODE"].nunique() == 1
    assert parts["KIGO_E"].tolist()[0] != "E1"
    first = parts[parts["KIGO_E"] == "E1"].iloc[0]
    assert first["JINKO"] > 300
    assert first["JINKO"] == parts["JINKO"].sum()
    assert first["AREA"] < parts["AREA"].max()
    assert parts.loc[parts["AREA_MAX_F"] == "M", "KIGO_E"].tolist() != ["E1"]
    assert areas.drop_duplicates("KEY_CODE")["JINKO"].sum() < areas["JINKO"].sum()


def test_water_has_three_people_and_some_land_nobody(areas: gpd.GeoDataFrame) -> None:
    water = areas[areas["HCODE"] == 8154]
    assert water["JINKO"].tolist() == [3]
    assert water["S_NAME"].tolist() == ["水面調査区"]
    whole = areas.groupby("KEY_CODE")["JINKO"].sum()
    assert (whole == 0).sum() >= 3


def test_a_care_home_is_one_household_and_no_private_one(areas: gpd.GeoDataFrame) -> None:
    home = areas[(areas["JINKO"] > 100) & (areas["SETAI"] == 1)]
    assert len(home) == 1
    families = {row["KEY_CODE"]: row for row in _table("tblT001084C99.csv")}
    assert families[home["KEY_CODE"].iloc[0]]["T001084001"] == "-"


def test_small_areas_fill_the_ward(areas: gpd.GeoDataFrame, ward: gpd.GeoDataFrame) -> None:
    shapes, whole = areas.to_crs(PLANE), ward.to_crs(PLANE).union_all()
    assert shapes.union_all().symmetric_difference(whole).area < 20
    assert shapes.area.sum() == pytest.approx(whole.area, abs=20)
    assert shapes.area.to_numpy() == pytest.approx(areas["AREA"].to_numpy(), rel=2e-3, abs=3)


# --- tables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "columns"), [("T001082", 60), ("T001084", 9)])
def test_tables_have_two_header_rows_and_crlf(name: str, columns: int) -> None:
    data = (SAMPLE / f"tbl{name}C99.csv").read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n")
    codes, labels = (line.split(",") for line in data.decode("cp932").split("\r\n")[:2])
    assert codes[:7] == ["KEY_CODE", "HYOSYO", "CITYNAME", "NAME", "HTKSYORI", "HTKSAKI", "GASSAN"]
    assert codes[7:] == [f"{name}{k:03d}" for k in range(1, columns + 1)]
    assert labels[:7] == [""] * 7
    assert all(labels[7:])


@pytest.mark.parametrize("name", ["T001082", "T001084"])
def test_tables_join_on_every_small_area(name: str, areas: gpd.GeoDataFrame) -> None:
    rows = _table(f"tbl{name}C99.csv")
    keys = [row["KEY_CODE"] for row in rows]
    assert len(keys) == len(set(keys))
    assert set(areas["KEY_CODE"]) <= set(keys)
    levels = {row["KEY_CODE"]: row["HYOSYO"] for row in rows}
    assert levels["99101"] == "1"
    assert {levels[key] for key in areas["KEY_CODE"]} == {"2", "4"}
    assert any(level == "3" for level in levels.values())
    assert any(key.startswith("99102") for key in keys)  # the table is one for the prefecture


@pytest.mark.parametrize("name", ["T001082", "T001084"])
def test_two_areas_are_suppressed_and_already_added_to_another(name: str, areas: gpd.GeoDataFrame) -> None:
    rows = {row["KEY_CODE"]: row for row in _table(f"tbl{name}C99.csv")}
    columns = [c for c in rows["99101"] if c.startswith(name)]
    hidden = [row for row in rows.values() if row["HTKSYORI"] == "2"]
    assert len(hidden) == 2
    for row in hidden:
        assert {row[c] for c in columns} == {"X"}
        target = rows["99101" + row["HTKSAKI"]]
        assert target["HTKSYORI"] == "1"
        assert row["KEY_CODE"][5:] in target["GASSAN"].split(";")
    assert {row["KEY_CODE"][:8] == "99101" + row["HTKSAKI"][:3] for row in hidden} == {True, False}
    assert sum(row["HTKSYORI"] == "1" for row in rows.values()) == 2


def test_ages_agree_with_the_people_of_the_boundary_file(areas: gpd.GeoDataFrame) -> None:
    rows = {row["KEY_CODE"]: row for row in _table("tblT001082C99.csv")}
    people = areas.groupby("KEY_CODE")["JINKO"].sum().to_dict()
    assert _number(rows["99101"]["T001082001"]) == sum(people.values())
    leaves = [row for row in rows.values() if row["KEY_CODE"] in people and row["HTKSYORI"] != "2"]
    assert sum(_number(row["T001082001"]) for row in leaves) == sum(people.values())
    for row in leaves:
        given = sum(people["99101" + key] for key in row["GASSAN"].split(";") if key)
        assert _number(row["T001082001"]) == people[row["KEY_CODE"]] + given


def test_ages_add_up_but_for_the_unknown() -> None:
    unknown = 0
    for row in _table("tblT001082C99.csv"):
        if row["HTKSYORI"] == "2":
            continue
        n = [_number(row[f"T001082{k:03d}"]) for k in range(1, 61)]
        for block in (n[:20], n[20:40], n[40:]):
            assert block[16] == sum(block[1:4])
            assert block[17] == sum(block[4:14])
            assert block[18] == sum(block[14:16]) + block[19]
            assert block[0] >= sum(block[16:19])
        assert n[:20] == [m + f for m, f in zip(n[20:40], n[40:], strict=True)]
        unknown += n[0] - sum(n[16:19])
    assert unknown > 0


@pytest.mark.parametrize("name", ["T001082", "T001084"])
def test_parents_are_the_sum_of_their_published_children(name: str) -> None:
    rows = [row for row in _table(f"tbl{name}C99.csv") if row["KEY_CODE"].startswith("99101")]
    children: dict[str, int] = defaultdict(int)
    for row in rows:
        if row["HYOSYO"] == "4" and row[f"{name}001"] != "X":
            children[row["KEY_CODE"][:8] + "0"] += _number(row[f"{name}001"])
    parents = {row["KEY_CODE"]: _number(row[f"{name}001"]) for row in rows if row["HYOSYO"] == "3"}
    assert parents == dict(children)


def test_families_never_exceed_the_households() -> None:
    for row in _table("tblT001084C99.csv"):
        if row["HTKSYORI"] == "2":
            continue
        n = [_number(row[f"T001084{k:03d}"]) for k in range(1, 10)]
        assert n[1] <= n[0]
        assert n[2] + n[5] == n[1]
        assert n[3] + n[4] <= n[2]
        assert n[6] <= n[7] <= n[0]
        assert n[8] <= n[0]


# --- streets ---------------------------------------------------------------------------------------


class _Map:
    """Ways of the file, and the graph of those that anybody may walk."""

    def __init__(self) -> None:
        self.ways: list[tuple[dict[str, str], list[int]]] = []
        self.place: dict[int, tuple[float, float]] = {}
        for item in osmium.FileProcessor(str(SAMPLE / "streets.osm.pbf")).with_locations():
            if isinstance(item, osmium.osm.Way):
                self.ways.append((dict(item.tags), [node.ref for node in item.nodes]))
                self.place.update({node.ref: (node.location.lon, node.location.lat) for node in item.nodes})
        self.walked = [refs for tags, refs in self.ways if _may_walk(tags)]
        ids = sorted({ref for refs in self.walked for ref in refs})
        self.row = {ref: k for k, ref in enumerate(ids)}
        points = gpd.points_from_xy(*zip(*(self.place[ref] for ref in ids), strict=True), crs=6668).to_crs(
            PLANE
        )
        self.xy = np.column_stack([points.x, points.y])
        pairs = [(self.row[a], self.row[b]) for refs in self.walked for a, b in pairwise(refs)]
        u, v = np.array(pairs).T
        length = np.hypot(*(self.xy[u] - self.xy[v]).T)
        self.graph = csr_matrix((length, (u, v)), shape=(len(ids), len(ids)))
        _, self.component = connected_components(self.graph, directed=False)
        self.sizes = Counter(self.component.tolist())


def _may_walk(tags: dict[str, str]) -> bool:
    if tags.get("access") in {"private", "no"} or tags.get("foot") == "no":
        return False
    return tags.get("highway", "motorway") not in {"motorway", "motorway_link", "trunk"}


@pytest.fixture(scope="module")
def streets() -> _Map:
    return _Map()


def test_streets_have_the_promised_size_and_kinds(streets: _Map) -> None:
    largest = max(streets.sizes.values())
    assert 8_000 <= largest <= len(streets.row) <= 12_000
    kinds = {tags.get("highway") for tags, _ in streets.ways}
    assert kinds >= {
        "primary", "residential", "footway", "steps", "service", "cycleway", "path", "living_street", "motorway",
    }  # fmt: skip
    tags = [tags for tags, _ in streets.ways]
    for key, value in (
        ("railway", "rail"),
        ("route", "ferry"),
        ("access", "private"),
        ("foot", "no"),
        ("oneway", "yes"),
    ):
        assert any(t.get(key) == value for t in tags), key
    assert any(len(refs) > 4 for refs in streets.walked)


def test_three_bridges_cross_the_river(streets: _Map, areas: gpd.GeoDataFrame) -> None:
    river = areas.loc[areas["HCODE"] == 8154].to_crs(PLANE).geometry.iloc[0].buffer(-5)
    bridges = [refs for tags, refs in streets.ways if tags.get("bridge") == "yes" and _may_walk(tags)]
    assert len(bridges) == 3
    on_bridge = {pair for refs in bridges for pair in pairwise(refs)}
    for refs in streets.walked:
        for a, b in pairwise(refs):
            middle = streets.xy[[streets.row[a], streets.row[b]]].mean(axis=0)
            if river.contains(gpd.points_from_xy([middle[0]], [middle[1]])[0]):
                assert (a, b) in on_bridge


def test_five_streets_cross_the_railway(streets: _Map) -> None:
    rail = [refs for tags, refs in streets.ways if tags.get("railway") == "rail"]
    on_rail = {ref for refs in rail for ref in refs}
    shared = on_rail & set(streets.row)
    assert len(shared) == 5
    track = gpd.GeoSeries(
        gpd.points_from_xy(*zip(*(streets.place[r] for refs in rail for r in refs), strict=True))
    )
    assert track.x.max() - track.x.min() > 0.045  # right across the ward


def test_only_tags_keep_people_off_motorway_and_ferry(streets: _Map) -> None:
    """Both touch streets on the mainland and on the island: a careless filter would join the two."""
    for wanted in (
        lambda t: t.get("highway") in {"motorway", "motorway_link"},
        lambda t: t.get("route") == "ferry",
    ):
        nodes = {ref for tags, refs in streets.ways if wanted(tags) for ref in refs}
        touched = {int(streets.component[streets.row[ref]]) for ref in nodes if ref in streets.row}
        assert len(touched) == 2


def test_an_island_of_streets_has_people(streets: _Map, areas: gpd.GeoDataFrame) -> None:
    (_, main), (island, second) = _two_largest(streets)
    assert 100 <= second < main
    points = gpd.GeoSeries(gpd.points_from_xy(*streets.xy[streets.component == island].T), crs=PLANE)
    shapes = areas.to_crs(PLANE)
    inside = shapes[shapes.intersects(points.union_all())]
    assert 500 <= inside["JINKO"].sum() <= 3_000
    assert len(inside) == 4


def _two_largest(streets: _Map) -> list[tuple[int, int]]:
    return streets.sizes.most_common(2)


# --- places ----------------------------------------------------------------------------------------


def _spots(rows: list[dict[str, str]]) -> np.ndarray:
    points = gpd.points_from_xy([float(r["経度"]) for r in rows], [float(r["緯度"]) for r in rows], crs=6668)
    plane = points.to_crs(PLANE)
    return np.column_stack([plane.x, plane.y])


def _good(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [r for r in rows if r["緯度"] and 34.6 < float(r["緯度"]) < 35.2]


def test_meeting_places_are_as_a_council_keeps_them() -> None:
    data = (SAMPLE / "ibasho_salon.csv").read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n")
    rows = _rows("ibasho_salon.csv", "cp932")
    assert " ".join(rows[0]) == (
        "番号 名称 種別 所在地 緯度 経度 対象 開催日時 定員 参加費 運営主体 段差なし 状態 確認日 備考 "
        "令和5年度参加者数 令和6年度参加者数 新規参加者数（令和6年度） 担い手数 うち75歳以上の担い手数"
    )
    kinds = Counter(row["種別"] == "居場所" for row in rows)
    assert kinds == {True: 12, False: 73}
    assert Counter(row["状態"] for row in rows) == {"開設中": 80, "休止中": 3, "準備中": 2}
    assert any(re.search("[０-９]", row["開催日時"]) for row in rows)
    assert any(re.search("[０-９]", row["緯度"]) for row in rows)
    assert any("8月休み" in row["開催日時"] for row in rows)
    fares = [[row[name] for name in list(row)[-5:]] for row in rows]
    assert any(row == [""] * 5 for row in fares)
    assert any(re.fullmatch("約[０-９]+人", row[1]) for row in fares)
    assert "不明" in {row[2] for row in fares}
    assert all(int(row[4]) <= int(row[3]) for row in fares if row[3])


def test_three_meeting_places_cannot_be_put_on_the_map() -> None:
    rows = _rows("ibasho_salon.csv", "cp932")
    bad = [row for row in rows if row not in _good(rows)]
    assert len(bad) == 3
    assert float(bad[0]["緯度"]) > 90 > float(bad[0]["経度"])  # changed places
    assert bad[1]["緯度"] == bad[1]["経度"] == ""
    assert float(bad[2]["緯度"]) == 43.062  # another part of the country


def test_good_places_stand_beside_streets(streets: _Map) -> None:
    tree = cKDTree(streets.xy)
    for name, encoding, count in (
        ("ibasho_salon.csv", "cp932", 82), ("kodomo_shokudo.csv", "utf-8-sig", 12), ("vacant.csv", "cp932", 290),
    ):  # fmt: skip
        spots = _spots(_good(_rows(name, encoding)))
        assert len(spots) == count
        assert tree.query(spots)[0].max() < 60


def test_cafeterias_are_in_the_common_columns(realdata: Path) -> None:
    rows = _rows("kodomo_shokudo.csv", "utf-8-sig")
    with (realdata / "places" / "kodomo_shokudo" / "kodomo-shokudo.csv").open(encoding="utf-8-sig") as file:
        assert list(rows[0]) == next(csv.reader(file))


def test_cafeterias_have_the_usual_faults() -> None:
    assert (SAMPLE / "kodomo_shokudo.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    rows = _rows("kodomo_shokudo.csv", "utf-8-sig")
    assert len(rows) == 12
    assert len(rows[0]) == 49
    frequency = [row["開催頻度"] for row in rows]
    assert frequency.count("") == 1
    assert "5 " in frequency
    assert "６" in frequency
    assert all(
        not row[column] for row in rows for column in row if "電話番号" in column or "メール" in column
    )


def test_vacancies_have_every_state_of_consent() -> None:
    rows = _rows("vacant.csv", "cp932")
    assert Counter(row["種別"] for row in rows) == {"空き家": 260, "空き店舗": 30}
    assert {row["所有者同意"] for row in rows} == {"未接触", "打診中", "内部利用可", "公開可"}
    assert all(bool(row["同意日"]) == (row["所有者同意"] in {"内部利用可", "公開可"}) for row in rows)
    assert {row["状態"] for row in rows} == set("ABCD")
    assert any(float(row["延床面積"]) > 200 for row in rows)
    assert any(row["建築年"] == "不明" for row in rows)
    old = [row for row in rows if row["建築年"] != "不明" and int(row["建築年"]) < 1981]
    assert {row["耐震"] for row in old} == {"旧耐震", "改修済"}


# --- the story -------------------------------------------------------------------------------------


def _people_at_corners(streets: _Map, areas: gpd.GeoDataFrame) -> np.ndarray:
    """Everybody, shared out evenly among the corners of their small area."""
    lived_in = areas[areas["JINKO"] > 0].to_crs(PLANE)
    corners = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*streets.xy.T), crs=PLANE)
    joined = corners.sjoin(lived_in[["KEY_CODE", "JINKO", "geometry"]], predicate="within")
    joined = joined[~joined.index.duplicated()]
    each = joined["JINKO"] / joined.groupby("KEY_CODE")["KEY_CODE"].transform("size")
    people = np.zeros(len(streets.xy))
    people[joined.index] = each
    assert people.sum() == pytest.approx(areas["JINKO"].sum())
    return people


def test_walking_covers_far_fewer_than_the_straight_line_says(streets: _Map, areas: gpd.GeoDataFrame) -> None:
    people = _people_at_corners(streets, areas)
    rows = [r for r in _good(_rows("ibasho_salon.csv", "cp932")) if r["状態"] == "開設中"]
    spots = _spots(rows)
    main = np.flatnonzero(streets.component == _two_largest(streets)[0][0])
    away, nearest = cKDTree(streets.xy[main]).query(spots)
    start = np.unique(main[nearest[away < 200]])
    walk = dijkstra(streets.graph, directed=False, indices=start, min_only=True)
    straight = cKDTree(spots).query(streets.xy)[0] * 1.3
    by_walk, by_line = people[walk <= 500].sum() / people.sum(), people[straight <= 500].sum() / people.sum()
    assert by_line - by_walk >= 0.08
    assert 0.5 < by_walk < 0.85


def test_the_estate_by_the_river_is_older_lonelier_and_without_places(areas: gpd.GeoDataFrame) -> None:
    names = ("川辺団地", "葦原町", "新河岸台", "中州町", "水鳥町", "柳堤町")
    ages = {row["KEY_CODE"]: row for row in _table("tblT001082C99.csv")}
    families = {row["KEY_CODE"]: row for row in _table("tblT001084C99.csv")}

    def share(table: dict[str, dict[str, str]], keys: list[str], part: str, whole: str) -> float:
        return sum(_number(table[k][part]) for k in keys) / sum(_number(table[k][whole]) for k in keys)

    open_rows = [r for r in _rows("ibasho_salon.csv", "cp932") if r["状態"] == "開設中"]
    estate = [row.KEY_CODE for row in areas.itertuples() if row.S_NAME.startswith(names)]
    assert share(ages, estate, "T001082019", "T001082001") > 1.2 * share(
        ages, ["99101"], "T001082019", "T001082001"
    )
    assert share(families, estate, "T001084002", "T001084001") < share(
        families, ["99101"], "T001084002", "T001084001"
    )
    people = areas.loc[areas["KEY_CODE"].isin(estate), "JINKO"].sum()
    places = sum(any(name in row["所在地"] for name in names) for row in open_rows)
    everywhere = len(open_rows) / areas["JINKO"].sum()
    assert places / people < 0.25 * everywhere
