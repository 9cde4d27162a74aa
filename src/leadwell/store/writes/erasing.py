"""Erasing leads: what is left of one is its id, and the word that it is erased."""

from dataclasses import dataclass

from leadwell.errors import LeadNotFound
from leadwell.model.campaign import Campaign
from leadwell.store.connection import Connection
from leadwell.store.writes import history, rows
from leadwell.store.writes.scopes import Reason, Step
from leadwell.store.writes.writing import OPERATOR, Writing


@dataclass(frozen=True, slots=True)
class Erasure:
    """A lead that was erased, and when: kept for ever, with nothing personal."""

    campaign_id: int
    lead_id: int
    at: int
    """In microseconds."""


def erase(
    connection: Connection, campaign: Campaign, lead_id: int, now: int
) -> Erasure:
    """Erase a lead from every table; every token that ever held it is told.

    One that was deleted before is erased too: its history and names go, and those
    who held it are told. Twice is once.

    Raises:
        LeadNotFound: there never was such a lead.
    """
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
    _forget_file_rows(connection, campaign.id, lead_id)
    seq, at = writing.ticket.next_seq(), writing.ticket.now
    step = Step(lead_id, None, version + 1, seq, at, Reason.ERASED, before=known)
    writing.members.follow(step)
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


def _forget_file_rows(connection: Connection, campaign_id: int, lead_id: int) -> None:
    connection.run(
        """
        DELETE FROM import_row
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
        """,
        {"campaign_id": campaign_id, "lead_id": lead_id},
    )
