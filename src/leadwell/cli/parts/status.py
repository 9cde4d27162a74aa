"""`leadwell status`: change the statuses of a living campaign."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from cyclopts import App

from leadwell.cli.opening import HERE, Where
from leadwell.cli.parts.editing import Change, Edit, carry_out

status = App(name="status", help="Statuses of a campaign: where its leads stand.")


@status.command
def add(
    slug: str,
    *,
    label: str,
    type: Literal["active", "inactive", "won", "lost"] = "active",  # noqa: A002 - the word
    change: Change,
    where: Where = HERE,
) -> int:
    """Add a status behind the others.

    Example: leadwell status add lost --label "Lost" --type lost --campaign 362

    Args:
        slug: its name in requests
        label: its name for people
        type: where it stands in a lead's life
        change: where, and whether to ask
        where: the database
    """
    from leadwell.model.campaign import Status, StatusType
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    made = Status(0, slug, label, StatusType(type))
    edit = Edit(
        words=f"adds the status {slug}",
        what="status-added",
        to=Name(Kind.STATUS, slug),
        job=lambda connection: parts.add_status(connection, change.campaign, made),
        label=label,
    )
    return carry_out(edit, change, where)


@status.command
def rename(slug: str, to: str, *, change: Change, where: Where = HERE) -> int:
    """Give a status another slug; filters go on understanding the old one.

    Example: leadwell status rename contacted called --campaign 362

    Args:
        slug: its name in requests
        to: what it shall be called from now on
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    name = Name(Kind.STATUS, slug)
    edit = Edit(
        words=f"renames the status {slug} to {to}",
        what="status-changed",
        job=lambda connection: parts.rename(connection, change.campaign, name, to),
        about=name,
        to=replace(name, slug=to),
        revises=slug != to,
    )
    return carry_out(edit, change, where)


@status.command
def label(slug: str, label: str, *, change: Change, where: Where = HERE) -> int:
    """Give a status another label; its slug stays.

    Example: leadwell status label contacted "Spoken to" --campaign 362

    Args:
        slug: its name in requests
        label: its name for people from now on
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    name = Name(Kind.STATUS, slug)
    edit = Edit(
        words=f"labels the status {slug} {label!r}",
        what="status-changed",
        job=lambda connection: parts.relabel(connection, change.campaign, name, label),
        about=name,
        label=label,
    )
    return carry_out(edit, change, where)


@status.command
def remove(slug: str, *, change: Change, where: Where = HERE) -> int:
    """Remove a status; the leads that have it are left without one.

    Example: leadwell status remove contacted --campaign 362 --dry-run

    Args:
        slug: its name in requests
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    name = Name(Kind.STATUS, slug)
    edit = Edit(
        words=f"removes the status {slug}, and its leads get none",
        what="status-removed",
        job=lambda connection: parts.remove(connection, change.campaign, name),
        about=name,
        revises=True,
        is_removal=True,
    )
    return carry_out(edit, change, where)


@status.command
def default(slug: str, *, change: Change, where: Where = HERE) -> int:
    """Make a status the one that new leads fall to.

    Example: leadwell status default contacted --campaign 362

    Args:
        slug: its name in requests
        change: where, and whether to ask
        where: the database
    """
    from leadwell.schema.parts import Kind, Name
    from leadwell.store.writes import parts

    edit = Edit(
        words=f"lets new leads fall to {slug}",
        what="status-changed",
        job=lambda connection: parts.set_default(connection, change.campaign, slug),
        about=Name(Kind.STATUS, slug),
    )
    return carry_out(edit, change, where)
