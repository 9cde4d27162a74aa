"""A file of leads, uploaded and loaded as somebody does it on the pages."""

import re
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.desk import Desk

ROWS = [
    "Navn;Mail;Telefon;Source;Note",
    "Åse;ase@example.com;12345678;Partner West;ring",
    "Bo;not mail;12345679;partner-north;",
    "Ib;ib@example.com;12345670;website;skriv",
]


@dataclass
class Upload:
    """One import, by its page."""

    desk: Desk
    page: httpx2.Response

    @property
    def path(self) -> str:
        return self.page.url.path

    def look(self, query: str = "") -> httpx2.Response:
        """Load its page again, when nothing is being done any more."""
        self.desk.hub.works.settle()
        self.page = self.desk.get(f"{self.path}{query}")
        return self.page

    def do(self, what: str, **fields: Any) -> httpx2.Response:
        """Press a button, and wait for what it begins."""
        given = {"do": what} | {k.replace("_", "."): v for k, v in fields.items()}
        path = self.path
        self.page = self.desk.submit(path, given)
        if self.page.status_code == 200:
            self.look()
        return self.page


def send(
    desk: Desk, path: str, content: str | bytes, name: str = "leads.csv", **fields: Any
) -> httpx2.Response:
    """Choose a file and send its form."""
    raw = content.encode() if isinstance(content, str) else content
    data = {"_word": desk.word, **fields}
    return desk.client.post(path, data=data, files={"file": (name, raw)})


def upload(desk: Desk, campaign_id: int, lines: list[str], **options: Any) -> Upload:
    """Upload lines of text for a campaign."""
    content = "\n".join(lines) + "\n"
    path = f"/campaigns/{campaign_id}/import"
    return Upload(desk, send(desk, path, content, **options))


def counts(page: httpx2.Response) -> dict[str, int]:
    """Return the counts that a page shows."""
    pairs = re.findall(r"<div><dt>([^<]+)</dt><dd>([\d.,]+)</dd></div>", page.text)
    return {name: int(re.sub(r"\D", "", number)) for name, number in pairs}
