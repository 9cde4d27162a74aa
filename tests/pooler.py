"""PgBouncer in transaction mode, before the suite's PostgreSQL."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests import equipment, postgres

PORT = 6432
"""Only the name of a socket: it listens on no network."""
_SETTINGS = """
[databases]
* = host={server}
[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
"""


@contextmanager
def a_pooler(url: str, connections: int) -> Iterator[str]:
    """The address of a database by way of a pooler with so many connections."""
    program = equipment.program("pgbouncer", "pgbouncer")
    folder = Path(tempfile.mkdtemp(prefix="leadwell-"))
    lent: dict[str, object] = {}
    if os.geteuid() == 0:
        # Like PostgreSQL, it does not run as root.
        user = pwd.getpwnam("nobody")
        lent = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chown(folder, user.pw_uid, user.pw_gid)
    settings = folder / "pgbouncer.ini"
    # `any` sends everybody to the server as the user who is named there.
    text = _SETTINGS.format(
        server=f"{postgres.server().folder} user=postgres",
        port=PORT,
        folder=folder,
        connections=connections,
    )
    settings.write_text(text)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, settings], stdout=log, stderr=log, cwd=folder, **lent
        )
    try:
        name = urlsplit(url).path
        pooled = f"postgresql://postgres@{name}?host={folder}&port={PORT}"
        _await(pooled, folder / "log")
        yield pooled
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder)


def _await(url: str, log: Path) -> None:
    for _ in range(200):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(log.read_text())
