"""`/mcp` stands behind the same limits and the same look at the token as the API."""

import json
import subprocess
import sys
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import Beside, app
from leadwell.server import agents
from leadwell.settings import Settings
from tests import make
from tests.mcp.conftest import Assistant, Make

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def test_without_a_token_nothing_is_told(talking: TestClient) -> None:
    answer = talking.post("/mcp", json=LIST)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="leadwell"'
    wrong = talking.post("/mcp", json=LIST, headers={"Authorization": "Bearer lw_no"})
    assert wrong.status_code == 401
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]


def test_a_token_in_the_url_is_refused(assistant: Make) -> None:
    a = assistant()
    answer = a.client.post(f"/mcp?access_token={a.token}", json=LIST)
    assert answer.json()["code"] == "token_in_url"
    bearer = {"Authorization": f"Bearer {a.token}"}
    answer = a.client.post("/mcp?campaign=362", json=LIST, headers=bearer)
    assert answer.json()["code"] == "unknown_parameter"


def test_pages_of_other_sites_may_not_ask(assistant: Make) -> None:
    a = assistant()
    for origin in ("https://evil.example", "null", "http://hub.example", ""):
        answer = a.post(LIST, Origin=origin)
        assert answer.status_code == 403, origin
        assert answer.json()["code"] == "origin_not_allowed"
    assert a.post(LIST, Origin="https://hub.example").status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_no_session_is_kept_that_one_could_join(assistant: Make, method: str) -> None:
    a = assistant()
    bearer = {"Authorization": f"Bearer {a.token}", "Accept": "text/event-stream"}
    answer = a.client.request(method, "/mcp", headers=bearer)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    answer = a.post(LIST, Mcp_Session_Id="0123456789abcdef")
    assert answer.status_code == 200
    assert "mcp-session-id" not in answer.headers


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"jsonrpc":"2.0"}', 400),
        (b"[]", 400),
        (b"x" * 1_048_577, 413),
        (b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * 1_000_000 + b'"}', 200),
        (b'{"jsonrpc":"2.0","method":"notifications/initialized"}', 202),
    ],
    ids=["none", "cut", "binary", "deep", "no method", "batch", "huge", "long", "note"],
)
@pytest.mark.parametrize("version", ["2025-06-18", "2026-07-28"])
def test_broken_messages_are_refused(
    assistant: Make, body: bytes, status: int, version: str, caplog: Any
) -> None:
    answer = assistant().post(body, MCP_Protocol_Version=version)
    # What the newer protocol wants of an envelope is the SDK's to say.
    allowed = {status, 400} if version.startswith("2026") else {status}
    assert answer.status_code in allowed, answer.text
    assert not [record for record in caplog.records if record.exc_info]


def test_all_that_is_asked_for_one_message_has_one_name(
    assistant: Make, leads: None, capfd: Any
) -> None:
    a = assistant()
    params = {"name": "count_leads", "arguments": {"campaign_id": 362}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    assert a.post(message, X_Request_ID="mine").headers["x-request-id"] == "mine"
    log = capfd.readouterr().err
    assert log.count('"request_id":"mine"') == 2
    assert a.token not in log


def test_a_token_that_is_bound_to_addresses_stays_so(
    assistant: Make, leads: None, hub, database
) -> None:
    bound = assistant(addresses=("192.0.2.0/24",))
    assert bound.post(LIST).status_code == 403
    there = TestClient(bound.client.app, client=("192.0.2.7", 1))
    found = Assistant(there, bound.token).call("count_leads", campaign_id=362)
    assert found["total"] == 4


def test_a_hub_without_the_tools_says_so(client, database, account, campaign) -> None:
    bearer = {"Authorization": f"Bearer {make.a_token(database, account, campaign)}"}
    answer = client.post("/mcp", json=LIST, headers=bearer)
    assert answer.status_code == 404
    assert "leadwell[mcp]" in answer.json()["detail"]
    assert client.post("/mcp", json=LIST).status_code == 401


def test_the_tools_can_be_switched_off() -> None:
    assert agents.tools(Settings(mcp=False)) is None
    assert agents.tools(Settings()) is not None


WITHOUT = """
import sys, leadwell.server, leadwell.cli
assert not {"mcp", "mcp_types", "httpx2", "pydantic"} & sys.modules.keys()
sys.modules |= dict.fromkeys(("mcp", "mcp_types", "httpx2"))
from leadwell.cli import main
from leadwell.server import agents
from leadwell.settings import Settings
assert agents.tools(Settings()) is None
main(["mcp"])
"""


def test_a_hub_runs_without_the_extra_and_the_command_names_it() -> None:
    command = [sys.executable, "-c", WITHOUT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "pip install 'leadwell[mcp]'" in done.stderr
    assert done.stdout == ""


def test_tools_are_loaded_when_they_are_first_used(
    hub, database, account, campaign
) -> None:
    tools = agents.tools(Settings())
    a = Assistant(
        TestClient(app(hub, beside=Beside(tools))),
        make.a_token(database, account, campaign),
    )
    assert len(json.loads(a.post(LIST).content)["result"]["tools"]) == 6
