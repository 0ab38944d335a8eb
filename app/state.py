"""What one reader has chosen, for the time of a session. Nothing here is shared between readers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import streamlit as st

from geo import project as projects
from geo import text
from geo.project import Project
from geo.study import Study

WHOLE = ""
"""The choice "the whole ward"."""
AREAS = "areas"
"""The division into census small areas."""


def language() -> text.Language:
    """The reader's language; Japanese unless asked otherwise."""
    default = os.environ.get("IBASHO_LANG", "ja")
    chosen = st.session_state.setdefault("language", default if default in text.LANGUAGES else "ja")
    return cast("text.Language", chosen)


def choose_language() -> None:
    """Take the language from its control; the study stays."""
    st.session_state["language"] = st.session_state["language_control"] or language()


def project() -> Project | None:
    """The project of the environment; None when there is none."""
    folder = os.environ.get("IBASHO_PROJECT")
    return projects.open_(Path(folder)) if folder else None


def study(opened: Project) -> Study:
    """The question that is asked now: the project's, with what the reader changed."""
    if st.session_state.get("study_of") != (str(opened.path), opened.study.fingerprint()):
        st.session_state["study_of"] = (str(opened.path), opened.study.fingerprint())
        st.session_state["study"] = opened.study
    return cast("Study", st.session_state["study"])


def change(**fields: Any) -> None:
    """Ask something else; refused values raise, so the study is always a valid one."""
    st.session_state["study"] = st.session_state["study"].with_(**fields)


def get(name: str, default: Any) -> Any:
    """A choice that outlives its control (Streamlit forgets controls when the page changes)."""
    return st.session_state.setdefault(f"own_{name}", default)


def put(name: str, value: Any) -> None:
    """Keep a choice."""
    st.session_state[f"own_{name}"] = value


def keep(opened: Project) -> None:
    """Write the question into the project, so that the command line asks the same."""
    changed = opened.with_study(st.session_state["study"])
    st.session_state["study_of"] = (str(changed.path), changed.study.fingerprint())
