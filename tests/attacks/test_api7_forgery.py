"""OWASP API7, server side request forgery: what a webhook's address has the hub ask."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from leadwell.errors import MalformedValue
from leadwell.model.hook import check_url
from leadwell.server.outgoing import sending
from leadwell.server.outgoing.sending import networks_of, post
from leadwell.testing import FaultServer, Reply, Request
from tests.attacks.place import Patch, Plant

CONNECT = "urllib3.util.connection.create_connection"
HOSTS = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0"),
    *("127.0.0.1.", "localhost", "LOCALHOST.", "0.0.0.0"),  # noqa: S104
    *("10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.0.1", "100.64.0.1"),
    *("169.254.169.254", "169.254.170.2", "198.18.0.1", "192.0.0.192", "224.0.0.1"),
    *("255.255.255.255", "240.0.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]"),
    *("[::ffff:169.254.169.254]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]"),
    *("[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[ff02::1]"),
    *("[2001:db8::1]", "[::127.0.0.1]"),
]
"""Addresses of what stands beside a hub, however they are written."""
ADDRESSES = [
    *("file:///etc/passwd", "gopher://127.0.0.1/", "ftp://a.example/", "//a.example"),
    *("https://", "https://user:secret@a.example/", "https://a.example:0/"),
    *(
        "https://a.example\\@127.0.0.1/ ",
        "https://a.example/\r\nHost: b",
        "javascript:1",
    ),
]


@pytest.fixture
def beside() -> Iterator[FaultServer]:
    """Something that stands beside the hub, and that nobody may have it ask."""
    with FaultServer(lambda _: Reply(204)) as server:
        yield server


def asked(server: FaultServer, host: str) -> None:
    port = server.url.rpartition(":")[2]
    for scheme in ("http", "https"):
        outcome = post(f"{scheme}://{host}:{port}/", b"{}", {}, (), whole_s=2)
        assert outcome.status is None, host
    assert server.requests == []


@pytest.mark.parametrize("host", HOSTS)
def test_what_stands_beside_the_hub_is_not_asked(
    beside: FaultServer, host: str
) -> None:
    asked(beside, host)


@pytest.mark.parametrize("url", ADDRESSES)
def test_what_is_no_address_is_not_kept(url: str) -> None:
    with pytest.raises(MalformedValue):
        check_url(url)


def flips(server: FaultServer, patch: Patch) -> None:
    """A name that is public when it is looked at, and leads inside when it is used."""
    looked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        looked.append(host)
        address = "93.184.215.14" if len(looked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    connected: list[str] = []

    def connect(place: tuple[str, int], *_: Any, **__: Any) -> Any:
        connected.append(place[0])
        raise TimeoutError

    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    patch.setattr(CONNECT, connect)
    port = server.url.rpartition(":")[2]
    post(f"https://flips.example:{port}/", b"{}", {}, ())
    assert connected == ["93.184.215.14"]


def leads_inside(server: FaultServer, patch: Patch) -> None:
    """A receiver that redirects: it is a failure, and nobody follows."""
    del patch
    here = networks_of("127.0.0.0/8")

    def away(_: Request) -> Reply:
        return Reply(307, {"location": f"{server.url}/inside"})

    with FaultServer(away) as receiver:
        outcome = post(f"{receiver.url}/", b"{}", {}, here)
    assert (outcome.status, outcome.said) == (307, "it answered 307")
    assert server.requests == []


def one_inside_among_many(server: FaultServer, patch: Patch) -> None:
    """A name with several addresses, of which one is inside."""

    def getaddrinfo(_: str, port: int, *__: Any, **___: Any) -> list[Any]:
        found = ("93.184.215.14", "127.0.0.1")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found
        ]

    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    patch.setattr(CONNECT, _away)
    outcome = post("https://many.example/", b"{}", {}, (), whole_s=2)
    assert outcome.said.startswith("its address is no public one")
    assert server.requests == []


def _away(*_: Any, **__: Any) -> Any:
    raise TimeoutError


TRICKS = [flips, leads_inside, one_inside_among_many]


@pytest.mark.parametrize("trick", TRICKS, ids=lambda each: each.__name__)
def test_no_trick_leads_the_hub_inside(
    beside: FaultServer, monkeypatch: Patch, trick: Any
) -> None:
    trick(beside, monkeypatch)


def every_address_is_public(patch: Patch) -> None:
    patch.setattr(sending, "_is_public", lambda _text: True)


def the_first_address_alone(patch: Patch) -> None:
    """Look at the address that will be used, and let the others be."""

    def address(parts: Any, _allowed: Any) -> str:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443)
        return str(found[0][4][0])

    patch.setattr(sending, "_address", address)


def the_name_again(patch: Patch) -> None:
    """Check the address, and then connect to the name."""
    honest = sending._address

    def address(parts: Any, allowed: Any) -> str:
        honest(parts, allowed)
        return str(parts.hostname)

    patch.setattr(sending, "_address", address)


def on_to_where_it_leads(patch: Patch) -> None:
    def status(_line: Any, parts: Any, body: bytes, headers: Any) -> int:
        url = f"{parts.scheme}://{parts.netloc}{parts.path}"
        return urllib3.request("POST", url, body=body, headers=headers).status

    patch.setattr(sending, "_status", status)


@pytest.mark.parametrize(
    ("trick", "plant"),
    [
        (flips, the_name_again),
        (leads_inside, on_to_where_it_leads),
        (one_inside_among_many, the_first_address_alone),
    ],
    ids=lambda each: each.__name__,
)
def test_a_trick_that_works_would_be_found(
    beside: FaultServer, monkeypatch: Patch, trick: Any, plant: Plant
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        trick(beside, monkeypatch)


def test_an_address_beside_the_hub_would_be_found(
    beside: FaultServer, monkeypatch: Patch
) -> None:
    every_address_is_public(monkeypatch)
    monkeypatch.setattr(sending, "_PORTS", {"http": 80, "https": 443})
    honest = sending._address

    def address(parts: Any, allowed: Any) -> str:
        return honest(parts._replace(scheme="https"), allowed)

    monkeypatch.setattr(sending, "_address", address)
    with pytest.raises(AssertionError):
        asked(beside, "127.0.0.1")
