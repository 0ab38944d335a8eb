"""The plan of the ward: coast, river, railway, main roads and quarters, in metres on flat paper.

The paper has its origin in the south-west corner; ``city`` bends it afterwards, so that lines may be
straight here.
Whoever wants another city changes this file only.
"""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]
Polyline = tuple[Point, ...]

SEED = "minamo-2025"

# Off the coast of Boso, over open sea: nobody can take the ward for a real one (plane zone IX, EPSG:6677).
EASTING_M = 99_600.0
NORTHING_M = -111_800.0

BORDER: Polyline = (
    (4430, 520), (4540, 950), (4400, 1500), (4500, 2250), (4360, 2900), (4050, 3330), (3250, 3440),
    (2450, 3340), (1700, 3560), (900, 3640), (330, 3390), (30, 2850), (170, 2300),
    (-20, 1600), (90, 1050), (60, 760),
)  # fmt: skip
COAST: Polyline = (
    (60, 760), (420, 690), (800, 735), (1500, 630), (2430, 500), (2630, 430), (3040, 430), (3040, 170),
    (3960, 170), (3960, 380), (4430, 380), (4430, 520),
)  # fmt: skip
MAINLAND: Polyline = BORDER[:-1] + COAST[:-1]
ISLAND: Polyline = ((3250, -900), (4150, -900), (4150, -350), (3700, -350), (3250, -420))
ISLETS: tuple[Polyline, ...] = (
    ((2350, -420), (2430, -440), (2450, -370), (2380, -340)),
    ((2200, -520), (2240, -530), (2235, -490)),
)

RIVER: Polyline = (
    (1700, 3700), (1720, 3400), (1830, 3100), (1890, 2880), (1980, 2600), (2130, 2330), (2170, 2000),
    (2080, 1700), (2130, 1400), (2330, 1150), (2420, 900), (2440, 780), (2500, 560), (2560, 300),
)  # fmt: skip
RIVER_HALF_WIDTH_M = 52.0

RAIL: Polyline = (
    (-60, 2040),
    (500, 2075),
    (1140, 2130),
    (2130, 2250),
    (2650, 2310),
    (3300, 2330),
    (3900, 2300),
    (4560, 2240),
)


@dataclass(frozen=True)
class Road:
    """A main road: its line, its OSM class and its name."""

    line: Polyline
    highway: str
    name: str


ROADS: tuple[Road, ...] = (
    Road(
        (
            (-200, 1465),
            (1250, 1500),
            (1750, 1850),
            (2115, 1990),
            (2225, 1990),
            (2650, 1880),
            (3330, 1800),
            (4700, 1680),
        ),
        "primary",
        "みなも大通り",
    ),
    Road(
        (
            (-200, 2820),
            (550, 2740),
            (1060, 2750),
            (1840, 2880),
            (1945, 2880),
            (2620, 2930),
            (3300, 2950),
            (4700, 2760),
        ),
        "secondary",
        "山手通",
    ),
    Road(
        (
            (-200, 1015),
            (500, 1000),
            (1250, 980),
            (2385, 790),
            (2490, 780),
            (2630, 800),
            (3310, 900),
            (4700, 955),
        ),
        "secondary",
        "浜通",
    ),
    Road(
        ((1260, 600), (1250, 980), (1250, 1500), (1140, 2130), (1060, 2750), (1150, 3800)),
        "secondary",
        "櫂通",
    ),
    Road(
        ((3320, 170), (3310, 900), (3330, 1800), (3300, 2330), (3300, 2950), (3320, 3700)),
        "secondary",
        "灯台通",
    ),
    Road(((3900, 170), (3900, 925), (3900, 2300), (3900, 2875), (3880, 3700)), "tertiary", "帆布通"),
    Road(((2630, 800), (2650, 1880), (2650, 2310), (2620, 2930), (2600, 3700)), "tertiary", "元町筋"),
    Road(((500, 760), (500, 1000), (500, 1482), (500, 2075), (550, 2740), (480, 3700)), "tertiary", "桑畑通"),
)

# Where a street passes over or under the railway; every other street ends before the track.
RAIL_CROSSINGS: tuple[Point, ...] = ((500, 2075), (1140, 2130), (2650, 2310), (3300, 2330), (3900, 2300))
STATIONS: tuple[tuple[str, Point], ...] = (("みなも", (3000, 2321)), ("桑畑", (820, 2102)))

MOTORWAY: Polyline = (
    (4620, 690),
    (4200, 640),
    (3760, 600),
    (3660, 520),
    (3640, 100),
    (3640, -300),
    (3640, -560),
)
MOTORWAY_RAMPS: tuple[tuple[Point, Point], ...] = (((3760, 600), (3900, 560)), ((3640, -560), (3700, -620)))
FERRY: Polyline = ((3180, 170), (3120, -60), (3240, -380), (3330, -425))


@dataclass(frozen=True)
class Quarter:
    """How a part of the city was built and who lives there."""

    name: str
    angle_deg: float  # of its streets
    wobble_deg: float  # how far each street may turn away from that
    grid_m: tuple[float, float] | None  # streets line up on this grid, or not
    town_m2: float
    chome_m2: float
    block_m2: float
    people_per_km2: float
    household: float  # persons in a household
    single_share: float  # households of people without kin in the house
    ages: tuple[float, ...]  # weights of 0–4, 5–9, … 70–74, 75+
    drop: float  # small streets that were never built
    towns: tuple[str, ...]


_YOUNG = (5, 4.6, 4.3, 4.6, 7, 8.5, 8.3, 8, 7.6, 7.6, 6.9, 5.6, 4.5, 4.3, 4.2, 9)
_FAMILY = (4.6, 5, 5.2, 5.2, 5, 5, 5.4, 6.2, 7, 8, 7.4, 6, 5, 4.8, 5.2, 12)
_OLD_CENTRE = (2.8, 2.9, 3, 3.3, 4.5, 5.2, 5.2, 5.5, 6.2, 7.4, 7.3, 6.5, 6, 6.4, 7.6, 20.2)
_DANCHI = (2.4, 2.4, 2.6, 3.2, 4.6, 5, 4.6, 4.8, 5.4, 6.6, 6.6, 6.2, 6.2, 7.4, 9.8, 22.2)
_HILL = (2.3, 2.7, 3, 3.4, 3.5, 3.2, 3.2, 4, 5.4, 7, 7, 6.2, 6.2, 7.2, 9.3, 26.4)
_HARBOUR = (2, 2, 2.2, 3, 4.4, 4.8, 4.6, 5, 6, 7.4, 7.6, 7.4, 7.2, 7.8, 9, 19.6)

QUARTERS: dict[str, Quarter] = {
    q.name: q
    for q in (
        Quarter("old", 8, 13, None, 86_000, 86_000, 2_300, 8_800, 1.95, 0.44, _OLD_CENTRE, 0.07,
                ("澪町", "魚見町", "船板町", "塩蔵町", "網元町", "帆縫町", "櫓町", "灯籠町", "糀屋町",
                 "縄手町", "桶町", "紺青町", "蔵前通町", "舟問屋町", "北櫓町", "南櫓町", "潮見坂町",
                 "渡場町", "水主町", "瓦屋町", "米蔵町", "銭座町", "寺前町", "浜納屋町")),
        Quarter("station", 4, 2, (72, 50), 330_000, 112_000, 3_600, 10_200, 1.75, 0.52, _YOUNG, 0.03,
                ("駅前町", "みなも台", "若汐町", "汽笛町", "新櫓町", "北汐町", "曙橋町", "栄浜町", "扇浜町")),
        Quarter("east", -6, 2, (78, 54), 340_000, 125_000, 4_200, 7_600, 2.3, 0.33, _FAMILY, 0.05,
                ("東潮町", "貝塚台", "松波町", "千鳥台", "磯風町", "東浜町", "藻塩町")),
        Quarter("northeast", 17, 3, (80, 56), 330_000, 120_000, 4_500, 6_700, 2.45, 0.27, _FAMILY, 0.05,
                ("若葉沢", "桜堤町", "北千鳥台", "野菊台", "春日沢", "鳶沢")),
        Quarter("grid", -3, 2, (76, 52), 340_000, 125_000, 4_100, 7_700, 2.2, 0.36, _FAMILY, 0.05,
                ("桑畑町", "西汐町", "稲穂町", "水車町", "麦野町", "堤下町", "西浜町")),
        Quarter("danchi", 12, 4, None, 330_000, 110_000, 9_000, 21_500, 1.72, 0.53, _DANCHI, 0.28,
                ("川辺団地", "葦原町", "新河岸台", "中州町", "水鳥町", "柳堤町")),
        Quarter("hill", 28, 16, None, 430_000, 165_000, 6_500, 5_200, 2.15, 0.31, _HILL, 0.24,
                ("見晴台", "風越", "椿ヶ丘", "狐塚", "石段町", "雲雀野", "山の端", "遠見台")),
        Quarter("industry", 1, 2, None, 420_000, 260_000, 26_000, 260, 1.6, 0.55, _HARBOUR, 0.2,
                ("鋼町", "造船町", "油槽町", "倉庫町", "埠頭町")),
        Quarter("island", 5, 3, (75, 60), 600_000, 150_000, 6_000, 2_700, 1.9, 0.45, _HARBOUR, 0.05,
                ("沖見町",)),
    )
}  # fmt: skip


def quarter_of(x: float, y: float, *, west_bank: bool, north_of_rail: bool) -> str:
    """Which quarter a spot on the paper belongs to."""
    if y < 0:
        return "island"
    if west_bank:
        if north_of_rail:
            return "hill"
        return "danchi" if x > 1240 else "grid"
    if north_of_rail:
        return "station" if x < 3300 else "northeast"
    if y < 900:
        return "industry"
    return "old" if x < 3320 else "east"


@dataclass(frozen=True)
class School:
    """A school, where it stands on the paper, and (elementary) the middle-school area it feeds."""

    name: str
    at: Point
    feeds: str = ""


# Two schools share the centre (free choice): two zones, one polygon.
MIDDLE_SCHOOLS: tuple[tuple[str, str], ...] = (
    ("みなも第一中学校", "centre"),
    ("みなも中央中学校", "centre"),
    ("西汐中学校", "west"),
    ("川辺中学校", "river"),
    ("見晴台中学校", "hill"),
    ("若葉沢中学校", "northeast"),
    ("東潮中学校", "east"),
    ("浜町学園", "harbour"),
)
ELEMENTARY_SCHOOLS: tuple[School, ...] = (
    School("澪小学校", (2550, 1300), "centre"),
    School("魚見小学校", (3050, 1350), "centre"),
    School("駅前小学校", (2350, 2700), "centre"),
    School("みなも台小学校", (2950, 3150), "centre"),
    School("桑畑小学校", (350, 1750), "west"),
    School("稲穂小学校", (900, 1200), "west"),
    School("川辺小学校", (1650, 1750), "river"),
    School("葦原小学校", (1850, 950), "river"),
    School("見晴台小学校", (450, 3000), "hill"),
    School("椿ヶ丘小学校", (1400, 2800), "hill"),
    School("若葉沢小学校", (3900, 3050), "northeast"),
    School("東潮小学校", (3650, 1900), "east"),
    School("貝塚台小学校", (4150, 1300), "east"),
    School("浜町学園", (3700, 400), "harbour"),
)
BRANCH_OFFICES: dict[str, str] = {
    "old": "中央出張所", "station": "中央出張所", "river": "中央出張所",
    "grid": "西部出張所", "danchi": "西部出張所",
    "hill": "山手出張所",
    "east": "東部出張所", "northeast": "東部出張所", "industry": "東部出張所", "island": "東部出張所",
}  # fmt: skip

PREFECTURE, CITY, WARD, NEIGHBOUR = "海原県", "澪ヶ浦市", "みなも区", "あさなぎ区"
WARD_CODE, NEIGHBOUR_CODE, UNASSIGNED_CODE = "99101", "99102", "99000"
WARD_CODE_6 = "991015"
