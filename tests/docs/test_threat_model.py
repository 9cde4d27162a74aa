"""Every test that the threat model names is there, and every attack is in it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/threat-model.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
GROUPS = sorted((ROOT / "tests/attacks").glob("test_api*.py"))


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("file", "function"), NAMED)
def test_every_test_that_it_names_is_there(file: str, function: str) -> None:
    path = ROOT / file
    assert path.is_file()
    assert not function or function in functions_of(path)


def test_every_row_names_a_test() -> None:
    table = PAGE.partition("## The attacks")[2].partition("## What is left")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 30
    assert all("`tests/" in row for row in rows)


def test_every_item_of_owasp_has_its_attacks() -> None:
    numbers = {int(re.findall(r"test_api(\d+)_", each.name)[0]) for each in GROUPS}
    assert numbers == set(range(1, 11))
    for number in numbers:
        assert f"API{number}:" in PAGE
    named = {file for file, _ in NAMED}
    for each in GROUPS:
        assert f"tests/attacks/{each.name}" in named
        assert re.search(r"monkeypatch|Plant", each.read_text("utf-8"))
