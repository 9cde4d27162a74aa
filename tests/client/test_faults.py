"""Every fault of the network, met by both clients: mended, or told as what it is."""

import pytest

from leadwell.client import (
    NEVER,
    HubError,
    RateLimited,
    Retry,
    Unavailable,
    UnexpectedAnswer,
)
from leadwell.client.errors import ForeignLink, Redirected
from leadwell.testing import FAULTS, Fault, FaultServer, Reply, faults
from tests.client.conftest import LEADS, url_of
from tests.client.twins import QUICK, TWINS, Twin
from tests.served import Served

TOLD: dict[Fault, type[HubError]] = {
    faults.RATE_LIMITED: RateLimited,
    faults.RATE_LIMITED_SILENTLY: RateLimited,
    faults.INTERNAL_ERROR: Unavailable,
    faults.BAD_GATEWAY: Unavailable,
    faults.UNAVAILABLE: Unavailable,
    faults.RESET: Unavailable,
    faults.HUNG_UP: Unavailable,
    faults.RESET_WITHIN: Unavailable,
    faults.SHORT: Unavailable,
    faults.SLOW: Unavailable,
    faults.SILENT: Unavailable,
    faults.CUT_JSON: UnexpectedAnswer,
    faults.EMPTY: UnexpectedAnswer,
    faults.OTHER_SHAPE: UnexpectedAnswer,
    faults.WRONG_TYPE: UnexpectedAnswer,
    faults.PAGE_FOR_PEOPLE: UnexpectedAnswer,
    faults.CUT_GZIP: UnexpectedAnswer,
    faults.SPOILT_GZIP: UnexpectedAnswer,
    faults.FOREIGN_NEXT: ForeignLink,
    faults.REDIRECTED: Redirected,
    faults.REDIRECTED_IN_A_CIRCLE: Redirected,
}
LASTING = (faults.FOREIGN_NEXT, faults.REDIRECTED, faults.REDIRECTED_IN_A_CIRCLE)
PASSING = [fault for fault in FAULTS if fault not in LASTING]
HANGING = (faults.SLOW, faults.SILENT)


def wait_s(fault: Fault) -> float:
    """A time-out that a busy machine keeps, unless the fault is to meet it."""
    return 0.3 if fault in HANGING else 20


each_twin = pytest.mark.parametrize("twin", TWINS)


def named(fault: Fault) -> str:
    return fault.name


def test_every_fault_is_asked() -> None:
    assert list(TOLD) == list(FAULTS)


@each_twin
@pytest.mark.parametrize("fault", PASSING, ids=named)
def test_a_fault_that_passes_is_not_noticed(
    read_hub: Served, fault: Fault, twin: Twin
) -> None:
    with FaultServer(url_of(read_hub)) as server:
        # The first page, the schema, and then the second page goes wrong on its way.
        server.plan(None, None, fault)
        client = twin(server.url, read_hub.token, timeout_s=wait_s(fault))
        found = client.leads(per_page=10)
        assert [lead.id for lead in found] == list(range(1, LEADS + 1))
        assert server.is_played
        assert len(server.requests) == 5 or fault in HANGING


@each_twin
@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_a_fault_is_told_as_what_it_is(
    read_hub: Served, fault: Fault, twin: Twin
) -> None:
    with FaultServer(url_of(read_hub)) as server:
        server.plan(fault)
        hub = twin(server.url, read_hub.token, retry=NEVER, timeout_s=wait_s(fault))
        with pytest.raises(TOLD[fault]) as caught:
            hub.leads(per_page=10)
        assert type(caught.value) is TOLD[fault]
        assert read_hub.token not in repr(caught.value) + str(caught.value)
        assert caught.value.hint or caught.value.problem_document
        assert len(server.requests) == 1


@each_twin
@pytest.mark.parametrize("fault", LASTING, ids=named)
def test_what_waiting_does_not_mend_is_told_at_once(
    read_hub: Served, fault: Fault, twin: Twin
) -> None:
    with FaultServer(url_of(read_hub)) as server:
        server.plan(*[fault] * 9)
        with pytest.raises(UnexpectedAnswer, match=r"attacker|/v2/|127|another"):
            twin(server.url, read_hub.token).leads(per_page=10)
        assert len(server.requests) == 1


@each_twin
def test_patience_ends_after_eight_tries(read_hub: Served, twin: Twin) -> None:
    with FaultServer(url_of(read_hub)) as server:
        server.plan(*[faults.BAD_GATEWAY] * 20)
        with pytest.raises(Unavailable) as caught:
            twin(server.url, read_hub.token).do("digest")
        assert len(server.requests) == 8
        assert caught.value.status == 502


@each_twin
def test_a_hub_that_starts_late_is_waited_for(read_hub: Served, twin: Twin) -> None:
    met: list[HubError] = []
    with FaultServer(url_of(read_hub)) as server:

        def told(error: HubError, pause_s: float) -> None:
            assert pause_s > 0
            met.append(error)
            if len(met) == 3:
                server.listen()

        server.refuse()
        retry = Retry(first_s=0.001, longest_s=0.01, on_pause=told)
        hub = twin(server.url, read_hub.token, retry=retry)
        assert hub.do("digest").count == LEADS
    assert [error.status for error in met] == [None] * 3
    where = server.url.partition("//")[2].partition("/")[0]
    told = f"the hub cannot be reached at {where}"
    assert all(told in error.message for error in met)


@each_twin
@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_asked_again(
    read_hub: Served, status: int, twin: Twin
) -> None:
    with FaultServer(url_of(read_hub)) as server:
        server.plan(*[faults.status(status)] * 2)
        assert twin(server.url, read_hub.token).do("digest").count == LEADS
        assert len(server.requests) == 3


@each_twin
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 412, 422])
def test_what_is_refused_is_not_asked_again(
    read_hub: Served, status: int, twin: Twin
) -> None:
    with FaultServer(url_of(read_hub)) as server:
        # Whatever stands before a hub may refuse without a problem document.
        server.plan(faults.status(status, b"<h1>No</h1>"))
        with pytest.raises(HubError) as caught:
            twin(server.url, read_hub.token).do("digest")
        assert caught.value.status == status
        assert len(server.requests) == 1


@each_twin
@pytest.mark.parametrize("after", ["1", lambda: faults.until(2)])
def test_the_hub_says_how_long_to_wait(
    read_hub: Served, after: object, twin: Twin
) -> None:
    text = after() if callable(after) else str(after)
    pauses: list[float] = []
    retry = Retry(first_s=0.001, on_pause=lambda _, pause_s: pauses.append(pause_s))
    with FaultServer(url_of(read_hub)) as server:
        server.plan(faults.problem(429, "rate_limited", retry_after=text))
        assert twin(server.url, read_hub.token, retry=retry).do("digest").count
        assert 0.5 < pauses[0] <= 2


@each_twin
def test_nobody_waits_for_a_day(read_hub: Served, twin: Twin) -> None:
    with FaultServer(url_of(read_hub)) as server:
        server.plan(faults.problem(503, "unavailable", retry_after="86400"))
        with pytest.raises(Unavailable) as caught:
            twin(server.url, read_hub.token).do("digest")
        assert caught.value.retry_after_s == 86_400
        assert len(server.requests) == 1


@each_twin
def test_the_token_is_never_sent_to_another_host(read_hub: Served, twin: Twin) -> None:
    with FaultServer(lambda _: Reply.json({})) as other:

        def elsewhere(exchange: faults.Exchange) -> None:
            place = f"http://127.0.0.1:{other.url.rpartition(':')[2]}/v2/campaigns"
            reply = exchange.true_reply().with_headers(link=f'<{place}>; rel="next"')
            exchange.send(reply)

        def away(exchange: faults.Exchange) -> None:
            exchange.send(Reply(301, {"location": other.url}))

        for play in (elsewhere, away):
            with FaultServer(url_of(read_hub)) as server:
                server.plan(Fault("away", "to another port", play))
                with pytest.raises(UnexpectedAnswer):
                    twin(server.url, read_hub.token, retry=QUICK).leads(per_page=10)
        assert other.requests == []
