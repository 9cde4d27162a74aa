"""Leads loaded by dlt itself, in an environment of its own, into a DuckDB file."""

import os
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests import environments
from tests.copying import Bench, Said, a_bench

KILLS = int(os.environ.get("LEADWELL_TEST_KILLS", "12"))
LEADS = 60
TO = "dlt:duckdb#batch=25"
pytestmark = pytest.mark.proof


@dataclass(frozen=True)
class Stand:
    """A hub, and the command in an environment that has dlt."""

    bench: Bench
    packages: Path

    @property
    def file(self) -> Path:
        return self.bench.copies / "warehouse.duckdb"

    def start(self, *arguments: str, **env: str) -> "subprocess.Popen[str]":
        known = {
            "LEADWELL_TOKEN": self.bench.hub.token,
            "LEADWELL_URL": self.bench.url,
            "PYTHONPATH": str(self.packages),
            "DESTINATION__DUCKDB__CREDENTIALS": str(self.file),
        }
        return subprocess.Popen(
            [str(environments.python_of("dlt")), "-m", "leadwell.cli", *arguments],
            cwd=self.bench.copies,
            env=os.environ | known | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **env: str) -> Said:
        process = self.start(*arguments, **env)
        out, err = process.communicate(timeout=120)
        assert self.bench.hub.token not in out + err
        return Said(process.returncode, out, err)

    def sync(self, to: str = TO, *arguments: str, **env: str) -> Said:
        return self.run("sync", self.bench.url, "--to", to, *arguments, **env)

    def rows(self, sql: str) -> list[Any]:
        with duckdb.connect(str(self.file), read_only=True) as opened:
            return opened.execute(sql).fetchall()

    def check(self) -> None:
        """Each lead is there once, in its version and with its values."""
        listed = self.bench.listed()
        found = self.rows("SELECT id, version, name, status FROM leads_362.leads")
        assert sorted(found) == sorted(
            (i, e["metadata"]["version"], e["fields"]["name"], e["status"]["slug"])
            for i, e in listed.items()
        )
        said = self.run("verify", self.bench.url, "--to", TO)
        assert (said.code, "exact" in said.out) == (0, True), said


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    bench = a_bench(tmp_path, leads=LEADS)
    yield Stand(bench, environments.unpacked_leadwell(tmp_path))
    bench.hub.kill()


def test_what_changed_is_loaded_with_its_types(stand: Stand) -> None:
    said = stand.sync()
    assert said.code == 0, said
    assert f"delivered: {LEADS + 1} leads" in said.out
    stand.check()
    stand.bench.ask("PATCH", "/2", {"status": "won"})
    stand.bench.ask("DELETE", "/3")
    stand.bench.add(name="Bo")
    said = stand.sync(TO, "--json")
    assert said.json["delivered"]["removals"] == 1
    stand.check()
    asked = "tags, budget, price, newsletter, follow_up, visit_at AT TIME ZONE 'UTC'"
    (row,) = stand.rows(f"SELECT {asked} FROM leads_362.leads WHERE id = 14")  # noqa: S608
    lead = stand.bench.listed()[14]["fields"]
    slugs = lead["tags"] and [each["slug"] for each in lead["tags"]]
    assert row == (
        slugs and str(slugs).replace("'", '"').replace(" ", ""),
        lead["budget"],
        lead["price"] and Decimal(lead["price"]),
        lead["newsletter"],
        lead["follow-up"] and date.fromisoformat(lead["follow-up"]),
        lead["visit_at"]
        and datetime.fromisoformat(lead["visit_at"]).replace(tzinfo=None),
    )
    assert stand.rows("SELECT count(*) FROM leads_362.options") == [(8,)]
    # No lead stays in the second dataset, nor beside the ledger.
    assert stand.rows("SELECT * FROM leads_362_staging.leads") == []
    assert not list(stand.bench.copies.glob("*-dlt"))
    done = stand.sync()
    assert (done.code, "delivered: 0 leads" in done.out) == (0, True), done


def test_fields_come_are_renamed_and_go(stand: Stand) -> None:
    assert stand.sync().code == 0
    words = ["--campaign", "362", "--database"]
    words.append(f"sqlite:///{stand.bench.folder / 'leads.db'}")
    for command in (
        ["field", "add", "project_notes", "--yes", *words],
        ["field", "rename", "email", "e-mail", "--yes", *words],
        ["field", "remove", "website", "--yes", *words],
    ):
        done = stand.bench.run(*command)
        assert done.code == 0, done
    stand.bench.ask("PATCH", "/2", {"fields": {"project_notes": "other"}})
    said = stand.sync()
    assert said.code == 0, said
    stand.check()
    (row,) = stand.rows(
        "SELECT e_mail, email, website, project_notes, project_notes_text"
        " FROM leads_362.leads WHERE id = 2"
    )
    lead = stand.bench.listed()[2]["fields"]
    assert row == (lead["e-mail"], None, None, lead["project-notes"], "other")
    emptied = "SELECT count(*) FROM leads_362.leads WHERE coalesce(email, website) > ''"
    assert stand.rows(emptied) == [(0,)]


def test_what_cannot_work_is_explained_and_nothing_made(stand: Stand) -> None:
    for to, code, what in (
        ("dlt:filesystem", 2, "would double leads"),
        ("dlt:athena", 2, "would double leads"),
        ("dlt:nonsense", 2, "there are bigquery, clickhouse"),
        ("dlt:bigquery", 2, "DESTINATION__BIGQUERY__CREDENTIALS"),
        ("dlt:postgres", 2, "pip install 'dlt[postgres]'"),
    ):
        secret = {"DESTINATION__POSTGRES__CREDENTIALS": "postgresql://me:s3cret@h/d"}
        said = stand.sync(to, **secret)
        assert (said.code, what in said.err) == (code, True), said
        assert "s3cret" not in said.out + said.err
    assert not list(stand.bench.copies.glob("dlt*"))
    away = {"DESTINATION__DUCKDB__CREDENTIALS": "/no/such/folder/s3cret.duckdb"}
    said = stand.sync(TO, **away)
    assert (said.code, "s3cret" in said.out + said.err) == (75, False), said
    assert stand.sync().code == 0
    stand.check()
    with duckdb.connect(str(stand.file)) as opened:
        opened.execute("CREATE SCHEMA own")
        opened.execute("CREATE TABLE own.leads (id INTEGER)")
    said = stand.sync("dlt:duckdb/own")
    assert (said.code, "did not make" in said.err) == (5, True), said


def test_a_new_ledger_fills_a_dataset_whatever_was_there(stand: Stand) -> None:
    assert stand.sync().code == 0
    with duckdb.connect(str(stand.file)) as opened:
        for dataset in ("leads_362", "leads_362_staging"):
            opened.execute(f"ALTER TABLE {dataset}.leads DROP COLUMN budget")
            opened.execute(f"ALTER TABLE {dataset}.leads ADD COLUMN budget DATE")
        opened.execute("INSERT INTO leads_362.leads (id, version) VALUES (9999, 1)")
    (stand.bench.copies / "dlt-duckdb.leadwell").unlink()
    said = stand.sync()
    assert said.code == 0, said
    stand.check()
    kind = "SELECT DISTINCT typeof(budget) FROM leads_362.leads"
    assert stand.rows(kind) == [("DOUBLE",)]


def test_two_at_once_in_one_process(stand: Stand) -> None:
    """Each has a database of its own, as one writes to a DuckDB file at a time."""
    (stand.bench.copies / "sync.toml").write_text(
        '[[sync]]\nname = "one"\nto = "dlt:one/leads_of_one"\n'
        '[[sync]]\nname = "two"\nto = "dlt:two/leads_of_two"\n'
    )
    env: dict[str, str] = {}
    for name in ("ONE", "TWO"):
        env[f"DESTINATION__{name}__DESTINATION_TYPE"] = "duckdb"
        path = stand.bench.copies / f"{name}.duckdb"
        env[f"DESTINATION__{name}__CREDENTIALS"] = str(path)
    said = stand.run("sync", "run", "sync.toml", "--json", **env)
    assert said.code == 0, said
    for name in ("one", "two"):
        path = stand.bench.copies / f"{name.upper()}.duckdb"
        with duckdb.connect(str(path), read_only=True) as opened:
            found = opened.execute(f"SELECT id FROM leads_of_{name}.leads")  # noqa: S608
            assert sorted(i for (i,) in found.fetchall()) == sorted(
                stand.bench.listed()
            )


def test_many_kills_lose_and_double_nothing(stand: Stand) -> None:
    rolls = random.Random(KILLS)  # noqa: S311 - a seeded walk, no secret
    hits, within_s = 0, 2.0
    folder = stand.bench.copies / "dlt-duckdb.leadwell-dlt"
    for number in range(KILLS):
        listed = sorted(stand.bench.listed())
        for lead_id in rolls.sample(listed, 8):
            stand.bench.ask("PATCH", f"/{lead_id}", {"fields": {"name": f"k{number}"}})
        stand.bench.ask("DELETE", f"/{rolls.choice(listed)}")
        stand.bench.add(name=f"a{number}")
        process = stand.start("sync", stand.bench.url, "--to", TO)
        # Where dlt begins to work its folder appears.
        while not folder.exists() and process.poll() is None:
            time.sleep(0.005)
        time.sleep(rolls.uniform(0, within_s))
        process.kill()
        is_hit = process.wait() < 0
        hits += is_hit
        # A fast machine is done sooner: it is killed sooner the next time.
        within_s *= 1 if is_hit else 0.7
        process.communicate()
        if stand.file.exists():
            doubled = stand.rows(
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = 'leads_362' AND table_name = 'leads'"
            ) and stand.rows(
                "SELECT id FROM leads_362.leads GROUP BY 1 HAVING count(*) > 1"
            )
            assert not doubled
    said = stand.sync()
    assert said.code == 0, said
    stand.check()
    print(f"dlt: {KILLS} kills, {hits} of them in the middle")  # noqa: T201
    assert hits > KILLS / 3
