"""XML that nobody has to be trusted for: no document types, so no entities, no external files, no bombs."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import IO, Protocol
from xml.parsers import expat

from geo import errors
from geo.sources import _tables

MAX_DEPTH = 100
_CHUNK = 1 << 16


class Handler(Protocol):
    """What is done with the pieces of a document; names come without their namespace."""

    def start(self, tag: str, attributes: dict[str, str], /) -> object:
        """An element begins."""

    def end(self, tag: str, /) -> object:
        """An element ends."""

    def data(self, text: str, /) -> object:
        """Text between tags."""


def parse(stream: IO[bytes], handler: Handler, *, file: str, encoding: str | None = None) -> None:
    """Run through a document.

    Parameters
    ----------
    stream : file
        Bytes.
    handler : Handler
    file : str
        Name of the user's file, for the sentence.
    encoding : str, optional
        Overrules the one that the document declares.

    Raises
    ------
    SourceError
        Not well-formed, or with a document type or a depth that no data file needs.
    """
    parser = expat.ParserCreate(encoding, namespace_separator="}")
    parser.buffer_text = True
    depth = 0

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise _unsafe(file, f"{MAX_DEPTH} levels")
        handler.start(local(name), {local(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(local(name))

    def doctype(*_: object) -> None:
        raise _unsafe(file, "DOCTYPE")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = handler.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as problem:
        if isinstance(problem, errors.AtlasError):
            raise
        raise errors.SourceError(
            "xml_broken",
            "{file} is not complete XML ({problem}). It was probably cut off; download or export it again.",
            file=file,
            problem=str(problem)[:120],
        ) from None


def tree(content: bytes, *, file: str) -> tuple[ET.Element, str]:
    """A whole document and its encoding, which is seen, not believed."""
    text, encoding = _tables.decode(content, file=file)
    builder = ET.TreeBuilder()
    parse(io.BytesIO(text.encode()), builder, file=file, encoding="utf-8")
    return builder.close(), encoding


def local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]


def _unsafe(file: str, what: str) -> errors.SourceError:
    return errors.SourceError(
        "xml_unsafe",
        "{file} is XML with something that no data file needs ({what}) and is not read. Export it again.",
        file=file,
        what=what,
    )
