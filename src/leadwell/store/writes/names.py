"""What partners call leads: external ids, a set of them for each lineage."""

from leadwell.errors import Conflict
from leadwell.model.campaign import Campaign
from leadwell.model.lead import Lead
from leadwell.store.connection import Connection, one


def find(
    connection: Connection, campaign: Campaign, lineage: str, external_id: str
) -> int | None:
    """Return the id of the lead that this partner calls by this name."""
    row = one(
        connection.rows(
            """
            SELECT lead_id FROM external_key
             WHERE campaign_id = :campaign_id AND lineage = :lineage
               AND external_id = :external_id
            """,
            {
                "campaign_id": campaign.id,
                "lineage": lineage,
                "external_id": external_id,
            },
        )
    )
    return None if row is None else int(row[0])


def give(connection: Connection, lineage: str, lead: Lead) -> None:
    """Remember what this partner calls the lead."""
    connection.run(
        """
        INSERT INTO external_key (campaign_id, lineage, external_id, lead_id)
             VALUES (:campaign_id, :lineage, :external_id, :lead_id)
        ON CONFLICT (campaign_id, lineage, external_id)
          DO UPDATE SET lead_id = excluded.lead_id
        """,
        {
            "campaign_id": lead.campaign_id,
            "lineage": lineage,
            "external_id": lead.external_id,
            "lead_id": lead.id,
        },
    )


def forget(connection: Connection, lineage: str, lead: Lead) -> None:
    """Forget what this partner calls the lead, so that those names are free again.

    Served by `external_key_by_lead`.
    """
    connection.run(
        """
        DELETE FROM external_key
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
           AND lineage = :lineage
        """,
        {"campaign_id": lead.campaign_id, "lineage": lineage, "lead_id": lead.id},
    )


def pass_on(connection: Connection, lead: Lead, into: Lead) -> None:
    """Let every partner's name of a lead mean another one from now on.

    Served by `external_key_by_lead`.
    """
    connection.run(
        """
        UPDATE external_key SET lead_id = :into
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
        """,
        {"campaign_id": lead.campaign_id, "lead_id": lead.id, "into": into.id},
    )


def change(
    connection: Connection, lineage: str, campaign: Campaign, before: Lead, after: Lead
) -> None:
    """Let the partner call the lead what it now shows, and nothing else.

    A lead shows the name that was given last, by whomever. So one that is sent back
    as it was shown takes no name away; it becomes the partner's own if it is free.

    Raises:
        Conflict: the partner calls another lead so.
    """
    external_id = after.external_id
    if external_id is None:
        forget(connection, lineage, after)
        return
    is_same = external_id == before.external_id
    known = find(connection, campaign, lineage, external_id)
    if known is None:
        if not is_same:
            forget(connection, lineage, after)
        give(connection, lineage, after)
    elif known != after.id and not is_same:
        raise Conflict(
            f"another lead has the external_id {external_id[:64]!r}",
            hint="merge the two, or choose another",
        )
