"""Official files by themselves: ``fetch``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from geo import errors
from geo.cli import base, files
from geo.cli.base import say

if TYPE_CHECKING:
    from geo.project import Project
    from geo.sources import Reading, fetch


def fetch_(
    folder: base.Folder,
    datasets: Annotated[
        list[str] | None, typer.Argument(help=say("help.datasets"), metavar="[DATASET...]")
    ] = None,
    only_list: Annotated[bool, typer.Option("--list", help=say("help.list"))] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help=say("help.refresh"))] = False,
    accept: base.Accept = False,
    as_json: base.AsJson = False,
) -> None:
    """Fetch official files and read them in."""
    from geo import project
    from geo.sources import fetch

    target = project.open_(folder)
    wanted = fetch.chosen(datasets or ())
    if only_list:
        shown = [_dataset_document(one) for one in (wanted if datasets else fetch.catalogue().dataset)]
        lines = [say("fetch.dataset", **{**one, "mark": "*" if one["default"] else " "}) for one in shown]
        base.out({"datasets": shown}, "\n".join([*lines, say("fetch.marks")]), as_json)
        return
    documents, words, waiting = _fetch(target, wanted, refresh, accept=accept)
    if waiting:  # for the border, which has come with the others, or has not
        documents_too, words_too, _ = _fetch(target, waiting, refresh, accept=accept, last=True)
        documents, words = documents + documents_too, words + words_too
    base.out({"project": str(folder), "datasets": documents}, "\n".join(words), as_json)
    if any(one["problem"] for one in documents):
        raise typer.Exit(base.EXIT_INPUT)


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
    readings: list[Reading] = []
    results = []
    for file in done.files:
        document, told, reading = _read_in(target, file, readings)
        results.append((document, told))
        readings += [reading] if reading else []
    project.add(target, readings, accept=accept, when=base.now(), who=base.who(None))
    documents, words = [one for one, _ in results], [told for _, told in results]
    waiting = [f.item.dataset for f in done.failures if f.problem.code == "fetch_area" and not last]
    failures = [f for f in done.failures if f.item.dataset not in waiting]
    for failure in failures:
        sentence = base.sentence(failure.problem)
        documents.append({"id": failure.item.dataset.id, "file": failure.item.file, "problem": sentence})
        words.append(say("fetch.failed", id=failure.item.dataset.id, sentence=sentence))
    if failures:
        words += [
            say("fetch.by_hand"),
            *(f"  {fetch.by_hand(f.item, folder=target.path)}" for f in failures),
        ]
    return documents, words, waiting


def _read_in(
    target: Project, file: fetch.File, before: Sequence[Reading]
) -> tuple[dict[str, Any], str, Reading | None]:
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
        found = project.read(target, [file.path], kind=kind, before=before)[0]
    except errors.AtlasError as problem:
        if problem.code == "mesh_not_here":
            # Of the primary squares around the municipality some hold none of its people: nothing is missing.
            return document, f"{head}\n{say('fetch.not_here', id=name, path=file.path)}", None
        sentence = base.sentence(problem)
        words = say("fetch.unread", id=name, path=file.path, sentence=sentence)
        return {**document, "problem": sentence}, f"{head}\n{words}", None
    if found.dataset_id in {one.dataset_id for one in before}:
        # Streets come from two servers, of which the second stands in for the first.
        return document, f"{head}\n{say('fetch.same', id=name, dataset=found.dataset_id)}", None
    reading = fetch.described(found, file.dataset)
    imported = files.reading_document(reading)
    return {**document, "imported": imported}, f"{head}\n{files.report(imported)}", reading


def _dataset_document(dataset: fetch.Dataset) -> dict[str, Any]:
    from geo.sources import fetch

    spoken, terms = base.language(), fetch.catalogue().licence[dataset.licence]
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
