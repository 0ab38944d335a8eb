"""How streets rise: heights at their nodes → metres from one end to the other."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

STEEPEST_STREET = 0.4
"""Rise by length beyond which a street without stairs is a fault of the terrain model, not a street: the steepest
public roads of Japan (Kuragari Pass, National Route 308) rise by at most 37 %."""
STEEPEST_STAIRS = 1.0
"""The same for stairs: none for the public is steeper than 45 degrees."""


def risen(streets: gpd.GeoDataFrame, elevations: pd.DataFrame) -> gpd.GeoDataFrame:
    """Streets with their rise, where two heights tell it.

    A rise that the street file told itself stays. The rise is that between the two ends: what goes up and down
    between them is not seen, and on a bridge or in a tunnel the terrain is not the street. Steeper than any street
    is taken as unknown.

    Parameters
    ----------
    streets : schemas.Streets
    elevations : schemas.Elevations
        Of nodes that several files name the first file counts.

    Returns
    -------
    streets : schemas.Streets
        ``rise_m``: the height of v above that of u, metres; NaN where it is not known.

    Examples
    --------
    >>> from geo import schemas
    >>> one = {"street_id": ["a"], "u": ["1"], "v": ["2"], "length_m": [100.0], "kind": ["street"],
    ...        "stairs": [False], "dataset_id": ["streets"]}
    >>> streets = schemas.conform(schemas.Streets, gpd.GeoDataFrame(
    ...     one, geometry=[shapely.LineString([(139.7, 35.7), (139.701, 35.7)])], crs=schemas.STORED_CRS))
    >>> heights = pd.DataFrame({"node": ["1", "2"], "elevation_m": [20.0, 24.5]})
    >>> risen(streets, heights)["rise_m"].tolist()
    [4.5]
    """
    height = elevations.drop_duplicates("node").set_index("node")["elevation_m"]
    rise = streets["v"].map(height).astype(float) - streets["u"].map(height).astype(float)
    steepest = np.where(streets["stairs"], STEEPEST_STAIRS, STEEPEST_STREET)
    believed = rise.where(rise.abs() <= steepest * streets["length_m"])
    filled = streets["rise_m"].where(streets["rise_m"].notna(), believed.round(2))
    return gpd.GeoDataFrame(streets.assign(rise_m=filled))


def nodes(streets: gpd.GeoDataFrame) -> pd.DataFrame:
    """Where the nodes of streets are.

    Returns
    -------
    nodes : DataFrame
        ``node, x, y`` in the system of the streets, one row a node, sorted.
    """
    lines = streets.geometry.to_numpy()
    parts = []
    for name, end in (("u", 0), ("v", -1)):
        at = shapely.get_point(lines, end)
        parts.append(pd.DataFrame({"node": streets[name], "x": shapely.get_x(at), "y": shapely.get_y(at)}))
    both = pd.concat(parts, ignore_index=True)
    return both.drop_duplicates("node").sort_values("node", ignore_index=True)
