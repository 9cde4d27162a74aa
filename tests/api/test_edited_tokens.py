"""A token is given another filter while its reader walks, exports or begins to read."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from leadwell.api import campaigns
from leadwell.api.entrance.auth import Bearer, grant_of
from leadwell.model.campaign import Attribute
from leadwell.schema import querystring, question
from leadwell.store import filters, tokens
from leadwell.store.connection import Connection, Database
from tests import make
from tests.mirror import Mirror

URL = "/v2/campaigns/362/leads"
WEST, WEBSITE = "source=partner-west", "source=website"


@pytest.fixture
def token(database, account, campaign) -> str:
    for source in ["partner-west", "partner-west", "website", "website"]:
        make.a_lead(database, campaign, fields={"source": source})
    keep(database, campaign, "partners", WEST)
    return make.a_token(database, account, campaign, named="partners")


def keep(database, campaign, name: str | None, text: str) -> filters.Filter:
    asked = question.conditions(campaign, querystring.decode(text.encode()))
    return database.write(
        lambda c: filters.keep(c, campaign, name, asked, now=0)
    ).result()


def give(database, campaign, token: str, text: str) -> None:
    """Give the token another filter."""
    kept = keep(database, campaign, None, text)

    def job(connection: Connection) -> None:
        known = tokens.known(connection, token.split("_")[1])
        tokens.change(connection, replace(known, filter_id=kept.id), now=0)

    database.write(job).result()


def get(client, token: str, path: str = "", **asked: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return client.get(f"{URL}{path}", params=asked, headers=headers)


def test_a_walk_ends_where_its_token_is_given_another_filter(
    client, database, campaign, token
) -> None:
    page = get(client, token, _cursor="start", per_page=1, _meta=1).json()
    cursor = page["meta"]["next_cursor"]
    assert get(client, token, _cursor=cursor).status_code == 200
    give(database, campaign, token, WEBSITE)
    lost = get(client, token, _cursor=cursor)
    assert (lost.status_code, lost.json()["code"]) == (410, "cursor_lost")
    assert lost.headers["link"].endswith('_cursor=start>; rel="start"')


def test_a_page_has_another_tag_in_each_generation_of_its_token(
    client, database, campaign, token
) -> None:
    give(database, campaign, token, WEST)
    before = get(client, token)
    give(database, campaign, token, WEBSITE)
    give(database, campaign, token, WEST)
    # The same leads, but with the cursors of another generation beside them.
    after = get(client, token)
    assert after.json() == before.json()
    assert after.headers["etag"] != before.headers["etag"]


def test_the_rest_of_an_export_is_not_of_another_filter(
    client, database, campaign, token
) -> None:
    cursor = get(client, token, "/export").headers["leadwell-cursor"]
    give(database, campaign, token, WEBSITE)
    lost = get(client, token, "/export", _cursor=cursor, _after=1)
    assert (lost.status_code, lost.json()["code"]) == (410, "cursor_lost")
    # The change feed can go on: it knows what the reader was shown before.
    assert get(client, token, "/changes", _cursor=cursor).status_code == 200


@pytest.fixture(params=[2, 3])
def runs(request, database, campaign, monkeypatch) -> Iterator[int]:
    """The filter is edited between two transactions of a request.

    At 2 between the look at its token and the first one that reads leads.
    """
    kind = type(database)
    honest, runs = kind.read, itertools.count(1)

    def read(self: Database, job: Callable[[Connection], Any]) -> Any:
        if next(runs) == request.param:
            keep(database, campaign, "partners", WEBSITE)
        return honest(self, job)

    monkeypatch.setattr(kind, "read", read)
    return runs


@pytest.mark.parametrize("path", ["", "?_sort=-id", "/changes", "/export", "/digest"])
def test_an_answer_is_of_one_moment_whenever_its_filter_is_edited(
    client, token, runs, path: str
) -> None:
    answer = get(client, token, path)
    assert answer.status_code == 200
    mirror = Mirror(client, token)
    mirror.cursor = answer.headers.get("leadwell-cursor") or answer.json()["cursor"]
    mirror.copy = {lead["id"]: lead for lead in leads_of(path, answer)}
    for _ in range(2):
        assert mirror.follow()["up_to_date"]
    # At the latest the mirror itself has met the edit.
    assert next(runs) > 3
    assert {3, 4} == set(mirror.copy) or path == "/digest"


def test_a_campaign_that_lies_elsewhere_is_seen_through_the_token_as_it_is(
    database, campaign, token
) -> None:
    """On Citus a token may change on its machine before the campaign's is told."""
    with database.reading() as connection:
        known = tokens.known(connection, token.split("_")[1])
        bearer = Bearer(known, grant_of(connection, known))
        assert campaigns._opened(connection, bearer, 362).view.fields
        readable = frozenset({Attribute.STATUS})
        changed = replace(bearer, grant=replace(bearer.grant, readable=readable))
        for _ in range(2):
            opened = campaigns._opened(connection, changed, 362)
            assert (opened.grant, opened.view.fields) == (changed.grant, ())


def leads_of(path: str, answer: Any) -> list[dict[str, Any]]:
    if path == "/export":
        return list(map(msgspec.json.decode, answer.text.splitlines()[:-1]))
    found = answer.json()
    if path == "/changes":
        return [each["lead"] for each in found["data"]]
    return found.get("data", [])
