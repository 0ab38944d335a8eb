"""A decision record in words: lines for a terminal, and a page to print and sign. Computes nothing."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from geo import text
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
        "model_areas": ("votes", "ranking", "members", "comparison", "balance"),
        "sites": ("plan", "frontier", "alternatives", "robustness", "funnel"),
        "territories": ("present",),
    }[record["kind"]]
    result = record["result"]
    return [
        (
            text.say(f"decide.table.{name}", language),
            [label("decide.column", column, language) for column in result[name][0]],
            [list(row.values()) for row in result[name]],
        )
        for name in shown
        if result.get(name)
    ]


def _model_areas(record: Record, language: text.Language, most: int) -> list[str]:
    result = record["result"]
    name = {row["area_id"]: row["name"] for row in result["areas"]}

    def say(key: str, **values: object) -> str:
        return text.say(f"decide.{key}", language, **values)

    def area(ids: Sequence[str]) -> str:
        return text.say("unit.list", language).join(name.get(one, one) for one in ids)

    firsts = {row["area_id"]: row["share"] for row in result["acceptability"] if row["rank"] == 1}
    order = sorted(
        result["ranking"], key=lambda row: (row["weighted_sum_rank"] or len(name) + 1, row["area_id"])
    )
    told = [say("chosen_areas", areas=area(result["chosen"]))]
    told.append(say("front", n=sum(row["pareto"] for row in order), all=len(order)))
    for row in order[:most]:
        values = {"area": name[row["area_id"]], "share": f"{100 * firsts[row['area_id']]:.0f}"}
        if row["weighted_sum_rank"] is None:
            told.append(say("unranked", **values))
        else:
            ranks = {"rank": row["weighted_sum_rank"], "topsis": row["topsis_rank"]}
            told.append(say("ranked", **values, **ranks, score=row["weighted_sum"]))
    if result["agreement"] is not None:
        told.append(say("agreement", value=f"{result['agreement']:.2f}"))
    told += _members(result, say, area)
    told += _reasons(result, say, name, language)
    pairs = [(area([row["area_id"]]), area([row["comparison_id"]])) for row in result["comparison"]]
    return [*told, *(say("compared", area=one, other=other) for one, other in pairs)]


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


def _reasons(
    result: Mapping[str, Any], say: Callable[..., str], name: Mapping[str, str], language: text.Language
) -> list[str]:
    told = []
    for reason in result["why"]:
        values = {key: value for key, value in reason.items() if key != "code"}
        values |= {key: name.get(values[key], values[key]) for key in ("a", "b") if key in values}
        if "criterion" in values:
            values["criterion"] = label("criterion", values["criterion"], language)
        told.append(say(f"why.{reason['code']}", **values))
    return told


def _sites(record: Record, language: text.Language, most: int) -> list[str]:
    result = record["result"]

    def say(key: str, **values: object) -> str:
        return text.say(f"decide.{key}", language, **values)

    if result["status"] == "infeasible":
        why = result["why"]
        return [say("infeasible"), text.tell(why["code"], why["template"], language, **why["values"])]
    told = [say("cost", n=len(result["plan"]), yen=f"{result['cost_yen']:,}")]
    for row in result["people"]:
        days = record["study"]["permanent_min_days_per_week"]
        group, kind = (
            label("group", row["group"], language),
            text.say(f"kind.{row['kind']}", language, days=days),
        )
        told.append(say("served", group=group, kind=kind, n=row["newly_served"], people=row["people"]))
    for row in result["plan"][:most]:
        action = say(f"action.{row['action']}")
        values = {
            "step": row["step"],
            "action": action,
            "site": row["site_id"],
            "gain": f"{row['gain']:,.1f}",
        }
        told.append(say("step", **values, yen=f"{row['cost_yen']:,}"))
    if result["status"] == "optimal":
        told.append(say("optimal"))
    else:
        told.append(say("gap", share=f"{100 * result['gap']:.2f}"))
    told.append(say("gate", n=result["gate"]["passing"], all=result["gate"]["properties"]))
    return told


def _territories(record: Record, language: text.Language, most: int) -> list[str]:
    del most
    told = []
    for one in record["result"]["proposed"]:
        values = {key: one[key] for key in ("number", "largest", "bound")}
        told.append(text.say("decide.territories", language, **values))
    return told


_LINES = {"model_areas": _model_areas, "sites": _sites, "territories": _territories}
