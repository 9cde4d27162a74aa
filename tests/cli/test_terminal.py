"""What a hub, a lead or a file says is shown on a terminal, and never obeyed."""

import io
import json
import sys
import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from leadwell.cli import output
from leadwell.cli.pull.report import Outcome, Report
from leadwell.client import HubError, generating
from leadwell.client.errors import UnexpectedAnswer
from leadwell.testing import FaultServer, Reply, Request
from tests import make
from tests.cli.saying import Run, runs

HOSTILE = "\x1b]0;owned\a\x1b[2Jclear \x9b31mred \u202egnp.exe\u2066 \x7f\rover"
"""A window's title, a wiped screen, a C1 code, turned text, a line written over."""


def obeyed(text: str) -> set[str]:
    """What of a text a terminal would not show."""
    directions = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return {
        each
        for each in text
        if (unicodedata.category(each) in {"Cc", "Zl", "Zp"} and each not in "\t\n")
        or unicodedata.bidirectional(each) in directions
    }


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADWELL_TOKEN", "lw_" + "a" * 40)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for name in ("DATABASE", "KEY_FILE", "CONFIG"):
        monkeypatch.delenv(f"LEADWELL_{name}", raising=False)

    return runs(capfd)


@given(st.text())
def test_what_is_shown_is_all_there_and_nothing_is_obeyed(text: str) -> None:
    shown = output.shown(text)
    assert not obeyed(shown)
    shown.encode()
    if not obeyed(text):
        assert shown == text
    # One line of JSON says the same after as before.
    assert json.loads(output.shown(json.dumps(text, ensure_ascii=False))) == text


def a_refusal(_: Request) -> Reply:
    """A problem document in which every text is hostile."""
    content = {
        "type": "about:blank",
        "title": HOSTILE,
        "status": 400,
        "code": f"code{HOSTILE}",
        "detail": HOSTILE,
        "errors": [{"code": "c", "message": HOSTILE, "hint": HOSTILE, "at": HOSTILE}],
    }
    kind = {"content_type": "application/problem+json", "x_request_id": "req_1"}
    return Reply.json(content, 400, **kind)


@pytest.mark.parametrize(
    "asked",
    [
        ("sync", "URL", "--to", "sqlite:a.db"),
        ("sync", "URL", "--to", "sqlite:a.db", "--json"),
        ("sync", "URL", "--to", "sqlite:a.db", "--log", "json"),
        ("doctor", "URL"),
        ("codegen", "--url", "URL"),
    ],
    ids=" ".join,
)
def test_a_hostile_hub_cannot_command_the_terminal(
    run: Run, asked: tuple[str, ...]
) -> None:
    with FaultServer(a_refusal) as server:
        url = f"{server.url}/v2/campaigns/362"
        code, out, err = run(*(url if each == "URL" else each for each in asked))
    assert code != 0
    assert not obeyed(out + err)
    assert "\\u001b" in out + err


def test_the_log_of_a_run_says_it_in_escapes(capfd: pytest.CaptureFixture[str]) -> None:
    error = HubError(HOSTILE)
    for log in ("text", "json"):
        Report(log, name="night").pause(error, 1)
    Report("json").ended(Outcome(362, HOSTILE, 1, 0.1, error=error))
    lines = capfd.readouterr().err.splitlines()
    assert not obeyed("".join(lines))
    assert len(lines) == 3
    assert json.loads(lines[2])["destination"] == HOSTILE


def test_a_table_shows_values_with_their_codes(
    capfd: pytest.CaptureFixture[str],
) -> None:
    output.rows([{"name": HOSTILE, "parts": [HOSTILE, 1]}], as_json=False)
    output.rows([{"name": HOSTILE}], as_json=True)
    table, last = capfd.readouterr().out.rstrip("\n").rsplit("\n", 1)
    assert not obeyed(table + last)
    assert "\\u009b31mred" in table
    assert json.loads(last) == [{"name": HOSTILE}]


def test_labels_of_a_campaign_are_shown_and_can_be_read_again(
    run: Run, tmp_path: Path
) -> None:
    label = "Budget \u202eegdub, ærø"
    definition = make.a_definition(account="demo")
    definition["fields"][0]["label"] = label
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(definition, allow_unicode=True))
    assert run("campaign", "create", "s.yaml")[0] == 0
    _, out, _ = run("campaign", "show", "362")
    assert not obeyed(out)
    assert yaml.safe_load(out)["fields"][0]["label"] == label


def test_a_hub_writes_no_code_into_a_generated_module() -> None:
    schema = {"campaign_id": 1, "name": "x", "fields": [], "statuses": []}
    assert "SCHEMA_VERSION" in generating.module(schema | {"version": "v.1-a"})
    for name in ("version", "campaign_id"):
        broken = schema | {"version": "1"} | {name: '1"\nimport os'}
        with pytest.raises(UnexpectedAnswer, match="where it has an id"):
            generating.module(broken)
