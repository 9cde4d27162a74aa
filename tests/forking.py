"""Hubs that start at once: forks of a process that has read the code already.

To read the code takes most of the time in which a hub starts, and who kills a hundred
of them would wait for little else. A fork runs the same command with its own settings,
files and sockets, in a process group of its own, and dies as any other process does.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.equipment import ROOT


@dataclass
class Source:
    """The process that is forked; it waits for its forks, as their parent must."""

    process: "subprocess.Popen[str]"

    def ask(self, **asked: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{json.dumps(asked)}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def run(
        self, words: list[str], *, cwd: Path, env: dict[str, str], log: Path
    ) -> "Forked":
        """Run a command of Leadwell; what it says goes to the log."""
        log.write_bytes(b"")
        return Forked(self, self.ask(words=words, cwd=f"{cwd}", env=env, log=f"{log}"))


@dataclass
class Forked:
    """A process, told and waited for as one of `subprocess` is."""

    source: Source
    pid: int
    returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self.source.ask(pid=self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + (timeout or 60)
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a fork", timeout or 60)
            time.sleep(0.005)
        return code

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


@contextmanager
def a_source() -> Iterator[Source]:
    """Read the code once, for any number of hubs."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.forking"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Source(process)
        assert process.stdin
        process.stdin.close()


def main() -> None:
    """Fork for each line that names a command, and look after the forks."""
    import leadwell.server.connections.listening  # noqa: PLC0415
    import leadwell.store.engines.postgres  # noqa: PLC0415, F401

    for line in sys.stdin:
        asked = json.loads(line)
        if "pid" in asked:
            pid, status = os.waitpid(asked["pid"], os.WNOHANG)
            told: Any = os.waitstatus_to_exitcode(status) if pid else None
        elif not (told := os.fork()):
            return become(asked)
        else:
            # By both, whoever comes first: from now on the group can be killed.
            os.setpgid(told, told)
        print(json.dumps(told), flush=True)  # noqa: T201 - the answer
    return None


def become(asked: dict[str, Any]) -> None:
    """Be the process that was asked for."""
    from leadwell.cli import main as command  # noqa: PLC0415

    os.setpgid(0, 0)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    nothing = os.open(os.devnull, os.O_RDWR)
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND)
    for number, file in enumerate((nothing, nothing, log)):
        os.dup2(file, number)
    command(asked["words"])


if __name__ == "__main__":
    main()
