"""Borders: every edition by its content, the asked municipality and its neighbours, zones that may overlap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import errors, sources
from geo.sources import _vectors, boundaries


def cell(column: int, row: int = 0) -> Any:
    return shapely.box(139.7 + column * 0.01, 35.7 + row * 0.01, 139.71 + column * 0.01, 35.71 + row * 0.01)


def written(path: Path, features: list[tuple[dict[str, Any], Any]]) -> Path:
    document = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::6668"}},
        "features": [
            {"type": "Feature", "properties": p, "geometry": g and shapely.geometry.mapping(g)}
            for p, g in features
        ],
    }
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def n03(
    code: str | None, city: str, *, county: str | None = None, ward: str | None = None, new: bool = True
) -> dict[str, Any]:
    columns = {"N03_001": "海原県", "N03_002": None, "N03_003": county, "N03_004": city, "N03_007": code}
    return {**columns, "N03_005": ward} if new else columns


# -- municipalities -----------------------------------------------------------------------------------------


def test_both_schemas_give_the_same_ward(tmp_path: Path) -> None:
    new = [(n03("99101", "澪ヶ浦市", ward="みなも区"), cell(0)), (n03("99201", "浜市"), cell(5))]
    old = [
        (n03("99101", "みなも区", county="澪ヶ浦市", new=False), cell(0)),
        (n03("99201", "浜市", new=False), cell(5)),
    ]
    for name, features in (("new.geojson", new), ("old.geojson", old)):
        table = sources.read(written(tmp_path / name, features), municipality_code="99101").table
        assert table[["municipality_code", "name", "qualified_name"]].to_numpy().tolist() == [
            ["99101", "みなも区", "澪ヶ浦市みなも区"]
        ], name


def test_a_county_is_no_part_of_the_name(tmp_path: Path) -> None:
    features = [
        (n03("14363", "松田町", county="足柄上郡", new=new), cell(i)) for i, new in enumerate((True, False))
    ]
    for feature in features:
        table = sources.read(written(tmp_path / "a.geojson", [feature]), municipality_code="14363").table
        assert table[["name", "qualified_name"]].to_numpy().tolist() == [["松田町", "松田町"]]


def test_islands_are_dissolved_and_only_neighbours_kept(tmp_path: Path) -> None:
    features = [
        (n03("99101", "あ市"), cell(0)),
        (n03("99101", "あ市"), cell(9)),
        (n03("99102", "い市"), cell(1)),
        (n03("99103", "う市"), cell(3)),
        (n03(None, "所属未定地"), cell(2)),
        (n03("99000", "所属未定地"), cell(4)),
    ]
    found = sources.read(written(tmp_path / "a.geojson", features), municipality_code="99101")
    assert found.table["municipality_code"].tolist() == ["99101", "99102"]
    assert found.table.geometry.iloc[0].geom_type == "MultiPolygon"
    assert found.rows == 6
    assert [(n.code, n.values["n"]) for n in found.notes] == [("land_unassigned", 2)]


def test_a_municipality_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = written(tmp_path / "a.geojson", [(n03(f"99{i:03d}", f"{i}市"), cell(i)) for i in range(101, 113)])
    with pytest.raises(errors.DataError) as caught:
        sources.read(path, municipality_code="13105")
    assert caught.value.code == "municipality_missing"
    assert "99110, …" in str(caught.value)
    assert "99111" not in str(caught.value)


def test_a_plain_file_is_known_by_its_name_only(tmp_path: Path) -> None:
    features = [({"name": "大阪府大阪市北区"}, cell(0))]
    found = sources.read(written(tmp_path / "27127.json", features), municipality_code="27127")
    row = found.table.iloc[0]
    assert (row["municipality_code"], row["name"], row["qualified_name"]) == ("27127", "北区", "大阪市北区")
    with pytest.raises(errors.DataError, match="it holds 27127"):
        sources.read(tmp_path / "27127.json", municipality_code="27128")
    unnamed = written(tmp_path / "kita.json", features)
    assert sources.detect(unnamed) == "zones"
    with pytest.raises(errors.DataError) as caught:
        sources.read(unnamed, municipality_code="27127", kind="municipalities")
    assert caught.value.code == "municipality_code_unknown"


@pytest.mark.parametrize(
    ("stem", "edition"),
    [
        ("N03-20250101_27_shikyo", "2025-01-01"),
        ("N03-20240101_13", "2024-01-01"),
        ("N03-23_13_230101", "2023-01-01"),
        ("N03-190101_13", None),
        ("border", None),
    ],
)
def test_the_edition_is_in_the_official_name(tmp_path: Path, stem: str, edition: str | None) -> None:
    path = written(tmp_path / f"{stem}.geojson", [(n03("99101", "あ市"), cell(0))])
    assert sources.read(path, municipality_code="99101").edition == edition


# -- school zones -------------------------------------------------------------------------------------------

SCHOOLS = [
    ("13101", "第一中学校", 0),
    ("13101", "第一中学校", 3),
    ("13101", "第二学園", 1),
    ("13102", "第一中学校", 2),
]


def v1(code: str, name: str) -> dict[str, Any]:
    return {
        "A32_001": code,
        "A32_002": "区",
        "A32_003": name,
        "A32_004": "A32_1.csv",
        "A32_005": "2",
        "A32_006": "1",
    }


def v2(code: str, name: str) -> dict[str, Any]:
    return {
        "A32_006": code,
        "A32_007": "区立",
        "A32_008": name,
        "A32_009": "一ツ橋2の小学校前",
        "A32_010": "a.csv",
    }


def v3(code: str, name: str) -> dict[str, Any]:
    key = f"C1{code}{sum(map(ord, name)):06d}"
    return {"A32_001": code, "A32_002": "区立", "A32_003": key, "A32_004": name, "A32_005": "中一丁目1"}


def a27_v2(code: str, name: str) -> dict[str, Any]:
    return {"A27_005": code, "A27_006": "区立", "A27_007": name, "A27_008": "一丁目"}


@pytest.mark.parametrize("edition", [v1, v2, v3, a27_v2])
def test_columns_are_told_by_what_stands_in_them(tmp_path: Path, edition: Any) -> None:
    path = written(tmp_path / "zones.geojson", [(edition(c, n), cell(i)) for c, n, i in SCHOOLS])
    found = sources.read(path, municipality_code="13101")
    system, tier = ("elementary_school", "small") if edition is a27_v2 else ("middle_school", "middle")
    assert found.table["name"].tolist() == sorted(
        ["第一中学校", "第二学園"], key=found.table["name"].tolist().index
    )
    assert set(found.table["name"]) == {"第一中学校", "第二学園"}
    assert set(found.table["municipality_code"]) == {"13101"}
    assert set(found.table["system"]) == {system}
    assert set(found.table["tier"]) == {tier}
    assert found.dataset_id == f"zones:{system}"
    first = found.table.set_index("name").geometry["第一中学校"]
    assert first.geom_type == "MultiPolygon"
    assert [(n.code, n.values["n"]) for n in found.notes] == [("zones_elsewhere", 1)]


def test_ids_hold_the_code_so_that_names_may_repeat(tmp_path: Path) -> None:
    path = written(tmp_path / "z.geojson", [(v1(c, n), cell(i)) for c, n, i in SCHOOLS])
    ids = sources.read(path, municipality_code="13101").table["zone_id"].tolist()
    assert ids == ["middle_school:13101:第一中学校", "middle_school:13101:第二学園"]


def test_a_designated_citys_wards_share_their_zones_and_tokyos_do_not(tmp_path: Path) -> None:
    wards = [("27127", "北稜中学校", 0), ("27102", "都島中学校", 1), ("27203", "豊中第一中学校", 2)]
    path = written(tmp_path / "z.geojson", [(v1(c, n), cell(i)) for c, n, i in wards])
    assert len(sources.read(path, municipality_code="27127").table) == 2
    assert len(sources.read(path, municipality_code="27203").table) == 1


def test_zones_that_are_equal_stay_two(tmp_path: Path) -> None:
    path = written(tmp_path / "z.geojson", [(v1("13101", n), cell(0)) for n in ("甲中学校", "乙中学校")])
    table = sources.read(path, municipality_code="13101").table
    assert len(table) == 2
    assert table.geometry.iloc[0].equals(table.geometry.iloc[1])


def test_a_layer_of_another_prefecture_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "A32-13_12.geojson", [(v1("14201", "坂本中学校"), cell(0))])
    with pytest.raises(errors.DataError, match="belong to 14201") as caught:
        sources.read(path, municipality_code="12202")
    assert caught.value.code == "zones_not_here"


def test_school_points_are_no_zones(tmp_path: Path) -> None:
    path = written(tmp_path / "A32P-16_13.geojson", [(v1("13101", "第一中学校"), cell(0).centroid)])
    with pytest.raises(errors.DataError) as caught:
        sources.read(path, municipality_code="13101", kind="zones")
    assert caught.value.code == "layer_not_polygons"
    with pytest.raises(errors.DataError) as caught:
        sources.detect(path)
    assert caught.value.code == "kind_unknown"


# -- own zones ----------------------------------------------------------------------------------------------


def test_own_zones_take_the_name_that_they_are_given(tmp_path: Path) -> None:
    features = [({"出張所名": "麹町", "no": i}, cell(i)) for i in range(2)]
    features.append(({"出張所名": "神保町", "no": 3}, cell(2)))
    path = written(tmp_path / "z.geojson", features)
    plain = sources.read(path, municipality_code="13101")
    assert plain.table["zone_id"].tolist() == ["own:神保町", "own:麹町"]
    assert set(plain.table["tier"]) == {"middle"}
    told = sources.read(path, municipality_code="13101", system="branch_office", tier="small")
    assert told.dataset_id == "zones:branch_office"
    assert told.table[["zone_id", "system", "tier"]].to_numpy().tolist() == [
        ["branch_office:神保町", "branch_office", "small"],
        ["branch_office:麹町", "branch_office", "small"],
    ]


def test_the_only_column_of_distinct_texts_is_the_name(tmp_path: Path) -> None:
    features = [({"a1": f"{n}連合", "a2": "北区", "a3": str(i)}, cell(i)) for i, n in enumerate("甲乙丙")]
    table = sources.read(written(tmp_path / "z.geojson", features), municipality_code="27127").table
    assert set(table["name"]) == {"甲連合", "乙連合", "丙連合"}
    both = [({"a1": f"{n}連合", "a2": f"{n}町"}, cell(i)) for i, n in enumerate("甲乙丙")]
    with pytest.raises(errors.DataError) as caught:
        sources.read(written(tmp_path / "b.geojson", both), municipality_code="27127", kind="zones")
    assert caught.value.code == "zones_name_missing"


def test_ids_hold_no_semicolon(tmp_path: Path) -> None:
    path = written(tmp_path / "z.geojson", [({"name": "甲;乙"}, cell(0))])
    assert sources.read(path, municipality_code="13101").table[["zone_id", "name"]].to_numpy().tolist() == [
        ["own:甲,乙", "甲;乙"]
    ]


def test_a_zone_without_a_name_is_refused_by_its_number(tmp_path: Path) -> None:
    features = [({"name": "甲"}, cell(0)), ({"name": None}, cell(1))]
    found = sources.read(written(tmp_path / "z.geojson", features), municipality_code="13101")
    assert found.table["name"].tolist() == ["甲"]
    assert [(n.code, n.row) for n in found.notes] == [("zone_unnamed", 2)]


@pytest.mark.parametrize(
    ("options", "code"), [({"system": "a b"}, "system_name"), ({"tier": "big"}, "tier_unknown")]
)
def test_options_that_mean_nothing_are_refused(tmp_path: Path, options: dict[str, str], code: str) -> None:
    path = written(tmp_path / "z.geojson", [({"name": "甲"}, cell(0))])
    with pytest.raises(errors.DataError) as caught:
        sources.read(path, municipality_code="13101", **options)  # type: ignore[arg-type]
    assert caught.value.code == code


@settings(max_examples=25)
@given(st.permutations(range(5)))
def test_the_order_of_features_changes_nothing(order: list[int]) -> None:
    parts = [("甲", 0), ("甲", 1), ("乙", 2), ("丙", 3), ("乙", 4)]
    frame = gpd.GeoDataFrame(
        {"name": [parts[i][0] for i in order]}, geometry=[cell(parts[i][1]) for i in order], crs="EPSG:6668"
    )
    layer = _vectors.Layer(Path("z.geojson"), frame, 5, "0", "utf-8", "EPSG:6668")
    table = boundaries.zones(layer, municipality_code="13101").table
    assert table["name"].tolist() == ["丙", "乙", "甲"]
    assert table.geometry.iloc[2].equals(shapely.union(cell(0), cell(1)))


# -- real files ---------------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_real_borders(realdata: Path) -> None:
    osaka = sources.read(realdata / "admin" / "N03-20250101_27_shikyo.geojson", municipality_code="27127")
    kita = osaka.table.set_index("municipality_code").loc["27127"]
    assert (kita["name"], kita["qualified_name"], osaka.edition) == ("北区", "大阪市北区", "2025-01-01")
    assert osaka.rows == 143
    assert set(osaka.table["name"]) == {"北区", "都島区", "福島区", "西区", "東淀川区", "淀川区", "中央区"}
    tokyo = sources.read(realdata / "admin" / "N03-21_13_210101.json", municipality_code="13101")
    assert len(tokyo.table) == 6
    for code in ("13101", "13105", "13123"):
        plain = sources.read(realdata / "admin" / "tokyo23_n03" / f"{code}.json", municipality_code=code)
        assert plain.table["municipality_code"].tolist() == [code]


@pytest.mark.realdata
def test_chiyodas_two_zones_are_one_polygon_twice(realdata: Path) -> None:
    path = realdata / "school_zones" / "tokyo23_a32_2013" / "MiddleSchool.geojson"
    found = sources.read(path, municipality_code="13101")
    assert found.table["name"].tolist() == ["神田一橋中学校", "麹町中学校"]
    assert found.edition == "2013"
    areas = found.table.to_crs(6677).area / 1e6
    assert areas.round(3).tolist() == [11.387, 11.387]
    one, two = found.table.geometry
    assert one.intersection(two).area / one.union(two).area > 0.9999
    everywhere = {
        sources.read(path, municipality_code=f"131{i:02d}").table["zone_id"].size for i in (1, 5, 23)
    }
    assert everywhere == {2, 10, 34} or len(everywhere) == 3


@pytest.mark.realdata
def test_naras_two_broken_zones_are_repaired_without_losing_a_town(realdata: Path) -> None:
    folder = realdata / "school_zones" / "nara_ksj_2023" / "A32-23_29_GML"
    shp, twin = (_vectors.read(folder / f"A32-23_29.{s}") for s in ("shp", "geojson"))
    for layer in (shp, twin):
        assert layer.rows == 88
        assert layer.frame["A32_001"].nunique() == 35
        assert [n.row for n in layer.notes if n.code == "geometry_repaired"] == [30, 57]
    shikige = shp.frame.loc[[30]].to_crs(6674).area.iloc[0]
    # 川西町 5.93 km² and 三宅町 4.06 km² share this school.
    assert shikige == pytest.approx(9.99e6, rel=0.01)
    found = sources.read(folder / "A32-23_29.shp", municipality_code="29201")
    assert (len(found.table), found.edition, found.encoding) == (21, "2023", "utf-8")
