"""Load the rows of a file as leads: in chunks that are durable once reported.

A row is a lead once: by its `external_id`, or else by what it holds and how often
the file holds it. So a run that was broken off, or is done again, goes on where it
was, and a mended error file adds only what failed before.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import msgspec

from leadwell.errors import InvalidLead
from leadwell.errors.duplicates import DuplicateLead
from leadwell.intake.mapping import Targets, submission_of
from leadwell.intake.refusing import ErrorFile, Findings
from leadwell.intake.source import BadRow, Row, Source
from leadwell.model.campaign import Campaign, Policy
from leadwell.model.grant import OPERATOR
from leadwell.model.importing import Job
from leadwell.schema import identity, submission
from leadwell.schema.submission import IMPORT_KEYS, Submission
from leadwell.store.connection import Connection, Database
from leadwell.store.duplicates import matching
from leadwell.store.uploads import added
from leadwell.store.uploads.added import Loaded
from leadwell.store.writes import imports
from leadwell.store.writes.names import Names
from leadwell.store.writes.writing import Outcome, Writing

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
    duplicates: int = 0
    """In a rehearsal: those of them with the e-mail or phone of another lead or row,
    where the campaign asks for duplicates."""

    @property
    def rows(self) -> int:
        """All rows that were read."""
        return self.added + self.updated + self.known + self.failed

    def __add__(self, other: "Tally") -> "Tally":
        """Add up two chunks."""
        return Tally(
            self.added + other.added,
            self.updated + other.updated,
            self.known + other.known,
            self.failed + other.failed,
            self.duplicates + other.duplicates,
        )


@dataclass(frozen=True, slots=True)
class Load:
    """One file on its way into one campaign."""

    database: Database | None
    """`None`: every row is checked and nothing is written; all are taken for new."""
    campaign: Campaign
    targets: Targets
    clock: Callable[[], int]
    """The moment in microseconds."""
    error_path: Path
    job: Job | None = None
    """The import of a page, under which its leads are noted."""
    is_dry: bool = False
    """Whether rows are only looked up: which are new, and which known."""
    findings: Findings = field(default_factory=Findings)
    guard: Callable[[Connection], None] = lambda _: None
    """What refuses, with the campaign's ticket held, to add leads any more."""

    def run(self, source: Source, report: Callable[[Tally], None]) -> Tally:
        """Load all rows; `report` hears of each chunk once it is durable."""
        tally = Tally()
        counted = imports.Counted()
        try:
            with ErrorFile(self.error_path, source.columns, self.findings) as errors:
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
        errors: ErrorFile,
        tally: Tally,
    ) -> Tally:
        good = list(self._good(chunk, source, counted, errors))
        failed = len(chunk) - len(good)
        if self.database is None:
            outcome = Tally(added=len(good))
        elif self.is_dry:
            with self.database.reading() as connection:
                outcome = self._foreseen(connection, good, counted, errors)
        else:
            keep = self.database.write(
                lambda tx: self._keep(tx, good), campaign_id=self.campaign.id
            )
            outcome, refused = keep.result()
            # The job may have been done twice: what it refuses is noted once.
            for row, error in refused:
                errors.note(row.row, error, self.targets)
        return tally + replace(outcome, failed=outcome.failed + failed)

    def _good(
        self,
        chunk: "list[Row | BadRow]",
        source: Source,
        counted: imports.Counted,
        errors: ErrorFile,
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
            yield _Read(row, read, key, counted.meet(key))

    def _foreseen(
        self,
        connection: Connection,
        rows: "list[_Read]",
        counted: imports.Counted,
        errors: ErrorFile,
    ) -> Tally:
        """Say what loading the rows would do; what it changes is not compared."""
        tally = Tally()
        for row in rows:
            if self._is_loaded(connection, row):
                tally += Tally(known=1)
            elif self._is_named(connection, row):
                tally += Tally(updated=1)
            elif (alike := self._alike(connection, row, counted)) is None:
                tally += Tally(added=1)
            else:
                tally += self._foreseen_duplicate(row, alike, errors)
        return tally

    def _foreseen_duplicate(
        self, row: "_Read", alike: DuplicateLead, errors: ErrorFile
    ) -> Tally:
        if self.campaign.duplicates.policy is Policy.REJECT:
            errors.note(row.row, alike, self.targets)
            return Tally(failed=1, duplicates=1)
        is_merged = self.campaign.duplicates.policy is Policy.MERGE
        return Tally(added=not is_merged, updated=is_merged, duplicates=1)

    def _alike(
        self, connection: Connection, row: "_Read", counted: imports.Counted
    ) -> DuplicateLead | None:
        """Say which lead or row before it a row duplicates; `None`: it does not."""
        if self.campaign.duplicates.policy is Policy.OFF:
            return None
        values = row.submission.values
        held = list(identity.held(self.campaign, values))
        alike: DuplicateLead | None = None
        if found := matching.oldest(connection, self.campaign, values):
            alike = DuplicateLead.of(found[0], found[1].slug)
        elif met := [field for field, key in held if counted.has_met(key)]:
            alike = DuplicateLead.of_row(met[0].slug)
        if alike is None or self.campaign.duplicates.policy is not Policy.REJECT:
            # A row that is refused leaves nothing that a later one could duplicate.
            for _, key in held:
                counted.meet(key)
        return alike

    def _keep(
        self, connection: Connection, rows: "list[_Read]"
    ) -> "tuple[Tally, list[tuple[_Read, DuplicateLead]]]":
        author = replace(OPERATOR, noted_as=self.job.author if self.job else "")
        writing = Writing.begin(
            connection, self.campaign, author, self.clock(), len(rows)
        )
        self.guard(connection)
        new = [row for row in rows if not self._is_loaded(connection, row)]
        writing.expect(author.lineage, (row.submission for row in new))
        pairs: list[tuple[_Read, Outcome]] = []
        refused: list[tuple[_Read, DuplicateLead]] = []
        for row in new:
            try:
                pairs.append((row, writing.save(row.submission)))
            except DuplicateLead as error:
                refused.append((row, error))
        writing.close()
        imports.note_loaded(
            connection,
            self.campaign.id,
            [
                (row.digest, row.nth, outcome.lead.id)
                for row, outcome in pairs
                if not row.submission.external_id
            ],
        )
        if self.job is not None:
            leads = [
                Loaded(outcome.lead.id, row.digest, row.nth)
                for row, outcome in pairs
                if outcome.is_new
            ]
            added.note(connection, self.job, leads)
        is_new = sum(outcome.is_new for _, outcome in pairs)
        updated = sum(outcome.is_changed for _, outcome in pairs)
        failed = len(refused)
        known = len(rows) - is_new - updated - failed
        return Tally(is_new, updated, known, failed), refused

    def _is_loaded(self, connection: Connection, row: "_Read") -> bool:
        return not row.submission.external_id and imports.is_loaded(
            connection, self.campaign.id, row.digest, row.nth
        )

    def _is_named(self, connection: Connection, row: "_Read") -> bool:
        external_id = row.submission.external_id
        known = Names(connection, self.campaign)
        return (
            isinstance(external_id, str)
            and known.find(OPERATOR.lineage, external_id) is not None
        )


@dataclass(frozen=True, slots=True)
class _Read:
    row: Row
    submission: Submission
    digest: bytes
    nth: int
    """How often the run has met a row with this digest, this one included."""
