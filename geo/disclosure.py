"""What may leave the house: small counts are masked, vacant properties are counts only."""

from __future__ import annotations

import pandas as pd


def mask_small(counts: pd.Series, *, k: int) -> pd.Series:
    """Counts with those from 1 to k-1 unknown (NaN); 0 stays 0.

    Examples
    --------
    >>> mask_small(pd.Series([0, 1, 9, 10]), k=10).tolist()
    [0.0, nan, nan, 10.0]
    """
    known = counts.astype(float)
    return known.where((known == 0) | (known >= k))
