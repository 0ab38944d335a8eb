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

from geo import errors, project, schemas, sources
from geo.sources import _tables, _vectors, boundaries


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


def test_school_points_are_no_zones_unless_one_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "A32P-16_13.geojson", [(v1("13101", "第一中学校"), cell(0).centroid)])
    with pytest.raises(errors.DataError) as caught:
        sources.read(path, municipality_code="13101", kind="municipalities")
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


# -- zones made of small areas ------------------------------------------------------------------------------

AREAS = (
    ("99101001001", "汐見一丁目", 100, False),
    ("99101001002", "汐見二丁目", 50, False),
    ("991010020", "大字浜田", 30, False),
    ("991010030", "三ヶ崎", 20, False),
    ("991010040", "字南", 5, False),
    ("991010050", "字南", 6, False),
    ("991010060", "水面調査区", 0, True),
)


def small_areas() -> gpd.GeoDataFrame:
    return schemas.conform(
        schemas.SmallAreas,
        gpd.GeoDataFrame(
            {
                "small_area_id": [key for key, *_ in AREAS],
                "name": [name for _, name, *_ in AREAS],
                "municipality_code": "99101",
                "people": [float(people) for _, _, people, _ in AREAS],
                "households": 1.0,
                "is_water": [water for *_, water in AREAS],
                "dataset_id": "small-areas",
            },
            geometry=[cell(i) for i in range(len(AREAS))],
            crs=schemas.STORED_CRS,
        ),
    )


def merged(path: Path, text: str, *, encoding: str = "utf-8", **options: Any) -> sources.Reading:
    path.write_text(text, encoding=encoding)
    hints = sources.Hints(areas=small_areas(), municipality="澪ヶ浦市みなも区")
    return sources.read(path, municipality_code="99101", kind="zones", hints=hints, **options)


def members(found: sources.Reading) -> dict[str, list[str]]:
    """Which areas each zone is made of, by where they lie."""
    areas = small_areas()
    return {
        zone["name"]: areas["name"][areas.representative_point().within(zone["geometry"])].tolist()
        for _, zone in found.table.iterrows()
    }


BY_KEY = (
    "KEY_CODE,圏域\n99101001001,東\n99101001002,西\n991010020,西\n991010030,東\n991010040,西\n991010050,西\n"
)


def test_a_table_of_keys_merges_small_areas_into_zones(tmp_path: Path) -> None:
    found = merged(tmp_path / "a.csv", BY_KEY, encoding="cp932", system="welfare", tier="small")
    assert (found.kind, found.dataset_id, found.rows, found.encoding) == (
        "zones",
        "zones:welfare",
        6,
        "cp932",
    )
    told = found.table.drop(columns="geometry").to_numpy().tolist()
    assert told == [
        ["welfare:東", "welfare", "small", "東", "99101", False, "zones:welfare"],
        ["welfare:西", "welfare", "small", "西", "99101", False, "zones:welfare"],
    ]
    areas = small_areas().geometry
    east, west = found.table.geometry
    assert east.equals(areas.iloc[0].union(areas.iloc[3]))
    assert west.equals(shapely.union_all(areas.iloc[[1, 2, 4, 5]].to_numpy()))
    # Water belongs to no zone, and nobody misses it there.
    assert found.notes == ()


def test_towns_are_found_as_people_write_them(tmp_path: Path) -> None:
    text = "圏域,町丁名\n東,海原県澪ヶ浦市みなも区汐見１丁目\n西,汐見2丁目\n西,浜田\n東,みなも区三ケ崎\n"
    found = merged(tmp_path / "a.csv", text)
    assert members(found) == {"東": ["汐見一丁目", "三ヶ崎"], "西": ["汐見二丁目", "大字浜田"]}
    assert [(n.level, n.code, n.values["n"], n.values["people"]) for n in found.notes] == [
        ("unknown", "zone_areas_left", 2, 11)
    ]


def test_a_town_stands_for_its_chome_that_have_no_row_of_their_own(tmp_path: Path) -> None:
    whole = merged(tmp_path / "a.csv", "町名,地区\n汐見,東\n浜田,西\n")
    assert members(whole) == {"東": ["汐見一丁目", "汐見二丁目"], "西": ["大字浜田"]}
    parted = merged(tmp_path / "b.csv", "町名,地区\n汐見,東\n汐見二丁目,西\n")
    assert members(parted) == {"東": ["汐見一丁目"], "西": ["汐見二丁目"]}
    by_key = merged(tmp_path / "c.csv", "町コード,地区\n991010010,東\n991010020,西\n")
    assert members(by_key) == {"東": ["汐見一丁目", "汐見二丁目"], "西": ["大字浜田"]}


def test_an_area_of_two_zones_is_in_both_and_told(tmp_path: Path) -> None:
    found = merged(tmp_path / "a.csv", "町名,地区\n浜田,東\n浜田,西\n浜田,西\n汐見一丁目,東\n")
    assert members(found) == {"東": ["汐見一丁目", "大字浜田"], "西": ["大字浜田"]}
    assert [(n.code, n.values["n"], n.values["areas"]) for n in found.notes][:1] == [
        ("zone_areas_several", 1, "大字浜田")
    ]


def test_rows_that_cannot_be_placed_are_refused_with_their_number(tmp_path: Path) -> None:
    text = "町名,地区\n汐見,東\n浜田,東\n三ヶ崎,東\n字南,西\n海原町,西\n三ヶ崎,\n"
    found = merged(tmp_path / "a.csv", text)
    assert [(n.code, n.row) for n in found.notes if n.level == "refused"] == [
        ("zone_row_ambiguous", 5), ("zone_row_unknown", 6), ("zone_row_blank", 7),
    ]  # fmt: skip
    assert members(found) == {"東": ["汐見一丁目", "汐見二丁目", "大字浜田", "三ヶ崎"]}


def test_areas_of_other_municipalities_are_left_out_and_counted(tmp_path: Path) -> None:
    found = merged(tmp_path / "a.csv", "KEY_CODE,圏域\n991020010,北\n99102002001,北\n991010020,南\n")
    assert members(found) == {"南": ["大字浜田"]}
    assert [(n.code, n.values["n"]) for n in found.notes][:1] == [("zones_elsewhere", 2)]


def test_a_key_that_a_spreadsheet_took_for_a_number_is_the_same_key(tmp_path: Path) -> None:
    areas = small_areas().assign(municipality_code="01101")
    areas["small_area_id"] = "01101" + areas["small_area_id"].str[5:]
    path = tmp_path / "a.csv"
    path.write_text("KEY_CODE,圏域\n1101001001,東\n1101001002.0,東\n11010020,西\n", encoding="utf-8")
    found = sources.read(
        path, municipality_code="01101", kind="zones", hints=sources.Hints(areas=areas.copy())
    )
    assert members(found) == {"東": ["汐見一丁目", "汐見二丁目"], "西": ["大字浜田"]}


def test_of_more_columns_the_one_that_names_zones_is_taken_or_asked_for(tmp_path: Path) -> None:
    # The zone is called like a town, and the town is told twice.
    three = merged(tmp_path / "a.csv", "KEY_CODE,町名,圏域\n99101001001,汐見一丁目,中央\n991010020,浜田,港\n")
    assert members(three) == {"中央": ["汐見一丁目"], "港": ["大字浜田"]}
    like_town = merged(tmp_path / "b.csv", "町名,地区\n汐見一丁目,汐見\n汐見二丁目,汐見\n浜田,汐見\n")
    assert members(like_town) == {"汐見": ["汐見一丁目", "汐見二丁目", "大字浜田"]}
    with pytest.raises(errors.DataError, match="Leave only these two") as caught:
        merged(tmp_path / "c.csv", "町名,甲,乙\n汐見一丁目,あ,い\n浜田,う,え\n")
    assert caught.value.code == "zone_table_zone"


@pytest.mark.parametrize(
    "text", ["場所,圏域\n甲町,東\n乙町,西\n", "1,2\n3,4\n", "KEY_CODE,圏域\n991020010,東\n"]
)
def test_a_table_without_areas_of_the_municipality_says_what_is_needed(tmp_path: Path, text: str) -> None:
    with pytest.raises(errors.DataError, match="KEY_CODE or the name of the town") as caught:
        merged(tmp_path / "a.csv", text)
    assert caught.value.code == "zone_table_areas"


def test_small_areas_come_first(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(BY_KEY, encoding="utf-8")
    with pytest.raises(errors.MissingTableError) as caught:
        sources.read(tmp_path / "a.csv", municipality_code="99101", kind="zones")
    assert caught.value.code == "zone_table_no_areas"


def test_a_project_merges_with_the_small_areas_that_it_has(tmp_path: Path, sample: Path) -> None:
    target = project.create(tmp_path / "p", municipality="99101")
    layer = sample / "r2ka99101.shp"
    areas = project.read(target, [layer])[0].table
    rows = [f"{key},{'東' if i % 2 else '西'}" for i, key in enumerate(areas["small_area_id"])]
    path = tmp_path / "zones.csv"
    path.write_text("KEY_CODE,圏域\n" + "\n".join(rows) + "\n", encoding="utf-8")
    before = project.read(target, [layer])
    (found,) = project.read(target, [path], kind="zones", system="welfare", before=before)
    assert found.table["name"].tolist() == ["東", "西"]
    assert shapely.union_all(found.table.geometry.to_numpy()).area == pytest.approx(
        shapely.union_all(areas.geometry.to_numpy()).area
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(["東", "西", "南"]), min_size=4, max_size=4), st.randoms())
def test_merging_is_a_partition_in_any_order(zones: list[str], random: Any) -> None:
    keys = [key for key, *_ in AREAS[:4]]
    rows = [[key, zone] for key, zone in zip(keys, zones, strict=True)]

    def table(rows: list[list[str]]) -> gpd.GeoDataFrame:
        cells = [["KEY_CODE", "圏域"], *rows]
        sheet = _tables.Sheet(
            Path(__file__), "utf-8", tuple(_tables.Row(i, tuple(r)) for i, r in enumerate(cells, 1)), 0
        )
        return boundaries.of_table(sheet, municipality_code="99101", areas=small_areas()).table

    found = table(rows)
    assert dict(zip(found["name"], shapely.area(found.geometry.array), strict=True)) == pytest.approx(
        {zone: zones.count(zone) * cell(0).area for zone in set(zones)}
    )
    random.shuffle(rows)
    assert table(rows).equals(found)
