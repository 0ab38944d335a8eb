"""Places where people meet, and vacant houses: the lists that a council and a ward office keep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from shapely import STRtree
from shapely.geometry import Point as Spot

from . import city, files, plan

if TYPE_CHECKING:
    from .people import Area
    from .plan import Point
    from .streets import Streets

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")

# How many places each quarter has. The far bank and the hill have almost none.
IBASHO = {"old": 3, "bank": 2, "station": 3, "east": 1, "grid": 1, "northeast": 1, "danchi": 1}
SALONS = {
    "old": 13,
    "bank": 12,
    "station": 12,
    "east": 10,
    "northeast": 7,
    "grid": 9,
    "danchi": 3,
    "hill": 3,
    "island": 1,
}
CAFETERIAS = {"old": 3, "station": 3, "east": 2, "northeast": 1, "grid": 2, "hill": 1}
VACANT = {
    "old": 74,
    "hill": 92,
    "grid": 28,
    "east": 26,
    "northeast": 14,
    "station": 16,
    "danchi": 4,
    "island": 6,
}
VACANT_SHOPS = {"old": 14, "station": 7, "danchi": 4, "east": 3, "grid": 2}
APART_M = {"old": 105.0, "bank": 100.0, "danchi": 190.0}  # at least this far from one another; else 150 m

OPEN_DAILY = (
    "月〜金 10:00-16:00", "月～土 10時〜17時（祝日休み）", "毎日 9:30〜18:00（年末年始を除く）",
    "火・水・木・金 11:00〜19:00", "月・水・金 10:00〜15:00", "火〜日　１０：００〜１７：００",
    "平日 13時〜20時", "月火木金 10:00〜16:00",
)  # fmt: skip
OPEN_SOMETIMES = (
    "第2・4土曜 13:30〜15:30（8月休み）", "毎週火・木 10時〜15時", "毎週水曜 10:00〜12:00",
    "第1・3金曜 13:30〜15:30", "毎月第３木曜日　１３：３０〜１５：００", "第2火曜 10:00〜11:30",
    "毎週月曜日 午後1時30分〜3時30分", "第1・2・3・4水曜 10:00-12:00", "毎月10日・25日 10:00〜12:00",
    "隔週木曜 14:00〜16:00", "第4日曜 11:30〜14:00（12月は第3日曜）", "毎週金 9:30～11:30（祝日休み）",
    "偶数月の第2土曜 13:00〜15:00", "第1火曜と第3土曜 10時〜12時", "毎週木曜 午前10時〜正午",
    "最終金曜 13:00〜16:00",
)  # fmt: skip
SALON_KINDS = (
    ("サロン", "高齢者", "ふれあいサロン"), ("サロン", "どなたでも", "いきいきサロン"),
    ("サロン", "高齢者", "お茶のみ会"), ("子育てサロン", "乳幼児と保護者", "子育てひろば"),
    ("ふれあい喫茶", "どなたでも", "ふれあい喫茶"), ("サロン", "６５歳以上の方", "体操サロン"),
    ("会食会", "ひとり暮らし高齢者", "会食会"), ("サロン", "障がいのある方とご家族", "つどい"),
)  # fmt: skip
IBASHO_NAMES = (
    "みんなの縁側 澪", "まちの居間 うおみ", "櫓のえんがわ", "かもめの家", "川風テラス", "駅前ひろば ほっと",
    "まちカフェ みなも", "北汐ベース", "東潮の茶の間", "桑畑ハウス", "若葉沢リビング",
    "川辺リビング（仮称）",
)  # fmt: skip
HEADER = (
    "番号", "名称", "種別", "所在地", "緯度", "経度", "対象", "開催日時", "定員", "参加費", "運営主体",
    "段差なし",    "状態", "確認日", "備考", "令和5年度参加者数", "令和6年度参加者数", "新規参加者数（令和6年度）",
    "担い手数", "うち75歳以上の担い手数",
)  # fmt: skip


@dataclass
class Place:
    """A spot beside a street with its address."""

    lon: float
    lat: float
    area: Area
    address: str


class Ground:
    """Finds spots beside streets and tells their addresses."""

    def __init__(self, streets: Streets, areas: list[Area]) -> None:
        self._areas = areas
        self._tree = STRtree([area.home for area in areas])
        self._corners = sorted(streets.quarter.items(), key=lambda item: (item[1], item[0]))

    def pick(self, group: str, count: int, rng: Random, *, apart_m: float) -> list[Place]:
        """Choose spots in a quarter that keep their distance from one another."""
        corners = [p for p, quarter in self._corners if _belongs(p, quarter, group)]
        rng.shuffle(corners)
        chosen: list[Point] = []
        while len(chosen) < count:
            before = len(chosen)
            for p in corners:
                if len(chosen) == count:
                    break
                if all(math.dist(p, q) >= apart_m for q in chosen):
                    chosen.append(p)
            if len(chosen) == before and apart_m < 1:
                raise ValueError(f"{group} has no room for {count} places")
            apart_m *= 0.8
        return [self._at(p, rng) for p in chosen]

    def _at(self, corner: Point, rng: Random) -> Place:
        x, y = city.bend(*corner)
        x, y = x + rng.uniform(-9, 9), y + rng.uniform(-9, 9)
        area = self._areas[int(self._tree.nearest(Spot(x, y)))]
        lon, lat = city.to_degrees(x, y)
        number = f"{rng.randint(1, 24)}-{rng.randint(1, 19)}" + (
            f"-{rng.randint(1, 9)}" if rng.random() < 0.2 else ""
        )
        return Place(round(lon, 6), round(lat, 6), area, f"{plan.CITY}{plan.WARD}{area.name}{number}")


def _belongs(p: Point, quarter: str, group: str) -> bool:
    if group == "bank":  # the street by the water, opposite the housing estate
        return quarter == "old" and 830 < p[1] < 1960 and p[0] < _river_x(p[1]) + 210
    if group == "danchi":  # the few meeting rooms of the estate lie on its far side
        return quarter == "danchi" and p[0] < 1560
    return quarter == group


def _river_x(y: float) -> float:
    for (x0, y0), (x1, y1) in zip(plan.RIVER, plan.RIVER[1:], strict=False):
        if y1 <= y <= y0:
            return x0 + (x1 - x0) * (y0 - y) / (y0 - y1)
    raise ValueError(f"the river has no height {y}")


def _picked(ground: Ground, counts: dict[str, int], rng: Random) -> list[Place]:
    found: list[Place] = []
    for group, count in counts.items():
        found += ground.pick(group, count, rng, apart_m=APART_M.get(group, 150.0))
    return found


def _checked_on(rng: Random) -> str:
    month, day = rng.randint(1, 12), rng.randint(1, 28)
    dice = rng.random()
    if dice < 0.1:
        return ""
    if dice < 0.2:
        return f"令和6年{month}月{day}日"
    return f"2024/{month}/{day}" if dice < 0.4 else f"2024-{month:02d}-{day:02d}"


def _state(k: int) -> str:
    return "休止中" if k in {17, 41, 66} else "準備中" if k in {12, 58} else "開設中"


def write_meeting_places(path: Path, ground: Ground) -> None:
    """Write the council's list in CP932, with three rows that nobody can place on a map."""
    rng = Random(f"{plan.SEED}:places")
    permanent, salons = _picked(ground, IBASHO, rng), _picked(ground, SALONS, rng)
    rows: list[Sequence[object]] = [HEADER]
    for k, (place, name) in enumerate(zip(permanent, IBASHO_NAMES, strict=True), start=1):
        hours = "毎週火・木 10時〜15時" if k == 5 else OPEN_DAILY[k % len(OPEN_DAILY)]
        target = "小中学生" if k == 7 else "どなたでも"
        rows.append(
            _row(
                k,
                name,
                "居場所",
                place,
                target,
                hours,
                "みなも区社協" if k % 2 else "NPO法人みなもネット",
                rng,
            )
        )
    for k, place in enumerate(salons, start=len(permanent) + 1):
        kind, target, label = SALON_KINDS[rng.randrange(len(SALON_KINDS))]
        hours = "月・水・金 13:00〜16:00" if k == 30 else OPEN_SOMETIMES[rng.randrange(len(OPEN_SOMETIMES))]
        name = f"{place.area.town}{label}" + ("" if rng.random() < 0.6 else f"「{_nickname(rng)}」")
        rows.append(
            _row(
                k,
                name,
                kind,
                place,
                target,
                hours,
                f"{place.area.town}町会" if k % 3 else "みなも区社協",
                rng,
            )
        )
    rows += _faulty(salons, len(rows), rng)
    fares = Random(f"{plan.SEED}:fares")
    rows[1:] = [[*row, *_fares(int(str(row[8])), fares)] for row in rows[1:]]
    files.write_csv(path, rows, encoding="cp932")


def _fares(capacity: int, rng: Random) -> list[object]:
    """Who comes to a session, last year and this, who of them is new, and who helps; some say nothing."""
    before = max(round(capacity * rng.uniform(0.45, 0.95)), 4)
    now = max(round(before * rng.choice((0.6, 0.75, 0.9, 1.0, 1.0, 1.1))), 2)
    new = rng.choice((0, 0, 1, 2, 3, round(now * 0.3)))
    helpers = rng.randint(3, 10)
    old = round(helpers * rng.choice((0.0, 0.2, 0.3, 0.5, 0.7)))
    told: list[object] = [before, now, new, helpers, old]
    if rng.random() < 0.1:
        told[0] = ""  # began this year
    if rng.random() < 0.15:
        told[2] = "不明"
    if rng.random() < 0.1:
        told[1] = f"約{now}人".translate(WIDE)
    if rng.random() < 0.2:
        told[3] = told[4] = ""
    return [""] * len(told) if rng.random() < 0.15 else told


def _nickname(rng: Random) -> str:
    return ("ひだまり", "なぎさ", "つくしんぼ", "たんぽぽ", "よりみち", "さざなみ", "こもれび", "わっか")[
        rng.randrange(8)
    ]


def _row(
    k: int, name: str, kind: str, place: Place, target: str, hours: str, operator: str, rng: Random
) -> list[object]:
    capacity = str(rng.choice((10, 12, 15, 20, 25, 30, 40)))
    fee = rng.choice(("無料", "100円", "１００円", "200円", "実費", ""))
    wide = rng.random() < 0.12
    return [
        str(k).translate(WIDE) if wide else k,
        name,
        kind,
        place.address.translate(WIDE) if wide else place.address,
        f"{place.lat:.6f}".translate(WIDE) if k == 20 else f"{place.lat:.6f}",
        f"{place.lon:.6f}",
        target,
        hours,
        capacity.translate(WIDE) if wide else capacity,
        fee,
        operator,
        rng.choice(("○", "○", "×", "")),
        _state(k),
        _checked_on(rng),
        "駐輪場あり" if rng.random() < 0.15 else "",
    ]


def _faulty(salons: list[Place], start: int, rng: Random) -> list[list[object]]:
    rows = [
        _row(start + n, name, "サロン", place, "高齢者", "毎週水曜 10:00〜12:00", "みなも区社協", rng)
        for n, (name, place) in enumerate(
            zip(("汐の音サロン", "折り紙の会", "帆風サロン"), salons[:3], strict=True)
        )
    ]
    rows[0][4], rows[0][5] = rows[0][5], rows[0][4]  # latitude and longitude changed places
    rows[1][4] = rows[1][5] = ""
    rows[2][4], rows[2][5] = "43.062000", "141.354000"  # far away
    return rows


# --- children's cafeterias --------------------------------------------------------------------------------

CAFETERIA_HEADER = (
    "全国地方公共団体コード", "ID", "都道府県", "市区町村名", "名称", "名称_カナ", "設置目的",
    "実施支援の主な区分", "住所", "方書", "緯度", "経度", "電話番号1", "電話番号1_連絡先備考", "電話番号2",
    "電話番号2_連絡先備考", "内線番号", "FAX番号", "URL", "メールアドレス1", "メールアドレス1_連絡先備考",
    "メールアドレス2", "メールアドレス2_連絡先備考", "法人番号", "運営団体名", "開催頻度", "開催曜日",
    "開催日", "開催開始時間", "開催終了時間", "開催日時特記事項", "参加条件", "参加費_幼児",
    "参加費_小学生", "参加費_中学生", "参加費_高校生", "参加費_大人", "参加費特記事項", "予約方法",
    "予約特記事項", "定員", "フードパントリー実施", "テイクアウト実施", "学区", "ネットワークの加入",
    "追加情報NO", "画像", "画像_ライセンス", "備考",
)  # fmt: skip
CAFETERIAS_OPEN = (  # frequency code, days, date, from, to
    ("5", "土", "第3土曜日", "11:30", "13:30"), ("5 ", "金", "第2", "17:30", "19:30"),
    ("4", "水", "第1・第3", "17:00", "19:00"), ("3", "木", "", "16:30", "19:00"),
    ("5", "日", "第4", "11:00", "13:00"), ("", "土", "", "12:00", "14:00"),
    ("1", "月火水木金", "", "15:00", "19:00"), ("5 ", "水曜日", "第3", "17:00", "19:00"),
    ("3", "火金", "", "17:00", "19:30"), ("６", "土", "偶数月第2", "11:00", "14:00"),
    ("2", "月水金", "", "16:00", "19:00"), ("5", "土", "最終", "11:30", "13:30"),
)  # fmt: skip
CAFETERIA_NAMES = (
    ("みお子ども食堂", "ミオコドモショクドウ"), ("うおみごはん", "ウオミゴハン"),
    ("灯籠キッチン", "トウロウキッチン"), ("駅前こども食堂", "エキマエコドモショクドウ"),
    ("みなも台ごはんの会", "ミナモダイゴハンノカイ"), ("汽笛こどもカフェ", "キテキコドモカフェ"),
    ("東潮こどもリビング", "ヒガシシオコドモリビング"), ("貝塚だんらん食堂", "カイヅカダンランショクドウ"),
    ("若葉沢ぽかぽか食堂", "ワカバサワポカポカショクドウ"),
    ("桑畑みんなの食堂", "クワバタケミンナノショクドウ"), ("稲穂こども食堂", "イナホコドモショクドウ"),
    ("見晴台にじいろ食堂", "ミハラシダイニジイロショクドウ"),
)  # fmt: skip


def write_cafeterias(path: Path, ground: Ground) -> None:
    """Write the children's cafeterias in the common 49 columns (UTF-8 with BOM)."""
    rng = Random(f"{plan.SEED}:cafeterias")
    spots = _picked(ground, CAFETERIAS, rng)
    rows: list[Sequence[object]] = [CAFETERIA_HEADER]
    for k, (place, (name, kana), opening) in enumerate(
        zip(spots, CAFETERIA_NAMES, CAFETERIAS_OPEN, strict=True), start=1
    ):
        frequency, days, date, start, end = opening
        values = {
            "全国地方公共団体コード": plan.WARD_CODE_6,
            "ID": f"{k} " if k % 4 == 0 else str(k),
            "都道府県": plan.PREFECTURE,
            "市区町村名": plan.CITY + plan.WARD,
            "名称": name,
            "名称_カナ": kana,
            "設置目的": "食事支援",
            "住所": plan.PREFECTURE + (place.address.translate(WIDE) if k % 5 == 0 else place.address),
            "緯度": f"{place.lat:.6f}",
            "経度": f"{place.lon:.6f}",
            "運営団体名": f"{place.area.town}町会",
            "開催頻度": frequency,
            "開催曜日": days,
            "開催日": date,
            "開催開始時間": start,
            "開催終了時間": end,
            "参加費_小学生": "0",
            "参加費_大人": "300",
            "予約方法": "電話" if k % 2 else "",
            "定員": str(20 + 5 * (k % 4)),
            "テイクアウト実施": "1" if k % 3 == 0 else "",
        }
        rows.append([values.get(column, "") for column in CAFETERIA_HEADER])
    files.write_csv(path, rows, encoding="utf-8-sig")


# --- vacant houses and shops ------------------------------------------------------------------------------

VACANT_HEADER = (
    "管理番号", "種別", "緯度", "経度", "町丁", "建築年", "構造", "階数", "延床面積", "所有者同意", "同意日",
    "状態",
    "検査済証",    "耐震",     "洪水ランク", "土砂", "家賃", "登録日",
)  # fmt: skip


def write_vacancies(path: Path, ground: Ground) -> None:
    """Write the ward office's list of vacant houses and shops (CP932)."""
    rng = Random(f"{plan.SEED}:vacant")
    rows: list[Sequence[object]] = [VACANT_HEADER]
    for kind, counts in (("空き家", VACANT), ("空き店舗", VACANT_SHOPS)):
        for group, count in counts.items():
            for place in ground.pick(group, count, rng, apart_m=22.0):
                rows.append(_vacancy(len(rows), kind, group, place, rng))
    files.write_csv(path, rows, encoding="cp932")


def _vacancy(k: int, kind: str, group: str, place: Place, rng: Random) -> list[object]:
    oldest, newest = {"old": (1932, 1990), "hill": (1962, 1988), "danchi": (1968, 1996)}.get(
        group, (1965, 2005)
    )
    built = rng.randint(oldest, newest)
    consent = rng.choices(("未接触", "打診中", "内部利用可", "公開可"), (46, 22, 18, 14))[0]
    agreed = consent in {"内部利用可", "公開可"}
    shop = kind == "空き店舗"
    floors = rng.choice((1, 2, 2)) if not shop else rng.choice((1, 1, 2))
    size = rng.uniform(28, 120) if shop else rng.uniform(42, 168)
    if rng.random() < 0.04:
        size = rng.uniform(202, 290)  # above the 200 m² where a change of use needs a permit
    quake = "新耐震" if built > 1981 else rng.choice(("旧耐震", "旧耐震", "旧耐震", "改修済"))
    flood = {"danchi": (2, 4), "old": (0, 3), "grid": (0, 2), "island": (1, 3)}.get(group, (0, 1))
    return [
        f"{'T' if shop else 'A'}{k:04d}",
        kind,
        f"{place.lat:.6f}",
        f"{place.lon:.6f}",
        place.area.name,
        "不明" if rng.random() < 0.05 else built,
        "木造" if not shop or rng.random() < 0.4 else rng.choice(("鉄骨造", "ＲＣ造")),
        floors,
        f"{size:.1f}",
        consent,
        f"2024-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}" if agreed else "",
        rng.choices("ABCD", (14, 38, 32, 16))[0],
        rng.choice(("有", "無", "不明")),
        quake,
        rng.randint(*flood),
        "警戒区域" if group == "hill" and rng.random() < 0.25 else "",
        rng.randrange(30, 150) * 1000 if shop or rng.random() < 0.4 else "",
        f"202{rng.randint(1, 4)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
    ]
