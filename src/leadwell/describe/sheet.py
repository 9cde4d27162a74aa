"""Leads as rows of a sheet: one column a field, in a stable order."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import msgspec

from leadwell.model.campaign import Attribute, Campaign

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""With these at its beginning a spreadsheet takes a cell for a formula."""
BOM = b"\xef\xbb\xbf"


def columns(view: Campaign, shown: Sequence[str] | None = None) -> list[str]:
    """Name the columns: what every lead has, and its fields in the schema's order."""
    attributes = view.attributes
    names = ["id"]
    names += ["status"] if Attribute.STATUS in attributes else []
    names += [field.slug for field in view.fields]
    names += ["assigned_person"] if Attribute.ASSIGNED_PERSON in attributes else []
    names += ["created_at", "updated_at", "version"]
    names += ["external_id"] if Attribute.EXTERNAL_ID in attributes else []
    return [name for name in names if shown is None or name in shown]


def header(names: Sequence[str], *, for_excel: bool) -> bytes:
    """Write the first line; for Excel with the mark that says UTF-8."""
    return (BOM if for_excel else b"") + _line(list(names), for_excel=for_excel)


def row(names: Sequence[str], lead: Mapping[str, Any], *, for_excel: bool) -> bytes:
    """Write one rendered lead as a line (RFC 4180).

    For Excel the separator is `;`, and what it would run as a formula is written as
    text: leads come from strangers.
    """
    cells = [_text(_value(name, lead)) for name in names]
    if for_excel:
        cells = [_harmless(cell) for cell in cells]
    return _line(cells, for_excel=for_excel)


def _value(name: str, lead: Mapping[str, Any]) -> Any:
    if name in {"version", "external_id"} and name not in lead["fields"]:
        return lead["metadata"].get(name)
    if name == "assigned_person" and name not in lead["fields"]:
        person = lead.get(name)
        return person["id"] if person else None
    if name in {"id", "status", "created_at", "updated_at"}:
        return lead.get(name)
    return lead["fields"].get(name)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping) and "slug" in value:
        return str(value["slug"])
    if isinstance(value, list) and all("slug" in each for each in value):
        return ",".join(each["slug"] for each in value)
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return str(value)


def _harmless(cell: str) -> str:
    is_number = cell[:1] == "-" and cell[1:].replace(".", "", 1).isdigit()
    return f"'{cell}" if cell.startswith(_DANGEROUS) and not is_number else cell


def _line(cells: list[str], *, for_excel: bool) -> bytes:
    text = StringIO()
    csv.writer(text, delimiter=";" if for_excel else ",").writerow(cells)
    return text.getvalue().encode()
