"""What the reference shows works, and what exists is in it."""

import importlib
import re
import sys
from dataclasses import fields
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from starlette.routing import Route
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.errors.listing import all_errors
from leadwell.model.slug import RESERVED
from leadwell.schema import definition
from leadwell.schema.fields import FIELD_TYPES
from leadwell.schema.operators import OPERATORS
from leadwell.schema.question import SETTINGS
from leadwell.schema.subjects import SHORTCUTS
from leadwell.settings import Settings
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


@pytest.mark.parametrize("name", [kind.name for kind in FIELD_TYPES] + sorted(RESERVED))
def test_every_field_type_and_reserved_name_is_documented(name: str) -> None:
    assert re.search(rf"[` ]{name}[` ]", SCHEMA_FILE)


def test_every_route_is_documented(hub) -> None:
    requests = (REFERENCE / "requests.md").read_text("utf-8")
    entrance = app(hub)
    routes = entrance._inside.routes  # type: ignore[attr-defined]
    for route in routes:
        assert isinstance(route, Route)
        path = re.sub(r"\{campaign_id:id\}", "{id}", route.path)
        for root in ("/d/{secret}", "/a/{account}/api-documentation"):
            # What stands below them is what stands below /docs.
            path = path.replace(f"{root}/", "/docs/")
        path = re.sub(r":(id|path)\}", "}", path)
        if not path.startswith("/campaigns/"):
            assert f"{path}`" in requests, path


def test_the_generated_tables_name_everything(tmp_path: Path) -> None:
    sys.path.insert(0, str(REFERENCE.parent))
    try:
        generate = importlib.import_module("generate")
    finally:
        sys.path.pop(0)
    generate.write(tmp_path)
    text = {path.stem: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert all(f"`{error.code}`" in text["errors"] for error in all_errors())
    assert all(f"`{f.name}`" in text["settings"] for f in fields(Settings))
    assert all(f"`{kind.name}`" in text["field-types"] for kind in FIELD_TYPES)
    for words in ("serve", "import", "token rotate", "filter set", "doctor"):
        assert f"## `leadwell {words}`" in text["commands"]
    assert all((REFERENCE / f"{name}.md").exists() for name in text)
