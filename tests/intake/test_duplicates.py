"""Files with rows of the same person, where the campaign asks for duplicates."""

from collections.abc import Callable
from pathlib import Path

import pytest

from leadwell.intake.loading import Load, Tally
from leadwell.intake.mapping import targets
from leadwell.intake.reading import open_rows
from leadwell.model.campaign import Campaign
from leadwell.schema import identity
from leadwell.store import campaigns
from leadwell.store.connection import Connection, Database
from leadwell.store.writes import parts
from tests import make

ROWS = """name,email,phone,external_id
Jane,jane@example.com,,
Jane D.,JANE@example.com,32123456,
Joe,joe@example.com,32123456,
Ann,ann@example.com,32999999,
Known,known@example.com,,k
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "leads.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


@pytest.fixture
def decided(database: Database, campaign: Campaign) -> Callable[[str], Campaign]:
    """A campaign with a policy, and leads of Ann and of somebody known."""

    def decide(policy: str) -> Campaign:
        def job(connection: Connection) -> Campaign:
            wanted = identity.decision(campaign, policy, None)
            parts.set_duplicates(connection, campaign.id, wanted)
            return campaigns.known(connection, campaign.id)

        found = database.write(job).result()
        make.a_lead(database, found, fields={"email": "ANN@example.com"})
        fields = {"email": "known@example.com"}
        make.a_lead(database, found, fields=fields, external_id="k")
        return found

    return decide


def load(database: Database, campaign: Campaign, path: Path, *, is_dry: bool) -> Tally:
    source = open_rows(path)
    whither = targets(campaign, source.columns, {})
    errors = path.with_name("errors.csv")
    job = Load(database, campaign, whither, lambda: 1, errors, is_dry=is_dry)
    return job.run(source, lambda _: None)


@pytest.mark.parametrize(
    ("policy", "foreseen"),
    [
        ("off", Tally(added=4, updated=1)),
        ("flag", Tally(added=4, updated=1, duplicates=3)),
        ("merge", Tally(added=1, updated=4, duplicates=3)),
        ("reject", Tally(added=2, updated=1, failed=2, duplicates=2)),
    ],
)
def test_a_rehearsal_counts_rows_of_the_same_person(
    database, decided, written, policy: str, foreseen: Tally
) -> None:
    campaign = decided(policy)
    assert load(database, campaign, written, is_dry=True) == foreseen


def test_rows_that_are_refused_stand_in_the_error_file(
    database, decided, written
) -> None:
    campaign = decided("reject")
    load(database, campaign, written, is_dry=True)
    told = written.with_name("errors.csv").read_text("utf-8-sig").splitlines()
    assert "a row before it has the same email; leave one of the two out" in told[1]
    assert "lead 1 has the same email" in told[2]
    tally = load(database, campaign, written, is_dry=False)
    # Nobody has Joe's number: the row that had it was refused, in the rehearsal too.
    assert tally == Tally(added=2, updated=1, failed=2)
    told = written.with_name("errors.csv").read_text("utf-8-sig").splitlines()
    assert "lead 3 has the same email" in told[1]
    # Once more: what is loaded is known, what was refused is refused again.
    again = load(database, campaign, written, is_dry=False)
    assert again == Tally(known=3, failed=2)


def test_rows_of_one_person_are_merged(database, decided, written) -> None:
    campaign = decided("merge")
    tally = load(database, campaign, written, is_dry=False)
    assert (tally.added, tally.failed) == (1, 0)
    assert load(database, campaign, written, is_dry=False) == Tally(known=5)
