"""Before and after: a kept run beside today's data, areas with the project beside areas without."""

from __future__ import annotations

import math
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from app import state, writes
from app.prospects import zone_names
from app.widgets import Page
from geo import errors, schemas
from geo.decide import verification
from geo.present import words
from geo.present.tables import Column, Rows
from geo.store import GeoPackage

JAPAN = ZoneInfo("Asia/Tokyo")


def choose_run(page: Page) -> str | None:
    """The kept run that was before."""
    kept = {file.parent.name: _kept_at(file) for file in page.project.runs.glob("*/results.gpkg")}
    runs = sorted(kept, key=lambda run: (kept[run], run), reverse=True)
    if not runs:
        st.info(page.say("verification.no_run"))
        return None
    return st.selectbox(
        page.say("verification.before"),
        runs,
        format_func=lambda run: page.say("verification.run", run=run, at=kept[run]),
        key="before_run",
    )


def _kept_at(file: Path) -> str:
    return f"{datetime.fromtimestamp(file.stat().st_mtime, JAPAN):%Y-%m-%d %H:%M}"


def keep_run(page: Page) -> None:
    """The button that keeps how things are now, so that there is a before."""
    st.button(
        page.say("verification.keep_run"),
        help=page.say("verification.keep_help"),
        icon=":material/save:",
        on_click=state.attempt,
        args=(_keep, page),
    )
    if told := state.get("run_kept", None):
        st.success(page.say("verification.kept_run", run=told))
        state.put("run_kept", None)


def _keep(page: Page) -> None:
    with st.spinner(page.say("verification.keep_run")):
        state.put("run_kept", writes.keep_run(page.project))


def choose_areas(page: Page) -> list[str]:
    """The areas in which the project was."""
    names = zone_names(page)
    chosen: list[str] = st.multiselect(
        page.say("verification.treated"),
        list(names),
        format_func=lambda one: names[one],
        placeholder=page.say("verification.treated_hint"),
        **state.control(
            "treated_control",
            [one for one in state.get("treated", []) if one in names],
            partial(state.put, "treated"),
        ),
    )
    return chosen


def changes(page: Page, run: str) -> pd.DataFrame | None:
    """Covered share of each area in the kept run and today; None, and a sentence, where the run cannot be read."""
    try:
        old = GeoPackage(page.project.path / "runs" / run / "results.gpkg").read(schemas.ZoneSummary)
    except errors.AtlasError:
        st.warning(page.say("verification.unreadable", run=run))
        return None
    names = zone_names(page)

    def snapshot(table: pd.DataFrame) -> pd.DataFrame:
        own = table[(table["group"] == page.study.gap_group) & (table["kind"] == page.study.gap_kind)]
        own = own[own["zone_id"].isin(list(names)) & (own["limit_m"] == page.study.limit_m)]
        return own[["zone_id", "covered_share"]].rename(columns={"covered_share": "value"})

    return verification.before_after(snapshot(old), snapshot(page.assessment.zone_summary))


def rows(page: Page, table: pd.DataFrame, treated: list[str]) -> Rows:
    """Before and after, area by area."""
    names = zone_names(page)
    told = tuple(
        (
            names[row.zone_id],
            page.say(f"verification.project_{row.zone_id in treated}"),
            row.before,
            row.after,
            page.say("unit.unknown")
            if row.change != row.change
            else page.say("scenarios.points", n=words.change(100 * row.change)),
        )
        for row in table.itertuples()
    )
    heads = (
        ("area", "text"),
        ("project", "text"),
        ("before", "share"),
        ("after", "share"),
        ("change", "count"),
    )
    columns = tuple(Column(page.say(f"verification.column_{name}"), kind) for name, kind in heads)  # type: ignore[arg-type]
    return Rows(page.say("verification.table", limit=page.study.limit_m), columns, told, page.language)


def sentences(page: Page, table: pd.DataFrame, treated: list[str]) -> list[str]:
    """What so many areas can find at all, said first; then what was found, with its interval."""
    own = table.assign(area_id=table["zone_id"], treated=table["zone_id"].isin(treated))
    known = own.dropna(subset=["before", "after"])
    n = int(known["treated"].sum())
    if not 0 < n < len(known):
        return [page.say("verification.choose")]
    without = known.loc[~known["treated"], "change"]
    able = verification.power(without, treated=n, compared=len(known) - n)
    told = [
        page.say("verification.able", n=f"{100 * able.detectable:.1f}")
        if able.possible and math.isfinite(able.detectable)
        else page.say("verification.unable", n=n, compared=len(known) - n)
    ]
    effect = verification.difference_in_differences(own, seed=page.study.seed)
    said = {"estimate": words.change(100 * effect.estimate), "p": f"{effect.p_value:.2f}"}
    if math.isfinite(effect.low) and math.isfinite(effect.high):
        between = {"low": words.change(100 * effect.low), "high": words.change(100 * effect.high)}
        told.append(page.say("verification.interval", **between))
    return [*told, page.say(f"verification.{effect.verdict}", **said)]
