"""Read what a token may do from words, and tell what it may do."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_network

from leadwell.errors import MalformedValue, Refused, UsageError
from leadwell.model.campaign import Attribute, Campaign, Column
from leadwell.model.query import Condition
from leadwell.model.token import Token
from leadwell.schema import querystring, question, times
from leadwell.schema.question import selection
from leadwell.store import filters
from leadwell.store.connection import Connection

DAYS_DEFAULT = 90
"""How long a token lives unless somebody says otherwise."""
OVERLAP_MAX = timedelta(days=7)
RATE_MAX = 1_000_000
_SPAN = re.compile(r"(\d{1,4})([hd])", re.ASCII)


def expiry(text: str | None, now: datetime) -> datetime | None:
    """Read `90d`, `12h`, a date or `never`; without a text it is 90 days from now.

    Raises:
        UsageError: it is none of these, or lies in the past.
    """
    if text == "never":
        return None
    span = _SPAN.fullmatch(text or f"{DAYS_DEFAULT}d")
    try:
        at = now + _length(span) if span else times.read(text or "")
    except MalformedValue:
        raise UsageError(
            f"{text!r} is no expiry", hint="write 90d, 12h, 2027-01-01 or never"
        ) from None
    if at <= now:
        raise UsageError(f"{text} lies in the past", hint="write 90d or a later date")
    return at


def overlap_of(text: str) -> timedelta:
    """Read how long an old token goes on working: `0h` to `7d`.

    Raises:
        UsageError: it is no such span.
    """
    span = _SPAN.fullmatch(text)
    length = _length(span) if span else None
    if length is None or length > OVERLAP_MAX:
        raise UsageError(f"{text!r} is no overlap", hint="write 0h, 24h or up to 7d")
    return length


def addresses_of(given: Iterable[str]) -> tuple[str, ...]:
    """Read CIDR blocks; an empty text lifts the restriction.

    Raises:
        UsageError: one is no block of addresses.
    """
    try:
        return tuple(str(ip_network(block, strict=False)) for block in given if block)
    except ValueError as error:
        raise UsageError(f"{error}", hint="write 192.0.2.7 or 192.0.2.0/24") from None


def rate_of(given: int) -> int:
    """Read how many points a token may spend each second; 0: any number.

    Raises:
        UsageError: it is less, or more than any hub serves.
    """
    if not 0 <= given <= RATE_MAX:
        raise UsageError(
            f"{given} is no rate", hint=f"write 0 for none, or 1 to {RATE_MAX:,}"
        )
    return given


def conditions_of(campaign: Campaign, text: str) -> tuple[Condition, ...]:
    """Read conditions; none at all would let a token see every lead.

    Raises:
        UsageError: there is no condition, or bytes that are no text.
        InvalidQuestion: a condition cannot be understood.
    """
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise UsageError("the filter is not UTF-8") from None
    asked = question.conditions(campaign, querystring.decode(raw))
    if not asked:
        raise UsageError(
            f"{text!r} has no condition, so it would match every lead",
            hint="write conditions: source=partner-west&budget[gte]=500",
        )
    return asked


def filter_id(
    connection: Connection, campaign: Campaign, text: str, now: int
) -> int | None:
    """Return the saved filter of this name, or keep the conditions as an unnamed one.

    Raises:
        InvalidQuestion: it is neither a name nor conditions.
    """
    if not text:
        return None
    named = filters.find_named(connection, campaign, text)
    if named is not None:
        return named.id
    asked = conditions_of(campaign, text)
    return filters.keep(connection, campaign, None, asked, now).id


def readable_of(campaign: Campaign, text: str) -> frozenset[int | Attribute] | None:
    """Read the names of fields and attributes; an empty text means all of them.

    Raises:
        UnknownParameter: there is no such field.
    """
    if not text:
        return None
    shown = selection.shown(campaign, text)
    ids = {campaign.field_by_slug[slug].id for slug in shown.fields}
    return frozenset({*ids, *shown.attributes})


def check_writable(connection: Connection, campaign: Campaign, token: Token) -> None:
    """Refuse a writing token that hides what it would have to write.

    Raises:
        Refused: it hides a required field, or one that its own filter asks for.
    """
    if not token.may_write or token.readable is None:
        return
    needed = {field.id for field in campaign.fields if field.required}
    if token.filter_id is not None:
        kept = filters.find(connection, campaign, token.filter_id)
        asked = (condition.field for condition in kept.conditions)
        needed |= {ref for ref in asked if not isinstance(ref, Column)}
    hidden = sorted(needed - token.readable)
    if hidden:
        slugs = ", ".join(campaign.field_by_id[ref].slug for ref in hidden)
        raise Refused(
            f"the token {token.name!r} may write, but not see {slugs}",
            hint="let it see them: they are required, or its filter asks for them",
        )


def state_of(token: Token, now: datetime) -> str:
    """Say where a token stands: open, expired, revoked, or exposed in a URL."""
    if token.revoked_at is not None:
        return "revoked"
    if not token.is_open(now):
        return "expired"
    return "exposed in a URL" if token.exposed_at is not None else "open"


def _length(span: re.Match[str]) -> timedelta:
    number = int(span[1])
    return timedelta(days=number) if span[2] == "d" else timedelta(hours=number)
