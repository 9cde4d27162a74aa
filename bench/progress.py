"""What the bench is doing, on stderr: stdout is for the figures."""

import sys
import time

_STARTED = time.monotonic()
_is_open = False


def stage(text: str) -> None:
    """Say what begins now."""
    _write(f"[{time.monotonic() - _STARTED:4.0f} s] {text}\n")


def step(text: str) -> None:
    """Say how far it is: only to a terminal, where it takes the place of the last."""
    if sys.stderr.isatty():
        _write(f"         {text}", is_open=True)


def _write(text: str, *, is_open: bool = False) -> None:
    global _is_open  # noqa: PLW0603 - one terminal, one line that is not ended yet
    sys.stderr.write(f"\r\x1b[K{text}" if _is_open else text)
    sys.stderr.flush()
    _is_open = is_open
