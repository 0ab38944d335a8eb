"""Places and vacancies: what a list says is kept, what it does not say is unknown, and no contact is read."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import errors, schemas, sources
from geo.sources import _points, _tables, places, vacancies

STANDARD = [
    "全国地方公共団体コード",
    "ID",
    "都道府県",
    "市区町村名",
    "名称",
    "名称_カナ",
    "設置目的",
    "実施支援の主な区分",
    "住所",
    "方書",
    "緯度",
    "経度",
    "電話番号1",
    "電話番号1_連絡先備考",
    "電話番号2",
    "電話番号2_連絡先備考",
    "内線番号",
    "FAX番号",
    "URL",
    "メールアドレス1",
    "メールアドレス1_連絡先備考",
    "メールアドレス2",
    "メールアドレス2_連絡先備考",
    "法人番号",
    "運営団体名",
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
    "フードパントリー実施",
    "テイクアウト実施",
    "学区",
    "ネットワークの加入",
    "追加情報NO",
    "画像",
    "画像_ライセンス",
    "備考",
]


def listed(
    path: Path, rows: list[dict[str, Any]], header: list[str] | None = None, encoding: str = "utf-8-sig"
) -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, header or list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def place(**cells: Any) -> dict[str, Any]:
    return {"名称": "えんがわ", "緯度": "35.7", "経度": "139.7", **cells}


def read(path: Path) -> sources.Reading:
    return sources.read(path, municipality_code="13105")


def one(tmp_path: Path, **cells: Any) -> Any:
    return read(listed(tmp_path / "list.csv", [place(**cells)])).table.iloc[0]


# -- the cafeteria standard ---------------------------------------------------------------------------------


def test_the_standard_has_49_columns_and_each_list_of_it_is_a_cafeteria(tmp_path: Path) -> None:
    assert len(STANDARD) == 49
    cells = place(
        全国地方公共団体コード="131059",
        ID="1",
        開催頻度="5 ",
        開催曜日="木",
        定員="６０",
        運営団体名="○○の会",
    )
    cells |= {
        "電話番号1": "03-0000-0000",
        "方書": "山田様方",
        "メールアドレス1": "x@example.org",
        "開催開始時間": "17:00",
    }
    found = read(listed(tmp_path / "kodomo.csv", [cells], STANDARD))
    assert (found.kind, found.dataset_id) == ("places", "places:kodomo")
    row = found.table.iloc[0]
    expected = {
        "place_id": "kodomo:1",
        "name": "えんがわ",
        "kind": "children_cafeteria",
        "targets": "children",
        "targets_known": False,
        "opening_text": "月1回 木 17:00",
        "open_days_per_week": 0.25,
        "capacity": 60.0,
        "status": "open",
        "operator": "○○の会",
        "do_not_publish": True,  # in a home, by its 方書
        "precision": "point",
        "source_row": 2,
        "dataset_id": "places:kodomo",
    }
    assert row[list(expected)].to_dict() == expected
    # What a list does not say, the registry's dates among it, is blank.
    rest = row.drop(["geometry", *expected])
    assert not rest.fillna(False).any(), rest


def test_contacts_are_never_read(tmp_path: Path) -> None:
    secrets = {
        "電話番号1": "03-9999-8888",
        "メールアドレス1": "who@example.org",
        "方書": "山田様方",
        "備考": "担当 田中",
    }
    found = read(listed(tmp_path / "a.csv", [place(開催頻度="1", 設置目的="", **secrets)], STANDARD))
    held = found.table.drop(columns="geometry").astype(str).to_csv() + repr(found.notes)
    assert not [text for text in ("9999", "who@", "山田", "田中") if text in held]


@pytest.mark.parametrize(
    ("code", "days"),
    [
        ("1", 6),
        ("2", 3.5),
        ("3", 1.5),
        ("4", 0.5),
        ("5", 0.25),
        ("6", 0.08),
        ("7", None),
        ("8", None),
        ("", None),
        ("1 ", 6),
        ("１", 6),
        ("9", None),
    ],
)
def test_frequency_codes(tmp_path: Path, code: str, days: float | None) -> None:
    row = place(開催頻度=code, 開催曜日="土", 設置目的="")
    found = read(listed(tmp_path / "a.csv", [row], STANDARD)).table["open_days_per_week"].iloc[0]
    assert (None if math.isnan(found) else found) == days


def test_without_a_code_clear_words_count_and_a_bare_weekday_does_not(tmp_path: Path) -> None:
    rows = [place(開催日="第４土曜日", 開催曜日="土"), place(開催曜日="月火水木金"), place(開催日="不定期")]
    found = read(listed(tmp_path / "a.csv", rows, STANDARD)).table["open_days_per_week"].tolist()
    assert found[0] == 0.23
    assert [math.isnan(days) for days in found] == [False, True, True]


@pytest.mark.parametrize("column", ["開催日", "開催曜日"])
@pytest.mark.parametrize(("words", "days"), [("月・水・金", 3.0), ("毎日", 7.0), ("4月5日", None)])
def test_a_list_of_the_council_may_say_its_days_in_a_column_of_the_standard(
    tmp_path: Path, column: str, words: str, days: float | None
) -> None:
    path = tmp_path / "salons.csv"
    path.write_text(f"名称,緯度,経度,{column},開始時間\n縁側,35.7,139.7,{words},10:00\n", encoding="cp932")
    found = read(path).table["open_days_per_week"].iloc[0]
    assert found == days or (days is None and found != found)


def test_a_list_of_another_town_is_said_to_lie_elsewhere(tmp_path: Path) -> None:
    path = listed(tmp_path / "list.csv", [place(名称="遠い縁側")])
    codes = []
    for area in ((139.69, 35.69, 139.71, 35.71), (135.4, 34.6, 135.6, 34.8), None):
        found = sources.read(path, municipality_code="13105", hints=sources.Hints(area=area))
        codes.append([str(note) for note in found.notes if note.code == "places_outside"])
    assert (codes[0], codes[2]) == ([], [])
    assert "遠い縁側" in codes[1][0]


def test_a_list_of_many_municipalities_gives_only_the_asked_one(tmp_path: Path) -> None:
    codes = ["131059", "１３１０５９ ", "13105", "131016", "132196", ""]
    rows = [place(名称=f"食堂{i}", 全国地方公共団体コード=code, ID=str(i)) for i, code in enumerate(codes)]
    found = read(listed(tmp_path / "a.csv", rows, STANDARD))
    assert found.table["name"].tolist() == ["食堂0", "食堂1", "食堂2", "食堂5"]
    assert [n.code for n in found.notes][:2] == ["places_elsewhere", "places_code_unknown"]
    with pytest.raises(errors.DataError, match="belong to 13101, 13105") as caught:
        sources.read(tmp_path / "a.csv", municipality_code="27127")
    assert caught.value.code == "places_not_here"


SQUARE = gpd.GeoSeries([shapely.box(139.69, 35.69, 139.71, 35.71)], crs=schemas.STORED_CRS)
# A degree of longitude is 90.5 km at 35.7 degrees: 1 000 m beyond the border of the square, and 3 000 m.
NEAR, FAR = 139.71 + 1000 / 90_500, 139.71 + 3000 / 90_500


def beyond(path: Path, **hints: Any) -> sources.Reading:
    known = {"border": SQUARE, "reach_m": 1600.0, **hints}
    return sources.read(path, municipality_code="13105", hints=sources.Hints(**known))


def test_places_across_the_border_are_kept_as_far_as_residents_walk(tmp_path: Path) -> None:
    rows = [
        place(名称="中", 全国地方公共団体コード="131059"),
        place(名称="隣", 全国地方公共団体コード="131016", 経度=str(NEAR)),
        place(名称="遠", 全国地方公共団体コード="131016", 経度=str(FAR)),
        place(名称="不明", 全国地方公共団体コード="131016", 緯度="", 経度=""),
        place(名称="外", 全国地方公共団体コード="131059", 経度=str(FAR)),
    ]
    found = beyond(listed(tmp_path / "a.csv", rows))
    # The municipality's own are kept wherever they lie.
    assert sorted(found.table["name"]) == sorted(["中", "隣", "外"])
    notes = {note.code: dict(note.values) for note in found.notes}
    assert notes["places_across"] == {"n": 1, "metres": 1600}
    assert notes["places_elsewhere"] == {"n": 2}
    assert found.table.set_index("name")["source_row"].to_dict() == {"中": 2, "隣": 3, "外": 6}
    assert read(tmp_path / "a.csv").table["name"].tolist() == ["中", "外"]


def test_the_limit_includes_its_border(tmp_path: Path) -> None:
    rows = [place(全国地方公共団体コード="131059"), place(全国地方公共団体コード="131016", 経度=str(NEAR))]
    path = listed(tmp_path / "a.csv", rows)
    spots = [_points.Position(139.7, 35.7), _points.Position(fault="missing"), _points.Position(NEAR, 35.7)]
    within, nowhere, metres = _points.metres_outside(spots, SQUARE)
    assert (within, math.isnan(nowhere)) == (0, True)
    assert metres == pytest.approx(1000, rel=0.002)
    assert len(beyond(path, reach_m=metres).table) == 2
    assert len(beyond(path, reach_m=metres - 0.01).table) == 1


def test_the_list_of_a_neighbour_gives_what_is_near(tmp_path: Path) -> None:
    rows = [
        place(名称=str(i), 全国地方公共団体コード="131016", 経度=str(x)) for i, x in enumerate((NEAR, FAR))
    ]
    path = listed(tmp_path / "a.csv", rows)
    assert beyond(path).table["name"].tolist() == ["0"]
    with pytest.raises(errors.DataError, match="belong to 131016") as caught:
        beyond(listed(tmp_path / "b.csv", rows[1:]))
    assert caught.value.code == "places_not_here"
    # Without a border nobody can tell.
    assert len(read(path).table) == 2


def test_a_list_with_one_code_is_taken_whole(tmp_path: Path) -> None:
    # A prefecture's list says 140007 in every row.
    rows = [place(名称=f"食堂{i}", 全国地方公共団体コード="140007") for i in range(3)]
    path = listed(tmp_path / "a.csv", rows, STANDARD)
    assert len(read(path).table) == len(beyond(path).table) == 3


def test_padding_rows_are_passed_over_with_a_count(tmp_path: Path) -> None:
    rows = [place(ID="1"), *({"ID": str(i)} for i in range(2, 30))]
    found = read(listed(tmp_path / "a.csv", rows, STANDARD))
    assert (found.rows, len(found.table)) == (1, 1)
    assert [str(n) for n in found.notes if n.code == "rows_blank"] == ["28 blank rows were passed over."]


# -- the council's own list ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("居場所", "ibasho"),
        ("常設型の居場所", "ibasho"),
        ("サロン", "salon"),
        ("ふれあい・いきいきサロン", "salon"),
        ("通いの場", "salon"),
        ("子育てサロン", "childrearing_salon"),
        ("こども食堂", "children_cafeteria"),
        ("ふれあい喫茶", "tea_room"),
        ("会食会", "meal_service"),
        ("常設相談窓口", "ibasho"),
        ("相談窓口", "consultation_desk"),
        ("地区会館", "facility"),
        ("tea_room", "tea_room"),
        ("", "other"),
        ("囲碁", "other"),
    ],
)
def test_kinds_by_their_words(tmp_path: Path, word: str, kind: str) -> None:
    assert one(tmp_path, 種別=word)["kind"] == kind


@pytest.mark.parametrize(
    ("word", "targets", "known"),
    [
        ("どなたでも", "all", True),
        ("高齢者", "older", True),
        ("６５歳以上の方", "older", True),
        ("小中学生", "children", True),
        ("乳幼児と保護者", "childrearing", True),
        ("障がいのある方とご家族", "disabled", True),
        ("高齢者、子ども", "older;children", True),
        ("older;disabled", "older;disabled", True),
        ("会員", "other", True),
        ("", "older", False),
    ],
)
def test_for_whom_by_words_or_else_by_the_kind(tmp_path: Path, word: str, targets: str, known: bool) -> None:
    row = one(tmp_path, 種別="サロン", 対象=word)
    assert (row["targets"], row["targets_known"]) == (targets, known)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("開設中", "open"),
        ("", "open"),
        ("休止中", "suspended"),
        ("準備中", "preparing"),
        ("開設準備中", "preparing"),
        ("開設予定", "planned"),
        ("廃止", "closed"),
        ("closed", "closed"),
        ("継続支援", "open"),
        ("？", "open"),
    ],
)
def test_states_by_their_words(tmp_path: Path, word: str, status: str) -> None:
    assert one(tmp_path, 状態=word)["status"] == status


def test_words_that_mean_nothing_here_are_told(tmp_path: Path) -> None:
    found = read(listed(tmp_path / "a.csv", [place(種別="囲碁", 状態="謎")]))
    told = {n.code: str(n) for n in found.notes}
    assert "囲碁" in told["places_kind_unknown"]
    assert "謎" in told["places_status_unknown"]


def test_the_internal_schema_is_read_too(tmp_path: Path) -> None:
    row = {
        "place_id": "p1", "name": "Engawa", "kind": "ibasho", "lat": "35.7", "lon": "139.7", "target": "all",
        "open_days": "月火水", "capacity": "20", "status": "planned", "operator": "council", "as_of": "2025-01-31",
        "address": "1-1",
    }  # fmt: skip
    found = read(listed(tmp_path / "places.csv", [row], encoding="cp932")).table.iloc[0]
    columns = ["place_id", "kind", "targets", "open_days_per_week", "capacity", "status", "verified_on"]
    assert found[columns].tolist() == ["places:p1", "ibasho", "all", 3.0, 20.0, "planned", "2025-01-31"]


def test_rows_that_cannot_be_placed_are_refused_by_row_and_name(tmp_path: Path) -> None:
    rows = [
        place(名称="正しい"),
        place(名称="逆", 緯度="139.7", 経度="35.7"),
        place(名称="空", 緯度="", 経度=""),
        place(名称="海外", 緯度="48.8", 経度="2.3"),
        place(名称=""),
        place(名称="遠い", 緯度="43.06", 経度="141.35"),
        place(名称="近い"),
        place(名称="隣町", 緯度="36.1"),
    ]
    found = read(listed(tmp_path / "a.csv", rows))
    assert set(found.table["name"]) == {"正しい", "近い", "隣町"}
    told = [(n.level, n.code, n.row) for n in found.notes if n.row]
    assert told == [
        ("refused", "row_swapped", 3),
        ("refused", "row_no_position", 4),
        ("refused", "row_outside_japan", 5),
        ("refused", "place_unnamed", 6),
        ("refused", "row_too_far", 7),
        ("unknown", "row_far", 9),
    ]
    assert "逆 (row 3)" in str(next(n for n in found.notes if n.row == 3))


def test_markup_in_a_name_stays_text(tmp_path: Path) -> None:
    assert one(tmp_path, 名称="<b>えん</b>")["name"] == "<b>えん</b>"


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(6)))
def test_the_order_of_rows_changes_nothing_but_the_row_numbers(
    tmp_path_factory: Any, order: list[int]
) -> None:
    path = tmp_path_factory.mktemp("p") / "a.csv"
    rows = [
        place(番号=str(i), 名称=f"n{i}", 緯度=f"35.7{i}", 開催日時="毎日" if i % 2 else "") for i in range(6)
    ]
    straight = read(listed(path, rows)).table.drop(columns="source_row")
    shuffled = read(listed(path, [rows[i] for i in order])).table.drop(columns="source_row")
    assert shuffled.equals(straight)


# -- facility lists and points ------------------------------------------------------------------------------


def facilities(path: Path, *locations: dict[str, Any], category: str = "会館") -> Path:
    document = [{"category": category, "locations": list(locations)}]
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("category", "targets"),
    [("児童館", "children"), ("高齢者福祉施設", "older"), ("障害者福祉施設", "disabled"), ("図書館", "all")],
)
def test_a_category_says_for_whom_a_facility_is(tmp_path: Path, category: str, targets: str) -> None:
    path = facilities(
        tmp_path / "f.json",
        {"name": "A", "name:ja": "あ", "lat": 35.7, "lng": 139.7, "licence": "ODbL"},
        category=category,
    )
    found = read(path)
    row = found.table.iloc[0]
    assert (row["name"], row["kind"], row["targets"], row["targets_known"]) == (
        "あ",
        "facility",
        targets,
        False,
    )
    assert found.licence == "ODbL"
    assert math.isnan(row["open_days_per_week"])


def test_a_list_of_something_else_is_no_facility_list(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text('[{"a": [1]}]')
    with pytest.raises(errors.DataError) as caught:
        sources.detect(path)
    assert caught.value.code == "kind_unknown"
    with pytest.raises(errors.DataError) as caught:
        sources.read(path, municipality_code="13105", kind="places")
    assert caught.value.code == "facilities_shape"


def test_points_with_names_are_places(tmp_path: Path) -> None:
    features = [
        {"type": "Feature", "properties": p, "geometry": {"type": "Point", "coordinates": [139.7, 35.7]}}
        for p in (
            {"name": "あ", "categoryIds": ["disability-support"], "lifecycleStatus": "closed"},
            {"name": "い", "種別": "サロン", "開催日時": "月水金", "対象": "高齢者"},
        )
    ]
    path = tmp_path / "p.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    assert sources.detect(path) == "places"
    table = read(path).table
    assert table[["kind", "targets", "status", "source_row"]].to_numpy().tolist() == [
        ["facility", "disabled", "closed", 1],
        ["salon", "older", "open", 2],
    ]
    assert table["open_days_per_week"].iloc[1] == 3


@pytest.mark.parametrize(
    ("date", "weekday", "text", "days"),
    [
        ("第1・3", "土", "第1・3 土", 0.46),
        ("毎週", "月", "毎週 月", 1),
        ("月2回", "水", "月2回 水", 0.46),
        ("第4土曜日", "土", "第4土曜日", 0.23),
        ("毎月最終金曜日", "金", "毎月最終金曜日", 0.23),
        ("", "火・木", "火・木", 2),
        ("第2土曜日", "", "第2土曜日", 0.23),
    ],
)
def test_days_that_stand_in_two_columns_are_one_text(
    tmp_path: Path, date: str, weekday: str, text: str, days: float
) -> None:
    row = one(tmp_path, 開催日=date, 開催曜日=weekday)
    assert (row["opening_text"], row["open_days_per_week"]) == (text, days)


@pytest.mark.parametrize(
    ("whose", "hidden"), [("山田様方", True), ("自宅", True), ("湯島ビル2階", False), ("", False)]
)
def test_a_place_in_a_home_is_known_by_words_that_are_not_kept(
    tmp_path: Path, whose: str, hidden: bool
) -> None:
    row = one(tmp_path, 方書=whose)
    assert row["do_not_publish"] == hidden
    assert "山田" not in str(row.to_dict())


# -- vacancies ----------------------------------------------------------------------------------------------


def vacancy(**cells: Any) -> dict[str, Any]:
    return {"管理番号": "A1", "種別": "空き家", "緯度": "35.7", "経度": "139.7", "所有者同意": "", **cells}


@pytest.mark.parametrize(
    ("word", "consent"),
    [
        ("公開可", "agreed_public"),
        ("同意(公開)", "agreed_public"),
        ("非公開", "agreed_internal"),
        ("公開不可", "none"),
        ("内部利用可", "agreed_internal"),
        ("打診中", "asked"),
        ("未接触", "none"),
        ("", "none"),
        ("不明", "none"),
        ("同意", "none"),
        ("agreed_public", "agreed_public"),
    ],
)
def test_consent_that_is_not_clearly_given_is_none(tmp_path: Path, word: str, consent: str) -> None:
    found = read(listed(tmp_path / "v.csv", [vacancy(所有者同意=word)]))
    assert (found.kind, found.dataset_id) == ("vacancies", "vacancies:v")
    assert found.table["owner_consent"].tolist() == [consent]
    told = [n.code for n in found.notes]
    assert told == (["vacancies_consent_unknown"] if word in ("不明", "同意") else [])


def test_a_vacancy_in_the_citys_words(tmp_path: Path) -> None:
    cells = vacancy(
        種別="空き店舗", 建築年="昭和50年", 構造="木造", 延床面積="８５．５㎡", 所有者="田中", 電話番号="03"
    )
    row = read(listed(tmp_path / "v.csv", [cells], encoding="cp932")).table.iloc[0]
    told = ["property_id", "kind", "floor_area_m2", "built_year", "structure", "owner_consent", "source_row"]
    assert row[told].tolist() == ["v:A1", "shop", 85.5, 1975.0, "木造", "none", 2]
    assert not row.astype(str).str.contains("田中|03").any()


def test_the_english_schema(tmp_path: Path) -> None:
    cells = {
        "property_id": "x",
        "kind": "house",
        "lat": "35.7",
        "lon": "139.7",
        "built_year": "1981",
        "floor_area_m2": "60",
    }
    row = read(listed(tmp_path / "vacant.csv", [cells])).table.iloc[0]
    assert row[["property_id", "kind", "built_year", "floor_area_m2"]].tolist() == [
        "vacant:x",
        "house",
        1981.0,
        60.0,
    ]


def test_vacancies_are_refused_by_row(tmp_path: Path) -> None:
    rows = [
        vacancy(),
        vacancy(管理番号="B", 種別="駐車場"),
        vacancy(管理番号="C", 緯度=""),
        vacancy(管理番号="D", 建築年="不明"),
    ]
    found = read(listed(tmp_path / "v.csv", rows, [*rows[0], "建築年"]))
    assert found.table["property_id"].tolist() == ["v:A1", "v:D"]
    assert math.isnan(found.table["built_year"].iloc[1])
    assert [(n.code, n.row) for n in found.notes] == [("vacancy_kind_unknown", 3), ("row_no_position", 4)]


def bank(**cells: Any) -> dict[str, Any]:
    """A row of an 空き家バンク as towns write it."""
    return {
        "物件番号": "12",
        "物件種別": "一戸建て",
        "物件の所在": "文京区湯島1-2-3",
        "希望価格(税込)": "380万円",
        "月額賃料": "",
        "間取り": "5DK",
        "建物の延べ面積": "120.5㎡",
        "土地の面積": "250㎡",
        "築年数・建築年月": "昭和48年3月",
        "建物の構造": "木造瓦葺",
        "階数": "地上2階",
        "所有者氏名": "田中",
        "連絡先": "03-0000-0000",
        **cells,
    }


def known_towns(tmp_path: Path) -> Any:
    towns = tmp_path / "文京区.json"
    towns.write_text(
        json.dumps([{"town": "湯島一丁目", "koaza": "", "lat": 35.705, "lng": 139.765}]), encoding="utf-8"
    )
    return read(towns).table


def test_a_bank_of_vacant_houses_is_read_by_its_addresses(tmp_path: Path) -> None:
    rows = [
        bank(),
        bank(物件番号="13", 物件種別="店舗併用住宅", 月額賃料="3.5万円", **{"希望価格(税込)": "応相談"}),
        bank(物件番号="14", 物件種別="売買", 物件の所在="文京区どこか"),
        bank(物件番号="15", 物件種別="土地"),
        bank(物件番号="16", 物件の所在="大阪市北区梅田1"),
        dict.fromkeys(bank(), "") | {"物件番号": "17"},
    ]
    path = listed(tmp_path / "bank.csv", rows)
    assert sources.detect(path) == "vacancies"
    hints = sources.Hints(addresses=known_towns(tmp_path), municipality="文京区")
    found = sources.read(path, municipality_code="13105", hints=hints)
    table = found.table.set_index("property_id")
    assert table.index.tolist() == ["bank:12", "bank:13"]
    first = table.loc["bank:12"]
    assert first[["kind", "floor_area_m2", "site_area_m2", "built_year", "structure"]].tolist() == [
        "house", 120.5, 250.0, 1973.0, "木造瓦葺",
    ]  # fmt: skip
    assert first[["price_yen", "floors", "owner_consent", "precision", "address"]].tolist() == [
        3_800_000.0, 2.0, "none", "town", "文京区湯島1-2-3",
    ]  # fmt: skip
    assert table["kind"].tolist() == ["house", "shop"]
    assert table["rent_yen_per_month"].iloc[1] == 35_000
    assert math.isnan(table["price_yen"].iloc[1])
    assert [(n.code, n.row) for n in found.notes if n.level == "refused"] == [
        ("row_address_unknown", 4),
        ("vacancy_kind_unknown", 5),
        ("row_address_unknown", 6),
    ]
    guess = next(note for note in found.notes if note.code == "places_columns_guessed")
    assert "address=物件の所在" in str(guess)
    assert found.layout is not None
    assert not any(word in found.table.to_csv() for word in ("田中", "03-0000"))


@pytest.mark.parametrize(
    ("name", "header", "kind"),
    [
        ("a", "物件番号,所在地,構造,築年数,土地面積,建物面積,希望価格(万円)", "vacancies"),
        ("a", "登録No,地区,所在地,間取,築,売/貸,金額(万円)", "vacancies"),
        ("a", "物件,所在地,構造,築年,面積,賃料", "vacancies"),
        ("a", "物件名,住所,緯度,経度,構造,築年,延床面積", "vacancies"),
        ("a", "名称,住所,緯度,経度,賃料,築年月,備考", "vacancies"),
        ("空き家バンク登録物件一覧", "名称,住所,緯度,経度,構造,階数,備考", "vacancies"),
        ("a", "物件番号,現況,種目,物件所在地,売買・賃貸の別,間取り,建築時期", "vacancies"),
        # A city's own buildings have a structure and an age, too, and a place may have a price and an area.
        ("a", "施設名,所在地,緯度,経度,構造,建築年,延床面積,階数", "places"),
        ("a", "名称,住所,緯度,経度,種別,面積,定員,利用料金(金額),開館時間", "places"),
        ("a", "名称,所在地,緯度,経度,対象,開催日時,定員,参加費", "places"),
    ],
)
def test_a_bank_of_vacant_houses_is_known_by_its_columns(
    tmp_path: Path, name: str, header: str, kind: str
) -> None:
    cells = {
        "緯度": "35.7",
        "経度": "139.7",
        "種別": "集会所",
        "構造": "木造",
        "築年": "1975",
        "賃料": "3万円",
    }
    columns = header.split(",")
    rows = [{c: cells.get(c, f"文京区湯島1-{i}" if "所" in c else f"あ{i}") for c in columns} for i in (1, 2)]
    assert sources.detect(listed(tmp_path / f"{name}.csv", rows)) == kind


def test_a_column_of_a_bank_can_be_told_and_is_remembered(tmp_path: Path) -> None:
    cells = {
        k: v
        for k, v in bank(いつ="昭和48年", どこ="湯島").items()
        if k not in ("物件の所在", "築年数・建築年月")
    }
    path = listed(tmp_path / "bank.csv", [cells])
    with pytest.raises(errors.DataError, match="--map address") as caught:
        read(path)
    assert caught.value.code == "vacancies_columns"
    known = {"addresses": known_towns(tmp_path), "municipality": "文京区"}
    mapping = {"address": "場所", "built": "いつ"}
    path = listed(tmp_path / "bank.csv", [{**cells, "場所": "文京区湯島1-1"}])
    told = sources.read(path, municipality_code="13105", hints=sources.Hints(mapping=mapping, **known))
    assert told.table[["precision", "built_year"]].to_numpy().tolist() == [["town", 1973.0]]
    assert told.layout is not None
    layouts = {told.layout.fingerprint: told.layout.columns}
    again = sources.read(path, municipality_code="13105", hints=sources.Hints(layouts=layouts, **known))
    assert again.table["built_year"].tolist() == [1973.0]
    with pytest.raises(errors.DataError) as caught:
        sources.read(path, municipality_code="13105", hints=sources.Hints(layouts=layouts))
    assert caught.value.code == "rows_no_position"


# -- the sample and the real lists --------------------------------------------------------------------------


def test_the_sample_lists(sample: Path) -> None:
    salons, cafeterias, vacant = (
        sources.read(sample / name, municipality_code="99101")
        for name in ("ibasho_salon.csv", "kodomo_shokudo.csv", "vacant.csv")
    )
    assert {n.code for n in salons.notes if n.level == "refused"} == {
        "row_swapped",
        "row_no_position",
        "row_too_far",
    }
    assert next(n.values["name"] for n in salons.notes if n.code == "row_too_far") == "帆風サロン"
    assert (salons.table["open_days_per_week"] >= 3).sum() >= 8
    assert salons.table["open_days_per_week"].notna().all()
    assert len(cafeterias.table) == 12
    assert cafeterias.table["open_days_per_week"].isna().sum() == 1
    assert vacant.table["kind"].value_counts().to_dict() == {"house": 260, "shop": 30}
    assert set(vacant.table["owner_consent"]) == set(schemas.CONSENT)


@pytest.mark.realdata
def test_real_cafeterias(realdata: Path) -> None:
    path = realdata / "places" / "kodomo_shokudo" / "kodomo-shokudo.csv"
    found = sources.read(path, municipality_code="13105")
    assert (found.rows, len(found.table)) == (605, 7)
    assert set(found.table["address"].str.startswith("東京都文京区")) == {True}
    sheet = _tables.read(path)
    table = places.table_of(sheet)
    assert table is not None
    column = table.column(places.ALIASES["latitude"])
    assert sum(bool(row.cells[column].strip()) for row in table.rows if column is not None) == 548


@pytest.mark.realdata
def test_real_originals_with_their_marks_and_padding(realdata: Path) -> None:
    folder = realdata / "places" / "kodomo_shokudo" / "opendata"
    okinawa = sources.read(next((folder / "okinawa").rglob("*.csv")), municipality_code="47211")
    assert (okinawa.rows, len(okinawa.table)) == (10, 10)
    assert [str(n) for n in okinawa.notes if n.code == "rows_blank"] == ["989 blank rows were passed over."]
    assert (okinawa.table["open_days_per_week"] >= 3).any()
    for path in sorted((folder / "tokyo").glob("*.csv")):
        table = places.table_of(_tables.read(path))
        assert (table is None) == path.stem.endswith("_tsuika"), path.name
        try:
            found = sources.read(path, municipality_code="13101")
        except errors.DataError as problem:
            assert problem.code in ("rows_no_position", "venues_no_parent"), path.name
        else:
            assert set(found.table["kind"]) == {"children_cafeteria"}


@pytest.mark.realdata
def test_real_facilities_refuse_the_one_whose_longitude_is_its_latitude(realdata: Path) -> None:
    found = sources.read(
        realdata / "places" / "chiyoda" / "main_facilities_v2.1.0.json", municipality_code="13101"
    )
    refused = [str(n) for n in found.notes if n.level == "refused"]
    assert len(refused) == 1
    assert "万世橋出張所" in refused[0]
    assert "35.6976015, 35.6976015" in refused[0]
    assert (found.rows, len(found.table)) == (64, 63)
    assert found.table["targets"].value_counts().to_dict() == {
        "all": 43,
        "older": 8,
        "children": 7,
        "disabled": 5,
    }
    points = sources.read(realdata / "places" / "chiyoda" / "places.geojson", municipality_code="13101")
    assert len(points.table) == 92


def test_the_aliases_of_two_fields_are_apart() -> None:
    for aliases in (places.ALIASES, vacancies.ALIASES):
        names = [name for field in aliases.values() for name in field]
        assert len(names) == len(set(names))
        assert all(name == _tables.heading(name) for name in names)
