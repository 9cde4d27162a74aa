"""Servers as processes of their own, and what they have cost so far."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.data import Made

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
PEERS = Path("build/bench/peers")
"""The environment of the peers."""


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """A running server."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    is_peer: bool = False

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time that all its processes have used."""
        return sum(_cpu(pid) for pid in _family(self.process.pid)) / TICKS

    @property
    def private_mb(self) -> float:
        """Memory that is not shared with files, of its largest process."""
        return max(_private(pid) for pid in _family(self.process.pid)) / 1024


@contextmanager
def hub(made: Made) -> Iterator[Server]:
    """Serve a database as a user does, on one worker."""
    command = ["-m", "leadwell.cli", "serve", "--database", f"sqlite:///{made.path}"]
    with _running("Leadwell", command) as server:
        yield server


@contextmanager
def constant() -> Iterator[Server]:
    """Serve the ceiling."""
    command = ["-m", "uvicorn", "bench.constant:app", "--no-access-log"]
    with _running("a constant body", command) as server:
        yield server


@contextmanager
def with_fastapi(path: Path) -> Iterator[Server]:
    """Serve the peers' database with FastAPI and SQLAlchemy on uvicorn."""
    command = ["-m", "uvicorn", "bench.peers.with_fastapi:app", "--no-access-log"]
    with _peer("FastAPI + SQLAlchemy", command, path) as server:
        yield server


@contextmanager
def with_django(path: Path) -> Iterator[Server]:
    """Serve it with Django REST framework on gunicorn."""
    command = ["-m", "gunicorn", "bench.peers.with_django:application"]
    options = ["-k", "gthread", "--threads", "4", "--log-level", "error"]
    with _peer("Django REST framework", [*command, *options], path) as server:
        yield server


@contextmanager
def with_datasette(path: Path) -> Iterator[Server]:
    """Serve it with Datasette."""
    with _peer("Datasette", ["-m", "datasette", "serve", str(path)], path) as server:
        yield server


def _peer(name: str, command: list[str], path: Path) -> AbstractContextManager[Server]:
    python = PEERS / "bin" / "python"
    if not python.exists():
        print("making the environment of the peers", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        install = ["-m", "pip", "install", "-qq", "-r", "requirements/peers.txt"]
        subprocess.run([str(python), *install], check=True)
    environment = os.environ | {"BENCH_DATABASE": str(path), "PYTHONPATH": "."}
    return _running(name, command, str(python), environment)


@contextmanager
def _running(
    name: str,
    command: list[str],
    python: str = sys.executable,
    environment: dict[str, str] | None = None,
) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    at = ["--port", str(port)]
    if "gunicorn" in command:
        at = ["--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        [python, *command, *at],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    try:
        _await(process, port)
        yield Server(name, process, port, python != sys.executable)
    finally:
        process.terminate()
        process.wait()


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"it does not answer: {process.args}")


def _family(pid: int) -> list[int]:
    tasks = (PROC / str(pid) / "task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [pid, *(each for child in children for each in _family(child))]


def _cpu(pid: int) -> int:
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _private(pid: int) -> int:
    status = (PROC / str(pid) / "status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0])
