"""Scenarios on a project's data: the numbers of today beside those of places opened, closed, moved or changed.

Only places change, so nothing of the people, the streets or the zones is measured again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import geopandas as gpd
import pandas as pd

from geo import access, coverage, equity, opening, schedule, zones
from geo.decide import scenarios
from geo.decide.scenarios import Scenario
from geo.pipeline import Prepared
from geo.study import Study


def days_of(opening_text: str) -> float:
    """Days a week that opening words say; NaN where they say none.

    Examples
    --------
    >>> days_of("毎週火・木 10時〜15時"), days_of("不定期")
    (2.0, nan)
    """
    return schedule.days_per_week(schedule.parse(opening_text).schedule)


def then(prepared: Prepared, scenario: Scenario) -> Prepared:
    """The study area as it would be.

    Parameters
    ----------
    prepared : Prepared
    scenario : Scenario
        Its streets are not asked: they would change the network.

    Returns
    -------
    prepared : Prepared
        Walks are searched anew for the changed places; what depends on people and zones alone stays.

    Raises
    ------
    DataError
        A place that is not there, or a column that no scenario changes.
    """
    places = scenarios.places_then(scenario, prepared.places)
    study = prepared.study
    covered = coverage.measure(
        prepared.metric,
        prepared.origins,
        places,
        prepared.at_origins,
        on_water=prepared.on_water,
        study=study,
    )
    refused = access.refused(prepared.metric, places, max_snap_m=study.max_snap_m)
    refused = refused.merge(places[["place_id", "name"]], on="place_id")
    return replace(prepared, places=gpd.GeoDataFrame(places), coverage=covered, refused=refused)


def numbers(area: Prepared, study: Study, *, now: Prepared) -> pd.DataFrame:
    """Every number that is compared, in long form.

    Parameters
    ----------
    area : Prepared
        Today, or of :func:`then`.
    study : Study
        Group, kind and limit of equity and of the zones.
    now : Prepared
        Today: what zones are to each other stays as it is.

    Returns
    -------
    numbers : DataFrame
        ``zone_id`` (empty: the whole area), ``group, kind, limit_m, measure, value``; ``open_share`` is the
        share of the waking week in which something suitable is surely open within the walk, mean by people. A
        share that is not known (:func:`geo.coverage.bounded`) is NaN, never 0.
    """
    limits = tuple(sorted({*study.limits_m, study.limit_m}))
    shares = coverage.shares(area.coverage, limits_m=limits)
    by_zone = zones.summarise(
        area.zones,
        area.coverage,
        area.membership,
        *area.zone_points,
        area.fitting,
        group=now.same_zone,
        study=study,
    )
    own = area.coverage[
        (area.coverage["group"] == study.gap_group) & (area.coverage["kind"] == study.gap_kind)
    ]
    evenness = equity.table(own, now.zone_facts.need, {zones.MUNICIPALITY: _one_part(own)}, study=study)
    near = evenness[evenness["good"] == "nearness"]
    found = opening.reached(
        area.within(study.limit_m), area.origins, area.places, area.at_origins, study=study
    )
    open_ = opening.by_origin(found)
    hours = (
        open_.assign(part=open_["people"] * open_["open_share"]).groupby("group")[["part", "people"]].sum()
    )
    more = [
        *(_row(group, "any", study, "open_share", row.part / row.people) for group, row in hours.iterrows()),
        *(_row(row.group, row.kind, study, "gini", row.gini) for row in near.itertuples()),
    ]
    table = pd.concat([scenarios.numbers(shares, by_zone), pd.DataFrame(more)], ignore_index=True)
    keys = ["zone_id", "group", "kind", "limit_m", "measure"]
    return table.drop_duplicates(keys).sort_values(keys, kind="stable", ignore_index=True)


def compare(prepared: Prepared, study: Study, then_: Mapping[str, Prepared]) -> pd.DataFrame:
    """Today beside scenarios; see :func:`geo.decide.scenarios.compare`."""
    told = {name: numbers(area, study, now=prepared) for name, area in then_.items()}
    return scenarios.compare(numbers(prepared, study, now=prepared), told)


def _one_part(table: pd.DataFrame) -> pd.Series:
    return pd.Series(zones.MUNICIPALITY, index=pd.Index(table["origin_id"]), dtype=object)


def _row(group: object, kind: str, study: Study, measure: str, value: float) -> dict[str, object]:
    asked = {"group": group, "kind": kind, "limit_m": study.limit_m}
    return {"zone_id": "", **asked, "measure": measure, "value": value}
