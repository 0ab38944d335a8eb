"""Anything per origin → any zone system, with overlaps said aloud.

Zones of one system may overlap (school choice, adjustable areas), so their sums are never a total of the
ward. Zones that coincide are one zone. People outside every zone are a number of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo import coverage as covering
from geo import disclosure, schemas
from geo.study import Study

OVERLAP_SHARE = 0.01
"""Zones overlap when they share more than this part of the smaller one: digitising slivers do not count
(position accuracy of the school zones: standard deviation 25 m)."""

MUNICIPALITY = "municipality"


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
    inside = zones.geometry.to_numpy()
    holds = np.zeros(len(zones), dtype=bool)
    holds[shapely.STRtree(inside).query(origins.geometry.to_numpy(), predicate="intersects")[1]] = True
    own = zones["municipality_code"].isna() | (zones["municipality_code"] == municipality_code)
    return gpd.GeoDataFrame(zones[own | holds]).reset_index(drop=True)


def members(zones: gpd.GeoDataFrame, points: gpd.GeoDataFrame, *, key: str) -> pd.DataFrame:
    """Which points lie in which zones; a point on a border lies in both.

    Returns
    -------
    members : DataFrame
        ``zone_id, <key>``.
    """
    point, zone = shapely.STRtree(zones.geometry.to_numpy()).query(
        points.geometry.to_numpy(), predicate="intersects"
    )
    table = pd.DataFrame({"zone_id": zones["zone_id"].to_numpy()[zone], key: points[key].to_numpy()[point]})
    return table.sort_values(["zone_id", key], ignore_index=True)


def summarise(
    zones: gpd.GeoDataFrame,
    coverage: pd.DataFrame,
    membership: pd.DataFrame,
    places: pd.DataFrame,
    vacancies: pd.DataFrame,
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
    group : dict of str to str
        Of :class:`Overlaps`, for all systems together.
    study : Study

    Returns
    -------
    summary : schemas.ZoneSummary
        At the study's ``limit_m``. Vacancies are masked below ``disclosure_k``.
    """
    kept = zones[zones["zone_id"].map(group) == zones["zone_id"]]
    total = _totals(coverage, membership, kept["zone_id"], limit_m=study.limit_m)
    frame = kept[["zone_id", "system", "tier", "name"]].merge(total, on="zone_id")
    counts = disclosure.mask_small(_count(kept, vacancies), k=study.disclosure_k)
    frame = covering.bounded(frame).assign(
        limit_m=study.limit_m,
        places=frame["zone_id"].map(_count(kept, places)),
        vacancies=frame["zone_id"].map(counts),
        members=frame["zone_id"].map(_joined_members(group)),
    )
    frame["name"] = frame["zone_id"].map(_joined_names(zones, group))
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
    parts = [
        pd.DataFrame(
            {"zone_id": zone_ids[:0], "group": "", "kind": "", **dict.fromkeys(covering.COUNTS, 0.0)}
        )
    ]
    for (group, kind), rows in coverage.groupby(["group", "kind"], sort=True).indices.items():
        own = coverage.iloc[rows]
        at = np.full(len(origins), -1)
        at[origin[rows]] = np.arange(len(rows))
        here = own["people"].to_numpy()[at[where]]
        here[at[where] < 0] = np.nan
        known = np.bincount(zone, weights=~np.isnan(here), minlength=n) > 0
        # A zone without anybody has nobody of a group that is counted at all.
        known |= ~inhabited & bool(own["people"].notna().any())
        part = {"zone_id": zone_ids.to_numpy(), "group": group, "kind": kind}
        counted = {"people": own["people"], **covering.covered(own, limit_m=limit_m)}
        for name, values in counted.items():
            weights = np.where(at[where] < 0, 0, np.nan_to_num(values.to_numpy())[at[where]])
            total = np.bincount(zone, weights=weights, minlength=n)
            part[name] = np.where(known, total, np.nan)
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


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
    inside = set(membership["origin_id"])
    return float(own.loc[[origin not in inside for origin in own["origin_id"]], "people"].sum())
