"""Results by data version and study: measured once for everybody, never changed afterwards."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

import streamlit as st

from app import assets
from geo import pipeline, schemas
from geo.pipeline import Assessment, Prepared
from geo.project import Project
from geo.study import Study

KEPT = 3
"""Measured study areas that stay in memory."""


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
    with lock:
        if version not in shelf:
            shelf[version] = pipeline.prepare(project, progress=progress)
            while len(shelf) > KEPT:
                shelf.popitem(last=False)
        return shelf[version]


@st.cache_resource(max_entries=128, show_spinner=False)
def assessment(version: str, fingerprint: str, *, _prepared: Prepared, _study: Study) -> Assessment:  # noqa: ARG001
    """One study answered: what a moved slider asks for."""
    return pipeline.assess(_prepared, _study)


@st.cache_resource(max_entries=8, show_spinner=False)
def geometry(version: str, *, _prepared: Prepared) -> Mapping[str, str]:
    """The files of the layers, by layer; written when this machine has not drawn these data before."""
    return assets.publish(version, _prepared)
