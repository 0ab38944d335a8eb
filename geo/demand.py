"""Who lives where: census areas and tables → people of each group → points where they start to walk.

People are conserved: the sum over origins is the sum over small areas is the census total. A suppressed
count is not zero: it stays unknown in its area, and is spread over its disclosure group (the areas whose
people the receiving area's count holds), where it is known.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import mesh, schemas
from geo.network import Network

RESIDENTIAL_KINDS = ("residential", "living_street", "unclassified", "tertiary", "street")
"""Streets that houses stand on: their nodes stand for the inhabited part of an area. Footways, service
roads, main roads and stairs carry no people while an area has any of these."""

CELL_REACH_M = 150.0
"""Land farther than this from every origin of its area is drawn as nobody's (parks, water, yards)."""
REACH_SEGMENTS = 4
"""Sides of a quarter of the circle of that reach."""
INSIDE_OF_REACH = float(np.cos(np.pi / (4 * REACH_SEGMENTS)))
"""Such a part of the radius the sides of the circle have at least."""


NOT_TODAY = ("projected_", "housing_")
"""How variables begin that count nobody of today: people of years to come, and dwellings of a sample survey."""


def present(statistics: pd.DataFrame, areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """The counts of people and households of today, in the unit of the areas.

    Parameters
    ----------
    statistics : schemas.Statistics
        Of the project: small areas, grid squares, years to come, the municipality as a whole.
    areas : schemas.SmallAreas
        Census small areas, or grid squares where the project has none.

    Returns
    -------
    statistics : schemas.Statistics
        Of squares the one table of :func:`geo.mesh.chosen`, where the areas are squares; no squares otherwise, since
        they count the same people again.
    """
    if areas["small_area_id"].str.startswith(mesh.PREFIX).any():
        return pd.DataFrame(schemas.conform(schemas.Statistics, mesh.chosen(statistics)))
    of_square = statistics["small_area_id"].str.startswith(mesh.PREFIX)
    return statistics[~of_square & ~statistics["variable"].str.startswith(NOT_TODAY)]


def attach(
    small_areas: gpd.GeoDataFrame, statistics: pd.DataFrame, point_counts: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Small areas with one column for each census variable that some table gives.

    Parameters
    ----------
    small_areas : schemas.SmallAreas
    statistics : schemas.Statistics
        Levels above the small areas are left out here.
    point_counts : schemas.PointCounts
        Counts at points: added to the area that holds the point.

    Returns
    -------
    areas : GeoDataFrame
        SmallAreas with ``disclosure_group`` (None: none) and a float column for each variable; NaN where it
        is suppressed or no table tells. The table's own totals are ``table_people`` and
        ``table_households``, since ``people`` and ``households`` are those of the boundary file, which may
        be of another year.
    """
    areas = small_areas.copy()
    wide = _wide(statistics, areas["small_area_id"])
    groups = _newest(statistics, ["small_area_id"]).set_index("small_area_id")["disclosure_group"]
    areas["disclosure_group"] = areas["small_area_id"].map(groups)
    for variable in wide:
        areas[variable] = wide[variable].to_numpy()
    for variable, counts in point_counts.groupby("variable", sort=True):
        if variable not in areas:
            areas[variable] = _count_at_points(areas, gpd.GeoDataFrame(counts))
    return areas


def provenance(
    small_areas: pd.DataFrame, statistics: pd.DataFrame, point_counts: pd.DataFrame
) -> dict[str, str]:
    """The dataset that each column of :func:`attach` comes from; the newest one of counts at points."""
    base = str(small_areas["dataset_id"].max()) if len(small_areas) else ""
    points = point_counts.groupby("variable")["dataset_id"].max().to_dict()
    tables = statistics.groupby("variable")["dataset_id"].max().to_dict()
    renamed = {_RENAMED.get(str(name), str(name)): str(dataset) for name, dataset in tables.items()}
    return {**{str(name): str(dataset) for name, dataset in points.items()}, **renamed} | {
        "people": base,
        "households": base,
    }


_RENAMED = {"people": "table_people", "households": "table_households"}


def _of_one_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Each variable from the one table whose id comes last (the newer census).

    Never area by area: what one table hides in an area the other may count in its neighbour, and people would
    count twice.
    """
    return rows[rows["dataset_id"] == rows.groupby("variable")["dataset_id"].transform("max")]


def _newest(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """What two tables give is taken from the one whose id comes last (the newer census)."""
    return rows.sort_values("dataset_id", kind="stable").drop_duplicates(keys, keep="last")


def _wide(statistics: pd.DataFrame, keys: pd.Series) -> pd.DataFrame:
    latest = _of_one_table(statistics)
    wide = latest.pivot(index="small_area_id", columns="variable", values="value")
    renamed = wide.rename(columns=_RENAMED)
    return renamed.reindex(keys)


def _count_at_points(areas: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> np.ndarray:
    tree = shapely.STRtree(areas.geometry.to_numpy())
    which_point, which_area = tree.query(points.geometry.to_crs(areas.crs).to_numpy(), predicate="intersects")
    first = pd.Series(which_area, index=which_point).groupby(level=0).min()
    held = points.iloc[first.index]
    counted = pd.DataFrame(
        {
            "area": first.to_numpy(),
            "value": held["value"].to_numpy(),
            "dataset_id": held["dataset_id"].to_numpy(),
        }
    )
    # Lists of two years count the same households: they are never added.
    newest = _newest(counted.groupby(["area", "dataset_id"])["value"].sum().reset_index(), ["area"])
    return np.asarray(newest.set_index("area")["value"].reindex(range(len(areas))), dtype=float)


def spread(areas: gpd.GeoDataFrame, statistics: pd.DataFrame, variable: str) -> pd.Series:
    """People of one variable in each area, disclosure groups resolved.

    The count of a disclosure group is spread over its areas by their people (equally where they have
    none), because it tells nothing finer.

    Parameters
    ----------
    areas : GeoDataFrame
        Of :func:`attach`.
    statistics : schemas.Statistics
        Also holds the receiving rows that are not small areas themselves.
    variable : str

    Returns
    -------
    people : Series of float
        By ``small_area_id``; NaN where nothing is known. The sum is the sum of all known counts.
    """
    known = areas.set_index("small_area_id")
    if variable not in known:
        return pd.Series(np.nan, index=known.index, name=variable)
    people = known[variable].astype(float).copy()
    rows = _of_one_table(statistics[statistics["variable"] == variable]).set_index("small_area_id")
    held = rows["value"]
    for group, members in known.groupby(rows["disclosure_group"].reindex(known.index), sort=True):
        if group not in held.index or not people.reindex(members.index).isna().any():
            continue
        weights = members["people"] if members["people"].sum() > 0 else members["people"] * 0 + 1
        people[members.index] = held[group] * weights / weights.sum()
    return people


def counted_people(areas: gpd.GeoDataFrame, statistics: pd.DataFrame, variable: str) -> float:
    """All people of the areas in the table that counts a variable: what its counts are a part of.

    The areas' own people may be of another year or edition; a group is never a share of those.

    Parameters
    ----------
    areas : GeoDataFrame
        Of :func:`attach`.
    statistics : schemas.Statistics
    variable : str
        ``people``: the areas' own.

    Returns
    -------
    people : float
        Of the municipality's own row where the table has one, else of the areas. NaN where that table counts no
        people as a whole, or no table the variable.
    """
    if variable == "people":
        return float(areas["people"].sum())
    tables = statistics.loc[statistics["variable"] == variable, "dataset_id"]
    rows = statistics[(statistics["variable"] == "people") & (statistics["dataset_id"] == tables.max())]
    whole = rows[rows["small_area_id"].isin(areas["municipality_code"])]
    if set(whole["small_area_id"]) == set(areas["municipality_code"]):
        return float(whole["value"].sum(min_count=1))
    own = rows[rows["small_area_id"].isin(areas["small_area_id"])]
    holders = set(own["disclosure_group"].dropna()) - set(own["small_area_id"])
    counted = pd.concat([own["value"], rows.loc[rows["small_area_id"].isin(holders), "value"]])
    return float(counted.sum(min_count=1))


def origins(areas: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, net: Network | None) -> gpd.GeoDataFrame:
    """Points where the people of each area start to walk.

    With a street network these are the nodes of the inhabited part of the area: each node weighs half the
    length of the streets of :data:`RESIDENTIAL_KINDS` that end in it; where the area has none, half the
    length of any street. Without a network, or where an area has no node, one representative point.

    Parameters
    ----------
    areas : GeoDataFrame
        In the network's plane CRS.
    streets : schemas.Streets
    net : Network or None

    Returns
    -------
    origins : schemas.Origins
        Only areas with people; the weights of each area sum to 1. A node on a boundary serves both areas.
    """
    inhabited = areas[areas["people"] > 0]
    nodes = _node_shares(inhabited, streets, net) if net is not None else _NO_NODES
    rest = inhabited[~inhabited["small_area_id"].isin(set(nodes["small_area_id"])) | inhabited["is_water"]]
    nodes = nodes[~nodes["small_area_id"].isin(rest["small_area_id"])]
    points = gpd.GeoDataFrame(
        {"small_area_id": rest["small_area_id"], "origin_id": rest["small_area_id"], "weight": 1.0},
        geometry=rest.geometry.representative_point(),
        crs=areas.crs,
    )
    both = gpd.GeoDataFrame(pd.concat([nodes, points], ignore_index=True), geometry="geometry", crs=areas.crs)
    return schemas.conform(schemas.Origins, both)


_NO_NODES = pd.DataFrame({"small_area_id": [], "origin_id": [], "weight": [], "geometry": []})


def _node_shares(areas: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, net: Network) -> pd.DataFrame:
    points = shapely.points(net.x, net.y)
    area, node = shapely.STRtree(points).query(areas.geometry.to_numpy(), predicate="intersects")
    order = np.lexsort((area, node))
    area, node = area[order], node[order]
    lengths = _half_lengths(streets, net)
    table = pd.DataFrame(
        {
            "small_area_id": areas["small_area_id"].to_numpy()[area],
            "node": node,
            "homes": lengths["homes"].to_numpy()[node],
            "any": lengths["any"].to_numpy()[node],
        }
    )
    has_homes = table.groupby("small_area_id")["homes"].transform("sum") > 0
    table["length"] = table["homes"].where(has_homes, table["any"])
    table = table[table["length"] > 0]
    return pd.DataFrame(
        {
            "small_area_id": table["small_area_id"],
            "origin_id": table["small_area_id"] + ":" + pd.Series(net.node_id)[table["node"]].to_numpy(),
            "weight": table["length"] / table.groupby("small_area_id")["length"].transform("sum"),
            "geometry": points[table["node"]],
        }
    )


def _half_lengths(streets: gpd.GeoDataFrame, net: Network) -> pd.DataFrame:
    ends = pd.concat(
        [streets[["u", "kind", "length_m"]], streets[["v", "kind", "length_m"]].rename(columns={"v": "u"})]
    )
    ends["homes"] = (ends["length_m"] / 2).where(ends["kind"].isin(RESIDENTIAL_KINDS), 0.0)
    total = ends.groupby("u").agg(any=("length_m", "sum"), homes=("homes", "sum"))
    return total.reindex(pd.Index(net.node_id)).fillna(0.0)


def people(origins: gpd.GeoDataFrame, by_area: pd.Series) -> pd.Series:
    """People of one group at each origin: the area's count times the origin's weight.

    Parameters
    ----------
    origins : schemas.Origins
    by_area : Series of float
        By ``small_area_id``; NaN is kept.

    Returns
    -------
    people : Series of float
        Aligned on ``origins``.
    """
    return origins["small_area_id"].map(by_area).astype(float) * origins["weight"]


def cells(origins: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The piece of each small area that is nearest to each origin.

    Areas with a single origin are one cell; elsewhere cells end :data:`CELL_REACH_M` from their origin, so
    that parks and water are not drawn as somebody's home.

    Parameters
    ----------
    origins : schemas.Origins
    areas : GeoDataFrame
        In the same plane CRS.

    Returns
    -------
    cells : GeoDataFrame
        ``origin_id, small_area_id, geometry``, one row an origin, in their order.
    """
    shapes = np.empty(len(origins), dtype=object)
    land = areas.set_index("small_area_id").geometry
    for area_id, rows in origins.groupby("small_area_id", sort=True).indices.items():
        shapes[rows] = _divide(land[area_id], origins.geometry.to_numpy()[rows])
    return gpd.GeoDataFrame(origins[["origin_id", "small_area_id"]].copy(), geometry=shapes, crs=origins.crs)


def _divide(area: shapely.Geometry, points: np.ndarray) -> np.ndarray:
    # Nodes above one another (bridge and underpass) have one cell: there is no line between them.
    at, which = np.unique(np.round(shapely.get_coordinates(points), 2), axis=0, return_inverse=True)
    if len(at) == 1:
        return np.full(len(points), area, dtype=object)
    homes = shapely.points(at)
    parts = shapely.voronoi_polygons(shapely.multipoints(homes), extend_to=area, ordered=True)
    pieces = shapely.get_parts(parts)
    shapely.prepare(area)
    across = ~shapely.covers(area, pieces)  # most pieces lie inside: cutting is what takes long
    pieces[across] = shapely.intersection(pieces[across], area)
    reach = pieces.copy()
    far = shapely.hausdorff_distance(pieces, homes) > CELL_REACH_M * INSIDE_OF_REACH
    reach[far] = shapely.intersection(
        pieces[far], shapely.buffer(homes[far], CELL_REACH_M, quad_segs=REACH_SEGMENTS)
    )
    kind = shapely.get_type_id(reach)
    for place in np.flatnonzero(
        (kind != shapely.GeometryType.POLYGON) & (kind != shapely.GeometryType.MULTIPOLYGON)
    ):
        reach[place] = _polygonal(reach[place])
    return np.asarray(reach[which])


def _polygonal(shape: shapely.Geometry) -> shapely.Geometry:
    """Without the lines and points that remain where borders touch."""
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
