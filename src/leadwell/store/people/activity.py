"""What people and commands have changed besides leads: noted, and never changed.

What is noted here stands in the audit log too, by ids alone.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.user import User
from leadwell.schema.times import from_microseconds
from leadwell.store.audit import actions
from leadwell.store.connection import Connection

ABOUT_CHARACTERS_MAX = 255
WHO_CHARACTERS_MAX = 200


class What(StrEnum):
    """What may have happened; the pages say it in words."""

    CAMPAIGN_MADE = "campaign-made"
    CAMPAIGN_CHANGED = "campaign-changed"
    FIELD_ADDED = "field-added"
    FIELD_CHANGED = "field-changed"
    FIELD_MARKED = "field-marked"
    FIELD_UNMARKED = "field-unmarked"
    FIELD_REMOVED = "field-removed"
    FIELDS_ORDERED = "fields-ordered"
    OPTION_ADDED = "option-added"
    OPTION_CHANGED = "option-changed"
    OPTION_REMOVED = "option-removed"
    OPTIONS_ORDERED = "options-ordered"
    STATUS_ADDED = "status-added"
    STATUS_CHANGED = "status-changed"
    STATUS_REMOVED = "status-removed"
    STATUSES_ORDERED = "statuses-ordered"
    FILTER_MADE = "filter-made"
    FILTER_CHANGED = "filter-changed"
    FILTER_REMOVED = "filter-removed"
    TOKEN_MADE = "token-made"  # noqa: S105 - the name of a happening
    TOKEN_CHANGED = "token-changed"  # noqa: S105 - the name of a happening
    TOKEN_ROTATED = "token-rotated"  # noqa: S105 - the name of a happening
    TOKEN_REVOKED = "token-revoked"  # noqa: S105 - the name of a happening
    LINK_MADE = "link-made"
    LINK_REVOKED = "link-revoked"
    WEBHOOK_MADE = "webhook-made"
    WEBHOOK_CHANGED = "webhook-changed"
    WEBHOOK_REMOVED = "webhook-removed"
    ACCOUNT_MADE = "account-made"
    PERSON_ADDED = "person-added"
    PERSON_RENAMED = "person-renamed"
    PERSON_INVITED = "person-invited"
    PASSWORD_LINK_MADE = "password-link-made"  # noqa: S105 - the name of a happening
    SIGN_IN_CLOSED = "sign-in-closed"
    PERSON_CHANGED = "person-changed"
    PERSON_REMOVED = "person-removed"
    RETENTION_ADDED = "retention-added"
    RETENTION_REMOVED = "retention-removed"
    RETENTION_ERASED = "retention-erased"
    RETENTION_ANONYMISED = "retention-anonymised"
    DUPLICATES_CHANGED = "duplicates-changed"
    LEADS_MERGED = "leads-merged"
    HISTORY_FORGOTTEN = "history-forgotten"
    LEADS_ERASED = "leads-erased"
    PERSON_ERASED = "person-erased"
    PERSON_EXPORTED = "person-exported"
    IMPORT_STARTED = "import-started"
    IMPORT_UNDONE = "import-undone"


BY_RETENTION = frozenset({What.RETENTION_ERASED, What.RETENTION_ANONYMISED})
"""What no person has done: a rule was carried out."""


class Named(NamedTuple):
    """Who has done something, or what it was done to."""

    name: str
    """As it was called then."""
    ref: str
    """What tells it from all others: all that the audit log is told."""


OPERATOR = Named("", "")
"""Who works at the hub's own command line."""


def user_named(user: User) -> Named:
    """Return somebody who signs in, as what something was done to."""
    return Named(user.name, str(user.person_id))


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that somebody has done."""

    at: datetime
    what: str
    """One of `What`, or what a newer release has noted."""
    about: str
    """What it was done to, as it was called then."""
    who: str
    """The name of a person; empty: the operator, or the hub by itself."""


def note(
    connection: Connection,
    of: Campaign | Account,
    what: What,
    about: str | Named,
    *,
    who: str | Named,
    at: int,
) -> None:
    """Note what is done, in the transaction that does it; `at` in microseconds.

    The same of one moment is noted once. `of` is what it belongs to: a campaign, or
    the account itself. A text alone is a name that the audit log is not told.
    """
    about, who = _named(about), _named(who)
    by = actions.RETENTION if what in BY_RETENTION else who.ref
    done = actions.Action(what.value, about.ref, by)
    actions.note(connection, of, done, at)
    connection.run(
        """
        INSERT INTO activity (campaign_id, account_id, at, what, about, who)
             VALUES (:campaign_id, :account_id, :at, :what, :about, :who)
        ON CONFLICT (campaign_id, account_id, at, what, about) DO NOTHING
        """,
        {
            **_owner(of),
            "at": at,
            "what": what.value,
            "about": about.name[:ABOUT_CHARACTERS_MAX],
            "who": who.name[:WHO_CHARACTERS_MAX],
        },
    )


def find(
    connection: Connection, of: Campaign | Account, before: int, most: int
) -> list[Happening]:
    """Return the newest ones before a moment in microseconds, newest first.

    Served by the primary key.
    """
    found = connection.rows(
        """
        SELECT at, what, about, who FROM activity
         WHERE campaign_id = :campaign_id AND account_id = :account_id
           AND at < :before
         ORDER BY at DESC, what, about
         LIMIT :most
        """,
        {**_owner(of), "before": before, "most": most},
    )
    return [Happening(from_microseconds(row[0]), *row[1:]) for row in found]


def _named(given: str | Named) -> Named:
    return given if isinstance(given, Named) else Named(given, "")


def _owner(of: Campaign | Account) -> dict[str, int]:
    if isinstance(of, Account):
        return {"campaign_id": 0, "account_id": of.id}
    return {"campaign_id": of.id, "account_id": of.account_id}
