"""Which rows of files are loaded already, so that a run can be repeated or resumed."""

import apsw

from leadwell.store.connection import Connection, Row


class Counted:
    """Counts how often each row was met in one run, on disk rather than in memory.

    Equal rows of one file are different leads: the second one is told from the first
    by its count.
    """

    def __init__(self) -> None:
        """Open a temporary database that goes with the process."""
        self._counts = apsw.Connection("")
        self._counts.execute(
            """
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            CREATE TABLE met (digest BLOB PRIMARY KEY, times INTEGER) WITHOUT ROWID;
            BEGIN
            """
        ).fetchall()

    def meet(self, digest: bytes) -> int:
        """Return how often this row was met in this run, this time included."""
        rows: list[Row] = self._counts.execute(
            """
            INSERT INTO met (digest, times) VALUES (:digest, 1)
            ON CONFLICT (digest) DO UPDATE SET times = times + 1
              RETURNING times
            """,
            {"digest": digest},
        ).fetchall()
        return int(rows[0][0])

    def has_met(self, digest: bytes) -> bool:
        """Whether this row was met in this run already."""
        return bool(
            self._counts.execute(
                "SELECT 1 FROM met WHERE digest = :digest", {"digest": digest}
            ).fetchall()
        )

    def close(self) -> None:
        """Let the temporary database go."""
        self._counts.close()


def is_loaded(
    connection: Connection, campaign_id: int, digest: bytes, nth: int
) -> bool:
    """Whether the nth row with this digest is a lead of the campaign already."""
    found = connection.rows(
        """
        SELECT 1 FROM import_row
         WHERE campaign_id = :campaign_id AND digest = :digest AND nth = :nth
        """,
        {"campaign_id": campaign_id, "digest": digest, "nth": nth},
    )
    return bool(found)


def note_loaded(
    connection: Connection, campaign_id: int, rows: list[tuple[bytes, int, int]]
) -> None:
    """Remember rows: digest, count and lead id, in the transaction that adds them."""
    connection.run_many(
        """
        INSERT INTO import_row (campaign_id, digest, nth, lead_id)
             VALUES (:campaign_id, :digest, :nth, :lead_id)
        ON CONFLICT (campaign_id, digest, nth) DO NOTHING
        """,
        [
            {"campaign_id": campaign_id, "digest": digest, "nth": nth, "lead_id": lead}
            for digest, nth, lead in rows
        ],
    )
