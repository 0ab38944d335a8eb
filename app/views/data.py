"""Files in: what was understood, what would change, and only then into the project."""

from __future__ import annotations

import streamlit as st

from app import state, uploads, widgets, writes
from geo import project as projects
from geo import schemas, sources, text
from geo.present import reports

TIERS = ("", "small", "middle", "municipal")

project, language = widgets.open_project("data"), state.language()


def say(key: str, **values: object) -> str:
    return text.say(f"data.{key}", language, **values)


def read(mapping: dict[str, str]) -> None:
    files = [uploads.File(one.name, one.getvalue()) for one in st.session_state["upload"]]
    told = {"kind": st.session_state["kind"] or None, "tier": st.session_state["tier"] or None}
    told |= {"system": st.session_state["system"].strip() or None}
    with st.spinner(say("reading")):
        state.put("upload", uploads.read(project, files, mapping=mapping, **told) if files else None)


def accept(found: projects.Changes) -> None:
    writes.accept(project, found, st.session_state["who"])
    state.put("upload", None)
    state.put("told", "done")


def undo() -> None:
    writes.undo(project, st.session_state["who_undo"])
    state.put("told", "undone")


if told := state.get("told", None):
    st.success(say(told))
    state.put("told", None)
with st.expander(say("how")):
    kinds = {kind: text.say(f"dataset.{kind}", language) for kind in sources.KINDS}
    st.selectbox(say("kind"), ["", *kinds], format_func=lambda k: kinds.get(k, say("kind_auto")), key="kind")
    st.text_input(say("system"), key="system")
    st.selectbox(say("tier"), TIERS, format_func=lambda t: say(f"tier_{t or 'auto'}"), key="tier")
st.file_uploader(
    say("upload"),
    accept_multiple_files=True,
    help=say("upload_help"),
    key="upload",
    on_change=read,
    args=({},),
)

upload: uploads.Upload | None = state.get("upload", None)
if upload is not None:
    if upload.problem:
        widgets.tell(upload.problem, language)
    if upload.header and (chosen := widgets.mapping(upload, language)) is not None:
        read(chosen)
        state.put("told", "mapped")
        st.rerun()
    if upload.found is not None:
        st.subheader(say("found"), anchor=False)
        widgets.readings(upload.found, language)
        if upload.found.tables:
            st.text_input(say("who"), key="who", autocomplete="name")
            st.button(say("accept"), type="primary", on_click=state.attempt, args=(accept, upload.found))
        else:
            st.info(say("nothing"))

st.subheader(say("held"), anchor=False)
held = project.store.read(schemas.Datasets)
if held.empty:
    st.info(say("empty"))
else:
    widgets.table(reports.editions(held, language=language))
    one = st.selectbox(say("one"), held["dataset_id"].tolist(), index=None, placeholder=say("one_hint"))
    if one:
        notes = project.store.read(schemas.Notes)
        widgets.table(reports.dataset(held.set_index("dataset_id", drop=False).loc[one], language=language))
        widgets.table(reports.notes(notes[notes["dataset_id"] == one], language=language))
    st.subheader(say("history"), anchor=False)
    widgets.table(reports.history(project.store.read(schemas.History), language=language))
    st.text_input(say("who"), key="who_undo", autocomplete="name")
    st.button(say("undo"), on_click=state.attempt, args=(undo,))
st.subheader(text.say("app.not_known", language), anchor=False)
widgets.words_of(say("not_known"))
