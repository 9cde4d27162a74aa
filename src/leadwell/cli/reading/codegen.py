"""`leadwell codegen`: write a campaign's leads as Python types."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leadwell.cli import output
from leadwell.cli.opening import CampaignId
from leadwell.cli.reading.bearer import URL, token_of
from leadwell.errors import UsageError

DIFFERENT = 6


def codegen(
    id: CampaignId | None = None,  # noqa: A002 - the command's word
    *,
    url: Annotated[str, Parameter(env_var=URL)] = "",
    token_file: Path | None = None,
    to: Path | None = None,
    check: bool = False,
    json: bool = False,
) -> int:
    """Write the types of a campaign's leads as a Python module.

    It is made from the schema that the token sees: a class for what a lead holds, and
    one for each list of options. `Lead.of(lead)` reads a lead of the client as that
    type, so that an editor knows its fields and a type checker finds what is misspelt.

    Example: leadwell codegen 362 --to roofs.py

    Example: leadwell codegen 362 --to roofs.py --check

    Args:
        id: the campaign; none, when the address is that of a campaign
        url: where the hub is
        token_file: the file that holds the token, instead of LEADWELL_TOKEN
        to: the file that is written, instead of standard output
        check: write nothing, and leave with 6 when the file is not what it would be
        json: answer with JSON
    """
    from leadwell.client import Leadwell, generating

    with Leadwell(url, token_of(token_file)) as hub:
        schema = hub.campaign(id).schema()
    text = generating.module(schema)
    told = {"campaign_id": schema["campaign_id"], "schema_version": schema["version"]}
    if check:
        is_same = _held(to) == text
        words = "is up to date" if is_same else "is not what the schema says now"
        output.document(told | {"same": is_same}, as_json=json, text=f"{to} {words}")
        return 0 if is_same else DIFFERENT
    if to is None:
        output.document(told | {"text": text}, as_json=json, text=text.rstrip())
        return 0
    _write(to, text)
    output.document(told | {"file": str(to)}, as_json=json, text=f"wrote {to}")
    return 0


def _held(file: Path | None) -> str:
    if file is None:
        raise UsageError("there is no file to check", hint="name it with --to")
    try:
        return file.read_text("utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None


def _write(file: Path, text: str) -> None:
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_text(text, "utf-8")
        beside.replace(file)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None
