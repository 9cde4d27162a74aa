"""The history of leads: who changed what and when, field by field."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from leadwell.model.campaign import Campaign
from leadwell.model.lead import Lead
from leadwell.schema.times import from_microseconds
from leadwell.store.connection import Connection
from leadwell.store.writes import rows

ANONYMISE = "anonymise"
"""The revision that empties fields; it does not say what they held."""
CHUNK = 1_000
"""How many old revisions one transaction removes: others write in between."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a lead."""

    version: int
    at: datetime
    author: str
    """The lineage of a token, `person:`, `import:`, or empty for the operator."""
    op: str
    """create, update, delete, merge, schema or anonymise."""
    changes: Mapping[str, tuple[Any, Any]]
    """What it held before and after, as stored, by field id or column."""


@dataclass(slots=True)
class History:
    """The revisions of one transaction."""

    connection: Connection
    campaign: Campaign
    author: str
    at: int
    _rows: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])

    def note(
        self, op: str, before: Lead | None, after: Lead | None, version: int
    ) -> None:
        """Note what became of a lead."""
        lead = after or before
        # What was emptied is not kept here either.
        is_told = op != ANONYMISE
        changes = dict(self._changes(before, after)) if before and is_told else {}
        self._rows.append(
            {
                "campaign_id": self.campaign.id,
                "lead_id": lead.id if lead else 0,
                "version": version,
                "at": self.at,
                "author": self.author,
                "op": op,
                "changes": msgspec.json.encode(changes).decode(),
            }
        )

    def close(self) -> None:
        """Write what was noted."""
        self.connection.run_many(
            """
            INSERT INTO lead_history (campaign_id, lead_id, version, at, author, op,
                                      changes)
                 VALUES (:campaign_id, :lead_id, :version, :at, :author, :op, :changes)
            """,
            list(self._rows),
        )

    def _changes(
        self, before: Lead, after: Lead | None
    ) -> Iterator[tuple[str, tuple[Any, Any]]]:
        old, new = self._held(before), self._held(after)
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                yield name, (old.get(name), new.get(name))

    def _held(self, lead: Lead | None) -> dict[str, Any]:
        if lead is None:
            return {}
        return rows.stored(self.campaign, lead.values) | {
            "status": lead.status,
            "assigned_to": lead.assigned_to,
            "external_id": lead.external_id,
        }


def find(connection: Connection, campaign_id: int, lead_id: int) -> list[Revision]:
    """Return what is kept of a lead's history, oldest first."""
    found = connection.rows(
        """
        SELECT version, at, author, op, changes FROM lead_history
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
         ORDER BY version
        """,
        {"campaign_id": campaign_id, "lead_id": lead_id},
    )
    return [
        Revision(row[0], from_microseconds(row[1]), row[2], row[3], _read(row[4]))
        for row in found
    ]


class Deeds(NamedTuple):
    """What one author did alike to leads within an hour."""

    at: int
    """When the last of it was done, in microseconds."""
    author: str
    op: str
    leads: int
    """How many."""
    lead_id: int
    """One of them."""


def find_reach(connection: Connection, campaign_id: int, before: int, most: int) -> int:
    """Return since when no more than so many changes were made before a moment.

    In microseconds; 0: there are no more in all. Served by `lead_history_by_at`.
    """
    found = connection.rows(
        """
        SELECT at FROM lead_history
         WHERE campaign_id = :campaign_id AND at < :before
         ORDER BY at DESC
         LIMIT 1 OFFSET :most
        """,
        {"campaign_id": campaign_id, "before": before, "most": most},
    )
    # What else happened at that moment may be too much.
    return found[0][0] + 1 if found else 0


def find_deeds(
    connection: Connection, campaign_id: int, since: int, before: int
) -> list[Deeds]:
    """Return what was done to leads from one moment until before another.

    Both in microseconds. Served by `lead_history_by_at`.
    """
    found = connection.rows(
        """
        SELECT MAX(at), author, op, COUNT(DISTINCT lead_id), MAX(lead_id)
          FROM lead_history
         WHERE campaign_id = :campaign_id AND at >= :since AND at < :before
         GROUP BY at / 3600000000, author, op
        """,
        {"campaign_id": campaign_id, "since": since, "before": before},
    )
    return [Deeds(*row) for row in found]


def forget(connection: Connection, campaign_id: int, lead_id: int) -> None:
    """Remove a lead's history: it is being erased."""
    connection.run(
        """
        DELETE FROM lead_history
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
        """,
        {"campaign_id": campaign_id, "lead_id": lead_id},
    )


def forget_fields(
    connection: Connection, campaign_id: int, lead_id: int, fields: Collection[int]
) -> None:
    """Remove what a lead held in some fields from its history; the rest stays."""
    names = {str(ref) for ref in fields}
    for revision in find(connection, campaign_id, lead_id):
        if names.isdisjoint(revision.changes):
            continue
        kept = {
            name: list(pair)
            for name, pair in revision.changes.items()
            if name not in names
        }
        _rewrite(connection, campaign_id, lead_id, revision.version, kept)


def forget_values(
    connection: Connection,
    campaign_id: int,
    lead_id: int,
    is_meant: Callable[[Any], bool],
) -> None:
    """Remove some values from a lead's history: it no longer says what was there."""
    for revision in find(connection, campaign_id, lead_id):
        kept = {
            name: [None if is_meant(each) else each for each in pair]
            for name, pair in revision.changes.items()
        }
        if all(kept[name] == list(pair) for name, pair in revision.changes.items()):
            continue
        _rewrite(connection, campaign_id, lead_id, revision.version, kept)


def forget_before(
    connection: Connection, campaign_id: int, at: int, most: int = CHUNK
) -> int:
    """Remove what is older than `at`, in microseconds: a chunk; return how many.

    Fewer than `most` revisions were the last ones. Served by `lead_history_by_at`.
    """
    found = connection.rows(
        """
        SELECT lead_id, version FROM lead_history
         WHERE campaign_id = :campaign_id AND at < :at
         ORDER BY at
         LIMIT :most
        """,
        {"campaign_id": campaign_id, "at": at, "most": most},
    )
    connection.run_many(
        """
        DELETE FROM lead_history
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
           AND version = :version
        """,
        [
            {"campaign_id": campaign_id, "lead_id": row[0], "version": row[1]}
            for row in found
        ],
    )
    return len(found)


def campaigns_before(connection: Connection, at: int) -> list[int]:
    """Return the campaigns that have history older than `at`, in microseconds."""
    found = connection.rows(
        """
        SELECT campaign.campaign_id FROM campaign
         WHERE EXISTS (SELECT 1 FROM lead_history
                        WHERE lead_history.campaign_id = campaign.campaign_id
                          AND lead_history.at < :at)
         ORDER BY campaign.campaign_id
        """,
        {"at": at},
    )
    return [row[0] for row in found]


def _rewrite(
    connection: Connection,
    campaign_id: int,
    lead_id: int,
    version: int,
    changes: Mapping[str, list[Any]],
) -> None:
    connection.run(
        """
        UPDATE lead_history SET changes = :changes
         WHERE campaign_id = :campaign_id AND lead_id = :lead_id
           AND version = :version
        """,
        {
            "campaign_id": campaign_id,
            "lead_id": lead_id,
            "version": version,
            "changes": msgspec.json.encode(changes).decode(),
        },
    )


def _read(text: str) -> Mapping[str, tuple[Any, Any]]:
    found: dict[str, tuple[Any, Any]] = msgspec.json.decode(
        text, type=dict[str, tuple[Any, Any]]
    )
    return found
