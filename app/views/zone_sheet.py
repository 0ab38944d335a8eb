"""One zone on one sheet of paper: people, places, gaps, need, rules, and what is not known."""

from __future__ import annotations

import streamlit as st

from app import state, widgets
from geo.present import reach, sheet

page = widgets.open_page("zone_sheet")
widgets.controls(page)
assessment, prepared, study, language = page.assessment, page.prepared, page.study, page.language
zone = widgets.sheet_zone(page)

widgets.heading(page.say("zone_sheet.heading", place=widgets.place(page)))
widgets.figures(widgets.key_figures(page))
widgets.method(page)
with st.container(key="sheet"):
    widgets.table(sheet.people(assessment.zone_summary, zone, study=study, language=language))
    left, right = st.columns(2, gap="medium")
    with left:
        widgets.table(
            sheet.places(widgets.named_places(page), prepared.zone_points[0], zone, language=language)
        )
        widgets.words_of(widgets.vacancies(page, zone))
        if state.role() == state.PLANNER:
            widgets.salons_in(page, zone)
    with right:
        widgets.table(sheet.gaps(assessment.gaps, widgets.gap_names(page), zone, language=language))
        whole = widgets.municipal_zone(page)
        widgets.table(sheet.need(assessment.zone_indicators, zone, whole, language=language))
        st.info(page.say("isolation.caution"))
    week, inside = st.columns(2, gap="medium")
    with week:
        widgets.table(reach.week(assessment.zone_opening, zone, study=study, language=language))
    with inside:
        widgets.table(reach.week_inside(assessment.zone_opening, zone, study=study, language=language))
        widgets.words_of(reach.days_without(assessment.zone_opening, zone, study=study, language=language))
    if state.role() == state.PLANNER:
        located = prepared.zone_points[0]
        own = located.loc[located["zone_id"] == zone, "place_id"]
        network = {"study": study, "language": language, "inside": own}
        widgets.table(reach.partners(assessment.partners, prepared.places, **network))
    rules, beside = st.columns(2, gap="medium")
    with rules:
        widgets.table(sheet.rules(assessment.scorecard, zone, language=language))
    with beside:
        widgets.table(sheet.neighbours(assessment.crosswalk, prepared.zones, zone, language=language))
    widgets.table(sheet.systems(assessment.system_summary, study=study, language=language))
    widgets.table(sheet.equity(assessment.equity, study=study, language=language))
widgets.download(
    page, "zone_sheet", sheet.people(assessment.zone_summary, zone, study=study, language=language)
)
widgets.not_known(page)
