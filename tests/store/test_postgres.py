"""What is PostgreSQL's own: its safety, its time-outs and its errors."""

import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.errors import LeadwellError, Refused, Unavailable, UsageError
from leadwell.store import accounts
from leadwell.store.connection import Connection
from leadwell.store.engines import postgres as engine_module
from leadwell.store.engines import postgres_checkup
from leadwell.store.engines import postgres_writing as writing_module
from leadwell.store.engines.postgres import Limits, PostgresDatabase
from leadwell.store.engines.postgres_errors import DatabaseFault
from leadwell.store.engines.postgres_text import translated
from leadwell.store.writes import ticket
from tests import make, postgres

SECRET = "hunter2"


@pytest.fixture(scope="session")
def engine() -> str:
    return "postgres"


@pytest.fixture
def url(tmp_path: Path, database: PostgresDatabase) -> str:
    """The address of the test's own database."""
    del database
    return postgres.server().again(tmp_path / "leads.db")


@contextmanager
def held(url: str, *statements: str) -> Iterator[psycopg.Connection]:
    """Another program's open transaction."""
    with psycopg.connect(url) as other:
        for statement in statements:
            other.execute(statement.encode())
        yield other


def end_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def said(error: BaseException) -> str:
    """Everything that a log or an answer could show of an error."""
    shown = "".join(traceback.format_exception(error))
    return shown + (error.detail if isinstance(error, LeadwellError) else "")


@pytest.mark.parametrize(
    ("sql", "psycopg_sql"),
    [
        ("a = :a AND b = :b_2", "a = %(a)s AND b = %(b_2)s"),
        ("a::text = :a", "a::text = %(a)s"),
        ("a LIKE '%:a%' || ':b'", "a LIKE '%%:a%%' || ':b'"),
        ("'it''s :a' = :a", "'it''s :a' = %(a)s"),
        ('"x:y" = :a -- :b', '"x:y" = %(a)s -- :b'),
        ("5 % 2", "5 %% 2"),
    ],
)
def test_parameters_are_translated_and_texts_are_not(
    sql: str, psycopg_sql: str
) -> None:
    assert translated(sql).decode() == psycopg_sql


def test_a_server_that_may_lose_leads_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="fsync is off, full_page_writes is off"):
        PostgresDatabase(url)
    with postgres.durable(url):
        PostgresDatabase(url).close()


def test_an_old_server_and_another_encoding_are_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(postgres_checkup, "VERSION_MIN", 99)
        with pytest.raises(Refused, match="the server is PostgreSQL"):
            PostgresDatabase(url, postgres.UNSAFE)
    server = postgres.server()
    server.run("DROP DATABASE IF EXISTS latin")
    server.run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(Refused, match="encoding LATIN1"):
        PostgresDatabase(server.url("latin"), postgres.UNSAFE)


@pytest.mark.one_server
@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (
            "guarded:{secret}@/postgres?host={folder}",
            "refuses the user or the password",
        ),
        ("nobody-here:{secret}@/postgres?host={folder}", "no such database or user"),
        ("postgres:{secret}@/missing?host={folder}", "no such database or user"),
        ("postgres:{secret}@/postgres?host=/no/such/folder", "nothing listens there"),
        ("postgres:{secret}@127.0.0.1:1/postgres", "nothing listens there"),
        ("postgres:{secret}@host:many/ready", "cannot be opened"),
        ("postgres:{secret}%@host/ready", "cannot be read"),
        ("postgres@host/ready?pasword={secret}", "cannot be read"),
    ],
)
def test_no_error_shows_the_password(address: str, reason: str) -> None:
    server = postgres.server()
    server.run("DROP ROLE IF EXISTS guarded")
    server.run("CREATE ROLE guarded LOGIN PASSWORD 'another'")
    url = "postgresql://" + address.format(secret=SECRET, folder=server.folder)
    with pytest.raises((Refused, UsageError)) as caught:
        PostgresDatabase(url, postgres.UNSAFE)
    assert reason in caught.value.detail
    assert SECRET not in caught.value.detail


def test_a_user_without_rights_is_told_so(url: str) -> None:
    server = postgres.server()
    server.run("DROP ROLE IF EXISTS guest")
    server.run("CREATE ROLE guest LOGIN")
    guest = PostgresDatabase(url.replace("postgres@", "guest@"), postgres.UNSAFE)
    with pytest.raises(Refused, match="no right"):
        guest.write(lambda c: accounts.add(c, "a", "A", 0)).result()
    guest.close()


def test_a_question_that_takes_too_long_is_given_up(
    url: str, hub: Hub, account, campaign
) -> None:
    token = make.a_token(hub.database, account, campaign)
    impatient = PostgresDatabase(url, Limits(0.05, allow_unsafe=True))
    client = TestClient(app(replace(hub, database=impatient)))
    path, headers = "/v2/campaigns/362/leads", {"Authorization": f"Bearer {token}"}

    with held(url, "LOCK TABLE lead IN ACCESS EXCLUSIVE MODE"):
        answer = client.get(path, headers=headers)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "narrow it" in answer.json()["detail"]
    assert client.get(path, headers=headers).status_code == 200
    impatient.close()


def test_connections_that_died_while_idle_are_not_noticed(url: str, database) -> None:
    for _ in range(2):
        with database.reading() as one, database.reading() as two:
            assert accounts.find_all(one) == accounts.find_all(two)
        end_connections(url)
    with database.reading() as connection:
        assert accounts.find_all(connection) == []
    end_connections(url)
    database.write(lambda c: accounts.add(c, "a", "A", 0)).result()


def test_a_connection_lost_in_the_middle_leaves_no_trace(url: str, database) -> None:
    def job(connection: Connection) -> None:
        accounts.add(connection, "lost", "Lost", 0)
        end_connections(url)
        accounts.add(connection, "more", "More", 0)

    with pytest.raises(Unavailable):
        database.write(job).result()
    with pytest.raises(Unavailable), database.reading() as connection:  # noqa: PT012
        end_connections(url)
        accounts.find_all(connection)
    database.write(lambda c: accounts.add(c, "kept", "Kept", 0)).result()
    with database.reading() as connection:
        assert [one.slug for one in accounts.find_all(connection)] == ["kept"]


def test_a_host_that_falls_silent_is_given_up_soon(url: str, campaign) -> None:
    """As libpq is told: Linux alone would wait for a quarter of an hour."""
    also = "&" if "?" in url else "?"
    for said, waits in (("", "10000"), (f"{also}tcp_user_timeout=60000", "60000")):
        database = PostgresDatabase(url + said, postgres.UNSAFE)
        with database.reading() as connection:
            told = connection.raw.info.get_parameters()
        assert told["tcp_user_timeout"] == waits
        assert told["keepalives_idle"] == "5"
        database.close()


def test_a_server_that_takes_no_connections_is_unavailable(
    url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    database = PostgresDatabase(url, replace(postgres.UNSAFE, patience_s=0.2))
    name = url.split("/")[3].partition("?")[0]
    postgres.server().run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    with psycopg.connect(postgres.server().url("postgres"), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [name],
        )
    with pytest.raises(Unavailable, match="does not answer"), database.reading():
        pass
    with pytest.raises(Unavailable):
        database.write(lambda c: accounts.add(c, "a", "A", 0)).result()
    postgres.server().run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    database.close()
    # Neither the pool nor libpq says anything: it would quote the address.
    assert not [x for x in capfd.readouterr().err.splitlines() if "hindered" not in x]


def test_a_job_that_hides_an_error_of_the_database_is_undone(database) -> None:
    def job(connection: Connection) -> str:
        accounts.add(connection, "lost", "Lost", 0)
        with suppress(Exception):
            connection.run("SELECT nonsense")
        return "all is well"

    with pytest.raises(DatabaseFault, match="42703"):
        database.write(job).result()
    with database.reading() as connection:
        assert accounts.find_all(connection) == []


@pytest.mark.one_server
def test_jobs_that_lock_each_other_out_are_run_again(database) -> None:
    for slug in ("a", "b"):
        database.write(lambda c, slug=slug: accounts.add(c, slug, slug, 0)).result()
    meeting = threading.Barrier(2)
    tries: list[str] = []

    def job(first: str, second: str, connection: Connection) -> None:
        tries.append(first)
        rename(connection, first)
        if len(tries) <= 2:
            meeting.wait(5)
        rename(connection, second)

    jobs = [
        database.write(lambda c, pair=pair: job(*pair, c))
        for pair in (("a", "b"), ("b", "a"))
    ]
    assert [future.result() for future in jobs] == [None, None]
    assert len(tries) == 3
    with database.reading() as connection:
        assert [one.name for one in accounts.find_all(connection)] == ["a!!", "b!!"]


def rename(connection: Connection, slug: str) -> None:
    connection.run(
        "UPDATE account SET name = name || '!' WHERE slug = :slug", {"slug": slug}
    )


def test_a_job_that_clashes_each_time_is_given_up(database) -> None:
    tries: list[int] = []

    def job(connection: Connection) -> None:
        tries.append(1)
        connection.run("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")

    with pytest.raises(Unavailable, match="stood in the way"):
        database.write(job).result()
    assert len(tries) == writing_module.TRIES
    with pytest.raises(Unavailable), database.reading() as connection:
        job(connection)


def take(campaign_id: int) -> Callable[[Connection], int]:
    """A write that does nothing but take one number."""

    def job(connection: Connection) -> int:
        taken = ticket.take(connection, campaign_id, 1, 0)
        seq = taken.next_seq()
        taken.close()
        return seq

    return job


def test_writers_wait_for_an_open_ticket_and_keep_their_order(
    url: str, database, account, campaign
) -> None:
    make.a_kept_campaign(database, account, id=363, name="Walls")
    taken = "UPDATE counter SET seq = seq + 1 WHERE campaign_id = 362"
    with held(url, taken) as holder:
        waiting = [database.write(take(362)) for _ in range(engine_module.WRITERS - 1)]
        # Another campaign has a ticket of its own.
        free = database.write(take(363))
        assert free.result(5) > 0
        assert not any(future.done() for future in waiting)
        holder.commit()
        found = sorted(future.result(5) for future in waiting)
    # The number that the holder took, and the epoch's, come before them; no hole.
    assert found == [3, 4, 5]


def test_a_ticket_that_stays_taken_is_waited_for_only_so_long(
    url: str, campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "LOCK_TIMEOUT_MS", 50)
    impatient = PostgresDatabase(url, postgres.UNSAFE)
    with (
        held(url, "UPDATE counter SET seq = seq WHERE campaign_id = 362"),
        pytest.raises(Unavailable),
    ):
        make.a_lead(impatient, campaign)
    impatient.close()


def test_no_error_quotes_what_a_person_wrote(database) -> None:
    def twice(connection: Connection) -> None:
        for number in (1, 2):
            connection.run(
                "INSERT INTO account (id, slug, name, created_at)"
                " VALUES (:id, :slug, 'x', 0)",
                {"id": number, "slug": SECRET},
            )

    def wrong(connection: Connection) -> None:
        connection.rows("SELECT CAST(:name AS BIGINT)", {"name": SECRET})

    def many(connection: Connection) -> None:
        connection.run_many("SELECT CAST(:name AS BIGINT)", [{"name": SECRET}])

    def half(connection: Connection) -> None:
        connection.run("SELECT :name", {"name": SECRET + "\0"})

    expected = [(twice, Unavailable)]
    expected += [(job, DatabaseFault) for job in (wrong, many, half)]
    for job, kind in expected:
        fault = database.write(job).exception()
        assert isinstance(fault, kind)
        assert SECRET not in said(fault)
