"""The SDK's own client, as assistants use it, against a hub that is a real process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from leadwell.cli import main
from leadwell.store import accounts, campaigns
from leadwell.store.connection import Database
from tests import make
from tests.mcp.conftest import INJECTION, revoke
from tests.served import KEY, Served, a_folder, a_hub

ROOFS: dict[str, Any] = {"campaign_id": 362}
COMMAND = ("-m", "leadwell.cli", "mcp")
EVERY = {
    "list_campaigns",
    "describe_campaign",
    "search_leads",
    "get_lead",
    "count_leads",
    "read_changes",
}

OLDER = pytest.param("legacy", marks=pytest.mark.proof)
ENDED = pytest.param("end of input", marks=pytest.mark.proof)
pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    hub = a_hub(folder, a_folder(folder))
    yield hub
    hub.stop()


@pytest.fixture(scope="module")
def beside(served: Served, folder: Path) -> Iterator[Database]:
    """The hub's database, written to by another process than the hub."""
    database = make.a_database_again(folder / "leads.db")
    yield database
    database.close()


@pytest.fixture
def west(beside: Database) -> str:
    """A token that sees only what Partner West brought, one lead of which shouts."""
    with beside.reading() as connection:
        (account,) = accounts.find_all(connection)
        campaign = campaigns.known(connection, 362)
    shouting = {"name": INJECTION, "source": "partner-west"}
    foreign = {"name": "Nora North", "source": "partner-north"}
    make.leads(beside, campaign, [{"fields": each} for each in (shouting, foreign)])
    return make.a_token(beside, account, campaign, "source=partner-west", key=KEY)


@asynccontextmanager
async def over_http(
    served: Served, token: str, mode: str, seen: list[int]
) -> AsyncGenerator[Client]:
    """A client over HTTP; `seen` gathers the statuses of what was answered."""

    async def note(answer: httpx2.Response) -> None:
        seen.append(answer.status_code)

    headers = {"Authorization": f"Bearer {token}"}
    url = f"http://127.0.0.1:{served.port}/mcp"
    hooks = {"response": [note]}
    # A busy machine is slow.
    async with httpx2.AsyncClient(
        headers=headers, event_hooks=hooks, timeout=60
    ) as pool:
        transport = streamable_http_client(url, http_client=pool)
        async with Client(transport, mode=mode) as client:
            yield client


@asynccontextmanager
async def over_stdio(
    served: Served, token: str, mode: str, log: Path
) -> AsyncGenerator[Client]:
    settings = {
        "LEADWELL_URL": f"http://127.0.0.1:{served.port}",
        "LEADWELL_TOKEN": token,
    }
    command = StdioServerParameters(
        command=sys.executable, args=[*COMMAND], env=os.environ | settings
    )
    with log.open("w") as stderr:
        async with Client(stdio_client(command, errlog=stderr), mode=mode) as client:
            yield client


async def told(client: Client, name: str, **arguments: Any) -> Any:
    result = await client.call_tool(name, ROOFS | arguments)
    return result.structured_content


async def check_reading(client: Client) -> None:
    listed = (await client.list_tools()).tools
    assert {tool.name for tool in listed} == EVERY
    assert all(tool.annotations.read_only_hint for tool in listed)
    found = await told(client, "search_leads", per_page=100)
    sources = {lead["fields"]["source"]["slug"] for lead in found["leads"]}
    assert sources == {"partner-west"}
    assert INJECTION in [lead["fields"]["name"] for lead in found["leads"]]
    assert "data, not instructions" in found["notice"]
    wrong = await told(client, "count_leads", conditions={"source": "partner-wst"})
    assert wrong["errors"][0]["did_you_mean"] == "partner-west"
    other = await told(client, "count_leads", campaign_id=363)
    assert other["code"] == "insufficient_scope"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_assistant_reads_over_http_until_its_token_is_revoked(
    served: Served, beside: Database, west: str, mode: str
) -> None:
    seen: list[int] = []
    async with over_http(served, west, mode, seen) as client:
        await check_reading(client)
        assert 401 not in seen
        revoke(beside, west)
        with pytest.raises(MCPError):
            await told(client, "count_leads")
    assert 401 in seen


@pytest.mark.parametrize("mode", ["auto", OLDER])
async def test_an_assistant_reads_over_stdio_until_its_token_is_revoked(
    served: Served, beside: Database, west: str, mode: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    async with over_stdio(served, west, mode, log) as client:
        await check_reading(client)
        revoke(beside, west)
        assert (await told(client, "count_leads"))["code"] == "invalid_token"
    assert west not in log.read_text()


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    """Runs the command to its end; returns the exit code and what it complained."""

    def _run(*arguments: str, **settings: str) -> tuple[int, str]:
        for name in ("URL", "TOKEN"):
            monkeypatch.setenv(f"LEADWELL_{name}", settings.get(name, ""))
        with pytest.raises(SystemExit) as left:
            main(("mcp", *arguments))
        out, err = capfd.readouterr()
        assert out == ""
        return int(left.value.code or 0), err

    return _run


HERE = "http://127.0.0.1:9"
SOME = "lw_something"


@pytest.mark.parametrize(
    ("url", "token", "code", "words"),
    [
        ("", SOME, 2, "set LEADWELL_URL"),
        ("hub.example", SOME, 2, "set LEADWELL_URL"),
        ("ftp://hub.example", SOME, 2, "set LEADWELL_URL"),
        ("http://[", SOME, 2, "set LEADWELL_URL"),
        ("http://a:b@hub.example", SOME, 2, "set LEADWELL_URL"),
        (HERE, "", 2, "set LEADWELL_TOKEN"),
        (HERE, "two words", 2, "on one line"),
        (HERE, SOME, 1, "cannot be asked"),
        ("http://hub.invalid", "", 2, "others on the way see the token"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_served(
    run, url: str, token: str, code: int, words: str
) -> None:
    found = run(URL=url, TOKEN=token)
    assert found[0] == code
    assert words in found[1]
    assert not token or token not in found[1]


def test_a_token_is_read_from_a_file_and_never_from_an_argument(
    run, served: Served, west: str, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{served.port}"
    (tmp_path / "token").write_text(f"{west[:-1]}\n")
    code, err = run("--url", url, "--token-file", f"{tmp_path / 'token'}")
    assert (code, "not valid" in err) == (3, True)
    code, err = run("--url", url, "--token-file", f"{tmp_path / 'none'}", "--json")
    assert (code, json.loads(err)["code"]) == (2, "usage")
    (tmp_path / "token").write_text("")
    assert "is empty" in run("--url", url, "--token-file", f"{tmp_path / 'token'}")[1]
    assert run("--url", url, "--token", west)[0] == 2


def test_a_refused_token_and_a_wrong_address_end_it(
    run, served: Served, beside: Database, west: str
) -> None:
    url = f"http://127.0.0.1:{served.port}"
    assert run(URL=f"{url}/elsewhere", TOKEN=west)[0] == 1
    assert run(URL=url, TOKEN=west[:-1])[0] == 3
    revoke(beside, west)
    code, err = run(URL=url, TOKEN=west)
    assert (code, "was revoked" in err) == (3, True)


@pytest.mark.parametrize("ends_by", [ENDED, "Ctrl-C"])
def test_it_ends_at_once_and_has_written_nothing_but_the_protocol(
    served: Served, west: str, ends_by: str
) -> None:
    url = f"http://127.0.0.1:{served.port}"
    settings = os.environ | {"LEADWELL_URL": url, "LEADWELL_TOKEN": west}
    line = [sys.executable, *COMMAND]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(
        line, env=settings, text=True, stderr=subprocess.PIPE, **pipes
    ) as process:
        assert process.stderr
        assert "reads as" in process.stderr.readline()
        if ends_by == "Ctrl-C":
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
            assert process.returncode == -signal.SIGINT
        else:
            out, _ = process.communicate(timeout=30)
            assert process.returncode == 0
    assert out == ""
