"""Where may the risk of isolation be relatively high, and does it meet poor access?"""

from __future__ import annotations

import streamlit as st

from app import state, widgets
from geo.present import maps, sheet, tables

page = widgets.open_page("isolation")
widgets.controls(page)
assessment, prepared, study = page.assessment, page.prepared, page.study

COLOURS = ("risk", "both", "hot")
widgets.choose(page, "colour", COLOURS, "isolation.colour", lambda name: page.say(f"isolation.colour_{name}"))
left, right = st.columns([7, 4], gap="medium")
with right:
    widgets.figures(tables.isolation_figures(assessment.summary, language=page.language))
    area = widgets.choose_area(page)
    if area is not None:
        one, name = widgets.id_of_area(page, area), widgets.name_of_area(page, area)
        parts = assessment.indicators
        widgets.table(
            tables.need(assessment.isolation, parts, one, study=study, language=page.language, name=name)
        )
        widgets.table(sheet.certainty(assessment.isolation, one, language=page.language, name=name))
    st.info(page.say("isolation.caution"))
with left:
    shown = {"language": page.language, "mark": area, **widgets.shown(page)}
    if state.one_of("colour", COLOURS) == "both":
        view = maps.risk_and_access(assessment.isolation, prepared.small_areas, study=study, **shown)
    elif state.one_of("colour", COLOURS) == "hot":
        view = maps.hot_spots(assessment.isolation, prepared.small_areas, **shown)
    else:
        view = maps.risk(assessment.isolation, prepared.small_areas, **shown)
    widgets.draw(page, view, clicked=widgets.area_clicked(page))
    widgets.method(page)

st.subheader(page.say("isolation.first"), anchor=False)
widgets.words_of(page.say("isolation.first_lead"))
first = sheet.priorities(assessment.priorities, prepared.small_areas, language=page.language)
widgets.table(first)
widgets.download(page, "priorities", first)
st.subheader(page.say("isolation.table"), anchor=False)
rows = tables.isolation(
    assessment.isolation, assessment.indicators, prepared.small_areas, study=study, language=page.language
)
widgets.table(rows)
widgets.download(page, "isolation", rows, widgets.shapes(page, "areas"))
widgets.not_known(page)
