"""From a choice to a plan: which first, what more money buys, what if one falls through, what stays in any case.

The order is that of weighted rows and who serves them (:func:`geo.decide.candidates.rows`,
:func:`geo.decide.candidates.week_rows`), or of room; all else asks the question of the aim (:mod:`geo.decide.aims`)
again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import schemas
from geo.decide import aims
from geo.decide.aims import Aim, Asking
from geo.decide.rules import Rules
from geo.decide.solver import Solution

Worth = Callable[[Sequence[str]], float]
"""What a set of options brings beyond today."""


def roll_out(worth: Worth, options: gpd.GeoDataFrame, chosen: Sequence[str], *, years: float) -> pd.DataFrame:
    """The chosen options in the order that brings most soonest.

    Parameters
    ----------
    worth : callable
        What a set of options brings beyond today, of which no option brings more when it comes later: :func:`served`
        of rows that add up, or room.
    options : schemas.Options
    chosen : sequence of str
    years : float
        Years of running cost.

    Returns
    -------
    plan : schemas.Sites
        ``gain`` is what each adds to those before it, ``loss`` what the whole plan loses without it. Each step takes
        the largest gain (Nemhauser, Wolsey & Fisher 1978: at every step at least 63 % of what so many could bring).
    """
    cost = (options["cost_yen"] + years * options["yearly_yen"]).set_axis(options["option_id"])
    action = options.set_index("option_id")["action"]
    left, total = sorted(chosen), 0.0
    most = dict.fromkeys(left, np.inf)  # what each can bring at most: what it brought when it was last asked
    order: list[dict[str, object]] = []
    taken: list[str] = []
    whole = worth(sorted(chosen)) if left else 0.0
    while left:
        fresh: set[str] = set()
        name = min(left, key=lambda one: (-most[one], cost[one], one))
        while name not in fresh:
            most[name] = worth(sorted([*taken, name])) - total
            fresh.add(name)
            name = min(left, key=lambda one: (-round(most[one], 6), cost[one], one))
        total += most[name]
        order.append(
            {
                "option_id": name,
                "step": len(order) + 1,
                "action": action[name],
                "cost_yen": float(cost[name]),
                "gain": most[name],
                "total": total,
                "loss": whole - worth([other for other in sorted(chosen) if other != name]),
            }
        )
        left.remove(name)
        taken.append(name)
    if not order:
        return pd.DataFrame(schemas.empty(schemas.Sites))
    frame: pd.DataFrame = schemas.conform(schemas.Sites, pd.DataFrame(order))
    return frame


class _Served:
    """What sets of options serve beyond the existing places."""

    def __init__(self, rows: pd.DataFrame, serves: pd.DataFrame, options: gpd.GeoDataFrame) -> None:
        there = set(options.loc[options["standing"] == "existing", "option_id"])
        done = set(serves.loc[serves["option_id"].isin(there), "row_id"])
        weight = rows.set_index("row_id")["weight"]
        self.weight = weight[~weight.index.isin(done)]
        known = serves[serves["row_id"].isin(self.weight.index)]
        self.rows_of = {name: set(part) for name, part in known.groupby("option_id", observed=True)["row_id"]}

    def gain(self, chosen: Sequence[str]) -> float:
        reached = set().union(*(self.rows_of.get(name, set()) for name in chosen))
        return float(self.weight.reindex(sorted(reached)).sum())


def served(rows: pd.DataFrame, serves: pd.DataFrame, options: gpd.GeoDataFrame) -> Worth:
    """Weight that a set of options serves beyond the existing places."""
    return _Served(rows, serves, options).gain


def room(ask: Asking, options: gpd.GeoDataFrame) -> Worth:
    """People for whom a set of options brings room beyond the existing places, by the question of the aim ``room``."""
    there = options["standing"] == "existing"

    def people(chosen: Sequence[str]) -> float:
        standing = pd.Series("forbidden", index=options.index).mask(there, "existing")
        standing = standing.mask(options["option_id"].isin(chosen), "required")
        return ask(gpd.GeoDataFrame(options.assign(standing=standing)), Rules()).objective

    today = people(())
    return lambda chosen: people(chosen) - today


def frontier(
    ask: Asking,
    options: gpd.GeoDataFrame,
    *,
    rules: Rules,
    budgets_yen: Sequence[float],
    aim: Aim = "cover",
) -> pd.DataFrame:
    """What each budget can reach at best.

    Parameters
    ----------
    ask : callable
        Of :func:`geo.decide.aims.asking`.
    options : schemas.Options
    rules : Rules
        Their budget is replaced.
    budgets_yen : sequence of float
    aim : str
        Whether more or less is better.

    Returns
    -------
    frontier : DataFrame
        ``budget_yen, served, bound, status, chosen`` (joined by ``;``), by budget; ``served`` is in the aim's unit, NaN
        where the budget is too small for any answer. A larger budget is never worse: where a proof ran out of time the
        better choice of a smaller budget stands.
    """
    found: list[tuple[float, float, float, str, str]] = []
    for budget in sorted(set(budgets_yen)):
        best = ask(options, replace(rules, budget_yen=budget))
        served, chosen = best.objective, ";".join(best.chosen)
        if found and aims.better(aim, found[-1][1], served) > 0:
            served, chosen = found[-1][1], found[-1][4]
        found.append((float(budget), served, best.bound, best.status, chosen))
    return pd.DataFrame(found, columns=["budget_yen", "served", "bound", "status", "chosen"])


def each_action(ask: Asking, options: gpd.GeoDataFrame, *, rules: Rules, aim: Aim = "cover") -> pd.DataFrame:
    """What the best single option of each kind of action brings alone: all kinds are weighed in one question.

    Parameters
    ----------
    ask : callable
        Of :func:`geo.decide.aims.asking`.
    options : schemas.Options
    rules : Rules
        Without their budget and number.
    aim : str

    Returns
    -------
    kinds : DataFrame
        ``action, options, option_id, cost_yen, gain`` in the order of ``schemas.ACTIONS``; ``options`` counts those
        that may be chosen, ``gain`` is against today in the aim's unit. NaN and an empty ``option_id`` where no single
        one brings anything, or today or one alone is no answer.
    """
    free = options["standing"].isin(("candidate", "required"))
    cost = (options["cost_yen"] + rules.years * options["yearly_yen"]).set_axis(options["option_id"])

    def best(kept: pd.Series, number: int) -> Solution:
        standing = options["standing"].mask(free, "forbidden").mask(kept, "candidate")
        asked = gpd.GeoDataFrame(options.assign(standing=standing))
        return ask(asked, replace(rules, number=number, budget_yen=None))

    today = best(free & ~free, 0).objective
    found: list[tuple[str, int, str, float, float]] = []
    for action in schemas.ACTIONS:
        own = free & (options["action"] == action)
        one = best(own, 1) if own.any() else None
        name = one.chosen[0] if one is not None and one.chosen else ""
        gain = aims.better(aim, one.objective, today) if one is not None and name else np.nan
        found.append((action, int(own.sum()), name, float(cost.get(name, np.nan)), gain))
    return pd.DataFrame(found, columns=["action", "options", "option_id", "cost_yen", "gain"])


def alternatives(
    ask: Asking,
    options: gpd.GeoDataFrame,
    best: Solution,
    *,
    rules: Rules,
    aim: Aim = "cover",
) -> pd.DataFrame:
    """What to do instead when a chosen site falls through, the others staying.

    Parameters
    ----------
    ask : callable
        Of :func:`geo.decide.aims.asking`.
    options : schemas.Options
    best : Solution
        The choice of ``ask``.
    rules : Rules
    aim : str

    Returns
    -------
    alternatives : DataFrame
        ``option_id, instead`` (joined by ``;``; empty: nothing can), ``served``, ``loss`` against the whole plan, both
        in the aim's unit; NaN: without this site the aim cannot be reached at all.
    """
    found = []
    for name in sorted(best.chosen):
        standing = options["standing"].mask(options["option_id"].isin(best.chosen), "required")
        standing = standing.mask(options["option_id"] == name, "forbidden")
        other = ask(gpd.GeoDataFrame(options.assign(standing=standing)), rules)
        fresh = [one for one in other.chosen if one not in best.chosen]
        loss = aims.better(aim, best.objective, other.objective)
        found.append((name, ";".join(fresh), other.objective, loss))
    return pd.DataFrame(found, columns=["option_id", "instead", "served", "loss"])


def robustness(
    questions: Mapping[str, Asking], options: gpd.GeoDataFrame, *, rules: Rules
) -> tuple[pd.DataFrame, dict[str, Solution]]:
    """Which options stay chosen under other limits, speeds or groups.

    Parameters
    ----------
    questions : mapping of str to callable
        The same choice asked in several ways.
    options : schemas.Options
    rules : Rules

    Returns
    -------
    stays : DataFrame
        ``option_id, chosen_in, of, share``; those chosen in most questions first. Questions that cannot be met at all
        count for nothing.
    solutions : dict of str to Solution
    """
    solutions = {name: ask(options, rules) for name, ask in questions.items()}
    met = [one for one in solutions.values() if one.status != "infeasible"]
    counts = pd.Series([name for one in met for name in one.chosen], dtype=object).value_counts()
    stays = pd.DataFrame({"option_id": counts.index, "chosen_in": counts.to_numpy(), "of": len(met)})
    stays["share"] = stays["chosen_in"] / max(len(met), 1)
    stays = stays.sort_values(["chosen_in", "option_id"], ascending=[False, True], ignore_index=True)
    return stays, solutions


def steps(budget_yen: float, *, count: int = 6) -> list[float]:
    """Budgets for a frontier: the asked one, and round ones that a committee would say, up to about twice as much.

    Their distance is 1, 2 or 5 of a power of ten (at least 10 000 yen), the smallest of which at most ``count``
    are needed.

    Examples
    --------
    >>> steps(12_000_000)
    [5000000.0, 10000000.0, 12000000.0, 15000000.0, 20000000.0, 25000000.0]
    >>> steps(13_000_000, count=4)
    [10000000.0, 13000000.0, 20000000.0, 30000000.0]
    """
    if not budget_yen > 0:
        return []
    widths = (digit * 10**power for power in range(4, 20) for digit in (1, 2, 5))
    width = next(one for one in widths if math.ceil(2 * budget_yen / one) <= count - 1)
    round_ones = {width * (n + 1) for n in range(math.ceil(2 * budget_yen / width))}
    return sorted({float(value) for value in round_ones} | {float(budget_yen)})
