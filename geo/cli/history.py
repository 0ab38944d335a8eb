"""What was changed, and back again: ``history``, ``undo``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from geo.cli import base
from geo.cli.base import say


def undo(folder: base.Folder, by: base.By = None, as_json: base.AsJson = False) -> None:
    """Take the last change back."""
    from geo import project

    undone = project.undo(project.open_(folder), when=base.now(), who=base.who(by))
    change, datasets = int(undone["change"].iloc[0]), sorted(set(undone["dataset_id"]))
    words = say("history.undone", change=change, datasets=", ".join(datasets))
    base.out({"project": str(folder), "undone": change, "datasets": datasets}, words, as_json)


def history(folder: base.Folder, as_json: base.AsJson = False) -> None:
    """Tell who changed what, and when."""
    from geo import project, schemas

    past = project.open_(folder).store.read(schemas.History)
    document = [base.row_document(row) for row in past.to_dict("records")]
    base.out({"project": str(folder), "history": document}, "\n".join(_history_lines(document)), as_json)


def _history_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """One line a change set, dataset and action."""
    if not rows:
        return [say("history.empty")]
    from geo import changes

    rows_of: dict[tuple[int, str, str, str, str], set[str]] = {}
    nobody = say("history.unknown")
    for row in rows:
        at, by = row["changed_at"] or nobody, row["changed_by"] or nobody
        name = row["dataset_id"] if row["action"] != "undone" else str(row["row_key"])
        one = (row["change"], at, by, row["action"], name)
        counted = rows_of.setdefault(one, set())
        if row["table"] not in ("Datasets", "Notes") and row["field"] not in changes.UNSEEN:
            counted.add(json.dumps(row["row_key"]))
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
            n=len(counted),
        )
        for (change, at, by, action, name), counted in rows_of.items()
        if counted or action == "undone"
    ]
