"""What the proofs need beside Python: a browser, packages of npm, a few programs.

Whatever is missing is fetched at first use, or it is said what to install. Only one
process does so; the others wait for it.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
PINS = ROOT / "tests/npm"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APT = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=600")


def chromium() -> Path:
    """The machine's Chromium: the one in TEST_CHROMIUM, or one that is on its path."""
    with _alone("chromium"):
        found = _chromium()
        if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
            _install("chromium")
            found = _chromium()
    if found is None:
        pytest.fail(
            "the proofs of pages need Chromium: apt-get install chromium, or "
            "name one in TEST_CHROMIUM"
        )
    return Path(found)


def program(name: str, package: str) -> Path:
    """A program of the machine's, installed from its Debian package if it is away."""
    with _alone(name):
        found = shutil.which(name)
        if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
            _install(package)
            found = shutil.which(name)
    if found is None:
        pytest.fail(f"this proof needs {name}: apt-get install {package}")
    return Path(found)


def npm() -> Path:
    """The folder of npm's packages, exactly as the lock of tests/npm pins them."""
    if shutil.which("npm") is None:
        pytest.fail("these proofs need npm, which comes with Node.js 20 or newer")
    folder = BUILD / "npm"
    with _alone("npm"):
        lock = (PINS / "package-lock.json").read_bytes()
        installed = folder / "installed.json"
        if not installed.exists() or installed.read_bytes() != lock:
            folder.mkdir(exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(PINS / name, folder)
            quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
            _run("npm", "ci", *quiet, cwd=folder)
            installed.write_bytes(lock)
    return folder / "node_modules"


def _chromium() -> str | None:
    named = os.environ.get("TEST_CHROMIUM")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


def _install(package: str) -> None:
    _run(*APT, "update", cwd=ROOT)
    _run(*APT, "install", "-y", "--no-install-recommends", package, cwd=ROOT)


def _run(*command: str, cwd: Path) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.fail(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")


@contextmanager
def _alone(what: str) -> Iterator[None]:
    BUILD.mkdir(exist_ok=True)
    with (BUILD / f"{what}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
