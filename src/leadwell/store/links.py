"""Links: all that is known of them but the secret."""

from datetime import datetime

from leadwell.errors import NotFound
from leadwell.model.link import Link, LinkKind
from leadwell.model.token import Token
from leadwell.schema.times import from_microseconds, microseconds
from leadwell.store import tokens
from leadwell.store.connection import Connection, Row, one, remembered_of_hub

_COLUMNS = """public_id, kind, lineage, account_id, campaign_id, created_at,
               expires_at, revoked_at, last_used_at, key_generation"""


@remembered_of_hub
def find_by_digest(connection: Connection, digest: bytes) -> Link | None:
    """Return the link with this digest, open or not. Served by the primary key."""
    row = one(
        connection.rows(
            f"SELECT {_COLUMNS} FROM link WHERE digest = :digest", {"digest": digest}
        )
    )
    return None if row is None else _link(row)


def find_of(connection: Connection, lineage: str) -> list[Link]:
    """Return the links of a token, oldest first. Served by `link_by_lineage`."""
    rows = connection.rows(
        f"""
        SELECT {_COLUMNS} FROM link
         WHERE lineage = :lineage
         ORDER BY created_at, public_id
        """,
        {"lineage": lineage},
    )
    return [_link(row) for row in rows]


def find_followers(connection: Connection, token: Token, now: datetime) -> list[Link]:
    """Return the links that this token decides, but for those that ended themselves.

    They follow the newest of a rotation; the tokens before it decide none.
    """
    if tokens.newest(connection, token.lineage).public_id != token.public_id:
        return []
    return [link for link in find_of(connection, token.lineage) if link.is_open(now)]


def find_all(connection: Connection, campaign_id: int | None = None) -> list[Link]:
    """Return links, oldest first: those of one campaign's tokens, or all there are."""
    rows = connection.rows(
        f"""
        SELECT {_COLUMNS} FROM link
         WHERE (CAST(:campaign_id AS BIGINT) IS NULL OR campaign_id = :campaign_id)
         ORDER BY created_at, public_id
        """,
        {"campaign_id": campaign_id},
    )
    return [_link(row) for row in rows]


def add(connection: Connection, link: Link, digest: bytes) -> None:
    """Keep a link by the digest of its secret."""
    connection.run(
        """
        INSERT INTO link (digest, public_id, kind, lineage, account_id, campaign_id,
                          created_at, expires_at, revoked_at, key_generation)
             VALUES (:digest, :public_id, :kind, :lineage, :account_id, :campaign_id,
                     :created_at, :expires_at, :revoked_at, :key_generation)
        """,
        {
            "digest": digest,
            "public_id": link.public_id,
            "kind": link.kind.value,
            "lineage": link.lineage,
            "account_id": link.account_id,
            "campaign_id": link.campaign_id,
            "created_at": microseconds(link.created_at),
            "expires_at": link.expires_at and microseconds(link.expires_at),
            "revoked_at": link.revoked_at and microseconds(link.revoked_at),
            "key_generation": link.key_generation,
        },
    )


def revoke(connection: Connection, public_id: str, now: int) -> str:
    """End a link for ever; one that was revoked already stays as it was.

    Returns the lineage of the token that it was of.

    Raises:
        NotFound: there is none with this public id.
    """
    params = {"public_id": public_id, "now": now}
    changed = connection.rows(
        """
           UPDATE link SET revoked_at = coalesce(revoked_at, :now)
            WHERE public_id = :public_id
        RETURNING lineage
        """,
        params,
    )
    if not changed:
        raise NotFound(
            f"there is no link with the id {public_id!r}",
            hint="see: leadwell share list",
        )
    return str(changed[0][0])


def keep_under(
    connection: Connection, public_id: str, digest: bytes, key_generation: int
) -> None:
    """Keep a link by its digest under a later generation of the instance key.

    One that is kept under that or a later one already stays as it is: another process
    was first, and knows what this one will know.
    """
    connection.run(
        """
        UPDATE link SET digest = :digest, key_generation = :key_generation
         WHERE public_id = :public_id AND key_generation < :key_generation
        """,
        {
            "public_id": public_id,
            "digest": digest,
            "key_generation": key_generation,
        },
    )


def note_use(connection: Connection, digest: bytes, now: int) -> None:
    """Remember when a link was last used; `now` is in microseconds."""
    connection.run(
        "UPDATE link SET last_used_at = :now WHERE digest = :digest",
        {"now": now, "digest": digest},
    )


def _link(row: Row) -> Link:
    created, expires, revoked, used = (
        stamp and from_microseconds(stamp) for stamp in row[5:9]
    )
    return Link(
        public_id=row[0],
        kind=LinkKind(row[1]),
        lineage=row[2],
        account_id=row[3],
        campaign_id=row[4],
        created_at=created,
        expires_at=expires,
        revoked_at=revoked,
        last_used_at=used,
        key_generation=row[9],
    )
