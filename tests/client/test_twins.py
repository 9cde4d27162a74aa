"""The client that blocks and the one that awaits promise the same."""

import inspect

import pytest

from leadwell.client import Campaign, Leadwell
from leadwell.client.aio import AsyncCampaign, AsyncLeadwell

PAIRS = [(Leadwell, AsyncLeadwell), (Campaign, AsyncCampaign)]


def promises_of(kind: type) -> dict[str, tuple[str, str | None]]:
    """The public calls with their parameters and docstrings."""
    found = inspect.getmembers(kind, inspect.isfunction)
    return {
        name: (
            ", ".join(map(str, inspect.signature(each).parameters.values())),
            inspect.getdoc(each),
        )
        for name, each in found
        if not name.startswith("_") or name == "__init__"
    }


@pytest.mark.parametrize(("kind", "twin"), PAIRS)
def test_the_twins_take_and_promise_the_same(kind: type, twin: type) -> None:
    # A campaign is made by its own client.
    made = {"__init__"} if kind is Campaign else set[str]()
    own, others = promises_of(kind), promises_of(twin)
    assert own.keys() == others.keys()
    for name in own.keys() - made:
        assert own[name] == others[name], name
