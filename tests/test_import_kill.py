"""An import that is killed at any moment leaves the project as it was, or as it should be: never between."""

from __future__ import annotations

import hashlib
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest

from geo import project as projects
from geo import schemas

KILLS, SEED = 50, 20261121

SERVER = """
import os, pickle, sys
from pathlib import Path
from geo import project
readings = pickle.loads(Path(sys.argv[1]).read_bytes())
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        target = project.open_(Path(line.strip()))
        project.add(target, readings, accept=True, when="2026-11-21T13:00:00+00:00", who="x")
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""
"""Starts an importing process for each project named to it; loading the libraries is no part of an import."""


def _state(path: Path) -> str:
    """What the project holds, its history too; opening it must work."""
    store = projects.open_(path).store
    total = hashlib.sha256()
    for schema in sorted(schemas.Table.__subclasses__(), key=lambda one: one.__name__):
        table = store.read(schema)
        shown = table.to_wkt() if "geometry" in table and len(table) else table
        total.update(f"{schema.__name__}{shown.to_csv(index=False)}".encode())
    return total.hexdigest()


@contextmanager
def _server(readings: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(readings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    with process:
        yield process
        cast("Any", process.stdin).close()
    assert process.returncode == 0


def _import(server: subprocess.Popen[str], path: Path, *, kill_after_s: float | None = None) -> int:
    """Import into a project, killed after a while or not; how the process ended."""
    to, back = cast("Any", server.stdin), cast("Any", server.stdout)
    to.write(f"{path}\n")
    to.flush()
    child = int(back.readline())
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.kill(child, signal.SIGKILL)
    return int(back.readline())


@pytest.fixture
def import_of_two_editions(tmp_path: Path, sample: Path) -> tuple[Path, Path]:
    """A project with the salons, and a newer edition of them with a second list to come in one commit."""
    old = projects.create(tmp_path / "old", municipality="99101")
    readings = projects.read(old, [sample / "ibasho_salon.csv", sample / "kodomo_shokudo.csv"])
    projects.add(old, readings[:1])
    newer = readings[0].table.iloc[5:].assign(operator="x")
    changed = [
        readings[0].__class__(**{**vars(readings[0]), "table": newer, "sha256": "1" * 64}),
        readings[1],
    ]
    (tmp_path / "readings").write_bytes(pickle.dumps(changed))
    return old.path, tmp_path / "readings"


@pytest.mark.skipif(sys.platform == "win32", reason="there is neither fork nor SIGKILL")
def test_an_import_killed_at_any_moment_is_whole_or_not_at_all(
    import_of_two_editions: tuple[Path, Path], tmp_path: Path
) -> None:
    old, readings = import_of_two_editions
    before = _state(old)
    whole = shutil.copytree(old, tmp_path / "whole")
    with _server(readings) as server:
        _import(server, shutil.copytree(old, tmp_path / "warm"))
        start = time.perf_counter()
        assert _import(server, whole) == 0
        duration = time.perf_counter() - start
        after = _state(whole)
        assert before != after

        moments = random.Random(SEED)  # noqa: S311 (no secret)
        seen, ended = [], []
        for number in range(KILLS):
            path = shutil.copytree(old, tmp_path / f"killed{number}")
            ended.append(_import(server, path, kill_after_s=moments.uniform(0, 1.2 * duration)))
            seen.append(_state(path))
            assert seen[-1] in (before, after), f"kill {number} left a mixture"
            # What the dead process left lying does not hinder the next import.
            if number % 10 == 0:
                assert _import(server, path) == 0
                assert _state(path) == after
            shutil.rmtree(path)
    assert ended.count(signal.SIGKILL) > KILLS / 2, "hardly any process was killed in time"
    assert before in seen
