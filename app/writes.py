"""Everything that changes a project: each function asks for the role again, and refuses whoever may only read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import geopandas as gpd
import streamlit as st

from app import state
from geo import decisions, errors, pipeline, prospects
from geo import project as projects
from geo.decide.questions import Plan
from geo.pipeline import Prepared
from geo.project import Changes, Project


def _allowed() -> None:
    if state.role() != state.PLANNER:
        raise errors.AccessDeniedError(
            "read_only",
            "This app was started for reading only, so nothing was changed. Planners work in their own.",
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def accept(project: Project, found: Changes, who: str) -> None:
    """Store what an import would change."""
    _allowed()
    projects.keep(project, found, when=_now(), who=who.strip() or None)


def undo(project: Project, who: str) -> None:
    """Take back the last change."""
    _allowed()
    projects.undo(project, when=_now(), who=who.strip() or None)


def edit(project: Project, place_id: str, fields: dict[str, Any], who: str) -> bool:
    """Change an entry of the registry; whether anything differed."""
    _allowed()
    return not projects.edit(project, place_id, fields, when=_now(), who=who.strip() or None).history.empty


def decide(
    project: Project, place_id: str, other_id: str, decision: Literal["same", "different"], who: str
) -> None:
    """Keep what a person says about two entries that may be one place."""
    _allowed()
    projects.decide(project, place_id, other_id, decision, when=_now(), who=who.strip() or None)


def keep_study(project: Project) -> None:
    """Write the question into the project, so that the command line asks the same."""
    _allowed()
    changed = project.with_study(st.session_state["study"])
    st.session_state["study_of"] = (str(changed.path), changed.study.fingerprint())


def keep_run(project: Project) -> str:
    """Keep how things are now, asked as the project's own study asks; the run's name."""
    _allowed()
    return pipeline.run(project).run_id


def record(project: Project, prepared: Prepared, asked: decisions.Question) -> str:
    """Keep the record of a decision; its name."""
    _allowed()
    return str(decisions.decide(project, prepared, asked)["decision"])


def plan(project: Project, own: Plan) -> None:
    """Keep a scenario in the project."""
    _allowed()
    prospects.keep(project, own)


def register(project: Project, places: gpd.GeoDataFrame, name: str) -> None:
    """Enter the places of a plan into the registry."""
    _allowed()
    prospects.register(project, places, name=name, when=_now())
