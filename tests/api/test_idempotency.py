"""`Idempotency-Key`: a request that is repeated is done once (CONTRACT §8)."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import urllib3
import uvicorn

from leadwell.api.app import app
from leadwell.model.campaign import Attribute
from leadwell.model.token import public_id_of
from leadwell.schema import querystring, question
from leadwell.store import campaigns, filters, tokens
from leadwell.store.connection import Connection
from tests import make
from tests.writer import LIST, Office, Writer, code

BODY = {"fields": {"name": "Jane Doe", "source": "partner-west", "budget": 5}}
KEY = "0f9c9cbb-8f0c-4f3a-9a57-2f1f7d2b1c3e"


def keyed(
    writer: Writer, body: Any = BODY, key: str = KEY, path: str = "", **more: str
) -> Any:
    return writer.ask("POST", path, body, idempotency_key=key, **more)


def test_a_repeated_create_makes_one_lead(partner: Writer, office: Office) -> None:
    first = keyed(partner)
    seq = office.seq()
    again = [keyed(partner), keyed(partner, key=f'"{KEY}"')]

    assert first.status_code == 201
    assert "idempotency-replayed" not in first.headers
    for answer in again:
        assert answer.status_code == 201
        assert answer.content == first.content
        assert answer.headers["idempotency-replayed"] == "true"
        for name in ("location", "etag", "cache-control", "content-type"):
            assert answer.headers[name] == first.headers[name]
    assert partner.total == 1
    assert office.seq() == seq
    assert office.history(1) == ["create"]


def test_another_key_is_another_request(partner: Writer) -> None:
    assert keyed(partner).json()["data"]["id"] == 1
    assert keyed(partner, key="2").json()["data"]["id"] == 2
    assert partner.total == 2


@pytest.mark.parametrize(
    "body", [BODY | {"status": "won"}, {}, {"fields": {"name": 1}}]
)
def test_another_request_with_the_key_is_refused(partner: Writer, body: Any) -> None:
    keyed(partner)

    answer = keyed(partner, body)

    assert code(answer, 422) == "idempotency_key_reused"
    assert "Jane" not in answer.text
    assert partner.total == 1


def test_a_change_with_another_if_match_is_another_request(partner: Writer) -> None:
    partner.add()
    body = {"status": "won"}
    first = partner.change(1, body, idempotency_key=KEY, if_match='"1"')

    # The version has moved on, and still the repetition is answered as the first.
    again = partner.change(1, body, idempotency_key=KEY, if_match='"1"')
    other = partner.change(1, body, idempotency_key=KEY, if_match='"2"')

    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert code(other, 422) == "idempotency_key_reused"


def test_a_key_belongs_to_a_lineage(office: Office) -> None:
    one, rotated = office.writer(lineage="one"), office.writer(lineage="one")
    other = office.writer()

    ids = [keyed(each).json()["data"]["id"] for each in (one, rotated, other)]

    assert ids == [1, 1, 2]


def test_a_key_belongs_to_a_route(partner: Writer) -> None:
    for _ in range(3):
        partner.add()
    answers = [
        keyed(partner),
        keyed(partner, {"leads": [BODY]}, path="/batch"),
        keyed(partner, {"into": 2}, path="/1/merge"),
        partner.change(2, {"status": "won"}, idempotency_key=KEY),
        partner.change(3, {"status": "won"}, idempotency_key=KEY),
        partner.remove(2, idempotency_key=KEY),
    ]

    assert [each.status_code for each in answers] == [201, 200, 200, 200, 200, 204]
    assert all("idempotency-replayed" not in each.headers for each in answers)


def test_a_key_belongs_to_a_campaign(office: Office) -> None:
    make.a_kept_campaign(office.database, office.account, id=363, name="Walls")
    writer = office.writer()
    text = make.a_token(office.database, office.account, None, may_write=True)
    account = replace(writer, token=text)

    for campaign_id in (362, 363):
        answer = keyed(account, path=f"/v2/campaigns/{campaign_id}/leads")
        assert answer.status_code == 201
        assert "idempotency-replayed" not in answer.headers


def test_the_alias_is_the_same_route(partner: Writer) -> None:
    body = BODY | {"campaign_id": 362}

    answers = [keyed(partner, body, path=path) for path in ("", "/leads")]

    assert answers[0].content == answers[1].content
    assert partner.total == 1


def test_a_key_that_is_not_ascii_and_two_keys(partner: Writer) -> None:
    name = b"Idempotency-Key"
    for lines in ([(name, "é".encode())], [(name, b"a"), (name, b"b")]):
        headers = [(b"Authorization", f"Bearer {partner.token}".encode()), *lines]
        answer = partner.client.post(LIST, json=BODY, headers=headers)
        assert code(answer, 400) == "malformed_request"


# ── What is kept ────────────────────────────────────────────────────────────────


def test_only_successes_are_kept(partner: Writer) -> None:
    bad = {"fields": {"name": None}}

    assert code(keyed(partner, bad), 422) == "required"
    assert keyed(partner).status_code == 201
    assert partner.change(7, {}, idempotency_key="b").status_code == 404
    partner.add()
    stale = partner.change(1, {"status": "won"}, idempotency_key="b", if_match='"9"')
    assert stale.status_code == 412
    answer = partner.change(1, {"status": "won"}, idempotency_key="b")
    assert answer.status_code == 200


def test_a_key_is_forgotten_after_48_hours(partner: Writer, clock: make.Clock) -> None:
    keyed(partner)
    clock.now += timedelta(hours=47, minutes=59)
    assert keyed(partner).json()["data"]["id"] == 1

    clock.now += timedelta(minutes=1)

    answer = keyed(partner, {"fields": {"name": "Other"}})
    assert (answer.status_code, answer.json()["data"]["id"]) == (201, 2)


def test_nothing_personal_is_kept(partner: Writer, office: Office) -> None:
    lead = {"fields": {"name": "Secret Name", "email": "secret.address"}}
    keyed(partner, {"leads": [lead, BODY]}, path="/batch")

    with office.database.reading() as connection:
        ((outcome,),) = connection.rows("SELECT outcome FROM replay")

    assert "secret" not in outcome.lower()
    assert "Jane" not in outcome


def test_a_repeated_batch_tells_codes_and_places_again(partner: Writer) -> None:
    known = {"external_id": "x", **BODY}
    bad = {"fields": {"email": "nobody", "x": 1}}
    body = {"leads": [BODY, bad, known, known, 7]}

    first = keyed(partner, body, path="/batch").json()["data"]
    again = keyed(partner, body, path="/batch")

    assert again.headers["idempotency-replayed"] == "true"
    items = again.json()["data"]
    for one, two in zip(first, items, strict=True):
        assert one.keys() == two.keys()
        for key in one.keys() - {"errors"}:
            assert one[key] == two[key]
        for known_error, error in zip(
            one.get("errors", []), two.get("errors", []), strict=True
        ):
            assert error.keys() == {"pointer", "code", "message"}
            assert error["pointer"] == known_error["pointer"]
            assert error["code"] == known_error["code"]
            assert "nobody" not in error["message"]
    assert partner.total == 2


def test_a_repeated_delete_and_merge(partner: Writer) -> None:
    for _ in range(3):
        partner.add()

    for _ in range(2):
        answer = partner.remove(1, idempotency_key=KEY)
        assert (answer.status_code, answer.content) == (204, b"")
        answer = partner.merge(2, 3, idempotency_key=KEY)
        assert answer.status_code == 200
        assert answer.json()["data"]["id"] == 3
    assert answer.headers["idempotency-replayed"] == "true"
    assert code(partner.remove(1), 404) == "lead_not_found"


# ── Rights of today ─────────────────────────────────────────────────────────────


def edit(office: Office, writer: Writer, **changes: Any) -> None:
    """Give the token other rights; `filter` is given as conditions."""

    def job(connection: Connection) -> None:
        campaign = campaigns.known(connection, 362)
        token = tokens.known(connection, public_id_of(writer.token))
        if text := changes.pop("filter", None):
            asked = question.conditions(campaign, querystring.decode(text.encode()))
            kept = filters.keep(connection, campaign, None, asked, now=0)
            changes["filter_id"] = kept.id
        tokens.change(connection, replace(token, **changes), now=0)

    office.database.write(job).result()


def test_a_repetition_shows_what_the_token_may_see_today(office: Office) -> None:
    writer = office.writer()
    keyed(writer)
    keyed(writer, {"leads": [BODY]}, path="/batch")
    edit(office, writer, readable=frozenset(office.ids("name")))

    lead = keyed(writer).json()["data"]
    assert lead.keys() == {"id", "fields", "created_at", "updated_at", "metadata"}
    assert lead["fields"] == {"name": "Jane Doe"}
    assert "external_id" not in lead["metadata"]
    (item,) = keyed(writer, {"leads": [BODY]}, path="/batch").json()["data"]
    assert item["lead"]["fields"] == {"name": "Jane Doe"}


def test_a_repetition_shows_the_lead_as_it_is_now(partner: Writer) -> None:
    keyed(partner)
    partner.change(1, {"status": "won"})

    answer = keyed(partner)

    assert answer.status_code == 201
    assert answer.json()["data"] == partner.lead(1)
    assert answer.headers["etag"] == partner.get("/1").headers["etag"]


def test_a_lead_that_is_gone_or_hidden_since_is_not_found(office: Office) -> None:
    writer, everyone = office.writer(), office.writer()
    two = {"leads": [BODY, BODY | {"status": "won"}, {}]}
    keyed(writer)
    keyed(writer, two, path="/batch")
    gone = keyed(everyone)
    everyone.remove(4)
    edit(office, writer, filter="status=won")

    for answer in (keyed(writer), keyed(everyone)):
        assert code(answer, 404) == "lead_not_found"
        assert "Jane" not in answer.text
    missing = keyed(writer)
    assert missing.content == writer.get("/1").content
    items = keyed(writer, two, path="/batch").json()["data"]
    assert [each["status"] for each in items] == [404, 201, 422]
    assert items[0] == {
        "index": 0,
        "status": 404,
        "code": "lead_not_found",
        "errors": [],
    }
    assert gone.status_code == 201


def test_a_token_that_lost_the_right_is_told_nothing(office: Office) -> None:
    writer = office.writer(readable=frozenset({Attribute.STATUS, *office.ids("name")}))
    body = {"fields": {"name": "a"}}
    keyed(writer, body)
    edit(office, writer, may_write=False)

    assert code(keyed(writer, body), 403) == "insufficient_scope"


# ── At once ─────────────────────────────────────────────────────────────────────


@pytest.fixture
def address(office: Office) -> Iterator[str]:
    """A real server on a real port."""
    config = uvicorn.Config(app(office.hub), port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("external_id", [None, "crm-1"])
def test_twenty_at_once_with_one_key_make_one_lead(
    office: Office, partner: Writer, address: str, external_id: str | None
) -> None:
    threads, start = 20, threading.Barrier(20)
    headers = {"Authorization": f"Bearer {partner.token}", "Idempotency-Key": KEY}
    body = BODY | {"external_id": external_id}

    def send(_: int) -> urllib3.BaseHTTPResponse:
        start.wait()
        url = f"{address}{LIST}"
        return urllib3.request("POST", url, json=body, headers=headers, retries=False)

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(send, range(threads)))

    assert {each.status for each in answers} == {201}
    assert len({each.data for each in answers}) == 1
    replayed = [each.headers.get("idempotency-replayed") for each in answers]
    assert replayed.count(None) == 1
    assert partner.total == 1
    assert office.history(1) == ["create"]


def test_ten_at_once_with_one_version_make_one_change(
    office: Office, partner: Writer, address: str
) -> None:
    partner.add()
    threads, start = 10, threading.Barrier(10)
    headers = {"Authorization": f"Bearer {partner.token}", "If-Match": '"1"'}

    def send(budget: int) -> int:
        start.wait()
        url, body = f"{address}{LIST}/1", {"fields": {"budget": budget}}
        return urllib3.request(
            "PATCH", url, json=body, headers=headers, retries=False
        ).status

    with ThreadPoolExecutor(threads) as pool:
        statuses = list(pool.map(send, range(threads)))

    assert sorted(statuses) == [200] + [412] * 9
    lead = partner.lead(1)
    assert lead["fields"]["budget"] == statuses.index(200)
    assert lead["metadata"]["version"] == 2
    assert office.history(1) == ["create", "update"]


def test_twenty_upserts_at_once_make_one_lead(partner: Writer, address: str) -> None:
    headers = {"Authorization": f"Bearer {partner.token}"}

    def send(_: int) -> int:
        url, body = f"{address}{LIST}", BODY | {"external_id": "crm-1"}
        return urllib3.request(
            "POST", url, json=body, headers=headers, retries=False
        ).status

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(send, range(20)))

    assert sorted(statuses) == [200] * 19 + [201]
    assert partner.total == 1


def test_who_goes_away_while_sending_is_no_fault(
    partner: Writer, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    host, port = address.removeprefix("http://").split(":")
    head = (
        f"POST {LIST} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {partner.token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with contextlib.closing(
        urllib3.util.connection.create_connection((host, int(port)))
    ) as opened:
        opened.sendall(head.encode())
    answer = urllib3.request(
        "GET",
        f"{address}{LIST}",
        headers={"Authorization": f"Bearer {partner.token}"},
        retries=False,
    )

    assert answer.status == 200
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
