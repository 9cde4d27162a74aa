"""The parts of one kind in their order: move them, and add one behind the others."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from leadwell.admin.pages.schema import states
from leadwell.admin.pages.schema.kinds import TYPES
from leadwell.admin.pages.schema.places import Place
from leadwell.admin.settling import settle
from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.errors import Conflict, LeadwellError
from leadwell.model.campaign import Campaign, Status, StatusType
from leadwell.model.slug import RESERVED, unique_slug
from leadwell.schema.parts import WITH_OPTIONS, Kind, Name, Shelf
from leadwell.store import parts
from leadwell.store.connection import Connection
from leadwell.store.writes import chores
from leadwell.store.writes import parts as edits


@dataclass(frozen=True, slots=True)
class List:
    """The tab of one kind of parts."""

    place: Place

    async def show(self, visit: Visit) -> Response:
        """Show the parts."""
        return visit.page(
            "parts.html", await visit.read(lambda c: self._content(c, visit))
        )

    async def add(self, visit: Visit) -> Response:
        """Add an option or a status; the same one sent twice is there once."""
        try:
            await visit.write(lambda c: self._add(c, visit))
        except LeadwellError as error:
            return await self._refused(visit, error)
        await settle(visit)
        return visit.go(self.place.path(visit), "added")

    async def move(self, visit: Visit) -> Response:
        """Move a part up or down by one, or to the place that it was dragged to."""
        is_done = await visit.write(lambda c: self._move(c, visit))
        return visit.go(self.place.path(visit), "moved" if is_done else "stale")

    async def _refused(self, visit: Visit, error: LeadwellError) -> Response:
        content = await visit.read(lambda c: self._content(c, visit))
        wrong = self._wrong(visit, content["known"])
        content |= {"wrong": wrong, "error": None if wrong else error}
        return visit.page("parts.html", content, 422)

    def _content(self, connection: Connection, visit: Visit) -> dict[str, Any]:
        campaign = visit.campaign(connection)
        known = self.place.shelf(visit, campaign)
        return {
            **around(visit, campaign, self.place.tab),
            "kind": self.place.kind.value,
            "at": self.place.path(visit),
            "known": known,
            "types": TYPES,
            "field": campaign.field_by_id.get(known.owner_id),
            "uses": parts.uses_of_all(connection, campaign, known.parts),
            "waiting": chores.remaining(connection, campaign.id),
            "wanted": {name: visit.text(name) for name in ("label", "slug", "type")},
            "wrong": {},
            "error": None,
        }

    def _wrong(self, visit: Visit, known: Shelf) -> dict[str, str]:
        slug = slug_wanted(visit, known)
        return states.problems(visit.said, known, visit.text("label"), slug)

    def _add(self, connection: Connection, visit: Visit) -> None:
        campaign = visit.held(connection)
        known = self.place.shelf(visit, campaign)
        label = visit.text("label")
        if is_sent_twice(visit, campaign, known):
            return
        if wrong := self._wrong(visit, known):
            raise Conflict(" ".join(wrong.values()))
        slug = slug_wanted(visit, known)
        name = Name(self.place.kind, slug, known.field)
        visit.note(connection, campaign, self.place.added, label, name)
        if self.place.kind is Kind.OPTION:
            edits.add_option(connection, campaign.id, known.field, slug, label)
            return
        kinds = {each.value: each for each in StatusType}
        kind = kinds.get(visit.text("type"), StatusType.ACTIVE)
        edits.add_status(connection, campaign.id, Status(0, slug, label, kind))

    def _move(self, connection: Connection, visit: Visit) -> bool:
        campaign = visit.held(connection)
        known = self.place.shelf(visit, campaign)
        part_id, _, way = visit.text("move").partition(".")
        ids = [str(part.id) for part in known.parts]
        is_fresh = visit.text("version") == str(campaign.schema_version)
        if not is_fresh or part_id not in ids:
            return False
        place = ids.index(part_id)
        to = {"up": place - 1, "down": place + 1} | {str(n): n for n in range(len(ids))}
        if way not in to:
            return False
        name = Name(self.place.kind, known.parts[place].slug, known.field)
        edits.move(connection, campaign.id, name, max(to[way], 0))
        visit.note(connection, campaign, self.place.ordered, known.field, known.field)
        return True


@dataclass(frozen=True, slots=True)
class Selects:
    """The fields that have options."""

    async def show(self, visit: Visit) -> Response:
        """Show the fields, with the first of their options."""
        return visit.page(
            "selects.html", await visit.read(lambda c: _selects(c, visit))
        )


def _selects(connection: Connection, visit: Visit) -> dict[str, Any]:
    campaign = visit.campaign(connection)
    fields = [field for field in campaign.fields if field.type in WITH_OPTIONS]
    return {**around(visit, campaign, "selects"), "fields": fields}


def slug_wanted(visit: Visit, known: Shelf) -> str:
    """Return what a new part shall be called in requests: by its label, if not said."""
    reserved: Iterable[str] = RESERVED if known.kind is Kind.FIELD else ()
    taken = {name for part in known.parts for name in (part.slug, *part.aliases)}
    label = visit.text("label")
    return visit.text("slug") or unique_slug(label, taken, reserved=tuple(reserved))


def is_sent_twice(visit: Visit, campaign: Campaign, known: Shelf) -> bool:
    """Whether what a form adds was added after its page was made, by the same form."""
    if visit.text("version") == str(campaign.schema_version) or not known.parts:
        return False
    last = known.parts[-1]
    slug = visit.text("slug")
    return last.label == visit.text("label") and slug in {"", last.slug}
