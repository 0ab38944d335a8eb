"""The planner's controls: for whom, how far, for how much. What is chosen is one frozen question."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import geopandas as gpd
import streamlit as st

from app import cache, state, widgets
from app.widgets import Page
from geo import decisions, manifest
from geo import siting as sitings
from geo.decide import questions
from geo.decide.questions import Siting, Wanted
from geo.present import siting, words
from geo.present.maps import View

AIMS = ("set", "both", "any", "permanent")
"""As the question says it for each group; or for all of them any place within the walk, a permanent one, or both."""
TEN_THOUSAND = 10_000
NO_LIMIT = 0


def question(page: Page) -> Siting:
    """What is asked now: the project's file or the example, with what the reader chose."""
    base, _ = questions.read(Siting, page.project.path)
    systems = widgets.systems(page)
    fields: dict[str, Any] = {
        "aim": state.get("goal", base.aim),
        "wanted": [one.model_dump() for one in _wanted(page, base)],
        "limit_m": page.study.limit_m,
        "budget_yen": state.get("budget", base.budget_yen),
        "years": state.get("years", base.years),
        "number": state.get("number", base.number),
        "one_per": state.get("site_quota", base.one_per if base.one_per in systems else None),
        "role": "internal" if state.role() == state.PLANNER else "public",
    }
    return questions.make(Siting, {**base.model_dump(), **fields})


def _wanted(page: Page, base: Siting) -> list[Wanted]:
    """Whom to bring a place, and of what kind: as the question says, unless the reader chose otherwise."""
    known = [group.group for group in page.study.groups]
    own = [one for one in base.wanted if one.group in known]
    groups = state.get("siting_groups", list(dict.fromkeys(one.group for one in own))) or [
        page.study.gap_group
    ]
    aim = state.one_of("aim", AIMS)
    kinds = [kind for kind in ("any", "permanent") if aim in ("set", "both", kind)]
    told = []
    for group in groups:
        said = [one for one in own if one.group == group] if aim == "set" else []
        told += said or [Wanted(group=group, kind=kind) for kind in kinds]
    return told


def controls(page: Page, asked: Siting) -> None:
    """What to aim for → for whom → how far → for how much."""
    with st.container(border=True, key="controls"):
        st.selectbox(
            page.say("sites.goal"),
            list(sitings.UNITS),
            format_func=lambda aim: page.say(f"sites.goal_{aim}"),
            **state.control("goal_control", asked.aim, partial(state.put, "goal")),
        )
        who, far, money = st.columns((1.3, 1, 1), gap="medium")
        with who:
            _whom(page, asked)
            widgets.choose(page, "aim", AIMS, "sites.aim", lambda aim: page.say(f"sites.aim_{aim}"))
        with far:
            widgets.how_far(page)
            systems = ["", *widgets.systems(page)]
            st.selectbox(
                page.say("sites.one_per"),
                systems,
                format_func=lambda one: (
                    page.say("model_areas.no_quota") if not one else words.label("system", one, page.language)
                ),
                **state.control(
                    "quota_control", asked.one_per or "", lambda one: state.put("site_quota", one or None)
                ),
            )
        with money:
            _money(page, asked)


def _whom(page: Page, asked: Siting) -> None:
    """The groups that are wanted; with none of them the group of the other pages is."""
    st.multiselect(
        page.say("controls.whom"),
        [group.group for group in page.study.groups],
        format_func=lambda group: words.label("group", group, page.language),
        **state.control(
            "siting_groups_control",
            list(dict.fromkeys(one.group for one in asked.wanted)),
            partial(state.put, "siting_groups"),
        ),
    )
    base, _ = questions.read(Siting, page.project.path)
    absent = sorted({one.group for one in base.wanted} - {group.group for group in page.study.groups})
    if absent:
        st.warning(words.plain(page.say("sites.absent", groups=", ".join(absent))))


def _money(page: Page, asked: Siting) -> None:
    st.number_input(
        page.say("sites.budget"),
        0,
        1_000_000,
        step=100,
        **state.control(
            "budget_control",
            round((asked.budget_yen or 0) / TEN_THOUSAND),
            lambda budget: state.put("budget", float(budget * TEN_THOUSAND)),
        ),
    )
    years, number = st.columns(2)
    years.number_input(
        page.say("sites.years"),
        0,
        20,
        **state.control("years_control", round(asked.years), lambda years: state.put("years", float(years))),
    )
    number.number_input(
        page.say("sites.number"),
        NO_LIMIT,
        99,
        help=page.say("sites.number_help"),
        **state.control("number_control", asked.number or NO_LIMIT, lambda n: state.put("number", n or None)),
    )


def answer(page: Page, asked: Siting) -> decisions.Document | None:
    """The answer once it was asked for: a proof may take a while, so no control starts one by itself."""
    key = (page.version, page.study.fingerprint(), asked.model_dump_json())
    # The click may come before this page has drawn what was typed last: what counts is what is asked now.
    st.button(
        page.say("sites.ask"),
        type="primary",
        icon=":material/search_insights:",
        on_click=lambda: state.put("siting_asked", True),
    )
    if state.get("siting_asked", False):
        state.put("siting_asked", False)
        state.put("siting", key)
    if state.get("siting", None) != key:
        st.info(page.say("sites.not_asked"))
        return None
    asks = partial(cache.sites, *key, _prepared=page.prepared, _study=page.study, _question=asked)
    stop = partial(state.put, "siting", None)
    return widgets.at_work(page.say("sites.working"), asks, stop=stop, label=page.say("sites.stop"))


def located(page: Page, asked: Siting, result: decisions.Document, view: View) -> View:
    """The map with the number of each step where it would be; positions leave for this reader's map alone."""
    options = sitings.options_of(page.prepared, page.study, asked)
    return replace(view, badges=siting.badges(options, result))


def planned(page: Page, asked: Siting, result: decisions.Document) -> tuple[str, gpd.GeoDataFrame]:
    """The name of the choice, and its new places as entries of the registry."""
    options = sitings.options_of(page.prepared, page.study, asked)
    name = manifest.fingerprint(page.version, page.study.fingerprint(), asked.model_dump_json())[:12]
    return name, sitings.planned(options, result["chosen"], asked)


def budgets(page: Page, asked: Siting, result: decisions.Document) -> None:
    """The frontier's budgets to click: the chosen one becomes the budget that is asked about."""
    listed = [row["budget_yen"] for row in result["frontier"]]

    def change(chosen: float | None) -> None:
        if chosen is not None:
            state.put("budget", chosen)

    st.segmented_control(
        page.say("sites.frontier_choose"),
        listed,
        format_func=lambda budget: siting.yen(budget, page.language),
        **state.control("frontier_control", asked.budget_yen if asked.budget_yen in listed else None, change),
    )
