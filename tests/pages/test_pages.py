"""Every page, for every kind of reader: well-formed, whole, and not too wide."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.describe.errors import explained
from leadwell.describe.pages.contents import PAGES
from leadwell.describe.remedies import REMEDIES
from leadwell.model.account import Account
from leadwell.model.campaign import Attribute, Campaign, Field, Option
from leadwell.model.link import LinkKind
from leadwell.schema import definition
from leadwell.store import campaigns
from leadwell.store.connection import Connection, Database
from tests import make
from tests.asking import Whole
from tests.documents import Document, check

NAMES = [entry.name for entry in PAGES]
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
LABELS = (
    "<script>alert('x')</script><img src=x onerror=y>",
    "`code` | *bold* [link](https://evil.example) & &lt;b&gt;",
    "👩‍👩‍👧 familie",
    "\u202e\u05e9\u05dc\u05d5\u05dd\u202c \u05d0",
    "x" * 255,
)
KEYWORDS = ("class", "constructor", "import", "return", "true", "null", "def", "var")


@dataclass(frozen=True)
class Visit:
    """One reader, and where the pages for them are."""

    client: TestClient
    root: str = "/docs"
    token: str = ""

    def get(self, path: str, **headers: str) -> Any:
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.get(path, headers=given | headers, follow_redirects=False)

    def page(self, name: str, **headers: str) -> Document:
        answer = self.get(f"{self.root}/{name}", **headers)
        assert answer.status_code == 200, answer.text
        return Document(answer.text)

    @property
    def names(self) -> list[str]:
        """The pages that this reader is led to."""
        listed = self.page("").links
        paths = (each.partition("#")[0] for each in listed)
        return sorted(
            {
                each.removeprefix(f"{self.root}/")
                for each in paths
                if self._is_page(each)
            }
        )

    def _is_page(self, path: str) -> bool:
        name = path.removeprefix(f"{self.root}/")
        if name == "console":
            # What stands there is drawn by others, see tests/api/test_console.
            return False
        return path.startswith(f"{self.root}/") and "/" not in name and "." not in name


def made(database: Database, account: Account, campaign: Campaign) -> Campaign:
    """A campaign that no schema file could describe."""

    def job(connection: Connection) -> Campaign:
        kept = campaigns.add(connection, account, campaign, now=0)
        return campaigns.known(connection, kept.id)

    return database.write(job).result()


def keywords(database: Database, account: Account) -> Campaign:
    fields = [
        {"slug": slug, "label": label, "type": "select", "options": list(KEYWORDS)}
        for slug, label in zip(KEYWORDS, LABELS * 2, strict=False)
    ]
    read = definition.read(make.a_definition(id=7, name=LABELS[0], fields=fields))
    return made(database, account, read.campaign)


def wide(database: Database, account: Account) -> Campaign:
    ids = count(1)
    fields = tuple(
        Field(
            next(ids),
            f"field-{number}",
            LABELS[number % 4],
            "select",
            options=tuple(
                Option(next(ids), f"option-{each}", LABELS[each % 4])
                for each in range(10)
            ),
        )
        for number in range(500)
    )
    return made(
        database, account, make.a_campaign(id=8, slug="wide", fields=[])
    ) and made(
        database,
        account,
        Campaign(9, 0, "wider", "Wide", "DK", 0, fields=fields),
    )


Readers = Callable[[TestClient, Database, Account, Campaign], Visit]


def everybody(client: TestClient, *_: Any) -> Visit:
    return Visit(client)


def whole(
    client: TestClient, database: Database, account: Account, campaign: Any
) -> Visit:
    token = make.a_token(database, account, campaign, may_write=True, name=LABELS[1])
    return Visit(client, token=token)


def narrow(
    client: TestClient, database: Database, account: Account, campaign: Campaign
) -> Visit:
    slugs = ("name", "source", "budget", "tags")
    ids = frozenset(campaign.field_by_slug[slug].id for slug in slugs)
    token = make.a_token(
        database,
        account,
        campaign,
        filter="source=website&budget[gte]=500&email[exists]=true",
        readable=ids | {Attribute.STATUS},
        may_write=True,
    )
    return Visit(client, token=token)


def blind(
    client: TestClient, database: Database, account: Account, campaign: Campaign
) -> Visit:
    token = make.a_token(
        database, account, campaign, filter="email[exists]=true", readable=frozenset()
    )
    return Visit(client, token=token)


def office(
    client: TestClient, database: Database, account: Account, campaign: Campaign
) -> Visit:
    make.a_kept_campaign(database, account, id=363, name="Walls", slug="walls")
    token = make.a_token(database, account, None, may_write=True)
    return Visit(client, "/a/demo/api-documentation", token)


def poor(client: TestClient, database: Database, account: Account, *_: Any) -> Visit:
    empty = made(database, account, Campaign(5, 0, "empty", "Empty", "DK", 0))
    return Visit(client, token=make.a_token(database, account, empty, may_write=True))


def reserved_words(
    client: TestClient, database: Database, account: Account, *_: Any
) -> Visit:
    found = keywords(database, account)
    return Visit(client, token=make.a_token(database, account, found, may_write=True))


def linked(
    client: TestClient, database: Database, account: Account, campaign: Campaign
) -> Visit:
    seen = narrow(client, database, account, campaign)
    secret = make.a_link(database, seen.token, LinkKind.DOCUMENTATION)
    return Visit(client, f"/d/{secret}")


READERS = [everybody, whole, narrow, blind, office, poor, reserved_words, linked]


@pytest.fixture(scope="module")
def engine() -> str:
    """Pages are functions of a reader: which database it was read from is the same."""
    return "sqlite"


@pytest.fixture(params=READERS, ids=lambda make: make.__name__)
def visit(
    request: pytest.FixtureRequest,
    client: TestClient,
    database: Database,
    account: Account,
    campaign: Campaign,
) -> Visit:
    found: Visit = request.param(client, database, account, campaign)
    return found


def test_every_page_is_what_a_page_should_be(visit: Visit) -> None:
    names = visit.names
    assert set(names) >= set(NAMES) - {"writing"}
    for name in names:
        check(visit.page(name))


def test_every_link_leads_somewhere(visit: Visit) -> None:
    known = {f"{visit.root}/{name}": visit.page(name) for name in visit.names}
    others: set[str] = set()
    for own, document in known.items():
        for link in document.links:
            path, _, anchor = link.partition("#")
            if (path or own) in known:
                assert not anchor or anchor in known[path or own].ids, link
            else:
                others.add(link)
    assert others
    for path in others:
        assert path.startswith(f"{visit.root}/")
        assert visit.get(path).status_code == 200, path


def test_all_that_a_page_loads_is_ours(visit: Visit) -> None:
    for path in visit.page("fields").loaded:
        answer = visit.get(path)
        assert answer.status_code == 200
        if path.startswith("/static/"):
            assert "immutable" in answer.headers["cache-control"]


def test_every_page_has_its_twin(visit: Visit) -> None:
    for name in visit.names:
        twin = visit.get(f"{visit.root}/{name or 'index'}.md")
        assert twin.headers["content-type"] == "text/markdown; charset=utf-8"
        again = visit.get(f"{visit.root}/{name}", Accept="text/markdown")
        assert again.text == twin.text
        assert twin.text.startswith("# ")
        asked = re.findall(r"\]\(https://hub\.example(/[^)]*)\)", twin.text)
        assert asked or name in {"errors", "fields"}
        assert all(visit.get(path).status_code == 200 for path in set(asked))


def test_what_is_answered_may_not_be_kept_by_others(visit: Visit) -> None:
    for path in ("", "fields", "index.md"):
        headers = visit.get(f"{visit.root}/{path}").headers
        assert headers["cache-control"] == "private, no-cache"
        assert "Authorization" in headers["vary"]
        assert "Accept" in headers["vary"]
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'")
        assert "unsafe" not in policy
        is_personal = visit.root != "/docs" or bool(visit.token)
        assert headers.get("x-robots-tag") == ("noindex" if is_personal else None)
        assert f'{visit.root}/index.md>; rel="alternate"' in headers[
            "link"
        ] or path == ("fields")
        assert f"{visit.root}/download/openapi.json/" in headers["link"]
        assert 'rel="service-desc"' in headers["link"]


def test_downloads_and_the_way_in_are_as_private_as_the_pages(visit: Visit) -> None:
    names = ("openapi.json/x", "openapi.yaml/x", "connectors/curl/x")
    for path in ("", *(f"/download/{name}" for name in names)):
        answer = visit.get(f"{visit.root}{path}")
        assert answer.status_code == (200 if path else 308)
        assert answer.headers["cache-control"] == "private, no-cache"
        assert "Authorization" in answer.headers["vary"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        # Where everybody's documentation begins no token is looked at.
        is_personal = visit.root != "/docs" or bool(visit.token and path)
        robots = answer.headers.get("x-robots-tag")
        assert robots == ("noindex" if is_personal else None)


def test_what_has_not_changed_is_not_sent_again(visit: Visit) -> None:
    first = visit.get(f"{visit.root}/fields")
    again = visit.get(
        f"{visit.root}/fields", **{"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    twin = visit.get(f"{visit.root}/fields.md")
    assert twin.headers["etag"] != first.headers["etag"]


def test_the_address_alone_leads_to_the_first_page(visit: Visit) -> None:
    answer = visit.get(visit.root)
    assert answer.status_code == 308
    assert answer.headers["location"] == f"{visit.root}/"


def test_a_narrow_reader_is_told_of_nothing_else(
    client: TestClient, database: Database, account: Account, campaign: Campaign
) -> None:
    for kind in (narrow, linked):
        visit = kind(client, database, account, campaign)
        for name in visit.names:
            for path in (name, f"{name or 'index'}.md"):
                text = visit.get(f"{visit.root}/{path}").text
                for hidden in (
                    "partner-west",
                    "Partner North",
                    "customer-type",
                    "Phone",
                ):
                    assert hidden not in text
                assert "Sales One" not in text
        start = visit.page("").text
        assert "Source is Our website and Budget is at least 500" in start
        assert "asks for what it does not see" in start
        assert "source=website&budget[gte]=500" in start


def test_who_may_not_write_is_not_told_how(
    client: TestClient, database: Database, account: Account, campaign: Campaign
) -> None:
    visit = Visit(client, token=make.a_token(database, account, campaign))
    assert "writing" not in visit.names
    assert visit.get("/docs/writing").status_code == 404
    requests = visit.page("requests").text
    assert "Idempotency-Key" not in requests
    assert "POST" not in requests


def test_fields_options_and_statuses_can_be_linked_to(
    client: TestClient, database: Database, account: Account, campaign: Campaign
) -> None:
    ids = whole(client, database, account, campaign).page("fields").ids
    for name in (
        "field-source",
        "option-source--partner-west",
        "status-won",
        "person-1",
    ):
        assert name in ids
    told = Visit(client).page("errors").ids
    assert all(f"error-{code}" in told for code in explained())


def test_slugs_that_meet_have_places_of_their_own(
    client: TestClient, database: Database, account: Account
) -> None:
    fields = (
        Field(1, "a", "A", "select", options=(Option(3, "b--c", "One"),)),
        Field(2, "a--b", "B", "select", options=(Option(4, "c", "Two"),)),
    )
    found = made(database, account, Campaign(6, 0, "x", "X", "DK", 0, fields=fields))
    visit = Visit(client, token=make.a_token(database, account, found))
    assert "option-a--b--c-2" in visit.page("fields").ids


def test_an_account_sees_all_its_campaigns(
    client: TestClient, database: Database, account: Account, campaign: Campaign
) -> None:
    visit = office(client, database, account, campaign)
    assert {"362", "363", "roofs", "walls"} <= set(visit.page("").text.split())
    ids = visit.page("fields").ids
    assert "campaign-362-field-source" in ids
    assert "campaign-363-option-source--website" in ids
    other = make.an_account(database, "other")
    foreign = Visit(client, visit.root, make.a_token(database, other, None))
    assert foreign.get(f"{visit.root}/").status_code == 404
    assert Visit(client, visit.root).get(f"{visit.root}/").status_code == 401


def test_an_account_without_campaigns_has_pages_too(
    client: TestClient, database: Database, account: Account
) -> None:
    token = make.a_token(database, account, None, may_write=True)
    visit = Visit(client, "/a/demo/api-documentation", token)
    for name in visit.names:
        check(visit.page(name))
    assert "the leads of no campaigns" in visit.page("").text


def test_a_lead_that_nobody_can_make_up_is_not_promised(
    client: TestClient, database: Database, account: Account
) -> None:
    lines = {"slug": "lines", "label": "Lines", "type": "json", "required": True}
    schema = {"type": "string", "pattern": "^[0-9]{7}x$"}
    fields = [*make.FIELDS, lines | {"json_schema": schema}]
    campaign = make.a_kept_campaign(database, account, fields=fields)
    token = make.a_token(
        database, account, campaign, filter="name[contains]=jo", may_write=True
    )
    visit = Visit(client, token=token)
    assert "Replace the values in the examples" in visit.page("writing").text
    assert "^[0-9]{7}x$" in visit.page("fields").text


def test_numbers_in_a_schema_break_no_page(
    client: TestClient, database: Database, account: Account
) -> None:
    shapes: list[dict[str, Any]] = [
        {"type": "number", "minimum": 1e308, "multipleOf": 1e-300},
        {"type": "string", "minLength": 3.0, "maxLength": 5.0},
        {"type": "array", "items": {"type": "string"}, "minItems": 2.0},
    ]
    fields = [
        {"slug": f"json-{place}", "type": "json", "json_schema": shape}
        for place, shape in enumerate(shapes)
    ]
    campaign = make.a_kept_campaign(database, account, fields=fields)
    visit = Visit(client, token=make.a_token(database, account, campaign))
    for name in visit.names:
        check(visit.page(name))
    described = visit.get("/docs/download/openapi.json/x")
    assert described.status_code == 200


def test_a_wide_campaign_has_a_page_that_can_be_loaded(
    client: TestClient, database: Database, account: Account
) -> None:
    visit = Visit(
        client, token=make.a_token(database, account, wide(database, account))
    )
    answer = visit.get("/docs/fields")
    assert len(answer.content) < 5_000_000
    document = Document(answer.text)
    check(document)
    assert "option-field-499--option-9" in document.ids
    assert len(visit.get("/docs/fields.md").content) < 5_000_000
    assert "488 more" in visit.page("").text


def test_campaigns_that_are_too_many_are_named_only(
    client: TestClient, database: Database, account: Account, monkeypatch: Any
) -> None:
    make.a_kept_campaign(database, account)
    make.a_kept_campaign(database, account, id=363, name="Walls")
    monkeypatch.setattr("leadwell.describe.pages.fields.PARTS_MAX", 30)
    visit = Visit(client, token=make.a_token(database, account, None))
    text = visit.page("fields").text
    assert "Too large for this page: ask GET /v2/campaigns/363/schema" in text


@pytest.mark.parametrize("accept", [BROWSER, "application/json", "*/*", ""])
def test_what_is_not_there_is_said_in_the_readers_form(
    client: TestClient, campaign: Campaign, accept: str
) -> None:
    for path in ("/docs/nothing", "/docs/x/y/z", "/d/short/", "/a/demo/x"):
        answer = client.get(path, headers={"Accept": accept})
        kind = answer.headers["content-type"]
        assert answer.status_code in {401, 404}
        assert answer.headers["cache-control"] == "no-store"
        if accept == BROWSER:
            assert kind == "text/html; charset=utf-8"
            check(Document(answer.text))
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["x-request-id"] in answer.text
        else:
            assert kind == "application/problem+json"
    assert client.get("/v2/me", headers={"Accept": BROWSER}).json()["status"] == 401


def test_a_bad_token_is_told_so_on_a_page(
    client: TestClient, campaign: Campaign
) -> None:
    headers = {"Authorization": "Bearer lw_wrong", "Accept": BROWSER}
    answer = client.get("/docs/", headers=headers)
    assert answer.status_code == 401
    assert "invalid_token" in Document(answer.text).text
    assert answer.headers["www-authenticate"].startswith("Bearer")
    # What the error means is told to everybody.
    assert client.get("/docs/errors/invalid_token", headers=headers).status_code == 200


def test_an_error_code_has_its_cause_and_its_remedy(client: TestClient) -> None:
    assert REMEDIES.keys() == explained().keys()
    for code, said in explained().items():
        document = Document(client.get(f"/docs/errors/{code}").text)
        check(document)
        assert said.remedy.replace("`", "") in document.text
    answer = client.get("/docs/errors/cursor_lost")
    assert answer.headers["cache-control"] == "max-age=3600"
    assert "410" in Document(answer.text).text


def test_a_hub_below_a_path_links_below_it(
    database: Database, campaign: Campaign
) -> None:
    hub = Hub(database, make.KEYS, make.Clock(), "https://host.example/deep/hub")
    client = Whole(app(hub), headers={"Host": "evil.example"})
    for path in ("/docs/", "/docs/fields", "/docs/nothing", "/docs/errors/not_found"):
        answer = client.get(path, headers={"Accept": BROWSER})
        document = Document(answer.text)
        links = [*document.links, *document.loaded]
        assert all(link.startswith(("#", "/deep/hub/")) for link in links)
        assert "evil.example" not in answer.text + str(answer.headers)
    answer = client.get("/docs", follow_redirects=False)
    assert answer.headers["location"] == "/deep/hub/docs/"
    assert (
        "(https://host.example/deep/hub/docs/fields.md)" in client.get("/llms.txt").text
    )


def test_machines_find_the_pages_and_the_description(
    client: TestClient, campaign: Campaign
) -> None:
    text = client.get("/llms.txt").text
    assert text.startswith("# Leadwell\n\n> ")
    found = re.findall(r"\(https://hub\.example(/[^)]*)\)", text)
    assert len(found) == len(PAGES) + 1
    assert all(client.get(path).status_code == 200 for path in found)
    answer = client.get("/.well-known/api-catalog")
    assert answer.headers["content-type"].startswith("application/linkset+json")
    (one,) = json.loads(answer.text)["linkset"]
    assert one.pop("anchor") == "https://hub.example/v2"
    for each in (link for links in one.values() for link in links):
        found_one = client.get(each["href"].removeprefix("https://hub.example"))
        assert found_one.headers["content-type"].startswith(each["type"])


def test_links_that_ended_show_a_page_that_says_so(
    client: TestClient, database: Database, account: Account, campaign: Campaign
) -> None:
    token = make.a_token(database, account, campaign)
    ended = {"expires_at": make.MIDNIGHT, "kind": LinkKind.DOCUMENTATION}
    secret = make.a_link(database, token, **ended)
    for path in ("", "fields", "fields.md", "download/openapi.json/x"):
        answer = client.get(f"/d/{secret}/{path}", headers={"Accept": BROWSER})
        assert answer.status_code == 410
        assert "Link ended" in Document(answer.text).text


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[list[tuple[TestClient, str]]]:
    """Two hubs that differ only in what a token may not see."""
    opened: list[tuple[TestClient, str]] = []
    databases: list[Database] = []
    for number in range(2):
        database = make.a_database(tmp_path / f"{number}.db")
        databases.append(database)
        account = make.an_account(database)
        fields = json.loads(json.dumps(make.FIELDS))
        source = next(each for each in fields if each["slug"] == "source")
        source["options"][0] |= {"slug": f"vendor-{number}", "label": f"V{number}"}
        hidden = {"slug": f"secret-{number}", "label": f"S{number}", "type": "json"}
        fields[2 * number] |= {"required": True}
        fields.insert(8 + number, hidden | {"json_schema": {"title": f"{number}"}})
        if number:
            fields.append({"slug": "more", "label": "More", "type": "text"})
        statuses = [*make.STATUSES, {"slug": f"gone-{number}", "label": "Gone"}]
        campaign = make.a_kept_campaign(
            database, account, fields=fields, statuses=statuses
        )
        ids = {
            campaign.field_by_slug[slug].id
            for slug in ("email", "source", "tags", "price")
        }
        token = make.a_token(
            database,
            account,
            campaign,
            filter="source=website&status=new,won",
            readable=frozenset({*ids, Attribute.STATUS}),
            may_write=True,
            name="Twin",
        )
        hub = Hub(database, make.KEYS, make.Clock(), "https://hub.example")
        opened.append((Whole(app(hub)), token))
    yield opened
    for database in databases:
        database.close()


def test_what_a_token_may_not_see_changes_no_byte_of_a_page(
    twins: list[tuple[TestClient, str]],
) -> None:
    paths = [*NAMES, *(f"{name or 'index'}.md" for name in NAMES), "nothing"]
    paths.append("download/openapi.json/x")
    for path in paths:
        told = []
        for client, token in twins:
            headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "fixed"}
            answer = client.get(f"/docs/{path}", headers=headers)
            told.append((answer.status_code, answer.headers.raw, answer.content))
        assert told[0] == told[1], path
