"""`leadwell doctor`: the hub of this machine, or one at an address, looked over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from leadwell.cli import output
from leadwell.cli.opening import HERE, Where
from leadwell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

REFUSED = 3
"""Exit code: it is the token that does not do."""


def doctor(
    url: str = "",
    *,
    deep: bool = False,
    to: str = "",
    token_file: Path | None = None,
    where: Where = HERE,
) -> int:
    """Look over the hub of this machine; with a URL, the way to a hub and the token.

    Here: the configuration, the database, the key, the versions and the clock. With
    --deep also every page of the database, and every campaign: whether its numbers, its
    index, its scopes, its digests, its history and its stored leads are what its leads
    say; whether what was erased stays so; and how old the newest backup is. That takes
    a minute or so for a million leads, while the hub goes on serving. Ctrl-C ends it
    with what was found until then.

    With a URL: name, proxy, certificate, answer, clock, limits and what the token may
    see; with --to also whether a copy of it fits the campaign still.

    Exits with 1 when something fails, and with 3 when it is the token.

    Example: leadwell doctor

    Example: leadwell doctor https://leads.example.com/v2/campaigns/362 --to sqlite:l.db

    Args:
        url: the address of a hub, or of a campaign of it
        deep: look at every lead
        to: a copy, as it was named for `leadwell sync`
        token_file: the file that holds the token, instead of LEADWELL_TOKEN
        where: the database, where no URL is given
    """
    if url and (deep or where.database):
        raise UsageError("--deep and --database are for the hub of this machine")
    if not url and (to or token_file):
        raise UsageError("--to and --token-file are for the hub at a URL")
    if url:
        from leadwell.cli.checkup import there
        from leadwell.cli.reading.bearer import token_of

        return _told(there.checkup(url, token_of(token_file), to), where)
    from leadwell.cli.checkup import here

    found = here.checkup(where, deep=deep)
    return _told(((each.state, each.what, each.said) for each in found), where)


def _told(findings: Iterable[tuple[str, str, str]], where: Where) -> int:
    found: list[tuple[str, str, str]] = []
    try:
        # One by one: what was found is shown even if somebody does not wait.
        for finding in findings:
            found.append(finding)
    finally:
        rows = [{"state": s, "what": what, "said": said} for s, what, said in found]
        output.rows(rows, as_json=where.json)
    failed = {what for state, what, _ in found if state == "fail"}
    return REFUSED if "token" in failed else int(bool(failed))
