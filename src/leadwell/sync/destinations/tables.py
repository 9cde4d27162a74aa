"""A copy in the tables of a database: the statements that all databases share.

Every table is made by the first step, and every change of them is part of a step.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import msgspec

from leadwell.sync.batches import ERASED, NOT_TOLD, Batch, Tally
from leadwell.sync.destinations import labels
from leadwell.sync.destinations.base import Overtaken
from leadwell.sync.destinations.database import Database, quoted
from leadwell.sync.errors import ForeignDestination, UnreadableDestination
from leadwell.sync.state import FORMAT, State
from leadwell.sync.table import (
    MARKS,
    REMOVED_AT,
    REMOVED_REASON,
    Column,
    Kind,
    Table,
    alteration,
    table_of,
)

STATE, TOLD = "leadwell_sync", "leadwell_told"
OWN = ("leads", "options", "statuses", "people", "quarantine", labels.VIEW, STATE, TOLD)
"""Every name that a copy takes."""
_SIDE_TABLES = """
CREATE TABLE options (
    field {text} NOT NULL, slug {text} NOT NULL, label {text} NOT NULL,
    position INTEGER NOT NULL);
CREATE TABLE statuses (
    slug {text} NOT NULL, label {text} NOT NULL, type {text} NOT NULL,
    position INTEGER NOT NULL);
CREATE TABLE people (id {whole} NOT NULL, name {text} NOT NULL);
CREATE TABLE quarantine (
    lead_id {whole} NOT NULL, version {whole} NOT NULL, field {text} NOT NULL,
    value {text} NOT NULL, reason {text} NOT NULL);
CREATE TABLE leadwell_told (id {whole} {key});
CREATE TABLE leadwell_sync (
    format INTEGER NOT NULL, campaign_id {whole} NOT NULL, step {whole} NOT NULL,
    synced_at {text} NOT NULL, is_up_to_date BOOLEAN NOT NULL, state {text} NOT NULL)
"""


class Tables(Database):
    """A copy in a database that speaks SQL."""

    _is_marked: bool | None = None
    """Whether there are columns for removed leads; `None`: not known."""

    def state(self) -> State | None:
        """Return where the copy stands."""
        names = self._names()
        if STATE not in names:
            self._check_free(names)
            return None
        ((found_format, text),) = self._run(f"SELECT format, state FROM {STATE}")
        if found_format > FORMAT:
            raise UnreadableDestination(
                f"{self.place} was written by a later version of Leadwell",
                hint="pip install --upgrade leadwell",
            )
        state = msgspec.json.decode(text, type=State)
        missing = state.columns.keys() - self._columns()
        if missing:
            raise ForeignDestination(
                f"the table leads of {self.place} lacks {', '.join(sorted(missing))}",
                hint="somebody has changed it: name another destination",
            )
        return state

    def keep(self, batch: Batch, step: int | None) -> Tally:
        """Store a batch and its state in one transaction."""
        with self._transaction():
            self._check_step(step)
            if step is None:
                self._make(batch.state)
            if batch.schema is not None:
                batch = self._altered(batch, batch.schema)
            tally = self._told(batch)
            self._note(batch.state)
        return tally

    def held(self) -> Iterator[tuple[int, int]]:
        """Return id and version of each lead that is there."""
        where = f" WHERE {REMOVED_AT} IS NULL" if self._keeps_removed() else ""
        return self._rows(f"SELECT id, version FROM leads{where}")

    def known(self, lead_ids: Iterable[int]) -> set[int]:
        """Return which of these leads are there."""
        where = f" AND {REMOVED_AT} IS NULL" if self._keeps_removed() else ""
        sql = f"SELECT id FROM leads WHERE id IN ({self.listed}){where}"
        return {found for (found,) in self._run(sql, [_json(lead_ids)])}

    def people(self) -> set[int]:
        """Return the ids of all people whose names are kept."""
        return {found for (found,) in self._run("SELECT id FROM people")}

    def _keeps_removed(self) -> bool:
        # Asked several times a step, and what makes it another answer is a step too.
        if self._is_marked is None:
            self._is_marked = REMOVED_AT in self._columns()
        return self._is_marked

    def _check_free(self, names: set[str]) -> None:
        taken = sorted(names & set(OWN))
        if taken:
            raise ForeignDestination(
                f"{self.place} has {taken[0]}, and it was not made by leadwell sync",
                hint="nothing was touched: name another destination",
            )

    def _check_step(self, step: int | None) -> None:
        names = self._names() if step is None else {STATE}
        if STATE not in names:
            self._check_free(names)
        elif self._run(f"SELECT step FROM {STATE}") != [(step,)]:
            # Whoever moved it on may be the first to keep removed leads.
            self._is_marked = None
            raise Overtaken

    def _make(self, state: State) -> None:
        text, whole = self.types[Kind.TEXT], self.types[Kind.WHOLE]
        self._run(f"CREATE TABLE leads (id {whole} {self.key})")
        made = _SIDE_TABLES.format(text=text, whole=whole, key=self.key)
        for statement in made.split(";"):
            self._run(statement)
        sql = f"INSERT INTO {STATE} VALUES (?, ?, 0, '', FALSE, '')"
        self._run(sql, (state.format, state.campaign_id))

    def _altered(self, batch: Batch, wanted: Table) -> Batch:
        """Set up the schema of a batch; the state then knows all columns."""
        self._is_marked = None
        held = batch.state.columns or {"id": Kind.WHOLE}
        found = alteration(held, wanted)
        self._run(f"DROP VIEW IF EXISTS {labels.VIEW}")
        for name, former in found.renamed:
            self._alter(f"RENAME COLUMN {quoted(name)} TO {quoted(former)}")
        for column in found.added:
            self._add(column)
        if batch.state.keeps_removed and not self._keeps_removed():
            for column in MARKS:
                self._add(column)
            self._is_marked = None
        if found.emptied:
            emptied = ", ".join(f"{quoted(name)} = NULL" for name in found.emptied)
            filled = " OR ".join(f"{quoted(n)} IS NOT NULL" for n in found.emptied)
            self._run(f"UPDATE leads SET {emptied} WHERE {filled}")
        self._replace_words(wanted)
        self._run(labels.view(wanted, self.chosen_labels, marks=self._keeps_removed()))
        state = msgspec.structs.replace(batch.state, columns=dict(found.columns))
        return replace(batch, state=state)

    def _add(self, column: Column) -> None:
        self._alter(f"ADD COLUMN {quoted(column.name)} {self.types[column.kind]}")

    def _alter(self, what: str) -> None:
        self._run(f"ALTER TABLE leads {what}")

    def _replace_words(self, wanted: Table) -> None:
        self._run("DELETE FROM options")
        self._many(
            "INSERT INTO options VALUES (?, ?, ?, ?)",
            [(o.field, o.slug, o.label, o.position) for o in wanted.options],
        )
        self._run("DELETE FROM statuses")
        self._many(
            "INSERT INTO statuses VALUES (?, ?, ?, ?)",
            [(s.slug, s.label, s.type, s.position) for s in wanted.statuses],
        )

    def _told(self, batch: Batch) -> Tally:
        if batch.retold_from:
            self._run(f"DELETE FROM {TOLD}")
        tally = self._stored(batch)
        tally.removed = self._removed(batch, batch.removals)
        if batch.retells:
            ids = [row.id for row in batch.rows]
            self._run(f"DELETE FROM {TOLD} WHERE id IN ({self.listed})", [_json(ids)])
            self._many(f"INSERT INTO {TOLD} VALUES (?)", [(each,) for each in ids])
            gone = _json(batch.removals)
            self._run(f"DELETE FROM {TOLD} WHERE id IN ({self.listed})", [gone])
        if batch.retold_to:
            tally.removed += self._removed(batch, self._untold())
            self._run(f"DELETE FROM {TOLD}")
        return tally

    def _stored(self, batch: Batch) -> Tally:
        ids = [row.id for row in batch.rows]
        known = self.known(ids)
        columns = table_of(batch.state.schema).columns
        new = [row for row in batch.rows if row.id not in known]
        if new:
            self._put_new(new, columns)
        if known:
            self._put([row for row in batch.rows if row.id in known], columns)
        self._forget_faults([*ids, *batch.removals])
        self._many(
            "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?)",
            [(f.lead_id, f.version, f.field, f.value, f.reason) for f in batch.faults],
        )
        if batch.schema is not None:
            self._run("DELETE FROM people")
        if batch.people:
            names = _json(batch.people)
            self._run(f"DELETE FROM people WHERE id IN ({self.listed})", [names])
            self._many("INSERT INTO people VALUES (?, ?)", batch.people.items())
        added = len(ids) - len(known)
        return Tally(added, len(known), 0, len(batch.faults))

    def _removed(self, batch: Batch, removals: Mapping[int, str]) -> int:
        """Remove leads, or mark them where they are kept; return how many went."""
        if not removals:
            return 0
        there = self.known(removals)
        deleted = list(removals)
        if batch.state.keeps_removed:
            deleted = [each for each, why in removals.items() if why == ERASED]
            marked = [
                (batch.state.synced_at, removals[each], each)
                for each in there.difference(deleted)
            ]
            marks = f"{REMOVED_AT} = ?, {REMOVED_REASON} = ?"
            self._many(f"UPDATE leads SET {marks} WHERE id = ?", marked)
        self._run(f"DELETE FROM leads WHERE id IN ({self.listed})", [_json(deleted)])
        return len(there)

    def _untold(self) -> dict[int, str]:
        sql = f"SELECT id FROM leads WHERE id NOT IN (SELECT id FROM {TOLD})"
        found = {each: NOT_TOLD for (each,) in self._run(sql)}
        self._forget_faults(found)
        return found

    def _forget_faults(self, lead_ids: Iterable[int]) -> None:
        if self._run("SELECT lead_id FROM quarantine LIMIT 1"):
            sql = f"DELETE FROM quarantine WHERE lead_id IN ({self.listed})"
            self._run(sql, [_json(lead_ids)])

    def _note(self, state: State) -> None:
        sql = f"UPDATE {STATE} SET format = ?, step = ?, synced_at = ?,"
        sql += " is_up_to_date = ?, state = ?"
        text = msgspec.json.encode(state).decode()
        values = (state.format, state.step, state.synced_at, state.is_up_to_date, text)
        self._run(sql, values)


def _json(numbers: Iterable[int]) -> str:
    return msgspec.json.encode(list(numbers)).decode()
