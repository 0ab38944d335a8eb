"""The page of help: every page and every term on screen is explained, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import pages
from geo import text
from geo.present import manual

MAIN = Path(__file__).resolve().parents[1] / "app" / "main.py"
OF_TERMS = (
    "kind",
    "group",
    "system",
    "place_kind",
    "indicator",
    "hot_spot",
    "equity",
    "isolation_reason",
    "salon_finding",
)
NO_TERMS = ("その他",)
COLUMNS = (
    "zone",
    "area",
    "covered_at",
    "vacancies",
    "nearest",
    "rank_interval",
    "hot_spot",
    "reason",
    "risk",
    "open_share",
    "presence_share",
    "verdict",
    "stage",
    "status",
    "capacity",
    "attendance",
    "newcomers",
    "helpers",
    "verified_on",
    "next_review_on",
    "precision",
    "opening_text",
    "do_not_publish",
    "edition",
    "licence",
)


def part(section: str, language: text.Language) -> dict[str, str]:
    start = f"{section}."
    return {k: v for k, v in text.catalogue(language).items() if k.startswith(start)}


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_every_term_has_a_meaning_and_every_meaning_a_term(language: text.Language) -> None:
    terms = {k.partition(".")[2] for k in part("term", language)}
    assert terms == {k.partition(".")[2] for k in part("glossary", language)}
    assert len(terms) > 50
    rows = manual.glossary("", language=language).rows
    assert len({term for term, _ in rows}) == len(rows)
    assert all(term and meaning for term, meaning in rows)


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_every_page_of_the_navigation_is_explained(language: text.Language) -> None:
    rows = dict(manual.pages(pages.PAGES, language=language).rows)
    assert set(rows) == {text.say(f"{name}.nav", language) for name in pages.PAGES}
    views = {p.stem for p in (MAIN.parent / "views").glob("*.py")} - {"__init__"}
    assert views == set(pages.PAGES)


def test_the_terms_on_screen_stand_in_the_glossary() -> None:
    terms = list(part("term", "ja").values())
    told = "\n".join(f"{t}\n{m}" for t, m in manual.glossary("", language="ja").rows)
    missing = []
    for section in OF_TERMS:
        for key, label in part(section, "ja").items():
            bare = label.split("（")[0].split(" ×")[0].split("{")[0]
            if bare not in NO_TERMS and bare not in told and not any(term in label for term in terms):
                missing.append(f"{key} {label}")
    assert missing == []


def test_the_columns_of_tables_stand_in_the_glossary() -> None:
    told = "\n".join(f"{t}\n{m}" for t, m in manual.glossary("", language="ja").rows)
    labels = {c: text.catalogue("ja").get(f"column.{c}", "") for c in COLUMNS}
    assert {c: v for c, v in labels.items() if v and v.split("（")[0].removesuffix("まで") not in told} == {}


def test_a_word_is_looked_up_in_any_width() -> None:
    assert manual.glossary("ｼﾞﾆ", language="ja").rows[0][0] == "ジニ係数"
    assert manual.glossary("GINI", language="en").rows[0][0] == "Gini"
    assert manual.glossary("<script>", language="ja").rows == ()


@pytest.mark.parametrize("language", text.LANGUAGES)
def test_the_page_is_shown_without_a_project(
    language: text.Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IBASHO_PROJECT", raising=False)
    app = AppTest.from_file(str(MAIN), default_timeout=180)
    app.query_params["lang"] = language
    app.run().switch_page("views/help.py").run()
    assert not app.exception
    assert not app.error
    assert [one.value for one in app.title] == [text.say("help.title", language)]
    app.text_input(key="term").set_value("zzz").run()
    assert text.say("help.found", language, n=0) in "".join(str(one.proto.body) for one in app.get("html"))
