"""Tables → geometry for the browser: loaded once by URL, drawn by ``static/atlas_map.js``.

A payload holds shapes, ids and names of one layer and nothing that a slider may change. Coordinates are
whole steps of 1/100 000 degree (about a metre): the first pair of a line or ring is absolute, the others
are differences, so that a ward's small areas take some hundred kilobytes. Neighbours share their corners,
since all layers lie on the same grid.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geo import registry, schemas

FORMAT = 3
"""Raise it when a payload's shape changes: it is part of the cached files' names."""
STEPS_PER_DEGREE = 100_000

CATCHMENT_M = 2
"""Corners of a catchment that matter less than this are left out, metres."""
MAJOR_STREETS = ("trunk", "primary", "secondary", "tertiary")


def polygons(table: gpd.GeoDataFrame, *, key: str, name: str | None = None, **extra: Sequence[Any]) -> bytes:
    """A layer of polygons.

    Parameters
    ----------
    table : GeoDataFrame
        Any CRS. Rows keep their order: the n-th code of a view colours the n-th row.
    key : str
        Column of the ids.
    name : str, optional
        Column of the names. They are text from files: the script writes them as text, never as HTML.
    **extra
        More columns of the payload, one value a row.

    Returns
    -------
    payload : bytes
        JSON.

    Examples
    --------
    >>> square = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.box(140, 35, 140.001, 35.001)], crs=6668)
    >>> json.loads(polygons(square, key="id"))["shapes"]
    [[[[14000100, 3500000, 0, 100, -100, 0, 0, -100]]]]
    """
    shapes = [_polygon_parts(shape) for shape in _on_grid(table)]
    return _payload("polygon", shapes, table, key, name, extra)


def lines(table: gpd.GeoDataFrame, *, key: str, **extra: Sequence[Any]) -> bytes:
    """A layer of lines, one or several a row; see :func:`polygons`."""
    shapes = [[_steps(part) for part in shapely.get_parts(shape)] for shape in _on_grid(table)]
    return _payload("line", shapes, table, key, None, extra)


def points(table: gpd.GeoDataFrame, *, key: str, name: str | None = None, **extra: Sequence[Any]) -> bytes:
    """A layer of points; see :func:`polygons`."""
    shapes = [_steps(shape) for shape in _on_grid(table)]
    return _payload("point", shapes, table, key, name, extra)


def wards(municipalities: gpd.GeoDataFrame, *, municipality_code: str) -> bytes:
    """The asked ward and its neighbours."""
    asked = (municipalities["municipality_code"] == municipality_code).astype(int).tolist()
    return polygons(
        municipalities, key="municipality_code", name="name", asked=asked, at=_spots(municipalities)
    )


def areas(small_areas: gpd.GeoDataFrame) -> bytes:
    """Census small areas."""
    water = small_areas["is_water"].astype(int).tolist()
    return polygons(small_areas, key="small_area_id", name="name", water=water)


def zones(table: gpd.GeoDataFrame) -> dict[str, bytes]:
    """One layer a zone system, by ``zones-<number of the system in their order>``.

    The name of a system may come from a file, so it is never part of a file's name.
    """
    return {
        layer: polygons(part, key="zone_id", name="name", at=_spots(part))
        for system, layer in zone_layers(table).items()
        for part in [table[table["system"] == system]]
    }


def zone_layers(table: gpd.GeoDataFrame) -> dict[str, str]:
    """The layer of each zone system."""
    return {system: f"zones-{i}" for i, system in enumerate(sorted(table["system"].unique()))}


def cells(table: gpd.GeoDataFrame, small_areas: gpd.GeoDataFrame) -> bytes:
    """The land around each origin; ``area`` is the position of its small area in the areas' layer."""
    position = {area: i for i, area in enumerate(small_areas["small_area_id"])}
    return polygons(table, key="origin_id", area=[position[area] for area in table["small_area_id"]])


def streets(table: gpd.GeoDataFrame) -> bytes:
    """Streets as a picture: pieces joined to long lines, one row a class (major, minor, stairs)."""
    classes = np.where(
        table["stairs"], "stairs", np.where(table["kind"].isin(MAJOR_STREETS), "major", "minor")
    )
    names = [name for name in ("minor", "major", "stairs") if (classes == name).any()]
    merged = [shapely.line_merge(shapely.union_all(table.geometry[classes == name])) for name in names]
    return lines(gpd.GeoDataFrame({"class": names}, geometry=merged, crs=table.crs), key="class")


def places(table: gpd.GeoDataFrame, *, outside: Collection[str] = ()) -> bytes:
    """Places with their kind, as far as they are :func:`geo.registry.drawn`; ``outside``: ids beyond the border."""
    own = registry.drawn(table)
    beyond = own["place_id"].isin(outside).astype(int).tolist()
    return points(own, key="place_id", name="name", kind=own["kind"].tolist(), outside=beyond)


def catchments(table: gpd.GeoDataFrame, places_table: gpd.GeoDataFrame) -> bytes:
    """The ground from which each drawn place is within a walk.

    ``place`` is the position in the places' layer, ``code`` that of the limit among all limits, from 1.

    Parameters
    ----------
    table : schemas.Catchments
    places_table : schemas.Places
    """
    position = {place: i for i, place in enumerate(registry.drawn(places_table)["place_id"])}
    own = gpd.GeoDataFrame(table[table["place_id"].isin(position)])
    limits = sorted(table["limit_m"].unique())
    return polygons(
        own.set_geometry(own.geometry.simplify(CATCHMENT_M)),
        key="place_id",
        place=[position[place] for place in own["place_id"]],
        code=[str(limits.index(limit) + 1) for limit in own["limit_m"]],
    )


def layers(
    *,
    municipalities: gpd.GeoDataFrame,
    zones_table: gpd.GeoDataFrame,
    small_areas: gpd.GeoDataFrame,
    cells_table: gpd.GeoDataFrame,
    streets_table: gpd.GeoDataFrame,
    places_table: gpd.GeoDataFrame,
    catchments_table: gpd.GeoDataFrame,
    outside: Collection[str],
    municipality_code: str,
) -> dict[str, bytes]:
    """Every layer of a study by its name. Vacant properties are never among them.

    Returns
    -------
    payloads : dict of str to bytes
        ``wards``, ``areas``, ``cells``, ``streets``, ``places``, ``catchments`` and one ``zones-N`` a zone system.
    """
    return {
        "wards": wards(municipalities, municipality_code=municipality_code),
        "areas": areas(small_areas),
        "cells": cells(cells_table, small_areas),
        "streets": streets(streets_table),
        "places": places(places_table, outside=outside),
        "catchments": catchments(catchments_table, places_table),
        **zones(zones_table),
    }


def _spots(table: gpd.GeoDataFrame) -> list[list[int]]:
    """Where a name stands: inside the shape, which the middle of its box need not be."""
    inside = gpd.GeoDataFrame(geometry=table.geometry.representative_point(), crs=table.crs)
    return [_steps(point) for point in _on_grid(inside)]


def _on_grid(table: gpd.GeoDataFrame) -> np.ndarray[Any, Any]:
    """Shapes in whole grid steps. Rounding moves corners by half a metre, so validity is not asked."""
    shapes = table.geometry.to_crs(schemas.STORED_CRS).to_numpy()
    return np.asarray(
        shapely.transform(shapes, lambda pairs: np.rint(pairs * STEPS_PER_DEGREE)), dtype=object
    )


def _polygon_parts(shape: shapely.Geometry) -> list[list[list[int]]]:
    parts = []
    for part in shapely.get_parts(shape):
        if part.geom_type != "Polygon":
            continue
        rings = [_steps(ring, closed=True) for ring in shapely.get_rings(part)]
        if rings and len(rings[0]) >= 6:
            parts.append([ring for ring in rings if len(ring) >= 6])
    return parts


def _steps(shape: shapely.Geometry, *, closed: bool = False) -> list[int]:
    """First pair absolute, then differences; repeated corners (and a ring's last one) left out."""
    pairs = shapely.get_coordinates(shape).astype(np.int64)
    if closed:
        pairs = pairs[:-1]
    if len(pairs) == 0:
        return []
    moves = np.diff(pairs, axis=0)
    return [*pairs[0].tolist(), *moves[moves.any(axis=1)].ravel().tolist()]


def _payload(
    kind: str,
    shapes: list[Any],
    table: gpd.GeoDataFrame,
    key: str,
    name: str | None,
    extra: Mapping[str, Sequence[Any]],
) -> bytes:
    document = {
        "format": FORMAT,
        "type": kind,
        "steps": STEPS_PER_DEGREE,
        "ids": table[key].astype(str).tolist(),
        **({"names": table[name].astype(str).tolist()} if name else {}),
        **{column: list(values) for column, values in extra.items()},
        "shapes": shapes,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
