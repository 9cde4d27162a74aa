"""Copies of a hub's leads: made by the real command or in process, and looked into."""

import functools
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir, closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import psycopg
import pytest
from psycopg.types.json import set_json_loads

from leadwell.cli import main
from leadwell.store import campaigns
from tests import make, postgres, served
from tests.effort import unnoted
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


def run_here(arguments: Sequence[str], folder: Path, env: Mapping[str, str]) -> Said:
    """Run `leadwell` in this process, as it runs in a process of its own there."""
    with (
        tempfile.TemporaryFile("w+", newline="") as out,
        tempfile.TemporaryFile("w+", newline="") as err,
        chdir(folder),
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in env.items():
            patch.setenv(name, value)
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as left,
        ):
            main(arguments)
        out.seek(0)
        err.seek(0)
        return Said(int(left.value.code or 0), out.read(), err.read())


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

    def run(
        self,
        *arguments: str,
        token: str | None = None,
        first: Callable[[], object] | None = None,
        **env: str,
    ) -> Said:
        """Run `leadwell` with arguments, in the folder of the copies.

        In this process, which takes a third of the time, unless something is to be
        done in a process of its own `first`.
        """
        if first is None:
            known = {"LEADWELL_TOKEN": self.hub.token if token is None else token}
            return run_here(arguments, self.copies, known | env)
        process = self.start(*arguments, token=token, first=first, **env)
        out, err = process.communicate(timeout=TIMEOUT_S)
        return Said(process.returncode, out, err)

    def start(
        self,
        *arguments: str,
        token: str | None = None,
        first: Callable[[], object] | None = None,
        **env: str,
    ) -> subprocess.Popen[str]:
        """Start `leadwell`; `first` is done in its process before."""
        known = {"LEADWELL_TOKEN": self.hub.token if token is None else token}
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.copies,
            env=unnoted() | known | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=first,  # noqa: PLW1509 - no thread of a test holds a lock then
        )

    def here(self, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
        """Return what runs `leadwell` in this process; its token is never shown."""

        def run(*arguments: str) -> Said:
            capfd.readouterr()
            with pytest.raises(SystemExit) as left:
                main(arguments)
            out, err = capfd.readouterr()
            assert self.hub.token not in out + err
            return Said(int(left.value.code or 0), out, err)

        return run

    def sync(self, to: str, *arguments: str, **how: Any) -> Said:
        return self.run("sync", self.url, "--to", to, *arguments, **how)

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


POSTGRES = ".postgresql"
"""The ending of what stands for the database that PGDATABASE names."""


def rows(path: Path, sql: str) -> list[Any]:
    """Ask a SQLite or DuckDB file, or a schema of PostgreSQL, which a path names."""
    if path.suffix == POSTGRES:
        with connected(path) as connection:
            return connection.execute(sql.encode()).fetchall()
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as opened:
            return opened.execute(sql).fetchall()
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def connected(path: Path) -> psycopg.Connection:
    """A connection that sees the schema that a path stands for."""
    options = f"-c search_path={path.stem} -c TimeZone=UTC"
    connection = psycopg.connect("", options=options)
    # JSON as the text of it, as the files have it.
    set_json_loads(_text, connection)
    return connection


def point_at_a_database(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make an empty database, and name it as psql has it; return its address."""
    url = postgres.server().made(folder, "empty")
    monkeypatch.setenv("PGHOST", str(postgres.server().folder))
    monkeypatch.setenv("PGUSER", "postgres")
    monkeypatch.setenv("PGDATABASE", urlsplit(url).path[1:])
    return url


def _text(json_text: str | bytes) -> str:
    return json_text if isinstance(json_text, str) else json_text.decode()


def a_bench(folder: Path, leads: int = 0, **settings: str) -> Bench:
    """A running hub with so many leads beside its first one."""
    home = folder / "hub"
    home.mkdir()
    contents, token = _home(leads)
    for name, content in contents.items():
        (home / name).write_bytes(content)
    return Bench(served.a_hub(home, token, **settings), home, folder)


@functools.cache
def _home(leads: int) -> tuple[dict[str, bytes], str]:
    """The files of a hub and a token for it: made once in each process."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        token = served.a_folder(home)
        database = make.a_database_again(home / "leads.db")
        with database.reading() as connection:
            campaign = campaigns.known(connection, 362)
        make.leads(database, campaign, [a_lead(number) for number in range(leads)])
        database.close()
        return {path.name: path.read_bytes() for path in home.iterdir()}, token


def a_lead(number: int) -> dict[str, Any]:
    """A lead with values that are hard to write down."""
    fields = {
        "name": NASTY[number % len(NASTY)],
        "email": f"jane{number}@example.com",
        "project-notes": NASTY[number // 3 % len(NASTY)] * 3,
        "source": ["partner-west", "website", None][number % 3],
        "tags": [["a", "c"], ["b"], [], None][number % 4],
        "budget": [number, number / 7, -0.5, 2**53, 1e-300, None][number % 6],
        "price": ["1200.50", "-0.000000000001", "9" * 24, None][number % 4],
        "newsletter": [True, False, None][number % 3],
        "follow-up": ["2025-02-21", "0001-01-01", "9999-12-31", None][number % 4],
        "visit_at": ["2025-02-21T08:30:00.000001+01:00", None][number % 2],
        "df_lines": [{"n": 2**62, "t": "\U0001f3e0"}, "null", 0, None][number % 4],
    }
    person = [1, None][number % 2]
    return {"fields": fields, "assigned_person": person, "external_id": f"x{number}"}


NASTY = (
    "Ann",
    '=HYPERLINK("http://x";"y")',
    "-5",
    "+45 12,5",
    "@x\ty",
    'a "b", c;d',
    "line\r\nline\n",
    "\ufeffbom",
    "æøå \U0001f600 \u202e",
    "'quoted'",
    "null",
    "\uff1dwide",
)
