"""Tokens: all that is known of them but the secret."""

from collections.abc import Hashable
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from leadwell.errors import NotFound
from leadwell.model.campaign import Attribute
from leadwell.model.cursor import Ended
from leadwell.model.token import Token
from leadwell.schema.times import from_microseconds, microseconds
from leadwell.store import accounts, campaigns, filters
from leadwell.store.connection import Connection, Row, one
from leadwell.store.writes import chores

_COLUMNS = """public_id, lineage, name, account_id, campaign_id, may_write, filter_id,
               readable, created_at, expires_at, revoked_at, last_used_at, exposed_at,
               addresses, generation, rate, key_generation, masks"""


def find_by_digest(connection: Connection, digest: bytes) -> Token | None:
    """Return the token with this digest, open or not. Served by the primary key."""
    row = one(
        connection.rows(
            f"SELECT {_COLUMNS} FROM token WHERE digest = :digest", {"digest": digest}
        )
    )
    return None if row is None else _token(row)


def find_lineage(connection: Connection, lineage: str) -> list[Token]:
    """Return a token and its rotations, newest first. Served by `token_by_lineage`."""
    rows = connection.rows(
        f"""
        SELECT {_COLUMNS} FROM token
         WHERE lineage = :lineage
         ORDER BY created_at DESC, public_id DESC
        """,
        {"lineage": lineage},
    )
    return [_token(row) for row in rows]


def newest(connection: Connection, lineage: str) -> Token:
    """Return the newest token of a lineage, open or not: its links follow it alone.

    An older one may see what was taken from its successor.
    """
    return find_lineage(connection, lineage)[0]


def known(connection: Connection, public_id: str) -> Token:
    """Return the token with this public id.

    Raises:
        NotFound: there is none.
    """
    row = one(
        connection.rows(
            f"SELECT {_COLUMNS} FROM token WHERE public_id = :public_id",
            {"public_id": public_id},
        )
    )
    if row is None:
        raise NotFound(
            f"there is no token with the id {public_id!r}",
            hint="the id is the part between the two underscores; "
            "see: leadwell token list",
        )
    return _token(row)


def find_all(
    connection: Connection,
    account_id: int | None = None,
    campaign_id: int | None = None,
) -> list[Token]:
    """Return tokens, oldest first: of one account or campaign, or all there are.

    Served by `token_by_account` where the account is named.
    """
    named = {"account_id": account_id, "campaign_id": campaign_id}
    given = {name: value for name, value in named.items() if value is not None}
    rows = connection.rows(
        f"""
        SELECT {_COLUMNS} FROM token
         WHERE {" AND ".join(f"{name} = :{name}" for name in given) or "1 = 1"}
         ORDER BY created_at, public_id
        """,
        given,
    )
    return [_token(row) for row in rows]


def add(connection: Connection, token: Token, digest: bytes) -> None:
    """Keep a token by the digest of its secret."""
    _settle(connection, token, only_named=True)
    connection.run(
        """
        INSERT INTO token (digest, public_id, lineage, name, account_id, campaign_id,
                           may_write, filter_id, readable, generation, addresses,
                           rate, created_at, expires_at, revoked_at, key_generation,
                           masks)
             VALUES (:digest, :public_id, :lineage, :name, :account_id, :campaign_id,
                     :may_write, :filter_id, :readable, :generation, :addresses,
                     :rate, :created_at, :expires_at, :revoked_at, :key_generation,
                     :masks)
        """,
        _params(token) | {"digest": digest},
    )
    if token.campaign_id is not None:
        _note_scope(connection, token)


def change(connection: Connection, token: Token, now: int) -> None:
    """Write what may change of a token: everything but its secret and its owner.

    Another filter, other fields or masks begin a new generation, with a number that no
    other token of its lineage has: readers of its feed are told what they no longer
    see, and then all they see.
    """
    connection.tell(token.campaign_id)
    before = known(connection, token.public_id)
    if _sight(before) != _sight(token):
        lineage = find_lineage(connection, before.lineage)
        highest = max(each.generation for each in lineage)
        token = replace(token, generation=highest + 1)
        _settle(connection, before)
        _settle(connection, token, only_named=True)
        _note_end(connection, before, now)
        _note_scope(connection, token)
    connection.run(
        """
        UPDATE token
           SET name = :name, may_write = :may_write, filter_id = :filter_id,
               readable = :readable, generation = :generation,
               addresses = :addresses, rate = :rate, expires_at = :expires_at,
               revoked_at = :revoked_at, masks = :masks
         WHERE public_id = :public_id
        """,
        _params(token),
    )
    is_freed = before.filter_id != token.filter_id or token.revoked_at is not None
    if is_freed and token.campaign_id is not None:
        filters.close_unused(connection, token.campaign_id)


def hold(connection: Connection, public_id: str) -> Token:
    """Return the token, and keep its campaign's writers waiting to the commit.

    Who else changes what uses a filter, or which fields an account's token masks, comes
    before or after, never between.

    Raises:
        NotFound: there is none.
    """
    token = known(connection, public_id)
    if token.campaign_id is not None:
        campaigns.hold(connection, token.campaign_id)
    else:
        accounts.hold(connection, token.account_id)
    return known(connection, public_id)


def ended(
    connection: Connection,
    campaign_id: int,
    lineage: str,
    generation: int,
    now: datetime,
) -> Ended | None:
    """Return the last change that readers of this generation could be shown.

    `None`: it has not ended, for there is a token of it that may still be used. Served
    by the primary key.
    """
    others = find_lineage(connection, lineage)
    if any(each.generation == generation and each.is_open(now) for each in others):
        return None
    row = one(
        connection.rows(
            """
            SELECT from_seq, at FROM token_generation
             WHERE campaign_id = :campaign_id AND lineage = :lineage
               AND generation = :following
            """,
            {
                "campaign_id": campaign_id,
                "lineage": lineage,
                "following": generation + 1,
            },
        )
    )
    return None if row is None else Ended(*row)


def keep_under(
    connection: Connection, public_id: str, digest: bytes, key_generation: int
) -> None:
    """Keep a token by its digest under a later generation of the instance key.

    One that is kept under that or a later one already stays as it is: another process
    was first, and knows what this one will know.
    """
    connection.run(
        """
        UPDATE token SET digest = :digest, key_generation = :key_generation
         WHERE public_id = :public_id AND key_generation < :key_generation
        """,
        {
            "public_id": public_id,
            "digest": digest,
            "key_generation": key_generation,
        },
    )


def note_use(connection: Connection, digest: bytes, now: int) -> None:
    """Remember when a token was last used; `now` is in microseconds."""
    connection.run(
        "UPDATE token SET last_used_at = :now WHERE digest = :digest",
        {"now": now, "digest": digest},
    )


def note_exposure(connection: Connection, digest: bytes, now: int) -> None:
    """Remember that a token stood in a URL, where logs keep it."""
    connection.run(
        "UPDATE token SET exposed_at = :now WHERE digest = :digest",
        {"now": now, "digest": digest},
    )


def _sight(token: Token) -> tuple[Hashable, ...]:
    """Return all that decides what of a campaign a token sees."""
    return (token.filter_id, token.readable, token.is_masked)


def _note_scope(connection: Connection, token: Token) -> None:
    """Note since when the token's scope was open to it: who may have had a lead."""
    connection.run(
        """
        INSERT INTO token_scope (campaign_id, lineage, scope_id, since)
             SELECT counter.campaign_id, :lineage, :scope_id, counter.stamped_at
               FROM counter
              WHERE counter.campaign_id = :campaign_id
        ON CONFLICT (campaign_id, lineage, scope_id) DO NOTHING
        """,
        {
            "campaign_id": token.campaign_id,
            "lineage": token.lineage,
            "scope_id": token.filter_id or 0,
        },
    )


def _note_end(connection: Connection, token: Token, now: int) -> None:
    """Note that a token left its generation; the last one of its lineage counts."""
    connection.run(
        """
        INSERT INTO token_generation (campaign_id, lineage, generation, from_seq, at)
             SELECT counter.campaign_id, :lineage, :generation, counter.seq, :at
               FROM counter
              WHERE counter.campaign_id = :campaign_id
        ON CONFLICT (campaign_id, lineage, generation)
          DO UPDATE SET from_seq = excluded.from_seq, at = excluded.at
        """,
        {
            "campaign_id": token.campaign_id,
            "lineage": token.lineage,
            "generation": token.generation + 1,
            "at": now,
        },
    )


def _settle(connection: Connection, token: Token, *, only_named: bool = False) -> None:
    """Finish the flip of the token's scope, before the token comes or goes.

    Who comes must not be told of leads that leave by an earlier edit, and who goes is
    told of all that it was shown. An unnamed filter is never edited.
    """
    if token.campaign_id is None or token.filter_id is None:
        return
    campaign = campaigns.known(connection, token.campaign_id)
    kept = filters.find(connection, campaign, token.filter_id)
    if kept.name is not None or not only_named:
        # Stamped a microsecond after the last change: the clock does not matter.
        chores.settle(connection, campaign, kept.id, now=0)


def _params(token: Token) -> dict[str, Any]:
    readable = token.readable
    return {
        "public_id": token.public_id,
        "lineage": token.lineage,
        "name": token.name,
        "account_id": token.account_id,
        "campaign_id": token.campaign_id,
        "may_write": int(token.may_write),
        "filter_id": token.filter_id,
        "readable": None if readable is None else _json_list(sorted(readable, key=str)),
        "generation": token.generation,
        "addresses": _json_list(list(token.addresses)),
        "rate": token.rate,
        "created_at": microseconds(token.created_at),
        "expires_at": token.expires_at and microseconds(token.expires_at),
        "revoked_at": token.revoked_at and microseconds(token.revoked_at),
        "key_generation": token.key_generation,
        "masks": int(token.masks),
    }


def _json_list(items: list[Any]) -> str:
    return msgspec.json.encode(items).decode()


def _token(row: Row) -> Token:
    readable, addresses = row[7], row[13]
    expires, revoked, used, exposed = (
        stamp and from_microseconds(stamp) for stamp in row[9:13]
    )
    return Token(
        public_id=row[0],
        lineage=row[1],
        name=row[2],
        account_id=row[3],
        campaign_id=row[4],
        may_write=bool(row[5]),
        filter_id=row[6],
        readable=None if readable is None else _readable(readable),
        created_at=from_microseconds(row[8]),
        expires_at=expires,
        revoked_at=revoked,
        last_used_at=used,
        exposed_at=exposed,
        addresses=tuple(msgspec.json.decode(addresses, type=list[str])),
        generation=row[14],
        rate=row[15],
        key_generation=row[16],
        masks=bool(row[17]),
    )


def _readable(text: str) -> frozenset[int | Attribute]:
    items = msgspec.json.decode(text, type=list[int | str])
    return frozenset(
        item if isinstance(item, int) else Attribute(item) for item in items
    )
