"""`leadwell sync` and `leadwell verify` as somebody types them, on a real hub."""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from leadwell.cli.pull import repeating
from leadwell.cli.pull.report import Outcome
from leadwell.client import Campaign
from leadwell.errors import LeadwellError, UsageError
from leadwell.sync import asking
from leadwell.sync.destinations import named
from leadwell.sync.destinations.sqlite import SQLiteFile
from leadwell.sync.errors import (
    DestinationError,
    UnreachableDestination,
    UnstableList,
)
from leadwell.sync.pulling import Pull, Wanted
from tests.copying import Bench, rows

LEADS = "SELECT id, version, status, name FROM leads ORDER BY id"


def test_a_copy_follows_and_proves_itself(bench: Bench) -> None:
    second = bench.add(name="Bo", tags=["a", "c"], budget=1200.0)
    first = bench.sync("sqlite:l.db", "--json")
    assert (first.code, first.json["added"], first.json["everything"]) == (0, 2, True)
    bench.ask("PATCH", "/1", {"status": "won"})
    bench.ask("DELETE", f"/{second}")
    then = bench.sync("sqlite:l.db", "--json").json
    assert (then["added"], then["changed"], then["removed"]) == (0, 1, 1)
    assert then["requests"] == 1
    assert rows(bench.copies / "l.db", LEADS) == [(1, 2, "won", "Jane Doe")]
    assert bench.verify("sqlite:l.db").code == 0


def test_nothing_new_is_one_request(standing: Bench) -> None:
    standing.sync("sqlite:l.db")
    again = standing.sync("sqlite:l.db", "--json").json
    assert (again["requests"], again["changed"], again["up_to_date"]) == (1, 0, True)


def test_a_dry_run_tells_all_and_changes_nothing(bench: Bench) -> None:
    said = bench.sync("sqlite:l.db", "--dry-run")
    assert "1 added" in said.out
    assert "customer-type" in said.out
    assert not list(bench.copies.glob("l.db*"))
    bench.sync("sqlite:l.db")
    before = (bench.copies / "l.db").read_bytes()
    bench.ask("DELETE", "/1")
    bench.add()
    for full in ((), ("--full",)):
        said = bench.sync("sqlite:l.db", "--dry-run", "--json", *full)
        found = said.json
        assert (found["added"], found["changed"], found["removed"]) == (1, 0, 1)
    assert (bench.copies / "l.db").read_bytes() == before


def test_a_filter_keeps_what_matches(bench: Bench) -> None:
    won = bench.add(budget=500)
    to = ("sqlite:l.db", "--filter", "status=won&budget[gte]=100")
    bench.ask("PATCH", f"/{won}", {"status": "won"})
    assert bench.sync(*to).code == 0
    assert [row[0] for row in rows(bench.copies / "l.db", LEADS)] == [won]
    assert bench.verify("sqlite:l.db").code == 0
    other = bench.sync("sqlite:l.db")
    assert other.code == 5
    assert "--filter 'status=won&budget[gte]=100'" in other.err
    bench.ask("PATCH", f"/{won}", {"status": "new"})
    assert bench.sync(*to).code == 0
    assert rows(bench.copies / "l.db", LEADS) == []
    assert bench.sync("sqlite:l.db", "--full").code == 0
    assert len(rows(bench.copies / "l.db", LEADS)) == 2


def test_removed_leads_are_kept_where_that_is_wanted_but_erased_ones(
    bench: Bench,
) -> None:
    gone, back, erased = (bench.add() for _ in range(3))
    bench.sync("sqlite:l.db")
    bench.ask("DELETE", f"/{gone}")
    bench.ask("PATCH", f"/{back}", {"status": "won"})
    said = bench.sync("sqlite:l.db", "--keep-removed", "--json").json
    assert (said["removed"], said["changed"]) == (1, 1)
    erase = ("lead", "erase", str(erased), "--campaign", "362", "--yes")
    database = f"sqlite:///{bench.folder / 'leads.db'}"
    done = bench.run(*erase, "--database", database)
    assert done.code == 0, done.err
    assert bench.sync("sqlite:l.db").code == 0
    sql = "SELECT id, _removed_reason FROM leads ORDER BY id"
    found = rows(bench.copies / "l.db", sql)
    assert found == [(1, None), (gone, "deleted"), (back, None)]
    shown = rows(bench.copies / "l.db", "SELECT id FROM leads_labelled ORDER BY id")
    assert shown == [(1,), (back,)]
    assert bench.verify("sqlite:l.db").code == 0
    assert bench.sync("sqlite:l.db", "--full", "--json").json["removed"] == 0


def test_labels_and_names_are_kept_beside_slugs_and_follow(bench: Bench) -> None:
    lead_id = bench.add(source="partner-west", tags=["a", "c"])
    bench.ask("PATCH", f"/{lead_id}", {"assigned_person": 1})
    bench.sync("sqlite:l.db")
    asked = (
        'SELECT "status.label", "source.label", "tags.label", "assigned_person.name" '
        "FROM leads_labelled ORDER BY id DESC LIMIT 1"
    )
    expected = [("New", "Partner West", '["A","C"]', "Sales One")]
    assert rows(bench.copies / "l.db", asked) == expected
    database = f"sqlite:///{bench.folder / 'leads.db'}"
    label = ("option", "label", "source", "partner-west", "The West")
    done = bench.run(*label, "--campaign", "362", "--yes", "--database", database)
    assert done.code == 0, done.err
    assert bench.sync("sqlite:l.db", "--json").json["changed"] == 0
    ((_, source, *_),) = rows(bench.copies / "l.db", asked)
    assert source == "The West"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--to", "l.db"], 2, "did you mean sqlite:l.db?"),
        (["--to", "mysql:x"], 2, "there are sqlite:FILE"),
        (["--to", "sqlite:no/l.db"], 2, "look if its folder exists"),
        (["--to", "sqlite:l.db", "--filter", "sttus=new"], 4, "did you mean status?"),
        (["--to", "sqlite:l.db", "--every", "soon"], 2, "for instance 60s"),
        (["--to", "sqlite:l.db", "--every", "1m", "--follow"], 2, "exclude"),
        (["--to", "sqlite:l.db", "--token-file", "no"], 2, "no cannot be read"),
        (["--to", "sqlite:l.db", "--token", "lw_wrong"], 3, "others can see --token"),
    ],
)
def test_a_wrong_command_says_what_to_do_and_leaves_nothing(
    standing: Bench, arguments: list[str], code: int, said: str
) -> None:
    found = standing.run("sync", standing.url, *arguments)
    assert (found.code, said in found.err) == (code, True), found.err
    assert not list(standing.copies.iterdir())


@pytest.mark.parametrize(
    ("url", "token", "code", "said"),
    [
        ("{hub}/v2/campaigns/363", None, 3, "not for campaign 363"),
        ("{hub}/nothing/v2/campaigns/362", None, 2, "shows no campaign"),
        ("{hub}", None, 2, "names no campaign"),
        ("{hub}/v2/campaigns/362", "lw_x", 3, "not valid"),
        ("{hub}/v2/campaigns/362", " ", 2, "there is no token"),
        ("ftp://hub", None, 2, "for instance https://"),
    ],
)
def test_a_wrong_address_or_token_is_explained(
    standing: Bench, url: str, token: str | None, code: int, said: str
) -> None:
    hub = f"http://127.0.0.1:{standing.hub.port}"
    given = url.format(hub=hub)
    found = standing.run("sync", given, "--to", "sqlite:l.db", token=token)
    assert (found.code, said in found.err) == (code, True), found.err
    assert not list(standing.copies.glob("l.db*"))
    standing.sync("sqlite:l.db")
    if not given.endswith("363"):
        found = standing.run("verify", given, "--to", "sqlite:l.db", token=token)
        assert (found.code, said in found.err) == (code, True), found.err


def test_a_token_can_stand_in_a_file(standing: Bench, tmp_path: Path) -> None:
    (standing.copies / "token").write_text(f"{standing.hub.token}\n")
    said = standing.run(
        "sync", standing.url, "--to", "sqlite:l.db", "--token-file", "token", token="no"
    )
    assert said.code == 0, said.err


@pytest.mark.skipif(os.name != "posix", reason="POSIX shows arguments to others")
def test_the_token_is_never_shown(standing: Bench) -> None:
    for arguments in ((), ("--json",), ("--filter", "x=1"), ("--dry-run",)):
        said = standing.sync("sqlite:l.db", *arguments)
        assert standing.hub.token not in said.out + said.err


def test_names_that_a_token_may_not_see_any_more_leave_the_copy(bench: Bench) -> None:
    bench.ask("PATCH", "/1", {"assigned_person": 1})
    assert bench.sync("sqlite:l.db").code == 0
    people = "SELECT id, name FROM people"
    assert rows(bench.copies / "l.db", people) == [(1, "Sales One")]
    database = f"sqlite:///{bench.folder / 'leads.db'}"
    public_id = bench.hub.token.split("_")[1]
    edit = ("token", "edit", public_id, "--fields", "name,status", "--read-only")
    done = bench.run(*edit, "--database", database)
    assert done.code == 0, done.err
    assert bench.sync("sqlite:l.db").code == 0
    assert rows(bench.copies / "l.db", people) == []
    sql = "SELECT name, status, assigned_person, source FROM leads"
    assert rows(bench.copies / "l.db", sql) == [("Jane Doe", "new", None, None)]
    assert bench.verify("sqlite:l.db").code == 0


def test_what_may_pass_ends_no_sync_that_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repeating, "AFTER_FAULT_S", 0.0)
    away: list[LeadwellError] = [UnreachableDestination("x"), UnstableList("x")]

    class Run:
        campaign: Any = None
        destination = SQLiteFile(Path("never"))

        def once(self, wanted: Wanted) -> Outcome:
            del wanted
            raise away.pop(0) if away else UsageError("enough")

    with pytest.raises(UsageError, match="enough"):
        repeating.repeated(Run(), Wanted(), every="1s", follow=False)
    assert away == []


def test_where_no_step_can_be_written_nothing_is_lost(
    bench: Bench, reading: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = named(f"duckdb:{bench.copies}/l.duckdb")
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
        with pytest.raises(DestinationError, match="folder for temporary files"):
            Pull(reading, bench.url, place, Wanted()).run()
    assert Pull(reading, bench.url, place, Wanted()).run().tally.added == 1


def test_quick_answers_make_one_step_and_slow_ones_each_their_own(
    full_bench: Bench, reading: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PAGE_LEADS", 200)
    for name, step_s, leads, steps in (
        ("quick", 60.0, 600, 3),
        ("slow", -1.0, 600, 7),
        ("all", 60.0, 5000, 2),
    ):
        monkeypatch.setattr(asking, "STEP_S", step_s)
        monkeypatch.setattr(asking, "STEP_LEADS", leads)
        place = named(f"sqlite:{full_bench.copies / name}.db")
        done = Pull(reading, full_bench.url, place, Wanted()).run()
        assert (done.tally.added, done.requests) == (1301, 8), name
        ((step,),) = rows(
            full_bench.copies / f"{name}.db", "SELECT step FROM leadwell_sync"
        )
        assert step == steps, name
