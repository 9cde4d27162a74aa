"""How a copy is proved to be exact, and where it differs if it is not."""

from leadwell.describe.examples import asking
from leadwell.describe.examples.json_text import pretty
from leadwell.describe.examples.program import digesting
from leadwell.describe.pages.document import (
    Block,
    Items,
    Link,
    Listing,
    Section,
    paragraph,
    say,
)
from leadwell.describe.pages.entry import Entry, Statuses
from leadwell.describe.reader import Reader
from leadwell.model.lead import JSON
from leadwell.schema.question.following import BUCKETS

_EXAMPLE: dict[str, JSON] = {
    "count": 743,
    "digest": "5b1f6f5a0c3a1d9be02f4f6b7a1c9d3e",
    "cursor": "c1_…",
}


def _make(reader: Reader, statuses: Statuses) -> tuple[Block, ...]:
    del statuses
    url = f"{reader.leads_url}/digest"
    return (
        paragraph(
            "Two copies with the same count and digest hold the same leads in the "
            "same versions. The hub adds up what the token sees, you add up what you "
            "hold, and nothing but one line is sent."
        ),
        Listing("sh", asking.curl(url)),
        Listing("json", pretty(_EXAMPLE)),
        paragraph(
            "Ask when your copy is up to date, or add `_digest=1` to the request for ",
            Link("changes", "changes"),
            ": then count and digest stand beside `up_to_date`, of the same moment.",
        ),
        Listing("sh", asking.curl(f"{reader.leads_url}/changes?_limit=1000&_digest=1")),
        Section("How it is added up", "sums", _sums()),
        Section("When they differ", "differing", _differing(url)),
    )


def _sums() -> tuple[Block, ...]:
    items = (
        say(
            "For each lead take SHA-256 of the text `<id>:<version>`, as `9812:7`; the "
            "version is `metadata.version`."
        ),
        say(
            "Read its first 16 bytes as four numbers of 32 bits, the highest byte "
            "first."
        ),
        say("Sum each of the four over all leads, modulo 2^32."),
        say(
            "Write the four sums one after the other, each as eight hexadecimal digits."
        ),
    )
    return (
        Items(items, is_ordered=True),
        paragraph(
            "Sums need no order, so every database can do it in one statement. In "
            "Python:"
        ),
        Listing("python", digesting()),
    )


def _differing(url: str) -> tuple[Block, ...]:
    return (
        paragraph(
            f"Ask for a digest of each `id mod {BUCKETS}`, compare them with yours, "
            "and list the leads of those that differ:"
        ),
        Listing("sh", asking.curl(f"{url}?_buckets={BUCKETS}")),
        Listing("sh", asking.curl(f"{url}?_bucket=17")),
        paragraph(
            "Then read the leads that differ again, by `id=9812,9813`. A copy that "
            "differs at `up_to_date` has lost or changed something on your side: "
            "entries that were not applied, most often."
        ),
    )


ENTRY = Entry(
    "digest",
    "Prove that your copy is exact",
    "Count and digest of what the token sees, and how to find what differs.",
    _make,
)
