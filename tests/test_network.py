"""The network and points on it: a town whose answers are known by hand, damage, and real streets."""

from __future__ import annotations

import dataclasses
import itertools
import json
import pickle
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from geo import errors, kernels, network
from geo.sources import streets as reader

PLANE = "EPSG:6677"
Rows = list[tuple[str, str, str, list[tuple[float, float]]]]

TOWN: Rows = [
    # b ── c        the street from a over b to c and on to d is a horseshoe; e hangs on a by a bent path
    # │    │
    # a    d   f─g  (f–g touches nothing)
    ("s1", "a", "b", [(0, 0), (0, 100)]),
    ("s2", "b", "c", [(0, 100), (300, 100)]),
    ("s3", "c", "d", [(300, 100), (300, 0)]),
    ("s4", "e", "a", [(-60, 80), (-60, 0), (0, 0)]),
    ("s5", "f", "g", [(400, 0), (500, 0)]),
]


def streets(rows: Rows, crs: str = PLANE) -> gpd.GeoDataFrame:
    lines = [shapely.LineString(xy) for *_, xy in rows]
    frame = pd.DataFrame([row[:3] for row in rows], columns=["street_id", "u", "v"])
    frame["length_m"] = [line.length for line in lines]
    return gpd.GeoDataFrame(frame, geometry=lines, crs=crs)


def points(*xy: tuple[float, float], crs: str = PLANE) -> gpd.GeoSeries:
    return gpd.GeoSeries([shapely.Point(p) for p in xy], crs=crs)


@pytest.fixture(scope="module")
def town() -> network.Network:
    return network.build(streets(TOWN), crs=PLANE)


# --- building


def test_the_town_is_what_was_drawn(town: network.Network) -> None:
    at = {n: (x, y) for n, x, y in zip(town.node_id.tolist(), town.x.tolist(), town.y.tolist(), strict=True)}
    assert at == {"a": (0, 0), "b": (0, 100), "c": (300, 100), "d": (300, 0), "e": (-60, 80)}
    assert town.edge_id.tolist() == ["s1", "s2", "s3", "s4"]
    assert town.edge_cost.tolist() == [1000, 3000, 1000, 1400]
    assert "".join(town.node_id[town.edge_u]) == "abce"
    assert "".join(town.node_id[town.edge_v]) == "bcda"
    assert town.left_out == network.LeftOut(components=1, nodes=2, metres=100.0)
    assert repr(town) == (
        "Network(5 nodes, 4 pieces, 0.6 km, EPSG:6677; searched: 2 junctions, 1 chains; "
        "left out: 1 components, 2 nodes, 0.1 km)"
    )


def test_streets_without_a_turning_are_one_chain(town: network.Network) -> None:
    graph = town.graph
    assert sorted(town.node_id[graph.junction]) == ["d", "e"]
    first = town.node_id[graph.junction[graph.chain_u]].tolist()
    ahead = first == ["e"]  # which end comes first along the curve is no matter of taste, but of the box
    names = town.edge_id[graph.chain_edge].tolist()
    assert names == (["s4", "s1", "s2", "s3"] if ahead else ["s3", "s2", "s1", "s4"])
    assert graph.edge_turned.tolist() == [not ahead] * 4
    assert graph.chain_cost.tolist() == [6400]
    assert graph.edge_there.tolist() == ([1400, 2400, 5400, 0] if ahead else [4000, 1000, 0, 5000])
    assert (graph.heads.tolist(), graph.cost.tolist(), graph.back.tolist()) == (
        [1, 0],
        [6400] * 2,
        [6400] * 2,
    )


def test_rings_parallel_streets_and_loops_are_chains_too() -> None:
    rows: Rows = [
        ("ring1", "p", "q", [(0, 0), (50, 80), (100, 0)]),
        ("ring2", "q", "p", [(100, 0), (0, 0)]),
    ]
    ring = network.build(streets(rows), crs=PLANE)
    assert len(ring.graph.junction) == 1
    assert (ring.graph.chain_u.tolist(), ring.graph.chain_v.tolist()) == ([0], [0])
    assert len(ring.graph.heads) == 0  # no shortest walk goes round; points along it still meet
    start, end, ptr, edge, _, _ = kernels.chains(4, [0, 0, 1, 2, 1], [1, 1, 2, 2, 3])
    #   0 hangs on 1 by two streets: one way round; 1 ── 3 is a dead end; 2 has a loop of its own
    ways = [edge[a:b].tolist() for a, b in itertools.pairwise(ptr)]
    assert list(zip(start.tolist(), end.tolist(), ways, strict=True)) == [
        (1, 1, [0, 1]),
        (1, 2, [2]),
        (1, 3, [4]),
        (2, 2, [3]),
    ]


def test_the_component_with_the_most_street_is_kept_not_that_with_the_most_nodes() -> None:
    small = [(f"n{i}", f"p{i}", f"p{i + 1}", [(10.0 * i, 0.0), (10.0 * i + 10, 0.0)]) for i in range(5)]
    net = network.build(streets([*small, ("long", "x", "y", [(0, 500), (400, 500)])]), crs=PLANE)
    assert sorted(net.node_id.tolist()) == ["x", "y"]
    assert net.left_out == network.LeftOut(1, 6, 50.0)


def test_all_pieces_stay_to_stand_on_and_the_shortest_to_walk() -> None:
    rows: Rows = [
        ("bend", "a", "b", [(0, 0), (50, 80), (100, 0)]),
        ("direct", "a", "b", [(0, 0), (100, 0)]),
        ("loop", "b", "b", [(100, 0), (150, 40), (150, -40), (100, 0)]),
        ("stub", "z", "a", [(-10, 0), (0, 0)]),
    ]
    net = network.build(streets(rows), crs=PLANE)
    graph = net.graph
    under = net.edge_id[graph.chain_edge[graph.chain_ptr[graph.arc_chain]]].tolist()
    assert sorted(zip(graph.cost.tolist(), under, strict=True)) == [
        (100, "stub"),
        (100, "stub"),
        (1000, "direct"),
        (1000, "direct"),
    ]
    snaps = network.snap(net, points((50, 75), (150, 0)), max_snap_m=50)
    assert net.edge_id[snaps["edge"]].tolist() == ["bend", "loop"]
    assert "".join(net.node_id[snaps["u"]]) == "ab"
    assert "".join(net.node_id[snaps["v"]]) == "bb"


@settings(deadline=None, max_examples=25)
@given(st.permutations(TOWN))
def test_the_order_of_the_rows_changes_nothing(rows: Rows) -> None:
    assert_same(network.build(streets(rows), crs=PLANE), network.build(streets(TOWN), crs=PLANE))


def test_building_leaves_the_streets_as_they_were() -> None:
    table = streets(TOWN)
    before = table.copy(deep=True)
    network.build(table, crs=PLANE)
    assert table.equals(before)


def test_streets_in_degrees_become_metres() -> None:
    degrees = streets(TOWN).to_crs("EPSG:6668")
    net = network.build(degrees, crs=PLANE)
    assert np.allclose(network.nodes(net).geometry.x, [0, 0, 300, 300, -60], atol=1e-3)
    assert net.edge_cost.tolist() == [1000, 3000, 1000, 1400]  # the length of the table, not of the plane


@pytest.mark.parametrize(
    "change",
    [
        {"length_m": np.nan},
        {"length_m": -1.0},
        {"length_m": 1e7},
        {"geometry": shapely.Point(0, 0)},
        {"geometry": None},
        {"geometry": shapely.LineString()},
        {"geometry": shapely.from_wkt("LINESTRING (0 100, 150 Inf, 300 100)")},
        {"street_id": "s1"},
    ],
)
def test_impossible_streets_are_named(change: dict[str, Any]) -> None:
    table = streets(TOWN)
    for column, value in change.items():
        table.loc[1, column] = value
    with pytest.raises(errors.DataError, match="1 streets have no usable line") as caught:
        network.build(table, crs=PLANE)
    assert table["street_id"][1] in str(caught.value)


def test_a_node_in_two_places_is_named() -> None:
    table = streets(TOWN)
    table.loc[1, "u"] = "d"
    with pytest.raises(errors.DataError, match="Street s3 ends 316 m from where"):
        network.build(table, crs=PLANE)


def test_no_street_at_all() -> None:
    with pytest.raises(errors.DataError, match="no walkable street"):
        network.build(streets(TOWN).iloc[:0], crs=PLANE)


@pytest.mark.parametrize("crs", ["EPSG:6668", "EPSG:2264"])  # degrees, feet
def test_a_network_is_measured_in_metres(crs: str) -> None:
    with pytest.raises(errors.CrsError, match="not in metres"):
        network.build(streets(TOWN), crs=crs)


def test_streets_without_system_or_of_another_country() -> None:
    with pytest.raises(errors.CrsError, match="no reference system"):
        network.build(streets(TOWN).set_crs(None, allow_override=True), crs=PLANE)
    helsinki = streets([("s", "a", "b", [(24.9, 60.2), (24.91, 60.2)])], crs="EPSG:6668")
    with pytest.raises(errors.CrsError, match=r"longitude 24\.90 to 24\.91.*far from EPSG:6677"):
        network.build(helsinki, crs=PLANE)


# --- promises


def test_nothing_in_a_network_can_be_changed(town: network.Network) -> None:
    for field in dataclasses.fields(town):
        value = getattr(town, field.name)
        if isinstance(value, np.ndarray):
            with pytest.raises(ValueError, match="read-only"):
                value[0] = value[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        town.crs = "EPSG:6678"  # type: ignore[misc]


def test_freezing_leaves_the_arrays_of_others_alone(town: network.Network) -> None:
    own = town.edge_length.copy()
    dataclasses.replace(town, edge_length=own)
    own[0] = own[0]


@pytest.mark.parametrize(
    ("field", "at", "value", "promise"),
    [
        ("edge_length", 0, -1, "lengths not negative"),
        ("edge_u", 3, 0, "a street at each node"),
        ("edge_u", 0, 5, "ends in range"),
        ("edge_v", 0, -1, "ends in range"),
        ("x", 0, np.nan, "finite coordinates"),
        ("line_xy", 0, np.inf, "finite coordinates"),
        ("line_ptr", 1, 1, "line_ptr ascending"),
    ],
)
def test_a_damaged_network_says_what_is_broken(
    town: network.Network, field: str, at: int, value: float, promise: str
) -> None:
    array = getattr(town, field).copy()
    array[at] = value
    with pytest.raises(errors.DataError) as caught:
        dataclasses.replace(town, **{field: array})
    assert caught.value.context["promise"] == promise


@pytest.mark.parametrize(
    "field", ["x", "y", "node_id", "edge_id", "edge_u", "edge_v", "edge_length", "edge_rise", "edge_stairs"]
)
def test_arrays_of_different_length_are_no_network(town: network.Network, field: str) -> None:
    with pytest.raises(errors.DataError, match="damaged"):
        dataclasses.replace(town, **{field: getattr(town, field)[:-1]})


# --- keeping


def assert_same(one: network.Network, other: network.Network) -> None:
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, field.name
            assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), field.name
        else:
            assert a == b, field.name


def test_a_network_comes_back_as_it_was_saved(town: network.Network, tmp_path: Path) -> None:
    network.save(town, tmp_path / "one.npz")
    network.save(town, tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert_same(network.load(tmp_path / "one.npz"), town)


@pytest.mark.parametrize("content", ["", "no archive", "cut", "pickle", "other arrays", "future"])
def test_a_file_that_is_no_network(town: network.Network, tmp_path: Path, content: str) -> None:
    path = tmp_path / "net.npz"
    network.save(town, path)
    if content == "cut":
        path.write_bytes(path.read_bytes()[:-2000])
    elif content == "pickle":
        path.write_bytes(pickle.dumps({"crs": PLANE}))
    elif content == "other arrays":
        np.savez(path, format=np.int64(1), x=np.zeros(3))
    elif content == "future":
        with np.load(path) as now:
            np.savez(tmp_path / "later.npz", **{**now, "format": np.int64(9)})
        (tmp_path / "later.npz").replace(path)
    else:
        path.write_text(content)
    with pytest.raises(errors.DataError, match=r"net\.npz is not a street network"):
        network.load(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(errors.DataError, match="not a street network"):
        network.load(tmp_path / "net.npz")


# --- points on the network


def test_points_join_the_nearest_piece_at_the_foot_of_the_perpendicular(town: network.Network) -> None:
    at = points((100, 130), (0, 0), (-60, 80), (-80, 20), (0, 62.04))
    snaps = network.snap(town, at, max_snap_m=200)
    assert town.edge_id[snaps["edge"]].tolist() == ["s2", "s1", "s4", "s4", "s1"]
    assert snaps["to_u_dm"].tolist() == [1000, 0, 0, 600, 620]
    assert snaps["to_v_dm"].tolist() == [2000, 1000, 1400, 800, 380]
    assert snaps["off_dm"].tolist() == [300, 0, 0, 200, 0]
    assert "".join(town.node_id[snaps["u"]]) == "baeea"
    assert "".join(town.node_id[snaps["v"]]) == "cbaab"
    assert snaps["reason"].isna().all()


def test_the_farthest_snap_is_met_exactly(town: network.Network) -> None:
    at = points((100, 300), (100, 300.04), (100, 300.06))
    snaps = network.snap(town, at, max_snap_m=200)
    assert snaps["off_dm"].tolist() == [2000, 2000, 2001]
    assert snaps["reason"].tolist() == [None, None, "far_from_street"]
    assert snaps.loc[2, ["edge", "u", "v"]].tolist() == [-1, -1, -1]


def test_points_keep_their_index_and_may_be_none(town: network.Network) -> None:
    at = points((0, 0), (0, 10)).set_axis(["home", "shop"])
    assert network.snap(town, at, max_snap_m=5).index.tolist() == ["home", "shop"]
    none = network.snap(town, at.iloc[:0], max_snap_m=5)
    assert len(none) == 0
    assert none.columns.tolist() == ["edge", "u", "v", "to_u_dm", "to_v_dm", "off_dm", "reason"]


def test_of_two_equally_near_pieces_the_first_by_name_is_taken() -> None:
    rows: Rows = [("z", "a", "b", [(0, 0), (100, 0)]), ("k", "b", "c", [(100, 0), (100, 20), (0, 20)])]
    net = network.build(streets(rows), crs=PLANE)
    snaps = network.snap(net, points((50, 10)), max_snap_m=50)
    assert net.edge_id[snaps["edge"][0]] == "k"


def test_people_on_an_island_do_not_walk_on_the_water() -> None:
    island: Rows = [("i", "p", "q", [(0, -150), (1200, -150)])]
    path: Rows = [("p", "r", "s", [(0, -20), (30, -20)])]
    net = network.build(
        streets([*TOWN[:2], ("s0", "c", "h", [(300, 100), (300, 2000)]), *island, *path]), crs=PLANE
    )
    assert net.left_out == network.LeftOut(2, 4, 1230.0)
    assert (
        len(net.lines) == len(net.edge_id) + 1
    )  # the island can be stood on, the path is a gap of the drawing
    at = points((0, -140), (10, -20), (0, -60))
    snaps = network.snap(net, at, max_snap_m=200)
    assert snaps["reason"].tolist() == ["other_component", None, None]
    assert net.edge_id[snaps["edge"][1:]].tolist() == ["s1", "s1"]
    assert network.snap(net, points((0, -500)), max_snap_m=200)["reason"].tolist() == ["far_from_street"]
    small = network.build(
        streets([*TOWN[:2], ("s0", "c", "h", [(300, 100), (300, 2000)]), *island]),
        crs=PLANE,
        island_min_m=1201,
    )
    assert network.snap(small, at, max_snap_m=200)["reason"].isna().all()


def test_a_piece_of_no_length_can_be_stood_on() -> None:
    rows: Rows = [("dot", "a", "b", [(0, 0), (0, 0)]), ("s", "b", "c", [(0, 0), (50, 0)])]
    net = network.build(streets(rows), crs=PLANE)
    snaps = network.snap(net, points((-3, 0)), max_snap_m=5)
    assert snaps[["to_u_dm", "to_v_dm", "off_dm"]].to_numpy().tolist() == [[0, 0, 30]]


@pytest.mark.parametrize(
    "bad", [None, shapely.Point(), shapely.Point(np.nan, 0), shapely.LineString([(0, 0), (1, 1)])]
)
def test_points_without_position_are_refused(town: network.Network, bad: Any) -> None:
    with pytest.raises(errors.DataError, match="1 of 2 points have no position"):
        network.snap(town, gpd.GeoSeries([shapely.Point(0, 0), bad], crs=PLANE), max_snap_m=5)


@pytest.mark.parametrize("crs", ["EPSG:6668", "EPSG:6678", None])
def test_points_of_another_system_are_refused(town: network.Network, crs: str | None) -> None:
    with pytest.raises(errors.CrsError, match="one plane zone"):
        network.snap(town, gpd.GeoSeries([shapely.Point(0, 0)], crs=crs), max_snap_m=5)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(-200, 600), st.floats(-200, 300)), min_size=1, max_size=8))
def test_snaps_are_the_nearest_and_their_parts_the_whole(at: list[tuple[float, float]]) -> None:
    net = network.build(streets(TOWN[:4]), crs=PLANE)
    snaps = network.snap(net, points(*at), max_snap_m=10_000)
    assert (snaps["to_u_dm"] + snaps["to_v_dm"]).tolist() == net.edge_cost[snaps["edge"]].tolist()
    for xy, off in zip(at, snaps["off_dm"], strict=True):
        nearest = min(line.distance(shapely.Point(xy)) for line in net.lines)
        assert abs(off - nearest * 10) <= 0.5 + 1e-6


def test_nodes_are_points_that_lie_on_the_network(town: network.Network) -> None:
    nodes = network.nodes(town)
    assert nodes["node_id"].tolist() == ["a", "b", "c", "d", "e"]
    snaps = network.snap(town, nodes.geometry, max_snap_m=0)
    assert snaps["off_dm"].eq(0).all()
    assert snaps["reason"].isna().all()
    ends = snaps[["u", "v"]].to_numpy()
    near_u = snaps["to_u_dm"].eq(0).to_numpy()
    assert town.node_id[np.where(near_u, ends[:, 0], ends[:, 1])].tolist() == nodes["node_id"].tolist()
    joined = network.nodes_joined(town)
    at = joined.there[np.argsort(town.node_id)].tolist()
    assert at in ([1400, 2400, 5400, 6400, 0], [5000, 4000, 1000, 0, 6400])


# --- what is told about it


def test_dead_ends_are_where_only_the_way_back_is(town: network.Network) -> None:
    ends = network.dead_ends(town)
    assert ends["node_id"].tolist() == ["d", "e"]
    assert ends["length_m"].tolist() == [640.0, 640.0]  # one street from end to end
    tee = network.build(streets([*TOWN[:3], ("t", "b", "k", [(0, 100), (0, 130)])]), crs=PLANE)
    told = network.dead_ends(tee)
    assert list(zip(told["node_id"], told["length_m"], strict=True)) == [
        ("a", 100.0),
        ("d", 400.0),
        ("k", 30.0),
    ]


def test_islands_are_told_whole() -> None:
    rows: Rows = [
        ("m", "a", "b", [(0, 0), (5000, 0)]),
        ("i", "p", "q", [(0, 900), (700, 900)]),
        ("j", "q", "r", [(700, 900), (1200, 900)]),
        ("k", "x", "y", [(0, 2000), (1500, 2000)]),
        ("gap", "s", "t", [(0, 50), (30, 50)]),
    ]
    told = network.islands(network.build(streets(rows), crs=PLANE))
    assert told["length_m"].tolist() == [1500.0, 1200.0]
    assert len(network.islands(network.build(streets(rows[:1]), crs=PLANE))) == 0


# --- streets as bad as they come


def test_bad_streets_end_in_a_network_or_in_a_sentence() -> None:
    """Loops, the same way twice, ways of no length, nodes in a heap: all that a table may hold lawfully."""
    rows: Rows = [
        *TOWN,
        ("s1b", "a", "b", [(0, 0), (0, 100)]),
        ("s1c", "b", "a", [(0, 100), (0, 0)]),
        ("dot", "a", "a", [(0, 0), (0, 0)]),
        ("dot2", "d", "z", [(300, 0), (300, 0)]),
        ("ring", "c", "c", [(300, 100), (350, 100), (350, 150), (300, 100)]),
    ]
    net = network.build(streets(rows), crs=PLANE)
    assert len(net.edge_id) == 9
    assert network.dead_ends(net)["node_id"].tolist() == ["e", "z"]
    table = streets(rows)
    table.loc[2, "length_m"] = np.nan
    table.loc[3, "geometry"] = None
    with pytest.raises(errors.DataError, match="2 streets have no usable line, length or name"):
        network.build(table, crs=PLANE)


def test_a_street_across_the_date_line_is_named() -> None:
    table = streets([*TOWN, ("west", "a2", "b2", [(0, 500), (10, 500)])]).to_crs("EPSG:6668")
    table.loc[5, "geometry"] = shapely.LineString([(179.99, 35.0), (-179.99, 35.0)])
    with pytest.raises(errors.DataError, match=r"1 streets have no usable line.*for example west"):
        network.build(table, crs=PLANE)


# --- who walks


def test_a_steep_street_is_longer_up_than_down(town: network.Network) -> None:
    table = streets(TOWN).assign(rise_m=[10.0, np.nan, -20.0, 0.0, 0.0])
    net = network.build(table, crs=PLANE)
    uphill, downhill = 1000 * np.exp(3.5 * 0.1), 1000 * np.exp(3.5 * (0.05 - 0.05))
    there = network.with_profile(net, network.Profile(slope="there"))
    assert there.edge_cost[0] == round(uphill)  # 10 m up on 100 m: 7 / 5 of the time
    assert there.edge_back[0] == round(downhill)
    assert (there.edge_cost[1], there.edge_back[1]) == (3000, 3000)  # not known: level
    assert there.edge_cost[3] == there.edge_back[3] == 1400
    assert there.edge_cost[2] == round(1000 * np.exp(3.5 * 0.1))  # 20 m down is as slow as 10 m up
    both = network.with_profile(net, network.Profile(slope="both"))
    assert both.edge_cost is both.edge_back
    assert both.edge_cost[0] == round((uphill + downhill) / 2)
    assert both.x is net.x
    assert both.line_xy is net.line_xy
    assert net.edge_cost.tolist() == [1000, 3000, 1000, 1400]


def test_a_cliff_in_the_data_is_no_overflow() -> None:
    table = streets(TOWN).assign(rise_m=[1e6, -1e6, 0.0, 0.0, 0.0])
    net = network.with_profile(network.build(table, crs=PLANE), network.Profile(slope="there"))
    assert net.edge_cost[:2].tolist() == [round(1000 * np.exp(3.5)), round(3000 * np.exp(3.5 * 0.9))]


def test_closed_streets_and_stairs_are_gone_and_what_they_cut_off(town: network.Network) -> None:
    closed = network.with_profile(town, network.Profile(closed=("s2",)))
    assert closed.edge_id.tolist() == ["s1", "s4"]
    assert sorted(closed.node_id) == ["a", "b", "e"]
    assert closed.left_out == network.LeftOut(components=2, nodes=4, metres=200.0)
    snaps = network.snap(closed, points((100, 130)), max_snap_m=200)
    assert closed.edge_id[snaps["edge"]].tolist() == ["s1"]
    stairs = network.build(streets(TOWN).assign(stairs=[False, False, True, False, False]), crs=PLANE)
    assert network.with_profile(stairs, network.Profile(avoid_stairs=True)).edge_id.tolist() == [
        "s1",
        "s2",
        "s4",
    ]
    assert network.with_profile(stairs, network.Profile()).edge_id.tolist() == ["s1", "s2", "s3", "s4"]


def test_islands_stay_islands_when_a_street_is_closed() -> None:
    rows: Rows = [
        *TOWN[:2],
        ("s0", "c", "h", [(300, 100), (300, 2000)]),
        ("i", "p", "q", [(0, -150), (1200, -150)]),
    ]
    net = network.with_profile(network.build(streets(rows), crs=PLANE), network.Profile(closed=("s1",)))
    assert len(net.lines) == len(net.edge_id) + 1
    assert network.snap(net, points((0, -140)), max_snap_m=200)["reason"].tolist() == ["other_component"]


def test_profiles_that_cannot_be(town: network.Network) -> None:
    with pytest.raises(errors.DataError, match="no street s9"):
        network.with_profile(town, network.Profile(closed=("s1", "s9")))
    with pytest.raises(errors.DataError, match="none left"):
        network.with_profile(town, network.Profile(closed=("s1", "s2", "s3", "s4")))
    for wrong in ({"crossing_m": -1.0}, {"crossing_m": np.nan}, {"speed_m_min": 0.0}):
        with pytest.raises(errors.StudyError, match="A crossing costs"):
            network.Profile(**wrong)
    walker = network.with_profile(town, network.Profile(crossing_m=5))
    with pytest.raises(ValueError, match="as it was built"):
        network.with_profile(walker, network.Profile())
    with pytest.raises(ValueError, match="as it was built"):
        network.save(walker, Path("never"))


def test_minutes_are_metres_on_the_flat() -> None:
    slow = network.Profile(speed_m_min=48)
    assert slow.minutes(480) == 10
    assert slow.metres(15) == 720


# --- plane zones


@pytest.mark.parametrize(
    ("code", "longitude", "latitude", "zone"),
    [
        ("42201", 129.87, 32.75, 6669),  # Nagasaki
        ("46201", 130.55, 31.60, 6670),  # Kagoshima
        ("46222", 129.49, 28.38, 6669),  # Amami
        ("46529", 129.98, 28.32, 6669),  # Kikai, in zone I by the exception for Amami
        ("46505", 130.53, 30.33, 6670),  # Yakushima
        ("34100", 132.46, 34.39, 6671),  # Hiroshima
        ("39201", 133.53, 33.56, 6672),  # Kochi
        ("28100", 135.19, 34.69, 6673),  # Kobe
        ("27127", 135.50, 34.70, 6674),  # Osaka
        ("23100", 136.91, 35.18, 6675),  # Nagoya
        ("15100", 139.02, 37.90, 6676),  # Niigata
        ("13105", 139.75, 35.71, 6677),  # Bunkyo
        ("13382", 139.60, 33.88, 6677),  # Mikurajima
        ("13421", 142.19, 27.09, 6682),  # Chichijima
        ("13421", 136.08, 20.42, 6686),  # Okinotorishima
        ("13421", 153.98, 24.29, 6687),  # Minamitorishima
        ("07201", 140.47, 37.76, 6677),  # Fukushima
        ("04100", 140.87, 38.27, 6678),  # Sendai
        ("01202", 140.73, 41.77, 6679),  # Hakodate
        ("01100", 141.35, 43.06, 6680),  # Sapporo
        ("01206", 144.38, 42.98, 6681),  # Kushiro
        ("47201", 127.68, 26.21, 6683),  # Naha
        ("47207", 124.16, 24.34, 6684),  # Ishigaki
        ("47357", 131.23, 25.83, 6685),  # Daito
        ("99101", 140.10, 34.30, 6677),  # fictional, at sea
    ],
)
def test_plane_zones(code: str, longitude: float, latitude: float, zone: int) -> None:
    assert network.plane_crs(code, longitude=longitude, latitude=latitude) == f"EPSG:{zone}"


def test_every_prefecture_has_a_zone() -> None:
    told = [p for prefectures in network._ZONE_OF_PREFECTURES.values() for p in prefectures]
    assert sorted([*told, 1, 13, 46, 47]) == list(range(1, 48))


@pytest.mark.parametrize(
    ("code", "longitude", "latitude", "sentence"),
    [
        ("13105", 135.5, 34.7, "far from it"),  # Osaka's data under a code of Tokyo
        ("27127", 139.75, 35.7, "far from it"),
        ("99101", 148.0, 30.0, "far from it"),
        ("13105", 35.7, 139.75, "not in Japan"),  # swapped
        ("13105", 24.9, 60.2, "not in Japan"),
        ("13105", float("nan"), 35.0, "not in Japan"),
    ],
)
def test_a_far_zone_is_never_taken_silently(
    code: str, longitude: float, latitude: float, sentence: str
) -> None:
    with pytest.raises(errors.CrsError, match=sentence):
        network.plane_crs(code, longitude=longitude, latitude=latitude)


@pytest.mark.realdata
def test_the_zone_of_real_municipalities_is_the_one_their_data_come_in(realdata: Path) -> None:
    osaka = json.loads((realdata / "admin/N03-20250101_27_shikyo.geojson").read_text(encoding="utf-8"))
    codes = {f["properties"]["N03_007"]: f["geometry"] for f in osaka["features"]}
    zones = set()
    for code, geometry in codes.items():
        if code:
            middle = shapely.geometry.shape(geometry).representative_point()
            zones.add(network.plane_crs(code, longitude=middle.x, latitude=middle.y))
    assert zones == {"EPSG:6674"}


# --- real streets


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "crs", "nodes"),
    [
        ("network/tachikawa_tokyo/tachikawa.graphml", PLANE, 4106),
        ("network/pbf/Helsinki.osm.pbf", "EPSG:32635", 5645),
        ("network/pbf/monaco.osm.gz", "EPSG:32632", 4568),
    ],
)
def test_distances_on_real_streets_equal_scipy(realdata: Path, file: str, crs: str, nodes: int) -> None:
    table = reader.read(realdata / file).table
    net = network.build(table, crs=crs)
    assert len(net.node_id) == nodes
    sources = np.random.default_rng(1).choice(nodes, 100, replace=False)
    ours = _ours(net, sources)
    indptr, heads, cost, _ = kernels.csr(nodes, net.edge_u, net.edge_v, net.edge_cost)
    exact = csr_matrix((cost.astype(float), heads, indptr), shape=(nodes, nodes))
    assert (dijkstra(exact, indices=sources) == ours).all()

    # On the metres of the table, from the table alone: only the rounding of each street may differ.
    metres = _by_pair(table, net.node_id)
    theirs, back = dijkstra(metres, indices=sources, return_predecessors=True)
    assert np.isfinite(theirs).all()
    streets_on_the_way = _hops(back, sources)
    assert (np.abs(ours / 10 - theirs) <= 0.1 * streets_on_the_way + 1e-6).all()


@pytest.mark.realdata
def test_tachikawa_agrees_with_the_lengths_of_its_own_file(realdata: Path) -> None:
    """The graph as NetworkX reads it, with lengths of its makers (on a sphere, so up to 0.3 % off)."""
    path = realdata / "network/tachikawa_tokyo/tachikawa.graphml"
    text = path.read_text(encoding="utf-8")
    key = {name: k for k, name in re.findall(r'<key id="(\w+)" for="edge" attr.name="(\w+)"', text)}
    rows = re.findall(r'<edge source="(\d+)" target="(\d+)"[^>]*>(.*?)</edge>', text, flags=re.S)
    length = re.compile(rf'<data key="{key["length"]}">([^<]+)<')
    raw = pd.DataFrame(
        [(u, v, float(length.search(body).group(1))) for u, v, body in rows],  # type: ignore[union-attr]
        columns=["u", "v", "length_m"],
    )
    assert len(raw) == 10515
    net = network.build(reader.read(path).table, crs=PLANE)
    sources = np.random.default_rng(2).choice(len(net.node_id), 100, replace=False)
    theirs = dijkstra(_by_pair(raw, net.node_id), indices=sources)
    ours = _ours(net, sources) / 10
    assert (np.abs(ours - theirs) <= 0.003 * theirs + 5).all()


def _ours(net: network.Network, sources: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Decimetres from some nodes to all, those inside chains too."""
    every = network.nodes_joined(net)
    some = network.chosen(every, sources)
    graph = net.graph.indptr, net.graph.heads, net.graph.cost
    ways = some.ends, some.leave, every.ends, every.arrive, *network.on_same_chain(some, every)
    ptr, found, dm = kernels.within(*graph, *ways, 10_000_000)
    assert (found.reshape(len(sources), -1) == np.arange(len(net.node_id))).all()  # each reaches each
    assert len(ptr) == len(sources) + 1
    return dm.reshape(len(sources), -1)


def _by_pair(table: pd.DataFrame, node_id: np.ndarray[Any, Any]) -> csr_matrix:
    """Streets there and back as SciPy wants them: the shortest of each pair, since it would add them up."""
    number = {name: i for i, name in enumerate(node_id)}
    u, v = table["u"].map(number), table["v"].map(number)
    both = pd.DataFrame(
        {"a": pd.concat([u, v]), "b": pd.concat([v, u]), "m": pd.concat([table["length_m"]] * 2)}
    ).dropna()
    least = both[both["a"] != both["b"]].groupby(["a", "b"])["m"].min().reset_index()
    size = len(node_id)
    return csr_matrix((least["m"], (least["a"].astype(int), least["b"].astype(int))), shape=(size, size))


def _hops(back: np.ndarray[Any, Any], sources: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """How many streets the ways of SciPy take."""
    hops = np.zeros(back.shape)
    for row, source in enumerate(sources):
        at = back[row].copy()
        while (moving := at >= 0).any():
            hops[row] += moving
            at = np.where(moving, back[row][np.maximum(at, 0)], at)
        assert hops[row, source] == 0
    return hops
