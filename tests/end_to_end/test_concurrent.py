"""The promise of the change feed, over HTTP, while others write and edit.

Each seed is one campaign of a running hub: writers write, an operator edits filters,
tokens and the schema beside the hub, and readers follow, who begin in every way there
is. Whenever a reader is told that its copy is exact, it must be, and no reader may
ever be told of a lead that its token could not see at any time.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

import pytest

from leadwell.store.connection import Database
from leadwell.store.writes import chores
from tests import make
from tests.served import Served, a_folder, a_hub
from tests.storm.campaign import a_storm
from tests.storm.running import a_crew, work_at_once

SEEDS = int(os.environ.get("LEADWELL_TEST_STORMS", "100"))
"""One storm each; a longer run: LEADWELL_TEST_STORMS=5000 make proof."""
WRITES = 40
LONG_EVERY, LONG_WRITES = 20, 150
"""Many short storms meet more than a few long ones; yet some grow large."""
HUBS = [("sqlite", 1), ("sqlite", 2), ("postgres", 2)]
"""Engine and workers; a seed has the one of its remainder."""


@dataclass(frozen=True)
class Run:
    """A hub, and its database as an operator's commands open it."""

    hub: Served
    database: Database


@pytest.fixture(scope="module")
def hub_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Run]]:
    """The hub of a seed: each kind is started once, when a seed first asks for it."""
    with ExitStack() as started:

        @cache
        def started_hub(engine: str, workers: int) -> Run:
            folder = tmp_path_factory.mktemp("hub")
            hub = a_hub(folder, a_folder(folder, engine), workers, engine)
            started.callback(hub.stop)
            database = make.a_database_again(folder / "leads.db", engine)
            started.callback(database.close)
            return Run(hub, database)

        yield lambda seed: started_hub(*HUBS[seed % len(HUBS)])


def run(running: Run, seed: int) -> None:
    storm = a_storm(running.hub, running.database, seed)
    crew = a_crew(storm)

    def is_enough() -> bool:
        return crew.has_done(LONG_WRITES if seed % LONG_EVERY == 4 else WRITES)

    work_at_once(storm, crew.everybody, is_enough)
    crew.settle()
    assert is_enough()


@pytest.fixture
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the operator's edits take many transactions."""
    monkeypatch.setattr(chores, "CHUNK", 7)


@pytest.mark.usefixtures("_small_chunks")
@pytest.mark.parametrize("seed", range(len(HUBS)))
def test_every_copy_is_exact_whenever_it_is_said_to_be(
    hub_of: Callable[[int], Run], seed: int
) -> None:
    run(hub_of(seed), seed)


@pytest.mark.proof
@pytest.mark.usefixtures("_small_chunks")
@pytest.mark.parametrize("seed", range(1000, 1000 + SEEDS))
def test_every_copy_is_exact_in_many_storms(
    hub_of: Callable[[int], Run], seed: int
) -> None:
    run(hub_of(seed), seed)
