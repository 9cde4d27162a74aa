"""Rows of the audit log as they are handed out, and read again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from leadwell.errors import Refused
from leadwell.schema.times import from_microseconds, microseconds, show
from leadwell.store.audit.chain import Chain, Told

COLUMNS = (
    "campaign",
    "account",
    "number",
    "at",
    "kind",
    "what",
    "actor",
    "content",
    "hash",
)


class _Head(msgspec.Struct):
    campaign: int
    account: int
    number: int
    hash: str


class _Row(_Head):
    at: datetime
    kind: str
    what: str
    actor: str
    content: Mapping[str, Any]


L = TypeVar("L", bound=_Head)


def told(row: Told) -> dict[str, Any]:
    """Return a row with its content, in the order of `COLUMNS`."""
    return {
        "campaign": row.chain.campaign_id,
        "account": row.chain.account_id,
        "number": row.number,
        "at": show(from_microseconds(row.at)),
        "kind": row.kind,
        "what": row.what,
        "actor": row.actor,
        "content": msgspec.json.decode(row.content),
        "hash": row.hash,
    }


def ndjson(row: Told) -> bytes:
    """Write a row as a line."""
    return msgspec.json.encode(told(row)) + b"\n"


def csv(row: Told) -> bytes:
    """Write a row as a line of a sheet; its content stays JSON."""
    values = told(row) | {"content": row.content}
    return line([str(values[name]) for name in COLUMNS])


def read_rows(lines: Iterable[bytes]) -> list[Told]:
    """Read rows that were written as lines.

    Raises:
        Refused: a line is no such row.
    """
    return [
        Told(
            Chain(line.campaign, line.account),
            line.number,
            microseconds(line.at),
            line.kind,
            line.what,
            line.actor,
            msgspec.json.encode(line.content, order="deterministic").decode(),
            line.hash,
        )
        for line in _read(lines, _Row)
    ]


def read_heads(lines: Iterable[bytes]) -> dict[Chain, dict[int, str]]:
    """Read the hashes of rows that were noted elsewhere, a JSON object a line.

    Raises:
        Refused: a line names no row.
    """
    found: dict[Chain, dict[int, str]] = {}
    for line in _read(lines, _Head):
        own = found.setdefault(Chain(line.campaign, line.account), {})
        own[line.number] = line.hash
    return found


def _read(lines: Iterable[bytes], shape: type[L]) -> Iterator[L]:
    decoder = msgspec.json.Decoder(shape)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise Refused(
                f"line {number} is no row of the audit log: {error}",
                hint="give what leadwell audit export or heads has written",
            ) from None


def line(cells: Sequence[str]) -> bytes:
    """Write a line of a sheet (RFC 4180)."""
    quoted = ('"' + cell.replace('"', '""') + '"' for cell in cells)
    return (",".join(quoted) + "\r\n").encode()
