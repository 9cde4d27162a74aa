"""Servers as processes of their own, and what they have cost so far."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import progress
from bench.data import SMALL, Made
from bench.peers import DATASETTE, DJANGO, FASTAPI

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
ENVIRONMENTS = Path("build/bench")
LOCKS = Path("requirements")
HUB, CONSTANT, NGINX = "Leadwell", "a constant body", "nginx, a static file"
SMALL_HUB = f"Leadwell, {SMALL:,} leads"
METRICS_TOKEN = "for the bench alone"
START_S = 30
STOP_S = 15
_CLOCK_OF_ALL_THREADS = 2
_NGINX = """
{user}
daemon off;
pid {folder}/pid;
error_log stderr error;
worker_processes 1;
events {{}}
http {{
    access_log off;
    keepalive_requests 1000000;
    default_type application/json;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder};
        location / {{ rewrite ^ /page.json break; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """A running server."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    is_peer: bool = False
    beside: Sequence[int] = ()
    """Other processes that work for it: those of its database."""

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time that all its processes have used."""
        roots = (self.process.pid, *self.beside)
        return sum(_cpu_s(pid) for root in roots for pid in _family(root))

    @property
    def private_mb(self) -> float:
        """Memory that is not shared with files, of its largest process."""
        return max(_private(pid) for pid in _family(self.process.pid)) / 1024


@contextmanager
def hub(
    made: Made,
    database: str = "",
    name: str = HUB,
    beside: Sequence[int] = (),
    more: Sequence[str] = (),
) -> Iterator[Server]:
    """Serve a database as a user does, on one worker; its own, or a copy by its URL.

    `more` are further options of `leadwell serve`.
    """
    database = database or f"sqlite:///{made.path}"
    serve = [sys.executable, "-m", "leadwell.cli", "serve", "--database", database]
    command = [*serve, *more]
    environment = {
        "LEADWELL_KEY_FILE": f"{made.path}.key",
        "LEADWELL_ERASURE_FILE": f"{made.path}.erasures",
        "LEADWELL_METRICS_TOKEN": METRICS_TOKEN,
        # As good as none, and counted all the same: its cost is in what is measured.
        "LEADWELL_TOKEN_RATE": "1000000",
        "LEADWELL_TOKEN_IN_FLIGHT_MAX": "10000",
        "LEADWELL_IN_FLIGHT_MAX": "10000",
    }
    with _running(name, command, environment) as (process, port):
        yield Server(name, process, port, beside=beside)


@contextmanager
def constant() -> Iterator[Server]:
    """Serve the ceiling."""
    command = [sys.executable, "-m", "uvicorn", "bench.constant:app", "--no-access-log"]
    with _running(CONSTANT, command) as (process, port):
        yield Server(CONSTANT, process, port)


def nginx_program() -> str | None:
    """Return where nginx is, which root alone finds on its path; `None`: nowhere."""
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin")


@contextmanager
def nginx(program: str, page: bytes) -> Iterator[Server]:
    """Serve one page as a file, whatever is asked, with one worker of nginx."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.json").write_bytes(page)
        port = _free_port()
        # Started by root it would become another user, who may not enter the folder.
        user = "user root;" if os.geteuid() == 0 else ""
        text = _NGINX.format(user=user, folder=folder, port=port)
        (folder / "nginx.conf").write_text(text)
        command = [program, "-p", name, "-c", str(folder / "nginx.conf")]
        with _running(NGINX, command, port=port) as (process, _):
            yield Server(NGINX, process, port)


def with_fastapi(
    database: str, beside: Sequence[int] = (), name: str = FASTAPI
) -> AbstractContextManager[Server]:
    """Serve the peers' database with FastAPI and SQLAlchemy on uvicorn."""
    command = ["-m", "uvicorn", "bench.peers.with_fastapi:app", "--no-access-log"]
    return _peer(name, command, database, beside)


def with_django(database: str) -> AbstractContextManager[Server]:
    """Serve it with Django REST framework on gunicorn."""
    command = ["-m", "gunicorn", "bench.peers.with_django:application"]
    options = ["-k", "gthread", "--threads", "4", "--log-level", "error"]
    return _peer(DJANGO, [*command, *options], database)


def with_datasette(database: str) -> AbstractContextManager[Server]:
    """Serve it with Datasette, which may take as long as it needs."""
    command = ["-m", "datasette", "serve", database, "--setting"]
    return _peer(DATASETTE, [*command, "sql_time_limit_ms", "60000"], database)


def peers_python(name: str = "peers") -> Path:
    """Return the Python of an environment of peers, made when it is not there.

    It has what `requirements/<name>.txt` says.
    """
    folder, lock = ENVIRONMENTS / name, LOCKS / f"{name}.txt"
    python, installed = folder / "bin" / "python", folder / "installed.txt"
    wanted = lock.read_text()
    if not installed.exists() or installed.read_text() != wanted:
        progress.stage(f"making the environment of peers, {folder}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = [str(python), "-m", "pip", "install", "-qq", "-r", str(lock)]
        subprocess.run(install, check=True)
        installed.write_text(wanted)
    return python


@contextmanager
def _peer(
    name: str, command: list[str], database: str, beside: Sequence[int] = ()
) -> Iterator[Server]:
    command = [str(peers_python()), *command]
    environment = {"BENCH_DATABASE": database, "PYTHONPATH": "."}
    with _running(name, command, environment) as (process, port):
        yield Server(name, process, port, is_peer=True, beside=beside)


@contextmanager
def _running(
    name: str,
    command: list[str],
    environment: dict[str, str] | None = None,
    port: int | None = None,
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start it on a free port, or on that which its own configuration names."""
    if port is None:
        port = _free_port()
        is_bound = "gunicorn" in command
        at = ["--bind", f"127.0.0.1:{port}"] if is_bound else ["--port", str(port)]
        command = [*command, *at]
    # What it keeps for a while it keeps here, so that the next one begins afresh.
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env=os.environ | {"TMPDIR": folder} | (environment or {}),
                # Ctrl-C is for the bench, which ends its servers in their order.
                start_new_session=True,
            )
        try:
            _await(name, process, port, log)
            yield process, port
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started here."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _await(name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionError:
            time.sleep(0.05)
        else:
            return
    said = log.read_text(errors="replace")[-2_000:]
    raise RuntimeError(f"{name} does not answer: {said}")


def _family(pid: int) -> list[int]:
    children: list[int] = []
    for task in (PROC / str(pid) / "task").glob("*/children"):
        try:
            children += map(int, task.read_text().split())
        except OSError:
            # A thread that has ended meanwhile.
            continue
    return [pid, *(each for child in children for each in _family(child))]


def _cpu_s(pid: int) -> float:
    """Return the time of all threads and of children, those that have ended as well.

    The clock of a process is exact to the nanosecond, where /proc counts in ticks.
    """
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        own_s = time.clock_gettime(~pid << 3 | _CLOCK_OF_ALL_THREADS)
    except OSError:
        # It has ended meanwhile: what it used is among its parent's ended children.
        return 0.0
    return own_s + (int(fields[13]) + int(fields[14])) / TICKS


def _private(pid: int) -> int:
    status = (PROC / str(pid) / "status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0])
