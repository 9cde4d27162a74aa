"""The hub as a real process, spoken to through real sockets."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests import make
from tests.served import START_TIMEOUT_S, Served, a_folder, a_hub


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    hub = a_hub(tmp_path, a_folder(tmp_path), workers=request.param)
    yield hub
    hub.stop()


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


def test_an_answered_lead_survives_a_kill(served: Served, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{served.port}/v2/campaigns/362/leads"
    headers = {"Authorization": f"Bearer {served.token}"}
    body = {"fields": {"name": "Kept"}}
    answer = urllib3.request("POST", url, json=body, headers=headers, retries=False)
    served.process.send_signal(signal.SIGKILL)
    served.process.wait()

    assert answer.status == 201
    database = make.a_database_again(tmp_path / "leads.db")
    with database.reading() as connection:
        rows = connection.rows("SELECT count(*) FROM lead")
    database.close()
    assert rows == [(2,)]


def test_a_hub_that_is_told_to_stop_ends_well(served: Served) -> None:
    assert served.get("/v2/me").status == 200
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(timeout=START_TIMEOUT_S) in {0, -signal.SIGTERM}
