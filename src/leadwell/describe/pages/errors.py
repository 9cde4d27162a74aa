"""Every error code with its cause and its remedy, and when to try again."""

from typing import Any

from leadwell.describe.errors import ErrorHelp, explained
from leadwell.describe.examples.json_text import pretty
from leadwell.describe.pages.document import (
    Block,
    Code,
    Facts,
    Items,
    Link,
    Listing,
    Page,
    Row,
    Section,
    Table,
    paragraph,
    say,
    sentence,
)
from leadwell.describe.pages.entry import Entry, Statuses
from leadwell.describe.reader import Reader
from leadwell.errors import Kind

_OF_COMMANDS = {Kind.USAGE.value, Kind.REFUSED.value}
"""What only the commands of the hub's operator answer."""


def _make(reader: Reader, statuses: Statuses) -> tuple[Block, ...]:
    known = explained().values()
    wire = [each for each in known if each.kind not in _OF_COMMANDS]
    commands = [each for each in known if each.kind in _OF_COMMANDS]
    return (
        paragraph(
            "Every error is `application/problem+json` (RFC 9457). Go by its `code`, "
            "which is never used for anything else; `detail` is for people and may be "
            "worded better one day."
        ),
        Listing("json", pretty(_example(reader))),
        paragraph(
            "`errors` lists every problem of the request: where it stands "
            "(`parameter` in the URL, `pointer` in the body), the `value`, what is "
            "`allowed` and, where one is near, `did_you_mean`. `type` is the address "
            "of a page about the code. Name the `request_id` when you ask for help."
        ),
        _again(),
        Section("All codes", "codes", (_overview(wire, statuses),)),
        Section("Code by code", "each", tuple(_section(x, statuses) for x in wire)),
        Section("Codes of commands", "commands", (_of_commands(commands),)),
    )


def about(code: str, statuses: Statuses) -> Page | None:
    """Write the page behind a problem's `type`; `None`: there is no such code."""
    found = explained().get(code)
    if found is None:
        return None
    blocks = (
        *_blocks(found, statuses),
        paragraph(
            "The answer's `detail` and `errors` say what was wrong in your request, "
            "what is allowed and what was probably meant."
        ),
        paragraph(Link("All error codes", "errors"), "."),
    )
    return Page(f"errors/{code}", found.title, "", blocks)


def _example(reader: Reader) -> dict[str, Any]:
    detail = "per_page is '5000'; per_page is a whole number from 1 to 1000"
    return {
        "type": f"{reader.public_url}/docs/errors/out_of_range",
        "title": "Out of range",
        "status": 400,
        "detail": detail,
        "code": "out_of_range",
        "errors": [
            {
                "parameter": "per_page",
                "value": "5000",
                "code": "out_of_range",
                "message": detail,
            }
        ],
        "request_id": "req_5d0c1b0e8a7f4c2d9e3b6a71",
        "message": detail,
    }


def _again() -> Section:
    items = (
        say(
            "`429` and `503`: wait as long as the header `Retry-After` says, then "
            "send the same again."
        ),
        say(
            "No answer at all, `408`, `500`, `502`, `504`: wait, then send the same "
            "again. A write needs an `Idempotency-Key` or an `external_id` for that."
        ),
        say(
            "`412`: read the lead again first. `410`: begin anew, as `Link: "
            'rel="start"` says.'
        ),
        say(
            "Every other `4xx`: do not send it again. It stays wrong until somebody "
            "mends it."
        ),
    )
    return Section(
        "When to try again",
        "again",
        (
            Items(items),
            paragraph(
                "Wait a random time between nothing and a limit that doubles with "
                "each try, from one second up to one minute: many clients that "
                "stopped together must not come back together. Stop after some tries "
                "and tell a person."
            ),
        ),
    )


def _overview(errors: list[ErrorHelp], statuses: Statuses) -> Table:
    rows = tuple(
        Row(
            (
                (Link(each.code, anchor=f"error-{each.code}", is_code=True),),
                (f"{statuses[each.code]}",),
                say(_first_line(each.meaning)),
            )
        )
        for each in errors
    )
    return Table(("Code", "Status", "Meaning"), rows, "All error codes")


def _section(error: ErrorHelp, statuses: Statuses) -> Section:
    return Section(error.title, f"error-{error.code}", _blocks(error, statuses))


def _blocks(error: ErrorHelp, statuses: Statuses) -> tuple[Block, ...]:
    pairs = [
        ("Code", (Code(error.code),)),
        ("Cause", say(" ".join(error.meaning.split()))),
        ("What to do", say(error.remedy)),
    ]
    if error.kind not in _OF_COMMANDS:
        pairs.insert(1, ("Status", (f"{statuses[error.code]}",)))
    return (Facts(tuple(pairs)),)


def _of_commands(errors: list[ErrorHelp]) -> Table:
    rows = tuple(
        Row(
            (
                (Code(each.code),),
                say(_first_line(each.meaning)),
                sentence(each.remedy),
            ),
            f"error-{each.code}",
        )
        for each in errors
    )
    return Table(("Code", "Cause", "What to do"), rows, "Codes of commands")


def _first_line(text: str) -> str:
    return text.partition("\n\n")[0].replace("\n", " ")


ENTRY = Entry(
    "errors",
    "Errors and retries",
    "Every error code with its cause and what to do, and when to try again.",
    _make,
)
