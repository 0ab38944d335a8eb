"""How to use the app, and what words mean: the catalogue's own texts as tables."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from geo import text
from geo.present.tables import Column, Rows


def listed(section: str, language: text.Language) -> list[str]:
    """The sentences of a part of the catalogue, in their order."""
    return list(_part(section, language).values())


def glossary(asked: str, *, language: text.Language) -> Rows:
    """What the terms on screen mean, in the order of reading; those whose term or meaning holds ``asked``."""
    terms, meanings = _part("term", language), _part("glossary", language)
    rows = [(term, meanings[key]) for key, term in terms.items()]
    wanted = _plain(asked)
    found = tuple(row for row in rows if wanted in _plain(" ".join(row)))
    return _table(text.say("help.found", language, n=len(found)), ("term", "meaning"), found, language)


def pages(names: Sequence[str], *, language: text.Language) -> Rows:
    """Each page and what it answers."""
    rows = tuple((text.say(f"{name}.nav", language), text.say(f"{name}.lead", language)) for name in names)
    return _table(text.say("help.pages_caption", language), ("page", "answers"), rows, language)


def keys(*, language: text.Language) -> Rows:
    """Keys of the keyboard and what they do."""
    rows = tuple(zip(listed("help_key", language), listed("help_does", language), strict=True))
    return _table(text.say("help.keys_caption", language), ("key", "does"), rows, language)


def _table(
    caption: str, columns: tuple[str, ...], rows: tuple[tuple[str, str], ...], language: text.Language
) -> Rows:
    return Rows(caption, tuple(Column(text.say(f"help.{c}", language)) for c in columns), rows, language)


def _part(section: str, language: text.Language) -> dict[str, str]:
    start = f"{section}."
    return {k.removeprefix(start): v for k, v in text.catalogue(language).items() if k.startswith(start)}


def _plain(words: str) -> str:
    return unicodedata.normalize("NFKC", words).casefold().strip()
