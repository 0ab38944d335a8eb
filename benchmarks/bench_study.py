"""How long a whole analysis takes, and an OpenStreetMap extract of a million nodes before it.

    python benchmarks/bench_study.py [ward] [city] [streets]

The fictional ward is asked for twelve groups, a generated city is as large as 23 wards. Each study is analysed twice in
a process of its own: the first run loads the compiled searches, the second is what a planner waits for who changes
something. *Prepare* measures all walks, *assess* makes every table and the summary.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
STUDIES = {"ward": "fictional ward", "city": "23 wards"}


def ward(folder: Path) -> None:
    """The sample ward as ``ibasho demo`` makes it, for twelve groups."""
    from geo import project
    from geo import study as studies

    command = [sys.executable, "-m", "geo", "demo", "--no-app", "--dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    own = studies.Group(group="grandparents", column="people_65_plus", targets=("all", "childrearing"))
    groups = (*studies.DEFAULT_GROUPS, *studies.MORE_GROUPS, own)
    made = project.open_(folder)
    made.with_study(made.study.with_(groups=groups))


def city(folder: Path) -> None:
    """Streets, small areas, zones and places as many as in 23 wards."""
    import wards

    wards.made(folder, wards.Size(nodes=320_000, areas=3_200, zones=400, wards=23, places=5_000))


def analysed(folder: Path) -> None:
    """Analyse a project twice; told as one line."""
    from geo import pipeline, project

    def once() -> tuple[float, float, pipeline.Prepared]:
        begun = time.perf_counter()
        target = project.open_(folder)
        prepared = pipeline.prepare(target)
        between = time.perf_counter()
        assessment = pipeline.assess(prepared, target.study)
        pipeline.results(prepared, assessment)
        dict(assessment.summary)
        return between - begun, time.perf_counter() - between, prepared

    first = sum(once()[:2])
    prepare_s, assess_s, prepared = once()
    told = {
        "first": first,
        "prepare": prepare_s,
        "assess": assess_s,
        "origins": len(prepared.origins),
        "places": len(prepared.places),
        "groups": len(prepared.study.groups),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(told))


def extract(path: Path) -> None:
    """Read an extract and build its network; told as one line."""
    from geo import network
    from geo.sources import streets

    begun = time.perf_counter()
    table = streets.read(path).table.to_crs("EPSG:6677")
    between = time.perf_counter()
    net = network.build(table, crs="EPSG:6677")
    told = {
        "read": between - begun,
        "build": time.perf_counter() - between,
        "nodes": len(net.x),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(told))


def in_a_process(task: str, path: Path) -> dict[str, float]:
    """What a task tells, done in a process of its own."""
    command = [sys.executable, __file__, task, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def of_streets() -> list[str]:
    """A row: an extract of a million nodes."""
    import cities
    import report

    junctions = 220_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "city.osm.pbf"
        drawn = cities.with_chains(cities.synthetic(junctions, spacing_m=62), per_edge=2.55)
        cities.write_pbf(drawn, junctions, path)
        size = path.stat().st_size / 1e6
        found = in_a_process("--extract", path)
    seconds = [report.duration(s) for s in (found["read"], found["build"], found["read"] + found["build"])]
    return ["generated", f"{found['nodes']:,}", f"{size:.1f} MB", *seconds, f"{found['peak_mib']:,.0f} MiB"]


def main() -> None:
    import report

    kept = report.Kept(HERE)
    rows = []
    asked = sys.argv[1:] or [*STUDIES, "streets"]
    if "streets" in asked:
        kept.tell("streets", [of_streets()])
    for name in (one for one in asked if one in STUDIES):
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / name
            globals()[name](target)
            found = in_a_process("--analyse", target)
        whole = found["prepare"] + found["assess"]
        seconds = [report.duration(s) for s in (found["first"], found["prepare"], found["assess"], whole)]
        counts = [f"{found[what]:,}" for what in ("origins", "places", "groups")]
        rows.append([STUDIES[name], *counts, *seconds, f"{found['peak_mib']:,.0f} MiB"])
        print(" | ".join(rows[-1]), flush=True)
    if len(rows) == len(STUDIES):
        kept.tell("study", rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--analyse"]:
        analysed(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["--extract"]:
        extract(Path(sys.argv[2]))
    else:
        main()
