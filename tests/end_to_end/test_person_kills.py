"""`kill -9` while a person is erased, again and again: run once more, it goes on.

Whatever was done when, all leads of the person are erased in the end, each is noted in
the file beside the database, and the receipts tell of all of them.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leadwell.schema.identity import Identity
from leadwell.store import campaigns
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.privacy import erasing
from tests import make, served

KILLS = int(os.environ.get("LEADWELL_TEST_KILLS", "60")) // 12
LEADS = 300
EMAIL = "jane@example.com"


def command(folder: Path) -> subprocess.Popen[bytes]:
    words = ("person-data", "erase", "--email", EMAIL, "--yes", "--json")
    return subprocess.Popen(
        [sys.executable, "-m", "leadwell.cli", *words],
        cwd=folder,
        env=os.environ | {"LEADWELL_DATABASE": f"sqlite:///{folder / 'leads.db'}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def erased(folder: Path) -> list[int]:
    """The leads of which the receipts would tell."""
    person = Identity.read("email", EMAIL).person(served.KEY, 1)
    database = SQLiteDatabase(folder / "leads.db")
    with database.reading() as connection:
        campaign = campaigns.known(connection, 362)
        found = erasing.find_erased(connection, campaign, [person])
    database.close()
    return found


@pytest.mark.proof
def test_a_person_is_erased_through_kills(tmp_path: Path) -> None:
    (tmp_path / "leads.db.key").write_text(served.KEY.hex())
    database = make.a_database(tmp_path / "leads.db")
    campaign = make.a_kept_campaign(database, make.an_account(database))
    jane = {"fields": {"name": "Jane", "email": EMAIL}}
    make.leads(database, campaign, [jane] * LEADS)
    database.close()
    random, between = make.seeded(time.time_ns()), set[int]()
    for _ in range(KILLS):
        run, before = command(tmp_path), len(erased(tmp_path))
        # It is killed when it has begun to erase, and not while it is imported.
        while run.poll() is None and len(erased(tmp_path)) == before:
            time.sleep(0.005)
        time.sleep(random.random() * 0.02)
        run.kill()
        run.wait()
        between.add(len(erased(tmp_path)))
    assert between & {*range(1, LEADS)}
    assert command(tmp_path).wait(60) == 0
    assert erased(tmp_path) == [*range(1, LEADS + 1)]
    lines = (tmp_path / "leads.db.erasures").read_text().splitlines()
    assert {json.loads(line)["lead_id"] for line in lines} == {*range(1, LEADS + 1)}
    assert EMAIL.encode() not in (tmp_path / "leads.db").read_bytes()
