"""Decisions: ``decide model-areas``, ``decide sites``, ``decide territories``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geo.cli import base
from geo.cli.base import say

if TYPE_CHECKING:
    from geo.decisions import Question

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

File = Annotated[Path | None, typer.Option("--question", help=say("help.question"), metavar="FILE")]
TOP = 10
"""So many rows of a list are said; the document has them all."""


@app.command("model-areas", help=say("help.model_areas"))
def model_areas(folder: base.Folder, file: File = None, as_json: base.AsJson = False) -> None:
    """Which areas become model areas, and how sure that is."""
    from geo.decide.questions import Committee

    _decide(folder, Committee, file, as_json)


@app.command("sites", help=say("help.sites"))
def sites(folder: base.Folder, file: File = None, as_json: base.AsJson = False) -> None:
    """Which vacant property or longer opening brings most for the money."""
    from geo.decide.questions import Siting

    _decide(folder, Siting, file, as_json)


@app.command("territories", help=say("help.territories"))
def territories(folder: base.Folder, file: File = None, as_json: base.AsJson = False) -> None:
    """How coordinators share the ward."""
    from geo.decide.questions import Coordination

    _decide(folder, Coordination, file, as_json)


def _decide(folder: Path, kind: type[Question], file: Path | None, as_json: bool) -> None:
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
