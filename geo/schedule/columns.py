"""Opening hours that stand in several columns of a list: weekdays, dates, start, end, frequency, remarks.

The columns must agree. Where they contradict each other the schedule says less, and the reading names the cell.
"""

from __future__ import annotations

import datetime
import math
import numbers
import re
from dataclasses import replace
from typing import NamedTuple

from geo import errors
from geo.schedule import expand, pieces, reading
from geo.schedule.reading import Reading
from geo.schedule.said import Phrase, Said
from geo.schedule.tokens import plain
from geo.schedule.value import UNKNOWN, WEEK, Days, Often, Rule, Schedule, Session

FREQUENCIES = {
    1: Often(5, 7, "week"),
    2: Often(3, 4, "week"),
    3: Often(1, 2, "week"),
    4: Often(1, 1, "week", 2),
    5: Often(1, 1, "month"),
}
"""開催頻度 of the children's cafeteria standard (2022): 1 nearly every day … 5 monthly; 6 every few months,
7 in a season and 8 irregular tell no number."""
FREQUENCY_WORDS = {
    "1": "ほぼ毎日", "2": "週3~4回", "3": "週1~2回", "4": "2週に1回", "5": "月1回", "6": "数か月に1回", "7": "不定期",
    "8": "不定期",
}  # fmt: skip
"""The same codes in words that :func:`geo.schedule.parse` reads; of the last three no day is sure."""
# Days a week that words may come to beside a code: half-way to the next code.
_BANDS = {1: (4.5, 7.0), 2: (2.5, 4.5), 3: (0.75, 2.5), 4: (0.3, 0.75), 5: (0.15, 0.34), 6: (0.0, 0.17)}


class _Hours(NamedTuple):
    session: Session | None
    unread: tuple[str, ...]
    remarks: tuple[str, ...]


def from_fields(
    *,
    days: object = None,
    dates: object = None,
    start: object = None,
    end: object = None,
    note: object = None,
    frequency_code: object = None,
) -> Reading:
    """Opening hours from the columns of the municipal standards.

    Parameters
    ----------
    days : object, optional
        Weekdays (利用可能曜日, 開催曜日).
    dates : object, optional
        Which of them, or anything else about days (開催日).
    start, end : object, optional
        Time of day as text, ``datetime.time``, or fraction of a day as Excel stores it.
    note : object, optional
        Remarks on days and hours (利用可能日時特記事項, 開催日時特記事項).
    frequency_code : object, optional
        開催頻度, 1–8. None: the list has no such column, so weekdays mean every week. An empty cell (``""`` or
        NaN): the list could say how often and does not, so weekdays alone leave that open.

    Returns
    -------
    reading : Reading
        Cells that contradict the others stand in ``unread``.

    Examples
    --------
    >>> str(from_fields(days="火木", start="10:00", end=0.625).schedule)
    'FREQ=WEEKLY;BYDAY=TU,TH 10:00-15:00'
    >>> str(from_fields(days="土", dates="第2", start="11:30", frequency_code="5 ").schedule)
    'FREQ=MONTHLY;BYDAY=2SA 11:30-?'
    >>> str(from_fields(days="土", frequency_code=5).schedule)
    'FREQ=WEEKLY;BYDAY=SA ~1/month'
    """
    code, strange = _code(frequency_code)
    hours = _hours(start, end)
    said = _joined(_cell(days), _cell(dates), _cell(note))
    said.unread += strange
    told = [p for p in said.phrases if p.has_days]
    if frequency_code is not None:
        _heed_frequency(said, code, is_only_weekdays=not any(_says_how_often(p) for p in told))
    clash = _add_hours(said, hours)
    result = reading.settle(said)
    remarks = (*result.remarks, *hours.remarks)
    unread = (*result.unread, *hours.unread, *clash)
    schedule = result.schedule
    if schedule.rules and code in _BANDS and not _agrees(schedule, code):
        # The days that are named are open; a wrong code may mean more of them, or fewer.
        unread = (*unread, str(frequency_code).strip())
        if all(r.days.is_weekly for r in schedule.rules):
            rules = tuple(Rule(Days(WEEK), r.sessions, is_certain=False) for r in schedule.rules)
            schedule = replace(schedule, rules=rules)
        else:
            schedule = replace(schedule, is_complete=False)
    return Reading(schedule, tuple(dict.fromkeys(unread)), tuple(dict.fromkeys(remarks)))


def from_closing_days(
    closed: object,
    *,
    workdays: object = None,
    saturdays: object = None,
    sundays: object = None,
    holidays: object = None,
    note: object = None,
) -> Reading:
    """Opening hours from a column of closing days and hours by kind of day (WAM NET: 定休日, 利用可能な時間帯).

    Open on all days except the closing days. Where hours are given for some kinds of day, a kind without
    hours that is not closed either is unknown, not open.

    Parameters
    ----------
    closed : object
        Closing days in words; an empty cell says nothing.
    workdays, saturdays, sundays, holidays : object, optional
        Hours (``10:00-16:00``) from Monday to Friday, on Saturdays, Sundays and national holidays.
    note : object, optional
        Remarks; only those that change nothing are passed over.

    Examples
    --------
    >>> str(from_closing_days("土、日、祝祭日", workdays="10:00-16:00").schedule)
    'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR PH- 10:00-16:00'
    >>> str(from_closing_days("").schedule)
    '?'
    """
    words = _cell(closed)
    said = (
        reading.listen(words, closing=True)
        if words and plain(words) not in ("なし", "無し", "無")
        else Said()
    )
    noted = reading.listen(_cell(note))
    said.unread += noted.unread + [_cell(note)] * bool(noted.phrases or noted.closed or noted.loose)
    said.remarks += noted.remarks
    cells = [_cell(c) for c in (workdays, saturdays, sundays, holidays)]
    times = [reading.listen(c) for c in cells]
    said.unread += [w for t in times for w in t.unread]
    given = [tuple(t.loose) for t in times]
    if said.unread or not (words or any(given)):
        return Reading(UNKNOWN, tuple(said.unread), tuple(said.remarks))
    rules = _rules_by_kind(given, said.closed_holidays, has_closed=bool(words))
    is_irregular = any(t.is_irregular or t.asks for t in (noted, *times))
    rules, left = reading.without_weekdays(rules, said.closed)
    if is_irregular:
        # Whether it is the days or the hours that change, the words rarely say.
        rules = [replace(r, sessions=(), is_certain=False) for r in rules]
    if not rules:
        return Reading(UNKNOWN, (words,), tuple(said.remarks))
    return Reading(Schedule(tuple(rules), tuple(left)), (), tuple(said.remarks))


def _rules_by_kind(
    given: list[tuple[Session, ...]], closed_holidays: bool, *, has_closed: bool
) -> list[Rule]:
    """One rule a kind of day; kinds with the same hours become one in the schedule."""
    is_blank = not any(given)
    kinds = (range(5), (5,), (6,))
    # Beside hours of other days, empty holiday hours leave holidays open or closed: not known.
    skips = closed_holidays or not is_blank
    rules = []
    for weekdays, sessions in zip(kinds, given[:3], strict=True):
        days = Days(tuple((0, d) for d in weekdays), holidays="skip" if skips else "usual")
        rules.append(Rule(days, sessions, is_certain=bool(sessions) or (is_blank and has_closed)))
    if skips and not closed_holidays:
        rules.append(Rule(Days(holidays="only"), given[3], is_certain=bool(given[3])))
    return rules


# --- cells ----------------------------------------------------------------------------------------------


def _is_blank(value: object) -> bool:
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or str(value).strip() in ("", "<NA>", "NaT")
    )


def _cell(value: object) -> str:
    return "" if _is_blank(value) else str(value).strip()


def _code(value: object) -> tuple[int | None, list[str]]:
    text = plain(_cell(value)).removesuffix(".0")
    if not text:
        return None, []
    if text.isdigit() and 1 <= int(text) <= 8:
        return int(text), []
    return None, [text]


def _minutes(value: object) -> tuple[int | None, str, str]:
    """Minutes after midnight, what was not read, what is only a remark."""
    if isinstance(value, datetime.time | datetime.datetime):
        return value.hour * 60 + value.minute, "", ""
    text = plain(_cell(value))
    if not text:
        return None, "", ""
    if isinstance(value, numbers.Real) or re.fullmatch(r"0?\.\d+", text):
        fraction = float(text)
        # A whole number is a date or a count, never a time of day.
        return (round(fraction * 1440), "", "") if 0 <= fraction < 1 else (None, text, "")
    text = re.sub(r"^(\d{1,2}:\d{2}):\d{2}(?:\.0+)?$", r"\1", text)
    if (minutes := pieces.clock(re.sub(r"~$|^~|頃$", "", text))) is not None and re.search(r"[:時午]", text):
        return minutes, "", ""
    said = reading.listen(text)
    if re.search(r"非公開|又は|または", text) or said.is_irregular or said.asks:
        return None, "", text
    return None, text, ""


def _hours(start: object, end: object) -> _Hours:
    from_min, unread_from, remark_from = _minutes(start)
    to_min, unread_to, remark_to = _minutes(end)
    remarks = tuple(r for r in (remark_from, remark_to) if r)
    unread = tuple(u for u in (unread_from, unread_to) if u)
    if from_min is None and to_min is None:
        return _Hours(None, unread, remarks)
    if from_min is not None and pieces.is_before_dawn(from_min):
        return _Hours(None, (*unread, _cell(start)), remarks)
    try:
        return _Hours(Session(from_min, 1440 if to_min == 0 else to_min), unread, remarks)
    except errors.DataError:
        # 18:00–17:30: one of the two is a slip, and nobody knows which.
        return _Hours(None, (*unread, f"{_cell(start)}~{_cell(end)}"), remarks)


# --- columns together -----------------------------------------------------------------------------------


def _joined(days: str, dates: str, note: str) -> Said:
    """What the three columns of words say together."""
    said = reading.listen(days)
    for words, is_note in ((dates, False), (note, True)):
        more = reading.listen(words) if words else Said()
        _add_phrases(said, more, is_note=is_note)
        said.closed += more.closed
        said.closed_holidays = said.closed_holidays or more.closed_holidays
        said.unread += more.unread
        said.remarks += more.remarks
        said.loose += more.loose
        said.is_irregular = said.is_irregular or more.is_irregular
        said.is_moving = said.is_moving or more.is_moving
        said.asks = said.asks or more.asks
        said.is_complete = said.is_complete and more.is_complete
        said.valid_from = said.valid_from or more.valid_from
        said.valid_to = said.valid_to or more.valid_to
    return said


def _says_how_often(phrase: Phrase) -> bool:
    is_told = (
        phrase.nths
        or phrase.month_days
        or phrase.often
        or phrase.weekly
        or phrase.is_either
        or phrase.workdays
    )
    return bool(is_told) or len(phrase.weekdays) == 7


def _is_plain(phrase: Phrase) -> bool:
    """Weekdays and nothing that says which weeks."""
    return not (_says_how_often(phrase) or phrase.months)


def _add_phrases(said: Said, more: Said, *, is_note: bool) -> None:
    """Put what a further column says beside, or in place of, what the columns before it say."""
    added = more.phrases
    before = {d for p in said.phrases for d in p.weekdays}
    if is_note and more.is_irregular and added and before and _is_beside(added, before):
        # 「平日も不定期開催」 beside days that are certain: there may be more, on days that nobody knows.
        said.is_complete = more.is_irregular = more.is_moving = False
        return
    if is_note:
        added = _without_seasons(said, _without_hours(said, added))
    plain_days = [p for p in said.phrases if _is_plain(p) and p.weekdays]
    own = list(dict.fromkeys(d for p in plain_days for d in p.weekdays))
    for phrase in added:
        if own and not phrase.has_days:
            phrase.weekdays = list(own)
    told = {d for p in added for d in p.weekdays}
    if told & set(own):
        # The words say more about the weekdays of the column; of weekdays they pass over we know only half.
        said.phrases = [p for p in said.phrases if p not in plain_days]
        said.is_complete = said.is_complete and set(own) <= told
    elif is_note:
        added = _without_repeated(said, added)
    said.phrases += added


def _is_beside(added: list[Phrase], before: set[int]) -> bool:
    return all(p.weekdays and (p.workdays or _is_plain(p)) and not before & set(p.weekdays) for p in added)


def _without_hours(said: Said, added: list[Phrase]) -> list[Phrase]:
    """「土曜日は10:00~19:00」 in a remark gives hours to the Saturdays that are already told."""
    left = []
    for phrase in added:
        meant = [p for p in said.phrases if p.weekdays and set(p.weekdays) <= set(phrase.weekdays)]
        if not (meant and phrase.is_timed and _is_plain(phrase)):
            left.append(phrase)
        for other in meant if phrase not in left else []:
            other.sessions, other.is_timed = list(phrase.sessions), True
    return left


def _without_seasons(said: Said, added: list[Phrase]) -> list[Phrase]:
    """「11月～2月は17:00~18:30」 in a remark: the same days, in those months at other hours."""
    seasons = [p for p in added if p.months and p.is_timed and not (p.has_days or p.nths or p.often)]
    if not (seasons and said.phrases):
        return added
    told = {m for p in seasons for m in p.months}
    changed = []
    for phrase in said.phrases:
        months = phrase.months or list(range(1, 13))
        for season in seasons:
            shared = [m for m in season.months if m in months]
            changed += (
                [replace(phrase, months=shared, sessions=season.sessions, is_timed=True)] if shared else []
            )
        rest = [m for m in months if m not in told]
        changed += [replace(phrase, months=rest)] if rest else []
    said.phrases = changed
    return [p for p in added if p not in seasons]


def _without_repeated(said: Said, added: list[Phrase]) -> list[Phrase]:
    """A remark that repeats the date column may add its hours and nothing else."""
    left = []
    for phrase in added:
        pairs = {(n, d) for n in phrase.nths or [0] for d in phrase.weekdays}
        twin = next(
            (p for p in said.phrases if pairs & {(n, d) for n in p.nths or [0] for d in p.weekdays}), None
        )
        if twin is None or phrase.months:
            left.append(phrase)
        elif not twin.is_timed:
            twin.sessions, twin.is_timed = phrase.sessions, phrase.is_timed
    return left


def _heed_frequency(said: Said, code: int | None, *, is_only_weekdays: bool) -> None:
    """How often, for phrases that name weekdays or nothing at all."""
    often = FREQUENCIES.get(code or 0)
    if not any(p.has_days or p.nths or p.often or p.weekly for p in said.phrases):
        if code is not None or said.phrases or said.is_irregular:
            months = [p for p in said.phrases if p.months]
            said.phrases = months or said.phrases[:1] or [Phrase(weekly=True)]
            for phrase in said.phrases:
                phrase.often = often
        return
    if not is_only_weekdays:
        return
    for phrase in said.phrases:
        n = len(phrase.weekdays)
        if often is None:
            phrase.is_vague = True
        elif often.unit == "week" and often.every == 1 and n <= often.high:
            # Fewer days than the code says: the schedule is compared with it in the end.
            continue
        else:
            phrase.often = often


def _add_hours(said: Said, hours: _Hours) -> tuple[str, ...]:
    """The hours of the columns, for all phrases without their own; contradictions are named."""
    loose, said.loose = said.loose, []
    if hours.session is None:
        found = list(loose)
    elif loose and all(_lies_within(s, hours.session) for s in loose):
        found = loose
    elif loose:
        found = []
    else:
        found = [hours.session]
    clash = [", ".join(map(str, loose))] if loose and not found else []
    if not said.phrases and (found or loose):
        said.phrases = [] if said.closed or said.closed_holidays else [Phrase(weekly=True)]
        said.loose = found if not said.phrases else []
    for phrase in said.phrases:
        if not phrase.is_timed:
            phrase.sessions, phrase.is_timed = list(found), bool(found)
        elif hours.session and phrase.sessions and len(said.phrases) == 1:
            clash += _compared(phrase, hours.session)
    return tuple(clash)


def _compared(phrase: Phrase, told: Session) -> list[str]:
    """Hours of the words beside those of the columns: the fuller ones, or a contradiction."""
    own = phrase.sessions
    if all(_lies_within(s, told) for s in own):
        phrase.sessions = [told] if any(None in s.ends for s in own) else own
    elif not all(_lies_within(told, s) for s in own):
        phrase.sessions = []
        return [f"{', '.join(map(str, own))} / {told}"]
    return []


def _lies_within(inner: Session, outer: Session) -> bool:
    """Whether two hours can both be true, the first as a part of the second."""
    starts = None in (inner.start_min, outer.start_min) or (inner.start_min or 0) >= (outer.start_min or 0)
    ends = None in (inner.end_min, outer.end_min) or (inner.end_min or 0) <= (outer.end_min or 0)
    return starts and ends


def _agrees(schedule: Schedule, code: int) -> bool:
    low, high = _BANDS[code]
    days = expand.days_per_week(schedule)
    return math.isnan(days) or low <= days <= high
