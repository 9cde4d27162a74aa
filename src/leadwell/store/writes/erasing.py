"""Erasing leads: what is left of one is its id, and the word that it is erased.

A lead that others were merged into holds what they held, and their histories hold what
they were: they are one person's, and are erased together.
"""

from dataclasses import dataclass

from leadwell.errors import LeadNotFound, Refused
from leadwell.model.campaign import Campaign
from leadwell.model.grant import OPERATOR
from leadwell.store.connection import Connection, one
from leadwell.store.writes import history, rows
from leadwell.store.writes.scopes import Reason, Step
from leadwell.store.writes.writing import Writing


@dataclass(frozen=True, slots=True)
class Erasure:
    """A lead that was erased, and when: kept for ever, with nothing personal."""

    campaign_id: int
    lead_id: int
    at: int
    """In microseconds."""


def erase(
    connection: Connection, campaign: Campaign, lead_id: int, now: int
) -> list[Erasure]:
    """Erase a lead from every table, and those that were merged into it.

    Every token that ever held one of them is told. One that was deleted before is
    erased too: its history and names go, and those who held it are told. Twice is once.

    Raises:
        LeadNotFound: there never was such a lead.
    """
    done = [_erase_one(connection, campaign, lead_id, now)]
    # The ticket is held from here to the commit: nothing more is merged into it.
    for each in merged_into(connection, campaign.id, lead_id):
        done.append(_erase_one(connection, campaign, each, now))
    return done


def check_not_merged(connection: Connection, campaign_id: int, lead_id: int) -> None:
    """Refuse to erase a lead whose values live on in the one that it was merged into.

    Raises:
        Refused: it was merged into a lead that is not erased.
    """
    row = one(
        connection.rows(
            """
            SELECT merged_into FROM scope_member
             WHERE campaign_id = :campaign_id AND lead_id = :lead_id
               AND scope_id = 0 AND merged_into IS NOT NULL
            """,
            {"campaign_id": campaign_id, "lead_id": lead_id},
        )
    )
    if row is not None and not is_erased(connection, campaign_id, row[0]):
        raise Refused(
            f"lead {lead_id} was merged into lead {row[0]}, which holds its values",
            hint=f"erase lead {row[0]}: this one goes with it",
        )


def find_newest(connection: Connection, campaign_id: int, most: int) -> list[Erasure]:
    """Return the erasures of the campaign, newest first. Served by `erasure_by_seq`."""
    rows = connection.rows(
        """
        SELECT campaign_id, lead_id, at FROM erasure
         WHERE campaign_id = :campaign_id
         ORDER BY seq DESC
         LIMIT :most
        """,
        {"campaign_id": campaign_id, "most": most},
    )
    return [Erasure(*row) for row in rows]


def _erase_one(
    connection: Connection, campaign: Campaign, lead_id: int, now: int
) -> Erasure:
    writing = Writing.begin(connection, campaign, OPERATOR, now, 1)
    known = rows.find(connection, campaign, lead_id)
    version = _last_version(connection, campaign.id, lead_id)
    if version is None:
        raise LeadNotFound(
            f"there never was a lead {lead_id} in campaign {campaign.id}",
            hint="see the lead's id in the API or in an export",
        )
    rows.delete(connection, campaign.id, lead_id)
    history.forget(connection, campaign.id, lead_id)
    forget_file_rows(connection, campaign.id, lead_id)
    seq, at = writing.ticket.next_seq(), writing.ticket.now
    step = Step(lead_id, None, version + 1, seq, at, Reason.ERASED, before=known)
    writing.follow(step)
    writing.close()
    connection.run(
        """
        INSERT INTO erasure (campaign_id, lead_id, seq, at)
             VALUES (:campaign_id, :lead_id, :seq, :at)
        ON CONFLICT (campaign_id, lead_id)
          DO UPDATE SET seq = excluded.seq, at = excluded.at
        """,
        {"campaign_id": campaign.id, "lead_id": lead_id, "seq": seq, "at": at},
    )
    return Erasure(campaign.id, lead_id, at)


def merged_into(connection: Connection, campaign_id: int, lead_id: int) -> list[int]:
    """Return the leads that were merged into this one, and those merged into them.

    Served by `scope_member_by_merged_into`.
    """
    found = connection.rows(
        """
        SELECT lead_id FROM scope_member
         WHERE campaign_id = :campaign_id AND scope_id = 0
           AND merged_into = :lead_id
         ORDER BY lead_id
        """,
        {"campaign_id": campaign_id, "lead_id": lead_id},
    )
    direct = [row[0] for row in found]
    return direct + [
        further
        for each in direct
        for further in merged_into(connection, campaign_id, each)
    ]


def is_erased(connection: Connection, campaign_id: int, lead_id: int) -> bool:
    """Whether the lead is erased already."""
    return bool(
        connection.rows(
            """
            SELECT 1 FROM erasure
             WHERE campaign_id = :campaign_id AND lead_id = :lead_id
            """,
            {"campaign_id": campaign_id, "lead_id": lead_id},
        )
    )


def _last_version(connection: Connection, campaign_id: int, lead_id: int) -> int | None:
    ((version,),) = connection.rows(
        """
        SELECT max(version) FROM scope_member
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
        """,
        {"campaign_id": campaign_id, "lead_id": lead_id},
    )
    return None if version is None else int(version)


def forget_file_rows(connection: Connection, campaign_id: int, lead_id: int) -> None:
    """Forget by which rows of which files a lead came: they tell what stood there."""
    params = {"campaign_id": campaign_id, "lead_id": lead_id}
    connection.run(
        """
        DELETE FROM import_row
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
        """,
        params,
    )
    connection.run(
        """
        DELETE FROM import_lead
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
        """,
        params,
    )
