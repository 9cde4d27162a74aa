"""Where a hub is: its address, taken apart and put together; never the token."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, urlencode, urljoin, urlsplit

from leadwell.errors import UsageError

Pairs = Iterable[tuple[str, str]]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_CAMPAIGN = re.compile(
    r"(?P<before>.*?)(?:/v2)?(?:/campaigns/(?P<id>[1-9]\d{0,9})(?:/leads)?)?/*",
    re.ASCII,
)
_HINT = "for instance https://leads.example.com, or …/v2/campaigns/362"


@dataclass(frozen=True, slots=True)
class Address:
    """A hub's own URL, without a slash at its end, and perhaps one campaign of it."""

    url: str
    campaign_id: int | None = None

    @property
    def is_here(self) -> bool:
        """Whether the hub runs on this very machine."""
        return _is_loopback(urlsplit(self.url).hostname or "")

    def at(self, path: str, pairs: Pairs = ()) -> str:
        """Return the URL of a path of this hub, with a query."""
        asked = urlencode(list(pairs), quote_via=quote, safe=",:")
        return f"{self.url}{path}?{asked}" if asked else f"{self.url}{path}"

    def onward(self, here: str, link: str) -> str | None:
        """Return where a link of an answer leads; `None`: to somebody else's host.

        The token goes to the hub that was named and to no other. The names that this
        machine has for itself are one: what leads there keeps the name that is used.
        """
        try:
            there = urlsplit(urljoin(here, link))
            is_ours = _origin(there) == _origin(urlsplit(self.url))
        except ValueError:
            return None
        own = urlsplit(self.url)
        moved = there._replace(scheme=own.scheme, netloc=own.netloc, fragment="")
        return moved.geturl() if is_ours else None


def read(url: str) -> Address:
    """Read the address of a hub, or of a campaign of it.

    Raises:
        UsageError: it is none. It is not repeated: somebody may have put the token in
            its place.
    """
    parts = _parts(url.strip())
    if parts is None:
        missing = "what was given as the hub's address is none"
        raise UsageError(missing if url else "there is no address of a hub", hint=_HINT)
    found = _CAMPAIGN.fullmatch(parts.path)
    before, campaign_id = (found["before"], found["id"]) if found else (parts.path, "")
    base = f"{parts.scheme}://{parts.netloc}{before}".rstrip("/")
    return Address(base, int(campaign_id) if campaign_id else None)


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        is_whole = parts.hostname is not None and parts.port != 0
    except ValueError:
        return None
    is_plain = parts.scheme in _DEFAULT_PORTS and not set("@?# \\") & set(url)
    return parts if is_whole and is_plain and url.isprintable() else None


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    host = (parts.hostname or "").lower()
    name = "localhost" if _is_loopback(host) else host
    # Whoever put a name and a password into a link means another server.
    scheme = "" if "@" in parts.netloc else parts.scheme
    return scheme, name, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
