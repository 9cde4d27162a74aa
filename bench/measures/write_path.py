"""Single writes by the store alone, on PostgreSQL: what combining them is worth.

Each of some threads writes one lead after another, and waits until it is durable. The
ways are taken in turn, so that what else the machine does hits all of them alike.
"""

import time
from collections.abc import Sequence
from itertools import cycle
from statistics import median
from threading import Thread
from typing import Any

from bench import progress
from bench.data import CAMPAIGN, leads_of
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Author
from leadwell.schema import submission
from leadwell.store import campaigns
from leadwell.store.connection import Connection, Joint
from leadwell.store.engines.postgres import PostgresDatabase
from leadwell.store.writes.writing import Outcome, Piece, Writing

CAMPAIGNS = 8
CLIENTS = 32
BODIES = 2_000
WRITTEN_S = 4.0
"""How long each way of writing is measured in a round."""
ALONE = "one campaign, 1 client"
TOGETHER = f"one campaign, {CLIENTS} clients"
SPREAD = f"{CAMPAIGNS} campaigns, a client each"
LANES: dict[str, Sequence[int]] = {
    ALONE: [CAMPAIGN],
    TOGETHER: [CAMPAIGN] * CLIENTS,
    SPREAD: [CAMPAIGN + 1 + number for number in range(CAMPAIGNS)],
}
"""The campaign that each thread writes to."""


def measured(url: str, rounds: int) -> dict[str, float]:
    """Return leads a second for each way of writing."""
    progress.stage("PostgreSQL: the write path")
    found: dict[str, list[float]] = {name: [] for name in LANES}
    database = PostgresDatabase(url)
    try:
        jobs = {ref: _jobs(database, ref) for ref in {*LANES[ALONE], *LANES[SPREAD]}}
        for number in range(-1, rounds):
            for name, lanes in LANES.items():
                progress.step(f"round {number + 1} of {rounds}: {name}")
                per_s = _rate(database, lanes, jobs)
                # The first round is for the interpreter and the caches.
                found[name] += [per_s] if number >= 0 else []
    finally:
        database.close()
    return {name: median(figures) for name, figures in found.items()}


def written() -> list[dict[str, Any]]:
    """Return leads to write, over and over: without names of their own all are new."""
    found = list(leads_of(BODIES, seed=3))
    for lead in found:
        del lead["created_at"], lead["assigned_person"]
    return found


def _rate(
    database: PostgresDatabase,
    lanes: Sequence[int],
    jobs: dict[int, list[Joint[Outcome]]],
) -> float:
    until = time.perf_counter() + WRITTEN_S
    done: list[int] = []

    def work(campaign_id: int) -> None:
        count = 0
        for job in cycle(jobs[campaign_id]):
            if time.perf_counter() > until:
                break
            database.write(job, campaign_id=campaign_id).result()
            count += 1
        done.append(count)

    threads = [Thread(target=work, args=(ref,)) for ref in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / WRITTEN_S


def _jobs(database: PostgresDatabase, campaign_id: int) -> list[Joint[Outcome]]:
    with database.reading() as connection:
        campaign = campaigns.known(connection, campaign_id)
    return [_saving(campaign, lead) for lead in written()]


def _saving(campaign: Campaign, lead: dict[str, Any]) -> Joint[Outcome]:
    read = submission.read(campaign, lead)
    now = time.time_ns() // 1_000

    def save(connection: Connection, writing: Writing) -> Outcome:
        del connection
        return writing.save(read)

    return Piece(campaign, Author("bench"), now, 1, save, (read,)).job()
