"""A campaign stays on its machine: what is asked, how it commits, what a loss means.

Run by `make test-citus`, on a PostgreSQL with Citus that an operator installed; beside
them, the whole suite of the store and of the API runs on the same cluster.
"""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.cli.data.citus import distribute
from leadwell.cli.opening import Where
from leadwell.errors import Refused
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.server import opening
from leadwell.settings import Settings
from leadwell.store import migrations
from leadwell.store.connection import Database
from leadwell.store.engines import citus
from leadwell.store.engines.postgres import PostgresDatabase
from tests import make, postgres
from tests.asking import Whole
from tests.citus.cluster import Cluster, Node, named
from tests.writer import Office, Writer

pytestmark = pytest.mark.citus

SHARD = re.compile(r"\bpublic\.(?P<table>\w+?)_(?P<shard>10\d{4})\b")
ISSUED = re.compile(
    r"NOTICE:  issuing (?P<sql>.*?)\n\S+ \S+ \S+ \[\d+\] DETAIL:  "
    r"on server \w+@\S+?:(?P<port>\d+) connectionId: (?P<connection>\d+)",
    re.DOTALL,
)


@pytest.fixture
def engine() -> str:
    return "postgres"


@pytest.fixture
def cluster() -> Cluster:
    found: Any = postgres.server()
    assert isinstance(found, Cluster), "CITUS_BIN names the programs of a PostgreSQL"
    return found


@dataclass
class Issued:
    """What a node asked of others for a request."""

    statements: list[tuple[str, int]]

    @property
    def shards(self) -> set[int]:
        """Which parts of the campaigns' tables were asked, as places beside another."""
        return {
            int(found["shard"])
            for sql, _ in self.statements
            for found in SHARD.finditer(sql)
        }

    @property
    def nodes(self) -> set[int]:
        return {port for _, port in self.statements}

    @property
    def is_two_phase(self) -> bool:
        return any("PREPARE TRANSACTION" in sql for sql, _ in self.statements)


@pytest.fixture
def watched(
    cluster: Cluster, tmp_path: Path, office: Office
) -> Callable[[Callable[[], Any]], Issued]:
    """Runs a request, and returns what the coordinator asked of the workers for it."""
    name = named(tmp_path / "leads.db")
    log = cluster.coordinator.folder / "log"
    cluster.coordinator.run(f"ALTER DATABASE {name} SET citus.log_remote_commands = on")
    cluster.coordinator.run(f"ALTER DATABASE {name} SET log_min_messages = notice")

    def watch(request: Callable[[], Any]) -> Issued:
        before = log.stat().st_size
        request()
        with log.open("rb") as file:
            file.seek(before)
            said = file.read().decode()
        return Issued(list(_of_the_request(said)))

    del office
    return watch


@pytest.fixture
def fresh(watched: object, tmp_path: Path, office: Office) -> Iterator[Writer]:
    """A partner of a hub whose connections were made since the watch began."""
    del watched
    database = make.a_database_again(tmp_path / "leads.db", "postgres")
    hub = Hub(database, make.KEYS, make.Clock(), "https://hub.example")
    token = office.writer().token
    with Whole(app(hub)) as client:
        partner = Writer(client, token)
        # The index is made, and the token's use is noted, before anything is watched.
        for number in range(3):
            partner.add(f"known-{number}", source="partner-west")
        partner.get()
        _await_use(database)
        yield partner
    hub.indexes.close()
    database.close()


def _of_the_request(said: str) -> Iterator[tuple[str, int]]:
    """What was issued, but for the notes of how tokens fare.

    Those are written after the answer, to a table that each machine has a copy of.
    """
    transactions: dict[str, list[tuple[str, int]]] = {}
    for found in ISSUED.finditer(said):
        if found["sql"].startswith("BEGIN"):
            yield from _kept(transactions.pop(found["connection"], []))
        issued = (found["sql"], int(found["port"]))
        transactions.setdefault(found["connection"], []).append(issued)
    for rest in transactions.values():
        yield from _kept(rest)


def _kept(issued: list[tuple[str, int]]) -> list[tuple[str, int]]:
    asked = {found["table"] for sql, _ in issued for found in SHARD.finditer(sql)}
    # What names no table ends a transaction that began before the request.
    return issued if asked and "token_note" not in asked else []


def _await_use(database: Database) -> None:
    """Wait until it is noted that the token was used: that is written to each node."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with database.reading() as connection:
            used = connection.rows("SELECT last_used_at FROM token")
        if all(at is not None for (at,) in used):
            return
        time.sleep(0.05)
    raise AssertionError(used)


HOT: dict[str, Callable[[Writer], Any]] = {
    "a page": lambda w: w.get("?per_page=2"),
    "a later page": lambda w: w.get("?per_page=1&page=3"),
    "a filter": lambda w: w.get("?source=partner-west&status=new"),
    "one lead": lambda w: w.get("/1"),
    "the feed": lambda w: w.get("/changes"),
    "the digest": lambda w: w.get("/digest"),
    "an export": lambda w: w.get("/export?_format=ndjson"),
    "a new lead": lambda w: w.add("new", source="partner-west"),
    "a known lead": lambda w: w.add("known-1", source="partner-north"),
    "a change": lambda w: w.change(1, {"fields": {"name": "John Doe"}}),
    "a batch": lambda w: w.batch(*({"fields": {"name": f"B{n}"}} for n in range(5))),
    "a removal": lambda w: w.remove(2),
}


WRITES = ("a new lead", "a known lead", "a change", "a batch", "a removal")


@pytest.mark.parametrize("name", HOT)
def test_a_request_is_answered_by_one_machine(
    name: str,
    fresh: Writer,
    office: Office,
    watched: Callable[[Callable[[], Any]], Issued],
) -> None:
    answered: list[Any] = []
    issued = watched(lambda: answered.append(HOT[name](fresh)))
    (answer,) = answered
    assert isinstance(answer, dict) or answer.status_code in {200, 201, 204}
    assert issued.shards, "nothing was asked of a worker"
    assert len(issued.nodes) == 1, issued.statements
    if name in WRITES:
        assert not issued.is_two_phase, issued.statements
    # All tables of a campaign are cut alike: what is asked stands at one place of each.
    assert len(_places(office.database, issued.shards)) == 1, issued.statements


def _places(database: Database, shards: set[int]) -> set[str]:
    with database.reading() as connection:
        rows = connection.rows("SELECT shardid, shardminvalue FROM pg_dist_shard")
    # A table that is copied to each machine has no such place.
    return {place for shard, place in rows if shard in shards and place is not None}


@dataclass
class Branch:
    """A campaign, and the machine that has it."""

    campaign: Campaign
    node: Node
    partner: Writer

    def page(self) -> Any:
        return self.partner.ask("GET", f"/v2/campaigns/{self.campaign.id}/leads")

    def add(self) -> Any:
        path = f"/v2/campaigns/{self.campaign.id}/leads"
        return self.partner.ask("POST", path, {"fields": {"name": "Jane Doe"}})


@pytest.fixture
def branches(
    cluster: Cluster, database: Database, account: Account, hub: Hub
) -> tuple[Branch, Branch]:
    """Two campaigns on two machines."""
    found: dict[int, Branch] = {}
    client = Whole(app(hub))
    for number in range(500, 540):
        port = _port_of(database, number)
        if port in found:
            continue
        changes = {"id": number, "slug": f"branch-{number}"}
        campaign = make.a_kept_campaign(database, account, **changes)
        token = make.a_token(database, account, campaign, may_write=True)
        (node,) = (each for each in cluster.workers if each.port == port)
        found[port] = Branch(campaign, node, Writer(client, token))
        if len(found) == len(cluster.workers):
            break
    first, second = found.values()
    return first, second


def _port_of(database: Database, campaign_id: int) -> int:
    with database.reading() as connection:
        ((port,),) = connection.rows(
            "SELECT p.nodeport FROM pg_dist_shard_placement p WHERE p.shardid ="
            " get_shard_id_for_distribution_column('counter', CAST(:id AS BIGINT))",
            {"id": campaign_id},
        )
    return int(port)


def test_a_lost_machine_stops_its_own_campaigns_alone(
    branches: tuple[Branch, Branch],
) -> None:
    lost, other = branches
    for each in branches:
        assert each.add().status_code == 201
        assert each.page().json()["pagination"]["total"] == 1
    lost.node.kill()
    try:
        for ask in (lost.page, lost.add, lost.page):
            answer = ask()
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) >= 1
        for number in range(5):
            assert other.add().status_code == 201
            assert other.page().json()["pagination"]["total"] == number + 2
    finally:
        lost.node.start()
    assert lost.add().status_code == 201
    assert lost.page().json()["pagination"]["total"] == 2


def test_a_hub_at_a_worker_answers_as_one_at_the_coordinator(
    cluster: Cluster, tmp_path: Path, office: Office, partner: Writer
) -> None:
    partner.add("a", source="partner-west")
    name = named(tmp_path / "leads.db")
    database = PostgresDatabase(cluster.workers[0].url(name), postgres.UNSAFE)
    hub = Hub(database, make.KEYS, office.hub.clock, "https://hub.example")
    try:
        with Whole(app(hub)) as client:
            there = Writer(client, partner.token)
            for path in ("", "/1", "/digest", "/changes", "?source=partner-west"):
                assert _told(there.get(path)) == _told(partner.get(path))
            there.add("b", source="partner-north")
            assert partner.total == there.total == 2
    finally:
        hub.indexes.close()
        database.close()


def _told(answer: Any) -> Any:
    """What an answer says, but for its cursor, in which there is chance."""
    return {k: v for k, v in answer.json().items() if k != "cursor"}


def test_a_migration_of_a_spread_database_spreads_what_it_adds(
    database: Database, campaign: Campaign
) -> None:
    del campaign
    script = """
        ALTER TABLE campaign ADD COLUMN colour TEXT;
        CREATE TABLE later (
            campaign_id INTEGER NOT NULL,
            id          INTEGER NOT NULL,
            PRIMARY KEY (campaign_id, id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX later_by_id ON later (campaign_id, id);
        CREATE TABLE everywhere (id INTEGER PRIMARY KEY) STRICT;
    """
    newest = migrations.newest()
    added = migrations.Migration(newest + 1, "later", script)
    known = (*migrations.known(), added)
    done = database.write(lambda c: migrations.apply(c, 0, known)).result()
    assert done == newest + 1
    with database.reading() as connection:
        found = {each.name: each for each in citus.tables(connection)}
    assert found["later"].is_spread
    assert found["later"].by_campaign
    assert found["everywhere"].is_spread
    assert all(each.is_spread for each in found.values())


def test_a_database_that_is_full_is_distributed_and_goes_on(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = make.an_empty_database(tmp_path / "leads.db", "postgres")
    database.write(lambda connection: migrations.apply(connection, 0)).result()
    account = make.an_account(database)
    kept = make.a_kept_campaign(database, account)
    make.leads(database, kept, [{"fields": {"name": f"N{n}"}} for n in range(50)])
    token = make.a_token(database, account, kept)
    with Whole(app(Hub(database, make.KEYS, make.Clock(), "https://hub"))) as client:
        before = [Writer(client, token).get(path).content for path in ("", "/changes")]
    # One table alone, as a run leaves it that was killed.
    with database.reading() as connection:
        first, *_ = citus.tables(connection)
    database.write(lambda c: citus.spread(c, first, 4)).result()
    url = cluster.coordinator.url(named(tmp_path / "leads.db"))
    settings = Settings(database=url, allow_unsafe_database=True)
    with pytest.raises(Refused, match="not distributed yet"):
        opening.open_database(settings, create=False, now=0)
    database.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADWELL_ALLOW_UNSAFE_DATABASE", "true")
        assert distribute(shards=4, where=Where(url, json=True)) == 0
    assert '"done":true' in capsys.readouterr().out
    again = opening.open_database(settings, create=False, now=0)
    with Whole(app(Hub(again, make.KEYS, make.Clock(), "https://hub"))) as client:
        after = [Writer(client, token).get(path).content for path in ("", "/changes")]
    again.close()
    assert [len(each) for each in after] == [len(each) for each in before]
    assert after[0] == before[0]


def test_the_schema_is_changed_at_the_coordinator_alone(
    cluster: Cluster, tmp_path: Path, database: Database
) -> None:
    del database
    url = cluster.workers[0].url(named(tmp_path / "leads.db"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADWELL_ALLOW_UNSAFE_DATABASE", "true")
        with pytest.raises(Refused, match="not the coordinator"):
            distribute(where=Where(url))


def test_writers_of_one_campaign_lose_nothing(
    office: Office, database: Database
) -> None:
    partner = office.writer()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: partner.add(f"w-{n}"), range(40)))
    assert partner.total == 40
    with database.reading() as connection:
        rows = connection.rows(
            "SELECT seq FROM lead WHERE campaign_id = 362 ORDER BY seq"
        )
    seqs = [seq for (seq,) in rows]
    assert len(set(seqs)) == 40
    assert office.seq() >= seqs[-1]
