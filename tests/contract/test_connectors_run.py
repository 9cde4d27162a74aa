"""Connectors, run by the tools they are for against a live hub: copies are exact."""

import csv
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import urllib3
import yaml

from leadwell.describe import connectors
from leadwell.describe.reader import Reader
from leadwell.model.account import Account
from leadwell.model.campaign import Campaign, Field
from leadwell.store.connection import Database
from tests import awful, environments, make
from tests.digest import digest_of
from tests.served import KEY, Served, a_hub

STAND_INS = Path(__file__).parent / "stand_ins"
LEADS = "/v2/campaigns/362/leads"
ODD = ["class", "constructor", "type", "version", "external_id", "updated-at", "2024"]
FIELDS = [
    *make.FIELDS,
    *({"slug": slug, "label": f'"{slug}"', "type": "text"} for slug in ODD),
    {
        "slug": "import",
        "label": "Import",
        "type": "select",
        "options": [{"slug": "let", "label": '"It\'s"'}],
    },
]
VALUES: dict[str, Any] = {
    "name": '=HYPERLINK("x")\n"cursor":"no","has_more":true,',
    "phone": "+4532123456",
    "source": "partner-west",
    "tags": ["a", "c"],
    "budget": 12.5,
    "price": "1200.50",
    "newsletter": True,
    "follow-up": "2025-02-21",
    "visit_at": "2025-02-21T08:00:00.5Z",
    "df_lines": {"cursor": "no", "has_more": True},
    "constructor": "Somebody",
    "version": "3.1",
    "external_id": "00123",
    "import": "let",
}
COUNT = 1_200
"""More than a page, and more than an answer of the change feed."""


class House:
    """A hub with leads, in a process of its own, and its database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "leads.db.key").write_text(KEY.hex())
        self.database: Database = make.a_database(folder / "leads.db")
        account: Account = make.an_account(self.database)
        self.campaign: Campaign = make.a_kept_campaign(
            self.database, account, fields=FIELDS
        )
        given: list[dict[str, Any]] = [
            {"fields": VALUES | {"name": f"Lead {number}"}, "external_id": f"x{number}"}
            for number in range(COUNT - 2)
        ]
        given += [{"fields": VALUES}, {"fields": {"name": "Empty"}}]
        self.write(given, make.MIDNIGHT)
        token = make.a_token(
            self.database, account, self.campaign, may_write=True, key=KEY
        )
        self.hub: Served = a_hub(folder, token)

    def write(self, given: list[dict[str, Any]], now: datetime) -> list[int]:
        written = make.leads(self.database, self.campaign, given, now)
        return [lead.id for lead in written]

    def connector(self, name: str, file: str, tool: Path) -> Path:
        """Download a connector's text, as its user would."""
        answer = self.hub.request("GET", f"/docs/download/connectors/{name}/{file}")
        assert answer.status_code == 200
        tool.mkdir(exist_ok=True)
        (tool / file).write_bytes(answer.data)
        return tool / file

    def change_things(self) -> None:
        """Change one lead, delete one, and add one."""
        name = {"fields": {"name": "Changed"}}
        for method, path, body, status in [
            ("PATCH", f"{LEADS}/1", name, 200),
            ("DELETE", f"{LEADS}/2", None, 204),
            ("POST", LEADS, {"fields": {"name": "New"}}, 201),
        ]:
            answer = self.hub.request(method, path, json=body)
            assert answer.status_code == status

    @property
    def leads(self) -> dict[int, Any]:
        found: dict[int, Any] = {}
        url: str | None = f"{LEADS}?_cursor=start&_meta=1&per_page=1000"
        while url:
            body = self.hub.request("GET", url).json()
            found |= {lead["id"]: lead for lead in body["data"]}
            url = body["meta"].get("next")
            url = url and url[url.index("/v2/") :]
        return found

    @property
    def digest(self) -> tuple[int, str]:
        answer = self.hub.request("GET", f"{LEADS}/digest").json()
        return answer["count"], answer["digest"]

    def close(self) -> None:
        self.hub.stop()
        self.database.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = House(tmp_path)
    yield opened
    opened.close()


def run(
    house: House, *command: Any, cwd: Path, returns: int = 0, **environment: str
) -> str:
    """Run a tool with the token where the instructions say, and return its words."""
    given = os.environ | {"LEADWELL_TOKEN": house.hub.token} | environment
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == returns, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


def test_the_python_program_keeps_an_exact_copy(house: House, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    program = house.connector("python", "leads_to_sqlite.py", tool)
    said = run(house, sys.executable, program, "copy.db", cwd=tool)
    assert f"{COUNT} leads" in said
    assert "the same as at the hub" in said

    house.change_things()
    assert "the same as at the hub" in run(
        house, sys.executable, program, "copy.db", cwd=tool
    )
    assert (
        digest_of(rows(tool / "copy.db", "SELECT id, version FROM leads"))
        == (house.digest[1])
    )
    exported = house.hub.request("GET", f"{LEADS}/export?_format=csv").text
    lines = list(csv.reader(StringIO(exported)))
    names = [row[1] for row in rows(tool / "copy.db", "PRAGMA table_info(leads)")]
    assert names == lines[0]
    copied = rows(tool / "copy.db", "SELECT * FROM leads ORDER BY id")
    assert [[as_csv(cell) for cell in row] for row in copied] == [
        ["1" if cell == "true" else cell for cell in line] for line in lines[1:]
    ]
    labels = rows(tool / "copy.db", "SELECT label FROM label WHERE slug = 'let'")
    assert labels == [('"It\'s"',)]


def test_the_python_program_begins_anew_after_a_restore(
    house: House, tmp_path: Path
) -> None:
    tool = tmp_path / "tool"
    program = house.connector("python", "leads_to_sqlite.py", tool)
    house.hub.stop()
    house.database.close()
    shutil.copy(house.folder / "leads.db", house.folder / "backup.db")
    house.hub = a_hub(house.folder, house.hub.token)
    text = program.read_text()
    program.write_text(re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{house.hub.port}", text))
    house.change_things()
    run(house, sys.executable, program, "copy.db", cwd=tool)
    house.hub.stop()
    for path in house.folder.glob("leads.db-*"):
        path.unlink()
    shutil.copy(house.folder / "backup.db", house.folder / "leads.db")
    house.hub = a_hub(house.folder, house.hub.token)
    program.write_text(re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{house.hub.port}", text))
    said = run(house, sys.executable, program, "copy.db", cwd=tool)
    assert "starting anew" in said
    assert f"{COUNT} leads" in said


def test_the_python_program_says_what_is_wrong(house: House, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    program = house.connector("python", "leads_to_sqlite.py", tool)
    command = (sys.executable, program, "copy.db")
    said = run(house, *command, cwd=tool, returns=1, LEADWELL_TOKEN="lw_wrong")
    assert "401 invalid_token" in said
    said = run(house, *command, cwd=tool, returns=1, LEADWELL_TOKEN="")
    assert "LEADWELL_TOKEN is not set" in said


def test_the_python_program_asks_a_busy_hub_again(house: House, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    program = house.connector("python", "leads_to_sqlite.py", tool)
    with a_busy_front(house.hub.port) as port:
        text = program.read_text().replace(f":{house.hub.port}/", f":{port}/")
        program.write_text(text)
        said = run(house, sys.executable, program, "copy.db", cwd=tool)
    assert "the same as at the hub" in said


def test_the_command_keeps_an_exact_copy(house: House, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    script = house.connector("leadwell-sync", "sync.sh", tool)
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for copy in ((), ("csv:leads.csv",), ("csv:leads.csv",)):
        said = run(house, "bash", script, *copy, cwd=tool, PATH=commands)
        assert f"exact, {COUNT:,} leads, digest {house.digest[1]}" in said
        if not copy:
            house.change_things()
    wrong = {"LEADWELL_TOKEN": "lw_wrong", "PATH": commands}
    said = run(house, "bash", script, cwd=tool, returns=3, **wrong)
    assert "the token is not valid" in said


def test_the_client_tells_every_lead_once(house: House, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    program = house.connector("python-client", "read_leads.py", tool)
    said = run(house, sys.executable, program, cwd=tool)
    told = [int(line.split()[1]) for line in said.splitlines() if line[:5] == "lead "]
    assert sorted(told) == sorted(house.leads)
    assert "price=Decimal('1200.50')" in said


@pytest.mark.proof
def test_the_shell_script_reads_everything_and_then_what_changed(
    house: House, tmp_path: Path
) -> None:
    tool = tmp_path / "tool"
    script = house.connector("curl", "leads.sh", tool)
    run(house, "bash", "-n", script, cwd=tool)
    assert run(house, "bash", script, cwd=tool) == ""
    run(house, "bash", script, cwd=tool)
    assert not (tool / "changes.ndjson").exists()
    house.change_things()
    run(house, "bash", script, cwd=tool)
    run(house, "bash", script, cwd=tool)

    lines = (tool / "leads.ndjson").read_text("utf-8").splitlines()
    copy = {lead["id"]: lead for lead in map(json.loads, lines[:-1])}
    assert len(copy) == COUNT
    for line in (tool / "changes.ndjson").read_text("utf-8").splitlines():
        for change in json.loads(line)["data"]:
            if change["op"] == "upsert":
                copy[change["id"]] = change["lead"]
            elif change["op"] == "remove":
                copy.pop(change["id"], None)
    assert copy == house.leads
    assert [each.name for each in tool.glob("*.part")] == []
    said = run(house, "bash", script, cwd=tool, returns=1, LEADWELL_TOKEN="lw_wrong")
    assert "invalid_token" in said


@pytest.mark.proof
def test_the_apps_script_writes_every_lead_into_the_sheet(
    house: House, tmp_path: Path
) -> None:
    tool = tmp_path / "tool"
    script = house.connector("google-apps-script", "leads.gs", tool)
    stand_in = STAND_INS / "google.js"
    sheet = json.loads(run(house, environments.node(), stand_in, script, cwd=tool))
    assert sheet["slept"] == [1000, 2000]
    assert sheet["frozen"] == 1
    head, *cells = sheet["cells"]
    assert len(cells) == COUNT
    row = dict(zip(head, cells[COUNT - 2], strict=True))
    assert row["name"] == VALUES["name"]
    assert row["tags.label"] == "A, C"
    assert (row["budget"], row["price"], row["newsletter"]) == (12.5, 1200.5, True)
    assert row["follow-up"] == "2025-02-21"
    assert row["visit_at"] == "2025-02-21T08:00:00.500Z"
    assert (row["field.version"], row["version"]) == ("3.1", 1)
    assert (row["field.external_id"], row["external_id"]) == ("00123", "")
    assert (row["constructor"], row["class"]) == ("Somebody", "")
    assert row["import.label"] == '"It\'s"'


@pytest.mark.proof
def test_the_code_for_zapier_hands_out_each_change_once(
    house: House, tmp_path: Path
) -> None:
    tool = tmp_path / "tool"
    code = house.connector("zapier", "leadwell-zapier.js", tool)
    command = (environments.node(), STAND_INS / "zapier.js", code, tool / "kept")
    assert json.loads(run(house, *command, cwd=tool)) == [{"_op": "nothing"}]
    house.change_things()
    found = json.loads(run(house, *command, cwd=tool))
    assert [(each["_op"], each["id"]) for each in found] == [
        ("upsert", 1),
        ("remove", 2),
        ("upsert", COUNT + 1),
    ]
    assert (found[0]["name"], found[0]["source"]) == ("Changed", "partner-west")
    assert json.loads(run(house, *command, cwd=tool)) == [{"_op": "nothing"}]


@pytest.mark.proof
def test_javascript_is_read_whatever_a_campaign_is_called(tmp_path: Path) -> None:
    for number, view in enumerate(awkward()):
        reader = awful.a_reader(view)
        for name in ("google-apps-script", "zapier"):
            text = text_of(name, reader)
            path = tmp_path / f"{name}-{number}.{'mjs' if name == 'zapier' else 'js'}"
            path.write_text(text, encoding="utf-8")
            checked = [environments.node(), "--check", str(path)]
            subprocess.run(checked, check=True, capture_output=True)


@pytest.mark.proof
def test_power_query_is_read_whatever_a_campaign_is_called(tmp_path: Path) -> None:
    packages = environments.node_modules("powerquery")
    paths: list[str] = []
    for number, view in enumerate(awkward()):
        url = f'https://hub.example/a"b#(lf){number}'
        path = tmp_path / f"{number}.pq"
        path.write_text(text_of("power-query", awful.a_reader(view, url)), "utf-8")
        paths.append(str(path))
    command = [environments.node(), str(STAND_INS / "power_query.js")]
    environment = os.environ | {"NODE_PATH": str(packages)}
    subprocess.run([*command, *paths], check=True, env=environment)
    broken = tmp_path / "broken.pq"
    broken.write_text("let a = {1, 2 in a")
    refused = subprocess.run(
        [*command, str(broken)], env=environment, capture_output=True, check=False
    )
    assert refused.returncode == 1


@pytest.mark.proof
def test_the_manifest_is_checked_and_read_by_airbytes_cdk(
    house: House, tmp_path: Path
) -> None:
    tool = tmp_path / "tool"
    manifest = house.connector("airbyte", "leadwell.yaml", tool)
    source = environments.python_of("airbyte").parent / "source-declarative-manifest"

    def ask(word: str, *options: str) -> list[dict[str, Any]]:
        command = (source, word, "--manifest-path", manifest, *options)
        said = run(house, *command, cwd=tool)
        return [json.loads(line) for line in said.splitlines() if line[:1] == "{"]

    def read(state: list[Any]) -> tuple[list[Any], list[Any]]:
        (tool / "state.json").write_text(json.dumps(state))
        found = ask(
            "read", *config, "--catalog", "catalog.json", "--state", "state.json"
        )
        leads = [each["record"]["data"] for each in found if each["type"] == "RECORD"]
        states = [each["state"] for each in found if each["type"] == "STATE"]
        return leads, states[-1:]

    content = {"__injected_declarative_manifest": {}, "api_token": house.hub.token}
    (tool / "config.json").write_text(json.dumps(content))
    config = ("--config", "config.json")
    assert [each["type"] for each in ask("spec")].count("SPEC") == 1
    (checked,) = (x for x in ask("check", *config) if x["type"] == "CONNECTION_STATUS")
    assert checked["connectionStatus"]["status"] == "SUCCEEDED"
    (discovered,) = (x for x in ask("discover", *config) if x["type"] == "CATALOG")
    (tool / "catalog.json").write_text(json.dumps(chosen(discovered["catalog"])))

    # The last of these is the mark that the next read goes on from.
    (late,) = house.write([{"fields": VALUES}], make.MIDNIGHT + timedelta(hours=1))
    whole, state = read([])
    assert {lead["id"] for lead in whole} == house.leads.keys()
    assert len(whole) == COUNT + 1
    assert read(state)[0] == [lead for lead in whole if lead["id"] == late]

    now = datetime.now(UTC)
    (changed,) = house.write([{"fields": VALUES}], now - timedelta(minutes=10))
    # This one is younger than two minutes: it belongs to a later read.
    house.change_things()
    again, state = read(state)
    assert {lead["id"] for lead in again} == {late, changed}
    assert {lead["id"] for lead in read(state)[0]} == {changed}


def chosen(catalog: dict[str, Any]) -> dict[str, Any]:
    """Choose what a user is told to: incremental, append and deduped."""
    (stream,) = catalog["streams"]
    assert stream["source_defined_primary_key"] == [["id"]]
    fields = stream["json_schema"]["properties"]["fields"]["properties"]
    assert list(fields) == [each["slug"] for each in FIELDS]
    modes = {"sync_mode": "incremental", "destination_sync_mode": "append_dedup"}
    return {"streams": [{"stream": stream, **modes}]}


@pytest.mark.proof
def test_the_dlt_pipeline_loads_everything_and_then_what_changed(
    house: House, tmp_path: Path
) -> None:
    tool = tmp_path / "tool"
    pipeline = house.connector("dlt", "leads_with_dlt.py", tool)
    python = environments.python_of("dlt")
    settings = {
        "SOURCES__LEADWELL__TOKEN": house.hub.token,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DLT_DATA_DIR": str(tool / "dlt"),
    }

    def load(*words: str) -> str:
        return run(house, python, pipeline, *words, cwd=tool, **settings)

    def query(statement: str) -> list[list[Any]]:
        asked = (
            "import duckdb, json, sys;"
            "c = duckdb.connect('campaign_362.duckdb', read_only=True);"
            "print(json.dumps(c.execute(sys.argv[1]).fetchall(), default=str))"
        )
        found: list[list[Any]] = json.loads(
            run(house, python, "-c", asked, statement, cwd=tool)
        )
        return found

    def copied() -> tuple[int, str]:
        pairs = query("SELECT id, version FROM leadwell.leads")
        return len(pairs), digest_of((a, b) for a, b in pairs)

    assert "collides" not in load()
    assert copied() == house.digest
    # The same name for the hub's own columns, whatever the fields are called.
    (row,) = query(
        "SELECT name, tags, price, newsletter, follow_up, import, updated_at_2,"
        " field_version FROM leadwell.leads WHERE name LIKE '=%'"
    )
    assert row[:2] == [VALUES["name"], "a,c"]
    assert row[2:6] == ["1200.500000000000", True, "2025-02-21", "let"]
    assert row[6:] == [None, "3.1"]

    house.change_things()
    load()
    assert copied() == house.digest
    assert query("SELECT name FROM leadwell.leads WHERE id = 1") == [["Changed"]]
    labels = query("SELECT label FROM leadwell.options WHERE field = 'import'")
    assert labels == [['"It\'s"']]
    load()
    assert copied() == house.digest
    load("anew")
    assert copied() == house.digest


@contextmanager
def a_busy_front(port: int) -> Iterator[int]:
    """Something before the hub that lets no request through at its first try."""
    refused: set[str] = set()

    class Front(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in refused:
                refused.add(self.path)
                self.send_response(503 if len(refused) % 2 else 429)
                self.send_header("Retry-After", "0")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            headers = {"Authorization": self.headers["Authorization"]}
            url = f"http://127.0.0.1:{port}{self.path}"
            found = urllib3.request("GET", url, headers=headers)
            self.send_response(found.status)
            self.send_header("Content-Length", f"{len(found.data)}")
            self.end_headers()
            self.wfile.write(found.data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Front) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def rows(path: Path, statement: str) -> list[Any]:
    with sqlite3.connect(path) as copy:
        found = copy.execute(statement).fetchall()
    copy.close()
    return found


def as_csv(cell: Any) -> str:
    return "" if cell is None else str(cell)


def text_of(name: str, reader: Reader) -> str:
    found = connectors.named(name)
    assert found is not None
    return found.text(reader)


def awkward() -> list[Campaign | None]:
    """Campaigns of odd slugs and labels, of none, and of many."""
    kinds = ["text", "select", "multi_select", "json", "decimal"]
    odd = [
        Field(n, slug, awful.LABELS[n % len(awful.LABELS)], kinds[n % len(kinds)])
        for n, slug in enumerate(awful.SLUGS)
    ]
    return [None, awful.campaign(), awful.campaign(odd), awful.large()]


def test_the_manifest_of_a_live_hub_names_no_other_address(house: House) -> None:
    tool = house.folder / "tool"
    text = house.connector("airbyte", "leadwell.yaml", tool).read_text("utf-8")
    base = yaml.safe_load(text)["streams"][0]["retriever"]["requester"]["url_base"]
    assert base == f"http://127.0.0.1:{house.hub.port}/v2/campaigns/362"
