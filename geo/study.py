"""The Study: everything that may change a number, in one frozen value.

A study is stored as ``study.toml`` beside the data. Nothing else changes a result: the machine's settings
(threads, cache, language) never do. Whatever a planner may dispute is a field here, with its source.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from geo import errors

PlaceKind = Literal["any", "permanent"]
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


DEFAULT_GROUPS = (
    Group(group="all", column="people"),
    Group(group="under_15", column="people_under_15", targets=("all", "children", "childrearing")),
    Group(group="age_65_plus", column="people_65_plus", targets=("all", "older")),
    Group(group="age_75_plus", column="people_75_plus", targets=("all", "older")),
)


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
    disclosure_k: int = Field(10, ge=1)
    """Counts below this are masked where they could point to a household or an owner."""
    seed: int = 20_260_401
    """Seed of everything random."""

    @field_validator("limits_m")
    @classmethod
    def _ascending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or list(value) != sorted(set(value)) or value[0] < 50 or value[-1] > 5000:
            raise ValueError("give distinct distances from 50 to 5000 m, ascending")
        return value

    @field_validator("groups")
    @classmethod
    def _distinct(cls, value: tuple[Group, ...]) -> tuple[Group, ...]:
        if len({group.group for group in value}) != len(value):
            raise ValueError("give each group once")
        if not any(group.column == "people" and not group.targets for group in value):
            raise ValueError("one group must count all people (column people, no targets)")
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
    """Write a ``study.toml`` that :func:`read` gives back equal."""
    path.write_text(tomli_w.dumps(study.model_dump(mode="json")), encoding="utf-8")
