"""A copy of a plain service is right, whatever happens while it is read."""

import itertools
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import pytest

from leadwell.client import Unauthenticated, Unavailable
from leadwell.sync.any_service.profile import ARTICLE
from leadwell.sync.batches import Delivered
from leadwell.sync.errors import (
    OtherQuestion,
    TooManyRemovals,
    UnstableList,
)
from leadwell.sync.pulling import Wanted
from leadwell.testing import (
    FAULTS,
    Churn,
    Exchange,
    Fault,
    FaultServer,
    PlainServer,
    Reply,
    Request,
    faults,
)
from tests.elsewhere import TOKEN, Elsewhere
from tests.receiving import SECRET, Inbox, a_receiver

EDITS, DELETES = Churn(edits=5), Churn(deletes=1)
MIXED, WILD = Churn(5, 1, 1), Churn(20, 3, 3)
ORDERS = ("id", "updated_at", "-updated_at")
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
Start = Callable[[PlainServer], Elsewhere]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Puts a plain service behind a server."""
    servers: list[FaultServer] = []

    def started(plain: PlainServer) -> Elsewhere:
        servers.append(FaultServer(plain))
        return Elsewhere(plain, servers[-1], tmp_path / "l.db")

    yield started
    for each in servers:
        each.refuse()


def drifted(start: Start, order: Any, workers: int, churn: Churn, leads: int) -> None:
    """Pull while leads change, then once more when they do not."""
    place = start(PlainServer(leads, order, churn, per_page_max=100, seed=workers))
    place.pull(workers=workers)
    place.plain.calm()
    place.pull(workers=workers)
    place.check(ghosts=True)
    place.pull(workers=workers, reconcile=True, max_removals=leads)
    place.check()


@pytest.mark.parametrize(
    ("order", "workers", "churn"),
    [
        ("id", 16, MIXED),
        ("updated_at", 1, DELETES),
        ("updated_at", 4, MIXED),
        ("-updated_at", 16, MIXED),
    ],
)
def test_a_moving_list_is_copied_wholly(
    start: Start, order: str, workers: int, churn: Churn
) -> None:
    drifted(start, order, workers, churn, 1200)


@pytest.mark.proof
@pytest.mark.parametrize("churn", [EDITS, DELETES, MIXED, WILD], ids=repr)
@pytest.mark.parametrize("workers", [1, 4, 16])
@pytest.mark.parametrize("order", ORDERS)
def test_every_way_to_move_is_copied_wholly(
    start: Start, order: str, workers: int, churn: Churn
) -> None:
    drifted(start, order, workers, churn, 4000)


@pytest.mark.parametrize("order", ORDERS)
def test_a_plain_loop_loses_what_the_walk_does_not(start: Start, order: Any) -> None:
    """Or the tests above would prove nothing."""
    place = start(PlainServer(1200, order, Churn(deletes=2), per_page_max=100))
    read: set[int] = set()
    for page in itertools.count(1):
        url = f"{place.url}/leads?per_page=100&page={page}"
        with urlopen(url) as answer:  # noqa: S310 - our own
            leads = json.load(answer)["data"]
        read |= {lead["id"] for lead in leads}
        if not leads:
            break
    assert place.plain.held.keys() - read


@pytest.mark.parametrize(
    "envelope", ["pagination", "meta", "paginator", "data", "array"]
)
def test_every_envelope_is_recognised(start: Start, envelope: Any) -> None:
    place = start(PlainServer(450, envelope=envelope, per_page_max=100))
    summary = place.pull()
    place.check()
    assert summary.guarantees
    names = ("service", "reading", "per_page")
    said = {name: summary.guarantees[name] for name in names}
    assert said == {"service": envelope, "reading": "exact", "per_page": 100}
    assert place.pull().requests == 1


@pytest.mark.parametrize("envelope", ["data", "array"])
def test_a_short_list_that_grows_past_its_page_is_not_cut(
    start: Start, envelope: Any
) -> None:
    """Where nothing tells a whole list from a page that was made smaller."""
    place = start(PlainServer(40, envelope=envelope, per_page_max=100))
    place.pull()
    for _ in range(300):
        place.plain.add()
    place.pull()
    place.check()


def test_a_page_that_is_refused_is_asked_smaller(start: Start) -> None:
    place = start(PlainServer(450, per_page_max=100, refuses_large=True))
    assert place.pull().guarantees["per_page"] == 100  # type: ignore[index]
    place.check()


def test_nothing_new_is_one_request_and_changes_nothing(start: Start) -> None:
    place = start(PlainServer(100))
    place.pull()
    place.plain.edit(7)
    assert (place.pull().tally.changed, place.pull().tally.changed) == (1, 0)
    summary = place.pull()
    assert (summary.requests, summary.tally.total) == (1, 0)


def test_pages_of_a_fixed_size_are_read_again_and_called_best_effort(
    start: Start,
) -> None:
    place = start(PlainServer(330, fixed_size=25))
    summary = place.pull()
    assert summary.guarantees
    assert summary.guarantees["reading"] == "best_effort"
    assert "best effort" in summary.guarantees["words"]
    place.plain.delete(17)
    place.plain.edit(18)
    place.pull(reconcile=True)
    place.check()


def test_a_service_that_takes_days_is_asked_for_days(start: Start) -> None:
    place = start(PlainServer(500, takes="days"))
    summary = place.pull()
    assert summary.guarantees
    assert summary.guarantees["changes"].startswith("updated_after, 129600 s")
    place.plain.edit(3)
    asked = len(place.server.requests)
    assert place.pull().tally.changed == 1
    (request,) = place.server.requests[asked:]
    assert "T" not in request.target.partition("updated_after=")[2]
    place.check()


@pytest.mark.parametrize("service", [{"takes": "nothing"}, {"has_date": False}])
def test_a_service_without_a_way_to_ask_for_changes_is_read_wholly(
    start: Start, service: dict[str, Any]
) -> None:
    place = start(PlainServer(300, **service))
    assert place.pull().guarantees["changes"] == "everything, each time"  # type: ignore[index]
    place.plain.edit(3)
    place.pull()
    place.check()


def test_a_clock_that_is_ahead_is_told_and_asked_further_back(start: Start) -> None:
    place = start(PlainServer(300, clock_ahead_s=900))
    place.plain.edit(5)
    summary = place.pull()
    assert "after the service's own clock" in summary.notes[0]
    place.plain.edit(6)
    place.pull()
    place.check()
    asked = place.server.requests[-1].target.partition("updated_after=")[2]
    back = datetime.now(UTC) - datetime.fromisoformat(asked)
    assert back.total_seconds() >= 900


def test_a_stamp_far_ahead_does_not_stop_the_others(start: Start) -> None:
    place = start(PlainServer(30, clock_ahead_s=5 * 10**9))
    place.plain.edit(5)
    for _ in range(2):
        place.pull()
    place.check()
    asked = place.server.requests[-1].target.partition("updated_after=")[2]
    back = datetime.now(UTC) - datetime.fromisoformat(asked)
    assert back.days == 1


@pytest.mark.parametrize(
    "fault",
    [each for each in FAULTS if "redirected" not in each.name],
    ids=lambda each: each.name,
)
def test_no_fault_loses_a_lead(start: Start, fault: Fault) -> None:
    is_hanging = fault in (faults.SLOW, faults.SILENT)
    place = start(PlainServer(60, per_page_max=20))
    # What is asked first, what a page is found out by, and two windows of the walk.
    place.server.plan(None, fault, None, None, None, None, fault)
    place.pull(workers=4, timeout_s=0.2 if is_hanging else 20)
    place.check()


def repeats(which: int) -> Fault:
    """A fault that answers with the page that some earlier request has asked for."""

    def play(exchange: Exchange) -> None:
        page = exchange.request.target.partition("&per_page")[0]
        target = page.rpartition("=")[0] + f"={which}&per_page=20"
        exchange.send(PLAIN[0](replace(exchange.request, target=target)))

    return Fault("other_page", "the answer is to another question", play)


PLAIN: list[PlainServer] = []


def test_another_page_than_the_one_asked_for_is_no_answer(start: Start) -> None:
    place = start(PlainServer(200, per_page_max=20))
    PLAIN[:] = [place.plain]
    place.server.plan(*[None] * 6, repeats(1), None, repeats(9), None, repeats(2))
    place.pull(workers=1)
    place.check()
    assert place.server.is_played


def test_a_token_that_is_revoked_in_the_middle_keeps_what_was_read(
    start: Start,
) -> None:
    place = start(PlainServer(3000, per_page_max=100))
    place.server.plan(*[None] * 25, *[faults.status(401)] * 16)
    with pytest.raises(Unauthenticated):
        place.pull(workers=1)
    kept = place.rows("SELECT count(*) FROM leads")[0][0]
    assert kept >= 1000
    asked = len(place.server.requests)
    place.server.plan()
    place.pull(workers=1)
    place.check()
    # 33 windows in all, and one for what has changed.
    assert len(place.server.requests) - asked <= 34 - kept // 100


def test_a_hub_that_is_away_is_told_and_nothing_is_made(start: Start) -> None:
    place = start(PlainServer(10))
    place.server.plan(*[faults.INTERNAL_ERROR] * 8)
    with pytest.raises(Unavailable):
        place.pull()
    assert not place.path.exists()


def test_a_list_without_an_end_is_given_up(start: Start) -> None:
    place = start(PlainServer(1))
    place.server.refuse()

    def answer(request: Request) -> Reply:
        """Other leads each time."""
        numbers[0] += 10
        page = int(request.target.partition("page=")[2].partition("&")[0])
        size = int(request.target.rpartition("per_page=")[2].partition("&")[0])
        leads = [
            {"id": numbers[0] * 1000 + each, "updated_at": "2026-01-01T00:00:00Z"}
            for each in range(min(size, 10))
        ]
        pagination = {"page": page, "per_page": min(size, 10), "total": 10**6}
        return Reply.json({"data": leads, "pagination": pagination})

    numbers = [0]
    with FaultServer(answer) as server, pytest.raises(UnstableList):
        replace(place, server=server).pull(profile=replace(ARTICLE, schema=""))
    place.server.listen()


def test_a_lead_replaces_only_an_older_one(start: Start) -> None:
    """A replica that lags behind answers with what was true before."""
    place = start(PlainServer(1))
    lead: dict[str, Any] = {"id": 1}

    def answer(request: Request) -> Reply:
        del request
        head = {"page": 1, "per_page": 1000, "total": 1}
        reply = Reply.json({"data": [lead], "pagination": head})
        return reply.with_headers(date="Tue, 06 Jan 2026 00:00:00 GMT")

    with FaultServer(answer) as server:
        there = replace(place, server=server)
        profile = replace(ARTICLE, per_page_max=1000, schema="")
        notes = []
        told = [("05", "new"), ("03", "old"), ("05", "newer"), ("06", "6")]
        for updated, note in told:
            lead |= {"updated_at": f"2026-01-{updated}T00:00:00Z", "note": note}
            there.pull(profile=profile)
            notes += there.rows("SELECT note FROM leads")
        assert notes == [("new",), ("new",), ("newer",), ("6",)]
        lead |= {"updated_at": "2026-01-02T00:00:00Z", "note": "restored"}
        there.pull(Wanted(full=True), profile)
        assert there.rows("SELECT note FROM leads") == [("restored",)]


class TestReconcile:
    def test_more_than_a_few_are_refused_and_can_be_allowed(self, start: Start) -> None:
        place = start(PlainServer(400))
        place.pull()
        for lead_id in range(1, 151):
            place.plain.delete(lead_id)
        place.pull()
        with pytest.raises(TooManyRemovals, match="150 of the 400") as caught:
            place.pull(reconcile=True)
        assert "--max-removals 150" in caught.value.hint
        assert place.rows("SELECT count(*) FROM leads") == [(400,)]
        place.pull()
        assert place.pull(reconcile=True, max_removals=150).tally.removed == 150
        place.check()

    def test_a_full_run_is_bounded_too_unless_the_filter_is_another(
        self, start: Start
    ) -> None:
        place = start(PlainServer(400))
        place.pull()
        for lead_id in range(1, 151):
            place.plain.delete(lead_id)
        with pytest.raises(TooManyRemovals):
            place.pull(Wanted(full=True))
        with pytest.raises(OtherQuestion, match="no filter"):
            place.pull(Wanted("status=new"))
        assert place.pull(Wanted("status=new", full=True)).tally.removed == 150

    @pytest.mark.parametrize("has_single", [True, False])
    def test_where_leads_move_the_service_or_a_second_look_tells(
        self, start: Start, *, has_single: bool
    ) -> None:
        place = start(PlainServer(200, "-updated_at", has_single=has_single))
        place.pull()
        place.plain.delete(50)
        summary = place.pull(reconcile=True)
        assert summary.tally.removed == has_single
        assert bool(summary.notes) is not has_single
        assert place.pull(reconcile=True).tally.removed == (not has_single)
        place.check()

    def test_it_can_be_due_by_itself(self, start: Start) -> None:
        place = start(PlainServer(200))
        place.pull()
        place.plain.delete(50)
        place.pull(profile=replace(ARTICLE, reconcile_every=3600))
        place.check(ghosts=True)
        assert len(place.rows("SELECT id FROM leads")) == 200
        place.pull(profile=replace(ARTICLE, reconcile_every=-1))
        place.check()

    def test_removed_leads_can_be_kept_marked(self, start: Start) -> None:
        place = start(PlainServer(20))
        place.pull()
        place.plain.edit(6)
        place.pull(Wanted(keep_removed=True))
        place.plain.delete(5)
        place.pull(reconcile=True)
        sql = "SELECT id, _removed_reason FROM leads WHERE _removed_at IS NOT NULL"
        assert place.rows(sql) == [(5, "not_told")]
        place.pull(reconcile=True)


def test_two_at_once_make_one_right_copy(start: Start) -> None:
    churn = Churn(edits=0.2)
    place = start(PlainServer(3000, churn=churn, per_page_max=100, latency_s=0.005))
    running = [place.start() for _ in range(2)]
    for process in running:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    place.plain.calm()
    place.pull()
    place.check()


def test_a_killed_run_goes_on(start: Start) -> None:
    place = start(PlainServer(4000, per_page_max=50, latency_s=0.02))
    process = place.start("--workers", "2")
    while len(place.server.requests) < 60:
        assert process.poll() is None
    process.kill()
    process.communicate()
    kept = place.rows("SELECT count(*) FROM leads")[0][0]
    asked = len(place.server.requests)
    assert 1000 <= kept < 4000
    place.plain.latency_s = 0
    place.pull(workers=2)
    place.check()
    # About 90 windows in all, and one for what has changed.
    assert len(place.server.requests) - asked <= 92 - kept // 50


@pytest.mark.proof
@pytest.mark.parametrize("order", ORDERS)
def test_many_kills_lose_nothing(start: Start, order: Any) -> None:
    """While leads change, and some answers are faults."""
    churn = Churn(edits=2, inserts=0.5, deletes=0.5)
    plain = PlainServer(3000, order, churn, per_page_max=50, latency_s=0.005)
    place, rolls, hits = start(plain), random.Random(order), 0  # noqa: S311
    odd = [*[None] * 20, faults.CUT_JSON, faults.RESET_WITHIN]
    for _ in range(6):
        place.server.plan(*[rolls.choice(odd) for _ in range(300)])
        process = place.start(*rolls.choice([(), ("--workers", "1"), ("--full",)]))
        until = len(place.server.requests) + rolls.randint(3, 60)
        while len(place.server.requests) < until and process.poll() is None:
            time.sleep(0.01)
        hits += process.poll() is None
        process.kill()
        process.communicate()
    place.server.plan()
    place.plain.calm()
    place.pull(max_removals=10_000)
    place.pull(max_removals=10_000, reconcile=True)
    place.check()
    assert hits


def test_the_command_says_what_it_promises_and_no_token(start: Start) -> None:
    place = start(PlainServer(30))
    first = place.sync("--dry-run")
    assert (first.code, "30 added" in first.out) == (0, True), first.err
    assert not place.path.exists()
    said = place.sync("--json")
    assert said.json["guarantees"]["removals"] == "reconcile"
    assert "found by --reconcile alone" in said.err
    for lead_id in range(1, 31):
        place.plain.delete(lead_id)
    refused = place.sync("--reconcile", "--max-removals", "29")
    assert (refused.code, "looks like this" in refused.err) == (5, True), refused.err
    follow = place.sync("--follow")
    assert (follow.code, "--every 5m" in follow.err) == (2, True), follow.err
    for each in (first, said, refused, follow):
        assert TOKEN not in each.out + each.err


def test_a_copy_of_a_service_has_no_digest(start: Start) -> None:
    place = start(PlainServer(3))
    place.pull()
    said = place.sync(verb="verify")
    assert (said.code, "--reconcile" in said.err) == (5, True), said.err


@dataclass
class LocalService:
    """Writes and compares the time on its wall, which names no zone."""

    clock: datetime
    stamps: dict[int, str] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)

    def write(self, lead_id: int, note: str) -> None:
        self.stamps[lead_id] = f"{self.clock.astimezone(COPENHAGEN):%Y-%m-%d %H:%M:%S}"
        self.notes[lead_id] = note

    def __call__(self, request: Request) -> Reply:
        path, _, query = request.target.partition("?")
        asked = dict(parse_qsl(query))
        if not path.endswith("/leads"):
            return Reply.json({}, 404)
        after = ""
        if "updated_after" in asked:
            moment = datetime.fromisoformat(asked["updated_after"])
            after = f"{moment.astimezone(COPENHAGEN):%Y-%m-%d %H:%M:%S}"
        size = int(asked["per_page"])
        start = (int(asked["page"]) - 1) * size
        found = [
            {"id": each, "updated_at": stamp, "fields": {"note": self.notes[each]}}
            for each, stamp in sorted(self.stamps.items())
            if stamp >= after
        ]
        date = format_datetime(self.clock, usegmt=True)
        return Reply.json({"data": found[start : start + size]}, date=date)


def test_an_hour_that_comes_twice_hides_no_change(tmp_path: Path) -> None:
    """At 03:00 clocks go back to 02:00, and what is written then looks earlier."""
    service = LocalService(datetime(2025, 10, 25, 12, tzinfo=UTC))
    for lead_id in range(1, 6):
        service.write(lead_id, "before")
    profile = replace(ARTICLE, time_zone="Europe/Copenhagen")
    with FaultServer(service) as server:
        place = Elsewhere(PlainServer(), server, tmp_path / "l.db")
        for hour, minute in ((0, 30), (0, 50), (1, 5), (1, 45), (2, 20)):
            service.clock = datetime(2025, 10, 26, hour, minute, tzinfo=UTC)
            service.write(1, f"at {hour}:{minute}")
            service.clock += timedelta(minutes=1)
            place.pull(profile=profile)
            notes = dict(place.rows("SELECT id, note FROM leads"))
            assert notes == service.notes


def test_what_a_service_shows_is_sent_to_a_webhook(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edits, additions and deletions arrive, and nothing of it twice."""
    monkeypatch.setenv("LEADWELL_WEBHOOK_SECRET", SECRET)
    place, inbox = start(PlainServer(30, per_page_max=10)), Inbox()
    with a_receiver(inbox) as receiver:
        to = f"webhook:{receiver.url}/hook#batch=5&ledger={tmp_path / 'ledger'}"
        place.pull(to=to)
        assert inbox.leads.keys() == place.plain.held.keys()
        place.plain.edit(7)
        added = place.plain.add()
        place.plain.delete(9)
        assert place.pull(to=to).delivered == Delivered(upserts=2)
        found = place.pull(to=to, reconcile=True)
        assert found.delivered == Delivered(removals=1)
        assert place.pull(to=to).delivered == Delivered()
    assert inbox.gone == {9: "not_told"}
    assert (inbox.repeated, inbox.twice) == (0, set())
    assert added in inbox.leads
    assert {i: lead["fields"]["note"] for i, lead in inbox.leads.items()} == {
        i: lead["fields"]["note"] for i, lead in place.plain.held.items()
    }
