"""Writing to a real hub, where answers get lost."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from leadwell.client import Choice, Conflict, NotFound, QuestionRefused, Unavailable
from leadwell.errors import MalformedValue
from leadwell.testing import Fault, FaultServer, faults
from tests import served
from tests.client.conftest import url_of
from tests.client.twins import TWINS, Awaiting, Blocking, Twin

LOSING = (faults.SHORT, faults.RESET_WITHIN, faults.CUT_JSON, faults.PAGE_FOR_PEOPLE)
"""Faults after which nobody knows whether the hub has done what was asked."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[served.Served]:
    folder: Path = tmp_path_factory.mktemp("written")
    started = served.a_hub(folder, served.a_folder(folder))
    yield started
    started.stop()


@pytest.fixture(params=TWINS)
def twin(request: pytest.FixtureRequest, hub: served.Served) -> Blocking | Awaiting:
    kind: Twin = request.param
    return kind(url_of(hub), hub.token)


def test_what_is_written_is_read_back_with_its_types(twin: Blocking) -> None:
    fields = {
        "name": "Jane Doe",
        "source": Choice("website", "as it was read"),
        "tags": ["a", "c"],
        "price": Decimal("1200.50"),
        "follow-up": date(2025, 2, 21),
        "visit_at": datetime(2025, 2, 21, 7, tzinfo=UTC),
    }
    made = twin.do("create", fields, status="won", assigned_person=1)
    assert made["source"] == Choice("website", "Our website")
    assert made["tags"] == (Choice("a", "A"), Choice("c", "C"))
    assert {n: made[n] for n in ("price", "follow-up", "visit_at")} == {
        n: fields[n] for n in ("price", "follow-up", "visit_at")
    }
    changed = twin.do("update", made.id, {"price": None}, assigned_person=None)
    assert (changed["price"], changed.assigned_person) == (None, None)
    assert (changed.version, changed.status) == (2, Choice("won", "Won"))
    twin.do("delete", made.id)
    with pytest.raises(NotFound):
        twin.do("lead", made.id)


def test_a_change_can_be_bound_to_what_was_read(twin: Blocking) -> None:
    made = twin.do("create", {"name": "Jane Doe"})
    twin.do("update", made.id, {"budget": 1}, if_version=1)
    for name, given in (("update", ({"budget": 2},)), ("delete", ())):
        with pytest.raises(Conflict) as caught:
            twin.do(name, made.id, *given, if_version=1)
        assert caught.value.code == "precondition_failed"


def test_two_leads_are_merged(twin: Blocking) -> None:
    goes = twin.do("create", {"name": "Jane", "budget": 7})
    stays = twin.do("create", {"name": "Jane Doe"})
    assert twin.do("merge", goes.id, into=stays.id)["budget"] == 7


def test_a_batch_tells_what_became_of_each(twin: Blocking) -> None:
    leads = [{"fields": {"name": "A"}}, {"fields": {"email": "nobody"}}]
    one, other = twin.do("batch", leads)
    assert (one.index, one.status, one.lead["name"]) == (0, 201, "A")
    assert one.is_written
    assert (other.index, other.status, other.lead) == (1, 422, None)
    pointers = {each.pointer for each in other.problems}
    assert pointers == {"/fields/name", "/fields/email"}
    with pytest.raises(QuestionRefused) as caught:
        twin.do("batch", leads, atomic=True)
    assert all(p.pointer.startswith("/leads/1/") for p in caught.value.problems)


def test_a_lead_that_breaks_the_schema_says_where(twin: Blocking) -> None:
    with pytest.raises(QuestionRefused) as caught:
        twin.do("create", {"name": "Jane", "budget": "much"}, status="nw")
    assert caught.value.status == 422
    pointers = {each.pointer for each in caught.value.problems}
    assert pointers == {"/status", "/fields/budget"}


def test_what_json_cannot_say_is_refused_before_it_is_sent(twin: Blocking) -> None:
    naive = datetime(2025, 2, 21)  # noqa: DTZ001 - what is refused
    for value in (naive, object()):
        with pytest.raises(MalformedValue):
            twin.do("create", {"name": "Jane", "visit_at": value})


@pytest.mark.parametrize("kind", TWINS)
@pytest.mark.parametrize("fault", LOSING, ids=lambda fault: fault.name)
def test_a_write_whose_answer_is_lost_is_done_once(
    hub: served.Served, fault: Fault, kind: Twin
) -> None:
    with FaultServer(url_of(hub)) as server:
        client = kind(server.url, hub.token)
        before = client.do("digest").count
        server.plan(fault, fault)
        made = client.do("create", {"name": "Jane"})
        keys = {sent.headers.get("idempotency-key") for sent in server.requests[1:4]}
        assert len(keys) == 1
        assert client.do("digest").count == before + 1
        server.plan(fault)
        client.do("batch", [{"fields": {"name": "A"}}, {"fields": {"name": "B"}}])
        assert client.do("digest").count == before + 3
        server.plan(fault)
        client.do("update", made.id, {"budget": 5})
        assert client.do("lead", made.id).version == 2
        if fault is faults.PAGE_FOR_PEOPLE:
            # The others spoil a body, which a deletion has none of.
            server.plan(fault)
        client.do("delete", made.id)
        assert client.do("digest").count == before + 2


@pytest.mark.parametrize("kind", TWINS)
def test_a_delete_whose_answer_is_lost_is_no_error(
    hub: served.Served, kind: Twin
) -> None:
    def lost(exchange: faults.Exchange) -> None:
        exchange.true_reply()
        exchange.reset()

    with FaultServer(url_of(hub)) as server:
        client = kind(server.url, hub.token)
        made = client.do("create", {"name": "Jane"})
        server.plan(Fault("lost", "done, but the answer is lost", lost))
        client.do("delete", made.id)
        assert [sent.method for sent in server.requests[-2:]] == ["DELETE"] * 2


@pytest.mark.parametrize("kind", TWINS)
def test_a_key_of_ones_own_holds_across_clients(hub: served.Served, kind: Twin) -> None:
    key = f"order-77-{kind.__name__}"
    first = kind(url_of(hub), hub.token).do("create", {"name": "Jane"}, key=key)
    again = kind(url_of(hub), hub.token).do("create", {"name": "Jane"}, key=key)
    assert first.id == again.id
    with pytest.raises(QuestionRefused) as caught:
        kind(url_of(hub), hub.token).do("create", {"name": "Joe"}, key=key)
    assert caught.value.code == "idempotency_key_reused"


@pytest.mark.parametrize("kind", TWINS)
def test_a_hub_that_stays_away_is_told(hub: served.Served, kind: Twin) -> None:
    with FaultServer(url_of(hub)) as server:
        client = kind(server.url, hub.token)
        with server.refusing(), pytest.raises(Unavailable) as caught:
            client.do("create", {"name": "Jane"})
    assert caught.value.status is None
