"""Links: a URL shows what its token sees, for as long as both are open."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from leadwell.api import readers
from leadwell.api.app import app
from leadwell.api.campaigns import open_campaign, open_own
from leadwell.api.entrance import Entrance
from leadwell.api.hub import Hub
from leadwell.model.link import LinkKind
from leadwell.model.token import digest, public_id_of
from leadwell.schema import querystring, question
from leadwell.store import exports, filters, links, tokens
from leadwell.store.connection import Connection
from tests import make, sizes
from tests.asking import Whole
from tests.watching import Watched

DAY = timedelta(days=1)
FIXED = {"X-Request-ID": "fixed", "Accept-Encoding": "identity"}
WEST = "source=partner-west"


@pytest.fixture
def token(database, account, campaign) -> str:
    for number in range(12):
        source = "partner-west" if number % 2 else "website"
        fields = {"name": f"Lead {number}", "source": source, "budget": number}
        make.a_lead(database, campaign, fields=fields)
    return make.a_token(database, account, campaign, WEST)


def feed(client: TestClient, secret: str, **asked: Any) -> Any:
    return client.get(f"/feed/{secret}.csv", params=asked, headers=FIXED)


def rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def names(answer: Any) -> list[str]:
    return [row["name"] for row in rows(answer)]


def change(database, token: str, **changes: Any) -> None:
    def job(connection: Connection) -> None:
        known = tokens.known(connection, public_id_of(token))
        tokens.change(connection, replace(known, **changes), now=0)

    database.write(job).result()


def revoke(database, secret: str) -> None:
    def job(connection: Connection) -> None:
        found = links.find_by_digest(connection, digest(make.KEY, secret))
        assert found is not None
        links.revoke(connection, found.public_id, now=0)

    database.write(job).result()


# ── The feed ────────────────────────────────────────────────────────────────────────


def test_a_feed_shows_the_leads_that_its_token_sees(client, database, token) -> None:
    answer = feed(client, make.a_link(database, token))
    assert names(answer) == [f"Lead {number}" for number in range(1, 12, 2)]
    assert {row["source"] for row in rows(answer)} == {"partner-west"}
    assert answer.headers["leadwell-count"] == "6"
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert not answer.content.startswith(b"\xef\xbb\xbf")
    for name, value in {
        "cache-control": "private, no-store",
        "x-robots-tag": "noindex",
        "referrer-policy": "no-referrer",
    }.items():
        assert answer.headers[name] == value


def test_a_feed_of_nothing_has_its_header(client, database, account, campaign) -> None:
    token = make.a_token(database, account, campaign)
    answer = feed(client, make.a_link(database, token))
    assert answer.text.startswith("id,status,name,email,")
    assert rows(answer) == []


def test_a_feed_takes_the_conditions_of_an_export(client, database, token) -> None:
    secret = make.a_link(database, token)
    some = feed(client, secret, **{"budget[gte]": "7", "_fields": "name", "_tz": "UTC"})
    assert names(some) == ["Lead 7", "Lead 9", "Lead 11"]
    assert list(rows(some)[0]) == ["id", "name", "created_at", "updated_at", "version"]
    # What its filter excludes is unknown, as it is to the token itself.
    for asked in ({"source": "website"}, {"_format": "csv"}, {"page": "2"}, {"x": "1"}):
        refused = feed(client, secret, **asked)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["parameter"] in asked
        assert secret not in refused.text


def test_a_head_says_as_much_without_a_lead(client, database, token) -> None:
    secret = make.a_link(database, token)
    answer = client.head(f"/feed/{secret}.csv")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["leadwell-count"] == "6"
    assert "content-length" not in answer.headers


def test_a_feed_is_compressed_for_those_who_ask(client, database, token) -> None:
    path = f"/feed/{make.a_link(database, token)}.csv"
    plain = client.get(path, headers=FIXED)
    coded = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert coded.headers["content-encoding"] == "gzip"
    assert coded.text == plain.text


def test_no_other_method_is_known(client, database, token) -> None:
    secret = make.a_link(database, token)
    assert client.post(f"/feed/{secret}.csv").status_code == 405
    assert client.post(f"/feed/{secret[::-1]}.csv").status_code == 404


def test_a_hidden_field_is_not_in_the_feed(
    client, database, account, campaign, token
) -> None:
    readable = frozenset({campaign.field_by_slug["name"].id})
    narrow = make.a_token(database, account, campaign, WEST, readable=readable)
    secret = make.a_link(database, narrow)
    answer = feed(client, secret)
    assert list(rows(answer)[0]) == [
        "id",
        "name",
        "created_at",
        "updated_at",
        "version",
    ]
    assert "partner-west" not in answer.text
    assert feed(client, secret, budget="1").status_code == 400
    change(database, narrow, readable=None)
    assert rows(feed(client, secret))[0]["source"] == "partner-west"


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "\uff1d1+1", "\t=1", "=a,b\n"],
)
def test_a_spreadsheet_runs_nothing_that_a_stranger_wrote(
    client, database, account, campaign, name: str
) -> None:
    make.a_lead(database, campaign, fields={"project-notes": name, "budget": -5})
    token = make.a_token(database, account, campaign)
    (row,) = rows(feed(client, make.a_link(database, token)))
    assert row["project-notes"] in {f"'{name}", f"'{name.strip()}"}
    assert row["budget"] == "-5"


def test_a_cell_stays_one_whatever_separator_is_assumed(
    client, database, account, campaign
) -> None:
    make.a_lead(database, campaign, fields={"name": 'a;=1+1"b'})
    token = make.a_token(database, account, campaign)
    text = feed(client, make.a_link(database, token), _fields="name").text
    assert text.splitlines()[1].startswith('1,"a;=1+1""b",')


def test_an_edited_filter_counts_from_the_next_request(
    client, database, account, campaign, token
) -> None:
    def keep(text: str) -> None:
        asked = question.conditions(campaign, querystring.decode(text.encode()))
        database.write(lambda c: filters.keep(c, campaign, "some", asked, 0)).result()

    keep("budget=3")
    secret = make.a_link(
        database, make.a_token(database, account, campaign, named="some")
    )
    assert names(feed(client, secret)) == ["Lead 3"]
    keep("budget[gte]=10")
    assert names(feed(client, secret)) == ["Lead 10", "Lead 11"]


def test_a_rotated_token_goes_on_in_its_link(
    client, clock, database, account, campaign, token
) -> None:
    secret = make.a_link(database, token)
    lineage = public_id_of(token)
    new = make.a_token(
        *(database, account, campaign, "budget=2"),
        lineage=lineage,
        created_at=make.MIDNIGHT + DAY,
    )
    change(database, token, expires_at=make.MIDNIGHT + 2 * DAY)
    assert names(feed(client, secret)) == ["Lead 2"]
    clock.now = make.MIDNIGHT + 3 * DAY
    assert names(feed(client, secret)) == ["Lead 2"]
    change(database, new, revoked_at=make.MIDNIGHT)
    assert feed(client, secret).status_code == 410


def test_a_link_never_falls_back_to_an_older_token(
    client, database, account, campaign, token
) -> None:
    secret = make.a_link(database, token)
    new = make.a_token(
        *(database, account, campaign, "budget=2"),
        lineage=public_id_of(token),
        created_at=make.MIDNIGHT + DAY,
    )
    change(database, new, revoked_at=make.MIDNIGHT)
    # The older one is still open, and sees more than its successor.
    assert feed(client, secret).status_code == 410


@pytest.mark.usefixtures("token")
def test_a_token_that_ends_cuts_its_feed_off(
    client, clock, database, account, campaign, monkeypatch
) -> None:
    monkeypatch.setattr(exports, "CHUNK", 2)
    # Each look at the clock is a millisecond later.
    ends = clock.now + timedelta(milliseconds=5)
    short = make.a_token(database, account, campaign, expires_at=ends)
    with capture_logs() as logs:
        cut = feed(client, make.a_link(database, short))
    assert cut.headers["leadwell-count"] == "12"
    assert 0 < len(cut.text.splitlines()) - 1 < 12
    assert {line["event"] for line in logs} == {"request"}


@pytest.mark.parametrize("path", ["/feed/{}.csv", "/v2/campaigns/362/leads/export"])
def test_columns_that_are_hidden_meanwhile_cut_it_off_too(
    database, account, campaign, token, monkeypatch, path: str
) -> None:
    class Meddling(make.Clock):
        looks = 0

        def __call__(self) -> Any:
            self.looks += 1
            if self.looks == 3:
                change(database, token, readable=frozenset({1}))
            return super().__call__()

    monkeypatch.setattr(exports, "CHUNK", 2)
    hub = Hub(database, make.KEYS, Meddling(), "https://hub.example")
    by_token = {"Authorization": f"Bearer {token}"}
    headers = FIXED if "feed" in path else FIXED | by_token
    asked = {} if "feed" in path else {"_format": "csv"}
    secret = make.a_link(database, token)
    with capture_logs() as logs:
        url = path.format(secret)
        cut = Whole(app(hub)).get(url, params=asked, headers=headers)
    assert cut.headers["leadwell-count"] == "6"
    assert 1 < len(cut.text.splitlines()) < 7
    assert {line["event"] for line in logs} == {"request"}


# ── Links that show nothing ─────────────────────────────────────────────────────────


def test_a_guessed_or_mistyped_link_is_like_any_unknown_path(
    client, database, token
) -> None:
    secret = make.a_link(database, token)
    page = make.a_link(database, token, LinkKind.DOCUMENTATION)
    unknown = client.get("/nothing/here", headers=FIXED)
    assert unknown.status_code == 404
    for path in (
        f"/feed/{secret[:-1]}.csv",
        f"/feed/{secret}0.csv",
        f"/feed/{secret[:-1]}-.csv",
        f"/feed/{secret}",
        f"/feed/{secret}.csv/",
        f"/feed/{secret}.csv%0A",
        f"/feed/{secret[::-1]}.csv",
        f"/feed/{page}.csv",
        f"/feed/{token}.csv",
        "/feed/.csv",
        "/feed/",
        f"/d/{secret}",
        f"/d/{secret}/pages",
        f"/d/{page[:-1]}/pages",
        "/d/",
    ):
        answer = client.get(path, headers=FIXED)
        told = (answer.status_code, answer.headers.raw, answer.content)
        assert told == (404, unknown.headers.raw, unknown.content), path


def test_a_text_that_is_no_secret_asks_no_database(hub, database, token) -> None:
    watched = Watched(database)
    client = Whole(app(replace(hub, database=watched)))
    for path in ("/feed/short.csv", f"/feed/{'0' * 44}.csv", "/d/short", "/d/short/x"):
        assert client.get(path).status_code == 404
    assert watched.said == []
    assert client.get(f"/feed/{'0' * 43}.csv").status_code == 404
    assert watched.said


def test_a_link_that_has_ended_says_so(client, clock, database, token) -> None:
    revoked = make.a_link(database, token)
    short = make.a_link(database, token, expires_at=make.MIDNIGHT + DAY)
    of_token = make.a_link(database, token)
    assert feed(client, revoked).status_code == feed(client, short).status_code == 200
    revoke(database, revoked)
    clock.now = make.MIDNIGHT + 2 * DAY
    for secret, said in ((revoked, "was revoked"), (short, "has expired")):
        answer = feed(client, secret)
        assert answer.status_code == 410
        assert answer.json()["code"] == "link_ended"
        assert said in answer.json()["detail"]
        assert answer.headers["cache-control"] == "no-store"
    assert feed(client, of_token).status_code == 200
    change(database, token, revoked_at=make.MIDNIGHT)
    ended = feed(client, of_token)
    assert (ended.status_code, ended.json()["code"]) == (410, "link_ended")


def test_a_link_of_a_token_that_is_given_more_time_works_again(
    client, clock, database, account, campaign, token
) -> None:
    short = make.a_token(database, account, campaign, expires_at=make.MIDNIGHT + DAY)
    secret = make.a_link(database, short)
    clock.now = make.MIDNIGHT + 2 * DAY
    assert feed(client, secret).status_code == 410
    change(database, short, expires_at=make.MIDNIGHT + 9 * DAY)
    assert len(names(feed(client, secret))) == 12


def test_a_feed_is_of_one_campaign(client, database, account, token) -> None:
    everything = make.a_token(database, account, None)
    assert feed(client, make.a_link(database, everything)).status_code == 404


# ── The secret in the path ──────────────────────────────────────────────────────────


def test_no_log_line_metric_or_problem_holds_the_secret(hub, database, token) -> None:
    secret = make.a_link(database, token)
    client = Whole(app(replace(hub, metrics_token="operator")))
    told = []
    with capture_logs() as logs:
        told.append(feed(client, secret, nonsense="1"))
        told.append(client.get(f"/feed/{secret}.csv?%zz"))
        told.append(client.get(f"/feed/{secret}.csv/more"))
        told.append(client.post(f"/feed/{secret}.csv"))
        assert feed(client, secret).status_code == 200
        revoke(database, secret)
        told.append(feed(client, secret))
    assert [answer.status_code for answer in told] == [400, 400, 404, 405, 410]
    figures = client.get("/metrics", headers={"Authorization": "Bearer operator"})
    assert 'route="/feed/{secret}.csv"' in figures.text
    for text in (json.dumps(logs), figures.text, *(each.text for each in told)):
        assert secret not in text
    assert not any(secret in str(each.headers) for each in told)
    assert [line.get("link") for line in logs[4:]] == [logs[4]["link"], None]
    assert logs[4]["link"].startswith("link-")
    assert logs[4]["token"] == public_id_of(token)


def test_the_secret_of_a_link_is_no_token_in_the_url(client, database, token) -> None:
    secret = make.a_link(database, token)
    assert feed(client, secret).status_code == 200
    for query in (f"x={token}", "access_token=123456789abcdef"):
        refused = client.get(f"/feed/{secret}.csv?{query}")
        assert (refused.status_code, refused.json()["code"]) == (400, "token_in_url")

    def is_noted() -> bool:
        with database.reading() as connection:
            known = tokens.known(connection, public_id_of(token))
        return known.exposed_at is not None

    # Nobody waits for this write, and PostgreSQL makes several side by side.
    sizes.until(is_noted)


def test_leads_of_a_link_are_not_asked_for_with_a_token(
    client, database, account, campaign, token
) -> None:
    # Whose rights would count? Who sends a narrow token must not be sent more.
    secret = make.a_link(database, token)
    narrow = make.a_token(database, account, campaign, "budget=1")
    for given in (f"Bearer {narrow}", f"Bearer {token}", "Basic abc", ""):
        refused = client.get(f"/feed/{secret}.csv", headers={"Authorization": given})
        assert refused.status_code == 400
        assert refused.json()["code"] == "malformed_request"


def test_the_secret_of_a_link_is_no_bearer_token(client, database, token) -> None:
    secret = make.a_link(database, token)
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/v2/me", headers=headers).status_code == 401


def test_the_use_of_a_link_is_noted_once_a_minute(
    client, clock, database, token
) -> None:
    secret = make.a_link(database, token)

    def used() -> Any:
        make.settle(database)
        with database.reading() as connection:
            found = links.find_by_digest(connection, digest(make.KEY, secret))
        assert found is not None
        return found.last_used_at

    feed(client, secret)
    first = used()
    assert first is not None
    feed(client, secret)
    assert used() == first
    clock.now += timedelta(seconds=60)
    feed(client, secret)
    assert used() > first
    with database.reading() as connection:
        assert tokens.known(connection, public_id_of(token)).last_used_at is None


def test_a_feed_keeps_to_the_addresses_of_its_token(
    hub, database, account, campaign
) -> None:
    token = make.a_token(database, account, campaign, addresses=("192.0.2.0/24",))
    secret = make.a_link(database, token)
    page = make.a_link(database, token, LinkKind.DOCUMENTATION)
    inside = TestClient(app(hub), client=("192.0.2.7", 1))
    outside = TestClient(app(hub), client=("198.51.100.7", 1))
    assert feed(inside, secret).status_code == 200
    refused = feed(outside, secret)
    assert (refused.status_code, refused.json()["code"]) == (403, "address_not_allowed")
    # Documentation holds no lead, and is read in a browser at another place.
    told = TestClient(pages(hub), client=("198.51.100.7", 1)).get(f"/d/{page}")
    assert told.status_code == 200


# ── Documentation ───────────────────────────────────────────────────────────────────


def pages(hub: Hub) -> Entrance:
    """Routes that answer with who reads."""

    def told(reader: Any) -> Response:
        return JSONResponse(
            {
                "account": reader.account.slug,
                "campaigns": [view.id for view in reader.campaigns],
                "fields": [f.slug for view in reader.campaigns for f in view.fields],
                "query": reader.filter_query,
                "name": reader.name,
            }
        )

    async def shared(request: Request) -> Response:
        return told(await readers.by_link(hub, request))

    async def account(request: Request) -> Response:
        return told(await readers.of_account(hub, request))

    async def leads(request: Request) -> Response:
        opened = open_own if request.url.path.endswith("own") else open_campaign
        await hub.read(lambda connection: opened(connection, request))
        return Response()

    routes = [
        Route("/d/{secret}", shared),
        Route("/d/{secret}/{page}", shared),
        Route("/d/{secret}/leads/{campaign_id:id}/{how}", leads),
        Route("/a/{account}/api-documentation", account),
        Route("/feed/{secret}.csv", shared),
        Route("/d-like/{secret}", shared),
    ]
    return Entrance(Router(routes, redirect_slashes=False), hub)


@pytest.fixture
def browser(hub) -> TestClient:
    return Whole(pages(hub))


def test_a_page_by_link_is_for_the_bearer_of_its_token(
    browser, database, account, campaign, token
) -> None:
    readable = frozenset({campaign.field_by_slug["name"].id})
    narrow = make.a_token(database, account, campaign, WEST, readable=readable)
    secret = make.a_link(database, narrow, LinkKind.DOCUMENTATION)
    for path in (f"/d/{secret}", f"/d/{secret}/fields"):
        told = browser.get(path).json()
        assert told["campaigns"] == [362]
        assert told["fields"] == ["name"]
        assert told["account"] == "demo"
    whole = make.a_link(database, token, LinkKind.DOCUMENTATION)
    # A token that is sent too changes nothing: the URL says who reads.
    headers = {"Authorization": f"Bearer {narrow}"}
    assert browser.get(f"/d/{whole}", headers=headers).json()["query"] == WEST


def test_a_page_of_an_account_token_shows_all_its_campaigns(
    browser, database, account, campaign
) -> None:
    make.a_kept_campaign(database, account, id=363, name="Walls")
    other = make.an_account(database, "other")
    make.a_kept_campaign(database, other, id=400)
    token = make.a_token(database, account, None)
    secret = make.a_link(database, token, LinkKind.DOCUMENTATION)
    assert browser.get(f"/d/{secret}").json()["campaigns"] == [362, 363]


def test_pages_of_ended_and_unknown_links_are_not_shown(
    browser, clock, database, token
) -> None:
    secret = make.a_link(database, token, LinkKind.DOCUMENTATION)
    sheet = make.a_link(database, token)
    unknown = browser.get("/nothing", headers=FIXED)
    for path in (
        f"/d/{sheet}",
        f"/d/{secret}x",
        f"/d/{secret}.md",
        "/d/x",
        f"/d-like/{secret}",
    ):
        answer = browser.get(path, headers=FIXED)
        assert (answer.status_code, answer.content) == (404, unknown.content)
    revoke(database, secret)
    for path in (f"/d/{secret}", f"/d/{secret}/fields", f"/d/{secret}/nothing/there"):
        answer = browser.get(path)
        assert (answer.status_code, answer.json()["code"]) == (410, "link_ended")


@pytest.mark.parametrize("how", ["own", "named"])
def test_whatever_is_served_below_a_page_it_shows_no_lead(
    browser, database, account, token, how: str
) -> None:
    for owner in (token, make.a_token(database, account, None)):
        secret = make.a_link(database, owner, LinkKind.DOCUMENTATION)
        assert browser.get(f"/d/{secret}/leads/362/{how}").status_code == 404


def test_an_account_reads_of_itself_and_nobody_else_does(
    browser, database, account, campaign, token
) -> None:
    other = make.an_account(database, "other")
    own = make.a_token(database, account, None)
    foreign = make.a_token(database, other, None)

    def ask(slug: str, text: str | None) -> Any:
        headers = FIXED | ({"Authorization": f"Bearer {text}"} if text else {})
        return browser.get(f"/a/{slug}/api-documentation", headers=headers)

    assert ask("demo", own).json()["campaigns"] == [362]
    assert ask("demo", None).status_code == 401
    assert ask("nobody", None).status_code == 401
    assert ask("demo", "lw_wrong").status_code == 401
    missing = browser.get("/nothing", headers=FIXED)
    for slug, text in [
        ("demo", token),
        ("nobody", token),
        ("other", own),
        ("nobody", own),
        ("demo", foreign),
        ("Demo", own),
    ]:
        answer = ask(slug, text)
        assert (answer.status_code, answer.content) == (404, missing.content)
