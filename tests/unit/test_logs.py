"""The log must never be in the way of what it is about."""

import subprocess
import sys
from pathlib import Path

LOGGED = """
import logging
import structlog
from leadwell.server.logs import configure_logs, log_beside

for configure in (lambda: configure_logs("info"), log_beside):
    structlog.reset_defaults()
    configure()
    structlog.get_logger("leadwell").error("hindered", by="the disk is full")
    logging.getLogger("uvicorn").error("a library says so, too")
    print("went on", flush=True)
"""


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    program = [sys.executable, "-c", LOGGED]
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(program, stdout=subprocess.PIPE, stderr=full, check=False)
    assert ran.stdout == b"went on\n" * 2
