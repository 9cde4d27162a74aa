"""A cursor is worth nothing but to the token and the question that it was made for."""

import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.cursors import sealing
from leadwell.api.hub import Hub
from leadwell.model.keyring import Keyring
from tests import make
from tests.asking import Whole
from tests.effort import REPEATS

LIST = "/v2/campaigns/362/leads"
FEED = f"{LIST}/changes"
ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.fixture
def token(database, account, campaign) -> str:
    fields = {"source": "partner-west"}
    make.leads(
        database, campaign, [{"fields": {"name": "J", **fields}} for _ in range(5)]
    )
    return make.a_token(database, account, campaign)


def ask(client: TestClient, token: str, path: str, **asked: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return client.get(path, params=asked, headers=headers)


def feed_cursor(client: TestClient, token: str, **asked: Any) -> str:
    return str(ask(client, token, FEED, _limit=2, **asked).json()["cursor"])


def walk_cursor(client: TestClient, token: str, **asked: Any) -> str:
    walked = ask(client, token, LIST, _cursor="start", per_page=2, _meta=1, **asked)
    return str(walked.json()["meta"]["next_cursor"])


def refused(
    client: TestClient, token: str, path: str, cursor: str, **asked: Any
) -> str:
    answer = ask(client, token, path, _cursor=cursor, **asked)
    assert answer.status_code == 400, (cursor, answer.text)
    assert answer.json()["code"] == "invalid_cursor"
    return str(answer.json()["detail"])


def test_cursors_go_on_where_they_were_made(client, token) -> None:
    for path, cursor in [
        (FEED, feed_cursor(client, token)),
        (LIST, walk_cursor(client, token)),
    ]:
        answer = ask(client, token, path, _cursor=cursor)
        assert answer.status_code == 200
        assert len(answer.json()["data"]) == 3


@pytest.mark.parametrize(
    "query",
    ["page=2&_cursor=start", "page=2&%5Fcursor=start", "%5Fcursor=start&page=2"],
)
def test_a_cursor_beside_a_page_is_refused_however_it_is_spelled(
    client, token, query: str
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(2):
        answer = client.get(f"{LIST}?{query}", headers=headers)
        assert answer.status_code == 400, answer.text
        (problem,) = answer.json()["errors"]
        assert problem["parameter"] == "page"
        # What is remembered of the walk alone does not answer for both.
        walked = client.get(f"{LIST}?%5Fcursor=start&per_page=2", headers=headers)
        assert 'rel="next"' in walked.headers["link"]


def test_a_cursor_of_another_question_is_refused(client, token) -> None:
    for path, made in ((FEED, feed_cursor), (LIST, walk_cursor)):
        plain = made(client, token)
        west = made(client, token, source="partner-west")
        assert "other filters" in refused(
            client, token, path, plain, source="partner-west"
        )
        refused(client, token, path, west)
        refused(client, token, path, west, status="new", source="partner-west")
        answer = ask(client, token, path, _cursor=west, source="partner-west")
        assert answer.status_code == 200


def test_a_cursor_of_another_token_or_campaign_is_refused(
    client, token, database, account, campaign
) -> None:
    other = make.a_token(database, account, campaign)
    for path, made in ((FEED, feed_cursor), (LIST, walk_cursor)):
        assert "token and campaign" in refused(client, other, path, made(client, token))
    every = make.a_token(database, account, None)
    make.a_kept_campaign(database, account, id=363, slug="other", name="Other")
    cursor = feed_cursor(client, every)
    elsewhere = FEED.replace("362", "363")
    assert ask(client, every, elsewhere).status_code == 200
    refused(client, every, elsewhere, cursor)


def test_a_cursor_of_the_other_kind_is_refused(client, token) -> None:
    refused(client, token, LIST, feed_cursor(client, token))
    refused(client, token, FEED, walk_cursor(client, token))
    handed_over = ask(client, token, LIST).headers["leadwell-cursor"]
    assert ask(client, token, FEED, _cursor=handed_over).status_code == 200
    refused(client, token, LIST, handed_over)
    refused(client, token, FEED, sealing.START)


def test_a_cursor_of_another_hub_is_refused(client, token, database, clock) -> None:
    other_key = bytes(reversed(make.KEY))
    foreign = Hub(database, Keyring.of(other_key), clock, "https://other.example")
    sealer, own = foreign.sealer, Hub(database, make.KEYS, clock, "").sealer
    for path, made in ((FEED, feed_cursor), (LIST, walk_cursor)):
        cursor = made(client, token)
        body = own._opened(cursor, b"feed" if path == FEED else b"walk")
        refused(
            client,
            token,
            path,
            sealer._sealed(body, b"feed" if path == FEED else b"walk"),
        )


def altered(cursor: str) -> Iterator[str]:
    """Characters changed, left out and doubled; other lengths; other spellings."""
    for place, character in list(enumerate(cursor))[::4]:
        spot = ALPHABET.find(character)
        for other in (ALPHABET[(spot + 1) % 64], ALPHABET[(spot + 32) % 64]):
            yield cursor[:place] + other + cursor[place + 1 :]
        yield cursor[:place] + cursor[place + 1 :]
        yield cursor[:place] + character + cursor[place:]
        if place:
            yield cursor[:place]
    # The last character has spare bits, which Base64 would ignore.
    yield from (cursor[:-1] + other for other in ALPHABET if other != cursor[-1])
    yield from (cursor + "=", cursor + "==", cursor + "A", cursor + " ", " " + cursor)
    yield from (cursor.upper(), cursor.lower(), cursor[::-1], cursor * 3)


@REPEATS
def test_an_altered_cursor_is_refused_whatever_was_altered(client, token) -> None:
    for path, made in ((FEED, feed_cursor), (LIST, walk_cursor)):
        cursor = made(client, token)
        for each in altered(cursor):
            if each != cursor:
                refused(client, token, path, each)


def test_a_cursor_of_a_later_release_is_refused(client, token) -> None:
    """Its version stands in front: one that is not known is not guessed at."""
    for path, made in ((FEED, feed_cursor), (LIST, walk_cursor)):
        refused(client, token, path, made(client, token).replace("c1_", "c2_"))


def test_a_sealed_cursor_with_other_contents_is_refused(
    client, token, database, clock
) -> None:
    """Sealed by us, and yet no place: what an older fault may have handed out."""
    sealer = Hub(database, make.KEYS, clock, "").sealer
    for path, made, kind in (
        (FEED, feed_cursor, b"feed"),
        (LIST, walk_cursor, b"walk"),
    ):
        body = sealer._opened(made(client, token), kind)
        for wrong in (b"", body[:-1], body + b"x", bytes(len(body)), b"\xff" * 80):
            refused(client, token, path, sealer._sealed(wrong, kind))


def test_two_cursors_of_the_same_place_are_not_equal(client, token) -> None:
    first, second = (feed_cursor(client, token) for _ in range(2))
    assert first != second
    assert len(first) == len(second)


def test_cursors_survive_a_new_process(tmp_path: Path) -> None:
    database = make.a_database(tmp_path / "leads.db")
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    make.leads(database, campaign, [{"fields": {"name": "J"}} for _ in range(5)])
    token = make.a_token(database, account, campaign)
    before = Whole(app(Hub(database, make.KEYS, make.Clock(), "https://a")))
    cursors = [feed_cursor(before, token), walk_cursor(before, token)]
    database.close()
    again = make.a_database_again(tmp_path / "leads.db")
    client = Whole(app(Hub(again, make.KEYS, make.Clock(), "https://a")))
    for path, cursor in zip((FEED, LIST), cursors, strict=True):
        answer = ask(client, token, path, _cursor=cursor)
        assert len(answer.json()["data"]) == 3
    again.close()
