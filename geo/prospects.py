"""Scenarios on a project's data: the numbers of today beside those of places and streets as they would be.

They are kept in the project's folder, a file each, and what they open becomes entries of the registry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
import tomli_w

from geo import (
    access,
    coverage,
    equity,
    errors,
    manifest,
    network,
    opening,
    preparation,
    registry,
    schedule,
    schemas,
    sources,
    zones,
)
from geo import project as projects
from geo.decide import questions, scenarios
from geo.decide.questions import Change, Plan
from geo.decide.scenarios import Scenario
from geo.pipeline import Prepared
from geo.project import Changes, Project
from geo.study import Study

FOLDER = "scenarios"
SAFE = re.compile(r"[\w-]{1,40}")
"""Names that can be names of files as they are."""


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

    Returns
    -------
    prepared : Prepared
        Walks are searched anew for the changed places, over the streets with the new ways; what depends on people and
        zones alone stays.

    Raises
    ------
    DataError
        A place that is not there, or a column that no scenario changes.
    MissingTableError
        New streets where there is no street network.
    """
    places = scenarios.places_then(scenario, prepared.places)
    study = prepared.study
    if scenario.streets:
        streets = scenarios.streets_then(scenario, prepared.streets)
        net = network.with_profile(network.build(streets, crs=prepared.crs), preparation.walker(study))
        prepared = replace(prepared, streets=streets, metric=net)
    covered = coverage.measure(
        prepared.metric,
        prepared.origins,
        places,
        prepared.at_origins,
        on_water=prepared.on_water,
        study=study,
    )
    refused = access.refused(prepared.metric, places, max_snap_m=study.max_snap_m)
    named = places[["place_id"]].assign(name=places["name"].where(registry.shown(places)))
    refused = refused.merge(named, on="place_id")
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


def answer(
    prepared: Prepared, study: Study, plans: Sequence[Plan]
) -> tuple[pd.DataFrame, dict[str, Scenario]]:
    """Today beside every plan.

    Returns
    -------
    comparison : DataFrame
        See :func:`geo.decide.scenarios.compare`.
    scenarios : dict of str to Scenario
        By the name of the plan: their actions and costs.
    """
    told = {plan.name: scenario(plan, crs=prepared.crs) for plan in plans}
    areas = {name: then(prepared, one) for name, one in told.items()}
    return compare(prepared, study, areas), told


def _one_part(table: pd.DataFrame) -> pd.Series:
    return pd.Series(zones.MUNICIPALITY, index=pd.Index(table["origin_id"]), dtype=object)


def _row(group: object, kind: str, study: Study, measure: str, value: float) -> dict[str, object]:
    asked = {"group": group, "kind": kind, "limit_m": study.limit_m}
    return {"zone_id": "", **asked, "measure": measure, "value": value}


# --- plans ----------------------------------------------------------------------------------------------


def keep(project: Project, plan: Plan) -> Path:
    """Write a plan into the project's folder ``scenarios``; one without changes is taken out."""
    stem = plan.name if SAFE.fullmatch(plan.name) else manifest.fingerprint(plan.name)[:12]
    file = project.path / FOLDER / f"{stem}.toml"
    if not plan.changes:
        file.unlink(missing_ok=True)
        return file
    file.parent.mkdir(exist_ok=True)
    told = plan.model_dump(mode="json", exclude_defaults=True)
    file.write_text(tomli_w.dumps(told), encoding="utf-8")
    return file


def kept(project: Project) -> dict[str, Plan]:
    """The plans of the project by their names, in the order of their files."""
    plans = [questions.read_plan(file) for file in sorted((project.path / FOLDER).glob("*.toml"))]
    return {plan.name: plan for plan in plans}


def scenario(plan: Plan, *, crs: str) -> Scenario:
    """A plan in the plane zone of a study area; the last word about a place counts.

    Parameters
    ----------
    plan : Plan
    crs : str
        Of the prepared study area.
    """
    own = plan.changes
    changed: dict[str, dict[str, object]] = {}
    for one in own:
        if one.do == "change":
            changed[str(one.place)] = {**changed.get(str(one.place), {}), **one.said()}
    return Scenario(
        plan.name,
        opened=_opened(plan, crs),
        closed=tuple(sorted({str(one.place) for one in own if one.do == "close"})),
        moved={str(one.place): _plane(one.at, crs) for one in own if one.do == "move" and one.at},
        changed=changed,
        streets=tuple((_plane(one.at, crs), _plane(one.to, crs)) for one in own if one.do == "street"),
        cost_yen=sum(one.cost_yen for one in own),
    )


def _opened(plan: Plan, crs: str) -> dict[str, tuple[scenarios.Point, dict[str, object]]]:
    new = [one for one in plan.changes if one.do == "open"]
    return {f"{plan.name}:{i}": (_plane(one.at, crs), _said(one, i)) for i, one in enumerate(new, start=1)}


def _said(one: Change, number: int) -> dict[str, object]:
    return {**one.said(), "name": one.name or f"{number}"}


def _plane(spot: tuple[float, float] | None, crs: str) -> scenarios.Point:
    latitude, longitude = spot or (float("nan"), float("nan"))
    point = gpd.GeoSeries([shapely.Point(longitude, latitude)], crs=schemas.STORED_CRS).to_crs(crs).iloc[0]
    return (round(point.x, 2), round(point.y, 2))


def entries(plan: Plan, *, crs: str, stage: str = "consulting") -> gpd.GeoDataFrame:
    """The places that a plan opens, as entries of the registry."""
    return scenarios.entries(_opened(plan, crs), crs=crs, stage=stage)


def register(
    project: Project,
    places: gpd.GeoDataFrame,
    *,
    name: str,
    when: str | None = None,
    who: str | None = None,
) -> Changes:
    """Take planned places into the registry; it can be taken back like an import.

    Parameters
    ----------
    project : Project
    places : schemas.Places
        Of :func:`entries` or :func:`geo.siting.planned`.
    name : str
        Of the plan or decision: registered again, it replaces what it brought before.
    when, who : str, optional
        For the history.

    Returns
    -------
    changes : Changes

    Raises
    ------
    DataError
        The plan opens nothing.
    """
    if places.empty:
        raise errors.DataError(
            "plan_opens_nothing",
            "The plan {name} opens no new place, so there is nothing to enter into the registry.",
            name=name,
        )
    dataset = f"places:plan:{name}"
    table = schemas.conform(schemas.Places, places.to_crs(schemas.STORED_CRS).assign(dataset_id=dataset))
    reading = sources.Reading(
        kind="places",
        dataset_id=dataset,
        schema=schemas.Places,
        table=table,
        file=f"{name}.toml",
        sha256=manifest.digest(table),
        rows=len(table),
    )
    return projects.add(project, [reading], accept=True, when=when, who=who)
