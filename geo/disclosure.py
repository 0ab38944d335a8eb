"""What may leave the house: small counts are hidden so that no subtraction brings them back; vacant properties
are counts.

Hiding a small count is not enough where totals stand beside it: zones of other systems, areas, the rest of a group,
who is covered and who is not, and the same table of a scenario can all be subtracted. So everything that is
published is written as sums over the same *sites* (people of one group who live in the same zones and reach the same
places), and what an outsider could work out from it is found exactly, by linear programming; further counts are
hidden until none of the small ones can be narrowed down (Fischetti and Salazar, 2001, Management Science 47:1008;
Hundepool et al., 2012, Statistical Disclosure Control, chapter 4). What is shown is rounded afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import highspy
import numpy as np
import pandas as pd
from scipy.sparse import csr_array, vstack

from geo import schemas
from geo.study import Study

BASE = ""
"""The name of the present state among scenarios."""

ROUNDS = 4
"""Random directions in which an outsider's room is looked for before each count is asked alone."""


def mask_small(counts: pd.Series, *, k: int) -> pd.Series:
    """Counts with those from 1 to k-1 unknown (NaN); 0 stays 0.

    Examples
    --------
    >>> mask_small(pd.Series([0, 1, 9, 10]), k=10).tolist()
    [0.0, nan, nan, 10.0]
    """
    known = counts.astype(float)
    return known.where((known == 0) | (known >= k))


def rounded(counts: pd.Series, *, base: int) -> pd.Series:
    """Counts to the nearest multiple of ``base``, halves up.

    Examples
    --------
    >>> rounded(pd.Series([0, 12, 12.5, float("nan")]), base=5).tolist()
    [0.0, 10.0, 15.0, nan]
    """
    return pd.Series(np.floor(counts.astype(float) / base + 0.5) * base, counts.index)


_WHOLES = {
    "people": ("covered_people", "covered_people_max", "left_out_people"),
    "denominator": ("numerator",),
}
"""Counts, and the parts of them that a table may tell beside them."""
_ALONE = ("people_min", "people_near", "people_nearest", "people_only")
_SHARES = {
    "covered_share": ("covered_people", "people"),
    "covered_share_max": ("covered_people_max", "people"),
    "left_out_share": ("left_out_people", "people"),
    "value": ("numerator", "denominator"),
}


def outward(table: pd.DataFrame, *, study: Study) -> Any:
    """One table as a page for the public shows it: rows with a small count tell none, the others are rounded.

    A count is small from 1 to ``disclosure_k`` - 1, and so is a part that leaves so few of its whole. Shares are
    those of the rounded counts. This is for screens, where a reader sees one question at a time; tables that are
    published for good go through :func:`public`, which also withstands subtraction from one table to another.

    Parameters
    ----------
    table : DataFrame
        Any with counts of people, as :mod:`geo.schemas` names them.
    study : Study
        ``disclosure_k`` and ``rounding``.

    Returns
    -------
    table : DataFrame
        The same columns; hidden counts and what follows from them are NaN, their ``state`` is unknown.

    Examples
    --------
    >>> counts = pd.DataFrame({"people": [100.0, 42.0, 7.0], "covered_people": [97.0, 21.0, 0.0]})
    >>> outward(counts, study=Study(municipality_code="13105"))["covered_people"].tolist()
    [nan, 20.0, nan]
    """
    parts = {part: whole for whole, own in _WHOLES.items() for part in own if {whole, part} <= set(table)}
    counts = [name for name in (*_WHOLES, *parts, *_ALONE) if name in table]
    small = pd.Series(False, index=table.index)
    for name in counts:
        small |= _is_small(table[name], study.disclosure_k)
    for part, whole in parts.items():
        small |= _is_small(table[whole] - table[part], study.disclosure_k)
    told = table.copy()
    for name in counts:
        told[name] = rounded(table[name], base=study.rounding).mask(small)
    for name in set(_SHARES) & set(table):
        part, whole = _SHARES[name]
        told[name] = (told[part] / told[whole].where(told[whole] > 0)).where(table[name].notna())
    for name in {"open_share", "unknown_share"} & set(told):
        told[name] = told[name].mask(small).round(2)
    if "state" in told:
        told["state"] = told["state"].mask(small, "unknown")
    return told


def _is_small(counts: pd.Series, k: int) -> pd.Series:
    # Shares of people are spread over places: what would be printed as 1 or more is a person.
    return (counts.astype(float) >= 0.5) & (counts.astype(float) < k)


@dataclass(frozen=True)
class Sums:
    """Counts as sums over parts that nobody may see: ``rows @ parts = counts``, parts are not negative.

    ``is_told`` are the counts that are to be published; the others are what a reader could want to work out
    (complements, differences). ``laws`` are sums of parts that everybody knows to be 0.
    """

    rows: csr_array
    parts: np.ndarray
    is_told: np.ndarray
    laws: csr_array

    @property
    def counts(self) -> np.ndarray:
        """The counts."""
        return np.asarray(self.rows @ self.parts)


def hidden(sums: Sums, *, k: int, seed: int = 0) -> np.ndarray:
    """Which counts must not be told so that none below ``k`` can be worked out.

    Parameters
    ----------
    sums : Sums
    k : int
        Counts above 0 and below this are sensitive, also those that are not to be told themselves.
    seed : int

    Returns
    -------
    hidden : array of bool
        One a count. Whatever is shown then leaves every sensitive count an interval of at least ``k``: what an
        outsider can work out, knowing how all counts are made up, is never nearer. Counts of 0 and more than
        ``k`` are hidden where that is needed (complementary suppression).
    """
    values = sums.counts
    is_small = (values > 1e-9) & (values < k - 1e-9)
    hide = is_small & sums.is_told
    pending = np.flatnonzero(is_small)
    random = np.random.default_rng([seed, 3])
    outsider = _Outsider(sums, np.flatnonzero(sums.is_told & ~hide))
    while len(pending):
        shown = np.flatnonzero(sums.is_told & ~hide)
        pending = pending[np.asarray(outsider.room(pending, random) < k - 1e-6)]
        exposed = []
        for row in pending:
            room, binding = outsider.room_of(int(row))
            if room < k - 1e-6:
                exposed.append(row)
                hide[_next(binding if len(binding) else shown, values)] = True
        outsider.hide(np.flatnonzero(hide))
        pending = np.array(exposed, dtype=int)  # What is hidden later only adds room.
    return np.asarray(hide)


def _next(candidates: np.ndarray, values: np.ndarray) -> int:
    """The count to hide next: the smallest that is not 0, so that totals stay as long as they can."""
    own = candidates[values[candidates] > 1e-9]
    choice = own if len(own) else candidates
    return int(choice[np.argmin(values[choice])])


class _Outsider:
    """Somebody who knows how all counts are made up, and those that are shown.

    One linear programme for all questions: they differ in what is asked, and a count that is hidden later leaves its
    row free. Each question starts from the answer of the one before (primal simplex), which saves nearly all of the
    work.
    """

    def __init__(self, sums: Sums, shown: np.ndarray) -> None:
        self.rows, self.shown = sums.rows, shown
        self.low = self.high = sums.counts
        known = vstack([sums.rows[shown], sums.laws]).tocsr()
        given = np.asarray(known @ sums.parts)
        self.highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in _SIMPLEX.items():
            self.highs.setOptionValue(name, value)
        self.highs.passModel(_programme(known, given))

    def hide(self, counts: np.ndarray) -> None:
        """Take counts from what is shown."""
        for row in np.flatnonzero(np.isin(self.shown, counts)):
            self.highs.changeRowBounds(int(row), -highspy.kHighsInf, highspy.kHighsInf)

    def room(self, pending: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """How far apart the pending counts could be, as far as a few tries tell."""
        low, high = self.low[pending].copy(), self.high[pending].copy()
        for _ in range(ROUNDS):
            goal = self.rows[pending].T @ random.choice([-1.0, 1.0], len(pending))
            for sign in (1, -1):
                found = self._solve(sign * goal)
                if found is not None:
                    reached = self.rows[pending] @ np.array(found.col_value)
                    low, high = np.minimum(low, reached), np.maximum(high, reached)
        return np.asarray(high - low)

    def room_of(self, row: int) -> tuple[float, np.ndarray]:
        """How far apart one count could be, and the shown counts that keep it from being farther."""
        goal = self.rows[[row]].toarray().ravel()
        reached, binding = [], np.zeros(len(self.shown), dtype=bool)
        for sign in (1, -1):
            found = self._solve(sign * goal)
            if found is None:
                return np.inf, self.shown[:0]
            reached.append(float(goal @ np.array(found.col_value)))
            binding |= np.abs(np.array(found.row_dual)[: len(self.shown)]) > 1e-9
        return reached[1] - reached[0], self.shown[binding]

    def _solve(self, goal: np.ndarray) -> highspy.HighsSolution | None:
        """The least of a goal; None where it has no end."""
        columns = np.arange(len(goal), dtype=np.int32)
        self.highs.changeColsCost(len(goal), columns, goal.astype(float))
        for _ in range(2):
            self.highs.run()
            told = self.highs.getModelStatus()
            if told == highspy.HighsModelStatus.kOptimal:
                return self.highs.getSolution()
            if told == highspy.HighsModelStatus.kUnbounded:  # "or infeasible" would prove nothing
                return None
            self.highs.clearSolver()  # Lost in rounding: once more from the beginning.
        raise RuntimeError(f"HiGHS: {told}")  # What is not proved is not published.


_SIMPLEX: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "solver": "simplex",
    "simplex_strategy": 4,  # Primal: a new goal and a freed row leave the point where it is allowed.
    "presolve": "off",
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
}


def _programme(known: csr_array, given: np.ndarray) -> highspy.HighsLp:
    """``known @ parts = given`` over parts that are not negative."""
    lp = highspy.HighsLp()
    n = known.shape[1]
    lp.num_col_, lp.num_row_ = n, known.shape[0]
    lp.col_cost_, lp.col_lower_ = np.zeros(n), np.zeros(n)
    lp.col_upper_ = np.full(n, highspy.kHighsInf)
    lp.row_lower_ = lp.row_upper_ = given
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = n, known.shape[0]
    lp.a_matrix_.start_, lp.a_matrix_.index_ = known.indptr, known.indices
    lp.a_matrix_.value_ = known.data.astype(float)
    return lp


def public(
    zone_summary: pd.DataFrame,
    coverages: Mapping[str, pd.DataFrame],
    membership: pd.DataFrame,
    vacancies: tuple[pd.DataFrame, pd.DataFrame],
    *,
    study: Study,
) -> pd.DataFrame:
    """Everything about zones and areas that may leave the house, in one table.

    Parameters
    ----------
    zone_summary : DataFrame
        ``zone_id, system, tier, name, group, kind, places, fitting_places`` of all rows that are to be
        published (zones, people in no zone, the municipality, small areas); the rows decide what is told.
    coverages : mapping of str to schemas.Coverage
        The present state under :data:`BASE`, and every scenario that is, or was, published beside it.
    membership : DataFrame
        ``zone_id, origin_id`` of all these rows.
    vacancies : tuple of DataFrame
        ``zone_id, property_id`` and ``property_id, owner_consent``.
    study : Study
        ``limit_m``, ``disclosure_k``, ``rounding``, ``seed``.

    Returns
    -------
    public : schemas.Public
        Counts are NaN where they are hidden and else rounded; shares and rates are those of the rounded counts.
    """
    asked = _asked(zone_summary, coverages)
    sums, cells = _sums(asked, coverages, membership, study)
    hide = hidden(sums, k=study.disclosure_k, seed=study.seed)
    told = cells[sums.is_told].assign(count=np.where(hide, np.nan, sums.counts)[sums.is_told])
    parts = []
    for name in coverages:
        own = told[told["scenario"].isin({name, BASE})]
        people = own[own["measure"] == "people"].set_index(["zone_id", "group"])["count"]
        covered = own[(own["measure"] == "covered") & (own["scenario"] == name)]
        covered = covered.set_index(["zone_id", "group", "kind"])["count"]
        rows = asked.assign(scenario=name)
        rows["people"] = people.reindex(pd.MultiIndex.from_frame(rows[["zone_id", "group"]])).to_numpy()
        rows["covered_people"] = covered.reindex(
            pd.MultiIndex.from_frame(rows[["zone_id", "group", "kind"]])
        ).to_numpy()
        parts.append(rows)
    frame = pd.concat(parts, ignore_index=True)
    counts = _vacant(asked["zone_id"].drop_duplicates(), *vacancies, study=study)
    for column in ("people", "covered_people"):
        frame[column] = rounded(frame[column], base=study.rounding)
    whole = frame["people"].where(frame["people"] > 0)
    frame = frame.assign(
        limit_m=study.limit_m,
        covered_share=(frame["covered_people"] / whole).clip(0, 1).round(3),
        places_per_1000=(frame["fitting_places"] / whole * 1000).round(2),
        vacancies=frame["zone_id"].map(counts),
    )
    return schemas.conform(schemas.Public, frame)


def _asked(zone_summary: pd.DataFrame, coverages: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    columns = ["zone_id", "system", "tier", "name", "group", "kind", "places", "fitting_places"]
    known = coverages[BASE].groupby("group")["people"].count()
    rows = zone_summary[zone_summary["group"].isin(known[known > 0].index)]
    return rows[columns].reset_index(drop=True)


def _sums(
    asked: pd.DataFrame, coverages: Mapping[str, pd.DataFrame], membership: pd.DataFrame, study: Study
) -> tuple[Sums, pd.DataFrame]:
    """The counts of all rows as sums over sites and groups, with what could be worked out of them."""
    sites = _Sites.of(asked, coverages, membership, study)
    cells, masks = [], []
    for zone, group, told in _wanted(asked, study):
        inside = sites.inside[zone]
        for measure, scenario, kind, where, is_told in sites.measures(group, told):
            cells.append((zone, group, measure, scenario, kind, is_told))
            masks.append(sites.row(group, inside & where, others=measure == "others"))
    columns = ["zone_id", "group", "measure", "scenario", "kind", "is_told"]
    index = pd.DataFrame(cells, columns=columns)
    rows = vstack(masks).tocsr() if masks else csr_array((0, len(sites.parts)))
    return Sums(rows, sites.parts, index["is_told"].to_numpy(dtype=bool), sites.laws), index


def _wanted(asked: pd.DataFrame, study: Study) -> list[tuple[str, str, frozenset[str]]]:
    """Zones and groups, everybody first, with the kinds of place that are told of them."""
    kinds = asked.groupby(["zone_id", "group"], sort=True)["kind"].agg(frozenset)
    pairs = [(str(zone), str(group), told) for (zone, group), told in kinds.items()]
    return sorted(pairs, key=lambda pair: (pair[1] != study.everybody, pair[1], pair[0]))


@dataclass(frozen=True)
class _Sites:
    """People who live in the same zones and reach the same places: what all counts are sums of."""

    groups: list[str]
    everybody: str
    inside: dict[str, np.ndarray]
    """Zone → which sites."""
    reach: dict[tuple[str, str, str], np.ndarray]
    """Scenario, group, kind → which sites are covered."""
    parts: np.ndarray
    """People of each group by site, then, of each group but everybody, the others."""
    laws: csr_array

    @staticmethod
    def of(
        asked: pd.DataFrame,
        coverages: Mapping[str, pd.DataFrame],
        membership: pd.DataFrame,
        study: Study,
    ) -> _Sites:
        """Sites of the origins."""
        groups = [study.everybody, *sorted(set(asked["group"]) - {study.everybody})]
        origins = pd.Index(sorted(coverages[BASE]["origin_id"].unique()))
        reach = {
            (scenario, str(group), str(kind)): _reached(part, origins, study)
            for scenario, table in coverages.items()
            for (group, kind), part in table[table["group"].isin(groups)].groupby(["group", "kind"])
        }
        held = membership[membership["zone_id"].isin(asked["zone_id"])].sort_values(["origin_id", "zone_id"])
        zones = held.groupby("origin_id")["zone_id"].agg("\n".join).reindex(origins).fillna("")
        keys = pd.DataFrame(
            {"zones": zones.to_numpy(), **{"|".join(name): mask for name, mask in reach.items()}}
        )
        site = keys.groupby(list(keys.columns), sort=True).ngroup().to_numpy()
        n = int(site.max(initial=-1)) + 1
        first = np.unique(site, return_index=True)[1]
        own = coverages[BASE]
        own = own[own["kind"] == own["kind"].min()].set_index(["group", "origin_id"])["people"]
        counts = [
            np.bincount(site, np.nan_to_num(own[group].reindex(origins).to_numpy()), minlength=n)
            for group in groups
        ]
        others = [np.maximum(counts[0] - part, 0) for part in counts[1:]]
        names = [set(words.split("\n")) for words in zones.iloc[first]]
        inside = {
            str(zone): np.array([str(zone) in words for words in names], dtype=bool)
            for zone in asked["zone_id"].unique()
        }
        return _Sites(
            groups=groups,
            everybody=study.everybody,
            inside=inside,
            reach={name: mask[first] for name, mask in reach.items()},
            parts=np.concatenate([*counts, *others]),
            laws=_laws(len(groups), n),
        )

    def measures(self, group: str, kinds: frozenset[str]) -> list[tuple[str, str, str, np.ndarray, bool]]:
        """What is told of a zone and group, and what follows from it: the sites that each is the sum of."""
        everywhere = np.ones(len(self.inside[next(iter(self.inside))]), dtype=bool)
        rows = [("people", BASE, "", everywhere, True)]
        if group != self.everybody:
            rows.append(("others", BASE, "", everywhere, False))
        mine = {(s, kind): mask for (s, g, kind), mask in self.reach.items() if g == group}
        for (scenario, kind), mask in sorted(mine.items()):
            rows.append(("covered", scenario, kind, mask, kind in kinds))
            rows.append(("left_out", scenario, kind, ~mask, False))
            # Two tables beside each other, today's or another plan's, tell who is in one of them alone.
            for other, same in sorted(mine):
                if same == kind and other != scenario:
                    rows.append(("gained", scenario, kind, mask & ~mine[other, kind], False))
            if kind == "any" and (scenario, "permanent") in mine:
                rows.append(("not_permanent", scenario, kind, mask & ~mine[scenario, "permanent"], False))
        return rows

    def row(self, group: str, where: np.ndarray, *, others: bool) -> csr_array:
        """A sum over sites, of a group or of those who are not of it."""
        block = self.groups.index(group) + (len(self.groups) - 1 if others else 0)
        at = np.flatnonzero(where) + block * len(where)
        ones = (np.ones(len(at)), (np.zeros(len(at), dtype=int), at))
        return csr_array(ones, shape=(1, len(self.parts)))


def _reached(part: pd.DataFrame, origins: pd.Index, study: Study) -> np.ndarray:
    nearest = part.set_index("origin_id")["nearest_m"].reindex(origins)
    return np.asarray(nearest.to_numpy(dtype=float) <= study.limit_m)


def _laws(groups: int, sites: int) -> csr_array:
    """Everybody at a site are those of a group and the others: known to all."""
    site = np.arange(sites)
    row, column, value = [], [], []
    for number in range(1, groups):
        rows = site + (number - 1) * sites
        for block, sign in ((0, 1.0), (number, -1.0), (groups - 1 + number, -1.0)):
            row.append(rows)
            column.append(site + block * sites)
            value.append(np.full(sites, sign))
    shape = ((groups - 1) * sites, (2 * groups - 1) * sites)
    if not row:
        return csr_array(shape)
    return csr_array((np.concatenate(value), (np.concatenate(row), np.concatenate(column))), shape=shape)


def _vacant(
    zone_ids: pd.Series, membership: pd.DataFrame, consent: pd.DataFrame, *, study: Study
) -> pd.Series:
    """Vacant properties by zone, hidden and rounded; those that anybody may see protect none of the others."""
    if consent.empty:  # No list: nobody knows how many there are.
        return pd.Series(np.nan, zone_ids.to_numpy())
    open_ones = set(consent.loc[consent["owner_consent"] == "agreed_public", "property_id"])
    own = membership[membership["zone_id"].isin(zone_ids)]
    kept = own[~own["property_id"].isin(open_ones)]
    ids = kept["property_id"].drop_duplicates().to_numpy()
    zone, at = pd.Index(zone_ids).get_indexer(kept["zone_id"]), pd.Index(ids).get_indexer(kept["property_id"])
    rows = csr_array((np.ones(len(kept)), (zone, at)), shape=(len(zone_ids), len(ids)))
    is_told = np.ones(len(zone_ids), dtype=bool)
    sums = Sums(rows, np.ones(len(ids)), is_told, csr_array((0, len(ids))))
    hide = hidden(sums, k=study.disclosure_k, seed=study.seed) if len(ids) else ~is_told
    agreed = own[own["property_id"].isin(open_ones)].groupby("zone_id").size()
    total = pd.Series(sums.counts, zone_ids.to_numpy()) + agreed.reindex(zone_ids.to_numpy(), fill_value=0)
    return rounded(total.mask(hide), base=study.rounding)


def listed(vacancies: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The vacant properties whose owners agreed that everybody may see them; nothing that names an owner.

    Parameters
    ----------
    vacancies : schemas.Vacancies

    Returns
    -------
    listed : GeoDataFrame
        ``kind, floor_area_m2, built_year, geometry``, in an order that tells nothing of the list.
    """
    shown = vacancies[vacancies["owner_consent"] == "agreed_public"]
    columns = ["kind", "floor_area_m2", "built_year", "geometry"]
    order = np.lexsort((shown.geometry.y, shown.geometry.x))
    return gpd.GeoDataFrame(shown[columns].iloc[order].reset_index(drop=True))
