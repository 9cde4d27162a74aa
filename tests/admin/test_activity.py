"""Who did what in a campaign, as its page tells it."""

import re
from datetime import timedelta

import pytest

from leadwell.admin.pages import activity as page_of_activity
from leadwell.model.grant import Author
from leadwell.model.token import digest
from leadwell.model.user import Role
from leadwell.schema.times import from_microseconds
from leadwell.store import campaigns, tokens
from leadwell.store.people import activity
from leadwell.store.people.activity import What
from leadwell.store.writes import erasing
from tests import make
from tests.admin.conftest import Sit
from tests.admin.test_tokens import id_of, made, token_in
from tests.admin.uploads import ROWS, change, upload
from tests.desk import Desk, text_of


def shown(desk: Desk, campaign, query: str = "") -> str:
    page = desk.get(f"/campaigns/{campaign.id}/activity{query}")
    assert page.status_code == 200
    return text_of(page)


def a_lead(hub, campaign, at_us: int, lineage: str = "") -> None:
    """A lead of the campaign as it is by now: a new person makes another schema."""
    with hub.database.reading() as connection:
        now = campaigns.known(connection, campaign.id)
    at, author = from_microseconds(at_us), Author(lineage)
    make.a_lead(hub.database, now, now=at, author=author)


def noted(hub, campaign, moments: list[int]) -> None:
    """Note a lead that an import adds at each moment; of each its history alone."""
    rows = [
        (campaign.id, n, 1, at, "import:1", "create", "{}")
        for n, at in enumerate(moments, 1)
    ]
    names = ("campaign_id", "lead_id", "version", "at", "author", "op", "changes")
    hub.database.write(lambda c: c.load("lead_history", names, rows)).result()


def test_a_page_tells_what_everybody_has_done(
    desk: Desk, campaign, account, hub, clock: make.Clock
) -> None:
    assert "Nothing has happened yet" in shown(desk, campaign)
    make.a_token(hub.database, account, campaign, name="Partner West")
    with hub.database.reading() as connection:
        (token,) = tokens.find_all(connection)
    for lineage in (token.lineage, "", "person:999"):
        a_lead(hub, campaign, hub.moment, lineage)
    one = upload(desk, campaign.id, ROWS)
    one.do("check")
    one.do("load")
    clock.now += timedelta(seconds=1)
    change(desk, campaign, 1, name="Åse Holm")
    told = shown(desk, campaign)
    assert "Administrator changed the lead 1" in told
    assert "Import of leads.csv added 2 leads" in told
    assert "Administrator began to load the file leads.csv" in told
    assert "Token Partner West added the lead" in told
    assert "The operator, at the command line added the lead" in told
    assert "Somebody who has left added the lead" in told
    of_leads = shown(desk, campaign, "?kind=leads")
    assert "added 2 leads" in of_leads
    assert "began to load" not in of_leads
    of_settings = shown(desk, campaign, "?kind=settings")
    assert "began to load" in of_settings
    assert "added 2 leads" not in of_settings
    assert "Undo this import" in shown(desk, campaign, "?kind=imports")


def test_what_opens_leads_to_others_or_takes_them_away_is_noted(
    desk: Desk, campaign, hub, account
) -> None:
    for number in (1, 2, 3):
        a_lead(hub, campaign, hub.moment + number)
    one = f"/campaigns/{campaign.id}"
    public_id = id_of(token_in(made(desk, name="West")))
    token = f"{one}/api-documentation/{public_id}"
    desk.post(f"{token}/links", kind="csv", once="1" * 12)
    hook = {"url": "https://hooks.example/secret", "token": public_id, "id": "Hook1234"}
    desk.submit(f"{one}/webhooks", hook)
    desk.post(f"{one}/webhooks/Hook1234", action="off")
    desk.post(f"{token}/revoke")
    desk.post(f"{one}/leads/1/merge", into="2", version="1", into_version="1")
    hub_erases = desk.post(f"{one}/leads/3/erase")
    told = shown(desk, campaign)
    assert "made the token West" in told
    assert "made a link for West" in told
    assert "made the webhook hooks.example" in told
    assert "changed the webhook hooks.example" in told
    assert "revoked the token West" in told
    assert "merged leads 1 → 2" in told
    assert ("erased leads 3" in told) == (hub_erases.status_code == 200)
    assert "secret" not in told


def test_what_is_done_to_people_is_noted_with_the_account(desk: Desk, hub) -> None:
    desk.post("/account", name="Bo")
    one = re.findall("/account/people/[0-9]+", desk.get("/account").text)[-1]
    page = desk.post(f"{one}/invite", email="bo@example.com", role="administrator")
    assert page.status_code == 200, text_of(page)
    told = text_of(desk.get("/account"))
    assert "Administrator added the person Bo" in told
    assert "Administrator invited Bo" in told


def test_pages_show_everything_once(desk: Desk, campaign, hub) -> None:
    hour = page_of_activity.HOUR_US
    start = hub.moment // hour * hour

    def job(connection) -> None:
        for place in range(page_of_activity.PER_PAGE * 3):
            at, who = start - place * hour // 2, "Ann" if place % 3 else ""
            about = f"field {place:03}"
            activity.note(connection, campaign, What.FIELD_ADDED, about, who=who, at=at)

    hub.database.write(job).result()
    for place in range(60):
        a_lead(hub, campaign, start - (60 - place) * hour)
    path: str | None = f"/campaigns/{campaign.id}/activity"
    told, leads, pages = [], 0, 0
    while path:
        page = desk.get(path)
        told += re.findall(r"field \d{3}", page.text)
        leads += text_of(page).count("added the lead")
        found = re.search('rel="next" href="([^"]+)"', page.text)
        path = found[1].replace("&amp;", "&") if found else None
        pages += 1
    assert told == [f"field {n:03}" for n in range(page_of_activity.PER_PAGE * 3)]
    assert leads == 60
    assert pages > 3
    assert "Newest" in text_of(page)


def test_what_is_too_much_for_a_page_goes_on_within_the_hour(
    desk: Desk, campaign, hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_of_activity, "DEEDS_MAX", 5)
    for place in range(12):
        a_lead(hub, campaign, hub.moment + place)
    path: str | None = f"/campaigns/{campaign.id}/activity?kind=leads"
    counts: list[int] = []
    while path:
        page = desk.get(path)
        counts += map(int, re.findall(r"added (\d+) leads", text_of(page)))
        found = re.search('rel="next" href="([^"]+)"', page.text)
        path = found[1].replace("&amp;", "&") if found else None
    assert sum(counts) == 12
    assert max(counts) == 5


def test_what_an_import_adds_within_an_hour_is_one_line(
    desk: Desk, campaign, hub
) -> None:
    start = hub.moment // page_of_activity.HOUR_US * page_of_activity.HOUR_US
    noted(hub, campaign, [start + n // 500 for n in range(12_000)])
    page = desk.get(f"/campaigns/{campaign.id}/activity")
    assert text_of(page).count("added 12,000 leads") == 1
    assert "Older" not in text_of(page)


def test_more_than_a_page_sums_up_at_one_moment_is_told_whole(
    desk: Desk, campaign, hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_of_activity, "DEEDS_MAX", 5)
    at = hub.moment
    noted(hub, campaign, [at] * 8)
    path = f"/campaigns/{campaign.id}/activity?kind=leads"
    page = desk.get(f"{path}&before={at + 1}")
    assert "added 8 leads" in text_of(page)


def test_who_reads_is_shown_by_when_they_did_last(
    desk: Desk, campaign, account, hub
) -> None:
    assert "There is no token yet" in shown(desk, campaign, "?kind=reading")
    first = make.a_token(hub.database, account, campaign, name="Early <b>bird</b>")
    make.a_token(hub.database, account, None, name="Account", may_write=True)
    make.a_token(hub.database, account, campaign, name="Old", revoked_at=make.MIDNIGHT)
    make.a_token(hub.database, account, campaign, name="Soon", expires_at=make.MIDNIGHT)
    other = make.a_kept_campaign(hub.database, account, slug="other", id=363)
    make.a_token(hub.database, account, other, name="Elsewhere")
    key = digest(make.KEY, first)
    hub.database.write(lambda c: tokens.note_use(c, key, hub.moment)).result()
    told = shown(desk, campaign, "?kind=reading")
    assert told.index("Early <b>bird</b>") < told.index("Account never")
    assert "all campaigns of the account, read and write" in told
    assert "revoked" in told
    assert "until 2025-02-21 00:00" in told
    assert "Elsewhere" not in told


def test_erasures_stand_with_their_receipts(
    desk: Desk, campaign, account, hub, clock: make.Clock
) -> None:
    assert "No lead of this campaign was erased" in shown(
        desk, campaign, "?kind=erasures"
    )
    make.a_token(hub.database, account, None, name="Account")
    for _ in range(2):
        a_lead(hub, campaign, hub.moment)
    clock.now += timedelta(hours=1)

    def job(connection) -> None:
        now = campaigns.known(connection, campaign.id)
        for lead_id in (1, 2):
            erasing.erase(connection, now, lead_id, hub.now)

    hub.database.write(job).result()
    page = desk.get(f"/campaigns/{campaign.id}/activity?kind=erasures")
    assert "Account: not confirmed yet" in text_of(page)
    assert re.findall(r'<th scope="row">(\d+)</th>', page.text) == ["2", "1"]


def test_a_member_is_shown_no_activity(sit: Sit, campaign) -> None:
    member = sit(Role.MEMBER, campaign)
    assert member.get(f"/campaigns/{campaign.id}/activity").status_code == 403


@pytest.mark.parametrize("query", ["?before=x", "?before=-1", "?before=" + "9" * 40])
def test_a_moment_that_is_none_is_passed_over(desk: Desk, campaign, query: str) -> None:
    assert "Newest" not in shown(desk, campaign, query)
    assert shown(desk, campaign, "?kind=nonsense")
