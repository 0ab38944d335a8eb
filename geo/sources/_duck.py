"""The ways of an OpenStreetMap PBF by DuckDB, several times faster than node by node; an optional extra (``fast``).

The spatial extension is taken from its Python package; nothing is asked of the network. Where the package is not
installed, does not load, or meets a file that it cannot read or that needs care (elements that stand there twice,
coordinates out of range), the answer is None and the usual reader reads it, so that both always tell the same.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_MEMORY = "1GB"
_E7 = 1e7  # OpenStreetMap keeps ten-millionths of a degree


@dataclass(frozen=True)
class Ways:
    """Ways and their nodes, flat.

    Parameters
    ----------
    tags : DataFrame
        One row a way in ascending order of ``id``; the asked tags are columns (None: not there).
    count : (ways,) int64
        Nodes of each way.
    ref : (nodes of ways,) int64
        In their order.
    x, y : (nodes of ways,) int64
        Ten-millionths of a degree.
    known : (nodes of ways,) bool
        False: that node is not in the file.
    """

    tags: pd.DataFrame
    count: NDArray[np.int64]
    ref: NDArray[np.int64]
    x: NDArray[np.int64]
    y: NDArray[np.int64]
    known: NDArray[np.bool_]


def ways(path: Path, tags: Collection[str]) -> Ways | None:
    """All ways with a ``highway`` or ``route``, with some of their tags; None: read the file in another way.

    Parameters
    ----------
    path : Path
        A PBF.
    tags : collection of str
        Names of the tags that are wanted.
    """
    extension = _extension()
    if extension is None or any(sign in str(path) for sign in "*?[{"):  # it would take these for a pattern
        return None
    import duckdb

    try:
        with duckdb.connect(
            config={"autoinstall_known_extensions": "false", "memory_limit": _MEMORY}
        ) as base:
            base.execute(f"LOAD '{str(extension).replace(chr(39), chr(39) * 2)}'")
            return _read(base, str(path), tuple(tags))
    except (duckdb.Error, MemoryError):
        return None


def _extension() -> Path | None:
    found = (
        importlib.util.find_spec("duckdb_extension_spatial") if importlib.util.find_spec("duckdb") else None
    )
    folders = list(found.submodule_search_locations or ()) if found else []
    return next((file for folder in folders for file in Path(folder).rglob("*.duckdb_extension")), None)


def _read(base: object, file: str, tags: tuple[str, ...]) -> Ways | None:
    wanted = ", ".join(f"map_extract(tags, '{tag}')[1] AS \"{tag}\"" for tag in tags)
    ask = base.execute  # type: ignore[attr-defined]
    ask(
        f"CREATE TEMP TABLE way AS SELECT id, refs, {wanted} FROM ST_ReadOSM(?) WHERE kind = 'way' "  # noqa: S608
        "AND (map_contains(tags, 'highway') OR map_contains(tags, 'route'))",
        [file],
    )
    ask("CREATE TEMP TABLE wanted AS SELECT DISTINCT unnest(refs) AS id FROM way")
    nodes = ask(
        "SELECT id, lon, lat FROM ST_ReadOSM(?) WHERE kind = 'node' AND id IN (SELECT id FROM wanted)", [file]
    ).fetchnumpy()
    rows = ask(f"SELECT id, {', '.join(map(_quoted, tags))}, len(refs) AS n FROM way ORDER BY id").df()  # noqa: S608
    ref = ask("SELECT unnest(refs) AS ref FROM (SELECT refs FROM way ORDER BY id)").fetchnumpy()["ref"]
    order = np.argsort(nodes["id"], kind="stable")
    node, x, y = (np.asarray(nodes[name])[order] for name in ("id", "lon", "lat"))
    in_range = (np.abs(x) <= 180).all() and (np.abs(y) <= 90).all()
    if rows["id"].duplicated().any() or (node[1:] == node[:-1]).any() or not in_range:
        return None
    ref = np.asarray(ref, dtype=np.int64)
    at = np.minimum(np.searchsorted(node, ref), max(len(node) - 1, 0))
    known = node[at] == ref if len(node) else np.zeros(len(ref), dtype=bool)
    e7 = [np.rint(axis * _E7).astype(np.int64) for axis in (x, y)]
    places = [axis[at] if len(node) else np.zeros(len(ref), np.int64) for axis in e7]
    columns = rows[list(tags)].astype(object)
    return Ways(
        columns.where(columns.notna(), None).assign(id=rows["id"]),
        rows["n"].fillna(0).to_numpy(dtype=np.int64),
        ref,
        places[0],
        places[1],
        known,
    )


def _quoted(tag: str) -> str:
    return f'"{tag}"'
