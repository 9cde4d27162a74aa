"""Every call of a campaign that writes, each with a key by which it is done once."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

import msgspec
from msgspec import Struct

from leadwell.client.calls.reading import Reading
from leadwell.client.errors import Told, UnexpectedAnswer
from leadwell.client.lead import Lead, Object
from leadwell.client.wire.answer import Answer, ProblemItem, decoded, problems_of
from leadwell.client.wire.retry import KEY, Flow, Request, persistently
from leadwell.errors import MalformedValue, Problem

Fields = Mapping[str, Any]
"""Values by slug: selects by slug; dates, moments and decimals as in Python."""


class Attributes(TypedDict, total=False):
    """What a lead has beside its fields; `None` empties."""

    status: str | None
    """The slug of a status."""
    assigned_person: int | None
    external_id: str | None
    """The sender's own name for the lead; a create that repeats it is an update."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one lead of a batch."""

    index: int
    """Its place in the batch, from 0."""
    status: int
    """201: new; 200: updated by its `external_id`; 422 and the like: refused."""
    lead: Lead | None
    code: str
    problems: tuple[Problem, ...]

    @property
    def is_written(self) -> bool:
        """Whether the hub has it."""
        return self.status < 300


class Item(Struct, frozen=True):
    """An outcome on the wire."""

    index: int
    status: int
    lead: dict[str, Any] | None = None
    code: str = ""
    errors: list[ProblemItem] = []


class Items(Struct, frozen=True):
    """The answer to a batch."""

    data: list[Item]


@dataclass(frozen=True, slots=True)
class Write:
    """What guards one write."""

    key: str | None = None
    """The `Idempotency-Key`; `None`: a new one, which is kept for its tries."""
    if_version: int | None = None
    """Refuse it when the lead has another version by now."""

    def headers(self) -> dict[str, str]:
        """Write it as headers."""
        headers = {KEY: self.key or secrets.token_urlsafe(24)}
        if self.if_version is not None:
            headers["If-Match"] = f'"{self.if_version}"'
        return headers


@dataclass(frozen=True, slots=True)
class Writing:
    """What can be done to the leads of one campaign."""

    reading: Reading

    def create(self, fields: Fields, attributes: Attributes, how: Write) -> Flow[Lead]:
        """Hand in a lead."""
        body = {"fields": fields, **attributes}
        return (yield from self.reading.one(self._request("POST", "", body, how)))

    def update(
        self, lead_id: int, fields: Fields, attributes: Attributes, how: Write
    ) -> Flow[Lead]:
        """Change what is named of a lead."""
        body: Object = {**attributes, **({"fields": fields} if fields else {})}
        request = self._request("PATCH", f"/{lead_id}", body, how)
        return (yield from self.reading.one(request))

    def delete(self, lead_id: int, how: Write) -> Flow[None]:
        """Delete a lead."""
        request = self._request("DELETE", f"/{lead_id}", None, how)
        yield from persistently(request, self.reading.retry, _nothing)

    def merge(self, lead_id: int, into: int, how: Write) -> Flow[Lead]:
        """Merge a lead into another one, which stays."""
        request = self._request("POST", f"/{lead_id}/merge", {"into": into}, how)
        return (yield from self.reading.one(request))

    def batch(
        self, leads: Sequence[Mapping[str, Any]], how: Write, *, atomic: bool
    ) -> Flow[list[Outcome]]:
        """Hand in up to 1,000 leads."""
        body = {"leads": leads, "atomic": atomic}
        request = self._request("POST", "/batch", body, how)

        def read(answer: Answer) -> Items:
            return decoded(answer, Items)

        items = (yield from persistently(request, self.reading.retry, read)).data
        kept = [item.lead for item in items if item.lead is not None]
        typed = iter((yield from self.reading.typed(kept)) if kept else [])
        return [
            Outcome(
                item.index,
                item.status,
                None if item.lead is None else next(typed),
                item.code,
                problems_of(item.errors),
            )
            for item in items
        ]

    def _request(
        self, method: str, path: str, body: Object | None, how: Write
    ) -> Request:
        headers = how.headers()
        if body is None:
            return Request(method, self.reading.url(f"/leads{path}"), headers=headers)
        headers["Content-Type"] = "application/json"
        text = _encoded(body)
        return Request(method, self.reading.url(f"/leads{path}"), text, headers)


def _nothing(answer: Answer) -> None:
    if answer.status != 204:
        # Whatever stands before a hub may answer in its place.
        message = f"the answer to a deletion was {answer.status}"
        raise UnexpectedAnswer(message, Told(answer.status))


def _encoded(body: Object) -> bytes:
    for lead in body.get("leads", [body]):
        for slug, value in lead.get("fields", {}).items():
            if isinstance(value, datetime) and value.tzinfo is None:
                raise MalformedValue(
                    f"the moment for {slug} has no time zone",
                    hint="make it aware: datetime.now(UTC), or moment.astimezone()",
                )
    try:
        return msgspec.json.encode(body)
    except (TypeError, ValueError) as error:
        raise MalformedValue(f"the lead cannot be written as JSON: {error}") from None
