"""A PostgreSQL server with the leads of a SQLite database, and those of the peers.

It keeps what it answers, as the hub asks of it, and has room for a million leads in its
memory; what it has not, it vacuums before anything is measured, and not meanwhile.
"""

import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench import progress
from bench.data import Made
from bench.peers.database import SCHEMA
from leadwell.store import migrations
from leadwell.store.engines.postgres import PostgresDatabase

# Where the programs are is what the suite knows already.
from tests.postgres import _programs

START_S = 30
_SETTINGS = """
listen_addresses = ''
shared_buffers = 1GB
max_wal_size = 8GB
autovacuum = off
"""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    folder: Path
    process: subprocess.Popen[bytes]
    version: str

    def url(self, name: str, scheme: str = "postgresql") -> str:
        """Return the address of one of its databases."""
        return f"{scheme}://postgres@/{name}?host={self.folder}"


@contextmanager
def running(programs: Path | None = None) -> Iterator[Postgres]:
    """Start a server of its own, which is gone with all that it holds afterwards.

    It is that of these programs, or of those that the suite runs on.
    """
    folder = Path(tempfile.mkdtemp(prefix="leadwell-bench-"))
    try:
        programs, lent = programs or _programs(folder), _lent(folder)
        data = str(folder / "data")
        made = [str(programs / "initdb"), "--no-sync", "-U", "postgres", "-A", "trust"]
        subprocess.run(
            [*made, "-E", "UTF8", "--no-locale", "-D", data],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            **lent,
        )
        with (folder / "data/postgresql.conf").open("a") as file:
            file.write(_SETTINGS)
        command = [str(programs / "postgres"), "-D", data, "-k", str(folder)]
        with (folder / "log").open("wb") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=folder,
                start_new_session=True,
                **lent,
            )
        said = subprocess.check_output([programs / "postgres", "--version"], text=True)
        server = Postgres(folder, process, said.split()[2])
        try:
            _await(server)
            yield server
        finally:
            # Fast: whoever is connected is sent away.
            process.send_signal(signal.SIGINT)
            process.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill_hub(server: Postgres, given: Made) -> str:
    """Copy a hub's database into one of its own; return its address."""
    url = _made(server, "hub")
    database = PostgresDatabase(url)
    database.write(lambda connection: migrations.apply(connection, now=0)).result()
    database.close()
    pour(given, url)
    return url


def pour(given: Made, url: str) -> None:
    """Copy a hub's database into one that has its tables already."""
    with closing(sqlite3.connect(given.path)) as source:
        found = source.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        _copy(source, url, [name for (name,) in found])


def fill_peers(server: Postgres, path: str) -> str:
    """Copy the peers' database into one of its own; return its name."""
    url = _made(server, "peers")
    with psycopg.connect(url) as target:
        target.execute(SCHEMA.encode())
    with closing(sqlite3.connect(path)) as source:
        _copy(source, url, ["lead"])
    return server.url("peers", "postgresql+psycopg")


def _copy(source: sqlite3.Connection, url: str, tables: Sequence[str]) -> None:
    with psycopg.connect(url) as target:
        for table in tables:
            progress.step(f"copying {table} into PostgreSQL")
            rows = source.execute(f'SELECT * FROM "{table}"')
            names = ", ".join(f'"{column[0]}"' for column in rows.description)
            target.execute(f'TRUNCATE "{table}"'.encode())
            into = f'COPY "{table}" ({names}) FROM STDIN'
            with target.cursor().copy(into.encode()) as copy:
                for row in rows:
                    copy.write_row(row)
    with psycopg.connect(url, autocommit=True) as target:
        target.execute("VACUUM (ANALYZE)")
        target.execute("CHECKPOINT")


def _made(server: Postgres, name: str) -> str:
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    return server.url(name)


def _lent(folder: Path) -> dict[str, Any]:
    """Return as whom it runs: not as root, so that lends it to an existing user."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _await(server: Postgres) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.process.poll() is None:
        try:
            psycopg.connect(server.url("postgres")).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError((server.folder / "log").read_text(errors="replace"))
