"""The pages of the app, and whom they are for."""

from __future__ import annotations

from app import state

PAGES = (
    "start",
    "browse",
    "coverage",
    "gaps",
    "isolation",
    "zone_sheet",
    "model_areas",
    "sites",
    "scenarios",
    "verification",
    "registry",
    "data",
    "help",
)
"""All of them, in the order of the navigation."""
FOR_ALL = ("browse", "start", "coverage", "gaps", "isolation", "zone_sheet", "help")
"""Those that the public sees, what is near me first. A page that is not named here is the planners' own."""


def shown() -> tuple[str, ...]:
    """The pages of this app's role."""
    return PAGES if state.role() == state.PLANNER else FOR_ALL
