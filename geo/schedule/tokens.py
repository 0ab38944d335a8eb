"""Japanese opening words, cut into the pieces that mean something; what means nothing stays as words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

WEEK = "月火水木金土日"
_KANJI = {k: n for n, k in enumerate("一二三四五六七八九", 1)}
_NUMERAL = "[一二三四五六七八九十]{1,3}"
_AND = r" ?(?:[・、,と&]|及び|および) ?"
_MONTHS_OF = "(?:[かヶカケヵ箇ｹ]月)"
_NTH = r"第? ?[1-5](?:週目?|回目?の?(?=[月火水木金土日]))?"
_CLOCK_AT = r"\d{1,2}(?::\d{2}(?!\d)|時半|時\d{1,2}分?|時(?!間|期|代))"
_TIME_LIKE = re.compile(
    r"[0-9月火水木金土日曜週年時分休祝盆開閉毎隔第前後翌昼夜朝午春夏秋冬末終始初除外限次回以旬期止欠無]"
    r"|場合|次第|都合|調整|検討|可能性|かも|ただし|但し|まで|から|ません|ない|不可|不在|交互|交代|持ち回り|輪番|ローテ|シーズン|ウ[ィイ]ーク|GW"
    r"|クリスマス|七夕|ハロウィン|満月|新月|友引|大安|仏滅"
)

# What it may hang on whether a place opens. 「ボランティアによる読み聞かせ」 is none of it: somebody reads.
_HANGS_ON = (
    "季節|時期|天候|天気|気候|気温|状況|都合|行事|カレンダー|予定|事情|会場|混雑|予約|希望|人数|時間帯?|日程|日時|曜日"
    "|年度?|月|週|日|回"
)
_BEFORE = rf"[^、。 ・()\n0-9{WEEK}祝第毎週休除外~]"
_DIFFERS = (
    "(?:異な(?:る|り(?:ます)?)|変わ(?:る|り(?:ます)?)|変[更動](?:あり|する|します|となる|となります)?|です)?"
)

# Order matters: the first pattern that fits a position wins.
_SPECIFICATION: tuple[tuple[str, str], ...] = (
    ("OPEN", r"\("),
    ("SHUT", r"\)"),
    # Where to ask for details, and what any notice reserves, change nothing; the rest of it does.
    ("REMARK", rf"(?:詳細|詳しく)は?{_BEFORE}{{0,24}}"
               rf"|{_BEFORE}{{0,24}}変(?:更|わる)(?:の可能性(?:が|も)?(?:あり|ある)"
               r"|(?:に|と)?(?:なる|する)?(?:場合|こと)(?:が|も)?(?:あり|ある|ございます))"
               r"(?:ます)?(?:ので[^、。 ()]{0,16}|[がの](?=[、。 )]|$))?"),
    ("DOUBT", r"(?:日程|開催日)は?[^、。 ]{0,16}お知らせ"),
    ("DOUBT", rf"(?:{_BEFORE}{{0,16}}(?:{_HANGS_ON})|月|週|日)(?:等|など)?"
              rf"(?:に(?:よる|より|よって|応じて?|合わせて?|準[ずじ](?:る|て|ます)?)){_DIFFERS}"),
    ("DOUBT", rf"{_BEFORE}{{1,16}}による(?=[、。 )]|$)|{_BEFORE}{{0,16}}次第(?:で|です)?"),
    ("DOUBT", rf"{_BEFORE}{{0,12}}(?:(?:あ|い|集ま|な|でき)れば|が(?:ある|いる)(?:場合|とき|時)(?:のみ|に限り)?)"),
    ("DOUBT", r"[応要]相談|ご?相談(?:により|の上|のうえ|して|に応じて?)|ご相談(?:ください|下さい)"
              r"|(?:日程|日時|開催日|曜日|時間)(?:など|等)?は?(?:要|お|ご|HP|ホームページ|SNS|別途|都度|その都度)"
              rf"{_BEFORE}{{0,16}}"),
    ("DOUBT", r"日程変更(?:あり|する|します)?|変更(?:あり(?:ます)?|があり(?:ます)?|する|します|も)"
              r"|調整中|検討中|不確定|未確定|変則(?:的に?|開催)?|見合わせ(?:て(?:います|いる))?中?|中断中?|暫定的?に?"
              r"|(?:開催|実施)?予定(?![日表者地])|適宜|必要に応じて|必要時|(?:その)?都度(?:お知らせ)?|別途お知らせ"
              r"|時々|ときどき|時折|たまに|まれに|できる限り|できるだけ|可能な限り"
              r"|(?:主に|おもに|主として|大体|だいたい|たいてい|概ね|おおむね|おおよそ)"
              rf"(?= ?(?:毎[週月]|第|[{WEEK}]|平日))"
              rf"|(?<=[曜日{WEEK}])[をが]?(?:中心|メイン|多い)(?:に|です)?"),
    ("ASK", r"要(?:問い?合わ?せ|確認|照会)|(?:電話|HP|ホームページ)(?:で|にて)?(?:要|ご)?確認"
            r"|(?:お問い?合わ?せ|ご確認|お確かめ)(?:を|の上)?(?:ください|下さい|願います)"),
    ("LABEL", r"\d ?(?:回目|部目?)(?!の)|\d部制|(?:前|後)半の部|(?:昼|夜|午前|午後)の部(?=[: \d(])"),
    ("FULLDATE", r"(?:\d{4}|令和 ?\d{1,2}|R\d{1,2}) ?[年/.-] ?\d{1,2} ?[月/.-] ?\d{1,2}(?!\d)日?"),
    ("PRICE", r"[\d,]+ ?円|\d+ ?(?:組|名|人|食|歳|才|世帯|セット|席|個)(?:まで|程度|以上|以下)?"),
    ("OFTEN", rf"(?:\d|数) ?{_MONTHS_OF} ?(?:に|ごと|毎)に? ?\d ?[回度]|\d ?{_MONTHS_OF}(?:ごと|おき)に?"),
    ("OFTEN", r"\d ?週(?:間)? ?(?:に|ごとに?|毎に?) ?\d ?[回度]"),
    ("OFTEN", r"(?:毎?週|1?週間?に) ?\d(?: ?[~、,・] ?\d)? ?(?:回|度|日)|週\d(?=[ (]|$)"),
    ("OFTEN", rf"(?:毎?月|1{_MONTHS_OF}に|月に) ?\d{{1,2}}(?: ?[~、,・] ?\d{{1,2}})? ?(?:回|度|日(?=程度|間|開))"),
    ("OFTEN", r"(?:毎?週|毎?月|年)に?数[回度日]"),
    ("OFTEN", r"(?:毎年|年間?に?) ?\d{1,3}(?: ?~ ?\d{1,3})? ?(?:回|度)|ほぼ毎日|ほとんど毎日"),
    ("CLOCK", rf"(?:(午前|午後|AM|PM|朝|昼|夜|夕方|深夜|翌朝|翌日|翌) ?)?({_CLOCK_AT})(?: ?(AM|PM))?"),
    ("CLOCK", r"()(正午)()"),
    ("CLOCK", rf"(?:(午前|午後|AM|PM) ?)?(\d{{1,2}})(?= ?(?:~|から) ?(?:午前|午後|AM|PM)? ?{_CLOCK_AT})()"),
    ("NTH", rf"第 ?[1-5](?:週目?|回目?の?(?=[月火水木金土日]))?"
            rf"(?:(?:{_AND}| ?~ ?|(?=第)){_NTH}(?![回時部:\d]|日(?!曜)))*"),
    ("LAST", r"(?:(?:最終|最後の?)週?の?(?= ?[月火水木金土日]|$)|月末の?週?の?(?= ?[月火水木金土日]))"),
    ("ENDINGIN", r"(?:毎月)?\d(?:(?:の日)?(?:[・、,と]|及び)\d)*の(?:付く|つく)日|毎月\d(?:[・、,と]\d)*の日"),
    ("MONTHEND", r"末日|(?<=毎月)最終日"),
    ("DATES", rf"\d{{1,2}}日?(?:{_AND}\d{{1,2}}日?)*(?<=日)(?!曜|間|目|前|後|程度|中|以|ま|か)"),
    ("MONTHDAY", r"\d{1,2}月 ?\d{1,2}日|(?<![\d/])\d{1,2}/\d{1,2}(?![\d/])"),
    ("MONTHS", r"偶数月|奇数月|\d{1,2}月?(?: ?(?:~|から|・|、|,|/) ?\d{1,2}月?)*(?<=月)(?!曜|末|\d)"),
    ("OTHERWEEK", r"隔週|1週おき|1週間おき"),
    ("OTHERMONTH", r"隔月"),
    ("EVERYMONTH", r"毎月|各月"),
    ("DAILY", r"年中無休|無休|毎日|365日|全日"),
    ("EVERYWEEK", r"毎週|各週|毎(?=[月火水木金土日]曜?)"),
    ("WORKDAYS", r"平日"),
    ("SHIFT", rf"(?:[{WEEK}]曜?日?が|その日が)?(?:祝祭日|祝日|祝・?休日|祝)(?:・?休日)?"
              r"(?:の場合|のとき|の時|に(?:当|あ)たる(?:場合|とき))[はに]?[、,]? ?(?:その)?翌(?:平日|日)[にがを]?"
              r"(?:休館|休み|休業|休所|振替|振り替え)?(?:日|する|します)?"),
    ("REMARK", r"(?<=[ (、※])祝日(?:も(?:開催|開館|開所|営業|実施|可)?|開催|開館|開所|営業)(?=[)。、 ]|$)"),
    ("HOLIDAY", r"(?:国民の)?(?:祝祭日|祝日・?休日|祝・?休日|祝日|祭日|祝祭?(?![い福賀]))"
              r"(?:(?:の場合|のとき|に[当あ]たる(?:場合|とき))は?(?= ?お?休))?"),
    ("SPAN", r"年末・?年始|お?盆(?:期間中?|休み|休業)?(?![踊お])|正月三が日|三が日|お?正月"),
    ("BREAK", r"夏休み(?:期間)?中?|冬休み(?:期間)?中?|春休み(?:期間)?中?"
              r"|[夏冬春](?:季|期)(?:休業|休暇|休館)(?:期間)?中?"),
    ("CLOSE", r"(?:以外|を?除く|を?除き(?:ます)?|を?除いて"
              r"|(?:お?休み|休館|定休|休業|休所|休園|休室|休会|休止|閉館|閉所|閉室)日?"
              r"|開催(?:なし|しない|しません)|実施(?:なし|しない)|は?なし(?=[)。 ]|$)|休(?![日憩養眠暇校]))"
              r"(?:です|とします|します|となります|になります|あり)?"),
    ("NOHOURS", r"時間は?(?:不明|未定)|(?:午前中?|午後|お?昼|夜間?|夕方|早?朝|放課後)(?! ?\d|[一-龥])"),
    ("EITHER", r"の?(?:いずれか|どちらか)の?(?:になる)?"),
    ("IRREGULAR", r"不定期(?:開催)?|不定休?|随時|未定|不明|応相談|日程調整|要調整|変動(?:あり|する|します|があります)?"
                  r"|月によって(?:異なる|変わる)?|決まっておらず|決まっていない|定まっていない"
                  r"|固定された開催曜日及び日時はないものの"),
    ("OR", r"または|又は|もしくは|若しくは|あるいは|或いは|か(?=第|[月火水木金土日]曜|\d{1,2}日)"),
    ("REMARK", r"要予約|完全予約制|予約制|予約優先|事前予約制?|要事前予約|事前申込制?|要申込|申込制"
               r"|先着順?|お?問い?合わ?せ先?|予約"
               r"|雨天(?:中止|決行|順延)|荒天中止|無料|無し|非公開|原則(?:として)?|基本的に|概ね|おおむね|約|頃|ごろ|程度|くらい|ぐらい|のペースで"
               r"|・?開催日開催時間以外は[^、。 ]*"),
    ("ABOUT", r"学習支援は?|受付(?:時間|開始)?は?|最終(?:入館|受付|入場)は?|入館は?|入場は?|ラストオーダー"
              r"|L\.?O\.?|食事時間は?|食事|調理|休憩"),
    ("NOISE", r"開催日時|開催日程?|開催曜日|開催時間|開館(?:日|時間)|開所(?:日|時間)|利用(?:可能)?時間|営業(?:日|時間)"
              r"|活動(?:日|時間)|実施日"
              r""
              r"|ただし|但し|日 ?時(?=[: ])|日程は?(?=[: お])"
              r"|時間(?=[: ])|曜日(?=[: ])|に?(?:開催|開所|開館|営業|オープン|実施)"
              r"(?:しています|しております|中|します)?"
              r"|[夏冬][季期](?=\(\d{1,2}月)|(?:です|ます)(?![一-龥])|のみ|だけ|限定|[:※★●○◎■□◆・]|二部制|午前・午後|期間中"),
    ("WEEKDAY", r"[月火水木金土日]曜日?"),
    ("BARE", rf"[{WEEK}]"),
    ("OTHERS", r"(?:その)?他|ほか|など|等"),
    ("DASH", r" ?(?:~|から) ?"),
    ("UNTIL", r"まで"),
    ("AND", r"及び|および|並びに|[、,/&+;]|と|や"),
    ("STOP", r"。|\n"),
    ("SPACE", r" +"),
    ("PARTICLE", r"には|では|[のはにをもがで]"),
)  # fmt: skip
_SCANNER = re.compile(
    "|".join(f"(?P<t{i}>{pattern})" for i, (_, pattern) in enumerate(_SPECIFICATION)), re.IGNORECASE
)
_MEANS_NOTHING_ALONE = {"PARTICLE", "AND", "OTHERS", "DASH", "BARE", "OR", "UNTIL"}


@dataclass(frozen=True)
class Token:
    """A piece of the words: what it is, how it was written, what it says."""

    kind: str
    text: str
    value: Any = None


def plain(text: str) -> str:
    """The words in one width, one kind of dash, and Arabic numerals.

    Examples
    --------
    >>> plain("第二・四土曜　１３：３０〜１５時半")
    '第2・4土曜 13:30~15時半'
    """
    text = re.sub("[①-⑳]", " ", text)
    text = unicodedata.normalize("NFKC", text).replace("\r\n", "\n").replace("･", "・").replace("､", "、")
    text = re.sub(r"[\u301c~―–—−‐‑‒⁓∼-]+", "~", text)
    text = re.sub(rf"(?<=[{WEEK}曜日時分\d])ー(?=[{WEEK}午正\d])", "~", text)
    text = re.sub(r"\(\d{1,2}\)", " ", text)
    text = re.sub(rf"\(([{WEEK}])\)", r" \1 ", text)
    text = re.sub(r"(?<=週)一(?=[ (]|$)", "1", text)
    text = re.sub(r"[「」『』【】\[\]<>《》〈〉\t\u3000]", " ", text)
    text = re.sub(r"二部制|(?<=[ :])[一二三]部(?=\d)", " ", text)
    text = re.sub(
        rf"(?<=第)[一二三四五](?=[{WEEK}週・、,第と~ ])"
        rf"|(?<=第[1-5一二三四五][・、,~と])[一二三四五](?=[{WEEK}週・、,])",
        _arabic,
        text,
    )
    text = re.sub(
        rf"{_NUMERAL}(?=時(?!間|期|代)|[回度](?!目|路)|[かヶカケヵ箇]月|日(?=[、・,と ]|$)|週間?に)",
        _arabic,
        text,
    )
    return re.sub(r" *\n+ *", "\n", re.sub(r"[ \xa0]+", " ", text)).strip()


def _arabic(match: re.Match[str]) -> str:
    word = match.group()
    tens, _, ones = word.rpartition("十")
    if "十" not in word:
        return "".join(str(_KANJI[k]) for k in word)
    return str((_KANJI.get(tens, 1) if tens else 1) * 10 + _KANJI.get(ones, 0))


def cut(text: str) -> list[Token]:
    """The tokens of plain text; runs that mean nothing are ``WORD``.

    Examples
    --------
    >>> [(t.kind, t.text) for t in cut("毎週火・木")]
    [('EVERYWEEK', '毎週'), ('BARE', '火'), ('NOISE', '・'), ('BARE', '木')]
    >>> [t.kind for t in cut("木工教室")]
    ['WORD']
    """
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _SCANNER.match(text, position)
        if match and match.group() and match.lastgroup:
            found.append(Token(_SPECIFICATION[int(match.lastgroup[1:])][0], match.group()))
            position = match.end()
        else:
            found.append(Token("WORD", text[position]))
            position += 1
    return _glued(found)


def _glued(found: list[Token]) -> list[Token]:
    """Pieces that touch a word belong to it: 「木」 of 「木工」, 「と」 of 「ひとり」."""
    words = [t.kind == "WORD" for t in found]
    changed = True
    while changed:
        changed = False
        for i, token in enumerate(found):
            if words[i] or token.kind not in _MEANS_NOTHING_ALONE or token.text in "、,/&;+~ ":
                continue
            if (i and words[i - 1]) or (i + 1 < len(found) and words[i + 1]):
                words[i] = changed = True
    glued: list[Token] = []
    for token, is_word in zip(found, words, strict=True):
        if is_word and glued and glued[-1].kind == "WORD":
            glued[-1] = Token("WORD", glued[-1].text + token.text)
        else:
            glued.append(Token("WORD", token.text) if is_word else token)
    return glued


def is_about_time(words: str) -> bool:
    """Whether words that were not understood may speak of days or hours."""
    return _TIME_LIKE.search(words) is not None
