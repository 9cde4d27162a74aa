"""What a reader is told of leads that its token no longer covers."""

from dataclasses import replace
from typing import Any

import pytest

from leadwell.schema import querystring, question
from leadwell.store import campaigns, filters, tokens
from leadwell.store.connection import Connection
from leadwell.store.writes import erasing
from tests import make
from tests.mirror import Mirror

ENDED_US = make.us(make.MIDNIGHT)


@pytest.fixture
def writer(database, account, campaign) -> str:
    return make.a_token(database, account, campaign, may_write=True)


def write(client, writer: str, method: str, path: str, body: Any = None) -> None:
    url, headers = (
        f"/v2/campaigns/362/leads{path}",
        {"Authorization": f"Bearer {writer}"},
    )
    answer = client.request(method, url, json=body, headers=headers)
    assert answer.status_code < 300, answer.text


def give_another_filter(database, text: str) -> None:
    """Take the token to the leads of another partner."""

    def job(connection: Connection) -> None:
        campaign = campaigns.known(connection, 362)
        asked = question.conditions(campaign, querystring.decode(b"source=website"))
        kept = filters.keep(connection, campaign, None, asked, now=0)
        known = tokens.known(connection, text.split("_")[1])
        tokens.change(connection, replace(known, filter_id=kept.id), ENDED_US)

    database.write(job).result()


def removals(mirror: Mirror) -> dict[int, tuple[str, str]]:
    answer = mirror.step(500)
    return {
        each["id"]: (each["reason"], each["at"])
        for each in answer["data"]
        if each["op"] == "remove"
    }


def test_what_became_of_them_later_is_not_told(
    client, database, account, campaign, writer
) -> None:
    for _ in range(4):
        make.a_lead(database, campaign, fields={"source": "partner-west"})
    west = make.a_token(database, account, campaign, "source=partner-west")
    mirror = Mirror(client, west)
    mirror.follow()
    write(client, writer, "DELETE", "/1")
    give_another_filter(database, west)
    write(client, writer, "DELETE", "/2")
    write(client, writer, "PATCH", "/3", {"fields": {"source": "partner-north"}})
    database.write(lambda c: erasing.erase(c, campaign, 4, now=0)).result()
    told = removals(mirror)
    assert told[1][0] == "deleted"
    assert told[1][1] != told[2][1]
    assert {told[2], told[3]} == {("scope_changed", told[2][1])}
    assert told[2][1].startswith(make.MIDNIGHT.strftime("%Y-%m-%dT%H:%M"))
    assert told[4][0] == "erased"


def test_who_came_back_only_after_the_filter_was_lost_is_not_named(
    client, database, account, campaign, writer
) -> None:
    for _ in range(2):
        make.a_lead(database, campaign, fields={"source": "partner-west"})
    asked = question.conditions(campaign, querystring.decode(b"source=partner-west"))
    database.write(lambda c: filters.keep(c, campaign, "west", asked, now=0)).result()
    # The filter held lead 1 before this token began to read.
    write(client, writer, "PATCH", "/1", {"fields": {"source": "partner-north"}})
    west = make.a_token(database, account, campaign, named="west")
    mirror = Mirror(client, west)
    mirror.follow()
    assert mirror.told == {2}
    give_another_filter(database, west)
    write(client, writer, "PATCH", "/1", {"fields": {"source": "partner-west"}})
    mirror.follow()
    assert (mirror.told, mirror.copy) == ({2}, {})
