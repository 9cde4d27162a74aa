from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.server.logs import log_beside
from leadwell.store.connection import Database
from tests import asking, make, memory, postgres, validated
from tests.asking import Whole
from tests.effort import REPEATS, SECOND, draw_anew
from tests.writer import Office, Writer

draw_anew()
# Where a log line goes must not hang on whether a command has run here before.
log_beside()


def pytest_addoption(parser: pytest.Parser) -> None:
    help_ = "record tests/contract/golden again (`make golden`)"
    parser.addoption("--golden-record", action="store_true", help=help_)


def pytest_configure(config: pytest.Config) -> None:
    memory.keep_files_there(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note which lines run where that is worth its time, and the same in each run.

    On one database: only tests of the store ask for both. Not in tests of cases that
    are drawn, nor in those that look at texts or at what the parts' own tests ask.
    """
    for item in items:
        given = getattr(getattr(item, "callspec", None), "params", {})
        repeats = given.get("engine") == "postgres" and "store" not in item.path.parts
        repeats |= hasattr(getattr(item, "obj", None), "hypothesis")
        if repeats or SECOND & set(item.path.parts):
            item.add_marker(REPEATS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Begin a new loop after each test of which no lines are noted.

    In a thread that was there while noting paused, none are noted any more.
    """
    try:
        return (yield)
    finally:
        if item.get_closest_marker(REPEATS.name):
            asking.stop()


@pytest.fixture(scope="session", params=make.ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Every test of a database runs on both."""
    name: str = request.param
    return name


@pytest.fixture(scope="session", autouse=True)
def _no_server_is_left() -> Iterator[None]:
    yield
    asking.stop()
    postgres.stop()


@pytest.fixture(autouse=True)
def _every_answer_is_as_described(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Hold every answer to OpenAPI, but where a test has the hub answer wrongly."""
    if "plant" in request.fixturenames:
        yield
        return
    watch = validated.watch(monkeypatch)
    yield
    assert not watch.faults


@pytest.fixture
def database(tmp_path: Path, engine: str) -> Iterator[Database]:
    """A real, empty database."""
    opened = make.a_database(tmp_path / "leads.db", engine)
    yield opened
    opened.close()


@pytest.fixture
def account(database: Database) -> Account:
    return make.an_account(database)


@pytest.fixture
def campaign(database: Database, account: Account) -> Campaign:
    return make.a_kept_campaign(database, account)


@pytest.fixture
def clock() -> make.Clock:
    return make.Clock()


@pytest.fixture
def hub(database: Database, clock: make.Clock) -> Hub:
    return Hub(database, make.KEYS, clock, "https://hub.example")


@pytest.fixture
def client(hub: Hub) -> Iterator[TestClient]:
    """Real requests to the whole application, in this process."""
    # One loop for all requests, rather than one for each.
    with Whole(app(hub)) as client:
        yield client


@pytest.fixture
def office(
    hub: Hub, database: Database, account: Account, campaign: Campaign
) -> Office:
    return Office(hub, database, account, campaign)


@pytest.fixture
def partner(office: Office) -> Writer:
    """A token that may read and write the whole campaign."""
    return office.writer()
