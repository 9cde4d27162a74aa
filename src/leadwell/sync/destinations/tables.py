"""A copy in the tables of a database: the statements that all databases share.

Every table is made by the first step, and every change of them is part of a step.
"""

from dataclasses import replace

import msgspec

from leadwell.sync.batches import Batch, Tally
from leadwell.sync.destinations import labels
from leadwell.sync.destinations.base import Overtaken
from leadwell.sync.destinations.database import quoted
from leadwell.sync.destinations.leads import TOLD, Leads
from leadwell.sync.errors import ForeignDestination, UnreadableDestination
from leadwell.sync.state import FORMAT, State
from leadwell.sync.table import (
    MARKS,
    Column,
    Kind,
    Table,
    alteration,
)

STATE = "leadwell_sync"
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


class Tables(Leads):
    """A copy in a database that speaks SQL."""

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
            # Whoever has moved the copy on may have been the first to mark leads.
            self._is_marked = None
            self._check_step(step)
            if step is None:
                self._make(batch.state)
            if batch.schema is not None:
                batch = self._altered(batch, batch.schema)
            tally = self._told(batch)
            self._note(batch.state)
        return tally

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
            raise Overtaken

    def _make(self, state: State) -> None:
        text, whole = self.types[Kind.TEXT], self.types[Kind.WHOLE]
        self._run(f"CREATE TABLE leads (id {whole} {self.key})")
        made = _SIDE_TABLES.format(text=text, whole=whole, key=self.key)
        for statement in made.split(";"):
            self._run(statement)
        values = (state.format, state.campaign_id)
        sql = f"INSERT INTO {STATE} VALUES (?, ?, 0, '', FALSE, '')"
        self._run(sql, values)

    def _altered(self, batch: Batch, wanted: Table) -> Batch:
        """Set up the schema of a batch; the state then knows all columns."""
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

    def _note(self, state: State) -> None:
        sql = f"UPDATE {STATE} SET format = ?, step = ?, synced_at = ?,"
        sql += " is_up_to_date = ?, state = ?"
        text = msgspec.json.encode(state).decode()
        values = (state.format, state.step, state.synced_at, state.is_up_to_date, text)
        self._run(sql, values)
