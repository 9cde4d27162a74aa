"""How to ask for some leads only: conditions, words, order, and what is refused."""

from collections.abc import Iterator
from typing import Any

from leadwell.describe.examples import asking, campaign_of
from leadwell.describe.examples.json_text import pretty
from leadwell.describe.pages.document import (
    Block,
    Code,
    Items,
    Label,
    Link,
    Listing,
    Row,
    Section,
    Table,
    Text,
    paragraph,
    say,
)
from leadwell.describe.pages.entry import Entry, Statuses
from leadwell.describe.reader import Reader
from leadwell.errors import LeadwellError, title_of
from leadwell.model.campaign import Attribute, Campaign
from leadwell.model.query import PER_PAGE_MAX
from leadwell.model.slug import RESERVED
from leadwell.schema import question
from leadwell.schema.querystring import PARAMETERS_MAX
from leadwell.schema.question import VALUES_MAX, WORDS_MAX, selection
from leadwell.schema.subjects import SHORTCUTS

MISSPELT = "statsu"


def _make(reader: Reader, statuses: Statuses) -> tuple[Block, ...]:
    view = campaign_of(reader)
    return (
        *_intro(reader, view),
        _comparisons(view),
        _names(view),
        _times(reader),
        _further(reader, view),
        _strictness(reader, view, statuses),
    )


def _intro(reader: Reader, view: Campaign) -> Iterator[Block]:
    first, *others = asking.conditions(view)
    pairs = (first, others[0]) if others else (first,)
    yield paragraph(
        "Conditions stand in the query string, side by side, and all of them must hold."
    )
    yield Listing("sh", asking.curl(f"{reader.leads_url}?{asking.query(*pairs)}"))
    if reader.filter_query:
        yield paragraph(
            "The token has a filter of its own, which is always added: only leads "
            "where ",
            Label(reader.filter_words),
            ". Nothing that you ask for can lift it.",
        )
    yield paragraph(
        "They mean the same in a list, in the ",
        Link("change feed", "changes"),
        ", in a digest and in an export. Options and statuses are asked for by their "
        "slugs, which ",
        Link("Fields and options", "fields"),
        " lists. With curl, write `-g`: it takes brackets for a pattern otherwise.",
    )


def _comparisons(view: Campaign) -> Section:
    rows = tuple(
        Row(((Code(asking.query(pair)),), say(operator.summary)))
        for operator, pair in asking.by_operator(view)
    )
    table = Table(("Write", "The field …"), rows, "Comparisons")
    return Section(
        "Comparisons",
        "comparisons",
        (
            table,
            paragraph(
                "What asks for something other (`[ne]`, `[nin]`) includes leads "
                f"where the field is empty. A list `a,b` holds at most {VALUES_MAX} "
                "values. Texts are compared whole, case and all, unless it says "
                "otherwise. Which comparisons a field knows stands beside it in ",
                Link("Fields and options", "fields"),
                ".",
            ),
        ),
    )


def _names(view: Campaign) -> Section:
    rows = [Row((say("`id`"), ("The lead's number, or several.",)))]
    if Attribute.STATUS in view.attributes:
        rows.append(Row((say("`status`"), ("The slug of a status, or several.",))))
    if Attribute.ASSIGNED_PERSON in view.attributes:
        rows.append(Row((say("`assigned_to`"), ("The id of a person, or several.",))))
    rows += [
        Row(
            (
                (Code(name),),
                say(
                    f"{each.label} strictly {_BOUND[each.operator.suffix]} the moment."
                ),
            )
        )
        for name, each in SHORTCUTS.items()
    ]
    rows.append(Row((say("`field.<slug>`"), ("A field, whatever its slug.",))))
    reserved = ", ".join(f"`{name}`" for name in sorted(RESERVED))
    return Section(
        "Names",
        "names",
        (
            paragraph(
                "A field is asked for by its slug. Besides, there are names that every "
                "campaign knows:"
            ),
            Table(("Name", "What it asks"), tuple(rows), "Names in every campaign"),
            paragraph(
                f"Reserved for ever are {reserved}. All that is added later begins "
                "with `_`, so no field is ever hidden by a new parameter. A field, "
                "option or status that was renamed answers to its former slugs too."
            ),
        ),
    )


_BOUND = {"gt": "after", "lt": "before"}


def _times(reader: Reader) -> Section:
    zoned = asking.query(
        ("created_after", "2025-06-01T08:00"), ("_tz", "Europe/Copenhagen")
    )
    items = (
        say("`2025-06-01T08:00:00Z`: a moment in UTC (RFC 3339)."),
        say(
            "`2025-06-01T10:00:00+02:00`: with an offset. In a URL `+` is `%2B`; a "
            "plain one is understood here as well."
        ),
        say("`2025-06-01`: a date alone is its midnight."),
        say(
            "`2025-06-01T08:00`: without an offset it is UTC, unless `_tz` names a "
            "zone."
        ),
    )
    return Section(
        "Times",
        "times",
        (
            Items(items),
            Listing("sh", asking.curl(f"{reader.leads_url}?{zoned}")),
            paragraph("Answers are always in UTC, in one width: texts sort as times."),
        ),
    )


def _further(reader: Reader, view: Campaign) -> Section:
    shown = _shown(view)
    sorting = next((x for x in selection.sortable(view) if x not in _COLUMNS), "id")
    order = f"-{sorting},created_at" if sorting != "id" else "-updated_at"
    whole = (("_sort", order), *((("_fields", shown),) if shown else ()))
    whole = (*whole, ("per_page", "10"))
    words = (
        f"One text field contains every word (at most {WORDS_MAX}), whatever the case."
    )
    rows: list[tuple[str, Text]] = [
        ("_q=jane doe", say(words)),
        (
            f"_sort={order}",
            say(
                "Up to three keys, `-` turns one round; empty values come "
                "last, and `id` is always the last key."
            ),
        ),
    ]
    if shown:
        rows.append((f"_fields={shown}", say("Only these parts of each lead.")))
    rows += [
        ("_tz=Europe/Copenhagen", say("Where times without an offset stand.")),
        ("_meta=1", say("Adds `meta` with links, cursors and the watermark.")),
        ("page=2", say("Which page, from 1.")),
        (
            "per_page=100",
            say(f"How many leads on a page: 50 unless given, at most {PER_PAGE_MAX}."),
        ),
    ]
    table = Table(
        ("Parameter", "What it does"),
        tuple(Row(((Code(name),), meaning)) for name, meaning in rows),
        "Parameters that are no conditions",
    )
    url = f"{reader.leads_url}?{asking.query(*whole)}"
    return Section(
        "Words, order, fewer fields", "more", (table, Listing("sh", asking.curl(url)))
    )


def _shown(view: Campaign) -> str:
    names = [each.slug for each in view.fields[:2]]
    return ",".join(
        [*names, *(["status"] if Attribute.STATUS in view.attributes else [])]
    )


_COLUMNS = {"id", "created_at", "updated_at"}


def _strictness(reader: Reader, view: Campaign, statuses: Statuses) -> Section:
    problem = _refused(view, statuses, reader)
    asked = asking.query((MISSPELT, "new"))
    return Section(
        "What cannot be understood is refused",
        "strictness",
        (
            paragraph(
                "An ignored filter would hand out leads that nobody asked for. So an "
                "unknown name, an unknown slug, a label in place of a slug, a "
                "parameter given twice, an empty value or a bad date is a `400`. It "
                f"lists all problems at once. At most {PARAMETERS_MAX} parameters are "
                "read."
            ),
            Listing("sh", asking.curl(f"{reader.leads_url}?{asked}")),
            Listing("json", pretty(problem)),
            paragraph(
                "`allowed`, which is left out here, lists what may stand in this place."
            ),
            paragraph(
                "What each code means is on the page ", Link("Errors", "errors"), "."
            ),
        ),
    )


def _refused(view: Campaign, statuses: Statuses, reader: Reader) -> dict[str, Any]:
    """Return what the hub answers to a misspelt name, but for the names it allows."""
    try:
        question.read(view, [(MISSPELT, "new")])
    except LeadwellError as error:
        shown = ("parameter", "value", "code", "message", "did_you_mean")
        told = [(name, getattr(error.problems[0], name)) for name in shown]
        return {
            "type": f"{reader.public_url}/docs/errors/{error.code}",
            "title": title_of(error.code),
            "status": statuses[error.code],
            "detail": error.detail,
            "code": error.code,
            "errors": [{name: each for name, each in told if each is not None}],
            "request_id": "req_5d0c1b0e8a7f4c2d9e3b6a71",
            "message": error.detail,
        }
    return {}


ENTRY = Entry(
    "filters",
    "Filter leads",
    "Conditions, words, times and order, and what is refused.",
    _make,
)
