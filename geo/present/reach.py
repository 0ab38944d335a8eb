"""When places are open, who depends on one of them, what is missing and what would help: rows for people."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from geo import registry, text
from geo.present import words
from geo.present.tables import Column, Kind, Rows, Value, open_share
from geo.schemas import DAYPARTS
from geo.study import Study
from geo.summary import SALON_FINDINGS

DEPENDED_ON = 10
PARTNERS = 8


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
    """One row a weekday: how much of each part of it something is open, and who has nothing all day."""
    own = _of(summary["opening"]["groups"], study.gap_group)
    cells = {(cell["weekday"], cell["daypart"]): cell["open_share"] for cell in own["timetable"]}
    parts = [part for part in DAYPARTS if any(told == part for _, told in cells)]
    rows = tuple(
        (
            text.say(f"schedule.day_{day['weekday']}", language),
            *(cells[day["weekday"], part] for part in parts),
            day["open_share"],
            day["unknown_share"],
            day["people_without"],
        )
        for day in own["by_weekday"]
    )
    columns = (
        Column(text.say("reach.weekday", language)),
        *(Column(text.say(f"reach.part_{part}", language), "share") for part in parts),
        Column(text.say("reach.open", language), "share"),
        Column(text.say("reach.unknown", language), "share"),
        Column(text.say("reach.without", language), "count"),
    )
    first, last = summary["opening"]["period"]
    start, end = summary["opening"]["waking_hours"]
    said = {"limit": study.limit_m, "first": first, "last": last, "start": start, "end": end}
    return Rows(text.say("reach.timetable", language, **said), columns, rows, language)


def week(table: pd.DataFrame, where: str, *, study: Study, language: text.Language) -> Rows:
    """The timetable of one zone or area: in which share of each half-day something is open within the walk.

    Parameters
    ----------
    table : schemas.ZoneOpening or schemas.AreaOpening
    where : str
        Its ``zone_id`` or ``small_area_id``.
    """
    caption = text.say("reach.week", language, limit=study.limit_m)
    own = _here(table, where, study)
    shares = pd.Series([open_share(row, language) for row in own.itertuples()], own.index, dtype=object)
    told = own.assign(told=shares)
    return _week(told, where, "told", "share", caption, study, language)


def week_inside(table: pd.DataFrame, where: str, *, study: Study, language: text.Language) -> Rows:
    """How many places of a zone itself open in each half-day, and may; see :class:`geo.schemas.ZoneOpening`."""
    own = _here(table, where, study)
    told: list[Value] = [
        words.between(f"{row.places_open}", f"{row.places_open + row.places_unknown}", language)
        if row.places_unknown
        else float(row.places_open)
        for row in own.itertuples()
    ]
    counts = own.assign(told=pd.Series(told, index=own.index, dtype=object))
    caption = text.say("reach.week_inside", language)
    return _week(counts, where, "told", "count", caption, study, language)


def _week(
    table: pd.DataFrame,
    where: str,
    column: str,
    kind: Kind,
    caption: str,
    study: Study,
    language: text.Language,
) -> Rows:
    own = _here(table, where, study)
    cells = own.set_index(["weekday", "daypart"])[column].to_dict()
    parts = [part for part in DAYPARTS if part in set(own["daypart"])]
    rows = tuple(
        (text.say(f"schedule.day_{day}", language), *(cells[day, part] for part in parts))
        for day in sorted(own["weekday"].unique())
    )
    columns = (
        Column(text.say("reach.weekday", language)),
        *(Column(text.say(f"reach.part_{part}", language), kind) for part in parts),
    )
    return Rows(caption, columns, rows, language)


def _here(table: pd.DataFrame, where: str, study: Study) -> pd.DataFrame:
    key = "zone_id" if "zone_id" in table else "small_area_id"
    return table[(table[key] == where) & (table["group"] == study.gap_group)]


def days_without(table: pd.DataFrame, zone: str, *, study: Study, language: text.Language) -> str:
    """A sentence: on which weekdays nothing surely opens in the zone itself."""
    own = _here(table, zone, study)
    if own.empty:
        return text.say("reach.nobody_here", language)
    counts = own.groupby("weekday")[["places_open", "places_unknown"]].max()
    idle = counts.index[counts["places_open"] == 0]
    listed = text.say("unit.list", language).join(text.say(f"schedule.day_{day}", language) for day in idle)
    key = "reach.days_without" if len(idle) else "reach.every_day"
    may = counts.loc[idle, "places_unknown"].max() if len(idle) else 0
    more = text.say("reach.days_may", language, n=int(may)) if may else ""
    return text.say(key, language, days=listed) + more


def partners(
    table: pd.DataFrame,
    places: gpd.GeoDataFrame,
    *,
    study: Study,
    language: text.Language,
    inside: Iterable[str] | None = None,
) -> Rows:
    """Places that together open on all days of the week, most people near both first.

    Parameters
    ----------
    table : schemas.Partners
    inside : iterable of str, optional
        Only pairs with one of these places.
    """
    kept = places["place_id"] if inside is None else list(inside)
    own = table[table["place_id"].isin(kept) | table["other_id"].isin(kept)]
    own = own.sort_values(["people", "place_id", "other_id"], ascending=[False, True, True])
    names = _names(places, language)

    def told(place: str, days: str) -> str:
        return text.say("reach.on_days", language, place=names[place], days=_days(days.split(";"), language))

    rows = tuple(
        (told(row.place_id, row.days), told(row.other_id, row.other_days), row.people)
        for row in own.head(PARTNERS).itertuples()
    )
    columns = (
        Column(text.say("reach.place", language)),
        Column(text.say("reach.partner", language)),
        Column(text.say("reach.both", language), "count"),
    )
    said = {"days": _days(study.week_days, language), "limit": study.limit_m, "n": len(own)}
    return Rows(text.say("reach.partners", language, **said), columns, rows, language)


def salons(
    table: pd.DataFrame, places: gpd.GeoDataFrame, *, language: text.Language, most: int | None = None
) -> Rows:
    """Salons of which something is found: fewer come, nobody new does, or the helpers are old; most found first.

    Parameters
    ----------
    table : schemas.Salons
        All of them, or those of a zone.
    places : schemas.Places
    most : int, optional
        Only the first so many rows.
    """
    number = (table[list(SALON_FINDINGS)] == "yes").sum(axis=1)
    order = table.assign(_found=number)[number > 0].sort_values(
        ["_found", "change_share", "place_id"], ascending=[False, True, True], kind="stable"
    )
    names = _names(places, language)
    rows = tuple(
        (
            names[row["place_id"]],
            _attendance(row, language),
            row["newcomers"],
            _helpers(row, language),
            _listed(
                [words.label("salon_finding", one, language) for one in SALON_FINDINGS if row[one] == "yes"],
                language,
            ),
        )
        for row in order.head(len(order) if most is None else most).to_dict("records")
    )
    columns = (
        Column(text.say("reach.place", language)),
        Column(text.say("reach.attendance", language)),
        Column(text.say("reach.newcomers", language), "count"),
        Column(text.say("reach.helpers", language)),
        Column(text.say("reach.findings", language)),
    )
    key = "reach.salons" if len(rows) == len(order) else "reach.salons_first"
    said = {"n": len(order), "open": len(table), "shown": len(rows)}
    return Rows(text.say(key, language, **said), columns, rows, language)


def _attendance(row: Mapping[Hashable, Any], language: text.Language) -> str:
    was, now, share = row["attendance_before"], row["attendance"], row["change_share"]
    if pd.isna(now):
        return text.say("unit.unknown", language)
    if pd.isna(share):
        return text.say("unit.people", language, n=_plain(now))
    return text.say(
        "reach.from_to", language, was=_plain(was), now=_plain(now), change=f"{100 * share:+.0f}%"
    )


def _plain(value: float) -> str:
    return f"{round(value, 1):g}"


def _helpers(row: Mapping[Hashable, Any], language: text.Language) -> str:
    share, age = row["helpers_75_plus_share"], row["helpers_mean_age"]
    told = [] if pd.isna(row["helpers"]) else [words.count(row["helpers"], language)]
    if not pd.isna(share):
        told.append(text.say("reach.of_75_plus", language, share=f"{100 * share:.0f}%"))
    if not pd.isna(age):
        told.append(text.say("reach.mean_age", language, age=_plain(age)))
    return _listed(told, language) or text.say("unit.unknown", language)


def _listed(told: Iterable[str], language: text.Language) -> str:
    return text.say("unit.list", language).join(told)


def salons_rule(*, study: Study, language: text.Language) -> str:
    """A sentence: from what on the attendance falls or is fixed, and helpers are ageing."""
    limits = {
        "share": f"{100 * study.falling_share:g}%",
        "people": f"{study.falling_min_people:g}",
        "new": f"{100 * study.fixed_newcomers_share:g}%",
        "age": f"{study.ageing_mean_age:g}",
        "old": f"{100 * study.ageing_share:g}%",
    }
    return text.say("reach.salons_rule", language, **limits)


def salons_unknown(table: pd.DataFrame, *, language: text.Language) -> str:
    """A sentence: of how many salons it is not known."""
    unknown = {finding: int((table[finding] == "unknown").sum()) for finding in SALON_FINDINGS}
    key = "reach.salons_untold" if min(unknown.values()) == len(table) else "reach.salons_unknown"
    return text.say(key, language, open=len(table), **unknown)


def _days(days: Iterable[Any], language: text.Language) -> str:
    listed = (text.say(f"schedule.day_{day}", language) for day in days)
    return text.say("reach.days_join", language).join(listed)


def at_moment(summary: Mapping[str, Any], *, language: text.Language) -> Rows:
    """Who has a place that is open at the study's date and time, group by group."""
    asked = summary["opening"]["open_at"]
    rows = tuple(
        (
            words.label("group", row["group"], language),
            row["covered_people"],
            words.bounded(row["covered_share"], row["covered_share_max"], row["state"], language),
        )
        for row in asked["groups"]
    )
    columns = (
        Column(text.say("column.whom", language)),
        Column(text.say("reach.open_for", language), "count"),
        Column(text.say("column.share", language), "share"),
    )
    said = {"moment": asked["moment"].replace("T", " "), "limit": summary["opening"]["limit_m"]}
    return Rows(text.say("reach.at_moment", language, **said), columns, rows, language)


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
    ordered = sorted(shares.items(), key=lambda item: (item[1] is None, item[1] or 0, item[0]))
    rows = tuple((words.label("function", name, language), share) for name, share in ordered)
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
