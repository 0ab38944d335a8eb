"""Bars in plain HTML: readable by screen readers, printable, without any script or picture."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

WRITTEN = 0.07
"""A part narrower than this share has no room for its number; the sentence for screen readers has them all."""


@dataclass(frozen=True)
class Part:
    """A part of a bar: its share of the full width, what stands in it, its colour and that of its writing."""

    share: float
    written: str
    colour: str
    ink: str = "#fff"


@dataclass(frozen=True)
class Bar:
    """A bar: what it is of, its parts, and the same in one sentence."""

    label: str
    parts: tuple[Part, ...]
    sentence: str
    marked: bool = False


def bars(caption: str, rows: Sequence[Bar], legend: Sequence[tuple[str, str]] = ()) -> str:
    """Horizontal bars below one another.

    Parameters
    ----------
    caption : str
    rows : sequence of Bar
    legend : sequence of (str, str)
        Colour and meaning.

    Returns
    -------
    html : str
        Every word is text, whatever a file called its areas.

    Examples
    --------
    >>> told = bars("Ranks", [Bar("<b>", (Part(0.5, "50%", "#000"),), "B: 50%")])
    >>> "&lt;b&gt;" in told, 'width:50.00%' in told, 'aria-label="B: 50%"' in told
    (True, True, True)
    """
    keys = "".join(
        f'<li><span class="ib-key" style="background:{html.escape(colour)}"></span>{html.escape(words)}</li>'
        for colour, words in legend
    )
    listed = f'<ul class="ib-keys">{keys}</ul>' if keys else ""
    drawn = "".join(map(_bar, rows))
    return f'<figure class="ib-bars"><figcaption>{html.escape(caption)}</figcaption>{listed}{drawn}</figure>'


def _bar(row: Bar) -> str:
    parts = "".join(
        f'<span style="width:{100 * part.share:.2f}%;background:{part.colour};color:{part.ink}">'
        f"{html.escape(part.written) if part.share >= WRITTEN else ''}</span>"
        for part in row.parts
        if part.share > 0
    )
    mark = " ib-marked" if row.marked else ""
    return (
        f'<div class="ib-row{mark}"><span class="ib-label" aria-hidden="true">{html.escape(row.label)}</span>'
        f'<div class="ib-bar" role="img" aria-label="{html.escape(row.sentence)}">{parts}</div></div>'
    )
