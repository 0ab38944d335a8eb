"""Numbers beside one another for people: today and scenarios, before and after. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import pandas as pd

from geo import schemas, text
from geo.present import siting, words
from geo.present.tables import Column, Kind, Rows, Value
from geo.study import Study

MEASURES: Mapping[str, Kind] = {
    "covered_people": "count",
    "covered_share": "share",
    "open_share": "share",
    "gini": "score",
}


def whole(
    table: pd.DataFrame, costs: Mapping[str, tuple[int, float]], *, study: Study, language: text.Language
) -> Rows:
    """The whole area: actions and cost, then each number today and in each scenario with its change.

    Parameters
    ----------
    table : DataFrame
        Of :func:`geo.decide.scenarios.compare`.
    costs : mapping of str to (int, float)
        Number of actions and yen, by scenario.
    study : Study
        Whose group and kind are shown.
    """
    own = table[(table["zone_id"] == "") & (table["group"] == study.gap_group)]
    own = own[(own["kind"] == study.gap_kind) | (own["measure"] == "open_share")]
    own = own[own["measure"].isin(list(MEASURES))]
    rank = own["measure"].map({name: i for i, name in enumerate(MEASURES)})
    own = own.assign(rank=rank).sort_values(["rank", "limit_m"], kind="stable")
    rows: list[tuple[Value, ...]] = [
        _first("actions", [f"{n:,}" for n, _ in costs.values()], language),
        _first("cost", [siting.yen(cost, language) for _, cost in costs.values()], language),
    ]
    for row in own.to_dict("records"):
        said = {"limit": f"{row['limit_m']:.0f}"}
        label = text.say(f"scenarios.measure_{row['measure']}", language, **said)
        shown = [_shown(row["now"], row["measure"], language)]
        shown += [
            text.say(
                "scenarios.changed",
                language,
                value=_shown(row[name], row["measure"], language),
                change=_signed(row[f"{name}_change"], row["measure"], language),
            )
            for name in costs
        ]
        rows.append((label, *shown))
    return Rows(
        text.say("scenarios.table_whole", language, group=words.label("group", study.gap_group, language)),
        _heads("item", costs, language),
        tuple(rows),
        language,
    )


def by_zone(
    table: pd.DataFrame,
    names: Mapping[str, str],
    scenarios: Sequence[str],
    *,
    study: Study,
    language: text.Language,
) -> Rows:
    """Covered people of each zone, today and in each scenario; those that change most first."""
    own = table[(table["group"] == study.gap_group) & (table["kind"] == study.gap_kind)]
    own = own[(own["measure"] == "covered_people") & own["zone_id"].isin(list(names))]
    change = own[[f"{name}_change" for name in scenarios]].abs().max(axis=1)
    own = own.assign(change=change).sort_values(["change", "zone_id"], ascending=[False, True], kind="stable")
    rows = [
        (
            names[row["zone_id"]],
            _shown(row["now"], "covered_people", language),
            *(
                text.say(
                    "scenarios.changed",
                    language,
                    value=_shown(row[name], "covered_people", language),
                    change=_signed(row[f"{name}_change"], "covered_people", language),
                )
                for name in scenarios
            ),
        )
        for row in own.to_dict("records")
    ]
    caption = text.say("scenarios.table_zones", language, limit=study.limit_m)
    return Rows(caption, _heads("zone", scenarios, language), tuple(rows), language)


def badges(spots: gpd.GeoSeries) -> tuple[tuple[float, float, str], ...]:
    """Where places open or move to, numbered as in the list of actions."""
    at = spots.to_crs(schemas.STORED_CRS)
    return tuple((round(p.y, 5), round(p.x, 5), str(name)) for name, p in at.items())


def _first(key: str, values: Sequence[str], language: text.Language) -> tuple[Value, ...]:
    return (text.say(f"scenarios.{key}", language), "–", *values)


def _heads(
    first: str, scenarios: Mapping[str, object] | Sequence[str], language: text.Language
) -> tuple[Column, ...]:
    return (
        Column(text.say(f"scenarios.column_{first}", language)),
        Column(text.say("scenarios.today", language), "count"),
        *(Column(text.say("scenarios.plan", language, name=name), "count") for name in scenarios),
    )


def _shown(value: float, measure: str, language: text.Language) -> str:
    kind = MEASURES[measure]
    if value != value:
        return text.say("unit.unknown", language)
    if kind == "share":
        return words.percent(value, language)
    return words.count(value, language) if kind == "count" else f"{value:.3f}"


def _signed(change: float, measure: str, language: text.Language) -> str:
    """A change with its sign; a share in points."""
    kind = MEASURES[measure]
    if change != change:
        return text.say("unit.unknown", language)
    if kind == "share":
        return text.say("scenarios.points", language, n=words.change(100 * change))
    told = f"{change:+,.0f}" if kind == "count" else f"{change:+.3f}"
    return told if told.strip("+-0.") else f"±{told[1:]}"
