"""Building scenarios by clicks: places opened, closed, moved or changed, streets added; plans side by side."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd
import streamlit as st

from app import cache, state, widgets, writes
from app.siting import TEN_THOUSAND
from app.widgets import Page
from geo import prospects, schemas
from geo.decide import questions, scenarios
from geo.decide.questions import Change, Plan
from geo.decide.scenarios import Scenario
from geo.pipeline import Prepared
from geo.present import comparison, tables, words
from geo.present.maps import View

PLANS = ("A", "B", "C")
DOINGS = ("open", "close", "move", "change", "street")


def names(page: Page) -> list[str]:
    """The plans that can be built: three, and those that the project keeps under other names."""
    return [*PLANS, *(name for name in prospects.kept(page.project) if name not in PLANS)]


def plan(page: Page) -> Plan:
    """The plan that is built now, as the project keeps it."""
    name = state.one_of("plan", names(page))
    return prospects.kept(page.project).get(name, Plan(name=name))


def scenario(page: Page, own: Plan) -> Scenario:
    """A plan in the plane of the study area."""
    return prospects.scenario(own, crs=page.prepared.crs)


def build(page: Page, area: int | None) -> None:
    """The controls of one more change: what, where, when, for whom, for how much."""
    widgets.choose(
        page, "plan", names(page), "scenarios.plans", lambda name: page.say("scenarios.plan", name=name)
    )
    widgets.choose(page, "doing", DOINGS, "scenarios.doing", lambda doing: page.say(f"scenarios.{doing}"))
    doing = state.one_of("doing", DOINGS)
    fields: dict[str, Any] = {"do": doing}
    if doing in ("close", "move", "change"):
        fields["place"] = _place(page)
    if doing == "open":
        fields["name"] = st.text_input(page.say("scenarios.name"), key="plan_name", max_chars=60).strip()
        fields["name"] = fields["name"] or page.say("scenarios.nameless", n=len(plan(page).changes) + 1)
    if doing in ("open", "change"):
        fields |= _told(page, new=doing == "open")
    fields["cost_yen"] = TEN_THOUSAND * float(
        st.number_input(page.say("scenarios.cost_of"), 0, 100_000, step=10, key="plan_cost")
    )
    if doing in ("open", "move", "street"):
        fields |= _where(page, area, doing)
    ready = all(fields.get(name) is not None for name in _needed(doing)) and (
        doing != "change" or any(fields.get(name) for name in ("hours", "days", "targets", "capacity"))
    )
    # The click may come before this page has drawn what was typed last: what counts is what stands here now.
    st.button(
        page.say("scenarios.add"),
        type="primary",
        disabled=not ready,
        on_click=lambda: state.put("plan_adding", True),
    )
    if state.get("plan_adding", False):
        state.put("plan_adding", False)
        if ready:
            _add(page, fields)


def _needed(doing: str) -> tuple[str, ...]:
    return {"open": ("at",), "street": ("at", "to"), "move": ("place", "at")}.get(doing, ("place",))


def _where(page: Page, area: int | None, doing: str) -> dict[str, Any]:
    """The clicked spot; of a street the one kept before, and the clicked one as its other end."""
    spot = _spot(page, area)
    if doing != "street":
        st.info(page.say("scenarios.spot" if spot else "scenarios.no_spot", area=_area(page, area)))
        return {"at": spot}
    begins = state.get("street_from", None)
    st.button(
        page.say("scenarios.begin_here"),
        disabled=spot is None,
        on_click=state.put,
        args=("street_from", spot),
    )
    key = "street_to" if begins and spot else "street_end" if begins else "street_begin"
    st.info(page.say(f"scenarios.{key}", area=_area(page, area)))
    return {"at": begins, "to": spot if begins else None}


def _area(page: Page, area: int | None) -> str:
    return "" if area is None else words.plain(widgets.name_of_area(page, area))


def _spot(page: Page, area: int | None) -> tuple[float, float] | None:
    """Latitude and longitude of the clicked place."""
    origin = widgets.spot(page, area)
    if origin is None:
        return None
    own = page.prepared.origins
    point = own[own["origin_id"] == origin].geometry.to_crs(schemas.STORED_CRS).iloc[0]
    return (round(point.y, 6), round(point.x, 6))


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


def _told(page: Page, *, new: bool) -> dict[str, Any]:
    """Hours, days, targets and room; of a place that is there only what shall change."""
    hours = st.text_input(page.say("scenarios.hours_words"), key="plan_hours", max_chars=120).strip()
    said = prospects.days_of(hours)
    days: float | None = None
    if not math.isnan(said):
        st.caption(page.say("scenarios.understood", days=f"{said:g}"))
    else:
        if hours:
            st.caption(page.say("scenarios.not_understood"))
        # Days that words do not say; the two never contradict each other.
        days = st.number_input(
            page.say("scenarios.days"),
            0.25,
            7.0,
            value=5.0 if new else None,
            step=0.25,
            format="%g",
            key=f"plan_days_{new}",
        )
    who, room = st.columns(2)
    targets = who.multiselect(
        page.say("scenarios.targets"),
        schemas.TARGETS,
        format_func=lambda one: words.label("place_target", one, page.language),
        key="plan_targets",
        placeholder=page.say("scenarios.everybody" if new else "scenarios.unchanged"),
    )
    capacity = room.number_input(page.say("scenarios.capacity"), 0, 10_000, value=None, key="plan_capacity")
    return {"hours": hours, "days": days, "targets": tuple(targets), "capacity": capacity}


def _add(page: Page, fields: dict[str, Any]) -> None:
    own = plan(page)
    one = questions.make(Change, {name: value for name, value in fields.items() if value is not None})
    place = (one.place, one.do)
    kept = [old for old in own.changes if not one.place or (old.place, old.do) != place]
    _keep(page, own, [*kept, one])
    state.put("street_from", None)


def _keep(page: Page, own: Plan, changes: list[Change]) -> None:
    told = [change.model_dump(exclude_defaults=True) for change in changes]
    writes.plan(page.project, questions.make(Plan, {"name": own.name, "changes": told}))


def listed(page: Page) -> None:
    """The changes of the plan, each with a button that takes it out; then the plan into the registry."""
    own, places = plan(page), page.prepared.places.set_index("place_id")["name"]
    for i, one in enumerate(own.changes):
        name = one.name or ("" if one.place is None else str(places.get(one.place, one.place)))
        text, button = st.columns([5, 1], vertical_alignment="center")
        with text:
            said = page.say(f"scenarios.{one.do}")
            widgets.words_of(page.say("scenarios.action", n=i + 1, doing=said, name=name or "–"))
        button.button(
            page.say("scenarios.remove", n=i + 1),
            key=f"plan_remove_{i}",
            on_click=state.attempt,
            args=(_keep, page, own, [one for j, one in enumerate(own.changes) if j != i]),
        )
    if any(one.do == "open" for one in own.changes):
        into_registry(page, own.name, prospects.entries(own, crs=page.prepared.crs))


def into_registry(page: Page, name: str, places: gpd.GeoDataFrame) -> None:
    """The button by which new places become entries that are being consulted about."""

    def enter() -> None:
        writes.register(page.project, places, name)
        state.put("registered", len(places))

    st.button(
        page.say("scenarios.register", n=len(places)),
        icon=":material/playlist_add:",
        key="into_registry",
        on_click=state.attempt,
        args=(enter,),
    )
    if entered := state.get("registered", None):
        st.success(page.say("scenarios.registered", n=entered))
        state.put("registered", None)


def view(page: Page, drawn: View) -> View:
    """The map with the numbers of the changes that have a spot."""
    spots = {i: one.at for i, one in enumerate(plan(page).changes, start=1) if one.at}
    if not spots:
        return drawn
    points = [(longitude, latitude) for latitude, longitude in spots.values()]
    series = gpd.GeoSeries(
        gpd.points_from_xy(*zip(*points, strict=True)), index=list(spots), crs=schemas.STORED_CRS
    )
    return replace(drawn, badges=comparison.badges(series))


def then(page: Page) -> Prepared:
    """The study area of the plan that is built; today's while it is empty."""
    own = scenario(page, plan(page))

    def walks() -> Prepared:
        if not own.actions:
            return page.prepared
        told: Prepared = cache.prospect(page.version, repr(own), _prepared=page.prepared, _scenario=own)
        return told

    return widgets.at_work(page.say("scenarios.working"), walks)


def compared(page: Page) -> tuple[pd.DataFrame, dict[str, tuple[int, float]]] | None:
    """Today beside every plan that holds something, with their number of actions and costs."""
    own = {name: scenario(page, one) for name, one in prospects.kept(page.project).items()}
    if not own:
        return None
    fingerprint = page.study.fingerprint()

    def numbers(asked: str, area: Prepared) -> pd.DataFrame:
        told: pd.DataFrame = cache.numbers(
            page.version, fingerprint, asked, _area=area, _now=page.prepared, _study=page.study
        )
        return told

    def compare() -> pd.DataFrame:
        told = {
            name: numbers(
                repr(found),
                cache.prospect(page.version, repr(found), _prepared=page.prepared, _scenario=found),
            )
            for name, found in own.items()
        }
        return scenarios.compare(numbers("", page.prepared), told)

    table = widgets.at_work(page.say("scenarios.working"), compare)
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
