"""How far readers have spent their rates, added up over all processes."""

from collections.abc import Mapping

from leadwell.store.connection import Connection

AHEAD_MAX_US = 600_000_000
"""No reader waits longer, whatever a clock did between two looks."""
KEPT_US = 3_600_000_000


def add(connection: Connection, spent_us: Mapping[bytes, int]) -> dict[bytes, int]:
    """Add what readers have spent here, and return how far each is ahead in all.

    By the digests of their tokens and links, in microseconds of their rates. In one
    order, so that no two processes wait for each other.
    """
    now = connection.clock()
    return {
        reader: _one(connection, reader, spent_us[reader], now) - now
        for reader in sorted(spent_us)
    }


def _one(connection: Connection, reader: bytes, spent_us: int, now: int) -> int:
    ((until,),) = connection.rows(
        """
        INSERT INTO spending (reader, until)
             VALUES (:reader, :now + :spent)
        ON CONFLICT (reader) DO UPDATE
                SET until = :spent + CASE
                    WHEN spending.until < :now THEN :now
                    WHEN spending.until > :most THEN :most
                    ELSE spending.until END
          RETURNING until
        """,
        {
            "reader": reader,
            "now": now,
            "spent": spent_us,
            "most": now + AHEAD_MAX_US,
        },
    )
    return int(until)


def forget(connection: Connection) -> None:
    """Forget readers that have long had their whole burst again."""
    connection.run(
        "DELETE FROM spending WHERE until < :before",
        {"before": connection.clock() - KEPT_US},
    )
