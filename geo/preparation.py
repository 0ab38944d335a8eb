"""The study area, measured: people, streets, walking distances; what takes long and what no slider changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import (
    access,
    catchment,
    coverage,
    demand,
    fca,
    hotspots,
    isolation,
    manifest,
    mesh,
    network,
    registry,
    schemas,
    slope,
    summary,
    zones,
)
from geo import project as projects
from geo.once import once
from geo.project import Project
from geo.study import Study

AREAS = "areas"
"""Stands for the zone system where the small areas themselves are looked at."""


Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, and how many of how many are done."""


REACH_M = 1200
"""How far the app's slider goes: longer walks are searched again when they are asked for."""


STAGES = ("read", "prepare", "network", "people", "distances", "cells", "assess", "write")


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

    @once
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

    @once
    def room(self) -> pd.DataFrame:
        """Room of every origin; its bands are the study's distances, which no slider changes."""
        return fca.measure(self.pairs, self.origins, self.places, self.at_origins, study=self.study)

    @once
    def vacancy_pairs(self) -> pd.DataFrame:
        """Origins and the vacant properties around them, as far as any slider goes."""
        spots = self.vacancies.rename(columns={"property_id": "place_id"})
        land = gpd.GeoDataFrame(self.origins[~self.on_water.to_numpy()])
        reach_m, snap_m = max(REACH_M, *self.study.limits_m), self.study.max_snap_m
        return access.distances(self.metric, land, spots, limit_m=reach_m, max_snap_m=snap_m)

    @once
    def catchments(self) -> gpd.GeoDataFrame:
        """The ground from which each open place is within the study's distances."""
        is_open = gpd.GeoDataFrame(self.places[self.places["status"] == "open"])
        width, snap = self.study.catchment_width_m, self.study.max_snap_m
        return catchment.areas(
            self.metric, is_open, limits_m=self.study.limits_m, width_m=width, max_snap_m=snap
        )

    @once
    def facts(self) -> dict[str, Any]:
        """The parts of the summary that no limit changes."""
        return _facts(self)

    @once
    def need(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Indicators, risk of isolation, and where it clusters."""
        parts = isolation.indicators(self.small_areas, study=self.study)
        risk = isolation.risk(self.small_areas, parts, study=self.study)
        areas = self.small_areas.set_index("small_area_id").loc[risk["small_area_id"]]
        around = hotspots.neighbours(gpd.GeoDataFrame(areas))
        found = hotspots.find(risk["risk"], risk["small_area_id"], around, study=self.study)
        return parts, isolation.with_hot_spots(risk, found), found

    @once
    def zone_points(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Which open places and which vacancies lie in which zones."""
        is_open = gpd.GeoDataFrame(self.places[self.places["status"] == "open"])
        return (
            in_zones(self.zones, is_open, key="place_id"),
            in_zones(self.zones, self.vacancies, key="property_id"),
        )

    @once
    def same_zone(self) -> dict[str, str]:
        """Zone → the first zone of its coincident group."""
        return {zone: first for own in self.overlaps.values() for zone, first in own.group.items()}

    @once
    def zone_names(self) -> pd.DataFrame:
        """The zones as people call them, those of every system but the municipality itself."""
        told = zones.named(self.zones, group=self.same_zone)
        return told[told["tier"] != schemas.TIERS[-1]].sort_values(["system", "name"])

    @once
    def on_map(self) -> tuple[str, ...]:
        """Ids of the places that stand on a map, in their order."""
        return tuple(registry.drawn(self.places)["place_id"])

    @once
    def fitting(self) -> pd.DataFrame:
        """Which places count for whom."""
        walked = gpd.GeoDataFrame(self.places[~self.places["place_id"].isin(self.refused["place_id"])])
        parts = [
            walked.loc[coverage.fits(walked, group, kind, self.study), ["place_id"]].assign(
                group=group.group, kind=kind
            )
            for group in self.study.groups
            for kind in coverage.KINDS
        ]
        return pd.DataFrame(pd.concat(parts, ignore_index=True))

    @once
    def zone_facts(self) -> ZoneFacts:
        """What zones are to each other, and to their rules."""
        return _zone_facts(self)


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
    step = steps(progress)
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
        network.with_profile(net, walker(study))
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
    land = _land(metric_tables[schemas.Municipalities], areas, study)
    outside = coverage.outside(metric, gpd.GeoDataFrame(origins[~on_water]), places, land=land, study=study)

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
    land = access.points(metric, gpd.GeoDataFrame(origins[~on_water]), max_snap_m=study.max_snap_m)
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


def steps(progress: Progress) -> Callable[[str], None]:
    """Tell a progress by the names of stages alone."""
    return lambda stage: progress(stage, STAGES.index(stage), len(STAGES))


def _plane(areas: gpd.GeoDataFrame, study: Study) -> str:
    west, south, east, north = areas.total_bounds
    middle = {"longitude": (west + east) / 2, "latitude": (south + north) / 2}
    return network.plane_crs(study.municipality_code, **middle)


def walker(study: Study) -> network.Profile:
    """How people walk on the streets in this study."""
    return network.Profile(
        slope=study.walk_slope,
        avoid_stairs=study.avoid_stairs,
        crossing_m=study.crossing_m,
        closed=study.closed_streets,
    )


ASKED_LATER = {
    *("limit_m", "gap_group", "gap_kind", "week_days", "kind_functions"),
    *("period_start", "period_days", "waking_hours", "daypart_hours", "open_at", "enough_open_share"),
    *("falling_share", "falling_min_people", "fixed_newcomers_share", "ageing_mean_age", "ageing_share"),
}
"""Fields of the study that no walking distance depends on: they change without measuring again."""


def data_version(datasets: pd.DataFrame, study: Study) -> str:
    """Fingerprint of the data and of what the preparation asks of the study: names cached geometry."""
    asked = study.model_dump(mode="json", exclude=ASKED_LATER)
    inputs = datasets[["dataset_id", "sha256"]].to_dict("records")
    return manifest.fingerprint(inputs, asked, manifest.versions())


def _land(municipalities: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, study: Study) -> np.ndarray:
    """The municipality: its drawn border and its small areas, since neither is exact."""
    own = municipalities[municipalities["municipality_code"] == study.municipality_code]
    return np.concatenate([own.geometry.to_numpy(), areas.geometry.to_numpy()])


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


def in_zones(all_zones: gpd.GeoDataFrame, points: gpd.GeoDataFrame, *, key: str) -> pd.DataFrame:
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


def _zone_facts(prepared: Prepared) -> ZoneFacts:
    study, members, same = prepared.study, prepared.membership, prepared.same_zone
    origins, system = prepared.origins, systems(prepared)
    parts, risk, _ = prepared.need
    split = {
        str(name): zones.parts(members[members["zone_id"].map(system) == name], origins["origin_id"], same)
        for name in sorted(set(system.values()))
    }
    once = prepared.zones[zones.first_of(prepared.zones, same) == prepared.zones["zone_id"]]
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


def systems(prepared: Prepared) -> dict[str, str]:
    """Zone → the system that it is of."""
    return dict(zip(prepared.zones["zone_id"], prepared.zones["system"], strict=True))


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
        *summary.remarks_on_suitability(prepared.places, study=study),
        *summary.remarks_on_salons(prepared.places, study=study),
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
