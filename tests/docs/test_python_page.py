"""The programs of the how-to page on Python, run in their order on a real hub."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import make, served

PAGE = Path(__file__).parents[2] / "docs/how-to/use-from-python.md"
PARTS = re.compile(r"<!-- test -->\n```python\n(.*?)```", re.DOTALL)
OUTPUT = re.compile(r"```text\n(.*?)```", re.DOTALL)


def test_every_program_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    text = PAGE.read_text("utf-8")
    (tmp_path / "leads.db.key").write_text(served.KEY.hex())
    database = make.a_database(tmp_path / "leads.db")
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    for budget in (100, 900):
        fields = {"source": "partner-west", "budget": budget, "tags": ["a"]}
        make.a_lead(database, campaign, datetime.now(UTC), fields=fields)
    token = make.a_token(database, account, campaign, may_write=True, key=served.KEY)
    database.close()
    hub = served.a_hub(tmp_path, token)
    monkeypatch.setenv("LEADWELL_URL", f"http://127.0.0.1:{hub.port}")
    monkeypatch.setenv("LEADWELL_TOKEN", token)
    try:
        programs = PARTS.findall(text)
        assert len(programs) == text.count("```python")
        known: dict[str, Any] = {}
        (written,) = re.findall(r"```sh\nleadwell (codegen .*)\n```", text)
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(tmp_path)
        command = [sys.executable, "-m", "leadwell.cli", *written.split()]
        subprocess.run(command, check=True)
        for program in programs:
            exec(program, known)  # noqa: S102 - the page's own code
    finally:
        hub.stop()
    said = capfd.readouterr().out
    assert all(output in said for output in OUTPUT.findall(text)), said
    assert "1 Jane Doe 100 20" in said
