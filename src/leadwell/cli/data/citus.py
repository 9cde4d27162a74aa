"""`leadwell citus`: spread the campaigns over the machines of a Citus cluster."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter, validators
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from leadwell.cli import output
from leadwell.cli.opening import HERE, Where
from leadwell.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Generator

    from leadwell.store.connection import Database
    from leadwell.store.engines.citus import Table

citus = App(name="citus", help="Spread campaigns over the machines of a Citus cluster.")

_Shards = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=4_096))]


@citus.command
def distribute(
    *, shards: _Shards = 128, dry_run: bool = False, where: Where = HERE
) -> int:
    """Distribute every table by campaign, or copy it to each machine.

    Let no hub run. The rows that are there move with their tables. What is done is
    kept when it is interrupted, and running it again goes on; it may also be run when
    nothing is left to do. The database is the coordinator's.

    Example: leadwell citus distribute --shards 128 --dry-run

    Args:
        shards: how many parts the campaigns are in; it stays so
        dry_run: only show the statements
        where: the database
    """
    from leadwell.store.engines import citus as engine

    with _coordinator(where) as database:
        with database.reading() as connection:
            found = engine.tables(connection)
        waiting = [table for table in found if not table.is_spread]
        statements = [f"{engine.statement(table, shards)};" for table in waiting]
        if not dry_run:
            if not _spread(database, waiting, shards):
                return output.RUN_AGAIN
            database.write(engine.analyze).result()
    content = {"statements": statements, "done": not dry_run, "tables": len(found)}
    said = f"{len(found)} tables are distributed, {len(waiting)} of them now"
    text = "\n".join(statements) if dry_run else said
    output.document(content, as_json=where.json, text=text)
    return 0


def _spread(database: Database, waiting: list[Table], shards: int) -> bool:
    """Spread the tables one after another, with a bar; `False`: it was interrupted."""
    from leadwell.store.engines import citus as engine

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
    )
    try:
        with bar:
            task = bar.add_task("Distributing", total=len(waiting))
            for table in waiting:
                bar.update(task, description=f"Distributing {table.name}")
                job = partial(engine.spread, table=table, shards=shards)
                database.write(job).result()
                bar.advance(task)
    except KeyboardInterrupt:
        output.hint(
            "interrupted: what is distributed stays so; "
            "run again: leadwell citus distribute"
        )
        return False
    return True


@contextmanager
def _coordinator(where: Where) -> Generator[Database]:
    """Open the coordinator's database, spread in part or not at all."""
    from leadwell.server import opening
    from leadwell.store import migrations

    database = opening.connect(where.for_schema())
    try:
        if not database.is_remote:
            raise Refused(
                "Citus is a part of PostgreSQL, and this database is a file",
                hint="move it first: leadwell copy --help",
            )
        from leadwell.store.engines import citus as engine

        with database.reading() as connection:
            engine.check_coordinator(connection)
            version = migrations.check_current(connection)
        if not version:
            raise Refused("the database is empty", hint="run first: leadwell migrate")
        yield database
    finally:
        database.close()
