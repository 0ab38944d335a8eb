"""What every command shares: the reader's language, common options, and how an answer is printed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from geo import errors, faults, text

EXIT_INPUT, EXIT_FAULT = 1, 3


def language() -> text.Language:
    """The reader's language: ``IBASHO_LANG``, Japanese unless it says ``en``."""
    return "en" if os.environ.get("IBASHO_LANG", "ja").lower().startswith("en") else "ja"


def say(key: str, **values: object) -> str:
    """A sentence of the command line."""
    return text.say(f"cli.{key}", language(), **values)


Folder = Annotated[Path, typer.Argument(help=say("help.folder"), metavar="DIR")]
AsJson = Annotated[bool, typer.Option("--json", help=say("help.json"))]
Accept = Annotated[bool, typer.Option("--accept", help=say("help.accept"))]
By = Annotated[str | None, typer.Option("--by", help=say("help.by"), metavar="NAME")]
Port = Annotated[int, typer.Option("--port", help=say("help.port"), min=1024, max=65535)]


def out(document: dict[str, Any], words: str, as_json: bool) -> None:
    """Print the answer: one JSON document for machines, words for people."""
    print(json.dumps(document, ensure_ascii=False, indent=2) if as_json else text.visible(words))  # noqa: T201


def sentence(problem: errors.AtlasError) -> str:
    """An error in the reader's language."""
    return text.tell(problem.code, problem.template, language(), **problem.context)


Usage: Any = typer.BadParameter.__bases__[0]
"""What the command line raises when it is used wrongly."""


def show(wrong: Any) -> None:
    """What is wrong with a command, how it is used, and where to read more, on stderr."""
    if type(wrong).__name__ == "NoArgsIsHelpError":
        wrong.show()
        return
    words = []
    if wrong.ctx is not None:
        usage = wrong.ctx.get_usage().partition(": ")[2]
        words = [say("usage.how", usage=usage), say("usage.more", command=wrong.ctx.command_path), ""]
    said = faults.told(wrong.format_message(), text.catalogue(language()))
    print(text.visible("\n".join([*words, say("error", sentence=said)])), file=sys.stderr)  # noqa: T201


def now() -> str:
    """The one clock of the program, for the history: no number depends on it."""
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="seconds")


def who(told: str | None) -> str | None:
    """Who changes something: the name that was given, else the user of this machine."""
    import getpass

    try:
        return told or getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return None


def row_document(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the history as JSON has it."""
    coded = ("row_key", "before", "after")
    plain = {name: None if value != value else value for name, value in row.items()}
    return {name: _decoded(value) if name in coded and value else value for name, value in plain.items()}


def _decoded(value: str) -> Any:
    return json.loads(value)
