"""How every edit of a schema is made: its consequences first, then all of its work."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from leadwell.cli import output
from leadwell.cli.chores import finish
from leadwell.cli.opening import CampaignId, Where, noted
from leadwell.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from leadwell.schema.parts import Name
    from leadwell.store.connection import Connection, Database
    from leadwell.store.parts import Consequences


@Parameter(name="*")
@dataclass(frozen=True)
class Change:
    """What every edit of a schema takes."""

    campaign: CampaignId
    """The campaign's id."""
    yes: bool = False
    """Do it without being asked."""
    dry_run: bool = False
    """Only say what it would mean."""


@dataclass(frozen=True)
class Edit:
    """One edit of a schema."""

    words: str
    """What it does, after "this …"."""
    what: str
    """What is noted of it: one of `activity.What`."""
    job: Callable[[Connection], object]
    about: Name | None = None
    """The part that is changed; `None`: one that is new."""
    to: Name | None = None
    """The part that is new, or how the one that is changed is named afterwards."""
    revises: bool = False
    """Whether leads are revised: the slug changes, or the part goes."""
    masks: bool | None = None
    """Whether the field is personal afterwards; `None`: that stays."""
    is_removal: bool = False
    label: str = ""
    """What the part is called afterwards; empty: as before."""

    @property
    def ref(self) -> str:
        """What the audit log is told that it is about."""
        from leadwell.schema.parts import renamed

        if self.about is None or self.to is None:
            return str(self.about or self.to or "")
        return renamed(self.about, self.to)

    def is_asked(self, found: Consequences) -> bool:
        """Whether somebody has to agree."""
        reaches = found.revised > 0 if self.masks is not None else found.is_felt
        return self.is_removal or (self.is_felt and reaches)

    @property
    def is_felt(self) -> bool:
        """Whether readers may be told of it."""
        return self.revises or self.masks is not None


def carry_out(edit: Edit, change: Change, where: Where) -> int:
    """Show what an edit means, ask, make it, and do its work to the end.

    Raises:
        LeadwellError: it cannot be made.
        Refused: nobody agreed.
    """
    from leadwell.store.writes import rehearsal

    with where.opened() as database:
        found = _consequences(database, edit, change.campaign)
        rehearsal.rehearse(database, edit.job)
        content = _content(found) | {"campaign": change.campaign}
        _show(edit, found)
        code = 0
        if not change.dry_run:
            if edit.is_asked(found):
                agree(yes=change.yes)
            database.write(partial(_made, edit, change.campaign)).result()
            code = finish(database, change.campaign)
    output.document(
        content | {"dry_run": change.dry_run},
        as_json=where.json,
        text="nothing was changed: --dry-run" if change.dry_run else "done",
    )
    return code


def agree(*, yes: bool) -> None:
    """Ask whether to go on.

    Raises:
        Refused: the answer is no, or there is nobody to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused(
            "this has consequences, and there is no terminal to ask at",
            hint="look at what they are, and give --yes",
        )
    if not output.agrees("Go on?"):
        raise Refused("nothing was changed", hint="answer y to go on")


def names(found: tuple[str, ...]) -> str:
    """Write names of filters or tokens in a row."""
    return ", ".join(found) or "none"


def _made(edit: Edit, campaign_id: int, connection: Connection) -> None:
    """Make an edit, and note it in the same transaction."""
    from leadwell.store import campaigns
    from leadwell.store.people.activity import What
    from leadwell.store.writes.parts import found

    campaign = campaigns.hold(connection, campaign_id)
    label = edit.label
    if not label and edit.about is not None:
        label = found(campaign, edit.about)[1].label
    edit.job(connection)
    noted(connection, campaign, What(edit.what), label, edit.ref)


def _consequences(database: Database, edit: Edit, campaign_id: int) -> Consequences:
    from leadwell.store import campaigns, parts
    from leadwell.store.access import personal
    from leadwell.store.parts import Consequences, Uses
    from leadwell.store.writes.parts import found

    with database.reading() as connection:
        campaign = campaigns.known(connection, campaign_id)
        if edit.about is None:
            every = parts.total(connection, campaign)
            return Consequences(0, every, Uses((), ()))
        _, part = found(campaign, edit.about)
        if edit.masks is not None:
            return personal.consequences(connection, campaign, part, on=edit.masks)
        return parts.consequences(connection, campaign, part, revises=edit.revises)


def _show(edit: Edit, found: Consequences) -> None:
    lines = [f"This {edit.words}:"]
    if found.revised:
        lines.append(f"{found.revised:,} leads get a new revision; readers are told")
    lines.append(f"{found.rendered:,} leads are rendered anew when they are read")
    if edit.about is not None:
        lines.append(f"saved filters that use it: {names(found.uses.filters)}")
        lines.append(f"tokens that use it: {names(found.uses.tokens)}")
    if edit.masks is not None:
        lines.append(f"tokens that mask personal fields: {names(found.uses.masking)}")
    output.hint("\n  ".join(lines))


def _content(found: Consequences) -> dict[str, Any]:
    return {
        "revised": found.revised,
        "rendered": found.rendered,
        "filters": list(found.uses.filters),
        "tokens": list(found.uses.tokens),
        **({"masking": list(found.uses.masking)} if found.uses.masking else {}),
    }
