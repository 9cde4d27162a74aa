"""Every bad input that is known, sent to a real process over real sockets."""

import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from leadwell.api.hub import Hub
from leadwell.model.keyring import Keyring
from tests import make
from tests.bad import ROWS
from tests.bad.stage import PRIVATE, TYPED, Stage, a_stage
from tests.recording import recorded
from tests.served import KEY, Served, a_hub

URL = "http://127.0.0.1"
BROKEN = 400
"""What the server itself says of a request that is no HTTP."""


def a_folder(folder: Path) -> Stage:
    (folder / "leads.db.key").write_text(KEY.hex())
    database = make.a_database(folder / "leads.db")
    hub = Hub(database, Keyring.of(KEY), lambda: datetime.now(UTC), URL)
    stage = a_stage(hub, database, KEY)
    database.close()
    return stage


def send(hub: Served, request: httpx2.Request) -> int:
    """Send a request byte for byte, and return the status of what comes back."""
    given = [(name, value) for name, value in request.headers.raw if name != b"Host"]
    given += [(b"Host", b"127.0.0.1"), (b"Connection", b"close")]
    head = b"%s %s HTTP/1.1\r\n" % (request.method.encode(), request.url.raw_path)
    lines = b"".join(b"%s: %s\r\n" % pair for pair in given)
    with socket.create_connection(("127.0.0.1", hub.port), 30) as opened:
        # It may refuse before it has read all of the body: the answer is there.
        with suppress(ConnectionError):
            opened.sendall(head + lines + b"\r\n" + request.content)
        return int(opened.recv(65_536).split(b" ", 2)[1])


@pytest.mark.proof
def test_no_bad_input_stops_a_hub_or_is_logged(tmp_path: Path) -> None:
    stage = a_folder(tmp_path)
    hub = a_hub(tmp_path, stage.tokens["writer"], LEADWELL_METRICS_TOKEN="")
    try:
        with recorded("bad input", on="a hub of its own") as counts:
            for row in ROWS:
                status = send(hub, stage.request(row, URL))
                assert status in {row.status, BROKEN}, row
                assert hub.process.poll() is None
                counts["requests"] += 1
        assert send(hub, stage.good(URL)) == 200
        assert hub.request("GET", "/v2/campaigns/362/leads").json()["data"]
    finally:
        hub.stop()
    log = (tmp_path / "log").read_text()
    assert len(log.splitlines()) > len(ROWS)
    assert "Traceback" not in log
    for secret in (*PRIVATE, TYPED, *stage.tokens.values(), stage.feed):
        assert secret not in log
