"""A table of figures: for the documentation, and for a terminal."""

from collections.abc import Sequence
from typing import NamedTuple

NONE = "-"


class Table(NamedTuple):
    """Columns of text; all but the first are figures."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""

    def markdown(self) -> str:
        """Write it for the documentation."""
        lines = [self.head, ["---", *["--:"] * (len(self.head) - 1)], *self.rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"### {self.title}\n\n{text}" if self.title else text

    def text(self) -> str:
        """Write it for a terminal."""
        columns = zip(self.head, *self.rows, strict=True)
        widths = [max(map(len, column)) for column in columns]
        lines = [
            "  ".join(
                [
                    line[0].ljust(widths[0]),
                    *map(str.rjust, line[1:], widths[1:]),
                ]
            ).rstrip()
            for line in (self.head, *self.rows)
        ]
        return "\n".join([*([self.title] if self.title else []), *lines])


def number(figure: float | None, digits: int = 0) -> str:
    return NONE if figure is None else f"{figure:,.{digits}f}"
