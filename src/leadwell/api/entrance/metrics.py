"""`/metrics`: what the hub does, as Prometheus reads it; behind a token of its own."""

import hmac
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

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

from leadwell.api.entrance import looked
from leadwell.api.hub import Hub
from leadwell.errors import InvalidToken, LeadwellError, NotAuthenticated, NotFound

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The folder in which several processes share their figures."""
_REQUESTS = Histogram(
    "leadwell_request_seconds",
    "Requests and how long their answers took, long polls included.",
    ["method", "route", "status"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 2.5, 10, 60),
)
_REFUSALS = Counter(
    "leadwell_refusals_total",
    "Requests that were refused, by the error's code.",
    ["code"],
)


_LIMITS_MET = Counter(
    "leadwell_limits_met_total", "Limits that requests have met.", ["limit"]
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


@lru_cache(maxsize=1_024)
def _series(method: str, route: str, status: int) -> Histogram:
    return _REQUESTS.labels(method, route, str(status))


def note(method: str, route: str | None, status: int, seconds: float) -> None:
    """Note a request that was answered; `route` is a template, never a path."""
    known = method if method in {"GET", "HEAD", "POST", "PATCH", "DELETE"} else "other"
    _series(known, route or "none", status).observe(seconds)


def note_refusal(error: LeadwellError) -> None:
    """Note that a request was refused, and which limit it met, if it was one."""
    _REFUSALS.labels(error.code).inc()
    if error.reason or error.code in _HELD_BACK:
        met(error.reason or error.code)


def met(limit: str) -> None:
    """Note that a limit was met."""
    _LIMITS_MET.labels(limit).inc()


def forget_dead() -> None:
    """Have workers that are no more count among those that live no longer.

    One that was killed leaves its figures behind: what it held open when it ended would
    be open for ever. Whoever takes its place says so.
    """
    folder = os.environ.get(SHARED)
    for file in Path(folder).glob("gauge_live*_*.db") if folder else ():
        pid = int(file.stem.rpartition("_")[2])
        if not _lives(pid):
            # Another one that starts may be as quick.
            file.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Metrics:
    """The page that a Prometheus server reads, with the token of the setting."""

    hub: Hub

    async def show(self, request: Request) -> Response:
        """Answer with the figures of all processes of the hub, and of its database."""
        if not self.hub.metrics_token:
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
        if not hmac.compare_digest(given.encode(), self.hub.metrics_token.encode()):
            raise InvalidToken("this is not the token of the setting metrics_token")
        headers = {"Cache-Control": "no-store"}
        text = generate_latest(_registry()) + await looked.figures(self.hub)
        return Response(text, 200, headers, CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    if SHARED not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
