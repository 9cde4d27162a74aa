"""The page that says how other tools read leads, with a file for each."""

from leadwell.describe.connectors import CONNECTORS, Connector
from leadwell.describe.connectors.connector import told
from leadwell.describe.pages.document import (
    Block,
    Download,
    Items,
    Link,
    Paragraph,
    Section,
)
from leadwell.describe.pages.entry import Entry, Statuses
from leadwell.describe.reader import Reader


def _make(reader: Reader, statuses: Statuses) -> tuple[Block, ...]:
    del statuses
    return (*_opening(reader), *(_section(each, reader) for each in CONNECTORS))


def _opening(reader: Reader) -> tuple[Block, ...]:
    made_for = (
        "The files below are made for your token: they hold the address of its "
        "campaign and a column for each field that it sees."
    )
    if reader.view is None:
        made_for = (
            f"The files below take campaign {reader.campaign_id} as their example and "
            "keep all fields in one column. Asked for with the token of one campaign, "
            "they have a column for each of its fields."
        )
    return (
        told(
            f"{made_for} None of them holds the token itself: each says where its "
            "tool keeps it. What no tool of that name has run is marked as not run."
        ),
        Items(tuple((Link(each.title, anchor=each.name),) for each in CONNECTORS)),
    )


def _section(connector: Connector, reader: Reader) -> Section:
    return Section(
        connector.title,
        connector.name,
        (
            Paragraph((Download(connector.file_name, connector.path),)),
            told(connector.tried),
            *connector.instructions(reader),
        ),
    )


ENTRY = Entry(
    "connect",
    "Connect your tool",
    "Excel, Google Sheets, warehouses and automation: a file for each, ready to use.",
    _make,
)
