"""Sites on a project's data: what could be done for the money, for whatever aim, with its order and its doubt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import access, errors, registry, schemas, summary
from geo import study as studies
from geo.decide import aims, candidates, plans, scenarios, sites
from geo.decide.aims import Asking
from geo.decide.questions import Siting, Wanted
from geo.decide.solver import Solution
from geo.preparation import Prepared

AGAIN_S = 10.0
"""Limit of time of each question that follows from the answer: other budgets or walks, a site that falls through."""
SHOWN = 20
"""So many options are told with how often they stay."""
Document = dict[str, Any]
ORDERED = (*aims.ROW_AIMS, "room")
"""Aims whose plan is told in their own unit; the others' in people newly covered."""
UNITS: Mapping[str, str] = {
    "cover": "people",
    "need": "weighted",
    "hours": "person_hours",
    "room": "people",
    "fair": "share",
    "median": "metres",
    "center": "metres",
    "least": "actions",
    "backup": "people",
}
"""In what the objective of each aim is told; person-hours are those of a week."""


def answer(prepared: Prepared, study: studies.Study, question: Siting) -> Document:
    """The best actions for the money, their order, what more money buys, alternatives, doubt, and the funnel.

    Parameters
    ----------
    prepared : Prepared
    study : Study
    question : Siting

    Returns
    -------
    document : dict
        Without positions: vacant properties are named by their number only. In the public role those without
        consent are no options. ``objective``, ``bound``, ``frontier.served`` and ``alternatives.loss`` are in the
        ``unit`` of the aim; ``plan.gain`` in that of the plan (``plan_unit``).
    """
    options = options_of(prepared, study, question)
    limit_m = float(question.limit_m or study.limit_m)
    desk = _Desk(prepared, study, question, options, _reach(prepared, options, study, question, limit_m))
    found = desk.ask(limit_m)(options, question.rules())
    document: Document = {
        "limit_m": summary.number(limit_m),
        "aim": question.aim,
        "unit": UNITS[question.aim],
        "status": found.status,
        "objective": summary.number(found.objective, 4),
        "bound": summary.number(found.bound, 4),
        "gap": summary.number(found.gap, 6) if found.status != "infeasible" else None,
        "options": _counted(options),
        "gate": gate_summary(prepared.vacancies, question),
        "not_asked": desk.left_out(limit_m),
    }
    if found.why is not None:
        why = {"code": found.why.code, "template": found.why.template, "values": dict(found.why.context)}
        return {**document, "why": why, "chosen": []}
    return {**document, **_plan(desk, found, limit_m)}


def _plan(desk: _Desk, found: Solution, limit_m: float) -> Document:
    """What follows from a choice."""
    question, options, rules = desk.question, desk.options, desk.question.rules()
    plan = plans.roll_out(desk.worth(limit_m), options, found.chosen, years=question.years)
    plan = plan.sort_values("step").merge(options[["option_id", "site_id"]], on="option_id")
    budgets = plans.steps(question.budget_yen) if question.budget_yen else []
    again, aim = desk.ask(limit_m, time_limit_s=AGAIN_S), question.aim
    frontier = plans.frontier(again, options, rules=rules, budgets_yen=budgets, aim=aim)
    instead = plans.alternatives(again, options, found, rules=rules, aim=aim)
    kinds = plans.each_action(again, options, rules=rules, aim=aim)
    stays, asked = plans.robustness(desk.variations(limit_m), options, rules=rules)
    return {
        "chosen": list(found.chosen),
        "cost_yen": summary.number(float(plan["cost_yen"].sum())),
        "people": _people(*desk.rows(limit_m, aim="cover"), options, found.chosen),
        "plan": summary.rows(plan),
        "plan_unit": UNITS[aim] if aim in ORDERED else "people",
        "frontier": summary.rows(frontier),
        "actions": summary.rows(kinds),
        "alternatives": summary.rows(instead),
        "robustness": summary.rows(stays.head(SHOWN)),
        "robustness_of": sorted(asked),
        "sites": _sites(desk.prepared, options, [plan, frontier, kinds, instead, stays]),
        "funnel": _funnel(desk.prepared.vacancies, question),
        "planned": len(planned(options, found.chosen, question)),
    }


@dataclass(frozen=True)
class _Desk:
    """A question with the tables that answer it."""

    prepared: Prepared
    study: studies.Study
    question: Siting
    options: gpd.GeoDataFrame
    reach: pd.DataFrame
    kept: dict[tuple[float, str], tuple[pd.DataFrame, pd.DataFrame]] = field(default_factory=dict)
    """Rows of the question as it is asked: the order and the budgets ask for them again."""
    near: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict)

    def ask(
        self, limit_m: float, *, wanted: Sequence[Wanted] = (), time_limit_s: float = sites.TIME_LIMIT_S
    ) -> Asking:
        """The question of the aim, for other people or walks too."""
        given = self._tables(limit_m, tuple(wanted) or self.question.wanted)
        return aims.asking(self.question.aim, given, time_limit_s=time_limit_s, seed=self.study.seed)

    def _tables(self, limit_m: float, wanted: Sequence[Wanted]) -> aims.Tables:
        first, aim = wanted[0], self.question.aim
        rows, serves = self.rows(limit_m, wanted=wanted) if aim in aims.ROW_AIMS else (_NONE, _NONE)
        seats, room = self._room(wanted) if aim == "room" else (_NONE, _NONE)
        reach = self._serving(first)
        near = sites.within(reach, limit_m=limit_m) if aim in ("least", "backup") else reach
        demand = _demand(self.prepared, first.group)
        if aim in aims.FULL_AIMS and self.question.reachable_only:
            demand = demand[demand["origin_id"].isin(near["origin_id"].unique())]
        return aims.Tables(
            rows=rows,
            serves=serves,
            demand=demand,
            reach=reach,
            seats=seats,
            room=room,
            membership=self._zones() if aim == "fair" else _NONE,
            limit_m=limit_m,
            far_m=self.question.far_m,
        )

    def worth(self, limit_m: float) -> plans.Worth:
        """By what the chosen options are put in order."""
        if self.question.aim == "room":
            return plans.room(self.ask(limit_m, time_limit_s=AGAIN_S), self.options)
        aim = self.question.aim if self.question.aim in aims.ROW_AIMS else "cover"
        return plans.served(*self.rows(limit_m, aim=aim), self.options)

    def left_out(self, limit_m: float) -> Document | None:
        """People whom nothing reaches, where everybody was asked for and they were left out."""
        question = self.question
        if question.aim not in aims.FULL_AIMS or not question.reachable_only:
            return None
        everybody = _demand(self.prepared, question.wanted[0].group)
        asked = self._tables(limit_m, question.wanted).demand
        left = everybody[~everybody["origin_id"].isin(asked["origin_id"])]
        return {"origins": len(left), "people": summary.number(float(left["people"].sum()))}

    def _zones(self) -> pd.DataFrame:
        """The zones whose shares are to be alike: those of the question, else of the study area's first system."""
        own = self.prepared.zones
        systems = sorted(set(own["system"]))
        system = self.question.fair_over or self.question.one_per or systems[0]
        inside = own.loc[own["system"] == system, "zone_id"]
        if inside.empty:
            raise errors.DataError(
                "zones_none",
                "There are no zones of the system {system}. Systems: {known}",
                system=system,
                known=", ".join(systems),
            )
        return self.prepared.membership[self.prepared.membership["zone_id"].isin(inside)]

    def rows(
        self, limit_m: float, *, wanted: Sequence[Wanted] = (), aim: str | None = None
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Weighted rows and who serves them."""
        own, aim = tuple(wanted) or self.question.wanted, aim or self.question.aim
        if own != self.question.wanted:
            return self._rows(limit_m, own, aim)
        if (limit_m, aim) not in self.kept:
            self.kept[limit_m, aim] = self._rows(limit_m, own, aim)
        return self.kept[limit_m, aim]

    def _rows(self, limit_m: float, wanted: Sequence[Wanted], aim: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        prepared, study = self.prepared, self.study
        near = sites.within(self.reach, limit_m=limit_m)
        groups = _groups(study, wanted)
        people = prepared.at_origins.assign(origin_id=prepared.origins["origin_id"].to_numpy())
        if aim == "hours":
            return self._hours(people, near, list(dict.fromkeys(groups)))
        serves = self._served
        asked = [(group, one.kind, one.weight) for group, one in zip(groups, wanted, strict=True)]
        rows, served = candidates.rows(people, near, serves, asked)
        if aim == "need":
            rows = rows.assign(weight=rows["weight"] * rows["origin_id"].map(self._need).astype(float))
        return rows, served

    @cached_property
    def _served(self) -> pd.DataFrame:
        days = self.question.new_days_per_week
        return candidates.served_groups(
            self.options, self.prepared.places, study=self.study, new_days_per_week=days
        )

    def _serving(self, one: Wanted) -> pd.DataFrame:
        """Walks to the options that serve a group as a kind of place; each question asks for them again."""
        if (one.group, one.kind) not in self.near:
            self.near[one.group, one.kind] = self._walks_to(one)
        return self.near[one.group, one.kind]

    def _walks_to(self, one: Wanted) -> pd.DataFrame:
        _groups(self.study, [one])
        serves = self._served
        fit = serves.loc[(serves["group"] == one.group) & (serves["kind"] == one.kind), "option_id"]
        own = self.reach[self.reach["option_id"].isin(fit)].reset_index(drop=True)
        # As categories: the same few names stand in very many pairs, and every question looks them up.
        return own.astype({"origin_id": "category", "option_id": "category"})

    @cached_property
    def _need(self) -> pd.Series:
        """What a person counts by the rank of the risk where they live; the middle where it is not known."""
        lowest = self.question.need_lowest
        need = self.prepared.zone_facts.need
        rank = need.rank(pct=True).fillna(0.5)
        return lowest + (1 - lowest) * rank

    def _hours(
        self, people: pd.DataFrame, near: pd.DataFrame, groups: Sequence[studies.Group]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Person-hours a week, group by group."""
        opens, welcome = self._when
        parts = []
        for group in groups:
            fit = welcome.loc[welcome["group"] == group.group, "option_id"]
            demand = people[["origin_id", group.group]].set_axis(["origin_id", "people"], axis=1)
            own = near[near["option_id"].isin(fit)]
            part = candidates.week_rows(
                demand[demand["people"] > 0],
                own,
                opens[opens["option_id"].isin(fit)],
                slot_hours=0.5 * 7 / self.study.period_days,
            )
            parts.append([_marked(table, f"|{group.group}") for table in part])
        rows, serves = (pd.concat([part[i] for part in parts], ignore_index=True) for i in (0, 1))
        return rows, serves.astype("category")

    def _room(self, wanted: Sequence[Wanted]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """People of each group, and the options that have room for them in a week."""
        people = self.prepared.at_origins.assign(origin_id=self.prepared.origins["origin_id"].to_numpy())
        people = people[~self.prepared.on_water.to_numpy()]
        welcome = candidates.welcoming(self.options, self.prepared.places, study=self.study)
        asked = {group.group: group for group in _groups(self.study, wanted)}
        # A place whose room is not known limits nobody who comes today; that it has room for others is not sure.
        own = self.options
        there = own.loc[(own["standing"] == "existing") & own["capacity"].isna(), "site_id"]
        unsure = own.loc[(own["action"] == "widen") & own["site_id"].isin(there), "option_id"]
        welcome = welcome[~welcome["option_id"].isin(unsure)]
        seats, room = candidates.room_rows(people, self.reach, welcome, list(asked.values()))
        return seats, room.astype({"origin_id": "category", "option_id": "category"})

    @cached_property
    def _when(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """When the options are open, and whom they welcome."""
        options, places, study = self.options, self.prepared.places, self.study
        opens = candidates.open_slots(
            options,
            places,
            study=study,
            new_hours=self.question.hours(),
            new_days_per_week=self.question.new_days_per_week,
        )
        return opens, candidates.welcoming(options, places, study=study)

    def variations(self, limit_m: float) -> dict[str, Asking]:
        """The same choice at every limit and pace of the study, for all that are wanted and for each of its groups.

        A slower person comes less far in the minutes in which an adult walks the limit. Aims that take long are asked
        at fewer walks, and those that no limit changes for each group alone.
        """
        study, question = self.study, self.question
        paces = (study.speed_adult_m_per_min, study.speed_older_m_per_min, study.speed_frail_m_per_min)
        walked: set[float] = {limit_m, *map(float, study.limits_m)}
        if question.aim != "hours":
            walked |= {float(math.floor(metres * pace / paces[0])) for metres in walked for pace in paces}
        people: dict[str, list[Wanted]] = {"": list(question.wanted)}
        if question.aim in ("cover", "need", "median", "center"):
            people |= self._each_group()
        if question.aim in ("median", "center"):
            walked = {limit_m}
        return {
            f"{metres:g} m {group}".strip(): self.ask(metres, wanted=wanted, time_limit_s=AGAIN_S)
            for metres in sorted(walked)
            for group, wanted in people.items()
        }

    def _each_group(self) -> dict[str, list[Wanted]]:
        """Every group of the study alone, for the kinds of place that are wanted for it, or for anybody."""
        wanted = self.question.wanted
        told = {}
        for group in self.study.groups:
            own = [one for one in wanted if one.group == group.group]
            kinds = dict.fromkeys(one.kind for one in wanted)
            alone = own or [Wanted(group=group.group, kind=kind) for kind in kinds]
            counted = bool((self.prepared.at_origins[group.group] > 0).any())
            if counted and tuple(alone) != wanted:
                told[group.group] = alone
        return told


def _marked(table: pd.DataFrame, mark: str) -> pd.DataFrame:
    """The rows of one group apart from those of others."""
    if isinstance(table["row_id"].dtype, pd.CategoricalDtype):
        categories = [name + mark for name in table["row_id"].cat.categories]
        return table.assign(row_id=table["row_id"].cat.rename_categories(categories))
    return table.assign(row_id=table["row_id"] + mark)


_NONE = pd.DataFrame(columns=["row_id", "weight", "option_id"])


def _groups(study: studies.Study, wanted: Sequence[Wanted]) -> list[studies.Group]:
    groups = {group.group: group for group in study.groups}
    strange = sorted({one.group for one in wanted} - set(groups))
    if strange:
        raise errors.StudyError(
            "study_gap_group",
            "gap_group = {value!r} is none of the study's groups ({known}).",
            value=", ".join(strange),
            known=", ".join(groups),
        )
    return [groups[one.group] for one in wanted]


def options_of(prepared: Prepared, study: studies.Study, question: Siting) -> gpd.GeoDataFrame:
    """The options of a question: standing and zones as it asks."""
    options = candidates.options(
        prepared.vacancies,
        prepared.places,
        costs=question.costs(),
        gate=question.passing(),
        role=question.role,
        study=study,
        enlarge_share=question.enlarge_share,
        new_capacity=question.new_capacity,
        new_days_per_week=question.new_days_per_week,
    )
    known = set(options["option_id"])
    strange = sorted({*question.required, *question.forbidden} - known)
    if strange:
        raise errors.DataError(
            "options_strange",
            "Required or forbidden options are not there, or did not pass the gate: {ids}. Options are named "
            "action:number, as in open:A0001.",
            ids=", ".join(strange),
        )
    standing = options["standing"].mask(options["option_id"].isin(question.required), "required")
    standing = standing.mask(options["option_id"].isin(question.forbidden), "forbidden")
    zone = None
    if question.one_per is not None:
        outer = prepared.zones[prepared.zones["system"] == question.one_per].reset_index(drop=True)
        joined = gpd.sjoin(options[["option_id", "geometry"]], outer[["zone_id", "geometry"]], how="left")
        first = joined.sort_values(["option_id", "zone_id"]).drop_duplicates("option_id")
        zone = options["option_id"].map(first.set_index("option_id")["zone_id"])
        # A place outside every zone is a zone of its own, not one with all others outside.
        zone = zone.where(zone.notna(), options["option_id"])
    room = options["capacity"] / question.visits_per_week  # of a week, in people
    return gpd.GeoDataFrame(options.assign(standing=standing, zone_id=zone, capacity=room))


def walks(
    prepared: Prepared, options: gpd.GeoDataFrame, study: studies.Study, *, limit_m: float
) -> pd.DataFrame:
    """Walks from every origin on land to every option; each site is measured once."""
    places = options.drop_duplicates("site_id")[["site_id", "geometry"]].rename(
        columns={"site_id": "place_id"}
    )
    land = gpd.GeoDataFrame(prepared.origins[~prepared.on_water.to_numpy()])
    pairs = access.distances(
        prepared.metric, land, gpd.GeoDataFrame(places), limit_m=limit_m, max_snap_m=study.max_snap_m
    )
    joined = pairs.rename(columns={"place_id": "site_id"}).merge(
        options[["option_id", "site_id"]], on="site_id"
    )
    frame: pd.DataFrame = schemas.conform(schemas.Reach, joined[["origin_id", "option_id", "distance_m"]])
    return frame


def _reach(
    prepared: Prepared, options: gpd.GeoDataFrame, study: studies.Study, question: Siting, limit_m: float
) -> pd.DataFrame:
    far = question.far_m if question.aim in ("median", "center") else 0.0
    return walks(prepared, options, study, limit_m=max(limit_m, far, *study.limits_m))


def planned(options: gpd.GeoDataFrame, chosen: Sequence[str], question: Siting) -> gpd.GeoDataFrame:
    """The chosen new places as entries of the registry."""
    own = gpd.GeoDataFrame(options[options["option_id"].isin(chosen)])
    return scenarios.planned(
        own, open_days_per_week=question.new_days_per_week, opening_text=question.new_hours
    )


def _demand(prepared: Prepared, group: str) -> pd.DataFrame:
    """People on land by origin; nobody where they are not known."""
    people = prepared.at_origins[group].to_numpy(float)
    table = pd.DataFrame({"origin_id": prepared.origins["origin_id"].to_numpy(), "people": people})
    return table[(table["people"] > 0) & ~prepared.on_water.to_numpy()]


def _sites(prepared: Prepared, options: gpd.GeoDataFrame, told: Sequence[pd.DataFrame]) -> list[Document]:
    """What the places and properties of an answer are called; a property by its number, never by its address."""
    names = {
        name
        for table in told
        for column in ("option_id", "chosen", "instead")
        if column in table
        for joined in table[column]
        for name in str(joined).split(";")
    }
    own = options[options["option_id"].isin(names)].drop_duplicates("site_id").sort_values("site_id")
    places = prepared.places.set_index("place_id")["name"].where(registry.shown(prepared.places).to_numpy())
    kinds = prepared.vacancies.set_index("property_id")["kind"]
    return [
        {"site_id": site, "name": summary.text(places.get(site)), "kind": summary.text(kinds.get(site))}
        for site in own["site_id"]
    ]


def _people(
    rows: pd.DataFrame, serves: pd.DataFrame, options: gpd.GeoDataFrame, chosen: Sequence[str]
) -> list[Document]:
    """People newly served, by group and kind of place, with their number beside."""
    told = []
    for (group, kind), part in rows.groupby(["group", "kind"], sort=True):
        own = part.assign(weight=part["people"])
        mine = serves[serves["row_id"].isin(own["row_id"])]
        fresh = plans.served(own, mine, options)(chosen)
        told.append(
            {
                "group": group,
                "kind": kind,
                "newly_served": summary.number(fresh),
                "people": summary.number(float(part["people"].sum())),
            }
        )
    return told


def gate_summary(vacancies: gpd.GeoDataFrame, question: Siting) -> Document:
    """How many properties pass, fail or are not known, by check, and how many go on."""
    checks = candidates.check(vacancies, question.passing(), role=question.role)
    counts = checks.groupby(["check", "result"]).size()
    going = candidates.passing(vacancies, question.passing(), role=question.role)
    return {
        "properties": len(vacancies),
        "passing": len(going),
        "checks": {
            name: {result: int(counts.get((name, result), 0)) for result in ("pass", "fail", "unknown")}
            for name in candidates.CHECKS
        },
    }


def _funnel(vacancies: gpd.GeoDataFrame, question: Siting) -> list[Document]:
    if question.rates is None:
        return []
    agreed = vacancies["owner_consent"].isin(("agreed_public", "agreed_internal"))
    stages = vacancies["stage"].where(vacancies["stage"].notna(), np.where(agreed, "consented", "candidate"))
    going = candidates.passing(vacancies, question.passing(), role=question.role)["property_id"]
    told = candidates.funnel(stages[vacancies["property_id"].isin(going)], question.rates)
    return summary.rows(told)


def _counted(options: gpd.GeoDataFrame) -> dict[str, int]:
    free = options[options["standing"] != "existing"]
    return {action: int((free["action"] == action).sum()) for action in schemas.ACTIONS}
