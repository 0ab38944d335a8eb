"""The app without a browser: every page in both languages, with and without data, each control once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.pages import PAGES
from geo import errors, schemas, text
from geo import project as projects
from geo import study as studies
from geo.present import geometry
from geo.project import Project
from geo.store import GeoPackage

MAIN = Path(__file__).resolve().parents[1] / "app" / "main.py"
VIEWS = ("start", "browse", "coverage", "gaps", "isolation", "zone_sheet")
DECIDING = ("model_areas", "sites", "scenarios", "verification")
CHOICES: dict[str, object] = {
    "language_control": "en", "preset_control": 300, "minutes_control": "15", "when_control": "at",
    "colour_control": "both", "zone_control": "branch:P2", "division_control": "branch_office",
    "group_control": "age_65_plus", "kind_control": "permanent", "area_control": "991010010",
    "limit_control": 650,
}  # fmt: skip
"""What each control is set to."""
DECIDED: dict[str, dict[str, object]] = {
    "sites": {
        "siting_groups_control": ["age_65_plus", "under_15"], "aim_control": "any", "preset_control": 800,
        "limit_control": 650,
        "quota_control": "branch_office", "budget_control": 900, "years_control": 2, "number_control": 1,
    },
    "scenarios": {
        "zone_control": "branch:P2", "division_control": "branch_office", "area_control": "991010010",
        "plan_control": "B", "plan_name": "<b>", "plan_days_True": 2, "plan_hours": "毎週火曜 10時〜12時",
        "plan_targets": ["older"], "plan_capacity": 9, "plan_cost": 10, "doing_control": "change",
        "plan_place": "ibasho",
    },
    "verification": {"treated_control": ["branch:P1"], "kind_control": "permanent"},
    "model_areas": {
        "committee_system": "branch_office", "committee_one_per": "", "committee_apart": False,
        "committee_choose": 2, "committee_criteria": ["people", "places"], "committee_less": ["places"],
        "pair_a": "branch:P2", "committee_member_0": "D<b>", "committee_role_0": "x",
        "committee_weight_0_people": 100, "committee_way_0": "pairs", "committee_pair_0_0": "5",
        "member_control": 1, "committee_way_1": "ranking", "committee_ranking_1": ["people"],
    },
}  # fmt: skip
"""What each control of the pages that decide is set to."""
ERRORS = tuple(
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.AtlasError)
)
TRACEBACK = re.compile(r"Traceback|File \"|Error:")


@pytest.fixture(scope="module")
def towns(build_town: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("towns")
    return {
        "streets": build_town().project(folder / "streets").path,
        "straight": build_town(streets=False).project(folder / "straight").path,
        "no ages": build_town(ages=False).project(folder / "no_ages").path,
    }


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    def run(project: Path | None, view: str = "start", language: str = "ja") -> AppTest:
        if project is None:
            monkeypatch.delenv("IBASHO_PROJECT", raising=False)
        else:
            monkeypatch.setenv("IBASHO_PROJECT", str(project))
        monkeypatch.setenv("IBASHO_LANG", language)
        app = AppTest.from_file(str(MAIN), default_timeout=60).run()
        return app if view == "start" else app.switch_page(f"views/{view}.py").run()

    return run


def unmarked(markdown: str) -> str:
    """What the reader sees of a sentence in which nothing is Markdown."""
    return re.sub(r"\\(.)", r"\1", markdown)


def words_on(app: AppTest) -> str:
    """Everything that is written on a page."""
    parts = [
        *(unmarked(element.value) for element in app.header),
        *(element.value for element in (*app.title, *app.subheader, *app.error, *app.info)),
        *(str(element.proto.body) for element in app.get("html")),
        *(str(element.label) for element in (*app.selectbox, *app.slider, *app.radio)),
    ]
    return re.sub(r"<span class=ib-(?:one|short)>(.*?)</span>", r"\1", "\n".join(parts))


@pytest.mark.parametrize("language", text.LANGUAGES)
@pytest.mark.parametrize("view", (*VIEWS, *DECIDING))
@pytest.mark.parametrize("town", [None, "streets", "straight", "no ages"])
def test_every_page_is_shown(
    open_app: Callable[..., AppTest],
    towns: dict[str, Path],
    town: str | None,
    view: str,
    language: text.Language,
) -> None:
    app = open_app(towns[town] if town else None, view, language)
    assert not app.exception
    assert not app.error
    assert [title.value for title in app.title] == [text.say(f"{view}.title", language)]
    if town is None:
        assert [info.value for info in app.info] == [text.say("app.no_project", language)]
    else:
        assert text.say("app.not_known", language) in words_on(app)
        method = "straight_line" if town == "straight" else "network"
        assert view == "browse" or text.say(f"method.{method}", language, factor="1.3") in words_on(app)
    if language == "en":
        shown = re.sub(r"<script>.*?</script>|Tiny|tiny|まちの居場所|ふれあいサロン", "", words_on(app))
        assert not re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]+", shown)


@pytest.mark.parametrize("view", VIEWS)
def test_each_control_of_a_page_once(
    open_app: Callable[..., AppTest], towns: dict[str, Path], view: str
) -> None:
    app = open_app(towns["streets"], view)
    touched = 0
    for name, value in CHOICES.items():
        controls = (*app.selectbox, *app.slider, *app.get("button_group"))
        if control := next((one for one in controls if _name(one) == name), None):
            control.set_value(value).run()
            touched += 1
            assert not app.error, name
    assert touched >= 4
    assert not app.exception
    assert [title.value for title in app.title] == [text.say(f"{view}.title", "en")]


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_every_page_shows_a_whole_ward(
    open_app: Callable[..., AppTest], whole_ward: tuple[Project, int], language: text.Language
) -> None:
    ward, people = whole_ward
    app = open_app(ward.path, "start", language)
    assert any(f"{people:,}{unit}" in words_on(app) for unit in ("人", " people"))
    for view in sorted(PAGES, key=lambda view: view == "registry"):
        app.switch_page(f"views/{view}.py").run()
        assert not app.exception
        assert not app.error
        assert [title.value for title in app.title] == [text.say(f"{view}.title", language)]
        assert view == "help" or text.say("app.not_known", language) in words_on(app)


@pytest.mark.parametrize("view", DECIDED)
def test_each_control_of_a_page_that_decides_once(
    open_app: Callable[..., AppTest], towns: dict[str, Path], view: str
) -> None:
    app = open_app(towns["streets"], view)
    for name, value in DECIDED[view].items():
        control = next(one for one in _controls(app) if _name(one) == name)
        control.set_value(value).run()
        assert not app.error, name
        assert not app.exception, name
    assert [title.value for title in app.title] == [text.say(f"{view}.title", "ja")]


def _controls(app: AppTest) -> list[Any]:
    boxes = (app.selectbox, app.multiselect, app.number_input, app.text_input)
    kinds = (*boxes, app.slider, app.select_slider, app.toggle)
    return [one for kind in (*kinds, app.get("button_group")) for one in kind if one.key]


def _name(control: Any) -> str:
    """A control's name, which stays when something else changes its value."""
    return re.sub(r"/\d+$", "", str(control.key))


def test_the_figures_are_the_towns_own(open_app: Callable[..., AppTest], towns: dict[str, Path]) -> None:
    app = open_app(towns["streets"])
    app.selectbox(key="kind_control").set_value("permanent").run()
    words = words_on(app)
    assert "353人" in words
    assert "42.5%" in words  # 150 of 353 people within 500 m
    assert "不明" in words  # the sheets' editions


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "browse"])
def test_a_study_goes_along_to_every_page_and_language(
    open_app: Callable[..., AppTest], towns: dict[str, Path], view: str
) -> None:
    app = open_app(towns["streets"])
    app.slider(key="limit_control").set_value(650).run()
    app.selectbox(key="group_control").set_value("age_65_plus").run()
    app.selectbox(key="zone_control").set_value("branch:P2").run()
    app.switch_page(f"views/{view}.py").run()
    app.get("button_group")[0].set_value("en").run()
    assert app.session_state["study"].limit_m == 650
    assert app.slider(key="limit_control").value == 650
    assert app.selectbox(key="group_control").value == "age_65_plus"
    assert app.selectbox(key="zone_control").value == "branch:P2"
    assert [title.value for title in app.title] == [text.say(f"{view}.title", "en")]
    assert not app.error


def test_each_control_asks_what_it_says(open_app: Callable[..., AppTest], towns: dict[str, Path]) -> None:
    app = open_app(towns["streets"], "coverage")
    app.get("button_group")[1].set_value(800).run()
    assert app.session_state["study"].limit_m == 800
    (slider,) = app.slider
    assert slider.value == 800
    app.selectbox(key="kind_control").set_value("permanent").run()
    assert app.session_state["study"].gap_kind == "permanent"
    app.selectbox(key="division_control").set_value("branch_office").run()
    assert "P1" in words_on(app)
    assert "選択制" not in words_on(app)
    app.selectbox(key="division_control").set_value("middle_school").run()
    assert "S1 = S2（選択制）" in words_on(app)
    assert "どの中学校区にも入らない所に住む人：53人" in words_on(app)
    assert "S1 = S2 × S3" in words_on(app) or "S1 × S3" in words_on(app)
    app.selectbox(key="area_control").set_value("991010010").run()
    assert "Area A：すべての人 100人" in words_on(app)
    assert not app.error


def test_a_link_restores_the_view(open_app: Callable[..., AppTest], towns: dict[str, Path]) -> None:
    app = open_app(towns["streets"], "isolation")
    app.slider(key="limit_control").set_value(650).run()
    app.selectbox(key="kind_control").set_value("permanent").run()
    app.selectbox(key="zone_control").set_value("branch:P2").run()
    app.get("button_group")[0].set_value("en").run()
    link = dict(app.query_params)
    assert link == {"limit": "650", "kind": "permanent", "zone": "branch:P2", "lang": "en"}

    again = AppTest.from_file(str(MAIN), default_timeout=60)
    for name, value in link.items():
        again.query_params[name] = value
    again.run()
    assert [title.value for title in again.title] == [text.say("start.title", "en")]
    assert again.slider(key="limit_control").value == 650
    assert again.selectbox(key="kind_control").value == "permanent"
    assert again.selectbox(key="zone_control").value == "branch:P2"


def test_a_resident_finds_what_is_near_and_open(
    open_app: Callable[..., AppTest], towns: dict[str, Path]
) -> None:
    app = open_app(towns["streets"], "browse")
    assert text.say("browse.choose", "ja") in words_on(app)
    app.selectbox(key="area_control").set_value("991010010").run()
    near = words_on(app)
    assert "歩く時間" in near
    assert "あいています" not in near
    app.get("button_group")[2].set_value("at").run()
    assert not app.error
    assert any(word in words_on(app) for word in ("あいています", "しまっています", "わかりません"))
    app.get("button_group")[1].set_value("15").run()
    assert not app.error


def test_a_link_may_say_anything(open_app: Callable[..., AppTest], towns: dict[str, Path]) -> None:
    open_app(towns["streets"])
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    names = ("limit", "kind", "group", "zone", "division", "area", "gap", "colour", "lang")
    for name in names:
        app.query_params[name] = "<script>"
    app.run()
    for view in VIEWS:
        app.switch_page(f"views/{view}.py").run()
        assert not app.error
        assert not app.exception
    assert app.session_state["study"].limit_m == 500


def test_a_group_without_data_is_named_so_and_hides_nothing(
    open_app: Callable[..., AppTest], towns: dict[str, Path]
) -> None:
    app = open_app(towns["no ages"], "coverage")
    assert "75歳以上（データなし）" in app.selectbox(key="group_control").options
    app.selectbox(key="group_control").set_value("age_75_plus").run()
    assert not app.error
    assert "不明" in words_on(app)


def test_the_list_of_gaps_chooses_one(open_app: Callable[..., AppTest], towns: dict[str, Path]) -> None:
    app = open_app(towns["streets"], "gaps")
    app.selectbox(key="kind_control").set_value("permanent").run()
    listed = app.radio(key="gap_control").options
    assert listed[0].startswith("1位")
    app.radio(key="gap_control").set_value("G001").run()
    assert "class=ib-marked><th scope=row>1</th>" in words_on(app)
    # At a distance that leaves fewer gaps the choice is dropped where its gap is gone.
    app.slider(key="limit_control").set_value(1200).run()
    assert not app.error


def test_the_question_is_kept_only_when_asked(
    open_app: Callable[..., AppTest], build_town: Callable[..., Any], tmp_path: Path
) -> None:
    path = build_town().project(tmp_path / "own").path
    app = open_app(path)
    assert not app.button
    app.slider(key="limit_control").set_value(450).run()
    assert studies.read(path / "study.toml").limit_m == 500
    app.button[0].click().run()
    assert studies.read(path / "study.toml").limit_m == 450
    assert not app.button


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("language", text.LANGUAGES)
def test_every_kind_of_error_is_a_sentence(
    open_app: Callable[..., AppTest],
    towns: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    kind: type[errors.AtlasError],
    language: text.Language,
) -> None:
    def refuse(*_: object) -> None:
        raise kind("no_project", "{folder} is no project. To make one: ibasho new {folder}", folder="a<b>")

    monkeypatch.setattr("geo.project.open_", refuse)
    app = open_app(towns["streets"], "coverage", language)
    assert len(app.error) == 1
    assert "a<b>" in unmarked(app.error[0].value)
    assert bool(re.search(r"[\u3040-\u30ff]", app.error[0].value)) == (language == "ja")
    assert not app.exception


@pytest.mark.parametrize("language", text.LANGUAGES)
@pytest.mark.parametrize("fault", ["no folder", "broken study", "no tables", "broken store"])
def test_what_the_reader_can_mend_is_told_in_words(
    open_app: Callable[..., AppTest],
    build_town: Callable[..., Any],
    tmp_path: Path,
    fault: str,
    language: text.Language,
) -> None:
    path = build_town().project(tmp_path / "own").path
    if fault == "no folder":
        path = tmp_path / "nowhere"
    elif fault == "broken study":
        (path / "study.toml").write_text("limit_m = [", encoding="utf-8")
    elif fault == "no tables":
        none = {schema: schemas.empty(schema) for schema in (schemas.SmallAreas, schemas.Datasets)}
        GeoPackage(path / "store.gpkg").commit(none)
    else:
        (path / "store.gpkg").write_bytes(b"not a store")
    app = open_app(path, "coverage", language)
    assert len(app.error) == 1
    told = unmarked(app.error[0].value)
    assert told != text.say("app.fault", language)
    assert not TRACEBACK.search(told)
    assert bool(re.search(r"[\u3040-\u30ff]", told)) == (language == "ja")


def test_nothing_is_loaded_from_elsewhere_unless_the_machine_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from app import assets

    def foreign() -> list[str]:
        frame = assets.base_map({"wards": "w.json"})
        frame.get_root().render()
        links = [address for _, address in (*frame.default_js, *frame.default_css)]
        assert all(address.startswith("../app.assets.") for address in links)
        script = "".join(str(child.code) for child in frame._children.values() if hasattr(child, "code"))
        return re.findall(r"https?://([^/\"]+)", script)

    monkeypatch.delenv("IBASHO_BASEMAP", raising=False)
    assert foreign() == []
    monkeypatch.setenv("IBASHO_BASEMAP", "gsi")
    assert set(foreign()) == {"cyberjapandata.gsi.go.jp", "maps.gsi.go.jp"}


def test_a_fault_of_the_program_is_a_sentence_too(
    open_app: Callable[..., AppTest],
    build_town: Callable[..., Any],
    tmp_path: Path,
    geometry_folder: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from app import cache  # here: the folder above must be known first

    path = build_town().project(tmp_path / "own", seed=7).path
    project = projects.open_(path)
    version = cache.version(project, project.study)
    geometry_folder.mkdir(exist_ok=True)
    (geometry_folder / f"{version[:24]}-{geometry.FORMAT}-wards.json").mkdir()
    app = open_app(path, "coverage")
    assert [error.value for error in app.error] == [text.say("app.fault", "ja")]
    assert not app.exception
    assert "IsADirectoryError" in caplog.text


def test_of_a_very_long_table_the_first_rows_and_the_marked_one_are_shown() -> None:
    def script() -> None:
        from app import widgets
        from geo.present.tables import Column, Rows

        rows = tuple((f"area {i}", float(i)) for i in range(400))
        widgets.table(Rows("Areas", (Column("Name"), Column("People", "count")), rows, "en"), marked=350)

    shown = "".join(str(one.proto.body) for one in AppTest.from_function(script).run().get("html"))
    assert shown.count("<tr") == 1 + 300 + 1
    assert shown.index("area 299<") < shown.index("ib-marked") < shown.index("area 350<")
    assert "area 300<" not in shown
    assert text.say("table.more", "en", shown=301, n="400") in shown
