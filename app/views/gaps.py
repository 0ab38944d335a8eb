"""Where is nobody within the walk? A ranked list and the map, each choosing in the other."""

from __future__ import annotations

import streamlit as st

from app import state, widgets
from geo.present import maps, reach, tables

page = widgets.open_page("gaps")
widgets.controls(page)
assessment, prepared, study = page.assessment, page.prepared, page.study
names = widgets.gap_names(page)
ids = assessment.gaps["gap_id"].tolist()


def clicked(layer: str, row: int) -> None:
    """Choose the gap of a number or of a cell."""
    gap = ids[row] if layer == "badges" else widgets.gap_of_cell(page, row) if layer == "cells" else None
    if gap:
        state.put("gap", gap)


left, right = st.columns([7, 4], gap="medium")
with right:
    widgets.figures(tables.gap_figures(assessment.summary, language=page.language))
    gap = widgets.choose_gap(page, names)
    if gap:
        widgets.table(
            tables.gap(assessment.gaps, gap, names, prepared.zones, study=study, language=page.language)
        )
        if state.role() == state.PLANNER:
            closers = (assessment.gap_options, gap, prepared.places)
            widgets.table(reach.options(*closers, study=study, language=page.language))
with left:
    view = maps.gaps(
        assessment.coverage,
        assessment.gap_cells,
        assessment.gaps,
        prepared.cells,
        prepared.small_areas,
        study=study,
        chosen=gap,
        language=page.language,
        **widgets.shown(page),
    )
    widgets.draw(page, view, clicked=clicked)
    widgets.method(page)

st.subheader(page.say("gaps.table"), anchor=False)
rows = tables.gaps(assessment.gaps, names, study=study, language=page.language)
widgets.table(rows, marked=ids.index(gap) if gap else None)
widgets.download(page, "gaps", rows, widgets.shapes(page, "gaps"))
widgets.not_known(page)
