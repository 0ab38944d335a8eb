"""Opening hours of OpenStreetMap: the everyday part of the ``opening_hours`` grammar.

Later rules stand instead of earlier ones on their days; that is worked out here, so that a schedule needs no
order of its rules. Anything outside this part is left unread as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from geo import errors
from geo.schedule.reading import Reading
from geo.schedule.value import UNKNOWN, WEEK, Closure, Days, Rule, Schedule, Session, Span

_DAY_NAMES = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = "(?:" + "|".join(_DAY_NAMES) + ")"
_MONTH = "(?:" + "|".join(_MONTH_NAMES) + ")"
_NUMBER = r"(?: \d\d?(?![\d:]))"
_DAY_ITEM = rf"(?:PH|{_DAY}(?:-{_DAY}|\[-?\d(?:,-?\d)*\])?)"
_TIME = r"\d{1,2}:\d{2}(?:-\d{1,2}:\d{2}|\+)"
_PART = re.compile(
    rf"(?:(?P<dates>{_MONTH}{_NUMBER}?(?:-(?:{_MONTH}{_NUMBER}?|\d\d?(?![\d:])))?) ?)?"
    rf"(?:(?P<days>{_DAY_ITEM}(?:, ?{_DAY_ITEM})*) ?)?"
    rf"(?P<what>off|closed|{_TIME}(?:, ?{_TIME})*)?"
)
_LOOKS = re.compile(rf"24/7|\b{_DAY}\b|\bPH\b|\b{_MONTH}\b")


@dataclass(frozen=True)
class _Part:
    weekdays: tuple[tuple[int, int], ...]
    holidays: bool
    months: tuple[int, ...]
    span: Span | None
    sessions: tuple[Session, ...]
    is_off: bool


def looks_like(text: str) -> bool:
    """Whether a text is of this grammar (it names English weekdays or months)."""
    return _LOOKS.search(text) is not None and re.search(r"[぀-ヿ一-鿿]", text) is None


def from_osm(text: str) -> Reading:
    """A schedule from an ``opening_hours`` value.

    Parameters
    ----------
    text : str
        For example ``Mo-Fr 08:30-17:00; PH off``. Hours without days are every day's, as the grammar says.

    Examples
    --------
    >>> str(from_osm("Tu-Su 10:00-17:00; Fr 10:00-19:00; PH off").schedule)
    'FREQ=WEEKLY;BYDAY=FR PH- 10:00-19:00 & FREQ=WEEKLY;BYDAY=TU,WE,TH,SA,SU PH- 10:00-17:00'
    >>> from_osm("sunrise-sunset").unread
    ('sunrise-sunset',)
    """
    if text.strip() == "24/7":
        return Reading(Schedule((Rule(Days(WEEK), (Session(0, 1440),)),)))
    # A comma before a weekday after hours begins an additional rule; none of ours overlap.
    split = re.split(rf"; ?|(?<=\d), ?(?={_DAY}\b)", text.strip().rstrip("; "))
    try:
        parts = [_part(p) for p in split]
    except errors.DataError:
        return Reading(UNKNOWN, (text,))
    if None in parts:
        return Reading(UNKNOWN, tuple(s for s, p in zip(split, parts, strict=True) if p is None))
    return _together([p for p in parts if p is not None], text)


def _part(text: str) -> _Part | None:
    match = _PART.fullmatch(text.strip())
    if match is None or not (match["what"] and text.strip()):
        return None
    is_off = match["what"] in ("off", "closed")
    sessions = () if is_off else tuple(_session(t) for t in re.split(", ?", match["what"]))
    items = re.split(r", ?(?![-\d])", match["days"]) if match["days"] else []
    weekdays = tuple(w for i in items if i != "PH" for w in _weekdays(i))
    months, span = _dates(match["dates"] or "")
    if span and not is_off:
        months = _whole_months(span) or ()
    return _Part(weekdays or (() if items else WEEK), "PH" in items, months, span, sessions, is_off)


def _session(text: str) -> Session:
    hours = [int(h) * 60 + int(m) for h, m in re.findall(r"(\d+):(\d+)", text)]
    if len(hours) == 1:
        return Session(hours[0], None)
    return Session(hours[0], hours[1] + (1440 if hours[1] <= hours[0] else 0))


def _weekdays(item: str) -> list[tuple[int, int]]:
    day = _DAY_NAMES.index(item[:2])
    if "[" in item:
        return [(int(n), day) for n in re.findall(r"-?\d", item)]
    last = _DAY_NAMES.index(item[-2:])
    return [(0, d % 7) for d in range(day, (last if last >= day else last + 7) + 1)]


def _dates(text: str) -> tuple[tuple[int, ...], Span | None]:
    ends = [
        (_MONTH_NAMES.index(m) + 1, int(d) if d else 0)
        for m, d in re.findall(rf"({_MONTH})(?: (\d+))?", text)
    ]
    if not ends:
        return (), None
    (month, day), (last_month, last_day) = ends[0], ends[-1]
    if day:
        through = re.search(r"-(\d+)$", text)
        return (), Span((month, day), (last_month, int(through.group(1)) if through else last_day))
    last = last_month if last_month >= month else last_month + 12
    return tuple((m - 1) % 12 + 1 for m in range(month, last + 1)), None


def _whole_months(span: Span) -> tuple[int, ...] | None:
    """Months of a span that begins and ends with one."""
    longest = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    (month, day), (last_month, last_day) = span.first, span.last
    if day != 1 or last_day != longest[last_month - 1]:
        return None
    last = last_month if last_month >= month else last_month + 12
    return tuple((m - 1) % 12 + 1 for m in range(month, last + 1))


def _together(parts: list[_Part], text: str) -> Reading:
    rules: list[Rule] = []
    closed: list[Closure] = []
    for part in parts:
        if part.span and part.is_off and part.weekdays == WEEK:
            closed.append(part.span)
            continue
        if part.span and not (part.months or part.is_off):
            # Hours from one date to another are not a recurrence of this kind.
            return Reading(UNKNOWN, (text,))
        rules = [left for rule in rules for left in _instead(rule, part)]
        if part.is_off and any(nth for nth, _ in part.weekdays):
            closed.append(Days(part.weekdays, months=part.months))
        if not part.is_off:
            rules += _rules(part)
    if not rules:
        return Reading(UNKNOWN, (text,))
    return Reading(Schedule(tuple(rules), tuple(closed)))


def _rules(part: _Part) -> list[Rule]:
    if not part.weekdays:
        return [Rule(Days(holidays="only"), part.sessions)]
    weekly = tuple(w for w in part.weekdays if not w[0])
    monthly = tuple(w for w in part.weekdays if w[0])
    holidays = "also" if part.holidays else "usual"
    kinds = [w for w in (weekly, monthly) if w]
    return [
        Rule(
            Days(w, months=part.months, holidays="also" if holidays == "also" and i == 0 else "usual"),
            part.sessions,
        )
        for i, w in enumerate(kinds)
    ]


def _instead(rule: Rule, part: _Part) -> list[Rule]:
    """What is left of an earlier rule where a later one stands in its place."""
    days = rule.days
    if part.holidays and days.holidays != "only":
        days = replace(days, holidays="skip")
    elif part.holidays:
        return []
    months = days.months or tuple(range(1, 13))
    shared = [m for m in months if m in (part.months or range(1, 13))]
    if not shared or not part.weekdays or days.holidays == "only":
        return [replace(rule, days=days)]
    rest = tuple(m for m in months if m not in shared)
    left = [replace(rule, days=replace(days, months=rest))] if rest else []
    gone = {day for nth, day in part.weekdays if not nth}
    kept = tuple(w for w in days.weekdays if w[1] not in gone)
    nths = {(nth, day) for nth, day in part.weekdays if nth > 0} if not part.is_off else set()
    whole = tuple(w for w in kept if w[0] or w[1] not in {d for _, d in nths})
    some = tuple(
        (n, d)
        for n in range(1, 6)
        for z, d in kept
        if not z and (n, d) not in nths and d in {k for _, k in nths}
    )
    return left + [
        replace(rule, days=replace(days, weekdays=w, months=tuple(shared))) for w in (whole, some) if w
    ]
