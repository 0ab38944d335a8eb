"""From a choice to a plan: which first, what more money buys, what if one falls through, what stays in any case.

All functions take weighted rows and who serves them, as :func:`geo.decide.candidates.rows` and
:func:`geo.decide.candidates.week_rows` give them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import schemas
from geo.decide import sites
from geo.decide.rules import Rules
from geo.decide.solver import Solution

Question = tuple[pd.DataFrame, pd.DataFrame]
"""Rows and who serves them."""


def roll_out(
    rows: pd.DataFrame,
    serves: pd.DataFrame,
    options: gpd.GeoDataFrame,
    chosen: Sequence[str],
    *,
    years: float,
) -> pd.DataFrame:
    """The chosen options in the order that serves most people soonest.

    Parameters
    ----------
    rows, serves : DataFrame
        ``row_id, weight`` and ``row_id, option_id``.
    options : schemas.Options
    chosen : sequence of str
    years : float
        Years of running cost.

    Returns
    -------
    plan : schemas.Sites
        ``gain`` is what each adds to those before it, ``loss`` what the whole plan loses without it. Each step takes
        the largest gain (Nemhauser, Wolsey & Fisher 1978: at every step at least 63 % of what so many could serve).
    """
    served = _Served(rows, serves, options)
    cost = (options["cost_yen"] + years * options["yearly_yen"]).set_axis(options["option_id"])
    action = options.set_index("option_id")["action"]
    left, total = sorted(chosen), 0.0
    order: list[dict[str, object]] = []
    taken: list[str] = []
    while left:
        gains = {name: served.gain([*taken, name]) - total for name in left}
        name = max(left, key=lambda one: (gains[one], -cost[one], [-ord(c) for c in one]))
        total += gains[name]
        rest = [other for other in chosen if other != name]
        order.append(
            {
                "option_id": name,
                "step": len(order) + 1,
                "action": action[name],
                "cost_yen": float(cost[name]),
                "gain": gains[name],
                "total": total,
                "loss": served.gain(list(chosen)) - served.gain(rest),
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


def gain(rows: pd.DataFrame, serves: pd.DataFrame, options: gpd.GeoDataFrame, chosen: Sequence[str]) -> float:
    """Weight that chosen options serve beyond the existing places."""
    return _Served(rows, serves, options).gain(chosen)


def frontier(
    rows: pd.DataFrame,
    serves: pd.DataFrame,
    options: gpd.GeoDataFrame,
    *,
    rules: Rules,
    budgets_yen: Sequence[float],
    time_limit_s: float = sites.TIME_LIMIT_S,
    seed: int = 0,
) -> pd.DataFrame:
    """What each budget can serve at best.

    Returns
    -------
    frontier : DataFrame
        ``budget_yen, served, bound, status, chosen`` (joined by ``;``), by budget. A larger budget never serves fewer:
        where a proof ran out of time the better choice of a smaller budget stands.
    """
    found: list[tuple[float, float, float, str, str]] = []
    for budget in sorted(set(budgets_yen)):
        best = sites.most_served(
            rows,
            serves,
            options,
            rules=replace(rules, budget_yen=budget),
            time_limit_s=time_limit_s,
            seed=seed,
        )
        served, chosen = best.objective, ";".join(best.chosen)
        if found and served < found[-1][1]:
            served, chosen = found[-1][1], found[-1][4]
        found.append((float(budget), served, best.bound, best.status, chosen))
    return pd.DataFrame(found, columns=["budget_yen", "served", "bound", "status", "chosen"])


def alternatives(
    rows: pd.DataFrame,
    serves: pd.DataFrame,
    options: gpd.GeoDataFrame,
    chosen: Sequence[str],
    *,
    rules: Rules,
    time_limit_s: float = sites.TIME_LIMIT_S,
    seed: int = 0,
) -> pd.DataFrame:
    """What to do instead when a chosen site falls through, the others staying.

    Returns
    -------
    alternatives : DataFrame
        ``option_id, instead`` (joined by ``;``; empty: nothing can), ``served``, ``loss`` against the whole plan.
    """
    whole = gain(rows, serves, options, chosen)
    found = []
    for name in sorted(chosen):
        standing = options["standing"].mask(options["option_id"].isin(chosen), "required")
        standing = standing.mask(options["option_id"] == name, "forbidden")
        changed = gpd.GeoDataFrame(options.assign(standing=standing))
        best = sites.most_served(rows, serves, changed, rules=rules, time_limit_s=time_limit_s, seed=seed)
        fresh = [one for one in best.chosen if one not in chosen]
        found.append((name, ";".join(fresh), best.objective, whole - best.objective))
    return pd.DataFrame(found, columns=["option_id", "instead", "served", "loss"])


def robustness(
    questions: Mapping[str, Question],
    options: gpd.GeoDataFrame,
    *,
    rules: Rules,
    time_limit_s: float = sites.TIME_LIMIT_S,
    seed: int = 0,
) -> tuple[pd.DataFrame, dict[str, Solution]]:
    """Which options stay chosen under other limits, speeds or groups.

    Parameters
    ----------
    questions : mapping of str to (rows, serves)
        The same choice asked in several ways.

    Returns
    -------
    stays : DataFrame
        ``option_id, chosen_in, of, share``; those chosen in most questions first.
    solutions : dict of str to Solution
    """
    solutions = {
        name: sites.most_served(rows, serves, options, rules=rules, time_limit_s=time_limit_s, seed=seed)
        for name, (rows, serves) in questions.items()
    }
    counts = pd.Series(
        [name for one in solutions.values() for name in one.chosen], dtype=object
    ).value_counts()
    stays = pd.DataFrame({"option_id": counts.index, "chosen_in": counts.to_numpy(), "of": len(questions)})
    stays["share"] = stays["chosen_in"] / max(len(questions), 1)
    stays = stays.sort_values(["chosen_in", "option_id"], ascending=[False, True], ignore_index=True)
    return stays, solutions


def steps(budget_yen: float, *, count: int = 6) -> list[float]:
    """Budgets for a frontier: equal steps up to twice the asked one.

    Examples
    --------
    >>> steps(12_000_000, count=4)
    [6000000.0, 12000000.0, 18000000.0, 24000000.0]
    """
    return [float(value) for value in np.linspace(0, 2 * budget_yen, count + 1)[1:]]
