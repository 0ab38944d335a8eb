"""What a reader gives back: a table that keeps its schema, and everything that was done on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from geo import schemas

Kind = Literal[
    "municipalities",
    "zones",
    "small-areas",
    "census-table",
    "census-mesh",
    "future-population",
    "housing-survey",
    "residents",
    "households",
    "places",
    "vacancies",
    "streets",
    "addresses",
    "elevation",
    "schools",
]
Level = Literal["repaired", "refused", "unknown", "info"]


@dataclass(frozen=True)
class Note:
    """One thing that happened to the user's file: a sentence, and the row it is about.

    ``row`` is counted as a spreadsheet shows it (the header is row 1); None: the whole file.
    """

    level: Level
    code: str
    template: str
    row: int | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.values)


@dataclass(frozen=True)
class Layout:
    """Which column of a table is which field: told by the user, or understood by its name and content."""

    fingerprint: str
    """Of the header: tables with the same columns have the same."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field → column name, as :func:`geo.sources._tables.heading` writes it."""


@dataclass(frozen=True)
class Hints:
    """What a project knows and a file does not tell; everything may be missing.

    Parameters
    ----------
    mapping : mapping
        Field → column name, told by the user for the file at hand. It wins over everything else.
    layouts : mapping
        Fingerprint of a header → such a mapping, saved when a table with that header was read before.
    addresses : schemas.Addresses, optional
        Gazetteer for rows that have an address but no coordinates.
    places : schemas.Places, optional
        Of the project, for files that only list further venues of them.
    areas : schemas.SmallAreas, optional
        Of the project, for tables that merge them into zones or count residents by their names.
    sheet : str
        Of a workbook, told by the user.
    swap_xy : bool
        The user says that the file has latitude where longitude belongs.
    nodes : DataFrame, optional
        ``node, x, y`` of the project's streets, for terrain models.
    borders : schemas.Municipalities, optional
        Of the project, for counts by grid square: which squares are its own.
    area : tuple of float, optional
        West, south, east, north of the municipality, degrees: tells northing from easting.
    municipality : str
        Its name as addresses write it (大阪市北区), of which a list of a whole prefecture keeps the addresses.
    names : mapping
        The same of every municipality whose border the project has, by its code.
    border : GeoSeries, optional
        The shape of the municipality, or of its small areas. Of lists with municipality codes the places of others
        are kept as far as ``reach_m`` from it.
    reach_m : float
        How far outside places are kept, metres.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    layouts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    addresses: Any = None
    places: Any = None
    areas: Any = None
    sheet: str = ""
    swap_xy: bool = False
    nodes: Any = None
    borders: Any = None
    area: tuple[float, float, float, float] | None = None
    municipality: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    border: Any = None
    reach_m: float = 0


@dataclass(frozen=True)
class Reading:
    """A file as understood: nothing is stored yet.

    Parameters
    ----------
    kind : Kind
    dataset_id : str
        Replaces what the project holds under the same id.
    schema : type of schemas.Table
    table : DataFrame or GeoDataFrame
        Conforms to ``schema``.
    sha256 : str
        Of the file's bytes (of all parts of a shapefile, in order of their names).
    rows : int
        Rows or features in the file.
    edition, licence, encoding, crs : str or None
        As found; None when the file does not tell.
    notes : tuple of Note
    kept : int, optional
        Rows of the file that are in the table; as many as the table has unless told, as where one row of the file
        becomes a row for each of its counts.
    layout : Layout, optional
        Of a table whose columns had to be told or guessed: to be saved for the next file of the same layout.
    """

    kind: Kind
    dataset_id: str
    schema: type[schemas.Table]
    table: pd.DataFrame
    file: str
    sha256: str
    rows: int
    edition: str | None = None
    licence: str | None = None
    encoding: str | None = None
    crs: str | None = None
    notes: tuple[Note, ...] = ()
    layout: Layout | None = None
    kept: int | None = None

    def dataset(self) -> dict[str, Any]:
        """The row of the ``Datasets`` table."""
        return {
            "dataset_id": self.dataset_id,
            "kind": self.kind,
            "table": self.schema.__name__,
            "file": self.file,
            "sha256": self.sha256,
            "edition": self.edition,
            "licence": self.licence,
            "encoding": self.encoding,
            "crs": self.crs,
            "rows": self.rows,
            "kept": len(self.table) if self.kept is None else self.kept,
        }


def digest(paths: list[Path]) -> str:
    """SHA-256 over the bytes of one file, or of the parts of one dataset by name."""
    total = hashlib.sha256()
    for path in sorted(paths, key=lambda p: p.name):
        with path.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()
