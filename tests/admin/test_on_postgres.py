"""What two people do at once, on the database where they truly do."""

import threading
from collections.abc import Callable

import pytest

from leadwell.admin.importing.running import Run
from leadwell.api.hub import Hub
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.importing import State
from leadwell.model.user import Role
from leadwell.store import campaigns
from leadwell.store.connection import Connection, Database
from leadwell.store.people import users
from leadwell.store.uploads import jobs
from tests import make
from tests.admin.conftest import Sit
from tests.admin.test_schema import hidden
from tests.admin.uploads import ROWS, bodies, upload
from tests.desk import Desk, text_of
from tests.forms import form_of

LEAD = "/campaigns/362/leads/1"
WAIT_S = 20.0


@pytest.fixture(scope="session")
def engine() -> str:
    return "postgres"


def at_once(*jobs_: Callable[[], object]) -> None:
    """Do all of it in threads of their own, and wait for their ends."""
    threads = [threading.Thread(target=job) for job in jobs_]
    for each in threads:
        each.start()
    for each in threads:
        each.join(WAIT_S)
        assert not each.is_alive()


def test_two_who_edit_the_same_lead_overwrite_nothing(
    sit: Sit, desk: Desk, database: Database, campaign: Campaign
) -> None:
    people = [desk, sit(Role.MEMBER, campaign)]
    with database.reading() as connection:
        campaign = campaigns.known(connection, campaign.id)
    make.a_lead(database, campaign, fields={"name": "Before"})
    forms = [form_of(each.get(LEAD), LEAD) for each in people]
    answers: dict[int, int] = {}

    def save(place: int) -> None:
        form = forms[place] | {"v.name": f"Name {place}"}
        answers[place] = people[place].submit(LEAD, form).status_code

    at_once(lambda: save(0), lambda: save(1))
    assert sorted(answers.values()) == [200, 412]
    first = min(answers, key=lambda place: answers[place])
    (held,) = bodies(desk, campaign)
    assert held["fields"]["name"] == f"Name {first}"
    assert held["metadata"]["version"] == 2


def test_forms_of_two_campaigns_let_the_same_member_into_both(
    sit: Sit, desk: Desk, hub: Hub, account: Account, campaign: Campaign
) -> None:
    other = make.a_kept_campaign(hub.database, account, id=363, slug="other")
    member = sit(Role.MEMBER)
    both = [f"/campaigns/{each.id}/settings" for each in (campaign, other)]
    ticked = {"open": str(member.user.person_id)}
    forms = [ticked | {"opened": hidden(desk.get(at), "opened")} for at in both]

    def save(place: int) -> None:
        assert "Saved." in text_of(
            desk.submit(f"{both[place]}/people", dict(forms[place]))
        )

    at_once(lambda: save(0), lambda: save(1))
    with hub.database.reading() as connection:
        kept = users.known(connection, member.user.email).user
    assert kept.campaigns == {campaign.id, other.id}


def test_rows_that_a_loader_writes_at_this_moment_are_taken_back(
    desk: Desk, campaign: Campaign
) -> None:
    one, hub = upload(desk, campaign.id, ROWS), desk.hub
    one.do("check")
    campaign_id, import_id = campaign.id, int(one.path.rpartition("/")[2])
    with hub.database.reading() as connection:
        job = jobs.known(connection, campaign_id, import_id)
    held = hub.database.write(
        lambda c: jobs.begin(c, job, {job.state}, State.LOADING, hub.moment)
    ).result()
    loader = Run(hub, held, desk.user.person_id)
    holding, go = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        campaigns.hold(connection, campaign_id)
        holding.set()
        assert go.wait(WAIT_S)

    waiting = hub.database.write(hold)
    assert holding.wait(WAIT_S)
    # The loader and the undo both wait for the campaign now, in whatever order.
    thread = threading.Thread(target=loader)
    thread.start()
    desk.submit(one.path, {"do": "stop"})
    begun = threading.Thread(target=lambda: one.do("undo"))
    begun.start()
    go.set()
    waiting.result()
    for each in (thread, begun):
        each.join(WAIT_S)
        assert not each.is_alive()
    hub.works.settle()
    assert bodies(desk, campaign) == []
    with hub.database.reading() as connection:
        assert jobs.known(connection, campaign_id, import_id).state is State.UNDONE
