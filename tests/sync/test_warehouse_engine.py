"""What is said to dlt and Arrow, to stand-ins: the proofs say it to dlt itself."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leadwell.errors import UsageError
from leadwell.sync.destinations.push.warehouse import contents
from leadwell.sync.destinations.push.warehouse.columns import REMOVED, Shape, Type
from leadwell.sync.destinations.push.warehouse.contents import Content
from leadwell.sync.destinations.push.warehouse.dlt_engine import ENGINES
from leadwell.sync.errors import ReceiverRefuses
from leadwell.sync.state import State


@dataclass
class Array:
    """An array of Arrow."""

    held: list[Any]
    type: str

    def cast(self, kind: str) -> "Array":
        assert self.type == "string"
        return Array(self.held, kind)


def arrow() -> SimpleNamespace:
    def table(columns: dict[str, Array], schema: list[Any]) -> dict[str, Array]:
        assert [(n, a.type) for n, a in columns.items()] == [f[:2] for f in schema]
        return columns

    return SimpleNamespace(
        int64=lambda: "int64",
        string=lambda: "string",
        float64=lambda: "float64",
        bool_=lambda: "bool",
        date32=lambda: "date32",
        decimal128="decimal128({}, {})".format,
        timestamp=lambda unit, tz: f"timestamp({unit}, {tz})",
        array=lambda held, kind: Array(list(held), kind),
        field=lambda name, kind, nullable: (name, kind, nullable),
        schema=list,
        table=table,
    )


@dataclass
class Client:
    """A client of a destination: it has tables, and says what is in them."""

    tables: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    staged: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    is_there: bool = True
    sql_client: Any = field(init=False)

    def __post_init__(self) -> None:
        self.sql_client = SimpleNamespace(
            escape_column_name=str.upper,
            make_qualified_table_name="here.{}".format,
            execute_sql=self.execute,
        )

    def execute(self, sql: str) -> list[Any]:
        assert sql == "SELECT CAMPAIGN_ID, LEDGER FROM here.leadwell_sync"
        return self.tables[contents.MARK]

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of nothing."""

    def is_storage_initialized(self) -> bool:
        return self.is_there

    def get_storage_tables(self, names: Iterable[str]) -> list[Any]:
        return [(name, {"id": 1} if name in self.tables else {}) for name in names]

    @contextmanager
    def with_staging_dataset(self) -> Iterator[None]:
        main, self.tables = self.tables, self.staged
        yield
        self.tables = main

    def drop_tables(self, *names: str) -> None:
        for name in names:
            self.tables.pop(name, None)


@dataclass
class Stand:
    """dlt: three destinations, and what was run."""

    client: Client = field(default_factory=Client)
    runs: list[tuple[list[Any], str | None]] = field(default_factory=list[Any])
    fault: Exception | None = None
    folder: Path | None = None

    def put_in(self, patch: pytest.MonkeyPatch) -> None:
        patch.setitem(sys.modules, "pyarrow", arrow())  # type: ignore[arg-type]
        patch.setitem(sys.modules, "dlt", self.dlt())  # type: ignore[arg-type]
        reads = SimpleNamespace(Destination=self)
        patch.setitem(sys.modules, "dlt.common.destination", reads)  # type: ignore[arg-type]
        known = SimpleNamespace(__all__=["wide", "narrow", "files", "dummy"])
        patch.setitem(sys.modules, "dlt.destinations", known)  # type: ignore[arg-type]

    def dlt(self) -> SimpleNamespace:
        return SimpleNamespace(
            pipeline=self.pipeline,
            Schema="schema of {}".format,
            resource=lambda data, **hints: (data, hints),
        )

    def from_reference(self, name: str) -> SimpleNamespace:
        strategies = {"files": ["upsert"]}.get(name, ["delete-insert"])
        if name not in {"wide", "narrow", "files"}:
            raise KeyError(name)
        has = SimpleNamespace(
            supported_merge_strategies=strategies,
            merge_strategies_selector=(lambda s, table_schema: s)
            if name == "wide"
            else None,
            supported_loader_file_formats=["parquet"],
            loader_file_format_selector=object() if name == "narrow" else None,
        )
        return SimpleNamespace(capabilities=lambda: has)

    def pipeline(self, name: str, **given: Any) -> SimpleNamespace:
        assert name.startswith("leadwell")
        self.folder = Path(given["pipelines_dir"])
        assert self.folder.stat().st_mode & 0o077 == 0
        return SimpleNamespace(
            config=SimpleNamespace(restore_from_destination=True),
            destination_client=lambda: self.client,
            run=self.run,
        )

    def run(
        self, resources: list[Any], *, schema: str, loader_file_format: str | None
    ) -> SimpleNamespace:
        assert schema == "schema of leadwell_362"
        self.runs.append((resources, loader_file_format))
        if self.fault:
            raise self.fault
        return SimpleNamespace(raise_on_failed_jobs=lambda: None)


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Stand:
    made = Stand()
    made.put_in(monkeypatch)
    return made


def test_rows_become_typed_columns_that_are_merged(
    stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNTIME__DLTHUB_TELEMETRY", raising=False)
    folder = tmp_path / "dlt"
    (folder / "left").mkdir(parents=True)
    engine = ENGINES.open("wide", "leads", "leadwell_362", folder)
    assert not (folder / "left").exists()
    shapes = [Shape("id", Type.WHOLE), Shape("name", Type.TEXT)]
    shapes += [Shape("price", Type.DECIMAL), Shape("day", Type.DATE)]
    shapes += [Shape("at", Type.MOMENT), Shape("new", Type.BOOLEAN)]
    shapes += [Shape(REMOVED, Type.BOOLEAN)]
    day, at = "2025-02-21", "2025-02-21T08:00:00Z"
    rows = [(1, "Ann", "1.50", day, at, 1, None), (2, *[None] * 5, True)]
    engine.load(
        [
            Content("leads", shapes, rows, "id"),
            Content("options", [Shape("slug", Type.TEXT)], []),
            contents.mark(State(362, "", ""), "own"),
        ]
    )
    (((leads, options, mark), chosen),) = stand.runs
    assert chosen == "parquet"
    ((table,), hints) = leads
    assert {name: column.type for name, column in table.items()} == {
        "id": "int64",
        "name": "string",
        "price": "decimal128(36, 12)",
        "day": "date32",
        "at": "timestamp(us, UTC)",
        "new": "bool",
        REMOVED: "bool",
    }
    assert (table["new"].held, table[REMOVED].held) == ([True, None], [None, True])
    assert hints["columns"] == {
        "id": {"nullable": False},
        REMOVED: {"hard_delete": True},
    }
    assert hints["write_disposition"]["strategy"] == "delete-insert"
    assert (hints["name"], hints["primary_key"]) == ("leads", "id")
    assert options[0][0]["slug"].held == []
    assert options[1]["write_disposition"] == "replace"
    assert mark[1]["primary_key"] == "campaign_id"
    assert folder.exists()
    engine.close()
    assert not folder.exists()


def test_what_stands_there_is_told_and_dropped(stand: Stand, tmp_path: Path) -> None:
    engine = ENGINES.open("narrow", "leads", "leadwell_362", tmp_path / "dlt")
    assert engine.marks() is None
    stand.client.tables = {contents.MARK: [("362", "own")], "leads": [], "x": []}
    assert engine.marks() == [(362, "own")]
    assert engine.has_leads()
    stand.client.staged = {"leads": []}
    engine.drop(["leads", "options"])
    assert stand.client.staged == {}
    assert stand.client.tables.keys() == {contents.MARK, "x"}
    stand.client.is_there = False
    assert (engine.marks(), engine.has_leads()) == (None, False)
    engine.drop(["x"])
    # Such a destination has its own ideas of what it reads best.
    engine.load([contents.mark(State(362, "", ""), "own")])
    assert stand.runs[0][1] is None
    stand.fault = ValueError("no such column")
    with pytest.raises(ReceiverRefuses, match="no such column"):
        engine.load([])


def test_a_destination_that_would_double_or_is_none_is_refused(stand: Stand) -> None:
    ENGINES.check("wide")
    assert stand.folder
    assert not stand.folder.parent.exists()
    for name, what in (("files", "would double"), ("other", "has no destination")):
        with pytest.raises(UsageError) as raised:
            ENGINES.check(name)
        assert what in raised.value.detail
        assert "narrow, wide" in raised.value.detail
        assert "dummy" not in raised.value.detail


@pytest.mark.parametrize("missing", ["dlt", "pyarrow"])
def test_what_is_not_installed_is_named(
    stand: Stand, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del stand
    monkeypatch.setitem(sys.modules, missing, None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=missing) as raised:
        ENGINES.check("bigquery")
    assert "pip install 'leadwell[dlt]'" in raised.value.detail
