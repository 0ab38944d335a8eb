"""What no tool checks for us: words, locks, addresses, and that the pictures in the docs are true."""

from __future__ import annotations

import ast
import re
import string
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from geo import errors, text

ROOT = Path(__file__).resolve().parents[1]

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
# The business of these is reading Japanese.
READS_JAPANESE = ("geo/sources/", "geo/schedule/")
RAISED = {name for name in vars(errors) if isinstance(getattr(errors, name), type)} | {"Note", "Remark"}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def library() -> list[Path]:
    return [p for folder in ("geo", "app") for p in sorted((ROOT / folder).rglob("*.py"))]


def placeholders(template: str) -> set[str]:
    return {
        field.split(".")[0].split("[")[0] for _, field, _, _ in string.Formatter().parse(template) if field
    }


def sentences() -> list[tuple[Path, int, str, str]]:
    """Every sentence that code raises or notes: file, line, code, English template."""
    found = []
    for path in library():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            literals = [
                a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
            ]
            if name in RAISED and len(literals) >= 2:
                found.append((path, node.lineno, literals[-2], literals[-1]))
    return found


def test_both_languages_have_the_same_sentences_with_the_same_values() -> None:
    japanese, english = text.catalogue("ja"), text.catalogue("en")
    said = {key for key in japanese if not key.startswith("error.")}
    assert said == set(english)
    assert {k for k in said if placeholders(japanese[k]) != placeholders(english[k])} == set()


def test_every_raised_sentence_has_a_japanese_one_with_the_same_values() -> None:
    japanese = text.catalogue("ja")
    missing = [
        f"{p.name}:{line} {code}" for p, line, code, _ in sentences() if f"error.{code}" not in japanese
    ]
    assert missing == []
    different = [
        f"{p.name}:{line} {code}"
        for p, line, code, template in sentences()
        if not placeholders(japanese[f"error.{code}"]) <= placeholders(template)
    ]
    assert different == []


def test_one_code_is_one_sentence() -> None:
    by_code: dict[str, set[str]] = {}
    for _, _, code, template in sentences():
        by_code.setdefault(code, set()).add(template)
    assert {code: found for code, found in by_code.items() if len(found) > 1} == {}


def test_words_for_people_stand_in_the_catalogues() -> None:
    found = []
    for path in library():
        if str(path.relative_to(ROOT)).startswith(READS_JAPANESE):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and JAPANESE.search(node.value) and id(node) not in docstrings | bare:
                found.append(f"{path.name}:{node.lineno} {node.value[:20]}")
    assert found == []


def test_every_error_is_a_fitting_builtin_too() -> None:
    family = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, Exception)]
    family.remove(errors.AtlasError)
    assert family
    for one in family:
        assert issubclass(one, errors.AtlasError)
        assert issubclass(one, ValueError | LookupError | OSError), one


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_everything_and_name_no_address(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    heads = [line for line in lines if line and not line[0].isspace() and not line.startswith("#")]
    assert heads
    assert all(re.match(r"^[a-z0-9._-]+(\[[a-z,]+\])?==\S+", line) for line in heads)
    hashed = "\n".join(lines)
    assert hashed.count("--hash=sha256:") >= len(heads)
    assert "://" not in hashed


def test_locks_hold_every_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for need in project["dependencies"]:
        name = re.split(r"[\[<>=!~ ]", need)[0].lower()
        assert re.search(rf"(?m)^{re.escape(name)}==", locked), name


def test_nothing_names_an_index_host_or_a_path_of_a_machine() -> None:
    words = ["py" + "pi.org", "python" + "hosted", "npm" + "js.", "/ro" + "ot/", "/wo" + "rk/"]
    found = []
    for path in tracked():
        if path.suffix in {".pbf", ".shp", ".shx", ".dbf", ".png", ".gpkg", ".zip"}:
            continue
        content = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {word}" for word in words if word in content]
    assert found == []


def test_no_third_party_script_or_font_is_committed() -> None:
    own = {"atlas_map.js", "atlas_sheet.js", "atlas_map.css", "atlas_picture.js", "page.css"}
    foreign = [p.name for p in tracked() if p.suffix in {".js", ".css", ".ttf", ".otf", ".woff", ".woff2"}]
    assert set(foreign) <= own


def test_no_large_file_is_committed() -> None:
    assert [p.name for p in tracked() if p.stat().st_size > 2_000_000] == []


def test_the_sample_stays_small() -> None:
    assert sum(p.stat().st_size for p in (ROOT / "data" / "sample").rglob("*") if p.is_file()) < 4_000_000


def test_notebooks_are_stripped() -> None:
    import json

    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in cells), path.name


def test_the_map_of_the_library_names_every_module() -> None:
    import geo

    told = geo.__doc__ or ""
    modules = {p.stem for p in (ROOT / "geo").glob("*.py")} - {"__init__", "__main__"}
    modules |= {p.parent.name for p in (ROOT / "geo").glob("*/__init__.py")}
    assert {m for m in modules if not re.search(rf"(?m)^\s+{m}\b", told)} == set()


def test_help_answers_without_the_heavy_libraries() -> None:
    code = (
        "import sys; sys.argv = ['ibasho', '--help']\n"
        "from geo import cli\n"
        "try:\n    cli.main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'geopandas', 'pandas', 'numba', 'pandera', 'shapely', 'streamlit'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_analysis_works_without_the_app() -> None:
    code = (
        "import sys\nfrom geo import pipeline\nassert not {'streamlit', 'folium', 'app'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("readme", ["README.md", "README.ja.md"])
def test_the_readme_names_every_command(readme: str) -> None:
    from geo import cli

    told = (ROOT / readme).read_text(encoding="utf-8")
    names = [command.name for command in cli.app.registered_commands]
    assert len(names) >= 7
    assert [name for name in names if f"ibasho {name}" not in told] == []
    assert "make demo" in told
    assert "make test" in told
