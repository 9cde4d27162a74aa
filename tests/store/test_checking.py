"""What `leadwell doctor --deep` finds, and that it finds nothing where all is right."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest

from leadwell.model.grant import Grant
from leadwell.model.query import Question
from leadwell.schema import querystring, question
from leadwell.schema.parts import Kind, Name
from leadwell.schema.times import microseconds
from leadwell.store import campaigns, filters
from leadwell.store.checking import whole
from leadwell.store.connection import Connection, Database
from leadwell.store.indexes import Indexes
from leadwell.store.writes import chores, erasing, parts
from tests import make

SOURCES = ("website", "partner-west", "partner-north")


@pytest.fixture
def kept(database, campaign):
    """A campaign with sixty leads, two filters and a stored index."""
    given = [
        {"fields": {"name": f"Lead {n}", "source": SOURCES[n % 3], "budget": n}}
        for n in range(60)
    ]
    make.leads(database, campaign, given)
    for text in ("source=website", "budget[gte]=30"):
        asked = question.conditions(campaign, querystring.decode(text.encode()))
        database.write(
            lambda c, asked=asked: filters.keep(c, campaign, None, asked, now=0)
        ).result()
    return campaign


def found_in(database: Database, campaign) -> list[str]:
    told: list[int] = []
    with database.reading() as connection:
        found = list(whole.differences(connection, campaign.id, told.append))
    assert told in ([60], [59], [])
    return found


def run(database: Database, sql: str) -> None:
    def job(connection: Connection) -> None:
        connection.run(sql)

    database.write(job).result()


def test_nothing_is_found_where_all_is_right(database, kept) -> None:
    assert found_in(database, kept) == []


def test_nothing_is_found_while_others_write(database, kept) -> None:
    stop, now = Event(), make.us(make.MIDNIGHT)

    def write() -> None:
        while not stop.is_set():
            for _ in range(2):
                lead = make.a_lead(database, kept, fields={"source": "website"})
            database.write(
                lambda c, id_=lead.id: erasing.erase(c, kept, id_, now)
            ).result()

    with ThreadPoolExecutor(1) as pool:
        writing, seen = pool.submit(write), list[int]()
        try:
            # However late the first of their writes comes.
            while len(seen) < 5 or seen[-1] <= 60:
                assert not writing.done()
                with database.reading() as connection:
                    told: list[int] = []
                    found = list(whole.differences(connection, kept.id, told.append))
                assert found == []
                seen.append(told[-1])
        finally:
            stop.set()
        writing.result()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE lead SET status = NULL WHERE id = 7", "not stored as they are shown"),
        (
            "UPDATE scope SET sum_1 = sum_1 + 1 WHERE scope_id > 0",
            "the digest of scope",
        ),
        (
            "UPDATE scope_member SET in_scope = 0 WHERE lead_id = 2",
            "digest of the whole",
        ),
        (
            "DELETE FROM scope_member WHERE lead_id = 1",
            "is wrong about 1 leads, 1 among",
        ),
        ("DELETE FROM lead WHERE id = 30", "scope is wrong about 1 leads, 30 among"),
        ("UPDATE counter SET seq = 3", "counter.seq is 3, and a scope's newest change"),
        ("UPDATE counter SET lead_id = 59", "counter.lead_id is 59, and the newest"),
        ("UPDATE counter SET part_id = 1", "counter.part_id is 1, and the newest"),
        ("UPDATE counter SET stamped_at = 1", "counter.stamped_at is 1, and the"),
        ("DELETE FROM counter", "it has no counter"),
        (
            "UPDATE lead SET seq = 30 WHERE id = 7",
            "were given twice",
        ),
        ("UPDATE lead SET version = 9 WHERE id = 7", "other versions of 1 leads, 7 am"),
        (
            "UPDATE scope_member SET version = 9 WHERE lead_id = 7 AND scope_id = 0",
            "leads 7 are not what the change feed tells",
        ),
        (
            "UPDATE lead_history SET version = 9 WHERE lead_id = 7",
            "the history of leads 7 tells of revisions",
        ),
        (
            (
                "INSERT INTO lead_history (campaign_id, lead_id, version, at, author,"
                " op, changes) VALUES (362, 99, 1, 1, '', 'create', '{}')"
            ),
            "the history of leads 99 tells of revisions",
        ),
        (
            (
                "INSERT INTO erasure (campaign_id, lead_id, seq, at)"
                " VALUES (362, 7, 1, 1), (362, 8, 1, 1)"
            ),
            "leads 7, 8 are erased, and something of them is in lead_history",
        ),
        (
            (
                "INSERT INTO reader (campaign_id, lineage, seq, at)"
                " VALUES (362, 'a', 9999, 1)"
            ),
            "and a reader's place 9999",
        ),
    ],
)
def test_what_was_damaged_is_found(database, kept, sql: str, said: str) -> None:
    run(database, sql)
    found = found_in(database, kept)
    assert any(said in each for each in found), found
    # Each says what to do.
    assert all(": " in each or "; " in each for each in found), found


def test_a_long_life_leaves_nothing_to_find(database, kept) -> None:
    """Changed, deleted, erased and merged leads, and another filter."""
    moment = make.MIDNIGHT + timedelta(days=1)
    run(database, "DELETE FROM lead_history WHERE lead_id < 5")
    west = Name(Kind.OPTION, "partner-west", "source")

    def job(connection: Connection) -> None:
        now = microseconds(moment)
        erasing.erase(connection, kept, 3, now)
        parts.rename(connection, kept.id, west, "west")

    database.write(job).result()
    while database.write(
        lambda c: chores.work(c, campaigns.known(c, kept.id), microseconds(moment))
    ).result():
        pass
    assert found_in(database, kept) == []


def test_an_index_that_missed_a_change_is_found(database, kept, monkeypatch) -> None:
    monkeypatch.setattr("leadwell.store.indexes.SMALL", 0)
    indexes = Indexes(database)
    with database.reading() as connection:
        query = Grant.of_operator(kept).query(kept, Question())
        assert indexes.matching(connection, kept, query) is None
    indexes.settle()
    indexes.close()
    assert found_in(database, kept) == []
    # A write that takes no sequence number: what no code of ours may do.
    run(database, "UPDATE lead SET status = NULL, body = body WHERE id = 7")
    assert any(
        "the index is wrong about 1 leads" in x for x in found_in(database, kept)
    )
