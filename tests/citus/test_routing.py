"""What is asked often goes to one part of one machine, and commits in one phase."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leadwell.api.hub import Hub
from leadwell.server.auditing import Auditor
from leadwell.store import tokens
from leadwell.store.audit import cutting
from leadwell.store.audit.chain import Chain
from leadwell.store.connection import Connection
from leadwell.store.hubs import spending
from leadwell.store.privacy import erasing
from leadwell.store.uploads import shared
from tests import make
from tests.citus.issued import SHARD, Issued
from tests.writer import Office, Writer

pytestmark = pytest.mark.citus

HOT: dict[str, Callable[[Writer], Any]] = {
    "a page": lambda w: w.get("?per_page=2"),
    "a later page": lambda w: w.get("?per_page=1&page=3"),
    "a filter": lambda w: w.get("?source=partner-west&status=new"),
    "one lead": lambda w: w.get("/1"),
    "the feed": lambda w: w.get("/changes"),
    "the digest": lambda w: w.get("/digest"),
    "an export": lambda w: w.get("/export?_format=ndjson"),
    "a new lead": lambda w: w.add("new", source="partner-west"),
    "a known lead": lambda w: w.add("known-1", source="partner-north"),
    "a change": lambda w: w.change(1, {"fields": {"name": "John Doe"}}),
    "a batch": lambda w: w.batch(*({"fields": {"name": f"B{n}"}} for n in range(5))),
    "a removal": lambda w: w.remove(2),
}


WRITES = ("a new lead", "a known lead", "a change", "a batch", "a removal")
Watch = Callable[[Callable[[], Any]], Issued]


@pytest.mark.parametrize("name", HOT)
def test_a_request_is_answered_by_one_machine(
    name: str, fresh: Writer, office: Office, watched: Watch
) -> None:
    answered: list[Any] = []
    issued = watched(lambda: answered.append(HOT[name](fresh)))
    (answer,) = answered
    assert isinstance(answer, dict) or answer.status_code in {200, 201, 204}
    assert issued.shards, "nothing was asked of a worker"
    assert len(issued.nodes) == 1, issued.statements
    if name in WRITES:
        assert not issued.is_two_phase, issued.statements
    assert len(issued.places(office.database)) == 1, issued.statements


def test_a_machine_is_asked_for_little_while_nothing_happens_there(
    fresh: Writer, office: Office, watched: Watch
) -> None:
    def page() -> int:
        issued = watched(lambda: fresh.get("?per_page=2")).statements
        return sum(SHARD.search(sql) is not None for sql, _ in issued)

    for _ in range(3):
        fresh.get("?per_page=2")
    # Whether anything has happened, and the leads.
    assert page() == 2
    fresh.change(1, {"fields": {"name": "John Doe"}})
    assert page() > 2
    (lead, _) = fresh.get("?per_page=2").json()["data"]
    assert lead["fields"]["name"] == "John Doe"


def written(hub: Hub, job: Callable[[Connection], Any]) -> None:
    hub.database.write(job).result()


def erase(hub: Hub) -> None:
    file = Path(tempfile.mkdtemp()) / "erasures"
    asked = erasing.Asked([b"a person"], "operator", file)
    job = partial(erasing.erase, campaign_id=362, leads=[1, 2], asked=asked, now=1)
    written(hub, job)


def forget_upload(hub: Hub) -> None:
    for part, data in enumerate((b"data", b"")):
        written(hub, lambda c: shared.add(c, 362, "a.csv", part, data))  # noqa: B023
    hub.database.read(lambda c: shared.find(c, 362, "a.csv", 0))
    assert hub.database.read(lambda c: shared.is_whole(c, 362, "a.csv"))
    written(hub, lambda c: shared.let_go(c, 362, "a.csv"))


BESIDE: dict[str, Callable[[Hub], Any]] = {
    "the audit log": lambda hub: Auditor(hub).finish(),
    "old rows of it": lambda hub: written(
        hub, lambda c: cutting.cut(c, Chain(362, 1), 2 * make.us(make.MIDNIGHT), 1)
    ),
    "the erasure of a person": erase,
    "an upload": forget_upload,
    "a rate": lambda hub: written(hub, lambda c: spending.add(c, {b"reader": 1_000})),
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_is_done_beside_requests_writes_to_one_machine(
    name: str, fresh: Writer, anew: Hub, office: Office, watched: Watch
) -> None:
    if name == "old rows of it":
        Auditor(anew).finish()
    fresh.get()
    issued = watched(lambda: BESIDE[name](anew))
    writes = issued.writes
    assert writes.statements, "nothing was written by a worker"
    assert len(writes.nodes) == 1, writes.statements
    assert len(writes.places(office.database)) == 1, writes.statements
    assert not issued.is_two_phase, issued.statements


READ: dict[str, Callable[[Connection], Any]] = {
    "a part of an upload": lambda c: shared.find(c, 362, "a.csv", 0),
    "whose leads were erased": lambda c: erasing.find_erased(
        c, make.a_campaign(), [b"a person"]
    ),
    "when a token's scope changed": lambda c: tokens.ended(
        c, 362, "nobody", 1, make.MIDNIGHT
    ),
    "where the audit log was cut": lambda c: cutting.find(c, Chain(362, 1)),
    "whether it is long": lambda c: cutting.is_due(c, Chain(362, 1), 0),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read_beside_them_is_read_of_one_machine(
    name: str, fresh: Writer, anew: Hub, office: Office, watched: Watch
) -> None:
    del fresh
    issued = watched(lambda: anew.database.read(READ[name]))
    assert len(issued.nodes) == 1, issued.statements
    assert len(issued.places(office.database)) == 1, issued.statements
