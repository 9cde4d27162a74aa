"""The primary is lost in the middle of a storm of writes, and its standby promoted.

The standby is synchronous, as the documentation asks for, and answers reads before. The
hub's address names both: nothing that was answered is lost, nothing is done twice, and
no cursor has to begin anew.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from leadwell.store.connection import Database
from leadwell.store.engines.postgres import PostgresDatabase
from tests import make, postgres
from tests.end_to_end.test_kills import Patient, Trial
from tests.mirror import Mirror
from tests.served import Reader, Served, a_hub, furnished
from tests.standby import Standby
from tests.storm.journal import some_writers

DURABLE = "&options=-c%20synchronous_commit%3Don"
ENOUGH, PATIENCE_S = 60, 60
"""Answers before the loss, and after it."""
pytestmark = [pytest.mark.proof, pytest.mark.one_server]


@dataclass
class Pair:
    """A primary and its standby, which waits to take its place."""

    primary: postgres.Server
    standby: Standby
    url: str

    @property
    def either(self) -> str:
        """The address of whichever of the two takes writes."""
        hosts = f"host={self.primary.folder},{self.standby.folder}"
        url = self.url.replace(f"host={self.primary.folder}", hosts)
        return f"{url}{DURABLE}&target_session_attrs=read-write"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as opened:
        primary = postgres.Server()
        opened.callback(primary.stop)
        url = primary.made(tmp_path / "leads.db")
        standby = Standby(primary)
        opened.callback(standby.stop)
        primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.run("SELECT pg_reload_conf()")
        yield Pair(primary, standby, url)


@dataclass
class Losing(Trial):
    """The primary ends in the middle of the storm, and never comes back."""

    pair: Pair | None = None
    answered: list[int] = field(default_factory=list)
    """How many answers there were when the primary ended, and in the end."""
    by_replica: float = 0

    def begin(self, workers: int = 1) -> Served:
        assert self.pair is not None
        more = {
            "LEADWELL_DATABASE": self.pair.either,
            "LEADWELL_DATABASE_REPLICAS": self.pair.standby.url(self.pair.url),
        }
        return a_hub(self.folder, self.token, workers, "postgres", **more)

    def opened(self) -> Database:
        assert self.pair is not None
        return PostgresDatabase(self.pair.either, postgres.UNSAFE)

    def storm(self, hub: Served) -> None:
        patient: Any = Patient(hub)
        self.mirror.client = Reader(patient)
        super().storm(patient)

    def last(self, hub: Served) -> None:
        assert self.pair is not None
        self.await_answers(ENOUGH)
        self.by_replica = hub.figure('leadwell_reads_total{by="replica"}')
        self.pair.primary.halt()
        self.answered.append(self.count())
        self.pair.standby.promote()
        self.await_answers(self.count() + ENOUGH)
        self.answered.append(self.count())

    def count(self) -> int:
        return sum(writer.answered for writer in self.writers)

    def await_answers(self, count: int) -> None:
        until = time.monotonic() + PATIENCE_S
        while self.count() < count:
            assert time.monotonic() < until, self.count()
            time.sleep(0.05)


def test_a_primary_that_is_lost_in_a_storm_takes_nothing_with_it(
    tmp_path: Path, pair: Pair
) -> None:
    database = PostgresDatabase(pair.url, postgres.UNSAFE)
    token = furnished(tmp_path, database)
    database.close()
    mirror, random = Mirror(None, token), make.seeded(4)
    trial = Losing(
        tmp_path, "postgres", token, random, some_writers(), mirror, pair=pair
    )
    trial.cycle(workers=2)
    hub = trial.begin()
    mirror.client = Reader(hub)
    trial.check(hub)
    hub.stop()
    print(f"{trial.answered} answers, {trial.by_replica} by the replica")  # noqa: T201
    assert trial.by_replica > 0
