import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from threading import Event

import pytest
from structlog.testing import capture_logs

from leadwell.api.hub import Hub
from leadwell.client.wire.signing import key_of
from leadwell.errors import Unavailable
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign
from leadwell.model.hook import PAUSES_S, Hook, secret_of
from leadwell.model.token import public_id_of
from leadwell.model.user import Role
from leadwell.server.outgoing import ringing, sending
from leadwell.server.outgoing.ringing import Ringer
from leadwell.server.outgoing.sending import networks_of
from leadwell.store import campaigns, tokens
from leadwell.store.connection import Connection
from leadwell.store.outgoing import hooks
from leadwell.testing import FaultServer, Reply, Request
from tests import make
from tests.admin.conftest import Sit
from tests.desk import Desk, text_of
from tests.receiving import signature

HERE = networks_of("127.0.0.0/8,::1/128")


@dataclass
class Receiver:
    """Somebody's automation: keeps what it is sent."""

    requests: list[Request] = field(default_factory=list)
    status: int = 204
    answers: Event = field(default_factory=Event)
    """Set when it answers; before, it only takes requests in."""

    def __post_init__(self) -> None:
        self.answers.set()

    def __call__(self, request: Request) -> Reply:
        self.requests.append(request)
        assert self.answers.wait(10)
        return Reply(self.status)

    @property
    def told(self) -> list[dict[str, str]]:
        return [json.loads(request.body)["data"] for request in self.requests]


@dataclass
class House:
    """A campaign with a token, a webhook of it, and who receives."""

    desk: Desk
    token: str
    receiver: Receiver
    url: str
    path: str
    look: Callable[[], None]

    def page(self) -> str:
        return text_of(self.desk.get(self.path))


def told(ringer: Ringer, pool: Executor) -> None:
    """Look once, and wait until all that is due is told."""
    for each in ringer.look(pool):
        each.result()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def house(
    desk: Desk, hub: Hub, account: Account, campaign: Campaign, receiver: Receiver
) -> Iterator[House]:
    token = make.a_token(hub.database, account, campaign, "source=partner-west")
    ringer = Ringer(hub, HERE)
    with FaultServer(receiver) as server, ThreadPoolExecutor(2) as pool:
        page = desk.post(
            f"/campaigns/{campaign.id}/webhooks",
            url=f"{server.url}/hook?a=1",
            token=public_id_of(token),
            id="Abcd1234",
        )
        assert page.status_code == 200, text_of(page)
        yield House(
            desk, token, receiver, server.url, page.url.path, lambda: told(ringer, pool)
        )


def a_lead(house: House, campaign: Campaign, source: str = "partner-west") -> int:
    database = house.desk.hub.database
    with database.reading() as connection:
        campaign = campaigns.known(connection, campaign.id)
    return make.a_lead(database, campaign, fields={"source": source}).id


def read(house: House, url: str) -> list[int]:
    headers = {"Authorization": f"Bearer {house.token}", "Accept": "*/*"}
    answer = house.desk.client.get(url, headers=headers).json()
    return [entry["id"] for entry in answer["data"]]


def test_news_are_told_with_where_to_read_them(
    house: House, campaign: Campaign
) -> None:
    house.look()
    assert house.receiver.requests == []
    a_lead(house, campaign, "partner-north")
    house.look()
    assert house.receiver.requests == []
    first = a_lead(house, campaign)
    house.look()
    house.look()
    (told,) = house.receiver.told
    assert read(house, told["url"]) == [first]
    second = a_lead(house, campaign)
    house.look()
    assert read(house, house.receiver.told[1]["url"]) == [second]
    assert "works" in house.page()


def test_a_message_is_signed_and_holds_nothing_of_a_lead(
    house: House, campaign: Campaign, hub: Hub
) -> None:
    a_lead(house, campaign)
    house.look()
    (request,) = house.receiver.requests
    key = key_of(secret_of(hub.key, 362, "Abcd1234"))
    named, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    content = f"{named}.{at}.".encode() + request.body
    assert request.headers["webhook-signature"] == signature(key, content)
    assert b"Jane" not in request.body
    assert "authorization" not in request.headers
    assert request.target == "/hook?a=1"
    assert secret_of(hub.key, 362, "Abcd1234") in house.desk.get(house.path).text
    # Who takes the id for a webhook of another campaign learns another secret.
    assert secret_of(hub.key, 363, "Abcd1234") not in house.desk.get(house.path).text


def test_it_is_tried_for_three_days_and_then_given_up(
    house: House, campaign: Campaign, clock: make.Clock
) -> None:
    house.receiver.status = 500
    a_lead(house, campaign)
    house.look()
    house.look()
    assert len(house.receiver.requests) == 1
    assert "failing since" in house.page()
    for pause in PAUSES_S:
        clock.now += timedelta(seconds=pause + 1)
        house.look()
    assert len(house.receiver.requests) == 1 + len(PAUSES_S)
    assert len({r.headers["webhook-id"] for r in house.receiver.requests}) == 1
    # The session has ended meanwhile.
    house.desk = Desk.of(house.desk.hub, house.desk.client, house.desk.user)
    assert "given up" in house.page()
    clock.now += timedelta(days=9)
    house.look()
    assert len(house.receiver.requests) == 1 + len(PAUSES_S)
    house.receiver.status = 200
    house.desk = Desk.of(house.desk.hub, house.desk.client, house.desk.user)
    house.desk.post(house.path, action="on")
    house.look()
    assert house.receiver.told[-1] == house.receiver.told[0]
    assert "works" in house.page()


def test_a_test_is_sent_when_nothing_is_new_and_is_not_repeated(house: House) -> None:
    house.receiver.status = 404
    house.desk.post(house.path, action="test")
    house.look()
    house.look()
    (request,) = house.receiver.requests
    assert json.loads(request.body)["type"] == "test"
    page = house.page()
    assert "404 it answered 404" in page
    assert "works" in page


def test_a_message_can_be_sent_again(house: House, campaign: Campaign) -> None:
    lead = a_lead(house, campaign)
    house.look()
    page = house.desk.get(house.path)
    message = re.search('name="message" value="(.*?)"', page.text)
    assert message
    house.desk.post(house.path, action="again", message=message[1])
    house.look()
    assert house.receiver.told[0] == house.receiver.told[1]
    assert read(house, house.receiver.told[1]["url"]) == [lead]
    missing = house.desk.post(house.path, action="again", message="msg_none")
    assert missing.status_code == 404


def test_who_may_no_longer_read_is_told_nothing(
    house: House, campaign: Campaign, hub: Hub
) -> None:
    a_lead(house, campaign)
    public_id = public_id_of(house.token)
    hub.database.write(lambda c: _revoke(c, public_id, hub)).result()
    house.look()
    assert house.receiver.requests == []


def _revoke(connection: Connection, public_id: str, hub: Hub) -> None:
    token = replace(tokens.known(connection, public_id), revoked_at=hub.clock())
    tokens.change(connection, token, hub.moment)


def test_one_of_several_processes_takes_a_message_on(
    house: House, campaign: Campaign, hub: Hub
) -> None:
    a_lead(house, campaign)
    ringers = [Ringer(hub, HERE) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        news = [ringer._due() for ringer in ringers]
        for ringer, found in zip(ringers, news, strict=True):
            list(pool.map(ringer._tell, found))
    assert len(house.receiver.requests) == 1


def test_a_campaign_that_fails_keeps_no_other_one_waiting(
    house: House, campaign: Campaign, hub: Hub
) -> None:
    # Its token is gone, as if the database had been mended by hand.
    for number in range(1, 5):
        broken = Hook(number, "Abcd1234", "Line0001", house.url, make.MIDNIGHT, 0, "c")
        hub.database.write(partial(hooks.add, hook=broken)).result()
    ringer = Ringer(hub, HERE)
    a_lead(house, campaign)
    with ThreadPoolExecutor(1) as pool, capture_logs() as logs:
        told(ringer, pool)
        assert house.receiver.requests == []
        # Those that failed come last from now on.
        told(ringer, pool)
    assert len(house.receiver.requests) == 1
    failed = [x["campaign_id"] for x in logs if x["event"] == "webhooks_failed"]
    assert failed == [1, 2, 3, 4, 1, 2]


def test_webhooks_of_other_campaigns_are_told_when_not_all_can_be_asked(
    house: House, campaign: Campaign, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    ringer = Ringer(hub, HERE)
    with ThreadPoolExecutor(1) as pool:
        told(ringer, pool)
        a_lead(house, campaign)
        # What Citus says of a statement that needs a machine that is away.
        away = Unavailable("the database is away", hint="try again")
        monkeypatch.setattr(hooks, "campaigns_due", raising(away))
        told(ringer, pool)
        assert len(house.receiver.requests) == 1
        with pytest.raises(Unavailable):
            Ringer(hub, HERE).look(pool)


def raising(error: Exception) -> Callable[..., None]:
    def away(*_: object) -> None:
        raise error

    return away


def test_a_receiver_that_answers_slowly_keeps_nobody_waiting(
    house: House, campaign: Campaign, hub: Hub
) -> None:
    house.receiver.answers.clear()
    a_lead(house, campaign)
    ringer, quick = Ringer(hub, HERE), Receiver()
    with FaultServer(quick) as server, ThreadPoolExecutor(2) as pool:
        (slow,) = ringer.look(pool)
        house.desk.post(
            f"/campaigns/{campaign.id}/webhooks",
            url=f"{server.url}/hook",
            token=public_id_of(house.token),
            id="Quick123",
        )
        a_lead(house, campaign)
        (other,) = ringer.look(pool)
        other.result(10)
        assert len(quick.requests) == 1
        assert not slow.done()
        house.receiver.answers.set()
        slow.result(10)
    house.look()
    assert [each["campaign_id"] for each in house.receiver.told] == [campaign.id] * 2


def test_who_stops_waits_for_what_is_on_its_way_alone(
    house: House, campaign: Campaign, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ringing, "AT_ONCE", 2)
    for number in range(10):
        house.desk.post(
            f"/campaigns/{campaign.id}/webhooks",
            url=f"{house.url}/hook",
            token=public_id_of(house.token),
            id=f"Further{number}",
        )
    house.receiver.answers.clear()
    a_lead(house, campaign)
    ringer = Ringer(hub, HERE, look_every_s=0.01)
    ringer.start()
    while len(house.receiver.requests) < 2:
        time.sleep(0.01)
    with ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(ringer.stop)
        while not ringer._stopping.is_set():
            time.sleep(0.01)
        house.receiver.answers.set()
        stopped.result(10)
    assert len(house.receiver.requests) == 2
    # The others are told by whoever runs next.
    house.look()
    assert len(house.receiver.requests) == 11


def test_a_webhook_is_switched_off_and_removed(
    house: House, campaign: Campaign
) -> None:
    house.desk.post(house.path, action="off")
    assert "switched off" in house.page()
    a_lead(house, campaign)
    house.look()
    assert house.receiver.requests == []
    assert house.desk.post(house.path, action="explode").status_code == 400
    page = house.desk.post(house.path, action="remove")
    assert page.url.path == f"/campaigns/{campaign.id}/webhooks"
    assert house.desk.get(house.path).status_code == 404


def test_a_form_sent_twice_makes_one(house: House, campaign: Campaign) -> None:
    path = f"/campaigns/{campaign.id}/webhooks"
    again = {"url": house.url, "token": public_id_of(house.token), "id": "Abcd1234"}
    assert house.desk.submit(path, again).status_code == 200
    page = house.desk.get(path).text
    assert page.count("/webhooks/Abcd1234") == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"url": "ftp://example.com"}, "no address of a webhook"),
        ({"url": "https://"}, "no address of a webhook"),
        ({"url": "https://a:b@example.com"}, "holds a name or a password"),
        ({"url": "https://example.com/" + "x" * 2_000}, "no address of a webhook"),
        ({"token": "nobody"}, "no token is chosen"),
        ({"id": "../../x"}, "no token is chosen"),
        ({"id": "ÆØÅæøå12"}, "no token is chosen"),
    ],
)
def test_what_cannot_be_a_webhook_is_refused(
    house: House, campaign: Campaign, changed: dict[str, str], said: str
) -> None:
    given = {"url": house.url, "token": public_id_of(house.token), "id": "Efgh5678"}
    page = house.desk.submit(f"/campaigns/{campaign.id}/webhooks", given | changed)
    assert page.status_code == 422
    assert said in text_of(page)


def test_webhooks_are_for_administrators_of_the_campaign(
    house: House, sit: Sit, campaign: Campaign, account: Account, hub: Hub
) -> None:
    member = sit(Role.MEMBER, campaign)
    assert member.get(house.path).status_code == 403
    assert member.post(house.path, action="test").status_code == 403
    make.a_kept_campaign(hub.database, account, slug="other", id=363)
    other = house.path.replace(str(campaign.id), "363")
    assert house.desk.get(other).status_code == 404
    assert house.desk.post(other, action="remove").status_code == 404
    assert house.desk.get(house.path).status_code == 200


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://127.0.0.1/x", "its address is no public one"),
        ("https://[::ffff:10.1.2.3]/x", "LEADWELL_WEBHOOK_NETWORKS"),
        ("http://93.184.215.14/x", "has to with https"),
        ("https://93.184.215.14/x", ""),
        ("http://10.2.0.1/x", ""),
        ("https://nobody.invalid/x", ""),
    ],
)
def test_where_nothing_would_be_sent_is_refused_when_it_is_added(
    desk: Desk, hub: Hub, account: Account, campaign: Campaign, url: str, said: str
) -> None:
    token = make.a_token(hub.database, account, campaign)
    allowed = networks_of("10.2.0.0/16")
    hub.__dict__["check_receiver"] = partial(sending.check, allowed=allowed)
    path = f"/campaigns/{campaign.id}/webhooks"
    page = desk.post(path, url=url, token=public_id_of(token), id="Abcd1234")
    if not said:
        assert page.status_code == 200
        assert page.url.path == f"{path}/Abcd1234"
        return
    assert page.status_code == 422
    assert said in text_of(page)
    assert f'value="{url}"' in page.text
    assert desk.get(f"{path}/Abcd1234").status_code == 404
