"""What can be changed of a part: as it is, as typed, and what is wrong with it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

from leadwell.admin.freshness import seen
from leadwell.admin.pages.schema import fitting
from leadwell.admin.visit import Visit
from leadwell.admin.words import Words, mark
from leadwell.errors import UsageError
from leadwell.model.campaign import Campaign, StatusType
from leadwell.model.slug import RESERVED, is_slug, slug_of, unique_slug
from leadwell.schema.parts import (
    LABEL_CHARACTERS_MAX,
    Kind,
    Name,
    Part,
    Shelf,
    checked_label,
)
from leadwell.store.access import personal
from leadwell.store.connection import Connection
from leadwell.store.writes import parts


@dataclass(frozen=True, slots=True)
class State:
    """What a form about a part holds."""

    label: str
    slug: str
    is_required: bool = False
    """Of fields: whether a new lead must have a value."""
    type: str = ""
    """Of statuses: where they stand in a lead's life."""
    is_default: bool = False
    """Of statuses: whether new leads fall to it."""
    json_schema: str = ""
    """Of fields with data: what it must look like, as JSON; empty: anything."""
    is_personal: bool = False
    """Of fields: whether they tell who somebody is."""

    @property
    def seen(self) -> str:
        """Name the state, so that a form can say which one it was made of."""
        return seen(asdict(self))


def state_of(campaign: Campaign, part: Part) -> State:
    """Return what a part is now."""
    match part.kind:
        case Kind.FIELD:
            field = campaign.field_by_id[part.id]
            schema = fitting.text_of(field)
            return State(
                part.label,
                part.slug,
                field.required,
                json_schema=schema,
                is_personal=field.is_personal,
            )
        case Kind.STATUS:
            status = campaign.status_by_id[part.id]
            kind, default = status.type.value, status.is_default
            return State(part.label, part.slug, type=kind, is_default=default)
        case Kind.OPTION:
            return State(part.label, part.slug)


def typed(visit: Visit, was: State, kind: Kind) -> State:
    """Return what a form about a part holds."""
    given = visit.text("type")
    return State(
        label=visit.text("label"),
        slug=visit.text("slug") or was.slug,
        is_required=kind is Kind.FIELD and visit.text("required") == "yes",
        type=given if given in set(StatusType) and kind is Kind.STATUS else was.type,
        # Another one becomes the default instead; none cannot be.
        is_default=was.is_default or visit.text("default") == "yes",
        # A page that does not show it leaves it as it is.
        json_schema=fitting.tidy(visit.text("json_schema"))
        if "json_schema" in visit.form and kind is Kind.FIELD
        else was.json_schema,
        # Nor may a page of before unmask what it does not know of.
        is_personal=visit.text("personal") == "yes"
        if "personal" in visit.form and kind is Kind.FIELD
        else was.is_personal,
    )


def problems(
    said: Words, known: Shelf, label: str, slug: str, part: Part | None = None
) -> dict[str, str]:
    """Say what is wrong with the names of a part, by the field of the form.

    What only the database can tell is refused there.
    """
    found: dict[str, str] = {}
    try:
        checked_label(label)
    except UsageError:
        most = LABEL_CHARACTERS_MAX
        found["label"] = said("Write 1 to %(most)s characters.", most=most)
    wrong = _wrong_slug(said, known, slug, part)
    return found | ({"slug": wrong} if wrong else {})


def _wrong_slug(said: Words, known: Shelf, slug: str, part: Part | None) -> str:
    taken = {each.slug: each for each in known.parts if part is None or each != part}
    former = {alias: each for each in taken.values() for alias in each.aliases}
    reserved = RESERVED if known.kind is Kind.FIELD else frozenset[str]()
    free = unique_slug(slug, {*taken, *former}, reserved=reserved)
    if not is_slug(slug):
        text = mark("Only a-z, 0-9, - and _, at most 63 of them; for instance %(slug)s")
        return said(text, slug=slug_of(slug))
    if slug in reserved:
        return said("The API needs this name itself. Write %(slug)s", slug=free)
    if slug in taken:
        label = taken[slug].label
        text = mark("%(label)s is called so already. Write %(slug)s")
        return said(text, label=label, slug=free)
    if slug in former:
        label = former[slug].label
        text = mark("%(label)s was called so, and filters may use it. Write %(slug)s")
        return said(text, label=label, slug=free)
    return ""


def steps(
    name: Name, was: State, wanted: State
) -> list[Callable[[Connection, int], None]]:
    """Return what has to be done, the name in requests last."""
    found: list[Callable[[Connection, int], None]] = []
    if wanted.label != was.label:
        found.append(partial(parts.relabel, name=name, label=wanted.label))
    if wanted.is_required != was.is_required:
        found.append(
            partial(parts.set_required, slug=name.slug, required=wanted.is_required)
        )
    if wanted.json_schema != was.json_schema:
        text = wanted.json_schema
        schema = fitting.read_schema(text) if text else None
        found.append(partial(parts.set_json_schema, slug=name.slug, schema=schema))
    if wanted.is_personal != was.is_personal:
        found.append(
            partial(personal.change, slug=name.slug, personal=wanted.is_personal)
        )
    if wanted.type != was.type:
        kind = StatusType(wanted.type)
        found.append(partial(parts.set_type, slug=name.slug, kind=kind))
    if wanted.is_default != was.is_default:
        found.append(partial(parts.set_default, slug=name.slug))
    if wanted.slug != was.slug:
        found.append(partial(parts.rename, name=name, slug=wanted.slug))
    return found
