"""What a choice of sites must keep: number, budget, distance, one a zone; and which rule cannot be kept.

All of these rules forbid too much and never demand more than the required options, so a choice exists exactly
when the required options alone keep every rule. That is what :func:`conflict` checks and names.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo import errors


@dataclass(frozen=True)
class Rules:
    """Limits of a choice.

    Parameters
    ----------
    number : int, optional
        At most so many options, the required ones included; existing places never count.
    budget_yen : float, optional
        At most so much for the first cost and ``years`` of running cost together.
    years : float
        How many years of running cost the budget pays.
    min_distance_m : float, optional
        New places are at least so far from each other and from existing ones, as the crow flies, metres.
    one_per_zone : bool
        At most one option in each ``zone_id``.
    """

    number: int | None = None
    budget_yen: float | None = None
    years: float = 1
    min_distance_m: float | None = None
    one_per_zone: bool = False

    def __post_init__(self) -> None:
        """Refuse limits that cannot be meant."""
        for name in ("number", "budget_yen", "years", "min_distance_m"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise errors.StudyError(
                    "rules_negative",
                    "{name} = {value} is not allowed: give 0 or more.",
                    name=name,
                    value=value,
                )


@dataclass(frozen=True)
class Field:
    """The options that may be chosen, and the rules as arrays over them."""

    ids: NDArray[np.object_]
    cost: NDArray[np.float64]
    fixed: NDArray[np.bool_]
    number: int
    budget: float
    groups: tuple[NDArray[np.int64], ...]
    """Of each at most one may be chosen."""

    @cached_property
    def clashes(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """For each option those that may not be chosen with it."""
        pairs = {(int(a), int(b)) for group in self.groups for a in group for b in group if a != b}
        table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
        ptr = np.searchsorted(table[:, 0], np.arange(len(self.ids) + 1))
        return ptr.astype(np.int64), table[:, 1].astype(np.int32)

    def allows(self, chosen: NDArray[np.bool_]) -> bool:
        """Whether a choice keeps every rule."""
        return bool(
            chosen[self.fixed].all()
            and chosen.sum() <= self.number
            and self.cost[chosen].sum() <= self.budget * (1 + 1e-12)
            and all(chosen[group].sum() <= 1 for group in self.groups)
        )


def field(options: gpd.GeoDataFrame, rules: Rules) -> Field:
    """The free options of a table, sorted by their key, and the rules over them.

    Parameters
    ----------
    options : schemas.Options
        In a plane CRS (metres). Existing options are there already; forbidden ones are not asked.
    rules : Rules

    Returns
    -------
    field : Field
    """
    free = _free(options, rules)
    groups = [*_same_site(free), *_near(free, rules)]
    if rules.one_per_zone:
        groups += _members(free["zone_id"])
    return Field(
        ids=free["option_id"].to_numpy(dtype=object),
        cost=_cost(free, rules),
        fixed=(free["standing"] == "required").to_numpy(),
        number=len(free) if rules.number is None else min(rules.number, len(free)),
        budget=np.inf if rules.budget_yen is None else float(rules.budget_yen),
        groups=tuple(groups),
    )


def conflict(options: gpd.GeoDataFrame, rules: Rules) -> errors.InfeasibleError | None:
    """What makes a request impossible, or None: the rule that the required options break, and which they are.

    Examples
    --------
    >>> options = gpd.GeoDataFrame({"option_id": ["a", "b"], "site_id": ["a", "b"], "action": "open",
    ...     "standing": "required", "cost_yen": 5.0, "yearly_yen": 0.0, "zone_id": "z"},
    ...     geometry=gpd.points_from_xy([0, 30], [0, 40]), crs="EPSG:6677")
    >>> conflict(options, Rules(number=1)).code
    'infeasible_number'
    >>> conflict(options, Rules(min_distance_m=50)) is None  # exactly 50 m apart
    True
    """
    required = options[options["standing"] == "required"]
    ids = ", ".join(sorted(required["option_id"]))
    if rules.number is not None and len(required) > rules.number:
        return errors.InfeasibleError(
            "infeasible_number",
            "{n} options are required ({ids}), but at most {number} may be chosen. Allow more, or require fewer.",
            n=len(required),
            ids=ids,
            number=rules.number,
        )
    cost = float(_cost(required, rules).sum())
    if rules.budget_yen is not None and cost > rules.budget_yen:
        return errors.InfeasibleError(
            "infeasible_budget",
            "The required options ({ids}) cost {cost} yen, the budget is {budget} yen. Raise it, or require fewer.",
            ids=ids,
            cost=round(cost),
            budget=round(rules.budget_yen),
        )
    return _broken_pair(options, required, rules)


def _broken_pair(
    options: gpd.GeoDataFrame, required: gpd.GeoDataFrame, rules: Rules
) -> errors.InfeasibleError | None:
    ordered = required.sort_values("option_id", kind="stable").reset_index(drop=True)
    names = ordered["option_id"].tolist()
    for group in _same_site(ordered):
        return errors.InfeasibleError(
            "infeasible_site",
            "The required options {a} and {b} are two actions on one place. Require one of them.",
            **dict(zip("ab", (names[i] for i in group[:2]), strict=True)),
        )
    for group in _members(ordered["zone_id"]) if rules.one_per_zone else []:
        return errors.InfeasibleError(
            "infeasible_zone",
            "The required options {a} and {b} are in one zone ({zone}), where at most one may be. Require one.",
            a=names[group[0]],
            b=names[group[1]],
            zone=ordered["zone_id"].iloc[group[0]],
        )
    for group in _near(ordered, rules):
        return errors.InfeasibleError(
            "infeasible_distance",
            "The required options {a} and {b} are nearer to each other than {metres} m. Require one of them, or "
            "lower the distance.",
            a=names[group[0]],
            b=names[group[1]],
            metres=rules.min_distance_m,
        )
    too_near = _near_existing(ordered, options, rules)
    if too_near.any():
        return errors.InfeasibleError(
            "infeasible_existing",
            "The required option {a} is nearer than {metres} m to an existing place. Lower the distance.",
            a=names[int(np.argmax(too_near))],
            metres=rules.min_distance_m,
        )
    return None


def _free(options: gpd.GeoDataFrame, rules: Rules) -> gpd.GeoDataFrame:
    free = options[options["standing"].isin(("candidate", "required"))]
    free = free.sort_values("option_id", kind="stable")
    return gpd.GeoDataFrame(free[~_near_existing(free, options, rules)].reset_index(drop=True))


def _cost(options: pd.DataFrame, rules: Rules) -> NDArray[np.float64]:
    cost: NDArray[np.float64] = (options["cost_yen"] + rules.years * options["yearly_yen"]).to_numpy(float)
    return cost


def _members(keys: pd.Series) -> list[NDArray[np.int64]]:
    parts = pd.Series(range(len(keys))).groupby(keys.to_numpy(), sort=True)
    return [part.to_numpy(np.int64) for _, part in parts if len(part) > 1]


def _same_site(options: pd.DataFrame) -> list[NDArray[np.int64]]:
    return _members(options["site_id"])


def _near(options: gpd.GeoDataFrame, rules: Rules) -> list[NDArray[np.int64]]:
    """Pairs of new places that are too near to each other."""
    if not rules.min_distance_m:
        return []
    new = np.flatnonzero(options["action"] == "open")
    points = options.geometry.to_numpy()[new]
    a, b = shapely.STRtree(points).query(points, predicate="dwithin", distance=rules.min_distance_m)
    apart = shapely.distance(points[a], points[b])
    close = (a < b) & (apart < rules.min_distance_m - 1e-9)
    return [np.array(sorted(pair), np.int64) for pair in zip(new[a[close]], new[b[close]], strict=True)]


def _near_existing(free: gpd.GeoDataFrame, options: gpd.GeoDataFrame, rules: Rules) -> NDArray[np.bool_]:
    near = np.zeros(len(free), dtype=bool)
    there = options.loc[options["standing"] == "existing"].geometry.to_numpy()
    if rules.min_distance_m and len(there) and len(free):
        tree = shapely.STRtree(there)
        found, apart = tree.query_nearest(free.geometry.to_numpy(), return_distance=True, all_matches=False)
        near[found[0]] = apart < rules.min_distance_m - 1e-9
    new: NDArray[np.bool_] = (free["action"] == "open").to_numpy()
    return near & new
