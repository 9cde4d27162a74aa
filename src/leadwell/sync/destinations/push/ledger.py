"""The ledger: a copy of the leads, and an outbox of what a receiver has not got yet.

Both are written in the transaction that moves the cursor on, so that no change is
pulled and then forgotten, whenever the run is killed. A lead has one entry at most:
what is delivered is always its last state, and never an older one after a newer one.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from leadwell.errors import UsageError
from leadwell.sync.batches import ERASED, Batch, Tally
from leadwell.sync.destinations.sqlite import SQLiteCopy
from leadwell.sync.errors import ForeignDestination
from leadwell.sync.state import State
from leadwell.sync.table import table_of

LEDGER, OUTBOX, DELIVERED = "leadwell_ledger", "leadwell_outbox", "leadwell_delivered"
UPSERT, REMOVE = "upsert", "remove"
ANSWER_CHARACTERS_MAX = 500
"""Kept of a refusal: enough to see why."""
_TABLES = f"""
CREATE TABLE {LEDGER} (
    target TEXT NOT NULL, step INTEGER NOT NULL, memory TEXT NOT NULL);
CREATE TABLE {OUTBOX} (
    lead_id INTEGER PRIMARY KEY NOT NULL, version INTEGER NOT NULL,
    operation TEXT NOT NULL, reason TEXT NOT NULL, external_id TEXT,
    step INTEGER NOT NULL, at TEXT NOT NULL, attempts INTEGER NOT NULL,
    is_dead BOOLEAN NOT NULL, status INTEGER, answer TEXT NOT NULL);
CREATE TABLE {DELIVERED} (
    lead_id INTEGER PRIMARY KEY NOT NULL, version INTEGER NOT NULL, remote_id TEXT)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What has to be delivered of one lead: its last state, or that it is gone."""

    lead_id: int
    version: int
    operation: str
    """`upsert` or `remove`."""
    reason: str
    """Why it went, as the feed says it; empty for an upsert."""
    external_id: str | None
    step: int
    """The step of the copy that put it here; repeated deliveries have the same one."""
    at: str
    """When that was; RFC 3339."""
    attempts: int
    """Runs that did not get it delivered."""
    status: int | None
    """The HTTP status of the last answer."""
    answer: str
    """What the receiver said last."""
    remote_id: str | None
    """What the receiver calls the lead."""


_ENTRIES = (
    "SELECT o.lead_id, o.version, o.operation, o.reason, o.external_id, o.step, o.at,"
    " o.attempts, o.status, o.answer, d.remote_id"
    f" FROM {OUTBOX} AS o LEFT JOIN {DELIVERED} AS d ON d.lead_id = o.lead_id"
)


class Outbox(SQLiteCopy):
    """What a receiver has not got yet, of the leads of a copy."""

    def waiting(self) -> list[int]:
        """Return the leads to deliver: what failed least first, then the oldest."""
        found = self._run(
            f"SELECT lead_id FROM {OUTBOX} WHERE NOT is_dead"
            " ORDER BY attempts, step, lead_id"
        )
        return [lead_id for (lead_id,) in found]

    def has_forgotten(self) -> bool:
        """Whether the receiver has heard of every lead that was erased."""
        sql = f"SELECT 1 FROM {OUTBOX} WHERE operation = '{REMOVE}' AND reason = ? "
        return OUTBOX not in self._names() or not self._run(f"{sql} LIMIT 1", [ERASED])

    def note_failed(
        self, entry: Entry, status: int | None, answer: str, *, is_dead: bool = False
    ) -> None:
        """Remember why an entry was not delivered."""
        said = answer[:ANSWER_CHARACTERS_MAX]
        self._run(
            f"UPDATE {OUTBOX} SET attempts = attempts + 1, status = ?, answer = ?,"
            " is_dead = ? WHERE lead_id = ?",
            [status, said, is_dead, entry.lead_id],
        )

    def revive(self) -> None:
        """Put what the receiver did not take back among what is to be delivered."""
        self._run(f"UPDATE {OUTBOX} SET is_dead = FALSE, attempts = 0 WHERE is_dead")


class Ledger(Outbox):
    """An open ledger, for one receiver."""

    def __init__(self, text: str, connection: sqlite3.Connection, target: str) -> None:
        """Take over a connection.

        Args:
            target: names the receiver, and shows nothing secret of it
        """
        super().__init__(text, connection)
        self._target = target

    def state(self) -> State | None:
        """Return where the copy stands."""
        state = super().state()
        if state is not None:
            self._check_target(state)
        return state

    def held(self) -> Iterator[tuple[int, int]]:
        """Return id and version of each lead as the receiver has acknowledged it."""
        return self._rows(f"SELECT lead_id, version FROM {DELIVERED}")

    stored = SQLiteCopy.held

    def entries(self, lead_ids: Iterable[int]) -> list[Entry]:
        """Return the entries of these leads, in their order."""
        ids = list(lead_ids)
        sql = f"{_ENTRIES} WHERE o.lead_id IN ({self.listed})"
        found = {row[0]: Entry(*row) for row in self._run(sql, [_json(ids)])}
        return [found[each] for each in ids]

    def dead(self) -> list[Entry]:
        """Return the entries that the receiver does not take."""
        found = self._run(f"{_ENTRIES} WHERE o.is_dead ORDER BY o.lead_id")
        return [Entry(*row) for row in found]

    def rows_of(self, lead_ids: Iterable[int], columns: Sequence[str]) -> list[Any]:
        """Return the cells of these leads."""
        listed = ", ".join(f'"{name}"' for name in columns)
        sql = f"SELECT {listed} FROM leads WHERE id IN ({self.listed})"
        return self._run(sql, [_json(lead_ids)])

    def words(self, table: str, columns: Sequence[str]) -> list[Any]:
        """Return what stands in a table beside the leads."""
        return self._run(f"SELECT {', '.join(columns)} FROM {table}")

    def names(self) -> dict[int, str]:
        """Return the names of people, by their ids."""
        return dict(self._run("SELECT id, name FROM people"))

    def memory(self) -> str:
        """Return what delivering has to remember beside the leads; empty at first."""
        ((text,),) = self._run(f"SELECT memory FROM {LEDGER}")
        return str(text)

    def note_delivered(
        self,
        entries: Sequence[Entry],
        remote_ids: Mapping[int, str],
        memory: str | None = None,
    ) -> None:
        """Take delivered entries out, and remember what the receiver has.

        Args:
            memory: what is to be remembered from now on, if that is something else
        """
        held = [e for e in entries if e.operation == UPSERT]
        with self._transaction():
            ids = _json(entry.lead_id for entry in entries)
            for table in (OUTBOX, DELIVERED):
                self._run(
                    f"DELETE FROM {table} WHERE lead_id IN ({self.listed})", [ids]
                )
            self._many(
                f"INSERT INTO {DELIVERED} VALUES (?, ?, ?)",
                [
                    (e.lead_id, e.version, remote_ids.get(e.lead_id, e.remote_id))
                    for e in held
                ],
            )
            if memory is not None:
                self._run(f"UPDATE {LEDGER} SET memory = ?", [memory])

    def put_back(self, *, as_new: bool = False) -> None:
        """Put every lead among what is to be delivered.

        Args:
            as_new: forget that the receiver has any
        """
        with self._transaction():
            if as_new:
                self._run(f"DELETE FROM {DELIVERED}")
            self._run(
                f"INSERT OR IGNORE INTO {OUTBOX} SELECT id, version, '{UPSERT}', '',"
                f" external_id, (SELECT step FROM {LEDGER}), updated_at, 0, FALSE,"
                " NULL, '' FROM leads"
            )

    def _check_target(self, state: State) -> None:
        if LEDGER not in self._names():
            raise ForeignDestination(
                f"{self.place} is a copy of leads, and no ledger",
                hint="nothing was touched: name another ledger",
            )
        ((target, step),) = self._run(f"SELECT target, step FROM {LEDGER}")
        if target != self._target:
            raise ForeignDestination(
                f"{self.place} is the ledger of {target}",
                hint="name another ledger; everything is delivered again then",
            )
        if step != state.step:
            raise ForeignDestination(
                f"{self.place} was moved on by something that delivers nothing",
                hint="name another ledger; everything is delivered again then",
            )

    def _make(self, state: State) -> None:
        super()._make(state)
        for statement in _TABLES.split(";"):
            self._run(statement)
        self._run(f"INSERT INTO {LEDGER} VALUES (?, 0, '')", [self._target])

    def _told(self, batch: Batch) -> Tally:
        if batch.state.keeps_removed:
            raise UsageError(
                "--keep-removed is for copies: a receiver is told that a lead is gone",
                hint="leave it out; what becomes of the lead there is the receiver's",
            )
        tally = super()._told(batch)
        self._run(f"UPDATE {LEDGER} SET step = ?", [batch.state.step])
        return tally

    def _stored(self, batch: Batch) -> Tally:
        listed = [row.id for row in batch.rows]
        columns = [column.name for column in table_of(batch.state.schema).columns]
        before = {row[0]: row for row in self.rows_of(listed, columns)}
        tally = super()._stored(batch)
        after = self.rows_of(listed, columns)
        # A service that counts by the second tells two changes as one version.
        changed = _json(r[0] for r in after if before.get(r[0], r) != r)
        # What the receiver has acknowledged in this version need not go there again,
        # unless something else is on its way, and may have arrived already.
        self._run(
            f"INSERT INTO {OUTBOX} SELECT l.id, l.version, '{UPSERT}', '',"
            " l.external_id, ?, l.updated_at, 0, FALSE, NULL, '' FROM leads AS l"
            f" LEFT JOIN {DELIVERED} AS d ON d.lead_id = l.id"
            f" LEFT JOIN {OUTBOX} AS o ON o.lead_id = l.id"
            f" WHERE l.id IN ({self.listed})"
            " AND (d.version IS NOT l.version OR o.lead_id IS NOT NULL"
            f" OR l.id IN ({self.listed}))"
            " ON CONFLICT (lead_id) DO UPDATE SET version = excluded.version,"
            " operation = excluded.operation, reason = '',"
            " external_id = excluded.external_id, step = excluded.step,"
            " at = excluded.at, attempts = 0, is_dead = FALSE, status = NULL,"
            f" answer = '' WHERE is_dead OR operation <> '{UPSERT}'"
            f" OR {OUTBOX}.version <> excluded.version"
            f" OR excluded.lead_id IN ({self.listed})",
            [batch.state.step, _json(listed), changed, changed],
        )
        return tally

    def _removed(self, batch: Batch, removals: Mapping[int, str]) -> int:
        sql = f"SELECT id, version, external_id FROM leads WHERE id IN ({self.listed})"
        held = {row[0]: row[1:] for row in self._run(sql, [_json(removals)])}
        gone = super()._removed(batch, removals)
        # Who got a lead and was told that it left must hear that it was erased, too.
        told = [i for i, why in removals.items() if i in held or why == ERASED]
        sql = f"INSERT OR REPLACE INTO {OUTBOX} VALUES"
        sql += f" (?, ?, '{REMOVE}', ?, ?, ?, ?, 0, FALSE, NULL, '')"
        now = (batch.state.step, batch.state.synced_at)
        entries: list[tuple[Any, ...]] = []
        for lead_id in told:
            version, external_id = held.get(lead_id, (0, None))
            entries.append((lead_id, version, removals[lead_id], external_id, *now))
        self._many(sql, entries)
        return gone


def _json(numbers: Iterable[int]) -> str:
    return msgspec.json.encode(list(numbers)).decode()
