"""The whole picture as one page: files of the city → who reaches what → gaps, need, zones → one run.

:func:`prepare` does what takes long and what no slider changes: people, streets, walking distances.
:func:`assess` answers one study from it, fast. :func:`run` does both and keeps the result.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from geo import errors, manifest, preparation, schemas, summary
from geo import study as studies
from geo.assessment import Assessment, assess, outward, public, run_id
from geo.preparation import STAGES, Prepared, Progress, data_version, prepare, silent
from geo.project import Project
from geo.store import GeoPackage

__all__ = [
    "STAGES",
    "Assessment",
    "Prepared",
    "Progress",
    "Run",
    "assess",
    "data_version",
    "outward",
    "prepare",
    "public",
    "results",
    "run",
    "run_id",
    "silent",
    "verify",
]


@dataclass(frozen=True)
class Run:
    """An assessment that was kept."""

    run_id: str
    path: Path
    assessment: Assessment


def run(project: Project, *, progress: Progress = silent) -> Run:
    """Prepare, assess, and keep the result in the project's ``runs`` folder."""
    step = preparation.steps(progress)
    prepared = prepare(project, progress=progress)
    step("assess")
    assessment = assess(prepared, project.study)
    tables, document = results(prepared, assessment), dict(assessment.summary)
    step("write")
    kept = Run(document["run"], project.runs / document["run"], assessment)
    _keep(kept, tables, document)
    progress("done", len(STAGES), len(STAGES))
    return kept


def results(prepared: Prepared, assessment: Assessment) -> dict[type[schemas.Table], pd.DataFrame]:
    """The tables of a run, as they are kept and digested."""
    return {
        schemas.AreaCoverage: assessment.area_coverage,
        schemas.AreaOpening: assessment.area_opening,
        schemas.Crosswalk: assessment.crosswalk,
        schemas.Equity: assessment.equity,
        schemas.Lorenz: assessment.lorenz,
        schemas.Scorecard: assessment.scorecard,
        schemas.SystemSummary: assessment.system_summary,
        schemas.ZoneIndicators: assessment.zone_indicators,
        schemas.Coverage: assessment.coverage,
        schemas.Gaps: assessment.gaps,
        schemas.HotSpots: assessment.hot_spots,
        schemas.Indicators: assessment.indicators,
        schemas.Isolation: assessment.isolation,
        schemas.Opening: assessment.opening,
        schemas.Origins: prepared.origins,
        schemas.Priorities: assessment.priorities,
        schemas.ZoneOpening: assessment.zone_opening,
        schemas.ZoneSummary: assessment.zone_summary,
        schemas.Dependence: assessment.dependence,
        schemas.FunctionCoverage: assessment.functions,
        schemas.GapOptions: assessment.gap_options,
        schemas.Partners: assessment.partners,
        schemas.Room: assessment.room,
        schemas.Salons: assessment.salons,
    }


def _digests(tables: Mapping[type[schemas.Table], pd.DataFrame]) -> dict[str, str]:
    return {schema.__name__: manifest.digest(table) for schema, table in tables.items()}


def _keep(kept: Run, tables: Mapping[type[schemas.Table], pd.DataFrame], document: dict[str, Any]) -> None:
    fresh = kept.path.with_name(f".{kept.run_id}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    GeoPackage(fresh / "results.gpkg").commit(tables)
    _write_json(fresh / "summary.json", document)
    files = {path.name: _sha256(path) for path in sorted(fresh.iterdir())}
    _write_json(
        fresh / "manifest.json",
        {
            "run": kept.run_id,
            "study": kept.assessment.study.model_dump(mode="json"),
            "inputs": document["datasets"],
            "versions": manifest.versions(),
            "seed": kept.assessment.study.seed,
            "results": _digests(tables),
            "files": files,
        },
    )
    shutil.rmtree(kept.path, ignore_errors=True)
    fresh.rename(kept.path)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _write_json(path: Path, document: object) -> None:
    path.write_text(
        json.dumps(document, ensure_ascii=False, indent=2, sort_keys=False) + "\n", encoding="utf-8"
    )


def verify(project: Project, name: str) -> list[str]:
    """Compute a kept run again and compare.

    Parameters
    ----------
    project : Project
    name : str
        Folder name of the run.

    Returns
    -------
    differences : list of str
        Names of the results that differ when computed again, and of the kept files that were changed since;
        empty when the run was reproduced.

    Raises
    ------
    StoreError
        When there is no such run.
    DataError
        When the project no longer holds the data that the run was made of.
    """
    try:
        if name not in _names(project):  # A name that leads out of the folder is none of its runs.
            raise FileNotFoundError(name)
        old = json.loads((project.runs / name / "manifest.json").read_text(encoding="utf-8"))
        study, expected = studies.make(**old["study"]), dict(old["results"])
        inputs, files = {row["id"]: row["sha256"] for row in old["inputs"]}, dict(old["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise errors.StoreError(
            "no_run",
            "{run} is no run of {folder} that can be read. Runs there: {known}",
            run=name,
            folder=str(project.path),
            known=", ".join(_names(project)) or "none",
        ) from None
    now = {row["id"]: row["sha256"] for row in summary.datasets(project.store.read(schemas.Datasets))}
    changed = manifest.differences(inputs, now)
    if changed:
        raise errors.DataError(
            "inputs_changed",
            "The project's data are no longer those of run {run}: {datasets} changed. Import the old files to "
            "verify it, or run again.",
            run=name,
            datasets=", ".join(changed),
        )
    prepared = prepare(Project(project.path, study))
    changed = manifest.differences(files, {file: _sha256(project.runs / name / file) for file in files})
    return [*changed, *manifest.differences(expected, _digests(results(prepared, assess(prepared, study))))]


def _names(project: Project) -> list[str]:
    return sorted(path.name for path in project.runs.glob("[!.]*") if path.is_dir())
