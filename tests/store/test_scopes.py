"""What scopes keep of leads that enter and leave while much else happens."""

from dataclasses import replace

import pytest

from leadwell.schema import querystring, question
from leadwell.store import campaigns, filters, tokens
from leadwell.store.connection import Connection, Database
from leadwell.store.writes import chores
from tests import make

WEST = {"name": "Ann", "source": "partner-west"}
NORTH = {"name": "Ann", "source": "partner-north"}


def keep(database: Database, query: str) -> int:
    def job(connection: Connection) -> int:
        campaign = campaigns.known(connection, 362)
        asked = question.conditions(campaign, querystring.decode(query.encode()))
        return filters.keep(connection, campaign, "mine", asked, now=0).id

    return database.write(job).result()


def members(database: Database, scope_id: int) -> list[tuple[int, int, str | None]]:
    with database.reading() as connection:
        return connection.rows(
            """
            SELECT lead_id, in_scope, reason FROM scope_member
             WHERE scope_id = :scope_id ORDER BY lead_id
            """,
            {"scope_id": scope_id},
        )


def test_a_lead_that_only_passes_through_leaves_no_trace(database, campaign) -> None:
    scope = keep(database, "source=partner-west")
    twice = [{"external_id": "x", "fields": fields} for fields in (WEST, NORTH)]
    make.leads(database, campaign, twice)
    assert members(database, scope) == []
    make.leads(database, campaign, twice[:1])
    make.leads(database, campaign, twice[1:])
    assert members(database, scope) == [(1, 0, "left_scope")]


@pytest.fixture
def half_flipped(database, campaign, monkeypatch: pytest.MonkeyPatch) -> int:
    """A scope whose filter was edited, and that has taken in the first lead only."""
    scope = keep(database, "source=website")
    given = [{"external_id": name, "fields": WEST} for name in "abc"]
    make.leads(database, campaign, given)
    monkeypatch.setattr(chores, "CHUNK", 1)
    keep(database, "source=partner-west")
    assert members(database, scope) == [(1, 1, None)]
    return scope


def test_what_a_list_showed_before_its_flip_is_taken_back(
    database, campaign, half_flipped: int
) -> None:
    make.leads(database, campaign, [{"external_id": "c", "fields": NORTH}])
    assert members(database, half_flipped) == [(1, 1, None), (3, 0, "left_scope")]


def test_a_flip_is_finished_before_the_filter_changes_again(
    database, half_flipped: int
) -> None:
    keep(database, "source=website")
    with database.reading() as connection:
        (chore,) = chores.find(connection, 362)
    assert (chore.part_id, chore.done_to) == (half_flipped, 1)
    assert [row[:2] for row in members(database, half_flipped)] == [
        (1, 0),
        (2, 1),
        (3, 1),
    ]


def test_a_flip_is_finished_before_its_token_leaves(
    database, account, campaign, half_flipped: int
) -> None:
    text = make.a_token(database, account, campaign, named="mine")
    keep(database, "source[ne]=partner-north")

    def leave(connection: Connection) -> None:
        token = tokens.hold(connection, text.split("_")[1])
        tokens.change(connection, replace(token, filter_id=None), now=0)

    database.write(leave).result()
    with database.reading() as connection:
        assert chores.find(connection, 362) == []
        ended = tokens.ended(connection, 362, text.split("_")[1], 1, make.MIDNIGHT)
    assert ended
    assert [row[1] for row in members(database, half_flipped)] == [1, 1, 1]
