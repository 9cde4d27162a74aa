"""Fields, options and statuses of a campaign that has leads already."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from leadwell.errors import (
    Conflict,
    InvalidQuestion,
    LeadwellError,
    NotFound,
    Refused,
    UsageError,
)
from leadwell.model.campaign import (
    Attribute,
    Campaign,
    Field,
    Option,
    Status,
    StatusType,
)
from leadwell.model.grant import Grant
from leadwell.model.lead import Lead
from leadwell.schema import definition, querystring, question
from leadwell.schema.matching import matches
from leadwell.schema.parts import Kind, Name, shelf
from leadwell.schema.question import selection
from leadwell.schema.visibility import view
from leadwell.store import campaigns, filters, tokens
from leadwell.store import parts as uses
from leadwell.store.connection import Connection, Database
from leadwell.store.writes import chores, history, parts, rows
from leadwell.store.writes.rehearsal import rehearse
from tests import make

WEST = Name(Kind.OPTION, "partner-west", "source")
NEW, WON = Name(Kind.STATUS, "new"), Name(Kind.STATUS, "won")
BUDGET, SOURCE = Name(Kind.FIELD, "budget"), Name(Kind.FIELD, "source")
TAG_A = Name(Kind.OPTION, "a", "tags")


def do(database: Database, edit: Callable[..., Any], *given: Any, **named: Any) -> Any:
    return database.write(lambda c: edit(c, 362, *given, **named)).result()


def now(database: Database) -> Campaign:
    with database.reading() as connection:
        return campaigns.known(connection, 362)


def settle(database: Database) -> None:
    while database.write(
        lambda c: chores.work(c, campaigns.known(c, 362), now=0)
    ).result():
        pass


def held(database: Database) -> list[Lead]:
    with database.reading() as connection:
        return rows.find_after(connection, campaigns.known(connection, 362), 0, 100)


def found(database: Database, query: str) -> list[int]:
    campaign = now(database)
    asked = question.conditions(campaign, querystring.decode(query.encode()))
    return [lead.id for lead in held(database) if matches(campaign, asked, lead)]


def a_filter(database: Database, name: str | None, query: str) -> int:
    def job(connection: Connection) -> int:
        campaign = campaigns.known(connection, 362)
        asked = question.conditions(campaign, querystring.decode(query.encode()))
        return filters.keep(connection, campaign, name, asked, now=0).id

    return database.write(job).result()


@pytest.fixture
def three(database, campaign) -> None:
    """Three leads: of partner-west, of partner-north, and of nobody."""
    given = [
        {"name": "Ann", "source": "partner-west", "budget": 5, "tags": ["a", "b"]},
        {"name": "Bo", "source": "partner-north", "tags": ["a"]},
        {"name": "Cy"},
    ]
    make.leads(database, campaign, [{"fields": fields} for fields in given])


@pytest.mark.usefixtures("three")
def test_a_renamed_option_revises_those_who_hold_it_and_keeps_its_old_name(
    database,
) -> None:
    do(database, parts.rename, WEST, "west")
    settle(database)
    assert [lead.version for lead in held(database)] == [2, 1, 1]
    assert found(database, "source=west") == [1]
    assert found(database, "source=partner-west") == [1]
    assert found(database, "field.source[ne]=partner-west") == [2, 3]
    with pytest.raises(InvalidQuestion):
        found(database, "source=Partner-West")


@pytest.mark.usefixtures("three")
def test_a_renamed_field_revises_every_lead_and_is_asked_by_either_name(
    database,
) -> None:
    do(database, parts.rename, BUDGET, "price-max")
    settle(database)
    assert [lead.version for lead in held(database)] == [2, 2, 2]
    for name in ("budget", "price-max", "field.budget", "field.price-max"):
        assert found(database, f"{name}[gte]=5") == [1]
    campaign = now(database)
    budget = campaign.field_by_slug["price-max"].id
    assert selection.sort(campaign, "-budget")[0].field == budget
    assert selection.sort(campaign, "field.budget")[0].field == budget
    assert selection.shown(campaign, "budget").fields == {"price-max"}


@pytest.mark.usefixtures("three")
def test_a_removed_status_leaves_its_leads_without_one(database) -> None:
    do(database, parts.set_default, "won")
    do(database, parts.remove, NEW)
    settle(database)
    assert [(lead.status, lead.version) for lead in held(database)] == [(None, 2)] * 3
    with database.reading() as connection:
        assert history.find(connection, 362, 1)[-1].op == "schema"


@pytest.mark.usefixtures("three")
def test_a_removed_option_is_taken_from_every_list(database) -> None:
    do(database, parts.remove, TAG_A)
    do(database, parts.remove, WEST)
    settle(database)
    tags = now(database).field_by_slug["tags"]
    kept = [lead.values.get(tags.id) for lead in held(database)]
    assert kept == [(tags.options[0].id,), None, None]
    assert found(database, "source[exists]=true") == [2]


@pytest.mark.usefixtures("three")
def test_a_removed_field_is_gone_from_leads_and_another_may_have_its_slug(
    database,
) -> None:
    do(database, parts.remove, BUDGET)
    settle(database)
    field = definition.read_field({"slug": "budget", "type": "text"})
    made = do(database, parts.add_field, field)
    assert made.id not in {1, 9}
    assert found(database, "budget[exists]=true") == []
    with database.reading() as connection:
        ((text,),) = connection.rows("SELECT fields FROM lead WHERE id = 1")
    assert '"budget"' not in text


def test_a_former_slug_is_never_given_to_another_part(database, campaign) -> None:
    del campaign
    do(database, parts.rename, WEST, "west")
    north = Name(Kind.OPTION, "partner-north", "source")
    for slug in ("partner-west", "west"):
        with pytest.raises(Conflict, match="west"):
            do(database, parts.rename, north, slug)
        with pytest.raises(Conflict, match="west"):
            do(database, parts.add_option, "source", slug, "Another")
    # Options of another field have slugs of their own.
    do(database, parts.add_option, "tags", "partner-west", "West")
    do(database, parts.remove, replace(WEST, slug="west"))
    with pytest.raises(Conflict, match="removed"):
        do(database, parts.add_option, "source", "partner-west", "Another")
    do(database, parts.add_option, "source", "west", "West again")


def test_a_part_may_go_back_to_its_own_former_slug(database, campaign) -> None:
    del campaign
    do(database, parts.rename, BUDGET, "money")
    do(database, parts.rename, replace(BUDGET, slug="money"), "budget")
    field = now(database).field_by_slug["budget"]
    assert field.aliases == ("money",)
    before = now(database).schema_version
    do(database, parts.rename, BUDGET, "budget")
    assert now(database).schema_version == before


def test_what_changes_the_schema_raises_its_version_once(database, campaign) -> None:
    edits: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
        (parts.add_status, (Status(0, "lost", "Lost"),)),
        (parts.add_option, ("source", "east", "East")),
        (parts.add_field, (Field(0, "zip", "Zip", "text"),)),
        (parts.relabel, (NEW, "Fresh")),
        (parts.set_default, ("won",)),
        (parts.remove, (NEW,)),
    ]
    version = campaign.schema_version
    for edit, given in edits:
        do(database, edit, *given)
        version += 1
        assert now(database).schema_version == version
    do(database, parts.set_required, "email", required=True)
    assert now(database).field_by_slug["email"].required
    assert now(database).schema_version == version + 1
    status = now(database).default_status
    assert status is not None
    assert status.slug == "won"
    assert [s.slug for s in now(database).statuses] == ["contacted", "won", "lost"]


@pytest.mark.usefixtures("three")
def test_another_label_revises_no_lead(database) -> None:
    do(database, parts.relabel, WEST, "West")
    with database.reading() as connection:
        (waiting,) = chores.find(connection, 362)
        assert waiting.kind is chores.Kind.RENDER
    assert {lead.version for lead in held(database)} == {1}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("source=partner-west", WEST),
        ("source[ne]=partner-west", WEST),
        ("tags=a", TAG_A),
        ("budget[gte]=1", BUDGET),
        ("source[exists]=true", SOURCE),
        ("status=won", WON),
    ],
)
def test_what_a_filter_in_force_names_cannot_be_removed(
    database, account, campaign, query: str, name: Name
) -> None:
    text = make.a_token(database, account, campaign, query, name="Wanda")
    a_filter(database, "big", query)
    with pytest.raises(Conflict, match=r"filter 'big', the token 'Wanda'"):
        do(database, parts.remove, name)
    revoke(database, text)
    with pytest.raises(Conflict, match="filter 'big'"):
        do(database, parts.remove, name)
    database.write(lambda c: filters.remove(c, campaigns.known(c, 362), "big")).result()
    do(database, parts.remove, name)


def revoke(database: Database, text: str) -> None:
    def job(connection: Connection) -> None:
        token = tokens.hold(connection, text.split("_")[1])
        tokens.change(connection, replace(token, revoked_at=make.MIDNIGHT), now=0)

    database.write(job).result()


def open_filters(database: Database) -> list[int]:
    with database.reading() as connection:
        found = connection.rows("SELECT id FROM filter WHERE closed = 0 ORDER BY id")
    return [row[0] for row in found]


def test_an_unnamed_filter_is_closed_with_its_last_token(
    database, account, campaign
) -> None:
    texts = [make.a_token(database, account, campaign, "status=new") for _ in "ab"]
    first, second = open_filters(database)

    def share(connection: Connection) -> None:
        token = tokens.hold(connection, texts[1].split("_")[1])
        tokens.change(connection, replace(token, filter_id=first), now=0)

    database.write(share).result()
    assert open_filters(database) == [first]
    revoke(database, texts[0])
    assert open_filters(database) == [first]
    revoke(database, texts[1])
    assert open_filters(database) == []
    assert second != first


@pytest.mark.parametrize(
    ("edit", "given", "error"),
    [
        (parts.remove, (NEW,), Conflict),
        (parts.remove, (Name(Kind.STATUS, "nwe"),), NotFound),
        (parts.remove, (Name(Kind.OPTION, "x", "budget"),), UsageError),
        (parts.rename, (BUDGET, "page"), UsageError),
        (parts.rename, (BUDGET, "Budget"), UsageError),
        (parts.rename, (BUDGET, "price"), Conflict),
        (parts.relabel, (BUDGET, " "), UsageError),
        (parts.add_option, ("nowhere", "x", "X"), NotFound),
        (parts.add_option, ("source", "website", "X"), Conflict),
        (parts.set_default, ("nowhere",), NotFound),
    ],
)
def test_an_edit_that_cannot_be_leaves_no_trace(
    database, campaign, edit, given: tuple[Any, ...], error: type[LeadwellError]
) -> None:
    with pytest.raises(error):
        do(database, edit, *given)
    assert now(database) == campaign


def test_the_last_option_stays(database, campaign) -> None:
    del campaign
    private = Name(Kind.OPTION, "private", "customer-type")
    do(database, parts.remove, replace(private, slug="commercial"))
    with pytest.raises(Conflict, match="last option"):
        do(database, parts.remove, private)


def test_a_writer_is_never_asked_for_what_it_cannot_see(
    database, account, campaign
) -> None:
    seen = frozenset({1, Attribute.STATUS})
    make.a_token(database, account, campaign, name="Wim", may_write=True, readable=seen)
    with pytest.raises(Refused, match="Wim"):
        do(database, parts.set_required, "email", required=True)
    with pytest.raises(Refused, match="Wim"):
        do(database, parts.add_field, Field(0, "zip", "Zip", "text", required=True))
    do(database, parts.set_required, "name", required=False)
    do(database, parts.set_required, "name", required=True)


def test_removing_a_readable_field_never_widens_a_token(
    database, account, campaign
) -> None:
    only = frozenset({campaign.field_by_slug["budget"].id})
    text = make.a_token(database, account, campaign, readable=only)
    do(database, parts.remove, BUDGET)
    with database.reading() as connection:
        kept = tokens.known(connection, text.split("_")[1]).readable
    assert kept == only
    seen = view(now(database), Grant(account.id, 362, readable=kept))
    assert (seen.fields, seen.statuses) == ((), ())


def test_who_may_not_see_an_option_or_field_may_not_use_its_alias(
    database, account, campaign
) -> None:
    asked = question.conditions(campaign, querystring.decode(b"source=partner-west"))
    do(database, parts.rename, Name(Kind.OPTION, "partner-north", "source"), "north")
    do(database, parts.rename, WEST, "west")
    do(database, parts.rename, BUDGET, "money")
    source = campaign.field_by_slug["source"].id
    grant = Grant(account.id, 362, forced=asked, readable=frozenset({source}))
    seen = view(now(database), grant)
    assert question.conditions(seen, [("source", "partner-west")]) == asked
    with pytest.raises(InvalidQuestion) as caught:
        question.conditions(seen, [("source", "partner-north")])
    assert [problem.allowed for problem in caught.value.problems] == [("west",)]
    for name in ("budget", "field.budget", "money"):
        with pytest.raises(InvalidQuestion) as caught:
            question.conditions(seen, [(name, "5")])
        (problem,) = caught.value.problems
        assert problem.code == "unknown_parameter"
        assert not {"budget", "money"} & set(problem.allowed or ())


def test_former_slugs_are_never_listed(database, campaign) -> None:
    del campaign
    do(database, parts.rename, WEST, "west")
    do(database, parts.rename, BUDGET, "money")
    current = now(database)
    with pytest.raises(InvalidQuestion) as caught:
        question.conditions(current, [("source", "partner-wes"), ("budge", "1")])
    said = str(caught.value.problems)
    assert "partner-west" not in said
    assert "budget" not in said
    assert "partner-west" not in str(definition.written(current, "demo"))


@pytest.mark.usefixtures("three")
def test_what_an_edit_would_touch_is_counted_first(database, account, campaign) -> None:
    make.a_token(database, account, campaign, "source=partner-west", name="Wanda")
    only = frozenset({campaign.field_by_slug["source"].id})
    make.a_token(database, account, campaign, readable=only, name="Rita")
    a_filter(database, "west", "source=partner-west&budget[gte]=1")

    def count(name: Name, *, revises: bool) -> uses.Consequences:
        with database.reading() as connection:
            current = campaigns.known(connection, 362)
            _, part = parts.found(current, name)
            return uses.consequences(connection, current, part, revises=revises)

    west = count(WEST, revises=True)
    assert (west.revised, west.rendered) == (1, 3)
    assert (west.uses.filters, west.uses.tokens) == (("west",), ("Wanda",))
    source = count(SOURCE, revises=True)
    assert (source.revised, source.uses.tokens) == (3, ("Wanda", "Rita"))
    assert count(TAG_A, revises=True).revised == 2
    assert not count(TAG_A, revises=False).uses
    assert count(WON, revises=False).revised == 0


def test_options_of_a_new_field_have_ids_of_their_own(database, campaign) -> None:
    field = Field(
        0,
        "kind",
        "Kind",
        "select",
        options=(Option(0, "x", "X"), Option(0, "y", "Y")),
    )
    made = do(database, parts.add_field, field)
    ids = [made.id, *(option.id for option in made.options)]
    taken = {part.id for part in (*campaign.fields, *campaign.statuses)}
    assert len(set(ids)) == 3
    assert not taken & set(ids)
    assert now(database).field_by_slug["kind"].options == made.options


def slugs(database: Database) -> dict[str, list[str]]:
    campaign = now(database)
    tags = campaign.field_by_slug["tags"]
    return {
        "fields": [field.slug for field in campaign.fields[:4]],
        "options": [option.slug for option in tags.options],
        "statuses": [status.slug for status in campaign.statuses],
    }


@pytest.mark.usefixtures("three")
def test_parts_stand_in_the_order_that_they_are_given(database) -> None:
    before = now(database)
    do(database, parts.move, Name(Kind.FIELD, "phone"), 0)
    do(database, parts.move, Name(Kind.OPTION, "a", "tags"), 1)
    do(database, parts.move, NEW, 99)
    do(database, parts.move, WON, -1)
    assert slugs(database) == {
        "fields": ["phone", "name", "email", "website"],
        "options": ["b", "a", "c"],
        "statuses": ["won", "contacted", "new"],
    }
    after = now(database)
    assert after.schema_version == before.schema_version + 4
    source = after.field_by_slug["source"]
    assert source.options == before.field_by_slug["source"].options
    settle(database)
    # Another order revises no lead, and shows in the lists of their options.
    assert {lead.version for lead in held(database)} == {1}
    do(database, parts.add_option, "tags", "d", "D")
    do(database, parts.add_status, Status(0, "lost", "Lost"))
    assert slugs(database)["options"] == ["b", "a", "c", "d"]
    assert slugs(database)["statuses"] == ["won", "contacted", "new", "lost"]


def test_what_stays_where_it_is_changes_nothing(database, campaign) -> None:
    do(database, parts.move, NEW, 0)
    do(database, parts.move, WON, 50)
    do(database, parts.set_type, "won", StatusType.WON)
    do(database, parts.set_name, " Roofs ", "DK")
    assert now(database).schema_version == campaign.schema_version
    with pytest.raises(NotFound):
        do(database, parts.move, Name(Kind.STATUS, "nothing"), 0)


def test_a_status_and_a_campaign_are_described_otherwise(database, campaign) -> None:
    do(database, parts.set_type, "contacted", StatusType.INACTIVE)
    do(database, parts.set_name, "Tage æøå", "SE")
    after = now(database)
    assert after.statuses[1].type is StatusType.INACTIVE
    assert (after.name, after.country, after.slug) == ("Tage æøå", "SE", campaign.slug)
    assert after.schema_version == campaign.schema_version + 2
    for name, country in (("", "DK"), ("x" * 256, "DK"), ("a\0", "DK"), ("a", "dk")):
        with pytest.raises(UsageError):
            do(database, parts.set_name, name, country)
    assert now(database) == after


def test_what_names_each_part_is_found_at_once(database, account, campaign) -> None:
    make.a_token(database, account, campaign, "source=partner-west", name="Wanda")
    a_filter(database, "big", "budget[gte]=5")
    with database.reading() as connection:
        known = shelf(campaign, Kind.FIELD)
        found = uses.uses_of_all(connection, campaign, known.parts)
    named = {each.slug: found[each.id] for each in known.parts if found[each.id]}
    assert named.keys() == {"source", "budget"}
    assert named["source"].tokens == ("Wanda",)
    assert named["budget"].filters == ("big",)


def test_a_saved_filter_is_called_otherwise(database, campaign) -> None:
    del campaign
    kept, _ = (
        a_filter(database, "big", "budget[gte]=5"),
        a_filter(database, "b", "id=1"),
    )

    def renamed(to: str) -> None:
        def job(connection: Connection) -> None:
            found = campaigns.known(connection, 362)
            filters.rename(connection, found, filters.find(connection, found, kept), to)

        database.write(job).result()

    renamed(" Large ")
    renamed("Large")
    with database.reading() as connection:
        named = [each.name for each in filters.find_all(connection, now(database))]
    assert named == ["Large", "b"]
    with pytest.raises(Conflict, match="already"):
        renamed("b")
    for name in ("", "a=b", "x" * 121, "a\0"):
        with pytest.raises(UsageError):
            renamed(name)


def test_a_rehearsal_leaves_no_trace(database, campaign) -> None:
    rehearse(database, lambda c: parts.relabel(c, 362, NEW, "Fresh"))
    assert now(database) == campaign
    with pytest.raises(NotFound):
        rehearse(database, _missing)


def _missing(connection: Connection) -> None:
    parts.remove(connection, 362, Name(Kind.FIELD, "nothing"))
