"""Small areas, people and households: the boundary file and the two statistical tables."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from shapely.geometry.base import BaseGeometry

from . import city, files, plan

if TYPE_CHECKING:
    from .city import City

NUMERALS = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十")
WATER_KEY = "991011000"
WATER_PEOPLE = (3, 1)  # people and households on boats
AGE_LABELS = tuple(
    ["総数、年齢「不詳」含む"]
    + [f"総数{a}～{b}歳" for a, b in ((str(k), str(k + 4)) for k in range(0, 75, 5))]
    + ["総数１５歳未満", "総数１５～６４歳", "総数６５歳以上", "総数７５歳以上"]
)
HOUSEHOLD_LABELS = (
    "一般世帯総数", "親族のみの世帯", "核家族世帯", "夫婦のみの世帯", "夫婦と子供から成る世帯",
    "核家族以外の世帯",
    "６歳未満世帯員のいる一般世帯", "１８歳未満世帯員のいる一般世帯", "６５歳以上世帯員のいる一般世帯",
)  # fmt: skip

# (quarter, how many from the end of its list) of areas with a story of their own.
EMPTY = (("industry", 1), ("industry", 3), ("grid", 0), ("hill", 0))
FEW = {("industry", 2): (7, 4), ("island", 2): (9, 5)}  # suppressed: people, households
HOME = ("hill", 6)  # a large care home and nothing else
PARK = ("danchi", 3)  # on the far bank, but part of an old town: nobody lives there
FERRYMEN = "渡場町"


@dataclass
class Area:
    """One small area with its people."""

    key: str
    name: str
    town: str
    quarter: str
    parts: list[tuple[str, BaseGeometry]]  # (E1 …, shape on bent paper), in the order of the file
    cells: list[city.Cell]
    people: int = 0
    households: int = 0
    private: int = 0  # households that are no institution
    male: list[int] = field(default_factory=list)  # 16 classes and unknown
    female: list[int] = field(default_factory=list)
    families: list[int] = field(default_factory=list)  # the nine columns of T001084
    merged_into: str = ""

    @property
    def short(self) -> str:
        """How HTKSAKI and GASSAN write it."""
        return self.key[5:]

    @property
    def home(self) -> BaseGeometry:
        """The part where the people live."""
        return next(shape for kigo, shape in self.parts if kigo in ("", "E1"))


def areas(town: City) -> list[Area]:
    """Name and number the small areas and let people move in."""
    park = _ranked(town, *PARK)
    out: list[Area] = []
    number = 0
    for quarter in plan.QUARTERS.values():
        groups: dict[int, list[tuple[city.Cell, BaseGeometry]]] = defaultdict(list)
        for cell, shape in town.areas:
            if cell.quarter == quarter.name and cell is not park:
                groups[cell.town].append((cell, shape))
        for name, group in zip(quarter.towns, groups.values(), strict=False):
            number += 1
            out += _town(number, name, quarter.name, group)
        if len(groups) > len(quarter.towns):
            raise ValueError(f"{quarter.name} needs {len(groups)} town names")
    _ferry_town(town, out, park)
    for area in out:
        _settle(area, _rank(out, area))
    _suppress(out)
    return sorted(out, key=lambda area: area.key)


def _ranked(town: City, quarter: str, rank: int) -> city.Cell:
    cells = [cell for cell, _ in town.areas if cell.quarter == quarter]
    if quarter == "danchi":  # the park lies on the water
        cells.sort(key=lambda cell: (cell.shape.centroid.x, cell.shape.centroid.y))
    return cells[len(cells) - 1 - rank]


def _rank(out: list[Area], area: Area) -> tuple[str, int]:
    same = [a for a in out if a.quarter == area.quarter]
    return area.quarter, len(same) - 1 - same.index(area)


def _town(number: int, name: str, quarter: str, group: list[tuple[city.Cell, BaseGeometry]]) -> list[Area]:
    code = f"{plan.WARD_CODE}{number:03d}"
    if len(group) == 1:
        cell, shape = group[0]
        return [Area(code + "0", name, name, quarter, [("", shape)], [cell])]
    return [
        Area(f"{code}{k:03d}", f"{name}{NUMERALS[k]}丁目", name, quarter, [("", shape)], [cell])
        for k, (cell, shape) in enumerate(group, start=1)
    ]


def _ferry_town(town: City, out: list[Area], park: city.Cell) -> None:
    """An old town in four pieces; its people are on E1, which is neither the first nor the largest."""
    area = next(a for a in out if a.town == FERRYMEN)
    shape = next(s for cell, s in town.areas if cell is park)
    area.parts = [("E2", shape), ("E3", town.islets[0]), ("E1", area.parts[0][1]), ("E4", town.islets[1])]


def shares(total: int, weights: list[float]) -> list[int]:
    """Whole numbers in proportion to weights that add up to the total (largest remainders)."""
    scale = sum(weights)
    if scale == 0:
        return [0] * len(weights)
    exact = [total * w / scale for w in weights]
    whole = [int(x) for x in exact]
    order = sorted(range(len(weights)), key=lambda k: (whole[k] - exact[k], k))
    for k in order[: total - sum(whole)]:
        whole[k] += 1
    return whole


def _settle(area: Area, rank: tuple[str, int]) -> None:
    quarter, rng = plan.QUARTERS[area.quarter], Random(f"{plan.SEED}:people:{area.key}")
    km2 = area.home.area / 1e6
    area.people = round(km2 * quarter.people_per_km2 * rng.uniform(0.72, 1.28))
    area.households = max(1, round(area.people / (quarter.household * rng.uniform(0.93, 1.07))))
    area.private = area.households - (1 if rng.random() < 0.12 else 0)
    weights = [w * rng.uniform(0.8, 1.2) for w in quarter.ages] + [rng.uniform(0.2, 2.2)]
    single = min(0.75, quarter.single_share * rng.uniform(0.85, 1.15))
    if rank in EMPTY:
        area.people = area.households = area.private = 0
    if rank in FEW:
        area.people, area.households = FEW[rank]
        area.private = area.households
    if rank == HOME:
        area.people, area.households, area.private = 164, 1, 0
        weights = [0.0] * 12 + [1, 3, 9, 150, 1]
    people = shares(area.people, weights)
    area.male = [min(n, int(n * rng.uniform(0.43, 0.55) + 0.5)) for n in people]
    if people[15]:
        area.male[15] = int(people[15] * 0.4)
    area.female = [n - m for n, m in zip(people, area.male, strict=True)]
    area.families = _families(area, people, single, rng)


def _families(area: Area, people: list[int], single: float, rng: Random) -> list[int]:
    total = area.private
    kin = round(total * (1 - single))
    nuclear = round(kin * rng.uniform(0.88, 0.95))
    couples = round(nuclear * rng.uniform(0.3, 0.42))
    with_children = round(nuclear * rng.uniform(0.38, 0.5))
    under_6 = min(kin, round((people[0] + people[1] * 0.25) / 1.35))
    under_18 = min(kin, max(under_6, round((sum(people[:3]) + people[3] * 0.6) / 1.6)))
    older = min(total, round((sum(people[13:16])) / 1.42))
    return [total, kin, nuclear, couples, with_children, kin - nuclear, under_6, under_18, older]


def _suppress(out: list[Area]) -> None:
    """Very small areas give their figures to a neighbour: once in their own town, once in another town."""
    few = [area for area in out if _rank(out, area) in FEW]
    for area in few:
        own = [a for a in out if a.town == area.town and a is not area and a.people > 150]
        others = [a for a in out if a.quarter == "east" and a.people > 300]
        target = min(own or others, key=lambda a: (round(a.home.distance(area.home), 1), a.key))
        area.merged_into = target.key


# --- boundary file ----------------------------------------------------------------------------------------

R2KA_FIELDS: tuple[files.Field, ...] = (
    ("KEY_CODE", "C", 11, 0), ("PREF", "C", 2, 0), ("CITY", "C", 3, 0), ("S_AREA", "C", 6, 0),
    ("PREF_NAME", "C", 12, 0), ("CITY_NAME", "C", 16, 0), ("S_NAME", "C", 96, 0), ("KIGO_E", "C", 3, 0),
    ("HCODE", "N", 4, 0), ("AREA", "N", 15, 3), ("PERIMETER", "N", 15, 3), ("R2KAxx", "N", 6, 0),
    ("R2KAxx_ID", "N", 6, 0), ("KIHON1", "C", 4, 0), ("DUMMY1", "C", 1, 0), ("KIHON2", "C", 2, 0),
    ("KEYCODE1", "C", 9, 0), ("KEYCODE2", "C", 9, 0), ("AREA_MAX_F", "C", 1, 0), ("KIGO_D", "C", 2, 0),
    ("N_KEN", "C", 2, 0), ("N_CITY", "C", 3, 0), ("KIGO_I", "C", 1, 0), ("KBSUM", "N", 4, 0),
    ("JINKO", "N", 10, 0), ("SETAI", "N", 10, 0), ("X_CODE", "N", 15, 6), ("Y_CODE", "N", 15, 6),
    ("KCODE1", "C", 7, 0),
)  # fmt: skip


def write_boundaries(path: Path, all_areas: list[Area], river: BaseGeometry) -> None:
    """Write the small areas as the statistics office does: CP932, no .cpg, people on E1 only."""
    water = Area(WATER_KEY, "水面調査区", "", "", [("", river)], [])
    water.people, water.households = WATER_PEOPLE
    shapes: list[BaseGeometry] = []
    rows: list[dict[str, Any]] = []
    for area in [*all_areas, water]:
        largest = max(shape.area for _, shape in area.parts)
        for kigo, shape in area.parts:
            lived_in = kigo in ("", "E1")
            row = _boundary_row(area, kigo, shape, len(rows) + 1)
            row["AREA_MAX_F"] = "M" if shape.area == largest else None
            row["JINKO"] = area.people if lived_in else 0
            row["SETAI"] = area.households if lived_in else 0
            row["KBSUM"] = max(1, area.households // 40) if lived_in and area.households else 0
            rows.append(row)
            shapes.append(city.shape_to_degrees(shape))
    files.write_shapefile(path, shapes, R2KA_FIELDS, rows, encoding="cp932", ldid=0x13, cpg=None)


def _boundary_row(area: Area, kigo: str, shape: BaseGeometry, number: int) -> dict[str, Any]:
    town, chome = area.key[5:8], area.key[8:] if len(area.key) == 11 else "000"
    spot = city.to_degrees(*shape.representative_point().coords[0])
    code = f"{plan.WARD_CODE[2:]}{town}"
    return {
        "KEY_CODE": area.key, "PREF": "99", "CITY": plan.WARD_CODE[2:], "S_AREA": f"{town}{chome}",
        "PREF_NAME": plan.PREFECTURE, "CITY_NAME": plan.CITY + plan.WARD, "S_NAME": area.name,
        "KIGO_E": kigo or None, "HCODE": 8154 if area.key == WATER_KEY else 8101,
        "AREA": shape.area, "PERIMETER": shape.length, "R2KAxx": number, "R2KAxx_ID": number - 1,
        "KIHON1": f"{town}0", "DUMMY1": "-", "KIHON2": chome[1:], "KEYCODE1": f"{code}{chome}",
        "KEYCODE2": f"{code}{chome}" if len(area.key) == 11 else f"{code}0",
        "KIGO_D": None, "N_KEN": None, "N_CITY": None, "KIGO_I": None,
        "X_CODE": spot[0], "Y_CODE": spot[1], "KCODE1": f"{town}0-{chome[1:]}",
    }  # fmt: skip


# --- statistical tables -----------------------------------------------------------------------------------


def _age_columns(male: list[int], female: list[int]) -> list[int]:
    def block(n: list[int]) -> list[int]:
        return [sum(n), *n[:15], sum(n[:3]), sum(n[3:13]), sum(n[13:16]), n[15]]

    both = [m + f for m, f in zip(male, female, strict=True)]
    return block(both) + block(male) + block(female)


def _add(rows: list[list[int]]) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)]


def _table(
    all_areas: list[Area], values: dict[str, list[int]], water: list[int], neighbour: list[int]
) -> list[list[str]]:
    """Rows of a nested table: the ward, towns and their parts; suppressed rows given to others."""
    sources: dict[str, list[Area]] = defaultdict(list)
    for area in all_areas:
        if area.merged_into:
            sources[area.merged_into].append(area)
    published = {
        area.key: _add([values[area.key], *(values[s.key] for s in sources[area.key])])
        for area in all_areas
        if not area.merged_into
    }
    ward = plan.CITY + plan.WARD
    rows = [[plan.WARD_CODE, "1", ward, "", "0", "", "", *_cells(_add([*values.values(), water]))]]
    children: dict[str, list[Area]] = defaultdict(list)
    for area in all_areas:
        if len(area.key) == 11:
            children[area.key[:8]].append(area)
    seen: set[str] = set()
    for area in all_areas:
        if len(area.key) == 11 and area.key[:8] not in seen:
            seen.add(area.key[:8])
            known = [published[a.key] for a in children[area.key[:8]] if not a.merged_into]
            rows.append([area.key[:8] + "0", "3", ward, area.town, "0", "", "", *_cells(_add(known))])
        level = "4" if len(area.key) == 11 else "2"
        if area.merged_into:
            hidden = ["X"] * len(water)
            rows.append([area.key, level, ward, area.name, "2", area.merged_into[5:], "", *hidden])
        else:
            given = ";".join(s.short for s in sources[area.key])
            flag = "1" if given else "0"
            rows.append([area.key, level, ward, area.name, flag, "", given, *_cells(published[area.key])])
    rows.append([WATER_KEY, "2", ward, "", "0", "", "", *_cells(water)])
    return rows + _neighbour_rows(neighbour)


def _neighbour_rows(values: list[int]) -> list[list[str]]:
    """A few rows of the next ward, since the real table is one for the whole prefecture."""
    name, code = plan.CITY + plan.NEIGHBOUR, plan.NEIGHBOUR_CODE
    cells, two, three = _cells(values), _cells([2 * v for v in values]), _cells([3 * v for v in values])
    return [
        [code, "1", name, "", "0", "", "", *three],
        [f"{code}0010", "3", name, "凪町", "0", "", "", *two],
        [f"{code}001001", "4", name, "凪町一丁目", "0", "", "", *cells],
        [f"{code}001002", "4", name, "凪町二丁目", "0", "", "", *cells],
        [f"{code}0020", "2", name, "朝霧町", "0", "", "", *cells],
    ]


def _cells(values: list[int]) -> list[str]:
    return [str(v) if v else "-" for v in values]


def write_tables(folder: Path, all_areas: list[Area]) -> None:
    """Write T001082 (age × sex) and T001084 (families)."""
    ages = {area.key: _age_columns(area.male, area.female) for area in all_areas}
    on_boats = [0] * 17
    boatmen = on_boats.copy()
    boatmen[11], boatmen[13] = 1, 2
    example = next(area for area in all_areas if area.people > 800)
    labels = [_wide(text) for text in AGE_LABELS]
    male = ["男の総数、年齢「不詳」含む"] + [text.replace("総数", "男", 1) for text in labels[1:]]
    female = ["女の総数、年齢「不詳」含む"] + [text.replace("総数", "女", 1) for text in labels[1:]]
    _write(
        folder / "tblT001082C99.csv", "T001082", labels + male + female,
        _table(all_areas, ages, _age_columns(boatmen, on_boats), ages[example.key]),
    )  # fmt: skip
    families = {area.key: area.families for area in all_areas}
    boat = [1, 0, 0, 0, 0, 0, 0, 0, 1]
    _write(
        folder / "tblT001084C99.csv", "T001084", list(HOUSEHOLD_LABELS),
        _table(all_areas, families, boat, families[example.key]),
    )  # fmt: skip


def _wide(text: str) -> str:
    return text.translate({ord("0") + k: chr(0xFF10 + k) for k in range(10)})


def _write(path: Path, table: str, labels: list[str], rows: list[list[str]]) -> None:
    codes = [f"{table}{k:03d}" for k in range(1, len(labels) + 1)]
    first = ["KEY_CODE", "HYOSYO", "CITYNAME", "NAME", "HTKSYORI", "HTKSAKI", "GASSAN", *codes]
    files.write_csv(path, [first, [""] * 7 + labels, *rows], encoding="cp932")
