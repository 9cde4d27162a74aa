"""Two hubs as on two machines, with no folder in common, and a replica of the database.

The clock of one is five minutes ahead of the other's.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from leadwell.admin import sessions
from leadwell.model.token import digest, public_id_of
from leadwell.model.user import Role, User
from leadwell.store import accounts, campaigns, tokens
from leadwell.store.connection import Connection, Database
from leadwell.store.people import users
from tests import make, postgres
from tests.mirror import Mirror
from tests.poller import Poller
from tests.served import KEY, Answer, Served, a_folder, a_hub
from tests.standby import Standby

URL = "/v2/campaigns/362/leads"
AHEAD = """
import datetime, leadwell.server, leadwell.server.clock

def ahead(now=leadwell.server.clock.now):
    return now() + datetime.timedelta(minutes=5)

leadwell.server.now = leadwell.server.clock.now = ahead
"""
LEADS, PER_PAGE = 40, 5
pytestmark = pytest.mark.proof


@dataclass
class House:
    """Two hubs, and the database beside them."""

    hubs: list[Served]
    database: Database
    url: str

    def ask(self, number: int, method: str, path: str, **asked: Any) -> Answer:
        """Ask one hub after the other, by a running number."""
        return self.hubs[number % 2].request(method, path, **asked)

    def answered(self, by: str) -> float:
        """How many reads were answered by the replica, or by the primary."""
        name = f'leadwell_reads_total{{by="{by}"}}'
        return sum(hub.figure(name) for hub in self.hubs)


@dataclass
class Turns:
    """A client that asks one hub after the other."""

    house: House
    number: int = 0

    def get(self, path: str, params: Any = None, headers: Any = None) -> Answer:
        self.number += 1
        return self.house.ask(self.number, "GET", path, params=params, headers=headers)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    token = a_folder(folders[0], "postgres")
    url = postgres.server().again(folders[0] / "leads.db")
    name = url.partition("?")[0].rpartition("/")[2]
    postgres.server().run(f"ALTER DATABASE {name} SET synchronous_commit = on")
    standby = Standby(postgres.server())
    hubs: list[Served] = []
    for folder, first in zip(folders, ("", AHEAD), strict=True):
        (folder / "leads.db.key").write_text(KEY.hex())
        (folder / "tmp").mkdir()
        more = {
            "LEADWELL_DATABASE": url,
            "TMPDIR": str(folder / "tmp"),
            "LEADWELL_DATABASE_REPLICAS": standby.url(url),
        }
        hubs.append(a_hub(folder, token, 1, "postgres", first, **more))
    database = make.a_database_again(folders[0] / "leads.db", "postgres")
    yield House(hubs, database, url)
    database.close()
    for hub in hubs:
        hub.stop()
    standby.stop()


def test_what_one_has_written_the_other_shows(house: House) -> None:
    """Whoever reads at the other hub reads at the replica, mostly."""
    for number in range(40):
        fields = {"name": f"Lead {number}"}
        made = house.ask(number, "POST", URL, json={"fields": fields}).json()["data"]
        path = f"{URL}/{made['id']}"
        shown = house.ask(number + 1, "GET", path)
        assert shown.json()["data"]["fields"]["name"] == f"Lead {number}"
        page = house.ask(number + 1, "GET", URL, params={"_sort": "-id"}).json()
        assert page["data"][0]["id"] == made["id"]
    assert house.answered("replica") > 0
    ready = house.hubs[0].get("/health/ready").data.decode()
    assert '"replicas":{"used":1,"aside":0}' in ready


def test_clocks_that_differ_by_minutes_hide_no_change(house: House) -> None:
    """Who asks for what came after the last watermark is told of each change once."""
    turns: Any = Turns(house)
    poller = Poller(Mirror(turns, house.hubs[0].token), per_page=3)
    poller.poll()
    told = Counter(poller.told)
    stamps: list[str] = []
    lead = house.ask(0, "POST", URL, json={"fields": {"name": "Clock"}}).json()["data"]
    for number in range(1, 13):
        change = {"fields": {"budget": number}}
        path = f"{URL}/{lead['id']}"
        answer = house.ask(number, "PATCH", path, json=change)
        stamps.append(answer.json()["data"]["updated_at"])
        if number % 3 == 0:
            poller.poll(by_cursor=number % 2 == 0)
            version = answer.json()["data"]["metadata"]["version"]
            assert poller.copy[lead["id"]] == version
    assert stamps == sorted(set(stamps))
    # The hub whose clock is behind stamps by what it finds, not by its clock.
    assert len(poller.told - told) == 4


def test_a_run_of_pages_is_the_same_at_both(house: House) -> None:
    given = [{"fields": {"name": f"{n}"}, "status": "won"} for n in range(LEADS)]
    batch = house.ask(0, "POST", f"{URL}/batch", json={"leads": given}).json()["data"]
    ids = [item["lead"]["id"] for item in batch]
    met: list[int] = []
    said: set[str | None] = set()
    for page in range(1, LEADS // PER_PAGE + 1):
        asked = {"status": "won", "page": page, "per_page": PER_PAGE}
        answer = house.ask(page, "GET", URL, params=asked)
        met += [lead["id"] for lead in answer.json()["data"]]
        said.add(answer.headers.get("leadwell-snapshot"))
        change = {"status": "new"}
        assert (
            house.ask(page, "PATCH", f"{URL}/{met[-1]}", json=change).status_code == 200
        )
    assert met == ids
    assert len(said) == 1
    assert None not in said


def test_a_revoked_token_is_refused_at_once_by_both(house: House) -> None:
    def made(connection: Connection) -> Any:
        campaign = campaigns.known(connection, 362)
        return campaign, accounts.find_by_id(connection, campaign.account_id)

    campaign, account = house.database.read(made)
    for _ in range(10):
        token = make.a_token(house.database, account, campaign, key=KEY)
        headers = {"Authorization": f"Bearer {token}"}

        def revoke(connection: Connection, token: str = token) -> None:
            known = tokens.known(connection, public_id_of(token))
            tokens.change(connection, replace(known, revoked_at=make.MIDNIGHT), now=0)

        for number in range(4):
            assert house.ask(number, "GET", URL, headers=headers).status_code == 200
        house.database.write(revoke).result()
        for number in range(4):
            assert house.ask(number, "GET", URL, headers=headers).status_code == 401


def test_a_write_is_not_repeated_by_the_other(house: House) -> None:
    headers = {"Idempotency-Key": "the-same"}
    body = {"fields": {"name": "Once"}}
    answers = [
        house.ask(number, "POST", URL, json=body, headers=headers)
        for number in range(4)
    ]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1


def test_who_signed_in_at_one_is_known_at_the_other(house: House) -> None:
    secret = sessions.new_secret()

    def sign_in(connection: Connection) -> None:
        campaign = campaigns.known(connection, 362)
        account = accounts.find_by_id(connection, campaign.account_id)
        person = accounts.add_person(connection, account, "Ada")
        role = Role.ADMINISTRATOR
        user = User(account.id, person.id, "Ada", "ada@example.com", role, frozenset())
        users.add(connection, user, "", connection.clock())
        key = digest(KEY, secret)
        users.add_session(connection, key, user.email, connection.clock())

    house.database.write(sign_in).result()
    headers = {"Cookie": f"leadwell={secret}", "Accept": "text/html"}
    for hub in house.hubs:
        url = f"http://127.0.0.1:{hub.port}/campaigns/362/webhooks"
        page = hub.pool.request("GET", url, headers=headers, redirect=False)
        assert page.status == 200


def test_one_with_another_key_does_not_start(house: House, tmp_path: Path) -> None:
    (tmp_path / "leads.db.key").write_text("ab" * 32)
    with pytest.raises(AssertionError, match="is not that of"):
        a_hub(tmp_path, "", 1, "postgres", LEADWELL_DATABASE=house.url)
