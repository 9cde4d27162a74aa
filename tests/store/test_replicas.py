"""Reads that a standby answers: never an old answer after a new one."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from leadwell.errors import Refused, Unavailable
from leadwell.model.campaign import Campaign
from leadwell.store import feed
from leadwell.store.connection import Connection
from leadwell.store.engines import replica as replica_module
from leadwell.store.engines.postgres import PostgresDatabase
from leadwell.store.engines.postgres_errors import DatabaseFault
from leadwell.store.engines.replicas import ReplicatedDatabase
from tests import make, postgres
from tests.standby import Standby

# On a cluster every machine has a log of its own.
pytestmark = pytest.mark.one_server

DURABLE = "&options=-c%20synchronous_commit%3Don"


@pytest.fixture(scope="session")
def engine() -> str:
    return "postgres"


@pytest.fixture
def url(tmp_path: Path, campaign: Campaign) -> str:
    del campaign
    return postgres.server().again(tmp_path / "leads.db")


@pytest.fixture(scope="module")
def standby() -> Iterator[Standby]:
    made = Standby(postgres.server())
    yield made
    made.stop()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is time for the standby to follow, on however slow a machine."""
    monkeypatch.setattr(replica_module, "WAIT_S", 10)
    monkeypatch.setattr(replica_module, "PATIENCE_S", 2)


@pytest.fixture
def replicated(
    url: str, standby: Standby, patient: None
) -> Iterator[ReplicatedDatabase]:
    """A hub's database with one replica, which is in use."""
    del patient
    primary = PostgresDatabase(url + DURABLE, postgres.UNSAFE)
    opened = ReplicatedDatabase(primary, [standby.url(url)], postgres.UNSAFE)
    until_used(opened)
    yield opened
    opened.close()


def until_used(database: ReplicatedDatabase) -> None:
    for _ in range(200):
        database.look()
        if database.aside() == [""]:
            return
        time.sleep(0.05)
    pytest.fail(f"it is not used: {database.aside()}")


def is_standby(connection: Connection) -> bool:
    ((found,),) = connection.rows("SELECT pg_is_in_recovery()")
    return bool(found)


def newest(connection: Connection) -> tuple[bool, int]:
    return is_standby(connection), feed.head(connection, 362).seq


def test_a_standby_answers_and_sees_what_was_written(
    replicated: ReplicatedDatabase, campaign: Campaign
) -> None:
    by_standby = 0
    for _ in range(20):
        make.a_lead(replicated, campaign)
        with replicated.reading() as connection:
            at_primary = feed.head(connection, 362).seq
        was_standby, seq = replicated.read(newest)
        assert seq == at_primary
        by_standby += was_standby
    assert by_standby


def test_one_that_lags_is_passed_over_and_used_again(
    replicated: ReplicatedDatabase,
    campaign: Campaign,
    standby: Standby,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    standby.run("SELECT pg_wal_replay_pause()")
    monkeypatch.setattr(replica_module, "WAIT_S", 0.05)
    try:
        for _ in range(5):
            make.a_lead(replicated, campaign)
            with replicated.reading() as connection:
                expected = (False, feed.head(connection, 362).seq)
            assert replicated.read(newest) == expected
        assert replicated.aside() == ["it lags behind the primary"]
    finally:
        standby.run("SELECT pg_wal_replay_resume()")
    monkeypatch.setattr(replica_module, "WAIT_S", 10)
    until_used(replicated)
    assert replicated.read(is_standby)


def test_one_that_is_down_is_passed_over_and_used_again(
    replicated: ReplicatedDatabase, standby: Standby
) -> None:
    assert replicated.read(is_standby)
    standby.halt()
    try:
        with capture_logs() as logs:
            for _ in range(3):
                assert not replicated.read(is_standby)
            replicated._tell()
            replicated._tell()
        assert [line["event"] for line in logs].count("replica_aside") == 1
        found = replicated.checkup()[-1]
        assert (found.state, found.what) == ("warn", "replica")
    finally:
        standby.start()
    until_used(replicated)
    assert replicated.read(is_standby)


@dataclass
class Asked:
    """A question that is refused on a standby; where it was asked is noted."""

    sql: str
    """What is refused, on a standby, or `everywhere`."""
    everywhere: bool = False
    at: list[bool] = field(default_factory=list)

    def __call__(self, connection: Connection) -> bool:
        self.at.append(is_standby(connection))
        if self.at[-1] or self.everywhere:
            connection.rows(self.sql)
        return self.at[-1]


def raising(sqlstate: str) -> str:
    return f"DO $$ BEGIN RAISE SQLSTATE '{sqlstate}'; END $$"


@pytest.fixture
def left_alone(replicated: ReplicatedDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is put aside from now on is not used again while the test looks."""
    del replicated
    monkeypatch.setattr(replica_module, "ASIDE_S", 60)


@pytest.mark.usefixtures("left_alone")
@pytest.mark.parametrize(
    ("sqlstate", "reason"),
    [
        ("40001", ""),
        ("40P01", ""),
        ("57014", "the question took too long"),
        ("58030", "the database cannot do this now"),
        ("42501", "the database user has no right to do this"),
        ("XX001", "PostgreSQL refused a statement: XX001"),
    ],
)
def test_what_a_standby_refuses_is_asked_of_the_primary(
    replicated: ReplicatedDatabase, sqlstate: str, reason: str
) -> None:
    """What is only in the way of the primary's changes is no fault of the standby."""
    asked = Asked(raising(sqlstate))
    assert replicated.read(asked) is False
    assert asked.at == [True, False]
    (said,) = replicated.aside()
    assert said.partition(";")[0] == reason


@pytest.mark.parametrize("sqlstate", ["57014", "XX001", "53200"])
def test_a_standby_is_not_to_blame_for_what_the_primary_refuses_too(
    replicated: ReplicatedDatabase, sqlstate: str
) -> None:
    asked = Asked(raising(sqlstate), everywhere=True)
    with pytest.raises((Unavailable, DatabaseFault)):
        replicated.read(asked)
    assert asked.at == [True, False]
    assert replicated.aside() == [""]


@pytest.mark.parametrize("error", [Unavailable("busy"), Refused("no"), LookupError()])
def test_what_a_job_raises_is_its_answer_and_no_fault_of_the_standby(
    replicated: ReplicatedDatabase, error: Exception
) -> None:
    asked: list[bool] = []

    def job(connection: Connection) -> None:
        asked.append(is_standby(connection))
        raise error

    with pytest.raises(type(error)):
        replicated.read(job)
    assert asked == [True]
    assert replicated.aside() == [""]


def test_a_job_that_hides_what_the_standby_refused_is_asked_again(
    replicated: ReplicatedDatabase,
) -> None:
    asked = Asked(raising("40001"))

    def job(connection: Connection) -> bool:
        try:
            return asked(connection)
        except Exception:
            raise LookupError from None

    assert replicated.read(job) is False
    assert asked.at == [True, False]


@pytest.mark.usefixtures("left_alone")
def test_a_connection_that_a_standby_ends_is_no_readers_trouble(
    replicated: ReplicatedDatabase, standby: Standby
) -> None:
    asked: list[bool] = []

    def job(connection: Connection) -> int:
        asked.append(is_standby(connection))
        if asked[-1]:
            ((pid,),) = connection.rows("SELECT pg_backend_pid()")
            standby.run(f"SELECT pg_terminate_backend({pid}, 5000)")
        return feed.head(connection, 362).seq

    replicated.read(job)
    assert asked == [True, False]
    assert replicated.aside() != [""]


@pytest.fixture
def hasty(standby: Standby) -> Iterator[None]:
    """The standby rather ends questions than to wait for them."""
    standby.run("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    standby.run("SELECT pg_reload_conf()")
    yield
    standby.run("ALTER SYSTEM RESET max_standby_streaming_delay")
    standby.run("SELECT pg_reload_conf()")


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("is_asking", [True, False])
def test_a_recovery_conflict_is_no_readers_trouble(
    url: str,
    replicated: ReplicatedDatabase,
    campaign: Campaign,
    standby: Standby,
    *,
    is_asking: bool,
) -> None:
    """Rows that it may still see are removed for good, while it asks or between."""
    for _ in range(20):
        make.a_lead(replicated, campaign)
    asked: list[bool] = []

    def job(connection: Connection) -> int:
        asked.append(is_standby(connection))
        if asked[-1]:
            connection.rows("SELECT count(*) FROM lead")
            with psycopg.connect(url, autocommit=True) as other:
                other.execute("UPDATE lead SET version = version + 1")
                other.execute("VACUUM lead")
            if is_asking:
                connection.rows("SELECT pg_sleep(9)")
            else:
                standby.follow()
        ((count,),) = connection.rows("SELECT count(*) FROM lead")
        return int(count)

    assert replicated.read(job) == 20
    assert asked == [True, False]
    assert replicated.aside() == [""]


def test_another_servers_standby_or_a_primary_is_never_used(
    url: str, campaign: Campaign
) -> None:
    primary = PostgresDatabase(url + DURABLE, postgres.UNSAFE)
    opened = ReplicatedDatabase(primary, [url], postgres.UNSAFE)
    try:
        for _ in range(2):
            opened.look()
            make.a_lead(opened, campaign)
            assert opened.read(newest)[1] > 0
        assert opened.aside() == ["it is no standby: it takes writes of its own"]
    finally:
        opened.close()


def test_a_standbys_other_database_is_never_used(
    url: str, standby: Standby, campaign: Campaign
) -> None:
    primary = PostgresDatabase(url + DURABLE, postgres.UNSAFE)
    other = standby.url(postgres.server().url("ready"))
    opened = ReplicatedDatabase(primary, [other], postgres.UNSAFE)
    try:
        make.a_lead(opened, campaign)
        opened.look()
        assert not opened.read(is_standby)
        assert opened.aside() == ["it lags far behind, or is of another database"]
    finally:
        opened.close()
