"""The parts that pages are made of: frame, controls, map, tables, what is not known."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import cached_property, partial
from time import sleep
from typing import Any, TypeVar

import geopandas as gpd
import streamlit as st
from streamlit_folium import st_folium

from app import assets, cache, state
from app.uploads import Upload
from geo import coverage, errors, nearby, project, registry, schemas, text
from geo.pipeline import Assessment, Prepared
from geo.present import downloads, geometry, maps, reach, reports, sheet, tables, words
from geo.present.maps import View
from geo.present.tables import Rows
from geo.project import Changes, Project
from geo.study import Study

T = TypeVar("T")
MAP_HEIGHT = 600
PRESETS_M = (300, 500, 800)
MIN_M, MAX_M, STEP_M = 100, 1200, 50
HOUR = time(14)
"""When nobody has said which hour."""
MUNICIPAL = "municipal"
FIELDS = (
    "name", "address", "latitude", "longitude", "kind", "targets", "opening", "capacity", "operator", "status",
    "step_free", "fee", "languages", "functions", *schemas.ATTENDANCE,
)  # fmt: skip
"""What a column of a list can be said to be."""
LISTED_GAPS = 30
"""Gaps in the ranked list; all of them stand in the table below."""
SHOWN_ROWS = 300
"""Rows of a table on a page; the files have them all."""
LISTED_AREAS = 1_500
"""Where there are more small areas, those of the chosen zone are listed."""
REST_S, RESTS = 0.03, 2
"""After its map a page rests for a moment: the server's other thread sends the map, others get theirs, and a reader
who moves on at once is not kept waiting by figures that nobody looks at."""
FITTING_GAPS, LIST_HEIGHT = 8, 288
"""The height cuts a row in two: whoever sees it knows that the list goes on."""
REMARK = re.compile(r"([(（].+[)）])$")
"""What is said in brackets after a figure."""


@dataclass(frozen=True)
class Page:
    """What a page knows when it is drawn."""

    language: text.Language
    project: Project
    study: Study
    version: str
    prepared: Prepared
    assessment: Assessment

    def say(self, key: str, /, **values: object) -> str:
        """A sentence of the catalogue."""
        return text.say(key, self.language, **values)

    @property
    def group(self) -> str:
        """For whom, in words."""
        return words.label("group", self.study.gap_group, self.language)

    @property
    def kind(self) -> str:
        """Which places count, in words."""
        return self.say(f"kind.{self.study.gap_kind}", days=self.days)

    @property
    def days(self) -> str:
        """From how many days a week a place is permanent."""
        return f"{self.study.permanent_min_days_per_week:g}"

    @cached_property
    def zone_names(self) -> dict[str, str]:
        """Every zone to look at, by its id: 第一中学校 (中学校区)."""
        return {
            zone.zone_id: self.say(
                "controls.zone",
                name=tables.zone_name(zone.name, zone.members, self.language),
                system=words.label("system", zone.system, self.language),
            )
            for zone in self.prepared.zone_names.itertuples(index=False)
        }

    @property
    def ward(self) -> str:
        """The name of the municipality."""
        own = self.prepared.zones
        return str(own.loc[own["tier"] == MUNICIPAL, "name"].iloc[0])


def frame() -> None:
    """What stands on every page: the product's name, the language, the styles."""
    language = state.language()
    assets.styles(language)
    # Streamlit declares every page English; the reader's browser then offers to translate Japanese.
    st.html(
        f"<script>document.documentElement.lang = {language!r};</script>",
        unsafe_allow_javascript=True,
        width="content",
    )
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.html(f'<p class="ib-brand">{html.escape(text.say("app.title", language))}</p>', width="content")
        st.segmented_control(
            text.say("app.language", language),
            text.LANGUAGES,
            format_func=lambda code: text.say("app.own_name", code),
            label_visibility="collapsed",
            **state.control("language_control", language, state.choose_language),
        )


def open_project(name: str) -> Project:
    """Title and two sentences; ends the page where there is no project."""
    language = state.language()
    st.title(text.say(f"{name}.title", language), anchor=False)
    words_of(text.say(f"{name}.lead", language))
    project = state.project()
    if project is None:
        st.info(text.say("app.no_project", language))
        st.code("ibasho demo\nibasho app DIR", language=None)
        st.stop()
    return project


def open_page(name: str) -> Page:
    """Title, two sentences, and the study measured; ends the page where there is no project."""
    language, project = state.language(), open_project(name)
    state.study(project)
    state.from_link()
    state.to_link(project)
    study = state.study(project)
    version = cache.version(project, study)
    prepared = _prepare(project, version, language)
    assessment = cache.assessment(version, study.fingerprint(), _prepared=prepared, _study=study)
    if state.role() != state.PLANNER:
        assessment = cache.outward(version, study.fingerprint(), _assessment=assessment)
    return Page(language, project, study, version, prepared, assessment)


def words_of(sentence: str) -> None:
    """A paragraph, broken between phrases."""
    st.html(f'<p class="ib-words">{words.markup(sentence)}</p>')


def heading(sentence: str) -> None:
    """A heading with names in it: Streamlit reads Markdown there, and names are text."""
    st.header(words.plain(sentence), anchor=False)


def tell(problem: errors.AtlasError, language: text.Language) -> None:
    """What the reader can mend, in words; names and values in them are text."""
    st.error(words.plain(text.tell_on_page(problem.code, problem.template, language, **problem.context)))


def _prepare(project: Project, version: str, language: text.Language) -> Prepared:
    spot = st.empty()

    def tell(stage: str, done: int, total: int) -> None:
        spot.progress(done / total, text=text.say(f"cli.stage.{stage}", language))

    result = cache.prepared(version, project=project, progress=tell)
    spot.empty()
    return result


def controls(page: Page) -> None:
    """Area → for whom → how far, on every page in this order."""
    with st.container(border=True, key="controls"):
        where, who, far = st.columns([1, 1, 1], gap="medium")
        with where:
            _where(page)
        with who:
            whom(page)
            kind(page)
        with far:
            how_far(page)


def _where(page: Page) -> None:
    names = {state.WHOLE: page.say("controls.whole", ward=page.ward), **page.zone_names}
    st.selectbox(
        page.say("controls.where"),
        list(names),
        format_func=lambda zone: names.get(zone, names[state.WHOLE]),
        **state.control("zone_control", chosen_zone(page), partial(state.put, "zone")),
    )
    st.selectbox(
        page.say("controls.division"),
        [state.AREAS, *systems(page)],
        format_func=lambda system: words.label("system", system, page.language),
        **state.control("division_control", division(page), partial(state.put, "division")),
    )


def whom(page: Page, *, label: str = "controls.whom") -> None:
    """For whom: a group of the study; a group that no table counts is named so."""
    population = page.assessment.summary["population"]

    def named(group: str) -> str:
        name = words.label("group", group, page.language)
        return name if population.get(group) is not None else page.say("controls.no_data", group=name)

    st.selectbox(
        page.say(label),
        [group.group for group in page.study.groups],
        format_func=named,
        **state.control("group_control", page.study.gap_group, lambda group: state.change(gap_group=group)),
    )


def kind(page: Page) -> None:
    """Which places count."""
    st.selectbox(
        page.say("controls.kind"),
        coverage.KINDS,
        format_func=lambda kind: page.say(f"kind.{kind}", days=page.days),
        **state.control("kind_control", page.study.gap_kind, lambda kind: state.change(gap_kind=kind)),
    )


def how_far(page: Page) -> None:
    """How long a walk may be."""
    limit = page.study.limit_m
    is_planner = state.role() == state.PLANNER
    presets = PRESETS_M if is_planner else page.study.limits_m
    st.segmented_control(
        page.say("controls.how_far"),
        presets,
        format_func=lambda metres: f"{metres} m",
        **state.control(
            "preset_control",
            limit if limit in presets else None,
            lambda metres: state.change(limit_m=metres or limit),
        ),
    )
    group = page.study.gap_group
    minutes, pace = page.study.walk_min(group, limit), page.study.speed_m_per_min(group)
    st.caption(page.say("controls.walk", minutes=f"{minutes:.0f}", pace=pace))
    if not is_planner:
        return
    st.slider(
        page.say("controls.limit"),
        MIN_M,
        MAX_M,
        step=STEP_M,
        format="%d m",
        label_visibility="collapsed",
        **state.control(
            "limit_control",
            min(max(limit, MIN_M), MAX_M),
            lambda metres: state.change(limit_m=metres),
        ),
    )


def moment(page: Page) -> None:
    """A date and time to ask about, for planners: two of them beside each other would tell small counts."""
    asked = page.study.open_at
    st.toggle(
        page.say("coverage.moment"),
        help=page.say("coverage.moment_help"),
        **state.control(
            "moment_control",
            asked is not None,
            lambda on: state.change(open_at=datetime.combine(page.study.period_start, HOUR) if on else None),
        ),
    )
    if asked is None:
        return

    day_and_hour(
        page,
        "controls",
        lambda: state.study(page.project).open_at or asked,
        lambda moment: state.change(open_at=moment),
    )
    st.caption(page.say("coverage.moment_shown", moment=f"{asked:%Y-%m-%d %H:%M}"))


def day_and_hour(
    page: Page, name: str, asked: Callable[[], datetime], choose: Callable[[datetime], None]
) -> None:
    """A date and a time. They may arrive together, so each changes what is asked by then."""
    now = asked()
    day, hour = st.columns(2)
    day.date_input(
        page.say(f"{name}.day"),
        **state.control(
            f"{name}_day_control", now.date(), lambda day: choose(datetime.combine(day, asked().time()))
        ),
    )
    hour.time_input(
        page.say(f"{name}.time"),
        step=1800,
        **state.control(
            f"{name}_time_control", now.time(), lambda hour: choose(datetime.combine(asked().date(), hour))
        ),
    )


def choose(page: Page, name: str, options: Sequence[str], label: str, named: Callable[[str], str]) -> None:
    """One of a few options, as buttons beside one another; kept over pages and in the link."""
    st.segmented_control(
        page.say(label),
        options,
        format_func=named,
        **state.control(
            f"{name}_control",
            state.one_of(name, options),
            lambda chosen: state.put(name, chosen or options[0]),
        ),
    )


def systems(page: Page) -> list[str]:
    """The zone systems of the study area, without the municipality itself."""
    own = page.prepared.zones
    return sorted(own.loc[own["tier"] != MUNICIPAL, "system"].unique())


def division(page: Page) -> str:
    """How figures are divided: by small areas or by a zone system."""
    chosen = str(state.get("division", state.AREAS))
    return chosen if chosen in systems(page) else state.AREAS


def chosen_zone(page: Page) -> str:
    """The zone that is looked at; the whole ward when none is."""
    zone = str(state.get("zone", state.WHOLE))
    return zone if zone in page.zone_names else state.WHOLE


def place(page: Page) -> str:
    """The name of what is looked at."""
    return page.zone_names.get(chosen_zone(page), page.ward)


def shown(page: Page) -> dict[str, Any]:
    """What every map shows beside its colours: zone lines, places, the chosen zone."""
    layers = geometry.zone_layers(page.prepared.zones)
    system, zone = division(page), chosen_zone(page)
    drawn = layers.get(system)
    fields: dict[str, Any] = {
        "places": maps.counting(page.prepared.on_map, page.prepared.fitting, study=page.study),
        "words": maps.words(
            page.language,
            file=tables.file_name("map", page.study),
            source=page.say(
                "map.source", ward=page.ward, group=page.group, kind=page.kind, limit=page.study.limit_m
            ),
        ),
    }
    if zone:
        own = page.prepared.zones
        of = str(own.loc[own["zone_id"] == zone, "system"].iloc[0])
        place = own.loc[own["system"] == of, "zone_id"].tolist().index(zone)
        fields["focus"] = {"layer": layers[of], "i": place}
        drawn = drawn or layers[of]
    return {**fields, "zones": drawn}


def draw(page: Page, view: View, *, clicked: Callable[[str, int], None]) -> None:
    """The map; ``clicked`` is told the layer and the row that was clicked.

    The map's frame is constant while the data stay; a change sends the view alone.
    """
    files = cache.geometry(page.version, _prepared=page.prepared)
    key = "atlas"

    def handle() -> None:
        click = (st.session_state.get(key) or {}).get("ib_click")
        if click and click["t"] != st.session_state.get("last_click"):
            st.session_state["last_click"] = click["t"]
            clicked(str(click["layer"]), int(click["i"]))

    st_folium(
        assets.base_map(files),
        key=key,
        height=MAP_HEIGHT,
        use_container_width=True,
        returned_objects=[],
        feature_group_to_add=assets.change(view),
        on_change=handle,
    )
    _rest()
    hidden = len(page.prepared.places) - len(view.places)
    if hidden:
        st.caption(page.say("map.not_shown", n=hidden))


def at_work(
    told: str, work: Callable[[], T], *, stop: Callable[[], None] | None = None, label: str = ""
) -> T:
    """What takes a while: what is being done stands on the page, and a reader who moves on does not wait for it.

    ``stop`` is what a button does that stands there, with its ``label``, once it has taken a second.
    """
    # In a part of its own: what follows keeps its place on the page, and what is unfolded there stays unfolded.
    with st.container(), st.spinner(told):
        spot = st.empty()
        offer = partial(spot.button, label, on_click=stop, icon=":material/stop_circle:") if stop else None
        result = state.beside(work, late=offer)
    spot.empty()
    return result


def _rest() -> None:
    for _ in range(RESTS):
        sleep(REST_S)
        state.give_way()


def work_out(page: Page, *names: str) -> None:
    """Tables of the answer, one after another: a reader who moves on meanwhile waits for none of them."""
    for name in names:
        state.beside(partial(getattr, page.assessment, name))


def area_clicked(page: Page) -> Callable[[str, int], None]:
    """Choose the small area of a click on a cell or an area."""

    def choose(layer: str, row: int) -> None:
        if layer in {"cells", "areas"}:
            own = page.prepared.cells if layer == "cells" else page.prepared.small_areas
            state.put("area", str(own["small_area_id"].iloc[row]))
            state.put("spot", str(own["origin_id"].iloc[row]) if layer == "cells" else None)

    return choose


def spot(page: Page, area: int | None) -> str | None:
    """Where walks start: the place that was clicked, else where most people of the chosen area live."""
    if area is None:
        return None
    prepared, name = page.prepared, id_of_area(page, area)
    clicked = state.get("spot", None)
    own = prepared.origins.set_index("origin_id")["small_area_id"]
    if clicked in own.index and own[clicked] == name:
        return str(clicked)
    return nearby.spot_of(prepared.origins, prepared.at_origins[page.study.everybody], name)


def choose_area(page: Page, *, label: str = "controls.area", hint: str = "controls.area_hint") -> int | None:
    """The select box of small areas, equal to a click on the map; the row of the chosen one."""
    own = page.prepared.small_areas
    ids, names = own["small_area_id"].tolist(), dict(zip(own["small_area_id"], own["name"], strict=True))
    chosen = state.get("area", None)
    listed = _listed_areas(page)
    st.selectbox(
        page.say(label),
        [*listed, *({chosen} & set(names) - set(listed))],
        index=None,
        format_func=lambda area: str(names[area]),
        placeholder=page.say(hint if listed else "controls.area_zone"),
        **state.control("area_control", chosen if chosen in names else None, partial(state.put, "area")),
    )
    return ids.index(chosen) if chosen in names else None


def _listed_areas(page: Page) -> list[str]:
    """The areas to choose from: of a very large study those of the chosen zone, since each step sends the list."""
    own = page.prepared.small_areas
    land = own.loc[~own["is_water"], "small_area_id"]
    if len(land) <= LISTED_AREAS:
        return list(land)
    members, origins = page.prepared.membership, page.prepared.origins
    inside = members.loc[members["zone_id"] == chosen_zone(page), "origin_id"]
    return list(land[land.isin(set(origins.loc[origins["origin_id"].isin(set(inside)), "small_area_id"]))])


def name_of_area(page: Page, row: int) -> str:
    """The name of a small area by its row."""
    return str(page.prepared.small_areas["name"].iloc[row])


def id_of_area(page: Page, row: int) -> str:
    """The id of a small area by its row."""
    return str(page.prepared.small_areas["small_area_id"].iloc[row])


def gap_names(page: Page) -> dict[str, str]:
    """The gaps by the place where most of their people live."""
    prepared, found = page.prepared, page.assessment
    return tables.gap_names(
        found.gap_cells,
        found.coverage,
        prepared.cells,
        prepared.small_areas,
        study=page.study,
        language=page.language,
    )


def gap_of_cell(page: Page, row: int) -> str | None:
    """The gap of a cell by its row."""
    origin = page.prepared.cells["origin_id"].iloc[row]
    own = page.assessment.gap_cells
    found = own.loc[own["origin_id"] == origin, "gap_id"]
    return str(found.iloc[0]) if len(found) else None


def choose_gap(page: Page, names: dict[str, str]) -> str | None:
    """The ranked list of gaps, equal to a click on the map."""
    ids = page.assessment.gaps["gap_id"].tolist()
    people = dict(zip(ids, page.assessment.gaps["people"], strict=True))
    chosen = state.get("gap", None)
    chosen = str(chosen) if chosen in people else None
    if not ids:
        return None
    listed = ids[:LISTED_GAPS]

    def named(gap: str) -> str:
        who = words.count(people[gap], page.language)
        # The label is Markdown, the names in it are text from files.
        return page.say("gap.ranked", rank=ids.index(gap) + 1, name=words.plain(names[gap]), people=who)

    with st.container(
        height=LIST_HEIGHT if len(ids) > FITTING_GAPS else "content", border=False, key="gaps_list"
    ):
        st.radio(
            page.say("controls.gap"),
            listed if chosen in listed or not chosen else [*listed, chosen],
            index=None,
            format_func=named,
            **state.control("gap_control", chosen, partial(state.put, "gap")),
        )
    return chosen


def key_figures(page: Page) -> list[tuple[str, str]]:
    """The figures of the zone that is looked at, or of the whole ward."""
    own = page.prepared.zones
    zone = chosen_zone(page) or str(own.loc[own["tier"] == MUNICIPAL, "zone_id"].iloc[0])
    return tables.key_figures(
        page.assessment.zone_summary, zone=zone, study=page.study, days=page.days, language=page.language
    )


def municipal_zone(page: Page) -> str:
    """The id of the municipality among the zones."""
    own = page.prepared.zones
    return str(own.loc[own["tier"] == MUNICIPAL, "zone_id"].iloc[0])


def sheet_zone(page: Page) -> str:
    """The zone that the sheet is about: the one that is looked at, or the whole municipality."""
    return chosen_zone(page) or municipal_zone(page)


def named_places(page: Page) -> gpd.GeoDataFrame:
    """The open places whose names may be shown."""
    own = page.prepared.places
    return own[registry.shown(own) & (own["status"] == "open")]


def vacancies(page: Page, zone: str) -> str:
    """How many vacant houses and shops one zone has, in a sentence; few are not told."""
    own = page.assessment.zone_summary
    count = own.loc[own["zone_id"] == zone, "vacancies"].iloc[0]
    if page.prepared.vacancies.empty:
        return page.say("zone_sheet.vacancies_unknown")
    if count != count:
        return page.say("zone_sheet.vacancies_hidden")
    return page.say("zone_sheet.vacancies", n=words.count(count, page.language, unit="places"))


def table(rows: Rows, *, marked: int | None = None) -> None:
    """A table that screen readers can read and in which names are text; of a very long one the first rows."""
    if len(rows.rows) <= SHOWN_ROWS:
        st.html(tables.html(rows, marked=marked))
        return
    order = [*range(SHOWN_ROWS), *([marked] if marked is not None and marked >= SHOWN_ROWS else [])]
    first = replace(rows, rows=tuple(rows.rows[i] for i in order))
    st.html(tables.html(first, marked=None if marked is None else order.index(marked)))
    words_of(text.say("table.more", rows.language, shown=len(order), n=f"{len(rows.rows):,}"))


def salons(page: Page) -> None:
    """Salons that fewer people or nobody new comes to, or whose helpers are old, and what is not known of them."""
    own = page.assessment.salons
    if own.empty:
        return
    if (rows := reach.salons(own, page.prepared.places, language=page.language)).rows:
        table(rows)
        words_of(reach.salons_rule(study=page.study, language=page.language))
    words_of(reach.salons_unknown(own, language=page.language))


def salons_in(page: Page, zone: str) -> None:
    """The same of one zone, as short as its sheet needs."""
    prepared, language = page.prepared, page.language
    own = sheet.salons_in(page.assessment.salons, prepared.zone_points[0], zone)
    if own.empty:
        return
    if (rows := sheet.salons(own, prepared.places, language=language)).rows:
        table(rows)
    words_of(reach.salons_unknown(own, language=language))


def download(page: Page, name: str, rows: Rows, shapes: gpd.GeoSeries | None = None) -> None:
    """The table as files: for a spreadsheet, and with its shapes for a map program.

    Files are made when they are asked for.
    """
    with st.container(horizontal=True, vertical_alignment="center", key=f"downloads_{name}"):
        st.html(f'<p class="ib-words">{html.escape(page.say("app.download"))}</p>', width="content")
        for form in downloads.FORMS if shapes is not None else downloads.SHEETS:
            st.download_button(
                downloads.LABELS[form],
                partial(downloads.content, rows, form, shapes),
                file_name=f"{tables.file_name(name, page.study)}.{form}",
                mime=downloads.MIME[form],
                key=f"download_{name}_{form}",
                on_click="ignore",
            )


def shapes(page: Page, layer: str) -> gpd.GeoSeries:
    """The shapes of a table's rows by their ids: ``areas``, ``zones`` or ``gaps``."""
    if layer == "gaps":
        return page.assessment.gaps.set_index("gap_id").geometry
    table, key = {
        "areas": (page.prepared.small_areas, "small_area_id"),
        "zones": (page.prepared.zones, "zone_id"),
    }[layer]
    return table.set_index(key).geometry


def mapping(upload: Upload, language: text.Language) -> dict[str, str] | None:
    """Which column is which, of a list that follows no standard; None until the reader says so."""
    st.subheader(text.say("data.mapping", language), anchor=False)
    words_of(text.say("data.mapping_lead", language))
    options = ["", *upload.header]
    with st.form("mapping"):
        halves = st.columns(2)
        chosen = {
            field: halves[i % 2].selectbox(
                text.say(f"field.{field}", language),
                options,
                index=options.index(column) if (column := upload.mapping.get(field, "")) in options else 0,
                format_func=lambda name: name or text.say("data.none", language),
            )
            for i, field in enumerate(FIELDS)
        }
        asked = st.form_submit_button(text.say("data.again", language))
    return {field: column for field, column in chosen.items() if column} if asked else None


def readings(found: Changes, language: text.Language) -> None:
    """Files as understood: what each is, what was noticed in it, and what it would change."""
    for reading in found.readings:
        name = reading.file
        table(reports.dataset({**reading.dataset(), "file": name}, language=language))
        if reading.notes:
            table(reports.notes(project.notes_of(reading), language=language))
        seen = found.of(reading.dataset_id)
        counts = {kind: int((seen["action"] == kind).sum()) for kind in ("added", "changed", "gone")}
        if reading.dataset_id in found.first:
            words_of(text.say("data.first", language, name=name, n=f"{len(reading.table):,}"))
        elif seen.empty:
            words_of(text.say("data.same", language, name=name))
        else:
            words_of(text.say("data.diff", language, name=name, **counts))
            table(reports.changes(seen, language=language))


def figures(pairs: Iterable[tuple[str, str]]) -> None:
    """Key figures: what is counted above, the number below."""
    items = "".join(f"<div><dt>{words.markup(a)}</dt><dd>{_figure(b)}</dd></div>" for a, b in pairs)
    st.html(f'<dl class="ib-figures">{items}</dl>')


def _figure(value: str) -> str:
    number, more, _ = REMARK.split(value) if REMARK.search(value) else (value, "", "")
    return html.escape(number.strip()) + (f" <small>{html.escape(more)}</small>" if more else "")


def proposal(label: str, chosen: Sequence[str]) -> None:
    """What comes out, so large that a room reads it."""
    answer = "".join(f'<p class="ib-answer">{html.escape(one)}</p>' for one in chosen)
    st.html(f'<div class="ib-proposal"><p>{html.escape(label)}</p>{answer}</div>')


def sentences(told: Iterable[str], *, tag: str = "ul") -> None:
    """Sentences below one another; numbered when ``tag`` is ``ol``."""
    items = "".join(f"<li>{words.markup(sentence)}</li>" for sentence in told)
    st.html(f'<{tag} class="ib-known">{items}</{tag}>')


def method(page: Page) -> None:
    """How distances were measured; straight lines are said on every page."""
    key = f"method.{page.prepared.method}"
    words_of(page.say(key, factor=f"{page.study.detour_factor:g}"))


def not_known(page: Page, *, easy: str = "") -> None:
    """What the numbers do not say; where an ``easy`` sentence says it, the rest is folded away."""
    st.subheader(page.say("app.not_known"), anchor=False)
    if easy:
        words_of(page.say(easy))
        with st.expander(page.say("app.more")):
            _remarks(page)
    else:
        _remarks(page)


def _remarks(page: Page) -> None:
    told = words.known(page.assessment.summary, page.language) or [page.say("app.all_known")]
    if state.role() != state.PLANNER:
        few = page.say("app.few", k=page.study.disclosure_k, base=page.study.rounding)
        told = [few, *told]
    sentences(told)
