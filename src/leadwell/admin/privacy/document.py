"""A copy of all that is held of one person: one JSON document, and sheets beside it."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec

from leadwell.admin.privacy.person import GrantOf, Holding
from leadwell.schema.times import show
from leadwell.sheets.text import FEED
from leadwell.store.connection import Connection
from leadwell.store.privacy import telling

NAME = "person.json"
Row = Sequence[object]
Shown = dict[str, Any]
_COLUMNS = {
    "values.csv": ("campaign", "lead", "name", "value"),
    "history.csv": (
        *("campaign", "lead", "version", "at", "by"),
        *("what", "name", "before", "after"),
    ),
    "recipients.csv": (
        *("campaign", "lead", "token", "id", "could_read_since", "confirmed_at"),
    ),
}


def document(
    connection: Connection, holding: Holding, grant_of: GrantOf, now: datetime
) -> Shown:
    """Return all that is held, as JSON has it.

    Leads that hold another address now, or only mention it, are named by their ids
    alone: they may be somebody else's.
    """
    return {
        "person": [{x.type: x.key} for x in holding.identities],
        "account": holding.account.slug,
        "made_at": show(now),
        "campaigns": [
            {
                "id": found.campaign.id,
                "name": found.campaign.name,
                "leads": telling.tell(connection, grant_of(found.campaign), found),
                "held_before_by": list(found.former),
                "mentioned_by": list(found.mentioned),
                "filters": list(found.filters),
            }
            for found in holding.found
        ],
        "files": [
            {
                "campaign": each.job.campaign_id,
                "file": each.job.file_name,
                "uploaded_at": show(each.job.created_at),
                "by": each.job.who,
                "holds_the_person": each.holds or None,
            }
            for each in holding.uploads
        ],
    }


def archive(content: Shown) -> bytes:
    """Return a document and its sheets as a ZIP file.

    The sheets are harmless to programs that run formulas: values are of strangers.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        text = msgspec.json.format(msgspec.json.encode(content), indent=2)
        file.writestr(NAME, text)
        for name, rows in _sheets(content).items():
            lines = [
                FEED.line(_COLUMNS[name]),
                *(FEED.line(map(_cell, x)) for x in rows),
            ]
            file.writestr(name, b"".join(lines))
    return packed.getvalue()


def _sheets(content: Shown) -> dict[str, list[Row]]:
    leads = [
        (campaign["id"], lead)
        for campaign in content["campaigns"]
        for lead in campaign["leads"]
    ]
    return {
        "values.csv": [row for at, lead in leads for row in _values(at, lead)],
        "history.csv": [row for at, lead in leads for row in _history(at, lead)],
        "recipients.csv": [
            (at, lead["id"], *each.values())
            for at, lead in leads
            for each in lead["recipients"]
        ],
    }


def _values(campaign_id: int, lead: Shown) -> Iterator[Row]:
    held = lead["lead"]
    if held is None:
        return
    own = {name: value for name, value in held.items() if name not in {"id", "fields"}}
    for name, value in {**own.pop("metadata"), **own, **held["fields"]}.items():
        if value is not None:
            yield campaign_id, lead["id"], name, value


def _history(campaign_id: int, lead: Shown) -> Iterator[Row]:
    for each in lead["history"]:
        of = (campaign_id, lead["id"], *(each[x] for x in ("version", "at", "by")))
        for name, (before, after) in each["changes"].items():
            yield *of, each["what"], name, before, after
        if not each["changes"]:
            yield *of, each["what"], None, None, None


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and "slug" in value:
        return str(cast("Shown", value)["slug"])
    return msgspec.json.encode(value).decode()
