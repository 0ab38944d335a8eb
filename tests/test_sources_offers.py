"""What a place asks and offers: steps, fee, languages, functions, for whom, from standards and any other list."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo import coverage, registry, schemas, sources, text
from geo.present import exports
from geo.sources import _mapping, _offers
from geo.study import MORE_GROUPS, Group

HERE = {"緯度": "35.7", "経度": "139.7"}
CAFETERIAS = exports._standard("cafeteria49")["columns"]
FIELDS = ["targets", "targets_known", "functions", "step_free", "fee_yen", "fee_child_yen", "languages"]
NAN = float("nan")


def listed(path: Path, *rows: dict[str, Any], header: list[str] | None = None) -> Path:
    columns = header or list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path, **hints: Any) -> sources.Reading:
    return sources.read(path, municipality_code="13105", kind="places", hints=sources.Hints(**hints))


def told(found: sources.Reading, row: int = 0) -> list[Any]:
    return [
        None if value is None or value != value else value
        for value in found.table.sort_values("source_row").iloc[row][FIELDS]
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("○", "yes"), ("あり", "yes"), ("スロープあり", "yes"), ("段差なし、多目的トイレ", "yes"), ("車いす可", "yes"),
        ("車イスでの利用可", "yes"), ("バリアフリー対応", "yes"), ("step-free", "yes"),
        ("×", "no"), ("なし", "no"), ("段差あり", "no"), ("車椅子不可", "no"), ("玄関に階段が数段", "no"),
        ("スロープなし", "no"), ("階段のみ", "no"), ("エレベーターなし", "no"),
        ("△", None), ("一部バリアフリー", None), ("多目的トイレ", None), ("点字ブロック", None), ("", None),
        ("段差あり、スロープあり", None), ("車椅子は要相談", None),
    ],
)  # fmt: skip
def test_steps_are_told_or_not_known(words: str, expected: str | None) -> None:
    assert _offers.step_free(words) == expected


@pytest.mark.parametrize(
    ("words", "adult", "child"),
    [
        ("無料", 0, 0), ("参加費無料", 0, 0), ("なし", 0, 0), ("100円", 100, 100), ("１，０００円", 1000, 1000),
        ("300", 300, 300), ("1回200円", NAN, NAN), ("100円/回", 100, 100),
        ("実費", NAN, NAN), ("100円程度", NAN, NAN), ("100円~300円", NAN, NAN), ("無料（材料費別途）", NAN, NAN),
        ("年額1000円", NAN, NAN), ("10食限定", NAN, NAN), ("-", NAN, NAN),
        ("こども無料 おとな300円", 300, 0), ("大人200円、子ども100円", 200, 100), ("こども・おとな無料", 0, 0),
        ("中学生まで無料", NAN, 0), ("18歳以下:100円 19歳以上:300円", NAN, 100),
        ("大人はカンパ制。18歳まで無料", NAN, 0),
        ("ひとり親家庭は大人も無料", NAN, NAN), ("大人は弁当配布のみ無料、店内飲食は有料", NAN, NAN),
    ],
)  # fmt: skip
def test_a_fee_is_a_fixed_sum_or_not_known(words: str, adult: float, child: float) -> None:
    np.testing.assert_equal(tuple(_offers.fee(words)), (adult, child))


def test_a_child_pays_the_highest_sum_for_children_and_columns_win_over_words() -> None:
    assert _offers.fees("300", ["0", "50", "100"], "こども無料") == _offers.Fee(300, 100)
    assert _offers.fees("無料", ["", "-", ""], "") == (0, pytest.approx(NAN, nan_ok=True))
    # A cell that says something else is no blank: the words beside it do not stand in for it.
    assert math.isnan(_offers.fees("カンパ", ["0", "0", "0"], "大人300円").adult)


@pytest.mark.parametrize("code", schemas.LANGUAGES)
def test_every_language_is_read_by_its_name_and_by_its_code(code: str) -> None:
    name = text.say(f"spoken.{code}", "ja")
    assert _offers.languages(name) == _offers.languages(text.say(f"spoken.{code}", "en").lower()) == code
    assert _offers.languages(code) == code
    if code != "ja":
        assert _offers.remarked(f"対応言語:{name}")[1] == code


def test_who_may_come_is_told_by_conditions_that_are_clear(tmp_path: Path) -> None:
    conditions = {
        "なし": ("all", True), "どなたでも": ("all", True), "誰でも参加可能 小学生は親の了解が必要": ("all", True),
        "小学生のみ": ("children", True), "子ども、独居高齢者": ("older;children", True),
        "高校生は対象外": ("children", False),
        "要相談": ("children", False), "ひとり親家庭": ("children", False), "": ("children", False),
    }  # fmt: skip
    rows = [{"名称": f"食堂{i}", "ID": i, "参加条件": words, **HERE} for i, words in enumerate(conditions)]
    found = read(listed(tmp_path / "c.csv", *rows, header=CAFETERIAS))
    assert [tuple(told(found, i)[:2]) for i in range(len(rows))] == list(conditions.values())


def test_the_cafeteria_standard_tells_fees_conditions_and_what_is_beside_the_meal(tmp_path: Path) -> None:
    row = {
        "名称": "みなも食堂", "ID": "1", "実施支援の主な区分": "生活相談・学習支援", "参加条件": "どなたでも",
        "参加費_幼児": "0", "参加費_小学生": "100", "参加費_中学生": "100", "参加費_高校生": "200",
        "参加費_大人": "３００円", "備考": "スロープあり",
        **HERE,
    }  # fmt: skip
    blank = {"名称": "なにも書かない食堂", "ID": "2", **HERE}
    found = read(listed(tmp_path / "c.csv", row, blank, header=CAFETERIAS))
    assert told(found) == ["all", True, "gather;consult;learn;eat", "yes", 300.0, 100.0, None]
    assert told(found, 1) == ["children", False, None, None, None, None, None]


def test_facilities_tell_of_steps(tmp_path: Path) -> None:
    header = ["都道府県コード又は市区町村コード", "NO", "名称", "POIコード", "住所", "緯度", "経度", "利用可能曜日",
              "説明",
              "バリアフリー情報", "備考"]  # fmt: skip
    words = ("車椅子可;ツエ貸出", "スロープなし", "多目的トイレ;点字", "")
    rows = [{"名称": f"会館{i}", "NO": i, "バリアフリー情報": w, **HERE} for i, w in enumerate(words)]
    found = read(listed(tmp_path / "f.csv", *rows, header=header))
    assert found.table["step_free"].fillna("-").tolist() == ["yes", "no", "-", "-"]
    [note] = [note for note in found.notes if note.code == "places_step_free_unread"]
    assert str(note).startswith("Of 1 of 4 places") and "多目的トイレ;点字" in str(note)


def test_events_and_care_tell_what_their_standards_have(tmp_path: Path) -> None:
    event = {"イベント名": "茶話会", "開始日": "2025-05-03", "終了日": "2025-05-03", "場所名称": "区民ホール", **HERE,
             "料金(基本)": "無料"}  # fmt: skip
    assert told(read(listed(tmp_path / "e.csv", event)))[4:6] == [0.0, 0.0]


def test_a_list_of_our_own_schema_and_a_linkdata_file(tmp_path: Path) -> None:
    own = {
        "place_id": "p1", "name": "えんがわ", "kind": "ibasho", "lat": "35.7", "lon": "139.7", "target": "all",
        "fee_adult": "0", "accessible": "TRUE", "multi_functions": "gather;consult", "languages": "en;vi",
    }  # fmt: skip
    assert told(read(listed(tmp_path / "o.csv", own))) == [
        "all", True, "gather;consult", "yes", 0.0, 0.0, "en;vi",
    ]  # fmt: skip
    (tmp_path / "l.csv").write_text(
        "#property,latitude,longitude,name,address,service,wheelchair\np1,35.7,139.7,会館,湯島1,相談・講座,no\n",
        encoding="utf-8",
    )
    assert told(read(tmp_path / "l.csv"))[2:4] == ["consult;learn", "no"]


def test_columns_of_any_other_list_are_guessed_shown_corrected_and_saved(tmp_path: Path) -> None:
    row = {
        "名称": "えんがわ", **HERE, "入口の段差解消": "一部", "一回の参加費": "100円", "通じる外国語": "英語・中国語",
        "おもな活動内容": "体操と茶話会", "車椅子用トイレ": "あり",
    }  # fmt: skip
    path = listed(tmp_path / "x.csv", row)
    found = read(path)
    assert told(found)[2:] == ["gather", None, 100.0, 100.0, "en;zh"]
    assert found.layout is not None
    assert dict(found.layout.columns) == {
        "step_free": "入口の段差解消", "fee": "一回の参加費", "languages": "通じる外国語",
        "functions": "おもな活動内容",
    }  # fmt: skip
    codes = {note.code for note in found.notes}
    assert {"places_columns_guessed", "places_step_free_unread"} <= codes
    corrected = read(path, mapping={"step_free": "車椅子用トイレ"})
    assert corrected.layout is not None
    assert corrected.layout.columns["step_free"] == "車椅子用トイレ"
    again = read(path, layouts={_mapping.fingerprint(row): dict(corrected.layout.columns)})
    assert told(again) == told(corrected)


def test_steps_asked_the_other_way_round(tmp_path: Path) -> None:
    rows = [{"名称": f"会館{i}", **HERE, "段差の有無": word} for i, word in enumerate(("有", "無", ""))]
    assert read(listed(tmp_path / "s.csv", *rows)).table["step_free"].fillna("-").tolist() == [
        "no",
        "yes",
        "-",
    ]


@pytest.mark.parametrize("form", ["cafeteria49", "facilities", "csv", "xlsx"])
def test_what_is_written_comes_back_unchanged(tmp_path: Path, form: exports.Form) -> None:
    rows = [
        {"名称": "A食堂", "ID": "1", "実施支援の主な区分": "学習支援", "参加条件": "どなたでも", "参加費_小学生": "0",
         "参加費_大人": "300", "備考": "段差なし。対応言語:英語、ベトナム語", "開催頻度": "5"},
        {"名称": "B食堂", "ID": "2", "実施支援の主な区分": "該当なし", "参加条件": "子育て中の親、外国人、若い世代",
         "備考": "段差あり。対応言語:日本語のみ"},
        {"名称": "C食堂", "ID": "3", "参加費_大人": "500円", "参加費特記事項": "こども無料"},
        {"名称": "D食堂", "ID": "4"},
    ]  # fmt: skip
    places = [{**row, **HERE, "経度": f"139.{70 + i}"} for i, row in enumerate(rows)]
    first = read(listed(tmp_path / "a.csv", *places, header=CAFETERIAS))
    assert told(first, 1)[2:4] == ["gather;eat", "no"]
    none = schemas.empty(schemas.Duplicates)
    [file] = exports.files(first.table, none, form=form, code="131059", municipality="文京区")
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / file.name).write_bytes(file.content)
    back = read(tmp_path / "back" / file.name)
    fields = [*FIELDS, "place_id", "name", "open_days_per_week"]
    pd.testing.assert_frame_equal(back.table[fields], first.table[fields])


def test_who_cannot_climb_steps_is_answered_by_the_list(tmp_path: Path) -> None:
    group = next(one for one in MORE_GROUPS if one.group == "disabled")
    rows = [{"名称": f"会館{i}", **HERE, "段差なし": word} for i, word in enumerate(("○", "×", ""))]
    places = read(listed(tmp_path / "p.csv", *rows)).table
    np.testing.assert_equal(coverage.suits(places, group).tolist(), [1.0, 0.0, NAN])
    child = Group(group="pupils", column="people", max_fee_yen=0, pays="child")
    told_fees = places.assign(fee_yen=[300.0, 0.0, NAN], fee_child_yen=[0.0, 100.0, NAN])
    np.testing.assert_equal(coverage.suits(told_fees, child).tolist(), [1.0, 0.0, NAN])


@pytest.mark.realdata
def test_real_cafeterias_tell_their_fees_and_come_back(realdata: Path, tmp_path: Path) -> None:
    path = realdata / "places" / "kodomo_shokudo" / "kodomo-shokudo.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    bunkyo = [row for row in rows if row["全国地方公共団体コード"].strip().startswith("13105")]
    found = sources.read(path, municipality_code="13105", kind="places").table
    plain = [row["参加費_大人"].strip() for row in bunkyo]
    sums = sorted(float(cell) for cell in plain if cell.isdigit())
    assert len(sums) > 5
    assert sorted(found["fee_yen"].dropna()) == sums
    none = schemas.empty(schemas.Duplicates)
    [file] = exports.files(found, none, form="cafeteria49", code="131050", municipality="文京区")
    (tmp_path / file.name).write_bytes(file.content)
    back = sources.read(tmp_path / file.name, municipality_code="13105", kind="places").table
    pd.testing.assert_frame_equal(back[FIELDS], registry.publishable(found)[FIELDS])


def feature(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Point", "coordinates": [139.7, 35.7]},
    }


def test_a_point_may_tell_in_records_within_it(tmp_path: Path) -> None:
    tags = {"opening_hours": "Mo-Fr 09:00-17:00", "wheelchair": "yes", "phone": "03-9999-8888"}
    wam = {
        "定休日": "土、日",
        "利用可能な時間帯（平日）": "10:00-16:00",
        "事業所電話番号": "03-9999-8888",
        "定員": "20",
    }
    two = [{"attributes": {**wam, "定員": "20"}}, {"attributes": {"定休日": "水", "定員": "20"}}]
    features = [
        feature({"name": "区役所", "sources": {"openstreetmap": {"record": {"tags": tags}}}}),
        feature({"name": "作業所", "sources": {"wam": {"records": [{"attributes": wam}]}}}),
        # Two services of one place that close on other days: nobody knows when the place is open.
        feature({"name": "相談所", "sources": {"wam": {"records": two}}}),
        feature({"name": "会館", "opening": "毎週火曜", "sources": {"openstreetmap": {"tags": tags}}}),
        feature({"name": "広場", "開所日": "毎週火曜", "sources": {"openstreetmap": {"tags": tags}}}),
    ]
    path = tmp_path / "p.geojson"
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), encoding="utf-8"
    )
    found = read(path).table.sort_values("source_row")
    days = found["open_days_per_week"].tolist()
    assert days[0] == days[1] == 5.0
    assert found["step_free"].fillna("-").tolist() == ["yes", "-", "-", "yes", "yes"]
    assert found["capacity"].fillna(0).tolist() == [0, 20, 20, 0, 0]
    assert math.isnan(days[2])
    assert (days[4], found["opening_text"].iloc[4]) == (1.0, "毎週火曜")  # its own words come first
    assert "9999" not in found.drop(columns="geometry").astype(str).to_csv()


@pytest.mark.realdata
def test_real_points_tell_when_they_are_open_and_of_steps(realdata: Path) -> None:
    found = sources.read(realdata / "places" / "chiyoda" / "places.geojson", municipality_code="13101")
    assert len(found.table) == 92
    assert found.table["opening_text"].notna().sum() >= 40
    assert found.table["step_free"].value_counts().to_dict() == {"yes": 15, "no": 3}
