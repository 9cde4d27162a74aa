"""The audit log as administrators see it, and what it is told of people."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from leadwell.admin import app as admin
from leadwell.admin import sessions
from leadwell.admin.pages.people import audit as page_of_audit
from leadwell.api.app import Beside, app
from leadwell.model.token import digest, public_id_of
from leadwell.model.user import Role
from leadwell.store.audit import finding
from leadwell.store.connection import Connection
from leadwell.store.people import users
from tests import make
from tests.admin.conftest import Sit
from tests.admin.test_schema import part_id, send
from tests.admin.test_tokens import id_of, made, token_in
from tests.asking import Whole
from tests.desk import PASSWORD, Desk, a_user, text_of
from tests.logged import logged, one

AUDIT = "/account/audit"


@pytest.fixture
def token(database, account, campaign) -> str:
    for number in range(3):
        make.a_lead(database, campaign, fields={"name": f"Lead {number}"})
    return make.a_token(database, account, campaign, name="Partner West")


def ask(desk: Desk, token: str, path: str = "/leads") -> Any:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    return desk.client.get(f"/v2/campaigns/362{path}", headers=headers)


def test_an_administrator_sees_who_read_what(token, desk: Desk, hub, sit: Sit) -> None:
    assert ask(desk, token).status_code == 200
    desk.get("/campaigns/362/leads")
    logged(hub)
    said = text_of(desk.get(AUDIT))
    assert "leads were read: GET /v2/campaigns/{campaign_id}/leads" in said
    assert "Partner West" in said
    assert "Administrator" in said
    assert "leads were written: create" in said
    public_id = public_id_of(token)
    said = text_of(desk.get(f"{AUDIT}?token={public_id}"))
    assert "What the token has read" in said
    assert "1-3" in said
    assert "leads were written:" not in said
    assert "There is no such row" in text_of(desk.get(f"{AUDIT}?since=2099-01-01"))
    assert "somebody signed in" in text_of(desk.get(f"{AUDIT}?kind=sign-in"))
    assert "leads were read" in text_of(desk.get(f"{AUDIT}?campaign=362&kind=read"))
    member = sit(Role.MEMBER)
    assert member.get(AUDIT).status_code == 403
    assert member.get(f"{AUDIT}/export").status_code == 403


@pytest.mark.parametrize(
    "query", ["kind=x", "campaign=9", "token=Abcd1234", "since=tomorrow"]
)
def test_what_cannot_be_understood_is_told(desk: Desk, query: str) -> None:
    page = desk.get(f"{AUDIT}?{query}")
    assert page.status_code == 422
    assert desk.get(f"{AUDIT}/export?{query}").status_code in {400, 422}


def test_a_format_that_is_none_is_told_and_no_file_is_sent(desk: Desk, hub) -> None:
    page = desk.get(f"{AUDIT}/export?format=xml")
    assert page.status_code == 400
    assert "xml is no format of this file" in text_of(page)
    assert "write ndjson, csv" in text_of(page)
    assert logged(hub, what="exported") == []


def test_the_log_is_taken_as_a_file_and_says_who_took_it(
    token, desk: Desk, hub
) -> None:
    ask(desk, token)
    logged(hub)
    sent = desk.get(f"{AUDIT}/export?format=ndjson&kind=read")
    (line,) = [json.loads(each) for each in sent.text.splitlines()]
    assert line["content"]["ids"] == "1-3"
    assert "audit.ndjson" in sent.headers["content-disposition"]
    sheet = desk.get(f"{AUDIT}/export?format=csv").text.splitlines()
    assert sheet[0].startswith('"campaign","account","number"')
    assert any('"exported"' in each for each in sheet)
    rows = logged(hub, kind="log", what="exported")
    assert {row["actor"] for row in rows} == {f"person:{desk.user.person_id}"}


@pytest.mark.parametrize("ends", ["session", "role"])
def test_the_file_is_cut_off_with_the_right_to_see_it(
    token, desk: Desk, hub, database, monkeypatch, ends: str
) -> None:
    for path in ("/leads", "/leads/1", "/schema"):
        ask(desk, token, path)
    rows = len(logged(hub))
    monkeypatch.setattr(finding, "CHUNK", 1)
    honest = finding.after_number

    def end(connection: Connection) -> None:
        if ends == "session":
            users.end_sessions(connection, desk.user.email)
        else:
            users.change(connection, replace(desk.user, role=Role.MEMBER))

    def after_number(*given: Any, **named: Any) -> Any:
        found = honest(*given, **named)
        database.write(end).result()
        return found

    monkeypatch.setattr(finding, "after_number", after_number)
    sent = desk.get(f"{AUDIT}/export?format=ndjson")
    # Of an answer that does not end, the client may show nothing at all.
    assert len(sent.text.splitlines()) <= 1 < rows


def test_of_many_ids_a_row_shows_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_of_audit, "VALUE_CHARACTERS_MAX", 4)
    content = {"ids": "1-2,5,7-19", "leads": 2}
    details = page_of_audit.Line(None, "", "", content).details
    assert details == [("ids", "1-2,…"), ("leads", "2")]


def test_older_rows_stand_on_further_pages(token, desk: Desk, monkeypatch, hub) -> None:
    monkeypatch.setattr(page_of_audit, "PER_PAGE", 2)
    for path in ("/leads", "/leads/1", "/leads/changes", "/schema", ""):
        assert ask(desk, token, path).status_code == 200
    rows = len(logged(hub))
    path: str | None = AUDIT
    seen = 0
    while path:
        page = desk.get(path)
        seen += page.text.count("<tr><td")
        links = page.text.split('rel="next" href="')
        path = links[1].partition('"')[0].replace("&amp;", "&") if links[1:] else None
    assert seen == rows
    assert "Newest" in text_of(desk.get(f"{AUDIT}?behind=1.0.0.1"))
    assert "Newest" in text_of(desk.get(f"{AUDIT}?behind=nonsense"))


def test_another_account_sees_nothing_of_this_one(
    token, desk: Desk, hub, database, client
) -> None:
    ask(desk, token)
    client.post("/login", data={"email": "nobody@example.com", "password": "x"})
    logged(hub)
    assert "somebody signed in, or tried to: failed" in text_of(desk.get(AUDIT))
    other = make.an_account(database, slug="south")
    stranger = Desk.of(hub, client, a_user(hub, other, email="s@example.com"))
    said = text_of(stranger.get(AUDIT))
    assert "Partner West" not in said
    assert "leads were read:" not in said
    # What belongs to no account is shown where there is one only.
    assert "failed" not in said
    assert "failed" not in text_of(desk.get(AUDIT))


def test_who_tries_to_sign_in_is_told_without_their_address(
    desk: Desk, hub, client, clock
) -> None:
    email = desk.user.email
    for address in (email, email, "jane@example.com"):
        client.post("/login", data={"email": address, "password": "wrong"})
    client.post("/login", data={"email": email, "password": PASSWORD})
    failed = one(hub, kind="sign-in", what="failed")
    assert (failed["account"], failed["actor"]) == (0, "")
    assert failed["content"]["requests"] == 3
    typed = [hub.uses.masked(each) for each in (email, "jane@example.com")]
    assert failed["content"]["typed"] == sorted(typed)
    assert len(failed["content"]["addresses"]) == 1
    known = f"person:{desk.user.person_id}"
    wrong = logged(hub, kind="sign-in", what="wrong-password")
    assert [row["actor"] for row in wrong] == [known] * 2
    # Once by the session that the desk began with.
    assert len(logged(hub, kind="sign-in", what="signed-in", actor=known)) == 2
    desk.post("/me/password", old=PASSWORD, new="another long password")
    assert one(hub, kind="sign-in", what="password-set")["actor"] == known
    text = repr(logged(hub))
    assert "example.com" not in text
    assert "testclient" not in text


def test_what_an_administrator_decides_is_told_by_ids(desk: Desk, hub, clock) -> None:
    public_id = id_of(token_in(made(desk, name="West of Jane")))
    row = one(hub, kind="action", what="token-made")
    assert row["actor"] == f"person:{desk.user.person_id}"
    assert row["content"]["about"] == public_id
    assert row["content"]["scope"]["generation"] == 1
    clock.now += timedelta(seconds=1)
    desk.post(f"/campaigns/362/api-documentation/{public_id}/revoke")
    assert one(hub, what="token-revoked")["content"] == {"about": public_id}
    assert "Jane" not in repr(logged(hub))
    said = text_of(desk.get(AUDIT))
    assert "made the token" in said
    assert "revoked the token" in said


def test_who_is_called_otherwise_is_told_by_id(desk: Desk, hub) -> None:
    desk.post("/account", name="Bo")
    added = one(hub, what="person-added")["content"]["about"]
    desk.post(f"/account/people/{added}/name", name="Bob", was="Bo")
    assert one(hub, what="person-renamed")["content"] == {"about": added}
    assert "called the person otherwise: Bob" in text_of(desk.get("/account"))


def test_a_part_that_gets_another_name_is_told_by_both(desk: Desk, hub) -> None:
    send(desk, part_id(hub, "budget"), slug="amount", agreed="yes")
    told = one(hub, what="field-changed")["content"]
    assert told == {"about": "budget -> amount"}


def test_who_is_shown_what_a_new_token_sees_is_the_one_who_reads(
    token, desk: Desk, hub
) -> None:
    del token
    assert "Lead 0" in made(desk, name="West").text
    rows = logged(hub, kind="read")
    assert {row["actor"] for row in rows} == {f"person:{desk.user.person_id}"}
    assert all("token" not in row["content"] for row in rows)


def test_an_erasure_is_told_with_who_did_it(
    token, hub, client, account, tmp_path
) -> None:
    del token
    keeping = replace(hub, erasure_file=tmp_path / "erasures")
    pages = Beside(leads=admin.leads(keeping), pages=admin.routes(keeping))
    browser = Whole(app(keeping, beside=pages), base_url=hub.public_url)
    desk = Desk.of(keeping, browser, a_user(keeping, account))
    page = desk.post("/campaigns/362/leads/2/erase", version="1")
    assert page.status_code == 200, text_of(page)
    row = one(keeping, kind="write", what="erase")
    assert row["actor"] == f"person:{desk.user.person_id}"
    assert row["content"] == {"leads": 1, "ids": "2"}
    assert one(keeping, what="leads-erased")["content"] == {"about": "2"}


def test_who_becomes_the_first_administrator_is_told(hub, client) -> None:
    secret = sessions.new_secret()
    key, until = digest(hub.key, secret), hub.moment + 60_000_000
    hub.database.write(lambda c: users.invite(c, key, "", until)).result()
    given = {"account": "South", "name": "Ann", "email": "ann@example.com"}
    client.post(f"/setup/{secret}", data=given | {"password": PASSWORD})
    told = {(row["what"], row["actor"]) for row in logged(hub, kind="action")}
    assert told == {("account-made", "operator"), ("first-administrator", "person:1")}
    assert one(hub, kind="sign-in")["what"] == "signed-in"
    assert "Ann" not in repr(logged(hub))
