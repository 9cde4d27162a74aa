"""OWASP API10, unsafe consumption of APIs: the client takes a hub for a stranger.

Whoever is asked may be somebody else: a page of a hotel's network, a hub that was taken
over, an address that another one has got meanwhile.
"""

import gzip
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from leadwell.client import NEVER, HubError, Leadwell
from leadwell.client.errors import Redirected, UnexpectedAnswer
from leadwell.client.wire import answer, arriving
from leadwell.client.wire.address import Address
from leadwell.testing import FaultServer, Reply, Request
from tests.attacks.place import Patch, Plant

TOKEN = "lw_00000001_0000000000000000000000000000000000000000001"
PAGE = {
    "data": [],
    "pagination": {"page": 1, "per_page": 500, "total": 9, "total_pages": 2},
}

SMALL = 2_000_000
"""An answer that is too large, where the limit is set so low."""
Trick = Callable[[Patch], None]


def asked(serve: Callable[[Request], Reply]) -> Exception | None:
    """Ask a hub that answers so for all campaigns; what the client made of it."""
    with FaultServer(serve) as server, Leadwell(server.url, TOKEN, retry=NEVER) as hub:
        try:
            for _ in hub.campaigns():
                pass
        except Exception as error:
            return error
    return None


def a_small_answer_that_unpacks_to_a_large_one(patch: Patch) -> None:
    patch.setattr(arriving, "ANSWER_BYTES_MAX", SMALL)
    bomb = gzip.compress(b" " * 50 * SMALL)
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    tracemalloc.start()
    try:
        error = asked(lambda _: Reply(200, headers, bomb))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(error, HubError)
    assert most < 10 * SMALL


def the_token_is_not_carried_elsewhere(_: Patch) -> None:
    with FaultServer(lambda _: Reply.json({"data": []})) as other:
        place = f"{other.url}/v2/campaigns"
        onward = Reply.json(PAGE).with_headers(link=f'<{place}>; rel="next"')
        for reply in (Reply(307, {"location": place}), onward):
            error = asked(lambda _, reply=reply: reply)
            assert isinstance(error, Redirected | UnexpectedAnswer)
        assert other.requests == []


def what_is_no_answer_of_a_hub_is_not_taken_for_one(_: Patch) -> None:
    deep = b"[" * 200_000
    as_json = {"content-type": "application/json"}
    for reply in (
        Reply(200, {"content-type": "text/html"}, json.dumps(PAGE).encode()),
        Reply(200, as_json, deep),
        Reply(200, as_json, b'{"data": ' + deep + b"}"),
        Reply(200, as_json, b'{"data": [{"id": 1e400}]}'),
        Reply(200, as_json, b"\xff\xfe"),
        Reply(200, as_json, b'[{"data": []}]'),
        Reply(200, as_json, b"null"),
    ):
        error = asked(lambda _, reply=reply: reply)
        assert isinstance(error, HubError), reply.body[:20]


def answers_of_any_size(patch: Patch) -> None:
    patch.setattr(arriving.Incoming, "fault_of", _taken)


def _taken(self: Any, chunk: bytes, _: float) -> None:
    self._chunks.append(chunk)


def wherever_it_leads(patch: Patch) -> None:
    patch.setattr(Address, "onward", lambda _self, _here, link: link)


def anything_for_json(patch: Patch) -> None:
    honest = answer.decoded

    def decoded(given: Any, kind: Any) -> Any:
        headers = {**given.headers, "content-type": "application/json"}
        as_json = answer.Answer(given.status, headers, given.body, given.received_at)
        return honest(as_json, kind)

    for module in ("leadwell.client.calls.reading", "leadwell.client.calls.access"):
        patch.setattr(f"{module}.decoded", decoded, raising=False)
    patch.setattr(answer, "decoded", decoded)


TRICKS: dict[Any, list[Plant]] = {
    a_small_answer_that_unpacks_to_a_large_one: [answers_of_any_size],
    the_token_is_not_carried_elsewhere: [wherever_it_leads],
    what_is_no_answer_of_a_hub_is_not_taken_for_one: [anything_for_json],
}
PLANTED = [
    pytest.param(trick, plant, id=f"{trick.__name__}-{plant.__name__}")
    for trick, plants in TRICKS.items()
    for plant in plants
]


@pytest.mark.parametrize("trick", TRICKS, ids=lambda each: each.__name__)
def test_a_hub_that_is_none_gains_nothing(trick: Trick, monkeypatch: Patch) -> None:
    trick(monkeypatch)


@pytest.mark.parametrize(("trick", "plant"), PLANTED)
def test_it_would_be_found(trick: Trick, plant: Plant, monkeypatch: Patch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        trick(monkeypatch)
