"""`leadwell serve`: answer requests until told to stop."""

import sys
from dataclasses import replace
from typing import Annotated, Any

from cyclopts import Parameter

from leadwell.settings import from_environment


def serve(
    *,
    database: Annotated[str | None, Parameter(name=["--database"])] = None,
    host: str | None = None,
    port: int | None = None,
    workers: int | None = None,
    public_url: str | None = None,
    root_path: str | None = None,
) -> None:
    """Answer requests on this machine until Ctrl-C or SIGTERM.

    A database that is not there yet is made. Requests that are open when the hub is
    told to stop are finished first. Every other setting is read from `LEADWELL_*` or
    `leadwell.toml`; see the reference.

    Example: leadwell serve --database sqlite:///leads.db --port 8362

    Args:
        database: where the leads are, for instance sqlite:///leads.db
        host: the address to listen on
        port: the port to listen on; 0 takes a free one
        workers: how many processes answer
        public_url: where readers reach the hub; links are made from it
        root_path: the path prefix that a proxy removes
    """
    from leadwell.server import hub_of, listening

    given = {
        "database": database,
        "host": host,
        "port": port,
        "workers": workers,
        "public_url": public_url,
        "root_path": root_path,
    }
    changes: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    settings = replace(from_environment(), **changes)
    # What cannot work is said now, by this process, and not by each worker.
    hub_of(settings).database.close()
    taken, settings = listening.bound(settings)
    listener = listening.Listener(taken, settings)
    print(f"Leadwell answers at {listener.url}", file=sys.stderr, flush=True)
    if not settings.public_url and settings.host in {"0.0.0.0", "::"}:  # noqa: S104
        print("note: set LEADWELL_PUBLIC_URL, or links name this host", file=sys.stderr)
    listener.run()
