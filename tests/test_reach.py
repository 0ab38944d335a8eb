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
    # Tuesdays 10 to 15: of 8 half-hours of the morning 4, of 10 of the afternoon 6, of 6 of the evening none.
    near = 150 / 353
    assert week.rows[1][1:5] == pytest.approx((near * 4 / 8, near * 6 / 10, 0, near * 10 / 24), abs=1e-6)
    assert week.rows[0][5] == pytest.approx(950 / 3 / 353, abs=1e-6)
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


def test_the_week_of_a_zone_and_of_an_area(assessed):
    asked = {"study": assessed.study, "language": "ja"}
    table = assessed.zone_opening
    week, inside = reach.week(table, "branch:P1", **asked), reach.week_inside(table, "branch:P1", **asked)
    assert [column.label for column in week.columns] == ["曜日", "午前", "午後", "夜"]
    # Two thirds reach the salon too, whose hours nobody knows.
    assert week.rows[1] == ("火", "50.0%～83.3%", "60.0%～86.7%", "0.0%～66.7%")
    assert [row[1:] for row in inside.rows] == [(0, 0, 0), (1, 1, 0), (0, 0, 0), (1, 1, 0), *[(0, 0, 0)] * 3]
    assert reach.days_without(table, "branch:P1", **asked) == (
        "この区域の中で開く居場所がない曜日：月、水、金、土、日。"
    )
    other = reach.week_inside(table, "branch:P2", **asked)
    assert other.rows[0] == ("月", *["0～1"] * 3)  # The salon may be open.
    may = reach.days_without(table, "branch:P2", **asked)
    assert may.endswith("（ほかに、開いているかわからない居場所が1か所あります）")
    assert (
        reach.days_without(table, "nowhere", **asked) == "この対象の人は住んでいないか、人数がわかりません。"
    )
    area = reach.week(assessed.area_opening, "991010010", **asked)
    assert area.rows == week.rows  # P1 is the area A.
    told = {row["zone_id"]: row for row in assessed.summary["opening"]["zones"]}
    assert told["branch:P1"]["weekdays_open"] == [1, 3]
    own = assessed.zone_summary.set_index(["zone_id", "kind", "group"]).loc[("branch:P1", "any", "all")]
    assert own["open_share"] == pytest.approx(told["branch:P1"]["open_share"], abs=1e-6)
    assert own["open_share"] == pytest.approx(20 / 168)


def test_places_that_complete_a_week_are_told_with_their_days(build_town, tmp_path):
    town = build_town()
    town.tables[schemas.Places] = town.places.assign(
        opening_text=["火・木 10:00～15:00", "月・水・金 13:00～16:00", None]
    )
    prepared = pipeline.prepare(town.project(tmp_path))
    found = pipeline.assess(prepared, prepared.study)
    asked = {"study": found.study, "language": "ja"}
    rows = reach.partners(found.partners, prepared.places, **asked)
    assert "月・火・水・木・金" in rows.caption
    assert rows.rows == (("まちの居場所（火・木）", "ふれあいサロン（月・水・金）", pytest.approx(350 / 3)),)
    assert reach.partners(found.partners, prepared.places, inside=["salon"], **asked).rows == rows.rows
    assert reach.partners(found.partners, prepared.places, inside=["suspended"], **asked).rows == ()


def test_who_has_an_open_place_at_a_day_and_time(prepared):
    found = pipeline.assess(prepared, prepared.study.with_(open_at="2026-06-02T14:00"))
    rows = reach.at_moment(found.summary, language="en")
    assert "2026-06-02 14:00" in rows.caption
    # 150 reach the ibasho, 950 / 3 the salon, whose hours nobody knows.
    assert rows.rows[0] == ("Everybody", 150, "42.5%–99.2%")
    assert (found.coverage_at["nearest_m"] <= 500).sum() == (found.coverage["nearest_m"] <= 500)[
        (found.coverage["group"] == "all") & (found.coverage["kind"] == "permanent")
    ].sum()
