"""The registry (台帳): entries of many lists → places, each once, with the words of every list that names it.

Lists overlap: the ward's own list, the children's cafeterias and the public facilities may all name one house, each
in its own spelling. :func:`duplicates` finds the pairs and judges them by stated rules, :func:`places` merges those
that are the same. What the rules cannot decide stays two places and is listed for a person.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from rapidfuzz import fuzz
from scipy.spatial import cKDTree

from geo import errors, schemas

SAME_M = 50
"""Two positions of one house may differ so much: a door and the middle of its block (街区) are some 50 m apart.
The project's own assumption."""
NEAR_M = 250
"""Places of one name nearer than this may be one; farther apart they are two venues of one organisation, unless a
position is known only roughly."""
ROUGH_M = 2_000
"""The same where a position is only that of a town or worse."""
ALIKE = 85.0
"""Names at least so alike (normalised indel similarity, 0-100) may be one name misspelt."""

_GENERAL = ("facility", "other")
_FILLED = (
    *("capacity", "operator", "address", "verified_on", "opened_on", "closed_on", "next_review_on"),
    *("functions", "step_free", "fee_yen", "fee_child_yen", "languages"),
)
_TOGETHER = (schemas.ATTENDANCE[:3], schemas.ATTENDANCE[3:])
"""Fields that are compared with one another: all come from one list, the one that tells most of them."""
_M_PER_DEGREE = 111_200.0


@cache
def _rules() -> dict[str, Any]:
    return tomllib.loads(resources.files("geo").joinpath("registry.toml").read_text(encoding="utf-8"))


@cache
def _letters() -> dict[int, str]:
    groups = _rules()["letters"]["same"]
    return {ord(letter): group[0] for group in groups for letter in group[1:]}


@lru_cache(maxsize=100_000)
def core(name: str) -> str:
    """What is left of a name when it is compared: one width, one letter for its variants, no legal form or signs.

    Examples
    --------
    >>> core("ＮＰＯ法人　髙橋さん家 「みんなの子供食堂」") == core("高橋さん家・みんなの子ども食堂")
    True
    >>> core("阿佐ヶ谷 集会場") == core("阿佐谷集会所")
    True
    """
    words, rules = unicodedata.normalize("NFKC", name).casefold(), _rules()
    for pattern in rules["words"]["legal"]:
        words = re.sub(pattern, "", words)
    words = re.sub(rules["letters"]["ordinal"], lambda found: str(_numeral(found[0])), words)
    words = re.sub(rules["letters"]["link"], "", words.translate(_letters()))
    for written, meant in rules["words"]["same"]:
        words = words.replace(written.translate(_letters()), meant.translate(_letters()))
    bare = re.sub(r"[^\w]|_", "", words)
    return bare or words.strip()


@lru_cache(maxsize=100_000)
def address(text: str) -> str:
    """An address as it can be compared: without prefecture, numbers as 1-2-3, one letter for its variants.

    Examples
    --------
    >>> address("東京都千代田区飯田橋三丁目５番６号"), address("千代田区飯田橋３－５－６ 〇〇ビル2階")
    ('千代田区飯田橋3-5-6', '千代田区飯田橋3-5-6')
    >>> address("文京区小石川二十三番地の１"), address("千代田区一番町10")
    ('文京区小石川23-1', '千代田区一番町10')
    """
    rule = _rules()["address"]
    words = re.sub(r"\s+(?=\S)", " ", unicodedata.normalize("NFKC", text)).strip()
    words = re.sub(rule["numeral"], lambda found: str(_numeral(found[0])), words)
    words = re.sub(rule["prefecture"], "", words)
    for part in ("chome", "banchi", "ban"):
        words = re.sub(rf"(?<=\d){rule[part]}", "-", words)
    words = re.sub(rf"(?<=\d){rule['go']}", " ", words)
    words = re.sub(rule["no"], "-", words)
    words = re.sub(rule["dash"], "-", re.sub(rule["aza"], "", words))
    # What stands behind the numbers is the building, which not every list gives.
    numbered = re.match(r"\D*\d+(-\d+)*", words)
    words = (numbered[0] if numbered else words).translate(_letters())
    return re.sub(rule_link(), "", re.sub(r"\s", "", words)).rstrip("-")


def rule_link() -> str:
    """The pattern of a sound between two kanji that may be written or left out."""
    return str(_rules()["letters"]["link"])


def _numeral(words: str) -> int:
    """A kanji numeral up to 999."""
    rule = _rules()["address"]
    digit: dict[str, int] = {letter: value for value, letter in enumerate(rule["digits"])}
    ten, hundred = rule["tens"]
    if ten not in words and hundred not in words:
        return int("".join(str(digit[letter]) for letter in words))
    total, last = 0, None
    for letter in words:
        if letter in digit:
            last = digit[letter]
            continue
        total += (1 if last is None else last) * (10 if letter == ten else 100)
        last = None
    return total + (last or 0)


def is_home(words: str) -> bool:
    """Whether words name somebody's home.

    Examples
    --------
    >>> is_home("山田様方"), is_home("市営住宅集会所")
    (True, False)
    """
    return bool(re.search(_rules()["words"]["private"], words))


def is_private(places: pd.DataFrame) -> pd.Series[bool]:
    """Whether a place is somebody's home, as far as its words tell (様方, 様宅, 自宅): such places never leave.

    Parameters
    ----------
    places : schemas.Places

    Returns
    -------
    private : Series of bool
        By the index of ``places``.
    """
    said = places[["name", "address", "operator"]].fillna("").astype(str).to_numpy().tolist()
    found = [any(is_home(words) for words in row) for row in said]
    return pd.Series(found, index=places.index, name="private", dtype=bool)


def shown(places: pd.DataFrame) -> pd.Series[bool]:
    """Whether a place may stand on a map or in a table by its name: not one that asked to be kept out, nor a home.

    The others count for everybody who lives near them, and are told by their number alone.

    Parameters
    ----------
    places : schemas.Places

    Returns
    -------
    shown : Series of bool
        By the index of ``places``.
    """
    return (~(places["do_not_publish"] | is_private(places))).rename("shown")


def drawn(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The places that stand on a map, in their order.

    Homes and places that asked to be kept out are never among them, nor those of which no more is known than the
    municipality: its middle is no place.

    Parameters
    ----------
    places : schemas.Places
    """
    somewhere = places["precision"].isin(("municipality", "prefecture"))
    return gpd.GeoDataFrame(places[shown(places) & ~somewhere])


def publishable(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The places that may leave the house: open ones, not in a home, that did not ask to be kept out."""
    return gpd.GeoDataFrame(places[(places["status"] == "open") & shown(places)].reset_index(drop=True))


# -- pairs ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Entry:
    """One row of a list, as far as it is compared."""

    place_id: str
    core: str
    numbers: tuple[str, ...]
    address: str
    kind: str
    dataset_id: str
    opening: str
    exact: bool
    x: float
    y: float


def duplicates(records: gpd.GeoDataFrame, decisions: pd.DataFrame | None = None) -> pd.DataFrame:
    """Pairs of entries that are one place, or may be.

    Parameters
    ----------
    records : schemas.Places
        Entries of all lists, in degrees or metres.
    decisions : schemas.Duplicates, optional
        What persons decided; wins over the rules. Decisions about entries that are gone count for nothing.

    Returns
    -------
    pairs : schemas.Duplicates
        Verdicts ``same`` and ``undecidable``, and ``different`` where a person said so; other pairs are different.

    Raises
    ------
    DataError
        Decisions contradict one another: A is B, B is C, but A is not C.

    Notes
    -----
    The rules, of which the first that fits counts. Names are compared as :func:`core`, addresses as
    :func:`address`; an address counts when it has a number. *Near* is 50 m (:data:`SAME_M`) or one address.

    ============  =======================================  ===================================  ===========
    why           names                                    where                                verdict
    ============  =======================================  ===================================  ===========
    decision      any                                      any (a person decided)               as decided
    numbers       with different numbers (第1, 第2)         any                                  different
    equal         equal, kinds agree                       near                                 same
    list          equal                                    near, in one list that gives both    undecidable
                                                           different hours
    kinds         equal, kinds disagree                    near                                 undecidable
    apart         equal                                    within 250 m                         undecidable
    rough         equal                                    within 2 km, of one of them only     undecidable
                                                           the town is known
    alike         alike (85 or more), or one in the other  near                                 undecidable
                  and more than the word for its kind
    (none)        all others                               all others                           different
    ============  =======================================  ===================================  ===========

    Kinds agree when they are equal or one is only ``facility`` or ``other``. Where entries that are the same by
    rule form a chain whose members are different, none of the chain's pairs is merged by rule (why: ``chain``).
    """
    entries = _entries(records)
    said = _said(decisions, {entry.place_id for entry in entries})
    by_id = {entry.place_id: entry for entry in entries}
    judged = {(a.place_id, b.place_id): _judge(a, b) for a, b in _candidates(entries)}
    judged |= {pair: (verdict, "decision") for pair, verdict in said.items()}
    judged = _without_chains(judged, by_id, said)
    rows = [
        {
            "place_id": a,
            "other_id": b,
            "score": round(float(fuzz.ratio(by_id[a].core, by_id[b].core)), 1),
            "distance_m": round(_metres(by_id[a], by_id[b]), 1),
            "why": why,
            "verdict": verdict,
            "decision": said.get((a, b)),
        }
        for (a, b), (verdict, why) in judged.items()
        if verdict != "different" or why == "decision"
    ]
    if not rows:
        return _empty_pairs()
    return pd.DataFrame(schemas.conform(schemas.Duplicates, pd.DataFrame(rows)))


def _empty_pairs() -> pd.DataFrame:
    return pd.DataFrame(schemas.empty(schemas.Duplicates))


def decided(
    places: gpd.GeoDataFrame, place_id: str, other_id: str, decision: Literal["same", "different"] | None
) -> pd.DataFrame:
    """A person's decision about two entries, as one row of ``Duplicates``.

    Raises
    ------
    DataError
        There is no such place, or it is the same one twice.
    """
    known = set(places["place_id"])
    for name in (place_id, other_id):
        if name not in known:
            raise errors.DataError(
                "no_such_place",
                "{place} is no place of this project. Its places and their ids are in what is written by: ibasho "
                "export DIR --format csv",
                place=name,
            )
    if place_id == other_id:
        raise errors.DataError(
            "place_twice", "{place} was given twice; two places are needed.", place=place_id
        )
    first, second = sorted((place_id, other_id))
    by_id = {entry.place_id: entry for entry in _entries(places)}
    a, b = by_id[first], by_id[second]
    verdict, _ = _judge(a, b)
    row = {"place_id": first, "other_id": second, "score": round(float(fuzz.ratio(a.core, b.core)), 1)}
    row |= {"distance_m": round(_metres(a, b), 1), "why": "decision", "verdict": decision or verdict}
    return pd.DataFrame(schemas.conform(schemas.Duplicates, pd.DataFrame([{**row, "decision": decision}])))


def _entries(records: gpd.GeoDataFrame) -> list[_Entry]:
    x, y = records.geometry.x.to_numpy(dtype=float), records.geometry.y.to_numpy(dtype=float)
    if records.crs is not None and records.crs.is_geographic and len(records):
        # Metres on a plane that touches the earth at the middle: within a prefecture right to some per mille.
        x = (x - 135.0) * _M_PER_DEGREE * np.cos(np.radians(np.median(y)))
        y = (y - 35.0) * _M_PER_DEGREE
    fields = ("place_id", "name", "address", "kind", "dataset_id", "opening_text", "precision")
    columns = [records[field].fillna("").astype(str) for field in fields]
    rows = zip(*columns, x.tolist(), y.tolist(), strict=True)
    found = [
        _Entry(
            key,
            core(name),
            _numbers(core(name)),
            _numbered(where),
            kind,
            dataset,
            _bare(opening),
            precision in ("point", "block"),
            east,
            north,
        )
        for key, name, where, kind, dataset, opening, precision, east, north in rows
    ]
    return sorted(found, key=lambda entry: entry.place_id)


def _numbers(words: str) -> tuple[str, ...]:
    rule = _rules()["address"]
    digit = {letter: str(value) for value, letter in enumerate(rule["digits"])}
    return tuple(sorted(digit.get(found, found) for found in re.findall(rule["number"], words)))


def _numbered(text: str) -> str:
    plain = address(text)
    return plain if re.search(r"\d", plain) else ""


def _bare(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def _candidates(entries: Sequence[_Entry]) -> Iterable[tuple[_Entry, _Entry]]:
    """Pairs that any rule could fit: near ones, and those of one name or one address."""
    near: set[tuple[int, int]] = set()
    if entries:
        tree = cKDTree([(entry.x, entry.y) for entry in entries])
        near |= {(int(i), int(j)) for i, j in tree.query_pairs(SAME_M)}
    for labels in ([entry.core for entry in entries], [entry.address for entry in entries]):
        groups: dict[str, list[int]] = {}
        for i, label in enumerate(labels):
            if label:
                groups.setdefault(label, []).append(i)
        near |= {(i, j) for group in groups.values() for at, i in enumerate(group) for j in group[at + 1 :]}
    return ((entries[min(pair)], entries[max(pair)]) for pair in sorted(near))


def _metres(a: _Entry, b: _Entry) -> float:
    return float(np.hypot(a.x - b.x, a.y - b.y))


def _judge(a: _Entry, b: _Entry) -> tuple[str, str]:
    """The verdict about two entries, and the rule."""
    if a.numbers and b.numbers and a.numbers != b.numbers:
        return "different", "numbers"
    apart = _metres(a, b)
    rough = not (a.exact and b.exact)
    one_address = a.address == b.address != "" and apart <= (ROUGH_M if rough else NEAR_M)
    near = one_address or (apart <= SAME_M and not rough)
    if a.core == b.core:
        return _judge_namesakes(a, b, apart=apart, near=near, rough=rough)
    short, long = sorted((a.core, b.core), key=len)
    contained = len(short) >= 3 and short in long and short not in _generic()
    if near and (contained or fuzz.ratio(a.core, b.core) >= ALIKE):
        return "undecidable", "alike"
    return "different", ""


@cache
def _generic() -> frozenset[str]:
    """Cores that are no name, but say what a place is: every cafeteria has one of them in its name."""
    return frozenset(core(word) for word in _rules()["words"]["generic"])


def _judge_namesakes(a: _Entry, b: _Entry, *, apart: float, near: bool, rough: bool) -> tuple[str, str]:
    if near:
        if a.dataset_id == b.dataset_id and a.opening and b.opening and a.opening != b.opening:
            return "undecidable", "list"
        agree = a.kind == b.kind or a.kind in _GENERAL or b.kind in _GENERAL
        return ("same", "equal") if agree else ("undecidable", "kinds")
    if rough:
        return ("undecidable", "rough") if apart <= ROUGH_M else ("different", "")
    return ("undecidable", "apart") if apart <= NEAR_M else ("different", "")


def _said(decisions: pd.DataFrame | None, known: set[str]) -> dict[tuple[str, str], str]:
    """Decisions about entries that are there, by pair."""
    if decisions is None or decisions.empty:
        return {}
    made = decisions[decisions["decision"].notna()]
    return {
        (a, b): str(decision)
        for a, b, decision in zip(made["place_id"], made["other_id"], made["decision"], strict=True)
        if {a, b} <= known
    }


Judged = dict[tuple[str, str], tuple[str, str]]


def _without_chains(
    judged: Judged, by_id: Mapping[str, _Entry], said: Mapping[tuple[str, str], str]
) -> Judged:
    """The verdicts, those of a chain whose members are different left to a person."""
    result = dict(judged)
    by_hand = [pair for pair, verdict in said.items() if verdict == "same"]
    for group in _groups(by_hand):
        inside = sorted(
            pair for pair, verdict in said.items() if verdict == "different" and group >= set(pair)
        )
        if inside:
            raise errors.DataError(
                "decisions_contradict",
                "{place} and {other} were said to be different, but other decisions make them the same. Take one of "
                "these back: {group}",
                place=inside[0][0],
                other=inside[0][1],
                group=", ".join(sorted(group)),
            )
    same = [pair for pair, (verdict, _) in judged.items() if verdict == "same"]
    for group in _groups(same):
        members = sorted(group)
        pairs = [(a, b) for at, a in enumerate(members) for b in members[at + 1 :]]
        verdicts = {pair: judged.get(pair) or _judge(by_id[pair[0]], by_id[pair[1]]) for pair in pairs}
        if any(verdict == "different" for verdict, _ in verdicts.values()):
            ruled = [pair for pair in pairs if verdicts[pair] == ("same", "equal")]
            result |= dict.fromkeys(ruled, ("undecidable", "chain"))
        else:
            # Pairs that are one through a third need no decision any more.
            result |= {pair: ("same", why) for pair, (_, why) in verdicts.items() if pair not in said}
    return result


def _groups(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Connected components, each of two or more, by their first member."""
    of: dict[str, set[str]] = {}
    for a, b in pairs:
        merged = of.get(a, {a}) | of.get(b, {b})
        of |= dict.fromkeys(merged, merged)
    return sorted({id(group): group for group in of.values()}.values(), key=min)


# -- places ---------------------------------------------------------------------------------------------------


def places(records: gpd.GeoDataFrame, pairs: pd.DataFrame) -> gpd.GeoDataFrame:
    """The places behind the entries of all lists, each once.

    Of entries that are the same the one confirmed last (``verified_on``; then by dataset, then by row) gives id,
    name, status and dates; what it leaves blank comes from the next. Hours come from the first entry that tells the
    days, targets from the first that says them, the position from the one that knows it best, the kind from the
    first that is more than ``facility`` or ``other``. If one asked not to be published, the place is not.

    Parameters
    ----------
    records : schemas.Places
    pairs : schemas.Duplicates
        Of :func:`duplicates`; only verdicts ``same`` count.

    Returns
    -------
    places : schemas.Places
    """
    merged, gone = [], set()
    for group in _clusters(records, pairs):
        merged.append({field: value for field, (value, _) in _chosen(group).items()})
        gone |= set(group["place_id"])
    kept = records[~records["place_id"].isin(gone)]
    if not merged:
        return gpd.GeoDataFrame(schemas.conform(schemas.Places, records))
    rows = gpd.GeoDataFrame(merged, geometry="geometry", crs=records.crs)
    parts = [part for part in (kept, rows[list(records.columns)]) if len(part)]
    table = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=records.crs)
    return gpd.GeoDataFrame(schemas.conform(schemas.Places, table))


def field_sources(records: gpd.GeoDataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Of each merged place, which entry gave which field.

    Returns
    -------
    sources : DataFrame
        ``place_id``, ``field``, ``record_id``; by place, then field.
    """
    rows = [
        (group["place_id"].iloc[0], field, record)
        for group in _clusters(records, pairs)
        for field, (_, record) in _chosen(group).items()
    ]
    table = pd.DataFrame(rows, columns=["place_id", "field", "record_id"])
    return table.sort_values(["place_id", "field"], ignore_index=True)


def _clusters(records: gpd.GeoDataFrame, pairs: pd.DataFrame) -> list[pd.DataFrame]:
    """Entries that are one place, the one that leads first."""
    same = pairs[pairs["verdict"] == "same"]
    groups = _groups(zip(same["place_id"], same["other_id"], strict=True))
    keys = ["verified_on", "dataset_id", "source_row", "place_id"]
    ranked = pd.DataFrame(records).sort_values(keys, ascending=[False, True, True, True], na_position="last")
    at = {key: position for position, key in enumerate(ranked["place_id"])}
    return [ranked.iloc[sorted(at[key] for key in group)] for group in groups]


def _chosen(group: pd.DataFrame) -> dict[str, tuple[Any, str]]:
    """Each field of a merged place, with the entry that gave it."""
    entries = group.to_dict("records")
    known = [{field for field, value in entry.items() if not _is_blank(value)} for entry in entries]
    worth = [schemas.PRECISIONS.index(entry["precision"]) for entry in entries]
    told = _first(["open_days_per_week" in k for k in known], _first(["opening_text" in k for k in known]))
    at = dict.fromkeys(group.columns, 0)
    at |= {field: _first([field in k for k in known]) for field in _FILLED}
    at |= dict.fromkeys(("opening_text", "open_days_per_week"), told)
    for fields in _TOGETHER:
        n = [len(k.intersection(fields)) for k in known]
        at |= dict.fromkeys(fields, n.index(max(n)))
    at |= dict.fromkeys(("targets", "targets_known"), _first([e["targets_known"] for e in entries]))
    at |= dict.fromkeys(("precision", "geometry"), worth.index(min(worth)))
    at["kind"] = _first([entry["kind"] not in _GENERAL for entry in entries])
    at["stage"] = _first(
        ["stage" in k and e["status"] == entries[0]["status"] for k, e in zip(known, entries, strict=True)]
    )
    at["do_not_publish"] = _first([entry["do_not_publish"] for entry in entries])
    return {str(field): (entries[i][field], str(entries[i]["place_id"])) for field, i in at.items()}


def _is_blank(value: object) -> bool:
    return value is None or value is pd.NA or value != value  # NaN is no value, not even its own


def _first(which: Sequence[bool], otherwise: int = 0) -> int:
    return next((position for position, yes in enumerate(which) if yes), otherwise)


# -- a newer edition of a list ----------------------------------------------------------------------------------


def aligned(records: gpd.GeoDataFrame, before: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A newer edition of a list, its entries with the ids that they had before.

    Entries of a list without numbers of its own are named by their rows, so a line put in at the top would rename
    them all. Where both editions are such lists, entries of equal name and address (or position) keep their id, and
    a new one that stands where another stood gets an id of its own; one row whose name or position alone differs is
    the same entry, mended.

    Parameters
    ----------
    records, before : schemas.Places
        The newer and the older edition.
    """
    if before.empty or not (_by_rows(records) and _by_rows(before)):
        return records
    was = dict(zip(before["place_id"], _likeness(before), strict=True))
    now = dict(zip(records["place_id"], _likeness(records), strict=True))
    old, new = _only_once(was), _only_once(now)
    kept = {key: old[like] for like, key in new.items() if like in old}
    free = set(was) - set(kept.values())
    # One whose name or whose place alone was mended is still itself.
    kept |= {
        key: key
        for key, like in now.items()
        if key not in kept and key in free and any(a == b for a, b in zip(like, was[key], strict=True))
    }
    taken = set(was)
    names = []
    for key in records["place_id"]:
        name = kept.get(key, key)
        while key not in kept and name in taken:
            name = f"{name}'"
        taken.add(name)
        names.append(name)
    return gpd.GeoDataFrame(schemas.conform(schemas.Places, records.assign(place_id=names)))


def _by_rows(records: pd.DataFrame) -> bool:
    rows = records["source_row"].astype(str)
    keys = records["place_id"].str.rsplit(":", n=1).str[-1].str.rstrip("'")
    return bool((keys == rows).mean() > 0.5)


def _likeness(records: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    where = records["address"].fillna("").map(address)
    points = records.geometry
    spots = [f"{x:.5f} {y:.5f}" for x, y in zip(points.x, points.y, strict=True)]
    return [(core(n), a or s) for n, a, s in zip(records["name"], where, spots, strict=True)]


def _only_once(likeness: Mapping[str, tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The key of each likeness that only one entry has."""
    seen: dict[tuple[str, str], list[str]] = {}
    for key, like in likeness.items():
        seen.setdefault(like, []).append(key)
    return {like: found[0] for like, found in seen.items() if len(found) == 1}
