"""One GeoPackage file: opens in any GIS, needs no server, and is replaced whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from geo import errors, schemas

EPOCH = "2000-01-01T00:00:00.000Z"
"""Written as the date of last change: the same tables make the same bytes."""
FAULTS = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.FieldError,
    pyogrio.errors.GeometryError,
)
"""What GDAL may answer to a damaged file or a full disk."""


@dataclass(frozen=True)
class GeoPackage:
    """Tables as layers of one file.

    A commit writes a new file beside the old one, flushes it to the disk and renames it over the old one, so
    a reader and a broken cable see the old or the new state, never a mixture. Equal tables make equal bytes,
    in whatever order and how often they were committed.
    """

    path: Path

    def read(self, schema: type[schemas.Table]) -> Any:
        """The table, or one without rows when the file does not hold it yet."""
        layer = layer_name(schema)
        if layer not in self.layers():
            return schemas.empty(schema)
        return schemas.conform(schema, _restore(schema, self._raw(layer)))

    def commit(self, tables: Mapping[type[schemas.Table], pd.DataFrame]) -> None:
        """Replace these tables together.

        Raises
        ------
        DataError
            A table breaks its schema, or holds text that the file would cut.
        StoreError
            The file cannot be written; the old one is kept.
        """
        fresh = {layer_name(schema): _storable(schema, table) for schema, table in tables.items()}
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": EPOCH})
        # The whole file is written anew, layers by name: an updated one would keep traces of its history.
        kept = {layer: self._layer(layer) for layer in self.layers() - fresh.keys()}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.path.parent, prefix=".") as folder:
                part = Path(folder) / self.path.name
                for layer, table in sorted({**kept, **fresh}.items()):
                    _write(table, part, layer)
                if part.exists():
                    _flush(part)
                    part.replace(self.path)
        except (OSError, *FAULTS) as problem:
            raise errors.StoreError(
                "store_unwritable",
                "{file} cannot be written: {problem}. The old state is kept.",
                file=str(self.path),
                problem=str(problem),
            ) from None

    def _layer(self, layer: str) -> Any:
        schema = next((one for one in schemas.Table.__subclasses__() if layer_name(one) == layer), None)
        return self._raw(layer) if schema is None else self.read(schema)

    def _raw(self, layer: str) -> Any:
        try:
            return pyogrio.read_dataframe(self.path, layer=layer, use_arrow=True)
        except FAULTS as problem:
            raise self._unreadable(problem) from None

    def layers(self) -> set[str]:
        """Names of the layers that the file holds."""
        if not self.path.exists():
            return set()
        try:
            return {str(name) for name in pyogrio.list_layers(self.path)[:, 0]}
        except FAULTS as problem:
            raise self._unreadable(problem) from None

    def _unreadable(self, problem: Exception) -> errors.StoreError:
        return errors.StoreError(
            "store_unreadable",
            "{file} cannot be read as a GeoPackage: {problem}. Restore it from a copy, or import again.",
            file=str(self.path),
            problem=str(problem),
        )


def layer_name(schema: type[schemas.Table]) -> str:
    """The layer of a table.

    Examples
    --------
    >>> layer_name(schemas.SmallAreas)
    'small_areas'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", schema.__name__).lower()


def _storable(schema: type[schemas.Table], table: pd.DataFrame) -> Any:
    valid = schemas.conform(schema, table)
    for column in valid.select_dtypes(include=["object", "str"]).columns.difference(["geometry"]):
        cut = valid[column].str.contains("\0", regex=False, na=False)
        if cut.any():
            raise errors.DataError(
                "text_cut",
                "Table {table}, column {column}: {n} texts hold a NUL character, for example {value!r}. "
                "Mend the file: text behind it would be lost.",
                table=schema.__name__,
                column=column,
                n=int(cut.sum()),
                value=valid.loc[cut, column].iloc[0],
            )
    return valid


def _write(table: pd.DataFrame, path: Path, layer: str) -> None:
    # One geometry type a layer: GIS programs and PostGIS refuse a mixture.
    if isinstance(table, gpd.GeoDataFrame):
        kinds = set(table.geom_type.dropna())
        promote = len(kinds) > 1 or any(kind.startswith("Multi") for kind in kinds)
        if promote:
            table = table.set_geometry([_multi(shape) for shape in table.geometry], crs=table.crs)
        pyogrio.write_dataframe(table, path, layer=layer, driver="GPKG", promote_to_multi=promote)
    else:
        pyogrio.write_dataframe(table, path, layer=layer, driver="GPKG")


def _multi(shape: Any) -> Any:
    wrap = {
        "Polygon": shapely.MultiPolygon,
        "LineString": shapely.MultiLineString,
        "Point": shapely.MultiPoint,
    }
    kind = None if shape is None else wrap.get(shape.geom_type)
    return shape if kind is None else kind([shape])


def _restore(schema: type[schemas.Table], table: Any) -> Any:
    # A GeoPackage has no column of unknown type: an empty text column comes back as object.
    missing = [column for column in schemas.columns_of(schema) if column not in table]
    return table.assign(**dict.fromkeys(missing))


def _flush(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
