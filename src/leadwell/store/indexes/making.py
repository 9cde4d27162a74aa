"""Making an index from a campaign's leads, and keeping it from start to start."""

from collections.abc import Callable

from leadwell.errors import CursorLost
from leadwell.index import snapshot
from leadwell.index.index import Index, Row, kinds_of
from leadwell.model.campaign import Campaign
from leadwell.store import feed
from leadwell.store.connection import Connection, Database, one

CHUNK = 5_000
"""Leads read in one transaction: some ten milliseconds."""


def make(
    database: Database, campaign: Campaign, go_on: Callable[[], bool]
) -> Index | None:
    """Make an index, a chunk of leads at a time; `None` when it was called off.

    It knows all changes up to the moment at which it was begun. Of later ones it may
    know some: following takes them in again, and that changes nothing.
    """
    index = Index()
    with database.reading() as connection:
        index.seq = feed.head(connection, campaign.id).seq
    last_id = 0
    while go_on():
        with database.reading() as connection:
            rows = _rows(connection, campaign.id, last_id)
        if not rows:
            index.pack()
            return index
        index.fill(kinds_of(campaign), rows)
        last_id = rows[-1].id
    return None


def make_at_once(connection: Connection, campaign: Campaign, seq: int) -> Index:
    """Make the index of a small campaign at the moment that is being read."""
    index = Index(seq=seq)
    last_id = 0
    while rows := _rows(connection, campaign.id, last_id):
        index.fill(kinds_of(campaign), rows)
        last_id = rows[-1].id
    return index


def load(connection: Connection, campaign_id: int) -> Index | None:
    """Return the index as it was stored; `None` when there is none that is right."""
    row = one(
        connection.rows(
            """
            SELECT epoch, seq, data FROM index_snapshot
             WHERE campaign_id = :campaign_id
            """,
            {"campaign_id": campaign_id},
        )
    )
    if row is None:
        return None
    epoch, seq, data = row
    try:
        feed.check_known(connection, campaign_id, bytes(epoch), seq)
    except CursorLost:
        return None
    index = snapshot.read(bytes(data))
    return index if index is not None and index.seq == seq else None


def save(connection: Connection, campaign_id: int, data: bytes, seq: int) -> None:
    """Store an index."""
    connection.run(
        """
        INSERT INTO index_snapshot (campaign_id, epoch, seq, data)
             VALUES (:campaign_id, :epoch, :seq, :data)
        ON CONFLICT (campaign_id)
          DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq,
                        data = excluded.data
        """,
        {
            "campaign_id": campaign_id,
            "epoch": feed.epoch_at(connection, campaign_id, seq),
            "seq": seq,
            "data": data,
        },
    )


def _rows(connection: Connection, campaign_id: int, last_id: int) -> list[Row]:
    rows = connection.rows(
        """
        SELECT id, seq, status, assigned_to, created_at, fields FROM lead
         WHERE campaign_id = :campaign_id AND id > :last_id
         ORDER BY id
         LIMIT :limit
        """,
        {"campaign_id": campaign_id, "last_id": last_id, "limit": CHUNK},
    )
    return [Row(*row) for row in rows]
