"""Need: where the risk of isolation is relatively high, from census counts alone.

A first, transparent index: each indicator is a share with numerator and denominator, standardised within
the study (z-score over the areas with enough data), and averaged with equal weights (OECD/JRC Handbook on
Constructing Composite Indicators, 2008, steps 5-7). Access to places is never part of it: need and access
meet only in the two classes beside each other. It speaks of areas, never of buildings or households, and
of risk, never of persons being lonely.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import schemas
from geo.study import Study

ACCESS_LIMITS = (1 / 3, 2 / 3)
"""Access classes: below a third, below two thirds, and from two thirds of the people covered."""


@dataclass(frozen=True)
class Indicator:
    """A share of people or households; a higher share means a higher risk."""

    indicator: str
    numerator: str
    denominator: str
    less: str = ""
    """A column taken away from the numerator's."""


INDICATORS = (
    Indicator("age_75_plus_share", "people_75_plus", "table_people"),
    Indicator("one_person_share", "households_one_person", "households_private"),
    Indicator("one_person_share", "households_one_person", "households"),
    Indicator(
        "no_family_share", "households_private", "households_private", less="households_relatives_only"
    ),
)
"""In order of preference: one indicator of age and one of living without family. The two kinds of the second
are strongly correlated, so only the first that the data give is counted. One-person households are taken over
private households where a table gives those, else over all households of the boundary file."""

_FAMILY = {"one_person_share", "no_family_share"}


def chosen(areas: gpd.GeoDataFrame) -> tuple[Indicator, ...]:
    """The indicators that the areas' columns allow, one for each thing measured.

    Examples
    --------
    >>> [i.indicator for i in chosen(pd.DataFrame({"households": [5.0], "households_one_person": [2.0]}))]
    ['one_person_share']
    """
    found: dict[str, Indicator] = {}
    for indicator in INDICATORS:
        columns = [c for c in (indicator.numerator, indicator.denominator, indicator.less) if c]
        if all(c in areas and areas[c].notna().any() for c in columns):
            found.setdefault("family" if indicator.indicator in _FAMILY else indicator.indicator, indicator)
    return tuple(found.values())


def indicators(areas: gpd.GeoDataFrame, *, study: Study) -> pd.DataFrame:
    """Every indicator of every inhabited area.

    Parameters
    ----------
    areas : GeoDataFrame
        Of :func:`geo.demand.attach`.
    study : Study
        ``min_denominator``: a smaller denominator makes the value NaN.

    Returns
    -------
    indicators : schemas.Indicators
        Water areas and areas without people are left out. A numerator larger than its denominator (counts
        of different years or definitions) makes the value NaN: it is no share.
    """
    lived = areas[(areas["people"] > 0) & ~areas["is_water"]]
    parts = [_indicator(lived, indicator, study) for indicator in chosen(areas)]
    table = pd.concat(parts, ignore_index=True) if parts else schemas.empty(schemas.Indicators)
    return schemas.conform(schemas.Indicators, table)


def _indicator(areas: gpd.GeoDataFrame, indicator: Indicator, study: Study) -> pd.DataFrame:
    numerator = areas[indicator.numerator].astype(float)
    if indicator.less:
        numerator = numerator - areas[indicator.less].astype(float)
    denominator = areas[indicator.denominator].astype(float)
    sound = (denominator >= study.min_denominator) & (numerator <= denominator) & (numerator >= 0)
    value = (numerator / denominator).where(sound)
    # Equal shares have no deviation; computed, it would be the last bit of a float.
    z = (value - value.mean()) / value.std(ddof=0) if value.nunique() > 1 else value * 0.0
    return pd.DataFrame(
        {
            "small_area_id": areas["small_area_id"],
            "indicator": indicator.indicator,
            "numerator": numerator.clip(lower=0),
            "denominator": denominator,
            "value": value,
            "z": z,
        }
    )


def risk(areas: gpd.GeoDataFrame, table: pd.DataFrame, *, study: Study) -> pd.DataFrame:
    """The index of every inhabited area; the access class is still empty.

    Parameters
    ----------
    areas : GeoDataFrame
        Of :func:`geo.demand.attach`.
    table : schemas.Indicators

    Returns
    -------
    isolation : schemas.Isolation
        ``risk`` is the mean z; NaN with a reason where any indicator is unknown. ``high_risk``: among the
        study's ``high_risk_share`` of areas with the highest risk (ties at the border are in; none when all
        areas are equal). ``risk_class``: thirds of the ranked areas, 3 the highest; 2 when all are equal.
        Risks are rounded to nine decimals, so that equal areas are equal.
    """
    lived = areas.loc[(areas["people"] > 0) & ~areas["is_water"], "small_area_id"]
    wide = table.pivot(index="small_area_id", columns="indicator", values="z").reindex(lived)
    mean = wide.mean(axis=1, skipna=False) if len(wide.columns) else pd.Series(np.nan, index=lived)
    mean = mean.round(9) + 0.0
    known = mean.dropna()
    rank = known.rank(ascending=False, method="min")
    n_high = int(np.ceil(round(len(known) * study.high_risk_share, 9)))
    border = known.nlargest(n_high).min() if n_high else np.nan
    high = (mean >= border) & (known.nunique() > 1)
    result = pd.DataFrame(
        {
            "small_area_id": mean.index,
            "risk": mean.to_numpy(),
            "rank": rank.reindex(mean.index).to_numpy(),
            "high_risk": high.to_numpy(),
            "risk_class": _thirds(rank).reindex(mean.index).to_numpy(),
            "access_class": np.nan,
            "reason": _reasons(wide, table, study).to_numpy(),
        }
    )
    return schemas.conform(schemas.Isolation, result)


def _thirds(rank: pd.Series) -> pd.Series:
    if rank.nunique() == 1:
        return rank * 0 + 2
    return (3 - np.floor((rank - 1) * 3 / max(len(rank), 1))).clip(1, 3)


def _reasons(wide: pd.DataFrame, table: pd.DataFrame, study: Study) -> pd.Series:
    if not len(wide.columns):
        return pd.Series("no_table", index=wide.index)
    missing = wide.isna().any(axis=1)
    small = table[table["denominator"] < study.min_denominator].groupby("small_area_id").size()
    reason = pd.Series(
        np.where(wide.index.isin(small.index), "small_denominator", "unknown_count"), wide.index
    )
    return reason.where(missing, None)


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
