"""What if, did it work, and who works where."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import access, coverage, errors, network, schemas
from geo.decide import scenarios, territories, verification
from geo.decide.scenarios import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Town

# --- scenarios ------------------------------------------------------------------------------------------


def test_places_are_opened_closed_moved_and_changed(town: Town) -> None:
    scenario = Scenario(
        "all of it",
        opened={"hut": ((400, 0), {"open_days_per_week": 5.0, "name": "Hut"})},
        closed=("ibasho",),
        moved={"suspended": (500, 0)},
        changed={"salon": {"targets": "all", "open_days_per_week": 4.0, "capacity": 12.0}},
        cost_yen=1_000_000,
    )
    before = town.places.copy()
    then = scenarios.places_then(scenario, gpd.GeoDataFrame(town.places)).set_index("place_id")
    assert scenario.actions == 4
    assert then["status"].to_dict() == {
        "hut": "open",
        "ibasho": "closed",
        "salon": "open",
        "suspended": "suspended",
    }
    assert then.loc["suspended", "geometry"].x == 500
    assert then.loc["salon", ["targets", "open_days_per_week", "capacity"]].tolist() == ["all", 4.0, 12.0]
    pd.testing.assert_frame_equal(before, town.places)  # nothing of the project changed


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario("x", closed=("nowhere",)),
        Scenario("x", opened={"salon": ((0, 0), {})}),
        Scenario("x", changed={"salon": {"place_id": "other"}}),
    ],
)
def test_a_scenario_that_does_not_fit_is_refused(town: Town, scenario: Scenario) -> None:
    with pytest.raises(errors.DataError, match="cannot be applied"):
        scenarios.places_then(scenario, gpd.GeoDataFrame(town.places))


def test_a_bridge_shortens_the_walk(build_town: Callable[..., Town]) -> None:
    """From r00 to the ibasho it is 2080 m round by the only bridge; a crossing at x = 0 makes it 80 m."""
    town = build_town(river=True)
    streets = scenarios.streets_then(
        Scenario("bridge", streets=(((0, 1), (0, 79)),)), gpd.GeoDataFrame(town.streets)
    )
    homes = gpd.GeoDataFrame({"origin_id": ["r00"]}, geometry=[shapely.Point(0, 80)], crs="EPSG:6677")
    ibasho = gpd.GeoDataFrame(town.places[town.places["place_id"] == "ibasho"])
    found = [
        access.nearest(network.build(own, crs="EPSG:6677"), homes, ibasho, k=1)["distance_m"].tolist()
        for own in (gpd.GeoDataFrame(town.streets), streets)
    ]
    assert found == [[2080.0], [80.0]]
    with pytest.raises(errors.MissingTableError):
        scenarios.streets_then(
            Scenario("b", streets=(((0, 1), (0, 79)),)), gpd.GeoDataFrame(town.streets[:0])
        )


def test_any_numbers_stand_side_by_side() -> None:
    keys = {"zone_id": ["", "z"], "group": "all", "kind": "any", "limit_m": 500, "measure": "covered_people"}
    now, then = pd.DataFrame({**keys, "value": [10.0, 4.0]}), pd.DataFrame({**keys, "value": [15.0, np.nan]})
    table = scenarios.compare(now, {"more": then, "same": now})
    assert table["more_change"].tolist()[0] == 5
    assert np.isnan(table["more_change"].tolist()[1])
    assert table["same_change"].tolist() == [0, 0]


def test_a_plan_becomes_entries_that_count_when_they_open(town: Town) -> None:
    options = gpd.GeoDataFrame(
        {
            "option_id": ["open:v1", "permanent:salon", "ibasho"],
            "site_id": ["v1", "salon", "ibasho"],
            "action": ["open", "permanent", "open"],
            "standing": ["candidate", "candidate", "existing"],
            "cost_yen": 1.0,
            "yearly_yen": 0.0,
            "capacity": np.nan,
            "zone_id": None,
        },
        geometry=gpd.points_from_xy([400, 700, 0], [0, 0, 0]),
        crs="EPSG:6677",
    )
    planned = scenarios.planned(options, open_days_per_week=5)
    assert planned["place_id"].tolist() == ["planned:v1"]
    assert planned["status"].tolist() == ["planned"]
    assert planned["do_not_publish"].tolist() == [True]
    both = schemas.conform(
        schemas.Places, gpd.GeoDataFrame(pd.concat([town.places, planned]), crs="EPSG:6677")
    )
    from geo import study as studies

    study = studies.make(municipality_code="99101")
    assert "planned:v1" not in set(coverage.fitting(both, study.groups[0], "any", study)["place_id"])


# --- verification ---------------------------------------------------------------------------------------


def areas_of(changes: list[float], treated: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "area_id": [f"a{i:02d}" for i in range(len(changes))],
            "treated": [i < treated for i in range(len(changes))],
            "before": 0.4,
            "after": np.array(changes) + 0.4,
        }
    )


def test_an_effect_by_hand() -> None:
    """Changes 3, 4 with and 0, 1, 2, 1, 0, 2 without: 3.5 - 1; only 1 of the 28 ways is as far apart (both ways)."""
    found = verification.difference_in_differences(areas_of([3, 4, 0, 1, 2, 1, 0, 2], 2))
    changes = np.array([3, 4, 0, 1, 2, 1, 0, 2.0])
    every = [changes[list(c)].mean() - np.delete(changes, list(c)).mean() for c in combinations(range(8), 2)]
    assert found.estimate == pytest.approx(2.5)
    assert found.p_value == pytest.approx(np.mean(np.abs(every) >= 2.5 - 1e-9))
    assert found.verdict == "effect"
    assert found.low < 2.5 < found.high
    assert found.low > 0


def test_too_few_areas_can_tell_nothing() -> None:
    found = verification.difference_in_differences(areas_of([9, 0, 0, 0], 1))
    assert (found.verdict, found.p_value) == ("too_few", 0.25)
    assert (found.low, found.high) == (-np.inf, np.inf)
    with pytest.raises(errors.DataError, match="0 areas with the project"):
        verification.difference_in_differences(areas_of([1, 2], 0))
    unknown = areas_of([1, 2, 3], 1)
    unknown.loc[0, "after"] = np.nan
    with pytest.raises(errors.DataError, match="0 areas with the project and 2"):
        verification.difference_in_differences(unknown)


def test_no_effect_is_reported_as_none_at_least_95_times_in_100() -> None:
    """Not by luck: whichever 4 of 11 areas had the project, of all 330 ways at least 95 in 100 end in none."""
    changes = np.random.default_rng(5).normal(0.1, 1, 11)
    verdicts, inside = [], 0
    for number, chosen in enumerate(combinations(range(11), 4)):
        areas = areas_of(list(changes), 0).assign(treated=np.isin(np.arange(11), chosen))
        found = verification.difference_in_differences(areas)
        verdicts.append(found.verdict)
        inside += found.low <= 1e-9 and found.high >= -1e-9
        assert (found.verdict == "effect") == (found.p_value <= verification.ALPHA), number
    assert verdicts.count("none_found") >= 0.95 * 330
    assert verdicts.count("effect") > 0
    assert inside >= 0.95 * 330


def test_a_large_effect_is_found_and_its_interval_holds_it() -> None:
    random = np.random.default_rng(2)
    found = held = 0
    for _ in range(40):
        changes = random.normal(0, 1, 12)
        changes[:5] += 3
        one = verification.difference_in_differences(areas_of(list(changes), 5))
        found += one.verdict == "effect"
        held += one.low <= 3 <= one.high
    assert found >= 36
    assert held >= 36


def test_many_areas_are_drawn_with_a_seed() -> None:
    table = areas_of(list(np.linspace(0, 1, 40)), 15)
    one, two = (verification.difference_in_differences(table[::step], seed=4) for step in (1, -1))
    assert one == two


def test_what_can_be_found_is_told_before() -> None:
    before = pd.Series(np.random.default_rng(1).normal(0, 0.1, 50))
    few = verification.power(before, treated=1, compared=5)
    assert not few.possible
    assert np.isinf(few.detectable)
    some, more = (verification.power(before, treated=n, compared=3 * n) for n in (4, 16))
    assert some.possible
    assert more.detectable < some.detectable
    # An effect of that size is found about four times in five.
    random = np.random.default_rng(3)
    found = 0
    for _ in range(100):
        changes = random.normal(0, before.std(), 16)
        changes[:4] += some.detectable
        found += verification.difference_in_differences(areas_of(list(changes), 4)).verdict == "effect"
    assert 68 <= found <= 94


def test_snapshots_side_by_side() -> None:
    table = verification.before_after(
        pd.DataFrame({"area_id": ["a", "b"], "value": [1.0, 2.0]}),
        pd.DataFrame({"area_id": ["a", "c"], "value": [4.0, 1.0]}),
    )
    assert table["change"].tolist()[0] == 3
    assert table["change"].isna().tolist() == [False, True, True]


# --- territories ----------------------------------------------------------------------------------------


def grid(wide: int, high: int, loads: list[float]) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    cells = list(product(range(wide), range(high)))
    names = {cell: f"{cell[0]}-{cell[1]}" for cell in cells}
    table = pd.DataFrame(
        {
            "area_id": [names[cell] for cell in cells],
            "load": loads,
            "x": [cell[0] * 100.0 for cell in cells],
            "y": [cell[1] * 100.0 for cell in cells],
        }
    )
    beside = [
        (names[x, y], names[other]) for x, y in cells for other in ((x + 1, y), (x, y + 1)) if other in names
    ]
    return table, beside


def connected(members: set[str], beside: list[tuple[str, str]]) -> bool:
    seen, stack = set(), [min(members)]
    while stack:
        area = stack.pop()
        if area not in seen:
            seen.add(area)
            stack += [b if a == area else a for a, b in beside if area in (a, b) and {a, b} <= members]
    return seen == members


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=12, max_size=12))
def test_territories_are_connected_and_one_more_never_makes_the_largest_load_larger(loads: list[int]) -> None:
    table, beside = grid(4, 3, [float(load) for load in loads])
    before = np.inf
    for number in range(1, 6):
        found = territories.divide(table, beside, number=number)
        assert set(found.table["territory"]) == set(range(1, number + 1))
        for _, part in found.table.groupby("territory"):
            assert connected(set(part["area_id"]), beside)
        assert found.largest <= before
        assert found.largest >= found.bound - 1e-9
        assert found.loads["load"].sum() == pytest.approx(sum(loads))
        before = found.largest


def test_a_small_ward_is_divided_as_well_as_can_be() -> None:
    for seed in range(6):
        loads = [float(load) for load in np.random.default_rng(seed).integers(1, 10, 8)]
        table, beside = grid(4, 2, loads)
        best = np.inf
        for labels in product(range(2), repeat=8):
            parts = [{a for a, own in zip(table["area_id"], labels, strict=True) if own == k} for k in (0, 1)]
            if all(parts) and all(connected(part, beside) for part in parts):
                best = min(best, max(sum(table.set_index("area_id")["load"][sorted(p)]) for p in parts))
        assert territories.divide(table, beside, number=2).largest == best


def test_islands_are_bridged_and_said() -> None:
    table, beside = grid(4, 1, [1.0] * 4)
    cut = [pair for pair in beside if pair != ("1-0", "2-0")]
    found = territories.divide(table, cut, number=1)
    assert found.bridges == (("1-0", "2-0"),)
    with pytest.raises(errors.DataError, match="5 coordinators for 4 areas"):
        territories.divide(table, beside, number=5)
    now = territories.loads(table, pd.DataFrame({"area_id": table["area_id"], "territory": list("xxxy")}))
    assert now["load"].tolist() == [3, 1]
    assert now["travel_m"].tolist() == pytest.approx([200 / 3, 0])
