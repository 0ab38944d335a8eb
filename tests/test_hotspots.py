"""Hot spots by hand, by laws, and against esda on the same weights."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from geo import hotspots
from geo import study as studies

STUDY = studies.make(municipality_code="99101", hotspot_min_areas=10)


def grid(wide, high, *, gap=0.0):
    boxes = [
        shapely.box(x, y, x + 100 - gap, y + 100 - gap)
        for y in range(0, high * 100, 100)
        for x in range(0, wide * 100, 100)
    ]
    return gpd.GeoDataFrame(
        {"small_area_id": [f"99101{i:04d}" for i in range(len(boxes))]}, geometry=boxes, crs="EPSG:6677"
    )


def found(values, areas, study=STUDY):
    table = hotspots.find(
        pd.Series(values, dtype=float), areas["small_area_id"], hotspots.neighbours(areas), study=study
    )
    return {name: part.set_index("small_area_id") for name, part in table.groupby("statistic")}


def test_neighbours_share_a_border_or_a_corner_within_half_a_metre():
    assert hotspots.neighbours(grid(3, 3)).sum(axis=1).tolist() == [3, 5, 3, 5, 8, 5, 3, 5, 3]
    assert hotspots.neighbours(grid(3, 3, gap=0.3)).sum(axis=1).tolist()[4] == 8
    assert hotspots.neighbours(grid(3, 3, gap=0.6)).nnz == 0


def test_neighbours_equal_queen_contiguity():
    libpysal = pytest.importorskip("libpysal")
    areas = grid(6, 4).drop(index=[7, 8]).reset_index(drop=True)
    queen = libpysal.weights.Queen.from_dataframe(areas, use_index=False, silence_warnings=True)
    np.testing.assert_array_equal(hotspots.neighbours(areas).toarray(), queen.full()[0])


def test_the_statistics_by_hand():
    # A row of four: 1, 1, 1, 5. Mean 2, deviation sqrt(3); z = -1, -1, -1, 3 over sqrt(3).
    areas = grid(4, 1)
    table = found([1, 1, 1, 5], areas)
    assert set(table["local_moran"]["hot_spot"]) == {"not_enough_data"}
    star = hotspots.gi_star(np.array([1.0, 1, 1, 5]), hotspots.neighbours(areas))
    # The last: itself and one neighbour, mean 3; spread sqrt(3) * sqrt((4/2 - 1) / 3) = 1.
    assert star[3] == pytest.approx(1)
    # The second: mean 1 of three; spread sqrt(3) * sqrt((4/3 - 1) / 3) = sqrt(1/3).
    assert star[1] == pytest.approx(-np.sqrt(3))


@pytest.mark.filterwarnings("ignore:The alternative hypothesis:DeprecationWarning")
def test_statistics_equal_esda_and_p_agrees():
    esda = pytest.importorskip("esda")
    libpysal = pytest.importorskip("libpysal")
    areas = grid(12, 10)
    rng = np.random.default_rng(5)
    values = rng.normal(size=120) + 2 * (np.arange(120) % 12 > 7)
    own = found(values, areas)
    queen = libpysal.weights.Queen.from_dataframe(areas, use_index=False, silence_warnings=True)
    theirs = esda.Moran_Local(values, queen, permutations=9999, seed=1)
    # esda divides by the deviation of the sample, the paper's m2 by that of all: n / (n - 1) between them.
    np.testing.assert_allclose(own["local_moran"]["value"], theirs.Is * 120 / 119, rtol=1e-9)
    np.testing.assert_allclose(own["local_moran"]["p"], np.minimum(2 * theirs.p_sim, 1), atol=0.05)
    whole = libpysal.weights.Queen.from_dataframe(areas, use_index=False, silence_warnings=True)
    # Its analytic score is for binary weights; the paper's does not change with the scale of a row.
    star = esda.G_Local(values, whole, transform="B", star=True, permutations=0)
    np.testing.assert_allclose(own["gi_star"]["value"], star.Zs, rtol=1e-9)
    np.testing.assert_allclose(own["gi_star"]["q"], false_discovery_control(own["gi_star"]["p"]), rtol=1e-9)
    threshold = esda.fdr(own["local_moran"]["p"].to_numpy(), 0.05)
    significant = own["local_moran"]["hot_spot"] != "not_significant"
    assert significant.tolist() == (own["local_moran"]["p"] <= threshold).tolist()
    assert significant.sum() > 5
    quadrant = {1: "hot", 2: "low_among_high", 3: "cold", 4: "high_among_low"}
    expected = [quadrant[number] for number in theirs.q]
    assert own["local_moran"]["hot_spot"][significant].tolist() == [
        name for name, told in zip(expected, significant, strict=True) if told
    ]


def test_p_is_the_share_of_all_permutations():
    # A ring of areas is as good as a row: every pair of others may be the neighbours of an inner area.
    values = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3])
    own = found(values, grid(10, 1))["local_moran"]["p"].to_numpy()
    for area in (0, 4):
        others = np.delete(values, area)
        pairs = (
            [a + b for i, a in enumerate(others) for j, b in enumerate(others) if i != j] if area else others
        )
        around = values[[area - 1, area + 1]].sum() if area else values[1]
        tails = np.mean(np.array(pairs) >= around), np.mean(np.array(pairs) <= around)
        assert own[area] == pytest.approx(min(2 * min(tails), 1), abs=0.03)


def test_noise_is_not_significant_and_a_block_is_hot():
    areas = grid(10, 10)
    noise = np.random.default_rng(3).normal(size=100)
    assert (found(noise, areas)["gi_star"]["hot_spot"] == "not_significant").all()
    block = noise + 8 * np.isin(np.arange(100), [0, 1, 2, 10, 11, 12, 20, 21, 22])
    table = found(block, areas)
    assert table["local_moran"]["hot_spot"].iloc[11] == table["gi_star"]["hot_spot"].iloc[11] == "hot"


def test_areas_without_value_or_neighbours_are_not_judged():
    areas = grid(6, 6)
    areas.loc[35, "geometry"] = shapely.box(5000, 5000, 5100, 5100)
    values = np.arange(36.0)
    values[0] = np.nan
    for table in found(values, areas).values():
        assert table["hot_spot"].iloc[[0, 35]].tolist() == ["not_enough_data"] * 2
        assert table["neighbours"].iloc[[0, 35, 1]].tolist() == [0, 0, 4]
        assert table["value"].iloc[[0, 35]].isna().all()


@pytest.mark.parametrize("values", [[2.0] * 36, [np.nan] * 36, [1.0] * 5 + [np.nan] * 31])
def test_where_nothing_differs_or_is_known_nothing_is_told(values):
    for table in found(values, grid(6, 6)).values():
        assert set(table["hot_spot"]) == {"not_enough_data"}


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 100), factor=st.floats(0.1, 100), shift=st.floats(-100, 100))
def test_another_unit_changes_no_class(seed, factor, shift):
    values = np.round(np.random.default_rng(seed).normal(size=36), 3)
    one, other = found(values, grid(6, 6)), found(values * factor + shift, grid(6, 6))
    for name in one:
        np.testing.assert_allclose(one[name]["p"], other[name]["p"])
        assert one[name]["hot_spot"].tolist() == other[name]["hot_spot"].tolist()


def test_the_drawn_numbers_are_different_and_each_equally_likely():
    drawn = hotspots._permutations(9, 5, STUDY)
    assert all(len(set(row)) == 5 for row in drawn.tolist())
    assert drawn.min() == 0
    assert drawn.max() == 7
    for place in range(5):
        counts = np.bincount(drawn[:, place], minlength=8)
        assert np.abs(counts / len(drawn) - 1 / 8).max() < 0.02
