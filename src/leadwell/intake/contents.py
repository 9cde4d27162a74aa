"""What kind of file a file is, by its name and by what it holds."""

import zipfile
from enum import StrEnum
from pathlib import Path

from leadwell.errors import UnreadableFile

READABLE = "CSV, TSV, XLSX, NDJSON, or JSON holding a list of objects"

# Enough for every signature below, and to see control characters.
_START_BYTES = 8192

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1\x15", "a Parquet file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x7fELF", "a program"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_WHITE = b"\t\n\r\x0b\x0c\x1a\x1b"


class Kind(StrEnum):
    """The formats that can be read."""

    DELIMITED = "delimited"
    SHEET = "sheet"
    LINES = "lines"
    LIST = "list"


_BY_SUFFIX = {
    ".ndjson": Kind.LINES,
    ".jsonl": Kind.LINES,
    ".csv": Kind.DELIMITED,
    ".tsv": Kind.DELIMITED,
}


def kind_of(path: Path, *, encoding: str | None = None) -> Kind:
    """Tell how to read a file; what it holds outweighs what it is called.

    With a named encoding, control characters are no sign of binary data.

    Raises:
        UnreadableFile: missing, a directory, empty, or nothing we can read.
    """
    start = _start_of(path)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _sheet(path)
    _refuse_binary(path, start)
    if encoding is None and _looks_binary(start):
        raise UnreadableFile(
            f"{path.name} holds binary data, not text",
            hint=f"readable are {READABLE}; save UTF-16 text as UTF-8, or at the "
            "command line name it: --encoding utf-16-le",
        )
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    kind = _BY_SUFFIX.get(path.suffix.lower())
    if kind is not None:
        return kind
    if text.startswith(b"["):
        return Kind.LIST
    if path.suffix.lower() == ".json" or text.startswith(b'{"'):
        return Kind.LINES
    return Kind.DELIMITED


def _start_of(path: Path) -> bytes:
    if path.exists() and not path.is_file() and not path.is_dir():
        # A file is read more than once; what comes from a pipe is gone then.
        raise UnreadableFile(
            f"{path} is a pipe or a device, not a file",
            hint="save what it gives to a file first, and name that",
        )
    try:
        with path.open("rb") as handle:
            start = handle.read(_START_BYTES)
    except IsADirectoryError:
        raise UnreadableFile(
            f"{path} is a directory, not a file", hint="name one file inside it"
        ) from None
    except FileNotFoundError:
        raise UnreadableFile(
            f"{path} does not exist", hint="check the spelling and the directory"
        ) from None
    except OSError as error:
        raise UnreadableFile(
            f"{path} cannot be opened: {error.strerror}",
            hint="check who may read the file",
        ) from error
    if not start.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise UnreadableFile(
            f"{path.name} is empty",
            hint="a file needs a header row and at least one row below it",
        )
    return start


def _sheet(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UnreadableFile(
            f"{path.name} is a damaged workbook or archive",
            hint="open it in a spreadsheet program and save it again, as XLSX or CSV",
        ) from None
    if "xl/workbook.xml" in names:
        return Kind.SHEET
    raise UnreadableFile(
        f"{path.name} is a zip archive, not an XLSX workbook",
        hint=f"unpack it first; readable are {READABLE}",
    )


def _refuse_binary(path: Path, start: bytes) -> None:
    if start.startswith(_OLE):
        _refuse_ole(path)
    for signature, name in _SIGNATURES:
        if start.startswith(signature):
            raise UnreadableFile(
                f"{path.name} is {name}", hint=f"readable are {READABLE}"
            )


def _refuse_ole(path: Path) -> None:
    marker = "EncryptedPackage".encode("utf-16-le")
    if marker in path.read_bytes()[: 64 << 20]:
        raise UnreadableFile(
            f"{path.name} is protected by a password",
            hint="open it, remove the password and save it again, or save it as CSV",
        )
    raise UnreadableFile(
        f"{path.name} is a workbook in the old XLS format, or another old document",
        hint="open it and save it as XLSX or CSV",
    )


def _looks_binary(start: bytes) -> bool:
    if start.startswith(_BYTE_ORDER_MARKS):
        return False
    # A stray NUL is a bad row of a text file; many are no text at all.
    control = sum(byte < 32 and byte not in _WHITE for byte in start)
    return control > 4 and control > len(start) // 20
