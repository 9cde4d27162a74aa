"""A coordinator and two workers with Citus, in place of the suite's one PostgreSQL.

`CITUS_BIN` names the programs of a PostgreSQL whose Citus an operator has installed.
Each test has a database of its own on every node: a copy of one that is spread.
"""

import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from leadwell.store import migrations
from leadwell.store.engines import citus
from leadwell.store.engines.postgres import Limits, PostgresDatabase

SHARDS = 4
WORKERS = 2
_KEPT = 8
_SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
shared_preload_libraries = 'citus'
citus.node_conninfo = 'sslmode=disable'
citus.enable_statistics_collection = off
wal_level = logical
max_prepared_transactions = 64
max_connections = 200
max_locks_per_transaction = 512
fsync = off
full_page_writes = off
synchronous_commit = off
shared_buffers = 64MB
autovacuum = off
deadlock_timeout = 50ms
"""
_RIGHTS = """
local all all                  trust
host all guarded 127.0.0.1/32 scram-sha-256
host all all     127.0.0.1/32 trust
"""
_STRANGERS = """
SELECT DISTINCT datname FROM pg_stat_activity
 WHERE backend_type = 'client backend' AND application_name NOT LIKE 'citus%'
   AND datname IS NOT NULL
"""
_INSIDE = "SELECT 1 FROM pg_stat_activity WHERE datname = '{}'"
_CLOSE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = '{}' AND pid <> pg_backend_pid()
"""


def named(path: Path) -> str:
    """The name of a path's database."""
    return f"t{hashlib.sha256(str(path).encode()).hexdigest()[:24]}"


class Node:
    """One PostgreSQL server with Citus, that can be killed and started again."""

    def __init__(
        self, programs: Path, settings: str = "", memory: Path | None = None
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="leadwell-"))
        self._place = Path(tempfile.mkdtemp(prefix="leadwell-", dir=memory))
        self._programs = programs
        self._as: dict[str, object] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            for folder in (self.folder, self._place):
                os.chown(folder, user.pw_uid, user.pw_gid)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._data = self._place / "data"
        self._run(
            *(programs / "initdb", "--no-sync", "--no-instructions", "-U", "postgres"),
            *("-A", "trust", "-E", "UTF8", "--no-locale", "-D", self._data),
        )
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(_SETTINGS.format(port=self.port, folder=self.folder) + settings)
        (self._data / "pg_hba.conf").write_text(_RIGHTS)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [self._programs / "postgres", "-D", self._data]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, **self._as
            )
        for _ in range(400):
            try:
                self.admin: Any = psycopg.connect(self.url("postgres"), autocommit=True)
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError((self.folder / "log").read_text())

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it at once, as a lost machine would be."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(20)
        self.admin.close()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder)
        shutil.rmtree(self._place)

    def url(self, name: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}"

    def url_here(self, name: str) -> str:
        """The address of a database for who is on the same machine."""
        return f"postgresql://postgres@/{name}?host={self.folder}&port={self.port}"

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        done = self.admin.execute(sql.encode())
        return list(done.fetchall()) if done.description else []

    def run_in(self, name: str, *statements: str) -> None:
        with psycopg.connect(self.url(name), autocommit=True) as opened:
            for statement in statements:
                opened.execute(statement.encode())

    def _run(self, *command: str | Path) -> None:
        subprocess.run(
            command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **self._as
        )


class Cluster:
    """What `tests.postgres` gives the suite, on several nodes.

    `settings` are lines of each node's configuration, besides those that are usual;
    its data are in `memory`, or on the disk.
    """

    def __init__(
        self,
        programs: Path,
        shards: int = SHARDS,
        settings: str = "",
        memory: Path | None = None,
    ) -> None:
        self.nodes: list[Node] = []
        self._names: list[str] = []
        try:
            for _ in range(1 + WORKERS):
                self.nodes.append(Node(programs, settings, memory))
            self._make("empty")
            self._make("ready")
            database = PostgresDatabase(self.url("ready"), Limits(allow_unsafe=True))
            database.write(lambda connection: migrations.apply(connection, 0)).result()
            spread_all(database, shards)
            database.close()
            for name in ("empty", "ready"):
                self._close(name)
        except BaseException:
            self.stop()
            raise

    @property
    def coordinator(self) -> Node:
        return self.nodes[0]

    @property
    def workers(self) -> list[Node]:
        return self.nodes[1:]

    def url(self, name: str, user: str = "postgres") -> str:
        return self.coordinator.url(name, user)

    def made(self, path: Path, template: str = "ready") -> str:
        """The address of a new database on every node; old ones that nobody uses go."""
        name = named(path)
        for node in self.nodes:
            node.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        self._names.append(name)
        used = {name for node in self.nodes for (name,) in node.run(_STRANGERS)}
        for old in self._names[:-_KEPT]:
            if old not in used:
                for node in self.nodes:
                    node.run(f"DROP DATABASE {old} WITH (FORCE)")
                self._names.remove(old)
        return self.url(name)

    def again(self, path: Path) -> str:
        return self.url(named(path))

    def run(self, sql: str) -> None:
        """Run a statement as the owner, on every node."""
        for node in self.nodes:
            node.run(sql)

    def stop(self) -> None:
        while self.nodes:
            self.nodes.pop().remove()

    def _make(self, name: str) -> None:
        for node in self.nodes:
            node.run(f"CREATE DATABASE {name}")
            node.run_in(name, "CREATE EXTENSION citus")
        host = "'127.0.0.1'"
        self.coordinator.run_in(
            name,
            f"SELECT citus_set_coordinator_host({host}, {self.coordinator.port})",
            *(f"SELECT citus_add_node({host}, {node.port})" for node in self.workers),
        )

    def _close(self, name: str) -> None:
        """Have nobody in a database, Citus's own processes neither: it is copied."""
        for node in self.nodes:
            node.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            while node.run(_INSIDE.format(name)):
                node.run(_CLOSE.format(name))
                time.sleep(0.05)


def spread_all(database: PostgresDatabase, shards: int = SHARDS) -> None:
    """Do what `leadwell citus distribute` does."""
    with database.reading() as connection:
        waiting = [each for each in citus.tables(connection) if not each.is_spread]
    for table in waiting:
        database.write(lambda c, table=table: citus.spread(c, table, shards)).result()
