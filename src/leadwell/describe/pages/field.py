"""One field, with its rules, its comparisons and its options."""

from collections.abc import Iterator
from itertools import chain, count

from leadwell.describe.examples import asking, values
from leadwell.describe.examples.json_text import on_one_line, pretty
from leadwell.describe.pages.document import (
    Block,
    Code,
    Facts,
    Label,
    Link,
    Listing,
    Row,
    Section,
    Span,
    Table,
    Text,
    say,
)
from leadwell.model.campaign import Campaign, Field
from leadwell.schema.fields import type_named
from leadwell.schema.question import name_asked
from leadwell.schema.subjects import Subject


class Anchors:
    """The places of one page that can be linked to; each name is given once."""

    def __init__(self, prefix: str) -> None:
        """Begin every name with a prefix, which another campaign has not."""
        self.prefix = prefix
        self._taken: set[str] = set()

    def make(self, name: str) -> str:
        """Return a name that is not taken: slugs with `--` in them can meet."""
        whole = self.prefix + name
        names = chain((whole,), (f"{whole}-{number}" for number in count(2)))
        free = next(each for each in names if each not in self._taken)
        self._taken.add(free)
        return free


def section(view: Campaign, field: Field, anchor: str, anchors: Anchors) -> Section:
    """Describe a field under its label."""
    return Section(field.label, anchor, tuple(_blocks(view, field, anchors)))


def comparisons(subject: Subject) -> Text:
    """Name the parameters that compare it."""
    names = [name_asked(subject, each) for each in subject.type.operators]
    spans: list[Span] = []
    for name in names:
        spans += [Code(f"{name}="), " "]
    return tuple(spans[:-1])


def _blocks(view: Campaign, field: Field, anchors: Anchors) -> Iterator[Block]:
    kind, subject = type_named(field.type), Subject(field.id, field)
    pairs: list[tuple[str, Text]] = [
        ("Slug", (Code(field.slug),)),
        (
            "Type",
            (
                Link(kind.name, anchor=f"type-{kind.name}", is_code=True),
                ": ",
                *say(kind.summary),
            ),
        ),
        ("Required", ("yes" if field.required else "no",)),
    ]
    if field.mask:
        pairs.append(("Ask by", ("nothing: the token sees a mask of its values",)))
    else:
        pairs.append(("Ask by", comparisons(subject)))
    if kind.operators and asking.is_askable(subject):
        example = asking.query(asking.asked(subject, kind.operators[0]))
        pairs.append(("For instance", (Code(example),)))
    shown = values.answered(view, field)
    if shown is not None:
        pairs.append(("Answered as", (Code(on_one_line(shown)),)))
    yield Facts(tuple(pairs))
    if field.json_schema is not None:
        yield Listing("json", pretty(field.json_schema))
    if field.options:
        yield _options(field, anchors)


def _options(field: Field, anchors: Anchors) -> Table:
    rows = tuple(
        Row(
            ((Code(each.slug),), (Label(each.label),)),
            anchors.make(f"option-{field.slug}--{each.slug}"),
        )
        for each in field.options
    )
    return Table(("Slug", "Label"), rows, f"Options of {field.slug}")
