"""The client that blocks: a hub, and the campaigns of it."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TypeVar

from leadwell.client import address
from leadwell.client.address import Address
from leadwell.client.calls import Page, Reading
from leadwell.client.feed import Changes, Digest
from leadwell.client.lead import Lead, Object
from leadwell.client.questions import Asked, Query
from leadwell.client.retry import Flow, Pause, Request, Retry
from leadwell.client.sending import Sender, headers_of
from leadwell.errors import UsageError

T = TypeVar("T")

URL, TOKEN = "LEADWELL_URL", "LEADWELL_TOKEN"
PATIENT = Retry()


class Leadwell:
    """A hub, asked with one token. Threads may share it."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        retry: Retry = PATIENT,
        timeout_s: float = 30.0,
    ) -> None:
        """Take what is not given from LEADWELL_URL and LEADWELL_TOKEN.

        Nothing is sent before something is asked. The URL may be that of a campaign.

        Raises:
            UsageError: there is no address, or no token.
        """
        self.address, secret = configured(url, token)
        self._retry = retry
        headers = headers_of(secret, is_here=self.address.is_here)
        self._sender = Sender(headers, timeout_s)

    def campaign(self, campaign_id: int | None = None) -> "Campaign":
        """Return a campaign; without an id the one that the URL names.

        Raises:
            UsageError: neither names one.
        """
        found = campaign_of(self.address, campaign_id)
        return Campaign(self, Reading(self.address, found, self._retry))

    def run(self, flow: Flow[T]) -> T:
        """Carry out a flow: send what it yields, and pause where it says so."""
        outcome = None
        try:
            while True:
                step = flow.send(outcome)
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    outcome = None
                else:
                    outcome = self._sender.send(step)
        except StopIteration as end:
            result: T = end.value
            return result

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()

    def __enter__(self) -> "Leadwell":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Campaign:
    """One campaign of a hub, as the token sees it."""

    def __init__(self, hub: Leadwell, reading: Reading) -> None:
        """Made by `Leadwell.campaign`."""
        self._hub = hub
        self._reading = reading

    @property
    def id(self) -> int:
        """The campaign's id."""
        return self._reading.campaign_id

    def schema(self) -> Object:
        """Return fields, options and statuses, with slugs, labels and types."""
        return self._hub.run(self._reading.schema())

    def leads(self, query: Query = (), /, **filters: Asked) -> Iterator[Lead]:
        """Iterate over the leads that match; pages are asked for as they are needed.

        In order of creation, each lead that matches throughout exactly once. Names
        that are no Python names are given as a mapping: `{"budget[gte]": 500}`.
        `_sort`, `_fields`, `_q`, `_tz` and `per_page` work as in the API.

        Raises:
            QuestionRefused: the hub does not understand it; `problems` says why.
        """
        return self._walk(self._reading.first_page(query, filters))

    def page(self, query: Query = (), /, **filters: Asked) -> Page:
        """Return one page of leads, the first unless `page` says another."""
        asked: dict[str, Asked] = {"page": 1} | filters
        first = self._reading.first_page(query, asked)
        return self._hub.run(self._reading.page(first))

    def lead(self, lead_id: int) -> Lead:
        """Return one lead.

        Raises:
            NotFound: there is none, or none that the token may see.
        """
        return self._hub.run(self._reading.lead(lead_id))

    def changes(
        self,
        cursor: str | None = None,
        *,
        limit: int = 500,
        wait_s: int = 0,
        digest: bool = False,
        query: Query = (),
    ) -> Changes:
        """Return what changed since a cursor; without one, the whole visible set first.

        Apply the entries in their order and keep the cursor with them; each may be
        applied twice. `wait_s` (at most 60) waits for news. `digest` adds count and
        digest to an answer that is up to date.

        Raises:
            CursorLost: begin anew without a cursor, and remove what is not told again.
        """
        flow = self._reading.changes(cursor, limit, wait_s, query, digest=digest)
        return self._hub.run(flow)

    def digest(
        self,
        query: Query = (),
        buckets: int | None = None,
        bucket: int | None = None,
    ) -> Digest:
        """Return what the visible leads add up to, to compare a copy with.

        `buckets=256` answers one for each `id mod 256`, `bucket` lists one's leads.
        """
        return self._hub.run(self._reading.digest(query, buckets, bucket))

    def typed(self, raw: Sequence[Object]) -> list[Lead]:
        """Read leads of the change feed by the campaign's schema as it is now."""
        return self._hub.run(self._reading.typed(raw))

    def _walk(self, first: Request) -> Iterator[Lead]:
        page = self._hub.run(self._reading.page(first))
        while True:
            yield from page.leads
            if page.next_url is None:
                return
            request = replace(first, url=page.next_url)
            page = self._hub.run(self._reading.page(request))


def configured(url: str | None, token: str | None) -> tuple[Address, str]:
    """Return where the hub is and the token, from what is given or the environment.

    Raises:
        UsageError: one of them is missing or cannot be one.
    """
    place = address.read(os.environ.get(URL, "") if url is None else url)
    secret = (os.environ.get(TOKEN, "") if token is None else token).strip()
    if not secret:
        raise UsageError("there is no token", hint=f"set {TOKEN}")
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise UsageError("what was given as token is none", hint="lw_…, on one line")
    return place, secret


def campaign_of(place: Address, campaign_id: int | None) -> int:
    """Return the campaign that is meant.

    Raises:
        UsageError: none is named, or two different ones.
    """
    named = place.campaign_id
    if campaign_id is None and named is None:
        raise UsageError("no campaign is named", hint="hub.campaign(362)")
    if None not in (campaign_id, named) and campaign_id != named:
        message = f"campaign {campaign_id} is asked at the address of {named}"
        raise UsageError(message, hint="give the address of the hub alone")
    return campaign_id or named or 0
