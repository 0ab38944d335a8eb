"""Entries of many lists become places, each once; what is not clear is left to a person, and files lose nothing."""

from __future__ import annotations

import csv
import io
import logging
import re
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import errors, registry, schemas, sources
from geo.present import exports

log = logging.getLogger(__name__)

LON, LAT = 139.75, 35.70
M_EAST = 1 / (111_200 * np.cos(np.radians(LAT)))
"""Degrees of a metre to the east, as the registry counts."""


def entry(place_id: str, name: str = "みんなの縁側", *, east: float = 0.0, **cells: Any) -> dict[str, Any]:
    fixed = {"kind": "salon", "targets": "all", "targets_known": True, "open_days_per_week": 1.0}
    blank = dict.fromkeys(("opening_text", "operator", "address", "verified_on", "stage", "opened_on"))
    rest = {
        "capacity": np.nan,
        "status": "open",
        "precision": "point",
        "closed_on": None,
        "next_review_on": None,
    }
    own = {"source_row": 2, "dataset_id": f"places:{place_id.split(':')[0]}", "do_not_publish": False}
    where = shapely.Point(LON + east * M_EAST, LAT)
    return {"place_id": place_id, "name": name, **fixed, **blank, **rest, **own, "geometry": where, **cells}


def table(*entries: dict[str, Any]) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(list(entries), geometry="geometry", crs=schemas.STORED_CRS)
    return gpd.GeoDataFrame(schemas.conform(schemas.Places, frame))


def verdict(one: dict[str, Any], other: dict[str, Any]) -> tuple[str, str]:
    pairs = registry.duplicates(table(one, other))
    return (pairs["verdict"].iloc[0], pairs["why"].iloc[0]) if len(pairs) else ("different", "")


# --- names and addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("髙橋さん家", "高橋さん家"),
        ("斎藤ひろば", "齋藤ひろば"),
        ("斉藤ひろば", "齊藤 ひろば"),
        ("渡邊サロン", "渡辺サロン"),
        ("渡邉サロン", "渡辺サロン"),
        ("霞ヶ関の家", "霞が関の家"),
        ("霞ケ関の家", "霞関の家"),
        ("ＮＰＯ法人みらい食堂", "みらい食堂"),
        ("特定非営利活動法人 みらい食堂", "みらい食堂"),
        ("(社福)みらい食堂".replace("社福", "福"), "みらい食堂"),
        ("株式会社みらい　食堂", "みらい食堂"),
        ("一般社団法人みらい食堂", "(一社)みらい食堂"),
        ("みらい子供食堂", "みらいこども食堂"),
        ("みらい子ども食堂", "みらい コドモ食堂"),
        ("ふれあいｻﾛﾝ・一番町", "「ふれあいサロン」一番町"),
        ("Cafe Ｍｏｒｉ", "CAFE mori"),
        ("ふれあいコミュニティー", "ふれあいコミュニティ"),
    ],
)
def test_one_name_in_two_spellings(one: str, other: str) -> None:
    assert registry.core(one) == registry.core(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("第1集会所", "第2集会所"), ("サロン(男性)", "サロン(女性)"), ("東児童館", "西児童館"), ("の", "に")],
)
def test_two_names(one: str, other: str) -> None:
    assert registry.core(one) != registry.core(other)


def test_a_name_of_signs_alone_is_still_a_name() -> None:
    assert registry.core("☆☆") != registry.core("★")
    assert registry.core("NPO法人") == registry.core("NPO法人")


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("東京都千代田区飯田橋三丁目5番6号", "千代田区飯田橋3-5-6"),
        ("千代田区飯田橋３－５－６", "千代田区飯田橋3-5-6"),
        ("千代田区飯田橋3丁目5-6 ○○ビル2階", "千代田区飯田橋3-5-6"),
        ("千代田区飯田橋 3 ー 5 ー 6", "千代田区飯田橋3-5-6"),
        ("千代田区飯田橋3丁目5番地の6", "千代田区飯田橋3-5-6"),
        ("文京区小石川二十三番地", "文京区小石川23"),
        ("文京区小石川百五番1号", "文京区小石川105-1"),
        ("千代田区一番町10", "千代田区一番町10"),
        ("青梅市大字長淵12番地", "青梅市長淵12"),
        ("杉並区阿佐ヶ谷南1-2-3", "杉並区阿佐谷南1-2-3"),
        ("杉並区阿佐谷南1丁目2番3号", "杉並区阿佐谷南1-2-3"),
        ("北海道札幌市北区北8条西5丁目", "札幌市北区北8条西5"),
        ("京都府京都市上京区1-2", "京都市上京区1-2"),
        ("日野市平山", "日野市平山"),
        ("", ""),
    ],
)
def test_addresses_are_compared_by_their_numbers(written: str, plain: str) -> None:
    assert registry.address(written) == registry.address(plain)
    assert (registry.address(written) == "") == (written == "")


@given(st.text(max_size=40))
def test_any_text_has_a_core_and_an_address_that_stay(text: str) -> None:
    assert registry.core(registry.core(text)) == registry.core(text) or registry.core(text)
    assert isinstance(registry.address(text), str)


@pytest.mark.parametrize(
    ("cells", "private"),
    [
        ({"address": "千代田区一番町1-2 山田様方"}, True),
        ({"address": "千代田区一番町1-2 山田様宅"}, True),
        ({"name": "山田さん宅サロン"}, True),
        ({"operator": "自宅開放"}, True),
        ({"address": "千代田区一番町1-2 山田宅"}, True),
        ({"address": "千代田区一番町1-2 都営住宅"}, False),
        ({"name": "お客様の声カフェ"}, False),
        ({}, False),
    ],
)
def test_private_homes_never_leave(cells: dict[str, Any], private: bool) -> None:
    places = table(entry("a:1", **cells))
    assert registry.is_private(places).tolist() == [private]
    assert len(registry.publishable(places)) == (0 if private else 1)


@pytest.mark.parametrize(
    "cells",
    [{"do_not_publish": True}, {"status": "closed"}, {"status": "planned"}, {"status": "suspended"}],
)
def test_what_is_not_open_or_asked_to_stay_out_is_not_published(cells: dict[str, Any]) -> None:
    assert registry.publishable(table(entry("a:1", **cells))).empty


@pytest.mark.parametrize(
    ("word", "stage", "status"),
    [
        ("相談中", "consulting", "planned"),
        ("準備中", "preparing", "preparing"),
        ("立上げ完了", "established", "open"),
        ("立ち上げ完了", "established", "open"),
        ("継続支援", "supported", "open"),
        ("休止", "suspended", "suspended"),
        ("終了", "closed", "closed"),
        ("開設中", None, "open"),
    ],
)
def test_the_life_of_a_place_is_read_from_the_councils_words(
    tmp_path: Path, word: str, stage: str | None, status: str
) -> None:
    cells = {
        "名称": "縁側", "緯度": "35.7", "経度": "139.7", "状態": word, "確認日": "2026/1/5", "開設日": "令和2年4月1日",
        "次回確認日": "2027-01-05", "公開可否": "否" if stage else "可", "担当者": "山田", "電話番号": "03-1234-5678",
    }  # fmt: skip
    (tmp_path / "list.csv").write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n", encoding="utf-8")
    [place] = sources.read(tmp_path / "list.csv", municipality_code="13101").table.to_dict("records")
    assert (None if pd.isna(place["stage"]) else place["stage"], place["status"]) == (stage, status)
    assert (place["opened_on"], place["next_review_on"]) == ("2020-04-01", "2027-01-05")
    assert place["do_not_publish"] == bool(stage)
    assert not {"山田", "03-1234-5678"} & {str(value) for value in place.values()}


# --- pairs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({}, {}, ("same", "equal")),
        ({}, {"east": 49.9}, ("same", "equal")),
        ({}, {"east": 50.2}, ("undecidable", "apart")),
        ({}, {"east": 249.5}, ("undecidable", "apart")),
        ({}, {"east": 250.5}, ("different", "")),
        ({"address": "X町1-2"}, {"address": "X町1番2号", "east": 200}, ("same", "equal")),
        ({"address": "X町1-2"}, {"address": "X町1-2", "east": 300}, ("different", "")),
        ({"address": "X町"}, {"address": "X町", "east": 200}, ("undecidable", "apart")),
        ({"kind": "facility"}, {}, ("same", "equal")),
        ({"kind": "children_cafeteria"}, {}, ("undecidable", "kinds")),
        ({"precision": "town"}, {"east": 1500}, ("undecidable", "rough")),
        ({"precision": "town"}, {"east": 10}, ("undecidable", "rough")),
        ({"precision": "town"}, {"east": 2010}, ("different", "")),
        ({"precision": "town", "address": "X町1-2"}, {"address": "X町1-2", "east": 900}, ("same", "equal")),
        ({"name": "第1集会所"}, {"name": "第2集会所"}, ("different", "")),
        ({"name": "第一集会所"}, {"name": "第二集会所"}, ("different", "")),
        ({"name": "第一集会所"}, {"name": "第1集会所"}, ("same", "equal")),
        ({"name": "ふれあいサロン澪"}, {"name": "ふれあいサロソ澪"}, ("undecidable", "alike")),
        ({"name": "みんなの縁側 澪"}, {}, ("undecidable", "alike")),
        ({"name": "みんなの縁側 澪"}, {"east": 60}, ("different", "")),
        ({"name": "わくわく子ども食堂"}, {"name": "こども食堂"}, ("different", "")),
        ({"name": "あおぞら"}, {"name": "そよかぜ"}, ("different", "")),
    ],
)
def test_each_rule_at_its_border(
    one: dict[str, Any], other: dict[str, Any], expected: tuple[str, str]
) -> None:
    first, second = entry("a:1", **one), entry("b:1", **other)
    assert verdict(first, second) == expected
    assert verdict({**second, "place_id": "a:1"}, {**first, "place_id": "b:1"}) == expected


def test_one_list_that_gives_two_hours_at_one_place_is_asked_about() -> None:
    first = entry("a:1", opening_text="第1土")
    assert verdict(first, entry("a:2", opening_text="第3土")) == ("undecidable", "list")
    assert verdict(first, entry("a:2", opening_text="第1 土")) == ("same", "equal")
    assert verdict(first, entry("b:2", opening_text="第3土")) == ("same", "equal")


def test_several_venues_of_one_organisation_stay_several_places() -> None:
    records = table(*(entry(f"a:{i}", east=400.0 * i, operator="みらい会") for i in range(4)))
    pairs = registry.duplicates(records)
    assert pairs.empty
    assert len(registry.places(records, pairs)) == 4


def test_the_plane_and_degrees_give_the_same_verdicts() -> None:
    records = table(
        *(entry(f"a:{i}", east=40.0 * i) for i in range(5)), entry("b:1", "みんなの縁側2", east=20)
    )
    plane = gpd.GeoDataFrame(records.to_crs("EPSG:6677"))
    columns = ["place_id", "other_id", "verdict", "why"]
    pd.testing.assert_frame_equal(registry.duplicates(records)[columns], registry.duplicates(plane)[columns])


# --- what persons decide ----------------------------------------------------------------------------------


def said(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["place_id", "other_id", "decision"])
    return frame.assign(score=100.0, distance_m=0.0, why="decision", verdict=frame["decision"])


def test_a_decision_wins_over_the_rules() -> None:
    near = table(entry("a:1"), entry("b:1"))
    pairs = registry.duplicates(near, said(("a:1", "b:1", "different")))
    assert pairs[["verdict", "why"]].to_numpy().tolist() == [["different", "decision"]]
    assert len(registry.places(near, pairs)) == 2
    far = table(entry("a:1"), entry("b:1", "別の名", east=5000))
    pairs = registry.duplicates(far, said(("a:1", "b:1", "same")))
    assert len(registry.places(far, pairs)) == 1
    gone = said(("a:1", "z:9", "same"))
    assert registry.duplicates(far, gone).empty


def test_a_chain_that_holds_different_places_is_left_to_a_person() -> None:
    records = table(entry("a:1"), entry("b:1", east=10), entry("c:1", east=20))
    assert len(registry.places(records, registry.duplicates(records))) == 1
    pairs = registry.duplicates(records, said(("a:1", "c:1", "different")))
    assert pairs["why"].tolist() == ["chain", "decision", "chain"]
    assert len(registry.places(records, pairs)) == 3
    both = said(("a:1", "b:1", "same"), ("a:1", "c:1", "different"))
    pairs = registry.duplicates(records, both)
    assert len(registry.places(records, pairs)) == 2


def test_decisions_that_contradict_are_named() -> None:
    records = table(entry("a:1"), entry("b:1"), entry("c:1"))
    wrong = said(("a:1", "b:1", "same"), ("b:1", "c:1", "same"), ("a:1", "c:1", "different"))
    with pytest.raises(errors.DataError, match="a:1 and c:1 were said to be different"):
        registry.duplicates(records, wrong)


# --- merging ------------------------------------------------------------------------------------------------


def test_the_entry_confirmed_last_leads_and_the_others_fill_its_blanks() -> None:
    old = entry(
        "a:1", kind="salon", verified_on="2024-01-01", capacity=20.0, address="X町1-2", opening_text="毎週火",
        precision="point", opened_on="2019-04-01", do_not_publish=True,
    )  # fmt: skip
    new = entry(
        "b:1", "ＮＰＯ法人みんなの縁側", kind="facility", verified_on="2026-01-01", open_days_per_week=np.nan,
        opening_text="お問い合わせください", targets_known=False, targets="older", status="suspended",
        address="X町1番2号", precision="block", east=30,
    )  # fmt: skip
    records = table(old, new)
    pairs = registry.duplicates(records)
    merged = registry.places(records, pairs)
    assert len(merged) == 1
    one = merged.iloc[0]
    assert (one["place_id"], one["name"], one["status"]) == ("b:1", "ＮＰＯ法人みんなの縁側", "suspended")
    assert (one["capacity"], one["opened_on"], one["kind"], one["targets"]) == (
        20.0,
        "2019-04-01",
        "salon",
        "all",
    )
    assert (one["opening_text"], one["open_days_per_week"]) == ("毎週火", 1.0)
    assert one["precision"] == "point"
    assert one["geometry"].equals(old["geometry"])
    assert one["do_not_publish"]
    told = registry.field_sources(records, pairs).set_index("field")["record_id"]
    assert told[["name", "address", "verified_on"]].tolist() == ["b:1"] * 3
    assert told[["capacity", "opening_text", "geometry", "kind", "do_not_publish"]].tolist() == ["a:1"] * 5


def test_nothing_given_is_changed_in_place() -> None:
    records = table(entry("a:1"), entry("b:1"))
    before = records.copy(deep=True)
    registry.places(records, registry.duplicates(records))
    pd.testing.assert_frame_equal(pd.DataFrame(records), pd.DataFrame(before))


def test_no_places_are_no_places() -> None:
    none = schemas.empty(schemas.Places)
    pairs = registry.duplicates(none)
    assert pairs.empty
    assert registry.places(none, pairs).empty
    assert registry.field_sources(none, pairs).empty


entries = st.lists(
    st.builds(
        lambda i, name, list_, kind, address, verified, capacity: entry(
            f"{list_}:", name, east=i, kind=kind, address=address, verified_on=verified, capacity=capacity
        ),
        st.sampled_from([0, 20, 45, 90, 240, 600]),
        st.sampled_from(["みんなの家", "みんなの家 澪", "第1集会所", "第2集会所", "ＮＰＯ法人みんなの家"]),
        st.sampled_from("abc"),
        st.sampled_from(["salon", "facility", "children_cafeteria"]),
        st.sampled_from([None, "X町1-2", "X町1番2号", "X町3"]),
        st.sampled_from([None, "2024-01-01", "2025-01-01"]),
        st.sampled_from([np.nan, 10.0]),
    ),
    min_size=1,
    max_size=9,
).map(lambda rows: [{**row, "place_id": f"{row['place_id']}{i}"} for i, row in enumerate(rows)])


@settings(max_examples=40)
@given(entries, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[dict[str, Any]], random: Any) -> None:
    records = table(*rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    other = gpd.GeoDataFrame(records.iloc[order].reset_index(drop=True))
    pairs, again = registry.duplicates(records), registry.duplicates(other)
    pd.testing.assert_frame_equal(pairs, again)
    one, two = registry.places(records, pairs), registry.places(other, again)
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(two))
    merged = set(pairs.loc[pairs["verdict"] == "same", ["place_id", "other_id"]].to_numpy().ravel())
    assert len(one) + len(merged) >= len(records) >= len(one)
    assert set(one["place_id"]) <= set(records["place_id"])
    # Merging again finds nothing more that is the same by name and place alone.
    undecided = pairs[pairs["verdict"] == "undecidable"]
    groups = {frozenset(pair) for pair in undecided[["place_id", "other_id"]].to_numpy().tolist()}
    assert all(len(group) == 2 for group in groups)


# --- a newer edition ----------------------------------------------------------------------------------------


def listed(*names: str) -> gpd.GeoDataFrame:
    """A list without numbers: its entries are named by their rows."""
    rows = [
        entry(f"a:{row}", name, source_row=row, east=100.0 * sum(map(ord, name)))
        for row, name in enumerate(names, start=2)
    ]
    return table(*rows)


def test_a_line_put_in_at_the_top_renames_nothing() -> None:
    old = listed("あおぞら", "そよかぜ", "ひだまり")
    new = registry.aligned(listed("あさひ", "あおぞら", "そよかぜ", "ひだまり"), old)
    assert dict(zip(new["name"], new["place_id"], strict=True)) == {
        "あおぞら": "a:2",
        "そよかぜ": "a:3",
        "ひだまり": "a:4",
        "あさひ": "a:2'",
    }


def test_a_line_taken_out_renames_nothing() -> None:
    old = listed("あおぞら", "そよかぜ", "ひだまり")
    new = registry.aligned(listed("そよかぜ", "ひだまり"), old)
    assert dict(zip(new["name"], new["place_id"], strict=True)) == {"そよかぜ": "a:3", "ひだまり": "a:4"}


def test_a_new_place_in_the_house_of_one_that_moved_down_a_line_is_new() -> None:
    old = table(entry("a:2", "あおぞら"))
    new = table(entry("a:2", "そよかぜ", source_row=2), entry("a:3", "あおぞら", source_row=3))
    names = registry.aligned(new, old).set_index("place_id")["name"]
    assert names.to_dict() == {"a:2": "あおぞら", "a:2'": "そよかぜ"}


def test_a_place_whose_name_alone_was_mended_is_itself() -> None:
    old = table(entry("a:2", "あおぞら"), entry("a:3", "そよかぜ", source_row=3, east=500))
    new = table(entry("a:2", "あおそら"), entry("a:3", "別の場所", source_row=3, east=900))
    names = registry.aligned(new, old).set_index("place_id")["name"]
    assert names.to_dict() == {"a:2": "あおそら", "a:3'": "別の場所"}


def test_a_list_with_numbers_of_its_own_is_left_alone() -> None:
    old = table(entry("a:x1", "あおぞら", source_row=2), entry("a:x2", "そよかぜ", source_row=3))
    new = table(entry("a:x2", "あおぞら", source_row=2), entry("a:x1", "そよかぜ", source_row=3))
    assert registry.aligned(new, old)["place_id"].tolist() == ["a:x1", "a:x2"]
    pd.testing.assert_frame_equal(pd.DataFrame(registry.aligned(new, old)), pd.DataFrame(new))


# --- files ----------------------------------------------------------------------------------------------------

NASTY = ["=1+1", "'=1+1", "''x", "-a", "+81", "@x", "a\nb", ' "q", ;\t', "ＡＢ 　", "1e5", "0012", "<b>&"]


def written(records: gpd.GeoDataFrame, form: exports.Form) -> list[exports.File]:
    return exports.files(
        records, registry.duplicates(records), form=form, code="131016", municipality="千代田区"
    )


def read_back(file: exports.File, folder: Path, **options: Any) -> sources.Reading:
    (folder / file.name).write_bytes(file.content)
    return sources.read(folder / file.name, municipality_code="13101", **options)


def without_rows(records: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(records).drop(columns="source_row").reset_index(drop=True)


@pytest.mark.parametrize("form", exports.INTERNAL)
def test_the_registrys_own_files_lose_nothing(tmp_path: Path, form: exports.Form) -> None:
    rows = [
        entry(
            f"a:{i}",
            name,
            east=1000.0 * i,
            operator=name,
            opening_text=name,
            capacity=i / 3,
            source_row=i + 2,
        )
        for i, name in enumerate(NASTY)
    ]
    full = {
        "stage": "supported", "opened_on": "2020-01-01", "closed_on": "2026-01-01", "next_review_on": "2026-12-01",
        "do_not_publish": True, "verified_on": "2025-05-05", "precision": "town", "targets": "older;children",
        "targets_known": False, "open_days_per_week": 0.46, "address": "千代田区1-1 山田様方",
    }  # fmt: skip
    records = table(*rows, entry("a:99", source_row=30, east=0.123456789, **full))
    [file] = written(records, form)
    reading = read_back(file, tmp_path)
    assert (reading.dataset_id, reading.rows) == ("places:a", len(records))
    pd.testing.assert_frame_equal(without_rows(reading.table), without_rows(records))
    assert written(records.sample(frac=1, random_state=1), form)[0].content == file.content


def test_lists_whose_names_differ_in_a_sign_only_stay_files_of_their_own() -> None:
    ids = ("places:a b", "places:a/b", "places:A_b", "places:c")
    files = written(
        table(*(entry(f"{d[7:]}:1", dataset_id=d, east=1000.0 * i) for i, d in enumerate(ids))), "csv"
    )
    assert len({file.name.casefold() for file in files}) == len(ids)
    assert sum(file.places for file in files) == len(ids)


def test_no_cell_of_a_file_is_a_formula() -> None:
    [file] = written(table(*(entry(f"a:{i}", name, east=1000.0 * i) for i, name in enumerate(NASTY))), "csv")
    cells = [c for row in csv.reader(io.StringIO(file.content.decode("utf-8-sig"))) for c in row]
    assert cells
    assert [c for c in cells if c.lstrip()[:1] in tuple("=@+-") and not re.fullmatch(r"[+-]?[\d.]+", c)] == []


def test_what_is_published_holds_no_contact_no_home_and_no_one_who_asked(tmp_path: Path) -> None:
    shown = entry("a:1", "あおぞら食堂", kind="children_cafeteria", opening_text="第3土 11:30~13:30",
                  open_days_per_week=0.25, address="千代田区1-1")  # fmt: skip
    records = table(
        shown,
        {**shown, "place_id": "b:1"},  # the same, of another list
        entry("a:2", "そよかぜ食堂", kind="children_cafeteria", address="1-2 山田様方", east=900),
        entry("a:3", "ひだまり食堂", kind="children_cafeteria", do_not_publish=True, east=1800),
        entry("a:4", "こもれび食堂", kind="children_cafeteria", status="closed", east=2700),
        entry("a:5", "サロンあさひ", east=3600),
    )
    [file] = written(records, "cafeteria49")
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert len(rows[0]) == 49
    assert [row["名称"] for row in rows] == ["あおぞら食堂"]
    assert rows[0]["開催頻度"] == "5"
    assert (rows[0]["開催日"], rows[0]["開催開始時間"], rows[0]["開催終了時間"]) == (
        "第3土",
        "11:30",
        "13:30",
    )
    assert [rows[0][c] for c in rows[0] if "電話" in c or "メール" in c or c == "方書"] == [""] * 9
    [facilities] = written(records, "facilities")
    names = [r["名称"] for r in csv.DictReader(io.StringIO(facilities.content.decode("utf-8-sig")))]
    assert names == ["あおぞら食堂", "サロンあさひ"]
    back = read_back(facilities, tmp_path)
    expected = records[records["place_id"].isin(["a:1", "a:5"])]
    pd.testing.assert_frame_equal(without_rows(back.table), without_rows(expected))


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("latitude", "north", "latitude"),
        ("latitude", "nan", "latitude"),
        ("緯度", "", "latitude"),
        ("latitude", "139.7", "latitude"),
        ("capacity", "many", "capacity"),
        ("targets_known", "perhaps", "targets_known"),
        ("status", "gone", "status"),
        ("stage", "born", "stage"),
        ("stage", "closed", "status"),
        ("kind", "castle", "kind"),
        ("targets", "all;cats", "targets"),
        ("functions", "fly", "functions"),
        ("step_free", "maybe", "step_free"),
        ("precision", "somewhere", "precision"),
        ("verified_on", "yesterday", "verified_on"),
    ],
)
def test_a_value_that_is_none_of_the_registrys_is_named(
    tmp_path: Path, column: str, value: str, named: str
) -> None:
    [file] = written(table(entry("a:1")), "csv" if column != "緯度" else "facilities")
    [row] = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
    assert column in row
    row[column] = value
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(row))
    writer.writeheader()
    writer.writerow(row)
    (tmp_path / "a.csv").write_text(stream.getvalue(), encoding="utf-8-sig")
    with pytest.raises(errors.DataError, match=rf"row 2: .* in column {named} is no value"):
        sources.read(tmp_path / "a.csv", municipality_code="13101")


def test_a_day_that_a_spreadsheet_wrote_anew_is_the_same_day(tmp_path: Path) -> None:
    [file] = written(table(entry("a:1", verified_on="2026-04-01")), "csv")
    content = file.content.decode("utf-8-sig").replace("2026-04-01", "2026/4/1")
    (tmp_path / "a.csv").write_text(content, encoding="utf-8-sig")
    places = sources.read(tmp_path / "a.csv", municipality_code="13101").table
    assert places["verified_on"].tolist() == ["2026-04-01"]


def test_a_line_put_in_by_hand_needs_no_more_than_it_says(tmp_path: Path) -> None:
    [file] = written(table(entry("a:1")), "csv")
    lines = file.content.decode("utf-8-sig").splitlines()
    header = lines[0].split(",")
    told = {"name": "新しい家", "kind": "ibasho", "targets": "all", "stage": "consulting", "latitude": "35.7"}
    lines.append(",".join({**told, "longitude": "139.7"}.get(column, "") for column in header))
    (tmp_path / "x.csv").write_text("\n".join(lines), encoding="utf-8")
    places = sources.read(tmp_path / "x.csv", municipality_code="13101").table.set_index("place_id")
    new = places.loc["a:3"]
    assert (new["status"], new["precision"], new["dataset_id"]) == ("planned", "point", "places:a")
    assert new["targets_known"]
    assert not new["do_not_publish"]


def test_a_file_of_the_registry_that_lost_a_column_is_named(tmp_path: Path) -> None:
    [file] = written(table(entry("a:1")), "csv")
    content = file.content.decode("utf-8-sig").replace("latitude", "y")
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    with pytest.raises(errors.DataError, match="lacks the columns latitude"):
        sources.read(tmp_path / "a.csv", municipality_code="13101", kind="places")


def test_the_position_of_a_town_is_not_published_as_that_of_a_door() -> None:
    rows = [entry(f"a:{p}", kind="children_cafeteria", precision=p) for p in ("point", "block", "town")]
    [file] = exports.files(
        table(*rows), schemas.empty(schemas.Duplicates), form="cafeteria49", code="131016", municipality="x"
    )
    told = {r["ID"]: r["緯度"] for r in csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))}
    assert told == {"point": "35.7", "block": "", "town": ""}


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("第3土 11:30~13:30", 0.25),
        ("第3土 11:30~13:30", 0.23),
        ("毎週土 11:30~13:30", 1.0),
        ("毎週土 11:30~13:30", np.nan),
        ("不定期 土 17:00~19:00", np.nan),
        ("土 17:00~19:00", 1.5),
        ("月1回 土 17:00~19:00", 0.25),
        ("2週に1回 火木", 0.5),
        ("不定期", np.nan),
        ("ほぼ毎日 16:00~18:00", 6.0),
        (None, np.nan),
    ],
)
def test_how_often_comes_back_from_the_columns_of_the_standard(
    tmp_path: Path, words: str | None, days: float
) -> None:
    records = table(
        entry(
            "a:1", kind="children_cafeteria", opening_text=words, open_days_per_week=days, targets_known=False
        )
    )
    [file] = written(records, "cafeteria49")
    back = read_back(file, tmp_path).table
    fields = ["place_id", "opening_text", "open_days_per_week"]
    pd.testing.assert_frame_equal(pd.DataFrame(back[fields]), pd.DataFrame(records[fields]))


def test_the_sample_comes_back_from_the_standards_as_it_was(sample: Path, tmp_path: Path) -> None:
    cafeterias = sources.read(sample / "kodomo_shokudo.csv", municipality_code="99101")
    [file] = exports.files(
        cafeterias.table,
        schemas.empty(schemas.Duplicates),
        form="cafeteria49",
        code="991015",
        municipality="x",
    )
    (tmp_path / file.name).write_bytes(file.content)
    back = sources.read(tmp_path / file.name, municipality_code="99101")
    pd.testing.assert_frame_equal(without_rows(back.table), without_rows(cafeterias.table))


# --- real lists -------------------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_real_lists_are_deduplicated_the_same_in_any_order(realdata: Path) -> None:
    """605 cafeterias of Tokyo beside 3 486 facilities made of them: other spellings, other places, other kinds."""
    cafeterias = _all_cafeterias(realdata)
    rng = np.random.default_rng(5)
    pick = rng.integers(0, len(cafeterias), 3486)
    near = rng.random(3486) < 0.3
    names = [
        f"NPO法人{cafeterias['name'].iloc[i]}" if close else f"{cafeterias['name'].iloc[i]} 別館{n}"
        for n, (i, close) in enumerate(zip(pick, near, strict=True))
    ]
    made = cafeterias.iloc[pick].reset_index(drop=True)
    moved = made.geometry.translate(0.0002, 0.0001)
    made = made.assign(name=names, kind="facility", dataset_id="places:facilities").set_geometry(moved)
    made["place_id"] = [f"facilities:{i}" for i in range(len(made))]
    records = gpd.GeoDataFrame(pd.concat([cafeterias, made], ignore_index=True), crs=cafeterias.crs)
    start = time.perf_counter()
    pairs = registry.duplicates(records)
    merged = registry.places(records, pairs)
    log.info("%d records deduplicated in %.1f s", len(records), time.perf_counter() - start)
    assert len(records) == len(cafeterias) + 3486
    assert len(records) - len(merged) >= 0.8 * near.sum()
    shuffled = gpd.GeoDataFrame(records.sample(frac=1, random_state=3))
    again = registry.duplicates(shuffled)
    pd.testing.assert_frame_equal(again, pairs)
    two = registry.places(shuffled, again)
    pd.testing.assert_frame_equal(pd.DataFrame(two), pd.DataFrame(merged))


def _all_cafeterias(realdata: Path) -> gpd.GeoDataFrame:
    """Those with coordinates, of every municipality: the municipality is asked for one after the other."""
    path = realdata / "places" / "kodomo_shokudo" / "kodomo-shokudo.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    found = [
        entry(
            f"kodomo:{i}", row["名称"].strip(), kind="children_cafeteria", dataset_id="places:kodomo", source_row=i,
            address=row["住所"].strip() or None, opening_text=row["開催日"].strip() or None,
            geometry=shapely.Point(float(row["経度"]), float(row["緯度"])),
        )
        for i, row in enumerate(rows, start=2)
        if row["緯度"].strip() and row["経度"].strip() and row["名称"].strip()
    ]  # fmt: skip
    assert len(found) > 500
    return table(*found)


@pytest.mark.realdata
def test_real_cafeterias_come_back_from_the_standard(realdata: Path, tmp_path: Path) -> None:
    path = realdata / "places" / "kodomo_shokudo" / "kodomo-shokudo.csv"
    told = sources.read(path, municipality_code="13115", kind="places")
    none = schemas.empty(schemas.Duplicates)
    [file] = exports.files(told.table, none, form="cafeteria49", code="131156", municipality="杉並区")
    (tmp_path / file.name).write_bytes(file.content)
    back = sources.read(tmp_path / file.name, municipality_code="13115", kind="places")
    shown = registry.publishable(told.table)
    fields = ["place_id", "name", "address", "operator", "capacity", "opening_text", "geometry"]
    pd.testing.assert_frame_equal(back.table[fields], shown[fields])
