"""Addresses by a dictionary of jageocoder, made here with the package itself; skipped where it is not installed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from geo import schemas, sources
from geo.sources import _jageocoder, geocode

pytest.importorskip("jageocoder")

Path_ = list[tuple[str, int]]
CITY: Path_ = [("東京都", 1), ("澪区", 3)]
ROWS: list[tuple[Path_, float, float]] = [
    (CITY[:1], 139.69, 35.69),
    (CITY, 139.75, 35.69),
    ([*CITY, ("港町", 5), ("三丁目", 6)], 139.7450, 35.7000),
    ([*CITY, ("港町", 5), ("三丁目", 6), ("5番", 7)], 139.7455, 35.7005),
    ([*CITY, ("港町", 5), ("三丁目", 6), ("5番", 7), ("6号", 8)], 139.7456, 35.7006),
    ([*CITY, ("一番町", 5)], 139.7420, 35.6870),
    ([*CITY, ("本町", 5)], 139.7400, 35.6880),
    ([("東京都", 1), ("沖区", 3), ("一番町", 5)], 139.9, 35.9),
]


def build(folder: Path) -> None:
    """A dictionary as jageocoder's own converter makes one, but small: nodes, and the index of their names."""
    from jageocoder.aza_master import AzaMaster
    from jageocoder.dataset import Dataset
    from jageocoder.itaiji import Converter
    from jageocoder.local import LocalTree
    from jageocoder.node import AddressNode
    from jageocoder.trie import AddressTrie, TrieNode

    tree = LocalTree(db_dir=folder, mode="w")
    for table in (Dataset, AzaMaster):
        table(db_dir=folder).create()
    nested: dict[Any, Any] = {}
    for names, x, y in ROWS:
        at, last = nested, {}
        for part in names:
            last = at.setdefault(part, {"below": {}, "at": (999.9, 999.9)})
            at = last["below"]
        last["at"] = (x, y)
    records: list[dict[str, Any]] = [AddressNode.root().to_record()]
    index: dict[str, list[int]] = {}
    plain = Converter().standardize

    def add(below: dict[Any, Any], parent: int, path: list[str]) -> None:
        for (name, level), node in below.items():
            own = len(records)
            records.append({})
            for i in range(len(path) + 1) if level <= 5 else ():
                index.setdefault(plain("".join([*path, name][i:])), []).append(own)
            add(node["below"], own, [*path, name])
            made = AddressNode(
                id=own, name=name, name_index=plain(name), x=node["at"][0], y=node["at"][1], level=level,
                priority=1, parent_id=parent, sibling_id=len(records),
            )  # fmt: skip
            records[own] = made.to_record()

    add(nested, 0, [])
    records[0]["siblingId"] = len(records)
    tree.address_nodes.create()
    tree.address_nodes.append_records(records)
    tree.create_note_index_table()
    trie = AddressTrie(folder / "address.trie", index)
    trie.save()
    nodes = [{"id": trie.get_id(name), "nodes": ids} for name, ids in index.items()]
    table = TrieNode(db_dir=folder)
    table.create()
    table.append_records(sorted(nodes, key=lambda node: int(str(node["id"]))))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "dictionary"
    folder.mkdir()
    build(folder)
    (folder / "metadata.txt").write_text("20260401\n", encoding="utf-8")
    monkeypatch.setenv("JAGEOCODER_DB2_DIR", str(folder))
    _jageocoder.dictionary.cache_clear()
    yield folder
    _jageocoder.dictionary.cache_clear()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("address", "precision", "x"),
    [
        ("東京都澪区港町3-5-6", "point", 139.7456),
        ("澪区港町三丁目5番地", "block", 139.7455),
        ("澪区港町3-5-9", "block", 139.7455),  # no such house: its block
        ("澪区港町3", "town", 139.745),
        ("澪区港町", "district", 139.745),  # of several 丁目
        ("澪区一番町1-2", "town", 139.742),
        ("澪区", "municipality", 139.75),
        ("東京都", "prefecture", 139.69),
    ],
)
def test_each_level_has_its_precision(address: str, precision: str, x: float) -> None:
    found = _jageocoder.find(address)
    assert found is not None
    assert (found.precision, found.x) == (precision, pytest.approx(x))


@pytest.mark.usefixtures("installed")
def test_what_is_in_two_places_is_in_none() -> None:
    assert _jageocoder.find("一番町") is None
    assert _jageocoder.find("大阪市北区梅田1") is None


def listed(path: Path, *addresses: str) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["名称", "住所"])
        writer.writerows([[f"集い{i}", address] for i, address in enumerate(addresses)])
    return path


def own_list(*rows: tuple[str, str | None]) -> gpd.GeoDataFrame:
    return schemas.conform(
        schemas.Addresses,
        gpd.GeoDataFrame(
            {
                "address_id": [f"a{i}" for i in range(len(rows))],
                "prefecture": "東京都",
                "municipality": "澪区",
                "town": [geocode.normal(town) for town, _ in rows],
                "block": [block for _, block in rows],
                "dataset_id": "addresses:own",
            },
            geometry=gpd.points_from_xy([139.7] * len(rows), [35.7] * len(rows)),
            crs=schemas.STORED_CRS,
        ),
    )


@pytest.mark.usefixtures("installed")
def test_the_finer_answer_counts_and_of_two_alike_the_projects_own(tmp_path: Path) -> None:
    path = listed(tmp_path / "a.csv", "港町3-5-6", "澪区一番町1", "本町田3", "千代田区丸の内1")
    hints = sources.Hints(addresses=own_list(("港町三丁目", None), ("一番町", None)), municipality="澪区")
    found = sources.read(path, municipality_code="13105", kind="places", hints=hints)
    told = {r.name: (r.precision, round(r.geometry.x, 4)) for r in found.table.itertuples()}
    # 本町田 is not 本町, and 千代田区 is in neither list: both are refused.
    assert told == {
        "集い0": ("point", 139.7456),
        "集い1": ("town", 139.7),
    }
    [note] = [note for note in found.notes if note.code == "places_by_jageocoder"]
    assert note.values["edition"] == "20260401"


@pytest.mark.usefixtures("installed")
def test_without_a_list_of_the_projects_own_the_dictionary_answers(tmp_path: Path) -> None:
    path = listed(tmp_path / "a.csv", "港町3-5", "一番町")
    found = sources.read(
        path, municipality_code="13105", kind="places", hints=sources.Hints(municipality="澪区")
    )
    assert found.table["precision"].tolist() == ["block", "town"]


@pytest.mark.usefixtures("installed")
def test_a_dictionary_installed_between_two_files_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = listed(tmp_path / "a.csv", "港町3-5", "一番町")
    hints = sources.Hints(addresses=own_list(("港町三丁目", None), ("一番町", None)), municipality="澪区")

    def precisions() -> list[str]:
        found = sources.read(path, municipality_code="13105", kind="places", hints=hints)
        return found.table["precision"].tolist()

    with monkeypatch.context() as before:
        before.setenv("JAGEOCODER_DB2_DIR", str(tmp_path))  # no dictionary there
        assert precisions() == ["town", "town"]  # the child that read it waits for another file
    assert precisions() == ["block", "town"]


def test_without_a_dictionary_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("http://127.0.0.1:9/", str(tmp_path)):
        monkeypatch.setenv("JAGEOCODER_DB2_DIR", folder)
        _jageocoder.dictionary.cache_clear()
        assert _jageocoder.dictionary() is None
    _jageocoder.dictionary.cache_clear()
