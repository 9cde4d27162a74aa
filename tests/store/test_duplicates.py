"""Leads of one person: found by e-mail and phone, flagged, merged or refused."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwell.errors import LeadwellError, Unavailable, UsageError
from leadwell.errors.duplicates import DuplicateLead
from leadwell.model.campaign import Campaign, Duplicates, Policy
from leadwell.model.grant import OPERATOR, Author
from leadwell.model.lead import Lead
from leadwell.schema import identity, querystring, question, submission
from leadwell.schema.parts import Kind, Name
from leadwell.store import campaigns
from leadwell.store.connection import Connection, Database
from leadwell.store.duplicates import groups
from leadwell.store.writes import chores, erasing, parts, rows
from leadwell.store.writes.writing import Writing
from tests import make
from tests.effort import examples

NOW = make.us(make.MIDNIGHT) + 1_000_000
JANE = {"name": "Jane", "email": "Jane.Doe@example.com"}
WEST = {"source": "partner-west"}


def decide(
    database: Database, campaign: Campaign, policy: str, *slugs: str, now: bool = True
) -> Campaign:
    """Let a campaign decide, and look at the leads that are there unless told not."""
    decided = identity.decision(campaign, policy, slugs or None)

    def job(connection: Connection) -> Campaign:
        parts.set_duplicates(connection, campaign.id, decided)
        return campaigns.known(connection, campaign.id)

    found = database.write(job).result()
    return settled(database, found) if now else found


def settled(database: Database, campaign: Campaign) -> Campaign:
    """Do every chore."""

    def chunk(connection: Connection) -> bool:
        known = campaigns.known(connection, campaign.id)
        return chores.work(connection, known, NOW)

    while database.write(chunk).result():
        pass
    with database.reading() as connection:
        return campaigns.known(connection, campaign.id)


def open_groups(database: Database, campaign: Campaign) -> list[tuple[int, ...]]:
    with database.reading() as connection:
        found = groups.find_page(connection, campaign.id, 1, 100)
        assert groups.count(connection, campaign.id) == len(found)
    return [group.leads for group in found]


def all_leads(database: Database, campaign: Campaign) -> list[Lead]:
    with database.reading() as connection:
        return rows.find_after(connection, campaign, 0, 1_000)


def table(database: Database, name: str) -> list[tuple[Any, ...]]:
    with database.reading() as connection:
        return connection.rows(f"SELECT * FROM {name}")  # noqa: S608 - a table's name


def check_kept(database: Database, campaign: Campaign) -> None:
    """Compare what is kept with what the leads themselves say."""
    wanted: dict[bytes, set[int]] = {}
    for lead in all_leads(database, campaign):
        for key in identity.keys(campaign, lead):
            wanted.setdefault(key, set()).add(lead.id)
    held: dict[bytes, set[int]] = {}
    fresh: dict[bytes, list[int]] = {}
    for _, lead_id, key, is_settled in table(database, "lead_key"):
        held.setdefault(bytes(key), set()).add(lead_id)
        fresh.setdefault(bytes(key), []).extend([] if is_settled else [lead_id])
    assert held == wanted
    assert {
        (bytes(key), lead_id) for _, key, lead_id in table(database, "duplicate_group")
    } == {(key, max(fresh[key])) for key in held if len(held[key]) > 1 and fresh[key]}


def test_a_campaign_that_did_not_ask_keeps_nothing(database, campaign) -> None:
    make.leads(database, campaign, [{"fields": JANE}, {"fields": JANE}])
    assert table(database, "lead_key") == []
    assert open_groups(database, campaign) == []


def test_leads_with_the_same_address_or_phone_are_flagged(database, campaign) -> None:
    campaign = decide(database, campaign, "flag")
    fields = [
        JANE | {"phone": "32123456"},
        {"name": "J.", "email": "jane.doe@EXAMPLE.com"},
        {"name": "Joe", "phone": "+45 32 12 34 56"},
        {"name": "Ann", "email": "ann@example.com"},
    ]
    make.leads(database, campaign, [{"fields": each} for each in fields])
    assert open_groups(database, campaign) == [(3, 1), (2, 1)]
    check_kept(database, campaign)


def test_an_address_is_found_in_another_field_of_the_type(database, account) -> None:
    fields = [*make.FIELDS, {"slug": "email-work", "label": "At work", "type": "email"}]
    campaign = make.a_kept_campaign(database, account, fields=fields)
    campaign = decide(database, campaign, "flag")
    given = [JANE, {"name": "J.", "email-work": "jane.doe@example.com"}]
    make.leads(database, campaign, [{"fields": each} for each in given])
    assert open_groups(database, campaign) == [(2, 1)]
    campaign = decide(database, campaign, "flag", "email")
    assert open_groups(database, campaign) == []


def test_leads_that_are_there_are_looked_at_in_chunks(
    database, campaign, monkeypatch
) -> None:
    monkeypatch.setattr(chores, "CHUNK", 3)
    given = [{"fields": JANE | {"name": f"J. {number}"}} for number in range(8)]
    make.leads(database, campaign, given)
    campaign = decide(database, campaign, "reject", now=False)
    database.write(lambda c: chores.work(c, campaign, NOW)).result()
    assert len(table(database, "lead_key")) == 3
    settled(database, campaign)
    assert len(all_leads(database, campaign)) == 8
    assert open_groups(database, campaign) == [(8, 7, 6, 5, 4, 3, 2, 1)]
    check_kept(database, campaign)


def test_switched_off_all_keys_go(database, campaign, monkeypatch) -> None:
    monkeypatch.setattr(chores, "CHUNK", 2)
    campaign = decide(database, campaign, "flag")
    make.leads(database, campaign, [{"fields": JANE} for _ in range(5)])
    campaign = decide(database, campaign, "off", now=False)
    # One that is erased before its turn leaves nothing either.
    database.write(lambda c: erasing.erase(c, campaign, 5, NOW)).result()
    assert max(row[1] for row in table(database, "lead_key")) == 4
    settled(database, campaign)
    assert table(database, "lead_key") == table(database, "duplicate_group") == []


def test_it_is_refused(database, campaign) -> None:
    campaign = decide(database, campaign, "reject")
    make.a_lead(database, campaign, fields=dict(JANE))
    with pytest.raises(DuplicateLead) as caught:
        make.a_lead(database, campaign, fields={"email": "JANE.doe@example.com"})
    assert caught.value.message == "lead 1 has the same email"
    assert caught.value.problems[0].pointer == "/fields/email"
    assert [lead.id for lead in all_leads(database, campaign)] == [1]


def test_a_known_external_id_is_an_update_and_no_duplicate(database, campaign) -> None:
    campaign = decide(database, campaign, "reject")
    for name in ("Jane", "Janet"):
        fields = JANE | {"name": name}
        make.a_lead(database, campaign, fields=fields, external_id="x")
    (only,) = all_leads(database, campaign)
    assert only.version == 2


def test_it_is_merged_into_the_one_that_is_there(database, campaign) -> None:
    campaign = decide(database, campaign, "merge")
    west = Author("west")
    make.a_lead(database, campaign, fields=dict(JANE), status=None)
    fields = JANE | {"name": "J.", "phone": "32123456"}
    again = make.a_lead(
        database, campaign, author=west, fields=fields, external_id="w1"
    )
    refs = campaign.field_by_slug
    assert (again.id, again.version, again.external_id) == (1, 2, "w1")
    assert again.values[refs["name"].id] == "Jane"
    assert again.values[refs["phone"].id] == "+4532123456"
    assert again.status == campaign.statuses[0].id
    # What its author called it means the one that stayed.
    fields = {"name": "Jane D.", "email": "other@example.com"}
    named = make.a_lead(
        database, campaign, author=west, fields=fields, external_id="w1"
    )
    assert (named.id, named.version) == (1, 3)
    check_kept(database, campaign)


@pytest.mark.parametrize("policy", ["merge", "reject"])
@pytest.mark.parametrize("hidden", ["lead", "field"])
def test_what_its_author_cannot_see_is_as_if_it_was_not_there(
    database, campaign, policy, hidden
) -> None:
    campaign = decide(database, campaign, policy)
    make.a_lead(database, campaign, fields=dict(JANE))
    forced = question.conditions(campaign, querystring.decode(b"source=partner-west"))
    name = campaign.field_by_slug["name"].id
    author = {
        "lead": Author("west", forced),
        "field": Author("west", readable=frozenset({name})),
    }[hidden]
    added = make.a_lead(database, campaign, author=author, fields=JANE | WEST)
    assert (added.id, added.version) == (2, 1)
    assert open_groups(database, campaign) == [(2, 1)]
    # The next one sees it, unless the field is hidden.
    if hidden == "lead" and policy == "merge":
        again = make.a_lead(database, campaign, author=author, fields=JANE | WEST)
        assert again.id == 2


def test_an_address_in_a_field_that_is_hidden_tells_nothing(database, account) -> None:
    fields = [*make.FIELDS, {"slug": "email-work", "label": "At work", "type": "email"}]
    campaign = make.a_kept_campaign(database, account, fields=fields)
    campaign = decide(database, campaign, "reject")
    hidden = {"email-work": JANE["email"]}
    make.a_lead(database, campaign, fields=dict(hidden))
    refs = campaign.field_by_slug
    author = Author("west", readable=frozenset({refs["name"].id, refs["email"].id}))
    added = make.a_lead(database, campaign, author=author, fields=dict(JANE))
    assert added.id == 2
    assert open_groups(database, campaign) == [(2, 1)]
    with pytest.raises(DuplicateLead):
        make.a_lead(database, campaign, fields=dict(hidden))


def test_no_lead_is_merged_out_of_its_authors_sight(database, campaign) -> None:
    campaign = decide(database, campaign, "merge")
    make.a_lead(database, campaign, fields=JANE | WEST)
    asked = querystring.decode(b"source=partner-west&phone[exists]=false")
    author = Author("west", question.conditions(campaign, asked))
    # It could not be written with a phone by them either way.
    added = make.a_lead(database, campaign, author=author, fields=JANE | WEST)
    assert added.id == 1
    asked = querystring.decode(b"phone[exists]=false&budget[exists]=false")
    author = Author("east", question.conditions(campaign, asked))
    assert make.a_lead(database, campaign, author=author, fields=dict(JANE)).id == 1


def test_settled_ones_are_not_shown_until_another_comes(database, campaign) -> None:
    campaign = decide(database, campaign, "flag")
    make.leads(database, campaign, [{"fields": JANE}, {"fields": JANE}])
    with database.reading() as connection:
        (group,) = groups.find_of(connection, campaign.id, 1)

    def settle(connection: Connection, leads: tuple[int, ...]) -> bool:
        campaigns.hold(connection, campaign.id)
        return groups.settle(connection, campaign.id, group.key, leads)

    assert not database.write(lambda c: settle(c, (3, 2, 1))).result()
    assert database.write(lambda c: settle(c, (2, 1))).result()
    assert open_groups(database, campaign) == []
    check_kept(database, campaign)
    make.a_lead(database, campaign, fields=dict(JANE))
    assert open_groups(database, campaign) == [(3, 2, 1)]
    check_kept(database, campaign)


def test_of_two_at_once_one_is_refused(database, campaign) -> None:
    campaign = decide(database, campaign, "reject")
    read = submission.read(campaign, {"fields": dict(JANE)})

    def job(connection: Connection) -> int:
        writing = Writing.begin(connection, campaign, OPERATOR, NOW, 1)
        outcome = writing.save(read)
        writing.close()
        return outcome.lead.id

    futures = [database.write(job) for _ in range(8)]
    failed = [future.exception() for future in futures]
    assert sum(isinstance(each, DuplicateLead) for each in failed) == 7
    assert len(all_leads(database, campaign)) == 1


def test_who_read_the_policy_before_it_was_changed_writes_nothing(
    database, campaign
) -> None:
    decide(database, campaign, "reject")
    with pytest.raises(Unavailable):
        make.a_lead(database, campaign)


def test_a_decision_is_read(campaign) -> None:
    refs = campaign.field_by_slug
    assert identity.decision(campaign, "flag", None) == Duplicates(Policy.FLAG)
    chosen = identity.decision(campaign, "merge", ["phone", "email"])
    assert chosen.fields == (refs["email"].id, refs["phone"].id)
    for policy, slugs in [("none", None), ("flag", ["name"]), ("flag", [])]:
        with pytest.raises(UsageError):
            identity.decision(campaign, policy, slugs)


PAIRS: list[list[str]] = [["email"], ["phone"], []]
PEOPLE: list[dict[str, Any]] = [
    {},
    {"email": "a@example.com"},
    {"email": "A@example.com", "phone": "32123456"},
    {"phone": "32123456"},
    {"email": "b@example.com", "phone": None},
]
ACTIONS = st.tuples(
    st.sampled_from(
        [
            "add",
            "add",
            "change",
            "remove",
            "merge",
            "erase",
            "settle",
            "policy",
            "field",
        ]
    ),
    st.integers(0, 7),
    st.integers(0, 7),
)


@examples(5)
@given(st.lists(ACTIONS, max_size=14))
def test_keys_follow_every_sequence_of_writes(
    tmp_path_factory, engine, actions
) -> None:
    database = make.a_database(tmp_path_factory.mktemp("keys") / "leads.db", engine)
    campaign = make.a_kept_campaign(database, make.an_account(database))
    campaign = decide(database, campaign, "flag")
    for action, one, two in actions:
        campaign = _act(database, campaign, action, one, two)
        check_kept(database, campaign)
    database.close()


def _act(
    database: Database, campaign: Campaign, action: str, one: int, two: int
) -> Campaign:
    """Do something; what cannot be done is passed over."""
    if action == "policy":
        slugs = [slug for slug in PAIRS[two % 3] if slug in campaign.field_by_slug]
        return decide(database, campaign, list(Policy)[one % 4].value, *slugs)
    with suppress(LeadwellError):
        if action == "field":
            name = Name(Kind.FIELD, "phone")
            database.write(lambda c: parts.remove(c, campaign.id, name)).result()
        elif action == "erase":
            database.write(lambda c: erasing.erase(c, campaign, one, NOW)).result()
        elif action == "settle":
            database.write(lambda c: _settle(c, campaign, one)).result()
        else:
            database.write(lambda c: _write(c, campaign, action, one, two)).result()
    return settled(database, campaign)


def _settle(connection: Connection, campaign: Campaign, lead_id: int) -> None:
    for group in groups.find_of(connection, campaign.id, lead_id):
        groups.settle(connection, campaign.id, group.key, group.leads)


def _write(
    connection: Connection, campaign: Campaign, action: str, one: int, two: int
) -> None:
    known = campaign.field_by_slug
    person = PEOPLE[two % len(PEOPLE)]
    fields = {slug: value for slug, value in person.items() if slug in known}
    writing = Writing.begin(connection, campaign, OPERATOR, NOW, 2)
    if action == "add":
        writing.save(submission.read(campaign, {"fields": {"name": "N"} | fields}))
    elif action == "change":
        given = submission.read(campaign, {"fields": fields}, is_new=False)
        writing.change(one, given)
    elif action == "remove":
        writing.remove(one)
    else:
        writing.merge(one, two)
    writing.close()
