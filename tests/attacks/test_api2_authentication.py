"""OWASP API2, broken authentication: who gets in without what opens the door."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from leadwell.admin import passwords, sessions
from leadwell.api.cursors import sealing
from leadwell.api.entrance import auth, linked
from leadwell.model.link import Link
from leadwell.model.token import public_id_of
from leadwell.store import tokens
from tests import make
from tests.attacks.place import (
    LIST,
    METRICS,
    Attack,
    Patch,
    Place,
    Plant,
    named,
    succeeds,
    with_plants,
)
from tests.desk import PASSWORD, a_user

HOUR = timedelta(hours=1)


def nothing_opens_without_a_token(place: Place) -> None:
    good = place.partner
    forged = [
        *("", "Bearer", "Bearer ", f"Basic {good}", good, f"Bearer {good}x"),
        *(f"Bearer {good[:-1]}", f"Bearer {good.swapcase()}", "Bearer null"),
        *("Bearer undefined", "Bearer *", "Bearer ' OR 1=1 --", f"Bearer {METRICS}"),
        f"Bearer {good.split('_')[1]}",
        f"Bearer {place.csv_link.split('/')[-1].removesuffix('.csv')}",
        # What a stolen database holds is no token.
        f"Bearer {place.hub.keys.digest(good).hex()}",
    ]
    for header in forged:
        answer = place.client.get(LIST, headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (
        place.client.get(
            "/metrics", headers={"Authorization": f"Bearer {good}"}
        ).status_code
        == 401
    )
    for way in ("X-API-Key", "X-Auth-Token", "Token", "Proxy-Authorization"):
        assert place.client.get(LIST, headers={way: good}).status_code == 401
    place.client.cookies.set("token", good)
    assert place.client.get(LIST).status_code == 401


def an_ended_token_opens_nothing(place: Place) -> None:
    past, now = make.MIDNIGHT - HOUR, make.MIDNIGHT
    for ended in ({"expires_at": past}, {"revoked_at": past}, {"expires_at": now}):
        assert place.get(LIST, place.token(**ended)).status_code == 401
    token = place.token()
    assert place.get(LIST, token).status_code == 200

    def revoke(connection: Any) -> None:
        known = tokens.known(connection, public_id_of(token))
        tokens.change(connection, replace(known, revoked_at=now), 0)

    place.database.write(revoke).result()
    assert place.get(LIST, token).status_code == 401
    link = make.a_link(place.database, place.token(expires_at=past))
    assert place.client.get(f"/feed/{link}.csv").status_code == 410


def a_token_in_a_url_opens_nothing(place: Place) -> None:
    for name in ("access_token", "api_token", "token", "_token", "key"):
        path = f"{LIST}?{name}={place.partner}"
        assert place.client.get(path).status_code in {400, 401}, name
    beside = place.get(f"{LIST}?name={place.partner}")
    assert beside.status_code == 400
    assert place.partner not in beside.text


def passwords_are_not_guessed(place: Place) -> None:
    user = a_user(place.hub, place.south, email="ada@example.com")

    def tried(password: str) -> int:
        given = {"email": user.email, "password": password}
        answer = place.client.post("/login", data=given, follow_redirects=False)
        return answer.status_code

    assert [tried(f"guess {n}") for n in range(6)] == [401] * 6
    # From then on the right one does not open either, so nobody learns that it is.
    assert tried(PASSWORD) == 401
    place.clock.now += timedelta(hours=2)
    assert tried(PASSWORD) == 303


def a_session_is_nobodys_choice(place: Place) -> None:
    """A secret that was planted in a browser, or that has ended, opens nothing."""
    user = a_user(place.hub, place.south, email="ada@example.com")
    planted = sessions.new_secret()
    name = sessions.cookie_name(place.hub)
    place.client.cookies.set(name, planted, domain="hub.example")
    given = {"email": user.email, "password": PASSWORD}
    entered = place.client.post("/login", data=given, follow_redirects=False)
    cookie = entered.headers["set-cookie"]
    assert planted not in cookie
    for word in ("__Host-leadwell=", "HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert word in cookie
    desk = place.desk()
    assert desk.get("/me").url.path == "/me"
    place.clock.now += timedelta(hours=13)
    assert desk.get("/me").url.path == "/login"


def a_cursor_gives_no_right(place: Place) -> None:
    """The cursor of who sees everything, sent by who does not, and without a token."""
    whole = place.token()
    cursor = place.get(f"{LIST}/changes?_limit=1", whole).json()["cursor"]
    assert place.get(f"{LIST}/changes?_cursor={cursor}").status_code == 400
    bare = place.client.get(f"{LIST}/changes?_cursor={cursor}")
    assert bare.status_code == 401


def whatever_is_sent(patch: Patch) -> None:
    """Take the header for a token whatever its scheme is."""
    patch.setattr(auth, "_bearer", lambda header: header.split()[-1].decode())


def no_end(patch: Patch) -> None:
    patch.setattr(auth, "_check_open", lambda _token, _now: None)


def links_without_end(patch: Patch) -> None:
    patch.setattr(Link, "is_open", lambda _self, _now: True)
    honest = linked._bearer

    def bearer(connection: Any, link: Any) -> Any:
        found = honest(connection, link)
        return replace(found, token=replace(found.token, expires_at=None))

    patch.setattr(linked, "_bearer", bearer)


def tokens_in_urls(patch: Patch) -> None:
    patch.setattr(auth, "refuse_in_url", lambda *_given, **_more: None)


def no_wait(patch: Patch) -> None:
    patch.setattr(passwords, "wait_us", lambda _failures: 0)


def sessions_for_ever(patch: Patch) -> None:
    patch.setattr(sessions, "IDLE_US", 2**62)
    patch.setattr(sessions, "AGE_MAX_US", 2**62)


def cookies_for_scripts(patch: Patch) -> None:
    """Keep a session where scripts, plain HTTP and other hosts get at it."""

    def keep(hub: Any, answer: Any, secret: str) -> None:
        answer.set_cookie(sessions.cookie_name(hub), secret)

    patch.setattr(sessions, "keep", keep)


def cursors_of_anybody(patch: Patch) -> None:
    patch.setattr(sealing, "_check_bound", lambda _found, _asked: None)


ATTACKS: dict[Attack, list[Plant]] = {
    nothing_opens_without_a_token: [whatever_is_sent],
    an_ended_token_opens_nothing: [no_end, links_without_end],
    a_token_in_a_url_opens_nothing: [tokens_in_urls],
    passwords_are_not_guessed: [no_wait],
    a_session_is_nobodys_choice: [sessions_for_ever, cookies_for_scripts],
    a_cursor_gives_no_right: [cursors_of_anybody],
}


@pytest.mark.parametrize("attack", named(ATTACKS))
def test_nobody_gets_in_as_somebody_else(place: Place, attack: Attack) -> None:
    attack(place)


@pytest.mark.parametrize(("attack", "plant"), with_plants(ATTACKS))
def test_it_would_be_found(
    place: Place, attack: Attack, plant: Plant, monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    succeeds(attack, place)
