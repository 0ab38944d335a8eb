"""What may leave the house: no count from 1 to k-1, and 0 stays 0."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from geo import disclosure


@given(counts=st.lists(st.integers(0, 50)), k=st.integers(1, 20))
def test_laws_of_masking(counts, k):
    given_ = pd.Series(counts, dtype=float)
    masked = disclosure.mask_small(given_, k=k)
    assert given_.tolist() == counts
    for before, after in zip(counts, masked, strict=True):
        assert pd.isna(after) == (0 < before < k)
        assert pd.isna(after) or after == before


def test_unknown_stays_unknown():
    assert disclosure.mask_small(pd.Series([None, 0.0, 12.0]), k=10).isna().tolist() == [True, False, False]
