"""How a storm is run: who begins, everybody at once, and what must hold afterwards."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Thread

from leadwell.schema.matching import matches
from leadwell.store.writes import rows
from tests.storm import truth
from tests.storm.campaign import Storm
from tests.storm.followers import (
    BEGINNINGS,
    Follower,
    Stamped,
    Watched,
    listed,
    pollers,
)
from tests.storm.operator import Operator, finish_chunk
from tests.storm.writers import Writer

WRITERS = 4
LOOK_S = 0.05
PATIENCE_S = 60


@dataclass
class Crew:
    """Those who write, edit and follow in every storm."""

    storm: Storm
    writers: list[Writer]
    operator: Operator
    followers: list[Follower]
    stamped: list[Stamped]

    @property
    def everybody(self) -> list:
        return [*self.writers, self.operator, *self.followers, *self.stamped]

    def has_done(self, writes: int) -> bool:
        """Whether so much was written, and edited and told meanwhile.

        Not a time: a busy machine needs longer to do as much at once.
        """
        done = sum(writer.done for writer in self.writers)
        told = sum(follower.exact for follower in self.followers)
        is_told = told > 2 * len(self.followers)
        return done > writes and self.operator.edits > 4 and is_told

    def settle(self) -> None:
        """Nobody writes any more: all chores are done, and every copy is exact."""
        while finish_chunk(self.storm):
            pass
        for each in (*self.followers, *self.stamped):
            each.settle()
        check_told(self.storm, self.followers)


def a_crew(storm: Storm) -> Crew:
    writers = [Writer(storm, storm.random(f"w{i}")) for i in range(WRITERS)]
    for writer in writers:
        writer.learn()
    operator = Operator(storm, storm.random("operator"))
    followers = [
        Follower(storm, kept, storm.random(f"{kept.name}-{place}"), begin, place % 2)
        for place, (kept, begin) in enumerate(_some_of(storm))
    ]
    return Crew(storm, writers, operator, followers, pollers(storm))


def _some_of(storm: Storm) -> Iterator[tuple]:
    """Every token begins in two of the ways, another two with each seed."""
    ways = itertools.product(storm.tokens, BEGINNINGS)
    for place, (kept, begin) in enumerate(ways):
        if (place + place // len(BEGINNINGS) + storm.seed) % 2:
            yield kept, begin


def work_at_once(storm: Storm, everybody: list, is_enough: Callable[[], bool]) -> None:
    """Let everybody work at once, until that is enough."""
    storm.is_over.clear()
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


def check_kept(storm: Storm) -> None:
    """All that was answered is there, once, unless somebody asked to remove it."""
    whole = listed(Watched(storm.client, storm.writer, storm.id, storm=storm))
    assert whole.keys() <= set(storm.ids)
    assert not storm.newest.keys() - whole.keys() - storm.leaving
    assert not whole.keys() & storm.gone
    for lead_id, lead in whole.items():
        assert lead["metadata"]["version"] >= storm.newest[lead_id]
        storm.note(lead)
    stamps = [
        (lead_id, version, at)
        for (lead_id, version), (_, at) in sorted(storm.revisions.items())
    ]
    for (one, _, before), (other, _, at) in itertools.pairwise(stamps):
        # Never backwards (CONTRACT §4). Two writes that are done in one commit have one
        # stamp: each was answered, and nobody can have read the first of them.
        assert one != other or before <= at, (one, before, at)


def check_scopes(storm: Storm) -> None:
    """Each token's list is what its filter means, by the other way to tell that."""

    def leads(connection, campaign) -> tuple:
        return campaign, rows.find_after(connection, campaign, 0, 100_000)

    storm.note_filters()
    campaign, found = storm.read(leads)
    for kept in storm.tokens:
        shown = listed(Watched(storm.client, kept.text, storm.id, storm=storm))
        assert set(shown) == {x.id for x in found if matches(campaign, kept.now, x)}


def check_numbers(storm: Storm) -> None:
    """No number of the campaign's sequence was given to two changes."""
    given, highest, counter = storm.read(
        lambda c, campaign: c.rows(
            """
            SELECT array_agg(scope_member.seq), max(scope_member.seq),
                   (SELECT seq FROM counter WHERE campaign_id = :id)
              FROM scope_member
             WHERE campaign_id = :id AND scope_id = 0
            """,
            {"id": campaign.id},
        )[0]
    )
    assert len(set(given)) == len(given)
    assert highest <= counter
