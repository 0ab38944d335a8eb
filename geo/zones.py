"""Anything per origin → any zone system, with overlaps said aloud.

Zones of one system may overlap (school choice, adjustable areas), so their sums are never a total of the
ward. Zones that coincide are one zone. People outside every zone are a number of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from geo import access, demand, disclosure, network, schemas
from geo import coverage as covering
from geo.study import Study, TierRule

OVERLAP_SHARE = 0.01
"""Zones overlap when they share more than this part of the smaller one: digitising slivers do not count
(position accuracy of the school zones: standard deviation 25 m)."""

MUNICIPALITY = "municipality"
OUTSIDE = ":outside"
"""Ends the id of the row of people whom no zone of a system holds."""


@dataclass(frozen=True)
class Overlaps:
    """How the zones of one system lie on each other.

    ``group`` gives each zone the first zone id of its coincident group (its own when alone).
    """

    group: dict[str, str]
    overlapping: tuple[tuple[str, str], ...]

    def coincident(self) -> list[list[str]]:
        """Groups of two and more zones that are the same area."""
        members: dict[str, list[str]] = {}
        for zone, first in sorted(self.group.items()):
            members.setdefault(first, []).append(zone)
        return [group for group in members.values() if len(group) > 1]


def overlaps(zones: gpd.GeoDataFrame, *, coincident_iou: float) -> Overlaps:
    """Coincident groups and overlapping pairs of one zone system.

    Parameters
    ----------
    zones : schemas.Zones
        Of one system, in a plane CRS, sorted by ``zone_id``.
    coincident_iou : float
        Intersection over union from which two zones are one.

    Returns
    -------
    overlaps : Overlaps
        Pairs inside a coincident group are not overlapping pairs.
    """
    ids, shapes = zones["zone_id"].to_numpy(), zones.geometry.to_numpy()
    pairs = shapely.STRtree(shapes).query(shapes, predicate="intersects").T
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    shared = shapely.area(shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]]))
    area = shapely.area(shapes)
    smaller = np.minimum(area[pairs[:, 0]], area[pairs[:, 1]])
    same = shared / (area[pairs[:, 0]] + area[pairs[:, 1]] - shared) >= coincident_iou
    graph = coo_array((np.ones(same.sum()), pairs[same].T), shape=(len(ids), len(ids)))
    label = connected_components(graph, directed=False)[1]
    first = {int(number): str(ids[label == number].min()) for number in np.unique(label)}
    partly = pairs[(shared > OVERLAP_SHARE * smaller) & (label[pairs[:, 0]] != label[pairs[:, 1]])]
    return Overlaps(
        group={str(zone): first[int(number)] for zone, number in zip(ids, label, strict=True)},
        overlapping=tuple(sorted((str(ids[a]), str(ids[b])) for a, b in partly)),
    )


def relevant(
    zones: gpd.GeoDataFrame, origins: gpd.GeoDataFrame, *, municipality_code: str
) -> gpd.GeoDataFrame:
    """The zones of the municipality, and those of its neighbours where its people live.

    Zones of a designated city follow the city, not the ward, and carry the code of the school's ward.
    """
    tree = shapely.STRtree(origins.geometry.to_numpy())
    holds = np.zeros(len(zones), dtype=bool)
    holds[tree.query(zones.geometry.to_numpy(), predicate="intersects")[0]] = True
    own = zones["municipality_code"].isna() | (zones["municipality_code"] == municipality_code)
    return gpd.GeoDataFrame(zones[own | holds]).reset_index(drop=True)


def grown(
    schools: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, *, study: Study
) -> tuple[gpd.GeoDataFrame, float]:
    """Zones around schools where no file draws them: each home belongs to the school that is nearest on foot.

    The land is divided among the points where people start to walk (a Voronoi diagram), and each piece goes to the
    school that its point reaches first: along the streets, or straight where there are none. Real zones follow roads,
    railways and what was agreed once; these are an approximation of them, and are marked so.

    Parameters
    ----------
    schools : schemas.Zones
        Points.
    areas : schemas.SmallAreas
    streets : schemas.Streets
        May be empty.
    study : Study
        Its ``detour_factor`` and ``max_snap_m``.

    Returns
    -------
    zones : schemas.Zones
        Areas in the system of ``schools``; a school that is nearest to nobody has none.
    left : float
        People who reach none of the schools, and are in no zone.
    """
    west, south, east, north = areas.total_bounds
    middle = {"longitude": (west + east) / 2, "latitude": (south + north) / 2}
    crs = network.plane_crs(study.municipality_code, **middle)
    land, goals = areas.to_crs(crs), schools.rename(columns={"zone_id": "place_id"}).to_crs(crs)
    roads = streets.to_crs(crs)
    net = network.build(roads, crs=crs) if len(roads) else None
    metric: access.Metric = net if net is not None else access.StraightLine(study.detour_factor)
    homes = demand.origins(land, roads, net)
    first = access.nearest(metric, homes, goals, k=1, max_snap_m=study.max_snap_m)
    school = homes["origin_id"].map(first.set_index("origin_id")["place_id"])
    people = demand.people(homes, land.set_index("small_area_id")["people"])
    parts = _parts(homes.geometry.to_numpy(), school.to_numpy(), land[~land["is_water"]].union_all())
    shapes = gpd.GeoSeries(parts, crs=crs).to_crs(schools.crs)
    kept = schools[schools["zone_id"].isin(shapes.index)]
    drawn = kept.set_geometry(shapes.loc[kept["zone_id"]].to_numpy(), crs=schools.crs)
    return schemas.conform(schemas.Zones, drawn.assign(approximate=True)), float(people[school.isna()].sum())


def _parts(points: np.ndarray, label: np.ndarray, land: shapely.Geometry) -> dict[str, shapely.Geometry]:
    """The land nearest to the points of each label."""
    # Nodes above one another have one cell; the first of them tells whose it is.
    at, which = np.unique(np.round(shapely.get_coordinates(points), 2), axis=0, return_index=True)
    if len(at) == 1:
        cells = np.array([land], dtype=object)
    else:
        cells = shapely.get_parts(
            shapely.voronoi_polygons(shapely.multipoints(at), extend_to=land, ordered=True)
        )
    shapely.prepare(land)
    owner = label[which]
    found = {}
    for name in sorted({one for one in owner if isinstance(one, str)}):
        piece = shapely.intersection(shapely.union_all(cells[owner == name]), land)
        parts = shapely.get_parts(piece)
        found[name] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return {name: shape for name, shape in found.items() if not shape.is_empty}


def members(zones: gpd.GeoDataFrame, points: gpd.GeoDataFrame, *, key: str) -> pd.DataFrame:
    """Which points lie in which zones; a point on a border lies in both.

    Returns
    -------
    members : DataFrame
        ``zone_id, <key>``.
    """
    zone, point = shapely.STRtree(points.geometry.to_numpy()).query(
        zones.geometry.to_numpy(), predicate="intersects"
    )
    table = pd.DataFrame({"zone_id": zones["zone_id"].to_numpy()[zone], key: points[key].to_numpy()[point]})
    return table.sort_values(["zone_id", key], ignore_index=True)


def named(zones: gpd.GeoDataFrame, *, group: dict[str, str]) -> pd.DataFrame:
    """The zones as people call them; coincident zones are one row.

    Parameters
    ----------
    zones : schemas.Zones
    group : dict of str to str
        Of :class:`Overlaps`, for all systems together.

    Returns
    -------
    named : DataFrame
        ``zone_id, system, tier``, ``name`` (of coincident zones all names, joined) and ``members`` (their ids).
    """
    kept = zones.loc[zones["zone_id"].map(group) == zones["zone_id"], ["zone_id", "system", "tier"]]
    return pd.DataFrame(kept).assign(
        name=kept["zone_id"].map(_joined_names(zones, group)),
        members=kept["zone_id"].map(_joined_members(group)),
    )


def summarise(
    zones: gpd.GeoDataFrame,
    coverage: pd.DataFrame,
    membership: pd.DataFrame,
    places: pd.DataFrame,
    vacancies: pd.DataFrame,
    fitting: pd.DataFrame,
    *,
    group: dict[str, str],
    study: Study,
) -> pd.DataFrame:
    """One row a zone, group, kind and limit; coincident zones are one row.

    Parameters
    ----------
    zones : schemas.Zones
        Of any systems.
    coverage : schemas.Coverage
    membership : DataFrame
        ``zone_id, origin_id`` of :func:`members`.
    places, vacancies : DataFrame
        ``zone_id, place_id`` (open places) and ``zone_id, property_id``.
    fitting : DataFrame
        ``group, kind, place_id``: which places count for whom.
    group : dict of str to str
        Of :class:`Overlaps`, for all systems together.
    study : Study

    Returns
    -------
    summary : schemas.ZoneSummary
        At the study's ``limit_m``. Vacancies are masked below ``disclosure_k``.
    """
    kept = named(zones, group=group)
    total = _totals(coverage, membership, kept["zone_id"], limit_m=study.limit_m)
    frame = kept.merge(total, on="zone_id")
    counts = disclosure.mask_small(_count(kept, vacancies), k=study.disclosure_k)
    frame = covering.bounded(frame).assign(
        limit_m=study.limit_m,
        places=frame["zone_id"].map(_count(kept, places)),
        vacancies=frame["zone_id"].map(counts),
        fitting_places=_fitting(frame, places, fitting),
    )
    people = frame["people"].where(frame["people"] > 0)
    frame["places_per_1000"] = (frame["fitting_places"] / people * 1000).round(9)
    return schemas.conform(schemas.ZoneSummary, frame)


def _totals(
    coverage: pd.DataFrame, membership: pd.DataFrame, zone_ids: pd.Series, *, limit_m: int
) -> pd.DataFrame:
    """People and covered people of every zone, group and kind; by position, since joining names takes long."""
    origin, origins = pd.factorize(coverage["origin_id"])
    where, zone = (
        pd.Index(origins).get_indexer(membership["origin_id"]),
        pd.Index(zone_ids).get_indexer(membership["zone_id"]),
    )
    counts = (where >= 0) & (zone >= 0)
    where, zone, n = where[counts], zone[counts], len(zone_ids)
    inhabited = np.bincount(zone, minlength=n) > 0
    numbers = {"people": coverage["people"], **covering.covered(coverage, limit_m=limit_m)}
    counted = {name: values.to_numpy() for name, values in numbers.items()}
    parts = [
        pd.DataFrame(
            {"zone_id": zone_ids[:0], "group": "", "kind": "", **dict.fromkeys(covering.COUNTS, 0.0)}
        )
    ]
    for (group, kind), rows in covering.rows_of(coverage):
        row = np.full(len(origins), -1)
        row[origin[rows]] = rows
        at = row[where]
        here = {name: np.where(at < 0, np.nan, values[at]) for name, values in counted.items()}
        known = np.bincount(zone, weights=~np.isnan(here["people"]), minlength=n) > 0
        # A zone without anybody has nobody of a group that is counted at all.
        known |= ~inhabited & bool(np.isfinite(counted["people"][rows]).any())
        part = {"zone_id": zone_ids.to_numpy(), "group": group, "kind": kind}
        for name, values in here.items():
            total = np.bincount(zone, weights=np.nan_to_num(values), minlength=n)
            part[name] = np.where(known, total, np.nan)
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def nowhere(parts: Mapping[str, pd.Series]) -> pd.DataFrame:
    """The origins that no zone of a system holds, as members of a zone of their own.

    Parameters
    ----------
    parts : mapping of str to Series
        System → :func:`parts`.

    Returns
    -------
    members : DataFrame
        ``zone_id, origin_id`` with ``<system>:outside`` as zone; the municipality leaves nobody out.

    Examples
    --------
    >>> nowhere({"school": pd.Series(["a", ""], ["o1", "o2"])}).to_numpy().tolist()
    [['school:outside', 'o2']]
    """
    lost = [
        pd.DataFrame({"zone_id": f"{system}{OUTSIDE}", "origin_id": part.index[(part == "").to_numpy()]})
        for system, part in sorted(parts.items())
        if system != MUNICIPALITY
    ]
    return pd.concat([pd.DataFrame({"zone_id": [], "origin_id": []}, dtype=object), *lost], ignore_index=True)


def outside_rows(
    summary: pd.DataFrame, coverage: pd.DataFrame, members: pd.DataFrame, *, study: Study
) -> pd.DataFrame:
    """The people whom no zone of a system holds, as a row of its own beside its zones.

    Parameters
    ----------
    summary : schemas.ZoneSummary
    coverage : schemas.Coverage
    members : DataFrame
        Of :func:`nowhere`.
    study : Study

    Returns
    -------
    summary : schemas.ZoneSummary
        With a row ``<system>:outside`` for each system that leaves somebody out. Places and vacancies in no
        zone are not counted there.
    """
    names = pd.Series(sorted(set(members["zone_id"])), dtype=object)
    total = covering.bounded(_totals(coverage, members, names, limit_m=study.limit_m))
    peopled = total.loc[total["people"] > 0, "zone_id"].unique()
    total = total[total["zone_id"].isin(peopled)]
    system = total["zone_id"].str.removesuffix(OUTSIDE)
    tiers = summary.drop_duplicates("system").set_index("system")["tier"]
    rows = total.assign(
        system=system,
        tier=system.map(tiers),
        name="",
        limit_m=study.limit_m,
        places=0,
        vacancies=np.nan,
        members=total["zone_id"],
        fitting_places=0,
        places_per_1000=np.nan,
    )
    whole = pd.concat([summary, rows], ignore_index=True) if len(rows) else summary
    return schemas.conform(schemas.ZoneSummary, whole)


def with_opening(summary: pd.DataFrame, whole_week: pd.DataFrame) -> pd.DataFrame:
    """The rows of zones with their open share.

    Parameters
    ----------
    summary : schemas.ZoneSummary
    whole_week : DataFrame
        Of :func:`geo.opening.whole_week`.

    Returns
    -------
    summary : schemas.ZoneSummary
        ``open_share`` and ``unknown_share`` stand in the rows of the kind ``any``; hours of permanent places are
        not told apart.
    """
    bare = summary.drop(columns=["open_share", "unknown_share"], errors="ignore")
    joined = bare.merge(whole_week.assign(kind="any"), on=["zone_id", "group", "kind"], how="left")
    return schemas.conform(schemas.ZoneSummary, joined)


def systems_summary(
    summary: pd.DataFrame,
    coverage: pd.DataFrame,
    parts: Mapping[str, pd.Series],
    places: pd.DataFrame,
    fitting: pd.DataFrame,
    systems: Mapping[str, str],
    *,
    study: Study,
) -> pd.DataFrame:
    """How well a zone system is provided, in three ways beside each other.

    The share of zones with at least one fitting place (充足率, as children's cafeterias are counted by school
    zone), places per 1 000 people, and the share of people within the walk: they may tell different stories.

    Parameters
    ----------
    summary : schemas.ZoneSummary
    coverage : schemas.Coverage
    parts : mapping of str to Series
        System → :func:`parts`.
    places, fitting : DataFrame
        As in :func:`summarise`.
    systems : mapping of str to str
        Zone → its system.
    study : Study

    Returns
    -------
    systems : schemas.SystemSummary
        People and places are those in at least one zone, each once however the zones overlap; coincident zones
        are one.
    """
    zones = summary[~summary["zone_id"].str.endswith(OUTSIDE)]
    zones = zones.assign(has_place=(zones["fitting_places"] > 0).astype(int))
    by = zones.groupby(["system", "group", "kind"], sort=True)
    counted = by.agg(zones=("zone_id", "size"), zones_with_place=("has_place", "sum"))
    whole = [
        pd.DataFrame({"zone_id": system, "origin_id": part.index[(part != "").to_numpy()]})
        for system, part in sorted(parts.items())
    ]
    names = pd.Series(sorted(parts), dtype=object)
    total = covering.bounded(_totals(coverage, pd.concat(whole), names, limit_m=study.limit_m))
    people = total.rename(columns={"zone_id": "system"}).set_index(["system", "group", "kind"])
    frame = counted.join(people).reset_index()
    located = places.assign(zone_id=places["zone_id"].map(systems)).drop_duplicates()
    n = _fitting(frame.rename(columns={"system": "zone_id"}), located, fitting)
    lived = frame["people"].where(frame["people"] > 0)
    return schemas.conform(
        schemas.SystemSummary,
        frame.assign(
            limit_m=study.limit_m,
            presence_share=frame["zones_with_place"] / frame["zones"],
            fitting_places=n,
            places_per_1000=(n / lived * 1000).round(9),
        ),
    )


def crosswalk(
    coverage: pd.DataFrame, membership: pd.DataFrame, group: Mapping[str, str], *, study: Study
) -> pd.DataFrame:
    """Which people of a zone live in which zone of another system: by people, not by area.

    Parameters
    ----------
    coverage : schemas.Coverage
    membership : DataFrame
        ``zone_id, origin_id`` of :func:`members`.
    group : mapping of str to str
        Zone → the first zone of its coincident group (``Overlaps.group`` of all systems).
    study : Study

    Returns
    -------
    crosswalk : schemas.Crosswalk
        Pairs of zones that share people, in both directions; overlapping zones of one system too.
    """
    own = coverage[(coverage["group"] == study.everybody) & (coverage["kind"] == "any")]
    people = own.set_index("origin_id")["people"]
    first = membership[first_of(membership, group) == membership["zone_id"]]
    zone, zones = pd.factorize(first["zone_id"], sort=True)
    origin = pd.Index(people.index).get_indexer(first["origin_id"])
    held = csr_array((np.ones(len(zone)), (zone, origin)), shape=(len(zones), len(people)))
    weighed = held.multiply(np.nan_to_num(people.to_numpy())[None, :]).tocsr()
    shared = (weighed @ held.T).tocoo()
    total = np.asarray(weighed.sum(axis=1)).ravel()
    row, column = shared.coords
    pairs = pd.DataFrame(
        {
            "zone_id": np.asarray(zones, dtype=object)[row],
            "other_id": np.asarray(zones, dtype=object)[column],
            "people": shared.data,
            "share": np.minimum(shared.data / np.where(total[row] > 0, total[row], 1), 1),
        }
    )
    return schemas.conform(schemas.Crosswalk, pairs[(row != column) & (shared.data > 0)])


def parts(membership: pd.DataFrame, origins: pd.Series, group: Mapping[str, str]) -> pd.Series:
    """A partition of the study area by one zone system, also where its zones overlap.

    Parameters
    ----------
    membership : DataFrame
        ``zone_id, origin_id`` of the zones of the system.
    origins : Series of str
        Every origin.
    group : mapping of str to str
        Zone → the first zone of its coincident group.

    Returns
    -------
    parts : Series of str
        By ``origin_id``: the zones that hold it, joined by ``;``; blank outside all.
    """
    first = membership.assign(zone_id=first_of(membership, group))
    first = first.drop_duplicates().sort_values(["origin_id", "zone_id"])
    several = first["origin_id"].duplicated(keep=False)
    held = pd.concat(  # most origins lie in one zone: only the others are joined, one by one
        [
            first[~several].set_index("origin_id")["zone_id"],
            first[several].groupby("origin_id")["zone_id"].agg(";".join),
        ]
    )
    return held.reindex(origins.to_numpy()).fillna("")


def interpolate(
    counts: pd.DataFrame, origins: pd.DataFrame, membership: pd.DataFrame, group: Mapping[str, str]
) -> pd.DataFrame:
    """Shares of small areas as shares of zones: numerator and denominator each by people, never the share.

    Where a zone cuts a small area, the area's counts go to where its people start to walk, not by its surface:
    parks and water hold nobody.

    Parameters
    ----------
    counts : schemas.Indicators
        ``small_area_id, indicator, numerator, denominator``; an area in which either is unknown counts for
        neither, and its people are told.
    origins : schemas.Origins
    membership : DataFrame
        ``zone_id, origin_id`` of :func:`members`.
    group : mapping of str to str
        Zone → the first zone of its coincident group.

    Returns
    -------
    zone_indicators : schemas.ZoneIndicators
        ``known_share`` is the part of the zone's areas (by the weights of its origins) in which the share is
        known.
    """
    first = membership[first_of(membership, group) == membership["zone_id"]]
    inside = first.merge(origins[["origin_id", "small_area_id", "weight"]], on="origin_id")
    weights = inside.groupby(["zone_id", "small_area_id"])["weight"].sum().reset_index()
    joined = weights.merge(
        counts[["small_area_id", "indicator", "numerator", "denominator"]], on="small_area_id"
    )
    known = joined[["numerator", "denominator"]].notna().all(axis=1)
    joined = joined.astype({"numerator": float, "denominator": float, "weight": float})
    told = joined.assign(
        numerator=(joined["numerator"] * joined["weight"]).where(known, 0.0),
        denominator=(joined["denominator"] * joined["weight"]).where(known, 0.0),
        known=joined["weight"].where(known, 0.0),
    )
    total = told.groupby(["zone_id", "indicator"])[["numerator", "denominator", "weight", "known"]].sum()
    total = total.reset_index()
    some = total["known"] > 0
    result = total.assign(
        numerator=total["numerator"].where(some),
        denominator=total["denominator"].where(some),
        value=(total["numerator"] / total["denominator"].where(total["denominator"] > 0)).clip(0, 1),
        known_share=(total["known"] / total["weight"]).clip(0, 1),
    )
    return schemas.conform(schemas.ZoneIndicators, result.drop(columns=["weight", "known"]))


def lost(counts: pd.DataFrame, origins: pd.DataFrame, membership: pd.DataFrame) -> pd.DataFrame:
    """What of each indicator's denominator lies in no zone: the loss of taking areas to zones.

    Returns
    -------
    loss : DataFrame
        ``indicator, denominator, lost`` in the indicator's own counts.
    """
    inside = origins["weight"].where(_held_by(membership, origins["origin_id"]), 0.0)
    held = inside.groupby(origins["small_area_id"]).sum()
    known = counts.dropna(subset=["denominator"]).astype({"denominator": float})
    kept = known["denominator"] * known["small_area_id"].map(held).astype(float).fillna(0.0)
    frame = known.assign(lost=(known["denominator"] - kept).clip(lower=0))
    return frame.groupby("indicator", as_index=False)[["denominator", "lost"]].sum()


def scorecard(
    zones: pd.DataFrame,
    near: pd.DataFrame,
    places: pd.DataFrame,
    kinds: pd.DataFrame,
    membership: pd.DataFrame,
    *,
    study: Study,
) -> pd.DataFrame:
    """Each zone against the rules of its tier (小地域, 中圏域, 市区町村).

    Parameters
    ----------
    zones : schemas.Zones
        Coincident ones once. Where no zone is of the small tier, give the small areas as such zones.
    near : DataFrame
        ``origin_id, people, <rule>`` with the walk to the nearest place of each rule that has ``within_m``.
    places : DataFrame
        ``zone_id, place_id`` of :func:`members`.
    kinds : DataFrame
        ``place_id, kind, permanent, days_known``: the open places.
    membership : DataFrame
        ``zone_id, origin_id``.
    study : Study
        ``tier_rules``, ``coordinator_zones``.

    Returns
    -------
    scorecard : schemas.Scorecard
        ``unknown`` where nobody told which zones have a coordinator, where nobody lives, where no list names
        any place of the kinds, and where the opening days decide and are not known.
    """
    parts = [schemas.empty(schemas.Scorecard)]
    for rule in study.tier_rules:
        own = zones.loc[zones["tier"] == rule.tier, ["zone_id", "system", "tier", "name"]]
        if own.empty:
            continue
        if not rule.kinds:
            has = own["zone_id"].isin(study.coordinator_zones)
            value = has.astype(float) if study.coordinator_zones else np.nan
            target = 1.0
        elif rule.within_m:
            value, target = _near_share(own["zone_id"], near, membership, rule), rule.min_share
        else:
            value, target = _held(own["zone_id"], places, kinds, rule), 1.0
        if rule.kinds and not kinds["kind"].isin(rule.kinds).any():
            value = np.nan  # Lists that name no such place anywhere do not tell that there is none.
        part = own.assign(rule=rule.rule, value=value, target=target)
        met = np.where(part["value"].round(9) >= target, "met", "not_met")
        parts.append(part.assign(verdict=np.where(part["value"].isna(), "unknown", met)))
    return schemas.conform(schemas.Scorecard, pd.concat(parts[1:] or parts, ignore_index=True))


def _held(zone_ids: pd.Series, places: pd.DataFrame, kinds: pd.DataFrame, rule: TierRule) -> pd.Series:
    """How many fitting places each zone holds; NaN where only a place of unknown opening days could be one."""
    fits = kinds["kind"].isin(rule.kinds)
    sure = fits & (kinds["permanent"] | (not rule.permanent))
    maybe = fits & ~kinds["days_known"] & rule.permanent
    counted, open_question = (
        zone_ids.map(places[places["place_id"].isin(kinds.loc[which, "place_id"])].groupby("zone_id").size())
        .astype(float)
        .fillna(0.0)
        for which in (sure, maybe)
    )
    return counted.mask((counted == 0) & (open_question > 0))


def _near_share(
    zone_ids: pd.Series, near: pd.DataFrame, membership: pd.DataFrame, rule: TierRule
) -> pd.Series:
    inside = membership[membership["zone_id"].isin(zone_ids)].merge(near, on="origin_id")
    have = inside["people"].where(inside[rule.rule] <= rule.within_m, 0.0)
    whole = inside.groupby("zone_id")["people"].sum()
    share = have.groupby(inside["zone_id"]).sum() / whole.where(whole > 0)
    return zone_ids.map(share).astype(float)


def first_of(membership: pd.DataFrame, group: Mapping[str, str]) -> pd.Series:
    """The first zone of the coincident group of each row's zone.

    Examples
    --------
    >>> first_of(pd.DataFrame({"zone_id": ["a", "b", "c"]}), {"b": "a"}).tolist()
    ['a', 'a', 'c']
    """
    zone = membership["zone_id"]
    at, names = pd.factorize(zone)
    firsts = pd.Series([group.get(name, name) for name in names], dtype=zone.dtype)
    return firsts.take(at).set_axis(zone.index)


def _fitting(frame: pd.DataFrame, places: pd.DataFrame, fitting: pd.DataFrame) -> np.ndarray:
    """How many places in the zone of each row count for its group and kind."""
    keys = ["zone_id", "group", "kind"]
    counted = places.merge(fitting, on="place_id").groupby(keys).size()
    found = counted.reindex(pd.MultiIndex.from_frame(frame[keys]), fill_value=0)
    return np.asarray(found.to_numpy())


def _count(zones: pd.DataFrame, membership: pd.DataFrame) -> pd.Series:
    return membership.groupby("zone_id").size().reindex(zones["zone_id"], fill_value=0)


def _joined_members(group: dict[str, str]) -> dict[str, str]:
    joined: dict[str, list[str]] = {}
    for zone, first in sorted(group.items()):
        joined.setdefault(first, []).append(zone)
    return {first: ";".join(zones) for first, zones in joined.items()}


def _joined_names(zones: pd.DataFrame, group: dict[str, str]) -> dict[str, str]:
    names = dict(zip(zones["zone_id"], zones["name"], strict=True))
    return {
        first: " = ".join(names[zone] for zone in ids.split(";"))
        for first, ids in _joined_members(group).items()
    }


def outside(coverage: pd.DataFrame, membership: pd.DataFrame, *, study: Study) -> float:
    """People at origins in no zone of a system."""
    own = coverage[(coverage["group"] == study.everybody) & (coverage["kind"] == "any")]
    return float(own.loc[~_held_by(membership, own["origin_id"]), "people"].sum())


def _held_by(membership: pd.DataFrame, origin_ids: pd.Series) -> np.ndarray:
    """Whether each origin is in any of the zones."""
    # Of strings ``isin`` turns over every one of many values by itself.
    found = pd.Index(membership["origin_id"].unique()).get_indexer(pd.Index(origin_ids))
    return np.asarray(found >= 0)
