"""The coverage map in a real browser, beside the same study drawn by stock folium, in one run.

    python benchmarks/bench_app.py [sample] [bunkyo] [city]

*Open*: from the address to the complete map, with an empty browser cache and with a warm one; the server has the
study in memory already. *Control*: a step of the walk's slider to the changed map, median, by the browser's own clock
(the peer's map is looked for every 20 ms). *Sent*: what the server sends for one such step. *Server*: its memory.
*Eight at once*: median and slowest of eight people who move the slider together: until the server's answer with the
map is there, and until it is drawn in eight browsers, which run on this same machine and share its processors with
the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import report
import wards
import websockets
from playwright.async_api import Error as AsyncError
from playwright.async_api import async_playwright
from playwright.sync_api import Error, Frame, Page, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.typing import Subprotocol

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
REALDATA = Path(os.environ.get("IBASHO_REALDATA", ROOT.parent / "shared" / "realdata"))
STUDIES = ("sample", "bunkyo", "city")
DRAWERS = {"ibasho": "coverage", "stock folium": ""}
STEPS, PEOPLE, STEP_M = 7, 8, 50
PATIENCE_MS = 240_000
BUNKYO = (
    "admin/tokyo23_n03/13105.json",
    "school_zones/tokyo23_a32_2013/MiddleSchool.geojson",
    "census/estat_r2ka_tokyo_6wards/r2ka13105.shp",
    "census/tokyo_single_households/tokyoList.js",
    "places/kodomo_shokudo/kodomo-shokudo.csv",
)
SHOWN = {
    "ibasho": "window.IB && IB.state.shown",
    "stock folium": "document.querySelectorAll('path.leaflet-interactive:not([data-old])').length",
}
"""What grows when the map is drawn."""
SETTLED = "!document.querySelector('[data-testid=stStatusWidget]')"
SLIDER = "[data-testid=stSlider] input[type=range], [role=slider]"
CLOCK = """() => {
    let shown = IB.state.shown;
    const set = (n) => { shown = n; window.ended = Date.now(); };
    Object.defineProperty(IB.state, "shown", {get: () => shown, set});
}"""
BEGUN = "addEventListener('keydown', () => { window.begun = Date.now() }, true)"
ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
FORGET = "document.querySelectorAll('path').forEach(path => path.dataset.old = 1)"


def made(name: str, folder: Path) -> Path:
    """The project of a study."""
    target = folder / name

    def ibasho(*words: object) -> None:
        subprocess.run([sys.executable, "-m", "geo", *map(str, words)], check=True, capture_output=True)

    if name == "sample":
        ibasho("demo", "--no-app", "--dir", target)
    elif name == "bunkyo":
        ibasho("new", target, "--municipality", "13105")
        ibasho("import", target, *(REALDATA / file for file in BUNKYO))
    else:
        size = wards.Size(
            nodes=60_000, areas=5_000, zones=600, wards=60, places=3_000, spacing_m=100, streets=False
        )
        wards.made(target, size)
    return target


@contextmanager
def serving(who: str, project: Path, cache: Path) -> Iterator[tuple[str, int]]:
    """A Streamlit server: its address and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    known = {
        "IBASHO_PROJECT": str(project),
        "IBASHO_CACHE": str(cache),
        "IBASHO_LANG": "ja",
        "PYTHONPATH": str(ROOT),
        "STREAMLIT_SERVER_HEADLESS": "true",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    }
    own = [sys.executable, "-m", "geo", "app", str(project), "--port", str(port)]
    peers = [sys.executable, "-m", "streamlit", "run", str(HERE / "stock.py"), "--server.port", str(port)]
    server = subprocess.Popen(
        own if who == "ibasho" else peers,
        env={**os.environ, **known},
        cwd=cache,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()  # noqa: S310  (our own server)
                break
            except OSError:
                time.sleep(0.2)
        yield address, server.pid
    finally:
        server.terminate()
        server.wait(timeout=20)


def chromium_path(playwright: Any) -> str:
    """The browser of this machine, else Playwright's own."""
    known = [os.environ.get("CHROMIUM"), shutil.which("chromium")]
    return next((p for p in known if p), playwright.chromium.executable_path)


@contextmanager
def browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(playwright), args=ARGUMENTS)
        yield chromium
        chromium.close()


def drawn(page: Page, who: str, at_least: int) -> Frame:
    """The map's frame, once so much is drawn."""
    end = time.perf_counter() + PATIENCE_MS / 1000
    while time.perf_counter() < end:
        for frame in page.frames:
            with contextlib.suppress(Error):  # a frame that is being replaced
                if "streamlit_folium" in frame.url and (frame.evaluate(SHOWN[who]) or 0) >= at_least:
                    return frame
        page.wait_for_timeout(20)
    raise TimeoutError(who)


class Visitor:
    """Somebody who opens the map and moves its slider."""

    def __init__(self, page: Page, who: str, address: str, areas: int) -> None:
        self.page, self.who, self.address = page, who, address
        self.sent = 0
        self._least = 1 if who == "ibasho" else areas
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, frame: str | bytes) -> None:
        self.sent += len(frame)

    def open(self) -> float:
        begun = time.perf_counter()
        self.page.goto(self.address, wait_until="commit", timeout=PATIENCE_MS)
        self.frame = drawn(self.page, self.who, self._least)
        return time.perf_counter() - begun

    def settle(self) -> None:
        self.page.wait_for_function(SETTLED, timeout=PATIENCE_MS)
        self.page.wait_for_timeout(700)
        if self.who == "ibasho":
            self.page.evaluate(BEGUN)
            self.frame.evaluate(CLOCK)
        self.slider = self.page.locator(SLIDER).first
        self.slider.focus()

    def step(self) -> float:
        """Seconds from a key to the changed map."""
        if self.who == "ibasho":
            least = int(self.frame.evaluate(SHOWN[self.who])) + 1
        else:
            self.frame.evaluate(FORGET)
            least = self._least
        begun = time.perf_counter()
        self.page.keyboard.press("ArrowRight")
        if self.who == "ibasho":
            self.frame.wait_for_function(f"IB.state.shown >= {least}", timeout=PATIENCE_MS, polling=50)
            return float(self.frame.evaluate("window.ended") - self.page.evaluate("window.begun")) / 1000
        self.frame = drawn(self.page, self.who, least)
        return time.perf_counter() - begun


class Talker:
    """Somebody who talks to the server as a browser does, but draws nothing."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._page, self._slider, self._limit = socket, "", "", 0.0

    async def open(self, view: str) -> None:
        """The whole page."""
        await self._ask(ClientState(page_name=view))

    async def step(self) -> float:
        """Seconds from a step of the slider to the map's change, with the rest of the page after it."""
        asked = ClientState(page_script_hash=self._page)
        asked.widget_states.widgets.add(id=self._slider).double_array_value.data.append(self._limit + STEP_M)
        return await self._ask(asked)

    async def _ask(self, state: ClientState) -> float:
        begun, answered = time.perf_counter(), float("nan")
        await self._socket.send(BackMsg(rerun_script=state).SerializeToString())
        while True:
            said = ForwardMsg.FromString(await self._socket.recv())
            element = said.delta.new_element
            if said.WhichOneof("type") == "navigation":
                self._page = said.navigation.page_script_hash
            if element.WhichOneof("type") == "slider":
                self._slider, self._limit = (
                    element.slider.id,
                    element.slider.value[0] or element.slider.default[0],
                )
            if element.WhichOneof("type") == "component_instance":
                answered = time.perf_counter() - begun
            if said.WhichOneof("type") == "script_finished":
                return answered


async def answered(root: str, view: str) -> list[float]:
    """Seconds to the answer with the changed map, of every step of several people who move the slider together."""
    stream = f"{root.replace('http', 'ws')}/_stcore/stream"
    async with contextlib.AsyncExitStack() as stack:
        people = []
        for _ in range(PEOPLE):
            talk = websockets.connect(stream, subprotocols=[Subprotocol("streamlit")], max_size=None)
            people.append(Talker(await stack.enter_async_context(talk)))
            await people[-1].open(view)
        found: list[float] = []
        for _ in range(STEPS):
            found += await asyncio.gather(*(person.step() for person in people))
            await asyncio.sleep(1)
    return found


async def together(address: str) -> list[float]:
    """Seconds from a key to the changed map, of every step of several people who move the slider together."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=chromium_path(playwright), args=ARGUMENTS)
        people = [
            await _person(await (await chromium.new_context()).new_page(), address) for _ in range(PEOPLE)
        ]
        await asyncio.sleep(2)
        found: list[float] = []
        for _ in range(STEPS):
            found += await asyncio.gather(*(_step(*person) for person in people))
            await asyncio.sleep(3)
        await chromium.close()
    return found


async def _person(page: Any, address: str) -> tuple[Any, Any]:
    """Somebody who has the map open, and whose browser keeps the time itself."""
    await page.goto(address, timeout=PATIENCE_MS)
    frame: Any = None
    while frame is None:
        await asyncio.sleep(0.1)
        for one in page.frames:
            with contextlib.suppress(AsyncError):  # a frame that is being replaced
                if "streamlit_folium" in one.url and await one.evaluate(SHOWN["ibasho"]):
                    frame = one
    await page.wait_for_function(SETTLED, timeout=PATIENCE_MS)
    await page.evaluate(BEGUN)
    await frame.evaluate(CLOCK)
    await page.locator(SLIDER).first.focus()
    return page, frame


async def _step(page: Any, frame: Any) -> float:
    least = await frame.evaluate("IB.state.shown") + 1
    await page.keyboard.press("ArrowRight")
    await frame.wait_for_function(f"IB.state.shown >= {least}", timeout=PATIENCE_MS, polling=50)
    return float(await frame.evaluate("window.ended") - await page.evaluate("window.begun")) / 1000


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    told = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in told.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def measured(study: str, who: str, project: Path, areas: int) -> list[str]:
    """A row of the table."""
    with tempfile.TemporaryDirectory() as cache, serving(who, project, Path(cache)) as (root, pid):
        address = f"{root}/{DRAWERS[who]}"
        with browser() as chromium:
            first = Visitor(chromium.new_page(), who, address, areas)
            first.open()  # the server measures all walks; not what is timed here
            first.settle()
            context = chromium.new_context()
            cold = Visitor(context.new_page(), who, address, areas).open()
            visitor = Visitor(context.new_page(), who, address, areas)
            warm = visitor.open()
            visitor.settle()
            times, sent = [], []
            for _ in range(STEPS if who == "ibasho" else 3):
                before = visitor.sent
                times.append(visitor.step())
                visitor.page.wait_for_timeout(400)
                sent.append(visitor.sent - before)
        held = memory_mib(pid)
        heard, seen = [], []
        if who == "ibasho":
            heard = asyncio.run(answered(root, DRAWERS[who]))
            seen = asyncio.run(together(address))
    found = [report.duration(s) for s in (cold, warm, statistics.median(times))]
    memory = f"{held:,.0f} MiB"
    return [
        study,
        who,
        *found,
        f"{statistics.median(sent) / 1000:,.1f} kB",
        memory,
        _both(heard),
        _both(seen),
    ]


def _both(times: list[float]) -> str:
    """Median and slowest."""
    if not times:
        return "–"
    return f"{report.duration(statistics.median(times))} – {report.duration(max(times))}"


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for study in sys.argv[1:] or STUDIES:
            project = made(study, Path(folder))
            told = subprocess.run(
                [sys.executable, "-c", AREAS, str(project)], check=True, capture_output=True, text=True
            )
            for who in DRAWERS:
                rows.append(measured(study, who, project, json.loads(told.stdout)))
                print(" | ".join(rows[-1]), flush=True)
    if not sys.argv[1:]:
        report.Kept(HERE).tell("app", rows)


AREAS = """
import sys; from pathlib import Path; from geo import project, schemas
print(len(project.open_(Path(sys.argv[1])).store.read(schemas.SmallAreas)))
"""

if __name__ == "__main__":
    main()
