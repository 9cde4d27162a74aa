"""The files of the suite lie in memory where there is room: none waits for a disk."""

import os
import shutil
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")  # noqa: S108 - folders of their own are made there
_FREE_MIN = 2 << 30
"""So much must be free, or files go to the disk."""
_ROOT = "PYTEST_DEBUG_TEMPROOT"


def folder() -> Path | None:
    """Where files are kept in memory, if there is room; None: there is not."""
    try:
        is_roomy = shutil.disk_usage(_MEMORY).free >= _FREE_MIN
    except OSError:
        return None
    return _MEMORY if is_roomy and os.access(_MEMORY, os.W_OK) else None


def keep_files_there(config: pytest.Config) -> None:
    """Have `tmp_path` lie in memory; what the proofs write is large, and stays on disk.

    SQLite waits for the disk at each commit, in tests as in a hub: 2 ms a time.
    """
    found = folder()
    if found is None or "not proof" not in config.option.markexpr:
        return
    if not os.statvfs(found).f_flag & os.ST_NOEXEC:
        os.environ.setdefault(_ROOT, str(found))
