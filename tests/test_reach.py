"""What people read of opening hours, dependence and ways to close a gap: the run's own numbers, in words."""

from __future__ import annotations

import pytest

from geo import pipeline, schemas
from geo.present import reach, tables


@pytest.fixture(scope="module")
def prepared(build_town, tmp_path_factory):
    town = build_town()
    town.tables[schemas.Places] = town.places.assign(
        opening_text=["火・木 10:00～15:00", None, None],
        capacity=[20.0, 30, 1],
        do_not_publish=[False, True, False],
    )
    return pipeline.prepare(town.project(tmp_path_factory.mktemp("town")))


@pytest.fixture(scope="module")
def assessed(prepared):
    return pipeline.assess(prepared, prepared.study)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_part_has_rows_in_both_languages(assessed, prepared, language):
    asked = {"study": assessed.study, "language": language}
    week = reach.timetable(assessed.summary, **asked)
    assert len(week.rows) == 7
    assert week.rows[1][1] == pytest.approx(150 / 353 * 10 / 24, abs=1e-6)
    assert week.rows[0][2] == pytest.approx(950 / 3 / 353, abs=1e-6)
    assert len(reach.functions(assessed.summary, **asked).rows) == 6
    assert len(reach.figures(assessed.summary, **asked)) == 3
    assert reach.dayparts(assessed.summary, **asked)
    assert tables.html(week).startswith("<div")


def test_a_place_that_asked_not_to_be_listed_is_not_named(assessed, prepared):
    rows = reach.dependence(assessed.dependence, prepared.places, study=assessed.study, language="en").rows
    assert [row[0] for row in rows] == ["A place that is not named", "まちの居場所"]
    assert rows[0][1] == pytest.approx(200)


def test_vacant_properties_are_counted_and_never_named(prepared):
    found = pipeline.assess(prepared, prepared.study.with_(gap_kind="permanent"))
    rows = reach.options(found.gap_options, "G001", prepared.places, study=found.study, language="en").rows
    assert rows == (
        ("Open on more days", "A place that is not named", pytest.approx(200)),
        *[("Use a vacant house or shop", "One property (see the internal list)", pytest.approx(200))] * 3,
    )
