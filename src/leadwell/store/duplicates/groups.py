"""The groups of leads that look like one person's, for the campaign's people.

They are by keys alone: which leads of them somebody may see, a grant says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from leadwell.store.connection import Connection

SHOWN_MAX = 20
"""Leads of one group that are looked at: a number that stands everywhere has many."""


@dataclass(frozen=True, slots=True)
class Group:
    """Leads that share a key."""

    key: bytes
    leads: tuple[int, ...]
    """Their ids, the newest first; at most `SHOWN_MAX`."""


def count(connection: Connection, campaign_id: int) -> int:
    """Return how many groups nobody has settled.

    Served by `duplicate_group_by_lead`.
    """
    ((groups,),) = connection.rows(
        "SELECT count(*) FROM duplicate_group WHERE campaign_id = :campaign_id",
        {"campaign_id": campaign_id},
    )
    return int(groups)


def find_page(
    connection: Connection, campaign_id: int, page: int, per_page: int
) -> list[Group]:
    """Return groups that nobody has settled, the one with the newest lead first.

    Served by `duplicate_group_by_lead` and, for each group, `lead_key_by_key`.
    """
    found = connection.rows(
        """
        SELECT key FROM duplicate_group
         WHERE campaign_id = :campaign_id
         ORDER BY lead_id DESC, key
         LIMIT :limit OFFSET :offset
        """,
        {
            "campaign_id": campaign_id,
            "limit": per_page,
            "offset": (page - 1) * per_page,
        },
    )
    return [_group(connection, campaign_id, bytes(row[0])) for row in found]


def find_of(connection: Connection, campaign_id: int, lead_id: int) -> list[Group]:
    """Return the unsettled groups that a lead is in. Served by the primary keys."""
    found = connection.rows(
        """
        SELECT mine.key FROM lead_key AS mine
          JOIN duplicate_group AS shared
            ON shared.campaign_id = :campaign_id AND shared.key = mine.key
         WHERE mine.campaign_id = :campaign_id AND mine.lead_id = :lead_id
         ORDER BY mine.key
        """,
        {"campaign_id": campaign_id, "lead_id": lead_id},
    )
    return [_group(connection, campaign_id, bytes(row[0])) for row in found]


def settle(
    connection: Connection, campaign_id: int, key: bytes, leads: Sequence[int]
) -> bool:
    """Remember that these leads are no duplicates; a new one opens the group again.

    The campaign is held. Returns whether the group was as somebody has seen it:
    otherwise nothing is done.
    """
    if not leads or _group(connection, campaign_id, key).leads != tuple(leads):
        return False
    params = {"campaign_id": campaign_id, "key": key}
    connection.run(
        """
        UPDATE lead_key SET is_settled = 1
         WHERE campaign_id = :campaign_id AND key = :key AND is_settled = 0
        """,
        params,
    )
    connection.run(
        """
        DELETE FROM duplicate_group
         WHERE campaign_id = :campaign_id AND key = :key
        """,
        params,
    )
    return True


def _group(connection: Connection, campaign_id: int, key: bytes) -> Group:
    # Settled ones stand apart in the index, so both ends of it are read.
    found = [
        row[0]
        for is_settled in (0, 1)
        for row in connection.rows(
            """
            SELECT lead_id FROM lead_key
             WHERE campaign_id = :campaign_id AND key = :key
               AND is_settled = :is_settled
             ORDER BY lead_id DESC
             LIMIT :limit
            """,
            {
                "campaign_id": campaign_id,
                "key": key,
                "is_settled": is_settled,
                "limit": SHOWN_MAX,
            },
        )
    ]
    return Group(key, tuple(sorted(found, reverse=True)[:SHOWN_MAX]))
