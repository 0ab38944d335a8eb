"""What if: places opened, closed, moved or changed, streets and crossings added; any number side by side.

A scenario is a value: the same scenario on the same tables gives the same tables, and nothing of the project changes
until its places are imported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from geo import errors, schedule, schemas

CHANGEABLE = ("kind", "targets_known", "targets", "opening_text", "open_days_per_week", "capacity", "status")
PLANNED = "planned"
"""How ids of places begin that a plan brings into the registry."""
DAYS_ALIKE = 0.05
"""Days a week that differ by less are the same: months have no whole weeks."""
SCENARIO = "scenario"
"""The dataset of places and streets that a scenario adds."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Scenario:
    """A set of changes; positions in the plane zone of the study, metres.

    Parameters
    ----------
    name : str
    opened : mapping of str to (Point, mapping)
        New places by id: where, and any of the columns of ``schemas.Places`` (``name``, ``open_days_per_week`` …); what
        is not said is open to everybody on unknown days.
    closed : tuple of str
    moved : mapping of str to Point
    changed : mapping of str to mapping
        New hours, targets, capacity … by place.
    streets : tuple of (Point, Point)
        New ways, each joined to the nearest node of the network at both ends.
    cost_yen : float
        Of all actions together, for the comparison.
    """

    name: str
    opened: Mapping[str, tuple[Point, Mapping[str, object]]] = field(default_factory=dict)
    closed: tuple[str, ...] = ()
    moved: Mapping[str, Point] = field(default_factory=dict)
    changed: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    streets: tuple[tuple[Point, Point], ...] = ()
    cost_yen: float = 0

    @property
    def actions(self) -> int:
        """How many changes."""
        return len(self.opened) + len(self.closed) + len(self.moved) + len(self.changed) + len(self.streets)


def agreeing(said: Mapping[str, object]) -> dict[str, object]:
    """What is said of a place, so that its opening words and its days a week tell the same.

    Words that say days bring them; days that are said alone take the words away, which told of other days.

    Raises
    ------
    DataError
        The words say other days than the number.

    Examples
    --------
    >>> agreeing({"opening_text": "Tu,Th 10:00-15:00"})
    {'opening_text': 'Tu,Th 10:00-15:00', 'open_days_per_week': 2.0}
    >>> agreeing({"open_days_per_week": 5.0})
    {'open_days_per_week': 5.0, 'opening_text': None}
    """
    told = dict(said)
    words, days = told.get("opening_text"), told.get("open_days_per_week")
    if words:
        read = schedule.days_per_week(schedule.parse(str(words)).schedule)
        if isinstance(days, int | float) and not math.isnan(read) and abs(read - days) > DAYS_ALIKE:
            raise errors.DataError(
                "scenario_hours",
                "The opening words {words!r} are {read} days a week, but {days} are given. Leave one of them out.",
                words=words,
                read=round(read, 2),
                days=days,
            )
        told["open_days_per_week"] = read if days is None or not math.isnan(read) else days
    elif "open_days_per_week" in told and "opening_text" not in told:
        told["opening_text"] = None
    if "targets" in told:
        told["targets_known"] = True
    return told


def places_then(scenario: Scenario, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The places as they would be.

    Parameters
    ----------
    scenario : Scenario
    places : schemas.Places
        In a plane zone.

    Returns
    -------
    places : schemas.Places

    Raises
    ------
    DataError
        A place that is not there, or is there already, or a column that no scenario changes.

    Examples
    --------
    >>> from geo import schemas
    >>> none = schemas.empty(schemas.Places).to_crs("EPSG:6677")
    >>> places_then(Scenario("one more", opened={"p": ((0, 0), {"name": "Hut"})}), none)["name"].tolist()
    ['Hut']
    """
    known = set(places["place_id"])
    asked = [*scenario.closed, *scenario.moved, *scenario.changed]
    strange = sorted({name for name in asked if name not in known} | (known & set(scenario.opened)))
    columns = {column for change in scenario.changed.values() for column in change} - set(CHANGEABLE)
    if strange or columns:
        raise errors.DataError(
            "scenario_places",
            "The scenario {name} cannot be applied: places that are not there, or are there already ({places}); "
            "columns that cannot be changed ({columns}).",
            name=scenario.name,
            places=", ".join(strange) or "-",
            columns=", ".join(sorted(columns)) or "-",
        )
    then = places.set_index("place_id", drop=False)
    then.loc[then["place_id"].isin(scenario.closed), "status"] = "closed"
    for name, change in scenario.changed.items():
        for column, value in agreeing(change).items():
            then.loc[name, column] = value
    for name, point in scenario.moved.items():
        then.loc[name, "geometry"] = shapely.Point(point)
    fresh = [_place(name, point, agreeing(said)) for name, (point, said) in scenario.opened.items()]
    parts = [then.reset_index(drop=True), *([gpd.GeoDataFrame(fresh, crs=places.crs)] if fresh else [])]
    parts = [part for part in parts if len(part)]
    if not parts:
        return gpd.GeoDataFrame(places)
    frame = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=places.crs)
    return gpd.GeoDataFrame(schemas.conform(schemas.Places, frame))


def _place(name: str, point: Point, said: Mapping[str, object]) -> dict[str, object]:
    blank: dict[str, object] = dict.fromkeys(schemas.columns_of(schemas.Places))
    common = {
        "place_id": name,
        "name": name,
        "kind": "ibasho",
        "targets": "all",
        "targets_known": True,
        "status": "open",
        "do_not_publish": False,
        "precision": "point",
        "source_row": 0,
        "dataset_id": SCENARIO,
    }
    return {**blank, **common, **said, "geometry": shapely.Point(point)}


def streets_then(scenario: Scenario, streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The streets with the new ways.

    Parameters
    ----------
    scenario : Scenario
    streets : schemas.Streets
        In a plane zone.

    Returns
    -------
    streets : schemas.Streets
        A new way is as long as it is drawn, and ends at the nodes nearest to what was drawn.
    """
    if not scenario.streets:
        return streets
    if streets.empty:
        raise errors.MissingTableError(
            "scenario_streets",
            "The scenario {name} adds streets, but there is no street network to add them to. Import streets first.",
            name=scenario.name,
        )
    ends = shapely.get_coordinates(shapely.get_point(streets.geometry.to_numpy(), 0))
    tails = shapely.get_coordinates(shapely.get_point(streets.geometry.to_numpy(), -1))
    at = np.vstack([ends, tails])
    names = np.concatenate([streets["u"].to_numpy(dtype=object), streets["v"].to_numpy(dtype=object)])
    tree = cKDTree(at)
    rows = []
    for number, (start, end) in enumerate(scenario.streets):
        near = tree.query([start, end])[1]
        line = shapely.LineString([at[near[0]], start, end, at[near[1]]])
        rows.append(
            {
                **dict.fromkeys(schemas.columns_of(schemas.Streets)),
                "street_id": f"{SCENARIO}:{number}",
                "u": names[near[0]],
                "v": names[near[1]],
                "length_m": line.length,
                "kind": "footway",
                "stairs": False,
                "dataset_id": SCENARIO,
                "geometry": line,
            }
        )
    added = gpd.GeoDataFrame(rows, crs=streets.crs).dropna(axis=1, how="all")
    frame = gpd.GeoDataFrame(pd.concat([streets, added], ignore_index=True), crs=streets.crs)
    return gpd.GeoDataFrame(schemas.conform(schemas.Streets, frame))


def numbers(coverage_shares: pd.DataFrame, zone_summary: pd.DataFrame) -> pd.DataFrame:
    """Every number of a run that can be compared, in long form.

    Parameters
    ----------
    coverage_shares : DataFrame
        ``group, kind, limit_m, people, covered_people, covered_share`` of the whole area.
    zone_summary : schemas.ZoneSummary

    Returns
    -------
    numbers : DataFrame
        ``zone_id`` (empty: the whole area), ``group, kind, limit_m, measure, value``.
    """
    keys = ["zone_id", "group", "kind", "limit_m"]
    whole = coverage_shares.assign(zone_id="")[[*keys, "people", "covered_people", "covered_share"]]
    zones = zone_summary[[*keys, "people", "covered_people", "covered_share", "places"]]
    tall = [part.melt(id_vars=keys, var_name="measure", value_name="value") for part in (whole, zones)]
    frame = pd.concat([part.astype({"value": float}) for part in tall], ignore_index=True)
    return frame.sort_values([*keys, "measure"], kind="stable", ignore_index=True)


def compare(now: pd.DataFrame, then: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Numbers of scenarios beside those of now.

    Parameters
    ----------
    now : DataFrame
        Of :func:`numbers`, or any table whose last column is ``value``.
    then : mapping of str to DataFrame
        By the name of the scenario.

    Returns
    -------
    comparison : DataFrame
        The keys, ``now``, and for each scenario its value and ``NAME_change``. A number that one side lacks is NaN.
    """
    keys = [column for column in now if column != "value"]
    table = now.rename(columns={"value": "now"})
    for name, own in then.items():
        table = table.merge(own.rename(columns={"value": name}), on=keys, how="outer")
        table[f"{name}_change"] = table[name] - table["now"]
    return table.sort_values(keys, kind="stable", ignore_index=True)


def planned(
    chosen: gpd.GeoDataFrame, *, open_days_per_week: float, opening_text: str | None = None
) -> gpd.GeoDataFrame:
    """Chosen new sites as entries of the registry, so that a plan is never typed again.

    Parameters
    ----------
    chosen : schemas.Options
        Rows with the action ``open``; others are left out.
    open_days_per_week : float
        As planned.
    opening_text : str, optional
        The planned hours.

    Returns
    -------
    places : schemas.Places
        Status ``planned``: they are drawn and counted in no coverage until they open.
    """
    new = chosen[(chosen["action"] == "open") & (chosen["standing"] != "existing")]
    told = {"open_days_per_week": open_days_per_week, "opening_text": opening_text}
    rows = {
        row.site_id: (
            (row.geometry.x, row.geometry.y),
            {**told, "name": row.site_id, "capacity": row.capacity},
        )
        for row in new.itertuples()
    }
    return entries(rows, crs=chosen.crs)


def entries(
    opened: Mapping[str, tuple[Point, Mapping[str, object]]], *, crs: object, stage: str = "consulting"
) -> gpd.GeoDataFrame:
    """Places that a plan opens as entries of the registry.

    Parameters
    ----------
    opened : mapping of str to (Point, mapping)
        As in :class:`Scenario`, in the plane zone ``crs``.
    stage : str
        Of :data:`geo.schemas.STAGES`; brings the status.

    Returns
    -------
    places : schemas.Places
        Not published: nobody has agreed to that yet.
    """
    life = {"stage": stage, "status": schemas.STAGES[stage], "do_not_publish": True}
    rows = [
        _place(f"{PLANNED}:{name}", point, {**agreeing(said), **life, "source_row": number})
        for number, (name, (point, said)) in enumerate(sorted(opened.items()), start=2)
    ]
    if not rows:
        return gpd.GeoDataFrame(schemas.empty(schemas.Places).to_crs(crs))
    return gpd.GeoDataFrame(schemas.conform(schemas.Places, gpd.GeoDataFrame(rows, crs=crs)))
