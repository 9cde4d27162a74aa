"""The encoding of a text file: found from its start, held to the end."""

import codecs
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from leadwell.errors import UnreadableFile

# Longest first: UTF-32's mark begins with UTF-16's.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK_BYTES = 1 << 20


def encoding_of(sample: bytes, *, whole: bool) -> str:
    """Tell how a file is encoded: by its mark, else UTF-8, else Windows-1252.

    A sample that is not the `whole` file may end inside a character.
    """
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, whole)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def checked_encoding(name: str, sample: bytes) -> str:
    """Return the encoding that was asked for, with the mark of the file if any.

    Raises:
        UnreadableFile: there is no text encoding of that name.
    """
    try:
        known = codecs.lookup(name).name
        "".encode(known)
    except LookupError:
        raise UnreadableFile(
            f"there is no encoding {name!r}",
            hint="common are utf-8, utf-16, cp1252 and latin-1",
        ) from None
    if known == "utf-8" and sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return known


@contextmanager
def open_text(path: Path, encoding: str) -> Generator[TextIO]:
    """Open a file for reading, its line ends kept as they are.

    Raises:
        UnreadableFile: a byte that was read is not of the encoding.
    """
    with path.open(encoding=encoding, newline="") as handle:
        try:
            yield handle
        except UnicodeDecodeError:
            raise wrong_byte(path, encoding) from None


def wrong_byte(path: Path, encoding: str) -> UnreadableFile:
    """Find the first byte that is not of the encoding, and say where it is.

    Reads the file once more: the error that a text file raises knows the place
    within its buffer only.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    line, offset = 1, 0
    with path.open("rb") as handle:
        while True:
            chunk = handle.read(_CHUNK_BYTES)
            offset += len(chunk)
            try:
                line += decoder.decode(chunk, not chunk).count("\n")
            except UnicodeDecodeError as error:
                held = error.object
                good = held[: error.start].decode(encoding, "ignore")
                at = offset - len(held) + error.start
                return _complaint(path, encoding, held[error.start :], line, good, at)
            if not chunk:
                return UnreadableFile(f"{path.name} is not {_called(encoding)} text")


def _complaint(
    path: Path, encoding: str, held: bytes, line: int, good: str, at: int
) -> UnreadableFile:
    other = "cp1252" if encoding.startswith("utf-8") else "utf-8, utf-16 or latin-1"
    return UnreadableFile(
        f"{path.name} is not {_called(encoding)} text: byte 0x{held[0]:02x} on line "
        f"{line + good.count(chr(10))} (byte {at + 1} of the file)",
        hint=f"save it as UTF-8, or name its encoding: --encoding {other}",
    )


def _called(encoding: str) -> str:
    return "UTF-8" if encoding.startswith("utf-8") else encoding
