"""The page that shows a token, or a link, for the only time."""

import re
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from leadwell.admin.pages.access import asking
from leadwell.admin.pages.access.place import Place
from leadwell.admin.visit import Visit
from leadwell.api.links import is_for_this_machine, leads_url, link_url
from leadwell.describe.connectors import CONNECTORS
from leadwell.describe.examples.asking import curl
from leadwell.errors import MalformedValue
from leadwell.model.link import LinkKind
from leadwell.model.token import PUBLIC_BYTES, Token

_ONCE = re.compile(rf"[0-9a-f]{{{2 * PUBLIC_BYTES}}}")


def new_number() -> str:
    """Return a random number for a form: it makes one token, however often sent."""
    return token_hex(PUBLIC_BYTES)


def number_in(visit: Visit) -> bytes:
    """Return the number of the form that was sent.

    Raises:
        MalformedValue: it has none.
    """
    text = visit.text("once")
    if not _ONCE.fullmatch(text):
        raise MalformedValue(
            "the form is not complete", hint="load the page again, and send it again"
        )
    return bytes.fromhex(text)


async def shown(
    visit: Visit,
    place: Place,
    token: Token,
    text: str,
    link: str = "",
    old: Token | None = None,
) -> Response:
    """Show a token that was made just now, what it answers, and its link."""
    public_url = visit.hub.public_url
    content: dict[str, Any] = {
        **place.around(visit),
        "token": token,
        "text": text,
        "old": old,
        "link": link_url(public_url, LinkKind.DOCUMENTATION, link) if link else "",
        "is_local": is_for_this_machine(urlsplit(public_url).hostname or ""),
        "connectors": CONNECTORS,
        "url": f"{public_url}/v2/me",
    }
    path = "/v2/me"
    if place.campaign is not None:
        content["url"] = leads_url(public_url, place.campaign.id)
        path = f"/v2/campaigns/{place.campaign.id}/leads?per_page=1"
        content["url"] += "?per_page=1"
    command = curl(content["url"]).replace("$LEADWELL_TOKEN", text)
    answer = await asking.ask(visit.request, token, text, path)
    return visit.page("access/once.html", content | {"curl": command, "answer": answer})
