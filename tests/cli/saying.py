"""What commands say that are run in this process."""

from collections.abc import Callable

import pytest

from leadwell.cli import main

Run = Callable[..., tuple[int, str, str]]
"""Runs a command, and returns how it left and what it said on stdout and stderr."""


def runs(capfd: pytest.CaptureFixture[str]) -> Run:
    """Return what runs commands."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = capfd.readouterr()
        return int(left.value.code or 0), out, err

    return run
