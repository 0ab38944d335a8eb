"""Official files from a real server on this machine that cuts lines, lies about lengths, and sends web pages."""

from __future__ import annotations

import hashlib
import io
import json
import re
import socket
import string
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import pyproj
import pytest
import shapely
from _command import ibasho
from _server import Answer, Request, Server
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from pydantic import ValidationError

from geo import errors, sources, text
from geo.sources import _http, _osm, fetch, streets

URL = "https://nlftp.mlit.go.jp/ksj/gml/data/A27/A27-23/A27-23_13_GML.zip"
PAGE = "https://nlftp.mlit.go.jp/ksj/gml/datalist/KsjTmplt-A27-2023.html"
HTML = b"<!DOCTYPE html>\n<html><head><title>Maintenance until 9</title></head><body>Sorry</body></html>"
ETAG = {"ETag": '"v1"'}


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


BODY = zipped(**{"A27-23_13.geojson": bytes(range(256)) * 300})


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.stop()


@pytest.fixture
def quick(server: Server, tmp_path: Path) -> fetch.Settings:
    """Settings of the product with its waits taken out."""
    return fetch.Settings(
        tmp_path / "cache", base=server.base, timeout_s=3, attempts=4, wait_s=0.01, pause_s=0
    )


def get(settings: fetch.Settings, **changes: Any) -> _http.Download:
    options: dict[str, Any] = {
        "settings": settings,
        "hosts": fetch.catalogue().hosts,
        "format_": "zip",
        "max_bytes": 1_000_000,
        "page": PAGE,
    }
    return _http.download(URL, target(settings), **{**options, **changes})


def target(settings: fetch.Settings) -> Path:
    return settings.cache / "a27" / "A27-23_13_GML.zip"


def refused(settings: fetch.Settings, code: str, **changes: Any) -> errors.SourceError:
    """The error, after proof that it is a sentence in both languages and that nothing was left as the file."""
    with pytest.raises(errors.SourceError) as caught:
        get(settings, **changes)
    problem = caught.value
    assert problem.code == code, str(problem)
    japanese = text.tell(problem.code, problem.template, "ja", **problem.context)
    assert japanese != str(problem)
    assert not re.search(r"\{[a-z_]+[}:!]", japanese + str(problem))
    assert not target(settings).exists()
    return problem


# --- the catalogue ----------------------------------------------------------------------------------------


def raw_catalogue() -> dict[str, Any]:
    return tomllib.loads((Path(fetch.__file__).parent / "catalog.toml").read_text(encoding="utf-8"))


def test_the_catalogue_names_what_the_analysis_needs() -> None:
    known = {one.id: one for one in fetch.catalogue().dataset}
    assert list(known) == sorted(known)
    tables = {f"t001{n:03d}" for n in (81, 82, 83, 84, 85, 86, 140, 141, 142)}
    assert {"n03", "a32", "a27", "p29", "p14", "p05", "m500r6", "census-areas", *tables} <= set(known)
    assert {"isj-blocks", "isj-towns", "osm-geofabrik", "osm-overpass"} <= set(known)
    read = {one.kind for one in known.values() if one.default}
    assert read == {"municipalities", "zones", "small-areas", "census-table", "streets"}
    assert {one.kind for one in known.values()} <= set(sources.KINDS)


def first(change: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    return lambda raw: raw["dataset"][0].update(change)


@pytest.mark.parametrize(
    "spoil",
    [
        first({"url": "http://nlftp.mlit.go.jp/x.zip"}),
        first({"url": "https://{pref}.example.com/x.zip"}),
        first({"page": "ftp://nlftp.mlit.go.jp/"}),
        first({"url": "https://nlftp.mlit.go.jp/{prefecture}.zip"}),
        first({"file": "{0}.zip"}),
        first({"title": {"ja": "小学校区"}}),
        first({"needed_for": {"ja": "集計", "en": ""}}),
        first({"edition": "last year"}),
        first({"format": "exe"}),
        first({"kind": "shops"}),
        first({"licence": "none"}),
        first({"publisher": "nobody"}),
        first({"surplus": 1}),
        first({"max_mb": 0}),
        lambda raw: raw["dataset"].reverse(),
        lambda raw: raw["dataset"].append(raw["dataset"][-1]),
        lambda raw: raw["licence"]["ksj"].update(url="http://example.com"),
        lambda raw: raw["publisher"]["mlit"].pop("en"),
    ],
)
def test_a_catalogue_with_a_mistake_is_refused(spoil: Callable[[dict[str, Any]], None]) -> None:
    raw = raw_catalogue()
    fetch.Catalogue.model_validate(raw)
    spoil(raw)
    with pytest.raises(ValidationError):
        fetch.Catalogue.model_validate(raw)


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        fetch.catalogue().dataset[0].url = "https://example.com/"  # type: ignore[misc]


@pytest.mark.parametrize("pref", range(1, 48))
def test_every_prefecture_has_a_whole_plan(pref: int) -> None:
    settings = fetch.Settings(Path("cache"))
    everything = fetch.catalogue().dataset
    area = shapely.box(139.7, 35.6, 139.8, 35.7)
    items = fetch.plan(f"{pref:02d}105", everything, settings=settings, area=area)
    assert [item.dataset.id for item in items] == [one.id for one in everything]
    for item in items:
        assert not set("{} ") & set(item.url + item.file)
        assert "??" not in item.url + item.file
        assert item.url.startswith(tuple(f"https://{host}/" for host in fetch.catalogue().hosts))
        assert item.file == Path(item.file).name
        assert settings.cache in item.target.parents
        if "{pref}" in item.dataset.url:
            assert f"{pref:02d}" in item.url


def test_addresses_of_bunkyo_as_their_publishers_give_them() -> None:
    names = ["n03", "A32", "census-areas", "T001082", "t001141", "m500r6", "isj-blocks", "osm-geofabrik"]
    area = shapely.box(139.7, 35.6, 139.8, 35.7)
    items = fetch.plan("13105", fetch.chosen(names), settings=fetch.Settings(Path("c")), area=area)
    assert {item.dataset.id: item.url.split("//")[1] for item in items} == {
        "a32": "nlftp.mlit.go.jp/ksj/gml/data/A32/A32-23/A32-23_13_GML.zip",
        "census-areas": "www.e-stat.go.jp/gis/statmap-search/data?dlserveyId=A002005212020&code=13105&coordSys=1"
        "&format=shape&downloadType=5&datum=2011",
        "isj-blocks": "nlftp.mlit.go.jp/isj/dls/data/24.0a/13105-24.0a.zip",
        "m500r6": "nlftp.mlit.go.jp/ksj/gml/data/m500r6/m500r6-24/500m_mesh_2024_13_SHP.zip",
        "n03": "nlftp.mlit.go.jp/ksj/gml/data/N03/N03-2025/N03-20250101_13_GML.zip",
        "osm-geofabrik": "download.geofabrik.de/asia/japan/kanto-latest.osm.pbf",
        "t001082": "www.e-stat.go.jp/gis/statmap-search/data?statsId=T001082&code=13&downloadType=2",
        "t001141": "www.e-stat.go.jp/gis/statmap-search/data?statsId=T001141&code=5339&downloadType=2",
    }


def test_what_is_not_in_the_catalogue_or_in_japan_is_said() -> None:
    with pytest.raises(errors.DataError, match="n04: no such dataset"):
        fetch.chosen(["n03", "n04"])
    with pytest.raises(errors.DataError, match="99101"):
        fetch.plan("99101", fetch.chosen([]), settings=fetch.Settings(Path("c")))


@given(st.floats(123.0, 153.9), st.floats(24.0, 45.9))
def test_a_point_is_in_its_primary_mesh(longitude: float, latitude: float) -> None:
    # JIS X 0410: the first two digits are the latitude times 1.5, the others the degrees of longitude over 100.
    code = f"{int(latitude * 1.5):02d}{int(longitude) - 100:02d}"
    assert code in fetch.primary_meshes(shapely.Point(longitude, latitude))


# --- settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "allowed"),
    [
        ("https://mirror.example.jp/japan", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("http://mirror.example.jp", False),
        ("http://127.0.0.1.example.jp", False),
        ("file:///etc", False),
        ("https://user:secret@mirror.example.jp", False),
        ("http://127.0.0.1:port", False),
        ("mirror", False),
    ],
)
@pytest.mark.parametrize("name", ["IBASHO_FETCH_BASE", "IBASHO_OVERPASS"])
def test_a_mirror_is_https_or_on_this_machine(name: str, base: str, allowed: bool) -> None:
    environment = {name: base, "IBASHO_CACHE": "c"}
    if allowed:
        found = fetch.settings(environment)
        assert (found.base if name == "IBASHO_FETCH_BASE" else found.overpass) == base
    else:
        with pytest.raises(errors.SourceError) as caught:
            fetch.settings(environment)
        assert caught.value.code == "fetch_address"
        assert name in str(caught.value)


def test_a_mirror_stands_for_overpass_too_and_its_own_setting_wins() -> None:
    mirror = {"IBASHO_FETCH_BASE": "https://mirror.example.jp/"}
    assert fetch.settings(mirror).overpass == "https://mirror.example.jp/overpass-api.de/api"
    own = {**mirror, "IBASHO_OVERPASS": "https://overpass.example.jp/api/"}
    assert fetch.settings(own).overpass == "https://overpass.example.jp/api"
    assert fetch.settings({}).base is None


# --- one file ---------------------------------------------------------------------------------------------


def test_a_file_comes_whole_with_its_digest_beside_it(server: Server, quick: fetch.Settings) -> None:
    server.give(URL, Answer(BODY, headers={**ETAG, "Last-Modified": "Wed, 01 Jan 2025 00:00:00 GMT"}))
    seen: list[tuple[str, int, int | None]] = []
    done = get(quick, progress=lambda *step: seen.append(step))
    assert target(quick).read_bytes() == BODY
    assert done.sha256 == hashlib.sha256(BODY).hexdigest()
    record = json.loads((target(quick).parent / "A27-23_13_GML.zip.json").read_text(encoding="utf-8"))
    assert record["sha256"] == done.sha256
    assert (record["url"], record["etag"], record["bytes"]) == (URL, '"v1"', len(BODY))
    assert [one.name for one in sorted(target(quick).parent.iterdir())] == [
        "A27-23_13_GML.zip",
        "A27-23_13_GML.zip.json",
    ]
    amounts = [done for _, done, _ in seen]
    assert amounts == sorted(amounts)
    assert seen[0] == ("A27-23_13_GML.zip", 0, len(BODY))
    assert seen[-1] == ("A27-23_13_GML.zip", len(BODY), len(BODY))
    agent = server.requests[0].headers["User-Agent"]
    assert agent.startswith("ibasho-atlas/")
    assert agent.split("/")[1][0] in string.digits


def test_what_is_here_is_not_asked_for_again_unless_it_was_changed(
    server: Server, quick: fetch.Settings
) -> None:
    server.give(URL, Answer(BODY))
    assert get(quick).from_cache is False
    again = get(quick)
    assert (again.from_cache, again.sha256) == (True, hashlib.sha256(BODY).hexdigest())
    assert len(server.requests) == 1
    target(quick).write_bytes(BODY[:-1])
    assert get(quick).from_cache is False
    assert target(quick).read_bytes() == BODY
    get(quick, refresh=True)
    assert len(server.requests) == 3


def test_a_file_that_was_put_there_by_hand_counts_if_it_is_one(server: Server, quick: fetch.Settings) -> None:
    target(quick).parent.mkdir(parents=True)
    target(quick).write_bytes(BODY)
    assert get(quick).from_cache is True
    target(quick).write_bytes(HTML)
    server.give(URL, Answer(BODY))
    assert get(quick).from_cache is False
    assert target(quick).read_bytes() == BODY


@pytest.mark.parametrize("named", [ETAG, {"Last-Modified": "Wed, 01 Jan 2025 00:00:00 GMT"}])
def test_a_cut_line_goes_on_where_it_stopped(
    server: Server, quick: fetch.Settings, named: dict[str, str]
) -> None:
    server.give(URL, Answer(BODY, headers=named, cut=30_000), Answer(BODY, headers=named, ranges=True))
    get(quick)
    assert target(quick).read_bytes() == BODY
    _, second = server.asked(URL)
    assert second.headers["Range"] == "bytes=30000-"
    assert second.headers["If-Range"] == next(iter(named.values()))


@pytest.mark.parametrize(
    ("then", "why"),
    [
        (Answer(BODY, headers=ETAG), "the server knows no ranges"),
        (Answer(BODY, headers={"ETag": '"v2"'}, ranges=True), "the file is a newer one"),
    ],
)
def test_what_cannot_go_on_starts_again(
    server: Server, quick: fetch.Settings, then: Answer, why: str
) -> None:
    old = zipped(old=b"x" * 60_000)
    server.give(URL, Answer(old, headers=ETAG, cut=30_000), then)
    get(quick)
    assert target(quick).read_bytes() == BODY, why


def test_without_a_name_of_the_version_no_range_is_asked(server: Server, quick: fetch.Settings) -> None:
    weak = {"ETag": 'W/"v1"'}
    server.give(URL, Answer(BODY, headers=weak, cut=30_000), Answer(BODY, headers=weak, ranges=True))
    get(quick)
    assert "Range" not in server.asked(URL)[1].headers
    assert target(quick).read_bytes() == BODY


@pytest.mark.parametrize(
    "lie",
    [
        Answer(BODY[5:], 206, {**ETAG, "Content-Range": f"bytes 5-{len(BODY) - 1}/{len(BODY)}"}),
        Answer(
            BODY[30_000:], 206, {"ETag": '"v2"', "Content-Range": f"bytes 30000-{len(BODY) - 1}/{len(BODY)}"}
        ),
        Answer(BODY[30_000:], 206, ETAG),
        Answer(b"", 416, {"Content-Range": f"bytes */{len(BODY)}"}),
    ],
)
def test_a_range_that_does_not_fit_is_thrown_away(server: Server, quick: fetch.Settings, lie: Answer) -> None:
    server.give(URL, Answer(BODY, headers=ETAG, cut=30_000), lie, Answer(BODY, headers=ETAG, ranges=True))
    get(quick)
    assert target(quick).read_bytes() == BODY
    assert "Range" not in server.asked(URL)[2].headers


def test_what_a_killed_run_left_is_gone_on_with(server: Server, quick: fetch.Settings) -> None:
    part = target(quick).with_name("A27-23_13_GML.zip.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY[:10_000])
    note = {"url": URL, "etag": '"v1"', "modified": None}
    part.with_name(part.name + ".json").write_text(json.dumps(note), encoding="utf-8")
    server.give(URL, Answer(BODY, headers=ETAG, ranges=True))
    get(quick)
    assert server.requests[0].headers["Range"] == "bytes=10000-"
    assert target(quick).read_bytes() == BODY


@pytest.mark.parametrize(
    "note", ["{", "[]", '{"url": "https://other/", "etag": "\\"v1\\"", "modified": null}']
)
def test_what_is_left_of_something_else_is_not(server: Server, quick: fetch.Settings, note: str) -> None:
    part = target(quick).with_name("A27-23_13_GML.zip.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"PK\x03\x04 of something else")
    part.with_name(part.name + ".json").write_text(note, encoding="utf-8")
    server.give(URL, Answer(BODY, headers=ETAG, ranges=True))
    get(quick)
    assert "Range" not in server.requests[0].headers
    assert target(quick).read_bytes() == BODY


@effort(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(BODY) - 1), max_size=3), ranges=st.booleans(), named=st.booleans())
def test_wherever_a_line_is_cut_the_file_is_the_same(
    server: Server, quick: fetch.Settings, cuts: list[int], ranges: bool, named: bool
) -> None:
    headers = ETAG if named else {}
    whole = Answer(BODY, headers=headers, ranges=ranges)
    server.give(URL, *(replace(whole, cut=cut) for cut in cuts), whole)
    assert get(quick, refresh=True).sha256 == hashlib.sha256(BODY).hexdigest()
    assert target(quick).read_bytes() == BODY


def test_a_line_that_is_always_cut_is_given_up_and_kept_for_later(
    server: Server, quick: fetch.Settings
) -> None:
    server.give(URL, Answer(BODY, headers=ETAG, length=len(BODY) + 7))
    problem = refused(quick, "fetch_cut")
    assert f"{len(BODY)} / {len(BODY) + 7}" in str(problem)
    assert len(server.requests) == quick.attempts
    server.give(URL, Answer(BODY, headers=ETAG))
    get(quick)
    assert target(quick).read_bytes() == BODY


@pytest.mark.parametrize("body", [b"", BODY[:-30]])
@pytest.mark.parametrize("tell_length", [True, False])
def test_half_a_zip_is_no_zip(server: Server, quick: fetch.Settings, body: bytes, tell_length: bool) -> None:
    server.give(URL, Answer(body, tell_length=tell_length))
    refused(quick, "fetch_cut")
    server.give(URL, Answer(BODY, tell_length=tell_length))
    assert get(quick).sha256 == hashlib.sha256(BODY).hexdigest()


def test_silence_is_a_cut_line(server: Server, quick: fetch.Settings) -> None:
    def slow(_: Request) -> Answer:
        time.sleep(0.6)
        return Answer(BODY)

    server.give(URL, slow, Answer(BODY))
    get(replace(quick, timeout_s=0.3))
    assert target(quick).read_bytes() == BODY


def test_a_file_that_is_gone_is_said_at_once(server: Server, quick: fetch.Settings) -> None:
    problem = refused(quick, "fetch_status")
    assert len(server.requests) == 1
    for word in ("404", "A27-23_13_GML.zip", "nlftp.mlit.go.jp", PAGE):
        assert word in str(problem)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_busy_server_is_asked_again(server: Server, quick: fetch.Settings, status: int) -> None:
    server.give(URL, Answer(b"busy", status), Answer(HTML, status), Answer(BODY))
    get(quick)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "told",
    [
        {"Retry-After": "1"},
        {"Retry-After": "Sat, 01 Nov 2025 00:00:01 GMT", "Date": "Sat, 01 Nov 2025 00:00:00 GMT"},
    ],
)
def test_a_server_is_left_alone_as_long_as_it_asks(
    server: Server, quick: fetch.Settings, told: dict[str, str]
) -> None:
    def busy(_: Request) -> Answer:
        return Answer(b"", 429, told)

    server.give(URL, busy, Answer(BODY))
    get(quick)
    before, after = server.requests
    assert 0.95 <= after.at - before.at < 3


def test_a_server_that_asks_for_too_long_is_not_waited_for(server: Server, quick: fetch.Settings) -> None:
    server.give(URL, Answer(b"", 503, {"Retry-After": "86400"}))
    started = time.monotonic()
    refused(quick, "fetch_busy")
    assert time.monotonic() - started < 2
    assert len(server.requests) == 1


def test_a_server_that_stays_busy_is_given_up(server: Server, quick: fetch.Settings) -> None:
    server.give(URL, Answer(b"", 503))
    assert "503" in str(refused(quick, "fetch_busy"))
    assert len(server.requests) == quick.attempts


@pytest.mark.parametrize(
    "page",
    [HTML, b"\xef\xbb\xbf \n" + HTML.lower(), b"<!-- x -->\n" + HTML, b"<?xml version='1.0'?>\n" + HTML],
)
def test_a_web_page_is_no_file(server: Server, quick: fetch.Settings, page: bytes) -> None:
    server.give(URL, Answer(page, headers={"Content-Type": "application/zip"}))
    problem = refused(quick, "fetch_html")
    assert "until 9" in str(problem)
    assert PAGE in str(problem)
    assert len(server.requests) == 1
    assert list(target(quick).parent.iterdir()) == []


@pytest.mark.parametrize("body", [b"{}", b"\x1f\x8b" + b"x" * 900, b"PK\x05\x06" + bytes(18), b"P"])
def test_another_kind_of_file_is_refused(server: Server, quick: fetch.Settings, body: bytes) -> None:
    server.give(URL, Answer(body))
    assert "A27-23_13_GML.zip is no zip file" in str(refused(quick, "fetch_not_file"))
    assert list(target(quick).parent.iterdir()) == []


def test_a_pbf_is_known_by_its_first_block(server: Server, quick: fetch.Settings, sample: Path) -> None:
    server.give(URL, Answer((sample / "streets.osm.pbf").read_bytes()))
    assert get(quick, format_="pbf").bytes == (sample / "streets.osm.pbf").stat().st_size
    target(quick).unlink()
    server.give(URL, Answer(BODY))
    assert "no pbf file" in str(refused(quick, "fetch_not_file", format_="pbf"))


def test_an_endless_body_ends_at_the_limit(server: Server, quick: fetch.Settings) -> None:
    server.give(URL, Answer(b"PK\x03\x04" + b"x" * 9_996, endless=True))
    seen: list[int] = []
    problem = refused(
        quick, "fetch_too_large", max_bytes=2_000_000, progress=lambda _, done, __: seen.append(done)
    )
    assert "2 MB" in str(problem)
    assert max(seen) <= 2_000_001
    assert len(server.requests) == 1
    assert list(target(quick).parent.iterdir()) == []


def test_the_limit_itself_is_allowed(server: Server, quick: fetch.Settings) -> None:
    server.give(URL, Answer(BODY))
    assert get(quick, max_bytes=len(BODY)).bytes == len(BODY)
    target(quick).unlink()
    refused(quick, "fetch_too_large", max_bytes=len(BODY) - 1)
    server.give(URL, Answer(BODY, tell_length=False))
    assert get(quick, max_bytes=len(BODY)).bytes == len(BODY)
    target(quick).unlink()
    refused(quick, "fetch_too_large", max_bytes=len(BODY) - 1)


def test_redirects_are_followed_on_known_hosts_only(server: Server, quick: fetch.Settings) -> None:
    there = "https://nlftp.mlit.go.jp/ksj/new/A27-23_13_GML.zip"
    server.give(there, Answer(BODY))
    for status, place in ((301, there), (302, server.base + server.at(there)), (307, server.at(there))):
        server.give(URL, Answer(b"", status, {"Location": place}))
        get(quick, refresh=True)
        assert target(quick).read_bytes() == BODY
        target(quick).unlink()


def test_a_foreign_host_is_never_asked(server: Server, quick: fetch.Settings) -> None:
    foreign = Server()
    try:
        foreign.answers["/x.zip"] = [Answer(BODY)]
        for place in (
            foreign.base + "/x.zip",
            "https://example.com/x.zip",
            "http://nlftp.mlit.go.jp/x.zip",
            "https://nlftp.mlit.go.jp.example.com/x.zip",
            "https://nlftp.mlit.go.jp:8443/x.zip",
            "https://user@nlftp.mlit.go.jp/x.zip",
            "file:///etc/passwd",
            server.base + "0/x.zip",
        ):
            server.give(URL, Answer(b"", 302, {"Location": place}))
            assert place in str(refused(quick, "fetch_redirect"))
        assert foreign.requests == []
    finally:
        foreign.stop()


def test_a_circle_of_redirects_ends(server: Server, quick: fetch.Settings) -> None:
    server.give(URL, Answer(b"", 302, {"Location": URL}))
    refused(quick, "fetch_loop")
    assert len(server.requests) == _http.MAX_REDIRECTS + 1


# --- several files ----------------------------------------------------------------------------------------


def closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_one_missing_file_does_not_keep_the_others(server: Server, quick: fetch.Settings) -> None:
    items = fetch.plan("13105", fetch.chosen(["a27", "a32", "t001082"]), settings=quick)
    for item in items[1:]:
        server.give(item.url, Answer(BODY))
    done = fetch.fetch(items, settings=quick, folder=Path("bunkyo"))
    assert [file.dataset.id for file in done.files] == ["a32", "t001082"]
    assert [(f.item.dataset.id, f.problem.code) for f in done.failures] == [("a27", "fetch_status")]
    record = json.loads(done.files[0].path.with_name("A32-23_13_GML.zip.json").read_text(encoding="utf-8"))
    assert (record["dataset"], record["edition"]) == ("a32", "2023")
    assert "terms of use" in record["licence"]
    again = fetch.fetch(items[1:], settings=quick, folder=Path("bunkyo"))
    assert all(file.from_cache for file in again.files)


def test_a_host_has_a_rest_between_two_files(server: Server, quick: fetch.Settings) -> None:
    items = fetch.plan("13105", fetch.chosen(["a27", "a32", "t001082"]), settings=quick)
    for item in items:
        server.give(item.url, Answer(BODY))
    fetch.fetch(items, settings=replace(quick, pause_s=0.4), folder=Path("bunkyo"))
    a27, a32, t001082 = server.requests
    assert a32.at - a27.at >= 0.4
    assert t001082.at - a32.at < 0.4  # another host


def test_without_a_route_it_says_what_to_get_by_hand(tmp_path: Path) -> None:
    offline = fetch.Settings(tmp_path, base=closed_port(), wait_s=0.01, pause_s=0)
    items = fetch.plan("13105", fetch.chosen([]), settings=offline)
    with pytest.raises(errors.SourceError) as caught:
        fetch.fetch(items, settings=offline, folder=Path("bunkyo"))
    problem = caught.value
    assert problem.code == "fetch_no_route"
    for sentence in (str(problem), text.tell(problem.code, problem.template, "ja", **problem.context)):
        for item in items:
            assert item.dataset.page in sentence
            assert item.file in sentence
        assert "ibasho import bunkyo N03-20250101_13_GML.zip" in sentence
        assert (
            f"{tmp_path}/osm-geofabrik/kanto-latest.osm.pbf → ibasho fetch bunkyo osm-geofabrik" in sentence
        )


def test_without_a_route_what_is_here_still_comes(server: Server, quick: fetch.Settings) -> None:
    items = fetch.plan("13105", fetch.chosen(["a27", "a32"]), settings=quick)
    server.give(items[0].url, Answer(BODY))
    fetch.fetch(items[:1], settings=quick, folder=Path("x"))
    offline = replace(quick, base=closed_port())
    done = fetch.fetch(items, settings=offline, folder=Path("x"))
    assert [(file.dataset.id, file.from_cache) for file in done.files] == [("a27", True)]
    assert [f.problem.code for f in done.failures] == ["fetch_offline"]


def test_streets_wait_for_the_border(server: Server, quick: fetch.Settings) -> None:
    items = fetch.plan("13105", fetch.chosen(["osm-overpass", "t001141"]), settings=quick)
    done = fetch.fetch(items, settings=quick, folder=Path("x"))
    assert {f.problem.code for f in done.failures} == {"fetch_area"}
    assert server.requests == []


# --- streets ----------------------------------------------------------------------------------------------

TOWN = shapely.box(140.952, 34.992, 140.962, 34.998)


@pytest.fixture(scope="module")
def ward(sample: Path) -> streets.Reading:
    return streets.read(sample / "streets.osm.pbf")


def middle(ward: streets.Reading) -> Any:
    west, south, east, north = ward.table.total_bounds
    x, y = (west + east) / 2, (south + north) / 2
    return shapely.box(x - 0.004, y - 0.003, x + 0.004, y + 0.003)


def overpass_json(path: Path) -> dict[str, Any]:
    """A file as an Overpass API gives it (``out body``)."""
    elements: list[dict[str, Any]] = []
    for one in osmium.FileProcessor(str(path)):
        if isinstance(one, osmium.osm.Node):
            elements.append({"type": "node", "id": one.id, "lat": one.lat, "lon": one.lon})
        elif isinstance(one, osmium.osm.Way):
            refs = [node.ref for node in one.nodes]
            elements.append({"type": "way", "id": one.id, "nodes": refs, "tags": dict(one.tags)})
    told = {
        "timestamp_osm_base": "2025-11-07T12:34:56Z",
        "copyright": "The data is made available under ODbL.",
    }
    return {"version": 0.6, "generator": "Overpass API 0.7.62", "osm3s": told, "elements": elements}


STATUS = (
    "Connected as: 123\nCurrent time: 2025-11-07T12:34:56Z\nAnnounced endpoint: none\nRate limit: 2\n"
    "2 slots available now.\nCurrently running queries (pid, space limit, time limit, start time):\n"
)


def serve_overpass(server: Server, settings: fetch.Settings, *answers: Answer) -> fetch.Settings:
    server.answers["/overpass-api.de/api/status"] = [Answer(STATUS.encode())]
    server.answers["/overpass-api.de/api/interpreter"] = list(answers)
    return replace(settings, overpass=f"{server.base}/overpass-api.de/api", overpass_wall_s=60)


@effort(max_examples=30, deadline=None)
@given(
    st.floats(24.1, 45.4),
    st.floats(123.1, 145.7),
    st.sampled_from([0.0, 300.0, 1300.0, 5500.0]),
    st.floats(0, 360),
    st.floats(0, 1),
)
def test_the_area_holds_everything_within_the_halo(
    latitude: float, longitude: float, halo_m: float, azimuth: float, share: float
) -> None:
    town = shapely.union_all(
        [
            shapely.box(longitude, latitude, longitude + 0.05, latitude + 0.04),
            shapely.box(longitude + 0.08, latitude, longitude + 0.1, latitude + 0.01),
        ]
    )
    area = _osm.area(town, halo_m=halo_m)
    start = shapely.get_parts(town.boundary)[0].interpolate(share, normalized=True)
    geod = pyproj.Geod(ellps="GRS80")
    for metres, within in ((halo_m * 0.999, True), (halo_m * 1.001 + 120, None)):
        x, y, _ = geod.fwd(start.x, start.y, azimuth, metres)
        if within:
            assert shapely.contains(area, shapely.Point(x, y))
    corner = min(shapely.get_coordinates(area), key=lambda c: c[0])
    _, _, away = geod.inv(corner[0], corner[1], longitude, min(max(corner[1], latitude), latitude + 0.04))
    assert away <= halo_m + 2.1 * _osm.SIMPLIFIED_M
    assert len(shapely.get_coordinates(area)) < 200


def test_streets_are_cut_out_of_a_region(ward: streets.Reading, sample: Path, tmp_path: Path) -> None:
    area = _osm.area(middle(ward), halo_m=100)
    cut = tmp_path / "cut" / "streets-13105.osm.pbf"
    _osm.extract(sample / "streets.osm.pbf", cut, shape=area)
    found = streets.read(cut).table.set_index("street_id")
    touching = ward.table[ward.table.intersects(area)].set_index("street_id")
    assert 0 < len(touching) < len(found) < len(ward.table)
    assert set(touching.index) <= set(found.index)
    whole = ward.table.set_index("street_id").loc[found.index]
    assert (found.geometry.to_wkb() == whole.geometry.to_wkb()).all()
    assert (found[["u", "v", "kind"]] == whole[["u", "v", "kind"]]).all().all()
    assert [one.name for one in cut.parent.iterdir()] == [cut.name]
    before = cut.read_bytes()
    _osm.extract(sample / "streets.osm.pbf", cut, shape=area)
    assert cut.read_bytes() == before


def test_the_area_of_a_study_goes_beyond_its_longest_walk() -> None:
    towns = gpd.GeoDataFrame(
        {"municipality_code": ["13105", "13106"]},
        geometry=[shapely.box(139.73, 35.7, 139.77, 35.74), shapely.box(139.77, 35.7, 139.8, 35.74)],
        crs="EPSG:6668",
    )
    area = fetch.surroundings(towns, municipality_code="13105", limit_m=800)
    plane = gpd.GeoSeries([area, towns.geometry[0]], crs="EPSG:6668").to_crs("EPSG:6677")
    reach = shapely.hausdorff_distance(plane[0], plane[1])
    assert 1_300 <= reach <= 1_300 + 2.1 * _osm.SIMPLIFIED_M
    assert fetch.surroundings(towns, municipality_code="13107", limit_m=800) is None


def test_a_way_that_leaves_the_region_is_kept_as_far_as_it_is_known(tmp_path: Path) -> None:
    clipped, cut = tmp_path / "clipped.osm.pbf", tmp_path / "cut.osm.pbf"
    nodes = {1: (1_409_550_000, 349_950_000), 2: (1_409_560_000, 349_950_000)}
    ways = [(7, [1, 2, 3], {"highway": "path"}), (8, [3, 4], {"highway": "path"})]
    _osm._write(clipped, nodes, ways, None, source="x")
    _osm.extract(clipped, cut, shape=TOWN)
    found = streets.read(cut)
    assert list(found.table["street_id"]) == ["w7:0"]
    assert "streets_clipped" in {note.code for note in found.notes}


def test_the_day_of_the_data_is_kept(sample: Path, tmp_path: Path) -> None:
    dated, cut = tmp_path / "dated.osm.pbf", tmp_path / "cut.osm.pbf"
    nodes = {1: (1_409_550_000, 349_950_000), 2: (1_409_560_000, 349_950_000)}
    _osm._write(dated, nodes, [(7, [1, 2], {"highway": "path"})], "2025-11-07T00:00:00Z", source="x")
    _osm.extract(dated, cut, shape=TOWN)
    assert streets.read(cut).edition == "2025-11-07"


def test_a_region_that_is_broken_or_elsewhere_is_a_sentence(sample: Path, tmp_path: Path) -> None:
    broken = tmp_path / "kanto.osm.pbf"
    broken.write_bytes((sample / "streets.osm.pbf").read_bytes()[:20_000])
    with pytest.raises(errors.SourceError) as caught:
        _osm.extract(broken, tmp_path / "x.pbf", shape=TOWN)
    assert caught.value.code == "fetch_extract_broken"
    with pytest.raises(errors.SourceError) as caught:
        _osm.extract(sample / "streets.osm.pbf", tmp_path / "x.pbf", shape=shapely.box(135, 34, 135.1, 34.1))
    assert caught.value.code == "fetch_no_streets"
    assert [one.name for one in tmp_path.iterdir()] == ["kanto.osm.pbf"]


def test_overpass_and_the_region_give_the_same_streets(
    server: Server, quick: fetch.Settings, ward: streets.Reading, sample: Path
) -> None:
    body = json.dumps(overpass_json(sample / "streets.osm.pbf")).encode()
    asking = serve_overpass(server, quick, Answer(body, headers={"Content-Type": "application/json"}))
    area = _osm.area(middle(ward), halo_m=100)
    items = fetch.plan("13105", fetch.chosen(["osm-geofabrik", "osm-overpass"]), settings=asking, area=area)
    server.give(items[0].url, Answer((sample / "streets.osm.pbf").read_bytes()))
    cut, asked = fetch.fetch(items, settings=asking, folder=Path("x")).files
    of_region, of_overpass = streets.read(cut.path), streets.read(asked.path)
    assert of_overpass.table.equals(of_region.table)
    assert len(of_overpass.table) > 100
    assert of_overpass.edition == "2025-11-07"
    query = next(one for one in server.requests if one.method == "POST")
    assert b"highway" in query.body
    assert query.headers["User-Agent"].startswith("ibasho-atlas/")
    before = len(server.requests)
    again = fetch.fetch(items, settings=asking, folder=Path("x"))
    assert [file.sha256 for file in again.files] == [cut.sha256, asked.sha256]
    assert len(server.requests) == before


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            Answer(json.dumps({"elements": [], "remark": "runtime error: Query timed out"}).encode()),
            "timed out",
        ),
        (Answer(HTML), "no JSON"),
        (Answer(b"bad", 400), "status 400"),
        (Answer(b"", 302, {"Location": "https://example.com/"}), "status 302"),
        (Answer(b'{"elements": [' + b" " * 2_000, endless=True), "more than 1 MB"),
        (Answer(json.dumps({"elements": []}).encode()), "no street"),
    ],
)
def test_what_is_no_answer_of_overpass_is_said(
    server: Server, quick: fetch.Settings, tmp_path: Path, answer: Answer, words: str
) -> None:
    asking = serve_overpass(server, quick, answer)
    with pytest.raises(errors.SourceError, match=words):
        _osm.overpass(tmp_path / "o" / "x.pbf", shape=TOWN, settings=asking, max_bytes=1_000_000)
    assert list((tmp_path / "o").iterdir()) == []


def test_overpass_is_not_waited_for_without_end(
    server: Server, quick: fetch.Settings, tmp_path: Path
) -> None:
    asking = replace(serve_overpass(server, quick, Answer(b"", 429)), overpass_wall_s=15)
    with pytest.raises(errors.SourceError) as caught:
        _osm.overpass(tmp_path / "x.pbf", shape=TOWN, settings=asking, max_bytes=1_000_000)
    assert caught.value.code == "fetch_overpass_slow"
    assert [one.method for one in server.requests][-1:] == ["POST"]
    assert [one.name for one in tmp_path.iterdir() if one.is_dir() and any(one.iterdir())] == []


def test_overpass_without_a_route(quick: fetch.Settings, tmp_path: Path) -> None:
    asking = replace(quick, overpass=closed_port() + "/api", overpass_wall_s=90)
    with pytest.raises(errors.SourceError) as caught:
        _osm.overpass(tmp_path / "x.pbf", shape=TOWN, settings=asking, max_bytes=1_000_000)
    assert caught.value.code == "fetch_offline"


# --- the command ------------------------------------------------------------------------------------------


def in_bunkyo(path: Path) -> bytes:
    """A file of the fictional ward as if it were Bunkyo's: the codes have the same length everywhere."""
    content = path.read_bytes()
    return content if path.suffix == ".shp" else content.replace(b"99101", b"13105")


def serve_bunkyo(server: Server, sample: Path) -> None:
    """Zips in the layout of the publishers: beside the layer its description, folders, tables as .txt."""
    area = shapely.box(139.7, 35.6, 139.8, 35.7)
    every = fetch.plan("13105", fetch.catalogue().dataset, settings=fetch.Settings(Path("c")), area=area)
    urls = {item.dataset.id: item.url for item in every}
    layers = {
        "n03": ("N03-20250101_99.*", "N03-20250101_13_GML/N03-20250101_13"),
        "a27": ("A27-23_99.*", "A27-23_13"),
    }
    layers |= {
        "a32": ("A32-23_99.*", "A32-23_13_GML/A32-23_13"),
        "census-areas": ("r2ka99101.*", "r2ka13105"),
    }
    for name, (pattern, stem) in layers.items():
        members = {f"{stem}{part.suffix}": in_bunkyo(part) for part in sample.glob(pattern)}
        extra = {} if name == "census-areas" else {"KS-META-13.xml": b"<?xml version='1.0'?><MD_Metadata/>"}
        server.give(urls[name], Answer(zipped(**members, **extra), headers=ETAG))
    for table in ("082", "084"):
        content = in_bunkyo(sample / f"tblT001{table}C99.csv")
        # e-Stat tells no length.
        server.give(
            urls[f"t001{table}"], Answer(zipped(**{f"tblT001{table}C13.txt": content}), tell_length=False)
        )
    server.give(urls["osm-geofabrik"], Answer((sample / "streets.osm.pbf").read_bytes(), headers=ETAG))
    server.give(urls["isj-towns"], Answer(zipped(**{"13105-19.0b/13105_2025.csv": ISJ.encode("cp932")})))
    serve_overpass(
        server,
        fetch.Settings(Path("c")),
        Answer(json.dumps(overpass_json(sample / "streets.osm.pbf")).encode()),
    )


ISJ = (
    "都道府県コード,都道府県名,市区町村コード,市区町村名,大字町丁目コード,大字町丁目名,緯度,経度,原典資料コード,大字・字・丁目区分コード\n"
    "13,東京都,13105,文京区,131050001001,後楽一丁目,35.70664,139.75233,0,3\n"
)
NAMES = ("n03", "a27", "a32", "census-areas", "t001082", "t001084")


@pytest.fixture
def bunkyo(server: Server, sample: Path, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    serve_bunkyo(server, sample)
    folder = tmp_path / "bunkyo"
    assert ibasho("new", folder, "--municipality", "13105").returncode == 0
    return folder, {"IBASHO_FETCH_BASE": server.base, "IBASHO_CACHE": str(tmp_path / "cache")}


def test_from_nothing_to_a_run(
    server: Server, bunkyo: tuple[Path, dict[str, str]], sample: Path, tmp_path: Path
) -> None:
    folder, environment = bunkyo
    done = ibasho("fetch", folder, *NAMES, "osm-overpass", "--json", **environment)
    assert done.returncode == 0, done.stderr + done.stdout
    fetched = json.loads(done.stdout)["datasets"]
    # What needs the border comes after it.
    assert [one["id"] for one in fetched] == [*sorted(NAMES), "osm-overpass"]
    assert all(one["imported"]["kept"] > 0 for one in fetched)
    told = json.loads(ibasho("check", folder, "--json").stdout)
    assert {one["kind"] for one in told["datasets"]} == {
        "municipalities",
        "zones",
        "small-areas",
        "census-table",
        "streets",
    }
    assert all(one["licence"] and one["edition"] for one in told["datasets"])
    (tmp_path / "salons.csv").write_bytes(in_bunkyo(sample / "ibasho_salon.csv"))
    assert ibasho("import", folder, tmp_path / "salons.csv").returncode == 0
    run = ibasho("run", folder, "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["access"]["method"] == "network"
    assert json.loads(run.stdout)["population"]["age_75_plus"] > 0
    before = len(server.requests)
    again = ibasho("fetch", folder, *NAMES, "osm-overpass", language="ja", **environment)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("取得済み") == 7
    assert len(server.requests) == before


def test_mesh_tables_come_after_the_border_and_may_hold_nobody_of_it(server: Server, tmp_path: Path) -> None:
    # Within a walk of 140 degrees east: of the two primary squares asked for one holds nobody of the ward.
    own = gpd.GeoDataFrame(
        {"N03_001": ["東京都"], "N03_004": "文京区", "N03_007": "13105"},
        geometry=[shapely.box(139.98, 35.6, 139.9999, 35.61)],
        crs="EPSG:6668",
    )
    own.to_file(tmp_path / "N03-23_13.geojson", driver="GeoJSON")
    folder, environment = (
        tmp_path / "ward",
        {"IBASHO_FETCH_BASE": server.base, "IBASHO_CACHE": str(tmp_path / "c")},
    )
    assert ibasho("new", folder, "--municipality", "13105").returncode == 0
    assert ibasho("import", folder, tmp_path / "N03-23_13.geojson").returncode == 0
    area = shapely.box(139.98, 35.6, 140.01, 35.61)
    plan = fetch.plan("13105", fetch.chosen(["t001141"]), settings=fetch.Settings(tmp_path), area=area)
    columns = ["KEY_CODE", "HTKSYORI", "HTKSAKI", "GASSAN", *(f"T001141{i:03d}" for i in range(1, 51))]
    for item, square in zip(plan, ("533937293", "534030201"), strict=True):
        lines = [",".join(columns), "," * 53, ",".join([square, "0", "", "", *["7"] * 50])]
        server.give(item.url, Answer(zipped(**{"tblT001141H.txt": "\r\n".join(lines).encode("cp932")})))
    done = ibasho("fetch", folder, "t001141", "--json", **environment)
    assert done.returncode == 0, done.stderr + done.stdout
    fetched = json.loads(done.stdout)["datasets"]
    assert [(one["file"], bool(one["imported"])) for one in fetched] == [
        ("tblT001141H5339.zip", True),
        ("tblT001141H5340.zip", False),
    ]
    told = json.loads(ibasho("check", folder, "--json").stdout)
    assert {one["kind"] for one in told["datasets"]} == {"municipalities", "census-mesh"}
    assert told["missing"] == ["places", "streets", "zones"]


def test_a_region_is_cut_to_the_ward(
    server: Server, bunkyo: tuple[Path, dict[str, str]], sample: Path
) -> None:
    folder, environment = bunkyo
    done = ibasho("fetch", folder, "n03", "osm-geofabrik", "isj-towns", **environment)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "streets-13105.osm.pbf" in done.stdout
    assert "addresses:" in done.stdout
    both = ibasho("fetch", folder, "osm-overpass", "osm-geofabrik", **environment)
    assert both.returncode == 0, both.stderr + both.stdout
    assert "was read from another file of this fetch" in both.stdout
    streets_of = [
        d for d in json.loads(ibasho("check", folder, "--json").stdout)["datasets"] if d["kind"] == "streets"
    ]
    assert [one["file"] for one in streets_of] == ["streets-13105.osm.pbf"]


def test_what_fails_is_said_and_the_rest_is_read(server: Server, bunkyo: tuple[Path, dict[str, str]]) -> None:
    folder, environment = bunkyo
    a27, a32 = fetch.plan("13105", fetch.chosen(["a27", "a32"]), settings=fetch.Settings(Path("c")))
    server.give(a27.url, Answer(HTML))
    server.give(a32.url, Answer(zipped(**{"a.geojson": b"{}", "b.geojson": b"{}"})))
    done = ibasho("fetch", folder, "n03", "a27", "a32", "--json", **environment)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    told = {one["id"]: one for one in json.loads(done.stdout)["datasets"]}
    assert told["n03"]["problem"] is None
    assert "Maintenance until 9" in told["a27"]["problem"]
    assert "2 datasets" in told["a32"]["problem"]
    assert Path(told["a32"]["path"]).is_file()
    assert [one["kind"] for one in json.loads(ibasho("check", folder, "--json").stdout)["datasets"]] == [
        "municipalities"
    ]
    words = ibasho("fetch", folder, "n03", "a27", **environment)
    assert f"{a27.dataset.page} → {a27.file} → ibasho import {folder} {a27.file}" in words.stdout


@pytest.mark.parametrize("language", ["ja", "en"])
def test_offline_and_the_list(bunkyo: tuple[Path, dict[str, str]], language: str) -> None:
    folder, environment = bunkyo
    offline = {**environment, "IBASHO_FETCH_BASE": closed_port()}
    done = ibasho("fetch", folder, language=language, **offline)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "https://download.geofabrik.de/asia/japan.html → kanto-latest.osm.pbf" in done.stderr
    assert f"ibasho import {folder} tblT001082C13.zip" in done.stderr
    listed = ibasho("fetch", folder, "--list", language=language, **offline)
    assert listed.returncode == 0
    for one in fetch.catalogue().dataset:
        assert getattr(one.title, language) in listed.stdout
        assert one.page in listed.stdout
    shown = json.loads(ibasho("fetch", folder, "--list", "--json", **offline).stdout)["datasets"]
    assert [one["id"] for one in shown] == [one.id for one in fetch.catalogue().dataset]
    assert json.loads(ibasho("fetch", folder, "n04", "--json").stdout)["error"]["code"] == "fetch_unknown"
