"""Campaigns as nobody should make them: for whatever writes programs about them."""

from collections.abc import Sequence

from hypothesis import strategies as st

from leadwell.describe.reader import Reader
from leadwell.model.campaign import Attribute, Campaign, Field, Option, Status
from leadwell.model.grant import Grant
from leadwell.model.slug import RESERVED
from leadwell.schema.fields import FIELD_TYPES

URL = "https://hub.example/below"
LABELS = [
    "",
    "'\"`$(id)${HOME}\\",
    'Quotes "" and \'\'\' and """',
    "a\nb\r\nc\td\x00e\x7f",
    "#(lf) #(#)(cr) // /* */",
    "{{ config['api_token'] }} {% raw %} ${DS_LEADWELL} @LEADS_URL@ %s {0}",
    "#/definitions/x",
    "- &a *a !!python/object: | > ? yes: no",
    "=HYPERLINK(1)",
    "</script><b>\u2028\u2029\u202eDansk 🦊",
    "*/ ''' end",
    "long " * 2_000,
]
SLUGS = [
    "class",
    "type",
    "constructor",
    "prototype",
    "import",
    "none",
    "true",
    "null",
    "let",
    "version",
    "external_id",
    "created_at",
    "updated_at",
    "updated-at",
    "label",
    "field",
    "op",
    "2024",
    "0",
    "a-b",
    "a_b",
    "a--b",
    "properties",
    "items",
]
"""Words of languages, names of other columns, and what databases spell alike."""

labels = st.one_of(st.sampled_from(LABELS), st.text(max_size=40))
slugs = st.one_of(
    st.sampled_from(SLUGS),
    st.from_regex(r"[a-z0-9](?:[a-z0-9_-]{0,20}[a-z0-9])?", fullmatch=True),
).filter(lambda slug: slug not in RESERVED)


def a_reader(
    view: Campaign | None, url: str = URL, *, may_write: bool = False
) -> Reader:
    """The bearer of a token for that campaign; without one, everybody."""
    if view is None:
        return Reader(url)
    grant = Grant(view.account_id, view.id, may_write=may_write)
    return Reader(url, None, (view,), grant, "Somebody's")


def campaign(
    fields: Sequence[Field] = (),
    statuses: Sequence[Status] = (),
    name: str = "Roofs",
    attributes: frozenset[Attribute] = frozenset(Attribute),
) -> Campaign:
    """A campaign of the parts that are given."""
    return Campaign(
        362,
        1,
        "roofs",
        name,
        "DK",
        1,
        tuple(fields),
        tuple(statuses),
        attributes=attributes,
    )


def large(fields: int = 500, options: int = 5_000) -> Campaign:
    """A campaign with so many fields; the first is a select with so many options."""
    listed = tuple(
        Option(number, f"option-{number}", f'Option "{number}"')
        for number in range(1, options + 1)
    )
    kinds = [kind.name for kind in FIELD_TYPES]
    made = [
        Field(number, f"field-{number}", f"Field {number}", kinds[number % len(kinds)])
        for number in range(2, fields + 1)
    ]
    return campaign([Field(1, "choice", "Choice", "select", options=listed), *made])


@st.composite
def campaigns(draw: st.DrawFn) -> Campaign:
    """Any campaign: odd slugs, odd labels, some attributes hidden."""
    chosen = draw(st.lists(slugs, max_size=8, unique=True))
    kinds = st.sampled_from([kind.name for kind in FIELD_TYPES])
    fields = [
        Field(
            number,
            slug,
            draw(labels),
            draw(kinds),
            options=(Option(1, draw(slugs), draw(labels)),),
            json_schema={"$ref": "#/$defs/x", "$defs": {"x": {}}},
        )
        for number, slug in enumerate(chosen, 1)
    ]
    statuses = [
        Status(number, slug, draw(labels))
        for number, slug in enumerate(draw(st.lists(slugs, max_size=3, unique=True)))
    ]
    hidden = draw(st.sets(st.sampled_from(list(Attribute))))
    seen = frozenset(Attribute) - hidden
    if Attribute.STATUS in hidden:
        statuses = []
    return campaign(fields, statuses, draw(labels), seen)
