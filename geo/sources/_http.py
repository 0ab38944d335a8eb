"""One file from a public server: politely, resumably, never more than it may weigh, and only if it is that file.

Nothing that arrives is trusted: the scheme and every redirect are checked against the hosts of the catalogue, the
first bytes against the format, the size against a limit while it grows, the end against the announced length. A
download that is cut off goes on where it stopped when the server can say that the file is still the same one.
"""

from __future__ import annotations

import email.utils
import hashlib
import http.client
import ipaddress
import json
import os
import re
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import platformdirs

from geo import errors

Progress = Callable[[str, int, int | None], None]
"""Called with the file's name, the bytes that are here, and the bytes in all where the server tells."""
Format = Literal["zip", "pbf"]

OVERPASS = "https://overpass-api.de/api"
RETRIED = frozenset((429, 500, 502, 503, 504))
MAX_REDIRECTS = 5
_CHUNK = 1 << 16
_HEAD = 512


@dataclass(frozen=True)
class Settings:
    """How this machine fetches. No setting can change a number.

    Parameters
    ----------
    cache : Path
        Where downloads are kept (``IBASHO_CACHE``).
    base : str, optional
        A mirror that has every host as a folder (``IBASHO_FETCH_BASE``): ``BASE/host/path`` instead of
        ``https://host/path``. HTTPS, or HTTP on this machine.
    overpass : str
        The Overpass API to ask for streets (``IBASHO_OVERPASS``).
    timeout_s : float
        Silence of a server after which the connection counts as cut.
    attempts : int
        Times that a file is asked for, the first included.
    wait_s : float
        Wait before the second attempt; doubled for each further one.
    max_wait_s : float
        The longest wait that a server may ask for; beyond it the file is given up with a sentence.
    pause_s : float
        Pause between two files of one host.
    overpass_wall_s : float
        Time for a whole Overpass query with its waits.
    """

    cache: Path
    base: str | None = None
    overpass: str = OVERPASS
    timeout_s: float = 30
    attempts: int = 4
    wait_s: float = 1
    max_wait_s: float = 60
    pause_s: float = 1
    overpass_wall_s: float = 900


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this machine, from the environment.

    Raises
    ------
    SourceError
        An address that is neither HTTPS nor on this machine.

    Examples
    --------
    >>> settings({"IBASHO_CACHE": "downloads"}).cache.name
    'downloads'
    """
    base = environment.get("IBASHO_FETCH_BASE") or None
    default = OVERPASS if base is None else f"{base.rstrip('/')}/{urlsplit(OVERPASS).netloc}/api"
    overpass = environment.get("IBASHO_OVERPASS") or default
    for name, value in (("IBASHO_FETCH_BASE", base), ("IBASHO_OVERPASS", overpass)):
        if value is not None and not _is_safe(value):
            raise errors.SourceError(
                "fetch_address",
                "{name} = {value!r} is not allowed: give an https address, or http on this machine.",
                name=name,
                value=value,
            )
    cache = environment.get("IBASHO_CACHE") or platformdirs.user_cache_dir("ibasho-atlas", appauthor=False)
    pause = 0 if base else Settings.pause_s
    return Settings(Path(cache), base and base.rstrip("/"), overpass.rstrip("/"), pause_s=pause)


@dataclass(frozen=True)
class Download:
    """A file that is here: what it weighs, its digest, and how the server named this version of it."""

    path: Path
    url: str
    sha256: str
    bytes: int
    etag: str | None = None
    modified: str | None = None
    from_cache: bool = False


class _AgainError(Exception):
    """This attempt failed in a way that another may mend."""

    def __init__(self, problem: errors.SourceError, wait_s: float | None = None) -> None:
        self.problem = problem
        self.wait_s = wait_s
        super().__init__(str(problem))


@dataclass
class _Part:
    """What is here of a file so far, and by which name of its version it may go on."""

    path: Path
    url: str
    etag: str | None = None
    modified: str | None = None
    size: int = field(default=0)

    @property
    def note(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    @property
    def validator(self) -> str | None:
        """What ``If-Range`` takes: a strong ETag or the date (RFC 9110, 13.1.5)."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


def user_agent() -> str:
    """Who asks: product and version, so that a publisher can tell us from others."""
    return f"ibasho-atlas/{metadata.version('ibasho-atlas')}"


def download(
    url: str,
    target: Path,
    *,
    settings: Settings,
    hosts: frozenset[str],
    format_: Format,
    max_bytes: int,
    page: str,
    progress: Progress | None = None,
    refresh: bool = False,
) -> Download:
    """A file of a public server, from the cache where it is there already.

    Parameters
    ----------
    url : str
        HTTPS address on one of ``hosts``.
    target : Path
        Where the file is kept. It appears there whole or not at all; ``TARGET.json`` has its digest and origin.
    settings : Settings
    hosts : frozenset of str
        The only hosts that are ever asked, redirects included.
    format_ : {"zip", "pbf"}
        What the file must be by its first bytes.
    max_bytes : int
        The most that is taken.
    page : str
        Where a person finds the file; named in the sentences.
    progress : callable, optional
        ``(name, done, total)`` in bytes.
    refresh : bool, default False
        Ask again although the file is here.

    Returns
    -------
    download : Download

    Raises
    ------
    SourceError
        ``fetch_offline`` without a route to the server; ``fetch_status``, ``fetch_busy``, ``fetch_cut``,
        ``fetch_redirect``, ``fetch_html``, ``fetch_not_file``, ``fetch_too_large`` as the sentences say. Nothing
        is left at ``target`` then, or what was there before.
    """
    kept = None if refresh else cached(target, url=url, format_=format_)
    if kept is not None:
        return kept
    _check(url, settings, hosts, page)
    target.parent.mkdir(parents=True, exist_ok=True)
    wait = settings.wait_s
    for attempt in range(1, settings.attempts + 1):
        try:
            return _attempt(url, target, settings, hosts, format_, max_bytes, page, progress)
        except _AgainError as again:
            # Without a route there is none in four seconds either: whoever is offline is not kept waiting.
            hopeless = again.problem.code == "fetch_offline" and attempt >= 2
            if hopeless or attempt == settings.attempts:
                raise again.problem from None
            time.sleep(wait if again.wait_s is None else again.wait_s)
            wait *= 2
    raise AssertionError("settings.attempts is at least 1")


def pause(seconds: float) -> None:
    """Leave a server its breath between two files."""
    time.sleep(seconds)


def cached(target: Path, *, url: str, format_: Format) -> Download | None:
    """The file as it was fetched, if it is whole: its digest must be the recorded one.

    A file without a record was put there by hand; it counts when it is of the right format.
    """
    if not target.is_file():
        return None
    digest, size = sha256(target), target.stat().st_size
    try:
        told = json.loads(_record(target).read_text(encoding="utf-8"))
        same = told["sha256"] == digest and told["url"] == url
    except FileNotFoundError:
        told, same = {}, _sniff(_head(target), format_) is None and _is_whole(target, format_)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not same:
        return None
    return Download(target, url, digest, size, told.get("etag"), told.get("modified"), from_cache=True)


def sha256(path: Path) -> str:
    """The digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """A small file that is there whole or not at all."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


def keep(download: Download, **more: object) -> None:
    """Write down where a file came from, beside it."""
    told = {
        "url": download.url,
        "sha256": download.sha256,
        "bytes": download.bytes,
        "etag": download.etag,
        "modified": download.modified,
        **more,
    }
    text = json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    write_atomically(_record(download.path), text.encode())


def _record(target: Path) -> Path:
    return target.with_name(target.name + ".json")


# --- addresses --------------------------------------------------------------------------------------------


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine.

    >>> is_loopback("http://127.0.0.1:8000/x"), is_loopback("http://10.0.0.1/"), is_loopback("https://localhost/")
    (True, False, True)
    """
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    clean = bool(parts.hostname) and not parts.username and not parts.query and not parts.fragment
    return clean and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url)))


def _check(url: str, settings: Settings, hosts: frozenset[str], page: str) -> None:
    """Only HTTPS, only to a host that the catalogue names; a mirror may also redirect within itself."""
    parts = urlsplit(url)
    if (
        parts.scheme == "https"
        and parts.hostname in hosts
        and parts.port in (None, 443)
        and not parts.username
    ):
        return
    if settings.base and url.startswith(settings.base + "/"):
        return
    raise errors.SourceError(
        "fetch_redirect",
        "The server sends on to {url}, which is none of the known publishers. The file was not fetched. See {page}",
        url=url,
        page=page,
    )


def _mapped(url: str, settings: Settings) -> str:
    if settings.base is None or url.startswith(settings.base + "/"):
        return url
    return f"{settings.base}/{url.removeprefix('https://')}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are judged before they are followed."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def opener(url: str) -> urllib.request.OpenerDirector:
    """What opens an address without following redirects."""
    # What is on this machine is never behind the office's proxy.
    proxies = [urllib.request.ProxyHandler({})] if is_loopback(url) else []
    return urllib.request.build_opener(_NoRedirect, *proxies)


def _open(url: str, headers: dict[str, str], settings: Settings, hosts: frozenset[str], page: str) -> Any:
    """The answer behind all redirects; an error status raises :class:`urllib.error.HTTPError`."""
    for _ in range(MAX_REDIRECTS + 1):
        _check(url, settings, hosts, page)
        mapped = _mapped(url, settings)
        request = urllib.request.Request(mapped, headers=headers)  # noqa: S310  (checked above)
        try:
            return opener(mapped).open(request, timeout=settings.timeout_s)
        except urllib.error.HTTPError as answer:
            place = answer.headers.get("Location")
            if answer.code not in (301, 302, 303, 307, 308) or not place:
                raise
            answer.close()
            url = urljoin(mapped if place.startswith("/") and settings.base else url, place)
    raise errors.SourceError(
        "fetch_loop", "{host} redirects in a circle. See {page}", host=urlsplit(url).netloc, page=page
    )


# --- one attempt ------------------------------------------------------------------------------------------


def _attempt(
    url: str,
    target: Path,
    settings: Settings,
    hosts: frozenset[str],
    format_: Format,
    max_bytes: int,
    page: str,
    progress: Progress | None,
) -> Download:
    part = _resumable(target.with_name(target.name + ".part"), url)
    headers = {"User-Agent": user_agent(), "Accept": "*/*", "Accept-Encoding": "identity"}
    if part.size and part.validator:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": part.validator}
    host = urlsplit(url).hostname
    try:
        with _open(url, headers, settings, hosts, page) as answer:
            total = _begin(part, answer)
            _take(
                part,
                answer,
                total,
                format_,
                max_bytes,
                page,
                lambda n: progress and progress(target.name, n, total),
            )
    except urllib.error.HTTPError as problem:
        problem.close()
        raise _status(problem, part, settings, page) from None
    except urllib.error.URLError as problem:
        raise _AgainError(
            errors.SourceError(
                "fetch_offline",
                "{host} cannot be reached ({problem}).",
                host=host,
                problem=str(problem.reason),
            )
        ) from None
    except (http.client.HTTPException, TimeoutError, ConnectionError) as problem:
        raise _AgainError(_cut(target.name, part, page, type(problem).__name__)) from None
    missing = total is not None and part.size < total
    if missing or not _is_whole(part.path, format_):
        cut = _cut(target.name, part, page, f"{part.size} / {'?' if total is None else total}")
        if not missing and total is not None:
            _drop(part)  # all of it came and it is still no whole file: there is nothing to go on from
        raise _AgainError(cut)
    return _accept(part, target)


def _resumable(path: Path, url: str) -> _Part:
    """What an earlier attempt left, if it can be told which version of the file it is from."""
    part = _Part(path, url)
    try:
        told = json.loads(part.note.read_text(encoding="utf-8"))
        if told["url"] == url:
            part.etag, part.modified, part.size = told["etag"], told["modified"], path.stat().st_size
    except (OSError, ValueError, KeyError, TypeError):
        part.size = 0
    return part


def _begin(part: _Part, answer: Any) -> int | None:
    """Decide from the answer's head whether it goes on or starts anew; the whole length where it is told."""
    etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
    length = answer.headers.get("Content-Length", "")
    rest = int(length) if length.isascii() and length.isdigit() else None
    if answer.status == 206:
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
        same = (
            (etag == part.etag) if part.etag and etag else (modified == part.modified if modified else True)
        )
        if found is None or int(found[1]) != part.size or not same:
            _drop(part)
            raise _AgainError(
                errors.SourceError(
                    "fetch_changed", "{name} changed while it was fetched.", name=part.path.stem
                )
            )
        return int(found[3]) if found[3] != "*" else (None if rest is None else part.size + rest)
    part.size, part.etag, part.modified = 0, etag, modified
    part.path.unlink(missing_ok=True)
    told = {"url": part.url, "etag": etag, "modified": modified}
    write_atomically(part.note, json.dumps(told).encode())
    return rest


def _take(
    part: _Part,
    answer: Any,
    total: int | None,
    format_: Format,
    max_bytes: int,
    page: str,
    tell: Callable[[int], object],
) -> None:
    """Append what comes, as long as it is what it should be."""
    with part.path.open("ab" if part.size else "wb") as stream:
        tell(part.size)
        while True:
            if max(part.size, total or 0) > max_bytes:
                stream.close()
                _drop(part)
                raise _too_large(part, max_bytes, page)
            # One byte more than is allowed tells that it is too much; more need not come.
            chunk = answer.read1(min(_CHUNK, max_bytes + 1 - part.size))
            if not chunk:
                break
            first = part.size < _HEAD
            stream.write(chunk)
            part.size += len(chunk)
            if first:
                stream.flush()
                _refuse_foreign(
                    part, format_, answer.headers.get("Content-Type", ""), page, whole=part.size == total
                )
            tell(part.size)
        stream.flush()
        os.fsync(stream.fileno())
    ended = total is None or part.size >= total  # or else the line was cut before there was enough to tell
    _refuse_foreign(part, format_, answer.headers.get("Content-Type", ""), page, whole=ended)


def _refuse_foreign(part: _Part, format_: Format, content_type: str, page: str, *, whole: bool) -> None:
    head = _head(part.path)
    if len(head) < 64 and not whole:
        return  # too little to tell
    seen = _sniff(head, format_)
    if seen is None or not head:
        return
    _drop(part)
    if seen == "html" or "text/html" in content_type:
        raise errors.SourceError(
            "fetch_html",
            "{host} answered with a web page ({title}) instead of {name}: maintenance, or the address changed. Try "
            "again later, or download it by hand from {page}",
            host=urlsplit(part.url).hostname,
            title=_title(head),
            name=part.path.stem,
            page=page,
        )
    raise errors.SourceError(
        "fetch_not_file",
        "What {host} sent as {name} is no {format} file (it begins with {seen}). Download it by hand from {page}",
        host=urlsplit(part.url).hostname,
        name=part.path.stem,
        format=format_,
        seen=seen,
        page=page,
    )


def _sniff(head: bytes, format_: Format) -> str | None:
    """What a file is instead of its format; None when the first bytes are right.

    >>> _sniff(b"PK" + bytes((3, 4)), "zip"), _sniff(b" <!DOCTYPE html>", "zip"), _sniff(b"{}", "zip")
    (None, 'html', "b'{}'")
    """
    right = head.startswith(b"PK\x03\x04") if format_ == "zip" else b"\x0a\x09OSMHeader" in head[:16]
    if right:
        return None
    if re.match(rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body|\?xml[^>]*>\s*<!doctype\s+html)",
                head, re.IGNORECASE | re.DOTALL):  # fmt: skip
        return "html"
    return repr(head[:16])


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD)


def _title(head: bytes) -> str:
    found = re.search(rb"<title[^>]*>(.*?)(</title|$)", head, re.IGNORECASE | re.DOTALL)
    words = " ".join(found[1].decode("utf-8", "replace").split()) if found else ""
    return words[:80] or "-"


def _is_whole(path: Path, format_: Format) -> bool:
    # A zip ends with its table of contents; a PBF is read to its end when it is cut or imported.
    return path.stat().st_size > 0 and (format_ != "zip" or zipfile.is_zipfile(path))


def _accept(part: _Part, target: Path) -> Download:
    part.path.replace(target)
    part.note.unlink(missing_ok=True)
    done = Download(target, part.url, sha256(target), part.size, part.etag, part.modified)
    keep(done)
    return done


def _drop(part: _Part) -> None:
    part.path.unlink(missing_ok=True)
    part.note.unlink(missing_ok=True)


# --- what went wrong --------------------------------------------------------------------------------------


def _status(
    answer: urllib.error.HTTPError, part: _Part, settings: Settings, page: str
) -> _AgainError | errors.SourceError:
    host = urlsplit(part.url).hostname
    if answer.code == 416:  # what is here is no beginning of what the server has
        _drop(part)
        return _AgainError(_cut(part.path.stem, part, page, "416"), 0)
    if answer.code in RETRIED:
        asked = _retry_after(answer.headers.get("Retry-After"), answer.headers.get("Date"))
        busy = errors.SourceError(
            "fetch_busy",
            "{host} is busy (status {status}). Try again later, or download {name} by hand from {page}",
            host=host,
            status=answer.code,
            name=part.path.stem,
            page=page,
        )
        return busy if asked is not None and asked > settings.max_wait_s else _AgainError(busy, asked)
    return errors.SourceError(
        "fetch_status",
        "{host} does not give {name} (status {status}). The edition may have been replaced: look on {page}",
        host=host,
        name=part.path.stem,
        status=answer.code,
        page=page,
    )


def _retry_after(told: str | None, date: str | None) -> float | None:
    """Seconds that a server asks to wait: a number, or a date read against the server's own clock.

    >>> _retry_after("3", None), _retry_after(None, None)
    (3.0, None)
    >>> _retry_after("Fri, 07 Nov 2025 23:59:59 GMT", "Fri, 07 Nov 2025 23:59:49 GMT")
    10.0
    """
    if told is None:
        return None
    if told.strip().isascii() and told.strip().isdigit():
        return float(told)
    try:
        later = email.utils.parsedate_to_datetime(told)
        now = email.utils.parsedate_to_datetime(date or "")
        return max(0.0, (later - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _cut(name: str, part: _Part, page: str, problem: str) -> errors.SourceError:
    return errors.SourceError(
        "fetch_cut",
        "{name} from {host} was cut off ({problem}). Run the same again: it goes on where it stopped; or download it "
        "by hand from {page}",
        name=name,
        host=urlsplit(part.url).hostname,
        problem=problem,
        page=page,
    )


def _too_large(part: _Part, max_bytes: int, page: str) -> errors.SourceError:
    return errors.SourceError(
        "fetch_too_large",
        "{name} from {host} is larger than {limit} MB, more than this file can be. It was not kept. See {page}",
        name=part.path.stem,
        host=urlsplit(part.url).hostname,
        limit=max_bytes // 1_000_000,
        page=page,
    )
