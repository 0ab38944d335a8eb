"""Exact choices: reduce, start well, bound, prove. Never calls a choice optimal that is not proved to be.

Every question of a choice that gains ``sum_i max_{j chosen} gain_ij`` goes the same way: rows that the same
options serve alike become one, options that another one replaces are dropped, a local search finds a good choice,
a Lagrangean bound says how good, settles most options, and HiGHS proves the rest. The steps count rounds, not
seconds, and HiGHS runs on one thread from a fixed seed: only an answer with status ``time_limit`` may differ
from machine to machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from geo import errors, kernels
from geo.decide.rules import Field

Status = Literal["optimal", "time_limit", "heuristic", "infeasible"]
MAX_EXACT = 400_000
"""Above so many gains left after all reductions no proof is tried: the bound alone says how good the choice is."""
EASY = 40_000
"""So many open gains are proved as they are; above, a longer search and a closer bound settle more of them first."""
KICKS, MORE_KICKS, ROUNDS, MORE_ROUNDS = 40, 500, 250, 1000
KICK_WORK = 60_000_000
"""Kicks times gains of the longer search."""
PROVED = 1e-9
"""A relative gap that is only rounding."""

Array = NDArray[np.float64]
Chosen = NDArray[np.bool_]


@dataclass(frozen=True)
class Solution:
    """A choice of options, and how sure it is that none is better."""

    chosen: tuple[str, ...]
    objective: float
    """In the question's own unit; NaN when infeasible."""
    bound: float
    """No choice is better than this."""
    status: Status
    why: errors.InfeasibleError | None = None
    """What makes it infeasible."""

    @property
    def gap(self) -> float:
        """Distance from the bound, as a share of the objective; 0: proved."""
        if self.status == "optimal":
            return 0.0
        return abs(self.bound - self.objective) / max(abs(self.objective), 1e-12)


def impossible(why: errors.InfeasibleError) -> Solution:
    """The answer to a request that cannot be met."""
    return Solution((), float("nan"), float("nan"), "infeasible", why)


@dataclass(frozen=True)
class Found:
    """A choice as an array over the options of a field."""

    chosen: Chosen
    objective: float
    bound: float
    status: Status


# --- HiGHS ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """A mixed-integer programme: maximise ``gain @ x``, ``low <= rows @ x <= high``, ``0 <= x <= upper``."""

    gain: Array
    rows: sparse.csr_array
    low: Array
    high: Array
    upper: Array
    lower: Array
    whole: Chosen


def solve(
    model: Model, *, time_limit_s: float, start: Array | None = None, absolute_gap: float = 0.0
) -> tuple[Status, Array | None, float]:
    """Status, the best values found (None: none), and the bound."""
    highs = _highs(time_limit_s, absolute_gap)
    highs.passModel(_lp(model))
    if start is not None:
        known = highspy.HighsSolution()
        known.col_value = start.tolist()
        highs.setSolution(known)
    highs.run()
    told, info = highs.getModelStatus(), highs.getInfo()
    if told == highspy.HighsModelStatus.kInfeasible:
        return "infeasible", None, float("nan")
    status: Status = "optimal" if told == highspy.HighsModelStatus.kOptimal else "time_limit"
    has = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.array(highs.getSolution().col_value) if has else None
    bound = info.mip_dual_bound if model.whole.any() else info.objective_function_value
    return status, values, float(bound)


def _highs(time_limit_s: float, absolute_gap: float) -> highspy.Highs:
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    options: dict[str, bool | int | float | str] = {
        "output_flag": False,
        "threads": 1,
        "parallel": "off",
        "random_seed": 0,
        "time_limit": float(time_limit_s),
        "mip_rel_gap": 0.0,
        "mip_abs_gap": absolute_gap,
        "mip_feasibility_tolerance": 1e-9,
        "primal_feasibility_tolerance": 1e-9,
    }
    for name, value in options.items():
        highs.setOptionValue(name, value)
    return highs


def _lp(model: Model) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    rows = sparse.csr_array(model.rows)
    lp.num_col_, lp.num_row_ = len(model.gain), rows.shape[0]
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = model.gain, model.lower, model.upper
    lp.row_lower_, lp.row_upper_ = model.low, model.high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = len(model.gain), rows.shape[0]
    lp.a_matrix_.start_, lp.a_matrix_.index_ = rows.indptr, rows.indices
    lp.a_matrix_.value_ = rows.data.astype(float)
    whole, part = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [whole if yes else part for yes in model.whole]
    return lp


def rule_rows(field: Field, columns: int) -> tuple[sparse.csr_array, Array]:
    """The rules as rows over a model's first columns, one for each option of the field; all are upper limits."""
    m = len(field.ids)
    rows: list[tuple[NDArray[np.int64], Array]] = []
    high: list[float] = []
    everyone = np.arange(m)
    if field.number < m:
        rows.append((everyone, np.ones(m)))
        high.append(field.number)
    if np.isfinite(field.budget):
        unit = max(
            float(field.cost.max(initial=0.0)), 1.0
        )  # near 1, where the tolerances of HiGHS mean little
        rows.append((everyone, field.cost / unit))
        high.append(field.budget / unit)
    for group in field.groups:
        rows.append((group, np.ones(len(group))))
        high.append(1.0)
    ptr = np.concatenate([[0], np.cumsum([len(cols) for cols, _ in rows])]).astype(np.int64)
    cols = np.concatenate([np.empty(0, np.int64), *(c for c, _ in rows)])
    values = np.concatenate([np.empty(0), *(v for _, v in rows)])
    return sparse.csr_array((values, cols, ptr), shape=(len(rows), columns)), np.array(high, dtype=float)


# --- gains ----------------------------------------------------------------------------------------------


def maximise(gains: sparse.csr_array, field: Field, *, time_limit_s: float, seed: int) -> Found:
    """The choice that gains most: each row counts its best chosen option.

    Parameters
    ----------
    gains : csr_array, rows × options of the field
        Not negative.
    field : Field
        Its required options alone keep all rules.
    time_limit_s : float
        For HiGHS.
    seed : int

    Returns
    -------
    found : Found
    """
    merged = merge(_positive(gains))
    if not merged.nnz:  # nobody gains by anything
        return Found(field.fixed.copy(), 0.0, 0.0, "optimal")
    kept = _needed(merged, field)
    small, inner = _columns(merged, kept), _subset(field, kept)
    found = _settle(small, inner, time_limit_s=time_limit_s, seed=seed)
    chosen = np.zeros(len(field.ids), dtype=bool)
    chosen[kept] = found.chosen
    return replace(found, chosen=_without_idle(chosen, merged, field))


def _settle(gains: sparse.csr_array, field: Field, *, time_limit_s: float, seed: int) -> Found:
    step = 1.0 - 1e-6 if _is_whole(gains) else 0.0
    chosen, reached = _start(gains, field, KICKS, seed)
    bound, settled = _bound(gains, field, reached + step, chosen, ROUNDS)
    if bound > reached + step and _left(gains, settled) > EASY:
        again, more = _start(gains, field, min(MORE_KICKS, KICK_WORK // gains.nnz), seed)
        if more > reached:
            chosen, reached = again, more
        closer, settled = _bound(gains, field, reached + step, chosen, MORE_ROUNDS)
        bound = min(bound, closer)
    if bound <= (reached + step) * (1 + PROVED):
        return Found(chosen, reached, reached, "optimal")
    if _left(gains, settled) > MAX_EXACT:
        return Found(chosen, reached, bound, "heuristic")
    return _prove(gains, field, Found(chosen, reached, bound, "heuristic"), settled, step, time_limit_s)


def _prove(
    gains: sparse.csr_array,
    field: Field,
    known: Found,
    settled: NDArray[np.int8],
    step: float,
    time_limit_s: float,
) -> Found:
    """Search what the bound left open for anything better than what is known."""
    kept = np.flatnonzero(settled >= 0)
    inner = _subset(field, kept)
    inner = replace(inner, fixed=inner.fixed | (settled[kept] == 1))
    part = merge(_columns(gains, kept))
    model = _gain_model(part, inner)
    start = _start_values(part, model, known.chosen[kept]) if inner.allows(known.chosen[kept]) else None
    status, values, limit = solve(model, time_limit_s=time_limit_s, start=start, absolute_gap=step)
    best = known.chosen
    if values is not None:
        fresh = np.zeros(len(field.ids), dtype=bool)
        fresh[kept] = values[: len(kept)] > 0.5
        if field.allows(fresh) and worth(gains, fresh) > known.objective * (1 + 1e-12):
            best = fresh
    reached = worth(gains, best)
    if (
        status != "time_limit"
    ):  # Infeasible: what was left open holds nothing, so the known choice is the best.
        return Found(best, reached, reached, "optimal")
    return Found(best, reached, max(reached, min(known.bound, limit)), "time_limit")


def worth(gains: sparse.csr_array, chosen: Chosen) -> float:
    """What a choice gains."""
    own = gains[:, np.flatnonzero(chosen)]
    return float(own.max(axis=1).sum()) if own.shape[1] and own.shape[0] else 0.0


def merge(gains: sparse.csr_array) -> sparse.csr_array:
    """Rows that the same options serve, each alike, as one row with their gains together; empty rows go.

    Examples
    --------
    >>> merge(sparse.csr_array([[2.0, 2, 0], [3, 3, 0], [0, 0, 0], [0, 1, 1]])).toarray()
    array([[5., 5., 0.],
           [0., 1., 1.]])
    """
    gains = gains[np.flatnonzero(np.diff(gains.indptr))]
    size = np.diff(gains.indptr)
    if not len(size):
        return gains
    first = gains.data[gains.indptr[:-1]]
    even = np.minimum.reduceat(gains.data, gains.indptr[:-1]) == np.maximum.reduceat(
        gains.data, gains.indptr[:-1]
    )
    marks = np.random.default_rng(0).integers(1, 2**62, size=(2, gains.shape[1]), dtype=np.int64)
    sums = [np.add.reduceat(mark[gains.indices], gains.indptr[:-1]) for mark in marks]
    # Uneven rows (other gains from other options) stay alone: their number is their own mark.
    alone = np.where(even, -1, np.arange(len(size)))
    _, head, group = np.unique(
        np.column_stack([*sums, size, alone]), axis=0, return_index=True, return_inverse=True
    )
    group = group.reshape(-1)
    total = np.repeat(np.bincount(group, weights=first)[group], size)
    data = np.where(np.repeat(even, size), total, gains.data)
    scaled = sparse.csr_array((data, gains.indices, gains.indptr), gains.shape)
    return scaled[np.sort(head)]


def _positive(gains: sparse.csr_array) -> sparse.csr_array:
    tidy = sparse.csr_array(gains, copy=True, dtype=float)
    tidy.eliminate_zeros()
    tidy.sort_indices()
    return tidy


def _columns(gains: sparse.csr_array, kept: NDArray[np.int64]) -> sparse.csr_array:
    part = sparse.csr_array(gains[:, kept])
    part.sort_indices()
    return part


def _subset(field: Field, kept: NDArray[np.int64]) -> Field:
    place = np.full(len(field.ids), -1)
    place[kept] = np.arange(len(kept))
    groups = [place[group] for group in field.groups]
    groups = [group[group >= 0] for group in groups]
    return Field(
        ids=field.ids[kept],
        cost=field.cost[kept],
        fixed=field.fixed[kept],
        number=min(field.number, len(kept)),
        budget=field.budget,
        groups=tuple(group for group in groups if len(group) > 1),
    )


def _needed(gains: sparse.csr_array, field: Field) -> NDArray[np.int64]:
    """Options that no other one replaces: serves all the same rows as well, and costs no more."""
    everyone = np.arange(len(field.ids))
    even = gains.nnz and (_spread(gains) == 0).all()
    if field.groups or not even:
        return everyone
    useless = kernels.dominated(bits(gains.T), np.diff(gains.tocsc().indptr), field.cost)
    useless |= np.diff(gains.tocsc().indptr) == 0
    return np.flatnonzero(~useless | field.fixed)


def _spread(gains: sparse.csr_array) -> Array:
    starts = gains.indptr[:-1]
    spread: Array = np.maximum.reduceat(gains.data, starts) - np.minimum.reduceat(gains.data, starts)
    return spread


def bits(sets: sparse.sparray) -> NDArray[np.uint64]:
    """Members of each row as bits."""
    table = sparse.coo_array(sets)
    words = np.zeros((table.shape[0], table.shape[1] // 64 + 1), dtype=np.uint64)
    np.bitwise_or.at(words, (table.row, table.col // 64), np.uint64(1) << (table.col % 64).astype(np.uint64))
    return words


def _without_idle(chosen: Chosen, gains: sparse.csr_array, field: Field) -> Chosen:
    """The choice without options that gain nothing beside the others, last ones first."""
    kept = chosen.copy()
    for j in np.flatnonzero(chosen & ~field.fixed)[::-1]:
        fewer = kept.copy()
        fewer[j] = False
        if worth(gains, fewer) >= worth(gains, kept) * (1 - 1e-15):
            kept = fewer
    return kept


def _is_whole(gains: sparse.csr_array) -> bool:
    return bool((gains.data == np.rint(gains.data)).all()) and gains.data.sum() < 2**50


def _left(gains: sparse.csr_array, settled: NDArray[np.int8]) -> int:
    """How many gains are still open."""
    open_ = np.flatnonzero(settled == 0)
    return int(np.diff(gains.tocsc().indptr)[open_].sum())


def _views(gains: sparse.csr_array) -> tuple[tuple, tuple]:  # type: ignore[type-arg]
    by_option = gains.tocsc()
    return (
        (by_option.indptr.astype(np.int64), by_option.indices.astype(np.int32), by_option.data),
        (gains.indptr.astype(np.int64), gains.indices.astype(np.int32), gains.data),
    )


def _start(gains: sparse.csr_array, field: Field, kicks: int, seed: int) -> tuple[Chosen, float]:
    by_option, by_row = _views(gains)
    chosen, _ = kernels.choose(
        by_option,
        by_row,
        field.clashes,
        cost=field.cost,
        fixed=field.fixed,
        number=field.number,
        budget=field.budget,
        kicks=kicks,
        seed=seed,
    )
    return chosen, worth(gains, chosen)


def _bound(
    gains: sparse.csr_array, field: Field, reached: float, chosen: Chosen, rounds: int
) -> tuple[float, NDArray[np.int8]]:
    if not gains.shape[0]:
        return 0.0, np.zeros(len(field.ids), np.int8)
    own = np.sort(gains[:, np.flatnonzero(chosen)].toarray(), axis=1)[:, ::-1]
    # Where two chosen options serve a row, the second one's gain is a good first price.
    start = own[:, 1] if own.shape[1] > 1 else np.zeros(gains.shape[0])
    limits = {"number": [field.number, np.inf], "budget": [len(field.ids), field.budget]}
    best, settled = np.inf, np.zeros(len(field.ids), np.int8)
    for number, budget in limits.values():
        if number >= len(field.ids) and not np.isfinite(budget) and best < np.inf:
            continue
        bound, more = kernels.lagrangean(
            _views(gains)[0],
            gains.shape[0],
            cost=field.cost,
            fixed=field.fixed,
            number=int(number),
            budget=float(budget),
            reached=reached,
            start=start,
            rounds=rounds,
        )
        best, settled = min(best, bound), np.where(settled == 0, more, settled)
    return best, settled


def _gain_model(gains: sparse.csr_array, field: Field) -> Model:
    """Rows whose options all gain the same need one variable, others one for each option."""
    m = len(field.ids)
    size = np.diff(gains.indptr)
    even = _spread(gains) == 0 if gains.shape[0] else np.empty(0, dtype=bool)
    single, grouped = np.flatnonzero(even & (size == 1)), np.flatnonzero(even & (size > 1))
    loose = np.flatnonzero(~even)
    gain = np.bincount(gains[single].indices, weights=gains[single].data, minlength=m)
    # z_i <= sum_j y_j
    covers = gains[grouped]
    together = sparse.csr_array((-np.ones(covers.nnz), covers.indices, covers.indptr), (len(grouped), m))
    # x_ij <= y_j, sum_j x_ij <= 1
    pairs = gains[loose]
    owner = np.repeat(np.arange(len(loose)), np.diff(pairs.indptr))
    n = m + len(grouped) + pairs.nnz
    blocks = [
        sparse.hstack(
            [together, sparse.eye_array(len(grouped)), sparse.csr_array((len(grouped), pairs.nnz))]
        ),
        sparse.hstack(
            [
                sparse.csr_array(
                    (-np.ones(pairs.nnz), (np.arange(pairs.nnz), pairs.indices)), (pairs.nnz, m)
                ),
                sparse.csr_array((pairs.nnz, len(grouped))),
                sparse.eye_array(pairs.nnz),
            ]
        ),
        sparse.csr_array(
            (np.ones(pairs.nnz), (owner, m + len(grouped) + np.arange(pairs.nnz))), (len(loose), n)
        ),
    ]
    limits, high = rule_rows(field, n)
    return Model(
        gain=np.concatenate([gain, covers.data[covers.indptr[:-1]], pairs.data]),
        rows=sparse.csr_array(sparse.vstack([*blocks, limits])),
        low=np.full(len(grouped) + pairs.nnz + len(loose) + len(high), -np.inf),
        high=np.concatenate([np.zeros(len(grouped) + pairs.nnz), np.ones(len(loose)), high]),
        lower=np.concatenate([field.fixed.astype(float), np.zeros(n - m)]),
        upper=np.ones(n),
        whole=np.arange(n) < m,
    )


def _start_values(gains: sparse.csr_array, model: Model, chosen: Chosen) -> Array:
    """A known choice as values of the model."""
    m = len(chosen)
    values = np.zeros(len(model.gain))
    values[:m] = chosen
    even = _spread(gains) == 0
    grouped = np.flatnonzero(even & (np.diff(gains.indptr) > 1))
    served = (
        gains[:, np.flatnonzero(chosen)].max(axis=1).toarray().ravel()
        if chosen.any()
        else np.zeros(len(even))
    )
    values[m : m + len(grouped)] = served[grouped] > 0
    pairs = gains[np.flatnonzero(~even)]
    for i, (lo, hi) in enumerate(zip(pairs.indptr[:-1], pairs.indptr[1:], strict=True)):
        own = np.where(chosen[pairs.indices[lo:hi]], pairs.data[lo:hi], 0.0)
        if len(own) and own.max() > 0:
            values[m + len(grouped) + pairs.indptr[i] + int(own.argmax())] = 1.0
    return values


# --- covering everybody ---------------------------------------------------------------------------------


def fewest(
    covers: sparse.csr_array, field: Field, *, price: Array, time_limit_s: float, seed: int, enough: int = 0
) -> Found | None:
    """The cheapest choice (by ``price``) that serves every row; None: there is none within the rules.

    Parameters
    ----------
    covers : csr_array of 0 and 1, rows × options
    field : Field
    price : array of float
        Ones: the fewest.
    time_limit_s : float
        For HiGHS.
    seed : int
    enough : int
        So few options do, where only their number matters: no search for fewer.
    """
    needed = _hardest(_positive(covers))
    size = np.diff(needed.indptr)
    if not size.all():
        return None
    if not len(size):
        total = float(price[field.fixed].sum())
        return Found(field.fixed.copy(), total, total, "optimal")
    free_rules = field.number >= len(field.ids) and not np.isfinite(field.budget) and not field.groups
    kept = np.arange(len(field.ids))
    if free_rules:
        needed, kept = _core(needed, field, price)
    inner = _subset(field, kept)
    alike = free_rules and bool((price == price[:1]).all())
    start = _cover_start(needed, inner, enough, seed) if alike else None
    known = start is not None
    if start is not None and enough and start.sum() <= enough:
        chosen = np.zeros(len(field.ids), dtype=bool)
        chosen[kept] = start
        return Found(chosen, float(price[chosen].sum()), 0.0, "heuristic")
    model = _cover_model(needed, inner, price[kept])
    step = 1.0 - 1e-6 if (price == np.rint(price)).all() else 0.0
    status, values, bound = solve(
        model,
        time_limit_s=time_limit_s,
        start=None if start is None else start.astype(float),
        absolute_gap=step,
    )
    if status == "infeasible":
        return None
    best = start
    if values is not None:
        fresh = values > 0.5
        if not known or price[kept][fresh].sum() < price[kept][start].sum():
            best = fresh
    chosen = np.zeros(len(field.ids), dtype=bool)
    lowest = max(-bound, 0.0) if np.isfinite(bound) else 0.0
    if step:
        lowest = float(np.ceil(lowest - 1e-6))
    if best is None:
        return Found(chosen, float("inf"), lowest, "time_limit")
    chosen[kept] = best
    total = float(price[chosen].sum())
    proved = status == "optimal" or total <= lowest + PROVED
    return Found(chosen, total, total if proved else lowest, "optimal" if proved else "time_limit")


def _hardest(covers: sparse.csr_array) -> sparse.csr_array:
    """Rows without those that are served whenever another one is."""
    if not covers.shape[0]:
        return covers
    ones = sparse.csr_array((np.ones(covers.nnz), covers.indices, covers.indptr), covers.shape)
    _, head = np.unique(bits(ones), axis=0, return_index=True)
    ones = ones[np.sort(head)]
    size = np.diff(ones.indptr)
    if not size.all():
        return ones
    # A row lies in another one's options: then the other is served with it. Turned round, so that the larger go.
    outside = ~bits(ones)
    spare = kernels.dominated(outside, ones.shape[1] - size, np.zeros(len(size)))
    return sparse.csr_array(ones[np.flatnonzero(~spare)])


def _core(covers: sparse.csr_array, field: Field, price: Array) -> tuple[sparse.csr_array, NDArray[np.int64]]:
    """Rows and options that are left when neither can be spared, looked at in turns."""
    kept = np.arange(len(field.ids))
    while True:
        part = _columns(covers, kept)
        size = np.diff(part.tocsc().indptr)
        spare = kernels.dominated(bits(part.T), size, price[kept]) | (size == 0)
        stay = ~spare | field.fixed[kept]
        rows = _hardest(_columns(part, np.flatnonzero(stay)))
        if stay.all() and rows.shape[0] == covers.shape[0]:
            return part, kept
        kept = kept[stay]
        covers = sparse.csr_array(
            (rows.data, kept[rows.indices], rows.indptr), (rows.shape[0], len(field.ids))
        )


COVER_WORK = 4_000_000_000
"""Of the local search for few places: steps times the arcs around an option, at most."""


def _cover_start(covers: sparse.csr_array, field: Field, enough: int, seed: int) -> Chosen:
    by_option, by_row = _views(covers)
    n, m = covers.shape
    touched = max(1.0, 3 * covers.nnz**2 / max(1, n * m))
    steps = int(min(1_000 + m**2, COVER_WORK / touched))
    return kernels.cover_all(
        by_option[:2], by_row[:2], fixed=field.fixed, steps=steps, enough=enough, seed=seed
    )


def _cover_model(covers: sparse.csr_array, field: Field, price: Array) -> Model:
    m = len(field.ids)
    limits, high = rule_rows(field, m)
    return Model(
        gain=-price,
        rows=sparse.csr_array(sparse.vstack([covers, limits])),
        low=np.concatenate([np.ones(covers.shape[0]), np.full(len(high), -np.inf)]),
        high=np.concatenate([np.full(covers.shape[0], np.inf), high]),
        lower=field.fixed.astype(float),
        upper=np.ones(m),
        whole=np.ones(m, dtype=bool),
    )
