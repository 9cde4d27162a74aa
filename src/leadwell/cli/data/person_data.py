"""`leadwell person-data`: what is held about somebody, in all campaigns at once."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App, Parameter

from leadwell.cli import output
from leadwell.cli.opening import HERE, Where
from leadwell.cli.parts.editing import agree
from leadwell.errors import MalformedValue, NotFound, Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from leadwell.admin.privacy.person import Done, Holding, Person
    from leadwell.model.account import Account
    from leadwell.store.connection import Connection

person_data = App(
    name="person-data",
    help="What is held about somebody: to be erased, or handed to them.",
)
PARTLY = 7
"""Exit code: something of the person is there still (CONTRACT §9)."""


@Parameter(name="*")
@dataclass(frozen=True)
class Somebody:
    """Who is meant: whoever has one of these addresses or numbers."""

    email: tuple[str, ...] = field(default=())
    """An e-mail address; may be given several times."""
    phone: tuple[str, ...] = field(default=())
    """A phone number; may be given several times."""
    stdin: bool = False
    """Read addresses and numbers from standard input, one a line: no list of processes
    and no history of commands shows them then."""
    account: str = ""
    """The account's slug, where there are several."""

    @contextmanager
    def found(self, where: Where) -> Generator[Person]:
        """Open the hub, and read who is meant."""
        from leadwell.admin.privacy import person
        from leadwell.server import hub_of

        typed = list(self._typed())
        if not typed:
            raise UsageError(
                "nobody is named", hint="write --email jane@example.com, or --phone"
            )
        hub = hub_of(where.settings(), create=False)
        try:
            account = hub.database.read(self._account)
            who = hub.database.read(lambda c: person.read(c, account, typed))
            yield person.Person(hub, account, who)
        except MalformedValue as error:
            raise UsageError(error.message, hint=error.hint) from None
        finally:
            hub.database.close()

    def _typed(self) -> Iterator[tuple[str, str]]:
        yield from (("email", text) for text in self.email)
        yield from (("phone", text) for text in self.phone)
        lines = (line.strip() for line in sys.stdin) if self.stdin else ()
        yield from (("email" if "@" in x else "phone", x) for x in lines if x)

    def _account(self, connection: Connection) -> Account:
        from leadwell.store import accounts

        if self.account:
            return accounts.find(connection, self.account)
        found = accounts.find_all(connection)
        if len(found) != 1:
            raise UsageError(
                f"there are {len(found)} accounts",
                hint=f"name one with --account: {', '.join(x.slug for x in found)}",
            )
        return found[0]


NOBODY = Somebody()


@person_data.command
def erase(
    who: Somebody = NOBODY,
    *,
    former: bool = False,
    dry_run: bool = False,
    yes: bool = False,
    where: Where = HERE,
) -> int:
    """Erase all that is held of somebody, in all campaigns of an account.

    What would go is shown first. Run it again if it was interrupted: it goes on. Who
    had the leads, and who of them knows, `receipts` tells afterwards.

    Example: leadwell person-data erase --email jane@example.com --dry-run

    Args:
        who: whom
        former: also leads that held the address before, and hold another one now
        dry_run: only say what would go
        yes: do not ask
        where: the database
    """
    from leadwell.model.grant import Grant
    from leadwell.store.people import activity

    with who.found(where) as person:
        hub = person.hub

        def look(connection: Connection) -> Holding:
            held = person.look(connection, Grant.of_operator)
            return person.with_former(connection, held) if former else held

        holding = hub.database.read(look)
        _tell(holding)
        content = _content(person, holding) | {"dry_run": dry_run}
        if dry_run or holding.is_empty:
            if not dry_run:
                # Of an erasure before, whose log somebody was reading.
                hub.database.empty_log()
            text = "nothing was erased" + (": --dry-run" if dry_run else "")
            output.document(content, as_json=where.json, text=text)
            return 0
        agree(yes=yes)
        done = person.erase(
            holding,
            lambda job: hub.database.write(job).result(),
            Grant.of_operator,
            activity.OPERATOR,
        )
    content |= {"erased": done.leads, "files_let_go": done.files}
    content["left"] = _content(person, done.left)
    text = f"erased {done.leads:,} leads, and let go of {done.files} files"
    output.document(content, as_json=where.json, text=f"{text} ({person.reference})")
    _tell_rest(done)
    if hub.database.is_remote:
        output.hint(
            "PostgreSQL keeps the bytes in free space until other rows take it; "
            "VACUUM FULL lead, and VACUUM FULL lead_history, let go of them at once"
        )
    return 0 if done.is_whole and done.is_log_empty else PARTLY


@person_data.command
def receipts(who: Somebody = NOBODY, *, where: Where = HERE) -> None:
    """List the tokens that may have had leads of somebody, and which know they went.

    A token knows once it has sent a cursor from behind the erasure of the last one.

    Example: leadwell person-data receipts --email jane@example.com

    Args:
        who: whom
        where: the database
    """
    from leadwell.schema.times import show

    with who.found(where) as person:
        told = person.hub.database.read(person.receipts)
    rows = [
        {
            "campaign": each.campaign.id,
            "token": each.receipt.name,
            "id": each.receipt.lineage,
            "leads": each.leads,
            "could read since": show(each.receipt.since),
            "confirmed_at": show(each.receipt.confirmed_at)
            if each.receipt.confirmed_at
            else None,
        }
        for each in told
    ]
    output.rows(rows, as_json=where.json)


@person_data.command
def export(
    who: Somebody = NOBODY, *, to: Path | None = None, where: Where = HERE
) -> None:
    """Write all that is held of somebody: leads, history, files, and who had them.

    Look through it before you hand it over: what people have typed about somebody may
    tell of others too.

    Example: leadwell person-data export --email jane@example.com --to jane.zip

    Args:
        who: whom
        to: a new ZIP file, with one JSON document and sheets; else JSON is printed
        where: the database
    """
    from leadwell.admin.privacy import document
    from leadwell.model.grant import Grant
    from leadwell.server.clock import now
    from leadwell.store.people import activity

    with who.found(where) as person:

        def look(connection: Connection) -> dict[str, Any]:
            held = person.look(connection, Grant.of_operator)
            if held.is_empty:
                raise NotFound("nothing is held of this person")
            return document.document(connection, held, Grant.of_operator, now())

        content = person.hub.database.read(look)
        person.hub.database.write(
            lambda c: person.note(c, activity.What.PERSON_EXPORTED, activity.OPERATOR)
        ).result()
    if to is None:
        output.document(content, as_json=True)
        return
    _written(to, document.archive(content))
    output.document({"file": str(to)}, as_json=where.json, text=f"wrote {to}")


def _written(path: Path, content: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused(f"{path} is there already", hint="name another file") from None
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _content(person: Person, holding: Holding) -> dict[str, Any]:
    return {
        "reference": person.reference,
        "leads": holding.leads,
        "campaigns": [
            {
                "campaign": each.campaign.id,
                "name": each.campaign.name,
                "leads": list(each.leads),
                "merged": list(each.merged),
                "former": list(each.former),
                "mentioned": list(each.mentioned),
                "filters": list(each.filters),
                "unused_filters": each.closed,
            }
            for each in holding.found
        ],
        "files": [
            {
                "campaign": each.job.campaign_id,
                "import": each.job.id,
                "file": each.job.file_name,
                "holds": each.holds,
            }
            for each in holding.uploads
        ],
    }


def _tell(holding: Holding) -> None:
    """Say what would go."""
    if holding.is_empty:
        output.hint("nothing is held of this person")
    for each in holding.found:
        output.hint(f"campaign {each.campaign.id} ({each.campaign.name}):")
        for words, ids in (
            ("leads", each.leads),
            ("merged into them", each.merged),
            (
                "hold another address now; only their history loses this one",
                each.former,
            ),
            ("have it in a text among other words, and stay", each.mentioned),
        ):
            if ids:
                output.hint(f"  {words}: {', '.join(map(str, ids))}")
        if each.filters:
            names = ", ".join(name or "one of a token" for name in each.filters)
            output.hint(f"  filters that ask for the address, and stay: {names}")
        if each.closed:
            output.hint("  filters that nobody uses ask for the address, and lose it")
    for waiting in holding.uploads:
        words = "is let go" if waiting.holds else "cannot be looked into from here"
        output.hint(f"the uploaded file {waiting.job.file_name} {words}")


def _tell_rest(done: Done) -> None:
    if not done.is_whole:
        output.hint(
            "something is there still: a file is being loaded, or lies on another hub; "
            "run this again, there too"
        )
    if not done.is_log_empty:
        output.hint(
            "the log beside the database still holds what was erased, for somebody is "
            "reading it: run this again in a minute"
        )
