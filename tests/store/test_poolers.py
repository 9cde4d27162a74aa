"""A hub behind PgBouncer in transaction mode: every transaction, another connection."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.store.engines.postgres import WARM, PostgresDatabase
from tests import make, postgres
from tests.pooler import a_pooler


@pytest.fixture(scope="session")
def engine() -> str:
    return "postgres"


@pytest.fixture
def url(tmp_path: Path, database: PostgresDatabase) -> str:
    del database
    return postgres.server().again(tmp_path / "leads.db")


def prepared(database: PostgresDatabase, times: int = 20) -> set[int]:
    """How many statements are prepared in the connections that run a few."""
    found = set()
    for _ in range(times):
        with database.reading() as connection:
            ((number,),) = connection.rows(
                "SELECT count(*) FROM pg_prepared_statements"
            )
            found.add(int(number))
    return found


def test_behind_a_pooler_nothing_is_prepared(url: str) -> None:
    for is_pooled in (False, True):
        limits = replace(postgres.UNSAFE, is_pooled=is_pooled)
        database = PostgresDatabase(url, limits)
        assert (prepared(database) == {0}) is is_pooled
        database.close()


def test_a_warm_hub_has_its_connections_before_the_first_request(url: str) -> None:
    database = PostgresDatabase(url, postgres.UNSAFE)
    database.warm()
    with database.reading() as connection:
        ((number,),) = connection.rows(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE query LIKE 'SELECT 1 FROM counter%'"
            " AND datname = current_database() AND pid <> pg_backend_pid()"
        )
    database.close()
    # The one that asks has its own query.
    assert number >= WARM - 1


@pytest.mark.proof
def test_leads_are_written_and_read_behind_a_pooler(
    url: str, hub: Hub, account, campaign
) -> None:
    token = make.a_token(hub.database, account, campaign, may_write=True)
    head = {"Authorization": f"Bearer {token}"}
    path = "/v2/campaigns/362/leads"
    with a_pooler(url, connections=2) as pooled:
        database = PostgresDatabase(pooled, replace(postgres.UNSAFE, is_pooled=True))
        database.warm()
        client = TestClient(app(replace(hub, database=database)))
        numbers = count(1)

        def work(_: int) -> int:
            key = {"Idempotency-Key": f"k{next(numbers)}"}
            added: Any = client.post(
                path, json={"fields": {"name": "Anna"}}, headers=head | key
            )
            assert added.status_code == 201, added.text
            lead = added.json()["data"]["id"]
            body = {"fields": {"name": "Berit"}}
            changed = client.patch(f"{path}/{lead}", json=body, headers=head)
            assert changed.status_code == 200, changed.text
            assert client.get(path, headers=head).status_code == 200
            return int(lead)

        with ThreadPoolExecutor(8) as pool:
            leads = list(pool.map(work, range(200)))
        answer = client.get(f"{path}?per_page=1", headers=head).json()
        feed = client.get(f"{path}/changes?_digest=1&_limit=1000", headers=head).json()
        database.close()
    assert sorted(leads) == list(range(1, 201))
    assert answer["pagination"]["total"] == 200
    assert {one["lead"]["fields"]["name"] for one in feed["data"] if "lead" in one} == {
        "Berit"
    }
