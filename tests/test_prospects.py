"""Scenarios on the tiny town: numbers that can be worked out on paper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

from geo import cli, errors, pipeline, prospects, schemas
from geo import project as projects
from geo.decide import questions, scenarios
from geo.decide.questions import Plan
from geo.decide.scenarios import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable
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


# --- plans ----------------------------------------------------------------------------------------------


def spot(prepared: pipeline.Prepared, x: float, y: float) -> tuple[float, float]:
    """Latitude and longitude of a point of the tiny town."""
    point = gpd.GeoSeries([shapely.Point(x, y)], crs=prepared.crs).to_crs(schemas.STORED_CRS).iloc[0]
    return (round(point.y, 7), round(point.x, 7))


def plan(*changes: dict[str, Any], name: str = "more") -> Plan:
    return questions.make(Plan, {"name": name, "changes": list(changes)})


def test_a_bridge_brings_the_other_bank_nearer(build_town: Callable[..., Town], tmp_path: Path) -> None:
    """Back Lane has its only bridge at x = 1000: with one at x = 0 people of its west end reach the ibasho there."""
    prepared = pipeline.prepare(build_town(river=True).project(tmp_path / "river"))
    street = {"do": "street", "at": spot(prepared, 0, 0), "to": spot(prepared, 0, 80)}
    table, told = prospects.answer(prepared, prepared.study, [plan(street, name="bridge")])
    row = whole(table, "covered_people", kind="permanent", limit_m=500)
    assert row["bridge"] > row["now"]
    assert told["bridge"].actions == 1
    with pytest.raises(errors.MissingTableError, match="bridge"):
        none = pipeline.prepare(build_town(streets=False).project(tmp_path / "none"))
        prospects.then(none, prospects.scenario(plan(street, name="bridge"), crs=none.crs))


def test_targets_room_and_hours_are_changed_as_they_are_told(prepared: pipeline.Prepared) -> None:
    changes = [
        {"do": "change", "place": "salon", "targets": ["all"], "hours": "Mo-We 10:00-15:00"},
        {"do": "change", "place": "salon", "capacity": 12},
        {"do": "open", "name": "Hut", "at": spot(prepared, 500, 0), "days": 4, "cost_yen": 5},
    ]
    own = prospects.scenario(plan(*changes), crs=prepared.crs)
    then = scenarios.places_then(own, prepared.places).set_index("place_id")
    salon = then.loc["salon", ["targets", "open_days_per_week", "capacity"]].tolist()
    assert salon == ["all", 3, 12]
    assert then.loc["more:1", ["name", "open_days_per_week", "opening_text"]].tolist()[:2] == ["Hut", 4]
    assert (own.actions, own.cost_yen) == (2, 5)
    days = scenarios.places_then(
        Scenario("d", changed={"salon": {"open_days_per_week": 5.0}}), prepared.places
    )
    told = days.set_index("place_id").loc["salon"]
    assert (told["open_days_per_week"], pd.isna(told["opening_text"])) == (5, True)


@pytest.mark.parametrize(
    "change",
    [
        {"do": "change", "place": "salon", "hours": "Mo-We 10:00-15:00", "days": 5},
        {"do": "change", "place": "salon"},
        {"do": "open"},
        {"do": "street", "at": [35, 139]},
        {"do": "open", "at": [139, 35]},
        {"do": "change", "place": "salon", "targets": ["ghosts"]},
    ],
)
def test_a_change_that_cannot_be_meant_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(errors.StudyError):
        plan(change)


def test_plans_are_kept_registered_and_taken_back(town: Town, tmp_path: Path) -> None:
    project = town.project(tmp_path / "town")
    own = plan(
        {"do": "open", "name": "<b>Hut", "at": [36.0, 139.8], "hours": "Mo-Fr 10:00-16:00", "capacity": 20}
    )
    odd = plan({"do": "close", "place": "salon"}, name="../x")
    assert [prospects.keep(project, one).parent for one in (own, odd)] == [project.path / "scenarios"] * 2
    assert prospects.kept(project) == {one.name: one for one in (own, odd)}
    prospects.keep(project, plan(name="../x"))
    assert list(prospects.kept(project)) == ["more"]

    crs = pipeline.prepare(project).crs
    prospects.register(project, prospects.entries(own, crs=crs), name="more", when="2026-01-01")
    entry = project.store.read(schemas.Places).set_index("place_id").loc["planned:more:1"]
    told = ["name", "status", "stage", "open_days_per_week", "capacity", "do_not_publish"]
    assert entry[told].tolist() == ["<b>Hut", "planned", "consulting", 5, 20, True]
    assert (round(entry.geometry.y, 5), round(entry.geometry.x, 5)) == (36, 139.8)
    projects.undo(project, when="2026-01-02")
    assert "planned:more:1" not in set(project.store.read(schemas.Places)["place_id"])
    with pytest.raises(errors.DataError, match="nothing to enter"):
        prospects.register(project, prospects.entries(odd, crs=crs), name="x")


def test_the_command_compares_keeps_and_registers(town: Town, tmp_path: Path) -> None:
    project, file = town.project(tmp_path / "town"), tmp_path / "east.toml"
    with pytest.raises(errors.DataError, match="keeps no scenarios"):
        CliRunner().invoke(cli.app, ["decide", "scenarios", str(project.path)], catch_exceptions=False)
    file.write_text('[[changes]]\ndo = "open"\nname = "East"\nat = [36.0, 139.85]\n', encoding="utf-8")
    asked = ["decide", "scenarios", str(project.path), str(file), "--keep", "--register"]
    done = CliRunner().invoke(cli.app, asked)
    assert done.exit_code == 0, done.output
    assert "scenarios/east.toml" in done.stdout
    assert "planned:east:1" in set(project.store.read(schemas.Places)["place_id"])
    document = json.loads(
        CliRunner().invoke(cli.app, ["decide", "scenarios", str(project.path), "--json"]).stdout
    )
    assert [one["name"] for one in document["scenarios"]] == ["east"]
    assert {"now", "east", "east_change"} <= set(document["numbers"][0])
