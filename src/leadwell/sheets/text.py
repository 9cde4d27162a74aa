"""Leads as lines of text (RFC 4180), the same for the hub's exports and for copies."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_WIDE = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", *_WIDE)
"""With these at its beginning a spreadsheet takes a cell for a formula: `= + - @`, in
some languages in full width too."""
_QUOTED = re.compile(r'[",;\t\r\n]')
"""What stands in quotes, so that a cell stays one whatever separator is assumed."""
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Flavour:
    """How a sheet is written as text."""

    separator: str = ","
    mark: bytes = b""
    """What stands before everything."""
    is_harmless: bool = False
    """Whether what a spreadsheet would run as a formula is written as text, with an
    apostrophe before it: leads come from strangers."""

    def line(self, cells: Iterable[str]) -> bytes:
        """Write cells as one line."""
        cells = map(_harmless, cells) if self.is_harmless else cells
        return f"{self.separator.join(map(_quoted, cells))}\r\n".encode()


PLAIN = Flavour()
"""For programs."""
EXCEL = Flavour(";", BOM, is_harmless=True)
"""With the mark that says UTF-8."""
FEED = Flavour(is_harmless=True)
"""For what asks an URL."""


def _harmless(cell: str) -> str:
    is_number = cell[:1] == "-" and cell[1:].replace(".", "", 1).isdigit()
    return f"'{cell}" if cell.startswith(_DANGEROUS) and not is_number else cell


def _quoted(cell: str) -> str:
    if not _QUOTED.search(cell):
        return cell
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'
