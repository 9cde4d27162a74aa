"""What campaigns decide about duplicates: columns of `campaign`."""

import msgspec

from leadwell.model.campaign import Campaign, Duplicates
from leadwell.store.connection import Connection


def row_of(decided: Duplicates) -> tuple[str, str | None]:
    """Return the columns that keep a decision."""
    refs = decided.fields
    text = None if refs is None else msgspec.json.encode(refs).decode()
    return decided.policy.value, text


def keep(connection: Connection, campaign: Campaign, decided: Duplicates) -> None:
    """Keep a decision of a campaign that is held; leads are not looked at here."""
    policy, refs = row_of(decided)
    connection.run(
        """
        UPDATE campaign SET duplicates = :policy, identifying = :refs
         WHERE campaign_id = :campaign_id
        """,
        {"campaign_id": campaign.id, "policy": policy, "refs": refs},
    )
