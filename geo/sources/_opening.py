"""Opening words to opening days a week: 「毎週火・木」 is 2, 「第2・4土曜」 is 2 / 4.345.

Only what is said clearly counts; anything else is unknown (NaN), which is never read as permanent. The full
schedule, with hours, is another matter: this is as far as *permanent* needs it.
"""

from __future__ import annotations

import re
from itertools import chain

from geo.sources import _tables

WEEKS_PER_MONTH = 4.345
"""365.25 / 12 / 7."""

_WEEK = "月火水木金土日"
_DAY = "[月火水木金土日](?:曜日?)?"
_RANGE = f"{_DAY}(?: ?(?:~|から) ?{_DAY}(?!曜))?"
_AND = r" ?(?:・|、|,|\.|/|&|と|や|及び|および|並びに) ?"
_DAYS = f"{_RANGE}(?:(?:{_AND})?{_RANGE})*"
_NTH = r"第? ?[1-5一二三四五]"
_NTHS = rf"第 ?[1-5一二三四五](?:週目?)?(?:(?:{_AND})?{_NTH}(?:週目?)?(?=[^回日時]))*"
_FREE = r"(?<![一-龥ァ-ヶぁ-のひ-んA-Za-z0-9ー])"
_END = r"(?![一-龥ぁ-んァ-ヶ])|(?=[の午はにと祝各開実昼夜朝])"
_HOLIDAY = (
    r"(?:国民の)?(?:祝祭日|祝日|祝)|年末年始|お?盆(?:期間|休み)?|夏季|冬季|\d{1,2}月(?:\d{1,2}日)?"
    r"|[~・、,/と及び]+| "
)

_ALWAYS = re.compile(r"毎日|年中無休|365日")
_CLOSED_AFTER = re.compile(
    rf"(?P<days>(?:{_HOLIDAY}|(?:{_NTHS})の?(?:{_DAY})|{_DAY})+)(?:は|を|の|も)?(?:お?休(?:み|館日?|業日?|所日?)?|定休日?|除く?|閉館日?|閉所日?|なし|不可)"
)
_CLOSED_BEFORE = re.compile(
    rf"(?:休(?:館|業|所|み|日)+|定休日?|除く) ?[::]? ?(?P<days>(?:{_HOLIDAY}|{_DAY})+)"
)
_UNCLEAR = re.compile(
    r"不定|随時|要問|問い?合わ?せ|未定|不明|調整|または|又は|若しくは|もしくは|変動|非公開|応相談|予約制のみ|直[前後]"
)
_SEASON = re.compile(r"(?<![第・、,\d])\d{1,2}月(?!曜)|夏休み|冬休み|春休み|長期休|学期|夏季|冬季|夏期|冬期")
_CLOCK = re.compile(
    r"(?:午前|午後|am|pm)? ?\d{1,2} ?(?:[::]\d{2}|時(?:半|\d{1,2}分)?)(?: ?~ ?)?", re.IGNORECASE
)
_ONE_MONTH = re.compile(r"\(\d{1,2}月は[^)~]*\)")
_LEFT_OVER = re.compile(r"第 ?[1-5一二三四五]|(?<!\d)月 ?\d")
_PER_WEEK = re.compile(r"(?:毎?週|週に) ?(\d)(?! ?~) ?[日回]")
_PER_MONTH = re.compile(r"(?:毎?月|月に) ?(\d{1,2})(?! ?~) ?(?:回|日(?=程度|間|開))")
_PER_YEAR = re.compile(r"年に? ?(\d{1,2}) ?回")
_DATES = re.compile(r"毎月 ?(\d{1,2}日?(?:[・、,] ?\d{1,2}日?)*)(?<=日)")
_NTH_DAYS = re.compile(rf"(?P<nth>{_NTHS}|最終(?:週)?|月末)の?(?P<days>{_DAYS}|平日)(?!\d*回)")
_EVERY = re.compile(rf"毎週 ?(?:の)?(?P<days>{_DAYS}|平日)")
_OTHER_WEEK = re.compile(rf"隔週 ?(?:の)?(?P<days>{_DAYS})?")
_PLAIN = re.compile(rf"{_FREE}(?P<days>平日|{_DAYS})(?:{_END})")
_OTHER_MONTH = re.compile(r"隔月|奇数月|偶数月|[2二](?:か|ヶ|カ|ケ|箇)月に")


def days_per_week(text: object) -> float:
    """Opening days a week that the words clearly say; NaN when they do not.

    Parameters
    ----------
    text : object
        A cell: weekdays, lists and ranges of them, 平日, 毎日, 第n・m, 月n回, 週n回; full-width digits allowed.
        Holidays and single months that are left out are passed over.

    Returns
    -------
    days : float
        Rounded to two decimals, at most 7.

    Examples
    --------
    >>> days_per_week("毎週火・木 10時〜15時"), days_per_week("月〜金 10:00-16:00")
    (2.0, 5.0)
    >>> days_per_week("第２・４土曜 13:30〜15:30(8月休み)"), days_per_week("月１回")
    (0.46, 0.23)
    >>> days_per_week("不定期")
    nan
    """
    words, closed = _without_closed(_ONE_MONTH.sub(" ", _words(text)))
    if not words or _UNCLEAR.search(words) or _SEASON.search(_OTHER_MONTH.sub("", words)):
        return float("nan")
    found = _count(_CLOCK.sub(" ", words), closed)
    return float("nan") if found is None else round(min(found, 7.0), 2)


def _words(text: object) -> str:
    words = _tables.plain(text)
    words = re.sub(r"[〜~―–—−‐-]", "~", words).replace("･", "・")
    return re.sub(
        r"(?<=曜日|.曜)ー(?=[月火水木金土日])|(?<=[月火水木金土日])ー(?=[月火水木金土日])", "~", words
    )


def _without_closed(words: str) -> tuple[str, set[str]]:
    """The words without what is closed, and the weekdays closed throughout."""
    closed: set[str] = set()
    for pattern in (_CLOSED_BEFORE, _CLOSED_AFTER):
        for match in pattern.finditer(words):
            told = re.sub(r"\d{1,2}月(?:\d{1,2}日)?|祝祭日|祝日", " ", match["days"])
            if "第" not in told and "最終" not in told:
                closed |= set(chain.from_iterable(_expand(d) for d in re.findall(_DAYS, told)))
        words = pattern.sub(" ", words)
    return re.sub(r"[()「」【】\[\]]", " ", words).strip(), closed


def _count(words: str, closed: set[str]) -> float | None:
    if _ALWAYS.search(words):
        return 7.0 - len(closed)
    rate = _rate(words)
    if rate is not None:
        return rate
    rest, monthly = _monthly(words)
    rest, weekly = _weekly(rest)
    if _LEFT_OVER.search(rest):
        return None
    plain = list(_PLAIN.finditer(rest))
    if plain and (monthly or weekly) and plain[0].start() > len(rest) - len(rest.lstrip()):
        # 「第3火曜とその直後の木曜」: a bare day behind another rule does not say how often.
        return None
    for match in plain:
        weekly |= _expand(match["days"])
    total = len(weekly - closed) + monthly
    return total if total else None


def _rate(words: str) -> float | None:
    """「週2回」「月1回」「年6回」: the days beside it only say which, not how often."""
    for pattern, weeks in (
        (_PER_WEEK, 1.0),
        (_PER_MONTH, WEEKS_PER_MONTH),
        (_PER_YEAR, 12 * WEEKS_PER_MONTH),
    ):
        if match := pattern.search(words):
            half = 2.0 if _OTHER_MONTH.search(words) else 1.0
            return int(match.group(1)) / weeks / half
    return None


def _monthly(words: str) -> tuple[str, float]:
    """Days a week from 「第2・4土」「最終金曜」「毎月5日・20日」「隔週火曜」, and the words left."""
    total = 0.0
    half = 0.5 if _OTHER_MONTH.search(words) else 1.0
    for match in _NTH_DAYS.finditer(words):
        weeks = set(re.findall(r"[1-5一二三四五]", match["nth"])) or {"last"}
        weeks = {str("一二三四五".index(w) + 1) if w in "一二三四五" else w for w in weeks}
        total += half * len(weeks) * len(_expand(match["days"])) / WEEKS_PER_MONTH
    words = _NTH_DAYS.sub("|", words)
    for match in _DATES.finditer(words):
        total += half * len(re.findall(r"\d+", match.group(1))) / WEEKS_PER_MONTH
    words = _DATES.sub("|", words)
    for match in _OTHER_WEEK.finditer(words):
        total += len(_expand(match["days"] or "月")) / 2
    return _OTHER_WEEK.sub("|", words), total


def _weekly(words: str) -> tuple[str, set[str]]:
    days: set[str] = set()
    for match in _EVERY.finditer(words):
        days |= _expand(match["days"])
    words = _EVERY.sub("|", words)
    return re.sub(r"毎[週月]|平日を除|開[催館所]日|日[時程]|祝祭?日?|\d+日|[当本同休]日", " ", words), days


def _expand(text: str) -> set[str]:
    """The weekdays of a list; a range may run over the week's end."""
    days = set("月火水木金") if "平日" in text else set()
    text = (
        text.replace("平日", "").replace("曜日", "").replace("曜", "").replace("から", "~").replace(" ", "")
    )
    for first, last in re.findall(r"([月火水木金土日])(?:~([月火水木金土日]))?", text):
        start, end = _WEEK.index(first), _WEEK.index(last or first)
        days |= {_WEEK[i % 7] for i in range(start, end + 1 if end >= start else end + 8)}
    return days
