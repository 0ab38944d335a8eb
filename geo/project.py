"""A project: one folder that the command line, the app and the notebooks all open.

``study.toml`` (the question), ``store.gpkg`` (what was imported) and ``runs/`` (what came out).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import pandas as pd

from geo import changes, entries, errors, manifest, mesh, registry, schemas, slope, sources, zones
from geo import study as studies
from geo.sources import fetch
from geo.store import GeoPackage, Store, locked
from geo.study import Study

CODE_WEIGHTS = (6, 5, 4, 3, 2)
DECISIONS = "decisions:duplicates"
"""The dataset of what persons decided about places that may be one."""
EDITS = "edits:places"
"""The dataset of what persons changed in the registry."""
WAITING = (
    "rows_no_position",
    "venues_no_parent",
    "zone_table_no_areas",
    "schools_no_areas",
    "elevation_no_streets",
    "mesh_no_border",
)
"""What a file may lack that another one of the same import brings: it is read again after them."""


@dataclass(frozen=True)
class Project:
    """An open project; ``study`` is the one it was opened with or changed to."""

    path: Path
    study: Study

    @property
    def store(self) -> Store:
        """The tables that were imported."""
        return GeoPackage(self.path / "store.gpkg")

    @property
    def runs(self) -> Path:
        """The folder of the runs."""
        return self.path / "runs"

    def with_study(self, study: Study) -> Project:
        """The project with another study, written down."""
        studies.write(study, self.path / "study.toml")
        return replace(self, study=study)


def municipality_code(text: str) -> str:
    """Five digits of a municipality code that has five, or six with a right check digit.

    Raises
    ------
    StudyError
        When it has neither, or the check digit is wrong (全国地方公共団体コード, JIS X 0402).

    Examples
    --------
    >>> municipality_code("131059"), municipality_code("13105")
    ('13105', '13105')
    """
    digits = text.strip()
    wrong = not (digits.isascii() and digits.isdigit() and len(digits) in (5, 6))
    if not wrong and len(digits) == 6:
        wrong = digits != with_check_digit(digits[:5])
    if not wrong and _is_no_municipality(digits[:5]):
        raise errors.StudyError(
            "municipality_none",
            "{value!r} is the code of no municipality, but of a prefecture, of a sum of several or of nothing. Give "
            "that of the ward, city, town or village (13105), or of a designated city (27100).",
            value=text,
        )
    if wrong:
        raise errors.StudyError(
            "municipality_code",
            "{value!r} is no municipality code: give five digits, or six with the check digit (13105 or 131059).",
            value=text,
        )
    return digits[:5]


_CITIES = ("01", "04", "11", "12", "14", "15", "22", "23", "26", "27", "28", "33", "34", "40", "43")
"""Prefectures of which PP100 is a designated city as a whole (2025); elsewhere such a code is a sum."""
_FICTIONAL = "99101"


def _is_no_municipality(code: str) -> bool:
    """Whether this is no code of a ward, city, town or village (JIS X 0401 and 0402)."""
    if code == _FICTIONAL:
        return False
    sums = code.endswith("00") and code not in {f"{prefecture}100" for prefecture in _CITIES}
    return not 1 <= int(code[:2]) <= 47 or sums or not 100 <= int(code[2:]) < 800


def with_check_digit(code: str) -> str:
    """The six digits of a municipality code, as files for the public have them.

    Examples
    --------
    >>> with_check_digit("13105")
    '131059'
    """
    total = sum(w * int(d) for w, d in zip(CODE_WEIGHTS, code, strict=True))
    return f"{code}{(11 - total % 11) % 10}"


def create(path: Path, *, municipality: str) -> Project:
    """A new project in an empty or new folder.

    Raises
    ------
    StoreError
        When the folder holds something already: nothing is overwritten.
    """
    study = studies.make(municipality_code=municipality_code(municipality))
    try:
        path.mkdir(parents=True, exist_ok=True)
        empty = not any(path.iterdir())
        if empty:
            studies.write(study, path / "study.toml")
    except OSError as problem:
        raise errors.StoreError(
            "project_unwritable",
            "{folder} cannot be made a project: {problem}.",
            folder=str(path),
            problem=str(problem),
        ) from None
    if not empty:
        raise errors.StoreError(
            "project_not_empty", "{folder} is not empty. Choose a new folder.", folder=str(path)
        )
    return Project(path, study)


def open_(path: Path) -> Project:
    """The project of a folder.

    Raises
    ------
    StoreError
        When the folder is none.
    """
    if not (path / "study.toml").is_file():
        raise errors.StoreError(
            "no_project",
            "{folder} is no project (it has no study.toml). Make one with: ibasho new {folder} --municipality CODE",
            folder=str(path),
        )
    return Project(path, studies.read(path / "study.toml"))


def read(
    project: Project,
    files: Sequence[Path],
    *,
    kind: sources.Kind | None = None,
    system: str | None = None,
    tier: str | None = None,
    mapping: Mapping[str, str] | None = None,
    before: Sequence[sources.Reading] = (),
    sheet: str | None = None,
    swap_xy: bool = False,
    edition: str | None = None,
    licence: str | None = None,
) -> list[sources.Reading]:
    """Read files for a project without changing it; see :func:`geo.sources.read`.

    ``mapping`` tells which column is which field (``{"name": "施設名"}``) of a list that follows no standard. Files
    are read in their order: small areas, borders and lists of addresses, also those of ``before``, help the lists
    behind them to places without coordinates; a list that is nothing without another one of ``files`` waits for it.
    ``sheet`` is the one of a workbook that is meant; ``swap_xy`` says that latitude stands where longitude belongs.
    ``edition`` and ``licence`` win over what the files tell; where nobody tells, an official file that is named as
    it is published has those of the catalogue.
    """
    told: dict[str, Any] = {"municipality_code": project.study.municipality_code, "kind": kind}
    told |= {"system": system, "tier": tier}
    found: dict[Path, sources.Reading] = {}

    def read_one(file: Path) -> None:
        heights = _may_be_heights(file, kind)
        known = hints(project, [*before, *found.values()], mapping=mapping, heights=heights)
        known = replace(known, sheet=sheet or "", swap_xy=swap_xy)
        reading = sources.read(file, hints=known, **told)
        if reading.schema is schemas.Zones and (reading.table.geom_type == "Point").all():
            reading = _grown_zones(project, reading, [*before, *found.values()])
        told_terms = {k: v for k, v in (("edition", edition), ("licence", licence)) if v}
        found[file] = replace(fetch.recognised(reading), **told_terms)

    waiting = []
    for file in files:
        try:
            read_one(file)
        except (errors.DataError, errors.MissingTableError) as problem:
            if problem.code not in WAITING or len(files) == 1:
                raise
            waiting.append(file)
    for file in waiting:
        read_one(file)
    return [found[file] for file in files]


def _grown_zones(
    project: Project, reading: sources.Reading, readings: Sequence[sources.Reading]
) -> sources.Reading:
    """Zones grown from the points that a file gave, over the streets that are there."""
    there = _with(project, schemas.Zones, readings)
    drawn = there[(there["dataset_id"] == reading.dataset_id) & ~there["approximate"]]
    streets, borders = (_with(project, s, readings) for s in (schemas.Streets, schemas.Municipalities))
    counts = [r.table for r in readings if r.schema is schemas.Statistics]
    ids = {r.dataset_id for r in readings}
    areas = mesh.standing_in(
        _with(project, schemas.SmallAreas, readings),
        _replaced(project.store.read(schemas.Statistics), ids, counts),
        borders,
        municipality_code=project.study.municipality_code,
    )
    if len(drawn):
        raise errors.DataError(
            "zones_drawn",
            "The project has drawn zones of the system {system}: zones grown from {file} would only be rougher. Give "
            "the grown ones another name with --system.",
            system=str(drawn["system"].iloc[0]),
            file=reading.file,
        )
    if areas.empty:
        raise errors.MissingTableError(
            "schools_no_areas",
            "Zones grow from {file} where people live, but the project has no small areas. Import the boundary file of "
            "the census first.",
            file=reading.file,
        )
    table, left = zones.grown(reading.table, areas, streets, study=project.study)
    unused = reading.table.loc[~reading.table["zone_id"].isin(table["zone_id"]), "name"].tolist()
    return replace(
        reading,
        table=table,
        # The same list over other streets makes other zones.
        sha256=manifest.fingerprint(reading.sha256, manifest.digest(table)),
        notes=(*reading.notes, *_grown_notes(len(streets) > 0, len(table), unused, left)),
    )


def _grown_notes(by_street: bool, n: int, unused: Sequence[str], left: float) -> Iterator[sources.Note]:
    if by_street:
        yield sources.Note(
            "unknown",
            "zones_grown_streets",
            "{n} zones are approximate: no file draws them, so each home was given to the nearest school along the "
            "streets. The real borders may run elsewhere.",
            values={"n": n},
        )
    else:
        yield sources.Note(
            "unknown",
            "zones_grown_straight",
            "{n} zones are rough: no file draws them and the project has no streets, so each home was given to the "
            "school that is nearest in a straight line. Import streets, then this file again.",
            values={"n": n},
        )
    if unused:
        yield sources.Note(
            "unknown",
            "zones_grown_unused",
            "{n} schools have no zone, since nobody lives nearest to them or no street leads there: {names}.",
            values={"n": len(unused), "names": ", ".join(unused)},
        )
    if left:
        yield sources.Note(
            "unknown",
            "zones_grown_left",
            "{n} people reach none of these schools and are in no zone.",
            values={"n": round(left)},
        )


def _may_be_heights(file: Path, kind: sources.Kind | None) -> bool:
    return kind == "elevation" or (kind is None and file.is_file() and sources.is_elevation(file))


def hints(
    project: Project,
    readings: Sequence[sources.Reading] = (),
    *,
    mapping: Mapping[str, str] | None = None,
    heights: bool = False,
) -> sources.Hints:
    """What a project, and the files read before, can tell about the next one: addresses, places, layouts.

    ``heights``: also where the nodes of its streets are, which only a terrain model asks for.
    """

    def table(schema: type[schemas.Table]) -> gpd.GeoDataFrame:
        return _with(project, schema, readings)

    areas, borders = table(schemas.SmallAreas), table(schemas.Municipalities)
    own = borders[borders["municipality_code"] == project.study.municipality_code]
    known = [sources.addresses_of(areas, borders), sources.addresses_of_municipalities(borders)]
    shown = own if len(own) else areas
    return sources.Hints(
        mapping=dict(mapping or {}),
        layouts=sources.layouts(project.path),
        addresses=_replaced(table(schemas.Addresses), set(), known),
        places=table(schemas.Places),
        areas=areas,
        nodes=slope.nodes(table(schemas.Streets)) if heights else None,
        borders=borders,
        area=tuple(shown.total_bounds.tolist()) if len(shown) else None,
        municipality=own["qualified_name"].iloc[0] if len(own) else "",
        names=dict(zip(borders["municipality_code"], borders["qualified_name"], strict=True)),
        border=_border(shown, project.study.municipality_code),
        reach_m=project.study.edge_m,
    )


def _border(shapes: gpd.GeoDataFrame, municipality_code: str) -> gpd.GeoSeries | None:
    own = shapes[shapes["municipality_code"] == municipality_code]
    return gpd.GeoSeries([own.union_all()], crs=own.crs) if len(own) else None


def _with(
    project: Project, schema: type[schemas.Table], readings: Sequence[sources.Reading]
) -> gpd.GeoDataFrame:
    """A table as it would be with what was read."""
    parts = [reading.table for reading in readings if reading.schema is schema]
    ids = {reading.dataset_id for reading in readings}
    return gpd.GeoDataFrame(_replaced(project.store.read(schema), ids, parts))


@dataclass(frozen=True)
class Changes:
    """What readings would change in a project; nothing is stored yet.

    Parameters
    ----------
    tables : mapping
        The tables as they would be.
    history : DataFrame
        Every change, as :func:`geo.changes.between` finds them; empty when nothing would be stored.
    first : tuple of str
        Datasets that the project did not have.
    readings : tuple of Reading
        What was read.
    basis : int
        Number of the last change set of the project that they were compared with.
    """

    tables: Mapping[type[schemas.Table], pd.DataFrame]
    history: pd.DataFrame
    first: tuple[str, ...] = ()
    readings: tuple[sources.Reading, ...] = ()
    basis: int = 0

    def of(self, dataset_id: str) -> pd.DataFrame:
        """What a person would see change in one dataset: rows that come, go or differ."""
        own = self.history["dataset_id"] == dataset_id
        kept = self.history["table"].isin(("Datasets", "Notes"))
        return changes.seen(self.history[own & ~kept & (self.history["action"] != "imported")])

    @property
    def replaces(self) -> dict[str, int]:
        """Rows that would be changed or be gone, by dataset; where it is empty nothing is overwritten."""
        # An edit goes only with the value that a list now gives, which is counted there.
        lost = self.history[self.history["action"].isin(("changed", "gone"))]
        lost = lost[lost["dataset_id"] != EDITS]
        counts = {name: _lost_rows(self.of(name)) for name in sorted(lost["dataset_id"].unique())}
        return {name: rows for name, rows in counts.items() if rows}


def _lost_rows(told: pd.DataFrame) -> int:
    return int(told.loc[told["action"] != "added", "row_key"].nunique())


def compare(project: Project, readings: Sequence[sources.Reading]) -> Changes:
    """What readings would change, row by row and by key.

    A dataset replaces the one with the same id. When no row of it would come, go or differ, the dataset stays as
    it is, with the file that it came from.

    Raises
    ------
    DataError
        Two readings are the same dataset, or a table breaks its schema.
    StoreError
        The store cannot be read.
    """
    ids = {reading.dataset_id for reading in readings}
    if len(ids) < len(readings):
        counts = Counter(reading.dataset_id for reading in readings)
        names = sorted(reading.file for reading in readings if counts[reading.dataset_id] > 1)
        raise errors.DataError(
            "same_dataset_twice",
            "Two of these files are the same dataset ({files}). Import them one after the other.",
            files=", ".join(names),
        )
    store = project.store
    basis = _last(store.read(schemas.History))
    datasets, notes = store.read(schemas.Datasets), store.read(schemas.Notes)
    known = datasets.set_index("dataset_id")
    tables: dict[type[schemas.Table], pd.DataFrame] = {}
    found: list[pd.DataFrame] = []
    first = []
    edits = store.read(schemas.Edits)
    hold = edits
    for reading in readings:
        name = reading.dataset_id
        used = _tables_of(reading, known)
        states = {schema: tables[schema] if schema in tables else store.read(schema) for schema in used}
        fresh, left = _fresh(reading, states, hold)
        parts = [_between(schema, states[schema], fresh[schema], name) for schema in used]
        if name in known.index and changes.seen(pd.concat(parts)).empty:
            fresh, parts = {}, []
            if known["sha256"][name] != reading.sha256:
                continue
            left = hold
        hold = left
        fresh[schemas.Datasets] = schemas.conform(schemas.Datasets, pd.DataFrame([reading.dataset()]))
        fresh[schemas.Notes] = schemas.conform(schemas.Notes, notes_of(reading))
        states |= {schemas.Datasets: tables.get(schemas.Datasets, datasets)}
        states |= {schemas.Notes: tables.get(schemas.Notes, notes)}
        told = [
            _between(schema, states[schema], fresh[schema], name)
            for schema in (schemas.Datasets, schemas.Notes)
        ]
        if name not in known.index:
            first.append(name)
            parts, told = [changes.first(reading.schema, dataset_id=name)], []
        if any(len(part) for part in (*parts, *told)):
            found += [*parts, *told]
            tables |= {schema: _replaced(states[schema], {name}, [fresh[schema]]) for schema in fresh}
    for name in _renamed(readings, known):
        found += _taken_out(store, tables, name)
    if len(hold) < len(edits):
        found += _edited(tables, (edits, hold), tables.get(schemas.Datasets, datasets))
    history = pd.concat(
        [pd.DataFrame(columns=list(changes.COLUMNS), dtype=object), *found], ignore_index=True
    )
    return Changes(tables, history, tuple(sorted(first)), tuple(readings), basis)


def _renamed(readings: Sequence[sources.Reading], known: pd.DataFrame) -> list[str]:
    """Zone datasets of the project that are these very files, imported before under another system."""
    ids = {reading.dataset_id for reading in readings}
    files = {reading.sha256 for reading in readings if reading.schema is schemas.Zones}
    same = known[(known["table"] == schemas.Zones.__name__) & known["sha256"].isin(files)]
    return sorted(set(same.index) - ids)


def _taken_out(
    store: Store, tables: dict[type[schemas.Table], pd.DataFrame], name: str
) -> list[pd.DataFrame]:
    """What it changes that a dataset of zones goes, in the tables and for the history."""
    parts = []
    for schema in (schemas.Zones, schemas.Datasets, schemas.Notes):
        state = tables[schema] if schema in tables else store.read(schema)
        parts.append(_between(schema, state, schemas.empty(schema), name))
        tables[schema] = _replaced(state, {name}, [])
    return parts


def _tables_of(reading: sources.Reading, known: pd.DataFrame) -> list[type[schemas.Table]]:
    """The table of a reading, and the one that the same dataset was taken for before."""
    before = known["table"].get(reading.dataset_id)
    return [s for s in schemas.Table.__subclasses__() if s is reading.schema or s.__name__ == before]


def _fresh(
    reading: sources.Reading, states: Mapping[type[schemas.Table], pd.DataFrame], edits: pd.DataFrame
) -> tuple[dict[type[schemas.Table], pd.DataFrame], pd.DataFrame]:
    """The tables of a reading with what persons changed, and the edits of the project that still hold."""
    fresh = {schema: schemas.empty(schema) for schema in states}
    table = schemas.conform(reading.schema, reading.table)
    if schemas.Places not in states:
        return {**fresh, reading.schema: table}, edits
    old = states[schemas.Places]
    old = old[old["dataset_id"] == reading.dataset_id]
    own = edits["place_id"].isin(old["place_id"])
    hold = edits[own][:0]
    if reading.schema is schemas.Places:
        aligned = registry.aligned(table, entries.as_listed(old, edits[own]))
        table, hold = entries.kept(aligned, edits[own])
    both = [part for part in (edits[~own], hold) if len(part)]
    return {**fresh, reading.schema: table}, _joined(both, schemas.Edits)


def _joined(parts: Sequence[pd.DataFrame], schema: type[schemas.Table]) -> pd.DataFrame:
    table: pd.DataFrame = schemas.conform(schema, pd.concat(parts)) if parts else schemas.empty(schema)
    return table


def _edited(
    tables: dict[type[schemas.Table], pd.DataFrame],
    edits: tuple[pd.DataFrame, pd.DataFrame],
    datasets: pd.DataFrame,
) -> list[pd.DataFrame]:
    """What it changes that there are other edits than before, in the tables and for the history."""
    before, after = edits
    noted = _by_persons(after, schemas.Edits, EDITS)
    tables |= {schemas.Edits: after, schemas.Datasets: _replaced(datasets, {EDITS}, [noted])}
    return [
        changes.between(schemas.Edits, before, after, dataset_id=EDITS),
        _between(schemas.Datasets, datasets, noted, EDITS),
    ]


def _between(
    schema: type[schemas.Table], before: pd.DataFrame, after: pd.DataFrame, name: str
) -> pd.DataFrame:
    return changes.between(schema, before[before["dataset_id"] == name], after, dataset_id=name)


def add(
    project: Project,
    readings: Sequence[sources.Reading],
    *,
    accept: bool = False,
    when: str | None = None,
    who: str | None = None,
) -> Changes:
    """Put what was read into the project: all of it or, when anything fails, nothing.

    New datasets and new rows are stored at once. What would change or remove rows is only stored when that was
    accepted. Every change is kept in the project's history, with the data, in one commit.

    Parameters
    ----------
    project : Project
    readings : sequence of Reading
    accept : bool
        Whether rows may be changed and removed.
    when, who : str, optional
        For the history: the time, ISO 8601, and the person.

    Returns
    -------
    changes : Changes
        What was stored.

    Raises
    ------
    DataError
        Rows would be changed or removed and that was not accepted; two readings are the same dataset; a table
        breaks its schema.
    StoreError
        The store cannot be read or written.
    """
    found = compare(project, readings)
    if found.replaces and not accept:
        raise refusal(found)
    keep(project, found, when=when, who=who)
    return found


def refusal(found: Changes) -> errors.DataError:
    """The sentence for changes that nobody has accepted."""
    return errors.DataError(
        "import_replaces",
        "{datasets}: {n} rows that the project has would be changed or removed. Nothing was stored. Look at the "
        "changes, then give the same command with --accept.",
        datasets=", ".join(found.replaces),
        n=sum(found.replaces.values()),
    )


def keep(project: Project, found: Changes, *, when: str | None = None, who: str | None = None) -> None:
    """Store changes that were found, with their history, in one commit; nothing when there are none.

    Raises
    ------
    StoreError
        Somebody else has changed the project since they were found: theirs is kept.
    """
    with locked(project.path):
        if not found.history.empty:
            past = project.store.read(schemas.History)
            if _last(past) != found.basis:
                raise errors.StoreError(
                    "project_changed",
                    "{folder} was changed by somebody else in the meantime, so nothing was stored. Do it again.",
                    folder=str(project.path),
                )
            project.store.commit({**found.tables, schemas.History: _grown(past, found.history, when, who)})
        sources.save_layouts(project.path, found.readings)


def _last(past: pd.DataFrame) -> int:
    """Number of the last change set; 0: there is none."""
    return 0 if past.empty else int(past["change"].max())


def _grown(past: pd.DataFrame, found: pd.DataFrame, when: str | None, who: str | None) -> pd.DataFrame:
    change = _last(past) + 1
    rows = found.assign(change=change, number=range(1, len(found) + 1), changed_at=when, changed_by=who)
    return rows if past.empty else pd.concat([past.astype(object), rows.astype(object)], ignore_index=True)


def undo(project: Project, *, when: str | None = None, who: str | None = None) -> pd.DataFrame:
    """Take back the last change set that was not taken back yet; the history keeps both.

    Returns
    -------
    changes : schemas.History
        What was taken back.

    Raises
    ------
    DataError
        When there is nothing to take back.
    """
    with locked(project.path):
        return _undo(project, when, who)


def _undo(project: Project, when: str | None, who: str | None) -> pd.DataFrame:
    store = project.store
    past = store.read(schemas.History)
    taken = set(past.loc[past["action"] == "undone", "row_key"].astype(int))
    numbers = set(past.loc[past["action"] != "undone", "change"].astype(int)) - taken
    if not numbers:
        raise errors.DataError(
            "nothing_to_undo",
            "{folder} has no change that could be taken back.",
            folder=str(project.path),
        )
    last = past[past["change"] == max(numbers)].reset_index(drop=True)
    imported = set(last.loc[last["action"] == "imported", "dataset_id"])
    rows = last[last["action"] != "imported"]
    tables: dict[type[schemas.Table], pd.DataFrame] = {}
    for schema in schemas.Table.__subclasses__():
        own = rows[rows["table"] == schema.__name__]
        if "dataset_id" not in schemas.columns_of(schema) or schema is schemas.History:
            if len(own):
                tables[schema] = changes.undone(schema, store.read(schema), own)
            continue
        state = store.read(schema)
        kept = _replaced(state, imported, [])
        if len(own) or len(kept) < len(state):
            tables[schema] = changes.undone(schema, kept, own)
    mark = pd.DataFrame(
        [("", "", "undone", str(max(numbers)), None, None, None)], columns=list(changes.COLUMNS)
    )
    store.commit({**tables, schemas.History: _grown(past, mark, when, who)})
    return last


def decide(
    project: Project,
    place_id: str,
    other_id: str,
    decision: Literal["same", "different"] | None,
    *,
    when: str | None = None,
    who: str | None = None,
) -> None:
    """Keep what a person says about two places that may be one; None takes it back.

    Raises
    ------
    DataError
        When the project has no such places, or the decision contradicts others.
    """
    store = project.store
    basis = _last(store.read(schemas.History))
    places, before = store.read(schemas.Places), store.read(schemas.Duplicates)
    pair = registry.decided(places, place_id, other_id, decision)
    keys = schemas.keys_of(schemas.Duplicates)
    is_pair = (before[keys].to_numpy() == pair[keys].to_numpy()).all(axis=1)
    parts = [part for part in (before[~is_pair], pair if decision else before[:0]) if len(part)]
    after = schemas.conform(schemas.Duplicates, pd.concat(parts)) if parts else before[:0]
    registry.duplicates(places, after)  # raises when it contradicts what was said before
    datasets = store.read(schemas.Datasets)
    noted = _by_persons(after, schemas.Duplicates, DECISIONS)
    found = [
        changes.between(schemas.Duplicates, before, after, dataset_id=DECISIONS),
        _between(schemas.Datasets, datasets, noted, DECISIONS),
    ]
    tables = {schemas.Duplicates: after, schemas.Datasets: _replaced(datasets, {DECISIONS}, [noted])}
    keep(project, Changes(tables, pd.concat(found, ignore_index=True), basis=basis), when=when, who=who)


def edit(
    project: Project,
    place_id: str,
    fields: Mapping[str, Any],
    *,
    when: str | None = None,
    who: str | None = None,
) -> Changes:
    """Keep what a person changes in one entry of the registry; it can be taken back like an import.

    A newer edition of its list does not undo it while the list says what it said; where the list says something new,
    that is shown as a change and needs to be accepted.

    Parameters
    ----------
    project : Project
    place_id : str
    fields : mapping
        Of :data:`geo.entries.FIELDS`.
    when, who : str, optional
        For the history: the time, ISO 8601, and the person.

    Returns
    -------
    changes : Changes
        What was stored; without history when nothing differs.

    Raises
    ------
    DataError
        See :func:`geo.entries.changed`.
    StoreError
        The store cannot be read or written.
    """
    store = project.store
    basis = _last(store.read(schemas.History))
    places, edits = store.read(schemas.Places), store.read(schemas.Edits)
    after = entries.changed(places, place_id, fields)
    name = str(after.loc[after["place_id"] == place_id, "dataset_id"].iloc[0])
    tables: dict[type[schemas.Table], pd.DataFrame] = {schemas.Places: after}
    found = [changes.between(schemas.Places, places, after, dataset_id=name)]
    if len(found[0]):
        noted = entries.noted(edits, places, after)
        found += _edited(tables, (edits, noted), store.read(schemas.Datasets))
    made = Changes(tables, pd.concat(found, ignore_index=True), basis=basis)
    keep(project, made, when=when, who=who)
    return made


def _by_persons(table: pd.DataFrame, schema: type[schemas.Table], name: str) -> pd.DataFrame:
    """What persons said as a dataset: it changes numbers, so a run must tell and fingerprint it."""
    if table.empty:
        return schemas.empty(schemas.Datasets)
    row = {"dataset_id": name, "kind": schema.__name__.lower(), "table": schema.__name__, "file": "-"}
    row |= {"sha256": manifest.digest(table)}
    blank = dict.fromkeys(("edition", "licence", "encoding", "crs"))
    rows = {"rows": len(table), "kept": len(table)}
    return schemas.conform(schemas.Datasets, pd.DataFrame([{**row, **blank, **rows}]))


def _replaced(old: pd.DataFrame, ids: set[str], new: Sequence[pd.DataFrame]) -> pd.DataFrame:
    kept = old[~old["dataset_id"].isin(ids)]
    parts = [part for part in (kept, *new) if len(part)]
    if not parts:
        return kept
    table = pd.concat(parts, ignore_index=True)
    return (
        gpd.GeoDataFrame(table, geometry="geometry", crs=old.crs)
        if isinstance(old, gpd.GeoDataFrame)
        else table
    )


def notes_of(reading: sources.Reading) -> pd.DataFrame:
    """What was noticed while reading a file, as the rows of ``schemas.Notes``."""
    return pd.DataFrame(
        [
            {
                "dataset_id": reading.dataset_id,
                "number": number,
                "level": note.level,
                "code": note.code,
                "row": note.row,
                "template": note.template,
                "values": json.dumps(dict(note.values), ensure_ascii=False, default=str),
            }
            for number, note in enumerate(reading.notes, start=1)
        ],
        columns=schemas.columns_of(schemas.Notes),
    )


def need(project: Project, schema: type[schemas.Table], kind: str) -> pd.DataFrame:
    """A table that this step cannot do without.

    Raises
    ------
    MissingTableError
        With the kind of file to import.
    """
    table: pd.DataFrame = project.store.read(schema)
    if table.empty:
        raise errors.MissingTableError(
            "missing_table",
            "The project {folder} has no {kind} yet. Import a file: ibasho import {folder} FILE",
            folder=str(project.path),
            kind=kind,
        )
    return table
