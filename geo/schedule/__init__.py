"""Opening hours: the words of a list ⇄ a recurrence ⇄ half-hour slots.

Each module imports only what stands above it::

    value      the schedule: rules, hours, closures, and what is not known
    expand     a schedule -> half-hour slots of real dates, days a week
    tokens     Japanese words -> pieces
    said       phrases, before they become a schedule
    pieces     pieces put together: hours, weekday lists, months
    closing    what the words close
    reading    words -> a schedule, with what could not be read
    columns    several columns of a list -> a schedule
    osm        the opening_hours of OpenStreetMap -> a schedule
    words      a schedule -> plain words of any language

Open, closed and unknown are three values everywhere: a place that opens 「月1回土曜」 is closed on Mondays and
unknown on Saturdays. Words mean what they say: national holidays and New Year are closed only where that is
said (平日 says it), and dates that are assumed for a named break are in ``Schedule.assumptions``.
"""

from __future__ import annotations

from geo.schedule import osm as _osm
from geo.schedule import reading as _reading
from geo.schedule.columns import FREQUENCIES, FREQUENCY_WORDS, from_closing_days, from_fields
from geo.schedule.expand import CLOSED, OPEN, SLOTS_PER_DAY, UNKNOWN_SLOT, days_per_week, opening_dates, slots
from geo.schedule.osm import from_osm
from geo.schedule.reading import Reading
from geo.schedule.value import (
    UNKNOWN,
    Days,
    Often,
    Rule,
    Schedule,
    Session,
    Span,
    days_from_rrule,
    from_text,
)
from geo.schedule.words import describe

__all__ = [
    "CLOSED",
    "FREQUENCIES",
    "FREQUENCY_WORDS",
    "OPEN",
    "SLOTS_PER_DAY",
    "UNKNOWN",
    "UNKNOWN_SLOT",
    "Days",
    "Often",
    "Reading",
    "Rule",
    "Schedule",
    "Session",
    "Span",
    "days_from_rrule",
    "days_per_week",
    "describe",
    "from_closing_days",
    "from_fields",
    "from_osm",
    "from_text",
    "opening_dates",
    "parse",
    "slots",
]


def parse(text: str) -> Reading:
    """Read opening hours as people write them, in Japanese or in the grammar of OpenStreetMap.

    Parameters
    ----------
    text : str
        One cell: days, hours, exceptions, in any order that a person would understand.

    Returns
    -------
    reading : Reading
        The schedule, the pieces that were not understood, and remarks that change nothing. When a piece about
        days or hours was not understood the schedule is :data:`UNKNOWN`: never a guess.

    Examples
    --------
    >>> str(parse("第２・４土曜 13:30〜15:30（8月休み）").schedule)
    'FREQ=MONTHLY;BYDAY=2SA,4SA 13:30-15:30 ! 08-01/08-31'
    >>> str(parse("毎月1回土曜日　10時半〜").schedule)
    'FREQ=WEEKLY;BYDAY=SA 10:30-? ~1/month'
    >>> reading = parse("毎週火曜 10時〜12時(友引の日を除く)")
    >>> reading.unread, reading.schedule == UNKNOWN
    (('を除く', '友引の日'), True)
    """
    if _osm.looks_like(text):
        return from_osm(text)
    return _reading.settle(_reading.listen(text))
