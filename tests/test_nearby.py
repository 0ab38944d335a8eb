"""One spot of the tiny town: what is around it, as a resident asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from geo import nearby, pipeline, registry
from geo.study import Study


@pytest.fixture(scope="module")
def town(build_town: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> pipeline.Prepared:
    return pipeline.prepare(build_town().project(tmp_path_factory.mktemp("nearby") / "town"))


def ask(town: pipeline.Prepared, origin: str, **changes: Any) -> Any:
    study: Study = town.study.with_(**changes)
    return nearby.places(
        town.within(study.limit_m),
        town.places,
        origin_id=origin,
        moment=datetime(2026, 6, 2, 10),
        study=study,
    )


def test_every_spot_agrees_with_what_is_counted_for_it(town: pipeline.Prepared) -> None:
    """The list of a spot holds as many places as the coverage counts there, and begins with the nearest."""
    for group in ("all", "age_65_plus"):
        for kind in ("any", "permanent"):
            own = town.coverage[(town.coverage["group"] == group) & (town.coverage["kind"] == kind)]
            for row in own.itertuples():
                found = ask(
                    town, row.origin_id, gap_group=group, gap_kind=kind, limit_m=max(town.study.limits_m)
                )
                assert len(found) == row.n_within
                if len(found):
                    assert found["distance_m"].iloc[0] == row.nearest_m
                    assert found["distance_m"].is_monotonic_increasing


def test_minutes_begun_count_and_a_limit_holds_its_border(town: pipeline.Prepared) -> None:
    everything = town.pairs
    row = everything.sort_values(["distance_m", "origin_id", "place_id"]).iloc[-1]
    found = ask(town, row["origin_id"], limit_m=max(50, int(np.ceil(row["distance_m"]))))
    assert row["place_id"] in found["place_id"].tolist()
    for place in found.itertuples():
        assert (place.minutes - 1) * 80 < place.distance_m <= place.minutes * 80 or place.minutes == 1


def test_older_people_need_more_minutes_for_the_same_walk(town: pipeline.Prepared) -> None:
    """At the study's paces, 80 and 60 m a minute: 500 m are 7 and 9 minutes, begun ones counted."""
    study = town.study.with_(limit_m=1200)
    pair = town.pairs.head(1).assign(distance_m=500.0)
    open_for_all = town.places[town.places["place_id"] == pair["place_id"].iloc[0]].assign(
        status="open", targets="all", step_free="yes", fee_yen=0.0, languages=None
    )
    minutes = {
        group: nearby.places(
            pair, open_for_all, origin_id=pair["origin_id"].iloc[0], study=study.with_(gap_group=group)
        )["minutes"].tolist()
        for group in ("all", "age_65_plus")
    }
    assert minutes == {"all": [7.0], "age_65_plus": [9.0]}


def test_a_place_that_asked_not_to_be_named_is_only_counted(town: pipeline.Prepared) -> None:
    hidden = town.places.assign(do_not_publish=True)
    origin = town.pairs["origin_id"].iloc[0]
    found = nearby.places(town.pairs, hidden, origin_id=origin, study=town.study.with_(limit_m=1200))
    assert len(found) > 0
    assert not found["shown"].any()
    assert registry.shown(hidden).sum() == 0


def test_a_spot_that_reaches_nothing_has_an_empty_list(town: pipeline.Prepared) -> None:
    assert ask(town, "nowhere").empty
    assert nearby.spot_of(town.origins, town.at_origins["all"], "nowhere") is None
