"""A hub opens as many connections as it was told, and shares its heaps."""

import platform
import subprocess
import sys

import pytest

from leadwell.server.connections.allowance import HEAPS_MAX

CODE = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (200, {hard}))
from leadwell.server.connections.allowance import allow_files
print(allow_files({connections}), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("connections", "hard", "got"), [(100, 4_000, 600), (9_000, 1_000, 1_000)]
)
def test_the_limit_is_raised_as_far_as_it_may_be(
    connections: int, hard: int, got: int
) -> None:
    code = CODE.format(connections=connections, hard=hard)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.split() == [str(got).encode()] * 2


HEAPS = """
import ctypes
from threading import Barrier, Thread
from leadwell.server.connections.allowance import share_heaps
{before}
together = Barrier(13)

def work():
    held = [bytearray(2_000) for _ in range(50)]
    together.wait()
    together.wait()

for _ in range(12):
    Thread(target=work, daemon=True).start()
together.wait()
library = ctypes.CDLL(None)
library.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(library.fdopen(1, b"w"))
library.malloc_info(0, stream)
library.fflush(stream)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it tells of glibc")
@pytest.mark.parametrize(("before", "are_few"), [("share_heaps()", True), ("", False)])
def test_threads_share_a_few_heaps(before: str, are_few: bool) -> None:
    command = [sys.executable, "-c", HEAPS.format(before=before)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    heaps = said.count("<heap nr=")
    assert heaps >= 1
    assert (heaps <= HEAPS_MAX) == are_few
