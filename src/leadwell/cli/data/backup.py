"""`leadwell backup` and `leadwell restore`: a copy of the database, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from leadwell.cli import output
from leadwell.cli.opening import HERE, Where, now_us
from leadwell.errors import LeadwellError, Refused, UsageError

if TYPE_CHECKING:
    from leadwell.store.connection import Connection


def backup(
    file: Path | None = None, *, elsewhere: bool = False, where: Where = HERE
) -> None:
    """Copy the database into a file while the hub goes on serving.

    The copy is of one moment, and is checked before this ends. Keep the instance key
    and the file of erasures apart from it. PostgreSQL is backed up by pg_dump; have
    what does that run this with --elsewhere then, so that the hub can say how old the
    newest backup is.

    Example: leadwell backup leads-2026-11-23.db

    Example: pg_dump -Fc -f leads.dump "$DATABASE" && leadwell backup --elsewhere

    Args:
        file: the new file
        elsewhere: copy nothing, but note that another program has made a backup
        where: the database
    """
    from leadwell.store.engines import copying

    if elsewhere == (file is not None):
        raise UsageError(
            "a backup needs the name of a new file, or --elsewhere",
            hint="leadwell backup leads.db; --elsewhere is for backups by pg_dump",
        )
    if file is None:
        where.write(_note)
        output.document({"noted": True}, as_json=where.json, text="noted")
        return
    copying.copy(_sqlite_path(where), file)
    try:
        where.write(_note)
    except LeadwellError as error:
        # The copy is what counts: a database of another release can be copied too.
        output.hint(f"note: when this was made is not noted: {error.detail}")
    size = file.stat().st_size
    content = {"file": str(file), "bytes": size}
    text = f"{file}: {size:,} bytes, checked"
    output.document(content, as_json=where.json, text=text)


def restore(file: Path, *, replace: bool = False, where: Where = HERE) -> None:
    """Put a backup in the place of the database, and erase again what was erased.

    Stop the hub first. Cursors of before the backup go on; later ones are told that
    their history is lost, and begin anew. The old database is kept beside the new one.

    Example: leadwell restore leads-2026-11-23.db --replace

    Args:
        file: the backup
        replace: put it in the place of a database that is there
        where: the database
    """
    from leadwell.server import open_database
    from leadwell.server.opening import erasure_path
    from leadwell.store.audit.chain import HUB, OPERATOR, Entry, Kind, append
    from leadwell.store.engines import copying
    from leadwell.store.writes import erasures

    settings, path = where.settings(), _sqlite_path(where)
    if path.exists() and not replace:
        raise Refused(
            f"there is a database {path} already", hint="add --replace to put it aside"
        )
    aside = copying.put_back(file, path)
    database = open_database(settings, create=False)
    try:
        again = erasures.replay(erasure_path(settings), database, now_us())
        # What was written after the backup is gone from the audit log, too.
        entry = Entry(Kind.LOG, "restored", OPERATOR, {"erased": again})
        database.write(lambda c: append(c, HUB, now_us(), [entry])).result()
    finally:
        database.close()
    content = {"database": str(path), "aside": aside and str(aside), "erased": again}
    kept = f"; the old one is {aside}" if aside else ""
    text = f"restored {path}, erased {again} leads again{kept}"
    output.document(content, as_json=where.json, text=text)


def _note(connection: Connection) -> None:
    from leadwell.store.audit.chain import HUB, OPERATOR, Entry, Kind, append
    from leadwell.store.hubs import instance

    instance.stamp(connection, instance.BACKUP)
    entry = Entry(Kind.LOG, "backup-made", OPERATOR)
    append(connection, HUB, now_us(), [entry])


def _sqlite_path(where: Where) -> Path:
    url = where.settings().database
    if not url.startswith("sqlite:///"):
        raise UsageError(
            "this copies SQLite databases",
            hint="back PostgreSQL up with pg_dump, note that with `leadwell backup "
            "--elsewhere`, and restore it with pg_restore",
        )
    return Path(url.removeprefix("sqlite:///"))
