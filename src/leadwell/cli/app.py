"""Every command, and what happens around each: errors become words and exit codes."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

import msgspec
from cyclopts import App, CycloptsError

from leadwell.cli import output
from leadwell.cli.access.share import share
from leadwell.cli.access.token import token
from leadwell.cli.account import account, person
from leadwell.cli.campaign import campaign
from leadwell.cli.chores import chores
from leadwell.cli.data.backup import backup, restore
from leadwell.cli.data.lead import lead
from leadwell.cli.demo import demo
from leadwell.cli.filter import filter_
from leadwell.cli.load import load
from leadwell.cli.parts.field import field
from leadwell.cli.parts.option import option
from leadwell.cli.parts.status import status
from leadwell.cli.pull.sync import sync
from leadwell.cli.pull.target import target
from leadwell.cli.pull.verify import verify
from leadwell.cli.reading.codegen import codegen
from leadwell.cli.reading.mcp import mcp
from leadwell.cli.serve import serve
from leadwell.cli.upkeep import doctor, migrate
from leadwell.errors import Kind, LeadwellError, UsageError

app = App(
    name="leadwell",
    help="A self-hosted lead hub, and the client that reads leads from it.",
    version=lambda: version("leadwell"),
)
app.command(serve)
app.command(demo)
app.command(load, name="import")
app.command(campaign)
app.command(field)
app.command(option)
app.command(status)
app.command(token)
app.command(share)
app.command(filter_)
app.command(account)
app.command(person)
app.command(chores)
app.command(lead)
app.command(backup)
app.command(restore)
app.command(migrate)
app.command(doctor)
app.command(mcp)
app.command(sync)
app.command(verify)
app.command(target)
app.command(codegen)

EXIT_OF = {
    Kind.USAGE: 2,
    Kind.UNAUTHENTICATED: 3,
    Kind.FORBIDDEN: 3,
    Kind.INVALID: 4,
    Kind.UNPROCESSABLE: 4,
    Kind.REFUSED: 5,
}
"""Exit codes of what was refused on purpose; any other failure is 1 (CONTRACT §9)."""
GOES_ON = {"sync", "verify"}
"""Commands that go on where they were: what is away for a while ends them with 75."""
INTERRUPTED = 130
EXTRA_OF = {
    "mcp": "mcp",
    "mcp_types": "mcp",
    "httpx2": "mcp",
    "duckdb": "sync",
    "xlsxwriter": "sync",
    "psycopg": "postgres",
}
"""Which extra brings a package; all else that may be missing is the server's."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        code = app(
            given,
            exit_on_error=False,
            print_error=not as_json,
            result_action="return_value",
        )
    except LeadwellError as error:
        _explain(error, as_json=as_json)
        is_kept = error.kind is Kind.UNAVAILABLE and not GOES_ON.isdisjoint(given[:1])
        sys.exit(output.RUN_AGAIN if is_kept else EXIT_OF.get(error.kind, 1))
    except CycloptsError as error:
        if as_json:
            _explain(UsageError(str(error)), as_json=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has left; Python must not complain at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = EXTRA_OF.get(package, "server")
        missing = UsageError(
            f"this command needs leadwell[{extra}] ({error.name} is not installed)",
            hint=f"pip install 'leadwell[{extra}]'",
        )
        _explain(missing, as_json=as_json)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: LeadwellError, *, as_json: bool) -> None:
    if as_json:
        shown = {
            "code": error.code,
            "message": error.detail,
            "errors": [msgspec.to_builtins(problem) for problem in error.problems],
        }
        print(msgspec.json.encode(shown).decode(), file=sys.stderr)
        return
    if not error.problems:
        print(f"error: {error.detail}", file=sys.stderr)
    for problem in error.problems:
        print(f"error: {problem.message}", file=sys.stderr)
