"""What is held about somebody, on the pages: shown first, then erased or handed out."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from leadwell.admin.importing import sharing
from leadwell.admin.privacy import uploads
from leadwell.admin.privacy.person import Person
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant
from leadwell.model.token import public_id_of
from leadwell.model.user import Role
from leadwell.schema.identity import Identity
from leadwell.store import tokens
from leadwell.store.connection import Connection, Database
from leadwell.store.people import activity
from leadwell.store.privacy import erasing
from tests import make
from tests.admin.conftest import Sit
from tests.admin.test_imports import job_of
from tests.admin.test_schema import hidden, now
from tests.admin.uploads import ROWS, change, upload
from tests.desk import Desk, text_of

AT = "/account/person-data"
JANE = {"email": "jane@example.com"}
ASE = {"email": "ase@example.com"}


@pytest.fixture
def hub(hub: Hub, tmp_path: Path) -> Hub:
    return replace(hub, erasure_file=tmp_path / "erasures")


@pytest.fixture
def filled(desk: Desk, hub: Hub, account: Account) -> Desk:
    """Jane has two leads here, and one in another campaign of the account."""
    of_jane = {"fields": {"name": "Jane", "email": "jane@example.com"}}
    bo = {"fields": {"name": "Bo"}}
    make.leads(hub.database, now(hub), [of_jane, bo, of_jane])
    other = make.a_kept_campaign(hub.database, account, id=363, name="Doors")
    make.leads(hub.database, other, [of_jane])
    return desk


def test_somebody_is_found_and_erased_in_all_campaigns(
    filled: Desk, hub: Hub, campaign: Campaign, account: Account
) -> None:
    make.a_token(hub.database, account, campaign, name="Everything")
    look = filled.submit(AT, JANE | {"do": "look"})
    assert look.status_code == 200
    assert "Roofs Leads, by id: 1, 3" in text_of(look)
    assert "Doors Leads, by id: 1" in text_of(look)
    sent = JANE | {"do": "erase"}
    assert filled.submit(AT, sent | {"seen": "another"}).status_code == 409
    done = filled.submit(AT, sent | {"seen": hidden(look, "seen")})
    assert "3 leads were erased." in text_of(done)
    assert "Everything (Roofs, 2 leads): not confirmed yet" in text_of(done)
    assert "Nothing is held" in text_of(filled.submit(AT, JANE | {"do": "look"}))
    told = filled.submit(AT, JANE | {"do": "receipts"})
    assert "Everything (Roofs, 2 leads)" in text_of(told)
    account_page = text_of(filled.get("/account"))
    assert "erased what is held about somebody, with the reference" in account_page
    noted = text_of(filled.get("/campaigns/362/activity"))
    assert "erased leads 1, 3" in noted


def test_all_of_it_is_downloaded(filled: Desk) -> None:
    answer = filled.submit(AT, JANE | {"do": "export"})
    assert answer.headers["content-type"] == "application/zip"
    assert "jane" not in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        found = json.loads(file.read("person.json"))
        assert b"Jane" in file.read("values.csv")
    counts = {each["name"]: len(each["leads"]) for each in found["campaigns"]}
    assert counts == {"Roofs": 2, "Doors": 1}
    assert "took a copy of what is held" in text_of(filled.get("/account"))


@pytest.mark.parametrize("is_erased_too", [False, True])
def test_a_lead_that_held_it_before_stays_unless_somebody_says_so(
    filled: Desk, hub: Hub, account: Account, *, is_erased_too: bool
) -> None:
    change(filled, now(hub), 1, email="cy@example.com")
    change(filled, now(hub), 2, **{"project-notes": "knows jane@example.com"})
    for asked in ("email=jane@example.com", "email=jane@example.com&source=website"):
        made = make.a_token(hub.database, account, now(hub), asked)
    revoke(hub, made)
    page = filled.submit(AT, JANE | {"do": "look"})
    shown = text_of(page)
    assert "hold something else now; they may be another person's: 1" in shown
    assert "among other words; look at them, they stay: 2" in shown
    assert "A filter asks for it, and stays: one of a token" in shown
    assert "Filters that nobody uses any more ask for it" in shown
    box = {"former": "yes"} if is_erased_too else {}
    sent = JANE | box | {"do": "erase", "seen": hidden(page, "seen")}
    count = 3 if is_erased_too else 2
    assert f"{count} leads were erased." in text_of(filled.submit(AT, sent))
    left = text_of(filled.submit(AT, JANE | {"do": "look"}))
    assert "they may be another person's" not in left
    assert "Filters that nobody uses" not in left
    assert "they stay: 2" in left
    status = filled.get("/campaigns/362/leads/1").status_code
    assert status == (404 if is_erased_too else 200)


def revoke(hub: Hub, text: str) -> None:
    def job(connection: Connection) -> None:
        token = tokens.known(connection, public_id_of(text))
        tokens.change(connection, replace(token, revoked_at=hub.clock()), hub.moment)

    hub.database.write(job).result()


def test_a_copy_says_who_did_what_and_which_file_it_was(
    desk: Desk, hub: Hub, account: Account, campaign: Campaign
) -> None:
    one = upload(desk, 362, ["name;email", "Jane;jane@example.com"])
    one.look()
    one.do("check")
    one.do("load")
    change(desk, now(hub), 1, name="Jane Doe")
    token = make.a_token(hub.database, account, campaign, may_write=True, name="West")
    headers = {"Authorization": f"Bearer {token}", "Accept": "*/*"}
    sent = {"fields": {"source": "website"}, "status": "won", "assigned_person": 1}
    url = "/v2/campaigns/362/leads/1"
    answer = desk.client.patch(url, json=sent, headers=headers)
    assert answer.status_code == 200, answer.text
    answer = desk.submit(AT, JANE | {"do": "export"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        (lead,) = json.loads(file.read("person.json"))["campaigns"][0]["leads"]
    by = [each["by"] for each in lead["history"]]
    assert by == ["file leads.csv", desk.user.name, "token West"]
    changes = lead["history"][-1]["changes"]
    assert changes["status"] == ["new", "won"]
    assert changes["assigned_to"] == [None, "Sales One"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Write an e-mail address or a phone number."),
        ({"email": "jane"}, "is not an e-mail address"),
        ({"phone": "1"}, "is not a phone number"),
    ],
)
def test_what_is_wrong_is_told(desk: Desk, given: dict[str, str], said: str) -> None:
    page = desk.submit(AT, given | {"do": "look"})
    assert page.status_code == 422
    assert said in text_of(page)


def test_a_number_needs_its_country_where_there_are_several(
    filled: Desk, hub: Hub, account: Account
) -> None:
    make.a_kept_campaign(hub.database, account, id=364, name="Windows", country="SE")
    page = filled.submit(AT, {"phone": "12345678", "do": "look"})
    assert "the campaigns are of several countries" in text_of(page)
    page = filled.submit(AT, {"phone": "+4512345678", "do": "look"})
    assert "Nothing is held of this person." in text_of(page)


DEEDS = ("look", "erase", "export", "receipts")


def test_only_administrators_come_near_it(
    filled: Desk, sit: Sit, campaign: Campaign
) -> None:
    member = sit(Role.MEMBER, campaign)
    look = filled.submit(AT, JANE | {"do": "look"})
    pages = [member.get(AT), member.client.head(AT)]
    for deed in DEEDS:
        # The word of what was seen, as an administrator has it, opens nothing either.
        asked = JANE | {"do": deed, "former": "yes", "seen": hidden(look, "seen")}
        pages += [member.submit(AT, asked), member.submit(f"{AT}?do={deed}", asked)]
    assert {page.status_code for page in pages} == {403}
    for page in pages:
        assert not {"Leadwell-Count", "Content-Disposition"} & {*page.headers}
        assert "Leads, by id" not in page.text
    for page in (member.client.put(AT), member.client.delete(AT)):
        assert page.status_code == 405
    assert "Leads, by id: 1, 3" in text_of(filled.submit(AT, JANE | {"do": "look"}))


def test_no_token_and_no_stranger_comes_near_it(
    filled: Desk, client, database: Database, account: Account, campaign: Campaign
) -> None:
    client.cookies.clear()
    own = make.a_token(database, account, campaign, may_write=True)
    every = make.a_token(database, account, None, may_write=True)
    for token in (None, own, every, "lw_x"):
        head = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        head |= {"Authorization": f"Bearer {token}"} if token else {}
        for path in (
            AT,
            f"/v2{AT}",
            "/v2/person-data",
            "/v2/campaigns/362/person-data",
        ):
            for method in ("GET", "HEAD", "POST"):
                data = JANE | {"do": "look"} if method == "POST" else None
                answer = client.request(
                    method, path, headers=head, data=data, follow_redirects=False
                )
                assert answer.status_code in {303, 401, 403, 404, 405}, (path, method)
                assert "Leads, by id" not in answer.text


def test_a_hub_that_keeps_no_erasures_erases_nobody(filled: Desk, hub: Hub) -> None:
    object.__setattr__(hub, "erasure_file", None)
    look = filled.submit(AT, JANE | {"do": "look"})
    sent = JANE | {"do": "erase", "seen": hidden(look, "seen")}
    assert filled.submit(AT, sent).status_code == 503
    assert "Leads, by id: 1, 3" in text_of(filled.submit(AT, JANE | {"do": "look"}))


def test_what_is_broken_off_goes_on(filled: Desk, hub: Hub, account: Account) -> None:
    person = Person(hub, account, (Identity.read("email", JANE["email"]),))
    written: list[object] = []

    def break_off(job: Callable[[Connection], None]) -> None:
        hub.database.write(job).result()
        written.append(job)
        raise KeyboardInterrupt

    look = partial(person.look, grant_of=Grant.of_operator)
    with pytest.raises(KeyboardInterrupt):
        person.erase(
            hub.database.read(look), break_off, Grant.of_operator, activity.OPERATOR
        )
    assert len(written) == 1
    page = filled.submit(AT, JANE | {"do": "look"})
    assert "Roofs" not in text_of(page)
    sent = JANE | {"do": "erase", "seen": hidden(page, "seen")}
    assert "1 lead was erased." in text_of(filled.submit(AT, sent))
    with hub.database.reading() as connection:
        roofs = erasing.find_erased(connection, now(hub), person.digests)
    assert roofs == [1, 3]


def test_a_file_that_waits_is_let_go_with_what_it_showed(
    desk: Desk, hub: Hub, campaign: Campaign
) -> None:
    one = upload(desk, 362, ROWS)
    kept = hub.uploads / job_of(one).file
    assert kept.is_file()
    look = desk.submit(AT, {"phone": "12 34 56 78", "do": "look"})
    assert "leads.csv: it is let go" in text_of(look)
    assert "Nothing is held" in text_of(desk.submit(AT, JANE | {"do": "look"}))
    sent = {"phone": "12 34 56 78", "do": "erase", "seen": hidden(look, "seen")}
    assert "1 file was let go." in text_of(desk.submit(AT, sent))
    assert not kept.exists()
    job = job_of(one)
    assert job.file == ""
    assert "12345678" not in repr(job)
    assert desk.get(one.path).status_code == 200


def test_rows_that_were_refused_are_let_go(
    desk: Desk, hub: Hub, campaign: Campaign
) -> None:
    one = upload(desk, 362, ["name;email;budget", "Jane;jane@example.com;much"])
    one.look()
    one.do("check")
    one.do("load")
    assert job_of(one).progress.failed == 1
    (errors,) = hub.uploads.iterdir()
    assert b"jane@" in errors.read_bytes()
    look = desk.submit(AT, JANE | {"do": "look"})
    sent = JANE | {"do": "erase", "seen": hidden(look, "seen")}
    assert "1 file was let go." in text_of(desk.submit(AT, sent))
    assert not errors.exists()


def test_a_file_that_another_hub_has_taken_is_looked_into(
    desk: Desk, hub: Hub, campaign: Campaign
) -> None:
    rows = [f"N{n};n{n}@example.com;;website;" for n in range(300)]
    job = job_of(upload(desk, 362, [*ROWS, *rows]))
    several = replace(hub, agreed_clock=lambda: hub.moment)
    sharing.put(several, 362, hub.uploads / job.file)
    (hub.uploads / job.file).unlink()
    with hub.database.reading() as connection:
        who = [Identity.read("email", "n299@example.com")]
        (waiting,) = uploads.find(several, connection, campaign, who)
    assert waiting.holds
    busy = replace(waiting.job, state=waiting.job.state.LOADING, beat_at=hub.moment)
    assert not uploads.let_go(several, replace(waiting, job=busy))
    assert uploads.let_go(several, waiting)
    with hub.database.reading() as connection:
        assert connection.rows("SELECT 1 FROM upload_part") == []


def test_nothing_that_is_typed_is_logged_or_stands_in_a_url(filled: Desk) -> None:
    with capture_logs() as logs:
        pages = [
            filled.submit(AT, JANE | {"do": deed})
            for deed in ("look", "receipts", "export", "erase")
        ]
        pages.append(filled.submit(AT, {"email": "jane@", "do": "look"}))
    assert "jane" not in json.dumps(logs, default=str)
    assert not [page for page in pages if "jane" in str(page.url)]
