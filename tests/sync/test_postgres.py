"""A copy in PostgreSQL: its address, what may go wrong there, and what is kept then."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from leadwell.sync.batches import Batch
from leadwell.sync.cells import Row
from leadwell.sync.destinations import named
from leadwell.sync.destinations.base import Copy, Overtaken
from leadwell.sync.destinations.postgres import address
from leadwell.sync.destinations.postgres.copy import PostgresSchema
from leadwell.sync.destinations.postgres.meanings import meaning
from leadwell.sync.errors import (
    BusyDestination,
    DestinationError,
    ForeignDestination,
    ReadOnlyDestination,
    UnknownDestination,
    UnreachableDestination,
    UnreadableDestination,
)
from leadwell.sync.state import State
from leadwell.sync.table import table_of
from tests import postgres
from tests.copying import point_at_a_database

SCHEMA = {
    "fields": [
        {"slug": "name", "type": "text"},
        {"slug": "tags", "type": "multi_select", "options": []},
        {"slug": 'is "it" 100 %s $1?', "type": "json"},
    ],
    "statuses": [],
}
TABLE = table_of(SCHEMA)
BIG = 2**40


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    return point_at_a_database(tmp_path, monkeypatch)


def batch(step: int, *ids: int, name: str = "Ann", anew: bool = False) -> Batch:
    state = State(362, "", "", step=step, schema=SCHEMA)
    moment = "2025-02-21T00:00:00Z"
    more = ["a", None], '{"n":1}', None
    rows = [
        Row(i, 1, (i, "new", name, *more, moment, moment, 1, None, None)) for i in ids
    ]
    columns = {} if anew else TABLE.kinds
    state.columns.update(columns)
    return Batch(state, TABLE if anew else None, tuple(rows))


def begun(to: str = "postgresql:///") -> Copy:
    copy = named(to).open()
    try:
        copy.keep(batch(1, 1, BIG, anew=True), None)
    except BaseException:
        copy.close()
        raise
    return copy


def asked(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        found = connection.execute(sql.encode())
        return found.fetchall() if found.description else []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://u:s3cret@h:5/d", "postgresql://u@h:5/d"),
        ("postgres://u:s3cret@h/d?password=s3cret", "postgresql://u@h/d"),
        ("postgresql:///d?host=/tmp&sslmode=require", None),
        ("postgresql://h/d?schema=Their%20leads", None),
        ("postgresql://", None),
    ],
)
def test_an_address_is_shown_without_its_password(
    given: str, shown: str | None
) -> None:
    found = named(given)
    assert isinstance(found, PostgresSchema)
    assert (found.text, "s3cret" in repr(found)) == (shown or given, False)
    assert "schema" not in found.address.connection


def test_the_usual_schema_is_our_own() -> None:
    assert address.read("postgresql://h/d").schema == "leadwell"
    assert address.read("postgresql://h/d?schema=a").schema == "a"


@pytest.mark.parametrize(
    "given",
    [
        "postgresql://u:s3cret@x@h/d",
        "postgresql://u:s3cret#x@h/d",
        "postgresql:u:s3cret",
        "postgresql://[u:s3cret@h/d",
        "postgresq://u:s3cret@h/d",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(given: str) -> None:
    with pytest.raises(UnknownDestination) as caught:
        named(given)
    assert "s3cret" not in caught.value.detail
    assert "postgresql://" in caught.value.detail


@pytest.mark.parametrize("schema", ["", "pg_toast", "information_schema", "x" * 64])
def test_a_schema_of_no_use_is_refused(schema: str) -> None:
    with pytest.raises(UnknownDestination, match="no schema that a copy can be in"):
        named(f"postgresql:///d?schema={schema}")


def test_what_is_stored_has_types_of_its_own(url: str) -> None:
    begun().close()
    more = """"is ""it"" 100 %s $1?"->'n'"""
    sql = "SELECT id, tags, {} FROM leadwell.leads ORDER BY id"
    found = asked(url, sql.format(more))
    assert found == [(1, ["a", None], 1), (BIG, ["a", None], 1)]
    with named("postgresql:///").open() as copy:
        assert sorted(copy.held()) == [(1, 1), (BIG, 1)]
        assert copy.known([BIG, 7]) == {BIG}


def test_a_nul_in_json_does_not_stop_the_copy(url: str) -> None:
    with begun() as copy:
        rows = [
            Row(2, 1, (2, None, None, None, text, *[None] * 3, 1, None, None))
            for text in [r'"a\u0000\\u0000\\\u0000"']
        ]
        copy.keep(replace(batch(2), rows=tuple(rows)), 1)
    found = asked(url, """SELECT "is ""it"" 100 %s $1?" FROM leadwell.leads""")
    assert ("a\ufffd\\u0000\\\ufffd",) in found


def test_a_schema_that_is_there_needs_no_right_to_make_one(url: str) -> None:
    # Roles are the server's: other tests of this process may have made it.
    asked(url, "DROP ROLE IF EXISTS writer")
    asked(url, "CREATE ROLE writer LOGIN")
    try:
        theirs = url.replace("postgres@", "writer@")
        with pytest.raises(ReadOnlyDestination, match="by this user"):
            begun(theirs)
        asked(url, "CREATE SCHEMA own AUTHORIZATION writer")
        begun(f"{theirs}&schema=own").close()
        to = f"{theirs}&schema=own&options=-cdefault_transaction_read_only=on"
        with (
            named(to).open() as copy,
            pytest.raises(ReadOnlyDestination, match="takes no writes"),
        ):
            copy.keep(batch(2, 2), 1)
    finally:
        asked(url, "DROP SCHEMA own CASCADE")
        asked(url, "DROP ROLE writer")


def test_who_is_not_let_in_is_told_why(url: str, tmp_path: Path) -> None:
    asked(url, "DROP ROLE IF EXISTS guarded")
    asked(url, "CREATE ROLE guarded LOGIN PASSWORD 's3cret'")
    there = f"?host={postgres.server().folder}"
    for to, kind, words in [
        (url.replace("postgres@", "guarded:wr0ng@"), UnreadableDestination, "refuses"),
        (url.replace("postgres@", "nobody1@"), UnreadableDestination, "the user"),
        (f"postgresql:///none{there}", UnreadableDestination, "does not exist"),
        (f"postgresql:///d?host={tmp_path}", UnreachableDestination, "be reached"),
        (f"{url}&nonsense=1", UnreadableDestination, "psql would not take"),
        (f"{url}&service=none", UnreadableDestination, "service"),
    ]:
        with pytest.raises(kind, match=words) as caught:
            named(to).open()
        assert "wr0ng" not in str(caught.value.detail)
    asked(url, "DROP ROLE guarded")


def test_a_connection_that_is_cut_loses_nothing(url: str) -> None:
    with begun() as copy:
        sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        asked(url, f"{sql} WHERE application_name = 'leadwell sync'")
        with pytest.raises(UnreachableDestination, match="was cut"):
            copy.keep(batch(2, 2), 1)
    with named("postgresql:///").open() as copy:
        assert len(list(copy.held())) == 2
        copy.keep(batch(2, 2), 1)
        with pytest.raises(Overtaken):
            copy.keep(batch(2, 3), 1)


def test_a_lock_of_another_program_is_waited_for_and_then_told(url: str) -> None:
    begun().close()
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE leadwell.leads")
        place = PostgresSchema(address.read(f"{url}&connect_timeout=5"), wait_s=1)
        with place.open() as copy, pytest.raises(BusyDestination, match="locked"):
            copy.keep(batch(2, 2), 1)


def test_views_of_others_are_not_dropped(url: str) -> None:
    with begun() as copy:
        asked(url, "CREATE VIEW mine AS SELECT id FROM leadwell.leads_labelled")
        with pytest.raises(ForeignDestination, match="views of yours"):
            copy.keep(batch(2, 2, anew=True), 1)
        asked(url, "DROP VIEW mine")
        asked(url, "CREATE VIEW mine AS SELECT id FROM leadwell.leads")
        anew = batch(2, 2, anew=True)
        anew.state.columns.update(TABLE.kinds)
        copy.keep(anew, 1)
    assert asked(url, "SELECT count(*) FROM mine") == [(3,)]


def test_columns_that_were_changed_are_told(url: str) -> None:
    with begun() as copy:
        asked(url, "DROP VIEW leadwell.leads_labelled")
        asked(url, "ALTER TABLE leadwell.leads ALTER name TYPE integer USING NULL")
        with pytest.raises(ForeignDestination, match="other tables or columns"):
            copy.keep(batch(2, 2), 1)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.errors.DiskFull("jane@example.com"), DestinationError),
        (psycopg.errors.QueryCanceled("jane@example.com"), BusyDestination),
        (psycopg.errors.NumericValueOutOfRange("jane@example.com"), DestinationError),
    ],
)
def test_what_is_not_known_is_told_without_data(
    error: psycopg.Error, kind: type[DestinationError]
) -> None:
    found, message, hint = meaning(error)
    assert issubclass(found, kind)
    assert "jane" not in message + hint
