"""Files that a reader gives: kept for a moment under safe names, read, and compared with the project."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo import errors, project, sources
from geo.project import Changes, Project

UNSAFE = re.compile(r"[^\w.()\- ]")
LONGEST = 120
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
"""Parts of one shapefile: only the first is read, the others beside it."""


@dataclass(frozen=True)
class File:
    """A file as the browser sent it."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Upload:
    """What was read of some files and what it would change, or why they could not be read."""

    found: Changes | None
    header: tuple[str, ...]
    """The columns of a list of any layout, to say which is which."""
    mapping: Mapping[str, str]
    problem: errors.AtlasError | None = None


def read(target: Project, files: Sequence[File], *, mapping: Mapping[str, str], **told: Any) -> Upload:
    """Read files without changing the project.

    Parameters
    ----------
    target : Project
    files : sequence of File
    mapping : mapping
        Field to column, as the reader chose them.
    **told
        ``kind``, ``system`` and ``tier`` of :func:`geo.project.read`.
    """
    with tempfile.TemporaryDirectory(prefix="ibasho-") as folder:
        paths = [_kept(Path(folder), file) for file in files]
        chosen = [path for path in paths if path.suffix.lower() not in PARTS[1:]]
        try:
            readings = project.read(target, chosen or paths, mapping=mapping, **told)
            found = project.compare(target, readings)
        except errors.AtlasError as problem:
            return Upload(None, _header(paths), mapping, problem)
        layout = next((reading.layout for reading in readings if reading.layout), None)
        columns = dict(layout.columns) if layout else {}
        return Upload(found, _header(paths) if layout else (), columns)


def _header(paths: Sequence[Path]) -> tuple[str, ...]:
    """The columns of the one table that was given; none where it is no table, or several files."""
    if len(paths) != 1:
        return ()
    try:
        return sources.header(paths[0])
    except errors.AtlasError:
        return ()


def _kept(folder: Path, file: File) -> Path:
    """A file under its own name without anything that could be a path: official files tell by it what they are."""
    plain = Path(file.name.replace("\\", "/")).name
    safe = UNSAFE.sub("_", plain).lstrip(".")[-LONGEST:] or "file"
    path = folder / safe
    path.write_bytes(file.content)
    return path
