"""The calls that belong to no single campaign: what a token is, and may see."""

from collections.abc import Sequence
from dataclasses import dataclass

from leadwell.client.calls.reading import Listed, One, onward
from leadwell.client.lead import Object
from leadwell.client.wire.address import Address
from leadwell.client.wire.answer import Answer, decoded
from leadwell.client.wire.retry import Flow, Request, Retry, persistently


@dataclass(frozen=True, slots=True)
class Access:
    """What can be asked about a token."""

    address: Address
    retry: Retry

    def me(self) -> Flow[Object]:
        """Ask what the token is: rights, filter, fields, limits, expiry."""
        request = Request("GET", self.address.at("/v2/me"))

        def read(answer: Answer) -> Object:
            return decoded(answer, One).data

        return (yield from persistently(request, self.retry, read))

    def first(self) -> Request:
        """Return the request that begins the list of campaigns."""
        return Request("GET", self.address.at("/v2/campaigns", [("per_page", "500")]))

    def campaigns(self, request: Request) -> Flow[tuple[Sequence[Object], str | None]]:
        """Ask for one page of the campaigns, and where the next one is."""

        def read(answer: Answer) -> tuple[Sequence[Object], str | None]:
            listed = decoded(answer, Listed).data
            return listed, onward(self.address, request, answer)

        return (yield from persistently(request, self.retry, read))
