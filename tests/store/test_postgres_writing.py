"""Writes that share a commit on PostgreSQL, and what hinders them."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.errors import Unavailable
from leadwell.store.connection import Connection
from leadwell.store.engines import postgres as engine_module
from leadwell.store.engines import postgres_writing as writing_module
from leadwell.store.engines.postgres import PostgresDatabase
from leadwell.store.engines.postgres_errors import DatabaseFault
from leadwell.store.writes import ticket
from tests import make, postgres
from tests.cutting import Wire, a_wire

AWAY = """
CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'a node is away' USING ERRCODE = '08006'; END $$;
CREATE TRIGGER away BEFORE UPDATE ON counter FOR EACH ROW
  WHEN (NEW.campaign_id = 363) EXECUTE FUNCTION away()
"""


@pytest.fixture(scope="session")
def engine() -> str:
    return "postgres"


@pytest.fixture
def url(tmp_path: Path, database: PostgresDatabase) -> str:
    """The address of the test's own database."""
    del database
    return postgres.server().again(tmp_path / "leads.db")


def taken(connection: Connection, campaign_id: int = 362) -> tuple[int, str]:
    """Take one number; return it, and the name of the transaction."""
    found = ticket.take(connection, campaign_id, 1, 0)
    seq = found.next_seq()
    found.close()
    ((name,),) = connection.rows("SELECT CAST(pg_current_xact_id() AS TEXT)")
    return seq, name


def refused(connection: Connection) -> None:
    taken(connection)
    raise LookupError


def seq_of(database: PostgresDatabase) -> int:
    with database.reading() as connection:
        ((seq,),) = connection.rows("SELECT seq FROM counter WHERE campaign_id = 362")
    return int(seq)


def admin(url: str, sql: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        done = connection.execute(sql.encode())
        return done.fetchall() if done.description else []


@pytest.fixture
def ample(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is time for all that queues, on however slow a machine."""
    monkeypatch.setattr(writing_module, "GROUP_S", 5)


@pytest.mark.usefixtures("ample")
def test_writes_that_queued_share_a_commit_in_their_order(database, campaign) -> None:
    with make.busy(database):
        jobs = [database.write(taken, campaign_id=362) for _ in range(10)]
        other = database.write(taken)
    found = [job.result(5) for job in jobs]
    numbers = [seq for seq, _ in found]
    assert numbers == sorted(numbers)
    assert len({name for _, name in found}) == 1
    assert other.result(5)[1] not in {name for _, name in found}
    # Eleven numbers and the epoch's own, without a hole.
    assert seq_of(database) == 12


def test_a_write_alone_is_not_delayed(database, campaign) -> None:
    names = [database.write(taken, campaign_id=362).result(5)[1] for _ in range(3)]
    assert len(set(names)) == 3


def test_one_that_is_refused_leaves_the_others_possible(database, campaign) -> None:
    with make.busy(database):
        first = database.write(refused, campaign_id=362)
        jobs = [database.write(taken, campaign_id=362) for _ in range(2)]
        second = database.write(refused, campaign_id=362)
    for job in (first, second):
        with pytest.raises(LookupError):
            job.result(5)
    assert [job.result(5)[0] for job in jobs] == [2, 3]
    assert seq_of(database) == 3


def test_one_that_hides_an_error_is_undone_alone(database, campaign) -> None:
    def hiding(connection: Connection) -> None:
        taken(connection)
        with suppress(DatabaseFault):
            connection.run("SELECT nonsense")

    with make.busy(database):
        hidden = database.write(hiding, campaign_id=362)
        good = database.write(taken, campaign_id=362)
    with pytest.raises(DatabaseFault, match="42703"):
        hidden.result(5)
    assert good.result(5)[0] == 2


def test_nothing_that_is_undone_is_remembered(database, campaign) -> None:
    def remembering(connection: Connection) -> None:
        connection.memo[("what",)] = "undone"
        raise LookupError

    with make.busy(database):
        database.write(remembering, campaign_id=362)
        seen = database.write(lambda c: dict(c.memo), campaign_id=362)
    assert seen.result(5) == {}


def test_who_hangs_up_in_the_queue_is_not_written(database, campaign) -> None:
    with make.busy(database):
        gone = database.write(taken, campaign_id=362)
        good = database.write(taken, campaign_id=362)
        assert gone.cancel()
    assert good.result(5)[0] == 2
    assert seq_of(database) == 2


def test_a_long_transaction_takes_no_more_jobs(
    database, campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_module, "GROUP_S", -1)
    with make.busy(database):
        jobs = [database.write(taken, campaign_id=362) for _ in range(3)]
    found = [job.result(5) for job in jobs]
    assert [seq for seq, _ in found] == [2, 3, 4]
    assert len({name for _, name in found}) == 3


def test_a_campaign_that_waits_holds_up_no_other(
    url: str, database, account, campaign
) -> None:
    make.a_kept_campaign(database, account, id=363, name="Walls")
    with psycopg.connect(url) as holder:
        holder.execute("UPDATE counter SET seq = seq WHERE campaign_id = 362")
        waiting = [database.write(taken, campaign_id=362) for _ in range(20)]
        free = [
            database.write(lambda c: taken(c, 363), campaign_id=363) for _ in range(20)
        ]
        assert [job.result(5)[0] for job in free] == list(range(2, 22))
        assert not any(job.done() for job in waiting)
        holder.rollback()
    assert [job.result(5)[0] for job in waiting] == list(range(2, 22))


def test_closing_finishes_what_was_handed_in(url: str, campaign) -> None:
    database = PostgresDatabase(url, postgres.UNSAFE)
    with make.busy(database):
        jobs = [database.write(taken, campaign_id=362) for _ in range(3)]
    database.close()
    assert [job.result(0)[0] for job in jobs] == [2, 3, 4]
    with pytest.raises(Unavailable, match="stopping"):
        database.write(taken, campaign_id=362)


def test_one_that_clashes_each_time_leaves_the_others_done_once(
    database, campaign
) -> None:
    tries: list[int] = []

    def clashing(connection: Connection) -> None:
        tries.append(1)
        taken(connection)
        connection.run("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$")

    with make.busy(database):
        first = database.write(taken, campaign_id=362)
        bad = database.write(clashing, campaign_id=362)
        last = database.write(taken, campaign_id=362)
    with pytest.raises(Unavailable, match="stood in the way"):
        bad.result(5)
    assert (first.result(5)[0], last.result(5)[0]) == (2, 3)
    assert len(tries) == 1 + writing_module.TRIES
    assert seq_of(database) == 3


@pytest.mark.usefixtures("ample")
def test_a_hindrance_that_a_job_hides_or_renames_concerns_all(
    database, campaign
) -> None:
    def renaming(connection: Connection) -> None:
        try:
            connection.run("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$")
        except Exception:
            raise LookupError from None

    with make.busy(database):
        jobs: list[Future[Any]] = [
            database.write(taken, campaign_id=362),
            database.write(renaming, campaign_id=362),
        ]
    for job in jobs:
        with pytest.raises(Unavailable, match="cannot do this now"):
            job.result(5)
    assert seq_of(database) == 0


def test_a_ticket_that_stays_taken_is_waited_for_once_by_all(
    url: str, campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "LOCK_TIMEOUT_MS", 100)
    database = PostgresDatabase(url, postgres.UNSAFE)
    tries: list[int] = []

    def waiting(connection: Connection) -> None:
        tries.append(1)
        taken(connection)

    with psycopg.connect(url) as holder:
        holder.execute("UPDATE counter SET seq = seq WHERE campaign_id = 362")
        with make.busy(database):
            jobs = [database.write(waiting, campaign_id=362) for _ in range(50)]
        for job in jobs:
            with pytest.raises(Unavailable):
                job.result(5)
    # Not fifty times 100 ms.
    assert len(tries) == 1
    database.close()


def ended(url: str) -> Callable[[Connection], int]:
    """A job whose connection the server ends the first time it runs."""
    tries: list[int] = []

    def job(connection: Connection) -> int:
        seq, _ = taken(connection)
        ((pid,),) = connection.rows("SELECT pg_backend_pid()")
        tries.append(pid)
        if len(tries) == 1:
            admin(url, f"SELECT pg_terminate_backend({pid}, 5000)")
            connection.run("SELECT 1")
        return seq

    return job


def test_a_server_that_ends_before_the_commit_has_done_nothing(
    url: str, database, campaign
) -> None:
    with pytest.raises(Unavailable, match="cannot do this now"):
        database.write(ended(url), campaign_id=362).result(5)
    again = database.write(ended(url), campaign_id=362, is_repeatable=True)
    assert again.result(5) == 2
    assert seq_of(database) == 2


@pytest.mark.usefixtures("ample")
def test_of_a_group_that_is_lost_only_what_is_repeatable_is_done(
    url: str, database, campaign
) -> None:
    with make.busy(database):
        lost = database.write(taken, campaign_id=362)
        jobs = [
            database.write(job, campaign_id=362, is_repeatable=True)
            for job in (taken, ended(url), taken)
        ]
    with pytest.raises(Unavailable):
        lost.result(5)
    assert [jobs[0].result(5)[0], jobs[1].result(5), jobs[2].result(5)[0]] == [2, 3, 4]


@pytest.fixture
def wire() -> Iterator[Wire]:
    with a_wire(postgres.server().folder) as wire:
        yield wire


@pytest.fixture
def cut(url: str, wire: Wire) -> Iterator[PostgresDatabase]:
    """The same database, by a wire that may break."""
    address = url.replace(str(postgres.server().folder), str(wire.folder))
    database = PostgresDatabase(address, postgres.UNSAFE)
    yield database
    database.close()


@pytest.mark.one_server
@pytest.mark.parametrize(("lost", "is_done"), [("question", False), ("answer", True)])
def test_an_unknown_outcome_is_said_and_never_tried_again(
    wire: Wire, cut: PostgresDatabase, database, campaign, lost: str, is_done: bool
) -> None:
    wire.lost = lost
    with pytest.raises(Unavailable, match="it may be saved or not") as caught:
        cut.write(taken, campaign_id=362).result(5)
    assert "Idempotency-Key" in str(caught.value.hint)
    assert wire.cuts == 1
    assert seq_of(database) == (2 if is_done else 0)


@pytest.mark.one_server
@pytest.mark.parametrize("lost", ["question", "answer"])
def test_with_a_key_a_lost_commit_is_done_exactly_once(
    wire: Wire, cut: PostgresDatabase, hub: Hub, account, campaign, lost: str
) -> None:
    # Neither what is read before, nor the note that the token was used.
    wire.after = b"INSERT INTO lead "
    token = make.a_token(hub.database, account, campaign, may_write=True)
    client = TestClient(app(replace(hub, database=cut)))
    head = {"Authorization": f"Bearer {token}"}
    path, body = "/v2/campaigns/362/leads", {"fields": {"name": "Anna"}}
    assert client.get(path, headers=head).json()["pagination"]["total"] == 0

    wire.lost = lost
    answer = client.post(path, json=body, headers=head | {"Idempotency-Key": "a"})
    again = client.post(path, json=body, headers=head | {"Idempotency-Key": "a"})
    assert (answer.status_code, again.status_code) == (201, 201)
    assert answer.json()["data"]["id"] == again.json()["data"]["id"]
    assert client.get(path, headers=head).json()["pagination"]["total"] == 1
    assert wire.cuts == 1


@pytest.mark.one_server
def test_a_campaign_whose_node_is_away_is_unavailable_and_no_other(
    url: str, hub: Hub, database, account, campaign
) -> None:
    walls = make.a_kept_campaign(database, account, id=363, name="Walls")
    admin(url, AWAY)
    tokens = {
        one.id: make.a_token(database, account, one, may_write=True)
        for one in (campaign, walls)
    }
    client = TestClient(app(hub))

    def add(campaign_id: int, **more: str) -> Any:
        return client.post(
            f"/v2/campaigns/{campaign_id}/leads",
            json={"fields": {"name": "Anna"}},
            headers={"Authorization": f"Bearer {tokens[campaign_id]}"} | more,
        )

    assert add(362).status_code == 201
    pids = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    before = {pid for (pid,) in admin(url, f"{pids} AND pid <> pg_backend_pid()")}
    for more in ({}, {"Idempotency-Key": "a"}):
        answer = add(363, **more)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "2"
        assert add(362).status_code == 201
    after = {pid for (pid,) in admin(url, f"{pids} AND pid <> pg_backend_pid()")}
    # The connections are sound, and stay in the pool.
    assert before <= after


def test_a_read_only_database_is_unavailable_to_writes_only(
    url: str, hub: Hub, database, account, campaign
) -> None:
    token = make.a_token(database, account, campaign, may_write=True)
    admin(
        url,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET "
        "default_transaction_read_only = on', current_database()); END $$",
    )
    standby = PostgresDatabase(url, postgres.UNSAFE)
    client = TestClient(app(replace(hub, database=standby)))
    path, head = "/v2/campaigns/362/leads", {"Authorization": f"Bearer {token}"}
    answer = client.post(path, json={"fields": {"name": "Anna"}}, headers=head)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert client.get(path, headers=head).status_code == 200
    standby.close()


def test_a_full_pool_is_unavailable_and_recovers(
    url: str, campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "READERS_MAX", 0)
    database = PostgresDatabase(url, postgres.UNSAFE)
    with postgres.full(database, engine_module.WRITERS):
        jobs = [database.write(taken, campaign_id=362) for _ in range(5)]
        for job in jobs:
            with pytest.raises(Unavailable, match="does not answer"):
                job.result(5)
    assert database.write(taken, campaign_id=362).result(5)[0] == 2
    database.close()
