"""Choice: who depends on one place, what is lost when it closes, what a place is good for, which places go together.

It follows from the pairs of origins and places within the walk: nothing is searched again on the streets. How salons
fare is told by their lists alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from geo import coverage, opening, schemas
from geo.study import Study

OPTIONS_KEPT = 3
"""Ways to close a gap that are kept for each kind of way."""


def dependence(
    covered: pd.DataFrame, pairs: pd.DataFrame, places: gpd.GeoDataFrame, *, study: Study
) -> pd.DataFrame:
    """What each place means to the people around it, and who would be left out if it closed.

    Parameters
    ----------
    covered : schemas.Coverage
    pairs : schemas.Distances
        Of at least the study's limit.
    places : schemas.Places
    study : Study
        ``limit_m`` is the walk.

    Returns
    -------
    dependence : schemas.Dependence
        One row a place, and group and kind that it counts for, of the groups that are counted.
    """
    near = pairs[pairs["distance_m"] <= study.limit_m]
    near = near.sort_values(["origin_id", "distance_m", "place_id"], kind="stable")
    at = pd.Index(places["place_id"]).get_indexer(near["place_id"])
    walk = near["distance_m"].to_numpy(dtype=float)
    starts = pd.CategoricalIndex(near["origin_id"])  # each id is looked up once, not once a pair
    asked, rows = covered[["origin_id", "people", "second_m"]], dict(coverage.rows_of(covered))
    parts = []
    for group in study.groups:
        for kind in coverage.KINDS:
            own = asked.iloc[rows.get((group.group, kind), [])]
            if own["people"].notna().any():
                row = pd.Index(own["origin_id"]).get_indexer(starts)
                fits = coverage.fits(places, group, kind, study).to_numpy()
                used = fits[at]
                told = _depending(row[used], at[used], walk[used], own, places["place_id"])
                parts.append(told[fits].assign(group=group.group, kind=kind))
    if not parts:
        return pd.DataFrame(schemas.empty(schemas.Dependence))
    return schemas.conform(schemas.Dependence, pd.concat(parts, ignore_index=True))


def _depending(
    row: NDArray[np.int64],
    place: NDArray[np.int64],
    walk: NDArray[np.float64],
    own: pd.DataFrame,
    ids: pd.Series,
) -> pd.DataFrame:
    """Sums over the pairs of one group and kind, ordered by origin and the nearest first."""
    people = np.nan_to_num(own["people"].to_numpy(dtype=float))[row]
    second = own["second_m"].to_numpy(dtype=float)[row]
    first = np.diff(row, prepend=-1) != 0
    only = np.bincount(row, minlength=len(own))[row] == 1
    # To the next place it may be any distance; where there is none, nobody can tell how much farther it is.
    farther = np.where(first & ~np.isnan(second), people, 0.0)
    extra = np.where(farther > 0, farther * (second - walk), 0.0)

    def total(value: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(place, value, len(ids)).astype(float)

    moved = total(farther)
    with np.errstate(invalid="ignore", divide="ignore"):
        extra_m = np.where(moved > 0, total(extra) / moved, np.nan)
    return pd.DataFrame(
        {
            "place_id": ids.to_numpy(),
            "people_near": total(people),
            "people_nearest": total(np.where(first, people, 0.0)),
            "people_only": total(np.where(only, people, 0.0)),
            "extra_m": extra_m,
        }
    )


def fragile(
    covered: pd.DataFrame, pairs: pd.DataFrame, places: gpd.GeoDataFrame, *, study: Study
) -> pd.DataFrame:
    """People with no, one or more fitting places within the walk, group by group.

    Returns
    -------
    fragile : DataFrame
        ``group, people, with_none, with_one, with_more``, in the study's order; NaN where no table counts them.
    """
    near = pairs[pairs["distance_m"] <= study.limit_m]
    starts = pd.CategoricalIndex(near["origin_id"])  # each id is looked up once, not once a pair
    asked, rows_of = covered[["origin_id", "people"]], dict(coverage.rows_of(covered))
    rows = []
    for group in study.groups:
        own = asked.iloc[rows_of.get((group.group, "any"), [])]
        fits = places.loc[coverage.fits(places, group, "any", study), "place_id"]
        counts = near["place_id"].isin(fits).to_numpy()
        n = np.bincount(starts.codes[counts], minlength=len(starts.categories))
        number = own["origin_id"].map(pd.Series(n, index=starts.categories)).fillna(0)
        total = {
            name: own["people"].where(chosen, 0.0).where(own["people"].notna()).sum(min_count=1)
            for name, chosen in (
                ("with_none", number == 0),
                ("with_one", number == 1),
                ("with_more", number > 1),
            )
        }
        rows.append({"group": group.group, "people": own["people"].sum(min_count=1), **total})
    return pd.DataFrame(rows)


# --- what a place is good for ---------------------------------------------------------------------------


def functions(places: pd.DataFrame, *, study: Study) -> pd.DataFrame:
    """What each place offers: a column of truth for every function, by ``place_id``.

    Of places whose list names no functions the kind decides, by the study's ``kind_functions``.

    Examples
    --------
    >>> places = pd.DataFrame({"place_id": ["p", "q"], "kind": ["salon", "other"], "functions": [None, "eat;learn"]})
    >>> table = functions(places, study=Study(municipality_code="13105"))
    >>> [";".join(table.columns[row]) for row in table.to_numpy()]
    ['gather;watch', 'learn;eat']
    """
    own = [
        set(study.kind_functions.get(kind, ())) if pd.isna(told) else set(str(told).split(";"))
        for kind, told in zip(places["kind"], places["functions"], strict=True)
    ]
    return pd.DataFrame(
        {name: [name in offered for offered in own] for name in schemas.FUNCTIONS},
        index=pd.Index(places["place_id"], name="place_id"),
    )


def by_function(
    origins: gpd.GeoDataFrame,
    people: pd.DataFrame,
    pairs: pd.DataFrame,
    places: gpd.GeoDataFrame,
    *,
    study: Study,
) -> pd.DataFrame:
    """Who has a fitting place of each function within the walk, by small area.

    Returns
    -------
    functions : schemas.FunctionCoverage
        The sum of ``covered_share`` over the functions of an area is its mean 多機能 score, 0 to 6.
    """
    reach = _reach(origins, pairs, places["place_id"], study)
    offers = functions(places, study=study).to_numpy(dtype=float)
    area, names = pd.factorize(origins["small_area_id"], sort=True)
    parts = []
    for group in study.groups:
        counts = people[group.group].to_numpy(dtype=float)
        known = ~np.isnan(counts)
        fits = coverage.fits(places, group, "any", study).to_numpy()
        inside = (reach @ (offers * fits[:, None])) > 0
        total = np.bincount(area[known], counts[known], len(names))
        covered = [np.bincount(area[known], (counts * one)[known], len(names)) for one in inside.T]
        part = {
            "small_area_id": np.tile(names, len(covered)),
            "people": np.tile(total, len(covered)),
            "covered_people": np.concatenate(covered),
            "function": np.repeat(schemas.FUNCTIONS, len(names)),
        }
        parts.append(pd.DataFrame(part).assign(group=group.group)[np.tile(total > 0, len(covered))])
    table = pd.concat(parts, ignore_index=True)
    share = (table["covered_people"] / table["people"]).clip(0, 1)
    return schemas.conform(schemas.FunctionCoverage, table.assign(covered_share=share))


# --- places that go together ----------------------------------------------------------------------------


def partners(
    origins: gpd.GeoDataFrame,
    people: pd.DataFrame,
    pairs: pd.DataFrame,
    places: gpd.GeoDataFrame,
    *,
    study: Study,
) -> pd.DataFrame:
    """Pairs of places whose days together complete the week, for people who have both within the walk.

    A place opens on a weekday when it is surely open on at least half of its dates in the study's period. Only
    places for the study's ``gap_group``, neither of which completes ``week_days`` alone.

    Returns
    -------
    partners : schemas.Partners
        Only pairs that somebody has both of.
    """
    group = next(group for group in study.groups if group.group == study.gap_group)
    fits = coverage.fitting(places, group, "any", study).sort_values("place_id")
    days = opening.weekdays(fits, study=study)
    shared = _shared(origins, people[group.group], pairs, fits["place_id"], study)
    a, b = shared.coords
    told = (a < b) & (shared.data > 0) & _complete(days[list(study.week_days)].to_numpy(), a, b)
    a, b = a[told], b[told]
    ids = days.index.to_numpy(dtype=object)
    digits = np.array([_digits(row) for row in days.to_numpy()], dtype=object)
    columns = {"place_id": ids[a], "other_id": ids[b], "days": digits[a], "other_days": digits[b]}
    return schemas.conform(schemas.Partners, pd.DataFrame({**columns, "people": shared.data[told]}))


def _complete(days: NDArray[np.bool_], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether two places have all days together, and neither alone."""
    alone = np.asarray(days.all(axis=1))
    return np.asarray((days[a] | days[b]).all(axis=1) & ~alone[a] & ~alone[b])


def _digits(days: NDArray[np.bool_]) -> str:
    return ";".join(str(day) for day in np.flatnonzero(days))


def _shared(
    origins: gpd.GeoDataFrame, people: pd.Series, pairs: pd.DataFrame, ids: pd.Series, study: Study
) -> coo_array:
    """People who have both places within the walk, places × places."""
    reach = _reach(origins, pairs, ids, study)
    counts = people.fillna(0).to_numpy(dtype=float)
    return coo_array(reach.T @ csr_array(reach * counts[:, None]))


def _reach(origins: gpd.GeoDataFrame, pairs: pd.DataFrame, ids: pd.Series, study: Study) -> csr_array:
    """Which of these places each origin has within the walk, origins × places."""
    near = pairs[pairs["distance_m"] <= study.limit_m]
    row = pd.Index(origins["origin_id"]).get_indexer(near["origin_id"])
    column = pd.Index(ids).get_indexer(near["place_id"])
    chosen = (row >= 0) & (column >= 0)
    ones = np.ones(int(chosen.sum()))
    return csr_array((ones, (row[chosen], column[chosen])), shape=(len(origins), len(ids)))


# --- how salons fare ------------------------------------------------------------------------------------


def of_salons(places: pd.DataFrame, *, study: Study) -> pd.Series[bool]:
    """Whether a place is an open salon: one of the study's ``salon_kinds``.

    Parameters
    ----------
    places : schemas.Places
    study : Study

    Returns
    -------
    of_salons : Series of bool
        By the index of ``places``.
    """
    return (places["status"] == "open") & places["kind"].isin(study.salon_kinds)


def salons(places: pd.DataFrame, *, study: Study) -> pd.DataFrame:
    """How each open salon fares: whether fewer people come, nobody new does, and those who help are old.

    Parameters
    ----------
    places : schemas.Places
    study : Study
        ``salon_kinds``; ``falling_share`` and ``falling_min_people``, ``fixed_newcomers_share``,
        ``ageing_mean_age`` and ``ageing_share``, each of which includes its border.

    Returns
    -------
    salons : schemas.Salons
        One row an open salon. *Falling* needs both years. *Fixed* needs the newcomers, and unless there are none
        the attendance. *Ageing* is told by the mean age of the helpers or by the share of those of 75 and over;
        where a list has both, either suffices. For planners only.

    Examples
    --------
    >>> places = pd.DataFrame({
    ...     "place_id": ["p", "q"], "kind": "salon", "status": "open", "attendance": [12.0, 20.0],
    ...     "attendance_before": [15.0, float("nan")], "newcomers": [0.0, 3.0], "helpers": [4.0, 5.0],
    ...     "helpers_75_plus": [1.0, float("nan")], "helpers_mean_age": [float("nan"), 76.0]})
    >>> table = salons(places, study=Study(municipality_code="13105"))
    >>> table[["falling", "fixed", "ageing"]].to_numpy().tolist()
    [['yes', 'yes', 'no'], ['unknown', 'no', 'yes']]
    """
    own = places.loc[of_salons(places, study=study), ["place_id", *schemas.ATTENDANCE]].reset_index(drop=True)
    now, before, new = own["attendance"], own["attendance_before"], own["newcomers"]
    # A share of whole people is no exact number: 0.2 of 15 are 3.
    missing = before - now + 1e-9
    falls = (missing >= study.falling_share * before) & (missing >= study.falling_min_people)
    none_new = new == 0
    few_new = none_new | (new <= study.fixed_newcomers_share * now + 1e-9)
    old = own["helpers_75_plus"] / own["helpers"].where(own["helpers"] > 0)
    old = old.where(old <= 1)  # more of 75 and over than there are: one of the two is wrong
    age = own["helpers_mean_age"]
    ages = (age >= study.ageing_mean_age) | (old >= study.ageing_share - 1e-9)
    found = {
        "change_share": (now - before) / before.where(before > 0),
        "newcomers_share": new / now.where(now > 0),
        "helpers_75_plus_share": old,
        "falling": _finding(falls, now.notna() & before.notna()),
        "fixed": _finding(few_new, none_new | (new.notna() & (now > 0))),
        "ageing": _finding(ages, age.notna() | old.notna()),
    }
    table = own.drop(columns="helpers_75_plus").assign(**found)
    return schemas.conform(schemas.Salons, table)


def _finding(holds: pd.Series[bool], is_known: pd.Series[bool]) -> NDArray[np.object_]:
    return np.where(is_known, np.where(holds, "yes", "no"), "unknown").astype(object)


# --- what would close a gap -----------------------------------------------------------------------------


def closers(
    covered: pd.DataFrame,
    gap_cells: pd.DataFrame,
    walks: Mapping[str, pd.DataFrame],
    *,
    study: Study,
) -> pd.DataFrame:
    """For each gap, the vacant properties and existing places that would reach most of its people.

    Parameters
    ----------
    covered : schemas.Coverage
    gap_cells : DataFrame
        ``origin_id, gap_id`` of :func:`geo.coverage.gaps`.
    walks : mapping of str to DataFrame
        By option (``vacancy``, ``longer_opening``, ``other_group``), pairs ``origin_id, place_id, distance_m``
        where ``place_id`` may be a property.
    study : Study

    Returns
    -------
    options : schemas.GapOptions
        At most :data:`OPTIONS_KEPT` of each option, most people first. For planners only: it names properties.
    """
    own = covered[(covered["group"] == study.gap_group) & (covered["kind"] == study.gap_kind)]
    cells = gap_cells.merge(own[["origin_id", "people"]], on="origin_id")
    parts = []
    for option, pairs in walks.items():
        near = pairs[pairs["distance_m"] <= study.limit_m].merge(cells, on="origin_id")
        total = near.groupby(["gap_id", "place_id"])["people"].sum().round(6).reset_index()
        total = total[total["people"] > 0].sort_values(
            ["gap_id", "people", "place_id"], ascending=[True, False, True]
        )
        best = total.groupby("gap_id").head(OPTIONS_KEPT)
        parts.append(best.rename(columns={"place_id": "ref_id"}).assign(option=option))
    columns = schemas.columns_of(schemas.GapOptions)
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return schemas.conform(schemas.GapOptions, table)
