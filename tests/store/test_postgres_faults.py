"""What the hub answers when PostgreSQL cannot, over HTTP: the contract's words.

A `503` with `Retry-After`; nothing of a write that was not answered `2xx` but what is
said to be unknown; and everything as before once the trouble is over.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.store.engines import postgres as engine_module
from leadwell.store.engines.postgres import PostgresDatabase
from tests import make, postgres
from tests.asking import Whole
from tests.cutting import Wire, a_wire

LIST = "/v2/campaigns/362/leads"


@pytest.fixture(scope="session")
def engine() -> str:
    return "postgres"


@pytest.fixture
def url(tmp_path: Path, database: PostgresDatabase) -> str:
    del database
    return postgres.server().again(tmp_path / "leads.db")


@dataclass
class Partner:
    """One who reads and writes with a token, over a database that has its troubles."""

    client: Whole
    token: str

    def ask(self, method: str, path: str = "", body: Any = None, **more: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **more}
        return self.client.request(method, LIST + path, json=body, headers=headers)

    def add(self, name: str, **more: str) -> Any:
        return self.ask("POST", body={"fields": {"name": name}}, **more)

    def leads(self) -> dict[int, dict[str, Any]]:
        answer = self.ask("GET", "?per_page=1000")
        assert answer.status_code == 200, answer.text
        return {lead["id"]: lead for lead in answer.json()["data"]}

    def names(self) -> Counter[str]:
        return Counter(lead["fields"]["name"] for lead in self.leads().values())


def is_unavailable(answer: Any, says: str = "") -> bool:
    content = answer.json()
    assert (answer.status_code, content["code"]) == (503, "unavailable"), answer.text
    assert answer.headers["Retry-After"] == "2"
    return says in content["detail"]


@pytest.fixture
def partner_at(
    hub: Hub, account, campaign
) -> Iterator[Callable[[PostgresDatabase], Partner]]:
    """A partner of the hub, over another way to its database."""
    token = make.a_token(hub.database, account, campaign, may_write=True)
    with ExitStack() as opened:

        def made(database: PostgresDatabase) -> Partner:
            opened.callback(database.close)
            client = opened.enter_context(Whole(app(replace(hub, database=database))))
            return Partner(client, token)

        yield made


@contextmanager
def holding(url: str, sql: str) -> Iterator[Any]:
    """Another program's transaction that has done something and goes on."""
    with psycopg.connect(url) as raw:
        raw.execute(sql.encode())
        yield raw
        raw.rollback()


def test_a_ticket_that_another_program_holds_stops_writes_of_its_campaign_alone(
    url: str, partner_at, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "LOCK_TIMEOUT_MS", 100)
    partner = partner_at(PostgresDatabase(url, postgres.UNSAFE))
    assert partner.add("Before").status_code == 201
    with holding(url, "UPDATE counter SET seq = seq + 9 WHERE campaign_id = 362"):
        for key in ({}, {"Idempotency-Key": "a"}):
            assert is_unavailable(partner.add("Meanwhile", **key))
        assert partner.names() == {"Before": 1}
    assert partner.add("Meanwhile", **{"Idempotency-Key": "a"}).status_code == 201
    assert partner.names() == {"Before": 1, "Meanwhile": 1}


def test_a_slow_transaction_holds_a_write_up_and_takes_nothing_from_it(
    url: str, partner_at
) -> None:
    partner = partner_at(PostgresDatabase(url, postgres.UNSAFE))
    held = "UPDATE counter SET seq = seq + 9 WHERE campaign_id = 362"
    with ThreadPoolExecutor() as pool, holding(url, held) as raw:
        waiting = pool.submit(partner.add, "Patient")
        time.sleep(0.2)
        assert not waiting.done()
        assert partner.names() == {}
        raw.commit()
        assert waiting.result(5).status_code == 201
    assert partner.names() == {"Patient": 1}


@pytest.mark.one_server
def test_a_write_that_is_in_a_deadlock_is_done_once(url: str, partner_at) -> None:
    partner = partner_at(PostgresDatabase(url, postgres.UNSAFE))
    lead_id = partner.add("Anna").json()["data"]["id"]
    locked = "SELECT 1 FROM lead WHERE campaign_id = 362 FOR UPDATE"
    with ThreadPoolExecutor() as pool, holding(url, locked) as raw:
        body = {"fields": {"name": "Berit"}}
        waiting = pool.submit(partner.ask, "PATCH", f"/{lead_id}", body)
        # The hub has the ticket and wants the lead; the other way round here.
        time.sleep(0.2)
        try:
            raw.execute("UPDATE counter SET seq = seq WHERE campaign_id = 362")
        except psycopg.errors.DeadlockDetected:
            raw.rollback()
        else:
            raw.commit()
        answer = waiting.result(10)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["metadata"]["version"] == 2
    assert partner.names() == {"Berit": 1}


def test_a_full_pool_is_unavailable_to_everybody_and_recovers(
    url: str, partner_at, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "READERS_MAX", 0)
    database = PostgresDatabase(url, postgres.UNSAFE)
    partner = partner_at(database)
    with postgres.full(database, engine_module.WRITERS):
        assert is_unavailable(partner.ask("GET"), "does not answer")
        assert is_unavailable(partner.add("Anna"), "does not answer")
    assert partner.add("Berit").status_code == 201
    assert partner.names() == {"Berit": 1}


@dataclass
class Write:
    """A kind of write, by a wire that may be cut; its outcome can be told."""

    partner: Partner
    wire: Wire
    op: str
    key: str = ""
    lead_id: int = 0
    """One that it may change."""

    def do(self, name: str) -> Any:
        more = {"Idempotency-Key": f"{self.key}-{name}"} if self.key else {}
        fields = {"fields": {"name": name}}
        if self.op == "add":
            return self.partner.ask("POST", "", fields, **more)
        if self.op == "change":
            return self.partner.ask("PATCH", f"/{self.lead_id}", fields, **more)
        leads = {"leads": [fields, {"fields": {"name": "beside"}}]}
        return self.partner.ask("POST", "/batch", leads, **more)

    def times(self, name: str) -> int:
        """How often it was done."""
        if self.op == "change":
            lead = self.partner.leads()[self.lead_id]
            assert lead["metadata"]["version"] in {1, 2}
        return self.partner.names()[name]

    def cut(self, name: str, lost: str, place: int) -> str:
        """Write while the wire is cut at a place; return what the answer said."""
        self.lead_id = self.partner.add("first").json()["data"]["id"]
        self.wire.lost, self.wire.place = lost, place
        answer = self.do(name)
        self.wire.lost, self.wire.place = "", 0
        if answer.status_code < 300:
            assert self.times(name) == 1
            return "done"
        is_unknown = is_unavailable(answer, "it may be saved or not")
        assert self.times(name) <= is_unknown
        if self.key:
            for _ in range(2):
                assert self.do(name).status_code < 300
            assert self.times(name) == 1
        return "unknown" if is_unknown else "refused"


@pytest.fixture
def wire() -> Iterator[Wire]:
    with a_wire(postgres.server().folder) as wire:
        yield wire


@pytest.mark.proof
@pytest.mark.one_server
@pytest.mark.parametrize("op", ["add", "batch", "change"])
@pytest.mark.parametrize("lost", ["question", "answer"])
@pytest.mark.parametrize("key", ["", "key"])
def test_a_connection_that_is_cut_anywhere_leaves_what_was_answered(
    url: str, wire: Wire, partner_at, *, op: str, lost: str, key: str
) -> None:
    """At each message of the request: its reads, its write, its COMMIT."""
    told: Counter[str] = Counter()
    address = url.replace(str(postgres.server().folder), str(wire.folder))
    # Statements that are not prepared are known by their words.
    limits = replace(postgres.UNSAFE, is_pooled=True)
    write = Write(partner_at(PostgresDatabase(address, limits)), wire, op, key)
    for place in range(1, 200):
        told[write.cut(f"{op}-{place}", lost, place)] += 1
        if not wire.cuts:
            break
        wire.cuts = 0
    # The last place lay behind all that was said.
    assert place > 10
    assert told["refused"] > 0
    assert told["done"] > 0
    # How much is said differs now and then, so the COMMIT is met for certain.
    wire.after = b"UPDATE counter"
    told[write.cut(f"{op}-commit", lost, 0)] += 1
    assert wire.cuts == 1
    assert (told["unknown"] == 0) == bool(key)
