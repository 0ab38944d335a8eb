"""Room: on the tiny town by hand, by conservation, and against the PySAL package ``access``."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import fca, pipeline, schemas
from geo import study as studies

STUDY = studies.make(municipality_code="99101")
BANDS, WEIGHTS = (300, 500, 800), (1.0, 0.68, 0.22)


@pytest.fixture(scope="module")
def assessed(build_town, tmp_path_factory):
    town = build_town()
    town.tables[schemas.Places] = town.places.assign(capacity=[20.0, 30, 10])
    prepared = pipeline.prepare(town.project(tmp_path_factory.mktemp("town")))
    return pipeline.assess(prepared, prepared.study)


def test_room_on_paper(assessed):
    """Ibasho: 100 visits a week for the 300 people of n00 to n08; salon: 7.5 for all 350 (n00 is 700 m away)."""
    table = assessed.room
    own = table[table["group"] == "all"].set_index("origin_id")["two_stage"]
    assert own["991010010:n00"] == pytest.approx(100 / 300 + 7.5 / 350)
    assert own["991010030:n10"] == pytest.approx(7.5 / 350)
    assert own["991010040"] == 0


def test_room_by_bands_on_paper(assessed):
    """Ibasho: n00-n03 weigh 1, n04-n05 0.69, n06-n08 0.22; of the salon the same from x = 700."""
    one, two, three = STUDY.weights
    asked = 700 / 9 * one + (200 / 9 + 50) * two + 150 * three
    salon = (200 / 9 + 250) * one + (400 / 9) * two + (300 / 9) * three
    table = assessed.room
    own = table[table["group"] == "all"].set_index("origin_id")["enhanced"]
    assert own["991010010:n00"] == pytest.approx(100 / asked * one + 7.5 / salon * three)
    assert (one, round(two, 2), round(three, 2)) == (1, 0.69, 0.22)


def test_what_is_given_is_what_there_is(assessed):
    said = {row["group"]: row for row in assessed.summary["room"]["groups"]}
    assert said["all"]["visits_a_week"] == 107.5
    assert said["under_15"]["visits_a_week"] == 100
    assert all(row["conserved"] for row in said.values())
    assert said["all"]["visits_per_100_people"] == pytest.approx(100 * 107.5 / 353, abs=0.01)


def test_places_of_unknown_room_stay_out_and_are_counted(build_town, tmp_path):
    town = build_town()
    town.tables[schemas.Places] = town.places.assign(capacity=[20.0, np.nan, 10])
    prepared = pipeline.prepare(town.project(tmp_path / "p"))
    said = pipeline.assess(prepared, prepared.study).summary["room"]["groups"][0]
    assert (said["places"], said["left_out"], said["visits_a_week"]) == (2, 1, 100)


# --- laws and oracle ------------------------------------------------------------------------------------


@st.composite
def towns(draw):
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    people = pd.Series(
        draw(st.lists(st.integers(1, 50), min_size=n, max_size=n)), [f"o{i}" for i in range(n)], dtype=float
    )
    supply = pd.Series(
        draw(st.lists(st.integers(1, 90), min_size=m, max_size=m)), [f"p{i}" for i in range(m)], dtype=float
    )
    cells = [(o, p) for o in people.index for p in supply.index]
    walks = draw(
        st.lists(
            st.sampled_from([0, 299.9, 300, 300.1, 500, 650, 800, 800.1]),
            min_size=len(cells),
            max_size=len(cells),
        )
    )
    kept = draw(st.lists(st.booleans(), min_size=len(cells), max_size=len(cells)))
    rows = [(*cell, walk) for cell, walk, there in zip(cells, walks, kept, strict=True) if there]
    return pd.DataFrame(rows, columns=["origin_id", "place_id", "distance_m"]), supply, people


def methods(pairs, supply, people):
    bands = {"bands_m": BANDS, "weights": WEIGHTS}
    return {
        "two_stage": fca.two_stage(pairs, supply, people, limit_m=800),
        "enhanced": fca.enhanced(pairs, supply, people, **bands),
        "three_stage": fca.three_stage(pairs, supply, people, **bands),
    }


@settings(deadline=None, max_examples=60)
@given(town=towns())
def test_nothing_is_made_or_lost(town):
    pairs, supply, people = town
    reached = pairs.loc[pairs["distance_m"] <= 800, "place_id"].unique()
    for room in methods(*town).values():
        assert (people * room).sum() == pytest.approx(supply[reached].sum())
        assert (room >= 0).all()
    turned = methods(pairs.sample(frac=1, random_state=1), supply, people)
    for name, room in methods(*town).items():
        np.testing.assert_allclose(turned[name], room, rtol=1e-12)


@settings(deadline=None, max_examples=25)
@given(town=towns())
def test_rooms_are_those_of_pysal(town):
    pairs, supply, people = town
    near = pairs[pairs["distance_m"] <= 800]
    if near.empty:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from access import fca as pysal
        from access.weights import step_fn

        demand_df = pd.DataFrame({"demand": people}).rename_axis("geoid")
        supply_df = pd.DataFrame({"supply": supply}).rename_axis("geoid")
        cost = pairs.rename(columns={"origin_id": "origin", "place_id": "dest", "distance_m": "cost"})
        known = {"demand_index": True, "supply_index": True}
        step = step_fn(dict(zip(BANDS, WEIGHTS, strict=True)))
        theirs = {
            "two_stage": pysal.two_stage_fca(demand_df, supply_df, cost.copy(), 800, **known),
            "enhanced": pysal.two_stage_fca(demand_df, supply_df, cost.copy(), 800, weight_fn=step, **known),
            "three_stage": pysal.three_stage_fca(
                demand_df, supply_df, cost.copy(), 800, weight_fn=step, **known
            ),
        }
    for name, room in methods(*town).items():
        # Where nothing is reached theirs has no row.
        other = theirs[name].reindex(room.index).fillna(0)
        np.testing.assert_allclose(room.to_numpy(), other.to_numpy(), rtol=1e-9, err_msg=name)
