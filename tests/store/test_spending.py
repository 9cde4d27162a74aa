"""What readers spend is one sum, whichever process they ask."""

from collections.abc import Iterator

import pytest

from leadwell.api.load.rates import Rate, Rates
from leadwell.server.sharing import Sharing
from leadwell.store.connection import Connection, Database
from leadwell.store.hubs import spending

READER, OTHER = b"a reader", b"another"
RATE = Rate(100, 2)


class Watch:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Process:
    """One of several that share a database."""

    def __init__(self, database: Database, watch: Watch) -> None:
        self.rates = Rates(watch)
        self.sharing = Sharing(database, self.rates)

    def flood(self, reader: bytes = READER) -> int:
        """Ask until it is refused; how often it was not."""
        count = 0
        while not self.rates.take(reader, RATE):
            count += 1
        return count


def rows(database: Database) -> dict[bytes, int]:
    with database.reading() as connection:
        found = connection.rows("SELECT reader, until FROM spending")
        return {bytes(reader): until for reader, until in found}


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, database: Database) -> Iterator[Watch]:
    """One clock for the processes and for the database."""
    watch = Watch()
    with database.reading() as connection:
        kind = type(connection)
    monkeypatch.setattr(kind, "clock", lambda _: round(watch.now * 1e6))
    return watch


def test_a_flood_of_all_processes_gets_the_rate_and_a_burst_of_each(
    database: Database, watch: Watch
) -> None:
    hubs = [Process(database, watch) for _ in range(3)]
    total = 0
    for _ in range(60):
        for hub in hubs:
            total += hub.flood()
        for hub in hubs:
            hub.sharing.tell()
        watch.now += 1
    # The bound of ADR 0029, and over a minute hardly more than the rate.
    assert total <= RATE.per_s * 60 + 3 * (RATE.burst + RATE.per_s)
    assert total >= RATE.per_s * 59
    alone = Process(database, watch)
    assert alone.flood(OTHER) == RATE.burst


def test_what_was_told_is_known_everywhere_and_only_once(
    database: Database, watch: Watch
) -> None:
    here, there = Process(database, watch), Process(database, watch)
    for _ in range(150):
        here.rates.take(READER, RATE)
    here.sharing.tell()
    assert rows(database) == {READER: round((watch.now + 1.5) * 1e6)}
    here.sharing.tell()
    for _ in range(10):
        there.rates.take(READER, RATE)
    there.sharing.tell()
    assert rows(database) == {READER: round((watch.now + 1.6) * 1e6)}
    assert there.flood() == 40


def test_who_asks_now_and_then_is_not_written_down(
    database: Database, watch: Watch
) -> None:
    hub = Process(database, watch)
    for _ in range(20):
        hub.rates.take(READER, RATE)
        hub.sharing.tell()
        watch.now += 1
    assert rows(database) == {}


def test_a_clock_that_was_set_back_locks_nobody_out_for_long(
    database: Database, watch: Watch
) -> None:
    hub = Process(database, watch)
    hub.flood()
    hub.sharing.tell()

    def jump(connection: Connection) -> None:
        connection.run("UPDATE spending SET until = until + 86400000000")

    database.write(jump).result()
    hub.rates.charge(READER, RATE, 10)
    hub.sharing.tell()
    assert hub.rates.ahead_s(READER) <= 601


def test_what_is_long_past_is_forgotten(database: Database, watch: Watch) -> None:
    hub = Process(database, watch)
    hub.flood()
    hub.sharing.tell()
    watch.now += 4_000
    later = Process(database, watch)
    later.flood(OTHER)
    later.sharing.tell()
    assert set(rows(database)) == {OTHER}
    database.write(spending.forget).result()
    assert set(rows(database)) == {OTHER}
