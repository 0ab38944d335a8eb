"""How far is it to the nearest fitting place, and for how many people is that near enough?"""

from __future__ import annotations

import streamlit as st

from app import state, widgets
from geo.present import maps, reach, tables

page = widgets.open_page("coverage")
widgets.controls(page)
assessment, prepared, study = page.assessment, page.prepared, page.study

left, right = st.columns([7, 4], gap="medium")
with right:
    figures = st.container()
    if state.role() == state.PLANNER:
        widgets.moment(page)
        if study.open_at is not None:
            widgets.table(reach.at_moment(assessment.summary, language=page.language))
    area = widgets.choose_area(page)
with left:  # the map first: figures and tables take longer, and are looked at after it
    shown = {"study": study, "language": page.language, "mark": area, **widgets.shown(page)}
    if st.toggle(page.say("coverage.catchments"), help=page.say("coverage.catchments_help")):
        view = maps.catchments(prepared.cells, **shown)
    else:
        view = maps.coverage(assessment.coverage_at, prepared.cells, prepared.small_areas, **shown)
    widgets.draw(page, view, clicked=widgets.area_clicked(page))
    widgets.method(page)
names = "area_coverage", "opening", "zone_opening", "zone_summary", "dependence", "functions", "summary"
widgets.work_out(page, *names, "partners", "salons")
with figures:
    widgets.figures(widgets.key_figures(page))
with right:
    if area is not None:
        one = widgets.id_of_area(page, area)
        widgets.table(
            tables.area(
                assessment.area_coverage, prepared.small_areas, one, study=study, language=page.language
            )
        )
        widgets.table(reach.week(assessment.area_opening, one, study=study, language=page.language))

division = widgets.division(page)
if division == state.AREAS:
    rows = tables.areas(assessment.area_coverage, prepared.small_areas, study=study, language=page.language)
else:
    rows = tables.zones(assessment.zone_summary, system=division, study=study, language=page.language)
st.subheader(page.say("coverage.table"), anchor=False)
widgets.table(rows)
for note in tables.zone_notes(assessment.summary, system=division, language=page.language):
    widgets.words_of(note)
widgets.download(
    page, "coverage", rows, widgets.shapes(page, "areas" if division == state.AREAS else "zones")
)

st.subheader(page.say("reach.title"), anchor=False)
summary, language = assessment.summary, page.language
is_planner = state.role() == state.PLANNER
if is_planner:
    widgets.figures(reach.figures(summary, study=study, language=language))
when, what = st.columns([1, 1], gap="medium")
with when:
    timetable = reach.timetable(summary, study=study, language=language)
    widgets.table(timetable)
    widgets.words_of(reach.dayparts(summary, study=study, language=language))
    widgets.download(page, "timetable", timetable)
with what:
    widgets.table(reach.functions(summary, study=study, language=language))
if is_planner:
    widgets.table(reach.dependence(assessment.dependence, prepared.places, study=study, language=language))
    widgets.table(reach.partners(assessment.partners, prepared.places, study=study, language=language))
    widgets.salons(page)
widgets.not_known(page)
