"""Saved filters: conditions of a campaign, by name or made for one token."""

from dataclasses import dataclass

from leadwell.errors import Conflict, NotFound, UsageError
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant
from leadwell.model.query import Condition, Question
from leadwell.schema import saved
from leadwell.store import campaigns, filtering
from leadwell.store.connection import Connection, Row, one, remembered
from leadwell.store.writes import chores, scopes

NAME_CHARACTERS_MAX = 120


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that are kept; its id lives as long as the scope it makes."""

    id: int
    name: str | None
    conditions: tuple[Condition, ...]


def find(connection: Connection, campaign: Campaign, filter_id: int) -> Filter:
    """Return the filter with this id; one that a token names always exists."""
    row = _row(connection, campaign.id, filter_id)
    return campaign.deriving(("filter", row), lambda: _filter(campaign, row))


@remembered
def _row(connection: Connection, campaign_id: int, filter_id: int) -> Row:
    (row,) = connection.rows(
        """
        SELECT id, name, conditions FROM filter
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        {"campaign_id": campaign_id, "id": filter_id},
    )
    return row


def find_named(connection: Connection, campaign: Campaign, name: str) -> Filter | None:
    """Return the filter with this name; `None` when there is none."""
    row = one(
        connection.rows(
            """
            SELECT id, name, conditions FROM filter
             WHERE campaign_id = :campaign_id AND name = :name
            """,
            {"campaign_id": campaign.id, "name": name},
        )
    )
    return None if row is None else _filter(campaign, row)


def find_all(connection: Connection, campaign: Campaign) -> list[Filter]:
    """Return the campaign's named filters, by name."""
    rows = connection.rows(
        """
        SELECT id, name, conditions FROM filter
         WHERE campaign_id = :campaign_id AND name IS NOT NULL
         ORDER BY name
        """,
        {"campaign_id": campaign.id},
    )
    return [_filter(campaign, row) for row in rows]


def rename(
    connection: Connection, campaign: Campaign, known: Filter, name: str
) -> None:
    """Call a saved filter otherwise; its tokens go on with it.

    Raises:
        UsageError: it is no name.
        Conflict: another filter is called so.
    """
    name = checked_name(name)
    other = find_named(connection, campaign, name)
    if other is not None and other.id != known.id:
        raise Conflict(
            f"there is a filter {name!r} already", hint="choose another name"
        )
    connection.run(
        """
        UPDATE filter SET name = :name
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        {"campaign_id": campaign.id, "id": known.id, "name": name},
    )


def checked_name(text: str) -> str:
    """Return the name of a saved filter, without space around it.

    Raises:
        UsageError: it is empty, too long, or reads like conditions.
    """
    name = text.strip()
    if not name or "=" in name or "\0" in name or len(name) > NAME_CHARACTERS_MAX:
        raise UsageError(
            f"{name[:40]!r} is no name for a filter",
            hint=f"use a word or two without =, at most {NAME_CHARACTERS_MAX} "
            "characters",
        )
    return name


def keep(
    connection: Connection,
    campaign: Campaign,
    name: str | None,
    conditions: tuple[Condition, ...],
    now: int,
) -> Filter:
    """Save conditions: under a new name, instead of that name's old ones, or unnamed.

    Every token of the filter obeys the new conditions from its next request.
    """
    known = find_named(connection, campaign, name) if name else None
    if known is not None and known.conditions == conditions:
        return known
    if known is not None:
        chores.settle(connection, campaign, known.id, now)
    params = {
        "campaign_id": campaign.id,
        "id": known.id if known else campaigns.next_part_id(connection, campaign.id),
        "name": name,
        "conditions": saved.dumped(campaign, conditions),
        "now": now,
    }
    connection.run(
        """
        INSERT INTO filter (campaign_id, id, name, conditions, closed, created_at)
             VALUES (:campaign_id, :id, :name, :conditions, 0, :now)
        ON CONFLICT (campaign_id, id) DO UPDATE SET conditions = excluded.conditions
        """,
        params,
    )
    kept = Filter(int(str(params["id"])), name, conditions)
    if known is None:
        scopes.begin(connection, campaign.id, kept.id)
    chores.add(connection, campaign.id, chores.Kind.FLIP, kept.id)
    # What fits into one chunk is done at once; the rest goes on in chunks.
    chores.work(connection, campaign, now)
    return kept


def effect(
    connection: Connection,
    campaign: Campaign,
    before: tuple[Condition, ...] | None,
    after: tuple[Condition, ...],
) -> tuple[int, int]:
    """Count the leads that enter and leave when a filter stands for other conditions.

    Before a new filter there are none: every lead that it finds enters.
    """
    grant = Grant(campaign.account_id, campaign.id, forced=before or ())
    query = grant.query(campaign, Question(conditions=after))
    was, will, params = filtering.seen_and_asked(connection.dialect, campaign, query)
    ((entering, leaving),) = connection.rows(
        f"""
        SELECT coalesce(sum(CASE WHEN stood.will = 1 AND stood.was = 0
                                 THEN 1 ELSE 0 END), 0),
               coalesce(sum(CASE WHEN stood.will = 0 AND stood.was = 1
                                 THEN 1 ELSE 0 END), 0)
          FROM (SELECT CASE WHEN {was if before is not None else "1 = 0"}
                            THEN 1 ELSE 0 END AS was,
                       CASE WHEN {will} THEN 1 ELSE 0 END AS will
                  FROM lead
                 WHERE lead.campaign_id = :campaign_id) AS stood
        """,
        params,
    )
    return int(entering), int(leaving)


def remove(connection: Connection, campaign: Campaign, name: str) -> None:
    """Remove a named filter. Served by `token_by_account`.

    Raises:
        NotFound: there is none.
        Conflict: a token still uses it: without it, that token would see more.
    """
    known = find_named(connection, campaign, name)
    if known is None:
        raise NotFound(
            f"campaign {campaign.id} has no filter {name!r}",
            hint=f"see: leadwell filter list --campaign {campaign.id}",
        )
    params = {"campaign_id": campaign.id, "id": known.id}
    users = connection.rows(
        """
        SELECT name, revoked_at FROM token
         WHERE account_id = :account_id AND campaign_id = :campaign_id
           AND filter_id = :id
        """,
        params | {"account_id": campaign.account_id},
    )
    if any(revoked_at is None for _, revoked_at in users):
        names = ", ".join(user for user, revoked_at in users if revoked_at is None)
        raise Conflict(
            f"filter {name!r} is used by these tokens: {names}",
            hint="revoke them or give them another filter first",
        )
    # A revoked token keeps what it could see: the list of tokens still shows it.
    connection.run(
        """
        UPDATE filter SET name = NULL, closed = 1
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        params,
    )
    chores.drop(connection, campaign.id, chores.Kind.FLIP, known.id)


def close_unused(connection: Connection, campaign_id: int) -> None:
    """Close the unnamed filters that no token uses any more: nobody can reach them.

    A token that has expired still uses its filter, for it can be given more time.
    Served by `token_by_account`.
    """
    connection.run(
        """
        UPDATE filter SET closed = 1
         WHERE filter.campaign_id = :campaign_id
           AND filter.name IS NULL AND filter.closed = 0
           AND NOT EXISTS (SELECT 1 FROM token
                            WHERE token.account_id = (
                                  SELECT campaign.account_id FROM campaign
                                   WHERE campaign.campaign_id = :campaign_id)
                              AND token.campaign_id = :campaign_id
                              AND token.filter_id = filter.id
                              AND token.revoked_at IS NULL)
        """,
        {"campaign_id": campaign_id},
    )
    connection.run(
        """
        DELETE FROM chore
         WHERE chore.campaign_id = :campaign_id AND chore.kind = 'flip'
           AND chore.part_id IN (SELECT filter.id FROM filter
                                  WHERE filter.campaign_id = :campaign_id
                                    AND filter.closed = 1)
        """,
        {"campaign_id": campaign_id},
    )


def _filter(campaign: Campaign, row: Row) -> Filter:
    return Filter(row[0], row[1], saved.loaded(campaign, row[2]))
