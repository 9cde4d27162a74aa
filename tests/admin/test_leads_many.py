"""Edits of many leads, downloads of them, and what only administrators may do."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyroaring import BitMap

from leadwell.admin import app as admin
from leadwell.admin.pages.leads.running import Running
from leadwell.api.app import Beside, app
from leadwell.api.hub import Hub
from leadwell.errors import Conflict
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from leadwell.schema.parts import Kind, Name
from leadwell.store import campaigns
from leadwell.store.connection import Database
from leadwell.store.edits import bulk, naming
from leadwell.store.people import users
from leadwell.store.writes import parts, rows
from tests import make
from tests.admin.conftest import Sit
from tests.asking import Whole
from tests.desk import Desk, text_of
from tests.forms import form_of

LEADS = "/campaigns/362/leads"
WON = {"status": "won"}


@pytest.fixture
def desk(sit: Sit, campaign: Campaign, database: Database) -> Desk:
    """An administrator, and ten leads of two sources."""
    made = sit(Role.ADMINISTRATOR)
    known = database.write(lambda c: campaigns.known(c, campaign.id)).result()
    given: list[dict[str, Any]] = [
        {
            "status": "new",
            "fields": {
                "name": f"Lead {n}",
                "source": ["website", "partner-west"][n % 2],
            },
        }
        for n in range(10)
    ]
    make.leads(database, known, given)
    return made


def chosen(desk: Desk, what: str, query: str = "", **more: Any) -> Any:
    """What the form for a change of many shows; `lead` or `all` say of which."""
    form = form_of(desk.get(f"{LEADS}?{query}"), "/bulk")
    return desk.submit(f"{LEADS}/bulk", form | {"what": what, **more})


def count(desk: Desk, query: str) -> str:
    return text_of(desk.get(f"{LEADS}?{query}")).partition("Remove all ")[2][:7]


def test_ticked_leads_are_changed_and_changed_back(desk: Desk) -> None:
    page = chosen(desk, "status", lead=["2", "5", "77", "x", "9" * 12])
    assert "Change 3 leads" in text_of(page)
    form = form_of(page, "/bulk/run") | {"v.status": "won"}
    done = desk.submit(f"{LEADS}/bulk/run", form)
    assert "3 of 3 leads are done. 2 leads were changed." in text_of(done)
    assert "The others held it already, or are gone." in text_of(done)
    assert count(desk, "status=won") == "2 leads"
    # The form is sent again, and the lead changed since: nothing is overwritten.
    assert desk.submit(f"{LEADS}/bulk/run", form).url.path == done.url.path
    desk.submit(f"{LEADS}/5/edit", {"version": "2", "v.name": "Mine", "field": "name"})
    undo = form_of(done, "/undo")
    undone = desk.submit(f"{done.url.path}/undo", undo)
    assert "1 lead was changed. The others were changed since" in text_of(undone)
    assert "Undo the change" not in text_of(undone)
    assert desk.submit(f"{done.url.path}/undo", undo).url.path == undone.url.path
    assert count(desk, "status=won") == "1 lead "


def test_all_that_match_are_changed_on_every_page(desk: Desk) -> None:
    page = chosen(desk, "budget", "source=website&per_page=2&page=2", all="1")
    assert "Change 5 leads" in text_of(page)
    form = form_of(page, "/bulk/run") | {"v.budget": "7,5"}
    assert "5 leads were changed" in text_of(desk.submit(f"{LEADS}/bulk/run", form))
    assert count(desk, "budget=7.5") == "5 leads"


def test_another_number_is_shown_before_anything_is_done(
    desk: Desk, database: Database, campaign: Campaign
) -> None:
    page = chosen(desk, "status", "status=new", all="1")
    form = form_of(page, "/bulk/run") | {"v.status": "won"}
    desk.submit(f"{LEADS}/1/edit", {"version": "1", "v.status": "won"})
    page = desk.submit(f"{LEADS}/bulk/run", form)
    assert page.status_code == 409
    assert "Change 9 leads" in text_of(page)
    form = form_of(page, "/bulk/run") | {"v.status": "won"}
    assert "9 leads were changed" in text_of(desk.submit(f"{LEADS}/bulk/run", form))
    del database, campaign


def test_what_cannot_be_set_or_is_of_no_lead_is_refused(desk: Desk) -> None:
    assert "No lead is chosen" in text_of(chosen(desk, "status"))
    assert chosen(desk, "external_id", lead="1").status_code == 404
    assert chosen(desk, "status", query="", lead="1", all="1").status_code == 200
    bad = desk.submit(f"{LEADS}/bulk", {"what": "status", "all": "1", "query": "x=y"})
    assert bad.status_code == 400
    form = form_of(chosen(desk, "name", lead="1"), "/bulk/run") | {"v.name": ""}
    page = desk.submit(f"{LEADS}/bulk/run", form)
    assert page.status_code == 422
    assert "name is required" in text_of(page)
    assert desk.get(f"{LEADS}/bulk/nothing").status_code == 404


def test_what_takes_long_goes_on_beside_the_pages(
    desk: Desk, database: Database, campaign: Campaign
) -> None:
    edit = bulk.made(
        campaign, "long", "person:1", BitMap(range(1, 11)), {"status": "won"}, 0
    )
    database.write(lambda c: bulk.begin(c, campaign, edit, 1)).result()

    async def ran() -> None:
        running = Running()
        await running.run(desk.hub, 362, edit, at_once_s=0)
        await running.run(desk.hub, 362, edit, at_once_s=0)
        await running.settle()

    asyncio.run(ran())
    assert count(desk, "status=won") == "10 lead"


def test_what_was_interrupted_can_go_on(
    desk: Desk, database: Database, campaign: Campaign
) -> None:
    now = desk.hub.moment
    running = bulk.made(campaign, "now", "person:1", BitMap([1]), WON, now)
    old = bulk.made(campaign, "old", "person:1", BitMap([1, 2]), WON, now - 60_000_000)
    for each in (running, old):
        database.write(lambda c, each=each: bulk.begin(c, campaign, each, now)).result()
    page = desk.get(f"{LEADS}/bulk/now")
    assert 'http-equiv="refresh"' in page.text
    assert "It goes on by itself" in text_of(page)
    page = desk.get(f"{LEADS}/bulk/old")
    assert "It was interrupted." in text_of(page)
    assert 'http-equiv="refresh"' not in page.text
    page = desk.submit(f"{LEADS}/bulk/old", form_of(page, "/old"))
    assert "2 of 2 leads are done" in text_of(page)


def test_what_cannot_go_on_stops_and_is_told(
    desk: Desk, database: Database, campaign: Campaign
) -> None:
    edit = bulk.made(campaign, "bad", "person:1", BitMap([1]), {"status": "won"}, 0)
    database.write(lambda c: bulk.begin(c, campaign, edit, 1)).result()
    name = Name(Kind.STATUS, "won")
    database.write(lambda c: parts.remove(c, campaign.id, name)).result()

    async def ran() -> None:
        running = Running()
        await running.run(desk.hub, 362, edit, at_once_s=0)
        await running.settle()

    asyncio.run(ran())
    page = desk.submit(f"{LEADS}/bulk/bad", {})
    assert page.status_code == 409
    assert "the status that it sets is gone" in text_of(page)


GIVEN = {"status": "won", "fields": {"source": "website", "tags": ["a"]}}


def test_what_is_called_otherwise_meanwhile_is_set_all_the_same(
    database: Database, campaign: Campaign
) -> None:
    held = naming.kept(campaign, GIVEN)
    assert naming.given(campaign, held) == GIVEN
    for kind, slug in ((Kind.STATUS, "won"), (Kind.FIELD, "source")):
        name = Name(kind, slug)
        database.write(
            lambda c, name=name: parts.rename(c, campaign.id, name, f"{name.slug}-2")
        ).result()
    option = Name(Kind.OPTION, "website", "source-2")
    database.write(lambda c: parts.rename(c, campaign.id, option, "web")).result()
    with database.reading() as connection:
        now = campaigns.known(connection, campaign.id)
    assert naming.given(now, held) == {
        "status": "won-2",
        "fields": {"source-2": "web", "tags": ["a"]},
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (Name(Kind.STATUS, "won"), "the status that it sets"),
        (Name(Kind.FIELD, "tags"), "the field that it sets"),
        (Name(Kind.OPTION, "a", "tags"), "the option that it sets"),
    ],
)
def test_what_is_gone_meanwhile_is_told(
    database: Database, campaign: Campaign, name: Name, said: str
) -> None:
    held = naming.kept(campaign, GIVEN)
    database.write(lambda c: parts.remove(c, campaign.id, name)).result()
    with database.reading() as connection:
        now = campaigns.known(connection, campaign.id)
    with pytest.raises(Conflict, match=said):
        naming.given(now, held)


@pytest.mark.parametrize("kind", ["xlsx", "csv-excel", "parquet"])
def test_what_is_shown_is_downloaded(desk: Desk, kind: str) -> None:
    query = "source=website&_q=lead&_sort=-created_at&_fields=name&per_page=2&page=2"
    file = desk.get(f"{LEADS}/export?{query}&_format={kind}")
    assert file.status_code == 200
    assert file.headers["Leadwell-Count"] == "5"
    assert file.headers["Cache-Control"] == "private, no-store"
    ending = {"xlsx": "xlsx", "parquet": "parquet"}.get(kind, "csv")
    wanted = f'attachment; filename="leads-362.{ending}"'
    assert file.headers["Content-Disposition"] == wanted
    if ending == "csv":
        lines = file.content.decode("utf-8-sig").splitlines()
        assert len(lines) == 6
        assert lines[0] == "id;name;created_at;updated_at;version"


def test_a_download_of_what_is_not_understood_is_refused(desk: Desk) -> None:
    assert desk.get(f"{LEADS}/export?sourze=x&_format=xlsx").status_code == 400
    for kind in ("xml", "", "ndjson"):
        page = desk.get(f"{LEADS}/export?_format={kind}")
        assert page.status_code == 400
        assert "write xlsx, csv-excel, parquet" in text_of(page)


def test_a_download_ends_with_the_session(desk: Desk, database: Database) -> None:
    database.write(lambda c: users.end_sessions(c, desk.user.email)).result()
    assert desk.get(f"{LEADS}/export?_format=csv-excel").url.path == "/login"


@pytest.fixture
def erasing(hub: Hub, desk: Desk, tmp_path: Path) -> Desk:
    """The administrator at a hub that keeps its erasures."""
    kept = replace(hub, erasure_file=tmp_path / "leads.erasures")
    whole = app(kept, beside=Beside(leads=admin.leads(kept), pages=admin.routes(kept)))
    browser = Whole(whole, base_url=hub.public_url, headers={"Accept": "text/html"})
    browser.cookies = desk.client.cookies
    return replace(desk, hub=kept, client=browser)


def test_a_lead_is_deleted_as_it_was_seen(desk: Desk) -> None:
    page = desk.get(f"{LEADS}/3/remove")
    assert "What it held stays in its history" in text_of(page)
    form = form_of(page, "/delete")
    desk.submit(f"{LEADS}/3/edit", {"version": "1", "v.name": "Other"})
    assert desk.submit(f"{LEADS}/3/delete", form).status_code == 412
    form = form_of(desk.get(f"{LEADS}/3/remove"), "/delete")
    page = desk.submit(f"{LEADS}/3/delete", form)
    assert "Removed." in text_of(page)
    assert desk.get(f"{LEADS}/3").status_code == 404


def test_a_lead_is_erased_with_all_that_was_merged_into_it(
    erasing: Desk, database: Database, tmp_path: Path
) -> None:
    page = erasing.get(f"{LEADS}/3/merge?into=4")
    assert "Lead 2" in text_of(page)
    erasing.submit(f"{LEADS}/3/merge", form_of(page, "/3/merge"))
    page = erasing.get(f"{LEADS}/4/remove")
    assert "The leads that were merged into it are erased with it: 3" in text_of(page)
    page = erasing.submit(f"{LEADS}/4/erase", form_of(page, "/erase"))
    assert "Removed." in text_of(page)
    with database.reading() as connection:
        left = connection.rows("SELECT lead_id FROM lead_history WHERE lead_id < 5")
    assert {row[0] for row in left} == {1, 2}
    assert len((tmp_path / "leads.erasures").read_text().splitlines()) == 2


def test_without_a_file_of_erasures_none_is_made(desk: Desk) -> None:
    assert desk.submit(f"{LEADS}/3/erase", {}).status_code == 503
    assert desk.get(f"{LEADS}/3").status_code == 200


def test_two_leads_are_compared_and_merged(
    desk: Desk, database: Database, campaign: Campaign
) -> None:
    desk.submit(f"{LEADS}/1/edit", {"version": "1", "v.budget": "7"})
    page = desk.get(f"{LEADS}/1/merge?into=2")
    assert "Budget77" in text_of(page)
    assert "SourceOur websitePartner WestPartner West" in text_of(page)
    form = form_of(page, "/1/merge")
    desk.submit(f"{LEADS}/2/edit", {"version": "1", "v.budget": "8"})
    assert desk.submit(f"{LEADS}/1/merge", form).status_code == 412
    form = form_of(desk.get(f"{LEADS}/1/merge?into=2"), "/1/merge")
    page = desk.submit(f"{LEADS}/1/merge", form)
    assert page.url.path == f"{LEADS}/2"
    assert desk.get(f"{LEADS}/1").status_code == 404
    with database.reading() as connection:
        assert rows.find(connection, campaign, 2) is not None


@pytest.mark.parametrize("into", ["", "1", "nobody", "99", "٣", "9" * 20])
def test_a_lead_is_merged_into_another_one_only(into: str, desk: Desk) -> None:
    page = desk.get(f"{LEADS}/1/merge", params={"into": into})
    assert page.status_code == 422
    assert 'role="alert"' in page.text


def test_members_take_no_lead_away(desk: Desk, sit: Sit, campaign: Campaign) -> None:
    del desk
    member = sit(Role.MEMBER, campaign)
    for path in ("/1/remove", "/1/merge?into=2"):
        assert member.get(f"{LEADS}{path}").status_code == 403
    for path in ("/1/delete", "/1/erase", "/1/merge"):
        assert member.submit(f"{LEADS}{path}", {"version": "1"}).status_code == 403
    assert "Delete or erase" not in text_of(member.get(f"{LEADS}/1"))
    page = chosen(member, "status", lead="1")
    form = form_of(page, "/bulk/run") | {"v.status": "won"}
    assert "1 lead was changed" in text_of(member.submit(f"{LEADS}/bulk/run", form))
