"""What makes a file or its name survive a power cut."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Wait until a file is on the disk, or of a folder the names in it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
