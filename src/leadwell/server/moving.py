"""Moving a hub: both databases opened, the source used by nobody else."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import replace

from leadwell.errors import Refused, UsageError
from leadwell.server import opening
from leadwell.settings import Settings
from leadwell.store import migrations
from leadwell.store.connection import Database

STATEMENT_TIMEOUT_S = 86_400.0
"""Nobody waits for an answer, and each question is a small one."""


@contextmanager
def opened(settings: Settings, target: str) -> Generator[tuple[Database, Database]]:
    """Open the settings' database, which is at today's schema, and the target's.

    Raises:
        UsageError: they are the same, or an address cannot be read.
        Refused: one cannot be used, or the source is empty or in use.
    """
    settings = replace(settings, statement_timeout_s=STATEMENT_TIMEOUT_S)
    aim = replace(settings, database=target)
    with closing(opening.connect(settings)) as source:
        with source.reading() as connection:
            version = migrations.check_current(connection)
        if not version:
            raise Refused(
                f"the database {source.address} is empty",
                hint="name with --from the one that has the leads",
            )
        source.check_unused()
        with closing(opening.connect(aim, create=True)) as to:
            if to.identity == source.identity:
                raise UsageError(
                    "--from and --to name the same database",
                    hint="name an empty one with --to",
                )
            opening.check_writable(to)
            yield source, to
