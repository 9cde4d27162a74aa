"""Promises of the package as it is shipped."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import leadwell

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src/leadwell"
VENDOR = SRC / "api/static/vendor"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# What `pip install leadwell` alone does not bring.
SERVER_ONLY = [
    "apsw",
    "cryptography",
    "jinja2",
    "jsonschema",
    "opentelemetry",
    "phonenumbers",
    "psycopg",
    "psycopg_pool",
    "pyroaring",
    "python_calamine",
    "starlette",
    "structlog",
    "uvicorn",
    "yaml",
]


DECLARED = [
    *PROJECT["project"]["dependencies"],
    *PROJECT["project"]["optional-dependencies"]["server"],
    *PROJECT["project"]["optional-dependencies"]["postgres"],
    *PROJECT["project"]["optional-dependencies"]["mcp"],
    *PROJECT["project"]["optional-dependencies"]["sync"],
    *PROJECT["project"]["optional-dependencies"]["async"],
    *PROJECT["project"]["optional-dependencies"]["otel"],
    *PROJECT["dependency-groups"]["dev"],
]
PIN = re.compile(r"^([\w.-]+)(?:\[.*\])?==(\S+)", re.MULTILINE)


def pins_of(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return {canonicalize_name(found[1]): found[2] for found in PIN.finditer(text)}


def build_wheel(into: Path) -> bytes:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", into]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(into.glob("*.whl")).read_bytes()


def test_the_installed_version_is_the_one_that_is_written() -> None:
    assert version("leadwell") == PROJECT["project"]["version"]


@pytest.mark.parametrize("declared", DECLARED)
def test_what_is_declared_is_locked(declared: str) -> None:
    wanted = Requirement(declared)
    pinned = pins_of("dev.txt").get(canonicalize_name(wanted.name))
    assert pinned, "run `make lock`"
    assert wanted.specifier.contains(pinned), "run `make lock`"


def test_the_server_runs_on_what_was_tested() -> None:
    assert pins_of("server.txt").items() <= pins_of("dev.txt").items()


def test_the_package_ships_its_types() -> None:
    assert (Path(leadwell.__file__).parent / "py.typed").exists()


@pytest.mark.skipif(not (SRC / "cli").exists(), reason="there are no commands yet")
def test_the_command_can_be_loaded() -> None:
    (script,) = entry_points(group="console_scripts", name="leadwell")
    assert callable(script.load())


@pytest.mark.parametrize("name", ["client", "sync", "cli"])
def test_the_client_side_loads_without_the_server_extra(name: str) -> None:
    if not (SRC / name).exists():
        pytest.skip(f"there is no {name} yet")
    absent = f"import sys; sys.modules |= dict.fromkeys({SERVER_ONLY!r})"
    code = f"{absent}; import leadwell.{name}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_the_proofs_take_of_npm_is_locked_without_a_host() -> None:
    folder = ROOT / "tests/npm"
    wanted = json.loads((folder / "package.json").read_text("utf-8"))
    lock = json.loads((folder / "package-lock.json").read_text("utf-8"))
    root = lock["packages"].pop("")
    assert root["devDependencies"] == wanted["devDependencies"]
    for name, each in lock["packages"].items():
        assert each["integrity"].startswith("sha512-"), name
        assert "resolved" not in each, "npm install --omit-lockfile-registry-resolved"


def test_the_notices_name_what_is_carried_along() -> None:
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text("utf-8")
    pins = tomllib.loads((VENDOR / "vendor.toml").read_text("utf-8"))
    for name, pin in pins.items():
        assert f"## {pin['package']} {pin['version']} ({pin['licence']})" in notices
        for text in pin["texts"]:
            kept = (VENDOR / name / pin["version"] / text).read_text("utf-8")
            assert kept.strip() in notices, "run `make vendor`"


@pytest.mark.proof
def test_two_builds_of_one_source_are_the_same_to_the_byte(tmp_path: Path) -> None:
    assert build_wheel(tmp_path / "one") == build_wheel(tmp_path / "two")


def test_continuous_integration_needs_no_terminal() -> None:
    script = ROOT / ".ci/run"
    subprocess.run(["bash", "-n", script], check=True, stdin=subprocess.DEVNULL)
    assert os.access(script, os.X_OK)
