"""Absolute URLs of this hub. They come from its public URL, never from `Host`."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlencode

from leadwell.model.link import LinkKind
from leadwell.model.page import Page

Pairs = Sequence[tuple[str, str]]
LINK_PATHS = {
    LinkKind.DOCUMENTATION: ("/d/", ""),
    LinkKind.CSV: ("/feed/", ".csv"),
}
"""What stands before and behind the secret in the path of a link."""


def leads_url(public_url: str, campaign_id: int) -> str:
    """Return where the leads of a campaign are."""
    return f"{public_url}/v2/campaigns/{campaign_id}/leads"


def is_for_this_machine(host: str) -> bool:
    """Whether nobody on another machine reaches what listens there."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def openapi_url(public_url: str) -> str:
    """Return where the API is described, for the token that asks there."""
    return f"{public_url}/docs/download/openapi.json/leadwell-openapi.json"


def link_url(public_url: str, kind: LinkKind, secret: str) -> str:
    """Return where a link of this kind is."""
    head, tail = LINK_PATHS[kind]
    return f"{public_url}{head}{secret}{tail}"


def around(
    url: str, asked: str, page: Page[Any], snapshot: str | None = None
) -> dict[str, str]:
    """Return the pages around one (RFC 8288): first, prev, next and last.

    `asked` is the query string but for the page; only the page number differs. With
    the pin of a run all but the first page belong to that run.
    """
    last = max(page.total_pages, 1)
    numbers = {"first": 1}
    if page.number > 1:
        numbers["prev"] = min(page.number - 1, last)
    if page.number < last:
        numbers["next"] = page.number + 1
    numbers["last"] = last
    start = f"{url}?{asked}&page=" if asked else f"{url}?page="
    run = f"&_snapshot={snapshot}" if snapshot else ""
    return {
        rel: f"{start}{number}{'' if rel == 'first' else run}"
        for rel, number in numbers.items()
    }


def onward(url: str, pairs: Pairs, cursor: str | None) -> dict[str, str]:
    """Return where a walk by cursor goes on; nowhere, at its end."""
    if cursor is None:
        return {}
    kept = [pair for pair in pairs if pair[0] != "_cursor"]
    asked = urlencode([*kept, ("_cursor", cursor)], quote_via=quote, safe=",:")
    return {"next": f"{url}?{asked}"}


def afresh(url: str, pairs: Pairs) -> str:
    """Return where a reader begins anew whose cursor leads nowhere."""
    kept = [pair for pair in pairs if pair[0] not in {"_cursor", "_after"}]
    if url.endswith("/leads") and len(kept) == len(pairs):
        return f"{url}?{but_page([p for p in pairs if p[0] != '_snapshot'])}"
    if url.endswith("/leads"):
        # A list is walked by cursor only when it is said so.
        kept.append(("_cursor", "start"))
    asked = urlencode(kept, quote_via=quote, safe=",:")
    return f"{url}?{asked}" if asked else url


def header(links: dict[str, str]) -> str:
    """Write links as the value of a `Link` header."""
    return ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items())


def but_page(pairs: Pairs) -> str:
    """Write parameters as a query string, all but the page."""
    kept = [pair for pair in pairs if pair[0] != "page"]
    return urlencode(kept, quote_via=quote, safe=",:")
