"""What a page asks of the database: four statements, wherever it stands.

And the same steps of SQLite's virtual machine, however many leads there are. Neither
is moved by other work on the machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.store.engines.sqlite_connection import SQLiteConnection
from tests import make
from tests.asking import Whole

SIZES = (240, 2_400)
URL = "/v2/campaigns/362/leads"
PER_PAGE = 10
CASES = {
    "first page": ("", 1),
    "page of a run": ("", 2),
    "deep page": ("&_snapshot=none", 20),
    "one filter": ("&source=website", 1),
    "one filter, deep": ("&source=website", 7),
    "two filters": ("&source=website&status=new", 3),
    "three filters": ("&source=website&status=new&created_after=2025-01-01", 3),
    "nothing new": ("&updated_after=2030-01-01", 1),
}


@dataclass
class Meter:
    """What was asked of a database, and how many steps it took."""

    said: list[str] = field(default_factory=list)
    steps: int = 0

    def note(self, event: dict[str, Any]) -> None:
        self.said.append(" ".join(event["sql"].split()))
        self.steps += event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]


@dataclass
class Hubs:
    """A hub of some size, and the meter of its database."""

    client: TestClient
    token: str
    meter: Meter

    def cost(self, asked: str, page: int) -> Meter:
        """What the page costs once it was read before."""
        url = f"{URL}?per_page={PER_PAGE}&page={page}{asked}"
        self.read(url)
        # The index is made, and that the token is used noted, in the background.
        self.client.app._hub.indexes.settle()
        make.settle(self.client.app._hub.database)
        self.read(url)
        self.meter.said, self.meter.steps = [], 0
        self.read(url)
        return self.meter

    def read(self, url: str) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        assert self.client.get(url, headers=headers).status_code == 200


@pytest.fixture(scope="module")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Hubs]]:
    meters: list[Meter] = []
    honest = SQLiteConnection.__init__

    def watched(self: SQLiteConnection, *given: Any) -> None:
        honest(self, *given)
        self.raw.trace_v2(apsw.SQLITE_TRACE_PROFILE, meters[-1].note)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLiteConnection, "__init__", watched)
        made = []
        for size in SIZES:
            meters.append(Meter())
            folder = tmp_path_factory.mktemp("leads")
            made.append(a_hub(folder / "leads.db", size, meters[-1]))
        yield made
    for each in made:
        each.client.app._hub.database.close()


def a_hub(path: Path, leads: int, meter: Meter) -> Hubs:
    database = make.a_database(path)
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    source, status = ("website", "partner-west"), ("new", "new", "won", "new")
    given = [
        {
            "fields": {"name": f"Lead {n}", "source": source[n // 3 % 2]},
            "status": status[n // 5 % 4],
        }
        for n in range(leads)
    ]
    make.leads(database, campaign, given)
    token = make.a_token(database, account, campaign)
    client = Whole(app(Hub(database, make.KEYS, make.Clock(), "https://h.example")))
    return Hubs(client, token, meter)


@pytest.mark.parametrize("case", CASES)
def test_a_page_is_one_statement_in_its_frame(hubs: list[Hubs], case: str) -> None:
    steps = set()
    for hub in hubs:
        meter = hub.cost(*CASES[case])
        begin, look, *bodies, end = meter.said
        assert (begin, end) == ("BEGIN", "ROLLBACK")
        assert "data_version" in look
        assert len(bodies) == (0 if case == "nothing new" else 1), bodies
        assert all(" FROM lead WHERE lead.campaign_id = " in each for each in bodies)
        steps.add(meter.steps)
    assert len(steps) == 1


@pytest.mark.parametrize("case", ["first page", "three filters"])
def test_a_deep_page_takes_the_steps_of_a_near_one(hubs: list[Hubs], case: str) -> None:
    asked, _ = CASES[case]
    near, deep = (hubs[-1].cost(asked, page).steps for page in (2, 60))
    assert near == deep
