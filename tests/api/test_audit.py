"""What the audit log is told of requests: who, what and how much; and nothing more."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs

from leadwell.api.hub import Hub
from leadwell.errors import Unavailable
from leadwell.model.link import LinkKind
from leadwell.model.token import digest, public_id_of
from leadwell.server import auditing
from leadwell.server.auditing import Auditor, Pace
from leadwell.store import exports, links, tokens
from leadwell.store.access import making
from leadwell.store.audit import cutting, finding, seen, uses
from leadwell.store.audit.reporting import readings
from leadwell.store.connection import Database
from leadwell.store.writes import erasing
from tests import make
from tests.logged import logged, one

LIST = "/v2/campaigns/362/leads"
ROUTE = "/v2/campaigns/{campaign_id:id}/leads"
MARKER = "zebra-marker"


@pytest.fixture
def token(database, account, campaign) -> str:
    for number in range(30):
        source = "partner-west" if number % 3 else "website"
        fields = {"name": f"Lead {number} {MARKER}", "source": source}
        make.a_lead(database, campaign, fields=fields, external_id=f"{MARKER}{number}")
    return make.a_token(database, account, campaign, "source=partner-west")


def ask(client, token: str, path: str = "", method: str = "GET", **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
    return client.request(method, LIST + path, headers=headers, **more)


def test_requests_that_are_alike_are_one_row_with_the_leads_that_were_read(
    client, hub: Hub, token, clock
) -> None:
    first = clock()
    for page in (1, 2):
        answer = ask(client, token, f"?per_page=5&page={page}&source=partner-west")
        assert len(answer.json()["data"]) == 5
        clock.now += timedelta(seconds=5)
    assert ask(client, token, "?per_page=5").status_code == 200
    row = one(hub, kind="read")
    public_id = public_id_of(token)
    assert row["campaign"] == 362
    assert row["what"] == f"GET {ROUTE}"
    assert row["actor"] == f"token:{public_id}"
    content = row["content"]
    assert content["token"] == public_id
    assert (content["requests"], content["answered"], content["leads"]) == (3, 15, 10)
    assert content["ids"] == "2-3,5-6,8-9,11-12,14-15"
    scope = content["scope"]
    assert scope.pop("filter") > 0
    assert scope == {"generation": 1, "fields": None}
    assert content["parameters"] == ["page", "per_page", "source"]
    assert content["from"][:19] == first.isoformat()[:19]
    assert content["to"] > content["from"]
    assert len(content["addresses"]) == 1
    # What was written is not written twice.
    assert len(logged(hub, kind="read")) == 1
    ask(client, token, "?per_page=1")
    assert len(logged(hub, kind="read")) == 2


READS = [
    ("?per_page=3&_snapshot=none", "", 3),
    ("?per_page=3&_sort=-id", "", 3),
    ("?per_page=4&_cursor=start", "", 4),
    ("?name[contains]=9", "", 2),
    ("?_q=nothing", "", 0),
    ("?_fields=name&per_page=2", "", 2),
    ("/2", "/{lead_id:id}", 1),
    ("/changes?_limit=6", "/changes", 6),
    ("/export", "/export", 20),
    ("/export?_format=xlsx", "/export", 20),
    ("/export?_format=csv", "/export", 20),
]


def test_every_way_to_read_leads_is_told(client, hub, token, monkeypatch) -> None:
    monkeypatch.setattr(exports, "CHUNK", 7)
    told = []
    for path, _, _ in READS:
        answer = ask(client, token, path)
        assert answer.status_code == 200, answer.text
        row = logged(hub, kind="read")[-1]
        content = row["content"]
        assert content["requests"] == 1
        assert content["answered"] == content["leads"]
        told.append((row["what"], content["leads"]))
    assert told == [(f"GET {ROUTE}{route}", leads) for _, route, leads in READS]


def test_what_shows_no_lead_is_a_use_of_the_token(client, hub, token) -> None:
    for path in ("/digest", "/changes?_from=now", "/export"):
        method = "HEAD" if path == "/export" else "GET"
        assert ask(client, token, path, method).status_code == 200
    rows = logged(hub, kind="use")
    assert len(rows) == 3
    assert {row["campaign"] for row in rows} == {0}
    assert "ids" not in {name for row in rows for name in row["content"]}
    assert logged(hub, kind="read") == []


def test_a_page_that_has_not_changed_is_not_read_again(client, hub, token) -> None:
    tag = ask(client, token).headers["etag"]
    again = ask(client, token, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert one(hub, kind="read")["content"]["requests"] == 1
    assert one(hub, kind="use")["content"]["requests"] == 1


def test_who_writes_nothing_is_told_to_have_read(
    client, hub, database, account, campaign
) -> None:
    lead = make.a_lead(database, campaign, fields={"name": "Jane"})
    token = make.a_token(database, account, campaign, may_write=True)
    answer = ask(client, token, f"/{lead.id}", "PATCH", json={"fields": {}})
    assert answer.json()["data"]["fields"]["name"] == "Jane"
    assert one(hub, kind="read")["content"]["ids"] == f"{lead.id}"
    created = {row["what"]: row for row in logged(hub, kind="write")}
    assert [*created] == ["create"]
    ask(client, token, f"/{lead.id}", "PATCH", json={"fields": {"name": "Åse"}})
    update = one(hub, kind="write", what="update")
    assert update["actor"] == f"token:{public_id_of(token)}"
    assert update["content"]["leads"] == 1
    assert len(logged(hub, kind="write")) == 2


def test_refusals_are_counted_and_their_words_are_not_kept(
    client, hub, token, database, clock
) -> None:
    for query in (f"?{MARKER}=1", f"?source={MARKER}", f"?{MARKER}@example.com=1"):
        assert ask(client, token, query).status_code == 400
    assert ask(client, token, "/1").status_code == 404
    refused = logged(hub, kind="refused")
    assert {row["actor"] for row in refused} == {f"token:{public_id_of(token)}"}
    assert {row["campaign"] for row in refused} == {0}
    counts = {row["what"]: row["content"]["requests"] for row in refused}
    assert counts == {"unknown_parameter": 2, "unknown_option": 1, "lead_not_found": 1}
    named = [*refused[0]["content"], *refused[0]["content"]["routes"]]
    assert "parameters" not in named
    assert f"GET {ROUTE}" in named
    # One that is known and closed is told from one that nobody has.
    revoke = partial(making.revoke, public_id=public_id_of(token), now=clock())
    database.write(revoke).result()
    ask(client, token)
    ask(client, make.text_of(b"abcdef", b"x" * 32))
    client.get(LIST)
    found = {
        row["actor"]: row["content"]["requests"]
        for row in logged(hub, kind="refused", what="invalid_token")
    }
    assert found == {f"token:{public_id_of(token)}": 1, "": 1}
    assert one(hub, kind="refused", what="not_authenticated")["account"] == 0


def test_a_link_is_told_from_its_token(client, hub, token, database, clock) -> None:
    secret = "s" * 43
    link = making.new_link
    public_id = public_id_of(token)

    def job(connection: Any) -> None:
        made = link(connection, public_id, LinkKind.CSV, clock(), None)
        links.add(connection, made, digest(hub.key, secret))

    database.write(job).result()
    assert client.get(f"/feed/{secret}.csv").status_code == 200
    content = one(hub, kind="read")["content"]
    assert content["token"] == public_id
    assert content["link"]
    assert content["leads"] == 20
    assert secret not in str(content)


def test_nothing_of_a_lead_or_a_question_stands_in_the_log(
    client, hub, token, account, campaign
) -> None:
    database = hub.database
    writer = make.a_token(database, account, campaign, may_write=True, name=MARKER)
    given = {"fields": {"name": MARKER, "email": f"{MARKER}@example.com"}}
    given["external_id"] = MARKER
    key = {"Idempotency-Key": MARKER, "User-Agent": MARKER, "X-Request-ID": MARKER}
    assert ask(client, writer, "", "POST", json=given, headers=key).status_code == 201
    for path in (
        f"?name={MARKER}",
        f"?name[contains]={MARKER}&_q={MARKER}",
        f"?{MARKER}={MARKER}",
        f"?_cursor={MARKER}",
        f"/changes?_cursor={MARKER}",
        f"/export?name={MARKER}&_format=csv",
        f"/{MARKER}",
        "",
    ):
        ask(client, writer, path)
    ask(client, MARKER)
    client.get(f"{LIST}?access_token={MARKER}")
    erase = partial(erasing.erase, campaign=campaign, lead_id=1, now=hub.moment)
    database.write(erase).result()
    text = repr(logged(hub))
    assert "'read'" in text
    assert "'refused'" in text
    assert MARKER not in text
    assert "testclient" not in text
    assert "zebra" not in text


def test_a_long_export_is_told_while_it_goes_on(
    client, hub, token, monkeypatch
) -> None:
    monkeypatch.setattr(exports, "CHUNK", 3)
    monkeypatch.setattr(seen, "HAND_OVER_S", 0.0)
    parts: list[bool] = []
    honest = uses.Uses.note

    def watched(self: uses.Uses, key: uses.Key, asked: uses.Asked) -> None:
        parts.append(asked.is_whole)
        honest(self, key, asked)

    monkeypatch.setattr(uses.Uses, "note", watched)
    assert ask(client, token, "/export").status_code == 200
    assert parts.count(False) > 2
    assert parts[-1]
    content = one(hub, kind="read")["content"]
    assert (content["requests"], content["answered"]) == (1, 20)
    assert content["leads"] == 20


def test_who_asks_for_news_all_day_has_a_row_now_and_then(
    client, hub, token, clock
) -> None:
    auditor = Auditor(hub)
    place = ask(client, token, "/changes").json()["cursor"]
    logged(hub)
    for minute in range(20):
        assert ask(client, token, f"/changes?_cursor={place}").json()["data"] == []
        auditor.look()
        clock.now += timedelta(minutes=1)
        assert len(rows_of(hub, "read")) == 1 + (minute >= 15)
    ask(client, token, "?per_page=1")
    auditor.look()
    assert len(rows_of(hub, "read")) == 3
    told = logged(hub, kind="read")
    assert sum(row["content"]["requests"] for row in told) == 22


def rows_of(hub: Hub, kind: str) -> list[Any]:
    with hub.database.reading() as connection:
        chains = finding.heads(connection)
        return finding.newest(connection, chains, finding.Asked(kind=kind), 99)


def test_what_cannot_be_written_now_is_written_later(
    client, hub, token, monkeypatch
) -> None:
    auditor = Auditor(hub)
    ask(client, token, "?per_page=2")

    def away(*_: Any, **__: Any) -> None:
        raise Unavailable("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(auditing.chains, "append", away)
        with pytest.raises(Unavailable):
            auditor.finish()
        ask(client, token, "?per_page=3")
    content = one(hub, kind="read")["content"]
    assert (content["requests"], content["answered"]) == (2, 5)
    assert content["leads"] == 3


def test_what_cannot_be_written_of_one_campaign_keeps_no_other_waiting(
    client, hub, token, database, account, campaign
) -> None:
    other = make.a_kept_campaign(database, account, id=363, name="Windows")
    make.a_lead(database, other)
    reader = make.a_token(database, account, other)
    ask(client, token, "?per_page=2")
    headers = {"Authorization": f"Bearer {reader}"}
    assert client.get("/v2/campaigns/363/leads", headers=headers).status_code == 200
    with broken_for(database, campaign.id):
        with pytest.raises(Exception, match=r"broken|refused"):
            Auditor(hub).finish()
        assert [row.chain.campaign_id for row in rows_of(hub, "read")] == [363]
        assert [row.chain.campaign_id for row in rows_of(hub, "write")] == [363]
    assert {row["campaign"] for row in logged(hub, kind="read")} == {362, 363}
    assert {row["campaign"] for row in logged(hub, kind="write")} == {362, 363}


@contextmanager
def broken_for(database: Database, campaign_id: int) -> Iterator[None]:
    """Have the database refuse rows of one campaign, as when its shard is away."""
    on_sqlite = (
        f"""
        CREATE TRIGGER broken BEFORE INSERT ON audit
          WHEN NEW.campaign_id = {campaign_id}
        BEGIN SELECT RAISE(ABORT, 'broken'); END
        """,
        "DROP TRIGGER broken",
    )
    on_postgres = (
        f"ALTER TABLE audit ADD CONSTRAINT broken CHECK (campaign_id <> {campaign_id})",
        "ALTER TABLE audit DROP CONSTRAINT broken",
    )
    broken, mended = on_postgres if database.is_remote else on_sqlite
    database.write(lambda c: c.run(broken)).result()
    try:
        yield
    finally:
        database.write(lambda c: c.run(mended)).result()


def test_a_hub_says_when_it_begins_and_ends_and_forgets_nothing_between(
    client, hub, token
) -> None:
    auditor = Auditor(hub, Pace(every_s=60))
    auditor.start()
    ask(client, token)
    auditor.stop()
    begun, ended = logged(hub, kind="log")
    assert (begun["what"], ended["what"]) == ("started", "stopped")
    assert begun["content"] == ended["content"]
    assert len(logged(hub, kind="read")) == 1
    assert len(logged(hub, kind="log")) == 2


def test_a_hub_that_cannot_write_goes_on_and_says_so(hub, monkeypatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise Unavailable("the database is away")

    monkeypatch.setattr(auditing.chains, "append", away)
    auditor = Auditor(hub, Pace(every_s=0.01))
    with capture_logs() as logs:
        auditor.start()
        auditor.stop()
    assert "audit_failed" in {line["event"] for line in logs}


def test_the_newest_rows_are_logged_and_old_ones_go(hub, client, token, clock) -> None:
    ask(client, token)
    auditor = Auditor(hub, Pace(days=30))
    with capture_logs() as logs:
        auditor.look()
        auditor._tell_at = 0.0
        auditor.look()
    told = [line for line in logs if line["event"] == "audit_head"]
    assert [(line["campaign"], line["number"]) for line in told] == [(362, 2)]
    assert len(told[0]["hash"]) == 64
    clock.now += timedelta(days=30, hours=12)
    auditor._cut_at = 0.0
    auditor.look()
    assert logged(hub, kind="log") == []
    clock.now += timedelta(days=1)
    auditor._cut_at = 0.0
    auditor.look()
    (row,) = logged(hub, campaign=362)
    assert (row["what"], row["content"]["to"]) == (cutting.CUT, 2)


def test_what_a_token_has_read_is_told_apart_by_its_scopes(
    client, hub, token, database, campaign, clock
) -> None:
    public_id = public_id_of(token)
    ask(client, token, "?per_page=2")
    logged(hub)
    ask(client, token, "/export")

    def widen(connection: Any) -> None:
        known = tokens.known(connection, public_id)
        tokens.change(connection, replace(known, filter_id=None), hub.moment)

    database.write(widen).result()
    clock.now += timedelta(hours=1)
    ask(client, token, "?per_page=1")
    logged(hub)
    with database.reading() as connection:
        chains = finding.heads(connection)
    rows = [told for chain in chains for told in finding.walk(database, chain)]
    narrow, wide = readings(rows)
    assert narrow.part.token == wide.part.token == public_id
    assert (narrow.part.generation, wide.part.generation) == (1, 2)
    assert (narrow.requests, len(narrow.ids)) == (2, 20)
    assert wide.part.filter is None
    assert (wide.requests, wide.ids_text) == (1, "1")
    assert narrow.is_exact
    assert len(narrow.addresses) == 1
    assert wide.first > narrow.last
