"""Rows of `lead_key` and `duplicate_group`: kept with every write of leads.

Which statements are run depends on what the author of a write may see alone: a hidden
lead with the same key costs nobody a statement more (tests/twins.py).
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from leadwell.model.campaign import Campaign, Policy
from leadwell.model.lead import Lead
from leadwell.schema import identity
from leadwell.store.connection import Connection, Params


@dataclass(slots=True)
class Keys:
    """What the writes of one transaction do to the keys of leads."""

    connection: Connection
    campaign: Campaign
    _touched: set[bytes] = field(default_factory=set[bytes])
    """Keys that leads were given or lost."""

    def follow(self, lead_id: int, lead: Lead | None, *, is_new: bool) -> None:
        """Keep the keys of a lead as it is from now on; `None`: it is gone."""
        if lead is None:
            _leave(self.connection, self.campaign.id, lead_id)
        elif self.campaign.duplicates.policy is not Policy.OFF:
            held = set[bytes]() if is_new else _held(self.connection, lead)
            self._keep(lead, held)

    def fill(self, lead: Lead) -> None:
        """Keep the keys that a lead has today, whatever was asked for before."""
        self._keep(lead, _held(self.connection, lead))

    def close(self) -> None:
        """Say of the keys that have changed which ones several leads have now.

        Served by `lead_key_by_key`, however many leads have the key.
        """
        touched: list[Params] = [
            {"campaign_id": self.campaign.id, "key": key}
            for key in sorted(self._touched)
        ]
        self.connection.run_many(
            """
            DELETE FROM duplicate_group
             WHERE campaign_id = :campaign_id AND key = :key
            """,
            touched,
        )
        self.connection.run_many(
            """
            INSERT INTO duplicate_group (campaign_id, key, lead_id)
                 SELECT newest.campaign_id, newest.key, newest.lead_id
                   FROM lead_key AS newest
                  WHERE newest.campaign_id = :campaign_id AND newest.key = :key
                    AND newest.is_settled = 0
                    AND EXISTS (SELECT 1 FROM lead_key AS other
                                 WHERE other.campaign_id = :campaign_id
                                   AND other.key = :key
                                   AND other.lead_id <> newest.lead_id)
                  ORDER BY newest.lead_id DESC
                  LIMIT 1
            """,
            touched,
        )
        self._touched.clear()

    def _keep(self, lead: Lead, held: Set[bytes]) -> None:
        wanted = identity.keys(self.campaign, lead)
        self.connection.run_many(
            """
            DELETE FROM lead_key
             WHERE campaign_id = :campaign_id AND lead_id = :lead_id AND key = :key
            """,
            _rows(lead, held - wanted),
        )
        self.connection.run_many(
            """
            INSERT INTO lead_key (campaign_id, lead_id, key, is_settled)
                 VALUES (:campaign_id, :lead_id, :key, 0)
            """,
            _rows(lead, wanted - held),
        )
        self._touched |= wanted ^ held


def fill(connection: Connection, campaign: Campaign, leads: Iterable[Lead]) -> None:
    """Keep the keys that leads have today: a chunk of what a new policy means."""
    kept = Keys(connection, campaign)
    for lead in leads:
        kept.fill(lead)
    kept.close()


def _held(connection: Connection, lead: Lead) -> set[bytes]:
    found = connection.rows(
        """
        SELECT key FROM lead_key
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
        """,
        {"campaign_id": lead.campaign_id, "lead_id": lead.id},
    )
    return {bytes(row[0]) for row in found}


def _rows(lead: Lead, keys: Set[bytes]) -> list[Params]:
    return [
        {"campaign_id": lead.campaign_id, "lead_id": lead.id, "key": key}
        for key in sorted(keys)
    ]


def _leave(connection: Connection, campaign_id: int, lead_id: int) -> None:
    """Forget a lead that is gone, also where duplicates are asked for no more.

    Three statements, however many keys it has: a key that the author of a write may
    not see must not cost one.
    """
    params = {"campaign_id": campaign_id, "lead_id": lead_id}
    connection.run(
        """
        DELETE FROM duplicate_group
         WHERE duplicate_group.campaign_id = :campaign_id
           AND key IN (SELECT mine.key FROM lead_key AS mine
                        WHERE mine.campaign_id = :campaign_id
                          AND mine.lead_id = :lead_id)
        """,
        params,
    )
    connection.run(
        """
        INSERT INTO duplicate_group (campaign_id, key, lead_id)
             SELECT mine.campaign_id, mine.key,
                    (SELECT newest.lead_id FROM lead_key AS newest
                      WHERE newest.campaign_id = :campaign_id
                        AND newest.key = mine.key AND newest.is_settled = 0
                        AND newest.lead_id <> :lead_id
                      ORDER BY newest.lead_id DESC
                      LIMIT 1)
               FROM lead_key AS mine
              WHERE mine.campaign_id = :campaign_id AND mine.lead_id = :lead_id
                AND EXISTS (SELECT 1 FROM lead_key AS fresh
                             WHERE fresh.campaign_id = :campaign_id
                               AND fresh.key = mine.key AND fresh.is_settled = 0
                               AND fresh.lead_id <> :lead_id)
                AND (SELECT count(*)
                       FROM (SELECT 1 FROM lead_key AS other
                              WHERE other.campaign_id = :campaign_id
                                AND other.key = mine.key
                                AND other.lead_id <> :lead_id
                              LIMIT 2) AS two) = 2
        """,
        params,
    )
    connection.run(
        """
        DELETE FROM lead_key
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
        """,
        params,
    )
