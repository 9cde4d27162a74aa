"""What is refused, and more than one row of `tests.bad` can say of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.token import public_id_of
from leadwell.store import tokens
from tests import make
from tests.bad.asking import URL, problem, whole
from tests.bad.stage import Stage, a_stage

LIST = "/v2/campaigns/362/leads"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator:
    opened = make.a_database(tmp_path_factory.mktemp("hub") / "leads.db", engine)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def hub(database) -> Hub:
    return Hub(database, make.KEYS, make.Clock(), URL)


@pytest.fixture(scope="module")
def stage(hub: Hub, database) -> Stage:
    return a_stage(hub, database)


@pytest.fixture(scope="module")
def client(hub: Hub, stage: Stage) -> Iterator[TestClient]:
    with whole(hub) as client:
        yield client


@pytest.fixture
def account(stage: Stage):
    return stage.account


@pytest.fixture
def campaign(stage: Stage):
    return stage.campaign


@pytest.fixture
def token(database, account, campaign) -> str:
    return make.a_token(database, account, campaign, may_write=True)


@pytest.fixture
def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(autouse=True)
def _still_answers(client: TestClient, stage: Stage) -> Iterator[None]:
    """After whatever a test sends, a good request is answered: with the one lead."""
    yield
    answer = client.send(stage.good(URL))
    assert answer.status_code == 200
    assert answer.json()["pagination"]["total"] == 1


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
        ("name[starts_with]=Zacharias%20", [1]),
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
    # Nobody waits for this write.
    make.settle(database)
    with database.reading() as connection:
        return tokens.known(connection, public_id_of(token)).exposed_at is not None


def test_two_authorization_headers(client: TestClient, token) -> None:
    header = ("Authorization", f"Bearer {token}")

    problem(client.get(LIST, headers=[header, header]), 400, "malformed_request")


def test_a_huge_body_that_declares_no_length(client: TestClient, bearer) -> None:
    headers = bearer | {"Content-Type": "application/json"}
    huge = b'"' + b"a" * 2_000_000 + b'"'

    def chunks() -> Iterator[bytes]:
        yield from (huge[at : at + 65_536] for at in range(0, len(huge), 65_536))

    problem(client.post(LIST, content=chunks(), headers=headers), 413, "body_too_large")


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
    headers = bearer | {"X-Request-ID": "fixed"}

    for path in ("", "/leads", "/leads/1", "/schema", "/schema.json"):
        there = client.get(f"/v2/campaigns/363{path}", headers=headers)
        nowhere = client.get(f"/v2/campaigns/364{path}", headers=headers)
        problem(there, 403, "insufficient_scope")
        assert there.text.replace("363", "364") == nowhere.text
        told = [(k, v.replace(b"363", b"364")) for k, v in there.headers.raw]
        assert told == nowhere.headers.raw
