"""What a request asks of the database, which other work on the machine does not move.

SQLite does not say how many rows a statement touches (`sqlite3_stmt_scanstatus` is not
built in). What it does say, together, leaves no room for a hidden scan: the rows that
statements answer, the rows passed in scans of a whole table (`FULLSCAN_STEP`), the
steps of its virtual machine, of which a row takes some five to thirty, and the blocks
of the file that are looked at, in its cache or not (`CACHE_HIT` + `CACHE_MISS`). Even
`count(*)`, which answers one row in few steps, looks at every block of its index.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import apsw

from bench import progress
from bench.cases import CASES, Case, of_hub
from bench.data import Made
from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.server import configure_logs, hub_of
from leadwell.settings import Settings
from leadwell.store.engines import sqlite_connection

COUNTS = ("statements", "rows", "scanned", "steps", "blocks")
PAGES = 20
_BLOCKS = (apsw.SQLITE_DBSTATUS_CACHE_HIT, apsw.SQLITE_DBSTATUS_CACHE_MISS)


@dataclass(slots=True)
class _Seen:
    """What all connections of a hub have done."""

    connections: list[apsw.Connection] = field(default_factory=list)
    statements: int = 0
    rows: int = 0
    scanned: int = 0
    steps: int = 0

    def note(self, event: dict[str, Any]) -> None:
        if event["code"] == apsw.SQLITE_TRACE_ROW:
            self.rows += 1
            return
        status = event["stmt_status"]
        self.statements += 1
        self.scanned += status["SQLITE_STMTSTATUS_FULLSCAN_STEP"]
        self.steps += status["SQLITE_STMTSTATUS_VM_STEP"]

    def so_far(self) -> dict[str, int]:
        blocks = sum(x.status(kind)[0] for x in self.connections for kind in _BLOCKS)
        counted = {name: getattr(self, name) for name in COUNTS if name != "blocks"}
        return counted | {"blocks": blocks}


def measured(given: Made) -> dict[str, dict[str, float]]:
    """Return the counts of each case's requests, once everything is warm."""
    with _watched() as seen, _opened(given) as hub:
        application = app(hub)
        found: dict[str, dict[str, float]] = {}
        for case in CASES:
            progress.step(f"counting: {case.name}")
            first = _answers(application, case, [1], given)[0]
            total = json.loads(first)["pagination"]["total"]
            pages = case.pages(total)[:PAGES]
            _answers(application, case, pages, given)
            hub.indexes.settle()
            _answers(application, case, pages, given)
            before = seen.so_far()
            _answers(application, case, pages, given)
            after = seen.so_far()
            found[case.name] = {x: (after[x] - before[x]) / len(pages) for x in COUNTS}
    return found


@contextmanager
def _opened(given: Made) -> Iterator[Hub]:
    configure_logs("error")
    settings = Settings(
        database=f"sqlite:///{given.path}", key_file=f"{given.path}.key"
    )
    hub = hub_of(settings)
    try:
        yield hub
    finally:
        hub.indexes.close()
        hub.database.close()


@contextmanager
def _watched() -> Iterator[_Seen]:
    seen = _Seen()
    honest = sqlite_connection.SQLiteConnection.__init__

    def made(self: sqlite_connection.SQLiteConnection, path: Path, *args: Any) -> None:
        honest(self, path, *args)
        seen.connections.append(self.raw)
        kinds = apsw.SQLITE_TRACE_PROFILE | apsw.SQLITE_TRACE_ROW
        self.raw.trace_v2(kinds, seen.note)

    with mock.patch.object(sqlite_connection.SQLiteConnection, "__init__", made):
        yield seen


def _answers(
    application: Any, case: Case, pages: Sequence[int], given: Made
) -> list[bytes]:
    urls = [of_hub(case, number) for number in pages]
    return [asyncio.run(_ask(application, url, given.whole)) for url in urls]


async def _ask(application: Any, url: str, token: str) -> bytes:
    path, _, query = url.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"authorization", f"Bearer {token}".encode())],
        "client": ("127.0.0.1", 1),
    }
    status: list[int] = []
    parts: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        status.append(message.get("status", 0))
        parts.append(message.get("body", b""))

    await application(scope, receive, send)
    if status[0] != 200:
        raise RuntimeError(f"{url} was answered {status[0]}")
    return b"".join(parts)
