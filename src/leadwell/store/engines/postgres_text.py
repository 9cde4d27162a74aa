"""SQL as PostgreSQL takes it: our parameters, and the schema's words for its own."""

import re
from functools import lru_cache

_TOKEN = re.compile(
    r"""
      '(?:[^']|'')*'            # a text, in which nothing has a meaning
    | "(?:[^"]|"")*"            # a quoted name
    | --[^\n]*                  # a comment
    | ::                        # a cast, no parameter
    | :(?P<name>[a-z_]\w*)
    """,
    re.VERBOSE,
)
_COMMENT = re.compile(r"--[^\n]*")
_STATEMENT = re.compile(r"""(?:[^;'"]|'(?:[^']|'')*'|"(?:[^"]|"")*")+""")
_TYPES = {"INTEGER": "BIGINT", "BLOB": "BYTEA", "TEXT": 'TEXT COLLATE "C"'}
_TYPE = re.compile(rf"\b({'|'.join(_TYPES)})\b")
_ENDING = re.compile(r"\)\s*(?:STRICT|WITHOUT ROWID)(?:\s*,\s*WITHOUT ROWID)?\s*;")
_CREATED = re.compile(r"CREATE TABLE (\w+) \(.*?\n\);", re.DOTALL)
_FILL = {"counter": 50, "scope": 50, "lead": 85}
"""How full a page is made, in per cent: the rest takes new versions of its rows."""


@lru_cache(maxsize=1024)
def translated(sql: str) -> bytes:
    """Write `:name` as psycopg's `%(name)s`; texts, casts and comments stay."""
    return _TOKEN.sub(_translated_token, sql.replace("%", "%%")).encode()


def rendered(sql: str) -> str:
    """Write a schema or a migration, which is written for SQLite, for PostgreSQL.

    Every number becomes a BIGINT, because SQLite's are; every text is compared by its
    bytes, as SQLite compares it (ADR 0012).
    """
    sql = _COMMENT.sub("", sql)
    sql = _TYPE.sub(lambda found: _TYPES[found[1]], sql)
    sql = _ENDING.sub("\n);", sql)
    return _CREATED.sub(_filled, sql)


def statements(sql: str) -> list[str]:
    """Return the statements of a script that has no comments any more."""
    found = (each.strip() for each in _STATEMENT.findall(sql))
    return [each for each in found if each]


def _translated_token(found: re.Match[str]) -> str:
    name = found["name"]
    return f"%({name})s" if name else found[0]


def _filled(found: re.Match[str]) -> str:
    share = _FILL.get(found[1])
    if share is None:
        return found[0]
    return f"{found[0].removesuffix(';')} WITH (fillfactor = {share});"
