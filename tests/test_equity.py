"""Measures of equity by hand, by their laws, by brute force and against another package."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import equity, schemas
from geo import study as studies

STUDY = studies.make(municipality_code="99101")

pairs = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), min_size=2, max_size=12).filter(
    lambda rows: any(value for value, _ in rows)
)


def arrays(rows):
    return tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))


@settings(deadline=None, max_examples=60)
@given(rows=pairs)
def test_gini_equals_its_definition_and_another_package(rows):
    gini = pytest.importorskip("inequality.gini")
    values, people = arrays(rows)
    share, mean = people / people.sum(), np.average(values, weights=people)
    brute = np.sum(np.outer(share, share) * np.abs(values[:, None] - values[None, :])) / (2 * mean)
    assert equity.gini(values, people) == pytest.approx(brute, abs=1e-12)
    each = np.repeat(values, people.astype(int))
    assert equity.gini(values, people) == pytest.approx(gini.Gini(each).g, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(rows=pairs, data=st.data())
def test_theil_equals_another_package_and_adds_up(rows, data):
    theil = pytest.importorskip("inequality.theil")
    values, people = arrays(rows)
    part = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows))))
    between, within = equity.theil(values, people, part)
    times = people.astype(int)
    theirs = theil.TheilD(np.repeat(values, times), np.repeat(part, times))
    assert between + within == pytest.approx(np.asarray(theirs.T).item(), abs=1e-6)
    assert between == pytest.approx(np.asarray(theirs.bg).item(), abs=1e-6)
    assert min(between, within) >= 0
    whole = equity.theil(values, people, np.zeros(len(values)))
    assert whole == pytest.approx((0, between + within), abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(rows=pairs, factor=st.integers(2, 5))
def test_laws_that_all_measures_keep(rows, factor):
    values, people = arrays(rows)
    need = np.arange(len(values), dtype=float)
    part = np.zeros(len(values))
    for measure in (equity.gini, equity.palma):
        # Neither the unit, nor everybody twice, nor one origin told in two halves changes anything.
        expected = pytest.approx(measure(values, people), nan_ok=True, abs=1e-9)
        assert measure(values * factor, people) == expected
        assert measure(values, people * factor) == expected
        assert measure(np.tile(values, 2), np.tile(people / 2, 2)) == expected
    assert equity.theil(values * factor, people, part) == pytest.approx(
        equity.theil(values, people, part), abs=1e-9
    )
    gini = equity.gini(values, people)
    assert 0 <= round(gini, 12) < 1
    # In the order of what they have the concentration index is the Gini coefficient.
    assert equity.concentration(values, people, -values) == pytest.approx(gini, abs=1e-9)
    assert equity.concentration(values, people, values) == pytest.approx(-gini, abs=1e-9)
    assert abs(equity.concentration(values, people, need)) <= gini + 1e-9
    assert equity.concentration(values, people, part) == pytest.approx(0, abs=1e-12)
    depths = [equity.fgt(values, people, line=10, power=power) for power in (0, 1, 2)]
    assert 1 >= depths[0] >= depths[1] >= depths[2] >= 0


def test_giving_from_rich_to_poor_makes_it_more_equal():
    before, after, people = np.array([1.0, 5, 9]), np.array([2.0, 5, 8]), np.array([2.0, 1, 2])
    assert equity.gini(after, people) < equity.gini(before, people)
    assert equity.palma(after, people) < equity.palma(before, people)
    assert equity.fgt(after, people, line=4, power=1) < equity.fgt(before, people, line=4, power=1)


def test_when_nobody_has_anything_it_is_unknown_not_equal():
    nothing, people = np.zeros(3), np.ones(3)
    assert math.isnan(equity.gini(nothing, people))
    assert math.isnan(equity.palma(nothing, people))
    assert all(math.isnan(value) for value in equity.theil(nothing, people, np.zeros(3)))
    assert math.isnan(equity.concentration(nothing, people, np.arange(3)))
    assert equity.fgt(nothing, people, line=1, power=2) == 1


def test_palma_by_hand():
    # Ten people: the best-off one has 10 of 28, the worst-off four have 4 times 2.
    assert equity.palma(np.array([2.0] * 9 + [10.0]), np.ones(10)) == pytest.approx(10 / 8)
    assert math.isnan(equity.palma(np.array([0.0] * 5 + [1.0] * 5), np.ones(10)))


def coverage(**columns):
    n = len(columns["nearest_m"])
    base = {"origin_id": [f"o{i}" for i in range(n)], "group": "all", "kind": "any", "people": 10.0}
    frame = pd.DataFrame({**base, "n_within": 0, **columns})
    rest = [c for c in schemas.columns_of(schemas.Coverage) if c not in frame]
    return schemas.conform(schemas.Coverage, frame.assign(**dict.fromkeys(rest)))


def table(own, need=(1.0, 2.0, 3.0, 4.0), parts=("a", "a", "b", "b")):
    at = own["origin_id"].unique()
    return equity.table(own, pd.Series(need, at), {"school": pd.Series(parts, at)}, study=STUDY)


def test_the_table_by_hand():
    own = coverage(nearest_m=[0.0, 500.0, 750.0, math.nan], n_within=[2, 1, 1, 0])
    rows = table(own).set_index("good")
    near = rows.loc["nearness"]
    assert near["people"] == 40
    assert near["mean"] == pytest.approx((1 + 0.5 + 0.25 + 0) / 4)
    assert near["fgt0"] == 0.5  # Exactly at the limit is near enough.
    assert near["fgt1"] == pytest.approx((0.5 + 1) / 4)
    assert near["fgt2"] == pytest.approx((0.25 + 1) / 4)
    assert near["concentration"] > 0  # The need is highest where nothing is.
    places = rows.loc["places"]
    assert places["gini"] == pytest.approx(0.375)
    assert places["fgt0"] == 0.25
    assert places["theil_between"] == pytest.approx(0.5 * 1.5 * math.log(1.5) + 0.5 * 0.5 * math.log(0.5))
    assert places["theil"] == pytest.approx(places["theil_between"] + places["theil_within"])


def test_open_hours_and_room_are_shared_too():
    own = coverage(nearest_m=[0.0, 500.0, 750.0, math.nan])
    at = own["origin_id"].unique()
    told = pd.DataFrame({"origin_id": at, "group": "all"})
    goods = {
        "open_share": told.assign(open_share=[0.0, 0.05, 0.1, 0.5]),
        "room": told.assign(room=[0.0, 0.0, 0.0, 8.0]),
    }
    steady = own.assign(kind="permanent")
    both = pd.concat([own, steady])
    need, parts = pd.Series(4.0, at), {"school": pd.Series(["a", "a", "b", "b"], at)}
    rows = equity.table(both, need, parts, goods, study=STUDY).set_index(["kind", "good"])
    hours = rows.loc[("any", "open_share")]
    assert hours["mean"] == pytest.approx(0.1625)
    assert hours[["fgt0", "fgt1"]].tolist() == pytest.approx([0.5, (1 + 0.5) / 4])  # A tenth is enough.
    assert hours["concentration"] == 0  # All are in the same need.
    room = rows.loc[("any", "room")]
    assert room["gini"] == 0.75
    assert room[["fgt0", "fgt1", "fgt2"]].isna().all()  # Nobody says how many visits are enough.
    assert set(rows.loc["permanent"].index) == {"places", "nearness"}
    curve = equity.curves(own, goods, study=STUDY)
    assert curve[(curve["good"] == "room") & (curve["step"] == 15)]["good_share"].tolist() == [0]


def test_a_group_without_data_has_no_row_and_unknown_need_only_leaves_its_index_out():
    own = coverage(nearest_m=[0.0, 500.0, 750.0, 900.0])
    lost = own.assign(group="older", people=math.nan)
    both = schemas.conform(schemas.Coverage, pd.concat([own, lost]))
    assert set(table(both)["group"]) == {"all"}
    assert table(lost).empty
    without = table(own, need=(math.nan,) * 4)
    assert without["concentration"].isna().all()
    assert without.set_index("good")["gini"]["nearness"] > 0


def test_curves_start_at_nobody_and_end_at_all():
    own = coverage(nearest_m=[0.0, 0.0, 500.0, 500.0], n_within=[0, 0, 0, 0])
    curve = equity.curves(own, study=STUDY)
    assert set(curve["good"]) == {"nearness"}  # Of places nobody has any.
    assert curve["good_share"].iloc[[0, 10, 20]].tolist() == pytest.approx([0, 1 / 3, 1])
    assert (curve["good_share"] <= curve["people_share"] + 1e-9).all()
    nobody = own.assign(people=math.nan)
    assert equity.curves(nobody, study=STUDY).empty
