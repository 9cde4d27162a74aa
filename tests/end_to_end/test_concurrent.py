"""The promise of the change feed, over HTTP, while others write and edit.

Each seed is one campaign of a running hub: writers write, an operator edits filters,
tokens and the schema beside the hub, and readers follow, who begin in every way there
is. Whenever a reader is told that its copy is exact, it must be, and no reader may
ever be told of a lead that its token could not see at any time.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from itertools import product
from threading import Thread

import pytest

from leadwell.store.connection import Database
from leadwell.store.writes import chores
from tests import make
from tests.served import Served, a_folder, a_hub
from tests.storm import truth
from tests.storm.campaign import Storm, a_storm
from tests.storm.followers import BEGINNINGS, Follower, pollers
from tests.storm.operator import Operator, finish_chunk
from tests.storm.writers import Writer

SEEDS = int(os.environ.get("LEADWELL_TEST_STORMS", "100"))
"""One storm each; a longer run: LEADWELL_TEST_STORMS=5000 make proof."""
WRITES = 40
LONG_EVERY, LONG_WRITES = 20, 150
"""Many short storms meet more than a few long ones; yet some grow large."""
LOOK_S = 0.05
PATIENCE_S = 60
WRITERS = 4
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
    writers = [Writer(storm, storm.random(f"w{i}")) for i in range(WRITERS)]
    for writer in writers:
        writer.learn()
    operator = Operator(storm, storm.random("operator"))
    followers = [
        Follower(storm, kept, storm.random(f"{kept.name}-{place}"), begin, place % 2)
        for place, (kept, begin) in enumerate(some_of(storm))
    ]

    def is_enough() -> bool:
        # Not a time: a busy machine needs longer to do as much at once.
        done = sum(writer.done for writer in writers)
        told = sum(follower.exact for follower in followers)
        is_written = done > (LONG_WRITES if seed % LONG_EVERY == 4 else WRITES)
        return is_written and operator.edits > 4 and told > 2 * len(followers)

    stamped = pollers(storm)
    weather(storm, [*writers, operator, *followers, *stamped], is_enough)
    while finish_chunk(storm):
        pass
    for each in (*followers, *stamped):
        each.settle()
    check_told(storm, followers)
    assert is_enough()


def some_of(storm: Storm) -> Iterator[tuple]:
    """Every token begins in two of the ways, another two with each seed."""
    for place, (kept, begin) in enumerate(product(storm.tokens, BEGINNINGS)):
        if (place + place // len(BEGINNINGS) + storm.seed) % 2:
            yield kept, begin


def weather(storm: Storm, everybody: list, is_enough: Callable[[], bool]) -> None:
    """Let everybody work at once, until that is enough."""
    threads = [Thread(target=storm.run, args=(each.step,)) for each in everybody]
    for thread in threads:
        thread.start()
    until = time.monotonic() + PATIENCE_S
    while not storm.is_over.wait(LOOK_S):
        if is_enough() or time.monotonic() > until:
            storm.is_over.set()
    for thread in threads:
        thread.join()
    if storm.faults:
        raise storm.faults[0]


def check_told(storm: Storm, followers: list[Follower]) -> None:
    """Compare what the readers were told of with what their tokens could ever see."""
    known = storm.read(
        lambda c, campaign: {i: truth.states(c, campaign, i) for i in storm.ids}
    )
    for lead_id, states in storm.erased.items():
        known[lead_id] = [*known.get(lead_id, []), *states]
    campaign = storm.read(lambda _, campaign: campaign)
    for kept in storm.tokens:
        told = [each.told for each in followers if each.kept is kept]
        seen = {i for i in known if truth.is_ever_in(campaign, kept.held, known[i])}
        named = set().union(*told)
        assert named <= seen, named - seen
        if kept.name == "still":
            assert seen < set(known)


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
