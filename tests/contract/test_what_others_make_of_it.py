"""What other people's tools make of the description: all of it holds against a hub."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from leadwell.model.campaign import Attribute
from leadwell.store import accounts, campaigns
from tests import described, environments, equipment, make
from tests.recording import recorded
from tests.served import KEY, Served, a_folder, a_hub

pytestmark = pytest.mark.proof
HERE = Path(__file__).parent
DOWNLOAD = "/docs/download"
CASES = int(os.environ.get("LEADWELL_TEST_CASES", "12"))
"""Drawn for each operation, beside some hundred that follow from its description; for a
million: LEADWELL_TEST_CASES=11000 make contract."""
SEED = os.environ.get("LEADWELL_TEST_SEED", "362")
TIMEOUT_S = 900 + 10 * CASES


READERS = (
    ("writer", "sqlite"),
    ("writer", "postgres"),
    ("odd", "sqlite"),
    ("odd", "postgres"),
    ("reader", "sqlite"),
    ("partner", "postgres"),
)
"""Whom a hub describes itself to, each in his own way. A token of several campaigns is
told no options or fields, so that most of what is drawn for it is refused."""
WRITERS = ("writer", "odd")
ALLOW = "allow_header_conformance"
"""`Allow` names what a path knows; who may not write is told of less."""


@dataclass(frozen=True)
class Live:
    """A running hub with the documents that its token gets."""

    hub: Served
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.hub.port}"

    def kept(self, form: str, *, as_everybody: bool = False) -> Path:
        """Download a document, and keep it as a file."""
        path = f"{DOWNLOAD}/{form}/any-name"
        headers = {} if as_everybody else {"Authorization": f"Bearer {self.hub.token}"}
        answer = self.hub.pool.request("GET", self.url + path, headers=headers)
        assert answer.status == 200, answer.data
        ending = form.partition(".")[2]
        file = self.folder / f"{form.replace('.', '-')}.{ending}"
        file.write_bytes(answer.data)
        return file


@contextmanager
def a_live(folder: Path, token: str, engine: str = "sqlite") -> Iterator[Live]:
    hub = a_hub(folder, token, engine=engine)
    try:
        yield Live(hub, folder)
    finally:
        hub.stop()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with a_live(tmp_path, a_folder(tmp_path)) as found:
        yield found


def a_reader(folder: Path, name: str, engine: str) -> str:
    """A token for somebody, over the hub's database."""
    database = make.a_database_again(folder / "leads.db", engine)
    with database.reading() as connection:
        account = accounts.find_by_id(connection, 1)
        campaign = campaigns.known(connection, 362)
    if name == "odd":
        campaign = replace(described.odd(), id=363, slug="odd")
        database.write(lambda c: campaigns.add(c, account, campaign, now=0)).result()
    token = partial(make.a_token, database, account, campaign, key=KEY)
    if name == "partner":
        few = frozenset({1, 2, 6, Attribute.STATUS})
        text = token("source=partner-west", readable=few)
    else:
        text = token(may_write=name != "reader")
    database.close()
    return text


def run(*command: object, cwd: Path, **environment: str) -> str:
    """Run a tool to its end; what it says is shown when it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=os.environ | {"NO_COLOR": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, f"{done.stdout[-20_000:]}\n{done.stderr[-5_000:]}"
    return done.stdout


@pytest.mark.parametrize(("name", "engine"), READERS)
def test_no_request_that_is_allowed_or_not_is_answered_otherwise(
    tmp_path: Path, name: str, engine: str
) -> None:
    a_folder(tmp_path, engine)
    token = a_reader(tmp_path, name, engine)
    with (
        recorded("contract", on=f"{name}, {engine}") as counts,
        a_live(tmp_path, token, engine) as live,
    ):
        said = run(
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", HERE / "schemathesis.toml", "run"),
            live.kept("openapi.json"),
            *("--url", live.url, "--max-examples", CASES, "--seed", SEED),
            # Not two: Python 3.11 cannot parse in two threads at once without fail.
            *("--workers", 1, "--continue-on-failure", "--warnings", "off"),
            *(() if name in WRITERS else ("--exclude-checks", ALLOW)),
            cwd=live.folder,
            LEADWELL_TOKEN=token,
            SCHEMATHESIS_HOOKS="fuzzing",
            PYTHONPATH=str(HERE),
        )
        found = re.search(r"(\d[\d,]*) generated", said)
        assert found, said[-1_500:]
        counts["cases"] = int(found[1].replace(",", ""))


def test_every_request_of_the_collection_succeeds(live: Live) -> None:
    report = live.folder / "report.json"
    run(
        *("node", equipment.npm() / "newman/bin/newman.js", "run"),
        live.kept("collection.json"),
        *("--environment", live.kept("environment.json")),
        *("--env-var", f"token={live.hub.token}"),
        *("--reporters", "cli,json", "--reporter-json-export", report),
        cwd=live.folder,
    )
    stats = json.loads(report.read_text())["run"]["stats"]
    assert stats["assertions"]["failed"] == stats["requests"]["failed"] == 0
    assert stats["assertions"]["total"] >= stats["requests"]["total"] > 10


@pytest.mark.parametrize("name", ["everybody", "token", "filtered", "odd", "account"])
def test_a_linter_finds_no_error(name: str, tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(described.as_openapi(described.READERS[name])))
    lint = ("lint", document, "--extends", "recommended", "--format", "json")
    said = redocly(*lint, cwd=tmp_path)
    totals: dict[str, Any] = json.loads(said)["totals"]
    assert totals["errors"] == 0, said


def test_nothing_is_taken_back_since_the_last_release(tmp_path: Path) -> None:
    root, golden = equipment.ROOT, "tests/contract/golden/openapi.json"
    tags = run("git", "tag", "--list", "--sort=-creatordate", cwd=root).split()
    if not tags:
        pytest.skip("nothing is released yet, so nothing can be taken back")
    before = tmp_path / "before.json"
    before.write_text(run("git", "show", f"{tags[0]}:{golden}", cwd=root))
    redocly("diff", before, root / golden, cwd=tmp_path)


def test_a_generated_client_reads_a_page(live: Live) -> None:
    python = environments.python_of("generator")
    run(
        *(python.with_name("openapi-python-client"), "generate"),
        *("--path", live.kept("openapi.json"), "--output-path", live.folder / "made"),
        *("--meta", "none", "--overwrite"),
        cwd=live.folder,
        PATH=f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    )
    program = """
import sys
from made import AuthenticatedClient
from made.api.read import list_leads
client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])
page = list_leads.sync(client=client, campaign_id=362, per_page=10)
print(page.pagination.total, page.data[0].id)
"""
    (live.folder / "reads.py").write_text(program)
    said = run(python, "reads.py", live.url, live.hub.token, cwd=live.folder)
    assert said.split() == ["1", "1"]


def redocly(*words: object, cwd: Path) -> str:
    command = equipment.npm() / "@redocly/cli/bin/cli.js"
    return run("node", command, *words, cwd=cwd, REDOCLY_TELEMETRY="off", CI="1")
