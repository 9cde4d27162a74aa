import asyncio
import re
import secrets
import threading
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from leadwell.admin import app as admin
from leadwell.admin import passwords, sessions
from leadwell.admin.signing import trying
from leadwell.admin.signing.trying import Tries
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub
from leadwell.errors.limits import Overloaded
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.token import digest
from leadwell.model.user import Role, User
from leadwell.store.people import users
from tests import make
from tests.admin.conftest import Sit
from tests.desk import PASSWORD, Desk, a_user, text_of

FIRST = {"account": "Ærlig A/S", "name": "Ann", "email": " Ann@Example.com "}
HOUR_S = 3_600


def an_invitation(hub: Hub, email: str = "") -> str:
    secret = sessions.new_secret()
    until = hub.moment + HOUR_S * 1_000_000
    hub.database.write(
        lambda c: users.invite(c, digest(hub.key, secret), email, until)
    ).result()
    return f"/setup/{secret}"


def test_the_first_administrator_is_made_on_a_link_that_works_once(
    hub: Hub, client: TestClient
) -> None:
    link = an_invitation(hub)
    assert "Your company" in client.get(link).text
    page = client.post(link, data=FIRST | {"password": PASSWORD})
    assert page.url.path == "/campaigns"
    assert "Ann" in text_of(page)
    assert "Administrator never" not in text_of(client.get("/account"))
    assert client.get(link).status_code == 410
    assert client.post(link, data=FIRST | {"password": PASSWORD}).status_code == 410


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "short"}, "too short"),
        ({"password": "x" * 201}, "too long"),
        ({"password": "ann@example.com"}, "is the e-mail address"),
        ({"email": "nobody"}, "no e-mail address"),
        ({"name": " "}, "a name is missing"),
        ({"name": "x" * 201}, "more than 200 characters"),
        ({"account": "x" * 201}, "more than 200 characters"),
    ],
)
def test_what_is_wrong_on_the_link_is_told_and_can_be_mended(
    hub: Hub, client: TestClient, changed: dict[str, str], said: str
) -> None:
    link = an_invitation(hub)
    given = FIRST | {"password": PASSWORD} | changed
    page = client.post(link, data=given)
    assert page.status_code == 422
    assert said in text_of(page)
    assert given["account"] in page.text
    # It is empty again, whatever was wrong.
    assert re.search('name="password"[^>]* autofocus', page.text)
    assert client.post(link, data=FIRST | {"password": PASSWORD}).status_code == 200


def test_a_link_ends_with_its_time_and_with_the_next_one(
    hub: Hub, client: TestClient, clock: make.Clock
) -> None:
    first, second = an_invitation(hub), an_invitation(hub)
    assert client.get(first).status_code == 410
    assert client.get("/setup/nonsense").status_code == 410
    assert client.get(second).status_code == 200
    clock.now += timedelta(seconds=HOUR_S + 1)
    assert client.get(second).status_code == 410


def test_a_new_password_ends_every_session_of_its_owner(
    hub: Hub, client: TestClient, desk: Desk
) -> None:
    link = an_invitation(hub, desk.user.email)
    assert (
        client.post(link, data={"password": "another long password"}).status_code == 200
    )
    assert "Sign in" in text_of(desk.get("/campaigns"))
    client.cookies.clear()
    old = client.post("/login", data={"email": desk.user.email, "password": PASSWORD})
    assert old.status_code == 401


def test_who_is_not_signed_in_is_led_to_where_one_does(
    hub: Hub, client: TestClient, account: Account, campaign: Campaign
) -> None:
    user = a_user(hub, account)
    page = client.get(f"/campaigns/{campaign.id}/leads?page=2")
    assert page.url.path == "/login"
    wanted = re.search('name="next" value="(.*?)"', page.text)
    assert wanted
    assert wanted[1] == f"/campaigns/{campaign.id}/leads?page=2"
    answer = client.post(
        "/login",
        data={"email": user.email.upper(), "password": PASSWORD, "next": wanted[1]},
        follow_redirects=False,
    )
    assert answer.headers["location"] == wanted[1]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-leadwell=")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "x", ""]
)
def test_nobody_is_led_to_another_host(
    hub: Hub, client: TestClient, account: Account, elsewhere: str
) -> None:
    user = a_user(hub, account)
    given = {"email": user.email, "password": PASSWORD, "next": elsewhere}
    answer = client.post("/login", data=given, follow_redirects=False)
    assert answer.headers["location"] == "/campaigns"


def test_a_session_is_a_new_one_whoever_sent_a_cookie(
    hub: Hub, client: TestClient, account: Account
) -> None:
    user = a_user(hub, account)
    planted = sessions.new_secret()
    client.cookies.set(sessions.cookie_name(hub), planted, domain="hub.example")
    client.post("/login", data={"email": user.email, "password": PASSWORD})
    found = hub.database.write(
        lambda c: users.find_session(c, digest(hub.key, planted))
    ).result()
    assert found is None
    assert client.cookies[sessions.cookie_name(hub)] != planted


def test_after_many_wrong_passwords_nobody_gets_in_for_a_while(
    hub: Hub, client: TestClient, account: Account, clock: make.Clock
) -> None:
    user = a_user(hub, account)

    def tried(password: str) -> int:
        given = {"email": user.email, "password": password}
        return client.post("/login", data=given).status_code

    assert [tried("wrong") for _ in range(5)] == [401] * 5
    assert tried(PASSWORD) == 401
    clock.now += timedelta(seconds=16)
    assert tried("wrong") == 401
    clock.now += timedelta(seconds=31)
    assert tried(PASSWORD) == 200
    # Told once in a row, however long somebody goes on.
    said = "nobody got in for a while after wrong passwords: Administrator"
    assert text_of(client.get("/account")).count(said) == 1


def test_nobody_waits_for_a_moment_of_a_clock_that_was_wrong(
    hub: Hub, account: Account, clock: make.Clock
) -> None:
    user, tries = a_user(hub, account), Tries(hub)

    async def tried(email: str, password: str, times: int = 1) -> tuple[object, int]:
        for _ in range(times - 1):
            await tries.checked(email, password)
        return await tries.checked(email, password)

    clock.now += timedelta(days=400)
    for email in (user.email, "nobody@example.com"):
        assert asyncio.run(tried(email, "wrong", 5)) == (None, 15)
    # The clock is put right.
    clock.now -= timedelta(days=400)
    assert asyncio.run(tried("nobody@example.com", "wrong")) == (None, 30)
    assert asyncio.run(tried(user.email, PASSWORD)) == (user, 0)


def test_who_tries_many_passwords_at_once_waits_too(hub: Hub, account: Account) -> None:
    user, tries = a_user(hub, account), Tries(hub)

    async def tried() -> list[tuple[User | None, int]]:
        found = [tries.checked(user.email, "wrong") for _ in range(8)]
        return await asyncio.gather(*found)

    assert [wait for _, wait in asyncio.run(tried())].count(0) == 4
    login = hub.database.write(lambda c: users.known(c, user.email)).result()
    # The others came when it was closed already, and were not looked at.
    assert login.failures == 5


def few_tries(hub: Hub) -> tuple[Hub, ASGIApp]:
    """A hub that lets few wrong passwords come from one address."""
    limited = replace(hub, limits=replace(hub.limits, wrong_passwords_rate=0.01))
    return limited, app(limited, beside=Beside(pages=admin.routes(limited)))


def test_many_wrong_passwords_from_one_address_hold_it_back_and_no_other(
    hub: Hub, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "FROM_ONE_MAX", 2)
    limited, whole = few_tries(hub)
    user = a_user(limited, account)

    def tried(address: str, password: str, **more: str) -> httpx2.Response:
        browser = TestClient(
            whole, hub.public_url, client=(address, 1), follow_redirects=False
        )
        # Each for another name: nobody has to wait for tries at his own.
        email = user.email if password == PASSWORD else f"{secrets.token_hex(4)}@b.dk"
        return browser.post(
            "/login", data={"email": email, "password": password} | more
        )

    # What is right costs nothing, however many share an address.
    assert {tried("10.0.0.1", PASSWORD).status_code for _ in range(3)} == {303}
    assert [tried("10.0.0.1", "wrong").status_code for _ in range(2)] == [401] * 2
    for password in ("wrong", PASSWORD):
        answer = tried("10.0.0.1", password, **{"typed.name": "Summer"})
        assert answer.status_code == 429
        assert 90 < int(answer.headers["retry-after"]) <= 100
        assert "too many wrong passwords came from your address" in answer.text
        assert 'name="typed.name" value="Summer"' in answer.text
    assert tried("10.0.0.2", PASSWORD).status_code == 303
    # All that one host of IPv6 may be is one address.
    assert [tried(f"2001:db8::{n}", "wrong").status_code for n in range(3)][-1] == 429


def test_a_crowd_that_signs_in_is_refused_at_once_beyond_a_queue(
    hub: Hub, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries, all_came, verified = Tries(hub), threading.Event(), passwords._verified

    def slowly(kept: str | None, password: str) -> bool:
        # Else none would have to wait: in tests a hash takes no time.
        all_came.wait(10)
        return verified(kept, password)

    async def tried() -> list[object]:
        checked = [tries.checked(f"{n}@example.com", "wrong") for n in range(9)]
        found = [asyncio.create_task(each) for each in checked]
        while sum(each.done() for each in found) < 4:
            await asyncio.sleep(0.01)
        all_came.set()
        return await asyncio.gather(*found, return_exceptions=True)

    monkeypatch.setattr(passwords, "QUEUE_MAX", 3)
    monkeypatch.setattr(passwords, "_verified", slowly)
    found = asyncio.run(tried())
    assert sum(isinstance(each, Overloaded) for each in found) == 4
    # As many as come one after the other are let in.
    given = {"email": "somebody@example.com", "password": "wrong"}
    assert client.post("/login", data=given).status_code == 401
    monkeypatch.setattr(passwords, "QUEUE_MAX", -passwords.AT_ONCE_MAX)
    danish = {"Accept-Language": "da"}
    answer = client.post("/login", data=given, headers=danish)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "så mange adgangskoder, som den kan" in answer.text
    link = an_invitation(hub)
    answer = client.post(link, data=FIRST | {"password": PASSWORD})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    # The link is not used up by that.
    monkeypatch.undo()
    assert client.post(link, data=FIRST | {"password": PASSWORD}).status_code == 200


def test_an_old_password_that_is_wrong_counts_for_the_address(
    hub: Hub, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "FROM_ONE_MAX", 1)
    limited, whole = few_tries(hub)
    desk = Desk.of(limited, TestClient(whole), a_user(limited, account))
    given = {"old": "wrong", "new": "another long password"}
    answers = [desk.post("/me/password", **given) for _ in range(2)]
    assert [each.status_code for each in answers] == [422, 429]
    assert answers[1].headers["retry-after"]


def test_nobody_tells_who_signs_in_here(
    hub: Hub,
    client: TestClient,
    account: Account,
    clock: make.Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = a_user(hub, account).email

    def told(email: str) -> list[str]:
        given = {"email": email, "password": "wrong"}
        pages = [client.post("/login", data=given) for _ in range(6)]
        return [text_of(page) for page in pages]

    before = clock.now
    of_known = told(known)
    clock.now = before
    assert told("nobody@example.com") == of_known
    assert "15 seconds" in of_known[-1]
    monkeypatch.setattr(trying, "STRANGERS_MAX", 1)
    given = {"email": "other@example.com", "password": "wrong"}
    assert "seconds" not in text_of(client.post("/login", data=given))


def test_a_session_ends_when_it_is_idle_and_when_it_is_left(
    desk: Desk, clock: make.Clock
) -> None:
    assert desk.get("/campaigns").url.path == "/campaigns"
    clock.now += timedelta(seconds=11 * HOUR_S)
    assert desk.get("/campaigns").url.path == "/campaigns"
    clock.now += timedelta(seconds=11 * HOUR_S)
    assert desk.get("/campaigns").url.path == "/campaigns"
    desk.post("/logout")
    assert desk.get("/campaigns").url.path == "/login"


def test_what_was_typed_before_the_session_ended_can_be_sent_again(
    desk: Desk, clock: make.Clock
) -> None:
    clock.now += timedelta(seconds=13 * HOUR_S)
    asked = desk.post("/campaigns", name="Summer <2027>")
    assert asked.status_code == 401
    assert 'name="typed.name" value="Summer &lt;2027&gt;"' in asked.text
    given = {
        "email": desk.user.email,
        "password": PASSWORD,
        "next": "/campaigns",
        "typed.name": "Summer <2027>",
    }
    again = desk.client.post("/login", data=given)
    hidden = dict(re.findall('name="(_word|name)" value="(.*?)"', again.text))
    assert hidden["name"] == "Summer &lt;2027&gt;"
    page = desk.client.post(
        "/campaigns", data={"_word": hidden["_word"], "name": "Summer <2027>"}
    )
    assert page.url.path.endswith("/leads")


@pytest.mark.parametrize("path", ["/me/password", "/logout", "/me/sign-out"])
def test_no_password_is_shown_to_be_sent_again_and_nobody_lands_nowhere(
    desk: Desk, clock: make.Clock, path: str
) -> None:
    clock.now += timedelta(seconds=13 * HOUR_S)
    asked = desk.post(path, old="old secret words", new="new secret words")
    assert asked.status_code == 401
    assert "secret words" not in asked.text
    given = dict(re.findall('name="(next)" value="(.*?)"', asked.text))
    given |= {"email": desk.user.email, "password": PASSWORD}
    assert desk.client.post("/login", data=given).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_of_another_site_is_refused(desk: Desk, headers: dict[str, str]) -> None:
    page = desk.submit("/campaigns", {"name": "Stolen"}, headers=headers)
    assert page.status_code == 403
    assert "Stolen" not in text_of(desk.get("/campaigns"))


@pytest.mark.parametrize("word", ["", "00" * 32, "nonsense", "æ"])
def test_a_form_without_its_sessions_word_is_refused(desk: Desk, word: str) -> None:
    assert desk.post("/campaigns", name="Forged", _word=word).status_code == 403


def test_the_word_of_another_session_does_not_do(sit: Sit, campaign: Campaign) -> None:
    mine, other = sit(Role.ADMINISTRATOR), sit(Role.ADMINISTRATOR)
    page = mine.post("/campaigns", name="Mixed", _word=other.word)
    assert page.status_code == 403


def test_a_member_sees_only_their_campaigns(
    sit: Sit, campaign: Campaign, account: Account, hub: Hub
) -> None:
    other = make.a_kept_campaign(hub.database, account, slug="other", id=363)
    member = sit(Role.MEMBER, campaign)
    shown = text_of(member.get("/campaigns"))
    assert "Roofs" in shown
    assert text_of(sit(Role.ADMINISTRATOR).get("/campaigns")).count("Roofs") == 2
    assert shown.count("Roofs") == 1
    assert "New campaign" not in shown
    assert member.get(f"/campaigns/{campaign.id}/leads").status_code == 200
    hidden = member.get(f"/campaigns/{other.id}/leads")
    assert hidden.status_code == 404
    missing = member.get("/campaigns/999999/leads")
    assert missing.status_code == 404
    assert member.post("/campaigns", name="Mine").status_code == 403


def test_no_page_is_kept_framed_or_loads_from_elsewhere(desk: Desk) -> None:
    page = desk.get("/campaigns")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "private, no-store"
