"""Need: where the risk of isolation is relatively high, from census counts alone.

A transparent index after the ten steps of the OECD/JRC Handbook on Constructing Composite Indicators (2008):
each indicator is a share with numerator, denominator and direction; shares of few people are smoothed; they
are brought to one scale, weighted and joined as the study says. Because each of these choices may be disputed,
all of them are varied, and the ranks that an area takes are told as an interval. Access to places is never part
of it: need and access meet only in the two classes beside each other. It speaks of areas, never of buildings or
households, and of risk, never of persons being lonely.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import schemas
from geo.study import Indicator, Study

ACCESS_LIMITS = (1 / 3, 2 / 3)
"""Access classes: below a third, below two thirds, and from two thirds of the people covered."""

Normalisation = Literal["z", "rank", "minmax"]
Aggregation = Literal["additive", "geometric"]
Missing = Literal["unknown", "known_only", "middle"]


def chosen(areas: gpd.GeoDataFrame, *, study: Study) -> tuple[Indicator, ...]:
    """The study's indicators that the areas' columns allow, one for each thing measured.

    Examples
    --------
    >>> areas = pd.DataFrame({"households": [5.0], "households_one_person": [2.0]})
    >>> [i.indicator for i in chosen(areas, study=Study(municipality_code="13105"))]
    ['one_person_share']
    """
    found: dict[str, Indicator] = {}
    for indicator in study.indicators:
        columns = [c for c in (indicator.numerator, indicator.denominator, indicator.less) if c]
        if all(c in areas and areas[c].notna().any() for c in columns):
            found.setdefault(indicator.measures or indicator.indicator, indicator)
    return tuple(found.values())


def indicators(areas: gpd.GeoDataFrame, *, study: Study) -> pd.DataFrame:
    """Every indicator of every inhabited area.

    Parameters
    ----------
    areas : GeoDataFrame
        Of :func:`geo.demand.attach`.
    study : Study
        ``min_denominator``: a smaller denominator makes the value NaN. ``smoothing``, ``winsorise_share`` and
        ``normalisation`` make the score.

    Returns
    -------
    indicators : schemas.Indicators
        Water areas and areas without people are left out. A numerator larger than its denominator (counts
        of different years or definitions) makes the value NaN: it is no share.
    """
    lived = areas[(areas["people"] > 0) & ~areas["is_water"]]
    parts = [_indicator(lived, indicator, study) for indicator in chosen(areas, study=study)]
    table = pd.concat(parts, ignore_index=True) if parts else schemas.empty(schemas.Indicators)
    return schemas.conform(schemas.Indicators, table)


def _indicator(areas: gpd.GeoDataFrame, indicator: Indicator, study: Study) -> pd.DataFrame:
    numerator = areas[indicator.numerator].astype(float)
    if indicator.less:
        numerator = numerator - areas[indicator.less].astype(float)
    denominator = areas[indicator.denominator].astype(float)
    sound = (denominator >= study.min_denominator) & (numerator <= denominator) & (numerator >= 0)
    value = (numerator / denominator).where(sound)
    smoothed = value
    if study.smoothing == "empirical_bayes":
        smoothed = empirical_bayes(numerator.where(sound), denominator.where(sound))
    directed = winsorised(smoothed, share=study.winsorise_share)
    directed = directed if indicator.higher_means == "more_risk" else -directed
    return pd.DataFrame(
        {
            "small_area_id": areas["small_area_id"],
            "indicator": indicator.indicator,
            "numerator": numerator.clip(lower=0),
            "denominator": denominator,
            "value": value,
            "smoothed": smoothed,
            "score": normalised(directed, how=study.normalisation),
        }
    )


def empirical_bayes(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    """Shares drawn towards the share of all areas, the more the fewer people an area has.

    Parameters
    ----------
    numerator, denominator : Series of float
        NaN is kept and counts for nothing.

    Returns
    -------
    smoothed : Series of float
        With rate r = numerator / denominator and the share m of all areas: m + w (r - m), where
        w = V / (V + m / denominator) and V is the variance between areas beyond that of counting
        (Marshall, 1991, J. R. Stat. Soc. C 40:283). Where counting explains all of it, every area gets m.

    Examples
    --------
    >>> empirical_bayes(pd.Series([90.0, 10.0, 4.0]), pd.Series([100.0, 100.0, 8.0])).round(3).tolist()
    [0.887, 0.113, 0.5]
    """
    known = numerator.notna() & denominator.notna()
    n, people = numerator[known], denominator[known]
    if not n.sum() > 0:
        return numerator / denominator
    rate, mean = n / people, n.sum() / people.sum()
    between = (people * (rate - mean) ** 2).sum() / people.sum() - mean / people.mean()
    weight = max(between, 0.0) / (max(between, 0.0) + mean / people)
    return (mean + weight * (rate - mean)).reindex(numerator.index)


def winsorised(values: pd.Series, *, share: float) -> pd.Series:
    """Values with the lowest and the highest ``share`` of them taken as the next ones inside.

    Examples
    --------
    >>> winsorised(pd.Series([1.0, 2.0, 3.0, 4.0, 99.0]), share=0.2).tolist()
    [2.0, 2.0, 3.0, 4.0, 4.0]
    """
    ordered = np.sort(values.dropna().to_numpy())
    cut = int(np.floor(round(len(ordered) * share, 9)))
    return values.clip(ordered[cut], ordered[-1 - cut]) if cut else values


def normalised(values: pd.Series, *, how: Normalisation) -> pd.Series:
    """Values on one scale: deviations from the mean, shares of the way from lowest to highest, or ranks.

    Parameters
    ----------
    values : Series of float
        NaN is kept and counts for nothing.
    how : {"z", "rank", "minmax"}
        Equal values all get 0 as z, and 0.5 otherwise. Ranks are the share of areas below, ties in the middle.

    Examples
    --------
    >>> normalised(pd.Series([2.0, 2.0, 5.0]), how="rank").round(3).tolist()
    [0.333, 0.333, 0.833]
    """
    if how == "rank":
        return (values.rank() - 0.5) / max(values.count(), 1)
    spread = values.std(ddof=0) if how == "z" else values.max() - values.min()
    if values.nunique() <= 1:
        # Equal shares have no deviation; computed, it would be the last bit of a float.
        return values * 0.0 + (0.0 if how == "z" else 0.5)
    return (values - (values.mean() if how == "z" else values.min())) / spread


def risk(areas: gpd.GeoDataFrame, table: pd.DataFrame, *, study: Study) -> pd.DataFrame:
    """The index of every inhabited area; access class and hot spots are still empty.

    Parameters
    ----------
    areas : GeoDataFrame
        Of :func:`geo.demand.attach`.
    table : schemas.Indicators
    study : Study

    Returns
    -------
    isolation : schemas.Isolation
        ``risk`` joins the scores as the study says (by default their mean); NaN with a reason where an
        indicator is unknown (and the study's ``missing_rule`` does not do without) or has a small denominator.
        ``high_risk``: among the study's ``high_risk_share`` of areas with the highest risk (ties at the border
        are in, areas of the lowest risk of all never). ``risk_class``: thirds of the ranked areas, 3 the highest; 2
        when all are equal. Risks are rounded to nine decimals, so that equal areas are equal. ``rank_low`` to
        ``rank_high``: see :func:`rank_intervals`.
    """
    lived = areas.loc[(areas["people"] > 0) & ~areas["is_water"], "small_area_id"]
    parts = _enough(chosen(areas, study=study), table)
    wide = _wide(table, parts, "score", lived)
    small = _small(table, lived, study)
    index = pd.Series(np.nan, index=lived)
    if parts:
        weights = _weights(parts, study)[None, :]
        scores = _filled(wide.to_numpy(), study.missing_rule)
        index[:] = _joined(scores, weights, study.normalisation, study.aggregation)[0]
    index = index.mask(small) + 0.0
    known = index.dropna()
    rank = known.rank(ascending=False, method="min")
    n_high = _n_high(len(known), study)
    border = known.nlargest(n_high).min() if n_high else np.nan
    high = (index >= border) & (index > known.min())
    result = pd.DataFrame(
        {
            "small_area_id": index.index,
            "risk": index.to_numpy(),
            "rank": rank.reindex(index.index).to_numpy(),
            "high_risk": high.to_numpy(),
            "risk_class": _thirds(rank).reindex(index.index).to_numpy(),
            "reason": _reasons(index, wide, small).to_numpy(),
        }
    )
    intervals = rank_intervals(result, table, parts, study=study)
    return schemas.conform(schemas.Isolation, result.merge(intervals, on="small_area_id"))


def _enough(parts: tuple[Indicator, ...], table: pd.DataFrame) -> tuple[Indicator, ...]:
    measured = set(table["indicator"])
    return tuple(part for part in parts if part.indicator in measured)


def _wide(table: pd.DataFrame, parts: tuple[Indicator, ...], column: str, areas: pd.Series) -> pd.DataFrame:
    wide = table.pivot(index="small_area_id", columns="indicator", values=column)
    return wide.reindex(index=areas, columns=[part.indicator for part in parts])


def _small(table: pd.DataFrame, areas: pd.Series, study: Study) -> np.ndarray:
    small = table.loc[table["denominator"] < study.min_denominator, "small_area_id"]
    return np.asarray(areas.isin(small))


def _weights(parts: tuple[Indicator, ...], study: Study) -> np.ndarray:
    low, high = _weight_bounds(parts, study)
    return np.asarray((low + high) / 2)


def _weight_bounds(parts: tuple[Indicator, ...], study: Study) -> tuple[np.ndarray, np.ndarray]:
    """Between which weights each indicator lies; where none are given, both are its weight."""
    if study.weighting == "equal":
        return np.ones(len(parts)), np.ones(len(parts))
    given = [study.weighting == "interval" and part.weight_high > 0 for part in parts]
    pairs = list(zip(parts, given, strict=True))
    low = np.array([part.weight_low if wavers else part.weight for part, wavers in pairs])
    return low, np.array([part.weight_high if wavers else part.weight for part, wavers in pairs])


def _filled(scores: np.ndarray, rule: Missing) -> np.ndarray:
    """Scores in which a row that the rule gives no index holds NaN, and other NaN are to be left out."""
    unknown = np.isnan(scores)
    if rule == "unknown":
        return np.where(unknown.any(axis=1)[:, None], np.nan, scores)
    if rule == "middle" and len(scores):
        held = ~unknown.all(axis=0)
        middle = np.full(scores.shape[1], np.nan)
        middle[held] = np.nanmedian(scores[:, held], axis=0)
        return np.where(unknown & ~unknown.all(axis=1)[:, None], middle, scores)
    return scores


def _joined(
    scores: np.ndarray, weights: np.ndarray, how: Normalisation, aggregation: Aggregation
) -> np.ndarray:
    """The index by draw and area: the weighted mean of the scores that are known.

    A geometric mean needs positive scores: ranks and ways as per cent, z as 100 + 10 z (the scale of Mazziotta
    and Pareto, 2016, Social Indicators Research 127:983).
    """
    values = scores
    if aggregation == "geometric":
        positive = 100 + 10 * scores if how == "z" else 1 + 99 * scores
        values = np.log(np.maximum(positive, 1))
    total, share = np.zeros((len(weights), len(scores))), np.zeros((len(weights), len(scores)))
    # Added one indicator after the other: the order, and so the last bit, is the same on every machine.
    for part in range(scores.shape[1]):
        held = ~np.isnan(values[:, part])
        total += weights[:, part, None] * np.where(held, values[:, part], 0.0)
        share += weights[:, part, None] * held
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(share > 0, total / share, np.nan)
    return np.round(np.exp(mean) if aggregation == "geometric" else mean, 9)


def _n_high(areas: int, study: Study) -> int:
    return int(np.ceil(round(areas * study.high_risk_share, 9)))


def _thirds(rank: pd.Series) -> pd.Series:
    if rank.nunique() == 1:
        return rank * 0 + 2
    return (3 - np.floor((rank - 1) * 3 / max(len(rank), 1))).clip(1, 3)


def _reasons(index: pd.Series, wide: pd.DataFrame, small: np.ndarray) -> pd.Series:
    if not len(wide.columns):
        return pd.Series("no_table", index=index.index)
    reason = pd.Series(np.where(small, "small_denominator", "unknown_count"), index.index)
    return reason.where(index.isna(), None)


def rank_intervals(
    isolation: pd.DataFrame, table: pd.DataFrame, parts: tuple[Indicator, ...], *, study: Study
) -> pd.DataFrame:
    """Between which ranks an area lies when everything that may be disputed is varied.

    Each of ``rank_draws`` draws takes one of three normalisations, two aggregations and three rules for missing
    data, all with equal chance, and weights between their bounds (where none are given: the weight more or less
    ``weight_spread`` of it); OECD/JRC Handbook (2008), step 8; Saisana, Saltelli and Tarantola (2005), J. R.
    Stat. Soc. A 168:307.

    Returns
    -------
    intervals : DataFrame
        ``small_area_id, rank_low, rank_high, high_share``: the interval holds the share ``rank_interval`` of
        the draws and always the study's own rank; ``high_share`` is the share of draws in which the area is
        among the study's ``high_risk_share``. NaN where the area has no risk.
    """
    areas, known = isolation["small_area_id"], isolation["risk"].notna().to_numpy()
    result = pd.DataFrame({"small_area_id": areas, "rank_low": np.nan, "rank_high": np.nan})
    result["high_share"] = np.nan
    if not parts or not known.any():
        return result
    ranks, highs = _draws(areas, table, parts, small=_small(table, areas, study), study=study)
    ranks, highs = ranks[:, known], highs[:, known]
    drawn = (~np.isnan(ranks)).sum(axis=0)
    ordered = np.sort(ranks.T.astype(np.float32), axis=1)  # Whole numbers; NaN come last.
    area = np.arange(len(ordered))
    tail = (1 - study.rank_interval) / 2
    low = ordered[area, np.maximum(np.ceil(drawn * tail).astype(int) - 1, 0)]
    high = ordered[area, np.maximum(np.ceil(drawn * (1 - tail)).astype(int) - 1, 0)]
    own = isolation["rank"].to_numpy()[known]
    result.loc[known, "rank_low"] = np.fmin(low, own)
    result.loc[known, "rank_high"] = np.fmax(high, own)
    result.loc[known, "high_share"] = np.round(highs.sum(axis=0) / np.maximum(drawn, 1), 9)
    return result


def _draws(
    areas: pd.Series, table: pd.DataFrame, parts: tuple[Indicator, ...], *, small: np.ndarray, study: Study
) -> tuple[np.ndarray, np.ndarray]:
    """Ranks by draw and area (NaN: no index in that draw), and whether they are among the high ones."""
    smoothed = _wide(table, parts, "smoothed", areas)
    less = np.array([part.higher_means == "less_risk" for part in parts])
    scales = {how: _scaled(smoothed, less, how, study) for how in get_args(Normalisation)}
    choices = list(product(get_args(Normalisation), get_args(Aggregation), get_args(Missing)))
    random = np.random.default_rng([study.seed, 1])
    taken = random.integers(len(choices), size=study.rank_draws)
    low, high = _weight_bounds(parts, study)
    same = low == high
    low, high = (
        np.where(same, low * (1 - study.weight_spread), low),
        np.where(same, high * (1 + study.weight_spread), high),
    )
    # A weight of nothing for all would be no index.
    weights = np.maximum(random.uniform(low, high, size=(study.rank_draws, len(parts))), 1e-9)
    ranks = np.full((study.rank_draws, len(areas)), np.nan)
    highs = np.zeros(ranks.shape, dtype=bool)
    for number, (how, aggregation, missing) in enumerate(choices):
        rows = np.flatnonzero(taken == number)
        scores = _filled(scales[how], missing)
        held = np.flatnonzero(~np.isnan(scores).all(axis=1) & ~small)
        if not len(rows) or not len(held):
            continue
        index = _joined(scores[held], weights[rows], how, aggregation)
        ranks[np.ix_(rows, held)] = pd.DataFrame(-index).rank(axis=1, method="min")
        among = ranks[np.ix_(rows, held)] <= _n_high(len(held), study)
        highs[np.ix_(rows, held)] = among & (index > index.min(axis=1)[:, None])
    return ranks, highs


def _scaled(smoothed: pd.DataFrame, less: np.ndarray, how: Normalisation, study: Study) -> np.ndarray:
    columns = [
        normalised(winsorised(smoothed[name], share=study.winsorise_share) * (-1 if turned else 1), how=how)
        for name, turned in zip(smoothed, less, strict=True)
    ]
    return np.column_stack(columns)


def correlations(table: pd.DataFrame) -> pd.DataFrame:
    """How far pairs of indicators go together: what is strongly correlated counts one thing twice.

    Parameters
    ----------
    table : schemas.Indicators

    Returns
    -------
    correlations : DataFrame
        ``first, second, correlation, areas``: Spearman's rank correlation over the areas that know both (NaN
        when one is equal everywhere).

    Examples
    --------
    >>> table = pd.DataFrame({"small_area_id": list("abcabc"), "indicator": ["x"] * 3 + ["y"] * 3,
    ...                       "value": [0.1, 0.2, 0.3, 0.5, 0.7, 0.9]})
    >>> correlations(table)["correlation"].round(6).tolist()
    [1.0]
    """
    wide = table.pivot(index="small_area_id", columns="indicator", values="value")
    rows = []
    for first, second in combinations(sorted(wide.columns), 2):
        both = wide[[first, second]].dropna()
        varies = len(both) > 2 and bool((both.nunique() > 1).all())
        value = float(both.corr(method="spearman").iloc[0, 1]) if varies else np.nan
        rows.append({"first": first, "second": second, "correlation": round(value, 9), "areas": len(both)})
    return pd.DataFrame(rows, columns=["first", "second", "correlation", "areas"])


def with_access(isolation: pd.DataFrame, area_coverage: pd.DataFrame, *, study: Study) -> pd.DataFrame:
    """Need beside access: the class of the share of people covered within the study's limit.

    Parameters
    ----------
    isolation : schemas.Isolation
    area_coverage : schemas.AreaCoverage
        Must hold the study's ``gap_group``, ``gap_kind`` and ``limit_m``.

    Returns
    -------
    isolation : schemas.Isolation
        ``access_class`` 1 (worst) to 3 by :data:`ACCESS_LIMITS`; NaN where the share is unknown.
    """
    own = area_coverage[
        (area_coverage["group"] == study.gap_group)
        & (area_coverage["kind"] == study.gap_kind)
        & (area_coverage["limit_m"] == study.limit_m)
    ]
    share = isolation["small_area_id"].map(own.set_index("small_area_id")["covered_share"]).astype(float)
    # A third reached by adding up origins may miss a third by the last bit.
    limits, rounded = np.round(ACCESS_LIMITS, 9), share.fillna(0).round(9)
    classes = pd.Series(1 + np.searchsorted(limits, rounded, side="right"), share.index)
    result = isolation.assign(access_class=classes.where(share.notna()).astype(float))
    return schemas.conform(schemas.Isolation, result)


def with_hot_spots(isolation: pd.DataFrame, hot_spots: pd.DataFrame) -> pd.DataFrame:
    """The class by local Moran of each area, where hot spots were looked for.

    Parameters
    ----------
    isolation : schemas.Isolation
    hot_spots : schemas.HotSpots

    Returns
    -------
    isolation : schemas.Isolation
    """
    moran = hot_spots[hot_spots["statistic"] == "local_moran"].set_index("small_area_id")["hot_spot"]
    return schemas.conform(
        schemas.Isolation, isolation.assign(hot_spot=isolation["small_area_id"].map(moran))
    )


def priorities(
    isolation: pd.DataFrame, table: pd.DataFrame, area_coverage: pd.DataFrame, *, study: Study
) -> pd.DataFrame:
    """Where a relatively high risk meets poor access: what to look at first, and why.

    Need and access are not joined into one number. Areas of the upper third of risk where less than two
    thirds of the people have a place are ordered by: relatively high risk before the rest, worse access class
    first, then most people left out.

    Parameters
    ----------
    isolation : schemas.Isolation
        With access and hot spots.
    table : schemas.Indicators
    area_coverage : schemas.AreaCoverage
        Must hold the study's ``gap_kind`` and ``limit_m``.
    study : Study
        Who is left out is counted in the ``gap_group``; while that is everybody, in the ``priority_group``
        where it is counted.

    Returns
    -------
    priorities : schemas.Priorities
    """
    meets = (isolation["risk_class"] == 3) & (isolation["access_class"] <= 2)
    listed = isolation[meets].set_index("small_area_id")
    told = _left_out(area_coverage, study).reindex(listed.index)
    frame = listed[["high_risk", "access_class"]].join(told)
    # Fewer decimals than a float has: sums over origins may differ in the last bit.
    keys = pd.DataFrame(
        {
            "high": ~frame["high_risk"].astype(bool),
            "access": frame["access_class"],
            "people": -frame["left_out_people"].fillna(-1).round(6),
        }
    )
    order = keys.sort_values(["high", "access", "people"], kind="stable")
    first = ~order.duplicated(keep="first")
    place = pd.Series(np.arange(1, len(order) + 1), order.index).where(first).ffill()
    high = _high_indicators(table, study)
    result = frame.assign(
        place=place.reindex(frame.index),
        group=frame["group"].fillna(study.everybody),
        kind=study.gap_kind,
        limit_m=study.limit_m,
        high_indicators=[high.get(str(area), "") for area in frame.index],
        is_hot_spot=(listed["hot_spot"] == "hot").astype(bool),
    )
    result = result.drop(columns=["high_risk", "access_class"]).reset_index()
    return schemas.conform(schemas.Priorities, result)


def _left_out(area_coverage: pd.DataFrame, study: Study) -> pd.DataFrame:
    """People without a place by area, of the group that the study asks for, else of everybody."""
    own = area_coverage[
        (area_coverage["kind"] == study.gap_kind) & (area_coverage["limit_m"] == study.limit_m)
    ]
    wanted = study.priority_group if study.gap_group == study.everybody else study.gap_group
    first, other = (
        own[(own["group"] == group) & own["people"].gt(0)].set_index("small_area_id")
        for group in (wanted, study.everybody)
    )
    rows = pd.concat([first, other[~other.index.isin(first.index)]])
    left_out = (rows["people"] - rows["covered_people"]).clip(lower=0)
    return pd.DataFrame(
        {
            "group": rows["group"],
            "people": rows["people"],
            "left_out_people": left_out,
            "left_out_share": left_out / rows["people"],
        }
    )


def _high_indicators(table: pd.DataFrame, study: Study) -> dict[str, str]:
    """By area, the indicators in which it is among the study's ``high_risk_share``, strongest first."""
    known = table.dropna(subset=["score"])
    by = known.groupby("indicator")["score"]
    rank, n = by.rank(ascending=False, method="min"), by.transform("size")
    among = rank <= np.ceil((n * study.high_risk_share).round(9))
    is_high = among & (known["score"] > by.transform("min"))
    high = known.assign(part=rank / n)[is_high].sort_values(["small_area_id", "part", "indicator"])
    joined = high.groupby("small_area_id")["indicator"].agg(";".join)
    return {str(area): str(names) for area, names in joined.items()}
