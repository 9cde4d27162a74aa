"""The exact request of what the table shows: its URL, for curl and for Python."""

from dataclasses import dataclass

from leadwell.admin.visit import Visit
from leadwell.api import links
from leadwell.describe.connectors import quoting
from leadwell.describe.examples import program


@dataclass(frozen=True, slots=True)
class Told:
    """The same question, as programs ask it."""

    url: str
    curl: str
    python: str


def request_of(visit: Visit, query: str) -> Told:
    """Write a query string as requests to copy."""
    url = links.leads_url(visit.hub.public_url, visit.campaign_id)
    asked = f"{url}?{query}" if query else url
    # Without -g curl reads the brackets of budget[gte] as a list of its own.
    return Told(asked, quoting.curl(asked, "-g").strip(), program.paging(asked))
