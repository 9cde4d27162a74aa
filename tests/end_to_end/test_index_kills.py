"""`kill -9` while indexes are made, followed beside the readers, and stored.

In each hub an index is made beside the readers however few leads there are, in steps
of ten leads, and stored after every few changes. After each kill what is stored is
compared with the leads, and the last hub must answer from it.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import msgspec
import pytest
import urllib3

from leadwell.model.grant import Grant
from leadwell.schema import querystring, question
from leadwell.store import campaigns, leads
from leadwell.store.indexes import checking
from tests import make
from tests.served import START_TIMEOUT_S, Served, a_folder, a_hub

KILLS = int(os.environ.get("LEADWELL_TEST_KILLS", "60")) // 4
LEADS = 300
LOWERED = """
from leadwell.store import indexes
from leadwell.store.indexes import kept, making
indexes.SMALL, indexes.SAVED_AFTER = 0, 5
kept.FOLLOWED_MAX, making.CHUNK = 20, 10
"""
URL = "/v2/campaigns/362/leads"
STATUSES = ("new", "contacted", "won")
FILTERS = [*(f"status={slug}" for slug in STATUSES), "source=website", "tags[exists]=1"]
BY_INDEX = 'leadwell_lists_total{by="index"}'


def a_hub_with_leads(folder: Path) -> str:
    token = a_folder(folder)
    database = make.a_database_again(folder / "leads.db")
    with database.reading() as connection:
        campaign = campaigns.known(connection, 362)
    given = [
        {
            "status": STATUSES[n % 3],
            "fields": {
                "name": f"Lead {n}",
                "source": "website",
                "tags": ["a"][: n % 2],
            },
        }
        for n in range(LEADS)
    ]
    make.leads(database, campaign, given)
    database.close()
    return token


def write(hub: Served, random: Random) -> None:
    """Write until the hub is gone: batches, so that many changes come at once."""
    with suppress(urllib3.exceptions.HTTPError):
        while True:
            lead: dict[str, Any] = {"fields": {"name": "Jane", "budget": 1}}
            lead["status"] = random.choice(STATUSES)
            batch = {"leads": [lead] * random.randint(1, 30)}
            assert hub.request("POST", f"{URL}/batch", batch).status_code == 200
            for _ in range(random.randint(0, 9)):
                changed = {"status": random.choice(STATUSES)}
                hub.request("PATCH", f"{URL}/{random.randint(1, LEADS)}", changed)


def read(hub: Served, random: Random, faults: list[str]) -> None:
    """Read pages until the hub is gone; each must hold what was asked for."""
    with suppress(urllib3.exceptions.HTTPError):
        while True:
            slug, page = random.choice(STATUSES), random.randint(1, 3)
            asked = f"{URL}?status={slug}&page={page}&_snapshot=none"
            answer = hub.request("GET", asked)
            found = answer.json()
            ids = [lead["id"] for lead in found["data"]]
            statuses = {lead["status"]["slug"] for lead in found["data"]}
            left = max(0, found["pagination"]["total"] - 50 * (page - 1))
            is_full = len(ids) == min(50, left)
            if ids != sorted(set(ids)) or not statuses <= {slug} or not is_full:
                faults.append(answer.text)


def stored(folder: Path) -> int:
    """Compare what is stored with the leads; return the change that it is of."""
    database = make.a_database_again(folder / "leads.db")
    with database.reading() as connection:
        campaign = campaigns.known(connection, 362)
        assert list(checking.differences(connection, campaign)) == []
        rows = connection.rows("SELECT seq FROM index_snapshot")
    database.close()
    return int(rows[0][0]) if rows else 0


def by_sql(folder: Path) -> Iterator[list[int]]:
    database = make.a_database_again(folder / "leads.db")
    with database.reading() as connection:
        campaign = campaigns.known(connection, 362)
        for asked in FILTERS:
            read = question.read(campaign, querystring.decode(asked.encode()))
            query = Grant.of_operator(campaign).query(campaign, read)
            yield leads.find_ids(connection, campaign, query)
    database.close()


def by_index(hub: Served) -> Iterator[list[int]]:
    """Ask the hub for all leads of each filter, until its index answers."""
    for asked in FILTERS:
        deadline = time.monotonic() + START_TIMEOUT_S
        before = after = hub.figure(BY_INDEX)
        while after == before and time.monotonic() < deadline:
            found: list[int] = []
            answer = hub.get(f"{URL}?{asked}&per_page=1000&_cursor=start&_meta=1")
            content = msgspec.json.decode(answer.data)
            found += [lead["id"] for lead in content["data"]]
            while cursor := content["meta"]["next_cursor"]:
                answer = hub.get(
                    f"{URL}?{asked}&per_page=1000&_cursor={cursor}&_meta=1"
                )
                content = msgspec.json.decode(answer.data)
                found += [lead["id"] for lead in content["data"]]
            after = hub.figure(BY_INDEX)
        assert after > before
        yield found


def run(folder: Path, kills: int, seed: int) -> list[int]:
    """Kill hub after hub; return which change was stored after each."""
    random, token = make.seeded(seed), a_hub_with_leads(folder)
    seen, faults = list[int](), list[str]()
    for number in range(kills):
        # Now and then two processes make, follow and store the same index.
        workers = 2 if number % 3 == 0 else 1
        hub = a_hub(folder, token, workers, first=LOWERED)
        threads = [Thread(target=write, args=(hub, make.seeded(number)))]
        threads.append(Thread(target=read, args=(hub, make.seeded(number), faults)))
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.02, 0.6))
        hub.kill()
        for thread in threads:
            thread.join()
        assert not faults
        seen.append(stored(folder))
    hub = a_hub(folder, token, first=LOWERED)
    assert list(by_index(hub)) == list(by_sql(folder))
    of = 'leadwell_indexes_made_total{of="snapshot"}'
    assert hub.figure(of) == (1 if seen[-1] else 0)
    hub.stop()
    return seen


def test_an_index_that_a_kill_interrupts_is_right_afterwards(tmp_path: Path) -> None:
    run(tmp_path, 1, seed=1)


@pytest.mark.proof
def test_many_kills_leave_no_wrong_index(tmp_path: Path) -> None:
    seen = run(tmp_path, KILLS, seed=2)
    # It was stored again and again, and went on from what was stored.
    assert len(set(seen)) > KILLS // 3
