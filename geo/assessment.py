"""One study answered from what was measured, as fast as a slider moves.

Every table is worked out when it is first asked for: a page pays for what it shows, a run asks for all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import geopandas as gpd
import pandas as pd

from geo import (
    choice,
    coverage,
    disclosure,
    equity,
    errors,
    fca,
    isolation,
    manifest,
    opening,
    preparation,
    schemas,
    summary,
    zones,
)
from geo.once import once
from geo.opening import Reached
from geo.preparation import AREAS, Prepared
from geo.study import Study


@dataclass(frozen=True, eq=False)
class Assessment:
    """One study answered; see the tables in :mod:`geo.schemas`."""

    prepared: Prepared
    study: Study

    def with_tables(self, **tables: Any) -> Assessment:
        """The same answer with some of its tables given: they are not worked out."""
        copy = Assessment(self.prepared, self.study)
        vars(copy).update(tables)
        return copy

    @once
    def coverage(self) -> pd.DataFrame:
        """``schemas.Coverage``: no limit changes it."""
        return self.prepared.coverage

    @once
    def area_coverage(self) -> pd.DataFrame:
        """``schemas.AreaCoverage``."""
        limits = tuple(sorted({*self.study.limits_m, self.study.limit_m}))
        return coverage.area_coverage(self.coverage, self.prepared.origins, limits_m=limits)

    @once
    def _near(self) -> pd.DataFrame:
        """Pairs of origins and places within the study's limit at least."""
        return self.prepared.within(self.study.limit_m)

    @once
    def _gaps(self) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
        prepared, study = self.prepared, self.study
        days = coverage.often(prepared.places, self._near, study=study)
        found, cells = coverage.gaps(
            self.coverage, prepared.cells, prepared.contiguity, study=study, days=days
        )
        found = found.assign(zone_ids=_zones_of_gaps(prepared, found, cells, study))
        return schemas.conform(schemas.Gaps, found), cells

    @once
    def gaps(self) -> gpd.GeoDataFrame:
        """``schemas.Gaps``."""
        return self._gaps[0]

    @once
    def gap_cells(self) -> pd.DataFrame:
        """``origin_id, gap_id``."""
        return self._gaps[1]

    @once
    def gap_options(self) -> pd.DataFrame:
        """``schemas.GapOptions``: what would close each gap; internal."""
        return _gap_options(self.prepared, self.gap_cells, self.study)

    @once
    def _when(self) -> Reached:
        return opening.reached(*self._around, study=self.study)

    @property
    def _around(self) -> tuple[pd.DataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame, pd.DataFrame]:
        prepared = self.prepared
        return self._near, prepared.origins, prepared.places, prepared.at_origins

    @once
    def opening(self) -> pd.DataFrame:
        """``schemas.Opening``."""
        return opening.by_origin(self._when)

    @once
    def area_opening(self) -> pd.DataFrame:
        """``schemas.AreaOpening``."""
        return opening.by_area(self._when)

    @once
    def zone_opening(self) -> pd.DataFrame:
        """``schemas.ZoneOpening``; people in no zone of a system have a row of their own."""
        prepared = self.prepared
        own = zones.first_of(prepared.membership, prepared.same_zone)
        first = prepared.membership[own == prepared.membership["zone_id"]]
        inside = pd.concat([first, prepared.zone_facts.nowhere], ignore_index=True)
        return opening.by_zone(self._when, inside, prepared.zone_points[0], prepared.places, study=self.study)

    @once
    def coverage_at(self) -> pd.DataFrame:
        """``schemas.Coverage`` of the study's group and kind at its ``open_at``: what is closed then does not count."""
        moment = self.study.open_at
        if moment is None:
            return self.coverage
        reach = self.prepared.within(max(self.study.limit_m, *self.study.limits_m))
        return opening.coverage_at(
            self.coverage, reach, self.prepared.places, moment=moment, study=self.study
        )

    @once
    def dependence(self) -> pd.DataFrame:
        """``schemas.Dependence``: what each place means to the people around it."""
        return choice.dependence(self.coverage, self._near, self.prepared.places, study=self.study)

    @once
    def functions(self) -> pd.DataFrame:
        """``schemas.FunctionCoverage``."""
        near, origins, places, people = self._around
        return choice.by_function(origins, people, near, places, study=self.study)

    @once
    def partners(self) -> pd.DataFrame:
        """``schemas.Partners``."""
        near, origins, places, people = self._around
        return choice.partners(origins, people, near, places, study=self.study)

    @once
    def salons(self) -> pd.DataFrame:
        """``schemas.Salons``: how they fare; internal."""
        return choice.salons(self.prepared.places, study=self.study)

    @once
    def room(self) -> pd.DataFrame:
        """``schemas.Room``: no limit changes it."""
        return self.prepared.room

    @once
    def isolation(self) -> pd.DataFrame:
        """``schemas.Isolation``."""
        return isolation.with_access(self.prepared.need[1], self.area_coverage, study=self.study)

    @once
    def indicators(self) -> pd.DataFrame:
        """``schemas.Indicators``."""
        return self.prepared.need[0]

    @once
    def hot_spots(self) -> pd.DataFrame:
        """``schemas.HotSpots``."""
        return self.prepared.need[2]

    @once
    def priorities(self) -> pd.DataFrame:
        """``schemas.Priorities``."""
        return isolation.priorities(self.isolation, self.indicators, self.area_coverage, study=self.study)

    @once
    def _by_zone(self) -> pd.DataFrame:
        return _summarised(self.prepared, self.study)

    @once
    def zone_summary(self) -> pd.DataFrame:
        """``schemas.ZoneSummary``."""
        nowhere = self.prepared.zone_facts.nowhere
        whole = zones.outside_rows(self._by_zone, self.coverage, nowhere, study=self.study)
        return zones.with_opening(whole, opening.whole_week(self.zone_opening, self._when.slots))

    @once
    def system_summary(self) -> pd.DataFrame:
        """``schemas.SystemSummary``."""
        prepared = self.prepared
        return zones.systems_summary(
            self._by_zone,
            self.coverage,
            prepared.zone_facts.parts,
            prepared.zone_points[0],
            prepared.fitting,
            preparation.systems(prepared),
            study=self.study,
        )

    @once
    def crosswalk(self) -> pd.DataFrame:
        """``schemas.Crosswalk``."""
        return self.prepared.zone_facts.crosswalk

    @once
    def zone_indicators(self) -> pd.DataFrame:
        """``schemas.ZoneIndicators``."""
        return self.prepared.zone_facts.indicators

    @once
    def scorecard(self) -> pd.DataFrame:
        """``schemas.Scorecard``."""
        return self.prepared.zone_facts.scorecard

    @once
    def equity(self) -> pd.DataFrame:
        """``schemas.Equity``."""
        facts = self.prepared.zone_facts
        return equity.table(self.coverage, facts.need, facts.parts, self._goods, study=self.study)

    @once
    def lorenz(self) -> pd.DataFrame:
        """``schemas.Lorenz``."""
        return equity.curves(self.coverage, self._goods, study=self.study)

    @property
    def _goods(self) -> dict[str, pd.DataFrame]:
        """What is shared beside places: open hours, where some are known, and room (E2SFCA)."""
        hours = self.opening
        surely, maybe = (
            hours[name].groupby(hours["group"]).transform("sum") for name in ("open_share", "unknown_share")
        )
        known = hours[(surely > 0) | (maybe == 0)]
        return {"open_share": known, "room": self.room.rename(columns={"enhanced": "room"})}

    @once
    def summary(self) -> Mapping[str, Any]:
        """The document of the run; each section is written when it is read."""
        return summary.Document(_sections(self))


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
    if preparation.data_version(prepared.datasets, study) != prepared.fingerprint:
        raise errors.StudyError(
            "study_not_prepared", "This study asks something else than what was measured. Prepare it again."
        )
    return Assessment(prepared, study)


def _gap_options(prepared: Prepared, gap_cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    group = next(group for group in study.groups if group.group == study.gap_group)
    near, places = prepared.within(study.limit_m), prepared.places
    counts, serves = (
        places.loc[coverage.fits(places, group, kind, study), "place_id"] for kind in (study.gap_kind, "any")
    )
    other = near[~near["place_id"].isin(counts)]
    walks = {
        "vacancy": prepared.vacancy_pairs,
        "longer_opening": other[other["place_id"].isin(serves)],
        "other_group": other[~other["place_id"].isin(serves)],
    }
    return choice.closers(prepared.coverage, gap_cells, walks, study=study)


def _opening(found: Assessment) -> dict[str, Any]:
    now = None
    if found.study.open_at is not None:
        now = opening.reached_at(*found._around, moment=found.study.open_at, study=found.study)
    return summary.opening(found._when, found.zone_opening, now, study=found.study)


OUTWARD = (
    *("area_coverage", "area_opening", "gaps", "indicators", "priorities"),
    *("zone_opening", "zone_summary", "zone_indicators", "system_summary"),
)
"""Tables that pages for the public show without small counts."""
INTERNAL = {
    "dependence": schemas.Dependence,
    "functions": schemas.FunctionCoverage,
    "partners": schemas.Partners,
    "room": schemas.Room,
    "salons": schemas.Salons,
    "gap_options": schemas.GapOptions,
}
"""Tables that stay in the house."""


_IN_HOUSE = (summary.UNTOLD_SALONS.code,)
"""Remarks on tables that the public does not see."""


def outward(assessment: Assessment) -> Assessment:
    """An assessment as pages for the public show it: no small count, and nothing about single vacant properties.

    See :func:`geo.disclosure.outward`; what is published as files goes through :func:`public`.
    """
    study, told = assessment.study, assessment.summary
    tables = {name: disclosure.outward(getattr(assessment, name), study=study) for name in OUTWARD}
    crosswalk = disclosure.outward(assessment.crosswalk, study=study)
    crosswalk["share"] = crosswalk["share"].where(crosswalk["people"].notna()).round(2)
    empty = {name: schemas.empty(schema) for name, schema in INTERNAL.items()}

    def masked(section: str, field: str) -> Callable[[], dict[str, Any]]:
        return lambda: {**told[section], field: _outward(told[section][field], study)}

    def zones_() -> list[dict[str, Any]]:
        return [{**zone, "people_outside": _outward(zone["people_outside"], study)} for zone in told["zones"]]

    sections: dict[str, Callable[[], Any]] = {name: partial(told.__getitem__, name) for name in told}
    sections |= {"gaps": masked("gaps", "people"), "isolation": masked("isolation", "high_risk_people")}
    sections |= {
        "zones": zones_,
        "opening": lambda: _opening_outward(told["opening"], told["population"], study),
        "functions": lambda: _functions_outward(told["functions"], told["population"], study),
        "salons": lambda: None,
        "known": lambda: [_remark_outward(r, study) for r in told["known"] if r["code"] not in _IN_HOUSE],
    }
    return assessment.with_tables(
        **tables,
        **empty,
        crosswalk=crosswalk,
        equity=_equity_outward(assessment.equity, study),
        summary=summary.Document(sections),
    )


def _part(part: float | None, whole: float | None, study: Study) -> tuple[float | None, float | None]:
    """A count among a known number of people, and its share, as the public may see them."""
    if part is None or whole is None:
        return None, None
    row = pd.DataFrame({"people": [whole], "covered_people": [part], "covered_share": [0.0]}, dtype=float)
    told = disclosure.outward(row, study=study).iloc[0]
    if told["covered_people"] != told["covered_people"]:
        return None, None
    return float(told["covered_people"]), float(told["covered_share"])


def _opening_outward(told: dict[str, Any], population: Mapping[str, Any], study: Study) -> dict[str, Any]:
    def day(row: dict[str, Any], group: str) -> dict[str, Any]:
        return {**row, "people_without": _part(row["people_without"], population.get(group), study)[0]}

    groups = [
        {**own, "by_weekday": [day(row, own["group"]) for row in own.get("by_weekday", ())]}
        for own in told["groups"]
    ]
    return {**told, "groups": groups, "zones": [], "open_at": None}


def _functions_outward(
    told: list[dict[str, Any]], population: Mapping[str, Any], study: Study
) -> list[dict[str, Any]]:
    def shares(own: dict[str, Any]) -> dict[str, float | None]:
        whole = population.get(own["group"])
        counts = {
            name: None if share is None or whole is None else share * whole
            for name, share in own["by_function"].items()
        }
        return {name: _part(count, whole, study)[1] for name, count in counts.items()}

    return [{**own, "by_function": shares(own)} for own in told]


def _equity_outward(equity_table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The share of people who fall short is a count of them."""
    table = equity_table.copy()
    short = table["fgt0"] * table["people"]
    few = disclosure.mask_small(short, k=study.disclosure_k).isna()
    few |= disclosure.mask_small(table["people"] - short, k=study.disclosure_k).isna()
    table.loc[few, ["fgt0", "fgt1", "fgt2"]] = float("nan")
    return table


def _remark_outward(remark: dict[str, Any], study: Study) -> dict[str, Any]:
    """A remark on people whom no walk reaches, without a small count of them."""
    if not remark["code"].startswith("unreachable_"):
        return remark
    n, k = float(remark["values"]["n"]), study.disclosure_k
    told = f"1–{k - 1}" if 0.5 <= n < k else f"{_outward(n, study):,.0f}"
    return {**remark, "values": {**remark["values"], "n": told}, "text": remark["template"].format(n=told)}


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
    by_zone = Assessment(prepared, study).zone_summary
    areas = prepared.small_areas.rename(columns={"small_area_id": "zone_id"}).assign(system=AREAS)
    running = gpd.GeoDataFrame(prepared.places[prepared.places["status"] == "open"])
    located = preparation.in_zones(gpd.GeoDataFrame(areas), running, key="place_id")
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
    empty = preparation.in_zones(gpd.GeoDataFrame(areas), prepared.vacancies, key="property_id")
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


def run_id(prepared: Prepared, study: Study) -> str:
    """Name of a run: equal data, study and versions have the same."""
    return manifest.fingerprint(prepared.fingerprint, study.fingerprint())[:12]


def _summarised(prepared: Prepared, study: Study) -> pd.DataFrame:
    places, vacancies = prepared.zone_points
    table = zones.summarise(
        prepared.zones,
        prepared.coverage,
        prepared.membership,
        places,
        vacancies,
        prepared.fitting,
        group=prepared.same_zone,
        study=study,
    )
    # Without a list of vacant properties nobody knows how many there are.
    return table if len(prepared.vacancies) else table.assign(vacancies=float("nan"))


def _sections(found: Assessment) -> dict[str, Callable[[], Any]]:
    """What each section of the document is made of, in the document's order."""
    prepared, study, facts = found.prepared, found.study, found.prepared.facts
    areas = prepared.small_areas.set_index("small_area_id")
    measured = prepared.study
    return {
        "run": lambda: run_id(prepared, study),
        "fingerprint": study.fingerprint,
        "municipality": lambda: study.municipality_code,
        "population": lambda: facts["population"],
        "access": lambda: {**facts["access"], "limit_m": study.limit_m},
        "places": lambda: facts["places"],
        "coverage": lambda: facts["coverage"],
        "future_population": lambda: facts["future_population"],
        "housing": lambda: facts["housing"],
        "gaps": lambda: summary.gaps(found.gaps, study=study),
        "isolation": lambda: {**summary.isolation(found.isolation, areas["people"]), **facts["isolation"]},
        "priorities": lambda: summary.priorities(found.priorities, areas["name"]),
        "zones": lambda: facts["zones"],
        "scorecard": lambda: facts["scorecard"],
        "datasets": lambda: facts["datasets"],
        "streets": lambda: facts["streets"],
        "known": lambda: facts["known"],
        "systems": lambda: summary.systems(found.system_summary, study=study),
        "equity": lambda: summary.equity(found.equity, study=study),
        "opening": lambda: _opening(found),
        "choice": lambda: summary.choice(
            choice.fragile(found.coverage, found._near, prepared.places, study=study),
            found.dependence,
            study=study,
        ),
        "room": lambda: summary.room(
            fca.account(prepared.room, prepared.pairs, prepared.places, study=measured), study=measured
        ),
        "functions": lambda: summary.functions(found.functions, study=study),
        "partners": lambda: summary.partners(found.partners),
        "salons": lambda: summary.salons(found.salons),
        "gap_options": lambda: summary.gap_options(found.gap_options),
    }
