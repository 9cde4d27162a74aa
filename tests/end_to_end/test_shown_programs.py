"""The programs that the documentation shows, run as they stand by their own readers."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import served
from tests.documents import Document

WITHIN_S = 20


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[served.Served]:
    folder = tmp_path_factory.mktemp("hub")
    running = served.a_hub(folder, served.a_folder(folder))
    yield running
    running.stop()


def listings(hub: served.Served, name: str) -> list[tuple[str, str]]:
    """What a page of this hub shows, with the port at which it runs just now."""
    answer = hub.get(f"/docs/{name}")
    assert answer.status == 200
    shown = Document(answer.data.decode()).listings
    own = f"http://127.0.0.1:{hub.port}"
    return [(kind, re.sub(r"https?://[\w.:]+(?=/)", own, text)) for kind, text in shown]


def until(found: Any) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_program_holds_an_exact_copy(hub: served.Served, tmp_path: Path) -> None:
    ((_, text),) = [each for each in listings(hub, "changes") if each[0] == "python"]
    (tmp_path / "follow.py").write_text(text)
    environment = os.environ | {"LEADWELL_TOKEN": hub.token}
    program = [sys.executable, "-u", "follow.py"]
    kept = tmp_path / "leads.json"

    def copy() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(kept.read_text())["leads"]
        return found

    running = subprocess.Popen(program, cwd=tmp_path, env=environment, stdout=-1)
    until(kept.exists)
    body = {"fields": {"name": "Bo"}}
    one = hub.request("POST", "/v2/campaigns/362/leads", json=body).json()["data"]
    until(lambda: str(one["id"]) in copy())
    running.kill()
    running.communicate()

    hub.request("DELETE", f"/v2/campaigns/362/leads/{one['id']}")
    running = subprocess.Popen(program, cwd=tmp_path, env=environment, stdout=-1)
    until(lambda: str(one["id"]) not in copy())
    running.kill()
    said, _ = running.communicate()
    assert b"up to date" in said
    check_digest(hub, list(copy().values()))


def check_digest(hub: served.Served, leads: list[dict[str, Any]]) -> None:
    ((_, text),) = [each for each in listings(hub, "digest") if each[0] == "python"]
    names: dict[str, Any] = {}
    exec(compile(text, "digest.py", "exec"), names)  # noqa: S102 - our own page
    pairs = [(lead["id"], lead["metadata"]["version"]) for lead in leads]
    told = hub.request("GET", "/v2/campaigns/362/leads/digest").json()
    assert (told["count"], told["digest"]) == (len(leads), names["digest"](pairs))


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@pytest.mark.parametrize("name", ["", "filters", "everything", "digest"])
def test_a_shell_understands_the_commands(
    hub: served.Served, tmp_path: Path, name: str
) -> None:
    shown = [text for kind, text in listings(hub, name) if kind == "sh"]
    commands = [
        each for each in shown if each.startswith("curl") and "$CURSOR" not in each
    ]
    assert commands
    for command in commands:
        if "$NEXT_CURSOR" in command:
            continue
        ran = subprocess.run(
            ["sh", "-c", f"{command} -sS -w '%{{http_code}}'"],
            env=os.environ | {"LEADWELL_TOKEN": hub.token},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, ""), command
        assert ran.stdout[-3:] == ("400" if "statsu" in command else "200"), command
