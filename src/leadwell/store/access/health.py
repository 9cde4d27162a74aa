"""How the readers of a token fare: what was noted of them, and how far they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from leadwell.model.token import Token
from leadwell.schema.times import from_microseconds
from leadwell.store.connection import Connection, one

NOTE_EVERY_US = 60_000_000
"""How often a kind of note is written for a token: once a minute is enough to see."""
WAITING_MAX = 10_000
"""Up to how many changes that wait for a reader are counted."""


class Note(StrEnum):
    """What is noted of a token's reader."""

    AGENT = "agent"
    """Which programs it says it is."""
    ERROR = "error"
    """Why it was refused."""
    RENAMED = "renamed"
    """Which slugs it still uses that are others now: `old=new`."""
    DIGEST = "digest"
    """What it was told its copy should add up to: `count digest`."""


@dataclass(frozen=True, slots=True)
class Noted:
    """The last time of a kind."""

    text: str
    at: datetime


class Failure(msgspec.Struct, frozen=True):
    """Why a reader was refused."""

    code: str
    status: int
    names: tuple[str, ...] = ()
    """Of the parameters or fields that it was about."""

    def written(self) -> str:
        """Write it as the text of a note."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def read(cls, text: str) -> "Failure":
        """Read the text of a note."""
        return msgspec.json.decode(text, type=cls)


@dataclass(frozen=True, slots=True)
class Noting:
    """A note that is written on the token with this digest, if there is one."""

    digest: bytes
    kind: Note
    text: str
    at: int
    """In microseconds."""

    def __call__(self, connection: Connection) -> None:
        """Write it instead of the one before."""
        connection.run(
            """
            INSERT INTO token_note (public_id, kind, text, at)
                 SELECT token.public_id, :kind, :text, :at
                   FROM token
                  WHERE token.digest = :digest
            ON CONFLICT (public_id, kind)
              DO UPDATE SET text = excluded.text, at = excluded.at
            """,
            {
                "digest": self.digest,
                "kind": self.kind.value,
                "text": self.text,
                "at": self.at,
            },
        )


def notes(
    connection: Connection, found: Sequence[Token]
) -> Mapping[str, Mapping[Note, Noted]]:
    """Return what was noted of these tokens of one account, by their public ids.

    Served by `token_by_account` and the primary key.
    """
    rows = connection.rows(
        """
        SELECT token_note.public_id, token_note.kind, token_note.text, token_note.at
          FROM token
          JOIN token_note ON token_note.public_id = token.public_id
         WHERE token.account_id = :account_id
        """,
        {"account_id": found[0].account_id if found else 0},
    )
    noted: dict[str, dict[Note, Noted]] = {each.public_id: {} for each in found}
    for public_id, kind, text, at in rows:
        if public_id in noted:
            noted[public_id][Note(kind)] = Noted(text, from_microseconds(at))
    return noted


@dataclass(frozen=True, slots=True)
class Following:
    """Where a reader of the change feed stands."""

    moved_at: datetime
    """When it was seen to have stored what it was told, the last time."""
    waiting: int
    """How many changes wait for it; `WAITING_MAX` and one: more than those."""
    since: datetime | None
    """Since when the first of them waits."""


def following(
    connection: Connection, campaign_id: int, lineage: str, scope_id: int
) -> Following | None:
    """Return where the reader of a token stands; `None`: it never followed changes.

    Served by the primary key and `scope_member_by_seq`.
    """
    params = {"campaign_id": campaign_id, "lineage": lineage, "scope_id": scope_id}
    row = one(
        connection.rows(
            """
            SELECT seq, at FROM reader
             WHERE campaign_id = :campaign_id AND lineage = :lineage
            """,
            params,
        )
    )
    if row is None:
        return None
    waiting = connection.rows(
        """
        SELECT at FROM scope_member
         WHERE campaign_id = :campaign_id AND scope_id = :scope_id AND seq > :seq
         ORDER BY seq
         LIMIT :most
        """,
        {**params, "seq": row[0], "most": WAITING_MAX + 1},
    )
    since = from_microseconds(waiting[0][0]) if waiting else None
    return Following(from_microseconds(row[1]), len(waiting), since)
