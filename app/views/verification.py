"""Did it work? A kept run beside today, areas with the project beside areas without."""

from __future__ import annotations

import streamlit as st

from app import verification, widgets

page = widgets.open_page("verification")
widgets.controls(page)
run = verification.choose_run(page)
treated = verification.choose_areas(page)
if run is None:
    st.info(page.say("verification.no_run"))
else:
    table = verification.changes(page, run)
    widgets.sentences(verification.sentences(page, table, treated))
    rows = verification.rows(page, table, treated)
    widgets.table(rows)
    widgets.download(page, "verification", rows)
    widgets.words_of(page.say("verification.note"))
widgets.method(page)
widgets.not_known(page)
