"""One choice from a closed list, or several; on the wire the options' slugs."""

from leadwell.errors import LabelNotSlug, UnknownOption
from leadwell.model.campaign import Field, Option
from leadwell.model.lead import JSON
from leadwell.schema.fields.base import (
    PLAIN,
    FieldType,
    JSONSchema,
    Reading,
    wrong_type,
)
from leadwell.schema.nearest import listed, nearest
from leadwell.schema.operators import CHOICE_OPERATORS, MANY_CHOICE_OPERATORS


def option_meant(field: Field, slug: str) -> Option:
    """Return the option that has this slug, or had it before; byte for byte.

    Raises:
        LabelNotSlug: it is the label of an option; the error names its slug.
        UnknownOption: no option has this slug; the error names the nearest.
    """
    found = field.option_named(slug)
    if found is not None:
        return found
    slugs = listed(field.option_by_slug)
    folded = slug.strip().casefold()
    for option in field.options:
        if folded == option.label.casefold():
            raise LabelNotSlug(
                f"{slug[:80]!r} is a label of {field.slug}",
                hint=f"its slug is {option.slug}",
                value=slug,
                allowed=slugs,
                did_you_mean=option.slug,
            )
    near = nearest(slug, field.option_by_slug)
    raise UnknownOption(
        f"{slug[:80]!r} is not an option of {field.slug}",
        hint=f"did you mean {near}?" if near else f"allowed: {', '.join(slugs)}",
        value=slug,
        allowed=slugs,
        did_you_mean=near,
    )


def _shown(option: Option | None) -> JSON:
    return {"slug": option.slug, "label": option.label} if option else None


def _slug_of(given: JSON) -> JSON:
    # What the hub answers with may be sent back to it as it came.
    return given.get("slug") if isinstance(given, dict) else given


def _described(field: Field) -> JSONSchema:
    # Open on purpose: a new option must not break a client made from this.
    slugs = [option.slug for option in field.options]
    return {
        "type": "object",
        "properties": {
            "slug": {"anyOf": [{"enum": slugs}, {"type": "string"}]},
            "label": {"type": "string"},
        },
        "required": ["slug", "label"],
    }


class Select(FieldType):
    """One of the field's options, kept by its id, which no renaming changes."""

    __slots__ = ()

    def read(self, field: Field, given: JSON, reading: Reading = PLAIN) -> int:
        """Accept the slug of an option, or the object that a lead shows."""
        given = _slug_of(given)
        if not isinstance(given, str):
            raise wrong_type(given, "the slug of an option")
        return self.parse(field, given, reading)

    def parse(self, field: Field, text: str, reading: Reading = PLAIN) -> int:
        """Accept only the slugs of the field's options, never their labels."""
        del reading
        return option_meant(field, text).id

    def show(self, field: Field, value: int) -> JSON:
        """Show slug and label."""
        return _shown(field.option_by_id.get(value))

    def json_schema(self, field: Field) -> JSONSchema:
        """Describe an object of slug and label; the list of slugs stays open."""
        return _described(field)

    def example(self, field: Field) -> str:
        """Give the first option."""
        return field.options[0].slug if field.options else "an-option"


class MultiSelect(FieldType):
    """Any number of the field's options, each at most once."""

    __slots__ = ()

    def read(
        self, field: Field, given: JSON, reading: Reading = PLAIN
    ) -> tuple[int, ...]:
        """Accept a list of slugs, or one text of slugs with commas between them."""
        if isinstance(given, str):
            given = [part.strip() for part in given.split(",")]
        if not isinstance(given, list):
            raise wrong_type(given, "a list of slugs")
        chosen = {SELECT.read(field, item, reading) for item in given}
        return tuple(option.id for option in field.options if option.id in chosen)

    def parse(self, field: Field, text: str, reading: Reading = PLAIN) -> int:
        """Read one option's slug: a filter asks whether the lead has it."""
        return SELECT.parse(field, text, reading)

    def show(self, field: Field, value: tuple[int, ...]) -> JSON:
        """Show slug and label of each, in the order of the options."""
        chosen = frozenset(value)
        return [_shown(option) for option in field.options if option.id in chosen]

    def stored(self, value: tuple[int, ...]) -> JSON:
        """Keep the options' ids."""
        return list(value)

    def restored(self, stored: list[int]) -> tuple[int, ...]:
        """Read the options' ids."""
        return tuple(stored)

    def key(self, value: tuple[int, ...] | int) -> str:
        """Put each id between commas, so that one id is found as one text."""
        ids = (value,) if isinstance(value, int) else value
        return f",{','.join(map(str, ids))},"

    def json_schema(self, field: Field) -> JSONSchema:
        """Describe a list of objects of slug and label."""
        return {"type": "array", "items": _described(field)}

    def example(self, field: Field) -> str:
        """Give the first option."""
        return SELECT.example(field)


SELECT = Select(
    name="select",
    summary="one option, asked for and written as its slug",
    operators=CHOICE_OPERATORS,
    widget="select",
    sorts_by=None,
    is_number=True,
)
MULTI_SELECT = MultiSelect(
    name="multi_select",
    summary="several options, asked for and written as their slugs",
    operators=MANY_CHOICE_OPERATORS,
    widget="select-multiple",
    sorts_by=None,
)
