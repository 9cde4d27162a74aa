"""What cannot be understood is refused with the contract's error, never guessed."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.token import public_id_of
from leadwell.store import tokens
from tests import make
from tests.asking import Whole

LIST = "/v2/campaigns/362/leads"
KEYS = ["type", "title", "status", "detail", "code", "errors", "request_id", "message"]
GOOD = {"fields": {"name": "Jane Doe"}}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator:
    """One for all that is refused here: nothing of it may leave a trace."""
    opened = make.a_database(tmp_path_factory.mktemp("hub") / "leads.db", engine)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def account(database):
    return make.an_account(database)


@pytest.fixture(scope="module")
def campaign(database, account):
    made = make.a_kept_campaign(database, account)
    make.a_lead(database, made, fields={"source": "partner-west"})
    return made


@pytest.fixture(scope="module")
def hub(database) -> Hub:
    return Hub(database, make.KEYS, make.Clock(), "https://hub.example")


@pytest.fixture(scope="module")
def client(hub: Hub) -> Iterator[TestClient]:
    with Whole(app(hub)) as client:
        yield client


@pytest.fixture
def token(database, account, campaign) -> str:
    return make.a_token(database, account, campaign, may_write=True)


@pytest.fixture
def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(autouse=True)
def _still_answers(client: TestClient, bearer: dict[str, str]) -> Iterator[None]:
    """After whatever a test sends, a good request is answered: with the one lead."""
    yield
    answer = client.get(LIST, headers=bearer)
    assert answer.status_code == 200
    assert answer.json()["pagination"]["total"] == 1


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The contract's error (CONTRACT §7), checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    document: dict[str, Any] = answer.json()
    assert list(document) == KEYS
    assert document["type"] == f"https://hub.example/docs/errors/{code}"
    assert document["code"] == code
    assert document["status"] == status
    assert document["title"]
    assert document["detail"] == document["message"] != ""
    assert document["request_id"] == answer.headers["x-request-id"]
    for each in document["errors"]:
        assert {"code", "message"} <= each.keys()
        assert ("parameter" in each) != ("pointer" in each)
    return document


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("statu=new", "unknown_parameter"),
        ("Status=new", "unknown_parameter"),
        ("STATUS=new", "unknown_parameter"),
        ("status[]=new", "unknown_parameter"),
        ("status[like]=new", "unknown_operator"),
        ("status[in=new", "unknown_parameter"),
        ("status[in][ne]=new", "unknown_parameter"),
        ("%EF%BD%93tatus=new", "unknown_parameter"),
        ("%C5%BFtatus=new", "unknown_parameter"),
        ("status%20=new", "unknown_parameter"),
        ("+status=new", "unknown_parameter"),
        ("=new", "unknown_parameter"),
        ("limit=5", "unknown_parameter"),
        ("_unknown=1", "unknown_parameter"),
        ("field.nothing=1", "unknown_parameter"),
        ("status=new&status=won", "duplicate_parameter"),
        ("status=new&%73tatus=won", "duplicate_parameter"),
        ("page=1&page=1", "duplicate_parameter"),
        ("status=", "empty_value"),
        ("status", "empty_value"),
        ("status=new,", "empty_value"),
        ("status=,", "empty_value"),
        ("_q=", "empty_value"),
        ("_q=+", "empty_value"),
        ("status=New", "label_not_slug"),
        ("customer-type=Commercial%20customer", "label_not_slug"),
        ("source=Our+website", "label_not_slug"),
        ("status=NEW", "label_not_slug"),
        ("status=%EF%BD%8Eew", "unknown_option"),
        ("status=lost", "unknown_option"),
        ("tags=d", "unknown_option"),
        ("created_after=yesterday", "malformed_value"),
        ("created_after=2025-02-30", "malformed_value"),
        ("created_after=2025-13-01", "malformed_value"),
        ("created_after=20250101", "malformed_value"),
        ("created_after=2025-01-01T25:00:00Z", "malformed_value"),
        ("created_after=1735689600", "malformed_value"),
        ("created_after=0000-01-01", "malformed_value"),
        ("created_after=9999-12-31T23:59:59-23:59", "malformed_value"),
        ("created_after=%D9%A2025-01-01", "malformed_value"),
        ("follow-up=2025-02-21T00:00:00Z", "malformed_value"),
        ("budget=many", "malformed_value"),
        ("budget=NaN", "malformed_value"),
        ("budget=Infinity", "malformed_value"),
        ("budget=1e999", "malformed_value"),
        ("price=1e3", "malformed_value"),
        ("newsletter=yes", "malformed_value"),
        ("budget[exists]=maybe", "malformed_value"),
        ("email=nobody", "malformed_value"),
        ("id=one", "malformed_value"),
        ("id=-1", "malformed_value"),
        ("id=" + "9" * 31, "malformed_value"),
        ("_tz=Mars/Base&created_after=2025-01-01", "malformed_value"),
        ("_tz=../../etc/passwd", "malformed_value"),
        ("_tz=" + "a" * 4000, "malformed_value"),
        ("_meta=2", "malformed_value"),
        ("page=0", "out_of_range"),
        ("page=-1", "out_of_range"),
        ("page=1.5", "out_of_range"),
        ("page=1e3", "out_of_range"),
        ("page=1" + "0" * 30, "out_of_range"),
        ("page=%D9%A1", "out_of_range"),
        ("page=+1", "out_of_range"),
        ("page=0x1", "out_of_range"),
        ("per_page=0", "out_of_range"),
        ("per_page=1001", "out_of_range"),
        ("per_page=ten", "out_of_range"),
        ("_sort=nothing", "unknown_parameter"),
        ("_sort=name,,", "unknown_parameter"),
        ("_sort=df_lines", "unknown_parameter"),
        ("_sort=name;DROP+TABLE+lead", "unknown_parameter"),
        ("_sort=id,name,email,phone", "too_many"),
        ("_fields=nothing", "unknown_parameter"),
        ("df_lines[contains]=a", "unknown_operator"),
        ("name[gt]=a", "unknown_operator"),
        ("status=%00", "malformed_query"),
        ("a%00b=1", "malformed_query"),
        ("name=%FF", "malformed_query"),
        ("name=%ED%A0%80", "malformed_query"),
        ("name=%C0%AF", "malformed_query"),
        ("name=%", "malformed_query"),
        ("name=%4", "malformed_query"),
        ("name=%zz", "malformed_query"),
        ("&".join(f"a{number}=1" for number in range(101)), "too_many"),
        ("id=" + ",".join(str(number) for number in range(1, 502)), "too_many"),
        ("_q=" + "+".join("a" * 21), "too_many"),
        ("name[contains]=" + "a" * 5000, "malformed_value"),
        ("source=' OR 1=1 --", "unknown_option"),
        ("source=partner-west' --", "unknown_option"),
        ("$.source=partner-west", "unknown_parameter"),
        ('"source"=partner-west', "unknown_parameter"),
        ("source') OR 1=1 --=x", "unknown_parameter"),
        ("fields->>6=partner-west", "unknown_parameter"),
        ("field.$.6=x", "unknown_parameter"),
        ("6=8", "unknown_parameter"),
        ("campaign_id=363", "unknown_parameter"),
    ],
)
def test_a_question_that_cannot_be_understood(
    client: TestClient, bearer: dict[str, str], query: str, code: str
) -> None:
    raw = quote(query, safe="=&%+[],.;:/'\"$()-><_")

    document = problem(client.get(f"{LIST}?{raw}", headers=bearer), 400, code)

    if code not in {"malformed_query", "too_many"}:
        assert document["errors"]
        assert all(each["code"] == code for each in document["errors"])
    assert all(len(e.get("value") or "") <= 200 for e in document["errors"])


def test_all_problems_are_listed_in_order(client: TestClient, bearer) -> None:
    query = "statu=new&page=0&status=New&budget=x&per_page=5000&_sort=foo&name="

    document = problem(
        client.get(f"{LIST}?{query}", headers=bearer), 400, "invalid_query"
    )

    assert [(each["parameter"], each["code"]) for each in document["errors"]] == [
        ("statu", "unknown_parameter"),
        ("page", "out_of_range"),
        ("status", "label_not_slug"),
        ("budget", "malformed_value"),
        ("per_page", "out_of_range"),
        ("_sort", "unknown_parameter"),
        ("name", "empty_value"),
    ]
    first, page, status, *_ = document["errors"]
    assert first["did_you_mean"] == "status"
    assert "1000000000000" in page["message"]
    assert status["value"] == "New"
    assert status["did_you_mean"] == "new"
    assert status["allowed"] == ["new", "contacted", "won"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("%73tatus=new", [1]),
        ("name=%25%27%22%3B--", []),
        ("name[contains]=%25", []),
        ("name[contains]=_", []),
        ("name[contains]=%5C", []),
        ("name[starts_with]=Jane%20", [1]),
        ("name=%27%20OR%201=1%20--", []),
        ("_q=%22%20OR%20*", []),
        ("id=1", [1]),
        ("field.source=partner-west", [1]),
        ("&&status=new&", [1]),
        ("page=1000000000000&per_page=1000", []),
    ],
)
def test_metacharacters_are_only_characters(
    client: TestClient, bearer, query: str, ids: list[int]
) -> None:
    answer = client.get(f"{LIST}?{query}", headers=bearer)

    assert answer.status_code == 200, answer.text
    assert [lead["id"] for lead in answer.json()["data"]] == ids


class Counted:
    """A real database that counts how often it is read."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.reads = 0

    @property
    def is_remote(self) -> bool:
        return bool(self._database.is_remote)

    def read(self, job: Any) -> Any:
        self.reads += 1
        return self._database.read(job)

    def write(self, job: Any, **how: Any) -> Any:
        return self._database.write(job, **how)


@pytest.mark.parametrize("place", [5, 20, -1])
def test_a_mistyped_token_reads_no_database(hub: Hub, token: str, place: int) -> None:
    counted = Counted(hub.database)
    other = "x" if token[place] != "x" else "y"
    mistyped = token[:place] + other + token[place:][1:]
    client = TestClient(app(replace(hub, database=counted)))

    answer = client.get(LIST, headers={"Authorization": f"Bearer {mistyped}"})

    problem(answer, 401, "invalid_token")
    assert counted.reads == 0
    assert client.get(LIST, headers={"Authorization": f"Bearer {token}"}).is_success
    assert counted.reads > 0


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "not_authenticated"),
        ("", "not_authenticated"),
        ("Bearer", "not_authenticated"),
        ("Bearer  ", "not_authenticated"),
        ("Basic YTpi", "not_authenticated"),
        ("Token abc", "not_authenticated"),
        ("Bearer nobody-knows-this", "invalid_token"),
        ("Bearer a b", "invalid_token"),
        ("Bearer " + "a" * 600, "invalid_token"),
        ("Bearer lw_", "invalid_token"),
        ("Bearer ' OR 1=1 --", "invalid_token"),
    ],
)
def test_without_a_token_that_is_known(
    client: TestClient, header: str | None, code: str
) -> None:
    headers = {} if header is None else {"Authorization": header}

    answer = client.get(LIST, headers=headers)

    problem(answer, 401, code)
    assert answer.headers["www-authenticate"].startswith('Bearer realm="leadwell"')
    assert ("error=" in answer.headers["www-authenticate"]) == (code == "invalid_token")


def test_a_header_that_is_not_ascii(client: TestClient) -> None:
    answer = client.get(LIST, headers=[(b"Authorization", b"Bearer \xff\xfe")])

    problem(answer, 401, "invalid_token")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"revoked_at": make.MIDNIGHT}, "revoked"),
        ({"expires_at": make.MIDNIGHT}, "expired"),
        ({"expires_at": make.MIDNIGHT - timedelta(days=1)}, "expired"),
    ],
)
def test_a_closed_token(
    client: TestClient, database, account, campaign, change: dict, word: str
) -> None:
    closed = make.a_token(database, account, campaign, **change)

    answer = client.get(LIST, headers={"Authorization": f"Bearer {closed}"})

    assert word in problem(answer, 401, "invalid_token")["detail"]
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_another_campaign_existing_or_not_is_the_same(
    client: TestClient, database, account, bearer
) -> None:
    make.a_kept_campaign(database, account, id=363, name="Walls")
    headers = bearer | {"X-Request-ID": "fixed"}

    for path in ("", "/leads", "/leads/1", "/schema", "/schema.json"):
        there = client.get(f"/v2/campaigns/363{path}", headers=headers)
        nowhere = client.get(f"/v2/campaigns/364{path}", headers=headers)
        problem(there, 403, "insufficient_scope")
        assert there.text.replace("363", "364") == nowhere.text
        told = [(k, v.replace(b"363", b"364")) for k, v in there.headers.raw]
        assert told == nowhere.headers.raw


@pytest.mark.parametrize("name", ["access_token", "api_token", "token", "anything"])
@pytest.mark.parametrize("with_header", [True, False])
def test_a_token_in_the_url_is_refused_and_flagged(
    client: TestClient, database, token, bearer, name: str, with_header: bool
) -> None:
    answer = client.get(f"{LIST}?{name}={token}", headers=bearer if with_header else {})

    problem(answer, 400, "token_in_url")
    assert token not in answer.text + str(answer.headers)
    assert _exposed(database, token)


@pytest.mark.parametrize("query", ["a={percent}", "{token}=1", "a=%zz&b={token}"])
def test_a_token_hidden_in_the_url_is_found(
    client: TestClient, database, token, bearer, query: str
) -> None:
    percent = "".join(f"%{ord(character):02X}" for character in token)

    answer = client.get(
        f"{LIST}?{query.format(token=token, percent=percent)}", headers=bearer
    )

    assert answer.status_code == 400
    assert token not in answer.text
    assert _exposed(database, token)


def _exposed(database: Any, token: str) -> bool:
    # Nobody waits for this write, and PostgreSQL makes several side by side.
    for _ in range(100):
        with database.reading() as connection:
            if tokens.known(connection, public_id_of(token)).exposed_at is not None:
                return True
        time.sleep(0.02)
    return False


def test_two_authorization_headers(client: TestClient, token) -> None:
    header = ("Authorization", f"Bearer {token}")

    problem(client.get(LIST, headers=[header, header]), 400, "malformed_request")


def test_a_huge_url_and_header_and_many_headers(client: TestClient, bearer) -> None:
    huge = "a" * 60_000

    problem(client.get(f"{LIST}?name={huge}", headers=bearer), 414, "url_too_long")
    problem(client.get(f"/{huge}", headers=bearer), 414, "url_too_long")
    problem(client.get(LIST, headers=bearer | {"X-A": huge}), 431, "headers_too_large")
    many = bearer | {f"X-{number}": "a" for number in range(100)}
    problem(client.get(LIST, headers=many), 431, "headers_too_large")


def test_a_huge_body_declared_or_not(client: TestClient, bearer) -> None:
    headers = bearer | {"Content-Type": "application/json"}
    huge = b'"' + b"a" * 2_000_000 + b'"'

    def chunks() -> Iterator[bytes]:
        yield from (huge[at : at + 65_536] for at in range(0, len(huge), 65_536))

    problem(client.post(LIST, content=huge, headers=headers), 413, "body_too_large")
    problem(client.post(LIST, content=chunks(), headers=headers), 413, "body_too_large")


@pytest.mark.parametrize("length", ["-1", "1e3", "abc", "\u0661"])
def test_a_body_whose_length_is_not_clear(client: TestClient, bearer, length) -> None:
    headers = bearer | {"Content-Length": length.encode()}

    problem(client.get(LIST, headers=headers), 400, "malformed_request")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'fields': {}}",
        b'{"fields": {"name": "a"},}',
        b'{"fields": {"name": "a"}} {}',
        b'{"fields": {"name": "a"}, "fields": {}}',
        b'{"fields": {"name": "a", "n\\u0061me": "b"}}',
        b'{"fields": {"budget": NaN}}',
        b'{"fields": {"budget": -Infinity}}',
        b'{"fields": {"budget": 1e999}}',
        b'{"fields": {"budget": 1' + b"0" * 5000 + b"}}",
        b'{"fields": {"df_lines": ' + b"[" * 33 + b"]" * 33 + b"}}",
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"fields": {"name": "\xff"}}',
        b'\xef\xbb\xbf{"fields": {"name": "a"}}',
        '{"fields": {}}'.encode("utf-16"),
        b"[]",
        b'[{"fields": {"name": "a"}}]',
        b'"text"',
        b"null",
        b"1",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_body_that_is_no_clean_object(
    client: TestClient, bearer, body: bytes
) -> None:
    headers = bearer | {"Content-Type": "application/json; charset=utf-8"}

    problem(client.post(LIST, content=body, headers=headers), 400, "malformed_body")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"fields": {"name": "\\ud800"}}', "/fields/name"),
        (b'{"fields": {"name": "a\\u0000"}}', "/fields/name"),
        (b'{"fields": {"name": "a", "\\ud800": 1}}', None),
        (b'{"fields": {"name": "a"}, "\\udfff": 1}', None),
        (b'{"fields": {"name": "a", "source": "\\ud800"}}', "/fields/source"),
        (b'{"fields": {"name": "a", "tags": ["\\ud800"]}}', "/fields/tags"),
        (b'{"fields": {"name": "a", "budget": "\\ud800"}}', "/fields/budget"),
        (b'{"fields": {"name": "a", "email": "\\ud800"}}', "/fields/email"),
        (b'{"fields": {"name": "a", "df_lines": "\\ud800"}}', "/fields/df_lines"),
        (b'{"fields": {"name": "a", "df_lines": {"\\ud800": 1}}}', "/fields/df_lines"),
        (
            b'{"fields": {"name": "a", "df_lines": 1' + b"0" * 400 + b"}}",
            "/fields/df_lines",
        ),
        (
            b'{"fields": {"name": "a", "budget": 1' + b"0" * 400 + b"}}",
            "/fields/budget",
        ),
        (b'{"fields": {"name": "a", "price": 1' + b"0" * 400 + b"}}", "/fields/price"),
        (b'{"fields": {"name": "a"}, "status": "\\ud800"}', "/status"),
        (b'{"fields": {"name": "a"}, "status": 1' + b"0" * 400 + b"}", "/status"),
        (b'{"fields": {"name": "a"}, "status": {"slug": []}}', "/status"),
        (b'{"fields": {"name": "a"}, "external_id": "\\ud800"}', "/external_id"),
        (b'{"fields": {"name": "a"}, "external_id": 7}', "/external_id"),
        (b'{"fields": {"name": "a"}, "assigned_person": true}', "/assigned_person"),
        (
            b'{"fields": {"name": "a"}, "assigned_person": "\\ud800"}',
            "/assigned_person",
        ),
        (b'{"fields": {"name": "a"}, "assigned_person": [1]}', "/assigned_person"),
        (b'{"fields": [["name", "a"]]}', "/fields"),
        (b'{"fields": {"name": ["a"]}}', "/fields/name"),
        (b'{"fields": {"name": "a", "newsletter": 1}}', "/fields/newsletter"),
    ],
    ids=lambda body: repr(body)[:60],
)
def test_a_value_that_cannot_be_kept(
    client: TestClient, bearer, body: bytes, pointer: str | None
) -> None:
    headers = bearer | {"Content-Type": "application/json"}

    answer = client.post(LIST, content=body, headers=headers)

    assert answer.status_code in {400, 422}, answer.text
    document = problem(answer, answer.status_code, answer.json()["code"])
    if pointer and document["status"] == 422:
        assert pointer in [each["pointer"] for each in document["errors"]]


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "application/x-www-form-urlencoded", "application/json5"],
)
def test_another_content_type(client: TestClient, bearer, kind: str | None) -> None:
    headers = bearer | ({"Content-Type": kind} if kind else {})

    answer = client.post(LIST, content=b'{"fields": {"name": "a"}}', headers=headers)

    problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "path",
    [
        "/v2/campaigns/0/leads",
        "/v2/campaigns/-1/leads",
        "/v2/campaigns/0362/leads",
        "/v2/campaigns/362.0/leads",
        "/v2/campaigns/1e2/leads",
        "/v2/campaigns/%D9%A3/leads",
        "/v2/campaigns/" + "9" * 40 + "/leads",
        "/v2/campaigns/362/leads/",
        "/v2/campaigns/362/leads/abc",
        "/v2/campaigns/362/leads/1%0A",
        "/v2/campaigns/362/leads%0A",
        "/v2/campaigns/362%2Fleads/x",
        "/v2/campaigns/362/leads/%00",
        "/v2//campaigns/362/leads",
        "/V2/campaigns/362/leads",
        "/v2/campaigns/362/leads/../leads;x",
        "/v2/nothing",
    ],
)
def test_a_path_that_nothing_serves(client: TestClient, bearer, path: str) -> None:
    problem(client.get(path, headers=bearer), 404, "not_found")
