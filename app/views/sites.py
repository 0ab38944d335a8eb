"""Which vacant property or which longer opening brings most people a place, for the money that there is?"""

from __future__ import annotations

import streamlit as st

from app import prospects, records, widgets
from app import siting as desk
from geo import siting as sitings
from geo.present import maps, siting

page = widgets.open_page("sites")
language, prepared, study = page.language, page.prepared, page.study
asked = desk.question(page)
desk.controls(page, asked)
names = siting.names(prepared.places, prepared.vacancies, language)
result = desk.answer(page, asked)

if result is not None:
    widgets.words_of(siting.proof(result, language))
if result is not None and result["chosen"]:
    widgets.figures(siting.figures(result, page.days, language))
    view = maps.coverage(
        page.assessment.coverage,
        prepared.cells,
        prepared.small_areas,
        study=study,
        language=language,
        **widgets.shown(page),
    )
    widgets.draw(page, desk.located(page, asked, result, view), clicked=lambda _layer, _row: None)
    st.subheader(page.say("sites.order"), anchor=False)
    rows = siting.plan(result, names, language)
    widgets.table(rows)
    widgets.download(page, "sites", rows)
    widgets.words_of(page.say("sites.costs_note", years=f"{asked.years:g}"))

    if result["frontier"]:
        st.subheader(page.say("sites.frontier"), anchor=False)
        desk.budgets(page, asked, result)
        st.html(siting.frontier_bars(result, asked.budget_yen, language))
        widgets.table(siting.frontier(result, names, language))

    widgets.table(siting.actions(result, names, language))
    st.subheader(page.say("sites.doubt"), anchor=False)
    widgets.table(siting.alternatives(result, names, language))
    widgets.table(siting.robustness(result, names, language))

st.subheader(page.say("sites.gate"), anchor=False)
widgets.words_of(page.say("sites.gate_note"))
widgets.table(siting.gate(sitings.gate_summary(prepared.vacancies, asked), language))
if result is not None and result.get("funnel"):
    widgets.table(siting.funnel(result, language))
if result is not None and result["chosen"]:
    records.keep(page, asked)
    if result["planned"]:
        prospects.into_registry(page, *desk.planned(page, asked, result))
widgets.method(page)
widgets.not_known(page)
