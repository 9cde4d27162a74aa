"""What browsers are told with every answer, and which other sites' pages may ask.

Each of these headers is a rule for browsers alone; programs read past them.
"""

import re
from collections.abc import MutableSequence
from typing import TypeAlias
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import Scope

from leadwell.api.entrance.limits import header
from leadwell.api.hub import Hub
from leadwell.describe.contract.headers import HEADERS
from leadwell.errors import UsageError

Headers: TypeAlias = MutableSequence[tuple[bytes, bytes]]
NOSNIFF = (b"x-content-type-options", b"nosniff")
POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
"""Of what is no page: opened as one, it may load nothing, and stand in no other."""
REFERRER = (b"referrer-policy", b"no-referrer")
PERMISSIONS = (
    b"permissions-policy",
    b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
)
"""No page needs any of these; of what is no page nobody can ask them."""
ASKED_WITH = (
    "Accept, Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, "
    "MCP-Protocol-Version, X-Request-ID"
)
"""The headers that a page of another site may send."""
READ_OF_IT = ", ".join(sorted(HEADERS.keys() - {"Cache-Control", "Vary"})).encode()
"""The headers of an answer that it may read: those that OpenAPI describes."""
METHODS = "GET, HEAD, POST, PATCH, DELETE"
PREFLIGHT_KEPT_S = 600
"""How long a browser need not ask again; a setting that was changed counts after it."""
_ANSWERED = re.compile(r"/v2(/|\Z)|/campaigns/[^/]+/leads\Z|/leads\Z|/mcp\Z|/feed/")
"""What pages of other sites may ask: with a token or a secret, never by a cookie."""
_ORIGIN = re.compile(r"https?://[a-z0-9.\[\]:-]+")


def origins_of(text: str) -> frozenset[str]:
    """Read the setting `cors_origins`.

    Raises:
        UsageError: something in it is no origin; `*` is none.
    """
    found = [each.strip() for each in text.split(",") if each.strip()]
    for origin in found:
        if not _is_origin(origin):
            raise UsageError(
                f"{origin!r} in the setting cors_origins is no origin",
                hint="write https://app.example.com, in small letters and without a "
                "path; every site at once cannot be allowed",
            )
    return frozenset(found)


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(_ORIGIN.fullmatch(text) and parts.hostname) and parts.port != 0
    except ValueError:
        return False


def always(public_url: str, hsts_s: int) -> list[tuple[bytes, bytes]]:
    """Return what stands on every answer that does not say otherwise itself."""
    is_secure = hsts_s > 0 and public_url.startswith("https://")
    strict = [(b"strict-transport-security", b"max-age=%d" % hsts_s)]
    return [NOSNIFF, POLICY, REFERRER, *(strict if is_secure else [])]


def tell(hub: Hub, scope: Scope, headers: Headers, origin: str | None) -> None:
    """Add to an answer what browsers are told; what it says itself stands."""
    given = {name for name, _ in headers}
    is_page = any(
        n == b"content-type" and v.startswith(b"text/html") for n, v in headers
    )
    wanted = [*always(hub.public_url, hub.hsts_s), *([PERMISSIONS] if is_page else [])]
    headers += [each for each in wanted if each[0] not in given]
    if hub.cors_origins and _is_answered(scope):
        # Whoever keeps the answer must not give it to a page of another origin.
        headers.append((b"vary", b"Origin"))
        if origin is not None:
            headers.append((b"access-control-allow-origin", origin.encode()))
            headers.append((b"access-control-expose-headers", READ_OF_IT))


def origin_of(hub: Hub, scope: Scope) -> str | None:
    """Return the origin whose page asks, if that is allowed; else nothing.

    Never answered with a cookie's right: those pages are for people, and no other
    origin is told anything of them.
    """
    if not hub.cors_origins or not _is_answered(scope):
        return None
    given = (header(scope, b"origin") or b"").decode("latin-1")
    return given if given in hub.cors_origins else None


def preflight(scope: Scope) -> Response | None:
    """Answer what a browser asks before a request, without a token; else nothing.

    The origin must have been found to be allowed.
    """
    asks = header(scope, b"access-control-request-method") is not None
    if scope["method"] != "OPTIONS" or not asks:
        return None
    told = {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": ASKED_WITH,
        "Access-Control-Max-Age": str(PREFLIGHT_KEPT_S),
        "Cache-Control": "no-store",
    }
    return Response(None, 204, told)


def _is_answered(scope: Scope) -> bool:
    path: str = scope["path"]
    return _ANSWERED.match(path.removeprefix(scope.get("root_path", ""))) is not None
