"""Where a value clusters: local Moran and Gi* of each area among its neighbours, tested and corrected.

On small areas or mesh cells only: the zones of one municipality are too few. Local Moran: Anselin (1995),
Geographical Analysis 27:93; Gi*: Ord and Getis (1995), Geographical Analysis 27:286; both with row-standardised
weights. How likely a value is by chance is found by permuting all other areas around each one (conditional
permutation); because so many areas are asked at once, it is corrected for the false discovery rate (Benjamini
and Hochberg, 1995; Caldas de Castro and Singer, 2006, Geographical Analysis 38:180).
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array

from geo import schemas
from geo.study import Study

TOUCH_M = 0.5
"""Areas nearer than this to each other are neighbours: borders drawn twice differ by less."""

BLOCK = 2_000_000
"""Permuted values held at once."""


def neighbours(areas: gpd.GeoDataFrame) -> csr_array:
    """Which areas share a border or a corner (queen contiguity).

    Parameters
    ----------
    areas : GeoDataFrame
        In a plane CRS.

    Returns
    -------
    weights : csr_array
        (n, n) of ones, symmetric, nobody its own neighbour, in the order of the areas.

    Examples
    --------
    >>> boxes = gpd.GeoDataFrame(geometry=[shapely.box(x, 0, x + 1, 1) for x in (0, 1, 3)])
    >>> neighbours(boxes).toarray().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    shapes = areas.geometry.to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=TOUCH_M)
    apart = one != other
    ones = np.ones(int(apart.sum()))
    return csr_array((ones, (one[apart], other[apart])), shape=(len(shapes), len(shapes)))


def find(values: pd.Series, small_area_id: pd.Series, weights: csr_array, *, study: Study) -> pd.DataFrame:
    """Local Moran and Gi* of every area.

    Parameters
    ----------
    values : Series of float
        One an area; NaN areas are nobody's neighbours and get ``not_enough_data``.
    small_area_id : Series of str
        In the same order.
    weights : csr_array
        Of :func:`neighbours`, in the same order.
    study : Study
        ``permutations``, ``hotspot_fdr``, ``hotspot_min_areas``, ``seed``.

    Returns
    -------
    hot_spots : schemas.HotSpots
        Two rows an area. Areas without neighbours get ``not_enough_data``, and so do all when fewer than
        ``hotspot_min_areas`` have a value or when all values are equal. p is two-sided: twice the smaller of
        both tails, each (M + 1) / (R + 1) for M of R permutations at least as extreme. Given the area itself,
        both statistics grow with the mean of its neighbours and nothing else, so their p is the same.
    """
    known = values.notna().to_numpy()
    own = weights[known][:, known].tocsr()
    count = np.zeros(len(values), dtype=int)
    count[known] = np.diff(own.indptr)
    table = pd.DataFrame({"small_area_id": small_area_id.to_numpy(), "neighbours": count})
    x = values.to_numpy(dtype=float)[known]
    testable = known.copy()
    testable[known] = np.diff(own.indptr) > 0
    enough = len(x) >= study.hotspot_min_areas and len(np.unique(x)) > 1
    parts = []
    if not enough:
        blank = {"value": np.nan, "p": np.nan, "q": np.nan, "hot_spot": "not_enough_data"}
        parts = [table.assign(statistic=name, **blank) for name in ("local_moran", "gi_star")]
        return schemas.conform(schemas.HotSpots, pd.concat(parts))
    p = np.full(len(values), np.nan)
    p[known] = _p_values(x, own, study)
    q = _corrected(p)
    found = q <= study.hotspot_fdr
    z = np.full(len(values), np.nan)
    z[known] = (x - x.mean()) / x.std()
    lag = np.full(len(values), np.nan)
    lag[known] = _means(own, z[known])
    star = np.full(len(values), np.nan)
    star[known] = gi_star(x, own)
    for name, value in (("local_moran", z * lag), ("gi_star", star)):
        classes = _quadrants(z, lag) if name == "local_moran" else np.where(star > 0, "hot", "cold")
        told = np.where(testable, np.where(found, classes, "not_significant"), "not_enough_data")
        value = np.where(testable, value, np.nan)
        parts.append(table.assign(statistic=name, value=value, p=p, q=q, hot_spot=told))
    return schemas.conform(schemas.HotSpots, pd.concat(parts))


def _quadrants(z: np.ndarray, lag: np.ndarray) -> np.ndarray:
    high, around = z > 0, lag > 0
    return np.select(
        [high & around, ~high & ~around, high], ["hot", "cold", "high_among_low"], "low_among_high"
    )


def _means(weights: csr_array, values: np.ndarray) -> np.ndarray:
    """Mean of the neighbours' values; NaN without neighbours."""
    n = np.diff(weights.indptr)
    sums = np.bincount(np.repeat(np.arange(len(n)), n), values[weights.indices], minlength=len(n))
    return np.where(n > 0, sums / np.maximum(n, 1), np.nan)


def gi_star(values: np.ndarray, weights: csr_array) -> np.ndarray:
    """Standard score of Gi*: how far the mean of an area and its neighbours is from that of all.

    Parameters
    ----------
    values : array of float
        One an area, none NaN.
    weights : csr_array
        Of :func:`neighbours`.

    Returns
    -------
    gi_star : array of float
        (Ord and Getis, 1995, equation 14, each area its own neighbour, weights adding up to 1).
    """
    n, around = len(values), np.diff(weights.indptr) + 1
    mean = (np.nan_to_num(_means(weights, values)) * (around - 1) + values) / around
    spread = np.sqrt((n / around - 1) / (n - 1))
    return np.asarray((mean - values.mean()) / (values.std() * spread))


def _p_values(values: np.ndarray, weights: csr_array, study: Study) -> np.ndarray:
    """Two-sided p of each area's mean of neighbours, against other areas put in their place."""
    cards = np.diff(weights.indptr)
    drawn = _permutations(len(values), int(cards.max(initial=0)), study)
    actual = np.nan_to_num(_means(weights, values)) * cards
    p = np.full(len(values), np.nan)
    for size in np.unique(cards[cards > 0]):
        where = np.flatnonzero(cards == size)
        step = max(BLOCK // (len(drawn) * int(size)), 1)
        for first in range(0, len(where), step):
            rows = where[first : first + step]
            sums = np.zeros((len(rows), len(drawn)))
            for place in range(int(size)):
                # Everybody but the area itself: numbers from its own on are those of the next one.
                others = drawn[None, :, place] + (drawn[None, :, place] >= rows[:, None])
                sums += values[others]
            # A sum of the same values in another order may differ by the last bit.
            slack = 1e-9 * np.abs(values).max()
            above = (sums >= actual[rows, None] - slack).sum(axis=1)
            below = (sums <= actual[rows, None] + slack).sum(axis=1)
            p[rows] = np.minimum(2 * (np.minimum(above, below) + 1) / (len(drawn) + 1), 1)
    return p


def _permutations(n: int, most: int, study: Study) -> np.ndarray:
    """For each permutation ``most`` different numbers below n - 1, in any order with equal chance."""
    random = np.random.default_rng([study.seed, 2])
    drawn = np.empty((study.permutations, most), dtype=np.int32)
    # Each next number is drawn among those that are left: it is moved past the ones taken before, smallest first.
    for place in range(most):
        fresh = random.integers(n - 1 - place, size=study.permutations)
        for taken in np.sort(drawn[:, :place], axis=1).T:
            fresh += fresh >= taken
        drawn[:, place] = fresh
    return drawn


def _corrected(p: np.ndarray) -> np.ndarray:
    """The false discovery rate at which each p would just be found (Benjamini and Hochberg, 1995); NaN is kept."""
    q = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    raw = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1)
    return q
