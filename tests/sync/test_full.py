"""What is read anew, and what `verify` mends, where it is not all that simple."""

import json
import sqlite3
from contextlib import closing

import pytest

from leadwell.sync import asking, pulling
from leadwell.sync.destinations import named
from leadwell.sync.errors import UnknownDestination
from leadwell.testing import Exchange, Fault, FaultServer, Reply
from tests.copying import Bench, rows


def test_a_copy_that_keeps_removed_leads_hears_of_erased_ones(bench: Bench) -> None:
    gone, erased = bench.add(name="Gone"), bench.add(name="Erased")
    assert bench.sync("sqlite:l.db", "--keep-removed").code == 0
    bench.ask("DELETE", f"/{gone}")
    database = f"sqlite:///{bench.folder / 'leads.db'}"
    erase = ["lead", "erase", f"{erased}", "--campaign", "362", "--yes"]
    done = bench.run(*erase, "--database", database)
    assert done.code == 0, done.err
    assert bench.sync("sqlite:l.db", "--keep-removed", "--full").code == 0
    path = bench.copies / "l.db"
    sql = "SELECT id, _removed_reason FROM leads WHERE id > 1"
    assert rows(path, sql) == [(gone, "deleted")]
    assert bench.verify("sqlite:l.db").code == 0


def test_no_erasure_is_confirmed_before_it_is_stored(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor of behind it confirms it, so that it does not wait for more answers."""
    erased = bench.add(name="Erased")
    assert bench.sync("sqlite:l.db").code == 0
    bench.ask("PATCH", "/1", {"status": "won"})
    database = f"sqlite:///{bench.folder / 'leads.db'}"
    erase = ["lead", "erase", f"{erased}", "--campaign", "362", "--yes"]
    assert bench.run(*erase, "--database", database).code == 0
    bench.add(name="After it")
    held: list[object] = []

    def play(exchange: Exchange) -> None:
        held.extend(rows(bench.copies / "l.db", "SELECT id FROM leads"))
        exchange.send(exchange.true_reply())

    monkeypatch.setattr(asking, "PAGE_LEADS", 1)
    monkeypatch.setattr(asking, "STEP_S", 60.0)
    with FaultServer(f"http://127.0.0.1:{bench.hub.port}") as server:
        server.plan(None, None, Fault("behind", "it is asked from behind it", play))
        url = f"{server.url}/v2/campaigns/362"
        assert bench.run("sync", url, "--to", "sqlite:l.db").code == 0
    assert held == [(1,)]
    assert bench.verify("sqlite:l.db").code == 0


def test_a_copy_with_a_filter_is_mended_by_its_filter(bench: Bench) -> None:
    won, new = bench.add(), bench.add()
    bench.ask("PATCH", f"/{won}", {"status": "won"})
    assert bench.sync("sqlite:l.db", "--filter", "status=won").code == 0
    with closing(sqlite3.connect(bench.copies / "l.db")) as copy, copy:
        copy.execute("INSERT INTO leads (id, version) VALUES (?, 1)", [new])
    found = bench.verify("sqlite:l.db", "--json")
    assert (found.code, found.json["extra"]) == (6, [new])
    found = bench.verify("sqlite:l.db", "--repair", "--json")
    assert (found.code, found.json["exact"], found.json["repaired"]) == (0, True, 1)
    assert rows(bench.copies / "l.db", "SELECT id FROM leads") == [(won,)]


def test_a_lead_that_a_copy_has_twice_is_found_and_mended(bench: Bench) -> None:
    lead_id = bench.add()
    assert bench.sync("ndjson:l.ndjson").code == 0
    path = bench.copies / "l.ndjson"
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines(keepends=True)[-1])
    found = bench.verify("ndjson:l.ndjson", "--json")
    assert (found.code, found.json["stale"]) == (6, [lead_id])
    assert bench.verify("ndjson:l.ndjson", "--repair").code == 0
    assert path.read_bytes() == whole


def test_a_file_that_is_protected_stays_so(bench: Bench) -> None:
    assert bench.sync("csv:l.csv").code == 0
    path = bench.copies / "l.csv"
    path.chmod(0o600)
    bench.add()
    assert bench.sync("csv:l.csv").code == 0
    modes = {each.name: each.stat().st_mode & 0o777 for each in bench.copies.iterdir()}
    del modes["hub"]
    assert modes == {"l.csv": 0o600, "l.csv.leadwell": 0o600}


@pytest.mark.parametrize(
    "text", ["csv:.", "csv:~nobody-of-that-name/x", "sqlite://l.db", "sqlite:///l.db"]
)
def test_what_names_no_file_is_told(text: str) -> None:
    with pytest.raises(UnknownDestination, match="is no file"):
        named(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("sqlit:bi.db", "did you mean sqlite:bi.db? there"),
        ("parqet:x", "did you mean parquet:x? there"),
        ("bi.db", "did you mean sqlite:bi.db? there"),
        ("bi.duckdb", "did you mean duckdb:bi.duckdb? there"),
        ("hook:x", "there are sqlite:FILE"),
    ],
)
def test_what_was_probably_meant_is_told(text: str, meant: str) -> None:
    with pytest.raises(UnknownDestination) as caught:
        named(text)
    assert (caught.value.hint or "").startswith(meant)


def test_everything_is_read_anew_once_the_hub_has_settled_and_not_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that keeps removed leads is brought up to date first, and that may wait."""
    monkeypatch.setattr(pulling, "SETTLE_TRIES", 1)
    assert bench.sync("sqlite:l.db", "--keep-removed").code == 0

    def settle(exchange: Exchange) -> None:
        body = json.loads(exchange.true_reply().body) | {"up_to_date": False}
        exchange.send(Reply.json(body))

    def refuse(exchange: Exchange) -> None:
        exchange.send(Reply(401))

    with FaultServer(f"http://127.0.0.1:{bench.hub.port}") as server:
        busy = Fault("settling", "it carries out an edit", settle)
        server.plan(busy, None, None, None, Fault("ended", "it ends", refuse))
        url = f"{server.url}/v2/campaigns/362"
        how = ("--keep-removed", "--full", "--every", "1s")
        said = bench.run("sync", url, "--to", "sqlite:l.db", *how)
    assert said.code == 3
    asked = [each.target.rpartition("/")[2] for each in server.requests]
    assert ["_cursor" in each for each in asked] == [True, True, False, False, True]
    assert asked[3] == "schema"
    assert said.out.count("; up to date") == 1


def test_what_a_killed_run_began_anew_is_not_begun_once_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        bench.add()
    assert bench.sync("sqlite:l.db").code == 0
    monkeypatch.setattr(asking, "PAGE_LEADS", 2)
    monkeypatch.setattr(asking, "STEP_S", -1.0)
    with FaultServer(f"http://127.0.0.1:{bench.hub.port}") as server:
        url = f"{server.url}/v2/campaigns/362"
        refused = Fault("refused", "it ends", lambda e: e.send(Reply(401)))
        server.plan(None, None, refused)
        said = bench.run("sync", url, "--to", "sqlite:l.db", "--full")
        assert said.code == 3
        server.requests.clear()
        said = bench.run("sync", url, "--to", "sqlite:l.db", "--full")
        assert said.code == 0
    assert ["_cursor" in each.target for each in server.requests] == [True]
    assert bench.verify("sqlite:l.db").code == 0


@pytest.mark.proof
def test_who_was_overtaken_hears_of_erased_leads_all_the_same(bench: Bench) -> None:
    """Told everything at once, it would take an erased lead for one to be kept."""
    erased = bench.add(name="Erased")
    assert bench.sync("sqlite:l.db", "--keep-removed").code == 0
    bench.add(name="Bo")
    where = ("--database", f"sqlite:///{bench.folder / 'leads.db'}")

    def overtake(exchange: Exchange) -> None:
        reply = exchange.true_reply()
        path = bench.copies / "l.db"
        for command in (
            ["sync", bench.url, "--to", f"sqlite:{path}"],
            ["lead", "erase", f"{erased}", "--campaign", "362", "--yes", *where],
        ):
            with bench.start(*command) as process:
                process.communicate()
            assert process.returncode == 0
        exchange.send(reply)

    with FaultServer(f"http://127.0.0.1:{bench.hub.port}") as server:
        server.plan(Fault("overtaken", "another run is faster", overtake))
        url = f"{server.url}/v2/campaigns/362"
        said = bench.run("sync", url, "--to", "sqlite:l.db", "--keep-removed", "--full")
    assert said.code == 0, said.err
    assert rows(bench.copies / "l.db", "SELECT id FROM leads") == [(1,), (3,)]
