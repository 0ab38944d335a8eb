"""Which area first: a longlist × criteria, a committee that disagrees, and how sure the choice is.

The Pareto front comes first, for it needs no weights. Then two rankings beside each other, and SMAA-2, which asks not
"what is the rank" but "for which weights is this area first". No score mixes need with access: they are criteria of
their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo import errors, schemas

DRAWS = 20_000
"""Weights drawn for SMAA: a share is then known to about ± 0.01 (Tervonen & Lahdelma 2007, EJOR 178:500)."""
CHUNK = 2_000
RANDOM_INDEX = (0.0, 0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
"""Consistency of random comparisons by number of criteria (Saaty 1980, The Analytic Hierarchy Process)."""
CONSISTENT = 0.1
"""A consistency ratio up to this is acceptable (Saaty 1980)."""
CLEAR = 1e-12
"""Smaller differences are ties."""

Array = NDArray[np.float64]


# --- one set of weights ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """Scores as arrays, areas × criteria, both sorted; larger is always the stronger reason."""

    areas: tuple[str, ...]
    criteria: tuple[str, ...]
    value: Array
    low: Array
    high: Array

    def spans(self) -> tuple[Array, Array]:
        """Smallest value and width of each criterion, over all that is possible."""
        bottom = np.nanmin(np.vstack([self.low, self.high, self.value]), axis=0)
        top = np.nanmax(np.vstack([self.low, self.high, self.value]), axis=0)
        return bottom, top - bottom

    def scaled(self, value: Array) -> Array:
        """0 the weakest, 1 the strongest; a criterion in which all are alike decides nothing."""
        bottom, width = self.spans()
        return np.where(width > 0, (value - bottom) / np.where(width > 0, width, 1.0), value * 0.0)


def table(scores: pd.DataFrame, criteria: pd.DataFrame) -> Table:
    """Areas × criteria as arrays.

    Parameters
    ----------
    scores : schemas.Scores
    criteria : schemas.Criteria

    Returns
    -------
    table : Table
        ``low`` and ``high`` are the value where it is known; where it is not, the range of the other areas.

    Raises
    ------
    DataError
        An area lacks the row of a criterion, or of a criterion nothing is known.
    """
    areas, names = sorted(set(scores["area_id"])), sorted(criteria["criterion"])
    parts = {
        column: scores.pivot(index="area_id", columns="criterion", values=column).reindex(
            areas, columns=names
        )
        for column in ("value", "low", "high")
    }
    rows = scores[scores["criterion"].isin(names)]
    if not areas or not names or len(rows) != len(areas) * len(names):
        raise errors.DataError(
            "areas_incomplete",
            "{areas} areas and {criteria} criteria need {needed} scores, there are {found}. Give each area a row for "
            "each criterion, with an empty value where it is not known.",
            areas=len(areas),
            criteria=len(names),
            needed=len(areas) * len(names),
            found=len(rows),
        )
    sign = np.where(criteria.set_index("criterion")["direction"].reindex(names) == "more", 1.0, -1.0)
    value = parts["value"].to_numpy(float) * sign
    ends = np.sort(
        np.stack([parts["low"].to_numpy(float) * sign, parts["high"].to_numpy(float) * sign]), axis=0
    )
    low, high = (np.where(np.isnan(end), value, end) for end in ends)
    blind = [name for name, column in zip(names, value.T, strict=True) if np.isnan(column).all()]
    if blind:
        raise errors.DataError(
            "criterion_unknown",
            "Nothing is known of {criterion} in any area. Leave it out, or bring its data.",
            criterion=", ".join(blind),
        )
    low = np.where(np.isnan(low), np.nanmin(low, axis=0), low)
    high = np.where(np.isnan(high), np.nanmax(high, axis=0), high)
    return Table(tuple(areas), tuple(names), value, low, high)


def pareto(scores: pd.DataFrame, criteria: pd.DataFrame) -> pd.DataFrame:
    """The areas that no other one beats: none is at least as good by every criterion and better by one.

    Parameters
    ----------
    scores : schemas.Scores
    criteria : schemas.Criteria

    Returns
    -------
    front : DataFrame
        ``area_id, pareto, beaten_by`` (the first area that does, None on the front). Where values are uncertain an
        area is beaten only if it is so whatever the truth.

    Examples
    --------
    >>> criteria = pd.DataFrame({"criterion": ["need"], "direction": "more", "source": "x"})
    >>> scores = pd.DataFrame({"area_id": ["A", "B"], "criterion": "need", "value": [2.0, 1.0],
    ...                        "low": np.nan, "high": np.nan, "state": "known"})
    >>> pareto(scores, criteria)["beaten_by"].tolist()
    [None, 'A']
    """
    own = table(scores, criteria)
    beaten: list[str | None] = []
    for i in range(len(own.areas)):
        best_case = own.high[i]
        beats = (own.low >= best_case - CLEAR).all(axis=1) & (own.low > best_case + CLEAR).any(axis=1)
        beats[i] = False
        beaten.append(own.areas[int(np.argmax(beats))] if beats.any() else None)
    return pd.DataFrame(
        {
            "area_id": own.areas,
            "pareto": [b is None for b in beaten],
            "beaten_by": pd.Series(beaten, dtype=object),
        }
    )


def weighted_sum(own: Table, weights: Mapping[str, float]) -> Array:
    """Mean of the scaled values by weight; NaN where a weighted value is unknown."""
    share = shares(own.criteria, weights)
    return np.asarray((own.scaled(own.value)[:, share > 0] * share[share > 0]).sum(axis=1))


def topsis(own: Table, weights: Mapping[str, float]) -> Array:
    """Nearness to the best of all values, away from the worst: C = d- / (d+ + d-).

    Values are divided by the length of their criterion's column. The measure may turn the order of two areas when a
    third joins (rank reversal); it stands beside the weighted sum so that this is seen.

    References
    ----------
    .. [1] C. L. Hwang, K. Yoon (1981), Multiple Attribute Decision Making, Springer.
    """
    share = shares(own.criteria, weights)
    used = share > 0
    value = own.value[:, used]
    length = np.sqrt(np.nansum(value**2, axis=0))
    value = np.where(length > 0, value / np.where(length > 0, length, 1.0), value) * share[used]
    to_best = np.sqrt(((np.nanmax(value, axis=0) - value) ** 2).sum(axis=1))
    to_worst = np.sqrt(((value - np.nanmin(value, axis=0)) ** 2).sum(axis=1))
    both = to_best + to_worst
    return np.asarray(
        np.where(both > 0, to_worst / np.where(both > 0, both, 1.0), np.where(np.isnan(both), np.nan, 0.5))
    )


def ranking(scores: pd.DataFrame, criteria: pd.DataFrame, weights: Mapping[str, float]) -> pd.DataFrame:
    """Both rankings and the front beside each other.

    Parameters
    ----------
    scores : schemas.Scores
    criteria : schemas.Criteria
    weights : mapping of str to float
        By criterion, of any sum.

    Returns
    -------
    ranking : schemas.Ranking
        Areas that tie share the better rank. An area with an unknown value has no rank: see its acceptability.
    """
    own = table(scores, criteria)
    simple, near = weighted_sum(own, weights), topsis(own, weights)
    frame = pd.DataFrame(
        {
            "area_id": own.areas,
            "pareto": pareto(scores, criteria)["pareto"],
            "weighted_sum": simple,
            "weighted_sum_rank": ranks(simple),
            "topsis": near,
            "topsis_rank": ranks(near),
            "known": ~np.isnan(own.value).any(axis=1),
        }
    )
    return schemas.conform(schemas.Ranking, frame)


def ranks(values: Array) -> Array:
    """1 for the largest; ties, up to rounding, share the better rank; NaN has none.

    Examples
    --------
    >>> ranks(np.array([0.2, 0.7, 0.7, np.nan])).tolist()
    [3.0, 1.0, 1.0, nan]
    """
    above = values[None, :] > values[:, None] + CLEAR
    return np.where(np.isnan(values), np.nan, 1.0 + above.sum(axis=1))


def shares(criteria: Sequence[str], weights: Mapping[str, float]) -> Array:
    """Weights in the order of the criteria, with sum 1."""
    given = np.array([float(weights.get(name, 0.0)) for name in criteria])
    strange = sorted(set(weights) - set(criteria))
    if strange or not (given >= 0).all() or not 0 < given.sum() < np.inf:
        raise errors.DataError(
            "weights_invalid",
            "Weights {weights} do not fit the criteria {criteria}: give each a number of 0 or more, and one above 0.",
            weights=", ".join(f"{name} {value}" for name, value in weights.items()),
            criteria=", ".join(criteria),
        )
    return np.asarray(given / given.sum())


# --- any weights ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Beliefs:
    """What is known of the weights; nothing given: every set of weights is as likely as any other.

    Parameters
    ----------
    ranges : mapping of str to (float, float), optional
        Least and largest share of a criterion.
    order : sequence of str, optional
        Criteria from the most important down; those not named come after, in any order.
    sets : sequence of mapping, optional
        One set a member: each counts alike.
    """

    ranges: Mapping[str, tuple[float, float]] | None = None
    order: Sequence[str] | None = None
    sets: Sequence[Mapping[str, float]] | None = None


@dataclass(frozen=True)
class Smaa:
    """How sure a choice is."""

    acceptability: pd.DataFrame
    """schemas.Acceptability"""
    central: pd.DataFrame
    """schemas.CentralWeights"""
    draws: int
    """How many sets of weights were asked."""


def smaa(
    scores: pd.DataFrame,
    criteria: pd.DataFrame,
    *,
    beliefs: Beliefs | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Smaa:
    """For how many of the possible weights and values each area comes first, second …

    Parameters
    ----------
    scores : schemas.Scores
        Uncertain values are drawn between ``low`` and ``high``, unknown ones over the range of the other areas.
    criteria : schemas.Criteria
    beliefs : Beliefs, optional
    draws : int
    seed : int

    Returns
    -------
    smaa : Smaa
        Areas that tie in a draw share the ranks they tie for, so that identical areas are accepted alike.

    Raises
    ------
    DataError
        No weights keep the given ranges.

    References
    ----------
    .. [1] R. Lahdelma, P. Salminen (2001), "SMAA-2: stochastic multicriteria acceptability analysis for group
       decision making", Operations Research 49, 444-454.

    Examples
    --------
    >>> criteria = pd.DataFrame({"criterion": ["x", "y"], "direction": "more", "source": "-"})
    >>> scores = pd.DataFrame([(a, c, v, np.nan, np.nan, "known") for a, c, v in
    ...     [("A", "x", 1.0), ("A", "y", 0.0), ("B", "x", 0.0), ("B", "y", 1.0)]],
    ...     columns=["area_id", "criterion", "value", "low", "high", "state"])
    >>> smaa(scores, criteria).acceptability["share"].round(1).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    own = table(scores, criteria)
    random = np.random.Generator(np.random.PCG64(seed))
    weights = draw(own.criteria, beliefs or Beliefs(), draws=draws, random=random)
    m = len(own.areas)
    counts, first_weights, firsts = np.zeros((m, m)), np.zeros((m, len(own.criteria))), np.zeros(m)
    for start in range(0, draws, CHUNK):
        part = weights[start : start + CHUNK]
        placed = _placed(_drawn(own, part, random))
        counts += placed.sum(axis=0)
        first_weights += placed[:, :, 0].T @ part
        firsts += placed[:, :, 0].sum(axis=0)
    central = np.where(
        firsts[:, None] > 0, first_weights / np.where(firsts > 0, firsts, 1.0)[:, None], np.nan
    )
    sure = [_confidence(own, i, central[i], random) for i in range(m)]
    return Smaa(_acceptability(own, counts / draws), _central(own, central, sure), draws)


def draw(criteria: Sequence[str], beliefs: Beliefs, *, draws: int, random: np.random.Generator) -> Array:
    """Weights that agree with what is believed: draws × criteria, each row with sum 1."""
    if beliefs.sets is not None:
        known = np.array([shares(criteria, one) for one in beliefs.sets])
        return np.asarray(known[np.arange(draws) % len(known)])
    low, high = np.zeros(len(criteria)), np.ones(len(criteria))
    for name, (least, most) in (beliefs.ranges or {}).items():
        low[list(criteria).index(name)], high[list(criteria).index(name)] = least, most
    found: list[Array] = []
    for _ in range(200):
        # Uniform over all weights that leave each criterion its least share; rejected above the largest.
        rest = 1.0 - low.sum()
        fresh = random.standard_exponential((draws, len(criteria)))
        fresh = low + max(rest, 0.0) * fresh / fresh.sum(axis=1, keepdims=True)
        fresh = _ordered(fresh, criteria, beliefs.order, random) if beliefs.order else fresh
        inside = (fresh <= high + CLEAR).all(axis=1) & (fresh >= low - CLEAR).all(axis=1)
        if rest >= -CLEAR:
            found.append(fresh[inside])
        if sum(map(len, found)) >= draws:
            return np.concatenate(found)[:draws]
    raise errors.DataError(
        "weights_impossible",
        "No weights, or almost none, keep all ranges ({ranges}): they must allow a sum of 1. Widen them.",
        ranges=", ".join(f"{name} {a:g}-{b:g}" for name, (a, b) in (beliefs.ranges or {}).items()),
    )


def _ordered(
    weights: Array, criteria: Sequence[str], order: Sequence[str], random: np.random.Generator
) -> Array:
    named = [list(criteria).index(name) for name in order]
    others = [i for i in range(len(criteria)) if i not in named]
    falling = -np.sort(-weights, axis=1)
    tidy = np.empty_like(weights)
    tidy[:, named] = falling[:, : len(named)]
    tidy[:, others] = random.permuted(falling[:, len(named) :], axis=1)
    return tidy


def _drawn(own: Table, weights: Array, random: np.random.Generator) -> Array:
    """Totals of every area in every draw."""
    if (own.low == own.high).all():
        return np.asarray(weights @ own.scaled(own.low).T)
    part = random.random((len(weights), *own.low.shape))
    value = own.low + part * (own.high - own.low)
    bottom, width = own.spans()
    scaled = np.where(width > 0, (value - bottom) / np.where(width > 0, width, 1.0), 0.0)
    return np.asarray(np.einsum("dc,dac->da", weights, scaled))


def _placed(totals: Array) -> Array:
    """Draws × areas × ranks: 1 where an area comes to a rank, parts of it where areas tie."""
    above = (totals[:, None, :] > totals[:, :, None] + CLEAR).sum(axis=2)
    tied = (np.abs(totals[:, None, :] - totals[:, :, None]) <= CLEAR).sum(axis=2)
    rank = np.arange(totals.shape[1])
    inside = (rank >= above[:, :, None]) & (rank < (above + tied)[:, :, None])
    return np.asarray(inside / tied[:, :, None])


def _confidence(own: Table, area: int, weights: Array, random: np.random.Generator) -> float:
    if np.isnan(weights).any():
        return float("nan")
    draws = 1 if (own.low == own.high).all() else CHUNK
    totals = _drawn(own, np.tile(weights, (draws, 1)), random)
    return float(_placed(totals)[:, area, 0].mean())


def _acceptability(own: Table, share: Array) -> pd.DataFrame:
    m = len(own.areas)
    frame = {"area_id": np.repeat(own.areas, m), "rank": np.tile(np.arange(1, m + 1), m)}
    clipped = np.clip(share, 0, 1).ravel().round(9)
    return schemas.conform(schemas.Acceptability, pd.DataFrame({**frame, "share": clipped}))


def _central(own: Table, weights: Array, sure: list[float]) -> pd.DataFrame:
    m, k = len(own.areas), len(own.criteria)
    frame = pd.DataFrame(
        {
            "area_id": np.repeat(own.areas, k),
            "criterion": np.tile(own.criteria, m),
            "weight": np.clip(weights, 0, 1).ravel().round(9),
            "confidence": np.clip(np.repeat(sure, k), 0, 1),
        }
    )
    return schemas.conform(schemas.CentralWeights, frame)


# --- a committee ----------------------------------------------------------------------------------------


def by_ranking(order: Sequence[str]) -> dict[str, float]:
    """Weights from an order alone, the most important first: the mean of all weights that keep it.

    References
    ----------
    .. [1] F. H. Barron, B. E. Barrett (1996), "Decision quality using ranked attribute weights", Management
       Science 42, 1515-1523 (rank order centroid).

    Examples
    --------
    >>> {name: round(weight, 3) for name, weight in by_ranking(["need", "base"]).items()}
    {'need': 0.75, 'base': 0.25}
    """
    n = len(order)
    return {name: sum(1 / k for k in range(i + 1, n + 1)) / n for i, name in enumerate(order)}


def pairwise(comparisons: Mapping[tuple[str, str], float]) -> tuple[dict[str, float], float]:
    """Weights from comparisons by pairs, and how consistent these are.

    Parameters
    ----------
    comparisons : mapping of (str, str) to float
        (a, b) → how many times as important a is as b (1 equal … 9 far more; 1/9 … for the other way); every pair once.

    Returns
    -------
    weights : dict of str to float
        The first eigenvector.
    consistency_ratio : float
        0: consistent; above :data:`CONSISTENT` the member should look again.

    Raises
    ------
    DataError
        A pair is missing, or a comparison is not above 0.

    References
    ----------
    .. [1] T. L. Saaty (1977), "A scaling method for priorities in hierarchical structures", J. Mathematical
       Psychology 15, 234-281.

    Examples
    --------
    >>> weights, ratio = pairwise({("a", "b"): 2, ("b", "c"): 2, ("a", "c"): 4})
    >>> [round(weights[name], 3) for name in "abc"], round(ratio, 6)
    ([0.571, 0.286, 0.143], 0.0)
    """
    names = sorted({name for pair in comparisons for name in pair})
    n = len(names)
    matrix = np.eye(n)
    for (a, b), times in comparisons.items():
        if times > 0:
            matrix[names.index(a), names.index(b)] = times
            matrix[names.index(b), names.index(a)] = 1 / times
    if (matrix == 0).any() or any(not times > 0 for times in comparisons.values()):
        raise errors.DataError(
            "pairs_missing",
            "The criteria {criteria} make {needed} pairs, {found} are compared. Compare each pair once, by a number "
            "above 0.",
            criteria=", ".join(names),
            needed=n * (n - 1) // 2,
            found=sum(times > 0 for times in comparisons.values()),
        )
    values, vectors = np.linalg.eig(matrix)
    top = int(np.argmax(values.real))
    weights = np.abs(vectors[:, top].real)
    weights = weights / weights.sum()
    random_index = RANDOM_INDEX[min(n, len(RANDOM_INDEX) - 1)]
    ratio = max(0.0, (values[top].real - n) / (n - 1) / random_index) if random_index else 0.0
    return {name: float(weight) for name, weight in zip(names, weights, strict=True)}, ratio


def together(votes: pd.DataFrame) -> dict[str, float]:
    """The committee's weights: the mean of its members', each member counting alike.

    Parameters
    ----------
    votes : schemas.Votes
    """
    mean = votes.groupby("criterion", sort=True)["weight"].sum() / votes["member"].nunique()
    return {str(name): float(weight) for name, weight in mean.items()}


def agreement(scores: pd.DataFrame, criteria: pd.DataFrame, votes: pd.DataFrame) -> float:
    """How alike the members rank the areas: Kendall's W, 0 no agreement, 1 the same order; NaN for one member.

    Ties are corrected for; areas that cannot be ranked are left out.

    References
    ----------
    .. [1] M. G. Kendall, B. Babington Smith (1939), Annals of Mathematical Statistics 10, 275-287.
    """
    own = table(scores, criteria)
    orders = np.array([weighted_sum(own, weights) for weights in members(votes).values()])
    orders = orders[:, ~np.isnan(orders).any(axis=0)]
    judges, n = orders.shape
    if judges < 2 or n < 2:
        return float("nan")
    placed = pd.DataFrame(-orders.round(12)).rank(axis=1).to_numpy()
    spread = float(((placed.sum(axis=0) - judges * (n + 1) / 2) ** 2).sum())
    counts = [np.unique(row, return_counts=True)[1] for row in placed]
    ties = sum(float((count**3 - count).sum()) for count in counts)
    whole = judges**2 * (n**3 - n) - judges * ties
    return float(12 * spread / whole) if whole > 0 else 1.0


def members(votes: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Each member's weights."""
    return {
        str(member): dict(zip(part["criterion"], part["weight"].astype(float), strict=True))
        for member, part in votes.groupby("member", sort=True)
    }


def influence(scores: pd.DataFrame, criteria: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """What each member would choose alone, and how far the committee must go towards that to choose otherwise.

    Parameters
    ----------
    scores : schemas.Scores
    criteria : schemas.Criteria
    votes : schemas.Votes

    Returns
    -------
    influence : DataFrame
        ``member, role, first`` (alone), ``agreement`` (Kendall's tau-b with the committee's order), ``without`` (who
        is first without the member), ``shift`` (share of the way from the committee's weights to the member's at
        which another area becomes first; NaN: at none), ``then`` (which one).
    """
    own = table(scores, criteria)
    known = ~np.isnan(own.value).any(axis=1)
    own = Table(
        tuple(np.array(own.areas, dtype=object)[known]),
        own.criteria,
        own.value[known],
        own.low[known],
        own.high[known],
    )
    common = weighted_sum(own, together(votes))
    roles = votes.groupby("member", sort=True)["role"].first()
    rows = []
    for member, weights in members(votes).items():
        alone = weighted_sum(own, weights)
        others = votes[votes["member"] != member]
        shift, then = _turning(common, alone, own.areas)
        rows.append(
            {
                "member": member,
                "role": roles[member],
                "first": own.areas[_first(alone)],
                "agreement": float(
                    pd.Series(common.round(12)).corr(pd.Series(alone.round(12)), method="kendall")
                ),
                "without": own.areas[_first(weighted_sum(own, together(others)))] if len(others) else None,
                "shift": shift,
                "then": then,
            }
        )
    return pd.DataFrame(rows)


def _first(values: Array) -> int:
    return int(np.argmax(values >= values.max() - CLEAR))


def _turning(common: Array, alone: Array, areas: Sequence[str]) -> tuple[float, str | None]:
    """Where on the way from one set of totals to the other the first area changes: totals are linear on it."""
    top = _first(common)
    ahead, later = common[top] - common, alone[top] - alone
    turns = np.where(later < -CLEAR, ahead / np.where(later < -CLEAR, ahead - later, 1.0), np.inf)
    turns[top] = np.inf
    nearest = int(np.argmin(turns))
    return (float(turns[nearest]), areas[nearest]) if np.isfinite(turns[nearest]) else (float("nan"), None)


# --- why ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reason:
    """A sentence to be said in the reader's language: the key of its words, and its values."""

    code: str
    context: Mapping[str, object]


def why(
    scores: pd.DataFrame, criteria: pd.DataFrame, weights: Mapping[str, float], a: str, b: str
) -> list[Reason]:
    """Why area ``a`` and not area ``b``, by the weighted sum: what speaks for each, strongest first, and what would
    turn the order.

    Returns
    -------
    reasons : list of Reason
        ``ahead`` or ``equal`` or ``behind``, then ``for`` and ``against`` with both values and the weight, then
        ``turn``: the share of one criterion at which the two change places, the others kept in proportion.
    """
    own = table(scores, criteria)
    i, j = own.areas.index(a), own.areas.index(b)
    share, scaled = shares(own.criteria, weights), own.scaled(own.value)
    raw = scores.pivot(index="area_id", columns="criterion", values="value")
    part = share * (scaled[i] - scaled[j])
    total = float(np.nansum(part))
    code = "equal" if abs(total) <= CLEAR else "ahead" if total > 0 else "behind"
    scored = [round(float(np.nansum(share * scaled[k])), 3) for k in (i, j)]
    reasons = [Reason(code, {"a": a, "b": b, "score_a": scored[0], "score_b": scored[1]})]
    for k in sorted(range(len(part)), key=lambda k: (-abs(np.nan_to_num(part[k])), own.criteria[k])):
        values = {
            "criterion": own.criteria[k],
            "value_a": _number(raw.loc[a, own.criteria[k]]),
            "value_b": _number(raw.loc[b, own.criteria[k]]),
            "weight": round(float(share[k]), 3),
        }
        if np.isnan(part[k]):
            reasons.append(Reason("unknown", values))
        elif abs(part[k]) > CLEAR:
            reasons.append(Reason("for" if part[k] > 0 else "against", values))
    return [*reasons, *_turns(own, share, scaled[i] - scaled[j], a, b)]


def _turns(own: Table, share: Array, apart: Array, a: str, b: str) -> list[Reason]:
    found = []
    for k, name in enumerate(own.criteria):
        rest = np.delete(share, k)
        if np.isnan(apart).any() or rest.sum() <= 0:
            continue
        others = float(np.delete(apart, k) @ rest / rest.sum())
        if abs(others - apart[k]) > CLEAR:
            at = others / (others - float(apart[k]))
            if 0 < at < 1:
                values = {"a": a, "b": b, "criterion": name, "weight": round(float(share[k]), 3)}
                found.append((abs(at - share[k]), Reason("turn", {**values, "at": round(at, 3)})))
    return [reason for _, reason in sorted(found, key=lambda pair: pair[0])[:1]]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 3)
