"""Decisions on a project's own data: the tables of a run → model areas, sites, territories, and their record.

The app and the command line ask the same three functions; each answers in one document of plain values. A record holds
the question, the data's version, the seed and the answer, so that anybody can compute it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import errors, manifest, pipeline, schemas, siting, summary
from geo import study as studies
from geo.decide import model_areas, portfolio, territories
from geo.decide.portfolio import Quota
from geo.decide.questions import Committee, Coordination, Siting, make
from geo.pipeline import Assessment, Prepared
from geo.project import Project

FOLDER = "decisions"
SOME = 1e-9
"""More than none."""
TOUCH_M = 0.5
"""Areas nearer than this to each other are neighbours: their borders come from different drawings."""
Question = Committee | Siting | Coordination
KINDS: dict[str, type[Question]] = {"model_areas": Committee, "sites": Siting, "territories": Coordination}
Document = dict[str, Any]


# --- model areas ----------------------------------------------------------------------------------------


def area_facts(prepared: Prepared, assessment: Assessment, *, system: str, group: str) -> pd.DataFrame:
    """Everything by which the areas of a zone system may be compared.

    Returns
    -------
    facts : DataFrame
        ``area_id, name, people, covered_share, left_out, left_out_GROUP`` (people without a place within the limit, for
        each group of the study), ``risk`` (mean by people, relative), ``places, vacancies``; ``left_out…_low`` where
        places of unknown opening days make it uncertain. NaN: not known.

    Raises
    ------
    DataError
        When there is no such system, or nobody of the group is counted.
    """
    table = assessment.zone_summary[assessment.zone_summary["system"] == system]
    table = table[table["zone_id"].isin(prepared.zones["zone_id"])]  # people outside every zone are no area
    own = table[(table["group"] == group) & (table["kind"] == assessment.study.gap_kind)]
    if own.empty:
        raise errors.DataError(
            "areas_none",
            "There are no areas of the system {system} with the group {group}. Systems: {known}",
            system=system,
            group=group,
            known=", ".join(sorted(set(assessment.zone_summary["system"]))),
        )
    facts = own[["zone_id", "name", "people", "covered_share", "places"]].rename(
        columns={"zone_id": "area_id"}
    )
    facts = facts.set_index("area_id", drop=False)
    kind = table[table["kind"] == assessment.study.gap_kind]
    for name, part in kind.groupby("group", sort=True):
        known = part.set_index("zone_id").reindex(facts.index)
        column = "left_out" if name == group else f"left_out_{name}"
        facts[column] = known["people"] - known["covered_people"]
        facts[f"{column}_low"] = known["people"] - known["covered_people_max"]
    inside = prepared.zone_points[1].groupby("zone_id")["property_id"].nunique()
    # Within the council: the count is not masked, and does not leave the house (see the record's role).
    facts["vacancies"] = inside.reindex(facts.index, fill_value=0).astype(float)
    facts["risk"] = _risk(prepared, assessment).reindex(facts.index)
    facts["apartment_share"] = _apartments(prepared).reindex(facts.index)
    shops = prepared.vacancies.loc[prepared.vacancies["kind"] == "shop", "property_id"]
    own_shops = prepared.zone_points[1][prepared.zone_points[1]["property_id"].isin(shops)]
    rate = 1000 * own_shops.groupby("zone_id")["property_id"].nunique() / facts["people"]
    # A list without any shop does not say that there are none.
    facts["shops_per_1000"] = rate.reindex(facts.index).fillna(0.0) if len(shops) else np.nan
    return facts.reset_index(drop=True)


def _apartments(prepared: Prepared) -> pd.Series:
    """Share of the dwellings of each zone that are in apartment houses; NaN without a table of them."""
    areas = prepared.small_areas.set_index("small_area_id")
    if not {"dwellings", "dwellings_apartment"} <= set(areas):
        return pd.Series(dtype=float)
    known = areas[["dwellings", "dwellings_apartment"]].dropna()
    at = prepared.origins[["origin_id", "small_area_id"]].assign(
        people=prepared.at_origins[prepared.study.everybody].to_numpy(float)
    )
    at = at.merge(known, left_on="small_area_id", right_index=True)
    # The dwellings of an area stand where its people live.
    part = at["people"] / at.groupby("small_area_id")["people"].transform("sum")
    at = at.assign(all=at["dwellings"] * part, flats=at["dwellings_apartment"] * part)
    total = prepared.membership.merge(at, on="origin_id").groupby("zone_id")[["all", "flats"]].sum()
    return total["flats"] / total["all"].where(total["all"] > 0)


def area_types(facts: pd.DataFrame, question: Committee) -> pd.Series:
    """The type of each area by the rule of the question, by ``area_id``; see :func:`geo.decide.portfolio.area_types`.

    Shops are the vacant ones, since lists tell of no others: a shopping street is where there are ``shopping_from``
    times as many for its people as in all areas together.
    """
    whole = (facts["shops_per_1000"] * facts["people"]).sum(min_count=1) / facts["people"].sum()
    return portfolio.area_types(
        facts,
        apartment_share=question.apartments_from,
        shops_per_1000=max(question.shopping_from * whole, SOME) if whole == whole else np.inf,
    )


def _risk(prepared: Prepared, assessment: Assessment) -> pd.Series:
    """Mean risk of the people of each zone, over the areas where it is known."""
    risk = prepared.origins["small_area_id"].map(assessment.isolation.set_index("small_area_id")["risk"])
    people = prepared.at_origins[prepared.study.everybody].to_numpy(float)
    at = pd.DataFrame(
        {"origin_id": prepared.origins["origin_id"], "risk": risk.to_numpy(float), "people": people}
    )
    known = prepared.membership.merge(at.dropna(), on="origin_id")
    total = known.assign(part=known["risk"] * known["people"]).groupby("zone_id")[["part", "people"]].sum()
    return total["part"] / total["people"].where(total["people"] > 0)


def model_area_answer(prepared: Prepared, assessment: Assessment, question: Committee) -> Document:
    """The committee's answer: front, rankings, acceptability, members, portfolio, comparison areas, why.

    Parameters
    ----------
    prepared : Prepared
    assessment : Assessment
    question : Committee

    Returns
    -------
    document : dict
    """
    facts = area_facts(prepared, assessment, system=question.system, group=question.group)
    criteria = _criteria(question)
    scores, votes = _scores(facts, question), _votes(question)
    weights = model_areas.together(votes)
    ranked = model_areas.ranking(scores, criteria, weights)
    seed = assessment.study.seed
    sets = list(model_areas.members(votes).values())
    any_weights = model_areas.smaa(scores, criteria, seed=seed)
    own_weights = model_areas.smaa(
        scores, criteria, beliefs=model_areas.Beliefs(sets=sets), draws=3_000, seed=seed
    )
    types = area_types(facts, question)
    typed = facts.assign(type=types.to_numpy())
    chosen, beside = _portfolio(prepared, typed, ranked, question)
    matched = portfolio.match(
        typed, chosen.chosen, features=question.alike, same=[portfolio.TYPE], neighbours=beside
    )
    members = model_areas.influence(scores, criteria, votes)
    order = ranked.dropna(subset=["weighted_sum_rank"]).sort_values(["weighted_sum_rank", "area_id"])[
        "area_id"
    ]
    return {
        "areas": summary.rows(facts[["area_id", "name"]]),
        "criteria": summary.rows(criteria),
        "scores": summary.rows(scores),
        "votes": summary.rows(votes),
        "weights": {name: summary.number(weight, 6) for name, weight in weights.items()},
        "ranking": summary.rows(ranked),
        "acceptability": summary.rows(any_weights.acceptability),
        "central_weights": summary.rows(any_weights.central),
        "acceptability_of_members": summary.rows(own_weights.acceptability),
        "draws": any_weights.draws,
        "agreement": summary.number(model_areas.agreement(scores, criteria, votes), 6),
        "members": summary.rows(members),
        "consistency": _consistency(question),
        "dissent": sorted(members.loc[members["first"] != order.iloc[0], "member"]) if len(order) else [],
        "chosen": list(chosen.chosen),
        "total": summary.number(chosen.total, 6),
        "alternatives": [{"chosen": list(c), "total": summary.number(t, 6)} for c, t in chosen.alternatives],
        "types": summary.rows(typed[["area_id", portfolio.TYPE, "apartment_share", "shops_per_1000"]]),
        "comparison": summary.rows(matched.pairs),
        "balance": summary.rows(matched.balance),
        "why": _why(scores, criteria, weights, order.tolist()),
    }


def _criteria(question: Committee) -> pd.DataFrame:
    rows = [{**one.model_dump(), "source": "zone_summary"} for one in question.criteria]
    frame: pd.DataFrame = schemas.conform(schemas.Criteria, pd.DataFrame(rows))
    return frame


def _scores(facts: pd.DataFrame, question: Committee) -> pd.DataFrame:
    names = [one.criterion for one in question.criteria]
    strange = [name for name in names if name not in facts or name in ("area_id", "name")]
    if strange:
        raise errors.DataError(
            "criteria_strange",
            "There is no value {names} by which areas are compared. Known: {known}",
            names=", ".join(strange),
            known=", ".join(c for c in facts if c not in ("area_id", "name") and not c.endswith("_low")),
        )
    parts = []
    for name in names:
        value = facts[name].astype(float)
        low = facts.get(f"{name}_low", value)
        sure = (low == value) | value.isna()
        state = np.select([value.isna(), sure], ["unknown", "known"], "partial")
        part = {"area_id": facts["area_id"], "criterion": name, "value": value, "state": state}
        parts.append(pd.DataFrame({**part, "low": low.mask(sure), "high": value.mask(sure)}))
    frame: pd.DataFrame = schemas.conform(schemas.Scores, pd.concat(parts, ignore_index=True))
    return frame


def _votes(question: Committee) -> pd.DataFrame:
    names = tuple(sorted(one.criterion for one in question.criteria))
    rows = []
    for one in question.members:
        given = [one.weights, one.ranking, one.pairs]
        if sum(way is not None for way in given) != 1:
            raise errors.StudyError(
                "member_weights",
                "The member {member} needs weights in exactly one way: weights, ranking or pairs.",
                member=one.member,
            )
        own: Mapping[str, float] = one.weights or {}
        if one.ranking is not None:
            own = model_areas.by_ranking(one.ranking)
        elif one.pairs is not None:
            own = model_areas.pairwise({(a, b): times for a, b, times in one.pairs})[0]
        for name, share in zip(names, model_areas.shares(names, own), strict=True):
            rows.append({"member": one.member, "role": one.role, "criterion": name, "weight": float(share)})
    frame: pd.DataFrame = schemas.conform(schemas.Votes, pd.DataFrame(rows))
    return frame


def _consistency(question: Committee) -> Document:
    """Of members who compared pairs."""
    ratios = {
        one.member: model_areas.pairwise({(a, b): times for a, b, times in one.pairs})[1]
        for one in question.members
        if one.pairs is not None
    }
    return {
        name: {"ratio": summary.number(ratio, 6), "consistent": bool(ratio <= model_areas.CONSISTENT)}
        for name, ratio in sorted(ratios.items())
    }


def _portfolio(
    prepared: Prepared, facts: pd.DataFrame, ranked: pd.DataFrame, question: Committee
) -> tuple[portfolio.Portfolio, list[tuple[str, str]]]:
    own = prepared.zones.set_index("zone_id").loc[facts["area_id"]]
    beside = neighbours(gpd.GeoDataFrame(own.reset_index()), key="zone_id")
    areas = facts[["area_id"]].merge(ranked[["area_id", "weighted_sum"]], on="area_id")
    areas = areas.rename(columns={"weighted_sum": "score"})
    quotas = []
    if question.one_per is not None:
        areas["within"] = _within(prepared, own, question.one_per)
        quotas.append(Quota("within", each_most=1))
    if question.per_type is not None or question.types_least:
        areas[portfolio.TYPE] = facts[portfolio.TYPE].to_numpy()
        quotas.append(
            Quota(
                portfolio.TYPE,
                least={str(name): n for name, n in question.types_least.items()},
                each_most=question.per_type,
            )
        )
    chosen = portfolio.choose(
        areas, number=question.choose, quotas=quotas, neighbours=[] if question.neighbours else beside
    )
    return chosen, beside


def neighbours(areas: gpd.GeoDataFrame, *, key: str) -> list[tuple[str, str]]:
    """Areas that touch or overlap, each pair once."""
    shapes, names = areas.geometry.to_numpy(), areas[key].to_numpy()
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=TOUCH_M)
    return sorted((str(names[i]), str(names[j])) for i, j in zip(a, b, strict=True) if names[i] < names[j])


def _within(prepared: Prepared, areas: gpd.GeoDataFrame, system: str) -> np.ndarray:
    """The zone of another system that holds most of each area, by its name; by its key where two have one name."""
    outer = prepared.zones[prepared.zones["system"] == system].reset_index(drop=True)
    if outer.empty:
        raise errors.DataError(
            "areas_none",
            "There are no areas of the system {system} with the group {group}. Systems: {known}",
            system=system,
            group="-",
            known=", ".join(sorted(set(prepared.zones["system"]))),
        )
    shapes = outer.geometry.to_numpy()
    shared = np.array([shapely.area(shapely.intersection(shape, shapes)) for shape in areas.geometry])
    twice = outer["name"].duplicated(keep=False)
    named = outer["name"].where(~twice, outer["zone_id"]).to_numpy(dtype=object)
    most = named[shared.argmax(axis=1)]
    most[shared.max(axis=1) == 0] = None
    return np.asarray(most)


def _why(
    scores: pd.DataFrame, criteria: pd.DataFrame, weights: Mapping[str, float], order: Sequence[str]
) -> list[Document]:
    """Why the first and not the second; as keys of sentences and their values."""
    if len(order) < 2:
        return []
    reasons = model_areas.why(scores, criteria, weights, order[0], order[1])
    return [{"code": reason.code, **reason.context} for reason in reasons]


def why(document: Mapping[str, Any], a: str, b: str) -> list[Document]:
    """Why area ``a`` and not area ``b``, from the answer alone: keys of sentences and their values."""
    scores, criteria = pd.DataFrame(document["scores"]), pd.DataFrame(document["criteria"])
    return _why(scores.astype({"value": float}), criteria, document["weights"], [a, b])


# --- territories ----------------------------------------------------------------------------------------


def territory_answer(prepared: Prepared, question: Coordination, *, seed: int) -> Document:
    """The ward divided among coordinators, for each number asked, beside how they work now."""
    areas = prepared.small_areas[~prepared.small_areas["is_water"]].sort_values("small_area_id")
    areas = gpd.GeoDataFrame(areas.reset_index(drop=True))
    if question.group not in prepared.people:
        raise errors.StudyError(
            "study_gap_group",
            "gap_group = {value!r} is none of the study's groups ({known}).",
            value=question.group,
            known=", ".join(prepared.people),
        )
    work = prepared.people[question.group].reindex(areas["small_area_id"]).to_numpy(float)
    middle = shapely.point_on_surface(areas.geometry.to_numpy())
    table = pd.DataFrame(
        {
            "area_id": areas["small_area_id"],
            "load": np.nan_to_num(work),
            "x": shapely.get_x(middle),
            "y": shapely.get_y(middle),
        }
    )
    beside = neighbours(areas, key="small_area_id")
    proposed = []
    for number in sorted(set(question.numbers)):
        found = territories.divide(table, beside, number=number, seed=seed)
        proposed.append(
            {
                "number": number,
                "largest": summary.number(found.largest, 3),
                "bound": summary.number(found.bound, 3),
                "loads": summary.rows(found.loads),
                "areas": summary.rows(found.table),
                "bridges": [list(pair) for pair in found.bridges],
            }
        )
    return {
        "group": question.group,
        "areas": len(table),
        "areas_unknown": sorted(areas.loc[np.isnan(work), "small_area_id"]),
        "present": _present(prepared, table, middle, question),
        "proposed": proposed,
    }


def _present(
    prepared: Prepared, table: pd.DataFrame, middle: np.ndarray, question: Coordination
) -> list[Document]:
    if question.present is None:
        return []
    own = prepared.zones[prepared.zones["system"] == question.present].reset_index(drop=True)
    point, zone = shapely.STRtree(own.geometry.to_numpy()).query(middle, predicate="intersects")
    joined = pd.DataFrame(
        {"area_id": table["area_id"].to_numpy()[point], "territory": own["zone_id"].to_numpy()[zone]}
    )
    first = joined.sort_values(["area_id", "territory"]).drop_duplicates("area_id")
    return summary.rows(territories.loads(table, first)) if len(first) else []


# --- records --------------------------------------------------------------------------------------------


def answer(prepared: Prepared, study: studies.Study, question: Question) -> Document:
    """The answer to any question."""
    if isinstance(question, Committee):
        return model_area_answer(prepared, pipeline.assess(prepared, study), question)
    if isinstance(question, Siting):
        return siting.answer(prepared, study, question)
    return territory_answer(prepared, question, seed=study.seed)


def decide(project: Project, prepared: Prepared, question: Question) -> Document:
    """Answer a question and keep the record in the project's folder ``decisions``.

    Returns
    -------
    record : dict
        ``decision`` (its name), ``kind``, ``question``, ``study``, ``inputs``, ``versions``, ``seed``, ``result`` and
        its ``digests``.
    """
    study = project.study
    result = answer(prepared, study, question)
    kind = next(name for name, own in KINDS.items() if isinstance(question, own))
    asked = question.model_dump(mode="json")
    record: Document = {
        "decision": manifest.fingerprint(kind, asked, pipeline.run_id(prepared, study))[:12],
        "kind": kind,
        "question": asked,
        "run": pipeline.run_id(prepared, study),
        "study": study.model_dump(mode="json"),
        "inputs": summary.datasets(prepared.datasets),
        "versions": manifest.versions(),
        "seed": study.seed,
        "result": result,
        "digests": _digests(result),
    }
    folder = project.path / FOLDER
    folder.mkdir(exist_ok=True)
    path(project, record["decision"]).write_text(
        json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    return record


def entries(prepared: Prepared, record: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """The new places of a choice of sites as entries of the registry.

    Parameters
    ----------
    prepared : Prepared
        Of the data of the record.
    record : mapping
        Of :func:`decide`, of the kind ``sites``.

    Returns
    -------
    places : schemas.Places
        See :func:`geo.decide.scenarios.planned`.
    """
    question = make(Siting, record["question"])
    options = siting.options_of(prepared, studies.make(**record["study"]), question)
    return siting.planned(options, record["result"]["chosen"], question)


def path(project: Project, name: str) -> Path:
    """The file of a record."""
    return project.path / FOLDER / f"{name}.json"


def kept(project: Project, kind: str) -> list[str]:
    """The names of the records of a kind, those of other kinds left out."""
    names = sorted(file.stem for file in (project.path / FOLDER).glob("*.json"))
    return [name for name in names if read(project, name)["kind"] == kind]


def read(project: Project, name: str) -> Document:
    """A kept record.

    Raises
    ------
    StoreError
        When there is none of that name, or it cannot be read.
    """
    known = sorted(file.stem for file in (project.path / FOLDER).glob("*.json"))
    try:
        if name not in known:
            raise FileNotFoundError(name)
        record: Document = json.loads(path(project, name).read_text(encoding="utf-8"))
        for needed in ("kind", "question", "study", "inputs", "result", "digests"):
            record[needed]
    except (OSError, ValueError, KeyError, TypeError):
        raise errors.StoreError(
            "no_decision",
            "{name} is no decision of {folder} that can be read. Decisions there: {known}",
            name=name,
            folder=str(project.path),
            known=", ".join(known) or "none",
        ) from None
    return record


def verify(project: Project, name: str) -> list[str]:
    """Compute a decision again and compare.

    Returns
    -------
    differences : list of str
        Names of the parts that differ; ``record`` when its own answer was changed after it was kept. Empty: reproduced.

    Raises
    ------
    DataError
        When the project no longer holds the data of the decision.
    """
    old = read(project, name)
    now = {row["id"]: row["sha256"] for row in summary.datasets(project.store.read(schemas.Datasets))}
    changed = manifest.differences({row["id"]: row["sha256"] for row in old["inputs"]}, now)
    if changed:
        raise errors.DataError(
            "inputs_changed",
            "The project's data are no longer those of run {run}: {datasets} changed. Import the old files to "
            "verify it, or run again.",
            run=name,
            datasets=", ".join(changed),
        )
    question: Question = make(KINDS[old["kind"]], old["question"])
    study = studies.make(**old["study"])
    prepared = pipeline.prepare(Project(project.path, study))
    fresh = _digests(answer(prepared, study, question))
    touched = ["record"] if _digests(old["result"]) != old["digests"] else []
    return [*touched, *manifest.differences(old["digests"], fresh)]


def _digests(result: Document) -> dict[str, str]:
    return {name: manifest.fingerprint(json.loads(json.dumps(part))) for name, part in sorted(result.items())}
