"""The registry: ``duplicates``, ``export``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geo import errors
from geo.cli import base
from geo.cli.base import say

if TYPE_CHECKING:
    from geo.present import exports
    from geo.project import Project


def duplicates(
    folder: base.Folder,
    place: Annotated[str | None, typer.Argument(help=say("help.place"), metavar="[PLACE")] = None,
    other: Annotated[str | None, typer.Argument(help=say("help.other"), metavar="OTHER]")] = None,
    same: Annotated[bool, typer.Option("--same", help=say("help.same"))] = False,
    different: Annotated[bool, typer.Option("--different", help=say("help.different"))] = False,
    forget: Annotated[bool, typer.Option("--forget", help=say("help.forget"))] = False,
    by: base.By = None,
    as_json: base.AsJson = False,
) -> None:
    """List pairs of places that may be one, or keep what a person decided."""
    from geo import project

    target = project.open_(folder)
    if place is None and not (same or different or forget):
        document = _pairs_document(target)
        base.out(document, "\n".join(_pairs_lines(document)), as_json)
        return
    if place is None or other is None or same + different + forget != 1:
        raise typer.BadParameter(say("usage.decision"))
    decision: Any = "same" if same else "different" if different else None
    project.decide(target, place, other, decision, when=base.now(), who=base.who(by))
    words = say(
        "duplicates.done", place=place, other=other, decision=say(f"duplicates.{decision or 'forgotten'}")
    )
    base.out({"project": str(folder), "place": place, "other": other, "decision": decision}, words, as_json)


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


def export(
    folder: base.Folder,
    form: Annotated[str, typer.Option("--format", help=say("help.format"), metavar="FORMAT")] = "csv",
    to: Annotated[Path | None, typer.Option("--to", help=say("help.to"), metavar="FOLDER")] = None,
    public: Annotated[bool, typer.Option("--public", help=say("help.public"))] = False,
    as_json: base.AsJson = False,
) -> None:
    """Write the registry, or results that anybody may see, to files."""
    from geo import project
    from geo.present import exports

    if public:
        target = project.open_(folder)
        document = _export_public(target, to or target.path / "exports" / "public")
        lines = [say("export.rows", file=one["file"], n=one["rows"]) for one in document["files"]]
        lines.append(say("export.public", k=target.study.disclosure_k, base=target.study.rounding))
        base.out(document, "\n".join(lines), as_json)
        return
    if form not in exports.FORMS:
        raise typer.BadParameter(say("usage.format", value=form, known=", ".join(exports.FORMS)))
    target = project.open_(folder)
    document = _export(target, form, to or target.path / "exports" / form)
    lines = [say("export.file", file=one["file"], n=one["places"]) for one in document["files"]]
    if form in exports.INTERNAL:
        lines.append(say("export.internal"))
    elif document["left_out"]:
        lines.append(say("export.left", n=document["left_out"]))
    base.out(document, "\n".join(lines), as_json)


_WRITTEN = ".ibasho-export.json"
"""Names of what was exported to a folder: the only files in it that are ours to remove."""


def _sweep(folder: Path, names: set[str]) -> None:
    """Remove what an older export wrote and this one does not: nobody is to publish a list that is gone."""
    record = folder / _WRITTEN
    before = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else []
    for name in before:
        if name not in names and Path(name).name == name:
            (folder / name).unlink(missing_ok=True)
    record.write_text(json.dumps(sorted(names), ensure_ascii=False), encoding="utf-8")


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
    _write(made, folder)
    written = [{"file": str(folder / file.name), "places": file.places} for file in made]
    left = len(records) - sum(file.places for file in made)
    return {"project": str(target.path), "format": form, "files": written, "left_out": left}


def _export_public(target: Project, folder: Path) -> dict[str, Any]:
    from geo import disclosure, pipeline
    from geo.present import exports

    prepared = pipeline.prepare(target)
    made = exports.public(
        pipeline.public(prepared, target.study),
        disclosure.listed(prepared.vacancies).to_crs("EPSG:6668"),
    )
    _write(made, folder)
    written = [{"file": str(folder / file.name), "rows": file.places} for file in made]
    return {"project": str(target.path), "format": "public", "files": written}


def _write(made: list[exports.File], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder, {file.name for file in made})
        for file in made:
            (folder / file.name).write_bytes(file.content)
    except (OSError, ValueError) as problem:
        raise errors.StoreError(
            "export_unwritable",
            "{folder} cannot be written to ({problem}). Choose another one with --to.",
            folder=str(folder),
            problem=str(problem),
        ) from None
