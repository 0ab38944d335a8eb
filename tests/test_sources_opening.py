"""Opening hours of a row: the one text that is kept says what the columns say together."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from geo import schedule
from geo.sources import _opening, _tables

FIELDS = {
    "frequency": "開催頻度", "weekday": "開催曜日", "date": "開催日", "from": "開催開始時間", "until": "開催終了時間",
    "remark": "開催日時特記事項",
}  # fmt: skip
BLANK = dict.fromkeys((*FIELDS, "opening", "closing", "sessions", *_opening.KINDS_OF_DAY), "")


def meant(words: str) -> str:
    """What later steps understand of the text."""
    return str(schedule.parse(words).schedule if words else schedule.UNKNOWN)


@pytest.mark.parametrize(
    ("cells", "words", "expected"),
    [
        # Saturdays once a month are not every Saturday.
        (
            {"weekday": "土", "from": "11:00", "until": "14:00", "frequency": "5"},
            "月1回 土 11:00~14:00",
            "FREQ=WEEKLY;BYDAY=SA 11:00-14:00 ~1/month",
        ),
        ({"weekday": "火木", "frequency": "4.0"}, "2週に1回 火木", "FREQ=WEEKLY;BYDAY=TU,TH ~1/2week"),
        ({"weekday": "土", "frequency": "3"}, "土", "FREQ=WEEKLY;BYDAY=SA"),
        ({"weekday": "土", "frequency": ""}, "不定期 土", "FREQ=WEEKLY;BYDAY=SA ~?"),
        ({"weekday": "土", "frequency": "7"}, "不定期 土", "FREQ=WEEKLY;BYDAY=SA ~?"),
        # The remark names the week, or takes a month out.
        (
            {"weekday": "水", "from": "15:00", "until": "17:00", "frequency": "5", "remark": "第3水曜日"},
            "毎月第3水曜 15:00〜17:00",
            "FREQ=MONTHLY;BYDAY=3WE 15:00-17:00",
        ),
        (
            {"weekday": "土", "from": "10:00", "until": "12:00", "frequency": "3", "remark": "8月休み"},
            "土 10:00~12:00 (8月休み)",
            "FREQ=WEEKLY;BYDAY=SA 10:00-12:00 ! 08-01/08-31",
        ),
        (
            {"date": "第2土曜日 11時~", "from": "11:00", "frequency": "5"},
            "第2土曜日 11時~",
            "FREQ=MONTHLY;BYDAY=2SA 11:00-?",
        ),
        # What nobody can know stays unknown.
        (
            {"weekday": "火", "from": "18:00", "until": "20:00", "frequency": "5", "remark": "友引の前日を除く"},
            "火 18:00~20:00 (友引の前日を除く)",
            "?",
        ),
    ],
)  # fmt: skip
def test_the_words_say_what_the_columns_say(cells: dict[str, str], words: str, expected: str) -> None:
    heard = _opening.heard({**BLANK, **cells}, could_say_how_often=True).words
    assert (heard, meant(heard)) == (words, expected)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"opening": "月火水木金", "from": "9:00", "until": "17:00", "remark": "祝日は休み"},
         "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR PH- 09:00-17:00"),
        # 休館日 beside 開館時間: open on all other days.
        ({"opening": "9:00~17:00", "closing": "月曜日・年末年始"},
         "FREQ=WEEKLY;BYDAY=TU,WE,TH,FR,SA,SU 09:00-17:00 ! 12-29/01-03 new_year"),
        ({"from": "9:00", "until": "21:00", "closing": "なし"},
         "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU 09:00-21:00"),
        ({"closing": "土、日、祝祭日", "workdays": "10:00-16:00"},
         "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR PH- 10:00-16:00"),
        ({"closing": "日曜日・祝日、12月29日〜1月3日"}, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA PH- ! 12-29/01-03"),
        ({"opening": "火木 10:00~15:00"}, "FREQ=WEEKLY;BYDAY=TU,TH 10:00-15:00"),
        ({}, "?"),
    ],
)  # fmt: skip
def test_closing_days_and_remarks_of_other_lists(cells: dict[str, str], expected: str) -> None:
    heard, days, unread = _opening.heard({**BLANK, **cells}, could_say_how_often=False)
    assert meant(heard) == expected
    told = schedule.days_per_week(schedule.parse(heard).schedule) if heard else float("nan")
    assert days == told or (days != days and told != told)
    assert unread == ()


@pytest.mark.realdata
def test_every_cafeteria_opens_when_its_columns_say_together(realdata: Path) -> None:
    path = realdata / "places" / "kodomo_shokudo" / "kodomo-shokudo.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = [{f: _tables.plain(row[name]) for f, name in FIELDS.items()} for row in csv.DictReader(stream)]
    assert len(rows) == 605
    for row in rows:
        columns = {"start": row["from"], "end": row["until"], "note": row["remark"]}
        told = {"days": row["weekday"], "dates": row["date"], "frequency_code": row["frequency"], **columns}
        heard = _opening.heard({**BLANK, **row}, could_say_how_often=True).words
        assert meant(heard) == str(schedule.from_fields(**told).schedule), row
