"""An erased lead is gone everywhere, and everyone who held it is told."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leadwell.errors import LeadNotFound, Refused
from leadwell.store import figures, readers
from leadwell.store.connection import Database
from leadwell.store.engines.sqlite import SQLiteDatabase
from leadwell.store.writes import erasing, erasures, history
from tests import make
from tests.mirror import Mirror

MARKER = "Zebulon Quixote"


def erase(database: Database, campaign, lead_id: int) -> None:
    database.write(
        lambda c: erasing.erase(c, campaign, lead_id, now=make.us(make.MIDNIGHT) + 1)
    ).result()


def contents(database: Database) -> str:
    """Every row of every table, as text."""
    schema = (Path(erasing.__file__).parents[1] / "schema.sql").read_text("utf-8")
    names = [line.split()[2] for line in schema.splitlines() if "CREATE TABLE" in line]
    with database.reading() as connection:
        tables = {
            name: connection.rows(f"SELECT * FROM {name}")  # noqa: S608 - a known name
            for name in names
        }
    return repr(tables)


def write(client, token: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return client.request(
        method, f"/v2/campaigns/362/leads{path}", json=body, headers=headers
    )


@pytest.fixture
def writer(database, account, campaign) -> str:
    return make.a_token(database, account, campaign, may_write=True)


def test_nothing_of_an_erased_lead_is_left_in_any_table(
    client, writer, database, campaign
) -> None:
    body = {"fields": {"name": MARKER, "email": "zq@example.com"}, "external_id": "zq"}
    assert write(client, writer, "POST", "", body).status_code == 201
    write(client, writer, "PATCH", "/1", {"fields": {"project-notes": MARKER}})
    write(client, writer, "PATCH", "/1", {"fields": {"name": "Someone"}})
    assert MARKER in contents(database)
    erase(database, campaign, 1)
    left = contents(database)
    assert MARKER not in left
    assert "zq" not in left
    assert write(client, writer, "GET", "/1").status_code == 404


def test_a_lead_goes_with_all_that_was_merged_into_it(
    client, writer, database, account, campaign
) -> None:
    fields = {"name": MARKER, "source": "partner-west"}
    for _ in range(3):
        write(client, writer, "POST", "", {"fields": fields})
    mirror = Mirror(client, make.a_token(database, account, campaign))
    mirror.follow()
    for one, into in ((1, 2), (2, 3)):
        write(client, writer, "POST", f"/{one}/merge", {"into": into})
    write(client, writer, "PATCH", "/3", {"fields": {"name": "Someone"}})
    with database.reading() as connection:
        with pytest.raises(Refused, match="was merged into lead 2"):
            erasing.check_not_merged(connection, 362, 1)
        erasing.check_not_merged(connection, 362, 3)
    erase(database, campaign, 3)
    assert MARKER not in contents(database)
    mirror.follow()
    assert mirror.copy == {}
    assert mirror.reasons.count("erased") == 3
    with database.reading() as connection:
        assert all(erasing.is_erased(connection, 362, each) for each in (1, 2, 3))
        erasing.check_not_merged(connection, 362, 1)


def test_nothing_of_an_erased_lead_is_left_in_any_file(
    client, writer, database, campaign, tmp_path: Path
) -> None:
    write(client, writer, "POST", "", {"fields": {"name": MARKER}})

    def places() -> list[str]:
        files = [path for path in tmp_path.rglob("leads.db*") if path.is_file()]
        return [path.name for path in files if MARKER.encode() in path.read_bytes()]

    if isinstance(database, SQLiteDatabase):
        assert places()
    erase(database, campaign, 1)
    assert database.empty_log()
    assert places() == []


def test_every_reader_that_ever_held_it_is_told(
    client, writer, database, account, campaign
) -> None:
    west = make.a_token(database, account, campaign, "source=partner-west")
    north = make.a_token(database, account, campaign, "source=partner-north")
    fields = {"name": MARKER, "source": "partner-west"}
    write(client, writer, "POST", "", {"fields": fields})
    mirrors = [Mirror(client, token) for token in (writer, west, north)]
    for mirror in mirrors:
        mirror.follow()
    # It leaves the scope of west, which had it all the same.
    write(client, writer, "PATCH", "/1", {"fields": {"source": "website"}})
    for mirror in mirrors:
        mirror.follow()
    erase(database, campaign, 1)
    for mirror in mirrors:
        mirror.follow()
    assert mirrors[0].reasons == ["erased"]
    assert mirrors[1].reasons == ["left_scope", "erased"]
    assert mirrors[2].reasons == []
    assert mirrors[0].copy == {}


def test_receipts_name_who_had_it_and_who_knows(
    client, writer, database, account, campaign
) -> None:
    west = make.a_token(database, account, campaign, "source=partner-west", name="West")
    north = make.a_token(database, account, campaign, "source=partner-north")
    every = make.a_token(database, account, None, name="BI")
    fields = {"name": MARKER, "source": "partner-west"}
    write(client, writer, "POST", "", {"fields": fields})
    mirror = Mirror(client, west)
    mirror.follow()
    erase(database, campaign, 1)

    def found() -> dict[str, bool]:
        with database.reading() as connection:
            listed = readers.receipts(connection, campaign, 1)
        return {each.lineage: each.confirmed_at is not None for each in listed}

    # Made after the erasure: it cannot have received the lead.
    moment = make.MIDNIGHT + timedelta(days=1)
    make.a_token(database, account, None, name="Late", created_at=moment)
    ids = [text.split("_")[1] for text in (writer, west, every)]
    assert found() == dict.fromkeys(ids, False)
    assert north.split("_")[1] not in found()
    mirror.follow()
    # It has been told; that it has stored that, it says with the next cursor.
    mirror.follow()
    until = time.monotonic() + 10
    # What a reader has confirmed is noted beside its answers.
    while not found()[ids[1]]:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert found()[ids[2]] is False


def test_who_only_looks_confirms_no_erasure(
    client, writer, database, account, campaign
) -> None:
    write(client, writer, "POST", "", {"fields": {"name": MARKER}})
    mirror = Mirror(client, make.a_token(database, account, campaign))
    mirror.follow()
    erase(database, campaign, 1)
    for switch in ("0", "false"):
        mirror.step(_confirm=switch)
        mirror.step(_confirm=switch)
    assert mirror.reasons == ["erased"]
    # What was noted beside an answer would be there now.
    make.settle(database)
    with database.reading() as connection:
        (*_, read) = readers.receipts(connection, campaign, 1)
        assert read.confirmed_at is None
    mirror.step(_confirm="1")
    make.settle(database)
    with database.reading() as connection:
        found = readers.receipts(connection, campaign, 1)
        assert [each.confirmed_at is not None for each in found].count(True) == 1


def test_a_deleted_lead_can_be_erased_and_twice_is_once(
    client, writer, database, campaign
) -> None:
    write(client, writer, "POST", "", {"fields": {"name": MARKER}})
    write(client, writer, "DELETE", "/1")
    assert MARKER in contents(database)
    erase(database, campaign, 1)
    erase(database, campaign, 1)
    assert MARKER not in contents(database)
    with database.reading() as connection:
        assert history.find(connection, 362, 1) == []
    with pytest.raises(LeadNotFound):
        erase(database, campaign, 99)


def test_a_restored_database_erases_again_what_the_file_names(
    client, writer, database, campaign, tmp_path: Path
) -> None:
    write(client, writer, "POST", "", {"fields": {"name": MARKER}})
    file = tmp_path / "leads.erasures"
    assert erasures.replay(file, database, 1) == 0
    erasures.note(file, [erasing.Erasure(362, each, 5) for each in (1, 77)])
    # A power cut can leave half of a line, of an erasure that was not committed.
    with file.open("a") as torn:
        torn.write('{"campaign_id":36')
    assert erasures.replay(tmp_path / "missing", database, 1) == 0
    erasures.note(file, [erasing.Erasure(999, 1, 5)])
    assert len(file.read_text().splitlines()) == 3
    with file.open("a") as torn:
        torn.write('{"campaign_id":36')
    assert erasures.replay(file, database, 1) == 1
    assert erasures.replay(file, database, 1) == 0
    assert MARKER not in contents(database)
    assert json.loads(file.read_text().splitlines()[0])["lead_id"] == 1


def test_erasures_of_several_campaigns_at_once_are_all_noted(tmp_path: Path) -> None:
    file, leads = tmp_path / "leads.erasures", range(200)
    with ThreadPoolExecutor(8) as several:
        for each in leads:
            several.submit(erasures.note, file, [erasing.Erasure(362, each, 5)])
    noted = sorted(
        json.loads(each)["lead_id"] for each in file.read_text().splitlines()
    )
    assert noted == [*leads]


def test_a_start_costs_no_write_for_what_is_erased_already(
    client, writer, database, campaign, tmp_path: Path
) -> None:
    file = tmp_path / "leads.erasures"
    for number in range(1, 21):
        write(client, writer, "POST", "", {"fields": {"name": f"{MARKER} {number}"}})
    leads = [erasing.Erasure(362, each, 5) for each in range(1, 21)]
    erasures.note(file, [*leads, erasing.Erasure(362, 99, 5)])
    assert erasures.replay(file, database, 1) == 20
    writes = figures.WRITES.collect()[0].samples[0].value
    assert erasures.replay(file, database, 1) == 0
    assert figures.WRITES.collect()[0].samples[0].value == writes


@pytest.mark.parametrize("torn", [1, 4_095, 4_096, 20_000])
def test_what_is_noted_stands_behind_the_last_whole_line(
    tmp_path: Path, torn: int
) -> None:
    file = tmp_path / "leads.erasures"
    for number in range(100):
        erasures.note(file, [erasing.Erasure(362, number, 5)])
    # A disk that lost power may leave a length without what was written there.
    with file.open("ab") as cut_off:
        cut_off.write(bytes(torn))
    erasures.note(file, [erasing.Erasure(362, 100, 5)])
    assert erasures.named(file) == {362: set(range(101))}
    only_torn = tmp_path / "torn.erasures"
    only_torn.write_bytes(bytes(torn))
    erasures.note(only_torn, [erasing.Erasure(362, 1, 5)])
    assert erasures.named(only_torn) == {362: {1}}
