"""Results by data version and study: measured once for everybody, never changed afterwards."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

import pandas as pd
import streamlit as st

from app import assets, state
from geo import decisions, pipeline, prospects, schemas, siting
from geo.decide.questions import Committee, Siting
from geo.decide.scenarios import Scenario
from geo.pipeline import Assessment, Prepared
from geo.project import Project
from geo.study import Study

KEPT = 3
"""Measured study areas that stay in memory."""
KEPT_ANSWERS = 16
"""Studies answered that stay in memory: in a city of 5 000 areas each holds some 70 MB."""


def version(project: Project, study: Study) -> str:
    """The data version: changes when the store's file or what the preparation asks of the study changes."""
    store = project.path / "store.gpkg"
    stamp = store.stat().st_mtime_ns if store.is_file() else 0
    asked = study.with_(limit_m=study.limits_m[0], gap_group=study.groups[0].group, gap_kind="any")
    return _version(str(project.path), stamp, asked.fingerprint(), _project=project, _study=study)


@st.cache_data(max_entries=32, show_spinner=False)
def _version(path: str, stamp: int, asked: str, *, _project: Project, _study: Study) -> str:  # noqa: ARG001
    return pipeline.data_version(_project.store.read(schemas.Datasets), _study)


@st.cache_resource(max_entries=1, show_spinner=False)
def _shelf() -> tuple[Lock, OrderedDict[str, Prepared]]:
    return Lock(), OrderedDict()


def prepared(version: str, *, project: Project, progress: pipeline.Progress) -> Prepared:
    """The measured study area: takes long, once for everybody.

    Streamlit replays whatever is drawn inside a cached function, so the progress, which is drawn on the
    reader's own page, needs this shelf instead.
    """
    lock, shelf = _shelf()
    while not lock.acquire(timeout=state.LOOK_S):
        state.give_way()
    try:
        if version not in shelf:
            shelf[version] = pipeline.prepare(project, progress=progress)
            while len(shelf) > KEPT:
                shelf.popitem(last=False)
        return shelf[version]
    finally:
        lock.release()


@st.cache_resource(max_entries=KEPT_ANSWERS, show_spinner=False)
def assessment(version: str, fingerprint: str, *, _prepared: Prepared, _study: Study) -> Assessment:  # noqa: ARG001
    """One study answered: what a moved slider asks for."""
    return pipeline.assess(_prepared, _study)


@st.cache_resource(max_entries=KEPT_ANSWERS, show_spinner=False)
def outward(version: str, fingerprint: str, *, _assessment: Assessment) -> Assessment:  # noqa: ARG001
    """One study answered, as the public may see it."""
    return pipeline.outward(_assessment)


@st.cache_resource(max_entries=8, show_spinner=False)
def geometry(version: str, *, _prepared: Prepared) -> Mapping[str, str]:
    """The files of the layers, by layer; written when this machine has not drawn these data before."""
    return assets.publish(version, _prepared)


@st.cache_data(max_entries=64, show_spinner=False)
def area_facts(
    version: str,  # noqa: ARG001
    fingerprint: str,  # noqa: ARG001
    system: str,
    *,
    _prepared: Prepared,
    _assessment: Assessment,
    _group: str,
) -> pd.DataFrame:
    """By what the areas of a zone system may be compared."""
    return decisions.area_facts(_prepared, _assessment, system=system, group=_group)


@st.cache_data(max_entries=64, show_spinner=False)
def committee(
    version: str,  # noqa: ARG001
    fingerprint: str,  # noqa: ARG001
    asked: str,  # noqa: ARG001
    *,
    _prepared: Prepared,
    _assessment: Assessment,
    _question: Committee,
) -> decisions.Document:
    """A committee's question answered."""
    return decisions.model_area_answer(_prepared, _assessment, _question)


@st.cache_data(max_entries=32, show_spinner=False)
def sites(
    version: str,  # noqa: ARG001
    fingerprint: str,  # noqa: ARG001
    asked: str,  # noqa: ARG001
    *,
    _prepared: Prepared,
    _study: Study,
    _question: Siting,
) -> decisions.Document:
    """A planner's question answered: a proof, so it may take a while."""
    return siting.answer(_prepared, _study, _question)


@st.cache_resource(max_entries=8, show_spinner=False)
def prospect(version: str, asked: str, *, _prepared: Prepared, _scenario: Scenario) -> Prepared:  # noqa: ARG001
    """The study area as it would be."""
    return prospects.then(_prepared, _scenario)


@st.cache_data(max_entries=32, show_spinner=False)
def numbers(
    version: str,  # noqa: ARG001
    fingerprint: str,  # noqa: ARG001
    asked: str,  # noqa: ARG001
    *,
    _area: Prepared,
    _now: Prepared,
    _study: Study,
) -> pd.DataFrame:
    """The numbers of today or of a scenario."""
    return prospects.numbers(_area, _study, now=_now)
