"""How leads are sent: one, many, changed, merged, and each only once."""

from leadwell.describe import example
from leadwell.describe.examples import asking, campaign_of, values
from leadwell.describe.examples.json_text import pretty
from leadwell.describe.pages.document import (
    Block,
    Items,
    Label,
    Link,
    Listing,
    Section,
    Warning,  # noqa: A004 - the word that readers know it by
    paragraph,
    say,
    sentence,
)
from leadwell.describe.pages.entry import Entry, Statuses
from leadwell.describe.reader import Reader
from leadwell.model.campaign import Attribute
from leadwell.model.lead import JSON

BATCH_MAX = 1_000


def _make(reader: Reader, statuses: Statuses) -> tuple[Block, ...]:
    del statuses
    view = campaign_of(reader)
    sent = values.new_lead(view, reader.grant)
    named = Attribute.EXTERNAL_ID in view.attributes
    body = sent.body | ({"external_id": example.EXTERNAL_ID} if named else {})
    return (
        *_rules(reader, fits=sent.fits),
        _one(reader, body, named=named),
        _changing(reader, body),
        _many(reader, body),
        _removing(reader),
        _once(reader, body),
        _refused(),
    )


def _rules(reader: Reader, *, fits: bool) -> tuple[Block, ...]:
    intro = paragraph(
        "Selects and the status are sent as slugs, people as ids; ",
        Link("Fields and options", "fields"),
        " lists them. What is answered `2xx` is on the disk.",
    )
    if reader.grant is None or not reader.grant.forced:
        return (intro,)
    own = (
        sentence(
            "The token writes only what its own filter lets through: leads where ",
            Label(reader.filter_words),
            ".",
        )
        if reader.filter_words
        else say("The token writes only what its own filter lets through.")
    )
    also = () if fits else say(" Replace the values in the examples by such ones.")
    return (intro, Warning((*own, *also)))


def _one(reader: Reader, body: dict[str, JSON], *, named: bool) -> Section:
    blocks: list[Block] = [
        Listing(
            "sh",
            asking.curl(reader.leads_url, "-X POST", *asking.with_body(pretty(body))),
        ),
        paragraph(
            "A new lead is answered `201`, with its `Location`. Fields that are left "
            "out are empty; without `status` it has that of all new leads."
        ),
    ]
    if named:
        blocks.append(
            paragraph(
                "`external_id` is your own name for the lead. Sent again, it updates "
                "that lead and answers `200`: so nothing is there twice, however "
                "often you send. Nobody else's leads are touched by it."
            )
        )
    return Section("Send a lead", "one", tuple(blocks))


def _changing(reader: Reader, body: dict[str, JSON]) -> Section:
    change = {"fields": _first_of(body)}
    return Section(
        "Change a lead",
        "changing",
        (
            Listing(
                "sh",
                asking.curl(
                    f"{reader.leads_url}/$LEAD_ID",
                    "-X PATCH",
                    *asking.with_body(pretty(change)),
                ),
            ),
            paragraph(
                "What is named is changed, `null` empties, and the rest stays. To "
                "change only what you have seen, send the lead's version: `-H "
                "'If-Match: \"7\"'`. If it has another one by then, the answer is a "
                "`412` and nothing is changed."
            ),
        ),
    )


def _first_of(body: dict[str, JSON]) -> JSON:
    fields = body["fields"]
    return dict(list(fields.items())[:1]) if isinstance(fields, dict) else {}


def _many(reader: Reader, body: dict[str, JSON]) -> Section:
    batch: dict[str, JSON] = {"leads": [body], "atomic": False}
    return Section(
        "Send many",
        "many",
        (
            Listing(
                "sh",
                asking.curl(
                    f"{reader.leads_url}/batch",
                    "-X POST",
                    *asking.with_body(pretty(batch)),
                ),
            ),
            paragraph(
                f"At most {BATCH_MAX:,} leads. The answer is `200` and says of each, "
                "by its `index`, what became of it: its own `status` and the lead or "
                'its `errors`. With `"atomic": true` all are written or none.'
            ),
        ),
    )


def _removing(reader: Reader) -> Section:
    return Section(
        "Delete a lead, or merge two",
        "removing",
        (
            Listing(
                "sh",
                asking.curl(
                    f"{reader.leads_url}/$LEAD_ID/merge",
                    "-X POST",
                    asking.JSON_TYPE,
                    r'-d "{\"into\": $OTHER_ID}"',
                ),
            ),
            paragraph(
                "The lead in the URL goes and the other one stays: its empty fields "
                "are filled, what it holds is kept."
            ),
            Listing("sh", asking.curl(f"{reader.leads_url}/$LEAD_ID", "-X DELETE")),
            paragraph("A deletion answers `204`. Readers are told by the change feed."),
        ),
    )


def _once(reader: Reader, body: dict[str, JSON]) -> Section:
    return Section(
        "Send again without harm",
        "once",
        (
            paragraph(
                "When no answer comes, nobody knows whether the lead was written. "
                "Give each write a key, and repeat it with the same key: it is done "
                "once, and answered the same for 48 hours, with "
                "`Idempotency-Replayed: true`."
            ),
            Listing(
                "sh",
                asking.curl(
                    reader.leads_url,
                    "-X POST",
                    '-H "Idempotency-Key: order-77"',
                    *asking.with_body(pretty(body)),
                ),
            ),
            paragraph(
                "A key is 1 to 255 visible ASCII characters. Another body with the "
                "same key is a `422` (",
                Link(
                    "idempotency_key_reused",
                    "errors",
                    "error-idempotency_key_reused",
                    is_code=True,
                ),
                ").",
            ),
        ),
    )


def _refused() -> Section:
    items = (
        say(
            "All that breaks the schema is told at once, as a `422`: each with a "
            "`pointer` to its place, the `allowed` values and the nearest one."
        ),
        say(
            "Such a lead is refused again however often it is sent. Do not retry it: "
            "show it to a person."
        ),
        say(
            "A `429` or `503` is not about the lead: wait as long as `Retry-After` "
            "says, and send it again."
        ),
    )
    return Section("When a lead is refused", "refused", (Items(items),))


ENTRY = Entry(
    "writing",
    "Send leads",
    "Create, change, merge and delete leads, one or many, each only once.",
    _make,
    needs_write=True,
)
