"""`leadwell import`: load a file of leads."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from leadwell.errors import UsageError

if TYPE_CHECKING:
    from leadwell.intake.loading import Load, Tally
    from leadwell.intake.source import Source
    from leadwell.model.campaign import Campaign
    from leadwell.store.sqlite import SQLiteDatabase

PARTLY = 7
"""Exit code: some rows are loaded, others stand in the error file."""


@Parameter(name="*")
@dataclass(frozen=True)
class Into:
    """Where the leads go."""

    campaign: int | None = None
    """The campaign that gets the leads."""
    new: str | None = None
    """Make a campaign with this name instead, its schema inferred from the file."""
    id: int | None = None
    """The new campaign's id."""
    account: str = "default"
    """The account that will own the new campaign; made when it is not there."""
    status_column: str | None = None
    """The column that holds the statuses of the new campaign."""
    country: str = "DK"
    """Where phone numbers of the new campaign are dialled."""


@Parameter(name="*")
@dataclass(frozen=True)
class As:
    """How the file is read."""

    map: list[str] = field(default_factory=list[str])
    """COLUMN=SLUG, once for each column; COLUMN=- leaves the column out."""
    encoding: str | None = None
    """How the file's text is encoded, if it is guessed wrong."""
    delimiter: str | None = None
    """What separates the cells, if it is guessed wrong."""
    dry_run: bool = False
    """Check every row and write nothing."""


INTO, AS = Into(), As()


def load(
    file: Path,
    *,
    into: Into = INTO,
    read_as: As = AS,
    database: str | None = None,
    json: bool = False,
) -> int:
    """Load the leads of a CSV, XLSX or NDJSON file into a campaign.

    A row is loaded once: by its external_id, or else by what it holds, so a run can
    be repeated, and one that was broken off goes on. Rows that fail go to
    FILE.errors.csv with the reason; mend them there and import that file.

    Example: leadwell import leads.csv --campaign 362 --map Telefon=phone --dry-run

    Example: leadwell import bank.csv --new "Bank campaign" --status-column y --id 400

    Args:
        file: the file; its first row names the columns
        into: where the leads go
        read_as: how the file is read
        database: where the leads are, for instance sqlite:///leads.db
        json: answer with JSON
    """
    from leadwell.intake.reading import open_rows
    from leadwell.server import open_database
    from leadwell.settings import from_environment

    if (into.campaign is None) == (into.new is None):
        raise UsageError(
            "say where the leads go", hint="give either --campaign 362 or --new NAME"
        )
    source = open_rows(file, encoding=read_as.encoding, delimiter=read_as.delimiter)
    url = database or from_environment().database
    opened = open_database(url, create=into.new is not None)
    try:
        prepared = _prepare(opened, file, source, into, read_as)
        tally = _run(prepared, source)
    finally:
        opened.close()
    return _answer(prepared, tally, as_json=json)


def _prepare(
    opened: SQLiteDatabase, file: Path, source: Source, into: Into, read_as: As
) -> Load:
    from leadwell.intake.inferring import field_slugs
    from leadwell.intake.loading import Load
    from leadwell.intake.mapping import targets
    from leadwell.schema.times import microseconds
    from leadwell.server import now
    from leadwell.store import campaigns

    chosen = _chosen(read_as.map)
    if into.campaign is not None:
        with opened.reading() as connection:
            campaign = campaigns.known(connection, into.campaign)
    else:
        campaign = _new_campaign(opened, source, into, dry_run=read_as.dry_run)
        slugs = field_slugs(source, into.status_column)
        status = {into.status_column: "status"} if into.status_column else {}
        chosen = slugs | status | chosen
    return Load(
        database=opened,
        campaign=campaign,
        targets=targets(campaign, source.columns, chosen),
        clock=lambda: microseconds(now()),
        error_path=file.with_name(f"{file.name}.errors.csv"),
        dry_run=read_as.dry_run,
    )


def _new_campaign(
    opened: SQLiteDatabase, source: Source, into: Into, *, dry_run: bool
) -> Campaign:
    from leadwell.intake.inferring import infer
    from leadwell.schema import definition
    from leadwell.store.connection import Connection

    found = infer(
        lambda: source,
        name=into.new or "",
        campaign_id=into.id,
        account=into.account,
        status_column=into.status_column,
        country=into.country,
    )
    read = definition.read(found)
    _show(found)
    if dry_run:
        return read.campaign

    def job(connection: Connection) -> Campaign:
        from leadwell.store import campaigns

        account = _account(connection, into.account)
        made = campaigns.add(connection, account, read.campaign, now=0)
        return campaigns.known(connection, made.id)

    return opened.write(job).result()


def _account(connection: Any, slug: str) -> Any:
    from leadwell.schema.times import microseconds
    from leadwell.server import now
    from leadwell.store import accounts

    if slug in {account.slug for account in accounts.find_all(connection)}:
        return accounts.find(connection, slug)
    print(f"note: made the account {slug}", file=sys.stderr)
    return accounts.add(connection, slug, slug.title(), microseconds(now()))


def _show(found: dict[str, Any]) -> None:
    import yaml

    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True)
    print(f"The schema inferred from the file:\n\n{text}", file=sys.stderr)


def _chosen(pairs: list[str]) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for pair in pairs:
        column, equals, target = pair.rpartition("=")
        if not equals or not target:
            raise UsageError(
                f"--map {pair!r} is not COLUMN=SLUG", hint="write --map Telefon=phone"
            )
        chosen[column] = target
    return chosen


def _run(prepared: Load, source: Source) -> Tally:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task("Import", total=source.size_bytes, rows=0)
        return prepared.run(
            source,
            lambda tally: bar.update(task, completed=source.position, rows=tally.rows),
        )


def _answer(prepared: Load, tally: Tally, *, as_json: bool) -> int:
    import msgspec

    counts = {
        "campaign": prepared.campaign.id,
        "rows": tally.rows,
        "added": tally.added,
        "updated": tally.updated,
        "known": tally.known,
        "failed": tally.failed,
        "error_file": str(prepared.error_path) if tally.failed else None,
        "dry_run": prepared.dry_run,
    }
    if as_json:
        print(msgspec.json.encode(counts).decode())
    else:
        would = "would be " if prepared.dry_run else ""
        print(
            f"{tally.rows:,} rows: {tally.added:,} {would}added, {tally.updated:,} "
            f"updated, {tally.known:,} known already, {tally.failed:,} failed"
        )
    if tally.failed:
        print(
            f"The rows that failed: {prepared.error_path}. Mend them there and import "
            "that file.",
            file=sys.stderr,
        )
    return PARTLY if tally.failed else 0
