"""A disk with no room for another lead: what was answered stays, and all goes on.

Two ways: a small file system in memory, where root may mount one, and a limit on the
size of the server's files, which every user can set.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.store.engines.postgres import PostgresDatabase
from tests import make, postgres
from tests.asking import Whole
from tests.mirror import Mirror

LIST = "/v2/campaigns/362/leads"
DISK = "1500k"
FILE_BYTES = 16 << 20
"""Not less: the server's log has files of that size, and they must be written."""
FILLER = """
INSERT INTO lead (campaign_id, id, seq, version, created_at, updated_at, fields,
                  keys, body, schema_version)
SELECT 999, n, n, 1, 0, 0, repeat(md5(random()::text), 250), '', '', 1
  FROM generate_series(1, 2100) AS n
"""
"""Each row fills a page of 8 KiB, which leaves no room for another."""
pytestmark = [pytest.mark.proof, pytest.mark.one_server]
MakeRoom = Callable[[], None]


@pytest.fixture(scope="session")
def engine() -> str:
    return "postgres"


@contextmanager
def small_disk(url: str, folder: Path) -> Iterator[MakeRoom]:
    """The leads lie in a tablespace on a file system that is nearly full."""
    disk = Path("/dev/shm") / f"leadwell-{folder.name}"  # noqa: S108 - mounted there
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "leadwell", str(disk)]
    if subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode:
        disk.rmdir()
        pytest.skip("this user may not mount; the limit on files is tried")
    try:
        shutil.chown(disk, "nobody")
        server = postgres.server()
        server.run(f"CREATE TABLESPACE small LOCATION '{disk}'")
        try:
            run(url, "ALTER TABLE lead SET TABLESPACE small")
            yield lambda: mounted_anew(disk)
        finally:
            mounted_anew(disk)
            run(url, "ALTER TABLE lead SET TABLESPACE pg_default")
            server.run("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
        disk.rmdir()


def mounted_anew(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)


@contextmanager
def small_files(url: str, folder: Path) -> Iterator[MakeRoom]:
    """No file of the server may grow beyond what that of the leads has already."""
    del folder
    run(url, "ALTER TABLE lead ALTER fields SET STORAGE PLAIN")
    run(url, FILLER)
    run(url, "ALTER TABLE lead ALTER fields SET STORAGE EXTENDED")
    server = postgres.server()
    server.limit_files(f"{FILE_BYTES}")
    try:
        yield lambda: server.limit_files("unlimited")
    finally:
        server.limit_files("unlimited")


def run(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute(sql.encode())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets others be limited")
@pytest.mark.parametrize("kind", [small_disk, small_files])
def test_a_full_disk_refuses_writes_and_keeps_all_that_was_answered(
    tmp_path: Path, hub: Hub, account, campaign, kind: Any
) -> None:
    url = postgres.server().again(tmp_path / "leads.db")
    token = make.a_token(hub.database, account, campaign, may_write=True)
    head = {"Authorization": f"Bearer {token}"}
    database = PostgresDatabase(url, postgres.UNSAFE)
    client = Whole(app(replace(hub, database=database)))
    random, mirror = make.seeded(1), Mirror(client, token)

    def add(count: int) -> list[Any]:
        notes = [random.randbytes(4_000).hex() for _ in range(count)]
        return [
            client.post(
                LIST,
                json={"fields": {"name": "Anna", "project-notes": each}},
                headers=head,
            )
            for each in notes
        ]

    with client:
        answers = add(10)
        with kind(url, tmp_path) as make_room:
            with capture_logs() as logs:
                answers += add(300)
            mirror.follow()
            answered, refused = told(answers)
            assert len(answered) >= 10
            assert len(refused) > 100
            assert sorted(mirror.copy) == answered
            make_room()
            answers += add(10)
        mirror.follow()
        assert told(answers[-10:])[1] == []
        assert sorted(mirror.copy) == told(answers)[0]
        digest = client.get(f"{LIST}/digest", headers=head).json()["digest"]
        assert digest == mirror.digest
    database.close()
    # One line, however many were refused.
    (line,) = [each for each in logs if each["event"] == "database_hindered"]
    print(f"{kind.__name__}: {len(refused)} refused, {line['reason']}")  # noqa: T201


def told(answers: list[Any]) -> tuple[list[int], list[Any]]:
    """The leads that were saved, and the answers that say that one was not."""
    saved = [x.json()["data"]["id"] for x in answers if x.status_code == 201]
    refused = [answer for answer in answers if answer.status_code != 201]
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "2"
    return saved, refused
