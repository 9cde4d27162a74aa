"""Labels that changed: stored leads are rendered again, and no reader is told."""

import pytest

from leadwell.model.grant import Grant
from leadwell.model.query import Question
from leadwell.schema.parts import Kind, Name
from leadwell.store import accounts, campaigns, feed, leads
from leadwell.store.connection import Connection
from leadwell.store.writes import chores, parts, rows
from tests import make
from tests.watching import Spy

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


@pytest.mark.parametrize("per_page", [3, 10])
def test_all_leads_of_a_page_are_rendered_after_one_statement(
    database, campaign, per_page: int
) -> None:
    """However many of them are stored with an old label."""
    make.leads(database, campaign, [LEAD] * 10)
    name = Name(Kind.OPTION, "website", "source")
    database.write(lambda c: parts.relabel(c, campaign.id, name, "ZZZ")).result()
    database.write(lambda c: render_some(c, campaign.id, [2, 7])).result()
    with database.reading() as connection:
        known = campaigns.known(connection, campaign.id)
        query = Grant.of_operator(known).query(known, Question(per_page=per_page))
        by_sql = leads.find_page(connection, known, query)
        said: list[str] = []
        ids = list(range(1, per_page + 1))
        found = leads.find_bodies(Spy(connection, said), known, query, ids)
    assert found == list(by_sql.items)
    assert all(b"ZZZ" in body for body in found)
    assert len(said) == 2


def render_some(connection: Connection, campaign_id: int, ids: list[int]) -> None:
    known = campaigns.known(connection, campaign_id)
    found = [rows.find(connection, known, lead_id) for lead_id in ids]
    rows.render(connection, known, [lead for lead in found if lead])


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
