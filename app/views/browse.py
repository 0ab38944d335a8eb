"""For residents: what is near me, for me, and open when I want to go?"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, time
from zoneinfo import ZoneInfo

import streamlit as st

from app import state, widgets
from geo import nearby
from geo.present import maps, tables

WALKS = ("5", "10", "15")
WHEN = ("any", "now", "at")
JAPAN = ZoneInfo("Asia/Tokyo")

page = widgets.open_page("browse")
prepared = page.prepared
minutes = int(state.one_of("minutes", WALKS))
study = page.study.with_(limit_m=page.study.walk_m(page.study.gap_group, minutes), gap_kind="any")


def chosen() -> datetime:
    """The day and time of the link; this afternoon when it names none, or one that is far off."""
    now = datetime.now(JAPAN).replace(tzinfo=None)
    with suppress(ValueError):
        said = datetime.fromisoformat(str(state.get("at", ""))).replace(tzinfo=None)
        if abs(said.year - now.year) <= 1:
            return said
    return datetime.combine(now.date(), time(14))


def moment() -> datetime | None:
    """The date and time that is asked about; Japan has one time."""
    if state.one_of("when", WHEN) == "now":
        return datetime.now(JAPAN).replace(tzinfo=None)
    if state.one_of("when", WHEN) == "any":
        return None
    asked = chosen()
    widgets.day_and_hour(
        page, "browse", chosen, lambda told: state.put("at", told.isoformat(timespec="minutes"))
    )
    return asked


left, right = st.columns([5, 6], gap="medium")
with left:
    area = widgets.choose_area(page, label="browse.area", hint="browse.area_hint")
    widgets.whom(page, label="browse.whom")
    widgets.choose(
        page,
        "minutes",
        WALKS,
        "browse.far",
        lambda m: page.say("browse.minutes", minutes=m),
    )
    widgets.choose(page, "when", WHEN, "browse.when", lambda when: page.say(f"browse.when_{when}"))
    asked = moment()
origin = widgets.spot(page, area)
found = (
    nearby.places(
        prepared.within(study.limit_m), prepared.places, origin_id=origin, moment=asked, study=study
    )
    if origin
    else None
)
with left:
    if found is None:
        st.info(page.say("browse.choose"))
    elif found.empty:
        st.warning(page.say("browse.none"))
    elif asked is None:
        st.info(page.say("browse.found", n=len(found)))
    else:
        counts = found["is_open"].value_counts()
        st.info(page.say("browse.open", n=int(counts.get(1, 0)), unknown=int(counts.get(-1, 0))))
with right:
    view = maps.nearby(
        found,
        prepared.cells,
        prepared.on_map,
        origin_id=origin,
        study=study,
        language=page.language,
        mark=area,
        **widgets.shown(page) | {"zones": None},
    )
    widgets.draw(page, view, clicked=widgets.area_clicked(page))
if found is not None:
    st.subheader(page.say("browse.table"), anchor=False)
    pace = f"{study.speed_m_per_min(study.gap_group):g}"
    widgets.words_of(page.say("browse.from", pace=pace, area=widgets.name_of_area(page, area or 0)))
    rows = tables.nearby(found, prepared.places, asked=asked is not None, language=page.language)
    widgets.table(rows)
    widgets.download(page, "nearby", rows)
widgets.not_known(page, easy="browse.not_known")
