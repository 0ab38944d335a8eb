"""Scenarios on the tiny town: numbers that can be worked out on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from geo import pipeline, prospects
from geo.decide.scenarios import Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Town


@pytest.fixture
def prepared(town: Town, tmp_path: Path) -> pipeline.Prepared:
    return pipeline.prepare(town.project(tmp_path / "town"))


def whole(table: pd.DataFrame, measure: str, *, kind: str, limit_m: int) -> pd.Series:
    own = table[(table["zone_id"] == "") & (table["group"] == "all") & (table["kind"] == kind)]
    return own[(own["measure"] == measure) & (own["limit_m"] == limit_m)].iloc[0]


def test_a_closed_place_takes_its_people_and_nothing_else_changes(prepared: pipeline.Prepared) -> None:
    places = prepared.places
    lasting = places.loc[places["open_days_per_week"] >= 3, "place_id"].iloc[0]
    before = places.copy()
    then = prospects.then(prepared, Scenario("less", closed=(lasting,)))
    table = prospects.compare(prepared, prepared.study, {"less": then})
    row = whole(table, "covered_people", kind="permanent", limit_m=500)
    assert (row["now"], row["less"]) == (pytest.approx(150), 0)
    assert row["less_change"] == pytest.approx(-150)
    assert whole(table, "people", kind="permanent", limit_m=500)["less_change"] == 0
    pd.testing.assert_frame_equal(prepared.places, before)


def test_a_place_at_the_far_end_reaches_those_around_it(prepared: pipeline.Prepared) -> None:
    end = prepared.origins.geometry[prepared.origins.geometry.x.idxmax()]
    opened = {"new": ((end.x, end.y), {"name": "East", "open_days_per_week": 5.0})}
    then = prospects.then(prepared, Scenario("more", opened=opened))
    table = prospects.compare(prepared, prepared.study, {"more": then})
    row = whole(table, "covered_people", kind="permanent", limit_m=500)
    assert row["more"] > row["now"]
    near = whole(table, "covered_people", kind="permanent", limit_m=800)
    assert near["more"] == pytest.approx(350)  # everybody on land


def test_nothing_done_changes_nothing(prepared: pipeline.Prepared) -> None:
    then = prospects.then(prepared, Scenario("same"))
    table = prospects.compare(prepared, prepared.study, {"same": then})
    changes = table["same_change"].dropna()
    assert len(changes)
    assert (changes == 0).all()
    assert {"open_share", "gini", "covered_share"} <= set(table["measure"])


def test_what_is_not_known_today_is_not_nobody_in_a_scenario(town: Town, tmp_path: Path) -> None:
    """Places whose days no list tells may be permanent: the share is unknown today, and so is its change."""
    prepared = pipeline.prepare(town.project(tmp_path / "town"))
    places = prepared.places["place_id"][prepared.places["status"] == "open"]
    nobody_says = {place: {"open_days_per_week": np.nan} for place in places}
    then = prospects.then(prepared, Scenario("silent", changed=nobody_says))
    table = prospects.compare(prepared, prepared.study, {"silent": then})
    row = whole(table, "covered_share", kind="permanent", limit_m=500)
    assert row["now"] == pytest.approx(150 / 353)
    assert np.isnan(row["silent"])
    assert np.isnan(row["silent_change"])
