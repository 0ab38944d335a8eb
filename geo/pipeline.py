"""The whole picture as one page: files of the city → who reaches what → gaps, need, zones → one run.

:func:`prepare` does what takes long and what no slider changes: people, streets, walking distances.
:func:`assess` answers one study from it, fast. :func:`run` does both and keeps the result.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import (
    access,
    choice,
    coverage,
    demand,
    disclosure,
    equity,
    errors,
    fca,
    hotspots,
    isolation,
    manifest,
    mesh,
    network,
    opening,
    registry,
    schemas,
    slope,
    summary,
    zones,
)
from geo import project as projects
from geo import study as studies
from geo.project import Project
from geo.store import GeoPackage
from geo.study import Study

AREAS = "areas"
"""Stands for the zone system where the small areas themselves are looked at."""

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, and how many of how many are done."""

REACH_M = 1200
"""How far the app's slider goes: longer walks are searched again when they are asked for."""

STAGES = ("read", "prepare", "network", "people", "distances", "cells", "assess", "write")


@dataclass(frozen=True)
class Prepared:
    """The study area, measured: everything that does not depend on a limit."""

    fingerprint: str
    study: Study
    method: str
    crs: str
    municipality: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    small_areas: gpd.GeoDataFrame
    people: Mapping[str, pd.Series]
    metric: access.Metric
    origins: gpd.GeoDataFrame
    on_water: pd.Series
    at_origins: pd.DataFrame
    """People of each group, aligned on the origins."""
    cells: gpd.GeoDataFrame
    contiguity: np.ndarray
    streets: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    """Each once, also where several lists name it."""
    duplicates: pd.DataFrame
    outside: pd.DataFrame
    """Open places beyond the border of the municipality, ``place_id``, and whether residents reach them."""
    refused: pd.DataFrame
    vacancies: gpd.GeoDataFrame
    coverage: pd.DataFrame
    statistics: pd.DataFrame
    """All that were imported, also those that count nobody of today."""
    datasets: pd.DataFrame
    overlaps: Mapping[str, zones.Overlaps]
    membership: pd.DataFrame
    provenance: Mapping[str, str]
    """The dataset that each count of the small areas comes from."""
    near: pd.DataFrame
    """Walk of every origin to the nearest place of each rule of the tiers that asks for one nearby."""

    # What follows from the tables above alone is worked out when first asked: a moved slider asks again.

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Origins and the open places around them, as far as any slider goes."""
        return self._walks(max(REACH_M, *self.study.limits_m))

    def within(self, limit_m: float) -> pd.DataFrame:
        """Pairs of at least that limit."""
        return self.pairs if limit_m <= max(REACH_M, *self.study.limits_m) else self._walks(limit_m)

    def _walks(self, limit_m: float) -> pd.DataFrame:
        return coverage.pairs(
            self.metric, self.origins, self.places, on_water=self.on_water, limit_m=limit_m, study=self.study
        )

    @cached_property
    def room(self) -> pd.DataFrame:
        """Room of every origin; its bands are the study's distances, which no slider changes."""
        return fca.measure(self.pairs, self.origins, self.places, self.at_origins, study=self.study)

    @cached_property
    def vacancy_pairs(self) -> pd.DataFrame:
        """Origins and the vacant properties around them, as far as any slider goes."""
        spots = self.vacancies.rename(columns={"property_id": "place_id"})
        land = gpd.GeoDataFrame(self.origins[~self.on_water.to_numpy()])
        reach_m, snap_m = max(REACH_M, *self.study.limits_m), self.study.max_snap_m
        return access.distances(self.metric, land, spots, limit_m=reach_m, max_snap_m=snap_m)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The parts of the summary that no limit changes."""
        return _facts(self)

    @cached_property
    def need(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Indicators, risk of isolation, and where it clusters."""
        parts = isolation.indicators(self.small_areas, study=self.study)
        risk = isolation.risk(self.small_areas, parts, study=self.study)
        areas = self.small_areas.set_index("small_area_id").loc[risk["small_area_id"]]
        around = hotspots.neighbours(gpd.GeoDataFrame(areas))
        found = hotspots.find(risk["risk"], risk["small_area_id"], around, study=self.study)
        return parts, isolation.with_hot_spots(risk, found), found

    @cached_property
    def zone_points(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Which open places and which vacancies lie in which zones."""
        is_open = gpd.GeoDataFrame(self.places[self.places["status"] == "open"])
        return (
            _in_zones(self.zones, is_open, key="place_id"),
            _in_zones(self.zones, self.vacancies, key="property_id"),
        )

    @cached_property
    def same_zone(self) -> dict[str, str]:
        """Zone → the first zone of its coincident group."""
        return {zone: first for own in self.overlaps.values() for zone, first in own.group.items()}

    @cached_property
    def fitting(self) -> pd.DataFrame:
        """Which places count for whom."""
        walked = gpd.GeoDataFrame(self.places[~self.places["place_id"].isin(self.refused["place_id"])])
        parts = [
            coverage.fitting(walked, group, kind, self.study)[["place_id"]].assign(
                group=group.group, kind=kind
            )
            for group in self.study.groups
            for kind in coverage.KINDS
        ]
        return pd.DataFrame(pd.concat(parts, ignore_index=True))

    @cached_property
    def zone_facts(self) -> ZoneFacts:
        """What zones are to each other, and to their rules."""
        return _zone_facts(self)


@dataclass(frozen=True)
class ZoneFacts:
    """What no limit changes of the zones."""

    crosswalk: pd.DataFrame
    indicators: pd.DataFrame
    scorecard: pd.DataFrame
    parts: Mapping[str, pd.Series]
    """System → a partition of the origins."""
    nowhere: pd.DataFrame
    """``zone_id, origin_id`` of those in no zone of a system."""
    need: pd.Series
    """Risk by ``origin_id``."""


@dataclass(frozen=True)
class Assessment:
    """One study answered; see the tables in :mod:`geo.schemas`."""

    study: Study
    coverage: pd.DataFrame
    area_coverage: pd.DataFrame
    gaps: gpd.GeoDataFrame
    gap_cells: pd.DataFrame
    opening: pd.DataFrame
    area_opening: pd.DataFrame
    choices: Mapping[type[schemas.Table], pd.DataFrame]
    """Dependence, functions, partners, room, and what would close a gap."""

    @property
    def dependence(self) -> pd.DataFrame:
        """What each place means to the people around it."""
        return self.choices[schemas.Dependence]

    @property
    def gap_options(self) -> pd.DataFrame:
        """What would close each gap; internal."""
        return self.choices[schemas.GapOptions]

    isolation: pd.DataFrame
    indicators: pd.DataFrame
    hot_spots: pd.DataFrame
    priorities: pd.DataFrame
    zone_summary: pd.DataFrame
    system_summary: pd.DataFrame
    crosswalk: pd.DataFrame
    zone_indicators: pd.DataFrame
    scorecard: pd.DataFrame
    equity: pd.DataFrame
    lorenz: pd.DataFrame
    summary: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """An assessment that was kept."""

    run_id: str
    path: Path
    assessment: Assessment


def silent(stage: str, done: int, total: int) -> None:
    """A progress that says nothing."""


def prepare(project: Project, *, progress: Progress = silent) -> Prepared:
    """Measure the study area: people, streets, distances.

    Raises
    ------
    MissingTableError
        Without small areas there are no people to ask about.
    """
    study, store = project.study, project.store
    step = _steps(progress)
    step("read")
    statistics = store.read(schemas.Statistics)
    areas_stored = _areas(project, statistics)
    crs = _plane(areas_stored, study)
    metric_tables: dict[type[schemas.Table], gpd.GeoDataFrame] = {
        schema: store.read(schema).to_crs(crs)
        for schema in (
            schemas.Municipalities,
            schemas.Zones,
            schemas.Places,
            schemas.Vacancies,
            schemas.Streets,
        )
    }
    pairs = registry.duplicates(store.read(schemas.Places), store.read(schemas.Duplicates))
    metric_tables[schemas.Places] = registry.places(metric_tables[schemas.Places], pairs)
    counts = demand.present(statistics, areas_stored)
    areas = demand.attach(areas_stored, counts, store.read(schemas.PointCounts)).to_crs(crs)

    step("prepare")
    access.warm()
    step("network")
    streets = slope.risen(metric_tables[schemas.Streets], store.read(schemas.Elevations))
    places = metric_tables[schemas.Places]
    net = network.build(streets, crs=crs) if len(streets) else None
    metric: access.Metric = (
        network.with_profile(net, _walker(study))
        if net is not None
        else access.StraightLine(study.detour_factor)
    )

    step("people")
    people = {group.group: demand.spread(areas, counts, group.column) for group in study.groups}
    origins = demand.origins(areas, streets, net)
    at_origins = pd.DataFrame({group: demand.people(origins, counts) for group, counts in people.items()})

    step("distances")
    water = areas.loc[areas["is_water"], "small_area_id"]
    on_water = origins["small_area_id"].isin(water)
    covered = coverage.measure(metric, origins, places, at_origins, on_water=on_water, study=study)
    refused = access.refused(metric, places, max_snap_m=study.max_snap_m)
    named = places[["place_id"]].assign(name=places["name"].where(registry.shown(places)))
    refused = refused.merge(named, on="place_id")
    border = _border(metric_tables[schemas.Municipalities], areas, study)
    outside = coverage.outside(
        metric, gpd.GeoDataFrame(origins[~on_water]), places, border=border, study=study
    )

    step("cells")
    cells = demand.cells(origins, areas)
    all_zones = _zones(metric_tables, areas, origins, study)
    datasets = store.read(schemas.Datasets)
    return Prepared(
        fingerprint=data_version(datasets, study),
        study=study,
        method="straight_line" if net is None else "network",
        crs=crs,
        municipality=metric_tables[schemas.Municipalities],
        zones=all_zones,
        small_areas=areas,
        people=people,
        metric=metric,
        origins=origins,
        on_water=on_water,
        at_origins=at_origins,
        cells=cells,
        contiguity=coverage.contiguity(cells, on_water=on_water),
        streets=streets,
        places=places,
        duplicates=pairs,
        outside=outside,
        refused=refused,
        vacancies=metric_tables[schemas.Vacancies],
        coverage=covered,
        statistics=statistics,
        datasets=datasets,
        overlaps=_overlaps(all_zones, study),
        membership=_membership(all_zones, origins),
        provenance=demand.provenance(areas_stored, counts, store.read(schemas.PointCounts)),
        near=_near(metric, origins, places, at_origins[study.everybody], on_water=on_water, study=study),
    )


def _near(
    metric: access.Metric,
    origins: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    people: pd.Series,
    *,
    on_water: pd.Series,
    study: Study,
) -> pd.DataFrame:
    near = pd.DataFrame({"origin_id": origins["origin_id"], "people": people.to_numpy()})
    land = gpd.GeoDataFrame(origins[~on_water])
    running = places[(places["status"] == "open") & coverage.precise(places, study)]
    for rule in study.tier_rules:
        if rule.within_m:
            fits = running["kind"].isin(rule.kinds)
            if rule.permanent:
                fits &= coverage.permanent(running, study)
            chosen = gpd.GeoDataFrame(running[fits])
            first = access.nearest(metric, land, chosen, k=1, max_snap_m=study.max_snap_m)
            near[rule.rule] = near["origin_id"].map(first.set_index("origin_id")["distance_m"]).astype(float)
    return near


def _areas(project: Project, statistics: pd.DataFrame) -> gpd.GeoDataFrame:
    """The areas that people are known by: those of the census, or the squares of a mesh table where there are none."""
    store, code = project.store, project.study.municipality_code
    stored, borders = (gpd.GeoDataFrame(store.read(s)) for s in (schemas.SmallAreas, schemas.Municipalities))
    areas = mesh.standing_in(stored, statistics, borders, municipality_code=code)
    return (
        areas if len(areas) else gpd.GeoDataFrame(projects.need(project, schemas.SmallAreas, "small-areas"))
    )


def _steps(progress: Progress) -> Callable[[str], None]:
    return lambda stage: progress(stage, STAGES.index(stage), len(STAGES))


def _plane(areas: gpd.GeoDataFrame, study: Study) -> str:
    west, south, east, north = areas.total_bounds
    middle = {"longitude": (west + east) / 2, "latitude": (south + north) / 2}
    return network.plane_crs(study.municipality_code, **middle)


ASKED_LATER = {
    *("limit_m", "gap_group", "gap_kind", "week_days", "kind_functions"),
    *("period_start", "period_days", "waking_hours", "daypart_hours", "open_at"),
}
"""Fields of the study that no walking distance depends on: they change without measuring again."""


def data_version(datasets: pd.DataFrame, study: Study) -> str:
    """Fingerprint of the data and of what the preparation asks of the study: names cached geometry."""
    asked = study.model_dump(mode="json", exclude=ASKED_LATER)
    inputs = datasets[["dataset_id", "sha256"]].to_dict("records")
    return manifest.fingerprint(inputs, asked, manifest.versions())


def _border(municipalities: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, study: Study) -> shapely.Geometry:
    """The municipality: its drawn border and its small areas, since neither is exact."""
    own = municipalities[municipalities["municipality_code"] == study.municipality_code]
    return shapely.union_all([*own.geometry, *areas.geometry])


def _zones(
    tables: Mapping[type[schemas.Table], gpd.GeoDataFrame],
    areas: gpd.GeoDataFrame,
    origins: gpd.GeoDataFrame,
    study: Study,
) -> gpd.GeoDataFrame:
    """Every zone system of the study area, the municipality itself among them."""
    own = zones.relevant(tables[schemas.Zones], origins, municipality_code=study.municipality_code)
    boundary = tables[schemas.Municipalities]
    boundary = boundary[boundary["municipality_code"] == study.municipality_code]
    whole = gpd.GeoDataFrame(
        {
            "zone_id": [f"{zones.MUNICIPALITY}:{study.municipality_code}"],
            "system": zones.MUNICIPALITY,
            "tier": "municipal",
            "name": boundary["name"].iloc[0] if len(boundary) else study.municipality_code,
            "municipality_code": study.municipality_code,
            "dataset_id": boundary["dataset_id"].iloc[0] if len(boundary) else areas["dataset_id"].iloc[0],
        },
        geometry=[boundary.geometry.iloc[0] if len(boundary) else areas.union_all()],
        crs=areas.crs,
    )
    parts = [part for part in (own, whole) if len(part)]
    return schemas.conform(schemas.Zones, gpd.GeoDataFrame(pd.concat(parts), crs=areas.crs))


def _overlaps(all_zones: gpd.GeoDataFrame, study: Study) -> dict[str, zones.Overlaps]:
    return {
        str(system): zones.overlaps(gpd.GeoDataFrame(part), coincident_iou=study.coincident_iou)
        for system, part in all_zones.groupby("system", sort=True)
    }


def _in_zones(all_zones: gpd.GeoDataFrame, points: gpd.GeoDataFrame, *, key: str) -> pd.DataFrame:
    """Which points lie in which zones; those that are only somewhere in the municipality in no smaller zone."""
    is_whole = all_zones["system"] == zones.MUNICIPALITY
    vague = points["precision"].isin(("municipality", "prefecture"))
    parts = (
        zones.members(gpd.GeoDataFrame(all_zones[is_whole]), points, key=key),
        zones.members(gpd.GeoDataFrame(all_zones[~is_whole]), gpd.GeoDataFrame(points[~vague]), key=key),
    )
    return pd.concat(parts, ignore_index=True)


def _membership(all_zones: gpd.GeoDataFrame, origins: gpd.GeoDataFrame) -> pd.DataFrame:
    whole = all_zones[all_zones["system"] == zones.MUNICIPALITY]
    parts = gpd.GeoDataFrame(all_zones[all_zones["system"] != zones.MUNICIPALITY])
    # Everybody of the census file belongs to the municipality, wherever its drawn border runs.
    everybody = pd.DataFrame({"zone_id": whole["zone_id"].iloc[0], "origin_id": origins["origin_id"]})
    return pd.concat([zones.members(parts, origins, key="origin_id"), everybody], ignore_index=True)


def assess(prepared: Prepared, study: Study) -> Assessment:
    """Answer one study from what was measured.

    Parameters
    ----------
    prepared : Prepared
    study : Study
        May differ from the prepared one in the fields of :data:`ASKED_LATER` only.

    Raises
    ------
    StudyError
        When it differs in anything that was measured.
    """
    if data_version(prepared.datasets, study) != prepared.fingerprint:
        raise errors.StudyError(
            "study_not_prepared", "This study asks something else than what was measured. Prepare it again."
        )
    limits = tuple(sorted({*study.limits_m, study.limit_m}))
    by_area = coverage.area_coverage(prepared.coverage, prepared.origins, limits_m=limits)
    near = prepared.within(study.limit_m)
    found, gap_cells = coverage.gaps(
        prepared.coverage,
        prepared.cells,
        prepared.contiguity,
        study=study,
        days=coverage.often(prepared.places, near, study=study),
    )
    found = found.assign(zone_ids=_zones_of_gaps(prepared, found, gap_cells, study))
    around = (prepared.origins, prepared.at_origins, near, prepared.places)
    when = opening.reached(near, prepared.origins, prepared.places, prepared.at_origins, study=study)
    choices = {
        schemas.Dependence: choice.dependence(prepared.coverage, near, prepared.places, study=study),
        schemas.FunctionCoverage: choice.by_function(*around, study=study),
        schemas.GapOptions: _gap_options(prepared, gap_cells, study),
        schemas.Partners: choice.partners(*around, study=study),
        schemas.Room: prepared.room,
    }
    parts, risk, clusters = prepared.need
    need = isolation.with_access(risk, by_area, study=study)
    first = isolation.priorities(need, parts, by_area, study=study)
    by_zone, by_system = _summarise_zones(prepared, study)
    facts = prepared.zone_facts
    shared = equity.table(prepared.coverage, facts.need, facts.parts, study=study)
    return Assessment(
        study=study,
        coverage=prepared.coverage,
        area_coverage=by_area,
        gaps=schemas.conform(schemas.Gaps, found),
        gap_cells=gap_cells,
        opening=opening.by_origin(when),
        area_opening=opening.by_area(when),
        choices=choices,
        isolation=need,
        indicators=parts,
        hot_spots=clusters,
        priorities=first,
        zone_summary=by_zone,
        system_summary=by_system,
        crosswalk=facts.crosswalk,
        zone_indicators=facts.indicators,
        scorecard=facts.scorecard,
        equity=shared,
        lorenz=equity.curves(prepared.coverage, study=study),
        summary={
            **_document(prepared, study, found, need, first),
            "systems": summary.systems(by_system, study=study),
            "equity": summary.equity(shared, study=study),
            "opening": _opening(prepared, when, study),
            **_choice_document(prepared, choices, near, study),
        },
    )


def _gap_options(prepared: Prepared, gap_cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    group = next(group for group in study.groups if group.group == study.gap_group)
    near, places = prepared.within(study.limit_m), prepared.places
    counts = coverage.fitting(places, group, study.gap_kind, study)["place_id"]
    serves = coverage.fitting(places, group, "any", study)["place_id"]
    other = near[~near["place_id"].isin(counts)]
    walks = {
        "vacancy": prepared.vacancy_pairs,
        "longer_opening": other[other["place_id"].isin(serves)],
        "other_group": other[~other["place_id"].isin(serves)],
    }
    return choice.closers(prepared.coverage, gap_cells, walks, study=study)


def _choice_document(
    prepared: Prepared,
    choices: Mapping[type[schemas.Table], pd.DataFrame],
    near: pd.DataFrame,
    study: Study,
) -> dict[str, Any]:
    measured = prepared.study
    return {
        "choice": summary.choice(
            choice.fragile(prepared.coverage, near, prepared.places, study=study),
            choices[schemas.Dependence],
            study=study,
        ),
        "room": summary.room(
            fca.account(prepared.room, prepared.pairs, prepared.places, study=measured), study=measured
        ),
        "functions": summary.functions(choices[schemas.FunctionCoverage], study=study),
        "partners": summary.partners(choices[schemas.Partners]),
        "gap_options": summary.gap_options(choices[schemas.GapOptions]),
    }


def _opening(prepared: Prepared, when: opening.Reached, study: Study) -> dict[str, Any]:
    now = None
    if study.open_at is not None:
        now = opening.reached_at(
            prepared.within(study.limit_m),
            prepared.origins,
            prepared.places,
            prepared.at_origins,
            moment=study.open_at,
            study=study,
        )
    return summary.opening(when, now, study=study)


OUTWARD = (
    "area_coverage",
    "gaps",
    "indicators",
    "priorities",
    "zone_summary",
    "zone_indicators",
    "system_summary",
)


def outward(assessment: Assessment) -> Assessment:
    """An assessment as pages for the public show it: no small count, and nothing about single vacant properties.

    See :func:`geo.disclosure.outward`; what is published as files goes through :func:`public`.
    """
    study = assessment.study
    tables = {name: disclosure.outward(getattr(assessment, name), study=study) for name in OUTWARD}
    crosswalk = disclosure.outward(assessment.crosswalk, study=study)
    crosswalk["share"] = crosswalk["share"].where(crosswalk["people"].notna()).round(2)
    choices = {schema: schemas.empty(schema) for schema in assessment.choices}
    told = dict(assessment.summary)
    told["gaps"] = {**told["gaps"], "people": _outward(told["gaps"]["people"], study)}
    risk = told["isolation"]
    told["isolation"] = {**risk, "high_risk_people": _outward(risk["high_risk_people"], study)}
    told["zones"] = [{**z, "people_outside": _outward(z["people_outside"], study)} for z in told["zones"]]
    return replace(assessment, **tables, crosswalk=crosswalk, choices=choices, summary=told)


def _outward(count: float | None, study: Study) -> float | None:
    if count is None:
        return None
    row = disclosure.outward(pd.DataFrame({"people": [float(count)]}), study=study)
    return float(row["people"].iloc[0])


def public(
    prepared: Prepared, study: Study, scenarios: Mapping[str, pd.DataFrame] | None = None
) -> pd.DataFrame:
    """Zones and small areas as anybody may see them.

    Parameters
    ----------
    prepared : Prepared
    study : Study
    scenarios : mapping of str to schemas.Coverage, optional
        What is, or was, published beside the present state: they are protected together.

    Returns
    -------
    public : schemas.Public
        Every group by zone; by small area everybody only.
    """
    by_zone = _summarise_zones(prepared, study)[0]
    areas = prepared.small_areas.rename(columns={"small_area_id": "zone_id"}).assign(system=AREAS)
    running = gpd.GeoDataFrame(prepared.places[prepared.places["status"] == "open"])
    located = _in_zones(gpd.GeoDataFrame(areas), running, key="place_id")
    fits = located.merge(prepared.fitting[prepared.fitting["group"] == study.everybody], on="place_id")
    by_area = pd.concat(
        [
            pd.DataFrame(areas[["zone_id", "name"]]).assign(
                places=areas["zone_id"].map(located.groupby("zone_id").size()).fillna(0),
                fitting_places=areas["zone_id"]
                .map(fits[fits["kind"] == kind].groupby("zone_id").size())
                .fillna(0),
                system=AREAS,
                tier="small",
                group=study.everybody,
                kind=kind,
            )
            for kind in coverage.KINDS
        ]
    )
    origins = prepared.origins[["origin_id", "small_area_id"]]
    inside = [
        prepared.membership,
        prepared.zone_facts.nowhere,
        origins.rename(columns={"small_area_id": "zone_id"}),
    ]
    empty = _in_zones(gpd.GeoDataFrame(areas), prepared.vacancies, key="property_id")
    vacant = pd.concat([prepared.zone_points[1], empty], ignore_index=True)
    return disclosure.public(
        pd.concat([by_zone, by_area], ignore_index=True),
        {disclosure.BASE: prepared.coverage, **(scenarios or {})},
        pd.concat(inside, ignore_index=True),
        (vacant, prepared.vacancies[["property_id", "owner_consent"]]),
        study=study,
    )


def _zones_of_gaps(
    prepared: Prepared, gaps: pd.DataFrame, gap_cells: pd.DataFrame, study: Study
) -> pd.Series:
    """The zones that a gap's people live in, most people first."""
    own = prepared.coverage[
        (prepared.coverage["group"] == study.gap_group) & (prepared.coverage["kind"] == study.gap_kind)
    ]
    inner = prepared.membership[~prepared.membership["zone_id"].str.startswith(zones.MUNICIPALITY + ":")]
    where = gap_cells.merge(inner, on="origin_id").merge(own[["origin_id", "people"]], on="origin_id")
    total = where.groupby(["gap_id", "zone_id"])["people"].sum().reset_index()
    total = total.sort_values(["gap_id", "people", "zone_id"], ascending=[True, False, True])
    joined = total.groupby("gap_id")["zone_id"].agg(";".join).to_dict()
    return gaps["gap_id"].map(lambda gap: joined.get(gap, ""))


def _zone_facts(prepared: Prepared) -> ZoneFacts:
    study, members, same = prepared.study, prepared.membership, prepared.same_zone
    origins, system = prepared.origins, _systems(prepared)
    parts, risk, _ = prepared.need
    split = {
        str(name): zones.parts(members[members["zone_id"].map(system) == name], origins["origin_id"], same)
        for name in sorted(set(system.values()))
    }
    once = prepared.zones[
        prepared.zones["zone_id"].map(lambda zone: same.get(zone, zone)) == prepared.zones["zone_id"]
    ]
    judged, where = pd.DataFrame(once.drop(columns="geometry")), members
    if not (once["tier"] == "small").any():
        # Nobody drew small zones: the small areas themselves are looked at.
        areas = prepared.small_areas[["small_area_id", "name"]].rename(columns={"small_area_id": "zone_id"})
        judged = pd.concat([judged, areas.assign(system=AREAS, tier="small")])
        own = origins[["origin_id", "small_area_id"]].rename(columns={"small_area_id": "zone_id"})
        where = pd.concat([where, own])
    running = prepared.places[prepared.places["status"] == "open"]
    kinds = running[["place_id", "kind"]].assign(
        permanent=coverage.permanent(running, study), days_known=running["open_days_per_week"].notna()
    )
    return ZoneFacts(
        crosswalk=zones.crosswalk(prepared.coverage, members, same, study=study),
        indicators=zones.interpolate(parts, origins, members, same),
        scorecard=zones.scorecard(judged, prepared.near, prepared.zone_points[0], kinds, where, study=study),
        parts=split,
        nowhere=zones.nowhere(split),
        need=origins.set_index("origin_id")["small_area_id"].map(risk.set_index("small_area_id")["risk"]),
    )


def _systems(prepared: Prepared) -> dict[str, str]:
    return dict(zip(prepared.zones["zone_id"], prepared.zones["system"], strict=True))


def _summarise_zones(prepared: Prepared, study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    places, vacancies = prepared.zone_points
    covered, members, system = prepared.coverage, prepared.membership, _systems(prepared)
    inside = zones.summarise(
        prepared.zones,
        covered,
        members,
        places,
        vacancies,
        prepared.fitting,
        group=prepared.same_zone,
        study=study,
    )
    parts = prepared.zone_facts.parts
    return (
        zones.outside_rows(inside, covered, prepared.zone_facts.nowhere, study=study),
        zones.systems_summary(inside, covered, parts, places, prepared.fitting, system, study=study),
    )


def _document(
    prepared: Prepared, study: Study, gaps: pd.DataFrame, need: pd.DataFrame, first: pd.DataFrame
) -> dict[str, Any]:
    facts = prepared.facts
    people = prepared.small_areas.set_index("small_area_id")["people"]
    names = prepared.small_areas.set_index("small_area_id")["name"]
    return {
        "run": run_id(prepared, study),
        "fingerprint": study.fingerprint(),
        "municipality": study.municipality_code,
        "population": facts["population"],
        "access": {**facts["access"], "limit_m": study.limit_m},
        "places": facts["places"],
        "coverage": facts["coverage"],
        "future_population": facts["future_population"],
        "housing": facts["housing"],
        "gaps": summary.gaps(gaps, study=study),
        "isolation": {**summary.isolation(need, people), **facts["isolation"]},
        "priorities": summary.priorities(first, names),
        "zones": facts["zones"],
        "scorecard": facts["scorecard"],
        "datasets": facts["datasets"],
        "streets": facts["streets"],
        "known": facts["known"],
    }


def _walker(study: Study) -> network.Profile:
    return network.Profile(
        slope=study.walk_slope,
        avoid_stairs=study.avoid_stairs,
        crossing_m=study.crossing_m,
        closed=study.closed_streets,
    )


def _facts(prepared: Prepared) -> dict[str, Any]:
    study = prepared.study
    counts = demand.present(prepared.statistics, prepared.small_areas)
    counted = {g.group: demand.counted_people(prepared.small_areas, counts, g.column) for g in study.groups}
    unreachable = dict(coverage.reasons(prepared.coverage, study=study))
    remarks = [
        *summary.remarks_on_method(prepared.method, unreachable, study=study),
        *summary.remarks_on_walkers(prepared.metric),
        *summary.remarks_on_unit(prepared.small_areas, prepared.statistics),
        *summary.remarks_on_people(prepared.people, prepared.small_areas, counts),
        *summary.remarks_on_places(prepared.places, prepared.refused),
        *summary.remarks_on_offers(prepared.places),
        *summary.remarks_on_duplicates(prepared.duplicates),
        *summary.remarks_on_need(prepared.need[0], prepared.need[2], study=study),
        *summary.remarks_on_zones(prepared.zones),
    ]
    used = isolation.chosen(prepared.small_areas, study=study)
    return {
        "population": summary.population(prepared.people, counted),
        "future_population": summary.future_population(prepared.statistics, prepared.datasets),
        "housing": summary.housing(prepared.statistics, prepared.datasets),
        "access": {
            "method": prepared.method,
            "detour_factor": study.detour_factor if prepared.method == "straight_line" else None,
            "limit_m": None,
            "origins": len(prepared.origins),
            "unreachable": {reason: summary.number(people) for reason, people in unreachable.items()},
            "refused_snaps": len(prepared.refused),
            "refused_places": prepared.refused["name"].dropna().tolist(),
        },
        "streets": summary.streets(prepared.metric),
        "places": summary.places(prepared.places, prepared.outside, study=study),
        "coverage": summary.coverages(prepared.coverage, study=study),
        "isolation": summary.index(
            used, prepared.need[0], prepared.need[2], prepared.provenance, prepared.datasets, study=study
        ),
        "zones": _zone_document(prepared, study),
        "scorecard": summary.scorecard(prepared.zone_facts.scorecard),
        "datasets": summary.datasets(prepared.datasets),
        "known": [remark.document() for remark in remarks],
    }


def _zone_document(prepared: Prepared, study: Study) -> list[dict[str, Any]]:
    parts = []
    for system, part in prepared.zones.groupby("system", sort=True):
        if system == zones.MUNICIPALITY:
            continue
        own, name = prepared.overlaps[str(system)], part.set_index("zone_id")["name"]
        inside = prepared.membership[prepared.membership["zone_id"].isin(part["zone_id"])]
        parts.append(
            {
                "system": system,
                "tier": part["tier"].iloc[0],
                "zones": len(part),
                "approximate": bool(part["approximate"].any()),
                "coincident_groups": len(own.coincident()),
                "overlapping_pairs": len(own.overlapping),
                "people_outside": summary.number(zones.outside(prepared.coverage, inside, study=study)),
                "coincident": [[name[zone] for zone in group] for group in own.coincident()],
                "overlapping": [[name[zone] for zone in pair] for pair in own.overlapping],
                "lost": [
                    {
                        "indicator": row.indicator,
                        "denominator": summary.number(row.denominator),
                        "lost": summary.number(row.lost),
                    }
                    for row in zones.lost(prepared.need[0], prepared.origins, inside).itertuples()
                ],
            }
        )
    return parts


def run_id(prepared: Prepared, study: Study) -> str:
    """Name of a run: equal data, study and versions have the same."""
    return manifest.fingerprint(prepared.fingerprint, study.fingerprint())[:12]


def run(project: Project, *, progress: Progress = silent) -> Run:
    """Prepare, assess, and keep the result in the project's ``runs`` folder."""
    step = _steps(progress)
    prepared = prepare(project, progress=progress)
    step("assess")
    assessment = assess(prepared, project.study)
    step("write")
    kept = Run(assessment.summary["run"], project.runs / assessment.summary["run"], assessment)
    _keep(kept, prepared)
    progress("done", len(STAGES), len(STAGES))
    return kept


def results(prepared: Prepared, assessment: Assessment) -> dict[type[schemas.Table], pd.DataFrame]:
    """The tables of a run, as they are kept and digested."""
    return {
        schemas.AreaCoverage: assessment.area_coverage,
        schemas.AreaOpening: assessment.area_opening,
        schemas.Crosswalk: assessment.crosswalk,
        schemas.Equity: assessment.equity,
        schemas.Lorenz: assessment.lorenz,
        schemas.Scorecard: assessment.scorecard,
        schemas.SystemSummary: assessment.system_summary,
        schemas.ZoneIndicators: assessment.zone_indicators,
        schemas.Coverage: assessment.coverage,
        schemas.Gaps: assessment.gaps,
        schemas.HotSpots: assessment.hot_spots,
        schemas.Indicators: assessment.indicators,
        schemas.Isolation: assessment.isolation,
        schemas.Opening: assessment.opening,
        schemas.Origins: prepared.origins,
        schemas.Priorities: assessment.priorities,
        schemas.ZoneSummary: assessment.zone_summary,
        **assessment.choices,
    }


def _digests(prepared: Prepared, assessment: Assessment) -> dict[str, str]:
    tables = results(prepared, assessment)
    return {schema.__name__: manifest.digest(table) for schema, table in tables.items()}


def _keep(kept: Run, prepared: Prepared) -> None:
    fresh = kept.path.with_name(f".{kept.run_id}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    GeoPackage(fresh / "results.gpkg").commit(results(prepared, kept.assessment))
    _write_json(fresh / "summary.json", kept.assessment.summary)
    files = {path.name: _sha256(path) for path in sorted(fresh.iterdir())}
    _write_json(
        fresh / "manifest.json",
        {
            "run": kept.run_id,
            "study": kept.assessment.study.model_dump(mode="json"),
            "inputs": summary.datasets(prepared.datasets),
            "versions": manifest.versions(),
            "seed": kept.assessment.study.seed,
            "results": _digests(prepared, kept.assessment),
            "files": files,
        },
    )
    shutil.rmtree(kept.path, ignore_errors=True)
    fresh.rename(kept.path)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _write_json(path: Path, document: object) -> None:
    path.write_text(
        json.dumps(document, ensure_ascii=False, indent=2, sort_keys=False) + "\n", encoding="utf-8"
    )


def verify(project: Project, name: str) -> list[str]:
    """Compute a kept run again and compare.

    Parameters
    ----------
    project : Project
    name : str
        Folder name of the run.

    Returns
    -------
    differences : list of str
        Names of the results that differ when computed again, and of the kept files that were changed since;
        empty when the run was reproduced.

    Raises
    ------
    StoreError
        When there is no such run.
    DataError
        When the project no longer holds the data that the run was made of.
    """
    try:
        if name not in _names(project):  # A name that leads out of the folder is none of its runs.
            raise FileNotFoundError(name)
        old = json.loads((project.runs / name / "manifest.json").read_text(encoding="utf-8"))
        study, expected = studies.make(**old["study"]), dict(old["results"])
        inputs, files = {row["id"]: row["sha256"] for row in old["inputs"]}, dict(old["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise errors.StoreError(
            "no_run",
            "{run} is no run of {folder} that can be read. Runs there: {known}",
            run=name,
            folder=str(project.path),
            known=", ".join(_names(project)) or "none",
        ) from None
    now = {row["id"]: row["sha256"] for row in summary.datasets(project.store.read(schemas.Datasets))}
    changed = manifest.differences(inputs, now)
    if changed:
        raise errors.DataError(
            "inputs_changed",
            "The project's data are no longer those of run {run}: {datasets} changed. Import the old files to "
            "verify it, or run again.",
            run=name,
            datasets=", ".join(changed),
        )
    prepared = prepare(Project(project.path, study))
    changed = manifest.differences(files, {file: _sha256(project.runs / name / file) for file in files})
    return [*changed, *manifest.differences(expected, _digests(prepared, assess(prepared, study)))]


def _names(project: Project) -> list[str]:
    return sorted(path.name for path in project.runs.glob("[!.]*") if path.is_dir())
