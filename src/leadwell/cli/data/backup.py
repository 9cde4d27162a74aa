"""`leadwell backup` and `leadwell restore`: a copy of the database, and back."""

from __future__ import annotations

from pathlib import Path

from leadwell.cli import output
from leadwell.cli.opening import HERE, Where, now_us
from leadwell.errors import Refused, UsageError


def backup(file: Path, *, where: Where = HERE) -> None:
    """Copy the database into a file while the hub goes on serving.

    The copy is of one moment, and is checked before this ends. Keep the instance key
    and the file of erasures apart from it. PostgreSQL is backed up by pg_dump.

    Example: leadwell backup leads-2026-11-23.db

    Args:
        file: the new file
        where: the database
    """
    from leadwell.store.engines import copying

    path = _sqlite_path(where)
    copying.copy(path, file)
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


def _sqlite_path(where: Where) -> Path:
    url = where.settings().database
    if not url.startswith("sqlite:///"):
        raise UsageError(
            "this copies SQLite databases",
            hint="back PostgreSQL up with pg_dump, and restore it with pg_restore",
        )
    return Path(url.removeprefix("sqlite:///"))
