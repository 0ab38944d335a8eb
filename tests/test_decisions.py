"""Decisions on a project: asked from the command line, kept as records, computed again."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from geo import cli, decisions, errors, pipeline, schemas, text
from geo.decide import questions
from geo.decide.questions import Committee, Coordination, Siting
from geo.present import records
from geo.project import Project

if TYPE_CHECKING:
    from conftest import Town

COMMITTEE = """
system = "branch_office"
choose = 1
alike = ["people", "covered_share"]
[[criteria]]
criterion = "left_out"
[[criteria]]
criterion = "risk"
[[criteria]]
criterion = "places"
[[members]]
member = "A"
role = "council"
weights = { left_out = 8, risk = 1, places = 1 }
[[members]]
member = "B"
role = "residents"
ranking = ["risk", "left_out", "places"]
[[members]]
member = "C"
role = "volunteers"
pairs = [["places", "risk", 2.0], ["places", "left_out", 3.0], ["risk", "left_out", 2.0]]
"""
SITES = """
limit_m = 300
budget_yen = 12_000_000
years = 1
[[wanted]]
kind = "any"
[[wanted]]
kind = "permanent"
[gate]
must = ["size"]
[actions.open]
once_yen = 2_000_000
[actions.permanent]
once_yen = 500_000
[actions.more_days]
[actions.widen]
once_yen = 100_000
[actions.enlarge]
[rates]
candidate = 0.5
consented = 0.5
surveyed = 0.5
renovated = 1.0
"""
TERRITORIES = """
group = "all"
numbers = [1, 2]
present = "branch_office"
"""

Ask = Callable[[type[Any]], decisions.Document]


@pytest.fixture(scope="module")
def made(build_town: Callable[..., Town], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The town and three questions, made once: no test here changes the store."""
    made = build_town().project(tmp_path_factory.mktemp("made") / "town")
    for name, content in (("committee", COMMITTEE), ("sites", SITES), ("territories", TERRITORIES)):
        (made.path / f"{name}.toml").write_text(content, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def prepared(made: Project) -> pipeline.Prepared:
    return pipeline.prepare(made)


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy whose questions a test may change."""
    shutil.copytree(made.path, tmp_path / "town")
    return Project(tmp_path / "town", made.study)


@pytest.fixture
def ask(project: Project, prepared: pipeline.Prepared) -> Callable[[type[Any]], decisions.Document]:
    """Answers the question that stands in the project, and keeps the record."""

    def answer(kind: type[Any]) -> decisions.Document:
        question, _ = questions.read(kind, project.path)
        return decisions.decide(project, prepared, question)

    return answer


def test_the_committee_of_the_tiny_town(project: Project, ask: Ask) -> None:
    """Nobody is left out at 500 m and each area has a place: the risk alone decides, higher in the west."""
    result = ask(Committee)["result"]
    assert result["chosen"] == ["branch:P1"]
    scores = {(row["area_id"], row["criterion"]): row["value"] for row in result["scores"]}
    assert scores["branch:P1", "left_out"] == scores["branch:P2", "left_out"] == 0
    assert scores["branch:P1", "risk"] > scores["branch:P2", "risk"]
    assert {row["member"]: row["role"] for row in result["members"]} == {
        "A": "council",
        "B": "residents",
        "C": "volunteers",
    }
    assert result["consistency"]["C"]["consistent"] is True
    votes = {(row["member"], row["criterion"]): row["weight"] for row in result["votes"]}
    assert votes["A", "left_out"] == 0.8
    assert votes["B", "risk"] == pytest.approx(11 / 18, abs=1e-6)
    assert sum(row["share"] for row in result["acceptability"] if row["rank"] == 1) == pytest.approx(1)
    assert result["comparison"] == []  # the one other area touches: people would walk over


def test_types_follow_from_dwellings_and_vacant_shops(
    build_town: Callable[..., Town], tmp_path: Path
) -> None:
    """Area A, which is P1, has 50 dwellings of which 40 are flats; of B and C no table tells."""
    town = build_town()
    known = town.tables[schemas.Statistics]
    counts = [("dwellings", 50.0), ("dwellings_apartment", 40.0)]
    area = str(town.small_areas["small_area_id"].iloc[0])
    more = [
        {**known.iloc[0].to_dict(), "small_area_id": area, "variable": name, "value": n, "status": "known"}
        for name, n in counts
    ]
    town.tables[schemas.Statistics] = schemas.conform(
        schemas.Statistics, pd.concat([known, pd.DataFrame(more)], ignore_index=True)
    )
    made = town.project(tmp_path / "typed")
    prepared = pipeline.prepare(made)
    assessment = pipeline.assess(prepared, made.study)
    facts = decisions.area_facts(prepared, assessment, system="branch_office", group="all")
    assert facts.set_index("area_id")["apartment_share"].to_dict()["branch:P1"] == 0.8

    def asked(**fields: Any) -> Committee:
        return questions.make(Committee, {**tomllib.loads(COMMITTEE), **fields})

    told = decisions.area_types(facts, asked())
    assert told.to_dict() == {"branch:P1": "apartment", "branch:P2": "unknown"}
    stricter = decisions.area_types(facts, asked(apartments_from=0.9))
    assert stricter["branch:P1"] == "unknown"  # no list tells of shops
    with pytest.raises(errors.InfeasibleError, match="of the type shopping"):
        decisions.model_area_answer(prepared, assessment, asked(types_least={"shopping": 1}))


def test_the_sites_of_the_tiny_town(project: Project, ask: Ask) -> None:
    """v10 to v12 at x = 600 reach n03 to n09: 300 m more than anything that exists."""
    record = ask(Siting)
    result = record["result"]
    assert result["status"] == "optimal"
    assert result["objective"] == pytest.approx(result["bound"])
    assert result["cost_yen"] <= 12_000_000
    assert [row["step"] for row in result["plan"]] == list(range(1, len(result["plan"]) + 1))
    gains = [row["gain"] for row in result["plan"]]
    assert gains == sorted(gains, reverse=True)
    served = [row["served"] for row in result["frontier"]]
    assert served == sorted(served)
    assert {row["option_id"] for row in result["alternatives"]} == set(result["chosen"])
    assert result["gate"] == {**result["gate"], "properties": 13, "passing": 13}
    assert "geometry" not in json.dumps(record)


def test_in_public_nothing_without_consent_is_proposed(project: Project, ask: Ask) -> None:
    """All vacant houses of the tiny town are but asked for."""
    (project.path / "sites.toml").write_text('role = "public"\n' + SITES, encoding="utf-8")
    result = ask(Siting)["result"]
    assert result["options"]["open"] == 0
    assert not [name for name in result["chosen"] if name.startswith("open:")]
    (project.path / "sites.toml").write_text(
        'required = ["open:v00"]\nrole = "public"\n' + SITES, encoding="utf-8"
    )
    with pytest.raises(errors.DataError, match="open:v00"):
        ask(Siting)


def test_a_plan_that_cannot_be_is_explained(project: Project, ask: Ask) -> None:
    (project.path / "sites.toml").write_text(
        'required = ["open:v00"]\n' + SITES.replace("12_000_000", "1_000_000"), encoding="utf-8"
    )
    record = ask(Siting)
    assert (record["result"]["status"], record["result"]["why"]["code"]) == (
        "infeasible",
        "infeasible_budget",
    )
    assert "1,000,000" in " ".join(records.lines(record, "en", most=5))


def test_the_territories_of_the_tiny_town(project: Project, ask: Ask) -> None:
    """100, 200 and 50 people in a row: alone 350, two at best 100 and 250."""
    result = ask(Coordination)["result"]
    assert [one["largest"] for one in result["proposed"]] == [350, 250]
    assert [row["load"] for row in result["present"]] == [100, 250]


@pytest.mark.parametrize("kind", [Committee, Siting, Coordination])
def test_a_record_is_computed_again_and_a_change_in_it_is_seen(
    project: Project, ask: Ask, kind: type[Any]
) -> None:
    record = ask(kind)
    assert decisions.verify(project, record["decision"]) == []
    assert ask(kind) == record
    file = decisions.path(project, record["decision"])
    part = next(name for name in ("chosen", "group") if name in record["result"])
    file.write_text(json.dumps({**record, "result": {**record["result"], part: "other"}}), encoding="utf-8")
    assert decisions.verify(project, record["decision"]) == ["record"]
    with pytest.raises(errors.StoreError, match="no decision"):
        decisions.verify(project, "../study")


def test_a_record_prints_without_any_other_file_and_escapes_what_it_is_told(
    project: Project, ask: Ask
) -> None:
    text_of = COMMITTEE.replace('role = "council"', 'role = "<script>alert(1)</script>"')
    (project.path / "committee.toml").write_text(text_of, encoding="utf-8")
    record = ask(Committee)
    for language in text.LANGUAGES:
        page = records.page(record, language)
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert "http" not in page
        assert record["decision"] in page
        assert all(row["sha256"] in page for row in record["inputs"])


@pytest.mark.parametrize("command", ["model-areas", "sites", "territories"])
def test_the_commands_keep_a_record_and_verify_finds_it(project: Project, command: str) -> None:
    done = CliRunner().invoke(cli.app, ["decide", command, str(project.path), "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert Path(document["file"]).is_file()
    assert Path(document["file"]).with_suffix(".html").is_file()
    words = CliRunner().invoke(cli.app, ["decide", command, str(project.path)])
    assert words.exit_code == 0
    assert document["decision"] in words.stdout
    again = CliRunner().invoke(cli.app, ["verify", str(project.path), document["decision"], "--json"])
    assert json.loads(again.stdout)["reproduced"] is True


def test_chosen_sites_become_entries_without_typing_again(project: Project) -> None:
    """v10 stands at x = 600: an entry there, consulted about, counted in no coverage and shown to nobody."""
    (project.path / "sites.toml").write_text('required = ["open:v10"]\n' + SITES, encoding="utf-8")
    done = CliRunner().invoke(cli.app, ["decide", "sites", str(project.path), "--register"])
    assert done.exit_code == 0, done.output
    entry = project.store.read(schemas.Places).set_index("place_id").loc["planned:v10"]
    told = ["status", "stage", "open_days_per_week", "do_not_publish"]
    assert entry[told].tolist() == ["planned", "consulting", 5, True]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('system = "none"\n' + COMMITTEE.split("\n", 2)[2], "areas_none"),
        (COMMITTEE.replace('"places"\n[[members]]', '"colour"\n[[members]]'), "criteria_strange"),
        (COMMITTEE.replace("ranking =", "other ="), "question_invalid"),
        (
            COMMITTEE.replace('ranking = ["risk"', 'weights = { risk = 1 }\nranking = ["risk"'),
            "member_weights",
        ),
        ("choose = [", "question_unreadable"),
    ],
)
def test_a_question_that_cannot_be_asked_is_a_sentence(
    project: Project, ask: Ask, content: str, code: str
) -> None:
    (project.path / "committee.toml").write_text(content, encoding="utf-8")
    with pytest.raises(errors.AtlasError) as problem:
        ask(Committee)
    assert problem.value.code == code


def test_the_examples_can_be_asked(tmp_path: Path) -> None:
    for kind in (Committee, Siting, Coordination):
        question, name = questions.read(kind, tmp_path)
        assert name == "example"
        assert questions.make(kind, question.model_dump(mode="json")) == question
    committee, _ = questions.read(Committee, tmp_path)
    siting, _ = questions.read(Siting, tmp_path)
    assert len(committee.members) == 3
    assert siting.budget_yen == 12_000_000
    assert len(siting.actions) == 5
