"""`leadwell sync run`: what it is told, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from leadwell.cli import output
from leadwell.cli.many import plan, tokens
from leadwell.cli.many.running import Ended, Runner, together
from leadwell.cli.pull.elsewhere import Elsewhere
from leadwell.cli.pull.going import Where
from leadwell.cli.pull.report import Report, counts
from leadwell.cli.pull.source import client_at, patience
from leadwell.cli.pull.sync import Copying, How
from leadwell.cli.pull.telling import Told
from leadwell.cli.reading.bearer import TOKEN
from leadwell.errors import LeadwellError, UsageError
from leadwell.sync.destinations import shown

if TYPE_CHECKING:
    from leadwell.cli.many.plan import Entry
    from leadwell.cli.pull.report import Outcome
    from leadwell.sync.pulling import Wanted


@Parameter(name="*")
@dataclass(frozen=True)
class Which:
    """Which entries, and how many at a time."""

    only: tuple[str, ...] = ()
    """Only the entry of this name; may be given several times."""
    list: bool = False
    """List the entries, and run none."""
    workers: int | None = None
    """How many pull at a time; 4, if the file does not say."""


@Parameter(name="*")
@dataclass(frozen=True)
class Instead:
    """What stands before the file and the environment, for each entry."""

    full: bool = False
    """Read everything again, and remove what the hub does not tell any more."""
    keep_removed: bool | None = None
    """Mark leads that leave instead of deleting them, but for erased ones."""
    strict: bool | None = None
    """Stop at a value that breaks the schema, instead of putting it aside."""
    every: str | None = None
    """Go on, once in so long: 60s, 5m, 1h."""
    follow: bool | None = None
    """Go on, and pull as soon as the hub has something new."""
    once: bool = False
    """Pull once, also where the file says to go on."""

    def flags(self) -> dict[str, Any]:
        """Return the keys of an entry that were given."""
        named = ("keep_removed", "strict", "every", "follow")
        given = {key: getattr(self, key) for key in named}
        found = {key: value for key, value in given.items() if value is not None}
        if self.once:
            return found | {"every": None, "follow": False}
        # One of the two, given here, ends the other, given there.
        if self.every:
            found.setdefault("follow", False)
        if self.follow:
            found.setdefault("every", None)
        return found


COUNTED = ("added", "changed", "removed")
WHICH, INSTEAD, TOLD = Which(), Instead(), Told()


def run(
    file: Path = Path("sync.toml"),
    *,
    which: Which = WHICH,
    instead: Instead = INSTEAD,
    source: Told = TOLD,
) -> int:
    """Copy many campaigns to many places, as a file says, several at a time.

    One that fails stops no other: the answer says what became of each, and the exit
    code is 7 where some are done and some are not.

    Example: leadwell sync run sync.toml

    Example: leadwell sync run sync.toml --only west --json

    Example: leadwell sync run sync.toml --list --json

    Args:
        file: the file that names campaigns and destinations
        which: which entries, and how many at a time
        instead: what stands before the file
        source: the token of all, and how it is answered and told
    """
    if source.token is not None:
        raise UsageError("--token is for one address", hint="--token-file FILE")
    asked = plan.chosen(plan.read(file, instead.flags()), which.only)
    _check(asked, which)
    if which.list:
        rows = [_listed(each) for each in asked.entries]
        output.rows(rows, as_json=source.json)
        return 0
    desk = _Desk(source, instead.full)
    runner = Runner(desk.begin, desk.tell, which.workers or asked.workers)
    ended = {each.entry.name: each for each in map(desk.end, runner.run(asked.entries))}
    rows = [_row(ended[each.name]) for each in asked.entries]
    code = together([each.code for each in ended.values()])
    if source.json:
        output.document({"exit_code": code, "entries": rows}, as_json=True)
    else:
        output.rows(rows, as_json=False)
    return code


def _check(asked: plan.Plan, which: Which) -> None:
    """Refuse, before anything runs, what no run could do."""
    from leadwell.cli.pull.repeating import seconds_of
    from leadwell.sync.destinations import named

    if which.workers is not None and not 1 <= which.workers <= 64:
        raise UsageError("--workers is a number from 1 to 64")
    for each in asked.entries:
        try:
            destination = named(plan.destination_of(each))
        except LeadwellError as error:
            raise UsageError(f"{each.name}: {error.message}", hint=error.hint) from None
        if not destination.follows:
            raise UsageError(f"{each.name}: {each.to} keeps no place to go on from")
        if each.every:
            seconds_of(each.every)


class _Desk:
    """Begins entries, and tells people how they go."""

    def __init__(self, source: Told, full: bool) -> None:  # noqa: FBT001 - both are told
        self._source = source
        self._full = full
        self._metrics = source.metrics()

    def begin(self, entry: Entry) -> tuple[Copying, Wanted]:
        """Return what carries an entry out; nothing is asked of a hub yet."""
        report = Report(self._source.log, entry.name)
        if self._metrics is not None:
            report = replace(report, keep=self._metrics.keep)
        url = plan.address_of(entry)
        retry = patience(report.pause)
        client = client_at(url, lambda: self._secret(entry), retry)
        origin = Elsewhere(profile=entry.profile).origin(url, client, retry)
        how = How(entry.filter, self._full, entry.keep_removed, entry.strict)
        where = Where(plan.destination_of(entry))
        return Copying(origin, where.destination(retry), report), how.wanted()

    def _secret(self, entry: Entry) -> str:
        return tokens.find(entry, self._source.token_file)

    def tell(self, entry: Entry, outcome: Outcome) -> None:
        """Tell of a pull after which the entry goes on."""
        row = _row(Ended(entry, outcome.code, outcome))
        text = f"{entry.name}: {_words(row)}"
        output.document(row, as_json=self._source.json, text=text)

    def end(self, ended: Ended) -> Ended:
        """Tell at once of what ended, as others may take long."""
        if self._source.log == "text":
            output.hint(f"{ended.entry.name}: {_words(_row(ended))}")
        return ended


def _listed(entry: Entry) -> dict[str, Any]:
    """Show an entry; where its token is, and never what it is."""
    token = next((k for k in plan.SECRETS if getattr(entry, k) is not None), None)
    return {
        "name": entry.name,
        "url": plan.address_of(entry),
        "to": shown(entry.to),
        "filter": entry.filter,
        "every": "follow" if entry.follow else entry.every,
        "token": f"{token}: {getattr(entry, token)}" if token else TOKEN,
    }


def _row(ended: Ended) -> dict[str, Any]:
    outcome, error = ended.outcome, ended.error
    summary = outcome.summary if outcome else None
    told = counts(summary) if summary else dict.fromkeys(COUNTED)
    return {
        "name": ended.entry.name,
        "destination": outcome.destination if outcome else shown(ended.entry.to),
        "exit_code": ended.code,
        **{key: told[key] for key in COUNTED},
        "seconds": round(outcome.seconds, 3) if outcome else None,
        "said": error.detail if error else "",
    }


def _words(row: dict[str, Any]) -> str:
    if row["said"]:
        return f"{row['said']} (exit code {row['exit_code']})"
    done = ", ".join(f"{row[key]:,} {key}" for key in COUNTED)
    return done if row["exit_code"] == 0 else f"{done}; not up to date yet"
