"""How many people come to a place and who helps there: the columns of a list that count them, and their cells.

Only counts of people as a whole are read, for one session each: totals of a year (延べ参加者数) are divided by the
sessions of that year (開催回数), and say nothing without them. What a cell says that is no number is never repeated,
since it may be a name.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Mapping
from typing import NamedTuple

from geo import schemas
from geo.sources import _tables

_HELPERS = r"(?:担い手|ボランティア|世話人|世話役|協力員|協力者|支援者|スタッフ|サポーター)"
_COME = r"(?:(?:1|一)回(?:あたり|当たり|当り)?の?)?(?:平均)?の?(?:参加|利用|来場|来所)者?(?:数|人数|人員)(?:平均)?"
_ALL = r"(?:延べ?|のべ|総|累計|合計)"
_NEW = r"(?:年間の?)?(?:新規|新しい|初めての|はじめての|初回|初)の?(?:参加|利用|来場|来所)者?(?:数|人数)"
_75 = r"75(?:歳|才)以上"
_COUNT = r"(?:の?(?:数|人数))"
_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "attendance": re.compile(_COME),
    "total": re.compile(f"(?:年間の?(?:{_ALL}の?)?|{_ALL}の?)(?:参加|利用|来場|来所)者?(?:数|人数|人員)"),
    "held": re.compile(r"(?:年間の?)?(?:開催|実施|活動)回数"),
    "newcomers": re.compile(_NEW),
    "helpers": re.compile(f"{_HELPERS}{_COUNT}?"),
    "helpers_75_plus": re.compile(
        f"(?:うち)?{_75}の?{_HELPERS}{_COUNT}?|{_HELPERS}{_COUNT}?の?(?:うち)?{_75}(?:の人|の方|者)?{_COUNT}?"
    ),
    "helpers_mean_age": re.compile(f"{_HELPERS}の?平均年[齢令]|平均年[齢令]の?{_HELPERS}"),
}
"""What the headings are without brackets, units and years."""
_MEAN = re.compile(r"平均|[1一]回|/回")
_UNIT = re.compile(r"\(?(?:人|名|歳|才)?/(?:1?回)\)?|\((?:人|名|歳|才|実績|平均|1回あたり|1回平均)\)")
_COUNTED = re.compile(r"\((?:人|名)\)$")
_SIGNS = re.compile(r"[()・_:、\-]")
_YEAR = re.compile(
    r"(?P<western>20\d\d)年?度?の?|(?P<era>令和|平成)?(?P<number>\d{1,2}|元)年度?の?|(?P<letter>[rh])\.?(?P<short>\d{1,2})(?:年度?)?の?"
)
_BEFORE = re.compile(r"(?:前|昨)年度?の?")
_NOW = re.compile(r"(?:今|本|当)年度?の?|(?:直近|最新)(?:年度?)?の?")
_FIRST_YEAR = {"令和": 2018, "r": 2018, "平成": 1988, "h": 1988}
"""The year before the first of an era; an era that is not told is the present one."""

_PLAIN = re.compile(r"(?:約|およそ|平均)?(\d+(?:\.\d+)?)(?:人|名|歳|才)?(?:程度|くらい|ぐらい|前後)?")
_SILENT = re.compile(r"|[-ー―‐−–—~]+|不明|未集計|未把握|未定|未回答|データなし|n/?a", re.IGNORECASE)
_MOST = 60
"""Where half of the places have more, 参加者数 is no count of a session but of a year: the project's own assumption."""
COLUMNS = (*schemas.ATTENDANCE, "total", "held", "total_before", "held_before")
"""What :func:`columns` finds: the columns of the table, and of what attendance is divided."""


class Figures(NamedTuple):
    """One place's figures."""

    told: Mapping[str, float]
    """By column of :class:`geo.schemas.Places`; NaN or absent: not told."""
    is_unread: bool = False
    """A cell says something that is no plain number, or no number that can be."""


UNTOLD = Figures({})


def figures(record: Mapping[str, str]) -> Figures:
    """The figures of a row.

    Examples
    --------
    >>> found = figures({"attendance": "約20人", "newcomers": "0", "helpers": "6名", "helpers_mean_age": "70代"})
    >>> [found.told.get(field) for field in ("attendance", "newcomers", "helpers", "helpers_mean_age")]
    [20.0, 0.0, 6.0, None]
    >>> found.is_unread
    True
    """
    read = {field: _number(record.get(field, "")) for field in COLUMNS}
    told = {field: value for field, value in read.items() if value is not None and not math.isnan(value)}
    for end in ("", "_before"):
        total, held = told.pop(f"total{end}", math.nan), told.pop(f"held{end}", 0)
        if held and not math.isnan(total):
            told.setdefault(f"attendance{end}", total / held)
    wrong: set[str] = set()
    youngest, oldest = schemas.HELPERS_AGES
    if not youngest <= told.get("helpers_mean_age", youngest) <= oldest:
        wrong.add("helpers_mean_age")
    if told.get("helpers_75_plus", 0) > told.get("helpers", math.inf):
        wrong |= {"helpers", "helpers_75_plus"}
    kept = {field: value for field, value in told.items() if field not in wrong}
    return Figures(kept, is_unread=bool(wrong) or None in read.values())


def _number(cell: str) -> float | None:
    """The number in a cell, NaN when it is silent; None for anything else."""
    words = re.sub(r"(?<=\d),(?=\d{3})", "", _tables.plain(cell)).replace(" ", "")
    if _SILENT.fullmatch(words):
        return math.nan
    found = _PLAIN.fullmatch(words)
    return float(found[1]) if found else None


# -- columns ------------------------------------------------------------------------------------------------


class _Heading(NamedTuple):
    column: str
    year: int | None
    """None: the heading names none."""
    is_before: bool
    is_mean: bool


def columns(table: _tables.Table) -> dict[str, str]:
    """The columns that count who comes and who helps, by field.

    Of several years the newest that has values is the latest, and the year before is that of
    ``attendance_before``: years that do not follow one another are not compared. Averages go before other counts,
    and counts of a session before totals of a year, which need the sessions of the same year. Where two columns could
    be meant none is taken.
    """
    headings: dict[str, list[_Heading]] = {}
    for name in dict.fromkeys(table.header):
        for field, pattern in _PATTERNS.items():
            if (found := _heading(name, pattern)) and (field != "helpers" or _counts(name)):
                headings.setdefault(field, []).append(found)
    come, totals, held = (headings.pop(field, []) for field in ("attendance", "total", "held"))
    come = [one for one in come if one.is_mean] or come
    if (latest := _latest(table, come)) and not latest.is_mean and _middle(table, latest.column) > _MOST:
        totals, come, latest = totals or come, [], None
    chosen = {"attendance": latest, "attendance_before": _before(come, latest)}
    if latest is None:
        latest = _latest(table, totals)
        chosen = _divided(latest, held, "") | _divided(_before(totals, latest), held, "_before")
    for field, own in headings.items():
        same = [one for one in own if latest and latest.year and one.year in (latest.year, None)]
        chosen[field] = _latest(table, same if field == "newcomers" and latest and latest.year else own)
    return {field: one.column for field, one in chosen.items() if one}


def is_heading(name: str) -> bool:
    """Whether a column of this name would be looked at.

    Examples
    --------
    >>> is_heading("参加者数(人)_令和5年度"), is_heading("参加費")
    (True, False)
    """
    return any(_heading(name, pattern) for pattern in _PATTERNS.values())


def _divided(total: _Heading | None, held: list[_Heading], end: str) -> dict[str, _Heading | None]:
    """The columns of a year's total and of its sessions; one without a year must say that it is of a year."""
    own = [one for one in held if one.year is not None or "年" in one.column]
    same = _only([one for one in own if total and one[1:3] == total[1:3]])
    return {f"total{end}": total, f"held{end}": same} if same else {}


def _counts(name: str) -> bool:
    """Whether a heading is of counts; one of helpers alone may hold their names."""
    return bool(re.search("数", name) or _COUNTED.search(name))


def _heading(name: str, pattern: re.Pattern[str]) -> _Heading | None:
    words = _UNIT.sub("", name)
    found = _YEAR.search(words)
    year = _year(found) if found else None
    words = words.replace(found[0], "", 1) if found else words
    is_before = bool(_BEFORE.search(words))
    words = _SIGNS.sub("", _NOW.sub("", _BEFORE.sub("", words)))
    if not pattern.fullmatch(words):
        return None
    return _Heading(name, year, is_before, bool(_MEAN.search(name)))


def _year(found: re.Match[str]) -> int:
    if found["western"]:
        return int(found["western"])
    number = found["number"] or found["short"]
    first = _FIRST_YEAR[found["era"] or found["letter"] or "令和"]
    return first + (1 if number == "元" else int(number))


def _latest(table: _tables.Table, own: list[_Heading]) -> _Heading | None:
    """The column of the newest year that has values; without years the only one."""
    dated = [one for one in own if one.year is not None and _filled(table, one.column)]
    newest = max((one.year for one in dated if one.year is not None), default=None)
    return _only([one for one in (dated or own) if one.year == newest and not one.is_before])


def _before(own: list[_Heading], latest: _Heading | None) -> _Heading | None:
    if latest is None:
        return None
    year = latest.year - 1 if latest.year is not None else None
    return _only([one for one in own if one.year == year and one.is_before == (year is None)])


def _only(own: list[_Heading]) -> _Heading | None:
    return own[0] if len(own) == 1 else None


def _middle(table: _tables.Table, name: str) -> float:
    """The median of a column's numbers."""
    at = table.header.index(name)
    cells = (_number(row.cells[at]) if at < len(row.cells) else None for row in table.rows)
    return statistics.median([value for value in cells if value is not None and value > 0] or [0])


def _filled(table: _tables.Table, name: str) -> bool:
    at = table.header.index(name)
    return any(at < len(row.cells) and _tables.plain(row.cells[at]) for row in table.rows)
