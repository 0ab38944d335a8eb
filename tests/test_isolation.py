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

STUDY = studies.make(municipality_code="99101")
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
        assert table.loc[key].tolist() == pytest.approx(row)
    assert table.loc[C, ["value", "z"]].isna().all(axis=None)
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
    assert table["z"].tolist() == pytest.approx([-0.2 / deviation, -0.1 / deviation, 0.3 / deviation])


def test_areas_left_out_do_not_move_the_others():
    areas = areas_of(
        people_75_plus=[10.0, 20.0, 60.0, 29.0, 50.0, 9.0],
        table_people=[100.0, 100.0, 100.0, 29.0, 100.0, 100.0],
        people=[100.0, 100.0, 100.0, 29.0, 0.0, 100.0],
        is_water=[False, False, False, False, False, True],
    )
    table = isolation.indicators(areas, study=STUDY)
    assert len(table) == 4
    assert table["z"].tolist()[:3] == pytest.approx(
        isolation.indicators(older(0.1, 0.2, 0.6), study=STUDY)["z"].tolist()
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
    assert [i.indicator for i in isolation.chosen(areas)] == ["one_person_share"]
    only = areas.drop(columns="households_one_person")
    table = isolation.indicators(only, study=STUDY)
    assert table["indicator"].unique().tolist() == ["no_family_share"]
    assert table["numerator"].tolist() == [20, 30]
    unknown = areas.assign(households_one_person=np.nan)
    assert [i.indicator for i in isolation.chosen(unknown)] == ["no_family_share"]


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
        assert need["high_risk"].sum() >= math.ceil(len(counts) / 5)
        assert not need["high_risk"].iloc[int(values.argmin())] or len(set(counts)) == 1


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
