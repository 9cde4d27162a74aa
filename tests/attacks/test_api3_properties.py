"""OWASP API3, broken object property level authorisation: fields, read and written."""

from typing import Any

import pytest

from leadwell.errors import UnknownField
from leadwell.schema import submission
from tests import leaks
from tests.attacks.place import (
    LIST,
    PARTNER_WEST,
    Attack,
    Patch,
    Place,
    Plant,
    named,
    succeeds,
    with_plants,
)

SECRET = "wes@example.com"
"""The address of the partner's own lead, which his token does not name."""
OWN = ("id", "campaign_id", "created_at", "updated_at", "version", "seq", "account_id")
"""What no writer decides."""


def a_hidden_field_is_not_shown(place: Place) -> None:
    for rest in (
        *(f"/{PARTNER_WEST}", "", "?_meta=1", "?_fields=name", "/changes", "/export"),
        *("/export?_format=csv", "/digest", "?_cursor=start"),
    ):
        answer = place.get(LIST + rest)
        assert answer.status_code == 200, rest
        assert SECRET not in answer.text, rest
    for path in (place.csv_link, place.shared_docs, f"{place.shared_docs}schema.md"):
        assert SECRET not in place.client.get(path).text
    for path in ("/v2/campaigns/362/schema", "/v2/campaigns/362/schema.json"):
        assert '"email"' not in place.get(path).text


def a_hidden_field_is_not_asked_for(place: Place) -> None:
    """Neither by a condition, nor by order or search: bit by bit it would be read."""
    for asked in (
        *(f"email={SECRET}", "email[starts_with]=w", "email[is_empty]=false"),
        *("_sort=email", "_sort=-email", "_fields=email", "_fields=name,email"),
    ):
        for rest in ("", "/export", "/changes", "/digest"):
            answer = place.get(f"{LIST}{rest}?{asked}")
            assert answer.status_code == 400, f"{rest}?{asked}"
    found = place.get(f"{LIST}?_q={SECRET}").json()
    assert found["data"] == []


def a_hidden_field_is_not_written(place: Place) -> None:
    body = {"fields": {"email": "thief@example.com"}}
    changed = place.ask("PATCH", f"{LIST}/{PARTNER_WEST}", json=body)
    made = place.ask("POST", LIST, json={"fields": {"name": "A", **body["fields"]}})
    assert (changed.status_code, made.status_code) == (422, 422)
    whole = place.get(f"{LIST}/{PARTNER_WEST}", place.token()).json()["data"]
    assert whole["fields"]["email"] == SECRET


def what_the_hub_decides_is_not_written(place: Place) -> None:
    """Mass assignment: more than a form would send."""
    before = place.get(f"{LIST}/{PARTNER_WEST}").json()["data"]
    for name in OWN:
        for body in ({name: 7}, {"fields": {name: 7}}):
            answer = place.ask("PATCH", f"{LIST}/{PARTNER_WEST}", json=body)
            assert answer.status_code == 422, body
            made = place.ask("POST", LIST, json={"fields": {"name": "A"}} | body)
            assert made.status_code in {400, 403, 422}, body
    assert place.get(f"{LIST}/{PARTNER_WEST}").json()["data"] == before


def nobody_writes_himself_out_of_his_filter(place: Place) -> None:
    """A lead that is handed in under another partner's name would be taken from him."""
    moved = {"fields": {"source": "partner-north"}}
    place.ask("PATCH", f"{LIST}/{PARTNER_WEST}", json=moved)
    whole = place.token()
    found = place.get(f"{LIST}?source=partner-north", whole).json()["data"]
    mine = place.get(LIST).json()["data"]
    # Whatever the hub makes of it, he sees no lead that was not his.
    assert {lead["fields"]["name"] for lead in mine} <= {"Wes West"}
    assert "Nora North" in {lead["fields"]["name"] for lead in found}


def take_whatever_is_sent(patch: Patch) -> None:
    """Overlook what is unknown, as many frameworks do."""
    honest = submission._Reader._note

    def note(self: Any, pointer: str, error: Any) -> None:
        if not isinstance(error, UnknownField):
            honest(self, pointer, error)

    patch.setattr(submission._Reader, "_note", note)


ATTACKS: dict[Attack, list[Plant]] = {
    a_hidden_field_is_not_shown: [leaks.whole_leads, leaks.whole_view],
    a_hidden_field_is_not_asked_for: [
        leaks.hidden_in_filters,
        leaks.hidden_in_sort,
        leaks.hidden_in_search,
    ],
    a_hidden_field_is_not_written: [leaks.whole_view, take_whatever_is_sent],
    what_the_hub_decides_is_not_written: [take_whatever_is_sent],
    nobody_writes_himself_out_of_his_filter: [leaks.without_forced],
}


@pytest.mark.parametrize("attack", named(ATTACKS))
def test_nobody_reads_or_writes_a_field_that_is_not_theirs(
    place: Place, attack: Attack
) -> None:
    attack(place)


@pytest.mark.parametrize(("attack", "plant"), with_plants(ATTACKS))
def test_it_would_be_found(
    place: Place, attack: Attack, plant: Plant, monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    succeeds(attack, place)
