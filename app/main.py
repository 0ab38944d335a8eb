"""The router: language, pages, and the one place that tells an error."""

from __future__ import annotations

import logging

import streamlit as st

from app import pages, state, widgets
from geo import errors, text

log = logging.getLogger(__name__)


def main() -> None:
    """Show the chosen page in the reader's language."""
    state.whole_choices()
    language = state.language()
    st.set_page_config(page_title=text.say("app.title", language), layout="wide")
    names = pages.shown()
    routes = [
        st.Page(
            f"views/{name}.py",
            title=text.say(f"{name}.nav", language),
            url_path=name,
            default=name == names[0],
        )
        for name in names
    ]
    page = st.navigation(routes, position="top")
    widgets.frame()
    try:
        if failed := state.problem():
            widgets.tell(failed, language)
        page.run()
        # The end of a page, for whoever waits until it is all there.
        st.html(f'<span class="ib-end" data-page="{page.url_path}" hidden></span>', width="content")
    except errors.AtlasError as problem:
        widgets.tell(problem, language)
    except Exception:
        # The reader gets a sentence; whoever keeps the server finds the traceback in its log.
        log.exception("A page failed")
        st.error(text.say("app.fault", language))


main()
