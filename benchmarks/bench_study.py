"""How long a whole analysis takes: the fictional ward with twelve groups, and a generated city of 23 wards.

    python benchmarks/bench_study.py [ward] [city]

Each study is analysed twice in a process of its own: the first run loads the compiled searches, the second is what
a planner waits for who changes something. *Prepare* measures all walks, *assess* makes every table and the summary.
"""

from __future__ import annotations

import json
import os
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


def main() -> None:
    import report

    kept = report.Kept(HERE)
    rows = []
    for name in sys.argv[1:] or STUDIES:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / name
            globals()[name](target)
            command = [sys.executable, __file__, "--analyse", str(target)]
            done = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ))
        found = json.loads(done.stdout.splitlines()[-1])
        whole = found["prepare"] + found["assess"]
        seconds = [report.duration(s) for s in (found["first"], found["prepare"], found["assess"], whole)]
        counts = [f"{found[what]:,}" for what in ("origins", "places", "groups")]
        rows.append([STUDIES[name], *counts, *seconds, f"{found['peak_mib']:,.0f} MiB"])
        print(" | ".join(rows[-1]), flush=True)
    if not sys.argv[1:]:
        kept.tell("study", rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--analyse"]:
        analysed(Path(sys.argv[2]))
    else:
        main()
