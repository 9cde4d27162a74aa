"""Uploaded files in parts, for hubs that share no folder.

Each part is a transaction of its own: a file may be larger than the memory there is. It
is whole once its last part, an empty one, is there, and never changes after that.
"""

from typing import NamedTuple

from leadwell.store.connection import Connection, one

PART_BYTES = 1 << 20


class Old(NamedTuple):
    """A file that was kept too long ago."""

    campaign_id: int
    upload: str


def add(
    connection: Connection, campaign_id: int, upload: str, part: int, data: bytes
) -> None:
    """Keep a part, counted from 0, unless it is there; so it may be repeated."""
    connection.run(
        """
        INSERT INTO upload_part (campaign_id, upload, part, at, data)
             VALUES (:campaign_id, :upload, :part, :at, :data)
        ON CONFLICT (campaign_id, upload, part) DO NOTHING
        """,
        {
            "campaign_id": campaign_id,
            "upload": upload,
            "part": part,
            "at": connection.clock(),
            "data": data,
        },
    )


def find(
    connection: Connection, campaign_id: int, upload: str, part: int
) -> bytes | None:
    """Return a part, empty behind the last one; `None`: it is not there."""
    row = one(
        connection.rows(
            """
            SELECT data FROM upload_part
             WHERE campaign_id = :campaign_id AND upload = :upload AND part = :part
            """,
            {"campaign_id": campaign_id, "upload": upload, "part": part},
        )
    )
    return None if row is None else bytes(row[0])


def is_whole(connection: Connection, campaign_id: int, upload: str) -> bool:
    """Whether all of a file is there."""
    return bool(
        connection.rows(
            """
            SELECT 1 FROM upload_part
             WHERE campaign_id = :campaign_id AND upload = :upload
               AND length(data) = 0
            """,
            {"campaign_id": campaign_id, "upload": upload},
        )
    )


def let_go(connection: Connection, campaign_id: int, upload: str) -> None:
    """Let go of a file, whole or not."""
    connection.run(
        """
        DELETE FROM upload_part
         WHERE campaign_id = :campaign_id AND upload = :upload
        """,
        {"campaign_id": campaign_id, "upload": upload},
    )


def names(connection: Connection) -> set[str]:
    """Return what all files are called that are there, whole or not."""
    rows = connection.rows("SELECT upload FROM upload_part WHERE part = 0")
    return {name for (name,) in rows}


def kept_before(connection: Connection, moment: int) -> list[Old]:
    """Return the files that were begun to be kept before a moment, in microseconds."""
    rows = connection.rows(
        """
        SELECT campaign_id, upload FROM upload_part
         WHERE part = 0 AND at < :moment
         ORDER BY campaign_id, upload
        """,
        {"moment": moment},
    )
    return [Old(*row) for row in rows]
