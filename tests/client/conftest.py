"""One hub for all tests that only read; it runs as a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadwell.client import Leadwell
from tests import make, served

LEADS = 25


@pytest.fixture(scope="session")
def read_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[served.Served]:
    """A hub with 25 leads, the 24th without a source; nobody writes to it."""
    folder: Path = tmp_path_factory.mktemp("hub")
    (folder / "leads.db.key").write_text(served.KEY.hex())
    database = make.a_database(folder / "leads.db")
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    given = [a_full_lead(number) for number in range(1, LEADS + 1)]
    make.leads(database, campaign, given)
    token = make.a_token(database, account, campaign, key=served.KEY)
    database.close()
    hub = served.a_hub(folder, token)
    yield hub
    hub.stop()


def a_full_lead(number: int) -> dict[str, object]:
    return {
        "status": "won" if number % 5 == 0 else "new",
        "assigned_person": 1,
        "external_id": f"crm-{number}",
        "fields": {
            "name": f"Jane {number}",
            "email": f"jane{number}@example.com",
            "source": "partner-west" if number % 2 else "website",
            "tags": ["a", "c"],
            "budget": number * 100,
            "price": "1200.50",
            "newsletter": True,
            "follow-up": "2025-02-21",
            "visit_at": "2025-02-21T08:30:00+01:00",
            "df_lines": [{"sku": "A1", "count": number}],
        },
    }


def url_of(hub: served.Served) -> str:
    return f"http://127.0.0.1:{hub.port}"


@pytest.fixture
def client(read_hub: served.Served) -> Iterator[Leadwell]:
    with Leadwell(url_of(read_hub), read_hub.token) as opened:
        yield opened
