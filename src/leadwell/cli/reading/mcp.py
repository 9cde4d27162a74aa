"""`leadwell mcp`: let an assistant on this machine read leads."""

from __future__ import annotations

import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from cyclopts import Parameter

from leadwell.cli import output
from leadwell.cli.reading.bearer import URL, token_of
from leadwell.errors import UsageError


def mcp(
    *,
    url: Annotated[str, Parameter(env_var=URL)] = "",
    token_file: Path | None = None,
    json: bool = False,
) -> None:
    """Serve the Model Context Protocol on standard input and output.

    An assistant's program starts this and reads leads through it, with the rights of
    one token; nothing can be changed. The token is read from LEADWELL_TOKEN or from a
    file, and never from the command line, where others can read it. Needs
    leadwell[mcp], and no database.

    Example: LEADWELL_URL=https://leads.example.com leadwell mcp --token-file token

    Args:
        url: where the hub is
        token_file: the file that holds the token, instead of LEADWELL_TOKEN
        json: tell errors as JSON
    """
    del json  # read where errors are told
    from leadwell.mcp import over_stdio

    address, token = _address(url), token_of(token_file)
    if sys.stdin.isatty():
        output.hint("this speaks MCP, to a program that starts it; Ctrl-C stops it")
    over_stdio.run(address, token)


def _address(url: str) -> str:
    parts = _parts(url)
    if parts is None:
        # It is not shown: somebody may have put the token in its place.
        raise UsageError(
            f"{URL} is no address of a hub" if url else "there is no address of a hub",
            hint=f"set {URL}, for instance to https://leads.example.com",
        )
    if parts.scheme == "http" and not _is_here(parts.hostname or ""):
        output.hint("note: the address is http, so others on the way see the token")
    return url.rstrip("/")


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        is_whole = parts.hostname is not None and parts.port != 0
    except ValueError:
        return None
    is_plain = parts.scheme in {"http", "https"} and not set("@?#") & set(url)
    return parts if is_whole and is_plain else None


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
