"""Administrators of a second account, and webhooks, by the command line."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from leadwell.admin import app as admin
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub
from leadwell.client.wire.signing import key_of, signed
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.token import public_id_of
from leadwell.server.clock import now
from leadwell.server.outgoing.ringing import Ringer
from leadwell.server.outgoing.sending import networks_of
from leadwell.store.connection import Database
from leadwell.store.people import activity
from leadwell.testing import FaultServer, Reply, Request
from tests import make
from tests.asking import Whole
from tests.cli.test_shares import Run, run
from tests.desk import text_of

__all__ = ["run"]
PASSWORD = "a long password of words"


@pytest.fixture(scope="session")
def engine() -> str:
    return "sqlite"


@pytest.fixture
def browser(database: Database) -> TestClient:
    hub = Hub(database, make.KEYS, now, "https://hub.example")
    whole = app(hub, beside=Beside(leads=admin.leads(hub), pages=admin.routes(hub)))
    headers = {"Accept": "text/html"}
    return Whole(whole, base_url="https://hub.example", headers=headers)


def test_a_second_account_gets_its_own_administrator(
    run: Run,
    account: Account,
    campaign: Campaign,
    browser: TestClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del account, campaign
    monkeypatch.setenv("LEADWELL_PUBLIC_URL", "https://hub.example")
    assert run("account", "create", "south").code == 0
    given = ("bo@example.com", "--account", "south", "--name", "Bo Berg")
    made = run("admin", "invite", *given)
    assert made.code == 0, made.err
    path = made.out.strip().removeprefix("https://hub.example")
    page = browser.post(path, data={"password": PASSWORD})
    assert "Bo Berg" in text_of(page)
    assert "Roofs" not in text_of(page)
    assert browser.get("/campaigns/362/leads").status_code == 404
    assert run("person", "add", "--account", "south", "--name", "Ib").code == 0
    told = text_of(browser.get("/account"))
    for done in ("made the account South", "invited Bo Berg", "added the person Ib"):
        assert f"The operator, at the command line {done}" in told
    (row,) = run("admin", "list", "--json").json
    assert (row["email"], row["role"]) == ("bo@example.com", "administrator")
    again = run("admin", "invite", *given)
    assert again.code == 1
    assert "signs in with bo@example.com already" in again.err
    alone = run("admin", "invite")
    assert alone.code == 5
    assert "--account SLUG" in alone.err


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("bo@example.com",), 2),
        (("--account", "demo"), 2),
        (("bo", "--account", "demo", "--name", "Bo"), 4),
        (("bo@example.com", "--account", "nowhere", "--name", "Bo"), 1),
    ],
)
def test_an_invitation_that_cannot_be_is_refused(
    run: Run, account: Account, given: tuple[str, ...], code: int
) -> None:
    del account
    assert run("admin", "invite", *given).code == code
    assert run("admin", "list", "--json").json == []


def test_a_webhook_is_made_tested_listed_and_removed(
    run: Run, database: Database, account: Account, campaign: Campaign
) -> None:
    token = make.a_token(database, account, campaign, "source=partner-west")
    received: list[Request] = []

    def receive(request: Request) -> Reply:
        received.append(request)
        return Reply(204)

    with FaultServer(receive) as server, ThreadPoolExecutor(1) as pool:
        url = f"{server.url}/hook/secret"
        made = run("webhook", "add", url, "--token", public_id_of(token), "--json")
        assert made.code == 0, made.err
        assert "sends nothing there: its address is no public one" in made.err
        hook_id, secret = made.json["id"], made.json["secret"]
        place = (hook_id, "--campaign", "362")
        assert run("webhook", "test", *place).code == 0
        hub = Hub(database, make.KEYS, now, "https://hub.example")
        for each in Ringer(hub, networks_of("127.0.0.0/8")).look(pool):
            each.result()
    (request,) = received
    headers = {name.lower(): value for name, value in request.headers.items()}
    at = int(headers["webhook-timestamp"])
    sent = signed(headers["webhook-id"], at, request.body, key_of(secret))
    wanted = {name.lower(): value for name, value in sent.items()}
    assert headers["webhook-signature"] == wanted["webhook-signature"]
    listed = run("webhook", "list", "--campaign", "362", "--json")
    (row,) = listed.json
    assert (row["state"], row["status"], row["id"]) == ("on", 204, hook_id)
    assert "secret" not in listed.out
    assert run("webhook", "remove", *place).code == 0
    assert run("webhook", "list", "--campaign", "362", "--json").json == []
    assert run("webhook", "test", *place).code == 1
    with database.reading() as connection:
        noted = activity.find(connection, campaign, 10**17, 10)
    assert [each.what for each in noted] == ["webhook-removed", "webhook-made"]


def test_a_webhook_needs_an_address_and_a_token_that_works(
    run: Run, database: Database, account: Account, campaign: Campaign
) -> None:
    token = public_id_of(make.a_token(database, account, campaign))
    whole = public_id_of(make.a_token(database, account, None))
    url = "https://hooks.example/x"
    assert run("webhook", "add", "ftp://x", "--token", token).code == 4
    assert run("webhook", "add", url, "--token", whole).code == 2
    assert run("webhook", "add", url, "--token", "nobody12").code == 1
    made = run("webhook", "add", url, "--token", token)
    assert re.fullmatch(r"whsec_\S+\n", made.out)
    assert "webhook test" in made.err
