"""Copies of a plain service: made in process or by the command, and compared."""

import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leadwell.client import Leadwell, Retry
from leadwell.sync.any_service.choosing import Origin
from leadwell.sync.any_service.profile import Profile
from leadwell.sync.any_service.pulling import How
from leadwell.sync.destinations import named
from leadwell.sync.pulling import Summary, Wanted
from leadwell.testing import FaultServer, PlainServer
from tests.copying import COMMAND, TIMEOUT_S, Said
from tests.effort import unnoted

TOKEN = "a-token-of-another-system"
QUICK = Retry(first_s=0.001, longest_s=0.01)


@dataclass(frozen=True)
class Elsewhere:
    """A plain service, the server that stands before it, and a copy in SQLite."""

    plain: PlainServer
    server: FaultServer
    path: Path

    @property
    def url(self) -> str:
        return f"{self.server.url}/v2/campaigns/362"

    @property
    def to(self) -> str:
        return f"sqlite:{self.path}"

    def pull(
        self,
        wanted: Wanted = Wanted(),  # noqa: B008 - it is frozen
        profile: Profile | None = None,
        *,
        timeout_s: float = 20.0,
        to: str = "",
        **how: Any,
    ) -> Summary:
        with Leadwell(self.url, TOKEN, timeout_s=timeout_s) as client:
            origin = Origin(client, self.url, QUICK, profile, How(**how))
            return origin.pull(named(to or self.to), wanted).run()

    def start(self, *arguments: str, verb: str = "sync") -> subprocess.Popen[str]:
        """Start `leadwell sync` into the copy."""
        return subprocess.Popen(
            [*COMMAND, verb, self.url, "--to", self.to, *arguments],
            env=unnoted() | {"LEADWELL_TOKEN": TOKEN},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sync(self, *arguments: str, verb: str = "sync") -> Said:
        process = self.start(*arguments, verb=verb)
        out, err = process.communicate(timeout=TIMEOUT_S)
        return Said(process.returncode, out, err)

    def rows(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql).fetchall()

    def check(self, *, ghosts: bool = False) -> None:
        """Nothing is missing, stale or doubled; with `ghosts`, some may be too many."""
        found = self.rows("SELECT id, note, updated_at FROM leads")
        copied = {lead_id: (note, updated) for lead_id, note, updated in found}
        assert len(copied) == len(found), "doubled"
        expected = {
            lead_id: (lead["fields"]["note"], lead["updated_at"])
            for lead_id, lead in self.plain.held.items()
        }
        assert not expected.keys() - copied.keys(), "missing"
        assert {each: copied[each] for each in expected} == expected, "stale"
        assert ghosts or copied.keys() == expected.keys(), "ghosts"
