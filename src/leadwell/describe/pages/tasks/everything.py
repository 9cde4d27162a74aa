"""How everything is read once: page by page, as a walk, or as one stream."""

from leadwell.describe.examples import asking
from leadwell.describe.pages.document import (
    Block,
    Link,
    Listing,
    Row,
    Section,
    Table,
    paragraph,
    say,
)
from leadwell.describe.pages.entry import Entry, Statuses
from leadwell.describe.reader import Reader
from leadwell.model.query import PER_PAGE_MAX
from leadwell.schema.question.following import FORMATS

PER_PAGE = ("per_page", f"{PER_PAGE_MAX}")


def _make(reader: Reader, statuses: Statuses) -> tuple[Block, ...]:
    del statuses
    return (
        paragraph(
            "To hold a copy of the leads, read them once in one of these ways, and "
            "then ",
            Link("only what changed", "changes"),
            ". Each way brings exactly what the token may see, and tells where the "
            "change feed goes on.",
        ),
        _ways(),
        _pages(reader),
        _walk(reader),
        _export(reader),
        _feed(reader),
    )


def _ways() -> Table:
    rows = (
        Row(
            (
                (Link("Page by page", anchor="pages"),),
                ("up to some thousand leads, or a table for people to turn over",),
                say("`page=1`"),
            )
        ),
        Row(
            (
                (Link("A walk by cursor", anchor="walk"),),
                ("any number, by a program that may stop and go on next day",),
                say("`_cursor=start`"),
            )
        ),
        Row(
            (
                (Link("One stream", anchor="export"),),
                ("any number, at the speed of the line, or a file for a sheet",),
                say("`…/leads/export`"),
            )
        ),
        Row(
            (
                (Link("The change feed from its beginning", anchor="feed"),),
                ("one loop that both reads all and then follows",),
                say("`…/leads/changes`"),
            )
        ),
    )
    return Table(("Way", "Good for", "Begins with"), rows, "Ways to read everything")


def _pages(reader: Reader) -> Section:
    first = asking.query(("page", "1"), PER_PAGE)
    second = asking.query(("page", "2"), PER_PAGE)
    return Section(
        "Page by page",
        "pages",
        (
            Listing("sh", asking.curl(f"{reader.leads_url}?{first}", "-D -")),
            Listing("sh", asking.curl(f"{reader.leads_url}?{second}", "-D -")),
            paragraph(
                'Go on to `total_pages`, or follow `rel="next"` of the header `Link` '
                f"until there is none. A page has at most {PER_PAGE_MAX} leads."
            ),
            paragraph(
                "While others write, this neither skips a lead nor shows one twice: "
                "with page 1 is fixed which leads the pages are of, how many and in "
                "which order. What each lead says is always as of now, and a lead "
                "that the token may no longer see leaves its place empty, so a page "
                "can be short. The links of `Link` carry the run as `_snapshot`: "
                "follow them to read pages side by side."
            ),
            paragraph(
                "A run ends after ten idle minutes. By its name it is then a `410`: "
                "begin with page 1. `_snapshot=none` reads each page as of its own "
                "moment."
            ),
        ),
    )


def _walk(reader: Reader) -> Section:
    begin = asking.query(("_cursor", "start"), ("_meta", "1"), PER_PAGE)
    return Section(
        "A walk by cursor",
        "walk",
        (
            Listing("sh", asking.curl(f"{reader.leads_url}?{begin}")),
            paragraph(
                "Go on with `next_cursor` of the answer's `meta`, or follow "
                '`rel="next"`, until there is none. Leads come in the order of their '
                "ids. `page` and `_sort` cannot stand beside it."
            ),
            Listing(
                "sh",
                asking.curl(
                    f"{reader.leads_url}?_cursor=$NEXT_CURSOR&"
                    + asking.query(("_meta", "1"), PER_PAGE)
                ),
            ),
            paragraph(
                "A walk is never lost to idleness. It ends with a `410` "
                "(`cursor_lost`) when the token is given another filter or other "
                "fields meanwhile."
            ),
        ),
    )


def _export(reader: Reader) -> Section:
    url = f"{reader.leads_url}/export"
    names = ", ".join(f"`{name}`" for name in FORMATS)
    return Section(
        "One stream",
        "export",
        (
            Listing(
                "sh",
                asking.curl(
                    f"{url}?_format=ndjson", "-D headers.txt", "-o leads.ndjson"
                ),
            ),
            paragraph(
                f"`_format` is one of {names}. Which leads belong to it is fixed at "
                "its start; `Leadwell-Count` says how many, and `Leadwell-Cursor` "
                "where the change feed goes on."
            ),
            paragraph("An NDJSON export that is whole ends with such a line:"),
            Listing(
                "json",
                '{"_end": true, "count": 743, "digest": '
                '"5b1f6f5a0c3a1d9be02f4f6b7a1c9d3e", "cursor": "c1_…"}',
            ),
            paragraph(
                "Without it the stream was cut off. Go on with the cursor of the "
                "headers and the id of the last lead that you have:"
            ),
            Listing(
                "sh",
                asking.curl(f"{url}?_cursor=$CURSOR&_after=$LAST_ID", "-o rest.ndjson"),
            ),
        ),
    )


def _feed(reader: Reader) -> Section:
    return Section(
        "The change feed from its beginning",
        "feed",
        (
            paragraph(
                "Without a cursor the change feed begins with every lead that the "
                "token sees. So a program needs a single loop, which is written out "
                "on the page ",
                Link("Then only what changed", "changes"),
                ".",
            ),
            Listing("sh", asking.curl(f"{reader.leads_url}/changes?_limit=1000")),
        ),
    )


ENTRY = Entry(
    "everything",
    "Get everything once",
    "Page by page, as a walk by cursor, or as one stream.",
    _make,
)
