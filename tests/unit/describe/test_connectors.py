"""Every connector: well-formed whatever a campaign is called, and no wider than it."""

import ast
import json
import re
import shlex
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadwell.describe import connectors, table
from leadwell.describe.connectors import CONNECTORS, Connector, quoting
from leadwell.describe.connectors.connector import NOT_RUN
from leadwell.describe.pages import connecting
from leadwell.describe.pages.document import Download, Paragraph, Section
from leadwell.describe.reader import Reader
from leadwell.model.campaign import Campaign
from tests import awful, described

every = pytest.mark.parametrize("connector", CONNECTORS, ids=lambda c: c.name)


def text_of(name: str, reader: Reader) -> str:
    connector = connectors.named(name)
    assert connector is not None
    return connector.text(reader)


def assigned(text: str, name: str) -> Any:
    """Read a constant of a Python program."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise AssertionError(name)


def declared(text: str, name: str) -> Any:
    """Read a constant of a JavaScript program; a comma may stand last in a list."""
    found = re.search(rf"^const {name} = (.*?);$", text, re.MULTILINE | re.DOTALL)
    assert found
    return json.loads(re.sub(r",\s*\]$", "]", found[1]))


@settings(max_examples=30, deadline=None)
@given(awful.campaigns())
def test_what_is_json_is_json(campaign: Campaign) -> None:
    reader = awful.a_reader(campaign)
    for connector in CONNECTORS:
        if connector.media_type == "application/json":
            assert json.loads(connector.text(reader))


@settings(max_examples=30, deadline=None)
@given(awful.campaigns())
def test_the_manifest_is_yaml_without_a_reference(campaign: Campaign) -> None:
    text = text_of("airbyte", awful.a_reader(campaign))
    manifest = described.of_yaml(text)
    loader = manifest["streams"][0]["schema_loader"]["schema"]
    fields = loader["properties"]["fields"]["properties"]
    assert list(fields) == [field.slug for field in campaign.fields]
    assert "#/definitions" not in text
    assert "$ref" not in text


@settings(max_examples=30, deadline=None)
@given(awful.campaigns())
def test_what_is_python_is_python(campaign: Campaign) -> None:
    reader = awful.a_reader(campaign)
    names = [each.name for each in table.without_labels(table.columns(campaign))]
    for name in ("python", "dlt"):
        text = text_of(name, reader)
        assert assigned(text, "CAMPAIGN") == f"{awful.URL}/v2/campaigns/362"
        assert len(assigned(text, "COLUMNS")) == len(names)
    assert [row[0] for row in assigned(text_of("python", reader), "COLUMNS")] == names


@settings(max_examples=30, deadline=None)
@given(awful.campaigns())
def test_what_is_javascript_holds_the_same_columns(campaign: Campaign) -> None:
    reader = awful.a_reader(campaign)
    names = [each.name for each in table.columns(campaign)]
    for name in ("google-apps-script", "zapier"):
        text = text_of(name, reader)
        assert [row[0] for row in declared(text, "COLUMNS")] == names
        assert declared(text, "LEADS_URL") == reader.leads_url


@settings(max_examples=30, deadline=None)
@given(awful.campaigns())
def test_every_text_and_its_instructions_can_be_written(campaign: Campaign) -> None:
    reader = awful.a_reader(campaign)
    for connector in CONNECTORS:
        assert connector.text(reader).encode()
        assert connector.instructions(reader)


@given(st.text())
@example('a "b"\r\n\x00#(lf)#')
def test_a_text_of_power_query_is_read_back_as_it_was(text: str) -> None:
    written = quoting.m_text(text)
    assert written.isprintable() or text.isprintable() is False
    assert not re.search(r"[\x00-\x1f]", written)
    assert read_m(written) == text


def read_m(written: str) -> str:
    assert written[0] == written[-1] == '"'
    inner = written[1:-1].replace('""', "\ue000")
    assert '"' not in inner
    parts = re.split(r"#\((#|[0-9A-F]{4})\)", inner)
    escaped = ["#" if p == "#" else chr(int(p, 16)) for p in parts[1::2]]
    both = [x for pair in zip(parts[::2], [*escaped, ""], strict=True) for x in pair]
    return "".join(both).replace("\ue000", '"')


@given(st.text(st.characters(exclude_characters="\0")))
def test_a_word_of_a_shell_is_read_back_as_it_was(text: str) -> None:
    assert shlex.split(quoting.shell(text)) == [text]


def test_a_value_that_looks_like_a_mark_stays_a_value() -> None:
    values = {"ONE": "@TWO@", "TWO": "no"}
    assert quoting.filled("@ONE@ and @TWO@", values) == "@TWO@ and no"


@every
def test_a_campaign_without_fields_and_a_large_one_have_a_text(
    connector: Connector,
) -> None:
    empty = connector.text(awful.a_reader(awful.campaign()))
    large = connector.text(awful.a_reader(awful.large()))
    assert 0 < len(empty) <= len(large) < 700_000


@every
def test_no_text_holds_a_token_or_asks_for_it_in_the_address(
    connector: Connector,
) -> None:
    text = connector.text(awful.a_reader(awful.large(5, 5)))
    assert not re.search(r"lw_\w|access_token=|[?&]token=", text)


@every
def test_each_says_what_has_run_it(connector: Connector) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", connector.name)
    assert re.fullmatch(r"[\w.-]+\.[a-z]+", connector.file_name)
    assert connector.tried.endswith(".")
    assert connector.is_tried or connector.tried.startswith(NOT_RUN)
    assert connector.is_tried == bool(re.match("Run ", connector.tried))


def test_what_could_not_be_run_says_so() -> None:
    assert {each.name for each in CONNECTORS if not each.is_tried} == {
        "power-query",
        "google-apps-script",
        "google-sheets",
        "zapier",
        "make",
        "power-automate",
        "grafana-infinity",
    }


def test_a_recipe_says_of_itself_that_nobody_ran_it() -> None:
    for name in ("google-sheets", "make", "power-automate"):
        assert NOT_RUN in text_of(name, awful.a_reader(None))


def test_names_are_unique_and_found() -> None:
    names = [each.name for each in CONNECTORS]
    assert len(names) == len(set(names))
    assert connectors.named("nonsense") is None


@pytest.mark.parametrize("view", [None, awful.large(20, 5)], ids=["all", "one"])
def test_the_page_has_a_section_a_file_and_a_label_for_each(
    view: Campaign | None,
) -> None:
    page = connecting.ENTRY.page(awful.a_reader(view), {})
    assert page.name == "connect"
    sections = [block for block in page.blocks if isinstance(block, Section)]
    assert [each.anchor for each in sections] == [each.name for each in CONNECTORS]
    for section, connector in zip(sections, CONNECTORS, strict=True):
        first = section.blocks[0]
        assert isinstance(first, Paragraph)
        assert first.text == (Download(connector.file_name, connector.path),)
        assert any(connector.tried in str(block) for block in section.blocks)


def test_a_dashboard_takes_labels_for_people_and_paths_that_are_there() -> None:
    dashboard = json.loads(text_of("grafana-infinity", awful.a_reader(None)))
    assert [panel["title"] for panel in dashboard["panels"]] == [
        "Leads",
        "Newest leads",
    ]
    campaign = awful.large(14, 2)
    dashboard = json.loads(text_of("grafana-infinity", awful.a_reader(campaign)))
    selectors = {
        c["selector"] for c in dashboard["panels"][-1]["targets"][0]["columns"]
    }
    assert "fields.choice.label" in selectors
    assert "fields.choice.slug" not in selectors
    assert "status.label" in selectors
