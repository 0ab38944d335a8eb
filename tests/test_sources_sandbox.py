"""Attacks on the readers, each through the front door: a sentence, nothing opened, nothing left, nobody harmed."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import _workbook as book
import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo import errors, sources, text
from geo.sources import _sandbox, _tables

CODE = "99101"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits on memory and processor time are Linux's")
PLACES = "名称,緯度,経度\nえんがわ,35.0,140.95\n"


class Trap:
    """A server that only counts who knocks."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(0.3)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/x"

    def was_called(self) -> bool:
        try:
            self.socket.accept()[0].close()
        except TimeoutError:
            return False
        return True


@pytest.fixture
def trap() -> Iterator[Trap]:
    made = Trap()
    yield made
    made.socket.close()


def refused(path: Path) -> errors.AtlasError:
    """The error, after proof that it is a sentence in both languages that names the file."""
    with pytest.raises(errors.AtlasError) as caught:
        sources.read(path, municipality_code=CODE)
    problem = caught.value
    japanese = text.tell(problem.code, problem.template, "ja", **problem.context)
    assert path.name in str(problem)
    assert path.name in japanese
    assert japanese != str(problem)
    return problem


def worker() -> _sandbox._Worker:
    (found,) = _sandbox._idle
    return found


# -- files that name other files or addresses ---------------------------------------------------------------

VRT = '<OGRVRTDataSource><OGRVRTLayer name="s"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
NAMING = {
    "vrt": VRT,
    "gdalg": '{{"type":"gdal_streamed_alg","command_line":"gdal vector pipeline ! read {}"}}',
    "wfs": "<OGRWFSDataSource><URL>{}</URL></OGRWFSDataSource>",
    "kml": '<kml xmlns="http://www.opengis.net/kml/2.2"><NetworkLink><Link><href>{}</href></Link></NetworkLink></kml>',
    "xxe": '<!DOCTYPE kml [<!ENTITY e SYSTEM "{}">]><kml><Placemark><name>&e;</name></Placemark></kml>',
    "dtd": '<!DOCTYPE kml SYSTEM "{}"><kml><Placemark/></kml>',
    "gml": '<FeatureCollection xmlns:xlink="x"><featureMember><a><g xlink:href="{}"/></a></featureMember>'
    "</FeatureCollection>",
    "osm": '<!DOCTYPE osm [<!ENTITY e SYSTEM "{}">]><osm version="0.6"><node id="1" lat="35" lon="140">'
    '<tag k="name" v="&e;"/></node></osm>',
    "graphml": '<!DOCTYPE graphml [<!ENTITY e SYSTEM "{}">]><graphml><graph><node id="&e;"/></graph></graphml>',
    "json": '{{"type":"FeatureCollection","features":"{}"}}',
    "crs": '{{"type":"FeatureCollection","crs":{{"type":"link","properties":{{"href":"{0}","name":"{0}"}}}},'
    '"features":[{{"type":"Feature","properties":{{}},"geometry":{{"type":"Point","coordinates":[140,35]}}}}]}}',
}
NAMES = ("geojson", "json", "gpkg", "shp", "csv", "xml", "kml", "gml", "osm", "graphml", "xlsx", "zip", "vrt")


@pytest.mark.parametrize("suffix", NAMES)
def test_no_content_under_any_name_opens_another_file_or_address(
    tmp_path: Path, trap: Trap, suffix: str
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("名称,緯度,経度\nひみつ,35.0,140.95\n", encoding="utf-8")
    for name, content in NAMING.items():
        for target in (str(secret), secret.as_uri(), trap.url):
            path = tmp_path / f"{name}.{suffix}"
            path.write_text(content.format(target), encoding="utf-8")
            assert "ひみつ" not in str(refused(path))
    assert not trap.was_called()


@pytest.mark.parametrize("name", ["{}", "WFS:{}", "OAPIF:{}", "/vsicurl/{}", "/vsizip//vsicurl/{}", "VRT:{}"])
def test_an_address_is_no_file(trap: Trap, name: str) -> None:
    with pytest.raises(errors.SourceError) as caught:
        sources.read(Path(name.format(trap.url)), municipality_code=CODE)
    assert caught.value.code == "file_missing"
    assert not trap.was_called()


def test_a_zip_full_of_attacks_is_one_sentence(tmp_path: Path, trap: Trap) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i, content in enumerate(NAMING.values()):
            archive.writestr(f"../../{i}.geojson", content.format(trap.url))
            archive.writestr(f"/x{i}.csv", content.format("/etc/passwd"))
    assert refused(path).code == "zip_not_one"
    assert not trap.was_called()
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


# -- files that never end -----------------------------------------------------------------------------------

LAUGHS = '<!DOCTYPE kml [<!ENTITY a0 "ha">{}]><{root}><Placemark><name>&a29;</name></Placemark></{root}>'
ENTITIES = "".join(f'<!ENTITY a{i} "&a{i - 1};&a{i - 1};">' for i in range(1, 30))


@pytest.mark.parametrize("root", ["kml", "FeatureCollection", "osm", "graphml", "x"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_billion_laughs_are_not_heard(tmp_path: Path, root: str, encoding: str) -> None:
    path = tmp_path / "laughs.xml"
    path.write_bytes(LAUGHS.format(ENTITIES, root=root).encode(encoding))
    assert refused(path).code != "sandbox_memory"


def test_a_view_that_never_ends_is_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "endless.gpkg"
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.box(140, 35, 141, 36)], crs=6668).to_file(
        path, driver="GPKG", layer="plain"
    )
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE plain")
        endless = "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT i AS fid, NULL AS geom FROM r"
        db.execute(f"CREATE VIEW plain AS {endless}")
    db.close()
    assert refused(path).code == "gpkg_unsafe"


def test_bombs_are_refused_before_they_go_off(tmp_path: Path) -> None:
    sheet = book.sheet({1: ["x"]}).replace("<sheetData>", "<sheetData>" + " " * 250_000_000)
    assert refused(book.write(tmp_path / "bomb.xlsx", {"s": sheet})).code == "zip_too_large"
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"a,b\n" * 20_000_000)
    assert refused(path).code == "zip_too_large"


def test_a_file_larger_than_any_is_not_even_copied(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as stream:
        stream.truncate(_tables.MAX_BYTES + 1)
    assert refused(path).code == "file_too_large"


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (PLACES + "a,35,140.9\n" * _tables.MAX_ROWS, _tables.MAX_ROWS + 1),
        (PLACES + "a" * (_tables.MAX_FIELD + 1) + ",35,140.9\n", 3),
        (PLACES + '"never closed,35,140.9\n' + "b,35,140.9\n" * 5_000, 3),
    ],
)
def test_rows_and_fields_have_an_end(tmp_path: Path, content: str, row: int) -> None:
    path = tmp_path / "long.csv"
    path.write_text(content, encoding="utf-8")
    problem = refused(path)
    assert (problem.code, problem.context["row"]) == ("table_too_large", row)


def test_texts_of_a_layer_have_an_end(tmp_path: Path) -> None:
    path = tmp_path / "long.geojson"
    point = {"type": "Point", "coordinates": [140.95, 35.0]}
    features = [{"type": "Feature", "properties": {"name": "x" * n}, "geometry": point} for n in (1, 100_001)]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    problem = refused(path)
    assert (problem.code, problem.context["feature"]) == ("layer_too_large", 2)


# -- the walls ----------------------------------------------------------------------------------------------


def placemarks(path: Path, n: int) -> Path:
    mark = "<Placemark><name>x</name><Point><coordinates>140.95,35.0</coordinates></Point></Placemark>"
    path.write_text(f"<kml>{mark * n}</kml>")
    return path


@LINUX
def test_the_child_has_its_walls(sample: Path) -> None:
    import resource

    sources.detect(sample / "vacant.csv")
    soft = {
        what: resource.prlimit(worker().process.pid, getattr(resource, f"RLIMIT_{what}"))[0]
        for what in ("AS", "CPU", "FSIZE", "CORE")
    }
    assert 0 < soft["CPU"] <= _sandbox.SECONDS + 60
    assert _sandbox.MEGABYTES < soft["AS"] / 1e6 < _sandbox.MEGABYTES + 5_000
    assert (soft["FSIZE"], soft["CORE"]) == (1_000_000_000, 0)


@LINUX
def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IBASHO_READ_SECONDS", "1")
    problem = refused(placemarks(tmp_path / "slow.kml", 1_000_000))
    assert (problem.code, problem.context["seconds"]) == ("sandbox_time", 1)
    assert _sandbox._idle == []


@LINUX
def test_a_file_that_takes_too_much_memory_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "swollen.geojson"
    path.write_text('{"type":"FeatureCollection","features":[' + "[],".join([""] * 2_000_000) + "[]]}")
    monkeypatch.setenv("IBASHO_READ_MEGABYTES", "60")
    problem = refused(path)
    assert (problem.code, problem.context["megabytes"]) == ("sandbox_memory", 60)
    monkeypatch.delenv("IBASHO_READ_MEGABYTES")
    assert refused(path).code == "json_no_layer"


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="a child cannot be stopped here")
def test_a_child_that_hangs_is_ended_by_the_clock(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources.detect(sample / "vacant.csv")
    child = worker().process
    monkeypatch.setenv("IBASHO_READ_SECONDS", "1")
    monkeypatch.setattr(_sandbox, "_GRACE_S", 0.5)
    os.kill(child.pid, signal.SIGSTOP)
    path = tmp_path / "hangs.csv"
    path.write_text(PLACES, encoding="utf-8")
    assert refused(path).code == "sandbox_time"
    assert child.poll() is not None
    monkeypatch.undo()
    assert sources.read(path, municipality_code=CODE).rows == 1


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="a child cannot be stopped here")
@pytest.mark.parametrize(("name", "code"), [("SIGSEGV", "sandbox_crash"), ("SIGKILL", "sandbox_memory")])
def test_a_child_that_dies_is_a_sentence_and_the_next_file_is_read(
    sample: Path, tmp_path: Path, name: str, code: str
) -> None:
    sources.detect(sample / "vacant.csv")
    pid = worker().process.pid
    os.kill(pid, signal.SIGSTOP)
    path = tmp_path / "crash.csv"
    path.write_text(PLACES, encoding="utf-8")
    found: list[errors.AtlasError] = []
    reading = threading.Thread(target=lambda: found.append(refused(path)))
    reading.start()
    reading.join(0.3)
    assert reading.is_alive()
    os.kill(pid, getattr(signal, name))
    os.kill(pid, signal.SIGCONT)
    reading.join()
    assert found[0].code == code
    assert sources.read(path, municipality_code=CODE).rows == 1


def test_an_idle_child_that_is_gone_is_not_missed(sample: Path) -> None:
    sources.detect(sample / "vacant.csv")
    gone = worker()
    gone.process.kill()
    gone.process.wait()
    assert sources.detect(sample / "vacant.csv") == "vacancies"
    assert worker() is not gone


# -- what comes back ----------------------------------------------------------------------------------------


def test_files_of_one_import_share_a_child(sample: Path) -> None:
    sources.detect(sample / "vacant.csv")
    first = worker().process.pid
    for name in ("branch_offices.geojson", "ibasho_salon.csv"):
        sources.read(sample / name, municipality_code=CODE)
    with pytest.raises(errors.AtlasError):
        sources.read(sample / "branch_offices.geojson", municipality_code=CODE, kind="vacancies")
    assert worker().process.pid == first


def test_two_files_may_be_read_at_once(sample: Path) -> None:
    names = ["ibasho_salon.csv", "vacant.csv", "r2ka99101.shp"]
    found: dict[str, sources.Reading] = {}

    def read(name: str) -> None:
        found[name] = sources.read(sample / name, municipality_code=CODE)

    threads = [threading.Thread(target=read, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: reading.kind for name, reading in found.items()} == dict(
        zip(names, ("places", "vacancies", "small-areas"), strict=True)
    )
    assert len(_sandbox._idle) == 1


PARTS = (".dbf", ".shx", ".prj", ".cpg")


def test_a_reading_from_the_child_is_the_one_that_was_read(
    sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [path.name for path in sorted(sample.iterdir()) if path.suffix not in PARTS]
    assert len(names) > 10
    there = [sources.read(sample / name, municipality_code=CODE) for name in names]
    monkeypatch.setenv("IBASHO_IN_PROCESS", "1")
    for name, sent in zip(names, there, strict=True):
        here = sources.read(sample / name, municipality_code=CODE)
        pd.testing.assert_frame_equal(pd.DataFrame(sent.table), pd.DataFrame(here.table))
        assert type(sent.table) is type(here.table)
        assert (sent.dataset(), sent.notes, sent.schema) == (here.dataset(), here.notes, here.schema)


def test_an_error_keeps_its_class_and_its_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metres.geojson"
    metres = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.box(0, 0, 5000, 5000)])
    path.write_text(metres.to_json())
    sent = refused(path)
    monkeypatch.setenv("IBASHO_IN_PROCESS", "1")
    here = refused(path)
    assert type(sent) is type(here) is errors.CrsError
    assert (sent.code, str(sent), sent.context) == (here.code, str(here), here.context)


def test_a_fault_of_the_program_is_no_sentence_for_the_user(sample: Path) -> None:
    with pytest.raises(RuntimeError, match="Traceback"):
        sources.read(sample / "r2ka99101.shp", municipality_code=None)  # type: ignore[arg-type]
    assert sources.detect(sample / "r2ka99101.shp") == "small-areas"


def test_nothing_is_left_behind(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    sources.read(sample / "r2ka99101.shp", municipality_code=CODE)
    refused(placemarks(tmp_path / "a.txt", 0))
    monkeypatch.setenv("IBASHO_READ_SECONDS", "0")
    monkeypatch.setattr(_sandbox, "_GRACE_S", 0.1)
    refused(placemarks(tmp_path / "b.kml", 300_000))
    assert list(folder.iterdir()) == []


def test_the_child_knows_nothing_that_it_does_not_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    monkeypatch.setenv("SOME_API_KEY", "secret")
    known = _sandbox._environment()
    assert not {"HTTPS_PROXY", "SOME_API_KEY"} & set(known)
    assert known["PROJ_NETWORK"] == "OFF"


@pytest.mark.parametrize(("told", "seconds"), [("7", 7), ("", _sandbox.SECONDS), ("many", _sandbox.SECONDS)])
def test_limits_are_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, told: str, seconds: int) -> None:
    monkeypatch.setenv("IBASHO_READ_SECONDS", told)
    assert _sandbox.Limits.of_machine() == _sandbox.Limits(seconds=seconds)
