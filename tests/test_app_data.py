"""The data page: read, look, accept, take back."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import uploads
from geo import project as projects
from geo import schemas, text

MAIN = Path(__file__).resolve().parents[1] / "app" / "main.py"
LIST = "呼び名,どこ,lat,lon,いつ\n<b>川の家</b>,川町1,{lat},{lon},毎週火・木 10時〜15時\n"


@pytest.fixture
def town(build_town: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> projects.Project:
    made: projects.Project = build_town().project(tmp_path / "town")
    monkeypatch.setenv("IBASHO_PROJECT", str(made.path))
    return made


def listed(town: projects.Project, name: str = "list.csv") -> tuple[str, bytes, str]:
    point = town.store.read(schemas.Places).geometry.iloc[0]
    return name, LIST.format(lat=point.y, lon=point.x).encode("cp932", "replace"), "text/csv"


def data_page(language: str = "ja") -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.query_params["lang"] = language
    return app.run().switch_page("views/data.py").run()


def shown(app: AppTest) -> str:
    told = "\n".join(str(element.proto.body) for element in app.get("html"))
    return re.sub(r"<span class=ib-(?:one|short)>(.*?)</span>", r"\1", told)


def test_a_list_is_read_corrected_accepted_and_taken_back(town: projects.Project) -> None:
    before = town.store.read(schemas.Places)
    app = data_page()
    app.get("file_uploader")[0].set_value([listed(town)]).run()
    assert not app.error
    assert "&lt;b&gt;川の家" not in shown(app)  # names are shown when they are stored, escaped, not before
    assert town.store.read(schemas.Places).equals(before)
    assert "「list.csv」は新しいデータです（1件）。" in shown(app)

    boxes = {box.label: box for box in app.selectbox}
    assert boxes["名前"].value == "呼び名"
    boxes["運営"].set_value("どこ")
    next(b for b in app.button if b.label == text.say("data.again", "ja")).click().run()
    assert {box.label: box.value for box in app.selectbox}["運営"] == "どこ"

    next(t for t in app.text_input if t.label == text.say("data.who", "ja")).set_value("福祉課")
    next(b for b in app.button if b.label == text.say("data.accept", "ja")).click().run()
    assert [one.value for one in app.success] == [text.say("data.done", "ja")]
    places = town.store.read(schemas.Places)
    assert len(places) == len(before) + 1
    assert places.loc[places["name"].str.contains("川の家"), "operator"].tolist() == ["川町1"]
    assert "福祉課" in town.store.read(schemas.History)["changed_by"].tolist()

    next(b for b in app.button if b.label == text.say("data.undo", "ja")).click().run()
    assert len(town.store.read(schemas.Places)) == len(before)


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_a_file_that_is_nothing_is_told_in_words(town: projects.Project, language: text.Language) -> None:
    app = data_page(language)
    app.get("file_uploader")[0].set_value([("x.csv", b"\x00\x01\x02", "text/csv")]).run()
    assert len(app.error) == 1
    assert "x.csv" in app.error[0].value.replace("\\", "")
    assert "Traceback" not in app.error[0].value


def test_what_cannot_be_taken_back_is_said(
    build_town: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = build_town().project(tmp_path / "town")
    monkeypatch.setenv("IBASHO_PROJECT", str(town.path))
    app = data_page()
    for _ in range(2):
        next(b for b in app.button if b.label == text.say("data.undo", "ja")).click().run()
    assert len(app.error) == 1
    assert not app.exception


@pytest.mark.parametrize(
    "name",
    ["../../study.toml", "..\\..\\study.toml", "/etc/passwd", ".hidden", "a\x00b.csv", "x" * 300 + ".csv"],
)
def test_no_name_leads_out_of_the_folder(town: projects.Project, name: str) -> None:
    before = (town.path / "study.toml").read_bytes()
    found = uploads.read(town, [uploads.File(name, listed(town)[1])], mapping={})
    assert found.problem is None or found.found is None
    assert (town.path / "study.toml").read_bytes() == before
