"""`leadwell serve`: answer requests until told to stop."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from leadwell.cli import output
from leadwell.cli.opening import HERE, Where

if TYPE_CHECKING:
    from leadwell.settings import Settings


@Parameter(name="*")
@dataclass(frozen=True)
class Listen:
    """Where the hub is reached."""

    host: str | None = None
    """The address to listen on."""
    port: int | None = None
    """The port to listen on; 0 takes a free one."""
    workers: int | None = None
    """How many processes answer."""
    public_url: str | None = None
    """Where readers reach the hub; links are made from it."""
    root_path: str | None = None
    """The path prefix that a proxy removes."""


LISTEN = Listen()


def serve(*, listen: Listen = LISTEN, where: Where = HERE) -> None:
    """Answer requests on this machine until Ctrl-C or SIGTERM.

    A database that is not there yet is made. Requests that are open when the hub is
    told to stop are finished first. Every other setting is read from LEADWELL_* or
    leadwell.toml; see the reference.

    Example: leadwell serve --database sqlite:///leads.db --host 127.0.0.1 --port 8362

    Args:
        listen: where the hub is reached
        where: the database
    """
    from leadwell.api.links import is_for_this_machine
    from leadwell.server import hub_of, invitations
    from leadwell.server.connections import listening
    from leadwell.server.opening import erasure_path
    from leadwell.store.writes import erasures

    given: dict[str, Any] = vars(listen)
    changes = {name: value for name, value in given.items() if value is not None}
    settings = replace(where.settings(), **changes)
    _check(settings)
    hub = hub_of(settings)
    if not settings.allow_setup and not is_for_this_machine(settings.host):
        hub.database.read(partial(invitations.check_administrator, host=settings.host))
    # However a backup was put back: what was erased since is erased again.
    erasures.replay(erasure_path(settings), hub.database, hub.now)
    setup = hub.database.write(lambda c: invitations.first(c, hub.key)).result()
    hub.database.close()
    taken, settings = listening.bound(settings)
    listener = listening.Listener(taken, settings)
    link = {"setup_url": settings.url + setup} if setup else {}
    if where.json:
        output.document({"url": listener.url, **link}, as_json=True)
    output.hint(f"Leadwell answers at {listener.url}")
    if link:
        output.hint(
            f"nobody can sign in yet; become the administrator at {link['setup_url']}"
        )
    if not settings.public_url and settings.host in {"0.0.0.0", "::"}:  # noqa: S104
        output.hint("note: set LEADWELL_PUBLIC_URL, or links name this host")
    if hub.database.is_remote and not settings.erasure_file:
        output.hint(
            "note: set LEADWELL_ERASURE_FILE to a file that every hub of this database "
            "reaches, or a restored backup brings back what was erased at the others"
        )
    listener.run()


def _check(settings: Settings) -> None:
    """Say now what cannot work, in this process and not in each worker."""
    from leadwell.api.entrance.browsers import origins_of
    from leadwell.server.connections.listening import check_proxies
    from leadwell.server.outgoing.sending import networks_of
    from leadwell.settings import check, strangers

    check(settings)
    networks_of(settings.webhook_networks)
    origins_of(settings.cors_origins)
    check_proxies(settings.trusted_proxies)
    for each in strangers(os.environ):
        output.hint(f"note: {each}")
