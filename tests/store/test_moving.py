"""Moving a whole hub between databases, every pair of them both ways."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.errors import Refused
from leadwell.store import migrations
from leadwell.store.connection import Connection, Database, Row
from leadwell.store.moving import copying, going, tables
from leadwell.store.moving.going import Moved
from leadwell.store.moving.tables import Table, everything
from tests import make, twins
from tests.asking import Whole
from tests.rules.test_sql import TABLES
from tests.twins import Ask, Twin

WAYS = [
    ("sqlite", "postgres"),
    ("postgres", "sqlite"),
    ("sqlite", "sqlite"),
    ("postgres", "postgres"),
]
HOLDS = ["Æblegård", "", "two\nlines", "quote ' and \\ and \t", "\U0001f600", "{}"]
"""Texts that one of the two could misread."""
NUMBERS = [0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)]
BYTES = [b"\x00\xff\\x41", b"", bytes(range(256))]


LEADS: list[dict[str, Any]] = [
    {"name": "Åse", "source": "partner-west", "budget": 900.5, "tags": ["a", "c"]},
    {"name": "Jo \U0001f600", "source": "website", "newsletter": True},
]
CHANGES = f"{twins.LIST}/changes"
QUESTIONS = [
    ("reader", twins.LIST),
    ("everyone", f"{twins.LIST}?budget[gte]=900&page=2&per_page=10"),
    ("everyone", f"{twins.LIST}?tags=a"),
    ("everyone", f"{twins.LIST}/6"),
    ("reader", CHANGES + "?_cursor={cursor}&_digest=1"),
    ("reader", f"{CHANGES}?_limit=3"),
    ("everyone", f"{twins.LIST}/digest"),
    ("reader", f"{twins.LIST}/digest?_buckets=256"),
    ("everyone", f"{twins.LIST}/export?_format=csv"),
    ("everyone", f"{twins.LIST}/export?_format=ndjson"),
    ("", twins.FEED),
    ("account", f"/v2/campaigns/{twins.OWN_ID}/leads"),
    ("everyone", twins.LIST, "POST", {"external_id": "e-1", "fields": LEADS[1]}),
    ("everyone", twins.LIST, "POST", {"external_id": "new", "fields": LEADS[1]}),
    ("reader", CHANGES + "?_cursor={cursor}&_digest=1"),
]


@pytest.fixture(params=WAYS[:2], ids="-to-".join)
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def source(tmp_path: Path, way: tuple[str, str]) -> Iterator[Database]:
    database = make.a_database(tmp_path / "source.db", way[0])
    yield database
    database.close()


@pytest.fixture
def target(tmp_path: Path, way: tuple[str, str]) -> Iterator[Database]:
    database = make.an_empty_database(tmp_path / "target.db", way[1])
    yield database
    database.close()


def move(source: Database, target: Database) -> Moved:
    return going.move(source, target, name="the source", now=0, tell=_quiet)


def _quiet(what: str, table: str, rows: int) -> None:
    del what, table, rows


def a_hub(database: Database) -> Hub:
    """One of two hubs that differ in nothing but the database."""
    nonce = Random(1).randbytes  # noqa: S311 - the same bytes in both
    clock = make.Clock(make.MIDNIGHT + timedelta(hours=1))
    return Hub(database, make.KEYS, clock, "https://hub.example", nonce=nonce)


def told(twin: Twin, client: Any, asked: Ask, cursor: str) -> tuple[int, Any, bytes]:
    headers = {"X-Request-ID": "fixed", "Accept-Encoding": "identity"}
    if asked.token:
        headers["Authorization"] = f"Bearer {twin.tokens[asked.token]}"
    url = twin.address(asked, cursor)
    given = {} if asked.body is None else {"json": asked.body}
    answer = client.request(
        asked.method, url, headers={**headers, **asked.headers}, **given
    )
    return answer.status_code, answer.headers.raw, answer.content


def rows_of(database: Database, table: Table) -> list[Row]:
    with database.reading() as connection:
        return tables.find_after(connection, table, None, 10_000)


def fill(database: Database, per_table: int = 7) -> None:
    """Rows in every table, of values that its columns may hold, whatever they mean."""

    def job(connection: Connection) -> None:
        kinds = types_of()
        for table in everything():
            rows = [
                tuple(
                    _value(kinds[table.name][column], number, column in table.key)
                    for column in table.columns
                )
                for number in range(per_table)
            ]
            connection.load(table.name, table.columns, sorted(rows))

    database.write(job).result()


def _value(kind: str, number: int, is_key: bool) -> Any:
    if kind == "INTEGER":
        numbers = range(100, 1000) if is_key else [*NUMBERS, *range(100, 1000)]
        return numbers[number]
    if kind == "BLOB":
        return BYTES[number % 3] + (b"%d" % number)
    return f"{number}{HOLDS[number % len(HOLDS)]}"


def types_of() -> dict[str, dict[str, str]]:
    return {
        name: {words[0]: words[1] for words in map(str.split, lines)}
        for name, lines in TABLES.items()
    }


@pytest.mark.parametrize("way", WAYS, ids="-to-".join, indirect=True)
def test_every_row_of_every_table_arrives_as_it_was(source, target) -> None:
    fill(source)
    moved = move(source, target)
    assert moved.different == ()
    assert set(moved.rows) == {table.name for table in everything()}
    for table in everything():
        assert moved.rows[table.name] >= 7
        assert rows_of(source, table) == rows_of(target, table), table.name


def test_a_copy_that_was_interrupted_goes_on_where_it_was(source, target) -> None:
    fill(source, per_table=40)
    seen: list[str] = []

    def pull_the_plug(what: str, table: str, rows: int) -> None:
        del rows
        seen.append(f"{what} {table}")
        if seen.count("Copying lead") == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        going.move(source, target, name="the source", now=0, tell=pull_the_plug)
    lead = next(table for table in everything() if table.name == "lead")
    half = len(rows_of(target, lead))
    assert 0 < half < 40
    # Nothing but a copy of the same source opens it now.
    with target.reading() as connection, pytest.raises(Refused, match="half a copy"):
        migrations.check_current(connection)
    with pytest.raises(Refused, match="half a copy of the source, not of another"):
        going.move(source, target, name="another", now=0, tell=_quiet)

    told: dict[str, int] = {}

    def count(what: str, table: str, rows: int) -> None:
        if what == "Copying":
            told[table] = told.get(table, 0) + rows

    moved = going.move(source, target, name="the source", now=0, tell=count)
    assert moved.was_begun
    assert told["lead"] == 40 - half
    assert "account" not in told
    assert moved.different == ()
    assert rows_of(source, lead) == rows_of(target, lead)


def test_what_changes_between_two_runs_is_found_and_copied_anew(source, target) -> None:
    fill(source)
    copying.begin(target, "the source", 0)
    for table in everything():
        list(copying.copy(source, target, table))

    def change(connection: Connection) -> None:
        connection.run("UPDATE account SET name = 'Another' WHERE id = 100")
        connection.run("DELETE FROM person WHERE id = 101")

    source.write(change).result()
    moved = move(source, target)
    assert (moved.was_begun, moved.different) == (True, ())
    for table in everything():
        assert rows_of(source, table) == rows_of(target, table), table.name


def test_a_source_that_never_rests_is_no_success(source, target) -> None:
    fill(source)
    clock = make.Clock()

    def write(what: str, table: str, rows: int) -> None:
        del rows
        if (what, table) == ("Copying", "account"):
            name = clock().isoformat()
            source.write(
                lambda c: c.run("UPDATE account SET name = :name", {"name": name})
            ).result()

    moved = going.move(source, target, name="the source", now=0, tell=write)
    assert moved.different == ("account",)
    with target.reading() as connection, pytest.raises(Refused, match="half a copy"):
        migrations.check_current(connection)
    moved = move(source, target)
    assert moved.different == ()


def test_a_target_that_has_rows_is_refused_and_left_alone(source, target) -> None:
    target.write(lambda c: migrations.apply(c, 0)).result()
    make.an_account(target, "mine")
    with pytest.raises(Refused, match="the target is not empty"):
        move(source, target)
    with target.reading() as connection:
        assert migrations.check_current(connection) == migrations.newest()
        assert connection.rows("SELECT slug FROM account") == [("mine",)]


def test_a_target_at_todays_schema_without_rows_is_taken(source, target) -> None:
    target.write(lambda c: migrations.apply(c, 0)).result()
    make.an_account(source, "mine")
    assert move(source, target).different == ()
    with target.reading() as connection:
        assert migrations.check_current(connection) == migrations.newest()


def test_another_programs_database_is_no_target(source, target) -> None:
    target.write(lambda c: c.run("CREATE TABLE other (x INTEGER)")).result()
    with pytest.raises(Refused, match="another program"):
        move(source, target)


def test_two_copies_into_one_target_stand_in_each_others_way(source, target) -> None:
    fill(source, per_table=40)
    copying.begin(target, "the source", 0)
    lead = next(table for table in everything() if table.name == "lead")
    first, second = (copying.copy(source, target, lead) for _ in range(2))
    assert next(first) > 0
    assert next(second) > 0
    with pytest.raises(Refused, match="something else writes"):
        next(first)
    list(second)
    assert rows_of(source, lead) == rows_of(target, lead)


def test_postgresql_is_not_given_the_character_nul(source, target, way) -> None:
    fill(source)
    if way[0] == "postgres":
        return
    source.write(
        lambda c: c.run(
            "UPDATE person SET name = :name WHERE id = 101", {"name": "a\x00secret"}
        )
    ).result()
    if way[1] == "sqlite":
        assert move(source, target).different == ()
        return
    with pytest.raises(Refused) as caught:
        move(source, target)
    assert "name of person has the character NUL" in caught.value.detail
    assert "account_id 101, id 101" in caught.value.detail
    assert "secret" not in caught.value.detail


def test_a_source_whose_digests_are_wrong_is_told(source, target) -> None:
    account = make.an_account(source)
    campaign = make.a_kept_campaign(source, account)
    make.a_lead(source, campaign)
    source.write(lambda c: c.run("UPDATE scope SET sum_0 = sum_0 + 1")).result()
    moved = move(source, target)
    assert [each.campaign_id for each in moved.wrong] == [362]


def test_a_database_that_is_open_elsewhere_is_told(tmp_path: Path, engine: str) -> None:
    path = tmp_path / "used.db"
    first = make.a_database(path, engine)
    first.check_unused()
    second = make.a_database_again(path, engine)
    with second.reading(), pytest.raises(Refused, match="in use"):
        first.check_unused()
    second.close()
    first.check_unused()
    first.close()


def test_the_rows_of_one_range_are_of_about_one_size() -> None:
    by_name = {table.name: table for table in everything()}
    stride = tables.Stride(by_name["lead"])
    small, large = (1, 1, b"x" * 100), (1, 1, b"x" * tables.CHUNK_BYTES)
    for _ in range(10):
        stride.follow([small])
    assert stride.rows == tables.ROWS_MAX
    stride.follow([large])
    assert stride.rows == 1
    assert tables.Stride(by_name["index_snapshot"]).rows == 1


def test_the_hub_answers_from_the_copy_byte_for_byte(
    tmp_path: Path, way: tuple[str, str]
) -> None:
    """Old cursors, tokens, links, digests and replayed writes go on there."""
    twin = twins.a_twin(tmp_path / "twin", 0, way[0], few_fields=False)
    for number in range(40):
        twin.do("", {"external_id": f"e-{number}", "fields": LEADS[number % 2]})
    key = {"Idempotency-Key": "once"}
    once = Ask("everyone", twins.LIST, "POST", {"fields": LEADS[0]}, key)
    assert twin.ask(once).status_code == 201
    old = twin.ask(Ask("reader", f"{twins.LIST}/changes?_limit=5")).json()["cursor"]
    twin.do("/3", None, "DELETE")
    twin.do("/5", {"fields": {"source": "partner-west"}}, "PATCH")
    twin.database.settle()
    twin.hub.indexes.close()

    target = make.an_empty_database(tmp_path / "target.db", way[1])
    assert move(twin.database, target).different == ()
    asked = [once, *(Ask(*each) for each in QUESTIONS)]
    answers = []
    for database in (twin.database._inner, target):
        hub = a_hub(database)
        with Whole(app(hub)) as client:
            answers.append([told(twin, client, each, old) for each in asked])
        hub.indexes.close()
        database.close()
    for one, two, each in zip(*answers, asked, strict=True):
        assert one[0] < 400, (each, one)
        assert one == two, each
