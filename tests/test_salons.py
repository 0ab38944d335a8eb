"""How salons fare: counts of those who come and help, from a list to what planners see, and no farther."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import choice, entries, errors, pipeline, registry, schemas, sources, summary
from geo import study as studies
from geo.present import exports, reach, sheet
from geo.sources import _attendance, _tables

STUDY = studies.make(municipality_code="13105")
NAN = math.nan
HERE = {"緯度": "35.7", "経度": "139.7"}
COUNTS = {"attendance": 14.0, "attendance_before": 20.0, "newcomers": 0.0}
HELP = {"helpers": 6.0, "helpers_75_plus": 3.0, "helpers_mean_age": NAN}


def places(*rows: dict[str, Any]) -> pd.DataFrame:
    blank = {"kind": "salon", "status": "open", **dict.fromkeys(schemas.ATTENDANCE, NAN)}
    return pd.DataFrame([{"place_id": f"p{i}", **blank, **row} for i, row in enumerate(rows)])


def found(**figures: float) -> list[str]:
    table = choice.salons(places(figures), study=STUDY)
    return [str(word) for word in table[["falling", "fixed", "ageing"]].iloc[0]]


# --- what is found ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "word"),
    [
        (20, 16, "yes"), (20, 16.5, "no"),  # a fifth, the border included
        (15, 12, "yes"), (35, 28, "yes"), (10, 8, "no"),  # three people at least
        (3, 0, "yes"), (0, 0, "no"), (10, 25, "no"), (NAN, 5, "unknown"), (5, NAN, "unknown"),
    ],
)  # fmt: skip
def test_attendance_falls_by_a_share_and_some_people(before: float, now: float, word: str) -> None:
    assert found(attendance_before=before, attendance=now)[0] == word


@pytest.mark.parametrize(
    ("new", "now", "word"),
    [
        (0, NAN, "yes"), (0, 20, "yes"), (1, 20, "yes"), (2, 20, "no"), (1.5, 20, "no"),
        (0.7, 14, "yes"), (1, NAN, "unknown"), (1, 0, "unknown"), (NAN, 20, "unknown"),
    ],
)  # fmt: skip
def test_attendance_is_fixed_when_hardly_anybody_new_comes(new: float, now: float, word: str) -> None:
    assert found(newcomers=new, attendance=now)[1] == word


@pytest.mark.parametrize(
    ("helpers", "old", "age", "word"),
    [
        (6, 3, NAN, "yes"), (6, 2, NAN, "no"), (NAN, NAN, 75, "yes"), (NAN, NAN, 74.9, "no"),
        (6, 2, 76, "yes"), (6, 4, 70, "yes"),  # either suffices
        (6, NAN, NAN, "unknown"), (NAN, 3, NAN, "unknown"), (0, 0, NAN, "unknown"), (2, 3, NAN, "unknown"),
    ],
)  # fmt: skip
def test_helpers_age_by_their_mean_or_by_the_share_of_the_oldest(
    helpers: float, old: float, age: float, word: str
) -> None:
    assert found(helpers=helpers, helpers_75_plus=old, helpers_mean_age=age)[2] == word


def test_the_study_states_every_limit() -> None:
    table = places({**COUNTS, **HELP, "newcomers": 2.0})
    asked = {"falling_share": 0.31, "fixed_newcomers_share": 0.2, "ageing_share": 0.51}
    for study, words in ((STUDY, "yes no yes"), (STUDY.with_(**asked), "no yes no")):
        row = choice.salons(table, study=study).iloc[0]
        assert " ".join(row[["falling", "fixed", "ageing"]]) == words
    row = choice.salons(table, study=STUDY.with_(falling_min_people=7, ageing_mean_age=70)).iloc[0]
    assert (row["falling"], row["change_share"]) == ("no", pytest.approx(-0.3))
    assert (row["newcomers_share"], row["helpers_75_plus_share"]) == (pytest.approx(1 / 7), 0.5)


def test_only_open_salons_are_asked() -> None:
    kinds = ["facility", "consultation_desk", "salon", "tea_room", "salon"]
    table = places(*({**COUNTS, "kind": kind} for kind in kinds))
    table.loc[4, "status"] = "closed"
    assert choice.salons(table, study=STUDY)["place_id"].tolist() == ["p2", "p3"]
    assert choice.salons(table, study=STUDY.with_(salon_kinds=("facility",)))["place_id"].tolist() == ["p0"]


COUNT = st.one_of(st.just(NAN), st.floats(0, 300))
ROW = st.fixed_dictionaries(
    dict.fromkeys(schemas.ATTENDANCE, COUNT) | {"helpers_mean_age": st.floats(0, 120)}
)


@settings(max_examples=60)
@given(row=ROW, more=st.floats(0, 100), rows=st.permutations(range(3)))
def test_laws(row: dict[str, float], more: float, rows: list[int]) -> None:
    """More who come never make it falling, younger helpers never ageing, newcomers never fixed; no order counts."""

    def now(**changed: float) -> pd.Series[Any]:
        return choice.salons(places({**row, **changed}), study=STUDY).iloc[0]

    own = now()
    if own["falling"] == "no":
        assert now(attendance=row["attendance"] + more)["falling"] == "no"
    if own["fixed"] == "no":
        assert now(newcomers=row["newcomers"] + more)["fixed"] == "no"
    if own["ageing"] == "no":
        assert now(helpers_mean_age=max(row["helpers_mean_age"] - more, 0))["ageing"] == "no"
    for finding, needed in (("falling", ["attendance", "attendance_before"]), ("fixed", ["newcomers"])):
        if any(math.isnan(row[name]) for name in needed):
            assert own[finding] == "unknown"
    table = places(row, {**row, "newcomers": 0.0}, {})
    one, other = (choice.salons(t, study=STUDY) for t in (table, table.iloc[rows]))
    pd.testing.assert_frame_equal(one, other)


# --- the columns of a list --------------------------------------------------------------------------------


def header(*names: str, rows: list[list[str]] | None = None) -> dict[str, str]:
    cells = rows or [["1"] * len(names)]
    lines = tuple(_tables.Row(i, tuple(row)) for i, row in enumerate(cells, 2))
    sheet = _tables.Sheet(Path("x.csv"), "utf-8", lines, blank=0)
    return _attendance.columns(_tables.Table(sheet, tuple(map(_tables.heading, names)), 1, lines))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["令和５年度参加者数", "令和６年度参加者数", "令和４年度参加者数"], [1, 0]),
        (["参加者数（Ｒ６）", "参加者数（2023年度）"], [0, 1]),
        (["平成30年度参加者数", "令和元年度参加者数"], [1, 0]),
        (["平均参加者数", "平均参加者数（前年度）"], [0, 1]),
        (["参加者数", "1回あたりの平均参加人数（人）"], [1, None]),
        (["令和4年度参加者数", "令和6年度参加者数"], [1, None]),  # not the year before
        (
            ["延べ参加者数", "令和6年度年間参加者数", "参加者"],
            [None, None],
        ),  # totals without sessions, and words
        (["参加者数", "利用者数"], [None, None]),  # either could be meant
    ],
)
def test_attendance_is_of_the_newest_year_and_the_one_before(
    names: list[str], expected: list[int | None]
) -> None:
    told = header(*names)
    heads = [_tables.heading(name) for name in names]
    wanted = [None if at is None else heads[at] for at in expected]
    assert [told.get(field) for field in ("attendance", "attendance_before")] == wanted


YEARS = ("令和5年度延べ参加者数", "令和5年度開催回数", "令和6年度延べ参加者数", "令和6年度開催回数")


@pytest.mark.parametrize(
    ("names", "cells", "expected"),
    [
        (YEARS, ["240", "12", "150", "10"], [15, 20]),
        (YEARS, ["240", "", "150", "10"], [15, NAN]),
        (YEARS, ["240", "12", "150", "0"], [NAN, 20]),
        (YEARS[:3], ["240", "12", "150"], [NAN, 20]),  # of the newest year nobody knows the sessions
        (("延べ参加人数", "年間開催回数"), ["150", "10"], [15, NAN]),
        (("延べ参加人数", "開催回数"), ["150", "2"], [NAN, NAN]),  # perhaps of a month
        (("令和6年度参加者数", "令和6年度実施回数"), ["150", "10"], [15, NAN]),  # too many for a session
        (("令和6年度参加者数", "令和6年度実施回数"), ["60", "10"], [60, NAN]),
        (("令和6年度参加者数",), ["150"], [NAN, NAN]),
        (("令和6年度平均参加者数",), ["150"], [150, NAN]),
        ((*YEARS, "令和6年度平均参加者数"), ["240", "12", "150", "10", "14"], [14, NAN]),
    ],
)
def test_totals_of_a_year_are_divided_by_its_sessions(
    names: tuple[str, ...], cells: list[str], expected: list[float]
) -> None:
    told = header(*names, rows=[cells, cells])
    record = {field: cells[list(names).index(column)] for field, column in told.items()}
    found = _attendance.figures(record).told
    np.testing.assert_equal([found.get(f, NAN) for f in ("attendance", "attendance_before")], expected)


def test_a_year_without_values_is_not_the_latest() -> None:
    names = ("令和5年度参加者数", "令和6年度参加者数", "令和7年度参加者数", "令和7年度新規参加者数")
    told = header(*names, rows=[["20", "15", "", "1"]])
    assert told == {
        "attendance": names[1],
        "attendance_before": names[0],
    }  # the newcomers are of another year


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("担い手数", "helpers"), ("ボランティア（人）", "helpers"), ("世話人の数", "helpers"),
        ("75歳以上の担い手", "helpers_75_plus"), ("担い手数（うち75歳以上）", "helpers_75_plus"),
        ("７５才以上の協力員数", "helpers_75_plus"), ("担い手の平均年齢", "helpers_mean_age"),
        ("平均年齢（ボランティア）", "helpers_mean_age"), ("新規参加者数", "newcomers"),
        ("令和6年度 初めての参加者数", "newcomers"),
        ("ボランティア", None), ("世話人氏名", None), ("75歳以上の割合", None), ("平均年齢", None), ("参加費", None),
        ("定員", None), ("参加条件", None), ("新規", None),
    ],
)  # fmt: skip
def test_headings_of_newcomers_and_helpers(name: str, field: str | None) -> None:
    assert header(name) == ({field: _tables.heading(name)} if field else {})


@pytest.mark.parametrize(
    ("cell", "number", "is_unread"),
    [
        ("20", 20, False), ("約２０人", 20, False), ("1,200", 1200, False), ("12.5人", 12.5, False), ("0", 0, False),
        ("", NAN, False), ("-", NAN, False), ("不明", NAN, False),
        ("-5", NAN, True), ("20~30", NAN, True), ("山田花子", NAN, True), ("なし", NAN, True), ("70代", NAN, True),
    ],
)  # fmt: skip
def test_what_is_no_number_is_not_known(cell: str, number: float, is_unread: bool) -> None:
    told = _attendance.figures({"attendance": cell})
    np.testing.assert_equal(told.told.get("attendance", NAN), number)
    assert told.is_unread == is_unread


def test_what_cannot_be_is_not_known() -> None:
    assert _attendance.figures({"helpers": "5", "helpers_75_plus": "6"}) == ({}, True)
    assert _attendance.figures({"helpers_mean_age": "5"}) == ({}, True)
    assert _attendance.figures({"helpers": "5", "helpers_75_plus": "5"}).is_unread is False


def written(path: Path, *rows: dict[str, str], encoding: str = "cp932") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys(c for row in rows for c in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


COUNCIL = {
    "令和5年度参加者数": "20", "令和６年度参加者数": "約14名", "新規参加者数（令和6年度）": "０",
    "担い手数": "6", "75歳以上の担い手": "3",
}  # fmt: skip


def test_a_list_of_a_council_in_cp932_is_read_to_the_end(tmp_path: Path) -> None:
    rows = [
        {"サロン名": "あさひ", "種別": "サロン", **HERE, **COUNCIL},
        {"サロン名": "ゆうひ", "種別": "サロン", **HERE, "経度": "139.71", "令和６年度参加者数": "山田花子"},
        {"サロン名": "つきみ", "種別": "サロン", **HERE, "経度": "139.72"},
    ]
    reading = sources.read(written(tmp_path / "s.csv", *rows), municipality_code="13105")
    told = reading.table.set_index("name")
    np.testing.assert_equal(told.loc["あさひ", list(schemas.ATTENDANCE)].tolist(), [14, 20, 0, 6, 3, NAN])
    assert told.loc[["ゆうひ", "つきみ"], list(schemas.ATTENDANCE)].isna().all(axis=None)
    notes = {note.code: dict(vars(note)["values"]) for note in reading.notes}
    assert notes["places_figures_unread"] == {"n": 1, "all": 3}
    assert "attendance_before=令和5年度参加者数" in str(notes["places_attendance"]["columns"])
    assert "山田花子" not in json.dumps(notes, ensure_ascii=False)
    said = summary.salons(choice.salons(reading.table, study=STUDY))
    assert said == {
        "open": 3, "falling": 1, "fixed": 1, "ageing": 1, "unknown": dict.fromkeys(("falling", "fixed", "ageing"), 2),
    }  # fmt: skip


def test_a_workbook_with_years_under_one_heading(tmp_path: Path) -> None:
    path = tmp_path / "s.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:H1", "令和6年度 サロン一覧")
        for at, name in enumerate(("名称", "所在地", "緯度", "経度")):
            sheet.merge_range(1, at, 2, at, name)
        sheet.merge_range("E2:F2", "参加者数（人）")
        sheet.merge_range("G2:H2", "担い手")
        sheet.write_row("E3", ["令和5年度", "令和6年度", "人数", "うち75歳以上"])
        sheet.write_row("A4", ["あさひ", "文京区1-1", 35.7, 139.75, 20, 14, 6, 3])
    table = sources.read(path, municipality_code="13105").table
    np.testing.assert_equal(table.loc[0, list(schemas.ATTENDANCE)].tolist(), [14, 20, NAN, 6, 3, NAN])


def test_a_column_can_be_told(tmp_path: Path) -> None:
    path = written(tmp_path / "s.csv", {"名称": "あさひ", **HERE, "にぎわい": "12"})
    hints = sources.Hints(mapping={"attendance": "にぎわい"})
    assert sources.read(path, municipality_code="13105", hints=hints).table["attendance"].tolist() == [12]


# --- the registry -----------------------------------------------------------------------------------------


@pytest.fixture
def records(tmp_path: Path) -> Any:
    rows = [
        {"名称": name, "種別": "サロン", **HERE, "経度": f"139.{70 + i}", **COUNCIL}
        for i, name in enumerate(("あさひ", "ゆうひ"))
    ]
    return sources.read(written(tmp_path / "list.csv", *rows), municipality_code="13105").table


def files(records: Any, form: exports.Form) -> bytes:
    pairs = schemas.empty(schemas.Duplicates)
    [file] = exports.files(records, pairs, form=form, code="131059", municipality="文京区")
    return file.content


@pytest.mark.parametrize("form", exports.INTERNAL)
def test_the_files_of_the_house_bring_them_back(tmp_path: Path, records: Any, form: exports.Form) -> None:
    path = tmp_path / f"back.{form}"
    path.write_bytes(files(records, form))
    back = sources.read(path, municipality_code="13105").table
    pd.testing.assert_frame_equal(back[list(schemas.ATTENDANCE)], records[list(schemas.ATTENDANCE)])


def test_the_file_for_publication_lacks_them_and_blanks_nothing_when_taken_in(
    tmp_path: Path, records: Any
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(files(records, "facilities"))
    [first, *_] = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig")))
    assert not set(schemas.ATTENDANCE) & set(first)
    assert "capacity" in first
    bare, kept = (
        sources.read(path, municipality_code="13105", hints=sources.Hints(places=known)).table
        for known in (None, records.iloc[:1])
    )
    assert bare[list(schemas.ATTENDANCE)].isna().all(axis=None)
    one = kept.set_index("place_id")["attendance"]
    np.testing.assert_equal(one[records["place_id"]].tolist(), [14, NAN])


@pytest.mark.parametrize(
    ("column", "value"),
    [("attendance", "-1"), ("newcomers", "some"), ("helpers_75_plus", "7"), ("helpers_mean_age", "300")],
)
def test_a_count_that_cannot_be_is_named_by_row(
    tmp_path: Path, records: Any, column: str, value: str
) -> None:
    rows = list(csv.DictReader(io.StringIO(files(records, "csv").decode("utf-8-sig"))))
    path = written(tmp_path / "list.csv", {**rows[0], column: value}, encoding="utf-8-sig")
    with pytest.raises(errors.DataError, match=f"row 2: '{value}' in column {column} is no value"):
        sources.read(path, municipality_code="13105")


def test_a_person_mends_them(records: Any) -> None:
    place = records["place_id"][0]
    after = entries.changed(records, place, {"attendance": 18, "newcomers": None}).set_index("place_id")
    np.testing.assert_equal(after.loc[place, ["attendance", "newcomers"]].tolist(), [18, NAN])
    for fields in ({"helpers": 2}, {"helpers_mean_age": 121}, {"attendance": -1}, {"newcomers": "few"}):
        with pytest.raises(errors.DataError) as caught:
            entries.changed(records, place, fields)
        assert caught.value.code == ("entry_helpers" if "helpers" in fields else "entry_value")


def test_of_two_lists_the_counts_that_belong_together_stay_together(records: Any) -> None:
    one = records.iloc[:1].assign(attendance=30.0, attendance_before=NAN, newcomers=NAN, helpers=NAN)
    other = records.iloc[:1].assign(place_id="z:1", dataset_id="places:z", helpers_75_plus=NAN)
    both = schemas.conform(schemas.Places, pd.concat([one, other], ignore_index=True))
    [merged] = registry.places(both, registry.duplicates(both)).to_dict("records")
    assert merged["place_id"] == one["place_id"].iloc[0]
    assert [merged[name] for name in ("attendance", "attendance_before", "newcomers")] == [14, 20, 0]


# --- what planners see, and nobody else -------------------------------------------------------------------


@pytest.fixture(scope="module")
def assessed(build_town: Any, tmp_path_factory: pytest.TempPathFactory) -> pipeline.Assessment:
    town = build_town()
    figures = {
        "attendance": [19.0, 7.0, 9.0],
        "attendance_before": [NAN, 34 / 3, 90.0],
        "helpers_mean_age": 76.5,
    }
    town.tables[schemas.Places] = town.places.assign(**figures)
    prepared = pipeline.prepare(town.project(tmp_path_factory.mktemp("salons")))
    return pipeline.assess(prepared, prepared.study)


def test_planners_are_told_of_salons_with_what_is_not_known(assessed: pipeline.Assessment) -> None:
    rows = reach.salons(assessed.salons, assessed.prepared.places, language="ja")
    assert rows.rows == (
        (
            "ふれあいサロン",
            "11.3→7人（-38%）",
            pytest.approx(NAN, nan_ok=True),
            "平均76.5歳",
            "参加の減少、担い手の高齢化",
        ),
        ("まちの居場所", "19人", pytest.approx(NAN, nan_ok=True), "平均76.5歳", "担い手の高齢化"),
    )
    assert "2か所中2か所（あてはまる" in rows.caption
    first = reach.salons(assessed.salons, assessed.prepared.places, language="ja", most=1)
    assert first.rows[0][:2] == rows.rows[0][:2]
    assert len(first.rows) == 1
    assert "2か所中2か所（はじめの1か所" in first.caption
    assert "20%以上、かつ3人以上" in reach.salons_rule(study=assessed.study, language="ja")
    told = reach.salons_unknown(assessed.salons, language="ja")
    assert "2か所のうちわからない所：参加の増減1、新しく来た人2、担い手の年齢0" in told
    assert assessed.summary["salons"] == {
        "open": 2, "falling": 1, "fixed": 0, "ageing": 2, "unknown": {"falling": 1, "fixed": 2, "ageing": 0},
    }  # fmt: skip
    assert pipeline.results(assessed.prepared, assessed)[schemas.Salons].equals(assessed.salons)
    assert "salons_untold" not in [remark["code"] for remark in assessed.summary["known"]]


def test_a_sheet_has_the_salons_of_its_zone(assessed: pipeline.Assessment) -> None:
    prepared = assessed.prepared
    own = sheet.salons_in(assessed.salons, prepared.zone_points[0], "branch:P2")
    assert own["place_id"].tolist() == ["salon"]
    assert sheet.salons(own, prepared.places, language="ja").rows == (
        ("ふれあいサロン", "参加の減少、担い手の高齢化"),
    )


def test_a_moved_limit_needs_no_new_measuring(assessed: pipeline.Assessment) -> None:
    found = pipeline.assess(assessed.prepared, assessed.study.with_(falling_share=0.4, ageing_mean_age=80))
    assert (found.summary["salons"]["falling"], found.summary["salons"]["ageing"]) == (0, 0)


def test_without_such_columns_it_is_said_that_nothing_is_known(town: Any) -> None:
    table = choice.salons(town.places, study=STUDY)
    assert set(table[["falling", "fixed", "ageing"]].to_numpy().ravel()) == {"unknown"}
    [remark] = summary.remarks_on_salons(town.places, study=STUDY)
    assert (remark.state, remark.code) == ("unknown", "salons_untold")
    assert "2か所の参加者数や担い手の数は" in reach.salons_unknown(table, language="ja")
    assert list(summary.remarks_on_salons(town.places.assign(kind="facility"), study=STUDY)) == []
    assert list(summary.remarks_on_salons(town.places.assign(helpers=3.0), study=STUDY)) == []


def test_the_public_is_told_nothing_of_them(assessed: pipeline.Assessment) -> None:
    told = pipeline.outward(assessed)
    assert told.salons.empty
    assert told.summary["salons"] is None
    assert len(assessed.salons) == 2
    untold = {**assessed.summary, "known": [summary.UNTOLD_SALONS.document()]}
    assert pipeline.outward(assessed.with_tables(summary=untold)).summary["known"] == []
