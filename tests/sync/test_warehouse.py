"""Leads loaded into a warehouse: the ledger's part, at one that is a SQLite file."""

import errno
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from leadwell.client import Campaign, Leadwell
from leadwell.errors import LeadwellError, UsageError
from leadwell.sync.batches import Batch, Delivered
from leadwell.sync.cells import Fault
from leadwell.sync.destinations import named
from leadwell.sync.destinations.push.warehouse import dlt_errors, target
from leadwell.sync.destinations.push.warehouse.columns import (
    Names,
    Type,
    shapes_of,
)
from leadwell.sync.destinations.push.warehouse.engine import Away
from leadwell.sync.errors import (
    BusyDestination,
    ForeignDestination,
    FullDestination,
    ReceiverRefuses,
)
from leadwell.sync.pulling import Pull, Wanted
from leadwell.sync.table import Column, Kind, table_of
from leadwell.sync.verifying import verify
from tests.copying import Bench, a_bench
from tests.warehouse import Warehouse


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A hub with 25 leads, for all tests of the module."""
    made = a_bench(tmp_path_factory.mktemp("warehouse"), leads=24)
    yield made
    made.hub.kill()


@pytest.fixture
def campaign(bench: Bench) -> Iterator[Campaign]:
    with Leadwell(bench.url, bench.hub.token) as client:
        yield client.campaign()


@pytest.fixture
def there(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse.db")


@pytest.fixture
def to(there: Warehouse, tmp_path: Path) -> target.Warehouse:
    found = named(f"dlt:elsewhere#ledger={tmp_path / 'ledger'}&batch=10")
    assert isinstance(found, target.Warehouse)
    return replace(found, engines=there)


def pull(campaign: Campaign, to: target.Warehouse, **wanted: Any) -> Delivered:
    found = Pull(campaign, "", to, Wanted(**wanted)).run().delivered
    assert found
    return found


def check(bench: Bench, there: Warehouse) -> None:
    """Each lead is there once, in its version."""
    expected = [(i, e["metadata"]["version"]) for i, e in bench.listed().items()]
    found = there.rows("SELECT id, version FROM leads ORDER BY id")
    assert found == sorted(expected)


def test_what_changed_is_loaded_and_nothing_twice(
    bench: Bench, campaign: Campaign, to: target.Warehouse, there: Warehouse
) -> None:
    count = len(bench.listed())
    assert pull(campaign, to) == Delivered(upserts=count)
    check(bench, there)
    assert there.opened == [("elsewhere", "leads_362", "leadwell_362")]
    assert there.checked == ["elsewhere"]
    sizes = [each.get("leads", 0) for each in there.loads]
    assert (sizes[:2], max(sizes), sum(sizes)) == ([0, 10], 10, count)
    # Words go with the first leads, and the mark with all.
    assert {"options", "statuses", "people", "quarantine"} < there.loads[1].keys()
    assert there.loads[2].keys() == {"leads", "leadwell_sync"}
    assert pull(campaign, to) == Delivered()
    assert len(there.loads) == len(sizes)
    bench.ask("PATCH", "/2", {"status": "won"})
    bench.ask("DELETE", "/3")
    bench.add(name="Bo")
    assert pull(campaign, to) == Delivered(upserts=2, removals=1)
    check(bench, there)
    assert there.rows("SELECT status FROM leads WHERE id = 2") == [("won",)]
    (mark,) = there.rows("SELECT campaign_id, is_up_to_date FROM leadwell_sync")
    assert mark == (362, 1)
    assert pull(campaign, to, full=True) == Delivered()
    assert verify(campaign, to).is_exact


def test_cells_are_those_of_the_campaign(
    campaign: Campaign, to: target.Warehouse, there: Warehouse
) -> None:
    pull(campaign, to)
    (row,) = there.rows(
        "SELECT name, project_notes, source, tags, budget, price, newsletter,"
        " follow_up, visit_at FROM leads WHERE id = 14"
    )
    lead = campaign.lead(14).raw["fields"]
    assert row[:2] == (lead["name"], lead["project-notes"])
    assert row[2] == (lead["source"] and lead["source"]["slug"])
    assert json.loads(row[3] or "null") == (
        lead["tags"] and [each["slug"] for each in lead["tags"]]
    )
    assert (row[4], float(lead["price"] or 0)) == (lead["budget"], row[5] or 0)
    assert row[6:8] == (lead["newsletter"], lead["follow-up"])
    assert row[8] == lead["visit_at"]
    labels = there.rows("SELECT label FROM options WHERE field = 'customer_type'")
    assert len(labels) == 2


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("is_refused", [False, True])
def test_a_load_that_fails_or_whose_end_is_not_told_is_repeated(
    bench: Bench, campaign: Campaign, to: target.Warehouse, there: Warehouse,
    place: int, is_refused: bool,
) -> None:  # fmt: skip
    fault = ReceiverRefuses("no room") if is_refused else Away("come back later")
    there.faults = [*[None] * place, fault]
    count = len(bench.listed())
    taken = max(place - 1, 0) * 10
    if is_refused:
        with pytest.raises(ReceiverRefuses, match="no room"):
            pull(campaign, to)
    else:
        found = pull(campaign, to)
        assert found == Delivered(taken, waiting=count - taken, said="come back later")
        assert not verify(campaign, to).is_exact
    assert pull(campaign, to).waiting == 0
    check(bench, there)
    assert verify(campaign, to).is_exact


def test_what_is_there_and_not_ours_is_left_alone(
    bench: Bench, campaign: Campaign, to: target.Warehouse, there: Warehouse,
    tmp_path: Path,
) -> None:  # fmt: skip
    there.change("CREATE TABLE leads (x)")
    with pytest.raises(ForeignDestination, match="leadwell sync did not make"):
        pull(campaign, to)
    assert there.columns() == ["x"]
    there.change("DROP TABLE leads")
    assert pull(campaign, to).upserts == len(bench.listed())
    # A ledger that is new replaces what is there: it knows of no removal before it.
    there.change("INSERT INTO leads (id, version) VALUES (99999, 1)")
    other = replace(to, ledger=tmp_path / "other")
    assert pull(campaign, other).upserts == len(bench.listed())
    check(bench, there)
    bench.ask("PATCH", "/2", {"fields": {"name": "Cy"}})
    with pytest.raises(ForeignDestination, match="from another ledger"):
        pull(campaign, to)
    assert pull(campaign, other).upserts == 1
    there.change("UPDATE leadwell_sync SET campaign_id = 400")
    bench.ask("PATCH", "/2", {"fields": {"name": "Dy"}})
    with pytest.raises(ForeignDestination, match="the copy of campaign 400"):
        pull(campaign, other)


def test_a_mark_that_was_lost_half_way_is_made_again(
    bench: Bench, campaign: Campaign, to: target.Warehouse, there: Warehouse
) -> None:
    """Where there are no transactions a kill can fall between its two statements."""
    pull(campaign, to)
    there.change("DELETE FROM leadwell_sync")
    there.change("DELETE FROM leads WHERE id = 2")
    bench.add(name="Ada")
    assert pull(campaign, to).upserts == len(bench.listed())
    check(bench, there)


def test_a_dataset_that_was_dropped_is_filled_again(
    bench: Bench, campaign: Campaign, to: target.Warehouse, there: Warehouse
) -> None:
    pull(campaign, to)
    there.path.unlink()
    # Without news nobody asks the warehouse.
    assert pull(campaign, to) == Delivered()
    bench.add(name="Bo")
    assert pull(campaign, to).upserts == len(bench.listed())
    check(bench, there)
    assert there.rows("SELECT count(*) FROM options") != [(0,)]


def test_another_schema_adds_columns_and_empties_others(
    campaign: Campaign, to: target.Warehouse, there: Warehouse
) -> None:
    pull(campaign, to)
    count = there.rows("SELECT count(*) FROM leads")[0][0]
    there.loads.clear()
    with to.open() as copy:
        state = copy.state()
        assert state
        schema = json.loads(json.dumps(state.schema))
        kinds = {"budget": "text", "project-notes": "long_text"}
        schema["fields"] = [
            each | {"type": kinds.get(each["slug"], each["type"])}
            for each in schema["fields"]
            if each["slug"] != "email"
        ]
        schema["fields"].append({"slug": "project_notes", "type": "text"})
        after = msgspec.structs.replace(state, step=state.step + 1, schema=schema)
        fault = Fault(2, 1, "project-notes", '"x"', "why not")
        copy.keep(Batch(after, table_of(schema), faults=(fault,)), state.step)
        found = copy.settle()
    assert found
    assert found.upserts == count
    columns = there.columns()
    assert {"budget", "budget_text", "email", "project_notes"} < set(columns)
    assert "project_notes_text" in columns
    emptied = "SELECT count(*) FROM leads WHERE coalesce(budget, email) IS NOT NULL"
    assert there.rows(emptied) == [(0,)]
    faults = there.rows("SELECT lead_id, field, reason FROM quarantine")
    assert faults == [(2, "project_notes", "why not")]


def test_no_two_fields_become_one_column() -> None:
    fields = ["a-b", "a_b", "a--b", "Årlig indtægt", "2024", "id_", "updated-at", "æ"]
    fields += ["x" * 63, "x" * 62 + "y", "_extra", "field.version", "ß", "世界"]
    columns = [Column(each, Kind.TEXT, each) for each in fields]
    columns += [Column("id", Kind.WHOLE), Column("updated_at", Kind.MOMENT)]
    names: Names = {}
    shapes = shapes_of(columns, names)
    found = {shape.of: shape.name for shape in shapes}
    assert len(set(found.values())) == len(columns)
    for name in found.values():
        assert sqlite3.connect(":memory:").execute(f"SELECT 1 AS {name}")
        assert name == name.lower().strip("_")
        assert name.isascii()
        assert "__" not in name
        assert len(name) < 63
    assert (found["id"], found["updated_at"]) == ("id", "updated_at")
    assert (found["updated-at"], found["2024"]) == ("updated_at_text", "n2024")
    assert (found["Årlig indtægt"], found["_extra"]) == ("aarlig_indtaegt", "extra")
    # Whatever comes later, a name stays, and an earlier type has its column again.
    later = [Column("a_b_text", Kind.TEXT, "a_b_text"), *columns[::-1]]
    later = [replace(e, kind=Kind.DATE) if e.name == "2024" else e for e in later]
    again = {shape.of: shape.name for shape in shapes_of(later, names)}
    assert again == found | {"a_b_text": "a_b_text_text", "2024": "n2024_date"}
    assert [s for s in shapes_of(columns, names) if s.of == "2024"] == [
        s for s in shapes if s.of == "2024"
    ]
    assert {shape.type for shape in shapes} == {Type.TEXT, Type.WHOLE, Type.MOMENT}


def test_without_dlt_the_command_says_what_to_install(
    bench: Bench, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The environment of the suite has none."""
    ledger = tmp_path / "ledger"
    asked = ["sync", bench.url, "--to", f"dlt:duckdb#ledger={ledger}"]
    for how in ([], ["--dry-run"]):
        said = bench.here(capfd)(*asked, *how, "--token", bench.hub.token)
        assert (said.code, "pip install 'leadwell[dlt]'" in said.err) == (2, True), said
        assert not ledger.exists()


def test_a_rehearsal_asks_the_warehouse_for_nothing(
    bench: Bench, campaign: Campaign, to: target.Warehouse, there: Warehouse,
    tmp_path: Path,
) -> None:  # fmt: skip
    pull(campaign, to)
    bench.ask("PATCH", "/5", {"status": "won"})
    bench.ask("DELETE", "/6")
    there.loads.clear()
    shown: list[Any] = []
    folder = tmp_path / "rehearsal"
    folder.mkdir()
    Pull(campaign, "", to.rehearsal(folder, shown.append), Wanted()).run()
    (request,) = shown
    assert (request.method, request.url) == ("MERGE", "dlt:elsewhere/leads_362/leads")
    told = json.loads(request.body)
    assert (told["upserts"], told["removals"]) == (1, 1)
    assert told["columns"]["budget"] == "double"
    assert there.loads == []
    assert pull(campaign, to) == Delivered(upserts=1, removals=1)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("dlt:postgresql://me:s3cret@db/leads", "dlt: is followed by"),
        ("dlt:bigquery/", "dlt: is followed by"),
        ("dlt:bigquery/Sales", "small letters"),
        ("dlt:bigquery/sales__leads", "single underscores"),
        (f"dlt:bigquery/{'x' * 60}", "dlt: is followed by"),
        ("dlt:bigquery#batch=0", "from 1 to 1000000"),
        ("dlt:bigquery#secret=env:X", "there may be ledger, batch"),
    ],
)
def test_a_warehouse_that_is_not_named_as_it_should_be(text: str, what: str) -> None:
    with pytest.raises(UsageError) as raised:
        named(text)
    assert what in raised.value.detail
    assert "s3cret" not in raised.value.detail


def test_the_usual_ledger_is_named_by_the_place(to: target.Warehouse) -> None:
    found = named("dlt:bigquery/sales_leads")
    assert isinstance(found, target.Warehouse)
    assert str(found.file.path) == "dlt-bigquery-sales_leads.leadwell"
    assert found.text == found.target == "dlt:bigquery/sales_leads"
    with pytest.raises(UsageError, match="has no dead letters"):
        replace(to, revives=True).check()


class TransientException(BaseException):
    """As dlt has it; what follows is too."""


class TerminalException(BaseException):
    pass


class DestinationTransientException(Exception, TransientException):
    pass


class DestinationTerminalException(Exception, TerminalException):
    pass


class ConfigurationException(Exception, TerminalException):
    pass


class Failed(DestinationTerminalException):
    def __init__(self, said: str, client_exception: Exception | None = None) -> None:
        super().__init__(said)
        self.client_exception = client_exception


class Missing(ConfigurationException):
    fields = ("credentials",)


class StepFailed(Exception):
    def __init__(self, exception: BaseException) -> None:
        super().__init__("a page of words, with postgresql://me:s3cret@db/leads")
        self.exception = exception


ADDRESS = "no way to postgresql://me:s3cret@db/leads with pwd=s3cret;"


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (DestinationTransientException(ADDRESS), Away, "to postgresql://***db/leads"),
        (
            Failed("job 7", DestinationTerminalException(ADDRESS)),
            ReceiverRefuses,
            "***",
        ),
        (Failed("too \n long " * 99), ReceiverRefuses, "elsewhere does not take"),
        (Failed(""), ReceiverRefuses, "Failed"),
        (Missing(), UsageError, "does not find credentials in its settings"),
        (ConfigurationException(ADDRESS), UsageError, "cannot use its settings"),
        (ModuleNotFoundError("no module google"), UsageError, "no module google"),
        (OSError(errno.ENOSPC, "no space"), FullDestination, "has no room left"),
        (KeyError("leads"), ReceiverRefuses, "leads"),
        (BusyDestination("held"), BusyDestination, "held"),
    ],
)
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_what_dlt_says_is_put_into_our_words(
    error: Exception, kind: type[Exception], said: str, is_wrapped: bool
) -> None:
    if isinstance(error, LeadwellError) and is_wrapped:
        return
    with (
        pytest.raises(kind) as raised,
        dlt_errors.explained("dlt:elsewhere", "elsewhere"),
    ):
        raise StepFailed(error) if is_wrapped else error
    told = getattr(raised.value, "detail", str(raised.value))
    assert said in told
    assert "s3cret" not in told
    assert len(told) < 500
    assert raised.value.__suppress_context__ or not is_wrapped


def test_an_interrupt_within_dlt_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        dlt_errors.explained("dlt:elsewhere", "elsewhere"),
    ):
        raise StepFailed(KeyboardInterrupt())
    monkeypatch.setenv("DESTINATION__MSSQL__PASSWORD", "hunter2")
    assert dlt_errors.masked("it was hunter2") == "it was ***"
