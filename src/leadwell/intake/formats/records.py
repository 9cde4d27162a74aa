"""Records of a delimited text, each with its line, going on after a bad one."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import TextIO

from leadwell.intake.source import BadRow

# One field: the most a text field of the hub is likely to be given by mistake.
FIELD_CHARS_MAX = 1 << 20

# One line, and one record over all its lines: what is held in memory at most.
LINE_CHARS_MAX = 4 << 20
RECORD_CHARS_MAX = 8 << 20

# How much text may be read a second time after quotes that never close. Beyond
# it the lines such a quote swallowed are one bad row: no file takes quadratic time.
_REREAD_CHARS_MAX = 256 << 20

# How much of a bad row is shown.
_RAW_CHARS = 200


class _RecordTooLong(Exception):
    """A line or a record is longer than what may be held."""


class Lines:
    """The lines of a text, remembering those of the record being read."""

    def __init__(self, handle: TextIO, first: int = 0) -> None:
        """Read on from `handle`, `first` lines of which were read before."""
        self.number = first
        self._handle = handle
        self._record: list[str] = []
        self._record_chars = 0
        self._again: deque[str] = deque()

    def __iter__(self) -> "Lines":
        """Return itself: there is one place in the text."""
        return self

    def __next__(self) -> str:
        """Read one line with its end.

        Raises:
            _RecordTooLong: the line, or the record it is in, is over the limit.
        """
        if self._again:
            line = self._again.popleft()
        else:
            line = self._handle.readline(LINE_CHARS_MAX)
            if not line:
                raise StopIteration
            if len(line) == LINE_CHARS_MAX and line[-1] not in "\r\n":
                self._skip_line()
        self.number += 1
        self._record.append(line)
        self._record_chars += len(line)
        if self._record_chars > RECORD_CHARS_MAX or len(line) == LINE_CHARS_MAX:
            raise _RecordTooLong
        return line

    def start_record(self) -> int:
        """Forget the last record and return the line the next one starts on."""
        self._record.clear()
        self._record_chars = 0
        return self.number + 1

    def give_back(self) -> int:
        """Read the record's lines again but for the first; return their length."""
        lines = self._record[1:]
        self._again.extendleft(reversed(lines))
        self.number -= len(lines)
        return self._record_chars - len(self._record[0])

    @property
    def record(self) -> list[str]:
        """The lines of the record being read."""
        return self._record

    def _skip_line(self) -> None:
        while True:
            rest = self._handle.readline(LINE_CHARS_MAX)
            if len(rest) < LINE_CHARS_MAX or rest[-1] in "\r\n":
                return


def records(lines: Lines, delimiter: str) -> Iterator[tuple[int, list[str]] | BadRow]:
    """Split a text into records, each with the line it starts on.

    Empty lines are passed over. After a quote that never closes, reading goes on
    with the line below it, so that one stray quote costs one row.
    """
    csv.field_size_limit(FIELD_CHARS_MAX)
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    reread_left = _REREAD_CHARS_MAX
    while True:
        number = lines.start_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _RecordTooLong) as error:
            yield BadRow(number, _problem(error, lines), raw(lines.record[:1]))
            if reread_left > 0:
                reread_left -= lines.give_back()
            continue
        if cells:
            nul = any("\0" in line for line in lines.record)
            yield (
                BadRow(number, "holds a NUL byte", raw(cells))
                if nul
                else (
                    number,
                    cells,
                )
            )


def raw(cells: list[str]) -> tuple[str, ...]:
    """Shorten what stands in a bad row to what a report can show."""
    shown = [cell.rstrip("\r\n") for cell in cells[:100]]
    return tuple(
        cell if len(cell) <= _RAW_CHARS else f"{cell[:_RAW_CHARS]}…" for cell in shown
    )


def _problem(error: Exception, lines: Lines) -> str:
    text = str(error)
    if isinstance(error, _RecordTooLong) and len(lines.record) == 1:
        return f"is longer than {LINE_CHARS_MAX:,} characters"
    if "field larger" in text and len(lines.record) == 1:
        return f"has a field longer than {FIELD_CHARS_MAX:,} characters"
    if "expected after" in text and len(lines.record) == 1:
        return "has text after a closing quote; double a quote that is part of a text"
    return "has a quote that is never closed"
