"""Pieces of opening words put together: hours, lists of weekdays, ordinals, months, how often."""

from __future__ import annotations

import re
from datetime import date

from geo import errors
from geo.schedule.said import Said
from geo.schedule.tokens import WEEK, Token
from geo.schedule.value import Often, Session, Unit

DAY_KINDS = ("WEEKDAY", "BARE", "HOLIDAY")


def ordinals(text: str) -> list[int]:
    """Weeks of the month: 「第2・4」, 「第1~3」, 最終 (-1)."""
    if "最" in text or "末" in text:
        return [-1]
    numbers = [int(n) for n in re.findall(r"[1-5]", text)]
    if "~" in text and len(numbers) == 2:
        return list(range(numbers[0], numbers[1] + 1))
    return numbers


_EVERY_SO_OFTEN = re.compile(r"(\d) ?(週|[かヶカケヵ箇]月)(?:.*?に ?(\d))?")


def how_often(text: str) -> Often | None:
    """「月1~2回」「2か月に1回」「ほぼ毎日」 as a count; None: no number is told.

    Examples
    --------
    >>> str(how_often("月1~2回")), str(how_often("2か月に1回")), str(how_often("1か月に2回"))
    ('1-2/month', '1/2month', '2/month')
    """
    if text.startswith(("ほぼ", "ほとんど")):
        return Often(5, 7, "week")
    unit: Unit = "week" if "週" in text else "year" if "年" in text else "month"
    if match := _EVERY_SO_OFTEN.match(text):
        every, times = int(match[1]), int(match[3] or 1)
        return Often(times, times, unit, every) if every and times else None
    numbers = [int(n) for n in re.findall(r"\d+", text)]
    if not numbers or text.startswith("数") or not 1 <= numbers[0] <= numbers[-1]:
        return None
    return Often(numbers[0], numbers[-1], unit)


def months_of(text: str) -> list[int] | None:
    """Months: 「4~10月」, 「4・6月」, 偶数月; None when there is no such month."""
    if text in ("偶数月", "奇数月"):
        return list(range(2 if text == "偶数月" else 1, 13, 2))
    numbers = [int(n) for n in re.findall(r"\d+", text)]
    if not all(1 <= n <= 12 for n in numbers):
        return None
    if "~" in text or "から" in text:
        if len(numbers) != 2:
            return None
        first, last = numbers
        return [(m - 1) % 12 + 1 for m in range(first, (last if last >= first else last + 12) + 1)]
    return sorted(set(numbers))


_CLOCK = re.compile(
    r"(?P<part>午前|午後|AM|PM|朝|昼|夜|夕方|深夜|翌朝|翌日|翌)? ?(?P<hour>\d{1,2})"
    r"(?::(?P<m>\d{2})|時(?P<half>半)|時(?P<min>\d{1,2})分?|時)? ?(?P<after>AM|PM)?",
    re.IGNORECASE,
)


def clock(text: str) -> int | None:
    """Minutes after midnight of a time of day in plain words; None when it is not clear.

    Examples
    --------
    >>> [clock(t) for t in ("午後1時30分", "10時半", "正午", "翌2時", "午後12時")]
    [810, 630, 720, 1560, None]
    """
    if text.strip() == "正午":
        return 720
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    part = (match["part"] or match["after"] or "").upper()
    hour = int(match["hour"])
    minute = 30 if match["half"] else int(match["m"] or match["min"] or 0)
    if minute > 59 or hour > 30:
        return None
    if part in ("午後", "PM", "夜", "夕方", "昼"):
        # 12 p.m. is noon to some and midnight to others; 昼の12時 and 12時30分 are clear.
        if hour == 12 and not minute and part != "昼":
            return None
        hour += 12 if hour < (10 if part == "昼" else 12) else 0
    elif part in ("午前", "AM", "朝") and hour > 11:
        return None
    elif part.startswith("翌"):
        hour += 24
    return hour * 60 + minute


def is_before_dawn(start_min: int) -> bool:
    """Whether 「1:30」 is hardly meant as it stands: the afternoon is more likely, and neither is said."""
    return 0 < start_min < 300


def _session_of(start: str, end: str) -> Session | None:
    from_min, to_min = clock(start) if start else None, clock(end) if end else None
    if (start and from_min is None) or (end and to_min is None):
        return None
    is_bare = re.match(r" ?\d", end) is not None
    if (
        from_min is not None
        and to_min is not None
        and is_bare
        and start.strip().startswith(("午後", "夜", "PM"))
    ):
        to_min += 720 if to_min <= from_min and to_min < 720 else 0
    if (
        from_min is not None
        and is_before_dawn(from_min)
        and not start.strip().startswith(("午前", "深夜", "AM"))
    ):
        return None
    try:
        return Session(from_min, to_min)
    except errors.DataError:
        return None


# 「学習支援は中学生15:00~20:00、小学生17:00~19:00」 runs on over commas.
_WHOM: dict[bool, tuple[str, ...]] = {True: ("WORD", "AND"), False: ()}


def with_ranges(pieces: list[Token], said: Said) -> list[Token]:
    """Clock, dash, clock become one piece; so do full dates; hours of something else are remarks."""
    out: list[Token] = []
    i, is_about = 0, ""
    while i < len(pieces):
        piece = pieces[i]
        made, i = _dated(pieces, i) if piece.kind == "FULLDATE" else _timed(pieces, i)
        if made.kind == "ABOUT" and made.text != "休憩":
            is_about = made.text
        elif made.kind == "RANGE" and is_about:
            made = Token("REMARK", made.text)
        elif (
            made.kind
            not in ("SPACE", "NOISE", "PARTICLE", "REMARK", "DASH", *_WHOM[is_about[:4] == "学習支援"])
            or made.text == "・"
        ):
            is_about = ""
        if made.kind == "ABOUT" and made.text == "休憩":
            while out and out[-1].kind in ("PARTICLE", "SPACE"):
                out.pop()
            if out and out[-1].kind == "RANGE":
                made = Token("PAUSE", out[-1].text, out.pop().value)
        if made.kind == "DASH" and out and out[-1].kind == "REMARK" and is_about:
            made = Token("REMARK", made.text)
        out.append(made)
    if any(p.kind == "ABOUT" for p in out):
        said.remarks += [p.text for p in out if p.kind == "ABOUT"]
    return out


def _timed(pieces: list[Token], i: int) -> tuple[Token, int]:
    piece = pieces[i]
    kinds = [p.kind for p in pieces[i : i + 8]]
    if piece.kind == "DASH" and kinds[1:2] == ["CLOCK"]:
        return Token("RANGE", "~" + pieces[i + 1].text, _session_of("", pieces[i + 1].text)), i + 2
    if piece.kind != "CLOCK":
        return piece, i + 1
    j = i + 1
    while j < len(pieces) and (
        pieces[j].text in ("頃", "ごろ", "約") or (pieces[j].kind == "SPACE" and j > i + 1)
    ):
        j += 1
    if j < len(pieces) and pieces[j].kind == "UNTIL":
        return Token("RANGE", piece.text + "まで", _session_of("", piece.text)), j + 1
    if j < len(pieces) and pieces[j].kind == "DASH":
        end = j + 1
        while end < len(pieces) and pieces[end].text in ("頃", "ごろ", "約", " "):
            end += 1
        if end < len(pieces) and pieces[end].kind == "CLOCK":
            made = Token(
                "RANGE", f"{piece.text}~{pieces[end].text}", _session_of(piece.text, pieces[end].text)
            )
            end += 1
            while end < len(pieces) and (pieces[end].kind == "UNTIL" or pieces[end].text in ("頃", "ごろ")):
                end += 1
            return made, end
        return Token("RANGE", piece.text + "~", _session_of(piece.text, "")), j + 1
    return Token("RANGE", piece.text, _session_of(piece.text, "")), i + 1


def _dated(pieces: list[Token], i: int) -> tuple[Token, int]:
    day = _full_date(pieces[i].text)
    following = pieces[i + 1].kind if i + 1 < len(pieces) else ""
    if day is None or following not in ("DASH", "UNTIL"):
        return Token("WORD", pieces[i].text), i + 1
    return Token("SINCE" if following == "DASH" else "TILL", pieces[i].text, day), i + 2


def _full_date(text: str) -> date | None:
    year, month, day = (int(n) for n in re.findall(r"\d+", text)[:3])
    try:
        return date(year + 2018 if year < 100 else year, month, day)
    except ValueError:
        return None


def with_weekday_lists(pieces: list[Token]) -> list[Token]:
    """Weekdays and holidays that stand together become one piece."""
    out: list[Token] = []
    i = 0
    while i < len(pieces):
        if pieces[i].kind not in DAY_KINDS:
            out.append(pieces[i])
            i += 1
            continue
        end = i + 1
        while True:
            link = _link(pieces, end)
            if link is None:
                break
            end = link
        run = pieces[i:end]
        out.append(Token("DAYS", "".join(p.text for p in run), _weekdays_of(run)))
        i = end
    return out


def _link(pieces: list[Token], at: int) -> int | None:
    """Position behind the next day of a list, when the list goes on."""
    j = at
    while j < len(pieces) and (pieces[j].kind in ("AND", "DASH", "SPACE") or pieces[j].text == "・"):
        j += 1
    if j < len(pieces) and pieces[j].kind in DAY_KINDS and "\n" not in "".join(p.text for p in pieces[at:j]):
        return j + 1
    return None


def _weekdays_of(run: list[Token]) -> tuple[list[int], bool, bool]:
    """Weekdays, whether holidays are named, and whether the list is split after a full 「曜」."""
    weekdays: list[int] = []
    is_range = is_split = False
    last: Token | None = None
    for piece in run:
        if piece.kind in ("WEEKDAY", "BARE"):
            day = WEEK.index(piece.text[0])
            if is_range and weekdays:
                first = weekdays[-1]
                weekdays += [d % 7 for d in range(first + 1, (day if day > first else day + 7) + 1)]
            else:
                weekdays.append(day)
            is_range, last = False, piece
        elif piece.kind == "DASH":
            is_range = True
        elif piece.kind == "AND" or piece.kind == "SPACE":
            is_split = is_split or (last is not None and last.kind == "WEEKDAY")
    is_split = is_split and sum(p.kind in ("WEEKDAY", "BARE") for p in run) > 1
    return list(dict.fromkeys(weekdays)), any(p.kind == "HOLIDAY" for p in run), is_split


def without_pause(sessions: list[Session], pause: Session | None) -> list[Session]:
    """Hours without a pause inside them; nothing is known when the pause does not lie inside."""
    if pause is None or pause.start_min is None or pause.end_min is None:
        return []
    out: list[Session] = []
    for one in sessions:
        start, end = one.ends
        if start is None or end is None or not start < pause.start_min < pause.end_min < end:
            return []
        out += [Session(start, pause.start_min), Session(pause.end_min, end)]
    return out
