"""What a run was made of and what came out: enough to make it again and compare."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

LIBRARIES = ("geopandas", "numba", "numpy", "pandas", "pyproj", "shapely")


def digest(table: pd.DataFrame) -> str:
    """SHA-256 of a table's content, independent of its index and of machine and thread count.

    Floats count with nine significant digits, coordinates to a micrometre or a hundred-millionth of a degree,
    so that another processor's last bits are no difference. Unknown values count as such. The order of rows
    matters, the order of columns does not, nor where a ring starts.

    Examples
    --------
    >>> one = pd.DataFrame({"a": [1.0, None]})
    >>> digest(one) == digest(one.copy()), digest(one) == digest(one.fillna(0))
    (True, False)
    """
    total = hashlib.sha256()
    for name in sorted(map(str, table.columns)):
        # JSON, so that nothing slips from one cell or column into the next.
        total.update(json.dumps([name, _cells(table[name])]).encode())
    return total.hexdigest()


def _cells(column: pd.Series) -> list[str | None]:
    if isinstance(column, gpd.GeoSeries):
        return [None if shape is None else shape.hex() for shape in _shapes(column)]
    if pd.api.types.is_float_dtype(column):
        return [f"{value:.9g}" for value in (column.to_numpy(dtype=np.float64) + 0.0).tolist()]  # -0 is 0
    return [None if missing else str(value) for value, missing in zip(column, column.isna(), strict=True)]


def _shapes(column: gpd.GeoSeries) -> list[bytes | None]:
    digits = 8 if column.crs is not None and column.crs.is_geographic else 6
    rounded = shapely.transform(column.to_numpy(), lambda xy: np.round(xy, digits) + 0.0)
    return list(shapely.to_wkb(shapely.normalize(rounded), byte_order=1))


def fingerprint(*parts: object) -> str:
    """SHA-256 of JSON values: equal parts, equal fingerprints.

    Examples
    --------
    >>> fingerprint({"b": 1, "a": 2}) == fingerprint({"a": 2, "b": 1})
    True
    """
    canonical = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def versions() -> dict[str, str]:
    """Versions of everything that may change a number."""
    found = {name: metadata.version(name) for name in LIBRARIES}
    return {"ibasho-atlas": metadata.version("ibasho-atlas"), "python": platform.python_version(), **found}


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Names of the results whose digests differ, or that only one side has.

    Examples
    --------
    >>> differences({"gaps": "1", "zones": "2"}, {"gaps": "1", "zones": "3"})
    ['zones']
    """
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
