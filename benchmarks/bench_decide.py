"""Sites: time to the proof and what is found, against spopt with CBC and with HiGHS, on the same instances.

    python benchmarks/bench_decide.py [FIRST_ROWS]

Origins and candidates lie at random in a square town of 225 km² for 10 000 origins; walks follow a street grid. Times
include building the model, since that is what a planner waits for. A peer that stops at its limit of time is told as
such: PuLP calls a stopped CBC "Optimal" all the same, so the answers are counted again here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pulp
import report
from scipy.spatial import cKDTree
from spopt.locate import LSCP, MCLP

from geo.decide import sites
from geo.decide.rules import Rules

PEER_SECONDS = 300
COVER_SECONDS = 60
TOLD: list[list[str]] = []
OWN: dict[str, float] = {}
CASES = ((5_000, 1_000, 800, 20), (10_000, 2_000, 800, 50), (10_000, 2_000, 2_000, 20))


def town(n: int, m: int, limit_m: float, seed: int = 1) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    side = 15_000 * np.sqrt(n / 10_000)
    homes, goals = random.uniform(0, side, (n, 2)), random.uniform(0, side, (m, 2))
    people = random.integers(1, 200, n).astype(float)
    pairs = cKDTree(goals).query_ball_point(homes, limit_m, p=1)
    i = np.repeat(np.arange(n), [len(found) for found in pairs])
    j = np.concatenate([np.asarray(found, dtype=int) for found in pairs])
    metres = np.round(np.abs(homes[i] - goals[j]).sum(axis=1), 1)
    origin, option = np.array([f"o{k:05d}" for k in range(n)]), np.array([f"c{k:04d}" for k in range(m)])
    table = {
        "option_id": option,
        "site_id": option,
        "action": "open",
        "standing": "candidate",
        "cost_yen": 1.0,
    }
    options = gpd.GeoDataFrame(
        {**table, "yearly_yen": 0.0, "capacity": np.nan, "zone_id": None},
        geometry=gpd.points_from_xy(*goals.T),
        crs="EPSG:6677",
    )
    full = np.full((n, m), 1e9)
    full[i, j] = metres
    return {
        "demand": pd.DataFrame({"origin_id": origin, "people": people}),
        "reach": pd.DataFrame({"origin_id": origin[i], "option_id": option[j], "distance_m": metres}),
        "options": options,
        "full": full,
        "people": people,
    }


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def solver(name: str, seconds: float) -> Any:
    if name == "CBC":
        return pulp.PULP_CBC_CMD(msg=False, timeLimit=seconds, threads=1)
    return pulp.HiGHS(msg=False, timeLimit=seconds, threads=1)


def told(case: str, who: str, objective: float, bound: float | None, proved: bool, seconds: float) -> None:
    first = next((row for row in TOLD if row[0] == case), None)
    ratio = f"{seconds / OWN[case]:.1f} ×" if first else ""
    OWN.setdefault(case, seconds)
    gap = "" if bound is None else f"{bound:.0f} ({abs(bound - objective) / max(objective, 1):.2%})"
    row = [case, who, f"{objective:.0f}", gap, "yes" if proved else "no", report.duration(seconds), ratio]
    TOLD.append(row)
    print(" | ".join(row), flush=True)


def cover_most(n: int, m: int, limit_m: int, number: int) -> None:
    name, made = f"MCLP {n} x {m}, {limit_m} m, p={number}", town(n, m, limit_m)
    asked = (made["demand"], made["reach"], made["options"])
    found, own = timed(lambda: sites.maximal_cover(*asked, limit_m=limit_m, rules=Rules(number=number)))
    told(name, "ibasho", found.objective, found.bound, found.status == "optimal", own)
    for peer in ("CBC", "HiGHS"):
        if limit_m > 800 and peer == "CBC":
            continue  # hours

        def ask(peer: str = peer) -> Any:
            model = MCLP.from_cost_matrix(
                made["full"], made["people"], limit_m, p_facilities=number, name=peer
            )
            return model.solve(solver(peer, PEER_SECONDS if limit_m <= 800 else 100), results=False)

        answer, seconds = timed(ask)
        chosen = [k for k, var in enumerate(answer.fac_vars) if (var.value() or 0) > 0.5]
        got = float(made["people"][(made["full"][:, chosen] <= limit_m).any(axis=1)].sum())
        told(name, f"spopt + {peer}", got, None, answer.problem.sol_status == 1, seconds)


def cover_all(n: int, m: int, limit_m: int) -> None:
    name, made = f"LSCP {n} x {m}, {limit_m} m", town(n, m, limit_m)
    near = made["demand"]["origin_id"].isin(made["reach"]["origin_id"])
    demand, full = made["demand"][near], made["full"][near.to_numpy()]
    asked = (demand, made["reach"], made["options"])
    found, own = timed(
        lambda: sites.set_cover(*asked, limit_m=limit_m, rules=Rules(), time_limit_s=COVER_SECONDS - 20)
    )
    told(name, "ibasho", found.objective, found.bound, found.status == "optimal", own)
    for peer in ("CBC", "HiGHS"):

        def ask(peer: str = peer) -> Any:
            model = LSCP.from_cost_matrix(full, limit_m, name=peer)
            return model.solve(solver(peer, COVER_SECONDS), results=False)

        answer, seconds = timed(ask)
        places = sum((var.value() or 0) > 0.5 for var in answer.fac_vars)
        told(name, f"spopt + {peer}", places, None, answer.problem.sol_status == 1, seconds)


def main() -> None:
    made = town(300, 60, 800)  # compiled loops are compiled once on a machine
    sites.maximal_cover(made["demand"], made["reach"], made["options"], limit_m=800, rules=Rules(number=3))
    for case in CASES[: int(sys.argv[1]) if len(sys.argv) > 1 else None]:
        cover_most(*case)
    if len(sys.argv) == 1:
        cover_all(10_000, 2_000, 800)
        report.Kept(Path(__file__).resolve().parent).tell("sites", TOLD)


if __name__ == "__main__":
    main()
