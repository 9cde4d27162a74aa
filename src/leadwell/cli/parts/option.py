"""`leadwell option`: change the options of a living campaign's fields."""

from __future__ import annotations

from dataclasses import replace

from cyclopts import App

from leadwell.cli.opening import HERE, Where
from leadwell.cli.parts.editing import Change, Edit, carry_out

option = App(name="option", help="Options of a campaign's select and multi_select.")


@option.command
def add(
    field: str, slug: str, *, label: str, change: Change, where: Where = HERE
) -> int:
    """Add an option behind the field's others.

    Example: leadwell option add source partner-east --label "East" --campaign 362

    Args:
        field: the field's slug
        slug: the option's name in requests
        label: its name for people
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    edit = Edit(
        words=f"adds the option {slug} to {field}",
        what="option-added",
        to=Name(Kind.OPTION, slug, field),
        job=lambda connection: parts.add_option(
            connection, change.campaign, field, slug, label
        ),
        label=label,
    )
    return carry_out(edit, change, where)


@option.command
def rename(
    field: str, slug: str, to: str, *, change: Change, where: Where = HERE
) -> int:
    """Give an option another slug; filters go on understanding the old one.

    Example: leadwell option rename source partner-west west --campaign 362

    Args:
        field: the field's slug
        slug: the option's name in requests
        to: what it shall be called from now on
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    name = Name(Kind.OPTION, slug, field)
    edit = Edit(
        words=f"renames the option {slug} of {field} to {to}",
        what="option-changed",
        job=lambda connection: parts.rename(connection, change.campaign, name, to),
        about=name,
        to=replace(name, slug=to),
        revises=slug != to,
    )
    return carry_out(edit, change, where)


@option.command
def label(
    field: str, slug: str, label: str, *, change: Change, where: Where = HERE
) -> int:
    """Give an option another label; its slug stays.

    Example: leadwell option label source partner-west "West Ltd" --campaign 362

    Args:
        field: the field's slug
        slug: the option's name in requests
        label: its name for people from now on
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    name = Name(Kind.OPTION, slug, field)
    edit = Edit(
        words=f"labels the option {slug} of {field} {label!r}",
        what="option-changed",
        job=lambda connection: parts.relabel(connection, change.campaign, name, label),
        about=name,
        label=label,
    )
    return carry_out(edit, change, where)


@option.command
def remove(field: str, slug: str, *, change: Change, where: Where = HERE) -> int:
    """Remove an option, and take it from the leads that hold it.

    Example: leadwell option remove source website --campaign 362 --dry-run

    Args:
        field: the field's slug
        slug: the option's name in requests
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    name = Name(Kind.OPTION, slug, field)
    edit = Edit(
        words=f"removes the option {slug} of {field} from the leads that hold it",
        what="option-removed",
        job=lambda connection: parts.remove(connection, change.campaign, name),
        about=name,
        revises=True,
        is_removal=True,
    )
    return carry_out(edit, change, where)
