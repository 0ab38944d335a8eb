"""What an import changes, row by row: found before it is stored, kept afterwards, and undone.

A change is a row of :class:`geo.schemas.History` without its number, time and person: which row of which table
came, went or differs, field by field. Values are kept as JSON, shapes as hexadecimal WKB, so nothing is rounded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo import schemas

COLUMNS = ("dataset_id", "table", "action", "row_key", "field", "before", "after")
UNSEEN = ("source_row",)
"""Fields that say where a row stood in the user's file, and nothing of what it tells."""


def between(
    schema: type[schemas.Table], before: pd.DataFrame, after: pd.DataFrame, *, dataset_id: str
) -> pd.DataFrame:
    """The changes that turn one state of a table into another.

    Parameters
    ----------
    schema : type of schemas.Table
        What both states conform to.
    before, after : DataFrame or GeoDataFrame
        The rows of one dataset.
    dataset_id : str
        Written beside each change.

    Returns
    -------
    changes : DataFrame
        :data:`COLUMNS`; by row key, then field. A row that is gone is kept whole in ``before``.

    Examples
    --------
    >>> old = pd.DataFrame({"origin_id": ["a", "b"], "place_id": ["p", "p"], "distance_m": [1.0, 2.0]})
    >>> new = pd.DataFrame({"origin_id": ["b", "c"], "place_id": ["p", "p"], "distance_m": [2.5, 3.0]})
    >>> told = between(schemas.Distances, old, new, dataset_id="walks")
    >>> told[["action", "row_key", "field", "before", "after"]].to_numpy(dtype=object).tolist()
    [['gone', '["a", "p"]', None, '{"origin_id": "a", "place_id": "p", "distance_m": 1.0}', None],
     ['changed', '["b", "p"]', 'distance_m', '2.0', '2.5'],
     ['added', '["c", "p"]', None, None, None]]
    """
    keys = schemas.keys_of(schema)
    old, new = before.set_index(_index(before, keys)), after.set_index(_index(after, keys))
    rows: list[tuple[Any, ...]] = [
        ("gone", key, None, _whole(row), None) for key, row in _records(old, ~old.index.isin(new.index))
    ]
    rows += [("added", key, None, None, None) for key in new.index[~new.index.isin(old.index)]]
    both = new.index[new.index.isin(old.index)]
    old, new = old.loc[both], new.loc[both]
    for field in schemas.columns_of(schema):
        if field in keys:
            continue
        was, now = ([plain(value) for value in state[field]] for state in (old, new))
        for i in np.flatnonzero(_differ(was, now)).tolist():
            rows.append(("changed", both[i], field, _json(was[i]), _json(now[i])))
    table = pd.DataFrame(rows, columns=list(COLUMNS[2:]), dtype=object)
    table.insert(0, "dataset_id", dataset_id)
    table.insert(1, "table", schema.__name__)
    return table.sort_values(["row_key", "field"], kind="stable", na_position="first", ignore_index=True)


def first(schema: type[schemas.Table], *, dataset_id: str) -> pd.DataFrame:
    """The one change that a dataset came for the first time."""
    row = (dataset_id, schema.__name__, "imported", None, None, None, None)
    return pd.DataFrame([row], columns=list(COLUMNS), dtype=object)


def seen(changes: pd.DataFrame) -> pd.DataFrame:
    """The changes that a person cares about: all but the places of rows in the file."""
    return changes[~changes["field"].isin(UNSEEN)].reset_index(drop=True)


def undone(schema: type[schemas.Table], table: pd.DataFrame, changes: pd.DataFrame) -> Any:
    """The state of a table before these changes.

    Parameters
    ----------
    schema : type of schemas.Table
    table : DataFrame or GeoDataFrame
        The state after the changes; may hold other datasets too.
    changes : DataFrame
        Of this table, as :func:`between` found them.

    Returns
    -------
    table : DataFrame or GeoDataFrame
        Conforms to the schema.
    """
    keys = schemas.keys_of(schema)
    added = changes.loc[changes["action"] == "added", "row_key"]
    gone = changes.loc[changes["action"] == "gone", "before"]
    kept = table[~_index(table, keys).isin(added)]
    frame = pd.DataFrame(kept).astype(object).set_index(_index(kept, keys))
    for field, own in changes[changes["action"] == "changed"].groupby("field", sort=True):
        was = {
            key: _value(json.loads(value)) for key, value in zip(own["row_key"], own["before"], strict=True)
        }
        frame[field] = pd.Series(
            [was.get(key, value) for key, value in frame[field].items()],
            frame.index,
            dtype=object,
        )
    back = [{f: _value(v) for f, v in json.loads(row).items()} for row in gone]
    rows = pd.concat([frame, pd.DataFrame(back, columns=frame.columns, dtype=object)], ignore_index=True)
    if isinstance(table, gpd.GeoDataFrame):
        rows = gpd.GeoDataFrame(rows, geometry="geometry", crs=table.crs)
    return schemas.conform(schema, rows)


def told(value: Any) -> str:
    """A value as the history writes it, in JSON; not known is null.

    Examples
    --------
    >>> told("a"), told(float("nan")), told(True), value_of(told(2.0))
    ('"a"', 'null', 'true', 2.0)
    """
    return _json(plain(value))


def value_of(words: str) -> Any:
    """The value that :func:`told` wrote."""
    return _value(json.loads(words))


def key_of(words: str) -> list[Any]:
    """The key of a row, as the history writes it."""
    return list(json.loads(words))


def _index(table: pd.DataFrame, keys: Sequence[str]) -> pd.Index[Any]:
    values = zip(*(table[key] for key in keys), strict=True)
    return pd.Index([json.dumps([plain(v) for v in row], ensure_ascii=False) for row in values], dtype=object)


def _records(table: pd.DataFrame, chosen: Any) -> list[tuple[str, dict[str, Any]]]:
    part = pd.DataFrame(table[chosen])
    return list(zip(part.index, part.to_dict("records"), strict=True))


def _whole(row: dict[str, Any]) -> str:
    return json.dumps({field: plain(value) for field, value in row.items()}, ensure_ascii=False)


def _differ(was: list[Any], now: list[Any]) -> list[bool]:
    return [a != b and not _same_shape(a, b) for a, b in zip(was, now, strict=True)]


def _same_shape(a: Any, b: Any) -> bool:
    """Whether shapes are equal: a store keeps one type a layer, so a polygon comes back as a collection of one."""
    if not (_is_shape(a) and _is_shape(b)):
        return False
    one, other = (shapely.get_parts(shapely.from_wkb(value[_WKB])) for value in (a, b))
    return len(one) == len(other) and bool(shapely.equals_exact(one, other, tolerance=0).all())


_WKB = "wkb"


def _is_shape(value: Any) -> bool:
    return isinstance(value, dict) and _WKB in value


def plain(value: Any) -> Any:
    """A value as JSON has it; what is not known is None."""
    if isinstance(value, shapely.Geometry):
        return {_WKB: shapely.to_wkb(value, hex=True)}
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _value(value: Any) -> Any:
    return shapely.from_wkb(value[_WKB]) if _is_shape(value) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
