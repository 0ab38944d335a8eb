"""The committee's answer for people: bars, tables and sentences from a decision's document. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from geo import text
from geo.present import charts, palettes, words
from geo.present.maps import Entry, View
from geo.present.tables import Column, Rows, Value

Document = Mapping[str, Any]
Names = Mapping[str, str]
SHOWN_RANKS = 3
"""Ranks with a colour of their own; the others share one."""
UNITS = ("people", "places", "properties")
INKS = ("#fff", "#fff", "#1b2229", "#1b2229")


def criterion(name: str, language: text.Language) -> str:
    """A criterion in words; people left out of a city's own group by the group's name.

    Examples
    --------
    >>> criterion("places", "en"), criterion("left_out_own", "en")
    ('existing places', 'own without a place within the walk')
    """
    known = text.catalogue(language).get(f"criterion.{name}")
    if known or not name.startswith("left_out_"):
        return known or name
    group = words.label("group", name.removeprefix("left_out_"), language)
    return text.say("model_areas.left_out", language, group=group)


def figures(answer: Document, language: text.Language) -> list[tuple[str, str]]:
    """What a committee asks first: how many areas nobody beats, how sure the first is, how much the members agree."""

    def say(key: str, **values: object) -> str:
        return text.say(f"model_areas.{key}", language, **values)

    front = sum(row["pareto"] for row in answer["ranking"])
    firsts = {row["area_id"]: row["share"] for row in answer["acceptability"] if row["rank"] == 1}
    lead = order(answer)[:1]
    pairs = [(say("figure_front"), say("of", n=front, all=len(answer["ranking"])))]
    pairs += [(say("figure_first"), words.percent(firsts[one], language)) for one in lead]
    agreement = answer["agreement"]
    told = text.say("unit.unknown", language) if agreement is None else f"{agreement:.2f}"
    pairs.append((say("figure_agreement"), told))
    dissent = len(answer["dissent"])
    return [*pairs, (say("figure_dissent"), say("of", n=dissent, all=len(answer["members"])))]


def order(answer: Document) -> list[str]:
    """The areas by the committee's weights, those without a rank last."""
    rows = sorted(
        answer["ranking"],
        key=lambda row: (row["weighted_sum_rank"] or len(answer["ranking"]) + 1, row["area_id"]),
    )
    return [row["area_id"] for row in rows]


def chosen(answer: Document, names: Names) -> list[str]:
    """The proposed areas, the one with the most weight first."""
    return [names[area] for area in order(answer) if area in answer["chosen"]]


def acceptability(answer: Document, names: Names, language: text.Language) -> str:
    """How often each area comes first, second, third, whatever the weights: a bar an area."""
    colours = (*palettes.WITHIN[:SHOWN_RANKS], "#dfe4e8")
    labels = [text.say("model_areas.rank", language, rank=rank) for rank in range(1, SHOWN_RANKS + 1)]
    labels.append(text.say("model_areas.rank_later", language, rank=SHOWN_RANKS + 1))
    drawn = []
    for area in order(answer):
        shares = [row["share"] for row in answer["acceptability"] if row["area_id"] == area]
        shown = [*shares[:SHOWN_RANKS], max(0.0, 1 - sum(shares[:SHOWN_RANKS]))]
        parts = tuple(
            charts.Part(share, f"{100 * share:.0f}%", colour, ink)
            for share, colour, ink in zip(shown, colours, INKS, strict=False)
        )
        said = text.say("unit.list", language).join(
            f"{label} {words.percent(share, language)}" for label, share in zip(labels, shown, strict=False)
        )
        sentence = text.say("model_areas.bar", language, area=names[area], shares=said)
        drawn.append(charts.Bar(names[area], parts, sentence, marked=area in answer["chosen"]))
    caption = text.say("model_areas.acceptability", language)
    return charts.bars(caption, drawn, list(zip(colours, labels, strict=True))[: max(len(drawn), 1)])


def ranking(answer: Document, names: Names, language: text.Language) -> Rows:
    """Both rankings, the front and the share of first ranks beside each other."""
    by_id = {row["area_id"]: row for row in answer["ranking"]}
    firsts = {row["area_id"]: row["share"] for row in answer["acceptability"] if row["rank"] == 1}
    front = {flag: text.say(f"model_areas.front_{flag}", language) for flag in (True, False)}
    rows = [
        (
            names[area],
            front[by_id[area]["pareto"]],
            by_id[area]["weighted_sum_rank"],
            by_id[area]["weighted_sum"],
            by_id[area]["topsis_rank"],
            by_id[area]["topsis"],
            firsts[area],
        )
        for area in order(answer)
    ]
    columns = ("area", "front", "rank:count", "sum:score", "topsis_rank:count", "topsis:score", "first:share")
    return _rows("ranking", columns, rows, language, keys=order(answer))


def scores(answer: Document, names: Names, language: text.Language) -> Rows:
    """The values that are compared: one row an area, one column a criterion."""
    told = {(row["area_id"], row["criterion"]): row for row in answer["scores"]}
    criteria = [row["criterion"] for row in answer["criteria"]]

    def value(row: Mapping[str, Any]) -> Value:
        number, name = row["value"], str(row["criterion"])
        if number is None or row["low"] is None or row["low"] == row["high"]:
            return None if number is None else _amount(name, number, language)
        least, most = (_amount(name, row[end], language) for end in ("low", "high"))
        return words.between(least, most, language)

    rows = [(names[area], *(value(told[area, name]) for name in criteria)) for area in order(answer)]
    columns = (
        Column(text.say("model_areas.column.area", language)),
        *(Column(criterion(name, language), "count") for name in criteria),
    )
    return Rows(
        text.say("model_areas.table.scores", language), columns, tuple(rows), language, tuple(order(answer))
    )


def types(answer: Document, names: Names, language: text.Language) -> Rows:
    """The type of each area, and the numbers from which it follows."""
    told = {row["area_id"]: row for row in answer["types"]}
    rows = [
        (
            names[area],
            text.say(f"area_type.{told[area]['type']}", language),
            words.percent(told[area]["apartment_share"], language),
            text.say("unit.unknown", language)
            if told[area]["shops_per_1000"] is None
            else f"{told[area]['shops_per_1000']:.2f}",
        )
        for area in order(answer)
    ]
    return _rows("types", ("area", "type", "apartments:count", "shops:count"), rows, language)


def _amount(name: str, number: float, language: text.Language) -> str:
    """A value of a criterion with its unit."""
    if name.endswith("_share"):
        return words.percent(number, language)
    unit = "people" if name.startswith("left_out") else {"vacancies": "properties"}.get(name, name)
    return words.count(number, language, unit=unit) if unit in UNITS else _short(number)


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 10 or float(number).is_integer() else f"{number:.2f}"


def members(answer: Document, names: Names, language: text.Language) -> Rows:
    """What each member alone would choose, and how far the committee must go towards that to choose otherwise."""
    share = "model_areas.shift"
    rows = [
        (
            row["member"],
            row["role"],
            names[row["first"]],
            row["agreement"],
            names.get(row["without"] or "", "-"),
            text.say("model_areas.never", language)
            if row["shift"] is None
            else text.say(share, language, share=f"{100 * row['shift']:.0f}", then=names[row["then"]]),
        )
        for row in answer["members"]
    ]
    columns = ("member", "role", "alone", "agreement:score", "without", "shift")
    return _rows("members", columns, rows, language)


def weights(answer: Document, language: text.Language) -> Rows:
    """Everybody's weights and the committee's, in per cent."""
    own = {(row["member"], row["criterion"]): row["weight"] for row in answer["votes"]}
    who = [row["member"] for row in answer["members"]]
    criteria = [row["criterion"] for row in answer["criteria"]]
    rows = [
        (criterion(name, language), answer["weights"][name], *(own[member, name] for member in who))
        for name in criteria
    ]
    head = [
        text.say("model_areas.column.criterion", language),
        text.say("model_areas.column.together", language),
    ]
    columns = (Column(head[0]), Column(head[1], "share"), *(Column(name, "share") for name in who))
    return Rows(text.say("model_areas.table.weights", language), columns, tuple(rows), language)


def reasons(why: Sequence[Mapping[str, Any]], names: Names, language: text.Language) -> list[str]:
    """Why one area and not the other, a sentence each."""
    told = []
    for reason in why:
        values = {key: value for key, value in reason.items() if key != "code"}
        values |= {key: names.get(str(values[key]), values[key]) for key in ("a", "b") if key in values}
        if "criterion" in values:
            values["criterion"] = criterion(str(values["criterion"]), language)
        for key in ("weight", "at"):
            if key in values:
                values[key] = f"{100 * float(values[key]):.0f}%"
        for key in ("value_a", "value_b"):
            if key in values:
                known = values[key] is not None
                values[key] = (
                    _amount(str(reason["criterion"]), values[key], language)
                    if known
                    else text.say("unit.unknown", language)
                )
        told.append(text.say(f"decide.why.{reason['code']}", language, **values))
    return told


def alternatives(answer: Document, names: Names, language: text.Language) -> Rows:
    """The proposal and other choices that are nearly as good."""
    joined = text.say("unit.list", language)
    found = [{"chosen": answer["chosen"], "total": answer["total"]}, *answer["alternatives"]]
    rows = [(joined.join(chosen({**answer, **one}, names)), one["total"]) for one in found]
    return _rows("alternatives", ("choice", "total:score"), rows, language)


def comparison(answer: Document, names: Names, language: text.Language) -> Rows:
    """For each proposed area the one to compare with later; said now, so that it cannot be chosen to please."""
    pairs = {row["area_id"]: row for row in answer["comparison"]}
    none = text.say("model_areas.no_comparison", language)
    rows = [
        (names[area], names[pairs[area]["comparison_id"]], pairs[area]["distance"])
        if area in pairs
        else (names[area], none, "–")
        for area in order(answer)
        if area in answer["chosen"]
    ]
    return _rows("comparison", ("area", "compared", "distance:score"), rows, language)


def view(
    answer: Document,
    cells: gpd.GeoDataFrame,
    membership: pd.DataFrame,
    *,
    language: text.Language,
    **shown: Any,
) -> View:
    """Where the proposed areas are, where those that nobody beats, and where the others.

    Parameters
    ----------
    answer : mapping
    cells : GeoDataFrame
        ``origin_id``; the order of the codes.
    membership : DataFrame
        ``zone_id, origin_id``. Where areas overlap the proposed one is drawn.
    """
    front = {row["area_id"] for row in answer["ranking"] if row["pareto"]}
    classes = {row["area_id"]: 2 if row["area_id"] in front else 1 for row in answer["ranking"]}
    classes |= dict.fromkeys(answer["chosen"], 3)
    at = membership.assign(code=membership["zone_id"].map(classes)).dropna(subset=["code"])
    codes = cells["origin_id"].map(at.groupby("origin_id")["code"].max()).fillna(0).astype(int).astype(str)
    keys = ("legend_other", "legend_front", "legend_chosen")
    entries = tuple(
        Entry(str(i), colour, text.say(f"model_areas.{key}", language))
        for i, (key, colour) in enumerate(zip(keys, ("#e6eaee", "#92c1e0", "#174a7c"), strict=True), start=1)
    )
    return View(
        layer="cells",
        codes="".join(codes),
        title=text.say("model_areas.legend", language),
        entries=entries[::-1],
        **shown,
    )


def _rows(
    name: str,
    columns: Sequence[str],
    rows: Sequence[tuple[Value, ...]],
    language: text.Language,
    keys: Sequence[str] = (),
) -> Rows:
    pairs = [column.partition(":") for column in columns]
    heads = tuple(
        Column(text.say(f"model_areas.column.{key}", language), kind or "text")  # type: ignore[arg-type]
        for key, _, kind in pairs
    )
    return Rows(text.say(f"model_areas.table.{name}", language), heads, tuple(rows), language, tuple(keys))
