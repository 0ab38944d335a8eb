"""The committee, the planner and the one who checks: choices made by clicks, kept as records."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from streamlit.testing.v1 import AppTest

from geo import decisions, pipeline, prospects, schemas, text
from geo import project as projects
from geo.decide import questions
from geo.present import charts

MAIN = Path(__file__).resolve().parents[1] / "app" / "main.py"


@pytest.fixture
def town(build_town: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> projects.Project:
    made: projects.Project = build_town().project(tmp_path / "town")
    monkeypatch.setenv("IBASHO_PROJECT", str(made.path))
    monkeypatch.setenv("IBASHO_LANG", "ja")
    return made


def page(view: str) -> AppTest:
    return AppTest.from_file(str(MAIN), default_timeout=60).run().switch_page(f"views/{view}.py").run()


def shown(app: AppTest) -> str:
    told = "\n".join(str(element.proto.body) for element in app.get("html"))
    return re.sub(r"<span class=ib-(?:one|short)>(.*?)</span>", r"\1", told)


def press(app: AppTest, key: str, **values: object) -> AppTest:
    return next(b for b in app.button if b.label == text.say(key, "ja", **values)).click().run()


def control(app: AppTest, kind: str, key: str) -> Any:
    """By its key; one that shows what something else changed has a new key, numbered."""
    return next(one for one in getattr(app, kind) if str(one.key).split("/")[0] == key)


def test_a_committee_reaches_a_record(town: projects.Project) -> None:
    app = page("model_areas")
    assert "A" in shown(app)
    app = press(app, "model_areas.add")
    control(app, "text_input", "committee_member_3").set_value("D<b>").run()
    control(app, "text_input", "committee_role_3").set_value("商店会").run()
    slider = next(one for one in app.slider if str(one.key).startswith("committee_weight_"))
    slider.set_value(100).run()
    assert "D&lt;b&gt;" in shown(app)
    assert "商店会" in shown(app)
    app = press(app, "record.keep")
    assert not app.error
    (name,) = decisions.kept(town, "model_areas")
    record = json.loads(decisions.path(town, name).read_text(encoding="utf-8"))
    assert [one["member"] for one in record["question"]["members"]] == ["A", "B", "C", "D<b>"]
    assert name in shown(app)
    assert decisions.verify(town, name) == []


def test_each_way_of_weighing_can_be_taken(town: projects.Project) -> None:
    app = page("model_areas")
    for way in ("ranking", "pairs", "weights"):
        way_control = next(
            one for one in app.get("button_group") if str(one.key).startswith("committee_way_")
        )
        way_control.set_value(way).run()
        assert not app.error
        assert not app.exception
    app = press(app, "model_areas.remove", member="A")
    member = text.say("model_areas.members", "ja", n=2)
    assert member in [one.label for one in app.expander]


def test_two_areas_are_compared_in_both_orders(town: projects.Project) -> None:
    app = page("model_areas")
    first, second = (control(app, "selectbox", f"pair_{side}") for side in "ab")
    a, b = first.value, second.value
    assert a != b
    first.set_value(b).run()
    assert [control(app, "selectbox", f"pair_{side}").value for side in "ab"] == [b, a]


def test_a_group_that_the_study_does_not_have_is_told(town: projects.Project) -> None:
    assert not page("sites").warning
    wanted = (
        "[[wanted]]\ngroup = 'all'\n\n[[wanted]]\ngroup = '*grandparents*'\n\n[actions.open]\nonce_yen = 1\n"
    )
    (town.path / "sites.toml").write_text(wanted, encoding="utf-8")
    app = page("sites")
    (told,) = app.warning
    assert r"\*grandparents\*" in told.value  # a name is text
    assert not app.error
    assert not app.exception


def test_a_planner_chooses_sites_within_a_budget(town: projects.Project) -> None:
    app = page("sites")
    assert text.say("sites.not_asked", "ja") in [one.value for one in app.info]
    control(app, "number_input", "budget_control").set_value(100).run()
    app = press(app, "sites.ask")
    assert not app.error
    control(app, "number_input", "budget_control").set_value(2000).run()
    assert text.say("sites.not_asked", "ja") in [one.value for one in app.info]
    app = press(app, "sites.ask")
    assert not app.error
    assert text.say("sites.column.gain", "ja") in shown(app)
    assert text.say("sites.status_optimal", "ja") in shown(app)
    app = press(app, "record.keep")
    (name,) = decisions.kept(town, "sites")
    asked, _ = questions.read(questions.Siting, town.path)
    # The page asks for the same groups and kinds of place as the file, until the reader chooses others.
    assert decisions.read(town, name)["question"]["wanted"] == asked.model_dump(mode="json")["wanted"]
    groups = control(app, "multiselect", "siting_groups_control")
    assert groups.value == ["all", "under_15", "age_65_plus"]
    groups.set_value(["under_15"]).run()
    assert text.say("sites.not_asked", "ja") in [one.value for one in app.info]
    app = press(app, "sites.ask")
    assert not app.error
    goal = control(app, "selectbox", "goal_control")
    goal.set_value("median").run()
    app = press(app, "sites.ask")
    assert not app.error
    assert text.say("sites.result_median", "ja", n="").split("、")[0] in shown(app)


def test_a_planner_builds_a_scenario_and_compares(town: projects.Project) -> None:
    app = page("scenarios")
    assert text.say("scenarios.empty", "ja") in [one.value for one in app.info]
    doing = next(one for one in app.get("button_group") if one.key == "doing_control")
    doing.set_value("close").run()
    place = control(app, "selectbox", "plan_place")
    place.select_index(0).run()
    app = press(app, "scenarios.add")
    assert not app.error
    assert text.say("scenarios.plan", "ja", name="A") in shown(app)
    assert text.say("scenarios.column_item", "ja") in shown(app)
    # Another visit finds the plan again: the project keeps it.
    assert [one.do for one in prospects.kept(town)["A"].changes] == ["close"]
    app = page("scenarios")
    assert text.say("scenarios.column_item", "ja") in shown(app)
    app = press(app, "scenarios.remove", n=1)
    assert text.say("scenarios.empty", "ja") in [one.value for one in app.info]


def test_a_new_place_of_a_plan_goes_into_the_registry(town: projects.Project) -> None:
    app = page("scenarios")
    area = control(app, "selectbox", "area_control")
    area.select_index(0).run()
    control(app, "text_input", "plan_name").set_value("<i>Hut").run()
    control(app, "text_input", "plan_hours").set_value("月〜水 10時〜15時").run()
    app = press(app, "scenarios.add")
    assert not app.error
    assert "&lt;i&gt;Hut" in shown(app)
    app = press(app, "scenarios.register", n=1)
    assert not app.error
    entry = town.store.read(schemas.Places).set_index("place_id").loc["planned:A:1"]
    assert entry[["name", "stage", "open_days_per_week"]].tolist() == ["<i>Hut", "consulting", 3]
    change = next(one for one in app.get("button_group") if one.key == "doing_control")
    change.set_value("change").run()
    control(app, "selectbox", "plan_place").select_index(0).run()
    control(app, "multiselect", "plan_targets").select("children").run()
    app = press(app, "scenarios.add")
    assert not app.error
    assert [one.do for one in prospects.kept(town)["A"].changes] == ["open", "change"]


def test_a_kept_run_stands_beside_today(town: projects.Project) -> None:
    app = page("verification")
    assert text.say("verification.no_run", "ja") in [one.value for one in app.info]
    pipeline.run(town)
    app = app.run()
    areas = control(app, "multiselect", "treated_control")
    assert areas.options == ["P1", "P2"]
    areas.select("P1").run()
    assert not app.error
    assert not app.exception
    assert text.say("verification.project_True", "ja") in shown(app)


def test_a_run_of_another_version_is_told_and_today_can_be_kept(town: projects.Project) -> None:
    """The page says which run cannot be compared; the button that keeps how things are now is still there."""
    kept = pipeline.run(town)
    file = kept.path / "results.gpkg"
    table = pyogrio.read_dataframe(file, layer="zone_summary").drop(columns="fitting_places")
    file.unlink()
    pyogrio.write_dataframe(table, file, layer="zone_summary")
    app = page("verification")
    assert text.say("verification.unreadable", "ja", run=kept.run_id) in [one.value for one in app.warning]
    assert not app.error
    assert text.say("verification.keep_run", "ja") in [one.label for one in app.button]


def test_bars_are_text_whatever_the_names() -> None:
    bar = charts.Bar("<img>", (charts.Part(0.05, "5%", "#000"), charts.Part(0.95, "95%", "#fff")), '"><b>')
    told = charts.bars("<x>", [bar], [("#000", "<y>")])
    assert "<img>" not in told
    assert "<b>" not in told
    assert ">95%<" in told
    assert ">5%<" not in told
