"""Which campaign of which hub is read, and with which token."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from leadwell.cli import output
from leadwell.cli.reading.bearer import TOKEN, URL, token_of
from leadwell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from leadwell.client import Campaign, HubError, Leadwell, Retry

CampaignURL = Annotated[str, Parameter(env_var=URL)]


@Parameter(name="*")
@dataclass(frozen=True)
class Source:
    """What every command takes that reads from a hub."""

    token_file: Path | None = None
    """The file that holds the token, instead of LEADWELL_TOKEN."""
    token: str | None = None
    """The token itself; others on this machine can see it, so better not."""
    json: bool = False
    """Answer with JSON."""

    def campaign(self, url: str) -> Campaign:
        """Return the campaign that an address names."""
        return self.client(url, patience(tell_pause)).campaign()

    def client(self, url: str, retry: Retry) -> Leadwell:
        """Return the client of the hub, or service, at the address of a campaign."""
        return client_at(url, self._secret, retry)

    def _secret(self) -> str:
        if self.token is not None:
            output.hint(f"note: others can see --token; set {TOKEN} instead")
            return self.token
        return token_of(self.token_file)


FROM = Source()


def client_at(url: str, secret: Callable[[], str], retry: Retry) -> Leadwell:
    """Return the client of what stands at a campaign's address, with this token.

    `secret` is asked for it once the address is known to be one.

    Raises:
        UsageError: it names no campaign, or there is no token.
    """
    from leadwell.client import Leadwell, address

    hub = address.read(url)
    if hub.campaign_id is None:
        raise UsageError(
            "the address names no campaign",
            hint="for instance https://leads.example.com/v2/campaigns/362",
        )
    if url.startswith("http:") and not hub.is_here:
        output.hint("note: the address is http, so others see token and leads")
    return Leadwell(url, secret(), retry=retry)


def patience(on_pause: Callable[[HubError, float], None]) -> Retry:
    """Return how patient a command is; it tells each pause."""
    from leadwell.client import Retry

    return Retry(on_pause=on_pause)


def tell_pause(error: HubError, seconds: float) -> None:
    """Say why a request is sent again, and when."""
    output.hint(f"{error.message}; trying again in {seconds:.1f} s")
