"""A hub opens as many connections as it was told, if the system lets it."""

import subprocess
import sys

import pytest

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
