"""Erasing a person: some leads a transaction, and by what they are found again.

Whoever is told of a lead's erasure is told of each of these. Run again after a kill, it
goes on: what is erased is found no more, and its receipts are under the same digest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from leadwell.model.campaign import Campaign
from leadwell.schema.identity import Identity
from leadwell.store import campaigns
from leadwell.store.connection import Connection
from leadwell.store.writes import erasing, erasures, history
from leadwell.store.writes.erasing import Erasure

CHUNK = 25
"""Leads in one transaction: other writers of the campaign wait for it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked to be erased, and where it is noted."""

    persons: Sequence[bytes]
    """The digests of `Identity.person`."""
    actor: str
    """Who carries it out, as the audit log calls them."""
    file: Path
    """The file of erasures."""


def erase(
    connection: Connection,
    campaign_id: int,
    leads: Sequence[int],
    asked: Asked,
    now: int,
) -> list[Erasure]:
    """Erase leads of a person, with what was merged into them; twice is once."""
    campaign = campaigns.hold(connection, campaign_id)
    waiting = [x for x in leads if not erasing.is_erased(connection, campaign.id, x)]
    done = erasures.erase_all(
        connection, campaign, waiting, now, asked.file, asked.actor
    )
    connection.run_many(
        """
        INSERT INTO person_erasure (campaign_id, person, lead_id)
             VALUES (:campaign_id, :person, :lead_id)
        ON CONFLICT (campaign_id, person, lead_id) DO NOTHING
        """,
        [
            {"campaign_id": campaign.id, "person": person, "lead_id": each.lead_id}
            for person in asked.persons
            for each in done
        ],
    )
    return done


def forget_former(
    connection: Connection,
    campaign_id: int,
    leads: Sequence[int],
    identities: Sequence[Identity],
) -> None:
    """Take an address or number from the history of leads that hold another one."""
    campaign = campaigns.hold(connection, campaign_id)
    for lead_id in leads:
        history.forget_values(
            connection,
            campaign.id,
            lead_id,
            lambda value: any(each.is_held(value) for each in identities),
        )


def forget_filters(
    connection: Connection, campaign_id: int, identities: Sequence[Identity]
) -> None:
    """Take an address or number from the conditions of filters that nobody uses."""
    campaign = campaigns.hold(connection, campaign_id)
    found = connection.rows(
        """
        SELECT id, conditions FROM filter
         WHERE campaign_id = :campaign_id AND closed = 1
         ORDER BY id
        """,
        {"campaign_id": campaign.id},
    )
    for filter_id, text in found:
        conditions: list[dict[str, Any]] = msgspec.json.decode(text)
        kept = [
            each | {"values": [_forgotten(x, identities) for x in each["values"]]}
            for each in conditions
        ]
        if kept != conditions:
            connection.run(
                """
                UPDATE filter SET conditions = :conditions
                 WHERE campaign_id = :campaign_id AND id = :id
                """,
                {
                    "campaign_id": campaign.id,
                    "id": filter_id,
                    "conditions": msgspec.json.encode(kept).decode(),
                },
            )


def _forgotten(value: Any, identities: Sequence[Identity]) -> Any:
    # It stands still, so that nothing is asked for by what is put in the place.
    return "…" if any(each.is_held(value) for each in identities) else value


def find_erased(
    connection: Connection, campaign: Campaign, persons: Sequence[bytes]
) -> list[int]:
    """Return the leads that were erased for a person. Served by the primary key."""
    found = {
        row[0]
        for person in persons
        for row in connection.rows(
            """
            SELECT lead_id FROM person_erasure
             WHERE campaign_id = :campaign_id AND person = :person
             ORDER BY lead_id
            """,
            {"campaign_id": campaign.id, "person": person},
        )
    }
    return sorted(found)
