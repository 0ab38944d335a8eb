"""The app in a real Chromium: the map is drawn, answers, asks no foreign host, and runs no name from a file."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from app.pages import PAGES
from geo import decisions, schemas, text
from geo.project import Project

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Locator, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[1]
SCREENSHOTS = ROOT / "screenshots"
IBASHO = (sys.executable, "-c", "from geo.cli import main; main()")
log = logging.getLogger(__name__)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = "axe-core@4.10.3"
PICTURE = "document.querySelector('.ib-pane-cells canvas').toDataURL()"
SIZES = {"desktop": (1280, 900), "phone": (390, 844), "projector": (1024, 768)}
CHOSEN = "area=99101042002&gap=G001"
"""What is chosen in the pictures: an area and a gap of the sample ward."""
HOSTILE = (
    '<img src=x onerror="top.ran=1">',
    "</script><script>top.ran=2</script>",
    "`;top.ran=3;`",
    "${top.ran=4}",
    "\\`+(top.ran=5)+\\`",
    "'\"><svg onload=top.ran=6>",
    "![x](http://foreign.example/x.png)",
    "{{7*7}}",
    '=HYPERLINK("http://foreign.example/","x")',
    "\u202eold\u202c \u200fname",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium; without one the test is skipped, or fails where it is required."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        known = [os.environ.get("CHROMIUM"), shutil.which("chromium"), "/usr/bin/chromium"]
        path = next((p for p in known if p and Path(p).exists()), playwright.chromium.executable_path)
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS])
        except Error as problem:
            if os.environ.get("IBASHO_REQUIRE_BROWSER") == "1":
                pytest.fail(f"no Chromium: {problem}")
            pytest.skip(f"no Chromium: {problem}")
        yield chromium
        chromium.close()


@contextmanager
def serving(project: Path, cache: Path) -> Iterator[str]:
    """The app of a project at its address."""
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "IBASHO_CACHE": str(cache),
        "IBASHO_LANG": "ja",
    }
    with answering([*IBASHO, "app", str(project), "--port", str(port)], port, cache, environment) as address:
        yield address


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def answering(command: list[str], port: int, folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """A server at its address, once it answers."""
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            _await(f"http://127.0.0.1:{port}/_stcore/health", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310 - our own server
        except OSError:
            assert server.poll() is None, "the app did not start"
            time.sleep(0.2)
        else:
            return
    pytest.fail("the app did not answer")


@dataclass
class Visit:
    """A page that keeps what it asked for and what went wrong."""

    page: Page
    address: str
    foreign: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def open(self) -> None:
        self.page.goto(self.address, wait_until="commit")
        self.settled()

    def turn_to(self, view: str, language: text.Language = "ja") -> None:
        self.page.get_by_role("link", name=text.say(f"{view}.nav", language), exact=True).first.click()
        self.page.get_by_role("heading", name=text.say(f"{view}.title", language)).wait_for()
        self.settled(view)

    def settled(self, view: str = "", *, patience_s: int = 180) -> None:
        own = f"[data-page='{'' if view == PAGES[0] else view}']" if view else ""
        self.page.locator(f".ib-end{own}").wait_for(timeout=patience_s * 1000, state="attached")
        self.page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")

    def goto(self, view: str) -> None:
        """Open a page by its address."""
        self.page.goto(f"{self.address}/{view}", wait_until="commit")
        self.settled(view)
        self.problems.clear()  # Streamlit itself asks for its health below the page's own path once.

    def told(self, key: str, **values: object) -> Locator:
        """A sentence in Japanese, once it stands on the page."""
        found = self.page.get_by_text(text.say(key, "ja", **values), exact=True).first
        found.wait_for()
        return found

    def press(self, key: str) -> None:
        self.page.get_by_role("button", name=text.say(key, "ja"), exact=True).click()

    def fill(self, key: str, value: str) -> None:
        box = self.page.get_by_label(text.say(key, "ja"), exact=True)
        box.fill(value)
        box.press("Enter")

    def holds(self, key: str, value: str) -> None:
        from playwright.sync_api import expect

        label = text.say(key, "ja")
        self.page.locator(f"input[aria-label='{label}'][value='{value}']").wait_for()
        # What was there before stays until the whole page is drawn.
        expect(self.page.get_by_label(label, exact=True)).to_have_count(1, timeout=30_000)

    def choose(self, key: str, option: str) -> None:
        """An option of a select box; a rerun that is still on its way may close the list once more."""
        from playwright.sync_api import TimeoutError as TooLate

        box = self.page.get_by_role("combobox", name=text.say(key, "ja"), exact=True)
        listed = self.page.get_by_role("option", name=option, exact=True)
        for _ in range(10):
            box.click()
            try:
                listed.click(timeout=3_000)
            except TooLate:
                continue
            return
        pytest.fail(f"{option} could not be chosen")

    def map(self) -> Frame:
        """The map's frame, once the first view is drawn."""
        for _ in range(600):
            for frame in self.page.frames:
                if "streamlit_folium" in frame.url and frame.evaluate("!!(window.IB && IB.state.shown)"):
                    return frame
            self.page.wait_for_timeout(50)
        pytest.fail("the map was not drawn")

    def changed(self, frame: Frame, shown: int) -> float:
        """Seconds until the map shows another view."""
        start = time.perf_counter()
        frame.wait_for_function(f"IB.state.shown > {shown}", timeout=20_000)
        return time.perf_counter() - start

    def picture(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        height = self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        size = self.page.viewport_size or {"width": 1280, "height": 900}
        self.page.set_viewport_size({"width": size["width"], "height": min(int(height), 4000)})
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")
        self.page.set_viewport_size(size)

    def in_order(self) -> None:
        assert self.foreign == []
        assert self.problems == []


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The accessibility checker axe-core: fetched for the tests, never part of the product."""
    folder = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm")
    command = [npm or "npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), AXE]
    if not npm or subprocess.run(command, check=False, timeout=300).returncode:
        if os.environ.get("IBASHO_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{AXE} could not be fetched with npm")
        pytest.skip(f"{AXE} could not be fetched with npm")
    return folder / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    pages = []

    def start(address: str, width: int = 1280, height: int = 900) -> Visit:
        page = browser.new_page(viewport={"width": width, "height": height})
        pages.append(page)
        result = Visit(page, address)
        here = (address, address.replace("http", "ws"), "data:", "blob:")
        page.on("request", lambda r: None if r.url.startswith(here) else result.foreign.append(r.url))
        page.on("console", lambda m: result.problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: result.problems.append(str(e)))
        page.on("dialog", lambda d: (result.problems.append(d.message), d.dismiss()))
        return result

    yield start
    for page in pages:
        page.close()


def _free_spot(frame: Frame, layer: str, code: str) -> dict[str, Any]:
    """A point of the map where a feature with this code lies under the mouse, and nothing above it."""
    spot: dict[str, Any] | None = frame.evaluate(
        """([name, code]) => {
            const layer = IB.layers[name], sheet = layer.sheet, map = IB.state.map, size = map.getSize();
            for (let i = 0; i < sheet.count; i += 1) {
                if (layer.codes[i] !== code) continue;
                const middle = sheet.getBounds(i).getCenter(), at = map.latLngToContainerPoint(middle);
                if (at.x < 20 || at.y < 20 || at.x > size.x - 20 || at.y > size.y - 20) continue;
                const top = document.elementFromPoint(at.x, at.y);
                if (!top || top.tagName !== "CANVAS") continue;
                if (sheet._containsPoint(map.latLngToLayerPoint(middle)) && sheet.hit === i)
                    return {x: at.x, y: at.y, i: i};
            }
        }""",
        [layer, code],
    )
    assert spot, f"no free feature of {layer} with code {code}"
    return spot


def _click(visited: Visit, spot: dict[str, Any]) -> None:
    """Click on a spot of the map."""
    frame = visited.page.locator("iframe")
    frame.evaluate("element => element.scrollIntoView({block: 'center'})")
    visited.page.wait_for_timeout(200)
    box = frame.bounding_box()
    assert box
    visited.page.mouse.click(box["x"] + spot["x"], box["y"] + spot["y"])


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample ward, analysed by the command line."""
    if ready := os.environ.get("IBASHO_DEMO"):
        return Path(ready)  # analysed before: whoever looks at screens again need not wait
    folder = tmp_path_factory.mktemp("demo") / "demo"
    subprocess.run([*IBASHO, "demo", "--no-app", "--dir", str(folder)], check=True, cwd=ROOT)
    return folder


@pytest.fixture(scope="session")
def demo_address(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(demo, tmp_path_factory.mktemp("cache")) as address:
        yield address


def test_a_walk_through_the_sample_ward(visit: Callable[..., Visit], demo_address: str) -> None:
    walk = visit(demo_address)
    walk.open()
    assert walk.page.evaluate("document.documentElement.lang") == "ja"
    walk.picture("start")

    start = time.perf_counter()
    walk.turn_to("coverage")
    frame = walk.map()
    log.info("map complete after %.2f s", time.perf_counter() - start)
    assert frame.evaluate("IB.layers.cells.sheet.count") > 1000
    assert frame.evaluate("IB.layers.places.items.length") > 80
    assert walk.page.locator(f"iframe[title='{text.say('map.title', 'ja')}']").count() == 1
    signs = frame.locator(".ib-signs-box summary")
    assert signs.inner_text() == text.say("map.legend_signs", "ja")
    signs.click()
    assert text.say("place_kind.salon", "ja") in frame.locator(".ib-signs").inner_text()
    signs.click()
    before = frame.evaluate("IB.layers.cells.codes")
    walk.picture("coverage")
    drawn = frame.evaluate(PICTURE)

    # A moved slider recolours the same map: nothing is loaded again.
    slider = walk.page.locator("[data-testid=stSlider] input[type=range]")
    asked: list[str] = []
    walk.page.on("request", lambda request: asked.append(request.url))
    for _ in range(3):
        shown = frame.evaluate("IB.state.shown")
        slider.focus()
        walk.page.keyboard.press("ArrowRight")
        log.info("slider to map %.0f ms", walk.changed(frame, shown) * 1000)
    assert frame.evaluate("IB.layers.cells.codes") != before
    walk.page.wait_for_timeout(500)
    assert frame.evaluate(PICTURE) != drawn
    with walk.page.expect_download() as saved:
        frame.get_by_role("button", name=text.say("map.save", "ja")).click()
    assert saved.value.suggested_filename == "ibasho_map_99101_all_any_650m.png"
    saved.value.save_as(SCREENSHOTS / "saved_map.png")
    assert (SCREENSHOTS / "saved_map.png").read_bytes()[:4] == b"\x89PNG"
    assert [url for url in asked if "/component/" in url] == []
    walk.in_order()


def test_list_and_map_choose_in_each_other(visit: Callable[..., Visit], demo_address: str) -> None:
    walk = visit(demo_address)
    walk.open()
    walk.turn_to("gaps")
    frame = walk.map()
    whole = frame.evaluate("IB.state.map.getBounds().toBBoxString()")
    shown = frame.evaluate("IB.state.shown")
    walk.page.locator("[data-testid=stRadio] label[data-baseweb=radio], [data-testid=stRadio] label").nth(
        1
    ).click()
    walk.changed(frame, shown)
    walk.page.wait_for_timeout(600)
    assert "3" in frame.evaluate("IB.layers.cells.codes")
    assert frame.evaluate("IB.state.map.getBounds().toBBoxString()") != whole
    walk.picture("gaps")
    chosen = walk.page.locator("tr.ib-marked th").inner_text()

    shown = frame.evaluate("IB.state.shown")
    _click(walk, _free_spot(frame, "cells", "2"))
    walk.changed(frame, shown)
    walk.page.wait_for_function(f"document.querySelector('tr.ib-marked th').innerText !== '{chosen}'")
    walk.in_order()


def test_a_click_on_a_cell_shows_its_area(visit: Callable[..., Visit], demo_address: str) -> None:
    walk = visit(demo_address)
    walk.open()
    walk.turn_to("coverage")
    frame = walk.map()
    spot = _free_spot(frame, "cells", "1")
    area = frame.evaluate("i => IB.layers.areas.data.names[IB.layers.cells.data.area[i]]", spot["i"])
    shown = frame.evaluate("IB.state.shown")
    _click(walk, spot)
    walk.changed(frame, shown)
    walk.page.locator("caption", has_text=area).first.wait_for()
    assert frame.evaluate("!!IB.state.mark")
    assert area in frame.locator(".ib-tip").inner_text(timeout=5_000)
    walk.in_order()


HITS = """([name, points]) => {
    const sheet = IB.layers[name].sheet || IB.sheet(IB.layers[name].shape, [], {});
    if (!sheet._map) IB.state.map.addLayer(sheet);
    return points.map(([lat, lng]) => {
        sheet._containsPoint(IB.state.map.project([lat, lng]).subtract(IB.state.map.getPixelOrigin()));
        return sheet.hit;
    });
}"""


@pytest.mark.parametrize("layer", ["cells", "areas"])
def test_what_lies_under_the_mouse_is_what_contains_the_point(
    visit: Callable[..., Visit], demo_address: str, layer: str
) -> None:
    walk = visit(demo_address)
    walk.goto("coverage")
    frame = walk.map()
    data = frame.evaluate("name => IB.layers[name].data", layer)
    shapes = np.array([_polygon(parts, data["steps"]) for parts in data["shapes"]])
    west, south, east, north = shapely.total_bounds(shapes)
    chance = np.random.default_rng(7)
    points = np.column_stack((chance.uniform(south, north, 400), chance.uniform(west, east, 400)))
    hits = frame.evaluate(HITS, [layer, points.tolist()])
    tree = shapely.STRtree(shapes)
    for (lat, lng), hit in zip(points, hits, strict=True):
        found = tree.query(shapely.Point(lng, lat), predicate="intersects")
        assert (hit in found) if len(found) else hit == -1
    assert sum(hit >= 0 for hit in hits) > 100


def _polygon(parts: list[list[list[int]]], steps: int) -> shapely.Geometry:
    """A shape of the browser's file: of each ring the first pair is absolute, the others are differences."""
    rings = [[np.cumsum(np.reshape(ring, (-1, 2)), axis=0) / steps for ring in part] for part in parts]
    return shapely.MultiPolygon([shapely.Polygon(part[0], part[1:]) for part in rings])


def test_risk_and_access_in_english_on_a_phone(visit: Callable[..., Visit], demo_address: str) -> None:
    walk = visit(demo_address, width=390, height=844)
    walk.open()
    walk.page.get_by_text("English", exact=True).click()
    walk.page.get_by_role("heading", name=text.say("start.title", "en")).wait_for()
    assert walk.page.evaluate("document.documentElement.lang") == "en"
    walk.picture("start_en_phone")
    walk.page.goto(f"{walk.address}/isolation", wait_until="commit")
    walk.settled()
    walk.problems.clear()  # Streamlit itself asks for its health below the page's own path once.
    walk.page.get_by_text("English", exact=True).click()
    walk.page.get_by_role("heading", name=text.say("isolation.title", "en")).wait_for()
    walk.settled()
    frame = walk.map()
    shown = frame.evaluate("IB.state.shown")
    walk.page.get_by_text(text.say("isolation.colour_both", "en"), exact=True).click()
    walk.changed(frame, shown)
    # The map drawn for the change of language may come in between: wait for the legend itself.
    frame.locator(".ib-grid td").nth(9).wait_for()
    assert frame.locator(".ib-grid td").count() == 10
    assert walk.page.evaluate("document.documentElement.scrollWidth") <= 390
    walk.picture("isolation_en_phone")
    walk.in_order()


@pytest.fixture(scope="module")
def town_project(build_town: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tiny town for those who work in it, with a place that is open by day all week."""
    town = build_town()
    places = town.tables[schemas.Places]
    places.loc[places["place_id"] == "ibasho", "opening_text"] = "毎日 9:00〜17:00"
    made: Project = town.project(tmp_path_factory.mktemp("town") / "town", gap_kind="permanent", limit_m=300)
    return made


@pytest.fixture(scope="module")
def town_address(town_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(town_project.path, tmp_path_factory.mktemp("cache")) as address:
        yield address


def test_a_resident_finds_a_place_that_is_open(visit: Callable[..., Visit], town_address: str) -> None:
    """And whoever is sent the address finds the same; at another hour the place is closed."""
    walk = visit(town_address, width=390, height=844)
    walk.goto("browse")
    walk.choose("browse.area", "Area A")
    walk.told("browse.when_at").click()
    walk.told("browse.open", n=1, unknown=0)
    walk.page.locator(".ib-table", has_text="まちの居場所").wait_for()
    walk.page.wait_for_url(re.compile("when=at"))
    link = walk.page.url
    assert "area=991010010" in link
    other = visit(town_address, width=390, height=844)
    for url, count in ((link, 1), (f"{link}&at={date.today().isoformat()}T20:00", 0)):
        other.page.goto(url, wait_until="commit")
        other.told("browse.open", n=count, unknown=0)
    assert walk.foreign == []
    assert other.foreign == []


def test_a_language_and_a_reload_keep_the_study(visit: Callable[..., Visit], town_address: str) -> None:
    from playwright.sync_api import expect

    walk = visit(town_address)
    walk.goto("coverage")
    slider = walk.page.locator("[data-testid=stSlider] input[type=range]")
    slider.focus()
    walk.page.keyboard.press("ArrowRight")
    walk.page.wait_for_url(re.compile("limit=350"))
    walk.choose("controls.where", "P2（出張所の区域）")
    walk.page.wait_for_url(re.compile("zone=branch"))
    walk.page.get_by_text(text.say("app.own_name", "en"), exact=True).click()
    for _ in range(2):
        walk.page.get_by_role("heading", name=text.say("coverage.title", "en")).wait_for()
        walk.page.wait_for_url(re.compile("lang=en"))
        assert walk.page.evaluate("document.documentElement.lang") == "en"
        zone = walk.page.get_by_role("combobox", name=text.say("controls.where", "en"), exact=True)
        expect(zone).to_have_value(re.compile("^P2 "), timeout=30_000)
        expect(slider).to_have_value("350", timeout=30_000)
        assert walk.map().evaluate("IB.state.shown") > 0
        walk.page.reload(wait_until="commit")
    assert walk.foreign == []


TWO_BUTTONS = """
import time
import streamlit as st
from app import state

def count(name, wait_s):
    time.sleep(wait_s)
    st.session_state[name] = st.session_state.get(name, 0) + 1

state.whole_choices()
told = {name: st.session_state.get(name, 0) for name in ("slow", "quick")}
st.button("slow", on_click=count, args=("slow", 1))
st.button("quick", on_click=count, args=("quick", 0))
st.text(f"slow {told['slow']} quick {told['quick']}")
if st.toggle("long"):
    state.beside(lambda: time.sleep(60), late=lambda: st.text("at work"))
"""


def test_a_choice_is_done_whole_when_the_reader_moves_on(visit: Callable[..., Visit], tmp_path: Path) -> None:
    """The second click comes while the first is still worked on; neither is lost. Long work is not waited for."""
    (tmp_path / "page.py").write_text(TWO_BUTTONS, encoding="utf-8")
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "page.py",
        f"--server.port={port}",
    ]
    shutil.copytree(ROOT / "app" / ".streamlit", tmp_path / ".streamlit")
    with answering(command, port, tmp_path, {**os.environ, "PYTHONPATH": str(ROOT)}) as address:
        walk = visit(address)
        walk.page.goto(address, wait_until="commit")
        walk.page.get_by_role("button", name="slow").click()
        walk.page.wait_for_timeout(300)
        walk.page.get_by_role("button", name="quick").click()
        walk.page.get_by_text("quick 1").wait_for()
        assert walk.page.get_by_text("slow 1 quick 1", exact=True).is_visible()
        walk.page.get_by_text("long", exact=True).click()
        walk.page.get_by_text("at work", exact=True).wait_for()
        walk.page.get_by_role("button", name="quick").click()
        walk.page.get_by_text("slow 1 quick 2", exact=True).wait_for(timeout=30_000)


def test_a_committee_of_three_reaches_a_decision_record(
    visit: Callable[..., Visit], town_project: Project, town_address: str, tmp_path: Path
) -> None:
    """On the projector: three members, one of them changes a weight, and the record is kept and printed."""
    walk = visit(town_address, width=1024, height=768)
    walk.goto("model_areas")
    walk.told("model_areas.members", n=3).click()
    own = ("社協 山", "町会 川", "<b>民生</b>")
    for i, who in enumerate(own):
        walk.page.get_by_role("radio", name="ABC"[i], exact=True).click()
        walk.holds("model_areas.member_label", "ABC"[i])
        walk.fill("model_areas.member_label", who)
        walk.page.get_by_role("columnheader", name=who, exact=True).wait_for()
    walk.page.get_by_role("radio", name=own[0], exact=True).click()
    walk.holds("model_areas.member_label", own[0])
    walk.page.get_by_label("今ある居場所", exact=True).get_by_role("slider").press("End")
    row = walk.page.get_by_role("row", name=re.compile("^今ある居場所 "))
    row.get_by_role("cell", name="51.3%", exact=True).wait_for()  # 100 of 40 + 30 + 20 + 5 + 100
    walk.press("record.keep")
    walk.page.locator("[data-testid=stAlertContentSuccess]").wait_for()

    (kept,) = decisions.kept(town_project, "model_areas")
    record = json.loads(decisions.path(town_project, kept).read_text(encoding="utf-8"))
    assert [one["member"] for one in record["question"]["members"]] == list(own)
    with walk.page.expect_download() as saved:
        walk.press("record.print")
    saved.value.save_as(tmp_path / "record.html")
    walk.page.goto((tmp_path / "record.html").as_uri())
    told = walk.page.locator("body").inner_text()
    assert all(who in told for who in own)
    assert walk.page.locator("b, img, script").count() == 0
    assert walk.problems == []


def test_a_planner_chooses_a_site_and_compares_a_scenario(
    visit: Callable[..., Visit], town_project: Project, town_address: str
) -> None:
    from playwright.sync_api import expect

    walk = visit(town_address)
    walk.goto("sites")
    walk.fill("sites.budget", "1300")
    walk.press("sites.ask")
    walk.told("sites.order")
    assert walk.page.get_by_text(text.say("sites.status_optimal", "ja")).count()
    plan = walk.page.get_by_role("table", name=text.say("sites.table.plan", "ja"))
    costs = [float(cost) for cost in re.findall(r"([\d.]+)万円", plan.inner_text().replace(",", ""))]
    assert 0 < sum(costs) <= 1_300
    walk.map().locator(".ib-badge").first.wait_for()

    walk.turn_to("scenarios")
    walk.choose("scenarios.where", "Area B")
    walk.told("scenarios.spot", area="Area B")
    walk.fill("scenarios.name", "新しい家")
    walk.fill("scenarios.hours_words", "平日10時〜16時")
    walk.told("scenarios.understood", days=5)
    walk.press("scenarios.add")
    walk.told("scenarios.action", n=1, doing=text.say("scenarios.open", "ja"), name="新しい家")
    # By hand: a new place in Area B brings the five nodes from x = 400 m on a permanent one within 300 m.
    row = walk.page.locator("tr", has_text=text.say("scenarios.measure_covered_people", "ja", limit=300))
    expect(row.locator("td")).to_have_text(["78人", "300人（+222）"], timeout=30_000)
    walk.map().locator(".ib-badge").first.wait_for()
    walk.in_order()


def test_a_planner_brings_a_list_and_sees_the_gap_shrink(
    visit: Callable[..., Visit], town_project: Project, town_address: str, tmp_path: Path
) -> None:
    """The hours that count stand in a column of another name: the planner says so, looks, accepts, takes back."""
    from playwright.sync_api import expect

    salon = town_project.store.read(schemas.Places).set_index("place_id").geometry["salon"]
    given = tmp_path / "一覧.csv"
    rows = f"川の家,{salon.y},{salon.x},第3日曜 10時〜12時,毎週月〜金 10時〜15時\r\n"
    given.write_bytes(f"呼び名,lat,lon,いつ,今年度から\r\n{rows}".encode("cp932"))
    walk = visit(town_address)
    walk.open()
    walk.turn_to("gaps")
    people = walk.page.locator(".ib-figures dd").last
    expect(people).to_have_text("275人", timeout=30_000)

    walk.turn_to("data")
    walk.page.locator("input[type=file]").set_input_files(given)
    walk.told("data.mapping")
    opening = walk.page.get_by_role("combobox", name=text.say("field.opening", "ja"), exact=True)
    assert opening.input_value() == text.say("data.none", "ja")
    walk.choose("field.opening", "今年度から")
    walk.press("data.again")
    walk.told("data.mapped")
    walk.press("data.accept")
    walk.told("data.done")
    walk.turn_to("gaps")
    # By hand: from the salon all seven nodes from x = 400 m on are within 300 m; three people live on water.
    expect(people).to_have_text("3人", timeout=30_000)

    walk.turn_to("data")
    walk.press("data.undo")
    walk.told("data.undone")
    walk.turn_to("gaps")
    expect(people).to_have_text("275人", timeout=30_000)
    walk.in_order()


@pytest.mark.screens
@pytest.mark.parametrize("language", text.LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("view", PAGES)
def test_every_page_has_its_picture(
    visit: Callable[..., Visit], demo_address: str, view: str, size: str, language: text.Language
) -> None:
    width, height = SIZES[size]
    walk = visit(demo_address, width=width, height=height)
    path = "" if view == PAGES[0] else view
    walk.page.goto(f"{demo_address}/{path}?lang={language}&{CHOSEN}", wait_until="commit")
    walk.settled(view, patience_s=300)
    walk.page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    if walk.page.locator("iframe").count():
        walk.map()
    walk.page.wait_for_timeout(1000)
    walk.picture(f"{view}_{language}_{size}")
    assert walk.page.evaluate("document.documentElement.scrollWidth") <= width
    assert walk.page.locator("[data-testid=stAlertContentError]").count() == 0
    assert walk.foreign == []


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_no_page_shuts_anybody_out(
    visit: Callable[..., Visit], demo_address: str, axe: Path, language: text.Language
) -> None:
    walk = visit(demo_address)
    walk.page.goto(f"{demo_address}/?lang={language}", wait_until="commit")
    walk.settled()
    for view in PAGES:
        walk.turn_to(view, language)
        walk.page.wait_for_timeout(500)
        walk.page.add_script_tag(path=str(axe))
        found = walk.page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})"
            ".then(r => r.violations.map(v => [v.id, v.help, v.nodes.map(n => n.html.slice(0, 300))]))"
        )
        assert found == [], f"{view} in {language}"
    walk.in_order()


def test_names_from_files_stay_text(
    visit: Callable[..., Visit], build_town: Callable[..., Any], tmp_path: Path
) -> None:
    town = build_town()
    for schema in (schemas.Municipalities, schemas.SmallAreas, schemas.Zones, schemas.Places):
        table = town.tables[schema]
        table["name"] = [HOSTILE[i % len(HOSTILE)] for i in range(len(table))]
    town.tables[schemas.Zones]["system"] = HOSTILE[0]
    town.tables[schemas.Datasets]["file"] = HOSTILE[1]
    town.tables[schemas.Datasets]["licence"] = HOSTILE[6]
    project = town.project(tmp_path / "town", gap_kind="permanent", limit_m=300).path
    with serving(project, tmp_path) as address:
        walk = visit(address)
        walk.open()
        for view in ("coverage", "gaps", "isolation"):
            walk.turn_to(view)
            frame = walk.map()
            code = {"coverage": "1", "gaps": "2", "isolation": "4"}[view]
            spot = _free_spot(frame, "areas" if view == "isolation" else "cells", code)
            _click(walk, spot)
            frame.wait_for_function("!!IB.picked")
            walk.page.wait_for_timeout(1000)
            walk.settled()
            frame.evaluate("IB.layers.places.items.forEach(item => item.fire('mouseover'))")
            _choose_last(walk, walk.page.get_by_role("combobox").nth(1))
            walk.settled()
            walk.page.wait_for_timeout(500)
            assert walk.page.evaluate("window.ran") is None
            assert frame.evaluate("document.querySelectorAll('img[src=x], svg[onload]').length") == 0
        for view in PAGES:
            walk.turn_to(view)
            _is_text(walk)
        walk.in_order()


def test_names_that_are_typed_stay_text(
    visit: Callable[..., Visit], town_address: str, tmp_path: Path
) -> None:
    """The entry of a place, a plan's place, a member and the page of their record."""
    walk = visit(town_address)
    walk.page.goto(f"{town_address}/registry?entry=suspended", wait_until="commit")
    walk.settled("registry")
    walk.problems.clear()
    name = text.say("column.name", "ja")
    walk.page.get_by_label(name, exact=True).fill(HOSTILE[5])
    walk.page.get_by_label(text.say("column.operator", "ja"), exact=True).fill(HOSTILE[6])
    walk.press("registry.save")
    walk.told("registry.saved")
    walk.page.get_by_role("cell", name=HOSTILE[6], exact=True).first.wait_for()
    _is_text(walk)

    walk.turn_to("scenarios")
    walk.told("scenarios.plan", name="C").click()
    walk.choose("scenarios.where", "Area B")
    walk.told("scenarios.spot", area="Area B")
    walk.fill("scenarios.name", HOSTILE[0])
    walk.press("scenarios.add")
    walk.told("scenarios.action", n=1, doing=text.say("scenarios.open", "ja"), name=HOSTILE[0])
    _is_text(walk)

    walk.turn_to("model_areas")
    walk.told("model_areas.members", n=3).click()
    walk.fill("model_areas.member_label", HOSTILE[2])
    walk.page.get_by_role("columnheader", name=HOSTILE[2], exact=True).wait_for()
    walk.fill("model_areas.role_label", HOSTILE[1])
    walk.page.get_by_role("cell", name=HOSTILE[1], exact=True).first.wait_for()
    walk.press("record.keep")
    walk.page.locator("[data-testid=stAlertContentSuccess]").wait_for()
    _is_text(walk)
    printed = walk.page.get_by_role("button", name=text.say("record.print", "ja"), exact=True)
    with walk.page.expect_download() as saved:
        printed.last.click()
    saved.value.save_as(tmp_path / "record.html")
    walk.in_order()
    record = (tmp_path / "record.html").as_uri()
    walk.page.goto(record)
    assert walk.page.evaluate("window.ran") is None
    assert walk.page.locator("img, script, svg, b").count() == 0
    assert walk.foreign == [record]


def _is_text(walk: Visit) -> None:
    """Nothing of a name was run, loaded or linked."""
    main = "[data-testid=stMain]"
    assert walk.page.evaluate("window.ran") is None
    assert (
        walk.page.locator(f"{main} img[src*='x'], {main} a[href*='foreign'], {main} svg[onload]").count() == 0
    )


def _choose_last(walk: Visit, box: Any) -> None:
    """The last option of a select box; a rerun that is still on its way may close the list once more."""
    option = walk.page.get_by_role("option").last
    for _ in range(5):
        box.click()
        walk.page.wait_for_timeout(1000)
        if option.is_visible():
            break
    option.click()


@pytest.mark.realdata
def test_bunkyo_from_its_own_files(visit: Callable[..., Visit], realdata: Path, tmp_path: Path) -> None:
    ward = tmp_path / "bunkyo"
    files = (
        "admin/tokyo23_n03/13105.json",
        "school_zones/tokyo23_a32_2013/MiddleSchool.geojson",
        "census/estat_r2ka_tokyo_6wards/r2ka13105.shp",
        "census/tokyo_single_households/tokyoList.js",
        "places/kodomo_shokudo/kodomo-shokudo.csv",
    )
    for step in (
        ["new", str(ward), "--municipality", "13105"],
        ["import", str(ward), *(str(realdata / file) for file in files)],
        ["run", str(ward)],
    ):
        subprocess.run([*IBASHO, *step], check=True, cwd=ROOT)
    with serving(ward, tmp_path) as address:
        walk = visit(address)
        walk.open()
        assert "240,069人" in walk.page.locator(".ib-figures").inner_text()
        straight = text.say("method.straight_line", "ja", factor="1.3")
        assert straight in walk.page.locator("[data-testid=stMain]").inner_text()
        walk.picture("bunkyo_start")
        walk.turn_to("coverage")
        frame = walk.map()
        assert frame.evaluate("IB.layers.cells.sheet.count") == 68
        assert straight in walk.page.locator("[data-testid=stMain]").inner_text()
        walk.picture("bunkyo_coverage")
        walk.in_order()
