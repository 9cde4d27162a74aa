"""Leads sent to a webhook: a real hub, a real receiver, and what goes wrong there."""

import json
import os
import pty
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from leadwell.cli.pull import meter, receiving
from leadwell.cli.pull.going import Where
from leadwell.client import Campaign, Leadwell, Retry
from leadwell.client.wire.retry import Request as Wire
from leadwell.errors import UsageError
from leadwell.sync.batches import Batch, Delivered
from leadwell.sync.cells import row_of
from leadwell.sync.destinations import named
from leadwell.sync.destinations.push import delivering
from leadwell.sync.destinations.push.address import sender_to
from leadwell.sync.destinations.push.exchanging import Answers, Line
from leadwell.sync.destinations.push.ledger import Ledger
from leadwell.sync.destinations.push.webhook import Webhook
from leadwell.sync.errors import (
    BusyDestination,
    ForeignDestination,
    ReceiverRefuses,
)
from leadwell.sync.pace import Pace
from leadwell.sync.pulling import Pull, Summary, Wanted
from leadwell.sync.table import table_of
from leadwell.testing import FaultServer, faults
from tests import walks
from tests.copying import Bench, a_bench
from tests.receiving import SECRET, Inbox, a_receiver, lost_answer

KILLS = int(os.environ.get("LEADWELL_TEST_KILLS", "40"))
HASTY = Retry(first_s=0.001, longest_s=0.002, retry_after_max_s=1.5)
SIGNED = {"LEADWELL_WEBHOOK_SECRET": SECRET}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A hub with 25 leads, for all tests of the module."""
    made = a_bench(tmp_path_factory.mktemp("webhook"), leads=24)
    yield made
    made.hub.kill()


@pytest.fixture
def campaign(bench: Bench) -> Iterator[Campaign]:
    with Leadwell(bench.url, bench.hub.token) as client:
        yield client.campaign()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    found = Inbox()
    yield found
    assert not found.twice


@pytest.fixture
def server(inbox: Inbox) -> Iterator[FaultServer]:
    with a_receiver(inbox) as receiver:
        yield receiver


@pytest.fixture(autouse=True)
def _signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADWELL_WEBHOOK_SECRET", SECRET)


@pytest.fixture
def hook(server: FaultServer, tmp_path: Path) -> Webhook:
    """The receiver, at a secret path, with a ledger of the test's own."""
    found = named(f"webhook:{server.url}/hooks/s3cret#ledger={tmp_path / 'ledger'}")
    assert isinstance(found, Webhook)
    return replace(found, retry=HASTY, dead_letters=tmp_path / "dead.ndjson")


def pull(campaign: Campaign, hook: Webhook, **wanted: Any) -> Summary:
    return Pull(campaign, "", hook, Wanted(**wanted)).run()


def shown(lead: dict[str, Any]) -> dict[str, Any]:
    """What both the hub and an event show of a lead."""
    names = ("id", "status", "fields", "assigned_person", "created_at", "updated_at")
    return {name: lead[name] for name in names}


def test_each_change_is_one_signed_event(
    bench: Bench, campaign: Campaign, inbox: Inbox, hook: Webhook
) -> None:
    found = pull(campaign, hook).delivered
    listed = bench.listed()
    assert found
    assert (found.upserts, found.waiting, found.dead) == (len(listed), 0, 0)
    assert {i: shown(each) for i, each in inbox.leads.items()} == {
        i: shown(each) for i, each in listed.items()
    }
    added = bench.add(name="Bo")
    bench.ask("PATCH", "/2", {"status": "won"})
    bench.ask("DELETE", "/3")
    found = pull(campaign, hook).delivered
    assert found
    assert (found.upserts, found.removals) == (2, 1)
    assert inbox.leads[2]["status"]["slug"] == "won"
    assert inbox.leads[added]["fields"]["name"] == "Bo"
    assert inbox.gone == {3: "deleted"}
    assert inbox.repeated == 0
    assert pull(campaign, hook, full=True).delivered.upserts == 0  # type: ignore[union-attr]
    assert inbox.leads.keys() == bench.listed().keys()


def test_the_command_tells_what_was_delivered_and_verifies_it(
    bench: Bench, inbox: Inbox, server: FaultServer
) -> None:
    to = f"webhook:{server.url}/hooks/s3cret#batch=10"
    said = bench.sync(to, "--json", **SIGNED)
    assert said.code == 0, said.err
    count = len(bench.listed())
    assert said.json["delivered"]["upserts"] == count
    assert len(server.requests) == (count + 9) // 10
    assert inbox.leads.keys() == bench.listed().keys()
    ledger = next(bench.copies.glob("webhook-127.0.0.1-*.leadwell"))
    assert ledger.stat().st_mode & 0o077 == 0
    assert bench.verify(to).code == 0
    inbox.refused.add(5)
    bench.ask("PATCH", "/5", {"fields": {"name": "refused"}})
    bench.ask("PATCH", "/6", {"fields": {"name": "taken"}})
    said = bench.sync(to, "--dead-letters", "dead.ndjson", **SIGNED)
    assert (said.code, "1 were not taken" in said.out) == (7, True), said
    (dead,) = map(json.loads, (bench.copies / "dead.ndjson").read_text().splitlines())
    assert (dead["lead_id"], dead["status"]) == (5, 400)
    assert dead["lead"]["fields"]["name"] == "refused"
    assert inbox.leads[6]["fields"]["name"] == "taken"
    found = bench.run("verify", bench.url, "--to", to, "--json", **SIGNED)
    assert (found.code, found.json["stale"]) == (6, [5])
    inbox.refused.clear()
    said = bench.sync(to, "--dead-letters", "dead.ndjson", "--retry-dead", **SIGNED)
    assert (said.code, "delivered: 1 leads" in said.out) == (0, True), said
    assert (bench.copies / "dead.ndjson").read_text() == ""
    for text in (said.out, said.err, found.out):
        assert "s3cret" not in text
        assert SECRET not in text
    assert bench.hub.token not in str(server.requests)


@pytest.mark.parametrize(
    "fault",
    [
        faults.RATE_LIMITED,
        faults.INTERNAL_ERROR,
        faults.BAD_GATEWAY,
        faults.RESET,
        faults.HUNG_UP,
        faults.REDIRECTED,
        faults.status(400),
        lost_answer(),
    ],
    ids=lambda fault: fault.name,
)
def test_what_passes_is_tried_again(
    campaign: Campaign, bench: Bench, server: FaultServer, inbox: Inbox, hook: Webhook,
    fault: faults.Fault,
) -> None:  # fmt: skip
    hook = replace(hook, batch=5, parallel=1)
    server.plan(None, fault, fault)
    found = pull(campaign, hook).delivered
    assert found
    assert (found.dead, found.waiting) == (0, 0)
    assert server.is_played
    assert inbox.leads.keys() == bench.listed().keys()
    assert all(request.target == "/hooks/s3cret" for request in server.requests)
    repeated = [request.headers["webhook-id"] for request in server.requests[1:4]]
    assert len(set(repeated)) == 1
    assert inbox.repeated == (10 if fault.name == "lost_answer" else 0)


def test_a_receiver_that_is_away_gets_all_later(
    campaign: Campaign, bench: Bench, server: FaultServer, inbox: Inbox, hook: Webhook
) -> None:
    hook = replace(hook, parallel=1)
    hasty = replace(hook, retry=replace(HASTY, tries_max=2))
    with server.refusing():
        found = pull(campaign, hasty).delivered
    assert found
    assert (found.upserts, found.waiting) == (0, len(bench.listed()))
    assert "cannot be reached" in found.said
    server.plan(*[faults.status(429, retry_after="600")] * 3)
    found = pull(campaign, hasty).delivered
    assert found
    assert found.waiting == len(bench.listed())
    server.plan(*[faults.UNAVAILABLE] * 2)
    found = pull(campaign, replace(hook, retry=replace(HASTY, tries_max=1))).delivered
    assert found
    assert found.waiting == 2
    assert len(inbox.leads) == len(bench.listed()) - 2
    assert pull(campaign, hook).delivered.waiting == 0  # type: ignore[union-attr]
    assert inbox.leads.keys() == bench.listed().keys()


def test_a_lead_that_is_refused_stops_no_other(
    campaign: Campaign, bench: Bench, inbox: Inbox, hook: Webhook, tmp_path: Path
) -> None:
    inbox.refused = {1, 2}
    found = pull(campaign, replace(hook, batch=10)).delivered
    assert found
    assert (found.dead, found.upserts) == (2, len(bench.listed()) - 2)
    lines = (tmp_path / "dead.ndjson").read_text().splitlines()
    assert [json.loads(line)["lead_id"] for line in lines] == [1, 2]
    bench.ask("PATCH", "/1", {"fields": {"name": "mended"}})
    inbox.refused = {2}
    found = pull(campaign, hook).delivered
    assert found
    assert (found.dead, found.upserts) == (1, 1)
    inbox.refused = set()
    assert pull(campaign, replace(hook, revives=True)).delivered.dead == 0  # type: ignore[union-attr]
    assert inbox.leads.keys() == bench.listed().keys()


def test_a_receiver_that_takes_nothing_gives_nothing_up(
    campaign: Campaign, bench: Bench, server: FaultServer, inbox: Inbox, hook: Webhook
) -> None:
    hook = replace(hook, parallel=1)
    inbox.refused = set(bench.listed())
    with pytest.raises(ReceiverRefuses, match="took none of 20 leads"):
        pull(campaign, hook)
    inbox.refused = set()
    server.plan(faults.status(410))
    with pytest.raises(ReceiverRefuses, match="answered 410"):
        pull(campaign, hook)
    assert len(server.requests) == 20 * 3 + 1
    assert not inbox.leads
    assert pull(campaign, hook).delivered.dead == 0  # type: ignore[union-attr]
    assert inbox.leads.keys() == bench.listed().keys()


def test_the_last_state_alone_is_delivered_and_in_order(
    campaign: Campaign, bench: Bench, server: FaultServer, inbox: Inbox, hook: Webhook
) -> None:
    pull(campaign, hook)
    hasty = replace(hook, retry=replace(HASTY, tries_max=1))
    for number in range(3):
        bench.ask("PATCH", "/7", {"fields": {"name": f"n{number}"}})
        bench.ask("PATCH", "/8", {"fields": {"name": f"n{number}"}})
        server.plan(lost_answer(), lost_answer())
        pull(campaign, hasty)
    bench.ask("DELETE", "/8")
    server.plan(lost_answer(), lost_answer())
    pull(campaign, hasty)
    pull(campaign, hook)
    assert inbox.leads[7]["fields"]["name"] == "n2"
    assert inbox.gone == {8: "deleted"}
    for versions in inbox.versions.values():
        assert versions == sorted(versions)


def test_an_erased_lead_is_told_to_whoever_was_told_that_it_left(
    campaign: Campaign, bench: Bench, inbox: Inbox, hook: Webhook
) -> None:
    lead_id = bench.add(name="Eve")
    query = "status=new"
    bench.ask("PATCH", f"/{lead_id}", {"status": "new"})
    pull(campaign, hook, query=query)
    assert lead_id in inbox.leads
    bench.ask("PATCH", f"/{lead_id}", {"status": "won"})
    pull(campaign, hook, query=query)
    assert inbox.gone[lead_id] not in {"erased", ""}
    bench.ask("PATCH", f"/{lead_id}", {"status": "new"})
    pull(campaign, hook, query=query)
    assert lead_id in inbox.leads
    erase = ("lead", "erase", str(lead_id), "--campaign", "362", "--yes")
    database = f"sqlite:///{bench.folder / 'leads.db'}"
    done = bench.run(*erase, "--database", database)
    assert done.code == 0, done.err
    pull(campaign, hook, query=query)
    assert inbox.gone[lead_id] == "erased"


def test_another_content_in_the_same_version_is_sent(
    campaign: Campaign, hook: Webhook, server: FaultServer, inbox: Inbox
) -> None:
    """A service that counts by the second tells two changes as one version."""
    pull(campaign, hook, query="id=4")
    sent = len(server.requests)
    with hook.open() as copy:
        for name in ("first", "second", "second"):
            state = copy.state()
            assert state
            table = table_of(state.schema)
            lead = campaign.lead(4).raw
            lead["fields"]["name"] = name
            row, _ = row_of(lead, table)
            after = msgspec.structs.replace(state, step=state.step + 1)
            copy.keep(Batch(after, rows=(row,)), state.step)
            copy.settle()
    assert len(server.requests) == sent + 2
    assert inbox.repeated == 0
    assert inbox.leads[4]["fields"]["name"] == "second"


def test_the_receiver_of_the_guide_takes_what_is_sent(
    campaign: Campaign, server: FaultServer, hook: Webhook
) -> None:
    pages = walks.listings("how-to/send-to-an-automation-platform.md")
    (text,) = [each.text for each in pages if each.language == "python"]
    own: dict[str, Any] = {}
    exec(text, own)  # noqa: S102 - the guide's own words
    pull(campaign, hook)
    first = server.requests[0]
    said = own["receive"](first.headers, first.body, SECRET)
    assert re.fullmatch(r"lead \d+ is \w+", said)
    assert own["receive"](first.headers, first.body, SECRET) == "known"
    with pytest.raises(ValueError, match="not signed by us"):
        own["receive"](first.headers, first.body + b" ", SECRET)


def test_two_at_once_deliver_once(campaign: Campaign, hook: Webhook) -> None:
    with hook.open(), pytest.raises(BusyDestination, match="by another run"):
        pull(campaign, hook)
    pull(campaign, hook)


def test_a_ledger_is_not_taken_for_another(
    campaign: Campaign, hook: Webhook, tmp_path: Path, server: FaultServer
) -> None:
    pull(campaign, hook)
    ledger = tmp_path / "ledger"
    other = replace(hook, place=f"{server.url}/hooks/other")
    with pytest.raises(ForeignDestination, match="is the ledger of http://127"):
        pull(campaign, other)
    plain = named(f"sqlite:{ledger}")
    Pull(campaign, "", plain, Wanted()).run()
    with pytest.raises(ForeignDestination, match="delivers nothing"):
        pull(campaign, hook)
    copy = named(f"sqlite:{tmp_path / 'copy.db'}")
    Pull(campaign, "", copy, Wanted()).run()
    with pytest.raises(ForeignDestination, match="no ledger"):
        pull(campaign, replace(hook, ledger=tmp_path / "copy.db"))


def test_marking_removed_leads_is_for_copies(
    campaign: Campaign, inbox: Inbox, hook: Webhook
) -> None:
    with pytest.raises(UsageError, match="--keep-removed is for copies"):
        pull(campaign, hook, keep_removed=True)
    assert not inbox.leads


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("webhook:http://hooks.example.com/x", "others would see the leads"),
        ("webhook:https://me:word@hooks.example.com/x", "holds a name or a password"),
        ("webhook:ftp://hooks.example.com/x", "is none"),
        ("webhook:https://[broken/x", "is none"),
        ("webhook:env:NO_SUCH_HOOK", "NO_SUCH_HOOK is not set"),
        ("webhook:file:no-such-file", "no-such-file cannot be read"),
        ("webhook:https://hooks.example.com/x#batch=0", "from 1 to 1000"),
        ("webhook:https://hooks.example.com/x#batch=many", "from 1 to 1000"),
        ("webhook:https://hooks.example.com/x#bach=5", "'bach' is no option"),
        ("webhook:https://hooks.example.com/x#parallel=17", "from 1 to 16"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained(text: str, what: str) -> None:
    with pytest.raises(UsageError) as raised:
        named(text)
    assert what in raised.value.detail
    assert "word" not in raised.value.detail.replace("password", "")


@pytest.mark.parametrize("given", ["", "whsec_", "whsec_c2hvcnQ=", "plain", "whsec_%"])
def test_a_secret_that_is_none_is_explained(
    campaign: Campaign, hook: Webhook, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADWELL_WEBHOOK_SECRET", given)
    with pytest.raises(UsageError) as raised:
        pull(campaign, hook)
    assert not given or given not in raised.value.message
    assert not hook.file.path.exists()


def test_secrets_are_read_from_where_they_are(
    campaign: Campaign, hook: Webhook, server: FaultServer, inbox: Inbox,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.delenv("LEADWELL_WEBHOOK_SECRET")
    monkeypatch.setenv("HOOK", f"{server.url}/hooks/s3cret")
    (tmp_path / "key").write_text(f"{SECRET}\n")
    ledger = f"ledger={tmp_path / 'ledger'}"
    found = named(f"webhook:env:HOOK#secret=file:{tmp_path / 'key'}&{ledger}")
    assert found.text == f"webhook:{server.url}/…"
    Pull(campaign, "", found, Wanted()).run()
    assert inbox.leads
    with pytest.raises(UsageError, match="is not named as it should be"):
        pull(campaign, replace(hook, secret=SECRET))


def test_options_of_a_receiver_are_refused_elsewhere() -> None:
    with pytest.raises(UsageError, match="keeps leads itself"):
        Where("sqlite:elsewhere.db", ledger=Path("x")).destination(HASTY)


def test_what_was_delivered_is_put_into_words() -> None:
    found = Delivered(1200, 3, dead=2, waiting=4, said="the receiver answered 503")
    words = receiving.words(found)
    assert words.strip().split("; ") == [
        "delivered: 1,200 leads, 3 removals",
        "4 wait: the receiver answered 503",
        "2 were not taken: see --dead-letters",
    ]
    codes = [found, Delivered(dead=1), Delivered(upserts=1), None]
    assert [receiving.exit_code(each) for each in codes] == [75, 7, 0, 0]
    assert receiving.words(None) == ""
    assert receiving.told(found)["dead"] == 2


def test_what_waits_is_told_and_nothing_shown(bench: Bench, tmp_path: Path) -> None:
    to = f"webhook:http://127.0.0.1:9/hooks/s3cret#ledger={tmp_path / 'ledger'}"
    said = bench.sync(to, "--filter", "id=1", "--dry-run", **SIGNED)
    assert said.code == 0, said.err
    assert json.loads(said.out)["url"] == "http://127.0.0.1:9/…"
    assert not (tmp_path / "ledger").exists()
    nobody = ("--filter", "status=won&id=4")
    said = bench.sync(to, *nobody, "--json", **SIGNED)
    assert (said.code, said.json["delivered"]["waiting"]) == (0, 0)
    missing = f"webhook:https://hooks.example.com/x#ledger={tmp_path / 'no/ledger'}"
    said = bench.sync(missing, **SIGNED)
    assert (said.code, "no/ledger" in said.err) == (2, True), said


def test_several_are_sent_at_once_and_each_lead_once(
    campaign: Campaign, bench: Bench, inbox: Inbox, hook: Webhook
) -> None:
    inbox.pause_s, inbox.refused = 0.02, {1}
    found = pull(campaign, replace(hook, batch=3, parallel=3)).delivered
    assert found
    assert (found.dead, found.waiting) == (1, 0)
    assert (inbox.at_once, inbox.repeated) == (3, 0)
    assert inbox.leads.keys() | {1} == bench.listed().keys()


def test_what_ends_a_run_loses_no_answer_that_comes_after_it(
    campaign: Campaign, bench: Bench, server: FaultServer, inbox: Inbox, hook: Webhook
) -> None:
    inbox.pause_s = 0.05
    server.plan(faults.status(410))
    with pytest.raises(ReceiverRefuses, match="answered 410"):
        pull(campaign, hook)
    assert len(inbox.leads) == 3
    assert pull(campaign, hook).delivered.waiting == 0  # type: ignore[union-attr]
    assert inbox.repeated == 0
    assert inbox.leads.keys() == bench.listed().keys()


def test_a_fault_of_ours_ends_the_run(
    campaign: Campaign, hook: Webhook, tmp_path: Path
) -> None:
    def broken(request: Wire) -> None:
        raise BrokenPipeError(request.method)

    with pytest.raises(BrokenPipeError, match="POST"):
        pull(campaign, replace(hook, shown=broken, ledger=tmp_path / "own"))


def test_an_interrupted_run_notes_what_was_answered(
    bench: Bench, tmp_path: Path
) -> None:
    inbox = Inbox(pause_s=0.1)
    with a_receiver(inbox) as server:
        to = f"webhook:{server.url}/hook#ledger={tmp_path / 'ledger'}"
        process = bench.start("sync", bench.url, "--to", to, **SIGNED)
        await_event(inbox, 1, process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 130
        assert 0 < len(inbox.leads) < len(bench.listed())
        said = bench.sync(to, **SIGNED)
        assert said.code == 0, said.err
    assert (inbox.repeated, inbox.twice) == (0, set())
    assert inbox.leads.keys() == bench.listed().keys()


def test_an_answer_that_does_not_come_is_not_waited_for(
    campaign: Campaign, hook: Webhook, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever interrupts a run wants it to end."""

    def interrupted(sent: int, total: int) -> None:
        assert (sent, total) == (1, 2)
        inbox.pause_s = 60
        raise KeyboardInterrupt

    monkeypatch.setattr(delivering, "LEAVE_S", 0.05)
    inbox.pause_s = 0.01
    with pytest.raises(KeyboardInterrupt):
        pull(campaign, replace(hook, tell=interrupted, parallel=1), query="id=4,5")
    assert list(inbox.leads) == [4]


def test_a_terminal_shows_how_far_it_is(
    campaign: Campaign, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    near, far = pty.openpty()
    with os.fdopen(near, "rb"), os.fdopen(far, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with meter.Meter(campaign, "") as told:
            watched = receiving.watched(hook, told.deliver)
            Pull(campaign, "", watched, Wanted(), told.tell).run()
        terminal.flush()
        shown = os.read(near, 100_000).decode()
    leads = str(len(list(campaign.leads())))
    for word in ("Leads", "Delivered", f"{leads}/{leads}"):
        assert word in shown


def test_a_file_is_told_now_and_then_how_far_it_is(
    campaign: Campaign,
    hook: Webhook,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def lines() -> list[str]:
        with meter.Meter(campaign, "") as told:
            watched = receiving.watched(hook, told.deliver)
            Pull(campaign, "", watched, Wanted(full=True), told.tell).run()
        return capsys.readouterr().err.splitlines()

    monkeypatch.setattr(meter, "LINE_EVERY_S", 0)
    leads = len(list(campaign.leads()))
    shown = lines()
    assert f"{leads} of {leads} leads stored" in shown
    assert f"{leads} of {leads} leads delivered" in shown
    monkeypatch.setattr(meter, "LINE_EVERY_S", 10)
    assert not lines()


def test_what_a_receiver_asks_of_one_holds_for_all(server: FaultServer) -> None:
    pace, waited = Pace(), list[float]()

    def pause(seconds: float) -> None:
        if not waited:
            # Another connection is told to wait, while this one waits for its turn.
            pace.hold(0.05)
        waited.append(seconds)
        time.sleep(seconds)

    line = Line(sender_to(server.url, 5), pace=pace, pause=pause)
    pace.hold(0.01)
    server.plan(faults.status(404))
    line.ask(Wire("GET", server.url), Answers(success=("4xx", "5xx")))
    assert len(waited) > 1
    server.plan(faults.status(429), faults.status(503))
    hasty = Line(sender_to(server.url, 5), HASTY, pace, pause)
    hasty.ask(Wire("GET", server.url), Answers(success=("5xx",), retry=("429",)))
    assert pace.wait_s() >= 0


def after_kills(bench: Bench, tmp_path: Path, kills: int) -> int:
    """Kill runs while leads change; returns how many were within a delivery."""
    rolls = random.Random(kills)  # noqa: S311 - a seeded walk, no secret
    inbox, hits, own = Inbox(pause_s=0.015), 0, [bench.add(), bench.add()]
    with a_receiver(inbox) as server:
        to = f"webhook:{server.url}/hook#ledger={tmp_path / 'ledger'}"
        for number in range(kills):
            lead_id = rolls.choice(sorted(bench.listed()))
            if number % 4:
                bench.ask("PATCH", f"/{lead_id}", {"fields": {"name": f"k{number}"}})
            else:
                # Other tests count on those that were there.
                bench.ask("DELETE", f"/{own.pop(0)}")
            own += [bench.add(name=f"a{number}.{place}") for place in range(8)]
            before = len(inbox.seen)
            process = bench.start("sync", bench.url, "--to", to, **SIGNED)
            if number % 3 == 2:
                time.sleep(rolls.uniform(0.2, 1.0))
            else:
                await_event(inbox, before + rolls.randint(1, 8), process)
                time.sleep(rolls.uniform(0, 0.02))
            process.kill()
            process.communicate()
            hits += len(inbox.seen) > before and waits(tmp_path / "ledger")
        said = bench.sync(to, **SIGNED)
        assert said.code == 0, said.err
    assert (inbox.at_once > 1, inbox.twice) == (True, set())
    listed = bench.listed()
    assert {i: shown(each) for i, each in inbox.leads.items()} == {
        i: shown(each) for i, each in listed.items()
    }
    for versions in inbox.versions.values():
        assert versions == sorted(versions)
    with closing(sqlite3.connect(tmp_path / "ledger")) as ledger:
        assert ledger.execute("SELECT * FROM leadwell_outbox").fetchall() == []
    return hits


def await_event(inbox: Inbox, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many events have come, or no more will."""
    while len(inbox.seen) < count and process.poll() is None:
        time.sleep(0.002)


def waits(ledger: Path) -> bool:
    """Whether there is something that was not delivered."""
    with closing(sqlite3.connect(ledger)) as opened:
        return opened.execute("SELECT * FROM leadwell_outbox").fetchone() is not None


def test_a_killed_run_delivers_the_rest_later(bench: Bench, tmp_path: Path) -> None:
    after_kills(bench, tmp_path, 1)


@pytest.mark.proof
def test_many_kills_lose_no_lead(bench: Bench, tmp_path: Path) -> None:
    hits = after_kills(bench, tmp_path, KILLS)
    print(f"webhook: {KILLS} kills, {hits} within a delivery")  # noqa: T201
    assert hits > KILLS / 3


def test_a_ledger_is_a_copy_too(hook: Webhook, campaign: Campaign) -> None:
    pull(campaign, hook)
    found = hook.look()
    assert isinstance(found, Ledger)
    with found:
        state = found.state()
        assert state
        assert dict(found.held()) == {
            lead.id: lead.version for lead in campaign.leads()
        }
