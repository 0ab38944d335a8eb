"""Names of groups, zone systems and kinds in the reader's language, and sentences of a run."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import shapely

from geo import text

UNBROKEN = re.compile(
    r"[A-Z]+-\d+|\d[\d,.:]*(?:(?:[-／〜–]| / )\d[\d,.:]*)+%?|\d[\d,.]* (?:m|km|ha)(?![A-Za-z])"
)
"""What stays in one line: names with numbers, house numbers, dates, fractions, hours, lengths with units."""
JAPAN = timezone(timedelta(hours=9))
MARKDOWN = re.compile(r"[!-/:-@\[-`{-~]")
"""The ASCII punctuation, all of which may be escaped (CommonMark 2.4)."""


def label(section: str, name: str, language: text.Language) -> str:
    """The word for a name; a name that the catalogue does not know (a city's own) stands for itself.

    Examples
    --------
    >>> label("group", "age_65_plus", "en"), label("system", "町会", "en")
    ('Aged 65 and over', '町会')
    """
    return text.catalogue(language).get(f"{section}.{name}", name)


def known(summary: Mapping[str, Any], language: text.Language) -> list[str]:
    """What is partial or unknown in a run, one sentence each.

    Parameters
    ----------
    summary : mapping
        The document of a run; its ``known`` part is told.
    """
    return [_tell(remark, language) for remark in summary["known"]]


def _tell(remark: Mapping[str, Any], language: text.Language) -> str:
    values = dict(remark["values"])
    if "group" in values:
        values["group"] = label("group", str(values["group"]), language)
    return text.tell(remark["code"], remark["template"], language, **values)


def markup(sentence: str) -> str:
    """A sentence as HTML: its words are text, and numbers that belong together stay in one line.

    Examples
    --------
    >>> markup("<b> 17-16-6")
    '&lt;b&gt; <span class=ib-one>17-16-6</span>'
    >>> markup("500 m以内, 3 places")
    '<span class=ib-one>500 m</span>以内, 3 places'
    """
    return UNBROKEN.sub(r"<span class=ib-one>\g<0></span>", html.escape(sentence))


def plain(name: str) -> str:
    """A name in a label that is Markdown, so that it shows as it is and does nothing.

    Examples
    --------
    >>> print(plain("![x](a.b) *c*"))
    \\!\\[x\\]\\(a\\.b\\) \\*c\\*
    """
    return MARKDOWN.sub(r"\\\g<0>", name)


def count(value: float | None, language: text.Language, *, unit: str = "people") -> str:
    """A number of people (or of ``unit``) with its unit; unknown is said so.

    Examples
    --------
    >>> count(1234.4, "en"), count(None, "en"), count(float("nan"), "en")
    ('1,234 people', 'Not known', 'Not known')
    """
    if value is None or value != value:
        return text.say("unit.unknown", language)
    return text.say(f"unit.{unit}", language, n=f"{value:,.0f}")


def percent(share: float | None, language: text.Language) -> str:
    """A share in per cent, one decimal; never 100 % or 0 % unless it is all or nobody.

    Examples
    --------
    >>> percent(0.99999, "en"), percent(1.0, "en"), percent(0.00001, "en"), percent(None, "en")
    ('99.9%', '100.0%', '0.1%', 'Not known')
    """
    if share is None or share != share:
        return text.say("unit.unknown", language)
    rounded = round(share * 100, 1)
    if 0 < share < 1:
        rounded = min(max(rounded, 0.1), 99.9)
    return f"{rounded:.1f}%"


def moment(told: str) -> str:
    """When a change was made, in Japan's time: the history keeps the world's.

    Examples
    --------
    >>> moment("2026-11-21T21:02:09+00:00"), moment("-")
    ('2026-11-22 06:02', '-')
    """
    try:
        return f"{datetime.fromisoformat(told).astimezone(JAPAN):%Y-%m-%d %H:%M}"
    except ValueError:
        return told


def dataset(name: str, language: text.Language) -> str:
    """A dataset by its kind, and which of them where a project may hold several.

    Examples
    --------
    >>> dataset("zones:middle_school", "en"), dataset("streets", "en"), dataset("places:salons", "en")
    ('Zone boundaries (Middle school zones)', 'Streets', 'List of places (salons)')
    """
    kind, _, own = name.partition(":")
    told = label("dataset", kind, language)
    if not own:
        return told
    own = label("system", own, language)
    return text.say("unit.which", language, kind=told, which=own)


def change(value: float) -> str:
    """A difference with its sign, one decimal.

    Examples
    --------
    >>> change(1.23), change(-0.5), change(-0.001)
    ('+1.2', '-0.5', '±0.0')
    """
    told = f"{value:+.1f}"
    return "±0.0" if told in ("+0.0", "-0.0") else told


def bounded(share: float | None, share_max: float | None, state: str, language: text.Language) -> str:
    """A share and how far it is known: one number, two bounds, or not known.

    Examples
    --------
    >>> bounded(0.2, 0.2, "known", "en"), bounded(0.2, 0.5, "partial", "en")
    ('20.0%', '20.0%–50.0%')
    >>> bounded(None, 0.5, "unknown", "en"), bounded(None, 1.0, "unknown", "en")
    ('0.0%–50.0%', 'Not known')
    """
    if state == "known" or (state == "unknown" and not (share_max is not None and share_max < 1)):
        return percent(share, language)
    least = 0.0 if share is None or share != share else share
    return between(percent(least, language), percent(share_max, language), language)


def between(least: str, most: str, language: text.Language) -> str:
    """Two bounds of a number that is known in part; one number when they read the same.

    Examples
    --------
    >>> between("12.0%", "30.5%", "en"), between("0.1%", "0.1%", "en")
    ('12.0%–30.5%', '0.1%')
    """
    return least if least == most else text.say("unit.between", language, least=least, most=most)


def short(value: Any) -> str:
    """A value of a change in a line: a key without brackets, a shape by its middle.

    Examples
    --------
    >>> short(["a", 1]), short(None), len(short("x" * 99))
    ('a, 1', '-', 60)
    """
    if value is None:
        return "-"
    if isinstance(value, dict) and "wkb" in value:
        middle = shapely.from_wkb(value["wkb"]).representative_point()
        return f"({middle.x:.6f}, {middle.y:.6f})"
    words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return words if len(words) <= 60 else f"{words[:59]}…"
