"""What is fuzzed: each target takes bytes, and refuses or understands them.

To refuse is to raise one of our own errors. Any other one is a find, and so is what was
understood and means something else when it is written down and read again.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path

from leadwell.api import body
from leadwell.api.cursors.sealing import Sealer
from leadwell.api.entrance import auth
from leadwell.errors import LeadwellError
from leadwell.intake.reading import open_rows
from leadwell.model import cursor, token
from leadwell.schema import querystring, question, saved, submission
from leadwell.store import filtering
from leadwell.store.engines.sqlite_connection import SQLiteDialect
from tests import make

CAMPAIGN = make.a_campaign()
BINDING = cursor.Binding(362, b"lineage.", b"question")
SEALER = Sealer(make.KEYS, lambda count: b"n" * count)
ROWS_MAX = 500


def query(data: bytes) -> None:
    """A query string: decoded, read as a question of a list, and written again."""
    pairs = querystring.decode(data)
    again = querystring.decode(querystring.encode(pairs).encode())
    assert again == pairs, pairs
    question.read(CAMPAIGN, pairs)


def filters(data: bytes) -> None:
    """A filter: read, saved, loaded, and written as SQL."""
    found = question.conditions(CAMPAIGN, querystring.decode(data))
    text = saved.dumped(CAMPAIGN, found)
    assert saved.loaded(CAMPAIGN, text) == found, text
    clause = filtering.every(SQLiteDialect(), CAMPAIGN, found)
    # What was asked stands in the values, and nothing of it in the statement.
    assert "--" not in clause.sql
    assert ";" not in clause.sql


def cursors(data: bytes) -> None:
    """A cursor, as it is sent, and as somebody would send it who had the key."""
    for kind, opened in ((b"feed", SEALER.open_place), (b"walk", SEALER.open_walk)):
        for text in (data.decode("latin-1"), SEALER._sealed(data, kind)):
            with suppress(LeadwellError):
                opened(text, BINDING)
    place, walk = cursor.unpack_place(data), cursor.unpack_walk(data)
    assert place is None or cursor.pack_place(*place) == data
    assert walk is None or cursor.pack_walk(*walk) == data


def tokens(data: bytes) -> None:
    """An Authorization header, and a text that may hold a token."""
    text = data.decode("utf-8", "replace")
    found = token.token_in(text)
    assert found is None or found in text
    if token.looks_like_token(text) and not token.is_mistyped(text):
        assert token.public_id_of(text) in text
    auth._bearer(data)


def bodies(data: bytes) -> None:
    """A JSON body: parsed, and read as a new lead and as a change of one."""
    given = body.parsed(data)
    if isinstance(given, dict):
        for is_new in (True, False):
            with suppress(LeadwellError):
                submission.read(CAMPAIGN, given, is_new=is_new)


def files(data: bytes) -> None:
    """A file of leads, whatever its format turns out to be."""
    path = Path(f"fuzzed-{os.getpid()}.csv")
    path.write_bytes(data)
    for row in islice(open_rows(path), ROWS_MAX):
        assert row


Target = Callable[[bytes], None]
TARGETS: Mapping[str, Target] = {
    "query": query,
    "filter": filters,
    "cursor": cursors,
    "token": tokens,
    "body": bodies,
    "csv": files,
}


def feed(target: Target, data: bytes) -> None:
    """Have a target take bytes; to refuse them in words is what it is there for."""
    with suppress(LeadwellError):
        target(data)
