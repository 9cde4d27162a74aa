"""Every command that a page shows is carried out, and answers as the page says."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.describe import example
from leadwell.describe.examples import SAMPLE
from leadwell.model.account import Account
from leadwell.model.campaign import Attribute, Campaign
from leadwell.schema import definition
from leadwell.schema.fields import FIELD_TYPES
from leadwell.store.connection import Database
from tests import make
from tests.documents import Command, Document

PAGES = ["", "filters", "everything", "changes", "digest", "writing"]
FILTER = "source=website&budget[gte]=500&name[contains]=jan&newsletter[exists]=true"
URL = "https://hub.example"


@pytest.fixture(scope="module")
def engine() -> str:
    """What is asked is asked of both databases by the tests of the API."""
    return "sqlite"


def sample(database: Database, account: Account) -> tuple[Campaign, str]:
    """The campaign of the general pages, as a real one."""
    written = definition.written(SAMPLE, "")
    del written["account"]
    campaign = make.a_kept_campaign(database, account, **written)
    return campaign, make.a_token(database, account, campaign, may_write=True)


def own(database: Database, account: Account) -> tuple[Campaign, str]:
    campaign = make.a_kept_campaign(database, account)
    return campaign, make.a_token(database, account, campaign, may_write=True)


def narrow(database: Database, account: Account) -> tuple[Campaign, str]:
    campaign = make.a_kept_campaign(database, account)
    slugs = ("name", "source", "budget", "newsletter", "tags", "visit_at", "price")
    ids = {campaign.field_by_slug[slug].id for slug in slugs}
    token = make.a_token(
        database,
        account,
        campaign,
        filter=FILTER,
        readable=frozenset({*ids, Attribute.STATUS}),
        may_write=True,
    )
    return campaign, token


def fieldless(database: Database, account: Account) -> tuple[Campaign, str]:
    campaign = make.a_kept_campaign(database, account, fields=[])
    return campaign, make.a_token(database, account, campaign, may_write=True)


def office(database: Database, account: Account) -> tuple[Campaign, str]:
    campaign = make.a_kept_campaign(database, account)
    make.a_kept_campaign(database, account, id=400, name="Walls")
    return campaign, make.a_token(database, account, None, may_write=True)


class Shell:
    """Carries out commands, and remembers what the next ones name."""

    def __init__(self, client: TestClient, token: str, leads: list[int]) -> None:
        self.client = client
        self.leads = iter(map(str, leads))
        self.known = {
            "LEADWELL_TOKEN": token,
            "LAST_ID": next(self.leads),
            "OTHER_ID": next(self.leads),
            "LEAD_ID": next(self.leads),
        }

    def run(self, text: str) -> Any:
        # Nobody waits here for a change that does not come.
        command = Command.read(text.replace("_wait=25", "_wait=0"), self.known)
        answer = self.client.request(
            command.method,
            command.url.removeprefix(URL),
            headers=command.headers,
            content=command.body,
        )
        self._remember(answer)
        if "merge" in command.url or command.method == "DELETE":
            self.known["LEAD_ID"] = next(self.leads)
        return answer

    def _remember(self, answer: Any) -> None:
        head = answer.headers
        if "leadwell-cursor" in head:
            self.known["CURSOR"] = head["leadwell-cursor"]
        if "leadwell-watermark" in head:
            self.known["WATERMARK"] = head["leadwell-watermark"]
        if head.get("content-type") != "application/json":
            return
        content = answer.json()
        self.known["CURSOR"] = content.get("cursor") or self.known.get("CURSOR", "")
        if content.get("meta", {}).get("next_cursor") is None and "meta" in content:
            url = str(answer.request.url)
            again = self.client.get(
                url.replace("per_page=1000", "per_page=1"),
                headers={"Authorization": answer.request.headers["authorization"]},
            )
            self.known["NEXT_CURSOR"] = again.json()["meta"]["next_cursor"]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("made", [sample, own, narrow, fieldless, office])
def test_every_command_of_a_page_works(
    client: TestClient, database: Database, account: Account, made: Any, name: str
) -> None:
    campaign, token = made(database, account)
    leads = make.leads(database, campaign, [_fitting(campaign)] * 5)
    shell = Shell(client, token, [lead.id for lead in leads])
    asks = {} if made is sample else {"Authorization": f"Bearer {token}"}
    shown = Document(client.get(f"/docs/{name}", headers=asks).text).listings
    commands = [text for language, text in shown if language == "sh"]
    assert any(text.startswith("curl") for text in commands)
    for (language, text), (following, said) in zip(
        shown, [*shown[1:], ("", "")], strict=True
    ):
        if language == "sh" and text.startswith("curl"):
            answer = shell.run(text)
            check(answer, json.loads(said) if following == "json" else None, text)


def _fitting(campaign: Campaign) -> dict[str, Any]:
    """A lead that every reader here may see."""
    fields = example.new_lead(campaign)["fields"]
    inside = {"source": "website", "budget": 1200, "newsletter": True}
    known = {
        name: each for name, each in inside.items() if name in campaign.field_by_slug
    }
    return {"fields": fields | known}


def check(answer: Any, said: Any, text: str) -> None:
    if said is None:
        assert 200 <= answer.status_code < 300, (text, answer.text)
    elif "code" in said:
        assert answer.status_code == said["status"], answer.text
        told = answer.json()
        for each in said["errors"]:
            assert any(each.items() <= real.items() for real in told["errors"])
        assert said["type"] == told["type"]
    elif answer.headers["content-type"] == "application/json":
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert said.keys() == told.keys(), text
        leads = (
            [each.get("lead", each) for each in told["data"]] if "data" in told else []
        )
        if leads and "op" not in leads[0]:
            shape = said["data"][0].get("lead", said["data"][0])
            assert shape.keys() == leads[0].keys()
            assert shape["fields"].keys() <= leads[0]["fields"].keys()
            assert shape["metadata"].keys() == leads[0]["metadata"].keys()


@pytest.mark.parametrize("made", [sample, own, narrow, fieldless])
def test_every_condition_of_a_page_is_understood(
    client: TestClient, database: Database, account: Account, made: Any
) -> None:
    campaign, token = made(database, account)
    asks = {"Authorization": f"Bearer {token}"}
    for name in ("filters", "fields"):
        text = client.get(f"/docs/{name}.md", headers=asks).text
        begins = ("| `", "- **For instance:** `")
        shown = [
            line.split("`")[1] for line in text.split("\n") if line.startswith(begins)
        ]
        asked = [each for each in shown if "=" in each]
        assert asked or (made is fieldless and name == "fields")
        for query in asked:
            url = f"/v2/campaigns/{campaign.id}/leads?{query}"
            assert client.get(url, headers=asks).status_code == 200, query


def test_the_sample_is_a_campaign_that_a_file_can_describe() -> None:
    read = definition.read(definition.written(SAMPLE, "demo")).campaign
    assert [field.slug for field in read.fields] == [f.slug for f in SAMPLE.fields]
    assert {field.type for field in read.fields} == {kind.name for kind in FIELD_TYPES}
