"""A place whose position is known roughly is drawn and told, but nobody walks to it unless the study allows it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from geo import access, coverage, pipeline, schemas, summary
from geo import study as studies


@pytest.mark.parametrize(
    ("allowed", "fitting"),
    [("point", 1), ("block", 2), ("town", 3), ("district", 4), ("municipality", 5), ("prefecture", 6)],
)
def test_a_study_says_how_well_a_position_must_be_known(town: Any, allowed: str, fitting: int) -> None:
    study = studies.make(municipality_code="99101", min_precision=allowed)
    one = town.places.iloc[[0]]
    places = pd.concat([one.assign(precision=level) for level in schemas.PRECISIONS])
    found = coverage.fitting(places, study.groups[0], "any", study)
    assert found["precision"].tolist() == list(schemas.PRECISIONS[:fitting])


def test_a_place_of_a_town_is_nobodys_walk_and_is_told(town: Any, tmp_path: Any) -> None:
    rough = town.tables | {schemas.Places: town.places.assign(precision="town")}
    project = type(town)(rough).project(tmp_path / "p")
    prepared = pipeline.prepare(project)
    assert len(prepared.places) == 3  # still drawn
    assert prepared.coverage["nearest_m"].isna().all()
    assert (prepared.coverage["n_within"] == 0).all()
    assert set(prepared.coverage["reason"].dropna()) == {access.NO_PLACE, "water_area"}
    told = list(summary.remarks_on_places(prepared.places, pd.DataFrame({"name": []})))
    remark = next(one for one in told if one.code == "places_rough")
    assert remark.document()["values"] == {"n": 2, "all": 2, "levels": "town"}
    known = list(summary.remarks_on_places(town.places, pd.DataFrame({"name": []})))
    assert "places_rough" not in {one.code for one in known}


def test_older_stores_without_the_column_know_their_positions(town: Any) -> None:
    old = town.places.drop(columns="precision").assign(precision=None)
    assert schemas.conform(schemas.Places, old)["precision"].tolist() == ["point"] * 3
