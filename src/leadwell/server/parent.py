"""A worker ends with the process that has started it."""

import os
import signal
import threading
from multiprocessing import parent_process


def end_with_parent() -> None:
    """Have this process end, as by SIGTERM, once the one that started it is gone.

    A parent that is killed stops nobody: its workers would hold the address, and answer
    from the old release for ever. They wait for the end of a pipe that it holds, which
    comes however it ended. Without such a parent nothing happens.
    """
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
