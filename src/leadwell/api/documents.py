"""The API and a campaign's schema, described for machines and for who asks.

`/docs/download/…` describes the API: in general, or for the token that asks. What was
made is kept under all that decides it, so a description is made once and not on every
request.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec
import yaml
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import readers, tags, wire
from leadwell.api.campaigns import open_campaign
from leadwell.api.entrance.codings import Kept
from leadwell.api.entrance.problems import STATUS_OF
from leadwell.api.hub import Hub
from leadwell.api.readers import Resolve
from leadwell.describe import schema
from leadwell.describe.build import build
from leadwell.describe.contract import openapi, postman, swagger
from leadwell.describe.reader import Reader
from leadwell.errors import NotAuthenticated
from leadwell.errors.listing import all_errors
from leadwell.model.campaign import Campaign
from leadwell.schema import querystring, question
from leadwell.schema.visibility import view as view_of
from leadwell.store import campaigns

STATUSES = {error.code: STATUS_OF.get(error.kind, 500) for error in all_errors()}
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The one in C is ten times as fast, where PyYAML was built with it."""
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Form:
    """One way to describe the API."""

    media_type: str
    make: Callable[[Reader], Any]
    write: Callable[[Any], bytes] = msgspec.json.encode


def _as_yaml(content: object) -> bytes:
    # Made anew from JSON nothing in it is shared, so nothing is written as a
    # reference: not every reader knows YAML's.
    alone = msgspec.json.decode(msgspec.json.encode(content))
    text: str = yaml.dump(
        alone, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=88
    )
    return text.encode()


FORMS: Mapping[str, Form] = {
    "openapi.json": Form(
        "application/json", lambda reader: openapi.document(reader, STATUSES)
    ),
    "openapi.yaml": Form(
        "application/yaml",
        lambda reader: openapi.document(reader, STATUSES),
        _as_yaml,
    ),
    "swagger.json": Form(
        "application/json", lambda reader: swagger.document(reader, STATUSES)
    ),
    "collection.json": Form("application/json", postman.collection),
    "environment.json": Form("application/json", postman.environment),
}
"""What can be downloaded, by the word in the path."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Descriptions of the API, to download; and those of one campaign."""

    hub: Hub
    resolve: Resolve = readers.asking
    """Says for whom the API is described."""
    kept: Kept = field(default_factory=Kept)

    def download(self, form: str) -> Handler:
        """Return what answers with the API in this form."""
        return partial(self.answer, FORMS[form], form)

    async def answer(self, form: Form, name: str, request: Request) -> Response:
        """Answer with the API in a form, which is kept under a name of its own."""
        reader = await self.resolve(self.hub, request)
        asked = question.campaign(querystring.decode(request.scope["query_string"]))
        if asked is not None:
            reader = await self._narrowed(reader, asked)
        content = await self._made(form, name, reader)
        headers = readers.headers(reader)
        return tags.answered(request, content, form.media_type, headers)

    async def schema(self, request: Request) -> Response:
        """Answer with the fields, options and statuses that the token may see."""
        view = await self._view(request)

        def make() -> bytes:
            return msgspec.json.encode({"data": schema.document(view)})

        content = view.deriving("schema", make)
        return _described(request, view, content, "application/json")

    async def json_schema(self, request: Request) -> Response:
        """Answer with the JSON Schema of a lead."""
        view = await self._view(request)

        def make() -> bytes:
            return msgspec.json.encode(schema.lead_schema(view))

        content = view.deriving("schema.json", make)
        return _described(request, view, content, "application/schema+json")

    async def _narrowed(self, reader: Reader, campaign_id: int) -> Reader:
        """Return the same reader, of one campaign alone.

        Raises:
            NotAuthenticated: everybody asks for one.
            InsufficientScope, CampaignNotFound: as for the campaign's own paths.
        """
        grant = reader.grant
        if grant is None:
            raise NotAuthenticated(
                "a campaign is described to those who may see it",
                hint="send the header Authorization: Bearer …",
            )
        grant.check_campaign(campaign_id)
        found = await self.hub.look_up(lambda c: campaigns.find(c, campaign_id))
        campaign = grant.check_owner(found, campaign_id)
        return replace(reader, campaigns=(view_of(campaign, grant),))

    async def _made(self, form: Form, name: str, reader: Reader) -> bytes:
        key = (name, _fingerprint(reader), b"")
        content = self.kept.get(key)
        if content is None:
            # A large campaign's takes a second: others must not wait for it.
            content = await to_thread.run_sync(lambda: form.write(form.make(reader)))
            self.kept.keep(key, content)
        return content

    async def _view(self, request: Request) -> Campaign:
        opened = await self.hub.look_up(lambda c: open_campaign(c, request))
        question.nothing(querystring.decode(request.scope["query_string"]))
        return opened.view


def _fingerprint(reader: Reader) -> bytes:
    """Name all that a description is made of: who holds the token is not in it."""
    seen = (
        reader.public_url,
        reader.account,
        reader.may_write,
        reader.grant and (reader.grant.campaign_id, reader.grant.readable is None),
        reader.grant and reader.grant.masks,
        reader.filter_query,
        reader.grant and reader.grant.forced,
        [schema.version(view) for view in reader.campaigns],
        reader.more,
        build(),
    )
    return hashlib.sha256(repr(seen).encode("utf-8", "surrogatepass")).digest()


def _described(
    request: Request, view: Campaign, content: bytes, media_type: str
) -> Response:
    shown = {"Leadwell-Schema-Version": schema.version(view)}
    return tags.answered(request, content, media_type, {**wire.PRIVATE, **shown})
