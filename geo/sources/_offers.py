"""What a place asks of those who come, and what it offers: steps, fee, languages, functions, from words of lists.

Each function returns what the words say clearly, and nothing (None, NaN) for the rest: 「一部対応」 is no step-free
place, 「実費」 no sum.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from geo import schemas
from geo.sources import _points, _tables

JAPANESE = "ja"
"""Of a place of which the list says that Japanese alone is spoken."""

_YES = re.compile(
    r"[○◯〇●◎✓✔]|(あり|有り?|可|可能|対応(可|済み?)?|はい|いる|済み?|yes|true|y|1|1\.0)", re.IGNORECASE
)
_NO = re.compile(r"[×✕✖]|(なし|無し?|不可|(未|非)対応|いいえ|ない|no|false|n|0|0\.0)", re.IGNORECASE)
_WHEELCHAIR = "(?:車[いイ椅](?:す|ス|子)?|くるまいす)"
_WITHOUT_STEPS = re.compile(
    r"(?:段差|階段)(?:は|が)?(?:な[しい]|無|ありません|解消)|段差解消"
    rf"|{_WHEELCHAIR}[^、。,;・]{{0,8}}?(?:(?<!不)可|対応(?!なし|不)|OK|[○◯〇]|入れます)"
    r"|スロープ(?!な|無|は?[×✕])|バリアフリー(?:です|対応|化|設計|構造|あり|有|済|[○◯〇]|$)|フラット|step.?free",
    re.IGNORECASE,
)
_WITH_STEPS = re.compile(
    r"(?:段差|階段)(?:のみ|で|が|は)?(?:あり|有|ある|数段)|階段のみ"
    rf"|{_WHEELCHAIR}[^、。,;・]{{0,8}}?(?:不可|不対応|未対応|非対応|対応なし|[×✕]|できません|困難)"
    r"|(?:スロープ|バリアフリー(?:対応)?|エレベーター)(?:は)?(?:なし|無|では?ない|では?ありません|未対応|非対応|[×✕])",
)
_PARTLY = re.compile(r"一部|一階のみ|1階のみ|△|要介助|要相談|応相談|介助")


def step_free(text: str) -> str | None:
    """Whether one gets in without steps: yes, no, or not clearly told.

    Examples
    --------
    >>> [step_free(t) for t in ("○", "車椅子可;トイレ", "段差あり", "バリアフリー未対応", "一部対応", "点字案内")]
    ['yes', 'yes', 'no', 'no', None, None]
    """
    if _YES.fullmatch(text):
        return "yes"
    if _NO.fullmatch(text):
        return "no"
    free, barred = bool(_WITHOUT_STEPS.search(text)), bool(_WITH_STEPS.search(text))
    return None if free == barred or _PARTLY.search(text) else "yes" if free else "no"


def steps(text: str) -> str | None:
    """The same of a column that asks for steps: 段差 あり is not step-free.

    Examples
    --------
    >>> [steps(t) for t in ("あり", "なし", "玄関に2段")]
    ['no', 'yes', None]
    """
    if _YES.fullmatch(text) or _NO.fullmatch(text):
        return "no" if _YES.fullmatch(text) else "yes"
    return step_free(text)


class Fee(NamedTuple):
    """Yen for one visit; NaN: not told, or no fixed sum."""

    adult: float = math.nan
    child: float = math.nan


UNTOLD = Fee()
_FREE = re.compile(
    r"(参加費|利用料|料金)?[::は]?(完全)?(無料|無し?|なし|不要|0円?|¥0|free|no|no charge)(です)?",
    re.IGNORECASE,
)
_UNFIXED = re.compile(
    r"寄付|カンパ|相談|付き?添|実費|材料|程度|以上|[~〜]|から|別途|または|又は|不明|未定|一部|により|会費|年額|月額|/月"
)
_SPLIT = re.compile("有料|のみ|(?<!ど)も無料|ひとり親|配布|配食")
"""What makes a sum one of some people or some days only."""
_LONGEST = 40
"""Letters of words about a fee; longer ones are a table in a cell."""
_ADULTS = "(?:大人|おとな|成人|一般|(?:18|19)[歳才]以上)"
_CHILDREN = (
    "(?:子ども|こども|子供|小学生|小中学生|小・中学生|中学生|児童|お子様"
    "|(?:15|18)[歳才](?:以下|まで|未満)|(?:16|17)[歳才](?:以下|未満))"
)
_SUM = r"[^0-9無、。;/ ]{0,10}[:: ]?(?:(?P<free>無料)|(?P<yen>\d[\d,]*)円?)(?P<rest>[^ 、。;/大お子こ小中高一付]*)"


def fee(text: str) -> Fee:
    """What one visit costs an adult and a child.

    Examples
    --------
    >>> fee("無料"), fee("１００円"), fee("実費")
    (Fee(adult=0.0, child=0.0), Fee(adult=100.0, child=100.0), Fee(adult=nan, child=nan))
    >>> fee("こども無料 おとな300円"), fee("中学生まで無料、大人はカンパ")
    (Fee(adult=300.0, child=0.0), Fee(adult=nan, child=0.0))
    """
    words = _tables.plain(text)
    if _FREE.fullmatch(words):
        return Fee(0.0, 0.0)
    if len(words) > _LONGEST or _SPLIT.search(words):
        return UNTOLD
    if re.search(_ADULTS, words) or re.search(_CHILDREN, words):
        return Fee(_of(_ADULTS, words), _of(_CHILDREN, words))
    if _UNFIXED.search(words) or not re.fullmatch(
        r"\D{0,6}¥?\d[\d,]*(\.0)?(円|yen)?(です|/回|/人|\(税込み?\))?", words
    ):
        return UNTOLD
    value = _points.one_number(words)
    return Fee(value, value)


def _of(whom: str, words: str) -> float:
    sums = set()
    for found in re.finditer(whom + _SUM, words):
        if _UNFIXED.search(found.group()):
            return math.nan
        sums.add(0.0 if found["free"] else float(found["yen"].replace(",", "")))
    return sums.pop() if len(sums) == 1 else math.nan


def fees(adult: str, child: Sequence[str], note: str) -> Fee:
    """The fee of the children's cafeteria standard: columns by age, and words for what they leave open.

    A child pays the highest of the sums for 幼児, 小学生 and 中学生 that are told.

    Examples
    --------
    >>> fees("300", ["0", "100", ""], ""), fees("", ["", "", ""], "こども無料、大人200円")
    (Fee(adult=300.0, child=100.0), Fee(adult=200.0, child=0.0))
    """
    told = fee(note) if note else UNTOLD
    grown = fee(adult).adult
    young = [value for cell in child if not math.isnan(value := fee(cell).child)]
    return Fee(told.adult if math.isnan(grown) and not adult else grown, max(young) if young else told.child)


_LANGUAGES = (
    ("en", "英|english"), ("zh", "中国|中文|北京語|広東|chinese"), ("ko", "韓国|朝鮮|ハングル|korean"),
    ("vi", "ベトナム|越語|vietnam"), ("ne", "ネパール|nepal"), ("tl", "タガログ|フィリピ|tagalog"),
    ("pt", "ポルトガル|portug"), ("es", "スペイン|西語|spanish"), ("fr", "フランス|仏語|french"),
    ("id", "インドネシア|indonesia"), ("th", "タイ語|thai"), ("my", "ミャンマー|ビルマ|burm|myanmar"),
    ("ru", "ロシア|露語|russia"), ("uk", "ウクライナ|ukrain"), ("hi", "ヒンディ|hindi"), ("bn", "ベンガル|bengal"),
    ("mn", "モンゴル|mongol"), ("ar", "アラビア|arab"), ("km", "クメール|カンボジア|khmer"), ("si", "シンハラ|sinhal"),
    ("de", "ドイツ|独語|german"), ("it", "イタリア|italian"), ("ur", "ウルドゥ|urdu"),
    ("fa", "ペルシャ|ペルシア|persian"), ("lo", "ラオス|ラオ語|^lao"), ("ta", "タミル|tamil"), ("tr", "トルコ|turkish"),
    ("ms", "マレー|malay"),
)  # fmt: skip
_ONLY_JAPANESE = re.compile(
    r"日本語(のみ|だけ|しか)?|なし|無し?|(未|非)?対応(なし|不可)|[×✕]|不可|ja|no|japanese( only)?",
    re.IGNORECASE,
)


def languages(text: str) -> str | None:
    """Languages beside Japanese as ISO 639-1 codes, joined by ``;``; ``ja``: Japanese alone; None: not clear.

    Examples
    --------
    >>> [languages(t) for t in ("英語、中国語", "en; vi", "日本語のみ", "やさしい日本語", "あり")]
    ['en;zh', 'en;vi', 'ja', None, None]
    """
    words = _tables.plain(text)
    if _ONLY_JAPANESE.fullmatch(words):
        return JAPANESE
    known = {code for code, _ in _LANGUAGES}
    given = {word for word in re.split(r"[;,、・/\s]+", words.lower()) if word in known}
    found = given | {code for code, names in _LANGUAGES if re.search(names, words, re.IGNORECASE)}
    return ";".join(sorted(found)) or None


_FUNCTIONS = (
    ("gather", "集[うい]|つど[うい]|交流|居場所|サロン|茶話|フリースペース|遊び|たまり場|gather"),
    ("consult", "相談(?!の上|のうえ)|consult"),
    ("learn", "学習|学び|学ぶ|勉強|就学|講座|教室|教育|宿題|learn"),
    ("eat", "食(?!品ロス)|弁当|^eat|[; ]eat"),
    ("watch", "見守り?|安否|watch"),
    ("join", "参加支援|社会参加|就労|就職|ボランティア活動|生きがい|役割づくり|join"),
)  # fmt: skip


_SPOKEN = re.compile(r"(?:対応|使用)言語[::は] ?([^。;\n]+)")


def remarked(note: str) -> tuple[str | None, str | None]:
    """Steps and languages of a column of remarks, for standards that have no columns of their own for them.

    Examples
    --------
    >>> remarked("段差なし。対応言語:英語、中国語"), remarked("英語で遊ぼう")
    (('yes', 'en;zh'), (None, None))
    """
    words = _tables.plain(note)
    spoken = _SPOKEN.search(words)
    has_steps = None if _YES.fullmatch(words) or _NO.fullmatch(words) else step_free(words)
    return has_steps, languages(spoken[1].strip()) if spoken else None


def functions(text: str) -> str | None:
    """Which functions (:data:`geo.schemas.FUNCTIONS`) the words name, joined by ``;``; None: none of them.

    Examples
    --------
    >>> functions("生活相談・学習支援"), functions("gather;eat"), functions("フードパントリー")
    ('consult;learn', 'gather;eat', None)
    """
    words = _tables.plain(text)
    found = [name for name, pattern in _FUNCTIONS if re.search(pattern, words, re.IGNORECASE)]
    return ";".join(name for name in schemas.FUNCTIONS if name in found) or None


_NOTHING_MORE = ("該当なし", "なし", "特になし")


def cafeteria_functions(text: str) -> str | None:
    """The same of 実施支援の主な区分, which tells what a children's cafeteria does beside gathering and eating.

    Examples
    --------
    >>> cafeteria_functions("学習支援;フードパントリー"), cafeteria_functions("該当なし"), cafeteria_functions("")
    ('gather;learn;eat', 'gather;eat', None)
    """
    more = functions(text)
    if more is None and text not in _NOTHING_MORE:
        return None
    told = {"gather", "eat", *(more or "").split(";")}
    return ";".join(name for name in schemas.FUNCTIONS if name in told)


_EVERYBODY = re.compile(
    r"(?:ど|た|だ)(?:なた|れ)[でに]?も|誰[でに]?も|^(?:特に)?(?:なし|無し?)$|(?:条件|制限)(?:は)?(?:なし|無)"
    r"|問わ(?:ず|ない)"
)
_BARS = re.compile(
    r"対象外|不可|以外|除く|除き|同伴|付き?添い|同意|了解|了承|限る|限り|要相談|応相談|応じて|受付は"
)


def condition(text: str) -> str | None:
    """Words of 参加条件 that say for whom a place is; None where they bar or ask rather than tell.

    Examples
    --------
    >>> condition("なし"), condition("小学生とその家族"), condition("高校生は対象外"), condition("要相談")
    ('all', '小学生とその家族', None, None)
    """
    if _EVERYBODY.search(text):
        return "all" if _BARS.search(text) or len(text) <= len("特になし") else f"どなたでも {text}"
    return None if _BARS.search(text) or not text else text
