"""A real standby of the suite's PostgreSQL: copied by pg_basebackup, fed by its log."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from tests.postgres import Server


class Standby:
    """A running standby of a server, until it is promoted or stopped."""

    def __init__(self, primary: Server) -> None:
        self._primary = primary
        self.folder = Path(tempfile.mkdtemp(prefix="leadwell-"))
        self._data = Path(tempfile.mkdtemp(prefix="leadwell-", dir=primary.memory))
        for folder in (self.folder, self._data):
            if os.geteuid() == 0:
                shutil.chown(folder, "nobody")
        self._process: subprocess.Popen[bytes] | None = None
        try:
            primary.copy_to(self._copy)
            self.start()
        except BaseException:
            self.stop()
            raise

    @property
    def _copy(self) -> Path:
        return self._data / "data"

    def start(self) -> None:
        self._process = self._primary.start_server(self.folder, self._copy)
        for _ in range(400):
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError:
                time.sleep(0.025)
            else:
                return
        raise RuntimeError((self.folder / "log").read_text())

    def url(self, primary_url: str) -> str:
        """The address here of a database of the primary."""
        return primary_url.replace(str(self._primary.folder), str(self.folder))

    def run(self, sql: str) -> None:
        address = f"postgresql://postgres@/postgres?host={self.folder}"
        with psycopg.connect(address, autocommit=True) as admin:
            admin.execute(sql.encode())

    def follow(self) -> None:
        """Wait until all that the primary has written until now is applied."""
        place = "SELECT CAST(pg_current_wal_lsn() AS TEXT)"
        with psycopg.connect(self._primary.url("postgres"), autocommit=True) as admin:
            ((newest,),) = admin.execute(place.encode()).fetchall()
        for _ in range(1000):
            if self._has_applied(newest):
                return
            time.sleep(0.01)
        raise AssertionError

    def cut_off(self) -> None:
        """Be sent nothing more."""
        self.run("ALTER SYSTEM SET primary_conninfo = ''")
        self.run("SELECT pg_reload_conf()")
        for _ in range(400):
            if not self._has_receiver():
                return
            time.sleep(0.01)
        raise AssertionError

    def promote(self) -> None:
        self.run("SELECT pg_promote()")

    def halt(self) -> None:
        """End at once, as a lost machine would; `start` begins again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(20)
            self._process = None

    def make_anew(self, other: "Standby") -> None:
        """Follow another one that was promoted; all of its own is thrown away."""
        self.halt()
        shutil.rmtree(self._copy)
        self._primary.copy_to(self._copy, other.folder)
        self.start()

    def stop(self) -> None:
        self.halt()
        shutil.rmtree(self.folder)
        shutil.rmtree(self._data)

    def _has_applied(self, newest: str) -> bool:
        applied = "SELECT pg_last_wal_replay_lsn() >= CAST(%s AS pg_lsn)"
        address = f"postgresql://postgres@/postgres?host={self.folder}"
        with psycopg.connect(address, autocommit=True) as admin:
            return admin.execute(applied.encode(), [newest]).fetchall() == [(True,)]

    def _has_receiver(self) -> bool:
        address = f"postgresql://postgres@/postgres?host={self.folder}"
        with psycopg.connect(address, autocommit=True) as admin:
            return bool(admin.execute("SELECT 1 FROM pg_stat_wal_receiver").fetchall())
