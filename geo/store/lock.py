"""One writer at a time: a lock that the system takes back from whoever dies."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from geo import errors

WAIT_S = 60
_PAUSE_S = 0.1


@contextmanager
def locked(folder: Path, *, wait_s: float = WAIT_S) -> Iterator[None]:
    """Change a project while nobody else does.

    Parameters
    ----------
    folder : Path
        Of the project; the lock is a file in it, which stays and says nothing.
    wait_s : float
        How long to wait for another writer.

    Raises
    ------
    StoreError
        Somebody else is still changing it, or the folder cannot be written to.
    """
    try:
        stream = (folder / ".lock").open("a+b")
    except OSError as problem:
        raise errors.StoreError(
            "project_read_only",
            "{folder} cannot be changed ({problem}). Copy the project to a folder where you may write.",
            folder=str(folder),
            problem=problem.strerror or type(problem).__name__,
        ) from None
    with stream:
        _wait(stream, folder, wait_s)
        yield


def _wait(stream: IO[bytes], folder: Path, wait_s: float) -> None:
    until = time.monotonic() + wait_s
    while not _taken(stream):
        if time.monotonic() > until:
            raise errors.StoreError(
                "project_busy",
                "{folder} is being changed by another import or by the app. Wait until it has ended, then do it again.",
                folder=str(folder),
            )
        time.sleep(_PAUSE_S)


if sys.platform == "win32":
    import msvcrt

    def _taken(stream: IO[bytes]) -> bool:
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _taken(stream: IO[bytes]) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
