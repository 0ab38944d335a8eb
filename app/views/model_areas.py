"""Which areas become model areas, and how sure is that when the members disagree? For a committee's projector."""

from __future__ import annotations

import streamlit as st

from app import committee as room
from app import records, widgets
from geo.present import committee

page = widgets.open_page("model_areas")
language = page.language
with st.container():  # The first time something is worked out here; what follows keeps its place on the page.
    asked = room.question(page)
room.controls(page, asked)
with st.expander(page.say("model_areas.members", n=len(asked.members)), icon=":material/groups:"):
    room.members(page, asked)
result = room.answer(page, asked)
names = room.names(page, asked.system)

widgets.proposal(page.say("model_areas.proposal"), committee.chosen(result, names))
widgets.figures(committee.figures(result, language))
left, right = st.columns([6, 5], gap="medium")
with left:
    st.html(committee.acceptability(result, names, language))
    widgets.words_of(page.say("model_areas.acceptability_note", draws=f"{result['draws']:,}"))
with right:
    view = committee.view(
        result, page.prepared.cells, page.prepared.membership, language=language, **widgets.shown(page)
    )
    widgets.draw(page, view, clicked=lambda _layer, _row: None)

st.subheader(page.say("model_areas.ranks"), anchor=False)
rows = committee.ranking(result, names, language)
widgets.table(rows)
widgets.download(page, "model_areas", rows, widgets.shapes(page, "zones"))
widgets.words_of(page.say("model_areas.ranks_note"))
with st.expander(page.say("model_areas.values")):
    widgets.table(committee.scores(result, names, language))
    widgets.table(committee.types(result, names, language))
    widgets.words_of(page.say("model_areas.types_note"))

st.subheader(page.say("model_areas.why"), anchor=False)
widgets.sentences(room.pair(page, result, names))

st.subheader(page.say("model_areas.views"), anchor=False)
widgets.table(committee.members(result, names, language))
widgets.table(committee.weights(result, language))

st.subheader(page.say("model_areas.portfolio"), anchor=False)
choice, compared = st.columns(2, gap="medium")
with choice:
    widgets.table(committee.alternatives(result, names, language))
with compared:
    widgets.table(committee.comparison(result, names, language))

records.keep(page, asked)
widgets.method(page)
widgets.not_known(page)
