"""What the API bounds, and what makes a client of it a good one."""

from leadwell.describe.pages.document import (
    Block,
    Items,
    Link,
    Row,
    Section,
    Table,
    paragraph,
    say,
    sentence,
)
from leadwell.describe.pages.entry import Entry, Statuses
from leadwell.describe.reader import Reader
from leadwell.model.query import PER_PAGE_DEFAULT, PER_PAGE_MAX
from leadwell.schema.querystring import PARAMETERS_MAX
from leadwell.schema.question import VALUES_MAX, WORDS_MAX
from leadwell.schema.question.following import LIMIT_MAX, WAIT_S_MAX
from leadwell.schema.question.selection import SORT_KEYS_MAX


def _make(reader: Reader, statuses: Statuses) -> tuple[Block, ...]:
    del statuses
    return (_limits(reader), _rate(), _habits(), _secrets())


def _limits(reader: Reader) -> Section:
    told = [
        ("Leads on a page", f"{PER_PAGE_DEFAULT} unless given, {PER_PAGE_MAX} at most"),
        ("Entries of one answer of the change feed", f"{LIMIT_MAX}"),
        ("Seconds that `_wait` may ask for", f"{WAIT_S_MAX}"),
        ("Parameters of a query string", f"{PARAMETERS_MAX}"),
        ("Values of one list", f"{VALUES_MAX}"),
        ("Words of `_q`", f"{WORDS_MAX}"),
        ("Keys of `_sort`", f"{SORT_KEYS_MAX}"),
    ]
    if reader.may_write:
        told.append(("Leads of a batch", "1,000"))
    rows = tuple(Row((say(name), (most,))) for name, most in told)
    return Section(
        "Limits",
        "limits",
        (
            Table(("What", "How much"), rows, "Limits of one request"),
            paragraph(
                "Nothing is cut down to a limit in silence: what is beyond it is "
                "refused. Unless the hub's operator has set others, a URL has at most "
                "8 KiB, the headers 16 KiB, a body 1 MiB and a batch 16 MiB."
            ),
        ),
    )


def _rate() -> Section:
    items = (
        say(
            "A request costs 1 point, and 1 more for each 100 leads that it reads or "
            "writes. A `304` costs nothing, and a large export is owed at most for a "
            "minute."
        ),
        say(
            "`RateLimit-Policy` and `X-RateLimit-Limit` say what the token's rate is, "
            "`RateLimit` and `X-RateLimit-Remaining` what is left of it. A hub may "
            "have none, and then sends none of them. `/v2/me` shows all limits."
        ),
        say(
            "Who has spent it is answered `429` with `Retry-After`; nothing was read "
            "or written. Two processes of a hub may count for a second what a third "
            "has not heard of, so do not rely on the last point."
        ),
        say(
            "Only so many requests of one token are worked on at once, and a long poll "
            "is none of them: beyond it `429` `too_many_at_once`. A hub that has too "
            "much to do says `503` early. Both carry `Retry-After`."
        ),
    )
    return Section("Rate", "rate", (Items(items),))


def _habits() -> Section:
    items = (
        sentence(
            "Follow ",
            Link("the changes", "changes"),
            " in place of reading everything again: it costs what has changed, and "
            "shows deletions.",
        ),
        say(
            "Send `If-None-Match` with the `ETag` that you have. A `304` costs the "
            "hub next to nothing, and you neither transfer nor read anything."
        ),
        say(
            "Ask for compression (`Accept-Encoding: gzip` or `zstd`), keep the "
            "connection open, and ask for many leads on a page."
        ),
        say("Ask only for the `_fields` that you use."),
        say(
            "Go by slugs and codes, never by labels, titles or the order of keys, and "
            "ignore what you do not know."
        ),
        say(
            "Say in `User-Agent` who you are: then the operator can tell you when "
            "something goes wrong."
        ),
        sentence(
            "Decide beforehand ",
            Link("when to try again", "errors", "again"),
            ", and how often.",
        ),
        sentence("Now and then, ", Link("prove your copy", "digest"), "."),
    )
    return Section("Good practice", "habits", (Items(items),))


def _secrets() -> Section:
    items = (
        say(
            "Keep the token where secrets are kept: a variable of the environment or "
            "a vault, not the program's text. A program in a browser or an app cannot "
            "keep one."
        ),
        say(
            "One program, one token: then one can be revoked without stopping the "
            "others. A token can be rotated with both valid for a while."
        ),
        say(
            "Leads are about people. Keep only what you need, follow the removals of "
            "the change feed, and take `erased` as an order to forget."
        ),
        say(
            "What stands in a lead was written by strangers: it is data, in a page, "
            "in a sheet and for a language model."
        ),
    )
    return Section("Secrets and people", "secrets", (Items(items),))


ENTRY = Entry(
    "practice",
    "Limits and good practice",
    "What one request may ask for, and what makes a client a good one.",
    _make,
)
