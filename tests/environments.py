"""Environments of their own for other people's tools, made once from their locks."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build/environments"
LOCKS = ROOT / "requirements"
INSTALL = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps"]


def python_of(name: str) -> Path:
    """The Python that has the packages of `requirements/<name>.txt`."""
    lock = LOCKS / f"{name}.txt"
    python = FOLDER / name / "bin/python"

    def make() -> None:
        venv = [sys.executable, "-m", "venv", "--clear", str(FOLDER / name)]
        subprocess.run(venv, check=True)
        options = [*INSTALL, "--require-hashes", "--requirement", str(lock)]
        subprocess.run([str(python), *options], check=True)

    _made(name, [lock], make)
    return python


def unpacked_leadwell(folder: Path) -> Path:
    """Leadwell as its wheel has it, for the path of another environment's Python."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "leadwell")
    return folder / "leadwell"


def node_modules(name: str) -> Path:
    """The packages of `requirements/<name>/package-lock.json`."""
    node()
    locks = [LOCKS / name / file for file in ("package.json", "package-lock.json")]

    def make() -> None:
        for lock in locks:
            shutil.copy(lock, FOLDER / name / lock.name)
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([*install, "--silent"], cwd=FOLDER / name, check=True)

    _made(name, locks, make)
    return FOLDER / name / "node_modules"


def node() -> str:
    """Node.js; without it what needs it is skipped, but not where all is proved."""
    found = shutil.which("node")
    if found is None and not os.environ.get("CI"):
        pytest.skip("there is no Node.js here")
    assert found
    return found


def _made(name: str, locks: list[Path], make: Callable[[], None]) -> None:
    """Make an environment unless it is there already, of the same locks."""
    digest = hashlib.sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()
    (FOLDER / name).mkdir(parents=True, exist_ok=True)
    stamp = FOLDER / f"{name}.made"
    with _alone(name):
        if stamp.exists() and stamp.read_text() == digest:
            return
        make()
        stamp.write_text(digest)


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Keep out the other processes of the suite."""
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
