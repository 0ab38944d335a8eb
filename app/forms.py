"""The parts of the registry's page: search, one entry to change, two entries to compare, files."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from app import state, widgets, writes
from geo import entries, registry, schemas, text
from geo import project as projects
from geo.present import downloads, exports, words
from geo.present import entries as told
from geo.project import Project

JAPAN = ZoneInfo("Asia/Tokyo")
DATES = ("opened_on", "closed_on", "verified_on", "next_review_on")
FIRST, LAST = date(1868, 1, 1), date(2200, 12, 31)


def today() -> date:
    """The day in Japan."""
    return datetime.now(JAPAN).date()


def say(key: str, **values: object) -> str:
    """A sentence of the registry's page."""
    return text.say(f"registry.{key}", state.language(), **values)


def _label(field: str) -> str:
    return words.label("column", field, state.language())


def _named(section: str, blank: str) -> Any:
    return lambda name: words.label(section, name, state.language()) if name else say(blank)


def search(records: Any) -> Any:
    """The entries that are asked for, those due for review first."""
    with st.container(border=True, key="search"):
        columns = st.columns([3, 2, 2, 2], gap="medium")
        asked = columns[0].text_input(say("words"), key="words", help=say("words_help"))
        chosen = {
            field: column.selectbox(
                _label(field),
                ["", *options],
                format_func=_named(told.LABELS[field], "all"),
                key=f"only_{field}",
            )
            for column, (field, options) in zip(columns[1:], entries.CHOICES.items(), strict=True)
        }
    return entries.search(records, today=today(), words=asked, **{f: v or None for f, v in chosen.items()})


def choose(found: Any) -> str | None:
    """The entry that is looked at."""
    names = told.names(found, state.language())
    chosen = state.get("entry", None)
    st.selectbox(
        say("choose"),
        list(names),
        index=None,
        format_func=lambda key: names[key],
        placeholder=say("choose_hint"),
        **state.control("entry_control", chosen if chosen in names else None, partial(state.put, "entry")),
    )
    return str(chosen) if chosen in names else None


def entry(project: Project, row: dict[str, Any], version: int) -> None:
    """One entry to change; ``version`` tells the controls that the entry has changed beneath them."""
    place, key = str(row["place_id"]), f"entry/{row['place_id']}/{version}"
    _words(row, key)
    _state(row, key)
    _offers(row, key)
    with st.expander(say("attendance")):
        for column, field in zip(st.columns(3) * 2, schemas.ATTENDANCE, strict=True):
            _number(column, row, field, key)
        widgets.words_of(say("attendance_help"))
    for column, field in zip(st.columns(2) * 2, DATES, strict=True):
        shown = _day(row[field])
        column.date_input(_label(field), shown, FIRST, LAST, format="YYYY-MM-DD", key=f"{key}/{field}")
    st.checkbox(say("hide"), bool(row["do_not_publish"]), key=f"{key}/do_not_publish")
    st.text_input(text.say("data.who", state.language()), key="who", autocomplete="name")
    with st.container(horizontal=True):
        st.button(say("save"), type="primary", on_click=state.attempt, args=(save, project, place, key))
        st.button(say("verified"), on_click=state.attempt, args=(verify, project, place))


def save(project: Project, place: str, key: str) -> None:
    """Store what stands in the controls at this moment, which may be later than the page was drawn."""
    fields = {field: st.session_state[f"{key}/{field}"] for field in entries.FIELDS}
    _keep(project, place, fields)


def verify(project: Project, place: str) -> None:
    """Store that somebody made sure of the entry today."""
    _keep(project, place, {"verified_on": today()})


def _keep(project: Project, place: str, fields: dict[str, Any]) -> None:
    differs = writes.edit(project, place, fields, st.session_state["who"])
    state.put("told", "saved" if differs else "unchanged")


def _words(row: dict[str, Any], key: str) -> None:
    st.text_input(_label("name"), _text(row["name"]), key=f"{key}/name")
    st.selectbox(
        _label("kind"),
        schemas.PLACE_KINDS,
        index=schemas.PLACE_KINDS.index(row["kind"]),
        format_func=_named("place_kind", "all"),
        key=f"{key}/kind",
    )
    st.multiselect(
        _label("targets"),
        schemas.TARGETS,
        [target for target in str(row["targets"]).split(";") if target in schemas.TARGETS],
        format_func=_named("place_target", "all"),
        key=f"{key}/targets",
        placeholder=say("targets_hint"),
    )
    opening = st.text_input(
        _label("opening_text"),
        _text(row["opening_text"]),
        key=f"{key}/opening_text",
        help=say("opening_help"),
    )
    widgets.words_of(say("understood", words=told.understood(opening, state.language())))
    st.text_input(_label("operator"), _text(row["operator"]), key=f"{key}/operator")


def _state(row: dict[str, Any], key: str) -> None:
    left, middle, right = st.columns(3)
    _number(left, row, "capacity", key)
    middle.selectbox(
        _label("status"),
        schemas.PLACE_STATUS,
        index=schemas.PLACE_STATUS.index(row["status"]),
        format_func=_named("place_status", "all"),
        key=f"{key}/status",
    )
    stages = ["", *schemas.STAGES]
    right.selectbox(
        _label("stage"),
        stages,
        index=stages.index(_text(row["stage"])),
        format_func=_named("place_stage", "no_stage"),
        key=f"{key}/stage",
    )


def _offers(row: dict[str, Any], key: str) -> None:
    """What a place asks of those who come, and what it offers; blank is not known."""
    for field, options in (("functions", schemas.FUNCTIONS), ("languages", schemas.LANGUAGES)):
        chosen = [one for one in _text(row[field]).split(";") if one]
        st.multiselect(
            _label(field),
            [*options, *(one for one in chosen if one not in options)],
            chosen,
            format_func=_named(told.LABELS[field], "all"),
            key=f"{key}/{field}",
            placeholder=say("unknown_hint"),
        )
    left, middle, right = st.columns(3)
    steps = ["", "yes", "no"]
    left.selectbox(
        _label("step_free"),
        steps,
        index=steps.index(_text(row["step_free"])),
        format_func=_named("step_free", "unknown_hint"),
        key=f"{key}/step_free",
    )
    _number(middle, row, "fee_yen", key)
    _number(right, row, "fee_child_yen", key)


def _number(column: Any, row: dict[str, Any], field: str, key: str) -> None:
    column.number_input(
        _label(field),
        min_value=0.0,
        value=None if row[field] != row[field] else float(row[field]),
        step=1.0,
        format="%g",
        key=f"{key}/{field}",
    )


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        return None


def pairs(project: Project, records: Any) -> None:
    """Entries that may be one place, two at a time: same, different, later."""
    language = state.language()
    waiting = registry.duplicates(records, project.store.read(schemas.Duplicates))
    waiting = waiting[waiting["verdict"] == "undecidable"].to_dict("records")
    if not waiting:
        st.info(say("no_pairs"))
        return
    at = int(state.get("pair", 0)) % len(waiting)
    pair = waiting[at]
    by_id = {row["place_id"]: row for row in records.to_dict("records")}
    why = text.say(f"cli.why.{pair['why']}", language)
    caption = say("pair", at=at + 1, n=len(waiting), why=why, metres=f"{pair['distance_m']:,.0f}")
    one, other = pair["place_id"], pair["other_id"]
    with st.container(key="whole_pair"):
        widgets.table(told.pair(by_id[one], by_id[other], caption=caption, language=language))
    st.text_input(text.say("data.who", language), key="who", autocomplete="name")

    def decide(decision: Any) -> None:
        writes.decide(project, one, other, decision, st.session_state["who"])
        state.put("told", "decided")

    with st.container(horizontal=True):
        st.button(say("is_same"), type="primary", on_click=state.attempt, args=(decide, "same"))
        st.button(say("is_different"), on_click=state.attempt, args=(decide, "different"))
        st.button(say("later"), on_click=state.put, args=("pair", at + 1))


def files(project: Project, records: Any) -> None:
    """The registry as files, for the house and for publication."""
    pairs_ = registry.duplicates(records, project.store.read(schemas.Duplicates))
    code = project.study.municipality_code
    border = project.store.read(schemas.Municipalities).set_index("municipality_code")["qualified_name"]
    for form in exports.FORMS:
        made = exports.files(
            records,
            pairs_,
            form=form,
            code=projects.with_check_digit(code),
            municipality=str(border.get(code, "")),
        )
        st.html(f'<p class="ib-words">{say(f"file_{form}", n=sum(file.places for file in made))}</p>')
        st.download_button(
            say("download", form=say(f"form_{form}")),
            told.bundle(made),
            file_name=f"ibasho_registry_{form}_{code}.zip",
            mime="application/zip",
            key=f"registry_{form}",
            disabled=not made,
            on_click="ignore",
        )
    widgets.words_of(text.say("cli.export.internal", state.language()))


def undo(project: Project) -> None:
    """Take back the last change of the project, whatever it was."""
    language = state.language()

    def take_back() -> None:
        writes.undo(project, st.session_state["who_undo"])
        state.put("told", "undone")

    st.text_input(text.say("data.who", language), key="who_undo", autocomplete="name")
    st.button(text.say("data.undo", language), on_click=state.attempt, args=(take_back,))


def table(found: Any) -> None:
    """The list that was found, and as files."""
    rows = told.listing(found, language=state.language())
    widgets.table(rows)
    with st.container(horizontal=True, vertical_alignment="center", key="downloads_registry"):
        st.html(f'<p class="ib-words">{text.say("app.download", state.language())}</p>', width="content")
        for form in downloads.SHEETS:
            st.download_button(
                downloads.LABELS[form],
                partial(downloads.content, rows, form),
                file_name=f"ibasho_registry_list.{form}",
                mime=downloads.MIME[form],
                key=f"listed_{form}",
                on_click="ignore",
            )
