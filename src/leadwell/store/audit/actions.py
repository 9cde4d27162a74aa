"""What people and commands decide, told in the audit log in the same transaction."""

from dataclasses import dataclass
from typing import Any

import msgspec

from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.store.audit.chain import OPERATOR, Chain, Entry, Kind, append
from leadwell.store.connection import Connection, one

RETENTION = "retention"
"""Who carries out a rule."""
_TOKENS = frozenset({"token-made", "token-changed", "token-rotated"})
_PEOPLE = frozenset({"person-invited", "person-changed"})
"""After these the log says what somebody may do from then on."""


@dataclass(frozen=True, slots=True)
class Action:
    """What was decided, by ids alone."""

    what: str
    """One of `activity.What`."""
    ref: str
    """The id of what it is about; empty: the campaign or the account itself."""
    actor: str
    """Empty: the operator."""


def note(
    connection: Connection, of: Campaign | Account, action: Action, at: int
) -> None:
    """Add it to the chain of what it belongs to; `at` in microseconds."""
    content: dict[str, Any] = {"about": action.ref} if action.ref else {}
    if action.what in _TOKENS:
        content |= _rights_of_token(connection, action.ref)
    elif action.what in _PEOPLE:
        content |= _rights_of_person(connection, Chain.of(of).account_id, action.ref)
    actor = action.actor or OPERATOR
    entry = Entry(Kind.ACTION, action.what, actor, content)
    append(connection, Chain.of(of), at, [entry])


def _rights_of_token(connection: Connection, public_id: str) -> dict[str, Any]:
    row = one(
        connection.rows(
            """
            SELECT lineage, may_write, filter_id, generation, readable, expires_at,
                   masks
              FROM token
             WHERE public_id = :public_id
            """,
            {"public_id": public_id},
        )
    )
    if row is None:
        return {}
    lineage, may_write, filter_id, generation, readable, expires_at, masks = row
    fields = None if readable is None else msgspec.json.decode(readable)
    scope = {"filter": filter_id, "generation": generation, "fields": fields}
    is_masked = masks and fields is None and not may_write
    return {
        "lineage": lineage,
        "may_write": bool(may_write),
        "scope": scope | ({"masks": True} if is_masked else {}),
        "expires_at_us": expires_at,
    }


def _rights_of_person(
    connection: Connection, account_id: int, person_id: str
) -> dict[str, Any]:
    row = one(
        connection.rows(
            """
            SELECT role, campaigns FROM login
             WHERE account_id = :account_id AND person_id = :person_id
            """,
            {"account_id": account_id, "person_id": int(person_id or 0)},
        )
    )
    if row is None:
        return {}
    return {"role": row[0], "campaigns": msgspec.json.decode(row[1])}
