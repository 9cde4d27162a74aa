"""A hub as a process of its own, spoken to through real sockets."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import urllib3

from leadwell.schema.parts import Kind, Name
from leadwell.store.connection import Database
from leadwell.store.writes import parts
from tests import make
from tests.effort import unnoted

START_TIMEOUT_S = 30
KEY = make.KEY[:32]


@dataclass(frozen=True)
class Answer:
    """What came back, read as the test client's answers are."""

    status_code: int
    headers: dict[str, str]
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode()

    def json(self) -> Any:
        return json.loads(self.data)


class Process(Protocol):
    """What runs a hub: a process of `subprocess`, or a fork (tests.forking)."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def send_signal(self, number: int, /) -> None: ...


@dataclass
class Served:
    """A running hub."""

    process: Process
    port: int
    token: str
    engine: str = "sqlite"
    pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=32, retries=False)
    )

    def get(self, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
        url = f"http://127.0.0.1:{self.port}{path}"
        given = {"Authorization": f"Bearer {self.token}"} | headers
        return urllib3.request("GET", url, headers=given, retries=False)

    def request(
        self,
        method: str,
        path: str,
        json: Any = None,
        headers: dict[str, str] | None = None,
        params: dict[str, Any] | None = None,
    ) -> Answer:
        """Ask over a kept connection, with the words of Starlette's test client."""
        given = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        url = f"http://127.0.0.1:{self.port}{path}"
        if params:
            url += f"?{urlencode(params)}"
        found = self.pool.request(method, url, json=json, headers=given, timeout=60)
        names = {name.lower(): value for name, value in found.headers.items()}
        return Answer(found.status, names, found.data)

    def figure(self, name: str) -> float:
        """A figure of all processes of the hub, as `/metrics` shows it; 0: none yet."""
        answer = self.get("/metrics", Authorization=f"Bearer {METRICS_TOKEN}")
        lines = (line.rpartition(" ") for line in answer.data.decode().splitlines())
        return sum(float(number) for known, _, number in lines if known == name)

    def send(self, raw: bytes, wait_s: float = 5) -> bytes:
        """Send bytes as they are, and return the first of what comes back."""
        with socket.create_connection(("127.0.0.1", self.port), wait_s) as opened:
            try:
                opened.sendall(raw)
                return opened.recv(65_536)
            except ConnectionError:
                return b""

    def trickle(self, raw: bytes, wait_s: float = 9) -> bytes:
        """Send bytes, then a blank ten times a second until the hub hangs up."""
        answer = b""
        deadline = time.monotonic() + wait_s
        with socket.create_connection(("127.0.0.1", self.port), 0.1) as opened:
            opened.sendall(raw)
            # Hanging up while a blank is on its way is a reset, and an end as well.
            with contextlib.suppress(ConnectionError):
                while time.monotonic() < deadline:
                    try:
                        if not (got := opened.recv(65_536)):
                            break
                        answer += got
                    except TimeoutError:
                        opened.sendall(b" ")
        return answer

    def kill(self) -> None:
        """End every process of the hub at once, as a lost machine would."""
        self.pool.clear()
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """Tell the hub to stop, and wait until it has; unless it was killed, well."""
        self.pool.clear()
        has_ended = self.process.poll() is not None
        self.process.terminate()
        left = self.process.wait(timeout=START_TIMEOUT_S)
        assert has_ended or left in {0, -signal.SIGTERM}, left


class Hubs(Protocol):
    """What answers requests: a hub, or several behind one name."""

    def request(
        self,
        method: str,
        path: str,
        json: Any = None,
        headers: dict[str, str] | None = None,
        params: dict[str, Any] | None = None,
    ) -> Answer: ...


@dataclass
class Reader:
    """Speaks to the hub that runs now, for a mirror that may outlive it."""

    hub: Hubs

    def get(self, path: str, params: Any = None, headers: Any = None) -> Answer:
        return self.hub.request("GET", path, params=params, headers=headers)


METRICS_TOKEN = "a secret of the operator"
UNLIMITED = {
    "LEADWELL_TOKEN_RATE": "0",
    "LEADWELL_LINK_RATE": "0",
    "LEADWELL_WRONG_TOKENS_RATE": "0",
    "LEADWELL_WRONG_PASSWORDS_RATE": "0",
}
"""No rates: a test asks quicker than any reader, and is about something else."""


def a_folder(path: Path, engine: str = "sqlite", *, is_edited: bool = False) -> str:
    """A database with a campaign and one lead; returns a token for it.

    An option may have been renamed by somebody who was interrupted.
    """
    database = make.a_database(path / "leads.db", engine)
    token = furnished(path, database)
    if is_edited:
        west = Name(Kind.OPTION, "partner-west", "source")
        database.write(lambda c: parts.rename(c, 362, west, "west")).result()
    database.close()
    return token


def furnished(path: Path, database: Database) -> str:
    """A campaign and one lead in an empty database, and the key in the folder."""
    (path / "leads.db.key").write_text(KEY.hex())
    account = make.an_account(database)
    campaign = make.a_kept_campaign(database, account)
    make.a_lead(database, campaign, fields={"source": "partner-west"})
    return make.a_token(database, account, campaign, may_write=True, key=KEY)


def a_hub(
    folder: Path,
    token: str,
    workers: int = 1,
    engine: str = "sqlite",
    first: str = "",
    patience_s: int = 30,
    **more: str,
) -> Served:
    """A hub over the folder's database, once it is ready; in a process group.

    `first` is Python that each of its processes runs before all else. Heads and bodies
    have `patience_s` to arrive, which on a busy machine is not a second. `more` are
    settings; its lines count for the coverage only if they hold `noted()`.
    """
    words = words_of(folder, workers, engine, more.pop("LEADWELL_DATABASE", ""))
    settings = settings_of(folder, patience_s) | more
    if first:
        (folder / "first").mkdir(exist_ok=True)
        (folder / "first" / "sitecustomize.py").write_text(first)
        paths = (str(folder / "first"), os.environ.get("PYTHONPATH", ""))
        settings["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    log = folder / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "leadwell.cli", *words],
            stderr=stderr,
            cwd=folder,
            env=unnoted() | settings,
            start_new_session=True,
        )
    return once_ready(process, log, token, engine)


def words_of(folder: Path, workers: int, engine: str, address: str = "") -> list[str]:
    """The command that serves the folder's database, unless another one is given."""
    url = address or make.url_of(folder / "leads.db", engine)
    words = ["serve", "--port", "0", "--database", url]
    return [*words, "--workers", str(workers)]


def settings_of(folder: Path, patience_s: int = 30) -> dict[str, str]:
    """The settings of a hub that is asked by a test."""
    return {
        "LEADWELL_HEADER_TIMEOUT_S": str(patience_s),
        "LEADWELL_BODY_TIMEOUT_S": str(patience_s),
        "LEADWELL_ALLOW_UNSAFE_DATABASE": "true",
        "LEADWELL_KEY_FILE": str(folder / "leads.db.key"),
        "LEADWELL_METRICS_TOKEN": METRICS_TOKEN,
        **UNLIMITED,
    }


def once_ready(process: Process, log: Path, token: str, engine: str) -> Served:
    """A hub that was begun, once it answers."""
    hub = Served(process, _port(process, log), token, engine)
    _await_ready(hub)
    return hub


def _port(process: Process, log: Path) -> int:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text())
        if found:
            return int(found[1])
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def _await_ready(hub: Served) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            if hub.get("/health/ready").status == 200:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.02)
    raise AssertionError(hub.process.poll())
