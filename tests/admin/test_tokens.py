"""The tab API documentation: tokens, made, shown once, changed and ended."""

import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from leadwell.store.connection import Database
from tests import make
from tests.admin.conftest import Sit
from tests.desk import Desk, text_of

TAB = "/campaigns/362/api-documentation"
WANTED = {"name": "Partner West", "rights": "read", "which": "all", "ends": "90"}
WEST = {"which": "built", "c.query": "source=partner-west", "c.was": ""}


@pytest.fixture
def leads(database: Database, campaign: Campaign) -> None:
    for source in ("partner-west", "partner-north", "partner-west"):
        make.a_lead(database, campaign, fields={"source": source})


def made(desk: Desk, base: str = TAB, **changes: Any) -> httpx2.Response:
    form = desk.get(f"{base}/new")
    once = re.search('name="once" value="(.*?)"', form.text)
    assert once
    fields = {**WANTED, "once": once[1], "make": "yes", **changes}
    return desk.submit(f"{base}/new", fields)


def token_in(page: httpx2.Response) -> str:
    found = re.search("lw_[0-9A-Za-z]+_[0-9A-Za-z]{49}", page.text)
    assert found, text_of(page)
    return found[0]


def id_of(token: str) -> str:
    return token.split("_")[1]


def ask(client: TestClient, token: str, path: str = "leads") -> httpx2.Response:
    return client.get(
        f"/v2/campaigns/362/{path}",
        headers={"Authorization": f"Bearer {token}", "User-Agent": "curl/8.5.0"},
    )


@pytest.mark.usefixtures("leads")
def test_a_token_is_made_and_shown_once_with_what_it_answers(
    desk: Desk, client: TestClient
) -> None:
    page = made(desk, **WEST)
    assert page.status_code == 200
    token = token_in(page)
    assert "200 OK" in text_of(page)
    assert '"partner-west"' in text_of(page)
    assert ask(client, token).json()["pagination"]["total"] == 2
    link = re.search(r"https://hub\.example(/d/[0-9A-Za-z]{43})\"", page.text)
    assert link
    assert client.get(f"{link[1]}/").status_code == 200
    script = client.get(f"{link[1]}/download/connectors/power-query/leads.pq")
    assert script.status_code == 200
    for path in (TAB, f"{TAB}/{id_of(token)}"):
        later = desk.get(path)
        assert token.split("_")[2] not in later.text
        assert link[1] not in later.text
        assert "Source is Partner West" in text_of(later)
