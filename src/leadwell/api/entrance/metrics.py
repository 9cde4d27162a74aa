"""`/metrics`: what the hub does, as Prometheus reads it; behind a token of its own."""

import hmac
import os
from dataclasses import dataclass
from functools import lru_cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response

from leadwell.errors import InvalidToken, LeadwellError, NotAuthenticated, NotFound

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The folder in which several processes share their figures."""
_REQUESTS = Histogram(
    "leadwell_request_seconds",
    "Requests and how long their answers took, long polls included.",
    ["method", "route", "status"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 2.5, 10, 60),
)


@lru_cache(maxsize=1_024)
def _series(method: str, route: str, status: int) -> Histogram:
    return _REQUESTS.labels(method, route, str(status))


_REFUSED = Counter(
    "leadwell_refused_total", "Requests that met a limit, by which one.", ["reason"]
)
_HELD_BACK = frozenset(
    {
        "body_too_large",
        "body_too_slow",
        "headers_too_large",
        "unavailable",
        "url_too_long",
    }
)
"""Errors that are a limit met, by their codes."""


def note(method: str, route: str | None, status: int, seconds: float) -> None:
    """Note a request that was answered; `route` is a template, never a path."""
    known = method if method in {"GET", "HEAD", "POST", "PATCH", "DELETE"} else "other"
    _series(known, route or "none", status).observe(seconds)


def note_refusal(error: LeadwellError) -> None:
    """Note a request that was refused for what it costs, not for what it asks."""
    if error.reason or error.code in _HELD_BACK:
        refused(error.reason or error.code)


def refused(reason: str) -> None:
    """Note that a limit was met, under its reason."""
    _REFUSED.labels(reason).inc()


@dataclass(frozen=True, slots=True)
class Metrics:
    """The page that a Prometheus server reads."""

    secret: str
    """The token that it sends; empty: there is no such page."""

    async def show(self, request: Request) -> Response:
        """Answer with the figures of all processes of the hub."""
        if not self.secret:
            raise NotFound(
                "this hub shows no figures",
                hint="set LEADWELL_METRICS_TOKEN to a secret",
            )
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise NotAuthenticated(
                "the figures need the token of the setting metrics_token",
                hint="send the header Authorization: Bearer …",
            )
        if not hmac.compare_digest(given.encode(), self.secret.encode()):
            raise InvalidToken("this is not the token of the setting metrics_token")
        headers = {"Cache-Control": "no-store"}
        return Response(generate_latest(_registry()), 200, headers, CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    if SHARED not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
