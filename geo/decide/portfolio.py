"""Several model areas at once: the best choice under quotas, what comes near it, and areas to compare with.

A comparison area is fixed before anything starts: chosen afterwards, it can be chosen so that the project looks good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from geo import errors
from geo.decide import solver
from geo.errors import Clause, Clauses

NEAR_SHARE = 0.05
"""A portfolio whose total is at most this much below the best is an alternative."""
MOST_ALTERNATIVES = 10
BALANCED = 0.25
"""A standardised difference up to this is called balanced (Rubin 2001, Health Services and Outcomes Research
Methodology 2, 169-188)."""

TYPE = "type"
"""The column of :func:`area_types`; other columns of quotas hold names of zones."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Quota:
    """How many of the chosen areas come from each class.

    Parameters
    ----------
    column : str
        Of the areas: the middle zone (圏域), the type …
    least, most : mapping of str to int
        By class; classes not named have no least, and ``each_most`` as their most.
    each_most : int, optional
        The most of every class: 1 is one area a middle zone.
    """

    column: str
    least: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    each_most: int | None = None


@dataclass(frozen=True)
class Portfolio:
    """Chosen areas, and other choices that are nearly as good, best first."""

    chosen: tuple[str, ...]
    total: float
    alternatives: tuple[tuple[tuple[str, ...], float], ...]


def choose(
    areas: pd.DataFrame,
    *,
    number: int,
    quotas: Sequence[Quota] = (),
    neighbours: Sequence[tuple[str, str]] = (),
    required: Sequence[str] = (),
    forbidden: Sequence[str] = (),
) -> Portfolio:
    """The areas of largest total score that keep all quotas, exactly.

    Parameters
    ----------
    areas : DataFrame
        ``area_id, score`` and the columns of the quotas. Areas without a score are not chosen.
    number : int
        How many.
    quotas : sequence of Quota
    neighbours : sequence of (str, str)
        Pairs of which at most one is chosen.
    required, forbidden : sequence of str

    Returns
    -------
    portfolio : Portfolio
        Of equal totals any one stands first; the others are among the alternatives.

    Raises
    ------
    InfeasibleError
        With the quotas that cannot be kept together.

    Examples
    --------
    >>> areas = pd.DataFrame({"area_id": ["a", "b", "c"], "score": [3.0, 2.0, 1.0], "middle": ["x", "x", "y"]})
    >>> choose(areas, number=2, quotas=[Quota("middle", each_most=1)]).chosen
    ('a', 'c')
    """
    known = areas[areas["score"].notna() & ~areas["area_id"].isin(forbidden)]
    known = known.sort_values("area_id", kind="stable").reset_index(drop=True)
    named = _limits(known, number, quotas, neighbours, required)
    score = known["score"].to_numpy(float)
    ids = known["area_id"].to_numpy(dtype=object)
    best = _best(score, [row for _, rows in named for row in rows])
    if best is None:
        raise _blame(score, named)
    found = [best]
    floor = score[best].sum() - NEAR_SHARE * abs(score[best].sum())
    while len(found) <= MOST_ALTERNATIVES:
        cuts = [(np.where(chosen, 1.0, 0.0), -np.inf, chosen.sum() - 1.0) for chosen in found]
        again = _best(score, [*(row for _, rows in named for row in rows), *cuts])
        if again is None or score[again].sum() < floor - 1e-9:
            break
        found.append(again)
    said = [(tuple(str(name) for name in ids[chosen]), float(score[chosen].sum())) for chosen in found]
    return Portfolio(said[0][0], said[0][1], tuple(said[1 : MOST_ALTERNATIVES + 1]))


Row = tuple[Array, float, float]


def _limits(
    areas: pd.DataFrame,
    number: int,
    quotas: Sequence[Quota],
    neighbours: Sequence[tuple[str, str]],
    required: Sequence[str],
) -> list[tuple[Clause, list[Row]]]:
    """Each rule by its name, as rows: coefficients, least, most."""
    ids = areas["area_id"]
    named: list[tuple[Clause, list[Row]]] = [
        (Clause("rule_areas", "exactly {number} areas", number=number), [(np.ones(len(ids)), number, number)])
    ]
    named += [
        (Clause("rule_required", "{area} is one of them", area=name), [((ids == name).to_numpy(float), 1, 1)])
        for name in required
    ]
    for quota in quotas:
        classes = sorted({*areas[quota.column].dropna(), *quota.least, *quota.most})
        for one in classes:
            least = quota.least.get(one, 0)
            most = quota.most.get(one, len(ids) if quota.each_most is None else quota.each_most)
            inside = (areas[quota.column] == one).to_numpy(float)
            named.append((_quota(quota.column, one, least, most), [(inside, least, most)]))
    pairs = [(ids.isin(pair).to_numpy(float), -np.inf, 1.0) for pair in sorted(map(sorted, neighbours))]
    apart = Clause("rule_neighbours", "never two neighbours")
    return [*named, (apart, [row for row in pairs if row[0].sum() == 2])]


def _quota(column: str, one: str, least: int, most: int) -> Clause:
    """How many of one class, in words."""
    if column == TYPE:
        said = {"area_type": one, "least": least, "most": most}
        return Clause("rule_type", "{least} to {most} of the type {area_type}", **said)
    return Clause("rule_within", "{least} to {most} within {zone}", zone=one, least=least, most=most)


def _best(score: Array, rows: Sequence[Row]) -> NDArray[np.bool_] | None:
    n = len(score)
    if not n:
        return None
    model = solver.Model(
        gain=score,
        rows=sparse.csr_array(np.array([row for row, _, _ in rows])),
        low=np.array([low for _, low, _ in rows], dtype=float),
        high=np.array([high for _, _, high in rows], dtype=float),
        lower=np.zeros(n),
        upper=np.ones(n),
        whole=np.ones(n, dtype=bool),
    )
    status, values, _ = solver.solve(model, time_limit_s=60)
    return None if status == "infeasible" or values is None else values > 0.5


def _blame(score: Array, named: list[tuple[Clause, list[Row]]]) -> errors.InfeasibleError:
    """The fewest rules that exclude each other: each is needed for that."""
    kept = list(named)
    for rule in named:
        without = [one for one in kept if one is not rule]
        if (
            _best(score, [row for _, rows in without for row in rows] or [(np.zeros(len(score)), 0, 0)])
            is None
        ):
            kept = without
    return errors.InfeasibleError(
        "infeasible_quotas",
        "No choice of areas keeps all of these rules together: {rules}. Loosen one of them.",
        rules=Clauses(rule for rule, _ in kept),
    )


def area_types(
    facts: pd.DataFrame, *, apartment_share: float = 0.6, shops_per_1000: float = 20.0
) -> pd.Series:
    """The type of each area by a stated rule: apartments (集合住宅型), shopping street (商店街型), detached houses
    (戸建型), or unknown.

    Parameters
    ----------
    facts : DataFrame
        ``area_id``, ``apartment_share`` (of dwellings, 共同住宅), ``shops_per_1000`` (people).
    apartment_share, shops_per_1000 : float
        From these on an area is of that type; a shopping street first. The project's own assumption.

    Returns
    -------
    types : Series
        By ``area_id``.

    Examples
    --------
    >>> area_types(pd.DataFrame({"area_id": ["a", "b", "c", "d"], "apartment_share": [0.9, 0.1, 0.2, np.nan],
    ...                          "shops_per_1000": [3.0, 25, 2, 1]})).tolist()
    ['apartment', 'shopping', 'detached', 'unknown']
    """
    flats, shops = facts["apartment_share"], facts["shops_per_1000"]
    kinds = np.select(
        [shops >= shops_per_1000, flats >= apartment_share, flats.notna() & shops.notna()],
        ["shopping", "apartment", "detached"],
        "unknown",
    )
    return pd.Series(kinds, index=pd.Index(facts["area_id"], name="area_id"), name="type")


@dataclass(frozen=True)
class Matched:
    """Comparison areas of chosen ones."""

    pairs: pd.DataFrame
    """``area_id, comparison_id, distance`` (in standard deviations, over all features)."""
    balance: pd.DataFrame
    """``feature, chosen_mean, comparison_mean, difference`` (in standard deviations), ``balanced``."""


def match(
    areas: pd.DataFrame,
    chosen: Sequence[str],
    *,
    features: Sequence[str],
    same: Sequence[str] = (),
    neighbours: Sequence[tuple[str, str]] = (),
) -> Matched:
    """For each chosen area another one that is most like it, all pairs together as near as can be.

    Parameters
    ----------
    areas : DataFrame
        ``area_id``, the features (need, access, people …) and the columns of ``same``.
    chosen : sequence of str
    features : sequence of str
        Numbers that shall be alike; areas where one is unknown are not compared with.
    same : sequence of str
        Columns that must be equal: the type of area.
    neighbours : sequence of (str, str)
        A neighbour of any chosen area is no comparison: people walk over.

    Returns
    -------
    matched : Matched
        Pairs are absent where no area may be compared with.

    Notes
    -----
    Features are divided by their standard deviation over all areas; the assignment of least total distance is found
    exactly (Rosenbaum 1989, J. American Statistical Association 84, 1024-1032).
    """
    table = areas.sort_values("area_id", kind="stable").set_index("area_id")
    values = table[list(features)].astype(float)
    spread = values.std(ddof=0).replace(0, 1.0)
    beside = {other for pair in neighbours for other in pair if set(pair) & set(chosen)}
    pool = [name for name in table.index if name not in {*chosen, *beside} and values.loc[name].notna().all()]
    own = [name for name in sorted(chosen) if values.loc[name].notna().all()]
    scaled = values / spread
    far = 1e6
    apart = np.array(
        [
            [
                float(np.linalg.norm(scaled.loc[a] - scaled.loc[b]))
                if all(table.loc[a, column] == table.loc[b, column] for column in same)
                else far
                for b in pool
            ]
            for a in own
        ]
    ).reshape(len(own), len(pool))
    rows, columns = linear_sum_assignment(apart)
    pairs = pd.DataFrame(
        [(own[i], pool[j], apart[i, j]) for i, j in zip(rows, columns, strict=True) if apart[i, j] < far],
        columns=["area_id", "comparison_id", "distance"],
    )
    return Matched(pairs, _balance(values, spread, pairs))


def _balance(values: pd.DataFrame, spread: pd.Series, pairs: pd.DataFrame) -> pd.DataFrame:
    ours, others = values.loc[pairs["area_id"]].mean(), values.loc[pairs["comparison_id"]].mean()
    difference = (ours - others) / spread
    return pd.DataFrame(
        {
            "feature": values.columns,
            "chosen_mean": ours.to_numpy(),
            "comparison_mean": others.to_numpy(),
            "difference": difference.to_numpy(),
            "balanced": (difference.abs() <= BALANCED).to_numpy(),
        }
    )
