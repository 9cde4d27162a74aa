"""A webhook: an address that is told that a token has something new to read.

It is sent no lead: a message says where its receiver reads on, with its own token. The
messages are those of Standard Webhooks (https://www.standardwebhooks.com).
"""

import base64
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from leadwell.errors import MalformedValue

URL_CHARACTERS_MAX = 2_000
SECRET_PREFIX = "whsec_"  # noqa: S105 - every one begins so
_ID = re.compile(r"[0-9A-Za-z]{8}")
PAUSES_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""How long after each failure it is tried again: for three days and a few hours."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as the hub keeps it."""

    campaign_id: int
    id: str
    lineage: str
    """The token, with its rotations, whose changes it tells."""
    url: str
    created_at: datetime
    seq: int
    """The newest change that its receiver has been told of."""
    cursor: str
    """Where the receiver reads on from there."""
    message: str | None = None
    """The id of what is being told; the same for each try of it."""
    attempts: int = 0
    """How often that was tried in vain."""
    next_at: int = 0
    """It is not tried before, in microseconds since 1970."""
    failing_since: datetime | None = None
    ended_at: datetime | None = None
    """When it was switched off, or given up."""
    is_test: bool = False
    """Whether somebody asked for a message to see if it arrives."""

    @property
    def origin(self) -> str:
        """What may be told of its address: the path is often a password."""
        return urlsplit(self.url).netloc

    @property
    def key(self) -> tuple[int, str]:
        """What tells it from every other webhook."""
        return self.campaign_id, self.id


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to tell a webhook something."""

    at: datetime
    message: str
    kind: str
    """`leads.changed` or `test`."""
    status: int | None
    """The status that was answered; `None`: nothing was."""
    ms: int
    said: str
    """What went wrong; empty: it arrived."""
    cursor: str
    """Where the receiver was told to read on."""


def secret_of(key: bytes, campaign_id: int, hook_id: str) -> str:
    """Return the secret that a webhook's messages are signed with.

    It comes from the instance key, so that no database holds it. The id comes from a
    form, and can be that of another campaign's webhook.
    """
    text = f"webhook {campaign_id} {hook_id}"
    digest = hmac.digest(key, text.encode(), "sha256")
    return SECRET_PREFIX + base64.b64encode(digest).decode()


def pause_us(attempts: int) -> int | None:
    """Return how long to wait after so many failures, in microseconds.

    `None`: it has been tried for long enough.
    """
    if attempts > len(PAUSES_S):
        return None
    return PAUSES_S[attempts - 1] * 1_000_000


def is_id(text: str) -> bool:
    """Whether the text has the shape of a webhook's id."""
    return _ID.fullmatch(text) is not None


def check_url(url: str) -> None:
    """Refuse what can be no address of a receiver.

    Raises:
        MalformedValue: it is none; what it leads to is looked at when it is used.
    """
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole, parts = False, urlsplit("")
    is_plain = url.isascii() and url.isprintable() and " " not in url
    is_short = len(url) <= URL_CHARACTERS_MAX
    if not (is_whole and is_plain and is_short and parts.scheme in {"http", "https"}):
        raise MalformedValue(
            "this is no address of a webhook",
            hint="for instance https://automation.example.com/hooks/leads",
        )
    if "@" in parts.netloc:
        raise MalformedValue(
            "the address holds a name or a password",
            hint="leave it out: messages are signed, which proves their sender",
        )
