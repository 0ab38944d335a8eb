"""Choices of sites against brute force, the literature's optima, and cases by hand."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from geo import errors, kernels
from geo.decide import rules as ruling
from geo.decide import sites, solver
from geo.decide.rules import Rules

PLANE = "EPSG:6677"


def options_of(rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    common = {"action": "open", "standing": "candidate", "cost_yen": 1.0, "yearly_yen": 0.0}
    full = [
        {
            "site_id": row["option_id"],
            "capacity": np.nan,
            "zone_id": None,
            "x": 0.0,
            "y": 0.0,
            **common,
            **row,
        }
        for row in rows
    ]
    frame = pd.DataFrame(full)
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["x"], frame["y"]), crs=PLANE)


class Case:
    """A small random question with its own brute force."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        n, m = int(random.integers(3, 9)), int(random.integers(2, 8))
        home, goal = random.integers(0, 8, (n, 2)) * 100, random.integers(0, 8, (m, 2)) * 100
        standing = random.choice(["candidate"] * 6 + ["existing", "required", "forbidden"], m)
        self.options = options_of(
            [
                {
                    "option_id": f"o{j}",
                    "site_id": f"s{random.integers(0, m)}" if seed % 3 == 0 else f"o{j}",
                    "standing": standing[j],
                    "cost_yen": float(random.integers(1, 6)),
                    "yearly_yen": float(random.integers(0, 3)),
                    "zone_id": f"z{random.integers(0, 3)}",
                    "capacity": float(random.integers(1, 40)),
                    "x": float(goal[j, 0]),
                    "y": float(goal[j, 1]),
                }
                for j in range(m)
            ]
        )
        self.demand = pd.DataFrame(
            {"origin_id": [f"i{i}" for i in range(n)], "people": random.integers(0, 20, n).astype(float)}
        )
        apart = np.abs(home[:, None] - goal[None]).sum(axis=2).astype(float)
        self.metres = apart
        i, j = np.indices(apart.shape)
        self.reach = pd.DataFrame(
            {
                "origin_id": [f"i{a}" for a in i.ravel()],
                "option_id": [f"o{a}" for a in j.ravel()],
                "distance_m": apart.ravel(),
            }
        )
        self.limit_m = float(random.choice([200, 300, 400]))
        self.rules = Rules(
            number=int(random.integers(0, 4)) if random.random() < 0.7 else None,
            budget_yen=float(random.integers(2, 14)) if random.random() < 0.5 else None,
            years=float(random.integers(0, 3)),
            min_distance_m=float(random.choice([100, 200])) if random.random() < 0.3 else None,
            one_per_zone=bool(random.random() < 0.2),
        )

    def choices(self) -> list[list[int]]:
        """Every allowed choice with the existing places, by the words of the rules alone."""
        table, rules = self.options, self.rules
        there = [j for j in range(len(table)) if table["standing"][j] == "existing"]
        free = [j for j in range(len(table)) if table["standing"][j] in ("candidate", "required")]
        must = {j for j in free if table["standing"][j] == "required"}
        return [
            [*there, *chosen]
            for size in range(len(free) + 1)
            for chosen in combinations(free, size)
            if must <= set(chosen) and self._allowed(chosen, there, rules)
        ]

    def _allowed(self, chosen: tuple[int, ...], there: list[int], rules: Rules) -> bool:
        table = self.options
        own = table.iloc[list(chosen)]
        if rules.number is not None and len(chosen) > rules.number:
            return False
        spent = (own["cost_yen"] + rules.years * own["yearly_yen"]).sum()
        if rules.budget_yen is not None and spent > rules.budget_yen:
            return False
        if own["site_id"].duplicated().any() or (rules.one_per_zone and own["zone_id"].duplicated().any()):
            return False
        if rules.min_distance_m is None:
            return True
        points = table.geometry
        return all(
            points[a].distance(points[b]) >= rules.min_distance_m
            for a in chosen
            for b in [*chosen, *there]
            if a != b
        )

    def covered(self, choice: list[int]) -> np.ndarray:
        if not choice:
            return np.zeros(len(self.demand), dtype=bool)
        return (self.metres[:, choice] <= self.limit_m).any(axis=1)

    def existing(self) -> list[int]:
        return [j for j in range(len(self.options)) if self.options["standing"][j] == "existing"]


SEEDS = range(200)


@pytest.mark.parametrize("part", range(4))
def test_the_most_people_covered_are_those_of_a_brute_force(part: int) -> None:
    for seed in SEEDS[part::4]:
        case = Case(seed)
        people = case.demand["people"].to_numpy()
        found = sites.maximal_cover(
            case.demand, case.reach, case.options, limit_m=case.limit_m, rules=case.rules
        )
        choices = case.choices()
        if not choices:
            assert found.status == "infeasible", seed
            assert found.why is not None
            continue
        before = people[case.covered(case.existing())].sum()
        best = max(people[case.covered(choice)].sum() for choice in choices) - before
        assert (found.status, found.objective, found.bound) == ("optimal", best, best), seed
        chosen = [int(name[1:]) for name in found.chosen]
        assert sorted([*case.existing(), *chosen]) in [sorted(c) for c in choices], seed
        assert people[case.covered([*case.existing(), *chosen])].sum() - before == best, seed


@pytest.mark.parametrize("part", range(4))
def test_the_fewest_places_for_everybody_are_those_of_a_brute_force(part: int) -> None:
    solved = 0
    for seed in SEEDS[part::4]:
        case = Case(seed)
        case.limit_m += 200
        asked = case.demand["people"].to_numpy() > 0
        full = [c for c in case.choices() if case.covered(c)[asked].all()]
        cheapest = seed % 2 == 0
        found = sites.set_cover(
            case.demand, case.reach, case.options, limit_m=case.limit_m, rules=case.rules, cheapest=cheapest
        )
        assert (found.status == "infeasible") == (not full), (seed, found)
        if not full:
            assert found.why is not None
            continue
        there = len(case.existing())
        cost = (case.options["cost_yen"] + case.rules.years * case.options["yearly_yen"]).to_numpy()
        best = min(cost[c[there:]].sum() if cheapest else len(c) - there for c in full)
        assert (found.status, found.objective) == ("optimal", best), seed
        solved += 1
    assert solved > 10


@pytest.mark.parametrize("part", range(4))
def test_the_shortest_longest_walk_is_that_of_a_brute_force(part: int) -> None:
    for seed in SEEDS[part::4]:
        case = Case(seed)
        asked = case.demand["people"].to_numpy() > 0
        if not asked.any():
            continue
        lengths = [case.metres[asked][:, c].min(axis=1).max() for c in case.choices() if c]
        found = sites.p_center(case.demand, case.reach, case.options, rules=case.rules)
        assert (found.status == "infeasible") == (not lengths), seed
        if lengths:
            assert (found.status, found.objective) == ("optimal", min(lengths)), seed


def test_the_shortest_walks_in_sum_are_those_of_a_brute_force() -> None:
    for seed in SEEDS[:50]:
        case = Case(seed)
        people = case.demand["people"].to_numpy()
        for far in (None, 250.0):
            best = np.inf
            for choice in case.choices():
                walks = case.metres[:, choice].min(axis=1) if choice else np.full(len(people), np.inf)
                if far is not None or choice:
                    best = min(best, float(people @ (walks if far is None else np.minimum(walks, far))))
            found = sites.p_median(case.demand, case.reach, case.options, rules=case.rules, far_m=far)
            if np.isinf(best):
                assert found.status == "infeasible", seed
            else:
                assert found.status == "optimal", seed
                assert found.objective == pytest.approx(best), seed


def test_second_places_room_and_the_weakest_zone_are_those_of_a_brute_force() -> None:
    from scipy.optimize import linprog

    for seed in SEEDS[:40]:
        case = Case(seed)
        people, there = case.demand["people"].to_numpy(), len(case.existing())
        near = case.metres <= case.limit_m
        choices = case.choices()
        full = [c for c in choices if case.covered(c)[people > 0].all()]
        if full:
            fewest = [c for c in full if len(c) == min(map(len, full))]
            best = max(people[near[:, c].sum(axis=1) >= 2].sum() if c else 0 for c in fewest)
            found = sites.backup_cover(
                case.demand, case.reach, case.options, limit_m=case.limit_m, rules=case.rules
            )
            assert (found.status, found.objective) == ("optimal", best), seed
            assert len(found.chosen) == len(fewest[0]) - there
        if not choices:
            continue
        members = pd.DataFrame(
            {"zone_id": [f"z{i % 2}" for i in range(len(people))], "origin_id": case.demand["origin_id"]}
        )
        zone = [np.arange(len(people)) % 2 == z for z in (0, 1)]
        shares = [
            min(
                (people[z & case.covered(c)].sum() / people[z].sum() for z in zone if people[z].sum()),
                default=1.0,
            )
            for c in choices
        ]
        fair = sites.fair_cover(
            case.demand, case.reach, case.options, members, limit_m=case.limit_m, rules=case.rules
        )
        assert fair.status == "optimal", seed
        assert fair.objective == pytest.approx(max(shares)), seed
        if seed % 4 == 0:
            room = case.options["capacity"].to_numpy()

            def most(c: list[int], near: np.ndarray = near, room: np.ndarray = room) -> float:
                pairs = [(i, j) for i in range(len(near)) for j in c if near[i, j]]
                if not pairs:
                    return 0.0
                upper = np.zeros((len(near) + len(c), len(pairs)))
                for k, (i, j) in enumerate(pairs):
                    upper[i, k] = upper[len(near) + c.index(j), k] = 1
                return -linprog(-np.ones(len(pairs)), upper, [*people, *room[c]]).fun  # noqa: B023

            served = sites.capacitated_cover(
                case.demand, case.reach, case.options, limit_m=case.limit_m, rules=case.rules
            )
            assert served.status == "optimal", seed
            assert served.objective == pytest.approx(max(map(most, choices))), seed


ROOM = {"p": 10, "more:p": 20, "longer:p": 15, "larger:p": 5, "wider:p": 0, "open:v": 12}


def room(older: float, children: float, number: int, forbidden: tuple[str, ...] = ()) -> solver.Solution:
    """Older people are let in at p, children when it is made wider; the new place is for both."""
    table = options_of(
        [
            {
                "option_id": name,
                "site_id": name.rpartition(":")[2],
                "capacity": float(size),
                "standing": "existing" if name == "p" else "forbidden" if name in forbidden else "candidate",
            }
            for name, size in ROOM.items()
        ]
    )
    demand = pd.DataFrame({"origin_id": ["old", "young"], "people": [older, children]})
    pairs = [("young" if name == "wider:p" else "old", name) for name in ROOM] + [("young", "open:v")]
    reach = pd.DataFrame(pairs, columns=["origin_id", "option_id"]).assign(distance_m=100.0)
    return sites.capacitated_cover(demand, reach, table, limit_m=100, rules=Rules(number=number))


def test_every_action_brings_the_room_that_it_adds_or_lets_others_in() -> None:
    """At most one action at a site: the room of what is there and of the action are one."""
    assert (room(40, 8, 0).chosen, room(40, 8, 0).objective) == ((), 10)
    assert (room(40, 8, 1).chosen, room(40, 8, 1).objective) == (("more:p",), 30)
    assert (set(room(40, 8, 2).chosen), room(40, 8, 2).objective) == ({"more:p", "open:v"}, 42)
    dear = ("more:p", "open:v")
    assert (room(40, 8, 1, dear).chosen, room(40, 8, 1, dear).objective) == (("longer:p",), 25)
    dear += ("longer:p",)
    assert (room(40, 8, 1, dear).chosen, room(40, 8, 1, dear).objective) == (("larger:p",), 15)
    # Six older people leave four of ten seats to children, once they are let in; more seats alone bring nothing.
    assert (room(6, 8, 1, dear).chosen, room(6, 8, 1, dear).objective) == (("wider:p",), 10)
    assert (room(6, 0, 5).chosen, room(6, 0, 5).objective) == ((), 6)


def orlib(path: Path) -> tuple[np.ndarray, int]:
    """Distances between all nodes; of edges given twice the last counts."""
    words = [int(word) for word in path.read_text().split()]
    n, count, number = words[:3]
    metres = np.full((n, n), np.inf)
    np.fill_diagonal(metres, 0)
    for u, v, length in np.reshape(words[3 : 3 + 3 * count], (-1, 3)):
        metres[u - 1, v - 1] = metres[v - 1, u - 1] = length
    for via in range(n):
        metres = np.minimum(metres, metres[:, [via]] + metres[[via], :])
    return metres, number


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "optimum"), [(1, 5819), (2, 4093), (3, 4250), (4, 3034), (5, 1355)])
def test_the_optima_of_the_literature_are_proved(realdata: Path, name: int, optimum: int) -> None:
    metres, number = orlib(realdata / "reference" / "orlib_pmed" / f"pmed{name}.txt")
    keys = [f"{i:03d}" for i in range(len(metres))]
    i, j = np.indices(metres.shape)
    reach = pd.DataFrame(
        {
            "origin_id": np.take(keys, i.ravel()),
            "option_id": np.take(keys, j.ravel()),
            "distance_m": metres.ravel(),
        }
    )
    found = sites.p_median(
        pd.DataFrame({"origin_id": keys, "people": 1.0}),
        reach,
        options_of([{"option_id": key} for key in keys]),
        rules=Rules(number=number),
    )
    assert (found.objective, found.bound, found.status) == (optimum, optimum, "optimal")
    assert len(found.chosen) == number
    chosen = [int(key) for key in found.chosen]
    assert metres[:, chosen].min(axis=1).sum() == optimum


def test_greedy_keeps_its_bound_and_kicks_never_lose() -> None:
    """A greedy choice covers at least 1 - 1/e of the best (Nemhauser, Wolsey, Fisher 1978)."""
    for seed in range(12):
        random = np.random.default_rng(seed)
        covers = sparse.csr_array((random.random((30, 12)) < 0.2).astype(float))
        gains = sparse.csr_array(covers * random.integers(1, 30, 30)[:, None])
        field = ruling.Field(np.arange(12).astype(object), np.ones(12), np.zeros(12, bool), 4, np.inf, ())
        table = gains.toarray()
        best = max(table[:, c].max(axis=1).sum() for c in combinations(range(12), 4))
        first = solver._start(gains, field, 0, 1)[1]
        assert first >= (1 - 1 / np.e) * best
        assert solver._start(gains, field, 30, 1)[1] >= first
        bound, _ = solver._bound(gains, field, first, solver._start(gains, field, 0, 1)[0], 200)
        assert bound >= best * (1 - 1e-12)


def town(**more: Any) -> tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame]:
    demand = pd.DataFrame({"origin_id": ["n", "s", "w"], "people": [30.0, 50.0, 7.0]})
    reach = pd.DataFrame(
        {
            "origin_id": ["n", "s", "w", "s"],
            "option_id": ["a", "b", "there", "a"],
            "distance_m": [500.0, 500.0, 100.0, 500.1],
        }
    )
    options = options_of(
        [
            {"option_id": "a", "x": 0.0, **more},
            {"option_id": "b", "x": 900.0, **more},
            {"option_id": "there", "x": 2000.0, "standing": "existing"},
        ]
    )
    return demand, reach, options


def test_a_candidate_exactly_at_the_limit_covers() -> None:
    demand, reach, options = town()
    found = sites.maximal_cover(demand, reach, options, limit_m=500, rules=Rules())
    assert (found.chosen, found.objective) == (("a", "b"), 80)
    one = sites.maximal_cover(demand, reach, options, limit_m=500, rules=Rules(number=1))
    assert (one.chosen, one.objective) == (("b",), 50)
    wider = sites.maximal_cover(demand, reach, options, limit_m=500.1, rules=Rules(number=1))
    assert (wider.chosen, wider.objective) == (("a",), 80)
    assert sites.maximal_cover(demand, reach, options, limit_m=499.9, rules=Rules()).objective == 0


@pytest.mark.parametrize(
    ("rules", "more", "code"),
    [
        (Rules(number=1), {"standing": "required"}, "infeasible_number"),
        (Rules(budget_yen=1), {"standing": "required"}, "infeasible_budget"),
        (Rules(budget_yen=7, years=3), {"standing": "required", "yearly_yen": 1.0}, "infeasible_budget"),
        (Rules(min_distance_m=900.1), {"standing": "required"}, "infeasible_distance"),
        (Rules(one_per_zone=True), {"standing": "required", "zone_id": "z"}, "infeasible_zone"),
        (Rules(), {"standing": "required", "site_id": "one"}, "infeasible_site"),
    ],
)
def test_an_impossible_request_names_the_rule(rules: Rules, more: dict[str, Any], code: str) -> None:
    demand, reach, options = town(**more)
    asked = (
        sites.maximal_cover(demand, reach, options, limit_m=500, rules=rules),
        sites.p_median(demand, reach, options, rules=rules, far_m=3000),
        sites.p_center(demand, reach, options, rules=rules),
        sites.set_cover(demand, reach, options, limit_m=500, rules=rules),
        sites.capacitated_cover(demand, reach, options, limit_m=500, rules=rules),
    )
    assert {found.status for found in asked} == {"infeasible"}
    assert {found.why.code for found in asked if found.why} == {code}


def test_a_required_place_too_near_to_an_existing_one_is_named() -> None:
    demand, reach, options = town()
    options.loc[1, "standing"] = "required"
    found = sites.maximal_cover(demand, reach, options, limit_m=500, rules=Rules(min_distance_m=1200))
    assert found.why is not None
    assert found.why.code == "infeasible_existing"
    assert found.why.context["a"] == "b"


def test_full_cover_names_who_is_out_of_reach_or_which_rules_are_too_tight() -> None:
    demand, reach, options = town()
    far = sites.set_cover(demand, reach, options, limit_m=400, rules=Rules())
    assert far.why is not None
    assert (far.why.code, far.why.context["ids"]) == ("infeasible_unreached", "n, s")
    tight = sites.set_cover(
        demand, reach, options, limit_m=500, rules=Rules(number=1, budget_yen=9, min_distance_m=10)
    )
    assert tight.why is not None
    assert (tight.why.code, str(tight.why.context["rules"])) == ("infeasible_together", "at most 1 actions")
    assert sites.set_cover(demand, reach, options, limit_m=500, rules=Rules(number=2)).objective == 2


def test_order_of_rows_changes_nothing() -> None:
    for seed in range(20):
        case = Case(seed)
        asked = {"limit_m": case.limit_m, "rules": case.rules}
        there = sites.maximal_cover(case.demand, case.reach, case.options, **asked)
        back = sites.maximal_cover(
            case.demand[::-1], case.reach.sample(frac=1, random_state=1), case.options[::-1], **asked
        )
        assert (there.chosen, there.status) == (back.chosen, back.status)


def test_a_search_for_few_ends_when_so_few_are_enough() -> None:
    random = np.random.default_rng(5)
    covers = sparse.csr_array((random.random((300, 60)) < 0.08).astype(float))
    covers = covers[np.flatnonzero(np.diff(covers.indptr))]
    table = options_of([{"option_id": f"{k:02d}"} for k in range(60)])
    asked = {"price": np.ones(60), "time_limit_s": 30.0, "seed": 0}
    field = ruling.field(table, Rules())
    fewest = solver.fewest(covers, field, **asked)
    some = solver.fewest(covers, field, **asked, enough=int(fewest.objective) + 2)
    assert (fewest.status, some.status) == ("optimal", "heuristic")
    assert fewest.objective <= some.objective <= fewest.objective + 2
    assert (covers @ some.chosen > 0).all()
    by_option, by_row = solver._views(covers)
    kept = table["option_id"].isin(("07", "23")).to_numpy()
    views = (by_option[:2], by_row[:2])
    found = kernels.cover_all(*views, fixed=kept, steps=5_000, enough=0, seed=1)
    assert found[kept].all()
    assert (covers @ found > 0).all()
    assert fewest.objective <= found.sum() <= fewest.objective + 2


def test_a_proof_without_time_is_no_proof() -> None:
    random = np.random.default_rng(3)
    covers = (random.random((400, 90)) < 0.06).astype(float)
    keys = [f"{i:03d}" for i in range(400)]
    i, j = np.nonzero(covers)
    reach = pd.DataFrame({"origin_id": np.take(keys, i), "option_id": np.take(keys, j), "distance_m": 1.0})
    demand = pd.DataFrame({"origin_id": keys, "people": covers.any(axis=1).astype(float)})
    options = options_of([{"option_id": keys[k]} for k in range(90)])
    found = sites.set_cover(demand, reach, options, limit_m=5, rules=Rules(), time_limit_s=0.0)
    assert found.status == "time_limit"
    assert found.bound < found.objective
    assert found.gap > 0
    assert (covers[:, [int(k) for k in found.chosen]].sum(axis=1) > 0)[covers.any(axis=1)].all()


def test_what_is_wrong_with_the_tables_is_said() -> None:
    demand, reach, options = town()
    unknown = demand.assign(people=[1.0, np.nan, 2.0])
    with pytest.raises(errors.DataError, match="1 origins are not known or negative \\(s\\)"):
        sites.maximal_cover(unknown, reach, options, limit_m=500, rules=Rules())
    with pytest.raises(errors.DataError, match="in no table: b"):
        sites.maximal_cover(demand, reach, options[options["option_id"] != "b"], limit_m=500, rules=Rules())
    with pytest.raises(errors.DataError, match="far_m"):
        sites.p_median(demand, reach, options, rules=Rules())
    with pytest.raises(errors.StudyError, match="number = -1"):
        Rules(number=-1)


def test_dominated_sets_of_equal_rows_keep_the_first() -> None:
    bits = np.array([[1, 0], [1, 0], [1, 8], [0, 8]], np.uint64)
    size = np.array([1, 1, 2, 1])
    assert kernels.dominated(bits, size, np.ones(4)).tolist() == [True, True, False, True]
    assert kernels.dominated(bits[:2], size[:2], np.ones(2)).tolist() == [False, True]
    assert kernels.dominated(bits, size, np.array([1.0, 1, 3, 2])).tolist() == [False, True, False, False]
