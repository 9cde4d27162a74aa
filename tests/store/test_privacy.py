"""Which leads are one person's, and what is left of somebody who was erased."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leadwell.model.campaign import Campaign
from leadwell.model.grant import OPERATOR, Grant
from leadwell.schema import submission
from leadwell.schema.identity import Identity
from leadwell.store import campaigns, filters, readers, tokens
from leadwell.store.connection import Connection, Database
from leadwell.store.privacy import erasing, finding, telling
from leadwell.store.privacy.erasing import Asked
from leadwell.store.privacy.finding import Found
from leadwell.store.writes import history
from leadwell.store.writes.writing import Writing
from tests import make

JANE = Identity.read("email", "Jane@Example.com")
PHONE = Identity.read("phone", "12345678")
NOW = make.us(make.MIDNIGHT)
PERSON = JANE.person(make.KEY, 1)


def found(database: Database, campaign: Campaign, *who: Identity) -> Found:
    with database.reading() as connection:
        now = campaigns.known(connection, campaign.id)
        grant = Grant.of_operator(now)
        return finding.find(connection, grant, now, who or (JANE,))


def held(found: Found) -> tuple[list[int], list[int], list[int]]:
    return list(found.leads), list(found.merged), list(found.former)


def add(database: Database, campaign: Campaign, *leads: dict[str, Any]) -> None:
    given = [{"fields": {"name": "Somebody"} | each} for each in leads]
    make.leads(database, campaign, given)


def do(database: Database, campaign: Campaign, name: str, *args: Any) -> None:
    def job(connection: Connection) -> None:
        now = campaigns.known(connection, campaign.id)
        writing = Writing.begin(connection, now, OPERATOR, NOW, 1)
        getattr(writing, name)(*args)
        writing.close()

    database.write(job).result()


def change(database: Database, campaign: Campaign, lead_id: int, **fields: Any) -> None:
    read = submission.read(campaign, {"fields": fields}, is_new=False)
    do(database, campaign, "change", lead_id, read)


def erase(database: Database, found: Found, file: Path) -> int:
    done = database.write(
        lambda c: erasing.erase(
            c, found.campaign.id, found.leads, Asked([PERSON], "", file), NOW
        )
    ).result()
    database.write(
        lambda c: erasing.forget_former(c, found.campaign.id, found.former, [JANE])
    ).result()
    return len(done)


def test_any_field_that_holds_it_counts_however_it_was_written(
    database, campaign
) -> None:
    mentioned = {"project-notes": "ask jane@example.com about it"}
    add(
        database,
        campaign,
        {"email": "JANE@example.com"},
        {"project-notes": "Jane@Example.COM"},
        mentioned,
        {"email": "jane@example.com.au"},
        {"phone": "+45 12 34 56 78"},
    )
    make.a_lead(database, campaign, external_id="Jane@example.com")
    assert held(found(database, campaign)) == ([1, 2, 6], [], [])
    assert found(database, campaign).mentioned == (3, 4)
    assert held(found(database, campaign, JANE, PHONE)) == ([1, 2, 5, 6], [], [])
    assert found(database, campaign, Identity("email", "x@example.com")).is_empty


@pytest.mark.parametrize("address", ["å_%ø@example.com", "straße@exämple.com"])
def test_an_address_of_any_alphabet_is_found(database, campaign, address: str) -> None:
    who = Identity.read("email", address.upper().replace("SS", "ß"))
    add(database, campaign, {"email": address}, {"email": "åxyø@example.com"})
    assert held(found(database, campaign, who)) == ([1], [], [])
    change(database, campaign, 1, email="other@example.com")
    assert held(found(database, campaign, who)) == ([], [], [1])
    do(database, campaign, "remove", 2)
    again = Identity.read("email", "åxyø@example.com")
    assert held(found(database, campaign, again)) == ([2], [], [])


def test_leads_that_are_gone_or_merged_are_found_by_their_history(
    database, campaign
) -> None:
    jane = {"email": "jane@example.com"}
    bo = {"email": "bo@example.com"}
    add(database, campaign, jane, jane, bo, bo, jane, bo)
    do(database, campaign, "remove", 1)
    # What 2 held lives on in 4, which has an address of its own.
    do(database, campaign, "merge", 2, 3)
    do(database, campaign, "merge", 3, 4)
    # Somebody has mended 5: the address was a mistake.
    change(database, campaign, 5, email="cy@example.com")
    change(database, campaign, 6, email="jane@example.com")
    change(database, campaign, 6, email="bo@example.com")
    do(database, campaign, "remove", 6)
    assert held(found(database, campaign)) == ([1, 4], [2, 3], [5, 6])
    with database.reading() as connection:
        whole = found(database, campaign).with_former(connection)
    assert held(whole) == ([1, 4, 5, 6], [2, 3], [])


def test_nothing_is_found_of_who_was_erased_and_receipts_are(
    database, account, campaign, tmp_path
) -> None:
    make.a_token(database, account, campaign, name="All")
    jane = {"email": "jane@example.com", "phone": "12345678"}
    add(database, campaign, jane, jane, {"email": "bo@example.com"}, jane)
    do(database, campaign, "merge", 1, 2)
    change(database, campaign, 4, email="cy@example.com")
    before = found(database, campaign)
    assert held(before) == ([2], [1], [4])
    assert erase(database, before, tmp_path / "erasures") == 2
    assert found(database, campaign).is_empty
    # Twice is once.
    assert erase(database, before, tmp_path / "erasures") == 0
    with database.reading() as connection:
        assert erasing.find_erased(connection, campaign, [PERSON]) == [1, 2]
        other = JANE.person(b"another key", 1)
        assert erasing.find_erased(connection, campaign, [other]) == []
        assert [x.name for x in readers.receipts(connection, campaign, 2)] == ["All"]
        (_, last) = history.find(connection, campaign.id, 4)
    ref = str(campaign.field_by_slug["email"].id)
    assert last.changes == {ref: (None, "cy@example.com")}
    assert held(found(database, campaign, PHONE)) == ([4], [], [])


def test_filters_that_ask_for_somebody_are_named(database, account, campaign) -> None:
    make.a_token(database, account, campaign, "email=jane@example.com")
    assert found(database, campaign).filters == ("",)


def test_a_filter_that_nobody_uses_forgets_somebody(
    database, account, campaign
) -> None:
    asked = "email=jane@example.com&source=website"
    text = make.a_token(database, account, campaign, asked)

    def revoke(connection: Connection) -> int:
        token = tokens.known(connection, text.split("_")[1])
        tokens.change(connection, replace(token, revoked_at=make.MIDNIGHT), NOW)
        return token.filter_id or 0

    filter_id = database.write(revoke).result()
    before = found(database, campaign)
    assert (before.filters, before.closed, before.is_empty) == ((), 1, False)
    job = partial(erasing.forget_filters, campaign_id=campaign.id, identities=[JANE])
    for _ in range(2):
        database.write(job).result()
        assert found(database, campaign).is_empty
    with database.reading() as connection:
        kept = filters.find(connection, campaign, filter_id)
    email, source = (each.values for each in kept.conditions)
    assert email == ("…",)
    assert source == (campaign.field_by_slug["source"].options[2].id,)


def test_all_that_is_held_is_told_with_who_had_it(database, account, campaign) -> None:
    make.a_token(database, account, campaign, "source=partner-west", name="West")
    north = make.a_token(
        database, account, campaign, "source=partner-north", name="North"
    )
    jane = {"email": "jane@example.com", "source": "partner-west"}
    add(database, campaign, jane, jane)
    change(database, campaign, 1, source="partner-north")
    do(database, campaign, "remove", 2)
    progress = readers.Progress(campaign.id, north.split("_")[1], 10**6, NOW)
    database.write(progress.note).result()
    with database.reading() as connection:
        now = campaigns.known(connection, campaign.id)
        grant = Grant.of_operator(now)
        one, two = telling.tell(connection, grant, found(database, campaign))
    assert one["lead"]["fields"]["email"] == "jane@example.com"
    assert one["history"][-1]["changes"]["source"] == [
        {"slug": "partner-west", "label": "Partner West"},
        {"slug": "partner-north", "label": "Partner North"},
    ]
    assert [each["by"] for each in one["history"]] == ["operator", "operator"]
    told = {x["token"]: x["confirmed_at"] for x in one["recipients"]}
    assert told["North"] is not None
    assert told["West"] is None
    assert two["lead"] is None
    assert two["history"][-1]["changes"]["email"] == ["jane@example.com", None]
    assert [x["token"] for x in two["recipients"]] == ["West"]
