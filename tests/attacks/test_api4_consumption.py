"""OWASP API4, unrestricted resource consumption: what one request may cost."""

import gzip
import json
import time
import zlib
from typing import Any

import pytest

from leadwell.api import body as bodies
from leadwell.api import tasks
from leadwell.api.entrance import limits
from leadwell.schema import querystring, question
from tests.attacks.place import (
    LIST,
    Attack,
    Patch,
    Place,
    Plant,
    named,
    succeeds,
    with_plants,
)

MOST_S = 10.0
"""Far more than any of these takes on a busy machine; an endless one takes for ever."""


def a_page_has_an_end(place: Place) -> None:
    for size in ("1001", "999999999", "-1", "0", "1e9", "9" * 400):
        answer = place.get(f"{LIST}?per_page={size}")
        assert answer.status_code == 400, size[:10]
    assert place.get(f"{LIST}?page={'9' * 30}").status_code == 400


def a_question_has_an_end(place: Place) -> None:
    many = "&".join(f"budget[gte]={number}" for number in range(200))
    long = f"source[in]={','.join(['partner-west'] * 600)}"
    for query in (many, f"name[contains]={'a' * 9_000}", long):
        started = time.perf_counter()
        answer = place.get(f"{LIST}?{query}")
        assert answer.status_code in {400, 414, 431}, query[:30]
        assert time.perf_counter() - started < MOST_S


def a_body_has_an_end(place: Place) -> None:
    deep = b'{"fields":' + b"[" * 200 + b"]" * 200 + b"}"
    deeper = b"[" * 400_000
    digits = b'{"fields":{"budget":' + b"9" * 5_000 + b"}}"
    large = json.dumps({"fields": {"name": "x" * 1_100_000}}).encode()
    for content, most in ((deep, 400), (deeper, 400), (digits, 422), (large, 413)):
        started = time.perf_counter()
        headers = {"Content-Type": "application/json"}
        answer = place.ask("POST", LIST, content=content, headers=headers)
        assert 400 <= answer.status_code <= most, content[:20]
        assert time.perf_counter() - started < MOST_S
    assert len(place.get(LIST, place.token()).json()["data"]) == 2


def a_body_is_not_unpacked(place: Place) -> None:
    """A megabyte that would be a gigabyte."""
    bomb = gzip.compress(b" " * 100_000_000)
    for coding, content in (
        *(("gzip", bomb), ("deflate", zlib.compress(b" " * 1_000_000))),
        *(("br", bomb), ("gzip, gzip", bomb), ("x-gzip", bomb)),
    ):
        headers = {"Content-Type": "application/json", "Content-Encoding": coding}
        answer = place.ask("POST", LIST, content=content, headers=headers)
        assert answer.status_code in {413, 415}, coding


def a_head_has_an_end(place: Place) -> None:
    many = {f"X-{number}": "x" for number in range(80)}
    assert place.get(LIST, headers=many).status_code == 431
    assert place.get(LIST, headers={"X": "x" * 20_000}).status_code == 431
    assert place.get(f"{LIST}?name={'x' * 9_000}").status_code == 414


def a_batch_has_an_end(place: Place) -> None:
    leads = [{"fields": {"name": "x"}}] * 1_001
    answer = place.ask("POST", f"{LIST}/batch", json={"leads": leads})
    assert answer.status_code == 422, answer.status_code
    assert len(place.get(LIST, place.token()).json()["data"]) == 2


def no_head_limits(patch: Patch) -> None:
    patch.setattr(limits, "check_head", lambda _scope, _limits: None)
    patch.setattr(limits, "bounded", _unbounded)


def _unbounded(receive: Any, _scope: Any, _limits: Any) -> Any:
    return receive


def pages_of_any_size(patch: Patch) -> None:
    patch.setattr(question, "PER_PAGE_MAX", 10**12)


def questions_of_any_length(patch: Patch) -> None:
    patch.setattr(querystring, "PARAMETERS_MAX", 10**6)
    patch.setattr(question, "VALUES_MAX", 10**6)
    no_head_limits(patch)


def batches_of_any_length(patch: Patch) -> None:
    patch.setattr(tasks, "BATCH_MAX", 10**6)


def bodies_of_any_depth(patch: Patch) -> None:
    patch.setattr(bodies, "_check_clean", lambda _given, _depth: None)
    patch.setattr(limits, "check_head", lambda _scope, _limits: None)
    patch.setattr(limits, "bounded", _unbounded)


def unpack_whatever_comes(patch: Patch) -> None:
    patch.setattr(bodies, "_check_declared", lambda _headers: None)


ATTACKS: dict[Attack, list[Plant]] = {
    a_page_has_an_end: [pages_of_any_size],
    a_question_has_an_end: [questions_of_any_length],
    a_body_has_an_end: [bodies_of_any_depth],
    a_body_is_not_unpacked: [unpack_whatever_comes],
    a_head_has_an_end: [no_head_limits],
    a_batch_has_an_end: [batches_of_any_length],
}


@pytest.mark.parametrize("attack", named(ATTACKS))
def test_one_request_costs_no_more_than_it_may(place: Place, attack: Attack) -> None:
    attack(place)


@pytest.mark.parametrize(("attack", "plant"), with_plants(ATTACKS))
def test_it_would_be_found(
    place: Place, attack: Attack, plant: Plant, monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    succeeds(attack, place)
