"""The files of deploy/ do what they say: linted, built of what they copy, served."""

import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3
import yaml

from tests import environments, equipment
from tests.deploy import reading, watching
from tests.served import a_folder, a_hub

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
START_TIMEOUT_S = 30
pytestmark = pytest.mark.proof


def test_the_dockerfile_is_clean() -> None:
    _check("hadolint", "--failure-threshold", "warning", DEPLOY / "Dockerfile")


def test_the_compose_file_is_clean() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    _check("check-jsonschema", *schema, DEPLOY / "compose.yaml")


BAD = {
    "LeadwellDown": {'up{job="leadwell"}': "0x300"},
    "LeadwellDatabaseAway": {"leadwell_database_up": "0x300"},
    "LeadwellErrors": {
        'leadwell_request_seconds_count{status="200"}': "0+600x300",
        'leadwell_request_seconds_count{status="500"}': "0+60x300",
    },
    "LeadwellCommitsSlow": {
        'leadwell_commit_seconds_bucket{le="0.25"}': "0+60x300",
        'leadwell_commit_seconds_bucket{le="0.5"}': "0+90x300",
        'leadwell_commit_seconds_bucket{le="+Inf"}': "0+90x300",
    },
    "LeadwellWritesWaiting": {"leadwell_writes_waiting": "150x300"},
    "LeadwellReplicaAside": {
        "leadwell_replicas": "2x300",
        "leadwell_replicas_used": "1x300",
    },
    "LeadwellDiskNearlyFull": {
        "leadwell_disk_bytes": "100x300",
        "leadwell_disk_free_bytes": "9x300",
    },
    "LeadwellBackupTooOld": {"leadwell_backup_timestamp_seconds": "-90000x300"},
    "LeadwellJobsStuck": {'leadwell_jobs_waiting{kind="retention"}': "1x300"},
    "LeadwellWebhookFailing": {'leadwell_webhooks{state="failing"}': "1x300"},
    "LeadwellReaderAway": {"leadwell_readers_away": "1x300"},
}
"""What each alert is about, minute by minute."""
GOOD = {
    'up{job="leadwell"}': "1x300",
    "leadwell_database_up": "1x300",
    'leadwell_request_seconds_count{status="200"}': "0+600x300",
    'leadwell_request_seconds_count{status="500"}': "0+2x300",
    'leadwell_commit_seconds_bucket{le="0.25"}': "0+90x300",
    'leadwell_commit_seconds_bucket{le="0.5"}': "0+90x300",
    'leadwell_commit_seconds_bucket{le="+Inf"}': "0+90x300",
    "leadwell_writes_waiting": "3x300",
    "leadwell_replicas": "2x300",
    "leadwell_replicas_used": "2x300",
    "leadwell_disk_bytes": "100x300",
    "leadwell_disk_free_bytes": "50x300",
    "leadwell_backup_timestamp_seconds": "0x300",
    'leadwell_jobs_waiting{kind="retention"}': "1 0x300",
    'leadwell_webhooks{state="failing"}': "1 0x300",
    "leadwell_readers_away": "0x300",
}


@pytest.mark.parametrize("name", ["", *BAD])
def test_prometheus_says_what_is_wrong_and_nothing_else(
    tmp_path: Path, name: str
) -> None:
    """After four hours in which one thing is as it must not be, or none."""
    promtool = equipment.program("promtool", "prometheus")
    series = GOOD | BAD.get(name, {})
    case = {
        "interval": "1m",
        "input_series": [{"series": key, "values": series[key]} for key in series],
        # It is expected to say nothing, so that it names whatever it says.
        "alert_rule_test": [
            {"eval_time": "4h", "alertname": rule["alert"], "exp_alerts": []}
            for rule in watching.alerts()
        ],
    }
    test = {"rule_files": [str(watching.ALERTS)], "evaluation_interval": "1m"}
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(test | {"tests": [case]}))
    command = [promtool, "test", "rules", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert ("SUCCESS" in said, "FAILED" in said) == (not name, bool(name))
    assert set(re.findall(r"alertname: *(\w+)", said)) == ({name} if name else set())


def test_prometheus_understands_every_question_of_the_dashboard(tmp_path: Path) -> None:
    promtool = equipment.program("promtool", "prometheus")
    questions = [
        question.replace("$__rate_interval", "5m").replace("$job", "leadwell")
        for _, question in watching.asked()
    ]
    rules = [{"record": f"q{n}", "expr": text} for n, text in enumerate(questions)]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    _said(promtool, "check", "rules", path)


def test_the_service_is_clean(tmp_path: Path) -> None:
    equipment.program("systemd-analyze", "systemd")
    unit = tmp_path / "leadwell.service"
    text = (DEPLOY / "leadwell.service").read_text("utf-8")
    (command,) = re.findall(r"^ExecStart=(\S+)", text, re.MULTILINE)
    unit.write_text(text.replace(command, sys.executable))
    assert _said("systemd-analyze", "verify", unit) == ""
    judged = _said("systemd-analyze", "security", "--offline=true", unit)
    (exposure,) = re.findall(r"exposure level .*: ([\d.]+)", judged)
    page = (ROOT / "docs/how-to/run-as-a-service.md").read_text("utf-8")
    assert f"an exposure of {exposure} of 10" in " ".join(page.split())


def test_the_image_can_be_built_of_what_it_copies(tmp_path: Path) -> None:
    """The steps of its first stage, in folders of the test's own, without Docker."""
    build, into = tmp_path / "build", tmp_path / "leadwell"
    build.mkdir()
    for file in reading.context(ROOT):
        place = build / file.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    shutil.copy(build / "requirements/server.txt", build / "requirements.txt")
    tools = tmp_path / "tools"
    _said(sys.executable, "-m", "venv", tools)
    for step in reading.steps(DEPLOY / "Dockerfile", "build"):
        there = step.replace("/opt/leadwell", str(into)).replace("/build", str(build))
        _said("sh", "-ec", f"PATH={tools}/bin:$PATH; {there}", cwd=build)
    version = _said(into / "bin/leadwell", "--version", cwd=tmp_path)
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", version)
    # The server's own parts are there too, PostgreSQL's included.
    _said(into / "bin/python", "-c", "import leadwell.server, psycopg_pool, mcp")


def test_the_proxy_brings_tls_and_passes_answers_on(tmp_path: Path) -> None:
    token = a_folder(tmp_path)
    hub = a_hub(tmp_path, token)
    try:
        with _proxy(tmp_path, hub.port) as (url, root):
            pool = urllib3.PoolManager(
                ssl_context=ssl.create_default_context(cafile=root)
            )
            ready = pool.request("GET", f"{url}/health/ready")
            assert ready.status == 200
            # The hub's own headers pass, and none is doubled.
            assert ready.headers["Referrer-Policy"] == "no-referrer"
            bearer = {"Authorization": f"Bearer {token}"}
            page = pool.request("GET", f"{url}/v2/campaigns/362/leads", headers=bearer)
            assert page.json()["pagination"]["total"] == 1
            export = f"{url}/v2/campaigns/362/leads/export?_format=csv"
            leads = pool.request("GET", export, headers=bearer)
            assert b"partner-west" in leads.data
    finally:
        hub.kill()


@contextmanager
def _proxy(folder: Path, hub_port: int) -> Iterator[tuple[str, Path]]:
    """Caddy with the file of deploy/ before a hub; its URL, and who signed for it."""
    caddy = equipment.program("caddy", "caddy")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"https://localhost:{port}"
    own = "{\n admin off\n auto_https disable_redirects\n skip_install_trust\n}\n"
    text = (DEPLOY / "Caddyfile").read_text("utf-8")
    assert "hub:8362" in text
    (folder / "Caddyfile").write_text(
        own + text.replace("hub:8362", f"127.0.0.1:{hub_port}")
    )
    environment = {"DOMAIN": url, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    command = [caddy, "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    root = folder / "caddy/pki/authorities/local/root.crt"
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stderr=log)
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (root.exists() and _listens(port)):
            assert time.monotonic() < deadline, (folder / "proxy.log").read_text()
            time.sleep(0.05)
        yield url, root
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_S)


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def _check(program: str, *arguments: str | Path) -> None:
    found = environments.python_of("deploy").with_name(program)
    _said(found, *arguments)


def _said(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
