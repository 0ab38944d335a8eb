"""Did it work? A kept run beside today, areas with the project beside areas without."""

from __future__ import annotations

import streamlit as st

from app import verification, widgets

page = widgets.open_page("verification")
widgets.controls(page)
before, where = st.columns(2, gap="medium")
with before:
    run = verification.choose_run(page)
with where:
    treated = verification.choose_areas(page)
table = None if run is None else verification.changes(page, run)
if table is not None:
    told = verification.sentences(page, table, treated)
    if len(told) > 1:
        widgets.sentences(told)
    else:
        st.info(told[0])
    rows = verification.rows(page, table, treated)
    widgets.table(rows)
    widgets.download(page, "verification", rows)
    widgets.words_of(page.say("verification.note"))
verification.keep_run(page)
widgets.method(page)
widgets.not_known(page)
