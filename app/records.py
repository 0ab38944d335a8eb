"""The record of a decision: kept in the project, handed out as a file and as a page to sign."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from app import state, writes
from app.widgets import Page, words_of
from geo import decisions
from geo.present import records
from geo.project import Project


def keep(page: Page, asked: decisions.Question) -> None:
    """The button that keeps what is shown, and the records that were kept."""
    kind = next(name for name, own in decisions.KINDS.items() if isinstance(asked, own))
    st.subheader(page.say("record.heading"), anchor=False)
    words_of(page.say("record.lead"))
    st.button(
        page.say("record.keep"),
        type="primary",
        icon=":material/approval:",
        on_click=state.attempt,
        args=(_keep, page, asked),
    )
    if told := state.get("decided", None):
        st.success(page.say("record.kept", name=told))
        state.put("decided", None)
    for name in decisions.kept(page.project, kind):
        _offer(page, decisions.read(page.project, name), name)


def _keep(page: Page, asked: decisions.Question) -> None:
    with st.spinner(page.say("record.working")):
        own = Project(page.project.path, page.study)
        state.put("decided", writes.record(own, page.prepared, asked))


def _offer(page: Page, record: dict[str, Any], name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"record_{name}"):
        words_of(page.say("record.named", name=name))
        st.download_button(
            page.say("record.print"),
            lambda: records.page(record, page.language).encode(),
            file_name=f"ibasho_{record['kind']}_{name}.html",
            mime="text/html",
            key=f"print_{name}",
            on_click="ignore",
        )
        st.download_button(
            "JSON",
            lambda: json.dumps(record, ensure_ascii=False, indent=2).encode(),
            file_name=f"ibasho_{record['kind']}_{name}.json",
            mime="application/json",
            key=f"json_{name}",
            on_click="ignore",
        )
