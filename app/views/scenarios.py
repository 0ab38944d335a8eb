"""What if a place opened, closed, moved or opened longer? Built by clicks, side by side with today."""

from __future__ import annotations

import streamlit as st

from app import prospects, widgets
from geo.present import comparison, maps

page = widgets.open_page("scenarios")
widgets.controls(page)
language, prepared, study = page.language, page.prepared, page.study

left, right = st.columns([7, 4], gap="medium")
with right:
    area = widgets.choose_area(page, label="scenarios.where", hint="controls.area_hint")
    prospects.build(page, area)
then = prospects.then(page)
with left:
    view = maps.coverage(
        then.coverage,
        prepared.cells,
        prepared.small_areas,
        study=study,
        language=language,
        mark=area,
        **widgets.shown(page),
    )
    widgets.draw(page, prospects.view(page, view), clicked=widgets.area_clicked(page))
    prospects.listed(page)

st.subheader(page.say("scenarios.compare"), anchor=False)
found = prospects.compared(page)
if found is None:
    st.info(page.say("scenarios.empty"))
else:
    table, costs = found
    rows = comparison.whole(table, costs, study=study, language=language)
    widgets.table(rows)
    widgets.download(page, "scenarios", rows)
    widgets.words_of(page.say("scenarios.note"))
    names = prospects.zone_names(page)
    if names:
        zones = comparison.by_zone(table, names, list(costs), study=study, language=language)
        widgets.table(zones)
        widgets.download(page, "scenarios_zones", zones)
widgets.method(page)
widgets.not_known(page)
