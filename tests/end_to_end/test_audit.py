"""The audit log of real processes: what a stop writes, and what a kill cannot take."""

from pathlib import Path

import pytest

from leadwell.store.audit import checking, finding, telling
from leadwell.store.audit.reporting import readings
from tests import make
from tests.served import a_folder, a_hub

LIST = "/v2/campaigns/362/leads"
READS = 40


@pytest.mark.proof
@pytest.mark.parametrize("engine", make.ENGINES)
def test_every_read_and_write_of_every_process_is_told(
    tmp_path: Path, engine: str
) -> None:
    token = a_folder(tmp_path, engine)
    hub = a_hub(tmp_path, token, workers=2, engine=engine)
    for number in range(READS):
        # A connection each time, so that both processes are asked.
        assert hub.get(f"{LIST}?per_page={number + 1}").status == 200
    hub.stop()
    hub = a_hub(tmp_path, token, engine=engine)
    given = {"fields": {"name": "Jane", "source": "partner-west"}}
    for _ in range(5):
        assert hub.request("POST", LIST, json=given).status_code == 201
    hub.kill()
    hub = a_hub(tmp_path, token, engine=engine)
    hub.stop()
    database = make.a_database_again(tmp_path / "leads.db", engine)
    with database.reading() as connection:
        chains = finding.heads(connection)
    for chain in chains:
        assert not checking.check(database, chain).faults
    told = [each for chain in chains for each in finding.walk(database, chain)]
    database.close()
    (reading,) = readings(told)
    assert reading.requests == reading.answered == READS
    rows = [telling.told(each) for each in told]
    created = [row["content"] for row in rows if row["what"] == "create"]
    # The first lead was there before any hub was.
    assert sum(each["revisions"] for each in created) == 6
    ended = [row["what"] for row in rows if row["kind"] == "log"]
    assert ended.count("started") == 4
    assert ended.count("stopped") == 3
