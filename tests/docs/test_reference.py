"""What the reference shows works, and what exists is in it."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from starlette.testclient import TestClient

from leadwell.model.slug import RESERVED
from leadwell.schema import definition
from leadwell.schema.fields import FIELD_TYPES
from leadwell.schema.operators import OPERATORS
from leadwell.schema.question import SETTINGS
from leadwell.schema.subjects import SHORTCUTS
from tests import make

REFERENCE = Path(__file__).parents[2] / "docs/reference"
FILTERS = (REFERENCE / "filters.md").read_text("utf-8")
SCHEMA_FILE = (REFERENCE / "schema-file.md").read_text("utf-8")
FORMS = re.findall(r"`([a-z_.]+(?:\[\w+\])?=[^`]+)`", FILTERS)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_filters_page_is_understood(
    form: str, client: TestClient, database, account, campaign
) -> None:
    token = make.a_token(database, account, campaign)
    name, _, value = form.partition("=")
    url = f"/v2/campaigns/362/leads?{quote(name)}={quote(value)}"
    answer = client.get(url, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text


def test_the_example_of_a_schema_file_makes_a_campaign() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", SCHEMA_FILE, re.DOTALL)
    campaign = definition.read(yaml.safe_load(example)).campaign
    assert {f.type for f in campaign.fields} == {kind.name for kind in FIELD_TYPES}


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda o: o.suffix or "plain")
def test_every_operator_is_documented(operator) -> None:
    assert f"[{operator.suffix}]=" in FILTERS or not operator.suffix


@pytest.mark.parametrize("name", [*SETTINGS, *SHORTCUTS, "page", "per_page"])
def test_every_parameter_is_documented(name: str) -> None:
    assert f"`{name}" in FILTERS


@pytest.mark.parametrize("name", [kind.name for kind in FIELD_TYPES] + list(RESERVED))
def test_every_field_type_and_reserved_name_is_documented(name: str) -> None:
    assert re.search(rf"[` ]{name}[` ]", SCHEMA_FILE)
