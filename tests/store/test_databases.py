"""What every database promises, whichever it is."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from leadwell.errors import Unavailable
from leadwell.model.account import Account
from leadwell.store import accounts, campaigns
from leadwell.store.connection import Connection, Database
from leadwell.store.writes import ticket
from tests import make

WRITERS_MAX = 8
"""More than any of the databases has."""


def add(slug: str) -> Callable[[Connection], Account]:
    return lambda connection: accounts.add(connection, slug, slug, 0)


def slugs(database: Database) -> list[str]:
    with database.reading() as connection:
        return [account.slug for account in accounts.find_all(connection)]


def test_many_writes_at_once_are_all_kept(database) -> None:
    futures = [database.write(add(f"a-{number:03d}")) for number in range(300)]
    wait(futures)
    assert slugs(database) == [f"a-{number:03d}" for number in range(300)]


def test_a_job_that_raises_is_undone_alone(database) -> None:
    def broken(connection: Connection) -> None:
        add("broken")(connection)
        raise LookupError("broken")

    def rule(connection: Connection) -> None:
        add("half")(connection)
        connection.run("INSERT INTO account (id) VALUES (NULL)")

    database.write(add("a")).result()
    jobs = [database.write(job) for job in (add("b"), broken, rule, add("c"))]
    faults = [job.exception() for job in jobs]
    assert isinstance(faults[1], LookupError)
    assert [fault is None for fault in faults] == [True, False, False, True]
    assert slugs(database) == ["a", "b", "c"]


def test_a_write_that_was_called_off_is_not_made(database) -> None:
    held = threading.Event()
    first = [database.write(lambda _: held.wait(5)) for _ in range(WRITERS_MAX)]
    second = database.write(add("second"))
    third = database.write(add("third"))
    assert second.cancel()
    held.set()
    wait([*first, third])
    assert slugs(database) == ["third"]


def test_a_reader_sees_one_moment(database) -> None:
    with database.reading() as connection:
        before = accounts.find_all(connection)
        database.write(add("new")).result()
        assert accounts.find_all(connection) == before == []
    assert slugs(database) == ["new"]


def test_closing_finishes_what_was_handed_in(tmp_path: Path, engine: str) -> None:
    database = make.a_database(tmp_path / "leads.db", engine)
    futures = [database.write(add(f"a-{number}")) for number in range(50)]
    database.close()
    assert all(future.done() for future in futures)
    with pytest.raises(Unavailable):
        database.write(add("late"))
    again = make.a_database_again(tmp_path / "leads.db", engine)
    assert len(slugs(again)) == 50
    again.close()


def test_what_a_job_read_is_forgotten_when_it_is_undone(database, campaign) -> None:
    def change(name: str, *, is_kept: bool) -> Callable[[Connection], None]:
        def job(connection: Connection) -> None:
            connection.run(
                "UPDATE field SET label = :name WHERE campaign_id = 362 AND id = 1",
                {"name": name},
            )
            connection.run(
                "UPDATE campaign SET schema_version = schema_version + 1"
                " WHERE campaign_id = 362"
            )
            campaigns.find(connection, 362)
            if not is_kept:
                raise LookupError

        return job

    with pytest.raises(LookupError):
        database.write(change("Undone", is_kept=False)).result()
    database.write(change("Kept", is_kept=True)).result()
    with database.reading() as connection:
        assert campaigns.known(connection, 362).fields[0].label == "Kept"


def test_a_reader_that_follows_the_sequence_misses_nothing(database, campaign) -> None:
    def job(number: int) -> Callable[[Connection], int]:
        def run(connection: Connection) -> int:
            taken = ticket.take(connection, 362, 1, number)
            seq = taken.next_seq()
            # Some are slow, some change their mind: the numbers stay without holes.
            time.sleep(0.002 * (number % 3))
            connection.run(
                "INSERT INTO lead_history (campaign_id, lead_id, version, at, author,"
                " op, changes) VALUES (362, :seq, 1, :at, '', 'create', '')",
                {"seq": seq, "at": taken.now},
            )
            taken.close()
            if number % 5 == 0:
                raise LookupError
            return seq

        return run

    futures = [database.write(job(number)) for number in range(120)]
    seen: list[tuple[int, int]] = []
    while not all(future.done() for future in futures) or not seen:
        seen += _after(database, seen[-1][0] if seen else 0)
    seen += _after(database, seen[-1][0])

    kept = sorted(future.result() for future in futures if not future.exception())
    # The first number is the epoch's.
    assert [seq for seq, _ in seen] == kept == list(range(2, 2 + len(kept)))
    moments = [at for _, at in seen]
    assert moments == sorted(set(moments))


def _after(database: Database, seq: int) -> list[tuple[int, int]]:
    with database.reading() as connection:
        rows = connection.rows(
            "SELECT lead_id, at FROM lead_history"
            " WHERE campaign_id = 362 AND lead_id > :seq ORDER BY lead_id",
            {"seq": seq},
        )
    return [(row[0], row[1]) for row in rows]


def test_one_external_id_is_one_lead_however_often_it_comes_at_once(
    database, campaign
) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(
            threads.map(
                lambda n: make.a_lead(
                    database, campaign, external_id="x", fields={"budget": n}
                ),
                range(40),
            )
        )
    assert {lead.id for lead in found} == {1}
    assert sorted(lead.version for lead in found) == list(range(1, 41))


def test_bytes_texts_and_numbers_come_back_as_they_went(database) -> None:
    given = {"b": bytes(range(256)), "t": "100% :x 'æ' \\ 🏠", "n": 2**53, "z": None}

    def job(connection: Connection) -> None:
        connection.run(
            "INSERT INTO import_row (campaign_id, digest, nth, lead_id)"
            " VALUES (:n, :b, 1, -1)",
            given,
        )
        connection.run_many(
            "INSERT INTO alias (campaign_id, owner_id, slug, part_id)"
            " VALUES (1, :n, :t, 5)",
            [given],
        )

    database.write(job).result()
    with database.reading() as connection:
        assert connection.rows(
            "SELECT campaign_id, digest, nth, lead_id FROM import_row"
        ) == [(2**53, bytes(range(256)), 1, -1)]
        ((slug, total, literal),) = connection.rows(
            "SELECT slug, sum(part_id), 'a:b 100%' FROM alias"
            " WHERE slug LIKE '100%' AND slug = :t GROUP BY slug",
            given,
        )
        assert (slug, total, literal) == (given["t"], 5, "a:b 100%")
        assert type(total) is int


def test_a_checkup_finds_nothing_wrong_with_the_file_or_server(database) -> None:
    states = {finding.what: finding.state for finding in database.checkup()}
    assert set(states) == {"durability", "integrity"} or "server" in states
    assert states.get("integrity", "ok") == "ok"
    assert database.address
