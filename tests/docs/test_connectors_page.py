"""The reference names every connector, and claims no more of it than it does."""

import re
from pathlib import Path

import pytest

from leadwell.describe.connectors import CONNECTORS, Connector

REFERENCE = Path(__file__).parents[2] / "docs/reference/connectors.md"
ROWS = {
    found[1]: found[0]
    for found in re.finditer(
        r"^\| `([\w-]+)` \|.*$", REFERENCE.read_text("utf-8"), re.MULTILINE
    )
}


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda c: c.name)
def test_every_connector_is_documented(connector: Connector) -> None:
    ran = ROWS[connector.name].rstrip(" |").rpartition("| ")[2]
    # What nobody ran is not said to have run.
    assert connector.is_tried or re.search(r"\bnot\b", ran)


def test_nothing_else_is() -> None:
    assert ROWS.keys() == {connector.name for connector in CONNECTORS}
