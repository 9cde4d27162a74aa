"""A JSON list of objects as a source of rows."""

import re
from collections.abc import Iterator
from pathlib import Path

from leadwell.errors import UnreadableFile
from leadwell.intake.encoding import open_text
from leadwell.intake.formats.ndjson_file import row_of
from leadwell.intake.formats.objects import (
    LEAD_COLUMNS,
    NO_COLUMNS,
    Object,
    cells_of,
    is_lead,
    parse_at,
)
from leadwell.intake.source import BadRow, Row

# The text of a list is held in memory; NDJSON is the form for more.
SIZE_BYTES_MAX = 64 << 20

_BETWEEN = re.compile(r"\s*(?:(,)|(\])|)\s*")


class JsonFile:
    """Rows of a JSON list, each numbered by the line it starts on."""

    decimal_comma = False

    def __init__(self, path: Path, encoding: str) -> None:
        """Read the text and the keys of all objects.

        Raises:
            UnreadableFile: too large, broken, or without objects.
        """
        self.position = 0
        self.size_bytes = path.stat().st_size
        self._name = path.name
        if self.size_bytes > SIZE_BYTES_MAX:
            raise UnreadableFile(
                f"{path.name} is a JSON list of more than {SIZE_BYTES_MAX >> 20} MiB",
                hint="write it as NDJSON, one object a line: that may be of any size",
            )
        self._text = _text_of(path, encoding)
        items = [item for _, item in self._objects() if not isinstance(item, str)]
        leads = any(is_lead(item) for item in items)
        self.columns = tuple(dict.fromkeys(key for i in items for key in cells_of(i)))
        self.lead_columns = (
            LEAD_COLUMNS & frozenset(self.columns) if leads else NO_COLUMNS
        )
        if not self.columns:
            raise UnreadableFile(
                f"{path.name} holds no JSON object",
                hint='write a list of objects, such as [{"name": "Jane Doe"}]',
            )
        self.position = 0

    def __iter__(self) -> Iterator[Row | BadRow]:
        """Read the rows from the first."""
        for number, item in self._objects():
            row = row_of(number, item, self.columns)
            if row is not None:
                yield row
        self.position = self.size_bytes

    def _objects(self) -> Iterator[tuple[int, Object | str]]:
        at = self._text.index("[") + 1
        line, counted = 1, 0
        while True:
            at, ended = self._step(at, line)
            if ended:
                return
            line += self._text.count("\n", counted, at)
            counted = at
            item, at = parse_at(self._text, at)
            if at < 0:
                raise UnreadableFile(
                    f"{self._name}, line {line}: the object {item}",
                    hint="correct the file, or write one object a line (NDJSON): "
                    "then one broken object does not hold up the others",
                )
            self.position = self.size_bytes * at // len(self._text)
            yield line, item

    def _step(self, at: int, line: int) -> tuple[int, bool]:
        between = _BETWEEN.match(self._text, at)
        end = between.end() if between else at
        if end == len(self._text) and not (between and between[2]):
            raise UnreadableFile(
                f"{self._name} ends within its list, after line {line}",
                hint="the file was cut short: write or download it again",
            )
        return end, bool(between and between[2])


def _text_of(path: Path, encoding: str) -> str:
    with open_text(path, encoding) as handle:
        return handle.read()
