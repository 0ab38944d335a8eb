"""The planner's answer for people: what to do for the money, in which order, how sure; computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd

from geo import schemas, text
from geo.present import charts, palettes, words
from geo.present.tables import Column, Rows, Value

Document = Mapping[str, Any]
Names = Mapping[str, str]
TEN_THOUSAND = 10_000
ROUND_YEN: Mapping[text.Language, int] = {"ja": TEN_THOUSAND, "en": 1_000_000}


def names(places: gpd.GeoDataFrame, vacancies: gpd.GeoDataFrame, language: text.Language) -> dict[str, str]:
    """Sites by their ids: places by name, vacant properties by kind and number, never by address."""
    told = dict(zip(places["place_id"], places["name"].astype(str), strict=True))
    for number, kind in zip(vacancies["property_id"], vacancies["kind"], strict=True):
        short = str(number).rpartition(":")[2]
        told[number] = text.say(
            "sites.vacancy", language, kind=text.say(f"sites.{kind}", language), number=short
        )
    return told


def option(name: str, named: Names, language: text.Language) -> str:
    """An option ``action:site`` in words."""
    action, _, site = name.partition(":")
    return text.say(
        "sites.option",
        language,
        action=text.say(f"decide.action.{action}", language),
        site=named.get(site, site),
    )


def several(joined: str, named: Names, language: text.Language) -> str:
    """Options joined by ``;`` in words."""
    if not joined:
        return text.say("sites.nothing", language)
    return text.say("unit.list", language).join(option(one, named, language) for one in joined.split(";"))


def amount(value: float | None, unit: str, language: text.Language) -> str:
    """A value of an aim in its unit; what cannot be reached at all is said so.

    Examples
    --------
    >>> amount(1234.4, "people", "en"), amount(0.618, "share", "en"), amount(None, "metres", "en")
    ('1,234 people', '61.8%', 'Not possible')
    """
    if value is None or value != value:
        return text.say("sites.no_answer", language)
    if unit == "share":
        return words.percent(value, language)
    return text.say(f"sites.unit_{unit}", language, n=f"{value:,.0f}")


def proof(answer: Document, language: text.Language) -> str:
    """What the choice comes to, then status, bound and gap: they stand beside every answer."""
    told = []
    if left := answer["not_asked"]:
        people = words.count(left["people"], language)
        if left["origins"]:
            told = [text.say("sites.not_asked_people", language, n=people, origins=left["origins"])]
    if answer["status"] == "infeasible":
        why = answer["why"]
        return _joined([text.tell(why["code"], why["template"], language, **why["values"]), *told], language)
    n, bound = (amount(answer[key], answer["unit"], language) for key in ("objective", "bound"))
    first = text.say(f"sites.result_{answer['aim']}", language, n=n)
    gap = f"{100 * answer['gap']:.2f}"
    return _joined(
        [first, text.say(f"sites.{answer['status']}", language, bound=bound, gap=gap), *told], language
    )


def _joined(sentences: Sequence[str], language: text.Language) -> str:
    return ("" if language == "ja" else " ").join(sentences)


def site_names(answer: Document, language: text.Language) -> dict[str, str]:
    """The sites of a kept answer, as :func:`names` tells them."""
    told = {}
    for one in answer.get("sites", ()):
        short = str(one["site_id"]).rpartition(":")[2]
        kind = text.say(f"sites.{one['kind']}", language) if one["kind"] else ""
        number = text.say("sites.vacancy", language, kind=kind, number=short).strip()
        told[one["site_id"]] = one["name"] or number
    return told


def figures(answer: Document, days: str, language: text.Language) -> list[tuple[str, str]]:
    """People newly served by group and kind of place, and what it costs."""
    pairs = [
        (
            text.say(
                "sites.newly",
                language,
                group=words.label("group", row["group"], language),
                kind=text.say(f"kind.{row['kind']}", language, days=days),
            ),
            text.say(
                "sites.newly_of",
                language,
                n=words.count(row["newly_served"], language),
                all=words.count(row["people"], language),
            ),
        )
        for row in answer["people"]
    ]
    return [*pairs, (text.say("sites.cost", language), yen(answer["cost_yen"], language))]


def yen(amount: float, language: text.Language) -> str:
    """An amount of money, as a budget is spoken of: in ten thousands, in English in millions.

    Examples
    --------
    >>> yen(4_500_000, "en"), yen(12_345, "en"), yen(0, "en")
    ('4.5 million yen', '12,345 yen', '0 yen')
    """
    if amount < TEN_THOUSAND or amount % 1_000:
        return text.say("sites.yen", language, n=f"{amount:,.0f}")
    told = f"{amount / ROUND_YEN[language]:,.3f}".rstrip("0").rstrip(".")
    return text.say("sites.yen_round", language, n=told)


def plan(answer: Document, named: Names, language: text.Language) -> Rows:
    """What comes first, and what each step adds."""
    rows = [
        (
            f"{row['step']:.0f}",
            text.say(f"decide.action.{row['action']}", language),
            named.get(row["site_id"], row["site_id"]),
            yen(row["cost_yen"], language),
            *(amount(row[part], answer["plan_unit"], language) for part in ("gain", "total", "loss")),
        )
        for row in answer["plan"]
    ]
    return _rows(
        "plan",
        ("step", "action", "site", "cost:count", "gain:count", "total:count", "loss:count"),
        rows,
        language,
    )


def frontier_bars(answer: Document, budget_yen: float | None, language: text.Language) -> str:
    """What each budget comes to at best."""
    most = max((row["served"] or 0 for row in answer["frontier"]), default=0) or 1
    unit = answer["unit"]
    drawn = [
        charts.Bar(
            yen(row["budget_yen"], language),
            (
                charts.Part(
                    (row["served"] or 0) / most, amount(row["served"], unit, language), palettes.WITHIN[1]
                ),
            ),
            text.say(
                "sites.frontier_bar",
                language,
                budget=yen(row["budget_yen"], language),
                n=amount(row["served"], unit, language),
            ),
            marked=row["budget_yen"] == budget_yen,
        )
        for row in answer["frontier"]
    ]
    goal = text.say(f"sites.goal_{answer['aim']}", language)
    return charts.bars(text.say("sites.frontier_caption", language, goal=goal), drawn)


def frontier(answer: Document, named: Names, language: text.Language) -> Rows:
    """The same with bound and status, and what would be done."""
    rows = [
        (
            yen(row["budget_yen"], language),
            amount(row["served"], answer["unit"], language),
            amount(row["bound"], answer["unit"], language),
            text.say(f"sites.status_{row['status']}", language),
            several(row["chosen"], named, language),
        )
        for row in answer["frontier"]
    ]
    return _rows(
        "frontier", ("budget:count", "served:count", "bound:count", "status", "options"), rows, language
    )


def actions(answer: Document, named: Names, language: text.Language) -> Rows:
    """How many options of each kind of action were weighed, and what the best one brings alone."""
    rows = [
        (
            text.say(f"decide.action.{row['action']}", language),
            row["options"],
            _best(row, named, language),
            yen(row["cost_yen"], language) if row["option_id"] else "–",
            amount(row["gain"], answer["unit"], language) if row["option_id"] else "–",
        )
        for row in answer["actions"]
    ]
    return _rows("actions", ("action", "weighed:count", "best", "cost:count", "alone:count"), rows, language)


def _best(row: Document, named: Names, language: text.Language) -> str:
    site = row["option_id"].partition(":")[2]
    return named.get(site, site) if site else text.say("sites.nothing", language)


def alternatives(answer: Document, named: Names, language: text.Language) -> Rows:
    """What to do instead when one falls through."""
    rows = [
        (
            option(row["option_id"], named, language),
            several(row["instead"] or "", named, language),
            amount(row["served"], answer["unit"], language),
            amount(row["loss"], answer["unit"], language),
        )
        for row in answer["alternatives"]
    ]
    return _rows("alternatives", ("option", "instead", "served:count", "less:count"), rows, language)


def robustness(answer: Document, named: Names, language: text.Language) -> Rows:
    """Which options stay chosen at other walks, paces and groups."""
    rows = [
        (
            option(row["option_id"], named, language),
            text.say("sites.times", language, n=f"{row['chosen_in']:.0f}", all=f"{row['of']:.0f}"),
        )
        for row in answer["robustness"]
    ]
    asked = len(answer["robustness_of"])
    return _rows("robustness", ("option", "stays"), rows, language, n=asked)


def gate(summary: Document, language: text.Language) -> Rows:
    """How many vacant properties pass, fail or are not known, check by check."""
    rows = [
        (text.say(f"sites.check_{name}", language), row["pass"], row["fail"], row["unknown"])
        for name, row in summary["checks"].items()
    ]
    told = {"n": summary["passing"], "all": summary["properties"]}
    return _rows("gate", ("check", "pass:count", "fail:count", "unknown:count"), rows, language, **told)


def funnel(answer: Document, language: text.Language) -> Rows:
    """How many properties stand at each stage, and how many openings may be expected of them."""
    rows = [
        (
            text.say(f"sites.stage_{row['stage']}", language),
            row["properties"],
            "–" if row["rate"] is None else row["rate"],
            row["expected_openings"],
            row["needed_for_one"],
        )
        for row in answer["funnel"]
    ]
    columns = ("stage", "properties:count", "rate:share", "expected:score", "needed:count")
    return _rows("funnel", columns, rows, language)


def badges(options: gpd.GeoDataFrame, answer: Document) -> tuple[tuple[float, float, str], ...]:
    """Where each step is: latitude, longitude and its number."""
    at = options.set_index("option_id").geometry.to_crs(schemas.STORED_CRS)
    return tuple(
        (round(at[row["option_id"]].y, 5), round(at[row["option_id"]].x, 5), f"{row['step']:.0f}")
        for row in answer["plan"]
    )


def _rows(
    name: str,
    columns: Sequence[str],
    rows: Sequence[tuple[Value, ...]],
    language: text.Language,
    **told: object,
) -> Rows:
    pairs = [column.partition(":") for column in columns]
    heads = tuple(
        Column(text.say(f"sites.column.{key}", language), kind or "text")  # type: ignore[arg-type]
        for key, _, kind in pairs
    )
    return Rows(text.say(f"sites.table.{name}", language, **told), heads, tuple(rows), language)
