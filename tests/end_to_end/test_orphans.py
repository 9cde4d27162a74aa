"""Workers whose parent was killed end as well, and let go of the address."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.served import a_folder, a_hub

ENDED_S = 30


def wait_until(is_so: Callable[[], bool]) -> bool:
    until = time.monotonic() + ENDED_S
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.proof
def test_no_worker_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    hub = a_hub(tmp_path, a_folder(tmp_path, "sqlite"), 2)
    assert hub.get("/health/live").status == 200
    os.kill(hub.process.pid, signal.SIGKILL)
    hub.process.wait()
    try:
        assert wait_until(lambda: is_gone(hub.process.pid))
    finally:
        if not is_gone(hub.process.pid):
            os.killpg(hub.process.pid, signal.SIGKILL)
    with pytest.raises(ConnectionRefusedError):
        hub.send(b"")
