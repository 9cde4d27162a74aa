"""One person of the account: their name, and whether and how they sign in."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from leadwell.admin import inviting
from leadwell.admin.inviting import Invitation
from leadwell.admin.pages.people.account import logins, name_in, opened
from leadwell.admin.visit import Visit
from leadwell.errors import LeadwellError, MalformedValue, NotAllowed, NotFound
from leadwell.model.campaign import Person as Named
from leadwell.model.user import Role, User, email_of
from leadwell.store import accounts
from leadwell.store.connection import Connection
from leadwell.store.people import users
from leadwell.store.people.activity import What, user_named
from leadwell.store.people.users import Login


@dataclass(frozen=True, slots=True)
class Person:
    """The page, and what its forms do."""

    async def show(self, visit: Visit) -> Response:
        """Show the person."""
        return await self._shown(visit)

    async def rename(self, visit: Visit) -> Response:
        """Call them otherwise."""

        def job(connection: Connection) -> None:
            person, _ = found(connection, visit)
            rename(connection, visit, person, visit.text("was"))

        return await self._done(visit, job, "name")

    async def invite(self, visit: Visit) -> Response:
        """Let them sign in: show a link, once, on which they choose a password."""

        def job(connection: Connection) -> Invitation:
            _hold(connection, visit)
            person, login = found(connection, visit)
            if login is not None:
                # The same form, sent twice: they get another link.
                return _invited(connection, visit, login.user.email)
            email = email_of(visit.text("email"))
            user = User(
                visit.user.account_id, person.id, person.name, email, Role.MEMBER
            )
            invited = _with_rights(connection, visit, user)
            users.add(connection, invited, None, _now(visit))
            visit.note(connection, None, What.PERSON_INVITED, *user_named(invited))
            return _invited(connection, visit, email)

        return await self._linked(visit, job, "login")

    async def send_link(self, visit: Visit) -> Response:
        """Show a link, once, on which they choose a new password."""

        def job(connection: Connection) -> Invitation:
            _hold(connection, visit)
            login = _login(connection, visit)
            visit.note(
                connection, None, What.PASSWORD_LINK_MADE, *user_named(login.user)
            )
            return _invited(connection, visit, login.user.email)

        return await self._linked(visit, job, "login")

    async def change(self, visit: Visit) -> Response:
        """Give them another role, or other campaigns."""

        def job(connection: Connection) -> None:
            _hold(connection, visit)
            login = _login(connection, visit)
            _check_other(visit, login.user)
            if visit.text("state") != state(login.user):
                raise MalformedValue(
                    visit.said(
                        "Somebody else has changed this meanwhile. Look at it again."
                    )
                )
            users.change(connection, _with_rights(connection, visit, login.user))
            visit.note(connection, None, What.PERSON_CHANGED, *user_named(login.user))

        return await self._done(visit, job, "login")

    async def remove(self, visit: Visit) -> Response:
        """Let them sign in no longer; as a person of the account they stay."""

        def job(connection: Connection) -> None:
            _hold(connection, visit)
            login = found(connection, visit)[1]
            if login is not None:
                _check_other(visit, login.user)
                users.remove(connection, login.user.email)
                visit.note(
                    connection, None, What.PERSON_REMOVED, *user_named(login.user)
                )

        return await self._done(visit, job, "login", "removed")

    async def _done(
        self,
        visit: Visit,
        job: Callable[[Connection], None],
        part: str,
        notice: str = "saved",
    ) -> Response:
        try:
            await visit.write(job)
        except MalformedValue as error:
            return await self._shown(visit, error, part)
        return visit.go(f"/account/people/{_id(visit)}", notice)

    async def _linked(
        self, visit: Visit, job: Callable[[Connection], Invitation], part: str
    ) -> Response:
        try:
            made = await visit.write(job)
        except (NotFound, NotAllowed):
            raise
        except LeadwellError as error:
            return await self._shown(visit, error, part)
        content = await visit.read(lambda c: _content(c, visit))
        content |= {
            "link": visit.hub.public_url + made.path,
            "email": made.email,
            "hours": inviting.HOURS,
        }
        return visit.page("people/link.html", content)

    async def _shown(
        self, visit: Visit, error: LeadwellError | None = None, part: str = ""
    ) -> Response:
        content = await visit.read(lambda c: _content(c, visit))
        content |= {"error": error, "error_at": part}
        return visit.page("people/person.html", content, 422 if error else 200)


def found(connection: Connection, visit: Visit) -> tuple[Named, Login | None]:
    """Return the person that the path names, and how they sign in.

    Raises:
        NotFound: the account has no such person.
    """
    people = accounts.find_people(connection, visit.user.account_id)
    person = next((each for each in people if each.id == _id(visit)), None)
    if person is None:
        raise NotFound(f"there is no person {_id(visit)}", hint="look at the account")
    return person, logins(connection, visit).get(person.id)


def rename(connection: Connection, visit: Visit, person: Named, was: str) -> None:
    """Call a person otherwise, unless somebody else did so meanwhile.

    Raises:
        MalformedValue: there is no name, or it is another one by now.
    """
    name = name_in(visit)
    if person.name not in {was, name}:
        raise MalformedValue(
            visit.said(
                "Somebody else has changed the name to %(name)s meanwhile.",
                name=person.name,
            ),
            hint=visit.said("Save again, and yours counts."),
        )
    if person.name != name:
        accounts.rename_person(connection, visit.user.account_id, person.id, name)
        visit.note(connection, None, What.PERSON_RENAMED, name, person.id)


def state(user: User) -> str:
    """Name the rights of somebody as they are now."""
    return f"{user.role.value}:{','.join(map(str, sorted(user.campaigns)))}"


def _content(connection: Connection, visit: Visit) -> dict[str, Any]:
    person, login = found(connection, visit)
    is_sent = "role" in visit.form
    role = visit.text("role") if is_sent else login.user.role.value if login else ""
    held = login.user.campaigns if login else frozenset[int]()
    return {
        "person": person,
        "login": login,
        "is_self": person.id == visit.user.person_id,
        "name": visit.text("name") or person.name,
        "email": visit.text("email"),
        "role": role or Role.MEMBER.value,
        "campaigns": opened(connection, visit),
        "chosen": _chosen(visit) if is_sent else held,
        "state": state(login.user) if login else "",
        "error": None,
        "error_at": "",
    }


def _chosen(visit: Visit) -> frozenset[int]:
    given = [each for each in visit.form.getlist("campaign") if isinstance(each, str)]
    return frozenset(int(each) for each in given if each.isdecimal())


def _with_rights(connection: Connection, visit: Visit, user: User) -> User:
    own = {each.id for each in opened(connection, visit)}
    is_all = visit.text("role") == Role.ADMINISTRATOR.value
    chosen = frozenset[int]() if is_all else _chosen(visit) & own
    return replace(
        user, role=Role.ADMINISTRATOR if is_all else Role.MEMBER, campaigns=chosen
    )


def _login(connection: Connection, visit: Visit) -> Login:
    person, login = found(connection, visit)
    if login is None:
        raise NotFound(f"{person.name} does not sign in", hint="look at the account")
    return login


def _check_other(visit: Visit, user: User) -> None:
    # So there is always an administrator: whoever takes it from the others.
    if user.person_id == visit.user.person_id:
        raise MalformedValue(
            visit.said("You cannot take your own rights away."),
            hint=visit.said("Another administrator can."),
        )


def _hold(connection: Connection, visit: Visit) -> None:
    """Have other changes of rights wait, and look once more who asks for this one.

    Two administrators who take each other's rights at once would leave none.

    Raises:
        NotAllowed: they are no administrator any more.
    """
    accounts.hold(connection, visit.user.account_id)
    current = users.find(connection, visit.user.email)
    if current is None or not current.user.is_administrator:
        raise NotAllowed("this is for administrators", hint="ask one of your account")


def _invited(connection: Connection, visit: Visit, email: str) -> Invitation:
    made = inviting.new(visit.hub.key, email, visit.hub.clock())
    made.keep(connection)
    return made


def _now(visit: Visit) -> int:
    return visit.hub.moment


def _id(visit: Visit) -> int:
    return int(visit.request.path_params["person_id"])
