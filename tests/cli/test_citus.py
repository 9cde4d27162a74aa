"""`leadwell citus` where there is no cluster: what is refused, and what to do then."""

from pathlib import Path

import pytest

from leadwell.cli.data.citus import distribute
from leadwell.cli.opening import Where
from leadwell.errors import Refused
from leadwell.store.connection import Database
from leadwell.store.engines import citus
from leadwell.store.engines.citus import Table
from tests import make


def test_a_file_cannot_be_spread(tmp_path: Path) -> None:
    make.a_database(tmp_path / "leads.db").close()
    with pytest.raises(Refused, match="this database is a file"):
        distribute(where=Where(f"sqlite:///{tmp_path / 'leads.db'}"))


def test_a_server_without_citus_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADWELL_ALLOW_UNSAFE_DATABASE", "true")
    make.a_database(tmp_path / "leads.db", "postgres").close()
    with pytest.raises(Refused, match="the database has no Citus"):
        distribute(where=Where(make.url_of(tmp_path / "leads.db", "postgres")))


def test_a_campaigns_table_lies_beside_the_first() -> None:
    first = citus.statement(Table("counter", "campaign_id", is_spread=False), 16)
    later = citus.statement(Table("lead", "campaign_id", is_spread=False), 16)
    other = citus.statement(Table("token", None, is_spread=False), 16)
    alone = citus.statement(Table("spending", "reader", is_spread=False), 16)
    assert first.endswith("colocate_with => 'none', shard_count => 16)")
    assert later.endswith("'lead', 'campaign_id', colocate_with => 'counter')")
    assert other == "SELECT create_reference_table('token')"
    assert "'spending', 'reader', colocate_with => 'none', shard_count" in alone


def test_nothing_is_checked_where_there_is_no_cluster(tmp_path: Path) -> None:
    database: Database = make.a_database(tmp_path / "leads.db", "postgres")
    with database.reading() as connection:
        citus.check(connection)
    database.close()
