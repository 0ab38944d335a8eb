"""Where, for whom, how far: the figures at a glance."""

from __future__ import annotations

import streamlit as st

from app import state, widgets, writes
from geo.present import tables

page = widgets.open_page("start")
widgets.controls(page)
summary, study = page.assessment.summary, page.study

widgets.heading(page.say("start.heading", place=widgets.place(page), group=page.group, limit=study.limit_m))
widgets.figures(widgets.key_figures(page))
widgets.method(page)

reach, worst = st.columns(2, gap="medium")
with reach:
    if state.role() == state.PLANNER:
        st.subheader(page.say("start.reach"), anchor=False)
        rows = tables.distances(page.assessment.coverage, study=study, language=page.language)
        widgets.table(rows)
        widgets.download(page, "distances", rows)
    st.page_link("views/coverage.py", label=page.say("start.to_coverage"), icon=":material/map:")
with worst:
    st.subheader(page.say("start.worst"), anchor=False)
    gap_rows = tables.gaps(
        page.assessment.gaps.head(5), widgets.gap_names(page), study=study, language=page.language
    )
    widgets.table(gap_rows)
    st.page_link("views/gaps.py", label=page.say("start.to_gaps"), icon=":material/search:")

widgets.not_known(page)
st.subheader(page.say("start.sources"), anchor=False)
widgets.table(tables.datasets(summary, language=page.language))
if study != page.project.study and state.role() == state.PLANNER:
    st.button(
        page.say("start.keep"),
        help=page.say("start.keep_help"),
        on_click=state.attempt,
        args=(writes.keep_study, page.project),
    )
