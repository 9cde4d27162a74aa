"""The request log: it tells what was asked, and nobody's data or secret."""

import json

import pytest
from structlog.testing import capture_logs

from tests import make

LIST = "/v2/campaigns/362/leads"
HIDDEN = "…"


@pytest.fixture
def token(database, account, campaign) -> str:
    return make.a_token(database, account, campaign)


@pytest.fixture
def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def logged(client, query: str, headers: dict[str, str]) -> list[str]:
    """The parameters of the log line of one request."""
    with capture_logs() as logs:
        client.get(f"{LIST}?{query}", headers=headers)
    (line,) = [each for each in logs if each["event"] == "request"]
    parameters: list[str] = line["parameters"]
    return parameters


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("budget[gte]=1", "budget[gte]"),
        ("budget%5Bgte%5D=1", "budget[gte]"),
        ("budget%5bgte%5d=1", "budget[gte]"),
        ("%62udget=1", "budget"),
        ("project-notes=x", "project-notes"),
        ("2nd-name[starts_with]=x", "2nd-name[starts_with]"),
        (f"{'x' * 63}=1", "x" * 63),
        ("_cursor=start", "_cursor"),
        ("page", "page"),
        ("page=jane%40example.com", "page"),
        ("page=1&page=2", "page"),
    ],
)
def test_the_log_shows_names_of_parameters_and_no_values(
    client, bearer, query: str, shown: str
) -> None:
    assert logged(client, query, bearer) == [shown]


@pytest.mark.parametrize(
    "name",
    [
        "jane@example.com",
        "jane%40example.com",
        "jane.doe",
        "Jane",
        "jane+doe",
        "+4520123456",
        "4520123456",
        "0123456789abcdef0123456789abcdef",
        "6f1c2f8e-3c1b-4d59-9d5b-0a4d2f0f7a11",
        "a" * 64,
        "%zz",
        "%FF",
        "budget%00",
        "budget%0A",
        "budget[gte",
        "budget[Jane]",
        "budget[gte][gte]",
        "[gte]",
        "æ",
        "=1",
    ],
)
def test_what_can_be_no_name_is_not_shown_as_one(client, bearer, name: str) -> None:
    assert logged(client, f"{name}=1", bearer) == [HIDDEN]


@pytest.mark.parametrize("query", ["{}=1", "{}", "%6C{}", "budget[{}]=1", "x=1&{}"])
@pytest.mark.parametrize("is_sent_too", [True, False])
def test_no_log_line_holds_a_token_that_stands_in_the_url(
    client, token, bearer, query: str, is_sent_too: bool
) -> None:
    given = token.removeprefix("l") if "%6C" in query else token
    with capture_logs() as logs:
        answer = client.get(
            f"{LIST}?{query.format(given)}", headers=bearer if is_sent_too else {}
        )
    assert answer.json()["code"] == "token_in_url"
    assert given not in json.dumps(logs)
    (line,) = [each for each in logs if each["event"] == "request"]
    assert HIDDEN in line["parameters"]
