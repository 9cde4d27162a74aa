"""Load the rows of a file as leads: in chunks that are durable once reported.

A row is a lead once: by its `external_id`, or else by what it holds and how often
the file holds it. So a run that was broken off, or is done again, goes on where it
was, and a mended error file adds only what failed before.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from leadwell.errors import InvalidLead
from leadwell.intake.mapping import NOTES, Targets, submission_of
from leadwell.intake.source import BadRow, Row, Source
from leadwell.model.campaign import Campaign
from leadwell.schema import submission
from leadwell.schema.submission import IMPORT_KEYS, Submission
from leadwell.store.connection import Connection, Database
from leadwell.store.writes import imports, writing

CHUNK = 500
"""Rows in one transaction: large enough to be fast, small enough not to keep others
from writing."""
DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows became what."""

    added: int = 0
    updated: int = 0
    known: int = 0
    """Loaded by an earlier run, or unchanged."""
    failed: int = 0

    @property
    def rows(self) -> int:
        """All rows that were read."""
        return self.added + self.updated + self.known + self.failed


@dataclass(frozen=True, slots=True)
class Load:
    """One file on its way into one campaign."""

    database: Database | None
    """`None`: every row is checked and nothing is written."""
    campaign: Campaign
    targets: Targets
    clock: Callable[[], int]
    """The moment in microseconds."""
    error_path: Path

    def run(self, source: Source, report: Callable[[Tally], None]) -> Tally:
        """Load all rows; `report` hears of each chunk once it is durable."""
        tally = Tally()
        counted = imports.Counted()
        try:
            with _Errors(self.error_path, source.columns) as errors:
                rows = iter(source)
                while chunk := list(islice(rows, CHUNK)):
                    tally = self._load(chunk, source, counted, errors, tally)
                    errors.flush()
                    report(tally)
        finally:
            counted.close()
        return tally

    def _load(
        self,
        chunk: "list[Row | BadRow]",
        source: Source,
        counted: imports.Counted,
        errors: "_Errors",
        tally: Tally,
    ) -> Tally:
        good = list(self._good(chunk, source, counted, errors))
        failed = len(chunk) - len(good)
        if self.database is None:
            outcome = Tally(added=len(good))
        else:
            outcome = self.database.write(lambda tx: self._keep(tx, good)).result()
        return Tally(
            tally.added + outcome.added,
            tally.updated + outcome.updated,
            tally.known + outcome.known,
            tally.failed + failed,
        )

    def _good(
        self,
        chunk: "list[Row | BadRow]",
        source: Source,
        counted: imports.Counted,
        errors: "_Errors",
    ) -> Iterator["_Read"]:
        for row in chunk:
            if isinstance(row, BadRow):
                errors.note_unread(row)
                continue
            given = submission_of(
                self.campaign,
                self.targets,
                row.cells,
                decimal_comma=source.decimal_comma,
            )
            try:
                read = submission.read(self.campaign, given, extra_keys=IMPORT_KEYS)
            except InvalidLead as error:
                errors.note(row, error, self.targets)
                continue
            digest = hashlib.sha256(msgspec.json.encode(given, order="deterministic"))
            key = digest.digest()[:DIGEST_BYTES]
            yield _Read(read, key, counted.meet(key))

    def _keep(self, connection: Connection, rows: "list[_Read]") -> Tally:
        new = [row for row in rows if not self._is_loaded(connection, row)]
        if not new:
            return Tally(known=len(rows))
        outcomes = writing.add(
            connection,
            self.campaign,
            [row.submission for row in new],
            writing.OPERATOR,
            self.clock(),
        )
        imports.note_loaded(
            connection,
            self.campaign.id,
            [
                (row.digest, row.nth, outcome.lead.id)
                for row, outcome in zip(new, outcomes, strict=True)
                if not row.submission.external_id
            ],
        )
        added = sum(outcome.is_new for outcome in outcomes)
        updated = sum(outcome.is_changed for outcome in outcomes)
        return Tally(added, updated, known=len(rows) - added - updated)

    def _is_loaded(self, connection: Connection, row: "_Read") -> bool:
        return not row.submission.external_id and imports.is_loaded(
            connection, self.campaign.id, row.digest, row.nth
        )


@dataclass(frozen=True, slots=True)
class _Read:
    submission: Submission
    digest: bytes
    nth: int
    """How often the run has met a row with this digest, this one included."""


class _Errors:
    """The file of the rows that failed; it is there only when a row has failed."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self._path = path
        self._columns = tuple(column for column in columns if column not in NOTES)
        self._file: Any = None
        self._writer: Any = None

    def __enter__(self) -> "_Errors":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def note(self, row: Row, error: InvalidLead, targets: Targets) -> None:
        columns = {target: column for column, target in targets.items()}
        slugs = [(p.pointer or "").rpartition("/")[2] for p in error.problems]
        names = [columns.get(slug, slug) for slug in slugs]
        messages = [problem.message for problem in error.problems]
        cells = [_text(row.cells.get(column)) for column in self._columns]
        self._write([*cells, row.number, "; ".join(names), "; ".join(messages)])

    def note_unread(self, row: BadRow) -> None:
        width = len(self._columns)
        cells = [*row.raw[:width], *[""] * (width - len(row.raw))]
        self._write([*cells, row.number, "", row.problem])

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def _write(self, cells: list[Any]) -> None:
        if self._writer is None:
            # The mark lets spreadsheets know that the file is UTF-8.
            self._file = self._path.open("w", newline="", encoding="utf-8-sig")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*self._columns, *NOTES])
        self._writer.writerow(cells)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else msgspec.json.encode(cell).decode()
