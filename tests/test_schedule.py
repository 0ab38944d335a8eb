"""Opening hours: the words, the columns, the recurrences and the slots; unknown is never open or closed."""

from __future__ import annotations

import csv
import datetime
import importlib.util
import math
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from dateutil import rrule as oracle
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geo import errors, schedule, text
from geo.schedule.value import DAY_CODES, WEEK, Days, Moved, Often, Rule, Schedule, Session, Span

GOLDEN = Path(__file__).parent / "golden" / "opening_hours.csv"
ROOT = Path(__file__).resolve().parents[1]
EVERY = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"
WORKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
# Published by the Cabinet Office for 2026 (国民の祝日, with 振替休日 and 国民の休日).
HOLIDAYS_2026 = [
    (1, 1), (1, 12), (2, 11), (2, 23), (3, 20), (4, 29), (5, 3), (5, 4), (5, 5), (5, 6), (7, 20), (8, 11),
    (9, 21), (9, 22), (9, 23), (10, 12), (11, 3), (11, 23),
]  # fmt: skip


def golden() -> list[tuple[str, str, str]]:
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["schedule"], row["unread"]) for row in csv.DictReader(file)]


def ja(key: str, /, **values: object) -> str:
    return text.say(key, "ja", **values)


def en(key: str, /, **values: object) -> str:
    return text.say(key, "en", **values)


def of(words: str) -> Schedule:
    reading = schedule.parse(words)
    assert reading.unread == (), words
    return reading.schedule


def states(made: Schedule, day: date) -> dict[str, str]:
    """Runs of equal slots of a day, by their first minute."""
    row = schedule.slots(made, day, day)[0]
    name = {schedule.OPEN: "open", schedule.CLOSED: "closed", schedule.UNKNOWN_SLOT: "unknown"}
    starts = [i for i in range(48) if i == 0 or row[i] != row[i - 1]]
    return {f"{i // 2:02d}:{i % 2 * 30:02d}": name[int(row[i])] for i in starts}


# --- words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "expected", "unread"), golden())
def test_words_mean_what_a_person_reads_in_them(words: str, expected: str, unread: str) -> None:
    reading = schedule.parse(words)
    assert str(reading.schedule) == expected
    assert " / ".join(reading.unread) == unread


def test_the_corpus_is_large_and_much_of_it_must_stay_unknown() -> None:
    rows = golden()
    assert len({words for words, _, _ in rows}) == len(rows) >= 150
    assert sum(expected == "?" for _, expected, _ in rows) >= 30
    assert sum(bool(unread) for _, _, unread in rows) >= 20


@pytest.mark.parametrize("word", ["友引の日", "翌週", "雨の日以外", "給食がない週", "3月31日", "第6金曜"])
@pytest.mark.parametrize(("words", "expected", "unread"), [row for row in golden() if not row[2]][::7])
def test_an_unread_piece_about_days_makes_all_unknown(
    words: str, expected: str, unread: str, word: str
) -> None:
    reading = schedule.parse(f"{words} {word}")
    assert not reading.is_read
    assert reading.schedule == schedule.UNKNOWN


@pytest.mark.parametrize(("words", "expected", "unread"), [row for row in golden() if not row[0].isascii()])
def test_width_of_letters_changes_nothing(words: str, expected: str, unread: str) -> None:
    wide = words.translate(str.maketrans("0123456789:()~,", "０１２３４５６７８９：（）～，"))
    assert str(schedule.parse(wide).schedule) == expected


@pytest.mark.parametrize("dash", ["〜", "～", "-", "ー", "–", "−", "から"])
def test_every_dash_is_a_range(dash: str) -> None:
    assert str(of(f"月{dash}金 10時{dash}15時")) == "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR 10:00-15:00"


@pytest.mark.parametrize("remark", ["要予約", "予約制", "参加費100円", "先着20名", "雨天中止", "どなたでも"])
def test_remarks_are_neither_read_nor_unread(remark: str) -> None:
    reading = schedule.parse(f"毎週火曜 10時〜12時 {remark}")
    assert str(reading.schedule) == "FREQ=WEEKLY;BYDAY=TU 10:00-12:00"
    assert reading.unread == ()
    assert reading.remarks != ()


def test_dates_that_are_assumed_are_named() -> None:
    made = of("毎日（お盆・年末年始を除く）")
    assert made.assumptions == ("new_year", "obon")
    assert of("毎日（年末年始12/29〜1/3を除く）").assumptions == ()
    for language in text.LANGUAGES:
        known = text.catalogue(language)
        for name in (*made.assumptions, "first_days", "summer_break", "winter_break", "spring_break"):
            assert known[f"schedule.assumed_{name}"]
            assert known[f"schedule.break_{name}"]


ALPHABET = st.sampled_from(
    [
        *"月火水木金土日祝第毎隔週休のはとや、・~ ()0123456789時年半:",
        "曜日", "毎月", "最終", "午前", "午後", "平日", "休み", "を除く", "月~金", "10時", "12:00", "2・4", "または",
        "不定期", "8月", "15日", "偶数月", "年末年始", "12/29", "休館日", "祝日の場合は翌日", "ほか", "いずれか",
        "まで", "から", "2024年4月1日", "週2回", "隔月", "頃", "受付", "休憩", "友引", "サロン", "Mo-Fr", "PH", "off",
        "[2]", "; ", "Jan", "\n", "第9", "99日", "13月", "25:61",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(ALPHABET, max_size=14).map("".join) | st.text(max_size=30))
def test_any_words_give_a_schedule_or_say_what_was_not_read(words: str) -> None:
    reading = schedule.parse(words)
    assert reading.is_read or reading.schedule == schedule.UNKNOWN
    assert schedule.from_text(str(reading.schedule)) == reading.schedule
    days = schedule.days_per_week(reading.schedule)
    assert math.isnan(days) or 0 < days <= 7


# --- the value ------------------------------------------------------------------------------------------


@st.composite
def recurrences(draw: st.DrawFn, *, holidays: tuple[str, ...] = ("usual",), phased: bool = True) -> Days:
    months = draw(st.just(()) | st.lists(st.integers(1, 12), min_size=1, max_size=8).map(tuple))
    interval = draw(st.integers(1, 3)) if phased else 1
    anchor = draw(st.dates(date(2023, 1, 1), date(2024, 12, 31))) if interval > 1 else None
    days: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {"weekdays": st.lists(st.tuples(st.just(0), st.integers(0, 6)), min_size=1).map(tuple)}
        )
        | st.fixed_dictionaries(
            {
                "weekdays": st.lists(
                    st.tuples(st.sampled_from([1, 2, 3, 4, 5, -1]), st.integers(0, 6)), min_size=1, max_size=5
                ).map(tuple)
            }
        )
        | st.fixed_dictionaries(
            {"month_days": st.lists(st.sampled_from([*range(1, 32), -1]), min_size=1, max_size=4).map(tuple)}
        )
    )
    return Days(
        **days, months=months, interval=interval, anchor=anchor, holidays=draw(st.sampled_from(holidays))
    )


SESSIONS = st.lists(
    st.tuples(st.integers(0, 47), st.integers(1, 24)).map(lambda s: Session(s[0] * 30, (s[0] + s[1]) * 30))
    | st.integers(0, 47).map(lambda s: Session(s * 30, None))
    | st.integers(1, 48).map(lambda s: Session(None, s * 30)),
    max_size=3,
).map(tuple)
OFTEN = st.builds(
    Often, st.integers(1, 3), st.integers(3, 5), st.sampled_from(["week", "month", "year"]), st.integers(1, 3)
)
SPANS = st.sampled_from(
    [
        Span((8, 1), (8, 31)),
        Span((12, 29), (1, 3), "new_year"),
        Span((12, 28), (1, 5)),
        Span((2, 23), (2, 23)),
    ]
)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    rules = []
    for _ in range(draw(st.integers(1, 3))):
        days = draw(recurrences(holidays=("usual", "skip", "also")))
        certain = draw(st.booleans())
        often = None if certain else draw(st.none() | OFTEN)
        rules.append(Rule(days, draw(SESSIONS), certain, often))
    closed = draw(
        st.lists(SPANS | recurrences() | st.just(Moved((0,))) | st.just(Moved((0, 2), True)), max_size=3)
    )
    since = draw(st.none() | st.dates(date(2025, 1, 1), date(2025, 6, 30)))
    until = draw(st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    return Schedule(tuple(rules), tuple(closed), since, until, draw(st.booleans()))


@settings(deadline=None)
@given(schedules())
def test_a_written_schedule_is_read_again_unchanged(made: Schedule) -> None:
    assert schedule.from_text(str(made)) == made


@settings(deadline=None)
@given(recurrences())
def test_a_recurrence_rule_is_read_again_unchanged(days: Days) -> None:
    assert schedule.days_from_rrule(days.rrule) == days
    assert schedule.days_from_rrule("RRULE:" + days.rrule) == days


def test_the_order_of_the_parts_changes_nothing() -> None:
    tuesday, friday = Rule(Days(((0, 1),))), Rule(Days(((0, 4),)))
    assert (
        Schedule((tuesday, friday))
        == Schedule((friday, tuesday))
        == Schedule((Rule(Days(((0, 4), (0, 1)))),))
    )
    assert Days(((2, 5), (1, 5)), months=(3, 2)) == Days(((1, 5), (2, 5)), months=(2, 3, 3))
    assert Days(((0, 1),), months=tuple(range(1, 13))) == Days(((0, 1),))


IMPOSSIBLE = [
    lambda: Session(None, None),
    lambda: Session(1080, 1050),
    lambda: Session(600, 600),
    lambda: Session(1440, 1500),
    lambda: Session(600, 600 + 1441),
    lambda: Days(),
    lambda: Days(((0, 7),)),
    lambda: Days(((6, 1),)),
    lambda: Days(((0, 1), (2, 1))),
    lambda: Days(((0, 1),), (15,)),
    lambda: Days((), (32,)),
    lambda: Days((), (0,)),
    lambda: Days(((0, 1),), months=(13,)),
    lambda: Days(((0, 1),), interval=2),
    lambda: Days(((0, 1),), anchor=date(2026, 1, 1)),
    lambda: Days(((0, 1),), holidays="only"),
    lambda: Span((2, 30), (3, 1)),
    lambda: Span((13, 1), (1, 1)),
    lambda: Often(0, 1, "week"),
    lambda: Often(3, 2, "week"),
    lambda: Moved(()),
    lambda: Moved((7,)),
    lambda: Rule(Days(((0, 1),)), often=Often(1, 1, "week")),
    lambda: Schedule(),
    lambda: Schedule((Rule(Days(((0, 1),))),), valid_from=date(2026, 2, 1), valid_to=date(2026, 1, 1)),
    lambda: Schedule((Rule(Days(((0, 1),))),), (Days(((0, 1),), holidays="skip"),)),
    lambda: schedule.slots(schedule.UNKNOWN, date(2026, 1, 2), date(2026, 1, 1)),
    lambda: schedule.from_text(""),
    lambda: schedule.from_text("every day"),
    lambda: schedule.from_text("FREQ=WEEKLY;BYDAY=TU ~often"),
    lambda: schedule.from_text("FREQ=WEEKLY;BYDAY=TU ! 13-01/13-02"),
    lambda: schedule.from_text("FREQ=WEEKLY;BYDAY=TU from soon"),
    lambda: schedule.days_from_rrule("FREQ=YEARLY"),
    lambda: schedule.days_from_rrule("FREQ=WEEKLY;BYDAY=XX"),
    lambda: schedule.days_from_rrule("FREQ=WEEKLY;BYDAY=2TU"),
    lambda: schedule.days_from_rrule("FREQ=WEEKLY;BYDAY=TU;COUNT=10"),
    lambda: schedule.days_from_rrule("FREQ=WEEKLY;BYDAY=TU;INTERVAL=two"),
    lambda: schedule.days_from_rrule("FREQ=MONTHLY;INTERVAL=2;BYDAY=TU;DTSTART=20260101"),
    lambda: schedule.days_from_rrule(""),
]


@pytest.mark.parametrize("make", IMPOSSIBLE)
def test_what_cannot_be_is_refused_with_a_sentence(make: Any) -> None:
    with pytest.raises(errors.DataError) as problem:
        make()
    for language in text.LANGUAGES:
        told = text.tell(problem.value.code, problem.value.template, language, **problem.value.context)
        assert told
        assert "{" not in told


# --- slots ----------------------------------------------------------------------------------------------


def dates_of(days: Days, first: date, last: date) -> list[date]:
    return schedule.opening_dates(Schedule((Rule(days),)), first, last)


@settings(max_examples=150, deadline=None)
@given(recurrences())
def test_dates_are_those_of_dateutil_over_five_years(days: Days) -> None:
    start = days.anchor or date(2024, 1, 1)
    last = date(start.year + 5, 12, 31)
    options: dict[str, Any] = {
        "dtstart": datetime.datetime.combine(start, datetime.time()),
        "until": datetime.datetime.combine(last, datetime.time()),
        "interval": days.interval,
        "wkst": oracle.MO,
    }
    if days.months:
        options["bymonth"] = days.months
    if days.month_days:
        options["bymonthday"] = days.month_days
    if days.weekdays:
        named = [getattr(oracle, DAY_CODES[day]) for _, day in days.weekdays]
        nths = [nth for nth, _ in days.weekdays]
        options["byweekday"] = [d(n) if n else d for d, n in zip(named, nths, strict=True)]
    frequency = oracle.WEEKLY if days.is_weekly else oracle.MONTHLY
    expected = [moment.date() for moment in oracle.rrule(frequency, **options)]
    assert dates_of(days, start, last) == expected


@settings(deadline=None)
@given(recurrences(), st.dates(date(2024, 1, 1), date(2027, 1, 1)), st.integers(0, 60), st.integers(0, 60))
def test_a_range_is_its_parts_one_after_the_other(days: Days, first: date, before: int, after: int) -> None:
    middle, last = (first + datetime.timedelta(days=n) for n in (before, before + after + 1))
    late = Schedule((Rule(days, (Session(1200, 1600),)),), (Moved((0,)),))
    parts = [
        schedule.slots(late, first, middle),
        schedule.slots(late, middle + datetime.timedelta(days=1), last),
    ]
    assert np.array_equal(np.concatenate(parts), schedule.slots(late, first, last))


@settings(deadline=None)
@given(schedules(), st.dates(date(2025, 1, 1), date(2026, 10, 1)))
def test_slots_are_one_of_three_values_and_the_caller_may_change_them(made: Schedule, first: date) -> None:
    last = first + datetime.timedelta(days=40)
    grid = schedule.slots(made, first, last)
    assert grid.shape == (41, 48)
    assert grid.dtype == np.int8
    assert set(np.unique(grid)) <= {-1, 0, 1}
    again = grid.copy()
    grid[:] = 9
    assert np.array_equal(schedule.slots(made, first, last), again)


@settings(deadline=None)
@given(schedules(), recurrences(), SESSIONS, st.dates(date(2025, 1, 1), date(2026, 10, 1)))
def test_one_more_rule_never_closes_anything(
    made: Schedule, days: Days, sessions: tuple[Session, ...], first: date
) -> None:
    last = first + datetime.timedelta(days=30)
    more = Schedule(
        (*made.rules, Rule(days, sessions)), made.closed, made.valid_from, made.valid_to, made.is_complete
    )
    before, after = (schedule.slots(s, first, last) for s in (made, more))
    assert np.all(after[before == schedule.OPEN] == schedule.OPEN)
    assert np.all(after[before == schedule.UNKNOWN_SLOT] != schedule.CLOSED)


@settings(deadline=None)
@given(schedules(), SPANS, st.dates(date(2025, 1, 1), date(2026, 10, 1)))
def test_one_more_closure_never_opens_anything(made: Schedule, closed: Span, first: date) -> None:
    last = first + datetime.timedelta(days=30)
    less = Schedule(made.rules, (*made.closed, closed), made.valid_from, made.valid_to, made.is_complete)
    before, after = (schedule.slots(s, first, last) for s in (made, less))
    assert np.all(before[after == schedule.OPEN] == schedule.OPEN)
    assert np.all(after[before == schedule.CLOSED] == schedule.CLOSED)


TUESDAY = date(2026, 4, 7)


def test_hours_open_and_the_rest_is_closed() -> None:
    assert states(of("火 10時〜12時、13時〜15時半"), TUESDAY) == {
        "00:00": "closed", "10:00": "open", "12:00": "closed", "13:00": "open", "15:30": "closed",
    }  # fmt: skip
    assert states(of("水 10時〜12時"), TUESDAY) == {"00:00": "closed"}


@pytest.mark.parametrize(
    ("hours", "slots"),
    [
        ("11:45〜12:15", {"11:30": "open", "12:30": "closed"}),
        ("11:50〜12:10", {}),
        ("10:10〜10:25", {"10:00": "open", "10:30": "closed"}),
        ("10:15〜11:14", {"10:00": "open", "11:00": "closed"}),
        ("10:16〜11:15", {"10:30": "open", "11:30": "closed"}),
        ("10:00〜10:10、10:20〜10:30", {"10:00": "open", "10:30": "closed"}),
        ("0:00〜24:00", {"00:00": "open"}),
    ],
)
def test_a_slot_is_open_when_half_of_it_is(hours: str, slots: dict[str, str]) -> None:
    assert states(of(f"火 {hours}"), TUESDAY) == {"00:00": "closed"} | slots


def test_an_end_that_is_not_said_is_unknown_from_the_start_on() -> None:
    assert states(of("火 17時〜"), TUESDAY) == {"00:00": "closed", "17:00": "unknown"}
    assert states(of("火 〜15時"), TUESDAY) == {"00:00": "unknown", "15:00": "closed"}


def test_days_known_and_hours_not_leave_that_day_unknown_and_the_others_closed() -> None:
    assert states(of("火"), TUESDAY) == {"00:00": "unknown"}
    assert states(of("水"), TUESDAY) == {"00:00": "closed"}


def test_hours_known_and_days_not_leave_those_hours_unknown_and_the_others_closed() -> None:
    assert states(of("不定期 10時〜12時"), TUESDAY) == {
        "00:00": "closed", "10:00": "unknown", "12:00": "closed",
    }  # fmt: skip
    assert states(of("月1回火曜 10時〜12時"), TUESDAY)["10:00"] == "unknown"
    assert states(of("月1回水曜 10時〜12時"), TUESDAY) == {"00:00": "closed"}


def test_nothing_known_is_unknown_throughout() -> None:
    grid = schedule.slots(schedule.UNKNOWN, TUESDAY, date(2026, 4, 30))
    assert np.all(grid == schedule.UNKNOWN_SLOT)
    assert math.isnan(schedule.days_per_week(schedule.UNKNOWN))


def test_other_times_that_are_not_known_are_not_closed() -> None:
    made = of("第1火曜ほか 10時〜12時")
    assert states(made, TUESDAY) == {"00:00": "unknown", "10:00": "open", "12:00": "unknown"}
    assert states(made, date(2026, 4, 8)) == {"00:00": "unknown"}


@pytest.mark.parametrize(
    "vague", ["FREQ=WEEKLY;BYDAY=MO,TU,WE 10:00-14:00 ~?", "FREQ=MONTHLY;BYDAY=1TU 10:00-14:00 ~1/month"]
)
def test_what_is_certainly_open_stays_open_beside_what_is_not_known(vague: str) -> None:
    made = schedule.from_text(f"FREQ=WEEKLY;BYDAY=TU 10:00-12:00 & {vague}")
    assert states(made, TUESDAY) == {
        "00:00": "closed", "10:00": "open", "12:00": "unknown", "14:00": "closed",
    }  # fmt: skip
    whole_day = schedule.from_text("FREQ=WEEKLY;BYDAY=TU 10:00-12:00 & FREQ=MONTHLY;BYDAY=1TU")
    assert states(whole_day, TUESDAY) == {"00:00": "unknown", "10:00": "open", "12:00": "unknown"}


def test_a_session_after_midnight_runs_into_the_next_day() -> None:
    made = of("月 20時〜翌1時")
    assert states(made, date(2026, 4, 6)) == {"00:00": "closed", "20:00": "open"}
    assert states(made, TUESDAY) == {"00:00": "open", "01:00": "closed"}
    closed = schedule.parse("月 20時〜翌1時、火 10時〜12時（第1火曜休み）").schedule
    assert states(closed, TUESDAY) == {"00:00": "open", "01:00": "closed"}


def test_months_off_and_new_year_close_and_run_over_the_year() -> None:
    made = of("毎日 10時〜12時（8月・年末年始休み）")
    dates = schedule.opening_dates(made, date(2026, 7, 1), date(2027, 1, 31))
    missing = {date(2026, 7, 1) + datetime.timedelta(days=i) for i in range(215)} - set(dates)
    august = {date(2026, 8, d) for d in range(1, 32)}
    assert missing == august | {date(2026, 12, d) for d in (29, 30, 31)} | {
        date(2027, 1, d) for d in (1, 2, 3)
    }


def test_a_break_whose_dates_differ_by_city_is_unknown() -> None:
    made = of("毎週火曜 10時〜12時（夏休み期間は休み）")
    assert states(made, date(2026, 7, 7))["10:00"] == "open"
    assert states(made, date(2026, 8, 4)) == {"00:00": "closed", "10:00": "unknown", "12:00": "closed"}
    assert states(made, date(2026, 9, 8))["10:00"] == "open"


def test_holidays_are_those_of_the_cabinet_office() -> None:
    only = schedule.opening_dates(of("祝日"), date(2026, 1, 1), date(2026, 12, 31))
    assert only == [date(2026, m, d) for m, d in HOLIDAYS_2026]


def test_holidays_close_open_or_change_nothing_as_the_words_say() -> None:
    monday, sunday = date(2026, 7, 20), date(2026, 5, 3)
    assert [monday in schedule.opening_dates(of(w), monday, monday) for w in ("月", "平日", "月(祝休)", "土日祝")] == [
        True, False, False, True,
    ]  # fmt: skip
    assert schedule.opening_dates(of("土日祝"), sunday, date(2026, 5, 9)) == [
        date(2026, 5, d) for d in (3, 4, 5, 6, 9)
    ]
    assert states(of("平日9時〜21時、土日祝9時〜17時"), monday) == {
        "00:00": "closed", "09:00": "open", "17:00": "closed",
    }  # fmt: skip


def test_a_closing_day_on_a_holiday_moves() -> None:
    # 21 Sep 2026 is a Monday; 21 to 23 are holidays.
    week = (date(2026, 9, 21), date(2026, 9, 27))
    assert [d.day for d in schedule.opening_dates(of("月曜休館（祝日の場合は翌日）"), *week)] == [
        21,
        23,
        24,
        25,
        26,
        27,
    ]
    assert [d.day for d in schedule.opening_dates(of("月曜休館（祝日の場合は翌平日）"), *week)] == [
        21,
        22,
        23,
        25,
        26,
        27,
    ]
    # 20 Mar 2026 is a Friday and a holiday: the next working day is Monday.
    friday = schedule.from_text(f"{EVERY} ! FR>workday")
    assert [d.day for d in schedule.opening_dates(friday, date(2026, 3, 20), date(2026, 3, 24))] == [
        20,
        21,
        22,
        24,
    ]
    # The day that it moves to may be the first of the range.
    assert (
        schedule.opening_dates(of("月曜休館（祝日の場合は翌平日）"), date(2026, 9, 24), date(2026, 9, 24))
        == []
    )


def test_a_schedule_is_closed_before_and_after_it_is_valid() -> None:
    made = of("2026年4月8日から2026年4月21日まで 火曜 10時〜12時")
    assert schedule.opening_dates(made, date(2026, 1, 1), date(2026, 12, 31)) == [
        date(2026, 4, 14),
        date(2026, 4, 21),
    ]


def test_an_alternation_keeps_its_phase_before_its_first_date() -> None:
    days = schedule.days_from_rrule("DTSTART=20260408;FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE")
    assert dates_of(days, date(2026, 3, 20), date(2026, 4, 12)) == [
        date(2026, 3, 23), date(2026, 3, 25), date(2026, 4, 6), date(2026, 4, 8),
    ]  # fmt: skip


# --- days a week ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("毎日", 7.0),
        ("平日", 5.0),
        ("月〜金 10:00-16:00", 5.0),
        ("毎日(日祝休)", 6.0),
        ("月・水・金(8月休み)", 3.0),
        ("毎日(年末年始を除く)", 7.0),
        ("第2・4土", 0.46),
        ("月1回", 0.23),
        ("月１～２回", 0.34),
        ("隔週木曜", 0.5),
        ("年6回", 0.11),
        ("奇数月の第2水曜日", 0.11),
        ("毎月10日・25日", 0.46),
        ("毎週水曜日と第3土曜日", 1.23),
        ("毎週土曜と第3土曜", 1.0),
        ("火・木・土(第3土曜は休み)", 2.77),
        ("4月〜9月の毎週火曜", 0.5),
        ("土日祝", 2.0),
        ("月曜休館(祝日の場合は翌日)", 6.0),
        ("ほぼ毎日", 6.0),
        ("週1〜2回", 1.5),
        ("偶数月に隔週火曜", 0.25),
        ("不定期", None),
        ("第2水曜ほか", None),
        ("10:00〜15:00", None),
        ("毎日と不定期", None),
        ("毎日、月2回", 7.0),
    ],
)
def test_days_per_week(words: str, days: float | None) -> None:
    found = schedule.days_per_week(schedule.parse(words).schedule)
    assert (days is None and math.isnan(found)) or found == days


def test_days_per_week_of_an_alternation_whose_phase_is_known() -> None:
    days = schedule.days_from_rrule("DTSTART=20260408;FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE")
    assert schedule.days_per_week(Schedule((Rule(days),))) == 1.0


@settings(max_examples=50, deadline=None)
@given(recurrences(phased=False))
def test_days_per_week_is_the_mean_of_the_opening_dates(days: Days) -> None:
    dates = dates_of(days, date(2029, 1, 1), date(2056, 12, 31))
    mean = len(dates) / 1461
    found = schedule.days_per_week(Schedule((Rule(days),)))
    assert found == round(mean, 2) if dates else math.isnan(found)


# --- columns --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected", "unread"),
    [
        ({"days": "月火水木金", "start": "09:00", "end": "17:00"}, f"{WORKDAYS} 09:00-17:00", ""),
        ({"days": "水曜日", "start": "9:00:00", "end": "17：30"}, "FREQ=WEEKLY;BYDAY=WE 09:00-17:30", ""),
        ({"days": "火", "start": 0.4166666667, "end": "0.708333"}, "FREQ=WEEKLY;BYDAY=TU 10:00-17:00", ""),
        ({"days": "火", "start": datetime.time(10), "end": datetime.time(0)}, "FREQ=WEEKLY;BYDAY=TU 10:00-24:00", ""),
        ({"days": "火", "start": "午前10時", "end": "午後3時半"}, "FREQ=WEEKLY;BYDAY=TU 10:00-15:30", ""),
        ({"days": "土", "start": "18:00", "end": "17:30"}, "FREQ=WEEKLY;BYDAY=SA", "18:00~17:30"),
        ({"days": "土", "start": 46054, "end": "17"}, "FREQ=WEEKLY;BYDAY=SA", "46054 / 17"),
        ({"days": "土", "start": "非公開", "end": "非公開"}, "FREQ=WEEKLY;BYDAY=SA", ""),
        ({"days": "土", "start": "1:30", "end": "3:30"}, "FREQ=WEEKLY;BYDAY=SA", "1:30"),
        ({"days": "火;木", "note": "祝日・年末年始を除く"}, "FREQ=WEEKLY;BYDAY=TU,TH PH- ! 12-29/01-03 new_year", ""),
        ({"days": "月火水木金土日", "start": "9:00", "end": "21:00", "note": "第3月曜休館"},
         f"{EVERY} 09:00-21:00 ! FREQ=MONTHLY;BYDAY=3MO", ""),
        ({"days": "火", "note": "友引の日は休み"}, "?", "休み / 友引の日は"),
        ({"start": "10:00", "end": "12:00"}, f"{EVERY} 10:00-12:00 ~?", ""),
        ({}, "?", ""),
        # 開催頻度
        ({"days": "土", "frequency_code": "5 "}, "FREQ=WEEKLY;BYDAY=SA ~1/month", ""),
        ({"days": "土", "frequency_code": ""}, "FREQ=WEEKLY;BYDAY=SA ~?", ""),
        ({"days": "土", "frequency_code": float("nan")}, "FREQ=WEEKLY;BYDAY=SA ~?", ""),
        ({"days": "月木", "frequency_code": 3}, "FREQ=WEEKLY;BYDAY=MO,TH", ""),
        ({"days": "木日", "frequency_code": "４"}, "FREQ=WEEKLY;BYDAY=TH,SU ~1/2week", ""),
        ({"days": "水木金土日", "frequency_code": 2.0}, "FREQ=WEEKLY;BYDAY=WE,TH,FR,SA,SU ~3-4/week", ""),
        ({"days": "月火水木金", "frequency_code": "1"}, WORKDAYS, ""),
        ({"frequency_code": "1", "start": "11:30"}, f"{EVERY} 11:30-? ~5-7/week", ""),
        ({"days": "土", "frequency_code": "8"}, "FREQ=WEEKLY;BYDAY=SA ~?", ""),
        ({"days": "土", "frequency_code": "７"}, "FREQ=WEEKLY;BYDAY=SA ~?", ""),
        ({"days": "土", "frequency_code": "9"}, "?", "9"),
        # The columns contradict each other: less is known, and the cell is named.
        ({"days": "木", "frequency_code": "1", "start": "17:00", "end": "19:00"}, f"{EVERY} 17:00-19:00 ~?", "1"),
        ({"days": "土", "dates": "第3土曜日", "frequency_code": "1"}, "FREQ=MONTHLY;BYDAY=3SA + ?", "1"),
        ({"dates": "第2土曜 10時〜12時", "start": "13:00", "end": "15:00"}, "FREQ=MONTHLY;BYDAY=2SA",
         "10:00-12:00 / 13:00-15:00"),
        # 開催日
        ({"days": "木曜日", "dates": "毎月第３", "frequency_code": "5"}, "FREQ=MONTHLY;BYDAY=3TH", ""),
        ({"days": "土", "dates": "最終", "frequency_code": "5"}, "FREQ=MONTHLY;BYDAY=-1SA", ""),
        ({"days": "水", "dates": "毎週", "frequency_code": ""}, "FREQ=WEEKLY;BYDAY=WE", ""),
        ({"days": "日土", "dates": "第２日曜日、第４土曜日", "frequency_code": "4"}, "FREQ=MONTHLY;BYDAY=4SA,2SU", ""),
        ({"days": "木", "dates": "偶数月の第３土曜日", "frequency_code": "3", "start": "15:00", "end": "19:00",
          "note": "土曜日は、10:00～19:00"},
         "FREQ=WEEKLY;BYDAY=TH 15:00-19:00 & FREQ=MONTHLY;BYDAY=3SA;BYMONTH=2,4,6,8,10,12 10:00-19:00", ""),
        # 開催日時特記事項
        ({"days": "日", "frequency_code": "5", "note": "毎月第4日曜日"}, "FREQ=MONTHLY;BYDAY=4SU", ""),
        ({"dates": "第3土曜日", "note": "開催日は第3土", "start": "10:00"}, "FREQ=MONTHLY;BYDAY=3SA 10:00-?", ""),
        ({"days": "水", "frequency_code": "5", "start": "17:30", "end": "19:00", "note": "11月～2月は17：00～18：30"},
         "FREQ=WEEKLY;BYDAY=WE;BYMONTH=1,2,11,12 17:00-18:30 ~1/month & "
         "FREQ=WEEKLY;BYDAY=WE;BYMONTH=3,4,5,6,7,8,9,10 17:30-19:00 ~1/month", ""),
        ({"dates": "毎月最終土曜日", "start": "11:30", "end": "14:20", "note": "1部11:30～12:50、2部13:00～14:20"},
         "FREQ=MONTHLY;BYDAY=-1SA 11:30-12:50,13:00-14:20", ""),
        ({"dates": "第3日曜日", "start": "11:30", "end": "13:30", "note": "平日も不定期開催"},
         "FREQ=MONTHLY;BYDAY=3SU 11:30-13:30 + ?", ""),
        ({"days": "土", "start": "12:00", "note": "調理10:00～、食事12:00～"}, "FREQ=WEEKLY;BYDAY=SA 12:00-?", ""),
        ({"days": "火水", "dates": "第1火曜"}, "FREQ=MONTHLY;BYDAY=1TU + ?", ""),
        # What depends on something else is no plain yes, whichever column says so.
        ({"days": "土", "note": "季節による"}, f"{EVERY} ~?", ""),
        ({"days": "土", "dates": "第2", "note": "天候による"}, f"{EVERY} ~?", ""),
        ({"days": "金", "start": "16:00", "note": "要問合せ", "frequency_code": "3"},
         "FREQ=WEEKLY;BYDAY=FR 16:00-? ~?", ""),
        ({"days": "土", "start": "10:00", "end": "変更あり"}, "FREQ=WEEKLY;BYDAY=SA 10:00-?", ""),
    ],
)  # fmt: skip
def test_columns_together(cells: dict[str, object], expected: str, unread: str) -> None:
    reading = schedule.from_fields(**cells)
    assert str(reading.schedule) == expected
    assert " / ".join(reading.unread) == unread


@pytest.mark.parametrize(
    ("cells", "expected", "unread"),
    [
        (("土・日・祝・年末年始（12/29〜1/3）", "10:00-16:00"),
         f"{WORKDAYS} PH- 10:00-16:00 ! 12-29/01-03", ""),
        (("月、火、土、日、祝祭日、12月29日〜1月5日", "11:00-16:00"),
         "FREQ=WEEKLY;BYDAY=WE,TH,FR PH- 11:00-16:00 ! 12-29/01-05", ""),
        (("日曜日・祝日",), f"{WORKDAYS},SA PH-", ""),
        (("なし",), EVERY, ""),
        (("年中無休",), "?", "年中無休"),
        (("",), "?", ""),
        # Hours for some kinds of day: the others may be closed, or only not filled in.
        (("第2土曜日", "09:00-17:00", "09:00-17:00"),
         f"{WORKDAYS},SA PH- 09:00-17:00 & "
         "FREQ=WEEKLY;BYDAY=SU PH- ~? & PH ~? ! FREQ=MONTHLY;BYDAY=2SA", ""),
        (("", "09:00-17:00", "", "", "10:00-12:00"),
         f"{WORKDAYS} PH- 09:00-17:00 & "
         "FREQ=WEEKLY;BYDAY=SA PH- ~? & FREQ=WEEKLY;BYDAY=SU PH- ~? & PH 10:00-12:00", ""),
        (("土日", "10:00-16:00", "", "", "", "利用者の都合により営業時間変動あり"),
         f"{WORKDAYS} PH- ~? & PH ~?", ""),
        (("日", "10:00-16:00", "10:00-12:00(要問合せ)"),
         f"{WORKDAYS} PH- ~? & FREQ=WEEKLY;BYDAY=SA PH- ~? & PH ~?", ""),
        (("友引",), "?", "友引"),
        (("日曜日", "10:00-16:00", "", "", "", "第3水曜は午後のみ"), "?", "第3水曜は午後のみ"),
    ],
)  # fmt: skip
def test_closing_days(cells: tuple[str, ...], expected: str, unread: str) -> None:
    names = ("workdays", "saturdays", "sundays", "holidays", "note")
    reading = schedule.from_closing_days(cells[0], **dict(zip(names, cells[1:], strict=False)))
    assert str(reading.schedule) == expected
    assert " / ".join(reading.unread) == unread


# --- words again ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("expected", sorted({row[1] for row in golden()}))
def test_a_schedule_in_words_is_read_as_the_same_schedule(expected: str) -> None:
    made = schedule.from_text(expected)
    words = schedule.describe(made, ja)
    if made != schedule.UNKNOWN:
        assert str(schedule.parse(words).schedule) == expected, words


@settings(max_examples=200, deadline=None)
@given(recurrences(phased=False), SESSIONS, st.lists(SPANS, max_size=2), st.booleans(), st.booleans())
def test_described_in_japanese_and_read_again(
    days: Days, sessions: tuple[Session, ...], closed: list[Span], is_complete: bool, is_vague: bool
) -> None:
    # Hours before dawn are doubted by the reader, and half a range beside others has no one place in a sentence.
    assume(all(s.start_min is not None and s.start_min >= 300 for s in sessions))
    assume(len(sessions) < 2 or all(None not in s.ends for s in sessions))
    assume(not (is_vague and (days.month_days or not days.is_weekly or days.months)))
    made = Schedule((Rule(days, sessions, not is_vague),), tuple(closed), is_complete=is_complete)
    words = schedule.describe(made, ja)
    assert str(schedule.parse(words).schedule) == str(made), words


@settings(deadline=None)
@given(schedules())
def test_every_schedule_can_be_said_in_both_languages(made: Schedule) -> None:
    for say in (ja, en):
        words = schedule.describe(made, say)
        assert words
        assert "{" not in words
    assert schedule.describe(made, en).isascii() or "–" in words or "×" in words


@pytest.mark.parametrize(
    ("words", "japanese", "english"),
    [
        ("火木 10時~15時", "毎週火・木曜 10:00〜15:00", "every Tuesday, Thursday 10:00–15:00"),
        ("平日", "平日（時間は不明）", "Monday–Friday except national holidays (hours not known)"),
        ("月1回土曜 10時半〜", "土曜 月1回 10:30〜", "Saturday, 1× a month from 10:30 (end not known)"),
        ("毎日9時〜17時(年末年始・祝日休み)", "毎日 9:00〜17:00（祝日・年末年始休み）",
         "every day 9:00–17:00 (closed: national holidays, New Year)"),
        ("月曜休館(祝日の場合は翌平日) 9時〜17時", "毎日 9:00〜17:00（月曜（祝日の場合は翌平日）休み）",
         "every day 9:00–17:00 (closed: Monday (the next working day if it is a national holiday))"),
        ("火 〜15時", "毎週火曜 〜15:00", "every Tuesday until 15:00 (start not known)"),
        ("", "開いている日時は不明", "opening days and hours not known"),
    ],
)  # fmt: skip
def test_schedules_in_words(words: str, japanese: str, english: str) -> None:
    made = schedule.parse(words).schedule
    assert (schedule.describe(made, ja), schedule.describe(made, en)) == (japanese, english)


# --- real lists -----------------------------------------------------------------------------------------


def measure() -> ModuleType:
    path = ROOT / "benchmarks" / "opening_strings.py"
    described = importlib.util.spec_from_file_location("opening_strings", path)
    assert described is not None
    assert described.loader is not None
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


@pytest.mark.realdata
def test_nearly_all_opening_words_of_real_lists_are_understood(realdata: Path, sample: Path) -> None:
    found = measure().readings(realdata, sample)
    shares = {name: measure().share(read) for name, read in found.items()}
    assert shares["strings"] >= 0.95, shares
    assert shares["rows"] >= 0.9
    assert shares["closing days"] == 1
    assert len(found["strings"]) > 250
    for read in found.values():
        for reading in read.values():
            assert schedule.from_text(str(reading.schedule)) == reading.schedule


@pytest.mark.realdata
def test_very_few_real_cafeterias_are_permanent(realdata: Path) -> None:
    module = measure()
    rows = module.cafeterias(realdata / "places" / "kodomo_shokudo")
    days = [schedule.days_per_week(module.read_row(row).schedule) for row in rows]
    permanent = [row for row, found in zip(rows, days, strict=True) if found >= 3]
    # Nobody who says monthly or twice a month is permanent, whatever the other columns say.
    assert 15 < len(permanent) < 40
    assert {row[0] for row in permanent} <= {"", "1", "2"}


def test_the_sample_ward_is_understood(sample: Path) -> None:
    module = measure()
    words = {row[module.WORDS] for row in module.table(sample / "ibasho_salon.csv")} - {""}
    assert len(words) > 20
    assert [w for w in sorted(words) if not schedule.parse(w).is_read] == []
    assert all(module.read_row(row).is_read for row in module.cafeterias(sample))


def test_weekdays_are_named_as_the_calendar_has_them() -> None:
    week = (date(2026, 4, 6), date(2026, 4, 12))
    found = [schedule.opening_dates(of(name), *week)[0].weekday() for name in "月火水木金土日"]
    assert found == [day for _, day in WEEK]
    assert found == list(range(7))
