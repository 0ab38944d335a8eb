"""A decision record in words: lines for a terminal, and a page to print and sign. Computes nothing."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from geo import text
from geo.present import committee, siting
from geo.present.words import label

Record = Mapping[str, Any]
Tables = Sequence[tuple[str, Sequence[str], Sequence[Sequence[object]]]]
"""Heading, columns, rows."""


def lines(record: Record, language: text.Language, *, most: int) -> list[str]:
    """The answer in a few lines.

    Parameters
    ----------
    record : mapping
        Of :func:`geo.decisions.decide`.
    language : {"ja", "en"}
    most : int
        Rows of a list.
    """
    return _LINES[record["kind"]](record, language, most)


def page(record: Record, language: text.Language) -> str:
    """The record as one HTML page without any other file: question, answer, members, dissent, data, place to sign.

    Parameters
    ----------
    record : mapping
    language : {"ja", "en"}

    Returns
    -------
    html : str
    """

    def say(key: str, **values: object) -> str:
        return html.escape(text.say(f"decide.{key}", language, **values))

    parts = [f"<h1>{say('title.' + record['kind'])}</h1>"]
    parts += [f"<p>{html.escape(line)}</p>" for line in lines(record, language, most=100)]
    parts += [_table(*table) for table in _tables(record, language)]
    parts.append(f"<h2>{say('data')}</h2>")
    inputs = [(row["file"], row["edition"], row["licence"], row["sha256"]) for row in record["inputs"]]
    parts.append(_table("", [say(f"column.{c}") for c in ("file", "edition", "licence", "sha256")], inputs))
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    parts.append(f"<p>{say('made', decision=record['decision'], seed=record['seed'], versions=versions)}</p>")
    parts.append(f"<h2>{say('sign')}</h2>" + "<p class=sign></p>" * 3)
    style = (
        "body{font-family:sans-serif;max-width:60em;margin:2em auto;line-height:1.6}"
        "table{border-collapse:collapse;font-size:.85em;word-break:break-all}"
        "td,th{border:1px solid #888;padding:.2em .6em;text-align:left}"
        ".sign{border-bottom:1px solid #000;height:2.5em}"
    )
    title = say("title." + record["kind"])
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{style}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _table(heading: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "".join(f"<th>{html.escape(str(column))}</th>" for column in columns)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{html.escape('' if cell is None else str(cell))}</td>" for cell in row)
        + "</tr>"
        for row in rows
    )
    title = f"<h2>{html.escape(heading)}</h2>" if heading else ""
    return f"{title}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _tables(record: Record, language: text.Language) -> Tables:
    """The lists of an answer that a reader of the record checks."""
    shown = {
        "model_areas": ("votes", "ranking", "types", "members", "comparison", "balance"),
        "sites": ("plan", "frontier", "actions", "alternatives", "robustness", "funnel"),
        "territories": ("present",),
    }[record["kind"]]
    result = record["result"]
    cell = _Cell(record, language)
    return [
        (
            text.say(f"decide.table.{name}", language),
            [label("decide.column", column, language) for column in result[name][0]],
            [[cell.of(column, value) for column, value in row.items()] for row in result[name]],
        )
        for name in shown
        if result.get(name)
    ]


class _Cell:
    """Values of a record's lists in words."""

    def __init__(self, record: Record, language: text.Language) -> None:
        result = record["result"]
        self.language = language
        named = result["areas"] if record["kind"] == "model_areas" else []
        self.areas = {row["area_id"]: row["name"] for row in named}
        self.sites = siting.site_names(result, language)

    def of(self, column: str, value: object) -> object:
        """One value by its column."""
        language = self.language
        if value is None:
            return "–"
        if isinstance(value, bool):
            return text.say(f"decide.{'yes' if value else 'no'}", language)
        if column in ("option_id", "instead", "chosen"):
            return siting.several(str(value), self.sites, language)
        if column == "type":
            return text.say(f"area_type.{value}", language)
        if column in ("criterion", "feature"):
            return committee.criterion(str(value), language)
        if column in ("action", "status", "stage"):
            key = {"action": "decide.action", "status": "sites.status", "stage": "sites.stage"}[column]
            return text.say(f"{key}.{value}" if column == "action" else f"{key}_{value}", language)
        if isinstance(value, int | float):
            return f"{value:,}" if float(value).is_integer() else f"{value:,.2f}"
        return self.areas.get(str(value), self.sites.get(str(value), value))


def _model_areas(record: Record, language: text.Language, most: int) -> list[str]:
    result = record["result"]
    name = {row["area_id"]: row["name"] for row in result["areas"]}
    join = text.say("unit.list", language)

    def say(key: str, **values: object) -> str:
        return text.say(f"decide.{key}", language, **values)

    def area(ids: Sequence[str]) -> str:
        return join.join(name.get(one, one) for one in ids)

    firsts = {row["area_id"]: row["share"] for row in result["acceptability"] if row["rank"] == 1}
    rows = {row["area_id"]: row for row in result["ranking"]}
    told = [say("chosen_areas", areas=area(result["chosen"]))]
    for one in result["alternatives"][:most]:
        less = 100 * (1 - one["total"] / result["total"]) if result["total"] else 0.0
        told.append(say("portfolio", areas=area(one["chosen"]), share=f"{less:.1f}"))
    told.append(say("front", n=sum(row["pareto"] for row in rows.values()), all=len(rows)))
    for row in [rows[one] for one in committee.order(result)][:most]:
        values = {"area": name[row["area_id"]], "share": f"{100 * firsts[row['area_id']]:.0f}"}
        if row["weighted_sum_rank"] is None:
            told.append(say("unranked", **values))
        else:
            ranks = {"rank": row["weighted_sum_rank"], "topsis": row["topsis_rank"]}
            told.append(say("ranked", **values, **ranks, score=f"{row['weighted_sum']:.2f}"))
    if result["agreement"] is not None:
        told.append(say("agreement", value=f"{result['agreement']:.2f}"))
    told += _members(result, say, area)
    told += committee.reasons(result["why"], name, language)
    pairs = {row["area_id"]: row["comparison_id"] for row in result["comparison"]}
    for one in result["chosen"]:
        found = one in pairs
        told.append(
            say("compared", area=area([one]), other=area([pairs[one]]))
            if found
            else say("matched_none", area=area([one]))
        )
    return told


def _members(
    result: Mapping[str, Any], say: Callable[..., str], area: Callable[[Sequence[str]], str]
) -> list[str]:
    told = []
    for row in result["members"]:
        told.append(say("member", member=row["member"], role=row["role"], first=area([row["first"]])))
        if row["shift"] is not None:
            share = f"{100 * row['shift']:.0f}"
            told.append(say("shift", member=row["member"], share=share, then=area([row["then"]])))
    return told


def _sites(record: Record, language: text.Language, most: int) -> list[str]:
    result = record["result"]

    def say(key: str, **values: object) -> str:
        return text.say(f"decide.{key}", language, **values)

    if result["status"] == "infeasible":
        return [say("infeasible"), siting.proof(result, language)]
    named = siting.site_names(result, language)
    years, whole = f"{record['question']['years']:g}", siting.yen(result["cost_yen"], language)
    told = [say("cost", n=len(result["plan"]), years=years, yen=whole), siting.proof(result, language)]
    for row in result["people"]:
        days = f"{record['study']['permanent_min_days_per_week']:g}"
        group = label("group", row["group"], language)
        kind = text.say(f"kind.{row['kind']}", language, days=days)
        newly = {"n": f"{row['newly_served']:,.0f}", "people": f"{row['people']:,.0f}"}
        told.append(say("served", group=group, kind=kind, **newly))
    for row in result["plan"][:most]:
        values = {
            "step": row["step"],
            "option": siting.option(row["option_id"], named, language),
            "gain": siting.amount(row["gain"], result["plan_unit"], language),
        }
        told.append(say("step", **values, yen=siting.yen(row["cost_yen"], language)))
    kinds = [
        say("weighed_one", action=say(f"action.{action}"), n=n) for action, n in result["options"].items()
    ]
    told.append(say("weighed", kinds=text.say("unit.list", language).join(kinds)))
    told.append(say("gate", n=result["gate"]["passing"], all=result["gate"]["properties"]))
    return told


def _territories(record: Record, language: text.Language, most: int) -> list[str]:
    del most
    result, told = record["result"], []
    group = label("group", result["group"], language)
    if loads := [row["load"] for row in result["present"]]:
        system = label("system", record["question"]["present"], language)
        values = {"largest": f"{max(loads):,.0f}", "smallest": f"{min(loads):,.0f}", "system": system}
        told.append(text.say("decide.present_loads", language, **values))
    for one in result["proposed"]:
        largest, bound = (f"{one[key]:,.0f}" for key in ("largest", "bound"))
        said = {"number": one["number"], "group": group, "largest": largest, "bound": bound}
        told.append(text.say("decide.proposed", language, **said))
    return told


_LINES = {"model_areas": _model_areas, "sites": _sites, "territories": _territories}
