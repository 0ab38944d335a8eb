"""Distances: a town known by hand, laws that always hold, and an oracle that splits the streets itself."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import access, errors, kernels, network, schemas
from geo.sources import streets as reader

PLANE = "EPSG:6677"
XY = tuple[float, float]
quiet = settings(deadline=None, max_examples=80)


def streets(rows: list[tuple[str, str, str, list[XY]]]) -> gpd.GeoDataFrame:
    lines = [shapely.LineString(xy) for *_, xy in rows]
    frame = pd.DataFrame([row[:3] for row in rows], columns=["street_id", "u", "v"])
    frame["length_m"] = [line.length for line in lines]
    return gpd.GeoDataFrame(frame, geometry=lines, crs=PLANE)


def table(key: str, at: dict[str, XY], crs: str | None = PLANE) -> gpd.GeoDataFrame:
    geometry = gpd.GeoSeries([shapely.Point(xy) for xy in at.values()], crs=crs)
    return gpd.GeoDataFrame({key: list(at)}, geometry=geometry, crs=crs)


def homes(**at: XY) -> gpd.GeoDataFrame:
    return table("origin_id", at)


def places(**at: XY) -> gpd.GeoDataFrame:
    return table("place_id", at)


def rows(found: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(found.itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def town() -> network.Network:
    """A horseshoe: from a (0, 0) up, over, and down to d (300, 0), which is 300 m off but 500 m to walk."""
    return network.build(
        streets(
            [
                ("s1", "a", "b", [(0, 0), (0, 100)]),
                ("s2", "b", "c", [(0, 100), (300, 100)]),
                ("s3", "c", "d", [(300, 100), (300, 0)]),
            ]
        ),
        crs=PLANE,
    )


STRAIGHT = access.StraightLine(1.3)


# --- on the streets


def test_the_walk_follows_the_streets_and_counts_the_way_to_them(town: network.Network) -> None:
    found = access.distances(
        town,
        homes(at_a=(0, 0), off=(-10, 40)),
        places(at_d=(300, 0), above=(150, 130)),
        limit_m=1000,
    )
    assert rows(found) == [
        ("at_a", "above", 280.0),  # 100 up, 150 along, 30 off the street
        ("at_a", "at_d", 500.0),
        ("off", "above", 250.0),
        ("off", "at_d", 470.0),
    ]
    assert rows(schemas.conform(schemas.Distances, found)) == rows(found)


def test_a_limit_is_met_exactly(town: network.Network) -> None:
    home, place = homes(h=(0, 0)), places(p=(300, 0))
    assert len(access.distances(town, home, place, limit_m=500)) == 1
    assert len(access.distances(town, home, place, limit_m=499.9)) == 0
    assert len(access.distances(town, home, place, limit_m=499.96)) == 0
    assert len(access.distances(town, home, place, limit_m=float(np.nextafter(500, 0)))) == 1
    three = [(100.3, 100), (200.4, 100), (299.3, 100)]  # tenths that floats do not add exactly
    for x, y in three:
        walk = 100 + x
        assert len(access.distances(town, home, places(p=(x, y)), limit_m=walk)) == 1


def test_two_points_on_one_street_meet_without_going_to_its_ends(town: network.Network) -> None:
    home, place = homes(h=(100, 105)), places(p=(130, 98), q=(100, 90))
    found = access.distances(town, home, place, limit_m=50)
    assert rows(found) == [("h", "p", 37.0), ("h", "q", 15.0)]
    assert rows(access.nearest(town, home, place, k=2)) == [("h", 1, "q", 15.0), ("h", 2, "p", 37.0)]


def test_the_way_round_may_be_shorter_than_the_street_that_both_stand_on() -> None:
    net = network.build(
        streets(
            [
                ("bend", "a", "b", [(0, 0), (0, 200), (60, 200), (60, 0)]),
                ("direct", "a", "b", [(0, 0), (60, 0)]),
                ("loop", "b", "b", [(60, 0), (160, 0), (160, -100), (60, -100), (60, 0)]),
            ]
        ),
        crs=PLANE,
    )
    found = access.distances(net, homes(h=(0, 10)), places(p=(60, 10)), limit_m=1000)
    assert rows(found) == [("h", "p", 80.0)]
    around = access.distances(net, homes(h=(70, 0)), places(p=(60, -10), q=(90, 0)), limit_m=1000)
    assert rows(around) == [("h", "p", 20.0), ("h", "q", 20.0)]


def test_searching_from_either_side_gives_the_same(town: network.Network) -> None:
    one, many = (10.0, 103.0), {f"x{i}": (30.0 * i, 97.0) for i in range(10)}
    forth = access.distances(town, table("origin_id", many), places(one=one), limit_m=150)
    back = access.distances(town, homes(one=one), table("place_id", many), limit_m=150)
    assert forth["distance_m"].tolist() == back["distance_m"].tolist()
    assert forth["origin_id"].tolist() == back["place_id"].tolist()
    assert len(forth) == 6


def test_the_nearest_are_ranked_and_ties_go_to_the_first_by_name(town: network.Network) -> None:
    place = places(z=(0, 100), k=(0, 100), m=(50, 100), far=(300, 0))
    assert rows(access.nearest(town, homes(h=(0, 60)), place, k=3)) == [
        ("h", 1, "k", 40.0),
        ("h", 2, "z", 40.0),
        ("h", 3, "m", 90.0),
    ]
    assert rows(access.nearest(town, homes(h=(0, 60)), place, k=1)) == [("h", 1, "k", 40.0)]
    assert len(access.nearest(town, homes(h=(0, 60)), place, k=8)) == 4  # absent where there are fewer


def test_refused_points_are_listed_and_walk_nowhere(town: network.Network) -> None:
    home = homes(near=(0, 0), far=(0, -200.2))
    place = places(near=(300, 0), far=(1000, 0))
    assert rows(access.refused(town, home)) == [("far", "far_from_street", 200.2)]
    assert rows(access.refused(town, place)) == [("far", "far_from_street", 700.0)]
    assert rows(access.refused(town, place, max_snap_m=700)) == []
    assert rows(access.distances(town, home, place, limit_m=5000)) == [("near", "near", 500.0)]
    assert rows(access.nearest(town, home, place)) == [("near", 1, "near", 500.0)]
    assert rows(access.distances(town, home, place, limit_m=5000, max_snap_m=700)) == [
        ("far", "far", 1400.2),
        ("far", "near", 700.2),
        ("near", "far", 1200.0),
        ("near", "near", 500.0),
    ]


def test_why_an_origin_reaches_nothing(town: network.Network) -> None:
    home, nobody = homes(near=(0, 0), far=(0, -900)), places()
    assert rows(access.unreachable(town, home, places(p=(0, 0)))) == [("far", "far_from_street")]
    everywhere = [("far", "far_from_street"), ("near", "no_place")]
    assert rows(access.unreachable(town, home, nobody)) == everywhere
    assert rows(access.unreachable(town, home, places(p=(5000, 0)))) == everywhere  # the only one was refused
    assert rows(access.unreachable(town, homes(), nobody)) == []


def test_an_island_has_a_reason_of_its_own() -> None:
    net = network.build(
        streets([("m", "a", "b", [(0, 0), (2000, 0)]), ("i", "c", "d", [(0, 100), (1500, 100)])]), crs=PLANE
    )
    home, place = homes(main=(5, 0), island=(5, 95)), places(p=(50, 0), q=(50, 101))
    assert rows(access.unreachable(net, home, place)) == [("island", "other_component")]
    assert rows(access.refused(net, place)) == [("q", "other_component", 1.0)]
    assert rows(access.nearest(net, home, place)) == [("main", 1, "p", 45.0)]


# --- as the crow flies


def test_straight_lines_are_lengthened_by_the_factor() -> None:
    home, place = homes(h=(0, 0)), places(p=(30, 40), q=(300, 400))
    assert rows(access.distances(STRAIGHT, home, place, limit_m=65)) == [("h", "p", 65.0)]
    assert rows(access.distances(STRAIGHT, home, place, limit_m=64.9)) == []
    assert rows(access.nearest(STRAIGHT, home, place)) == [("h", 1, "p", 65.0), ("h", 2, "q", 650.0)]
    assert rows(access.refused(STRAIGHT, place)) == []
    assert rows(access.unreachable(STRAIGHT, home, place)) == []
    assert rows(access.unreachable(STRAIGHT, home, places())) == [("h", "no_place")]


def test_straight_ties_within_a_decimetre_go_to_the_first_by_name() -> None:
    place = places(z=(100.001, 0), k=(0, 100.004), m=(-100, 0), b=(0, -100.03))
    found = access.nearest(access.StraightLine(1), homes(h=(0, 0)), place, k=2)
    assert rows(found) == [("h", 1, "b", 100.0), ("h", 2, "k", 100.0)]


def test_straight_distances_are_whole_decimetres_before_they_meet_the_limit() -> None:
    home, place = homes(h=(0, 0)), places(p=(100.04, 0), q=(0, 100.06))
    assert rows(access.distances(access.StraightLine(1), home, place, limit_m=100)) == [("h", "p", 100.0)]


@pytest.mark.parametrize("factor", [0.99, -1, float("nan"), float("inf")])
def test_a_walk_is_never_shorter_than_the_straight_line(factor: float) -> None:
    with pytest.raises(errors.StudyError, match="never shorter"):
        access.StraightLine(factor)


# --- both


@pytest.mark.parametrize("metric", ["town", "straight"])
def test_nobody_and_nothing(metric: str, town: network.Network) -> None:
    how: access.Metric = town if metric == "town" else STRAIGHT
    for home, place in ((homes(), places(p=(0, 0))), (homes(h=(0, 0)), places()), (homes(), places())):
        near = access.nearest(how, home, place)
        assert near.columns.tolist() == ["origin_id", "rank", "place_id", "distance_m"]
        within = access.distances(how, home, place, limit_m=500)
        assert within.columns.tolist() == ["origin_id", "place_id", "distance_m"]
        assert len(near) == len(within) == 0
        assert len(schemas.conform(schemas.Distances, within)) == 0
        assert access.refused(how, home).columns.tolist() == ["origin_id", "reason", "off_m"]


@pytest.mark.parametrize("k", [0, 9])
def test_other_k_are_a_mistake_of_the_program(k: int, town: network.Network) -> None:
    for how in (town, STRAIGHT):
        with pytest.raises(ValueError, match="give 1 to 8"):
            access.nearest(how, homes(h=(0, 0)), places(p=(0, 0)), k=k)


def test_repeated_keys_are_named(town: network.Network) -> None:
    twice = pd.concat([places(p=(0, 0)), places(p=(1, 0))])
    for how in (town, STRAIGHT):
        with pytest.raises(errors.DataError, match="place_id p stands there more than once"):
            access.distances(how, homes(h=(0, 0)), twice, limit_m=500)


def test_points_must_be_measured_in_one_system(town: network.Network) -> None:
    home, place = homes(h=(0, 0)), places(p=(0, 0))
    other = place.set_crs("EPSG:6678", allow_override=True)
    degrees = place.set_crs("EPSG:6668", allow_override=True)
    with pytest.raises(errors.CrsError, match="Origins are in EPSG:6677 and places in EPSG:6678"):
        access.nearest(STRAIGHT, home, other)
    with pytest.raises(errors.CrsError, match="not in metres"):
        access.nearest(STRAIGHT, home, degrees)
    for wrong in (other, degrees, place.set_crs(None, allow_override=True)):
        with pytest.raises(errors.CrsError, match="one plane zone"):
            access.nearest(town, home, wrong)
    with pytest.raises(errors.CrsError, match="one plane zone"):
        access.nearest(STRAIGHT, home, place.set_crs(None, allow_override=True))


# --- laws and an oracle

XYS = st.lists(st.tuples(st.integers(-30, 330), st.integers(-30, 230)), max_size=6)
CORNERS = {"a": (0, 0), "b": (100, 0), "c": (300, 0), "d": (0, 150), "e": (100, 150), "f": (300, 200)}
PAIRS = [(u, v) for u in CORNERS for v in CORNERS if u <= v]


@st.composite
def towns(draw: st.DrawFn) -> gpd.GeoDataFrame:
    """Straight and crooked streets between six corners, parallel ones and loops too."""
    chosen = draw(st.lists(st.tuples(st.sampled_from(PAIRS), st.booleans()), min_size=1, max_size=8))
    lines = []
    for i, ((u, v), crooked) in enumerate(chosen):
        (x0, y0), (x1, y1) = CORNERS[u], CORNERS[v]
        middle = [(x0 + 40 + i, y0 + 20), (x1 + 30, y1 + 45 + i)] if crooked or u == v else []
        lines.append((f"s{i}", u, v, [(x0, y0), *middle, (x1, y1)]))
    return streets(lines)


def keyed(key: str, at: list[XY]) -> gpd.GeoDataFrame:
    return table(key, {f"{key[0]}{i}": xy for i, xy in enumerate(at)})


def all_ways(net: network.Network, *frames: gpd.GeoDataFrame) -> tuple[dict[Any, int], dict[str, int]]:
    """Every pair of nodes and points by brute force: each street is cut at the feet of all points that stand on it.

    Also how far each point is off its street; refused ones are not in there.
    """
    names, ways, off = [*net.node_id.tolist()], [], {}
    cuts: dict[int, list[tuple[int, str]]] = {}
    for frame in frames:
        snaps = network.snap(net, frame.geometry, max_snap_m=50)
        for name, snap in zip(frame.iloc[:, 0], snaps.itertuples(), strict=True):
            if snap.reason is None:
                names.append(name)
                off[name] = snap.off_dm
                cuts.setdefault(snap.edge, []).append((snap.to_u_dm, name))
    for edge in range(len(net.edge_id)):
        u, v = net.node_id[net.edge_u[edge]], net.node_id[net.edge_v[edge]]
        stops = [(0, u), *sorted(cuts.get(edge, [])), (int(net.edge_cost[edge]), v)]
        ways += [(a, b, there - here) for (here, a), (there, b) in itertools.pairwise(stops)]
    number = {name: i for i, name in enumerate(names)}
    d = np.full((len(names), len(names)), 10**9)
    np.fill_diagonal(d, 0)
    for a, b, cost in ways:
        i, j = number[a], number[b]
        d[i, j] = d[j, i] = min(d[i, j], cost)
    for k in range(len(names)):
        d = np.minimum(d, d[:, [k]] + d[[k], :])
    return {
        (a, b): int(d[number[a], number[b]]) + off.get(a, 0) + off.get(b, 0) for a in names for b in names
    }, off


def by_splitting(net: network.Network, home: gpd.GeoDataFrame, place: gpd.GeoDataFrame) -> dict[Any, int]:
    ways, off = all_ways(net, home, place)
    return {(o, p): ways[o, p] for o in home["origin_id"] for p in place["place_id"] if o in off and p in off}


@quiet
@given(towns(), XYS, XYS, st.integers(0, 800), st.integers(1, 4))
def test_distances_are_those_of_streets_cut_at_the_points(
    drawn: gpd.GeoDataFrame, at_home: list[XY], at_place: list[XY], limit_m: int, k: int
) -> None:
    net = network.build(drawn, crs=PLANE, island_min_m=50)
    home, place = keyed("origin_id", at_home), keyed("place_id", at_place)
    truth = by_splitting(net, home, place)
    found = access.distances(net, home, place, limit_m=limit_m, max_snap_m=50)
    assert rows(found) == sorted((o, p, dm / 10) for (o, p), dm in truth.items() if dm <= limit_m * 10)
    near = access.nearest(net, home, place, k=k, max_snap_m=50)
    wanted = []
    for o in home["origin_id"]:
        best = sorted((dm, p) for (oo, p), dm in truth.items() if oo == o)[:k]
        wanted += [(o, rank + 1, p, dm / 10) for rank, (dm, p) in enumerate(best)]
    assert rows(near) == wanted
    reached = {o for o, _ in truth}
    lost = access.unreachable(net, home, place, max_snap_m=50)
    assert set(lost["origin_id"]) == set(home["origin_id"]) - reached


@quiet
@given(towns(), XYS, XYS, XYS)
def test_a_field_is_the_nearest_everywhere_and_changes_as_if_it_were_new(
    drawn: gpd.GeoDataFrame, at_home: list[XY], first: list[XY], then: list[XY]
) -> None:
    net = network.build(drawn, crs=PLANE, island_min_m=50)
    home, before, after = keyed("origin_id", at_home), keyed("place_id", first), keyed("place_id", then)
    today = access.field(net, before, max_snap_m=50)
    near = access.nearest(net, home, before, k=1, max_snap_m=50).drop(columns="rank")
    assert rows(access.at(today, home)) == rows(near)
    ways, off = all_ways(net, before)
    dm, place = access.at_nodes(today)
    for node, found, which in zip(net.node_id.tolist(), dm, place, strict=True):
        best = min([(ways[node, p], i) for i, p in enumerate(before["place_id"]) if p in off], default=None)
        assert (found, which) == (best or (kernels.FAR, -1))
    other, new = access.changed(today, after), access.field(net, after, max_snap_m=50)
    assert other.place_id.tolist() == new.place_id.tolist()
    assert other.distance_dm.tolist() == new.distance_dm.tolist()
    assert other.place.tolist() == new.place.tolist()
    assert [a.tolist() for a in access.at_nodes(other)] == [a.tolist() for a in access.at_nodes(new)]


@quiet
@given(towns(), XYS, st.integers(0, 600), st.data())
def test_sums_are_those_of_all_pairs(
    drawn: gpd.GeoDataFrame, at_home: list[XY], limit_m: int, data: st.DataObject
) -> None:
    net = network.build(drawn, crs=PLANE, island_min_m=50)
    home = keyed("origin_id", at_home)
    weights = data.draw(st.lists(st.integers(0, 9), min_size=len(home), max_size=len(home)))
    ways, off = all_ways(net, home)
    wanted = [
        sum(
            w
            for o, w in zip(home["origin_id"], weights, strict=True)
            if o in off and ways[o, node] <= limit_m * 10
        )
        for node in net.node_id.tolist()
    ]
    found = access.summed(net, home.geometry, np.array(weights, float), limit_m=limit_m, max_snap_m=50)
    assert found.tolist() == wanted


@settings(deadline=None, max_examples=40)
@given(towns(), st.data(), st.sampled_from(["there", "both"]), st.integers(0, 1500))
def test_slopes_count_in_the_direction_of_the_walk(
    drawn: gpd.GeoDataFrame, data: st.DataObject, slope: Any, limit_m: int
) -> None:
    heights = st.floats(-30, 30)
    rises = data.draw(st.lists(heights, min_size=len(drawn), max_size=len(drawn)))
    # Far round, so that no street passes by a corner that is not its own.
    bent = [
        shapely.LineString([line.coords[0], (700 + 37 * i, -500 - 41 * i), line.coords[-1]])
        for i, line in enumerate(drawn.geometry)
    ]
    net = network.build(drawn.assign(rise_m=rises).set_geometry(bent, crs=PLANE), crs=PLANE, island_min_m=50)
    net = network.with_profile(net, network.Profile(slope=slope))
    n = len(net.node_id)
    d = np.full((n, n), 10**9)
    np.fill_diagonal(d, 0)
    for u, v, there, back in zip(net.edge_u, net.edge_v, net.edge_cost, net.edge_back, strict=True):
        d[u, v], d[v, u] = min(d[u, v], there), min(d[v, u], back)
    for k in range(n):
        d = np.minimum(d, d[:, [k]] + d[[k], :])
    corner = network.nodes(net)
    order = np.argsort(net.node_id)
    home = corner.rename(columns={"node_id": "origin_id"})
    place = corner.rename(columns={"node_id": "place_id"}).iloc[: data.draw(st.integers(1, n))]
    truth = {(net.node_id[i], net.node_id[j]): int(d[i, j]) for i in order for j in order[: len(place)]}
    found = access.distances(net, home, place, limit_m=limit_m, max_snap_m=1)
    assert rows(found) == sorted((o, p, dm / 10) for (o, p), dm in truth.items() if dm <= limit_m * 10)
    turned = access.distances(
        net,
        place.rename(columns={"place_id": "origin_id"}),
        home.rename(columns={"origin_id": "place_id"}),
        limit_m=limit_m,
        max_snap_m=1,
    )
    assert rows(turned) == sorted(
        (net.node_id[j], net.node_id[i], int(d[j, i]) / 10)
        for i in order
        for j in order[: len(place)]
        if d[j, i] <= limit_m * 10
    )
    best = {o: min((dm, p) for (oo, p), dm in truth.items() if oo == o) for o in home["origin_id"]}
    near = access.nearest(net, home, place, k=1, max_snap_m=1)
    assert rows(near) == [(o, 1, p, dm / 10) for o, (dm, p) in sorted(best.items())]
    today = access.field(net, place, max_snap_m=1)
    assert access.at_nodes(today)[0][order].tolist() == [best[o][0] for o in home["origin_id"]]
    mended = access.changed(access.field(net, place.iloc[1:], max_snap_m=1), place)
    assert mended.distance_dm.tolist() == today.distance_dm.tolist()
    sums = access.summed(net, place.geometry, np.ones(len(place)), limit_m=limit_m, max_snap_m=1)
    assert sums[order].tolist() == [sum(d[j, i] <= limit_m * 10 for j in order[: len(place)]) for i in order]


def test_a_crossing_costs_whoever_walks_over_it_and_nobody_else() -> None:
    net = network.build(
        streets(
            [
                ("w", "a", "x", [(0, 0), (100, 0)]),
                ("e", "x", "b", [(100, 0), (200, 0)]),
                ("n", "x", "c", [(100, 0), (100, 50)]),
                ("f", "b", "d", [(200, 0), (300, 0)]),
            ]
        ),
        crs=PLANE,
    )
    walker = network.with_profile(net, network.Profile(crossing_m=15))
    home, place = homes(h=(50, 0)), places(near=(60, 0), over=(150, 0), round_=(100, 30), far=(250, 0))
    assert rows(access.distances(walker, home, place, limit_m=1000)) == [
        ("h", "far", 215.0),
        ("h", "near", 10.0),
        ("h", "over", 115.0),
        ("h", "round_", 95.0),
    ]
    assert rows(access.nearest(walker, home, place, k=2)) == [
        ("h", 1, "near", 10.0),
        ("h", 2, "round_", 95.0),
    ]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "crs"),
    [("network/tachikawa_tokyo/tachikawa.graphml", PLANE), ("network/pbf/Helsinki.osm.pbf", "EPSG:32635")],
)
def test_a_thousand_walks_on_real_streets_are_those_of_another_router(
    realdata: Path, file: str, crs: str
) -> None:
    """NetworkX on the streets of the table, each cut where a point stands on it; nothing of ours but the table."""
    networkx = pytest.importorskip("networkx")
    drawn = reader.read(realdata / file).table
    net, plane = network.build(drawn, crs=crs), drawn.to_crs(crs)
    rng = np.random.default_rng(8)
    feet = np.array(
        [
            line.interpolate(rng.random(), normalized=True).coords[0]
            for line in plane.geometry.iloc[rng.choice(len(plane), 65)]
        ]
    ) + rng.normal(0, 15, (65, 2))
    points = {f"x{i:02d}": tuple(xy) for i, xy in enumerate(feet.tolist())}
    home, place = (
        table("origin_id", dict(list(points.items())[:40]), crs),
        table("place_id", dict(list(points.items())[40:]), crs),
    )
    ours = access.distances(net, home, place, limit_m=100_000).set_index(["origin_id", "place_id"])[
        "distance_m"
    ]
    connected = set(net.edge_id)
    plane = plane[plane["street_id"].isin(connected)].sort_values("street_id").reset_index(drop=True)
    tree, cuts, off = shapely.STRtree(plane.geometry), {}, {}
    for name, xy in points.items():
        at = shapely.Point(xy)
        which = int(tree.query_nearest(at, all_matches=True).min())
        line = plane.geometry[which]
        off[name] = line.distance(at)
        cuts.setdefault(which, []).append((line.project(at, normalized=True), name))
    graph = networkx.MultiGraph()
    for row in plane.itertuples():
        stops = [(0.0, row.u), *sorted(cuts.get(row.Index, [])), (1.0, row.v)]
        for (a, one), (b, other) in itertools.pairwise(stops):
            graph.add_edge(one, other, weight=(b - a) * row.length_m)
    for origin in home["origin_id"]:
        metres, ways = networkx.single_source_dijkstra(graph, origin)
        for goal in place["place_id"]:
            theirs = metres[goal] + off[origin] + off[goal]
            assert abs(ours[origin, goal] - theirs) <= 0.1 * len(ways[goal]) + 1e-6, (origin, goal)
    assert len(ours) == 1000


@quiet
@given(towns(), st.data())
def test_a_route_is_as_long_as_it_says_and_keeps_to_the_streets(
    drawn: gpd.GeoDataFrame, data: st.DataObject
) -> None:
    net = network.build(drawn, crs=PLANE, island_min_m=50)
    spot = st.tuples(st.integers(-30, 330), st.integers(-30, 230))
    here, there = data.draw(spot), data.draw(spot)
    home, place = homes(h=here), places(p=there)
    told = access.distances(net, home, place, limit_m=100_000, max_snap_m=50)
    found = access.route(net, shapely.Point(here), shapely.Point(there), max_snap_m=50)
    assert found["distance_m"].tolist() == told["distance_m"].tolist()
    for line, metres in zip(found.geometry, found["distance_m"], strict=True):
        assert abs(line.length - metres) <= 0.1 * (len(net.edge_id) + 3)
        assert (line.coords[0], line.coords[-1]) == (here, there)
        on_street = line.buffer(0.01).difference(shapely.union_all(net.lines).buffer(0.02))
        assert on_street.area <= 0.03 * 102  # only the ways off the street, 50 m each, are elsewhere


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [1.0, float("nan")]])
def test_weights_that_cannot_be_are_refused(town: network.Network, weights: list[float]) -> None:
    with pytest.raises(errors.DataError, match="2 points need 2 weights"):
        access.summed(town, homes(a=(0, 0), b=(0, 10)).geometry, np.array(weights), limit_m=300)


def test_sums_of_fractions_do_not_depend_on_the_order(town: network.Network) -> None:
    rng = np.random.default_rng(5)
    at, weights = rng.uniform(0, 300, (60, 2)), rng.random(60)
    there = access.summed(
        town, table("o", {str(i): tuple(p) for i, p in enumerate(at)}).geometry, weights, limit_m=300
    )
    back = access.summed(
        town,
        table("o", {str(i): tuple(p) for i, p in enumerate(at[::-1])}).geometry,
        weights[::-1],
        limit_m=300,
    )
    assert there.tobytes() == back.tobytes()
    assert there.max() > 1


@quiet
@given(XYS, XYS, st.integers(0, 500), st.integers(1, 4), st.sampled_from([1.0, 1.25, 1.3]))
def test_straight_distances_are_those_of_all_pairs(
    at_home: list[XY], at_place: list[XY], limit_m: int, k: int, factor: float
) -> None:
    home, place, how = keyed("origin_id", at_home), keyed("place_id", at_place), access.StraightLine(factor)
    truth = {
        (o, p): round(float(np.hypot(x - a, y - b)) * factor * 10)
        for o, (x, y) in zip(home["origin_id"], at_home, strict=True)
        for p, (a, b) in zip(place["place_id"], at_place, strict=True)
    }
    found = access.distances(how, home, place, limit_m=limit_m)
    assert rows(found) == sorted((o, p, dm / 10) for (o, p), dm in truth.items() if dm <= limit_m * 10)
    wanted = []
    for o in home["origin_id"]:
        best = sorted((dm, p) for (oo, p), dm in truth.items() if oo == o)[:k]
        wanted += [(o, rank + 1, p, dm / 10) for rank, (dm, p) in enumerate(best)]
    assert rows(access.nearest(how, home, place, k=k)) == wanted


@quiet
@given(st.booleans(), towns(), XYS, XYS, st.tuples(st.integers(-30, 330), st.integers(-30, 230)))
def test_one_more_place_never_makes_anyone_farther(
    by_street: bool, drawn: gpd.GeoDataFrame, at_home: list[XY], at_place: list[XY], more: XY
) -> None:
    how: access.Metric = network.build(drawn, crs=PLANE) if by_street else STRAIGHT
    home = keyed("origin_id", at_home)
    before = access.nearest(how, home, keyed("place_id", at_place), k=3)
    after = access.nearest(how, home, keyed("place_id", [*at_place, more]), k=3)
    both = before.merge(after, on=["origin_id", "rank"], how="left")
    assert (both["distance_m_y"] <= both["distance_m_x"]).all()


@quiet
@given(st.booleans(), towns(), XYS, XYS, st.integers(0, 600), st.integers(0, 300))
def test_a_longer_limit_never_covers_fewer(
    by_street: bool, drawn: gpd.GeoDataFrame, at_home: list[XY], at_place: list[XY], limit_m: int, more: int
) -> None:
    how: access.Metric = network.build(drawn, crs=PLANE) if by_street else STRAIGHT
    home, place = keyed("origin_id", at_home), keyed("place_id", at_place)
    short = access.distances(how, home, place, limit_m=limit_m)
    long = access.distances(how, home, place, limit_m=limit_m + more)
    assert set(rows(short)) <= set(rows(long))
    assert set(rows(long[long["distance_m"] <= limit_m])) == set(rows(short))


@quiet
@given(st.booleans(), towns(), XYS, XYS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(
    by_street: bool, drawn: gpd.GeoDataFrame, at_home: list[XY], at_place: list[XY], random: Any
) -> None:
    def shuffled(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        order = list(range(len(frame)))
        random.shuffle(order)
        return frame.iloc[order]

    home, place = keyed("origin_id", at_home), keyed("place_id", at_place)
    how: access.Metric = network.build(drawn, crs=PLANE) if by_street else STRAIGHT
    again: access.Metric = network.build(shuffled(drawn), crs=PLANE) if by_street else STRAIGHT
    home_before = home.copy()
    for ask in (
        lambda m, h, p: access.distances(m, h, p, limit_m=300, max_snap_m=60),
        lambda m, h, p: access.nearest(m, h, p, max_snap_m=60),
        lambda m, h, p: access.unreachable(m, h, p, max_snap_m=60),
        lambda m, _, p: access.refused(m, p, max_snap_m=60),
    ):
        assert ask(how, home, place).equals(ask(again, shuffled(home), shuffled(place)))
    assert home.equals(home_before)


# --- real streets


@pytest.mark.realdata
def test_nobody_walks_less_than_the_straight_line(realdata: Path) -> None:
    net = network.build(reader.read(realdata / "network/tachikawa_tokyo/tachikawa.graphml").table, crs=PLANE)
    rng = np.random.default_rng(3)
    at = rng.choice(len(net.node_id), 300, replace=False)
    xy = np.column_stack([net.x[at], net.y[at]]) + rng.normal(0, 20, (300, 2))
    home = keyed("origin_id", [tuple(p) for p in xy[:280].tolist()])
    place = keyed("place_id", [tuple(p) for p in xy[280:].tolist()])
    walked = access.distances(net, home, place, limit_m=100_000)
    straight = access.distances(access.StraightLine(1), home, place, limit_m=100_000)
    assert len(walked) == len(straight) == 280 * 20
    ratio = walked["distance_m"] / straight["distance_m"]
    # The plane shortens by up to 1 in 10 000; a straight street may be that much "shorter" than its line.
    assert (walked["distance_m"] >= straight["distance_m"] * 0.998 - 1).all()
    assert 1.1 < ratio.median() < 1.6
    first = access.nearest(net, home, place, k=1).set_index("origin_id")["distance_m"]
    assert first.equals(walked.groupby("origin_id")["distance_m"].min())


def test_points_that_join_other_streets_are_refused() -> None:
    home = gpd.GeoDataFrame({"origin_id": ["a"]}, geometry=[shapely.Point(0, 0)], crs="EPSG:6677")
    goal = home.rename(columns={"origin_id": "place_id"})
    metric = access.StraightLine(1)
    asked = access.points(metric, home, max_snap_m=50)
    assert len(access.distances(metric, asked, goal, limit_m=10, max_snap_m=50)) == 1
    for other, snap_m in ((access.StraightLine(1.3), 50), (metric, 200)):
        with pytest.raises(ValueError, match="other streets"):
            access.distances(other, asked, goal, limit_m=10, max_snap_m=snap_m)
