"""Four processes of two hubs on one PostgreSQL, and its standby, in one storm.

The hubs share no folder, and the clock of one is five minutes ahead. Whoever asks is
answered by any of the four. The standby lags, is cut off from who asks, ends and comes
back meanwhile, and at last is promoted while the primary goes on: readers must not
notice, and of what it writes then nobody may see anything.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest

from leadwell.store.connection import Database
from leadwell.store.writes import chores
from tests import make, postgres
from tests.end_to_end.test_several_hubs import AHEAD
from tests.served import KEY, Answer, Served, a_folder, a_hub
from tests.standby import Standby
from tests.storm.campaign import a_storm
from tests.storm.running import (
    a_crew,
    check_kept,
    check_numbers,
    check_scopes,
    work_at_once,
)
from tests.storm.witnesses import Inquirer, witnesses

SEEDS = int(os.environ.get("LEADWELL_TEST_HOUSES", "1"))
"""A longer run: LEADWELL_TEST_HOUSES=50 make proof."""
WORKERS = 2
WRITES, MORE_WRITES = 150, 60
"""While the standby has its troubles, and after it was promoted."""
pytestmark = [pytest.mark.proof, pytest.mark.one_server]


@dataclass
class Either:
    """Several hubs behind one name: they answer in turn."""

    hubs: list[Served]
    turns: Iterator[int] = field(default_factory=itertools.count)

    def request(self, *asked: Any, **more: Any) -> Answer:
        return self.hubs[next(self.turns) % len(self.hubs)].request(*asked, **more)

    def answered(self, by: str) -> float:
        """How many reads were answered by the replica, or by the primary."""
        name = f'leadwell_reads_total{{by="{by}"}}'
        return sum(hub.figure(name) for hub in self.hubs)


@dataclass
class Trouble:
    """What happens to the standby."""

    standby: Standby
    random: Random
    is_over: Event
    met: set[str] = field(default_factory=set)

    def step(self) -> None:
        job = self.random.choice(TROUBLES)
        job(self)
        self.met.add(job.__name__)
        self.is_over.wait(self.random.uniform(0.5, 1.5))


def lag(trouble: Trouble) -> None:
    trouble.standby.run("SELECT pg_wal_replay_pause()")
    trouble.is_over.wait(trouble.random.uniform(0.05, 0.5))
    trouble.standby.run("SELECT pg_wal_replay_resume()")


def end_sessions(trouble: Trouble) -> None:
    trouble.standby.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )


def end(trouble: Trouble) -> None:
    trouble.standby.halt()
    trouble.is_over.wait(trouble.random.uniform(0.0, 0.3))
    trouble.standby.start()


TROUBLES: list[Callable[[Trouble], None]] = [lag, lag, end_sessions, end]


@dataclass
class House:
    """Two hubs, the database and its standby."""

    either: Either
    database: Database
    standby: Standby


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    token = a_folder(folders[0], "postgres")
    (folders[1] / "leads.db.key").write_text(KEY.hex())
    url = postgres.server().again(folders[0] / "leads.db")
    name = url.partition("?")[0].rpartition("/")[2]
    postgres.server().run(f"ALTER DATABASE {name} SET synchronous_commit = on")
    with ExitStack() as opened:
        standby = Standby(postgres.server())
        opened.callback(standby.stop)
        more = {
            "LEADWELL_DATABASE": url,
            "LEADWELL_DATABASE_REPLICAS": standby.url(url),
        }
        hubs: list[Served] = []
        for folder, first in zip(folders, ("", AHEAD), strict=True):
            hubs.append(a_hub(folder, token, WORKERS, "postgres", first, **more))
            opened.callback(hubs[-1].stop)
        database = make.a_database_again(folders[0] / "leads.db", "postgres")
        opened.callback(database.close)
        yield House(Either(hubs), database, standby)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nobody_is_shown_less_than_was_shown_before(
    house: House, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "CHUNK", 7)
    storm = a_storm(house.either, house.database, seed)
    crew, watching = a_crew(storm), witnesses(storm)
    inquirer = Inquirer(storm, storm.random("inquirer"))
    trouble = Trouble(house.standby, storm.random("trouble"), storm.is_over)
    everybody = [*crew.everybody, *watching, inquirer]

    def is_enough() -> bool:
        checked = min(each.checked for each in watching)
        is_troubled = len(trouble.met) > 1
        return (
            crew.has_done(WRITES) and min(checked, inquirer.asked) > 10 and is_troubled
        )

    work_at_once(storm, [*everybody, trouble], is_enough)
    assert is_enough()
    house.standby.promote()
    work_at_once(storm, everybody, lambda: crew.has_done(WRITES + MORE_WRITES))
    assert crew.has_done(WRITES + MORE_WRITES)

    crew.settle()
    check_kept(storm)
    check_scopes(storm)
    check_numbers(storm)
    # Most of what is asked meets a standby that has everything.
    assert house.either.answered("replica") > 0
    assert house.either.answered("primary") > 0
    ready = house.either.hubs[0].get("/health/ready").data.decode()
    assert '"replicas":{"used":0,"aside":1}' in ready
