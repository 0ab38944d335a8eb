"""The command line in a process of its own each time, from libraries that are loaded once.

A command is a fork of a process that has imported what the commands need: it has its own memory, voices and exit
code, without the two seconds of loading. The command itself is imported by the fork, since its help depends on the
language. Where there is no fork (Windows), a command is a new process.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

LOADED = """
import json, os, sys, traceback
import geo.pipeline, geo.sources, geo.present.downloads, geo.decisions, geo.siting, geo.prospects

def command(job):
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    for stream, path in ((1, job["out"]), (2, job["err"])):
        os.dup2(os.open(path, os.O_WRONLY), stream)
    sys.argv = ["ibasho", *job["arguments"]]
    from geo.cli import main
    main()

for line in sys.stdin:
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        code = 0
        try:
            command(json.loads(line))
        except SystemExit as ended:
            code = ended.code or 0
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def ibasho(*arguments: object, language: str = "en", **environment: str) -> subprocess.CompletedProcess[str]:
    """What a command says and how it ends."""
    words = list(map(str, arguments))
    known = {**os.environ, "IBASHO_LANG": language, "PYTHONUTF8": "1", **environment}
    if not hasattr(os, "fork"):
        command = [sys.executable, "-m", "geo", *words]
        return subprocess.run(command, env=known, capture_output=True, encoding="utf-8", check=False)
    with tempfile.TemporaryDirectory() as name:
        out, err = Path(name) / "out", Path(name) / "err"
        for path in (out, err):
            path.touch()
        job = {"arguments": words, "environment": known, "folder": str(Path.cwd())}
        ended = _asked(json.dumps({**job, "out": str(out), "err": str(err)}))
        told = [path.read_text(encoding="utf-8") for path in (out, err)]
    return subprocess.CompletedProcess(["ibasho", *words], ended, *told)


def _asked(job: str) -> int:
    process = _loaded()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{job}\n")
    process.stdin.flush()
    return int(process.stdout.readline())


@cache
def _loaded() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", LOADED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUTF8": "1"},
        text=True,
    )
    atexit.register(process.kill)
    return process
