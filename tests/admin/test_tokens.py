"""The tab API documentation: tokens, made, shown once, changed and ended."""

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.user import Role
from leadwell.schema import question
from leadwell.schema.parts import Kind, Name
from leadwell.store import campaigns, filters, tokens
from leadwell.store.connection import Connection, Database
from leadwell.store.writes import erasing, parts
from tests import make
from tests.admin.conftest import Sit
from tests.desk import Desk

TAB = "/campaigns/362/api-documentation"
WANTED = {
    "name": "Partner West",
    "rights": "read",
    "which": "all",
    "fields": "all",
    "ends": "90",
}
WEST = {"which": "built", "c.query": "source=partner-west", "c.was": ""}


@pytest.fixture
def leads(database: Database, campaign: Campaign) -> None:
    for source in ("partner-west", "partner-north", "partner-west"):
        make.a_lead(database, campaign, fields={"source": source})


INLINE = re.compile("</?(bdi|code|a)\\b[^>]*>")


def text_of(page: httpx2.Response) -> str:
    """What a page says; what stands in two cells is no single word."""
    text = re.sub("<[^>]+>", " ", INLINE.sub("", page.text))
    return re.sub(r"\s+", " ", html.unescape(text))


def current(hub: Hub) -> Campaign:
    """The campaign as it is now: people have come since the fixture made it."""
    with hub.database.reading() as connection:
        return campaigns.known(connection, 362)


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


@pytest.mark.parametrize("lost", ["which", "fields"])
def test_a_form_that_lacks_how_much_is_seen_makes_no_token(
    desk: Desk, hub: Hub, lost: str
) -> None:
    page = made(desk, **{lost: ""})
    assert page.status_code == 422
    with hub.database.reading() as connection:
        assert tokens.find_all(connection) == []


def ask(client: TestClient, token: str, path: str = "leads") -> httpx2.Response:
    return client.get(
        f"/v2/campaigns/362/{path}",
        headers={"Authorization": f"Bearer {token}", "User-Agent": "curl/8.5.0"},
    )


def test_a_name_is_kept_whole_or_refused(desk: Desk, hub: Hub) -> None:
    page = made(desk, name="x" * 201)
    assert page.status_code == 422
    assert "The name is too long." in text_of(page)
    assert made(desk, name="x" * 200).status_code == 200
    with hub.database.reading() as connection:
        assert [each.name for each in tokens.find_all(connection)] == ["x" * 200]


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


@pytest.mark.usefixtures("leads")
def test_a_form_sent_twice_makes_one_token(desk: Desk) -> None:
    once = "0123456789ab"
    first, second = made(desk, once=once), made(desk, once=once)
    token = token_in(first)
    assert second.url.path == f"{TAB}/{id_of(token)}"
    assert "This was made already" in text_of(second)
    assert token.split("_")[2] not in second.text
    assert desk.get(TAB).text.count("<code") == 1
    assert made(desk, once="nonsense").status_code == 400


@pytest.mark.usefixtures("leads")
def test_the_form_says_how_many_leads_a_token_would_see(desk: Desk) -> None:
    page = desk.get(f"{TAB}/new?filter=source=partner-west")
    assert "It sees 2 of 3 leads." in text_of(page)
    fields = {**WANTED, "which": "built", "c.do": "show", "c.was": ""}
    fields["c.query"] = "source=partner-north"
    page = desk.submit(f"{TAB}/new", fields)
    assert "It sees 1 of 3 leads." in text_of(page)
    page = desk.submit(f"{TAB}/new", {**fields, "c.query": "source=nowhere"})
    assert "Choose which leads it sees." in text_of(page)
    page = desk.get(f"{TAB}/new?filter=nonsense=1")
    assert "no parameter" in text_of(page)
    assert 'value="nonsense=1"' in page.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": " "}, "Write whose token it is."),
        ({"name": "a\0b"}, "Write whose token it is."),
        ({"ends": "date", "date": "2020-01-01"}, "Choose a day that is still to come."),
        ({"ends": "date", "date": "9999-12-31"}, "Choose a day that is still to come."),
        ({"ends": "x"}, "Choose a day that is still to come."),
        ({"addresses": "home"}, "Write addresses as 192.0.2.7"),
        ({"fields": "some"}, "Choose at least one field."),
        ({"which": "saved", "saved": "7"}, "Choose a saved filter."),
        ({"which": "built"}, "Add at least one condition."),
        ({**WEST, "c.query": "source=x"}, "is not an option of source"),
        (
            {"rights": "write", "fields": "some", "field": "status"},
            "may write, but not see name",
        ),
    ],
)
def test_what_is_wrong_with_a_token_is_told_at_its_place(
    desk: Desk, changes: dict[str, str], said: str
) -> None:
    page = made(desk, **changes)
    assert page.status_code == 422
    assert said in text_of(page)
    assert 'role="alert"' in page.text
    if changes.get("name") is None:
        assert 'value="Partner West"' in page.text
    assert "There is no token yet." in text_of(desk.get(TAB))


@pytest.mark.usefixtures("leads")
def test_a_token_has_the_rights_that_were_chosen(
    desk: Desk, client: TestClient, hub: Hub, campaign: Campaign, clock: make.Clock
) -> None:
    asked = question.conditions(campaign, [("source", "partner-north")])
    kept = hub.database.write(
        lambda c: filters.keep(c, campaign, "North", asked, 0)
    ).result()
    name, source = campaign.fields[0].id, campaign.fields[5].id
    page = made(
        desk,
        which="saved",
        saved=str(kept.id),
        rights="write",
        fields="some",
        field=[str(name), str(source), "status"],
        ends="date",
        date="2025-03-01",
        addresses="192.0.2.0/24, testclient",
    )
    assert page.status_code == 422
    page = made(
        desk,
        which="saved",
        saved=str(kept.id),
        rights="write",
        fields="some",
        field=[str(name), str(source), "status"],
        ends="date",
        date="2025-03-01",
        addresses="192.0.2.0/24 2001:db8::/32",
    )
    token = token_in(page)
    assert '"total": 1' in text_of(page)
    shown = text_of(desk.get(f"{TAB}/{id_of(token)}"))
    assert "North: Source is Partner North" in shown
    assert "Read and write" in shown
    assert "Name, Source, Status" in shown
    assert "192.0.2.0/24, 2001:db8::/32" in shown
    assert "2025-03-01 23:59" in shown
    listed = text_of(desk.get(TAB))
    assert "3 fields" in listed
    assert "2025-03-01" in listed
    # Not from the test's own address, and no longer after its last day.
    assert ask(client, token).status_code == 403
    clock.now += timedelta(days=9)
    again = Desk.of(hub, client, desk.user)
    assert "expired" in text_of(again.get(TAB))


@pytest.mark.usefixtures("leads")
def test_a_revoked_token_is_refused_at_once(desk: Desk, client: TestClient) -> None:
    page = made(desk)
    token = token_in(page)
    link = re.search(r"https://hub\.example(/d/[0-9A-Za-z]{43})\"", page.text)
    assert link
    one = f"{TAB}/{id_of(token)}"
    cursor = ask(client, token, "leads/changes").json()["cursor"]
    ended = desk.post(f"{one}/revoke")
    assert "Revoked: it is refused from now on." in text_of(ended)
    assert ask(client, token, f"leads/changes?_cursor={cursor}").status_code == 401
    assert client.get(f"{link[1]}/").status_code == 410
    again = text_of(desk.post(f"{one}/revoke"))
    assert "Revoke this token" not in again
    assert "invalid_token" in text_of(desk.get(one))
    assert "its token has ended" in again
    assert desk.post(f"{one}/links", kind="csv", once="1" * 12).status_code == 422
    assert (
        desk.post(f"{one}/rotate", once="0" * 12, overlap="0h", ends="90").status_code
        == 422
    )


@pytest.mark.usefixtures("leads")
def test_a_token_is_rotated_with_an_overlap(
    desk: Desk, client: TestClient, clock: make.Clock
) -> None:
    old = token_in(made(desk, **WEST))
    one = f"{TAB}/{id_of(old)}"
    wanted = {"once": "0123456789ab", "overlap": "1h", "ends": "never"}
    page = desk.post(f"{one}/rotate", **wanted)
    new = token_in(page)
    assert "The old token works until 2025-02-21 01:00 " in text_of(page)
    again = desk.post(f"{one}/rotate", **wanted)
    assert again.url.path == f"{TAB}/{id_of(new)}"
    assert "This was made already" in text_of(again)
    assert id_of(old) in text_of(again)
    assert {ask(client, each).status_code for each in (old, new)} == {200}
    clock.now += timedelta(hours=1)
    assert [ask(client, each).status_code for each in (old, new)] == [401, 200]
    assert desk.post(f"{one}/rotate", **wanted | {"once": "1" * 12}).status_code == 422
    new_page = f"{TAB}/{id_of(new)}"
    for wrong in ({"overlap": "9d"}, {"ends": "x"}, {"once": ""}):
        answer = desk.post(f"{new_page}/rotate", **wanted | {"once": "2" * 12} | wrong)
        assert answer.status_code in {400, 422}, wrong
    # Links follow the new one alone.
    assert desk.post(f"{one}/links", kind="csv", once="1" * 12).status_code == 422


@pytest.mark.usefixtures("leads")
def test_links_are_made_shown_once_and_ended(desk: Desk, client: TestClient) -> None:
    one = f"{TAB}/{id_of(token_in(made(desk, **WEST)))}"
    page = desk.post(f"{one}/links", kind="csv", once="1" * 12)
    link = re.search(r"https://hub\.example(/feed/[0-9A-Za-z]{43}\.csv)\"", page.text)
    assert link
    assert "reads the leads, without a token" in text_of(page)
    again = desk.post(f"{one}/links", kind="csv", once="1" * 12)
    assert "This link was made already." in text_of(again)
    assert client.get(link[1]).text.count("\n") == 3
    shown = desk.get(one)
    assert link[1] not in shown.text
    assert "Leads as CSV works" in text_of(shown)
    ends = re.findall(rf'action="({one}/links/\w+/revoke)"', shown.text)
    assert len(ends) == 2
    for end in ends:
        desk.post(end)
    assert client.get(link[1]).status_code == 410
    assert "revoked" in text_of(desk.get(one))
    assert desk.post(f"{one}/links/{'x' * 8}/revoke").status_code == 404


def state_in(page: httpx2.Response) -> str:
    found = re.search('name="state" value="(.*?)"', page.text)
    assert found
    return found[1]


@pytest.mark.usefixtures("leads")
def test_consequences_of_an_edit_are_shown_before_it_is_saved(
    desk: Desk, client: TestClient
) -> None:
    token = token_in(made(desk, **WEST))
    edit = f"{TAB}/{id_of(token)}/edit"
    form = desk.get(edit)
    assert "It sees 2 of 3 leads." in text_of(form)
    wanted = {**WANTED, "make": "yes", "ends": "keep", "state": state_in(form)}
    wanted |= {"which": "built", "c.query": "source=partner-north", "c.was": ""}
    page = desk.submit(edit, wanted)
    assert page.status_code == 422
    assert "1 leads that it does not see now come in, and 2" in text_of(page)
    assert ask(client, token).json()["pagination"]["total"] == 2
    page = desk.submit(edit, {**wanted, "seen": "1/2"})
    assert page.url.path == f"{TAB}/{id_of(token)}"
    assert "Saved." in text_of(page)
    assert ask(client, token).json()["pagination"]["total"] == 1
    # The same filter again is no other one, and another name concerns no reader.
    form = desk.get(edit)
    page = desk.submit(edit, {**wanted, "name": "W", "state": state_in(form)})
    assert "W" in text_of(page)
    assert page.status_code == 200


@pytest.mark.usefixtures("leads")
def test_an_edit_of_what_somebody_else_has_changed_is_refused(desk: Desk) -> None:
    token = token_in(made(desk))
    edit = f"{TAB}/{id_of(token)}/edit"
    stale = {**WANTED, "make": "yes", "ends": "keep", "state": state_in(desk.get(edit))}
    desk.submit(edit, {**stale, "name": "Theirs"})
    page = desk.submit(edit, {**stale, "name": "Mine", "rights": "write"})
    assert page.status_code == 422
    assert "As it is now: Theirs, Read, until" in text_of(page)
    assert 'value="Mine"' in page.text
    assert "Theirs" in text_of(desk.get(TAB))
    page = desk.submit(edit, {**stale, "name": "Mine", "state": state_in(page)})
    assert "Mine" in text_of(desk.get(TAB))
    page = desk.submit(edit, {**stale, "c.do": "show"})
    assert "It sees 3 of 3 leads." in text_of(page)
    wrong = {**stale, "state": state_in(desk.get(edit)), "rights": "write"}
    page = desk.submit(edit, {**wrong, "fields": "some", "field": "status"})
    assert "may write, but not see name" in text_of(page)
    assert desk.submit(edit, {**wrong, "name": ""}).status_code == 422
    built = {**wrong, "which": "built", "c.query": "x=1", "c.was": ""}
    page = desk.submit(edit, {**built, "rights": "read"})
    assert page.status_code == 422
    assert "The conditions cannot be used yet." in text_of(page)


@pytest.mark.usefixtures("leads")
def test_the_page_says_why_a_token_does_not_see_a_lead(
    desk: Desk, hub: Hub, campaign: Campaign, client: TestClient
) -> None:
    one = f"{TAB}/{id_of(token_in(made(desk, **WEST)))}"

    def why(lead: object) -> str:
        return text_of(desk.get(f"{one}?lead={lead}"))

    assert "Source is Partner West Partner North No" in why(2)
    assert "It does not see lead 2" in why(2)
    assert "It does see lead 1." in why(1)
    assert "has no lead 99" in why(99)
    assert "digits only" in why("x")
    everything = token_in(made(desk, rights="write"))
    whole = f"{TAB}/{id_of(everything)}"
    assert "It does see lead 2." in text_of(desk.get(f"{whole}?lead=2"))
    deleted = client.delete(
        "/v2/campaigns/362/leads/1", headers={"Authorization": f"Bearer {everything}"}
    )
    assert deleted.status_code == 204
    assert "Lead 1 was deleted on 2025-02-21" in why(1)
    merged = client.post(
        "/v2/campaigns/362/leads/3/merge",
        json={"into": 2},
        headers={"Authorization": f"Bearer {everything}"},
    )
    assert merged.status_code == 200, merged.text
    assert "Lead 3 was merged into another one" in why(3)
    hub.database.write(lambda c: erasing.erase(c, current(hub), 2, 0)).result()
    assert "Lead 2 was erased." in why(2)
    make.a_lead(hub.database, current(hub), fields={"source": "partner-west"})
    desk.post(f"{one}/revoke")
    assert "has ended: it sees nothing" in why(4)


@pytest.mark.usefixtures("leads")
def test_the_page_says_how_the_reader_fares(
    desk: Desk,
    client: TestClient,
    database: Database,
    campaign: Campaign,
    clock: make.Clock,
) -> None:
    token = token_in(made(desk, **WEST))
    one = f"{TAB}/{id_of(token)}"
    fresh = text_of(desk.get(one))
    assert "Last used never" in fresh
    assert "not followed the change feed" in fresh
    assert "not asked for a digest" in fresh
    cursor = ask(client, token, "leads/changes").json()["cursor"]
    ask(client, token, f"leads/changes?_cursor={cursor}&_digest=1")
    ask(client, token, "leads?Jane.Doe@example.com=1&stat=new")
    make.settle(desk.hub.database)
    shown = text_of(desk.get(one))
    assert "by curl/8.5.0" in shown
    assert "up to date since 2025-02-21 00:00" in shown
    assert "about 2 leads the same as now" in shown
    assert "400 unknown_parameter" in shown
    assert "…, stat" in shown
    assert "Jane.Doe" not in shown
    make.a_lead(desk.hub.database, current(desk.hub), fields={"source": "partner-west"})
    shown = text_of(desk.get(one))
    assert "1 change behind" in shown
    assert "leads have changed since" in shown
    assert "curl/8.5.0" in text_of(desk.get(TAB))


@pytest.mark.usefixtures("leads")
def test_the_page_says_which_old_names_are_still_used(
    desk: Desk, client: TestClient, hub: Hub, campaign: Campaign
) -> None:
    token = token_in(made(desk))

    def job(connection: Connection) -> None:
        parts.rename(connection, campaign.id, Name(Kind.FIELD, "source"), "origin")
        option = Name(Kind.OPTION, "partner-west", "origin")
        parts.rename(connection, campaign.id, option, "west")

    hub.database.write(job).result()
    answer = ask(client, token, "leads?source[in]=partner-west,website&_fields=source")
    assert answer.json()["pagination"]["total"] == 2
    make.settle(hub.database)
    shown = text_of(desk.get(f"{TAB}/{id_of(token)}"))
    assert "source → origin, partner-west → west" in shown


def test_a_token_in_a_url_is_shown_as_exposed(desk: Desk, client: TestClient) -> None:
    token = token_in(made(desk))
    assert client.get(f"/v2/me?token={token}").status_code == 400
    make.settle(desk.hub.database)
    assert "exposed in a URL" in text_of(desk.get(TAB))
    assert "Rotate it." in text_of(desk.get(f"{TAB}/{id_of(token)}"))


@pytest.mark.parametrize(
    ("rate", "said"), [(20, "20 points a second"), (0, "no limit"), (None, "")]
)
def test_the_page_says_which_rate_of_its_own_a_token_has(
    desk: Desk, rate: int | None, said: str
) -> None:
    token = token_in(made(desk))

    def change(connection: Connection) -> None:
        known = tokens.known(connection, id_of(token))
        tokens.change(connection, replace(known, rate=rate), 0)

    desk.hub.database.write(change).result()
    shown = text_of(desk.get(f"{TAB}/{id_of(token)}"))
    assert said in shown
    assert ("Rate" in shown) == bool(said)


def test_a_token_of_the_account_opens_every_campaign(
    desk: Desk, client: TestClient
) -> None:
    base = "/account/tokens"
    assert "There is no token yet." in text_of(desk.get(base))
    page = made(desk, base)
    token = token_in(page)
    assert '"kind": "account"' in text_of(page)
    assert ask(client, token).status_code == 200
    one = f"{base}/{id_of(token)}"
    assert "Why can this token" not in text_of(desk.get(f"{one}?lead=1"))
    edit = desk.get(f"{one}/edit")
    state = state_in(edit)
    fields = {**WANTED, "make": "yes", "name": "BI", "ends": "keep", "state": state}
    assert "BI" in text_of(desk.submit(f"{one}/edit", fields))
    assert desk.post(f"{one}/links", kind="csv", once="1" * 12).status_code == 422
    assert made(desk, base, name="").status_code == 422
    assert made(desk, base, once="0" * 12).status_code == 200
    assert "This was made already" in text_of(made(desk, base, once="0" * 12))
    assert "BI" not in text_of(desk.get(TAB))


PATHS = (TAB, f"{TAB}/new", "/account", "/account/tokens", "/account/tokens/new")
FORMS = (f"{TAB}/new", "/account", "/account/tokens/new")
BELOW = ("edit", "rotate", "revoke", "links", "links/x/revoke")


def test_a_member_reaches_no_token(
    sit: Sit, campaign: Campaign, database: Database, account: Account
) -> None:
    own = id_of(make.a_token(database, account, campaign))
    member = sit(Role.MEMBER, campaign)
    for path in (*PATHS, f"{TAB}/{own}", f"{TAB}/{own}/edit", "/account/people/1"):
        assert member.get(path).status_code == 403, path
    posts = [*FORMS, *(f"{TAB}/{own}/{below}" for below in BELOW)]
    posts += [f"/account/people/1/{b}" for b in ("name", "invite", "link", "rights")]
    for path in (*posts, "/account/people/1/remove"):
        assert member.post(path).status_code == 403, path


def test_a_token_that_stands_elsewhere_is_not_found(
    desk: Desk, database: Database, account: Account, client: TestClient
) -> None:
    stranger = make.an_account(database, "other")
    theirs = make.a_kept_campaign(database, stranger, id=500, name="Theirs")
    second = make.a_kept_campaign(database, account, id=400, name="Walls")
    found = {
        TAB: [
            make.a_token(database, account, second),
            make.a_token(database, account, None),
            make.a_token(database, stranger, theirs),
        ],
        "/account/tokens": [
            make.a_token(database, stranger, None),
            make.a_token(database, account, second),
        ],
    }
    form = {"once": "0" * 12, "overlap": "1h", "ends": "90", "kind": "csv"}
    for base, texts in found.items():
        for token in texts:
            one = f"{base}/{id_of(token)}"
            assert desk.get(one).status_code == 404
            assert desk.get(f"{one}/edit").status_code == 404
            for below in BELOW:
                fields = {**WANTED, **form, "make": "yes"}
                answer = desk.submit(f"{one}/{below}", fields)
                assert answer.status_code == 404, (one, below)
    elsewhere = "/campaigns/500/api-documentation"
    assert desk.get(elsewhere).status_code == 404
    assert desk.submit(f"{elsewhere}/new", {**WANTED, **form}).status_code == 404
    for token in (token for texts in found.values() for token in texts):
        me = client.get("/v2/me", headers={"Authorization": f"Bearer {token}"})
        assert me.status_code == 200
