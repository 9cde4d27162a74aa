"""The tab Leads: what its address asks, what it shows, and how that is narrowed."""

import html
import re
from typing import Any

import httpx2
import pytest

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from leadwell.schema import question
from leadwell.schema.definition import FIELDS_MAX
from leadwell.schema.parts import Kind, Name
from leadwell.store import campaigns, filters
from leadwell.store.connection import Database
from leadwell.store.writes import parts
from tests import make
from tests.admin.conftest import Sit
from tests.asking import Whole
from tests.desk import Desk, text_of
from tests.forms import form_of

LEADS = "/campaigns/362/leads"
SOURCES = ["partner-west", "partner-north", "website"]


@pytest.fixture
def filled(database: Database, campaign: Campaign) -> Campaign:
    """Thirty leads from three sources."""
    given: list[dict[str, Any]] = [
        {
            "status": "new",
            "fields": {"name": f"Lead {n}", "source": SOURCES[n % 3], "budget": n},
        }
        for n in range(30)
    ]
    # Who sits at a desk is a person of the account, and so of the campaign.
    known = database.write(lambda c: campaigns.known(c, campaign.id)).result()
    make.leads(database, known, given)
    return known


def ids_on(page: httpx2.Response) -> list[int]:
    return [int(each) for each in re.findall(r'name="lead" value="(\d+)"', page.text)]


def told(page: httpx2.Response, which: str = "url") -> str:
    found = re.search(rf'<pre id="t-{which}"[^>]*>(.*?)</pre>', page.text, re.DOTALL)
    assert found
    return html.unescape(found[1])


@pytest.mark.parametrize(
    "query",
    [
        "",
        "source=partner-west&per_page=25&_sort=-budget",
        "budget[gte]=3&budget[lt]=9&page=2&per_page=2",
        "_q=lead+1&_fields=name,status",
        "source=website,partner-north&created_after=2025-01-01&_tz=Europe/Copenhagen",
        "page=9",
        "status[exists]=false",
    ],
)
@pytest.mark.usefixtures("filled")
def test_the_request_beside_the_table_answers_with_its_leads(
    query: str, desk: Desk, database: Database, account: Account, campaign: Campaign
) -> None:
    page = desk.get(f"{LEADS}?{query}")
    assert page.status_code == 200
    token = make.a_token(database, account, campaign)
    client = Whole(app(desk.hub), base_url="https://hub.example")
    answer = client.get(told(page), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert [lead["id"] for lead in answer.json()["data"]] == ids_on(page)
    total = answer.json()["pagination"]["total"]
    assert f"{total} lead" in text_of(page)
    assert told(page) in told(page, "curl")
    compile(told(page, "python"), "page", "exec")


@pytest.mark.usefixtures("filled")
def test_conditions_stand_in_words_and_each_can_be_removed(desk: Desk) -> None:
    page = desk.get(f"{LEADS}?source=partner-west,website&budget[gte]=5&per_page=25")
    assert "Source is one of Partner West or Our website" in text_of(page)
    assert "Budget is at least 5" in text_of(page)
    assert f'href="{LEADS}?budget[gte]=5&amp;per_page=25"' in page.text
    assert f'href="{LEADS}?source=partner-west,website&amp;per_page=25"' in page.text
    wanted = "source%3Dpartner-west%2Cwebsite%26budget%5Bgte%5D%3D5"
    assert f"/api-documentation/new?filter={wanted}" in page.text


@pytest.mark.parametrize(
    ("query", "said", "kept"),
    [
        ("sourze=x", "did you mean source?", "sourze=x"),
        ("source=Partner+West&status=new", "its slug is partner-west", "status=new"),
        ("status=new&status=won", "given twice", "status=new&amp;status=won"),
        ("_sort=nothing&source=website", "cannot be sorted", "source=website"),
        ("per_page=9999", "per_page", ""),
        ("campaign_id=1", "no parameter", "campaign_id=1"),
    ],
)
@pytest.mark.usefixtures("filled")
def test_what_is_not_understood_is_told_and_shows_no_lead(
    query: str, said: str, kept: str, desk: Desk
) -> None:
    page = desk.get(f"{LEADS}?{query}")
    assert page.status_code == 422
    assert said in text_of(page)
    assert kept in page.text
    assert not ids_on(page)
    assert "The same over the API" not in text_of(page)
    # What was typed can be mended in the form, and what is none of it is gone.
    form = form_of(page, "/filter") | {"c.query": "source=website", "c.do": "go"}
    assert len(ids_on(desk.submit(f"{LEADS}/filter", form))) == 10


@pytest.mark.usefixtures("filled")
def test_a_query_string_that_is_none_is_refused(desk: Desk) -> None:
    assert desk.get(f"{LEADS}?source=%ff").status_code == 400


@pytest.mark.usefixtures("filled")
def test_an_empty_search_and_what_programs_ask_is_passed_over(desk: Desk) -> None:
    page = desk.get(f"{LEADS}?_q=&_cursor=start&_meta=1&source=website&_done=saved")
    assert len(ids_on(page)) == 10
    assert "Saved." in text_of(page)
    assert told(page).endswith("/leads?source=website")


@pytest.mark.usefixtures("filled")
def test_pages_lead_to_one_another(desk: Desk) -> None:
    page = desk.get(f"{LEADS}?page=2&per_page=10&source=website,partner-west")
    assert "Page 2 of 2" in text_of(page)
    assert 'rel="next"' not in page.text
    wanted = f'{LEADS}?per_page=10&amp;source=website,partner-west" '
    assert f'rel="prev" href="{wanted.strip()}' in page.text
    beyond = desk.get(f"{LEADS}?page=7&per_page=10")
    assert f'rel="prev" href="{LEADS}?per_page=10&amp;page=3"' in beyond.text
    first = desk.get(f"{LEADS}?per_page=10")
    assert f'rel="next" href="{LEADS}?per_page=10&amp;page=2"' in first.text
    assert f'href="{LEADS}?per_page=100"' in first.text


@pytest.mark.usefixtures("filled")
def test_a_heading_sorts_up_and_down_and_not_at_all(desk: Desk) -> None:
    link = re.compile(rf'href="({LEADS}[^"]*)"><bdi>Created')
    seen: list[str] = []
    path = LEADS
    for _ in range(3):
        found = link.search(desk.get(path).text)
        assert found
        path = html.unescape(found[1])
        seen.append(path.partition("?")[2])
    assert seen == ["_sort=created_at", "_sort=-created_at", ""]
    page = desk.get(f"{LEADS}?_sort=-created_at")
    assert 'aria-sort="descending"' in page.text


@pytest.mark.usefixtures("filled")
def test_everybody_chooses_columns_of_their_own(
    desk: Desk, sit: Sit, database: Database, campaign: Campaign
) -> None:
    assert "Budget: 7" not in text_of(desk.get(LEADS))
    wanted = {"column": ["budget", "status", "nothing"], "query": "source=website"}
    page = desk.submit(f"{LEADS}/columns", wanted)
    assert page.url.query == b"source=website&_done=saved"
    assert "Budget: 29" in text_of(page)
    assert "Name: Lead" not in text_of(page)
    assert told(page).endswith("?source=website&_fields=budget,status")
    assert "Name: Lead" in text_of(desk.get(f"{LEADS}?_fields=name"))
    other = sit(Role.MEMBER, campaign)
    assert "Name: Lead" in text_of(other.get(LEADS))

    def rename(connection: Any) -> None:
        name = Name(Kind.FIELD, "budget")
        parts.rename(connection, campaign.id, name, "budget-2026")

    database.write(rename).result()
    assert told(desk.get(LEADS)).endswith("?_fields=budget-2026,status")


def test_saved_filters_stand_above_as_tabs(
    desk: Desk, database: Database, filled: Campaign
) -> None:
    west = question.conditions(filled, [("source", "partner-west")])
    database.write(
        lambda c: [
            filters.keep(c, filled, "<b>West</b>", west, 0),
            filters.keep(c, filled, "All", (), 0),
        ]
    ).result()
    page = desk.get(f"{LEADS}?per_page=25")
    tab = f'href="{LEADS}?source=partner-west&amp;per_page=25"'
    assert f"{tab}><bdi>&lt;b&gt;West&lt;/b&gt;</bdi>" in page.text
    shown = desk.get(f"{LEADS}?source=partner-west")
    assert 'aria-current="page"><bdi>&lt;b&gt;West' in shown.text


@pytest.mark.usefixtures("filled")
def test_a_filter_is_built_row_by_row(desk: Desk) -> None:
    form = form_of(desk.get(f"{LEADS}?_sort=-budget"), "/filter")
    form |= {"c.about": "status", "c.do": "add"}
    page = desk.submit(f"{LEADS}/filter", form)
    assert page.status_code == 200
    assert len(ids_on(page)) == 30
    form = form_of(page, "/filter") | {"c.0.value": "new", "c.do": "show"}
    page = desk.submit(f"{LEADS}/filter", form)
    assert told(page).endswith("?status=new&_sort=-budget")
    page = desk.submit(f"{LEADS}/filter", form_of(page, "/filter") | {"c.do": "go"})
    assert page.url.query == b"status=new&_sort=-budget"


@pytest.mark.usefixtures("filled")
def test_a_filter_that_is_refused_is_shown_as_it_was_typed(desk: Desk) -> None:
    form = form_of(desk.get(f"{LEADS}?budget[gte]=1"), "/filter")
    form |= {"c.0.value": "much", "c.do": "go"}
    page = desk.submit(f"{LEADS}/filter", form)
    assert page.status_code == 422
    assert "is not a number" in text_of(page)
    assert 'value="much"' in page.text


def test_an_empty_campaign_says_what_to_do_next(
    desk: Desk, sit: Sit, campaign: Campaign
) -> None:
    said = text_of(desk.get(LEADS))
    assert "There is no lead yet." in said
    assert "Import a file" in said
    member = text_of(sit(Role.MEMBER, campaign).get(LEADS))
    assert "Write one down yourself" in member
    assert "Import" not in member
    assert "Make a token" not in member
    assert "No lead matches." in text_of(desk.get(f"{LEADS}?_q=nobody"))


@pytest.mark.usefixtures("filled")
def test_a_page_after_the_last_one_leads_back_to_it(desk: Desk) -> None:
    page = desk.get(f"{LEADS}?per_page=1&page=99999&_sort=id")
    assert "There is no page 99,999 of these leads." in text_of(page)
    assert "To the last one, page 30" in text_of(page)
    assert "per_page=1&amp;_sort=id&amp;page=30" in page.text
    assert "<tbody>" not in page.text


@pytest.mark.usefixtures("filled")
def test_who_looks_for_a_lead_that_is_gone_stays_among_the_tabs(
    desk: Desk, sit: Sit, campaign: Campaign
) -> None:
    page = desk.get(f"{LEADS}/999")
    assert page.status_code == 404
    assert "there is no lead 999 in campaign 362" in text_of(page)
    assert "merged into another one" in text_of(page)
    assert "token" not in text_of(page)
    assert f'{LEADS}"' in page.text
    assert "/fields" in page.text
    assert "Sign out" in page.text
    member = sit(Role.MEMBER, campaign).get(f"{LEADS}/999")
    assert f'{LEADS}"' in member.text
    assert "/fields" not in member.text


@pytest.mark.parametrize("path", ["/nonsense", "/campaigns/x", f"{LEADS}/1/nonsense"])
def test_a_path_that_leads_nowhere_is_a_page_for_people(desk: Desk, path: str) -> None:
    browser = {"Accept": "text/html,*/*;q=0.8"}
    page = desk.client.get(path, headers=browser | {"Accept-Language": "da"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "der er ingen side på denne adresse" in text_of(page)
    assert 'href="/campaigns"' in page.text
    for others in ({"Accept": "*/*"}, {"Accept": "application/json"}):
        answer = desk.client.get(path, headers=others)
        assert answer.json()["code"] == "not_found"
    for machines in ("/v2/nonsense", "/health/nonsense", "/feed/nonsense"):
        answer = desk.client.get(machines, headers=browser)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("filled")
def test_a_member_of_another_campaign_finds_nothing(
    sit: Sit, database: Database, account: Account
) -> None:
    other = make.a_kept_campaign(database, account, id=7, name="Other")
    member = sit(Role.MEMBER, other)
    for path in ("", "/new", "/1", "/1/edit?field=name", "/export", "/bulk/x"):
        foreign, missing = (
            member.get(f"/campaigns/{ref}/leads{path}") for ref in (362, 999)
        )
        assert foreign.status_code == missing.status_code == 404
        assert _said(foreign) == _said(missing)
    for path in ("/filter", "/columns", "/new", "/1", "/1/edit", "/1/undo", "/bulk"):
        form = {"version": "1", "what": "status", "v.name": "x"}
        foreign, missing = (
            member.submit(f"/campaigns/{ref}/leads{path}", form) for ref in (362, 999)
        )
        assert foreign.status_code == missing.status_code == 404, path
        assert _said(foreign) == _said(missing)


def _said(page: httpx2.Response) -> str:
    return re.sub(r"req_\w+|362|999", "", text_of(page))


@pytest.mark.usefixtures("filled")
def test_pages_ask_for_a_session_and_the_word_of_a_form(hub: Hub, desk: Desk) -> None:
    del hub
    page = desk.client.post(f"{LEADS}/1/edit", data={"version": "1"})
    assert page.status_code == 403
    desk.client.cookies.clear()
    assert desk.get(f"{LEADS}/1").url.path == "/login"


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> 🏠 \u202e"


def test_no_text_of_a_campaign_or_a_lead_becomes_markup(
    sit: Sit, database: Database, account: Account
) -> None:
    options = [{"slug": "a", "label": f"{HOSTILE} a"}]
    fields = [
        {"slug": "name", "label": f"{HOSTILE} n", "type": "text", "required": True},
        {"slug": "pick", "label": f"{HOSTILE} p", "type": "select", "options": options},
        {"slug": "many", "label": "m", "type": "multi_select", "options": options},
        {"slug": "data", "label": "d", "type": "json"},
    ]
    hard = make.a_kept_campaign(
        database, account, id=8, name=HOSTILE, fields=fields, statuses=[]
    )
    values: dict[str, Any] = {"name": HOSTILE, "pick": "a", "many": ["a"]}
    values["data"] = {HOSTILE: [HOSTILE]}
    make.a_lead(database, hard, fields=values)
    desk = sit(Role.ADMINISTRATOR)
    leads = "/campaigns/8/leads"
    form = {"what": "pick", "lead": "1", "query": HOSTILE}
    quoted = "%3Cscript%3Ealert(1)%3C/script%3E"
    for page in (
        desk.get(leads),
        desk.get(f"{leads}?pick=a&_q={quoted}"),
        desk.get(f"{leads}?{quoted}={quoted}"),
        desk.get(f"{leads}/1"),
        desk.get(f"{leads}/1/edit?field={quoted}"),
        desk.get(f"{leads}/1/edit?field=data"),
        desk.get(f"{leads}/1/merge?into={quoted}"),
        desk.get(f"{leads}?_undo={quoted}"),
        desk.submit(f"{leads}/1/edit", {"version": "1", "v.name": "", "field": "name"}),
        desk.submit(f"{leads}/bulk", form),
    ):
        assert "<script>alert" not in page.text
        assert "<img" not in page.text


def test_as_many_fields_as_a_campaign_can_have_are_saved(
    sit: Sit, database: Database, account: Account
) -> None:
    fields = [
        {"slug": f"f{n}", "label": f"Field {n}", "type": "text"}
        for n in range(FIELDS_MAX)
    ]
    wide = make.a_kept_campaign(database, account, id=9, fields=fields)
    values: Any = {"f3": "x" * 4_000, "f199": "last"}
    make.leads(database, wide, [{"fields": values}])
    desk = sit(Role.ADMINISTRATOR)
    page = desk.get("/campaigns/9/leads?f199=last")
    assert len(ids_on(page)) == 1
    form = form_of(desk.get("/campaigns/9/leads/1"), "/leads/1")
    page = desk.submit("/campaigns/9/leads/1", form | {"v.f199": "changed"})
    assert "Field 199: last → changed" in text_of(page)
    assert "Field 3:" not in text_of(page)
