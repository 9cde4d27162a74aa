"""The form of a token's rights: what was typed, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from starlette.datastructures import FormData

from leadwell.admin import building
from leadwell.admin.building import Built
from leadwell.admin.pages.access.place import Place
from leadwell.admin.visit import Visit
from leadwell.describe.pages.document import visible
from leadwell.errors import LeadwellError
from leadwell.model.campaign import Attribute, Campaign
from leadwell.model.query import Condition
from leadwell.model.token import NAME_CHARACTERS_MAX, Token
from leadwell.store import filters
from leadwell.store.access import rights
from leadwell.store.connection import Connection

_EVERY = frozenset({"all", "masked"})
"""The words of a form for every field: with what personal ones hold, or without."""
SPANS = ("30", "90", "365")
"""For how many days a token can be made without a date."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form holds."""

    name: str = ""
    may_write: bool = False
    which: str = "all"
    """Which leads it sees: `all`, those of a `saved` filter, or `built` ones."""
    saved: str = ""
    """The id of a saved filter."""
    built: Built | None = None
    is_narrow: bool = False
    """Whether it sees only the fields that are named."""
    masks: bool = True
    """Whether it sees a mask of those that are personal, unless it names or writes."""
    fields: frozenset[str] = frozenset()
    """Ids of fields, and attributes."""
    ends: str = "90"
    """A number of days, `date`, `never`, or `keep` for as it is."""
    date: str = ""
    addresses: str = ""
    problems: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is wrong, by the name of the part of the form."""

    @classmethod
    def read(cls, visit: Visit, place: Place) -> "Typed":
        """Read what was sent."""
        form, campaign = visit.form, place.campaign
        fields = [each for each in form.getlist("field") if isinstance(each, str)]
        return cls(
            name=visit.text("name"),
            may_write=visit.text("rights") == "write",
            which=visit.text("which") if campaign else "all",
            saved=visit.text("saved"),
            built=building.read(visit.said, campaign, form) if campaign else None,
            # What no page of ours sends may not open more than was meant.
            is_narrow=campaign is not None and visit.text("fields") not in _EVERY,
            masks=visit.text("fields") != "all",
            fields=frozenset(fields),
            ends=visit.text("ends"),
            date=visit.text("date"),
            addresses=visit.text("addresses"),
        )

    @classmethod
    def first(cls, visit: Visit, place: Place) -> "Typed":
        """Return a form as it is opened; `?filter=` brings conditions along."""
        if place.campaign is None:
            return cls()
        query = visit.request.query_params.get("filter", "")
        form = FormData({"c.query": query, "c.was": ""})
        built = building.read(visit.said, place.campaign, form)
        return cls(built=built, which="built" if query else "all")

    @classmethod
    def of(
        cls, visit: Visit, place: Place, token: Token, kept: filters.Filter | None
    ) -> "Typed":
        """Return the rights that a token has."""
        campaign = place.campaign
        readable = token.readable or frozenset[int | Attribute]()
        shown = kept.conditions if kept and not kept.name else ()
        which = "all" if kept is None else "saved" if kept.name else "built"
        return cls(
            name=token.name,
            may_write=token.may_write,
            which=which,
            saved=str(kept.id) if kept and kept.name else "",
            built=building.shown(visit.said, campaign, shown) if campaign else None,
            is_narrow=token.readable is not None,
            masks=token.masks,
            fields=frozenset(str(each) for each in readable),
            ends="keep",
            addresses=", ".join(token.addresses),
        )

    def refused(self, part: str, problem: str) -> "Typed":
        """Return the same, with what is wrong with a part of it."""
        return replace(self, problems={**self.problems, part: problem})

    def conditions(
        self, visit: Visit, connection: Connection, place: Place, *, is_final: bool
    ) -> tuple["Typed", tuple[Condition, ...]]:
        """Return which leads are meant; none where that cannot be understood."""
        campaign = place.campaign
        if campaign is None or self.which == "all" or self.built is None:
            return self, ()
        if self.which == "saved":
            known = self._saved(connection, campaign)
            if known is None:
                return self.refused("which", visit.said("Choose a saved filter.")), ()
            return self, known.conditions
        if self.which != "built":
            return self.refused("which", visit.said("Choose which leads it sees.")), ()
        built, found = building.checked(
            visit.said, campaign, self.built, is_final=is_final
        )
        typed = replace(self, built=built)
        if not built.is_sound:
            problem = visit.said("The conditions cannot be used yet.")
            typed = typed.refused("which", problem)
        return typed, found

    def checked(
        self, visit: Visit, now: datetime, base: Token
    ) -> tuple["Typed", Token]:
        """Return the token that is meant but for its filter, and all that is wrong."""
        typed, said = self, visit.said
        expires_at, addresses = base.expires_at, base.addresses
        if not self.name or visible(self.name) != self.name:
            typed = typed.refused("name", said("Write whose token it is."))
        elif len(self.name) > NAME_CHARACTERS_MAX:
            typed = typed.refused("name", said("The name is too long."))
        try:
            expires_at = (
                self._end(now, visit.said.zone) if self.ends != "keep" else expires_at
            )
        except (ValueError, OverflowError):
            typed = typed.refused("ends", said("Choose a day that is still to come."))
        try:
            blocks = self.addresses.replace(",", " ").split()
            addresses = rights.addresses_of(blocks)
        except LeadwellError:
            problem = said("Write addresses as 192.0.2.7 or 192.0.2.0/24.")
            typed = typed.refused("addresses", problem)
        if self.is_narrow and not self.fields:
            typed = typed.refused("fields", said("Choose at least one field."))
        return typed, replace(
            base,
            name=self.name,
            may_write=self.may_write,
            masks=self.masks,
            expires_at=expires_at,
            addresses=addresses,
        )

    def narrowed(
        self,
        connection: Connection,
        campaign: Campaign,
        made: Token,
        conditions: tuple[Condition, ...],
        now: int,
    ) -> Token:
        """Give a token its fields and its filter, which is kept where it is new.

        Raises:
            Refused: it may write, and does not see what it has to write.
        """
        known = {str(each.id): each.id for each in campaign.fields}
        named = {each.value: each for each in Attribute}
        chosen: set[int | Attribute] = {
            *(known[each] for each in self.fields if each in known),
            *(named[each] for each in self.fields if each in named),
        }
        filter_id = None
        if self.which == "saved":
            saved = self._saved(connection, campaign)
            filter_id = saved.id if saved else None
        elif self.which == "built":
            filter_id = self._kept(connection, campaign, made, conditions, now)
        readable = frozenset(chosen) if self.is_narrow else None
        made = replace(made, filter_id=filter_id, readable=readable)
        rights.check_writable(connection, campaign, made)
        return made

    def _kept(
        self,
        connection: Connection,
        campaign: Campaign,
        made: Token,
        conditions: tuple[Condition, ...],
        now: int,
    ) -> int:
        if made.filter_id is not None:
            before = filters.find(connection, campaign, made.filter_id)
            if not before.name and before.conditions == conditions:
                return before.id
        return filters.keep(connection, campaign, None, conditions, now).id

    def _saved(
        self, connection: Connection, campaign: Campaign
    ) -> filters.Filter | None:
        known = {str(each.id): each for each in filters.find_all(connection, campaign)}
        return known.get(self.saved)

    def _end(self, now: datetime, zone: tzinfo) -> datetime | None:
        if self.ends == "never":
            return None
        if self.ends in SPANS:
            return now + timedelta(days=int(self.ends))
        day = datetime.strptime(self.date, "%Y-%m-%d").replace(tzinfo=zone)
        # The last day on which it works, by the reader's clock.
        end = (day + timedelta(days=1) - timedelta(microseconds=1)).astimezone(UTC)
        if end <= now:
            raise ValueError(self.date)
        return end
