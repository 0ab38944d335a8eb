"""The value: on which days a place opens, at which hours, and what of that is not known.

Recurrences are a subset of RFC 5545 (iCalendar, 2009): ``FREQ=WEEKLY`` and ``FREQ=MONTHLY`` with ``INTERVAL``,
``BYDAY`` (with ordinals, ``-1`` is the last), ``BYMONTHDAY`` and ``BYMONTH``. National holidays, which no
recurrence can express, are a property of the days.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from geo import errors

DAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
WEEK = tuple((0, day) for day in range(7))
Holidays = Literal["usual", "skip", "also", "only"]
Unit = Literal["week", "month", "year"]

WEEKS_IN = {"week": 1.0, "month": 365.25 / 12 / 7, "year": 365.25 / 7}
_MARKS: dict[Holidays, str] = {"usual": "", "skip": " PH-", "also": " PH+", "only": " PH"}
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _refuse(value: object, why: str) -> errors.DataError:
    return errors.DataError(
        "schedule_invalid",
        "{value} is not a possible opening time ({why}). Write it again, or leave it empty if it is not known.",
        value=value,
        why=why,
    )


@dataclass(frozen=True)
class Session:
    """Opening hours of a day, in minutes after midnight; None: that end is not known.

    An end after midnight (1440) belongs to the day on which the session began.

    Examples
    --------
    >>> str(Session(600, 900)), str(Session(1020, None)), str(Session(1200, 1560))
    ('10:00-15:00', '17:00-?', '20:00-26:00')
    """

    start_min: int | None
    end_min: int | None

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        start, end = self.start_min, self.end_min
        if start is None and end is None:
            raise _refuse(self, "neither end is known")
        if start is not None and not 0 <= start < 1440:
            raise _refuse(self, "it begins on another day")
        if end is not None and not (start or 0) < end <= (start or 0) + 1440:
            raise _refuse(self, "it ends before it begins")

    def __str__(self) -> str:
        """One line that can be read again."""
        return "-".join("?" if m is None else f"{m // 60:02d}:{m % 60:02d}" for m in self.ends)

    @property
    def ends(self) -> tuple[int | None, int | None]:
        """Start and end."""
        return (self.start_min, self.end_min)


@dataclass(frozen=True)
class Days:
    """A recurrence: which dates.

    Parameters
    ----------
    weekdays : tuple of (int, int)
        Ordinal in the month and weekday (0 Monday … 6 Sunday). Ordinal 0: every week; 1–5: the n-th of the
        month, where there is one; -1: the last.
    month_days : tuple of int
        Days of the month; -1: the last.
    months : tuple of int
        Only in these months; empty: all.
    interval : int
        Every so many weeks (of Monday to Sunday) or months, counted from ``anchor``.
    holidays : {"usual", "skip", "also", "only"}
        On national holidays: nothing special, never, in addition, or on nothing else.

    Examples
    --------
    >>> Days(((2, 5), (4, 5))).rrule
    'FREQ=MONTHLY;BYDAY=2SA,4SA'
    """

    weekdays: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    interval: int = 1
    anchor: date | None = None
    holidays: Holidays = "usual"

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        object.__setattr__(
            self, "weekdays", tuple(sorted(set(self.weekdays), key=lambda w: (w[1], w[0] % 9)))
        )
        object.__setattr__(self, "month_days", tuple(sorted(set(self.month_days), key=lambda d: d % 99)))
        months = tuple(sorted(set(self.months)))
        object.__setattr__(self, "months", () if len(months) == 12 else months)
        if problem := self._problem():
            raise _refuse(self.weekdays or self.month_days or self.months, problem)

    def _problem(self) -> str:
        ordinals = {nth for nth, _ in self.weekdays}
        checks = {
            "no such weekday": all(day in range(7) for _, day in self.weekdays),
            "no such week of a month": ordinals <= {-1, 0, 1, 2, 3, 4, 5},
            "every week and some weeks at once": 0 not in ordinals or ordinals == {0},
            "no such day of a month": all(d == -1 or 1 <= d <= 31 for d in self.month_days),
            "no such month": all(1 <= m <= 12 for m in self.months),
            "weekdays and days of the month at once": not (self.weekdays and self.month_days),
            "no day at all": bool(self.weekdays or self.month_days) != (self.holidays == "only"),
            "an interval needs a first date": self.interval >= 1 and (self.interval > 1) == bool(self.anchor),
        }
        return next((told for told, kept in checks.items() if not kept), "")

    @property
    def is_weekly(self) -> bool:
        """Whether the days are told by the week, not by the month."""
        return bool(self.weekdays) and self.weekdays[0][0] == 0

    @property
    def rrule(self) -> str:
        """The recurrence of RFC 5545, without holidays; empty for holidays only."""
        if self.holidays == "only":
            return ""
        parts = ["FREQ=WEEKLY" if self.is_weekly else "FREQ=MONTHLY"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.weekdays:
            parts.append("BYDAY=" + ",".join(f"{nth or ''}{DAY_CODES[day]}" for nth, day in self.weekdays))
        if self.month_days:
            parts.append("BYMONTHDAY=" + ",".join(map(str, self.month_days)))
        if self.months:
            parts.append("BYMONTH=" + ",".join(map(str, self.months)))
        rule = ";".join(parts)
        # An alternation needs its phase; RFC 5545 counts from DTSTART in weeks that begin on Monday.
        return f"DTSTART={self.anchor:%Y%m%d};{rule}" if self.anchor else rule

    def __str__(self) -> str:
        """One line that can be read again."""
        return (self.rrule + _MARKS[self.holidays]).strip()


@dataclass(frozen=True)
class Span:
    """Days of each year, both ends included, on which a place is closed; may run over New Year.

    Parameters
    ----------
    first, last : tuple of (int, int)
        Month and day.
    named : str
        Key of the assumption when the words give a name and no dates (``new_year``, ``obon``, …).
    is_known : bool
        False: the break lies somewhere in the span; those days are unknown, not closed.
    """

    first: tuple[int, int]
    last: tuple[int, int]
    named: str = ""
    is_known: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not all(1 <= m <= 12 and 1 <= d <= _LONGEST[m - 1] for m, d in (self.first, self.last)):
            raise _refuse(self, "no such day of the year")

    def __str__(self) -> str:
        """One line that can be read again."""
        dates = "/".join(f"{m:02d}-{d:02d}" for m, d in (self.first, self.last))
        return f"{dates}{'' if self.is_known else '?'}{f' {self.named}' if self.named else ''}"


@dataclass(frozen=True)
class Moved:
    """A weekly closing day that moves when it is a national holiday: 「月曜休館（祝日の場合は翌日）」.

    Parameters
    ----------
    weekdays : tuple of int
        Closed on these, except on national holidays.
    to_workday : bool
        Instead of a holiday, closed on the next working day (翌平日); False: on the next day.
    """

    weekdays: tuple[int, ...]
    to_workday: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        object.__setattr__(self, "weekdays", tuple(sorted(set(self.weekdays))))
        if not self.weekdays or not set(self.weekdays) <= set(range(7)):
            raise _refuse(self.weekdays, "no such weekday")

    def __str__(self) -> str:
        """One line that can be read again."""
        return f"{','.join(DAY_CODES[d] for d in self.weekdays)}>{'workday' if self.to_workday else 'day'}"


@dataclass(frozen=True)
class Often:
    """How often, where it is not known on which of the days: low to high times in ``every`` units.

    Examples
    --------
    >>> str(Often(1, 2, "month")), round(Often(1, 2, "month").days_per_week, 2)
    ('1-2/month', 0.34)
    """

    low: int
    high: int
    unit: Unit
    every: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not 1 <= self.low <= self.high or self.every < 1 or self.unit not in WEEKS_IN:
            raise _refuse(self, "it happens less than once")

    def __str__(self) -> str:
        """One line that can be read again."""
        times = f"{self.low}" if self.low == self.high else f"{self.low}-{self.high}"
        return f"{times}/{self.every if self.every > 1 else ''}{self.unit}"

    @property
    def days_per_week(self) -> float:
        """Middle of the range."""
        return (self.low + self.high) / 2 / self.every / WEEKS_IN[self.unit]


@dataclass(frozen=True)
class Rule:
    """Open on these days, at these hours.

    Parameters
    ----------
    days : Days
        Which dates.
    sessions : tuple of Session
        Hours; empty: not known.
    is_certain : bool
        True: open on all of the days. False: open on some of them, not known which.
    often : Often, optional
        How many of them, when not certain; None: not known either.
    """

    days: Days
    sessions: tuple[Session, ...] = ()
    is_certain: bool = True
    often: Often | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        ordered = sorted(set(self.sessions), key=lambda s: (s.start_min or 0, s.end_min or 9999))
        object.__setattr__(self, "sessions", tuple(ordered))
        if self.often and self.is_certain:
            raise _refuse(self, "days that are all known need no count")

    def __str__(self) -> str:
        """One line that can be read again."""
        parts = [str(self.days), ",".join(map(str, self.sessions))]
        if not self.is_certain:
            parts.append(f"~{self.often or '?'}")
        return " ".join(p for p in parts if p)


Closure = Span | Days | Moved


@dataclass(frozen=True)
class Schedule:
    """Opening hours of a place. Equal schedules are equal values; ``str`` and :func:`from_text` are inverse.

    Parameters
    ----------
    rules : tuple of Rule
        Open when any rule says so.
    closed : tuple of Span, Days or Moved
        Closed all the same.
    valid_from, valid_to : date, optional
        First and last day; closed before and after.
    is_complete : bool
        False: the place may open at other times too, which are then unknown, not closed.

    Examples
    --------
    >>> saturdays = Schedule((Rule(Days(((2, 5), (4, 5))), (Session(810, 930),)),), (Span((8, 1), (8, 31)),))
    >>> str(saturdays)
    'FREQ=MONTHLY;BYDAY=2SA,4SA 13:30-15:30 ! 08-01/08-31'
    >>> from_text(str(saturdays)) == saturdays
    True
    """

    rules: tuple[Rule, ...] = ()
    closed: tuple[Closure, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    is_complete: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        object.__setattr__(self, "rules", tuple(sorted(_merged(self.rules), key=_order)))
        object.__setattr__(self, "closed", tuple(sorted(set(self.closed), key=str)))
        if not self.rules and self.is_complete:
            raise _refuse("an empty schedule", "a place that never opens has no schedule")
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise _refuse(self, "it ends before it begins")
        if any(isinstance(c, Days) and c.holidays != "usual" for c in self.closed):
            raise _refuse(self, "closing on holidays belongs to the opening days")

    def __str__(self) -> str:
        """One line that can be read again."""
        text = " & ".join(map(str, self.rules)) + ("" if self.is_complete else " + ?")
        text += "".join(f" ! {c}" for c in self.closed)
        text += f" from {self.valid_from}" if self.valid_from else ""
        return (text + (f" until {self.valid_to}" if self.valid_to else "")).removeprefix(" + ")

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Names of the breaks whose dates are assumed, since the words give none."""
        named = {c.named for c in self.closed if isinstance(c, Span) and c.named}
        return tuple(sorted(named))


def _order(rule: Rule) -> tuple[bool, str]:
    return (not rule.days.is_weekly, str(rule))


def _merged(rules: Iterable[Rule]) -> list[Rule]:
    """Rules that differ in their days only are one rule."""
    merged: dict[tuple[object, ...], Rule] = {}
    alone: list[Rule] = []
    for rule in dict.fromkeys(rules):
        days = rule.days
        if not rule.is_certain or days.holidays == "only":
            alone.append(rule)
            continue
        key = (days.is_weekly, bool(days.month_days), days.months, days.interval, days.anchor, days.holidays)
        same = merged.get((*key, rule.sessions))
        if same:
            days = replace(
                days,
                weekdays=days.weekdays + same.days.weekdays,
                month_days=days.month_days + same.days.month_days,
            )
        merged[(*key, rule.sessions)] = replace(rule, days=days)
    return [*merged.values(), *alone]


UNKNOWN = Schedule(is_complete=False)
"""Nothing is known: neither days nor hours."""


# --- text in --------------------------------------------------------------------------------------------

_CLOSURE = re.compile(r"(\d\d)-(\d\d)/(\d\d)-(\d\d)(\?)?(?: (\w+))?")


def from_text(text: str) -> Schedule:
    """The schedule that ``str`` wrote.

    Raises
    ------
    DataError
        When the text is not of that form.

    Examples
    --------
    >>> from_text("FREQ=WEEKLY;BYDAY=TU 10:00-?").rules[0].sessions
    (Session(start_min=600, end_min=None),)
    """
    match = re.fullmatch(r"(.*?)((?: ! .*?)*)(?: from (\S+))?(?: until (\S+))?", text.strip())
    if match is None or not match[1]:
        raise _refuse(text, "it is not a written schedule")
    body, closed, start, end = match.groups()
    rules = "" if body == "?" else body.removesuffix(" + ?")
    try:
        return Schedule(
            tuple(_rule(r) for r in rules.split(" & ")) if rules else (),
            tuple(_closure(c) for c in closed.split(" ! ") if c),
            date.fromisoformat(start) if start else None,
            date.fromisoformat(end) if end else None,
            is_complete=rules == body and bool(rules),
        )
    except errors.DataError:
        raise
    except ValueError as problem:
        raise _refuse(text, str(problem)) from None


def days_from_rrule(text: str) -> Days:
    """Days from a recurrence rule of RFC 5545.

    Parameters
    ----------
    text : str
        With or without ``RRULE:``; ``DTSTART=yyyymmdd`` as a further part where an interval needs it.

    Raises
    ------
    DataError
        For a part outside the subset: nothing is left out silently.

    Examples
    --------
    >>> days_from_rrule("RRULE:FREQ=MONTHLY;BYDAY=2SA,-1SA").weekdays
    ((2, 5), (-1, 5))
    """
    try:
        return _days_from_parts(
            dict(p.partition("=")[::2] for p in text.removeprefix("RRULE:").split(";")), text
        )
    except errors.DataError:
        raise
    except ValueError as problem:
        raise _refuse(text, str(problem)) from None


def _days_from_parts(parts: dict[str, str], text: str) -> Days:
    frequency, anchor = parts.pop("FREQ", ""), parts.pop("DTSTART", "")
    interval = int(parts.pop("INTERVAL", "1"))
    weekdays = [_weekday(w, text) for w in parts.pop("BYDAY", "").split(",") if w]
    month_days = tuple(int(d) for d in parts.pop("BYMONTHDAY", "").split(",") if d)
    months = tuple(int(m) for m in parts.pop("BYMONTH", "").split(",") if m)
    if frequency == "DAILY" and not weekdays and interval == 1:
        frequency, weekdays = "WEEKLY", list(WEEK)
    every_week = any(nth == 0 for nth, _ in weekdays)
    if (
        parts
        or frequency not in ("WEEKLY", "MONTHLY")
        or (frequency == "WEEKLY" and (month_days or not every_week))
    ):
        raise _refuse(text, "this recurrence rule is not of the kind that places have")
    if frequency == "MONTHLY" and every_week and interval > 1:
        raise _refuse(text, "this recurrence rule is not of the kind that places have")
    first = date.fromisoformat(anchor[:8]) if anchor and interval > 1 else None
    return Days(tuple(weekdays), month_days, months, interval, first)


def _weekday(text: str, rule: str) -> tuple[int, int]:
    if text[-2:] not in DAY_CODES or not re.fullmatch(r"[+-]?\d?", text[:-2]):
        raise _refuse(rule, f"{text} is no weekday")
    return (int(text[:-2] or 0), DAY_CODES.index(text[-2:]))


def _days(text: str) -> Days:
    if text == "PH":
        return Days(holidays="only")
    for holidays, mark in _MARKS.items():
        if mark and text.endswith(mark):
            return replace(days_from_rrule(text.removesuffix(mark)), holidays=holidays)
    return days_from_rrule(text)


def _rule(text: str) -> Rule:
    body, mark, often = text.partition(" ~")
    match = re.fullmatch(r"(\S+(?: PH[+-])?)(?: ([\d:?,-]+))?", body.strip())
    if match is None:
        raise _refuse(text, "it is not a written schedule")
    sessions = tuple(_session(s) for s in (match.group(2) or "").split(",") if s)
    return Rule(_days(match.group(1)), sessions, not mark, _often(often))


def _session(text: str) -> Session:
    start, _, end = text.partition("-")
    return Session(*(None if t == "?" else int(t[:-3]) * 60 + int(t[-2:]) for t in (start, end)))


def _often(text: str) -> Often | None:
    match = re.fullmatch(r"(\d+)(?:-(\d+))?/(\d*)(week|month|year)", text)
    if match is None and text not in ("", "?"):
        raise _refuse(text, "it is not a written schedule")
    if match is None:
        return None
    low, high, every, unit = match.groups()
    units: dict[str, Unit] = {"week": "week", "month": "month", "year": "year"}
    return Often(int(low), int(high or low), units[unit], int(every or 1))


def _closure(text: str) -> Closure:
    if moved := re.fullmatch(r"([A-Z,]+)>(day|workday)", text):
        return Moved(tuple(DAY_CODES.index(d) for d in moved[1].split(",")), moved[2] == "workday")
    match = _CLOSURE.fullmatch(text)
    if match is None:
        return _days(text)
    m, d, to_m, to_d = map(int, match.groups()[:4])
    return Span((m, d), (to_m, to_d), match.group(6) or "", match.group(5) is None)
