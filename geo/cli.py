"""``ibasho``: the same steps as the app and the notebooks, from the command line.

Exit codes: 0 done · 1 the input is wrong (a sentence says what, where, and the way out; the project is as it
was) · 2 wrong usage · 3 a fault of the program. ``--json`` prints one document on stdout; words go to stderr.
Heavy modules are imported inside the commands, so that ``ibasho --help`` answers at once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from geo import errors, text

if TYPE_CHECKING:
    from geo.pipeline import Progress
    from geo.present import exports
    from geo.project import Changes, Project
    from geo.sources import Reading, fetch

EXIT_INPUT, EXIT_FAULT = 1, 3
SAMPLE_CODE = "99101"
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


def language() -> text.Language:
    """The reader's language: ``IBASHO_LANG``, Japanese unless it says ``en``."""
    return "en" if os.environ.get("IBASHO_LANG", "ja").lower().startswith("en") else "ja"


def say(key: str, **values: object) -> str:
    """A sentence of the command line."""
    return text.say(f"cli.{key}", language(), **values)


app = typer.Typer(
    name="ibasho",
    help=say("help.ibasho"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Folder = Annotated[Path, typer.Argument(help=say("help.folder"), metavar="DIR")]
AsJson = Annotated[bool, typer.Option("--json", help=say("help.json"))]
Accept = Annotated[bool, typer.Option("--accept", help=say("help.accept"))]
By = Annotated[str | None, typer.Option("--by", help=say("help.by"), metavar="NAME")]
Port = Annotated[int, typer.Option("--port", help=say("help.port"), min=1024, max=65535)]


@app.command("new", help=say("help.new"))
def new(
    folder: Folder,
    municipality: Annotated[
        str, typer.Option("--municipality", help=say("help.municipality"), metavar="CODE")
    ],
    as_json: AsJson = False,
) -> None:
    """Make a project."""
    from geo import project

    made = project.create(folder, municipality=municipality)
    _out(
        {"project": str(made.path), "municipality": made.study.municipality_code},
        say("new.done", folder=made.path, code=made.study.municipality_code),
        as_json,
    )


@app.command("import", help=say("help.import"))
def import_(
    folder: Folder,
    files: Annotated[list[Path], typer.Argument(help=say("help.files"), metavar="FILE...")],
    kind: Annotated[str | None, typer.Option("--as", help=say("help.as"), metavar="KIND")] = None,
    system: Annotated[str | None, typer.Option("--system", help=say("help.system"), metavar="NAME")] = None,
    tier: Annotated[str | None, typer.Option("--tier", help=say("help.tier"), metavar="TIER")] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--map", help=say("help.map"), metavar="FIELD=COLUMN")
    ] = None,
    accept: Accept = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Read files into a project: all of them, or nothing."""
    from geo import project, sources

    if kind is not None and kind not in sources.KINDS:
        raise typer.BadParameter(say("usage.kind", value=kind, known=", ".join(sources.KINDS)))
    if tier is not None and tier not in ("small", "middle", "municipal"):
        raise typer.BadParameter(say("usage.tier", value=tier))
    target = project.open_(folder)
    mapping = _mapping(columns or [])
    readings = project.read(target, files, kind=kind, system=system, tier=tier, mapping=mapping)
    found = project.compare(target, readings)
    refused = bool(found.replaces) and not accept
    documents = [{**_reading_document(r), "changes": _changes_document(found, r)} for r in readings]
    words = "\n".join(f"{_report(one)}\n{_changes_words(one['changes'])}" for one in documents)
    document = {"project": str(folder), "stored": not refused, "imported": documents}
    if refused:
        problem = project.refusal(found)
        sentence = _sentence(problem)
        _out({**document, "error": {"code": problem.code, "message": sentence}}, words, as_json)
        print(text.visible(say("error", sentence=sentence)), file=sys.stderr)  # noqa: T201
        raise typer.Exit(EXIT_INPUT)
    project.keep(target, found, when=_now(), who=_who(by))
    _out(document, words, as_json)


def _mapping(pairs: Sequence[str]) -> dict[str, str]:
    """``FIELD=COLUMN`` as a mapping."""
    split = [pair.partition("=") for pair in pairs]
    wrong = next(
        (pair for pair, parts in zip(pairs, split, strict=True) if not (parts[0] and parts[2])), None
    )
    if wrong is not None:
        raise typer.BadParameter(say("usage.map", value=wrong))
    return {field.strip(): column.strip() for field, _, column in split}


@app.command("fetch", help=say("help.fetch"))
def fetch_(
    folder: Folder,
    datasets: Annotated[
        list[str] | None, typer.Argument(help=say("help.datasets"), metavar="[DATASET...]")
    ] = None,
    only_list: Annotated[bool, typer.Option("--list", help=say("help.list"))] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help=say("help.refresh"))] = False,
    accept: Accept = False,
    as_json: AsJson = False,
) -> None:
    """Fetch official files and read them in."""
    from geo import project
    from geo.sources import fetch

    target = project.open_(folder)
    wanted = fetch.chosen(datasets or ())
    if only_list:
        shown = [_dataset_document(one) for one in (wanted if datasets else fetch.catalogue().dataset)]
        lines = [say("fetch.dataset", **{**one, "mark": "*" if one["default"] else " "}) for one in shown]
        _out({"datasets": shown}, "\n".join([*lines, say("fetch.marks")]), as_json)
        return
    documents, words, waiting = _fetch(target, wanted, refresh, accept=accept)
    if waiting:  # for the border, which has come with the others, or has not
        documents_too, words_too, _ = _fetch(target, waiting, refresh, accept=accept, last=True)
        documents, words = documents + documents_too, words + words_too
    _out({"project": str(folder), "datasets": documents}, "\n".join(words), as_json)
    if any(one["problem"] for one in documents):
        raise typer.Exit(EXIT_INPUT)


@app.command("undo", help=say("help.undo"))
def undo(folder: Folder, by: By = None, as_json: AsJson = False) -> None:
    """Take the last change back."""
    from geo import project

    undone = project.undo(project.open_(folder), when=_now(), who=_who(by))
    change, datasets = int(undone["change"].iloc[0]), sorted(set(undone["dataset_id"]))
    words = say("history.undone", change=change, datasets=", ".join(datasets))
    _out({"project": str(folder), "undone": change, "datasets": datasets}, words, as_json)


@app.command("history", help=say("help.history"))
def history(folder: Folder, as_json: AsJson = False) -> None:
    """Tell who changed what, and when."""
    from geo import project, schemas

    past = project.open_(folder).store.read(schemas.History)
    document = [_row_document(row) for row in past.to_dict("records")]
    _out({"project": str(folder), "history": document}, "\n".join(_history_lines(document)), as_json)


@app.command("duplicates", help=say("help.duplicates"))
def duplicates(
    folder: Folder,
    place: Annotated[str | None, typer.Argument(help=say("help.place"), metavar="[PLACE")] = None,
    other: Annotated[str | None, typer.Argument(help=say("help.other"), metavar="OTHER]")] = None,
    same: Annotated[bool, typer.Option("--same", help=say("help.same"))] = False,
    different: Annotated[bool, typer.Option("--different", help=say("help.different"))] = False,
    forget: Annotated[bool, typer.Option("--forget", help=say("help.forget"))] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """List pairs of places that may be one, or keep what a person decided."""
    from geo import project

    target = project.open_(folder)
    if place is None and not (same or different or forget):
        document = _pairs_document(target)
        _out(document, "\n".join(_pairs_lines(document)), as_json)
        return
    if place is None or other is None or same + different + forget != 1:
        raise typer.BadParameter(say("usage.decision"))
    decision: Any = "same" if same else "different" if different else None
    project.decide(target, place, other, decision, when=_now(), who=_who(by))
    words = say(
        "duplicates.done", place=place, other=other, decision=say(f"duplicates.{decision or 'forgotten'}")
    )
    _out({"project": str(folder), "place": place, "other": other, "decision": decision}, words, as_json)


@app.command("export", help=say("help.export"))
def export(
    folder: Folder,
    form: Annotated[str, typer.Option("--format", help=say("help.format"), metavar="FORMAT")] = "csv",
    to: Annotated[Path | None, typer.Option("--to", help=say("help.to"), metavar="FOLDER")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the registry to files."""
    from geo import project
    from geo.present import exports

    if form not in exports.FORMS:
        raise typer.BadParameter(say("usage.format", value=form, known=", ".join(exports.FORMS)))
    target = project.open_(folder)
    document = _export(target, form, to or target.path / "exports" / form)
    lines = [say("export.file", file=one["file"], n=one["places"]) for one in document["files"]]
    if form in exports.INTERNAL:
        lines.append(say("export.internal"))
    elif document["left_out"]:
        lines.append(say("export.left", n=document["left_out"]))
    _out(document, "\n".join(lines), as_json)


@app.command("check", help=say("help.check"))
def check(folder: Folder, as_json: AsJson = False) -> None:
    """Tell what was read, repaired, refused, and what is not known."""
    from geo import project

    document = _check_document(project.open_(folder))
    lines = [_report(dataset) for dataset in document["datasets"]] or [say("check.empty")]
    if document["missing"]:
        lines.append(say("check.missing", kinds=", ".join(document["missing"])))
    _out(document, "\n".join(lines), as_json)


@app.command("run", help=say("help.run"))
def run(folder: Folder, as_json: AsJson = False) -> None:
    """Analyse a project and keep the run."""
    from geo import project

    target = project.open_(folder)
    document, path = _run(target)
    _out({**document, "folder": str(path)}, _summary(document, path), as_json)


@app.command("verify", help=say("help.verify"))
def verify(
    folder: Folder,
    run_name: Annotated[str, typer.Argument(help=say("help.run_name"), metavar="RUN")],
    as_json: AsJson = False,
) -> None:
    """Compute a run again and compare it, number by number."""
    from geo import pipeline, project

    different = pipeline.verify(project.open_(folder), run_name)
    key = "verify.different" if different else "verify.same"
    words = say(key, run=run_name, tables=", ".join(different))
    _out({"run": run_name, "reproduced": not different, "different": different}, words, as_json)
    if different:
        raise typer.Exit(EXIT_INPUT)


@app.command("app", help=say("help.app"))
def app_(folder: Folder, port: Port = 8501) -> None:
    """Open the app on this machine."""
    from geo import project

    raise typer.Exit(_serve(project.open_(folder).path, port))


@app.command("demo", help=say("help.demo"))
def demo(
    folder: Annotated[Path, typer.Option("--dir", help=say("help.demo_dir"), metavar="DIR")] = Path("demo"),
    no_app: Annotated[bool, typer.Option("--no-app", help=say("help.no_app"))] = False,
    port: Port = 8501,
    as_json: AsJson = False,
) -> None:
    """Build the fictional ward, analyse it, and open the app."""
    target = _demo_project(folder)
    document, path = _run(target)
    _out({**document, "folder": str(path)}, _summary(document, path), as_json)
    if not no_app:
        raise typer.Exit(_serve(folder, port))


def main() -> None:
    """The entry point: every expected error becomes a sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A Japanese Windows console is CP932: what it cannot show must not end the run.
        cast("Any", stream).reconfigure(errors="replace")
    try:
        app()
    except errors.AtlasError as problem:
        sentence = text.tell(problem.code, problem.template, language(), **problem.context)
        if "--json" in sys.argv:
            print(json.dumps({"error": {"code": problem.code, "message": sentence}}, ensure_ascii=False))  # noqa: T201
        print(text.visible(say("error", sentence=sentence)), file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_INPUT)
    except Exception as fault:
        if os.environ.get("IBASHO_DEBUG"):
            raise
        print(text.visible(say("fault", name=type(fault).__name__, what=fault)), file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_FAULT)


def _out(document: dict[str, Any], words: str, as_json: bool) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2) if as_json else text.visible(words))  # noqa: T201


def _run(target: Project) -> tuple[dict[str, Any], Path]:
    from geo import pipeline

    with _progress() as progress:
        kept = pipeline.run(target, progress=progress)
    return kept.assessment.summary, kept.path


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


def _fetch(
    target: Project, datasets: Sequence[fetch.Dataset], refresh: bool, *, accept: bool, last: bool = False
) -> tuple[list[dict[str, Any]], list[str], list[fetch.Dataset]]:
    """Fetch datasets and read in what came: documents, words, and the datasets that wait for the border."""
    from geo import project, schemas
    from geo.sources import fetch

    code, study, settings = target.study.municipality_code, target.study, fetch.settings()
    limit = max(study.limit_m, *study.limits_m)
    border = cast("Any", target.store.read(schemas.Municipalities))
    area = fetch.surroundings(border, municipality_code=code, limit_m=limit)
    items = fetch.plan(code, datasets, settings=settings, area=area)
    with _bytes() as progress:
        done = fetch.fetch(items, settings=settings, folder=target.path, refresh=refresh, progress=progress)
    results = [_read_in(target, file) for file in done.files]
    readings = [reading for _, _, reading in results if reading is not None]
    project.add(target, readings, accept=accept, when=_now(), who=_who(None))
    documents, words = [one for one, _, _ in results], [told for _, told, _ in results]
    waiting = [f.item.dataset for f in done.failures if f.problem.code == "fetch_area" and not last]
    failures = [f for f in done.failures if f.item.dataset not in waiting]
    for failure in failures:
        sentence = _sentence(failure.problem)
        documents.append({"id": failure.item.dataset.id, "file": failure.item.file, "problem": sentence})
        words.append(say("fetch.failed", id=failure.item.dataset.id, sentence=sentence))
    if failures:
        words += [
            say("fetch.by_hand"),
            *(f"  {fetch.by_hand(f.item, folder=target.path)}" for f in failures),
        ]
    return documents, words, waiting


def _read_in(target: Project, file: fetch.File) -> tuple[dict[str, Any], str, Reading | None]:
    """A fetched file as understood; a file that cannot be read stays where it is, and the others are read."""
    from geo import project
    from geo.sources import fetch

    name, kind = file.dataset.id, file.dataset.kind
    document: dict[str, Any] = {"id": name, "file": file.path.name, "path": str(file.path), "url": file.url}
    document |= {"sha256": file.sha256, "from_cache": file.from_cache, "imported": None, "problem": None}
    size = f"{file.bytes / 1_000_000:.1f}"
    head = say(
        "fetch.cached" if file.from_cache else "fetch.got",
        id=name,
        file=file.path.name,
        size=size,
        digest=file.sha256[:12],
    )
    if kind is None:
        return document, f"{head}\n{say('fetch.lies', id=name, path=file.path)}", None
    try:
        found = project.read(target, [file.path], kind=kind)[0]
    except errors.AtlasError as problem:
        sentence = _sentence(problem)
        words = say("fetch.unread", id=name, path=file.path, sentence=sentence)
        return {**document, "problem": sentence}, f"{head}\n{words}", None
    reading = fetch.described(found, file.dataset)
    imported = _reading_document(reading)
    return {**document, "imported": imported}, f"{head}\n{_report(imported)}", reading


def _export(target: Project, form: exports.Form, folder: Path) -> dict[str, Any]:
    from geo import project, registry, schemas
    from geo.present import exports

    store, code = target.store, target.study.municipality_code
    records = store.read(schemas.Places)
    border = store.read(schemas.Municipalities)
    name = border.loc[border["municipality_code"] == code, "qualified_name"]
    made = exports.files(
        records,
        registry.duplicates(records, store.read(schemas.Duplicates)),
        form=form,
        code=project.with_check_digit(code),
        municipality=str(name.iloc[0]) if len(name) else "",
    )
    if not made:
        raise errors.DataError(
            "export_nothing",
            "{folder} has no places to write as {format}. Import a list first, or see with ibasho check what is open.",
            folder=str(target.path),
            format=form,
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in made:
            (folder / file.name).write_bytes(file.content)
    except OSError as problem:
        raise errors.StoreError(
            "export_unwritable",
            "{folder} cannot be written to ({problem}). Choose another one with --to.",
            folder=str(folder),
            problem=str(problem),
        ) from None
    written = [{"file": str(folder / file.name), "places": file.places} for file in made]
    left = len(records) - sum(file.places for file in made)
    return {"project": str(target.path), "format": form, "files": written, "left_out": left}


MOST_SHOWN = 20
"""Changes that are listed for people; machines get all of them."""


def _now() -> str:
    """The one clock of the program, for the history: no number depends on it."""
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="seconds")


def _who(told: str | None) -> str | None:
    import getpass

    try:
        return told or getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return None


def _changes_document(found: Changes, reading: Reading) -> dict[str, Any]:
    """What an import changes in one dataset: rows added, changed field by field, and gone."""
    told = found.of(reading.dataset_id)
    rows = [_row_document(row) for row in told.to_dict("records")]
    return {
        "first": reading.dataset_id in found.first,
        "added": [row["row_key"] for row in rows if row["action"] == "added"],
        "changed": [
            {"row_key": r["row_key"], "field": r["field"], "before": r["before"], "after": r["after"]}
            for r in rows
            if r["action"] == "changed"
        ],
        "gone": [{"row_key": r["row_key"], "before": r["before"]} for r in rows if r["action"] == "gone"],
    }


def _row_document(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the history as JSON has it."""
    coded = ("row_key", "before", "after")
    plain = {name: None if value != value else value for name, value in row.items()}
    return {name: _decoded(value) if name in coded and value else value for name, value in plain.items()}


def _decoded(value: str) -> Any:
    return json.loads(value)


def _changes_words(document: dict[str, Any]) -> str:
    if document["first"]:
        return say("changes.first")
    added, changed, gone = (document[name] for name in ("added", "changed", "gone"))
    if not (added or changed or gone):
        return say("changes.none")
    rows = len({json.dumps(one["row_key"]) for one in changed})
    lines = [say("changes.added", row=_short(key)) for key in added]
    lines += [
        say(
            "changes.changed",
            row=_short(one["row_key"]),
            field=one["field"],
            before=_short(one["before"]),
            after=_short(one["after"]),
        )
        for one in changed
    ]
    lines += [
        say("changes.gone", row=_short(one["row_key"]), before=_short(one["before"].get("name")))
        for one in gone
    ]
    more = [say("changes.more", n=len(lines) - MOST_SHOWN)] if len(lines) > MOST_SHOWN else []
    head = say("changes.counts", added=len(added), changed=rows, gone=len(gone))
    return "\n".join([head, *lines[:MOST_SHOWN], *more])


def _short(value: Any) -> str:
    """A value of a change in a line: a key without brackets, a shape by its middle."""
    if value is None:
        return say("history.unknown")
    if isinstance(value, dict) and "wkb" in value:
        import shapely

        middle = shapely.from_wkb(value["wkb"]).representative_point()
        return f"({middle.x:.6f}, {middle.y:.6f})"
    words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return words if len(words) <= 60 else f"{words[:59]}…"


def _history_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """One line a change set, dataset and action."""
    if not rows:
        return [say("history.empty")]
    counts: dict[tuple[int, str, str, str, str], int] = {}
    nobody = say("history.unknown")
    for row in rows:
        at, by = row["changed_at"] or nobody, row["changed_by"] or nobody
        name = row["dataset_id"] if row["action"] != "undone" else str(row["row_key"])
        one = (row["change"], at, by, row["action"], name)
        counts[one] = counts.get(one, 0) + (row["table"] not in ("Datasets", "Notes"))
    return [
        say("history.undo", change=change, at=at, by=by, undone=name)
        if action == "undone"
        else say(
            "history.first" if action == "imported" else "history.set",
            change=change,
            at=at,
            by=by,
            dataset=name,
            action=say(f"action.{action}"),
            n=n,
        )
        for (change, at, by, action, name), n in counts.items()
        if n or action == "undone"
    ]


def _pairs_document(target: Project) -> dict[str, Any]:
    from geo import registry, schemas, summary

    places = target.store.read(schemas.Places)
    pairs = registry.duplicates(places, target.store.read(schemas.Duplicates))
    known = places.set_index("place_id")
    waiting = []
    for row in pairs[pairs["verdict"] == "undecidable"].to_dict("records"):
        names = {
            f"{side}{field}": summary.text(known.at[row[f"{side or 'place_'}id"], field])
            for side in ("", "other_")
            for field in ("name", "address")
        }
        waiting.append(
            {**{k: row[k] for k in ("place_id", "other_id", "score", "distance_m", "why")}, **names}
        )
    counts = pairs["verdict"].value_counts()
    decided = pairs[pairs["decision"].notna()][["place_id", "other_id", "decision"]].to_dict("records")
    return {
        "project": str(target.path),
        "same": int(counts.get("same", 0)),
        "decided": decided,
        "undecided": waiting,
    }


def _pairs_lines(document: dict[str, Any]) -> list[str]:
    waiting = document["undecided"]
    if not waiting:
        return [say("duplicates.none", same=document["same"])]
    unknown = say("unknown")
    lines = [
        say(
            "duplicates.pair",
            place=pair["place_id"],
            name=pair["name"],
            address=pair["address"] or unknown,
            other=pair["other_id"],
            other_name=pair["other_name"],
            other_address=pair["other_address"] or unknown,
            score=pair["score"],
            distance=pair["distance_m"],
            why=say(f"why.{pair['why']}"),
        )
        for pair in waiting
    ]
    return [*lines, say("duplicates.count", n=len(waiting), same=document["same"])]


def _dataset_document(dataset: fetch.Dataset) -> dict[str, Any]:
    from geo.sources import fetch

    spoken, terms = language(), fetch.catalogue().licence[dataset.licence]
    return {
        "id": dataset.id,
        "kind": dataset.kind,
        "title": getattr(dataset.title, spoken),
        "publisher": getattr(fetch.catalogue().publisher[dataset.publisher], spoken),
        "licence": getattr(terms, spoken),
        "licence_url": terms.url,
        "edition": dataset.edition,
        "page": dataset.page,
        "size": f"{dataset.size_mb:g}",
        "needed_for": getattr(dataset.needed_for, spoken),
        "default": dataset.default,
    }


def _sentence(problem: errors.AtlasError) -> str:
    return text.tell(problem.code, problem.template, language(), **problem.context)


@contextmanager
def _bytes() -> Iterator[fetch.Progress | None]:
    """Downloads on stderr: a bar for each file in a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (BarColumn(), DownloadColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as bar:
        tasks: dict[str, Any] = {}

        def tell(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield tell


def _demo_project(folder: Path) -> Project:
    from geo import project

    sample = Path(__file__).resolve().parents[1] / "data" / "sample"
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
    project.add(target, readings, accept=True, when=_now(), who=_who(None))
    return target


def _serve(folder: Path, port: int) -> int:
    """Run the app as a process of its own; the app knows the project by its environment."""
    found = find_spec("app.main")
    if found is None or found.origin is None:
        raise errors.SourceError("no_app", "The app is not installed. Install ibasho-atlas again.")
    # The library must not import the app, so it is started by its file.
    command = [sys.executable, "-m", "streamlit", "run", found.origin, "--server.port", str(port)]
    print(say("app.open", url=f"http://localhost:{port}"), file=sys.stderr)  # noqa: T201
    environment = {**os.environ, "IBASHO_PROJECT": str(folder.resolve())}
    try:
        return subprocess.run(
            command, env=environment, cwd=Path(found.origin).parents[1], check=False
        ).returncode
    except KeyboardInterrupt:
        return 0


def _reading_document(reading: Reading) -> dict[str, Any]:
    notes = [
        {
            "level": n.level,
            "code": n.code,
            "row": n.row,
            "text": text.tell(n.code, n.template, language(), **n.values),
        }
        for n in reading.notes
    ]
    return {**reading.dataset(), "notes": notes}


def _check_document(target: Project) -> dict[str, Any]:
    from geo import schemas, summary

    store = target.store
    notes = store.read(schemas.Notes)
    datasets = []
    for row in store.read(schemas.Datasets).to_dict("records"):
        own = notes[notes["dataset_id"] == row["dataset_id"]]
        told = [_note_document(note) for note in own.to_dict("records")]
        known = {
            name: value if isinstance(value, int) else summary.text(value) for name, value in row.items()
        }
        datasets.append({**known, "notes": told})
    there = {dataset["kind"] for dataset in datasets}
    missing = [
        kind for kind in ("small-areas", "places", "streets", "census-table", "zones") if kind not in there
    ]
    return {
        "project": str(target.path),
        "municipality": target.study.municipality_code,
        "datasets": datasets,
        "missing": missing,
    }


def _note_document(note: dict[str, Any]) -> dict[str, Any]:
    from geo import summary

    sentence = text.tell(note["code"], note["template"], language(), **json.loads(note["values"]))
    row = summary.number(note["row"], 0)
    return {"level": note["level"], "code": note["code"], "row": row, "text": sentence}


def _report(dataset: dict[str, Any]) -> str:
    """One dataset as people read it."""
    unknown = say("unknown")
    head = say(
        "dataset",
        id=dataset["dataset_id"],
        kind=dataset["kind"],
        file=dataset["file"],
        rows=dataset["rows"],
        kept=dataset["kept"],
        edition=dataset["edition"] or unknown,
        licence=dataset["licence"] or unknown,
        encoding=dataset["encoding"] or unknown,
        crs=dataset["crs"] or unknown,
    )
    return "\n".join([head, *(_note_line(note) for note in dataset["notes"])])


def _note_line(note: dict[str, Any]) -> str:
    where = say("row", row=note["row"]) if note["row"] is not None else ""
    where = "" if where in note["text"] else where  # Most sentences name their row themselves.
    return f"  - {say('level.' + note['level'])}{where}: {note['text']}"


def _summary(document: dict[str, Any], path: Path) -> str:
    """The run as people read it: the few numbers that matter, then what is not known."""
    people, unknown = document["population"], say("unknown")
    lines = [
        say(
            "run.people",
            all=_people(people["all"]),
            older=_people(people.get("age_65_plus")),
            code=document["municipality"],
        ),
        say(f"run.{document['access']['method']}", factor=document["access"]["detour_factor"]),
    ]
    for kind in ("any", "permanent"):
        shares = [
            f"{row['limit_m']} m {unknown if row['covered_share'] is None else format(row['covered_share'], '.1%')}"
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
    if document["known"]:
        lines.append(say("run.known"))
    for remark in document["known"]:
        told = text.tell(remark["code"], remark["template"], language(), **remark["values"])
        lines.append(f"  - {say('state.' + remark['state'])}: {told}")
    return "\n".join([*lines, say("run.folder", folder=path)])


def _people(value: float | None) -> str:
    return say("unknown") if value is None else say("people", n=_amount(value))


def _amount(value: float | None) -> str:
    return say("unknown") if value is None else f"{value:,.0f}"
