"""On what was measured, and with which versions."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import apsw

from bench import serving

OURS = ("leadwell", "uvicorn", "starlette", "apsw", "pyroaring", "psycopg", "duckdb")
LOADERS = {
    "dlt": ("dlt", "duckdb", "pyarrow"),
    "singer": ("singer-sdk", "target-duckdb", "duckdb"),
}
"""What copies are compared with, by its environment."""
THEIRS = (
    "fastapi",
    "sqlalchemy",
    "pydantic",
    "django",
    "djangorestframework",
    "django-filter",
    "gunicorn",
    "datasette",
    "uvicorn",
    "psycopg",
)
_ASK = """
import json, platform, sqlite3, sys
own = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
from importlib.metadata import version
found = {name: version(name) for name in sys.argv[1:]}
print(json.dumps(found | own))
"""


def described() -> dict[str, object]:
    """Return what there is to say of the machine and of the hub's own packages."""
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z",
        "processor": _named(Path("/proc/cpuinfo"), "model name"),
        "processors": os.cpu_count(),
        "memory_gb": round(int(_named(Path("/proc/meminfo"), "MemTotal")[:-3]) / 2**20),
        "system": f"{platform.system()} {platform.release()}",
        "versions": {name: metadata.version(name) for name in OURS}
        | {"Python": platform.python_version(), "SQLite": apsw.sqlite_lib_version()},
        "nginx": _nginx(),
    }


def peers() -> dict[str, str]:
    """Return the versions of what the hub is compared with."""
    return _versions("peers", THEIRS)


def loaders() -> dict[str, str]:
    """Return the versions of what copies are compared with."""
    found: dict[str, str] = {}
    for name, packages in LOADERS.items():
        versions, (first, *others) = _versions(name, packages), packages
        beside = ", ".join(f"{each} {versions[each]}" for each in others)
        found[first] = f"{versions[first]} ({beside})"
    return found


def _versions(name: str, packages: Sequence[str]) -> dict[str, str]:
    command = [str(serving.peers_python(name)), "-c", _ASK, *packages]
    found: dict[str, str] = json.loads(subprocess.check_output(command))
    return found


def load() -> float:
    """Return how many processes have wanted to run during the last minute."""
    return os.getloadavg()[0]


def _named(path: Path, name: str) -> str:
    lines = path.read_text().splitlines()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(found, "unknown")


def _nginx() -> str | None:
    program = serving.nginx_program()
    if program is None:
        return None
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=True)
    return said.stderr.strip().rpartition("/")[2]
