"""What a reader chooses is taken once, by the control that shows it."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page() -> None:
    """Two controls of one value, and one whose key stays."""
    import streamlit as st

    from app import state

    def choose(value: int) -> None:
        state.put("value", value)
        state.put("times", state.get("times", 0) + 1)

    made = st.session_state.setdefault("made", [])
    made.append(state.control("slider", state.get("value", 3), choose))
    st.slider("slider", 0, 9, **made[-1])
    st.number_input("number", 0, 9, **state.control("number", state.get("value", 3), choose))
    st.button("late", on_click=lambda: made[0]["on_change"]())


def drawn() -> AppTest:
    return AppTest.from_function(page).run()


def test_a_control_keeps_its_key_while_it_is_the_one_that_is_moved() -> None:
    app = drawn()
    for value in (5, 6):
        app.slider(key="slider").set_value(value).run()
    assert app.session_state["own_value"] == 6
    assert app.session_state["own_times"] == 2
    assert app.number_input[0].value == 6
    assert app.number_input[0].key == "number/2"


def test_what_comes_from_a_control_that_is_drawn_anew_is_not_taken_for_a_choice() -> None:
    """The browser sends the values of all controls, also of those that the page has replaced by then."""
    app = drawn()
    app.number_input(key="number").set_value(7).run()
    assert app.slider(key="slider/1").value == 7
    app.session_state["slider"] = 3
    app.button[0].click().run()
    assert app.session_state["own_value"] == 7
    assert app.session_state["own_times"] == 1
