"""Order: what commits later has a later number and a later stamp, whatever happens.

So a reader of `updated_after=<the last Leadwell-Watermark>` and a reader of the change
feed miss nothing and are told nothing twice.
"""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

import pytest
from starlette.testclient import TestClient

from leadwell.model.grant import OPERATOR
from leadwell.schema import submission
from leadwell.schema.times import microseconds
from leadwell.store.connection import Connection
from leadwell.store.writes.writing import Writing
from tests import make
from tests.effort import REPEATS
from tests.mirror import Mirror
from tests.poller import Poller

LIST = "/v2/campaigns/362/leads"
HOUR = timedelta(hours=1)
PROOF = pytest.mark.proof


@pytest.fixture
def token(database, account, campaign) -> str:
    return make.a_token(database, account, campaign, may_write=True)


def a_poller(client: TestClient, token: str, per_page: int = 100) -> Poller:
    return Poller(Mirror(client, token), per_page)


def write(client: TestClient, token: str, random: Random, ids: list[int]) -> None:
    """Make, change or delete some lead over HTTP."""
    headers = {"Authorization": f"Bearer {token}"}
    fields = {"name": str(random.random())}
    op = random.choice(["add", "add", "change", "change", "change", "remove", "batch"])
    if op == "batch":
        body = {"leads": [{"fields": fields} for _ in range(random.randint(1, 5))]}
        made = client.post(f"{LIST}/batch", json=body, headers=headers).json()["data"]
        ids += [item["lead"]["id"] for item in made]
    elif op == "add" or not ids:
        made = client.post(LIST, json={"fields": fields}, headers=headers).json()
        ids.append(made["data"]["id"])
    elif op == "change":
        url = f"{LIST}/{random.choice(ids)}"
        answer = client.patch(url, json={"fields": fields}, headers=headers)
        assert answer.status_code == 200
    else:
        lead_id = ids.pop(random.randrange(len(ids)))
        assert client.delete(f"{LIST}/{lead_id}", headers=headers).status_code == 204


@REPEATS
@pytest.mark.parametrize("seed", make.seeds(5, in_suite=2))
def test_no_clock_is_bad_enough_to_lose_a_change(
    database, client, clock, token, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - a seeded walk, no secret
    poller, walker = a_poller(client, token, 3), a_poller(client, token, 3)
    mirror = Mirror(client, token)
    ids: list[int] = []
    for _ in range(80):
        clock.now += random.choice([-HOUR, timedelta(0), timedelta(0), HOUR])
        write(client, token, random, ids)
        if random.random() < 0.2:
            poller.poll()
        if random.random() < 0.2:
            walker.poll(by_cursor=True)
        if random.random() < 0.2:
            mirror.step(random.choice([1, 3, 500]))
    poller.poll()
    walker.poll(by_cursor=True)
    mirror.follow(2)

    listed = {lead["id"]: lead for lead in mirror.get("", per_page=1000).json()["data"]}
    # Deletions are the feed's to tell.
    for each in (poller, walker):
        assert each.lacks(listed) == {}
        assert set(each.told.values()) == {1}
        assert each.watermarks[-1] == max(x["updated_at"] for x in listed.values())
    assert mirror.copy == listed
    check_stamps(database)


def check_stamps(database) -> None:
    """Revisions in the order of their commits have rising stamps."""
    with database.reading() as connection:
        rows = connection.rows("SELECT seq, updated_at FROM lead ORDER BY seq")
        noted = connection.rows(
            "SELECT at, count(DISTINCT op) FROM lead_history GROUP BY at"
        )
    stamps = [stamp for _, stamp in rows]
    assert stamps == sorted(stamps)
    # What shares a stamp was written by one transaction, and so by one operation.
    assert {ops for _, ops in noted} == {1}
    assert len({seq for seq, _ in rows}) == len(rows)


def test_each_transaction_has_a_later_stamp_than_the_one_before(
    database, client, clock, token
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    stamps: list[str] = []
    for step in (0, -1, -1, 0, 1, 0, -1, 5, -9):
        clock.now += step * HOUR
        body = {"fields": {"name": "J"}}
        lead = client.post(LIST, json=body, headers=headers).json()["data"]
        stamps.append(lead["updated_at"])
    assert stamps == sorted(set(stamps))


@REPEATS
@pytest.mark.parametrize("count", [600, pytest.param(20_000, marks=PROOF)])
def test_many_leads_of_one_transaction_are_told_once_each(
    database, campaign, client, clock, token, count: int
) -> None:
    many(database, campaign, clock(), range(count), is_new=True)
    mirror = Mirror(client, token)
    poller, walker = a_poller(client, token), a_poller(client, token)
    mirror.step(limit=1, _from="now")
    for each in (poller, walker):
        begun = mirror.get("", per_page=1)
        each.watermarks.append(begun.headers["leadwell-watermark"])
    many(database, campaign, clock(), range(count), is_new=False)
    stamps = {row[0] for row in rows(database, "SELECT updated_at FROM lead")}
    assert len(stamps) == 1

    told: Counter[int] = Counter()
    answer = {"has_more": True}
    while answer["has_more"]:
        answer = mirror.step(limit=100)
        told.update(change["id"] for change in answer["data"])
        assert len(answer["data"]) <= 100
    assert answer["up_to_date"]
    poller.poll()
    walker.poll(by_cursor=True)

    expected = dict.fromkeys(range(1, count + 1), 1)
    assert told == expected
    assert poller.told == walker.told == {(k, 2): 1 for k in expected}
    for each in (poller, walker):
        each.poll()
        assert len(each.told) == count


def many(database, campaign, now: datetime, leads: range, *, is_new: bool) -> None:
    """Make or change so many leads in one transaction."""
    given = {"fields": {"name": "New"}} if is_new else {"fields": {"name": "Changed"}}
    read = submission.read(campaign, given, is_new=is_new)
    stamp = microseconds(now)

    def job(connection: Connection) -> None:
        writing = Writing.begin(connection, campaign, OPERATOR, stamp, len(leads))
        for place in leads:
            if is_new:
                writing.save(read)
            else:
                writing.change(place + 1, read)
        writing.close()

    database.write(job).result()


def rows(database, sql: str) -> list[tuple[Any, ...]]:
    with database.reading() as connection:
        return connection.rows(sql)


@REPEATS
@pytest.mark.parametrize("seed", make.seeds(4, in_suite=1))
def test_a_walk_loses_and_doubles_nothing_that_matched_throughout(
    database, campaign, client, token, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - a seeded walk, no secret
    given = [
        {"fields": {"name": "J"}, "status": random.choice(["new", "won"])}
        for _ in range(300)
    ]
    made = make.leads(database, campaign, given)
    ids = [lead.id for lead in made]
    headers = {"Authorization": f"Bearer {token}"}
    mirror = Mirror(client, token, asked={"status": "new"})

    throughout = listed(mirror)
    assert len(throughout) > 100
    met: Counter[int] = Counter()
    cursor: str | None = "start"
    while cursor is not None:
        answer = mirror.get("", _cursor=cursor, per_page=10, _meta=1).json()
        met.update(lead["id"] for lead in answer["data"])
        cursor = answer["meta"]["next_cursor"]
        for lead_id in random.sample(ids, 8):
            status = random.choice(["new", "contacted", "won"])
            url, body = f"{LIST}/{lead_id}", {"status": status}
            assert client.patch(url, json=body, headers=headers).status_code == 200
            if status != "new":
                throughout.discard(lead_id)
    assert throughout
    assert {lead_id: met[lead_id] for lead_id in throughout} == dict.fromkeys(
        throughout, 1
    )
    assert set(met.values()) == {1}


def listed(mirror: Mirror) -> set[int]:
    data = mirror.get("", per_page=1000).json()["data"]
    return {lead["id"] for lead in data}


def a_slow_writer(database, campaign, now: datetime) -> tuple[Event, Any]:
    """Let a writer take its stamp, and commit when it is told to."""
    read = submission.read(campaign, {"fields": {"name": "Slow"}})
    stamped, go_on = Event(), Event()

    def job(connection: Connection) -> None:
        writing = Writing.begin(connection, campaign, OPERATOR, microseconds(now), 1)
        writing.save(read)
        writing.close()
        stamped.set()
        go_on.wait(10)

    written = database.write(job)
    assert stamped.wait(10)
    return go_on, written


def test_a_slow_writer_hides_nothing_from_readers(
    campaign, client, clock, token, tmp_path: Path, engine: str
) -> None:
    """One process has its stamp and is slow to commit; another one is quick."""
    database = make.a_database_again(tmp_path / "leads.db", engine)
    other = make.a_database_again(tmp_path / "leads.db", engine)
    poller, mirror = a_poller(client, token), Mirror(client, token)
    go_on, written = a_slow_writer(database, campaign, clock.now)
    quick = Thread(target=make.a_lead, args=(other, campaign, clock.now - HOUR))
    quick.start()
    # Long enough for a writer that nobody holds up.
    quick.join(0.3)
    for _ in range(3):
        poller.poll()
        mirror.follow()
    assert quick.is_alive()
    assert (poller.copy, mirror.copy) == ({}, {})
    go_on.set()
    written.result()
    quick.join()
    poller.poll()
    mirror.follow()
    assert poller.copy == {1: 1, 2: 1}
    assert sorted(mirror.copy) == [1, 2]
    assert mirror.copy[1]["fields"]["name"] == "Slow"
    assert mirror.copy[1]["updated_at"] < mirror.copy[2]["updated_at"]
    database.close()
    other.close()
