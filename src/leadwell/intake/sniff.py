"""How a delimited file is written: its encoding, delimiter and decimal sign."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from leadwell.errors import UnreadableFile
from leadwell.intake.encoding import checked_encoding, encoding_of, wrong_byte

# Some hundred rows of a wide file; more rows would not change the answer.
SAMPLE_BYTES = 256 * 1024

# In order of trust when two fit equally: people write commas in text, not tabs.
DELIMITERS = ("\t", ";", "|", ",")

# A share of rows that all have the header's width; the rest are ragged rows.
_REGULAR = 0.9

_COMMA_IN_TEXT = re.compile(r"(?<=\d),(?=\d)|, ")
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+")
_DECIMAL_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+\.\d+|\d+\.(?:\d\d?|\d{4,}))")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited file is written.

    `preamble_lines` is 1 when the file starts with the line `sep=;` that Excel
    writes and reads, else 0.
    """

    encoding: str
    delimiter: str
    decimal_comma: bool
    preamble_lines: int = 0


@dataclass(frozen=True, slots=True)
class _Shape:
    columns: int
    regular: float


def sniff(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None
) -> Dialect:
    """Tell how a delimited file is written, from its first 256 KiB.

    What the caller names is taken as given. A file that starts as UTF-8 is UTF-8:
    a wrong byte further on is an error of the reading, not of the sniffing.

    Raises:
        UnreadableFile: the sample is not of the encoding, or a name is unknown.
    """
    with path.open("rb") as handle:
        sample = handle.read(SAMPLE_BYTES)
        whole = not handle.read(1)
    found = checked_encoding(encoding, sample) if encoding else None
    found = found or encoding_of(sample, whole=whole)
    text = _decoded(path, sample, found, whole=whole)
    preamble = _SEPARATOR_LINE.match(text)
    if preamble:
        text = text[preamble.end() :]
    chosen = _checked_delimiter(delimiter) if delimiter else None
    chosen = chosen or (preamble[1] if preamble else _delimiter_of(text))
    return Dialect(found, chosen, _has_decimal_comma(text, chosen), int(bool(preamble)))


def _decoded(path: Path, sample: bytes, encoding: str, *, whole: bool) -> str:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample, whole)
    except UnicodeDecodeError:
        raise wrong_byte(path, encoding) from None
    if whole:
        return text
    # The last line is cut; without a line end the sample is all there is.
    return text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text


def _checked_delimiter(delimiter: str) -> str:
    delimiter = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n\0 ':
        raise UnreadableFile(
            f"{delimiter!r} cannot be a delimiter",
            hint="name one character, such as , ; | or tab",
        )
    return delimiter


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue
        if record:
            yield record


def _shape(text: str, delimiter: str) -> _Shape:
    widths = [len(record) for record in islice(_records(text, delimiter), 2000)]
    if not widths:
        return _Shape(0, 0.0)
    return _Shape(widths[0], widths.count(widths[0]) / len(widths))


def _delimiter_of(text: str) -> str:
    shapes = {delimiter: _shape(text, delimiter) for delimiter in DELIMITERS}
    found = [d for d in DELIMITERS if shapes[d].columns > 1]
    if not found:
        return max(reversed(DELIMITERS), key=lambda d: shapes[d].regular)
    if "," in found and len(found) > 1:
        # Beside another delimiter, 1,5 and "Jensen, Ida" are no evidence for it.
        shapes[","] = _shape(_COMMA_IN_TEXT.sub("", text), ",")
    return max(found, key=lambda d: _rank(shapes[d]))


def _rank(shape: _Shape) -> tuple[bool, float, float]:
    regular = shape.columns > 1 and shape.regular >= _REGULAR
    return (
        regular,
        shape.columns if regular else shape.regular,
        shape.regular,
    )


def _has_decimal_comma(text: str, delimiter: str) -> bool:
    if delimiter == ",":
        return False
    commas = points = 0
    for record in _records(text, delimiter):
        for cell in record:
            commas += _DECIMAL_COMMA.fullmatch(cell.strip()) is not None
            points += _DECIMAL_POINT.fullmatch(cell.strip()) is not None
    return commas > points
