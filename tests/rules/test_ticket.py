"""A write takes its campaign's ticket, or holds its row, before it does anything else.

What is read before may be another moment's: a number or a stamp that was decided on it
would not be in the order of commits.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src/leadwell"
FIRST = {"Writing.begin", "ticket.take", "campaigns.hold"}
"""Calls that keep the campaign's row in `counter` to the commit."""
LATER = {
    "chores-settle": "is called by those who hold the campaign's row",
    "tokens-hold": "a token alone tells which campaign is to be held",
}
"""Functions that may use their connection before, and why."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def own(function: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function, but not in functions inside of it."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            yield node
            yield from own(node)


def takers(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Functions that take or hold, and whether their connection does that first."""
    for function in ast.walk(tree):
        if not isinstance(function, Function):
            continue
        nodes = [*own(function)]
        names = [n for n in nodes if isinstance(n, ast.Name)]
        for node in nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func) in FIRST:
                place = node.args[0]
                assert isinstance(place, ast.Name)
                used = [_at(n) for n in names if n.id == place.id]
                yield function.name, min(used) == _at(place)


def _at(node: ast.Name) -> tuple[int, int]:
    return node.lineno, node.col_offset


@cache
def every() -> list[tuple[str, bool]]:
    # Not when the module is imported: each process of the suite does that.
    return [
        (f"{module.stem}-{name}", is_first)
        for module in sorted(SRC.rglob("*.py"))
        for name, is_first in takers(ast.parse(module.read_text("utf-8")))
    ]


def test_a_write_takes_its_ticket_first() -> None:
    assert not {place for place, is_first in every() if not is_first} - set(LATER)


def test_every_exception_is_still_needed() -> None:
    assert {place for place, is_first in every() if not is_first} == set(LATER)
    assert len(every()) > 10


@pytest.mark.parametrize(
    ("body", "is_first"),
    [
        ("return Writing.begin(c, campaign, now)", True),
        ("now = 1; taken = ticket.take(c, 362, 1, now); rows.find(c)", True),
        ("known = rows.find(c); taken = ticket.take(c, 362, 1, known)", False),
        ("if find(c): campaigns.hold(c, 362)", False),
        ("later = lambda c: find(c); campaigns.hold(c, 362)", True),
    ],
)
def test_a_write_that_looks_before_is_found(body: str, is_first: bool) -> None:
    tree = ast.parse(f"def write(c):\n    {body}")
    assert list(takers(tree)) == [("write", is_first)]
