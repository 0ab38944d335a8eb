"""Did it work? Areas with the project against areas without, before and after, with what chance alone would do.

Few areas tell little. What can be found at all is stated before the start, and a difference that chance explains is
called none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from geo import errors

Verdict = Literal["effect", "none_found", "too_few"]
ALPHA = 0.04
"""Chance that an effect is seen where there is none. Below one in twenty, so that of any hundred comparisons without an
effect 95 end in none also by count, not only in the mean."""
POWER = 0.8
MOST_EXACT = 20_000
"""Up to so many ways of choosing the areas all are looked at; beyond, so many are drawn."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Effect:
    """A difference in differences, and what chance alone would do."""

    estimate: float
    """Change with the project minus change without, in the unit of the measure."""
    low: float
    high: float
    """Effects that the data do not rule out, from and to; infinite where nothing can be ruled out."""
    p_value: float
    verdict: Verdict
    treated: int
    compared: int


def before_after(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Two snapshots side by side.

    Parameters
    ----------
    before, after : DataFrame
        Snapshots: any keys (area, group, measure …) and ``value``.

    Returns
    -------
    table : DataFrame
        The keys, ``before, after, change``; NaN where one of them does not know.
    """
    keys = [column for column in before if column != "value"]
    table = before.rename(columns={"value": "before"}).merge(
        after.rename(columns={"value": "after"}), on=keys, how="outer"
    )
    return table.assign(change=table["after"] - table["before"]).sort_values(keys, ignore_index=True)


def difference_in_differences(areas: pd.DataFrame, *, alpha: float = ALPHA, seed: int = 0) -> Effect:
    """The project's effect: how much more changed where it was than where it was not.

    Parameters
    ----------
    areas : DataFrame
        ``area_id, treated`` (bool), ``before, after``; areas that lack one of the values are left out.
    alpha : float
        A difference that chance brings about at least so often is called none.
    seed : int

    Returns
    -------
    effect : Effect
        The interval holds every effect that the same permutations do not reject at ``alpha``. ``too_few``: even the
        largest difference could be chance, so nothing can be said.

    Raises
    ------
    DataError
        Without any area of one of the two kinds.

    Notes
    -----
    Under no effect it does not matter which areas had the project: the difference is compared with that of every
    other way of choosing as many areas (Fisher 1935; Rosenbaum 2002, Observational Studies, ch. 2). It supposes that
    both kinds would have changed alike, which the comparison areas were chosen for.

    Examples
    --------
    >>> areas = pd.DataFrame({"area_id": list("abcdefgh"), "treated": [True] * 3 + [False] * 5,
    ...                       "before": 0.5, "after": [0.8, 0.81, 0.82, 0.5, 0.51, 0.52, 0.49, 0.5]})
    >>> effect = difference_in_differences(areas)
    >>> round(effect.estimate, 3), effect.verdict
    (0.306, 'effect')
    """
    known = areas.dropna(subset=["before", "after"]).sort_values("area_id", kind="stable")
    treated = known["treated"].to_numpy(dtype=bool)
    change = (known["after"] - known["before"]).to_numpy(float)
    n, k = len(known), int(treated.sum())
    if not 0 < k < n:
        raise errors.DataError(
            "effect_areas",
            "{treated} areas with the project and {compared} without are known before and after; both kinds are "
            "needed.",
            treated=k,
            compared=n - k,
        )
    ways = _ways(n, treated, seed)
    estimate = float(change[treated].mean() - change[~treated].mean())
    least = _p(treated.astype(float), treated, ways)  # the clearest difference that there can be
    p_value = _p(change, treated, ways)
    low, high = _interval(change, treated, ways, estimate, alpha) if least <= alpha else (-math.inf, math.inf)
    verdict: Verdict = "too_few" if least > alpha else "effect" if p_value <= alpha else "none_found"
    return Effect(estimate, low, high, p_value, verdict, k, n - k)


def _ways(n: int, treated: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """Ways of choosing as many areas, the actual one among them: all, or many drawn."""
    k = int(treated.sum())
    if math.comb(n, k) <= MOST_EXACT:
        chosen = np.zeros((math.comb(n, k), n), dtype=bool)
        for row, members in enumerate(combinations(range(n), k)):
            chosen[row, list(members)] = True
        return chosen
    random = np.random.Generator(np.random.PCG64(seed))
    drawn = random.permuted(np.tile(treated, (MOST_EXACT - 1, 1)), axis=1)
    return np.vstack([treated, drawn])


def _difference(change: Array, ways: NDArray[np.bool_]) -> Array:
    k = int(ways[0].sum())
    inside = np.where(ways, change, 0.0).sum(axis=1)
    return np.asarray(inside / k - (change.sum() - inside) / (len(change) - k))


def _p(change: Array, treated: NDArray[np.bool_], ways: NDArray[np.bool_]) -> float:
    """Share of the ways of choosing areas that are at least as far apart as the actual one."""
    return _share(_difference(change, ways), float(_difference(change, treated[None, :])[0]))


def _share(differences: Array, actual: float) -> float:
    slack = 1e-9 * max(1.0, float(np.abs(differences).max()))
    return float((np.abs(differences) >= abs(actual) - slack).mean())


def _interval(
    change: Array, treated: NDArray[np.bool_], ways: NDArray[np.bool_], estimate: float, alpha: float
) -> tuple[float, float]:
    """The effects that, taken away from the treated areas, leave nothing that chance does not explain."""
    width = float(np.ptp(change)) + abs(estimate) + 1e-12
    # The difference of every way is linear in the effect that is taken away.
    level, slope = _difference(change, ways), _difference(treated.astype(float), ways)

    def accepted(effect: float) -> bool:
        return _share(level - effect * slope, estimate - effect) > alpha

    ends = []
    for side in (-1.0, 1.0):
        inner, outer = 0.0, width
        while accepted(estimate + side * outer) and outer < 1e6 * width:
            outer *= 2
        for _ in range(50):
            middle = (inner + outer) / 2
            inner, outer = (middle, outer) if accepted(estimate + side * middle) else (inner, middle)
        ends.append(estimate + side * inner)
    return ends[0], ends[1]


@dataclass(frozen=True)
class Power:
    """What a comparison of so many areas can find, said before it starts."""

    detectable: float
    """The smallest effect found four times in five; infinite: none can be found."""
    possible: bool
    """False: this many areas cannot tell any difference from chance."""


def power(
    changes: pd.Series, *, treated: int, compared: int, alpha: float = ALPHA, power_share: float = POWER
) -> Power:
    """The smallest effect that a comparison would find, from how areas changed before without any project.

    Parameters
    ----------
    changes : Series
        Changes of like areas over a like time without a project; their spread is what hides an effect.
    treated, compared : int
        How many areas with and without.
    alpha, power_share : float

    Returns
    -------
    power : Power

    Notes
    -----
    (t_{1-alpha/2} + t_{power}) s sqrt(1/n1 + 1/n0) with n1 + n0 - 2 degrees of freedom (Bloom 1995, Evaluation Review
    19, 547-556). Impossible where the permutations are too few for ``alpha``.

    Examples
    --------
    >>> power(pd.Series([0.01, -0.02, 0.0, 0.02]), treated=1, compared=3).possible
    False
    """
    freedom = treated + compared - 2
    clear = np.concatenate([np.ones(treated), np.zeros(compared)])
    enough = treated > 0 and compared > 0 and freedom > 0
    if not enough or _p(clear, clear > 0, _ways(len(clear), clear > 0, 0)) > alpha:
        return Power(math.inf, possible=False)
    quantiles = special.stdtrit(freedom, [1 - alpha / 2, power_share]).sum()
    spread = float(changes.std(ddof=1)) * math.sqrt(1 / treated + 1 / compared)
    return Power(float(quantiles * spread), possible=True)
