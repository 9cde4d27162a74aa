"""ETags: known without running the query, and what `If-Match` names (RFC 9110 §8.8)."""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version as version_of

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import wire
from leadwell.api.campaigns import Opened
from leadwell.api.hub import Hub
from leadwell.describe.schema import version
from leadwell.errors import MalformedRequest
from leadwell.model.grant import LeadQuery
from leadwell.store import feed
from leadwell.store.writes import scopes

_DIGITS = 24
_ONE = re.compile(r'(?:W/)?"([^"]*)"')
_VERSION = re.compile(r"(\d{1,15})(?:-[0-9a-f]*)?", re.ASCII)


class _Metadata(msgspec.Struct):
    version: int


class _Lead(msgspec.Struct):
    metadata: _Metadata


_decoder = msgspec.json.Decoder(_Lead)


def of_list(
    hub: Hub, opened: Opened, query: LeadQuery, pairs: Sequence[tuple[str, str]]
) -> str:
    """Name a page without reading it: by its scope's own revision and the question.

    What lies outside the scope does not change it. Weak, for labels are not compared
    byte by byte but by the version of the schema.
    """
    with hub.database.reading() as connection:
        digest = scopes.digest(connection, query.campaign_id, query.scope_id)
        epoch = feed.epoch_of_scope(connection, query)
    parts = (digest, epoch, query, list(pairs), version(opened.view), _build())
    return f'W/"{_hashed(repr(parts).encode("utf-8", "surrogatepass"))}"'


def of_lead(body: bytes) -> str:
    """Name one lead as it is answered; `If-Match` compares its version alone."""
    number = _decoder.decode(body).metadata.version
    return f'"{number}-{_hashed(body)}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` names this tag (weak comparison)."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    return given.strip() == "*" or _opaque(tag) in _ONE.findall(given)


def unchanged(tag: str, headers: dict[str, str]) -> Response:
    """Answer that the reader has the page already."""
    return Response(status_code=304, headers={**wire.PRIVATE, **headers, "ETag": tag})


def version_asked(request: Request) -> int | None:
    """Return the version that `If-Match` asks for; `None`: any.

    Raises:
        MalformedRequest: the header names no version of a lead.
    """
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = [_VERSION.fullmatch(each) for each in _ONE.findall(given)]
    if len(found) != 1 or found[0] is None:
        raise MalformedRequest(
            "If-Match names no version of a lead",
            hint="send the ETag of the lead as it came, or its version in quotes",
        )
    return int(found[0][1])


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/").strip('"')


def _hashed(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_DIGITS]


@lru_cache(maxsize=1)
def _build() -> str:
    return version_of("leadwell")
