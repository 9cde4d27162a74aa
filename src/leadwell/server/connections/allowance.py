"""What a process takes of the system: files, one for each connection, and heaps."""

import ctypes
import platform
from contextlib import suppress

OWN_FILES = 500
"""For the database, its readers and what else is not a connection."""
HEAPS_MAX = 2
_M_ARENA_MAX = -8
"""Of glibc's malloc.h."""


def allow_files(connections: int) -> int | None:
    """Raise this process's limit for so many connections, as far as the system allows.

    Many systems begin with 1,024, with which a thousand idle readers would be the end.
    Returns the limit; `None` where the system has none of that kind.
    """
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:  # pragma: no cover
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    wanted = max(soft, connections + OWN_FILES)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def share_heaps() -> None:
    """Have all threads share a few heaps, before the first of them is started.

    glibc gives threads heaps of their own, eight for each processor. What one of them
    frees the others do not get: in half an hour of mixed work they grew by an eighth,
    of holes. Another C library has no such setting, and needs none.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, HEAPS_MAX)
