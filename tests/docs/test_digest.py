"""The statements of the how-to page on digests, run on real databases."""

import re
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from tests import postgres
from tests.digest import digest_of

PAGE = Path(__file__).parents[2] / "docs/how-to/prove-a-copy.md"
PAIRS = [(number * 7, number % 5 + 1) for number in range(1, 400)]


def block(name: str) -> str:
    found = re.search(
        rf"<!-- test: {name} -->\n```\w+\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL
    )
    assert found
    return found[1]


@pytest.mark.parametrize("pairs", [PAIRS, PAIRS[:1], []], ids=["many", "one", "none"])
def test_duckdb_adds_up_to_the_same(pairs: list[tuple[int, int]]) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE leads (id BIGINT, version BIGINT)")
        if pairs:
            connection.executemany("INSERT INTO leads VALUES (?, ?)", pairs)
        assert connection.execute(block("duckdb")).fetchall() == [(digest_of(pairs),)]


@pytest.mark.parametrize("pairs", [PAIRS, PAIRS[:1], []], ids=["many", "one", "none"])
def test_postgresql_adds_up_to_the_same(
    tmp_path: Path, pairs: list[tuple[int, int]]
) -> None:
    server = postgres.server()
    with psycopg.connect(server.made(tmp_path / "copy", "template1")) as connection:
        connection.execute("CREATE TABLE leads (id bigint, version bigint)")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO leads VALUES (%s, %s)", pairs)
        (found,) = connection.execute(block("postgres")).fetchall()
    assert found[1] == digest_of(pairs)


def test_sqlite_adds_up_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect("copy.db") as connection:
        connection.execute("CREATE TABLE leads (id INTEGER, version INTEGER)")
        connection.executemany("INSERT INTO leads VALUES (?, ?)", PAIRS)
    connection.close()
    ran: dict[str, Any] = {}
    exec(block("sqlite"), ran)  # noqa: S102 - the page's own code
    ran["connection"].close()
    assert ran["digest"] == digest_of(PAIRS)
