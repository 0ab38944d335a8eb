"""What could be done: vacant properties through a gate, and actions on existing places, as options.

The gate answers each check with pass, fail or unknown. It is a first look at a list, never a legal verdict: a building
engineer and the authority decide. A property whose owner has not agreed to be named never becomes an option in the
public role, whatever else is asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo import coverage, errors, fca, opening, schemas
from geo.study import Group, PlaceKind, Study

Role = Literal["public", "internal"]
CHECKS = ("consent", "size", "step_free", "quake", "flood", "landslide", "use_change")
QUAKE_YEAR = 1981
"""Buildings confirmed from June 1981 on follow the present standard; of the year itself a list does not tell."""


@dataclass(frozen=True)
class Gate:
    """What a vacant property must pass.

    Parameters
    ----------
    min_floor_area_m2 : float
        Room for a dozen people and a kitchen: the project's own assumption.
    max_flood_rank : int
        Highest rank of flood depth (浸水深ランク of 国土数値情報 A31: 1 below 0.5 m, 2 below 3 m …); 0: outside.
    use_change_m2 : float
        Above this floor area a change of use needs a confirmation (建築基準法 87 条, since 2019-06-25): a hint.
    must : sequence of str
        Checks that may not fail; the others are shown. ``unknown`` is no failure, save for consent in public.
    """

    min_floor_area_m2: float = 40
    max_flood_rank: int = 2
    use_change_m2: float = 200
    must: Sequence[str] = ("consent", "size", "flood", "landslide")


@dataclass(frozen=True)
class Cost:
    """What an action costs, yen: once, every year, and for each square metre of a vacant property."""

    once_yen: float
    yearly_yen: float
    per_m2_yen: float = 0


def check(vacancies: pd.DataFrame, gate: Gate, *, role: Role) -> pd.DataFrame:
    """Each property × check: pass, fail or unknown.

    Parameters
    ----------
    vacancies : schemas.Vacancies
    gate : Gate
    role : {"public", "internal"}
        In public only ``agreed_public`` is consent; inside the council ``agreed_internal`` too, and an owner who was
        asked has not answered yet.

    Returns
    -------
    checks : schemas.GateChecks

    Examples
    --------
    >>> house = pd.DataFrame({"property_id": ["v"], "owner_consent": "asked", "floor_area_m2": 250.0,
    ...     "built_year": 1990.0, "step_free": None, "quake_proof": None, "flood_rank": np.nan, "landslide": None})
    >>> check(house, Gate(), role="internal").set_index("check")["result"].to_dict()
    {'consent': 'unknown', 'flood': 'unknown', 'landslide': 'unknown', 'quake': 'pass', 'size': 'pass',
     'step_free': 'unknown', 'use_change': 'fail'}
    """
    floor, rank = vacancies["floor_area_m2"], vacancies["flood_rank"]
    year = vacancies["built_year"]
    by_year = _three(year > QUAKE_YEAR, year < QUAKE_YEAR)
    said = _three(vacancies["quake_proof"] == "yes", vacancies["quake_proof"] == "no")
    results = {
        "consent": _consent(vacancies["owner_consent"], role),
        "size": _three(floor >= gate.min_floor_area_m2, floor < gate.min_floor_area_m2),
        "step_free": _three(vacancies["step_free"] == "yes", vacancies["step_free"] == "no"),
        "quake": np.where(said == "unknown", by_year, said),
        "flood": _three(rank <= gate.max_flood_rank, rank > gate.max_flood_rank),
        "landslide": _three(vacancies["landslide"] == "none", vacancies["landslide"].isin(("yellow", "red"))),
        "use_change": _three(floor <= gate.use_change_m2, floor > gate.use_change_m2),
    }
    parts = [
        pd.DataFrame({"property_id": vacancies["property_id"].to_numpy(), "check": name, "result": result})
        for name, result in results.items()
    ]
    return schemas.conform(schemas.GateChecks, pd.concat(parts, ignore_index=True))


def _three(passed: pd.Series, failed: pd.Series) -> np.ndarray:
    return np.select([passed.fillna(value=False), failed.fillna(value=False)], ["pass", "fail"], "unknown")


def _consent(consent: pd.Series, role: Role) -> np.ndarray:
    if role == "public":
        return np.where(consent == "agreed_public", "pass", "fail")
    return np.select(
        [consent.isin(("agreed_public", "agreed_internal")), consent == "asked"], ["pass", "unknown"], "fail"
    )


def passing(vacancies: gpd.GeoDataFrame, gate: Gate, *, role: Role) -> gpd.GeoDataFrame:
    """The properties that fail none of the checks that must be passed.

    In the public role consent must be passed even where ``gate.must`` leaves it out.
    """
    checks = check(vacancies, gate, role=role)
    must = {*gate.must, "consent"} if role == "public" else set(gate.must)
    strange = sorted(must - set(CHECKS))
    if strange:
        raise errors.StudyError(
            "gate_unknown",
            "The gate names checks that there are not: {names}. Known: {known}",
            names=", ".join(strange),
            known=", ".join(CHECKS),
        )
    out = checks.loc[checks["check"].isin(must) & (checks["result"] == "fail"), "property_id"]
    return gpd.GeoDataFrame(vacancies[~vacancies["property_id"].isin(out)])


def options(
    vacancies: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    *,
    costs: Mapping[str, Cost],
    gate: Gate,
    role: Role,
    study: Study,
    enlarge_share: float = 0.5,
    new_capacity: float | None = None,
    new_days_per_week: float = 5,
) -> gpd.GeoDataFrame:
    """Existing places, properties that pass the gate, and actions on open places.

    Parameters
    ----------
    vacancies : schemas.Vacancies
    places : schemas.Places
    costs : mapping of str to Cost
        By action; an action without a cost is not offered.
    gate, role
        As for :func:`passing`.
    study : Study
    enlarge_share : float
        Room that an enlargement adds, as a share of the present capacity.
    new_capacity : float, optional
        People whom a new place has room for in a session; None: no limit is known.
    new_days_per_week : float
        Days on which a new place, and one with more days or made permanent, opens.

    Returns
    -------
    options : schemas.Options
        ``option_id`` is ``action:site_id``. Of an existing place with known opening days that is not permanent:
        ``more_days`` and ``permanent``; of one that is not for everybody: ``widen``; of one with known capacity:
        ``enlarge``. ``capacity`` is the room in a week (:func:`geo.fca.weekly_capacity`): of a place what it has, of
        an action what it adds; of ``widen`` nothing, it lets others in.
    """
    running = gpd.GeoDataFrame(places[(places["status"] == "open") & coverage.precise(places, study)])
    occasional = running["open_days_per_week"].notna() & ~coverage.permanent(running, study)
    narrow = ~running["targets"].str.split(";").map(lambda own: "all" in own).astype(bool)
    offered = {
        "more_days": occasional,
        "permanent": occasional,
        "widen": narrow,
        "enlarge": running["capacity"] > 0,
    }
    there = _rows(running, "place_id", "open", "existing", Cost(0, 0)).assign(option_id=running["place_id"])
    weekly = fca.weekly_capacity(running).set_axis(running.index)
    more = running["capacity"] * (new_days_per_week - running["open_days_per_week"]).clip(lower=0)
    # Where the room of a week is not known, the place itself is not limited: an action adds nothing to that.
    adds = {"more_days": more, "permanent": more, "widen": 0 * weekly, "enlarge": weekly * enlarge_share}
    parts = [there.assign(capacity=weekly)]
    if "open" in costs:
        new = _new(passing(vacancies, gate, role=role), costs["open"])
        room = np.nan if new_capacity is None else new_capacity * new_days_per_week
        parts.append(new.assign(capacity=room))
    for action, which in offered.items():
        if action in costs:
            own = gpd.GeoDataFrame(running[which.astype(bool)])
            rows = _rows(own, "place_id", action, "candidate", costs[action])
            parts.append(rows.assign(capacity=adds[action][own.index].fillna(0)))
    parts = [part for part in parts if len(part)]
    if not parts:
        return gpd.GeoDataFrame(schemas.empty(schemas.Options).to_crs(places.crs))
    return schemas.conform(
        schemas.Options, gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=places.crs)
    )


def _new(vacancies: gpd.GeoDataFrame, cost: Cost) -> gpd.GeoDataFrame:
    own = _rows(vacancies, "property_id", "open", "candidate", cost)
    rent = vacancies["rent_yen_per_month"].fillna(0) * 12
    size = vacancies["floor_area_m2"].fillna(vacancies["floor_area_m2"].median())
    return own.assign(
        cost_yen=own["cost_yen"] + (size.fillna(0) * cost.per_m2_yen).round(),
        yearly_yen=own["yearly_yen"] + rent,
    )


def _rows(table: gpd.GeoDataFrame, site: str, action: str, standing: str, cost: Cost) -> gpd.GeoDataFrame:
    frame = {
        "option_id": action + ":" + table[site],
        "site_id": table[site],
        "action": action,
        "standing": standing,
        "cost_yen": float(cost.once_yen),
        "yearly_yen": float(cost.yearly_yen),
        "capacity": np.nan,
        "zone_id": None,
    }
    return gpd.GeoDataFrame(frame, geometry=table.geometry, crs=table.crs)


def served_groups(
    options: pd.DataFrame, places: gpd.GeoDataFrame, *, study: Study, new_days_per_week: float
) -> pd.DataFrame:
    """For whom, and as what kind of place, each option counts.

    Parameters
    ----------
    options : schemas.Options
    places : schemas.Places
    study : Study
    new_days_per_week : float
        Days that a new or made-permanent place opens; a new place is for everybody.

    Returns
    -------
    serves : DataFrame
        ``option_id, group, kind``. More days and more room bring nobody a place who had none, and have no rows here:
        see :func:`week_rows` and :func:`geo.decide.sites.capacitated_cover`.
    """
    by_id = places.set_index("place_id")
    lasting = new_days_per_week >= study.permanent_min_days_per_week
    rows = []
    for group in study.groups:
        own = dict(zip(places["place_id"], coverage.serves(places, group), strict=True))
        fixed = dict(zip(places["place_id"], coverage.permanent(places, study), strict=True))
        for option in options.itertuples():
            kinds = _kinds(option, own, fixed, lasting=lasting, known=by_id.index)
            rows += [(option.option_id, group.group, kind) for kind in kinds]
    return pd.DataFrame(rows, columns=["option_id", "group", "kind"])


def _kinds(
    option: object, own: Mapping[str, bool], fixed: Mapping[str, bool], *, lasting: bool, known: pd.Index
) -> tuple[PlaceKind, ...]:
    """As what kinds of place an option counts for a group that ``own`` tells of."""
    site, action = option.site_id, option.action  # type: ignore[attr-defined]
    if site not in known:
        return ("any", "permanent") if lasting else ("any",)
    if option.standing == "existing":  # type: ignore[attr-defined]
        return (("any", "permanent") if fixed[site] else ("any",)) if own[site] else ()
    if action == "permanent":
        return ("permanent",) if own[site] and lasting else ()
    if action == "widen":
        return (("any", "permanent") if fixed[site] else ("any",)) if not own[site] else ()
    return ()


def welcoming(options: pd.DataFrame, places: gpd.GeoDataFrame, *, study: Study) -> pd.DataFrame:
    """Whom each option brings opening hours.

    Parameters
    ----------
    options : schemas.Options
    places : schemas.Places
    study : Study

    Returns
    -------
    welcome : DataFrame
        ``option_id, group``. A new place is for everybody, a wider one for those whom it was not for before.
    """
    parts = []
    for group in study.groups:
        own = dict(zip(places["place_id"], coverage.serves(places, group), strict=True))
        here = options["site_id"].map(own)
        fits = here.isna() | (here == (options["action"] != "widen"))
        parts.append(options.loc[fits, ["option_id"]].assign(group=group.group))
    return pd.concat(parts, ignore_index=True)


def room_rows(
    people: pd.DataFrame, near: pd.DataFrame, welcome: pd.DataFrame, groups: Sequence[Group]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """People of each group where they start to walk, each person once, and the options that have room for them.

    Parameters
    ----------
    people : DataFrame
        ``origin_id`` and a column for each group.
    near : schemas.Reach
    welcome : DataFrame
        Of :func:`welcoming`.
    groups : sequence of Group
        Those that are wanted. Beside others the group of everybody counts the rest: all people less those of the
        others, none below 0.

    Returns
    -------
    demand : DataFrame
        ``origin_id, people``, the origin marked by the group.
    reach : DataFrame
        ``origin_id, option_id, distance_m`` with the same marks.

    Raises
    ------
    StudyError
        When somebody may be in two of the groups, as people of 75 are among those of 65 and over.
    """
    named = [group for group in groups if group.column != "people" or group.targets]
    rest = [group for group in groups if group not in named]
    for one, other in (*combinations(named, 2), *combinations(rest, 2)):
        if not _apart(one, other):
            raise errors.StudyError(
                "siting_groups_overlap",
                "{first} and {second} may be the same people, and room is given to each person once. Ask for one of "
                "these groups.",
                first=one.group,
                second=other.group,
            )
    demands, reaches = [], []
    for group in groups:
        mark, count = f"|{group.group}", people[group.group]
        if group not in named:
            count = (count - people[[one.group for one in named]].sum(axis=1)).clip(lower=0)
        own = pd.DataFrame({"origin_id": people["origin_id"], "people": count})
        own = own[own["people"] > 0]
        fit = welcome.loc[welcome["group"] == group.group, "option_id"]
        walks = near[near["option_id"].isin(fit) & near["origin_id"].isin(own["origin_id"])]
        demands.append(own.assign(origin_id=own["origin_id"] + mark))
        reaches.append(walks.assign(origin_id=walks["origin_id"] + mark))
    return pd.concat(demands, ignore_index=True), pd.concat(reaches, ignore_index=True)


def _apart(one: Group, other: Group) -> bool:
    """Whether nobody is in both groups, as far as their columns tell ages.

    Examples
    --------
    >>> from geo.study import DEFAULT_GROUPS, MORE_GROUPS
    >>> _, young, old, oldest = DEFAULT_GROUPS
    >>> _apart(young, old), _apart(old, oldest), _apart(young, MORE_GROUPS[4])
    (True, False, False)
    """
    ages = [_ages(group.column) for group in (one, other)]
    if ages[0] is None or ages[1] is None:
        return False
    (first, last), (start, end) = ages[0], ages[1]
    return last < start or end < first


def _ages(column: str) -> tuple[float, float] | None:
    """First and last age that a column counts; None: its name tells none."""
    if found := re.search(r"under_(\d+)", column):
        return 0, int(found[1]) - 1
    if found := re.search(r"(\d+)_plus", column):
        return int(found[1]), math.inf
    found = re.search(r"age_(\d+)_(\d+)", column)
    return (int(found[1]), int(found[2])) if found else None


def open_slots(
    options: pd.DataFrame,
    places: gpd.GeoDataFrame,
    *,
    study: Study,
    new_hours: str,
    new_days_per_week: float,
) -> pd.DataFrame:
    """When each option is surely open, as half-hours of the study's period.

    Parameters
    ----------
    options : schemas.Options
    places : schemas.Places
    study : Study
    new_hours : str
        Of a new place, and of one that is made permanent, which keeps its own hours too.
    new_days_per_week : float
        More days: the place opens on so many weekdays from Monday on, at the hours at which it opens now. Where its
        hours are not known, more days bring nothing that is sure.

    Returns
    -------
    opens : DataFrame
        ``option_id, slot``.
    """
    at = pd.Index(places["place_id"]).get_indexer(options["site_id"])
    told = places["opening_text"].reset_index(drop=True)
    now = opening.open_halves(pd.DataFrame({"opening_text": told.reindex(at)}), study=study)
    new = opening.open_halves(pd.DataFrame({"opening_text": [new_hours]}), study=study)[0]
    weekday = (study.period_start.weekday() + np.arange(study.period_days)) % 7
    planned: np.ndarray = np.isin(weekday, np.arange(math.ceil(new_days_per_week)))
    action, there = options["action"].to_numpy(), (options["standing"] == "existing").to_numpy()
    halves = now.copy()
    halves[((action == "open") & ~there) | (action == "permanent")] |= new
    longer = np.flatnonzero(action == "more_days")
    halves[longer] |= np.any(now[longer], axis=1, keepdims=True) & planned[None, :, None]
    option, slot = np.nonzero(halves.reshape(len(options), -1))
    return pd.DataFrame({"option_id": options["option_id"].to_numpy()[option], "slot": slot})


def rows(
    people: pd.DataFrame,
    near: pd.DataFrame,
    serves: pd.DataFrame,
    wanted: Sequence[tuple[Group, PlaceKind, float]],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weighted rows and who serves them, for several groups and kinds of place in one choice.

    Parameters
    ----------
    people : DataFrame
        ``origin_id`` and a column for each group.
    near : DataFrame
        ``origin_id, option_id``: pairs within the limit.
    serves : DataFrame
        Of :func:`served_groups`.
    wanted : sequence of (Group, kind, weight)

    Returns
    -------
    rows : DataFrame
        ``row_id, weight, group, kind, origin_id, people``; origins whose people are not known are absent.
    served : DataFrame
        ``row_id, option_id``.
    """
    row_parts, pair_parts = [], []
    for group, kind, weight in wanted:
        mark = f"|{group.group}|{kind}"
        known = people[people[group.group] > 0]
        row_parts.append(
            pd.DataFrame(
                {
                    "row_id": known["origin_id"] + mark,
                    "weight": known[group.group] * weight,
                    "group": group.group,
                    "kind": kind,
                    "origin_id": known["origin_id"],
                    "people": known[group.group],
                }
            )
        )
        fit = serves.loc[(serves["group"] == group.group) & (serves["kind"] == kind), "option_id"]
        own = near[near["option_id"].isin(fit) & near["origin_id"].isin(known["origin_id"])]
        pair_parts.append(pd.DataFrame({"row_id": own["origin_id"] + mark, "option_id": own["option_id"]}))
    # As categories: the same few names stand in very many pairs, and every question looks them up.
    served = pd.concat(pair_parts, ignore_index=True).astype("category")
    return pd.concat(row_parts, ignore_index=True), served


def week_rows(
    demand: pd.DataFrame, near: pd.DataFrame, opens: pd.DataFrame, *, slot_hours: float = 0.5
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Person-hours in which somewhere is open within the walk, as weighted rows.

    Parameters
    ----------
    demand : DataFrame
        ``origin_id, people``.
    near : DataFrame
        ``origin_id, option_id``: pairs within the limit.
    opens : DataFrame
        ``option_id, slot``: when each option, existing places among them, is surely open.
    slot_hours : float

    Returns
    -------
    rows, serves : DataFrame
        For :func:`geo.decide.sites.most_served`. Slots in which the same options are open are one row, and so are
        origins around which the same options stand: the row has the name of the first of them.

    Examples
    --------
    >>> demand = pd.DataFrame({"origin_id": ["a"], "people": [10.0]})
    >>> near = pd.DataFrame({"origin_id": ["a", "a"], "option_id": ["p", "q"]})
    >>> opens = pd.DataFrame({"option_id": ["p", "p", "p", "q"], "slot": [1, 2, 3, 3]})
    >>> week_rows(demand, near, opens)[0]
      row_id  weight
    0    a|0    10.0
    1    a|1     5.0
    """
    ids = pd.Index(sorted(set(near["option_id"])))
    used = opens[opens["option_id"].isin(ids)]
    slot, slots = pd.factorize(used["slot"], sort=True)
    halves = np.zeros((len(ids), len(slots)), dtype=bool)
    halves[ids.get_indexer(used["option_id"]), slot] = True
    around = near.assign(option=ids.get_indexer(near["option_id"])).sort_values(["origin_id", "option"])
    known = dict(zip(demand["origin_id"], demand["people"].to_numpy(float), strict=True))
    # Origins around which the same options stand are one, and so are half-hours in which the same ones are open.
    alike: dict[tuple[int, ...], tuple[str, float]] = {}
    begins = np.flatnonzero(around["origin_id"].ne(around["origin_id"].shift()).to_numpy())
    names, at = around["origin_id"].to_numpy(dtype=object), around["option"].to_numpy()
    for first, end in zip(begins, [*begins[1:], len(at)], strict=True):
        origin, count = str(names[first]), known.get(names[first], np.nan)
        if count > 0:
            here = tuple(at[first:end].tolist())
            alike[here] = (alike.get(here, (origin, 0.0))[0], alike.get(here, (origin, 0.0))[1] + count)
    row_ids: list[str] = []
    weights: list[float] = []
    pairs: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for options_here, (origin, count) in alike.items():
        open_, times = _patterns(halves[list(options_here)])
        which, column = np.nonzero(open_)
        pairs.append((column + len(row_ids), np.array(options_here)[which]))
        row_ids += [f"{origin}|{n}" for n in range(len(times))]
        weights += (count * times * slot_hours).tolist()
    row, option = (np.concatenate([pair[k] for pair in pairs] or [np.empty(0, np.int64)]) for k in (0, 1))
    serves = {
        "row_id": pd.Categorical.from_codes(row, categories=pd.Index(row_ids, dtype=object)),
        "option_id": pd.Categorical.from_codes(option, categories=pd.Index(ids, dtype=object)),
    }
    return pd.DataFrame({"row_id": row_ids, "weight": np.array(weights, dtype=float)}), pd.DataFrame(serves)


def _patterns(halves: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which of a few options are open together, column by column, and in how many half-hours."""
    packed = np.ascontiguousarray(np.packbits(halves, axis=0, bitorder="little").T)
    _, first, times = np.unique(
        packed.view(f"V{packed.shape[1]}").ravel(), return_index=True, return_counts=True
    )
    open_ = halves[:, first]
    kept = open_.any(axis=0)
    return open_[:, kept], times[kept]


# --- the funnel -----------------------------------------------------------------------------------------


def funnel(stages: pd.Series, rates: Mapping[str, float]) -> pd.DataFrame:
    """How many properties stand at each stage, and how many are expected to open.

    Parameters
    ----------
    stages : Series
        The stage of each property, of :data:`geo.schemas.FUNNEL`.
    rates : mapping of str to float
        Share of those at a stage that reach the next one, by stage; the council's own experience.

    Returns
    -------
    funnel : DataFrame
        ``stage, properties, rate, expected_openings, needed_for_one``, in the order of the funnel.

    Examples
    --------
    >>> stages = pd.Series(["candidate"] * 10 + ["surveyed"] * 2)
    >>> rates = {"candidate": 0.5, "consented": 0.5, "surveyed": 0.5, "renovated": 1.0}
    >>> funnel(stages, rates)["expected_openings"].tolist()
    [1.25, 0.0, 1.0, 0.0, 0.0]
    """
    chance = np.ones(len(schemas.FUNNEL))
    for at in range(len(schemas.FUNNEL) - 2, -1, -1):
        chance[at] = chance[at + 1] * rates[schemas.FUNNEL[at]]
    counts = stages.value_counts().reindex(schemas.FUNNEL, fill_value=0)
    return pd.DataFrame(
        {
            "stage": schemas.FUNNEL,
            "properties": counts.to_numpy(),
            "rate": [rates.get(stage, np.nan) for stage in schemas.FUNNEL],
            "expected_openings": counts.to_numpy() * chance,
            "needed_for_one": np.where(
                chance > 0, np.ceil(1 / np.where(chance > 0, chance, 1) - 1e-9), np.nan
            ),
        }
    )
