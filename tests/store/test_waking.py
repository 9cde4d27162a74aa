"""What processes of one PostgreSQL database tell each other, and what is heard."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.token import public_id_of
from leadwell.store import tokens
from leadwell.store.connection import Connection
from leadwell.store.engines.postgres import PostgresDatabase
from leadwell.store.hubs import hearing
from tests import make, postgres
from tests.pooler import a_pooler
from tests.sizes import until

LISTENERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND query = 'LISTEN leadwell'
"""
pytestmark = pytest.mark.one_server


@pytest.fixture(scope="session")
def engine() -> str:
    return "postgres"


@pytest.fixture
def heard() -> list[int | None]:
    return []


@pytest.fixture
def other(
    tmp_path: Path, database: PostgresDatabase, heard: list[int | None]
) -> Iterator[PostgresDatabase]:
    """The database as another process opens it, which hears."""
    del database
    opened = make.a_database_again(tmp_path / "leads.db", "postgres")
    assert isinstance(opened, PostgresDatabase)
    opened.hear(heard.append)
    # It is told that it hears a moment after it says so.
    until(lambda: heard == [None])
    assert opened.is_hearing
    heard.clear()
    yield opened
    opened.close()


def test_a_commit_is_heard_elsewhere_with_the_campaign_alone(
    database: PostgresDatabase,
    campaign: Campaign,
    other: PostgresDatabase,
    heard: list[int | None],
) -> None:
    make.a_lead(database, campaign)
    until(lambda: heard == [362])
    # What a process changes it hears of itself, too.
    make.a_lead(other, campaign)
    until(lambda: heard == [362, 362])


def test_the_end_of_a_token_is_heard(
    database: PostgresDatabase,
    account: Account,
    campaign: Campaign,
    other: PostgresDatabase,
    heard: list[int | None],
) -> None:
    whole, own = (make.a_token(database, account, each) for each in (None, campaign))

    def revoke(connection: Connection, token: str) -> None:
        known = tokens.known(connection, public_id_of(token))
        tokens.change(connection, replace(known, revoked_at=make.MIDNIGHT), now=0)

    for token in (own, whole):
        database.write(lambda c, token=token: revoke(c, token)).result()
        until(
            lambda token=token: bool(heard) and heard[-1] == (362, None)[token == whole]
        )
    assert other.is_hearing


def test_what_is_undone_is_not_told(
    database: PostgresDatabase,
    campaign: Campaign,
    other: PostgresDatabase,
    heard: list[int | None],
) -> None:
    def fail(connection: Connection) -> None:
        connection.tell(7)
        raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        database.write(fail).result()
    make.a_lead(database, campaign)
    until(lambda: bool(heard))
    assert heard == [362]
    assert other.is_hearing


def test_what_anybody_says_is_no_campaign(
    database: PostgresDatabase,
    campaign: Campaign,
    other: PostgresDatabase,
    heard: list[int | None],
) -> None:
    with database.reading() as connection:
        for word in ("", "-1", "1; DROP", "³", "?nobody's probe", "9" * 7_000):
            connection.rows("SELECT pg_notify('leadwell', :word)", {"word": word})
    make.a_lead(database, campaign)
    until(lambda: 362 in heard)
    assert heard == [362]
    assert other.is_hearing


def test_one_that_was_cut_off_says_so_and_hears_again(
    tmp_path: Path,
    database: PostgresDatabase,
    campaign: Campaign,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each time whoever waits has to look: something may have been missed."""
    monkeypatch.setattr(hearing, "AGAIN_S", 0.01)
    opened = make.a_database_again(tmp_path / "leads.db", "postgres")
    heard: list[tuple[int | None, bool]] = []
    opened.hear(lambda campaign_id: heard.append((campaign_id, opened.is_hearing)))
    until(lambda: opened.is_hearing)
    with database.reading() as connection:
        connection.rows(LISTENERS)
    until(lambda: len(heard) == 3)
    make.a_lead(database, campaign)
    until(lambda: len(heard) == 4)
    assert heard == [(None, True), (None, False), (None, True), (362, True)]
    opened.close()


def test_a_hub_behind_a_pooler_neither_tells_nor_hears(
    tmp_path: Path,
    campaign: Campaign,
    other: PostgresDatabase,
    heard: list[int | None],
) -> None:
    url = postgres.server().again(tmp_path / "leads.db")
    pooled = PostgresDatabase(url, replace(postgres.UNSAFE, is_pooled=True))
    pooled.hear(heard.append)
    make.a_lead(pooled, campaign)
    (finding,) = [x for x in pooled.checkup() if x.what == "wake-up of long polls"]
    assert "database_pooler is set" in finding.said
    assert not pooled.is_hearing
    pooled.close()
    assert not heard
    assert other.checkup()[-1].said == "on"


@pytest.mark.proof
def test_a_pooler_that_nobody_has_named_is_not_believed(
    tmp_path: Path, database: PostgresDatabase, campaign: Campaign
) -> None:
    """It takes LISTEN, and passes on next to nothing of what is told."""
    url = postgres.server().again(tmp_path / "leads.db")
    with a_pooler(url, connections=3) as address:
        pooled = PostgresDatabase(address, postgres.UNSAFE)
        pooled.hear(lambda _: None)
        until_s = time.monotonic() + 2 * hearing.ANSWER_S
        while time.monotonic() < until_s:
            with suppress(Exception):
                make.a_lead(database, campaign)
            assert not pooled.is_hearing
            time.sleep(0.1)
        pooled.close()
