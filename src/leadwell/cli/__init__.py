"""The `leadwell` command."""

from leadwell.cli.app import main

__all__ = ["main"]
