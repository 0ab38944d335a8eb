"""What one spot reaches: the places around it, how far they are, and whether they are open at a moment.

The question of a resident, where the rest of the library asks for everybody at once.
"""

from __future__ import annotations

from datetime import datetime

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import coverage, opening, registry
from geo.study import Study


def spot_of(origins: pd.DataFrame, people: pd.Series, small_area_id: str) -> str | None:
    """Where most people of a small area start from; None where nobody does.

    Parameters
    ----------
    origins : schemas.Origins
    people : Series
        Of everybody, aligned on ``origins``.
    small_area_id : str

    Examples
    --------
    >>> origins = pd.DataFrame({"origin_id": ["a", "b", "c"], "small_area_id": ["1", "1", "2"]})
    >>> spot_of(origins, pd.Series([5.0, 9.0, 2.0]), "1")
    'b'
    """
    own = people[(origins["small_area_id"] == small_area_id).to_numpy() & (people > 0).to_numpy()]
    return str(origins["origin_id"].loc[own.idxmax()]) if len(own) else None


def places(
    pairs: pd.DataFrame,
    table: gpd.GeoDataFrame,
    *,
    origin_id: str,
    moment: datetime | None = None,
    study: Study,
) -> pd.DataFrame:
    """Places for the study's group within its limit of one origin, the nearest first.

    Parameters
    ----------
    pairs : schemas.Distances
        Of :func:`geo.coverage.pairs`, as far as the study's limit at least.
    table : schemas.Places
    origin_id : str
    moment : datetime, optional
        Date and time asked about, in the municipality's own time.
    study : Study
        ``gap_group`` and ``gap_kind`` say which places fit.

    Returns
    -------
    places : DataFrame
        ``place_id, distance_m, minutes, is_open`` (1 open, 0 closed, -1 not known; -1 without a moment) and
        ``shown``: False for homes and for places that asked not to be named. ``minutes`` at the group's pace in
        the study; a minute begun counts as one, as in advertisements of real estate (公正競争規約施行規則).
    """
    group = next(group for group in study.groups if group.group == study.gap_group)
    fits = coverage.fitting(table, group, study.gap_kind, study)
    own = pairs[(pairs["origin_id"] == origin_id) & (pairs["distance_m"] <= study.limit_m)]
    found = fits.merge(own[["place_id", "distance_m"]], on="place_id").sort_values(
        ["distance_m", "place_id"], ignore_index=True
    )
    pace = study.speed_m_per_min(study.gap_group)
    is_open = opening.at(found, moment) if moment else pd.Series(-1, index=found.index)
    return pd.DataFrame(
        {
            "place_id": found["place_id"],
            "distance_m": found["distance_m"],
            "minutes": np.maximum(1, np.ceil(found["distance_m"] / pace)),
            "is_open": is_open,
            "shown": registry.shown(found),
        }
    )
