"""Every request of the API, from the one table of operations."""

from collections.abc import Iterator, Sequence

from leadwell.describe.contract.openapi import HEADERS
from leadwell.describe.contract.operations import OPERATIONS
from leadwell.describe.contract.parts import (
    LEAD_ERRORS,
    Answer,
    Operation,
    Parameter,
)
from leadwell.describe.examples import campaign_of, values
from leadwell.describe.examples.json_text import pretty
from leadwell.describe.pages.document import (
    Block,
    Code,
    Link,
    Listing,
    Paragraph,
    Row,
    Section,
    Span,
    Table,
    Text,
    paragraph,
    say,
)
from leadwell.describe.pages.entry import Entry, Statuses
from leadwell.describe.reader import Reader
from leadwell.errors import InvalidLead
from leadwell.model.lead import JSON

_IN_PATH = {
    "campaign_id": "The campaign's id.",
    "lead_id": "The lead's id.",
}


def _make(reader: Reader, statuses: Statuses) -> tuple[Block, ...]:
    shown = [each for each in OPERATIONS if reader.may_write or not each.needs_write]
    tags = dict.fromkeys(each.tag for each in shown)
    return (
        paragraph(
            f"All paths stand below `{reader.public_url}`, and all need the header "
            "`Authorization: Bearer …`. Errors that any request can meet are told "
            "once, on the page ",
            Link("Errors", "errors"),
            ".",
        ),
        Section("All requests", "all", (_overview(shown),)),
        *(
            Section(
                _TAGS.get(tag, tag),
                f"tag-{tag.lower()}",
                tuple(_section(x, reader, statuses) for x in shown if x.tag == tag),
            )
            for tag in tags
        ),
        _headers(shown),
    )


_TAGS = {
    "Read": "Read leads",
    "Follow": "Follow what changes",
    "Write": "Write leads",
    "Know": "Know what there is",
}


def _overview(operations: list[Operation]) -> Table:
    rows = tuple(
        Row(
            (
                (Link(each.summary, anchor=_anchor(each)),),
                (Code(f"{each.method} {each.path}"),),
            )
        )
        for each in operations
    )
    return Table(("What for", "Request"), rows, "All requests")


def _anchor(operation: Operation) -> str:
    return f"request-{operation.id}"


def _section(operation: Operation, reader: Reader, statuses: Statuses) -> Section:
    return Section(
        operation.summary,
        _anchor(operation),
        tuple(_blocks(operation, reader, statuses)),
    )


def _blocks(
    operation: Operation, reader: Reader, statuses: Statuses
) -> Iterator[Block]:
    yield Listing("http", f"{operation.method} {operation.path}")
    yield paragraph(operation.meaning)
    if parameters := tuple(_parameters(operation)):
        yield Table(
            ("Name", "Where", "What it does", "Values"),
            parameters,
            f"Parameters of {operation.id}",
        )
    if operation.body:
        yield paragraph("Body, as `application/json`:")
        yield Listing("json", pretty(_body(operation.body, reader)))
    answers = tuple(_answer(each) for each in operation.answers)
    yield Table(("Status", "Answer", "Headers"), answers, f"Answers of {operation.id}")
    yield _refusals(operation, statuses)


def _parameters(operation: Operation) -> Iterator[Row]:
    for name, meaning in _IN_PATH.items():
        if f"{{{name}}}" in operation.path:
            yield Row(((Code(name),), ("path",), (meaning,), ("a whole number",)))
    for each in operation.parameters:
        yield Row(((Code(each.name),), (each.where,), say(each.meaning), _values(each)))
    if operation.takes_conditions:
        link = Link("Filter leads", "filters")
        yield Row((("conditions",), ("query",), ("All must hold.",), (link,)))


def _values(parameter: Parameter) -> Text:
    """Say what a parameter takes, in the words of its schema."""
    known = parameter.schema
    if "enum" in known:
        return say(", ".join(f"`{each}`" for each in known["enum"]))
    if parameter.example is not None:
        return say(f"as `{parameter.example}`")
    if known.get("type") != "integer":
        return ("text",)
    least, most = known.get("minimum", ""), known.get("maximum")
    bounds = f"{least} to {most}" if most is not None else f"from {least}"
    default = f", {known['default']} unless given" if "default" in known else ""
    return (f"{bounds if least != '' else 'a whole number'}{default}",)


def _body(name: str, reader: Reader) -> JSON:
    lead = values.new_lead(campaign_of(reader), reader.grant).body
    bodies: dict[str, JSON] = {
        "NewLead": lead,
        "LeadChange": lead,
        "Batch": {"leads": [lead], "atomic": False},
        "Merge": {"into": 9813},
    }
    return bodies[name]


def _answer(answer: Answer) -> Row:
    kinds = ", ".join(f"`{kind}`" for kind in answer.types) if answer.schema else ""
    headers = ", ".join(f"`{name}`" for name in answer.headers)
    meaning = say(f"{answer.meaning} {kinds}".strip())
    return Row(((Code(f"{answer.status}"),), meaning, say(headers)))


def _refusals(operation: Operation, statuses: Statuses) -> Paragraph:
    """Name the errors of its own, each with its status and a link to its cause."""
    codes = [each.code for each in operation.own_errors]
    if InvalidLead in operation.own_errors:
        codes += [each.code for each in LEAD_ERRORS]
    spans: list[Span] = (
        ["Errors of its own: "] if codes else ["It has no errors of its own."]
    )
    for code in dict.fromkeys(codes):
        link = Link(code, "errors", f"error-{code}", is_code=True)
        spans += [link, f" ({statuses[code]})", ", "]
    return Paragraph(tuple(spans[:-1] if codes else spans))


def _headers(shown: Sequence[Operation]) -> Section:
    # What only writes answer with is told to those who may write.
    hidden = _named(OPERATIONS) - _named(shown)
    told = {name: text for name, text in HEADERS.items() if name not in hidden}
    rows = tuple(Row(((Code(name),), say(text))) for name, text in told.items())
    table = Table(("Header", "What it says"), rows, "Headers of answers")
    return Section("Headers of answers", "headers", (table,))


def _named(operations: Sequence[Operation]) -> set[str]:
    answers = (answer for each in operations for answer in each.answers)
    return {name for answer in answers for name in answer.headers}


ENTRY = Entry(
    "requests",
    "All requests",
    "Every path with its parameters, answers and errors.",
    _make,
)
