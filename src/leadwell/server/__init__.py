"""Put the server together: settings, database, key and application."""

import gc
import hashlib
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Protocol

import structlog
from starlette.routing import Router
from starlette.types import ASGIApp

from leadwell.admin import app as admin
from leadwell.admin import gate
from leadwell.api.app import Beside, app
from leadwell.api.entrance import metrics
from leadwell.api.entrance.browsers import origins_of
from leadwell.api.feed.waiting import VIGIL
from leadwell.api.hub import Hub, Limits
from leadwell.schema.times import microseconds
from leadwell.server import agents, keys, opening
from leadwell.server.auditing import Auditor, Pace
from leadwell.server.clock import AgreedClock, JumpGuard, now
from leadwell.server.connections.allowance import allow_files, share_heaps
from leadwell.server.logs import configure_logs, log_beside
from leadwell.server.opening import erasure_path
from leadwell.server.outgoing import sending
from leadwell.server.outgoing.ringing import Ringer
from leadwell.server.parent import end_with_parent
from leadwell.server.rotating import KeyWatch
from leadwell.server.sharing import Sharing
from leadwell.server.tracing import traces
from leadwell.server.upkeep import Upkeep
from leadwell.settings import Settings, from_environment
from leadwell.store.connection import Database

_log = structlog.get_logger("leadwell.server")
GC_EVERY = 20_000
"""New objects between two looks for garbage: some hundred requests."""


def open_database(settings: Settings, *, create: bool) -> Database:
    """Open the database; an empty one gets today's schema if it may be created.

    Raises:
        Refused: it is missing, older than this release, or something else's.
    """
    log_beside()
    return opening.open_database(settings, create=create, now=microseconds(now()))


def hub_of(settings: Settings, *, create: bool = True) -> Hub:
    """Open everything one hub needs."""
    database = open_database(settings, create=create)
    database = opening.with_replicas(database, settings)
    return Hub(
        database=database,
        pins_folder=_pins_folder(database.address),
        keys=keys.agreed(settings, database),
        erasure_file=erasure_path(settings),
        clock=now,
        agreed_clock=AgreedClock(database) if database.is_remote else None,
        guard=JumpGuard(),
        check_receiver=partial(
            sending.check, allowed=sending.networks_of(settings.webhook_networks)
        ),
        public_url=settings.url,
        limits=Limits(
            url_bytes_max=settings.url_bytes_max,
            header_bytes_max=settings.header_bytes_max,
            body_bytes_max=settings.body_bytes_max,
            batch_bytes_max=settings.batch_bytes_max,
            upload_bytes_max=settings.upload_bytes_max,
            body_timeout_s=settings.body_timeout_s,
            token_rate=settings.token_rate,
            link_rate=settings.link_rate,
            wrong_tokens_rate=settings.wrong_tokens_rate,
            wrong_passwords_rate=settings.wrong_passwords_rate,
            rate_burst_s=settings.rate_burst_s,
            in_flight_max=settings.in_flight_max,
            token_in_flight_max=settings.token_in_flight_max,
            long_polls_max=settings.long_polls_max,
            token_long_polls_max=settings.token_long_polls_max,
        ),
        disk=opening.disk_of(settings),
        metrics_token=settings.metrics_token,
        shows_timing=settings.server_timing,
        console=settings.console,
        hsts_s=settings.hsts_s,
        cors_origins=origins_of(settings.cors_origins),
    )


def application() -> ASGIApp:
    """Build the application of a worker process from its environment."""
    share_heaps()
    settings = from_environment()
    configure_logs(settings.log_level)
    allow_files(settings.connections_max)
    hub = hub_of(settings)
    traced = traces.spans(os.environ)
    if traced is not None:
        hub = replace(hub, database=traced.database(hub.database))

    @asynccontextmanager
    async def lifespan(router: Router) -> AsyncGenerator[dict[str, Any]]:
        del router
        end_with_parent()
        metrics.forget_dead()
        hub.database.warm()
        with _working(hub, settings):
            # What is there now stays: looking through it again and again is in vain.
            gc.collect()
            gc.freeze()
            gc.set_threshold(GC_EVERY)
            yield {VIGIL: hub.vigil}
            _log.info("stopping", process=os.getpid())
        if traced is not None:
            traced.stop()
        _log.info("stopped", process=os.getpid())

    answering = app(hub, lifespan, beside(hub, settings))
    return answering if traced is None else traced.app(answering)


class _Working(Protocol):
    """What goes on in a thread of its own."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


@contextmanager
def _working(hub: Hub, settings: Settings) -> Generator[None]:
    """Have done what goes on beside requests; what begins first ends last."""
    shared = settings.workers > 1 or hub.database.is_remote
    with ExitStack() as stack:
        # Jobs that were handed in are finished; their answers may be out already.
        stack.callback(hub.database.close)
        stack.callback(hub.indexes.close)
        stack.callback(hub.works.stop)
        stack.callback(hub.vigil.stop)
        pace = Pace(settings.audit_every_s, settings.audit_days)
        working: list[_Working] = [
            # It ends after all that it is to be told of.
            Auditor(hub, pace),
            Upkeep(hub, settings.history_days),
            Ringer(hub, sending.networks_of(settings.webhook_networks)),
            KeyWatch(hub, settings),
        ]
        if shared:
            working.append(Sharing(hub.database, hub.rates))
        for each in working:
            each.start()
            stack.callback(each.stop)
        yield


def beside(hub: Hub, settings: Settings) -> Beside:
    """Return what a hub answers besides its API."""
    leads, pages = admin.leads(hub), admin.routes(hub)
    return Beside(agents.tools(settings), leads, pages, gate.lost(hub))


def _pins_folder(address: str) -> Path | None:
    """Return a folder that all processes of this hub find, and nobody else enters."""
    name = hashlib.sha256(f"{os.getuid()} {address}".encode()).hexdigest()[:16]
    folder = Path(gettempdir()) / f"leadwell-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder if folder.stat().st_uid == os.getuid() else None
