"""What is published changes only when somebody means it to (`make golden`)."""

import json
from difflib import unified_diff
from pathlib import Path

import pytest

from leadwell.describe.contract import postman
from tests import described

GOLDEN = Path(__file__).parent / "golden"
READER = described.READERS["token"]
FORMS = {
    "openapi.json": described.as_openapi,
    "swagger.json": described.as_swagger,
    "postman.json": postman.collection,
    "environment.json": postman.environment,
}
LINES_SHOWN = 60


@pytest.mark.parametrize("name", FORMS)
def test_what_is_published_is_what_was_recorded(
    name: str, pytestconfig: pytest.Config
) -> None:
    made = json.dumps(FORMS[name](READER), indent=1, ensure_ascii=False) + "\n"
    path = GOLDEN / name
    if pytestconfig.getoption("golden_record"):
        path.write_text(made, "utf-8")
    kept = path.read_text("utf-8") if path.exists() else ""
    lines = unified_diff(kept.splitlines(), made.splitlines(), "recorded", "now", n=2)
    shown = "\n".join(list(lines)[:LINES_SHOWN])
    assert not shown, f"make golden records this change of {name}:\n{shown}"


def test_nothing_else_is_recorded() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == FORMS.keys()
