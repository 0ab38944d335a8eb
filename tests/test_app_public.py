"""The public's role: the residents' pages only, no small count, nothing to change."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import pages, state, writes
from geo import assessment, errors, pipeline, schemas, text
from geo import project as projects
from geo.present.tables import Rows

MAIN = Path(__file__).resolve().parents[1] / "app" / "main.py"
WRITERS = re.compile(r"(projects?|decisions)\.(keep|add|undo|edit|decide|with_study|create)\(|\.commit\(")

TOGETHER = re.compile(r"<span class=ib-(?:one|short)>(.*?)</span>")
"""What stands in one line."""


FIGURES = {
    "attendance": 7137.0,
    "attendance_before": 9291.0,
    "newcomers": 7129.0,
    "helpers": 7151.0,
    "helpers_75_plus": 7149.0,
    "helpers_mean_age": 87.5,
}
"""What salons tell of themselves: numbers that stand nowhere else."""


@pytest.fixture(scope="module")
def town(build_town: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> projects.Project:
    own = build_town()
    own.tables[schemas.Places] = own.places.assign(**FIGURES)
    made: projects.Project = own.project(tmp_path_factory.mktemp("public") / "town")
    return made


@pytest.fixture
def as_public(town: projects.Project, monkeypatch: pytest.MonkeyPatch) -> projects.Project:
    monkeypatch.setenv("IBASHO_PROJECT", str(town.path))
    monkeypatch.setenv("IBASHO_ROLE", "public")
    return town


@pytest.mark.parametrize(
    ("role", "is_public"), [("public", True), ("Planner", True), ("", True), ("planner", False)]
)
def test_whatever_is_not_the_planners_role_is_the_public(
    monkeypatch: pytest.MonkeyPatch, role: str, is_public: bool
) -> None:
    monkeypatch.setenv("IBASHO_ROLE", role)
    assert (state.role() == state.PUBLIC) == is_public
    assert ("registry" in pages.shown()) != is_public
    monkeypatch.delenv("IBASHO_ROLE")
    assert state.role() == state.PLANNER


def test_a_page_is_for_all_only_where_it_is_named_so() -> None:
    assert set(pages.FOR_ALL) < set(pages.PAGES)
    assert not {"registry", "data", "model_areas"} & set(pages.FOR_ALL)


def test_every_page_for_all_is_shown_and_no_other(as_public: projects.Project) -> None:
    app = AppTest.from_file(str(MAIN), default_timeout=240)
    app.query_params["limit"] = "650"
    app.run()
    assert [one.value for one in app.title] == [text.say("browse.title", "ja")]
    assert app.session_state["study"].limit_m == 500
    for name in pages.FOR_ALL[1:]:
        app.switch_page(f"views/{name}.py").run()
        assert not app.exception
        assert not app.error
        assert [one.value for one in app.title] == [text.say(f"{name}.title", "ja")]
        assert not app.slider
        words = TOGETHER.sub(r"\1", "\n".join(str(one.proto.body) for one in app.get("html")))
        if name != "help":
            assert (
                text.say("app.few", "ja", k=as_public.study.disclosure_k, base=as_public.study.rounding)
                in words
            )


ASKED: tuple[dict[str, str], ...] = (
    {"lang": "ja", "division": "branch_office", "zone": "branch:P2", "area": "991010030"},
    {"lang": "en", "group": "age_75_plus", "kind": "permanent", "limit": "300", "area": "991010010"},
    {"lang": "ja", "group": "under_15", "zone": "school:S3", "gap": "G001", "division": "middle_school"},
)
"""What the public asks for: zones and groups of few people among them."""


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.get("group", "all"))
def test_no_page_tells_the_public_of_so_few_people(
    as_public: projects.Project, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
) -> None:
    """Every table, also as a file, every figure and every sentence of every page."""
    from app import widgets  # here: the folder of its geometry must be known first

    tables: list[Rows] = []
    draw, save = widgets.table, widgets.download
    monkeypatch.setattr(widgets, "table", lambda rows, **own: (tables.append(rows), draw(rows, **own)))
    monkeypatch.setattr(widgets, "download", lambda *own: (tables.append(own[2]), save(*own)))
    k, language = as_public.study.disclosure_k, asked["lang"]
    allowed = {text.say(f"column.{name}", language) for name in ("places", "rows")}
    rounding = text.say("app.few", language, k=k, base=as_public.study.rounding)
    app = AppTest.from_file(str(MAIN), default_timeout=240)
    for name, value in asked.items():
        app.query_params[name] = value
    app.run()
    for name in pages.FOR_ALL:
        app.switch_page(f"views/{name}.py").run()
        assert not app.exception
        assert not app.error
        written = [str(one.proto.body) for one in app.get("html")]
        written += [one.value for one in (*app.info, *app.warning, *app.header, *app.caption)]
        written += [option for radio in app.radio for option in radio.options]
        told = html.unescape(TOGETHER.sub(r"\1", "\n".join(written))).replace(rounding, "")
        counts = re.findall(r"([\d,.]+)\s?(?:人|people)", re.sub(r"[1１][–～]\d+ ?(人|people)", "", told))
        assert all(not 0.5 <= float(n.replace(",", "")) < k for n in counts if n.strip(".,")), name
        assert not any(f"{figure:g}" in told.replace(",", "") for figure in FIGURES.values()), name
    assert len(tables) > 15
    for rows in tables:
        for at, column in enumerate(rows.columns):
            if column.kind == "count" and column.label not in allowed:
                numbers = [row[at] for row in rows.rows if isinstance(row[at], float | int)]
                assert all(n != n or not 0.5 <= n < k for n in numbers), (rows.caption, column.label)


def test_no_page_of_the_planners_opens_for_the_public(as_public: projects.Project) -> None:
    app = AppTest.from_file(str(MAIN), default_timeout=240).run()
    for name in set(pages.PAGES) - set(pages.FOR_ALL):
        with pytest.raises(ValueError, match="Could not find a navigation page"):
            app.switch_page(f"views/{name}.py")


def test_no_small_count_is_in_what_the_public_sees(town: projects.Project) -> None:
    found = pipeline.assess(pipeline.prepare(town), town.study)
    told = pipeline.outward(found)
    k = town.study.disclosure_k
    for name in assessment.OUTWARD:
        table = getattr(told, name)
        for column in ("people", "covered_people", "left_out_people", "numerator", "denominator"):
            if column in table:
                shown = table[column].dropna()
                assert ((shown == 0) | (shown >= k)).all(), (name, column)
    assert all(getattr(told, name).empty for name in assessment.INTERNAL)
    figures = [f"{figure:g}" for figure in FIGURES.values()]
    assert not any(figure in json.dumps(dict(told.summary)) for figure in figures)
    # What planners see is as it was.
    assert found.salons["attendance"].tolist() == [FIGURES["attendance"]] * 2
    assert found.area_coverage["people"].notna().any()
    assert not any(table.empty for table in (found.zone_summary, found.gaps))


def test_every_write_asks_for_the_role(as_public: projects.Project) -> None:
    before = (as_public.path / "store.gpkg").read_bytes(), (as_public.path / "study.toml").read_bytes()
    for call in (
        lambda: writes.accept(as_public, None, ""),  # type: ignore[arg-type]
        lambda: writes.undo(as_public, ""),
        lambda: writes.edit(as_public, "x", {"name": "y"}, ""),
        lambda: writes.decide(as_public, "x", "y", "same", ""),
        lambda: writes.keep_study(as_public),
        lambda: writes.keep_run(as_public),
        lambda: writes.record(as_public, None, None),  # type: ignore[arg-type]
    ):
        with pytest.raises(errors.AccessDeniedError):
            call()
    assert before == (
        (as_public.path / "store.gpkg").read_bytes(),
        (as_public.path / "study.toml").read_bytes(),
    )


def test_nothing_else_in_the_app_writes() -> None:
    found = [
        path.name
        for path in MAIN.parent.rglob("*.py")
        if path.name != "writes.py" and WRITERS.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
