"""`kill -9` in the middle of a mixed storm, again and again.

Writers know exactly what has to be there (tests.storm.journal); a reader follows the
change feed across all kills with one cursor, another one reads pages and exports, and
files are imported beside the hub, by a process that is killed as well.
"""

import itertools
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

import pytest
import urllib3

from leadwell.store.connection import Connection, Database
from tests import forking, make, postgres
from tests.mirror import Mirror
from tests.recording import recorded
from tests.served import Answer, Reader, Served, a_folder, a_hub
from tests.storm.beside import Imports, is_imported, look
from tests.storm.journal import Writer, shown, some_writers

KILLS = int(os.environ.get("LEADWELL_TEST_KILLS", "100"))
"""On SQLite, and half of them on PostgreSQL, whose server lives on; a longer run:
LEADWELL_TEST_KILLS=1000 make proof. A thirtieth of them end PostgreSQL itself."""


@dataclass
class Trial:
    """All that is remembered across the kills."""

    folder: Path
    engine: str
    token: str
    random: Random
    writers: list[Writer]
    mirror: Mirror
    given_to: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Which lead and version each sequence number was ever given to."""
    cursors: list[str] = field(default_factory=list)
    counter: int = 0
    lasting_s: tuple[float, float] = (0.15, 0.45)
    imports: Imports | None = None

    def begin(self, workers: int = 1) -> Served:
        """Start a hub: one that is a fork is there at once."""
        if workers > 1 or self.imports is None:
            return a_hub(self.folder, self.token, workers, self.engine)
        return self.imports.a_hub(self.token)

    def opened(self) -> Database:
        """Open the database beside the hub."""
        return make.a_database_again(self.folder / "leads.db", self.engine)

    def cycle(self, workers: int) -> None:
        hub = self.begin(workers)
        self.mirror.client = Reader(hub)
        try:
            self.check(hub)
            self.storm(hub)
        finally:
            hub.kill()

    def storm(self, hub: Served) -> None:
        faults: list[BaseException] = []
        is_over = Event()
        threads = [
            Thread(target=writer.storm, args=(hub, faults)) for writer in self.writers
        ]
        threads.append(Thread(target=self.follow, args=(is_over, faults)))
        threads.append(Thread(target=look, args=(hub, is_over, faults)))
        for thread in threads:
            thread.start()
        if self.imports is not None:
            self.imports.begin(self.random)
        self.last(hub)
        hub.kill()
        if self.imports is not None:
            self.imports.kill()
        is_over.set()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]

    def last(self, hub: Served) -> None:
        """Let the storm go on for a while."""
        del hub
        time.sleep(self.random.uniform(*self.lasting_s))

    def follow(self, is_over: Event, faults: list[BaseException]) -> None:
        """Read changes while others write; each answer must be a 200."""
        try:
            with suppress(urllib3.exceptions.HTTPError):
                while not is_over.is_set():
                    self.mirror.step(self.random.choice([1, 7, 500]))
                    self.cursors.append(str(self.mirror.cursor))
        except BaseException as error:
            faults.append(error)

    def check(self, hub: Served) -> None:
        """Ask again what is open, and compare everything with everything."""
        self.check_sequences()
        for writer in self.writers:
            writer.repeated += writer.open is not None
            writer.settle(hub)
        if self.imports is not None:
            self.imports.settle()
        self.check_sequences()
        some = self.random.sample(self.cursors, min(3, len(self.cursors)))
        for cursor in self.cursors[:1] + self.cursors[-3:] + some:
            self.mirror.get("/changes", _cursor=cursor, _limit=1)
        self.mirror.follow(self.random.choice([3, 100, 1000]))
        answer = self.mirror.step(_digest=1)
        assert answer["up_to_date"]
        listed = {lead["id"]: lead for lead in self.listed()}
        assert self.mirror.copy == listed
        assert answer["digest"] == self.mirror.digest
        assert answer["count"] == len(listed)
        expected = {k: v for each in self.writers for k, v in each.held.items()}
        found = {k: shown(v) for k, v in listed.items() if k != 1}
        imported = [found.pop(k) for k, v in [*found.items()] if is_imported(v)]
        assert found == expected
        if self.imports is not None:
            self.imports.check(imported)

    def listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in itertools.count(1):
            content = self.mirror.get("", per_page=1000, page=page).json()
            found += content["data"]
            if page >= content["pagination"]["total_pages"]:
                return found
        raise AssertionError

    def check_sequences(self) -> None:
        """No number was given twice, and later versions have later numbers."""
        database = self.opened()
        with database.reading() as connection:
            ((counter, last_id),) = connection.rows("SELECT seq, lead_id FROM counter")
            rows = numbers(connection)
            if self.engine == "sqlite":
                assert connection.rows("PRAGMA quick_check") == [("ok",)]
            held = connection.rows("SELECT id, version, seq FROM lead ORDER BY id")
            members = connection.rows(
                """
                SELECT lead_id, version, seq FROM scope_member
                 WHERE scope_id = 0 AND in_scope = 1
                 ORDER BY lead_id
                """
            )
        database.close()
        assert held == members
        assert self.counter <= counter
        self.counter = counter
        for seq, lead_id, version in rows:
            assert self.given_to.setdefault(seq, (lead_id, version)) == (
                lead_id,
                version,
            )
            assert lead_id <= last_id
            assert seq <= counter
        by_version = sorted((pair, seq) for seq, pair in self.given_to.items())
        for (one, seq), (other, later) in itertools.pairwise(by_version):
            assert one[0] != other[0] or seq < later


@dataclass
class Patient:
    """Asks again, with the same key, while the hub says that it cannot answer now."""

    hub: Served
    refused: int = 0

    def kill(self) -> None:
        self.hub.kill()

    def figure(self, name: str) -> float:
        return self.hub.figure(name)

    def request(self, *asked: Any, **more: Any) -> Answer:
        while (answer := self.hub.request(*asked, **more)).status_code == 503:
            assert "retry-after" in answer.headers
            self.refused += 1
            time.sleep(0.02)
        return answer


@dataclass
class Crashing(Trial):
    """The database's server ends in the middle of each storm too, and is back."""

    refused: int = 0
    lasting_s: tuple[float, float] = (1.5, 2.5)

    def storm(self, hub: Served) -> None:
        patient: Any = Patient(hub)
        self.mirror.client = Reader(patient)
        crash = Thread(target=self.crash)
        crash.start()
        super().storm(patient)
        crash.join()
        hub.kill()
        self.refused += patient.refused

    def crash(self) -> None:
        time.sleep(self.random.uniform(0.1, 0.4))
        postgres.server().crash()


def numbers(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.rows(
        """
        SELECT seq, lead_id, version FROM scope_member WHERE scope_id = 0
         UNION ALL
        SELECT from_seq, 0, from_seq FROM epoch
        """
    )


def run(
    folder: Path, engine: str, kills: int, seed: int, kind: type[Trial] = Trial
) -> Trial:
    random = Random(seed)  # noqa: S311 - a seeded walk, no secret
    token = a_folder(folder, engine)
    trial = kind(folder, engine, token, random, some_writers(), Mirror(None, token))
    with forking.a_source() as source:
        trial.imports = Imports(source, folder, engine)
        for number in range(kills):
            # Now and then two processes write, and die together.
            trial.cycle(workers=2 if number % 10 == 1 else 1)
        hub = trial.begin()
        trial.mirror.client = Reader(hub)
        trial.check(hub)
        hub.stop()
    return trial


@pytest.mark.proof
@pytest.mark.parametrize(
    ("engine", "kills"), [("sqlite", KILLS), ("postgres", -(-KILLS // 2))]
)
def test_many_kills_lose_nothing_and_do_nothing_twice(
    tmp_path: Path, engine: str, kills: int
) -> None:
    with recorded("kills", on=engine) as counts:
        trial = run(tmp_path, engine, kills, seed=1)
        answered = sum(writer.answered for writer in trial.writers)
        repeated = sum(writer.repeated for writer in trial.writers)
        replayed = sum(writer.replayed for writer in trial.writers)
        counts.update(kills=kills, answered=answered, repeated=repeated)
    # The kills have hit both: writes that were done, and writes that were not.
    # PostgreSQL commits one of a campaign's writes at a time, so few were done there.
    assert (0 if engine == "sqlite" else -1) < replayed < repeated


@pytest.fixture
def _durable() -> Iterator[None]:
    """The suite's server answers before its log is written, and would lose that."""
    server = postgres.server()
    server.run("ALTER SYSTEM SET synchronous_commit = on")
    server.run("SELECT pg_reload_conf()")
    yield
    server.run("ALTER SYSTEM RESET ALL")
    server.run("SELECT pg_reload_conf()")


@pytest.mark.proof
@pytest.mark.usefixtures("_durable")
def test_a_server_that_crashes_in_a_storm_loses_nothing(tmp_path: Path) -> None:
    crashes = -(-KILLS // 30)
    trial = run(tmp_path, "postgres", crashes, seed=3, kind=Crashing)
    answered = sum(writer.answered for writer in trial.writers)
    repeated = sum(writer.repeated for writer in trial.writers)
    print(f"{crashes} crashes, {answered} answers, {repeated} asked again")  # noqa: T201
    assert answered > repeated > 0


def test_a_kill_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    trial = run(tmp_path, "sqlite", 2, seed=2)
    assert sum(writer.repeated for writer in trial.writers) > 0
