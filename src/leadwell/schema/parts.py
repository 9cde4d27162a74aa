"""Fields, options and statuses by their names: what a change of the schema is about."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from leadwell.errors import Conflict, NotFound, UsageError
from leadwell.model.campaign import Campaign, Column, Field, Option
from leadwell.model.query import Condition, FieldRef
from leadwell.model.slug import RESERVED, is_slug, slug_of
from leadwell.schema.nearest import nearest
from leadwell.schema.operators import EXISTS

LABEL_CHARACTERS_MAX = 255
WITH_OPTIONS = ("select", "multi_select")


class Kind(StrEnum):
    """What a part is; also the table that keeps it."""

    FIELD = "field"
    OPTION = "option"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Name:
    """How somebody names a part."""

    kind: Kind
    slug: str
    field: str = ""
    """The field that an option belongs to."""

    def __str__(self) -> str:
        """Write it as the audit log names it: `budget`, or `source/partner-west`."""
        return f"{self.field}/{self.slug}" if self.field else self.slug


def renamed(was: Name, now: Name) -> str:
    """Name a part that is changed, by both slugs where it gets another one."""
    return str(now) if was == now else f"{was} -> {now}"


@dataclass(frozen=True, slots=True)
class Part:
    """A field, option or status as the campaign has it."""

    kind: Kind
    id: int
    slug: str
    label: str
    aliases: tuple[str, ...]
    ref: FieldRef
    """What conditions on it are about."""

    def is_named_by(self, condition: Condition) -> bool:
        """Whether the condition would mean something else without this part."""
        if condition.field != self.ref:
            return False
        return self.kind is Kind.FIELD or (
            condition.operator != EXISTS.suffix and self.id in condition.values
        )


@dataclass(frozen=True, slots=True)
class Shelf:
    """Parts that share one space of slugs: fields, statuses, or a field's options."""

    kind: Kind
    owner_id: int
    """As `alias` keeps it: the options' field; 0 for fields, -1 for statuses."""
    parts: tuple[Part, ...]
    field: str = ""

    @property
    def title(self) -> str:
        """Name the shelf for people."""
        return f"the options of {self.field}" if self.field else f"{self.kind}s"

    def find(self, slug: str) -> Part:
        """Return the part with this slug.

        Raises:
            NotFound: there is none.
        """
        for part in self.parts:
            if part.slug == slug:
                return part
        slugs = [part.slug for part in self.parts]
        now = next((part.slug for part in self.parts if slug in part.aliases), None)
        near = now or nearest(slug, slugs)
        raise NotFound(
            f"there is no {self.kind} {slug!r}"
            + (f" in {self.title}" if self.field else ""),
            hint=f"it is called {now} now"
            if now
            else f"did you mean {near}?"
            if near
            else f"known: {', '.join(slugs[:50])}",
        )

    def check_slug(self, slug: str, part: Part | None = None) -> None:
        """Refuse a slug that this part cannot have; `None`: one that is new.

        Raises:
            UsageError: it is no slug, or a reserved name.
            Conflict: another part has it, or had it.
        """
        if not is_slug(slug):
            raise UsageError(
                f"{slug!r} is not a slug", hint=f"did you mean {slug_of(slug)}?"
            )
        if self.kind is Kind.FIELD and slug in RESERVED:
            raise UsageError(
                f"{slug!r} is a reserved name", hint=f"write {slug}-field, for instance"
            )
        for other in self.parts:
            if part is not None and other.id == part.id:
                continue
            if other.slug == slug:
                raise Conflict(
                    f"there is a {self.kind} {slug!r} already, {other.label!r}",
                    hint="choose another slug",
                )
            if slug in other.aliases:
                raise Conflict(
                    f"{slug!r} is a former slug of the {self.kind} {other.slug!r}, and "
                    "filters may still use it",
                    hint="choose another slug",
                )


def shelf(campaign: Campaign, kind: Kind, field: str = "") -> Shelf:
    """Return the parts of one kind; options are those of the field with this slug.

    Raises:
        NotFound: there is no such field.
        UsageError: the field has no options.
    """
    if kind is Kind.FIELD:
        return Shelf(kind, 0, tuple(_field(each) for each in campaign.fields))
    if kind is Kind.STATUS:
        return Shelf(kind, -1, _choices(kind, campaign.statuses, Column.STATUS))
    owner = campaign.field_by_id[shelf(campaign, Kind.FIELD).find(field).id]
    if owner.type not in WITH_OPTIONS:
        raise UsageError(
            f"{owner.slug} is a {owner.type}, and has no options",
            hint="only fields of the types select and multi_select have options",
        )
    parts = _choices(kind, owner.options, owner.id)
    return Shelf(kind, owner.id, parts, owner.slug)


def checked_label(text: str) -> str:
    """Return a label without space around it.

    Raises:
        UsageError: it is empty or too long.
    """
    label = text.strip()
    if not label or len(label) > LABEL_CHARACTERS_MAX or "\0" in label:
        raise UsageError(
            "the label is empty or too long",
            hint=f"write 1 to {LABEL_CHARACTERS_MAX} characters",
        )
    return label


def _field(field: Field) -> Part:
    return Part(Kind.FIELD, field.id, field.slug, field.label, field.aliases, field.id)


def _choices(kind: Kind, choices: Iterable[Option], ref: FieldRef) -> tuple[Part, ...]:
    return tuple(
        Part(kind, each.id, each.slug, each.label, each.aliases, ref)
        for each in choices
    )
