"""Who reaches what: by hand on the tiny town, by laws, and against a brute force on the raw streets."""

from __future__ import annotations

import math

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from geo import access, coverage, demand, network, schemas
from geo import study as studies

PLANE = "EPSG:6677"
A, B, C, W = ("991010010", "991010020", "991010030", "991010040")
STUDY = studies.make(municipality_code="99101")
slow = settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
        Phase.shrink,
    ],  # explaining a failure takes minutes here
)


class Measured:
    """The tiny town up to coverage."""

    def __init__(self, town, study=STUDY, places=None, straight=False):
        self.study = study
        self.places = town.places if places is None else places
        self.areas = demand.attach(town.small_areas, town.statistics, town.point_counts)
        self.net = network.build(town.streets, crs=PLANE) if len(town.streets) else None
        self.origins = demand.origins(self.areas, town.streets, self.net)
        self.metric = access.StraightLine(1.3) if straight or self.net is None else self.net
        self.people = pd.DataFrame(
            {
                g.group: demand.people(self.origins, demand.spread(self.areas, town.statistics, g.column))
                for g in study.groups
            }
        )
        self.on_water = self.origins["small_area_id"] == W
        self.table = coverage.measure(
            self.metric, self.origins, self.places, self.people, on_water=self.on_water, study=study
        )
        self.cells = demand.cells(self.origins, self.areas)
        self.pairs = coverage.contiguity(self.cells, on_water=self.on_water)

    def of(self, group, kind):
        own = self.table[(self.table["group"] == group) & (self.table["kind"] == kind)]
        return own.set_index("origin_id")

    def gaps(self, **changes):
        return coverage.gaps(self.table, self.cells, self.pairs, study=self.study.with_(**changes))


@pytest.fixture
def measured(town):
    return Measured(town)


# --- which places count ---------------------------------------------------------------------------------


def test_unknown_opening_days_are_never_permanent(town):
    places = town.places.assign(open_days_per_week=[np.nan, 3, 2.9])
    assert coverage.permanent(places, STUDY).tolist() == [False, True, False]
    lowest = STUDY.with_(permanent_min_days_per_week=0.001)
    assert coverage.permanent(places, lowest).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("targets", "groups"),
    [
        ("all", {"all", "under_15", "age_65_plus", "age_75_plus"}),
        ("older", {"all", "age_65_plus", "age_75_plus"}),
        ("children", {"all", "under_15"}),
        ("disabled", {"all"}),
        ("disabled;childrearing", {"all", "under_15"}),
    ],
)
def test_a_place_serves_whom_its_targets_name(town, targets, groups):
    places = town.places.assign(targets=targets)
    served = {group.group for group in STUDY.groups if coverage.serves(places, group).all()}
    assert served == groups


def test_only_open_places_count(town):
    everybody = STUDY.groups[0]
    for status in ("planned", "preparing", "suspended", "closed"):
        changed = town.places.assign(status=["open", status, status])
        assert coverage.fitting(changed, everybody, "any", STUDY)["place_id"].tolist() == ["ibasho"]
    assert coverage.fitting(town.places, everybody, "permanent", STUDY)["place_id"].tolist() == ["ibasho"]


def test_steps_that_nobody_told_of_may_be_none(town):
    """Needed: no steps. The ibasho is said to have none, of the salon nobody knows."""
    needs = {"group": "frail", "column": "people", "needs_step_free": True}
    study = STUDY.with_(groups=[{"group": "all", "column": "people"}, needs])
    told = Measured(town, study, places=town.places.assign(step_free=["yes", None, None]))
    own = of_kind(told.table, "frail", "any")
    assert (own["covered_people"], own["covered_people_max"]) == pytest.approx((150, 350))
    assert own["state"] == "partial"
    gaps, _ = told.gaps(gap_group="frail")
    assert gaps["reason"].tolist()[0] == "fit_unknown"
    barred = Measured(town, study, places=town.places.assign(step_free=["yes", "no", None]))
    assert of_kind(barred.table, "frail", "any")["state"] == "known"
    assert barred.gaps(gap_group="frail")[0]["reason"].tolist()[0] == "not_for_group"


def test_fee_and_language_count_for_those_who_ask(town):
    places = town.places.assign(fee_yen=[100, np.nan, 0], languages=["en;zh", None, "ko"])
    cheap = studies.Group(group="x", column="people", max_fee_yen=100)
    assert coverage.suits(places, cheap).fillna(-1).tolist() == [1, -1, 1]
    spoken = studies.Group(group="x", column="people", language="zh")
    assert coverage.suits(places, spoken).fillna(-1).tolist() == [1, -1, 0]
    both = studies.Group(group="x", column="people", language="zh", max_fee_yen=50)
    assert coverage.suits(places, both).fillna(-1).tolist() == [0, -1, 0]


# --- distances on paper ---------------------------------------------------------------------------------


def test_distances_are_those_on_paper(measured):
    own = measured.of("all", "any")
    assert own["nearest_m"].dropna().tolist() == [0, 100, 200, 300, 300, 200, 100, 0, 100, 200, 300]
    assert own["second_m"].dropna().tolist() == [700, 600, 500, 400, 400, 500, 600, 700, 800, 900, 1000]
    assert own["third_m"].isna().all()
    assert own["n_within"].tolist() == [2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 0]
    permanent = measured.of("age_65_plus", "permanent")
    assert permanent["nearest_m"].dropna().tolist() == [100 * i for i in range(11)]


def test_people_counted_on_water_walk_nowhere_and_it_is_said(measured):
    own = measured.of("all", "any").loc[W]
    assert (own["people"], own["reason"], own["n_within"]) == (3, "water_area", 0)
    assert math.isnan(own["nearest_m"])
    assert dict(coverage.reasons(measured.table, study=STUDY)) == {"water_area": 3}


def test_without_places_nobody_is_covered_and_it_is_said(town):
    nothing = Measured(town, places=town.places.iloc[:0])
    assert dict(coverage.reasons(nothing.table, study=STUDY)) == pytest.approx(
        {"no_place": 350, "water_area": 3}
    )
    assert nothing.table["nearest_m"].isna().all()
    assert (nothing.table["n_within"] == 0).all()
    shares = coverage.shares(nothing.table, limits_m=(500,))
    whole = shares[shares["group"] == "all"]
    assert whole["covered_share"].isna().all()
    assert whole["covered_people_max"].tolist() == pytest.approx([350, 350])  # nobody walks on water
    assert whole["state"].tolist() == ["unknown", "unknown"]
    gaps, cells = nothing.gaps()
    assert gaps["people"].sum() == pytest.approx(353)
    assert gaps["nearest_m"].isna().all()
    assert len(cells) == 12


def test_a_place_far_from_every_street_covers_nobody(town):
    lost = gpd.GeoDataFrame(town.places.iloc[[0]]).set_geometry([shapely.Point(0, 900)], crs=PLANE)
    assert dict(coverage.reasons(Measured(town, places=lost).table, study=STUDY))[
        "no_place"
    ] == pytest.approx(350)


def test_a_river_keeps_apart_what_is_near_for_a_bird(build_town):
    town = build_town(river=True)
    origin = f"{A}:r00"
    assert Measured(town).of("under_15", "any")["nearest_m"][origin] == 2080
    assert Measured(town, straight=True).of("under_15", "any")["nearest_m"][origin] == pytest.approx(104)


def test_without_a_table_a_group_is_unknown_not_zero(build_town):
    bare = Measured(build_town(ages=False))
    shares = coverage.shares(bare.table, limits_m=(300, 500)).set_index("group")
    assert shares.loc["age_65_plus", ["people", "covered_people", "covered_share"]].isna().all(axis=None)
    assert shares.loc["all", "people"].notna().all()
    by_area = coverage.area_coverage(bare.table, bare.origins, limits_m=(300,))
    assert by_area.loc[by_area["group"] == "under_15", "people"].isna().all()


def test_the_reasons_count_everybody_whatever_the_order_of_the_groups(town):
    turned = STUDY.with_(groups=tuple(reversed(STUDY.groups)))
    assert dict(coverage.reasons(Measured(town, turned).table, study=turned)) == {"water_area": 3}


# --- shares ---------------------------------------------------------------------------------------------

PAPER = {
    ("all", "any"): (353, 350, 350, 350),
    ("all", "permanent"): (353, 700 / 9, 150, 300),
    ("under_15", "any"): (59, 7, 19, 49),
    ("under_15", "permanent"): (59, 7, 19, 49),
    ("age_65_plus", "any"): (43, 43, 43, 43),
    ("age_65_plus", "permanent"): (43, 14, 23, 38),
    ("age_75_plus", "any"): (19, 19, 19, 19),
    ("age_75_plus", "permanent"): (19, 7, 11, 17),
}


def test_shares_are_those_on_paper_and_a_limit_met_exactly_counts(measured):
    shares = coverage.shares(measured.table, limits_m=(300, 500, 800)).set_index(["group", "kind", "limit_m"])
    for (group, kind), (people, *covered) in PAPER.items():
        own = shares.loc[(group, kind)]
        assert own["people"].tolist() == pytest.approx([people] * 3)
        assert own["covered_people"].tolist() == pytest.approx(covered)
        assert own["covered_share"].tolist() == pytest.approx([value / people for value in covered])


def test_a_decimetre_beyond_the_limit_is_not_covered(town):
    later = town.places.iloc[[0]].set_geometry([shapely.Point(-0.1, 0)], crs=PLANE)
    table = Measured(town, places=later).table
    shares = coverage.shares(table, limits_m=(500,)).set_index(["group", "kind"])
    assert shares.loc[("all", "any"), "covered_people"] == pytest.approx(100)  # n05 is 500.1 m away


def test_the_areas_add_up_to_the_total(measured):
    limits = (300, 500, 800)
    total = coverage.shares(measured.table, limits_m=limits).set_index(["group", "kind", "limit_m"])
    by_area = coverage.area_coverage(measured.table, measured.origins, limits_m=limits)
    added = by_area.groupby(["group", "kind", "limit_m"])[["people", "covered_people"]].sum()
    for column in added:
        assert added[column].to_dict() == pytest.approx(total[column].to_dict())
    c = by_area[(by_area["small_area_id"] == W) & (by_area["group"] == "under_15")]
    assert c["people"].isna().all()
    assert c["covered_share"].isna().all()
    inhabited = by_area[
        (by_area["group"] == "all") & (by_area["kind"] == "any") & (by_area["limit_m"] == 300)
    ]
    assert inhabited["people"].tolist() == pytest.approx([100, 200, 50, 3])


def of_kind(table, group="all", kind="permanent", limit_m=500):
    shares = coverage.shares(table, limits_m=(limit_m,)).set_index(["group", "kind"])
    return shares.loc[(group, kind)]


def test_places_of_unknown_days_give_a_largest_share_beside_the_smallest(town):
    """The salon (older people only) may be permanent: within 500 m of x = 700 start n02 to n10."""
    vague = town.places.assign(open_days_per_week=[5, np.nan, 7])
    older = of_kind(Measured(town, places=vague).table, "age_65_plus")
    assert older["state"] == "partial"
    assert (older["covered_people"], older["covered_people_max"]) == pytest.approx((23, 43))
    assert (older["covered_share"], older["covered_share_max"]) == pytest.approx((23 / 43, 1))
    children = of_kind(Measured(town, places=vague).table, "under_15")
    assert (children["state"], children["covered_share_max"]) == ("known", children["covered_share"])


def test_only_unknown_days_are_unknown_and_no_zero(town):
    vague = town.places.assign(open_days_per_week=np.nan)
    own = of_kind(Measured(town, places=vague).table, "under_15")
    assert own["state"] == "unknown"
    assert np.isnan(own["covered_share"])
    assert np.isnan(own["covered_people"])
    assert own["covered_people_max"] == pytest.approx(19)
    assert of_kind(Measured(town, places=vague).table, "under_15", "any")["state"] == "known"


def test_a_list_without_open_places_is_known_to_cover_nobody(town):
    closed = Measured(town, places=town.places.assign(status="closed")).table
    assert of_kind(closed)[["covered_share", "covered_share_max", "state"]].tolist() == [0, 0, "known"]


def test_a_gap_near_a_place_of_unknown_days_says_so(town):
    vague = town.places.assign(open_days_per_week=[5, np.nan, 7])
    gaps, _ = Measured(town, places=vague).gaps(gap_kind="permanent", gap_group="age_65_plus")
    assert gaps["reason"].tolist() == ["days_unknown"]
    assert gaps["people"].tolist() == pytest.approx([20])
    assert gaps["people_min"].tolist() == [0]


# --- gaps -----------------------------------------------------------------------------------------------


def test_the_gaps_of_any_place_are_the_people_on_water(measured):
    gaps, cells = measured.gaps()
    assert gaps["people"].tolist() == [3]
    assert cells.to_dict("records") == [{"origin_id": W, "gap_id": "G001"}]


def test_the_gaps_of_permanent_places_are_those_on_paper(measured):
    gaps, cells = measured.gaps(gap_kind="permanent")
    assert gaps["gap_id"].tolist() == ["G001", "G002"]
    assert gaps["people"].tolist() == pytest.approx([200, 3])
    assert gaps["nearest_m"].iloc[0] == pytest.approx(
        (50 * (600 + 700 + 800) + 100 / 3 * 900 + 50 / 3 * 1000) / 200
    )
    assert math.isnan(gaps["nearest_m"].iloc[1])
    assert gaps["reason"].tolist() == ["not_permanent", "water_area"]
    west, _, east, _ = gaps.geometry[0].bounds
    assert (west, east) == pytest.approx((550, 1050))
    members = cells.loc[cells["gap_id"] == "G001", "origin_id"].tolist()
    assert members == [f"{B}:n06", f"{B}:n07", f"{B}:n08", f"{C}:n09", f"{C}:n10"]


def test_a_gap_says_when_places_are_there_but_not_for_this_group(measured):
    gaps, _ = measured.gaps(gap_group="under_15")
    assert gaps["people"].tolist() == pytest.approx([40])  # nobody knows of children on water
    assert gaps["reason"].tolist() == ["not_for_group"]


def test_a_gap_where_there_is_no_place_for_anybody(town):
    only = Measured(town, places=town.places.iloc[[0]])
    gaps, _ = only.gaps(gap_kind="permanent")
    assert gaps["reason"].tolist()[0] == "no_place"


def test_without_gaps_there_is_an_empty_table_in_the_plane(measured):
    gaps, cells = measured.gaps(gap_group="age_65_plus")
    assert len(gaps) == len(cells) == 0
    assert gaps.crs.to_epsg() == 6677
    assert cells.columns.tolist() == ["origin_id", "gap_id"]


def test_gaps_on_two_banks_do_not_meet_over_the_water(town):
    wet = shapely.box(-50, 100, 1050, 300)
    north = shapely.box(-50, 300, 1050, 400)
    areas = town.small_areas.set_geometry([*town.small_areas.geometry[:2], north, wet], crs=PLANE)
    changed = type(town)({**town.tables, schemas.SmallAreas: areas, schemas.Places: town.places.iloc[:0]})
    gaps, _ = Measured(changed).gaps()
    assert gaps["people"].tolist() == pytest.approx([300, 50, 3])


def _row_of_cells(people, ids):
    cells = gpd.GeoDataFrame(
        {"origin_id": ids},
        geometry=[shapely.box(i * 100, 0, i * 100 + 50, 50) for i in range(len(ids))],
        crs=PLANE,
    )
    table = pd.DataFrame(
        {
            "origin_id": ids,
            "group": "all",
            "kind": "any",
            "people": people,
            "nearest_m": np.nan,
            "second_m": np.nan,
            "possible_m": np.nan,
        }
    ).assign(third_m=np.nan, n_within=0, reason="no_place")
    both = pd.concat([table, table.assign(kind="permanent")])
    return schemas.conform(schemas.Coverage, both), cells, np.empty((0, 2), dtype=int)


def test_gaps_with_equally_many_people_keep_the_order_of_their_origins():
    study = STUDY.with_(groups=({"group": "all", "column": "people"},))
    noisy = [0.3, 5, 0.1 + 0.2]  # the later one is larger by the last bit only
    gaps, cells = coverage.gaps(*_row_of_cells(noisy, ["a", "b", "c"]), study=study)
    assert dict(zip(cells["origin_id"], cells["gap_id"], strict=True)) == {
        "a": "G002",
        "b": "G001",
        "c": "G003",
    }
    assert gaps["gap_id"].tolist() == ["G001", "G002", "G003"]


def test_a_thousand_gaps_stay_in_order():
    study = STUDY.with_(groups=({"group": "all", "column": "people"},))
    n = 1001
    gaps, _ = coverage.gaps(
        *_row_of_cells(np.arange(n, 0, -1.0), [f"{i:04d}" for i in range(n)]), study=study
    )
    assert gaps["people"].is_monotonic_decreasing
    assert gaps["gap_id"].is_monotonic_increasing


# --- laws and brute force on random towns ---------------------------------------------------------------


def _place(number, node, draw):
    return dict.fromkeys(schemas.columns_of(schemas.Places)) | {
        "place_id": f"p{number}",
        "name": "x",
        "kind": "ibasho",
        "targets": draw(st.sampled_from(["all", "older", "children"])),
        "targets_known": True,
        "open_days_per_week": draw(st.sampled_from([np.nan, 1, 3, 5])),
        "status": draw(st.sampled_from(["open", "open", "open", "closed"])),
        "source_row": 2,
        "dataset_id": "p",
        "geometry": shapely.Point(node),
    }


def _some(draw, random_towns):
    areas, streets = draw(random_towns.filter(lambda town: len(town[1]) and (town[0]["people"] > 0).any()))
    net = network.build(streets, crs=PLANE)
    nodes = list(zip(np.round(net.x, 6), np.round(net.y, 6), strict=True))
    at = draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=4))
    rows = [_place(number, node, draw) for number, node in enumerate(at)]
    places = schemas.conform(schemas.Places, gpd.GeoDataFrame(rows, crs=PLANE))
    origins = demand.origins(areas, streets, net)
    counts = areas.set_index("small_area_id")["people"]
    people = pd.DataFrame(
        {g.group: demand.people(origins, counts * (0.5 if g.targets else 1)) for g in STUDY.groups}
    )
    wet = areas.loc[areas["is_water"], "small_area_id"]
    return areas, net, origins, places, people, origins["small_area_id"].isin(wet)


def _measure(town, places=None):
    _, net, origins, own, people, wet = town
    return coverage.measure(
        net, origins, own if places is None else places, people, on_water=wet, study=STUDY
    )


@slow
@given(data=st.data())
def test_coverage_equals_a_brute_force_on_the_raw_streets(random_towns, data):
    town = _some(data.draw, random_towns)
    _, net, origins, places, _, wet = town
    graph = nx.Graph()
    graph.add_nodes_from(net.node_id)
    raw = zip(net.edge_u, net.edge_v, strict=True)
    graph.add_edges_from([(net.node_id[u], net.node_id[v], {"m": 50}) for u, v in raw])
    where = {(round(x, 3), round(y, 3)): name for x, y, name in zip(net.x, net.y, net.node_id, strict=True)}
    table = _measure(town)
    for group in STUDY.groups:
        for kind in coverage.KINDS:
            fits = [
                where[(round(p.geometry.x, 3), round(p.geometry.y, 3))]
                for p in places.itertuples()
                if p.status == "open"
                and (not group.targets or p.targets in group.targets)
                and (kind == "any" or p.open_days_per_week >= 3)
            ]
            own = table[(table["group"] == group.group) & (table["kind"] == kind)].set_index("origin_id")
            for origin, on_water in zip(origins["origin_id"], wet, strict=True):
                area, _, node = origin.partition(":")
                if not node:
                    continue  # stands off the street: test_access
                walks = sorted(nx.shortest_path_length(graph, node, goal, weight="m") for goal in fits)
                found = own.loc[origin]
                expected = ([] if on_water else walks)[:3]
                got = [found[c] for c in ("nearest_m", "second_m", "third_m") if not math.isnan(found[c])]
                assert got == expected
                assert found["n_within"] == sum(walk <= 800 for walk in ([] if on_water else walks))
                assert area in set(origins["small_area_id"])


@slow
@given(data=st.data())
def test_laws_of_coverage(random_towns, data):
    town = _some(data.draw, random_towns)
    table = _measure(town)
    wide = table.set_index(["origin_id", "group", "kind"])["nearest_m"].fillna(np.inf).unstack("kind")
    assert (wide["any"] <= wide["permanent"]).all()
    limits = (50, 100, 150, 5000)
    shares = coverage.shares(table, limits_m=limits)
    for _, own in shares.groupby(["group", "kind"]):
        assert own["limit_m"].tolist() == list(limits)
        least = own["covered_people"].fillna(0)
        assert (np.diff(least) >= -1e-9).all()
        assert (np.diff(own["covered_people_max"]) >= -1e-9).all()
        assert (least <= own["covered_people_max"] + 1e-9).all()
        assert (own["covered_people_max"] <= own["people"] + 1e-9).all()
    fewer = _measure(town, town[3].iloc[1:])
    together = table.merge(fewer, on=["origin_id", "group", "kind"], suffixes=("", "_fewer"))
    assert (together["nearest_m"].fillna(np.inf) <= together["nearest_m_fewer"].fillna(np.inf)).all()
    assert (together["n_within"] >= together["n_within_fewer"]).all()
    pd.testing.assert_frame_equal(_measure(town, town[3].sample(frac=1, random_state=1)), table)


@slow
@given(data=st.data(), limit_m=st.sampled_from([50, 100, 150]), kind=st.sampled_from(["any", "permanent"]))
def test_gaps_are_the_components_of_a_brute_force_and_hold_everybody_left_out(
    random_towns, data, limit_m, kind
):
    town = _some(data.draw, random_towns)
    areas, _, origins, _, people, wet = town
    study = STUDY.with_(limit_m=limit_m, gap_kind=kind)
    table = _measure(town)
    cells = demand.cells(origins, areas)
    gaps, gap_cells = coverage.gaps(table, cells, coverage.contiguity(cells, on_water=wet), study=study)

    own = table[(table["group"] == "all") & (table["kind"] == kind)].set_index("origin_id")
    out = [o for o in origins["origin_id"] if not own["nearest_m"][o] <= limit_m]
    shape = dict(zip(cells["origin_id"], cells.geometry, strict=True))
    water = dict(zip(origins["origin_id"], wet, strict=True))
    graph = nx.Graph()
    graph.add_nodes_from(out)
    graph.add_edges_from(
        (a, b)
        for a in out
        for b in out
        if a < b and not (water[a] or water[b]) and shape[a].distance(shape[b]) <= 0.5
    )
    brute = {frozenset(part) for part in nx.connected_components(graph)}
    assert {frozenset(part) for _, part in gap_cells.groupby("gap_id")["origin_id"]} == brute

    shares = coverage.shares(table, limits_m=(limit_m,)).set_index(["group", "kind"])
    reached = shares.fillna({"covered_people": 0}).loc[("all", kind)]
    assert gaps["people"].sum() + reached["covered_people"] == pytest.approx(people["all"].sum())
    assert gaps["people_min"].sum() + reached["covered_people_max"] == pytest.approx(people["all"].sum())
    assert (np.diff(gaps["people"]) <= 1e-6).all()
    for gap in gaps.itertuples():
        members = gap_cells.loc[gap_cells["gap_id"] == gap.gap_id, "origin_id"]
        assert own["people"][members].sum() == pytest.approx(gap.people)
        assert gap.geometry.area == pytest.approx(shapely.union_all([shape[o] for o in members]).area)
