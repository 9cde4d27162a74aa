"""OWASP API6, sensitive business flows: what works once, and what must not repeat."""

from typing import Any

import pytest

from leadwell.admin import inviting
from leadwell.admin.signing.trying import _Trying
from leadwell.store.people import users
from leadwell.store.writes import replays
from tests.attacks.place import (
    LIST,
    Attack,
    Patch,
    Place,
    Plant,
    named,
    succeeds,
    with_plants,
)
from tests.desk import a_user

FORM = {"name": "Eve", "email": "eve@example.com", "password": "correct horse staple"}


def a_setup_link_makes_one_administrator(place: Place) -> None:
    made = inviting.new(place.hub.key, "", place.clock.now)
    place.database.write(made.keep).result()
    first = place.client.post(made.path, data=FORM, follow_redirects=False)
    assert first.status_code == 303
    again = FORM | {"email": "mallory@example.com"}
    second = place.client.post(made.path, data=again, follow_redirects=False)
    assert second.status_code == 410
    with place.database.reading() as connection:
        assert users.find(connection, "mallory@example.com") is None


def a_write_is_not_replayed_to_somebody_else(place: Place) -> None:
    """One writer's `Idempotency-Key`, sent by another: he gets no answer of his."""
    headers = {"Idempotency-Key": "the-same"}
    body = {"fields": {"name": "Of the first"}}
    first = place.ask(
        "POST", LIST, place.token(may_write=True), json=body, headers=headers
    )
    other = place.ask(
        "POST", LIST, place.token(may_write=True), json=body, headers=headers
    )
    assert first.status_code == other.status_code == 201
    assert first.json()["data"]["id"] != other.json()["data"]["id"]


def a_write_is_done_once(place: Place) -> None:
    headers = {"Idempotency-Key": "once"}
    token = place.token(may_write=True)
    made = [
        place.ask("POST", LIST, token, json={"fields": {"name": "A"}}, headers=headers)
        for _ in range(3)
    ]
    assert len({answer.json()["data"]["id"] for answer in made}) == 1
    changed = {"fields": {"name": "B"}}
    other = place.ask("POST", LIST, token, json=changed, headers=headers)
    assert other.status_code == 422


def many_guesses_at_once_are_many_guesses(place: Place) -> None:
    """All of them hashed before the first one counts: still only some are tried."""
    user = a_user(place.hub, place.south, email="ada@example.com")
    with place.database.reading() as connection:
        kept = users.known(connection, user.email).password
    now = place.hub.moment
    guesses = [_Trying(user.email, None, now) for _ in range(8)]
    guesses.append(_Trying(user.email, kept, now))
    found = [place.database.write(each).result()[0] for each in guesses]
    assert found == [None] * 9


def links_for_ever(patch: Patch) -> None:
    """Leave a link where it is once it was used."""
    patch.setattr(users, "drop_invitations", lambda _connection, _email: None)


def replays_for_everybody(patch: Patch) -> None:
    honest_find, honest_keep = replays.find, replays.keep

    def of_all(key: Any) -> Any:
        return replays.Key(key.campaign_id, "", key.route, key.key, key.request)

    patch.setattr(replays, "find", lambda c, key, now: honest_find(c, of_all(key), now))
    patch.setattr(
        replays, "keep", lambda c, key, out, now: honest_keep(c, of_all(key), out, now)
    )


def no_replays(patch: Patch) -> None:
    patch.setattr(replays, "find", lambda _connection, _key, _now: None)
    patch.setattr(replays, "keep", lambda _connection, _key, _outcome, _now: None)


def guesses_that_do_not_count(patch: Patch) -> None:
    patch.setattr(users, "note_failure", lambda *_given: None)


ATTACKS: dict[Attack, list[Plant]] = {
    a_setup_link_makes_one_administrator: [links_for_ever],
    a_write_is_not_replayed_to_somebody_else: [replays_for_everybody],
    a_write_is_done_once: [no_replays],
    many_guesses_at_once_are_many_guesses: [guesses_that_do_not_count],
}


@pytest.mark.parametrize("attack", named(ATTACKS))
def test_what_works_once_works_no_second_time(place: Place, attack: Attack) -> None:
    attack(place)


@pytest.mark.parametrize(("attack", "plant"), with_plants(ATTACKS))
def test_it_would_be_found(
    place: Place, attack: Attack, plant: Plant, monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    succeeds(attack, place)
