"""The committee's controls: areas, criteria, members and their weights. What is chosen is one frozen question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import streamlit as st

from app import cache, state, widgets
from app.widgets import Page
from geo import decisions, errors, zones
from geo.decide import questions
from geo.decide.questions import Committee, Criterion, Member
from geo.present import committee, tables, words

WAYS = ("weights", "ranking", "pairs")
"""The ways in which a member says what matters."""
SCALE = ("1/9", "1/7", "1/5", "1/3", "1", "3", "5", "7", "9")
"""How many times as important (Saaty 1980)."""
MOST_COMPARED = 6
"""Up to so many criteria a member compares pairs: more than fifteen questions nobody answers with care."""
DEFAULT_WEIGHT = 50


def question(page: Page) -> Committee:
    """What is asked now: what the reader changed, else the project's file, else the example, as far as the project's
    data answer it."""
    asked: Committee | None = state.get("committee", None)
    if asked is None or state.get("committee_of", None) != str(page.project.path):
        read, source = questions.read(Committee, page.project.path)
        asked = _fitting(page, _example(page, read) if source == "example" else read)
        try:
            answer(page, asked)
        except errors.InfeasibleError:
            # The example's number does not fit these areas; one area always does.
            asked = _with(asked, choose=1)
        state.put("committee", asked)
        state.put("committee_of", str(page.project.path))
    return asked


def _example(page: Page, asked: Committee) -> Committee:
    """The example's members with their roles in the reader's language."""
    roles = [page.say(f"model_areas.example_role_{i}") for i in range(len(asked.members))]
    return _with(
        asked,
        members=[
            one.model_copy(update={"role": role}) for one, role in zip(asked.members, roles, strict=True)
        ],
    )


def _fitting(page: Page, asked: Committee) -> Committee:
    systems = widgets.systems(page)
    system = asked.system if asked.system in systems else systems[0] if systems else zones.MUNICIPALITY
    known = criteria(page, system)
    return _with(
        asked,
        system=system,
        group=page.study.everybody,
        one_per=asked.one_per if asked.one_per in systems else None,
        choose=min(asked.choose, max(len(_ids(page, system)), 1)),
        criteria=[c for c in asked.criteria if c.criterion in known] or [Criterion(criterion=known[0])],
        alike=[name for name in asked.alike if name in known],
    )


def _ids(page: Page, system: str) -> list[str]:
    own = page.assessment.zone_summary
    inside = own["zone_id"].isin(page.prepared.zones["zone_id"])
    return sorted(own.loc[(own["system"] == system) & inside, "zone_id"].unique())


def names(page: Page, system: str) -> dict[str, str]:
    """The areas of a system by their ids."""
    own = page.assessment.zone_summary
    own = own[own["system"] == system].drop_duplicates("zone_id")
    told = tables.zone_name
    return {row.zone_id: told(row.name, row.members, page.language) for row in own.itertuples(index=False)}


def criteria(page: Page, system: str) -> list[str]:
    """The values by which the areas can be compared: those of which something is known."""
    facts = cache.area_facts(
        page.version,
        page.study.fingerprint(),
        system,
        _prepared=page.prepared,
        _assessment=page.assessment,
        _group=page.study.everybody,
    )
    shown = [name for name in facts if name not in {"area_id", "name"} and not name.endswith("_low")]
    return [name for name in shown if facts[name].notna().any()]


def _with(asked: Committee, **fields: Any) -> Committee:
    """Another question; members keep what they said of the criteria that stay."""
    changed = questions.make(Committee, {**asked.model_dump(), **_plain(fields)})
    own = [one.criterion for one in changed.criteria]
    members = [_member(one, own) for one in changed.members]
    return questions.make(
        Committee, {**changed.model_dump(), "members": [one.model_dump() for one in members]}
    )


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [one.model_dump() if hasattr(one, "model_dump") else one for one in value]
        if isinstance(value, list | tuple)
        else value
        for name, value in fields.items()
    }


def _member(one: Member, own: Sequence[str]) -> Member:
    """A member's words about exactly these criteria."""
    fields = one.model_dump()
    if one.weights is not None:
        fields["weights"] = {name: one.weights.get(name, 0) for name in own}
        if not any(fields["weights"].values()):
            fields["weights"] = dict.fromkeys(own, DEFAULT_WEIGHT)
    if one.ranking is not None:
        kept = [name for name in one.ranking if name in own]
        fields["ranking"] = [*kept, *(name for name in own if name not in kept)]
    if one.pairs is not None:
        said = {frozenset(pair[:2]): pair for pair in one.pairs}
        fields["pairs"] = [said.get(frozenset(pair), (*pair, 1.0)) for pair in combinations(own, 2)]
        if len(own) > MOST_COMPARED or len(own) == 1:
            fields |= {"pairs": None, "ranking": list(own)}
    return questions.make(Member, fields)


def _change(page: Page, **fields: Any) -> None:
    state.attempt(lambda: state.put("committee", _with(question(page), **fields)))


def _change_member(page: Page, at: int, **fields: Any) -> None:
    members = list(question(page).members)
    members[at] = members[at].model_copy(update=fields)
    _change(page, members=members)


def controls(page: Page, asked: Committee) -> None:
    """Which areas → which places count → how far; then how many and by what they are compared."""
    systems = widgets.systems(page) or [zones.MUNICIPALITY]
    with st.container(border=True, key="controls"):
        where, kind, far = st.columns(3, gap="medium")
        with where:
            named = partial(_system, page)
            _select(
                page, "committee_system", "model_areas.system", systems, asked.system, named, _change_system
            )
            most = max(len(_ids(page, asked.system)), 1)
            st.number_input(
                page.say("model_areas.choose"),
                1,
                most,
                **state.control(
                    "committee_choose", min(asked.choose, most), lambda n: _change(page, choose=n)
                ),
            )
        with kind:
            widgets.kind(page)
            _select(
                page,
                "committee_one_per",
                "model_areas.one_per",
                ["", *(one for one in systems if one != asked.system)],
                asked.one_per or "",
                lambda system: _system(page, system) if system else page.say("model_areas.no_quota"),
                lambda page, chosen: _change(page, one_per=chosen or None),
            )
            _select(
                page,
                "committee_per_type",
                "model_areas.per_type",
                [0, 1, 2],
                asked.per_type or 0,
                lambda n: str(n) if n else page.say("model_areas.no_quota"),
                lambda page, chosen: _change(page, per_type=chosen or None),
            )
        with far:
            widgets.how_far(page)
            st.toggle(
                page.say("model_areas.apart"),
                **state.control(
                    "committee_apart", not asked.neighbours, lambda apart: _change(page, neighbours=not apart)
                ),
            )
        _criteria_control(page, asked)


def _system(page: Page, system: str) -> str:
    return words.label("system", system, page.language)


def _change_system(page: Page, system: str) -> None:
    state.put("pair", None)
    one_per = question(page).one_per
    _change(page, system=system, one_per=None if one_per == system else one_per, choose=1)


def _select(
    page: Page,
    key: str,
    label: str,
    options: Sequence[Any],
    chosen: Any,
    named: Callable[[Any], str],
    change: Callable[[Page, Any], None],
) -> None:
    st.selectbox(
        page.say(label),
        options,
        format_func=named,
        **state.control(key, chosen if chosen in options else options[0], partial(change, page)),
    )


def _criteria_control(page: Page, asked: Committee) -> None:
    known = criteria(page, asked.system)
    own, less = _told(asked, known)

    def named(name: str) -> str:
        return words.plain(committee.criterion(name, page.language))

    def change(key: str, chosen: list[str]) -> None:
        now, fewer = _told(question(page), known)
        told = {"criteria": now, "less": fewer, key: chosen}
        if told["criteria"]:
            _change(page, criteria=[_criterion(one, less=one in told["less"]) for one in told["criteria"]])

    for key, options, chosen in (
        ("criteria", known, own),
        ("less", own, less),
    ):
        st.pills(
            page.say(f"model_areas.{key}"),
            options,
            selection_mode="multi",
            format_func=named,
            **state.control(f"committee_{key}", chosen, partial(change, key)),
        )


def _told(asked: Committee, known: Sequence[str]) -> tuple[list[str], list[str]]:
    """The criteria of a question, and those of which less counts more."""
    own = [one for one in asked.criteria if one.criterion in known]
    return [one.criterion for one in own], [one.criterion for one in own if one.direction == "less"]


def _criterion(name: str, *, less: bool) -> Criterion:
    return Criterion(criterion=name, direction="less" if less else "more")


def members(page: Page, asked: Committee) -> None:
    """One member after the other: who, and what matters to them."""
    at = min(int(state.get("member", 0)), len(asked.members) - 1)
    st.segmented_control(
        page.say("model_areas.member"),
        range(len(asked.members)),
        format_func=lambda i: (
            words.plain(asked.members[i].member) or page.say("model_areas.nameless", n=i + 1)
        ),
        **state.control(
            "member_control", at, lambda chosen: state.put("member", at if chosen is None else chosen)
        ),
    )
    one = asked.members[at]
    name, role, way = st.columns(3, gap="medium")
    with name:
        _text(page, at, "member", one.member)
    with role:
        _text(page, at, "role", one.role)
    with way:
        _way(page, at, one, asked)
    {"weights": _weights, "ranking": _ranking, "pairs": _pairs}[_way_of(one)](page, at, one, asked)
    with st.container(horizontal=True):
        st.button(page.say("model_areas.add"), on_click=_add, args=(page,), icon=":material/person_add:")
        if len(asked.members) > 1:
            st.button(
                page.say("model_areas.remove", member=words.plain(one.member)),
                on_click=_remove,
                args=(page, at),
                icon=":material/person_remove:",
            )


def _text(page: Page, at: int, field: str, value: str) -> None:
    st.text_input(
        page.say(f"model_areas.{field}_label"),
        max_chars=60,
        **state.control(
            f"committee_{field}_{at}", value, lambda told: _rename(page, at, field, told.strip())
        ),
    )


def _rename(page: Page, at: int, field: str, value: str) -> None:
    others = {one.member for i, one in enumerate(question(page).members) if i != at}
    if field == "role" or (value and value not in others):
        _change_member(page, at, **{field: value})


def _way_of(one: Member) -> str:
    return next((way for way in WAYS if getattr(one, way) is not None), "weights")


def _way(page: Page, at: int, one: Member, asked: Committee) -> None:
    possible = 1 < len(asked.criteria) <= MOST_COMPARED
    st.segmented_control(
        page.say("model_areas.way"),
        [way for way in WAYS if way != "pairs" or possible],
        format_func=lambda way: page.say(f"model_areas.way_{way}"),
        **state.control(f"committee_way_{at}", _way_of(one), partial(_begin, page, at)),
    )


def _begin(page: Page, at: int, way: str | None) -> None:
    own = [one.criterion for one in question(page).criteria]
    fresh: dict[str, Any] = {
        "weights": dict.fromkeys(own, DEFAULT_WEIGHT),
        "ranking": tuple(own),
        "pairs": tuple((a, b, 1.0) for a, b in combinations(own, 2)),
    }
    if way is not None:
        _change_member(page, at, **{name: fresh[way] if name == way else None for name in WAYS})


def _weights(page: Page, at: int, one: Member, asked: Committee) -> None:
    def change(name: str, weight: int) -> None:
        # Two sliders may arrive together: each changes what is said by then.
        weights = {**(question(page).members[at].weights or {}), name: weight}
        if any(weights.values()):
            _change_member(page, at, weights=weights)

    own = dict(one.weights or {})
    columns = st.columns(3, gap="medium")
    for i, name in enumerate(criterion.criterion for criterion in asked.criteria):
        columns[i % 3].slider(
            words.plain(committee.criterion(name, page.language)),
            0,
            100,
            step=5,
            **state.control(f"committee_weight_{at}_{name}", round(own.get(name, 0)), partial(change, name)),
        )


def _ranking(page: Page, at: int, one: Member, asked: Committee) -> None:
    own = [c.criterion for c in asked.criteria]
    said = list(one.ranking or own)
    # Whoever takes all out to begin anew sees what was chosen until now, not what stands behind it.
    begun = state.get(f"ranked_{at}", said)

    def change(chosen: list[str]) -> None:
        state.put(f"ranked_{at}", chosen)
        _change_member(page, at, ranking=(*chosen, *(name for name in own if name not in chosen)))

    st.multiselect(
        page.say("model_areas.ranking"),
        own,
        format_func=lambda name: committee.criterion(name, page.language),
        help=page.say("model_areas.ranking_help"),
        **state.control(f"committee_ranking_{at}", begun if begun == said[: len(begun)] else said, change),
    )


def _pairs(page: Page, at: int, one: Member, asked: Committee) -> None:
    del asked

    def change(of: tuple[str, str], step: str) -> None:
        now = question(page).members[at].pairs or ()
        changed = tuple((a, b, _times(step) if (a, b) == of else times) for a, b, times in now)
        _change_member(page, at, pairs=changed)

    columns = st.columns(2, gap="medium")
    for i, (a, b, times) in enumerate(one.pairs or ()):
        nearest = min(SCALE, key=lambda step: abs(_times(step) - times))
        label = {
            side: words.plain(committee.criterion(name, page.language)) for side, name in (("a", a), ("b", b))
        }
        columns[i % 2].select_slider(
            page.say("model_areas.pair", **label),
            SCALE,
            **state.control(f"committee_pair_{at}_{i}", nearest, partial(change, (a, b))),
        )


def _times(step: str) -> float:
    return 1 / float(step.removeprefix("1/")) if "/" in step else float(step)


def _add(page: Page) -> None:
    asked = question(page)
    taken = {one.member for one in asked.members}
    name = next(
        n for i in range(1, len(taken) + 2) if (n := page.say("model_areas.nameless", n=i)) not in taken
    )
    own = {one.criterion: DEFAULT_WEIGHT for one in asked.criteria}
    _change(page, members=[*asked.members, Member(member=name, weights=own)])
    state.put("member", len(asked.members))


def _remove(page: Page, at: int) -> None:
    own = list(question(page).members)
    _change(page, members=[one for i, one in enumerate(own) if i != at])
    state.put("member", 0)


def answer(page: Page, asked: Committee) -> decisions.Document:
    """What the committee's words come to."""
    asks = partial(
        cache.committee,
        page.version,
        page.study.fingerprint(),
        asked.model_dump_json(),
        _prepared=page.prepared,
        _assessment=page.assessment,
        _question=asked,
    )
    return widgets.at_work(page.say("model_areas.working"), asks)


def pair(page: Page, result: decisions.Document, named: Mapping[str, str]) -> list[str]:
    """Two areas to compare, and why one comes before the other."""
    ids = committee.order(result)
    if len(ids) < 2:
        return []
    kept = state.get("pair", None)
    chosen = kept if kept and set(kept) <= set(ids) else tuple(ids[:2])

    def change(at: int, fresh: str) -> None:
        now = state.get("pair", None) or chosen
        other = now[1 - at] if now[1 - at] != fresh else now[at]
        state.put("pair", (fresh, other) if at == 0 else (other, fresh))

    for side, column, at in zip("ab", st.columns(2, gap="medium"), (0, 1), strict=True):
        column.selectbox(
            page.say(f"model_areas.pair_{side}"),
            ids,
            format_func=lambda one: named[one],
            **state.control(f"pair_{side}", chosen[at], partial(change, at)),
        )
    return committee.reasons(decisions.why(result, *chosen), named, page.language)
