"""The client that awaits: the twin of `leadwell.client`, over httpx2."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from types import TracebackType
from typing import TypeVar

from leadwell.client import configured
from leadwell.client.aio.campaign import AsyncCampaign
from leadwell.client.aio.sending import AsyncSender
from leadwell.client.calls.access import Access
from leadwell.client.calls.reading import Reading
from leadwell.client.lead import Object
from leadwell.client.wire.arriving import headers_of
from leadwell.client.wire.retry import PATIENT, Flow, Pause, Retry

T = TypeVar("T")


class AsyncLeadwell:
    """A hub, asked with one token. Tasks of one event loop may share it."""

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
        self._sender = AsyncSender(headers, timeout_s, proxy)
        self._access = Access(self.address, retry)

    def campaign(self, campaign_id: int | None = None) -> AsyncCampaign:
        """Return a campaign; without an id the one that the URL names.

        Raises:
            UsageError: neither names one.
        """
        found = configured.campaign_of(self.address, campaign_id)
        return AsyncCampaign(self, Reading(self.address, found, self._retry))

    async def campaigns(self) -> AsyncIterator[Object]:
        """Iterate over the campaigns that the token may see."""
        first = self._access.first()
        found, next_url = await self.run(self._access.campaigns(first))
        while True:
            for each in found:
                yield each
            if next_url is None:
                return
            request = replace(first, url=next_url)
            found, next_url = await self.run(self._access.campaigns(request))

    async def me(self) -> Object:
        """Return what the token is: rights, filter, fields, limits, expiry."""
        return await self.run(self._access.me())

    async def run(self, flow: Flow[T]) -> T:
        """Carry out a flow: send what it yields, and pause where it says so."""
        outcome = None
        try:
            while True:
                step = flow.send(outcome)
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    outcome = None
                else:
                    outcome = await self._sender.send(step)
        except StopIteration as end:
            result: T = end.value
            return result

    async def close(self) -> None:
        """Close the connections."""
        await self._sender.close()

    async def __aenter__(self) -> "AsyncLeadwell":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


__all__ = ["AsyncCampaign", "AsyncLeadwell"]
