"""Every command, and what happens around each: errors become words and exit codes."""

import gc
import os
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext

from leadwell.cli import commands, output
from leadwell.errors import Kind, LeadwellError, UsageError

EXIT_OF = {
    Kind.USAGE: 2,
    Kind.UNAUTHENTICATED: 3,
    Kind.FORBIDDEN: 3,
    Kind.INVALID: 4,
    Kind.UNPROCESSABLE: 4,
    Kind.REFUSED: 5,
}
"""Exit codes of what was refused on purpose; any other failure is 1 (CONTRACT §9)."""
GOES_ON = {"copy", "sync", "verify"}
"""Commands that go on where they were: what is away for a while ends them with 75."""
INTERRUPTED = 130
GC_EVERY = 100_000
"""New objects between two looks for garbage: the leads of some answers are none."""
EXTRA_OF = {
    "mcp": "mcp",
    "mcp_types": "mcp",
    "httpx2": "mcp",
    "duckdb": "sync",
    "xlsxwriter": "sync",
    "psycopg": "postgres",
    "dlt": "dlt",
    "pyarrow": "dlt",
}
"""Which extra brings a package; all else that may be missing is the server's."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given in ([], ["--help"], ["-h"]):
        output.say(commands.overview())
        sys.exit(0)
    as_json = "--json" in given
    goes_on = not GOES_ON.isdisjoint(given[:1])
    gc.set_threshold(GC_EVERY)
    try:
        with _ended_as_by_ctrl_c() if goes_on else nullcontext():
            code = _run(given, as_json=as_json)
    except LeadwellError as error:
        _explain(error, as_json=as_json)
        sys.exit(exit_code(error, goes_on=goes_on))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has left; Python must not complain at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except ImportError as error:
        _explain(_missing(error), as_json=as_json)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


@contextmanager
def _ended_as_by_ctrl_c() -> Generator[None]:
    """Have SIGTERM, with which schedulers end a run, leave as little behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def exit_code(error: LeadwellError, *, goes_on: bool) -> int:
    """Return what an error ends a command with.

    Args:
        goes_on: whether the command kept what it did, and goes on from there.
    """
    is_kept = error.kind is Kind.UNAVAILABLE and goes_on
    return output.RUN_AGAIN if is_kept else EXIT_OF.get(error.kind, 1)


def _run(given: list[str], *, as_json: bool) -> object:
    from cyclopts import CycloptsError

    try:
        return commands.made()(
            given,
            exit_on_error=False,
            print_error=not as_json,
            result_action="return_value",
        )
    except CycloptsError as error:
        if as_json:
            _explain(UsageError(str(error)), as_json=True)
        return 2


def _missing(error: ImportError) -> UsageError:
    """Say which extra brings a package that is not there."""
    cause = error.__cause__ if isinstance(error.__cause__, ImportError) else error
    if not isinstance(cause, ModuleNotFoundError):
        raise error
    extra = EXTRA_OF.get((cause.name or "").partition(".")[0], "server")
    return UsageError(
        f"this command needs leadwell[{extra}] ({cause.name} is not installed)",
        hint=f"pip install 'leadwell[{extra}]'",
    )


def _explain(error: LeadwellError, *, as_json: bool) -> None:
    if as_json:
        import msgspec

        shown = {
            "code": error.code,
            "message": error.detail,
            "errors": [msgspec.to_builtins(problem) for problem in error.problems],
        }
        output.hint(msgspec.json.encode(shown).decode())
        return
    if not error.problems:
        output.hint(f"error: {error.detail}")
    for problem in error.problems:
        output.hint(f"error: {problem.message}")
