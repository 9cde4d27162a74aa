"""Reads that a standby answers: never an old answer after a new one."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from leadwell.model.campaign import Campaign
from leadwell.store import feed
from leadwell.store.connection import Connection
from leadwell.store.engines.postgres import PostgresDatabase
from leadwell.store.engines.replicas import ReplicatedDatabase
from tests import make, postgres
from tests.standby import Standby

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
def replicated(url: str, standby: Standby) -> Iterator[ReplicatedDatabase]:
    """A hub's database with one replica, which is in use."""
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
    replicated: ReplicatedDatabase, campaign: Campaign, standby: Standby
) -> None:
    standby.run("SELECT pg_wal_replay_pause()")
    try:
        for _ in range(5):
            make.a_lead(replicated, campaign)
            with replicated.reading() as connection:
                expected = (False, feed.head(connection, 362).seq)
            assert replicated.read(newest) == expected
        assert replicated.aside() == ["it lags behind the primary"]
    finally:
        standby.run("SELECT pg_wal_replay_resume()")
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


def test_a_cancelled_question_is_asked_of_the_primary(
    replicated: ReplicatedDatabase,
) -> None:
    """As a standby does to a question in the way of what the primary sends."""
    asked: list[bool] = []

    def job(connection: Connection) -> bool:
        asked.append(is_standby(connection))
        if asked[-1]:
            connection.rows("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")
        return asked[-1]

    assert replicated.read(job) is False
    assert asked == [True, False]


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
