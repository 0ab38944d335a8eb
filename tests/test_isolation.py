"""Need by hand: shares, z-scores, what is left out and why, ties, thirds, and access beside it."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import demand, isolation, schemas
from geo import study as studies

STUDY = studies.make(municipality_code="99101", smoothing="none", rank_draws=100)
A, B, C, W = ("991010010", "991010020", "991010030", "991010040")


def areas_of(**columns):
    """Inhabited areas on land, 100 people and 50 households each unless told otherwise."""
    n = len(next(iter(columns.values())))
    base = {
        "small_area_id": [f"99101{i:04d}" for i in range(n)],
        "people": 100.0,
        "households": 50.0,
        "is_water": False,
    }
    return gpd.GeoDataFrame(pd.DataFrame({**base, **columns}))


def older(*shares):
    return areas_of(people_75_plus=[100 * share for share in shares], table_people=[100.0] * len(shares))


def need_of(areas, study=STUDY):
    return isolation.risk(areas, isolation.indicators(areas, study=study), study=study)


@pytest.fixture
def town_areas(town):
    return demand.attach(town.small_areas, town.statistics, town.point_counts)


# --- indicators -----------------------------------------------------------------------------------------


def test_the_town_is_as_on_paper(town_areas):
    table = isolation.indicators(town_areas, study=STUDY).set_index(["small_area_id", "indicator"])
    paper = {
        (A, "age_75_plus_share"): (9, 100, 0.09, 1),
        (B, "age_75_plus_share"): (10, 250, 0.04, -1),
        (A, "one_person_share"): (20, 50, 0.4, 1),
        (B, "one_person_share"): (30, 100, 0.3, -1),
    }
    for key, row in paper.items():
        own = table.loc[key, ["numerator", "denominator", "value", "score"]]
        assert own.tolist() == pytest.approx(row)
    assert table.loc[C, ["value", "score"]].isna().all(axis=None)
    assert W not in table.index.get_level_values(0)
    need = need_of(town_areas).set_index("small_area_id")
    assert need["risk"].tolist()[:2] == pytest.approx([1, -1])
    assert need["high_risk"].tolist() == [True, False, False]
    assert need["risk_class"].tolist()[:2] == [3, 2]
    assert need.loc[C, "reason"] == "unknown_count"
    assert need["reason"].isna().tolist() == [True, True, False]
    assert W not in need.index


def test_z_scores_by_hand():
    table = isolation.indicators(older(0.1, 0.2, 0.6), study=STUDY)
    deviation = math.sqrt((0.2**2 + 0.1**2 + 0.3**2) / 3)
    assert table["score"].tolist() == pytest.approx([-0.2 / deviation, -0.1 / deviation, 0.3 / deviation])


def test_areas_left_out_do_not_move_the_others():
    areas = areas_of(
        people_75_plus=[10.0, 20.0, 60.0, 29.0, 50.0, 9.0],
        table_people=[100.0, 100.0, 100.0, 29.0, 100.0, 100.0],
        people=[100.0, 100.0, 100.0, 29.0, 0.0, 100.0],
        is_water=[False, False, False, False, False, True],
    )
    table = isolation.indicators(areas, study=STUDY)
    assert len(table) == 4
    assert table["score"].tolist()[:3] == pytest.approx(
        isolation.indicators(older(0.1, 0.2, 0.6), study=STUDY)["score"].tolist()
    )
    need = need_of(areas)
    assert need["reason"].tolist()[3] == "small_denominator"


@pytest.mark.parametrize(("denominator", "known"), [(29, False), (30, True), (31, True)])
def test_the_smallest_denominator_that_counts(denominator, known):
    areas = areas_of(people_75_plus=[3.0, 5.0], table_people=[float(denominator), 100.0])
    row = isolation.indicators(areas, study=STUDY).iloc[0]
    assert row["denominator"] == denominator
    assert math.isnan(row["value"]) != known


def test_a_numerator_larger_than_its_denominator_is_no_share():
    areas = areas_of(people_75_plus=[101.0, 100.0, 50.0], table_people=[100.0] * 3)
    table = isolation.indicators(areas, study=STUDY)
    assert table["value"].isna().tolist() == [True, False, False]
    assert table["numerator"].tolist() == [101, 100, 50]
    assert need_of(areas)["reason"].tolist()[0] == "unknown_count"


def test_one_person_households_are_preferred_to_households_without_family():
    areas = areas_of(
        households_one_person=[10.0, 20.0],
        households_private=[50.0, 50.0],
        households_relatives_only=[30.0, 20.0],
    )
    assert [i.indicator for i in isolation.chosen(areas, study=STUDY)] == ["one_person_share"]
    only = areas.drop(columns="households_one_person")
    table = isolation.indicators(only, study=STUDY)
    assert table["indicator"].unique().tolist() == ["no_family_share"]
    assert table["numerator"].tolist() == [20, 30]
    unknown = areas.assign(households_one_person=np.nan)
    assert [i.indicator for i in isolation.chosen(unknown, study=STUDY)] == ["no_family_share"]


def test_older_people_living_alone_are_preferred_where_they_are_known(town_areas):
    asked = town_areas.assign(households_65_plus_alone=[4.0, 12, 3, float("nan")][: len(town_areas)])
    assert [i.indicator for i in isolation.chosen(asked, study=STUDY)] == [
        "age_75_plus_share",
        "older_alone_share",
    ]


def test_one_person_households_fall_back_on_all_households():
    table = isolation.indicators(areas_of(households_one_person=[10.0, 20.0]), study=STUDY)
    assert table["denominator"].tolist() == [50, 50]


def test_without_tables_there_is_no_risk_and_it_is_said():
    need = need_of(areas_of(people=[100.0, 200.0]))
    assert need["risk"].isna().all()
    assert need["reason"].tolist() == ["no_table", "no_table"]
    assert not need["high_risk"].any()


def test_an_area_that_lacks_one_indicator_has_no_risk():
    areas = older(0.1, 0.2, 0.6).assign(households_one_person=[10.0, np.nan, 30.0])
    need = need_of(areas)
    assert need["risk"].isna().tolist() == [False, True, False]
    assert need["rank"].dropna().tolist() == [2, 1]


# --- ranks and classes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 1 / 3, 0.07])
def test_where_all_areas_are_equal_none_is_higher(share):
    need = need_of(older(*[share] * 7))
    assert need["risk"].tolist() == [0] * 7
    assert not need["high_risk"].any()
    assert need["risk_class"].tolist() == [2] * 7


def test_ties_at_the_border_are_in_even_when_sums_differ_in_the_last_bit():
    # Two indicators, mirrored: the middle four have the same mean, reached over different numbers.
    areas = areas_of(
        people_75_plus=[60.0, 10.0, 20.0, 30.0, 40.0, 5.0],
        table_people=[100.0] * 6,
        households_one_person=[60.0, 40.0, 30.0, 20.0, 10.0, 5.0],
        households_private=[100.0] * 6,
    )
    need = need_of(areas, STUDY.with_(high_risk_share=0.3))  # 0.3 of 6: two
    assert need["high_risk"].tolist() == [True, True, True, True, True, False]
    assert need["rank"].tolist() == [1, 2, 2, 2, 2, 6]


@pytest.mark.parametrize(
    ("n", "share", "high"), [(10, 0.2, 2), (11, 0.2, 3), (100, 0.07, 7), (1, 0.2, 0), (3, 0.1, 1)]
)
def test_so_many_areas_are_called_high(n, share, high):
    need = need_of(older(*[0.01 + 0.005 * i for i in range(n)]), STUDY.with_(high_risk_share=share))
    assert need["high_risk"].sum() == high


def test_thirds():
    need = need_of(older(*[0.1 * i for i in range(1, 7)]))
    assert need["risk_class"].tolist() == [1, 1, 2, 2, 3, 3]
    assert need_of(older(0.1, 0.1, 0.2, 0.3))["risk_class"].tolist() == [2, 2, 3, 3]  # ranks 3, 3, 2, 1


@settings(deadline=None, max_examples=40)
@given(counts=st.lists(st.integers(0, 100), min_size=1, max_size=12))
def test_laws_of_the_index(counts):
    areas = older(*[count / 100 for count in counts])
    need = need_of(areas)
    values = np.array(counts)
    risk = need["risk"].to_numpy()
    assert abs(risk.mean()) < 1e-6
    for i in range(len(counts)):
        for j in range(len(counts)):
            if values[i] > values[j]:
                assert risk[i] > risk[j]
                assert need["high_risk"].iloc[i] >= need["high_risk"].iloc[j]
                assert need["risk_class"].iloc[i] >= need["risk_class"].iloc[j]
            if values[i] == values[j]:
                assert need["high_risk"].iloc[i] == need["high_risk"].iloc[j]
    if len(set(counts)) > 1:
        assert need["high_risk"].sum() >= min(math.ceil(len(counts) / 5), (values > values.min()).sum())
        assert not need["high_risk"].iloc[int(values.argmin())]


# --- access beside need ---------------------------------------------------------------------------------


def covered(*shares, limit_m=500):
    rows = [
        {"small_area_id": f"99101{i:04d}", "group": "all", "kind": "any", "limit_m": limit_m, "people": 100.0}
        | {"covered_people": 0 if math.isnan(share) else 100 * min(share, 1), "covered_share": share}
        for i, share in enumerate(shares)
    ]
    rows = [row | {"state": "known", "covered_people_max": None, "covered_share_max": None} for row in rows]
    return schemas.conform(schemas.AreaCoverage, pd.DataFrame(rows))


def test_access_classes_at_their_borders():
    shares = (0, 0.333, 1 / 3, 1 / 3 - 1e-12, 0.5, 0.666, 2 / 3, 2 / 3 - 1e-12, 1, math.nan)
    need = need_of(older(*[0.1] * len(shares)))
    table = isolation.with_access(need, covered(*shares), study=STUDY)
    assert table["access_class"].tolist()[:-1] == [1, 1, 2, 2, 2, 2, 3, 3, 3]
    assert math.isnan(table["access_class"].iloc[-1])
    assert need["access_class"].isna().all()


def test_access_never_changes_need():
    need = need_of(older(0.1, 0.2, 0.5))
    beside = isolation.with_access(need, covered(0, 1, 0.5), study=STUDY)
    pd.testing.assert_frame_equal(beside.drop(columns="access_class"), need.drop(columns="access_class"))


def test_access_is_that_of_the_limit_asked_for():
    need = need_of(older(0.1, 0.2))
    both = pd.concat([covered(0, 0), covered(1, 1, limit_m=800)])
    assert isolation.with_access(need, both, study=STUDY)["access_class"].tolist() == [1, 1]
    assert isolation.with_access(need, both, study=STUDY.with_(limit_m=800))["access_class"].tolist() == [
        3,
        3,
    ]


# --- the study's choices ---------------------------------------------------------------------------------


def test_smoothing_equals_esda_and_never_leaves_the_range():
    smoothing = pytest.importorskip("esda.smoothing")
    random = np.random.default_rng(2)
    people = pd.Series(random.integers(30, 2000, 50).astype(float))
    counts = pd.Series(random.binomial(people.astype(int), random.uniform(0.05, 0.4, 50)).astype(float))
    own = isolation.empirical_bayes(counts, people)
    np.testing.assert_allclose(own, smoothing.Empirical_Bayes(counts, people).r.ravel(), rtol=1e-12)
    mean = counts.sum() / people.sum()
    rate = counts / people
    assert ((own - rate).abs() <= (rate - mean).abs() + 1e-12).all()
    assert ((own - mean) * (rate - mean) >= -1e-12).all()


def test_differences_that_counting_explains_are_none():
    smoothed = isolation.empirical_bayes(pd.Series([3.0, 4.0, np.nan]), pd.Series([30.0, 30.0, 30.0]))
    assert smoothed.tolist()[:2] == pytest.approx([7 / 60] * 2)
    assert math.isnan(smoothed[2])
    assert isolation.empirical_bayes(pd.Series([0.0, 0.0]), pd.Series([30.0, 40.0])).tolist() == [0, 0]


def test_few_people_are_drawn_further():
    areas = areas_of(people_75_plus=[16.0, 160.0, 40.0, 400.0], table_people=[40.0, 400.0, 400.0, 4000.0])
    own = isolation.indicators(areas, study=STUDY.with_(smoothing="empirical_bayes"))["smoothed"].tolist()
    assert own[0] < own[1] < 0.4
    assert own[2] > own[3] > 0.1


def test_scales_by_hand():
    values = pd.Series([1.0, 2.0, 2.0, 5.0, np.nan])
    assert isolation.normalised(values, how="minmax").tolist()[:4] == [0, 0.25, 0.25, 1]
    assert isolation.normalised(values, how="rank").tolist()[:4] == [0.125, 0.5, 0.5, 0.875]
    assert isolation.normalised(pd.Series([3.0, 3.0]), how="minmax").tolist() == [0.5, 0.5]
    assert isolation.winsorised(values, share=0.24).tolist()[:4] == [1, 2, 2, 5]
    assert isolation.winsorised(pd.Series(np.arange(10.0)), share=0.1).tolist() == [
        1,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        8,
    ]


OWN = (
    {"indicator": "a", "numerator": "n_a", "denominator": "people", "weight": 3},
    {"indicator": "b", "numerator": "n_b", "denominator": "people", "weight_low": 1, "weight_high": 3},
)


def two(**fields):
    return STUDY.with_(indicators=OWN, normalisation="minmax", **fields)


def test_weights_aggregation_and_direction_by_hand():
    areas = areas_of(n_a=[0.0, 50.0, 100.0], n_b=[100.0, 0.0, 50.0])
    assert need_of(areas, two())["risk"].tolist() == [0.5, 0.25, 0.75]
    own = need_of(areas, two(weighting="own"))["risk"].tolist()
    assert own == pytest.approx([1 / 4, 1.5 / 4, 3.5 / 4])
    assert need_of(areas, two(weighting="interval"))["risk"].tolist() == pytest.approx(
        [2 / 5, 1.5 / 5, 4 / 5]
    )
    geometric = need_of(areas, two(aggregation="geometric"))["risk"].tolist()
    assert geometric == pytest.approx([math.sqrt(1 * 100), math.sqrt(50.5 * 1), math.sqrt(100 * 50.5)])
    turned = ({**OWN[0], "higher_means": "less_risk"}, OWN[1])
    assert need_of(areas, two().with_(indicators=turned))["risk"].tolist() == [1, 0.25, 0.25]


def test_rules_for_missing_data_by_hand():
    areas = areas_of(n_a=[0.0, 50.0, 100.0, 100.0], n_b=[100.0, 0.0, 50.0, np.nan])
    known_only = need_of(areas, two(missing_rule="known_only"))
    assert known_only["risk"].tolist() == [0.5, 0.25, 0.75, 1]
    assert need_of(areas, two(missing_rule="middle"))["risk"].tolist() == [0.5, 0.25, 0.75, 0.75]
    unknown = need_of(areas, two())
    assert unknown["risk"].isna().tolist() == [False, False, False, True]
    assert unknown[["rank_low", "rank_high", "high_share"]].isna().all(axis=1).tolist() == [False] * 3 + [
        True
    ]


def test_a_small_denominator_is_no_matter_of_the_rule():
    areas = areas_of(n_a=[0.0, 50.0, 10.0], n_b=[100.0, 0.0, 10.0], people=[100.0, 100.0, 29.0])
    for rule in ("unknown", "known_only", "middle"):
        need = need_of(areas, two(missing_rule=rule))
        assert need["reason"].tolist()[2] == "small_denominator"
        assert math.isnan(need["risk"].iloc[2])


def test_intervals_hold_the_rank_and_are_narrow_where_all_agree():
    random = np.random.default_rng(1)
    shares = np.round(random.uniform(0.1, 0.6, (20, 2)), 2) * 100
    shares[0], shares[1] = 95, 1  # Highest and lowest in both, whatever is varied.
    need = need_of(areas_of(n_a=shares[:, 0], n_b=shares[:, 1]), two())
    assert need[["rank", "rank_low", "rank_high"]].iloc[0].tolist() == [1, 1, 1]
    assert need[["rank", "rank_low", "rank_high"]].iloc[1].tolist() == [20, 20, 20]
    assert (need["rank_low"] <= need["rank"]).all()
    assert (need["rank"] <= need["rank_high"]).all()
    assert (need["rank_low"] < need["rank_high"]).sum() > 5
    assert need["high_share"].iloc[:2].tolist() == [1, 0]
    assert need["high_share"].sum() == pytest.approx(4, abs=0.1)  # A fifth of twenty, but for ties.


def test_intervals_depend_on_the_seed_and_nothing_else():
    random = np.random.default_rng(1)
    areas = areas_of(n_a=random.integers(1, 90, 12) * 1.0, n_b=random.integers(1, 90, 12) * 1.0)
    one, again = need_of(areas, two()), need_of(areas, two())
    pd.testing.assert_frame_equal(one, again)
    turned = need_of(areas.iloc[::-1], two())
    pd.testing.assert_frame_equal(one, turned)
    assert need_of(areas, two(seed=5))["high_share"].tolist() != one["high_share"].tolist()


def test_one_indicator_leaves_only_its_own_order():
    need = need_of(older(0.1, 0.2, 0.3, 0.4, 0.6))
    assert need["rank_low"].tolist() == need["rank_high"].tolist() == need["rank"].tolist()


def test_correlated_indicators_are_told():
    areas = areas_of(n_a=[10.0, 20.0, 30.0, 40.0], n_b=[90.0, 80.0, 75.0, 5.0])
    told = isolation.correlations(isolation.indicators(areas, study=two()))
    assert told.to_numpy().tolist() == [["a", "b", -1, 4]]
    equal = isolation.indicators(areas.assign(n_b=5.0), study=two())
    assert math.isnan(isolation.correlations(equal)["correlation"].iloc[0])


# --- what to look at first -------------------------------------------------------------------------------


def listed(areas, coverage, study=STUDY):
    parts = isolation.indicators(areas, study=study)
    need = isolation.with_access(isolation.risk(areas, parts, study=study), coverage, study=study)
    return isolation.priorities(need, parts, coverage, study=study).sort_values("place")


def test_priorities_by_hand():
    # Upper third of nine: areas 6, 7, 8; high are the two with most (a fifth of nine). 8 has good access.
    areas = older(*[0.05 * i for i in range(1, 10)])
    shares = [0.0] * 6 + [0.2, 0.5, 0.9]
    table = listed(areas, covered(*shares))
    assert table["small_area_id"].tolist() == ["991010007", "991010006"]
    assert table["place"].tolist() == [1, 2]
    assert table["group"].tolist() == ["all", "all"]  # Nobody counted the older ones here.
    assert table["left_out_people"].tolist() == [50, 80]
    assert table["left_out_share"].tolist() == [0.5, 0.8]
    assert table["high_indicators"].tolist() == ["age_75_plus_share", ""]
    assert not table["is_hot_spot"].any()


def test_priorities_tell_of_the_group_that_is_asked_about():
    areas = older(0.1, 0.11, 0.12, 0.13, 0.14, 0.5, 0.6)
    everybody = covered(*[0.5] * 7)
    seniors = everybody.assign(group="age_65_plus", people=10.0, covered_people=6.9, covered_share=0.69)
    both = schemas.conform(schemas.AreaCoverage, pd.concat([everybody, seniors[:-1]]))
    table = listed(areas, both)
    assert table["group"].tolist() == ["all", "age_65_plus", "age_65_plus"]
    assert table["left_out_share"].tolist() == pytest.approx([0.5, 0.31, 0.31])


def test_areas_alike_share_a_place():
    table = listed(older(*[0.1] * 4, 0.5, 0.5, 0.4), covered(*[0.0] * 7))
    assert table["place"].tolist() == [1, 1, 3]


def test_without_risk_or_poor_access_nothing_is_listed():
    assert listed(areas_of(people=[100.0, 200.0]), covered(0, 0)).empty
    assert listed(older(0.1, 0.2, 0.6), covered(1, 1, 1)).empty
