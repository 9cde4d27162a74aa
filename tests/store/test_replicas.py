"""Reads that a standby answers: never an old answer after a new one."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadwell.model.account import Account
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
