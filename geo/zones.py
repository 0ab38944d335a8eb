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

from geo import access, demand, disclosure, network, schemas
from geo import coverage as covering
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
