"""What a condition can be about: a campaign's fields and every lead's own columns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from leadwell.errors.masking import MaskedField
from leadwell.model.campaign import Attribute, Campaign, Column, Field
from leadwell.model.query import FieldRef
from leadwell.model.slug import RESERVED
from leadwell.schema.fields import FieldType, type_named
from leadwell.schema.operators import GREATER, LESS, Operator

FIELD_PREFIX = "field."
"""`field.<slug>=` always reaches a field, whatever its slug."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something of a lead that a condition compares."""

    ref: FieldRef
    field: Field
    """The field, or for a column a stand-in that describes it like one."""

    @property
    def type(self) -> FieldType:
        """How its values are read and compared."""
        return type_named(self.field.type)

    def operator(self, suffix: str) -> Operator | None:
        """Return the operator with this suffix, if the type allows it."""
        for operator in self.type.operators:
            if operator.suffix == suffix:
                return operator
        return None


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A reserved name that stands for a column and an operator together."""

    column: Column
    operator: Operator
    label: str


SHORTCUTS: Mapping[str, Shortcut] = {
    "created_after": Shortcut(Column.CREATED_AT, GREATER, "Created"),
    "created_before": Shortcut(Column.CREATED_AT, LESS, "Created"),
    "updated_after": Shortcut(Column.UPDATED_AT, GREATER, "Updated"),
    "updated_before": Shortcut(Column.UPDATED_AT, LESS, "Updated"),
}


def subject_of(campaign: Campaign, ref: FieldRef) -> Subject | None:
    """Return what a condition is about; `None` when the campaign has no such field.

    Of a masked field there is nothing to compare.
    """
    if isinstance(ref, Column):
        attribute = _ATTRIBUTE_OF.get(ref)
        is_seen = attribute is None or attribute in campaign.attributes
        return _column(campaign, ref) if is_seen else None
    field = campaign.field_by_id.get(ref)
    return None if field is None or field.mask else Subject(ref, field)


def subjects(campaign: Campaign) -> Iterator[tuple[str, Subject]]:
    """Yield every name a condition can start with, and what it is about."""
    for column in (Column.ID, Column.STATUS, Column.ASSIGNED_TO):
        subject = subject_of(campaign, column)
        if subject is not None:
            yield column.value, subject
    for field in campaign.fields:
        if field.slug not in RESERVED and not field.mask:
            yield field.slug, Subject(field.id, field)


def named(campaign: Campaign, name: str) -> Subject | None:
    """Return what the name is about, `field.<slug>` and former slugs included.

    Raises:
        MaskedField: it is about a field that is masked.
    """
    known = dict(subjects(campaign)).get(name)
    if known is not None or name in RESERVED:
        return known
    field = campaign.field_named(name.removeprefix(FIELD_PREFIX))
    if field is None:
        return None
    check_seen(field)
    return Subject(field.id, field)


def check_seen(field: Field) -> None:
    """Refuse to ask for the values of a field that is masked.

    Raises:
        MaskedField: it is.
    """
    if field.mask:
        raise MaskedField(
            f"the values of {field.slug} are masked for this token, so that it cannot "
            "ask for them",
            hint="ask for something else, or ask the campaign's owner for a token that "
            f"names {field.slug} among its fields",
            value=field.slug,
        )


def name_of(subject: Subject) -> str:
    """Return the name under which a query string reaches the subject."""
    if isinstance(subject.ref, int) and subject.field.slug in RESERVED:
        return FIELD_PREFIX + subject.field.slug
    return subject.field.slug


def _column(campaign: Campaign, column: Column) -> Subject:
    options = campaign.statuses if column is Column.STATUS else ()
    label, kind = _STAND_INS[column]
    return Subject(column, Field(0, column.value, label, kind, options=options))


_STAND_INS = {
    Column.ID: ("Lead id", "identifier"),
    Column.STATUS: ("Status", "select"),
    Column.ASSIGNED_TO: ("Assigned person's id", "identifier"),
    Column.CREATED_AT: ("Created", "datetime"),
    Column.UPDATED_AT: ("Updated", "datetime"),
}
_ATTRIBUTE_OF = {
    Column.STATUS: Attribute.STATUS,
    Column.ASSIGNED_TO: Attribute.ASSIGNED_PERSON,
}
