"""What the tab Leads asks of the database, whatever page of how many leads it shows."""

from pathlib import Path
from typing import Any

import pytest

from leadwell.admin import app as admin
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub
from leadwell.model.user import Role
from leadwell.store import campaigns
from leadwell.store.engines.sqlite_connection import SQLiteConnection
from tests import make
from tests.asking import Whole
from tests.desk import Desk, a_user

SIZES = (100, 1_000)
QUERIES = ("", "page=3", "source=website", "source=website&status=new&page=2")
STATEMENTS_MAX = 12


def a_desk(path: Path, leads: int) -> Desk:
    database = make.a_database(path)
    account = make.an_account(database)
    made = make.a_kept_campaign(database, account)
    hub = Hub(database, make.KEYS, make.Clock(), "https://hub.example")
    user = a_user(hub, account, Role.ADMINISTRATOR)
    campaign = database.write(lambda c: campaigns.known(c, made.id)).result()
    given: list[dict[str, Any]] = [
        {"status": "new", "fields": {"source": ["website", "partner-west"][n % 2]}}
        for n in range(leads)
    ]
    for each in given:
        each["fields"]["name"] = "Jane"
    make.leads(database, campaign, given)
    whole = app(hub, beside=Beside(leads=admin.leads(hub), pages=admin.routes(hub)))
    return Desk.of(hub, Whole(whole, base_url=hub.public_url), user)


def test_a_page_costs_the_same_however_many_leads_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desks = [a_desk(tmp_path / f"{size}.db", size) for size in SIZES]
    asked: list[str] = []
    rows = SQLiteConnection.rows

    def noted(self: SQLiteConnection, sql: str, params: Any = None) -> Any:
        asked.append(sql)
        return rows(self, sql, params)

    monkeypatch.setattr(SQLiteConnection, "rows", noted)
    for query in QUERIES:
        said: list[list[str]] = []
        for desk in desks:
            path = f"/campaigns/362/leads?per_page=10&{query}"
            desk.get(path)
            asked.clear()
            assert desk.get(path).status_code == 200
            said.append([*asked])
        assert said[0] == said[1]
        assert len(said[0]) <= STATEMENTS_MAX
        assert not any("count(" in sql for sql in said[0])
    for desk in desks:
        desk.hub.indexes.close()
        desk.hub.database.close()
