"""Power cuts in the middle of writes: what was answered is there, and nothing torn.

The real database code writes to a disk that forgets what was not synced. A life is a
row of cuts of one database: each begins with what the last one has left.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

import apsw
import pytest

from leadwell.errors import Unavailable
from leadwell.model.campaign import Campaign
from leadwell.model.digest import Digest, words
from leadwell.model.grant import OPERATOR
from leadwell.schema import querystring, question, submission
from leadwell.schema.matching import matches
from leadwell.store import campaigns, feed, filters
from leadwell.store.connection import Connection
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.engines.sqlite_connection import SQLiteConnection
from leadwell.store.writes import rows, scopes
from leadwell.store.writes.writing import Writing
from tests import make, power
from tests.effort import REPEATS
from tests.recording import recorded

CUTS = int(os.environ.get("LEADWELL_TEST_CUTS", "10000"))
"""A longer run: LEADWELL_TEST_CUTS=1000000 make proof."""
PARTS = 4
"""Of the cuts, for processes that run side by side."""
CUTS_IN_A_LIFE = 20
"""A database grows with each, and to look at all of it takes half of the time."""
CALLS_MAX = 160
"""Writes and syncs before a cut: some five transactions."""
FILTERS = ("source=partner-west", "status=new")
CUT_OFF = (apsw.Error, Unavailable)
"""What is raised without power: by SQLite, and by the database of it."""
Noted = list[tuple[int, int]]
"""Ids and versions of leads."""


class Untouched(SQLiteDatabase):
    """A database that is only looked at: its log is left as the cut has left it."""

    def _first(self) -> SQLiteConnection:
        opened = super()._first()
        opened.raw.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        return opened


class SmallSteps(SQLiteDatabase):
    """A database that moves its log into the file often, so that cuts hit that too."""

    def _opened(self) -> SQLiteConnection:
        opened = super()._opened()
        opened.raw.execute("PRAGMA wal_autocheckpoint = 40").fetchall()
        return opened


class Careless(SmallSteps):
    """A database that does not wait for the disk before it says that all is well."""

    def _opened(self) -> SQLiteConnection:
        opened = super()._opened()
        opened.raw.execute("PRAGMA synchronous = NORMAL").fetchall()
        return opened


@dataclass
class Life:
    """A database, and what was ever said of it."""

    path: Path
    campaign: Campaign
    disk: power.Disk
    random: Random
    kind: type[SQLiteDatabase] = SmallSteps
    answered: set[tuple[int, int]] = field(default_factory=set)
    given_to: dict[int, tuple[int, int]] = field(default_factory=dict)
    heads: list[feed.Head] = field(default_factory=list)
    tasks: list[int] = field(default_factory=list)
    """How many leads each task was to make: all of them or none."""
    lost: int = 0

    def cut(self) -> None:
        """Write until the power fails, and leave what the disk has kept."""
        self.disk.plug_in(self.path, self.random.randint(1, CALLS_MAX))
        try:
            self.write()
        except CUT_OFF:
            pass
        finally:
            self.disk.survivors(self.path)

    def write(self) -> None:
        database = self.kind(self.path, vfs=self.disk.name)
        is_over = Event()
        reader = Thread(target=self.look, args=(database, is_over))
        reader.start()
        try:
            while not self.disk.is_off:
                burst = self.random.randint(1, 4)
                self.note([database.write(self.task()) for _ in range(burst)])
        finally:
            is_over.set()
            reader.join()
            database.close()

    def note(self, futures: "list[Future[Noted]]") -> None:
        for future in futures:
            with suppress(*CUT_OFF):
                self.answered.update(future.result(timeout=10))

    def look(self, database: SQLiteDatabase, is_over: Event) -> None:
        """See what a reader of the feed may be told before the power fails."""
        with suppress(*CUT_OFF):
            while not is_over.wait(0.002):
                with database.reading() as connection:
                    self.heads[1:] = [feed.head(connection, 362)]

    def task(self) -> Callable[[Connection], Noted]:
        random = Random(self.random.random())  # noqa: S311 - a seeded walk
        count = self.random.randint(1, 4)
        self.tasks.append(count)
        # Each task has a moment of its own, by which its leads are known again.
        now = 1_000 * len(self.tasks)

        def job(connection: Connection) -> Noted:
            return write(connection, self.campaign, random, now, count)

        return job

    def check(self) -> None:
        """Open what is left on an ordinary disk, and look at all of it."""
        database = Untouched(self.path)
        try:
            with database.reading() as connection:
                self.check_answered(connection)
                self.check_whole(connection)
                self.check_sequences(connection)
                for head in self.heads if self.kind is SmallSteps else ():
                    feed.check_known(connection, 362, head.epoch, head.seq)
        finally:
            database.close()

    def check_answered(self, connection: Connection) -> None:
        found = connection.rows("SELECT lead_id, version FROM lead_history")
        self.lost += len(self.answered - set(found))
        # What a careless database has lost is not asked for again.
        self.answered &= set(found)

    def check_whole(self, connection: Connection) -> None:
        assert connection.rows("PRAGMA integrity_check") == [("ok",)]
        held = {
            lead.id: lead
            for lead in rows.find_after(connection, self.campaign, 0, 100_000)
        }
        for scope in scopes.find_open(connection, self.campaign):
            belongs = {
                lead.id: lead.version
                for lead in held.values()
                if matches(self.campaign, scope.conditions, lead)
            }
            members = dict(members_of(connection, scope.id))
            assert members == belongs
            added_up = Digest().plus(words(*pair) for pair in belongs.items())
            assert scopes.digest(connection, 362, scope.id) == added_up
        self.check_history(connection, {k: v.version for k, v in held.items()})

    def check_history(self, connection: Connection, held: dict[int, int]) -> None:
        """Every revision is there, and of each task all leads or none."""
        lasts: dict[int, tuple[int, str]] = {}
        for lead_id, version, op in connection.rows(
            "SELECT lead_id, version, op FROM lead_history ORDER BY 1, 2"
        ):
            assert version == lasts.get(lead_id, (0, ""))[0] + 1
            lasts[lead_id] = (version, op)
        alive = {k: v for k, (v, op) in lasts.items() if op != "delete"}
        assert alive == held
        for number, count in connection.rows(
            "SELECT at, count(*) FROM lead_history WHERE op = 'create' GROUP BY at"
        ):
            assert self.tasks[number // 1_000 - 1] == count

    def check_sequences(self, connection: Connection) -> None:
        """A number that anybody was told is never given to anything else."""
        ((counter, last_id),) = connection.rows("SELECT seq, lead_id FROM counter")
        for seq, lead_id, version in connection.rows(
            """
            SELECT seq, lead_id, version FROM scope_member WHERE scope_id = 0
             UNION ALL
            SELECT from_seq, 0, from_seq FROM epoch
            """
        ):
            assert self.given_to.setdefault(seq, (lead_id, version)) == (
                lead_id,
                version,
            )
            assert seq <= counter
            assert lead_id <= last_id
        by_version = sorted((pair, seq) for seq, pair in self.given_to.items())
        for (one, seq), (other, later) in itertools.pairwise(by_version):
            assert one[0] != other[0] or seq < later


def members_of(connection: Connection, scope_id: int) -> list[tuple[Any, ...]]:
    return connection.rows(
        """
        SELECT lead_id, version FROM scope_member
         WHERE scope_id = :scope_id AND in_scope = 1
        """,
        {"scope_id": scope_id},
    )


def write(
    connection: Connection, campaign: Campaign, random: Random, now: int, count: int
) -> Noted:
    """Make some leads, change one and delete one, all in one transaction."""
    writing = Writing.begin(connection, campaign, OPERATOR, now, count + 2)
    noted: Noted = []
    ids = [row[0] for row in connection.rows("SELECT id FROM lead")]
    for place in range(count):
        given = a_submission(random, campaign, external_id=f"{now}-{place}")
        outcome = writing.save(given)
        noted.append((outcome.lead.id, outcome.lead.version))
    if len(ids) > 1:
        one, other = random.sample(ids, 2)
        lead = writing.change(one, a_submission(random, campaign)).lead
        noted.append((lead.id, lead.version))
        if random.random() < 0.6:
            known = rows.find(connection, campaign, other)
            assert known
            writing.remove(other)
            noted.append((other, known.version + 1))
    writing.close()
    return noted


def a_submission(random: Random, campaign: Campaign, **given: Any) -> Any:
    fields = {
        "name": "x" * random.choice([1, 10, 3000]),
        "source": random.choice(["partner-west", "website"]),
    }
    status = random.choice(["new", "won"])
    return submission.read(campaign, given | {"fields": fields, "status": status})


@pytest.fixture
def template(tmp_path: Path) -> tuple[Path, Campaign]:
    """A database as it is before its first cut."""
    path = tmp_path / "template.db"
    database = make.a_database(path)
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    for text in FILTERS:
        asked = question.conditions(campaign, querystring.decode(text.encode()))
        database.write(
            lambda c, asked=asked: filters.keep(c, campaign, None, asked, 0)
        ).result()
    with database.reading() as connection:
        campaign = campaigns.known(connection, 362)
    database.close()
    return path, campaign


def lives(
    template: tuple[Path, Campaign],
    cuts: int,
    seed: int,
    kind: type[SQLiteDatabase] = SmallSteps,
) -> Iterator[Life]:
    """Live one life after the other, each until all its cuts are checked."""
    path, campaign = template
    for number in range(0, cuts, CUTS_IN_A_LIFE):
        random = Random(seed + number)  # noqa: S311 - a seeded walk, no secret
        disk = power.Disk(f"power-{os.getpid()}-{seed + number}", random)
        life = Life(path.with_name("life.db"), campaign, disk, random, kind)
        power.copy(path, life.path)
        for _ in range(min(CUTS_IN_A_LIFE, cuts - number)):
            life.cut()
            life.check()
            if kind is SmallSteps:
                assert life.lost == 0
        disk.unregister()
        yield life


@pytest.mark.proof
@REPEATS
@pytest.mark.parametrize("part", range(PARTS))
def test_many_power_cuts_lose_nothing_that_was_answered(
    template: tuple[Path, Campaign], part: int
) -> None:
    cuts = CUTS // PARTS
    with recorded("power") as counts:
        found = lives(template, cuts, seed=10_000 + part * cuts)
        answered = sum(len(life.answered) for life in found)
        counts.update(cuts=cuts, answered=answered)
    assert answered > cuts


@REPEATS
def test_power_cuts_lose_nothing_that_was_answered(
    template: tuple[Path, Campaign],
) -> None:
    assert sum(len(life.answered) for life in lives(template, 50, seed=0)) > 50


@REPEATS
def test_the_cuts_would_find_a_database_that_does_not_wait_for_the_disk(
    template: tuple[Path, Campaign],
) -> None:
    careless = lives(template, 50, seed=1, kind=Careless)
    assert sum(life.lost for life in careless) > 0


@REPEATS
@pytest.mark.parametrize("place", range(1, 200, 11))
def test_one_call_that_fails_stops_no_later_write(
    template: tuple[Path, Campaign], place: int
) -> None:
    path, campaign = template
    random = Random(place)  # noqa: S311 - a seeded walk, no secret
    disk = power.Disk(f"fault-{os.getpid()}-{place}", random)
    life = Life(path.with_name("life.db"), campaign, disk, random)
    power.copy(path, life.path)
    disk.plug_in(life.path, place, fails_once=True)
    database = SmallSteps(life.path, vfs=disk.name)
    futures = [database.write(life.task()) for _ in range(12)]
    for _ in range(12):
        futures.append(database.write(life.task()))
        wait(futures, timeout=10)
    assert all(future.done() for future in futures)
    assert futures[-1].exception() is None
    life.note(futures)
    database.close()
    life.check()
    disk.unregister()
    assert life.lost == 0
