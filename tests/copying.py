"""Copies of a hub's leads: made by the real command or in process, and looked into."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.served import Answer, Served

COMMAND = [sys.executable, "-m", "leadwell.cli"]
TIMEOUT_S = 60


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Bench:
    """A hub, and a folder for copies of it."""

    hub: Served
    folder: Path
    """Where the hub keeps its leads."""
    copies: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.hub.port}/v2/campaigns/362"

    def run(self, *arguments: str, token: str | None = None, **env: str) -> Said:
        """Run `leadwell` with arguments, in the folder of the copies."""
        process = self.start(*arguments, token=token, **env)
        out, err = process.communicate(timeout=TIMEOUT_S)
        return Said(process.returncode, out, err)

    def start(
        self, *arguments: str, token: str | None = None, **env: str
    ) -> subprocess.Popen[str]:
        known = {"LEADWELL_TOKEN": self.hub.token if token is None else token}
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.copies,
            env=os.environ | known | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sync(self, to: str, *arguments: str, **env: str) -> Said:
        return self.run("sync", self.url, "--to", to, *arguments, **env)

    def verify(self, to: str, *arguments: str) -> Said:
        return self.run("verify", self.url, "--to", to, *arguments)

    def ask(self, method: str, path: str = "", body: Any = None) -> Answer:
        """Ask the hub about its leads."""
        answer = self.hub.request(method, f"/v2/campaigns/362/leads{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer

    def add(self, **fields: Any) -> int:
        lead_id: int = self.ask(
            "POST", "", {"fields": {"name": "Ann"} | fields}
        ).json()["data"]["id"]
        return lead_id

    def listed(self) -> dict[int, dict[str, Any]]:
        """All leads as the hub lists them."""
        found = self.ask("GET", "?per_page=1000").json()
        assert found["pagination"]["total_pages"] <= 1
        return {lead["id"]: lead for lead in found["data"]}


def rows(path: Path, sql: str) -> list[Any]:
    """Ask a SQLite or DuckDB file."""
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as opened:
            return opened.execute(sql).fetchall()
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()
