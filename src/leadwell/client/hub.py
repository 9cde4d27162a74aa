"""The client that blocks."""

import time
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import TypeVar

from leadwell.client import configured
from leadwell.client.calls.access import Access
from leadwell.client.calls.reading import Reading
from leadwell.client.campaign import Campaign
from leadwell.client.lead import Object
from leadwell.client.sending import Sender
from leadwell.client.wire.arriving import headers_of
from leadwell.client.wire.retry import PATIENT, Flow, Pause, Retry

T = TypeVar("T")


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
        self.address, secret = configured.place_and_token(url, token)
        self._retry = retry
        headers = headers_of(secret, is_here=self.address.is_here)
        proxy = configured.proxy_of(self.address)
        self._sender = Sender(headers, timeout_s, proxy)
        self._access = Access(self.address, retry)

    def campaign(self, campaign_id: int | None = None) -> Campaign:
        """Return a campaign; without an id the one that the URL names.

        Raises:
            UsageError: neither names one.
        """
        found = configured.campaign_of(self.address, campaign_id)
        return Campaign(self, Reading(self.address, found, self._retry))

    def campaigns(self) -> Iterator[Object]:
        """Iterate over the campaigns that the token may see."""
        first = self._access.first()
        found, next_url = self.run(self._access.campaigns(first))
        while True:
            yield from found
            if next_url is None:
                return
            request = replace(first, url=next_url)
            found, next_url = self.run(self._access.campaigns(request))

    def me(self) -> Object:
        """Return what the token is: rights, filter, fields, limits, expiry."""
        return self.run(self._access.me())

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
