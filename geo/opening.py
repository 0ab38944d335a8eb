"""When: opening hours beside walking distances → the share of the waking week in which something is open.

A half-hour of an origin is open when any fitting place within the walk is surely open, unknown when none is but
one may be, and closed otherwise. Unknown is a share of its own and never counts as open. The half-hours of a
place are bits, ordered by weekday and part of the day, so that a place is a few machine words and the places
within a walk are joined by one pass over the pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from geo import coverage, schedule, schemas
from geo.study import Group, Study

DAYPARTS = schemas.DAYPARTS
N_CELLS = 7 * len(DAYPARTS)
"""Weekdays times parts of the day."""
CHUNK = 200_000
"""Pairs joined at a time: a million pairs of a city would not fit the memory of a laptop at once."""

Words = NDArray[np.uint64]
Counts = NDArray[np.int64]
Few = NDArray[np.int32]
"""Half-hours of a cell: kept for every origin of every answer, so in few bytes."""


@dataclass(frozen=True)
class Hours:
    """The half-hours of the study's period in which each place is open, or may be, as bits.

    Parameters
    ----------
    place_id : ndarray of str
        Ascending.
    surely, possibly : ndarray of uint64, places × words
        Bits of half-hours; whatever is surely open is possibly open too.
    cell : ndarray of int, words
        Weekday × 3 + part of the day to which all bits of a word belong.
    slots : ndarray of int, 21
        How many half-hours each cell has.
    """

    place_id: NDArray[Any]
    surely: Words
    possibly: Words
    cell: NDArray[np.int64]
    slots: Counts


def hours(places: gpd.GeoDataFrame, *, study: Study) -> Hours:
    """Opening hours of every place in the waking hours of the study's period.

    Parameters
    ----------
    places : schemas.Places
        ``opening_text`` is read by :func:`geo.schedule.parse`; without it the place is unknown all the time.
    study : Study
        ``period_start``, ``period_days``, ``waking_hours``, ``daypart_hours``.

    Returns
    -------
    hours : Hours
    """
    ordered = places.sort_values("place_id", kind="stable")
    when = _when(study)
    last = study.period_start + timedelta(days=study.period_days - 1)
    grids = [_grid(text, study.period_start, last) for text in _texts(ordered)]
    states = np.array([grid.reshape(-1)[when.flat] for grid in grids], np.int8).reshape(
        len(grids), len(when.flat)
    )
    return Hours(
        place_id=ordered["place_id"].to_numpy(dtype=object),
        surely=_packed(states == schedule.OPEN, when),
        possibly=_packed(states != schedule.CLOSED, when),
        cell=when.cell,
        slots=when.slots,
    )


@dataclass(frozen=True)
class _When:
    """Where the waking half-hours of the period stand: in the days × 48 grid, and among the bits."""

    flat: NDArray[np.int64]
    bit: NDArray[np.int64]
    n_bits: int
    cell: NDArray[np.int64]
    slots: Counts


def _when(study: Study) -> _When:
    first, last = study.waking_hours
    noon, evening = study.daypart_hours
    slot = np.arange(first * 2, last * 2)
    part = (slot >= noon * 2).astype(int) + (slot >= evening * 2).astype(int)
    day = np.arange(study.period_days)
    weekday = (study.period_start.weekday() + day) % 7
    cell = (weekday[:, None] * len(DAYPARTS) + part[None, :]).ravel()
    flat = (day[:, None] * schedule.SLOTS_PER_DAY + slot[None, :]).ravel()
    slots = np.bincount(cell, minlength=N_CELLS)
    words = -(-slots // 64)
    # Every cell begins with a word of its own: the bits of a cell are counted by whole words.
    begins = np.concatenate([[0], np.cumsum(words)[:-1]]) * 64
    order = np.argsort(cell, kind="stable")
    rank = np.arange(len(cell)) - np.concatenate([[0], np.cumsum(slots)[:-1]])[cell[order]]
    return _When(
        flat=flat[order],
        bit=begins[cell[order]] + rank,
        n_bits=int(words.sum()) * 64,
        cell=np.repeat(np.arange(N_CELLS), words),
        slots=slots,
    )


def _packed(states: NDArray[np.bool_], when: _When) -> Words:
    bits = np.zeros((len(states), when.n_bits), np.bool_)
    bits[:, when.bit] = states
    return np.packbits(bits, axis=1).view(np.uint64)


def _texts(places: pd.DataFrame) -> list[str]:
    return ["" if pd.isna(text) else str(text) for text in places["opening_text"]]


@lru_cache(maxsize=8192)
def read(text: str) -> schedule.Schedule:
    """The schedule that opening words tell; unknown where they tell none.

    Examples
    --------
    >>> str(read("Tu,Th 10:00-15:00")), read("") == schedule.UNKNOWN
    ('FREQ=WEEKLY;BYDAY=TU,TH 10:00-15:00', True)
    """
    return schedule.parse(text).schedule if text else schedule.UNKNOWN


def has_hours(places: pd.DataFrame) -> pd.Series:
    """Whether some opening hours of each place are surely known.

    Examples
    --------
    >>> has_hours(pd.DataFrame({"opening_text": ["Tu 10:00-15:00", "Tu", None]})).tolist()
    [True, False, False]
    """
    known = [
        any(
            None not in session.ends
            for rule in read(told).rules
            if rule.is_certain
            for session in rule.sessions
        )
        for told in _texts(places)
    ]
    return pd.Series(known, index=places.index, dtype=bool)


@lru_cache(maxsize=8192)
def _grid(text: str, first: Any, last: Any) -> NDArray[np.int8]:
    return schedule.slots(read(text), first, last)


def open_halves(places: pd.DataFrame, *, study: Study) -> NDArray[np.bool_]:
    """The half-hours in which each place is surely open: places × days of the period × half-hours of the day.

    Parameters
    ----------
    places : DataFrame
        ``opening_text``.
    study : Study
        Its period and waking hours; other half-hours are closed.

    Returns
    -------
    halves : ndarray of bool, shape (places, period_days, 48)

    Examples
    --------
    >>> places = pd.DataFrame({"opening_text": ["Tu,Th 10:00-15:00", None]})
    >>> open_halves(places, study=Study(municipality_code="13105")).sum(axis=(1, 2)).tolist()
    [80, 0]
    """
    last = study.period_start + timedelta(days=study.period_days - 1)
    grids = [_grid(text, study.period_start, last) == schedule.OPEN for text in _texts(places)]
    halves = np.array(grids, np.bool_).reshape(len(grids), study.period_days, schedule.SLOTS_PER_DAY)
    first, end = study.waking_hours
    halves[:, :, : first * 2] = False
    halves[:, :, end * 2 :] = False
    return halves


def weekdays(places: gpd.GeoDataFrame, *, study: Study) -> pd.DataFrame:
    """On which weekdays each place opens: surely, on at least half of their dates in the study's period.

    Returns
    -------
    weekdays : DataFrame
        A column of truth for 0 (Monday) to 6, by ``place_id``.

    Examples
    --------
    >>> places = pd.DataFrame({"place_id": ["p"], "opening_text": ["Tu,Th 10:00-15:00"]})
    >>> weekdays(places, study=Study(municipality_code="13105")).loc["p"].tolist()
    [False, True, False, True, False, False, False]
    """
    last = study.period_start + timedelta(days=study.period_days - 1)
    rows = []
    for text in _texts(places):
        on = (_grid(text, study.period_start, last) == schedule.OPEN).any(axis=1).reshape(-1, 7)
        # Each row of the reshaped dates begins on the weekday of the first date.
        rows.append(np.roll(on.mean(axis=0) >= 0.5, study.period_start.weekday()))
    return pd.DataFrame(
        np.array(rows, np.bool_).reshape(-1, 7), index=pd.Index(places["place_id"], name="place_id")
    )


def without(found: Reached, group: str) -> pd.Series:
    """People who on a weekday have surely nothing open within the walk, by weekday; NaN: not counted."""
    people = found.people[group]
    closed = found.possibly[group].reshape(len(people), 7, len(DAYPARTS)).sum(axis=2) == 0
    totals = [people.where(closed[:, day], people * 0).sum(min_count=1) for day in range(7)]
    return pd.Series(totals, index=pd.RangeIndex(7, name="weekday"), dtype=float)


@dataclass(frozen=True)
class Reached:
    """Half-hours of each cell of the week in which something fitting is open within the walk.

    Parameters
    ----------
    origins : DataFrame
        ``origin_id, small_area_id``.
    people : DataFrame
        A column a group, aligned on ``origins``.
    slots : ndarray of int, 21
        How many half-hours each cell has.
    surely, possibly : mapping of str to ndarray of int, origins × 21
        By group.
    """

    origins: pd.DataFrame
    people: pd.DataFrame
    slots: Counts
    surely: Mapping[str, Few]
    possibly: Mapping[str, Few]


def reached(
    pairs: pd.DataFrame,
    origins: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    people: pd.DataFrame,
    *,
    study: Study,
) -> Reached:
    """Join the hours of the fitting places within ``limit_m`` of every origin.

    Parameters
    ----------
    pairs : schemas.Distances
        Of at least the study's limit.
    origins : schemas.Origins
    places : schemas.Places
    people : DataFrame
        A column for each group, aligned on ``origins``; NaN: not known.
    study : Study

    Returns
    -------
    reached : Reached
    """
    open_hours = hours(places, study=study)
    near = pairs[pairs["distance_m"] <= study.limit_m]
    row = pd.Index(origins["origin_id"]).get_indexer(near["origin_id"])
    place = pd.Index(open_hours.place_id).get_indexer(near["place_id"])
    order = np.lexsort((place, row))
    row, place = row[order], place[order]
    known: dict[bytes, tuple[Few, Few]] = {}
    surely, possibly = {}, {}
    ascending = places["place_id"].argsort().to_numpy()
    for group in study.groups:
        fits = coverage.fits(places, group, "any", study).to_numpy()[ascending]
        if fits.tobytes() not in known:  # Several groups are served by the same places.
            own = fits[place]
            known[fits.tobytes()] = _counted(open_hours, row[own], place[own], len(origins))
        surely[group.group], possibly[group.group] = known[fits.tobytes()]
    return Reached(
        origins=pd.DataFrame(origins[["origin_id", "small_area_id"]]),
        people=people,
        slots=open_hours.slots,
        surely=surely,
        possibly=possibly,
    )


def _counted(open_hours: Hours, row: NDArray[np.int64], place: NDArray[np.int64], n: int) -> tuple[Few, Few]:
    """Open and possibly open half-hours of every origin and cell."""
    surely = np.zeros((n, N_CELLS), np.int32)
    possibly = np.zeros((n, N_CELLS), np.int32)
    used, begins = np.unique(open_hours.cell, return_index=True)
    for part in _chunks(row):
        first = np.flatnonzero(np.diff(row[part], prepend=-1))
        at = row[part][first]
        for bits, counts in ((open_hours.surely, surely), (open_hours.possibly, possibly)):
            joined = np.bitwise_or.reduceat(bits[place[part]], first, axis=0)
            ones = np.add.reduceat(np.bitwise_count(joined), begins, axis=1, dtype=np.int32)
            counts[at[:, None], used] = ones
    return surely, possibly


def _chunks(row: NDArray[np.int64]) -> Iterator[slice]:
    """Slices of about :data:`CHUNK` pairs that never part an origin."""
    start = 0
    while start < len(row):
        end = min(start + CHUNK, len(row))
        end = int(np.searchsorted(row, row[end - 1], "right"))
        yield slice(start, end)
        start = end


def by_origin(found: Reached) -> pd.DataFrame:
    """Open share of every origin and group that somebody of the group starts from.

    Returns
    -------
    opening : schemas.Opening
    """
    total = found.slots.sum()
    parts = []
    for group, surely in found.surely.items():
        people = found.people[group].to_numpy()
        lived = people > 0
        least = surely[lived].sum(axis=1) / total
        parts.append(
            pd.DataFrame(
                {
                    "origin_id": found.origins["origin_id"].to_numpy()[lived],
                    "group": group,
                    "people": people[lived],
                    "open_share": least,
                    "unknown_share": found.possibly[group][lived].sum(axis=1) / total - least,
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    return schemas.conform(schemas.Opening, table.assign(unknown_share=table["unknown_share"].clip(lower=0)))


def by_area(found: Reached) -> pd.DataFrame:
    """The timetable of every small area: mean over its people, by weekday and part of the day.

    Returns
    -------
    area_opening : schemas.AreaOpening
        Rows of cells that have no waking half-hour, and of areas where nobody of the group lives, are absent.
    """
    area, areas = pd.factorize(found.origins["small_area_id"], sort=True)
    table = _timetable(found, (area, np.arange(len(area))), areas)
    return schemas.conform(schemas.AreaOpening, table.rename(columns={"where": "small_area_id"}))


def by_zone(
    found: Reached,
    membership: pd.DataFrame,
    located: pd.DataFrame,
    places: gpd.GeoDataFrame,
    *,
    study: Study,
) -> pd.DataFrame:
    """The timetable of every zone: when its people have something open, and what opens in the zone itself.

    Parameters
    ----------
    found : Reached
    membership : DataFrame
        ``zone_id, origin_id``: which zones are told.
    located : DataFrame
        ``zone_id, place_id`` of the open places in them.
    places : schemas.Places
    study : Study

    Returns
    -------
    zone_opening : schemas.ZoneOpening
        A place opens in a part of a weekday when it is surely open then on at least half of that weekday's dates
        in the study's period; whose hours may be so is counted apart. Cells without a waking half-hour, and zones
        where nobody of the group lives, are absent.
    """
    zone, zone_ids = pd.factorize(membership["zone_id"], sort=True)
    origin = pd.Index(found.origins["origin_id"]).get_indexer(membership["origin_id"])
    table = _timetable(found, (zone, origin), zone_ids).rename(columns={"where": "zone_id"})
    if table.empty:
        return schemas.empty(schemas.ZoneOpening)
    when = half_days(places, study=study)
    counts = pd.concat([_opening_in(places, located, group, when, study) for group in study.groups])
    table = table.merge(counts, on=["zone_id", "group", "weekday", "daypart"], how="left")
    told = ["places_open", "places_unknown"]
    return schemas.conform(schemas.ZoneOpening, table.assign(**table[told].fillna(0).astype("int64")))


def _timetable(
    found: Reached, inside: tuple[NDArray[np.int64], NDArray[np.int64]], names: pd.Index
) -> pd.DataFrame:
    """Mean over the people of each group who start in a row: which row (``inside[0]``) holds which origin."""
    ones = np.ones(len(inside[0]))
    held = csr_array((ones, inside), shape=(len(names), len(found.origins)))
    used = np.flatnonzero(found.slots)
    parts = []
    for group, surely in found.surely.items():
        people = np.nan_to_num(found.people[group].to_numpy())
        lived = np.asarray(held @ people)
        here = np.flatnonzero(lived > 0)
        total = lived[here, None] * found.slots[used]
        least, most = (
            np.asarray(held @ (people[:, None] * counts[:, used]))[here] / total
            for counts in (surely, found.possibly[group])
        )
        parts.append(
            pd.DataFrame(
                {
                    "where": np.tile(names[here], len(used)),
                    "group": group,
                    "weekday": np.repeat(used // len(DAYPARTS), len(here)),
                    "daypart": np.repeat(np.array(DAYPARTS)[used % len(DAYPARTS)], len(here)),
                    "people": np.tile(lived[here], len(used)),
                    "open_share": least.T.ravel().clip(0, 1),
                    "unknown_share": (most - least).T.ravel().clip(0, 1),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _opening_in(
    places: gpd.GeoDataFrame,
    located: pd.DataFrame,
    group: Group,
    when: tuple[pd.DataFrame, pd.DataFrame],
    study: Study,
) -> pd.DataFrame:
    """How many places for a group open in each zone and part of each weekday, and how many may."""
    fits = coverage.fits(places, group, "any", study).to_numpy()
    at = when[0].index.get_indexer(located["place_id"])
    used = (at >= 0) & fits[at]
    zone, names = pd.factorize(located["zone_id"][used], sort=True)
    known, maybe = (table.to_numpy()[at[used]] for table in when)
    opens, may = np.zeros((2, len(names), N_CELLS), np.int64)
    np.add.at(opens, zone, known)
    np.add.at(may, zone, maybe & ~known)
    cell = np.tile(np.arange(N_CELLS), len(names))
    return pd.DataFrame(
        {
            "zone_id": np.repeat(names, N_CELLS),
            "group": group.group,
            "weekday": cell // len(DAYPARTS),
            "daypart": np.array(DAYPARTS)[cell % len(DAYPARTS)],
            "places_open": opens.ravel(),
            "places_unknown": may.ravel(),
        }
    )


def half_days(places: gpd.GeoDataFrame, *, study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """In which parts of which weekdays each place opens: on at least half of their dates in the study's period.

    Returns
    -------
    surely, possibly : DataFrame
        A column of truth for weekday × 3 + part of the day, by ``place_id``. Where hours are not known a place
        possibly opens.

    Examples
    --------
    >>> places = pd.DataFrame({"place_id": ["p", "q"], "opening_text": ["Tu 10:00-15:00", None]})
    >>> surely, possibly = half_days(places, study=Study(municipality_code="13105"))
    >>> surely.columns[surely.loc["p"]].tolist(), *(int(table.loc["q"].sum()) for table in (surely, possibly))
    ([3, 4], 0, 21)
    """
    first, last = (hour * 2 for hour in study.waking_hours)
    part = np.digitize(np.arange(first, last), np.array(study.daypart_hours) * 2)
    end = study.period_start + timedelta(days=study.period_days - 1)
    # Many places say the same.
    said, words = pd.factorize(np.array(_texts(places), dtype=object))
    grids = [_grid(text, study.period_start, end)[:, first:last] for text in words]
    index = pd.Index(places["place_id"], name="place_id")

    def often(waking: NDArray[np.bool_]) -> NDArray[np.bool_]:
        on = np.stack([waking[:, part == p].any(axis=1) for p in range(len(DAYPARTS))], axis=1)
        share = on.reshape(-1, 7, len(DAYPARTS)).mean(axis=0)
        return np.asarray(np.roll(share >= 0.5, study.period_start.weekday(), axis=0).ravel())

    def table(rows: list[NDArray[np.bool_]]) -> pd.DataFrame:
        return pd.DataFrame(np.array(rows, np.bool_).reshape(-1, N_CELLS)[said], index=index)

    surely = table([often(grid == schedule.OPEN) for grid in grids])
    return surely, table([often(grid != schedule.CLOSED) for grid in grids])


def whole_week(table: pd.DataFrame, slots: Counts) -> pd.DataFrame:
    """The open share of all waking hours, from a timetable by part of the day.

    Parameters
    ----------
    table : schemas.ZoneOpening
    slots : ndarray of int, 21
        Half-hours of each cell, as :class:`Reached` has them.

    Returns
    -------
    whole : DataFrame
        ``zone_id, group, open_share, unknown_share``.
    """
    cell = table["weekday"].to_numpy() * len(DAYPARTS) + pd.Index(DAYPARTS).get_indexer(table["daypart"])
    weight = slots[cell] / slots.sum()
    names = ["open_share", "unknown_share"]
    keys = ["zone_id", "group"]
    return table[keys].assign(**table[names].mul(weight, axis=0)).groupby(keys, sort=True).sum().reset_index()


def shares(found: Reached, group: str) -> pd.DataFrame:
    """Mean over the people of a group, by weekday and part of the day.

    Returns
    -------
    shares : DataFrame
        ``weekday, daypart, slots, open_share, unknown_share``, one row a cell that has waking half-hours; NaN
        when the group is not counted.
    """
    people = found.people[group].to_numpy()
    known = np.isfinite(people)
    weights = people[known] / people[known].sum() if (people[known] > 0).any() else people[known] * np.nan
    used = np.flatnonzero(found.slots)
    least, most = (
        (weights @ counts[group][known])[used] / found.slots[used]
        if known.any()
        else np.full(len(used), np.nan)
        for counts in (found.surely, found.possibly)
    )
    return pd.DataFrame(
        {
            "weekday": used // len(DAYPARTS),
            "daypart": np.array(DAYPARTS)[used % len(DAYPARTS)],
            "slots": found.slots[used],
            "open_share": least,
            "unknown_share": np.clip(most - least, 0, None),
        }
    )


def at(places: gpd.GeoDataFrame, moment: datetime) -> pd.Series:
    """Whether each place is open at a date and time: 1 open, 0 closed, -1 not known.

    Examples
    --------
    >>> places = pd.DataFrame({"opening_text": ["Tu,Th 10:00-15:00", "Mo-Su 09:00-18:00", None]})
    >>> at(places, datetime(2026, 6, 3, 14, 10)).tolist()
    [0, 1, -1]
    """
    day, slot = moment.date(), moment.hour * 2 + moment.minute // 30
    states = [_grid(text, day, day)[0, slot] for text in _texts(places)]
    return pd.Series(states, index=places.index, dtype="int8")


def reached_at(
    pairs: pd.DataFrame,
    origins: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    people: pd.DataFrame,
    *,
    moment: datetime,
    study: Study,
) -> pd.DataFrame:
    """People who have a fitting place within the walk that is open at a date and time.

    Returns
    -------
    reached : DataFrame
        ``group, people, covered_people, covered_people_max`` and the columns of :func:`geo.coverage.bounded`,
        in the order of the study's groups.
    """
    state = at(places, moment)
    near = pairs[pairs["distance_m"] <= study.limit_m]
    rows = []
    for group in study.groups:
        fits = coverage.fitting(places, group, "any", study)
        rows.append(_people_at(near, origins, people[group.group], group, fits, state))
    return coverage.bounded(pd.DataFrame(rows))


def _people_at(
    near: pd.DataFrame,
    origins: gpd.GeoDataFrame,
    people: pd.Series,
    group: Group,
    fits: gpd.GeoDataFrame,
    state: pd.Series,
) -> dict[str, Any]:
    own = state.reindex(fits.index)

    def covered(chosen: pd.Series) -> float:
        open_now = near["place_id"].isin(fits.loc[chosen, "place_id"])
        inside = origins["origin_id"].isin(near.loc[open_now, "origin_id"]).to_numpy()
        return float(people[inside].sum()) if people.notna().any() else float("nan")

    return {
        "group": group.group,
        "people": float(people.sum()) if people.notna().any() else float("nan"),
        "covered_people": covered(own == schedule.OPEN),
        "covered_people_max": covered(own != schedule.CLOSED),
    }


def coverage_at(
    covered: pd.DataFrame,
    pairs: pd.DataFrame,
    places: gpd.GeoDataFrame,
    *,
    moment: datetime,
    study: Study,
) -> pd.DataFrame:
    """Walks to the places that are open at a date and time, for the study's ``gap_group`` and ``gap_kind``.

    Parameters
    ----------
    covered : schemas.Coverage
    pairs : schemas.Distances
        As far as they go, walks are known.
    places : schemas.Places
    moment : datetime
    study : Study

    Returns
    -------
    covered : schemas.Coverage
        ``nearest_m`` leads to a place that is surely open then, ``possible_m`` to one that may be; NaN: none within
        the pairs.
    """
    group = next(group for group in study.groups if group.group == study.gap_group)
    fits = coverage.fitting(places, group, study.gap_kind, study)
    state = pd.Series(at(fits, moment).to_numpy(), index=fits["place_id"])
    state = state[state != schedule.CLOSED]
    near = pairs[pairs["place_id"].isin(state.index)]
    near = near.sort_values(["origin_id", "distance_m", "place_id"], kind="stable")
    sure = near[near["place_id"].map(state).to_numpy() == schedule.OPEN]
    rank = sure.groupby("origin_id").cumcount()
    own = covered[(covered["group"] == study.gap_group) & (covered["kind"] == study.gap_kind)]
    walks = {
        name: own["origin_id"].map(sure[rank == n].set_index("origin_id")["distance_m"]).astype(float)
        for n, name in enumerate(("nearest_m", "second_m", "third_m"))
    }
    possible = own["origin_id"].map(near.groupby("origin_id")["distance_m"].first()).astype(float)
    within = sure[sure["distance_m"] <= max(study.limits_m)].groupby("origin_id").size()
    number = own["origin_id"].map(within).fillna(0).astype("int64")
    told = own.assign(**walks, possible_m=possible, n_within=number, reason=None)
    return schemas.conform(schemas.Coverage, told)
