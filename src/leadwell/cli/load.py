"""`leadwell import`: load a file of leads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from leadwell.cli import output
from leadwell.cli.opening import HERE, CampaignId, Where, account_of, noted, now_us
from leadwell.errors import UsageError

if TYPE_CHECKING:
    from leadwell.intake.loading import Load, Tally
    from leadwell.intake.mapping import Targets
    from leadwell.intake.source import Source
    from leadwell.model.campaign import Campaign
    from leadwell.store.connection import Connection, Database

PARTLY = 7
"""Exit code: some rows are loaded, others stand in the error file."""


@Parameter(name="*")
@dataclass(frozen=True)
class Into:
    """Where the leads go."""

    campaign: CampaignId | None = None
    """The campaign that gets the leads."""
    new: str | None = None
    """Make a campaign with this name instead, its schema inferred from the file."""
    id: CampaignId | None = None
    """The new campaign's id."""
    account: str = "default"
    """The account that will own the new campaign; made when it is not there."""
    status_column: str | None = None
    """The column that holds the statuses; a new campaign gets those in it."""
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
    file: Path, *, into: Into = INTO, read_as: As = AS, where: Where = HERE
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
        where: the database; with --new it is made when it is not there
    """
    from leadwell.intake.loading import Load
    from leadwell.intake.reading import open_rows
    from leadwell.store.people.activity import What

    if (into.campaign is None) == (into.new is None):
        raise UsageError(
            "say where the leads go", hint="give either --campaign 362 or --new NAME"
        )
    source = open_rows(file, encoding=read_as.encoding, delimiter=read_as.delimiter)
    draft = _drafted(source, into) if into.new else _known(into, where)
    found = _targets(draft, source, into, read_as)
    errors = file.with_name(f"{file.name}.errors.csv")
    if read_as.dry_run:
        prepared = Load(None, draft, found, now_us, errors)
        return _answer(prepared, _run(prepared, source), as_json=where.json)
    with where.opened(create=into.new is not None) as database:
        campaign = _kept(database, draft, into) if into.new else draft
        database.write(
            lambda c: noted(c, campaign, What.IMPORT_STARTED, file.name, "")
        ).result()
        prepared = Load(database, campaign, found, now_us, errors)
        return _answer(prepared, _run(prepared, source), as_json=where.json)


def _known(into: Into, where: Where) -> Campaign:
    from leadwell.store import campaigns

    campaign_id = into.campaign or 0
    return where.read(lambda connection: campaigns.known(connection, campaign_id))


def _drafted(source: Source, into: Into) -> Campaign:
    from leadwell.intake.inferring import infer
    from leadwell.schema import definition

    found = infer(
        lambda: source,
        name=into.new or "",
        campaign_id=into.id,
        account=into.account,
        status_column=into.status_column,
        country=into.country,
    )
    _show(found)
    return definition.read(found).campaign


def _targets(draft: Campaign, source: Source, into: Into, read_as: As) -> Targets:
    from leadwell.intake.inferring import field_slugs, status_of
    from leadwell.intake.mapping import targets

    chosen = _chosen(read_as.map)
    status_column = status_of(source, into.status_column)
    if status_column:
        chosen = {status_column: "status"} | chosen
    if into.new:
        chosen = field_slugs(source, status_column) | chosen
    return targets(draft, source.columns, chosen)


def _kept(database: Database, draft: Campaign, into: Into) -> Campaign:
    """Make the drafted campaign, or go on with the one an earlier run has made."""
    from leadwell.schema import definition
    from leadwell.store import campaigns
    from leadwell.store.people.activity import What

    def job(connection: Connection) -> Campaign:
        owner = account_of(connection, into.account)
        found = campaigns.find_by_slug(connection, owner, draft.slug)
        if found is not None:
            same = replace(draft, id=draft.id or found.id)
            if definition.written(found, "") == definition.written(same, ""):
                output.hint(f"note: going on with campaign {found.id}")
                return found
        made = campaigns.add(connection, owner, draft, now_us())
        noted(connection, made, What.CAMPAIGN_MADE, made.name, made.id)
        return made

    made = database.write(job).result()
    with database.reading() as connection:
        return campaigns.known(connection, made.id)


def _show(found: dict[str, Any]) -> None:
    import yaml

    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True)
    output.hint(f"The schema inferred from the file:\n\n{text}")


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
    is_dry = prepared.database is None
    would = "would be " if is_dry else ""
    counts = {
        "campaign": prepared.campaign.id,
        "rows": tally.rows,
        "added": tally.added,
        "updated": tally.updated,
        "known": tally.known,
        "failed": tally.failed,
        "error_file": str(prepared.error_path) if tally.failed else None,
        "dry_run": is_dry,
    }
    text = (
        f"{tally.rows:,} rows: {tally.added:,} {would}added, {tally.updated:,} "
        f"updated, {tally.known:,} known already, {tally.failed:,} failed"
    )
    output.document(counts, as_json=as_json, text=text)
    if tally.failed:
        output.hint(
            f"The rows that failed: {prepared.error_path}. Mend them there and import "
            "that file."
        )
    return PARTLY if tally.failed else 0
