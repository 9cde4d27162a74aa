"""A refused parameter is answered with what this route can be asked, and no other."""

from collections.abc import Callable
from typing import Any

import pytest

from leadwell.errors import InvalidQuestion, Problem
from leadwell.schema import question
from leadwell.schema.question import following
from leadwell.schema.question.findings import DIGEST, EXPORT, FEED, SETTINGS, WINDOW
from tests import make

VIEW = make.a_campaign()
EVERY = {*WINDOW, *SETTINGS, *FEED, *DIGEST, *EXPORT}
Read = Callable[..., Any]
ROUTES: list[tuple[Read, tuple[str, ...]]] = [
    (question.read, (*WINDOW, *SETTINGS)),
    (question.conditions, ("_tz",)),
    (following.changes, FEED),
    (following.digest, DIGEST),
    (following.export, EXPORT),
]


def refused(read: Read, name: str, text: str = "1") -> Problem:
    with pytest.raises(InvalidQuestion) as caught:
        read(VIEW, [(name, text)])
    (problem,) = caught.value.problems
    assert problem.parameter == name
    return problem


@pytest.mark.parametrize(("read", "own"), ROUTES)
@pytest.mark.parametrize("name", ["nothing", *sorted(EVERY)])
def test_what_belongs_to_another_route_is_not_offered(
    read: Read, own: tuple[str, ...], name: str
) -> None:
    if name in own:
        return
    problem = refused(read, name)
    assert problem.code == "unknown_parameter"
    assert EVERY & set(problem.allowed) == set(own)
    assert {"status", "budget", "updated_after"} <= set(problem.allowed)
    assert problem.did_you_mean in {None, *own}


@pytest.mark.parametrize(
    ("read", "name", "near"),
    [
        (question.read, "limit", "per_page"),
        (question.read, "_limit", "per_page"),
        (following.changes, "limit", "_limit"),
        (following.changes, "per_page", "_limit"),
        (following.changes, "page", None),
        (following.changes, "_sort", None),
        (following.changes, "cursor", "_cursor"),
        (following.digest, "statu", "status"),
        (following.digest, "buckets", "_buckets"),
        (following.export, "page", None),
        (following.export, "_limit", None),
        (following.export, "sort", None),
        (following.export, "format", "_format"),
    ],
)
def test_what_is_near_can_be_asked_here(
    read: Read, name: str, near: str | None
) -> None:
    problem = refused(read, name)
    assert problem.did_you_mean == near
    assert "did you mean" in problem.message or near is None


@pytest.mark.parametrize(
    ("read", "name", "least", "most"),
    [
        (question.read, "per_page", 1, 1000),
        (following.changes, "_limit", 1, 1000),
        (following.changes, "_wait", 0, 60),
        (following.digest, "_bucket", 0, 255),
    ],
)
def test_a_number_out_of_bounds_is_told_the_bounds(
    read: Read, name: str, least: int, most: int
) -> None:
    for number in (-1, least - 1, most + 1):
        problem = refused(read, name, str(number))
        assert problem.code == "out_of_range"
        assert f"a whole number from {least} to {most}" in problem.message
    for number in (least, most):
        read(VIEW, [(name, str(number))])
