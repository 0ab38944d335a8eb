"""The analysis: ``run``, ``verify``, ``app``, ``demo``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from geo import errors, text
from geo.cli import base
from geo.cli.base import say

if TYPE_CHECKING:
    from geo.pipeline import Progress
    from geo.project import Project
    from geo.sources import Reading

SAMPLE_CODE = "99101"

SPARING = {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""A server gives back what it no longer needs; a third less memory than with the usual pools of its libraries."""

SAMPLE_FILES: tuple[tuple[str, dict[str, str]], ...] = (
    ("N03-20250101_99.geojson", {}),
    ("A32-23_99.shp", {}),
    ("A27-23_99.geojson", {}),
    ("branch_offices.geojson", {"kind": "zones", "system": "branch_office", "tier": "middle"}),
    ("r2ka99101.shp", {}),
    ("tblT001082C99.csv", {}),
    ("tblT001084C99.csv", {}),
    ("streets.osm.pbf", {}),
    ("ibasho_salon.csv", {}),
    ("kodomo_shokudo.csv", {}),
    ("vacant.csv", {}),
)


def run(
    folder: base.Folder,
    as_json: base.AsJson = False,
    start: Annotated[str | None, typer.Option("--from", help=say("help.from"), metavar="DATE")] = None,
    moment: Annotated[str | None, typer.Option("--at", help=say("help.at"), metavar="DATE-TIME")] = None,
) -> None:
    """Analyse a project and keep the run."""
    from geo import project

    target = project.open_(folder)
    asked = {key: value for key, value in (("period_start", start), ("open_at", moment)) if value}
    if asked:  # For this run only: the project keeps its own study.
        target = project.Project(target.path, target.study.with_(**asked))
    document, path = _run(target)
    base.out({**document, "folder": str(path)}, _summary(document, path), as_json)


def verify(
    folder: base.Folder,
    run_name: Annotated[str, typer.Argument(help=say("help.run_name"), metavar="RUN")],
    as_json: base.AsJson = False,
) -> None:
    """Compute a run again and compare it, number by number."""
    from geo import pipeline, project
    from geo.cli import decide

    different = decide.verify(folder, run_name)
    if different is None:
        different = pipeline.verify(project.open_(folder), run_name)
    key = "verify.different" if different else "verify.same"
    words = say(key, run=run_name, tables=", ".join(different))
    base.out({"run": run_name, "reproduced": not different, "different": different}, words, as_json)
    if different:
        raise typer.Exit(base.EXIT_INPUT)


def app(folder: base.Folder, port: base.Port = 8501) -> None:
    """Open the app on this machine."""
    from geo import project

    raise typer.Exit(_serve(project.open_(folder).path, port))


def demo(
    folder: Annotated[Path, typer.Option("--dir", help=say("help.demo_dir"), metavar="DIR")] = Path("demo"),
    no_app: Annotated[bool, typer.Option("--no-app", help=say("help.no_app"))] = False,
    port: base.Port = 8501,
    as_json: base.AsJson = False,
) -> None:
    """Build the fictional ward, analyse it, and open the app."""
    target = _demo_project(folder)
    document, path = _run(target)
    base.out({**document, "folder": str(path)}, _summary(document, path), as_json)
    if not no_app:
        raise typer.Exit(_serve(folder, port))


def _run(target: Project) -> tuple[dict[str, Any], Path]:
    from geo import pipeline

    with _progress() as progress:
        kept = pipeline.run(target, progress=progress)
    return dict(kept.assessment.summary), kept.path


@contextmanager
def _progress() -> Iterator[Progress]:
    """Stages on stderr: a bar in a terminal, a line each elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda stage, done, total: console.print(
            f"[{done}/{total}] {say(f'stage.{stage}')}", markup=False
        )
        return
    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=None)
        yield lambda stage, done, total: bar.update(
            task, description=say(f"stage.{stage}"), completed=done, total=total
        )


def _demo_project(folder: Path) -> Project:
    from geo import project

    sample = Path(__file__).resolve().parents[2] / "data" / "sample"
    if not sample.is_dir():
        raise errors.SourceError(
            "no_sample",
            "The sample ward is not there ({folder}). Run the demo from a clone.",
            folder=str(sample),
        )
    if (folder / "study.toml").is_file():
        target = project.open_(folder)
    else:
        target = project.create(folder, municipality=SAMPLE_CODE)
    readings: list[Reading] = []
    for name, options in SAMPLE_FILES:
        readings += project.read(target, [sample / name], before=readings, **cast("Any", options))
    # The sample is ours: a newer one may replace an older one.
    project.add(target, readings, accept=True, when=base.now(), who=base.who(None))
    return target


def _serve(folder: Path, port: int) -> int:
    """Run the app in this process's place; the app knows the project by its environment."""
    found = find_spec("app.main")
    if found is None or found.origin is None:
        raise errors.SourceError("no_app", "The app is not installed. Install ibasho-atlas again.")
    # The library must not import the app, so it is started by its file.
    command = [sys.executable, "-m", "streamlit", "run", found.origin, "--server.port", str(port)]
    print(say("app.open", url=f"http://localhost:{port}"), file=sys.stderr, flush=True)  # noqa: T201
    environment = {**SPARING, **os.environ, "IBASHO_PROJECT": str(folder.resolve())}
    home = Path(found.origin).parents[1]
    if os.name == "posix":
        # Whoever ends this command ends the server.
        os.chdir(home)
        os.execve(sys.executable, command, environment)  # noqa: S606
    try:
        return subprocess.run(command, env=environment, cwd=home, check=False).returncode
    except KeyboardInterrupt:
        return 0


def _summary(document: dict[str, Any], path: Path) -> str:
    """The run as people read it: the few numbers that matter, then what is not known."""
    from geo.present import words

    lines = [
        _people_line(document),
        say(f"run.{document['access']['method']}", factor=document["access"]["detour_factor"]),
    ]
    places = document["places"]
    if places["outside"]:
        reached, limit = places["outside_reached"], places["limit_m"]
        where = {"outside": places["outside"], "reached": reached, "limit": limit}
        lines.append(say("run.places", open=places["open"], **where))
    for kind in ("any", "permanent"):
        shares = [
            f"{row['limit_m']} m "
            + words.bounded(row["covered_share"], row["covered_share_max"], row["state"], base.language())
            for row in document["coverage"]
            if row["group"] == "all" and row["kind"] == kind
        ]
        lines.append(say(f"run.covered_{kind}", shares=" · ".join(shares)))
    gaps, need = document["gaps"], document["isolation"]
    lines.append(say("run.gaps", count=gaps["count"], people=_amount(gaps["people"]), limit=gaps["limit_m"]))
    lines.append(
        say(
            "run.isolation",
            high=need["high_risk_areas"],
            areas=need["areas"],
            unknown=need["not_enough_data"],
        )
    )
    lines += _beside(document)
    if document["known"]:
        lines.append(say("run.known"))
    for remark in document["known"]:
        told = text.tell(remark["code"], remark["template"], base.language(), **remark["values"])
        lines.append(f"  - {say('state.' + remark['state'])}: {told}")
    return "\n".join([*lines, say("run.folder", folder=path)])


def _beside(document: dict[str, Any]) -> list[str]:
    """Facts that no result is made of: people of years to come, and vacant dwellings of the latest survey."""
    lines = []
    if future := document["future_population"]:
        first, last = future["years"][0], future["years"][-1]
        told = {"edition": future["edition"] or say("unknown"), "first": first["year"], "last": last["year"]}
        lines.append(
            say("run.future", **told, before=_people(first["people"]), after=_people(last["people"]))
        )
    if document["housing"]:
        survey = document["housing"][-1]
        share = survey["vacant_share"]
        lines.append(
            say(
                "run.housing",
                edition=survey["edition"] or say("unknown"),
                vacant=_amount(survey["vacant"]),
                dwellings=_amount(survey["dwellings"]),
                share=say("unknown") if share is None else f"{share:.1%}",
            )
        )
    return lines


def _people_line(document: dict[str, Any]) -> str:
    """People and the older among them; said apart where another edition counts the older ones."""
    people = document["population"]
    older, counted = people.get("age_65_plus"), people["of"].get("age_65_plus")
    told = {"code": document["municipality"], "all": _people(people["all"]), "older": _people(older)}
    if older is None or counted == people["all"]:
        return say("run.people", **told)
    return say("run.people_apart", **told, counted=_people(counted))


def _people(value: float | None) -> str:
    return say("unknown") if value is None else say("people", n=_amount(value))


def _amount(value: float | None) -> str:
    return say("unknown") if value is None else f"{value:,.0f}"
