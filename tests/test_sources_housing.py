"""Vacant dwellings of the housing survey: an estimate for the municipality as a whole, and nothing else."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from geo import errors, pipeline, sources

CODE = "13105"
AREA = "全国、都道府県、市区町村"
HEAD_2023 = [
    "表章項目 コード", "表章項目 補助コード", "表章項目", f"{AREA} コード", f"{AREA} 補助コード", AREA,
    "時間軸(年次) コード", "時間軸(年次)", "0_総数【戸】", "1_居住世帯あり【戸】", "2_居住世帯なし【戸】",
    "21_一時現在者のみ【戸】", "22_空き家【戸】", "221_賃貸・売却用及び二次的住宅を除く空き家【戸】",
    "222_賃貸用の空き家【戸】", "223_売却用の空き家【戸】", "224_二次的住宅【戸】", "23_建築中【戸】",
]  # fmt: skip
ABOVE_2023 = [
    ["統計名：", "令和5年住宅・土地統計調査 住宅及び世帯に関する基本集計"],
    ["表番号：", "1-2"],
    ["表題：", "居住世帯の有無(8区分)別住宅数－全国、都道府県、市区町村"],
]
COUNTS = ["151,230", "132,100", "19,130", "620", "18,400", "3,210", "13,900", "890", "400", "-"]


def line(code: str, name: str, counts: list[str] = COUNTS) -> list[str]:
    return ["03-2023", "", "住宅数", code, "", name, "2023000000", "2023年", *counts]


LINES_2023 = [
    line("00000", "全国", ["65,046,700", *COUNTS[1:]]),
    line("13000", "東京都", ["8,201,400", *COUNTS[1:]]),
    line(CODE, "文京区"),
    line("13106", "台東区", ["1", *COUNTS[1:]]),
]


def written(path: Path, rows: list[list[str]], encoding: str = "cp932") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(rows)
    return path


def survey_2023(path: Path, lines: list[list[str]] = LINES_2023) -> Path:
    return written(path, [*ABOVE_2023, [], HEAD_2023, *lines])


@pytest.fixture(autouse=True)
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file would go through a process of its own: the sandbox has its own tests."""
    monkeypatch.setenv("IBASHO_IN_PROCESS", "1")


def values(found: sources.Reading) -> dict[str, float]:
    counts: dict[str, float] = found.table.set_index("variable")["value"].to_dict()
    return counts


FULL = {
    "housing_dwellings": 151_230, "housing_vacant": 18_400, "housing_vacant_other": 3_210,
    "housing_vacant_to_let": 13_900, "housing_vacant_for_sale": 890, "housing_vacant_second_home": 400,
}  # fmt: skip


def test_the_survey_of_2023(tmp_path: Path) -> None:
    found = sources.read(survey_2023(tmp_path / "FEH_00200522.csv"), municipality_code=CODE)
    assert (found.kind, found.dataset_id, found.edition) == ("housing-survey", "housing-survey:2023", "2023")
    assert (found.encoding, found.rows, found.dataset()["kept"]) == ("cp932", 4, 1)
    assert values(found) == FULL
    assert set(found.table["small_area_id"]) == {CODE}
    said = [str(note) for note in found.notes]
    assert said[1] == "Of 151,230 dwellings 18,400 are vacant (12.2 %)."
    assert said[2].startswith("3,210 of them (2.1 % of all dwellings)")
    assert [note.code for note in found.notes] == ["housing_sample", "housing_vacant", "housing_vacant_other"]


def test_the_survey_of_2018_has_other_names(tmp_path: Path) -> None:
    head = [
        "表章項目 コード", "表章項目", "地域 コード", "地域", "住宅総数", "居住世帯あり_総数",
        "居住世帯なし_空き家_総数", "居住世帯なし_空き家_二次的住宅",
        "居住世帯なし_空き家_賃貸用の住宅", "居住世帯なし_空き家_売却用の住宅",
        "居住世帯なし_空き家_その他の住宅",
    ]  # fmt: skip
    rows = [
        ["平成30年住宅・土地統計調査"],
        head,
        ["1", "住宅数", "131059", "文京区", "151230", "132100", "18400", "400", "13900", "890", "3210"],
    ]
    found = sources.read(written(tmp_path / "a.csv", rows, "utf-8-sig"), municipality_code=CODE)
    assert (found.dataset_id, found.edition) == ("housing-survey:2018", "2018")
    assert values(found) == FULL


@pytest.mark.parametrize("name", ["地域区分", "項目名", ""])
def test_areas_named_with_their_code_and_kinds_that_are_not_told(tmp_path: Path, name: str) -> None:
    rows = [
        ["第1-2表", "令和5年"],
        ["", name, "0_総数", "22_空き家", "221_賃貸・売却用及び二次的住宅を除く空き家"],
        ["a", "13000_東京都", "100", "20", "10"],
        ["0", "13105_文京区", "150", "20", "-"],
    ]
    found = sources.read(written(tmp_path / "a.csv", rows), municipality_code=CODE)
    assert sources.detect(tmp_path / "a.csv") == found.kind == "housing-survey"
    assert values(found) == {"housing_dwellings": 150, "housing_vacant": 20}
    unknown = found.notes[-1]
    assert (unknown.level, unknown.code) == ("unknown", "housing_unknown")
    assert "賃貸・売却用及び二次的住宅を除く空き家" in str(unknown)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (LINES_2023[:2], "housing_not_here"),
        ([*LINES_2023, line(CODE, "文京区", ["150", *COUNTS[1:]])], "housing_twice"),
        ([line(CODE, "文京区", ["many", *COUNTS[1:]])], "housing_cell"),
        ([line(CODE, "文京区", ["-5", *COUNTS[1:]])], "housing_cell"),
    ],
)
def test_tables_that_cannot_be_trusted_are_refused(tmp_path: Path, lines: Any, code: str) -> None:
    with pytest.raises(errors.DataError) as caught:
        sources.read(survey_2023(tmp_path / "a.csv", lines), municipality_code=CODE)
    assert caught.value.code == code
    assert "a.csv" in str(caught.value)


def test_a_table_of_the_kinds_of_vacancy_alone_is_none(tmp_path: Path) -> None:
    # There 総数 is all that is vacant, not all dwellings.
    rows = [
        ["", "項目名", "0_総数", "221_賃貸・売却用及び二次的住宅を除く空き家", "222_賃貸用の空き家"],
        ["0", "13105_文京区", "100", "20", "30"],
    ]
    with pytest.raises(errors.DataError) as caught:
        sources.read(written(tmp_path / "a.csv", rows), municipality_code=CODE, kind="housing-survey")
    assert caught.value.code == "housing_columns"


def test_the_same_row_twice_is_one(tmp_path: Path) -> None:
    assert (
        values(sources.read(survey_2023(tmp_path / "a.csv", LINES_2023 * 2), municipality_code=CODE)) == FULL
    )


def test_the_vacant_dwellings_are_a_fact_beside_the_results(town: Any, tmp_path: Path) -> None:
    from geo import project

    home = town.project(tmp_path / "town")
    before = pipeline.run(home).assessment.summary
    survey = survey_2023(tmp_path / "a.csv", [line("99101", "区")])
    project.add(home, project.read(home, [survey], kind="housing-survey"))
    after = pipeline.run(home).assessment.summary
    assert after["housing"] == [
        {
            "edition": "2023", "dwellings": 151_230, "vacant": 18_400, "vacant_to_let": 13_900,
            "vacant_for_sale": 890, "vacant_second_home": 400, "vacant_other": 3_210,
            "vacant_share": 0.121669, "vacant_other_share": 0.021226,
        }
    ]  # fmt: skip
    assert "housing_estimated" in [remark["code"] for remark in after["known"]]
    unchanged = ("population", "coverage", "gaps", "isolation", "zones")
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
