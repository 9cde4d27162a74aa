"""The columns of the table: which there are, which are shown, how they are sorted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from leadwell.admin.pages.leads.asking import Asked
from leadwell.admin.words import Words
from leadwell.model.campaign import Attribute, Campaign
from leadwell.model.query import Shown
from leadwell.schema import times
from leadwell.schema.question import selection
from leadwell.schema.subjects import FIELD_PREFIX

FIELDS_FIRST = 6
"""How many fields are shown until somebody chooses."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table."""

    name: str
    """As `_fields` names it, and the form that edits a cell of it."""
    label: str
    is_shown: bool
    sort_name: str | None = None
    """As `_sort` names it; `None`: it has no order."""
    field_slug: str | None = None
    """The slug of its field; `None`: what every lead has."""
    is_number: bool = False
    is_time: bool = False
    """Whether its field holds moments."""

    @property
    def is_moment(self) -> bool:
        """Whether it is a moment that every lead has."""
        return self.name in _MOMENTS

    @property
    def is_choosable(self) -> bool:
        """Whether it can be left out: the moments are part of every answer."""
        return self.name not in _MOMENTS

    @property
    def is_editable(self) -> bool:
        """Whether a cell of it can be changed."""
        return self.name not in {*_MOMENTS, Attribute.EXTERNAL_ID}

    def value(self, lead: dict[str, Any]) -> Any:
        """Return what a rendered lead holds in it."""
        if self.field_slug is not None:
            value = lead["fields"][self.field_slug]
            return times.read(value) if self.is_time and value else value
        if self.name == Attribute.EXTERNAL_ID:
            return lead["metadata"]["external_id"]
        return lead[self.name]


_MOMENTS = frozenset(("created_at", "updated_at"))


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading, with the way to sort by it."""

    column: Column
    query: str
    """The query string that sorts by it, or the other way round."""
    order: str
    """ascending, descending, or empty: for `aria-sort`."""


def all_of(view: Campaign, shown: Shown | None, said: Words) -> list[Column]:
    """Return every column there can be, in the order of the table."""
    sorting = {ref: name for name, ref in selection.sortable(view).items()}
    return [*_before(shown, said), *_fields(view, shown, sorting), *_after(shown, said)]


def headings(columns: Sequence[Column], asked: Asked) -> list[Heading]:
    """Return the headings of the columns that are shown."""
    current = dict(asked.pairs).get("_sort", "")
    found: list[Heading] = []
    for column in columns:
        order, wanted = "", column.sort_name or ""
        if wanted and current == wanted:
            order, wanted = "ascending", f"-{wanted}"
        elif wanted and current == f"-{wanted}":
            # A third click goes back to the order in which they came.
            order, wanted = "descending", ""
        found.append(Heading(column, asked.but_with("_sort", wanted), order))
    return found


def names_kept(view: Campaign, names: Sequence[str]) -> list[str]:
    """Return those of the chosen names that the campaign still has."""
    attributes = {attribute.value for attribute in view.attributes}
    kept: list[str] = []
    for name in names:
        field = view.field_named(name.removeprefix(FIELD_PREFIX))
        if name in attributes:
            kept.append(name)
        elif field is not None:
            kept.append(_name(field.slug, attributes))
    return kept


def _before(shown: Shown | None, said: Words) -> Iterator[Column]:
    labels = {
        Attribute.STATUS: said("Status"),
        Attribute.ASSIGNED_PERSON: said("Assigned to"),
    }
    for attribute, label in labels.items():
        is_shown = shown is None or attribute in shown.attributes
        yield Column(attribute.value, label, is_shown)


def _fields(
    view: Campaign, shown: Shown | None, sorting: dict[Any, str]
) -> Iterator[Column]:
    attributes = {attribute.value for attribute in view.attributes}
    for place, field in enumerate(view.fields):
        is_shown = place < FIELDS_FIRST if shown is None else field.slug in shown.fields
        is_number = field.type in {"number", "decimal"}
        name = _name(field.slug, attributes)
        order = sorting.get(field.id)
        is_time = field.type == "datetime"
        yield Column(name, field.label, is_shown, order, field.slug, is_number, is_time)


def _after(shown: Shown | None, said: Words) -> Iterator[Column]:
    is_shown = shown is not None and Attribute.EXTERNAL_ID in shown.attributes
    yield Column(Attribute.EXTERNAL_ID.value, said("External id"), is_shown)
    # The moments are part of every answer.
    yield Column("created_at", said("Created"), is_shown=True, sort_name="created_at")
    yield Column("updated_at", said("Updated"), is_shown=True, sort_name="updated_at")


def _name(slug: str, attributes: set[str]) -> str:
    return FIELD_PREFIX * (slug in attributes) + slug
