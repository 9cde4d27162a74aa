"""`leadwell doctor URL`: every part of the way, right and wrong."""

import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from leadwell.testing import FaultServer, Reply, faults
from tests.certificates import a_context
from tests.copying import Bench, Said, a_bench

Look = Callable[..., tuple[int, dict[str, tuple[str, str]]]]
"""Returns the exit code, and state and words of each finding."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = a_bench(tmp_path_factory.mktemp("hub"))
    yield made
    made.hub.kill()


@pytest.fixture
def run(
    hub: Bench,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Said]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADWELL_TOKEN", hub.hub.token)

    return hub.here(capfd)


@pytest.fixture
def look(run: Callable[..., Said]) -> Look:
    def _look(*arguments: str) -> tuple[int, dict[str, tuple[str, str]]]:
        said = run("doctor", *arguments, "--json")
        rows: list[dict[str, Any]] = said.json
        return said.code, {row["what"]: (row["state"], row["said"]) for row in rows}

    return _look


def test_all_is_well(look: Look, hub: Bench) -> None:
    code, found = look(hub.url)
    assert code == 0
    assert {state for state, _ in found.values()} == {"ok"}
    assert list(found) == [
        *("proxy", "name", "connection", "answer", "clock", "limits"),
        *("token", "campaign"),
    ]
    assert "campaigns 362; filter none" in found["token"][1]
    assert found["campaign"][1].startswith("Roofs: 1 leads, ")


def test_what_a_machine_cannot_reach_is_told(look: Look, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    code, found = look(f"http://127.0.0.1:{port}")
    assert (code, found["connection"][0], "answer" in found) == (1, "fail", False)
    code, found = look("http://nowhere.invalid")
    assert (code, list(found)) == (1, ["proxy", "name"])


def test_a_token_that_does_not_do_ends_with_3(
    look: Look, hub: Bench, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("lw_wrong")
    code, found = look(hub.url, "--token-file", "token")
    assert (code, found["token"][0]) == (3, "fail")
    assert found["token"][1].startswith("the token is not valid; ")
    code, found = look(hub.url.replace("/362", "/363"))
    assert (code, found["token"][0]) == (3, "fail")
    assert "does not see campaign 363" in found["token"][1]


def test_what_comes_from_elsewhere_is_told(look: Look, hub: Bench) -> None:
    with FaultServer(f"http://127.0.0.1:{hub.hub.port}") as server:
        server.plan(faults.OTHER_CLOCK)
        _, found = look(server.url)
        assert found["clock"][0] == "warn"
        assert "s behind this machine" in found["clock"][1]
        server.plan(faults.RATE_LIMITED)
        code, found = look(server.url)
        assert (code, found["answer"][0]) == (1, "fail")
        assert "retry-after: 1" in found["limits"][1]
        assert found["clock"] == (
            "warn",
            "the answer has no Date: something before the hub removes it",
        )
        server.plan(faults.RESET)
        code, found = look(server.url)
        assert (code, found["answer"][0]) == (1, "fail")


def test_a_copy_that_drifted_is_told(look: Look, run: Any, hub: Bench) -> None:
    asked = (hub.url, "--to", "sqlite:l.db")
    assert look(*asked)[1]["copy"][0] == "warn"
    assert run("sync", *asked).code == 0
    assert look(*asked)[1]["copy"][0] == "ok"
    database = ("--campaign", "362", "--yes", "--database")
    database += (f"sqlite:///{hub.folder / 'leads.db'}",)
    assert run("field", "add", "more", "--type", "text", *database).code == 0
    assert "field more came" in look(*asked)[1]["copy"][1]
    assert run("sync", *asked).code == 0
    assert run("option", "label", "source", "website", "Web", *database).code == 0
    assert "labels, options or statuses" in look(*asked)[1]["copy"][1]
    assert run("sync", *asked).code == 0
    assert run("field", "remove", "more", *database).code == 0
    assert "field more went" in look(*asked)[1]["copy"][1]
    assert run("field", "add", "more", "--type", "number", *database).code == 0
    assert "field more became number" in look(*asked)[1]["copy"][1]
    Path("x.db").write_text("no database")
    code, found = look(hub.url, "--to", "sqlite:x.db")
    assert (code, found["copy"][0]) == (1, "fail")
    with closing(sqlite3.connect("l.db")) as copy, copy:
        copy.execute(
            "UPDATE leadwell_sync SET campaign_id = 9, "
            """state = replace(state, '"campaign_id":362', '"campaign_id":9')"""
        )
    code, found = look(*asked)
    assert (code, "no copy of this campaign" in found["copy"][1]) == (1, True)


def test_a_proxy_is_named_without_its_password(
    look: Look, hub: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(lambda _: Reply.json({}, 502)) as proxy:
        place = proxy.url.replace("//", "//user:secret@")
        monkeypatch.setenv("http_proxy", place)
        code, found = look("http://leads.example.com/v2/campaigns/362")
        assert (code, next(iter(found))) == (1, "proxy")
        assert found["proxy"][1].startswith(proxy.url)
        assert "secret" not in str(found)


@pytest.mark.parametrize(("days", "state"), [(90, "ok"), (3, "warn"), (-1, "fail")])
def test_a_certificate_is_looked_at(
    look: Look,
    hub: Bench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    state: str,
) -> None:
    context = a_context(tmp_path, days)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    upstream = f"http://127.0.0.1:{hub.hub.port}"
    with FaultServer(upstream, tls=context) as server:
        code, found = look(server.url)
    assert found["certificate"][0] == state
    assert code == (state == "fail")
    if state == "fail":
        assert "expired" in found["certificate"][1]
    else:
        assert "trusted, of Tests, valid for" in found["certificate"][1]


def test_options_of_the_other_hub_are_refused(run: Callable[..., Said]) -> None:
    assert run("doctor", "http://127.0.0.1", "--deep").code == 2
    assert run("doctor", "--to", "sqlite:l.db").code == 2
    assert run("doctor", "ftp://x").code == 2
