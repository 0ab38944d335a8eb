"""Words for people, from ``geo/locales``: one catalogue a language, the same keys in each."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib import resources
from typing import Any, Literal

from geo import faults

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")


@cache
def catalogue(language: Language) -> dict[str, str]:
    """Every sentence of a language by its dotted key.

    Parameters
    ----------
    language : {"ja", "en"}
        The reader's language.

    Returns
    -------
    sentences : dict of str to str
        Templates for :meth:`str.format`.
    """
    raw = resources.files("geo").joinpath("locales", f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flatten("", tomllib.loads(raw)))


def _flatten(prefix: str, node: dict[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in node.items():
        name = f"{prefix}.{key}" if prefix else key
        pairs += _flatten(name, value) if isinstance(value, dict) else [(name, str(value))]
    return pairs


def say(key: str, language: Language, /, **values: object) -> str:
    """One sentence in the reader's language.

    Raises
    ------
    KeyError
        When no catalogue has the key: a mistake in the code, found by the tests.

    Examples
    --------
    >>> say("app.title", "en")
    'Ibasho Atlas'
    """
    return catalogue(language)[key].format(**values)


def tell_on_page(code: str, template: str, language: Language, /, **values: object) -> str:
    """As :func:`tell`, for whoever clicks: a way out that is a command is said as what a page offers instead.

    Examples
    --------
    >>> tell_on_page("missing_table", "Import one: ibasho import", "en", folder="x", kind="streets")
    'This project has no streets yet. Import a file on the page Data.'
    """
    page = catalogue(language).get(f"on_page.{code}")
    # A code that the catalogue does not know is said in the words that are given.
    return tell("" if page else code, page or template, language, **values)


def tell(code: str, template: str, language: Language, /, **values: object) -> str:
    """A sentence that was raised or noted in English, in the reader's language.

    English needs no catalogue: its sentence stands in the code that raised it. Other languages look the
    code up under ``error``. A value that has words of its own (``group`` = ``age_65_plus``) is said in them, and what
    another program said (``problem``, ``details``) in the words of :mod:`geo.faults`.

    Examples
    --------
    >>> tell("no_such_code", "{n} people, row {row}", "en", n=3486, row=3486)
    '3,486 people, row 3486'
    """
    words = catalogue(language)
    if language != "en":
        template = words.get(f"error.{code}", template)
    # A value that the sentence formats itself stays a number.
    said = {
        name: _told(v, language) or (_said(words, name, v) if f"{{{name}}}" in template else v)
        for name, v in values.items()
    }
    sentence = template.format(**said)
    return _singular(sentence) if language == "en" and template.startswith("{n} ") else sentence


def _told(value: object, language: Language) -> str:
    """Parts of a sentence that have words of their own; blank: it is a plain value."""
    if not isinstance(value, list) or not value or not all(isinstance(part, dict) for part in value):
        return ""
    join = "; " if language == "en" else catalogue(language)["unit.list"]
    return join.join(tell(part["code"], part["template"], language, **part["values"]) for part in value)


_OF_ONE = {
    "are": "is", "were": "was", "have": "has", "do": "does", "lie": "lies", "live": "lives", "belong": "belongs",
    "stand": "stands", "end": "ends", "say": "says", "carry": "carries", "hold": "holds", "hide": "hides",
    "name": "names", "reach": "reaches", "count": "counts", "close": "closes", "need": "needs",
}  # fmt: skip
_VERB = re.compile(
    r"(?<!they )(?<!no )(?<!same )(?<!equal )(?<!which )(?<!or )\b(" + "|".join(_OF_ONE) + r")\b"
)
_IRREGULAR = {"people": "person", "ferries": "ferry", "entries": "entry"}


def _singular(sentence: str) -> str:
    """A sentence that begins with a number of things, where that number is one.

    Examples
    --------
    >>> _singular("1 places of others were left out. They are far."), _singular("1 of 5 places do not say it.")
    ('1 place of others was left out. They are far.', '1 of 5 places does not say it.')
    """
    one = re.match(r"1 (of [\d,]+ )?((?:[a-z]+ )?)([a-z]+)(?= )", sentence)
    if one is None:
        return sentence
    end = re.search(r"[.;:]", sentence)
    first, rest = (sentence[: end.start()], sentence[end.start() :]) if end else (sentence, "")
    if not one[1]:
        first = re.sub(r"^1((?: (?!(?:that|of|in|on)\b)[a-z]+)*?) ([a-z]+s|people)\b", _one_thing, first)
    # Of five one does not say; but what the others of the sentence do stays as it is.
    return _VERB.sub(lambda verb: _OF_ONE[verb[0]], first, count=1 if one[1] else 0) + rest


def _one_thing(found: re.Match[str]) -> str:
    return f"1{found[1]} {_IRREGULAR.get(found[2], found[2].removesuffix('s'))}"


def _said(words: dict[str, str], name: str, value: object) -> object:
    """A value in the reader's words, counted words (``town 3, district 1``) one by one."""
    if isinstance(value, int | float) and not isinstance(value, bool) and name not in _NUMBERS_OF_ROWS:
        return f"{value:,}" if abs(value) >= 1000 else value
    if name in ("problem", "details"):
        return faults.told(str(value), words)
    for section in (name, "indicator"):  # Two indicators in one sentence cannot both have that name.
        if f"{section}.{value}" in words:
            return words[f"{section}.{value}"]
    counted = [part.rpartition(" ") for part in str(value).split(", ")]
    if all(f"{name}.{word}" in words for word, _, _ in counted):
        return words["unit.list"].join(f"{words[f'{name}.{word}']} {n}" for word, _, n in counted)
    return value


_NUMBERS_OF_ROWS = ("row", "feature", "line")
"""Values that are no amounts: written as a spreadsheet shows them."""


def visible(words: str) -> str:
    """Words for a terminal, with a mark for each character that would steer it instead of being seen.

    Names of files and places are foreign text: an escape sequence in one could hide or forge the lines around it.

    Examples
    --------
    >>> visible("salon \\x1b[2J one\\nsalon two")
    'salon �[2J one\\nsalon two'
    """
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if (unicodedata.category(c) == "Cc" and c != "\n") or c in _TURNING else c
        for c in words
    )


_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows."""
