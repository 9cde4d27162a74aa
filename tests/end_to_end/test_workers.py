"""Two processes on one database, asked whichever answers, or each on its own line."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from leadwell.model.token import public_id_of
from leadwell.store import accounts, campaigns, tokens
from leadwell.store.connection import Connection, Database
from tests import make
from tests.effort import noted
from tests.lines import CONNECTIONS, Line, lines
from tests.served import KEY, Served, a_folder, a_hub

URL = "/v2/campaigns/362/leads"
LEADS, PER_PAGE = 100, 10


@dataclass
class Pair:
    """A line to each of a hub's two workers, and the database beside them."""

    lines: list[Line]
    database: Database

    def token(self) -> str:
        """A token that may write, made by this process."""
        with self.database.reading() as connection:
            campaign = campaigns.known(connection, 362)
            account = accounts.find_by_id(connection, campaign.account_id)
        return make.a_token(self.database, account, campaign, may_write=True, key=KEY)


@pytest.fixture(scope="module")
def folder(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(engine)


@pytest.fixture(scope="module")
def hub(folder: Path, engine: str) -> Iterator[Served]:
    made = a_hub(folder, a_folder(folder, engine), 2, engine, **noted())
    yield made
    made.stop()


@pytest.fixture(scope="module")
def pair(hub: Served, folder: Path) -> Iterator[Pair]:
    if not CONNECTIONS.exists():
        pytest.skip("only Linux tells who holds a connection")
    database = make.a_database_again(folder / "leads.db", hub.engine)
    taken = lines(hub, 2)
    yield Pair(taken, database)
    for line in taken:
        line.opened.close()
    database.close()


def test_a_run_of_pages_is_the_same_in_both_processes(pair: Pair) -> None:
    """Each page is read in the other process, while ten leads change between pages."""
    token = pair.token()
    leads = [{"fields": {"name": f"Lead {n}"}, "status": "won"} for n in range(LEADS)]
    body = {"leads": leads}
    batch = pair.lines[0].ask("POST", f"{URL}/batch", token, body).json()["data"]
    ids = [item["lead"]["id"] for item in batch]
    changing, met, said = iter(ids), list[int](), set[str | None]()
    turns = itertools.cycle(pair.lines)
    for page in range(1, LEADS // PER_PAGE + 1):
        asked = f"{URL}?status=won&page={page}&per_page={PER_PAGE}"
        answer = next(turns).ask("GET", asked, token)
        met += [lead["id"] for lead in answer.json()["data"]]
        said.add(answer.headers.get("leadwell-snapshot"))
        for line, lead_id in zip(
            itertools.cycle(pair.lines), itertools.islice(changing, 10), strict=False
        ):
            changed = {"status": "new" if line is pair.lines[0] else "won"}
            answer = line.ask("PATCH", f"{URL}/{lead_id}", token, changed)
            assert answer.status_code == 200
    assert met == ids
    assert len(said) == 1
    assert None not in said
    assert len({line.worker for line in pair.lines}) == 2


def test_a_revoked_token_is_refused_at_once_by_both(pair: Pair) -> None:
    """It is revoked by a third process, and was in use in both."""
    token = pair.token()

    def revoke(connection: Connection) -> None:
        known = tokens.known(connection, public_id_of(token))
        tokens.change(connection, replace(known, revoked_at=make.MIDNIGHT), now=0)

    # The second request on each line is answered from what the first has left.
    for line in pair.lines * 2:
        assert line.ask("GET", f"{URL}?per_page=1", token).status_code == 200
    pair.database.write(revoke).result()
    for line in pair.lines * 2:
        answer = line.ask("GET", f"{URL}?per_page=1", token)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_who_wrote_reads_it_whichever_process_answers(hub: Served) -> None:
    """Each request has a connection of its own, and so any of the processes."""
    before = json.loads(hub.get(URL).data)["pagination"]["total"]
    for number in range(1, 13):
        body = {"fields": {"name": "Jane", "source": "website", "budget": number}}
        lead = hub.request("POST", URL, body).json()["data"]
        for path in (f"{URL}?page=1", f"{URL}?source=website", f"{URL}?_sort=-id"):
            found = json.loads(hub.get(f"{path}&per_page=1000").data)["data"]
            assert lead in found
        total = json.loads(hub.get(f"{URL}?per_page=1").data)["pagination"]["total"]
        assert total == before + number
        changed = {"status": "contacted"}
        moved = hub.request("PATCH", f"{URL}/{lead['id']}", changed).json()["data"]
        found = json.loads(hub.get(f"{URL}?status=contacted&per_page=1000").data)
        assert moved in found["data"]
