"""What other programs say, said in the reader's words: real errors of the system, of readers, and of wrong usage."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pytest

from geo import errors, faults, study, text
from geo.decide import questions

ENGLISH = re.compile(r"[A-Za-z]{3,} [a-z]{2,}")
"""Two words of English beside each other."""


def ja(said: object) -> str:
    return faults.told(str(said), text.catalogue("ja"))


def raised(what: Callable[[], Any]) -> str:
    with pytest.raises(Exception) as caught:
        what()
    return str(caught.value)


def test_both_languages_have_words_for_every_fault() -> None:
    for language in text.LANGUAGES:
        known = {key.removeprefix("fault.") for key in text.catalogue(language) if key.startswith("fault.")}
        assert known == set(faults.names())


@pytest.mark.parametrize(
    "number", [errno.ENOENT, errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EISDIR, errno.ECONNREFUSED]
)
def test_errors_of_the_system(number: int) -> None:
    for said in (str(OSError(number, os.strerror(number), "名簿.csv")), os.strerror(number)):
        assert not ENGLISH.search(ja(said)), said
    assert "名簿.csv" in ja(OSError(number, os.strerror(number), "名簿.csv"))


@pytest.mark.parametrize(
    "broken",
    ["a = ", "a 1", "a = 1\na = 2", "a = [1, 2", 'a = "x', "[a]\n[a]\n", "a = 1 b = 2", "= 1", "a = 01x"],
)
def test_errors_of_toml_say_where(broken: str) -> None:
    said = ja(raised(lambda: tomllib.loads(broken)))
    assert not ENGLISH.search(said), said
    assert "行目" in said or "終わり" in said


@pytest.mark.parametrize(
    "fields",
    [
        {"limits_m": [10]}, {"limits_m": "far"}, {"limits_m": []}, {"no_such": 1}, {"edge_factor": "x"},
        {"speed_adult_m_per_min": 5}, {"speed_adult_m_per_min": 500}, {"speed_adult_m_per_min": 70.5}, {"seed": -1},
        {"week_days": [3, 1]}, {"min_precision": "door"}, {"kind_functions": {"salon": ["fly"]}}, {"groups": []},
        {"groups": [{"group": "all", "column": "people", "pace": "fast"}]}, {"groups": [{"group": "Ä"}]},
        {"municipality_code": None}, {"municipality_code": "x"},
    ],
)  # fmt: skip
def test_wrong_settings_are_told_in_japanese(fields: dict[str, Any]) -> None:
    with pytest.raises(errors.StudyError) as caught:
        study.make(**{"municipality_code": "13105", **fields})
    words = text.tell(caught.value.code, caught.value.template, "ja", **caught.value.context)
    assert not ENGLISH.search(words), words


WHOLE: dict[type[Any], dict[str, Any]] = {
    questions.Siting: {"actions": {}},
    questions.Committee: {
        "system": "s",
        "criteria": [{"criterion": "c"}],
        "members": [{"member": "m"}],
    },
    questions.Coordination: {},
    questions.Plan: {"name": "n"},
}


def refused(kind: type[Any], fields: dict[str, Any]) -> list[str]:
    """A question's refusal in both languages, none where the fields are allowed."""
    try:
        questions.make(kind, {**WHOLE[kind], **fields})
    except errors.StudyError as problem:
        told = (problem.code, problem.template)
        return [text.tell(*told, language, **problem.context) for language in text.LANGUAGES]
    return []


@pytest.mark.parametrize("kind", WHOLE)
def test_every_field_of_a_question_is_refused_in_japanese(kind: type[Any]) -> None:
    wrong = ["x" * 200, -1, 1e12, 0.5, None, True, [], [1], {}, {"a": 1}, [{}], [[1, 2, 3]]]
    for field in kind.model_fields:
        told = [words for value in wrong for words in refused(kind, {field: value})[:1]]
        assert told, field
        assert not [words for words in told if ENGLISH.search(words)]


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"do": "move", "place": "a"}, ("at が必要", "needs at")),
        ({"do": "street"}, ("at, to が必要", "needs at, to")),
        ({"do": "change", "place": "a"}, ("hours、days", "give hours, days")),
        ({"do": "change", "place": "a", "targets": ["x"]}, ("使えるもの：all", "known: all")),
        ({"do": "open", "at": (1, 2)}, ("緯度", "latitude")),
        ({"do": "open", "at": (35.7, 139.7), "hours": "Mo 10:00-12:00", "days": 4}, ("週1.0日", "are 1.0")),
        ({"do": "fly"}, ("次のどれか", "one of 'open'")),
    ],
)
def test_a_wrong_change_of_a_scenario_is_told_in_both_languages(
    change: dict[str, Any], parts: tuple[str, str]
) -> None:
    told = refused(questions.Plan, {"changes": [change]})
    assert all(part in words for part, words in zip(parts, told, strict=True))
    assert "{" not in told[0]
    assert not ENGLISH.search(told[0])


@pytest.mark.parametrize(
    "hours", [{"new_hours": "sometimes"}, {"new_hours": "Mo-We 10:00-16:00", "new_days_per_week": 5}]
)
def test_wrong_hours_of_new_places_are_told_in_both_languages(hours: dict[str, Any]) -> None:
    japanese, english = refused(questions.Siting, hours)
    assert "new_hours" in japanese
    assert "new_hours" in english
    assert not ENGLISH.search(japanese)


def test_files_that_are_not_what_they_should_be(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"PK nothing of the kind")
    said = [
        raised(lambda: zipfile.ZipFile(path)),
        raised(lambda: "あ".encode("cp932").decode("utf-8")),
        *(
            raised(lambda t=t: expat.ParserCreate().Parse(t, True))
            for t in ("<a", "<a><b></a>", "", "<a>&</a>")
        ),
        *(raised(lambda t=t: json.loads(t)) for t in ("{", "[1 2]", '{"a": "x', "1 2", "")),
        raised(lambda: sqlite3.connect(path).execute("select * from t")),
        raised(lambda: sqlite3.connect(":memory:").execute("select * from t")),
        raised(lambda: socket.getaddrinfo("no.such.host.invalid", 80)),
    ]
    for one in said:
        words = re.sub(r"line \d+ column \d+ \(char \d+\)", "", ja(one))
        assert not ENGLISH.search(words), words


def test_what_is_not_known_stays_as_it_was_said() -> None:
    assert ja("the flux capacitor is empty") == "the flux capacitor is empty"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["improt"], "improt というコマンドはありません。 import のことですか。"),
        (["import"], "DIR を指定してください。"),
        (["check", ".", "--nope"], "--nope というオプションはありません。"),
        (["app", ".", "--port", "abc"], "--port に使えない値です：整数にしてください"),
        (["app", ".", "--port", "1"], "--port に使えない値です：1024 以上にしてください"),
        (["export", ".", "--format"], "--format のあとに値を書いてください。"),
        (["export", ".", "--format", "x"], "できませんでした。'x' という形式はありません"),
        (["check", "a", "b"], "余分な指定があります：b"),
    ],
)
def test_wrong_usage_is_told_in_japanese_and_ends_with_2(arguments: list[str], part: str) -> None:
    from geo import cli

    program = "import sys; from geo import cli; sys.argv = ['ibasho', *sys.argv[1:]]; cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        env={**os.environ, "IBASHO_LANG": "ja", "PYTHONUTF8": "1"},
        check=False,
        text=True,
    )
    assert cli.COMMANDS
    assert done.returncode == 2
    assert part in done.stderr
    assert "Error" not in done.stderr
    assert "Usage" not in done.stderr
