"""What a committee or a planner asks, as a file: frozen values, read from TOML, written into the decision record."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from geo import errors, schedule, schemas
from geo.decide import candidates, scenarios
from geo.decide.aims import Aim
from geo.decide.candidates import Cost, Gate
from geo.decide.rules import Rules


class _Question(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Criterion(_Question):
    """By what areas are compared: a column of :func:`geo.decisions.area_facts`."""

    criterion: str
    direction: Literal["more", "less"] = "more"
    """more: a high value is a reason to choose the area."""


class Member(_Question):
    """A member of the committee, by role; weights in one of three ways."""

    member: str
    role: str = ""
    weights: Mapping[str, float] | None = None
    ranking: tuple[str, ...] | None = None
    """Criteria from the most important down."""
    pairs: tuple[tuple[str, str, float], ...] | None = None
    """How many times as important the first is as the second (1 to 9, or 1/9 to 1)."""


class Committee(_Question):
    """Which areas become model areas."""

    system: str
    """The zone system whose areas are compared."""
    group: str = "all"
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    members: tuple[Member, ...] = Field(min_length=1)
    choose: int = Field(1, ge=1)
    one_per: str | None = None
    """A zone system of which each zone gets at most one model area."""
    neighbours: bool = False
    """Whether two model areas may touch."""
    per_type: int | None = Field(None, ge=1)
    """At most so many model areas of each type (apartment, shopping, detached; areas of unknown type are one more)."""
    types_least: Mapping[Literal["apartment", "shopping", "detached"], int] = Field(default_factory=dict)
    """At least so many of a type."""
    apartments_from: float = Field(0.6, gt=0, le=1)
    """An area whose dwellings are in apartment houses (共同住宅, census) to this share is of the type apartment: the
    project's own assumption."""
    shopping_from: float = Field(2.0, gt=0)
    """An area with so many times as many vacant shops for its people as all areas together is of the type shopping:
    the project's own assumption, since no list tells of shops that are open."""
    alike: tuple[str, ...] = ("people", "covered_share", "risk")
    """By what comparison areas are matched."""


class Wanted(_Question):
    """Whom to bring a place, and of what kind."""

    group: str = "all"
    kind: Literal["any", "permanent"] = "any"
    weight: float = Field(1, gt=0)


class Action(_Question):
    """What an action costs; examples, to be replaced by the council's own."""

    once_yen: float = Field(0, ge=0)
    yearly_yen: float = Field(0, ge=0)
    per_m2_yen: float = Field(0, ge=0)


class Passing(_Question):
    """The gate of :class:`geo.decide.candidates.Gate`."""

    min_floor_area_m2: float = Field(40, ge=0)
    max_flood_rank: int = Field(2, ge=0)
    use_change_m2: float = Field(200, ge=0)
    must: tuple[str, ...] = ("consent", "size", "flood", "landslide")


class Siting(_Question):
    """Which vacant property is opened, or which place opens longer, for the money."""

    aim: Aim = "cover"
    """What is to be reached; see :func:`geo.decide.aims.asking`. ``cover``, ``need``, ``hours`` and ``room`` count all
    that are wanted, the others the first of them."""
    limit_m: int | None = Field(None, ge=50, le=5000)
    """None: the study's."""
    wanted: tuple[Wanted, ...] = (Wanted(), Wanted(kind="permanent"))
    budget_yen: float | None = Field(None, ge=0)
    years: float = Field(3, ge=0)
    number: int | None = Field(None, ge=0)
    min_distance_m: float | None = Field(None, ge=0)
    one_per: str | None = None
    """A zone system of which each zone gets at most one."""
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    role: Literal["public", "internal"] = "internal"
    new_days_per_week: float = Field(5, gt=0, le=7)
    actions: Mapping[str, Action]
    new_hours: str | None = None
    """When a new place, or one made permanent, opens, in words (``Mo-Fr 10:00-16:00``); for the aim ``hours``. None:
    10 to 16 o'clock on as many weekdays from Monday on: the project's own assumption."""
    enlarge_share: float = Field(0.5, gt=0)
    new_capacity: float | None = Field(None, gt=0)
    """People whom a new place has room for in a session, for the aim ``room``; None: no limit is known."""
    visits_per_week: float = Field(1, gt=0)
    """With ``room``: how often a person comes, so that the room of a week is one of people. The project's own
    assumption."""
    far_m: float = Field(3000, ge=100, le=10_000)
    """With ``median``: people who have nothing nearer count as walking so far, metres. With ``center``: longer walks
    are not searched. The project's own assumption."""
    need_lowest: float = Field(0.5, ge=0, le=1)
    """With ``need``: what a person counts where the risk of isolation is lowest; where it is highest 1, between by the
    rank of the risk. The project's own assumption."""
    fair_over: str | None = None
    """With ``fair``: the zone system whose zones are to be alike."""
    reachable_only: bool = True
    """With ``center``, ``least`` and ``backup``: leave out, and say so, whom nothing at all could reach."""
    gate: Passing = Passing()
    rates: Mapping[str, float] | None = None
    """Share of properties at a stage of the funnel that reach the next."""

    @model_validator(mode="before")
    @classmethod
    def _days(cls, given: Any) -> Any:
        """Hours in words say how many days; who says both must mean the same."""
        words = given.get("new_hours") if isinstance(given, Mapping) else None
        if not isinstance(words, str):
            return given
        days = schedule.days_per_week(schedule.parse(words).schedule)
        if math.isnan(days):
            raise ValueError("new_hours: no weekdays and hours can be read from these words")
        if given.get("new_days_per_week", days) != days:
            raise ValueError(f"new_hours are {days:g} days a week, new_days_per_week says otherwise")
        return {**given, "new_days_per_week": days}

    def hours(self) -> str:
        """When a new place opens."""
        names = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
        return self.new_hours or f"{','.join(names[: math.ceil(self.new_days_per_week)])} 10:00-16:00"

    def rules(self) -> Rules:
        """As rules of a choice."""
        return Rules(
            number=self.number,
            budget_yen=self.budget_yen,
            years=self.years,
            min_distance_m=self.min_distance_m,
            one_per_zone=self.one_per is not None,
        )

    def costs(self) -> dict[str, Cost]:
        """By action."""
        return {name: Cost(**action.model_dump()) for name, action in sorted(self.actions.items())}

    def passing(self) -> Gate:
        """As a gate."""
        return candidates.Gate(**self.gate.model_dump())


class Change(_Question):
    """One thing that a scenario does."""

    do: Literal["open", "close", "move", "change", "street"]
    """``change``: hours, targets or room of a place; ``street``: a new way or crossing."""
    place: str | None = None
    """Id of the place that is closed, moved or changed."""
    name: str = Field("", max_length=60)
    """Of a new place."""
    at: tuple[float, float] | None = None
    """Latitude and longitude (JGD2011) of what is opened or moved, or where a street begins."""
    to: tuple[float, float] | None = None
    """Where a street ends."""
    hours: str = Field("", max_length=120)
    """Opening words, as in a list."""
    days: float | None = Field(None, gt=0, le=7)
    """Days a week, where the words do not say."""
    targets: tuple[str, ...] = ()
    capacity: float | None = Field(None, ge=0)
    cost_yen: float = Field(0, ge=0)

    @model_validator(mode="after")
    def _whole(self) -> Change:
        needed = {"close": ("place",), "move": ("place", "at"), "change": ("place",), "open": ("at",)}
        lacking = [name for name in needed.get(self.do, ("at", "to")) if getattr(self, name) is None]
        if lacking:
            raise ValueError(f"{self.do} needs {', '.join(lacking)}")
        if self.do == "change" and not self.said():
            raise ValueError("change needs hours, days, targets or capacity")
        if strange := sorted(set(self.targets) - set(schemas.TARGETS)):
            raise ValueError(f"targets {strange} are none of {', '.join(schemas.TARGETS)}")
        for spot in (self.at, self.to):
            if spot is not None and not (20 <= spot[0] <= 46 and 122 <= spot[1] <= 154):
                raise ValueError("give latitude, then longitude, within Japan")
        scenarios.agreeing(self.said())
        return self

    def said(self) -> dict[str, object]:
        """What is told of the place, as columns of ``schemas.Places``."""
        told: dict[str, object] = {}
        if self.hours:
            told["opening_text"] = self.hours
        if self.days is not None:
            told["open_days_per_week"] = self.days
        if self.targets:
            told["targets"] = ";".join(self.targets)
        if self.capacity is not None:
            told["capacity"] = self.capacity
        return told


class Plan(_Question):
    """A scenario as it is kept: what would be done, to be looked at beside today."""

    name: str = Field(min_length=1, max_length=40)
    changes: tuple[Change, ...] = ()


class Coordination(_Question):
    """How the ward is divided among coordinators."""

    group: str = "age_65_plus"
    """Whose number is the work in an area."""
    numbers: tuple[int, ...] = (2, 3, 4)
    """How many coordinators, to be compared."""
    present: str | None = None
    """The zone system by which they work now."""


Asked = TypeVar("Asked", bound=_Question)
EXAMPLES: Mapping[type[_Question], str] = {
    Committee: "committee.toml",
    Siting: "sites.toml",
    Coordination: "territories.toml",
}
"""The file of each question in a project's folder, and of the example that comes with the program."""


def read(kind: type[Asked], folder: Path, file: Path | None = None) -> tuple[Asked, str]:
    """A question and where it comes from.

    Parameters
    ----------
    kind : type
        Committee, Siting or Coordination.
    folder : Path
        The project; its own file is read when none is named, and the example when it has none.
    file : Path, optional

    Returns
    -------
    question : Committee, Siting or Coordination
    name : str
        The file's name; ``example`` for the example.

    Raises
    ------
    StudyError
        With every field that is wrong.
    """
    own = file or folder / EXAMPLES[kind]
    try:
        if file is None and not own.is_file():
            example = resources.files("geo").joinpath("decide", EXAMPLES[kind])
            return make(kind, tomllib.loads(example.read_text(encoding="utf-8"))), "example"
        return make(kind, tomllib.loads(own.read_text(encoding="utf-8"))), own.name
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise _unreadable(own, problem) from None


def read_plan(file: Path) -> Plan:
    """A scenario from a TOML file; without a name of its own it has the file's.

    Raises
    ------
    StudyError
        It cannot be read, or a value is not allowed.
    """
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise _unreadable(file, problem) from None
    return make(Plan, {"name": file.stem[:40], **told})


def _unreadable(file: Path, problem: Exception) -> errors.StudyError:
    return errors.StudyError(
        "question_unreadable",
        "{file} cannot be read as a question: {problem}. Mend it, or start from the example.",
        file=file.name,
        problem=str(problem),
    )


def make(kind: type[Asked], fields: Mapping[str, Any]) -> Asked:
    """A validated question."""
    try:
        return kind(**fields)
    except ValidationError as problem:
        details = "; ".join(_refused(item) for item in problem.errors())
        raise errors.StudyError(
            "question_invalid", "The question has values that are not allowed: {details}", details=details
        ) from None


def _refused(item: ErrorDetails) -> str:
    """A field, its value, and why it is refused; a table is named, not told again."""
    where, given = ".".join(map(str, item["loc"])), item["input"]
    value = "" if isinstance(given, Mapping | BaseModel) else f" = {given!r}"
    return f"{where}{value}: {item['msg']}" if where else item["msg"]
