"""Colours that stay apart for readers with colour vision deficiency, at most five classes a map.

Within and beyond the walk are the two arms of ColorBrewer's PuOr family (Harrower and Brewer, 2003), blue
for violet so that the arms differ in hue and in lightness; the bivariate scheme follows Stevens (2015).
``tests/test_present.py`` measures the distances under simulated deuteranopia and protanopia (Machado et al.,
2009). Fill alone never carries a meaning: limits stand in the legend, hatching marks what is not known.
"""

from __future__ import annotations

WITHIN = ("#174a7c", "#4585ba", "#92c1e0", "#dceef6")
"""Nearest first."""
BEYOND = ("#f6c98b", "#e08a2e", "#9c4a06", "#6b2f02")
"""Nearest first."""
RISK = ("#efe9f3", "#c5a9d3", "#8f62a8", "#54246e")
"""Relatively low, middle, higher, and those called relatively high."""
BIVARIATE = (
    ("#e8e8e8", "#e4acac", "#c85a5a"),
    ("#b0d5df", "#ad9ea5", "#985356"),
    ("#64acbe", "#627f8c", "#574249"),
)
"""Rows: access good, middling, poor. Columns: risk low, middle, high."""
HOT_SPOTS = ("#9c4a06", "#f6c98b", "#92c1e0", "#174a7c", "#e6eaee")
"""High among high, high among low, low among high, low among low, not to be told from chance."""
GAP = ("#e6eaee", "#e08a2e", "#9c4a06")
"""Reached, a gap, the chosen gap."""
NEARBY = ("#e6eaee", "#9c4a06")
"""Where people live, and where the walk starts."""
UNKNOWN = "#8a8f94"
"""Colour of the hatching."""


def arm(colours: tuple[str, ...], n: int) -> tuple[str, ...]:
    """The first ``n`` colours of an arm, spread over its length.

    Examples
    --------
    >>> arm(("a", "b", "c", "d"), 2), arm(("a", "b", "c", "d"), 1)
    (('a', 'c'), ('b',))
    """
    if n == 1:
        return (colours[1],)
    if n == 2:
        return (colours[0], colours[2])
    return colours[:n]
