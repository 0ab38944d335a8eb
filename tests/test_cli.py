"""The command line as people and machines use it: as a process, with its exit codes and its two voices."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _command import ibasho


def document(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The sample ward after ``ibasho demo --no-app --json``."""
    folder = tmp_path_factory.mktemp("demo") / "ward"
    return folder, document(ibasho("demo", "--no-app", "--dir", folder, "--json"))


def test_demo_prints_what_a_run_promises(ward: tuple[Path, dict[str, Any]]) -> None:
    _, run = ward
    assert {
        "run",
        "fingerprint",
        "municipality",
        "population",
        "access",
        "coverage",
        "gaps",
        "isolation",
    } <= set(run)
    assert {"zones", "datasets", "known"} <= set(run)
    assert {"all", "under_15", "age_65_plus", "age_75_plus"} <= set(run["population"])
    assert 60_000 <= run["population"]["all"] <= 110_000
    assert 0 < run["population"]["age_75_plus"] < run["population"]["age_65_plus"] < run["population"]["all"]
    access = run["access"]
    assert {"method", "detour_factor", "limit_m", "origins", "unreachable", "refused_snaps"} <= set(access)
    assert access["method"] == "network"
    limits = {(row["group"], row["kind"], row["limit_m"]) for row in run["coverage"]}
    assert limits == {
        (group, kind, limit)
        for group in ("all", "under_15", "age_65_plus", "age_75_plus")
        for kind in ("any", "permanent")
        for limit in (300, 500, 800)
    }
    assert all(0 <= row["covered_people"] <= row["people"] for row in run["coverage"])
    assert run["gaps"]["count"] >= 1
    assert {"gap_id", "people", "nearest_m", "zone_ids"} <= set(run["gaps"]["top"][0])
    assert run["isolation"]["areas"] > 50
    assert {"id", "edition", "sha256", "rows"} <= set(run["datasets"][0])


def test_the_sample_ward_has_the_overlaps_it_promises(ward: tuple[Path, dict[str, Any]]) -> None:
    _, run = ward
    middle = next(z for z in run["zones"] if z["system"] == "middle_school")
    assert (middle["zones"], middle["coincident_groups"], middle["tier"]) == (8, 1, "middle")
    assert middle["overlapping_pairs"] >= 1
    assert middle["people_outside"] > 0
    offices = next(z for z in run["zones"] if z["system"] == "branch_office")
    assert (offices["zones"], offices["coincident_groups"], offices["overlapping_pairs"]) == (4, 0, 0)


def test_a_second_run_is_the_same_run(ward: tuple[Path, dict[str, Any]]) -> None:
    folder, first = ward
    again = document(ibasho("run", folder, "--json"))
    assert again == {**first, "folder": again["folder"]}
    assert [p.name for p in (folder / "runs").iterdir()] == [first["run"]]


def test_verify_reproduces_a_run_and_sees_a_changed_one(ward: tuple[Path, dict[str, Any]]) -> None:
    folder, run = ward
    assert document(ibasho("verify", folder, run["run"], "--json"))["reproduced"] is True
    manifest = folder / "runs" / run["run"] / "manifest.json"
    kept = manifest.read_text(encoding="utf-8")
    changed = json.loads(kept)
    changed["results"]["Gaps"] = "0" * 64
    manifest.write_text(json.dumps(changed), encoding="utf-8")
    done = ibasho("verify", folder, run["run"], "--json")
    manifest.write_text(kept, encoding="utf-8")
    assert done.returncode == 1
    assert json.loads(done.stdout)["different"] == ["Gaps"]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_people_read_the_same_numbers(ward: tuple[Path, dict[str, Any]], language: str) -> None:
    folder, run = ward
    done = ibasho("run", folder, language=language)
    assert done.returncode == 0
    assert f"{run['population']['all']:,}" in done.stdout
    assert ("人口" in done.stdout) == (language == "ja")
    assert str(folder) in done.stdout


def test_check_tells_what_was_refused_by_row(ward: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = ward
    report = document(ibasho("check", folder, "--json"))
    salons = next(d for d in report["datasets"] if d["file"] == "ibasho_salon.csv")
    refused = [note for note in salons["notes"] if note["level"] == "refused"]
    assert len(refused) >= 2
    assert all(note["row"] >= 2 and note["text"] for note in refused)
    assert salons["encoding"].lower().replace("-", "") in {"cp932", "shiftjis"}
    assert report["missing"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["new", "{tmp}/x", "--municipality", "131058"], 1, "131058"),
        (["new", "{tmp}/x"], 2, "--municipality"),
        (["run", "{tmp}/nowhere"], 1, "nowhere"),
        (["import", "{tmp}/nowhere", "x.csv"], 1, "nowhere"),
        (["import", "{ward}", "{tmp}/missing.csv"], 1, "missing.csv"),
        (["import", "{ward}", "x.csv", "--as", "nonsense"], 2, "nonsense"),
        (["verify", "{ward}", "../../etc"], 1, "etc"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(
    ward: tuple[Path, dict[str, Any]], tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    folder, _ = ward
    before = (folder / "store.gpkg").read_bytes()
    done = ibasho(*(a.format(tmp=tmp_path, ward=folder) for a in arguments))
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "store.gpkg").read_bytes() == before


def test_an_error_is_a_document_for_machines_too(tmp_path: Path) -> None:
    done = ibasho("run", tmp_path / "nowhere", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "no_project"


def test_importing_twice_changes_nothing(ward: tuple[Path, dict[str, Any]], sample: Path) -> None:
    folder, _ = ward
    before = document(ibasho("check", folder, "--json"))
    assert ibasho("import", folder, sample / "ibasho_salon.csv").returncode == 0
    assert document(ibasho("check", folder, "--json")) == before


def test_a_newer_list_is_shown_accepted_kept_and_undone(
    ward: tuple[Path, dict[str, Any]], sample: Path, tmp_path: Path
) -> None:
    folder, _ = ward
    before = document(ibasho("check", folder, "--json"))
    lines = (sample / "ibasho_salon.csv").read_bytes().decode("cp932").splitlines()
    newer = tmp_path / "ibasho_salon.csv"
    first = lines[1].replace("澪", "汐", 1)
    newer.write_bytes("\r\n".join([lines[0], first, *lines[3:]]).encode("cp932"))
    done = ibasho("import", folder, newer, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["stored"], told["error"]["code"]) == (False, "import_replaces")
    changes = told["imported"][0]["changes"]
    assert len(changes["gone"]) == 1
    assert [(c["row_key"], c["field"]) for c in changes["changed"]] == [(["ibasho_salon:1"], "name")]
    assert "--accept" in done.stderr
    assert document(ibasho("check", folder, "--json")) == before
    shown = ibasho("import", folder, newer, "--accept", "--by", "台帳係", language="ja")
    assert shown.returncode == 0
    assert "変更1件" in shown.stdout
    assert "削除1件" in shown.stdout
    past = document(ibasho("history", folder, "--json"))["history"]
    assert {"台帳係"} == {row["changed_by"] for row in past if row["change"] == past[-1]["change"]}
    assert ibasho("undo", folder).returncode == 0
    assert document(ibasho("check", folder, "--json")) == before


@pytest.mark.parametrize("form", ["csv", "xlsx", "cafeteria49"])
def test_what_is_exported_and_imported_again_changes_nothing(
    ward: tuple[Path, dict[str, Any]], tmp_path: Path, form: str
) -> None:
    folder, _ = ward
    store = (folder / "store.gpkg").read_bytes()
    files = document(ibasho("export", folder, "--format", form, "--to", tmp_path, "--json"))["files"]
    assert files
    done = ibasho("import", folder, *(file["file"] for file in files), "--json")
    assert all(
        one["changes"] == {"first": False, "added": [], "changed": [], "gone": []}
        for one in document(done)["imported"]
    )
    assert (folder / "store.gpkg").read_bytes() == store


def test_pairs_wait_for_a_decision(ward: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = ward
    pairs = document(ibasho("duplicates", folder, "--json"))["undecided"]
    assert pairs
    ids = (pairs[0]["place_id"], pairs[0]["other_id"])
    assert ibasho("duplicates", folder, *ids, "--same").returncode == 0
    after = document(ibasho("duplicates", folder, "--json"))
    assert after["decided"] == [{"place_id": ids[0], "other_id": ids[1], "decision": "same"}]
    assert len(after["undecided"]) == len(pairs) - 1
    assert ibasho("duplicates", folder, *ids).returncode == 2
    assert ibasho("undo", folder).returncode == 0
    assert document(ibasho("duplicates", folder, "--json"))["undecided"] == pairs


@pytest.mark.parametrize("spoken", ["ja", "en"])
def test_foreign_names_cannot_steer_the_terminal_and_nothing_unknown_is_said_as_nan(
    tmp_path: Path, spoken: str
) -> None:
    folder, header = tmp_path / "ward", "名称,緯度,経度\n"
    document(ibasho("new", folder, "--municipality", "99101", "--json"))
    one = tmp_path / "one.csv"
    one.write_text(header + "みどり\x1b[31mサロン\u202e,34.99,140.95\n乙,0,0\n", encoding="utf-8")
    refused = ibasho("import", folder, one.with_name("one\x1b[2J.csv"), language=spoken)
    assert (refused.returncode, "\x1b" in refused.stderr) == (1, False)
    (tmp_path / "two.csv").write_text(header + "みどり\x1b[31mサロン\u202e,34.991,140.95\n", encoding="utf-8")
    told = ibasho("import", folder, one, tmp_path / "two.csv", language=spoken)
    pairs, past = (ibasho(word, folder, language=spoken) for word in ("duplicates", "history"))
    assert (told.returncode, pairs.returncode, past.returncode) == (0, 0, 0), told.stderr
    assert "≟" in pairs.stdout
    words = told.stdout + pairs.stdout + past.stdout
    assert "\x1b" not in words
    assert "\u202e" not in words
    assert not re.search(r"\bnan\b|\bNone\b", words)
    assert len(re.findall(r"[(（]?(?:row 3|3 ?行目)", told.stdout)) == 1
    assert ("imported" in past.stdout) == (spoken == "en")


def test_an_export_leaves_no_file_of_an_older_one(ward: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = document(ibasho("export", ward[0], "--to", out, "--json"))
    stale, record = out / "gone.csv", out / ".ibasho-export.json"
    stale.write_text("a", encoding="utf-8")
    (out / "mine.csv").write_text("b", encoding="utf-8")
    record.write_text(
        json.dumps([*json.loads(record.read_text("utf-8")), "gone.csv", "../x"]), encoding="utf-8"
    )
    (tmp_path / "x").write_text("c", encoding="utf-8")
    assert document(ibasho("export", ward[0], "--to", out, "--json")) == first
    assert sorted(p.name for p in out.iterdir()) == sorted(
        [".ibasho-export.json", "mine.csv", *(Path(one["file"]).name for one in first["files"])]
    )
    assert (tmp_path / "x").is_file()


def test_what_is_exported_for_the_public_names_no_vacant_house(
    build_town: Callable[..., Any], tmp_path: Path
) -> None:
    town = build_town().project(tmp_path / "town")
    out = tmp_path / "out"
    done = document(ibasho("export", town.path, "--public", "--to", out, "--json"))
    assert [(Path(one["file"]).name, one["rows"] > 0) for one in done["files"]] == [
        ("zones.csv", True),
        ("vacancies.csv", False),
    ]
    zones = (out / "zones.csv").read_text("utf-8-sig").splitlines()
    assert zones[0].startswith("scenario,zone_id,group,kind,system")
    assert len(zones) == done["files"][0]["rows"] + 1
    points = (out / "vacancies.csv").read_text("utf-8-sig").splitlines()
    assert points == ["kind,floor_area_m2,built_year,latitude,longitude"]
