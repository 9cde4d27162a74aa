"""`leadwell migrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadwell.cli import output
from leadwell.cli.opening import HERE, Where, now_us

if TYPE_CHECKING:
    from leadwell.store.connection import Connection

NOT_CURRENT = 1
"""Exit code of --check: there is something to do."""


def migrate(
    *,
    check: bool = False,
    dry_run: bool = False,
    forget_key: bool = False,
    migrate_url: str | None = None,
    where: Where = HERE,
) -> int:
    """Bring the database to the schema of this release; all or nothing.

    Back it up first. Stop the hub while it runs.

    Example: leadwell migrate --dry-run

    Args:
        check: change nothing; the exit code is 0 when there is nothing to do, else 1
        dry_run: change nothing; show the SQL that would be run
        migrate_url: the same database by a user, or a node, that may change its
            schema; else LEADWELL_MIGRATE_URL decides
        forget_key: the instance key is lost for good, and every token with it: the next
            hub that starts gives its own
        where: the database
    """
    from leadwell.server import opening
    from leadwell.store import migrations

    database = opening.connect(where.for_schema(migrate_url))
    is_read = check or dry_run
    try:
        with database.reading() as connection:
            before = migrations.version_of(connection)
            steps = migrations.pending(before) if before else ()
            sql = migrations.script(connection) if dry_run else []
        after = before if is_read else opening.migrate(database, now_us())
        if forget_key and not is_read:
            database.write(_without_key).result()
    finally:
        database.close()
    names = [step.name for step in steps] if before else ["schema.sql"]
    content = {"before": before, "after": after, "pending": names, "dry_run": is_read}
    said = f"schema version {before}; to do: {', '.join(names) or 'nothing'}"
    shown = {"sql": sql} if dry_run else {}
    text = "\n".join([said, *sql])
    output.document(content | shown, as_json=where.json, text=text)
    return NOT_CURRENT if check and names else 0


def _without_key(connection: Connection) -> None:
    from leadwell.store.audit.chain import HUB, OPERATOR, Entry, Kind, append
    from leadwell.store.hubs import instance

    instance.forget_key(connection)
    append(connection, HUB, now_us(), [Entry(Kind.ACTION, "key-forgotten", OPERATOR)])
