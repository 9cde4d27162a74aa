"""One change of many leads: done in chunks, each in a transaction, and undone likewise.

Which leads it is about is fixed when it begins. Where it stands is kept with every
chunk, so that it goes on after a restart, and two who work at it do nothing twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from pyroaring import BitMap

from leadwell.errors import (
    Conflict,
    LeadNotFound,
    NotFound,
    PreconditionFailed,
)
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Author
from leadwell.model.lead import JSON
from leadwell.schema import submission
from leadwell.schema.times import from_microseconds
from leadwell.store.connection import Connection, one
from leadwell.store.edits import naming, undoing
from leadwell.store.writes.writing import Writing

CHUNK = 1_000
"""Leads changed in one transaction: others write in between."""
KEPT_US = 30 * 24 * 3_600 * 1_000_000
"""How long an edit can be undone."""
_COLUMNS = """id, author, undoes, given, leads, total, done_to, done, changed, stamps,
               begun_at"""
Given = Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Bulk:
    """One edit of many leads."""

    id: str
    author: str
    undoes: str
    """The edit that it undoes; empty: none."""
    given: str
    """JSON: what is set, as `naming.kept` has it; empty once it is done."""
    leads: BitMap
    done_to: int
    """The last lead that is done."""
    done: int
    changed: int
    """How many of them have changed."""
    stamps: tuple[int, ...]
    """The moments of its transactions, in microseconds: its revisions have them."""
    begun_at: int

    @property
    def total(self) -> int:
        """How many leads it is about."""
        return len(self.leads)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.done >= self.total

    @property
    def touched_at(self) -> int:
        """When it was worked at last, in microseconds."""
        return self.stamps[-1] if self.stamps else self.begun_at

    @property
    def begun(self) -> datetime:
        """When it began."""
        return from_microseconds(self.begun_at)


def begin(connection: Connection, campaign: Campaign, edit: Bulk, now: int) -> Bulk:
    """Keep an edit that is to be done; one with the same id is left as it is.

    Old ones are forgotten.
    """
    params = {"campaign_id": campaign.id, "since": now - KEPT_US}
    connection.run(
        "DELETE FROM bulk_edit WHERE campaign_id = :campaign_id AND begun_at <= :since",
        params,
    )
    connection.run(
        f"""
        INSERT INTO bulk_edit (campaign_id, {_COLUMNS})
             VALUES (:campaign_id, :id, :author, :undoes, :given, :leads, :total,
                     :done_to, :done, :changed, :stamps, :begun_at)
        ON CONFLICT (campaign_id, id) DO NOTHING
        """,
        _params(campaign.id, edit),
    )
    return known(connection, campaign.id, edit.id)


def made(
    campaign: Campaign, id_: str, author: str, leads: BitMap, given: Given, now: int
) -> Bulk:
    """Make an edit that sets the same for all leads: what a submission names."""
    text = msgspec.json.encode(naming.kept(campaign, given)).decode()
    return Bulk(id_, author, "", text, leads, 0, 0, 0, (), now)


def undoing_of(edit: Bulk, id_: str, author: str, now: int) -> Bulk:
    """Make the edit that undoes another one."""
    return Bulk(id_, author, edit.id, "", edit.leads, 0, 0, 0, (), now)


def known(connection: Connection, campaign_id: int, id_: str) -> Bulk:
    """Return an edit of many leads.

    Raises:
        NotFound: there is none with this id, or none any more.
    """
    row = one(
        connection.rows(
            f"""
            SELECT {_COLUMNS} FROM bulk_edit
             WHERE campaign_id = :campaign_id AND id = :id
            """,
            {"campaign_id": campaign_id, "id": id_},
        )
    )
    if row is None:
        raise NotFound(
            "there is no such edit", hint="an edit can be looked at for 30 days"
        )
    return Bulk(
        id=row[0],
        author=row[1],
        undoes=row[2],
        given=row[3],
        leads=BitMap.deserialize(bytes(row[4])),
        done_to=row[6],
        done=row[7],
        changed=row[8],
        stamps=msgspec.json.decode(row[9], type=tuple[int, ...]),
        begun_at=row[10],
    )


def work(
    connection: Connection, campaign: Campaign, id_: str, now: int, chunk: int = CHUNK
) -> Bulk:
    """Do the next chunk of an edit, in this transaction; return how far it is.

    The campaign is held, so that nobody else does the same chunk meanwhile. Leads that
    are gone are passed over; where an edit is undone, those changed since too.

    Raises:
        InvalidLead, Conflict: the campaign was changed so that nothing of it can be
            set.
    """
    edit = known(connection, campaign.id, id_)
    if edit.is_done:
        return edit
    ids = _next(edit, chunk)
    changed, stamp = _done(connection, campaign, edit, ids, now)
    edit = replace(
        edit,
        done_to=ids[-1],
        done=edit.done + len(ids),
        changed=edit.changed + changed,
        stamps=(*edit.stamps, stamp),
    )
    if edit.is_done:
        edit = replace(edit, given="")
    _keep(connection, campaign.id, edit)
    return edit


def _done(
    connection: Connection, campaign: Campaign, edit: Bulk, ids: list[int], now: int
) -> tuple[int, int]:
    """Write a chunk; return how many leads have changed, and the moment of that."""
    author = Author(edit.author)
    writing = Writing.begin(connection, campaign, author, now, len(ids))
    if edit.undoes:
        changed = _undone(connection, writing, edit, ids)
    else:
        changed = _changed(writing, edit, ids)
    writing.close()
    return changed, writing.ticket.now


def _next(edit: Bulk, chunk: int) -> list[int]:
    left = edit.leads.copy()
    left.remove_range(0, edit.done_to + 1)
    return list(islice(left, chunk))


def _changed(writing: Writing, edit: Bulk, ids: list[int]) -> int:
    named = naming.given(writing.campaign, msgspec.json.decode(edit.given))
    given = submission.read(writing.campaign, named, is_new=False)
    count = 0
    for lead_id in ids:
        try:
            count += writing.change(lead_id, given).is_changed
        except LeadNotFound:
            continue
    return count


def _undone(
    connection: Connection, writing: Writing, edit: Bulk, ids: list[int]
) -> int:
    count = 0
    undone = known(connection, writing.campaign.id, edit.undoes)
    for lead_id, version, changes in _revisions(connection, writing, undone, ids):
        try:
            given = undoing.former(writing.campaign, changes)
            count += writing.change(lead_id, given, frozenset((version,))).is_changed
        except (LeadNotFound, PreconditionFailed, Conflict):
            continue
    return count


def _revisions(
    connection: Connection, writing: Writing, edit: Bulk, ids: list[int]
) -> list[tuple[int, int, undoing.Changes]]:
    """Return what an edit has done to these leads."""
    if not edit.stamps:
        return []
    rows = connection.rows(
        """
        SELECT lead_id, version, at, changes FROM lead_history
         WHERE campaign_id = :campaign_id AND author = :author
           AND lead_id >= :first AND lead_id <= :last
           AND at >= :since AND at <= :until
         ORDER BY lead_id, version
        """,
        {
            "campaign_id": writing.campaign.id,
            "author": edit.author,
            "first": ids[0],
            "last": ids[-1],
            "since": edit.stamps[0],
            "until": edit.stamps[-1],
        },
    )
    wanted, stamps = set(ids), set(edit.stamps)
    decode = msgspec.json.Decoder(dict[str, tuple[Any, Any]]).decode
    return [
        (row[0], row[1], decode(row[3]))
        for row in rows
        if row[0] in wanted and row[2] in stamps
    ]


def _keep(connection: Connection, campaign_id: int, edit: Bulk) -> None:
    connection.run(
        """
        UPDATE bulk_edit
           SET given = :given, done_to = :done_to, done = :done, changed = :changed,
               stamps = :stamps
         WHERE campaign_id = :campaign_id AND id = :id
        """,
        {
            name: value
            for name, value in _params(campaign_id, edit).items()
            if name not in {"author", "undoes", "leads", "total", "begun_at"}
        },
    )


def _params(campaign_id: int, edit: Bulk) -> dict[str, Any]:
    return {
        "campaign_id": campaign_id,
        "id": edit.id,
        "author": edit.author,
        "undoes": edit.undoes,
        "given": edit.given,
        "leads": edit.leads.serialize(),
        "total": edit.total,
        "done_to": edit.done_to,
        "done": edit.done,
        "changed": edit.changed,
        "stamps": msgspec.json.encode(edit.stamps).decode(),
        "begun_at": edit.begun_at,
    }
