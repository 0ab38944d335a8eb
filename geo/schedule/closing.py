"""What the words close: 「祝日・年末年始休み」, 「休館日:月曜」, 「第3土曜を除く」."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from geo import errors
from geo.schedule import pieces as parts
from geo.schedule.pieces import DAY_KINDS
from geo.schedule.said import Said
from geo.schedule.tokens import Token
from geo.schedule.value import Closure, Days, Moved, Span

YEAR_END = Span((12, 29), (1, 3), "new_year")
"""Public offices close (行政機関の休日に関する法律, 1988, art. 1); assumed where only 年末年始 is said."""
OBON = Span((8, 13), (8, 16), "obon")
"""The usual days of お盆; assumed where only the name is said."""
_SPANS = {
    "年末": YEAR_END,
    "盆": OBON,
    "正月": Span((1, 1), (1, 3), "first_days"),
    "三が": Span((1, 1), (1, 3)),
}
# School breaks differ by city: somewhere in these days.
_BREAKS = {
    "夏": Span((7, 15), (9, 5), "summer_break", is_known=False),
    "冬": Span((12, 20), (1, 10), "winter_break", is_known=False),
    "春": Span((3, 15), (4, 10), "spring_break", is_known=False),
}
_REST = ("定休", "休館", "休業", "休所", "休園", "休室", "閉館", "閉所", "閉室", "以外")
_LISTED = (*DAY_KINDS, "NTH", "LAST", "AND", "SPACE", "PARTICLE")
_CLOSABLE = (
    *DAY_KINDS, "NTH", "LAST", "MONTHS", "SPAN", "BREAK", "MONTHDAY", "WORKDAYS", "AND", "SPACE", "DASH",
    "PARTICLE", "DATES", "EVERYMONTH", "EVERYWEEK", "SHIFT",
)  # fmt: skip


def without_closures(pieces: list[Token], said: Said, *, everything: bool) -> list[Token]:
    """Take out what is closed; ``everything``: all days that are named are closed."""
    if everything:
        _close(_flat(p for p in pieces if p.kind != "CLOSE"), said)
        return []
    used: set[int] = set()
    for at, piece in enumerate(pieces):
        if piece.kind != "CLOSE" or at in used:
            continue
        run = _run_before(pieces, at, used)
        is_heading = at + 1 < len(pieces) and pieces[at + 1].text == ":"
        if is_heading or not any(pieces[i].kind not in ("SPACE", "PARTICLE", "AND") for i in run):
            run = _run_after(pieces, at)
        if not any(
            pieces[i].kind in (*DAY_KINDS, "MONTHS", "SPAN", "BREAK", "MONTHDAY", "NTH", "DATES") for i in run
        ):
            said.unread.append(piece.text)
        elif _is_doubtful(pieces, run, at):
            said.unread.append("".join(pieces[i].text for i in sorted({at, *run})).strip())
        tail = _shift_after(pieces, at)
        run += [i for i in tail if i not in run]
        used |= {at, *run}
        said.closing_words.append("".join(pieces[i].text for i in sorted({at, *run})).strip(" 、,()"))
        said.rests = said.rests or piece.text.startswith(_REST)
        _close(_flat(pieces[i] for i in sorted(run)), said)
    return [p for i, p in enumerate(pieces) if i not in used]


def _shift_after(pieces: list[Token], at: int) -> list[int]:
    """Positions of 「（祝日の場合は翌日）」 right behind a closing word."""
    i = at + 1
    while i < len(pieces) and (
        pieces[i].kind in ("SPACE", "OPEN", "AND", "STOP")
        or pieces[i].text in (":", "※", "・", "ただし", "但し")
    ):
        i += 1
    if i == len(pieces) or pieces[i].kind != "SHIFT":
        return []
    is_bracket = any(p.kind == "OPEN" for p in pieces[at:i])
    return list(range(at + 1, i + 1 + (is_bracket and i + 1 < len(pieces) and pieces[i + 1].kind == "SHUT")))


def _flat(pieces: Iterable[Token]) -> list[Token]:
    return [p for p in pieces if p.kind not in ("OPEN", "SHUT")]


def _run_before(pieces: list[Token], at: int, used: set[int]) -> list[int]:
    """Positions of the days that a closing word behind them closes."""
    run: list[int] = []
    is_free = not _is_enclosed(pieces, at)
    split = None
    i = at - 1
    while i >= 0 and i not in used:
        piece = pieces[i]
        if piece.kind == "SHUT":
            inside = _bracket(pieces, i)
            if inside is None:
                break
            run += inside
            i = inside[-1] - 1
            continue
        before = pieces[i - 1].kind if i else ""
        if not _is_closable(piece) or (is_free and _parts(pieces, run, i)):
            break
        if piece.text in "、,":
            split = i
        if is_free and piece.kind == "DASH" and before in DAY_KINDS and split is not None:
            return [k for k in run if k > split]
        run.append(i)
        i -= 1
    return run


def _is_closable(piece: Token) -> bool:
    return piece.kind in _CLOSABLE or piece.text == "・"


def _is_enclosed(pieces: list[Token], at: int) -> bool:
    """Whether all from an opening bracket to here is about closing: 「(日曜、年末年始を除く)」."""
    i = at - 1
    while i >= 0 and _is_closable(pieces[i]):
        i -= 1
    return i >= 0 and pieces[i].kind == "OPEN"


def _parts(pieces: list[Token], run: list[int], at: int) -> bool:
    """Whether a space or comma ends the list of closed days: 「毎週火曜、8月は休み」."""
    piece, before = pieces[at], pieces[at - 1].kind if at else ""
    kinds = [pieces[k].kind for k in run if pieces[k].kind not in ("SPACE", "PARTICLE", "AND", "NOISE")]
    if not kinds:
        return False
    if piece.kind == "SPACE":
        return before not in ("HOLIDAY", "SPAN", "MONTHS", "BREAK", "AND")
    if piece.text in "、," and kinds[-1] in ("NTH", "LAST"):
        return not _is_ordinal(pieces, at)
    is_split = piece.text in "、," and before in DAY_KINDS and kinds[-1] not in (*DAY_KINDS, "NTH", "LAST")
    return is_split and not _is_behind_hours(pieces, at)


def _is_behind_hours(pieces: list[Token], comma: int) -> bool:
    """Whether the days before a comma are closed too: 「月~金 9時~17時 祝日、年末年始を除く」.

    What is open has been said by then, with its hours or as every day; holidays and weekdays of some weeks of the
    month that follow belong to what is closed.
    """
    i = comma - 1
    while i >= 0 and (pieces[i].kind in _LISTED or pieces[i].text in "、,・"):
        i -= 1
    is_telling = any(p.kind in ("HOLIDAY", "NTH", "LAST") for p in pieces[i + 1 : comma])
    return is_telling and any(p.kind in ("CLOCK", "DAILY") for p in pieces[: i + 1])


def _is_doubtful(pieces: list[Token], run: list[int], at: int) -> bool:
    """「火・木、祝日を除く 10時~」: the weekdays may be those that are open, or those that are closed."""
    words = [pieces[i] for i in sorted(run)]
    told = [p.kind for p in words]
    others = [p for i, p in enumerate(pieces) if i not in run and i != at]
    return (
        "除" in pieces[at].text
        and any(p.text in "、," for p in words)
        and any(p.text[0] in "月火水木金" for p in words if p.kind in ("WEEKDAY", "BARE"))
        and "HOLIDAY" in told
        and not any(p.kind in (*DAY_KINDS, "DAILY", "WORKDAYS", "NTH", "MONTHDAY") for p in others)
    )


def _is_ordinal(pieces: list[Token], comma: int) -> bool:
    """Whether the weekday before a comma is one of some weeks of the month, as the one behind it."""
    i = comma - 1
    while i >= 0 and (pieces[i].kind in ("WEEKDAY", "BARE", "SPACE", "PARTICLE") or pieces[i].text == "・"):
        i -= 1
    return i >= 0 and pieces[i].kind in ("NTH", "LAST")


def _bracket(pieces: list[Token], shut: int) -> list[int] | None:
    """Positions of a bracket that holds nothing but closable days, from its end to its start."""
    inside = [shut]
    for i in range(shut - 1, -1, -1):
        inside.append(i)
        if pieces[i].kind == "OPEN":
            return inside
        if not _is_closable(pieces[i]):
            return None
    return None


def _run_after(pieces: list[Token], at: int) -> list[int]:
    """Positions of the days behind a heading such as 「休館日:」."""
    run: list[int] = []
    depth = 0
    for i in range(at + 1, len(pieces)):
        piece = pieces[i]
        depth += (piece.kind == "OPEN") - (piece.kind == "SHUT")
        if depth < 0 or not (piece.kind in (*_CLOSABLE, "OPEN", "SHUT") or piece.text in "・:"):
            break
        told = any(pieces[k].kind in DAY_KINDS for k in run)
        if (
            piece.kind == "SPACE"
            and told
            and i + 1 < len(pieces)
            and pieces[i + 1].kind in ("WEEKDAY", "BARE")
        ):
            break
        run.append(i)
    return run


def _close(run: list[Token], said: Said) -> None:
    """Closures from pieces that name days."""
    run = [p for p in run if p.kind not in ("SPACE", "PARTICLE", "EVERYMONTH", "EVERYWEEK", "STOP")]
    listed = parts.with_weekday_lists(run)
    nths: list[int] = []
    months: list[int] = []
    i = 0
    while i < len(listed):
        piece = listed[i]
        follows = listed[i + 1].kind if i + 1 < len(listed) else ""
        if piece.kind in ("NTH", "LAST"):
            nths = parts.ordinals(piece.text) + (nths if i and listed[i - 1].kind in ("NTH", "LAST") else [])
        elif piece.kind == "DAYS":
            _close_days(piece, nths, months, said)
            nths, months = [], []
        elif piece.kind == "MONTHS" and follows in ("NTH", "LAST", "DAYS"):
            months = parts.months_of(piece.text) or []
        elif piece.kind == "MONTHDAY":
            i = _close_dates(listed, i, said)
        else:
            _close_named(piece, said)
        i += 1
    if nths:
        said.unread.append("".join(p.text for p in run))


def _close_days(piece: Token, nths: list[int], months: list[int], said: Said) -> None:
    weekdays, holiday, _ = piece.value
    said.closed_holidays = said.closed_holidays or holiday
    if weekdays:
        said.closed.append(Days(tuple((n, d) for n in nths or [0] for d in weekdays), months=tuple(months)))


def _close_dates(listed: list[Token], i: int, said: Said) -> int:
    """A date or a range of dates; behind a name it is that name's dates."""
    ends = [listed[i]]
    if [p.kind for p in listed[i + 1 : i + 3]] == ["DASH", "MONTHDAY"]:
        ends.append(listed[i + 2])
    if (
        said.closed
        and isinstance(said.closed[-1], Span)
        and said.closed[-1].named
        and listed[i - 1].kind == "SPAN"
    ):
        said.closed.pop()
    try:
        first, last = (_month_day(t.text) for t in (ends[0], ends[-1]))
        said.closed.append(Span(first, last))
    except errors.DataError:
        said.unread.append(ends[0].text)
    return i + (2 if len(ends) == 2 else 0)


def _month_day(text: str) -> tuple[int, int]:
    month, day = (int(n) for n in re.findall(r"\d+", text))
    return month, day


def _close_named(piece: Token, said: Said) -> None:
    if piece.kind == "SHIFT":
        _shift(piece, said)
    elif piece.kind == "SPAN":
        said.closed.append(next(span for key, span in _SPANS.items() if key in piece.text))
    elif piece.kind == "BREAK":
        said.closed.append(_BREAKS[piece.text[0]])
    elif piece.kind == "MONTHS":
        months = parts.months_of(piece.text)
        if months is None:
            said.unread.append(piece.text)
        said.closed += list(_month_spans(months or []))
    elif piece.kind not in ("AND", "NOISE"):
        said.unread.append(piece.text)


def _shift(piece: Token, said: Said) -> None:
    """The weekly closing day just told moves when it is a holiday."""
    last: Closure | None = said.closed[-1] if said.closed else None
    if not isinstance(last, Days) or not last.is_weekly or last.months:
        said.unread.append(piece.text)
        return
    said.closed[-1] = Moved(tuple(day for _, day in last.weekdays), "翌平日" in piece.text)


def _month_spans(months: list[int]) -> Iterator[Span]:
    for month in months:
        yield Span((month, 1), (month, 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31))
