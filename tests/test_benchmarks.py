"""The bench tells no speed of results that differ, and its cities are the same each time."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

BENCH = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def bench() -> SimpleNamespace:
    sys.path.insert(0, str(BENCH))
    try:
        import cities
        import engines
        import ours
        import report
        import walking
    finally:
        sys.path.remove(str(BENCH))
    modules: dict[str, ModuleType] = {
        "cities": cities,
        "engines": engines,
        "ours": ours,
        "report": report,
        "walking": walking,
    }
    return SimpleNamespace(**modules)


@pytest.fixture(scope="module")
def city(bench: SimpleNamespace) -> SimpleNamespace:
    made = bench.cities.synthetic(2_000)
    return SimpleNamespace(**vars(made), **bench.walking.questions(made))


def test_a_city_is_connected_like_real_ones_and_the_same_each_time(bench: SimpleNamespace) -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    one, two = (bench.cities.synthetic(3_000) for _ in range(2))
    assert all((a == b).all() for a, b in zip(vars(one).values(), vars(two).values(), strict=True))
    graph = coo_array((np.ones(len(one.u)), (one.u, one.v)), shape=(3_000, 3_000))
    assert connected_components(graph, directed=False)[0] == 1
    assert one.facts()["mean degree"] == pytest.approx(2.79, abs=0.01)
    drawn = bench.cities.with_chains(one, per_edge=3)
    assert drawn.facts()["degree 2"] > 0.8
    assert drawn.cost.sum() == pytest.approx(one.cost.sum(), rel=0.02)
    streets = coo_array((np.ones(len(drawn.u)), (drawn.u, drawn.v)), shape=(drawn.size,) * 2)
    assert connected_components(streets, directed=False)[0] == 1


@pytest.mark.parametrize("task", ["nearest", "pairs"])
def test_peers_agree_with_ours_and_a_wrong_decimetre_is_seen(
    bench: SimpleNamespace, city: SimpleNamespace, task: str
) -> None:
    own = {
        key: value() if callable(value) else value for key, value in bench.ours.__dict__[task](city)().items()
    }
    peer = "scipy" if task == "nearest" else "scipy on tiles"
    theirs = bench.engines.find(peer, task)(city)()
    assert bench.walking.difference(task, peer, own, theirs) == ""
    key = "distance" if task == "nearest" else "dm"
    wrong = {**theirs, key: theirs[key] + (np.arange(len(theirs[key])) == 5)}
    assert "1 of" in bench.walking.difference(task, peer, own, wrong)


def test_a_row_that_differs_tells_no_time(bench: SimpleNamespace) -> None:
    rows = [
        {"engine": "ours", "runs": 5, "median_s": 0.1, "peak_mib": 1, "prepare_s": 1, "held_mib": 1},
        {"engine": "peer", "runs": 5, "problem": "7 distances differ"},
    ]
    first, second = bench.report.lines("50k", rows)
    assert "100 ms" in first
    assert "7 distances differ" in second
    assert "ms" not in second


def test_an_engine_that_breaks_says_so(bench: SimpleNamespace, city: SimpleNamespace, tmp_path: Path) -> None:
    path = tmp_path / "asked.npz"
    np.savez(path, **{name: value for name, value in vars(city).items() if name != "place"})
    with bench.walking.working(["scipy"], "nearest", path) as (engine,):
        engine.warm()
        assert "place" in engine.row("50k", engine.problem)["problem"]
