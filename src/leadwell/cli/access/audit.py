"""`leadwell audit`: who read, wrote and decided what, and whether it is untouched."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter, validators

from leadwell.cli import output
from leadwell.cli.opening import HERE, CampaignId, Where
from leadwell.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadwell.store.audit.chain import Chain, Told
    from leadwell.store.audit.checking import Checked
    from leadwell.store.audit.finding import Asked
    from leadwell.store.connection import Connection, Database

DIFFERENT = 6
"""Exit code: the log is not as it was written (CONTRACT §9)."""
MOST = 10_000
_Count = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=MOST))]
_Id = Annotated[int | None, Parameter(validator=validators.Number(gte=1, lt=2**53))]
Kinds = Literal["read", "use", "refused", "write", "action", "sign-in", "log"]

audit = App(name="audit", help="The audit log: who read, wrote and decided what.")


@Parameter(name="*")
@dataclass(frozen=True)
class Which:
    """Which rows."""

    since: str | None = None
    """Not before this moment: 2026-11-20, or 2026-11-20T08:00Z."""
    until: str | None = None
    """Before this moment."""
    campaign: CampaignId | None = None
    """Of this campaign alone."""
    token: str | None = None
    """Of this token and its rotations: its id, as `token list` shows it."""
    kind: Kinds | None = None
    """Of this kind alone."""
    lead: _Id = None
    """That tell of reading this lead; one that was joined to a range may be it."""

    def asked(self, connection: Connection) -> Asked:
        """Return the same as the store asks."""
        from leadwell.store.audit.finding import Asked

        actor = None if self.token is None else _actor(connection, self.token)
        kind = "read" if self.lead else self.kind
        return Asked(_moment(self.since), _moment(self.until), kind, actor)

    def chains(self, connection: Connection) -> list[Chain]:
        """Return the chains that may have such rows."""
        from leadwell.store.audit import finding

        return list(finding.heads(connection, campaign_id=self.campaign))

    def is_meant(self, told: Told) -> bool:
        """Whether a row is one of them, as far as only its content says it."""
        from leadwell.store.audit import reporting

        return self.lead is None or reporting.has_read(told, self.lead)


ALL = Which()


@audit.command(name="list")
def list_(*, most: _Count = 50, which: Which = ALL, where: Where = HERE) -> None:
    """List the newest rows, newest first.

    Example: leadwell audit list --token 7HFZwu7h --since 2026-11-20

    Args:
        most: how many at most
        which: which rows
        where: the database
    """
    from leadwell.store.audit import finding, telling

    def job(connection: Connection) -> list[Told]:
        asked, chains = which.asked(connection), which.chains(connection)
        limit = most if which.lead is None else MOST
        return finding.newest(connection, chains, asked, limit)

    found = [told for told in where.read(job) if which.is_meant(told)][:most]
    if where.json:
        output.document([telling.told(each) for each in found], as_json=True)
        return
    output.rows([_shown(each) for each in found], as_json=False)


@audit.command
def export(
    file: Path | None = None,
    *,
    format: Literal["ndjson", "csv"] = "ndjson",  # noqa: A002
    which: Which = ALL,
    where: Where = HERE,
) -> None:
    """Write all rows, chain by chain in the order of their numbers.

    Whole chains, which are those without --since, --token, --kind and --lead, can be
    verified without the database: leadwell audit verify --file FILE.

    Example: leadwell audit export audit.ndjson

    Args:
        file: where to; else to the standard output
        format: a JSON object a line, or a sheet
        which: which rows
        where: the database
    """
    with where.opened() as database:
        rows = _walked(database, which)
        if file is None:
            _write(rows, format)
            return
        count = sum(1 for _ in _kept(file, _lines(rows, format)))
    rows_written = count - (format == "csv")
    content = {"file": str(file), "rows": rows_written}
    text = f"{file}: {rows_written:,} rows"
    output.document(content, as_json=where.json, text=text)


@audit.command
def heads(*, where: Where = HERE) -> None:
    """Print the number and the hash of the newest row of each chain, as JSON lines.

    Keep them where who can write to the database cannot: they are what shows that a
    chain was made anew, or that its newest rows were removed. The hub logs them too.

    Example: leadwell audit heads >> /mnt/elsewhere/audit-heads.ndjson

    Args:
        where: the database
    """
    from leadwell.store.audit import finding

    for chain, head in where.read(finding.heads).items():
        line = {"campaign": chain.campaign_id, "account": chain.account_id}
        output.document(line | head._asdict(), as_json=True)


@audit.command
def verify(
    *, heads: Path | None = None, file: Path | None = None, where: Where = HERE
) -> int:
    """Look whether every row is as it was written, and none is missing.

    Exits with 6 when one is not, and says which.

    Example: leadwell audit verify --heads /mnt/elsewhere/audit-heads.ndjson

    Args:
        heads: what `audit heads` has printed before, and was kept elsewhere
        file: look at an export instead of the database
        where: the database
    """
    from leadwell.store.audit import checking, telling

    noted = telling.read_heads(_lines_of(heads)) if heads else {}
    if file is not None:
        found = checking.check_told(telling.read_rows(_lines_of(file)), noted)
    else:
        with where.opened() as database:
            chains = _all_chains(database) | noted.keys()
            found = [
                checking.check(database, chain, noted.get(chain, {}))
                for chain in sorted(chains)
            ]
    faults = [fault for checked in found for fault in checked.faults]
    content = {
        "chains": [_checked(each) for each in found],
        "rows": sum(each.rows for each in found),
        "faults": [
            {**each.chain._asdict(), "number": each.number, "said": each.said}
            for each in faults
        ],
    }
    lines = [f"{_called(x.chain)}: row {x.number} {x.said}" for x in faults]
    total = f"{content['rows']:,} rows in {len(found)} chains"
    verdict = "NOT as they were written" if faults else "as they were written"
    text = "\n".join([*lines, f"{total}: {verdict}"])
    output.document(content, as_json=where.json, text=text)
    return DIFFERENT if faults else 0


@audit.command
def token(id: str, *, since: str | None = None, where: Where = HERE) -> None:  # noqa: A002
    """Tell what a token and its rotations have read, for instance after it was lost.

    Example: leadwell audit token 7HFZwu7h --since 2026-11-20

    Args:
        id: the token's id, as `token list` shows it
        since: not before this moment
        where: the database
    """
    from leadwell.store.audit.reporting import readings

    with where.opened() as database:
        found = readings(_walked(database, Which(since, token=id, kind="read")))
    rows = [
        {
            "campaign": each.part.campaign_id,
            "token": each.part.token,
            "filter": each.part.filter,
            "generation": each.part.generation,
            "fields": each.fields,
            "from": each.first,
            "to": each.last,
            "requests": each.requests,
            "answered": each.answered,
            "leads": len(each.ids),
            "exact": each.is_exact,
            "addresses": len(each.addresses),
            "ids": each.ids_text,
        }
        for each in found
    ]
    output.rows(rows, as_json=where.json)
    if not rows:
        output.hint(f"{id} has read nothing that the audit log knows of")


def _walked(database: Database, which: Which) -> Iterator[Told]:
    from leadwell.store.audit import finding

    with database.reading() as connection:
        asked, chains = which.asked(connection), which.chains(connection)
    for chain in chains:
        for told in finding.walk(database, chain, asked):
            if which.is_meant(told):
                yield told


def _all_chains(database: Database) -> set[Chain]:
    from leadwell.store.audit import finding

    with database.reading() as connection:
        return {*finding.heads(connection), *finding.strays(connection)}


def _write(rows: Iterator[Told], format_: str) -> None:
    for line in _lines(rows, format_):
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _lines(rows: Iterator[Told], format_: str) -> Iterator[bytes]:
    from leadwell.store.audit import telling

    if format_ == "ndjson":
        yield from map(telling.ndjson, rows)
        return
    yield telling.line(telling.COLUMNS)
    yield from map(telling.csv, rows)


def _kept(file: Path, lines: Iterator[bytes]) -> Iterator[bytes]:
    """Write lines into a new file; yield each that is written."""
    try:
        opened = file.open("xb")
    except OSError as error:
        raise Refused(
            f"{file} cannot be written: {error.strerror}", hint="choose another file"
        ) from None
    with opened:
        for line in lines:
            opened.write(line)
            yield line


def _lines_of(file: Path) -> list[bytes]:
    try:
        return file.read_bytes().splitlines()
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}") from None


def _actor(connection: Connection, public_id: str) -> str:
    from leadwell.store import tokens
    from leadwell.store.audit.chain import TOKEN

    return f"{TOKEN}{tokens.known(connection, public_id).lineage}"


def _moment(text: str | None) -> int | None:
    from leadwell.schema.times import microseconds, read

    return None if text is None else microseconds(read(text))


def _shown(told: Told) -> dict[str, Any]:
    from leadwell.store.audit import telling

    row = telling.told(told)
    return {
        "at": row["at"],
        "chain": _called(told.chain),
        "row": told.number,
        "kind": told.kind,
        "what": told.what,
        "by": told.actor,
        "content": told.content,
    }


def _checked(checked: Checked) -> dict[str, Any]:
    return {
        "campaign": checked.chain.campaign_id,
        "account": checked.chain.account_id,
        "rows": checked.rows,
        **checked.last._asdict(),
    }


def _called(chain: Chain) -> str:
    if chain.campaign_id:
        return f"campaign {chain.campaign_id}"
    return f"account {chain.account_id}" if chain.account_id else "the hub"
