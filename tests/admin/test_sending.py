"""A hub asks no address that somebody could not ask by themselves (CWE-918)."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadwell.cli.app import main
from leadwell.errors import UsageError
from leadwell.server.outgoing.sending import networks_of, post
from leadwell.testing import FaultServer, Reply, Request
from tests import certificates

HERE = networks_of("127.0.0.0/8")


def taken(request: Request) -> Reply:
    del request
    return Reply(204)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(taken) as opened:
        yield opened


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",  # noqa: S104 - nobody listens there
        "2130706433",
        "0x7f000001",
        "127.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)
def test_what_stands_beside_the_hub_is_not_asked(
    host: str, server: FaultServer
) -> None:
    port = server.url.rpartition(":")[2]
    for scheme in ("http", "https"):
        outcome = post(f"{scheme}://{host}:{port}/", b"{}", {}, ())
        assert outcome.status is None
        assert outcome.said
    assert server.requests == []


def test_a_public_address_is_asked_over_tls_alone() -> None:
    outcome = post("http://192.88.99.9/", b"{}", {}, ())
    assert "https" in outcome.said


def test_what_is_allowed_is_asked(server: FaultServer) -> None:
    outcome = post(f"{server.url}/a?b=c", b"{}", {"X": "y"}, HERE)
    assert (outcome.status, outcome.said) == (204, "")
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/a?b=c")
    assert request.headers["x"] == "y"
    assert request.headers["host"] == server.url.partition("://")[2]


def test_nobody_is_led_elsewhere() -> None:
    def led(request: Request) -> Reply:
        del request
        return Reply(302, {"location": "http://169.254.169.254/"})

    with FaultServer(led) as server:
        outcome = post(server.url, b"{}", {}, HERE)
        assert outcome.said == "it answered 302"
        assert len(server.requests) == 1


def test_a_certificate_of_nobody_is_not_believed(tmp_path: Path) -> None:
    context = certificates.a_context(tmp_path, 9)
    with FaultServer(taken, tls=context) as server:
        outcome = post(server.url, b"{}", {}, HERE)
        assert outcome.status is None
        assert "certificate" in outcome.said


def test_a_host_that_is_away_or_unknown_is_told(server: FaultServer) -> None:
    with server.refusing():
        assert "could not be reached" in post(server.url, b"", {}, HERE).said
    assert post("https://nowhere.invalid/", b"", {}, ()).said == "there is no such host"


def test_who_trickles_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=_trickle, args=[listening], daemon=True)
        thread.start()
        outcome = post(f"http://127.0.0.1:{port}/", b"{}", {}, HERE, whole_s=0.3)
        assert outcome.status is None
        assert outcome.said
        thread.join(timeout=10)
        assert not thread.is_alive()


def _trickle(listening: socket.socket) -> None:
    opened, _ = listening.accept()
    with opened:
        try:
            opened.recv(65_536)
            opened.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                opened.sendall(b"X: y\r\n")
                threading.Event().wait(0.05)
        except OSError:
            return


def test_networks_are_read_and_told_if_they_are_none() -> None:
    assert networks_of("") == ()
    assert len(networks_of("10.0.0.0/8, 192.168.1.20/32")) == 2
    with pytest.raises(UsageError, match="webhook_networks"):
        networks_of("10.0.0.0/99")


def test_a_hub_does_not_start_with_networks_that_are_none(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADWELL_WEBHOOK_NETWORKS", "nonsense")
    with pytest.raises(SystemExit) as left:
        main(["serve", "--port", "0"])
    assert left.value.code == 2
    assert "webhook_networks" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
