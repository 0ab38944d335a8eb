"""What one reader has chosen, for the time of a session. Nothing here is shared between readers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent import futures
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, TypedDict, TypeVar, cast

import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState

from geo import errors, text
from geo import project as projects
from geo.project import Project
from geo.study import Study

WHOLE = ""
"""The choice "the whole ward"."""
PLANNER, PUBLIC = "planner", "public"
"""Who may change a project and see all of it, and who may look at what is published."""
AREAS = "areas"
"""The division into census small areas."""
LOOK_S = 0.02
"""How often a page that waits looks whether its reader has moved on."""
LATE = 50
"""After so many looks something takes long."""
T = TypeVar("T")


STUDY_LINK = {"group": "gap_group", "kind": "gap_kind", "limit": "limit_m", "moment": "open_at"}
"""Fields of the study that a link carries, by their short names."""
OWN_LINK = {
    "zone": WHOLE,
    "division": AREAS,
    "area": None,
    "gap": None,
    "colour": "risk",
    "minutes": "5",
    "when": "any",
    "entry": None,
    "section": "find",
    "at": "",
}
"""Choices of the reader that a link carries, with what they are without one."""


def language() -> text.Language:
    """The reader's language: the link's, else Japanese unless this machine says otherwise."""
    default = st.query_params.get("lang") or os.environ.get("IBASHO_LANG", "ja")
    chosen = st.session_state.setdefault("language", default if default in text.LANGUAGES else "ja")
    return cast("text.Language", chosen)


def choose_language(chosen: str | None) -> None:
    """Take the language from its control; the study stays."""
    st.session_state["language"] = chosen or language()


def role() -> str:
    """Who this app is for, as the machine's setting ``IBASHO_ROLE`` says; anything unknown is the public."""
    return PLANNER if os.environ.get("IBASHO_ROLE", PLANNER) == PLANNER else PUBLIC


def project() -> Project | None:
    """The project of the environment; None when there is none."""
    folder = os.environ.get("IBASHO_PROJECT")
    return projects.open_(Path(folder)) if folder else None


def study(opened: Project) -> Study:
    """The question that is asked now: the project's, with what the reader changed."""
    if st.session_state.get("study_of") != (str(opened.path), opened.study.fingerprint()):
        st.session_state["study_of"] = (str(opened.path), opened.study.fingerprint())
        st.session_state["study"] = opened.study
    return cast("Study", st.session_state["study"])


def from_link() -> None:
    """Take over what the address says, once a session; what it says wrongly is as if it were not there."""
    if st.session_state.get("linked"):
        return
    st.session_state["linked"] = True
    for name, field in STUDY_LINK.items():
        if name in st.query_params:
            with suppress(errors.AtlasError):
                change(**{field: st.query_params[name]})
    for name in OWN_LINK:
        if name in st.query_params:
            put(name, st.query_params[name])


def to_link(opened: Project) -> None:
    """Write into the address what differs from the project's own question: whoever opens it sees the same."""
    asked, own = study(opened), opened.study
    parts = {
        name: str(getattr(asked, field))
        for name, field in STUDY_LINK.items()
        if getattr(asked, field) != getattr(own, field)
    }
    chosen = {name: get(name, default) for name, default in OWN_LINK.items()}
    parts |= {name: str(value) for name, value in chosen.items() if value and value != OWN_LINK[name]}
    if language() != "ja":
        parts["lang"] = language()
    if dict(st.query_params) != parts:
        st.query_params.from_dict(parts)


def change(**fields: Any) -> None:
    """Ask something else; refused values raise, so the study is always a valid one.

    The public asks at the distances of the study alone: two that differ by a step would tell who lives between.
    """
    changed = st.session_state["study"].with_(**fields)
    if role() != PLANNER and "limit_m" in fields and changed.limit_m not in changed.limits_m:
        raise errors.AccessDeniedError(
            "limit_fixed",
            "{limit} m cannot be asked here. Choose one of {limits} m.",
            limit=changed.limit_m,
            limits=", ".join(map(str, changed.limits_m)),
        )
    st.session_state["study"] = changed


def get(name: str, default: Any) -> Any:
    """A choice that outlives its control (Streamlit forgets controls when the page changes)."""
    return st.session_state.setdefault(f"own_{name}", default)


def one_of(name: str, options: Sequence[str]) -> str:
    """A choice among options; the first where it is none of them, as a link may say anything."""
    chosen = str(get(name, options[0]))
    return chosen if chosen in options else options[0]


def put(name: str, value: Any) -> None:
    """Keep a choice."""
    st.session_state[f"own_{name}"] = value


class Control(TypedDict):
    """What a control of Streamlit needs to show a value and to tell a choice."""

    key: str
    on_change: Callable[[], None]


def control(name: str, value: Any, choose: Callable[[Any], None]) -> Control:
    """The key of a control that shows ``value``, and what is done when a reader chooses another.

    The value may be changed elsewhere too, by a click on the map or by another control. What a browser sends has
    the values of all controls, also of those that it has not redrawn yet, and such a value would be taken for a
    choice. So a control whose value was changed elsewhere gets a new key, and what comes under an old one is not
    heard.
    """
    drawn = f"drawn_{name}"
    shown, n = st.session_state.get(drawn, (value, 0))
    n += shown != value
    st.session_state[drawn] = (value, n)
    key = f"{name}/{n}" if n else name
    st.session_state[key] = value

    def take() -> None:
        if st.session_state[drawn][1] == n:
            chosen = st.session_state[key]
            st.session_state[drawn] = (chosen, n)
            choose(chosen)

    return {"key": key, "on_change": take}


def whole_choices() -> None:
    """Let what a control or button does be done to its end, also when the reader moves on meanwhile.

    Streamlit ends whatever reads the session once the browser has sent something newer. A page can be ended and drawn
    again; a callback that is ended has done half, and is not called a second time: the reader's choice would be lost
    without a word. So nothing is ended inside a callback; what came meanwhile follows after it (the app's settings
    have Streamlit do one thing after another for each reader).
    """
    look = ScriptRunner._maybe_handle_execution_control_request
    if getattr(look, "waits", False):
        return

    def wait(runner: ScriptRunner) -> None:
        if ThreadState.get().run_location is not RunLocation.CALLBACK:
            look(runner)

    wait.waits = True  # type: ignore[attr-defined]
    # There is no public way to say it.
    ScriptRunner._maybe_handle_execution_control_request = wait  # type: ignore[assignment, method-assign]


def give_way() -> None:
    """Streamlit ends a page here whose reader has moved on: it looks whenever the session is read."""
    _ = "study" in st.session_state


def beside(work: Callable[[], T], *, late: Callable[[], Any] | None = None) -> T:
    """What takes long, done beside the page: a reader who moves on does not wait for it.

    It is done to its end all the same; whoever asks for it again finds it in the cache. ``late`` is called once when
    it has taken a second.
    """
    done: futures.Future[T] = futures.Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as problem:  # else the page would wait for ever
            done.set_exception(problem)

    # A daemon: whoever stops the server does not wait for it either.
    add_script_run_ctx(Thread(target=run, daemon=True), get_script_run_ctx()).start()
    looks = 0
    while not futures.wait([done], timeout=LOOK_S).done:
        looks += 1
        if late and looks == LATE:
            late()
        give_way()
    return done.result()


def attempt(action: Callable[..., None], *given: Any) -> None:
    """Do what a button asks for; what the reader can mend is told by the router on the next page."""
    try:
        action(*given)
    except errors.AtlasError as problem:
        st.session_state["problem"] = problem


def problem() -> errors.AtlasError | None:
    """What a button could not do, once."""
    return cast("errors.AtlasError | None", st.session_state.pop("problem", None))
