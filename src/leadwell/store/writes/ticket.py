"""The ticket: what one transaction may hand out, in the order of commits.

The ticket is the campaign's row in `counter`. Taking it is the first statement of
every write, and its lock is held to the commit: so `seq` rises in the order of
commits, a reader never sees a hole, and `updated_at` never runs backwards, whatever
the clock does (explanation/order). Nothing but this module hands out `seq`.
"""

from dataclasses import dataclass
from datetime import datetime

from leadwell.schema.times import from_microseconds
from leadwell.store.connection import Connection


@dataclass(slots=True)
class Ticket:
    """Numbers reserved for one transaction, and the moment it stamps."""

    connection: Connection
    campaign_id: int
    now: int
    """The moment in microseconds since 1970."""
    seq: int
    """The last sequence number that is given."""
    lead_id: int
    """The last lead id that is given."""
    begins_epoch: bool
    _from_seq: int
    _reserved: tuple[int, int]
    """What the row holds: the last sequence number and lead id that may be given."""

    @property
    def stamped_at(self) -> datetime:
        """The moment that this transaction stamps on what it changes."""
        return from_microseconds(self.now)

    def next_seq(self) -> int:
        """Give the next sequence number."""
        self.seq += 1
        return self.seq

    def next_lead_id(self) -> int:
        """Give the next lead id."""
        self.lead_id += 1
        return self.lead_id

    def close(self) -> None:
        """Give back what was not used, or take what was used besides.

        A process that writes to a campaign for the first time begins an epoch of its
        history there, and that takes a number of its own.
        """
        if self.seq == self._from_seq:
            self.seq -= self.begins_epoch
        elif self.begins_epoch:
            self.connection.run(
                """
                INSERT INTO epoch (campaign_id, from_seq, id)
                     VALUES (:campaign_id, :from_seq, :id)
                """,
                {
                    "campaign_id": self.campaign_id,
                    "from_seq": self._from_seq,
                    "id": self.connection.epoch,
                },
            )
        if (self.seq, self.lead_id) == self._reserved:
            return
        # The ticket's lock still holds: nobody was given higher numbers meanwhile.
        self.connection.run(
            """
            UPDATE counter SET seq = :seq, lead_id = :lead_id
             WHERE campaign_id = :campaign_id
            """,
            {
                "campaign_id": self.campaign_id,
                "seq": self.seq,
                "lead_id": self.lead_id,
            },
        )


def take(connection: Connection, campaign_id: int, count: int, now: int) -> Ticket:
    """Reserve `count` sequence numbers and lead ids; `now` is in microseconds.

    Its moment is `now`, or a microsecond after the last one when the clock has not
    moved on. Who waits for changes of the campaign is told once they are durable.
    """
    connection.tell(campaign_id)
    ((seq, lead_id, stamped_at),) = connection.rows(
        """
           UPDATE counter
              SET seq = seq + :count,
                  lead_id = lead_id + :count,
                  stamped_at = CASE WHEN :now > stamped_at THEN :now
                                    ELSE stamped_at + 1 END
            WHERE campaign_id = :campaign_id
        RETURNING seq, lead_id, stamped_at
        """,
        {
            "campaign_id": campaign_id,
            "count": count,
            "now": now,
        },
    )
    known = connection.rows(
        "SELECT 1 FROM epoch WHERE campaign_id = :campaign_id AND id = :id",
        {"campaign_id": campaign_id, "id": connection.epoch},
    )
    first = seq - count + (not known)
    return Ticket(
        connection,
        campaign_id,
        stamped_at,
        first,
        lead_id - count,
        not known,
        first,
        (seq, lead_id),
    )
