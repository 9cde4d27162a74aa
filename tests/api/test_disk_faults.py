"""A disk that is full or fails, a file that is damaged or gone: what is told of it.

A reader gets a problem that says whether to try again, the operator a line in the log.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.store.engines.sqlite import SQLiteDatabase
from tests import make
from tests.asking import Whole
from tests.recording import recorded

LIST = "/v2/campaigns/362/leads"
GOOD = {"fields": {"name": "Jane Doe"}}
LEADS = 300


class Disk(apsw.VFS):
    """A disk that refuses to be written while `fault` is set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fault: type[apsw.Error] | None = None
        super().__init__(name, "", maxpathname=0)

    def xOpen(self, name: Any, flags: list[int]) -> "File":  # noqa: N802
        return File(self, name, flags)

    def excepthook(self, *fault: object) -> None:
        """Say nothing: it is meant."""


class File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self.disk = disk
        super().__init__("", name, flags)

    def excepthook(self, *fault: object) -> None:
        """Say nothing."""

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self.disk.fault is not None:
            raise self.disk.fault
        super().xWrite(data, offset)


@dataclass
class House:
    """A hub over one file, and a token that may write."""

    client: TestClient
    token: str
    path: Path
    database: SQLiteDatabase

    def ask(self, method: str = "GET", path: str = LIST, body: Any = None) -> Any:
        head = {"Authorization": f"Bearer {self.token}"}
        return self.client.request(method, path, headers=head, json=body)

    def total(self) -> int:
        total: int = self.ask().json()["pagination"]["total"]
        return total

    def refused(self, said: str, method: str = "GET", status: int = 503) -> None:
        """Require a problem that says this much, and a line that says so too."""
        with capture_logs() as logs:
            answer = self.ask(method, LIST, GOOD if method == "POST" else None)
        assert answer.status_code == status, answer.text
        assert said in answer.json()["detail"]
        assert "; " in answer.json()["detail"]
        assert ("retry-after" in answer.headers) == (status == 503)
        told = [each for each in logs if each["log_level"] == "error"]
        assert told
        assert {each["event"] for each in told} <= {"hindered", "damaged"}


@contextmanager
def opened(path: Path, vfs: str | None = None) -> Iterator[House]:
    """Open the hub over a file with leads, which is made if it is not there."""
    is_new = not path.exists()
    if is_new:
        make.a_database(path).close()
    database = SQLiteDatabase(path, make.EPOCH, vfs)
    token = _filled(database) if is_new else path.with_suffix(".token").read_text()
    path.with_suffix(".token").write_text(token)
    hub = Hub(database, make.KEYS, make.Clock(), "https://hub.example")
    with Whole(app(hub)) as client:
        yield House(client, token, path, database)
    database.close()


def _filled(database: SQLiteDatabase) -> str:
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    given: list[Any] = [{"fields": {"name": "x" * 900}} for _ in range(LEADS)]
    make.leads(database, campaign, given)
    return make.a_token(database, account, campaign, may_write=True)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (apsw.FullError, "the disk of the database is full"),
        (apsw.ReadOnlyError, "the database can only be read"),
        (apsw.IOError, "the disk of the database fails"),
    ],
)
def test_a_disk_that_takes_no_more_refuses_writes_alone(
    tmp_path: Path, fault: type[apsw.Error], said: str
) -> None:
    disk = Disk(f"faulty-{os.getpid()}-{fault.__name__}")
    with (
        recorded("faults", on=said) as counts,
        opened(tmp_path / "a.db", disk.name) as h,
    ):
        assert h.ask("POST", LIST, GOOD).status_code == 201
        disk.fault = fault
        for _ in range(3):
            h.refused(said, "POST")
            # Who reads is not kept waiting for room on a disk.
            assert h.total() == LEADS + 1
        disk.fault = None
        assert h.ask("POST", LIST, GOOD).status_code == 201
        assert h.total() == LEADS + 2
        counts["faults"] += 1
    disk.unregister()


@pytest.mark.parametrize("becomes", ["moved", "replaced"])
def test_a_file_that_is_not_where_it_was_takes_no_write(
    tmp_path: Path, becomes: str
) -> None:
    with recorded("faults", on=f"the file is {becomes}") as counts:
        with opened(tmp_path / "a.db") as h:
            assert h.ask("POST", LIST, GOOD).status_code == 201
            # What stands in its log alone is where it was, and another one's now.
            assert h.database.empty_log()
            h.path.rename(tmp_path / "away.db")
            if becomes == "replaced":
                make.a_database(h.path).close()
            for method in ("POST", "GET"):
                h.refused("the database is not where it was", method)
            # Nothing is made where it was, which would look like an empty hub.
            assert h.path.exists() == (becomes == "replaced")
            (tmp_path / "away.db").replace(h.path)
            h.refused("the database is not where it was", "POST")
        with opened(tmp_path / "a.db") as h:
            assert h.ask("POST", LIST, GOOD).status_code == 201
            assert h.total() == LEADS + 2
        counts["faults"] += 1


def test_a_damaged_page_is_told_and_found_by_a_checkup(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with recorded("faults", on="a page is damaged") as counts:
        with opened(path) as h:
            assert h.total() == LEADS
        _damage(path)
        with opened(path) as h:
            h.refused("the database is damaged", status=500)
            assert h.database.checkup()[0].state == "fail"
        counts["faults"] += 1


def _damage(path: Path) -> None:
    """Write over the root of the table of leads, whatever its page."""
    raw = apsw.Connection(str(path))
    sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'lead'"
    ((page,),) = raw.execute(sql).fetchall()
    size = int(raw.pragma("page_size"))
    raw.pragma("wal_checkpoint(TRUNCATE)")
    raw.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
