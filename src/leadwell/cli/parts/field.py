"""`leadwell field`: change the fields of a living campaign."""

from __future__ import annotations

from dataclasses import dataclass, replace
from dataclasses import field as with_default
from typing import Any

from cyclopts import App, Parameter

from leadwell.cli.opening import HERE, Where
from leadwell.cli.parts.editing import Change, Edit, carry_out

field = App(name="field", help="Fields of a campaign: the columns of its leads.")


@Parameter(name="*")
@dataclass(frozen=True)
class Column:
    """What a new field is like."""

    label: str = ""
    """Its name for people."""
    type: str = "text"
    """What it holds; see the field types of the reference."""
    required: bool = False
    """Whether a new lead must have a value."""
    personal: bool | None = None
    """Whether it tells who somebody is; an e-mail and a phone do unless you say no."""
    option: list[str] = with_default(default_factory=list[str])
    """SLUG=LABEL, once for each option of a select or multi_select."""

    def definition(self, slug: str) -> dict[str, Any]:
        """Write it as it would stand in a schema file."""
        options = [each.partition("=") for each in self.option]
        return {
            "slug": slug,
            "label": self.label or slug,
            "type": self.type,
            "required": self.required,
            **({} if self.personal is None else {"personal": self.personal}),
            "options": [{"slug": o[0], "label": o[2] or o[0]} for o in options],
        }


COLUMN = Column()


@field.command
def add(
    slug: str, *, column: Column = COLUMN, change: Change, where: Where = HERE
) -> int:
    """Add a field behind the others; it is empty on every lead.

    Example: leadwell field add zip --label "Post code" --campaign 362

    Example: leadwell field add size --type select --option s=Small --campaign 362

    Args:
        slug: its name in requests
        column: what it is like
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema import definition
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    made = definition.read_field(column.definition(slug))
    edit = Edit(
        words=f"adds the field {slug}, empty on every lead",
        what="field-added",
        to=Name(Kind.FIELD, made.slug),
        job=lambda connection: parts.add_field(connection, change.campaign, made),
        label=made.label,
    )
    return carry_out(edit, change, where)


@field.command
def rename(slug: str, to: str, *, change: Change, where: Where = HERE) -> int:
    """Give a field another slug; filters go on understanding the old one.

    Answers name the field by its new slug from now on: tell your readers first.

    Example: leadwell field rename budget amount --campaign 362

    Args:
        slug: its name in requests
        to: what it shall be called from now on
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    name = Name(Kind.FIELD, slug)
    edit = Edit(
        words=f"renames the field {slug} to {to}",
        what="field-changed",
        job=lambda connection: parts.rename(connection, change.campaign, name, to),
        about=name,
        to=replace(name, slug=to),
        revises=slug != to,
    )
    return carry_out(edit, change, where)


@field.command
def label(slug: str, label: str, *, change: Change, where: Where = HERE) -> int:
    """Give a field another label; its slug stays.

    Example: leadwell field label budget "Budget in euro" --campaign 362

    Args:
        slug: its name in requests
        label: its name for people from now on
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    name = Name(Kind.FIELD, slug)
    edit = Edit(
        words=f"labels the field {slug} {label!r}",
        what="field-changed",
        job=lambda connection: parts.relabel(connection, change.campaign, name, label),
        about=name,
        label=label,
    )
    return carry_out(edit, change, where)


@field.command
def remove(slug: str, *, change: Change, where: Where = HERE) -> int:
    """Remove a field, and what every lead holds in it; that cannot be undone.

    Example: leadwell field remove budget --campaign 362 --dry-run

    Args:
        slug: its name in requests
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    name = Name(Kind.FIELD, slug)
    edit = Edit(
        words=f"removes the field {slug} and what all leads hold in it, for ever",
        what="field-removed",
        job=lambda connection: parts.remove(connection, change.campaign, name),
        about=name,
        revises=True,
        is_removal=True,
    )
    return carry_out(edit, change, where)


@field.command
def personal(
    slug: str, *, off: bool = False, change: Change, where: Where = HERE
) -> int:
    """Say that a field tells who somebody is: tokens that mask see a mask of it.

    Example: leadwell field personal name --campaign 362

    Example: leadwell field personal phone --off --campaign 362

    Args:
        slug: its name in requests
        off: it does not, or no more: every token sees what it holds
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.access import personal as kept

    edit = Edit(
        words=f"shows what {slug} holds to every token"
        if off
        else f"masks what {slug} holds for tokens that mask personal fields",
        what="field-unmarked" if off else "field-marked",
        job=lambda connection: kept.change(
            connection, change.campaign, slug, personal=not off
        ),
        about=Name(Kind.FIELD, slug),
        masks=not off,
    )
    return carry_out(edit, change, where)


@field.command
def require(
    slug: str, *, off: bool = False, change: Change, where: Where = HERE
) -> int:
    """Let new leads need a value of this field; leads without one stay as they are.

    Example: leadwell field require email --campaign 362

    Example: leadwell field require email --off --campaign 362

    Args:
        slug: its name in requests
        off: need none any more
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    edit = Edit(
        words=f"lets new leads go without {slug}"
        if off
        else f"refuses new leads without {slug}",
        what="field-changed",
        job=lambda connection: parts.set_required(
            connection, change.campaign, slug, required=not off
        ),
        about=Name(Kind.FIELD, slug),
    )
    return carry_out(edit, change, where)
