"""The hub as a real process, spoken to through real sockets."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests import make
from tests import served as served_module
from tests.effort import noted
from tests.served import METRICS_TOKEN, START_TIMEOUT_S, Served, a_folder, a_hub
from tests.sizes import until

HUBS = [
    pytest.param(("sqlite", 1), id="one worker"),
    pytest.param(("sqlite", 2), id="two workers"),
    pytest.param(("postgres", 2), id="two workers on PostgreSQL"),
]


@contextmanager
def a_hub_of(kind: tuple[str, int], folder: Path, **more: str) -> Iterator[Served]:
    engine, workers = kind
    token = a_folder(folder, engine, is_edited=True)
    hub = a_hub(folder, token, workers, engine, patience_s=1, **more)
    yield hub
    hub.stop()


@pytest.fixture(scope="module", params=HUBS)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A hub whose leads nobody changes, but for an edit that was interrupted."""
    with a_hub_of(request.param, tmp_path_factory.mktemp("hub"), **noted()) as hub:
        yield hub


@pytest.fixture
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A hub of the test's own: it may be written to, and end."""
    with a_hub_of(request.param, tmp_path) as hub:
        yield hub


both_databases = pytest.mark.parametrize("own", HUBS[::2], indirect=True)


def test_a_running_hub_answers_and_refuses_what_is_too_large(served: Served) -> None:
    page = json.loads(served.get("/v2/campaigns/362/leads").data)
    assert page["pagination"]["total"] == 1

    long_url = b"GET /v2/me?" + b"a" * 10**6 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    long_header = b"GET /v2/me HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 10**6 + b"\r\n\r\n"
    twice = b"Authorization: Bearer a\r\n" * 2
    two_tokens = b"GET /v2/me HTTP/1.1\r\nHost: x\r\n" + twice + b"\r\n"
    for raw, status in [
        (long_url, b"414"),
        (long_header, b"431"),
        (two_tokens, b"400"),
        (b"\x00\x01\x02 nonsense\r\n\r\n", b"400"),
    ]:
        answer = served.send(raw)
        assert answer.split(b" ", 2)[1] == status
        assert b"application/problem+json" in answer

    huge = b"GET /v2/me HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 5 * 10**6
    assert served.send(huge) == b""
    assert served.get("/v2/me").status == 200


def test_a_head_that_trickles_in_is_cut_off(served: Served) -> None:
    started = time.monotonic()
    assert served.send(b"GET /v2/me HTTP/1.1\r\nHost: x\r\nX: ", wait_s=10) == b""
    assert time.monotonic() - started < 8
    assert served.get("/v2/me").status == 200


def test_an_idle_connection_is_not_held_by_what_begins_no_request(
    served: Served,
) -> None:
    asked = b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n"
    for first, then in [
        (asked + b"\r\n", b"\r\n"),
        (asked + b"\r\n", b"G"),
        # Answered before its body came, which then is the last that comes.
        (asked + b"Content-Length: 1\r\n\r\n", b"x"),
    ]:
        with socket.create_connection(("127.0.0.1", served.port), 4) as opened:
            opened.sendall(first)
            assert opened.recv(65_536).startswith(b"HTTP/1.1 200 ")
            opened.sendall(then)
            assert opened.recv(65_536) == b""


def test_a_connection_is_kept_as_long_as_the_setting_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADWELL_KEEP_ALIVE_S", "1")
    hub = a_hub(tmp_path, a_folder(tmp_path))
    with socket.create_connection(("127.0.0.1", hub.port), START_TIMEOUT_S) as opened:
        opened.sendall(b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert opened.recv(65_536).startswith(b"HTTP/1.1 200 ")
        answered_at = time.monotonic()
        assert opened.recv(65_536) == b""
    assert 0.9 < time.monotonic() - answered_at < START_TIMEOUT_S
    hub.stop()


def test_a_line_break_between_two_requests_is_nothing(served: Served) -> None:
    asked = b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), 4) as opened:
        for raw in (asked, b"\r\n" + asked, asked):
            opened.sendall(raw)
            assert opened.recv(65_536).startswith(b"HTTP/1.1 200 ")


@both_databases
def test_an_answered_lead_survives_a_kill(own: Served, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{own.port}/v2/campaigns/362/leads"
    headers = {"Authorization": f"Bearer {own.token}"}
    body = {"fields": {"name": "Kept"}}
    answer = urllib3.request("POST", url, json=body, headers=headers, retries=False)
    own.kill()

    assert answer.status == 201
    database = make.a_database_again(tmp_path / "leads.db", own.engine)
    with database.reading() as connection:
        rows = connection.rows("SELECT count(*) FROM lead")
    database.close()
    assert rows == [(2,)]


def test_an_interrupted_edit_is_finished_by_the_hub(served: Served) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    answer: dict[str, Any] = {"up_to_date": False}
    while not answer["up_to_date"] and time.monotonic() < deadline:
        answer = json.loads(served.get("/v2/campaigns/362/leads/changes").data)
        time.sleep(0.02)
    (entry,) = answer["data"]
    assert entry["lead"]["fields"]["source"]["slug"] == "west"
    assert entry["version"] == 2


def test_a_body_that_trickles_in_is_refused_and_cut_off(served: Served) -> None:
    def head(method: str, path: str) -> bytes:
        lines = [f"{method} /v2/campaigns/362/leads{path} HTTP/1.1", "Host: x"]
        lines += [f"Authorization: Bearer {served.token}", "Content-Length: 100"]
        lines += ["Content-Type: application/json", "", "{"]
        return "\r\n".join(lines).encode()

    for method, path, status in [
        ("POST", "", b"408"),
        ("POST", "/batch", b"408"),
        ("PATCH", "/1", b"408"),
        # Nobody waits for this one's body: it is answered, and then cut off.
        ("GET", "", b"200"),
    ]:
        started = time.monotonic()
        answer = served.trickle(head(method, path))
        assert time.monotonic() - started < 8
        assert answer.split(b" ", 2)[1] == status, answer
        if status == b"408":
            assert b"body_too_slow" in answer
            assert b"connection: close" in answer.lower()
    page = json.loads(served.get("/v2/campaigns/362/leads").data)
    assert page["pagination"]["total"] == 1


def test_figures_are_those_of_all_processes(served: Served) -> None:
    for _ in range(20):
        assert served.get("/v2/me").status == 200

    def counted() -> float:
        answer = served.get("/metrics", Authorization=f"Bearer {METRICS_TOKEN}")
        (line,) = [
            line
            for line in answer.data.decode().splitlines()
            if line.startswith("leadwell_request_seconds_count") and '"/v2/me"' in line
        ]
        return float(line.rpartition(" ")[2])

    # A process counts a request once it is answered, while another may be asked.
    until(lambda: counted() >= 20)


@pytest.mark.proof
def test_a_worker_that_starts_slowly_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine, importing takes longer than uvicorn waits for a worker."""
    monkeypatch.setattr(served_module, "START_TIMEOUT_S", 120)
    token = a_folder(tmp_path)
    slow = (
        "import sys, time\n"
        "if any('spawn_main' in each for each in sys.orig_argv): time.sleep(12)\n"
    )
    hub = a_hub(tmp_path, token, workers=2, first=slow)
    try:
        assert hub.get("/v2/campaigns/362/leads").status == 200
    finally:
        hub.kill()
