"""Whatever happens at a hub, a copy is what its token sees, cell by cell.

Each seed is a hub as a process of its own, at which leads, filters, tokens and schemas
are changed, leads are erased and merged, and copies of every kind follow.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from leadwell.client import Campaign, Leadwell
from leadwell.store.writes import chores
from leadwell.sync.destinations import named
from leadwell.sync.pulling import Pull, Wanted, pairs_of
from leadwell.sync.verifying import verify
from tests import served
from tests.copying import POSTGRES, point_at_a_database, rows
from tests.histories import EDITS, KEY, Model, a_model, do_chores, finish

STEPS = 30
SEEDS = int(os.environ.get("LEADWELL_TEST_SEEDS", "40"))
FILES = {
    "sqlite": "l.db",
    "duckdb": "l.duckdb",
    "postgresql": "l.postgresql",
    "ndjson": "l.ndjson",
}
QUERIES = ["", "", "", "status=new", "budget[lt]=15"]


def to(scheme: str, path: Path) -> str:
    if scheme == "parquet":
        return f"parquet:{path.parent}"
    if scheme == "postgresql":
        return f"postgresql:///?schema={path.stem}"
    return f"{scheme}:{path}"


@dataclass
class Follower:
    """A copy that one token keeps."""

    campaign: Campaign
    scheme: str
    path: Path
    query: str
    pulls: int = 0

    @property
    def to(self) -> str:
        return to(self.scheme, self.path)

    def pull(self, model: Model, *, full: bool = False) -> None:
        def wait(_: float) -> None:
            do_chores(model)

        wanted = Wanted(self.query, full=full)
        pull = Pull(self.campaign, "", named(self.to), wanted, pause=wait)
        assert pull.run().is_up_to_date
        self.pulls += 1
        self.check()

    def check(self) -> None:
        """Compare every cell with what the hub lists, and ask `verify` too."""
        found = verify(self.campaign, named(self.to))
        assert found.is_exact, found
        schema = self.campaign.schema()
        asked = [*pairs_of(self.query), ("per_page", "500")]
        listed = [dict(lead.raw) for lead in self.campaign.leads(asked)]
        expected = [cells(lead, schema) for lead in listed]
        assert list(self.shown(schema)) == expected

    def shown(self, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The copy as JSON has it; what is no column of the schema must be empty."""
        kinds = {f["slug"]: f["type"] for f in schema["fields"]}
        known = {*OWN, *kinds}
        for row in READERS[self.scheme](self.path):
            assert not any(v for name, v in row.items() if name not in known), row
            yield {n: plain(kinds.get(n, ""), row.get(n)) for n in sorted(known)}


OWN = ("id", "status", "assigned_person", "created_at", "updated_at", "version")
OWN += ("external_id",)


def cells(lead: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A lead of the list as one row, from the words of the documentation alone."""
    person, status = lead.get("assigned_person"), lead.get("status")
    found = {
        "id": lead["id"],
        "status": status and status["slug"],
        "assigned_person": person and person["id"],
        "created_at": lead["created_at"],
        "updated_at": lead["updated_at"],
        "version": lead["metadata"]["version"],
        "external_id": lead["metadata"].get("external_id"),
    }
    for each in schema["fields"]:
        value = lead["fields"][each["slug"]]
        if each["type"] == "select":
            value = value and value["slug"]
        elif each["type"] == "multi_select":
            value = None if value is None else [option["slug"] for option in value]
        elif each["type"] == "decimal":
            value = None if value is None else Decimal(value)
        found[each["slug"]] = value
    return {name: found[name] for name in sorted(found)}


_AS: dict[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "decimal": Decimal,
    "number": float,
}


def plain(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind in ("multi_select", "json") and isinstance(value, str):
        # What was put into a table as JSON; a line of NDJSON was read as JSON already.
        return json.loads(value)
    if kind in _AS:
        return _AS[kind](value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}"
    return value.isoformat() if isinstance(value, date) else value


def of_table(path: Path) -> list[dict[str, Any]]:
    named = "SELECT name FROM pragma_table_info('leads')"
    stamps = "created_at, updated_at"
    if path.suffix == POSTGRES:
        named = "SELECT attname FROM pg_attribute WHERE attrelid = 'leads'::regclass"
        named += " AND attnum > 0 ORDER BY attnum"
    names = rows(path, named)
    if path.suffix == ".duckdb":
        shape = "'%Y-%m-%dT%H:%M:%S.%fZ'"
        stamps = f"strftime(created_at, {shape}), strftime(updated_at, {shape})"
    return [
        dict(zip((name for (name,) in names), row[2:], strict=True))
        | {"created_at": row[0], "updated_at": row[1]}
        for row in rows(path, f"SELECT {stamps}, * FROM leads ORDER BY id")  # noqa: S608
    ]


def of_lines(path: Path) -> list[dict[str, Any]]:
    lines = path.read_bytes().split(b"\n")[:-1]
    return [
        {
            n: (json.dumps(v) if n == "df_lines" and v is not None else v)
            for n, v in json.loads(line).items()
        }
        for line in lines
    ]


READERS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "sqlite": of_table,
    "duckdb": of_table,
    "postgresql": of_table,
    "ndjson": of_lines,
}


@dataclass
class Hubs:
    """The hub of a history, and the copies that follow it."""

    folder: Path
    hub: served.Served | None = None
    followers: list[Follower] = field(default_factory=list)

    def opened(self, _: Any) -> served.Served:
        (self.folder / "leads.db.key").write_text(KEY.hex())
        self.hub = served.a_hub(self.folder, "")
        return self.hub

    def follow(self, model: Model) -> None:
        """Begin a copy of each kind for each token."""
        assert self.hub
        url = f"http://127.0.0.1:{self.hub.port}"
        for number, kept in enumerate(model.tokens):
            campaign = Leadwell(url, kept.text).campaign(362)
            for scheme, name in FILES.items():
                query = model.random.choice(QUERIES)
                path = self.folder / f"of{number}{name}"
                self.followers.append(Follower(campaign, scheme, path, query))

    def read(self, model: Model) -> None:
        """Have some copies follow."""
        for each in model.random.sample(self.followers, 2):
            each.pull(model, full=model.random.random() < 0.1)


def run(folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(chores, "CHUNK", 7)
    point_at_a_database(folder, monkeypatch)
    hubs = Hubs(folder)
    model = a_model(folder, seed, "sqlite", hubs.opened)
    try:
        hubs.follow(model)
        operations = [*EDITS, *[hubs.read] * 6]
        for _ in range(STEPS):
            model.random.choice(operations)(model)
        finish(model)
        for each in hubs.followers:
            each.pull(model)
    finally:
        assert hubs.hub
        hubs.hub.kill()
        model.database.close()
    return sum(each.pulls for each in hubs.followers)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(1000, 1000 + SEEDS))
def test_every_copy_is_exact_for_many_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    assert run(tmp_path, seed, monkeypatch) >= 9


@pytest.mark.parametrize("seed", range(2))
def test_every_copy_is_exact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    assert run(tmp_path, seed, monkeypatch) >= 9
