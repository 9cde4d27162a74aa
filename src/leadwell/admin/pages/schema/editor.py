"""One part of the schema: look at it, change it, remove it; consequences come first."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from leadwell.admin import freshness
from leadwell.admin.pages.schema import fitting, states
from leadwell.admin.pages.schema.fitting import Misfits
from leadwell.admin.pages.schema.kinds import TYPES
from leadwell.admin.pages.schema.places import Place
from leadwell.admin.pages.schema.states import State, state_of, typed
from leadwell.admin.settling import settle
from leadwell.admin.tabs import around
from leadwell.admin.visit import Visit
from leadwell.errors import Conflict, LeadwellError, NotFound
from leadwell.model.campaign import Campaign
from leadwell.model.query import Condition, Question
from leadwell.schema.operators import EXISTS
from leadwell.schema.parts import Kind, Part, Shelf, renamed
from leadwell.store import pages, parts
from leadwell.store.access import personal
from leadwell.store.connection import Connection
from leadwell.store.parts import Consequences
from leadwell.store.people.activity import What
from leadwell.store.writes import parts as edits
from leadwell.store.writes.rehearsal import Undone, undone


@dataclass(frozen=True, slots=True)
class Editor:
    """The pages of one part of one kind."""

    place: Place

    async def show(self, visit: Visit) -> Response:
        """Show the form."""
        return visit.page("part.html", await visit.read(lambda c: self._form(c, visit)))

    async def change(self, visit: Visit) -> Response:
        """Make the change; one that readers feel has to be agreed to first."""
        try:
            felt = await self._asked(visit)
            if felt is not None:
                return visit.page("renaming.html", felt)
            await visit.write(lambda c: self._change(c, visit))
        except LeadwellError as error:
            return await self._refused(visit, error)
        await settle(visit)
        return visit.go(self.place.path(visit), "saved")

    async def _refused(self, visit: Visit, error: LeadwellError) -> Response:
        content = await visit.read(lambda c: self._form(c, visit, error))
        return visit.page("part.html", content, 422)

    async def removal(self, visit: Visit) -> Response:
        """Show what a removal would mean."""
        return visit.page(
            "removal.html", await visit.read(lambda c: self._removal(c, visit))
        )

    async def remove(self, visit: Visit) -> Response:
        """Remove it; what is gone already is gone."""
        try:
            await visit.write(lambda c: self._remove(c, visit))
        except NotFound:
            return visit.go(self.place.path(visit), "removed")
        except Conflict as error:
            content = await visit.read(lambda c: self._removal(c, visit))
            return visit.page("removal.html", content | {"error": error}, 422)
        await settle(visit)
        return visit.go(self.place.path(visit), "removed")

    def _form(
        self, connection: Connection, visit: Visit, error: LeadwellError | None = None
    ) -> dict[str, Any]:
        content, campaign, part = self._about(connection, visit)
        was = state_of(campaign, part)
        is_sent = bool(visit.form)
        wanted = typed(visit, was, self.place.kind) if is_sent else was
        known = self.place.shelf(visit, campaign)
        wrong = self._wrong(visit, known, wanted, part)
        is_stale = is_sent and visit.text("seen") != was.seen
        return content | {
            "was": was,
            "wanted": wanted,
            "wrong": wrong if is_sent else {},
            "is_stale": is_stale,
            "error": None if wrong or is_stale else error,
            "holders": _holders(visit, connection, campaign, part),
            "uses": parts.uses(connection, campaign, part),
        }

    @staticmethod
    def _wrong(visit: Visit, known: Shelf, wanted: State, part: Part) -> dict[str, str]:
        wrong = states.problems(visit.said, known, wanted.label, wanted.slug, part)
        problem = fitting.problem(visit, wanted.json_schema)
        return wrong | ({"json_schema": problem} if problem else {})

    def _about(
        self, connection: Connection, visit: Visit
    ) -> tuple[dict[str, Any], Campaign, Part]:
        campaign = visit.campaign(connection)
        part = self.place.part(visit, campaign)
        return (
            {
                **around(visit, campaign, self.place.tab),
                "kind": self.place.kind.value,
                "back": self.place.path(visit),
                "types": TYPES,
                "part": part,
                "field": campaign.field_by_id.get(part.id)
                or campaign.field_by_id.get(
                    visit.request.path_params.get("field_id", 0)
                ),
            },
            campaign,
            part,
        )

    async def _asked(self, visit: Visit) -> dict[str, Any] | None:
        """Return what has to be agreed to, where nobody has yet."""
        if visit.text("agreed"):
            return None
        content = await visit.read(lambda c: self._felt(c, visit))
        found: Consequences | None = content["found"]
        misfits: Misfits | None = content["misfits"]
        masked: Consequences | None = content["masked"]
        is_felt = (found is not None and found.is_felt) or bool(
            masked and masked.uses.masking
        )
        if not is_felt and not (misfits and misfits.count):
            return None
        with suppress(Undone):
            await visit.write(undone(lambda c: self._change(c, visit)))
        return content

    def _felt(self, connection: Connection, visit: Visit) -> dict[str, Any]:
        content, campaign, part = self._about(connection, visit)
        was = state_of(campaign, part)
        wanted = typed(visit, was, self.place.kind)
        content |= {"was": was, "wanted": wanted, "found": None, "misfits": None}
        content["masked"] = None
        if wanted.is_personal != was.is_personal:
            content["masked"] = personal.consequences(
                connection, campaign, part, on=wanted.is_personal
            )
        if wanted.slug != was.slug:
            content["found"] = parts.consequences(
                connection, campaign, part, revises=True
            )
        is_other = wanted.json_schema not in {was.json_schema, ""}
        if is_other and not fitting.problem(visit, wanted.json_schema):
            field = fitting.read(campaign.field_by_id[part.id], wanted.json_schema)
            content["misfits"] = fitting.misfits(connection, visit, campaign, field)
        return content

    def _change(self, connection: Connection, visit: Visit) -> None:
        campaign = visit.held(connection)
        part = self.place.part(visit, campaign)
        was = state_of(campaign, part)
        wanted = typed(visit, was, self.place.kind)
        if wanted == was:
            return
        freshness.check(visit, was.seen)
        known = self.place.shelf(visit, campaign)
        if wrong := self._wrong(visit, known, wanted, part):
            raise Conflict(" ".join(wrong.values()))
        name = self.place.name(visit, campaign, part)
        for step in states.steps(name, was, wanted):
            step(connection, campaign.id)
        ref = renamed(name, replace(name, slug=wanted.slug))
        for what in _noted(self.place, was, wanted):
            visit.note(connection, campaign, what, wanted.label, ref)

    def _removal(self, connection: Connection, visit: Visit) -> dict[str, Any]:
        content, campaign, part = self._about(connection, visit)
        found = parts.consequences(connection, campaign, part, revises=True)
        known = self.place.shelf(visit, campaign)
        status = campaign.status_by_id.get(part.id)
        return content | {
            "was": state_of(campaign, part),
            "found": found,
            "is_default": status is not None and status.is_default,
            "is_last": part.kind is Kind.OPTION and len(known.parts) == 1,
            "is_named": bool(found.uses.filters or found.uses.filtering),
            "error": None,
        }

    def _remove(self, connection: Connection, visit: Visit) -> None:
        campaign = visit.held(connection)
        part = self.place.part(visit, campaign)
        freshness.check(visit, state_of(campaign, part).seen)
        name = self.place.name(visit, campaign, part)
        edits.remove(connection, campaign.id, name)
        visit.note(connection, campaign, self.place.removed, part.label, name)


def _noted(place: Place, was: State, wanted: State) -> Iterator[What]:
    """Yield what is noted of a change: who sees less or more is noted by itself."""
    if wanted.is_personal != was.is_personal:
        yield What.FIELD_MARKED if wanted.is_personal else What.FIELD_UNMARKED
    if replace(wanted, is_personal=was.is_personal) != was:
        yield place.changed


def _holders(
    visit: Visit, connection: Connection, campaign: Campaign, part: Part
) -> int:
    """Count the leads that hold the part."""
    is_field = part.kind is Kind.FIELD
    condition = (
        Condition(part.ref, EXISTS.suffix, (True,))
        if is_field
        else Condition(part.ref, "", (part.id,))
    )
    asked = Question(conditions=(condition,), per_page=1)
    query = visit.user.grant(campaign).query(campaign, asked)
    return pages.find(connection, visit.hub.indexes, campaign, query).page.total
