"""What `leadwell doctor --deep` finds, and that it finds nothing where all is right."""

import pytest

from leadwell.model.grant import Grant
from leadwell.model.query import Question
from leadwell.schema import querystring, question
from leadwell.store import campaigns, filters
from leadwell.store.connection import Connection, Database
from leadwell.store.indexes import Indexes, checking
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
    with database.reading() as connection:
        known = campaigns.known(connection, campaign.id)
        return list(checking.differences(connection, known))


def run(database: Database, sql: str) -> None:
    def job(connection: Connection) -> None:
        connection.run(sql)

    database.write(job).result()


def test_nothing_is_found_where_all_is_right(database, kept) -> None:
    assert found_in(database, kept) == []


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
    ],
)
def test_what_was_damaged_is_found(database, kept, sql: str, said: str) -> None:
    run(database, sql)
    found = found_in(database, kept)
    assert any(said in each for each in found), found


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
