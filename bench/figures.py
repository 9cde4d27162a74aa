"""The figures as a file: by size and part, each with where and when it was measured.

A part that is measured again takes the place of the old one; the others stay. So a
million leads can be measured on another day, and a run that is interrupted loses
nothing of what it has finished.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import machine

Size = dict[str, Any]
"""What was measured with so many leads: by part."""
Sizes = dict[int, Size]
FILE = Path("build/bench/figures.json")
PARTS = (
    "counts",
    "index",
    "reads",
    "touch",
    "tabs",
    "pulls",
    "postgres",
    "citus",
    "syncs",
    "services",
    "writes",
    "meanwhile",
    "scale",
)
"""What can be measured, in that order."""


class Book:
    """The figures of this run, and the file that they go into as they come."""

    def __init__(self, path: Path, effort: dict[str, object]) -> None:
        """Keep what the file has."""
        self.path = path
        self.measured: Sizes = {}
        """What this run has measured."""
        self._all = read(path) if path.exists() else {}
        self._effort = effort
        self._peers: dict[str, str] = {}

    def name_peers(self, parts: Sequence[str]) -> None:
        """Note the versions of the peers of these parts, which are measured too."""
        if set(parts) - {"syncs", "services"}:
            self._peers |= machine.peers()
        if "syncs" in parts:
            self._peers |= machine.loaders()

    def keep(self, leads: int, part: str, found: Any, load: float) -> None:
        """Add a part, and write the file; `load` is how busy the machine was before."""
        about = machine.described() | {
            "peers": self._peers,
            "effort": self._effort,
            "load": [round(load, 1), round(machine.load(), 1)],
        }
        for sizes in (self.measured, self._all):
            size = sizes.setdefault(leads, {"about": {}})
            size[part] = found
            size["about"][part] = about
        self._write()

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f"{self.path.name}.draft")
        given = {str(leads): size for leads, size in sorted(self._all.items())}
        draft.write_text(json.dumps(given, indent=1) + "\n")
        draft.replace(self.path)


def read(path: Path) -> Sizes:
    """Read the figures of a file."""
    found: dict[str, Size] = json.loads(path.read_text())
    return {int(leads): size for leads, size in sorted(found.items(), key=_by_number)}


def _by_number(item: tuple[str, Size]) -> int:
    return int(item[0])
