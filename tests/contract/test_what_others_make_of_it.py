"""What other people's tools make of the description: all of it holds against a hub."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import described, environments, equipment
from tests.recording import recorded
from tests.served import Served, a_folder, a_hub

pytestmark = pytest.mark.proof
HERE = Path(__file__).parent
DOWNLOAD = "/docs/download"
CASES = int(os.environ.get("LEADWELL_TEST_CASES", "5"))
"""For each operation and way of trying it; a longer run:
LEADWELL_TEST_CASES=2000 make contract."""
SEED = os.environ.get("LEADWELL_TEST_SEED", "362")
TIMEOUT_S = 900


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


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    hub = a_hub(tmp_path, a_folder(tmp_path))
    yield Live(hub, tmp_path)
    hub.stop()


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


def test_no_request_that_is_allowed_or_not_is_answered_otherwise(live: Live) -> None:
    with recorded("contract") as counts:
        said = run(
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", HERE / "schemathesis.toml", "run"),
            live.kept("openapi.json"),
            *("--url", live.url, "--max-examples", CASES, "--seed", SEED),
            # Not two: Python 3.11 cannot parse in two threads at once without fail.
            *("--workers", 1, "--continue-on-failure", "--warnings", "off"),
            cwd=live.folder,
            LEADWELL_TOKEN=live.hub.token,
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
