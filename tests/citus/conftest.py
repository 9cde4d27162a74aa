"""A cluster for every test here, and a hub on it that is watched."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.store.connection import Database
from tests import make, postgres
from tests.asking import Whole
from tests.citus.cluster import Cluster, named
from tests.citus.issued import Issued, of_a_request
from tests.writer import Office, Writer


@pytest.fixture
def engine() -> str:
    return "postgres"


@pytest.fixture
def cluster() -> Cluster:
    found: Any = postgres.server()
    assert isinstance(found, Cluster), "CITUS_BIN names the programs of a PostgreSQL"
    return found


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
        return Issued(list(of_a_request(said)))

    del office
    return watch


@pytest.fixture
def anew(watched: object, tmp_path: Path) -> Iterator[Hub]:
    """A hub whose connections were made since the watch began."""
    del watched
    database = make.a_database_again(tmp_path / "leads.db", "postgres")
    hub = Hub(database, make.KEYS, make.Clock(), "https://hub.example")
    yield hub
    hub.indexes.close()
    database.close()


@pytest.fixture
def fresh(anew: Hub, office: Office) -> Iterator[Writer]:
    """A partner of that hub."""
    token = office.writer().token
    with Whole(app(anew)) as client:
        partner = Writer(client, token)
        # The index is made, and the token's use is noted, before anything is watched.
        for number in range(3):
            partner.add(f"known-{number}", source="partner-west")
        partner.get()
        _await_use(anew.database)
        yield partner


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
