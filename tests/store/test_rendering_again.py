"""Labels that changed: stored leads are rendered again, and no reader is told."""

import pytest

from leadwell.schema.parts import Kind, Name
from leadwell.store import accounts, campaigns, feed
from leadwell.store.connection import Connection
from leadwell.store.writes import chores, parts
from tests import make

LEAD = {"fields": {"name": "Jane", "source": "website"}}


@pytest.fixture
def small_chunks(monkeypatch) -> None:
    monkeypatch.setattr(chores, "CHUNK", 4)


def shown(database) -> list[tuple[int, bool]]:
    """The schema's version that each lead is stored in, and whether it shows ZZZ."""
    with database.reading() as connection:
        rows = connection.rows("SELECT schema_version, body FROM lead ORDER BY id")
    return [(row[0], b"ZZZ" in bytes(row[1])) for row in rows]


def finish(database, campaign) -> int:
    """Do all that waits; return in how many chunks."""

    def job(connection: Connection) -> bool:
        return chores.work(connection, campaigns.known(connection, campaign.id), now=0)

    count = 1
    while database.write(job).result():
        count += 1
    return count


def head(database, campaign) -> int:
    with database.reading() as connection:
        return feed.head(connection, campaign.id).seq


@pytest.mark.usefixtures("small_chunks")
def test_a_new_label_is_stored_with_every_lead(database, campaign) -> None:
    make.leads(database, campaign, [LEAD] * 10)
    before, version = head(database, campaign), campaign.schema_version
    name = Name(Kind.OPTION, "website", "source")
    database.write(lambda c: parts.relabel(c, campaign.id, name, "ZZZ")).result()
    assert shown(database) == [(version, False)] * 10
    with database.reading() as connection:
        assert not chores.is_pending(connection, campaign.id, 0)
        assert chores.remaining(connection, campaign.id) == 10
    assert finish(database, campaign) == 3
    assert shown(database) == [(version + 1, True)] * 10
    assert head(database, campaign) == before


@pytest.mark.usefixtures("small_chunks")
def test_a_label_that_changes_again_meanwhile_is_stored(database, campaign) -> None:
    make.leads(database, campaign, [LEAD] * 10)
    name = Name(Kind.OPTION, "website", "source")

    def one(connection: Connection) -> bool:
        return chores.work(connection, campaigns.known(connection, campaign.id), now=0)

    database.write(lambda c: parts.relabel(c, campaign.id, name, "YYY")).result()
    assert database.write(one).result()
    database.write(lambda c: parts.relabel(c, campaign.id, name, "ZZZ")).result()
    finish(database, campaign)
    assert shown(database) == [(campaign.schema_version + 2, True)] * 10


def test_a_new_person_has_the_leads_of_each_campaign_stored_again(
    database, account, campaign
) -> None:
    other = make.a_kept_campaign(database, account, id=363, slug="other")
    for each in (campaign, other):
        make.leads(database, each, [{"fields": {"name": "Jane"}}] * 3)
    database.write(lambda c: accounts.add_person(c, account, "Bo")).result()
    for each in (campaign, other):
        finish(database, each)
    assert {version for version, _ in shown(database)} == {campaign.schema_version + 1}
