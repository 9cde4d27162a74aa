"""A file of leads, uploaded and loaded as somebody does it on the pages."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import xlsxwriter

from leadwell.model.campaign import Campaign
from leadwell.model.grant import Author, Grant
from leadwell.model.query import Question
from leadwell.schema import submission
from leadwell.store import campaigns, leads
from leadwell.store.connection import Connection
from leadwell.store.writes.writing import Writing
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
    desk: Desk,
    path: str,
    content: str | bytes,
    name: str = "leads.csv",
    title: str = "",
    **fields: Any,
) -> httpx2.Response:
    """Choose a file and send its form."""
    raw = content.encode() if isinstance(content, str) else content
    data = {"_word": desk.word, "name": title, **fields}
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


def bodies(desk: Desk, campaign: Campaign) -> list[dict[str, Any]]:
    """Return the leads of a campaign, as the API has them."""
    with desk.hub.database.reading() as connection:
        now = campaigns.known(connection, campaign.id)
        query = Grant.of_operator(now).query(now, Question(per_page=1000))
        found = leads.find_page(connection, now, query).items
    return [msgspec.json.decode(body) for body in found]


def change(desk: Desk, campaign: Campaign, lead_id: int, **fields: Any) -> None:
    """Have somebody change a lead."""
    read = submission.read(campaign, {"fields": fields}, is_new=False)
    author = Author(desk.user.grant(campaign).lineage)

    def job(connection: Connection) -> None:
        now = campaigns.known(connection, campaign.id)
        writing = Writing.begin(connection, now, author, desk.hub.now, 1)
        writing.change(lead_id, read)
        writing.close()

    desk.hub.database.write(job).result()


def an_odd_workbook(path: Path) -> bytes:
    """A workbook with a formula, merged cells, and a date that is only a number."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["name", "budget", "follow-up"])
    sheet.merge_range("A2:A3", "Åse")
    sheet.write_formula("B2", "=1+2", value=3)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_datetime("C2", date(2026, 11, 29), day)
    sheet.write("B3", 5)
    sheet.write_row(3, 0, ["Bo"])
    sheet.write_row(4, 0, ["Ib", 7, 45000])
    book.close()
    return path.read_bytes()
