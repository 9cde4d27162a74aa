"""`leadwell copy`: move a whole hub to another database."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.progress import Progress, TaskID, TextColumn, TimeElapsedColumn

from leadwell.cli import output
from leadwell.cli.opening import HERE, now_us

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from leadwell.store.moving.going import Moved, Tell

DIFFERENT = 6
"""Exit code: the two databases do not hold the same (CONTRACT §9)."""


def copy(
    *,
    source: Annotated[str, Parameter(name="--from")],
    target: Annotated[str, Parameter(name="--to")],
    json: bool = False,
) -> int:
    """Copy a whole hub into a new, empty database: SQLite or PostgreSQL, either way.

    Stop the hub first. Everything keeps its id, version and secret: tokens, cursors
    and links go on where the hub keeps its instance key and its file of erasures. At
    the end every row is compared, and the digest of every scope. What is copied is
    kept when it is interrupted; run it again, and it goes on. No hub opens half a copy.

    Example: leadwell copy --from sqlite:///leads.db --to postgresql://leadwell@db/leads

    Args:
        source: the database that has the leads; it is only read
        target: the new, empty database
        json: answer with JSON
    """
    from leadwell.server import moving
    from leadwell.server.opening import erasure_path, key_path
    from leadwell.store.moving import going

    settings = replace(HERE.settings(), database=source)
    try:
        with moving.opened(settings, target) as (old, new), _bar() as tell:
            found = going.move(old, new, name=old.identity, now=now_us(), tell=tell)
            # A file's address is as it was given, a server's without its password.
            there = new.address if new.is_remote else target
    except KeyboardInterrupt:
        output.hint("interrupted: what is copied is kept; run the same command again")
        return output.RUN_AGAIN
    beside = {
        "LEADWELL_KEY_FILE": key_path(settings).resolve(),
        "LEADWELL_ERASURE_FILE": erasure_path(settings).resolve(),
    }
    output.document(_content(found, there, beside), as_json=json, text=_said(found))
    if found.different or found.wrong:
        return DIFFERENT
    _tell_next(there, beside)
    return 0


def _content(
    found: Moved, address: str, beside: Mapping[str, Path]
) -> dict[str, object]:
    return {
        "database": address,
        "went_on": found.was_begun,
        "rows": found.rows,
        "different": found.different,
        "digests": [
            {
                "campaign": each.campaign_id,
                "scope": each.scope_id,
                "count": each.digest.count,
                "digest": each.digest.text,
                "agrees": each.is_kept,
            }
            for each in found.digests
        ],
        "environment": {name: str(path) for name, path in beside.items()},
    }


def _said(found: Moved) -> str:
    if found.different:
        return (
            f"the source changed while it was copied: {', '.join(found.different)} "
            "differ; stop what writes to it, then run this again"
        )
    if found.wrong:
        shown = {each.campaign_id for each in found.wrong}
        return (
            f"the copy is that of a source whose digests are wrong, in campaigns "
            f"{', '.join(map(str, sorted(shown)))}: see leadwell doctor --deep there"
        )
    rows = sum(found.rows.values())
    return (
        f"copied and compared {rows:,} rows of {len(found.rows)} tables "
        f"and {len(found.digests)} digests: all the same"
    )


def _tell_next(address: str, beside: Mapping[str, Path]) -> None:
    """Say what the hub needs beside the database, so that secrets stay good."""
    output.hint("let the hub have the same key and erasures, wherever it runs:")
    note = "   (with its password)" if "@" in address else ""
    output.hint(f"  LEADWELL_DATABASE={address}{note}")
    for name, path in beside.items():
        is_there = path.exists()
        output.hint(f"  {name}={path}{'' if is_there else '   (not there yet)'}")
    output.hint("then: leadwell doctor --deep, and leadwell serve")


@contextmanager
def _bar() -> Generator[Tell]:
    """Show which table is worked on, and how many rows are done."""
    bar = Progress(
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f} rows"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    tasks: dict[str, TaskID] = {}

    def tell(what: str, table: str, rows: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=None)
        bar.update(tasks[what], description=f"{what} {table}", advance=rows)

    with bar:
        yield tell
