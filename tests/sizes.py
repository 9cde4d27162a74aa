"""What a hub's processes hold, as Linux tells it."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.served import Served

PROC = Path("/proc")
PATIENCE_S = 9
"""For what takes a tenth of it on a machine without other work."""


class Size(NamedTuple):
    """What a hub's processes hold together."""

    threads: int
    files: int
    memory_kib: int


def size_of(hub: Served) -> Size:
    pids = [hub.process.pid, *children_of(hub.process.pid)]
    found = [Size(*numbers_of(PROC / str(pid))) for pid in pids]
    return Size(*(sum(each) for each in zip(*found, strict=True)))


def children_of(pid: int) -> list[int]:
    tasks = (PROC / str(pid) / "task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def numbers_of(process: Path) -> tuple[int, int, int]:
    status = (process / "status").read_text()
    memory, threads = map(int, re.findall(r"(?:Threads|RssAnon):\s+(\d+)", status))
    return threads, len(list((process / "fd").iterdir())), memory


def until(is_true: Callable[[], bool]) -> None:
    """Look again and again, for a while, until it is true."""
    started = time.monotonic()
    while not is_true():
        assert time.monotonic() - started < PATIENCE_S
        time.sleep(0.02)
