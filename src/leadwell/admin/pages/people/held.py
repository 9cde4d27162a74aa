"""What is held about somebody: looked for, erased, or taken away as a file.

Addresses and numbers come in the body of a form alone: no URL and no log holds them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from starlette.responses import Response

from leadwell.admin import freshness
from leadwell.admin.privacy import document, person
from leadwell.admin.privacy.person import Done, Holding, Person
from leadwell.admin.rendering import HEADERS
from leadwell.admin.visit import Visit
from leadwell.errors import LeadwellError, MalformedValue
from leadwell.schema.identity import TYPES
from leadwell.store import accounts
from leadwell.store.connection import Connection
from leadwell.store.people.activity import What

Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class HeldData:
    """The page."""

    async def show(self, visit: Visit) -> Response:
        """Show an empty form."""
        return visit.page("people/held.html", _content(visit))

    async def act(self, visit: Visit) -> Response:
        """Look for somebody; erase or hand out what was found, once that was shown."""
        try:
            who = await visit.read(lambda c: _person(c, visit))
        except LeadwellError as error:
            return self._refused(visit, error)
        deeds = {"erase": self._erase, "export": self._export, "receipts": self._tell}
        return await deeds.get(visit.text("do"), self._look)(visit, who)

    def _refused(self, visit: Visit, error: LeadwellError) -> Response:
        content = _content(visit) | {"error": error}
        return visit.page("people/held.html", content, 422)

    async def _look(self, visit: Visit, who: Person) -> Response:
        holding = await visit.read(lambda c: who.look(c, visit.user.grant))
        return visit.page("people/held.html", _content(visit) | {"holding": holding})

    async def _erase(self, visit: Visit, who: Person) -> Response:
        def look(connection: Connection) -> Holding:
            holding = who.look(connection, visit.user.grant)
            freshness.check(visit, holding.seen)
            is_all = bool(visit.text("former"))
            return who.with_former(connection, holding) if is_all else holding

        def write(job: Callable[[Connection], None]) -> None:
            visit.hub.database.write(visit.allowed(job)).result()

        def erase(holding: Holding) -> Done:
            return who.erase(holding, write, visit.user.grant, visit.named)

        holding = await visit.read(look)
        # Begun chunks are written to their end, even if the browser has left.
        work = to_thread.run_sync(erase, holding)
        done = await asyncio.shield(asyncio.ensure_future(work))
        told = await visit.read(who.receipts)
        content = {"done": done, "reference": who.reference, "told": told}
        return visit.page("people/held.html", _content(visit) | content)

    async def _tell(self, visit: Visit, who: Person) -> Response:
        told = await visit.read(who.receipts)
        return visit.page("people/held.html", _content(visit) | {"told": told})

    async def _export(self, visit: Visit, who: Person) -> Response:
        def look(connection: Connection) -> Shown:
            holding = who.look(connection, visit.user.grant)
            now = visit.hub.clock()
            return document.document(connection, holding, visit.user.grant, now)

        content = await visit.read(look)
        await visit.write(lambda c: who.note(c, What.PERSON_EXPORTED, visit.named))
        packed = await to_thread.run_sync(document.archive, content)
        headers = HEADERS | {
            "Cache-Control": "private, no-store",
            # The name of the file is kept by browsers: it tells of nobody.
            "Content-Disposition": f'attachment; filename="{who.reference}.zip"',
        }
        return Response(packed, 200, headers, "application/zip")


def _content(visit: Visit) -> Shown:
    return {
        "email": visit.text("email"),
        "phone": visit.text("phone"),
        "holding": None,
        "done": None,
        "told": None,
        "error": None,
        "reference": "",
    }


def _person(connection: Connection, visit: Visit) -> Person:
    account = accounts.find_by_id(connection, visit.user.account_id)
    given = ((kind, visit.text(kind)) for kind in TYPES)
    who = person.read(connection, account, [x for x in given if x[1]])
    if not who:
        raise MalformedValue(visit.said("Write an e-mail address or a phone number."))
    return Person(visit.hub, account, who)
