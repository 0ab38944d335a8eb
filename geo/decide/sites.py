"""Where the next places should be: the classic questions of location, over tables.

All take people at origins (``origin_id, people``), how far each option is (``schemas.Reach``) and the options
themselves (``schemas.Options``, in a plane CRS). Existing places are options that are there already: they serve
people before anything is chosen and count towards no number and no budget. A limit includes its border, to the
decimetre. Every answer carries status, bound and gap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from geo import errors
from geo.decide import rules as ruling
from geo.decide import solver
from geo.decide.rules import Field, Rules
from geo.decide.solver import Solution

TIME_LIMIT_S = 60.0
NAMED = 5
"""So many keys are named in a sentence; the others are counted."""

Array = NDArray[np.float64]


def maximal_cover(
    demand: pd.DataFrame,
    reach: pd.DataFrame,
    options: gpd.GeoDataFrame,
    *,
    limit_m: float,
    rules: Rules,
    time_limit_s: float = TIME_LIMIT_S,
    seed: int = 0,
) -> Solution:
    """The options that bring most people within a walk who had no place there (maximal covering, MCLP).

    Parameters
    ----------
    demand : DataFrame
        ``origin_id, people``; people weighted by need answer the need-weighted question.
    reach : schemas.Reach
    options : schemas.Options
    limit_m : float
        Metres, inclusive.
    rules : Rules
    time_limit_s : float
        For the proof; when it ends first, the status is ``time_limit`` and the gap says how far it came.
    seed : int

    Returns
    -------
    solution : Solution
        ``objective``: people newly covered. ``infeasible`` names the rule in ``why``.

    Notes
    -----
    max sum_i a_i z_i, z_i <= sum_{j within limit} y_j [1]_.

    References
    ----------
    .. [1] R. Church, C. ReVelle (1974), "The maximal covering location problem", Papers of the Regional
       Science Association 32, 101-118.

    Examples
    --------
    >>> options = gpd.GeoDataFrame({"option_id": ["a", "b"], "site_id": ["a", "b"], "action": "open",
    ...     "standing": "candidate", "cost_yen": 1.0, "yearly_yen": 0.0, "capacity": np.nan, "zone_id": None},
    ...     geometry=gpd.points_from_xy([0, 900], [0, 0]), crs="EPSG:6677")
    >>> demand = pd.DataFrame({"origin_id": ["n", "s"], "people": [30.0, 50.0]})
    >>> reach = pd.DataFrame({"origin_id": ["n", "s"], "option_id": ["a", "b"], "distance_m": [500.0, 500.1]})
    >>> maximal_cover(demand, reach, options, limit_m=500, rules=Rules(number=1)).chosen
    ('a',)
    """
    rows = demand.rename(columns={"origin_id": "row_id", "people": "weight"})[["row_id", "weight"]]
    near = within(reach, limit_m=limit_m)
    serves = near.rename(columns={"origin_id": "row_id"})[["row_id", "option_id"]]
    return most_served(rows, serves, options, rules=rules, time_limit_s=time_limit_s, seed=seed)


def most_served(
    rows: pd.DataFrame,
    serves: pd.DataFrame,
    options: gpd.GeoDataFrame,
    *,
    rules: Rules,
    time_limit_s: float = TIME_LIMIT_S,
    seed: int = 0,
) -> Solution:
    """The options that serve most of any weighted rows: people, or people × half-hours of the week.

    Parameters
    ----------
    rows : DataFrame
        ``row_id, weight``: an origin and its people; or an origin in one slot of the week, and person-hours.
    serves : DataFrame
        ``row_id, option_id``.
    options, rules, time_limit_s, seed
        As for :func:`maximal_cover`.

    Returns
    -------
    solution : Solution
        ``objective``: weight served newly.
    """
    why = ruling.conflict(options, rules)
    if why is not None:
        return solver.impossible(why)
    case = _Case.of(rows["row_id"], rows["weight"], serves, options, rules)
    free, there = case.split(serves["row_id"], serves["option_id"], np.ones(len(serves)))
    weight = np.where(np.bincount(there.row, minlength=len(case.people)) > 0, 0.0, case.people)
    gains = sparse.csr_array((weight[free.row], (free.row, free.option)), shape=case.shape)
    return case.answer(solver.maximise(gains, case.field, time_limit_s=time_limit_s, seed=seed))


def p_median(
    demand: pd.DataFrame,
    reach: pd.DataFrame,
    options: gpd.GeoDataFrame,
    *,
    rules: Rules,
    far_m: float | None = None,
    time_limit_s: float = TIME_LIMIT_S,
    seed: int = 0,
) -> Solution:
    """The options that make the walks of all people to their nearest place shortest in sum (p-median).

    Parameters
    ----------
    demand, reach, options, rules, time_limit_s, seed
        As for :func:`maximal_cover`.
    far_m : float, optional
        People without any place nearer than this count as walking so far, metres. Without it ``reach`` must
        hold every pair of an origin and an option.

    Returns
    -------
    solution : Solution
        ``objective``: people times metres, of everybody, after the choice. ``bound`` is below it.

    Raises
    ------
    DataError
        Without ``far_m``, when pairs are missing.

    References
    ----------
    .. [1] S. L. Hakimi (1964), Operations Research 12, 450-459; C. ReVelle, R. Swain (1970), Geographical
       Analysis 2, 30-42.
    """
    why = ruling.conflict(options, rules)
    if why is not None:
        return solver.impossible(why)
    case = _Case.of(demand["origin_id"], demand["people"], reach, options, rules)
    dm = decimetres(reach["distance_m"])
    free, there = case.split(reach["origin_id"], reach["option_id"], dm)
    before = there.minimum(len(case.people))
    if far_m is not None:
        before = np.minimum(before, math.floor(far_m * 10 + 1e-6))
    elif np.isinf(before).any():
        _need_every_pair(free, case)
        if not case.field.number:
            return solver.impossible(_nothing())
        before = np.where(np.isinf(before), free.maximum(len(case.people)) + 1, before)
    saved = np.maximum(before[free.row] - free.dm, 0.0) * case.people[free.row]
    gains = sparse.csr_array((saved, (free.row, free.option)), shape=case.shape)
    found = solver.maximise(gains, case.field, time_limit_s=time_limit_s, seed=seed)
    total = float(before @ case.people)
    return case.answer(
        replace(found, objective=(total - found.objective) / 10, bound=(total - found.bound) / 10)
    )


def p_center(
    demand: pd.DataFrame,
    reach: pd.DataFrame,
    options: gpd.GeoDataFrame,
    *,
    rules: Rules,
    time_limit_s: float = TIME_LIMIT_S,
    seed: int = 0,
) -> Solution:
    """The options that make the longest walk to the nearest place as short as can be (p-center).

    Parameters
    ----------
    demand, reach, options, rules, time_limit_s, seed
        As for :func:`maximal_cover`; origins without people are not asked.

    Returns
    -------
    solution : Solution
        ``objective``: the longest walk, metres. Infeasible when not everybody can have a place in ``reach``.

    References
    ----------
    .. [1] S. L. Hakimi (1965), Operations Research 13, 462-475; E. Minieka (1970), SIAM Review 12, 138-139
       (by set covering).
    """
    asked = demand[demand["people"] > 0]
    why = ruling.conflict(options, rules) or _unreached(asked, reach, None)
    if why is not None:
        return solver.impossible(why)

    def pose(kept: Rules) -> tuple[_Case, _Pairs, Array]:
        case = _Case.of(asked["origin_id"], asked["people"], reach, options, kept)
        free, there = case.split(reach["origin_id"], reach["option_id"], decimetres(reach["distance_m"]))
        return case, free, there.minimum(len(case.people))

    case, free, before = pose(rules)
    lowest = float(np.minimum(before, free.minimum(len(case.people))).max(initial=0.0))
    radii = np.unique(np.concatenate([free.dm, before[np.isfinite(before)], [lowest]]))
    radii = radii[np.isfinite(radii) & (radii >= lowest)]
    found = _smallest_radius(case, free, before, radii, time_limit_s, seed) if len(radii) else None
    if found is not None:
        return case.answer(found)
    widest = float(reach["distance_m"].max())

    def everything(kept: Rules) -> tuple[_Case, sparse.csr_array]:
        part, pairs, already = pose(kept)
        return part, _covers_at(part, pairs, already, widest * 10)

    return solver.impossible(_blame(everything, rules, widest, time_limit_s))


def _smallest_radius(
    case: _Case, free: _Pairs, before: Array, radii: Array, time_limit_s: float, seed: int
) -> solver.Found | None:
    """Halve the list of possible walks; None: not even the longest is possible within the rules."""
    low, high = 0, len(radii)
    best, sure, least = np.zeros(len(case.field.ids), dtype=bool), True, 0
    while low < high:
        middle = (low + high) // 2
        verdict, chosen = _within_radius(case, free, before, radii[middle], time_limit_s, seed)
        if verdict is True:
            best, high = chosen, middle
        else:
            low = middle + 1
            sure &= verdict is False
            least = low if verdict is False and sure else least
    if high == len(radii):
        return None
    bound = radii[high] if sure else radii[least]
    return solver.Found(best, float(radii[high]) / 10, float(bound) / 10, "optimal" if sure else "time_limit")


def _covers_at(case: _Case, free: _Pairs, before: Array, radius: float) -> sparse.csr_array:
    """Rows that nothing existing serves at this walk, and the options that do."""
    near = free.dm <= radius
    covers = sparse.csr_array(
        (np.ones(int(near.sum())), (free.row[near], free.option[near])), shape=case.shape
    )
    return sparse.csr_array(covers[np.flatnonzero(before > radius)])


def _within_radius(
    case: _Case, free: _Pairs, before: Array, radius: float, time_limit_s: float, seed: int
) -> tuple[bool | None, NDArray[np.bool_]]:
    """Whether everybody can have a place so near within the rules; None: not known in the time."""
    covers = _covers_at(case, free, before, radius)
    plain = not case.field.groups and not np.isfinite(case.field.budget)
    # Only the number binds: asking for the fewest reduces further than asking for at most so many.
    asked = replace(case.field, number=len(case.field.ids)) if plain else case.field
    found = solver.fewest(
        covers,
        asked,
        price=np.ones(len(asked.ids)),
        time_limit_s=time_limit_s,
        seed=seed,
        enough=case.field.number,
    )
    none = np.zeros(len(asked.ids), dtype=bool)
    if found is None or found.bound > case.field.number:
        return False, none
    if found.objective <= case.field.number:
        return True, found.chosen
    return (False if found.status == "optimal" else None), none


def set_cover(
    demand: pd.DataFrame,
    reach: pd.DataFrame,
    options: gpd.GeoDataFrame,
    *,
    limit_m: float,
    rules: Rules,
    cheapest: bool = False,
    time_limit_s: float = TIME_LIMIT_S,
    seed: int = 0,
) -> Solution:
    """The fewest options (or the cheapest) that bring everybody within a walk (set covering, LSCP).

    Parameters
    ----------
    demand, reach, options, limit_m, rules, time_limit_s, seed
        As for :func:`maximal_cover`; origins without people are not asked.
    cheapest : bool
        Least cost by the years of ``rules`` instead of the fewest.

    Returns
    -------
    solution : Solution
        ``objective``: how many options, or yen. Infeasible names origins that no option reaches, or the rules that
        cannot be kept together with full cover.

    References
    ----------
    .. [1] C. Toregas, R. Swain, C. ReVelle, L. Bergman (1971), "The location of emergency service
       facilities", Operations Research 19, 1363-1373.
    """
    asked = demand[demand["people"] > 0]
    near = within(reach, limit_m=limit_m)
    why = ruling.conflict(options, rules) or _unreached(asked, near, limit_m)
    if why is not None:
        return solver.impossible(why)

    def pose(kept: Rules) -> tuple[_Case, sparse.csr_array]:
        case = _Case.of(asked["origin_id"], asked["people"], near, options, kept)
        return case, _uncovered(case, near)

    case, covers = pose(rules)
    price = case.field.cost if cheapest else np.ones(len(case.field.ids))
    found = solver.fewest(covers, case.field, price=price, time_limit_s=time_limit_s, seed=seed)
    if found is None:
        return solver.impossible(_blame(pose, rules, limit_m, time_limit_s))
    return case.answer(found)


def _uncovered(case: _Case, near: pd.DataFrame) -> sparse.csr_array:
    covers = case.pairs(near["origin_id"], near["option_id"], np.ones(len(near)))
    open_ = ~case.served(near["origin_id"], near["option_id"])
    return sparse.csr_array(covers[np.flatnonzero(open_)])


def backup_cover(
    demand: pd.DataFrame,
    reach: pd.DataFrame,
    options: gpd.GeoDataFrame,
    *,
    limit_m: float,
    rules: Rules,
    time_limit_s: float = TIME_LIMIT_S,
    seed: int = 0,
) -> Solution:
    """Of the smallest full covers the one that gives most people a second place within a walk (LSCP-B).

    A place may close for a day, or its leader stop: who has a second one is not left alone.

    Parameters
    ----------
    demand, reach, options, limit_m, rules, time_limit_s, seed
        As for :func:`set_cover`.

    Returns
    -------
    solution : Solution
        ``objective``: people with at least two places, existing ones counted.

    References
    ----------
    .. [1] M. S. Daskin, E. H. Stern (1981), Transportation Science 15, 137-152; K. Hogan, C. ReVelle (1986),
       "Concepts and applications of backup coverage", Management Science 32, 1434-1444.
    """
    first = set_cover(
        demand, reach, options, limit_m=limit_m, rules=rules, time_limit_s=time_limit_s, seed=seed
    )
    if first.status == "infeasible":
        return first
    near = within(reach, limit_m=limit_m)
    case = _Case.of(demand["origin_id"], demand["people"], near, options, rules)
    case = replace(case, field=replace(case.field, number=len(first.chosen)))
    covers = case.pairs(near["origin_id"], near["option_id"], np.ones(len(near)))
    already = case.times_served(near["origin_id"], near["option_id"])
    n, m = covers.shape
    must = np.flatnonzero((already == 0) & (case.people > 0))
    limits, high = solver.rule_rows(case.field, m + n)
    model = solver.Model(
        gain=np.concatenate([np.zeros(m), case.people]),
        rows=sparse.csr_array(
            sparse.vstack(
                [
                    sparse.hstack([covers[must], sparse.csr_array((len(must), n))]),
                    sparse.hstack([covers, -2 * sparse.eye_array(n)]),
                    limits,
                ]
            )
        ),
        low=np.concatenate([np.ones(len(must)), -already, np.full(len(high), -np.inf)]),
        high=np.concatenate([np.full(len(must) + n, np.inf), high]),
        lower=np.concatenate([case.field.fixed.astype(float), np.zeros(n)]),
        upper=np.ones(m + n),
        whole=np.ones(m + n, dtype=bool),
    )
    status, values, bound = solver.solve(model, time_limit_s=time_limit_s)
    chosen = np.isin(case.field.ids, first.chosen) if values is None else values[:m] > 0.5
    twice = float(case.people[(covers @ chosen + already) >= 2].sum())
    proved = status == "optimal" and first.status == "optimal"
    return case.answer(
        solver.Found(chosen, twice, twice if proved else bound, "optimal" if proved else "time_limit")
    )


def capacitated_cover(
    demand: pd.DataFrame,
    reach: pd.DataFrame,
    options: gpd.GeoDataFrame,
    *,
    limit_m: float,
    rules: Rules,
    time_limit_s: float = TIME_LIMIT_S,
) -> Solution:
    """The options that bring most people within a walk of a place that has room for them.

    Nobody is counted twice, and no site serves more people than the ``capacity`` of what is there and of what is
    chosen together (NaN: no limit is known). People of one origin may be shared between sites. An action brings the
    room that it adds, and lets in whom it reaches: an action ``widen`` has a capacity of 0 and shares what is there.

    Parameters
    ----------
    demand, reach, options, limit_m, rules, time_limit_s
        As for :func:`maximal_cover`. To be let in, people need a pair with what exists at a site or with an action that
        is chosen there.

    Returns
    -------
    solution : Solution
        ``objective``: people who have room, in existing places and chosen options together.

    References
    ----------
    .. [1] J. R. Current, J. E. Storbeck (1988), "Capacitated covering models", Environment and Planning B 15,
       153-163.
    """
    why = ruling.conflict(options, rules)
    if why is not None:
        return solver.impossible(why)
    near = within(reach, limit_m=limit_m)
    case = _Case.of(demand["origin_id"], demand["people"], near, options, rules)
    there = options[options["standing"] == "existing"].sort_values("option_id", kind="stable")
    ids = np.concatenate([case.field.ids, there["option_id"].to_numpy(dtype=object)])
    own = options.set_index("option_id").loc[ids]
    room, m = own["capacity"].to_numpy(float), len(case.field.ids)
    row, option = _positions(case.rows, near["origin_id"]), _positions(pd.Index(ids), near["option_id"])
    known = (row >= 0) & (option >= 0)
    row, option = row[known], option[known]
    # Who reaches an existing place without a limit has room in any case, and fills none of the others.
    easy = np.zeros(len(case.people), dtype=bool)
    easy[row[(option >= m) & np.isnan(room[option])]] = True
    reached = sparse.csr_array((np.ones(len(row)), (row, option)), shape=(len(case.people), len(ids)))
    groups = solver.merge(sparse.csr_array(reached * (case.people * ~easy)[:, None]))
    # Rows of people who reach the same places are one: their people are the values of the merged row.
    people = groups.max(axis=1).toarray().ravel() if groups.shape[0] else np.empty(0)
    left = float(people.sum())
    site = pd.factorize(own["site_id"])[0]
    flow = _Flow.of(case.field, groups, people, site, np.where(np.isnan(room), left, room))
    status, values, bound = solver.solve(flow.model, time_limit_s=time_limit_s)
    sure = float(case.people[easy].sum())
    if values is None:
        return case.answer(solver.Found(case.field.fixed, sure, sure + left, "time_limit"))
    total, proved = sure + float(flow.model.gain @ values), status == "optimal"
    found = solver.Found(flow.used(values), total, total, "optimal")
    if not proved:
        found = replace(found, bound=sure + min(bound, left), status="time_limit")
    return case.answer(found)


@dataclass(frozen=True)
class _Flow:
    """People who go to sites. Variables: an option of the field chosen or not; people of each row at each site."""

    field: Field
    site: NDArray[np.int64]
    """Of each option of the field."""
    arc_site: NDArray[np.int64]
    gated: NDArray[np.bool_]
    """Arcs on which nobody goes without an action that lets them in."""
    there: Array
    """Room of what exists, by site."""
    model: solver.Model

    @staticmethod
    def of(
        field: Field, groups: sparse.csr_array, people: Array, site: NDArray[np.int64], room: Array
    ) -> _Flow:
        """Of rows × options (those of the field first), people of the rows, and site and room of the options."""
        m, sites = len(field.ids), int(site.max(initial=-1)) + 1
        row = np.repeat(np.arange(groups.shape[0]), np.diff(groups.indptr))
        option = groups.indices
        arcs, arc = np.unique(row * max(sites, 1) + site[option], return_inverse=True)
        arc_row, arc_site = np.divmod(arcs, max(sites, 1))
        size = m + len(arcs)
        gated = np.bincount(arc[option >= m], minlength=len(arcs)) == 0
        at, ones = m + np.arange(len(arcs)), np.ones(len(arcs))
        by_row = sparse.csr_array((ones, (arc_row, at)), (len(people), size))
        use = np.minimum(room[:m], people.sum())
        by_site = sparse.csr_array((ones, (arc_site, at)), (sites, size)) - sparse.csr_array(
            (use, (site[:m], np.arange(m))), (sites, size)
        )
        narrow = np.flatnonzero(gated)
        number = np.cumsum(gated) - 1
        lets = gated[arc] & (option < m)
        entry = sparse.csr_array((ones[narrow], (np.arange(len(narrow)), at[narrow])), (len(narrow), size))
        entry = entry - sparse.csr_array(
            (people[row[lets]], (number[arc[lets]], option[lets])), (len(narrow), size)
        )
        there: Array = np.bincount(site[m:], weights=room[m:], minlength=sites).astype(float)
        limits, high = solver.rule_rows(field, size)
        above = np.concatenate([people, there, np.zeros(len(narrow)), high])
        model = solver.Model(
            gain=np.concatenate([np.zeros(m), ones]),
            rows=sparse.csr_array(sparse.vstack([by_row, by_site, entry, limits])),
            low=np.full(len(above), -np.inf),
            high=above,
            lower=np.concatenate([field.fixed.astype(float), np.zeros(len(arcs))]),
            upper=np.concatenate([np.ones(m), people[arc_row]]),
            whole=np.arange(size) < m,
        )
        return _Flow(field, site[:m], arc_site, gated, there, model)

    def used(self, values: Array) -> NDArray[np.bool_]:
        """The chosen options without those whose room and entry nobody takes."""
        m, sites = len(self.field.ids), len(self.there)
        people = values[m:]
        full = np.bincount(self.arc_site, weights=people, minlength=sites) > self.there + 1e-6
        entered = np.bincount(self.arc_site, weights=people * self.gated, minlength=sites) > 1e-6
        used: NDArray[np.bool_] = (values[:m] > 0.5) & (self.field.fixed | (full | entered)[self.site])
        return used


def fair_cover(
    demand: pd.DataFrame,
    reach: pd.DataFrame,
    options: gpd.GeoDataFrame,
    membership: pd.DataFrame,
    *,
    limit_m: float,
    rules: Rules,
    time_limit_s: float = TIME_LIMIT_S,
) -> Solution:
    """The options that lift the zone with the smallest covered share highest (max-min); then most people.

    Parameters
    ----------
    demand, reach, options, limit_m, rules, time_limit_s
        As for :func:`maximal_cover`.
    membership : DataFrame
        ``zone_id, origin_id``; zones may overlap.

    Returns
    -------
    solution : Solution
        ``objective``: the covered share of the zone that has the smallest, 0 to 1. Of all choices that reach it the one
        that covers most people.
    """
    why = ruling.conflict(options, rules)
    if why is not None:
        return solver.impossible(why)
    near = within(reach, limit_m=limit_m)
    case = _Case.of(demand["origin_id"], demand["people"], near, options, rules)
    covers = case.pairs(near["origin_id"], near["option_id"], np.ones(len(near)))
    already = case.served(near["origin_id"], near["option_id"])
    zone, zones = pd.factorize(membership["zone_id"], sort=True)
    row = case.rows.get_indexer(membership["origin_id"])
    zone, row = zone[row >= 0], row[row >= 0]  # Of a zone only those who are asked count.
    inside = sparse.csr_array((np.ones(len(row)), (zone, row)), (len(zones), len(case.people)))[:, :]
    people = inside @ case.people
    inhabited = np.flatnonzero(people > 0)
    share = sparse.csr_array(inside[inhabited] * case.people / people[inhabited, None])
    model = _fair_model(case, covers, already, share)
    status, values, bound = solver.solve(model, time_limit_s=time_limit_s)
    if values is None:
        return case.answer(solver.Found(case.field.fixed, 0.0, 1.0, "time_limit"))
    m = covers.shape[1]
    worst = float((share @ ((covers @ (values[:m] > 0.5) > 0) | already)).min(initial=1.0))
    # Second: the most people of all choices that leave no zone below.
    most = replace(
        model,
        gain=np.concatenate([np.zeros(m), case.people, [0.0]]),
        lower=np.concatenate([model.lower[:-1], [worst - 1e-9]]),
    )
    again, better, _ = solver.solve(most, time_limit_s=time_limit_s, start=values)
    chosen = (values if better is None else better)[:m] > 0.5
    proved = status == "optimal" and again == "optimal"
    return case.answer(
        solver.Found(
            chosen, worst, worst if status == "optimal" else bound, "optimal" if proved else "time_limit"
        )
    )


def _fair_model(
    case: _Case, covers: sparse.csr_array, already: NDArray[np.bool_], share: sparse.csr_array
) -> solver.Model:
    """Variables: options, origins served, and the smallest share."""
    m, n, z = covers.shape[1], covers.shape[0], share.shape[0]
    limits, high = solver.rule_rows(case.field, m + n + 1)
    served = sparse.hstack([-covers, sparse.eye_array(n), sparse.csr_array((n, 1))])
    above = sparse.hstack([sparse.csr_array((z, m)), -share, sparse.csr_array(np.ones((z, 1)))])
    ceiling = np.concatenate([already.astype(float), np.zeros(z), high])
    return solver.Model(
        gain=np.concatenate([np.zeros(m + n), [1.0]]),
        rows=sparse.csr_array(sparse.vstack([served, above, limits])),
        low=np.full(len(ceiling), -np.inf),
        high=ceiling,
        lower=np.concatenate([case.field.fixed.astype(float), np.zeros(n + 1)]),
        upper=np.ones(m + n + 1),
        whole=np.arange(m + n + 1) < m,
    )


def within(reach: pd.DataFrame, *, limit_m: float) -> pd.DataFrame:
    """The pairs at most so far apart, the limit included, to the decimetre.

    Examples
    --------
    >>> pairs = pd.DataFrame({"origin_id": ["a", "b"], "option_id": "p", "distance_m": [500.04, 500.1]})
    >>> within(pairs, limit_m=500)["origin_id"].tolist()
    ['a']
    """
    near = decimetres(reach["distance_m"]) <= math.floor(limit_m * 10 + 1e-6)
    return reach[near].reset_index(drop=True)


def decimetres(distance_m: pd.Series) -> Array:
    """Whole decimetres, as the distances are measured."""
    dm: Array = np.rint(distance_m.to_numpy(float) * 10)
    return dm


# --- tables as arrays -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pairs:
    """Rows and options with the decimetres between them."""

    row: NDArray[np.int64]
    option: NDArray[np.int64]
    dm: Array

    def minimum(self, n: int) -> Array:
        """Of each row; infinite without any."""
        least = np.full(n, np.inf)
        np.minimum.at(least, self.row, self.dm)
        return least

    def maximum(self, n: int) -> Array:
        most = np.zeros(n)
        np.maximum.at(most, self.row, self.dm)
        return most


@dataclass(frozen=True)
class _Case:
    """A question with its tables as arrays."""

    rows: pd.Index
    people: Array
    field: Field
    existing: pd.Index

    @staticmethod
    def of(
        keys: pd.Series, people: pd.Series, pairs: pd.DataFrame, options: gpd.GeoDataFrame, rules: Rules
    ) -> _Case:
        weight = pd.Series(people.to_numpy(float), index=pd.Index(keys.to_numpy(dtype=object)))
        _need_known(weight, pairs, options)
        weight = weight.sort_index(kind="stable")
        return _Case(
            rows=weight.index,
            people=weight.to_numpy(),
            field=ruling.field(options, rules),
            existing=pd.Index(options.loc[options["standing"] == "existing", "option_id"]),
        )

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.people), len(self.field.ids)

    def split(self, keys: pd.Series, ids: pd.Series, dm: Array) -> tuple[_Pairs, _Pairs]:
        """Pairs of the free options, and of what exists."""
        row = _positions(self.rows, keys)
        option = _positions(pd.Index(self.field.ids), ids)
        free = (row >= 0) & (option >= 0)
        there = (row >= 0) & ids.isin(self.existing).to_numpy()
        return _Pairs(row[free], option[free], dm[free]), _Pairs(row[there], option[there], dm[there])

    def pairs(self, keys: pd.Series, ids: pd.Series, values: Array) -> sparse.csr_array:
        """Rows × free options."""
        free, _ = self.split(keys, ids, values)
        return sparse.csr_array((free.dm, (free.row, free.option)), shape=self.shape)

    def times_served(self, keys: pd.Series, ids: pd.Series) -> Array:
        """By how many existing places."""
        _, there = self.split(keys, ids, np.ones(len(keys)))
        return np.bincount(there.row, minlength=len(self.people)).astype(float)

    def served(self, keys: pd.Series, ids: pd.Series) -> NDArray[np.bool_]:
        """By any existing place."""
        done: NDArray[np.bool_] = self.times_served(keys, ids) > 0
        return done

    def answer(self, found: solver.Found) -> Solution:
        """What was found, by name."""
        return Solution(
            tuple(str(name) for name in self.field.ids[found.chosen]),
            found.objective,
            found.bound,
            found.status,
        )


def _positions(index: pd.Index, keys: pd.Series) -> NDArray[np.int64]:
    """Where each key stands in an index, -1 where it does not; names that repeat much are looked up once."""
    names = keys.astype("category")
    found = np.append(index.get_indexer(names.cat.categories), -1)
    place: NDArray[np.int64] = found[names.cat.codes.to_numpy()]
    return place


def _need_known(weight: pd.Series, pairs: pd.DataFrame, options: gpd.GeoDataFrame) -> None:
    if weight.index.has_duplicates or options["option_id"].duplicated().any():
        raise errors.DataError(
            "sites_repeated", "An origin or option stands there twice. Keep one row of each."
        )
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise errors.DataError(
            "sites_people",
            "The people of {n} origins are not known or negative ({ids}). Leave these origins out, and say so.",
            n=int((~(weight >= 0)).sum()),
            ids=_named(weight.index[~(weight >= 0)]),
        )
    strange = set(pairs["option_id"].unique()) - set(options["option_id"])
    if strange:
        raise errors.DataError(
            "sites_option",
            "The distances name options that are in no table: {ids}. Use the options they were measured for.",
            ids=_named(sorted(strange)),
        )


def _named(ids: Sequence[str] | pd.Index) -> str:
    names = [str(name) for name in ids[:NAMED]]
    return ", ".join(names) + (f", … (+{len(ids) - NAMED})" if len(ids) > NAMED else "")


def _need_every_pair(free: _Pairs, case: _Case) -> None:
    pairs = sparse.coo_array((np.ones(len(free.row)), (free.row, free.option)), shape=case.shape)
    missing = case.shape[0] * case.shape[1] - pairs.tocsr().nnz
    if missing:
        raise errors.DataError(
            "sites_far",
            "{n} pairs of an origin and an option have no distance, so that a mean walk is not known. Say how far "
            "those who reach nothing shall count (far_m), or measure every pair.",
            n=missing,
        )


def _nothing() -> errors.InfeasibleError:
    return errors.InfeasibleError(
        "infeasible_nothing", "There is no existing place, and none may be chosen. Allow at least one."
    )


def _unreached(
    asked: pd.DataFrame, near: pd.DataFrame, limit_m: float | None
) -> errors.InfeasibleError | None:
    alone = asked[~asked["origin_id"].isin(near["origin_id"].unique())]
    if alone.empty:
        return None
    return errors.InfeasibleError(
        "infeasible_unreached",
        "No option and no existing place is within {metres} m of {n} origins with {people} people: {ids}. Raise the "
        "limit, add options there, or ask without these origins.",
        metres="?" if limit_m is None else f"{limit_m:g}",
        n=len(alone),
        people=round(float(alone["people"].sum()), 1),
        ids=_named(sorted(alone["origin_id"])),
    )


FAMILIES = ("number", "budget_yen", "min_distance_m", "one_per_zone")


def _blame(
    pose: Callable[[Rules], tuple[_Case, sparse.csr_array]], rules: Rules, limit_m: float, time_limit_s: float
) -> errors.InfeasibleError:
    """The fewest rules that together rule full cover out: each is needed for that."""

    def possible(kept: Rules) -> bool:
        case, covers = pose(kept)
        price = np.ones(len(case.field.ids))
        return solver.fewest(covers, case.field, price=price, time_limit_s=time_limit_s, seed=0) is not None

    guilty = rules
    for name in FAMILIES:
        without = replace(guilty, **{name: Rules().__getattribute__(name)})
        if not possible(without):
            guilty = without
    return errors.InfeasibleError(
        "infeasible_together",
        "Not everybody can have a place within {metres} m under these rules: {rules}. Loosen one of them.",
        metres=f"{limit_m:g}",
        rules=_rules(guilty),
    )


def _rules(kept: Rules) -> errors.Clauses:
    """The rules that a choice must keep, in words."""
    told = errors.Clauses()
    if kept.number is not None:
        told.append(errors.Clause("rule_number", "at most {number} actions", number=kept.number))
    if kept.budget_yen is not None:
        told.append(errors.Clause("rule_budget", "at most {yen} yen", yen=round(kept.budget_yen)))
    if kept.min_distance_m:
        told.append(errors.Clause("rule_apart", "at least {metres} m apart", metres=kept.min_distance_m))
    if kept.one_per_zone:
        told.append(errors.Clause("rule_zone", "at most one in each zone"))
    # Without any of them it is what holds in any case.
    return told or errors.Clauses(
        [errors.Clause("rule_site", "one action at each place, none that is ruled out")]
    )
