"""OWASP API5, broken function level authorisation: what only others may do."""

import hmac
from dataclasses import replace

import pytest
from starlette.types import Receive, Scope, Send

from leadwell.api.entrance import Entrance
from leadwell.model.grant import Grant
from leadwell.model.link import Link, LinkKind
from leadwell.model.user import Role, User
from leadwell.store import links
from leadwell.store.connection import Connection
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

LEAD = {"fields": {"name": "Mallory"}}


def who_may_read_does_not_write(place: Place) -> None:
    reader = place.token()
    for method, rest, body in (
        *(("POST", "", LEAD), ("PATCH", "/1", LEAD), ("DELETE", "/1", None)),
        *(("POST", "/1/merge", {"into": 2}), ("POST", "/batch", {"leads": [LEAD]})),
    ):
        answer = place.ask(method, LIST + rest, reader, json=body)
        assert answer.status_code == 403, rest
        assert answer.json()["code"] == "insufficient_scope"
    article = {"campaign_id": 362, **LEAD}
    assert place.ask("POST", "/leads", reader, json=article).status_code == 403
    listed = place.get(LIST, reader).json()["data"]
    assert {lead["fields"]["name"] for lead in listed} == {"Wes West", "Nora North"}


def methods_are_what_they_say(place: Place) -> None:
    """A read that a header or a parameter turns into a write."""
    reader = place.token()
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        for method in ("DELETE", "PATCH"):
            place.get(f"{LIST}/1", reader, headers={name: method})
            place.get(f"{LIST}/1", headers={name: method})
    assert place.get(f"{LIST}/1?_method=DELETE", reader).status_code == 400
    for method in ("PUT", "TRACE", "CONNECT", "LINK"):
        assert place.ask(method, f"{LIST}/1", reader).status_code == 405, method
    assert place.get(f"{LIST}/1", reader).status_code == 200


def members_do_not_administrate(place: Place) -> None:
    member = place.desk(Role.MEMBER, place.campaign)
    for path in (
        *("/account", "/account/tokens", "/account/tokens/new"),
        *(f"/campaigns/362/{tab}" for tab in ("fields", "filters", "settings")),
        *(f"/campaigns/362/{tab}" for tab in ("activity", "webhooks", "import")),
        "/campaigns/362/api-documentation",
    ):
        assert member.get(path).status_code == 403, path
        if not path.endswith("/activity"):
            assert member.post(path, name="Mine", slug="mine").status_code in {403, 405}
    assert member.post("/campaigns", name="Mine").status_code == 403


def a_link_opens_what_it_is_for(place: Place) -> None:
    secret = place.csv_link.split("/")[-1].removesuffix(".csv")
    shared = place.shared_docs.split("/")[2]
    assert place.client.get(f"/d/{secret}/").status_code == 404
    assert place.client.get(f"/feed/{shared}.csv").status_code == 404
    assert place.client.post(place.csv_link, json=LEAD).status_code == 405
    for path in (LIST, "/v2/me", "/mcp"):
        for each in (secret, shared):
            headers = {"Authorization": f"Bearer {each}"}
            answer = place.client.request("GET", path, headers=headers)
            assert answer.status_code in {401, 405}, path


def figures_are_the_operators(place: Place) -> None:
    for token in (place.partner, place.token_of_account(), "x"):
        assert place.get("/metrics", token).status_code == 401
    assert place.client.get("/metrics").status_code == 401
    assert place.desk().get("/metrics").status_code == 401


def everybody_writes(patch: Patch) -> None:
    patch.setattr(Grant, "check_write", lambda _self: None)


def methods_from_headers(patch: Patch) -> None:
    """Believe a header about the method, as middleware for old browsers does."""
    honest = Entrance.__call__

    async def call(self: Entrance, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"x-http-method-override")
        if given:
            scope["method"] = given.decode()
        await honest(self, scope, receive, send)

    patch.setattr(Entrance, "__call__", call)


def everybody_administrates(patch: Patch) -> None:
    patch.setattr(User, "check_administrator", lambda _self: None)


def links_of_the_other_kind(patch: Patch) -> None:
    """Take one link for another."""
    honest, kinds = links.find_by_digest, list(LinkKind)

    def find_by_digest(connection: Connection, digest: bytes) -> Link | None:
        found = honest(connection, digest)
        if found is None:
            return None
        return replace(found, kind=kinds[1 - kinds.index(found.kind)])

    patch.setattr(links, "find_by_digest", find_by_digest)


def figures_for_all(patch: Patch) -> None:
    patch.setattr(hmac, "compare_digest", lambda _given, _known: True)


ATTACKS: dict[Attack, list[Plant]] = {
    who_may_read_does_not_write: [everybody_writes],
    methods_are_what_they_say: [methods_from_headers],
    members_do_not_administrate: [everybody_administrates],
    a_link_opens_what_it_is_for: [links_of_the_other_kind],
    figures_are_the_operators: [figures_for_all],
}


@pytest.mark.parametrize("attack", named(ATTACKS))
def test_nobody_does_what_only_others_may(place: Place, attack: Attack) -> None:
    attack(place)


@pytest.mark.parametrize(("attack", "plant"), with_plants(ATTACKS))
def test_it_would_be_found(
    place: Place, attack: Attack, plant: Plant, monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    succeeds(attack, place)
