"""A project: one folder that the command line, the app and the notebooks all open.

``study.toml`` (the question), ``store.gpkg`` (what was imported) and ``runs/`` (what came out).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo import errors, schemas, sources
from geo import study as studies
from geo.store import GeoPackage, Store
from geo.study import Study

CODE_WEIGHTS = (6, 5, 4, 3, 2)


@dataclass(frozen=True)
class Project:
    """An open project; ``study`` is the one it was opened with or changed to."""

    path: Path
    study: Study

    @property
    def store(self) -> Store:
        """The tables that were imported."""
        return GeoPackage(self.path / "store.gpkg")

    @property
    def runs(self) -> Path:
        """The folder of the runs."""
        return self.path / "runs"

    def with_study(self, study: Study) -> Project:
        """The project with another study, written down."""
        studies.write(study, self.path / "study.toml")
        return replace(self, study=study)


def municipality_code(text: str) -> str:
    """Five digits of a municipality code that has five, or six with a right check digit.

    Raises
    ------
    StudyError
        When it has neither, or the check digit is wrong (全国地方公共団体コード, JIS X 0402).

    Examples
    --------
    >>> municipality_code("131059"), municipality_code("13105")
    ('13105', '13105')
    """
    digits = text.strip()
    wrong = not (digits.isascii() and digits.isdigit() and len(digits) in (5, 6))
    if not wrong and len(digits) == 6:
        total = sum(w * int(d) for w, d in zip(CODE_WEIGHTS, digits, strict=False))
        wrong = int(digits[5]) != (11 - total % 11) % 10
    if wrong:
        raise errors.StudyError(
            "municipality_code",
            "{value!r} is no municipality code: give five digits, or six with the check digit (13105 or 131059).",
            value=text,
        )
    return digits[:5]


def create(path: Path, *, municipality: str) -> Project:
    """A new project in an empty or new folder.

    Raises
    ------
    StoreError
        When the folder holds something already: nothing is overwritten.
    """
    study = studies.make(municipality_code=municipality_code(municipality))
    try:
        path.mkdir(parents=True, exist_ok=True)
        empty = not any(path.iterdir())
        if empty:
            studies.write(study, path / "study.toml")
    except OSError as problem:
        raise errors.StoreError(
            "project_unwritable",
            "{folder} cannot be made a project: {problem}.",
            folder=str(path),
            problem=str(problem),
        ) from None
    if not empty:
        raise errors.StoreError(
            "project_not_empty", "{folder} is not empty. Choose a new folder.", folder=str(path)
        )
    return Project(path, study)


def open_(path: Path) -> Project:
    """The project of a folder.

    Raises
    ------
    StoreError
        When the folder is none.
    """
    if not (path / "study.toml").is_file():
        raise errors.StoreError(
            "no_project",
            "{folder} is no project (it has no study.toml). Make one with: ibasho new {folder} --municipality CODE",
            folder=str(path),
        )
    return Project(path, studies.read(path / "study.toml"))


def read(
    project: Project,
    files: Sequence[Path],
    *,
    kind: sources.Kind | None = None,
    system: str | None = None,
    tier: str | None = None,
) -> list[sources.Reading]:
    """Read files for a project without changing it; see :func:`geo.sources.read`."""
    code = project.study.municipality_code
    return [sources.read(f, municipality_code=code, kind=kind, system=system, tier=tier) for f in files]


def add(project: Project, readings: Sequence[sources.Reading]) -> None:
    """Put what was read into the project: all of it or, when anything fails, nothing.

    A dataset replaces the one with the same id, so importing a file twice changes nothing; also when it was
    taken for another kind before.

    Raises
    ------
    DataError
        Two readings are the same dataset, or a table breaks its schema.
    StoreError
        The store cannot be read or written.
    """
    ids = {reading.dataset_id for reading in readings}
    if len(ids) < len(readings):
        names = sorted(reading.file for reading in readings)
        raise errors.DataError(
            "same_dataset_twice",
            "Two of these files are the same dataset ({files}). Import them one after the other.",
            files=", ".join(names),
        )
    tables: dict[type[schemas.Table], pd.DataFrame] = {}
    datasets = project.store.read(schemas.Datasets)
    before = set(datasets.loc[datasets["dataset_id"].isin(ids), "table"])
    for schema in schemas.Table.__subclasses__():
        new = [reading.table for reading in readings if reading.schema is schema]
        if new or schema.__name__ in before:
            tables[schema] = _replaced(project.store.read(schema), ids, new)
    rows = pd.DataFrame([reading.dataset() for reading in readings])
    tables[schemas.Datasets] = _replaced(datasets, ids, [rows])
    notes = [_notes(reading) for reading in readings if reading.notes]
    tables[schemas.Notes] = _replaced(project.store.read(schemas.Notes), ids, notes)
    project.store.commit(tables)


def _replaced(old: pd.DataFrame, ids: set[str], new: Sequence[pd.DataFrame]) -> pd.DataFrame:
    kept = old[~old["dataset_id"].isin(ids)]
    parts = [part for part in (kept, *new) if len(part)]
    if not parts:
        return kept
    table = pd.concat(parts, ignore_index=True)
    return (
        gpd.GeoDataFrame(table, geometry="geometry", crs=old.crs)
        if isinstance(old, gpd.GeoDataFrame)
        else table
    )


def _notes(reading: sources.Reading) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "dataset_id": reading.dataset_id,
                "number": number,
                "level": note.level,
                "code": note.code,
                "row": note.row,
                "template": note.template,
                "values": json.dumps(dict(note.values), ensure_ascii=False, default=str),
            }
            for number, note in enumerate(reading.notes, start=1)
        ]
    )


def need(project: Project, schema: type[schemas.Table], kind: str) -> pd.DataFrame:
    """A table that this step cannot do without.

    Raises
    ------
    MissingTableError
        With the kind of file to import.
    """
    table: pd.DataFrame = project.store.read(schema)
    if table.empty:
        raise errors.MissingTableError(
            "missing_table",
            "The project {folder} has no {kind} yet. Import a file: ibasho import {folder} FILE",
            folder=str(project.path),
            kind=kind,
        )
    return table
