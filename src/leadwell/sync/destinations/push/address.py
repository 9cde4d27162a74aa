"""Where leads may be sent to, and what sends them there."""

from importlib.metadata import version
from ipaddress import ip_address
from urllib.parse import urlsplit

from leadwell.client import configured
from leadwell.client.sending import Sender
from leadwell.client.wire.address import Address
from leadwell.errors import UsageError


def check_address(url: str, what: str) -> None:
    """Refuse what leads may not be sent to.

    Raises:
        UsageError: it is no address, holds a password, or would show leads to others.
    """
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole, parts = False, urlsplit("")
    is_plain = url.isprintable() and " " not in url
    if not is_whole or not is_plain or parts.scheme not in {"http", "https"}:
        hint = "for instance https://automation.example.com/hooks/leads"
        raise UsageError(f"the address of {what} is none", hint=hint)
    if "@" in parts.netloc:
        raise UsageError(
            f"the address of {what} holds a name or a password",
            hint="put the address into a variable: env:NAME",
        )
    if parts.scheme == "http" and not _is_here(parts.hostname or ""):
        raise UsageError(
            f"the address of {what} is http, so others would see the leads",
            hint="use https; http is for this very machine alone",
        )


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def sender_to(url: str, timeout_s: float) -> Sender:
    """Return what sends to a receiver, with nothing that is meant for a hub."""
    headers = {
        "Accept": "application/json",
        "User-Agent": f"leadwell/{version('leadwell')}",
    }
    proxy = configured.proxy_of(Address(origin_of(url)))
    return Sender(headers, timeout_s, proxy)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
