"""Words for people, from ``geo/locales``: one catalogue a language, the same keys in each."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal

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


def tell(code: str, template: str, language: Language, /, **values: object) -> str:
    """A sentence that was raised or noted in English, in the reader's language.

    English needs no catalogue: its sentence stands in the code that raised it. Other languages look the
    code up under ``error``. A value that has words of its own (``group`` = ``age_65_plus``) is said in them.

    Examples
    --------
    >>> tell("no_such_code", "{n} rows", "en", n=3)
    '3 rows'
    """
    words = catalogue(language)
    if language != "en":
        template = words.get(f"error.{code}", template)
    return template.format(**{name: words.get(f"{name}.{value}", value) for name, value in values.items()})
