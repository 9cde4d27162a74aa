"""What a request asks of the database: statements, and the steps they take.

Other work on the machine does not move these figures. A step is one instruction of
SQLite's virtual machine; a row that is looked at takes some five to thirty.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import apsw

from bench.cases import CASES, of_hub
from bench.data import Made
from leadwell.api.app import app
from leadwell.server import configure_logs, hub_of
from leadwell.settings import Settings
from leadwell.store.engines import sqlite


def counted(given: Made) -> dict[str, tuple[float, float]]:
    """Return statements and steps for each case, once everything is warm."""
    with _watched() as seen:
        configure_logs("error")
        hub = hub_of(Settings(database=f"sqlite:///{given.path}"))
        application = app(hub)
        found: dict[str, tuple[float, float]] = {}
        for case in CASES:
            first = asyncio.run(_ask(application, of_hub(case, 1), given.whole))
            pages = case.pages(json.loads(first)["pagination"]["total"])[:20]
            for number in (1, *pages):
                asyncio.run(_ask(application, of_hub(case, number), given.whole))
            hub.indexes.settle()
            for number in (1, *pages):
                asyncio.run(_ask(application, of_hub(case, number), given.whole))
            seen.clear()
            for number in pages:
                asyncio.run(_ask(application, of_hub(case, number), given.whole))
            found[case.name] = (len(seen) / len(pages), sum(seen) / len(pages))
        hub.indexes.close()
        hub.database.close()
    return found


@contextmanager
def _watched() -> Iterator[list[int]]:
    seen: list[int] = []
    honest = sqlite.SQLiteConnection.__init__

    def made(self: sqlite.SQLiteConnection, path: Path, *args: Any) -> None:
        honest(self, path, *args)
        self.raw.trace_v2(
            apsw.SQLITE_TRACE_PROFILE,
            lambda event: seen.append(
                event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]
            ),
        )

    with mock.patch.object(sqlite.SQLiteConnection, "__init__", made):
        yield seen


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
