"""A schedule in plain words. The words of each language stand in ``geo/locales`` under ``schedule``."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from geo.schedule.value import WEEK, Closure, Days, Moved, Often, Rule, Schedule, Session, Span

_EVEN, _ODD = (2, 4, 6, 8, 10, 12), (1, 3, 5, 7, 9, 11)


class Say(Protocol):
    """Finds a sentence by its key and fills in the values."""

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence."""
        ...


def describe(schedule: Schedule, say: Say) -> str:
    """The schedule as a person would write it; what is not known is said.

    Parameters
    ----------
    schedule : Schedule
        Opening hours.
    say : callable
        Key and values to a sentence, for example ``lambda key, **v: text.say(key, "ja", **v)``.

    Examples
    --------
    >>> from geo import schedule, text
    >>> tea = schedule.parse("第2・4土曜 13時半〜15時半(8月休み)").schedule
    >>> describe(tea, lambda key, **values: text.say(key, "en", **values))
    '2nd, 4th Saturday of the month 13:30–15:30 (closed: August)'
    >>> describe(tea, lambda key, **values: text.say(key, "ja", **values))
    '毎月第2・4土曜 13:30〜15:30（8月休み）'
    """
    if not schedule.rules:
        return say("schedule.unknown")
    words = say("schedule.rules_join").join(_rule(r, say) for r in schedule.rules)
    shut = [_closure(c, say) for c in _by_month(schedule.closed)]
    # 平日 says it already, and hours of their own on holidays say it too.
    if all(r.days.holidays == "skip" for r in schedule.rules) and not all(
        _is_workdays(r.days) for r in schedule.rules
    ):
        shut.insert(0, say("schedule.holidays"))
    if shut:
        words += say("schedule.closed", days=say("schedule.closed_join").join(shut))
    if not schedule.is_complete:
        words += say("schedule.others")
    for key, day in (("schedule.since", schedule.valid_from), ("schedule.till", schedule.valid_to)):
        words = say(key, words=words, date=_date(day, say)) if day else words
    return words


def _date(day: date, say: Say) -> str:
    return say("schedule.date", year=day.year, month=day.month, day=day.day)


def _by_month(closed: tuple[Closure, ...]) -> list[Closure]:
    return sorted(closed, key=lambda c: (not isinstance(c, Span), str(c)))


def _is_workdays(days: Days) -> bool:
    return days.holidays == "skip" and days.weekdays == WEEK[:5] and not days.months and days.interval == 1


def _rule(rule: Rule, say: Say) -> str:
    if rule.is_certain:
        days = _days(rule.days, say)
    elif rule.often is None:
        days = (
            say("schedule.irregular")
            if rule.days.weekdays == WEEK
            else _some(rule.days, say("schedule.irregular"), say)
        )
    elif rule.days.weekdays == WEEK:
        days = say("schedule.often_some_day", often=_often(rule.often, say))
    else:
        days = _some(rule.days, _often(rule.often, say), say)
    if not rule.is_certain and rule.days.weekdays == WEEK and rule.days.months:
        days = say("schedule.in_months", months=_months(rule.days.months, say), days=days)
    if not rule.sessions:
        return say("schedule.no_hours", days=days)
    return say(
        "schedule.rule",
        days=days,
        hours=say("schedule.hours_join").join(_hours(s, say) for s in rule.sessions),
    )


def _some(days: Days, often: str, say: Say) -> str:
    is_one = len(days.weekdays) + len(days.month_days) == 1
    key = "weekday" if days.is_weekly else "on" if is_one else "among"
    return say(f"schedule.often_{key}", often=often, days=_named(days, say, bare=True))


def _days(days: Days, say: Say) -> str:
    if days.holidays == "only":
        return say("schedule.holidays")
    if _is_workdays(days):
        return say("schedule.workdays")
    words = _named(days, say)
    if days.interval > 1 and days.anchor:
        key = "schedule.every_weeks" if days.is_weekly else "schedule.every_months"
        words = say(key, n=days.interval, days=_named(days, say, bare=True), date=_date(days.anchor, say))
    return say("schedule.and_holidays", days=words) if days.holidays == "also" else words


def _named(days: Days, say: Say, *, bare: bool = False) -> str:
    """The days; ``bare``: without 毎週 or 毎月, which stands elsewhere."""
    if days.is_weekly:
        words = _weekdays([day for _, day in days.weekdays], say)
        if not bare:
            words = say("schedule.daily") if days.weekdays == WEEK else say("schedule.weekly", days=words)
    elif days.weekdays:
        words = say("schedule.nth_join").join(_nth_groups(days, say))
    else:
        words = say("schedule.list").join(
            say("schedule.month_end" if d == -1 else "schedule.month_day", n=d) for d in days.month_days
        )
    if days.months:
        return say("schedule.in_months", months=_months(days.months, say), days=words)
    return words if bare or days.is_weekly else say("schedule.monthly", days=words)


def _nth_groups(days: Days, say: Say) -> list[str]:
    """「第2・4土曜」: weekdays with the same weeks of the month together."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for weekday in dict.fromkeys(day for _, day in days.weekdays):
        nths = tuple(n for n, day in days.weekdays if day == weekday)
        groups.setdefault(nths, []).append(weekday)
    return [
        say("schedule.nth_days", nths=_ordinals(nths, say), days=_weekdays(w, say))
        for nths, w in groups.items()
    ]


def _ordinals(nths: tuple[int, ...], say: Say) -> str:
    numbered = say("schedule.list").join(say(f"schedule.nth_{n}") for n in nths if n > 0)
    parts = [say("schedule.nths", nths=numbered)] if numbered else []
    return say("schedule.list").join([*parts, *([say("schedule.last")] if -1 in nths else [])])


def _weekdays(weekdays: list[int], say: Say) -> str:
    names = [say(f"schedule.day_{d}") for d in weekdays]
    if len(weekdays) > 2 and weekdays == list(range(weekdays[0], weekdays[-1] + 1)):
        return say("schedule.weekdays", days=say("schedule.span", first=names[0], last=names[-1]))
    return say("schedule.weekdays", days=say("schedule.list").join(names))


def _months(months: tuple[int, ...], say: Say) -> str:
    if months in (_EVEN, _ODD):
        return say("schedule.even_months" if months == _EVEN else "schedule.odd_months")
    names = [say(f"schedule.month_{m}") for m in months]
    starts = [m for m in months if (m - 2) % 12 + 1 not in months]
    if len(months) > 2 and len(starts) == 1:
        last = (starts[0] + len(months) - 2) % 12 + 1
        return say(
            "schedule.span", first=say(f"schedule.month_{starts[0]}"), last=say(f"schedule.month_{last}")
        )
    return say("schedule.list").join(names)


def _often(often: Often, say: Say) -> str:
    times = (
        f"{often.low}" if often.low == often.high else say("schedule.span", first=often.low, last=often.high)
    )
    key = f"schedule.per_{often.unit}" if often.every == 1 else f"schedule.per_{often.unit}s"
    return say(key, times=times, n=often.every)


def _hours(session: Session, say: Say) -> str:
    start, end = (_clock(m, say) for m in session.ends)
    if not end:
        return say("schedule.hours_from", start=start)
    if not start:
        return say("schedule.hours_to", end=end)
    return say("schedule.span", first=start, last=end)


def _clock(minutes: int | None, say: Say) -> str:
    if minutes is None:
        return ""
    if minutes > 1440:
        return say("schedule.next_day", time=_clock(minutes - 1440, say))
    return f"{minutes // 60}:{minutes % 60:02d}"


def _closure(closure: Closure, say: Say) -> str:
    if isinstance(closure, Days):
        return _named(closure, say, bare=True)
    if isinstance(closure, Moved):
        key = "schedule.moved_workday" if closure.to_workday else "schedule.moved"
        return say(key, days=_weekdays(list(closure.weekdays), say))
    if closure.named:
        return say(f"schedule.break_{closure.named}")
    if closure.first[1] == 1 and closure.first[0] == closure.last[0] and closure.last[1] >= 28:
        return say(f"schedule.month_{closure.first[0]}")
    first, last = (_day_of_year(d, say) for d in (closure.first, closure.last))
    return first if first == last else say("schedule.span", first=first, last=last)


def _day_of_year(day: tuple[int, int], say: Say) -> str:
    return say("schedule.day_of_year", month=say(f"schedule.month_{day[0]}"), day=day[1])
