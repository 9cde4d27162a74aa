"""OWASP API1, broken object level authorisation: what is another's, by its id."""

from typing import Any

import pytest

from leadwell.admin.pages.access.place import Place as PlaceOfTokens
from leadwell.model.grant import Grant
from leadwell.model.user import Role, User
from leadwell.store import tokens
from tests import leaks
from tests.attacks.place import (
    LIST,
    NORTHERN,
    PARTNER_NORTH,
    PARTNER_WEST,
    Attack,
    Patch,
    Place,
    Plant,
    named,
    succeeds,
    with_plants,
)

NOBODY = 999
"""The id of a lead that there never was."""


def told(answer: Any) -> tuple[int, str]:
    """What an answer tells: all of it but the ids that were asked for."""
    text: str = answer.text
    for each in (999_999, NOBODY, 363, PARTNER_NORTH, NORTHERN):
        text = text.replace(f" {each}", " N").replace(f"/{each}", "/N")
    return answer.status_code, text


def leads_of_others_by_their_ids(place: Place) -> None:
    for method, rest, body in (
        ("GET", "", None),
        ("PATCH", "", {"fields": {"name": "Mine"}}),
        ("DELETE", "", None),
        ("POST", "/merge", {"into": PARTNER_WEST}),
    ):
        asked = {"headers": {"X-Request-ID": "same"}} | ({"json": body} if body else {})
        answers = [
            told(place.ask(method, f"{LIST}/{lead_id}{rest}", **asked))
            for lead_id in (PARTNER_NORTH, NORTHERN, NOBODY)
        ]
        assert {status for status, _ in answers} == {404}, method
        assert len(set(answers)) == 1, method
    into = {"into": PARTNER_NORTH}
    assert place.ask("POST", f"{LIST}/1/merge", json=into).status_code in {404, 422}
    whole = place.token()
    assert place.get(f"{LIST}/{NORTHERN}", whole).status_code == 404
    listed = place.get(LIST, whole).json()["data"]
    assert {lead["id"] for lead in listed} == {PARTNER_WEST, PARTNER_NORTH}
    untouched = place.get(f"{LIST}/{PARTNER_NORTH}", whole).json()["data"]
    assert untouched["fields"]["name"] == "Nora North"


def campaigns_of_others_by_their_ids(place: Place) -> None:
    """Of another account, of the own one, and none at all: by a token and another."""
    account = place.token_of_account()
    for token, foreign in ((place.partner, (363, 364, 999_999)), (account, (363,))):
        for campaign_id in foreign:
            for rest in ("", "/leads", "/leads/3", "/schema", "/leads/changes"):
                path = f"/v2/campaigns/{campaign_id}{rest}"
                answer = place.get(path, token)
                assert answer.status_code in {403, 404}, path
                assert "North" not in answer.text
    same = {"X-Request-ID": "same"}
    assert told(place.get("/v2/campaigns/363", account, headers=same)) == told(
        place.get("/v2/campaigns/999999", account, headers=same)
    )


def pages_of_others_by_their_ids(place: Place) -> None:
    member, administrator = place.desk(Role.MEMBER, place.sister), place.desk()
    for desk, campaign_id in ((member, 362), (administrator, 363)):
        for rest in ("/leads", "/leads/1", "/leads/3"):
            page = desk.get(f"/campaigns/{campaign_id}{rest}")
            assert page.status_code == 404, rest
            assert "Wes West" not in page.text
            assert "Nils Northern" not in page.text
    sent = member.post("/campaigns/362/leads/1/delete")
    assert sent.status_code in {403, 404, 405}
    assert place.get(f"{LIST}/1").status_code == 200


def tokens_of_others_by_their_ids(place: Place) -> None:
    """The administrator of one account, and the page of a token of another one."""
    foreign = place.token_of_north()
    public_id = foreign.split("_")[1]
    desk = place.desk()
    for root in ("/account/tokens", "/campaigns/362/api-documentation"):
        for rest in ("", "/revoke", "/rotate", "/edit"):
            path = f"{root}/{public_id}{rest}"
            for answer in (desk.get(path), desk.post(path, ends="never", overlap="0h")):
                assert answer.status_code in {400, 403, 404, 405}, path
                assert "Northern's own" not in answer.text, path
    with place.database.reading() as connection:
        assert tokens.known(connection, public_id).revoked_at is None


def open_every_campaign(patch: Patch) -> None:
    patch.setattr(User, "may_open", lambda _self, _campaign: True)


def tokens_of_every_account(patch: Patch) -> None:
    patch.setattr(Grant, "check_owner", lambda _self, found, _id: found)
    patch.setattr(User, "may_open", lambda _self, _campaign: True)

    def token(_self: Any, connection: Any, public_id: str) -> Any:
        return tokens.known(connection, public_id)

    patch.setattr(PlaceOfTokens, "token", token)


ATTACKS: dict[Attack, list[Plant]] = {
    leads_of_others_by_their_ids: [
        leaks.without_forced,
        leaks.forbidden_for_missing,
    ],
    campaigns_of_others_by_their_ids: [leaks.campaigns_of_every_account],
    pages_of_others_by_their_ids: [open_every_campaign],
    tokens_of_others_by_their_ids: [tokens_of_every_account],
}


@pytest.mark.parametrize("attack", named(ATTACKS))
def test_an_object_of_somebody_else_stays_theirs(place: Place, attack: Attack) -> None:
    attack(place)


@pytest.mark.parametrize(("attack", "plant"), with_plants(ATTACKS))
def test_it_would_be_found(
    place: Place, attack: Attack, plant: Plant, monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    succeeds(attack, place)
