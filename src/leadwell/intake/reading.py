"""Open a file of leads, whatever its format."""

from pathlib import Path

from leadwell.errors import UnreadableFile
from leadwell.intake.contents import Kind, kind_of
from leadwell.intake.encoding import checked_encoding, encoding_of
from leadwell.intake.formats.csv_file import CsvFile
from leadwell.intake.formats.json_file import JsonFile
from leadwell.intake.formats.ndjson_file import NdjsonFile
from leadwell.intake.formats.xlsx_file import XlsxFile
from leadwell.intake.sniff import SAMPLE_BYTES, sniff
from leadwell.intake.source import Source


def open_rows(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None
) -> Source:
    """Open a file of leads: CSV, TSV, XLSX, NDJSON or a JSON list of objects.

    The format is told by what the file holds, then by its name. `encoding` and
    `delimiter` are for text that is not what it looks like.

    Raises:
        UnreadableFile: not a table we can read; the message says why, the hint
            what to do.
    """
    kind = kind_of(path, encoding=encoding)
    if kind is Kind.SHEET:
        return XlsxFile(path)
    if kind is Kind.DELIMITED:
        return CsvFile(path, sniff(path, encoding=encoding, delimiter=delimiter))
    if delimiter:
        raise UnreadableFile(
            f"{path.name} is JSON, which has no delimiter",
            hint="leave the delimiter out",
        )
    if kind is Kind.LIST:
        return JsonFile(path, _json_encoding(path, encoding))
    return NdjsonFile(path, _json_encoding(path, encoding))


def _json_encoding(path: Path, asked: str | None) -> str:
    with path.open("rb") as handle:
        sample = handle.read(SAMPLE_BYTES)
    if asked:
        return checked_encoding(asked, sample)
    # JSON is UTF-8 unless a mark says otherwise (RFC 8259 §8.1): never guess here.
    found = encoding_of(sample, whole=False)
    return "utf-8" if found == "cp1252" else found
