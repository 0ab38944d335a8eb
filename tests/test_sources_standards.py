"""Lists in the layout of every standard, official layers, coordinates of every kind, and lists of no standard."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import errors, schemas, sources
from geo.sources import _mapping, _points, _tables, places

OLD_FACILITIES = [
    "都道府県コード又は市区町村コード",
    "NO",
    "都道府県名",
    "市区町村名",
    "名称",
    "名称_カナ",
    "名称_通称",
    "POIコード",
    "住所",
    "方書",
    "緯度",
    "経度",
    "電話番号",
    "内線番号",
    "法人番号",
    "団体名",
    "利用可能曜日",
    "開始時間",
    "終了時間",
    "利用可能日時特記事項",
    "説明",
    "バリアフリー情報",
    "URL",
    "備考",
]
CHILDCARE = [
    "都道府県コード又は市区町村コード",
    "NO",
    "都道府県名",
    "市区町村名",
    "名称",
    "名称_カナ",
    "種別",
    "住所",
    "方書",
    "緯度",
    "経度",
    "アクセス方法",
    "駐車場情報",
    "電話番号",
    "内線番号",
    "FAX番号",
    "法人番号",
    "団体名",
    "認可等年月日",
    "収容定員",
    "受入年齢",
    "利用可能曜日",
    "開始時間",
    "終了時間",
    "利用可能日時特記事項",
    "一時預かりの有無",
    "URL",
    "備考",
]
CARE = [
    "都道府県コード又は市区町村コード",
    "NO",
    "都道府県名",
    "市区町村名",
    "介護サービス事業所名称",
    "介護サービス事業所名称_カナ",
    "実施サービス",
    "住所",
    "方書",
    "緯度",
    "経度",
    "電話番号",
    "内線番号",
    "FAX番号",
    "法人番号",
    "法人の名称",
    "事業所番号",
    "利用可能曜日",
    "利用可能曜日特記事項",
    "定員",
    "URL",
    "備考",
]
EVENTS = [
    "都道府県コード又は市区町村コード",
    "NO",
    "都道府県名",
    "市区町村名",
    "イベント名",
    "イベント名_カナ",
    "イベント名_英語",
    "開始日",
    "終了日",
    "開始時間",
    "終了時間",
    "開始日時特記事項",
    "説明",
    "料金(基本)",
    "料金(詳細)",
    "連絡先名称",
    "連絡先電話番号",
    "連絡先内線番号",
    "主催者",
    "場所名称",
    "住所",
    "方書",
    "緯度",
    "経度",
    "アクセス方法",
    "駐車場情報",
    "定員",
    "参加申込終了日",
    "参加申込終了時間",
    "参加申込方法",
    "URL",
    "備考",
]
NEW_FACILITIES = [
    "全国地方公共団体コード",
    "ID",
    "地方公共団体名",
    "名称",
    "名称_カナ",
    "名称_英語",
    "所在地_全国地方公共団体コード",
    "町字ID",
    "所在地_連結表記",
    "所在地_都道府県",
    "所在地_市区町村",
    "所在地_町字",
    "所在地_番地以下",
    "建物名等(方書)",
    "緯度",
    "経度",
    "高度の種別",
    "高度の値",
    "電話番号",
    "内線番号",
    "連絡先メールアドレス",
    "連絡先FormURL",
    "連絡先備考（その他、SNSなど）",
    "郵便番号",
    "法人番号",
    "団体名",
    "利用可能曜日",
    "開始時間",
    "終了時間",
    "利用可能日時特記事項",
    "画像",
    "画像_ライセンス",
    "URL",
    "備考",
]
SECOND_VENUES = [
    "ID",
    "住所",
    "方書",
    "緯度",
    "経度",
    "開催頻度",
    "開催曜日",
    "開催日",
    "開催開始時間",
    "開催終了時間",
    "開催日時特記事項",
    "参加条件",
    "参加費_幼児",
    "参加費_小学生",
    "参加費_中学生",
    "参加費_高校生",
    "参加費_大人",
    "参加費特記事項",
    "予約方法",
    "予約特記事項",
    "定員",
    "学区",
    "画像",
    "画像_ライセンス",
    "備考",
]
HERE = {"緯度": "35.7", "経度": "139.7"}


def listed(path: Path, header: list[str], *rows: dict[str, Any], encoding: str = "cp932") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, header, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path, **hints: Any) -> sources.Reading:
    return sources.read(path, municipality_code="13105", hints=sources.Hints(**hints))


def codes(found: sources.Reading) -> set[str]:
    return {note.code for note in found.notes}


def refused(path: Path, **hints: Any) -> errors.AtlasError:
    with pytest.raises(errors.AtlasError) as caught:
        read(path, **hints)
    return caught.value


# -- the municipal standards --------------------------------------------------------------------------------


def test_public_facilities_old_and_new(tmp_path: Path) -> None:
    hours = {"利用可能曜日": "月火水木金", "開始時間": "9:00", "終了時間": "17:00"}
    old = listed(
        tmp_path / "old.csv",
        OLD_FACILITIES,
        {"名称": "湯島会館", "NO": "1", "住所": "文京区湯島1", **HERE, **hours},
    )
    parts = {
        "所在地_都道府県": "東京都",
        "所在地_市区町村": "文京区",
        "所在地_町字": "湯島一丁目",
        "所在地_番地以下": "2-3",
    }
    new = listed(
        tmp_path / "new.csv",
        NEW_FACILITIES,
        {"名称": "湯島会館", "ID": "A1", **parts, **HERE, **hours},
        encoding="utf-8-sig",
    )
    for path, key, address in ((old, "old:1", "文京区湯島1"), (new, "new:A1", "東京都文京区湯島一丁目2-3")):
        found = read(path)
        row = found.table.iloc[0]
        told = row[["place_id", "kind", "targets", "targets_known", "open_days_per_week", "address"]].tolist()
        assert told == [key, "facility", "all", False, 5.0, address]
        assert found.layout is None  # a standard needs no guess


def test_childcare_care_and_their_people(tmp_path: Path) -> None:
    childcare = listed(
        tmp_path / "c.csv",
        CHILDCARE,
        {"名称": "ひろば", "種別": "地域子育て支援拠点", "収容定員": "３０人", "受入年齢": "0歳~3歳", **HERE},
    )
    care = listed(
        tmp_path / "k.csv",
        CARE,
        {"介護サービス事業所名称": "デイ湯島", "実施サービス": "通所介護", "事業所番号": "1370500001", "定員": "25",
         "法人の名称": "社会福祉法人〇", "利用可能曜日": "月火水木金土", **HERE},
    )  # fmt: skip
    row = read(childcare).table.iloc[0]
    assert row[["kind", "targets", "capacity"]].tolist() == ["facility", "childrearing", 30.0]
    row = read(care).table.iloc[0]
    told = row[["place_id", "name", "kind", "targets", "capacity", "open_days_per_week", "operator"]].tolist()
    assert told == ["k:1370500001", "デイ湯島", "facility", "older", 25.0, 6.0, "社会福祉法人〇"]


def test_events_become_planned_venues_and_never_open_places(tmp_path: Path) -> None:
    def event(name: str, day: str, **cells: Any) -> dict[str, Any]:
        return {
            "イベント名": name,
            "開始日": day,
            "終了日": day,
            "開始時間": "10:00",
            "場所名称": "区民ホール",
            **HERE,
            **cells,
        }

    rows = [
        event("講演会", "2025/5/3"),
        event("寄席", "令和7年4月1日"),
        event("市", "46054", 場所名称="公園", 緯度="35.71"),
    ]
    found = read(listed(tmp_path / "e.csv", EVENTS, *rows))
    told = found.table[["name", "status", "opening_text"]].to_numpy().tolist()
    assert told == [
        ["区民ホール", "planned", "2025-04-01~2025-05-03"],
        ["公園", "planned", "2026-02-01~2026-02-01"],
    ]
    assert "places_events" in codes(found)
    assert found.table["open_days_per_week"].isna().all()


def test_contacts_of_no_standard_are_read(tmp_path: Path) -> None:
    cells = {
        "電話番号": "03-9999-8888",
        "方書": "山田様方",
        "連絡先名称": "田中",
        "連絡先メールアドレス": "who@example.org",
    }
    for name, header in (("o", OLD_FACILITIES), ("n", NEW_FACILITIES)):
        row = {"名称": "会館", **HERE, **{k: v for k, v in cells.items() if k in header}}
        found = read(listed(tmp_path / f"{name}.csv", header, row))
        held = found.table.drop(columns="geometry").astype(str).to_csv() + repr(found.notes)
        assert not [text for text in ("9999", "who@", "山田", "田中") if text in held]


def test_linkdata_files_say_what_they_are_in_rows_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text(
        "#lang,ja\n#license,CC BY 4.0\n#property,latitude,longitude,name,address,availableDate,startTime,endTime\n"
        "#object_type_xsd,float,float,string:ja,string:ja,string:ja,string,string\n"
        "p1,35.7,139.7,会館,湯島1,月火水,9:00,17:00\n",
        encoding="utf-8",
    )
    found = read(path)
    assert (found.rows, found.licence) == (1, "CC BY 4.0")
    assert found.table[["place_id", "name", "open_days_per_week"]].to_numpy().tolist() == [
        ["l:p1", "会館", 3.0]
    ]


# -- further venues -----------------------------------------------------------------------------------------


def test_second_venues_are_places_with_the_name_of_their_organisation(tmp_path: Path) -> None:
    header = ["ID", "名称", "設置目的", "開催頻度", "運営団体名", "緯度", "経度", "開催開始時間"]
    main = read(
        listed(
            tmp_path / "131059_k.csv",
            header,
            {"ID": "3", "名称": "まる食堂", "運営団体名": "まる会", "開催頻度": "1", **HERE},
        )
    )
    path = listed(
        tmp_path / "131059_k_tsuika.csv",
        SECOND_VENUES,
        {
            "ID": "3",
            "住所": "文京区湯島1",
            "緯度": "35.71",
            "経度": "139.71",
            "開催頻度": "5",
            "方書": "山田様方",
        },
        {"ID": "3", "住所": "文京区湯島2", "緯度": "35.72", "経度": "139.72"},
        {"ID": "9", "住所": "文京区湯島3", "緯度": "35.72", "経度": "139.72"},
        encoding="utf-8-sig",
    )
    assert sources.detect(path) == "places"
    found = read(path, places=main.table)
    told = (
        found.table[["place_id", "name", "kind", "operator", "open_days_per_week"]]
        .fillna(-1)
        .to_numpy()
        .tolist()
    )
    # The venue's own frequency counts, never that of the first venue.
    assert told == [
        ["131059_k_tsuika:3+1", "まる食堂", "children_cafeteria", "まる会", 0.25],
        ["131059_k_tsuika:3+2", "まる食堂", "children_cafeteria", "まる会", -1],
    ]
    assert [(n.code, n.row) for n in found.notes if n.level == "refused"] == [("place_unnamed", 4)]
    assert refused(path).code == "venues_no_parent"
    assert "131059_k" in str(refused(path))


# -- official layers ----------------------------------------------------------------------------------------


def layer(path: Path, *features: dict[str, Any]) -> Path:
    document = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": p,
                "geometry": {"type": "Point", "coordinates": [139.75 + i / 1000, 35.7]},
            }
            for i, p in enumerate(features)
        ],
    }
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def ksj(prefix: str, *values: object) -> dict[str, Any]:
    return {f"{prefix}_{i:03d}": value for i, value in enumerate(values, 1)}


def test_p05_offices_and_halls_of_this_municipality(tmp_path: Path) -> None:
    path = layer(
        tmp_path / "P05-22_13.geojson",
        ksj("P05", "13105", "2", "湯島出張所", "湯島1"),
        ksj("P05", "13101", "4", "隣の公民館", "神田1"),
    )
    assert sources.detect(path) == "places"
    found = read(path)
    assert found.table[["name", "kind", "address", "precision"]].to_numpy().tolist() == [
        ["湯島出張所", "facility", "湯島1", "point"]
    ]
    assert "places_elsewhere" in codes(found)
    with pytest.raises(errors.DataError, match="13101, 13105"):
        sources.read(path, municipality_code="27127")


def test_p14_says_how_well_it_knows_a_position(tmp_path: Path) -> None:
    def home(name: str, accuracy: object, group: str = "02", small: str = "020101") -> dict[str, Any]:
        return ksj("P14", "東京都", "文京区", "13105", "湯島1", group, "0201", small, name, "4", accuracy)

    path = layer(
        tmp_path / "P14-21_13.geojson",
        home("特定", 1), home("街区", "2"), home("町", 3), home("市", 4), home("県", 5), home("不明", ""),
        home("保育所", 1, "05", "050401"), home("児童館", 1, "05", "050101"),
        home("障害", 1, "03"), home("他", 1, "99"),
    )  # fmt: skip
    table = read(path).table.set_index("name")
    assert table["precision"].to_dict() == {
        "特定": "point", "街区": "block", "町": "town", "市": "municipality", "県": "prefecture", "不明": "prefecture",
        "保育所": "point", "児童館": "point", "障害": "point", "他": "point",
    }  # fmt: skip
    assert table["targets"][["特定", "保育所", "児童館", "障害", "他"]].tolist() == [
        "older", "childrearing", "children", "disabled", "all",
    ]  # fmt: skip
    assert table["capacity"].isna().all()


def test_the_oldest_p14_has_names_for_codes_and_a_capacity(tmp_path: Path) -> None:
    def home(city: str, name: str, kind: str) -> dict[str, Any]:
        return ksj("P14", "東京都", city, "湯島1", kind, kind, "", name, "区", "３０", "原典", "")

    path = layer(
        tmp_path / "P14-15_13.geojson",
        home("文京区", "老人", "19001"), home("文京区", "保育", "19013"), home("千代田区", "隣", "19001"),
    )  # fmt: skip
    found = read(path, municipality="文京区")
    told = found.table[["name", "targets", "capacity"]].to_numpy().tolist()
    assert told == [["老人", "older", 30.0], ["保育", "childrearing", 30.0]]


def test_p29_is_read_when_asked_for_and_only_its_public_schools(tmp_path: Path) -> None:
    def school(name: str, kind: str, manager: str = "3", state: str = "1") -> dict[str, Any]:
        return ksj("P29", "13105", "B113210500001", kind, name, "湯島1", manager, state, "", "")

    path = layer(
        tmp_path / "P29-23_13.geojson",
        school("小", "16001"), school("中", "16002", state="2"), school("義務", "16014"),
        school("私立", "16002", "4"), school("大学", "16007", "1"), school("幼稚園", "16011"),
    )  # fmt: skip
    with pytest.raises(errors.DataError):
        sources.detect(path)
    found = sources.read(path, municipality_code="13105", kind="places")
    assert found.table[["name", "status"]].to_numpy().tolist() == [
        ["小", "open"], ["中", "suspended"], ["義務", "open"],
    ]  # fmt: skip
    assert next(n for n in found.notes if n.code == "schools_left_out").values == {"n": 3}
    old = layer(
        tmp_path / "P29-13_13.geojson",
        ksj("P29", "13105", "16", "16001", "16001", "小", "湯島1", "3"),
        ksj("P29", "13105", "16", "16007", "16007", "大学", "湯島1", "1"),
    )
    assert sources.read(old, municipality_code="13105", kind="places").table["name"].tolist() == ["小"]


# -- coordinates --------------------------------------------------------------------------------------------


def place(**cells: Any) -> dict[str, Any]:
    return {"名称": "えん", **cells}


def at(path: Path, **hints: Any) -> tuple[float, float]:
    point = read(path, **hints).table.geometry.iloc[0]
    return round(point.x, 5), round(point.y, 5)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ("35度42分0秒", "139度45分0秒"),
        ("北緯35度42分0.0秒", "東経139度45分00秒"),
        ("35°42'00\"", "139°45'00\""),
        ("35°42′00″", "139°45′00″"),
        ("３５．４２．００", "１３９．４５．００"),
        ("35:42:00N", "139:45:00E"),
        ("35.7", "139.75"),
    ],
)
def test_degrees_minutes_and_seconds(tmp_path: Path, latitude: str, longitude: str) -> None:
    path = listed(
        tmp_path / "a.csv", ["名称", "緯度", "経度"], place(緯度=latitude, 経度=longitude), encoding="utf-8"
    )
    assert at(path) == (139.75, 35.7)


@settings(max_examples=60)
@given(st.integers(20, 45), st.integers(0, 59), st.integers(0, 59))
def test_seconds_lie_between_their_minutes(whole: int, minutes: int, seconds: int) -> None:
    found = _points.degrees(f"{whole}度{minutes}分{seconds}秒")
    assert found == pytest.approx(whole + minutes / 60 + seconds / 3600, abs=1e-12)


# The usual approximation of the Geospatial Information Authority's grid, good to a few metres.
WORLD = (
    139.75 - 0.000046038 * 35.7 - 0.000083043 * 139.75 + 0.010040,
    35.7 - 0.00010695 * 35.7 + 0.000017464 * 139.75 + 0.0046017,
)


def test_the_old_datum_is_moved_by_its_name_or_a_column(tmp_path: Path) -> None:
    old = listed(
        tmp_path / "a.csv",
        ["名称", "緯度(日本測地系)", "経度(日本測地系)"],
        {"名称": "えん", "緯度(日本測地系)": "35.7", "経度(日本測地系)": "139.75"},
    )
    found = read(old)
    assert at(old) == pytest.approx(WORLD, abs=3e-5)
    assert "places_converted" in codes(found)
    header = ["名称", "緯度", "経度", "測地系"]
    one = {"名称": "えん", "緯度": "35.7", "経度": "139.75"}
    mixed = read(
        listed(tmp_path / "b.csv", header, {**one, "測地系": "旧測地系"}, {**one, "測地系": "世界測地系"})
    ).table
    assert mixed.geometry.y.tolist() == pytest.approx([WORLD[1], 35.7], abs=3e-5)
    both = listed(
        tmp_path / "c.csv",
        ["名称", "緯度(日本測地系)", "経度(日本測地系)", "緯度(世界測地系)", "経度(世界測地系)"],
        {"名称": "えん", "緯度(日本測地系)": "35.6968", "経度(日本測地系)": "139.7532", "緯度(世界測地系)": "35.7",
         "経度(世界測地系)": "139.75"},
    )  # fmt: skip
    assert at(both) == (139.75, 35.7)


def plane(path: Path, header: tuple[str, str, str], *values: str) -> Path:
    return listed(
        path, ["名称", *[h for h in header if h]], {"名称": "えん", **dict(zip(header, values, strict=False))}
    )


def test_plane_coordinates_have_x_to_the_north(tmp_path: Path) -> None:
    # Zone IX: origin 36 N, 139 deg 50 min E. 35.7 N, 139.75 E is -33285 north, -7543 east.
    expected = gpd.GeoSeries([shapely.Point(139.75, 35.7)], crs="EPSG:6668").to_crs("EPSG:6677").iloc[0]
    north, east = f"{expected.y:.3f}", f"{expected.x:.3f}"
    path = plane(tmp_path / "a.csv", ("X座標", "Y座標", "座標系番号"), north, east, "9")
    assert at(path) == (139.75, 35.7)
    bare = plane(tmp_path / "b.csv", ("X座標", "Y座標", ""), north, east)
    assert refused(bare).code == "plane_zone_missing"
    assert at(bare, mapping={"zone": "9"}) == (139.75, 35.7)
    # A GIS writes X to the east: only the municipality tells.
    turned = plane(tmp_path / "c.csv", ("X座標", "Y座標", "座標系番号"), east, north, "9")
    assert at(turned) != (139.75, 35.7)
    found = read(turned, area=(139.72, 35.69, 139.78, 35.74))
    assert (round(found.table.geometry.iloc[0].x, 5), "plane_turned" in codes(found)) == (139.75, True)


def test_a_row_a_hundred_kilometres_off_is_refused_and_one_nearer_is_told(tmp_path: Path) -> None:
    header = ["名称", "緯度", "経度"]
    rows = [place(緯度="35.7", 経度="139.7") for _ in range(5)]
    # 111.2 km a degree.
    near, far = (
        place(名称="近", 緯度=str(35.7 + 99 / 111.2), 経度="139.7"),
        place(名称="遠", 緯度=str(35.7 + 101 / 111.2), 経度="139.7"),
    )
    found = read(listed(tmp_path / "a.csv", header, *rows, near, far))
    assert [(n.code, n.row, n.values["km"]) for n in found.notes if n.row] == [
        ("row_too_far", 8, 101),
        ("row_far", 7, 99),
    ]
    # Of two nobody knows which is wrong.
    lost = place(緯度="38.7", 経度="139.7")
    assert len(read(listed(tmp_path / "b.csv", header, rows[0], lost)).table) == 2


def test_no_coordinates_are_written_as_zero_too(tmp_path: Path) -> None:
    rows = [place(緯度="35.7", 経度="139.7"), place(緯度="0", 経度="0.0"), place(緯度="-", 経度="-")]
    found = read(listed(tmp_path / "a.csv", ["名称", "緯度", "経度"], *rows))
    assert [(n.code, n.row) for n in found.notes if n.row] == [("row_no_position", 3), ("row_no_position", 4)]


# -- addresses without coordinates --------------------------------------------------------------------------


def gazetteer(tmp_path: Path) -> Any:
    path = tmp_path / "文京区.json"
    path.write_text(
        json.dumps([{"town": "湯島一丁目", "koaza": "", "lat": 35.705, "lng": 139.765}]), encoding="utf-8"
    )
    return read(path).table


def test_an_address_is_placed_as_well_as_it_is_known(tmp_path: Path) -> None:
    rows = [
        place(名称="座標", 住所="文京区湯島1-1", 緯度="35.7", 経度="139.75"),
        place(名称="住所", 住所="東京都文京区湯島１－２"),
        place(名称="不明", 住所="非公開"),
        place(名称="逆", 住所="文京区湯島1-1", 緯度="139.75", 経度="35.7"),
    ]
    path = listed(tmp_path / "a.csv", ["名称", "住所", "緯度", "経度"], *rows)
    found = read(path, addresses=gazetteer(tmp_path))
    table = found.table.set_index("name")
    assert table["precision"].to_dict() == {"座標": "point", "住所": "town"}
    assert (round(table.loc["住所"].geometry.x, 5), round(table.loc["住所"].geometry.y, 5)) == (
        139.765,
        35.705,
    )
    # A fault in the coordinates is told, not covered up by the address.
    assert [(n.code, n.row) for n in found.notes if n.level == "refused"] == [
        ("row_address_unknown", 4),
        ("row_swapped", 5),
    ]
    assert next(n for n in found.notes if n.code == "places_by_address").values["levels"] == "town 1"
    only = listed(tmp_path / "b.csv", ["名称", "住所"], rows[1])
    assert refused(only).code == "rows_no_position"
    assert len(read(only, addresses=gazetteer(tmp_path)).table) == 1


def test_a_precision_that_the_list_gives_is_kept(tmp_path: Path) -> None:
    rows = [place(緯度="35.7", 経度="139.75", precision=level) for level in ("town", "", "?")]
    found = read(listed(tmp_path / "a.csv", ["名称", "緯度", "経度", "precision"], *rows))
    assert found.table["precision"].tolist() == ["town", "point", "point"]


# -- lists of no standard -----------------------------------------------------------------------------------

STRANGE = ["拠点の呼び名", "よみがな", "電話", "どこ", "北", "東", "席", "やる日"]


def strange(path: Path, header: list[str] = STRANGE) -> Path:
    rows = [
        ["あおぞら", "アオゾラ", "03-1111-1111", "文京区湯島1-1", "35.701", "139.751", "20", "毎週火曜"],
        ["みどり", "ミドリ", "03-2222-2222", "文京区湯島1-2", "35.702", "139.752", "20", "第2土曜"],
        ["そよかぜ", "ソヨカゼ", "03-3333-3333", "文京区湯島2-3", "35.703", "139.753", "30", "平日"],
    ]
    return listed(path, header, *[dict(zip(header, row, strict=True)) for row in rows])


def test_columns_are_guessed_by_what_stands_in_them(tmp_path: Path) -> None:
    path = strange(tmp_path / "s.csv")
    assert sources.detect(path) == "places"
    found = read(path)
    assert found.layout is not None
    assert found.layout.columns == {
        "latitude": "北", "longitude": "東", "address": "どこ", "opening": "やる日", "name": "拠点の呼び名",
    }  # fmt: skip
    assert found.table["open_days_per_week"].tolist() == [1.0, 0.23, 5.0]
    told = next(n for n in found.notes if n.code == "places_columns_guessed")
    assert "name=拠点の呼び名" in str(told)
    assert "--map" in str(told)
    assert "1111" not in found.table.drop(columns="geometry").astype(str).to_csv()


def test_a_column_of_persons_is_never_taken_for_names(tmp_path: Path) -> None:
    header = ["呼び方", "担当者", "北", "東"]
    rows = [["あおぞら", "山田花子", "35.701", "139.751"], ["みどり", "田中一郎", "35.702", "139.752"]]
    path = listed(tmp_path / "s.csv", header, *[dict(zip(header, row, strict=True)) for row in rows])
    assert read(path).table["name"].tolist() == ["あおぞら", "みどり"]


def test_a_told_column_wins_and_a_saved_layout_is_used_again(tmp_path: Path) -> None:
    path = strange(tmp_path / "s.csv")
    told = read(path, mapping={"name": "よみがな", "capacity": "席"})
    assert told.table["name"].tolist() == ["アオゾラ", "ミドリ", "ソヨカゼ"]
    assert told.table["capacity"].tolist() == [20.0, 20.0, 30.0]
    _mapping.save(tmp_path, [told])
    again = read(strange(tmp_path / "next.csv"), layouts=_mapping.load(tmp_path))
    assert again.table["name"].tolist() == ["アオゾラ", "ミドリ", "ソヨカゼ"]
    assert "places_columns_told" in codes(again)
    other = read(strange(tmp_path / "o.csv", [*STRANGE[:-1], "日"]), layouts=_mapping.load(tmp_path))
    assert other.table["name"].tolist()[0] == "あおぞら"


def test_what_is_not_clear_is_asked_with_the_guess_and_the_way_out(tmp_path: Path) -> None:
    header = ["甲", "乙", "北", "東"]
    rows = [["あおぞら", "つばめ", "35.701", "139.751"], ["みどり", "かもめ", "35.702", "139.752"]]
    path = listed(tmp_path / "s.csv", header, *[dict(zip(header, row, strict=True)) for row in rows])
    problem = refused(path)
    assert problem.code == "mapping_ambiguous"
    for words in ("name = 甲 / 乙?", "latitude=北", "--map name=甲"):
        assert words in str(problem)
    assert read(path, mapping={"name": "乙"}).table["name"].tolist() == ["つばめ", "かもめ"]


def test_a_told_column_must_be_there_and_a_field_be_one(tmp_path: Path) -> None:
    path = strange(tmp_path / "s.csv")
    problem = refused(path, mapping={"name": "施設"})
    assert problem.code == "mapping_column"
    assert "拠点の呼び名" in str(problem)
    problem = refused(path, mapping={"telephone": "電話"})
    assert problem.code == "mapping_field"
    assert "telephone" not in places.FIELDS


def test_a_layout_file_that_was_spoilt_is_a_sentence(tmp_path: Path) -> None:
    assert _mapping.load(tmp_path) == {}
    for text in ("x = [", "x = 1", "[a]\ncolumns = 3", "[a.columns]\nname = 3", "\xff"):
        (tmp_path / _mapping.FILE).write_bytes(text.encode("latin-1"))
        with pytest.raises(errors.DataError) as caught:
            _mapping.load(tmp_path)
        assert caught.value.code == "layouts_unreadable"


def test_a_table_of_something_else_is_no_list_of_places(tmp_path: Path) -> None:
    for text in ("店名,売上\nあ,1\n", "年,人口\n2020,35.5\n2021,36.5\n", "a,b\n1,2\n"):
        path = tmp_path / "t.csv"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(errors.DataError) as caught:
            sources.detect(path)
        assert caught.value.code == "kind_unknown"


@given(st.lists(st.text(max_size=8), max_size=8))
def test_a_fingerprint_does_not_depend_on_the_order(names: list[str]) -> None:
    assert _mapping.fingerprint(names) == _mapping.fingerprint([*names[::-1], ""])


# -- the real lists -----------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_the_real_originals_are_placed_by_their_addresses(realdata: Path) -> None:
    folder = realdata / "places" / "kodomo_shokudo" / "opendata" / "tokyo"
    # Rows of the file, places by address (the rest: address not given, not public, or misspelt).
    expected = {
        "131059_bunkyo": ("文京区", 7, 7), "131067_taitoku": ("台東区", 7, 7), "131083_kotoku": ("江東区", 24, 24),
        "131091_shinagawaku": ("品川区", 38, 38), "131105_meguroku": ("目黒区", 11, 11),
        "131113_otaku": ("大田区", 53, 52), "131130_shibuyaku": ("渋谷区", 52, 46),
        "131156_suginamiku": ("杉並区", 42, 41), "131164_toshimaku": ("豊島区", 9, 9),
        "131181_arakawaku": ("荒川区", 6, 6), "131199_itabashiku": ("板橋区", 53, 52),
        "131202_nerimaku": ("練馬区", 40, 40), "131229_katsushikaku": ("葛飾区", 12, 8),
    }  # fmt: skip
    seen = {}
    for name, (ward, _, _) in expected.items():
        towns = sources.read(realdata / "address" / "geolonia" / f"{ward}.json", municipality_code="13105")
        hints = sources.Hints(addresses=towns.table)
        path = folder / f"{name}_kodomosyokudo.csv"
        found = sources.read(path, municipality_code=name[:5], hints=hints)
        seen[name] = (ward, found.rows, len(found.table))
        by_address = found.table["precision"] != "point"
        assert (found.table.loc[by_address, "precision"] == "town").all()
        assert by_address.sum() == len(found.table) - (name == "131229_katsushikaku")
    assert seen == expected
    towns = sources.read(realdata / "address" / "geolonia" / "大田区.json", municipality_code="13111")
    parents = sources.read(
        folder / "131113_otaku_kodomosyokudo.csv",
        municipality_code="13111",
        hints=sources.Hints(addresses=towns.table),
    )
    hints = sources.Hints(addresses=towns.table, places=parents.table)
    venues = sources.read(
        folder / "131113_otaku_kodomosyokudo_tsuika.csv", municipality_code="13111", hints=hints
    )
    assert len(venues.table) == 1
    assert venues.table["name"].iloc[0] in set(parents.table["name"])


@pytest.mark.realdata
def test_lists_that_need_another_file_name_it(realdata: Path) -> None:
    folder = realdata / "places" / "kodomo_shokudo" / "opendata" / "tokyo"
    alone = refused(folder / "132012_hachioji_kodomosyokudo.csv")
    assert alone.code == "rows_no_position"
    assert all(way in str(alone) for way in ("isj-towns", "--as addresses", "border"))
    venues = refused(folder / "132128_hinoshi_kodomosyokudo_tsuika.csv")
    assert (venues.code, "132128_hinoshi_kodomosyokudo)" in str(venues)) == ("venues_no_parent", True)


def test_no_alias_of_a_field_names_a_person() -> None:
    names = [name for names in places.ALIASES.values() for name in names]
    assert [n for n in names if _mapping._PERSONAL.search(n)] == []
    assert all(name == _tables.heading(name) for name in names)
    assert set(places.FIELDS) <= set(places.ALIASES)
    assert schemas.PRECISIONS[0] == "point"
