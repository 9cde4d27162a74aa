"""The rows of a file that are refused: a file of them to be mended, and why."""

import csv
from pathlib import Path
from typing import Any

import msgspec

from leadwell.errors import LeadwellError
from leadwell.intake.mapping import NOTES, Targets
from leadwell.intake.source import BadRow, Row
from leadwell.model.importing import Refusals, Told

FIRST = 3
"""So many rows are told of a column."""
MESSAGE_CHARACTERS_MAX = 300


class Findings:
    """What is wrong in each column: how often, and in which rows first."""

    def __init__(self) -> None:
        """Nothing is wrong yet."""
        self._found: dict[str, tuple[int, list[Told]]] = {}

    def note(self, column: str, row: int, message: str) -> None:
        """Note a row that is refused for what it holds in a column."""
        count, first = self._found.get(column, (0, []))
        if len(first) < FIRST:
            first.append(Told(row, message[:MESSAGE_CHARACTERS_MAX]))
        self._found[column] = (count + 1, first)

    def told(self) -> tuple[Refusals, ...]:
        """Return what was found, the most frequent first."""
        found = sorted(self._found.items(), key=lambda item: -item[1][0])
        return tuple(
            Refusals(column, count, tuple(first)) for column, (count, first) in found
        )


class ErrorFile:
    """The file of the rows that failed; it is there only when a row has failed."""

    def __init__(
        self, path: Path, columns: tuple[str, ...], findings: Findings
    ) -> None:
        """Prepare a file with the columns of the one that is read."""
        self._path = path
        self._columns = tuple(column for column in columns if column not in NOTES)
        self._findings = findings
        self._file: Any = None
        self._writer: Any = None

    def __enter__(self) -> "ErrorFile":
        """Begin; nothing is written before a row has failed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()

    def note(self, row: Row, error: LeadwellError, targets: Targets) -> None:
        """Note a row that breaks the schema, or that the campaign refuses."""
        columns = {target: column for column, target in targets.items()}
        slugs = [(p.pointer or "").rpartition("/")[2] for p in error.problems]
        names = [columns.get(slug, slug) for slug in slugs]
        messages = [problem.message for problem in error.problems]
        cells = [_text(row.cells.get(column)) for column in self._columns]
        for name, message in zip(names, messages, strict=True):
            self._findings.note(name, row.number, message)
        self._write([*cells, row.number, "; ".join(names), "; ".join(messages)])

    def note_unread(self, row: BadRow) -> None:
        """Note a row that cannot be read at all."""
        width = len(self._columns)
        cells = [*row.raw[:width], *[""] * (width - len(row.raw))]
        self._findings.note("", row.number, row.problem)
        self._write([*cells, row.number, "", row.problem])

    def flush(self) -> None:
        """Write what was noted so far."""
        if self._file is not None:
            self._file.flush()

    def _write(self, cells: list[Any]) -> None:
        if self._writer is None:
            # The mark lets spreadsheets know that the file is UTF-8.
            self._file = self._path.open("w", newline="", encoding="utf-8-sig")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*self._columns, *NOTES])
        self._writer.writerow(cells)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else msgspec.json.encode(cell).decode()
