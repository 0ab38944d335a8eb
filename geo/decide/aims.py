"""What a choice of sites is to reach: each aim as one question that takes options and rules.

A planner names the aim; the tables of the study area make it a question. Whatever follows from it (what more money
buys, what to do when a site falls through, what stays under other walks) asks the same question again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.decide import sites
from geo.decide.rules import Rules
from geo.decide.solver import Solution

Aim = Literal["cover", "need", "hours", "room", "fair", "median", "center", "least", "backup"]
ROW_AIMS = ("cover", "need", "hours")
"""Served rows add up: who is reached counts once, whoever reaches them."""
FULL_AIMS = ("center", "least", "backup")
"""Everybody must be reached: half a plan answers nothing."""
LOWEST = ("median", "center", "least")
"""The smaller the better."""
Asking = Callable[[gpd.GeoDataFrame, Rules], Solution]
_Question = Callable[["Tables", gpd.GeoDataFrame, Rules, float, int], Solution]


@dataclass(frozen=True)
class Tables:
    """What every aim is asked of.

    Parameters
    ----------
    rows, serves : DataFrame
        ``row_id, weight`` and ``row_id, option_id``: what counts for the aims whose rows add up.
    demand : DataFrame
        ``origin_id, people`` of the first group that is wanted.
    reach : schemas.Reach
        Of the options that serve this group as this kind of place.
    seats, room : DataFrame
        ``origin_id, people`` and ``schemas.Reach`` of :func:`geo.decide.candidates.room_rows`.
    membership : DataFrame
        ``zone_id, origin_id`` of the zones that are to be alike.
    limit_m : float
    far_m : float
        People who have nothing nearer count as walking so far.
    """

    rows: pd.DataFrame
    serves: pd.DataFrame
    demand: pd.DataFrame
    reach: pd.DataFrame
    seats: pd.DataFrame
    room: pd.DataFrame
    membership: pd.DataFrame
    limit_m: float
    far_m: float


def asking(aim: Aim, given: Tables, *, time_limit_s: float = sites.TIME_LIMIT_S, seed: int = 0) -> Asking:
    """The question of an aim, to be asked of options and rules.

    Parameters
    ----------
    aim : str
        ``cover`` most people newly within the walk, ``need`` the same with people weighted by need, ``hours`` most
        person-hours with something open, ``room`` most people who find room in a week, ``fair`` the zone
        with the smallest share as high as can be, ``median`` the shortest mean walk, ``center`` the shortest longest
        walk, ``least`` the fewest options with which everybody has a place, ``backup`` of these the one with most
        second places.
    given : Tables
    time_limit_s : float
    seed : int

    Returns
    -------
    ask : callable
        ``ask(options, rules)`` is a :class:`geo.decide.solver.Solution`, in the unit of the aim: people, person-hours,
        a share (``fair``), metres (``median`` in the mean of all people, ``center``), options (``least``).
    """
    if aim in ROW_AIMS:
        return served(given.rows, given.serves, time_limit_s=time_limit_s, seed=seed)
    question = _QUESTIONS[aim]

    def ask(options: gpd.GeoDataFrame, rules: Rules) -> Solution:
        return question(given, options, rules, time_limit_s, seed)

    return ask


def served(
    rows: pd.DataFrame, serves: pd.DataFrame, *, time_limit_s: float = sites.TIME_LIMIT_S, seed: int = 0
) -> Asking:
    """The question which options serve most of weighted rows; see :func:`geo.decide.sites.most_served`."""

    def ask(options: gpd.GeoDataFrame, rules: Rules) -> Solution:
        return sites.most_served(rows, serves, options, rules=rules, time_limit_s=time_limit_s, seed=seed)

    return ask


def better(aim: Aim, one: float, other: float) -> float:
    """By how much one value of an aim is better than another.

    Examples
    --------
    >>> better("cover", 5.0, 3.0), better("median", 5.0, 3.0)
    (2.0, -2.0)
    """
    return other - one if aim in LOWEST else one - other


def _room(given: Tables, options: gpd.GeoDataFrame, rules: Rules, time_limit_s: float, seed: int) -> Solution:
    del seed  # HiGHS alone answers, from its own fixed seed.
    return sites.capacitated_cover(
        given.seats, given.room, options, limit_m=given.limit_m, rules=rules, time_limit_s=time_limit_s
    )


def _fair(given: Tables, options: gpd.GeoDataFrame, rules: Rules, time_limit_s: float, seed: int) -> Solution:
    del seed
    asked = {"limit_m": given.limit_m, "time_limit_s": time_limit_s}
    found = sites.fair_cover(given.demand, given.reach, options, given.membership, rules=rules, **asked)
    return replace(found, chosen=_useful(found.chosen, given.reach, options))


def _useful(chosen: tuple[str, ...], reach: pd.DataFrame, options: gpd.GeoDataFrame) -> tuple[str, ...]:
    """Without what nobody asked for and nobody reaches: a budget need not be spent."""
    needed = {*options.loc[options["standing"] == "required", "option_id"], *reach["option_id"].unique()}
    return tuple(name for name in chosen if name in needed)


def _median(
    given: Tables, options: gpd.GeoDataFrame, rules: Rules, time_limit_s: float, seed: int
) -> Solution:
    found = sites.p_median(
        given.demand,
        given.reach,
        options,
        rules=rules,
        far_m=given.far_m,
        time_limit_s=time_limit_s,
        seed=seed,
    )
    people = float(given.demand["people"].sum()) or np.nan
    return replace(found, objective=found.objective / people, bound=found.bound / people)


def _center(
    given: Tables, options: gpd.GeoDataFrame, rules: Rules, time_limit_s: float, seed: int
) -> Solution:
    return sites.p_center(
        given.demand, given.reach, options, rules=rules, time_limit_s=time_limit_s, seed=seed
    )


def _everybody(question: Callable[..., Solution]) -> _Question:
    """A question of :mod:`geo.decide.sites` in which everybody gets a place within the walk."""

    def ask(
        given: Tables, options: gpd.GeoDataFrame, rules: Rules, time_limit_s: float, seed: int
    ) -> Solution:
        told = {"limit_m": given.limit_m, "time_limit_s": time_limit_s, "seed": seed}
        return question(given.demand, given.reach, options, rules=rules, **told)

    return ask


_QUESTIONS: Mapping[str, _Question] = {
    "room": _room,
    "fair": _fair,
    "median": _median,
    "center": _center,
    "least": _everybody(sites.set_cover),
    "backup": _everybody(sites.backup_cover),
}
