"""dlt and Arrow: all that is said to them is said here, as their types are their own.

Their words are hidden where they could hold a secret. Nothing of a load is kept on this
machine: what a killed run has left is deleted, and the ledger says what to load.
"""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from leadwell.errors import UsageError
from leadwell.sync.destinations.push.warehouse import dlt_errors
from leadwell.sync.destinations.push.warehouse.columns import REMOVED, Shape, Type
from leadwell.sync.destinations.push.warehouse.contents import LEADS, MARK, Content

_SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    # Leads stay neither on this machine nor in a second dataset.
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "LOAD__TRUNCATE_STAGING_DATASET": "true",
    # Nobody meets a table of words that is empty for a moment.
    "DESTINATION__REPLACE_STRATEGY": "insert-from-staging",
}
"""Of dlt; who sets one in the environment knows why."""
_STRATEGY = "delete-insert"
_DECIMAL_DIGITS = (36, 12)


class Dlt:
    """A dataset, by way of dlt."""

    def __init__(self, destination: str, dataset: str, name: str, folder: Path) -> None:
        """Set up a pipeline whose files are in a folder; what is there is deleted."""
        self._dlt = _modules()
        self._destination = destination
        self._folder = folder
        self._text = f"dlt:{destination}/{dataset}"
        self.close()
        try:
            with self._explained():
                self._set_up(dataset, name)
        except BaseException:
            self.close()
            raise

    def _set_up(self, dataset: str, name: str) -> None:
        factory = _factory(self._destination)
        self._folder.mkdir(mode=0o700)
        self._pipeline = self._dlt.pipeline(
            name,
            pipelines_dir=str(self._folder),
            destination=factory,
            dataset_name=dataset,
        )
        # The ledger knows where it stands; dlt's own state would be a second truth.
        self._pipeline.config.restore_from_destination = False
        # Its driver is imported, and its settings are read, before anything is done.
        self._client()
        self._format = _format(factory)
        self._schema = self._dlt.Schema(name)

    def load(self, contents: Sequence[Content]) -> None:
        """Load rows as Parquet where the destination reads it, else as dlt prefers."""
        # In the main thread dlt takes Ctrl-C for itself, and may forget it in the end.
        with self._explained(), ThreadPoolExecutor(1) as aside:
            aside.submit(self._run, contents).result()

    def _run(self, contents: Sequence[Content]) -> None:
        info = self._pipeline.run(
            [self._resource(content) for content in contents],
            schema=self._schema,
            loader_file_format=self._format,
        )
        info.raise_on_failed_jobs()

    def marks(self) -> list[tuple[int, str]] | None:
        """Return campaign and ledger of each mark; `None`: there is no such table."""
        with self._explained(), self._client() as client:
            if not client.is_storage_initialized() or not _has(client, MARK):
                return None
            sql = client.sql_client
            names = map(sql.escape_column_name, ("campaign_id", "ledger"))
            table = sql.make_qualified_table_name(MARK)
            found = sql.execute_sql(f"SELECT {', '.join(names)} FROM {table}")
            return [(int(campaign), str(ledger)) for campaign, ledger in found]

    def has_leads(self) -> bool:
        """Whether there is a table of leads, whoever made it."""
        with self._explained(), self._client() as client:
            return client.is_storage_initialized() and _has(client, LEADS)

    def drop(self, tables: Iterable[str]) -> None:
        """Drop tables, and what dlt remembers of them there."""
        with self._explained(), self._client() as client:
            client.drop_tables(*tables)
            with client.with_staging_dataset():
                if client.is_storage_initialized():
                    client.drop_tables(*tables)

    def close(self) -> None:
        """Delete what stands in the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _client(self) -> Any:
        return self._pipeline.destination_client()

    def _resource(self, content: Content) -> Any:
        hints: dict[str, dict[str, Any]] = {s.name: {} for s in content.shapes}
        if content.key:
            hints[content.key] = {"nullable": False}
        if REMOVED in hints:
            hints[REMOVED] = {"hard_delete": True}
        merged = {"disposition": "merge", "strategy": _STRATEGY, "deduplicated": True}
        return self._dlt.resource(
            [_arrow(content)],
            name=content.table,
            write_disposition=merged if content.key else "replace",
            primary_key=content.key,
            columns={name: hint for name, hint in hints.items() if hint},
        )

    @contextmanager
    def _explained(self) -> Generator[None]:
        with dlt_errors.explained(self._text, self._destination):
            yield


class _Engines:
    def check(self, destination: str) -> None:
        """Refuse a destination that leads cannot be kept in rightly."""
        with tempfile.TemporaryDirectory(prefix="leadwell-") as folder:
            self.open(destination, "leads", "leadwell", Path(folder) / "dlt").close()

    def open(self, destination: str, dataset: str, name: str, folder: Path) -> Dlt:
        """Open a dataset of a destination."""
        return Dlt(destination, dataset, name, folder)


ENGINES = _Engines()


def _modules() -> Any:
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import_module("pyarrow")
        return import_module("dlt")
    except ModuleNotFoundError as error:
        raise UsageError(
            f"dlt: needs leadwell[dlt] ({error.name} is not installed)",
            hint="pip install 'leadwell[dlt]', and dlt with what it needs for the "
            "warehouse: pip install 'dlt[bigquery]'",
        ) from None


def _factory(destination: str) -> Any:
    """Return what dlt makes clients of a destination with.

    Raises:
        UsageError: dlt has none such, or leads would be doubled there.
    """
    found = import_module("dlt.common.destination").Destination
    try:
        factory = found.from_reference(destination)
    except KeyError:
        raise UsageError(
            f"dlt has no destination {destination!r}",
            hint=f"there are {_listed(found)}",
        ) from None
    if not _merges(factory):
        raise UsageError(
            f"dlt:{destination} would double leads: dlt replaces none there",
            hint="for files there is parquet:FOLDER, which a warehouse may read from "
            f"there; dlt replaces leads in {_listed(found)}",
        )
    return factory


def _listed(found: Any) -> str:
    known = import_module("dlt.destinations").__all__
    kept = (name for name in known if name not in {"destination", "dummy"})
    return ", ".join(sorted(n for n in kept if _merges(found.from_reference(n))))


def _merges(factory: Any) -> bool:
    """Whether rows of plain tables are replaced by their key."""
    has = factory.capabilities()
    selector = has.merge_strategies_selector
    known = has.supported_merge_strategies
    return _STRATEGY in (selector(known, table_schema={}) if selector else known)


def _format(factory: Any) -> str | None:
    """Return the format that costs least; `None`: dlt chooses itself."""
    has = factory.capabilities()
    is_choice = has.loader_file_format_selector is not None
    is_direct = "parquet" in has.supported_loader_file_formats
    return "parquet" if is_direct and not is_choice else None


def _has(client: Any, table: str) -> bool:
    return any(columns for _, columns in client.get_storage_tables([table]))


def _arrow(content: Content) -> Any:
    """Make an Arrow table of rows as SQLite holds them."""
    arrow = import_module("pyarrow")
    cells = [*zip(*content.rows, strict=True)] or [()] * len(content.shapes)
    columns = {
        shape.name: _column(arrow, shape, held)
        for shape, held in zip(content.shapes, cells, strict=True)
    }
    fields = [
        arrow.field(name, column.type, nullable=name != content.key)
        for name, column in columns.items()
    ]
    return arrow.table(columns, schema=arrow.schema(fields))


def _column(arrow: Any, shape: Shape, held: Sequence[Any]) -> Any:
    own: Mapping[Type, Any] = {
        Type.WHOLE: arrow.int64(),
        Type.TEXT: arrow.string(),
        Type.NUMBER: arrow.float64(),
        Type.DECIMAL: arrow.decimal128(*_DECIMAL_DIGITS),
        Type.BOOLEAN: arrow.bool_(),
        Type.DATE: arrow.date32(),
        Type.MOMENT: arrow.timestamp("us", tz="UTC"),
    }
    match shape.type:
        case Type.DECIMAL | Type.DATE | Type.MOMENT:
            return arrow.array(held, arrow.string()).cast(own[shape.type])
        case Type.BOOLEAN:
            truths = [None if each is None else bool(each) for each in held]
            return arrow.array(truths, own[shape.type])
        case _:
            return arrow.array(held, own[shape.type])
