"""ETags: known without running the query, and what `If-Match` names (RFC 9110 §8.8).

A lead's tag begins with its version, and `If-Match` compares that alone: a renamed
label, other fields of the same token or a proxy that marks tags as weak make other
bytes of the same version, and none of them is a change that a writer must know of.
"""

import hashlib
import re
from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import wire
from leadwell.api.campaigns import Opened
from leadwell.api.entrance.limits import header
from leadwell.describe.build import build
from leadwell.describe.schema import version
from leadwell.errors import MalformedRequest
from leadwell.store import feed
from leadwell.store.connection import Connection, remembered
from leadwell.store.writes import scopes

_DIGITS = 24
_ONE = re.compile(r'(?:W/)?"([^"]*)"')
_SEVERAL = re.compile(r'(?:W/)?"[^"]*"(?:[ \t]*,[ \t]*(?:W/)?"[^"]*")*')
_VERSION = re.compile(r"(\d{1,15})(?:-[0-9a-f]*)?", re.ASCII)


class _Metadata(msgspec.Struct):
    version: int


class _Lead(msgspec.Struct):
    metadata: _Metadata


_decoder = msgspec.json.Decoder(_Lead)


def of_list(seen: str, *asked: object) -> str:
    """Name a page without reading it: by its scope's own revision and the question.

    What lies outside the scope does not change it. Weak, for labels are not compared
    byte by byte but by the version of the schema.
    """
    return f'W/"{_hashed(f"{seen} {asked!r}".encode())}"'


def revision(connection: Connection, opened: Opened) -> str:
    """Name this state of what a token sees of a campaign."""
    known = _revision(connection, opened.campaign.id, opened.grant.scope_id)
    return f"{known} {_seen(opened)}"


@remembered
def _revision(connection: Connection, campaign_id: int, scope_id: int) -> str:
    digest = scopes.digest(connection, campaign_id, scope_id)
    return repr((digest, feed.epoch_of_scope(connection, campaign_id, scope_id)))


def _seen(opened: Opened) -> str:
    """Name what a token sees of its campaign, and the build that shows it."""
    grant, view = opened.grant, opened.view

    def name() -> str:
        # Sets are put in an order: the tag must be the same in every process.
        readable = None if grant.readable is None else sorted(map(str, grant.readable))
        seen = (grant.forced, readable, grant.masks)
        parts = (view.id, *seen, version(view), build())
        return _hashed(repr(parts).encode("utf-8", "surrogatepass"))

    return view.deriving(("seen", grant.sight), name)


def of_lead(body: bytes) -> str:
    """Name one lead as it is answered; `If-Match` compares its version alone."""
    number = _decoder.decode(body).metadata.version
    return f'"{number}-{_hashed(body)}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` names this tag (weak comparison)."""
    if header(request.scope, b"if-none-match") is None:
        return False
    given = ",".join(request.headers.getlist("if-none-match"))
    return given.strip() == "*" or _opaque(tag) in _ONE.findall(given)


def answered(
    request: Request, content: bytes, media_type: str, headers: Mapping[str, str]
) -> Response:
    """Answer with a document, or that the reader has it already.

    Its tag is weak, as it may be sent in other codings.
    """
    tag = f'W/"{_hashed(content)}"'
    if is_known(request, tag):
        return unchanged(tag, headers)
    return Response(content, 200, {**headers, "ETag": tag}, media_type)


def unchanged(tag: str, headers: Mapping[str, str]) -> Response:
    """Answer that the reader has the page already."""
    return Response(status_code=304, headers={**wire.PRIVATE, **headers, "ETag": tag})


def versions_asked(request: Request) -> frozenset[int] | None:
    """Return the versions that `If-Match` allows; `None`: any.

    A tag that is not one of a lead allows no version at all.

    Raises:
        MalformedRequest: the header is no list of tags.
    """
    lines = request.headers.getlist("if-match")
    given = ",".join(lines).strip()
    if not lines or given == "*":
        return None
    if not _SEVERAL.fullmatch(given):
        raise MalformedRequest(
            "If-Match is no list of ETags",
            hint='send the ETag of the lead as it came, or its version: "7"',
        )
    found = (_VERSION.fullmatch(each) for each in _ONE.findall(given))
    return frozenset(int(each[1]) for each in found if each)


def refuse_condition(request: Request) -> None:
    """Refuse an `If-Match` where there is no one lead that it could guard.

    Raises:
        MalformedRequest: there is one.
    """
    if "if-match" in request.headers:
        raise MalformedRequest(
            "If-Match guards one lead, and this may write any",
            hint="leave it out, or send PATCH to the lead's own URL",
        )


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/").strip('"')


def _hashed(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_DIGITS]
