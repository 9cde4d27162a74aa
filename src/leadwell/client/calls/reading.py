"""Every call of a campaign that reads: what is sent, and how its answer is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct

from leadwell.client import lead as leads
from leadwell.client.errors import ForeignLink, Told, UnexpectedAnswer
from leadwell.client.feed import Digest
from leadwell.client.lead import Kinds, Lead, Object
from leadwell.client.wire import questions
from leadwell.client.wire.address import Address
from leadwell.client.wire.answer import Answer, decoded
from leadwell.client.wire.questions import Asked, Query
from leadwell.client.wire.retry import Flow, Request, Retry, persistently

T = TypeVar("T")

SCHEMA_VERSION = "leadwell-schema-version"


class One(Struct, frozen=True):
    """`{"data": {…}}`."""

    data: dict[str, Any]


class Pagination(Struct, frozen=True):
    """Where a page stands."""

    page: int
    per_page: int
    total: int
    total_pages: int


class Listed(Struct, frozen=True):
    """`{"data": […], "pagination": {…}}`."""

    data: list[dict[str, Any]]
    pagination: Pagination


@dataclass(frozen=True, slots=True)
class Page:
    """Some leads, and where the ones after them are."""

    leads: Sequence[Lead]
    page: int
    per_page: int
    total: int
    """How many leads match in all, exactly."""
    total_pages: int
    cursor: str | None
    """Where the change feed goes on, once every page has been read."""
    next_url: str | None


@dataclass(frozen=True, slots=True)
class Following:
    """How changes are asked for."""

    limit: int
    wait_s: int = 0
    digest: bool = False
    confirm: bool = True
    """Whether what came before the cursor is stored."""


@dataclass(slots=True)
class Reading:
    """What can be asked of one campaign."""

    address: Address
    campaign_id: int
    retry: Retry
    _kinds: Kinds | None = field(default=None, init=False)
    """The types of the schema that was read last."""

    def url(self, path: str, query: Query = ()) -> str:
        """Return the URL of a path below the campaign's."""
        before = f"/v2/campaigns/{self.campaign_id}"
        return self.address.at(before + path, questions.pairs(query))

    def schema(self) -> Flow[Object]:
        """Ask for the fields, options and statuses that the token may see."""
        request = Request("GET", self.url("/schema"))
        return (yield from persistently(request, self.retry, self._schema))

    def first_page(self, query: Query, filters: dict[str, Asked]) -> Request:
        """Return the request that begins a list.

        It is a walk by cursor unless the caller wants another order or one page: a
        walk meets each lead once, however many others write meanwhile.
        """
        given = questions.pairs(query) + questions.pairs(filters)
        names = {name for name, _ in given}
        if not names & {"page", "_cursor", "_sort", "_snapshot"}:
            given.append(("_cursor", "start"))
        if not names & {"page", "per_page"}:
            given.append(("per_page", "500"))
        return Request("GET", self.url("/leads", given))

    def page(self, request: Request) -> Flow[Page]:
        """Ask for a page of leads."""

        def read(answer: Answer) -> tuple[Answer, Listed, str | None]:
            return (
                answer,
                decoded(answer, Listed),
                onward(self.address, request, answer),
            )

        answer, listed, next_url = yield from persistently(request, self.retry, read)
        found = yield from self._typed(listed.data, answer)
        place = listed.pagination
        return Page(
            found,
            place.page,
            place.per_page,
            place.total,
            place.total_pages,
            answer.headers.get("leadwell-cursor"),
            next_url,
        )

    def lead(self, lead_id: int) -> Flow[Lead]:
        """Ask for one lead."""
        request = Request("GET", self.url(f"/leads/{lead_id}"))
        return (yield from self.one(request))

    def one(self, request: Request) -> Flow[Lead]:
        """Send what is answered with one lead."""

        def read(answer: Answer) -> tuple[Answer, One]:
            return answer, decoded(answer, One)

        answer, one = yield from persistently(request, self.retry, read)
        (found,) = yield from self._typed([one.data], answer)
        return found

    def changes(
        self, cursor: str | None, query: Query, how: Following, *, kind: type[T]
    ) -> Flow[T]:
        """Ask what changed since a cursor, to be read as that type."""
        asked: list[tuple[str, Asked]] = list(questions.pairs(query))
        asked += [("_cursor", cursor)] if cursor is not None else []
        asked += [("_limit", how.limit)]
        asked += [("_wait", how.wait_s)] if how.wait_s else []
        asked += [("_digest", 1)] if how.digest else []
        # Said only where it is not so: a hub of before refuses what it does not know.
        asked += [] if how.confirm else [("_confirm", 0)]
        url = self.url("/leads/changes", asked)
        request = Request("GET", url, wait_s=how.wait_s)
        read = partial(decoded, kind=kind)
        return (yield from persistently(request, self.retry, read))

    def digest(
        self, query: Query, buckets: int | None, bucket: int | None
    ) -> Flow[Digest]:
        """Ask what the visible leads add up to."""
        asked: list[tuple[str, Asked]] = list(questions.pairs(query))
        asked += [("_buckets", buckets)] if buckets is not None else []
        asked += [("_bucket", bucket)] if bucket is not None else []
        request = Request("GET", self.url("/leads/digest", asked))
        return (yield from persistently(request, self.retry, _digest))

    def typed(self, raw: Sequence[Object]) -> Flow[list[Lead]]:
        """Read leads of the change feed by the schema as it is now."""
        return (yield from self._typed(raw, None))

    def _typed(self, raw: Sequence[Object], answer: Answer | None) -> Flow[list[Lead]]:
        """Read leads by the schema of their answer, asking for it when it is new."""
        told = answer.headers.get(SCHEMA_VERSION) if answer else None
        kinds = self._kinds
        if kinds is None or (told and told != kinds.version):
            yield from self.schema()
            kinds = self._kinds
        try:
            return [leads.read(each, kinds or Kinds("", {})) for each in raw]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"a lead has another shape than the API's: {error!r}"
            raise UnexpectedAnswer(message) from None

    def _schema(self, answer: Answer) -> Object:
        schema = decoded(answer, One).data
        try:
            self._kinds = Kinds.of(schema)
        except (KeyError, TypeError):
            message = "the schema has another shape than the API's"
            raise UnexpectedAnswer(message, Told(answer.status)) from None
        return schema


def onward(address: Address, request: Request, answer: Answer) -> str | None:
    """Return where the next page is; `None`: this is the last one.

    Raises:
        ForeignLink: it is said to be on another host.
    """
    link = answer.links.get("next")
    if link is None:
        return None
    url = address.onward(request.url, link)
    if url is None:
        message = "the next page is said to be on another host"
        raise ForeignLink(message, Told(answer.status))
    return url


def _digest(answer: Answer) -> Digest:
    return decoded(answer, Digest)
