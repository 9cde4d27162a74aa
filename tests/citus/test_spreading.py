"""A database is spread over a cluster: as it is, of an older release, or a copy."""

import json
from pathlib import Path

import psycopg
import pytest

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.cli.data.citus import distribute
from leadwell.cli.data.copying import copy
from leadwell.cli.migrate import migrate
from leadwell.cli.opening import Where
from leadwell.errors import Refused
from leadwell.model.campaign import Campaign
from leadwell.server import opening
from leadwell.server.auditing import Auditor
from leadwell.settings import Settings
from leadwell.store import accounts, campaigns, migrations
from leadwell.store.connection import Connection, Database
from leadwell.store.engines import citus
from leadwell.store.hubs import spending
from leadwell.store.uploads import shared
from tests import make
from tests.asking import Whole
from tests.citus.cluster import Cluster, named, spread_all
from tests.store.test_migrations import BASELINE_SQL
from tests.writer import Writer

pytestmark = pytest.mark.citus


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
    assert found["later"].by == "campaign_id"
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


RELEASED = 12
"""The version of a schema that was spread before the others were there."""
OLD_ROWS = """
INSERT INTO account (id, slug, name, person_id, created_at)
     VALUES (1, 'demo', 'Demo', 0, 1);
INSERT INTO campaign (campaign_id, account_id, slug, name, country, schema_version,
                      created_at)
     VALUES (362, 1, 'roofs', 'Roofs', 'DK', 1, 1);
INSERT INTO account_campaign (account_id, slug, campaign_id) VALUES (1, 'roofs', 362);
INSERT INTO counter (campaign_id, seq, lead_id, part_id, stamped_at)
     VALUES (362, 0, 0, 1, 0);
INSERT INTO scope (campaign_id, scope_id, leads, sum_0, sum_1, sum_2, sum_3)
     VALUES (362, 0, 0, 0, 0, 0, 0);
INSERT INTO status (campaign_id, id, slug, label, type, is_default, place)
     VALUES (362, 1, 'new', 'New', 'active', 1, 1);
INSERT INTO token (digest, public_id, lineage, name, account_id, campaign_id, may_write,
                   generation, addresses, created_at)
     VALUES ('\\x00', 'old', 'old', 'Old', 1, 362, 1, 1, '[]', 1);
"""


def test_a_spread_database_of_an_older_release_is_migrated(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADWELL_ALLOW_UNSAFE_DATABASE", "true")
    database = make.an_empty_database(tmp_path / "old.db", "postgres")

    def begin(connection: Connection) -> None:
        connection.change_schema(BASELINE_SQL)
        connection.run("INSERT INTO migration (version, applied_at) VALUES (3, 0)")

    database.write(begin).result()
    spread_all(database)
    older = [each for each in migrations.known() if each.version <= RELEASED]
    for upto in range(1, len(older) + 1):
        database.write(lambda c, n=upto: migrations.apply(c, 0, older[:n])).result()
    for statement in OLD_ROWS.split(";")[:-1]:
        database.write(lambda c, sql=statement: c.run(sql)).result()
    url = cluster.coordinator.url(named(tmp_path / "old.db"))
    assert migrate(where=Where(url)) == 0
    with database.reading() as connection:
        assert all(each.is_spread for each in citus.tables(connection))
        # The rows that were there have what was added, on each machine.
        (old,) = connection.rows("SELECT public_id, rate, key_generation FROM token")
    assert old == ("old", None, 1)
    database.close()
    settings = Settings(database=url, allow_unsafe_database=True)
    with_hub = opening.open_database(settings, create=False, now=0)
    token = _a_token(with_hub)
    with Whole(app(Hub(with_hub, make.KEYS, make.Clock(), "https://hub"))) as client:
        writer = Writer(client, token)
        answer = writer.ask("POST", "", {"fields": {}})
        assert answer.status_code == 201, answer.text
        assert writer.total == 1
    with_hub.close()


def _a_token(database: Database) -> str:
    with database.reading() as connection:
        (account,) = accounts.find_all(connection)
        campaign = campaigns.known(connection, 362)
    return make.a_token(database, account, campaign, may_write=True)


def a_hub_of_several_campaigns(path: Path) -> tuple[str, bytes]:
    """A hub in a file; a token for it, and what that reads."""
    source = make.a_database(path)
    account = make.an_account(source)
    kept = [
        make.a_kept_campaign(source, account, id=number, slug=f"c-{number}")
        for number in range(362, 366)
    ]
    for campaign in kept:
        names = [{"fields": {"name": f"N{number}"}} for number in range(40)]
        make.leads(source, campaign, names)
    token = make.a_token(source, account, kept[0])
    hub = Hub(source, make.KEYS, make.Clock(), "https://hub")
    with Whole(app(hub)) as client:
        read = Writer(client, token).get("?per_page=7").content
    Auditor(hub).finish()
    source.write(lambda c: spending.add(c, {b"reader": 1_000})).result()
    source.write(lambda c: shared.add(c, 362, "a.csv", 0, b"data")).result()
    source.close()
    return token, read


def test_a_hub_is_copied_onto_a_cluster_and_back(
    cluster: Cluster,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LEADWELL_ALLOW_UNSAFE_DATABASE", "true")
    token, read = a_hub_of_several_campaigns(tmp_path / "leads.db")
    make.a_database(tmp_path / "target.db", "postgres").close()
    name = named(tmp_path / "target.db")
    there = cluster.coordinator.url(name)
    assert (
        copy(source=f"sqlite:///{tmp_path / 'leads.db'}", target=there, json=True) == 0
    )
    copied = json.loads(capsys.readouterr().out)["rows"]
    assert {"lead": 160, "spending": 1, "upload_part": 1}.items() <= copied.items()
    assert copied["audit"] > 0
    back = f"sqlite:///{tmp_path / 'back.db'}"
    # Whichever machine somebody is connected to.
    elsewhere = cluster.workers[0].url(name)
    with (
        psycopg.connect(elsewhere, application_name="another hub"),
        pytest.raises(Refused, match="in use, by another hub of postgres"),
    ):
        copy(source=there, target=back)
    assert copy(source=there, target=back, json=True) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == copied
    database = make.a_database_again(tmp_path / "target.db", "postgres")
    with Whole(app(Hub(database, make.KEYS, make.Clock(), "https://hub"))) as client:
        assert Writer(client, token).get("?per_page=7").content == read
    database.close()
