"""What some words say, before it becomes a schedule."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from geo.schedule.value import Closure, Often, Session


@dataclass
class Phrase:
    """Days and their hours while the words are being read."""

    weekdays: list[int] = field(default_factory=list)
    nths: list[int] = field(default_factory=list)
    month_days: list[int] = field(default_factory=list)
    months: list[int] = field(default_factory=list)
    holiday: bool = False
    workdays: bool = False
    weekly: bool = False
    often: Often | None = None
    every_months: int = 1
    is_either: bool = False
    is_vague: bool = False
    sessions: list[Session] = field(default_factory=list)
    is_timed: bool = False
    base: Phrase | None = None
    follows: Phrase | None = None
    """The phrase before, when its leading months may hold for this one too."""
    leads: bool = False
    """Its months stand before its days: 「偶数月の第2土曜」."""

    @property
    def has_days(self) -> bool:
        """Whether it says on which days."""
        return bool(self.weekdays or self.month_days or self.holiday)

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing yet."""
        return not (self.has_days or self.nths or self.months or self.weekly or self.often or self.is_timed)


@dataclass
class Said:
    """Everything that some words say, before it becomes a schedule."""

    phrases: list[Phrase] = field(default_factory=list)
    closed: list[Closure] = field(default_factory=list)
    closed_holidays: bool = False
    closing_words: list[str] = field(default_factory=list)
    rests: bool = False
    loose: list[Session] = field(default_factory=list)
    valid_from: date | None = None
    valid_to: date | None = None
    is_irregular: bool = False
    is_moving: bool = False
    asks: bool = False
    """Somebody is to be asked first: no day that is named is sure."""
    is_complete: bool = True
    unread: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
