"""`kill -9` while retention rules are carried out by two processes, again and again.

Whatever is killed when, each lead is done once, its erasure is in the file beside the
database before it is in the database, and the run is counted right.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leadwell.model.campaign import Column
from leadwell.store import campaigns
from leadwell.store.people import activity
from leadwell.store.retention import rules
from leadwell.store.retention.rules import DAY_US, Action, Rule
from tests import make

KILLS = int(os.environ.get("LEADWELL_TEST_KILLS", "60")) // 10
LEADS = 200
EVER = 10**17
LATER = make.us(make.MIDNIGHT) + 400 * DAY_US
WORK = """
import sys
from pathlib import Path
from leadwell.server.opening import connect
from leadwell.settings import Settings
from leadwell.store.retention import working
url, file, now = sys.argv[1:]
working.CHUNK = 7
database = connect(Settings(database=url, allow_unsafe_database=True))
print("ready", flush=True)
while working.work(database, 362, 1, lambda: int(now), Path(file)):
    pass
database.close()
"""


def worker(url: str, file: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WORK, url, str(file), str(LATER)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def carried_out_through_kills(url: str, file: Path) -> int:
    """Return how many were killed before two of them came to the end."""
    random, killed = make.seeded(time.time_ns()), 0
    while True:
        both = [worker(url, file) for _ in range(2)]
        for each in both:
            assert each.stdout is not None
            each.stdout.readline()
        if killed < KILLS:
            time.sleep(random.random() * 0.1)
            both[0].kill()
            time.sleep(random.random() * 0.1)
            both[1].kill()
        codes = [each.wait(60) for each in both]
        for each in both:
            assert each.stdout is not None
            each.stdout.close()
        if codes == [0, 0]:
            return killed
        killed += sum(code < 0 for code in codes)


def a_rule(path: Path, engine: str, action: Action) -> set[int]:
    """Make a campaign whose leads are all too old; return their ids."""
    database = make.a_database(path, engine)
    campaign = make.a_kept_campaign(database, make.an_account(database))
    given = [{"fields": {"name": f"Marker {n}"}} for n in range(LEADS)]
    made = {lead.id for lead in make.leads(database, campaign, given)}
    name = campaign.field_by_slug["name"].id
    fields = () if action is Action.ERASE else (name,)
    rule = Rule(Column.CREATED_AT, 30, action, fields=fields)
    now = make.us(make.MIDNIGHT)
    job = lambda c: rules.add(c, campaigns.hold(c, campaign.id), rule, now)  # noqa: E731
    database.write(job).result()
    database.close()
    return made


@pytest.mark.proof
@pytest.mark.parametrize("engine", make.ENGINES)
@pytest.mark.parametrize("action", list(Action))
def test_a_run_that_is_killed_does_every_lead_once(
    tmp_path: Path, engine: str, action: Action
) -> None:
    path, file = tmp_path / "leads.db", tmp_path / "erasures"
    made = a_rule(path, engine, action)
    assert carried_out_through_kills(make.url_of(path, engine), file) >= KILLS
    opened = make.a_database_again(path, engine)
    with opened.reading() as connection:
        held = connection.rows("SELECT id, version, fields FROM lead")
        erased = connection.rows("SELECT lead_id FROM erasure")
        kept = connection.rows("SELECT lead_id, op FROM lead_history")
        campaign = campaigns.known(connection, 362)
        (line,) = activity.find(connection, campaign, EVER, 9)
        assert rules.known(connection, 362, 1).ran == LEADS
    opened.close()
    assert line.about.startswith(f"{LEADS} · ")
    if action is Action.ERASE:
        assert (held, kept) == ([], [])
        assert {row[0] for row in erased} == made
        noted = file.read_text("utf-8").splitlines()
        assert {json.loads(each)["lead_id"] for each in noted} == made
    else:
        ops = ("create", "anonymise")
        assert sorted(held) == [(lead_id, 2, "{}") for lead_id in sorted(made)]
        assert sorted(kept) == sorted((x, op) for x in made for op in ops)
