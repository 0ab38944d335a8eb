"""Reading the opening words that people write: what is clear, what is open, what could not be read.

Nothing is guessed. Words that may speak of days or hours and were not understood make the whole schedule
unknown, since they might say the opposite of the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from geo import errors
from geo.schedule import closing as closing_days
from geo.schedule import pieces as parts
from geo.schedule import tokens as cutter
from geo.schedule.said import Phrase, Said
from geo.schedule.tokens import Token
from geo.schedule.value import UNKNOWN, Closure, Days, Holidays, Moved, Often, Rule, Schedule, Session
from geo.schedule.value import WEEK as EVERY_DAY

_SKIPPED = ("SPACE", "AND", "PARTICLE", "NOISE", "OR", "SHUT", "STOP")
_BEGINS = (
    "DAYS",
    "NTH",
    "LAST",
    "DATES",
    "ENDINGIN",
    "MONTHEND",
    "WORKDAYS",
    "DAILY",
    "EVERYWEEK",
    "OTHERWEEK",
)


@dataclass(frozen=True)
class Reading:
    """What was understood of some words.

    Parameters
    ----------
    schedule : Schedule
        What they say; :data:`UNKNOWN` as a whole when something in them about days or hours was not understood.
    unread : tuple of str
        Pieces about days or hours that were not understood, or that contradict the rest.
    remarks : tuple of str
        Pieces that change nothing here (予約制, 無料, a name).
    """

    schedule: Schedule
    unread: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_read(self) -> bool:
        """Whether everything was understood, be it that nothing is known."""
        return not self.unread


def listen(text: str, *, closing: bool = False) -> Said:
    """The phrases of the words; ``closing``: the words are those of a column of closing days."""
    cut = cutter.cut(cutter.plain(text))
    return _Listener(cut, closing).said


class _Listener:
    """Walks once over the pieces and collects phrases."""

    def __init__(self, pieces: list[Token], closing: bool) -> None:
        self.said = Said()
        self.now = Phrase()
        self.monthly = False
        self.depth = 0
        self.after_or = False
        self.group: list[Phrase] = []
        self.timing = False
        self.pieces = parts.with_ranges(
            closing_days.without_closures(pieces, self.said, everything=closing), self.said
        )
        self.pieces = parts.with_weekday_lists(self.pieces)
        self.topic = False
        for at, piece in enumerate(self.pieces):
            self._take(at, piece)
            # 「月曜は18:00~21:00」 speaks of nothing but Mondays.
            self.topic = piece.text == "は" or (self.topic and piece.kind in ("SPACE", "AND", "NOISE"))
        self._end_phrase()
        if self.said.loose:
            self._spread_loose()

    def _take(self, at: int, piece: Token) -> None:
        handler = getattr(self, "_" + piece.kind.lower(), None)
        if handler is not None:
            handler(piece, at)
        elif piece.kind in ("REMARK", "PRICE"):
            self.said.remarks.append(piece.text)
            if piece.text in ("頃", "ごろ", "前後") and at and self.pieces[at - 1].kind in ("DAYS", "DATES"):
                self.said.is_irregular = self.said.is_moving = True
        elif piece.kind == "WORD":
            is_time = cutter.is_about_time(piece.text)
            (self.said.unread if is_time else self.said.remarks).append(piece.text.strip())
        elif piece.kind not in (*_SKIPPED, "LABEL", "ABOUT"):
            self.said.unread.append(piece.text.strip())
        if piece.kind not in (
            "SPACE",
            "AND",
            "RANGE",
            "NOISE",
            "OPEN",
            "SHUT",
            "LABEL",
            "REMARK",
            "STOP",
            "PARTICLE",
        ):
            self.timing = False
        if piece.kind not in ("OR", "SPACE", "AND"):
            self.after_or = False

    def _next(self, at: int, *, over: tuple[str, ...] = _SKIPPED) -> str:
        return next((p.kind for p in self.pieces[at + 1 :] if p.kind not in over), "")

    def _end_phrase(self) -> Phrase:
        before = self.now
        if before.is_empty:
            return before
        self.said.phrases.append(before)
        self.now = Phrase(follows=before if before.leads else None)
        self.now.leads = before.leads
        return self.now

    def _fresh(self) -> Phrase:
        """The phrase to which a new telling of days belongs."""
        has_told = self.now.has_days or (
            self.now.is_timed and not (self.now.often or self.now.nths or self.now.weekly)
        )
        return self._end_phrase() if has_told and not self.now.is_empty else self.now

    # brackets and order

    def _open(self, _piece: Token, _at: int) -> None:
        self.depth += 1

    def _shut(self, _piece: Token, _at: int) -> None:
        self.depth = max(self.depth - 1, 0)

    # days

    def _days(self, piece: Token, _at: int) -> None:
        weekdays, holiday, is_split = piece.value
        now = self.now
        if self.after_or and now.weekdays:
            now.weekdays += weekdays
            now.is_either = True
            return
        if self.depth and now.workdays and weekdays:
            now.weekdays = weekdays
            return
        if self.depth and now.weekdays and set(weekdays) == set(now.weekdays) and not holiday:
            return
        now = self._fresh()
        if now.nths and is_split:
            # 「第1火曜、木曜」: every Thursday, or the first? Only the writer knows.
            self.said.unread.append(piece.text.strip())
        now.weekdays += weekdays
        now.holiday = now.holiday or holiday

    def _nth(self, piece: Token, at: int) -> None:
        nths = parts.ordinals(piece.text)
        names_days = self._next(at, over=(*_SKIPPED, "NTH", "LAST")) == "DAYS"
        if self.after_or and self.now.nths:
            self.now.is_either = True
        elif (
            names_days
            and (self.now.has_days or self.now.is_timed)
            and not (self.now.base and not self.now.has_days)
        ):
            self._end_phrase()
        elif self.now.month_days or (self.now.has_days and self._is_every_week()):
            self.said.unread.append(piece.text)
        self.now.nths += nths

    def _is_every_week(self) -> bool:
        return self.now.workdays or self.now.weekly or len(self.now.weekdays) == 7

    def _last(self, _piece: Token, at: int) -> None:
        self._nth(Token("NTH", "最終"), at)

    def _daily(self, _piece: Token, _at: int) -> None:
        self._fresh().weekdays = list(range(7))

    def _workdays(self, _piece: Token, at: int) -> None:
        now = self.now
        if now.weekdays and not (now.nths or now.is_timed) and at and self.pieces[at - 1].text in ("の", "("):
            # 「月～金の平日」
            now.workdays = set(now.weekdays) <= set(range(5))
            return
        now = self._fresh()
        now.weekdays, now.workdays = list(range(5)), True

    def _everyweek(self, _piece: Token, _at: int) -> None:
        if self.now.has_days or self.now.nths:
            self._end_phrase()
        self.now.weekly = True

    def _otherweek(self, piece: Token, at: int) -> None:
        self._often(replace(piece, text="2週に1回"), at)

    def _everymonth(self, _piece: Token, _at: int) -> None:
        self.monthly = True
        # 「偶数月の第1月曜、毎月第2火曜」: what was said of the months ends here.
        self.now.leads = self.now.leads and not self.now.has_days

    def _othermonth(self, _piece: Token, at: int) -> None:
        if self.now.has_days and self._next(at) in _BEGINS:
            self._end_phrase()
        self.now.every_months = 2

    def _often(self, piece: Token, at: int) -> None:
        often = parts.how_often(piece.text)
        is_settled = bool(self.now.often) or len(self.now.weekdays) == 7
        if self.now.has_days and (is_settled or self._next(at) in _BEGINS):
            self._end_phrase()
        if self.now.often:
            self.said.unread.append(piece.text)
        if (
            often
            and often.unit == "month"
            and often.every > 1
            and self._next(at, over=(*_SKIPPED, "NOISE")) in ("NTH", "LAST")
        ):
            self.now.every_months = often.every
            return
        self.now.often, self.now.is_vague = often, often is None

    def _dates(self, piece: Token, _at: int) -> None:
        if not (self.monthly or self.now.months):
            self.said.unread.append(piece.text)
            return
        self._month_days([int(d) for d in re.findall(r"\d+", piece.text)], piece)

    def _endingin(self, piece: Token, _at: int) -> None:
        ends = {int(d) for d in re.findall(r"\d", piece.text)}
        self._month_days([d for d in range(1, 31) if d % 10 in ends], piece)

    def _monthend(self, piece: Token, _at: int) -> None:
        if self.monthly or self.now.months:
            self._month_days([-1], piece)
        else:
            self.said.unread.append(piece.text)

    def _month_days(self, month_days: list[int], piece: Token) -> None:
        # 「第1・3日」: the first and third Sunday, or the third of the month?
        if self.now.nths or not all(d == -1 or 1 <= d <= 31 for d in month_days):
            self.said.unread.append(piece.text)
            return
        now = self.now if self.now.month_days and not self.now.is_timed else self._fresh()
        now.month_days += month_days

    def _months(self, piece: Token, at: int) -> None:
        months = parts.months_of(piece.text)
        if months is None:
            self.said.unread.append(piece.text)
            return
        follows = self._next(at)
        if self.now.is_empty:
            self.now.months, self.now.leads, self.now.follows = months, True, None
        elif self._shuts(at) and self.now.has_days and not (follows == "RANGE" and self.now.is_timed):
            # 「毎週土曜(4~9月)、第3日曜」: what follows the bracket is another matter.
            self.now.months, self.now.leads = months, False
        elif follows in _BEGINS or follows == "RANGE":
            is_instead = follows == "RANGE" or self.depth or self._follows_topic(at)
            base = self.now
            self._end_phrase()
            self.now.months = months
            self.now.base = base if is_instead else None
            self.now.leads, self.now.follows = not is_instead, None
        elif self.now.months:
            self.said.unread.append(piece.text)
        else:
            self.now.months = months

    def _shuts(self, at: int) -> bool:
        return bool(self.depth) and self._next(at, over=("SPACE", "NOISE")) == "SHUT"

    def _follows_topic(self, at: int) -> bool:
        following = self.pieces[at + 1] if at + 1 < len(self.pieces) else None
        return following is not None and following.text == "は"

    # hours

    def _range(self, piece: Token, _at: int) -> None:
        session: Session | None = piece.value
        if session is None:
            self.said.unread.append(piece.text)
            return
        if self.after_or:
            # 「午前10時又は午後5時」: understood, and yet the hours are not known.
            for phrase in self.group:
                phrase.sessions = []
            self.said.loose = []
            return
        if not self.timing:
            if self.now.has_days and self.topic:
                self.group = [self.now]
            elif not self.now.is_empty:
                known = [*self.said.phrases, self.now]
                self.group = [p for p in known if not p.is_timed] or [self.now]
            elif self.said.phrases and not self.said.loose:
                self.group = [p for p in self.said.phrases if not p.is_timed] or self.said.phrases[-1:]
            else:
                self.group = []
        if not self.group:
            self.said.loose.append(session)
        for phrase in self.group:
            phrase.sessions.append(session)
            phrase.is_timed = True
        self.timing = True

    def _nohours(self, _piece: Token, _at: int) -> None:
        for phrase in [*self.said.phrases, self.now]:
            phrase.is_timed = phrase.is_timed or phrase.has_days

    def _break(self, piece: Token, _at: int) -> None:
        self.said.unread.append(piece.text)

    def _pause(self, piece: Token, _at: int) -> None:
        """「15～17時休憩」: taken out of the hours that hold it."""
        for phrase in self.group:
            phrase.sessions = parts.without_pause(phrase.sessions, piece.value)
        if not self.group:
            self.said.unread.append(piece.text)

    def _spread_loose(self) -> None:
        """Hours that stood before the days belong to all days without hours of their own."""
        if any(p.is_timed for p in self.said.phrases):
            self.said.unread.append(", ".join(map(str, self.said.loose)))
            return
        for phrase in self.said.phrases:
            phrase.sessions, phrase.is_timed = list(self.said.loose), True

    # the rest

    def _or(self, _piece: Token, _at: int) -> None:
        self.after_or = True

    def _either(self, _piece: Token, _at: int) -> None:
        self.now.is_either = self.now.is_either or not (self.now.often or self.now.every_months > 1)

    def _irregular(self, piece: Token, _at: int) -> None:
        self.said.is_irregular = True
        if not piece.text.startswith(("不定", "随時")):
            self.said.is_moving = True

    def _doubt(self, _piece: Token, _at: int) -> None:
        # 「土（季節による）」: on which days depends on what the words do not tell.
        self.said.is_irregular = self.said.is_moving = True

    def _ask(self, _piece: Token, _at: int) -> None:
        self.said.asks = True

    def _others(self, _piece: Token, _at: int) -> None:
        self.said.is_complete = False

    def _since(self, piece: Token, _at: int) -> None:
        self.said.valid_from = piece.value

    def _till(self, piece: Token, _at: int) -> None:
        self.said.valid_to = piece.value


# --- a schedule -----------------------------------------------------------------------------------------


def settle(said: Said) -> Reading:
    """A schedule from what was said, or nothing but the unread pieces."""
    _take_over(said)
    said.is_irregular = said.is_irregular or (said.asks and bool(said.phrases))
    rules = [rule for phrase in said.phrases for rule in _rules(phrase, said)]
    if not rules:
        rules = _rules_without_days(said)
    rules = _with_moved(rules, said)
    unread = tuple(dict.fromkeys(w for w in said.unread if w))
    remarks = tuple(dict.fromkeys(w for w in said.remarks if w))
    if unread or not rules:
        return Reading(UNKNOWN, unread, remarks)
    rules, closed = without_weekdays(_with_holidays(rules, said), said.closed)
    if not rules:
        return Reading(UNKNOWN, tuple(said.closing_words), remarks)
    try:
        schedule = Schedule(tuple(rules), tuple(closed), said.valid_from, said.valid_to, said.is_complete)
    except errors.DataError:
        return Reading(UNKNOWN, (str(said.valid_from), str(said.valid_to)), remarks)
    return Reading(schedule, (), remarks)


def _take_over(said: Said) -> None:
    """A phrase for some months says only what is different then; those months leave the other phrase."""
    for phrase in said.phrases:
        base = phrase.base
        if phrase.follows and not phrase.months:
            _hand_on(phrase, phrase.follows, said)
        if base is None:
            continue
        if not phrase.weekdays and not phrase.month_days:
            phrase.weekdays, phrase.month_days = list(base.weekdays), list(base.month_days)
            phrase.nths = phrase.nths or list(base.nths)
            phrase.holiday, phrase.workdays, phrase.often = base.holiday, base.workdays, base.often
            phrase.weekly = base.weekly
        if not phrase.is_timed:
            phrase.sessions, phrase.is_timed = list(base.sessions), base.is_timed
        elif len(phrase.sessions) == len(base.sessions) == 1 and phrase.sessions[0].start_min is None:
            # 「11月～3月は17時まで」 changes the end alone.
            phrase.sessions = [Session(base.sessions[0].start_min, phrase.sessions[0].end_min)]
        left = [m for m in base.months or range(1, 13) if m not in phrase.months]
        if left:
            base.months = left
        else:
            said.unread.append("、".join(f"{m}月" for m in phrase.months))


def _hand_on(phrase: Phrase, before: Phrase, said: Said) -> None:
    """「偶数月の第1月曜、第2火曜」: both in even months. With hours or 「毎週」 between, nobody can tell."""
    if (phrase.nths or phrase.month_days) and not phrase.weekly and phrase.sessions == before.sessions:
        phrase.months = list(before.months)
    else:
        said.unread.append("・".join(f"{m}月" for m in before.months))


def _rules_without_days(said: Said) -> list[Rule]:
    """Closing days alone, or hours alone."""
    names_days = any(isinstance(c, Days | Moved) for c in said.closed)
    if names_days and (said.rests or said.loose):
        return [Rule(Days(EVERY_DAY), tuple(said.loose), is_certain=not said.is_irregular)]
    if names_days:
        # 「火、木、土休み」: is Tuesday open or closed?
        said.unread += said.closing_words
    if said.loose or said.closed or said.closed_holidays or said.is_irregular:
        return [Rule(Days(EVERY_DAY), tuple(said.loose), is_certain=False)]
    return []


def _rules(phrase: Phrase, said: Said) -> list[Rule]:
    sessions = tuple(phrase.sessions)
    months = tuple(phrase.months)
    if said.is_moving or (said.is_irregular and phrase.nths):
        often = None if phrase.nths else phrase.often
        return [Rule(Days(EVERY_DAY, months=months), sessions, is_certain=False, often=often)]
    if not phrase.has_days:
        often = phrase.often or _often_of(phrase)
        return [Rule(Days(EVERY_DAY, months=months), sessions, is_certain=False, often=often)]
    if not phrase.weekdays and not phrase.month_days:
        return [Rule(Days(holidays="only"), sessions, is_certain=not said.is_irregular)]
    weekdays = tuple((n, d) for n in phrase.nths or [0] for d in phrase.weekdays)
    if phrase.month_days and phrase.weekdays:
        said.unread.append(",".join(map(str, phrase.month_days)))
        return []
    holidays: Holidays = "skip" if phrase.workdays else "also" if phrase.holiday else "usual"
    days = Days(weekdays, tuple(phrase.month_days), months, holidays=holidays)
    is_certain, often = _certainty(phrase, days, said)
    return [Rule(days, sessions, is_certain, often)]


def _often_of(phrase: Phrase) -> Often | None:
    """「第3」 without a weekday is once a month, who knows when."""
    n = len(set(phrase.nths))
    return Often(n, n, "month", phrase.every_months) if n else None


def _certainty(phrase: Phrase, days: Days, said: Said) -> tuple[bool, Often | None]:
    options = len(days.weekdays) + len(days.month_days)
    if phrase.is_either:
        return False, Often(1, 1, "week" if days.is_weekly else "month") if options == 2 else None
    if phrase.every_months > 1:
        return False, Often(options, options, "month", phrase.every_months)
    if said.is_irregular or phrase.is_vague:
        return False, phrase.often
    often = phrase.often
    if often is None:
        return True, None
    told = options if not days.is_weekly or often.unit == "week" else options * 4
    if often.every == 1 and often.unit == ("week" if days.is_weekly else "month"):
        if often.low <= told <= often.high:
            return True, None
        if told < often.low:
            said.unread.append(str(often))
    return False, often


def _with_holidays(rules: list[Rule], said: Said) -> list[Rule]:
    """Closed on holidays, or with hours of their own on holidays."""
    names = any(r.days.holidays in ("also", "only") for r in rules)
    if said.closed_holidays:
        kept = [r for r in rules if r.days.holidays != "only"]
        return [replace(r, days=replace(r.days, holidays="skip")) for r in kept]
    if not names:
        return rules
    return [
        r if r.days.holidays in ("also", "only") else replace(r, days=replace(r.days, holidays="skip"))
        for r in rules
    ]


def _with_moved(rules: list[Rule], said: Said) -> list[Rule]:
    """「火～日 月曜休館（祝日の場合は翌日）」: open on Mondays that are holidays, so Monday is an opening day."""
    for closure in said.closed:
        if not isinstance(closure, Moved) or any(
            (0, d) in r.days.weekdays for r in rules for d in closure.weekdays
        ):
            continue
        if len(rules) != 1 or not rules[0].days.is_weekly:
            said.unread += said.closing_words
            continue
        days = rules[0].days
        more = tuple((0, d) for d in closure.weekdays)
        rules = [replace(rules[0], days=replace(days, weekdays=days.weekdays + more))]
    return rules


def without_weekdays(rules: list[Rule], closed: list[Closure]) -> tuple[list[Rule], list[Closure]]:
    """Weekdays that are always closed leave the weekly rules; other closures stay."""
    for closure in list(closed):
        if not isinstance(closure, Days) or not closure.is_weekly or closure.months:
            continue
        off = {day for _, day in closure.weekdays}
        if any(not r.days.is_weekly and any(d in off for _, d in r.days.weekdays) for r in rules):
            continue
        rules = [r for rule in rules for r in _less(rule, off)]
        closed = [c for c in closed if c is not closure]
    return rules, closed


def _less(rule: Rule, off: set[int]) -> list[Rule]:
    if not rule.days.is_weekly:
        return [rule]
    left = tuple(w for w in rule.days.weekdays if w[1] not in off)
    return [replace(rule, days=replace(rule.days, weekdays=left))] if left else []
