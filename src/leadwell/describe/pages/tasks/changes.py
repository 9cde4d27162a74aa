"""How only what changed is read: the change feed, and the watermark for lists."""

from typing import Any

from leadwell.describe.examples import asking, campaign_of, values
from leadwell.describe.examples.json_text import pretty
from leadwell.describe.examples.program import following
from leadwell.describe.pages.document import (
    Block,
    Items,
    Link,
    Listing,
    Row,
    Section,
    Table,
    Warning,  # noqa: A004 - the word that readers know it by
    paragraph,
    say,
)
from leadwell.describe.pages.entry import Entry, Statuses
from leadwell.describe.reader import Reader
from leadwell.schema.question.following import LIMIT_DEFAULT, LIMIT_MAX, WAIT_S_MAX

SHOWN_MAX = 2


def _make(reader: Reader, statuses: Statuses) -> tuple[Block, ...]:
    del statuses
    return (
        paragraph(
            "The change feed tells what became of the leads that the token sees, in "
            "the order in which it happened. Who applies it holds an exact copy: also "
            "after deletions, after a lead has left the token's filter, and after the "
            "filter itself was edited."
        ),
        _asking(reader),
        _applying(),
        _reasons(),
        _program(reader),
        _waiting(reader),
        _lost(),
        _watermark(reader),
    )


def _asking(reader: Reader) -> Section:
    url = f"{reader.leads_url}/changes"
    return Section(
        "Ask, apply, keep the cursor, ask again",
        "asking",
        (
            Listing("sh", asking.curl(url)),
            Listing("json", pretty(_answer(reader))),
            paragraph(
                "Without a cursor it begins with every lead that the token sees. Next "
                "time send `cursor` as it came:"
            ),
            Listing("sh", asking.curl(f"{url}?_cursor=$CURSOR")),
            paragraph(
                f"`_limit` asks for at most so many entries: {LIMIT_DEFAULT} unless "
                f"given, {LIMIT_MAX} at most. While `has_more` is true, ask again at "
                "once. Whoever has read ",
                Link("everything once", "everything"),
                " in another way begins with the `Leadwell-Cursor` of that answer's "
                "headers, or with `_from=now`, which answers a cursor alone.",
            ),
        ),
    )


def _answer(reader: Reader) -> dict[str, Any]:
    lead = values.lead(campaign_of(reader), reader.grant)
    fields = dict(list(lead["fields"].items())[:SHOWN_MAX])
    return {
        "data": [
            {
                "op": "upsert",
                "id": 9812,
                "version": 7,
                "lead": lead | {"fields": fields},
            },
            {
                "op": "remove",
                "id": 9400,
                "version": 3,
                "reason": "left_scope",
                "at": "2026-11-23T09:14:01.000001Z",
            },
            {"op": "schema", "schema_version": "k42c1d9e03b"},
        ],
        "cursor": "c1_…",
        "has_more": False,
        "up_to_date": True,
    }


def _applying() -> Section:
    items = (
        say(
            "Apply the entries in their order. Each may be applied twice without harm."
        ),
        say("`upsert`: put the lead into your copy, in place of what was there."),
        say("`remove`: take it out, whatever the reason says."),
        say(
            "`schema`: labels, people or fields have changed; read the schema again. A "
            "changed label sends no lead again, a changed slug does."
        ),
        say("Ignore an `op` that you do not know."),
        say(
            "Keep the copy first and the cursor after it, best in one transaction: "
            "then nothing is lost when your program stops in between."
        ),
    )
    return Section(
        "Apply what it says",
        "applying",
        (
            Items(items),
            paragraph(
                'At `"up_to_date": true` your copy is exactly what the token may see. ',
                Link("Prove it", "digest"),
                " as often as you like.",
            ),
        ),
    )


def _reasons() -> Section:
    rows = tuple(Row((say(f"`{name}`"), say(text))) for name, text in _REASONS)
    table = Table(("Reason", "What happened"), rows, "Reasons of a removal")
    return Section("Why a lead is removed", "reasons", (table,))


_REASONS = (
    ("deleted", "It was deleted."),
    ("merged", "It was merged into another: `merged_into`, where you see that one."),
    ("erased", "A person asked to be forgotten: forget it everywhere."),
    ("left_scope", "It no longer matches the token's filter."),
    ("scope_changed", "The token was given another filter or other fields."),
    ("left_filter", "It no longer matches the conditions of this very request."),
)


def _program(reader: Reader) -> Section:
    return Section(
        "A whole program",
        "program",
        (
            paragraph(
                "Python without any package. It keeps the copy in a file, and may be "
                "stopped and started at any time."
            ),
            Listing("python", following(f"{reader.leads_url}/changes")),
        ),
    )


def _waiting(reader: Reader) -> Section:
    return Section(
        "Hear of a change at once",
        "waiting",
        (
            paragraph(
                f"With `_wait` the hub holds the answer back, for at most {WAIT_S_MAX} "
                "seconds, until there is something new. Give your HTTP client a longer "
                "time limit than that."
            ),
            Listing(
                "sh",
                asking.curl(f"{reader.leads_url}/changes?_cursor=$CURSOR&_wait=25"),
            ),
        ),
    )


def _lost() -> Section:
    return Section(
        "When a cursor is refused",
        "lost",
        (
            paragraph(
                "Cursors do not expire. One that was cut, or made for another token or "
                "other conditions, is a `400` (",
                Link("invalid_cursor", "errors", "error-invalid_cursor", is_code=True),
                "): a mistake to find. One of a history that was lost, because the "
                "hub was restored from a backup, is a `410` (",
                Link("cursor_lost", "errors", "error-cursor_lost", is_code=True),
                "): begin anew without a cursor, and remove from your copy what does "
                "not come again.",
            ),
        ),
    )


def _watermark(reader: Reader) -> Section:
    return Section(
        "With a list: what was updated since",
        "watermark",
        (
            paragraph(
                "A tool that only knows lists can ask for what was updated. Keep the "
                "header `Leadwell-Watermark` of the first page, and send it next "
                "time. Do not take your own clock: with the watermark no change of a "
                "lead is missed, however slow another writer is."
            ),
            Listing("sh", asking.curl(f"{reader.leads_url}?per_page=1000", "-D -")),
            Listing(
                "sh",
                asking.curl(
                    f"{reader.leads_url}?updated_after=$WATERMARK&per_page=1000", "-D -"
                ),
            ),
            Warning(
                say(
                    "A list cannot show what is no longer there. Deletions, leads "
                    "that left the token's filter, and leads that an edit of the "
                    "filter let in appear in the change feed only."
                )
            ),
        ),
    )


ENTRY = Entry(
    "changes",
    "Then only what changed",
    "The change feed, applied to an exact copy; and the watermark for lists.",
    _make,
)
