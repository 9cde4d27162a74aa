"""A token may ask for so much and no more, is told so, and loses nothing by it."""

import re
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.api.app import app
from leadwell.api.entrance.auth import address_of
from leadwell.api.hub import Hub, Limits
from leadwell.api.load.quotas import Strangers
from leadwell.api.load.rates import Rates
from leadwell.model.link import LinkKind
from leadwell.store import figures, tokens
from leadwell.store.connection import Connection
from tests import make
from tests.asking import Whole

LEADS = "/v2/campaigns/362/leads"
RATES = ("ratelimit-policy", "ratelimit", "x-ratelimit-limit")


class Watch:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def hub(hub: Hub, watch: Watch) -> Hub:
    """One that earns a token two points a second, and lets it spend ten at once."""
    rates = {"token_rate": 2, "link_rate": 1, "wrong_tokens_rate": 1}
    limited = replace(hub, limits=Limits(**rates, rate_burst_s=5))
    limited.__dict__["rates"] = Rates(watch)
    limited.__dict__["strangers"] = Strangers(1, 5, Rates(watch))
    return limited


@pytest.fixture
def token(database, account, campaign) -> str:
    return make.a_token(database, account, campaign, may_write=True)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def left(answer: Any) -> int:
    found = re.fullmatch(r'"(token|link)";r=(\d+);t=\d+', answer.headers["ratelimit"])
    assert found
    assert found[2] == answer.headers["x-ratelimit-remaining"]
    return int(found[2])


def test_a_token_is_told_what_is_left_and_then_when_to_come_again(
    client: TestClient, token: str, watch: Watch
) -> None:
    told = []
    for _ in range(10):
        answer = client.get("/v2/campaigns", headers=bearer(token))
        assert answer.status_code == 200
        assert answer.headers["ratelimit-policy"] == '"token";q=10;w=5'
        assert answer.headers["x-ratelimit-limit"] == "10"
        told.append(left(answer))
    assert told == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    answer = client.get("/v2/campaigns", headers=bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert answer.headers["retry-after"] == "1"
    assert left(answer) == 0
    assert "wait 1 s" in answer.json()["detail"]
    watch.now += 0.5
    assert client.get("/v2/campaigns", headers=bearer(token)).status_code == 200


def test_leads_are_paid_for_and_what_is_unchanged_is_not(
    client: TestClient, database, campaign, token: str, watch: Watch
) -> None:
    for _ in range(250):
        make.a_lead(database, campaign)
    first = client.get(f"{LEADS}?per_page=250", headers=bearer(token))
    # One for the request, and two and a half for the leads.
    assert left(first) == 6
    again = bearer(token) | {"If-None-Match": first.headers["etag"]}
    for _ in range(20):
        same = client.get(f"{LEADS}?per_page=250", headers=again)
        assert (same.status_code, left(same)) == (304, 6)
    assert left(client.get(f"{LEADS}/changes", headers=bearer(token))) == 3
    watch.now += 100
    export = client.get(f"{LEADS}/export", headers=bearer(token))
    assert export.text.count("\n") == 251
    assert left(client.get("/v2/me", headers=bearer(token))) == 5
    watch.now += 100
    batch = {"leads": [{"fields": {"name": "J"}}] * 300}
    written = client.post(f"{LEADS}/batch", json=batch, headers=bearer(token))
    assert (written.status_code, left(written)) == (200, 6)


def test_a_large_answer_is_given_and_waited_for_afterwards(
    client: TestClient, database, campaign, token: str, watch: Watch
) -> None:
    batch = {"leads": [{"fields": {"name": "J"}}] * 1_000}
    for _ in range(2):
        watch.now += 100
        assert client.post(f"{LEADS}/batch", json=batch, headers=bearer(token))
    answer = client.get(f"{LEADS}/changes?_limit=1000", headers=bearer(token))
    assert answer.status_code == 429
    watch.now += 6
    asked = f"{LEADS}/changes?_limit=1000"
    assert client.get(asked, headers=bearer(token)).status_code == 200
    assert client.get(asked, headers=bearer(token)).status_code == 429


def test_a_token_is_looked_at_before_its_rate_and_its_rate_before_all_else(
    client: TestClient, database, account, campaign, token: str
) -> None:
    for _ in range(10):
        assert client.get("/v2/me", headers=bearer(token)).status_code == 200
    for method, path, status in (
        ("GET", "/v2/nowhere", 429),
        ("GET", "/v2/campaigns/9/leads", 429),
        ("GET", f"{LEADS}?unknown=1", 429),
        ("POST", f"{LEADS}/9", 429),
        ("POST", LEADS, 429),
    ):
        answer = client.request(method, path, headers=bearer(token))
        assert (path, answer.status_code) == (path, status)
    ended = make.a_token(database, account, campaign, revoked_at=make.MIDNIGHT)
    for _ in range(3):
        assert client.get("/v2/me", headers=bearer(ended)).status_code == 401
    # Another one of the same campaign has a rate of its own.
    other = make.a_token(database, account, campaign)
    assert left(client.get("/v2/me", headers=bearer(other))) == 9


@pytest.mark.parametrize(("rate", "policy"), [(7, '"token";q=35;w=5'), (0, None)])
def test_a_token_may_have_a_rate_of_its_own(
    client: TestClient, database, account, campaign, rate: int, policy: str | None
) -> None:
    token = make.a_token(database, account, campaign, rate=rate)
    answers = [client.get("/v2/me", headers=bearer(token)) for _ in range(30)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].headers.get("ratelimit-policy") == policy
    told = answers[0].json()["data"]["limits"]["rate"]
    shown = {"points_per_s": 7, "points_at_once": 35, "leads_per_point": 100}
    assert told == (shown if rate else None)


def test_without_a_rate_no_header_speaks_of_one(database, token: str, hub: Hub) -> None:
    free = replace(hub, limits=Limits())
    with Whole(app(free)) as client:
        answer = client.get("/v2/me", headers=bearer(token))
    assert not set(RATES) & set(answer.headers)


def test_a_link_has_a_rate_of_its_own_and_takes_nothing_of_the_token(
    client: TestClient, database, token: str, watch: Watch
) -> None:
    feed = f"/feed/{make.a_link(database, token)}.csv"
    shared = f"/d/{make.a_link(database, token, LinkKind.DOCUMENTATION)}/"
    for path in (feed, shared):
        statuses = [client.get(path).status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]
    answer = client.get(feed)
    assert answer.headers["retry-after"] == "1"
    assert "this link" in answer.json()["detail"]
    assert answer.headers["ratelimit-policy"] == '"link";q=5;w=5'
    assert left(client.get("/v2/me", headers=bearer(token))) == 9
    watch.now += 1
    assert client.get(feed).status_code == 200


def test_who_sends_wrong_tokens_is_soon_told_to_wait_and_others_are_not(
    client: TestClient, database, account, campaign, token: str, watch: Watch
) -> None:
    assert client.get("/v2/me", headers=bearer(token)).status_code == 200
    link = f"/feed/{make.a_link(database, token)}.csv"
    assert client.get(link).status_code == 200
    wrong = [make.text_of(bytes([n] * 6), bytes(32)) for n in range(3)]
    guesses = [*wrong, "lw_mistyped", "opaque"]
    for guess in guesses:
        assert client.get("/v2/me", headers=bearer(guess)).status_code == 401
    for guess in guesses:
        answer = client.get("/v2/me", headers=bearer(guess))
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert answer.headers["retry-after"] == "1"
    secret = "x" * len(link.removeprefix("/feed/").removesuffix(".csv"))
    assert client.get(f"/feed/{secret}.csv").status_code in {404, 429}
    # From the same address: who was let in before still is.
    assert client.get("/v2/me", headers=bearer(token)).status_code == 200
    assert client.get(link).status_code == 200
    # One that is good, but was never seen here, has to wait like the others.
    new = make.a_token(database, account, campaign)
    assert client.get("/v2/me", headers=bearer(new)).status_code == 429
    watch.now += 1
    assert client.get("/v2/me", headers=bearer(new)).status_code == 200


@pytest.mark.parametrize("path", ["/v2/me", "/feed/{secret}.csv"])
def test_tokens_in_urls_are_noted_no_oftener_than_wrong_ones(
    client: TestClient, database, token: str, path: str
) -> None:
    at = path.format(secret=make.a_link(database, token))
    wrong = [make.text_of(bytes([n] * 6), bytes(32)) for n in range(20)]
    before = written()
    answers = [client.get(f"{at}?access_token={each}") for each in wrong]
    codes = [answer.json()["code"] for answer in answers]
    assert codes == ["token_in_url"] * 5 + ["rate_limited"] * 15
    # They are not waited for; who waits for one of its own has let them all go first.
    make.settle(database)
    assert written() - before == 5 + 1


def written() -> float:
    """How many writes were handed to databases."""
    (family,) = figures.WRITES.collect()
    return next(x.value for x in family.samples if x.name.endswith("_total"))


def test_what_has_ended_is_one_of_the_wrong_ones(
    client: TestClient, database, token: str
) -> None:
    feed = f"/feed/{make.a_link(database, token)}.csv"
    for path in ("/v2/me", feed):
        assert client.get(path, headers=sent(path, token)).status_code == 200

    def revoke(connection: Connection) -> None:
        known = tokens.known(connection, token.split("_")[1])
        tokens.change(connection, replace(known, revoked_at=make.MIDNIGHT), now=0)

    database.write(revoke).result()
    statuses = [
        client.get(path, headers=sent(path, token)).status_code
        for _ in range(4)
        for path in ("/v2/me", feed)
    ]
    assert statuses == [401, 410, 401, 410, 401, 429, 429, 429]


def sent(path: str, token: str) -> dict[str, str]:
    """A link brings its own right."""
    return bearer(token) if path.startswith("/v2") else {}


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        (":not one", ":nor this", False),
    ],
)
def test_of_ipv6_one_network_is_one_address(
    one: str, other: str, is_same: bool
) -> None:
    first, second = (address_of({"client": (each, 1)}) for each in (one, other))
    assert (first == second) is is_same
    assert address_of({}) == address_of({"client": None}) == b""


def test_what_needs_no_token_has_no_rate(client: TestClient) -> None:
    for path in ("/health/live", "/health/ready", "/docs/errors/rate_limited"):
        answers = [client.get(path) for _ in range(30)]
        assert {answer.status_code for answer in answers} == {200}
        assert "ratelimit" not in answers[0].headers


def test_the_figures_say_what_was_refused_and_of_nobody(
    client: TestClient, hub: Hub, token: str
) -> None:
    told = replace(hub, metrics_token="a secret")
    told.__dict__["rates"] = hub.rates
    with Whole(app(told)) as asked:
        for _ in range(12):
            asked.get("/v2/me", headers=bearer(token))
        for _ in range(7):
            asked.get("/v2/me", headers=bearer("lw_mistyped"))
        text = asked.get("/metrics", headers=bearer("a secret")).text
    reasons = re.findall(r'leadwell_limits_met_total\{limit="(\w+)"\} ', text)
    assert {"token_rate", "wrong_tokens"} <= set(reasons)
    assert token.split("_")[1] not in text
