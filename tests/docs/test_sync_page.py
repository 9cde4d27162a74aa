"""The reference of the sync names every destination, table and error."""

from dataclasses import fields
from pathlib import Path

import pytest

from leadwell.cli.many.plan import KEYS
from leadwell.cli.pull.metrics import HELP, PREFIX
from leadwell.sync import errors
from leadwell.sync.any_service.profile import Profile
from leadwell.sync.destinations import DESTINATIONS, FOLLOWED_BY, RECEIVERS
from leadwell.sync.destinations.push import receivers
from leadwell.sync.destinations.push.pushed import OPTIONS
from leadwell.sync.destinations.tables import OWN

PAGE = (Path(__file__).parents[2] / "docs/reference/sync.md").read_text("utf-8")
CODES = [
    kind.code
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.DestinationError)
]


@pytest.mark.parametrize("scheme", DESTINATIONS)
def test_every_destination_is_documented(scheme: str) -> None:
    assert f"| `{scheme}:{FOLLOWED_BY.get(scheme, 'FILE')}" in PAGE


@pytest.mark.parametrize("scheme", RECEIVERS)
def test_every_receiver_is_documented(scheme: str) -> None:
    assert f"| `{scheme}:{RECEIVERS[scheme]}` |" in PAGE


def test_every_receiver_is_listed_once() -> None:
    assert receivers.RECEIVERS.keys() == RECEIVERS.keys()


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_of_a_receiver_is_documented(option: str) -> None:
    assert f"| `{option}` |" in PAGE


@pytest.mark.parametrize("name", OWN)
def test_every_table_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("code", sorted(set(CODES) - {"destination"}))
def test_every_error_is_documented(code: str) -> None:
    assert f"| `{code}` |" in PAGE
    assert code.title().replace("_", "") in str(errors.__doc__)


@pytest.mark.parametrize("key", [each.name for each in fields(Profile)])
def test_every_key_of_a_profile_is_documented(key: str) -> None:
    assert f"| `{key}` |" in PAGE or f"| `{key}." in PAGE


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_a_plan_is_documented(key: str) -> None:
    assert f"`{key}`" in PAGE.partition("## sync.toml")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", HELP)
def test_every_metric_is_documented(name: str) -> None:
    assert f"`{PREFIX}{name}`" in PAGE
