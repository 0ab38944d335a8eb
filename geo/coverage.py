"""Who reaches what: distances × places → coverage of each group, and the gaps.

"Any" counts every open place that serves the group; "permanent" only those that open at least the study's
number of days a week. A place whose opening days are not known is never read as permanent; since it may be, the
share of people covered then has a largest value beside the smallest, and a state: known, partial or unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo import access, schemas
from geo.study import Group, PlaceKind, Study

KINDS: tuple[PlaceKind, ...] = ("any", "permanent")
COUNTS = ["people", "covered_people", "covered_people_max"]
MONTHLY = 0.75
"""Fewer days a week than this is once, twice or three times a month."""
TOUCH_M = 0.5
"""Cells nearer than this to each other are contiguous: their borders come from different clippings."""


def permanent(places: gpd.GeoDataFrame, study: Study) -> pd.Series:
    """Whether each place is permanent (常設): opens at least the study's days a week; unknown is False."""
    return places["open_days_per_week"].fillna(-1) >= study.permanent_min_days_per_week


def serves(places: gpd.GeoDataFrame, group: Group) -> pd.Series:
    """Whether each place is for a group, by the targets that its list or its kind gives.

    Examples
    --------
    >>> places = pd.DataFrame({"targets": ["all", "children;childrearing", "older"]})
    >>> serves(places, Group(group="older", column="people_65_plus", targets=("all", "older"))).tolist()
    [True, False, True]
    """
    if not group.targets:
        return pd.Series(data=True, index=places.index)
    wanted = frozenset(group.targets)
    told = places["targets"].to_numpy(dtype=object)
    return pd.Series([not wanted.isdisjoint(own.split(";")) for own in told], index=places.index, dtype=bool)


def suits(places: pd.DataFrame, group: Group) -> pd.Series:
    """Whether people of a group can use each place: 1 yes, 0 no, NaN not known.

    Steps, fee and language count only for groups that ask for them.

    Examples
    --------
    >>> places = pd.DataFrame({"step_free": ["yes", "no", None], "fee_yen": [0.0, 0, 0], "languages": [None] * 3})
    >>> suits(places, Group(group="disabled", column="people_disabled", needs_step_free=True)).tolist()
    [1.0, 0.0, nan]
    """
    state = pd.Series(1.0, index=places.index)
    checks = []
    if group.needs_step_free:
        checks.append((places["step_free"] == "yes", places["step_free"].isna()))
    if group.max_fee_yen is not None:
        fee = places["fee_child_yen" if group.pays == "child" else "fee_yen"]
        checks.append((fee <= group.max_fee_yen, fee.isna()))
    if group.language is not None:
        spoken = places["languages"].fillna("").astype(str).str.split(";")
        checks.append(
            (spoken.map(lambda own: group.language in own).astype(bool), places["languages"].isna())
        )
    for fine, unknown in checks:
        state = state.mask(unknown & (state != 0)).mask(~fine & ~unknown, 0.0)
    return state


def _welcoming(places: gpd.GeoDataFrame, group: Group, study: Study) -> pd.Series:
    return (places["status"] == "open") & serves(places, group) & precise(places, study)


def precise(places: gpd.GeoDataFrame, study: Study) -> pd.Series:
    """Whether each place's position is known well enough to walk to it.

    Examples
    --------
    >>> places = pd.DataFrame({"precision": ["point", "block", "town"]})
    >>> precise(places, Study(municipality_code="13105")).tolist()
    [True, True, False]
    """
    good = frozenset(schemas.PRECISIONS[: schemas.PRECISIONS.index(study.min_precision) + 1])
    told = places["precision"].to_numpy(dtype=object)
    return pd.Series([own in good for own in told], index=places.index, dtype=bool)


def fits(places: gpd.GeoDataFrame, group: Group, kind: PlaceKind, study: Study) -> pd.Series:
    """Whether each place is open and surely counts for a group."""
    chosen = _welcoming(places, group, study) & (suits(places, group) == 1)
    return chosen & permanent(places, study) if kind == "permanent" else chosen


def fitting(places: gpd.GeoDataFrame, group: Group, kind: PlaceKind, study: Study) -> gpd.GeoDataFrame:
    """The open places that surely count for a group."""
    return gpd.GeoDataFrame(places[fits(places, group, kind, study)])


def may_fit(places: gpd.GeoDataFrame, group: Group, kind: PlaceKind, study: Study) -> pd.Series:
    """Whether each place is open and counts for a group, or may: of some the days, steps, fee … are not known."""
    chosen = _welcoming(places, group, study) & (suits(places, group) != 0)
    if kind == "any":
        return chosen
    return chosen & (permanent(places, study) | places["open_days_per_week"].isna())


def outside(
    metric: access.Metric,
    origins: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    *,
    land: np.ndarray,
    study: Study,
) -> pd.DataFrame:
    """The open places beyond the border, and which of them residents reach: nobody stops walking at a border.

    Parameters
    ----------
    metric : access.Metric
    origins : schemas.Origins
        Those that walk.
    places : schemas.Places
    land : ndarray of Geometry
        The pieces of the municipality; what lies on the border of one is not outside.
    study : Study

    Returns
    -------
    outside : DataFrame
        ``place_id`` and ``reached`` (from anywhere within the study's largest limit), by id. Places whose position is
        known less well than the study asks are left out.
    """
    inside = np.zeros(len(places), bool)
    inside[shapely.STRtree(places.geometry.to_numpy()).query(land, predicate="intersects")[1]] = True
    away = (places["status"] == "open") & precise(places, study) & ~inside
    beyond = gpd.GeoDataFrame(places[away])
    limits = {"limit_m": max(study.limits_m), "max_snap_m": study.max_snap_m}
    reached = access.distances(metric, origins, beyond, **limits)["place_id"].unique() if len(beyond) else []
    table = pd.DataFrame({"place_id": beyond["place_id"], "reached": beyond["place_id"].isin(reached)})
    return table.sort_values("place_id", ignore_index=True)


def pairs(
    metric: access.Metric,
    origins: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    *,
    on_water: pd.Series,
    limit_m: float,
    study: Study,
) -> pd.DataFrame:
    """Every open place, whomever it is for, that is at most a walk of ``limit_m`` away.

    Returns
    -------
    distances : schemas.Distances
        Origins on water walk nowhere.
    """
    land = gpd.GeoDataFrame(origins[~on_water.to_numpy()])
    return access.distances(
        metric, land, _running(places, study), limit_m=limit_m, max_snap_m=study.max_snap_m
    )


def _running(places: gpd.GeoDataFrame, study: Study) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(places[(places["status"] == "open") & precise(places, study)])


def measure(
    metric: access.Metric,
    origins: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    people: pd.DataFrame,
    *,
    on_water: pd.Series,
    study: Study,
) -> pd.DataFrame:
    """Nearest, second and third fitting place of every origin, for each group and kind of place.

    Parameters
    ----------
    metric : access.Metric
        How people walk.
    origins : schemas.Origins
    places : schemas.Places
    people : DataFrame
        A column for each group, aligned on ``origins``; NaN: not known.
    on_water : Series of bool
        Origins that only stand for people counted on water: they walk nowhere.
    study : Study

    Returns
    -------
    coverage : schemas.Coverage
    """
    parts = []
    measured: dict[bytes, pd.DataFrame] = {}
    around = _surroundings(metric, origins, places, on_water, study)
    for group in study.groups:
        for kind in KINDS:
            sure, maybe = (
                _measured_once(
                    measured, metric, origins, places, choose(places, group, kind, study), around, study
                )
                for choose in (fits, may_fit)
            )
            # Without any list of places nobody knows what there is: a place may stand at every door.
            may_be_m = maybe["nearest_m"] if len(places) else around.doors()
            own = {"group": group.group, "kind": kind, "people": people[group.group].to_numpy()}
            parts.append(sure.assign(**own, possible_m=may_be_m))
    return schemas.conform(schemas.Coverage, pd.concat(parts, ignore_index=True))


def _measured_once(
    measured: dict[bytes, pd.DataFrame],
    metric: access.Metric,
    origins: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    chosen: pd.Series,
    around: _Surroundings,
    study: Study,
) -> pd.DataFrame:
    """What is reached of the chosen places; several groups are served by the same ones."""
    which = chosen.to_numpy().tobytes()
    if which not in measured:
        measured[which] = _reach(metric, origins, gpd.GeoDataFrame(places[chosen]), around, study)
    return measured[which]


@dataclass(frozen=True)
class _Surroundings:
    """What does not depend on which places fit, found once: joining streets takes longer than walking them."""

    land: access.Points
    """Origins that walk."""
    row: np.ndarray
    """Of each of them in the order of their ids, its row among all origins."""
    within: pd.DataFrame
    """Pairs within the study's largest limit, of all open places."""
    reasons: pd.Series
    """Aligned on the origins, why one reaches nothing whatever the places."""
    lost: frozenset[str]
    """Places that nobody reaches."""

    def doors(self) -> np.ndarray:
        """No walk at all for everybody who can walk; NaN for the others."""
        return np.where(self.reasons.notna(), np.nan, 0.0)


def _surroundings(
    metric: access.Metric,
    origins: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    on_water: pd.Series,
    study: Study,
) -> _Surroundings:
    wet = on_water.to_numpy()
    land, snap = gpd.GeoDataFrame(origins[~wet]), {"max_snap_m": study.max_snap_m}
    running = _running(places, study)
    refused = access.refused(metric, land, **snap).set_index("origin_id")["reason"]
    reasons = origins["origin_id"].map(refused).astype("str").mask(wet, "water_area")
    dry = np.flatnonzero(~wet)
    starts = access.points(metric, land, **snap)
    return _Surroundings(
        land=starts,
        row=dry[land["origin_id"].argsort().to_numpy()],
        within=access.distances(metric, starts, running, limit_m=max(study.limits_m), **snap),
        reasons=reasons,
        lost=frozenset(access.refused(metric, running, **snap)["place_id"]),
    )


def _reach(
    metric: access.Metric,
    origins: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    around: _Surroundings,
    study: Study,
) -> pd.DataFrame:
    near = access.nearest(metric, around.land, places, k=3, max_snap_m=study.max_snap_m)
    ranks = np.full((len(origins), 3), np.nan)
    ranks[around.row[near["origin_id"].cat.codes], near["rank"] - 1] = near["distance_m"]
    counts = around.within["place_id"].isin(places["place_id"])
    started = around.row[around.within["origin_id"].cat.codes[counts]]
    reasons = around.reasons
    if around.lost.issuperset(places["place_id"]):
        reasons = reasons.where(reasons.notna(), access.NO_PLACE)
    return pd.DataFrame(
        {
            "origin_id": origins["origin_id"].array,
            **{name: ranks[:, n] for n, name in enumerate(("nearest_m", "second_m", "third_m"))},
            "n_within": np.bincount(started, minlength=len(origins)),
            "reason": reasons.array,
        }
    )


def shares(coverage: pd.DataFrame, *, limits_m: tuple[int, ...]) -> pd.DataFrame:
    """People covered at each limit, in all: one row a group, kind and limit.

    Returns
    -------
    shares : DataFrame
        ``group, kind, limit_m, people`` and the columns of :func:`bounded`; people and what follows from
        them are NaN when no table counts the group. A distance of exactly the limit is covered.
    """
    return _shares(coverage, ["group", "kind"], limits_m)


def area_coverage(
    coverage: pd.DataFrame, origins: gpd.GeoDataFrame, *, limits_m: tuple[int, ...]
) -> pd.DataFrame:
    """People covered at each limit in each small area.

    Returns
    -------
    area_coverage : schemas.AreaCoverage
    """
    area = coverage["origin_id"].map(origins.set_index("origin_id")["small_area_id"])
    table = _shares(coverage.assign(small_area_id=area), ["small_area_id", "group", "kind"], limits_m)
    return schemas.conform(schemas.AreaCoverage, table)


def _shares(coverage: pd.DataFrame, keys: list[str], limits_m: tuple[int, ...]) -> pd.DataFrame:
    grouped = coverage.groupby(keys, sort=True)  # names are compared once, not once a limit
    number, names = grouped.ngroup(), grouped.size().index.to_frame(index=False)
    parts = []
    for limit_m in limits_m:
        counted = coverage[["people"]].assign(**covered(coverage, limit_m=limit_m))
        total = counted.groupby(number)[COUNTS].sum(min_count=1)
        parts.append(names.assign(**{name: total[name].to_numpy() for name in COUNTS}, limit_m=limit_m))
    table = bounded(pd.concat(parts, ignore_index=True))
    return table.sort_values([*keys, "limit_m"], ignore_index=True)


def covered(coverage: pd.DataFrame, *, limit_m: float) -> dict[str, pd.Series]:
    """People of each row that a place surely reaches within the limit, and that one may reach."""
    people = coverage["people"]
    return {
        name: people.where(coverage[walk] <= limit_m, people * 0)
        for name, walk in (("covered_people", "nearest_m"), ("covered_people_max", "possible_m"))
    }


def bounded(table: pd.DataFrame) -> pd.DataFrame:
    """Shares of the people covered, and how far they are known.

    Parameters
    ----------
    table : DataFrame
        ``people, covered_people, covered_people_max``.

    Returns
    -------
    table : DataFrame
        With ``covered_share, covered_share_max, state``. known: the two are equal. partial: the share is at
        least ``covered_share``, at most ``covered_share_max``. unknown: the group is not counted, or nobody is
        covered for sure but somebody may be; then ``covered_people`` and ``covered_share`` are NaN.

    Examples
    --------
    >>> counts = pd.DataFrame({"people": [10.0, 10, 10], "covered_people": [4.0, 4, 0],
    ...                        "covered_people_max": [4.0, 9, 9]})
    >>> bounded(counts)[["covered_share", "covered_share_max", "state"]]
       covered_share  covered_share_max    state
    0            0.4                0.4    known
    1            0.4                0.9  partial
    2            NaN                0.9  unknown
    """
    least, most = table["covered_people"], table["covered_people_max"]
    # Sums of the same people in another order differ in the last bits.
    wider = (most - least).round(6) > 0
    unknown = table["people"].isna() | (wider & (least.round(6) == 0))
    least = least.mask(unknown)
    people = table["people"].where(table["people"] > 0)
    return table.assign(
        covered_people=least,
        covered_share=(least / people).clip(0, 1),
        covered_share_max=(most / people).clip(0, 1),
        state=np.where(unknown, "unknown", np.where(wider, "partial", "known")),
    )


def contiguity(cells: gpd.GeoDataFrame, *, on_water: pd.Series) -> np.ndarray:
    """Pairs of cells that touch on land.

    Parameters
    ----------
    cells : GeoDataFrame
        Of :func:`geo.demand.cells`.
    on_water : Series of bool
        Cells of people counted on water, aligned on ``cells``: they touch nothing, for two banks of a river
        are not one area.

    Returns
    -------
    pairs : ndarray of int, shape (n, 2)
        Row numbers, each pair once, ascending.
    """
    shapes, land = cells.geometry.to_numpy(), ~on_water.to_numpy()
    pairs = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=TOUCH_M).T
    pairs = pairs[(pairs[:, 0] < pairs[:, 1]) & land[pairs[:, 0]] & land[pairs[:, 1]]]
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])


def often(places: gpd.GeoDataFrame, near: pd.DataFrame, *, study: Study) -> pd.Series:
    """On how many days a week the place that opens most, of those for the ``gap_group``, opens near each origin.

    Parameters
    ----------
    places : schemas.Places
    near : schemas.Distances
    study : Study

    Returns
    -------
    days : Series of float
        By ``origin_id`` of those that have a place within ``limit_m``; NaN: no days are known.
    """
    group = next(group for group in study.groups if group.group == study.gap_group)
    days = fitting(places, group, "any", study).set_index("place_id")["open_days_per_week"]
    own = near[(near["distance_m"] <= study.limit_m) & near["place_id"].isin(days.index)]
    return own["place_id"].map(days).astype(float).groupby(own["origin_id"], observed=True).max()


def gaps(
    coverage: pd.DataFrame,
    cells: gpd.GeoDataFrame,
    pairs: np.ndarray,
    *,
    study: Study,
    days: pd.Series | None = None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Contiguous inhabited areas that no fitting place reaches within the study's limit.

    Parameters
    ----------
    coverage : schemas.Coverage
    cells : GeoDataFrame
        Of :func:`geo.demand.cells`, in the order of the origins.
    pairs : ndarray
        Of :func:`contiguity`.
    study : Study
        ``gap_group``, ``gap_kind`` and ``limit_m`` say whose gaps.
    days : Series of float, optional
        Of :func:`often`: with it places that open once or twice a month are told apart.

    Returns
    -------
    gaps : schemas.Gaps
        Most people first; ``zone_ids`` still empty.
    gap_cells : DataFrame
        ``origin_id, gap_id``.
    """
    own = _of(coverage, study.gap_group, study.gap_kind).set_index("origin_id").reindex(cells["origin_id"])
    out = (own["people"].to_numpy() > 0) & ~(own["nearest_m"].to_numpy() <= study.limit_m)
    label = _components(out, pairs)
    why = _why(coverage, cells, study, days)
    found = pd.DataFrame(
        {
            "origin_id": cells["origin_id"].to_numpy(),
            "label": label,
            "people": own["people"].to_numpy(),
            "people_min": own["people"].where(~(own["possible_m"] <= study.limit_m), 0.0).to_numpy(),
            "nearest_m": own["nearest_m"].to_numpy(),
            "reason": why,
            "row": np.arange(len(cells)),
        }
    )[out]
    if found.empty:
        none = pd.DataFrame({"origin_id": [], "gap_id": []}, dtype=str)
        return schemas.empty(schemas.Gaps).to_crs(cells.crs), none
    table = _described(found, cells)
    order = table.assign(people=-table["people"].round(6)).sort_values(["people", "first"])["label"]
    digits = max(3, len(str(len(table))))  # ids in the order of their numbers, also as text
    ids = {label: f"G{number:0{digits}d}" for number, label in enumerate(order, start=1)}
    table = table.assign(gap_id=table["label"].map(ids), zone_ids="").drop(columns=["label", "first"])
    gap_cells = pd.DataFrame({"origin_id": found["origin_id"], "gap_id": found["label"].map(ids)})
    return schemas.conform(schemas.Gaps, table), gap_cells.reset_index(drop=True)


def rows_of(coverage: pd.DataFrame) -> Iterator[tuple[tuple[str, str], np.ndarray]]:
    """The row numbers of each group and kind, ascending.

    Examples
    --------
    >>> table = pd.DataFrame({"group": ["b", "a", "b"], "kind": ["any", "any", "any"]})
    >>> [(key, rows.tolist()) for key, rows in rows_of(table)]
    [(('a', 'any'), [1]), (('b', 'any'), [0, 2])]
    """
    group, groups = pd.factorize(coverage["group"], sort=True)
    kind, kinds = pd.factorize(coverage["kind"], sort=True)
    number = group * len(kinds) + kind
    order = np.argsort(number, kind="stable")
    found, begins = np.unique(number[order], return_index=True)
    for one, rows in zip(found.tolist(), np.split(order, begins)[1:], strict=True):
        yield (str(groups[one // len(kinds)]), str(kinds[one % len(kinds)])), rows


def _of(coverage: pd.DataFrame, group: str, kind: PlaceKind) -> pd.DataFrame:
    return coverage[(coverage["group"] == group) & (coverage["kind"] == kind)]


def _components(chosen: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    inside = pairs[chosen[pairs[:, 0]] & chosen[pairs[:, 1]]] if len(pairs) else np.empty((0, 2), dtype=int)
    graph = coo_array((np.ones(len(inside)), (inside[:, 0], inside[:, 1])), shape=(len(chosen), len(chosen)))
    return np.asarray(connected_components(graph, directed=False)[1])


def _why(coverage: pd.DataFrame, cells: gpd.GeoDataFrame, study: Study, days: pd.Series | None) -> np.ndarray:
    """Why an origin is left out: no place at all, none for this group, or none that is (surely) permanent."""

    def near(group: str, kind: PlaceKind, walk: str) -> np.ndarray:
        part = _of(coverage, group, kind).set_index("origin_id").reindex(cells["origin_id"])
        return np.asarray(part[walk] <= study.limit_m)

    any_m = near(study.gap_group, "any", "nearest_m")
    maybe = near(study.gap_group, study.gap_kind, "possible_m")
    monthly = (
        np.zeros(len(cells), bool)
        if days is None
        else (cells["origin_id"].map(days).astype(float) < MONTHLY).to_numpy()
    )
    somewhere = near(study.everybody, "any", "nearest_m")
    unlisted = ~somewhere & near(study.everybody, "any", "possible_m")
    reason = np.select(
        [any_m & maybe, any_m & monthly, any_m, somewhere & maybe, somewhere, unlisted],
        ["days_unknown", "only_monthly", "not_permanent", "fit_unknown", "not_for_group", "no_list"],
        access.NO_PLACE,
    )
    # Who cannot walk at all lacks no place.
    own = _of(coverage, study.everybody, "any").set_index("origin_id").reindex(cells["origin_id"])["reason"]
    stuck = (own.notna() & (own != access.NO_PLACE)).to_numpy()
    return np.asarray(np.where(stuck, own.to_numpy(dtype=object), reason))


def _described(found: pd.DataFrame, cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One row a component: people, their mean walk, the reason that most of them have, and the area."""
    reached = found["people"].where(found["nearest_m"].notna(), 0.0)
    parts = found.assign(reached=reached, walked=found["nearest_m"].fillna(0) * reached).groupby("label")
    table = parts.agg(
        people=("people", "sum"),
        people_min=("people_min", "sum"),
        reached=("reached", "sum"),
        walked=("walked", "sum"),
        first=("origin_id", "min"),
    ).reset_index()
    by_reason = found.groupby(["label", "reason"])["people"].sum().round(6).reset_index()
    by_reason = by_reason.sort_values(["label", "people", "reason"], ascending=[True, False, True])
    reason = by_reason.drop_duplicates("label").set_index("label")["reason"]
    shapes, rows = cells.geometry.to_numpy(), found["row"].to_numpy()
    area = {label: shapely.union_all(shapes[rows[inside]]) for label, inside in parts.indices.items()}
    table = table.assign(
        nearest_m=table["walked"] / table["reached"].where(table["reached"] > 0),
        reason=table["label"].map(reason),
    ).drop(columns=["reached", "walked"])
    return gpd.GeoDataFrame(table, geometry=[area[label] for label in table["label"]], crs=cells.crs)


def reasons(coverage: pd.DataFrame, *, study: Study) -> Iterator[tuple[str, float]]:
    """People who reach no place at any distance, by reason."""
    own = _of(coverage, study.everybody, "any").dropna(subset="reason")
    for reason, part in own.groupby("reason", sort=True):
        yield str(reason), float(part["people"].sum())
