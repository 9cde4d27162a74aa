"""What a client is told, or finds in the environment."""

import os
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from leadwell.client.wire import address
from leadwell.client.wire.address import Address
from leadwell.errors import UsageError

URL, TOKEN = "LEADWELL_URL", "LEADWELL_TOKEN"


def place_and_token(url: str | None, token: str | None) -> tuple[Address, str]:
    """Return where the hub is and the token, from what is given or the environment.

    Raises:
        UsageError: one of them is missing or cannot be one; neither is repeated.
    """
    place = address.read(os.environ.get(URL, "") if url is None else url)
    secret = (os.environ.get(TOKEN, "") if token is None else token).strip()
    if not secret:
        raise UsageError("there is no token", hint=f"set {TOKEN}")
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise UsageError("what was given as token is none", hint="lw_…, on one line")
    return place, secret


def proxy_of(place: Address) -> str | None:
    """Return the proxy to a hub, from HTTPS_PROXY, HTTP_PROXY and NO_PROXY.

    Raises:
        UsageError: it is of another kind than HTTP.
    """
    hub = urlsplit(place.url)
    named = getproxies()
    if place.is_here or proxy_bypass(hub.netloc):
        return None
    proxy = named.get(hub.scheme) or named.get("all")
    if proxy and urlsplit(proxy).scheme not in {"http", "https"}:
        hint = "name one like http://proxy.example.com:3128, or the hub in NO_PROXY"
        raise UsageError("the proxy of the environment speaks no HTTP", hint=hint)
    return proxy


def campaign_of(place: Address, campaign_id: int | None) -> int:
    """Return the campaign that is meant.

    Raises:
        UsageError: none is named, or two different ones.
    """
    named = place.campaign_id
    if campaign_id is None and named is None:
        raise UsageError("no campaign is named", hint="hub.campaign(362)")
    if None not in (campaign_id, named) and campaign_id != named:
        message = f"campaign {campaign_id} is asked at the address of {named}"
        raise UsageError(message, hint="give the address of the hub alone")
    return campaign_id or named or 0
