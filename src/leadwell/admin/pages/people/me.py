"""What everybody changes of themselves: name, language and password."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from leadwell.admin import passwords, sessions
from leadwell.admin.pages.people.person import rename
from leadwell.admin.signing import Signing
from leadwell.admin.signing.trying import Tries
from leadwell.admin.visit import Visit
from leadwell.admin.words import LANGUAGES, clocks
from leadwell.api.hub import Hub
from leadwell.errors import LeadwellError, MalformedValue
from leadwell.model.campaign import Person
from leadwell.model.user import check_password
from leadwell.store.connection import Connection
from leadwell.store.people import users


@dataclass(frozen=True, slots=True)
class Me:
    """The page, and what its forms do."""

    hub: Hub

    async def show(self, visit: Visit) -> Response:
        """Show what can be changed."""
        return _shown(visit)

    async def change(self, visit: Visit) -> Response:
        """Keep another name, another language and another time zone."""
        user, language = visit.user, visit.text("language")
        given = visit.text("time_zone")
        zone = given if given in clocks.zone_names() else user.time_zone

        def job(connection: Connection) -> None:
            person = Person(user.person_id, user.name)
            rename(connection, visit, person, visit.text("was"))
            chosen = language if language in LANGUAGES else ""
            users.set_tastes(connection, user.email, chosen, zone)

        try:
            await visit.write(job)
        except MalformedValue as error:
            return _shown(visit, error, "name")
        return visit.go("/me", "saved")

    async def set_password(self, visit: Visit) -> Response:
        """Keep another password, if the old one is right; end all other sessions."""
        old, new = _raw(visit, "old"), _raw(visit, "new")
        email = visit.user.email
        try:
            check_password(new, email)
        except LeadwellError as error:
            return _shown(visit, error, "password")
        tries = Tries(self.hub)
        user, wait_s = await tries.tried(visit.request, email, old)
        if user is None:
            problem = visit.said("The old password is wrong.")
            hint = visit.said("Try again in %(seconds)s seconds.", seconds=wait_s)
            refusal = MalformedValue(problem, hint=hint if wait_s else "")
            return _shown(visit, refusal, "password")
        kept = await passwords.hashed(new)
        now = visit.hub.moment
        await visit.end(lambda c: users.set_password(c, email, kept, now))
        answer = visit.go("/me", "saved")
        return await Signing(self.hub, tries).begun(
            answer, email, sessions.new_secret(), ()
        )

    async def leave_everywhere(self, visit: Visit) -> Response:
        """End all sessions, this one too."""
        email = visit.user.email
        await visit.end(lambda c: users.end_sessions(c, email))
        answer = visit.go("/login")
        sessions.drop(self.hub, answer)
        return answer


def _shown(
    visit: Visit, error: LeadwellError | None = None, part: str = ""
) -> Response:
    content: dict[str, Any] = {
        "languages": LANGUAGES,
        "zones": clocks.zone_names(),
        "name": visit.text("name") or visit.user.name,
        "error": error,
        "error_at": part,
    }
    return visit.page("people/me.html", content, 422 if error else 200)


def _raw(visit: Visit, name: str) -> str:
    # A password may begin or end with a space.
    given = visit.form.get(name, "")
    return given if isinstance(given, str) else ""
