"""Every fault, met by every destination at every request: nothing lost or doubled.

A cell of the matrix is one fault that meets one request of a first copy: once, where
trying again mends it; then for as long as the client tries, so that the run fails; and
then no more. After each run that says it is done, the copy is what the hub says.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leadwell.cli.pull.report import Outcome, Report
from leadwell.cli.pull.sync import Copying
from leadwell.client import Leadwell, Retry
from leadwell.sync import asking
from leadwell.sync.any_service.choosing import Origin
from leadwell.sync.destinations import DESTINATIONS, named
from leadwell.sync.pulling import Wanted
from leadwell.sync.verifying import verify
from leadwell.testing import FAULTS, LIES, Fault, FaultServer, faults
from tests import postgres
from tests.certificates import a_context
from tests.copying import Bench, a_bench

LEADS = 24
PAGE = 10
REQUESTS = {"first look": 0, "first page": 1, "schema": 2, "second page": 3}
"""Of a first copy, in their order; a later one need not find out what is there."""
TRIES = 2
HANGING = (faults.SLOW, faults.SILENT)
UNNOTICED = (*LIES, faults.FOREIGN_NEXT)
"""Nothing fails by these: the feed asks for the next page by its cursor."""
CODE = {
    faults.REVOKED: 3,
    **dict.fromkeys(UNNOTICED, 0),
    # Not what the API answers: no scheduler need try that again.
    **dict.fromkeys((faults.REDIRECTED, faults.REDIRECTED_IN_A_CIRCLE), 1),
    **dict.fromkeys((faults.CUT_JSON, faults.EMPTY, faults.OTHER_SHAPE), 1),
    **dict.fromkeys((faults.WRONG_TYPE, faults.PAGE_FOR_PEOPLE), 1),
    **dict.fromkeys((faults.CUT_GZIP, faults.SPOILT_GZIP), 1),
}
"""What a run ends with that meets the fault at each try; else 75, run again."""
UNPROVEN = {(faults.LYING, REQUESTS["second page"]): 5}
"""Lies that meet the last page too, whose count proves the copy."""
EVERY = (*FAULTS, *LIES, faults.REVOKED)
PASSING = [
    fault
    for fault in EVERY
    if fault not in (faults.REVOKED, faults.REDIRECTED, faults.REDIRECTED_IN_A_CIRCLE)
]
each_scheme = pytest.mark.parametrize("scheme", list(DESTINATIONS))


@dataclass
class Stand:
    """A hub, and a server between it and the copies, which plays the faults."""

    bench: Bench
    server: FaultServer

    def pull(
        self, to: str, wait_s: float = 20.0, url: str = "", **wanted: Any
    ) -> Outcome:
        """Pull once, as `leadwell sync` does, less patiently."""
        report = Report("json")
        retry = Retry(
            tries_max=TRIES, first_s=0.001, longest_s=0.002, on_pause=report.pause
        )
        address = f"{url or self.server.url}/v2/campaigns/362"
        with Leadwell(
            address, self.bench.hub.token, retry=retry, timeout_s=wait_s
        ) as hub:
            copying = Copying(Origin(hub, address, retry), named(to), report)
            return copying.pulled(Wanted(**wanted))

    def check(self, to: str) -> None:
        """Compare the copy with the hub: each lead is there once, in its version."""
        with Leadwell(self.bench.url, self.bench.hub.token) as hub:
            listed = hub.campaign().leads(per_page=1000)
            expected = sorted((x.id, x.raw["metadata"]["version"]) for x in listed)
            assert verify(hub.campaign(), named(to)).is_exact
        copy = named(to).look()
        assert copy is not None
        with copy:
            assert sorted(copy.held()) == expected
        scheme, _, place = to.partition(":")
        if scheme == "ndjson":
            lines = Path(place).read_text("utf-8").splitlines()
            ids = sorted(json.loads(line)["id"] for line in lines)
            assert ids == [lead_id for lead_id, _ in expected]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    bench = a_bench(tmp_path_factory.mktemp("hub"), leads=LEADS)
    with FaultServer(f"http://127.0.0.1:{bench.hub.port}") as server:
        yield Stand(bench, server)
    bench.hub.kill()


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PAGE_LEADS", PAGE)


def logged(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    err = capfd.readouterr().err
    return [json.loads(line) for line in err.splitlines()]


def cell(
    stand: Stand, to: str, fault: Fault, place: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """Meet one fault at one request."""
    wait_s = 0.2 if fault in HANGING else 20.0
    before: list[Fault | None] = [None] * place
    if fault in PASSING:
        stand.server.plan(*before, fault)
        outcome = stand.pull(to, wait_s)
        assert (outcome.code, stand.server.is_played) == (0, True), outcome
        failed = [x for x in logged(capfd) if x["event"] == "request_failed"]
        assert bool(failed) == (fault not in UNNOTICED)
        stand.check(to)
        before = before[1:]
    stand.server.plan(*before, *[fault] * TRIES)
    outcome = stand.pull(to, wait_s, full=True)
    expected = UNPROVEN.get((fault, place), CODE.get(fault, 75))
    assert outcome.code == expected, outcome
    events = logged(capfd)
    if fault not in UNNOTICED:
        assert events[-1]["event"] == "failed"
        assert events[-1]["message"]
        assert events[-1]["exit_code"] == outcome.code
    assert stand.bench.hub.token not in json.dumps(events)
    stand.server.plan()
    assert stand.pull(to).code == 0
    stand.check(to)


def place_of(folder: Path, scheme: str) -> str:
    """A place where nothing is; a destination that is no file is named here."""
    place = folder / uuid.uuid4().hex
    if scheme == "postgresql":
        return postgres.server().made(place, "empty")
    return f"{scheme}:{place}"


def test_every_fault_is_in_the_matrix() -> None:
    assert set(CODE) <= set(EVERY)
    assert len({fault.name for fault in EVERY}) == len(EVERY) == 28


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.name)
def test_a_fault_loses_and_doubles_nothing(
    stand: Stand, tmp_path: Path, fault: Fault, capfd: pytest.CaptureFixture[str]
) -> None:
    place = REQUESTS["second page"]
    cell(stand, place_of(tmp_path, "sqlite"), fault, place, capfd)


@pytest.mark.proof
@each_scheme
def test_every_fault_at_every_request(
    stand: Stand, tmp_path: Path, scheme: str, capfd: pytest.CaptureFixture[str]
) -> None:
    cells = 0
    for place in REQUESTS.values():
        for fault in EVERY:
            cell(stand, place_of(tmp_path, scheme), fault, place, capfd)
            cells += 1
    with capfd.disabled():
        told = f"{len(EVERY)} faults at {len(REQUESTS)} requests"
        print(f"{scheme}: {told}, {cells} cells, 0 lost, 0 doubled")  # noqa: T201


@each_scheme
def test_a_hub_that_refuses_connections_is_told_and_gone_on_with(
    stand: Stand, tmp_path: Path, scheme: str, capfd: pytest.CaptureFixture[str]
) -> None:
    to = place_of(tmp_path, scheme)
    stand.server.plan()
    with stand.server.refusing():
        assert stand.pull(to).code == 75
    assert "cannot be reached" in logged(capfd)[-1]["message"]
    assert stand.pull(to).code == 0
    stand.check(to)


@each_scheme
def test_a_page_that_changes_between_requests_loses_nothing(
    stand: Stand, tmp_path: Path, scheme: str
) -> None:
    to = place_of(tmp_path, scheme)

    def edited(exchange: faults.Exchange) -> None:
        gone = stand.bench.add(name="Gone")
        stand.bench.ask("PATCH", "/1", {"status": "won"})
        stand.bench.ask("PATCH", "/1", {"status": "new"})
        stand.bench.ask("DELETE", f"/{gone}")
        exchange.send(exchange.true_reply())

    stand.server.plan(*[Fault("edited", "leads are edited meanwhile", edited)] * 4)
    assert stand.pull(to).code == 0
    assert stand.pull(to).code == 0
    stand.check(to)


def test_a_schema_that_changes_in_the_middle_is_followed(
    stand: Stand, tmp_path: Path
) -> None:
    places = {scheme: place_of(tmp_path, scheme) for scheme in DESTINATIONS}
    for number, to in enumerate(places.values()):

        def widened(exchange: faults.Exchange, number: int = number) -> None:
            database = f"sqlite:///{stand.bench.folder / 'leads.db'}"
            field = ("field", "add", f"extra-{number}", "--type", "text")
            added = stand.bench.run(
                *field, "--campaign", "362", "--yes", "--database", database
            )
            assert added.code == 0, added.err
            exchange.send(exchange.true_reply())

        stand.server.plan(None, None, Fault("widened", "a field is added", widened))
        assert stand.pull(to).code == 0
        assert stand.server.is_played
    stand.bench.ask("PATCH", "/1", {"fields": {"extra-0": "told"}})
    for to in places.values():
        assert stand.pull(to).code == 0
        stand.check(to)
    text = Path(places["ndjson"].partition(":")[2]).read_text("utf-8")
    assert '"extra-0":"told"' in text.replace(" ", "")


@each_scheme
def test_an_expired_certificate_is_told_and_leaves_nothing(
    stand: Stand, tmp_path: Path, scheme: str, capfd: pytest.CaptureFixture[str]
) -> None:
    to = place_of(tmp_path, scheme)
    with FaultServer(
        f"http://127.0.0.1:{stand.bench.hub.port}", tls=a_context(tmp_path, days=-1)
    ) as server:
        outcome = stand.pull(to, url=server.url)
        assert server.requests == []
    assert outcome.code == 75
    assert "no safe connection" in logged(capfd)[-1]["message"]
    copy = named(to).look()
    if copy is not None:
        with copy:
            assert copy.state() is None
