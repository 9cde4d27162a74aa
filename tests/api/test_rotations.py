"""Two tokens of one rotation, edited apart: a copy goes from one to the other."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from leadwell.model.token import public_id_of
from leadwell.schema import querystring, question
from leadwell.store import filters, tokens
from leadwell.store.connection import Connection
from tests import make
from tests.mirror import Mirror

NORTH, WEST, WEBSITE = "source=partner-north", "source=partner-west", "source=website"


@pytest.fixture
def leads(database, campaign) -> None:
    for source in ["partner-north", "partner-west", "website"] * 2:
        make.a_lead(database, campaign, fields={"source": source, "budget": 5})


@pytest.fixture
def old(database, account, campaign, leads) -> str:
    return make.a_token(database, account, campaign)


@pytest.fixture
def new(database, account, campaign, old: str) -> str:
    """The token that follows the old one; both work for a while."""
    return make.a_token(database, account, campaign, lineage=public_id_of(old))


def edit(database, campaign, token: str, text: str | None, *fields: str) -> None:
    """Give a token another filter, and fields that it may read."""

    def job(connection: Connection) -> None:
        known = tokens.known(connection, public_id_of(token))
        filter_id, readable = known.filter_id, known.readable
        if text is not None:
            asked = question.conditions(campaign, querystring.decode(text.encode()))
            filter_id = filters.keep(connection, campaign, None, asked, now=0).id
        if fields:
            readable = frozenset(campaign.field_by_slug[each].id for each in fields)
        given = replace(known, filter_id=filter_id, readable=readable)
        tokens.change(connection, given, now=0)

    database.write(job).result()


def listed(client, token: str) -> dict[int, Any]:
    mirror = Mirror(client, token)
    return {lead["id"]: lead for lead in mirror.get("", per_page=1000).json()["data"]}


def check_exact(client, mirror: Mirror, token: str) -> None:
    """Follow with this token: the copy becomes what it sees, and nothing else."""
    mirror.token = token
    assert mirror.follow()["up_to_date"]
    assert mirror.copy == listed(client, token)


def test_a_copy_loses_what_the_narrower_successor_does_not_see(
    client, database, campaign, old, new
) -> None:
    mirror = Mirror(client, old)
    mirror.follow()
    edit(database, campaign, new, WEBSITE)
    # Only the old token is shown this one, after the other's edit.
    added = make.a_lead(database, campaign, fields={"source": "partner-north"})
    mirror.follow()
    assert added.id in mirror.copy
    check_exact(client, mirror, new)
    assert {lead["fields"]["source"]["slug"] for lead in mirror.copy.values()} == {
        "website"
    }


@pytest.mark.parametrize("edits", [*permutations([NORTH, WEST, WEBSITE], 2)])
def test_a_copy_goes_to_and_fro_between_tokens_edited_apart(
    client, database, campaign, old, new, edits
) -> None:
    mirror = Mirror(client, old)
    mirror.follow()
    for token, text in zip([old, new], edits, strict=True):
        edit(database, campaign, token, text)
    for token in [old, new, old, new]:
        make.a_lead(database, campaign, fields={"source": "partner-north"})
        make.a_lead(database, campaign, fields={"source": "website"})
        check_exact(client, mirror, token)


def test_fields_that_only_one_of_them_sees_do_not_stay_in_the_copy(
    client, database, campaign, old, new
) -> None:
    edit(database, campaign, old, None, "name", "budget")
    edit(database, campaign, new, None, "name")
    mirror = Mirror(client, old)
    mirror.follow()
    check_exact(client, mirror, new)
    assert all(set(lead["fields"]) == {"name"} for lead in mirror.copy.values())


def test_pages_of_one_token_are_not_those_of_the_other(
    client, database, campaign, old, new
) -> None:
    edit(database, campaign, old, NORTH)
    edit(database, campaign, new, WEBSITE)
    pages = {}
    for token in [old, new]:
        mirror = Mirror(client, token)
        found = [mirror.get("", page=page, per_page=1) for page in (1, 2)]
        pages[token] = [each.json()["data"][0]["id"] for each in found]
        assert pages[token] == list(listed(client, token))
    tags = {Mirror(client, each).get("").headers["etag"] for each in [old, new]}
    assert len(tags) == 2


def test_a_token_that_was_edited_twice_takes_a_copy_of_each_time(
    client, database, campaign, old, new
) -> None:
    begun = Mirror(client, new)
    begun.follow()
    edit(database, campaign, new, NORTH)
    edit(database, campaign, old, WEST)
    edit(database, campaign, new, WEBSITE)
    make.a_lead(database, campaign, fields={"source": "partner-north"})
    check_exact(client, begun, new)
