"""A campaign stays on its machine: what the loss of one means, and who asks where.

Run by `make test-citus`, on a PostgreSQL with Citus that an operator installed; beside
them, the whole suite of the store and of the API runs on the same cluster.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.server.auditing import Auditor
from leadwell.store.audit import finding
from leadwell.store.audit.chain import Chain
from leadwell.store.connection import Database
from leadwell.store.engines.postgres import PostgresDatabase
from tests import make, postgres
from tests.asking import Whole
from tests.citus.cluster import Cluster, Node, named
from tests.writer import Office, Writer

pytestmark = pytest.mark.citus


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

    def audited(self, hub: Hub) -> int:
        """How many rows of its audit log tell that it was read."""
        with hub.database.reading() as connection:
            chain = [Chain.of(self.campaign)]
            return len(finding.newest(connection, chain, finding.Asked(kind="read"), 9))


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
        # Whose token is for the other one waits for nothing there.
        path = f"/v2/campaigns/{lost.campaign.id}/leads"
        assert other.partner.ask("GET", path).status_code == 403
        for number in range(5):
            assert other.add().status_code == 201
            assert other.page().json()["pagination"]["total"] == number + 2
    finally:
        lost.node.start()
    assert lost.add().status_code == 201
    assert lost.page().json()["pagination"]["total"] == 2


def test_what_others_read_is_noted_while_a_machine_is_lost(
    branches: tuple[Branch, Branch], hub: Hub
) -> None:
    lost, other = branches
    auditor = Auditor(hub)
    for each in branches:
        assert each.add().status_code == 201
        assert each.page().status_code == 200
    lost.node.kill()
    try:
        for count in (2, 3):
            auditor.look()
            assert other.page().status_code == 200
            assert other.audited(hub) == count
    finally:
        lost.node.start()
    assert lost.page().status_code == 200
    auditor.look()
    assert [each.audited(hub) for each in branches] == [2, 4]


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


def test_a_reader_sees_one_moment_of_a_machine_however_it_is_set(
    cluster: Cluster, tmp_path: Path, office: Office, partner: Writer
) -> None:
    setting = "SET citus.select_opens_transaction_block = off"
    name = named(tmp_path / "leads.db")
    cluster.coordinator.run(f"ALTER DATABASE {name} {setting}")
    reader = make.a_database_again(tmp_path / "leads.db", "postgres")
    newest = "SELECT seq FROM counter WHERE campaign_id = :id"
    params = {"id": office.campaign.id}
    with reader.reading() as connection:
        before = connection.rows(newest, params)
        partner.add("a")
        assert connection.rows(newest, params) == before
    with reader.reading() as connection:
        assert connection.rows(newest, params) > before
    reader.close()


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
