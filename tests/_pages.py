"""The app's pages as its code names them, without running the app."""

from __future__ import annotations

import ast
from pathlib import Path

APP = Path(__file__).resolve().parents[1] / "app"


def _pages() -> tuple[str, ...]:
    for file in (APP / "pages.py", APP / "main.py"):
        code = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
        for statement in code.body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "PAGES":
                return tuple(ast.literal_eval(statement.value))
    raise AssertionError("the app names no PAGES")


PAGES = _pages()
