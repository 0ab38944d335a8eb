"""From recurrences to half-hour slots of real dates, as arrays.

Three values: a slot is open, closed, or not known. Unknown wins over closed and loses to open when rules are
joined; a closing day closes whatever opens on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import jpholiday
import numpy as np
from numpy.typing import NDArray

from geo import errors
from geo.schedule.value import Closure, Days, Moved, Rule, Schedule, Session, Span

OPEN, CLOSED, UNKNOWN_SLOT = 1, 0, -1
SLOTS_PER_DAY = 48
SLOT_MIN = 30
# Weekdays and leap years come round in 28 years; 2001 begins on a Monday.
_CYCLE = (date(2001, 1, 1), date(2028, 12, 31))
_CYCLE_WEEKS = 1461

Slots = NDArray[np.int8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Calendar:
    first: date
    weekday: NDArray[np.int64]
    month: NDArray[np.int64]
    day: NDArray[np.int64]
    nth: NDArray[np.int64]
    from_end: NDArray[np.int64]
    """1: the last of its weekday in the month."""
    is_month_end: Mask
    month_number: NDArray[np.int64]


def slots(schedule: Schedule, start_date: date, end_date: date) -> Slots:
    """Half-hour slots of each day from ``start_date`` to ``end_date``, both included.

    A slot is open when the place is open for at least half of it, so 11:45–12:15 opens two. A session after
    midnight runs on into the next day.

    Parameters
    ----------
    schedule : Schedule
        Opening hours.
    start_date, end_date : date
        First and last day.

    Returns
    -------
    slots : array of int8, days × 48
        1 open, 0 closed, -1 not known.

    Raises
    ------
    DataError
        When the range is turned round.

    Examples
    --------
    >>> from geo import schedule
    >>> week = slots(schedule.parse("火 10時～12時").schedule, date(2026, 4, 6), date(2026, 4, 12))
    >>> week.shape, week.sum(axis=1).tolist(), week[1].nonzero()[0].tolist()
    ((7, 48), [0, 4, 0, 0, 0, 0, 0], [20, 21, 22, 23])
    """
    if end_date < start_date:
        raise errors.DataError(
            "schedule_range",
            "The period from {start} to {end} ends before it begins. Change the two dates.",
            start=start_date,
            end=end_date,
        )
    # The day before, since its session may pass midnight.
    first = start_date - timedelta(days=1)
    calendar = _calendar(first, end_date)
    n = len(calendar.day)
    grid = np.full((n + 1, SLOTS_PER_DAY), CLOSED if schedule.is_complete else UNKNOWN_SLOT, np.int8)
    live, doubtful = _live(schedule, calendar)
    grid[:-1][~live] = CLOSED
    for rule in schedule.rules:
        on = matches(rule.days, calendar) & live
        _open(grid, on & ~doubtful, rule)
        _open(grid, on & doubtful, Rule(rule.days, rule.sessions, is_certain=False))
    return grid[1:-1]


def days_per_week(schedule: Schedule) -> float:
    """Opening days in an ordinary week, mean over the years; NaN when it is not known.

    National holidays and breaks of the year (New Year, a month off) are not taken off: a place that opens on
    working days opens on 5 days a week. Closing weekdays and open months are.

    Returns
    -------
    days : float
        0–7, rounded to two decimals.

    Examples
    --------
    >>> from geo import schedule
    >>> [days_per_week(schedule.parse(words).schedule) for words in ("平日", "第2・4土(8月休み)", "不定期")]
    [5.0, 0.46, nan]
    """
    return _days_per_week(schedule)


@lru_cache(maxsize=4096)
def _days_per_week(schedule: Schedule) -> float:
    calendar = _calendar(*_CYCLE)
    sure = np.zeros(len(calendar.day), np.bool_)
    total = 0.0
    closed = _any([_weekly_part(c, calendar) for c in schedule.closed], calendar)
    for rule in schedule.rules:
        if rule.days.holidays == "only":
            continue
        on = _pattern(rule.days, calendar) & ~closed
        if not rule.is_certain:
            share = len(rule.days.months or range(12)) / 12
            total += rule.often.days_per_week * share if rule.often else float("nan")
        elif rule.days.interval > 1:
            total += float(on.sum()) / _CYCLE_WEEKS / rule.days.interval
        else:
            sure |= on
    total += float(sure.sum()) / _CYCLE_WEEKS
    return round(min(total, 7.0), 2) if schedule.is_complete and total > 0 else float("nan")


def opening_dates(schedule: Schedule, start_date: date, end_date: date) -> list[date]:
    """The dates in a range on which the place certainly opens.

    Examples
    --------
    >>> from geo import schedule
    >>> opening_dates(schedule.parse("第1・3水").schedule, date(2026, 4, 1), date(2026, 4, 30))
    [datetime.date(2026, 4, 1), datetime.date(2026, 4, 15)]
    """
    calendar = _calendar(start_date, end_date)
    live, doubtful = _live(schedule, calendar)
    sure = [matches(r.days, calendar) for r in schedule.rules if r.is_certain]
    on = _any(sure, calendar) & live & ~doubtful
    return [start_date + timedelta(days=int(i)) for i in np.flatnonzero(on)]


def _any(masks: list[Mask], calendar: _Calendar) -> Mask:
    joined = np.zeros(len(calendar.day), np.bool_)
    for mask in masks:
        joined |= mask
    return joined


def _live(schedule: Schedule, calendar: _Calendar) -> tuple[Mask, Mask]:
    """Days that are not closed, and days on which a break may fall."""
    live = np.ones(len(calendar.day), np.bool_)
    doubtful = np.zeros(len(calendar.day), np.bool_)
    for closure in schedule.closed:
        if isinstance(closure, Days):
            live &= ~matches(closure, calendar)
        elif isinstance(closure, Moved):
            live &= ~_moved(closure, calendar)
        elif closure.is_known:
            live &= ~_in_span(closure, calendar)
        else:
            doubtful |= _in_span(closure, calendar)
    number = np.arange(len(live)) + calendar.first.toordinal()
    if schedule.valid_from:
        live &= number >= schedule.valid_from.toordinal()
    if schedule.valid_to:
        live &= number <= schedule.valid_to.toordinal()
    return live, doubtful


def _open(grid: Slots, on: Mask, rule: Rule) -> None:
    """Mark the sessions of the days; a slot once open stays open."""
    days = np.flatnonzero(on)
    if not len(days):
        return
    if not rule.sessions:
        part = grid[days]
        grid[days] = np.where(part == OPEN, part, UNKNOWN_SLOT)
        return
    flat = grid.reshape(-1)
    for state in (UNKNOWN_SLOT, OPEN):
        covered = _covered(rule, state)
        if len(covered):
            where = (days[:, None] * SLOTS_PER_DAY + covered[None, :]).ravel()
            flat[where] = OPEN if state == OPEN else np.where(flat[where] == OPEN, OPEN, UNKNOWN_SLOT)


@lru_cache(maxsize=4096)
def _covered(rule: Rule, state: int) -> NDArray[np.int64]:
    """Slots of a day (and the next) that the sessions open, or leave unknown."""
    minutes = np.zeros(2 * 1440, np.int64)
    for session in rule.sessions:
        is_sure = rule.is_certain and None not in session.ends
        if is_sure == (state == OPEN):
            minutes[slice(*_bounds(session))] = 1
    return np.flatnonzero(minutes.reshape(-1, SLOT_MIN).sum(axis=1) * 2 >= SLOT_MIN)


def _bounds(session: Session) -> tuple[int, int]:
    """An end that is not known may be as late as midnight, a start as early."""
    start = session.start_min or 0
    return start, 1440 if session.end_min is None else session.end_min


# --- calendars ------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _calendar(first: date, last: date) -> _Calendar:
    dates = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    months = dates.astype("datetime64[M]")
    day = (dates - months).astype(np.int64) + 1
    length = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
    return _Calendar(
        first,
        (dates.astype(np.int64) + 3) % 7,  # day 0 of the epoch was a Thursday
        months.astype(np.int64) % 12 + 1,
        day,
        (day - 1) // 7 + 1,
        (length - day) // 7 + 1,
        day == length,
        months.astype(np.int64),
    )


@lru_cache(maxsize=512)
def _year_holidays(year: int) -> frozenset[int]:
    return frozenset(day.toordinal() for day, _ in jpholiday.year_holidays(year))


@lru_cache(maxsize=64)
def _holidays(first: date, n: int) -> Mask:
    numbers = range(first.toordinal(), first.toordinal() + n)
    years = range(first.year, date.fromordinal(numbers[-1]).year + 1)
    all_days = frozenset().union(*(_year_holidays(year) for year in years))
    mask = np.array([number in all_days for number in numbers], np.bool_)
    mask.flags.writeable = False
    return mask


def matches(days: Days, calendar: _Calendar) -> Mask:
    """Which days of the calendar the recurrence falls on, holidays heeded."""
    on = _pattern(days, calendar)
    if days.interval > 1 and days.anchor:
        on &= _phase(days, days.anchor, calendar)
    if days.holidays == "usual":
        return on
    holidays = _holidays(calendar.first, len(calendar.day))
    return on & ~holidays if days.holidays == "skip" else on | (holidays & _in_months(days, calendar))


def _pattern(days: Days, calendar: _Calendar) -> Mask:
    on = np.zeros(len(calendar.day), np.bool_)
    for nth, weekday in days.weekdays:
        same = calendar.weekday == weekday
        if nth > 0:
            same &= calendar.nth == nth
        elif nth < 0:
            same &= calendar.from_end == -nth
        on |= same
    for day in days.month_days:
        on |= calendar.is_month_end if day == -1 else calendar.day == day
    return on & _in_months(days, calendar)


def _in_months(days: Days, calendar: _Calendar) -> Mask:
    if not days.months:
        return np.ones(len(calendar.day), np.bool_)
    return np.isin(calendar.month, days.months)


def _phase(days: Days, anchor: date, calendar: _Calendar) -> Mask:
    if days.is_weekly:
        monday = anchor.toordinal() - anchor.weekday()
        number = np.arange(len(calendar.day)) + calendar.first.toordinal() - monday
        return np.asarray((number // 7) % days.interval == 0)
    months = (anchor.year - 1970) * 12 + anchor.month - 1
    return np.asarray((calendar.month_number - months) % days.interval == 0)


def _weekly_part(closure: Closure, calendar: _Calendar) -> Mask:
    """What a closure takes off an ordinary week."""
    if isinstance(closure, Days):
        return _pattern(closure, calendar)
    weekdays = closure.weekdays if isinstance(closure, Moved) else ()
    return np.isin(calendar.weekday, weekdays)


def _moved(closure: Moved, calendar: _Calendar) -> Mask:
    """Weekdays that are no holidays, and the day after those that are."""
    # A closing day before the calendar may move into it; no run of holidays and weekends is longer.
    before = 14
    first = calendar.first - timedelta(days=before)
    wide = _calendar(first, calendar.first + timedelta(days=len(calendar.day) - 1))
    holidays = _holidays(first, len(wide.day))
    on = np.isin(wide.weekday, closure.weekdays)
    shut = on & ~holidays
    works = ~holidays & (wide.weekday < 5) if closure.to_workday else np.ones(len(on), np.bool_)
    for at in np.flatnonzero(on & holidays):
        later = np.flatnonzero(works[at + 1 :])
        if len(later):
            shut[at + 1 + later[0]] = True
    return np.asarray(shut[before:])


def _in_span(span: Span, calendar: _Calendar) -> Mask:
    number = calendar.month * 100 + calendar.day
    first, last = (m * 100 + d for m, d in (span.first, span.last))
    if first <= last:
        return np.asarray((number >= first) & (number <= last))
    return np.asarray((number >= first) | (number <= last))
