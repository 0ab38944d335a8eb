"""The registry's page: found, seen whole, changed, confirmed, decided, taken back."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from geo import project as projects
from geo import registry, schemas, text
from geo.present import entries, exports

MAIN = Path(__file__).resolve().parents[1] / "app" / "main.py"
HOSTILE = (
    '<img src=x onerror="top.ran=1">',
    "</script>",
    "${x}`\\",
    "\u202egpj.exe",
    "=1+1",
    "![x](http://f.example)",
)


@pytest.fixture
def town(build_town: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> projects.Project:
    made: projects.Project = build_town().project(tmp_path / "town")
    monkeypatch.setenv("IBASHO_PROJECT", str(made.path))
    monkeypatch.delenv("IBASHO_ROLE", raising=False)
    return made


def page(language: str = "ja", **link: str) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=180)
    for name, value in {"lang": language, **link}.items():
        app.query_params[name] = value
    # The first page has nothing to measure while there is no project.
    with pytest.MonkeyPatch.context() as aside:
        aside.delenv("IBASHO_PROJECT")
        app.run()
    return app.switch_page("views/registry.py").run()


def written(app: AppTest) -> str:
    bodies = [str(element.proto.body) for element in app.get("html")]
    told = "\n".join(body for body in bodies if not body.startswith(("<script>", "<style>")))
    return re.sub(r"<span class=ib-(?:one|short)>(.*?)</span>", r"\1", told)


def say(key: str, **values: object) -> str:
    return text.say(f"registry.{key}", "ja", **values)


def control(kind: Any, label: str) -> Any:
    return next(one for one in kind if one.label == label)


def press(app: AppTest, label: str) -> AppTest:
    return control(app.button, label).click().run()


def first(town: projects.Project) -> Any:
    return town.store.read(schemas.Places).iloc[0]


def test_an_entry_is_found_mended_confirmed_and_taken_back(town: projects.Project) -> None:
    place = first(town)
    app = page()
    assert not app.error
    app.text_input(key="words").set_value("zzz").run()
    assert "見つかった居場所0件" in written(app)
    app.text_input(key="words").set_value(str(place["name"])).run()
    app.selectbox(key="entry_control").set_value(place["place_id"]).run()
    assert text.say("column.place_id", "ja") in written(app)

    control(app.text_input, "開催日時").set_value("第2・4土 13:30〜15:30（8月休み）").run()
    assert "→ 毎月第2・4土曜 13:30〜15:30（8月休み）" in written(app)
    control(app.text_input, "開催日時").set_value("毎週火曜 10時〜12時(友引の日を除く)").run()
    assert "読み取れなかった部分" in written(app)
    control(app.text_input, "開催日時").set_value("毎週火・木 10時〜15時").run()
    control(app.text_input, text.say("data.who", "ja")).set_value("地域課")
    press(app, say("save"))
    assert [one.value for one in app.success] == [say("saved")]
    now = first(town)
    assert (now["opening_text"], now["open_days_per_week"]) == ("毎週火・木 10時〜15時", 2.0)
    assert "地域課" in written(app)

    press(app, say("verified"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", first(town)["verified_on"])
    press(app, say("save"))
    assert [one.value for one in app.success] == [say("unchanged")]

    app.get("button_group")[1].set_value("past").run()
    for _ in range(2):
        press(app, text.say("data.undo", "ja"))
    assert (first(town).fillna("") == place.fillna("")).all()
    assert not app.exception


def test_a_stage_brings_its_status_and_a_wrong_value_is_told(town: projects.Project) -> None:
    app = page()
    app.selectbox(key="entry_control").set_value(first(town)["place_id"]).run()
    boxes = {
        box.label: box for box in app.selectbox if box.key not in ("only_status", "only_stage", "only_kind")
    }
    boxes["段階"].set_value("suspended")
    press(app, say("save"))
    assert first(town)["status"] == "suspended"
    control(app.text_input, "名前").set_value("  ").run()
    press(app, say("save"))
    assert len(app.error) == 1
    assert "空欄" in app.error[0].value


def test_a_pair_is_decided_or_left_for_later(town: projects.Project) -> None:
    places = town.store.read(schemas.Places)
    twin = places.iloc[[0]].assign(place_id="zz:1", kind="tea_room", dataset_id="zz")
    twin = twin.assign(kind=["salon" if places["kind"].iloc[0] == "tea_room" else "tea_room"])
    from geo.sources import Reading

    projects.add(town, [Reading("places", "zz", schemas.Places, twin, "zz.csv", "2" * 64, 1)])
    records = town.store.read(schemas.Places)
    waiting = registry.duplicates(records)
    if waiting[waiting["verdict"] == "undecidable"].empty:
        pytest.skip("the town's kinds agree")
    app = page(section="pairs")
    assert "違う" in written(app)
    press(app, say("later"))
    assert town.store.read(schemas.Duplicates).empty
    press(app, say("is_same"))
    assert [one.value for one in app.success] == [say("decided")]
    assert town.store.read(schemas.Duplicates)["decision"].tolist() == ["same"]
    assert say("no_pairs") in [one.value for one in app.info]


@pytest.mark.parametrize(
    ("section", "language"), [("pairs", "ja"), ("files", "en"), ("past", "ja"), ("<script>", "en")]
)
def test_every_section_in_both_languages(
    town: projects.Project, section: str, language: text.Language
) -> None:
    app = page(language, section=section)
    assert not app.error
    assert not app.exception
    assert [one.value for one in app.title] == [text.say("registry.title", language)]


def test_hostile_words_are_kept_as_text_and_shown_as_text(town: projects.Project) -> None:
    place, name = first(town)["place_id"], " ".join(HOSTILE)
    projects.edit(town, place, {"name": name, "operator": HOSTILE[4], "opening_text": HOSTILE[1]})
    app = page(entry=place)
    assert not app.error
    kept = first(town)["name"]
    assert html.escape(kept) in written(app)
    assert kept not in written(app)
    assert "\u202e" not in kept
    records = town.store.read(schemas.Places)
    made = exports.files(records, registry.duplicates(records), form="csv", code="991015", municipality="x")
    with zipfile.ZipFile(io.BytesIO(entries.bundle(made))) as archive:
        assert ",=1+1" not in archive.read(archive.namelist()[0]).decode("utf-8-sig")


def test_who_may_only_read_changes_nothing(town: projects.Project, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(entry=first(town)["place_id"])
    before = (town.path / "store.gpkg").read_bytes()
    monkeypatch.setenv("IBASHO_ROLE", "public")
    press(app, say("verified"))
    assert (town.path / "store.gpkg").read_bytes() == before
