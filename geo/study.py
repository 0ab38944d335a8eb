"""The Study: everything that may change a number, in one frozen value.

A study is stored as ``study.toml`` beside the data. Nothing else changes a result: the machine's settings
(threads, cache, language) never do. Whatever a planner may dispute is a field here, with its source.
"""

from __future__ import annotations

import hashlib
import json
import math
import textwrap
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from geo import errors, schemas

PlaceKind = Literal["any", "permanent"]
Pace = Literal["adult", "older", "frail"]
Precision = Literal["point", "block", "town", "district", "municipality", "prefecture"]


class Group(BaseModel):
    """Somebody for whom a place may be missing: a column of people, and the places that serve them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Name of the group, also the key of its label in ``geo/locales``."""
    column: str
    """The column of ``SmallAreas`` that counts these people."""
    targets: tuple[str, ...] = ()
    """A place serves the group when its targets hold one of these; empty: every place counts."""
    pace: Pace = "adult"
    """How fast they walk: the study's speed of that name."""
    needs_step_free: bool = False
    """Only places without steps count; where a list does not say, the place may count."""
    max_fee_yen: float | None = Field(None, ge=0)
    """Only places that cost at most this count; where a list does not say, the place may count."""
    pays: Literal["adult", "child"] = "adult"
    """Whose fee they pay, where a list tells adults and children apart."""
    language: str | None = Field(None, pattern=r"^[a-z]{2}$")
    """Only places where this language (ISO 639-1) is spoken count; where a list does not say, it may count."""


DEFAULT_GROUPS = (
    Group(group="all", column="people"),
    Group(group="under_15", column="people_under_15", targets=("all", "children", "childrearing")),
    Group(group="age_65_plus", column="people_65_plus", targets=("all", "older"), pace="older"),
    Group(group="age_75_plus", column="people_75_plus", targets=("all", "older"), pace="older"),
)
MORE_GROUPS = (
    Group(group="older_single", column="households_65_plus_alone", targets=("all", "older"), pace="older"),
    Group(group="childrearing", column="people_age_00_04", targets=("all", "childrearing"), pace="frail"),
    Group(group="youth", column="people_age_15_19", targets=("all", "youth")),
    Group(
        group="disabled",
        column="people_disabled",
        targets=("all", "disabled"),
        pace="frail",
        needs_step_free=True,
    ),
    Group(group="carers", column="people_carers", targets=("all", "carers")),
    Group(group="foreign", column="people_foreign", targets=("all", "foreign")),
    Group(group="newcomers", column="people_newcomers", targets=("all", "newcomers")),
)
"""Groups that a project may ask for with ``ibasho new --all-groups``; no census table by small area tells of most of
them, and what nobody counts is said to be unknown. Small children stand for those who bring them up."""


class Indicator(BaseModel):
    """A share of people or households that goes with a higher (or lower) risk of isolation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    indicator: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Name of the indicator, also the key of its label in ``geo/locales``."""
    numerator: str
    """The column that is counted."""
    denominator: str
    """The column that it is a share of."""
    less: str = ""
    """A column taken away from the numerator's."""
    measures: str = ""
    """What it measures; of several that measure the same only the first that the data give is counted, since
    they are strongly correlated. Blank: its own name."""
    higher_means: Literal["more_risk", "less_risk"] = "more_risk"
    """Its direction."""
    weight: float = Field(1.0, gt=0, le=1000)
    """Counts with ``weighting = "own"``."""
    weight_low: float = Field(0.0, ge=0, le=1000)
    weight_high: float = Field(0.0, ge=0, le=1000)
    """With ``weighting = "interval"``: between which weights a committee wavers; 0 and 0: ``weight`` alone."""

    @field_validator("weight_high")
    @classmethod
    def _ordered(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("weight_low", 0):
            raise ValueError("the interval of weights ends below its beginning")
        return value


DEFAULT_INDICATORS = (
    Indicator(indicator="age_75_plus_share", numerator="people_75_plus", denominator="table_people"),
    Indicator(
        indicator="older_alone_share",
        numerator="households_65_plus_alone",
        denominator="households_private",
        measures="family",
    ),
    Indicator(
        indicator="one_person_share",
        numerator="households_one_person",
        denominator="households_private",
        measures="family",
    ),
    Indicator(
        indicator="one_person_share",
        numerator="households_one_person",
        denominator="households",
        measures="family",
    ),
    Indicator(
        indicator="no_family_share",
        numerator="households_private",
        denominator="households_private",
        less="households_relatives_only",
        measures="family",
    ),
)
"""In order of preference: one indicator of age and one of living without family. The kinds of the second are
strongly correlated, so only the first that the data give is counted: older people living alone (mesh tables tell of
them), else one-person households, over private households where a table gives those, else over all households of the
boundary file, else households of others than relatives."""


class TierRule(BaseModel):
    """What a zone of one tier should have (小地域, 中圏域, 市区町村): a committee's own rule, no standard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Name of the rule, also the key of its label in ``geo/locales``."""
    tier: Literal["small", "middle", "municipal"]
    kinds: tuple[str, ...] = ()
    """Kinds of place that count; none: a welfare coordinator is asked for (``coordinator_zones``)."""
    permanent: bool = False
    """Only permanent places count."""
    within_m: int = Field(0, ge=0, le=5000)
    """0: a place inside the zone is asked for; else one within so many metres of its people."""
    min_share: float = Field(0.8, gt=0, le=1)
    """With ``within_m``: the share of the zone's people who must have one."""


DEFAULT_TIER_RULES = (
    TierRule(
        rule="salon_near",
        tier="small",
        kinds=("salon", "ibasho", "tea_room", "childrearing_salon"),
        within_m=500,
    ),
    TierRule(rule="permanent_ibasho", tier="middle", kinds=("ibasho",), permanent=True),
    TierRule(rule="consultation_desk", tier="middle", kinds=("consultation_desk",)),
    TierRule(rule="coordinator", tier="middle"),
    TierRule(rule="consultation_desk_municipal", tier="municipal", kinds=("consultation_desk",)),
)
"""After the three tiers of the Tokyo model (東社協 地域福祉推進委員会, 2021): a salon near everybody; in the middle
tier a permanent place, a desk and a coordinator. Distances and shares are the project's own assumptions."""


KIND_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "ibasho": ("gather", "consult", "join"),
    "salon": ("gather", "watch"),
    "children_cafeteria": ("gather", "eat", "watch"),
    "childrearing_salon": ("gather", "consult"),
    "tea_room": ("gather", "eat"),
    "meal_service": ("gather", "eat", "watch"),
    "consultation_desk": ("consult",),
    "facility": ("learn",),
}


SALON_KINDS = ("salon", "ibasho", "tea_room", "childrearing_salon", "meal_service", "children_cafeteria")


class Study(BaseModel):
    """One question asked of the data.

    Examples
    --------
    >>> study = Study(municipality_code="13105")
    >>> study.limits_m
    (300, 500, 800)
    >>> study.with_(limit_m=800).limit_m
    800
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    municipality_code: str = Field(pattern=r"^[0-9]{5}$")
    """Five-digit code of the municipality or ward (全国地方公共団体コード without its check digit)."""
    limits_m: tuple[int, ...] = (300, 500, 800)
    """Walking distances reported together, metres. 800 m: general walking area, 500 m: older people's
    (MLIT handbook on evaluating urban structure, 2014); 300 m: distance older people walk without
    reluctance (TTRI report R01, 200-400 m)."""
    limit_m: int = Field(500, ge=50, le=5000)
    """The one distance by which gaps are drawn, metres."""
    groups: tuple[Group, ...] = DEFAULT_GROUPS
    """For whom."""
    gap_group: str = "all"
    """The group whose gaps are drawn."""
    gap_kind: PlaceKind = "any"
    """Which places close a gap: any, or permanent ones only."""
    permanent_min_days_per_week: float = Field(3, gt=0, le=7)
    """A place is permanent (常設) when it opens at least so many days a week. No official threshold was
    found: the project's own assumption."""
    detour_factor: float = Field(1.3, ge=1, le=3)
    """Walking over straight distance where there is no street network (fallback; TTRI report R01)."""
    walk_slope: Literal["off", "there", "both"] = "off"
    """Whether slopes make streets longer: not at all, on the way to the place, or there and back (Tobler 1993).
    Distances and limits are then metres on the flat. Streets whose rise is not known are taken as level."""
    avoid_stairs: bool = False
    """Nobody walks on streets with stairs: wheelchairs, prams, sticks."""
    crossing_m: float = Field(0.0, ge=0, le=1000)
    """Metres added for each crossing of three streets or more that is walked over (waiting, kerbs). No official
    value was found: off unless a project sets its own."""
    closed_streets: tuple[str, ...] = ()
    """``street_id`` of pieces of street that nobody can walk on: building sites, disasters, scenarios."""
    catchment_width_m: int = Field(30, ge=20, le=100)
    """How far from a street the ground beside it belongs to a catchment as it is drawn, metres (half the depth of
    a block of houses; the project's own assumption). Nobody is counted by it: every home walks its own way to
    its street, however long."""
    max_snap_m: int = Field(200, ge=1, le=2000)
    """Places and origins farther from any walkable street than this are refused and listed, metres."""
    min_precision: Precision = "block"
    """Places whose position is known less well than this are drawn, but nobody walks to them: the middle of a
    丁目 may be 300 m from the door (domain: positions from 大字 or worse are representative points)."""
    edge_factor: float = Field(2, ge=1, le=10)
    """Of lists with municipality codes, places of other municipalities are kept as far outside the border as this
    many times the largest of ``limits_m``: residents walk across the border. More than 1, since the border of a
    map is simplified and the distances may be raised later; the project's own assumption."""
    coincident_iou: float = Field(0.95, gt=0.5, le=1)
    """Two zones of one system whose intersection over union reaches this are one zone (school choice)."""
    min_denominator: int = Field(30, ge=1)
    """Ratios with a smaller denominator are "not enough data"."""
    high_risk_share: float = Field(0.2, gt=0, lt=1)
    """The share of areas with enough data, from the highest risk down, that is called relatively high."""
    period_start: date = date(2026, 6, 1)
    """First day of the period over which opening hours are counted. June has no national holiday, no New Year
    and no Bon: four ordinary weeks. Set it to the first day that you plan for; it never follows the clock."""
    period_days: int = Field(28, ge=7, le=366)
    """Length of the period, days: whole weeks, so that every weekday counts alike."""
    waking_hours: tuple[int, int] = (8, 20)
    """First and last full hour in which a place could be visited: the project's own assumption."""
    daypart_hours: tuple[int, int] = (12, 17)
    """Hours at which the afternoon and the evening begin."""
    enough_open_share: float = Field(0.1, gt=0, le=1)
    """Who has something open within the walk for less than this share of the waking week falls short of it: of 84
    hours a tenth are three half-days, as for a permanent place. The project's own assumption."""
    open_at: datetime | None = None
    """A date and time at which to ask who has an open place within the walk."""
    band_weights: tuple[float, ...] = ()
    """What a person counts in each band of ``limits_m`` when room is shared; empty: the Gaussian fall of Luo & Qi
    (2009), which for three bands is 1, 0.69, 0.22."""
    kind_functions: dict[str, tuple[str, ...]] = KIND_FUNCTIONS
    """What a place offers when its list does not say, by its kind: the project's own assumption."""
    week_days: tuple[int, ...] = (0, 1, 2, 3, 4)
    """The weekdays (0 Monday) that places together are to cover: the project's own assumption."""
    salon_kinds: tuple[str, ...] = SALON_KINDS
    """Kinds of place that are asked how many come and who helps there: those that people keep up by themselves."""
    falling_share: float = Field(0.2, gt=0, lt=1)
    """The attendance of a salon is falling when a session has so much less than a year before; no official threshold
    was found: this and the following are the project's own assumptions."""
    falling_min_people: float = Field(3, ge=1)
    """Where fewer people than this are missing at a session, the attendance is not called falling: of ten people two
    stay away by chance."""
    fixed_newcomers_share: float = Field(0.05, ge=0, lt=1)
    """The attendance of a salon is fixed (固定化) when at most so many newcomers of the year come to one person of a
    session: one to twenty."""
    ageing_mean_age: float = Field(75, ge=40, le=100)
    """The helpers of a salon are ageing when their mean age reaches this: from 75 one is counted as 後期高齢者."""
    ageing_share: float = Field(0.5, gt=0, le=1)
    """Or when so many of them are 75 and over."""
    speed_adult_m_per_min: int = Field(80, ge=20, le=120)
    """Walking speed of adults: 80 m a minute, as advertisements of real estate count it (fair competition code)."""
    speed_older_m_per_min: int = Field(60, ge=20, le=120)
    """Of older people: 1.0 m/s, for which pedestrian signals are designed."""
    speed_frail_m_per_min: int = Field(48, ge=20, le=120)
    """Of frail people, or with a pram: 0.8 m/s, the project's own assumption."""
    disclosure_k: int = Field(10, ge=1)
    """Counts below this are masked where they could point to a household or an owner."""
    seed: int = Field(20_260_401, ge=0)
    """Seed of everything random."""

    # Need.
    indicators: tuple[Indicator, ...] = DEFAULT_INDICATORS
    """Of what the index of isolation risk is made."""
    smoothing: Literal["none", "empirical_bayes"] = "empirical_bayes"
    """Shares of few people are drawn towards the study area's share, the more the fewer they are (Marshall,
    1991, J. R. Stat. Soc. C 40:283)."""
    winsorise_share: float = Field(0.0, ge=0, lt=0.25)
    """So many of the lowest and of the highest values are taken as the next ones inside, so that one extreme
    area does not set the scale (OECD/JRC Handbook, 2008, step 5). 0: none."""
    normalisation: Literal["z", "rank", "minmax"] = "z"
    """How indicators are brought to one scale (OECD/JRC Handbook, 2008, step 5)."""
    weighting: Literal["equal", "own", "interval"] = "equal"
    """Whether indicators weigh the same, as each one's ``weight`` says, or the middle of its interval."""
    aggregation: Literal["additive", "geometric"] = "additive"
    """Additive: a low share makes up for a high one in full; geometric: in part (step 6)."""
    missing_rule: Literal["unknown", "known_only", "middle"] = "unknown"
    """An area that lacks an indicator has no risk, that of its other indicators, or the middle value of it."""
    weight_spread: float = Field(0.5, ge=0, lt=1)
    """How far each weight is varied for the interval of ranks, as a share of it, where no interval is given."""
    rank_draws: int = Field(500, ge=100, le=20_000)
    """Draws for the interval of ranks."""
    rank_interval: float = Field(0.9, gt=0, lt=1)
    """The share of the draws that lies within the interval."""
    correlated_from: float = Field(0.8, gt=0, le=1)
    """Indicators whose rank correlation reaches this are reported: they count one thing twice."""
    permutations: int = Field(9_999, ge=9_999, le=99_999)
    """Of the tests for hot spots. Fewer cannot reach the corrected level in a study area of many areas."""
    hotspot_fdr: float = Field(0.05, gt=0, le=0.5)
    """Share of false ones among the hot spots that is accepted (Benjamini and Hochberg, 1995)."""
    hotspot_min_areas: int = Field(30, ge=10)
    """With fewer areas no hot spots are looked for."""
    priority_group: str = "age_65_plus"
    """Whose lack of places the reasons of the priority list tell while everybody is asked about."""

    # Equity, tiers, disclosure.
    tier_rules: tuple[TierRule, ...] = DEFAULT_TIER_RULES
    """What zones of each tier should have."""
    coordinator_zones: tuple[str, ...] = ()
    """Ids of the zones that have a welfare coordinator; none given: not known."""
    rounding: int = Field(5, ge=1, le=100)
    """Counts that leave the house are rounded to multiples of this."""

    @field_validator("limits_m")
    @classmethod
    def _ascending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or list(value) != sorted(set(value)) or value[0] < 50 or value[-1] > 5000:
            raise ValueError("give distinct distances from 50 to 5000 m, ascending")
        return value

    @field_validator("kind_functions")
    @classmethod
    def _functions(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        offered = {name for names in value.values() for name in names}
        if not set(value) <= set(schemas.PLACE_KINDS) or not offered <= set(schemas.FUNCTIONS):
            raise ValueError(f"kinds are {schemas.PLACE_KINDS}, functions {schemas.FUNCTIONS}")
        return value

    @field_validator("salon_kinds")
    @classmethod
    def _kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not set(value) <= set(schemas.PLACE_KINDS):
            raise ValueError(f"kinds are {schemas.PLACE_KINDS}")
        return value

    @field_validator("week_days")
    @classmethod
    def _weekdays(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or list(value) != sorted(set(value)) or not set(value) <= set(range(7)):
            raise ValueError("give weekdays from 0 (Monday) to 6, ascending")
        return value

    @model_validator(mode="after")
    def _weights(self) -> Study:
        given = self.band_weights
        if given and (len(given) != len(self.limits_m) or min(given) < 0 or max(given) <= 0):
            raise ValueError("band_weights: give one weight for each of limits_m, none below 0")
        return self

    @property
    def weights(self) -> tuple[float, ...]:
        """The weight of each band of ``limits_m``."""
        last = max(len(self.limits_m) - 1, 1)
        falling = (math.exp(-1.5 * (band / last) ** 2) for band in range(len(self.limits_m)))
        return self.band_weights or tuple(falling)

    @field_validator("period_days")
    @classmethod
    def _weeks(cls, value: int) -> int:
        if value % 7:
            raise ValueError("give whole weeks: 7, 14, 21, 28 … days")
        return value

    @field_validator("waking_hours", "daypart_hours")
    @classmethod
    def _hours(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 0 <= value[0] < value[1] <= 24:
            raise ValueError("give two full hours from 0 to 24, ascending")
        return value

    @field_validator("groups")
    @classmethod
    def _distinct(cls, value: tuple[Group, ...]) -> tuple[Group, ...]:
        if len({group.group for group in value}) != len(value):
            raise ValueError("give each group once")
        if not any(group.column == "people" and not group.targets for group in value):
            raise ValueError("one group must count all people (column people, no targets)")
        return value

    @field_validator("tier_rules")
    @classmethod
    def _distinct_rules(cls, value: tuple[TierRule, ...]) -> tuple[TierRule, ...]:
        if len({rule.rule for rule in value}) != len(value):
            raise ValueError("give each rule once")
        return value

    @property
    def edge_m(self) -> float:
        """How far outside the border places of other municipalities are kept, metres.

        Examples
        --------
        >>> Study(municipality_code="13105").edge_m
        1600.0
        """
        return float(max(self.limits_m) * self.edge_factor)

    @property
    def everybody(self) -> str:
        """The group that counts all people and that every place serves."""
        return next(group.group for group in self.groups if group.column == "people" and not group.targets)

    def speed_m_per_min(self, group: str) -> int:
        """How fast a group walks.

        Examples
        --------
        >>> study = Study(municipality_code="13105")
        >>> study.speed_m_per_min("age_75_plus"), study.walk_min("age_75_plus", 500)
        (60, 8.3)
        """
        pace = next(own.pace for own in self.groups if own.group == group)
        return {
            "adult": self.speed_adult_m_per_min,
            "older": self.speed_older_m_per_min,
            "frail": self.speed_frail_m_per_min,
        }[pace]

    def walk_min(self, group: str, distance_m: float) -> float:
        """Minutes that a group walks for a distance, one decimal."""
        return round(distance_m / self.speed_m_per_min(group), 1)

    def walk_m(self, group: str, minutes: float) -> int:
        """How far a group comes in so many minutes, whole metres.

        Examples
        --------
        >>> Study(municipality_code="13105").walk_m("all", 10)
        800
        """
        return int(minutes * self.speed_m_per_min(group))

    def with_(self, **changes: Any) -> Study:
        """The study with some fields changed, validated again."""
        return make(**{**self.model_dump(), **changes})

    def fingerprint(self) -> str:
        """SHA-256 of the whole study: equal studies, equal fingerprints."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def make(**fields: Any) -> Study:
    """A validated study.

    Raises
    ------
    StudyError
        With every field that is wrong, and why.
    """
    try:
        study = Study(**fields)
    except ValidationError as problem:
        details = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'study'} = {item['input']!r}: {item['msg']}"
            for item in problem.errors()
        )
        raise errors.StudyError(
            "study_invalid", "The study has values that are not allowed: {details}", details=details
        ) from None
    if study.gap_group not in {group.group for group in study.groups}:
        raise errors.StudyError(
            "study_gap_group",
            "gap_group = {value!r} is none of the study's groups ({known}).",
            value=study.gap_group,
            known=", ".join(group.group for group in study.groups),
        )
    return study


def read(path: Path) -> Study:
    """The study of a ``study.toml``."""
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise errors.StudyError(
            "study_unreadable",
            "{file} cannot be read as a study: {problem}. Mend it, or make the project again.",
            file=str(path),
            problem=str(problem),
        ) from None
    return make(**fields)


def write(study: Study, path: Path) -> None:
    """Write a ``study.toml`` that :func:`read` gives back equal; above each value stands what it means."""
    # TOML has no null: what is absent has its default, which is none.
    fields = study.model_dump(mode="json", exclude_none=True)
    # Single values, and lists of them, stand before all tables in TOML.
    order = sorted(Study.model_fields, key=lambda name: _is_table(fields.get(name)))
    parts = [
        _comment(name) + (tomli_w.dumps({name: fields[name]}) if name in fields else f"# {name}: not set\n")
        for name in order
    ]
    path.write_text("\n".join(parts), encoding="utf-8")


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(one, dict) for one in value)
    )


def _comment(name: str) -> str:
    """What a field means, as comment lines."""
    told = " ".join((Study.model_fields[name].description or "").split())
    return "".join(f"# {line}\n" for line in textwrap.wrap(told, 108))
