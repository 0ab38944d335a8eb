"""When a row of a list is open: its columns put into words that say by themselves what they say together.

A place keeps one text of its opening hours, and everything later reads that text alone. Where the columns of weekday,
date and hours do not say all of it (「土」 with the code of once a month, a remark that names the week, closing days),
the text says how often, carries the remark, or is written anew from what was understood.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from geo import schedule, text
from geo.sources import _tables

FREQUENCY = {"1": 6.0, "2": 3.5, "3": 1.5, "4": 0.5, "5": 0.25, "6": 0.08}
"""Opening days a week of 開催頻度: almost daily, 3-4 a week, 1-2 a week, fortnightly, monthly, every few months.
7 (seasonal) and 8 (irregular) are unknown. Codes: common format of children's cafeterias (むすびえ, 2022)."""
KINDS_OF_DAY = ("workdays", "saturdays", "sundays", "holidays")
"""Columns of hours that differ by the kind of day (WAM NET)."""
_WEEKS_PER_MONTH = 365.25 / 12 / 7
_NUMBERED_DAY = re.compile(r"[毎隔翌各\d]+月|(偶数|奇数)月|月\d|毎日|[\d末期]日|祝日|平日|不定")
_NAMES_A_DAY = re.compile("[月火水木金土日]")
_NEVER = ("なし", "無し", "無", "ありません")
"""What stands in a column of closing days where there are none."""


class Heard(NamedTuple):
    """When a place is open, as far as its row tells."""

    words: str
    """:func:`geo.schedule.parse` of them is what the columns say together, or says less."""
    days: float
    """A week; NaN where it is not clearly said."""
    unread: tuple[str, ...]
    """Pieces that were not understood, or that contradict the other columns."""


def heard(record: Mapping[str, str], *, could_say_how_often: bool) -> Heard:
    """The opening hours of a row in words, and the days a week that it opens.

    Parameters
    ----------
    record : mapping
        Cells by field, each as :func:`geo.sources._tables.plain` leaves it.
    could_say_how_often : bool
        The list has a column for how often: a bare weekday then leaves that open.
    """
    fields = ("opening", "date", "weekday", "from", "until", "remark", "frequency", "closing", *KINDS_OF_DAY)
    found = _heard(tuple(record[field] for field in fields), could_say_how_often)
    days = found.days
    if record["frequency"]:
        days = FREQUENCY.get(record["frequency"].removesuffix(".0"), math.nan)
    elif sessions := _tables.number(record["sessions"]):
        days = round(min(7.0, sessions / _WEEKS_PER_MONTH), 2)
    return found._replace(days=days)


@lru_cache(maxsize=8192)
def _heard(cells: tuple[str, ...], could_say_how_often: bool) -> Heard:
    opening, date, weekday, start, end, remark, code, closing, *hours = cells
    told = _in_a_row(opening, date, weekday, start, end)
    columns = {"start": start, "end": end, "note": remark}
    if any(hours) or (closing and not told):
        named = dict(zip(KINDS_OF_DAY, hours, strict=True))
        said = schedule.from_closing_days(closing, **named, note=" ".join(w for w in (told, remark) if w))
    elif closing:
        rest = "年中無休" if closing in _NEVER else f"休み:{closing}"
        told = f"{told} {rest}"
        said = schedule.parse(f"{told} {remark}" if remark else told)
    elif could_say_how_often:
        said = schedule.from_fields(days=weekday or opening, dates=date, frequency_code=code, **columns)
    elif not opening and (weekday or date):
        said = schedule.from_fields(days=weekday, dates=date, **columns)
    elif start or end or remark:
        said = schedule.from_fields(days=opening, **columns)
    else:
        said = schedule.parse(opening)
    days = schedule.days_per_week(said.schedule)
    often = schedule.FREQUENCY_WORDS.get(code.removesuffix(".0") or "8", "") if could_say_how_often else ""
    without_hours = _in_a_row(opening, date, weekday, "", "") if not closing else ""
    return Heard(_worded(said.schedule, [told, without_hours], remark, often), days, said.unread)


def _in_a_row(opening: str, date: str, weekday: str, start: str, end: str) -> str:
    if date and weekday and not _NAMES_A_DAY.search(_NUMBERED_DAY.sub("", date)):
        date = f"{date} {weekday}"  # 第1・3 beside 土: neither says it alone
    hours = "~".join(part for part in (start, end) if part)
    return " ".join(part for part in (opening, date or weekday, hours) if part)


def _worded(meant: schedule.Schedule, told: Sequence[str], remark: str, often: str) -> str:
    """The list's own words where they say what is meant, else those of the schedule."""
    for words in _tries(told, remark, often):
        if str(schedule.parse(words).schedule) == str(meant):
            return words
    if not meant.rules:
        return ""
    words = schedule.describe(meant, _say)
    return words if str(schedule.parse(words).schedule) == str(meant) else ""


def _tries(told: Sequence[str], remark: str, often: str) -> Iterator[str]:
    """Words of the list by themselves, with how often, and with the remark; those nearest to the list first."""
    plain = [words for words in dict.fromkeys(told) if words]
    for words in (*plain, *(f"{often} {words}" for words in plain if often), *[often] * bool(often)):
        yield words
        if remark:
            yield f"{words} ({remark})"
    if remark:
        yield remark


def _say(key: str, /, **values: object) -> str:
    return text.say(key, "ja", **values)
