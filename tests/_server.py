"""A real HTTP server on this machine that behaves as badly as public servers do."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

FOLDERS = ("nlftp.mlit.go.jp", "www.e-stat.go.jp", "download.geofabrik.de", "overpass-api.de")


@dataclass(frozen=True)
class Answer:
    """One answer. ``cut`` closes the line after so many bytes; ``length`` is told instead of the true one."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    length: int | None = None
    tell_length: bool = True
    ranges: bool = False
    """Whether a range is given when the asker still means the version that is here."""
    endless: bool = False


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float


class Handler(BaseHTTPRequestHandler):
    server_of: Server

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        asked = Request(self.command, unquote(self.path), dict(self.headers.items()), body, time.monotonic())
        self._send(self.server_of._next(asked))

    do_POST = do_GET  # noqa: N815

    def _send(self, answer: Answer) -> None:
        body, status, headers = answer.body, answer.status, dict(answer.headers)
        asked, meant = self.headers.get("Range"), self.headers.get("If-Range")
        if asked and answer.ranges and meant in (headers.get("ETag"), headers.get("Last-Modified")):
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            body, status = body[start:], 206
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if answer.tell_length and not answer.endless:
            self.send_header("Content-Length", str(answer.length or len(body)))
        self.end_headers()
        with suppress(OSError):  # the asker hangs up, as it should
            self._body(answer, body)
        self.close_connection = True

    def _body(self, answer: Answer, body: bytes) -> None:
        if answer.endless:
            for _ in range(2_000):  # bounded, whatever the asker does
                self.wfile.write(body)
            return
        self.wfile.write(body[: answer.cut])
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


class Server:
    """Answers by path, each once and the last one for ever; what is not there is a 404."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer | Callable[[Request], Answer]]] = defaultdict(list)
        self.requests: list[Request] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("_Handler", (Handler,), {"server_of": self}))
        self._http.daemon_threads = True
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def at(self, url: str) -> str:
        """The path under which this server stands for a public address."""
        return url.removeprefix("https://").join(("/", ""))

    def give(self, url: str, *answers: Answer | Callable[[Request], Answer]) -> None:
        self.answers[self.at(url)] = list(answers)

    def asked(self, url: str) -> list[Request]:
        return [one for one in self.requests if one.path == self.at(url)]

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def _next(self, request: Request) -> Answer:
        self.requests.append(request)
        there = self.answers.get(request.path) or self.answers.get(urlsplit(request.path).path)
        if not there:
            return Answer(b"not here", 404)
        found = there.pop(0) if len(there) > 1 else there[0]
        return found if isinstance(found, Answer) else found(request)
