"""Room: how much weekly capacity there is for each person within reach, shared with everybody else.

The floating catchment family. A place gives its weekly capacity to the people within reach of it; a person has
what all places within reach give. Nothing is made or lost on the way: the sum over people is the sum over places,
Σ P·A = Σ S, and the run says so.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from geo import coverage, schemas
from geo.study import Study


def weekly_capacity(places: pd.DataFrame) -> pd.Series:
    """Visits that each place has room for in a week: capacity times opening days; NaN where either is unknown.

    One session a day is assumed: lists give the capacity of a session, rarely how many a day there are.

    Examples
    --------
    >>> places = pd.DataFrame({"place_id": ["p", "q"], "capacity": [20.0, 30], "open_days_per_week": [2.5, None]})
    >>> weekly_capacity(places).to_dict()
    {'p': 50.0, 'q': nan}
    """
    room = places["capacity"] * places["open_days_per_week"]
    return pd.Series(room.to_numpy(dtype=float), index=places["place_id"].to_numpy())


def two_stage(pairs: pd.DataFrame, supply: pd.Series, people: pd.Series, *, limit_m: float) -> pd.Series:
    """Two-step floating catchment area: everybody within the limit counts alike.

    Parameters
    ----------
    pairs : schemas.Distances
    supply : Series of float
        By ``place_id``; NaN: not known, stays out.
    people : Series of float
        By ``origin_id``; NaN counts as nobody.
    limit_m : float
        Inclusive.

    Returns
    -------
    room : Series of float
        By ``origin_id`` in the order of ``people``: visits a week for each person, 0 where nothing is reached.
        Formula: R_j = S_j / Σ_{d_kj ≤ d0} P_k; A_i = Σ_{d_ij ≤ d0} R_j (Luo & Wang 2003).

    Examples
    --------
    >>> pairs = pd.DataFrame({"origin_id": ["a", "b"], "place_id": ["p", "p"], "distance_m": [100.0, 500]})
    >>> two_stage(pairs, pd.Series({"p": 60.0}), pd.Series({"a": 10.0, "b": 20.0}), limit_m=500).to_dict()
    {'a': 2.0, 'b': 2.0}
    """
    return enhanced(pairs, supply, people, bands_m=(limit_m,), weights=(1.0,))


def enhanced(
    pairs: pd.DataFrame,
    supply: pd.Series,
    people: pd.Series,
    *,
    bands_m: tuple[float, ...],
    weights: tuple[float, ...],
) -> pd.Series:
    """Enhanced two-step floating catchment area: nearer bands weigh more (Luo & Qi 2009).

    R_j = S_j / Σ P_k W_kj; A_i = Σ R_j W_ij. See :func:`two_stage`; ``bands_m`` are upper limits, ascending.
    """
    return _given_out(_weights(pairs, supply.index, people.index, bands_m, weights), supply, people)


def three_stage(
    pairs: pd.DataFrame,
    supply: pd.Series,
    people: pd.Series,
    *,
    bands_m: tuple[float, ...],
    weights: tuple[float, ...],
) -> pd.Series:
    """Three-step floating catchment area: people with a choice ask less of each place.

    The weights are multiplied by the chance G_ij = W_ij / Σ_j W_ij that a person goes there, in both steps (Wan,
    Zou & Sternberg 2012). See :func:`enhanced`.
    """
    weight = _weights(pairs, supply.index, people.index, bands_m, weights)
    return _given_out(_by_choice(weight, supply), supply, people)


def _weights(
    pairs: pd.DataFrame,
    place_ids: pd.Index,
    origin_ids: pd.Index,
    bands_m: tuple[float, ...],
    weights: tuple[float, ...],
) -> csr_array:
    """Origins × places."""
    near = pairs[pairs["distance_m"] <= bands_m[-1]]
    band = np.searchsorted(bands_m, near["distance_m"], side="left")
    row = origin_ids.get_indexer(pd.Index(near["origin_id"]))
    column = place_ids.get_indexer(pd.Index(near["place_id"]))
    used = (row >= 0) & (column >= 0)
    values = np.asarray(weights, dtype=float)[band[used]]
    return csr_array((values, (row[used], column[used])), shape=(len(origin_ids), len(place_ids)))


def _by_choice(weight: csr_array, supply: pd.Series) -> csr_array:
    """Weights times the chance that a person chooses the place, among those of known room."""
    total = weight @ supply.notna().to_numpy(dtype=float)
    share = np.repeat(1 / np.where(total > 0, total, 1), np.diff(weight.indptr))
    return csr_array((weight.data**2 * share, weight.indices, weight.indptr), shape=weight.shape)


def _given_out(weight: csr_array, supply: pd.Series, people: pd.Series) -> pd.Series:
    """What each place has, shared by those who ask; a place of unknown room gives nothing."""
    asked: NDArray[np.float64] = weight.T @ people.fillna(0).to_numpy(dtype=float)
    ratio = np.where(asked > 0, supply.fillna(0).to_numpy() / np.where(asked > 0, asked, 1), 0.0)
    return pd.Series(weight @ ratio, index=people.index)


def measure(
    pairs: pd.DataFrame,
    origins: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    people: pd.DataFrame,
    *,
    study: Study,
) -> pd.DataFrame:
    """Room of every origin by the three methods, for each group that is counted.

    Each group is measured as if the places that fit it were its own: rooms of two groups are not to be added.

    Parameters
    ----------
    pairs : schemas.Distances
        Of at least the study's largest limit.
    origins : schemas.Origins
    places : schemas.Places
    people : DataFrame
        A column for each group, aligned on ``origins``.
    study : Study
        ``limits_m`` are the bands, ``weights`` their weights.

    Returns
    -------
    room : schemas.Room
    """
    capacity, ids = weekly_capacity(places), pd.Index(origins["origin_id"])
    # Whom a place is for changes what it gives, not who is near it.
    alike, banded = (
        _weights(pairs, capacity.index, ids, bands_m, weights)
        for bands_m, weights in (((study.limits_m[-1],), (1.0,)), (study.limits_m, study.weights))
    )
    parts = []
    for group in study.groups:
        counts = people[group.group]
        supply = capacity.where(coverage.fits(places, group, "any", study).to_numpy())
        ways = {"two_stage": alike, "enhanced": banded, "three_stage": _by_choice(banded, supply)}
        part = pd.DataFrame({"people": counts.to_numpy()}).assign(
            origin_id=ids.array,
            **{name: _given_out(weight, supply, counts).to_numpy() for name, weight in ways.items()},
        )
        parts.append(part[part["people"] > 0].assign(group=group.group))
    return schemas.conform(schemas.Room, pd.concat(parts, ignore_index=True))


def account(
    room: pd.DataFrame, pairs: pd.DataFrame, places: gpd.GeoDataFrame, *, study: Study
) -> pd.DataFrame:
    """What there is and what people get, group by group: the two are equal.

    Parameters
    ----------
    room : schemas.Room
    pairs : schemas.Distances
    places : schemas.Places
    study : Study

    Returns
    -------
    account : DataFrame
        ``group, places`` (fitting), ``left_out`` (room not known), ``supply`` (visits a week of the places that
        somebody of the group reaches), ``given`` by the three methods, ``people``, in the study's order.
    """
    near = pairs[pairs["distance_m"] <= study.limits_m[-1]]
    starts = pd.CategoricalIndex(near["origin_id"])  # each id is looked up once, not once a pair
    rows = []
    for group in study.groups:
        own = room[room["group"] == group.group]
        supply = weekly_capacity(coverage.fitting(places, group, "any", study))
        inside = pd.Index(own["origin_id"]).get_indexer(starts) >= 0
        reached = np.asarray(near.loc[inside, "place_id"].unique())
        given = {m: float((own["people"] * own[m]).sum()) for m in ("two_stage", "enhanced", "three_stage")}
        rows.append(
            {
                "group": group.group,
                "places": len(supply),
                "left_out": int(supply.isna().sum()),
                "supply": float(supply.reindex(reached).sum()) if len(own) else float("nan"),
                **given,
                "people": float(own["people"].sum()) if len(own) else float("nan"),
            }
        )
    return pd.DataFrame(rows)
