"""How evenly access is shared among people: one number is never enough, so several stand side by side.

Every measure weighs by people. What is shared is how many fitting places somebody has within the largest distance
of the study (``places``), how near the nearest one is (``nearness``: 1 at the door, 0.5 at the study's limit, 0 from
twice the limit on and where nothing is reached), in which share of the waking week something is surely open within
the walk (``open_share``), or how many visits a week the places within reach have for a person (``room``, E2SFCA).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
import pandas as pd

from geo import schemas
from geo.study import Study

Good = Literal["places", "nearness", "open_share", "room"]
OF_ANY: tuple[Good, ...] = ("open_share", "room")
"""Goods that are told of the kind ``any`` alone."""
STEPS = 20
"""A Lorenz curve is told at so many equal steps of people."""


def lorenz(values: np.ndarray, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The Lorenz curve: share of people, worst off first, and the share of the good that they have.

    Parameters
    ----------
    values, people : array of float
        One an origin, not negative, none NaN.

    Returns
    -------
    people_share, good_share : array of float
        From 0 to 1; the shares of the good are NaN when nobody has any (Lorenz, 1905).

    Examples
    --------
    >>> [curve.tolist() for curve in lorenz(np.array([3.0, 1.0]), np.array([1.0, 1.0]))]
    [[0.0, 0.5, 1.0], [0.0, 0.25, 1.0]]
    """
    order = np.argsort(values, kind="stable")
    have, who = values[order] * people[order], people[order]
    total = have.sum()
    good = np.cumsum(have) / total if total > 0 else np.full(len(have), np.nan)
    share = np.cumsum(who) / who.sum() if who.sum() > 0 else np.full(len(who), np.nan)
    return np.concatenate(([0.0], share)), np.concatenate(([0.0 if total > 0 else np.nan], good))


def gini(values: np.ndarray, people: np.ndarray) -> float:
    """Gini coefficient weighted by people: 0 when all have the same; NaN when nobody has anything.

    G = sum over i, j of p_i p_j |a_i - a_j| / (2 mean) with p the shares of people (Gini, 1912).

    Examples
    --------
    >>> gini(np.array([0.0, 0.0, 0.0, 8.0]), np.ones(4))
    0.75
    """
    return _gini(*lorenz(values, people))


def _gini(share: np.ndarray, good: np.ndarray) -> float:
    return float(1 - np.sum(np.diff(share) * (good[1:] + good[:-1])))


def palma(values: np.ndarray, people: np.ndarray) -> float:
    """What the best-off tenth has over what the worst-off four tenths have (Palma, 2011, Development and Change 42:87).

    NaN where the four tenths have nothing: the ratio has no end.

    Examples
    --------
    >>> round(palma(np.array([1.0, 1.0, 1.0, 1.0]), np.ones(4)), 6)
    0.25
    """
    return _palma(*lorenz(values, people))


def _palma(share: np.ndarray, good: np.ndarray) -> float:
    low, high = np.interp([0.4, 0.9], share, good)
    return float((1 - high) / low) if low > 0 else float("nan")


def theil(values: np.ndarray, people: np.ndarray, part: np.ndarray) -> tuple[float, float]:
    """Theil's T between the parts of a partition, and within them; the two add up to the whole.

    T = sum of p_i (a_i / mean) ln(a_i / mean); who has nothing adds nothing (Theil, 1967).

    Parameters
    ----------
    values, people : array of float
    part : array of int
        Which part of the study area an origin is in; each in one.

    Returns
    -------
    between, within : float
        NaN when nobody has anything.

    Examples
    --------
    >>> between, within = theil(np.array([1.0, 1.0, 3.0, 3.0]), np.ones(4), np.array([0, 0, 1, 1]))
    >>> round(between, 4), round(within, 4)
    (0.1308, 0.0)
    """
    between = _between(values, people, np.unique(part, return_inverse=True)[1])
    return between, max(_theil(values, people) - between, 0.0)


def _between(values: np.ndarray, people: np.ndarray, number: np.ndarray) -> float:
    """Theil's T of the means of the parts, which are numbered; a number that nobody has counts for nothing."""
    who, have = np.bincount(number, people), np.bincount(number, people * values)
    means = np.divide(have, who, out=np.zeros(len(who)), where=who > 0)
    return _theil(means, who)


def _theil(values: np.ndarray, people: np.ndarray) -> float:
    if not people.sum() > 0 or not (values * people).sum() > 0:
        return float("nan")
    relative = values / (np.sum(values * people) / people.sum())
    terms = np.where(relative > 0, relative * np.log(np.where(relative > 0, relative, 1.0)), 0.0)
    return float(max(np.sum(people * terms) / people.sum(), 0.0))


def concentration(values: np.ndarray, people: np.ndarray, need: np.ndarray) -> float:
    """Whether the good lies with those in need: below 0 with them, above 0 with the others.

    The concentration index C = 2 cov(a, R) / mean with R the place of a person when people stand in the order of
    need, highest first; people of equal need share their place (Kakwani, Wagstaff and van Doorslaer, 1997, Journal
    of Econometrics 77:87).

    Examples
    --------
    >>> concentration(np.array([4.0, 0.0]), np.ones(2), np.array([9.0, 1.0]))
    -0.5
    """
    _, number = np.unique(-need, return_inverse=True)
    who = np.bincount(number, people)
    have = np.bincount(number, people * values)
    if not have.sum() > 0:
        return float("nan")
    share = who / who.sum()
    place = np.cumsum(share) - share / 2
    return float(2 * np.sum(have / have.sum() * place) - 1)


def fgt(values: np.ndarray, people: np.ndarray, *, line: float, power: int) -> float:
    """How many have less than the line (power 0), how much less (1), and the worst-off more (2).

    The mean over people of ((line - a) / line)^power where a < line (Foster, Greer and Thorbecke, 1984,
    Econometrica 52:761).

    Examples
    --------
    >>> [fgt(np.array([0.0, 1.0, 2.0, 4.0]), np.ones(4), line=2, power=power) for power in (0, 1, 2)]
    [0.5, 0.375, 0.3125]
    """
    short = values < line
    depth = np.where(short, (line - values) / line, 0.0)
    if not people.sum() > 0:
        return float("nan")
    return float(np.sum(people * (short if power == 0 else depth**power)) / people.sum())


def table(
    coverage: pd.DataFrame,
    need: pd.Series,
    parts: Mapping[str, pd.Series],
    goods: Mapping[str, pd.DataFrame] | None = None,
    *,
    study: Study,
) -> pd.DataFrame:
    """Every measure for each group, kind of place and zone system.

    Parameters
    ----------
    coverage : schemas.Coverage
    need : Series of float
        Risk by ``origin_id``; origins without one stay out of the concentration index only.
    parts : mapping of str to Series
        Zone system → part of the study area by ``origin_id`` (of :func:`geo.zones.parts`).
    goods : mapping of str to DataFrame, optional
        ``open_share`` (schemas.Opening) and ``room`` (a column of that name by ``origin_id, group``).
    study : Study
        ``limit_m`` is the line of the shortfall in nearness, ``enough_open_share`` that in open hours.

    Returns
    -------
    equity : schemas.Equity
        Groups that no table counts are left out.
    """
    rows = []
    origin, ids = pd.factorize(coverage["origin_id"])
    risks = need.reindex(ids).to_numpy(dtype=float)
    whose = {system: pd.factorize(part.reindex(ids))[0] + 1 for system, part in sorted(parts.items())}
    for (group, kind), own in _peopled(coverage.assign(origin=origin)):
        people, at = own["people"].to_numpy(), own["origin"].to_numpy()
        risk = risks[at]
        known = ~np.isnan(risk)
        where = {system: part[at] for system, part in whose.items()}
        for good, values in _goods(own, group, kind, goods or {}, study):
            curve = lorenz(values, people)
            measures = {
                "group": group,
                "kind": kind,
                "good": good,
                "people": people.sum(),
                "mean": np.sum(values * people) / people.sum(),
                "gini": _gini(*curve),
                "palma": _palma(*curve),
                "concentration": concentration(values[known], people[known], risk[known])
                if known.any()
                else np.nan,
                **_shortfall(values, people, good, study),
            }
            total = _theil(values, people)
            for system, part in where.items():
                between = _between(values, people, part)
                split = {"theil_between": between, "theil_within": max(total - between, 0.0)}
                rows.append({**measures, "theil": sum(split.values()), **split, "system": system})
    if not rows:
        return schemas.empty(schemas.Equity)
    result = pd.DataFrame(rows)
    numbers = result.select_dtypes("number").columns
    return schemas.conform(schemas.Equity, result.assign(**(result[numbers].round(9) + 0.0)))


def _peopled(coverage: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """The origins of each group and kind from which somebody of the group starts."""
    used = coverage.drop(columns=["second_m", "third_m", "possible_m", "reason"])
    for (group, kind), own in used[used["people"] > 0].groupby(["group", "kind"], sort=True):
        yield (str(group), str(kind)), own


def _goods(
    own: pd.DataFrame, group: str, kind: str, goods: Mapping[str, pd.DataFrame], study: Study
) -> Iterator[tuple[Good, np.ndarray]]:
    """What is shared among the origins of one group, aligned on ``own``."""
    yield "places", np.asarray(own["n_within"], dtype=float)
    far = own["nearest_m"].to_numpy(dtype=float) / (2 * study.limit_m)
    yield "nearness", np.asarray(np.clip(1 - np.nan_to_num(far, nan=np.inf), 0, 1))
    for good in OF_ANY:
        if kind == "any" and good in goods:
            told = goods[good]
            by = told[told["group"] == group].set_index("origin_id")[good]
            at = by.index.get_indexer(pd.Index(own["origin_id"]))
            if (at >= 0).all():
                yield good, by.to_numpy(dtype=float)[at]


def _shortfall(values: np.ndarray, people: np.ndarray, good: Good, study: Study) -> dict[str, float]:
    """No line is drawn for room: nobody says how many visits a week are enough."""
    lines = {"nearness": 0.5, "places": 1.0, "open_share": study.enough_open_share}
    return {
        f"fgt{power}": fgt(values, people, line=lines[good], power=power) if good in lines else np.nan
        for power in (0, 1, 2)
    }


def curves(
    coverage: pd.DataFrame, goods: Mapping[str, pd.DataFrame] | None = None, *, study: Study
) -> pd.DataFrame:
    """Lorenz curves of each group and kind of place, at equal steps of people.

    Parameters
    ----------
    coverage : schemas.Coverage
    goods : mapping of str to DataFrame, optional
        As for :func:`table`.
    study : Study

    Returns
    -------
    lorenz : schemas.Lorenz
    """
    parts = [schemas.empty(schemas.Lorenz)]
    steps = np.arange(STEPS + 1)
    for (group, kind), own in _peopled(coverage):
        for good, values in _goods(own, group, kind, goods or {}, study):
            share, have = lorenz(values, own["people"].to_numpy())
            if not np.isnan(have).any():
                told = np.round(np.interp(steps / STEPS, share, have), 9)
                curve = {"step": steps, "people_share": steps / STEPS, "good_share": told}
                parts.append(pd.DataFrame(curve).assign(group=group, kind=kind, good=good))
    return schemas.conform(schemas.Lorenz, pd.concat(parts[1:] or parts, ignore_index=True))
