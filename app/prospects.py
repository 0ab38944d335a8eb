"""Building scenarios by clicks: places opened, closed, moved or with other hours; up to three plans side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import pandas as pd
import streamlit as st

from app import cache, state, widgets
from app.siting import TEN_THOUSAND
from app.widgets import Page
from geo import prospects
from geo.decide import scenarios
from geo.decide.scenarios import Scenario
from geo.pipeline import Prepared
from geo.present import comparison, tables, words
from geo.present.maps import View

PLANS = ("A", "B", "C")
DOINGS = ("open", "close", "move", "hours")


@dataclass(frozen=True)
class Action:
    """One change that was clicked together."""

    doing: str
    place_id: str = ""
    name: str = ""
    at: tuple[float, float] | None = None
    days: float | None = None
    hours: str = ""
    cost_yen: float = 0


def actions(plan: str) -> tuple[Action, ...]:
    """What a plan holds."""
    own: tuple[Action, ...] = state.get(f"plan_{plan}", ())
    return own


def plan() -> str:
    """The plan that is built now."""
    return state.one_of("plan", PLANS)


def scenario(name: str) -> Scenario:
    """A plan as a scenario; the last word about a place counts."""
    own = actions(name)
    opened = {
        f"{name}:{i}": (one.at, _said(one)) for i, one in enumerate(own) if one.doing == "open" and one.at
    }
    return Scenario(
        name,
        opened=opened,
        closed=tuple(sorted({one.place_id for one in own if one.doing == "close"})),
        moved={one.place_id: one.at for one in own if one.doing == "move" and one.at},
        changed={one.place_id: _said(one) for one in own if one.doing == "hours"},
        cost_yen=sum(one.cost_yen for one in own),
    )


def _said(one: Action) -> dict[str, Any]:
    known: dict[str, Any] = {"open_days_per_week": one.days}
    if one.hours:
        known["opening_text"] = one.hours
    return {**known, "name": one.name} if one.doing == "open" else known


def build(page: Page, area: int | None) -> None:
    """The controls of one more action: what, where, when, for how much."""
    widgets.choose(page, "plan", PLANS, "scenarios.plans", lambda name: page.say("scenarios.plan", name=name))
    widgets.choose(page, "doing", DOINGS, "scenarios.doing", lambda doing: page.say(f"scenarios.{doing}"))
    doing = state.one_of("doing", DOINGS)
    place = None if doing == "open" else _place(page)
    name = st.text_input(page.say("scenarios.name"), key="plan_name", max_chars=60) if doing == "open" else ""
    days, hours = _hours(page) if doing in ("open", "hours") else (None, "")
    cost = st.number_input(page.say("scenarios.cost_of"), 0, 100_000, step=10, key="plan_cost")
    spot = _spot(page, area) if doing in ("open", "move") else None
    if doing in ("open", "move"):
        st.info(page.say("scenarios.spot" if spot else "scenarios.no_spot", area=_area(page, area)))
    one = Action(doing, place or "", name.strip(), spot, days, hours, float(cost * TEN_THOUSAND))
    ready = (place or doing == "open") and (spot or doing in ("close", "hours"))
    st.button(page.say("scenarios.add"), type="primary", disabled=not ready, on_click=_add, args=(page, one))


def _area(page: Page, area: int | None) -> str:
    return "" if area is None else words.plain(widgets.name_of_area(page, area))


def _spot(page: Page, area: int | None) -> tuple[float, float] | None:
    origin = widgets.spot(page, area)
    if origin is None:
        return None
    point = page.prepared.origins.set_index("origin_id").geometry[origin]
    return (round(point.x, 1), round(point.y, 1))


def _place(page: Page) -> str | None:
    own = page.prepared.places
    running = own[own["status"] == "open"]
    names = dict(zip(running["place_id"], running["name"].astype(str), strict=True))
    chosen: str | None = st.selectbox(
        page.say("scenarios.place"),
        list(names),
        index=None,
        format_func=lambda one: names.get(one, one),
        placeholder=page.say("scenarios.place_hint"),
        key="plan_place",
    )
    return chosen


def _hours(page: Page) -> tuple[float, str]:
    hours = st.text_input(page.say("scenarios.hours_words"), key="plan_hours", max_chars=120).strip()
    said = prospects.days_of(hours)
    if not math.isnan(said):
        st.caption(page.say("scenarios.understood", days=f"{said:g}"))
        return said, hours
    if hours:
        st.caption(page.say("scenarios.not_understood"))
    return float(st.slider(page.say("scenarios.days"), 1, 7, 5, key="plan_days")), hours


def _add(page: Page, one: Action) -> None:
    name = one.name or page.say("scenarios.nameless", n=len(actions(plan())) + 1)
    kept = [
        old
        for old in actions(plan())
        if old.doing == "open" or (old.place_id, old.doing) != (one.place_id, one.doing)
    ]
    state.put(f"plan_{plan()}", (*kept, replace(one, name=name)))


def listed(page: Page) -> None:
    """The actions of the plan, each with a button that takes it out."""
    own = page.prepared.places.set_index("place_id")["name"]
    for i, one in enumerate(actions(plan())):
        name = one.name if one.doing == "open" else str(own.get(one.place_id, one.place_id))
        text, button = st.columns([5, 1], vertical_alignment="center")
        with text:
            said = page.say(f"scenarios.{one.doing}")
            widgets.words_of(page.say("scenarios.action", n=i + 1, doing=said, name=name))
        button.button(
            page.say("scenarios.remove", n=i + 1),
            key=f"plan_remove_{i}",
            on_click=lambda at=i: state.put(
                f"plan_{plan()}", tuple(one for j, one in enumerate(actions(plan())) if j != at)
            ),
        )


def view(page: Page, drawn: View) -> View:
    """The map with the numbers of the actions that open or move a place."""
    spots = {i + 1: one.at for i, one in enumerate(actions(plan())) if one.at}
    if not spots:
        return drawn
    points = gpd.points_from_xy(*zip(*spots.values(), strict=True))
    series = gpd.GeoSeries(points, index=list(spots), crs=page.prepared.origins.crs)
    return replace(drawn, badges=comparison.badges(series))


def then(page: Page) -> Prepared:
    """The study area of the plan that is built; today's while it is empty."""
    own = scenario(plan())
    if not own.actions:
        return page.prepared
    with st.spinner(page.say("scenarios.working")):
        return cache.prospect(page.version, repr(own), _prepared=page.prepared, _scenario=own)


def compared(page: Page) -> tuple[pd.DataFrame, dict[str, tuple[int, float]]] | None:
    """Today beside every plan that holds something, with their number of actions and costs."""
    own = {name: found for name in PLANS if (found := scenario(name)).actions}
    if not own:
        return None
    fingerprint = page.study.fingerprint()

    def numbers(asked: str, area: Prepared) -> pd.DataFrame:
        told: pd.DataFrame = cache.numbers(
            page.version, fingerprint, asked, _area=area, _now=page.prepared, _study=page.study
        )
        return told

    with st.spinner(page.say("scenarios.working")):
        told = {
            name: numbers(
                repr(found),
                cache.prospect(page.version, repr(found), _prepared=page.prepared, _scenario=found),
            )
            for name, found in own.items()
        }
        table = scenarios.compare(numbers("", page.prepared), told)
    return table, {name: (found.actions, found.cost_yen) for name, found in own.items()}


def zone_names(page: Page) -> dict[str, str]:
    """The zones of the chosen division; of the first system where areas are chosen."""
    division = widgets.division(page)
    systems = widgets.systems(page)
    system = division if division in systems else systems[0] if systems else ""
    own = page.assessment.zone_summary
    # People outside every zone are no area of their own.
    inside = own["zone_id"].isin(page.prepared.zones["zone_id"])
    own = own[(own["system"] == system) & inside].drop_duplicates("zone_id")
    return {
        row.zone_id: tables.zone_name(row.name, row.members, page.language)
        for row in own.itertuples(index=False)
    }
