"""Put the server together: settings, database, key and application."""

import gc
import hashlib
import logging
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import msgspec
import structlog
from starlette.routing import Router
from starlette.types import ASGIApp

from leadwell.admin import app as admin
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub, Limits
from leadwell.errors import UsageError
from leadwell.schema.times import microseconds
from leadwell.server import agents, keys, opening, traces
from leadwell.server.clock import AgreedClock, JumpGuard, now
from leadwell.server.opening import erasure_path
from leadwell.server.outgoing.ringing import Ringer
from leadwell.server.outgoing.sending import networks_of
from leadwell.server.parent import end_with_parent
from leadwell.server.upkeep import Upkeep
from leadwell.settings import Settings, from_environment
from leadwell.store.connection import Database

GC_EVERY = 20_000
"""New objects between two looks for garbage: some hundred requests."""


def open_database(settings: Settings, *, create: bool) -> Database:
    """Open the database; an empty one gets today's schema if it may be created.

    Raises:
        Refused: it is missing, older than this release, or something else's.
    """
    return opening.open_database(settings, create=create, now=microseconds(now()))


def hub_of(settings: Settings, *, create: bool = True) -> Hub:
    """Open everything one hub needs."""
    database = open_database(settings, create=create)
    database = opening.with_replicas(database, settings)
    return Hub(
        database=database,
        pins_folder=_pins_folder(database.address),
        key=keys.agreed(settings, database),
        erasure_file=erasure_path(settings),
        clock=now,
        agreed_clock=AgreedClock(database) if database.is_remote else None,
        guard=JumpGuard(),
        public_url=settings.url,
        limits=Limits(
            url_bytes_max=settings.url_bytes_max,
            header_bytes_max=settings.header_bytes_max,
            body_bytes_max=settings.body_bytes_max,
            batch_bytes_max=settings.batch_bytes_max,
            upload_bytes_max=settings.upload_bytes_max,
            body_timeout_s=settings.body_timeout_s,
        ),
        disk=opening.disk_of(settings),
        metrics_token=settings.metrics_token,
        shows_timing=settings.server_timing,
        console=settings.console,
    )


def application() -> ASGIApp:
    """Build the application of a worker process from its environment."""
    settings = from_environment()
    configure_logs(settings.log_level)
    hub = hub_of(settings)
    traced = traces.spans(os.environ)
    if traced is not None:
        hub = replace(hub, database=traced.database(hub.database))

    @asynccontextmanager
    async def lifespan(router: Router) -> AsyncGenerator[None]:
        del router
        end_with_parent()
        hub.database.warm()
        upkeep = Upkeep(hub, settings.history_days)
        upkeep.start()
        ringer = Ringer(hub, networks_of(settings.webhook_networks))
        ringer.start()
        # What is there now stays: looking through it again and again is in vain.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_EVERY)
        yield
        ringer.stop()
        hub.works.stop()
        upkeep.stop()
        hub.indexes.close()
        # Jobs that were handed in are finished; their answers may be out already.
        hub.database.close()
        if traced is not None:
            traced.stop()

    answering = app(hub, lifespan, beside(hub, settings))
    return answering if traced is None else traced.app(answering)


def beside(hub: Hub, settings: Settings) -> Beside:
    """Return what a hub answers besides its API."""
    leads, pages = admin.leads(hub), admin.routes(hub)
    return Beside(agents.tools(settings), leads, pages)


def configure_logs(level: str) -> None:
    """Log one JSON object a line to stderr, without personal data.

    Raises:
        UsageError: there is no such level.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise UsageError(
            f"{level!r} is not a log level", hint="use debug, info, warning or error"
        )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        # A line and its end in one write: several workers share one stderr.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _as_json(line: dict[str, Any], **_: Any) -> str:
    text: bytes = msgspec.json.encode(line, enc_hook=str)
    return text.decode()


def _pins_folder(address: str) -> Path | None:
    """Return a folder that all processes of this hub find, and nobody else enters."""
    name = hashlib.sha256(f"{os.getuid()} {address}".encode()).hexdigest()[:16]
    folder = Path(gettempdir()) / f"leadwell-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder if folder.stat().st_uid == os.getuid() else None
