"""The tables: one class each. A store reads and writes only through :func:`conform`.

Columns carry their unit in the name; counts of people and households have no suffix. What is not known is
NaN or an absent row, never 0. Keys are strings; tables are sorted by their key. Geometry is in
:data:`STORED_CRS` in the store and in the study's plane zone (metres) inside the analysis.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors
from pandera.typing.geopandas import GeoSeries
from pandera.typing.pandas import Series

from geo import errors

STORED_CRS = "EPSG:6668"
"""JGD2011 longitude, latitude."""

TIERS = ("small", "middle", "municipal")
PLACE_KINDS = (
    "ibasho",
    "salon",
    "children_cafeteria",
    "childrearing_salon",
    "tea_room",
    "meal_service",
    "consultation_desk",
    "facility",
    "other",
)
TARGETS = (
    *("all", "older", "children", "childrearing", "disabled"),
    *("youth", "carers", "foreign", "newcomers", "other"),
)
PLACE_STATUS = ("planned", "preparing", "open", "suspended", "closed")
STAGES = {
    "consulting": "planned",
    "preparing": "preparing",
    "established": "open",
    "supported": "open",
    "suspended": "suspended",
    "closed": "closed",
}
"""The life of a place as a council counts it (相談中, 準備中, 立上げ完了, 継続支援, 休止, 終了), and its status."""
PRECISIONS = ("point", "block", "town", "district", "municipality", "prefecture")
"""How well a position is known, best first: the place itself, its block (街区), its 丁目 or 字, its 大字 of several
丁目, or no more than the municipality or prefecture."""
DAYPARTS = ("morning", "afternoon", "evening")
FUNCTIONS = ("gather", "consult", "learn", "eat", "watch", "join")
"""What a place offers: 集う, 相談, 学び, 食, 見守り, 参加支援."""
LANGUAGES = (
    *(
        "ja",
        "en",
        "zh",
        "ko",
        "vi",
        "ne",
        "tl",
        "pt",
        "es",
        "fr",
        "id",
        "th",
        "my",
        "ru",
        "uk",
        "hi",
        "bn",
        "mn",
    ),
    *("ar", "km", "si", "de", "it", "ur", "fa", "lo", "ta", "tr", "ms"),
)
"""Languages with a name of their own here, by ISO 639-1; a list may tell others by their codes."""
OPTIONS = ("vacancy", "longer_opening", "other_group")
"""What could close a gap: a vacant property, an existing place that opens more often, or for more people."""
GOODS = ("places", "nearness", "open_share", "room")
"""What is shared among people: places within the walk, how near the nearest is, open hours, visits a week."""
STATES = ("known", "partial", "unknown")
"""How far a number is known; partial: it lies between two bounds."""
FINDINGS = ("yes", "no", "unknown")
"""What is found of a place: unknown where the list does not tell, never "no"."""
ATTENDANCE = (
    *("attendance", "attendance_before", "newcomers"),
    *("helpers", "helpers_75_plus", "helpers_mean_age"),
)
"""Columns of places that stay in the house: how many people come, and who helps there."""
HELPERS_AGES = (10, 110)
"""Years between which a mean age of helpers can be."""
HOT_SPOTS = ("hot", "cold", "high_among_low", "low_among_high", "not_significant", "not_enough_data")
"""High risk among high, low among low, the two outliers, and what no test can tell."""


ACTIONS = ("open", "more_days", "permanent", "widen", "enlarge")
"""Open a new place, open on more days, make it permanent (常設), serve more groups, serve more people."""
STANDINGS = ("existing", "required", "candidate", "forbidden")
FUNNEL = ("candidate", "consented", "surveyed", "renovated", "opened")
CONSENT = ("none", "asked", "agreed_internal", "agreed_public")

Text = Series[str]
Shape = GeoSeries[Any]


def key(**rules: Any) -> Any:
    """A column that is part of its table's key (pandera keeps no class variable for it)."""
    return pa.Field(metadata={"key": True}, **rules)


class Table(pa.DataFrameModel):
    """What all tables share: no surplus columns, and a key by which they are sorted."""

    class Config:
        """Columns are exactly the declared ones; values are coerced to the declared type or refused."""

        strict = True
        coerce = True
        ordered = True


class Municipalities(Table):
    """Wards and municipalities, one row a code, parts dissolved."""

    municipality_code: Text = key(str_matches=r"^[0-9]{5}$")
    name: Text
    qualified_name: Text
    dataset_id: Text
    geometry: Shape


class Zones(Table):
    """Zones of any system (middle_school, elementary_school, branch_office, own ones); systems may overlap."""

    zone_id: Text = key()
    system: Text
    tier: Text = pa.Field(isin=TIERS)
    name: Text
    municipality_code: Text = pa.Field(nullable=True)
    approximate: Series[bool] = pa.Field(default=False)
    """Nobody drew its border: it was grown from points."""
    dataset_id: Text
    geometry: Shape

    class Config:
        """Zones of a file, or of an older store, are as their file draws them."""

        add_missing_columns = True


class SmallAreas(Table):
    """Census small areas (町丁・字等), one row a KEY_CODE: parts dissolved, people summed.

    Where a project has none, the grid squares of a mesh table take their place while it is analysed, with ``mesh:``
    and their code as key; see :mod:`geo.mesh`.
    """

    small_area_id: Text = key(str_matches=r"^([0-9]{9}([0-9]{2})?|mesh:[0-9]{8,11})$")
    name: Text
    municipality_code: Text = pa.Field(str_matches=r"^[0-9]{5}$")
    people: Series[float] = pa.Field(ge=0)
    households: Series[float] = pa.Field(ge=0)
    is_water: Series[bool]
    dataset_id: Text
    geometry: Shape


class Statistics(Table):
    """Counts in long form: one row an area and variable.

    An area is a small area or one above it (KEY_CODE of 5, 9 or 11 digits), or a grid square (``mesh:`` and its
    code). Variables that begin ``projected_`` or ``housing_`` count nobody of today.

    ``status``: ``known`` · ``includes`` (the count holds those of the areas of its disclosure group) ·
    ``suppressed`` (value NaN: already counted in ``disclosure_group``). Two areas share a
    ``disclosure_group`` (the receiving area's key) when one's counts were merged into the other's.
    """

    small_area_id: Text = key()
    variable: Text = key()
    value: Series[float] = pa.Field(ge=0, nullable=True)
    status: Text = pa.Field(isin=("known", "includes", "suppressed"))
    disclosure_group: Text = pa.Field(nullable=True)
    dataset_id: Text = key()


class PointCounts(Table):
    """Counts at named points (for example one-person households by 町丁目), joined to areas by position."""

    point_id: Text = key()
    name: Text
    variable: Text
    value: Series[float] = pa.Field(ge=0)
    dataset_id: Text = key()
    geometry: Shape


class Places(Table):
    """Places where people may drop in. Contact data of persons is never read into this table."""

    place_id: Text = key()
    name: Text
    kind: Text = pa.Field(isin=PLACE_KINDS)
    targets: Text
    """Of TARGETS, joined by ``;``."""
    targets_known: Series[bool]
    """False: taken from the kind of place, since the list does not say."""
    opening_text: Text = pa.Field(nullable=True)
    open_days_per_week: Series[float] = pa.Field(ge=0, le=7, nullable=True)
    """NaN: not known, which is never read as permanent."""
    capacity: Series[float] = pa.Field(ge=0, nullable=True)
    status: Text = pa.Field(isin=PLACE_STATUS)
    operator: Text = pa.Field(nullable=True)
    address: Text = pa.Field(nullable=True)
    verified_on: Text = pa.Field(nullable=True)
    stage: Text = pa.Field(isin=tuple(STAGES), nullable=True)
    """Finer than the status, where the list tells; see STAGES."""
    opened_on: Text = pa.Field(nullable=True)
    closed_on: Text = pa.Field(nullable=True)
    next_review_on: Text = pa.Field(nullable=True)
    do_not_publish: Series[bool] = pa.Field(default=False)
    """The place asked not to be listed: it counts, but is in nothing that leaves the house."""
    functions: Text = pa.Field(nullable=True)
    """Of FUNCTIONS, joined by ``;``; None: the list does not say."""
    step_free: Text = pa.Field(isin=("yes", "no"), nullable=True)
    fee_yen: Series[float] = pa.Field(ge=0, nullable=True)
    """What an adult pays for one visit; 0: free; NaN: not known, or no fixed sum."""
    fee_child_yen: Series[float] = pa.Field(ge=0, nullable=True)
    """The same of a child at primary or middle school; where one fee is for all, both are equal."""
    languages: Text = pa.Field(nullable=True)
    """ISO 639-1 codes beside Japanese, joined by ``;``; ``ja``: Japanese alone."""
    attendance: Series[float] = pa.Field(ge=0, nullable=True)
    """People who come to one session, mean of the latest year; this and the following never leave the house."""
    attendance_before: Series[float] = pa.Field(ge=0, nullable=True)
    """The same of the year before."""
    newcomers: Series[float] = pa.Field(ge=0, nullable=True)
    """People who came for the first time within the latest year."""
    helpers: Series[float] = pa.Field(ge=0, nullable=True)
    """People who run it or help there (担い手)."""
    helpers_75_plus: Series[float] = pa.Field(ge=0, nullable=True)
    """Of these, 75 and over."""
    helpers_mean_age: Series[float] = pa.Field(ge=0, le=120, nullable=True)
    precision: Text = pa.Field(isin=PRECISIONS, default="point")
    """Of the position; blank in older stores, whose lists all had coordinates of their own."""
    source_row: Series[int]
    """Row of the user's file, counted as a spreadsheet does."""
    dataset_id: Text
    geometry: Shape

    class Config:
        """A list, or an older store, that says nothing of the last columns has them blank."""

        add_missing_columns = True


class Addresses(Table):
    """A gazetteer: where a town (町丁目) or block (街区) is, for places that have an address but no coordinates."""

    address_id: Text = key()
    prefecture: Text = pa.Field(nullable=True)
    """None: the list does not tell."""
    municipality: Text
    """As addresses write it, with the city before the ward; blank when the list does not tell."""
    town: Text
    """As :func:`geo.sources.geocode.normal` writes it: 飯田橋1 for 飯田橋一丁目."""
    block: Text = pa.Field(nullable=True)
    """None: the town as a whole."""
    dataset_id: Text
    geometry: Shape


class Vacancies(Table):
    """Vacant houses and shops: internal; leaves the house only as masked counts unless agreed in public."""

    property_id: Text = key()
    kind: Text = pa.Field(isin=("house", "shop"))
    floor_area_m2: Series[float] = pa.Field(ge=0, nullable=True)
    built_year: Series[float] = pa.Field(ge=1600, le=2200, nullable=True)
    structure: Text = pa.Field(nullable=True)
    owner_consent: Text = pa.Field(isin=CONSENT)
    step_free: Text = pa.Field(isin=("yes", "no"), nullable=True)
    quake_proof: Text = pa.Field(isin=("yes", "no"), nullable=True)
    """As the list says (新耐震, 改修済; 旧耐震); without it the year of building is the only hint."""
    flood_rank: Series[float] = pa.Field(ge=0, nullable=True)
    landslide: Text = pa.Field(isin=("none", "yellow", "red"), nullable=True)
    """Outside, in a 警戒区域, in a 特別警戒区域."""
    rent_yen_per_month: Series[float] = pa.Field(ge=0, nullable=True)
    stage: Text = pa.Field(isin=FUNNEL, nullable=True)
    """How far it is on the way to a place: 候補, 所有者同意, 調査, 改修, 開所."""
    address: Text = pa.Field(nullable=True)
    precision: Text = pa.Field(isin=PRECISIONS, default="point")
    """Of the position, as for places."""
    floors: Series[float] = pa.Field(ge=0, nullable=True)
    site_area_m2: Series[float] = pa.Field(ge=0, nullable=True)
    price_yen: Series[float] = pa.Field(ge=0, nullable=True)
    condition: Text = pa.Field(nullable=True)
    """In the words of the list, as the following."""
    inspection: Text = pa.Field(nullable=True)
    """Whether there is a certificate of completion (検査済証)."""
    source_row: Series[int]
    dataset_id: Text
    geometry: Shape

    class Config:
        """A list, or an older store, that says nothing of these columns has them blank."""

        add_missing_columns = True


class Streets(Table):
    """Walkable street pieces between two nodes, undirected; at most one row a way and position."""

    street_id: Text = key()
    u: Text
    v: Text
    length_m: Series[float] = pa.Field(ge=0)
    """On the ellipsoid."""
    kind: Text
    """The OSM highway value, or ``street`` where the layer has none."""
    stairs: Series[bool]
    rise_m: Series[float] = pa.Field(nullable=True)
    """How much higher v lies than u; NaN: not known."""
    dataset_id: Text
    geometry: Shape

    class Config:
        """Streets of which nobody told the slope, or of an older store, have it blank."""

        add_missing_columns = True


class Elevations(Table):
    """Heights above the sea at nodes of the streets, taken from a terrain model."""

    node: Text = key()
    """As the streets call it."""
    elevation_m: Series[float]
    dataset_id: Text = key()
    geometry: Shape


class Datasets(Table):
    """What was imported: one row a dataset, with how it was read."""

    dataset_id: Text = key()
    kind: Text
    table: Text
    file: Text
    sha256: Text
    edition: Text = pa.Field(nullable=True)
    licence: Text = pa.Field(nullable=True)
    encoding: Text = pa.Field(nullable=True)
    crs: Text = pa.Field(nullable=True)
    rows: Series[int]
    """Rows in the user's file."""
    kept: Series[int]
    """Rows of the user's file that are in our table."""


class Notes(Table):
    """What was repaired, refused or left unknown while reading, by row of the user's file."""

    dataset_id: Text = key()
    number: Series[int] = key()
    level: Text = pa.Field(isin=("repaired", "refused", "unknown", "info"))
    code: Text
    row: Series[float] = pa.Field(nullable=True)
    template: Text
    values: Text
    """The values of the template, as JSON."""


class Duplicates(Table):
    """Pairs of places that are, or may be, one place entered twice; in the store those that a person decided."""

    place_id: Text = key()
    other_id: Text = key()
    """Comes after place_id in the alphabet."""
    score: Series[float] = pa.Field(ge=0, le=100)
    """How alike the names are; 100: equal."""
    distance_m: Series[float] = pa.Field(ge=0)
    why: Text
    """The rule of :mod:`geo.registry` that was met."""
    verdict: Text = pa.Field(isin=("same", "different", "undecidable"))
    decision: Text = pa.Field(isin=("same", "different"), nullable=True)
    """What a person said; wins over the rules."""


class Edits(Table):
    """What persons changed in entries of the registry, beside what the lists say; see :mod:`geo.entries`."""

    place_id: Text = key()
    field: Text = key()
    listed: Text
    """What the list says, as JSON: while it says so, the edit holds."""
    edited: Text
    """What the person said, as JSON."""


class History(Table):
    """Every change of what was imported, in change sets; see :mod:`geo.changes`."""

    change: Series[int] = key(ge=1)
    """The change set: one import or one decision."""
    number: Series[int] = key(ge=1)
    changed_at: Text = pa.Field(nullable=True)
    changed_by: Text = pa.Field(nullable=True)
    dataset_id: Text
    table: Text
    action: Text = pa.Field(isin=("imported", "added", "changed", "gone", "undone"))
    """imported: a whole dataset for the first time; undone: the change set named by ``row_key``."""
    row_key: Text = pa.Field(nullable=True)
    """The key of the row, as a JSON list."""
    field: Text = pa.Field(nullable=True)
    before: Text = pa.Field(nullable=True)
    """As JSON: the value of the field, or the whole row that is gone."""
    after: Text = pa.Field(nullable=True)


class Origins(Table):
    """Where people start: street nodes or representative points, with shares of their area's people."""

    origin_id: Text = key()
    small_area_id: Text
    weight: Series[float] = pa.Field(ge=0, le=1)
    """Share of the area's people who start here; the weights of an area sum to 1."""
    geometry: Shape


class Distances(Table):
    """Walking distances within the limit; pairs beyond it are absent."""

    origin_id: Text = key()
    place_id: Text = key()
    distance_m: Series[float] = pa.Field(ge=0)


class Catchments(Table):
    """The ground from which a place is within a walk (see :mod:`geo.catchment`), one row a place and limit."""

    place_id: Text = key()
    limit_m: Series[int] = key(gt=0)
    geometry: Shape


class KindCatchments(Table):
    """The catchments of all places of a kind as one."""

    kind: Text = key(isin=PLACE_KINDS)
    limit_m: Series[int] = key(gt=0)
    geometry: Shape


class Coverage(Table):
    """Who reaches what: one row an origin, group and kind of place."""

    origin_id: Text = key()
    group: Text = key()
    kind: Text = key(isin=("any", "permanent"))
    people: Series[float] = pa.Field(ge=0, nullable=True)
    """NaN: no table tells how many of this group live here."""
    nearest_m: Series[float] = pa.Field(ge=0, nullable=True)
    second_m: Series[float] = pa.Field(ge=0, nullable=True)
    third_m: Series[float] = pa.Field(ge=0, nullable=True)
    possible_m: Series[float] = pa.Field(ge=0, nullable=True)
    """Walk to the nearest place that counts or may count, since its opening days are not known; 0 when no list of
    places is known at all."""
    n_within: Series[int] = pa.Field(ge=0)
    """Places within the largest limit of the study."""
    reason: Text = pa.Field(nullable=True)
    """Why nothing is reached at any distance."""


class AreaCoverage(Table):
    """Covered people of each small area: one row an area, group, kind of place and limit."""

    small_area_id: Text = key()
    group: Text = key()
    kind: Text = key(isin=("any", "permanent"))
    limit_m: Series[int] = key()
    people: Series[float] = pa.Field(ge=0, nullable=True)
    covered_people: Series[float] = pa.Field(ge=0, nullable=True)
    """At least; NaN: not known."""
    covered_people_max: Series[float] = pa.Field(ge=0, nullable=True)
    """At most: when every place of unknown opening days counts."""
    covered_share: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    """NaN: nobody of the group lives here, or it is not known."""
    covered_share_max: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    state: Text = pa.Field(isin=STATES)


class Opening(Table):
    """When: one row an origin and group of which people start there, within the study's walk and period."""

    origin_id: Text = key()
    group: Text = key()
    people: Series[float] = pa.Field(ge=0)
    open_share: Series[float] = pa.Field(ge=0, le=1)
    """Share of the waking half-hours in which some fitting place is surely open."""
    unknown_share: Series[float] = pa.Field(ge=0, le=1)
    """Share in which none is surely open but one may be; the rest is closed."""


class AreaOpening(Table):
    """The timetable of each walking area: one row a small area, group, weekday and part of the day."""

    small_area_id: Text = key()
    group: Text = key()
    weekday: Series[int] = key(ge=0, le=6)
    """0: Monday."""
    daypart: Text = key(isin=DAYPARTS)
    people: Series[float] = pa.Field(ge=0)
    open_share: Series[float] = pa.Field(ge=0, le=1)
    """Mean over the people of the group who live here."""
    unknown_share: Series[float] = pa.Field(ge=0, le=1)


class ZoneOpening(Table):
    """The timetable of each zone: one row a zone, group, weekday and part of the day."""

    zone_id: Text = key()
    group: Text = key()
    weekday: Series[int] = key(ge=0, le=6)
    """0: Monday."""
    daypart: Text = key(isin=DAYPARTS)
    people: Series[float] = pa.Field(ge=0)
    open_share: Series[float] = pa.Field(ge=0, le=1)
    """Mean over the people of the group who live here: something fitting is surely open within their walk."""
    unknown_share: Series[float] = pa.Field(ge=0, le=1)
    places_open: Series[int] = pa.Field(ge=0)
    """Fitting places in the zone itself that surely open in this part of most of these weekdays."""
    places_unknown: Series[int] = pa.Field(ge=0)
    """Fitting places in the zone that may."""


class Room(Table):
    """Visits a week that the places within reach have for each person, shared with all others who reach them."""

    origin_id: Text = key()
    group: Text = key()
    people: Series[float] = pa.Field(ge=0)
    two_stage: Series[float] = pa.Field(ge=0)
    enhanced: Series[float] = pa.Field(ge=0)
    three_stage: Series[float] = pa.Field(ge=0)


class Dependence(Table):
    """What a place means to the people around it: one row a place, and group and kind that it counts for."""

    place_id: Text = key()
    group: Text = key()
    kind: Text = key(isin=("any", "permanent"))
    people_near: Series[float] = pa.Field(ge=0)
    """Within the study's walk."""
    people_nearest: Series[float] = pa.Field(ge=0)
    """Of these, for whom it is the nearest."""
    people_only: Series[float] = pa.Field(ge=0)
    """Of these, for whom it is the only one: they are left out when it closes."""
    extra_m: Series[float] = pa.Field(ge=0, nullable=True)
    """How much farther the next place is for those to whom it is the nearest, mean; NaN: there is none."""


class FunctionCoverage(Table):
    """Who has a place of each function within the walk: one row an area, group and function."""

    small_area_id: Text = key()
    group: Text = key()
    function: Text = key(isin=FUNCTIONS)
    people: Series[float] = pa.Field(ge=0)
    covered_people: Series[float] = pa.Field(ge=0)
    covered_share: Series[float] = pa.Field(ge=0, le=1)


class Partners(Table):
    """Pairs of places whose days together complete the week."""

    place_id: Text = key()
    other_id: Text = key()
    days: Text
    """Weekdays, 0 Monday, joined by ``;``."""
    other_days: Text
    people: Series[float] = pa.Field(ge=0)
    """Who has both within the walk."""


class Salons(Table):
    """How each open salon fares: who comes, who helps, and what that may mean. Internal.

    ``unknown``: the list does not tell.
    """

    place_id: Text = key()
    attendance: Series[float] = pa.Field(ge=0, nullable=True)
    attendance_before: Series[float] = pa.Field(ge=0, nullable=True)
    change_share: Series[float] = pa.Field(ge=-1, nullable=True)
    """Of the attendance of the year before; below 0: fewer come."""
    newcomers: Series[float] = pa.Field(ge=0, nullable=True)
    newcomers_share: Series[float] = pa.Field(ge=0, nullable=True)
    """Newcomers of the year per person of a session."""
    helpers: Series[float] = pa.Field(ge=0, nullable=True)
    helpers_75_plus_share: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    helpers_mean_age: Series[float] = pa.Field(ge=0, nullable=True)
    falling: Text = pa.Field(isin=FINDINGS)
    fixed: Text = pa.Field(isin=FINDINGS)
    """Hardly anybody new comes (固定化)."""
    ageing: Text = pa.Field(isin=FINDINGS)
    """The helpers are old (担い手の高齢化)."""


class GapOptions(Table):
    """What would close a gap. Internal: it names vacant properties."""

    gap_id: Text = key()
    option: Text = key(isin=OPTIONS)
    ref_id: Text = key()
    """A property_id or place_id."""
    people: Series[float] = pa.Field(ge=0)
    """Of the gap, who would have it within the walk."""


class Gaps(Table):
    """Contiguous inhabited areas that no fitting place reaches within the study's limit, worst first."""

    gap_id: Text = key()
    people: Series[float] = pa.Field(ge=0)
    people_min: Series[float] = pa.Field(ge=0)
    """Of these surely left out: no place of unknown opening days is near either."""
    nearest_m: Series[float] = pa.Field(ge=0, nullable=True)
    """Walk from the people left out to the nearest fitting place, mean by people; NaN: none reached."""
    reason: Text
    zone_ids: Text
    geometry: Shape


class Isolation(Table):
    """Risk of isolation, relative within the study; areas only, never a building or household."""

    small_area_id: Text = key()
    risk: Series[float] = pa.Field(nullable=True)
    """The indicators' scores joined as the study says; NaN: not enough data."""
    rank: Series[float] = pa.Field(nullable=True)
    rank_low: Series[float] = pa.Field(nullable=True)
    rank_high: Series[float] = pa.Field(nullable=True)
    """Between which ranks the area lies when normalisation, weights, aggregation and missing rule are varied."""
    high_share: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    """Share of these variations in which the area is among those of relatively high risk."""
    high_risk: Series[bool]
    risk_class: Series[float] = pa.Field(isin=(1, 2, 3), nullable=True)
    access_class: Series[float] = pa.Field(isin=(1, 2, 3), nullable=True)
    hot_spot: Text = pa.Field(isin=HOT_SPOTS, nullable=True)
    """The class by local Moran; None: too few areas to look for any."""
    reason: Text = pa.Field(nullable=True)

    class Config:
        """Access and hot spots are found after the risk; an older run has fewer columns."""

        add_missing_columns = True


class HotSpots(Table):
    """Where high or low risk clusters: one row an area and local statistic."""

    small_area_id: Text = key()
    statistic: Text = key(isin=("local_moran", "gi_star"))
    value: Series[float] = pa.Field(nullable=True)
    """Local Moran's I, or the standard score of Gi*."""
    neighbours: Series[int] = pa.Field(ge=0)
    p: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    """Two-sided, by permutation."""
    q: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    """The same, corrected for asking so many areas (false discovery rate)."""
    hot_spot: Text = pa.Field(isin=HOT_SPOTS)


class Priorities(Table):
    """Areas where a relatively high need meets poor access, first ones first; reasons beside, never one index."""

    small_area_id: Text = key()
    place: Series[int] = pa.Field(ge=1)
    """Place in the list; areas alike in all that counts share one."""
    group: Text
    """Whose lack of places the reason tells."""
    kind: Text
    limit_m: Series[int]
    people: Series[float] = pa.Field(ge=0, nullable=True)
    left_out_people: Series[float] = pa.Field(ge=0, nullable=True)
    left_out_share: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    high_indicators: Text
    """The indicators that are high here, strongest first, joined by ``;``."""
    is_hot_spot: Series[bool]


class Indicators(Table):
    """The parts of the risk: numerator and denominator beside each value."""

    small_area_id: Text = key()
    indicator: Text = key()
    numerator: Series[float] = pa.Field(ge=0, nullable=True)
    denominator: Series[float] = pa.Field(ge=0, nullable=True)
    value: Series[float] = pa.Field(nullable=True)
    smoothed: Series[float] = pa.Field(nullable=True)
    """The value, drawn towards that of all areas where few people make it shaky."""
    score: Series[float] = pa.Field(nullable=True)
    """On the study's scale; higher means more risk."""


class ZoneSummary(Table):
    """One row a zone, group and kind of place; coincident zones are one row."""

    zone_id: Text = key()
    system: Text
    tier: Text
    name: Text
    group: Text = key()
    kind: Text = key()
    limit_m: Series[int]
    people: Series[float] = pa.Field(nullable=True)
    covered_people: Series[float] = pa.Field(nullable=True)
    covered_people_max: Series[float] = pa.Field(nullable=True)
    covered_share: Series[float] = pa.Field(nullable=True)
    covered_share_max: Series[float] = pa.Field(nullable=True)
    state: Text = pa.Field(isin=STATES)
    """Of the share; see :func:`geo.coverage.bounded`."""
    places: Series[int]
    vacancies: Series[float] = pa.Field(nullable=True)
    """Vacant houses and shops, masked (NaN) below the study's threshold."""
    members: Text
    """Zone ids of a coincident group, joined by ``;``; else the zone's own id."""
    fitting_places: Series[int] = pa.Field(ge=0)
    """Open places in the zone that count for the group and kind."""
    places_per_1000: Series[float] = pa.Field(ge=0, nullable=True)
    """The same per 1 000 people of the group."""
    open_share: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    """Share of the waking week in which something of the kind ``any`` is surely open within the walk, mean over the
    people; NaN: nobody lives here, or they are not counted."""
    unknown_share: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    """Share in which something may be."""

    class Config:
        """Opening hours are joined last; an older run has none."""

        add_missing_columns = True


class SystemSummary(Table):
    """How well a zone system is provided: zones with a place, places for people, people within the walk."""

    system: Text = key()
    group: Text = key()
    kind: Text = key()
    limit_m: Series[int]
    zones: Series[int] = pa.Field(ge=0)
    zones_with_place: Series[int] = pa.Field(ge=0)
    presence_share: Series[float] = pa.Field(ge=0, le=1)
    """The share of zones with at least one fitting place (充足率)."""
    fitting_places: Series[int] = pa.Field(ge=0)
    places_per_1000: Series[float] = pa.Field(ge=0, nullable=True)
    people: Series[float] = pa.Field(ge=0, nullable=True)
    covered_people: Series[float] = pa.Field(ge=0, nullable=True)
    covered_people_max: Series[float] = pa.Field(ge=0, nullable=True)
    covered_share: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    covered_share_max: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    state: Text = pa.Field(isin=STATES)


class Crosswalk(Table):
    """How many people of a zone live in another zone too."""

    zone_id: Text = key()
    other_id: Text = key()
    people: Series[float] = pa.Field(ge=0)
    share: Series[float] = pa.Field(ge=0, le=1)
    """Of the people of ``zone_id``."""


class ZoneIndicators(Table):
    """The parts of the risk by zone: numerators and denominators of its small areas, by people."""

    zone_id: Text = key()
    indicator: Text = key()
    numerator: Series[float] = pa.Field(ge=0, nullable=True)
    denominator: Series[float] = pa.Field(ge=0, nullable=True)
    value: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    known_share: Series[float] = pa.Field(ge=0, le=1)


class Scorecard(Table):
    """Each zone against the study's rules for its tier."""

    zone_id: Text = key()
    rule: Text = key()
    system: Text
    tier: Text = pa.Field(isin=TIERS)
    name: Text
    value: Series[float] = pa.Field(nullable=True)
    """A count of places, or the share of people who have one near."""
    target: Series[float]
    verdict: Text = pa.Field(isin=("met", "not_met", "unknown"))


class Public(Table):
    """Zones and small areas as anybody may see them: small counts hidden (NaN), all others rounded."""

    scenario: Text = key()
    """Blank: the present state."""
    zone_id: Text = key()
    group: Text = key()
    kind: Text = key()
    system: Text
    tier: Text = pa.Field(isin=TIERS)
    name: Text
    limit_m: Series[int]
    people: Series[float] = pa.Field(ge=0, nullable=True)
    covered_people: Series[float] = pa.Field(ge=0, nullable=True)
    covered_share: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    places: Series[int] = pa.Field(ge=0)
    fitting_places: Series[int] = pa.Field(ge=0)
    places_per_1000: Series[float] = pa.Field(ge=0, nullable=True)
    vacancies: Series[float] = pa.Field(ge=0, nullable=True)


class Equity(Table):
    """How evenly access is shared among people, with Theil's T between and within the parts of a zone system."""

    system: Text = key()
    group: Text = key()
    kind: Text = key()
    good: Text = key(isin=GOODS)
    """What is shared; see :mod:`geo.equity`."""
    people: Series[float] = pa.Field(ge=0)
    mean: Series[float] = pa.Field(ge=0)
    gini: Series[float] = pa.Field(nullable=True)
    palma: Series[float] = pa.Field(nullable=True)
    concentration: Series[float] = pa.Field(ge=-1, le=1, nullable=True)
    """Below 0: access lies with those in need."""
    fgt0: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    fgt1: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    fgt2: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    theil: Series[float] = pa.Field(nullable=True)
    theil_between: Series[float] = pa.Field(nullable=True)
    theil_within: Series[float] = pa.Field(nullable=True)


class Lorenz(Table):
    """Lorenz curves: what the worst-off share of people has of all access."""

    group: Text = key()
    kind: Text = key()
    good: Text = key()
    step: Series[int] = key()
    people_share: Series[float] = pa.Field(ge=0, le=1)
    good_share: Series[float] = pa.Field(ge=0, le=1)


class Options(Table):
    """What may be done: a place opened in a vacant property, or an action on a place that exists.

    Existing places stand among them (``standing`` = existing): they serve people already and cost nothing new.
    """

    option_id: Text = key()
    site_id: Text
    """The property or place; of one site at most one option is chosen."""
    action: Text = pa.Field(isin=ACTIONS)
    standing: Text = pa.Field(isin=STANDINGS)
    cost_yen: Series[float] = pa.Field(ge=0)
    """Once."""
    yearly_yen: Series[float] = pa.Field(ge=0)
    capacity: Series[float] = pa.Field(ge=0, nullable=True)
    """People that it can serve; NaN: no limit is known."""
    zone_id: Text = pa.Field(nullable=True)
    geometry: Shape


class Reach(Table):
    """How far each option is from where people start; pairs beyond the search are absent."""

    origin_id: Text = key()
    option_id: Text = key()
    distance_m: Series[float] = pa.Field(ge=0)


class GateChecks(Table):
    """What is known of a vacant property before anybody looks at it; a hint, never a legal verdict."""

    property_id: Text = key()
    check: Text = key()
    result: Text = pa.Field(isin=("pass", "fail", "unknown"))


class Sites(Table):
    """Chosen options in the order in which they serve most soonest."""

    option_id: Text = key()
    step: Series[int] = pa.Field(ge=1)
    action: Text = pa.Field(isin=ACTIONS)
    cost_yen: Series[float] = pa.Field(ge=0)
    """Once, and the running cost of the years asked."""
    gain: Series[float]
    """What it adds to the steps before."""
    total: Series[float]
    loss: Series[float]
    """What the whole plan loses without it."""


class Criteria(Table):
    """By what areas are compared for a choice."""

    criterion: Text = key()
    direction: Text = pa.Field(isin=("more", "less"))
    """more: a high value is a reason to choose the area."""
    source: Text
    """Where the value comes from, for the record."""


class Scores(Table):
    """The value of each area by each criterion; uncertain ones with an interval."""

    area_id: Text = key()
    criterion: Text = key()
    value: Series[float] = pa.Field(nullable=True)
    low: Series[float] = pa.Field(nullable=True)
    high: Series[float] = pa.Field(nullable=True)
    state: Text = pa.Field(isin=("known", "partial", "unknown"))
    """unknown: the value is NaN; partial: the truth lies between low and high."""


class Votes(Table):
    """What weight each member gives each criterion; a member's weights sum to 1."""

    member: Text = key()
    role: Text
    criterion: Text = key()
    weight: Series[float] = pa.Field(ge=0, le=1)


class Ranking(Table):
    """Areas by two methods and the Pareto front; ranks are NaN where a value is unknown."""

    area_id: Text = key()
    pareto: Series[bool]
    """No other area is at least as good by every criterion and better by one."""
    weighted_sum: Series[float] = pa.Field(nullable=True)
    weighted_sum_rank: Series[float] = pa.Field(nullable=True)
    topsis: Series[float] = pa.Field(nullable=True)
    topsis_rank: Series[float] = pa.Field(nullable=True)
    known: Series[bool]


class Acceptability(Table):
    """How often each area comes to each rank, over all weights and values that are possible."""

    area_id: Text = key()
    rank: Series[int] = key(ge=1)
    share: Series[float] = pa.Field(ge=0, le=1)


class CentralWeights(Table):
    """The mean of the weights for which an area comes first; what one must think to choose it."""

    area_id: Text = key()
    criterion: Text = key()
    weight: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    """NaN: no weights make the area first."""
    confidence: Series[float] = pa.Field(ge=0, le=1, nullable=True)
    """How often it is first with just these weights, over the uncertain values."""


def conform(schema: type[Table], table: pd.DataFrame) -> Any:
    """A table that keeps its schema, sorted by its key.

    Parameters
    ----------
    schema : type of Table
        One of this module's classes.
    table : DataFrame or GeoDataFrame
        Columns in any order.

    Returns
    -------
    table : DataFrame or GeoDataFrame
        A validated copy with exactly the schema's columns in their order, index 0…n-1.

    Raises
    ------
    DataError
        All problems at once: column, rule, first values and how many rows.

    Examples
    --------
    >>> conform(Distances, pd.DataFrame({"origin_id": ["b", "a"], "place_id": ["p", "p"],
    ...                                  "distance_m": [20.0, 10]}))["origin_id"].tolist()
    ['a', 'b']
    """
    columns = columns_of(schema)
    ordered = table[[*(c for c in columns if c in table), *(c for c in table if c not in columns)]]
    try:
        valid = schema.validate(ordered, lazy=True)
    except SchemaErrors as problem:
        raise _data_error(schema, problem) from None
    keys = keys_of(schema)
    # One look at each key tells both the order and what stands twice. Where there are several, their values are
    # numbered first; a lone one is sorted as it is, in a fraction of the time.
    if len(keys) == 1:
        marks = [valid[keys[0]].array]
        order = marks[0].argsort(kind="stable")
    else:
        marks = [pd.factorize(valid[name], sort=True)[0] for name in keys]
        order = np.lexsort(marks[::-1])
    if not (np.diff(order) > 0).all():
        valid = valid.iloc[order]
    valid = valid.reset_index(drop=True)
    same = [np.asarray(column[order[1:]] == column[order[:-1]], dtype=bool) for column in marks]
    if np.logical_and.reduce(same).any():
        repeated = valid[valid.duplicated(keys)]
        raise errors.DataError(
            "table_repeated_key",
            "Table {table}: {n} rows repeat a key of {keys}, for example {value}.",
            table=schema.__name__,
            n=len(repeated),
            keys=", ".join(keys),
            value=", ".join(str(v) for v in repeated[keys].iloc[0]),
        )
    return valid


def columns_of(schema: type[Table]) -> list[str]:
    """The columns of a table, in order."""
    return list(schema.to_schema().columns)


def keys_of(schema: type[Table]) -> list[str]:
    """The columns that together name a row.

    Examples
    --------
    >>> keys_of(Distances)
    ['origin_id', 'place_id']
    """
    return [name for name, column in schema.to_schema().columns.items() if (column.metadata or {}).get("key")]


def empty(schema: type[Table]) -> Any:
    """A table without rows that keeps its schema."""
    return _empty(schema).copy()


@cache
def _empty(schema: type[Table]) -> Any:
    # A check takes some 50 ms, and every store that is opened asks for most of these tables.
    columns = columns_of(schema)
    if "geometry" in columns:
        frame: pd.DataFrame = gpd.GeoDataFrame(
            {c: [] for c in columns if c != "geometry"}, geometry=[], crs=STORED_CRS
        )
    else:
        frame = pd.DataFrame({c: [] for c in columns})
    return conform(schema, frame)


def _data_error(schema: type[Table], problem: SchemaErrors) -> errors.DataError:
    cases = problem.failure_cases
    lines = [
        f"{column}: {check} (row {rows.iloc[0]}, value {values.iloc[0]!r}; {len(values)} in all)"
        for (column, check), values, rows in (
            ((c, k), g["failure_case"], g["index"])
            for (c, k), g in cases.groupby(["column", "check"], dropna=False)
        )
    ]
    return errors.DataError(
        "table_invalid",
        "Table {table} does not hold what it must. {problems}",
        table=schema.__name__,
        problems="; ".join(lines),
    )
