"""How many files the system lets a process open: each connection is one."""

from contextlib import suppress

OWN_FILES = 500
"""For the database, its readers and what else is not a connection."""


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
