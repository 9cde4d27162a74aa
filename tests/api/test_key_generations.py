"""Another generation of the instance key comes into use: nothing ends by it."""

import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from leadwell.admin import app as admin
from leadwell.admin import sessions
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub
from leadwell.model.keyring import Generation, Keyring
from leadwell.model.token import Token, digest, public_id_of
from leadwell.model.user import Role
from leadwell.server import invitations
from leadwell.store import links, tokens
from tests import make
from tests.desk import Desk, a_user
from tests.writer import LIST

FIRST = Generation(1, make.KEY)
SECOND = Generation(2, bytes(reversed(make.KEY)))
THIRD = Generation(3, make.KEY[1:] + b"!")


@pytest.fixture
def keys() -> Keyring:
    return Keyring([FIRST])


@pytest.fixture
def hub(hub: Hub, keys: Keyring) -> Hub:
    return replace(hub, keys=keys)


@pytest.fixture
def token(database, account, campaign) -> str:
    make.a_lead(database, campaign)
    return make.a_token(database, account, campaign)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def under(database, token: str) -> Token:
    """The token as it is kept, once what its use has changed is written."""
    for _ in range(500):
        with database.reading() as connection:
            known = tokens.known(connection, public_id_of(token))
            secret = {1: FIRST, 2: SECOND}[known.key_generation].secret
            assert tokens.find_by_digest(connection, digest(secret, token)) == known
        if known.last_used_at or known.exposed_at:
            return known
        # On PostgreSQL writes do not wait for each other.
        time.sleep(0.01)
    raise AssertionError("no use was written")


def test_the_newest_whose_moment_has_come_is_in_use() -> None:
    later = replace(SECOND, since=50)
    keys = Keyring([FIRST, later], now=49)
    assert keys.in_use == FIRST
    assert keys.generations == (FIRST, later)
    keys.turn([FIRST, later], now=50)
    assert keys.in_use == later
    assert keys.digests("x") == (digest(later.secret, "x"), digest(FIRST.secret, "x"))
    # A clock that is far behind has none of them begin: then it is the first one.
    keys.turn([later, replace(THIRD, since=70)], now=0)
    assert keys.in_use == later
    assert (keys.oldest, keys.get(1)) == (2, None)


def test_a_token_goes_on_and_comes_under_the_new_one(
    client: TestClient, database, keys: Keyring, token: str
) -> None:
    assert client.get(LIST, headers=bearer(token)).status_code == 200
    first = under(database, token)
    assert first.key_generation == 1
    keys.turn([FIRST, SECOND], 0)
    for _ in range(3):
        assert client.get(LIST, headers=bearer(token)).status_code == 200
        while (now := under(database, token)).last_used_at == first.last_used_at:
            time.sleep(0.01)
        assert now.key_generation == 2
    keys.turn([SECOND], 0)
    assert client.get(LIST, headers=bearer(token)).status_code == 200


def test_a_token_that_nobody_used_ends_with_its_key(
    client: TestClient, database, keys: Keyring, token: str
) -> None:
    keys.turn([SECOND], 0)
    assert client.get(LIST, headers=bearer(token)).status_code == 401


def test_who_knows_less_moves_nothing_back(
    client: TestClient, hub: Hub, database, token: str
) -> None:
    """Of two hubs one is told later: it must not undo what the other one did."""
    ahead = replace(hub, keys=Keyring([FIRST, SECOND]))
    behind = replace(hub, keys=Keyring([FIRST, replace(SECOND, since=2**60)]))
    for one in (ahead, behind, ahead):
        answer = TestClient(app(one)).get(LIST, headers=bearer(token))
        assert answer.status_code == 200
        assert under(database, token).key_generation == 2


def test_a_link_goes_on_and_comes_under_the_new_one(
    client: TestClient, database, keys: Keyring, token: str
) -> None:
    secret = make.a_link(database, token)
    keys.turn([FIRST, SECOND], 0)
    assert client.get(f"/feed/{secret}.csv").status_code == 200
    for _ in range(500):
        with database.reading() as connection:
            found = links.find_by_digest(connection, digest(SECOND.secret, secret))
        if found is not None:
            break
        time.sleep(0.01)
    assert found is not None
    assert found.key_generation == 2
    keys.turn([SECOND], 0)
    assert client.get(f"/feed/{secret}.csv").status_code == 200


@pytest.mark.parametrize("path", ["/changes", ""])
def test_a_reader_goes_on_where_it_was(
    client: TestClient, database, campaign, keys: Keyring, token: str, path: str
) -> None:
    def asked(cursor: str | None) -> Any:
        sized = {"_limit" if path else "per_page": "1"}
        params = sized | ({"_cursor": cursor} if cursor else {})
        return client.get(f"{LIST}{path}", params=params, headers=bearer(token))

    def cursor_in(answer: Any) -> str:
        if path:
            return str(answer.json()["cursor"])
        url = answer.links["next"]["url"]
        return str(parse_qs(urlsplit(url).query)["_cursor"][0])

    for _ in range(3):
        make.a_lead(database, campaign)
    old = cursor_in(asked(None if path else "start"))
    assert old.startswith("c1_")
    keys.turn([FIRST, SECOND], 0)
    before, after = asked(old), cursor_in(asked(old))
    assert before.status_code == 200, before.text
    assert after.startswith("c1.2_")
    while under(database, token).key_generation == 1:
        time.sleep(0.01)
    keys.turn([SECOND], 0)
    lost = asked(old)
    assert (lost.status_code, lost.json()["code"]) == (410, "cursor_lost")
    assert 'rel="start"' in lost.headers["link"]
    assert asked(after).json()["data"] != before.json()["data"]


@pytest.mark.parametrize("text", ["c1.1_", "c1.0_", "c1.02_", "c1.3_", "c1.99999_"])
def test_a_cursor_of_a_generation_that_never_was_is_none(
    client: TestClient, keys: Keyring, token: str, text: str
) -> None:
    keys.turn([FIRST, SECOND], 0)
    given = client.get(f"{LIST}/changes", headers=bearer(token)).json()["cursor"]
    forged = given.replace("c1.2_", text)
    for each in (forged, given.replace("c1.2_", "c1_")):
        answer = client.get(f"{LIST}/changes?_cursor={each}", headers=bearer(token))
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


def test_who_is_signed_in_stays_so_with_the_forms_of_before(
    hub: Hub, account, campaign, keys: Keyring
) -> None:
    pages = Beside(leads=admin.leads(hub), pages=admin.routes(hub))
    client = TestClient(app(hub, beside=pages), base_url=hub.public_url)
    desk = Desk.of(hub, client, a_user(hub, account, Role.ADMINISTRATOR))
    before, after = desk.word, digest(FIRST.secret, desk.secret)
    keys.turn([FIRST, SECOND], 0)
    assert desk.get("/campaigns").status_code == 200
    sent = desk.post("/campaigns", name="Of before", _word=before)
    assert sent.status_code == 200
    word = sessions.word(hub, after)
    assert desk.post("/campaigns", name="Of now", _word=word).status_code == 200
    assert desk.post("/campaigns", name="Forged", _word="00" * 32).status_code == 403
    keys.turn([SECOND], 0)
    assert desk.get("/campaigns").url.path == "/login"


def test_an_invitation_of_before_can_be_used(hub: Hub, keys: Keyring) -> None:
    pages = Beside(leads=admin.leads(hub), pages=admin.routes(hub))
    client = TestClient(app(hub, beside=pages), base_url=hub.public_url)
    made = replace(invitations.new(hub.key, ""), expires_at=hub.moment + 3_600_000_000)
    hub.database.write(made.keep).result()
    keys.turn([FIRST, SECOND], 0)
    assert client.get(made.path).status_code == 200
    given = {"account": "Demo", "name": "Ada", "email": "ada@example.com"}
    answer = client.post(made.path, data={**given, "password": "correct horse staple"})
    assert answer.url.path == "/campaigns"
    assert client.get("/campaigns").url.path == "/campaigns"


def test_a_token_in_a_url_is_noted_whatever_it_is_kept_under(
    client: TestClient, database, keys: Keyring, token: str
) -> None:
    keys.turn([FIRST, SECOND], 0)
    assert client.get(f"{LIST}?access_token={token}").status_code == 400
    assert under(database, token).exposed_at is not None
