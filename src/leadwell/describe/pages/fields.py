"""Every field with its rules, and every option, status and person with its slug."""

from collections.abc import Iterator

from leadwell.describe.examples import campaign_of
from leadwell.describe.pages import field
from leadwell.describe.pages.document import (
    Block,
    Label,
    Link,
    Paragraph,
    Row,
    Section,
    Table,
    paragraph,
    say,
)
from leadwell.describe.pages.entry import Entry, Statuses
from leadwell.describe.pages.field import Anchors
from leadwell.describe.reader import Reader
from leadwell.model.campaign import Attribute, Campaign, Column
from leadwell.schema.fields import FIELD_TYPES
from leadwell.schema.subjects import subject_of

PARTS_MAX = 20_000
"""Fields and options on one page; more campaigns than that are only named."""


def _make(reader: Reader, statuses: Statuses) -> tuple[Block, ...]:
    del statuses
    if len(reader.campaigns) > 1:
        return tuple(_campaigns(reader))
    view = campaign_of(reader)
    return (*_intro(reader, view), *_schema(view, ""), *_own(view))


def _intro(reader: Reader, view: Campaign) -> Iterator[Block]:
    if reader.view is None:
        yield paragraph(
            "Every campaign has fields of its own. Those of the sample campaign show "
            "one of each type; your token's own reference shows yours."
        )
    yield paragraph(
        "What a field is asked by stands beside it; what the brackets mean, on the "
        "page ",
        Link("Filter leads", "filters"),
        ".",
    )
    yield paragraph(
        f"The same for programs: `GET /v2/campaigns/{view.id}/schema`, and `GET "
        f"/v2/campaigns/{view.id}/schema.json` as JSON Schema of a lead. The header "
        "`Leadwell-Schema-Version` of every answer changes when something here does."
    )


def _campaigns(reader: Reader) -> Iterator[Block]:
    left = PARTS_MAX
    for view in reader.campaigns:
        left -= _size(view)
        blocks: tuple[Block, ...] = (_elsewhere(view),)
        if left >= 0:
            blocks = tuple(_schema(view, f"campaign-{view.id}-"))
        yield Section(view.name, f"campaign-{view.id}", blocks)
    if reader.more:
        yield paragraph(reader.more_words)
    yield from _own(reader.campaigns[0])


def _size(view: Campaign) -> int:
    options = sum(len(each.options) for each in view.fields)
    return len(view.fields) + options + len(view.statuses)


def _elsewhere(view: Campaign) -> Paragraph:
    return paragraph(
        f"Too large for this page: ask `GET /v2/campaigns/{view.id}/schema`."
    )


def _schema(view: Campaign, prefix: str) -> Iterator[Block]:
    anchors = Anchors(prefix)
    placed = [(each, anchors.make(f"field-{each.slug}")) for each in view.fields]
    if not placed:
        yield paragraph("The token sees no field of this campaign.")
    else:
        rows = tuple(
            Row(
                (
                    (Link(each.slug, anchor=anchor, is_code=True),),
                    (Label(each.label),),
                    say(f"`{each.type}`"),
                    ("yes" if each.required else "no",),
                )
            )
            for each, anchor in placed
        )
        table = Table(("Slug", "Label", "Type", "Required"), rows, "All fields")
        yield Section("All fields", f"{prefix}all-fields", (table,))
        sections = tuple(field.section(view, each, at, anchors) for each, at in placed)
        yield Section("Field by field", f"{prefix}each-field", sections)
    if view.statuses:
        yield _statuses(view, anchors)
    if Attribute.ASSIGNED_PERSON in view.attributes:
        yield _people(view, anchors)


def _statuses(view: Campaign, anchors: Anchors) -> Section:
    rows = tuple(
        Row(
            (
                say(f"`{each.slug}`"),
                (Label(each.label),),
                (each.type.value,),
                ("yes" if each.is_default else "",),
            ),
            anchors.make(f"status-{each.slug}"),
        )
        for each in view.statuses
    )
    table = Table(("Slug", "Label", "Type", "Of new leads"), rows, "The statuses")
    asked = _asked_by(view, Column.STATUS)
    return Section("Statuses", f"{anchors.prefix}statuses", (asked, table))


def _people(view: Campaign, anchors: Anchors) -> Section:
    rows = tuple(
        Row(
            (say(f"`{each.id}`"), (Label(each.name),)),
            anchors.make(f"person-{each.id}"),
        )
        for each in view.people
    )
    table = Table(("Id", "Name"), rows, "Who leads are assigned to")
    asked = _asked_by(view, Column.ASSIGNED_TO)
    blocks = (asked, table) if rows else (asked,)
    return Section("People", f"{anchors.prefix}people", blocks)


def _asked_by(view: Campaign, column: Column) -> Paragraph:
    subject = subject_of(view, column)
    return Paragraph(("Ask by ", *(field.comparisons(subject) if subject else ())))


def _own(view: Campaign) -> Iterator[Block]:
    """Tell what every lead has besides its fields, and what types there are."""
    rows = tuple(
        Row((say(f"`{key}`"), say(meaning)))
        for key, meaning, attribute in _EVERY
        if attribute is None or attribute in view.attributes
    )
    table = Table(("Key", "What it holds"), rows, "The keys of a lead")
    yield Section("What every lead has", "every-lead", (table,))
    kinds = tuple(
        Row((say(f"`{each.name}`"), say(each.summary)), f"type-{each.name}")
        for each in FIELD_TYPES
    )
    types = Table(("Type", "Its values"), kinds, "The types of fields")
    yield Section("Types", "types", (types, paragraph(_NORMAL_FORMS)))


_EVERY: tuple[tuple[str, str, Attribute | None], ...] = (
    ("id", "The lead's number in this hub, which never changes.", None),
    (
        "status",
        "Where the lead stands, as `slug` and `label`, or `null`.",
        Attribute.STATUS,
    ),
    ("fields", "The fields above, each by its slug.", None),
    (
        "assigned_person",
        "Whose lead it is, as `id` and `name`, or `null`.",
        Attribute.ASSIGNED_PERSON,
    ),
    ("created_at", "When it came in.", None),
    ("updated_at", "When the hub last changed it.", None),
    ("metadata.campaign_id", "The campaign.", None),
    ("metadata.version", "Counts the lead's own revisions, from 1.", None),
    (
        "metadata.external_id",
        "The sender's own name for the lead, or `null`.",
        Attribute.EXTERNAL_ID,
    ),
    (
        "metadata.source_updated_at",
        "When its source last changed it, if an import said so.",
        None,
    ),
)
_NORMAL_FORMS = (
    "E-mail addresses, phone numbers and web addresses are kept in one normal form. A "
    "phone number without a country code is read as dialled in the campaign's country. "
    "A `decimal` is text, so that no digit is lost."
)

ENTRY = Entry(
    "fields",
    "Fields and options",
    "Every field with its rules, and every option and status with its slug.",
    _make,
)
