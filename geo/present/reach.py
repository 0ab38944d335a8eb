"""When places are open, who depends on one of them, what is missing and what would help: rows for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from geo import registry, text
from geo.present import words
from geo.present.tables import Column, Rows
from geo.study import Study

DEPENDED_ON = 10


def figures(summary: Mapping[str, Any], *, study: Study, language: text.Language) -> list[tuple[str, str]]:
    """The week, choice and room of the chosen group at a glance; label and number."""
    when, choice, room = (
        _of(summary[part]["groups"], study.gap_group) for part in ("opening", "choice", "room")
    )
    percent = {key: words.percent(when[key], language) for key in ("open_share", "unknown_share")}
    share = (
        text.say("reach.with_unknown", language, **percent)
        if when["unknown_share"]
        else percent["open_share"]
    )
    visits = room["visits_per_100_people"]
    return [
        (text.say("reach.open_share", language), share),
        (text.say("reach.with_one", language), words.count(choice["with_one"], language)),
        (text.say("reach.visits", language), words.count(visits, language, unit="visits")),
    ]


def timetable(summary: Mapping[str, Any], *, study: Study, language: text.Language) -> Rows:
    """One row a weekday: how much of it something is open, and who has nothing all day."""
    own = _of(summary["opening"]["groups"], study.gap_group)
    rows = tuple(
        (
            text.say(f"schedule.day_{day['weekday']}", language),
            day["open_share"],
            day["unknown_share"],
            day["people_without"],
        )
        for day in own["by_weekday"]
    )
    columns = (
        Column(text.say("reach.weekday", language)),
        Column(text.say("reach.open", language), "share"),
        Column(text.say("reach.unknown", language), "share"),
        Column(text.say("reach.without", language), "count"),
    )
    first, last = summary["opening"]["period"]
    start, end = summary["opening"]["waking_hours"]
    said = {"limit": study.limit_m, "first": first, "last": last, "start": start, "end": end}
    return Rows(text.say("reach.timetable", language, **said), columns, rows, language)


def dayparts(summary: Mapping[str, Any], *, study: Study, language: text.Language) -> str:
    """A sentence: how much of the morning, afternoon and evening something is open."""
    own = _of(summary["opening"]["groups"], study.gap_group)
    parts = [
        text.say(f"reach.{part['daypart']}", language, share=words.percent(part["open_share"], language))
        for part in own["by_daypart"]
    ]
    return text.say("unit.list", language).join(parts)


def functions(summary: Mapping[str, Any], *, study: Study, language: text.Language) -> Rows:
    """One row a function: who has a place that offers it within the walk; least first."""
    own = [part for part in summary["functions"] if part["group"] == study.gap_group]
    shares = own[0]["by_function"] if own else {}
    ordered = sorted(shares.items(), key=lambda item: (item[1], item[0]))
    rows = tuple((text.say(f"reach.function_{name}", language), share) for name, share in ordered)
    columns = (
        Column(text.say("reach.function", language)),
        Column(text.say("reach.share", language), "share"),
    )
    return Rows(text.say("reach.functions", language, limit=study.limit_m), columns, rows, language)


def dependence(
    table: pd.DataFrame, places: gpd.GeoDataFrame, *, study: Study, language: text.Language
) -> Rows:
    """The places whose closing would leave most people without one; see :class:`geo.schemas.Dependence`."""
    own = table[(table["group"] == study.gap_group) & (table["kind"] == study.gap_kind)]
    own = own[own["people_only"] > 0].sort_values(["people_only", "place_id"], ascending=[False, True])
    names = _names(places, language)
    rows = tuple(
        (names[row.place_id], row.people_only, row.people_near, row.extra_m)
        for row in own.head(DEPENDED_ON).itertuples()
    )
    columns = (
        Column(text.say("reach.place", language)),
        Column(text.say("reach.only", language), "count"),
        Column(text.say("reach.near", language), "count"),
        Column(text.say("reach.extra", language), "metres"),
    )
    return Rows(text.say("reach.dependence", language, limit=study.limit_m), columns, rows, language)


def options(
    table: pd.DataFrame, gap_id: str, places: gpd.GeoDataFrame, *, study: Study, language: text.Language
) -> Rows:
    """What would close a gap, most people first; vacant properties are not named on a screen."""
    own = table[table["gap_id"] == gap_id].sort_values(
        ["people", "option", "ref_id"], ascending=[False, True, True]
    )
    names = _names(places, language)
    rows = tuple(
        (
            text.say(f"reach.option_{row.option}", language),
            names.get(row.ref_id, text.say("reach.a_property", language)),
            row.people,
        )
        for row in own.itertuples()
    )
    columns = (
        Column(text.say("reach.option", language)),
        Column(text.say("reach.place", language)),
        Column(text.say("reach.gained", language), "count"),
    )
    return Rows(text.say("reach.options", language, limit=study.limit_m), columns, rows, language)


def _of(groups: list[dict[str, Any]], group: str) -> dict[str, Any]:
    return next(part for part in groups if part["group"] == group)


def _names(places: gpd.GeoDataFrame, language: text.Language) -> dict[str, str]:
    """Names of the places that may be named."""
    kept_back = text.say("reach.not_named", language)
    shown = registry.shown(places)
    return {
        place: str(name) if may else kept_back
        for place, name, may in zip(places["place_id"], places["name"], shown, strict=True)
    }
