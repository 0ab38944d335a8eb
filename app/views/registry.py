"""The registry: find an entry, see it whole, change or confirm it; decide pairs; take back; files."""

from __future__ import annotations

import streamlit as st

from app import forms, state, widgets
from geo import schemas, text
from geo.present import entries, reports

SECTIONS = ("find", "pairs", "files", "past")

project, language = widgets.open_project("registry"), state.language()
state.study(project)
state.from_link()
state.to_link(project)
records = project.store.read(schemas.Places)
past = project.store.read(schemas.History)

if told := state.get("told", None):
    st.success(forms.say(told))
    state.put("told", None)
if records.empty:
    st.info(forms.say("empty"))
else:
    st.segmented_control(
        forms.say("section"),
        SECTIONS,
        format_func=lambda name: forms.say(f"section_{name}"),
        label_visibility="collapsed",
        **state.control(
            "section_control",
            state.one_of("section", SECTIONS),
            lambda name: state.put("section", name or "find"),
        ),
    )
    section = state.one_of("section", SECTIONS)
    if section == "find":
        found = forms.search(records)
        n = int(found["is_due"].sum())
        if n:
            st.warning(forms.say("due", n=n))
        forms.table(found)
        place = forms.choose(found)
        if place:
            row = records.set_index("place_id", drop=False).loc[place].to_dict()
            left, right = st.columns(2, gap="large")
            with left, st.container(key="whole_entry"):
                st.subheader(forms.say("entry"), anchor=False)
                widgets.table(entries.entry(row, language=language))
            with right:
                st.subheader(forms.say("edit"), anchor=False)
                forms.entry(project, row, version=len(past))
            widgets.table(entries.history(past, place, language=language))
    elif section == "pairs":
        forms.pairs(project, records)
    elif section == "files":
        forms.files(project, records)
    else:
        widgets.table(reports.history(past, language=language))
        forms.undo(project)
st.subheader(text.say("app.not_known", language), anchor=False)
widgets.words_of(forms.say("not_known"))
