"""Addresses by the dictionary of jageocoder, where both are installed: an optional extra (``address``).

The dictionary is opened as files on this machine (``JAGEOCODER_DB2_DIR``, else where its own installer puts it);
a server is never asked. Where the package or its dictionary is missing or does not open, nothing is found.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import lru_cache
from typing import Any, NamedTuple

PACKAGE = "jageocoder"
_BUILDING, _BLOCK, _PART, _TOWN, _WARD, _CITY = 8, 7, 6, 5, 4, 3
"""Levels of jageocoder: 住居番号・枝番, 街区・地番, 丁目・小字, 町域・大字, wards of a city, municipalities."""


class Match(NamedTuple):
    """An address of the dictionary."""

    x: float
    y: float
    precision: str
    matched: str
    """As the dictionary writes it."""
    read: str
    """The part of the address that was understood, as it was asked."""


@lru_cache(maxsize=1)
def dictionary() -> Any:
    """The installed dictionary, opened; None where there is none."""
    if importlib.util.find_spec(PACKAGE) is None:
        return None
    try:
        folder = importlib.import_module(f"{PACKAGE}.tree").get_db_dir("r")
        return folder and importlib.import_module(f"{PACKAGE}.local").LocalTree(db_dir=folder, mode="r")
    except Exception:  # a package or dictionary that does not open is none
        return None


def edition() -> str:
    """What the dictionary says of its edition; ``-`` when it says nothing."""
    told = str(dictionary().installed_dictionary_version()).strip()
    return "-" if told.startswith("(") or not told else told


def find(address: str) -> Match | None:
    """Where an address is; None when it is nowhere in the dictionary, or in several places alike.

    Parameters
    ----------
    address : str
        With its municipality, since 一番町 is a town of many cities.
    """
    found = dictionary().searchNode(address)
    # Spellings of one address are several answers in one place.
    if (
        len({(one.node.x, one.node.y) for one in found}) != 1
        or not found[0].node.has_valid_coordinate_values()
    ):
        return None
    node = found[0].node
    name = "".join(node.get_fullname())
    return Match(float(node.x), float(node.y), _precision(node), name, str(found[0].matched))


def _precision(node: Any) -> str:
    """A house number is the place itself; a 大字 of several 丁目 is no more than a district."""
    if node.level >= _BLOCK:
        return "point" if node.level >= _BUILDING else "block"
    if node.level == _TOWN:
        return "district" if any(child.level == _PART for child in node.iter_children()) else "town"
    if node.level == _PART:
        return "town"
    return "municipality" if node.level in (_WARD, _CITY) else "prefecture"
