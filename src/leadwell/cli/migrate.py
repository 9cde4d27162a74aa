"""`leadwell migrate`."""

from __future__ import annotations

from leadwell.cli import output
from leadwell.cli.opening import HERE, Where, now_us


def migrate(
    *, dry_run: bool = False, forget_key: bool = False, where: Where = HERE
) -> None:
    """Bring the database to the schema of this release; all or nothing.

    Back it up first. Stop the hub while it runs.

    Example: leadwell migrate --dry-run

    Args:
        dry_run: only say what would be done
        forget_key: the instance key is lost for good, and every token with it: the next
            hub that starts gives its own
        where: the database
    """
    from leadwell.server import opening
    from leadwell.store import migrations
    from leadwell.store.hubs import instance

    database = opening.connect(where.settings())
    try:
        with database.reading() as connection:
            before = migrations.version_of(connection)
            names = [migration.name for migration in migrations.pending(before)]
        after = before if dry_run else opening.migrate(database, now_us())
        if forget_key and not dry_run:
            database.write(instance.forget_key).result()
    finally:
        database.close()
    content = {"before": before, "after": after, "pending": names, "dry_run": dry_run}
    steps = ", ".join(names) or "nothing"
    text = f"schema version {before}; to do: {steps}"
    output.document(content, as_json=where.json, text=text)
