"""Send to an address that somebody has typed in, and to nothing that it hides.

Its name is resolved once, every address that it has must be a public one, and the
connection goes to the address that was looked at (SSRF, CWE-918). No redirect is
followed, and nobody is waited for for long.
"""

import socket
import ssl
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Event, Timer
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from leadwell.errors import Refused, UsageError

Network: TypeAlias = IPv4Network | IPv6Network
CONNECT_S = 5.0
"""How long a connection may take, and each byte that is waited for."""
WHOLE_S = 15.0
"""After so long the connection is cut off, whatever still trickles in."""
_PORTS = {"http": 80, "https": 443}
_HIDING = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")))
"""Addresses of IPv6 that stand for one of IPv4, which may be any."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an address answered."""

    status: int | None
    said: str
    """What went wrong; empty: it took the message."""
    ms: int


def networks_of(text: str) -> tuple[Network, ...]:
    """Read CIDR blocks with commas between them.

    Raises:
        UsageError: one of them is none.
    """
    try:
        return tuple(
            ip_network(part.strip()) for part in text.split(",") if part.strip()
        )
    except ValueError as error:
        raise UsageError(
            f"the setting webhook_networks is {text!r}: {error}",
            hint="for instance 10.0.0.0/8,192.168.1.20/32",
        ) from None


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    allowed: Sequence[Network],
    whole_s: float = WHOLE_S,
) -> Outcome:
    """Send a message; whatever goes wrong is told, and nothing is raised.

    Args:
        allowed: networks that may be reached though they are no public ones
        whole_s: after so long the connection is cut off
    """
    started = time.monotonic()
    try:
        parts = urlsplit(url)
        with _cut_after(_connection(parts, _address(parts, allowed)), whole_s) as line:
            status = _status(line, parts, body, headers)
        said = "" if 200 <= status < 300 else f"it answered {status}"
    except (Refused, OSError, ssl.SSLError, ValueError) as error:
        status, said = None, _told(error)
    except urllib3.exceptions.HTTPError as error:
        status, said = None, _told(error)
    return Outcome(status, said, round((time.monotonic() - started) * 1_000))


def check(url: str, allowed: Sequence[Network]) -> None:
    """Refuse an address now that nothing would be sent to.

    A name that nobody knows yet is let pass: it may be made known later.

    Raises:
        Refused: one of the addresses of the host may not be reached.
    """
    with suppress(OSError, ValueError):
        _address(urlsplit(url), allowed)


def _address(parts: SplitResult, allowed: Sequence[Network]) -> str:
    """Return the address to connect to.

    Raises:
        Refused: one of the addresses of the host may not be reached.
        OSError: it has none.
    """
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]).partition("%")[0] for each in found]
    for text in addresses:
        if any(ip_address(text) in network for network in allowed):
            continue
        if not _is_public(text):
            raise Refused(
                "its address is no public one",
                hint="whoever operates the hub may name its network in "
                "LEADWELL_WEBHOOK_NETWORKS",
            )
        if parts.scheme != "https":
            raise Refused("its address begins with http, and has to with https")
    return addresses[0]


def _is_public(text: str) -> bool:
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(str(address.ipv4_mapped))
        if any(address in network for network in _HIDING):
            return False
    return address.is_global and not address.is_multicast


def _status(
    line: HTTPConnection, parts: SplitResult, body: bytes, headers: Mapping[str, str]
) -> int:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    own = {"Host": parts.netloc, "User-Agent": f"leadwell/{version('leadwell')}"}
    line.request("POST", path, body, {**own, **headers}, preload_content=False)
    return line.getresponse().status


@contextmanager
def _cut_after(line: HTTPConnection, whole_s: float) -> Generator[HTTPConnection]:
    """Use a connection, and cut it off in the end, or after so long.

    A trickle of bytes would meet every deadline for a single one.
    """
    is_late = Event()
    watch = Timer(whole_s, _cut, [line, is_late])
    watch.start()
    try:
        yield line
    finally:
        watch.cancel()
        line.close()
    # A head that was cut off in its middle would be taken for a whole one.
    if is_late.is_set():
        raise TimeoutError


def _connection(parts: SplitResult, address: str) -> HTTPConnection:
    port = parts.port or _PORTS[parts.scheme]
    if parts.scheme == "http":
        return HTTPConnection(address, port, timeout=CONNECT_S)
    return HTTPSConnection(
        address,
        port,
        timeout=CONNECT_S,
        server_hostname=parts.hostname,
        assert_hostname=parts.hostname,
        ssl_context=ssl.create_default_context(),
    )


def _cut(line: HTTPConnection, is_late: Event) -> None:
    is_late.set()
    held = line.sock
    if held is not None:
        with suppress(OSError):
            held.shutdown(socket.SHUT_RDWR)


def _told(error: Exception) -> str:
    if isinstance(error, Refused):
        return error.detail
    if isinstance(error, ssl.SSLError):
        return f"its certificate does not hold: {error.reason or error}"[:200]
    if isinstance(error, socket.gaierror):
        return "there is no such host"
    if isinstance(error, TimeoutError):
        return "it took too long"
    return f"it could not be reached: {error}"[:200]
