"""Opening words to days a week: what is clear counts, anything else is unknown."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.sources import _opening

MONTH = _opening.WEEKS_PER_MONTH
CLEAR = [
    ("毎日", 7),
    ("年中無休", 7),
    ("平日", 5),
    ("平日10時~17時", 5),
    ("月〜金", 5),
    ("月-金", 5),
    ("月～金 10時", 5),
    ("月曜日から金曜日", 5),
    ("月〜金 10:00-16:00", 5),
    ("金〜月", 4),
    ("火・木", 2),
    ("月水金", 3),
    ("火、木", 2),
    ("月・水・金曜日 10:00〜15:00 ※祝日は休み", 3),
    ("土・日曜日", 2),
    ("土日祝", 2),
    ("水 13:30~15:30", 1),
    ("日曜日", 1),
    ("月曜日・水曜日(10:00~12:00)", 2),
    ("毎週火曜日 10時〜12時", 1),
    ("毎週月、水、金曜日", 3),
    ("毎週月曜・木曜　17時～19時", 2),
    ("第2土", 1 / MONTH),
    ("第1月曜", 1 / MONTH),
    ("第2月", 1 / MONTH),
    ("第1,3月曜", 2 / MONTH),
    ("第２・４土曜 13:30〜15:30(8月休み)", 2 / MONTH),
    ("第1・第3木曜", 2 / MONTH),
    ("毎月第二火曜日、第四木曜日", 2 / MONTH),
    ("毎月第２・４火、木", 4 / MONTH),
    ("毎月最終金曜日", 1 / MONTH),
    ("第4日曜 11:30～14:00（12月は第3日曜）", 1 / MONTH),
    ("奇数月の第2水曜日", 0.5 / MONTH),
    ("毎月10日・25日 10:00～12:00", 2 / MONTH),
    ("隔週木曜 14:00～16:00", 0.5),
    ("月１回", 1 / MONTH),
    ("月1回 土曜日 10時30分~", 1 / MONTH),
    ("週3回", 3),
    ("週２日(火・木)", 2),
    ("年6回", 6 / 12 / MONTH),
    ("毎日(年末年始を除く)", 7),
    ("毎日(月曜休館)", 6),
    ("火〜日 9:00~17:00 月曜休み", 6),
    ("月～土(祝日・年末年始を除く)", 6),
    ("火・木・土 (第3土曜は休み)", 3),
    ("1月・8月を除く毎週火曜", 1),
    ("毎週水曜日と第3土曜日", 1 + 1 / MONTH),
    ("火・木、第2土曜", 2 + 1 / MONTH),
]
UNCLEAR = [
    "",
    "不定期",
    "月1回不定期",
    "非公開",
    "毎週",
    "月2",
    "毎月第３",
    "月１～２回",
    "月1、2回",
    "週1~2回",
    "第1~第3水曜",
    "金曜日 第1・3週",
    "木曜日（第3もしくは第4）",
    "毎月第４または第５金曜日",
    "原則第2・4金曜日だが変動あり",
    "毎月第三火曜日とその直後の木曜日",
    "4月~10月の毎週火",
    "毎週土曜(4~9月)",
    "休館日:月曜・祝日",
    "木曜定休",
    "こどもの日",
    "いちごの日と肉の日(15日・29日）",
    "参加費金100円",
]


@pytest.mark.parametrize(("words", "days"), CLEAR)
def test_clear_words_give_days_a_week(words: str, days: float) -> None:
    assert _opening.days_per_week(words) == round(days, 2)


@pytest.mark.parametrize("words", UNCLEAR)
def test_unclear_words_are_unknown(words: str) -> None:
    assert math.isnan(_opening.days_per_week(words))


def test_a_cell_that_is_no_text_is_unknown() -> None:
    assert math.isnan(_opening.days_per_week(None))
    assert math.isnan(_opening.days_per_week(float("nan")))


WIDE = str.maketrans("0123456789:-", "０１２３４５６７８９：－")


@pytest.mark.parametrize(("words", "days"), CLEAR)
def test_full_width_digits_change_nothing(words: str, days: float) -> None:
    wide = unicodedata.normalize("NFKC", words).translate(WIDE)
    assert _opening.days_per_week(wide) == round(days, 2)


@given(st.sets(st.sampled_from("月火水木金土日"), min_size=1), st.booleans(), st.sampled_from("・、,と"))
def test_a_list_of_weekdays_is_as_many_days(days: set[str], suffix: bool, mark: str) -> None:
    words = mark.join(sorted(d + ("曜日" if suffix else "") for d in days))
    assert _opening.days_per_week(words + " 10:00~12:00") == len(days)
    assert _opening.days_per_week("毎週" + words) == len(days)


@given(st.text(max_size=40))
def test_any_text_gives_at_most_seven_days_and_no_error(words: str) -> None:
    days = _opening.days_per_week(words)
    assert math.isnan(days) or 0 <= days <= 7
