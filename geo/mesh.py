"""Grid squares (地域メッシュ, JIS X 0410): their borders from their codes, and whose they are.

A square of 1 km, 500 m or 250 m knows no municipality. It belongs, whole and with all its people, to the one
that holds most of it: so nobody counts twice, and counts stay the published whole numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import errors, schemas

PREFIX = "mesh:"
"""Stands before the code where areas are named: a square of 500 m has nine digits, as a town (町丁・字等) has."""

SIZES_M = {8: 1000, 9: 500, 10: 250, 11: 125}
"""Side of a square by the digits of its code, metres (nominal: 30 by 45 seconds at 8 digits, then halves)."""

_CODE = re.compile(r"(\d\d)(\d\d)([0-7])([0-7])(\d)(\d)([1-4]{0,3})")


def is_code(text: str) -> bool:
    """Whether a text is the code of a square of 1 km to 125 m.

    Examples
    --------
    >>> is_code("53394611"), is_code("533946114"), is_code("533986114"), is_code("5339461")
    (True, True, False, False)
    """
    return bool(_CODE.fullmatch(text))


def bounds(code: str) -> tuple[float, float, float, float]:
    """West, south, east and north of a square.

    Parameters
    ----------
    code : str
        8 to 11 digits, without :data:`PREFIX`.

    Returns
    -------
    bounds : tuple of float
        Degrees, in the datum of the table (JGD2011 since 2020; the older ones differ by centimetres to metres).

    Raises
    ------
    DataError
        The text is no such code.

    Notes
    -----
    JIS X 0410: two digits of latitude in 40 minutes, two of longitude from 100 degrees; eighths of it (5 by 7.5
    minutes); tenths of those (30 by 45 seconds); then halves, 1 to 4 for south-west, south-east, north-west and
    north-east.

    Examples
    --------
    >>> [round(degrees, 5) for degrees in bounds("533946114")]
    [139.76875, 35.67917, 139.775, 35.68333]
    """
    found = _CODE.fullmatch(code)
    if found is None:
        raise errors.DataError(
            "mesh_code",
            "{mesh!r} is no code of a grid square (JIS X 0410): it has 8 digits for 1 km, 9 for 500 m and 10 for "
            "250 m.",
            mesh=code,
        )
    lat, lon, row, column, south_tenth, west_tenth = (int(part) for part in found.groups()[:6])
    # In units of 1/80 of a half of a half of a half: whole numbers, so that neighbours share their border exactly.
    y, x = (lat * 80 + row * 10 + south_tenth) * 8, (lon * 80 + column * 10 + west_tenth) * 8
    step = 8
    for quarter in found[7]:
        step //= 2
        y, x = y + step * (quarter in "34"), x + step * (quarter in "24")
    return 100 + x / 640, y / 960, 100 + (x + step) / 640, (y + step) / 960


def squares(codes: Sequence[str]) -> np.ndarray:
    """The squares as polygons, in the order of their codes.

    Examples
    --------
    >>> float(squares(["53394611"])[0].area) == float(sum(p.area for p in squares(
    ...     ["533946111", "533946112", "533946113", "533946114"])))
    True
    """
    edges = np.array([bounds(code) for code in codes], dtype=float).reshape(-1, 4)
    return np.asarray(shapely.box(edges[:, 0], edges[:, 1], edges[:, 2], edges[:, 3]))


def owners(codes: Sequence[str], borders: gpd.GeoDataFrame, *, municipality_code: str) -> pd.DataFrame:
    """Which squares touch a municipality, and which belong to it.

    Parameters
    ----------
    codes : sequence of str
    borders : schemas.Municipalities
        Of the municipality and of the ones around it.
    municipality_code : str

    Returns
    -------
    squares : DataFrame
        ``code, share, is_own`` by code, of the squares that share land with the municipality: the share of the
        square within it, and whether that is the largest piece. What lies in no municipality of the table (the
        sea, or land that its file does not show) counts as one piece more. A tie goes to the lower code.
    """
    shapes = squares(codes)
    order = borders.sort_values("municipality_code", kind="stable").reset_index(drop=True)
    tree = shapely.STRtree(shapes)
    own_rows = np.flatnonzero((order["municipality_code"] == municipality_code).to_numpy())
    near = np.unique(tree.query(order.geometry.to_numpy()[own_rows], predicate="intersects")[1])
    pieces = np.zeros((len(near), len(order) + 1))
    for column, border in enumerate(order.geometry.to_numpy()):
        shapely.prepare(border)
        inside = shapely.covers(border, shapes[near])
        cut = shapely.area(shapely.intersection(shapes[near[~inside]], border))
        pieces[inside, column] = shapely.area(shapes[near[inside]])
        pieces[~inside, column] = cut
    whole = shapely.area(shapes[near])
    pieces[:, -1] = np.clip(whole - pieces.sum(axis=1), 0, None)
    # A border drawn along the edge of a square leaves slivers of rounding on the other side.
    share = np.round(pieces / whole[:, None] if len(near) else pieces, 9)
    table = pd.DataFrame(
        {
            "code": [codes[i] for i in near],
            "share": share[:, own_rows].sum(axis=1),
            "is_own": np.isin(share.argmax(axis=1), own_rows),
        }
    )
    return table[table["share"] > 0].sort_values("code", kind="stable").reset_index(drop=True)


def small_areas(
    statistics: pd.DataFrame, borders: gpd.GeoDataFrame, *, municipality_code: str
) -> gpd.GeoDataFrame:
    """Squares as the areas that people are known by, where a project has no census small areas.

    Parameters
    ----------
    statistics : schemas.Statistics
        Of the tables that are taken; see :func:`chosen`.
    borders : schemas.Municipalities
        Squares are drawn within the municipality; all their people stay with them. Without it they are whole.
    municipality_code : str

    Returns
    -------
    areas : schemas.SmallAreas
        Key ``mesh:`` and the code. Squares that the table does not list have nobody.
    """
    counts = chosen(statistics).pivot(index="small_area_id", columns="variable", values="value")
    if counts.empty:
        return gpd.GeoDataFrame(schemas.empty(schemas.SmallAreas))
    counts = counts.sort_index()
    codes = [key.removeprefix(PREFIX) for key in counts.index]
    shapes = squares(codes)
    own = borders.loc[borders["municipality_code"] == municipality_code, "geometry"]
    if len(own):
        inside = shapely.intersection(shapes, shapely.union_all(own.to_numpy()))
        # The border may have been replaced since: a square that it no longer touches keeps its shape.
        shapes = np.where(shapely.area(inside) > 0, inside, shapes)
    table = gpd.GeoDataFrame(
        {
            "small_area_id": counts.index,
            "name": [f"{code} ({SIZES_M[len(code)]} m)" for code in codes],
            "municipality_code": municipality_code,
            "people": counts["people"].to_numpy(),
            "households": counts["households"].to_numpy(),
            "is_water": False,
            "dataset_id": chosen(statistics)["dataset_id"].iloc[0],
        },
        geometry=shapes,
        crs=schemas.STORED_CRS,
    )
    return gpd.GeoDataFrame(schemas.conform(schemas.SmallAreas, table))


def standing_in(
    areas: gpd.GeoDataFrame, statistics: pd.DataFrame, borders: gpd.GeoDataFrame, *, municipality_code: str
) -> gpd.GeoDataFrame:
    """The areas that people are known by: those of the census or, where a project has none, its squares.

    Parameters
    ----------
    areas : schemas.SmallAreas
        Of the project; may be empty.
    statistics : schemas.Statistics
    borders : schemas.Municipalities
    municipality_code : str

    Returns
    -------
    areas : schemas.SmallAreas
        Empty where neither is there.
    """
    if len(areas):
        return areas
    return small_areas(statistics, borders, municipality_code=municipality_code)


def chosen(statistics: pd.DataFrame) -> pd.DataFrame:
    """The counts of the one mesh table that is taken, its files of several primary squares as one table.

    Tables of another size or census count the same people. The one that covers most primary squares is taken, of
    those the newest, then the finest: their numbers are in that order.

    Parameters
    ----------
    statistics : schemas.Statistics

    Returns
    -------
    statistics : DataFrame
        Rows of that table, all under the ``dataset_id`` of its last file; empty where the project has none.

    Examples
    --------
    >>> row = {"variable": "people", "value": 1.0, "status": "known", "disclosure_group": None}
    >>> table = pd.DataFrame([
    ...     {**row, "small_area_id": "mesh:53394611", "dataset_id": "census-mesh:T001140:5339"},
    ...     {**row, "small_area_id": "mesh:533946114", "dataset_id": "census-mesh:T001141:5339"}])
    >>> chosen(table)["small_area_id"].tolist()
    ['mesh:533946114']
    """
    rows = statistics[statistics["dataset_id"].str.startswith(KIND + ":")]
    if rows.empty:
        return rows
    ids = _table_ids(rows)
    primaries = rows["small_area_id"].str[len(PREFIX) : len(PREFIX) + 4].groupby(ids).nunique()
    best = max(primaries.index, key=lambda table: (primaries[table], table))
    taken = rows[ids == best].sort_values("dataset_id", kind="stable")
    one = taken["dataset_id"].max()
    return taken.assign(dataset_id=one).drop_duplicates(["small_area_id", "variable"], keep="last")


KIND = "census-mesh"
"""Kind of the datasets, and the first part of their ids: ``census-mesh:T001141:5339``."""


def _table_ids(rows: pd.DataFrame) -> pd.Series:
    return rows["dataset_id"].str.split(":").str[:2].str.join(":")
