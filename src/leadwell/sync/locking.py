"""A lock on an open file, which ends with its process, however that ends."""

import errno
import sys

_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}

if sys.platform == "win32":
    import msvcrt

    def _lock(opened: int) -> None:
        msvcrt.locking(opened, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(opened: int) -> None:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_taken(opened: int) -> bool:
    """Whether somebody else holds the lock of an open file; if not, it is ours now.

    It is given back when the file is closed. Two open files are two holders, also in
    one process.
    """
    try:
        _lock(opened)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        return True
    return False
