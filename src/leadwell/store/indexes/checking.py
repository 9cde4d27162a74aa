"""Compare what is derived of a campaign with what its leads say, on a live database.

Everything is read in one transaction, at one moment. Nothing is mended here, but each
finding says what mends it.
"""

from collections.abc import Iterator

from pyroaring import BitMap

from leadwell.model.campaign import Campaign, Column
from leadwell.model.digest import Digest, words
from leadwell.model.grant import Grant
from leadwell.model.query import Condition, Question
from leadwell.schema import rendering
from leadwell.schema.times import from_microseconds
from leadwell.store import feed, leads
from leadwell.store.checking.order import RESTORE
from leadwell.store.connection import Connection
from leadwell.store.indexes import making
from leadwell.store.indexes.kept import Kept
from leadwell.store.writes import chores, rows, scopes
from leadwell.store.writes.scopes import Scope

CHUNK = 1_000
MOMENTS = 9
"""How many moments are compared, evenly spread over the leads."""


def differences(connection: Connection, campaign: Campaign) -> Iterator[str]:
    """Yield what is wrong, and where; nothing at all is right."""
    yield from _index(connection, campaign)
    for scope in scopes.find_open(connection, campaign):
        yield from _scope(connection, campaign, scope)
    yield from _bodies(connection, campaign)


def _index(connection: Connection, campaign: Campaign) -> Iterator[str]:
    """Ask the index as it was stored, or a fresh one, and SQL the same questions."""
    seq = feed.head(connection, campaign.id).seq
    index = making.load(connection, campaign.id)
    kept = Kept(index or making.make_at_once(connection, campaign, seq))
    while not kept.follow(connection, campaign, seq):
        pass
    grant = Grant.of_operator(campaign)
    for condition in _conditions(connection, campaign):
        query = grant.query(campaign, Question(conditions=(condition,)))
        found = kept.matching(connection, campaign, query, seq)
        expected = BitMap(leads.find_ids(connection, campaign, query))
        if found is not None and found != expected:
            wrong = found ^ expected
            yield (
                f"the index is wrong about {len(wrong)} leads, {wrong[0]} among them, "
                f"for {condition}: stop the hub and delete the campaign's row of "
                f"index_snapshot"
            )


def _conditions(connection: Connection, campaign: Campaign) -> Iterator[Condition]:
    """Yield one question for everything that an index keeps a set of."""
    for status in campaign.statuses:
        yield Condition(Column.STATUS, "", (status.id,))
    for person in campaign.people:
        yield Condition(Column.ASSIGNED_TO, "", (person.id,))
    for field in campaign.fields:
        yield Condition(field.id, "exists", (True,))
        yield from (Condition(field.id, "", (each.id,)) for each in field.options)
        if field.type == "boolean":
            yield Condition(field.id, "", (True,))
    for column in (Column.CREATED_AT, Column.UPDATED_AT):
        for moment in _moments(connection, campaign.id, column):
            yield Condition(column, "after", (from_microseconds(moment),))


def _moments(connection: Connection, campaign_id: int, column: Column) -> list[int]:
    ((first, last),) = connection.rows(
        f"""
        SELECT min({column.value}), max({column.value}) FROM lead
         WHERE campaign_id = :campaign_id
        """,
        {"campaign_id": campaign_id},
    )
    if first is None:
        return []
    step = (last - first) // (MOMENTS - 1)
    return [first - 1, *(first + step * n for n in range(MOMENTS - 1)), last]


def _scope(connection: Connection, campaign: Campaign, scope: Scope) -> Iterator[str]:
    """Compare a scope's members and its sums with the leads that its filter matches."""
    members: dict[int, int] = dict(
        connection.rows(
            """
            SELECT lead_id, version FROM scope_member
             WHERE campaign_id = :campaign_id AND scope_id = :scope_id AND in_scope = 1
            """,
            {"campaign_id": campaign.id, "scope_id": scope.id},
        )
    )
    name = f"scope {scope.id}" if scope.id else "the whole campaign's scope"
    summed = Digest().plus(words(*each) for each in members.items())
    if summed != scopes.digest(connection, campaign.id, scope.id):
        yield (
            f"the digest of {name} is not that of its {len(members)} members: {RESTORE}"
        )
    yield from _versions(connection, campaign.id, scope.id, name)
    if chores.is_pending(connection, campaign.id, scope.id):
        # An edit of the filter has not reached all leads yet.
        return
    question = Question(conditions=scope.conditions)
    query = Grant.of_operator(campaign).query(campaign, question)
    wrong = members.keys() ^ set(leads.find_ids(connection, campaign, query))
    if wrong:
        yield (
            f"{name} is wrong about {len(wrong)} leads, {min(wrong)} among them: "
            f"{RESTORE}"
        )


def _versions(
    connection: Connection, campaign_id: int, scope_id: int, name: str
) -> Iterator[str]:
    """Compare the versions that readers were told of with those that leads have."""
    ((count, first),) = connection.rows(
        """
        SELECT count(*), min(scope_member.lead_id)
          FROM scope_member
          JOIN lead ON lead.campaign_id = :campaign_id
                   AND lead.id = scope_member.lead_id
         WHERE scope_member.campaign_id = :campaign_id
           AND scope_member.scope_id = :scope_id
           AND scope_member.in_scope = 1
           AND scope_member.version <> lead.version
        """,
        {"campaign_id": campaign_id, "scope_id": scope_id},
    )
    if count:
        yield (
            f"{name} has other versions of {count} leads, {first} among them, than "
            f"they have: {RESTORE}"
        )


def _bodies(connection: Connection, campaign: Campaign) -> Iterator[str]:
    """Render every lead, and compare it with what is stored of it."""
    last_id = 0
    wrong: list[int] = []
    while found := rows.find_rendered(connection, campaign, last_id, CHUNK):
        for lead, body, schema_version in found:
            is_current = schema_version == campaign.schema_version
            if is_current and rendering.body(campaign, lead) != body:
                wrong.append(lead.id)
        last_id = found[-1][0].id
    if wrong:
        yield (
            f"{len(wrong)} leads are not stored as they are shown: {wrong[:5]}; change "
            f"a label and back (leadwell field label), which stores every lead anew"
        )
