"""How to begin, what numbers mean, the keyboard, the words on screen, and where the data come from."""

from __future__ import annotations

import streamlit as st

from app import pages, state, widgets
from geo import schemas, text
from geo.present import manual, reports

language = state.language()


def say(key: str) -> str:
    return text.say(f"help.{key}", language)


st.title(say("title"), anchor=False)
widgets.words_of(say("lead"))
project = state.project()
if project:
    state.study(project)
    state.from_link()
    state.to_link(project)

is_planner = state.role() == state.PLANNER
st.subheader(say("begin"), anchor=False)
widgets.sentences(manual.listed("help_step" if is_planner else "help_public_step", language), tag="ol")
widgets.table(manual.pages(pages.shown(), language=language))
st.subheader(say("limits"), anchor=False)
widgets.sentences(manual.listed("help_limit", language))
st.subheader(say("keys"), anchor=False)
widgets.table(manual.keys(language=language))

st.subheader(say("glossary"), anchor=False)
asked = st.text_input(say("search"), key="term")
widgets.table(manual.glossary(asked, language=language))

st.subheader(say("sources"), anchor=False)
held = project.store.read(schemas.Datasets) if project else None
if held is None or held.empty:
    widgets.words_of(say("no_sources"))
else:
    widgets.table(reports.editions(held, language=language))
