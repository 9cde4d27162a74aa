"""A hub at an address: the way to it, and what the token may see there."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from leadwell.client import Leadwell, Retry, address, configured
from leadwell.client.calls.reading import One
from leadwell.client.sending import Sender
from leadwell.client.wire.answer import Answer, Fault, checked, decoded
from leadwell.client.wire.arriving import headers_of
from leadwell.client.wire.retry import Request
from leadwell.errors import Kind, LeadwellError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadwell.client.wire.address import Address

TIMEOUT_S = 10.0
SKEW_S = 30.0
"""More than clocks differ that somebody sets."""
CERTIFICATE_DAYS = 14
"""Whoever renews by hand needs about so long."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    state: str
    """`ok`, `warn` or `fail`."""
    what: str
    said: str
    """What there is, and what to do about it."""


def checkup(url: str, token: str, to: str) -> Iterator[Finding]:
    """Yield what there is to say, in the order in which a request goes.

    What cannot be looked at, as something before it failed, is left out.

    Raises:
        UsageError: the address or the token cannot be one.
    """
    place = address.read(url)
    proxy = configured.proxy_of(place)
    yield _proxy(proxy)
    if proxy is None:
        reached = list(_way(place))
        yield from reached
        if any(finding.state == "fail" for finding in reached):
            return
    sender = Sender(headers_of(token, is_here=place.is_here), TIMEOUT_S, proxy)
    answer = sender.send(Request("GET", place.at("/v2/me")))
    sender.close()
    if isinstance(answer, Fault):
        said = f"{answer.what}: look at the hub, and at what stands before it"
        yield Finding("fail", "answer", said)
        return
    yield from _answered(answer)
    try:
        scope = _token(decoded(checked(answer), One).data, place.campaign_id)
        yield scope
        if place.campaign_id is not None and scope.state == "ok":
            yield from _Campaign(url, token, to).findings()
    except LeadwellError as error:
        is_token = error.kind in {Kind.UNAUTHENTICATED, Kind.FORBIDDEN}
        yield Finding("fail", "token" if is_token else "answer", error.detail)


def _proxy(proxy: str | None) -> Finding:
    if proxy is None:
        return Finding("ok", "proxy", "none; HTTPS_PROXY and NO_PROXY would name one")
    parts = urlsplit(proxy)
    # Without the name and the password that it may have.
    port = f":{parts.port}" if parts.port else ""
    said = f"{parts.scheme}://{parts.hostname}{port}, which looks the hub's name up"
    return Finding("ok", "proxy", f"{said}; NO_PROXY excepts hosts")


def _way(place: Address) -> Iterator[Finding]:
    """Look the name up, connect, and look at the certificate."""
    parts = urlsplit(place.url)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        said = f"{host} is not known ({error.strerror}): check the name, and the DNS"
        yield Finding("fail", "name", said)
        return
    addresses = sorted({str(each[4][0]) for each in found})
    yield Finding("ok", "name", f"{host}: {', '.join(addresses)}")
    try:
        with socket.create_connection((host, port), TIMEOUT_S) as connection:
            yield Finding("ok", "connection", f"port {port} answers")
            if is_tls:
                yield _certificate(connection, host)
    except ssl.SSLCertVerificationError as error:
        said = f"{error.verify_message}: have it renewed, or correct the address"
        yield Finding("fail", "certificate", said)
    except OSError as error:
        said = f"port {port}: {error.strerror or error}; is the hub running, and the "
        yield Finding("fail", "connection", f"{said}port open to this machine?")
    if not is_tls and not place.is_here:
        said = "none, as the address is http: others see token and leads. Use https"
        yield Finding("warn", "certificate", said)


def _certificate(connection: socket.socket, host: str) -> Finding:
    context = ssl.create_default_context()
    with context.wrap_socket(connection, server_hostname=host) as secured:
        held: dict[str, Any] = dict(secured.getpeercert() or {})
    ends = ssl.cert_time_to_seconds(held["notAfter"])
    days = int((ends - time.time()) // 86_400)
    names = {key: text for part in held.get("issuer", ()) for key, text in part}
    issuer = names.get("organizationName") or names.get("commonName", "?")
    said = f"trusted, of {issuer}, valid for {days} days"
    if days < CERTIFICATE_DAYS:
        return Finding("warn", "certificate", f"{said}: have it renewed")
    return Finding("ok", "certificate", said)


def _answered(answer: Answer) -> Iterator[Finding]:
    request_id = answer.headers.get("x-request-id", "none")
    yield Finding("ok", "answer", f"status {answer.status}, request id {request_id}")
    yield _clock(answer)
    limits = [
        f"{name}: {text}"
        for name, text in sorted(answer.headers.items())
        if "ratelimit" in name or name == "retry-after"
    ]
    yield Finding("ok", "limits", "; ".join(limits) or "none told by headers")


def _clock(answer: Answer) -> Finding:
    try:
        told = parsedate_to_datetime(answer.headers.get("date", ""))
        skew_s = (told - answer.received_at).total_seconds()
    except (ValueError, TypeError):
        said = "the answer has no Date: something before the hub removes it"
        return Finding("warn", "clock", said)
    if abs(skew_s) > SKEW_S:
        side = "ahead of" if skew_s > 0 else "behind"
        said = f"the hub is {abs(skew_s):,.0f} s {side} this machine: set both by NTP"
        return Finding("warn", "clock", f"{said}; the sync goes by the hub's")
    return Finding("ok", "clock", f"within {SKEW_S:.0f} s of this machine's")


def _token(me: dict[str, Any], campaign_id: int | None) -> Finding:
    token = me.get("token", {})
    campaigns = [each["id"] for each in me.get("campaigns", [])]
    parts = [
        f"{token.get('name')} ({token.get('id')})",
        f"may {' and '.join(token.get('rights', []))}",
        f"campaigns {', '.join(map(str, campaigns[:10])) or 'none'}",
        f"filter {me.get('filter') or 'none'}",
        f"fields {', '.join(me.get('fields') or ()) or 'all'}",
        f"expires {token.get('expires_at') or 'never'}",
    ]
    if campaign_id is not None and campaign_id not in campaigns:
        said = f"it does not see campaign {campaign_id}: ask for one that does"
        return Finding("fail", "token", f"{'; '.join(parts)}; {said}")
    return Finding("ok", "token", "; ".join(parts))


@dataclass(frozen=True)
class _Campaign:
    url: str
    token: str
    to: str

    def findings(self) -> Iterator[Finding]:
        # One that does not answer is told at once: nobody waits at a check-up.
        retry = Retry(tries_max=2)
        with Leadwell(self.url, self.token, retry=retry, timeout_s=TIMEOUT_S) as hub:
            campaign = hub.campaign()
            schema = campaign.schema()
            total = campaign.page(per_page=1).total
        said = f"{schema.get('name')}: {total:,} leads, {len(schema['fields'])} fields"
        yield Finding("ok", "campaign", f"{said}, schema {schema.get('version')}")
        if self.to:
            try:
                yield self._copy(schema)
            except LeadwellError as error:
                yield Finding("fail", "copy", error.detail)

    def _copy(self, schema: dict[str, Any]) -> Finding:
        from leadwell.sync.destinations import named

        copy = named(self.to).look()
        state = None
        if copy is not None:
            with copy:
                state = copy.state()
        if state is None:
            said = f"{self.to} is not there yet: leadwell sync makes it"
            return Finding("warn", "copy", said)
        if state.campaign_id != schema["campaign_id"]:
            said = f"{self.to} is no copy of this campaign: name another place"
            return Finding("fail", "copy", said)
        drift = ", ".join(_drift(state.schema, schema))
        told = f"{self.to}, stored {state.synced_at}"
        if drift:
            said = f"{told}; since then {drift}: the next sync takes that over"
            return Finding("warn", "copy", said)
        ending = "up to date" if state.is_up_to_date else "not up to date: sync again"
        return Finding("ok", "copy", f"{told}, of the same schema, then {ending}")


def _drift(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Say how two schemas differ, as far as a table's columns go."""
    old, new = _types(before), _types(after)
    yield from (f"field {slug} came" for slug in new if slug not in old)
    yield from (f"field {slug} went" for slug in old if slug not in new)
    for slug in old.keys() & new.keys():
        if old[slug] != new[slug]:
            yield f"field {slug} became {new[slug]}"
    if before.get("version") != after.get("version") and old == new:
        yield "labels, options or statuses were edited"


def _types(schema: dict[str, Any]) -> dict[str, str]:
    return {each["slug"]: each["type"] for each in schema.get("fields", ())}
