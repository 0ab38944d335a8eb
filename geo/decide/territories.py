"""Areas of work for coordinators (地域福祉コーディネーター): each small area has one, nobody has far more than another.

Territories are connected, of like load, and compact. One more coordinator never makes the heaviest load heavier: the
answer for n + 1 starts from that for n with its heaviest territory divided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geo import errors

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Territories:
    """Who works where."""

    table: pd.DataFrame
    """``area_id, territory`` (1 …), sorted by area."""
    loads: pd.DataFrame
    """``territory, areas, load, share_of_mean, travel_m``."""
    largest: float
    bound: float
    """No division has a smaller largest load: the mean, or the heaviest single area."""
    bridges: tuple[tuple[str, str], ...]
    """Areas that do not touch but were taken as neighbours, since otherwise a part of the ward is cut off."""


def divide(
    areas: pd.DataFrame, neighbours: Sequence[tuple[str, str]], *, number: int, seed: int = 0
) -> Territories:
    """Connected territories of like load.

    Parameters
    ----------
    areas : DataFrame
        ``area_id, load, x, y`` (metres): the work in each area, and its middle.
    neighbours : sequence of (str, str)
        Areas that touch.
    number : int
        Coordinators, at most as many as areas.
    seed : int

    Returns
    -------
    territories : Territories
        A local search: ``bound`` tells how far from the best it can be. The largest load for ``number`` is never above
        that for fewer.

    Raises
    ------
    DataError
        More coordinators than areas, or loads that are not known.

    Examples
    --------
    >>> row = pd.DataFrame({"area_id": list("abcd"), "load": [1.0, 1, 1, 1], "x": [0.0, 1, 2, 3], "y": 0.0})
    >>> divide(row, [("a", "b"), ("b", "c"), ("c", "d")], number=2).table["territory"].tolist()
    [1, 1, 2, 2]
    """
    own = areas.sort_values("area_id", kind="stable").reset_index(drop=True)
    load = own["load"].to_numpy(float)
    if not 1 <= number <= len(own) or not (np.isfinite(load) & (load >= 0)).all():
        raise errors.DataError(
            "territories_invalid",
            "{number} coordinators for {areas} areas, {unknown} of which have no known work: give 1 to {areas} "
            "coordinators, and a number of 0 or more for each area.",
            number=number,
            areas=len(own),
            unknown=int((~(np.isfinite(load) & (load >= 0))).sum()),
        )
    at = own[["x", "y"]].to_numpy(float)
    links, bridges = _links(own["area_id"].tolist(), neighbours, at)
    task = _Task(load, at, links)
    labels = np.zeros(len(own), dtype=np.int64)
    for count in range(1, number):
        labels = task.improve(task.split(labels, count))
    random = np.random.Generator(np.random.PCG64(seed))
    for _ in range(STARTS):
        other = task.improve(task.grow(number, random))
        if task.value(other) < task.value(labels):
            labels = other
    labels = _named(labels)
    table = pd.DataFrame({"area_id": own["area_id"], "territory": labels})
    told = loads(own, table)
    names = own["area_id"].tolist()
    return Territories(
        table,
        told,
        float(told["load"].max()),
        max(float(load.sum()) / number, float(load.max())),
        tuple((names[a], names[b]) for a, b in bridges),
    )


STARTS = 8
"""Fresh starts beside the one that grew from fewer coordinators. The largest load of fewer is kept as a limit by the
latter alone, so these can only help."""


def loads(areas: pd.DataFrame, assigned: pd.DataFrame) -> pd.DataFrame:
    """The load and the ways of each territory: for the proposed division, and for the present one.

    Parameters
    ----------
    areas : DataFrame
        ``area_id, load, x, y``.
    assigned : DataFrame
        ``area_id, territory``.

    Returns
    -------
    loads : DataFrame
        ``territory, areas, load, share_of_mean, travel_m``: mean distance of the work from its middle, as the crow
        flies; NaN where there is no work.
    """
    table = areas.merge(assigned, on="area_id")
    rows = []
    for territory, part in table.groupby("territory", sort=True):
        work, at = part["load"].to_numpy(float), part[["x", "y"]].to_numpy(float)
        middle = at[_middle(at, work)]
        away = np.hypot(*(at - middle).T)
        mean = float(work @ away / work.sum()) if work.sum() > 0 else float("nan")
        rows.append((territory, len(part), float(work.sum()), mean))
    told = pd.DataFrame(rows, columns=["territory", "areas", "load", "travel_m"])
    mean_load = told["load"].mean()
    told.insert(3, "share_of_mean", told["load"] / mean_load if mean_load > 0 else np.nan)
    return told


def _middle(at: Array, work: Array) -> int:
    """The area from which all work is nearest in sum."""
    return int(np.argmin(np.hypot(at[:, None, 0] - at[None, :, 0], at[:, None, 1] - at[None, :, 1]) @ work))


def _links(
    ids: list[str], neighbours: Sequence[tuple[str, str]], at: Array
) -> tuple[list[list[int]], list[tuple[int, int]]]:
    """Neighbours of each area, with the shortest bridges that make the whole connected."""
    place = {name: i for i, name in enumerate(ids)}
    pairs = {(place[a], place[b]) for a, b in neighbours if a in place and b in place and a != b}
    pairs = {(min(pair), max(pair)) for pair in pairs}
    bridges: list[tuple[int, int]] = []
    while True:
        edges = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
        graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(len(ids), len(ids)))
        count, part = connected_components(graph, directed=False)
        if count == 1:
            break
        inside, outside = np.flatnonzero(part == 0), np.flatnonzero(part != 0)
        apart, nearest = cKDTree(at[outside]).query(at[inside])
        a = int(np.argmin(apart))
        bridge = (int(inside[a]), int(outside[nearest[a]]))
        bridges.append(bridge)
        pairs.add((min(bridge), max(bridge)))
    links: list[list[int]] = [[] for _ in ids]
    for a, b in sorted(pairs):
        links[a].append(b)
        links[b].append(a)
    return links, bridges


@dataclass(frozen=True)
class _Task:
    load: Array
    at: Array
    links: list[list[int]]

    def value(self, labels: Labels) -> tuple[float, float, float]:
        """What is made small: the largest load, then uneven loads, then ways."""
        sums = np.bincount(labels, weights=self.load)
        sizes = np.bincount(labels)[:, None]
        middle = np.stack([np.bincount(labels, weights=self.at[:, axis]) for axis in (0, 1)], axis=1) / sizes
        ways = float((self.load * np.hypot(*(self.at - middle[labels]).T)).sum())
        return round(float(sums.max()), 9), round(float((sums**2).sum()), 6), round(ways, 6)

    def connected(self, members: set[int]) -> bool:
        """Whether areas hang together."""
        if not members:
            return False
        seen, stack = set(), [min(members)]
        while stack:
            area = stack.pop()
            if area not in seen:
                seen.add(area)
                stack += [other for other in self.links[area] if other in members]
        return len(seen) == len(members)

    def split(self, labels: Labels, fresh: int) -> Labels:
        """The heaviest territory that can be divided, cut along the best branch of a tree."""
        sums = np.bincount(labels, weights=self.load)
        sizes = np.bincount(labels)
        heavy = max(np.flatnonzero(sizes > 1), key=lambda one: (sums[one], -one))
        members = [int(i) for i in np.flatnonzero(labels == heavy)]
        best: tuple[float, int, list[int]] | None = None
        for root in {members[0], members[-1]}:
            for branch in self._branches(root, set(members)):
                part = float(self.load[branch].sum())
                largest = max(part, float(sums[heavy]) - part)
                if best is None or (largest, branch[0]) < best[:2]:
                    best = (largest, branch[0], branch)
        changed = labels.copy()
        if best is not None:
            changed[best[2]] = fresh
        return changed

    def _branches(self, root: int, members: set[int]) -> list[list[int]]:
        """What hangs below each area of a breadth-first tree, the root's own left out."""
        order, parent = [root], {root: -1}
        for area in order:
            for other in self.links[area]:
                if other in members and other not in parent:
                    parent[other] = area
                    order.append(other)
        below = {area: [area] for area in order}
        for area in reversed(order[1:]):
            below[parent[area]] += below[area]
        return [below[area] for area in order[1:]]

    def grow(self, number: int, random: np.random.Generator) -> Labels:
        """Territories from random first areas, always the lightest takes the next."""
        labels = np.full(len(self.load), -1, dtype=np.int64)
        sums = np.zeros(number)
        for territory, area in enumerate(random.permutation(len(self.load))[:number]):
            labels[area], sums[territory] = territory, self.load[area]
        while (labels < 0).any():
            for territory in np.argsort(sums, kind="stable"):
                edge = [
                    other
                    for area in np.flatnonzero(labels == territory)
                    for other in self.links[area]
                    if labels[other] < 0
                ]
                if edge:
                    middle = self.at[labels == territory].mean(axis=0)
                    area = min(edge, key=lambda one: (float(np.hypot(*(self.at[one] - middle))), one))
                    labels[area] = territory
                    sums[territory] += self.load[area]
                    break
        return labels

    def improve(self, labels: Labels) -> Labels:
        """Areas at a border change sides while that makes the value smaller."""
        labels = labels.copy()
        value = self.value(labels)
        moved = True
        while moved:
            moved = False
            for area in range(len(labels)):
                own = labels[area]
                for other in sorted({int(labels[near]) for near in self.links[area]} - {int(own)}):
                    labels[area] = other
                    fresh = self.value(labels) if (labels == own).any() else value
                    rest = {int(i) for i in np.flatnonzero(labels == own)}
                    if fresh < value and self.connected(rest):
                        value, own, moved = fresh, np.int64(other), True
                    else:
                        labels[area] = own
        return labels


def _named(labels: Labels) -> Labels:
    """Territories numbered from 1 by their first area."""
    first: dict[int, int] = {}
    for label in labels:
        first.setdefault(int(label), len(first) + 1)
    return np.array([first[int(label)] for label in labels], dtype=np.int64)
