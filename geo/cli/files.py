"""Files in: ``new``, ``import``, ``check``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geo import text
from geo.cli import base
from geo.cli.base import say

if TYPE_CHECKING:
    from geo.project import Changes, Project
    from geo.sources import Reading


def new(
    folder: base.Folder,
    municipality: Annotated[
        str, typer.Option("--municipality", help=say("help.municipality"), metavar="CODE")
    ],
    all_groups: Annotated[bool, typer.Option("--all-groups", help=say("help.all_groups"))] = False,
    as_json: base.AsJson = False,
) -> None:
    """Make a project."""
    from geo import project, study

    made = project.create(folder, municipality=municipality)
    if all_groups:
        made = made.with_study(made.study.with_(groups=(*made.study.groups, *study.MORE_GROUPS)))
    base.out(
        {"project": str(made.path), "municipality": made.study.municipality_code},
        say("new.done", folder=made.path, code=made.study.municipality_code),
        as_json,
    )


def import_(
    folder: base.Folder,
    files: Annotated[list[Path], typer.Argument(help=say("help.files"), metavar="FILE...")],
    kind: Annotated[str | None, typer.Option("--as", help=say("help.as"), metavar="KIND")] = None,
    system: Annotated[str | None, typer.Option("--system", help=say("help.system"), metavar="NAME")] = None,
    tier: Annotated[str | None, typer.Option("--tier", help=say("help.tier"), metavar="TIER")] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--map", help=say("help.map"), metavar="FIELD=COLUMN")
    ] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help=say("help.sheet"), metavar="NAME")] = None,
    swap_xy: Annotated[bool, typer.Option("--swap-xy", help=say("help.swap_xy"))] = False,
    edition: Annotated[
        str | None, typer.Option("--edition", help=say("help.edition"), metavar="YEAR")
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--licence", help=say("help.licence"), metavar="TEXT")
    ] = None,
    accept: base.Accept = False,
    by: base.By = None,
    as_json: base.AsJson = False,
) -> None:
    """Read files into a project: all of them, or nothing."""
    from geo import project, sources

    if kind is not None and kind not in sources.KINDS:
        raise typer.BadParameter(say("usage.kind", value=kind, known=", ".join(sources.KINDS)))
    if tier is not None and tier not in ("small", "middle", "municipal"):
        raise typer.BadParameter(say("usage.tier", value=tier))
    target = project.open_(folder)
    mapping = _mapping(columns or [])
    readings = project.read(
        target,
        files,
        kind=kind,
        system=system,
        tier=tier,
        mapping=mapping,
        sheet=sheet,
        swap_xy=swap_xy,
        edition=edition,
        licence=licence,
    )
    found = project.compare(target, readings)
    refused = bool(found.replaces) and not accept
    documents = [{**reading_document(r), "changes": _changes_document(found, r)} for r in readings]
    words = "\n".join(f"{report(one)}\n{_changes_words(one['changes'])}" for one in documents)
    document = {"project": str(folder), "stored": not refused, "imported": documents}
    if refused:
        problem = project.refusal(found)
        sentence = base.sentence(problem)
        base.out({**document, "error": {"code": problem.code, "message": sentence}}, words, as_json)
        print(text.visible(say("error", sentence=sentence)), file=sys.stderr)  # noqa: T201
        raise typer.Exit(base.EXIT_INPUT)
    project.keep(target, found, when=base.now(), who=base.who(by))
    base.out(document, words, as_json)


def _mapping(pairs: Sequence[str]) -> dict[str, str]:
    """``FIELD=COLUMN`` as a mapping."""
    split = [pair.partition("=") for pair in pairs]
    wrong = next(
        (pair for pair, parts in zip(pairs, split, strict=True) if not (parts[0] and parts[2])), None
    )
    if wrong is not None:
        raise typer.BadParameter(say("usage.map", value=wrong))
    return {field.strip(): column.strip() for field, _, column in split}


def reading_document(reading: Reading) -> dict[str, Any]:
    """A file as understood: its dataset, and what was noticed."""
    notes = [
        {
            "level": n.level,
            "code": n.code,
            "row": n.row,
            "text": text.tell(n.code, n.template, base.language(), **n.values),
        }
        for n in reading.notes
    ]
    return {**reading.dataset(), "notes": notes}


def _changes_document(found: Changes, reading: Reading) -> dict[str, Any]:
    """What an import changes in one dataset: rows added, changed field by field, and gone."""
    told = found.of(reading.dataset_id)
    places = reading.kind == "places"
    names = dict(zip(reading.table["place_id"], reading.table["name"], strict=True)) if places else {}
    rows = [base.row_document(row) for row in told.to_dict("records")]
    return {
        "first": reading.dataset_id in found.first,
        "added": [row["row_key"] for row in rows if row["action"] == "added"],
        "changed": [
            {
                **{k: r[k] for k in ("row_key", "field", "before", "after")},
                "name": names.get(str(r["row_key"][0])),
            }
            for r in rows
            if r["action"] == "changed"
        ],
        "gone": [{"row_key": r["row_key"], "before": r["before"]} for r in rows if r["action"] == "gone"],
    }


MOST_SHOWN = 20
"""Changes that are listed for people; machines get all of them."""


def _changes_words(document: dict[str, Any]) -> str:
    from geo.present import entries, words

    def told(one: dict[str, Any], side: str) -> str:
        # Only places have names, and words for what they are.
        if one["name"] is None:
            return words.short(one[side])
        return entries.change(one["field"], one[side], base.language())

    if document["first"]:
        return say("changes.first")
    added, changed, gone = (document[name] for name in ("added", "changed", "gone"))
    if not (added or changed or gone):
        return say("changes.none")
    rows = len({json.dumps(one["row_key"]) for one in changed})
    lines = [say("changes.added", row=words.short(key)) for key in added]
    lines += [
        say(
            "changes.changed",
            row=" ".join(part for part in (words.short(one["row_key"]), one["name"]) if part),
            field=words.label("column", one["field"], base.language()),
            before=told(one, "before"),
            after=told(one, "after"),
        )
        for one in changed
    ]
    lines += [
        say("changes.gone", row=words.short(one["row_key"]), before=words.short(one["before"].get("name")))
        for one in gone
    ]
    more = [say("changes.more", n=len(lines) - MOST_SHOWN)] if len(lines) > MOST_SHOWN else []
    head = say("changes.counts", added=len(added), changed=rows, gone=len(gone))
    return "\n".join([head, *lines[:MOST_SHOWN], *more])


def check(folder: base.Folder, as_json: base.AsJson = False) -> None:
    """Tell what was read, repaired, refused, and what is not known."""
    from geo import project

    document = _check_document(project.open_(folder))
    lines = [report(dataset) for dataset in document["datasets"]] or [say("check.empty")]
    if document["missing"]:
        lines.append(say("check.missing", kinds=", ".join(map(kind_name, document["missing"]))))
    base.out(document, "\n".join(lines), as_json)


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
    # A mesh table brings its areas and their ages with it.
    there |= {"small-areas", "census-table"} if "census-mesh" in there else set()
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

    sentence = text.tell(note["code"], note["template"], base.language(), **json.loads(note["values"]))
    row = summary.number(note["row"], 0)
    return {"level": note["level"], "code": note["code"], "row": row, "text": sentence}


def kind_name(kind: str) -> str:
    """What a kind of file is called."""
    return text.catalogue(base.language()).get(f"dataset.{kind}", kind)


def report(dataset: dict[str, Any]) -> str:
    """One dataset as people read it."""
    unknown = say("unknown")
    head = say(
        "dataset",
        id=dataset["dataset_id"],
        kind=kind_name(dataset["kind"]),
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
    if note["row"] is not None and re.search(rf"(?<![\d.,]){note['row']}(?![\d.,])", note["text"]):
        where = ""  # Most sentences name their row themselves.
    return f"  - {say('level.' + note['level'])}{where}: {note['text']}"
