"""Decisions: ``decide model-areas``, ``decide sites``, ``decide territories``, ``decide scenarios``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geo import errors
from geo.cli import base
from geo.cli.base import say

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from geo.decide.questions import Plan
    from geo.decisions import Question
    from geo.project import Project

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

File = Annotated[Path | None, typer.Option("--question", help=say("help.question"), metavar="FILE")]
Register = Annotated[bool, typer.Option("--register", help=say("help.register"))]
TOP = 10
"""So many rows of a list are said; the document has them all."""


@app.command("model-areas", help=say("help.model_areas"))
def model_areas(folder: base.Folder, file: File = None, as_json: base.AsJson = False) -> None:
    """Which areas become model areas, and how sure that is."""
    from geo.decide.questions import Committee

    _decide(folder, Committee, file, as_json)


@app.command("sites", help=say("help.sites"))
def sites(
    folder: base.Folder, file: File = None, register: Register = False, as_json: base.AsJson = False
) -> None:
    """Which vacant property or longer opening brings most for the money."""
    from geo.decide.questions import Siting

    _decide(folder, Siting, file, as_json, register=register)


@app.command("territories", help=say("help.territories"))
def territories(folder: base.Folder, file: File = None, as_json: base.AsJson = False) -> None:
    """How coordinators share the ward."""
    from geo.decide.questions import Coordination

    _decide(folder, Coordination, file, as_json)


@app.command("scenarios", help=say("help.scenarios"))
def scenarios(
    folder: base.Folder,
    files: Annotated[list[Path] | None, typer.Argument(help=say("help.plans"), metavar="[FILE]…")] = None,
    keep: Annotated[bool, typer.Option("--keep", help=say("help.keep_plan"))] = False,
    register: Register = False,
    as_json: base.AsJson = False,
) -> None:
    """Plans beside today, from files or from those that the project keeps."""
    from geo import pipeline, project, prospects, summary
    from geo.decide import questions

    target = project.open_(folder)
    plans = {plan.name: plan for plan in map(questions.read_plan, files or [])} or prospects.kept(target)
    if not plans:
        raise errors.DataError(
            "no_plans",
            "{folder} keeps no scenarios. Give TOML files, or build one on the page of scenarios.",
            folder=str(folder),
        )
    prepared = pipeline.prepare(target)
    table, told = prospects.answer(prepared, target.study, list(plans.values()))
    costs = {name: (one.actions, one.cost_yen) for name, one in told.items()}
    lines = _compared(table, costs, target)
    for plan in plans.values() if keep else ():
        lines.append(say("decide.plan_kept", file=prospects.keep(target, plan)))
    for plan in plans.values() if register else ():
        lines.append(_registered(target, plan.name, prospects.entries(plan, crs=prepared.crs)))
    document = {
        "scenarios": [
            {"name": name, "actions": n, "cost_yen": cost, "changes": _changes(plans[name])}
            for name, (n, cost) in costs.items()
        ],
        "numbers": summary.rows(table),
    }
    base.out(document, "\n".join(lines), as_json)


def _changes(plan: Plan) -> list[dict[str, object]]:
    told: list[dict[str, object]] = plan.model_dump(mode="json", exclude_defaults=True)["changes"]
    return told


def _compared(table: pd.DataFrame, costs: dict[str, tuple[int, float]], target: Project) -> list[str]:
    """The whole area, a line a number: today, then each plan."""
    from geo.present import comparison

    rows = comparison.whole(table, costs, study=target.study, language=base.language())
    heads = [column.label for column in rows.columns]
    return [
        rows.caption,
        *(
            f"{row[0]}: "
            + " / ".join(f"{head} {cell}" for head, cell in zip(heads[1:], row[1:], strict=True))
            for row in rows.rows
        ),
    ]


def _registered(target: Project, name: str, places: gpd.GeoDataFrame) -> str:
    from geo import prospects

    prospects.register(target, places, name=name, when=base.now(), who=base.who(None))
    return say("decide.registered", n=len(places))


def _decide(
    folder: Path, kind: type[Question], file: Path | None, as_json: bool, *, register: bool = False
) -> None:
    from geo import decisions, pipeline, project
    from geo.decide import questions
    from geo.present import records

    target = project.open_(folder)
    question, name = questions.read(kind, target.path, file)
    prepared = pipeline.prepare(target)
    record = decisions.decide(target, prepared, question)
    page = decisions.path(target, record["decision"]).with_suffix(".html")
    page.write_text(records.page(record, base.language()), encoding="utf-8")
    lines = [
        *records.lines(record, base.language(), most=TOP),
        say("decide.kept", file=decisions.path(target, record["decision"]), page=page.name),
    ]
    if name == "example":
        lines.insert(0, say("decide.example", file=questions.EXAMPLES[kind]))
    if register:
        lines.append(_registered(target, record["decision"], decisions.entries(prepared, record)))
    base.out(
        {**record, "asked": name, "file": str(decisions.path(target, record["decision"]))},
        "\n".join(lines),
        as_json,
    )


def verify(folder: Path, name: str) -> list[str] | None:
    """What differs when a decision is computed again; None: there is no decision of that name."""
    from geo import decisions, project

    target = project.open_(folder)
    return decisions.verify(target, name) if decisions.path(target, name).is_file() else None
