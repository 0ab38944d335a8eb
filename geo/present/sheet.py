"""The sheet of one zone, on one page: people, places, gaps, need, rules, and what is not known.

Also the sentences that tell why an area should be looked at first. Nothing is computed here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd

from geo import text
from geo.present import reach, tables, words
from geo.present.tables import Column, Rows, Value
from geo.study import Study

LISTED = 8
"""Rows of each list: the sheet is one page."""
FEWER = 3
"""Where a list stands under another one."""
GOODS = ("nearness", "places", "open_share", "room")
"""What is shared, in the order of the columns."""


def reason(row: Any, language: text.Language) -> str:
    """Why an area should be looked at first, in a sentence.

    Parameters
    ----------
    row : row of schemas.Priorities

    Examples
    --------
    >>> from types import SimpleNamespace as Row
    >>> row = Row(group="age_65_plus", left_out_share=0.31, limit_m=500, is_hot_spot=False,
    ...           high_indicators="one_person_share")
    >>> reason(row, "en")
    '31% of those aged 65 and over have no place within 500 m; many one-person households'
    """
    who = text.catalogue(language).get(
        f"priority_group.{row.group}", words.label("group", row.group, language)
    )
    share = row.left_out_share
    key = "priority.left_out" if share == share else "priority.left_out_unknown"
    parts = [text.say(key, language, group=who, share=_whole(share), limit=row.limit_m)]
    parts += [_high(name, language) for name in row.high_indicators.split(";") if name]
    if row.is_hot_spot:
        parts.append(text.say("priority.hot_spot", language))
    return text.say("priority.join", language).join(parts)


def _whole(share: float) -> str:
    """A share in whole per cent: the sentence is to be said aloud. Never 0 or 100 unless it is nobody or all."""
    if share != share:
        return ""
    percent = round(share * 100)
    return f"{min(max(percent, 1), 99) if 0 < share < 1 else percent}%"


def _high(name: str, language: text.Language) -> str:
    known = text.catalogue(language).get(f"priority_high.{name}")
    return known or text.say("priority.high", language, indicator=words.label("indicator", name, language))


def priorities(table: pd.DataFrame, small_areas: pd.DataFrame, *, language: text.Language) -> Rows:
    """What to look at first, one row an area with its reasons; see :class:`geo.schemas.Priorities`."""
    name = small_areas.set_index("small_area_id")["name"]
    ordered = table.sort_values(["place", "small_area_id"])
    rows = tuple(
        (str(row.place), str(name[row.small_area_id]), row.left_out_people, reason(row, language))
        for row in ordered.itertuples()
    )
    keys = tuple(ordered["small_area_id"].astype(str))
    columns = _columns(language, "rank", "where", ("left_out", "count"), "why_first")
    return Rows(text.say("table.priorities", language), columns, rows, language, keys)


def interval(area: Any, language: text.Language) -> str:
    """The rank of an area and between which ranks it may lie."""
    if area.rank != area.rank:
        return text.say("unit.unknown", language)
    said = {"rank": f"{area.rank:.0f}", "low": f"{area.rank_low:.0f}", "high": f"{area.rank_high:.0f}"}
    return text.say("table.rank_interval", language, **said)


def certainty(table: pd.DataFrame, small_area_id: str, *, language: text.Language, name: str) -> Rows:
    """How sure the place of one area is: its ranks, and its hot spot."""
    own = table[table["small_area_id"] == small_area_id]
    rows: list[tuple[Value, ...]] = []
    for area in own.itertuples():
        rows.append((text.say("column.rank_interval", language), interval(area, language)))
        share = words.percent(area.high_share, language)
        rows.append((text.say("column.high_share", language), share))
        spot = area.hot_spot if isinstance(area.hot_spot, str) else "not_enough_data"
        rows.append((text.say("column.hot_spot", language), text.say(f"hot_spot.{spot}", language)))
    return Rows(name, _columns(language, "item", "content"), tuple(rows), language)


def people(zone_summary: pd.DataFrame, zone: str, *, study: Study, language: text.Language) -> Rows:
    """Everybody and each group of one zone: how many, and how many have a place within the walk."""
    own = zone_summary[zone_summary["zone_id"] == zone].set_index(["group", "kind"])
    rows = []
    for group in study.groups:
        if (group.group, "any") not in own.index:
            continue
        one, steady = own.loc[(group.group, "any")], own.loc[(group.group, "permanent")]
        name = words.label("group", group.group, language)
        hours = tables.open_share(one, language)
        shares = (one["covered_share"], steady["covered_share"], hours, one["places_per_1000"])
        rows.append((name, one["people"], *shares))
    columns = _columns(
        language,
        "whom",
        ("sheet_people", "count"),
        ("any_share", "share"),
        ("permanent_share", "share"),
        ("open_share", "share"),
        ("places_per_1000", "score"),
    )
    return Rows(text.say("table.sheet_people", language, limit=study.limit_m), columns, tuple(rows), language)


def places(places_table: pd.DataFrame, located: pd.DataFrame, zone: str, *, language: text.Language) -> Rows:
    """The open places in one zone that may be named."""
    inside = located.loc[located["zone_id"] == zone, "place_id"]
    own = places_table[places_table["place_id"].isin(inside)].sort_values(["name", "place_id"])
    rows = tuple(
        (
            str(row.name_),
            words.label("place_kind", row.kind, language),
            row.opening_text if isinstance(row.opening_text, str) else None,
        )
        for row in own.rename(columns={"name": "name_"}).head(LISTED).itertuples()
    )
    more = len(own) - len(rows)
    key = "table.sheet_places_more" if more else "table.sheet_places"
    caption = text.say(key, language, n=len(own), more=more)
    return Rows(caption, _columns(language, "place", "place_kind", "opening"), rows, language)


def gaps(table: pd.DataFrame, names: dict[str, str], zone: str, *, language: text.Language) -> Rows:
    """The gaps that people of one zone live in."""
    # A gap is told of the zones inside the municipality; the municipality has them all.
    everywhere = zone.startswith("municipality:")
    inside = [everywhere or zone in str(zones).split(";") for zones in table["zone_ids"]]
    rows = tuple(
        (names[gap.gap_id], gap.people, words.label("gap_reason", gap.reason, language))
        for gap in table[inside].head(LISTED).itertuples()
    )
    columns = _columns(language, "where", ("left_out", "count"), "reason")
    return Rows(text.say("table.sheet_gaps", language), columns, rows, language)


def need(zone_indicators: pd.DataFrame, zone: str, whole: str, *, language: text.Language) -> Rows:
    """The parts of the risk in one zone beside those of the whole municipality."""
    by = zone_indicators.set_index(["zone_id", "indicator"])
    rows = []
    for name in sorted(zone_indicators["indicator"].unique()):
        cells: list[Value] = [words.label("indicator", name, language)]
        for place in (zone, whole):
            told = by.loc[(place, name)] if (place, name) in by.index else None
            cells.append(None if told is None else tables.share_of(told, language))
        told = by.loc[(zone, name)] if (zone, name) in by.index else None
        cells.append(None if told is None else float(told["known_share"]))
        rows.append(tuple(cells))
    columns = _columns(language, "indicator", "this_zone", "municipality", ("known_share", "share"))
    return Rows(text.say("table.sheet_need", language), columns, tuple(rows), language)


def rules(scorecard: pd.DataFrame, zone: str, *, language: text.Language) -> Rows:
    """One zone against the study's rules of its tier."""
    own = scorecard[scorecard["zone_id"] == zone]
    rows = tuple(
        (words.label("rule", row.rule, language), text.say(f"verdict.{row.verdict}", language))
        for row in own.itertuples()
    )
    return Rows(
        text.say("table.sheet_rules", language), _columns(language, "rule", "verdict"), rows, language
    )


def salons_in(table: pd.DataFrame, located: pd.DataFrame, zone: str) -> pd.DataFrame:
    """Those of a zone; internal.

    Parameters
    ----------
    table : schemas.Salons
    located : DataFrame
        ``zone_id, place_id``.
    """
    return table[table["place_id"].isin(located.loc[located["zone_id"] == zone, "place_id"])]


def salons(table: pd.DataFrame, places: gpd.GeoDataFrame, *, language: text.Language) -> Rows:
    """The salons of a zone of which most is found, and what: as much as a sheet of paper has room for."""
    whole = reach.salons(table, places, language=language, most=FEWER)
    rows = tuple((row[0], row[-1]) for row in whole.rows)
    return replace(whole, columns=(whole.columns[0], whole.columns[-1]), rows=rows)


def neighbours(crosswalk: pd.DataFrame, zones: pd.DataFrame, zone: str, *, language: text.Language) -> Rows:
    """In which other zones the people of one zone live too, most people first."""
    known = zones[zones["tier"] != "municipal"].set_index("zone_id")
    own = crosswalk[(crosswalk["zone_id"] == zone) & crosswalk["other_id"].isin(known.index)]
    own = own.sort_values(["people", "other_id"], ascending=[False, True]).head(LISTED)
    rows = tuple(
        (
            str(known.loc[row.other_id, "name"]),
            words.label("system", str(known.loc[row.other_id, "system"]), language),
            row.people,
            row.share,
        )
        for row in own.itertuples()
    )
    columns = _columns(language, "zone", "zone_system", ("sheet_people", "count"), ("share", "share"))
    return Rows(text.say("table.sheet_neighbours", language), columns, rows, language)


def systems(table: pd.DataFrame, *, study: Study, language: text.Language) -> Rows:
    """Each zone system in three ways beside each other; see :class:`geo.schemas.SystemSummary`."""
    own = table[(table["group"] == study.gap_group) & (table["kind"] == study.gap_kind)]
    rows = tuple(
        (
            words.label("system", row.system, language),
            text.say("table.zones_with_place", language, n=row.zones_with_place, all=row.zones),
            row.presence_share,
            row.places_per_1000,
            row.covered_share,
        )
        for row in own.itertuples()
    )
    columns = _columns(
        language,
        "zone_system",
        "zones_with_place",
        ("presence_share", "share"),
        ("places_per_1000", "score"),
        ("covered_share", "share"),
    )
    said = {"group": words.label("group", study.gap_group, language), "limit": study.limit_m}
    return Rows(text.say("table.systems", language, **said), columns, rows, language)


def equity(table: pd.DataFrame, *, study: Study, language: text.Language) -> Rows:
    """How evenly access is shared: what people have, and how it lies; see :class:`geo.schemas.Equity`."""
    own = table[(table["group"] == study.gap_group) & (table["kind"] == study.gap_kind)]
    whole = own[own["system"] == "municipality"].set_index("good")
    rows: list[tuple[Value, ...]] = []
    for name in ("gini", "palma", "concentration", "fgt0", "fgt1"):
        cells = [float(whole.loc[good, name]) if good in whole.index else None for good in GOODS]
        rows.append((text.say(f"equity.{name}", language), *cells))
    for system_id, part in own[own["system"] != "municipality"].groupby("system", sort=True):
        system = words.label("system", str(system_id), language)
        by = part.set_index("good")
        shares = [
            float(by.loc[good, "theil_between"] / by.loc[good, "theil"])
            if good in by.index and by.loc[good, "theil"] > 0
            else None
            for good in GOODS
        ]
        rows.append((text.say("equity.between", language, system=system), *shares))
    said = {"group": words.label("group", study.gap_group, language), "limit": study.limit_m}
    goods: list[tuple[str, tables.Kind]] = [(f"good_{good}", "score") for good in GOODS]
    columns = _columns(language, "equity_measure", *goods)
    return Rows(text.say("table.equity", language, **said), columns, tuple(rows), language)


def _columns(language: text.Language, *keys: str | tuple[str, tables.Kind]) -> tuple[Column, ...]:
    pairs: list[tuple[str, tables.Kind]] = [(key, "text") if isinstance(key, str) else key for key in keys]
    return tuple(Column(text.say(f"column.{name}", language), kind) for name, kind in pairs)
