"""``ibasho``: the same steps as the app and the notebooks, from the command line.

Exit codes: 0 done · 1 the input is wrong (a sentence says what, where, and the way out; the project is as it
was) · 2 wrong usage · 3 a fault of the program. ``--json`` prints one document on stdout; words go to stderr.
Heavy modules are imported inside the commands, so that ``ibasho --help`` answers at once.

    base        what every command shares
    files       new · import · check
    fetching    fetch
    history     history · undo
    places      duplicates · export
    analysis    run · verify · app · demo
    decide      decide model-areas · sites · territories · scenarios
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any, cast

import typer

from geo import errors, text
from geo.cli import analysis, base, decide, fetching, files, history, places

app = typer.Typer(
    name="ibasho",
    help=base.say("help.ibasho"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS: dict[str, Callable[..., None]] = {
    "new": files.new,
    "import": files.import_,
    "fetch": fetching.fetch_,
    "check": files.check,
    "history": history.history,
    "undo": history.undo,
    "duplicates": places.duplicates,
    "export": places.export,
    "run": analysis.run,
    "verify": analysis.verify,
    "app": analysis.app,
    "demo": analysis.demo,
}
"""Every command, in the order of the help; each has its line of help in the locales."""

for _name, _command in COMMANDS.items():
    app.command(_name, help=base.say(f"help.{_name}"))(_command)
app.add_typer(decide.app, name="decide", help=base.say("help.decide"))


def main() -> None:
    """The entry point: every expected error becomes a sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A Japanese Windows console is CP932: what it cannot show must not end the run.
        cast("Any", stream).reconfigure(errors="replace")
    try:
        ended = app(standalone_mode=False)
        if isinstance(ended, int) and ended:
            sys.exit(ended)
    except base.Usage as wrong:
        base.show(wrong)
        sys.exit(wrong.exit_code)
    except typer.Abort:
        print(base.say("aborted"), file=sys.stderr)  # noqa: T201
        sys.exit(base.EXIT_INPUT)
    except errors.AtlasError as problem:
        sentence = base.sentence(problem)
        if "--json" in sys.argv:
            print(json.dumps({"error": {"code": problem.code, "message": sentence}}, ensure_ascii=False))  # noqa: T201
        print(text.visible(base.say("error", sentence=sentence)), file=sys.stderr)  # noqa: T201
        sys.exit(base.EXIT_INPUT)
    except Exception as fault:
        if os.environ.get("IBASHO_DEBUG"):
            raise
        print(text.visible(base.say("fault", name=type(fault).__name__, what=fault)), file=sys.stderr)  # noqa: T201
        sys.exit(base.EXIT_FAULT)
